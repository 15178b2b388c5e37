package main

import (
	"bytes"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// form is an issue form, with no more than GitHub knows:
// https://docs.github.com/en/communities/using-templates-to-encourage-useful-issues-and-pull-requests/syntax-for-issue-forms
type form struct {
	Name        string
	Description string
	Labels      []string
	Body        []struct {
		Type       string
		ID         string `yaml:"id"`
		Attributes struct {
			Label       string
			Description string
			Value       string
			Placeholder string
			Render      string
			Options     []yaml.Node
		}
		Validations struct{ Required bool }
	}
}

func strictly(t *testing.T, text string, into any) {
	t.Helper()
	decoder := yaml.NewDecoder(bytes.NewReader([]byte(text)))
	decoder.KnownFields(true)
	if err := decoder.Decode(into); err != nil {
		t.Fatal(err)
	}
}

var idPattern = regexp.MustCompile(`^[A-Za-z0-9_-]+$`)

func TestTheIssueFormsAreWhatGitHubTakes(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(repository, ".github/ISSUE_TEMPLATE/*.yml"))
	if err != nil || len(files) < 3 {
		t.Fatalf("%v, %v", files, err)
	}
	for _, file := range files {
		name := filepath.Base(file)
		if name == "config.yml" {
			continue
		}
		t.Run(name, func(t *testing.T) {
			var f form
			strictly(t, repositoryFile(t, path.Join(".github/ISSUE_TEMPLATE", name)), &f)
			if f.Name == "" || f.Description == "" || len(f.Body) == 0 {
				t.Error("name, description and body are required")
			}
			ids, labels, asks := []string{}, []string{}, 0
			for i, field := range f.Body {
				kind := field.Type
				if !slices.Contains([]string{"markdown", "textarea", "input", "dropdown", "checkboxes"}, kind) {
					t.Errorf("field %d is of the type %q", i+1, kind)
				}
				if kind == "markdown" {
					if field.Attributes.Value == "" || field.ID != "" {
						t.Errorf("field %d must be text, and no more", i+1)
					}
					continue
				}
				asks++
				if field.Attributes.Label == "" || slices.Contains(labels, field.Attributes.Label) {
					t.Errorf("field %d has no label of its own: %q", i+1, field.Attributes.Label)
				}
				if !idPattern.MatchString(field.ID) || slices.Contains(ids, field.ID) {
					t.Errorf("field %d has no id of its own: %q", i+1, field.ID)
				}
				ids, labels = append(ids, field.ID), append(labels, field.Attributes.Label)
				if hasOptions := kind == "dropdown" || kind == "checkboxes"; hasOptions != (len(field.Attributes.Options) > 0) {
					t.Errorf("field %s has %d options", field.ID, len(field.Attributes.Options))
				}
				if field.Attributes.Render != "" && kind != "textarea" {
					t.Errorf("field %s cannot be rendered", field.ID)
				}
				for _, option := range field.Attributes.Options {
					var box struct {
						Label    string
						Required bool
					}
					if kind == "checkboxes" && (option.Decode(&box) != nil || box.Label == "") {
						t.Errorf("field %s has an option without a label", field.ID)
					}
					if kind == "dropdown" && (option.Kind != yaml.ScalarNode || option.Tag != "!!str") {
						t.Errorf("field %s has an option that is no text: %s", field.ID, option.Value)
					}
				}
			}
			if asks == 0 {
				t.Error("it asks for nothing")
			}
			if text := repositoryFile(t, path.Join(".github/ISSUE_TEMPLATE", name)); !strings.Contains(text, "is public") || !strings.Contains(text, "secrets") {
				t.Error("it does not remind of what must not be published")
			}
		})
	}
}

func TestABugReportAsksForWhatFindsTheBug(t *testing.T) {
	var f form
	strictly(t, repositoryFile(t, ".github/ISSUE_TEMPLATE/bug.yml"), &f)
	required := map[string]bool{}
	for _, field := range f.Body {
		required[field.ID] = field.Validations.Required
	}
	for _, id := range []string{"provider", "cli", "configuration", "output"} {
		if !required[id] {
			t.Errorf("%s is not required", id)
		}
	}
}

func TestVulnerabilitiesAreReportedInPrivate(t *testing.T) {
	const address = "https://github.com/mfa-as-code/terraform-provider-entramfa/security/advisories/new"
	for _, file := range []string{"SECURITY.md", ".github/ISSUE_TEMPLATE/config.yml", ".github/ISSUE_TEMPLATE/bug.yml"} {
		if !strings.Contains(repositoryFile(t, file), address) {
			t.Errorf("%s does not say where", file)
		}
	}
	var config struct {
		Blank bool                                `yaml:"blank_issues_enabled"`
		Links []struct{ Name, URL, About string } `yaml:"contact_links"`
	}
	strictly(t, repositoryFile(t, ".github/ISSUE_TEMPLATE/config.yml"), &config)
	for _, link := range config.Links {
		if link.Name == "" || link.About == "" || !strings.HasPrefix(link.URL, "https://") {
			t.Errorf("%+v", link)
		}
	}
}

// TestEveryModuleIsKeptUpToDate compares the modules that there are with those that Dependabot looks at.
func TestEveryModuleIsKeptUpToDate(t *testing.T) {
	var config struct {
		Version int
		Updates []struct {
			Ecosystem   string `yaml:"package-ecosystem"`
			Directory   string
			Directories []string
			Schedule    struct{ Interval string }
			Groups      map[string]struct {
				Patterns []string
				Exclude  []string `yaml:"exclude-patterns"`
			}
			Allow []struct {
				Name string `yaml:"dependency-name"`
			}
		}
	}
	strictly(t, repositoryFile(t, ".github/dependabot.yml"), &config)
	modules, actions := []string{}, false
	allowed := []string{}
	for _, update := range config.Updates {
		if update.Ecosystem == "github-actions" {
			actions = true
			continue
		}
		modules = append(modules, update.Directories...)
		if update.Directory != "" {
			modules = append(modules, update.Directory)
		}
		for _, allow := range update.Allow {
			allowed = append(allowed, allow.Name)
		}
	}
	if config.Version != 2 || !actions {
		t.Error("the actions of the workflows are not looked at")
	}
	files, err := filepath.Glob(filepath.Join(repository, "tools/*/go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"/", "/tools"}
	for _, file := range files {
		folder := filepath.Base(filepath.Dir(file))
		want = append(want, "/tools/"+folder)
		tool := regexp.MustCompile(`(?m)^tool (\S+)$`).FindStringSubmatch(repositoryFile(t, "tools/"+folder+"/go.mod"))
		if tool == nil && regexp.MustCompile(`(?m)^(?:require |\t)\S+ v\S+$`).MatchString(repositoryFile(t, "tools/"+folder+"/go.mod")) {
			// A test with requirements of its own, all of which are updated.
			continue
		}
		if tool == nil || !slices.ContainsFunc(allowed, func(name string) bool { return tool[1] == name || strings.HasPrefix(tool[1], name+"/") }) {
			t.Errorf("the program of tools/%s is not among those that may be updated: %v", folder, tool)
		}
	}
	slices.Sort(modules)
	slices.Sort(want)
	if !slices.Equal(modules, want) {
		t.Errorf("Dependabot looks at %v; there are %v", modules, want)
	}
}

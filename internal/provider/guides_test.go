package provider_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

const guides = "../../templates/guides/"

func guide(t *testing.T, name string) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(guides, name+".md.tmpl"))
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

// productionCode is the text of everything that can put words into an error.
func productionCode(t *testing.T) string {
	t.Helper()
	var text strings.Builder
	for _, room := range []string{".", "../client"} {
		err := filepath.WalkDir(room, func(file string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() || !strings.HasSuffix(file, ".go") || strings.HasSuffix(file, "_test.go") {
				return err
			}
			content, err := os.ReadFile(file)
			text.Write(content)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return text.String()
}

// verbPattern is a place of fmt's.
var verbPattern = regexp.MustCompile(`%[sqdv]`)

// TestTroubleshootingIsAboutErrorsThatThereAre keeps the page from explaining texts that nobody can get.
func TestTroubleshootingIsAboutErrorsThatThereAre(t *testing.T) {
	t.Parallel()
	code := verbPattern.ReplaceAllString(productionCode(t), "...")
	missing := func(title string) []string {
		var parts []string
		for _, part := range strings.Split(title, "...") {
			if part = strings.TrimSpace(part); part != "" && !strings.Contains(code, part) {
				parts = append(parts, part)
			}
		}
		return parts
	}
	titles := regexp.MustCompile(`(?m)^### (.+)$`).FindAllStringSubmatch(guide(t, "troubleshooting"), -1)
	if len(titles) < 20 {
		t.Fatalf("the page has %d errors", len(titles))
	}
	for _, title := range titles {
		if parts := missing(title[1]); len(parts) > 0 {
			t.Errorf("%q: no error of the provider has the text %q", title[1], parts)
		}
	}
	if len(missing("Named location ... is on holiday")) != 1 {
		t.Error("the search for texts finds what is not there")
	}
}

var linkPattern = regexp.MustCompile(`\]\(([^)#\s]*)(#[^)\s]*)?\)`)

// anchor is what the registries make of a heading.
func anchor(heading string) string {
	heading = strings.ToLower(strings.TrimSpace(heading))
	heading = regexp.MustCompile(`[^a-z0-9 _-]`).ReplaceAllString(heading, "")
	return strings.ReplaceAll(heading, " ", "-")
}

// TestEveryLinkInTheDocumentationLeadsSomewhere follows the links from page to page, and to the heading.
func TestEveryLinkInTheDocumentationLeadsSomewhere(t *testing.T) {
	t.Parallel()
	pages := map[string]string{}
	const docs = "../../docs"
	err := filepath.WalkDir(docs, func(place string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := os.ReadFile(place)
		pages[filepath.Clean(place)] = string(content)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	followed := 0
	for place, text := range pages {
		for _, link := range linkPattern.FindAllStringSubmatch(text, -1) {
			target, heading := link[1], strings.TrimPrefix(link[2], "#")
			if strings.Contains(target, "://") || strings.HasPrefix(target, "mailto:") {
				continue
			}
			page := place
			if target != "" {
				page = filepath.Join(filepath.Dir(place), target)
			}
			there, ok := pages[page]
			if !ok {
				t.Errorf("%s: %q leads nowhere", place, link[0])
				continue
			}
			followed++
			if heading == "" || strings.Contains(there, `id="`+heading+`"`) {
				continue
			}
			found := false
			for _, line := range strings.Split(there, "\n") {
				if strings.HasPrefix(line, "#") && anchor(strings.TrimLeft(line, "#")) == heading {
					found = true
				}
			}
			if !found {
				t.Errorf("%s: %q leads to a heading that is not there", place, link[0])
			}
		}
	}
	if followed < 10 {
		t.Errorf("only %d links were followed", followed)
	}
}

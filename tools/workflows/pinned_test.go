package workflows

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	uses = regexp.MustCompile(`^\s*(?:- )?uses:\s*(\S+)\s*(#.*)?$`)
	// Somebody's tag can be moved to other code, a commit cannot. The comment is what Dependabot and people read.
	usesPinned = regexp.MustCompile(`^([\w.-]+/[\w./-]+)@([0-9a-f]{40})$`)
	version    = regexp.MustCompile(`^# v\d+\.\d+\.\d+$`)
	image      = regexp.MustCompile(`^\s*(?:image:|container:)\s*(\S+)`)
)

// unpinned says what is wrong with a line of a workflow, and adds to what it knows which commit an action is used by.
func unpinned(line string, commits map[string]string) string {
	if found := image.FindStringSubmatch(line); found != nil && !strings.Contains(found[1], "@sha256:") {
		return "the image has no digest"
	}
	found := uses.FindStringSubmatch(line)
	switch {
	case found == nil:
		if strings.Contains(line, "uses:") && !strings.HasPrefix(strings.TrimSpace(line), "#") {
			return "this test cannot read it"
		}
		return ""
	case strings.HasPrefix(found[1], "./"):
		return ""
	}
	pin := usesPinned.FindStringSubmatch(found[1])
	if pin == nil {
		return "it names no commit"
	}
	if !version.MatchString(found[2]) {
		return "a comment with the version is missing"
	}
	if other := commits[pin[1]]; other != "" && other != pin[2]+found[2] {
		return "another file has " + other
	}
	commits[pin[1]] = pin[2] + found[2]
	return ""
}

// Dependabot does not look into examples: an action that it raises in ours fails here until the examples are raised as well.
func TestEveryActionAndImageIsPinned(t *testing.T) {
	t.Parallel()
	commits := map[string]string{}
	var files int
	for _, root := range []string{"../../.github", "../../examples"} {
		err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() || filepath.Ext(path) != ".yml" && filepath.Ext(path) != ".yaml" {
				return err
			}
			files++
			content, err := os.ReadFile(path)
			for line := range strings.Lines(string(content)) {
				if problem := unpinned(strings.TrimRight(line, "\n"), commits); problem != "" {
					t.Errorf("%s: %s: %s", path, strings.TrimSpace(line), problem)
				}
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if len(commits) < 8 || files < 8 {
		t.Errorf("%d files use %v; is that all?", files, commits)
	}

	commit := strings.Repeat("0123456789", 4)
	for line, pinned := range map[string]bool{
		"      - uses: actions/checkout@" + commit + " # v5.1.0":      true,
		"      - uses: ./.github/actions/ours":                        true,
		"        run: echo":                                           true,
		"      - uses: actions/checkout@v5":                           false,
		"      - uses: actions/checkout@" + commit:                    false,
		"      - uses: actions/checkout@" + commit[:39] + " # v5.1.0": false,
		"      - uses: actions/checkout@main # v5.1.0":                false,
		"      - uses: docker://alpine:3.22":                          false,
		`      - { uses: "actions/checkout@v5" }`:                     false,
		"  image: alpine:3.22":                                        false,
	} {
		if problem := unpinned(line, map[string]string{}); (problem == "") != pinned {
			t.Errorf("%q: %q", line, problem)
		}
	}
}

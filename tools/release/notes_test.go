package main

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

const twoVersions = `# Changelog

## 0.2.0 (2026-11-30)

FEATURES:

* **New Resource:** one
  on two lines.

### Not a version

NOTES:

* two

## 0.1.0 (2026-10-01)

* old
`

func TestTheNewestEntryIsEverythingUpToTheNextVersion(t *testing.T) {
	newest, err := newestEntry(twoVersions)
	if err != nil {
		t.Fatal(err)
	}
	want := "FEATURES:\n\n* **New Resource:** one\n  on two lines.\n\n### Not a version\n\nNOTES:\n\n* two"
	if newest.version != "0.2.0" || newest.date != "2026-11-30" || newest.text != want {
		t.Errorf("%+v", newest)
	}
	only, err := newestEntry("## 1.0.0-beta.1 (unreleased)\n* only\n")
	if err != nil || only != (entry{"1.0.0-beta.1", "unreleased", "* only"}) {
		t.Errorf("%+v, %v", only, err)
	}
}

func TestAChangelogThatCannotBeReleasedIsRefused(t *testing.T) {
	for name, test := range map[string]struct{ text, want string }{
		"empty":          {"# Changelog\n", "no heading of a version"},
		"no date":        {"## 1.2.3\n* x\n", `"1.2.3"`},
		"with a v":       {"## v1.2.3 (unreleased)\n* x\n", `"v1.2.3 (unreleased)"`},
		"two numbers":    {"## 1.2 (unreleased)\n* x\n", `"1.2 (unreleased)"`},
		"leading zero":   {"## 1.02.3 (unreleased)\n* x\n", "1.02.3"},
		"build metadata": {"## 1.2.3+4 (unreleased)\n* x\n", "1.2.3+4"},
		"no text":        {"## 1.2.3 (unreleased)\n\n## 1.2.2 (2026-01-01)\n* x\n", "says nothing of 1.2.3"},
	} {
		if got, err := newestEntry(test.text); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
}

func TestATagReleasesOnlyTheNewestVersionAndOnlyWithItsDate(t *testing.T) {
	for _, test := range []struct{ version, date, tag, want string }{
		{"0.2.0", "2026-11-30", "v0.2.0", ""},
		{"0.2.0-rc.1", "2026-11-30", "v0.2.0-rc.1", ""},
		{"0.2.0", "2026-11-30", "0.2.0", "the tag v0.2.0"},
		{"0.2.0", "2026-11-30", "v0.1.0", `not "v0.1.0"`},
		{"0.2.0", "2026-11-30", "v0.2.0-rc.1", "correct the tag"},
		{"0.2.0", "2026-11-30", "", "the tag v0.2.0"},
		{"0.2.0", "unreleased", "v0.2.0", `"unreleased"; write the day`},
		{"0.2.0", "2026-11-31", "v0.2.0", `"2026-11-31"`},
	} {
		err := entry{version: test.version, date: test.date}.isReleasedBy(test.tag)
		if (err == nil) != (test.want == "") || (err != nil && !strings.Contains(err.Error(), test.want)) {
			t.Errorf("%+v: %v", test, err)
		}
	}
}

func TestNotesPrintsTheEntryOfTheTag(t *testing.T) {
	file := filepath.Join(t.TempDir(), "CHANGELOG.md")
	if err := os.WriteFile(file, []byte(twoVersions), 0o600); err != nil {
		t.Fatal(err)
	}
	var stdout, stderr bytes.Buffer
	if code := run(t.Context(), []string{"notes", "--tag", "v0.2.0", "--changelog", file}, &stdout, &stderr); code != 0 ||
		!strings.HasPrefix(stdout.String(), "FEATURES:") || strings.Contains(stdout.String(), "old") {
		t.Errorf("exit code %d\n%s%s", code, &stdout, &stderr)
	}
	stdout.Reset()
	if code := run(t.Context(), []string{"notes", "--tag", "v0.1.0", "--changelog", file}, &stdout, &stderr); code != 1 || stdout.Len() > 0 ||
		!strings.Contains(stderr.String(), "newest version is 0.2.0") {
		t.Errorf("exit code %d\n%s%s", code, &stdout, &stderr)
	}
}

func TestACallWithoutACommandIsRefused(t *testing.T) {
	for _, args := range [][]string{nil, {"publish"}, {"notes", "v0.2.0"}, {"notes", "--branch"}} {
		var stdout, stderr bytes.Buffer
		if code := run(t.Context(), args, &stdout, &stderr); code != 2 || stderr.Len() == 0 {
			t.Errorf("%q: exit code %d, %s", args, code, &stderr)
		}
	}
}

// TestTheVersionIsTheSameEverywhere holds the version of local builds to that of the changelog.
func TestTheVersionIsTheSameEverywhere(t *testing.T) {
	newest, err := newestEntry(repositoryFile(t, "CHANGELOG.md"))
	if err != nil {
		t.Fatal(err)
	}
	local := regexp.MustCompile(`(?m)^VERSION +\?= (\S+)$`).FindStringSubmatch(repositoryFile(t, "GNUmakefile"))
	if local == nil || local[1] != newest.version {
		t.Errorf("CHANGELOG.md begins with %s, and GNUmakefile has %q", newest.version, local)
	}
}

const repository = "../.."

func repositoryFile(t *testing.T, name string) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(repository, filepath.FromSlash(name)))
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

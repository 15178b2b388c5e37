package main

import (
	"os"
	"path/filepath"
	"runtime"
	"testing"
)

func TestPrepareWorkspaceFillsTheMirrorOfBothRegistries(t *testing.T) {
	opts := options{provider: os.Args[0], providerVersion: "1.2.3", work: filepath.Join(t.TempDir(), "deep", "demo")}
	for range 2 { // the second run empties what the first has left
		work, err := prepareWorkspace(opts)
		if err != nil {
			t.Fatal(err)
		}
		for _, host := range []string{"registry.terraform.io", "registry.opentofu.org"} {
			path := filepath.Join(string(work), "mirror", host, "mfa-as-code", "entramfa", "1.2.3", runtime.GOOS+"_"+runtime.GOARCH,
				"terraform-provider-entramfa_v1.2.3")
			info, err := os.Stat(path)
			if err != nil {
				t.Fatal(err)
			}
			if info.Mode()&0o100 == 0 {
				t.Errorf("%s is not executable: %s", host, info.Mode())
			}
		}
		if _, err := os.Stat(work.path("left-over")); err == nil {
			t.Error("what an earlier run has left is still there")
		}
		if err := work.write("left-over", ""); err != nil {
			t.Fatal(err)
		}
	}
}

func TestAFolderOfSomebodyElseIsLeftAlone(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "thesis.txt")
	if err := os.WriteFile(file, []byte("years of work"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := prepareWorkspace(options{provider: os.Args[0], providerVersion: "1.2.3", work: dir})
	wantError(t, err, dir, "name another folder")
	if entries, _ := os.ReadDir(dir); len(entries) != 1 {
		t.Errorf("the folder was changed: %v", entries)
	}
}

func TestEveryConfigurationOfTheTourExists(t *testing.T) {
	work := workspace(t.TempDir())
	files, err := configurations.ReadDir("configuration")
	if err != nil {
		t.Fatal(err)
	}
	names := []string{mainConfig, officeConfig, mistakesConfig, policyConfig, officeRespelled, officeTypo, policyCareless}
	if len(files) != len(names) {
		t.Errorf("there are %d configurations, and names for %d", len(files), len(names))
	}
	for _, name := range names {
		content, err := work.configure(name)
		if err != nil || content == "" {
			t.Errorf("%s: %q, %v", name, content, err)
		}
		if err := work.remove(name); err != nil {
			t.Error(err)
		}
	}
}

func TestAVersionTakesThePlaceOfItsConfiguration(t *testing.T) {
	work := workspace(t.TempDir())
	plain, err := work.configure(officeConfig)
	if err != nil {
		t.Fatal(err)
	}
	respelled, err := work.configure(officeConfig, officeRespelled)
	if err != nil || respelled == plain {
		t.Errorf("%q, %v", respelled, err)
	}
	if content, err := os.ReadFile(work.path(officeConfig)); err != nil || string(content) != respelled {
		t.Errorf("%q, %v", content, err)
	}
	if entries, err := os.ReadDir(work.path("")); err != nil || len(entries) != 1 {
		t.Errorf("the folder holds %v, %v", entries, err)
	}
}

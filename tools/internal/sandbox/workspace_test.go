package sandbox

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

func TestPrepareWorkspaceFillsTheMirrorOfBothRegistries(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "deep", "demo")
	for range 2 { // the second run empties what the first has left
		work, err := Prepare(dir, "demo", os.Args[0], "1.2.3")
		if err != nil {
			t.Fatal(err)
		}
		for _, host := range []string{"registry.terraform.io", "registry.opentofu.org"} {
			path := filepath.Join(work.Dir, "mirror", host, "mfa-as-code", "entramfa", "1.2.3", runtime.GOOS+"_"+runtime.GOARCH,
				"terraform-provider-entramfa_v1.2.3")
			info, err := os.Stat(path)
			if err != nil {
				t.Fatal(err)
			}
			if info.Mode()&0o100 == 0 {
				t.Errorf("%s is not executable: %s", host, info.Mode())
			}
		}
		if _, err := os.Stat(work.Path("left-over")); err == nil {
			t.Error("what an earlier run has left is still there")
		}
		if err := work.Write("left-over", ""); err != nil {
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
	_, err := Prepare(dir, "demo", os.Args[0], "1.2.3")
	wantError(t, err, dir, "name another folder")
	if entries, _ := os.ReadDir(dir); len(entries) != 1 {
		t.Errorf("the folder was changed: %v", entries)
	}
}

func TestAFolderOfAnotherProgramIsLeftAlone(t *testing.T) {
	dir := t.TempDir()
	if _, err := Prepare(dir, "demo", os.Args[0], "1.2.3"); err != nil {
		t.Fatal(err)
	}
	_, err := Prepare(dir, "benchmark", os.Args[0], "1.2.3")
	wantError(t, err, dir, "name another folder")
}

func TestAWorkspaceWithinUsesTheMirrorOfTheOuter(t *testing.T) {
	outer, err := Prepare(t.TempDir(), "demo", os.Args[0], "1.2.3")
	if err != nil {
		t.Fatal(err)
	}
	inner, err := outer.Within("inner")
	if err != nil {
		t.Fatal(err)
	}
	config, err := os.ReadFile(inner.Path("demo.tfrc"))
	if err != nil || !strings.Contains(string(config), `path = "../mirror"`) {
		t.Errorf("%q, %v", config, err)
	}
	for _, folder := range []string{"home", "../mirror"} {
		if info, err := os.Stat(inner.Path(folder)); err != nil || !info.IsDir() {
			t.Errorf("%s: %v", folder, err)
		}
	}
}

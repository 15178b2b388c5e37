package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

func TestTheProgramsAreBuiltAgainFromACopy(t *testing.T) {
	f := newFixture(t)
	copied := filepath.Join(t.TempDir(), "copy")
	for _, args := range [][]string{{"init", "-q"}, {"add", "main.go", "go.mod"}} {
		if output, err := exec.Command("git", append([]string{"-C", f.source}, args...)...).CombinedOutput(); err != nil {
			t.Fatalf("%s: %s", err, output)
		}
	}
	writeFile(t, filepath.Join(f.source, ".gitignore"), "/build/\n")
	writeFile(t, filepath.Join(f.source, "build", "junk.go"), "package junk\n")
	if err := copySource(t.Context(), f.source, copied); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]bool{"main.go": true, "cmd/entra-emulator/main.go": true, "build": false, ".git": false} {
		if _, err := os.Stat(filepath.Join(copied, name)); (err == nil) != want {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := f.rebuild(t.Context(), copied, host()); err != nil {
		t.Error(err)
	}
	writeFile(t, filepath.Join(copied, "cmd/entra-emulator/main.go"), strings.Replace(smallEmulator, "entra-emulator", "another-emulator", 1))
	if err := f.rebuild(t.Context(), copied, host()); err == nil || !strings.Contains(err.Error(), "entra-emulator of entra-emulator_1.2.3") {
		t.Error(err)
	}
}

func TestAFolderThatIsNoRepositoryHasNoSource(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("GIT_CEILING_DIRECTORIES", filepath.Dir(dir))
	if err := copySource(t.Context(), dir, t.TempDir()); err == nil || !strings.Contains(err.Error(), "not a git repository") {
		t.Error(err)
	}
}

// TestAllBuildsOfAReleaseHaveTheSameFlags compares what GoReleaser does with what the scripts and this program do.
func TestAllBuildsOfAReleaseHaveTheSameFlags(t *testing.T) {
	var config struct {
		Builds []struct {
			ID      string
			Env     []string
			Flags   []string
			Ldflags []string
			Goarm   []string
			Goos    []string
			Goarch  []string
			Ignore  []struct{ Goos, Goarch string }
		}
	}
	if err := yaml.Unmarshal([]byte(repositoryFile(t, ".goreleaser.yml")), &config); err != nil {
		t.Fatal(err)
	}
	if len(config.Builds) != 2 {
		t.Fatalf("there are %d builds", len(config.Builds))
	}
	script := repositoryFile(t, "scripts/reproducible-build.sh")
	flags := strings.Join(buildFlags, " ")
	if !strings.Contains(script, "CGO_ENABLED=0 ") || !strings.Contains(script, "go build "+flags+" ") || !strings.Contains(script, `"`+linkFlags+"$version") {
		t.Errorf("scripts/reproducible-build.sh builds otherwise than with %s -ldflags %q", flags, linkFlags)
	}
	for _, build := range config.Builds {
		if strings.Join(build.Env, " ") != "CGO_ENABLED=0" || strings.Join(build.Flags, " ") != flags ||
			strings.Join(build.Ldflags, " ") != linkFlags+"{{ .Version }}" || strings.Join(build.Goarm, " ") != armVersion {
			t.Errorf("%+v", build)
		}
		found := map[platform]bool{}
		for _, system := range build.Goos {
			for _, arch := range build.Goarch {
				found[platform{system, arch}] = true
			}
		}
		for _, ignored := range build.Ignore {
			delete(found, platform{ignored.Goos, ignored.Goarch})
		}
		for _, p := range allPlatforms {
			if !found[p] {
				t.Errorf("%s is not built for %s", build.ID, p)
			}
		}
		if len(found) != len(allPlatforms) {
			t.Errorf("%s is built for %d platforms; %d are checked", build.ID, len(found), len(allPlatforms))
		}
	}
}

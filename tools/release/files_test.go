package main

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"testing"
)

// The smallest programs of the two paths. The emulator's says its version, as the real one does.
const (
	smallProvider = "package main\n\nvar version string\n\nfunc main() { println(version) }\n"
	smallEmulator = "package main\n\nimport \"os\"\n\nvar version string\n\nfunc main() { os.Stdout.WriteString(\"entra-emulator \" + version + \"\\n\") }\n"
)

// writeSource writes a repository that has all that goes into a release.
func writeSource(t *testing.T, dir string) {
	t.Helper()
	for name, content := range map[string]string{
		"go.mod":                     "module github.com/mfa-as-code/terraform-provider-entramfa\n\ngo 1.26.0\n",
		"main.go":                    smallProvider,
		"cmd/entra-emulator/main.go": smallEmulator,
		"LICENSE":                    "the licence\n",
		"README.md":                  "# Read me\n",
		"CHANGELOG.md":               "## 1.2.3 (unreleased)\n* x\n",
		manifestFile:                 `{"version": 1, "metadata": {"protocol_versions": ["6.0"]}}`,
	} {
		writeFile(t, filepath.Join(dir, filepath.FromSlash(name)), content)
	}
}

func writeFile(t *testing.T, path, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

// smallPrograms are built once for all tests.
var smallPrograms = sync.OnceValues(func() (map[string][]byte, error) {
	dir, err := os.MkdirTemp("", "small")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	for name, content := range map[string]string{
		"go.mod":  "module github.com/mfa-as-code/terraform-provider-entramfa\n\ngo 1.26.0\n",
		"main.go": smallProvider, "cmd/entra-emulator/main.go": smallEmulator,
	} {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o750); err != nil {
			return nil, err
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			return nil, err
		}
	}
	build := exec.Command("go", "build", "-trimpath", "-buildvcs=false", "-ldflags", "-s -w -X main.version=1.2.3", "-o", "out/", ".", "./cmd/entra-emulator")
	build.Dir, build.Env = dir, append(os.Environ(), "CGO_ENABLED=0")
	if output, err := build.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("%w: %s", err, output)
	}
	programs := map[string][]byte{}
	for _, name := range []string{providerName, emulatorName} {
		if programs[name], err = os.ReadFile(filepath.Join(dir, "out", host().program(name))); err != nil {
			return nil, err
		}
	}
	return programs, nil
})

// fixture is a release for this machine's platform, and the repository that it was made from.
type fixture struct {
	t *testing.T
	release
	source string
}

func newFixture(t *testing.T) *fixture {
	t.Helper()
	f := &fixture{t: t, release: release{dist: t.TempDir(), version: "1.2.3", platforms: []platform{host()}}, source: t.TempDir()}
	writeSource(t, f.source)
	programs, err := smallPrograms()
	if err != nil {
		t.Fatal(err)
	}
	f.pack(f.providerArchive(host()), f.members(f.providerProgram(host()), programs[providerName]))
	f.pack(f.emulatorArchive(host()), f.members(host().program(emulatorName), programs[emulatorName]))
	f.sum()
	return f
}

// members is what belongs into an archive.
func (f *fixture) members(program string, content []byte) map[string]member {
	f.t.Helper()
	members := map[string]member{program: {mode: 0o755, content: content}}
	for _, name := range companions {
		text, err := os.ReadFile(filepath.Join(f.source, name))
		if err != nil {
			f.t.Fatal(err)
		}
		members[name] = member{mode: 0o644, content: text}
	}
	return members
}

func (f *fixture) pack(archive string, members map[string]member) {
	f.t.Helper()
	var packed bytes.Buffer
	if strings.HasSuffix(archive, ".zip") {
		out := zip.NewWriter(&packed)
		for _, name := range slices.Sorted(maps.Keys(members)) {
			header := &zip.FileHeader{Name: name, Method: zip.Deflate}
			header.SetMode(members[name].mode)
			file, err := out.CreateHeader(header)
			if err == nil {
				_, err = file.Write(members[name].content)
			}
			if err != nil {
				f.t.Fatal(err)
			}
		}
		if err := out.Close(); err != nil {
			f.t.Fatal(err)
		}
	} else {
		zipped := gzip.NewWriter(&packed)
		out := tar.NewWriter(zipped)
		for _, name := range slices.Sorted(maps.Keys(members)) {
			header := &tar.Header{Name: name, Mode: int64(members[name].mode), Size: int64(len(members[name].content))}
			if err := out.WriteHeader(header); err != nil {
				f.t.Fatal(err)
			}
			if _, err := out.Write(members[name].content); err != nil {
				f.t.Fatal(err)
			}
		}
		if out.Close() != nil || zipped.Close() != nil {
			f.t.Fatal("the archive cannot be ended")
		}
	}
	writeFile(f.t, filepath.Join(f.dist, archive), packed.String())
}

// sum writes both files of checksums.
func (f *fixture) sum() {
	f.t.Helper()
	var lines strings.Builder
	for name, path := range map[string]string{
		f.providerArchive(host()): filepath.Join(f.dist, f.providerArchive(host())),
		f.manifest():              filepath.Join(f.source, manifestFile),
	} {
		sum, err := sha256Of(path)
		if err != nil {
			f.t.Fatal(err)
		}
		fmt.Fprintf(&lines, "%s  %s\n", sum, name)
	}
	writeFile(f.t, filepath.Join(f.dist, f.registrySums()), lines.String())
	if err := f.writeOtherSums(); err != nil {
		f.t.Fatal(err)
	}
}

func (f *fixture) change(file string, change func(string) string) {
	f.t.Helper()
	path := filepath.Join(f.dist, file)
	content, err := os.ReadFile(path)
	if err != nil {
		f.t.Fatal(err)
	}
	changed := change(string(content))
	if changed == string(content) {
		f.t.Fatalf("%s is as it was", file)
	}
	writeFile(f.t, path, changed)
}

func TestAReleaseThatIsCompleteIsAccepted(t *testing.T) {
	f := newFixture(t)
	if err := f.checkFiles(f.source, false); err != nil {
		t.Fatal(err)
	}
	for _, name := range f.archiveNames() {
		writeFile(t, filepath.Join(f.dist, name+sbomSuffix), "{}")
	}
	f.sum()
	if err := f.checkFiles(f.source, true); err != nil {
		t.Error(err)
	}
}

func TestAReleaseWithAMistakeIsRefused(t *testing.T) {
	programs, err := smallPrograms()
	if err != nil {
		t.Fatal(err)
	}
	nothing := strings.Repeat("0", 64)
	for name, test := range map[string]struct {
		do   func(f *fixture)
		want string
	}{
		"an archive is missing": {func(f *fixture) {
			if err := os.Remove(filepath.Join(f.dist, f.emulatorArchive(host()))); err != nil {
				t.Fatal(err)
			}
		}, ".tar.gz is missing"},
		"the emulator is a zip": {func(f *fixture) {
			writeFile(t, filepath.Join(f.dist, "entra-emulator_1.2.3_linux_amd64.zip"), "")
		}, "entra-emulator_1.2.3_linux_amd64.zip should not be there"},
		"an archive of another version": {func(f *fixture) {
			writeFile(t, filepath.Join(f.dist, "terraform-provider-entramfa_1.2.2_linux_amd64.zip"), "")
		}, "1.2.2_linux_amd64.zip should not be there"},
		"another checksum": {func(f *fixture) {
			f.change(f.registrySums(), func(text string) string { return nothing + text[64:] })
		}, nothing + " for terraform-provider-entramfa_1.2.3_"},
		"a checksum is missing": {func(f *fixture) {
			f.change(f.registrySums(), func(string) string { return nothing + "  " + f.manifest() + "\n" })
		}, "SHA256SUMS: terraform-provider-entramfa_1.2.3_" + host().String() + ".zip is missing"},
		"the manifest has no checksum": {func(f *fixture) {
			f.change(f.registrySums(), func(string) string { return nothing + "  " + f.providerArchive(host()) + "\n" })
		}, "manifest.json is missing"},
		"the registry's checksums list more": {func(f *fixture) {
			f.change(f.registrySums(), func(text string) string { return text + nothing + "  " + f.emulatorArchive(host()) + "\n" })
		}, ".tar.gz should not be there"},
		"a line that is no checksum": {func(f *fixture) {
			f.change(f.otherSums(), func(text string) string { return text + "# end\n" })
		}, `"# end" is not a checksum`},
		"a path in the checksums": {func(f *fixture) {
			f.change(f.otherSums(), func(text string) string { return text + nothing + "  ../x\n" })
		}, "is not a checksum"},
		"a file twice": {func(f *fixture) {
			f.change(f.otherSums(), func(text string) string { return text + text })
		}, "twice"},
		"the emulator's checksum is another": {func(f *fixture) {
			f.change(f.otherSums(), func(text string) string { return nothing + text[64:] })
		}, nothing + " for entra-emulator_1.2.3_"},
		"protocol 5": {func(f *fixture) {
			writeFile(t, filepath.Join(f.source, manifestFile), `{"version": 1, "metadata": {"protocol_versions": ["5.0"]}}`)
		}, `protocol_versions ["6.0"]`},
		"a manifest with more in it": {func(f *fixture) {
			writeFile(t, filepath.Join(f.source, manifestFile), `{"version": 1, "metadata": {"protocol_versions": ["6.0"]}, "name": "x"}`)
		}, `unknown field "name"`},
		"no licence": {func(f *fixture) {
			members := f.members(f.providerProgram(host()), programs[providerName])
			delete(members, "LICENSE")
			f.pack(f.providerArchive(host()), members)
			f.sum()
		}, "LICENSE is missing"},
		"another licence": {func(f *fixture) {
			members := f.members(f.providerProgram(host()), programs[providerName])
			members["LICENSE"] = member{mode: 0o644, content: []byte("none")}
			f.pack(f.providerArchive(host()), members)
			f.sum()
		}, "LICENSE is not the repository's"},
		"a program without its version": {func(f *fixture) {
			f.pack(f.providerArchive(host()), f.members(providerName, programs[providerName]))
			f.sum()
		}, host().program(providerName+"_v1.2.3") + " is missing"},
		"a program that cannot be run": {func(f *fixture) {
			members := f.members(host().program(emulatorName), programs[emulatorName])
			members[host().program(emulatorName)] = member{mode: 0o644, content: programs[emulatorName]}
			f.pack(f.emulatorArchive(host()), members)
			f.sum()
		}, "not 755"},
		"the emulator as the provider": {func(f *fixture) {
			f.pack(f.providerArchive(host()), f.members(f.providerProgram(host()), programs[emulatorName]))
			f.sum()
		}, "is the program github.com/mfa-as-code/terraform-provider-entramfa/cmd/entra-emulator"},
		"no program": {func(f *fixture) {
			f.pack(f.providerArchive(host()), f.members(f.providerProgram(host()), []byte("#!/bin/sh\n")))
			f.sum()
		}, "terraform-provider-entramfa_v1.2.3"},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t)
			test.do(f)
			if err := f.checkFiles(f.source, false); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
}

func TestABillOfMaterialsMustNotBeMissing(t *testing.T) {
	f := newFixture(t)
	if err := f.checkFiles(f.source, true); err == nil || !strings.Contains(err.Error(), ".zip.sbom.json is missing") {
		t.Error(err)
	}
}

func TestAProgramSaysHowItWasBuilt(t *testing.T) {
	want := contents{platform: platform{"linux", "arm"}, path: "x/y"}
	settings := map[string]string{"GOOS": "linux", "GOARCH": "arm", "GOARM": "6", "CGO_ENABLED": "0", "-trimpath": "true"}
	build := func(key, value string) *debug.BuildInfo {
		info := &debug.BuildInfo{Path: "x/y"}
		with := maps.Clone(settings)
		if key != "" {
			with[key] = value
		}
		for _, name := range slices.Sorted(maps.Keys(with)) {
			info.Settings = append(info.Settings, debug.BuildSetting{Key: name, Value: with[name]})
		}
		return info
	}
	if err := checkBuild(build("", ""), want); err != nil {
		t.Error(err)
	}
	for key, value := range map[string]string{
		"GOOS": "windows", "GOARCH": "arm64", "GOARM": "7", "CGO_ENABLED": "1", "-trimpath": "", "vcs.revision": "0123",
	} {
		if err := checkBuild(build(key, value), want); err == nil || !strings.Contains(err.Error(), key) {
			t.Errorf("%s=%s: %v", key, value, err)
		}
	}
}

func TestTheSumsOfOtherFilesNeedTheEmulator(t *testing.T) {
	f := newFixture(t)
	if err := os.Remove(filepath.Join(f.dist, f.emulatorArchive(host()))); err != nil {
		t.Fatal(err)
	}
	if err := f.writeOtherSums(); err == nil || !strings.Contains(err.Error(), "not complete") {
		t.Error(err)
	}
}

func TestAVersionMustBeASemanticVersion(t *testing.T) {
	for version, valid := range map[string]bool{"1.2.3": true, "1.2.3-beta.1": true, "v1.2.3": false, "1.2": false, "": false, "1.2.3 -X y": false} {
		if err := (release{version: version}).valid(); (err == nil) != valid {
			t.Errorf("%q: %v", version, err)
		}
	}
}

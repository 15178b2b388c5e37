package provider_test

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/acctest"
)

// readmesWithoutATenant are the READMEs with a block of commands that needs no tenant, and what comes of it.
var readmesWithoutATenant = map[string][]string{
	"README.md": {"Success!", " passed, 0 failed."},
	"examples/modules/mfa-baseline/README.md":                {"Success!", " passed, 0 failed."},
	"examples/modules/conditional-access-baseline/README.md": {"Success!", " passed, 0 failed."},
	"examples/small-office/README.md":                        {"7 added, 0 changed, 0 destroyed", "awaiting_registration"},
	"examples/staged-rollout/README.md":                      {"1 added, 0 changed, 0 destroyed", "Plan: 0 to add, 1 to change, 0 to destroy", `+ "all-staff"`},
	"examples/adoption/users-from-csv/README.md":             {"1 added, 0 changed, 0 destroyed"},
	"examples/adoption/existing-users/README.md":             {"4 imported, 0 added, 0 changed, 0 destroyed"},
}

// stranger is a shell in a clone of the repository, of somebody who is signed in to a real tenant in every way there is: what leaves this
// machine would go by way of a proxy that counts, and az writes down that it was called.
type stranger struct {
	t                      *testing.T
	root, home, repository string
	connections            atomic.Int64
	environment            []string
}

func newStranger(t *testing.T) *stranger {
	t.Helper()
	repository, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	s := &stranger{t: t, root: t.TempDir(), home: t.TempDir(), repository: repository}
	proxy, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = proxy.Close() })
	go func() {
		for {
			connection, err := proxy.Accept()
			if err != nil {
				return
			}
			s.connections.Add(1)
			_ = connection.Close()
		}
	}()
	bin := filepath.Join(s.home, "bin")
	for _, dir := range []string{bin, filepath.Join(s.home, ".azure")} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	s.write(filepath.Join(bin, "az"), "#!/bin/sh\necho \"$*\" >>\"$HOME/az-was-called\"\necho '{\"accessToken\":\"real\",\"expires_on\":9999999999}'\n")
	if err := os.Symlink(acctest.CLI(t), filepath.Join(bin, "terraform")); err != nil {
		t.Fatal(err)
	}
	// The clone: its Makefile builds in the repository, whose compiled packages are there already.
	if err := os.CopyFS(filepath.Join(s.root, "examples"), os.DirFS(filepath.Join(repository, "examples"))); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(filepath.Join(repository, "build"), filepath.Join(s.root, "build")); err != nil {
		t.Fatal(err)
	}
	s.write(filepath.Join(s.root, "GNUmakefile"), fmt.Sprintf("install build:\n\t$(MAKE) -C '%s' $@\n", repository))
	s.environment = []string{
		"HOME=" + s.home, "PATH=" + bin + string(os.PathListSeparator) + os.Getenv("PATH"), "TMPDIR=" + os.Getenv("TMPDIR"), "CHECKPOINT_DISABLE=1", "TF_CLI_ARGS=-no-color",
		"HTTPS_PROXY=http://" + proxy.Addr().String(), "HTTP_PROXY=http://" + proxy.Addr().String(),
		"ARM_TENANT_ID=99999999-9999-4999-8999-999999999999", "ARM_CLIENT_ID=99999999-9999-4999-8999-999999999998", "ARM_CLIENT_CERTIFICATE_PATH=/nowhere/real.pfx",
		"ARM_USE_OIDC=true", "ARM_OIDC_TOKEN=real", "ARM_USE_CLI=true", "AZURE_CLIENT_SECRET=real", "AZURE_CONFIG_DIR=" + filepath.Join(s.home, ".azure"),
		"ENTRAMFA_GRAPH_ENDPOINT=https://graph.microsoft.com", "ENTRAMFA_AUTHORITY_HOST=https://login.microsoftonline.com",
	}
	for _, name := range []string{"GOCACHE", "GOMODCACHE", "GOPATH", "GOENV", "GOFLAGS", "GOPROXY", "GOROOT"} {
		value, err := exec.CommandContext(t.Context(), "go", "env", name).Output()
		if err != nil {
			t.Fatal(err)
		}
		s.environment = append(s.environment, name+"="+strings.TrimSpace(string(value)))
	}
	return s
}

func (s *stranger) write(place, content string) {
	s.t.Helper()
	if err := os.WriteFile(place, []byte(content), 0o700); err != nil {
		s.t.Fatal(err)
	}
}

// pastes runs a block line by line, whatever fails, and says yes to what asks.
func (s *stranger) pastes(t *testing.T, block string) string {
	t.Helper()
	script := filepath.Join(t.TempDir(), "block.sh")
	s.write(script, block)
	shell := exec.CommandContext(t.Context(), "sh", script)
	shell.Dir, shell.Env, shell.Stdin = s.root, s.environment, strings.NewReader("yes\nyes\n")
	var output bytes.Buffer
	shell.Stdout, shell.Stderr = &output, &output
	if err := shell.Run(); err != nil {
		fmt.Fprintf(&output, "\nthe shell ends with %v\n", err)
	}
	if called, err := os.ReadFile(filepath.Join(s.home, "az-was-called")); err == nil {
		t.Errorf("az was called: %s", called)
	}
	if reached := s.connections.Load(); reached != 0 {
		t.Errorf("%d connections to elsewhere", reached)
	}
	return output.String()
}

// withoutATenant is the block of a README that runs the emulator.
func withoutATenant(t *testing.T, readme string) string {
	t.Helper()
	var found []string
	for _, block := range codeBlocks(t, "../../"+readme, "shell") {
		if strings.Contains(block, "entra-emulator") {
			found = append(found, block)
		}
	}
	if len(found) != 1 {
		t.Fatalf("%s has %d blocks with the emulator, want one", readme, len(found))
	}
	return found[0]
}

func TestEveryBlockOfAREADMEThatNeedsNoTenantRunsAsItStandsThroughTheRealCLI(t *testing.T) {
	s := newStranger(t)
	outputs := map[string]string{}
	for readme, want := range readmesWithoutATenant {
		t.Run(readme, func(t *testing.T) {
			block := withoutATenant(t, readme)
			output, done := outputs[block]
			if !done {
				output = s.pastes(t, block)
				outputs[block] = output
			}
			if strings.Contains(output, "Success! 0 passed") {
				t.Errorf("nothing is tested:\n%s", output)
			}
			if !acctest.Says(want...).MatchString(output) || strings.Contains(output, "the shell ends with") {
				t.Errorf("the block does not say %q:\n%s", want, output)
			}
		})
	}
}

// Nothing is applied where a line before it fails.
func TestABlockWhoseEmulatorIsNotThereReachesNoTenantThroughTheRealCLI(t *testing.T) {
	s := newStranger(t)
	if err := os.Remove(filepath.Join(s.root, "build")); err != nil {
		t.Fatal(err)
	}
	s.write(filepath.Join(s.root, "GNUmakefile"), "install build:\n\tfalse\n")
	for readme := range readmesWithoutATenant {
		block := withoutATenant(t, readme)
		// Where the provider does not come from, init looks for it in the registry, which is no tenant.
		lines := strings.Split(strings.TrimSpace(block), "\n")
		lines = append(lines[:1], lines[2:]...)
		if output := s.pastes(t, strings.Join(lines, "\n")+"\n"); !strings.Contains(output, "the shell ends with") || strings.Contains(output, "Apply complete") {
			t.Errorf("%s:\n%s", readme, output)
		}
	}
}

func TestEveryREADMEWithABlockForTheEmulatorIsPasted(t *testing.T) {
	t.Parallel()
	err := filepath.WalkDir(acctest.Examples, func(place string, entry os.DirEntry, err error) error {
		if err != nil || entry.Name() != "README.md" {
			return err
		}
		content, err := os.ReadFile(place)
		readme := filepath.ToSlash(strings.TrimPrefix(place, filepath.Clean("../..")+string(os.PathSeparator)))
		if _, known := readmesWithoutATenant[readme]; !known && bytes.Contains(content, []byte("entra-emulator --")) {
			t.Errorf("no test pastes the block of %s", readme)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

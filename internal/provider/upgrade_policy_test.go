package provider_test

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/acctest"
)

// TestTheExampleOfAPinTakesCorrectionsAndNoNewMinorVersionThroughTheRealCLI holds the guide "Versions and upgrades" to what a CLI does.
func TestTheExampleOfAPinTakesCorrectionsAndNoNewMinorVersionThroughTheRealCLI(t *testing.T) {
	t.Parallel()
	built, err := acctest.Mirror()
	if err != nil {
		t.Fatal(err)
	}
	dir, releases, tn := t.TempDir(), t.TempDir(), newSampleTenant(t)
	const space = "mfa-as-code/entramfa"
	at := func(root, version string) string {
		return filepath.Join(root, acctest.ProviderHost(t), space, version, runtime.GOOS+"_"+runtime.GOARCH)
	}
	publish := func(version string) {
		t.Helper()
		if err := os.MkdirAll(at(releases, version), 0o755); err != nil {
			t.Fatal(err)
		}
		program := filepath.Join(at(built, acctest.CLIVersion), "terraform-provider-entramfa_v"+acctest.CLIVersion)
		if err := os.Link(program, filepath.Join(at(releases, version), "terraform-provider-entramfa_v"+version)); err != nil {
			t.Fatal(err)
		}
	}
	w := &acctest.Workspace{T: t, Dir: dir, Env: append([]string{
		"HOME=" + dir, "PATH=" + os.Getenv("PATH"), "TMPDIR=" + os.Getenv("TMPDIR"), "CHECKPOINT_DISABLE=1", "TF_IN_AUTOMATION=1",
		"TF_CLI_CONFIG_FILE=" + filepath.Join(dir, "cli.tfrc"),
		"ENTRAMFA_GRAPH_ENDPOINT=" + tn.URL, "ENTRAMFA_AUTHORITY_HOST=" + tn.URL, "ENTRAMFA_CA_BUNDLE_PATH=" + tn.CAFile,
	}, bySecret()...)}
	w.Write("cli.tfrc", fmt.Sprintf("provider_installation {\n  filesystem_mirror {\n    path = %q\n  }\n}\n", releases))
	w.Write("pin.tf", acctest.Example(t, "guides/upgrade-policy/pin.tf"))
	w.Write("main.tf", fmt.Sprintf("data \"entramfa_user_mfa_state\" \"megan\" {\n  user_principal_name = %q\n}\n", "megan.bowen@contoso.example"))
	locked := func(version string) {
		t.Helper()
		lock, err := os.ReadFile(filepath.Join(dir, ".terraform.lock.hcl"))
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(lock), fmt.Sprintf("version     = %q", version)) {
			t.Errorf("not %s is locked:\n%s", version, lock)
		}
	}

	for _, version := range []string{"0.1.0", "0.1.1", "0.2.0", "1.0.0"} {
		publish(version)
	}
	w.Expect(0, "init", "-input=false")
	locked("0.1.1")
	w.Expect(0, "apply", "-input=false", "-auto-approve")

	publish("0.1.2")
	w.Expect(0, "init", "-input=false")
	locked("0.1.1")
	w.Expect(0, "init", "-input=false", "-upgrade")
	locked("0.1.2")
	w.Expect(0, "apply", "-input=false", "-auto-approve")
}

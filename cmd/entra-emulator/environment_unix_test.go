//go:build unix

package main

import (
	"bytes"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator"
)

// foreign are variables of a shell that is at home on a real tenant.
var foreign = map[string]string{
	"ARM_TENANT_ID": "99999999-9999-4999-8999-999999999999", "ARM_CLIENT_CERTIFICATE_PATH": "somebodys/real.pfx", "ARM_USE_OIDC": "true", "ARM_USE_CLI": "true",
	"ARM_SUBSCRIPTION_ID": "99999999-9999-4999-8999-999999999998", "ARM_ACCESS_KEY": "key-of-the-state", "arm_environment": "usgovernment",
	"AZURE_CLIENT_SECRET": "real-secret", "AZURE_CONFIG_DIR": "somebodys/.azure", "AZURE_AUTHORITY_HOST": "https://login.microsoftonline.com",
	"ENTRAMFA_GRAPH_ENDPOINT": "https://graph.microsoft.com", "ENTRAMFA_SOMETHING": "new", "IDENTITY_ENDPOINT": "http://169.254.169.254", "IDENTITY_HEADER": "x",
	"MSI_ENDPOINT": "http://127.0.0.1:41741", "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "real-token", "ACTIONS_ID_TOKEN_REQUEST_URL": "https://example", "SYSTEM_ACCESSTOKEN": "real",
}

func TestACommandSeesNoIdentityButTheEmulators(t *testing.T) {
	for name, value := range foreign {
		t.Setenv(name, value)
	}
	t.Setenv("TF_VAR_office", "Zurich")
	var stdout, stderr bytes.Buffer
	if code := run(t.Context(), []string{"--sample-tenant", "--", "env"}, &stdout, &stderr); code != 0 {
		t.Fatalf("ended with %d: %s", code, stderr.String())
	}
	have := map[string]string{}
	for line := range strings.Lines(stdout.String()) {
		name, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "=")
		if _, twice := have[name]; twice {
			t.Errorf("%s is set twice", name)
		}
		have[name] = value
		if isIdentityVariable(name) && foreign[name] == value {
			t.Errorf("the command sees %s", line)
		}
	}
	want := map[string]string{
		"ARM_TENANT_ID": emulator.SampleTenantID, "ARM_CLIENT_ID": emulator.SampleAppID, "ARM_CLIENT_SECRET": emulator.SampleSecret,
		"ARM_USE_CLI": "false", "ARM_USE_MSI": "false", "ARM_USE_OIDC": "false", "ARM_USE_AKS_WORKLOAD_IDENTITY": "false",
		"TF_VAR_office": "Zurich", "PATH": os.Getenv("PATH"),
	}
	for name, value := range want {
		if have[name] != value {
			t.Errorf("%s is %q, want %q", name, have[name], value)
		}
	}
	for _, name := range []string{"ENTRAMFA_GRAPH_ENDPOINT", "ENTRAMFA_AUTHORITY_HOST"} {
		if !strings.HasPrefix(have[name], "https://127.0.0.1:") {
			t.Errorf("%s is %q", name, have[name])
		}
	}
	for _, name := range []string{"ENTRAMFA_CA_BUNDLE_PATH", "AZURE_CONFIG_DIR"} {
		if _, err := os.Stat(filepath.Dir(have[name])); !os.IsNotExist(err) || have[name] == "" {
			t.Errorf("%s=%s is left behind", name, have[name])
		}
	}
	if !strings.Contains(stderr.String(), "the command does not see these variables of the environment: ACTIONS_ID_TOKEN_REQUEST_TOKEN, ACTIONS_ID_TOKEN_REQUEST_URL, ARM_ACCESS_KEY") {
		t.Errorf("it does not say what it hides: %s", stderr.String())
	}
	for _, value := range []string{"key-of-the-state", "real-secret", "real-token"} {
		if strings.Contains(stderr.String()+stdout.String(), value) {
			t.Errorf("%q is shown", value)
		}
	}
}

func TestTheVariablesForAShellUnsetTheOthers(t *testing.T) {
	for name, value := range foreign {
		t.Setenv(name, value)
	}
	envFile := filepath.Join(t.TempDir(), "emulator.env")
	p := launch(t, "--sample-tenant", "--listen", "127.0.0.1:0", "--ca-file", filepath.Join(t.TempDir(), "ca.pem"), "--env-file", envFile)
	p.end()
	lines, err := os.ReadFile(envFile)
	if err != nil {
		t.Fatal(err)
	}
	for name := range foreign {
		exported, unset := strings.Contains(string(lines), "export "+name+"='"), strings.Contains(string(lines), "unset "+name+"\n")
		if exported == unset {
			t.Errorf("%s is set %v, and unset %v, in\n%s", name, exported, unset, lines)
		}
	}
}

func TestACommandIsNotRunWithoutATenant(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = taken.Close() }()
	dir := t.TempDir()
	for name, arguments := range map[string][]string{
		"a port in use":     {"--sample-tenant", "--listen", taken.Addr().String()},
		"no tenant file":    {"--tenant-file", filepath.Join(dir, "none.json")},
		"no tenant":         nil,
		"no such app":       {"--sample-tenant", "--app", "nobody"},
		"no place for a CA": {"--sample-tenant", "--ca-file", filepath.Join(dir, "none", "ca.pem")},
	} {
		t.Run(name, func(t *testing.T) {
			mark := filepath.Join(dir, "ran")
			var stdout, stderr bytes.Buffer
			code := run(t.Context(), slices.Concat(arguments, []string{"--", "touch", mark}), &stdout, &stderr)
			if _, err := os.Stat(mark); code != exitError || !os.IsNotExist(err) {
				t.Errorf("ends with %d, and the command has run: %v\n%s", code, err == nil, stderr.String())
			}
		})
	}
	// The control.
	mark := filepath.Join(dir, "ran")
	if code := run(t.Context(), []string{"--sample-tenant", "--", "touch", mark}, &bytes.Buffer{}, &bytes.Buffer{}); code != 0 {
		t.Errorf("ends with %d", code)
	}
	if _, err := os.Stat(mark); err != nil {
		t.Error(err)
	}
}

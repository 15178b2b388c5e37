package sandbox

import (
	"slices"
	"strings"
	"testing"
)

func TestParseEnvFile(t *testing.T) {
	got, err := parseEnvFile("# the tenant\nexport ARM_TENANT_ID='6a1f'\n\nexport EMPTY=''\nexport ODD='it'\\''s = \"$HOME\"'\n")
	want := []Variable{{"ARM_TENANT_ID", "6a1f"}, {"EMPTY", ""}, {"ODD", `it's = "$HOME"`}}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("got %v, %v, want %v", got, err, want)
	}
}

func TestParseEnvFileNamesTheLineAndNotTheValue(t *testing.T) {
	tests := map[string]struct{ text, want string }{
		"no export":      {"ARM_CLIENT_SECRET='hush'", "line 1 is not export NAME='value'"},
		"bad name":       {"\nexport A-B='hush'", "line 2 is not export NAME='value'"},
		"no quotes":      {"export ARM_CLIENT_SECRET=hush", "line 1: the value of ARM_CLIENT_SECRET is not in single quotes"},
		"one quote":      {"export ARM_CLIENT_SECRET='", "the value of ARM_CLIENT_SECRET is not"},
		"quote within":   {"export ARM_CLIENT_SECRET='hu'sh'", "the value of ARM_CLIENT_SECRET is not"},
		"command behind": {"export ARM_CLIENT_SECRET='hush'; hush", "the value of ARM_CLIENT_SECRET is not"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := parseEnvFile(test.text)
			wantError(t, err, test.want)
			if err != nil && strings.Contains(err.Error(), "hush") {
				t.Errorf("the error shows the value: %s", err)
			}
		})
	}
}

func TestSecretsAreKnownByTheirName(t *testing.T) {
	for name, want := range map[string]bool{
		"ARM_CLIENT_SECRET": true, "ARM_CLIENT_CERTIFICATE_PASSWORD": true, "ARM_OIDC_TOKEN": true, "ARM_CLIENT_ID": false,
	} {
		if got := (Variable{Name: name}).secret(); got != want {
			t.Errorf("%s: got %t, want %t", name, got, want)
		}
	}
}

func TestCLIEnvironmentHoldsNothingThatDecides(t *testing.T) {
	got := cliEnvironment([]string{
		"PATH=/bin", "HOME=/home/me", "TMPDIR=/tmp", "TF_LOG=trace", "TF_CLI_ARGS_plan=-destroy", "ARM_CLIENT_ID=mine",
		"AZURE_TENANT_ID=mine", "ENTRAMFA_GRAPH_ENDPOINT=mine", "XDG_CONFIG_HOME=/home/me/x", "CHECKPOINT_DISABLE=", "odd",
	}, []Variable{{"HOME", "/folder/home"}, {"ARM_CLIENT_ID", "the emulator's"}})
	want := []string{"PATH=/bin", "TMPDIR=/tmp", "odd", "HOME=/folder/home", "ARM_CLIENT_ID=the emulator's"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestConnectNamesWhatTheEnvFileLacks(t *testing.T) {
	_, err := connect([]Variable{{"ARM_TENANT_ID", "x"}, {"ARM_CLIENT_ID", "x"}})
	wantError(t, err, "does not set ARM_CLIENT_SECRET")
}

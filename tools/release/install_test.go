package main

import (
	"strings"
	"testing"

	"github.com/mfa-as-code/terraform-provider-entramfa/tools/internal/sandbox"
)

func TestTheUserAgentOfEveryRequestMustHaveTheVersion(t *testing.T) {
	const good = "Terraform/1.11.4 azsdk-go-terraform-provider-entramfa/v1.2.3 (go1.26.8; linux)"
	r := release{version: "1.2.3"}
	if err := r.checkAgents([]string{good, good}); err != nil {
		t.Error(err)
	}
	for name, test := range map[string]struct {
		agents []string
		want   string
	}{
		"no request":      {nil, "asked Microsoft Graph for nothing"},
		"another version": {[]string{good, strings.Replace(good, "1.2.3", "1.2.30", 1)}, "v1.2.30"},
		"no version":      {[]string{strings.Replace(good, "/v1.2.3", "/v0.0.0-dev", 1)}, "v0.0.0-dev"},
		"anything else":   {[]string{"curl/8.0"}, "curl/8.0"},
	} {
		if err := r.checkAgents(test.agents); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestTheEmulatorMustSayItsVersion(t *testing.T) {
	f := newFixture(t)
	work, err := sandbox.At(t.TempDir(), owner)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.unpackEmulator(t.Context(), work); err != nil {
		t.Fatal(err)
	}
	programs, err := smallPrograms()
	if err != nil {
		t.Fatal(err)
	}
	// The same program under the name of a later version.
	f.version = "1.2.4"
	f.pack(f.emulatorArchive(host()), f.members(host().program(emulatorName), programs[emulatorName]))
	if _, err := f.unpackEmulator(t.Context(), work); err == nil || !strings.Contains(err.Error(), `says "entra-emulator 1.2.3\n"`) {
		t.Error(err)
	}
}

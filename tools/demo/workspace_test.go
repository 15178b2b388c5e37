package main

import (
	"os"
	"testing"

	"github.com/mfa-as-code/terraform-provider-entramfa/tools/internal/sandbox"
)

func TestEveryConfigurationOfTheTourExists(t *testing.T) {
	work := workspace{sandbox.Workspace{Dir: t.TempDir(), Owner: owner}}
	files, err := configurations.ReadDir("configuration")
	if err != nil {
		t.Fatal(err)
	}
	names := []string{mainConfig, officeConfig, mistakesConfig, policyConfig, officeRespelled, officeTypo, policyCareless, accessConfig, accessCareless}
	if len(files) != len(names) {
		t.Errorf("there are %d configurations, and names for %d", len(files), len(names))
	}
	for _, name := range names {
		content, err := work.configure(name)
		if err != nil || content == "" {
			t.Errorf("%s: %q, %v", name, content, err)
		}
		if err := work.Remove(name); err != nil {
			t.Error(err)
		}
	}
}

func TestAVersionTakesThePlaceOfItsConfiguration(t *testing.T) {
	work := workspace{sandbox.Workspace{Dir: t.TempDir(), Owner: owner}}
	plain, err := work.configure(officeConfig)
	if err != nil {
		t.Fatal(err)
	}
	respelled, err := work.configure(officeConfig, officeRespelled)
	if err != nil || respelled == plain {
		t.Errorf("%q, %v", respelled, err)
	}
	if content, err := os.ReadFile(work.Path(officeConfig)); err != nil || string(content) != respelled {
		t.Errorf("%q, %v", content, err)
	}
	if entries, err := os.ReadDir(work.Path("")); err != nil || len(entries) != 1 {
		t.Errorf("the folder holds %v, %v", entries, err)
	}
}

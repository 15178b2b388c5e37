package main

import (
	"embed"

	"github.com/mfa-as-code/terraform-provider-entramfa/tools/internal/sandbox"
)

//go:embed configuration/*.tf
var configurations embed.FS

// owner is whom the work folder belongs to.
const owner = "demo"

// Names of files in the work folder.
const (
	mainConfig     = "main.tf"
	officeConfig   = "office.tf"
	mistakesConfig = "mistakes.tf"
	policyConfig   = "policy.tf"
	accessConfig   = "access.tf"

	// Other versions of these, which take their place in the work folder.
	officeRespelled = "office_respelled.tf"
	officeTypo      = "office_typo.tf"
	policyCareless  = "policy_careless.tf"
	accessCareless  = "access_careless.tf"
)

// workspace is the folder that the demo works in.
type workspace struct{ sandbox.Workspace }

// configure writes one of the demo's configurations, a version of it where one is named, and returns it, for showing.
func (w workspace) configure(name string, version ...string) (string, error) {
	source := name
	if len(version) > 0 {
		source = version[0]
	}
	content, err := configurations.ReadFile("configuration/" + source)
	if err != nil {
		return "", err
	}
	return string(content), w.Write(name, string(content))
}

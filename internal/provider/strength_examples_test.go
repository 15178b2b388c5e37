package provider_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/acctest"
)

// strengthExamples are the example files that the tests of this file apply.
var strengthExamples = []string{
	"resources/entramfa_authentication_strength_policy/resource.tf", "resources/entramfa_authentication_strength_policy/import.sh",
	"resources/entramfa_authentication_strength_policy/import-by-string-id.tf", "resources/entramfa_authentication_strength_policy/import-by-identity.tf",
	"data-sources/entramfa_authentication_strength_policy/data-source.tf", "data-sources/entramfa_authentication_strength_policies/data-source.tf",
	"data-sources/entramfa_conditional_access_template/data-source.tf", "list-resources/entramfa_authentication_strength_policy/list-resource.tfquery.hcl",
}

// newTenantWithStrength is the sample tenant with the strength that the examples import.
func newTenantWithStrength(t *testing.T) *acctest.Tenant {
	t.Helper()
	tn := newSampleTenant(t)
	strength := control.AuthenticationStrength{
		ID: "a7b1c5d9-6e3f-4a8b-9c2d-5e6f7a8b9c01", DisplayName: "Keys and cards for administrators", AllowedCombinations: []string{"fido2", "x509CertificateMultiFactor"},
	}
	if _, err := control.Create(t.Context(), tn.Client, "authentication-strengths", strength); err != nil {
		t.Fatal(err)
	}
	return tn
}

func TestTheExamplesOfStrengthsApplyThroughTheRealCLI(t *testing.T) {
	t.Parallel()
	w := newSampleTenant(t).Workspace(t, map[string]string{
		"strengths.tf": acctest.Example(t, strengthExamples[0]), "strength.tf": acctest.Example(t, strengthExamples[4]), "all.tf": acctest.Example(t, strengthExamples[5]),
		"template.tf": acctest.Example(t, strengthExamples[6]),
	}, bySecret()...)
	w.Sees(w.Expect(0, "apply", "-input=false", "-auto-approve"), "Apply complete", `"fido2"`, "roles = ")
	// The data source of all strengths was read before there were any.
	w.Expect(0, "apply", "-input=false", "-auto-approve")
	w.Expect(0, "plan", "-input=false", "-detailed-exitcode")
	w.Expect(0, "destroy", "-input=false", "-auto-approve")
}

func TestTheImportExamplesOfStrengthsImportThroughOldAndNewCLI(t *testing.T) {
	t.Parallel()
	const address = "entramfa_authentication_strength_policy.administrators"
	w := newTenantWithStrength(t).Workspace(t, map[string]string{"example.tf": acctest.Example(t, strengthExamples[0])}, bySecret()...)
	script := strings.Replace(acctest.Example(t, strengthExamples[1]), "# by display name", "terraform state rm "+address+"\n# by display name", 1)
	script = strings.ReplaceAll(script, "terraform import", `"$TF_ACC_TERRAFORM_PATH" import -no-color -input=false`)
	w.Write("import.sh", strings.ReplaceAll(script, "terraform state", `"$TF_ACC_TERRAFORM_PATH" state`))
	w.Env = append(w.Env, "TF_ACC_TERRAFORM_PATH="+acctest.CLI(t))
	w.Sees(w.ExpectOf(0, "sh", "-e", "import.sh"), "Import successful!", "Import successful!")
	w.Expect(0, "state", "rm", address)
	w.Write("import.tf", acctest.Example(t, strengthExamples[2]))
	w.Sees(w.Expect(0, "apply", "-input=false", "-auto-approve"), "1 imported, 1 added, 1 changed, 0 destroyed")
	w.Expect(0, "plan", "-input=false", "-detailed-exitcode")
	if !w.ImportsByIdentity() {
		// TestEveryResourceKeepsItsContract imports by identity without a CLI.
		return
	}
	w.Expect(0, "state", "rm", address)
	w.Write("import.tf", acctest.Example(t, strengthExamples[3]))
	w.Sees(w.Expect(0, "apply", "-input=false", "-auto-approve"), "1 imported, 0 added, 0 changed, 0 destroyed")
}

func TestTheExampleOfAListOfStrengthsFindsThem(t *testing.T) {
	t.Parallel()
	tn := newTenantWithStrength(t)
	if _, err := control.Create(t.Context(), tn.Client, "authentication-strengths", control.AuthenticationStrength{DisplayName: "Theirs", AllowedCombinations: []string{"fido2"}}); err != nil {
		t.Fatal(err)
	}
	found := map[string][]string{}
	for _, block := range listBlocks(t, acctest.Example(t, strengthExamples[7])) {
		l := tn.Lister(t, block.typeName, map[string]any{"tenant_id": emulator.SampleTenantID, "client_id": emulator.SampleAppID, "client_secret": emulator.SampleSecret})
		names := l.Names(l.List(block.config, block.limit, block.include))
		slices.Sort(names)
		found[block.name] = names
	}
	keys := "Keys and cards for administrators (fido2, x509CertificateMultiFactor)"
	if difference := cmp.Diff(map[string][]string{"all": {keys, "Theirs (fido2)"}, "keys": {keys}}, found); difference != "" {
		t.Errorf("(-want +got):\n%s", difference)
	}
}

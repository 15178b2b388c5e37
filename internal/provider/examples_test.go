package provider_test

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
	"software.sslmate.com/src/go-pkcs12"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/acctest"
)

// The examples of the documentation are written for the emulator's sample tenant.

func newSampleTenant(t *testing.T) *acctest.Tenant {
	t.Helper()
	return acctest.StartTenant(t, emulator.SampleTenant(), acctest.Quick())
}

// bySecret signs the full app of the sample tenant in.
func bySecret() []string {
	return []string{"ARM_TENANT_ID=" + emulator.SampleTenantID, "ARM_CLIENT_ID=" + emulator.SampleAppID, "ARM_CLIENT_SECRET=" + emulator.SampleSecret}
}

// appliedExamples are the example files that a test of this file applies.
var appliedExamples = []string{
	"provider/provider.tf", "provider/azure_cli.tf", "provider/client_certificate.tf", "provider/client_secret.tf", "provider/managed_identity.tf",
	"resources/entramfa_user_mfa_state/resource.tf", "resources/entramfa_user_mfa_state/import.sh",
	"resources/entramfa_user_mfa_state/import-by-string-id.tf", "resources/entramfa_user_mfa_state/import-by-identity.tf",
	"data-sources/entramfa_user_mfa_state/data-source.tf",
	"resources/entramfa_user_mfa_states/resource.tf", "resources/entramfa_user_mfa_states/import.sh",
	"resources/entramfa_user_mfa_states/import-by-string-id.tf", "resources/entramfa_user_mfa_states/import-by-identity.tf",
	"data-sources/entramfa_user_mfa_states/data-source.tf", "data-sources/entramfa_user_mfa_states/managed.tf",
	"resources/entramfa_registration_policy/resource.tf", "resources/entramfa_registration_policy/microsoft_managed.tf",
	"resources/entramfa_registration_policy/import.sh", "resources/entramfa_registration_policy/import-by-string-id.tf",
	"resources/entramfa_registration_policy/import-by-identity.tf", "data-sources/entramfa_registration_policy/data-source.tf",
	"resources/entramfa_trusted_ips/resource.tf", "resources/entramfa_trusted_ips/import.sh",
	"resources/entramfa_trusted_ips/import-by-string-id.tf", "resources/entramfa_trusted_ips/import-by-identity.tf",
	"resources/entramfa_trusted_ip_range/resource.tf", "resources/entramfa_trusted_ip_range/import.sh",
	"resources/entramfa_trusted_ip_range/import-by-string-id.tf", "resources/entramfa_trusted_ip_range/import-by-identity.tf",
	"resources/entramfa_country_location/resource.tf", "resources/entramfa_country_location/import.sh",
	"resources/entramfa_country_location/import-by-string-id.tf", "resources/entramfa_country_location/import-by-identity.tf",
	"data-sources/entramfa_country_location/data-source.tf", "list-resources/entramfa_country_location/list-resource.tfquery.hcl",
	"resources/entramfa_conditional_access_policy/resource.tf", "resources/entramfa_conditional_access_policy/import.sh",
	"resources/entramfa_conditional_access_policy/import-by-string-id.tf", "resources/entramfa_conditional_access_policy/import-by-identity.tf",
	"data-sources/entramfa_conditional_access_policy/data-source.tf", "data-sources/entramfa_conditional_access_policies/data-source.tf",
	"list-resources/entramfa_conditional_access_policy/list-resource.tfquery.hcl",
	"data-sources/entramfa_trusted_ips/data-source.tf", "data-sources/entramfa_trusted_ip_ranges/data-source.tf", "data-sources/entramfa_tenant/data-source.tf",
	"guides/performance/users-of-a-csv-file.tf", "guides/performance/for-each-over-a-local.tf", "guides/performance/one-location-with-all-ranges.tf",
	"guides/adoption/singles-before.tf", "guides/adoption/singles-to-map.tf", "guides/adoption/map-to-singles.tf", "guides/adoption/renamed-keys.tf",
	"guides/adoption/import-campaign.tf", "guides/adoption/adopt.tfquery.hcl", "guides/adoption/query.sh", "guides/adoption/import-location.tf", "guides/adoption/generate.sh", "guides/adoption/azuread-before.tf",
	"guides/adoption/azuread-moved.tf", "guides/adoption/removed.tf",
	"list-resources/entramfa_user_mfa_state/list-resource.tfquery.hcl", "list-resources/entramfa_trusted_ips/list-resource.tfquery.hcl",
	"guides/plan-review/drift/before.tf", "guides/plan-review/drift/plan.txt", "guides/plan-review/weaker/before.tf", "guides/plan-review/weaker/after.tf",
	"guides/plan-review/weaker/plan.txt", "guides/plan-review/typo/before.tf", "guides/plan-review/typo/after.tf", "guides/plan-review/typo/plan.txt",
	"guides/plan-review/campaign/after.tf", "guides/plan-review/campaign/plan.txt", "guides/plan-review/locked-out/after.tf",
	"guides/plan-review/locked-out/plan.txt", "guides/plan-review/switched-off/before.tf", "guides/plan-review/switched-off/plan.txt",
	"guides/plan-review/destroy/before.tf", "guides/plan-review/destroy/plan.txt",
	// By TestTheDigestOfTheGuideIsWhatAPullRequestShows of tools/workflows, which has the pipelines.
	"guides/plan-review/digest/before.tf", "guides/plan-review/digest/after.tf", "guides/plan-review/digest/digest.txt",
	"guides/conditional-access/module.tf", "guides/conditional-access/careless/after.tf", "guides/conditional-access/careless/plan.txt",
	"guides/conditional-access/report-only/after.tf", "guides/conditional-access/report-only/plan.txt", "guides/conditional-access/enforced/before.tf",
	"guides/conditional-access/enforced/after.tf", "guides/conditional-access/enforced/plan.txt", "guides/conditional-access/registration/after.tf",
	"guides/conditional-access/registration/plan.txt", "guides/conditional-access/switched-off/before.tf", "guides/conditional-access/switched-off/plan.txt",
	"guides/getting-started/app-registration.tf", "guides/getting-started/app-registration.sh", "guides/getting-started/credential.sh", "guides/getting-started/first.tf",
	"guides/upgrade-policy/pin.tf",
	"guides/testing-modules/get.sh", "guides/testing-modules/get-release.sh", "guides/testing-modules/test.sh", "guides/testing-modules/own-tenant.sh", "guides/testing-modules/background.sh",
	"guides/testing-modules/changes.sh", "guides/testing-modules/faults.sh", "guides/testing-modules/tenant.json",
	"guides/testing-modules/github-actions.yml", "guides/testing-modules/gitlab-ci.yml",
	"functions/users_from_csv/function.tf", "functions/users_from_csv/per-user-mfa.csv", "functions/users_from_csv/without_disabled.tf",
	"functions/users_from_csv/report.tf", "functions/users_from_csv/report.csv", "functions/users_from_csv/enforced.tf", "functions/mfa_transition/function.tf", "functions/mfa_coverage/function.tf", "functions/normalize_ip_ranges/function.tf",
	"functions/merge_ip_ranges/function.tf", "functions/ip_ranges_cover/function.tf", "functions/ip_ranges_size/function.tf",
	"functions/ip_ranges_from_text/function.tf", "functions/ip_ranges_from_text/ranges.txt",
}

func TestNoExampleIsWithoutATest(t *testing.T) {
	t.Parallel()
	known := map[string]bool{}
	for _, name := range slices.Concat(appliedExamples, strengthExamples) {
		known[name] = true
	}
	found := 0
	for _, folder := range []string{"provider", "resources", "data-sources", "list-resources", "guides", "functions"} {
		err := filepath.WalkDir(filepath.Join(acctest.Examples, folder), func(place string, entry os.DirEntry, err error) error {
			if err != nil || entry.IsDir() {
				return err
			}
			name, err := filepath.Rel(acctest.Examples, place)
			if err == nil {
				found++
				if !known[filepath.ToSlash(name)] {
					t.Errorf("no test applies the example %s", name)
				}
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if found != len(known) {
		t.Errorf("there are %d examples, and tests for %d", found, len(known))
	}
}

func TestTheResourceAndDataSourceExamplesApplyAndStayWithoutDifferenceThroughTheRealCLI(t *testing.T) {
	t.Parallel()
	for _, name := range []string{
		"resources/entramfa_user_mfa_state/resource.tf", "data-sources/entramfa_user_mfa_state/data-source.tf",
		"resources/entramfa_registration_policy/resource.tf", "resources/entramfa_registration_policy/microsoft_managed.tf",
		"data-sources/entramfa_registration_policy/data-source.tf",
		"resources/entramfa_trusted_ips/resource.tf", "resources/entramfa_country_location/resource.tf", "data-sources/entramfa_country_location/data-source.tf",
		"resources/entramfa_trusted_ip_range/resource.tf",
		"resources/entramfa_conditional_access_policy/resource.tf", "data-sources/entramfa_conditional_access_policy/data-source.tf",
		"data-sources/entramfa_conditional_access_policies/data-source.tf",
		"data-sources/entramfa_trusted_ips/data-source.tf", "data-sources/entramfa_trusted_ip_ranges/data-source.tf", "data-sources/entramfa_tenant/data-source.tf",
		"guides/performance/users-of-a-csv-file.tf", "guides/performance/for-each-over-a-local.tf", "guides/performance/one-location-with-all-ranges.tf",
		"guides/getting-started/first.tf",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newSampleTenant(t).Workspace(t, map[string]string{"example.tf": acctest.Example(t, name)}, bySecret()...)
			w.Sees(w.Expect(0, "apply", "-input=false", "-auto-approve"), "Apply complete")
			w.Expect(0, "plan", "-input=false", "-detailed-exitcode")
			w.Expect(0, "destroy", "-input=false", "-auto-approve")
		})
	}
}

func TestTheImportExamplesImportThroughTheRealCLI(t *testing.T) {
	t.Parallel()
	const folder = "resources/entramfa_user_mfa_state/"
	t.Run("managed.tf", func(t *testing.T) {
		t.Parallel()
		tn := newSampleTenant(t)
		w := tn.Workspace(t, map[string]string{"example.tf": acctest.Example(t, "data-sources/entramfa_user_mfa_states/managed.tf")}, bySecret()...)
		w.Apply()
		// It does not feed on what it has done.
		w.StaysEmpty()
		for user, want := range map[string]string{
			"adele.vance@contoso.example": "enabled", "lee.gu@contoso.example": "disabled", "$cash.desk@contoso.example": "disabled",
			"break.glass.1@contoso.example": "disabled", "nestor.wilke_fabrikam.example#EXT#@contoso.example": "disabled",
		} {
			if err := tn.StateIs(user, want); err != nil {
				t.Error(err)
			}
		}
		// Whoever is blocked leaves, and keeps the state.
		if _, err := tn.PatchUser(context.Background(), "adele.vance@contoso.example", control.UserPatch{AccountEnabled: new(false)}); err != nil {
			t.Fatal(err)
		}
		w.Apply()
		if err := tn.StateIs("adele.vance@contoso.example", "enabled"); err != nil {
			t.Error(err)
		}
	})
	t.Run("import.sh", func(t *testing.T) {
		t.Parallel()
		w := newSampleTenant(t).Workspace(t, map[string]string{"example.tf": acctest.Example(t, folder+"resource.tf")}, bySecret()...)
		w.Write("import.sh", strings.ReplaceAll(acctest.Example(t, folder+"import.sh"), "terraform import", `"$TF_ACC_TERRAFORM_PATH" import -no-color -input=false`))
		w.Env = append(w.Env, "TF_ACC_TERRAFORM_PATH="+acctest.CLI(t))
		w.Sees(w.ExpectOf(0, "sh", "-e", "import.sh"), "Import successful!", "Import successful!")
		w.Sees(w.Expect(0, "state", "list"), "entramfa_user_mfa_state.adele", "entramfa_user_mfa_state.alex")
	})
	t.Run("import-by-string-id.tf", func(t *testing.T) {
		t.Parallel()
		w := newSampleTenant(t).Workspace(t, map[string]string{
			"example.tf": acctest.Example(t, folder+"resource.tf"), "import.tf": acctest.Example(t, folder+"import-by-string-id.tf"),
		}, bySecret()...)
		w.Sees(w.Expect(0, "apply", "-input=false", "-auto-approve"), "1 imported, 3 added, 1 changed, 0 destroyed")
		w.Expect(0, "plan", "-input=false", "-detailed-exitcode")
	})
}

func TestTheExamplesOfManyUsersApplyAndImportThroughTheRealCLI(t *testing.T) {
	t.Parallel()
	const folder = "resources/entramfa_user_mfa_states/"
	for _, name := range []string{folder + "resource.tf", "data-sources/entramfa_user_mfa_states/data-source.tf"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newSampleTenant(t).Workspace(t, map[string]string{"example.tf": acctest.Example(t, name)}, bySecret()...)
			w.Sees(w.Expect(0, "apply", "-input=false", "-auto-approve"), "Apply complete")
			w.Expect(0, "plan", "-input=false", "-detailed-exitcode")
			w.Expect(0, "destroy", "-input=false", "-auto-approve")
		})
	}
	t.Run("import.sh", func(t *testing.T) {
		t.Parallel()
		w := newSampleTenant(t).Workspace(t, map[string]string{"example.tf": acctest.Example(t, folder+"resource.tf")}, bySecret()...)
		w.Write("import.sh", strings.ReplaceAll(acctest.Example(t, folder+"import.sh"), "terraform import", `"$TF_ACC_TERRAFORM_PATH" import -no-color -input=false`))
		w.Env = append(w.Env, "TF_ACC_TERRAFORM_PATH="+acctest.CLI(t))
		w.Sees(w.ExpectOf(0, "sh", "-e", "import.sh"), "Import successful!")
		w.Sees(w.Expect(0, "apply", "-input=false", "-auto-approve"), "0 added, 1 changed, 0 destroyed")
		w.Expect(0, "plan", "-input=false", "-detailed-exitcode")
	})
	t.Run("import-by-string-id.tf", func(t *testing.T) {
		t.Parallel()
		w := newSampleTenant(t).Workspace(t, map[string]string{"example.tf": acctest.Example(t, folder+"resource.tf")}, bySecret()...)
		w.Write("import.tf", acctest.Example(t, folder+"import-by-string-id.tf"))
		w.Sees(w.Expect(0, "apply", "-input=false", "-auto-approve"), "1 imported, 0 added, 1 changed, 0 destroyed")
		w.Expect(0, "plan", "-input=false", "-detailed-exitcode")
		w.Expect(0, "destroy", "-input=false", "-auto-approve")
	})
}

func TestTheImportExamplesOfThePolicyImportThroughTheRealCLI(t *testing.T) {
	t.Parallel()
	const folder = "resources/entramfa_registration_policy/"
	files := map[string]string{"example.tf": acctest.Example(t, folder+"microsoft_managed.tf")}
	t.Run("import.sh", func(t *testing.T) {
		t.Parallel()
		w := newSampleTenant(t).Workspace(t, files, bySecret()...)
		w.Write("import.sh", strings.ReplaceAll(acctest.Example(t, folder+"import.sh"), "terraform import", `"$TF_ACC_TERRAFORM_PATH" import -no-color -input=false`))
		w.Env = append(w.Env, "TF_ACC_TERRAFORM_PATH="+acctest.CLI(t))
		w.Sees(w.ExpectOf(0, "sh", "-e", "import.sh"), "Import successful!")
		w.Sees(w.Expect(0, "apply", "-input=false", "-auto-approve"), "0 added, 1 changed, 0 destroyed")
		w.Expect(0, "plan", "-input=false", "-detailed-exitcode")
	})
	t.Run("import-by-string-id.tf", func(t *testing.T) {
		t.Parallel()
		w := newSampleTenant(t).Workspace(t, files, bySecret()...)
		w.Write("import.tf", acctest.Example(t, folder+"import-by-string-id.tf"))
		w.Sees(w.Expect(0, "apply", "-input=false", "-auto-approve"), "1 imported, 0 added, 1 changed, 0 destroyed")
		w.Expect(0, "plan", "-input=false", "-detailed-exitcode")
	})
}

func TestTheImportExamplesOfTrustedIPsImportThroughTheRealCLI(t *testing.T) {
	t.Parallel()
	importExamplesImport(t, "entramfa_trusted_ips", "entramfa_trusted_ips.headquarters")
}

func TestTheImportExamplesOfACountryLocationImportThroughTheRealCLI(t *testing.T) {
	t.Parallel()
	importExamplesImport(t, "entramfa_country_location", "entramfa_country_location.offices")
}

func TestTheImportExamplesOfAPolicyImportThroughTheRealCLI(t *testing.T) {
	t.Parallel()
	importExamplesImport(t, "entramfa_conditional_access_policy", "entramfa_conditional_access_policy.mfa")
}

// newTenantWithVPN is the sample tenant, whose headquarters have the range of the examples already.
func newTenantWithVPN(t *testing.T) *acctest.Tenant {
	t.Helper()
	tn := newSampleTenant(t)
	location := control.NewIPNamedLocation("", true, "203.0.113.0/24", "198.51.100.17/32")
	if _, err := tn.PatchNamedLocation(context.Background(), emulator.SampleHeadquartersID, control.NamedLocationPatch{IPRanges: &location.IPRanges}); err != nil {
		t.Fatal(err)
	}
	return tn
}

func TestTheImportExamplesOfATrustedIPRangeImportThroughTheRealCLI(t *testing.T) {
	t.Parallel()
	const folder = "resources/entramfa_trusted_ip_range/"
	config := acctest.Example(t, folder+"resource.tf")
	t.Run("import.sh", func(t *testing.T) {
		t.Parallel()
		w := newTenantWithVPN(t).Workspace(t, map[string]string{"example.tf": config}, bySecret()...)
		w.Write("import.sh", strings.ReplaceAll(acctest.Example(t, folder+"import.sh"), "terraform import", `"$TF_ACC_TERRAFORM_PATH" import -no-color -input=false`))
		w.Env = append(w.Env, "TF_ACC_TERRAFORM_PATH="+acctest.CLI(t))
		w.Sees(w.ExpectOf(0, "sh", "-e", "import.sh"), "Import successful!")
		w.Expect(0, "plan", "-input=false", "-detailed-exitcode")
	})
	t.Run("import-by-string-id.tf", func(t *testing.T) {
		t.Parallel()
		w := newTenantWithVPN(t).Workspace(t, map[string]string{"example.tf": config, "import.tf": acctest.Example(t, folder+"import-by-string-id.tf")}, bySecret()...)
		w.Sees(w.Expect(0, "apply", "-input=false", "-auto-approve"), "1 imported, 0 added, 0 changed, 0 destroyed")
		w.Expect(0, "plan", "-input=false", "-detailed-exitcode")
	})
}

func importExamplesImport(t *testing.T, typeName, address string) {
	t.Helper()
	folder := "resources/" + typeName + "/"
	files := map[string]string{"example.tf": acctest.Example(t, folder+"resource.tf")}
	t.Run("import.sh", func(t *testing.T) {
		t.Parallel()
		w := newSampleTenant(t).Workspace(t, files, bySecret()...)
		// The two ways import the same location: one after the other.
		script := strings.Replace(acctest.Example(t, folder+"import.sh"), "# by display name", "terraform state rm "+address+"\n# by display name", 1)
		script = strings.ReplaceAll(script, "terraform import", `"$TF_ACC_TERRAFORM_PATH" import -no-color -input=false`)
		w.Write("import.sh", strings.ReplaceAll(script, "terraform state", `"$TF_ACC_TERRAFORM_PATH" state`))
		w.Env = append(w.Env, "TF_ACC_TERRAFORM_PATH="+acctest.CLI(t))
		w.Sees(w.ExpectOf(0, "sh", "-e", "import.sh"), "Import successful!", "Import successful!")
		w.Sees(w.Expect(0, "apply", "-input=false", "-auto-approve"), "1 added, 0 changed, 0 destroyed")
	})
	t.Run("import-by-string-id.tf", func(t *testing.T) {
		t.Parallel()
		w := newSampleTenant(t).Workspace(t, files, bySecret()...)
		w.Write("import.tf", acctest.Example(t, folder+"import-by-string-id.tf"))
		w.Sees(w.Expect(0, "apply", "-input=false", "-auto-approve"), "1 imported, 1 added, 0 changed, 0 destroyed")
		w.Expect(0, "plan", "-input=false", "-detailed-exitcode")
	})
}

func TestTheExamplesOfImportByIdentityThroughANewCLI(t *testing.T) {
	t.Parallel()
	const file = "import-by-identity.tf"
	for _, c := range []struct {
		folder, config, imported string
		// identity is what the example holds.
		identity string
	}{
		{"entramfa_user_mfa_state", "resource.tf", "1 imported, 3 added, 1 changed, 0 destroyed", "user_id = "},
		{"entramfa_user_mfa_states", "resource.tf", "1 imported, 0 added, 1 changed, 0 destroyed", "user_ids = "},
		{"entramfa_registration_policy", "microsoft_managed.tf", "1 imported, 0 added, 1 changed, 0 destroyed", fmt.Sprintf("id = %q", acctest.PolicyID)},
		{"entramfa_trusted_ip_range", "resource.tf", "1 imported, 0 added, 0 changed, 0 destroyed", `ip_range    = "198.51.100.17/32"`},
		{"entramfa_country_location", "resource.tf", "1 imported, 1 added, 0 changed, 0 destroyed", fmt.Sprintf("id = %q", emulator.SampleCountriesID)},
		{"entramfa_conditional_access_policy", "resource.tf", "1 imported, 1 added, 0 changed, 0 destroyed", fmt.Sprintf("id = %q", emulator.SampleMFAPolicyID)},
		{"entramfa_trusted_ips", "resource.tf", "1 imported, 1 added, 0 changed, 0 destroyed", fmt.Sprintf("id = %q", emulator.SampleHeadquartersID)},
	} {
		t.Run(c.folder, func(t *testing.T) {
			t.Parallel()
			folder := "resources/" + c.folder + "/"
			start := newSampleTenant
			if c.folder == "entramfa_trusted_ip_range" {
				start = newTenantWithVPN
			}
			w := start(t).Workspace(t, map[string]string{"example.tf": acctest.Example(t, folder+c.config)}, bySecret()...)
			content := acctest.Example(t, folder+file)
			w.Write("import.tf", content)
			if !strings.Contains(content, c.identity) {
				t.Errorf("the example does not hold %s:\n%s", c.identity, content)
			}
			if !w.ImportsByIdentity() {
				// TestTheExampleOfAUsersIdentityImports, TestTheIdentityOfManyUsersIsTheUsers, TestAPolicyIsImportedByIdentity and
				// TestImportOfALocationByIdentity show the same without a CLI. An older one has to say that it cannot.
				w.Sees(w.Expect(1, "plan", "-input=false"), "identity")
				return
			}
			w.Sees(w.Expect(0, "apply", "-input=false", "-auto-approve"), c.imported)
			w.Expect(0, "plan", "-input=false", "-detailed-exitcode")
			w.Expect(0, "destroy", "-input=false", "-auto-approve")
		})
	}
}

func TestTheExampleOfAUsersIdentityImports(t *testing.T) {
	t.Parallel()
	tn := newSampleTenant(t)
	_, rest, _ := strings.Cut(acctest.Example(t, "resources/entramfa_user_mfa_state/import-by-identity.tf"), `user_id = "`)
	id, _, found := strings.Cut(rest, `"`)
	if !found {
		t.Fatal("the example holds no user_id")
	}
	s := tn.Session(t, map[string]any{"tenant_id": emulator.SampleTenantID, "client_id": emulator.SampleAppID, "client_secret": emulator.SampleSecret})
	value := tftypes.NewValue(s.Identity, map[string]tftypes.Value{"user_id": tftypes.NewValue(tftypes.String, id)})
	imported, err := s.Server.ImportResourceState(context.Background(), &tfprotov6.ImportResourceStateRequest{
		TypeName: acctest.TypeName, Identity: &tfprotov6.ResourceIdentityData{IdentityData: acctest.Dynamic(t, value)},
	})
	if err != nil {
		t.Fatal(err)
	}
	acctest.NoErrors(t, imported.Diagnostics)
	if len(imported.ImportedResources) != 1 {
		t.Errorf("%d resources were imported", len(imported.ImportedResources))
	}
}

func TestTheProviderExamplesSignInThroughTheRealCLI(t *testing.T) {
	t.Parallel()
	tn := newSampleTenant(t)
	ctx := context.Background()
	read := fmt.Sprintf("data \"entramfa_user_mfa_state\" \"test\" {\n  user_principal_name = %q\n}\n", "megan.bowen@contoso.example")
	applies := func(t *testing.T, name string, environment ...string) *acctest.Workspace {
		t.Helper()
		w := tn.Workspace(t, map[string]string{"provider.tf": acctest.Example(t, "provider/"+name), "main.tf": read}, environment...)
		return w
	}
	works := func(w *acctest.Workspace) { w.Expect(0, "apply", "-input=false", "-auto-approve") }

	t.Run("provider.tf", func(t *testing.T) {
		t.Parallel()
		assertion, err := tn.IssueAssertion(ctx, control.AssertionRequest{
			Issuer: "https://token.actions.githubusercontent.com", Subject: "repo:contoso/mfa:ref:refs/heads/main",
		})
		if err != nil {
			t.Fatal(err)
		}
		works(applies(t, "provider.tf", "ARM_TENANT_ID="+emulator.SampleTenantID, "ARM_CLIENT_ID="+emulator.SampleAppID, "ARM_OIDC_TOKEN="+assertion))
	})
	t.Run("client_secret.tf", func(t *testing.T) {
		t.Parallel()
		works(applies(t, "client_secret.tf", "ARM_CLIENT_SECRET="+emulator.SampleSecret))
	})
	t.Run("client_certificate.tf", func(t *testing.T) {
		t.Parallel()
		key, certificate, _ := acctest.SelfSigned(t)
		text := string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate.Raw}))
		if _, err := tn.PatchApp(ctx, emulator.SampleAppID, control.AppPatch{Certificates: &[]control.Certificate{{PEM: text}}}); err != nil {
			t.Fatal(err)
		}
		pfx, err := pkcs12.Modern.Encode(key, certificate, []*x509.Certificate{}, "pass word")
		if err != nil {
			t.Fatal(err)
		}
		w := applies(t, "client_certificate.tf", "ARM_CLIENT_CERTIFICATE_PASSWORD=pass word")
		w.Write("terraform.pfx", string(pfx))
		works(w)
	})
	t.Run("managed_identity.tf", func(t *testing.T) {
		t.Parallel()
		// The endpoint of Azure App Service, as its documentation describes it.
		endpoint := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("X-IDENTITY-HEADER") != "header" || r.URL.Query().Get("client_id") != emulator.SampleAppID {
				http.Error(w, "not the identity that was asked for", http.StatusBadRequest)
				return
			}
			token, expires := tn.SampleToken(r.Context())
			answer(w, map[string]any{
				"access_token": token, "expires_on": fmt.Sprint(expires.Unix()), "resource": r.URL.Query().Get("resource"), "token_type": "Bearer",
			})
		}))
		t.Cleanup(endpoint.Close)
		works(applies(t, "managed_identity.tf", "IDENTITY_ENDPOINT="+endpoint.URL, "IDENTITY_HEADER=header"))
	})
	t.Run("azure_cli.tf", func(t *testing.T) {
		t.Parallel()
		token, expires := tn.SampleToken(ctx)
		said, err := json.Marshal(map[string]any{
			"accessToken": token, "expires_on": expires.Unix(), "expiresOn": expires.Format("2006-01-02 15:04:05.000000"), "tokenType": "Bearer",
		})
		if err != nil {
			t.Fatal(err)
		}
		bin := t.TempDir()
		script := "#!/bin/sh\ncat <<'JSON'\n" + string(said) + "\nJSON\n"
		if err := os.WriteFile(filepath.Join(bin, "az"), []byte(script), 0o700); err != nil {
			t.Fatal(err)
		}
		w := applies(t, "azure_cli.tf")
		w.Env = append(w.Env, "PATH="+bin+string(os.PathListSeparator)+os.Getenv("PATH"))
		works(w)
	})
}

func answer(w http.ResponseWriter, body any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(body)
}

// codeBlocks are the blocks of a language in a Markdown file.
func codeBlocks(t *testing.T, file, language string) []string {
	t.Helper()
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var blocks []string
	inside := false
	for _, line := range strings.Split(string(content), "\n") {
		switch fence := strings.TrimSpace(line); {
		case !inside && fence == "```"+language:
			blocks, inside = append(blocks, ""), true
		case inside && fence == "```":
			inside = false
		case inside:
			blocks[len(blocks)-1] += line + "\n"
		}
	}
	return blocks
}

func TestTheConfigurationOfTheREADMEAppliesThroughTheRealCLI(t *testing.T) {
	t.Parallel()
	blocks := codeBlocks(t, "../../README.md", "terraform")
	if len(blocks) != 2 {
		t.Fatalf("the README has %d blocks of configuration; this test knows 2", len(blocks))
	}
	w := newSampleTenant(t).Workspace(t, map[string]string{"readme.tf": strings.Join(blocks, "\n")}, bySecret()...)
	w.Sees(w.Expect(0, "apply", "-input=false", "-auto-approve"), "1 added")
	w.Expect(0, "plan", "-input=false", "-detailed-exitcode")
}

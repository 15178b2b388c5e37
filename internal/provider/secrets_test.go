package provider_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/acctest"
)

// everything uses all resources and data sources.
const everything = `
resource "entramfa_user_mfa_state" "alex" {
  user_id = "` + acctest.AlexID + `"
  state   = var.state
}
resource "entramfa_user_mfa_states" "others" {
  users = { "` + acctest.AdeleUPN + `" = var.state }
}
resource "entramfa_registration_policy" "this" {
  state   = "enabled"
  include = { all_users = true }
  exclude = { user_ids = ["` + acctest.RescueID + `"] }
  # What was there before asks everybody.
  on_destroy = "give_back_excluding_emergency_access"
}
resource "entramfa_trusted_ips" "office" {
  display_name = "Office"
  ip_ranges    = [var.range]
}
resource "entramfa_country_location" "home" {
  display_name    = "Home"
  countries       = var.countries
  include_unknown = false
  lookup          = "client_ip_address"
}
resource "entramfa_trusted_ip_range" "vpn" {
  location_id = "` + acctest.DepotID + `"
  ip_range    = "198.51.100.128/25"
}
resource "entramfa_conditional_access_policy" "all" {
  display_name = "MFA outside the office"
  state        = var.policy
  conditions = {
    users        = { included_users = ["All"], excluded_users = ["` + acctest.RescueID + `"], excluded_groups = ["` + acctest.RescueGroupID + `"] }
    applications = { included_applications = ["All"] }
    locations    = { included_locations = ["All"], excluded_locations = [entramfa_trusted_ips.office.id] }
  }
  grant_controls = { built_in_controls = ["mfa"] }
}
data "entramfa_user_mfa_state" "alex" {
  user_id    = "` + acctest.AlexID + `"
  depends_on = [entramfa_user_mfa_state.alex]
}
data "entramfa_user_mfa_states" "all" {
  all_users  = true
  depends_on = [entramfa_user_mfa_states.others]
}
data "entramfa_registration_policy" "this" { depends_on = [entramfa_registration_policy.this] }
data "entramfa_trusted_ips" "office" { display_name = entramfa_trusted_ips.office.display_name }
data "entramfa_trusted_ip_ranges" "all" { depends_on = [entramfa_trusted_ips.office] }
data "entramfa_country_location" "home" { display_name = entramfa_country_location.home.display_name }
data "entramfa_conditional_access_policy" "all" { id = entramfa_conditional_access_policy.all.id }
data "entramfa_conditional_access_policies" "all" { depends_on = [entramfa_conditional_access_policy.all] }
data "entramfa_tenant" "this" {}
resource "entramfa_authentication_strength_policy" "keys" {
  display_name               = "Keys"
  allowed_combinations       = ["fido2", "password,softwareOath"]
  combination_configurations = { fido2 = [{ applies_to_combinations = ["fido2"], allowed_aaguids = ["2fc0579f-8113-47ea-b116-bb5a8db9202a"] }] }
}
data "entramfa_authentication_strength_policy" "keys" { id = entramfa_authentication_strength_policy.keys.id }
data "entramfa_authentication_strength_policies" "all" { depends_on = [entramfa_authentication_strength_policy.keys] }
data "entramfa_conditional_access_template" "everybody" { id = "a3d0a415-b068-4326-9251-f9cdf9feeb64" }

variable "state" { default = "enabled" }
variable "policy" { default = "enabledForReportingButNotEnforced" }
variable "range" { default = "203.0.113.0/24" }
variable "countries" {
  type    = set(string)
  default = ["DK", "NO"]
}
`

// haveDepot gives the tenant the location of which everything has a range.
func haveDepot(t *testing.T, id *acctest.Identities) {
	t.Helper()
	depot := control.NewIPNamedLocation("Depot", true, "192.0.2.0/28")
	depot.ID = acctest.DepotID
	if _, err := id.CreateNamedLocation(context.Background(), depot); err != nil {
		t.Fatal(err)
	}
}

// findSecrets searches every file below a folder; the provider's binary is a link and is left out. searched has the files by name and
// size.
func findSecrets(t *testing.T, folder string, secrets []string) (found []string, searched map[string]int) {
	t.Helper()
	searched = map[string]int{}
	err := filepath.WalkDir(folder, func(place string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		content, err := os.ReadFile(place)
		if err != nil {
			return err
		}
		searched[entry.Name()] = len(content)
		for _, secret := range secrets {
			if at := bytes.Index(content, []byte(secret)); at >= 0 {
				found = append(found, fmt.Sprintf("%s holds %q: ...%s...", entry.Name(), secret, content[max(0, at-100):min(len(content), at+40)]))
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found, searched
}

// A whole life of everything, its failures included, with the most talkative log there is.
func TestNoSecretIsInAnyOutputLogPlanOrStateThroughTheRealCLI(t *testing.T) {
	t.Parallel()
	for _, way := range []string{"client secret", "certificate"} {
		t.Run(way, func(t *testing.T) {
			t.Parallel()
			ctx := context.Background()
			id := acctest.NewIdentities(t)
			permissions := []string{
				"User.Read.All", "Policy.Read.All", "Policy.ReadWrite.AuthenticationMethod", "Policy.ReadWrite.ConditionalAccess", "UserAuthenticationMethod.Read.All",
				"Application.Read.All", "GroupMember.Read.All",
			}
			if _, err := id.PatchApp(ctx, acctest.AppID, control.AppPatch{Permissions: &permissions}); err != nil {
				t.Fatal(err)
			}
			haveDepot(t, id)
			// Tokens begin with {"alg": in base64.
			secrets := []string{"Bearer ", "eyJhbGciOi", "client_assertion="}
			environment := []string{"TF_LOG=TRACE", "TF_LOG_PATH=trace.log"}
			if way == "client secret" {
				environment = append(environment, "ARM_CLIENT_SECRET="+acctest.AppSecret)
				secrets = append(secrets, acctest.AppSecret)
			} else {
				environment = append(environment, "ARM_CLIENT_CERTIFICATE="+id.PFX, "ARM_CLIENT_CERTIFICATE_PASSWORD="+acctest.PFXPassword)
				secrets = append(secrets, id.PFX[:60], acctest.PFXPassword)
			}
			w := id.Workspace(t, map[string]string{"main.tf": acctest.Block(acctest.Set("tenant_id", acctest.TenantID), acctest.Set("client_id", acctest.AppID)) + everything}, environment...)
			var outputs strings.Builder
			run := func(code int, arguments ...string) string {
				output := w.Expect(code, arguments...)
				outputs.WriteString(output)
				return output
			}

			run(0, "apply", "-input=false", "-auto-approve")
			w.Sees(run(2, "plan", "-input=false", "-detailed-exitcode", "-out=plan.bin", "-var=range=198.51.100.0/25", `-var=countries=["SE"]`), "198.51.100.0/25")
			var plan struct {
				ResourceChanges []any `json:"resource_changes"`
			}
			text := run(0, "show", "-json", "plan.bin")
			if err := json.Unmarshal([]byte(text), &plan); err != nil || len(plan.ResourceChanges) == 0 {
				t.Errorf("the plan has %d changes, error %v", len(plan.ResourceChanges), err)
			}
			run(0, "apply", "-input=false", "plan.bin")

			refusal, err := id.AddFault(ctx, control.Fault{Method: "PATCH", Status: 403, Code: "Authorization_RequestDenied", Times: new(0)})
			if err != nil {
				t.Fatal(err)
			}
			w.Sees(run(1, "apply", "-input=false", "-auto-approve", "-var=range=192.0.2.0/25"), "Error")
			if err := id.DeleteFault(ctx, refusal); err != nil {
				t.Fatal(err)
			}
			run(0, "destroy", "-input=false", "-auto-approve")

			w.Write("output.txt", outputs.String())
			found, searched := findSecrets(t, w.Dir, secrets)
			for _, secret := range found {
				t.Error(secret)
			}
			for _, name := range []string{"trace.log", "output.txt", "plan.bin", "terraform.tfstate", "terraform.tfstate.backup"} {
				if searched[name] == 0 {
					t.Errorf("there was no %s to search; there were %v", name, searched)
				}
			}
			content, err := os.ReadFile(filepath.Join(w.Dir, "trace.log"))
			if err != nil {
				t.Fatal(err)
			}
			// The log is one that could hold them.
			for _, wanted := range []string{"POST", "Microsoft Graph answered", `namedLocations`, `authenticationMethodsPolicy`, `requirements`} {
				if !bytes.Contains(content, []byte(wanted)) {
					t.Errorf("the log holds no %q", wanted)
				}
			}
		})
	}
}

// What the search is for is found by it.
func TestTheSearchForSecretsFindsThem(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	for name, content := range map[string]string{"log": "Authorization: Bearer eyJhbGciOi", "state": `{"client_secret":"x"}`} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	found, searched := findSecrets(t, folder, []string{"Bearer ", "eyJ", "no such secret"})
	if len(found) != 2 || len(searched) != 2 {
		t.Errorf("found %q in %v", found, searched)
	}
}

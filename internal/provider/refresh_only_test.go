package provider_test

import (
	"context"
	"encoding/json"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/acctest"
)

// leftOut is what the guide on drift says of a resource's attributes that change without anybody having decided it.
func leftOut(t *testing.T, typeName string) []string {
	t.Helper()
	_, table, found := strings.Cut(guide(t, "drift"), "| resource | attributes of `resource_drift` to leave out |\n")
	row := regexp.MustCompile("(?m)^\\| `" + typeName + "` \\| (.*) \\|$").FindStringSubmatch(table)
	if !found || row == nil {
		t.Fatalf("the guide says nothing about %s", typeName)
	}
	var names []string
	for _, name := range regexp.MustCompile("`([a-z_]+)`").FindAllStringSubmatch(row[1], -1) {
		names = append(names, name[1])
	}
	return names
}

// A refresh finds a promotion and a new name, and nothing that the guide does not tell the reader of its JSON to leave out.
func TestARefreshOnlyPlanHasNoDriftButWhatTheGuideLeavesOutThroughTheRealCLI(t *testing.T) {
	t.Parallel()
	tn := acctest.NewTenant(t)
	w := tn.Workspace(t, map[string]string{"main.tf": acctest.Block() + acctest.UserByID(acctest.AdeleID, "enabled") + `
resource "entramfa_user_mfa_states" "staff" {
  users = { "` + acctest.MeganID + `" = "enabled" }
}

resource "entramfa_registration_policy" "this" {
  state       = "enabled"
  include     = { user_ids = ["` + acctest.AlexID + `"] }
  snooze_days = 3
}

resource "entramfa_trusted_ips" "office" {
  display_name = "Office"
  ip_ranges    = ["198.51.100.0/25"]
}
`}, "ARM_TENANT_ID="+acctest.TenantID, "ARM_CLIENT_ID="+acctest.AppID, "ARM_CLIENT_SECRET="+acctest.AppSecret)
	if _, err := tn.PatchApp(context.Background(), acctest.AppID, control.AppPatch{Permissions: &[]string{
		"User.Read.All", "Policy.Read.All", "Policy.ReadWrite.AuthenticationMethod", "Policy.ReadWrite.ConditionalAccess", "UserAuthenticationMethod.Read.All", "GroupMember.Read.All",
	}}); err != nil {
		t.Fatal(err)
	}
	w.Apply()
	drift := func() map[string][]string {
		t.Helper()
		// The exit code is Terraform's and not the same in all versions.
		w.Expect(0, "plan", "-input=false", "-refresh-only", "-out=plan")
		var plan struct {
			Drift []struct {
				Type   string `json:"type"`
				Change struct {
					Before map[string]any `json:"before"`
					After  map[string]any `json:"after"`
				} `json:"change"`
			} `json:"resource_drift"`
		}
		if err := json.Unmarshal([]byte(w.Expect(0, "show", "-json", "plan")), &plan); err != nil {
			t.Fatal(err)
		}
		changed := map[string][]string{}
		for _, one := range plan.Drift {
			for name, before := range one.Change.Before {
				if !reflect.DeepEqual(before, one.Change.After[name]) {
					changed[one.Type] = append(changed[one.Type], name)
				}
			}
		}
		return changed
	}
	if found := drift(); len(found) > 0 {
		t.Errorf("nothing has changed, and the plan has %v", found)
	}

	tn.Register(acctest.AdeleID, control.MethodMicrosoftAuthenticator)()
	tn.Register(acctest.MeganID, control.MethodMicrosoftAuthenticator)()
	renamed := "renamed@contoso.example"
	for n, user := range []string{acctest.AdeleID, acctest.MeganID, acctest.AlexID} {
		name := renamed[:n+1] + renamed
		if _, err := tn.PatchUser(context.Background(), user, control.UserPatch{UserPrincipalName: &name, DisplayName: &name}); err != nil {
			t.Fatal(err)
		}
	}
	found := drift()
	for typeName, names := range found {
		allowed := leftOut(t, typeName)
		for _, name := range names {
			if !slices.Contains(allowed, name) {
				t.Errorf("%s of %s has changed, which the guide does not leave out: %q", name, typeName, allowed)
			}
		}
	}
	// The control: what the guide leaves out is what happens.
	for typeName, name := range map[string]string{"entramfa_user_mfa_state": "effective_state", "entramfa_user_mfa_states": "effective_states"} {
		if !slices.Contains(found[typeName], name) {
			t.Errorf("%s of %s is the same after a promotion: %v", name, typeName, found)
		}
	}
	tn.SetState(acctest.MeganID, control.StateDisabled)()
	if found := drift()["entramfa_user_mfa_states"]; !slices.Contains(found, "users") {
		t.Errorf("what an administrator has done is not among %v", found)
	}
}

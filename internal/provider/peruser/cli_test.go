package peruser_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/acctest"
)

func TestTheStoryOfAUserThroughTheRealCLI(t *testing.T) {
	t.Parallel()
	tn := acctest.NewTenant(t)
	config := func(state string) string {
		return acctest.Block() + fmt.Sprintf("resource \"entramfa_user_mfa_state\" \"adele\" {\n  user_principal_name = %q\n  state = %q\n}\n", acctest.AdeleUPN, state)
	}
	w := tn.Workspace(t, map[string]string{"main.tf": config("enforced")},
		"ARM_TENANT_ID="+acctest.TenantID, "ARM_CLIENT_ID="+acctest.AppID, "ARM_CLIENT_SECRET="+acctest.AppSecret)

	w.Sees(w.Expect(1, "plan", "-input=false"), "adele.vance@contoso.example cannot move from disabled to enforced", `Set the state to "enabled"`)
	w.Write("main.tf", config("enabled"))
	w.Sees(w.Expect(2, "plan", "-input=false", "-detailed-exitcode"), "will be created", acctest.AdeleID, "1 to add")
	w.Sees(w.Expect(0, "apply", "-input=false", "-auto-approve"), "Apply complete")
	w.Expect(0, "plan", "-input=false", "-detailed-exitcode")

	tn.Register(acctest.AdeleID, control.MethodMicrosoftAuthenticator)()
	if err := tn.StateIs(acctest.AdeleID, "enforced"); err != nil {
		t.Fatal(err)
	}
	w.Sees(w.Expect(0, "plan", "-input=false", "-detailed-exitcode"), "No changes")
	w.Expect(0, "apply", "-input=false", "-auto-approve", "-refresh-only")
	w.Sees(w.Expect(0, "state", "show", "entramfa_user_mfa_state.adele"), `effective_state = "enforced"`, `state = "enabled"`)

	tn.SetState(acctest.AdeleID, "disabled")()
	w.Sees(w.Expect(2, "plan", "-input=false", "-detailed-exitcode"), "will be updated in-place", `~ state = "disabled" -> "enabled"`)
	w.Expect(0, "apply", "-input=false", "-auto-approve")
	w.Expect(0, "plan", "-input=false", "-detailed-exitcode")

	w.Sees(w.Expect(2, "plan", "-input=false", "-detailed-exitcode", "-destroy"),
		"Warning: Per-user MFA stops applying to a user", "Adele Vance (adele.vance@contoso.example), object id "+acctest.AdeleID, "a password is then enough")
	w.Expect(0, "destroy", "-input=false", "-auto-approve")
	if err := tn.StateIs(acctest.AdeleID, "disabled"); err != nil {
		t.Error(err)
	}
}

func TestImportByIdentityThroughANewCLI(t *testing.T) {
	t.Parallel()
	tn := acctest.NewTenant(t)
	w := tn.Workspace(t, map[string]string{
		"main.tf": acctest.Block() + byName(acctest.DiegoUPN, "enabled"),
	}, "ARM_TENANT_ID="+acctest.TenantID, "ARM_CLIENT_ID="+acctest.AppID, "ARM_CLIENT_SECRET="+acctest.AppSecret)
	w.Write("import.tf", fmt.Sprintf("import {\n  to = %s\n  identity = {\n    user_id = %q\n  }\n}\n", address, acctest.DiegoID))
	if !w.ImportsByIdentity() {
		// TestImportByIdentity shows the same without a CLI. An older one has to say that it cannot.
		w.Sees(w.Expect(1, "plan", "-input=false"), "identity")
		return
	}
	w.Sees(w.Expect(0, "apply", "-input=false", "-auto-approve"), "1 imported, 0 added, 0 changed, 0 destroyed")
	w.Expect(0, "plan", "-input=false", "-detailed-exitcode")
	if writes := tn.Writes(); writes != 0 {
		t.Errorf("the import wrote %d states", writes)
	}
}

func TestManyUsersAreImportedByIdentityThroughANewCLI(t *testing.T) {
	t.Parallel()
	tn := acctest.NewTenant(t)
	w := tn.Workspace(t, map[string]string{
		"main.tf": acctest.Block() + manyStates(users{acctest.MeganUPN, "enabled", acctest.DiegoUPN, "enabled"}),
	}, "ARM_TENANT_ID="+acctest.TenantID, "ARM_CLIENT_ID="+acctest.AppID, "ARM_CLIENT_SECRET="+acctest.AppSecret)
	w.Write("import.tf", fmt.Sprintf("import {\n  to = %s\n  identity = {\n    user_ids = [%q, %q]\n  }\n}\n", statesAddress, acctest.MeganID, acctest.DiegoID))
	if !w.ImportsByIdentity() {
		// TestTheIdentityOfManyUsersIsTheUsers shows the same without a CLI.
		w.Sees(w.Expect(1, "plan", "-input=false"), "identity")
		return
	}
	// The configuration calls them by name: a change to see, and nothing to write.
	w.Sees(w.Expect(0, "apply", "-input=false", "-auto-approve"), "1 imported, 0 added, 1 changed, 0 destroyed")
	w.Expect(0, "plan", "-input=false", "-detailed-exitcode")
	// Of those who are taken out and put in, the identity follows.
	w.Write("main.tf", acctest.Block()+manyStates(users{acctest.MeganUPN, "enabled", acctest.ObrienUPN, "disabled"})+"\n")
	w.Expect(0, "plan", "-input=false", "-out=plan")
	if writes := tn.Writes(); writes != 0 {
		t.Errorf("the import wrote %d states", writes)
	}
	w.Expect(0, "apply", "-input=false", "plan")
	w.Expect(0, "plan", "-input=false", "-detailed-exitcode")
	var state struct {
		Resources []struct {
			Instances []struct {
				Identity struct {
					UserIDs []string `json:"user_ids"`
				} `json:"identity"`
			} `json:"instances"`
		} `json:"resources"`
	}
	if err := json.Unmarshal([]byte(w.Expect(0, "state", "pull")), &state); err != nil {
		t.Fatal(err)
	}
	want := []string{acctest.MeganID, acctest.ObrienID}
	slices.Sort(want)
	if have := state.Resources[0].Instances[0].Identity.UserIDs; !slices.Equal(have, want) {
		t.Errorf("the state has the identity %q, want %q", have, want)
	}
	w.Expect(0, "destroy", "-input=false", "-auto-approve")
}

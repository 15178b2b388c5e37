package peruser_test

import (
	"strings"
	"testing"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/acctest"
)

func TestPeopleBetweenAddressesThroughTheRealCLI(t *testing.T) {
	t.Parallel()
	tn := acctest.NewTenant(t)
	team := func(name string, pairs users) string {
		return strings.Replace(manyStates(pairs), `"test"`, `"`+name+`"`, 1)
	}
	single := func(name, key string) string {
		return `resource "entramfa_user_mfa_state" "` + name + `" {` + "\n  user_principal_name = \"" + key + "\"\n  state = \"enabled\"\n}\n"
	}
	w := tn.Workspace(t, map[string]string{
		"main.tf": acctest.Block() + team("sales", users{acctest.MeganUPN, "enabled", acctest.DiegoUPN, "enabled"}) + team("support", users{acctest.ObrienUPN, "enabled"}) + single("adele", acctest.AdeleUPN),
	}, "ARM_TENANT_ID="+acctest.TenantID, "ARM_CLIENT_ID="+acctest.AppID, "ARM_CLIENT_SECRET="+acctest.AppSecret)
	w.Expect(0, "apply", "-input=false", "-auto-approve")

	// From one map to the other in one apply.
	moved := acctest.Block() + team("sales", users{acctest.DiegoUPN, "enabled"}) + team("support", users{acctest.ObrienUPN, "enabled", acctest.MeganUPN, "enabled"})
	w.Write("main.tf", moved+single("adele", acctest.AdeleUPN))
	w.Expect(0, "apply", "-input=false", "-auto-approve")
	w.Expect(0, "plan", "-input=false", "-detailed-exitcode")
	if err := tn.StateIs(acctest.MeganID, "enabled"); err != nil {
		t.Error(err)
	}

	// Replaced without a moment of being disabled.
	tn.ForgetRequests(t)
	w.Expect(0, "apply", "-input=false", "-auto-approve", "-replace=entramfa_user_mfa_state.adele", "-replace=entramfa_user_mfa_states.sales")
	if n := tn.Writes(); n != 0 {
		t.Errorf("replacing resources with the same people has written %d states", n)
	}

	// Another name without a moved block, two wishes, and what the messages advise.
	w.Write("main.tf", moved+single("vance", acctest.AdeleUPN))
	w.Sees(w.Expect(1, "plan", "-input=false"), acctest.AdeleUPN, "would lose per-user MFA on the way to another resource", "removed {", "moved {")
	w.Write("main.tf", moved+single("adele", acctest.AdeleUPN)+single("again", acctest.AdeleUPN))
	w.Sees(w.Expect(1, "plan", "-input=false"), acctest.AdeleUPN+" is managed by two resources of this run")
	w.Write("main.tf", moved+single("vance", acctest.AdeleUPN)+"moved {\n  from = entramfa_user_mfa_state.adele\n  to = entramfa_user_mfa_state.vance\n}\n")
	w.Sees(w.Expect(0, "apply", "-input=false", "-auto-approve"), "0 added, 0 changed, 0 destroyed")
	last := team("last", users{acctest.AdeleUPN, "enabled"})
	w.Write("main.tf", moved+last+"moved {\n  from = entramfa_user_mfa_state.vance\n  to = entramfa_user_mfa_states.last\n}\n")
	if strings.Contains(acctest.ProviderHost(t), "opentofu") {
		// OpenTofu 1.12 reads the identity of the one type by the schema of the other. TestMovedToTheMapAndBack moves without a CLI.
		w.Sees(w.Expect(1, "plan", "-input=false"), `attribute "user_ids" is required`)
		last = single("vance", acctest.AdeleUPN)
	} else {
		w.Sees(w.Expect(0, "apply", "-input=false", "-auto-approve"), "0 added, 0 changed, 0 destroyed")
	}
	if n := tn.Writes(); n != 0 {
		t.Errorf("moved blocks have written %d states", n)
	}

	// A saved plan that has become stale.
	w.Write("main.tf", acctest.Block()+team("sales", users{acctest.DiegoUPN, "disabled"})+team("support", users{acctest.ObrienUPN, "enabled", acctest.MeganUPN, "enabled"})+last)
	w.Expect(0, "apply", "-input=false", "-auto-approve")
	w.Write("main.tf", acctest.Block()+team("support", users{acctest.ObrienUPN, "enabled", acctest.MeganUPN, "enabled"})+last)
	w.Expect(0, "plan", "-input=false", "-out=stale")
	tn.SetState(acctest.DiegoID, "enabled")()
	w.Sees(w.Expect(1, "apply", "-input=false", "stale"), "The per-user MFA state of 1 user changed since the plan was made", acctest.DiegoUPN+": disabled in the plan, enforced now")
	if err := tn.StateIs(acctest.DiegoID, "enforced"); err != nil {
		t.Error(err)
	}
	w.Sees(w.Expect(0, "apply", "-input=false", "-auto-approve"), "Per-user MFA stops applying to "+acctest.DiegoUPN)
	w.Expect(0, "plan", "-input=false", "-detailed-exitcode")
}

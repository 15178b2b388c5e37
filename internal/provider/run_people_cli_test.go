package provider_test

import (
	"os"
	"strings"
	"testing"
)

func TestPeopleBetweenAddressesThroughTheRealCLI(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	team := func(name string, pairs users) string {
		return strings.Replace(manyStates(pairs), `"test"`, `"`+name+`"`, 1)
	}
	single := func(name, key string) string {
		return `resource "entramfa_user_mfa_state" "` + name + `" {` + "\n  user_principal_name = \"" + key + "\"\n  state = \"enabled\"\n}\n"
	}
	w := tn.workspace(t, map[string]string{
		"main.tf": block() + team("sales", users{meganUPN, "enabled", diegoUPN, "enabled"}) + team("support", users{obrienUPN, "enabled"}) + single("adele", adeleUPN),
	}, "ARM_TENANT_ID="+tenantID, "ARM_CLIENT_ID="+appID, "ARM_CLIENT_SECRET="+appSecret)
	w.expect(0, "apply", "-input=false", "-auto-approve")

	// From one map to the other in one apply.
	moved := block() + team("sales", users{diegoUPN, "enabled"}) + team("support", users{obrienUPN, "enabled", meganUPN, "enabled"})
	w.write("main.tf", moved+single("adele", adeleUPN))
	w.expect(0, "apply", "-input=false", "-auto-approve")
	w.expect(0, "plan", "-input=false", "-detailed-exitcode")
	if err := tn.stateIs(meganID, "enabled"); err != nil {
		t.Error(err)
	}

	// Replaced without a moment of being disabled.
	tn.forgetRequests(t)
	w.expect(0, "apply", "-input=false", "-auto-approve", "-replace=entramfa_user_mfa_state.adele", "-replace=entramfa_user_mfa_states.sales")
	if n := tn.writes(); n != 0 {
		t.Errorf("replacing resources with the same people has written %d states", n)
	}

	// Another name without a moved block, two wishes, and what the messages advise.
	w.write("main.tf", moved+single("vance", adeleUPN))
	w.sees(w.expect(1, "plan", "-input=false"), adeleUPN, "would lose per-user MFA on the way to another resource", "removed {", "moved {")
	w.write("main.tf", moved+single("adele", adeleUPN)+single("again", adeleUPN))
	w.sees(w.expect(1, "plan", "-input=false"), adeleUPN+" is managed by two resources of this run")
	w.write("main.tf", moved+single("vance", adeleUPN)+"moved {\n  from = entramfa_user_mfa_state.adele\n  to = entramfa_user_mfa_state.vance\n}\n")
	w.sees(w.expect(0, "apply", "-input=false", "-auto-approve"), "0 added, 0 changed, 0 destroyed")
	last := team("last", users{adeleUPN, "enabled"})
	w.write("main.tf", moved+last+"moved {\n  from = entramfa_user_mfa_state.vance\n  to = entramfa_user_mfa_states.last\n}\n")
	if strings.Contains(os.Getenv("TF_ACC_PROVIDER_HOST"), "opentofu") {
		// OpenTofu 1.12 reads the identity of the one type by the schema of the other. TestMovedToTheMapAndBack moves without a CLI.
		w.sees(w.expect(1, "plan", "-input=false"), `attribute "user_ids" is required`)
		last = single("vance", adeleUPN)
	} else {
		w.sees(w.expect(0, "apply", "-input=false", "-auto-approve"), "0 added, 0 changed, 0 destroyed")
	}
	if n := tn.writes(); n != 0 {
		t.Errorf("moved blocks have written %d states", n)
	}

	// A saved plan that has become stale.
	w.write("main.tf", block()+team("sales", users{diegoUPN, "disabled"})+team("support", users{obrienUPN, "enabled", meganUPN, "enabled"})+last)
	w.expect(0, "apply", "-input=false", "-auto-approve")
	w.write("main.tf", block()+team("support", users{obrienUPN, "enabled", meganUPN, "enabled"})+last)
	w.expect(0, "plan", "-input=false", "-out=stale")
	tn.setState(diegoID, "enabled")()
	w.sees(w.expect(1, "apply", "-input=false", "stale"), "The per-user MFA state of 1 user changed since the plan was made", diegoUPN+": disabled in the plan, enforced now")
	if err := tn.stateIs(diegoID, "enforced"); err != nil {
		t.Error(err)
	}
	w.sees(w.expect(0, "apply", "-input=false", "-auto-approve"), "Per-user MFA stops applying to "+diegoUPN)
	w.expect(0, "plan", "-input=false", "-detailed-exitcode")
}

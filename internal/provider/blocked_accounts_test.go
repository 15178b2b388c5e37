package provider_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
)

// blockedTenant is the tenant of the tests in which the sign-in of some users is blocked, with more blocked members.
func blockedTenant(t *testing.T, members int, blocked ...string) *tenant {
	t.Helper()
	people := testTenant()
	for i := range people.Users {
		for _, id := range blocked {
			if people.Users[i].ID == id {
				people.Users[i].AccountEnabled = new(false)
			}
		}
	}
	for i := range members {
		people.Users = append(people.Users, control.User{ID: memberID(i), UserPrincipalName: memberUPN(i), AccountEnabled: new(false)})
	}
	return startTenant(t, people, quick())
}

// blockedWarnings are the warnings of a plan that are about blocked accounts.
func blockedWarnings(report *outcome, block string) []string {
	var found []string
	for _, warning := range report.warnings[block] {
		if says("per-user MFA: Sign-in is blocked").MatchString(warning) {
			found = append(found, warning)
		}
	}
	return found
}

func TestAPlanThatWritesAStateForABlockedAccountSaysSoOnce(t *testing.T) {
	t.Parallel()
	var crowd []string
	for i := range 13 {
		crowd = append(crowd, memberUPN(i), "enabled")
	}
	const one, harmless = "A blocked account gets per-user MFA: Sign-in is blocked (accountEnabled is false): ", "cannot register a method. The state is written all the same and takes effect once the account is unblocked, so it does no harm."
	const mailbox = "often a shared mailbox, which is usually left out. The data source entramfa_user_mfa_states leaves such accounts out with account_enabled = true."
	promoted := singleOf(alexID, "enforced", "allow_promotion", true)
	for name, c := range map[string]struct {
		before, after configuration
		// want is what the warning says; without it there is none.
		want []string
	}{
		"a single one":                    {nil, configuration{"x": singleOf(adeleUPN, "enabled")}, []string{one + "Adele Vance (" + adeleUPN + "). This account cannot sign in", harmless, mailbox}},
		"a single one, promoted":          {nil, configuration{"x": promoted}, []string{one + "Alex Wilber", harmless}},
		"a single one of the state":       {configuration{"x": singleOf(adeleUPN, "disabled")}, configuration{"x": singleOf(adeleUPN, "enabled")}, []string{one + "Adele Vance"}},
		"a single one as disabled":        {nil, configuration{"x": singleOf(adeleUPN, "disabled")}, nil},
		"a single one is adopted":         {nil, configuration{"x": singleOf(meganUPN, "enabled")}, nil},
		"a single one as it is":           {configuration{"x": singleOf(adeleUPN, "enabled")}, configuration{"x": singleOf(adeleUPN, "enabled")}, nil},
		"a single one is disabled":        {configuration{"x": singleOf(adeleUPN, "enabled")}, configuration{"x": singleOf(adeleUPN, "disabled")}, nil},
		"a single one not blocked":        {nil, configuration{"x": singleOf(obrienUPN, "enabled")}, nil},
		"one of a map":                    {nil, configuration{"x": mapOf(adeleUPN, "enabled", obrienUPN, "enabled")}, []string{one + adeleUPN + ". This account cannot", harmless, mailbox}},
		"two of a map":                    {nil, configuration{"x": mapOf(adeleUPN, "enabled", guestID, "enabled", obrienUPN, "enabled")}, []string{"2 blocked accounts get per-user MFA: ", guestID + " (" + guestUPN + "), " + adeleUPN + ". These accounts cannot", harmless}},
		"many of a map":                   {nil, configuration{"x": mapOf(crowd...)}, []string{"13 blocked accounts get per-user MFA: ", memberUPN(9) + " and 3 more. These accounts cannot"}},
		"new in a map":                    {configuration{"x": mapOf(obrienUPN, "enabled")}, configuration{"x": mapOf(obrienUPN, "enabled", adeleUPN, "enabled")}, []string{one + adeleUPN + ". "}},
		"disabled in a map":               {nil, configuration{"x": mapOf(adeleUPN, "disabled", obrienUPN, "enabled")}, nil},
		"adopted in a map":                {nil, configuration{"x": mapOf(meganUPN, "enabled", obrienUPN, "enabled")}, nil},
		"as they are in a map":            {configuration{"x": mapOf(adeleUPN, "enabled")}, configuration{"x": mapOf(adeleUPN, "enabled")}, nil},
		"not blocked in a map":            {nil, configuration{"x": mapOf(obrienUPN, "enabled")}, nil},
		"changed in a map, not looked up": {configuration{"x": mapOf(adeleUPN, "disabled")}, configuration{"x": mapOf(adeleUPN, "enabled")}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tn := blockedTenant(t, 13, adeleID, alexID, meganID, guestID)
			played := tn.plays(t)
			if c.before != nil {
				succeeds(t, played.apply(c.before))
			}
			found := blockedWarnings(succeeds(t, played.plan(c.after)), "x")
			if len(c.want) == 0 {
				if len(found) != 0 {
					t.Errorf("the plan warns %q", found)
				}
				return
			}
			if len(found) != 1 || !says(c.want...).MatchString(found[0]) {
				t.Errorf("the plan warns %q, want %q once", found, c.want)
			}
			if strings.Contains(found[0], obrienUPN) {
				t.Errorf("the plan warns of an account that is not blocked: %q", found)
			}
			succeeds(t, played.apply(c.after))
			if report := succeeds(t, played.plan(c.after)); len(report.changed) != 0 || len(report.warnings) != 0 {
				t.Errorf("the plan after the apply is not silent:\n%s", report)
			}
		})
	}
}

func TestAWarningOfBlockedAccountsCostsNoRequest(t *testing.T) {
	t.Parallel()
	requests := func(blocked ...string) int {
		tn := blockedTenant(t, 0, blocked...)
		played := tn.plays(t)
		succeeds(t, played.apply(configuration{"x": singleOf(adeleUPN, "disabled"), "y": mapOf(obrienUPN, "disabled")}))
		tn.forgetRequests(t)
		report := succeeds(t, played.plan(configuration{"x": singleOf(adeleUPN, "enabled"), "y": mapOf(obrienUPN, "enabled", guestUPN, "enabled")}))
		if warned := fmt.Sprint(blockedWarnings(report, "x"), blockedWarnings(report, "y")); (len(blocked) > 0) != says(adeleUPN, guestUPN).MatchString(warned) {
			t.Errorf("%d accounts are blocked, and the plan warns %s", len(blocked), warned)
		}
		sent, err := tn.Requests(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		return len(sent)
	}
	if without, with := requests(), requests(adeleID, guestID); with != without || with == 0 {
		t.Errorf("a plan of blocked accounts sends %d requests, one of others %d", with, without)
	}
}

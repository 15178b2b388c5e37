package peruser_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/acctest"
)

// blockedTenant is the tenant of the tests in which the sign-in of some users is blocked, with more blocked members.
func blockedTenant(t *testing.T, members int, blocked ...string) *acctest.Tenant {
	t.Helper()
	people := acctest.Contoso()
	for i := range people.Users {
		for _, id := range blocked {
			if people.Users[i].ID == id {
				people.Users[i].AccountEnabled = new(false)
			}
		}
	}
	for i := range members {
		people.Users = append(people.Users, control.User{ID: acctest.MemberID(i), UserPrincipalName: acctest.MemberUPN(i), AccountEnabled: new(false)})
	}
	return acctest.StartTenant(t, people, acctest.Quick())
}

// blockedWarnings are the warnings of a plan that are about blocked accounts.
func blockedWarnings(report *acctest.Outcome, block string) []string {
	var found []string
	for _, warning := range report.Warnings[block] {
		if acctest.Says("per-user MFA: Sign-in is blocked").MatchString(warning) {
			found = append(found, warning)
		}
	}
	return found
}

func TestAPlanThatWritesAStateForABlockedAccountSaysSoOnce(t *testing.T) {
	t.Parallel()
	var crowd []string
	for i := range 13 {
		crowd = append(crowd, acctest.MemberUPN(i), "enabled")
	}
	const one, harmless = "A blocked account gets per-user MFA: Sign-in is blocked (accountEnabled is false): ", "cannot register a method. The state is written all the same and takes effect once the account is unblocked, so it does no harm."
	const mailbox = "often a shared mailbox, which is usually left out. The data source entramfa_user_mfa_states leaves such accounts out with account_enabled = true."
	promoted := singleOf(acctest.AlexID, "enforced", "allow_promotion", true)
	for name, c := range map[string]struct {
		before, after acctest.Configuration
		// want is what the warning says; without it there is none.
		want []string
	}{
		"a single one":                    {nil, acctest.Configuration{"x": singleOf(acctest.AdeleUPN, "enabled")}, []string{one + "Adele Vance (" + acctest.AdeleUPN + "). This account cannot sign in", harmless, mailbox}},
		"a single one, promoted":          {nil, acctest.Configuration{"x": promoted}, []string{one + "Alex Wilber", harmless}},
		"a single one of the state":       {acctest.Configuration{"x": singleOf(acctest.AdeleUPN, "disabled")}, acctest.Configuration{"x": singleOf(acctest.AdeleUPN, "enabled")}, []string{one + "Adele Vance"}},
		"a single one as disabled":        {nil, acctest.Configuration{"x": singleOf(acctest.AdeleUPN, "disabled")}, nil},
		"a single one is adopted":         {nil, acctest.Configuration{"x": singleOf(acctest.MeganUPN, "enabled")}, nil},
		"a single one as it is":           {acctest.Configuration{"x": singleOf(acctest.AdeleUPN, "enabled")}, acctest.Configuration{"x": singleOf(acctest.AdeleUPN, "enabled")}, nil},
		"a single one is disabled":        {acctest.Configuration{"x": singleOf(acctest.AdeleUPN, "enabled")}, acctest.Configuration{"x": singleOf(acctest.AdeleUPN, "disabled")}, nil},
		"a single one not blocked":        {nil, acctest.Configuration{"x": singleOf(acctest.ObrienUPN, "enabled")}, nil},
		"one of a map":                    {nil, acctest.Configuration{"x": mapOf(acctest.AdeleUPN, "enabled", acctest.ObrienUPN, "enabled")}, []string{one + acctest.AdeleUPN + ". This account cannot", harmless, mailbox}},
		"two of a map":                    {nil, acctest.Configuration{"x": mapOf(acctest.AdeleUPN, "enabled", acctest.GuestID, "enabled", acctest.ObrienUPN, "enabled")}, []string{"2 blocked accounts get per-user MFA: ", acctest.GuestID + " (" + acctest.GuestUPN + "), " + acctest.AdeleUPN + ". These accounts cannot", harmless}},
		"many of a map":                   {nil, acctest.Configuration{"x": mapOf(crowd...)}, []string{"13 blocked accounts get per-user MFA: ", acctest.MemberUPN(9) + " and 3 more. These accounts cannot"}},
		"new in a map":                    {acctest.Configuration{"x": mapOf(acctest.ObrienUPN, "enabled")}, acctest.Configuration{"x": mapOf(acctest.ObrienUPN, "enabled", acctest.AdeleUPN, "enabled")}, []string{one + acctest.AdeleUPN + ". "}},
		"disabled in a map":               {nil, acctest.Configuration{"x": mapOf(acctest.AdeleUPN, "disabled", acctest.ObrienUPN, "enabled")}, nil},
		"adopted in a map":                {nil, acctest.Configuration{"x": mapOf(acctest.MeganUPN, "enabled", acctest.ObrienUPN, "enabled")}, nil},
		"as they are in a map":            {acctest.Configuration{"x": mapOf(acctest.AdeleUPN, "enabled")}, acctest.Configuration{"x": mapOf(acctest.AdeleUPN, "enabled")}, nil},
		"not blocked in a map":            {nil, acctest.Configuration{"x": mapOf(acctest.ObrienUPN, "enabled")}, nil},
		"changed in a map, not looked up": {acctest.Configuration{"x": mapOf(acctest.AdeleUPN, "disabled")}, acctest.Configuration{"x": mapOf(acctest.AdeleUPN, "enabled")}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tn := blockedTenant(t, 13, acctest.AdeleID, acctest.AlexID, acctest.MeganID, acctest.GuestID)
			played := tn.Plays(t)
			if c.before != nil {
				acctest.Succeeds(t, played.Apply(c.before))
			}
			found := blockedWarnings(acctest.Succeeds(t, played.Plan(c.after)), "x")
			if len(c.want) == 0 {
				if len(found) != 0 {
					t.Errorf("the plan warns %q", found)
				}
				return
			}
			if len(found) != 1 || !acctest.Says(c.want...).MatchString(found[0]) {
				t.Errorf("the plan warns %q, want %q once", found, c.want)
			}
			if strings.Contains(found[0], acctest.ObrienUPN) {
				t.Errorf("the plan warns of an account that is not blocked: %q", found)
			}
			acctest.Succeeds(t, played.Apply(c.after))
			if report := acctest.Succeeds(t, played.Plan(c.after)); len(report.Changed) != 0 || len(report.Warnings) != 0 {
				t.Errorf("the plan after the apply is not silent:\n%s", report)
			}
		})
	}
}

func TestAWarningOfBlockedAccountsCostsNoRequest(t *testing.T) {
	t.Parallel()
	requests := func(blocked ...string) int {
		tn := blockedTenant(t, 0, blocked...)
		played := tn.Plays(t)
		acctest.Succeeds(t, played.Apply(acctest.Configuration{"x": singleOf(acctest.AdeleUPN, "disabled"), "y": mapOf(acctest.ObrienUPN, "disabled")}))
		tn.ForgetRequests(t)
		report := acctest.Succeeds(t, played.Plan(acctest.Configuration{"x": singleOf(acctest.AdeleUPN, "enabled"), "y": mapOf(acctest.ObrienUPN, "enabled", acctest.GuestUPN, "enabled")}))
		if warned := fmt.Sprint(blockedWarnings(report, "x"), blockedWarnings(report, "y")); (len(blocked) > 0) != acctest.Says(acctest.AdeleUPN, acctest.GuestUPN).MatchString(warned) {
			t.Errorf("%d accounts are blocked, and the plan warns %s", len(blocked), warned)
		}
		return len(tn.RequestLog())
	}
	if without, with := requests(), requests(acctest.AdeleID, acctest.GuestID); with != without || with == 0 {
		t.Errorf("a plan of blocked accounts sends %d requests, one of others %d", with, without)
	}
}

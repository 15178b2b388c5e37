package peruser

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/mfa"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/resourcekit"
)

// summaries are those of findings, which are all warnings at an attribute, but for the one about everybody who changes.
func summaries(t *testing.T, found []resourcekit.Finding) (all []string) {
	t.Helper()
	for _, f := range found {
		all = append(all, f.Summary)
		if f.Refuses || (len(f.At.Steps()) == 0) != strings.HasPrefix(f.Summary, "Per-user MFA: ") || strings.Contains(f.Detail, "%!") {
			t.Errorf("%+v", f)
		}
	}
	return all
}

// TestAPlanTellsOfOneUserWhatItTellsOfMany holds the messages of both resources against each other: for every combination of facts either
// both warn of a user or neither does. Of many, the warning about those who change also has who gains, of whom one resource for each user says
// nothing: the plan shows the change, and a thousand warnings would show nothing else.
func TestAPlanTellsOfOneUserWhatItTellsOfMany(t *testing.T) {
	t.Parallel()
	model := &userMFAStateModel{ID: types.StringValue(firstID), UserPrincipalName: types.StringValue(firstUPN), Name: types.StringValue(firstUPN)}
	told := map[string]string{}
	for _, wanted := range append(mfa.States(), "") {
		for _, current := range mfa.States() {
			for _, managed := range []bool{false, true} {
				for _, isBlocked := range []bool{false, true} {
					f := facts{wanted: wanted, current: current, managed: managed, was: current, blocked: isBlocked}
					d := decide(f)
					one := summaries(t, d.findings(f, model, firstUPN, false))
					var many plannedUsers
					many.add(d, firstUPN, current)
					of := summaries(t, many.findings())
					if d.write != "" && !d.loses && !d.mayLose && current != mfa.Enforced {
						if want := map[mfa.State]string{mfa.Disabled: "gains it", mfa.Enabled: "is enforced"}[current]; of[0] != "Per-user MFA: 1 "+want+" ("+firstUPN+")" {
							t.Errorf("%+v: many are told of by %q, want %s", f, of, want)
						}
						of = of[1:]
					}
					if len(one) != len(of) || len(one) > 1 {
						t.Errorf("%+v: one user is told of by %q, many by %q", f, one, of)
					} else if len(one) == 1 {
						told[one[0]] = of[0]
					}
				}
			}
		}
	}
	want := map[string]string{
		"Per-user MFA stops applying to a user":         "Per-user MFA: 1 loses it (" + firstUPN + ")",
		"Per-user MFA may stop applying to " + firstUPN: "Per-user MFA: 1 may lose it (" + firstUPN + ")",
		"A user is adopted as they are":                 "Per-user MFA: 1 is adopted (" + firstUPN + ")",
		"A blocked account gets per-user MFA":           "A blocked account gets per-user MFA",
	}
	if diff := cmp.Diff(want, told); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

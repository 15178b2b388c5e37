package provider_test

import (
	"strings"
	"testing"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/acctest"
)

func TestTheGuardKnowsItsAccountsInAnyCase(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		guard  map[string]any
		policy map[string]any
	}{
		"by id":    {acctest.Guard("user_ids", strings.ToUpper(acctest.RescueID)), map[string]any{"state": "enabled", "include": acctest.Targets(nil, []string{acctest.RescueID}, nil)}},
		"by group": {acctest.Guard("group_ids", strings.ToUpper(acctest.RescueGroupID)), map[string]any{"state": "enabled", "include": acctest.Targets(nil, nil, []string{acctest.RescueGroupID})}},
		"both":     {acctest.Guard("user_ids", strings.ToUpper(acctest.RescueID)), map[string]any{"state": "enabled", "include": acctest.Targets(nil, []string{strings.ToUpper(acctest.RescueID)}, nil)}},
		"by name":  {acctest.Guard("user_principal_names", strings.ToUpper(acctest.RescueUPN)), map[string]any{"state": "enabled", "include": acctest.Targets(nil, []string{acctest.RescueID}, nil)}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := acctest.NewMachine(t, acctest.CampaignTenant())
			m.Block = c.guard
			running := m.Process()
			_, diagnostics := running.Plan(acctest.PolicyTypeName, acctest.Kept{}, c.policy)
			if found := strings.Join(acctest.Problems(diagnostics), "\n"); !acctest.Says("Emergency access accounts would be asked to register").MatchString(found) {
				t.Errorf("the plan says %q", found)
			}
			if name == "by group" {
				// That the excluded group is the guard's own is known without a look-up, and is no loss.
				_, diagnostics := m.Process().Plan(acctest.PolicyTypeName, m.ApplyAll(acctest.PolicyTypeName, acctest.Kept{}, map[string]any{"state": "enabled", "include": acctest.Targets(nil, []string{acctest.AdeleID}, nil)}),
					map[string]any{"state": "enabled", "include": acctest.Targets(true, nil, nil), "exclude": acctest.Targets(nil, nil, []string{acctest.RescueGroupID})})
				if found := append(acctest.Problems(diagnostics), acctest.Warnings(diagnostics)...); len(found) > 0 {
					t.Errorf("the plan says %q", found)
				}
				return
			}
			for _, state := range []string{"enabled", "enforced"} {
				user := map[string]any{"user_id": strings.ToUpper(acctest.RescueID), "state": state, "allow_promotion": true, "on_destroy": "disable"}
				_, diagnostics := running.Plan(acctest.TypeName, acctest.Kept{}, user)
				if found := strings.Join(acctest.Problems(diagnostics), "\n"); !acctest.Says("Emergency access account " + acctest.RescueUPN + " would need MFA").MatchString(found) {
					t.Errorf("the plan of %s says %q", state, found)
				}
			}
		})
	}
}

package campaign_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/acctest"
)

func TestAPolicyThatAsksAccountsOfTheGuardIsRefusedWithTheLineToWrite(t *testing.T) {
	t.Parallel()
	var members []string
	for i := range 25 {
		members = append(members, acctest.MemberID(i))
	}
	enabled := func(include, exclude any) map[string]any {
		return map[string]any{"state": "enabled", "include": include, "exclude": exclude}
	}
	everybody := acctest.Targets(true, nil, nil)
	nobody := tftypes.NewValue(everybody.Type(), nil)
	const refusal = "Emergency access accounts would be asked to register"
	for name, c := range map[string]struct {
		guard  map[string]any
		config map[string]any
		denied string
		// at is the attribute that the error stands at.
		at   string
		want []string
	}{
		"one":                 {acctest.Guard("user_ids", acctest.RescueID), enabled(everybody, nobody), "", "include", []string{refusal, "1 emergency access account:", acctest.RescueUPN, fmt.Sprintf("Write:\n\n  exclude = { user_ids = [%q] }", acctest.RescueID)}},
		"one more":            {acctest.Guard("user_ids", acctest.RescueID), enabled(everybody, acctest.Targets(nil, []string{acctest.AdeleID}, nil)), "", "exclude", []string{refusal, fmt.Sprintf("exclude = {\n user_ids = [\n %q,\n %q,\n ]\n }", acctest.AdeleID, acctest.RescueID)}},
		"two of one group":    {acctest.Guard("group_ids", acctest.StaffID), enabled(everybody, nobody), "", "include", []string{refusal, "2 emergency access accounts:", fmt.Sprintf("exclude = { group_ids = [%q] }", acctest.StaffID)}},
		"many":                {acctest.Guard("user_ids", members...), enabled(everybody, nobody), "", "include", []string{refusal, "25 emergency access accounts:", acctest.MemberUPN(19), "- and 5 more", "Add to exclude:"}},
		"as many as are told": {acctest.Guard("user_ids", members[:10]...), enabled(everybody, nobody), "", "include", []string{refusal, "10 emergency access accounts:", acctest.MemberUPN(9), "Write:\n\n exclude = {"}},
		"memberships unseen":  {acctest.Guard("user_ids", acctest.RescueID), enabled(acctest.Targets(nil, nil, []string{acctest.StaffID}), nobody), "/checkMemberGroups$", "include", []string{"Insufficient privileges"}},
		"nor those excluded":  {acctest.Guard("user_ids", acctest.RescueID), enabled(everybody, acctest.Targets(nil, nil, []string{acctest.LeaversID})), "/checkMemberGroups$", "exclude", []string{"Insufficient privileges"}},
		"not when disabled":   {acctest.Guard("user_ids", acctest.RescueID), acctest.Having(enabled(everybody, nobody), "state", "disabled"), "", "", nil},
		"state to come":       {acctest.Guard("user_ids", acctest.RescueID), acctest.Having(enabled(everybody, nobody), "state", tftypes.NewValue(tftypes.String, tftypes.UnknownValue)), "", "", nil},
		"exclude to come":     {acctest.Guard("user_ids", acctest.RescueID), enabled(everybody, tftypes.NewValue(everybody.Type(), tftypes.UnknownValue)), "", "", nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			people := acctest.CampaignTenant()
			for i, id := range members {
				people.Users = append(people.Users, control.User{ID: id, UserPrincipalName: acctest.MemberUPN(i)})
			}
			m := acctest.NewMachine(t, people)
			m.Block = c.guard
			running := m.Process()
			if c.denied != "" {
				m.Tenant.Fault(*acctest.Denied(c.denied))()
			}
			_, diagnostics := running.Plan(acctest.PolicyTypeName, acctest.Kept{}, c.config)
			found := acctest.Problems(diagnostics)
			if len(found) != min(1, len(c.want)) || !acctest.Says(c.want...).MatchString(strings.Join(found, "\n")) {
				t.Fatalf("the plan says %q, want %q", found, c.want)
			}
			for _, diagnostic := range diagnostics {
				if at := fmt.Sprintf("AttributeName(%q)", c.at); diagnostic.Severity == tfprotov6.DiagnosticSeverityError && diagnostic.Attribute.String() != at {
					t.Errorf("the error stands at %s, want %s", diagnostic.Attribute, at)
				}
			}
			if strings.Contains(strings.Join(found, "\n"), "more") != (name == "many") {
				t.Errorf("the plan says how many more there are: %q", found)
			}
		})
	}
}

package campaign_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/acctest"
)

func TestUsersAndGroupsOfAPolicyAreLookedUpBeforeThePlan(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		fault *control.Fault
		want  []string
	}{
		"an app":               {acctest.LookUpsFind(0, acctest.StaffID), []string{fmt.Sprintf("%q is not a group", acctest.StaffID), "it is the id of a servicePrincipal, Backup. A registration policy is about users and groups only"}},
		"nobody may look":      {acctest.Denied(acctest.LookUpPath), []string{"Insufficient privileges"}},
		"it is nowhere":        {acctest.LookUpsFind(0, ""), []string{fmt.Sprintf("Group %q not found", acctest.StaffID), "include.group_ids names it"}},
		"it shows later":       {acctest.LookUpsFind(1, ""), nil},
		"it shows immediately": {nil, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := acctest.NewMachine(t, acctest.CampaignTenant())
			running := m.Process()
			if c.fault != nil {
				m.Tenant.Fault(*c.fault)()
			}
			_, diagnostics := running.Plan(acctest.PolicyTypeName, acctest.Kept{}, map[string]any{"state": "enabled", "include": acctest.Targets(nil, nil, []string{acctest.StaffID})})
			found := acctest.Problems(diagnostics)
			if len(found) != min(1, len(c.want)) || !acctest.Says(c.want...).MatchString(strings.Join(found, "\n")) {
				t.Errorf("the plan says %q, want %q", found, c.want)
			}
		})
	}
}

func TestAPolicyThatAsksHasSomebodyToAsk(t *testing.T) {
	t.Parallel()
	s := acctest.NewCampaignTenant(t).PolicySession(t, nil)
	for name, c := range map[string]struct {
		config  map[string]any
		refused bool
	}{
		"enabled without include":    {map[string]any{"state": "enabled"}, true},
		"enabled, include empty":     {map[string]any{"state": "enabled", "include": s.Scope(nil, nil, nil)}, true},
		"enabled, empty lists":       {map[string]any{"state": "enabled", "include": s.Scope(false, []string{}, []string{})}, true},
		"enabled for somebody":       {map[string]any{"state": "enabled", "include": s.Scope(nil, []string{acctest.AdeleID}, nil)}, false},
		"managed without include":    {map[string]any{"state": "microsoft_managed"}, false},
		"managed, include empty":     {map[string]any{"state": "microsoft_managed", "include": s.Scope(nil, nil, nil)}, true},
		"managed for somebody":       {map[string]any{"state": "microsoft_managed", "include": s.Scope(nil, []string{acctest.AdeleID}, nil)}, false},
		"disabled without include":   {map[string]any{"state": "disabled"}, false},
		"enabled, everybody exempt":  {map[string]any{"state": "enabled", "include": s.Scope(true, nil, nil), "exclude": s.Scope(true, nil, nil)}, true},
		"disabled, everybody exempt": {map[string]any{"state": "disabled", "include": s.Scope(true, nil, nil), "exclude": s.Scope(true, nil, nil)}, false},
	} {
		validated, err := s.Server.ValidateResourceConfig(context.Background(), &tfprotov6.ValidateResourceConfigRequest{
			TypeName: acctest.PolicyTypeName, Config: acctest.Dynamic(t, acctest.ObjectOf(t, s.Type, c.config)),
		})
		if err != nil {
			t.Fatal(err)
		}
		found := strings.Join(acctest.Problems(validated.Diagnostics), "\n")
		if c.refused != acctest.Says("Registration policy without anybody in it").MatchString(found) || !c.refused && found != "" {
			t.Errorf("%s: the validation says %q", name, found)
		}
	}
}

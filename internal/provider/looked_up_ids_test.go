package provider_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/acctest"
)

// answered answers look-ups of ids with an app of this id, or with nothing.
func answered(times int, app string) *control.Fault {
	body := `{"value":[]}`
	if app != "" {
		body = fmt.Sprintf(`{"value":[{"@odata.type":"#microsoft.graph.servicePrincipal","id":%q,"displayName":"Backup"}]}`, app)
	}
	return &control.Fault{PathRegexp: acctest.LookUpPath, Times: &times, Status: http.StatusOK, Body: body, ContentType: "application/json"}
}

func TestAnAccountOfTheGuardThatCannotBeGuardedIsRefused(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		attribute, key string
		fault          *control.Fault
		want           []string
	}{
		"no such id":                 {"user_ids", acctest.NobodyID, nil, []string{"Emergency access account not found", acctest.NobodyID, "in emergency_access.user_ids does not exist"}},
		"no such name":               {"user_principal_names", "nobody@contoso.example", nil, []string{"Emergency access account not found", "nobody@contoso.example", "in emergency_access.user_principal_names does not exist"}},
		"no such group":              {"group_ids", acctest.NobodyID, nil, []string{"Emergency access account not found", acctest.NobodyID, "in emergency_access.group_ids does not exist"}},
		"an app":                     {"user_ids", acctest.NobodyID, answered(0, acctest.NobodyID), []string{"Emergency access account is not a user", `is the id of a servicePrincipal, "Backup"`, "Write the id of a user"}},
		"an app as a group":          {"group_ids", acctest.NobodyID, answered(0, acctest.NobodyID), []string{"Emergency access group is not a group", "is the id of a servicePrincipal, Backup", "Write the id of a group"}},
		"ids that nobody may see":    {"user_ids", acctest.RescueID, acctest.Denied(acctest.LookUpPath), []string{"Insufficient privileges"}},
		"names that nobody may see":  {"user_principal_names", acctest.RescueUPN, acctest.Denied("/users/" + strings.Split(acctest.RescueUPN, "@")[0]), []string{"Insufficient privileges"}},
		"groups that nobody may see": {"group_ids", acctest.RescueGroupID, acctest.Denied("/transitiveMembers"), []string{"Insufficient privileges"}},
		"not a group, and no look":   {"group_ids", acctest.RescueID, acctest.Denied(acctest.LookUpPath), []string{"Emergency access account not found", acctest.RescueID}},
		"an id that shows later":     {"user_ids", acctest.RescueID, answered(1, ""), nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := acctest.NewMachine(t, acctest.CampaignTenant())
			m.Block = acctest.Guard(c.attribute, c.key)
			if c.fault != nil {
				m.Tenant.Fault(*c.fault)()
			}
			_, diagnostics := m.Start()
			found := acctest.Problems(diagnostics)
			if len(found) != min(1, len(c.want)) || !acctest.Says(c.want...).MatchString(strings.Join(found, "\n")) {
				t.Errorf("the configuration says %q, want %q", found, c.want)
			}
		})
	}
}

func TestUsersAndGroupsOfAPolicyAreLookedUpBeforeThePlan(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		fault *control.Fault
		want  []string
	}{
		"an app":               {answered(0, acctest.StaffID), []string{fmt.Sprintf("%q is not a group", acctest.StaffID), "it is the id of a servicePrincipal, Backup. A registration policy is about users and groups only"}},
		"nobody may look":      {acctest.Denied(acctest.LookUpPath), []string{"Insufficient privileges"}},
		"it is nowhere":        {answered(0, ""), []string{fmt.Sprintf("Group %q not found", acctest.StaffID), "include.group_ids names it"}},
		"it shows later":       {answered(1, ""), nil},
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

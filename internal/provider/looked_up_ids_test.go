package provider_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
)

const lookUpPath = "/directoryObjects/getByIds$"

// denied refuses requests to a path.
func denied(path string) *control.Fault {
	return &control.Fault{
		PathRegexp: path, Times: new(0), Status: http.StatusForbidden, Code: "Authorization_RequestDenied", Message: "Insufficient privileges to complete the operation.",
	}
}

// answered answers look-ups of ids with an app of this id, or with nothing.
func answered(times int, app string) *control.Fault {
	body := `{"value":[]}`
	if app != "" {
		body = fmt.Sprintf(`{"value":[{"@odata.type":"#microsoft.graph.servicePrincipal","id":%q,"displayName":"Backup"}]}`, app)
	}
	return &control.Fault{PathRegexp: lookUpPath, Times: &times, Status: http.StatusOK, Body: body, ContentType: "application/json"}
}

func TestAnAccountOfTheGuardThatCannotBeGuardedIsRefused(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		attribute, key string
		fault          *control.Fault
		want           []string
	}{
		"no such id":                 {"user_ids", nobodyID, nil, []string{"Emergency access account not found", nobodyID, "in emergency_access.user_ids does not exist"}},
		"no such name":               {"user_principal_names", "nobody@contoso.example", nil, []string{"Emergency access account not found", "nobody@contoso.example", "in emergency_access.user_principal_names does not exist"}},
		"no such group":              {"group_ids", nobodyID, nil, []string{"Emergency access account not found", nobodyID, "in emergency_access.group_ids does not exist"}},
		"an app":                     {"user_ids", nobodyID, answered(0, nobodyID), []string{"Emergency access account is not a user", `is the id of a servicePrincipal, "Backup"`, "Write the id of a user"}},
		"an app as a group":          {"group_ids", nobodyID, answered(0, nobodyID), []string{"Emergency access group is not a group", "is the id of a servicePrincipal, Backup", "Write the id of a group"}},
		"ids that nobody may see":    {"user_ids", rescueID, denied(lookUpPath), []string{"Insufficient privileges"}},
		"names that nobody may see":  {"user_principal_names", rescueUPN, denied("/users/" + strings.Split(rescueUPN, "@")[0]), []string{"Insufficient privileges"}},
		"groups that nobody may see": {"group_ids", rescueGroupID, denied("/transitiveMembers"), []string{"Insufficient privileges"}},
		"not a group, and no look":   {"group_ids", rescueID, denied(lookUpPath), []string{"Emergency access account not found", rescueID}},
		"an id that shows later":     {"user_ids", rescueID, answered(1, ""), nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := newMachine(t, campaignTenant())
			m.block = guardOf(c.attribute, c.key)
			if c.fault != nil {
				m.tn.fault(*c.fault)()
			}
			_, diagnostics := m.start()
			found := problems(diagnostics)
			if len(found) != min(1, len(c.want)) || !says(c.want...).MatchString(strings.Join(found, "\n")) {
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
		"an app":               {answered(0, staffID), []string{fmt.Sprintf("%q is not a group", staffID), "it is the id of a servicePrincipal, Backup. A registration policy is about users and groups only"}},
		"nobody may look":      {denied(lookUpPath), []string{"Insufficient privileges"}},
		"it is nowhere":        {answered(0, ""), []string{fmt.Sprintf("Group %q not found", staffID), "include.group_ids names it"}},
		"it shows later":       {answered(1, ""), nil},
		"it shows immediately": {nil, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := newMachine(t, campaignTenant())
			running := m.process()
			if c.fault != nil {
				m.tn.fault(*c.fault)()
			}
			_, diagnostics := running.plan(policyTypeName, kept{}, map[string]any{"state": "enabled", "include": targetsOf(nil, nil, []string{staffID})})
			found := problems(diagnostics)
			if len(found) != min(1, len(c.want)) || !says(c.want...).MatchString(strings.Join(found, "\n")) {
				t.Errorf("the plan says %q, want %q", found, c.want)
			}
		})
	}
}

func TestAPolicyThatAsksHasSomebodyToAsk(t *testing.T) {
	t.Parallel()
	s := newCampaignTenant(t).policySession(t, nil)
	for name, c := range map[string]struct {
		config  map[string]any
		refused bool
	}{
		"enabled without include":    {map[string]any{"state": "enabled"}, true},
		"enabled, include empty":     {map[string]any{"state": "enabled", "include": s.scope(nil, nil, nil)}, true},
		"enabled, empty lists":       {map[string]any{"state": "enabled", "include": s.scope(false, []string{}, []string{})}, true},
		"enabled for somebody":       {map[string]any{"state": "enabled", "include": s.scope(nil, []string{adeleID}, nil)}, false},
		"managed without include":    {map[string]any{"state": "microsoft_managed"}, false},
		"managed, include empty":     {map[string]any{"state": "microsoft_managed", "include": s.scope(nil, nil, nil)}, true},
		"managed for somebody":       {map[string]any{"state": "microsoft_managed", "include": s.scope(nil, []string{adeleID}, nil)}, false},
		"disabled without include":   {map[string]any{"state": "disabled"}, false},
		"enabled, everybody exempt":  {map[string]any{"state": "enabled", "include": s.scope(true, nil, nil), "exclude": s.scope(true, nil, nil)}, true},
		"disabled, everybody exempt": {map[string]any{"state": "disabled", "include": s.scope(true, nil, nil), "exclude": s.scope(true, nil, nil)}, false},
	} {
		validated, err := s.server.ValidateResourceConfig(context.Background(), &tfprotov6.ValidateResourceConfigRequest{
			TypeName: policyTypeName, Config: dynamic(t, objectOf(t, s.typ, c.config)),
		})
		if err != nil {
			t.Fatal(err)
		}
		found := strings.Join(problems(validated.Diagnostics), "\n")
		if c.refused != says("Registration policy without anybody in it").MatchString(found) || !c.refused && found != "" {
			t.Errorf("%s: the validation says %q", name, found)
		}
	}
}

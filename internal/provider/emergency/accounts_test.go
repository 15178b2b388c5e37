package emergency_test

import (
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/acctest"
)

func TestAGuardThatGuardsNobodyIsRefused(t *testing.T) {
	t.Parallel()
	set := tftypes.Set{ElementType: tftypes.String}
	typ := tftypes.Object{AttributeTypes: map[string]tftypes.Type{"user_ids": set, "user_principal_names": set, "group_ids": set}}
	guard := func(lists map[string]any) map[string]any {
		values := map[string]tftypes.Value{}
		for name := range typ.AttributeTypes {
			values[name] = tftypes.NewValue(set, nil)
			switch given := lists[name].(type) {
			case []string:
				values[name] = acctest.StringSet(given...)
			case nil:
			default:
				values[name] = tftypes.NewValue(set, given)
			}
		}
		return map[string]any{"emergency_access": tftypes.NewValue(typ, values)}
	}
	unknown := tftypes.UnknownValue
	for name, c := range map[string]struct {
		guard map[string]any
		want  []string
	}{
		"null":             {map[string]any{"emergency_access": tftypes.NewValue(typ, nil)}, nil},
		"not known yet":    {map[string]any{"emergency_access": tftypes.NewValue(typ, unknown)}, nil},
		"nothing in it":    {guard(nil), []string{"emergency_access names nobody", "An empty guard refuses nothing", "leave emergency_access out"}},
		"empty ids":        {guard(map[string]any{"user_ids": []string{}}), []string{"emergency_access.user_ids is empty", "null or left out"}},
		"empty names":      {guard(map[string]any{"user_principal_names": []string{}}), []string{"emergency_access.user_principal_names is empty"}},
		"empty groups":     {guard(map[string]any{"group_ids": []string{}}), []string{"emergency_access.group_ids is empty"}},
		"one empty of two": {guard(map[string]any{"user_ids": []string{acctest.RescueID}, "group_ids": []string{}}), []string{"emergency_access.group_ids is empty"}},
		"a list to come":   {guard(map[string]any{"user_ids": unknown}), nil},
		"group, no users":  {guard(map[string]any{"group_ids": []string{acctest.EmptyGroupID}}), []string{"Emergency access group without users", acctest.EmptyGroupID, "has no users, so it guards nobody", "remove it from emergency_access.group_ids"}},
		"beside one":       {guard(map[string]any{"user_ids": []string{acctest.RescueID}, "group_ids": []string{acctest.EmptyGroupID}}), []string{"Emergency access group without users"}},
		"swapped":          {guard(map[string]any{"user_ids": []string{acctest.RescueGroupID}, "group_ids": []string{acctest.RescueID}}), []string{"Emergency access account is a group", "emergency_access.group_ids", "Emergency access group is a user", "emergency_access.user_ids"}},
		"somebody":         {guard(map[string]any{"user_ids": []string{acctest.RescueID}}), nil},
		"in upper case":    {guard(map[string]any{"user_ids": []string{strings.ToUpper(acctest.RescueID)}, "group_ids": []string{strings.ToUpper(acctest.RescueGroupID)}}), nil},
		"a name as an id":  {guard(map[string]any{"user_ids": []string{"22222222-bbbb-4bbb-8bbb-0000000000ff"}}), []string{"Emergency access account not found"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := acctest.NewMachine(t, acctest.CampaignTenant())
			m.Block = c.guard
			_, diagnostics := m.Start()
			if found := strings.Join(acctest.Problems(diagnostics), "\n"); (found == "") != (c.want == nil) || !acctest.Says(c.want...).MatchString(found) {
				t.Errorf("the configuration says %q, want %q", found, c.want)
			}
		})
	}
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
		"an app":                     {"user_ids", acctest.NobodyID, acctest.LookUpsFind(0, acctest.NobodyID), []string{"Emergency access account is not a user", `is the id of a servicePrincipal, "Backup"`, "Write the id of a user"}},
		"an app as a group":          {"group_ids", acctest.NobodyID, acctest.LookUpsFind(0, acctest.NobodyID), []string{"Emergency access group is not a group", "is the id of a servicePrincipal, Backup", "Write the id of a group"}},
		"ids that nobody may see":    {"user_ids", acctest.RescueID, acctest.Denied(acctest.LookUpPath), []string{"Insufficient privileges"}},
		"names that nobody may see":  {"user_principal_names", acctest.RescueUPN, acctest.Denied("/users/" + strings.Split(acctest.RescueUPN, "@")[0]), []string{"Insufficient privileges"}},
		"groups that nobody may see": {"group_ids", acctest.RescueGroupID, acctest.Denied("/transitiveMembers"), []string{"Insufficient privileges"}},
		"not a group, and no look":   {"group_ids", acctest.RescueID, acctest.Denied(acctest.LookUpPath), []string{"Emergency access account not found", acctest.RescueID}},
		"an id that shows later":     {"user_ids", acctest.RescueID, acctest.LookUpsFind(1, ""), nil},
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

package campaign

import (
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client"
)

func userObject(id, upn, name string) client.DirectoryObject {
	return client.DirectoryObject{ID: id, ODataType: "#microsoft.graph.user", UserPrincipalName: upn, DisplayName: name}
}

func groupObject(id, name string) client.DirectoryObject {
	return client.DirectoryObject{ID: id, ODataType: "#microsoft.graph.group", DisplayName: name}
}

func TestHowUsersAndGroupsAreLabelled(t *testing.T) {
	for want, object := range map[string]client.DirectoryObject{
		"user Adele Vance (adele@contoso.example)": userObject(someIDs[0], "adele@contoso.example", "Adele Vance"),
		"user adele@contoso.example":               userObject(someIDs[0], "adele@contoso.example", ""),
		"group Staff":                              groupObject(someIDs[0], "Staff"),
		"servicePrincipal Backup":                  {ID: someIDs[0], ODataType: "#microsoft.graph.servicePrincipal", DisplayName: "Backup"},
		// An app that may not read groups learns the id only.
		"": groupObject(someIDs[0], ""),
	} {
		if have := label(object); have != want {
			t.Errorf("%+v is %q, want %q", object, have, want)
		}
	}
}

func TestWhoIsAskedInWords(t *testing.T) {
	user := func(id string) client.CampaignTarget {
		return client.CampaignTarget{ID: id, TargetType: client.TargetUser}
	}
	group := func(id string) client.CampaignTarget {
		return client.CampaignTarget{ID: id, TargetType: client.TargetGroup}
	}
	all := group(client.AllUsers)
	names := map[string]string{someIDs[0]: "user Adele Vance (adele@contoso.example)", someIDs[1]: "group Staff", someIDs[2]: "group Leavers"}
	many := []client.CampaignTarget{group(someIDs[1])}
	for _, last := range "456789" {
		many = append(many, user("aaaaaaaa-0000-4000-8000-00000000000"+string(last)))
	}
	targets := func(targets ...client.CampaignTarget) []client.CampaignTarget { return targets }
	for want, campaign := range map[string]client.RegistrationCampaign{
		"all users":                                {State: client.CampaignMicrosoftManaged, Include: targets(all)},
		"all users, except group Staff":            {State: client.CampaignEnabled, Include: targets(all), Exclude: targets(group(strings.ToUpper(someIDs[1])))},
		"group " + someIDs[3]:                      {State: client.CampaignEnabled, Include: targets(group(someIDs[3]))},
		"nobody, because all users are excluded":   {State: client.CampaignEnabled, Include: targets(all), Exclude: targets(all)},
		"nobody, because nobody is included":       {State: client.CampaignEnabled},
		"nobody, because the campaign is disabled": {State: client.CampaignDisabled, Include: targets(all)},
		"group Staff, user Adele Vance (adele@contoso.example), except group Leavers": {
			State: client.CampaignEnabled, Include: targets(user(someIDs[0]), group(someIDs[1])), Exclude: targets(group(someIDs[2])),
		},
		"group Staff, user aaaaaaaa-0000-4000-8000-000000000004, user aaaaaaaa-0000-4000-8000-000000000005, " +
			"user aaaaaaaa-0000-4000-8000-000000000006, user aaaaaaaa-0000-4000-8000-000000000007 and 2 more": {State: client.CampaignEnabled, Include: many},
	} {
		if have := asked(campaign, names); have != want {
			t.Errorf("%+v asks %q, want %q", campaign, have, want)
		}
	}
}

func namesOf(pairs ...string) types.Map {
	elements := map[string]attr.Value{}
	for i := 0; i < len(pairs); i += 2 {
		elements[pairs[i]] = types.StringValue(pairs[i+1])
	}
	return types.MapValueMust(types.StringType, elements)
}

func TestWhichNamesAPlanHas(t *testing.T) {
	found := directory{someIDs[0]: groupObject(someIDs[0], "Staff, renamed"), someIDs[1]: groupObject(someIDs[1], "Leavers")}
	including := func(state string, ids ...string) *registrationPolicyModel {
		m := newRegistrationPolicyModel()
		m.State = types.StringValue(state)
		m.Include = campaignScope{AllUsers: types.BoolNull(), UserIDs: types.SetNull(types.StringType), GroupIDs: stringSet(ids...)}.object()
		return m
	}
	prior := including("enabled", someIDs[0])
	prior.TargetNames, prior.Asked = namesOf(someIDs[0], "group Staff"), types.StringValue("group Staff")
	old := including("enabled", someIDs[0])
	unknownGroup := including("enabled", someIDs[0])
	unknownGroup.Include = campaignScope{AllUsers: types.BoolNull(), UserIDs: types.SetNull(types.StringType), GroupIDs: types.SetUnknown(types.StringType)}.object()
	unknownState := including("enabled", someIDs[0], someIDs[1])
	unknownState.State = types.StringUnknown()
	unknown, unasked := types.MapUnknown(types.StringType), types.StringUnknown()

	for name, c := range map[string]struct {
		prior, plan *registrationPolicyModel
		found       directory
		names       types.Map
		asked       types.String
	}{
		"new":                          {nil, including("enabled", someIDs[0]), found, namesOf(someIDs[0], "group Staff, renamed"), types.StringValue("group Staff, renamed")},
		"new, in capitals":             {nil, including("enabled", strings.ToUpper(someIDs[0])), found, namesOf(someIDs[0], "group Staff, renamed"), types.StringValue("group Staff, renamed")},
		"new, nobody could be asked":   {nil, including("enabled", someIDs[0]), nil, unknown, unasked},
		"new, not all known":           {nil, unknownGroup, found, unknown, unasked},
		"unchanged, renamed meanwhile": {prior, including("enabled", someIDs[0]), found, prior.TargetNames, prior.Asked},
		"unchanged, state from before": {old, including("enabled", someIDs[0]), found, types.MapNull(types.StringType), types.StringNull()},
		"one more": {prior, including("enabled", someIDs...), found, namesOf(someIDs[0], "group Staff", someIDs[1], "group Leavers"), types.StringValue(
			"group Leavers, group Staff, group " + someIDs[2] + ", group " + someIDs[3])},
		"switched off":     {prior, including("disabled", someIDs[0]), found, prior.TargetNames, types.StringValue("nobody, because the campaign is disabled")},
		"not known how":    {prior, unknownState, found, namesOf(someIDs[0], "group Staff", someIDs[1], "group Leavers"), unasked},
		"changed, blindly": {prior, including("enabled", someIDs[1]), nil, unknown, unasked},
	} {
		c.plan.TargetNames, c.plan.Asked = unknown, unasked
		c.plan.namePlanned(c.prior, c.found)
		if !c.plan.TargetNames.Equal(c.names) || !c.plan.Asked.Equal(c.asked) {
			t.Errorf("%s: planned are %s and %s, want %s and %s", name, c.plan.TargetNames, c.plan.Asked, c.names, c.asked)
		}
		// An apply adds what the plan does not know, and nothing else, whatever people are called by then.
		c.plan.nameApplied(c.plan.campaign(), directory{someIDs[0]: groupObject(someIDs[0], "Crew"), someIDs[1]: groupObject(someIDs[1], "Crew")})
		if c.plan.TargetNames.IsUnknown() || c.plan.Asked.IsUnknown() ||
			!c.names.IsUnknown() && !c.plan.TargetNames.Equal(c.names) || !c.asked.IsUnknown() && !c.plan.Asked.Equal(c.asked) {
			t.Errorf("%s: applied are %s and %s, planned %s and %s", name, c.plan.TargetNames, c.plan.Asked, c.names, c.asked)
		}
	}
}

func TestWhatARefreshHasFoundIsTakenOnce(t *testing.T) {
	var f foundTargets
	f.put(directory{someIDs[0]: groupObject(someIDs[0], "Staff")})
	if taken := f.take(); len(taken) != 1 {
		t.Errorf("taken is %v", taken)
	}
	if taken := f.take(); taken == nil || len(taken) != 0 {
		t.Errorf("taken again is %v", taken)
	}
}

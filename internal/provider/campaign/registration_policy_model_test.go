package campaign

import (
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"pgregory.net/rapid"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/value"
)

var someIDs = []string{
	"aaaaaaaa-0000-4000-8000-000000000001", "aaaaaaaa-0000-4000-8000-000000000002",
	"aaaaaaaa-0000-4000-8000-000000000003", "aaaaaaaa-0000-4000-8000-000000000004",
}

func stringSet(texts ...string) types.Set {
	elements := []attr.Value{}
	for _, text := range texts {
		elements = append(elements, types.StringValue(text))
	}
	return types.SetValueMust(types.StringType, elements)
}

// anyCase draws a spelling of a text.
func anyCase(t *rapid.T, text string) string {
	if rapid.Bool().Draw(t, "upper") {
		return strings.ToUpper(text)
	}
	return text
}

func anyIDs(t *rapid.T, name string) types.Set {
	if rapid.Bool().Draw(t, name+" null") {
		return types.SetNull(types.StringType)
	}
	var ids []string
	for _, id := range rapid.SliceOfDistinct(rapid.SampledFrom(someIDs), rapid.ID[string]).Draw(t, name) {
		ids = append(ids, anyCase(t, id))
	}
	return stringSet(ids...)
}

func anyBool(t *rapid.T, name string) types.Bool {
	return rapid.SampledFrom([]types.Bool{types.BoolNull(), types.BoolValue(true), types.BoolValue(false)}).Draw(t, name)
}

func anyScope(t *rapid.T, name string) types.Object {
	if rapid.IntRange(0, 4).Draw(t, name+" null") == 0 {
		return types.ObjectNull(campaignScopeTypes)
	}
	return campaignScope{AllUsers: anyBool(t, name+" all"), UserIDs: anyIDs(t, name+" users"), GroupIDs: anyIDs(t, name+" groups")}.object()
}

// anyPolicy is a model as a plan could have it, everything known.
func anyPolicy(t *rapid.T) *registrationPolicyModel {
	m := newRegistrationPolicyModel()
	m.State = types.StringValue(rapid.SampledFrom([]string{"enabled", "disabled", stateMicrosoftManaged}).Draw(t, "state"))
	m.Include, m.Exclude = anyScope(t, "include"), anyScope(t, "exclude")
	m.AuthenticationMethod = types.StringValue(anyCase(t, rapid.SampledFrom(campaignMethods).Draw(t, "method")))
	m.SnoozeDays = value.NumberOfDays(rapid.Int32Range(0, 14).Draw(t, "snooze"))
	m.RequireRegistrationAfterSnoozes = types.BoolValue(rapid.Bool().Draw(t, "limit"))
	return m
}

// echo is a campaign as a service could return it: in another order and another spelling.
func echo(t *rapid.T, campaign client.RegistrationCampaign) client.RegistrationCampaign {
	for _, targets := range []*[]client.CampaignTarget{&campaign.Include, &campaign.Exclude} {
		*targets = rapid.Permutation(slices.Clone(*targets)).Draw(t, "order")
		for i := range *targets {
			target := &(*targets)[i]
			if target.ID != client.AllUsers {
				target.ID = anyCase(t, target.ID)
			}
			target.AuthenticationMethod = anyCase(t, target.AuthenticationMethod)
		}
	}
	return campaign
}

func equalPolicies(a, b *registrationPolicyModel) bool {
	return a.ID.Equal(b.ID) && a.State.Equal(b.State) && a.Include.Equal(b.Include) && a.Exclude.Equal(b.Exclude) &&
		a.AuthenticationMethod.Equal(b.AuthenticationMethod) && a.SnoozeDays.Equal(b.SnoozeDays) &&
		a.RequireRegistrationAfterSnoozes.Equal(b.RequireRegistrationAfterSnoozes)
}

func TestAPolicyThatTheServiceEchoesStaysAsItIsSpelled(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := anyPolicy(t)
		campaign := m.campaign()
		if m.managed() {
			// What Microsoft has chosen.
			campaign.SnoozeDays, campaign.RequireAfterSnoozes = value.WholeDays(m.SnoozeDays), m.RequireRegistrationAfterSnoozes.ValueBoolPointer()
		}
		read := *m
		answer := echo(t, campaign)
		read.refresh(answer)
		if !equalPolicies(m, &read) {
			t.Fatalf("%+v\nbecomes\n%+v", m, &read)
		}
		if !answer.Satisfies(campaign) || !read.campaign().Satisfies(m.campaign()) {
			t.Fatalf("%+v does not satisfy %+v", answer, campaign)
		}
	})
}

func TestWhatIsReadOfAnyCampaignAsksForThatCampaign(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		campaign := anyPolicy(t).campaign()
		m := anyPolicy(t)
		if rapid.Bool().Draw(t, "imported") {
			m = newRegistrationPolicyModel()
		}
		m.refresh(campaign)
		if asked := m.campaign(); !campaign.Satisfies(asked) || !asked.Satisfies(campaign) {
			t.Fatalf("%+v is read as %+v", campaign, asked)
		}
		again := *m
		again.refresh(campaign)
		if !equalPolicies(m, &again) {
			t.Fatalf("%+v\nis read again as\n%+v", m, &again)
		}
	})
}

func TestAPlanKeepsWhatIsLeftOpenAndWhatSaysTheSame(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		prior, config := anyPolicy(t), anyPolicy(t)
		if config.managed() || rapid.Bool().Draw(t, "open") {
			config.AuthenticationMethod, config.SnoozeDays = types.StringNull(), types.NumberNull()
			config.RequireRegistrationAfterSnoozes = types.BoolNull()
		}
		plan := newRegistrationPolicyModel()
		plan.State = config.State
		plan.settle(config, prior, true)
		unknown := plan.AuthenticationMethod.IsUnknown() || plan.SnoozeDays.IsUnknown() || plan.RequireRegistrationAfterSnoozes.IsUnknown()
		if unknown != (plan.managed() && !equalPolicies(plan, prior)) {
			t.Fatalf("the plan of\n%+v\nfrom\n%+v\nis\n%+v", config, prior, plan)
		}
		// The same configuration, planned on what it has become, is no change.
		if unknown {
			plan.AuthenticationMethod, plan.SnoozeDays = types.StringValue("fido2"), value.NumberOfDays(1)
			plan.RequireRegistrationAfterSnoozes = types.BoolValue(false)
		}
		next := newRegistrationPolicyModel()
		next.State = config.State
		next.settle(config, plan, true)
		if !equalPolicies(plan, next) {
			t.Fatalf("%+v\nis planned again as\n%+v", plan, next)
		}
	})
}

func TestWhatTheServiceDoesNotSayStays(t *testing.T) {
	m := newRegistrationPolicyModel()
	m.AuthenticationMethod, m.SnoozeDays, m.RequireRegistrationAfterSnoozes = types.StringValue("fido2"), value.NumberOfDays(4), types.BoolValue(false)
	m.refresh(client.RegistrationCampaign{State: "disabled"})
	if m.AuthenticationMethod.ValueString() != "fido2" || *value.WholeDays(m.SnoozeDays) != 4 || m.RequireRegistrationAfterSnoozes.IsNull() {
		t.Errorf("%+v", m)
	}
	m.AuthenticationMethod, m.SnoozeDays, m.RequireRegistrationAfterSnoozes = types.StringUnknown(), types.NumberUnknown(), types.BoolUnknown()
	m.refresh(client.RegistrationCampaign{State: "disabled"})
	if !m.AuthenticationMethod.IsNull() || !m.SnoozeDays.IsNull() || !m.RequireRegistrationAfterSnoozes.IsNull() {
		t.Errorf("%+v", m)
	}
}

func TestUnknownPartsOfAScopeAreKeptApartFromEmptyOnes(t *testing.T) {
	unknown := types.ObjectUnknown(campaignScopeTypes)
	for name, c := range map[string]struct {
		scope        campaignScope
		known, empty bool
	}{
		"null":             {scopeOf(types.ObjectNull(campaignScopeTypes)), true, true},
		"unknown":          {scopeOf(unknown), false, false},
		"empty lists":      {campaignScope{UserIDs: stringSet(), GroupIDs: stringSet()}, true, true},
		"a user":           {campaignScope{UserIDs: stringSet(someIDs[0])}, true, false},
		"everybody":        {campaignScope{AllUsers: types.BoolValue(true)}, true, false},
		"perhaps all":      {campaignScope{AllUsers: types.BoolUnknown()}, false, false},
		"unknown list":     {campaignScope{UserIDs: types.SetUnknown(types.StringType)}, false, false},
		"unknown elements": {campaignScope{GroupIDs: types.SetValueMust(types.StringType, []attr.Value{types.StringUnknown()})}, false, false},
	} {
		if c.scope.known() != c.known || c.scope.empty() != c.empty {
			t.Errorf("%s: known %t, empty %t", name, c.scope.known(), c.scope.empty())
		}
	}
	if refreshed := refreshedScope(unknown, nil); !refreshed.IsNull() {
		t.Errorf("unknown becomes %s", refreshed)
	}
}

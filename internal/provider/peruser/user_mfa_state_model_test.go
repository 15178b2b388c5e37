package peruser

import (
	"reflect"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/types"
	"pgregory.net/rapid"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/mfa"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/diagnose"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/value"
)

var adele = client.User{ID: "22222222-bbbb-4bbb-8bbb-000000000001", UserPrincipalName: "adele.vance@contoso.example"}

func TestARefreshKeepsTheWantedStateWhileItIsSatisfied(t *testing.T) {
	for _, c := range []struct {
		wanted  types.String
		current mfa.State
		want    string
	}{
		{types.StringValue("disabled"), "disabled", "disabled"},
		{types.StringValue("disabled"), "enabled", "enabled"},
		{types.StringValue("disabled"), "enforced", "enforced"},
		{types.StringValue("enabled"), "disabled", "disabled"},
		{types.StringValue("enabled"), "enabled", "enabled"},
		{types.StringValue("enabled"), "enforced", "enabled"},
		{types.StringValue("enforced"), "disabled", "disabled"},
		{types.StringValue("enforced"), "enabled", "enabled"},
		{types.StringValue("enforced"), "enforced", "enforced"},
		{types.StringValue("enabled"), "unknownFutureValue", "unknownFutureValue"},
		{types.StringNull(), "enforced", "enabled"},
	} {
		m := newUserMFAStateModel(adele)
		m.State = c.wanted
		m.refresh(adele, c.current)
		if have := m.State.ValueString(); have != c.want {
			t.Errorf("%s wanted and %s there: the state says %q, want %q", c.wanted, c.current, have, c.want)
		}
		if have := m.EffectiveState.ValueString(); have != string(c.current) {
			t.Errorf("%s wanted and %s there: the effective state says %q", c.wanted, c.current, have)
		}
	}
}

func TestARefreshIsADifferenceExactlyWhenTheServiceDoesNotSatisfyTheState(t *testing.T) {
	states := rapid.SampledFrom(mfa.States())
	rapid.Check(t, func(t *rapid.T) {
		wanted, current := states.Draw(t, "wanted"), states.Draw(t, "current")
		m := newUserMFAStateModel(adele)
		m.State = types.StringValue(string(wanted))
		m.refresh(adele, current)
		if differs := m.State.ValueString() != string(wanted); differs == current.Satisfies(wanted) {
			t.Errorf("%s wanted and %s there: a difference is %v", wanted, current, differs)
		}
		once := *m
		m.refresh(adele, current)
		if !reflect.DeepEqual(*m, once) {
			t.Errorf("a second refresh changes the state: %v, then %v", once, *m)
		}
	})
}

func TestTheSpellingOfTheConfigurationStays(t *testing.T) {
	for name, c := range map[string]struct {
		have types.String
		want string
	}{
		"unknown":          {types.StringUnknown(), adele.UserPrincipalName},
		"null":             {types.StringNull(), adele.UserPrincipalName},
		"the same":         {types.StringValue(adele.UserPrincipalName), adele.UserPrincipalName},
		"in another case":  {types.StringValue("Adele.Vance@CONTOSO.example"), "Adele.Vance@CONTOSO.example"},
		"renamed since":    {types.StringValue("adele@contoso.example"), adele.UserPrincipalName},
		"cut short":        {types.StringValue("adele.vance@contoso"), adele.UserPrincipalName},
		"empty, oddly set": {types.StringValue(""), adele.UserPrincipalName},
	} {
		if have := value.KeepSpelling(c.have, adele.UserPrincipalName).ValueString(); have != c.want {
			t.Errorf("%s: %q, want %q", name, have, c.want)
		}
	}
}

func TestWhatAReaderKnowsAPersonBy(t *testing.T) {
	for want, user := range map[string]client.User{
		"Adele Vance (adele.vance@contoso.example)": {ID: adele.ID, UserPrincipalName: adele.UserPrincipalName, DisplayName: " Adele Vance "},
		"adele.vance@contoso.example":               {ID: adele.ID, UserPrincipalName: adele.UserPrincipalName},
		"a.vance@contoso.example":                   {ID: adele.ID, UserPrincipalName: "a.vance@contoso.example", DisplayName: "A.Vance@contoso.example"},
		"Adele Vance (" + adele.ID + ")":            {ID: adele.ID, DisplayName: "Adele Vance"},
		adele.ID:                                    {ID: adele.ID},
	} {
		if have := diagnose.Person(user); have != want {
			t.Errorf("%+v is %q, want %q", user, have, want)
		}
	}
}

func TestAPlannedNameStaysUntilTheNextRefresh(t *testing.T) {
	renamed := adele
	renamed.DisplayName = "Adele Vance-Miller"
	for name, c := range map[string]struct {
		have types.String
		want string
	}{
		"planned":                    {types.StringValue("Adele Vance (adele.vance@contoso.example)"), "Adele Vance (adele.vance@contoso.example)"},
		"not known at plan":          {types.StringUnknown(), "Adele Vance-Miller (adele.vance@contoso.example)"},
		"a state from before a name": {types.StringNull(), "Adele Vance-Miller (adele.vance@contoso.example)"},
	} {
		m := newUserMFAStateModel(adele)
		m.Name = c.have
		if m.setUser(renamed); m.Name.ValueString() != c.want {
			t.Errorf("%s: the name is %s, want %q", name, m.Name, c.want)
		}
		if m.refresh(renamed, mfa.Enabled); m.Name.ValueString() != "Adele Vance-Miller (adele.vance@contoso.example)" {
			t.Errorf("%s: after a refresh the name is %s", name, m.Name)
		}
	}
}

func TestTheIdentityHasTheServicesSpelling(t *testing.T) {
	m := newUserMFAStateModel(adele)
	m.UserID = types.StringValue("22222222-BBBB-4BBB-8BBB-000000000001")
	m.setUser(adele)
	if m.UserID.ValueString() != "22222222-BBBB-4BBB-8BBB-000000000001" || m.Identity() != (userMFAStateIdentity{UserID: types.StringValue(adele.ID)}) {
		t.Errorf("user_id is %s and the identity %v", m.UserID, m.Identity())
	}
}

func TestWhatNamesTheUser(t *testing.T) {
	id, name, unknown := types.StringValue("id"), types.StringValue("name"), types.StringUnknown()
	for _, c := range []struct {
		userID, upn, want types.String
		at                string
	}{
		// In plans the other one is computed.
		{id, unknown, id, "user_id"},
		{unknown, name, name, "user_principal_name"},
		{id, name, id, "user_id"},
		{unknown, unknown, unknown, "user_id"},
	} {
		m := userMFAStateModel{UserID: c.userID, UserPrincipalName: c.upn}
		if have, at := m.userKey(); !have.Equal(c.want) || at.String() != c.at {
			t.Errorf("user_id %s and user_principal_name %s: %s at %s, want %s at %s", c.userID, c.upn, have, at, c.want, c.at)
		}
	}
}

func TestWhatAConfigurationNamesTheUserBy(t *testing.T) {
	id, name, unknown, null := types.StringValue("id"), types.StringValue("name"), types.StringUnknown(), types.StringNull()
	for _, c := range []struct {
		userID, upn, want types.String
		at                string
	}{
		{id, null, id, "user_id"},
		{null, name, name, "user_principal_name"},
		{unknown, null, unknown, "user_id"},
		{null, unknown, unknown, "user_principal_name"},
		// The id decides, also where only the name is known yet.
		{id, name, id, "user_id"},
		{id, unknown, id, "user_id"},
		{unknown, name, unknown, "user_id"},
	} {
		m := userMFAStateModel{UserID: c.userID, UserPrincipalName: c.upn}
		if have, at := m.configuredUser(); !have.Equal(c.want) || at.String() != c.at {
			t.Errorf("user_id %s and user_principal_name %s: %s at %s, want %s at %s", c.userID, c.upn, have, at, c.want, c.at)
		}
	}
}

func TestWhatIsPlannedToBeReadBack(t *testing.T) {
	for _, c := range []struct{ state, want types.String }{
		{types.StringValue("disabled"), types.StringValue("disabled")},
		{types.StringValue("enforced"), types.StringValue("enforced")},
		// Only the service knows whether it promotes.
		{types.StringValue("enabled"), types.StringUnknown()},
		{types.StringUnknown(), types.StringUnknown()},
	} {
		if have := decide(facts{managed: true, wanted: mfa.State(c.state.ValueString())}).planned(); !have.Equal(c.want) {
			t.Errorf("%s: %s, want %s", c.state, have, c.want)
		}
	}
}

func TestWhetherTheDataSourceIsSatisfied(t *testing.T) {
	for _, c := range []struct {
		expected types.String
		state    mfa.State
		want     bool
	}{
		{types.StringNull(), "enabled", true},
		{types.StringNull(), "enforced", true},
		{types.StringNull(), "disabled", false},
		{types.StringValue("enforced"), "enabled", false},
		{types.StringValue("enforced"), "enforced", true},
		{types.StringValue("disabled"), "disabled", true},
		{types.StringValue("disabled"), "enforced", false},
	} {
		m := userMFAStateDataModel{ExpectedState: c.expected}
		m.fill(adele, c.state)
		if m.Satisfied.ValueBool() != c.want {
			t.Errorf("%s expected and %s there: satisfied is %s", c.expected, c.state, m.Satisfied)
		}
	}
}

package conditionalaccess

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const (
	group    = "33333333-cccc-4ccc-8ccc-000000000001"
	location = "55555555-eeee-4eee-8eee-000000000001"
	strength = "00000000-0000-0000-0000-000000000004"
)

// read is a policy as the service sends it.
func read(t *testing.T, document string) Policy {
	t.Helper()
	var policy Policy
	if err := json.Unmarshal([]byte(document), &policy); err != nil {
		t.Fatal(err)
	}
	return policy
}

func known(string) bool { return false }

// everybody asks all users for MFA on all apps.
func everybody() Policy {
	return Policy{
		DisplayName: "MFA", State: ReportOnly,
		Conditions: Conditions{
			Users:        &Users{IncludeUsers: []string{All}, ExcludeGroups: []string{group}},
			Applications: &Applications{IncludeApplications: []string{All}},
		},
		GrantControls: &GrantControls{Operator: "OR", BuiltInControls: []string{ControlMFA}},
	}
}

// answer is everybody as the service answers it: with everything that it adds.
const answer = `{
	"id": "66666666-ffff-4fff-8fff-000000000001", "displayName": "MFA", "state": "enabledForReportingButNotEnforced", "templateId": null, "description": null,
	"createdDateTime": "2026-11-01T10:00:00Z", "modifiedDateTime": null, "deletedDateTime": null, "partialEnablementStrategy": null,
	"conditions": {
		"clientAppTypes": ["all"], "signInRiskLevels": [], "userRiskLevels": [], "servicePrincipalRiskLevels": [], "insiderRiskLevels": null, "clients": null, "times": null,
		"platforms": null, "locations": null, "devices": null, "deviceStates": null, "clientApplications": null, "authenticationFlows": null,
		"applications": {"includeApplications": ["All"], "excludeApplications": [], "includeUserActions": [], "includeAuthenticationContextClassReferences": [], "applicationFilter": null, "networkAccess": null},
		"users": {"includeUsers": ["All"], "excludeUsers": [], "includeGroups": [], "excludeGroups": ["33333333-CCCC-4ccc-8ccc-000000000001"], "includeRoles": [], "excludeRoles": [],
			"includeGuestsOrExternalUsers": null, "excludeGuestsOrExternalUsers": null}
	},
	"grantControls": {"operator": "OR", "builtInControls": ["mfa"], "customAuthenticationFactors": [], "termsOfUse": [], "authenticationStrength": null, "authenticationStrength@odata.context": "x"},
	"sessionControls": null
}`

func TestWhatTheServiceMakesOfAPolicyIsNoDifference(t *testing.T) {
	t.Parallel()
	off, value := false, int64(4)
	for name, change := range map[string]func(*Policy){
		"as it is":                  func(*Policy) {},
		"operator without a choice": func(p *Policy) { p.GrantControls.Operator = "AND" },
		"empty objects": func(p *Policy) {
			p.Conditions.Locations, p.Conditions.Platforms, p.Conditions.Devices = &Locations{}, &Platforms{}, &Devices{Filter: &Filter{}}
			p.Conditions.ClientApplications, p.Conditions.AuthenticationFlows = &ClientApplications{}, &AuthenticationFlows{}
		},
		"all client apps": func(p *Policy) { p.Conditions.ClientAppTypes = []string{"all"} },
		"session controls off": func(p *Policy) {
			p.SessionControls = &SessionControls{SignInFrequency: &SignInFrequency{}, DisableResilience: &off}
		},
		"another order, another case": func(p *Policy) {
			p.Conditions.Users.ExcludeGroups = []string{"33333333-CCCC-4CCC-8CCC-000000000001", group}
		},
		"white space around the name": func(p *Policy) { p.DisplayName = " MFA " },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			wanted := everybody()
			change(&wanted)
			if places := read(t, answer).Differences(wanted); len(places) > 0 {
				t.Errorf("it differs at %q", places)
			}
		})
	}
	for name, c := range map[string]struct {
		change func(*Policy)
		places []string
	}{
		"state":       {func(p *Policy) { p.State = Enabled }, []string{"state"}},
		"description": {func(p *Policy) { p.Description = "why" }, []string{"description"}},
		"one more control": {
			func(p *Policy) {
				p.GrantControls = &GrantControls{Operator: "AND", BuiltInControls: []string{ControlMFA, "compliantDevice"}}
			},
			[]string{"grantControls.builtInControls", "grantControls.operator"},
		},
		"an exclusion less": {func(p *Policy) { p.Conditions.Users.ExcludeGroups = nil }, []string{"conditions.users.excludeGroups"}},
		"a strength": {
			func(p *Policy) {
				p.GrantControls = &GrantControls{AuthenticationStrength: &StrengthReference{ID: strength}}
			},
			[]string{"grantControls.authenticationStrength", "grantControls.builtInControls"},
		},
		"a frequency": {
			func(p *Policy) {
				p.SessionControls = &SessionControls{SignInFrequency: &SignInFrequency{Enabled: true, Value: &value, Type: "hours"}}
			},
			[]string{
				"sessionControls.signInFrequency.authenticationType", "sessionControls.signInFrequency.frequencyInterval", "sessionControls.signInFrequency.isEnabled",
				"sessionControls.signInFrequency.type", "sessionControls.signInFrequency.value",
			},
		},
		"guests": {
			func(p *Policy) { p.Conditions.Users.ExcludeGuests = &Guests{Types: Flags{"internalGuest"}} },
			[]string{"conditions.users.excludeGuestsOrExternalUsers.guestOrExternalUserTypes"},
		},
	} {
		t.Run("differs by "+name, func(t *testing.T) {
			t.Parallel()
			wanted := everybody()
			c.change(&wanted)
			if places := read(t, answer).Differences(wanted); !slices.Equal(places, c.places) {
				t.Errorf("it differs at %q, want %q", places, c.places)
			}
		})
	}
}

func TestTypesOfGuestsAreComparedAsASet(t *testing.T) {
	t.Parallel()
	wanted := everybody()
	wanted.Conditions.Users.ExcludeGuests = &Guests{Types: Flags{"ServiceProvider", "InternalGuest"}}
	seen := everybody()
	seen.Conditions.Users.ExcludeGuests = &Guests{
		Types: Flags{"internalGuest", "serviceProvider"}, Tenants: &ExternalTenants{ODataType: typeAllTenants, MembershipKind: TenantsAll},
	}
	if !seen.Shows(wanted) {
		t.Errorf("it differs at %q", seen.Differences(wanted))
	}
}

// TestAnUpdateKeepsWhatThisPackageDoesNotKnow changes a policy that has a control, a condition and a member from the future.
func TestAnUpdateKeepsWhatThisPackageDoesNotKnow(t *testing.T) {
	t.Parallel()
	current := read(t, `{
		"id": "66666666-ffff-4fff-8fff-000000000001", "displayName": "MFA", "state": "enabled", "description": "old", "partialEnablementStrategy": "x",
		"conditions": {
			"clientAppTypes": ["all", "hologram"], "agentIdRiskLevels": "high", "times": null,
			"users": {"includeUsers": ["All"], "excludeUsers": [], "includePets": ["cat"]},
			"applications": {"includeApplications": ["All"]},
			"locations": {"includeLocations": ["All"], "excludeLocations": ["AllTrusted"]}
		},
		"grantControls": {"operator": "OR", "builtInControls": ["mfa", "verifiedID", "unknownFutureValue"], "termsOfUse": ["t"]},
		"sessionControls": {"globalSecureAccessFilteringProfile": {"isEnabled": true, "profileId": "p"}, "persistentBrowser": {"isEnabled": true, "mode": "never"}}
	}`)
	wanted := everybody()
	wanted.State = Enabled
	have, err := json.Marshal(wanted.UpdateBody(current))
	if err != nil {
		t.Fatal(err)
	}
	var body, want map[string]any
	if err := json.Unmarshal(have, &body); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(`{
		"displayName": "MFA", "state": "enabled", "description": null,
		"conditions": {
			"clientAppTypes": ["hologram"], "agentIdRiskLevels": "high",
			"users": {"includeUsers": ["All"], "excludeGroups": ["33333333-cccc-4ccc-8ccc-000000000001"], "includePets": ["cat"]},
			"applications": {"includeApplications": ["All"]},
			"locations": null
		},
		"grantControls": {"operator": "OR", "builtInControls": ["mfa", "verifiedID"], "termsOfUse": []},
		"sessionControls": {"globalSecureAccessFilteringProfile": {"isEnabled": true, "profileId": "p"}, "persistentBrowser": null}
	}`), &want); err != nil {
		t.Fatal(err)
	}
	if difference := cmp.Diff(want, body); difference != "" {
		t.Error(difference)
	}
}

func TestACreationSaysWhatIsSetAndNothingElse(t *testing.T) {
	t.Parallel()
	wanted := everybody()
	wanted.ID = "66666666-ffff-4fff-8fff-000000000001"
	wanted.Conditions.Users.ExcludeGuests = &Guests{Types: Flags{"internalGuest", "serviceProvider"}, Tenants: &ExternalTenants{MembershipKind: TenantsEnumerated, Members: []string{group}}}
	wanted.GrantControls.AuthenticationStrength = &StrengthReference{ID: strength, DisplayName: "Phishing-resistant"}
	have := wanted.CreateBody()
	want := map[string]any{
		"displayName": "MFA", "state": "enabledForReportingButNotEnforced",
		"conditions": map[string]any{
			"users": map[string]any{
				"includeUsers": []any{"All"}, "excludeGroups": []any{group}, "excludeGuestsOrExternalUsers": map[string]any{
					"guestOrExternalUserTypes": "internalGuest,serviceProvider",
					"externalTenants":          map[string]any{"@odata.type": typeEnumeratedTenants, "membershipKind": "enumerated", "members": []any{group}},
				},
			},
			"applications": map[string]any{"includeApplications": []any{"All"}},
		},
		"grantControls": map[string]any{"operator": "OR", "builtInControls": []any{"mfa"}, "authenticationStrength": map[string]any{"id": strength}},
	}
	if difference := cmp.Diff(want, have); difference != "" {
		t.Error(difference)
	}
}

func TestEachRuleIsFoundWhereItIsBroken(t *testing.T) {
	t.Parallel()
	four := int64(4)
	cases := map[Rule]struct {
		change func(*Policy)
		at     string
	}{
		RuleNobody: {func(p *Policy) { p.Conditions.Users = nil }, "conditions.users"},
		RuleUsersAndWorkloads: {func(p *Policy) {
			p.Conditions.ClientApplications = &ClientApplications{IncludeServicePrincipals: []string{OwnedPrincipals}}
		}, "conditions.clientApplications"},
		RuleNoTarget: {func(p *Policy) { p.Conditions.Applications.IncludeApplications = nil }, "conditions.applications"},
		RuleMixedTargets: {func(p *Policy) {
			p.State, p.Conditions.Applications.IncludeUserActions = Enabled, []string{ActionRegisterInfo}
		}, "conditions.applications"},
		RuleFilterWithAll:   {func(p *Policy) { p.Conditions.Applications.Filter = &Filter{"exclude", "x"} }, "conditions.applications.applicationFilter"},
		RuleNothingAsked:    {func(p *Policy) { p.GrantControls = nil }, "grantControls"},
		RuleStrengthWithMFA: {func(p *Policy) { p.GrantControls.AuthenticationStrength = &StrengthReference{ID: strength} }, "grantControls.authenticationStrength"},
		RuleDeviceRegistration: {func(p *Policy) {
			p.State, p.Conditions.Applications = Enabled, &Applications{IncludeUserActions: []string{ActionRegisterDevice}}
			p.GrantControls.BuiltInControls = []string{"compliantDevice"}
		}, "grantControls"},
		RulePasswordChange: {func(p *Policy) { p.GrantControls.BuiltInControls = []string{ControlPassword} }, "grantControls.builtInControls"},
		RuleFrequency: {func(p *Policy) {
			p.SessionControls = &SessionControls{SignInFrequency: &SignInFrequency{Enabled: true, Value: &four, Interval: EveryTime}}
		}, "sessionControls.signInFrequency"},
		RulePersistentBrowser: {func(p *Policy) {
			p.Conditions.Applications.IncludeApplications = []string{"Office365"}
			p.SessionControls = &SessionControls{PersistentBrowser: &PersistentBrowser{true, "never"}}
		}, "sessionControls.persistentBrowser"},
		RuleContinuousAccess: {func(p *Policy) {
			p.Conditions.Locations = &Locations{Include: []string{All}, Exclude: []string{AllTrusted}}
			p.SessionControls = &SessionControls{ContinuousAccess: &ContinuousAccess{"disabled"}}
		}, "sessionControls.continuousAccessEvaluation"},
		RulePlatform: {func(p *Policy) {
			p.Conditions.Platforms, p.GrantControls.BuiltInControls = &Platforms{Include: []string{"macOS"}}, []string{"compliantApplication"}
		}, "conditions.platforms.includePlatforms"},
		RuleTenants: {func(p *Policy) {
			p.Conditions.Users.ExcludeGuests = &Guests{Flags{"internalGuest"}, &ExternalTenants{MembershipKind: TenantsEnumerated}}
		}, "conditions.users.excludeGuestsOrExternalUsers.externalTenants"},
		RuleNotAnID: {func(p *Policy) { p.Conditions.Users.ExcludeUsers = []string{"Current administrator will be excluded"} }, "conditions.users.excludeUsers"},
		RuleTooMany: {func(p *Policy) {
			p.Conditions.Applications.ExcludeApplications = slices.Repeat([]string{location}, 251)
		}, "conditions.applications.excludeApplications"},
		RuleReportOnlyAction: {func(p *Policy) {
			p.Conditions.Applications = &Applications{IncludeUserActions: []string{ActionRegisterInfo}}
		}, "state"},
		RuleWorkloadBlock: {func(p *Policy) {
			p.Conditions.Users, p.Conditions.ClientApplications = nil, &ClientApplications{IncludeServicePrincipals: []string{OwnedPrincipals}}
		}, "grantControls"},
		RuleAppRestrictions: {func(p *Policy) {
			p.Conditions.Applications.IncludeApplications = []string{"MicrosoftAdminPortals"}
			p.SessionControls = &SessionControls{AppEnforcedRestrictions: &Switch{true}}
		}, "sessionControls.applicationEnforcedRestrictions"},
		RuleEveryTimeAlone: {func(p *Policy) {
			p.SessionControls = &SessionControls{AppEnforcedRestrictions: &Switch{true}, SignInFrequency: &SignInFrequency{Enabled: true, Interval: EveryTime}}
		}, "sessionControls.applicationEnforcedRestrictions"},
		RuleRetiredControl: {func(p *Policy) { p.GrantControls.BuiltInControls = []string{ControlMFA, "approvedApplication"} }, "grantControls.builtInControls"},
	}
	for _, rule := range Rules {
		t.Run(string(rule), func(t *testing.T) {
			t.Parallel()
			c, ok := cases[rule]
			if !ok {
				t.Fatal("no policy breaks this rule")
			}
			policy := everybody()
			c.change(&policy)
			found := policy.Check(known)
			if len(found) != 1 || found[0].Rule != rule || found[0].At != c.at {
				t.Errorf("found %+v, want %s at %s", found, rule, c.at)
			}
			if found := policy.Check(func(string) bool { return true }); len(found) > 0 {
				t.Errorf("found %+v where nothing is known", found)
			}
		})
	}
}

// TestPoliciesOfTheFieldBreakNoRule checks the shapes of Microsoft's templates.
func TestPoliciesOfTheFieldBreakNoRule(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*Policy){
		"MFA for everybody": func(*Policy) {},
		"registration of security information": func(p *Policy) {
			p.State, p.Conditions.Applications = Enabled, &Applications{IncludeUserActions: []string{ActionRegisterInfo}}
			p.Conditions.Locations = &Locations{Include: []string{All}, Exclude: []string{AllTrusted, location}}
			p.GrantControls.BuiltInControls = []string{ControlMFA, "compliantDevice", "domainJoinedDevice"}
		},
		"password change of risky users": func(p *Policy) {
			p.Conditions.UserRiskLevels = []string{"high"}
			p.GrantControls = &GrantControls{Operator: "AND", BuiltInControls: []string{ControlMFA, ControlPassword}}
			p.SessionControls = &SessionControls{SignInFrequency: &SignInFrequency{Enabled: true, Interval: EveryTime}}
		},
		"legacy authentication": func(p *Policy) {
			p.Conditions.ClientAppTypes, p.GrantControls.BuiltInControls = []string{"exchangeActiveSync", "other"}, []string{ControlBlock}
		},
		"guests": func(p *Policy) { p.Conditions.Users.IncludeUsers = []string{GuestsOrExternal} },
		"session only": func(p *Policy) {
			one := int64(1)
			p.GrantControls, p.SessionControls = nil, &SessionControls{SignInFrequency: &SignInFrequency{Enabled: true, Value: &one, Type: "hours"}}
		},
		"workload identities": func(p *Policy) {
			p.Conditions.Users = &Users{IncludeUsers: []string{None}}
			p.Conditions.ClientApplications = &ClientApplications{IncludeServicePrincipals: []string{OwnedPrincipals}, ExcludeServicePrincipals: []string{location}}
			p.GrantControls.BuiltInControls = []string{ControlBlock}
		},
		"device registration": func(p *Policy) {
			p.State, p.Conditions.Applications = Enabled, &Applications{IncludeUserActions: []string{ActionRegisterDevice}}
		},
		"an app filter": func(p *Policy) {
			p.Conditions.Applications = &Applications{Filter: &Filter{"include", "CustomSecurityAttribute.A.b -eq \"c\""}}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			policy := everybody()
			change(&policy)
			if found := policy.Check(known); len(found) > 0 {
				t.Errorf("found %+v", found)
			}
		})
	}
}

func TestOnlyAllGuestsOfAllTenantsCountAsExcluded(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		guests *Guests
		want   bool
	}{
		"nobody":         {nil, false},
		"one kind":       {&Guests{Types: Flags{"internalGuest"}}, false},
		"every kind":     {&Guests{Types: GuestTypes}, true},
		"of all tenants": {&Guests{Types: GuestTypes, Tenants: &ExternalTenants{MembershipKind: TenantsAll}}, true},
		"of one tenant":  {&Guests{Types: GuestTypes, Tenants: &ExternalTenants{MembershipKind: TenantsEnumerated, Members: []string{group}}}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			policy := everybody()
			policy.Conditions.Users.ExcludeGuests, policy.Conditions.Users.IncludeGuests = c.guests, c.guests
			include, exclude := policy.Users()
			if exclude.Guests != c.want || include.Guests != (c.guests != nil) {
				t.Errorf("guests are included %t and excluded %t, want %t", include.Guests, exclude.Guests, c.want)
			}
		})
	}
}

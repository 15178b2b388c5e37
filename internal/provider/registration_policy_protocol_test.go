package provider_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
)

const policyTypeName = "entramfa_registration_policy"

// policySession drives the policy as the CLI does, without one. It carries the private state from call to call.
type policySession struct{ *session }

func (tn *tenant) policySession(t *testing.T, extra map[string]any) *policySession {
	t.Helper()
	return &policySession{tn.sessionOf(t, policyTypeName, extra)}
}

// scope is an include or exclude; ids are a list of texts, or a value.
func (s *policySession) scope(all any, users, groups any) tftypes.Value {
	s.t.Helper()
	set := tftypes.Set{ElementType: tftypes.String}
	ids := func(given any) tftypes.Value {
		texts, ok := given.([]string)
		if !ok {
			return tftypes.NewValue(set, given)
		}
		var values []tftypes.Value
		for _, text := range texts {
			values = append(values, tftypes.NewValue(tftypes.String, text))
		}
		return tftypes.NewValue(set, values)
	}
	typ, ok := s.typ.AttributeTypes["include"].(tftypes.Object)
	if !ok {
		s.t.Fatal("include is no object")
	}
	return tftypes.NewValue(typ, map[string]tftypes.Value{
		"all_users": tftypes.NewValue(tftypes.Bool, all), "user_ids": ids(users), "group_ids": ids(groups),
	})
}

// guardOf is an emergency_access block.
func guardOf(attribute string, ids ...string) map[string]any {
	set := tftypes.Set{ElementType: tftypes.String}
	typ := tftypes.Object{AttributeTypes: map[string]tftypes.Type{"user_ids": set, "user_principal_names": set, "group_ids": set}}
	values := map[string]tftypes.Value{}
	for name := range typ.AttributeTypes {
		values[name] = tftypes.NewValue(set, nil)
	}
	var elements []tftypes.Value
	for _, id := range ids {
		if id == unknownID {
			elements = append(elements, tftypes.NewValue(tftypes.String, tftypes.UnknownValue))
		} else {
			elements = append(elements, tftypes.NewValue(tftypes.String, id))
		}
	}
	values[attribute] = tftypes.NewValue(set, elements)
	return map[string]any{"emergency_access": tftypes.NewValue(typ, values)}
}

// unknownID is an id that is not known yet.
const unknownID = "(known after apply)"

// plan plans from a prior state (nil: create) to a configuration (nil: destroy).
func (s *policySession) plan(prior, config map[string]any, private []byte) *tfprotov6.PlanResourceChangeResponse {
	s.t.Helper()
	value := func(values map[string]any) tftypes.Value {
		if values == nil {
			return tftypes.NewValue(s.typ, nil)
		}
		return objectOf(s.t, s.typ, values)
	}
	var proposed map[string]any
	if config != nil {
		proposed = map[string]any{}
		for name := range s.typ.AttributeTypes {
			proposed[name] = prior[name]
			if given, ok := config[name]; ok {
				proposed[name] = given
			} else if name == "exclude" {
				proposed[name] = nil
			}
		}
	}
	planned, err := s.server.PlanResourceChange(context.Background(), &tfprotov6.PlanResourceChangeRequest{
		TypeName: policyTypeName, PriorState: dynamic(s.t, value(prior)), Config: dynamic(s.t, value(config)),
		ProposedNewState: dynamic(s.t, value(proposed)), PriorPrivate: private,
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return planned
}

// stored is a whole state of the policy.
func stored(state string, include, exclude any, method string, snooze int, limit bool) map[string]any {
	return map[string]any{
		"id": policyID, "state": state, "include": include, "exclude": exclude,
		"authentication_method": method, "snooze_days": snooze, "require_registration_after_snoozes": limit,
	}
}

// explained adds to a state who is asked, nobody of them being a user or group that has a name.
func explained(state map[string]any, asked string) map[string]any {
	state["asked"] = asked
	state["target_names"] = tftypes.NewValue(tftypes.Map{ElementType: tftypes.String}, map[string]tftypes.Value{})
	return state
}

// remembered is a private state that remembers a campaign, as the provider stores it.
func remembered(t *testing.T, instance, campaign string) []byte {
	t.Helper()
	text, err := json.Marshal(map[string][]byte{"instance": []byte(`"` + instance + `"`), "before": []byte(campaign)})
	if err != nil {
		t.Fatal(err)
	}
	return text
}

const (
	beforeManaged = `{"state":"default","snoozeDurationInDays":1,"includeTargets":[{"id":"all_users","targetType":"group"}],"excludeTargets":[]}`
	beforeEnabled = `{"state":"enabled","snoozeDurationInDays":3,"enforceRegistrationAfterAllowedSnoozes":true,"includeTargets":[` +
		`{"id":"all_users","targetType":"group","targetedAuthenticationMethod":"microsoftAuthenticator"}],"excludeTargets":[{"id":"` + leaversID + `","targetType":"group"}]}`
	beforeDisabled = `{"state":"disabled","includeTargets":[],"excludeTargets":[]}`
	beforeGone     = `{"state":"enabled","snoozeDurationInDays":0,"enforceRegistrationAfterAllowedSnoozes":false,"includeTargets":[` +
		`{"id":"` + adeleID + `","targetType":"user","targetedAuthenticationMethod":"fido2"},{"id":"` + nobodyID + `","targetType":"group","targetedAuthenticationMethod":"fido2"}]}`
)

func TestAPlanOfThePolicyWarnsOfWhatGetsWeakerAndOfWhatADestroyGivesBack(t *testing.T) {
	t.Parallel()
	tn := newCampaignTenant(t)
	guard := guardOf("group_ids", rescueGroupID)
	const weaker = "The registration policy becomes weaker"
	type warning []string
	for name, c := range map[string]struct {
		guard         map[string]any
		before        string
		prior, config func(s *policySession) map[string]any
		want          []warning
	}{
		"created": {
			config: func(s *policySession) map[string]any {
				return map[string]any{"state": "enabled", "include": s.scope(true, nil, nil)}
			},
			want: []warning{{"The tenant's registration campaign is taken over", "destroying this resource gives it back", "state: microsoft_managed", "up to Microsoft", "includes: all users", "excludes: nobody"}},
		},
		"created as it is": {
			config: func(s *policySession) map[string]any { return map[string]any{"state": "microsoft_managed"} },
			want:   []warning{{"taken over", "as configured already, so the apply writes nothing"}},
		},
		"created weaker": {
			config: func(s *policySession) map[string]any {
				return map[string]any{"state": "enabled", "include": s.scope(nil, nil, []string{staffID})}
			},
			want: []warning{{
				"taken over", "The apply changes of it:\n\n  - state: microsoft_managed -> enabled\n", "- asks again: up to Microsoft -> after 1 day",
				"- includes: all users -> group Staff (" + staffID + ")",
			}, {weaker, "not all users are asked any more, but only group Staff (" + staffID + ")"}},
		},
		"stopped": {
			prior: func(s *policySession) map[string]any {
				return stored("enabled", s.scope(true, nil, nil), nil, "fido2", 1, true)
			},
			config: func(s *policySession) map[string]any { return map[string]any{"state": "disabled"} },
			want:   []warning{{weaker, "nobody is asked to register a method any more"}},
		},
		"narrowed and widened": {
			prior: func(s *policySession) map[string]any {
				return stored("enabled", s.scope(nil, []string{adeleID, alexID}, []string{staffID}), nil, "fido2", 1, true)
			},
			config: func(s *policySession) map[string]any {
				return map[string]any{
					"state": "enabled", "include": s.scope(nil, []string{alexID}, nil), "exclude": s.scope(nil, nil, []string{managersID}), "require_registration_after_snoozes": false,
				}
			},
			want: []warning{{
				weaker, "no longer included: group Staff (" + staffID + "), user " + adeleUPN + " (" + adeleID + ")",
				"newly excluded: group Managers (" + managersID + ")", "registering can be put off without end",
			}},
		},
		"many are not all named": {
			prior: func(s *policySession) map[string]any {
				return stored("enabled", s.scope(nil, []string{adeleID, alexID, meganID, diegoID, guestID, dollarID, obrienID}, []string{staffID}), nil, "fido2", 1, true)
			},
			config: func(s *policySession) map[string]any {
				return map[string]any{"state": "enabled", "include": s.scope(nil, nil, []string{staffID})}
			},
			want: []warning{{weaker, "no longer included: ", adeleUPN, "and 2 more"}},
		},
		"one who is gone is named by id": {
			prior: func(s *policySession) map[string]any {
				return stored("enabled", s.scope(nil, []string{nobodyID, adeleID}, nil), nil, "fido2", 1, true)
			},
			config: func(s *policySession) map[string]any {
				return map[string]any{"state": "enabled", "include": s.scope(nil, []string{adeleID}, nil)}
			},
			want: []warning{{weaker, "no longer included: user " + nobodyID}},
		},
		"in both lists": {
			prior: func(s *policySession) map[string]any {
				return stored("enabled", s.scope(nil, []string{adeleID, alexID}, nil), s.scope(nil, []string{adeleID}, nil), "fido2", 1, true)
			},
			config: func(s *policySession) map[string]any {
				return map[string]any{"state": "enabled", "include": s.scope(nil, []string{adeleID, alexID}, nil), "exclude": s.scope(nil, []string{strings.ToUpper(adeleID)}, nil)}
			},
			want: []warning{{"Included and excluded at once", "The exclusion wins", adeleUPN, "Remove them from one of the two lists"}},
		},
		"emergency accounts excluded": {
			guard: guard,
			prior: func(s *policySession) map[string]any {
				return stored("enabled", s.scope(true, nil, nil), nil, "fido2", 1, true)
			},
			config: func(s *policySession) map[string]any {
				return map[string]any{"state": "enabled", "include": s.scope(true, nil, nil), "exclude": s.scope(nil, nil, []string{rescueGroupID})}
			},
		},
		"stronger": {
			prior: func(s *policySession) map[string]any {
				return stored("enabled", s.scope(nil, []string{adeleID}, nil), s.scope(nil, []string{alexID}, nil), "fido2", 1, false)
			},
			config: func(s *policySession) map[string]any {
				return map[string]any{"state": "enabled", "include": s.scope(true, nil, nil), "require_registration_after_snoozes": true}
			},
		},
		"from disabled": {
			prior: func(s *policySession) map[string]any {
				return stored("disabled", s.scope(true, nil, nil), nil, "fido2", 1, true)
			},
			config: func(s *policySession) map[string]any {
				return map[string]any{"state": "enabled", "include": s.scope(nil, nil, []string{staffID})}
			},
		},
		"no change": {
			prior: func(s *policySession) map[string]any {
				return stored("enabled", s.scope(true, nil, nil), nil, "fido2", 1, true)
			},
			config: func(s *policySession) map[string]any {
				return map[string]any{"state": "enabled", "include": s.scope(true, nil, nil)}
			},
		},
		"destroy to managed": {
			before: beforeManaged,
			prior: func(s *policySession) map[string]any {
				return stored("disabled", s.scope(true, nil, nil), nil, "fido2", 1, true)
			},
			want: []warning{{"Destroying the registration policy gives back the campaign from before", "state: microsoft_managed", "includes: all users", "excludes: nobody"}},
		},
		"destroy to weaker": {
			before: beforeDisabled,
			prior: func(s *policySession) map[string]any {
				return stored("enabled", s.scope(true, nil, nil), nil, "fido2", 1, true)
			},
			want: []warning{{"gives back the campaign from before", "state: disabled", "includes: nobody", "That is weaker than what is there now", "the campaign stops"}},
		},
		"destroy to enabled": {
			before: beforeEnabled,
			prior: func(s *policySession) map[string]any {
				return stored("enabled", s.scope(true, nil, nil), s.scope(nil, nil, []string{leaversID}), "fido2", 1, true)
			},
			want: []warning{{
				"gives back the campaign from before", "state: enabled", "authentication method: microsoftAuthenticator", "asks again: after 3 days",
				"registration required: yes, after being put off three times", "includes: all users", "excludes: group Leavers (" + leaversID + ")",
			}},
		},
		"destroy with some gone": {
			before: beforeGone,
			prior: func(s *policySession) map[string]any {
				return stored("enabled", s.scope(nil, []string{adeleID}, nil), nil, "fido2", 1, true)
			},
			want: []warning{{
				"asks again: at every sign-in with MFA", "registration required: no, without end", "includes: user " + adeleUPN,
				"Left out, because they do not exist any more: group " + nobodyID, "That is weaker than what is there now", "not all users are asked any more",
			}},
		},
		"destroy that would reach emergency accounts, with keep": {
			guard: guard, before: beforeManaged,
			prior: func(s *policySession) map[string]any {
				return having(stored("enabled", s.scope(true, nil, nil), s.scope(nil, nil, []string{rescueGroupID}), "fido2", 1, true), "on_destroy", "keep")
			},
		},
		"destroy that would reach emergency accounts, without them": {
			guard: guard, before: beforeManaged,
			prior: func(s *policySession) map[string]any {
				return having(stored("microsoft_managed", s.scope(true, nil, nil), s.scope(nil, nil, []string{rescueGroupID}), "fido2", 1, true),
					"on_destroy", "give_back_excluding_emergency_access")
			},
			want: []warning{{
				"gives back the campaign from before", "excludes: group Emergency access (" + rescueGroupID + ")",
				`Excluded in addition, because on_destroy is "give_back_excluding_emergency_access"`, rescue2UPN, "included by include.all_users",
			}},
		},
		"destroy of what nothing is remembered of": {
			before: "-",
			prior: func(s *policySession) map[string]any {
				return stored("enabled", s.scope(true, nil, nil), nil, "fido2", 1, true)
			},
			want: []warning{{"The registration campaign stays as it is", "leaves the tenant's campaign unchanged"}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := tn.policySession(t, c.guard)
			var prior, config map[string]any
			if c.prior != nil {
				prior = c.prior(s)
			}
			if c.config != nil {
				config = c.config(s)
			}
			var private []byte
			switch c.before {
			case "-":
			case "":
				private = remembered(t, "a", beforeManaged)
			default:
				private = remembered(t, "a", c.before)
			}
			planned := s.plan(prior, config, private)
			noErrors(t, planned.Diagnostics)
			// The states here are not those of the tenant, which a destroy says.
			found := slices.DeleteFunc(warnings(planned.Diagnostics), func(text string) bool {
				return config == nil && strings.HasPrefix(text, "The registration campaign is not what the state has")
			})
			if len(found) != len(c.want) {
				t.Fatalf("the plan gives the warnings %q, want %d", found, len(c.want))
			}
			for n, want := range c.want {
				if !says(want...).MatchString(found[n]) {
					t.Errorf("the warning is %q, want it to say %q", found[n], want)
				}
			}
		})
	}
}

func TestErrorsOfThePolicyStandAtTheAttribute(t *testing.T) {
	t.Parallel()
	tn := newCampaignTenant(t)
	element := func(scope, attribute, id string) *tftypes.AttributePath {
		return tftypes.NewAttributePath().WithAttributeName(scope).WithAttributeName(attribute).WithElementKeyValue(tftypes.NewValue(tftypes.String, id))
	}
	attribute := func(names ...string) *tftypes.AttributePath {
		at := tftypes.NewAttributePath()
		for _, name := range names {
			at = at.WithAttributeName(name)
		}
		return at
	}
	for name, c := range map[string]struct {
		guard  map[string]any
		config func(s *policySession) map[string]any
		want   []*tftypes.AttributePath
	}{
		"all that is wrong with ids": {
			nil, func(s *policySession) map[string]any {
				return map[string]any{
					"state": "enabled", "include": s.scope(nil, []string{staffID}, []string{nobodyID}), "exclude": s.scope(nil, []string{nobodyID}, []string{adeleID}),
				}
			},
			[]*tftypes.AttributePath{
				element("include", "user_ids", staffID), element("include", "group_ids", nobodyID),
				element("exclude", "user_ids", nobodyID), element("exclude", "group_ids", adeleID),
			},
		},
		"managed": {
			nil, func(s *policySession) map[string]any {
				return map[string]any{"state": "microsoft_managed", "authentication_method": "fido2", "snooze_days": 1, "require_registration_after_snoozes": true}
			},
			[]*tftypes.AttributePath{attribute("authentication_method"), attribute("snooze_days"), attribute("require_registration_after_snoozes")},
		},
		"nobody": {
			nil, func(s *policySession) map[string]any {
				return map[string]any{"state": "enabled", "include": s.scope(nil, nil, []string{})}
			},
			[]*tftypes.AttributePath{attribute("include")},
		},
		"nobody left": {
			nil, func(s *policySession) map[string]any {
				return map[string]any{"state": "enabled", "include": s.scope(true, nil, nil), "exclude": s.scope(true, nil, nil)}
			},
			[]*tftypes.AttributePath{attribute("exclude", "all_users")},
		},
		"ids beside all users": {
			nil, func(s *policySession) map[string]any {
				return map[string]any{"state": "disabled", "include": s.scope(true, []string{adeleID}, nil), "exclude": s.scope(true, nil, []string{staffID})}
			},
			[]*tftypes.AttributePath{attribute("include", "user_ids"), attribute("exclude", "group_ids")},
		},
		"emergency access, nothing excluded": {
			guardOf("user_ids", rescueID), func(s *policySession) map[string]any {
				return map[string]any{"state": "enabled", "include": s.scope(true, nil, nil)}
			},
			[]*tftypes.AttributePath{attribute("include")},
		},
		"emergency access, others excluded": {
			guardOf("user_ids", rescueID), func(s *policySession) map[string]any {
				return map[string]any{"state": "enabled", "include": s.scope(true, nil, nil), "exclude": s.scope(nil, []string{adeleID}, nil)}
			},
			[]*tftypes.AttributePath{attribute("exclude")},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := tn.policySession(t, c.guard)
			var have []string
			for _, diagnostic := range s.plan(nil, c.config(s), nil).Diagnostics {
				if diagnostic.Severity == tfprotov6.DiagnosticSeverityError {
					have = append(have, diagnostic.Attribute.String())
				}
			}
			var want []string
			for _, at := range c.want {
				want = append(want, at.String())
			}
			if strings.Join(have, "\n") != strings.Join(want, "\n") {
				t.Errorf("errors at\n%s\nwant\n%s", strings.Join(have, "\n"), strings.Join(want, "\n"))
			}
		})
	}
}

func TestAllIDsOfAPolicyAreLookedUpAtOnce(t *testing.T) {
	t.Parallel()
	people := campaignTenant()
	var ids []string
	for n := range 1200 {
		id := fmt.Sprintf("55555555-eeee-4eee-8eee-%012d", n)
		people.Users = append(people.Users, control.User{ID: id, UserPrincipalName: fmt.Sprintf("user%d@contoso.example", n)})
		ids = append(ids, id)
	}
	tn := startTenant(t, people, quick())
	for n, want := range map[int]int{1: 1, 998: 1, 1200: 2} {
		if err := tn.ClearRequests(context.Background()); err != nil {
			t.Fatal(err)
		}
		s := tn.policySession(t, nil)
		noErrors(t, s.plan(nil, map[string]any{
			"state": "enabled", "include": s.scope(nil, ids[:n], []string{staffID}), "exclude": s.scope(nil, nil, []string{leaversID}),
		}, nil).Diagnostics)
		if have := tn.policyRequests(http.MethodPost, "/getByIds"); have != want {
			t.Errorf("%d look-ups for %d ids, want %d", have, n+2, want)
		}
	}
}

func TestUnknownPartsOfAPolicyArePlannedAndNotChecked(t *testing.T) {
	t.Parallel()
	tn := newCampaignTenant(t)
	unknown := func(typ tftypes.Type) tftypes.Value { return tftypes.NewValue(typ, tftypes.UnknownValue) }
	set := tftypes.Set{ElementType: tftypes.String}
	mixed := tftypes.NewValue(set, []tftypes.Value{tftypes.NewValue(tftypes.String, staffID), unknown(tftypes.String)})
	for name, config := range map[string]func(s *policySession) map[string]any{
		"state": func(s *policySession) map[string]any {
			return map[string]any{"state": unknown(tftypes.String), "include": s.scope(true, nil, nil), "snooze_days": 3}
		},
		"include": func(s *policySession) map[string]any {
			return map[string]any{"state": "enabled", "include": unknown(s.typ.AttributeTypes["include"])}
		},
		"all_users": func(s *policySession) map[string]any {
			return map[string]any{"state": "enabled", "include": s.scope(tftypes.UnknownValue, []string{adeleID}, nil)}
		},
		"lists": func(s *policySession) map[string]any {
			return map[string]any{"state": "enabled", "include": s.scope(nil, tftypes.UnknownValue, tftypes.UnknownValue)}
		},
		"elements": func(s *policySession) map[string]any {
			scope := s.scope(nil, nil, nil)
			var parts map[string]tftypes.Value
			if err := scope.As(&parts); err != nil {
				t.Fatal(err)
			}
			parts["group_ids"] = mixed
			return map[string]any{"state": "enabled", "include": tftypes.NewValue(scope.Type(), parts)}
		},
		"what Microsoft would manage": func(s *policySession) map[string]any {
			return map[string]any{"state": "microsoft_managed", "snooze_days": unknown(tftypes.Number), "authentication_method": unknown(tftypes.String)}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := tn.policySession(t, nil)
			planned := s.plan(nil, config(s), nil)
			noErrors(t, planned.Diagnostics)
			s = tn.policySession(t, map[string]any{"client_secret": unknown(tftypes.String)})
			if planned := s.plan(nil, config(s), nil); len(planned.Diagnostics) != 0 {
				t.Errorf("without a configured provider the plan says %v", planned.Diagnostics)
			}
		})
	}
	// The control: what is known of a list is checked although the rest is not.
	s := tn.policySession(t, nil)
	scope := s.scope(nil, nil, nil)
	var parts map[string]tftypes.Value
	if err := scope.As(&parts); err != nil {
		t.Fatal(err)
	}
	parts["user_ids"] = mixed
	refused := s.plan(nil, map[string]any{"state": "enabled", "include": tftypes.NewValue(scope.Type(), parts)}, nil)
	if len(refused.Diagnostics) != 1 || !says("is not a user").MatchString(refused.Diagnostics[0].Summary) {
		t.Errorf("the plan says %v", refused.Diagnostics)
	}
}

func TestAPolicyIsImportedByIdentity(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	s := newCampaignTenant(t).policySession(t, nil)
	typ := tftypes.Object{AttributeTypes: map[string]tftypes.Type{"id": tftypes.String}}
	identityOf := func(id string) *tfprotov6.ResourceIdentityData {
		return &tfprotov6.ResourceIdentityData{IdentityData: dynamic(t, tftypes.NewValue(typ, map[string]tftypes.Value{"id": tftypes.NewValue(tftypes.String, id)}))}
	}
	imported, err := s.server.ImportResourceState(ctx, &tfprotov6.ImportResourceStateRequest{TypeName: policyTypeName, Identity: identityOf(policyID)})
	if err != nil {
		t.Fatal(err)
	}
	noErrors(t, imported.Diagnostics)
	one := imported.ImportedResources[0]
	read, err := s.server.ReadResource(ctx, &tfprotov6.ReadResourceRequest{TypeName: policyTypeName, CurrentState: one.State, CurrentIdentity: one.Identity, Private: one.Private})
	if err != nil {
		t.Fatal(err)
	}
	noErrors(t, read.Diagnostics)
	have, err := read.NewState.Unmarshal(s.typ)
	if err != nil {
		t.Fatal(err)
	}
	whole := explained(stored("microsoft_managed", s.scope(true, nil, nil), nil, "microsoftAuthenticator", 1, true), "all users")
	whole["adoption_loss"] = "nothing"
	if want := objectOf(t, s.typ, whole); !have.Equal(want) {
		t.Errorf("the imported state is\n%s\nwant\n%s", have, want)
	}
	identity, err := read.NewIdentity.IdentityData.Unmarshal(typ)
	if err != nil {
		t.Fatal(err)
	}
	if want, _ := identityOf(policyID).IdentityData.Unmarshal(typ); !identity.Equal(want) {
		t.Errorf("the identity is %s, want %s", identity, want)
	}
	// What was there is remembered by the read after the import, and kept by every later one.
	again, err := s.server.ReadResource(ctx, &tfprotov6.ReadResourceRequest{TypeName: policyTypeName, CurrentState: read.NewState, CurrentIdentity: read.NewIdentity, Private: read.Private})
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(read.Private), "before") || string(again.Private) != string(read.Private) {
		t.Errorf("the private state is %s and then %s", read.Private, again.Private)
	}
	refused, err := s.server.ImportResourceState(ctx, &tfprotov6.ImportResourceStateRequest{TypeName: policyTypeName, Identity: identityOf("other")})
	if err != nil {
		t.Fatal(err)
	}
	if len(refused.Diagnostics) == 0 || !says("Invalid import id").MatchString(refused.Diagnostics[0].Summary) {
		t.Errorf("the import of another id says %v", refused.Diagnostics)
	}
}

func TestADamagedPrivateStateIsToldAndNotIgnored(t *testing.T) {
	t.Parallel()
	s := newCampaignTenant(t).policySession(t, nil)
	planned := s.plan(stored("enabled", s.scope(true, nil, nil), nil, "fido2", 1, true), nil, remembered(t, "a", `{"not":"a campaign"}`))
	if len(planned.Diagnostics) != 1 || !says("Unable to read what the registration policy has remembered").MatchString(planned.Diagnostics[0].Summary) {
		t.Errorf("the plan says %v", planned.Diagnostics)
	}
}

// As where the provider block was not known at plan, so that nobody could ask the tenant.
func TestAPolicyThatWasPlannedBlindKeepsWhomItHas(t *testing.T) {
	t.Parallel()
	tn := newCampaignTenant(t)
	s := tn.policySession(t, nil)
	unknown := func(name string) tftypes.Value {
		return tftypes.NewValue(s.typ.AttributeTypes[name], tftypes.UnknownValue)
	}
	config := map[string]any{"state": "disabled"}
	planned := map[string]any{
		"id": policyID, "state": "disabled", "include": unknown("include"), "authentication_method": unknown("authentication_method"),
		"snooze_days": unknown("snooze_days"), "require_registration_after_snoozes": unknown("require_registration_after_snoozes"),
		"asked": unknown("asked"), "target_names": unknown("target_names"), "adoption_loss": unknown("adoption_loss"),
	}
	applied, err := s.server.ApplyResourceChange(context.Background(), &tfprotov6.ApplyResourceChangeRequest{
		TypeName: policyTypeName, PriorState: dynamic(t, tftypes.NewValue(s.typ, nil)),
		PlannedState: dynamic(t, objectOf(t, s.typ, planned)), Config: dynamic(t, objectOf(t, s.typ, config)),
	})
	if err != nil {
		t.Fatal(err)
	}
	noErrors(t, applied.Diagnostics)
	have, err := applied.NewState.Unmarshal(s.typ)
	if err != nil {
		t.Fatal(err)
	}
	whole := explained(stored("disabled", s.scope(true, nil, nil), nil, "microsoftAuthenticator", 1, true), "nobody, because the campaign is disabled")
	whole["adoption_loss"] = "the campaign stops: nobody is asked to register a method any more"
	want := objectOf(t, s.typ, whole)
	if !have.Equal(want) {
		t.Errorf("the state is\n%s\nwant\n%s", have, want)
	}
	if err := tn.campaignIs(changed(newTenantsCampaign(), func(c *control.RegistrationCampaign) { c.State = "disabled" })); err != nil {
		t.Error(err)
	}
}

func TestACampaignThatIsAsConfiguredIsAdoptedInAnySpelling(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	tn.do(func(ctx context.Context) error {
		_, err := tn.PatchAuthenticationMethodsPolicy(ctx, json.RawMessage(`{"registrationEnforcement": {"authenticationMethodsRegistrationCampaign": {
			"state": "enabled", "snoozeDurationInDays": 3,
			"includeTargets": [{"id": "`+adeleID+`", "targetType": "user", "targetedAuthenticationMethod": "fido2"}],
			"excludeTargets": [{"id": "`+rescueGroupID+`", "targetType": "group"}]}}}`))
		return err
	})()
	played, err := newCore(tn.factory["entramfa"], map[string]any{
		"tenant_id": tenantID, "client_id": appID, "client_secret": appSecret, "use_cli": false,
		"graph_endpoint": tn.url, "authority_host": tn.url, "ca_bundle_path": tn.caFile,
	})
	if err != nil {
		t.Fatal(err)
	}
	config := configuration{"policy": resourceBlock{typePolicy, map[string]any{
		"state": "enabled", "authentication_method": "Fido2",
		"include": map[string]any{"user_ids": []any{strings.ToUpper(adeleID)}},
		"exclude": map[string]any{"group_ids": []any{strings.ToUpper(rescueGroupID)}},
	}}}
	if report := played.apply(config); report.failed() {
		t.Fatalf("the adoption fails:\n%s", report)
	}
	if next := played.plan(config); next.failed() || len(next.changed) > 0 {
		t.Errorf("the next plan changes %q and says:\n%s", next.changed, next)
	}
}

func TestAPolicyThatKeepsWhomItHasDoesNotMindThatOneOfThemIsGone(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	tn.do(func(ctx context.Context) error {
		_, err := tn.PatchAuthenticationMethodsPolicy(ctx, json.RawMessage(`{"registrationEnforcement": {"authenticationMethodsRegistrationCampaign": {
			"state": "enabled", "includeTargets": [{"id": "`+adeleID+`", "targetType": "user", "targetedAuthenticationMethod": "fido2"}]}}}`))
		return err
	})()
	tn.do(func(ctx context.Context) error { return tn.DeleteUser(ctx, adeleID) })()
	played, err := newCore(tn.factory["entramfa"], map[string]any{
		"tenant_id": tenantID, "client_id": appID, "client_secret": appSecret, "use_cli": false,
		"graph_endpoint": tn.url, "authority_host": tn.url, "ca_bundle_path": tn.caFile,
	})
	if err != nil {
		t.Fatal(err)
	}
	config := configuration{"policy": resourceBlock{typePolicy, map[string]any{"state": "disabled"}}}
	for _, days := range []int{3, 7} {
		config["policy"].values["snooze_days"] = days
		if report := played.apply(config); report.failed() {
			t.Fatalf("%d days fail:\n%s", days, report)
		}
	}
	// The control: whom the configuration names has to be there.
	config["policy"].values["include"] = map[string]any{"user_ids": []any{adeleID}}
	if report := played.plan(config); !says(`User "` + adeleID + `" not found`).MatchString(report.String()) {
		t.Errorf("the plan says:\n%s", report)
	}
}

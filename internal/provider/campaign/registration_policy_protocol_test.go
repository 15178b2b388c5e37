package campaign_test

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
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/acctest"
)

// stored is a whole state of the policy.
func stored(state string, include, exclude any, method string, snooze int, limit bool) map[string]any {
	return map[string]any{
		"id": acctest.PolicyID, "state": state, "include": include, "exclude": exclude,
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
		`{"id":"all_users","targetType":"group","targetedAuthenticationMethod":"microsoftAuthenticator"}],"excludeTargets":[{"id":"` + acctest.LeaversID + `","targetType":"group"}]}`
	beforeDisabled = `{"state":"disabled","includeTargets":[],"excludeTargets":[]}`
	beforeGone     = `{"state":"enabled","snoozeDurationInDays":0,"enforceRegistrationAfterAllowedSnoozes":false,"includeTargets":[` +
		`{"id":"` + acctest.AdeleID + `","targetType":"user","targetedAuthenticationMethod":"fido2"},{"id":"` + acctest.NobodyID + `","targetType":"group","targetedAuthenticationMethod":"fido2"}]}`
)

func TestAPlanOfThePolicyWarnsOfWhatGetsWeakerAndOfWhatADestroyGivesBack(t *testing.T) {
	t.Parallel()
	tn := acctest.NewCampaignTenant(t)
	guard := acctest.Guard("group_ids", acctest.RescueGroupID)
	const weaker = "The registration policy becomes weaker"
	type warning []string
	for name, c := range map[string]struct {
		guard         map[string]any
		before        string
		prior, config func(s *acctest.PolicySession) map[string]any
		want          []warning
	}{
		"created": {
			config: func(s *acctest.PolicySession) map[string]any {
				return map[string]any{"state": "enabled", "include": s.Scope(true, nil, nil)}
			},
			want: []warning{{"The tenant's registration campaign is taken over", "destroying this resource gives it back", "state: microsoft_managed", "up to Microsoft", "includes: all users", "excludes: nobody"}},
		},
		"created as it is": {
			config: func(s *acctest.PolicySession) map[string]any { return map[string]any{"state": "microsoft_managed"} },
			want:   []warning{{"taken over", "as configured already, so the apply writes nothing"}},
		},
		"created weaker": {
			config: func(s *acctest.PolicySession) map[string]any {
				return map[string]any{"state": "enabled", "include": s.Scope(nil, nil, []string{acctest.StaffID})}
			},
			want: []warning{{
				"taken over", "The apply changes of it:\n\n  - state: microsoft_managed -> enabled\n", "- asks again: up to Microsoft -> after 1 day",
				"- includes: all users -> group Staff (" + acctest.StaffID + ")",
			}, {weaker, "not all users are asked any more, but only group Staff (" + acctest.StaffID + ")"}},
		},
		"stopped": {
			prior: func(s *acctest.PolicySession) map[string]any {
				return stored("enabled", s.Scope(true, nil, nil), nil, "fido2", 1, true)
			},
			config: func(s *acctest.PolicySession) map[string]any { return map[string]any{"state": "disabled"} },
			want:   []warning{{weaker, "nobody is asked to register a method any more"}},
		},
		"narrowed and widened": {
			prior: func(s *acctest.PolicySession) map[string]any {
				return stored("enabled", s.Scope(nil, []string{acctest.AdeleID, acctest.AlexID}, []string{acctest.StaffID}), nil, "fido2", 1, true)
			},
			config: func(s *acctest.PolicySession) map[string]any {
				return map[string]any{
					"state": "enabled", "include": s.Scope(nil, []string{acctest.AlexID}, nil), "exclude": s.Scope(nil, nil, []string{acctest.ManagersID}), "require_registration_after_snoozes": false,
				}
			},
			want: []warning{{
				weaker, "no longer included: group Staff (" + acctest.StaffID + "), user " + acctest.AdeleUPN + " (" + acctest.AdeleID + ")",
				"newly excluded: group Managers (" + acctest.ManagersID + ")", "registering can be put off without end",
			}},
		},
		"many are not all named": {
			prior: func(s *acctest.PolicySession) map[string]any {
				return stored("enabled", s.Scope(nil, []string{acctest.AdeleID, acctest.AlexID, acctest.MeganID, acctest.DiegoID, acctest.GuestID, acctest.DollarID, acctest.ObrienID}, []string{acctest.StaffID}), nil, "fido2", 1, true)
			},
			config: func(s *acctest.PolicySession) map[string]any {
				return map[string]any{"state": "enabled", "include": s.Scope(nil, nil, []string{acctest.StaffID})}
			},
			want: []warning{{weaker, "no longer included: ", acctest.AdeleUPN, "and 2 more"}},
		},
		"one who is gone is named by id": {
			prior: func(s *acctest.PolicySession) map[string]any {
				return stored("enabled", s.Scope(nil, []string{acctest.NobodyID, acctest.AdeleID}, nil), nil, "fido2", 1, true)
			},
			config: func(s *acctest.PolicySession) map[string]any {
				return map[string]any{"state": "enabled", "include": s.Scope(nil, []string{acctest.AdeleID}, nil)}
			},
			want: []warning{{weaker, "no longer included: user " + acctest.NobodyID}},
		},
		"in both lists": {
			prior: func(s *acctest.PolicySession) map[string]any {
				return stored("enabled", s.Scope(nil, []string{acctest.AdeleID, acctest.AlexID}, nil), s.Scope(nil, []string{acctest.AdeleID}, nil), "fido2", 1, true)
			},
			config: func(s *acctest.PolicySession) map[string]any {
				return map[string]any{"state": "enabled", "include": s.Scope(nil, []string{acctest.AdeleID, acctest.AlexID}, nil), "exclude": s.Scope(nil, []string{strings.ToUpper(acctest.AdeleID)}, nil)}
			},
			want: []warning{{"Included and excluded at once", "The exclusion wins", acctest.AdeleUPN, "Remove them from one of the two lists"}},
		},
		"emergency accounts excluded": {
			guard: guard,
			prior: func(s *acctest.PolicySession) map[string]any {
				return stored("enabled", s.Scope(true, nil, nil), nil, "fido2", 1, true)
			},
			config: func(s *acctest.PolicySession) map[string]any {
				return map[string]any{"state": "enabled", "include": s.Scope(true, nil, nil), "exclude": s.Scope(nil, nil, []string{acctest.RescueGroupID})}
			},
		},
		"stronger": {
			prior: func(s *acctest.PolicySession) map[string]any {
				return stored("enabled", s.Scope(nil, []string{acctest.AdeleID}, nil), s.Scope(nil, []string{acctest.AlexID}, nil), "fido2", 1, false)
			},
			config: func(s *acctest.PolicySession) map[string]any {
				return map[string]any{"state": "enabled", "include": s.Scope(true, nil, nil), "require_registration_after_snoozes": true}
			},
		},
		"from disabled": {
			prior: func(s *acctest.PolicySession) map[string]any {
				return stored("disabled", s.Scope(true, nil, nil), nil, "fido2", 1, true)
			},
			config: func(s *acctest.PolicySession) map[string]any {
				return map[string]any{"state": "enabled", "include": s.Scope(nil, nil, []string{acctest.StaffID})}
			},
		},
		"no change": {
			prior: func(s *acctest.PolicySession) map[string]any {
				return stored("enabled", s.Scope(true, nil, nil), nil, "fido2", 1, true)
			},
			config: func(s *acctest.PolicySession) map[string]any {
				return map[string]any{"state": "enabled", "include": s.Scope(true, nil, nil)}
			},
		},
		"destroy to managed": {
			before: beforeManaged,
			prior: func(s *acctest.PolicySession) map[string]any {
				return stored("disabled", s.Scope(true, nil, nil), nil, "fido2", 1, true)
			},
			want: []warning{{"Destroying the registration policy gives back the campaign from before", "state: microsoft_managed", "includes: all users", "excludes: nobody"}},
		},
		"destroy to weaker": {
			before: beforeDisabled,
			prior: func(s *acctest.PolicySession) map[string]any {
				return stored("enabled", s.Scope(true, nil, nil), nil, "fido2", 1, true)
			},
			want: []warning{{"gives back the campaign from before", "state: disabled", "includes: nobody", "That is weaker than what is there now", "the campaign stops"}},
		},
		"destroy to enabled": {
			before: beforeEnabled,
			prior: func(s *acctest.PolicySession) map[string]any {
				return stored("enabled", s.Scope(true, nil, nil), s.Scope(nil, nil, []string{acctest.LeaversID}), "fido2", 1, true)
			},
			want: []warning{{
				"gives back the campaign from before", "state: enabled", "authentication method: microsoftAuthenticator", "asks again: after 3 days",
				"registration required: yes, after being put off three times", "includes: all users", "excludes: group Leavers (" + acctest.LeaversID + ")",
			}},
		},
		"destroy with some gone": {
			before: beforeGone,
			prior: func(s *acctest.PolicySession) map[string]any {
				return stored("enabled", s.Scope(nil, []string{acctest.AdeleID}, nil), nil, "fido2", 1, true)
			},
			want: []warning{{
				"asks again: at every sign-in with MFA", "registration required: no, without end", "includes: user " + acctest.AdeleUPN,
				"Left out, because they do not exist any more: group " + acctest.NobodyID, "That is weaker than what is there now", "not all users are asked any more",
			}},
		},
		"destroy that would reach emergency accounts, with keep": {
			guard: guard, before: beforeManaged,
			prior: func(s *acctest.PolicySession) map[string]any {
				return acctest.Having(stored("enabled", s.Scope(true, nil, nil), s.Scope(nil, nil, []string{acctest.RescueGroupID}), "fido2", 1, true), "on_destroy", "keep")
			},
		},
		"destroy that would reach emergency accounts, without them": {
			guard: guard, before: beforeManaged,
			prior: func(s *acctest.PolicySession) map[string]any {
				return acctest.Having(stored("microsoft_managed", s.Scope(true, nil, nil), s.Scope(nil, nil, []string{acctest.RescueGroupID}), "fido2", 1, true),
					"on_destroy", "give_back_excluding_emergency_access")
			},
			want: []warning{{
				"gives back the campaign from before", "excludes: group Emergency access (" + acctest.RescueGroupID + ")",
				`Excluded in addition, because on_destroy is "give_back_excluding_emergency_access"`, acctest.Rescue2UPN, "included by include.all_users",
			}},
		},
		"destroy of what nothing is remembered of": {
			before: "-",
			prior: func(s *acctest.PolicySession) map[string]any {
				return stored("enabled", s.Scope(true, nil, nil), nil, "fido2", 1, true)
			},
			want: []warning{{"The registration campaign stays as it is", "leaves the tenant's campaign unchanged"}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := tn.PolicySession(t, c.guard)
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
			planned := s.Plan(prior, config, private)
			acctest.NoErrors(t, planned.Diagnostics)
			// The states here are not those of the tenant, which a destroy says.
			found := slices.DeleteFunc(acctest.Warnings(planned.Diagnostics), func(text string) bool {
				return config == nil && strings.HasPrefix(text, "The registration campaign is not what the state has")
			})
			if len(found) != len(c.want) {
				t.Fatalf("the plan gives the warnings %q, want %d", found, len(c.want))
			}
			for n, want := range c.want {
				if !acctest.Says(want...).MatchString(found[n]) {
					t.Errorf("the warning is %q, want it to say %q", found[n], want)
				}
			}
		})
	}
}

func TestErrorsOfThePolicyStandAtTheAttribute(t *testing.T) {
	t.Parallel()
	tn := acctest.NewCampaignTenant(t)
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
		config func(s *acctest.PolicySession) map[string]any
		want   []*tftypes.AttributePath
	}{
		"all that is wrong with ids": {
			nil, func(s *acctest.PolicySession) map[string]any {
				return map[string]any{
					"state": "enabled", "include": s.Scope(nil, []string{acctest.StaffID}, []string{acctest.NobodyID}), "exclude": s.Scope(nil, []string{acctest.NobodyID}, []string{acctest.AdeleID}),
				}
			},
			[]*tftypes.AttributePath{
				element("include", "user_ids", acctest.StaffID), element("include", "group_ids", acctest.NobodyID),
				element("exclude", "user_ids", acctest.NobodyID), element("exclude", "group_ids", acctest.AdeleID),
			},
		},
		"managed": {
			nil, func(s *acctest.PolicySession) map[string]any {
				return map[string]any{"state": "microsoft_managed", "authentication_method": "fido2", "snooze_days": 1, "require_registration_after_snoozes": true}
			},
			[]*tftypes.AttributePath{attribute("authentication_method"), attribute("snooze_days"), attribute("require_registration_after_snoozes")},
		},
		"nobody": {
			nil, func(s *acctest.PolicySession) map[string]any {
				return map[string]any{"state": "enabled", "include": s.Scope(nil, nil, []string{})}
			},
			[]*tftypes.AttributePath{attribute("include")},
		},
		"nobody left": {
			nil, func(s *acctest.PolicySession) map[string]any {
				return map[string]any{"state": "enabled", "include": s.Scope(true, nil, nil), "exclude": s.Scope(true, nil, nil)}
			},
			[]*tftypes.AttributePath{attribute("exclude", "all_users")},
		},
		"ids beside all users": {
			nil, func(s *acctest.PolicySession) map[string]any {
				return map[string]any{"state": "disabled", "include": s.Scope(true, []string{acctest.AdeleID}, nil), "exclude": s.Scope(true, nil, []string{acctest.StaffID})}
			},
			[]*tftypes.AttributePath{attribute("include", "user_ids"), attribute("exclude", "group_ids")},
		},
		"emergency access, nothing excluded": {
			acctest.Guard("user_ids", acctest.RescueID), func(s *acctest.PolicySession) map[string]any {
				return map[string]any{"state": "enabled", "include": s.Scope(true, nil, nil)}
			},
			[]*tftypes.AttributePath{attribute("include")},
		},
		"emergency access, others excluded": {
			acctest.Guard("user_ids", acctest.RescueID), func(s *acctest.PolicySession) map[string]any {
				return map[string]any{"state": "enabled", "include": s.Scope(true, nil, nil), "exclude": s.Scope(nil, []string{acctest.AdeleID}, nil)}
			},
			[]*tftypes.AttributePath{attribute("exclude")},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := tn.PolicySession(t, c.guard)
			var have []string
			for _, diagnostic := range s.Plan(nil, c.config(s), nil).Diagnostics {
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
	people := acctest.CampaignTenant()
	var ids []string
	for n := range 1200 {
		id := fmt.Sprintf("55555555-eeee-4eee-8eee-%012d", n)
		people.Users = append(people.Users, control.User{ID: id, UserPrincipalName: fmt.Sprintf("user%d@contoso.example", n)})
		ids = append(ids, id)
	}
	tn := acctest.StartTenant(t, people, acctest.Quick())
	for n, want := range map[int]int{1: 1, 998: 1, 1200: 2} {
		if err := tn.ClearRequests(context.Background()); err != nil {
			t.Fatal(err)
		}
		s := tn.PolicySession(t, nil)
		acctest.NoErrors(t, s.Plan(nil, map[string]any{
			"state": "enabled", "include": s.Scope(nil, ids[:n], []string{acctest.StaffID}), "exclude": s.Scope(nil, nil, []string{acctest.LeaversID}),
		}, nil).Diagnostics)
		if have := tn.PolicyRequests(http.MethodPost, "/getByIds"); have != want {
			t.Errorf("%d look-ups for %d ids, want %d", have, n+2, want)
		}
	}
}

func TestUnknownPartsOfAPolicyArePlannedAndNotChecked(t *testing.T) {
	t.Parallel()
	tn := acctest.NewCampaignTenant(t)
	unknown := func(typ tftypes.Type) tftypes.Value { return tftypes.NewValue(typ, tftypes.UnknownValue) }
	set := tftypes.Set{ElementType: tftypes.String}
	mixed := tftypes.NewValue(set, []tftypes.Value{tftypes.NewValue(tftypes.String, acctest.StaffID), unknown(tftypes.String)})
	for name, config := range map[string]func(s *acctest.PolicySession) map[string]any{
		"state": func(s *acctest.PolicySession) map[string]any {
			return map[string]any{"state": unknown(tftypes.String), "include": s.Scope(true, nil, nil), "snooze_days": 3}
		},
		"include": func(s *acctest.PolicySession) map[string]any {
			return map[string]any{"state": "enabled", "include": unknown(s.Type.AttributeTypes["include"])}
		},
		"all_users": func(s *acctest.PolicySession) map[string]any {
			return map[string]any{"state": "enabled", "include": s.Scope(tftypes.UnknownValue, []string{acctest.AdeleID}, nil)}
		},
		"lists": func(s *acctest.PolicySession) map[string]any {
			return map[string]any{"state": "enabled", "include": s.Scope(nil, tftypes.UnknownValue, tftypes.UnknownValue)}
		},
		"elements": func(s *acctest.PolicySession) map[string]any {
			scope := s.Scope(nil, nil, nil)
			var parts map[string]tftypes.Value
			if err := scope.As(&parts); err != nil {
				t.Fatal(err)
			}
			parts["group_ids"] = mixed
			return map[string]any{"state": "enabled", "include": tftypes.NewValue(scope.Type(), parts)}
		},
		"what Microsoft would manage": func(s *acctest.PolicySession) map[string]any {
			return map[string]any{"state": "microsoft_managed", "snooze_days": unknown(tftypes.Number), "authentication_method": unknown(tftypes.String)}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := tn.PolicySession(t, nil)
			planned := s.Plan(nil, config(s), nil)
			acctest.NoErrors(t, planned.Diagnostics)
			s = tn.PolicySession(t, map[string]any{"client_secret": unknown(tftypes.String)})
			if planned := s.Plan(nil, config(s), nil); len(planned.Diagnostics) != 0 {
				t.Errorf("without a configured provider the plan says %v", planned.Diagnostics)
			}
		})
	}
	// The control: what is known of a list is checked although the rest is not.
	s := tn.PolicySession(t, nil)
	scope := s.Scope(nil, nil, nil)
	var parts map[string]tftypes.Value
	if err := scope.As(&parts); err != nil {
		t.Fatal(err)
	}
	parts["user_ids"] = mixed
	refused := s.Plan(nil, map[string]any{"state": "enabled", "include": tftypes.NewValue(scope.Type(), parts)}, nil)
	if len(refused.Diagnostics) != 1 || !acctest.Says("is not a user").MatchString(refused.Diagnostics[0].Summary) {
		t.Errorf("the plan says %v", refused.Diagnostics)
	}
}

func TestAPolicyIsImportedByIdentity(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	s := acctest.NewCampaignTenant(t).PolicySession(t, nil)
	typ := tftypes.Object{AttributeTypes: map[string]tftypes.Type{"id": tftypes.String}}
	identityOf := func(id string) *tfprotov6.ResourceIdentityData {
		return &tfprotov6.ResourceIdentityData{IdentityData: acctest.Dynamic(t, tftypes.NewValue(typ, map[string]tftypes.Value{"id": tftypes.NewValue(tftypes.String, id)}))}
	}
	imported, err := s.Server.ImportResourceState(ctx, &tfprotov6.ImportResourceStateRequest{TypeName: acctest.PolicyTypeName, Identity: identityOf(acctest.PolicyID)})
	if err != nil {
		t.Fatal(err)
	}
	acctest.NoErrors(t, imported.Diagnostics)
	one := imported.ImportedResources[0]
	read, err := s.Server.ReadResource(ctx, &tfprotov6.ReadResourceRequest{TypeName: acctest.PolicyTypeName, CurrentState: one.State, CurrentIdentity: one.Identity, Private: one.Private})
	if err != nil {
		t.Fatal(err)
	}
	acctest.NoErrors(t, read.Diagnostics)
	have, err := read.NewState.Unmarshal(s.Type)
	if err != nil {
		t.Fatal(err)
	}
	whole := explained(stored("microsoft_managed", s.Scope(true, nil, nil), nil, "microsoftAuthenticator", 1, true), "all users")
	whole["adoption_loss"] = "nothing"
	if want := acctest.ObjectOf(t, s.Type, whole); !have.Equal(want) {
		t.Errorf("the imported state is\n%s\nwant\n%s", have, want)
	}
	identity, err := read.NewIdentity.IdentityData.Unmarshal(typ)
	if err != nil {
		t.Fatal(err)
	}
	if want, _ := identityOf(acctest.PolicyID).IdentityData.Unmarshal(typ); !identity.Equal(want) {
		t.Errorf("the identity is %s, want %s", identity, want)
	}
	// What was there is remembered by the read after the import, and kept by every later one.
	again, err := s.Server.ReadResource(ctx, &tfprotov6.ReadResourceRequest{TypeName: acctest.PolicyTypeName, CurrentState: read.NewState, CurrentIdentity: read.NewIdentity, Private: read.Private})
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(read.Private), "before") || string(again.Private) != string(read.Private) {
		t.Errorf("the private state is %s and then %s", read.Private, again.Private)
	}
	refused, err := s.Server.ImportResourceState(ctx, &tfprotov6.ImportResourceStateRequest{TypeName: acctest.PolicyTypeName, Identity: identityOf("other")})
	if err != nil {
		t.Fatal(err)
	}
	if len(refused.Diagnostics) == 0 || !acctest.Says("Invalid import id").MatchString(refused.Diagnostics[0].Summary) {
		t.Errorf("the import of another id says %v", refused.Diagnostics)
	}
}

func TestADamagedPrivateStateIsToldAndNotIgnored(t *testing.T) {
	t.Parallel()
	s := acctest.NewCampaignTenant(t).PolicySession(t, nil)
	planned := s.Plan(stored("enabled", s.Scope(true, nil, nil), nil, "fido2", 1, true), nil, remembered(t, "a", `{"not":"a campaign"}`))
	if len(planned.Diagnostics) != 1 || !acctest.Says("Unable to read what the registration policy has remembered").MatchString(planned.Diagnostics[0].Summary) {
		t.Errorf("the plan says %v", planned.Diagnostics)
	}
}

// As where the provider block was not known at plan, so that nobody could ask the tenant.
func TestAPolicyThatWasPlannedBlindKeepsWhomItHas(t *testing.T) {
	t.Parallel()
	tn := acctest.NewCampaignTenant(t)
	s := tn.PolicySession(t, nil)
	unknown := func(name string) tftypes.Value {
		return tftypes.NewValue(s.Type.AttributeTypes[name], tftypes.UnknownValue)
	}
	config := map[string]any{"state": "disabled"}
	planned := map[string]any{
		"id": acctest.PolicyID, "state": "disabled", "include": unknown("include"), "authentication_method": unknown("authentication_method"),
		"snooze_days": unknown("snooze_days"), "require_registration_after_snoozes": unknown("require_registration_after_snoozes"),
		"asked": unknown("asked"), "target_names": unknown("target_names"), "adoption_loss": unknown("adoption_loss"),
	}
	applied, err := s.Server.ApplyResourceChange(context.Background(), &tfprotov6.ApplyResourceChangeRequest{
		TypeName: acctest.PolicyTypeName, PriorState: acctest.Dynamic(t, tftypes.NewValue(s.Type, nil)),
		PlannedState: acctest.Dynamic(t, acctest.ObjectOf(t, s.Type, planned)), Config: acctest.Dynamic(t, acctest.ObjectOf(t, s.Type, config)),
	})
	if err != nil {
		t.Fatal(err)
	}
	acctest.NoErrors(t, applied.Diagnostics)
	have, err := applied.NewState.Unmarshal(s.Type)
	if err != nil {
		t.Fatal(err)
	}
	whole := explained(stored("disabled", s.Scope(true, nil, nil), nil, "microsoftAuthenticator", 1, true), "nobody, because the campaign is disabled")
	whole["adoption_loss"] = "the campaign stops: nobody is asked to register a method any more"
	want := acctest.ObjectOf(t, s.Type, whole)
	if !have.Equal(want) {
		t.Errorf("the state is\n%s\nwant\n%s", have, want)
	}
	if err := tn.CampaignIs(changed(newTenantsCampaign(), func(c *control.RegistrationCampaign) { c.State = "disabled" })); err != nil {
		t.Error(err)
	}
}

func TestACampaignThatIsAsConfiguredIsAdoptedInAnySpelling(t *testing.T) {
	t.Parallel()
	tn := acctest.NewTenant(t)
	tn.Do(func(ctx context.Context) error {
		_, err := tn.PatchAuthenticationMethodsPolicy(ctx, json.RawMessage(`{"registrationEnforcement": {"authenticationMethodsRegistrationCampaign": {
			"state": "enabled", "snoozeDurationInDays": 3,
			"includeTargets": [{"id": "`+acctest.AdeleID+`", "targetType": "user", "targetedAuthenticationMethod": "fido2"}],
			"excludeTargets": [{"id": "`+acctest.RescueGroupID+`", "targetType": "group"}]}}}`))
		return err
	})()
	played, err := acctest.NewCore(tn.Factory["entramfa"], map[string]any{
		"tenant_id": acctest.TenantID, "client_id": acctest.AppID, "client_secret": acctest.AppSecret, "use_cli": false,
		"graph_endpoint": tn.URL, "authority_host": tn.URL, "ca_bundle_path": tn.CAFile,
	})
	if err != nil {
		t.Fatal(err)
	}
	config := acctest.Configuration{"policy": acctest.ResourceBlock{TypeName: acctest.PolicyTypeName, Values: map[string]any{
		"state": "enabled", "authentication_method": "Fido2",
		"include": map[string]any{"user_ids": []any{strings.ToUpper(acctest.AdeleID)}},
		"exclude": map[string]any{"group_ids": []any{strings.ToUpper(acctest.RescueGroupID)}},
	}}}
	if report := played.Apply(config); report.Failed() {
		t.Fatalf("the adoption fails:\n%s", report)
	}
	if next := played.Plan(config); next.Failed() || len(next.Changed) > 0 {
		t.Errorf("the next plan changes %q and says:\n%s", next.Changed, next)
	}
}

func TestAPolicyThatKeepsWhomItHasDoesNotMindThatOneOfThemIsGone(t *testing.T) {
	t.Parallel()
	tn := acctest.NewTenant(t)
	tn.Do(func(ctx context.Context) error {
		_, err := tn.PatchAuthenticationMethodsPolicy(ctx, json.RawMessage(`{"registrationEnforcement": {"authenticationMethodsRegistrationCampaign": {
			"state": "enabled", "includeTargets": [{"id": "`+acctest.AdeleID+`", "targetType": "user", "targetedAuthenticationMethod": "fido2"}]}}}`))
		return err
	})()
	tn.Do(func(ctx context.Context) error { return tn.DeleteUser(ctx, acctest.AdeleID) })()
	played, err := acctest.NewCore(tn.Factory["entramfa"], map[string]any{
		"tenant_id": acctest.TenantID, "client_id": acctest.AppID, "client_secret": acctest.AppSecret, "use_cli": false,
		"graph_endpoint": tn.URL, "authority_host": tn.URL, "ca_bundle_path": tn.CAFile,
	})
	if err != nil {
		t.Fatal(err)
	}
	config := acctest.Configuration{"policy": acctest.ResourceBlock{TypeName: acctest.PolicyTypeName, Values: map[string]any{"state": "disabled"}}}
	for _, days := range []int{3, 7} {
		config["policy"].Values["snooze_days"] = days
		if report := played.Apply(config); report.Failed() {
			t.Fatalf("%d days fail:\n%s", days, report)
		}
	}
	// The control: whom the configuration names has to be there.
	config["policy"].Values["include"] = map[string]any{"user_ids": []any{acctest.AdeleID}}
	if report := played.Plan(config); !acctest.Says(`User "` + acctest.AdeleID + `" not found`).MatchString(report.String()) {
		t.Errorf("the plan says:\n%s", report)
	}
}

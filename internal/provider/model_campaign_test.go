package provider_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/acctest"
)

// campaignOf is a tenant's campaign.
func campaignOf(tenant *control.Tenant) *control.RegistrationCampaign {
	return tenant.AuthenticationMethodsPolicy.Campaign()
}

// restOf is all of the policy that is not the campaign, and whatever else nobody here may touch.
func restOf(tenant *control.Tenant) string {
	policy := *tenant.AuthenticationMethodsPolicy
	policy.RegistrationEnforcement, policy.LastModifiedDateTime = nil, nil
	others := slices.DeleteFunc(slices.Clone(tenant.ConditionalAccessPolicies), isModelPolicy)
	text, err := json.Marshal([]any{policy, others, tenant.Groups, tenant.Apps})
	acctest.Must(err)
	return string(text)
}

// scope is a list of targets as a set, with everybody as one of them.
func scope(values map[string]any) []string {
	var all []string
	if everybody, _ := values["all_users"].(bool); everybody {
		all = append(all, "group "+control.AllUsers)
	}
	for _, id := range listed(values["user_ids"]) {
		all = append(all, "user "+strings.ToLower(id))
	}
	for _, id := range listed(values["group_ids"]) {
		all = append(all, "group "+strings.ToLower(id))
	}
	slices.Sort(all)
	return slices.Compact(all)
}

func included(c *control.RegistrationCampaign) []string {
	var all []string
	for _, target := range c.IncludeTargets {
		all = append(all, target.TargetType+" "+target.ID)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

func excluded(c *control.RegistrationCampaign) []string {
	var all []string
	for _, target := range c.ExcludeTargets {
		all = append(all, target.TargetType+" "+target.ID)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

func methodOf(c *control.RegistrationCampaign) string {
	if len(c.IncludeTargets) == 0 {
		return ""
	}
	return strings.ToLower(c.IncludeTargets[0].TargetedAuthenticationMethod)
}

func stateOfCampaign(wanted acctest.ResourceBlock) string {
	if state := wanted.Text("state", ""); state != "microsoft_managed" {
		return state
	}
	return control.ConfigDefault
}

func (m *model) expectCampaign(e *forecast, before *control.Tenant, state map[string]acctest.ResourceBlock) {
	was := *campaignOf(before)
	var wanted *acctest.ResourceBlock
	for name, candidate := range m.config {
		if candidate.TypeName == typePolicy {
			wanted = &candidate
			m.refuseCampaign(e, name, candidate, before)
		}
	}
	_, managed := state["policy"]
	switch {
	case wanted != nil:
		e.campaign = func(have *control.RegistrationCampaign) string { return campaignProblem(*wanted, &was, have) }
	case managed && m.remembered != nil && state["policy"].Text("on_destroy", "") == "" && len(m.reached(m.remembered)) > 0:
		e.refused["policy"] = refusedDestroy
		fallthrough
	case managed && m.remembered != nil:
		e.campaign = func(have *control.RegistrationCampaign) string { return m.givenBack(before, &was, have) }
	default:
		e.campaign = func(have *control.RegistrationCampaign) string {
			if !reflect.DeepEqual(*have, was) {
				return "nobody configured it, and it has changed"
			}
			return ""
		}
	}
}

// onDestroySparing is the on_destroy of a model with emergency access accounts, and refusedDestroy what a destroy without it says.
const (
	onDestroySparing = "give_back_excluding_emergency_access"
	refusedDestroy   = "Emergency access accounts would be asked to register after the destroy"
)

// reached are the emergency access accounts that a campaign asks.
func (m *model) reached(c *control.RegistrationCampaign) []string {
	var ids []string
	for id := range m.emergency {
		asked := slices.Contains(included(c), "group "+control.AllUsers) || slices.Contains(included(c), "user "+id)
		if c.State != control.ConfigDisabled && asked && !slices.Contains(excluded(c), "user "+id) {
			ids = append(ids, "user "+id)
		}
	}
	return ids
}

// refuseCampaign predicts what the plan refuses: targets that are not there, and emergency accounts who would be asked.
func (m *model) refuseCampaign(e *forecast, name string, wanted acctest.ResourceBlock, before *control.Tenant) {
	include, _ := wanted.Values["include"].(map[string]any)
	exclude, _ := wanted.Values["exclude"].(map[string]any)
	asked, spared := scope(include), scope(exclude)
	if include == nil {
		asked = included(campaignOf(before))
	}
	for _, target := range append(slices.Clone(asked), spared...) {
		if id, ok := strings.CutPrefix(target, "user "); ok && userBy(before, id) == nil && (include != nil || !slices.Contains(asked, target)) {
			e.refused[name] = notFound
			return
		}
	}
	if stateOfCampaign(wanted) == control.ConfigDisabled {
		return
	}
	for id := range m.emergency {
		caught := slices.Contains(asked, "group "+control.AllUsers) || slices.Contains(asked, "user "+id)
		if caught && !slices.Contains(spared, "user "+id) {
			e.refused[name] = "Emergency access accounts would be asked to register"
		}
	}
}

// campaignProblem says what a campaign lacks of what is configured, given the one that was there before.
func campaignProblem(wanted acctest.ResourceBlock, was, have *control.RegistrationCampaign) string {
	state := stateOfCampaign(wanted)
	include, _ := wanted.Values["include"].(map[string]any)
	exclude, _ := wanted.Values["exclude"].(map[string]any)
	wantedInclude := scope(include)
	if include == nil {
		wantedInclude = included(was)
	}
	switch {
	case have.State != state:
		return fmt.Sprintf("its state is %q and not %q", have.State, state)
	case !slices.Equal(included(have), wantedInclude):
		return fmt.Sprintf("it includes %q and not %q", included(have), wantedInclude)
	case !slices.Equal(excluded(have), scope(exclude)):
		return fmt.Sprintf("it excludes %q and not %q", excluded(have), scope(exclude))
	case state == control.ConfigDefault:
		return ""
	}
	method := strings.ToLower(wanted.Text("authentication_method", methodOf(was)))
	if method != "" && methodOf(have) != "" && method != methodOf(have) {
		return fmt.Sprintf("its method is %q and not %q", methodOf(have), method)
	}
	days := *was.SnoozeDurationInDays
	if configured, ok := wanted.Values["snooze_days"].(int); ok {
		days = configured
	}
	if *have.SnoozeDurationInDays != days {
		return fmt.Sprintf("its days are %d and not %d", *have.SnoozeDurationInDays, days)
	}
	limited := *was.EnforceRegistrationAfterAllowedSnoozes
	if configured, ok := wanted.Values["require_registration_after_snoozes"].(bool); ok {
		limited = configured
	}
	if *have.EnforceRegistrationAfterAllowedSnoozes != limited {
		return fmt.Sprintf("its limit is %t and not %t", *have.EnforceRegistrationAfterAllowedSnoozes, limited)
	}
	return ""
}

// givenBack compares a campaign with the remembered one, without those who do not exist any more.
func (m *model) givenBack(before *control.Tenant, was, have *control.RegistrationCampaign) string {
	want := *m.remembered
	left := func(targets []string) []string {
		return slices.DeleteFunc(targets, func(target string) bool {
			id, user := strings.CutPrefix(target, "user ")
			return user && userBy(before, id) == nil
		})
	}
	include := left(included(&want))
	if len(include) == 0 && len(want.IncludeTargets) > 0 {
		// An empty campaign would ask nobody, so it is disabled instead, and keeps whom it has.
		want.State, include = control.ConfigDisabled, included(was)
	}
	exclude := left(excluded(&want))
	exclude = append(exclude, m.reached(&want)...)
	slices.Sort(exclude)
	switch {
	case have.State != want.State, !slices.Equal(included(have), include), !slices.Equal(excluded(have), exclude):
		return fmt.Sprintf("it is not the one from before: %s %q %q, not %s %q %q",
			have.State, included(have), excluded(have), want.State, include, exclude)
	case want.State == control.ConfigDefault:
		return ""
	case *have.SnoozeDurationInDays != *want.SnoozeDurationInDays,
		*have.EnforceRegistrationAfterAllowedSnoozes != *want.EnforceRegistrationAfterAllowedSnoozes,
		methodOf(&want) != "" && len(include) > 0 && have.State != control.ConfigDisabled && methodOf(have) != methodOf(&want):
		return "its days, limit or method are not those from before"
	}
	return ""
}

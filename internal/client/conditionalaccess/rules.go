package conditionalaccess

import (
	"slices"
	"strconv"
	"strings"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/guid"
)

// Rule names a rule that a policy breaks.
type Rule string

// The rules. Their source is the reference of each object, and the pages on conditions, grant and session controls of Microsoft Entra.
//
// Sources: https://learn.microsoft.com/graph/api/resources/conditionalaccessconditionset,
// https://learn.microsoft.com/graph/api/resources/conditionalaccessgrantcontrols,
// https://learn.microsoft.com/graph/api/resources/conditionalaccesssessioncontrols,
// https://learn.microsoft.com/entra/identity/conditional-access/concept-conditional-access-cloud-apps
const (
	// RuleNobody is a policy that includes neither users nor workload identities.
	RuleNobody Rule = "nobody"
	// RuleUsersAndWorkloads is one that includes both.
	RuleUsersAndWorkloads Rule = "users_and_workloads"
	// RuleNoTarget is one that includes no app, no user action and no authentication context.
	RuleNoTarget Rule = "no_target"
	// RuleMixedTargets is one that includes more than one kind of them.
	RuleMixedTargets Rule = "mixed_targets"
	// RuleFilterWithAll is a filter of apps in a policy that names all apps or none. It is a warning: reports of what the service does differ.
	RuleFilterWithAll Rule = "filter_with_all"
	// RuleNothingAsked is a policy without a control that is on.
	RuleNothingAsked Rule = "nothing_asked"
	// RuleStrengthWithMFA is an authentication strength in addition to the control mfa.
	RuleStrengthWithMFA Rule = "strength_with_mfa"
	// RuleDeviceRegistration is a control or condition that the user action of device registration does not have.
	RuleDeviceRegistration Rule = "device_registration"
	// RulePasswordChange is the control passwordChange in a policy that is not about risky users and all apps, with MFA, alone.
	RulePasswordChange Rule = "password_change"
	// RuleFrequency is a sign-in frequency of every time with a period, or a timed one without.
	RuleFrequency Rule = "frequency"
	// RulePersistentBrowser is a persistent browser session in a policy that is not about all apps.
	RulePersistentBrowser Rule = "persistent_browser"
	// RuleContinuousAccess is continuous access evaluation that is disabled in a policy that has conditions or is not about all apps.
	RuleContinuousAccess Rule = "continuous_access"
	// RulePlatform is the approved or the protected app as only control of platforms that have none.
	RulePlatform Rule = "platform"
	// RuleTenants are enumerated tenants without a tenant, or tenants of a policy that includes all of them.
	RuleTenants Rule = "tenants"
	// RuleNotAnID is a value that is neither an id nor one of the names that the list knows.
	RuleNotAnID Rule = "not_an_id"
	// RuleWorkloadBlock is a policy about workload identities that asks for something: it can only block.
	//
	// Source: https://learn.microsoft.com/entra/identity/conditional-access/workload-identity
	RuleWorkloadBlock Rule = "workload_block"
	// RuleAppRestrictions are restrictions that the app enforces in a policy about no app that can.
	RuleAppRestrictions Rule = "app_restrictions"
	// RuleEveryTimeAlone is a sign-in every time beside a session control that does not go with it.
	RuleEveryTimeAlone Rule = "every_time_alone"
	// RuleTooMany is a list that is longer than the service takes.
	RuleTooMany Rule = "too_many"
	// RuleReportOnlyAction is a user action in report-only, in which the service does not evaluate it. It is a warning.
	RuleReportOnlyAction Rule = "report_only_action"
	// RuleRetiredControl is a control that Microsoft has retired. It is a warning.
	RuleRetiredControl Rule = "retired_control"
)

// Rules are all of them.
var Rules = []Rule{
	RuleNobody, RuleUsersAndWorkloads, RuleNoTarget, RuleMixedTargets, RuleFilterWithAll, RuleNothingAsked, RuleStrengthWithMFA, RuleDeviceRegistration,
	RulePasswordChange, RuleFrequency, RulePersistentBrowser, RuleContinuousAccess, RulePlatform, RuleTenants, RuleNotAnID, RuleTooMany,
	RuleReportOnlyAction, RuleRetiredControl, RuleWorkloadBlock, RuleAppRestrictions, RuleEveryTimeAlone,
}

// Limits of a policy.
const (
	// MaxApplications is how many apps a policy names, as observed.
	MaxApplications = 250
	// MaxFilterRule is how many characters the rule of a device filter has.
	//
	// Source: https://learn.microsoft.com/entra/identity/conditional-access/concept-condition-filters-for-devices
	MaxFilterRule = 3072
)

// Problem is a rule that a policy breaks.
type Problem struct {
	Rule Rule
	// At is the place on the wire, such as conditions.users.
	At string
	// Values are those that break the rule; they may be empty.
	Values []string
	// Warning says that the service accepts the policy.
	Warning bool
}

// Check returns the rules that a policy breaks. What the values of Unknown places are is not judged: a plan may not know them yet.
func (p Policy) Check(unknown func(at string) bool) []Problem {
	c := checker{Policy: p, unknown: unknown}
	c.users()
	c.targets()
	c.grant()
	c.session()
	c.ids()
	return c.problems
}

type checker struct {
	Policy
	unknown  func(at string) bool
	problems []Problem
}

// report adds a problem, unless one of the places that it rests on is not known.
func (c *checker) report(rule Rule, at string, values []string, restsOn ...string) {
	for _, place := range append(restsOn, at) {
		if c.unknown(place) {
			return
		}
	}
	c.problems = append(c.problems, Problem{
		Rule: rule, At: at, Values: values, Warning: rule == RuleReportOnlyAction || rule == RuleRetiredControl || rule == RuleFilterWithAll,
	})
}

func (c *checker) users() {
	users, workloads := c.Conditions.Users, c.Conditions.ClientApplications
	includes := users != nil && (len(users.IncludeUsers)+len(users.IncludeGroups)+len(users.IncludeRoles) > 0 || users.IncludeGuests != nil)
	anybody := includes && (len(users.IncludeUsers) != 1 || !strings.EqualFold(users.IncludeUsers[0], None) || len(users.IncludeGroups)+len(users.IncludeRoles) > 0)
	works := workloads != nil && (len(workloads.IncludeServicePrincipals) > 0 || workloads.Filter != nil)
	const at, other = "conditions.users", "conditions.clientApplications"
	switch {
	case !includes && !works:
		c.report(RuleNobody, at, nil, other)
	case anybody && works:
		c.report(RuleUsersAndWorkloads, other, nil, at)
	}
	if works && !anybody && !(c.GrantControls != nil && c.GrantControls.Count() == 1 && c.Blocks()) {
		c.report(RuleWorkloadBlock, "grantControls", nil, other)
	}
	if users == nil {
		return
	}
	for place, guests := range map[string]*Guests{at + ".includeGuestsOrExternalUsers": users.IncludeGuests, at + ".excludeGuestsOrExternalUsers": users.ExcludeGuests} {
		if guests == nil || guests.Tenants == nil {
			continue
		}
		if (guests.Tenants.MembershipKind == TenantsEnumerated) != (len(guests.Tenants.Members) > 0) {
			c.report(RuleTenants, place+".externalTenants", nil)
		}
	}
}

func (c *checker) targets() {
	const at = "conditions.applications"
	apps := c.Conditions.Applications
	if apps == nil {
		c.report(RuleNoTarget, at, nil)
		return
	}
	var kinds []string
	for _, list := range []struct {
		name  string
		count int
	}{{"includeApplications", len(apps.IncludeApplications)}, {"includeUserActions", len(apps.IncludeUserActions)}, {"includeAuthenticationContextClassReferences", len(apps.IncludeContexts)}} {
		if list.count > 0 {
			kinds = append(kinds, at+"."+list.name)
		}
	}
	switch {
	case len(kinds) == 0 && (apps.Filter == nil || apps.Filter.Mode != "include"):
		c.report(RuleNoTarget, at, nil, at+".applicationFilter")
	case len(kinds) > 1:
		c.report(RuleMixedTargets, at, kinds)
	}
	if apps.Filter != nil && (ContainsFold(apps.IncludeApplications, All) || ContainsFold(apps.IncludeApplications, None)) {
		c.report(RuleFilterWithAll, at+".applicationFilter", nil, at+".includeApplications")
	}
	if count := len(apps.IncludeApplications) + len(apps.ExcludeApplications); count > MaxApplications {
		place := at + ".includeApplications"
		if len(apps.IncludeApplications) <= len(apps.ExcludeApplications) {
			place = at + ".excludeApplications"
		}
		c.report(RuleTooMany, place, []string{strconv.Itoa(count), strconv.Itoa(MaxApplications)})
	}
	if c.State == ReportOnly && len(apps.IncludeUserActions) > 0 {
		c.report(RuleReportOnlyAction, "state", apps.IncludeUserActions)
	}
	if slices.Contains(apps.IncludeUserActions, ActionRegisterDevice) {
		c.deviceRegistration()
	}
	if devices := c.Conditions.Devices; devices != nil && devices.Filter != nil && len([]rune(devices.Filter.Rule)) > MaxFilterRule {
		c.report(RuleTooMany, "conditions.devices.deviceFilter.rule", []string{strconv.Itoa(len([]rune(devices.Filter.Rule))), strconv.Itoa(MaxFilterRule)})
	}
}

// deviceRegistration checks a policy about the registration of devices: MFA is its only control, and some conditions are not there.
func (c *checker) deviceRegistration() {
	if grant := c.GrantControls; grant != nil {
		others := slices.DeleteFunc(slices.Concat(grant.BuiltInControls, grant.TermsOfUse, grant.CustomAuthenticationFactors), func(control string) bool {
			return control == ControlMFA
		})
		if len(others) > 0 {
			c.report(RuleDeviceRegistration, "grantControls", others)
		}
	}
	if types := c.Conditions.ClientAppTypes; len(types) > 0 && !slices.Equal(types, []string{"all"}) {
		c.report(RuleDeviceRegistration, "conditions.clientAppTypes", types)
	}
	if c.Conditions.Devices != nil && c.Conditions.Devices.Filter != nil {
		c.report(RuleDeviceRegistration, "conditions.devices", nil)
	}
}

func (c *checker) grant() {
	grant := c.GrantControls
	if grant == nil || grant.Count() == 0 {
		session := c.normalized().SessionControls
		if session == nil {
			c.report(RuleNothingAsked, "grantControls", nil, "sessionControls")
		}
		return
	}
	const at = "grantControls.builtInControls"
	if grant.AuthenticationStrength != nil && slices.Contains(grant.BuiltInControls, ControlMFA) {
		c.report(RuleStrengthWithMFA, "grantControls.authenticationStrength", nil, at)
	}
	if slices.Contains(grant.BuiltInControls, "approvedApplication") {
		c.report(RuleRetiredControl, at, []string{"approvedApplication"})
	}
	if slices.Contains(grant.BuiltInControls, ControlPassword) && !c.isPasswordChange() {
		c.report(RulePasswordChange, at, nil, "grantControls", "conditions", "conditions.applications", "conditions.userRiskLevels")
	}
	if platforms := c.Conditions.Platforms; platforms != nil && grant.Count() == 1 &&
		(slices.Contains(grant.BuiltInControls, "approvedApplication") || slices.Contains(grant.BuiltInControls, "compliantApplication")) {
		if without := slices.DeleteFunc(slices.Clone(platforms.Include), func(name string) bool { return name != "macOS" && name != "linux" }); len(without) > 0 {
			c.report(RulePlatform, "conditions.platforms.includePlatforms", without, at)
		}
	}
}

// isPasswordChange reports whether a policy is one in which the service accepts the control passwordChange.
//
// Source: https://learn.microsoft.com/graph/api/resources/conditionalaccessgrantcontrols
func (c *checker) isPasswordChange() bool {
	grant, conditions := c.GrantControls, c.Conditions
	withMFA := slices.Contains(grant.BuiltInControls, ControlMFA) || grant.AuthenticationStrength != nil
	apps := conditions.Applications
	types := len(conditions.ClientAppTypes) == 0 || slices.Equal(conditions.ClientAppTypes, []string{"all"})
	return withMFA && grant.Count() == 2 && strings.EqualFold(grant.Operator, "AND") && len(conditions.UserRiskLevels) > 0 && types &&
		apps != nil && slices.Equal(apps.IncludeApplications, []string{All}) && len(apps.ExcludeApplications) == 0 && apps.Filter == nil &&
		len(conditions.SignInRiskLevels) == 0 && conditions.Locations == nil && conditions.Platforms == nil && conditions.Devices == nil &&
		len(conditions.InsiderRiskLevels) == 0 && conditions.AuthenticationFlows == nil
}

// enforcingApps are the apps that can limit what unmanaged devices do: Exchange Online and SharePoint Online, and names that hold them.
//
// Source: https://learn.microsoft.com/entra/identity/conditional-access/concept-conditional-access-session
var enforcingApps = []string{All, "Office365", "00000002-0000-0ff1-ce00-000000000000", "00000003-0000-0ff1-ce00-000000000000"}

func (c *checker) session() {
	session := c.SessionControls
	if session == nil {
		return
	}
	const at = "sessionControls"
	apps := c.Conditions.Applications
	allApps := apps != nil && slices.Equal(apps.IncludeApplications, []string{All})
	if frequency := session.SignInFrequency; frequency != nil && frequency.Enabled {
		period := frequency.Value != nil || frequency.Type != ""
		whole := frequency.Value != nil && *frequency.Value > 0 && frequency.Type != ""
		if frequency.Interval == EveryTime && period || frequency.Interval != EveryTime && !whole {
			c.report(RuleFrequency, at+".signInFrequency", nil)
		}
	}
	enforced := session.AppEnforcedRestrictions != nil && session.AppEnforcedRestrictions.Enabled
	if frequency := session.SignInFrequency; frequency != nil && frequency.Enabled && frequency.Interval == EveryTime {
		if enforced {
			c.report(RuleEveryTimeAlone, at+".applicationEnforcedRestrictions", nil, at+".signInFrequency")
		}
		if session.DisableResilience != nil && *session.DisableResilience {
			c.report(RuleEveryTimeAlone, at+".disableResilienceDefaults", nil, at+".signInFrequency")
		}
	}
	if enforced && (apps == nil || !slices.ContainsFunc(apps.IncludeApplications, func(app string) bool { return ContainsFold(enforcingApps, app) })) {
		c.report(RuleAppRestrictions, at+".applicationEnforcedRestrictions", nil, "conditions.applications.includeApplications")
	}
	if browser := session.PersistentBrowser; browser != nil && browser.Enabled && !allApps {
		c.report(RulePersistentBrowser, at+".persistentBrowser", nil, "conditions.applications.includeApplications")
	}
	if access := session.ContinuousAccess; access != nil && access.Mode == "disabled" {
		conditions := c.normalized().Conditions
		bare := Conditions{Users: conditions.Users, Applications: conditions.Applications, ClientAppTypes: []string{"all"}}
		if !allApps || len((Policy{Conditions: conditions}).Differences(Policy{Conditions: bare})) > 0 {
			c.report(RuleContinuousAccess, at+".continuousAccessEvaluation", nil, "conditions")
		}
	}
}

// ids checks that each list has ids, or one of the names that stand for many.
func (c *checker) ids() {
	check := func(at string, list []string, names ...string) {
		var wrong []string
		for _, value := range list {
			if !guid.Is(value) && !ContainsFold(names, value) {
				wrong = append(wrong, value)
			}
		}
		if len(wrong) > 0 {
			c.report(RuleNotAnID, at, wrong)
		}
	}
	if users := c.Conditions.Users; users != nil {
		const at = "conditions.users."
		check(at+"includeUsers", users.IncludeUsers, All, None, GuestsOrExternal)
		check(at+"excludeUsers", users.ExcludeUsers, GuestsOrExternal)
		check(at+"includeGroups", users.IncludeGroups)
		check(at+"excludeGroups", users.ExcludeGroups)
		check(at+"includeRoles", users.IncludeRoles)
		check(at+"excludeRoles", users.ExcludeRoles)
	}
	if workloads := c.Conditions.ClientApplications; workloads != nil {
		const at = "conditions.clientApplications."
		check(at+"includeServicePrincipals", workloads.IncludeServicePrincipals, OwnedPrincipals)
		check(at+"excludeServicePrincipals", workloads.ExcludeServicePrincipals)
	}
	if apps := c.Conditions.Applications; apps != nil {
		const at = "conditions.applications."
		check(at+"includeApplications", apps.IncludeApplications, All, None, "Office365", "MicrosoftAdminPortals")
		check(at+"excludeApplications", apps.ExcludeApplications, "Office365", "MicrosoftAdminPortals")
	}
	if locations := c.Conditions.Locations; locations != nil {
		check("conditions.locations.includeLocations", locations.Include, All, AllTrusted)
		check("conditions.locations.excludeLocations", locations.Exclude, AllTrusted)
	}
}

// ReferenceKind is what an id of a policy is the id of.
type ReferenceKind string

// The kinds. Roles are role templates, and apps are named by their client ids.
const (
	ReferenceUser             ReferenceKind = "user"
	ReferenceGroup            ReferenceKind = "group"
	ReferenceRole             ReferenceKind = "role"
	ReferenceServicePrincipal ReferenceKind = "service principal"
	ReferenceApp              ReferenceKind = "app"
	ReferenceLocation         ReferenceKind = "named location"
	ReferenceStrength         ReferenceKind = "authentication strength"
)

// Reference is an object that a policy names by its id, which is in lower case. At is the place on the wire.
type Reference struct {
	Kind   ReferenceKind
	ID, At string
}

// References returns what the policy names by id. Names that stand for many objects are not among it.
func (p Policy) References() []Reference {
	var found []Reference
	add := func(kind ReferenceKind, at string, ids ...string) {
		for _, id := range ids {
			if reference := (Reference{kind, strings.ToLower(id), at}); guid.Is(id) && !slices.Contains(found, reference) {
				found = append(found, reference)
			}
		}
	}
	if users := p.Conditions.Users; users != nil {
		const at = "conditions.users."
		add(ReferenceUser, at+"includeUsers", users.IncludeUsers...)
		add(ReferenceUser, at+"excludeUsers", users.ExcludeUsers...)
		add(ReferenceGroup, at+"includeGroups", users.IncludeGroups...)
		add(ReferenceGroup, at+"excludeGroups", users.ExcludeGroups...)
		add(ReferenceRole, at+"includeRoles", users.IncludeRoles...)
		add(ReferenceRole, at+"excludeRoles", users.ExcludeRoles...)
	}
	if workloads := p.Conditions.ClientApplications; workloads != nil {
		const at = "conditions.clientApplications."
		add(ReferenceServicePrincipal, at+"includeServicePrincipals", workloads.IncludeServicePrincipals...)
		add(ReferenceServicePrincipal, at+"excludeServicePrincipals", workloads.ExcludeServicePrincipals...)
	}
	if apps := p.Conditions.Applications; apps != nil {
		const at = "conditions.applications."
		add(ReferenceApp, at+"includeApplications", apps.IncludeApplications...)
		add(ReferenceApp, at+"excludeApplications", apps.ExcludeApplications...)
	}
	if locations := p.Conditions.Locations; locations != nil {
		const at = "conditions.locations."
		add(ReferenceLocation, at+"includeLocations", locations.Include...)
		add(ReferenceLocation, at+"excludeLocations", locations.Exclude...)
	}
	if grant := p.GrantControls; grant != nil && grant.AuthenticationStrength != nil {
		add(ReferenceStrength, "grantControls.authenticationStrength", grant.AuthenticationStrength.ID)
	}
	return found
}

// NeedsP2 are the places of a policy that need Microsoft Entra ID P2.
//
// Source: https://learn.microsoft.com/entra/id-protection/overview-identity-protection#license-requirements
func (p Policy) NeedsP2() []string {
	var places []string
	if len(p.Conditions.SignInRiskLevels) > 0 {
		places = append(places, "conditions.signInRiskLevels")
	}
	if len(p.Conditions.UserRiskLevels) > 0 {
		places = append(places, "conditions.userRiskLevels")
	}
	if p.remediates() {
		places = append(places, "grantControls.builtInControls")
	}
	return places
}

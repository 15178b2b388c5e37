package conditionalaccess

import (
	"reflect"
	"slices"
	"strings"
)

// Members of the enums of a policy that v1.0 documents. A member outside of them is kept as it is: the service may be newer than this list.
//
// Source: https://learn.microsoft.com/graph/api/resources/enums
var (
	ClientAppTypes  = []string{"all", "browser", "mobileAppsAndDesktopClients", "exchangeActiveSync", "easSupported", "other"}
	DevicePlatforms = []string{"android", "iOS", "windows", "windowsPhone", "macOS", "linux", "all"}
	RiskLevels      = []string{"low", "medium", "high", "hidden", "none", "unknownFutureValue"}
	InsiderRisks    = []string{"minor", "moderate", "elevated"}
	TransferMethods = []string{"deviceCodeFlow", "authenticationTransfer"}
	GuestTypes      = []string{
		"internalGuest", "b2bCollaborationGuest", "b2bCollaborationMember", "b2bDirectConnectUser", "otherExternalUser", "serviceProvider",
	}
	BuiltInControls = []string{
		ControlBlock, ControlMFA, "compliantDevice", "domainJoinedDevice", "approvedApplication", "compliantApplication", ControlPassword, ControlRemediation,
	}
	UserActions = []string{ActionRegisterInfo, ActionRegisterDevice}
)

// futureValue stands for a member that the service does not name to a client that has not asked for it. It is never written.
const futureValue = "unknownFutureValue"

// enumLists are the lists of a policy whose members are an enum, by their place on the wire.
var enumLists = map[string][]string{
	"conditions.clientAppTypes":                                              ClientAppTypes,
	"conditions.platforms.includePlatforms":                                  DevicePlatforms,
	"conditions.platforms.excludePlatforms":                                  DevicePlatforms,
	"conditions.signInRiskLevels":                                            RiskLevels,
	"conditions.userRiskLevels":                                              RiskLevels,
	"conditions.servicePrincipalRiskLevels":                                  RiskLevels,
	"conditions.insiderRiskLevels":                                           InsiderRisks,
	"conditions.authenticationFlows.transferMethods":                         TransferMethods,
	"conditions.users.includeGuestsOrExternalUsers.guestOrExternalUserTypes": GuestTypes,
	"conditions.users.excludeGuestsOrExternalUsers.guestOrExternalUserTypes": GuestTypes,
	"conditions.applications.includeUserActions":                             UserActions,
	"grantControls.builtInControls":                                          BuiltInControls,
}

// Shows reports whether the policy is as wanted, after what the service does to a policy: lists are sets, an operator without a choice is OR,
// empty objects are absent, session controls that are off are absent. Members of enums that this package does not know, and that wanted does
// not name, are no difference.
func (p Policy) Shows(wanted Policy) bool { return len(p.Differences(wanted)) == 0 }

// Differences are the places on the wire, such as conditions.users.excludeGroups, at which the policy is not as wanted, sorted.
func (p Policy) Differences(wanted Policy) []string {
	var places []string
	if strings.TrimSpace(p.DisplayName) != strings.TrimSpace(wanted.DisplayName) {
		places = append(places, "displayName")
	}
	if p.Description != wanted.Description {
		places = append(places, "description")
	}
	if p.State != wanted.State {
		places = append(places, "state")
	}
	have, want := p.normalized(), wanted.normalized()
	if want.remediates() {
		have.forgetRemediation(want)
	}
	differ("conditions", reflect.ValueOf(have.Conditions), reflect.ValueOf(want.Conditions), &places)
	differ("grantControls", reflect.ValueOf(have.GrantControls), reflect.ValueOf(want.GrantControls), &places)
	differ("sessionControls", reflect.ValueOf(have.SessionControls), reflect.ValueOf(want.SessionControls), &places)
	slices.Sort(places)
	return places
}

// differ compares two normalized values of one type, and lists the innermost places at which they differ.
func differ(at string, have, want reflect.Value, places *[]string) {
	if have.Kind() == reflect.Pointer {
		if have.IsNil() && want.IsNil() {
			return
		}
		if have.Type().Elem().Kind() != reflect.Struct {
			if have.IsNil() || want.IsNil() || !have.Elem().Equal(want.Elem()) {
				*places = append(*places, at)
			}
			return
		}
		zero := reflect.New(have.Type().Elem())
		if have.IsNil() {
			have = zero
		}
		if want.IsNil() {
			want = zero
		}
		have, want = have.Elem(), want.Elem()
	}
	switch have.Kind() {
	case reflect.Struct:
		if have.Type() == reflect.TypeFor[StrengthReference]() {
			if have.FieldByName("ID").String() != want.FieldByName("ID").String() {
				*places = append(*places, at)
			}
			return
		}
		for i := range have.NumField() {
			differ(at+"."+wireName(have.Type().Field(i)), have.Field(i), want.Field(i), places)
		}
	case reflect.Slice:
		mine, theirs := elements(have), elements(want)
		if known, isEnum := enumLists[at]; isEnum {
			mine = slices.DeleteFunc(slices.Clone(mine), func(member string) bool { return !ContainsFold(known, member) && !slices.Contains(theirs, member) })
		}
		if !slices.Equal(mine, theirs) {
			*places = append(*places, at)
		}
	default:
		if !have.Equal(want) {
			*places = append(*places, at)
		}
	}
}

func wireName(field reflect.StructField) string {
	name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
	return name
}

// normalized is the policy in the one form in which all policies that mean the same are equal.
func (p Policy) normalized() Policy {
	next := Policy{Conditions: tidy(p.Conditions), GrantControls: tidy(p.GrantControls), SessionControls: tidy(p.SessionControls)}
	if len(next.Conditions.ClientAppTypes) == 0 {
		next.Conditions.ClientAppTypes = []string{"all"}
	}
	if grant := next.GrantControls; grant != nil {
		switch grant.Operator = strings.ToUpper(grant.Operator); {
		case grant.Count() == 0:
			next.GrantControls = nil
		case grant.Count() == 1, grant.Operator == "":
			grant.Operator = "OR"
		}
	}
	if session := next.SessionControls; session != nil {
		session.normalize()
		if *session == (SessionControls{}) {
			next.SessionControls = nil
		}
	}
	if next.Conditions.ClientApplications != nil && next.Conditions.Users != nil && slices.Equal(next.Conditions.Users.IncludeUsers, []string{"none"}) {
		// The service's own form of a policy about workload identities.
		next.Conditions.Users.IncludeUsers = nil
		if reflect.ValueOf(*next.Conditions.Users).IsZero() {
			next.Conditions.Users = nil
		}
	}
	return next
}

// Count is how many controls a grant has.
func (g *GrantControls) Count() int {
	count := len(g.BuiltInControls) + len(g.CustomAuthenticationFactors) + len(g.TermsOfUse)
	if g.AuthenticationStrength != nil {
		count++
	}
	return count
}

// dropOff removes the controls that are off.
func (s *SessionControls) dropOff() {
	if s.AppEnforcedRestrictions != nil && !s.AppEnforcedRestrictions.Enabled {
		s.AppEnforcedRestrictions = nil
	}
	if s.CloudAppSecurity != nil && !s.CloudAppSecurity.Enabled {
		s.CloudAppSecurity = nil
	}
	if s.DisableResilience != nil && !*s.DisableResilience {
		s.DisableResilience = nil
	}
	if s.PersistentBrowser != nil && !s.PersistentBrowser.Enabled {
		s.PersistentBrowser = nil
	}
	if s.SecureSignInSession != nil && !s.SecureSignInSession.Enabled {
		s.SecureSignInSession = nil
	}
	if s.ContinuousAccess != nil && s.ContinuousAccess.Mode == "" {
		s.ContinuousAccess = nil
	}
	if s.SignInFrequency != nil && !s.SignInFrequency.Enabled {
		s.SignInFrequency = nil
	}
}

func (s *SessionControls) normalize() {
	s.dropOff()
	if frequency := s.SignInFrequency; frequency != nil {
		if frequency.Interval == "" {
			frequency.Interval = TimeBased
		}
		if frequency.AuthenticationType == "" {
			frequency.AuthenticationType = "primaryAndSecondaryAuthentication"
		}
		if frequency.Interval == EveryTime {
			frequency.Value, frequency.Type = nil, ""
		}
	}
}

// elements are the texts of a list, whichever named type it has.
func elements(list reflect.Value) []string {
	var all []string
	for i := range list.Len() {
		all = append(all, list.Index(i).String())
	}
	return all
}

// tidy is tidied for a value of a type that is known.
func tidy[T any](value T) T {
	var copied T
	reflect.ValueOf(&copied).Elem().Set(tidied(reflect.ValueOf(value)))
	return copied
}

// tidied copies a value: lists become sorted sets in lower case, and objects that hold nothing become nil.
func tidied(value reflect.Value) reflect.Value {
	switch {
	case value.Kind() == reflect.Pointer && value.Type().Elem().Kind() == reflect.Struct:
		if value.IsNil() {
			return value
		}
		inner := tidied(value.Elem())
		if inner.IsZero() {
			return reflect.Zero(value.Type())
		}
		copied := reflect.New(inner.Type())
		copied.Elem().Set(inner)
		return copied
	case value.Kind() == reflect.Struct:
		copied := reflect.New(value.Type()).Elem()
		for i := range value.NumField() {
			copied.Field(i).Set(tidied(value.Field(i)))
		}
		switch object := copied.Addr().Interface().(type) {
		case *ExternalTenants:
			// All tenants are what an absent object means.
			object.ODataType = ""
			if strings.EqualFold(object.MembershipKind, TenantsAll) {
				object.MembershipKind = ""
			}
		case *StrengthReference:
			*object = StrengthReference{ID: strings.ToLower(object.ID)}
		}
		return copied
	case value.Kind() == reflect.Slice:
		set := make([]string, 0, value.Len())
		for i := range value.Len() {
			set = append(set, strings.ToLower(value.Index(i).String()))
		}
		slices.Sort(set)
		set = slices.Compact(set)
		if len(set) == 0 {
			return reflect.Zero(value.Type())
		}
		return reflect.ValueOf(set).Convert(value.Type())
	}
	return value
}

// remediates reports whether the policy asks for the remediation of risk, to which the service adds an authentication strength and a
// sign-in frequency.
//
// Source: https://learn.microsoft.com/entra/identity/conditional-access/concept-conditional-access-grant
func (p Policy) remediates() bool {
	return p.GrantControls != nil && slices.ContainsFunc(p.GrantControls.BuiltInControls, func(control string) bool { return strings.EqualFold(control, ControlRemediation) })
}

// forgetRemediation removes what the service has added to a policy that remediates risk, as far as it is not wanted.
func (p *Policy) forgetRemediation(wanted Policy) {
	if p.GrantControls != nil && wanted.GrantControls.AuthenticationStrength == nil {
		p.GrantControls.AuthenticationStrength = nil
		p.GrantControls.Operator = wanted.GrantControls.Operator
	}
	if p.SessionControls != nil && (wanted.SessionControls == nil || wanted.SessionControls.SignInFrequency == nil) {
		p.SessionControls.SignInFrequency = nil
		if *p.SessionControls == (SessionControls{}) {
			p.SessionControls = nil
		}
	}
}

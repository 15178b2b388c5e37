package coverage

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	rules "github.com/mfa-as-code/terraform-provider-entramfa/internal/client/conditionalaccess"
)

// Ids of the cases.
const (
	user       = "22222222-bbbb-4bbb-8bbb-000000000001"
	group      = "33333333-cccc-4ccc-8ccc-000000000001"
	hidden     = "33333333-cccc-4ccc-8ccc-000000000002"
	admin      = "62e90394-69f5-4237-9190-012177145e10"
	headOffice = "55555555-eeee-4eee-8eee-000000000001"
	branch     = "55555555-eeee-4eee-8eee-000000000002"
	germany    = "55555555-eeee-4eee-8eee-000000000003"
	guestPlace = "55555555-eeee-4eee-8eee-000000000004"
	storeApp   = "45a330b1-b1ec-4cc1-9161-9f03992aa49f"
	strengthID = "77777777-aaaa-4aaa-8aaa-000000000001"
)

// policy reads a policy in Graph's words, over the usual one: enabled, for all users and all apps, MFA. A property that is given replaces the usual
// one of the same name.
func policy(t *testing.T, changes string) rules.Policy {
	t.Helper()
	conditions := map[string]any{"users": map[string]any{"includeUsers": []any{"All"}}, "applications": map[string]any{"includeApplications": []any{"All"}}}
	document := map[string]any{
		"id": "p", "displayName": "P", "state": "enabled", "conditions": conditions,
		"grantControls": map[string]any{"operator": "OR", "builtInControls": []any{"mfa"}},
	}
	var change map[string]any
	if err := json.Unmarshal([]byte("{"+changes+"}"), &change); err != nil {
		t.Fatalf("%s: %v", changes, err)
	}
	for name, value := range change {
		if name == "state" || name == "grantControls" || name == "sessionControls" {
			document[name] = value
			continue
		}
		conditions[name] = value
	}
	text, err := json.Marshal(document)
	if err != nil {
		t.Fatal(err)
	}
	var read rules.Policy
	if err := json.Unmarshal(text, &read); err != nil {
		t.Fatal(err)
	}
	return read
}

// places are the named locations of the cases.
func places() map[string]Location {
	return map[string]Location{headOffice: {"HQ", true}, branch: {"Branch", true}, germany: {"Germany", false}, guestPlace: {"Guests", false}}
}

type situation struct {
	policies []string
	person   Person
	tenant   Tenant
	want     Verdict
	// gap is a part of one of the gaps in words.
	gap          string
	registration Verdict
}

// member is a user of the tenant.
func member(groups ...string) Person { return Person{ID: user, Groups: groups} }

func users(text string) string { return `"users":{` + text + `}` }

func all(more string) string {
	if more != "" {
		more = "," + more
	}
	return users(`"includeUsers":["All"]` + more)
}

func apps(text string) string { return `"applications":{` + text + `}` }

func grant(operator string, controls ...string) string {
	return fmt.Sprintf(`"grantControls":{"operator":%q,"builtInControls":["%s"]}`, operator, strings.Join(controls, `","`))
}

func from(include, exclude string) string {
	return fmt.Sprintf(`"locations":{"includeLocations":[%s],"excludeLocations":[%s]}`, include, exclude)
}

func q(text string) string { return `"` + text + `"` }

func TestTheCasesOfTheField(t *testing.T) {
	t.Parallel()
	none := Tenant{LegacyTrustedIPs: NoLegacyTrustedIPs}
	guest := Person{ID: user, GuestKind: "b2bCollaborationGuest", HomeTenant: "11111111-aaaa-4aaa-8aaa-000000000009"}
	for name, c := range map[string]situation{
		"V01 all users":                {policies: []string{""}, want: Covered},
		"V02 report-only":              {policies: []string{`"state":"enabledForReportingButNotEnforced"`}, want: NotCovered, gap: "every sign-in"},
		"V03 disabled":                 {policies: []string{`"state":"disabled"`}, want: NotCovered},
		"no policy":                    {want: NotCovered, gap: "every sign-in"},
		"V04 excluded":                 {policies: []string{all(`"excludeUsers":["` + strings.ToUpper(user) + `"]`)}, want: NotCovered},
		"V06 group at any depth":       {policies: []string{users(`"includeGroups":["` + group + `"]`)}, person: member(group), want: Covered},
		"another group":                {policies: []string{users(`"includeGroups":["` + group + `"]`)}, person: member(hidden), want: NotCovered},
		"V10 excluded by role":         {policies: []string{all(`"excludeRoles":["` + admin + `"]`)}, person: Person{ID: user, Roles: []string{admin}}, want: NotCovered},
		"V11 included by role":         {policies: []string{users(`"includeRoles":["` + admin + `"]`)}, person: Person{ID: user, Roles: []string{admin}}, want: Covered},
		"V13 eligible, custom role":    {policies: []string{users(`"includeRoles":["` + admin + `"]`)}, want: NotCovered},
		"V16 or a compliant device":    {policies: []string{grant("OR", "mfa", "compliantDevice")}, want: Partly, gap: "control compliantDevice"},
		"V17 and a compliant device":   {policies: []string{grant("AND", "mfa", "compliantDevice")}, want: Covered},
		"V18 strength":                 {policies: []string{`"grantControls":{"operator":"OR","authenticationStrength":{"id":"` + strengthID + `","requirementsSatisfied":"mfa"}}`}, want: Covered},
		"V19 weak strength":            {policies: []string{`"grantControls":{"operator":"OR","authenticationStrength":{"id":"` + strengthID + `","requirementsSatisfied":"none"}}`}, want: NotCovered},
		"strength that nobody knows":   {policies: []string{`"grantControls":{"operator":"OR","authenticationStrength":{"id":"` + strengthID + `"}}`}, want: Unknown},
		"V21 custom control":           {policies: []string{`"grantControls":{"operator":"OR","customAuthenticationFactors":["DuoMfa"]}`}, want: NotCovered},
		"V22 terms of use":             {policies: []string{`"grantControls":{"operator":"OR","termsOfUse":["t"]}`}, want: NotCovered},
		"V23 session only":             {policies: []string{`"grantControls":null,"sessionControls":{"signInFrequency":{"isEnabled":true,"value":1,"type":"hours"}}`}, want: NotCovered},
		"V24 risk":                     {policies: []string{`"signInRiskLevels":["high","medium"]`}, want: NotCovered, gap: "sign-in risk: none or low"},
		"user risk":                    {policies: []string{`"userRiskLevels":["high"]`}, want: NotCovered},
		"V26 outside of trusted":       {policies: []string{from(q("All"), q("AllTrusted"))}, want: Partly, gap: "trusted location"},
		"V28 together everywhere":      {policies: []string{from(q("All"), q(headOffice)), from(q(headOffice), "")}, want: Covered},
		"V29 Germany":                  {policies: []string{from(q(germany), "")}, want: Partly, gap: "not location " + germany},
		"V30 platforms":                {policies: []string{`"platforms":{"includePlatforms":["android","iOS"]}`}, want: Partly, gap: "windows"},
		"V32 modern clients":           {policies: []string{`"clientAppTypes":["browser","mobileAppsAndDesktopClients"]`}, want: Partly, gap: "exchangeActiveSync"},
		"V33 and legacy blocked":       {policies: []string{`"clientAppTypes":["browser","mobileAppsAndDesktopClients"]`, `"clientAppTypes":["exchangeActiveSync","other"],` + grant("OR", "block")}, want: Covered},
		"V34 four clients":             {policies: []string{`"clientAppTypes":["browser","mobileAppsAndDesktopClients","exchangeActiveSync","other"]`}, want: Covered},
		"V35 compliant devices exempt": {policies: []string{`"devices":{"deviceFilter":{"mode":"exclude","rule":"device.isCompliant -eq True"}}`}, want: Partly, gap: "device filter device.isCompliant"},
		"V38 Office 365":               {policies: []string{apps(`"includeApplications":["Office365"]`)}, want: Partly, gap: "not app of Office365"},
		"V39 all but one app":          {policies: []string{apps(`"includeApplications":["All"],"excludeApplications":["` + storeApp + `"]`)}, want: Partly, gap: "app: " + storeApp},
		"all but one, and that one":    {policies: []string{apps(`"includeApplications":["All"],"excludeApplications":["` + storeApp + `"]`), apps(`"includeApplications":["` + storeApp + `"]`)}, want: Covered},
		"V40 registration only":        {policies: []string{apps(`"includeUserActions":["urn:user:registersecurityinfo"]`)}, want: NotCovered, registration: Covered},
		"V41 in report-only":           {policies: []string{`"state":"enabledForReportingButNotEnforced",` + apps(`"includeUserActions":["urn:user:registersecurityinfo"]`)}, want: NotCovered, registration: NotCovered},
		"V43 registration from somewhere": {
			policies: []string{apps(`"includeUserActions":["urn:user:registersecurityinfo"]`) + "," + from(q("All"), q(guestPlace))}, want: NotCovered, registration: Partly,
		},
		"all apps are for registration": {policies: []string{""}, want: Covered, registration: Covered},
		"V44 authentication context":    {policies: []string{apps(`"includeAuthenticationContextClassReferences":["c1"]`)}, want: NotCovered},
		"V45 device code":               {policies: []string{`"authenticationFlows":{"transferMethods":"deviceCodeFlow"}`}, want: Partly},
		"V46 blocked":                   {policies: []string{grant("OR", "block")}, want: Blocked},
		"blocked outside, MFA inside":   {policies: []string{grant("OR", "block") + "," + from(q("All"), q(headOffice)), from(q(headOffice), "")}, want: Covered},
		"V48 guest":                     {policies: []string{""}, person: guest, want: Covered},
		"V49 guests excluded":           {policies: []string{all(`"excludeUsers":["GuestsOrExternalUsers"]`)}, person: guest, want: NotCovered},
		"V50 kind of guests":            {policies: []string{users(`"includeGuestsOrExternalUsers":{"guestOrExternalUserTypes":"b2bCollaborationGuest"}`)}, person: guest, want: Covered},
		"guests of another tenant": {
			policies: []string{users(`"includeGuestsOrExternalUsers":{"guestOrExternalUserTypes":"b2bCollaborationGuest","externalTenants":{"membershipKind":"enumerated","members":["` + group + `"]}}`)},
			person:   guest, want: NotCovered,
		},
		"guest of a tenant that nobody knows": {
			policies: []string{users(`"includeGuestsOrExternalUsers":{"guestOrExternalUserTypes":"b2bCollaborationGuest","externalTenants":{"membershipKind":"enumerated","members":["` + group + `"]}}`)},
			person:   Person{ID: user, GuestKind: "b2bCollaborationGuest"}, want: Unknown,
		},
		"V51 another kind":          {policies: []string{users(`"includeGuestsOrExternalUsers":{"guestOrExternalUserTypes":"b2bCollaborationGuest"}`)}, person: Person{ID: user, GuestKind: "internalGuest"}, want: NotCovered},
		"V53 providers excluded":    {policies: []string{all(`"excludeGuestsOrExternalUsers":{"guestOrExternalUserTypes":"serviceProvider"}`)}, person: guest, want: Covered},
		"V54 external members":      {policies: []string{users(`"includeGuestsOrExternalUsers":{"guestOrExternalUserTypes":"b2bCollaborationMember"}`)}, person: Person{ID: user, GuestKind: "b2bCollaborationMember"}, want: Covered},
		"V55 workload policy":       {policies: []string{"", users(`"includeUsers":["None"]`) + "," + grant("OR", "block")}, want: Covered},
		"V56 dangling ids":          {policies: []string{users(`"includeUsers":["99999999-9999-4999-8999-999999999999"],"includeGroups":["99999999-9999-4999-8999-999999999998"]`)}, want: NotCovered},
		"V57 security defaults":     {tenant: Tenant{SecurityDefaults: true}, want: BySecurityDefaults, registration: BySecurityDefaults},
		"V58 sync account":          {tenant: Tenant{SecurityDefaults: true}, person: Person{ID: user, SyncAccount: true}, want: NotCovered},
		"V61 hidden membership":     {policies: []string{users(`"includeGroups":["` + hidden + `"]`)}, person: Person{ID: user, UnknownGroups: []string{hidden}}, want: Unknown},
		"hidden, and covered else":  {policies: []string{"", users(`"includeGroups":["` + hidden + `"]`)}, person: Person{ID: user, UnknownGroups: []string{hidden}}, want: Covered},
		"hidden exclusion":          {policies: []string{all(`"excludeGroups":["` + hidden + `"]`)}, person: Person{ID: user, UnknownGroups: []string{hidden}}, want: Unknown},
		"V62 unreadable":            {tenant: Tenant{Unreadable: true}, want: Unknown, registration: Unknown},
		"V63 one app blocked":       {policies: []string{"", apps(`"includeApplications":["`+storeApp+`"]`) + "," + grant("OR", "block")}, want: Covered},
		"V66 a control of tomorrow": {policies: []string{grant("OR", "mfa", "unknownFutureValue")}, want: Unknown},
		"and a control of tomorrow": {policies: []string{grant("AND", "mfa", "unknownFutureValue")}, want: Covered},
		"a condition of tomorrow":   {policies: []string{`"agentIdRiskLevels":"high"`}, want: Unknown},
		"V70 one app exempt":        {policies: []string{apps(`"includeApplications":["All"],"excludeApplications":["` + storeApp + `"]`)}, want: Partly, gap: storeApp},
		"V71 emergency access":      {policies: []string{all(`"excludeGroups":["` + group + `"]`)}, person: Person{ID: user, Groups: []string{group}, Emergency: true}, want: EmergencyAccess},
		"emergency, and covered":    {policies: []string{""}, person: Person{ID: user, Emergency: true}, want: Covered},
		"compliant devices only":    {policies: []string{grant("OR", "compliantDevice")}, want: NotCovered, gap: "control compliantDevice"},
		"MFA unless compliant, and compliant blocked elsewhere": {
			policies: []string{grant("OR", "mfa", "compliantDevice"), grant("OR", "mfa", "domainJoinedDevice")}, want: Partly, gap: "control compliantDevice; control domainJoinedDevice",
		},
		"filter and its opposite": {
			policies: []string{`"devices":{"deviceFilter":{"mode":"exclude","rule":"r"}}`, `"devices":{"deviceFilter":{"mode":"include","rule":"r"}}`}, want: Covered,
		},
		"trusted and the rest":                    {policies: []string{from(q("All"), q("AllTrusted")), from(q("AllTrusted"), "")}, want: Covered},
		"trusted by name, legacy IPs undeclared":  {policies: []string{from(q("All"), q("AllTrusted")), from(q(headOffice)+","+q(branch), "")}, want: Unknown, gap: "legacy trusted IPs"},
		"trusted by name, no legacy IPs":          {policies: []string{from(q("All"), q("AllTrusted")), from(q(headOffice)+","+q(branch), "")}, tenant: none, want: Covered},
		"trusted by name, legacy IPs":             {policies: []string{from(q("All"), q("AllTrusted")), from(q(headOffice)+","+q(branch), "")}, tenant: Tenant{LegacyTrustedIPs: SomeLegacyTrustedIPs}, want: Partly},
		"one of two trusted, no legacy IPs":       {policies: []string{from(q("All"), q("AllTrusted")), from(q(headOffice), "")}, tenant: none, want: Partly, gap: "another trusted location"},
		"included and excluded place":             {policies: []string{from(q(headOffice), q("AllTrusted"))}, want: NotCovered},
		"HQ in Germany is excluded with it":       {policies: []string{from(q("All"), q(headOffice)), from(q(headOffice), q(germany))}, want: Partly, gap: "location " + germany},
		"browsers of one platform, rest by rest":  {policies: []string{`"clientAppTypes":["browser"],"platforms":{"includePlatforms":["all"],"excludePlatforms":["linux"]}`, `"clientAppTypes":["mobileAppsAndDesktopClients","exchangeActiveSync","other"]`}, want: Partly, gap: "client: browser; platform: linux"},
		"the same, and Linux":                     {policies: []string{`"clientAppTypes":["browser"],"platforms":{"includePlatforms":["all"],"excludePlatforms":["linux"]}`, `"clientAppTypes":["mobileAppsAndDesktopClients","exchangeActiveSync","other"]`, `"platforms":{"includePlatforms":["linux"]}`}, want: Covered},
		"apps of a filter":                        {policies: []string{apps(`"applicationFilter":{"mode":"include","rule":"r"}`)}, want: Partly, gap: "not app filter r"},
		"all but apps of filter":                  {policies: []string{apps(`"includeApplications":["All"],"applicationFilter":{"mode":"exclude","rule":"r"}`)}, want: Partly, gap: "app filter r"},
		"an excluded place that nobody lists":     {policies: []string{from(q("All"), q(group))}, want: Partly, gap: "location " + group},
		"an included place that nobody lists":     {policies: []string{from(q(group), "")}, want: NotCovered},
		"every level of risk":                     {policies: []string{`"signInRiskLevels":["none","low","medium","high"]`}, want: Covered},
		"password change on risk, and everybody":  {policies: []string{`"userRiskLevels":["high"],` + grant("AND", "mfa", "passwordChange"), ""}, want: Covered},
		"an app of a group that is blocked there": {policies: []string{apps(`"includeApplications":["All"],"excludeApplications":["Office365"]`), apps(`"includeApplications":["Office365"]`)}, want: Covered},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tenant := c.tenant
			for i, text := range c.policies {
				p := policy(t, text)
				p.ID = fmt.Sprint(i)
				tenant.Policies = append(tenant.Policies, p)
			}
			tenant.Locations = places()
			person := c.person
			if person.ID == "" {
				person.ID = user
			}
			have := New(tenant).Evaluate(person)
			if have.Verdict != c.want {
				t.Errorf("the verdict is %s, want %s; gaps %v", have.Verdict, c.want, have.Gaps)
			}
			if c.registration != "" && have.Registration != c.registration {
				t.Errorf("registration is %s, want %s", have.Registration, c.registration)
			}
			if !strings.Contains(fmt.Sprint(have.Gaps), c.gap) {
				t.Errorf("the gaps are %v, want %q in them", have.Gaps, c.gap)
			}
		})
	}
}

package graphapi

import (
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/odata"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/store"
)

// PolicyTemplate is a template of the library that policies are made from.
//
// https://learn.microsoft.com/graph/api/resources/conditionalaccesstemplate
type PolicyTemplate struct {
	ID          string                `json:"id"`
	Name        string                `json:"name"`
	Description string                `json:"description"`
	Scenarios   string                `json:"scenarios"`
	Details     PolicyTemplateDetails `json:"details"`
}

// PolicyTemplateDetails are what a policy of the template has.
type PolicyTemplateDetails struct {
	Conditions      control.PolicyConditions          `json:"conditions"`
	GrantControls   *control.ConditionalAccessGrant   `json:"grantControls"`
	SessionControls *control.ConditionalAccessSession `json:"sessionControls"`
}

// administratorExcluded stands in templates where a policy has the id of a user.
const administratorExcluded = "Current administrator will be excluded"

var policyTemplates = &store.Collection[PolicyTemplate]{ID: func(t PolicyTemplate) string { return t.ID }}

// https://learn.microsoft.com/graph/api/conditionalaccessroot-list-templates
// https://learn.microsoft.com/graph/api/conditionalaccesstemplate-get
func init() {
	nameType[PolicyTemplate]("microsoft.graph.conditionalAccessTemplate")
	templates := conditionalAccess(collection[PolicyTemplate]{
		data: policyTemplates, one: "template", many: "templates",
		entity: odata.Type[PolicyTemplate]{Properties: map[string]func(PolicyTemplate) any{
			"id": func(t PolicyTemplate) any { return t.ID }, "name": func(t PolicyTemplate) any { return t.Name },
			"description": func(t PolicyTemplate) any { return t.Description }, "scenarios": func(t PolicyTemplate) any { return t.Scenarios },
		}},
		selects: []string{"details"},
		options: []string{"$select", "$filter"},
		builtIn: policyTemplateLibrary(),
		dress: func(tx *store.Tx, req *request, _ PolicyTemplate, object map[string]any) {
			writeOutStrength(tx, req, at(object, "details", "grantControls"))
		},
	}, "templates")
	templates.pageSize = nil
	addCollection(templates)
}

// templateLine is a template by what it differs in from: everybody, all apps, and the administrator at work left out.
type templateLine struct {
	id, name, scenarios string
	roles               int // how many of the built-in roles it is for; 0 is everybody
	change              func(*PolicyTemplateDetails)
}

// policyTemplateLibrary are the templates that are about MFA.
func policyTemplateLibrary() []PolicyTemplate {
	controls := func(operator string, controls ...string) func(*PolicyTemplateDetails) {
		return func(d *PolicyTemplateDetails) {
			d.GrantControls = &control.ConditionalAccessGrant{Operator: operator, BuiltInControls: controls}
		}
	}
	strength := func(operator, id string) func(*PolicyTemplateDetails) {
		return func(d *PolicyTemplateDetails) {
			d.GrantControls = &control.ConditionalAccessGrant{Operator: operator, AuthenticationStrength: &control.PolicyStrength{ID: id}}
		}
	}
	apps := func(names ...string) func(*PolicyTemplateDetails) {
		return func(d *PolicyTemplateDetails) {
			d.Conditions.Applications = &control.PolicyApplications{IncludeApplications: names}
		}
	}
	all := func(changes ...func(*PolicyTemplateDetails)) func(*PolicyTemplateDetails) {
		return func(d *PolicyTemplateDetails) {
			for _, change := range changes {
				change(d)
			}
		}
	}
	frequency := func(frequency control.SessionFrequency) func(*PolicyTemplateDetails) {
		return func(d *PolicyTemplateDetails) {
			frequency.IsEnabled, frequency.AuthenticationType = true, "primaryAndSecondaryAuthentication"
			d.SessionControls = &control.ConditionalAccessSession{SignInFrequency: &frequency}
		}
	}
	everyTime := frequency(control.SessionFrequency{FrequencyInterval: control.FrequencyEveryTime})
	mfa := controls("OR", "mfa")
	lines := []templateLine{
		{"c7503427-338e-4c5e-902d-abe252abfb43", "Require multifactor authentication for admins", "secureFoundation,zeroTrust,protectAdmins", 14, mfa},
		{"a3d0a415-b068-4326-9251-f9cdf9feeb64", "Require multifactor authentication for all users", "secureFoundation,zeroTrust,remoteWork", 0, mfa},
		{"a4072ac0-722b-4991-981b-7f9755daef14", "Require multifactor authentication for guest access", "zeroTrust,remoteWork", 0, all(mfa, func(d *PolicyTemplateDetails) {
			d.Conditions.Users.IncludeUsers = []string{"GuestsOrExternalUsers"}
		})},
		{"b8bda7f8-6584-4446-bce9-d871480e53fa", "Securing security info registration", "secureFoundation,zeroTrust,remoteWork", 0, all(mfa, func(d *PolicyTemplateDetails) {
			d.Conditions.Applications = &control.PolicyApplications{IncludeUserActions: []string{"urn:user:registersecurityinfo"}}
			d.Conditions.Locations = &control.PolicyLocations{IncludeLocations: []string{control.LocationAll}, ExcludeLocations: []string{control.LocationAllTrusted}}
		})},
		{"d8c51a9a-e6b1-454d-86af-554e7872e2c1", "Require multifactor authentication for Azure management", "secureFoundation,zeroTrust,protectAdmins", 0, all(mfa, apps(store.AppAzureManagement))},
		{"6364131e-bc4a-47c4-a20b-33492d1fff6c", "Require multifactor authentication for Microsoft admin portals", "zeroTrust,protectAdmins", 14, all(strength("OR", control.StrengthMFA), apps("MicrosoftAdminPortals"))},
		{"76c03f19-ea37-4656-a772-a183b4ddb81d", "Require phishing-resistant multifactor authentication for admins", "zeroTrust,protectAdmins,emergingThreats", 19, strength("AND", control.StrengthPhishingResistant)},
		{"6b619f55-792e-45dc-9711-d83ec9d7ae90", "Require multifactor authentication for risky sign-ins", "zeroTrust,remoteWork", 0, all(mfa, everyTime, func(d *PolicyTemplateDetails) {
			d.Conditions.SignInRiskLevels = []string{"high", "medium"}
		})},
		{"634b6de7-c38d-4357-a2c7-3842706eedd7", "Require password change for high-risk users", "zeroTrust,remoteWork", 0, all(controls("AND", "mfa", "passwordChange"), everyTime, func(d *PolicyTemplateDetails) {
			d.Conditions.UserRiskLevels = []string{"high"}
		})},
		{"927c884e-7888-4e81-abc4-bd56ded28985", "Require compliant or hybrid Azure AD joined device or multifactor authentication for all users", "secureFoundation,zeroTrust,remoteWork", 0, controls("OR", "mfa", "compliantDevice", "domainJoinedDevice")},
		{"0b2282f9-2862-4178-88b5-d79340b36cb8", "Block legacy authentication", "secureFoundation,zeroTrust,remoteWork", 0, all(controls("OR", "block"), func(d *PolicyTemplateDetails) {
			d.Conditions.ClientAppTypes = []string{"exchangeActiveSync", "other"}
		})},
		{"62e51ccc-c9c3-4554-ac70-066172c81007", "No persistent browser session", "zeroTrust,remoteWork", 0, all(frequency(control.SessionFrequency{
			Value: new(1), Type: "hours", FrequencyInterval: control.FrequencyTimeBased,
		}), func(d *PolicyTemplateDetails) {
			d.SessionControls.PersistentBrowser = &control.SessionBrowser{IsEnabled: true, Mode: "never"}
		})},
		{"6acdf4c3-6815-485c-a57d-2c349d517ba0", "Secure account recovery with identity verification (Preview)", "zeroTrust", 0, all(controls("AND", "verifiedID"), func(d *PolicyTemplateDetails) {
			d.Conditions.Applications = &control.PolicyApplications{IncludeUserActions: []string{"urn:user:accountrecovery"}}
		})},
	}
	var library []PolicyTemplate
	for _, line := range lines {
		template := PolicyTemplate{ID: line.id, Name: line.name, Description: line.name + ".", Scenarios: line.scenarios}
		details := &template.Details
		details.Conditions.ClientAppTypes = []string{"all"}
		details.Conditions.Users = &control.PolicyUsers{ExcludeUsers: []string{administratorExcluded}}
		for _, role := range builtInRoles()[:line.roles] {
			details.Conditions.Users.IncludeRoles = append(details.Conditions.Users.IncludeRoles, role.ID)
		}
		if line.roles == 0 {
			details.Conditions.Users.IncludeUsers = []string{"All"}
		}
		apps("All")(details)
		line.change(details)
		library = append(library, template)
	}
	return library
}

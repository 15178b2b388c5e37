package graphapi_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/emulatortest"
)

// The provider azuread writes a policy as a whole, on creation and on update: every list, also an empty one, null for conditions and controls that
// are not configured, the types of session controls, and a strength by its id. It reads it back one by one, and has a difference where anything that
// it sent is not what it reads. An absent list is an empty one to it, and an absent object no block.

// azureadPolicy is the body of such a request.
func azureadPolicy(state, conditions, grant, session string) string {
	return `{"@odata.type":"#microsoft.graph.conditionalAccessPolicy","displayName":"acctest","state":"` + state + `","conditions":{` + conditions + `},
		"grantControls":` + grant + `,"sessionControls":` + session + `}`
}

func azureadConditions(clientAppTypes, applications, users, further string) string {
	all := map[string]string{
		"authenticationFlows": "null", "devices": "null", "locations": "null", "platforms": "null",
		"servicePrincipalRiskLevels": "[]", "signInRiskLevels": "[]", "userRiskLevels": "[]",
	}
	var given map[string]json.RawMessage
	if err := json.Unmarshal([]byte("{"+further+"}"), &given); err != nil {
		panic(err)
	}
	for name, value := range given {
		all[name] = string(value)
	}
	text := `"clientAppTypes":[` + clientAppTypes + `],"applications":{` + applications + `},"users":{` + users + `}`
	for name, value := range all {
		text += `,"` + name + `":` + value
	}
	return text
}

const (
	azureadEverybody = `"includeUsers":["All"],"excludeUsers":["GuestsOrExternalUsers"],"includeGroups":[],"excludeGroups":[],"includeRoles":[],"excludeRoles":[],` +
		`"includeGuestsOrExternalUsers":null,"excludeGuestsOrExternalUsers":null`
	azureadNobody  = `"includeUsers":["None"],"excludeUsers":[],"includeGroups":[],"excludeGroups":[],"includeRoles":[],"excludeRoles":[]`
	azureadAllApps = `"includeApplications":["All"],"excludeApplications":[],"includeUserActions":[]`
	azureadNoApp   = `"includeApplications":["None"],"excludeApplications":[],"includeUserActions":[]`
	azureadBlock   = `{"operator":"OR","builtInControls":["block"],"customAuthenticationFactors":[],"termsOfUse":[]}`
	azureadMFA     = `{"operator":"OR","builtInControls":["mfa"],"customAuthenticationFactors":[],"termsOfUse":[]}`
)

func azureadGuests(types, tenants string) string {
	return azureadNobody + `,"excludeGuestsOrExternalUsers":null,"includeGuestsOrExternalUsers":{"guestOrExternalUserTypes":"` + types + `","externalTenants":` + tenants + `}`
}

func azureadStrength(id string) string {
	return `{"operator":"OR","builtInControls":[],"customAuthenticationFactors":[],"termsOfUse":[],
		"authenticationStrength":{"@odata.type":"#microsoft.graph.authenticationStrengthPolicy","id":"` + id + `"}}`
}

func azureadSession(defender, browser, frequency string, restricted, resilient bool) string {
	truth := map[bool]string{true: "true", false: "false"}
	text := `{"applicationEnforcedRestrictions":{"@odata.type":"#microsoft.graph.applicationEnforcedRestrictionsSessionControl","isEnabled":` + truth[restricted] + `},
		"disableResilienceDefaults":` + truth[resilient] + `,"cloudAppSecurity":null`
	if defender != "" {
		text = strings.TrimSuffix(text, "null") + `{"@odata.type":"#microsoft.graph.cloudAppSecuritySessionControl","isEnabled":true,"cloudAppSecurityType":"` + defender + `"}`
	}
	if browser != "" {
		text += `,"persistentBrowser":{"@odata.type":"#microsoft.graph.persistentBrowserSessionControl","isEnabled":true,"mode":"` + browser + `"}`
	}
	if frequency != "" {
		text += `,"signInFrequency":{"@odata.type":"#microsoft.graph.signInFrequencySessionControl","isEnabled":true,"authenticationType":"primaryAndSecondaryAuthentication",` + frequency + `}`
	}
	return text + `}`
}

// differs tells where what was sent is not what is read. Types are not looked at, and what was not sent neither.
func differs(place string, sent, read any) []string {
	object, isObject := sent.(map[string]any)
	if !isObject {
		if !cmp.Equal(sent, read) {
			return []string{place + ": " + cmp.Diff(sent, read)}
		}
		return nil
	}
	var differences []string
	for name, value := range object {
		if !strings.Contains(name, "@") {
			differences = append(differences, differs(place+"."+name, value, emulatortest.At(read, name))...)
		}
	}
	return differences
}

func (a azuread) write(method, path, body string, want int) emulatortest.Reply {
	a.T.Helper()
	answer := a.Graph(method, path, body, "Content-Type", "application/json; charset=utf-8", "Accept", "application/json; charset=utf-8; IEEE754Compatible=false", "Odata-Maxversion", "4.0")
	if answer.Status != want {
		a.T.Fatalf("%s %s: %d %s\n%s", method, path, answer.Status, answer.Raw, body)
	}
	return answer
}

type azuread struct{ *emulatortest.Fixture }

// reads reads an object as azuread does after a write, in a plan and after an import, and compares it with what it has sent.
func (a azuread) reads(path, body string) {
	a.T.Helper()
	var sent any
	if err := json.Unmarshal([]byte(body), &sent); err != nil {
		a.T.Fatal(err, body)
	}
	read := a.Get(path)
	if differences := differs("", sent, any(read.Body)); read.Status != 200 || differences != nil {
		a.T.Errorf("%d, a plan would not be empty: %s\n%s", read.Status, differences, read.Raw)
	}
}

func TestAzureadsPoliciesAreCreatedReadUpdatedAndDeleted(t *testing.T) {
	a := azuread{startWithPolicyPermissions(t)}
	strength := emulatortest.As[string](a.write(http.MethodPost, strengthsPath, `{"displayName":"s","allowedCombinations":["password"]}`, 201).Body["id"])
	principal := emulatortest.As[string](a.Get("/v1.0/servicePrincipals(appId='" + emulator.SampleAppID + "')").Body["id"])
	hours, everyTime := `"frequencyInterval":"timeBased","type":"hours","value":10`, `"frequencyInterval":"everyTime"`
	places := `"locations":{"includeLocations":["All"],"excludeLocations":["AllTrusted"]},"platforms":{"includePlatforms":["all"],"excludePlatforms":["android","iOS"]}`
	browser := `"browser"`
	actions := azureadPolicy("disabled", azureadConditions(`"all"`, `"includeApplications":[],"excludeApplications":[],"includeUserActions":["urn:user:registersecurityinfo"]`,
		azureadEverybody, `"locations":{"includeLocations":["All"],"excludeLocations":[]}`), azureadMFA, "null")
	workloads := func(further string) string {
		return `"servicePrincipalRiskLevels":["medium"],"clientApplications":{` + further + `}`
	}
	// Each chain is one resource: created with the first configuration, and updated to the others.
	for name, chain := range map[string][]string{
		"everything": {
			azureadPolicy("disabled", azureadConditions(browser, azureadNoApp, azureadEverybody, ""), azureadBlock, "null"),
			azureadPolicy("enabledForReportingButNotEnforced", azureadConditions(`"all"`, azureadAllApps, azureadEverybody,
				places+`,"authenticationFlows":{"transferMethods":"deviceCodeFlow"},"devices":{"deviceFilter":{"mode":"exclude","rule":"device.operatingSystem eq \"Doors\""}},
				"insiderRiskLevels":"elevated","signInRiskLevels":["medium"],"userRiskLevels":["medium"]`),
				azureadMFA, azureadSession("blockDownloads", "always", hours, true, false)),
			azureadPolicy("disabled", azureadConditions(browser, azureadNoApp, azureadEverybody, ""), azureadBlock, "null"),
		},
		"user actions": {
			actions, azureadPolicy("disabled", azureadConditions(browser, azureadNoApp, azureadEverybody, ""), azureadBlock, "null"), actions,
		},
		"session controls": {
			azureadPolicy("disabled", azureadConditions(browser, azureadAllApps, azureadEverybody, places), "null", azureadSession("monitorOnly", "never", hours, true, true)),
			azureadPolicy("disabled", azureadConditions(browser, azureadAllApps, azureadEverybody, places), azureadBlock, "null"),
			azureadPolicy("disabled", azureadConditions(browser, azureadAllApps, azureadEverybody, places), azureadBlock, azureadSession("monitorOnly", "", "", false, false)),
			azureadPolicy("disabled", azureadConditions(browser, azureadAllApps, azureadEverybody, places), azureadBlock, azureadSession("monitorOnly", "always", "", false, false)),
		},
		"every time": {azureadPolicy("enabledForReportingButNotEnforced", azureadConditions(`"all"`, azureadAllApps, azureadNobody, `"userRiskLevels":["high"]`),
			`{"operator":"AND","builtInControls":["mfa","passwordChange"],"customAuthenticationFactors":[],"termsOfUse":[]}`,
			`{"cloudAppSecurity":null,"signInFrequency":{"@odata.type":"#microsoft.graph.signInFrequencySessionControl","isEnabled":true,"authenticationType":"primaryAndSecondaryAuthentication",`+everyTime+`}}`)},
		"workload identities": {
			azureadPolicy("disabled", azureadConditions(`"all"`, azureadAllApps, azureadNobody, workloads(`"includeServicePrincipals":["`+principal+`"],"excludeServicePrincipals":[],"servicePrincipalFilter":null`)), azureadBlock, "null"),
			azureadPolicy("disabled", azureadConditions(`"all"`, azureadAllApps, azureadNobody, workloads(`"includeServicePrincipals":["ServicePrincipalsInMyTenant"],"excludeServicePrincipals":["`+principal+`"],"servicePrincipalFilter":null`)), azureadBlock, "null"),
			azureadPolicy("disabled", azureadConditions(`"all"`, azureadAllApps, azureadNobody, workloads(`"includeServicePrincipals":["ServicePrincipalsInMyTenant"],"excludeServicePrincipals":[],"servicePrincipalFilter":{"mode":"exclude","rule":"x"}`)), azureadBlock, "null"),
		},
		"strengths": {
			azureadPolicy("disabled", azureadConditions(browser, azureadNoApp, azureadEverybody, ""), azureadStrength(strength), "null"),
			azureadPolicy("disabled", azureadConditions(browser, azureadNoApp, azureadEverybody, ""), azureadStrength(control.StrengthPhishingResistant), "null"),
		},
		"guests": {
			azureadPolicy("disabled", azureadConditions(browser, azureadNoApp, azureadGuests("internalGuest,serviceProvider", `{"membershipKind":"all"}`), ""), azureadBlock, "null"),
			azureadPolicy("disabled", azureadConditions(browser, azureadNoApp, azureadGuests("serviceProvider",
				`{"@odata.type":"#microsoft.graph.conditionalAccessEnumeratedExternalTenants","membershipKind":"enumerated","members":["3879b149-6ab7-4262-b75d-5c2b2ca6b2d2"]}`), ""), azureadBlock, "null"),
			azureadPolicy("disabled", azureadConditions(browser, azureadNoApp, azureadEverybody, ""), azureadBlock, "null"),
		},
		"a filter for apps": {azureadPolicy("disabled", azureadConditions(`"all"`, azureadAllApps+`,"applicationFilter":{"mode":"include","rule":"x"}`, azureadEverybody, ""), azureadMFA, "null")},
	} {
		t.Run(name, func(t *testing.T) {
			a.T = t
			var path string
			for i, body := range chain {
				if i == 0 {
					path = policiesPath + "/" + emulatortest.As[string](a.write(http.MethodPost, policiesPath, body, 201).Body["id"])
				} else {
					a.write(http.MethodPatch, path, body, 204)
				}
				a.reads(path, body)
			}
			a.write(http.MethodDelete, path, "", 204)
			if a.Get(path).Status != 404 {
				t.Error("it is still there")
			}
		})
	}
}

func TestAzureadsLocationsAndStrengthsAreCreatedReadUpdatedAndDeleted(t *testing.T) {
	a := azuread{startWithPolicyPermissions(t, func(cfg *emulator.Config) { cfg.Behavior.ConditionalAccess.AcceptIPv6AsIPv4 = true })}
	location := func(name, ranges, trusted string) string {
		return `{"@odata.type":"#microsoft.graph.ipNamedLocation","displayName":"` + name + `","ipRanges":[` + ranges + `],"isTrusted":` + trusted + `}`
	}
	const four = `{"@odata.type":"#microsoft.graph.iPv4CidrRange","cidrAddress":"198.51.100.1/32"}`
	const six = `{"@odata.type":"#microsoft.graph.iPv4CidrRange","cidrAddress":"64:ff9b::/96"}` // azuread has one type for all ranges
	countries := func(further string) string {
		return `{"@odata.type":"#microsoft.graph.countryNamedLocation","displayName":"c","countriesAndRegions":["GB","US"]` + further + `}`
	}
	for _, chain := range [][]string{
		{location("l", four, "false"), location("m", four+","+six, "true"), location("m", four+","+six, "false")},
		{countries(`,"includeUnknownCountriesAndRegions":false`), countries(`,"includeUnknownCountriesAndRegions":true,"countryLookupMethod":"authenticatorAppGps"`)},
	} {
		path := locationsPath + "/" + emulatortest.As[string](a.write(http.MethodPost, locationsPath, chain[0], 201).Body["id"])
		for _, body := range chain {
			a.write(http.MethodPatch, path, body, 204)
			var sent map[string]any
			if err := json.Unmarshal([]byte(body), &sent); err != nil {
				t.Fatal(err)
			}
			read := a.Get(path).Body
			addresses := func(object map[string]any) (all []any) {
				for _, item := range emulatortest.As[[]any](object["ipRanges"]) {
					all = append(all, emulatortest.At(item, "cidrAddress"))
				}
				return all
			}
			if diff := cmp.Diff(addresses(sent), addresses(read)); diff != "" {
				t.Error(diff)
			}
			delete(sent, "ipRanges")
			if differences := differs("", sent, any(read)); differences != nil {
				t.Error(differences)
			}
		}
		a.write(http.MethodDelete, path, "", 204)
	}

	strength := func(further string) string {
		return `{"@odata.type":"#microsoft.graph.authenticationStrengthPolicy","displayName":"acctest"` + further + `}`
	}
	combinations := `["fido2","password","password,hardwareOath","sms","federatedSingleFactor","sms,federatedSingleFactor","x509CertificateMultiFactor"]`
	created := a.write(http.MethodPost, strengthsPath, strength(`,"allowedCombinations":["password"]`), 201)
	path := strengthsPath + "/" + emulatortest.As[string](created.Body["id"])
	a.reads(path, strength(`,"allowedCombinations":["password"]`))
	a.write(http.MethodPatch, path, strength(`,"description":"test"`), 204)
	a.write(http.MethodPost, path+"/updateAllowedCombinations", `{"allowedCombinations":`+combinations+`}`, 200)
	a.reads(path, strength(`,"description":"test","allowedCombinations":`+combinations))
	a.write(http.MethodPatch, path, strength(`,"description":null`), 204)
	a.write(http.MethodDelete, path, "", 204)
	if a.Get(path).Status != 404 {
		t.Error("it is still there")
	}
}

package graphapi_test

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/emulatortest"
)

// What azuread selects of a user; every client has a list of its own.
const selectedByAzuread = "accountEnabled,ageGroup,businessPhones,city,companyName,consentProvidedForMinor,country,creationType,department," +
	"displayName,employeeHireDate,employeeId,employeeOrgData,employeeType,externalUserState,faxNumber,givenName,id,imAddresses,jobTitle,mail," +
	"mailNickname,mobilePhone,officeLocation,onPremisesDistinguishedName,onPremisesDomainName,onPremisesImmutableId,onPremisesSamAccountName," +
	"onPremisesSecurityIdentifier,onPremisesSyncEnabled,onPremisesUserPrincipalName,otherMails,postalCode,preferredLanguage,proxyAddresses," +
	"showInAddressList,state,streetAddress,surname,usageLocation,userPrincipalName,userType"

func TestEveryPropertyOfV1CanBeSelected(t *testing.T) {
	f := emulatortest.Start(t)
	all := func(table map[string]control.Property, own ...string) string {
		return strings.Join(append(slices.Sorted(maps.Keys(table)), own...), ",")
	}
	for path, selected := range map[string]string{
		"/v1.0/users/" + emulatortest.Adele:                     all(control.UserProperties, "id", "displayName", "mail", "userType", "accountEnabled", "assignedLicenses", "securityIdentifier"),
		"/beta/users/" + emulatortest.Adele:                     selectedByAzuread,
		"/v1.0/groups/" + emulator.SampleAllStaffID:             all(control.GroupProperties, "id", "displayName", "assignedLicenses", "securityIdentifier"),
		"/beta/groups/" + emulator.SampleAllStaffID:             "allowExternalSenders,autoSubscribeNewMembers,hideFromAddressLists,hideFromOutlookClients",
		"/v1.0/directoryObjects/" + servicePrincipalOf(f):       all(control.ServicePrincipalProperties, "id", "appId"),
		"/v1.0/directoryObjects/" + idOf(f, emulatortest.Adele): "id,department,groupTypes",
		"/v1.0/policies/authenticationMethodsPolicy":            "id,displayName,description,lastModifiedDateTime,policyMigrationState,policyVersion,reconfirmationInDays,registrationEnforcement,authenticationMethodConfigurations",
		policiesPath + "/" + emulator.SampleMFAPolicyID:         "id,deletedDateTime,conditions,createdDateTime,description,displayName,grantControls,modifiedDateTime,sessionControls,state,templateId",
		locationsPath + "/" + emulator.SampleHeadquartersID:     "id,deletedDateTime,displayName,createdDateTime,modifiedDateTime,microsoft.graph.ipNamedLocation/isTrusted,graph.ipNamedLocation/ipRanges",
		locationsPath + "/" + emulator.SampleCountriesID:        "microsoft.graph.countryNamedLocation/countriesAndRegions,graph.countryNamedLocation/countryLookupMethod,graph.countryNamedLocation/includeUnknownCountriesAndRegions",
	} {
		answer := f.Get(path + "?$select=" + selected)
		if answer.Status != 200 {
			t.Errorf("%s: %d %s", path, answer.Status, answer.Raw)
			continue
		}
		for name := range strings.SplitSeq(selected, ",") {
			_, found := answer.Body[name[strings.LastIndex(name, "/")+1:]]
			if !found && !strings.Contains(path, "directoryObjects") {
				t.Errorf("%s: the answer has no %s", path, name)
			}
		}
	}
	for _, path := range []string{"/v1.0/users", "/v1.0/groups", policiesPath, locationsPath, "/v1.0/users/" + emulatortest.Adele + "/memberOf"} {
		for _, name := range []string{"perUserMfaState", "nonsense", "Department", "graph.ipNamedLocation/nonsense"} {
			if answer := f.Get(path + "?$select=" + name); answer.Status != 400 || !strings.Contains(answer.ErrorMessage(), "Could not find a property named '"+name+"'") {
				t.Errorf("%s?$select=%s: %d %s", path, name, answer.Status, answer.Raw)
			}
		}
	}
}

func servicePrincipalOf(f *emulatortest.Fixture) string {
	f.T.Helper()
	info, err := f.Control.Info(f.Ctx)
	if err != nil {
		f.T.Fatal(err)
	}
	return info.Apps[0].ServicePrincipalID
}

func TestPropertiesOfATenantFile(t *testing.T) {
	tenant, err := emulator.LoadTenant(strings.NewReader(`{
		"apps": [{"clientId": "` + emulator.SampleAppID + `", "secrets": [{"value": "` + emulator.SampleSecret + `"}], "permissions": ["Directory.Read.All"]}],
		"tenantId": "` + emulator.SampleTenantID + `",
		"users": [{"userPrincipalName": "adele@contoso.example", "properties": {
			"department": "Sales", "proxyAddresses": ["SMTP:adele@contoso.example"], "employeeHireDate": "2024-05-01T00:00:00Z",
			"onPremisesSyncEnabled": true, "employeeOrgData": {"costCenter": "7", "division": null}, "usageLocation": null
		}}, {"userPrincipalName": "alex@contoso.example"}],
		"groups": [{"displayName": "all", "properties": {"description": "Everybody", "groupTypes": ["Unified"], "mailEnabled": true}}]
	}`))
	if err != nil {
		t.Fatal(err)
	}
	f := emulatortest.Start(t, func(cfg *emulator.Config) { cfg.Tenant = tenant })
	answer := f.Get("/v1.0/users/adele@contoso.example?$select=department,proxyAddresses,employeeHireDate,onPremisesSyncEnabled,employeeOrgData,usageLocation,assignedLicenses")
	delete(answer.Body, "@odata.context")
	want := map[string]any{
		"department": "Sales", "proxyAddresses": []any{"SMTP:adele@contoso.example"}, "employeeHireDate": "2024-05-01T00:00:00Z",
		"onPremisesSyncEnabled": true, "employeeOrgData": map[string]any{"costCenter": "7", "division": nil}, "usageLocation": nil,
		"assignedLicenses": []any{},
	}
	if diff := cmp.Diff(want, answer.Body); diff != "" {
		t.Error(diff)
	}
	for filter, count := range map[string]int{
		"department+eq+'sales'": 1, "department+eq+null": 1, "onPremisesSyncEnabled+eq+true": 1,
		"proxyAddresses/any(p:p+eq+'smtp:adele@contoso.example')": 1, "proxyAddresses/any(p:startsWith(p,'smtp:al'))": 0,
	} {
		if answer := f.Get("/v1.0/users?$filter=" + filter); answer.Status != 200 || len(answer.Values()) != count {
			t.Errorf("%s: %d %s", filter, answer.Status, answer.Raw)
		}
	}
	if answer := f.Get("/v1.0/groups?$filter=groupTypes/any(c:c+eq+'Unified')+and+mailEnabled+eq+true"); len(namesOf(answer)) != 1 ||
		answer.Values()[0]["description"] != "Everybody" {
		t.Errorf("%d %s", answer.Status, answer.Raw)
	}
	// A snapshot holds them, and what holds them can be seeded again.
	snapshot, err := f.Control.Snapshot(f.Ctx)
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Control.Seed(f.Ctx, snapshot); err != nil {
		t.Fatal(err)
	}
	properties := map[string]any{"department": "Support"}
	changed, err := f.Control.PatchUser(f.Ctx, "adele@contoso.example", control.UserPatch{Properties: &properties})
	if err != nil || !cmp.Equal(changed.Properties, properties) {
		t.Errorf("changed: %v %v", changed, err)
	}

	for text, want := range map[string]string{
		`{"departement": "Sales"}`:           "properties.departement: is not a property that Graph has",
		`{"userPrincipalName": "x@y.z"}`:     "properties.userPrincipalName",
		`{"department": 7}`:                  "properties.department: expected a string",
		`{"otherMails": null}`:               "properties.otherMails: expected a list of strings",
		`{"otherMails": [7]}`:                "properties.otherMails",
		`{"licenseAssignmentStates": ["x"]}`: "properties.licenseAssignmentStates: expected a list of objects",
		`{"employeeHireDate": "soon"}`:       "properties.employeeHireDate: expected a time",
		`{"deviceEnrollmentLimit": 1.5}`:     "properties.deviceEnrollmentLimit: expected a whole number",
		`{"employeeOrgData": []}`:            "properties.employeeOrgData: expected an object",
		`{"showInAddressList": "yes"}`:       "properties.showInAddressList: expected true, false",
	} {
		var properties map[string]any
		if err := json.Unmarshal([]byte(text), &properties); err != nil {
			t.Fatal(err)
		}
		_, err := f.Control.PatchUser(f.Ctx, "alex@contoso.example", control.UserPatch{Properties: &properties})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", text, err)
		}
	}
}

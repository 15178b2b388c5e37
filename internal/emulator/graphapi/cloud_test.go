package graphapi_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/emulatortest"
)

// Each cloud has what its published metadata has, and refuses the rest as Graph refuses what it does not have.
func TestACloudLacksWhatItsMetadataLacks(t *testing.T) {
	methods := "/users/" + emulatortest.Adele + "/authentication/"
	location := "/identity/conditionalAccess/namedLocations/" + emulator.SampleHeadquartersID
	policy := "/identity/conditionalAccess/policies/" + emulator.SampleMFAPolicyID
	everywhere := []string{"v1.0/users", "v1.0/groups", "beta" + methods + "requirements", "beta" + location, "beta" + policy}
	strengths := []string{"v1.0/policies/authenticationStrengthPolicies", "v1.0/policies/authenticationMethodsPolicy"}
	tests := []struct {
		cloud       string
		has, hasNot []string
	}{
		{
			control.CloudPublic,
			append([]string{
				"v1.0" + location, "v1.0" + location + "?$select=deletedDateTime", "v1.0/identity/conditionalAccess/deletedItems/policies",
				"v1.0" + methods + "methods", "beta" + methods + "hardwareOathMethods",
			}, strengths...),
			[]string{"v1.0" + methods + "requirements", "v1.0" + methods + "hardwareOathMethods", "v1.0" + methods + "passwordlessMicrosoftAuthenticatorMethods"},
		},
		{
			control.CloudUSGovernment,
			append([]string{"v1.0" + location, "beta" + location + "?$select=deletedDateTime", "v1.0" + methods + "methods", "beta/identity/conditionalAccess/deletedItems/policies"}, strengths...),
			[]string{
				"v1.0" + location + "?$select=deletedDateTime", "v1.0" + policy + "?$select=deletedDateTime",
				"v1.0/identity/conditionalAccess/namedLocations?$filter=deletedDateTime+eq+null", "v1.0/identity/conditionalAccess/deletedItems/policies",
			},
		},
		{
			control.CloudChina,
			[]string{
				"v1.0" + location, "v1.0" + methods + "phoneMethods", "v1.0" + methods + "microsoftAuthenticatorMethods",
				"v1.0" + methods + "platformCredentialMethods", "beta" + methods + "methods", strengths[0], "beta/policies/authenticationMethodsPolicy",
			},
			[]string{
				"v1.0" + location + "?$select=deletedDateTime", "v1.0" + methods + "methods", "v1.0" + methods + "fido2Methods",
				"v1.0" + methods + "methods/x", "v1.0" + methods + "temporaryAccessPassMethods", strengths[1], "v1.0/identity/conditionalAccess/deletedItems/policies",
			},
		},
		{
			control.CloudUSNat,
			append([]string{"v1.0" + methods + "methods", "beta" + methods + "passwordlessMicrosoftAuthenticatorMethods", "beta/identity/conditionalAccess/deletedItems/namedLocations"}, strengths...),
			[]string{
				"v1.0/identity", "v1.0/identity/conditionalAccess/policies", "v1.0" + location, "v1.0/identity/conditionalAccess/authenticationStrength/policies",
				"beta" + methods + "hardwareOathMethods", "beta" + methods + "hardwareOathMethods/x",
			},
		},
		{
			control.CloudUSSec, strengths,
			[]string{"v1.0/identity/conditionalAccess/namedLocations", "beta" + methods + "hardwareOathMethods"},
		},
	}
	for _, test := range tests {
		t.Run(test.cloud, func(t *testing.T) {
			f := emulatortest.Start(t, func(cfg *emulator.Config) { cfg.Tenant.Cloud = test.cloud })
			for _, path := range append(test.has, everywhere...) {
				if answer := f.Get("/" + path); answer.Status != 200 {
					t.Errorf("%s: %d %s", path, answer.Status, answer.Raw)
				}
			}
			for _, path := range test.hasNot {
				answer := f.Get("/" + path)
				if text := answer.ErrorMessage(); answer.Status != 400 || answer.ErrorCode() != "BadRequest" ||
					!strings.Contains(text, "Resource not found for the segment") && !strings.Contains(text, "Could not find a property") {
					t.Errorf("%s: %d %s", path, answer.Status, answer.Raw)
				}
			}
		})
	}
}

// What a cloud's types lack is not in what is read, and refused in what is written.
func TestACloudsPoliciesLackWhatItsMetadataLacks(t *testing.T) {
	tests := []struct {
		cloud, version string
		lacks          []string
	}{
		{control.CloudPublic, "v1.0", nil},
		{control.CloudUSGovernment, "v1.0", []string{"deletedDateTime"}},
		{control.CloudUSGovernment, "beta", nil},
		{control.CloudChina, "v1.0", []string{"deletedDateTime", "signInRiskLevels", "userRiskLevels", "servicePrincipalRiskLevels", "insiderRiskLevels", "authenticationStrength"}},
		{control.CloudChina, "beta", nil},
		{control.CloudUSNat, "beta", []string{"insiderRiskLevels"}},
		{control.CloudUSSec, "beta", []string{"insiderRiskLevels"}},
	}
	properties := map[string]string{
		"signInRiskLevels": `"conditions"`, "userRiskLevels": `"conditions"`, "servicePrincipalRiskLevels": `"conditions"`,
		"insiderRiskLevels": `"conditions"`, "authenticationStrength": `"grantControls"`, "deletedDateTime": "",
	}
	for _, test := range tests {
		t.Run(test.cloud+" "+test.version, func(t *testing.T) {
			f := startWithPolicyPermissions(t, func(cfg *emulator.Config) { cfg.Tenant.Cloud = test.cloud })
			policies := "/" + test.version + "/identity/conditionalAccess/policies"
			created := f.Graph(http.MethodPost, policies, policyBody(`"includeLocations":["All"]`))
			if created.Status != 201 {
				t.Fatalf("%d %s", created.Status, created.Raw)
			}
			read, list := f.Get(policies+"/"+emulatortest.As[string](created.Body["id"])), f.Get(policies)
			for name, parent := range properties {
				lacks := strings.Contains(fmt.Sprint(test.lacks), name)
				for _, answer := range []emulatortest.Reply{created, read, list} {
					if strings.Contains(string(answer.Raw), `"`+name+`"`) == lacks {
						t.Errorf("%s: lacks is %t, and the answer is %s", name, lacks, answer.Raw)
					}
				}
				if parent == "" {
					continue
				}
				value := "[]"
				if name == "insiderRiskLevels" || name == "authenticationStrength" {
					value = "null"
				}
				body := strings.Replace(policyBody(`"includeLocations":["All"]`), parent+`:{`, parent+`:{"`+name+`":`+value+`,`, 1)
				answer := f.Graph(http.MethodPost, policies, body)
				if refused := answer.Status == 400 && strings.Contains(answer.ErrorMessage(), "'"+name+"' does not exist"); refused != lacks {
					t.Errorf("writing %s: %d %s", name, answer.Status, answer.Raw)
				}
			}
		})
	}
}

package policies_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/acctest"
)

const (
	policyType    = "entramfa_conditional_access_policy"
	azureADPolicy = "azuread_conditional_access_policy"
	policyPath    = "/identity/conditionalAccess/policies/"
)

// gateOfAzureAD is the policy of GateID as version 3 of azuread has it in its state, with session controls and grant controls as given.
func gateOfAzureAD(grant, session string) string {
	return `{"id":"` + policyPath + acctest.GateID + `","object_id":"` + acctest.GateID + `","display_name":"MFA outside","state":"enabled","timeouts":null,
		"conditions":[{"applications":[{"excluded_applications":[],"filter":[],"included_applications":["All"],"included_user_actions":[]}],
			"authentication_flow_transfer_methods":[],"client_app_types":["all"],"client_applications":[],"devices":[],"insider_risk_levels":"",
			"locations":[{"excluded_locations":["AllTrusted"],"included_locations":["All"]}],"platforms":[],
			"service_principal_risk_levels":[],"sign_in_risk_levels":[],"user_risk_levels":[],
			"users":[{"excluded_groups":[],"excluded_guests_or_external_users":[],"excluded_roles":[],"excluded_users":[],"included_groups":[],
				"included_guests_or_external_users":[],"included_roles":[],"included_users":["All"]}]}],
		"grant_controls":[` + grant + `],"session_controls":[` + session + `]}`
}

const (
	grantOfAzureAD = `{"authentication_strength_policy_id":"","built_in_controls":["mfa"],"custom_authentication_factors":[],"operator":"OR","terms_of_use":[]}`
	// Without a frequency, azuread has the defaults of one.
	sessionOfAzureAD = `{"application_enforced_restrictions_enabled":false,"cloud_app_security_policy":"","disable_resilience_defaults":false,
		"persistent_browser_mode":"never","sign_in_frequency":0,"sign_in_frequency_authentication_type":"primaryAndSecondaryAuthentication",
		"sign_in_frequency_interval":"timeBased","sign_in_frequency_period":""}`
)

func TestAPolicyMovesHereFromAzureAD(t *testing.T) {
	t.Parallel()
	strength := strings.NewReplacer(`"authentication_strength_policy_id":""`, `"authentication_strength_policy_id":"/policies/authenticationStrengthPolicies/`+phishingResistant+`"`, `["mfa"]`, `[]`).Replace(grantOfAzureAD)
	usesStrength := func(gate *control.ConditionalAccessPolicy) {
		gate.GrantControls.BuiltInControls, gate.GrantControls.AuthenticationStrength = nil, &control.PolicyStrength{ID: phishingResistant}
	}
	forgets := func(gate *control.ConditionalAccessPolicy) {
		gate.SessionControls = &control.ConditionalAccessSession{PersistentBrowser: &control.SessionBrowser{IsEnabled: true, Mode: "never"}}
	}
	for name, c := range map[string]struct {
		state string
		is    func(gate *control.ConditionalAccessPolicy)
	}{
		"as it is":             {gateOfAzureAD(grantOfAzureAD, ""), nil},
		"without an object id": {strings.Replace(gateOfAzureAD(grantOfAzureAD, ""), `"object_id":"`+acctest.GateID+`",`, "", 1), nil},
		"with a session":       {gateOfAzureAD(grantOfAzureAD, sessionOfAzureAD), forgets},
		"with a strength":      {gateOfAzureAD(strength, ""), usesStrength},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tn := newTenant(t, func(people *control.Tenant) {
				if c.is != nil {
					c.is(&people.ConditionalAccessPolicies[0])
				}
			})
			l := tn.Lister(t, policyType, nil)
			imported := l.Imported(l.IdentityOf("id", acctest.GateID))
			tn.ForgetRequests(t)
			moved := l.Move(acctest.AzureADAddress, azureADPolicy, 0, c.state)
			acctest.NoErrors(t, moved.Diagnostics)
			if sent := tn.Sent(http.MethodGet, http.MethodPost, http.MethodPatch, http.MethodDelete); sent != 0 {
				t.Errorf("the move sent %d requests", sent)
			}
			read, err := l.Server.ReadResource(t.Context(), &tfprotov6.ReadResourceRequest{
				TypeName: policyType, CurrentState: moved.TargetState, CurrentIdentity: moved.TargetIdentity, Private: moved.TargetPrivate,
			})
			if err != nil {
				t.Fatal(err)
			}
			acctest.NoErrors(t, read.Diagnostics)
			state, err := read.NewState.Unmarshal(l.Type)
			if err != nil {
				t.Fatal(err)
			}
			if !state.Equal(imported) {
				t.Errorf("moved it is\n%s\nand imported\n%s", state, imported)
			}
		})
	}
}

func TestAPolicyThatCannotMoveHereSaysWhatToDo(t *testing.T) {
	t.Parallel()
	tn := newTenant(t, nil)
	l := tn.Lister(t, policyType, nil)
	moved := l.Move(acctest.AzureADAddress, azureADPolicy, 0, `{"id":"not an id","display_name":"x","state":"enabled"}`)
	acctest.WantTold(t, acctest.Problems(moved.Diagnostics), [][]string{{"Unable to move azuread_conditional_access_policy", "destroy = false", policyType}})
	for _, of := range []struct{ provider, typeName string }{{"registry.terraform.io/contoso/azuread", azureADPolicy}, {acctest.AzureADAddress, "azuread_named_location"}} {
		if moved := l.Move(of.provider, of.typeName, 0, gateOfAzureAD(grantOfAzureAD, "")); len(acctest.Problems(moved.Diagnostics)) == 0 {
			t.Errorf("%v moves", of)
		}
	}
}

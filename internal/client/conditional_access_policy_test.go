package client

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/clienttest"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/conditionalaccess"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/graph"
)

const policyID = "66666666-ffff-4fff-8fff-000000000001"

func mfaPolicy() ConditionalAccessPolicy {
	return ConditionalAccessPolicy{
		DisplayName: "MFA", State: conditionalaccess.Enabled,
		Conditions: conditionalaccess.Conditions{
			Users:        &conditionalaccess.Users{IncludeUsers: []string{conditionalaccess.All}},
			Applications: &conditionalaccess.Applications{IncludeApplications: []string{conditionalaccess.All}},
			Locations:    &conditionalaccess.Locations{Include: []string{conditionalaccess.All}, Exclude: []string{locationID}},
		},
		GrantControls: &conditionalaccess.GrantControls{BuiltInControls: []string{conditionalaccess.ControlMFA}},
	}
}

// storedPolicy is a policy as the service answers it.
func storedPolicy(t *testing.T, policy ConditionalAccessPolicy, more map[string]any) string {
	t.Helper()
	body := policy.CreateBody()
	body["id"], body["createdDateTime"] = policyID, clienttest.NewFakeClock().Now().Add(time.Second).Format(time.RFC3339)
	for name, value := range more {
		body[name] = value
	}
	text, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

const refusal1040 = `{"error":{"code":"BadRequest","message":"1040: NamedLocation with id does not exist in the directory"}}`

func TestAPolicyIsSentAgainUntilTheServiceKnowsWhatItNames(t *testing.T) {
	t.Parallel()
	service := clienttest.NewRecorder(t, func(w http.ResponseWriter, _ *http.Request, n int) {
		switch {
		case n < 2:
			clienttest.Reply(w, 400, refusal1040)
		case n == 2:
			clienttest.Reply(w, 400, `{"error":{"code":"BadRequest","message":"The strength 00000000-0000-0000-0000-000000000004 does not exist."}}`)
		default:
			clienttest.Reply(w, 201, storedPolicy(t, mfaPolicy(), nil))
		}
	})
	c, _, _ := newTestClient(t, service, nil)
	wanted := mfaPolicy()
	wanted.GrantControls = &conditionalaccess.GrantControls{AuthenticationStrength: &conditionalaccess.StrengthReference{ID: "00000000-0000-0000-0000-000000000004"}}
	made, _, err := c.CreateConditionalAccessPolicy(t.Context(), wanted)
	if err != nil || made.ID != policyID || len(service.All()) != 4 {
		t.Errorf("made %q by %d requests, error %v", made.ID, len(service.All()), err)
	}
	if prefer := service.All()[0].Header.Get("Prefer"); !strings.Contains(prefer, "include-unknown-enum-members") {
		t.Errorf("Prefer is %q", prefer)
	}
}

func TestAnotherRefusalOfAPolicyIsNotRepeated(t *testing.T) {
	t.Parallel()
	service := clienttest.NewRecorder(t, func(w http.ResponseWriter, _ *http.Request, _ int) {
		clienttest.Reply(w, 400, `{"error":{"code":"BadRequest","message":"failed","innerError":{"message":"1039: Cannot create policies with premium P2 features"}}}`)
	})
	c, _, _ := newTestClient(t, service, nil)
	_, _, err := c.CreateConditionalAccessPolicy(t.Context(), mfaPolicy())
	if err == nil || !strings.Contains(err.Error(), "1039") || len(service.All()) != 1 {
		t.Errorf("%d requests, error %v", len(service.All()), err)
	}
}

func TestAPolicyWhoseCreationWasLostIsFound(t *testing.T) {
	t.Parallel()
	service := clienttest.NewRecorder(t, func(w http.ResponseWriter, r *http.Request, _ int) {
		if r.Method == http.MethodPost {
			clienttest.GraphError(w, 500, "InternalServerError")
			return
		}
		clienttest.Reply(w, 200, `{"value":[`+storedPolicy(t, mfaPolicy(), nil)+`]}`)
	})
	c, _, _ := newTestClient(t, service, nil)
	made, _, err := c.CreateConditionalAccessPolicy(t.Context(), mfaPolicy())
	if err != nil || made.ID != policyID || service.Count(http.MethodPost) != 1 {
		t.Errorf("made %q by %d POST requests, error %v", made.ID, service.Count(http.MethodPost), err)
	}
}

func TestAnUpdateOfAPolicySaysEverythingThatIsManaged(t *testing.T) {
	t.Parallel()
	service := clienttest.NewRecorder(t, func(w http.ResponseWriter, r *http.Request, _ int) {
		if r.Method == http.MethodGet {
			clienttest.Reply(w, 200, storedPolicy(t, mfaPolicy(), map[string]any{"sessionControls": map[string]any{"newControl": map[string]any{"isEnabled": true}}}))
			return
		}
		w.WriteHeader(http.StatusNoContent)
	})
	c, _, _ := newTestClient(t, service, nil)
	current, err := c.GetConditionalAccessPolicy(t.Context(), policyID)
	if err != nil {
		t.Fatal(err)
	}
	wanted := mfaPolicy()
	wanted.ID, wanted.Conditions.Locations = policyID, nil
	if _, err := c.UpdateConditionalAccessPolicy(t.Context(), current, wanted); err != nil {
		t.Fatal(err)
	}
	body := service.All()[1].Body
	for _, part := range []string{`"locations":null`, `"newControl":{"isEnabled":true}`, `"builtInControls":["mfa"]`, `"includeUsers":["All"]`, `"state":"enabled"`} {
		if !strings.Contains(body, part) {
			t.Errorf("the body lacks %s: %s", part, body)
		}
	}
	if _, err := c.SetConditionalAccessPolicyState(t.Context(), wanted, conditionalaccess.Disabled); err != nil {
		t.Fatal(err)
	}
	if body := service.All()[2].Body; strings.TrimSpace(body) != `{"state":"disabled"}` {
		t.Errorf("the change of the state says %s", body)
	}
}

func TestOnlyALasting404IsTheEndOfAPolicy(t *testing.T) {
	t.Parallel()
	service := clienttest.NewRecorder(t, func(w http.ResponseWriter, r *http.Request, n int) {
		// One replica does not know the policy, the next one does, and the second deletion succeeds.
		switch {
		case r.Method == http.MethodDelete && n > 1:
			w.WriteHeader(http.StatusNoContent)
		case r.Method == http.MethodDelete:
			clienttest.GraphError(w, 404, "ResourceNotFound")
		default:
			clienttest.Reply(w, 200, storedPolicy(t, mfaPolicy(), nil))
		}
	})
	c, _, _ := newTestClient(t, service, func(o *graph.Options) { o.Consistency.NewObject = 30 * time.Second })
	policy := mfaPolicy()
	policy.ID = policyID
	if err := c.DeleteConditionalAccessPolicy(t.Context(), policy); err != nil || service.Count(http.MethodDelete) != 2 {
		t.Errorf("%d deletions, error %v", service.Count(http.MethodDelete), err)
	}
}

func TestAnUpdateOfAStrengthSendsWhatChanges(t *testing.T) {
	t.Parallel()
	service := clienttest.NewRecorder(t, func(w http.ResponseWriter, r *http.Request, _ int) {
		if strings.HasSuffix(r.URL.Path, "/updateAllowedCombinations") {
			clienttest.Reply(w, 200, `{"additionalInformation":"security was lowered","previousCombinations":"fido2","currentCombinations":"password, sms"}`)
			return
		}
		w.WriteHeader(http.StatusNoContent)
	})
	c, _, _ := newTestClient(t, service, nil)
	current := AuthenticationStrength{
		ID: policyID, DisplayName: "Keys", AllowedCombinations: []string{"fido2"},
		Configurations: []conditionalaccess.StrengthConfiguration{{
			ODataType: conditionalaccess.FIDO2Configuration, ID: locationID, AppliesTo: []string{"fido2"}, AAGUIDs: []string{"de1e552d-db1d-4423-a619-566b625cdc84"},
		}},
	}
	wanted := current
	wanted.Configurations = nil
	wanted.AllowedCombinations = []string{"fido2", "password, sms"}
	result, err := c.UpdateAuthenticationStrength(t.Context(), current, wanted)
	if err != nil || result.Note != "security was lowered" || !result.Reached.Shows(wanted) {
		t.Errorf("the result is %+v, error %v", result, err)
	}
	var sent []string
	for _, request := range service.All() {
		sent = append(sent, request.Method+" "+request.Path())
	}
	const path = "/v1.0/policies/authenticationStrengthPolicies/" + policyID
	if want := "DELETE " + path + "/combinationConfigurations/" + locationID + ", POST " + path + "/updateAllowedCombinations"; strings.Join(sent, ", ") != want {
		t.Errorf("sent %s, want %s", strings.Join(sent, ", "), want)
	}
	if weakened := current.Weakened(wanted); len(weakened) != 1 || weakened[0] != "password, sms" {
		t.Errorf("weakened by %q", weakened)
	}
}

package client

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/clienttest"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/graph"
)

func TestAUserIsRegisteredByASecondFactorOfTheirOwn(t *testing.T) {
	t.Parallel()
	const prefix = "#microsoft.graph."
	for _, tc := range []struct {
		name       string
		kinds      []string
		registered bool
	}{
		{"nothing", nil, false},
		{"a password only", []string{prefix + "passwordAuthenticationMethod"}, false},
		{"an email address", []string{prefix + "emailAuthenticationMethod"}, false},
		{"a Temporary Access Pass", []string{prefix + "temporaryAccessPassAuthenticationMethod"}, false},
		{"Windows Hello", []string{prefix + "windowsHelloForBusinessAuthenticationMethod"}, false},
		{"a platform credential", []string{prefix + "platformCredentialAuthenticationMethod"}, false},
		{"a kind that is not known yet", []string{prefix + "crystalBallAuthenticationMethod"}, false},
		{"a kind without a name", []string{""}, false},
		{"all that do not count", []string{prefix + "passwordAuthenticationMethod", prefix + "emailAuthenticationMethod", prefix + "temporaryAccessPassAuthenticationMethod", "", prefix + "x"}, false},
		{"a phone", []string{prefix + "phoneAuthenticationMethod"}, true},
		{"the Authenticator", []string{prefix + "microsoftAuthenticatorAuthenticationMethod"}, true},
		{"the Authenticator without a password", []string{prefix + "passwordlessMicrosoftAuthenticatorAuthenticationMethod"}, true},
		{"a software token", []string{prefix + "softwareOathAuthenticationMethod"}, true},
		{"a hardware token", []string{prefix + "hardwareOathAuthenticationMethod"}, true},
		{"a passkey", []string{prefix + "fido2AuthenticationMethod"}, true},
		{"another case", []string{prefix + "Fido2AuthenticationMethod"}, true},
		{"one that counts behind others", []string{prefix + "passwordAuthenticationMethod", prefix + "x", prefix + "phoneAuthenticationMethod"}, true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			service := clienttest.NewRecorder(t, func(w http.ResponseWriter, _ *http.Request, _ int) {
				clienttest.Reply(w, 200, methodsJSON(tc.kinds...))
			})
			c, _, _ := newTestClient(t, service, nil)
			registered, err := c.IsRegisteredForMFA(t.Context(), adele)
			if err != nil || registered != tc.registered {
				t.Errorf("got %t and error %v, want %t", registered, err, tc.registered)
			}
			if request := service.All()[0]; request.Method != http.MethodGet || request.Target != "/beta/users/"+clienttest.AdeleID+"/authentication/methods" {
				t.Errorf("asked by %s %s", request.Method, request.Target)
			}
		})
	}
}

func methodsJSON(kinds ...string) string {
	items := make([]string, 0, len(kinds))
	for n, kind := range kinds {
		items = append(items, fmt.Sprintf(`{"@odata.type":%q,"id":"%d"}`, kind, n))
	}
	return `{"value":[` + strings.Join(items, ",") + `]}`
}

func TestAMethodOnASecondPageCounts(t *testing.T) {
	t.Parallel()
	service := clienttest.NewRecorder(t, clienttest.Paged(func(self string) string { return self + clienttest.NextPage }))
	c, _, _ := newTestClient(t, service, nil)
	if registered, err := c.IsRegisteredForMFA(t.Context(), adele); err != nil || !registered {
		t.Errorf("got %t and error %v", registered, err)
	}
	if n := len(service.All()); n != 2 {
		t.Errorf("%d requests, want 2", n)
	}
}

func TestMethodsThatCannotBeReadAreAnErrorAndNotAbsent(t *testing.T) {
	t.Parallel()
	service := clienttest.NewRecorder(t, func(w http.ResponseWriter, _ *http.Request, _ int) {
		clienttest.GraphError(w, 403, "Authorization_RequestDenied")
	})
	c, _, _ := newTestClient(t, service, nil)
	registered, err := c.IsRegisteredForMFA(t.Context(), adele)
	if registered || !graph.IsForbidden(err) || !strings.Contains(err.Error(), clienttest.AdeleUPN) {
		t.Errorf("got %t and error %v", registered, err)
	}
}

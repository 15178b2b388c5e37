package signin_test

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/emulatortest"
)

const machineHeader = "header-of-the-machine"

// onMachine makes this process look like one on a machine with the given environment; the full app is every identity of it.
func onMachine(t *testing.T, environment map[string]string) *emulatortest.Fixture {
	t.Helper()
	f := emulatortest.Start(t)
	f.SetBehavior(control.Behavior{ManagedIdentity: &control.ManagedIdentity{
		SystemAssigned: emulator.SampleAppID, UserAssigned: []string{emulator.SampleAppID}, Header: machineHeader,
	}})
	for _, name := range []string{"IDENTITY_ENDPOINT", "IDENTITY_HEADER", "IDENTITY_SERVER_THUMBPRINT", "IMDS_ENDPOINT", "MSI_ENDPOINT", "MSI_SECRET"} {
		value := environment[name]
		if len(value) > 0 && value[0] == '/' {
			value = f.Server.URL() + value
		}
		t.Setenv(name, value)
	}
	return f
}

func TestAzidentitySignsInByManagedIdentity(t *testing.T) {
	for name, c := range map[string]struct {
		environment map[string]string
		id          azidentity.ManagedIDKind
	}{
		"App Service": {map[string]string{"IDENTITY_ENDPOINT": "/_emulator/identity/app-service", "IDENTITY_HEADER": machineHeader}, nil},
		"App Service, user-assigned": {
			map[string]string{"IDENTITY_ENDPOINT": "/_emulator/identity/app-service", "IDENTITY_HEADER": machineHeader}, azidentity.ClientID(emulator.SampleAppID),
		},
		"Cloud Shell": {map[string]string{"MSI_ENDPOINT": "/_emulator/identity/cloud-shell"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			f := onMachine(t, c.environment)
			signIn(f)(azidentity.NewManagedIdentityCredential(&azidentity.ManagedIdentityCredentialOptions{ClientOptions: clientOptions(f), ID: c.id}))
		})
	}
}

func TestTheEndpointsOfAMachineRefuse(t *testing.T) {
	f := onMachine(t, nil)
	resource := url.QueryEscape(f.Server.URL())
	const metadata, appService = "/_emulator/identity/metadata?api-version=2018-02-01&resource=", "/_emulator/identity/app-service?api-version=2019-08-01&resource="
	for name, c := range map[string]struct {
		path, header, value string
		status              int
		want                []string
	}{
		"metadata":                       {metadata + resource, "Metadata", "true", 200, nil},
		"metadata without its header":    {metadata + resource, "", "", 400, []string{"error", "bad_request_102"}},
		"metadata without a version":     {"/_emulator/identity/metadata?resource=" + resource, "Metadata", "true", 400, []string{"error", "invalid_request"}},
		"metadata for another resource":  {metadata + "https%3A%2F%2Fvault.example", "Metadata", "true", 400, []string{"error", "invalid_resource"}},
		"metadata for another identity":  {metadata + resource + "&client_id=" + emulator.SamplePlanAppID, "Metadata", "true", 400, []string{"error_description", "Identity not found"}},
		"App Service":                    {appService + resource, "X-Identity-Header", machineHeader, 200, nil},
		"App Service with another value": {appService + resource, "X-Identity-Header", "wrong", 401, nil},
		"App Service, another identity": {
			appService + resource + "&client_id=" + emulator.SamplePlanAppID, "X-Identity-Header", machineHeader, 400, []string{"message", "Identity not found"},
		},
		"App Service with an old version": {"/_emulator/identity/app-service?api-version=2017-09-01&resource=" + resource, "X-Identity-Header", machineHeader, 400, nil},
	} {
		answer := f.Graph(http.MethodGet, c.path, "", "Authorization", "", c.header, c.value)
		if answer.Status != c.status {
			t.Errorf("%s: %d %s, want %d", name, answer.Status, answer.Raw, c.status)
		}
		if len(c.want) > 0 && answer.Body[c.want[0]] != c.want[1] {
			t.Errorf("%s: %s, want %q", name, answer.Raw, c.want)
		}
		if token := emulatortest.As[string](answer.Body["access_token"]); (token != "") != (c.status == 200) {
			t.Errorf("%s: token %q", name, token)
		}
	}
	f.SetBehavior(control.Behavior{})
	if answer := f.Get(metadata+resource, "Metadata", "true"); answer.Status != 400 || answer.Body["error_description"] != "Identity not found" {
		t.Errorf("a machine without an identity: %d %s", answer.Status, answer.Raw)
	}
}

func TestAUsersTokenHasScopesAndNoRoles(t *testing.T) {
	t.Parallel()
	f := emulatortest.Start(t)
	use := func(scopes ...string) int {
		t.Helper()
		token, err := f.Control.IssueUserToken(f.Ctx, control.UserTokenRequest{User: emulatortest.Adele, Scopes: scopes})
		if err != nil {
			t.Fatal(err)
		}
		if token.ExpiresOn <= f.Clock.Now().Unix() {
			t.Errorf("the token expires at %d", token.ExpiresOn)
		}
		return f.Get("/beta/users/"+emulatortest.Adele+"/authentication/requirements", "Authorization", "Bearer "+token.AccessToken).Status
	}
	for _, c := range []struct {
		scopes []string
		want   int
	}{{[]string{"User.Read.All", "Policy.Read.All"}, 200}, {[]string{"User.Read.All"}, 403}, {nil, 403}} {
		if got := use(c.scopes...); got != c.want {
			t.Errorf("with the scopes %v: %d, want %d", c.scopes, got, c.want)
		}
	}
	_, err := f.Control.IssueUserToken(f.Ctx, control.UserTokenRequest{User: "nobody@contoso.example"})
	if !control.IsNotFound(err) {
		t.Errorf("a token for nobody: %v", err)
	}
}

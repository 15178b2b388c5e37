package client

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/google/go-cmp/cmp"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/clienttest"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/graph"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/graph/signin"
)

const (
	contosoID  = "6f1f5a3c-52f7-4f0e-9a53-0d1f2b7c9a10"
	fabrikamID = "9a1f4a6e-2c51-4f0b-9f0e-0d7b6f5c1a99"
)

func tokenOf(claims string) string {
	return "eyJhbGciOiJub25lIn0." + base64.RawURLEncoding.EncodeToString([]byte(claims)) + ".x"
}

func TestTheTenantOfATokenIsRead(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ token, want string }{
		"an app's":        {tokenOf(`{"tid":"` + contosoID + `","roles":["x"]}`), contosoID},
		"in upper case":   {tokenOf(`{"tid":"` + strings.ToUpper(contosoID) + `"}`), contosoID},
		"none":            {tokenOf(`{"roles":["x"]}`), ""},
		"no id":           {tokenOf(`{"tid":"contoso.example"}`), ""},
		"a number":        {tokenOf(`{"tid":5}`), ""},
		"an opaque token": {"EwBgA8l6BAAU", ""},
		"encrypted":       {"a.b.c.d.e", ""},
		"nothing":         {"", ""},
	} {
		if got := signin.TokenTenant(c.token); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

// givenTokens gives out these tokens, the last one again and again.
type givenTokens struct {
	tokens []string
	asked  int
}

func (g *givenTokens) GetToken(context.Context, policy.TokenRequestOptions) (azcore.AccessToken, error) {
	token := g.tokens[min(g.asked, len(g.tokens)-1)]
	g.asked++
	// One that is as good as over is replaced by each request.
	return azcore.AccessToken{Token: token, ExpiresOn: time.Now().Add(time.Second)}, nil
}

const organizationJSON = `{"value":[{"id":"` + contosoID + `","displayName":"Contoso","tenantType":"AAD","verifiedDomains":[` +
	`{"name":"contoso.onmicrosoft.com","isDefault":false,"isInitial":true,"type":"Managed","capabilities":"Email"},` +
	`{"name":"contoso.com","isDefault":true,"isInitial":false,"type":"Federated","capabilities":"Email"}]}]}`

func tenantClient(t *testing.T, service *clienttest.Recorder, tokens ...string) *Client {
	t.Helper()
	cloud, err := signin.Public.WithEndpoints(service.URL, "")
	if err != nil {
		t.Fatal(err)
	}
	made, err := New(cloud, &givenTokens{tokens: tokens}, graph.Options{HTTPClient: clienttest.Trust(t, service.Server), Retry: clienttest.QuickRetry, Clock: clienttest.NewFakeClock(), Rates: map[graph.RateClass]graph.Rate{}})
	if err != nil {
		t.Fatal(err)
	}
	return made
}

func TestTheTenantIsFoundByTheCheapestSource(t *testing.T) {
	t.Parallel()
	readable, opaque := tokenOf(`{"tid":"`+contosoID+`"}`), "EwBgA8l6BAAU"
	const forbidden = `{"error":{"code":"Authorization_RequestDenied","message":"Insufficient privileges to complete the operation."}}`
	for name, c := range map[string]struct {
		token, configured string
		elsewhere         bool
		status            int
		body              string
		want              signin.Tenant
		requests          int
		fails             bool
	}{
		"a token that can be read":              {token: readable, configured: contosoID, want: signin.Tenant{ID: contosoID}},
		"named by a domain":                     {token: readable, configured: "contoso.com", want: signin.Tenant{ID: contosoID, Name: "contoso.com"}},
		"not named at all":                      {token: readable, want: signin.Tenant{ID: contosoID}},
		"a managed identity":                    {token: readable, configured: "fabrikam.com", elsewhere: true, want: signin.Tenant{ID: contosoID}},
		"opaque, named by its id":               {token: opaque, configured: strings.ToUpper(contosoID), want: signin.Tenant{ID: contosoID}},
		"opaque, named by a domain":             {token: opaque, configured: "contoso.com", status: 200, body: organizationJSON, want: signin.Tenant{ID: contosoID, Name: "Contoso"}, requests: 1},
		"opaque, a managed identity":            {token: opaque, configured: fabrikamID, elsewhere: true, status: 200, body: organizationJSON, want: signin.Tenant{ID: contosoID, Name: "Contoso"}, requests: 1},
		"opaque, and the app may not ask":       {token: opaque, configured: "contoso.com", status: 403, body: forbidden, requests: 1},
		"opaque, and Graph does not answer":     {token: opaque, configured: "contoso.com", status: 404, body: "{}", requests: 1, fails: true},
		"opaque, and the answer is no tenant's": {token: opaque, status: 200, body: `{"value":[]}`, requests: 1, fails: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			service := clienttest.NewRecorder(t, func(w http.ResponseWriter, _ *http.Request, _ int) { clienttest.Reply(w, c.status, c.body) })
			made := tenantClient(t, service, c.token)
			if err := made.SignIn(t.Context()); err != nil {
				t.Fatal(err)
			}
			if err := made.IdentifyTenant(t.Context(), c.configured, !c.elsewhere); (err != nil) != c.fails {
				t.Errorf("it says %v", err)
			}
			if got := made.Tenant(); got != c.want {
				t.Errorf("the tenant is %+v, want %+v", got, c.want)
			}
			if got := len(service.All()); got != c.requests {
				t.Errorf("%d requests were sent, want %d", got, c.requests)
			}
		})
	}
}

func TestTheOrganizationIsRead(t *testing.T) {
	t.Parallel()
	service := clienttest.NewRecorder(t, func(w http.ResponseWriter, _ *http.Request, _ int) { clienttest.Reply(w, 200, organizationJSON) })
	made := tenantClient(t, service, tokenOf(`{"tid":"`+contosoID+`"}`))
	got, err := made.GetOrganization(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want := Organization{ID: contosoID, DisplayName: "Contoso", TenantType: "AAD", VerifiedDomains: []VerifiedDomain{
		{Name: "contoso.onmicrosoft.com", IsInitial: true, Type: "Managed"}, {Name: "contoso.com", IsDefault: true, Type: "Federated"},
	}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if target := service.All()[0].Target; target != "/v1.0/organization?%24select=id%2CdisplayName%2CtenantType%2CverifiedDomains" {
		t.Errorf("asked for %s", target)
	}
	if text := made.Tenant().String(); text != "tenant "+contosoID+` ("Contoso")` {
		t.Errorf("the tenant is %s", text)
	}

	other := tenantClient(t, service, tokenOf(`{"tid":"`+fabrikamID+`"}`))
	if _, err := other.GetOrganization(t.Context()); err == nil || !strings.Contains(err.Error(), fabrikamID) || !strings.Contains(err.Error(), contosoID) {
		t.Errorf("an answer about another tenant than the token's: %v", err)
	}
}

func TestATokenOfAnotherTenantIsNotUsed(t *testing.T) {
	t.Parallel()
	contoso, fabrikam := tokenOf(`{"tid":"`+contosoID+`"}`), tokenOf(`{"tid":"`+fabrikamID+`"}`)
	for name, c := range map[string]struct {
		second string
		fails  bool
	}{
		"the same tenant": {contoso, false}, "another tenant": {fabrikam, true}, "not to be read": {"EwBgA8l6BAAU", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			service := clienttest.NewRecorder(t, func(w http.ResponseWriter, _ *http.Request, _ int) { clienttest.Reply(w, 200, clienttest.AdeleJSON) })
			made := tenantClient(t, service, contoso, c.second)
			if err := made.SignIn(t.Context()); err != nil {
				t.Fatal(err)
			}
			_, err := made.GetUser(t.Context(), clienttest.AdeleUPN)
			var auth *signin.AuthError
			if errors.As(err, &auth) != c.fails || err != nil && !c.fails {
				t.Fatalf("it says %v", err)
			}
			if sent := len(service.All()); (sent == 0) != c.fails {
				t.Errorf("%d requests were sent", sent)
			}
			if c.fails && (!strings.Contains(auth.Message, contosoID) || !strings.Contains(auth.Message, fabrikamID)) {
				t.Errorf("it does not name both tenants: %s", auth.Message)
			}
		})
	}
}

func TestARefusalSaysInWhichTenant(t *testing.T) {
	t.Parallel()
	const forbidden = `{"error":{"code":"Authorization_RequestDenied","message":"Insufficient privileges to complete the operation."}}`
	service := clienttest.NewRecorder(t, func(w http.ResponseWriter, r *http.Request, _ int) {
		if strings.HasSuffix(r.URL.Path, "$batch") {
			clienttest.Reply(w, 200, fmt.Sprintf(`{"responses":[{"id":"1","status":403,"body":%s},{"id":"2","status":403,"body":%s}]}`, forbidden, forbidden))
			return
		}
		clienttest.Reply(w, 403, forbidden)
	})
	made := tenantClient(t, service, tokenOf(`{"tid":"`+contosoID+`"}`))
	_, alone := made.GetUser(t.Context(), clienttest.AdeleUPN)
	errs := []error{alone}
	for _, outcome := range made.FindUserMFAStates(t.Context(), []User{adele, {ID: "11111111-1111-1111-1111-111111111112"}}, 0, nil) {
		errs = append(errs, outcome.Err)
	}
	if len(errs) != 3 {
		t.Fatalf("%d errors", len(errs))
	}
	for _, err := range errs {
		var refusal *graph.Error
		if !errors.As(err, &refusal) || refusal.Tenant.ID != contosoID {
			t.Errorf("%v: in %+v", err, refusal)
		}
	}
}

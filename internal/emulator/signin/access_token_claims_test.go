package signin_test

import (
	"encoding/base64"
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/emulatortest"
)

// claim is what is documented of a claim: its type in JSON and its form.
type claim struct {
	kind string // string, int, array (of strings) or object
	form string // a regular expression for a string, or for each string of an array
	of   string // whose token has it: app, user, or both when empty
	// optional claims are there if there is a value for them.
	optional bool
}

const (
	guidForm   = `^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$`
	opaqueForm = `^[A-Za-z0-9._-]{20,}$`
	stsForm    = `^https://sts\.(windows\.net|chinacloudapi\.cn)/[0-9a-f-]{36}/$`
)

// documentedClaims are those of v1.0 access tokens for Graph. aud to unique_name stand in the access token claims reference;
// acct, email, idtyp, ipaddr, tenant_region_scope and upn in the reference of optional claims; the rest (app_displayname,
// puid, xms_idrel, xms_st, xms_tcdt) in samples of tokens on Microsoft's pages.
//
// https://learn.microsoft.com/entra/identity-platform/access-token-claims-reference
// https://learn.microsoft.com/entra/identity-platform/optional-claims-reference
var documentedClaims = map[string]claim{
	"aud":      {kind: "string", form: `^(https://.*|` + strings.Trim(guidForm, "^$") + `)$`},
	"iss":      {kind: "string", form: stsForm},
	"idp":      {kind: "string", form: stsForm},
	"iat":      {kind: "int"},
	"nbf":      {kind: "int"},
	"exp":      {kind: "int"},
	"aio":      {kind: "string", form: opaqueForm},
	"acr":      {kind: "string", form: `^[01]$`, of: "user"},
	"amr":      {kind: "array", form: `^(pwd|rsa|otp|fed|wia|mfa|ngcmfa|wiaormfa|none)$`, of: "user"},
	"appid":    {kind: "string", form: guidForm},
	"appidacr": {kind: "string", form: `^[012]$`},
	"name":     {kind: "string", form: `.`, of: "user", optional: true},
	"scp":      {kind: "string", form: `^\S+( \S+)*$`, of: "user", optional: true},
	"roles":    {kind: "array", form: `^[A-Za-z.-]+$`, of: "app", optional: true},
	"wids":     {kind: "array", form: guidForm},
	"sub":      {kind: "string", form: `^[A-Za-z0-9_-]{36,43}$`},
	"oid":      {kind: "string", form: guidForm},
	"tid":      {kind: "string", form: guidForm},
	"uti":      {kind: "string", form: `^[A-Za-z0-9_-]{22}$`},
	"rh":       {kind: "string", form: opaqueForm},
	"ver":      {kind: "string", form: `^1\.0$`},
	"xms_cc":   {kind: "array", form: `^cp1$`, optional: true},

	"unique_name": {kind: "string", form: `@`, of: "user"},
	"acct":        {kind: "int", of: "user"},
	"email":       {kind: "string", form: `@`, of: "user", optional: true},
	"idtyp":       {kind: "string", form: `^(app|user)$`},
	"ipaddr":      {kind: "string", form: `^[0-9A-Fa-f.:]+$`, of: "user"},
	"upn":         {kind: "string", form: `@`, of: "user", optional: true},

	"tenant_region_scope": {kind: "string", form: `^[A-Z]+$`},

	"app_displayname": {kind: "string", form: `.`, optional: true},
	"puid":            {kind: "string", form: `^[0-9A-F]{16}$`, of: "user"},
	"xms_idrel":       {kind: "string", form: `^[0-9]+( [0-9]+)*$`},
	"xms_st":          {kind: "object", of: "user"},
	"xms_tcdt":        {kind: "int"},
}

// decoded is the part of a token, 0 for the header and 1 for the claims.
func decoded(t *testing.T, token string, part int) map[string]any {
	t.Helper()
	data, err := base64.RawURLEncoding.DecodeString(strings.Split(token, ".")[part])
	if err != nil {
		t.Fatal(err)
	}
	decoder := json.NewDecoder(strings.NewReader(string(data)))
	decoder.UseNumber()
	var object map[string]any
	if err := decoder.Decode(&object); err != nil {
		t.Fatal(err)
	}
	return object
}

// checkClaims holds the token of an app or a user against what is documented.
func checkClaims(t *testing.T, token, of string) map[string]any {
	t.Helper()
	for _, name := range []string{"typ", "alg", "kid", "x5t"} {
		if emulatortest.As[string](decoded(t, token, 0)[name]) == "" {
			t.Errorf("the header has no %s", name)
		}
	}
	claims := decoded(t, token, 1)
	for name, value := range claims {
		want, known := documentedClaims[name]
		switch {
		case !known:
			t.Errorf("%s is not a documented claim: %v", name, value)
		case want.of != "" && want.of != of:
			t.Errorf("%s does not belong into the token of a %s: %v", name, of, value)
		case !want.fits(value):
			t.Errorf("%s is %#v, which is not of type %s and form %s", name, value, want.kind, want.form)
		}
	}
	for name, want := range documentedClaims {
		if _, found := claims[name]; !found && !want.optional && (want.of == "" || want.of == of) {
			t.Errorf("%s is missing", name)
		}
	}
	return claims
}

func (c claim) fits(value any) bool {
	form := regexp.MustCompile(c.form)
	switch value := value.(type) {
	case string:
		return c.kind == "string" && form.MatchString(value)
	case json.Number:
		_, err := value.Int64()
		return c.kind == "int" && err == nil
	case []any:
		return c.kind == "array" && !slices.ContainsFunc(value, func(item any) bool { return !form.MatchString(emulatortest.As[string](item)) })
	case map[string]any:
		return c.kind == "object"
	}
	return false
}

func TestTheTokenOfAnAppHasTheDocumentedClaims(t *testing.T) {
	f := emulatortest.Start(t)
	info, err := f.Control.Info(f.Ctx)
	if err != nil {
		t.Fatal(err)
	}
	app := info.Apps[0]
	claims := checkClaims(t, f.Token, "app")
	issuer := "https://sts.windows.net/" + emulator.SampleTenantID + "/"
	for name, want := range map[string]any{
		"aud": f.Server.URL(), "iss": issuer, "idp": issuer, "appid": emulator.SampleAppID, "appidacr": "1", "idtyp": "app",
		"app_displayname": app.DisplayName, "oid": app.ServicePrincipalID, "sub": app.ServicePrincipalID, "tid": emulator.SampleTenantID,
	} {
		if claims[name] != want {
			t.Errorf("%s is %v; want %v", name, claims[name], want)
		}
	}
	if len(emulatortest.As[[]any](claims["roles"])) != len(app.Permissions) {
		t.Errorf("roles are %v; want %v", claims["roles"], app.Permissions)
	}

	capable := f.TokenRequest("claims", `{"access_token":{"xms_cc":{"values":["cp1"]}}}`)
	claims = checkClaims(t, emulatortest.As[string](capable.Body["access_token"]), "app")
	if capabilities := emulatortest.As[[]any](claims["xms_cc"]); len(capabilities) != 1 {
		t.Errorf("a client that handles claims challenges got %v", capabilities)
	}
}

func TestTheTokenOfAUserHasTheDocumentedClaims(t *testing.T) {
	f := emulatortest.Start(t)
	tenant, err := f.Control.Snapshot(f.Ctx)
	if err != nil {
		t.Fatal(err)
	}
	for i := range tenant.Users {
		user := &tenant.Users[i]
		t.Run(user.UserPrincipalName, func(t *testing.T) {
			issued, err := f.Control.IssueUserToken(f.Ctx, control.UserTokenRequest{User: user.ID, Scopes: []string{"User.Read.All", "Policy.Read.All"}})
			if err != nil {
				t.Fatal(err)
			}
			claims := checkClaims(t, issued.AccessToken, "user")
			guest := user.UserType == "Guest"
			if claims["oid"] != user.ID || claims["idtyp"] != "user" || claims["appidacr"] != "0" || claims["scp"] != "User.Read.All Policy.Read.All" ||
				claims["sub"] == user.ID || guest == (claims["upn"] == user.UserPrincipalName) || guest == (claims["idp"] == claims["iss"]) {
				t.Errorf("got %v", claims)
			}
			if amr := emulatortest.As[[]any](claims["amr"]); slices.Contains(amr, any("mfa")) != user.RegisteredForMFA() {
				t.Errorf("amr is %v", amr)
			}
		})
	}
}

// A client that was made for a cloud asks for Graph by the name that it has there, and the token says that name.
func TestGraphIsAskedForByItsNameInTheCloud(t *testing.T) {
	const graph = "00000003-0000-0000-c000-000000000000"
	tests := []struct {
		cloud, resource string
		refused         bool
	}{
		{"", "https://graph.microsoft.com", false},
		{"", "https://graph.microsoft.com/", false},
		{"", "https://GRAPH.microsoft.com", false},
		{"", graph, false},
		{"", "https://graph.microsoft.us", true},
		{"", "https://graph.microsoft.com.evil.example", true},
		{"", "http://graph.microsoft.com", true},
		{"", "https://vault.azure.net", true},
		{control.CloudUSGovernment, "https://graph.microsoft.us", false},
		{control.CloudUSGovernment, "https://graph.microsoft.com", true},
		{control.CloudUSGovernmentL5, "https://dod-graph.microsoft.us", false},
		{control.CloudDoD, "https://dod-graph.microsoft.us", false},
		{control.CloudChina, "https://microsoftgraph.chinacloudapi.cn", false},
		{control.CloudChina, "https://graph.microsoft.com", true},
		{control.CloudUSNat, graph, false},
		{control.CloudUSSec, "https://", true},
	}
	for _, test := range tests {
		t.Run(test.cloud+" "+test.resource, func(t *testing.T) {
			f := emulatortest.Start(t, func(cfg *emulator.Config) { cfg.Tenant.Cloud = test.cloud })
			answer := f.TokenRequest("scope", test.resource+"/.default")
			if test.refused {
				if answer.Status != 400 || answer.AADSTS() != 500011 {
					t.Errorf("got %d %s", answer.Status, answer.Raw)
				}
				return
			}
			f.Token = emulatortest.As[string](answer.Body["access_token"])
			if claims := checkClaims(t, f.Token, "app"); claims["aud"] != test.resource {
				t.Errorf("aud is %v", claims["aud"])
			}
			if read := f.Get("/v1.0/users?$top=1"); read.Status != 200 {
				t.Errorf("Graph answers %d %s", read.Status, read.Raw)
			}
		})
	}
}

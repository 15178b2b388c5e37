package emulator_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
)

func TestStateIsReadAndWritten(t *testing.T) {
	f := start(t)
	for _, state := range []string{"enabled", "enforced", "enabled", "disabled", "enforced", "disabled"} {
		f.writeState(adele, state)
		if got := f.state(adele); got != state {
			t.Fatalf("wrote %s, read %s", state, got)
		}
	}
}

func TestEnabledBecomesEnforcedForARegisteredUser(t *testing.T) {
	tests := []struct {
		name      string
		promotion *bool
		user      string
		want      string
	}{
		{"registered", nil, alex, "enforced"},
		{"registered, promotion switched off", new(false), alex, "enabled"},
		{"not registered", nil, adele, "enabled"},
		{"only an e-mail address", nil, "isaiah.langer@contoso.example", "enabled"},
		{"only a temporary access pass", nil, "patti.fernandez@contoso.example", "enabled"},
		{"software token", nil, "johanna.lorenz@contoso.example", "enforced"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			f := start(t, func(cfg *emulator.Config) { cfg.Behavior.Promotion = test.promotion })
			f.writeState(test.user, "enabled")
			if got := f.state(test.user); got != test.want {
				t.Errorf("state is %s, want %s", got, test.want)
			}
		})
	}
}

func TestWhichMethodsPromoteCanBeSet(t *testing.T) {
	for want, without := range map[string][]string{"enforced": nil, "enabled": {control.MethodWindowsHelloForBusiness}} {
		f := start(t, func(cfg *emulator.Config) { cfg.Behavior.MethodsWithoutPromotion = without })
		if _, err := f.control.RegisterMethod(f.ctx, megan, control.Method{Type: control.MethodWindowsHelloForBusiness}); err != nil {
			t.Fatal(err)
		}
		if got := f.state(megan); got != want {
			t.Errorf("without promotion by %q: the state is %s, want %s", without, got, want)
		}
		// Another method promotes in either case.
		if _, err := f.control.RegisterMethod(f.ctx, megan, control.Method{Type: control.MethodFIDO2}); err != nil {
			t.Fatal(err)
		}
		if got := f.state(megan); got != "enforced" {
			t.Errorf("without promotion by %q: the state after a security key is %s", without, got)
		}
	}
	unknown := control.Behavior{MethodsWithoutPromotion: []string{control.MethodFIDO2, "retina"}}
	if err := unknown.Validate(); err == nil || !strings.Contains(err.Error(), `methodsWithoutPromotion[1]: "retina" is not a type of method`) {
		t.Errorf("a type that does not exist gives %v", err)
	}
}

func TestRegistrationPromotesAnEnabledUser(t *testing.T) {
	tests := []struct {
		user, method, want string
	}{
		{megan, control.MethodFIDO2, "enforced"},
		{megan, control.MethodEmail, "enabled"},
		{megan, control.MethodTemporaryAccessPass, "enabled"},
		{adele, control.MethodFIDO2, "disabled"},
	}
	for _, test := range tests {
		t.Run(test.method+" for "+test.user, func(t *testing.T) {
			f := start(t)
			id, err := f.control.RegisterMethod(f.ctx, test.user, control.Method{Type: test.method})
			if err != nil || id == "" {
				t.Fatalf("id %q, error %v", id, err)
			}
			if got := f.state(test.user); got != test.want {
				t.Errorf("state is %s, want %s", got, test.want)
			}
			if err := f.control.RemoveMethod(f.ctx, test.user, id); err != nil {
				t.Fatal(err)
			}
			if got := f.state(test.user); got != test.want {
				t.Errorf("removing the method changed the state to %s", got)
			}
		})
	}
}

func TestBadWritesOfRequirementsAreRefused(t *testing.T) {
	f := start(t)
	path := "/beta/users/" + adele + "/authentication/requirements"
	tests := []struct {
		name, path, body, contentType string
		status                        int
		code, message                 string
	}{
		{"unknown property", path, `{"state":"enabled"}`, "application/json", 400, "BadRequest", "'state' does not exist"},
		{"unknown state", path, `{"perUserMfaState":"on"}`, "application/json", 400, "BadRequest", "literal 'on'"},
		{"state in another case", path, `{"perUserMfaState":"Enabled"}`, "application/json", 400, "BadRequest", "literal 'Enabled'"},
		{"the evolvable member", path, `{"perUserMfaState":"unknownFutureValue"}`, "application/json", 400, "BadRequest", "unknownFutureValue"},
		{"null", path, `{"perUserMfaState":null}`, "application/json", 400, "BadRequest", "literal 'null'"},
		{"a number", path, `{"perUserMfaState":2}`, "application/json", 400, "BadRequest", "literal '2'"},
		{"no JSON", path, `perUserMfaState=enabled`, "application/json", 400, "BadRequest", "Unable to read JSON"},
		{"a JSON list", path, `[]`, "application/json", 400, "BadRequest", "Unable to read JSON"},
		{"no content type", path, `{"perUserMfaState":"enabled"}`, "", 400, "BadRequest", "Content-Type header declaration"},
		{"wrong content type", path, `{"perUserMfaState":"enabled"}`, "text/plain", 400, "BadRequest", "JSON Content-Type"},
		{
			"unknown user", strings.Replace(path, adele, "nobody@contoso.example", 1), `{"perUserMfaState":"enabled"}`,
			"application/json", 404, "Request_ResourceNotFound", "Resource 'nobody@contoso.example' does not exist",
		},
		{
			"v1.0", strings.Replace(path, "/beta/", "/v1.0/", 1), `{"perUserMfaState":"enabled"}`, "application/json",
			400, "BadRequest", "Resource not found for the segment 'requirements'.",
		},
		{
			"a query option", path + "?$select=perUserMfaState", `{"perUserMfaState":"enabled"}`, "application/json", 400,
			"BadRequest", "'$select' is not supported",
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			answer := f.graph(http.MethodPatch, test.path, test.body, "Content-Type", test.contentType)
			if answer.status != test.status || answer.errorCode() != test.code || !strings.Contains(answer.errorMessage(), test.message) {
				t.Errorf("got %d %s", answer.status, answer.raw)
			}
		})
	}
	if got := f.state(adele); got != "disabled" {
		t.Errorf("a refused write changed the state to %s", got)
	}
	// The positive control: the same path and type with a good body.
	f.writeState(adele, "enabled")
}

func TestMethodsThatRequirementsDoNotHave(t *testing.T) {
	f := start(t)
	for _, method := range []string{http.MethodPost, http.MethodPut, http.MethodDelete} {
		answer := f.graph(method, "/beta/users/"+adele+"/authentication/requirements", `{"perUserMfaState":"enabled"}`)
		if answer.status != http.StatusMethodNotAllowed || answer.errorCode() != "Request_BadRequest" {
			t.Errorf("%s: %d %s", method, answer.status, answer.raw)
		}
	}
}

func TestPermissionsForRequirements(t *testing.T) {
	tests := []struct {
		permission  string
		read, write bool
	}{
		{"Policy.Read.All", true, false},
		{"Policy.ReadWrite.AuthenticationMethod", true, true},
		{"UserAuthenticationMethod.ReadWrite.All", false, false},
		{"Directory.ReadWrite.All", false, false},
	}
	for _, test := range tests {
		t.Run(test.permission, func(t *testing.T) {
			f := start(t)
			if _, err := f.control.PatchApp(f.ctx, emulator.SampleAppID, control.AppPatch{Permissions: &[]string{test.permission}}); err != nil {
				t.Fatal(err)
			}
			if got := f.state(adele); got != "disabled" {
				t.Fatal("a token keeps the permissions with which it was issued")
			}
			f.token = f.tokenFor(emulator.SampleAppID, emulator.SampleSecret)
			check := func(what string, answer reply, allowed bool) {
				t.Helper()
				refused := answer.status == http.StatusForbidden && answer.errorCode() == "Authorization_RequestDenied" &&
					answer.errorMessage() == "Insufficient privileges to complete the operation."
				if allowed && answer.status >= 300 || !allowed && !refused {
					t.Errorf("%s: allowed should be %v, got %d %s", what, allowed, answer.status, answer.raw)
				}
			}
			path := "/beta/users/" + adele + "/authentication/requirements"
			check("read", f.get(path), test.read)
			check("write", f.graph(http.MethodPatch, path, `{"perUserMfaState":"enabled"}`), test.write)
		})
	}
}

func TestUndocumentedAnswersCanBeReplaced(t *testing.T) {
	f := start(t)
	unknown := "/beta/users/nobody@contoso.example/authentication/requirements"
	if answer := f.get(unknown); answer.status != 404 || answer.errorCode() != "Request_ResourceNotFound" {
		t.Fatalf("by default: %d %s", answer.status, answer.raw)
	}
	f.setBehavior(control.Behavior{
		StatusOnStateWrite: http.StatusOK,
		Errors: map[string]control.ErrorOverride{
			control.CaseUnknownUser:         {Code: "userNotFound", Message: "User not found."},
			control.CaseInvalidRequirements: {Status: 422, EmptyCode: true},
			control.CaseBetaOnly:            {Status: 404},
			control.CaseDollarUPN:           {Status: 404},
		},
	})
	if answer := f.get(unknown); answer.status != 404 || answer.errorCode() != "userNotFound" || answer.errorMessage() != "User not found." {
		t.Errorf("unknown user: %d %s", answer.status, answer.raw)
	}
	path := "/beta/users/" + adele + "/authentication/requirements"
	if answer := f.graph(http.MethodPatch, path, `{}x`); answer.status != 422 || answer.errorCode() != "" {
		t.Errorf("bad write: %d %s", answer.status, answer.raw)
	}
	if answer := f.get("/v1.0/users/" + adele + "/authentication/requirements"); answer.status != 404 {
		t.Errorf("v1.0: %d %s", answer.status, answer.raw)
	}
	if answer := f.get("/v1.0/users/$cash.desk@contoso.example"); answer.status != 404 {
		t.Errorf("$ name: %d %s", answer.status, answer.raw)
	}
	answer := f.graph(http.MethodPatch, path, `{"perUserMfaState":"enabled"}`)
	if answer.status != 200 || answer.body["perUserMfaState"] != "enabled" {
		t.Errorf("write with 200: %d %s", answer.status, answer.raw)
	}
}

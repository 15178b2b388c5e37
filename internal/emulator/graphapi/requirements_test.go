package graphapi_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/emulatortest"
)

func TestStateIsReadAndWritten(t *testing.T) {
	f := emulatortest.Start(t)
	for _, state := range []string{"enabled", "enforced", "enabled", "disabled", "enforced", "disabled"} {
		f.WriteState(emulatortest.Adele, state)
		if got := f.State(emulatortest.Adele); got != state {
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
		{"registered", nil, emulatortest.Alex, "enforced"},
		{"registered, promotion switched off", new(false), emulatortest.Alex, "enabled"},
		{"not registered", nil, emulatortest.Adele, "enabled"},
		{"only an e-mail address", nil, "isaiah.langer@contoso.example", "enabled"},
		{"only a temporary access pass", nil, "patti.fernandez@contoso.example", "enabled"},
		{"software token", nil, "johanna.lorenz@contoso.example", "enforced"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			f := emulatortest.Start(t, func(cfg *emulator.Config) { cfg.Behavior.Promotion = test.promotion })
			f.WriteState(test.user, "enabled")
			if got := f.State(test.user); got != test.want {
				t.Errorf("state is %s, want %s", got, test.want)
			}
		})
	}
}

func TestWhichMethodsPromoteCanBeSet(t *testing.T) {
	for want, without := range map[string][]string{"enforced": nil, "enabled": {control.MethodWindowsHelloForBusiness}} {
		f := emulatortest.Start(t, func(cfg *emulator.Config) { cfg.Behavior.MethodsWithoutPromotion = without })
		if _, err := f.Control.RegisterMethod(f.Ctx, emulatortest.Megan, control.Method{Type: control.MethodWindowsHelloForBusiness}); err != nil {
			t.Fatal(err)
		}
		if got := f.State(emulatortest.Megan); got != want {
			t.Errorf("without promotion by %q: the state is %s, want %s", without, got, want)
		}
		// Another method promotes in either case.
		if _, err := f.Control.RegisterMethod(f.Ctx, emulatortest.Megan, control.Method{Type: control.MethodFIDO2}); err != nil {
			t.Fatal(err)
		}
		if got := f.State(emulatortest.Megan); got != "enforced" {
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
		{emulatortest.Megan, control.MethodFIDO2, "enforced"},
		{emulatortest.Megan, control.MethodEmail, "enabled"},
		{emulatortest.Megan, control.MethodTemporaryAccessPass, "enabled"},
		{emulatortest.Adele, control.MethodFIDO2, "disabled"},
	}
	for _, test := range tests {
		t.Run(test.method+" for "+test.user, func(t *testing.T) {
			f := emulatortest.Start(t)
			id, err := f.Control.RegisterMethod(f.Ctx, test.user, control.Method{Type: test.method})
			if err != nil || id == "" {
				t.Fatalf("id %q, error %v", id, err)
			}
			if got := f.State(test.user); got != test.want {
				t.Errorf("state is %s, want %s", got, test.want)
			}
			if err := f.Control.RemoveMethod(f.Ctx, test.user, id); err != nil {
				t.Fatal(err)
			}
			if got := f.State(test.user); got != test.want {
				t.Errorf("removing the method changed the state to %s", got)
			}
		})
	}
}

func TestBadWritesOfRequirementsAreRefused(t *testing.T) {
	f := emulatortest.Start(t)
	path := "/beta/users/" + emulatortest.Adele + "/authentication/requirements"
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
			"unknown user", strings.Replace(path, emulatortest.Adele, "nobody@contoso.example", 1), `{"perUserMfaState":"enabled"}`,
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
			answer := f.Graph(http.MethodPatch, test.path, test.body, "Content-Type", test.contentType)
			if answer.Status != test.status || answer.ErrorCode() != test.code || !strings.Contains(answer.ErrorMessage(), test.message) {
				t.Errorf("got %d %s", answer.Status, answer.Raw)
			}
		})
	}
	if got := f.State(emulatortest.Adele); got != "disabled" {
		t.Errorf("a refused write changed the state to %s", got)
	}
	// The positive control: the same path and type with a good body.
	f.WriteState(emulatortest.Adele, "enabled")
}

func TestMethodsThatRequirementsDoNotHave(t *testing.T) {
	f := emulatortest.Start(t)
	for _, method := range []string{http.MethodPost, http.MethodPut, http.MethodDelete} {
		answer := f.Graph(method, "/beta/users/"+emulatortest.Adele+"/authentication/requirements", `{"perUserMfaState":"enabled"}`)
		if answer.Status != http.StatusMethodNotAllowed || answer.ErrorCode() != "Request_BadRequest" {
			t.Errorf("%s: %d %s", method, answer.Status, answer.Raw)
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
			f := emulatortest.Start(t)
			if _, err := f.Control.PatchApp(f.Ctx, emulator.SampleAppID, control.AppPatch{Permissions: &[]string{test.permission}}); err != nil {
				t.Fatal(err)
			}
			if got := f.State(emulatortest.Adele); got != "disabled" {
				t.Fatal("a token keeps the permissions with which it was issued")
			}
			f.Token = f.TokenFor(emulator.SampleAppID, emulator.SampleSecret)
			check := func(what string, answer emulatortest.Reply, allowed bool) {
				t.Helper()
				refused := answer.Status == http.StatusForbidden && answer.ErrorCode() == "Authorization_RequestDenied" &&
					answer.ErrorMessage() == "Insufficient privileges to complete the operation."
				if allowed && answer.Status >= 300 || !allowed && !refused {
					t.Errorf("%s: allowed should be %v, got %d %s", what, allowed, answer.Status, answer.Raw)
				}
			}
			path := "/beta/users/" + emulatortest.Adele + "/authentication/requirements"
			check("read", f.Get(path), test.read)
			check("write", f.Graph(http.MethodPatch, path, `{"perUserMfaState":"enabled"}`), test.write)
		})
	}
}

func TestUndocumentedAnswersCanBeReplaced(t *testing.T) {
	f := emulatortest.Start(t)
	unknown := "/beta/users/nobody@contoso.example/authentication/requirements"
	if answer := f.Get(unknown); answer.Status != 404 || answer.ErrorCode() != "Request_ResourceNotFound" {
		t.Fatalf("by default: %d %s", answer.Status, answer.Raw)
	}
	f.SetBehavior(control.Behavior{
		StatusOnStateWrite: http.StatusOK,
		Errors: map[string]control.ErrorOverride{
			control.CaseUnknownUser:         {Code: "userNotFound", Message: "User not found."},
			control.CaseInvalidRequirements: {Status: 422, EmptyCode: true},
			control.CaseBetaOnly:            {Status: 404},
			control.CaseDollarUPN:           {Status: 404},
		},
	})
	if answer := f.Get(unknown); answer.Status != 404 || answer.ErrorCode() != "userNotFound" || answer.ErrorMessage() != "User not found." {
		t.Errorf("unknown user: %d %s", answer.Status, answer.Raw)
	}
	path := "/beta/users/" + emulatortest.Adele + "/authentication/requirements"
	if answer := f.Graph(http.MethodPatch, path, `{}x`); answer.Status != 422 || answer.ErrorCode() != "" {
		t.Errorf("bad write: %d %s", answer.Status, answer.Raw)
	}
	if answer := f.Get("/v1.0/users/" + emulatortest.Adele + "/authentication/requirements"); answer.Status != 404 {
		t.Errorf("v1.0: %d %s", answer.Status, answer.Raw)
	}
	if answer := f.Get("/v1.0/users/$cash.desk@contoso.example"); answer.Status != 404 {
		t.Errorf("$ name: %d %s", answer.Status, answer.Raw)
	}
	answer := f.Graph(http.MethodPatch, path, `{"perUserMfaState":"enabled"}`)
	if answer.Status != 200 || answer.Body["perUserMfaState"] != "enabled" {
		t.Errorf("write with 200: %d %s", answer.Status, answer.Raw)
	}
}

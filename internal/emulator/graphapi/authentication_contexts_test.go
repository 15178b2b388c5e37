package graphapi_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/emulatortest"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/graphapi"
)

const contextsPath = "/v1.0/identity/conditionalAccess/authenticationContextClassReferences"

func TestAuthenticationContexts(t *testing.T) {
	f := emulatortest.Start(t)
	created := f.Graph(http.MethodPost, contextsPath, `{"id":"c9","displayName":"Admin work","isAvailable":true}`)
	if created.Status != http.StatusCreated || created.Body["description"] != nil || created.Body["isAvailable"] != true ||
		!strings.HasSuffix(created.Header.Get("Location"), contextsPath+"/c9") {
		t.Fatalf("%d %s", created.Status, created.Raw)
	}
	if answer := f.Graph(http.MethodPatch, contextsPath+"/c10", `{"displayName":"Payroll"}`); answer.Status != http.StatusNoContent {
		t.Fatalf("a PATCH of an id that is not there creates it: %d %s", answer.Status, answer.Raw)
	}
	if answer := f.Graph(http.MethodPatch, contextsPath+"/c9", `{"description":"Only there"}`); answer.Status != http.StatusNoContent {
		t.Fatalf("%d %s", answer.Status, answer.Raw)
	}
	if read := f.Get(contextsPath + "/c9"); read.Body["displayName"] != "Admin work" || read.Body["description"] != "Only there" {
		t.Errorf("%s", read.Raw)
	}
	if found := f.Get(contextsPath + "?$filter=isAvailable+eq+true&$select=id").Values(); len(found) != 1 || found[0]["id"] != "c9" || len(found[0]) != 1 {
		t.Errorf("%v", found)
	}
	if answer := f.Graph(http.MethodDelete, contextsPath+"/c9", ""); answer.Status != 400 || !strings.Contains(answer.ErrorMessage(), "isAvailable") {
		t.Errorf("an available one: %d %s", answer.Status, answer.Raw)
	}
	if answer := f.Graph(http.MethodDelete, contextsPath+"/c10", ""); answer.Status != http.StatusNoContent {
		t.Errorf("%d %s", answer.Status, answer.Raw)
	}
	if answer := f.Get(contextsPath + "/c10"); answer.Status != 404 || answer.ErrorCode() != "ResourceNotFound" {
		t.Errorf("%d %s", answer.Status, answer.Raw)
	}
	for body, message := range map[string]string{
		`{"id":"c100","displayName":"x"}`:            "id: ",
		`{"displayName":"x"}`:                        "id: ",
		`{"id":"c1"}`:                                "displayName: must not be empty",
		`{"id":"c1","displayName":"x","colour":"x"}`: "'colour' does not exist on type 'microsoft.graph.authenticationContextClassReference'",
		`{"id":"c1","displayName":"x","description":"` + strings.Repeat("x", 1501) + `"}`: "description: 1501 characters; there can be 1500",
		`{"id":"c9","displayName":"x"}`: "already exists",
	} {
		if answer := f.Graph(http.MethodPost, contextsPath, body); answer.Status < 400 || !strings.Contains(answer.ErrorMessage(), message) {
			t.Errorf("%s: %d %s", body, answer.Status, answer.Raw)
		}
	}
}

// An entity stands in one file: the control API, the tenant file and a snapshot follow from it.
func TestAnEntityIsInTheControlAPIAndInTenantFiles(t *testing.T) {
	tenant, err := emulator.LoadTenant(strings.NewReader(`{"authenticationContexts":[{"id":"c1","displayName":"First"}],"securityDefaults":{"isEnabled":true}}`))
	if err != nil {
		t.Fatal(err)
	}
	f := emulatortest.Start(t, func(cfg *emulator.Config) {
		cfg.Tenant.Objects = tenant.Objects
	})
	second, err := control.Create(f.Ctx, f.Control, "authentication-contexts", graphapi.AuthenticationContext{ID: "c2", DisplayName: "Second"})
	if err != nil || second.DisplayName != "Second" {
		t.Fatalf("%+v, %v", second, err)
	}
	if _, err := control.Patch[graphapi.AuthenticationContext](f.Ctx, f.Control, "authentication-contexts", "c2", map[string]any{"isAvailable": true}); err != nil {
		t.Fatal(err)
	}
	if read := f.Get(contextsPath + "/c2"); read.Body["isAvailable"] != true {
		t.Errorf("%s", read.Raw)
	}
	if err := control.Delete(f.Ctx, f.Control, "authentication-contexts", "c1"); err != nil {
		t.Error(err)
	}
	left, err := control.List[graphapi.AuthenticationContext](f.Ctx, f.Control, "authentication-contexts")
	if err != nil || len(left) != 1 || left[0].ID != "c2" {
		t.Errorf("%+v, %v", left, err)
	}
	if _, err := control.Get[graphapi.AuthenticationContext](f.Ctx, f.Control, "authentication-contexts", "c1"); !control.IsNotFound(err) {
		t.Errorf("%v", err)
	}
	snapshot, err := f.Control.Snapshot(f.Ctx)
	if err != nil {
		t.Fatal(err)
	}
	if len(snapshot.Objects) != 2 {
		t.Errorf("the snapshot has %v", snapshot.Objects)
	}
	if err := f.Control.Seed(f.Ctx, snapshot); err != nil {
		t.Errorf("the snapshot is no seed: %v", err)
	}
	for _, file := range []string{
		`{"authenticationContexts":[{"id":"c1","displayName":"x"},{"id":"C1","displayName":"y"}]}`,
		`{"authenticationContexts":[{"id":"c0","displayName":"x"}]}`,
		`{"authenticationContexts":[{"id":"c1","displayName":"x","colour":"x"}]}`,
		`{"authenticationContext":[]}`,
	} {
		if _, err := emulator.LoadTenant(strings.NewReader(file)); err == nil || !strings.Contains(err.Error(), "line 1: authenticationContext") {
			t.Errorf("%s: %v", file, err)
		}
	}
}

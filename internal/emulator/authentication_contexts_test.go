package emulator_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/graphapi"
)

const contextsPath = "/v1.0/identity/conditionalAccess/authenticationContextClassReferences"

func TestAuthenticationContexts(t *testing.T) {
	f := start(t)
	created := f.graph(http.MethodPost, contextsPath, `{"id":"c9","displayName":"Admin work","isAvailable":true}`)
	if created.status != http.StatusCreated || created.body["description"] != nil || created.body["isAvailable"] != true ||
		!strings.HasSuffix(created.header.Get("Location"), contextsPath+"/c9") {
		t.Fatalf("%d %s", created.status, created.raw)
	}
	if answer := f.graph(http.MethodPatch, contextsPath+"/c10", `{"displayName":"Payroll"}`); answer.status != http.StatusNoContent {
		t.Fatalf("a PATCH of an id that is not there creates it: %d %s", answer.status, answer.raw)
	}
	if answer := f.graph(http.MethodPatch, contextsPath+"/c9", `{"description":"Only there"}`); answer.status != http.StatusNoContent {
		t.Fatalf("%d %s", answer.status, answer.raw)
	}
	if read := f.get(contextsPath + "/c9"); read.body["displayName"] != "Admin work" || read.body["description"] != "Only there" {
		t.Errorf("%s", read.raw)
	}
	if found := f.get(contextsPath + "?$filter=isAvailable+eq+true&$select=id").values(); len(found) != 1 || found[0]["id"] != "c9" || len(found[0]) != 1 {
		t.Errorf("%v", found)
	}
	if answer := f.graph(http.MethodDelete, contextsPath+"/c9", ""); answer.status != 400 || !strings.Contains(answer.errorMessage(), "isAvailable") {
		t.Errorf("an available one: %d %s", answer.status, answer.raw)
	}
	if answer := f.graph(http.MethodDelete, contextsPath+"/c10", ""); answer.status != http.StatusNoContent {
		t.Errorf("%d %s", answer.status, answer.raw)
	}
	if answer := f.get(contextsPath + "/c10"); answer.status != 404 || answer.errorCode() != "ResourceNotFound" {
		t.Errorf("%d %s", answer.status, answer.raw)
	}
	for body, message := range map[string]string{
		`{"id":"c100","displayName":"x"}`:            "id: ",
		`{"displayName":"x"}`:                        "id: ",
		`{"id":"c1"}`:                                "displayName: must not be empty",
		`{"id":"c1","displayName":"x","colour":"x"}`: "'colour' does not exist on type 'microsoft.graph.authenticationContextClassReference'",
		`{"id":"c1","displayName":"x","description":"` + strings.Repeat("x", 1501) + `"}`: "description: 1501 characters; there can be 1500",
		`{"id":"c9","displayName":"x"}`: "already exists",
	} {
		if answer := f.graph(http.MethodPost, contextsPath, body); answer.status < 400 || !strings.Contains(answer.errorMessage(), message) {
			t.Errorf("%s: %d %s", body, answer.status, answer.raw)
		}
	}
}

// An entity stands in one file: the control API, the tenant file and a snapshot follow from it.
func TestAnEntityIsInTheControlAPIAndInTenantFiles(t *testing.T) {
	tenant, err := emulator.LoadTenant(strings.NewReader(`{"authenticationContexts":[{"id":"c1","displayName":"First"}],"securityDefaults":{"isEnabled":true}}`))
	if err != nil {
		t.Fatal(err)
	}
	f := start(t, func(cfg *emulator.Config) {
		cfg.Tenant.Objects = tenant.Objects
	})
	second, err := control.Create(f.ctx, f.control, "authentication-contexts", graphapi.AuthenticationContext{ID: "c2", DisplayName: "Second"})
	if err != nil || second.DisplayName != "Second" {
		t.Fatalf("%+v, %v", second, err)
	}
	if _, err := control.Patch[graphapi.AuthenticationContext](f.ctx, f.control, "authentication-contexts", "c2", map[string]any{"isAvailable": true}); err != nil {
		t.Fatal(err)
	}
	if read := f.get(contextsPath + "/c2"); read.body["isAvailable"] != true {
		t.Errorf("%s", read.raw)
	}
	if err := control.Delete(f.ctx, f.control, "authentication-contexts", "c1"); err != nil {
		t.Error(err)
	}
	left, err := control.List[graphapi.AuthenticationContext](f.ctx, f.control, "authentication-contexts")
	if err != nil || len(left) != 1 || left[0].ID != "c2" {
		t.Errorf("%+v, %v", left, err)
	}
	if _, err := control.Get[graphapi.AuthenticationContext](f.ctx, f.control, "authentication-contexts", "c1"); !control.IsNotFound(err) {
		t.Errorf("%v", err)
	}
	snapshot, err := f.control.Snapshot(f.ctx)
	if err != nil {
		t.Fatal(err)
	}
	if len(snapshot.Objects) != 2 {
		t.Errorf("the snapshot has %v", snapshot.Objects)
	}
	if err := f.control.Seed(f.ctx, snapshot); err != nil {
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

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

func TestSecurityDefaultsExcludeConditionalAccess(t *testing.T) {
	const path = "/v1.0/policies/identitySecurityDefaultsEnforcementPolicy"
	f := emulatortest.Start(t, func(cfg *emulator.Config) {
		cfg.Tenant.Apps[0].Permissions = append(cfg.Tenant.Apps[0].Permissions, "Policy.ReadWrite.SecurityDefaults")
	})
	if read := f.Get(path); read.Status != 200 || read.Body["isEnabled"] != false || read.Body["displayName"] != "Security Defaults" {
		t.Errorf("%d %s", read.Status, read.Raw)
	}
	if read := f.Get(path + "?$select=isEnabled"); len(read.Body) != 2 {
		t.Errorf("%s", read.Raw)
	}
	on := `{"isEnabled":true}`
	if answer := f.Graph(http.MethodPatch, path, on); answer.Status != 400 || !strings.Contains(answer.ErrorMessage(), "conditional access policy") {
		t.Errorf("with a policy: %d %s", answer.Status, answer.Raw)
	}
	if err := f.Control.DeleteConditionalAccessPolicy(f.Ctx, emulator.SampleMFAPolicyID); err != nil {
		t.Fatal(err)
	}
	if answer := f.Graph(http.MethodPatch, path, on); answer.Status != http.StatusNoContent {
		t.Errorf("without one: %d %s", answer.Status, answer.Raw)
	}
	if policy, err := control.Get[graphapi.SecurityDefaults](f.Ctx, f.Control, "security-defaults", ""); err != nil || !policy.IsEnabled {
		t.Errorf("%+v, %v", policy, err)
	}
	for _, body := range []string{`{"isEnabled":"yes"}`, `{"isEnabled":null}`, `{"id":"x"}`, `{"state":"on"}`} {
		if answer := f.Graph(http.MethodPatch, path, body); answer.Status != 400 {
			t.Errorf("%s: %d %s", body, answer.Status, answer.Raw)
		}
	}
}

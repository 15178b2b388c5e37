package emulator_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/graphapi"
)

func TestSecurityDefaultsExcludeConditionalAccess(t *testing.T) {
	const path = "/v1.0/policies/identitySecurityDefaultsEnforcementPolicy"
	f := start(t, func(cfg *emulator.Config) {
		cfg.Tenant.Apps[0].Permissions = append(cfg.Tenant.Apps[0].Permissions, "Policy.ReadWrite.SecurityDefaults")
	})
	if read := f.get(path); read.status != 200 || read.body["isEnabled"] != false || read.body["displayName"] != "Security Defaults" {
		t.Errorf("%d %s", read.status, read.raw)
	}
	if read := f.get(path + "?$select=isEnabled"); len(read.body) != 2 {
		t.Errorf("%s", read.raw)
	}
	on := `{"isEnabled":true}`
	if answer := f.graph(http.MethodPatch, path, on); answer.status != 400 || !strings.Contains(answer.errorMessage(), "conditional access policy") {
		t.Errorf("with a policy: %d %s", answer.status, answer.raw)
	}
	if err := f.control.DeleteConditionalAccessPolicy(f.ctx, emulator.SampleMFAPolicyID); err != nil {
		t.Fatal(err)
	}
	if answer := f.graph(http.MethodPatch, path, on); answer.status != http.StatusNoContent {
		t.Errorf("without one: %d %s", answer.status, answer.raw)
	}
	if policy, err := control.Get[graphapi.SecurityDefaults](f.ctx, f.control, "security-defaults", ""); err != nil || !policy.IsEnabled {
		t.Errorf("%+v, %v", policy, err)
	}
	for _, body := range []string{`{"isEnabled":"yes"}`, `{"isEnabled":null}`, `{"id":"x"}`, `{"state":"on"}`} {
		if answer := f.graph(http.MethodPatch, path, body); answer.status != 400 {
			t.Errorf("%s: %d %s", body, answer.status, answer.raw)
		}
	}
}

package provider_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/acctest"
)

func TestAProviderWithoutAnyConfigurationSaysWhichWaysThereAreThroughTheRealCLI(t *testing.T) {
	t.Parallel()
	tn := acctest.NewTenant(t)
	w := tn.Workspace(t, map[string]string{"main.tf": acctest.Block() + acctest.UserByName(acctest.AdeleUPN, "enabled")})
	w.Env = append(w.Env, "PATH=/nowhere")
	w.Sees(w.Expect(1, "plan", "-input=false"), "Unable to sign in to Microsoft Entra ID", "The Azure CLI gave no token",
		"run `az login --tenant <tenant_id>`", "a client certificate, a client secret, use_oidc or use_msi")
}

func TestTheLogHoldsNoSecretAndNoTokenThroughTheRealCLI(t *testing.T) {
	t.Parallel()
	tn := acctest.NewTenant(t)
	w := tn.Workspace(t, map[string]string{"main.tf": acctest.Block() + acctest.UserByName(acctest.AdeleUPN, "enabled")},
		"ARM_TENANT_ID="+acctest.TenantID, "ARM_CLIENT_ID="+acctest.AppID, "ARM_CLIENT_SECRET="+acctest.AppSecret, "TF_LOG_PROVIDER=TRACE", "TF_LOG_PATH=provider.log")
	w.Expect(0, "apply", "-input=false", "-auto-approve")
	log, err := os.ReadFile(filepath.Join(w.Dir, "provider.log"))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"Microsoft Graph answered", "client_request_id=", "status=204", "/authentication/requirements"} {
		if !bytes.Contains(log, []byte(want)) {
			t.Errorf("the log does not say %q", want)
		}
	}
	for _, secret := range []string{acctest.AppSecret, "Bearer ", "eyJ"} {
		if at := bytes.Index(log, []byte(secret)); at >= 0 {
			t.Errorf("the log holds %q: ...%s...", secret, log[max(0, at-100):min(len(log), at+40)])
		}
	}
}

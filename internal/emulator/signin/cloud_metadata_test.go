package signin_test

import (
	"net/http"
	"testing"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/emulatortest"
)

// azuread and others are pointed at a cloud by a host alone; what they need is in the answer.
func TestCloudMetadataNamesSignInAndGraph(t *testing.T) {
	for cloud, name := range map[string]string{
		"": "AzureCloud", control.CloudUSGovernment: "AzureUSGovernment", control.CloudChina: "AzureChinaCloud", control.CloudUSNat: "EntraEmulator",
	} {
		f := emulatortest.Start(t, func(cfg *emulator.Config) { cfg.Tenant.Cloud = cloud })
		answer, err := f.Send(http.MethodGet, "/metadata/endpoints?api-version=2022-09-01", nil, "")
		if err != nil {
			t.Fatal(err)
		}
		if answer.Status != 200 || answer.Body["name"] != name || answer.Body["microsoftGraphResourceId"] != f.Server.URL()+"/" ||
			answer.Body["resourceManager"] != f.Server.URL()+"/" || emulatortest.At(answer.Body, "authentication", "loginEndpoint") != f.Server.URL() {
			t.Errorf("%s: got %d %s", cloud, answer.Status, answer.Raw)
		}
	}
	f := emulatortest.Start(t)
	for address, want := range map[string]struct {
		method, start string
		status        int
	}{
		"/metadata/endpoints?api-version=2019-05-01": {http.MethodGet, `[{`, 200},
		"/metadata/endpoints":                        {http.MethodGet, `{"`, 400},
		"/metadata/endpoints?api-version=2022-09-01": {http.MethodPost, `{"`, 405},
		"/metadata/other":                            {http.MethodGet, `{"`, 404},
	} {
		answer, err := f.Send(want.method, address, nil, "")
		if err != nil {
			t.Fatal(err)
		}
		if answer.Status != want.status || string(answer.Raw[:2]) != want.start {
			t.Errorf("%s %s: got %d %s", want.method, address, answer.Status, answer.Raw)
		}
	}
}

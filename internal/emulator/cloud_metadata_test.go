package emulator_test

import (
	"net/http"
	"testing"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
)

// azuread and others are pointed at a cloud by a host alone; what they need is in the answer.
func TestCloudMetadataNamesSignInAndGraph(t *testing.T) {
	for cloud, name := range map[string]string{
		"": "AzureCloud", control.CloudUSGovernment: "AzureUSGovernment", control.CloudChina: "AzureChinaCloud", control.CloudUSNat: "EntraEmulator",
	} {
		f := start(t, func(cfg *emulator.Config) { cfg.Tenant.Cloud = cloud })
		answer, err := f.send(http.MethodGet, "/metadata/endpoints?api-version=2022-09-01", nil, "")
		if err != nil {
			t.Fatal(err)
		}
		if answer.status != 200 || answer.body["name"] != name || answer.body["microsoftGraphResourceId"] != f.server.URL()+"/" ||
			answer.body["resourceManager"] != f.server.URL()+"/" || at(answer.body, "authentication", "loginEndpoint") != f.server.URL() {
			t.Errorf("%s: got %d %s", cloud, answer.status, answer.raw)
		}
	}
	f := start(t)
	for address, want := range map[string]struct {
		method, start string
		status        int
	}{
		"/metadata/endpoints?api-version=2019-05-01": {http.MethodGet, `[{`, 200},
		"/metadata/endpoints":                        {http.MethodGet, `{"`, 400},
		"/metadata/endpoints?api-version=2022-09-01": {http.MethodPost, `{"`, 405},
		"/metadata/other":                            {http.MethodGet, `{"`, 404},
	} {
		answer, err := f.send(want.method, address, nil, "")
		if err != nil {
			t.Fatal(err)
		}
		if answer.status != want.status || string(answer.raw[:2]) != want.start {
			t.Errorf("%s %s: got %d %s", want.method, address, answer.status, answer.raw)
		}
	}
}

package emulator_test

import (
	"net/http"
	"testing"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/emulatortest"
)

func TestHTTP2IsNegotiated(t *testing.T) {
	f := emulatortest.Start(t)
	tests := []struct {
		name  string
		http2 bool
		major int
	}{{"a client that can", true, 2}, {"a client that cannot", false, 1}}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			transport, _ := f.HTTP.Transport.(*http.Transport)
			transport = transport.Clone()
			if !test.http2 {
				transport.ForceAttemptHTTP2 = false
				transport.TLSClientConfig.NextProtos = []string{"http/1.1"}
			}
			client := &http.Client{Transport: transport}
			defer client.CloseIdleConnections()
			for _, path := range []string{"/v1.0/users", "/_emulator/info", "/" + emulator.SampleTenantID + "/v2.0/.well-known/openid-configuration"} {
				request, err := http.NewRequestWithContext(f.Ctx, http.MethodGet, f.Server.URL()+path, http.NoBody)
				if err != nil {
					t.Fatal(err)
				}
				request.Header.Set("Authorization", "Bearer "+f.Token)
				answer, err := client.Do(request)
				if err != nil {
					t.Fatal(err)
				}
				answer.Body.Close()
				if answer.ProtoMajor != test.major || answer.StatusCode != http.StatusOK {
					t.Errorf("%s: %s, %d", path, answer.Proto, answer.StatusCode)
				}
			}
		})
	}
}

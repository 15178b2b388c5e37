package wire_test

import (
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"testing"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/emulatortest"
)

func TestLargeAnswersAreCompressedForThoseWhoTakeIt(t *testing.T) {
	f := emulatortest.Start(t, func(cfg *emulator.Config) {
		for i := range 300 {
			cfg.Tenant.Users = append(cfg.Tenant.Users, emulator.User{UserPrincipalName: fmt.Sprintf("user%d@contoso.example", i)})
		}
	})
	transport, _ := f.HTTP.Transport.(*http.Transport)
	plain := transport.Clone()
	plain.DisableCompression = true
	client := &http.Client{Transport: plain}
	defer client.CloseIdleConnections()
	const large, small = "/v1.0/users?$top=999", "/v1.0/users?$top=1"
	tests := []struct {
		path, accepted string
		compressed     bool
	}{
		{large, "", false},
		{large, "gzip", true},
		{large, "br, GZIP;q=0.5", true},
		{large, "*", true},
		{large, "gzip;q=0", false},
		{large, "*, gzip;q=0", false},
		{large, "identity", false},
		{small, "gzip", false},
	}
	for _, test := range tests {
		t.Run(test.path+" "+test.accepted, func(t *testing.T) {
			request, err := http.NewRequestWithContext(f.Ctx, http.MethodGet, f.Server.URL()+test.path, http.NoBody)
			if err != nil {
				t.Fatal(err)
			}
			request.Header.Set("Authorization", "Bearer "+f.Token)
			if test.accepted != "" {
				request.Header.Set("Accept-Encoding", test.accepted)
			}
			answer, err := client.Do(request)
			if err != nil {
				t.Fatal(err)
			}
			defer answer.Body.Close()
			if compressed := answer.Header.Get("Content-Encoding") == "gzip"; compressed != test.compressed {
				t.Errorf("Content-Encoding: %q", answer.Header.Get("Content-Encoding"))
			}
			if varies := answer.Header.Get("Vary") == "Accept-Encoding"; varies != (test.path == large) {
				t.Errorf("Vary: %q", answer.Header.Get("Vary"))
			}
			body := io.Reader(answer.Body)
			if test.compressed {
				if body, err = gzip.NewReader(answer.Body); err != nil {
					t.Fatal(err)
				}
			}
			data, err := io.ReadAll(body)
			if err != nil || answer.StatusCode != http.StatusOK || data[0] != '{' || data[len(data)-1] != '}' {
				t.Errorf("%d, %d bytes, %v", answer.StatusCode, len(data), err)
			}
		})
	}
	// Go's client asks for it and undoes it by itself.
	if answer := f.Get(large); answer.Status != http.StatusOK || len(answer.Values()) < 300 {
		t.Errorf("%d, %d users", answer.Status, len(answer.Values()))
	}
}

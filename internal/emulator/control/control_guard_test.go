package control_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/emulatortest"
)

// A page that somebody has open must not be able to use the control API, be it by a form, by a script, or by a name of its
// own that leads to the emulator.
func TestTheControlAPIIsNotForWebPages(t *testing.T) {
	f := emulatortest.Start(t, func(cfg *emulator.Config) { cfg.Names = []string{"emulator.test"} })
	own := f.Server.URL()
	port := own[strings.LastIndex(own, ":"):]
	request := func(method, path, host string, header http.Header, body string) emulatortest.Reply {
		t.Helper()
		request, err := http.NewRequestWithContext(t.Context(), method, own+"/_emulator/"+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		request.Host, request.Header = host, header
		response, err := f.HTTP.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		return emulatortest.Reply{Status: response.StatusCode, Header: response.Header}
	}
	tests := []struct {
		name   string
		host   string
		header http.Header
		status int
	}{
		{"a program", "", http.Header{}, 200},
		{"localhost", "localhost" + port, http.Header{}, 200},
		{"a configured name", "EMULATOR.test" + port, http.Header{}, 200},
		{"the port of a container outside", "127.0.0.1:18443", http.Header{}, 200},
		{"IPv6", "[::1]" + port, http.Header{}, 200},
		{"without a port", "localhost", http.Header{}, 200},
		{"typed into a browser", "", http.Header{"Sec-Fetch-Site": {"none"}}, 200},
		{"a page of its own", "", http.Header{"Origin": {own}, "Sec-Fetch-Site": {"same-origin"}}, 200},
		{"a page of another site", "", http.Header{"Origin": {"https://evil.example"}}, 403},
		{"the same host with another scheme", "", http.Header{"Origin": {strings.Replace(own, "https", "http", 1)}}, 403},
		{"the same host with another port", "", http.Header{"Origin": {"https://127.0.0.1:1"}}, 403},
		{"a page without an origin", "", http.Header{"Origin": {"null"}}, 403},
		{"an empty origin", "", http.Header{"Origin": {""}}, 403},
		{"two origins", "", http.Header{"Origin": {own, "https://evil.example"}}, 403},
		{"a form or an image elsewhere", "", http.Header{"Sec-Fetch-Site": {"cross-site"}}, 403},
		{"another port of the same machine", "", http.Header{"Sec-Fetch-Site": {"same-site"}}, 403},
		{"a name that was bound anew", "evil.example" + port, http.Header{}, 403},
		{"a name that begins like ours", "localhost.evil.example" + port, http.Header{}, 403},
		{"a name bound anew, with its own origin", "evil.example", http.Header{"Origin": {"https://evil.example"}, "Sec-Fetch-Site": {"same-origin"}}, 403},
		{"an address of somebody else", "203.0.113.7" + port, http.Header{}, 403},
	}
	for _, test := range tests {
		for _, path := range []string{"info", "tenant", ""} {
			if answer := request(http.MethodGet, path, test.host, test.header, ""); answer.Status != test.status {
				t.Errorf("%s: GET %s is answered with %d, not %d", test.name, path, answer.Status, test.status)
			}
		}
	}
	for contentType, status := range map[string]int{
		"application/json": 200, "application/json; charset=utf-8": 200, "APPLICATION/JSON": 200,
		"": 415, "text/plain": 415, "application/x-www-form-urlencoded": 415, "multipart/form-data; boundary=x": 415, "application/jsonp": 415,
	} {
		header := http.Header{}
		if contentType != "" {
			header.Set("Content-Type", contentType)
		}
		if answer := request(http.MethodPut, "behavior", "", header, `{}`); answer.Status != status {
			t.Errorf("a body of type %q: %d, not %d", contentType, answer.Status, status)
		}
	}
	// What pages do is undone nowhere: the tenant is as it was.
	request(http.MethodDelete, "users/"+emulatortest.Adele, "", http.Header{"Origin": {"https://evil.example"}}, "")
	if _, err := f.Control.GetUser(t.Context(), emulatortest.Adele); err != nil {
		t.Errorf("a page removed a user: %v", err)
	}
}

func TestTheCertificateIsGoodForConfiguredNames(t *testing.T) {
	for _, name := range []string{"", "https://emulator.test", "emulator.test:8443", "emulator test"} {
		if server, err := emulator.Start(emulator.Config{Names: []string{name}}); err == nil {
			t.Errorf("%q is accepted", name)
			_ = server.Close(t.Context())
		}
	}
	f := emulatortest.Start(t, func(cfg *emulator.Config) { cfg.Names = []string{"emulator.test"} })
	transport, _ := f.HTTP.Transport.(*http.Transport)
	transport.TLSClientConfig.ServerName = "emulator.test"
	if answer := f.Get("/v1.0/users?$top=1"); answer.Status != 200 {
		t.Errorf("got %d", answer.Status)
	}
}

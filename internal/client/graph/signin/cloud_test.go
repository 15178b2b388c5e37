package signin_test

import (
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/graph/signin"
)

// Microsoft's list of national clouds: https://learn.microsoft.com/graph/deployments
func TestEachCloudHasItsHosts(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]signin.Cloud{
		"public":         {"public", "https://graph.microsoft.com", "https://login.microsoftonline.com/"},
		"global":         {"public", "https://graph.microsoft.com", "https://login.microsoftonline.com/"},
		"usgovernment":   {"usgovernment", "https://graph.microsoft.us", "https://login.microsoftonline.us/"},
		"usgovernmentl4": {"usgovernment", "https://graph.microsoft.us", "https://login.microsoftonline.us/"},
		"usgovernmentl5": {"usgovernmentl5", "https://dod-graph.microsoft.us", "https://login.microsoftonline.us/"},
		"dod":            {"usgovernmentl5", "https://dod-graph.microsoft.us", "https://login.microsoftonline.us/"},
		"china":          {"china", "https://microsoftgraph.chinacloudapi.cn", "https://login.chinacloudapi.cn/"},
	} {
		got, err := signin.NamedCloud(name)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	want := []string{"china", "dod", "global", "public", "usgovernment", "usgovernmentl4", "usgovernmentl5"}
	if diff := cmp.Diff(want, signin.CloudNames()); diff != "" {
		t.Errorf("names (-want +got):\n%s", diff)
	}
}

func TestAnUnknownCloudIsRefusedWithTheNamesThereAre(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"german", "Public", ""} {
		_, err := signin.NamedCloud(name)
		if err == nil {
			t.Errorf("there is a cloud %q", name)
			continue
		}
		for _, part := range append(signin.CloudNames(), `"`+name+`"`) {
			if !strings.Contains(err.Error(), part) {
				t.Errorf("%q: the error lacks %s: %v", name, part, err)
			}
		}
	}
}

func TestTheScopeIsTheGraphHostsDefault(t *testing.T) {
	t.Parallel()
	for _, cloud := range []signin.Cloud{signin.Public, signin.USGovernment, signin.USGovernmentL5, signin.China} {
		if got, want := cloud.Scope(), cloud.GraphEndpoint+"/.default"; got != want || strings.Count(got, "//") != 1 {
			t.Errorf("%s: scope %s", cloud.Name, got)
		}
	}
}

func TestHostsOfACloudCanBeReplaced(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name, service, authority string
		want                     signin.Cloud
	}{
		{"nothing", "", "", signin.Public},
		{"graph only", "https://graph.svc.sovcloud.fr/", "", signin.Cloud{"custom", "https://graph.svc.sovcloud.fr", "https://login.microsoftonline.com/"}},
		{"authority only", "", "https://login.sovcloud-identity.fr", signin.Cloud{"custom", "https://graph.microsoft.com", "https://login.sovcloud-identity.fr/"}},
		{"both", "https://127.0.0.1:8443", "https://127.0.0.1:9443/", signin.Cloud{"custom", "https://127.0.0.1:8443", "https://127.0.0.1:9443/"}},
	} {
		got, err := signin.Public.WithEndpoints(tc.service, tc.authority)
		if err != nil {
			t.Errorf("%s: %v", tc.name, err)
		}
		if diff := cmp.Diff(tc.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tc.name, diff)
		}
	}
	if signin.Public.Name != "public" {
		t.Error("replacing hosts has changed the public cloud itself")
	}
	if _, err := signin.Public.WithEndpoints("http://graph.example", ""); err == nil || !strings.HasPrefix(err.Error(), "graph endpoint: ") {
		t.Errorf("a wrong Graph endpoint: error %v", err)
	}
	if _, err := signin.Public.WithEndpoints("", "http://login.example"); err == nil || !strings.HasPrefix(err.Error(), "authority host: ") {
		t.Errorf("a wrong authority host: error %v", err)
	}
}

func TestAnEndpointIsAnHTTPSRoot(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"https://graph.microsoft.com":      "https://graph.microsoft.com",
		"https://graph.microsoft.com/":     "https://graph.microsoft.com",
		"HTTPS://graph.microsoft.com":      "https://graph.microsoft.com",
		"https://localhost:8443":           "https://localhost:8443",
		"https://127.0.0.1:8443/":          "https://127.0.0.1:8443",
		"https://[::1]:8443":               "https://[::1]:8443",
		"https://[::1]":                    "https://[::1]",
		"https://entra_emulator.test:8443": "https://entra_emulator.test:8443",
		// The scope of a token is made of the endpoint, and it has one spelling.
		"https://Graph.Microsoft.COM":     "https://graph.microsoft.com",
		"https://graph.microsoft.com:443": "https://graph.microsoft.com",
		"https://[::1]:443/":              "https://[::1]",
	} {
		got, err := signin.ParseEndpoint(text)
		if err != nil || got != want {
			t.Errorf("%q: got %q and error %v, want %q", text, got, err, want)
		}
	}
	for text, says := range map[string]string{
		"":                                        "does not start with https://",
		"graph.microsoft.com":                     "does not start with https://",
		"//graph.microsoft.com":                   "does not start with https://",
		"http://graph.microsoft.com":              "does not start with https://",
		"ftp://graph.microsoft.com":               "does not start with https://",
		"https://":                                "names no host",
		"https:///v1.0":                           "names no host",
		"https://:8443":                           "names no host",
		"https:graph.microsoft.com":               "names no host",
		"https://me@graph.microsoft.com":          "user information",
		"https://me:secret@graph.microsoft.com":   "user information",
		"https://graph.microsoft.com@evil.test":   "user information",
		"https://graph.microsoft.com/v1.0":        "only scheme and host",
		"https://graph.microsoft.com//":           "only scheme and host",
		"https://graph.microsoft.com/%2F":         "only scheme and host",
		"https://graph.microsoft.com?x=1":         "only scheme and host",
		"https://graph.microsoft.com?":            "only scheme and host",
		"https://graph.microsoft.com/#":           "only scheme and host",
		"https://evil.test#graph.microsoft.com":   "only scheme and host",
		"https://evil.test#@graph.microsoft.com":  "only scheme and host",
		`https://graph.microsoft.com\@evil.test`:  "is not a URL",
		" https://graph.microsoft.com":            "is not a URL",
		"https://graph microsoft com":             "is not a URL",
		"https://graph.microsoft.com:port":        "is not a URL",
		"https://graph.microsoft.com:":            "names no host",
		"https://gr\u0430ph.microsoft.com":        "names no host",
		"https://[fe80::1%25eth0]":                "names no host",
		`https://graph"microsoft.com`:             "names no host",
		"https://graph.microsoft.com\x00.evil.de": "is not a URL",
	} {
		got, err := signin.ParseEndpoint(text)
		if err == nil {
			t.Errorf("%q was accepted as %q", text, got)
		} else if !strings.Contains(err.Error(), says) {
			t.Errorf("%q: the error lacks %q: %v", text, says, err)
		}
	}
}

func TestAPasswordInAnEndpointIsNotRepeated(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"https://me:hunter2@graph.microsoft.com", "http://me:hunter2@graph.microsoft.com", "//me:hunter2@graph.microsoft.com/v1.0?x"} {
		_, err := signin.ParseEndpoint(text)
		if err == nil || !strings.Contains(err.Error(), "graph.microsoft.com") {
			t.Errorf("%q: the error does not name the endpoint: %v", text, err)
			continue
		}
		if strings.Contains(err.Error(), "hunter2") {
			t.Errorf("the error repeats the password: %v", err)
		}
	}
}

func FuzzParseEndpoint(f *testing.F) {
	for _, text := range []string{
		"https://graph.microsoft.com", "https://graph.microsoft.com:443/", "http://x", "https://a@b", "https://[::1]:1", "https://[fe80::1%25e]", "https://a/b?c#d",
		"https://%E4%BD%A0", "https://a:", "https://1::443", "https://\"", "https://A.\u212A",
	} {
		f.Add(text)
	}
	onlyHost := regexp.MustCompile(`^https://[^/?#@\\\s%]+$`)
	f.Fuzz(func(t *testing.T, text string) {
		root, err := signin.ParseEndpoint(text)
		if err != nil {
			return
		}
		if !onlyHost.MatchString(root) {
			t.Fatalf("%q gave %q, which is more than a scheme and a host", text, root)
		}
		u, err := url.Parse(root)
		if err != nil {
			t.Fatalf("%q gave %q: %v", text, root, err)
		}
		if u.Scheme != "https" || u.Hostname() == "" || u.User != nil || u.Path != "" {
			t.Fatalf("%q gave %q", text, root)
		}
		given, err := url.Parse(text)
		if err != nil || !strings.EqualFold(given.Hostname(), u.Hostname()) {
			t.Fatalf("%q leads to %q, its root to %q", text, given.Hostname(), u.Hostname())
		}
		if again, err := signin.ParseEndpoint(root); err != nil || again != root {
			t.Fatalf("%q gave %q, and that gave %q, %v", text, root, again, err)
		}
	})
}

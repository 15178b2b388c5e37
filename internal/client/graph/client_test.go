package graph

import (
	"fmt"
	"net/http"
	"path"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/clienttest"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/graph/signin"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/graph/transport"
)

func TestAClientNeedsACredential(t *testing.T) {
	t.Parallel()
	if _, err := New(signin.Public, nil, Options{}); err == nil {
		t.Error("a client was made without a credential")
	}
	made, err := New(signin.China, &clienttest.FakeCredential{}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if made.Cloud() != signin.China {
		t.Errorf("the client speaks to %+v", made.Cloud())
	}
}

func TestEveryVersionMakesAClient(t *testing.T) {
	t.Parallel()
	// What azcore insists on.
	accepted := regexp.MustCompile(`^v\d+\.\d+\.\d+(?:-[a-zA-Z0-9_.-]+)?$`)
	for version, want := range map[string]string{
		"1.2.3":            "v1.2.3",
		"1.2.3-beta.1":     "v1.2.3-beta.1",
		"v1.2.3":           "v1.2.3",
		"dev":              "v0.0.0-dev",
		"":                 "v0.0.0-dev",
		"1.2":              "v0.0.0-1.2",
		"1.2.3+build.5":    "v0.0.0-1.2.3-build.5",
		"a local build (1": "v0.0.0-a-local-build--1",
	} {
		options, err := Options{Version: version}.withDefaults()
		if err != nil {
			t.Fatal(err)
		}
		got := transport.ModuleVersion(options.Version)
		if got != want || !accepted.MatchString(got) {
			t.Errorf("%q: got %q, want %q", version, got, want)
		}
		if _, err := New(signin.Public, &clienttest.FakeCredential{}, Options{Version: version}); err != nil {
			t.Errorf("%q: %v", version, err)
		}
	}
}

func TestTheUserAgentNamesCallerAndVersion(t *testing.T) {
	t.Parallel()
	service := clienttest.NewRecorder(t, func(w http.ResponseWriter, _ *http.Request, _ int) { clienttest.Reply(w, 200, clienttest.AdeleJSON) })
	c, _, _ := newTestClient(t, service, func(o *Options) { o.ApplicationID, o.Version = "Terraform/1.15.0", "1.2.3" })
	if _, err := c.getUser(t.Context(), clienttest.AdeleUPN); err != nil {
		t.Fatal(err)
	}
	agent := service.All()[0].Header.Get("User-Agent")
	if !strings.HasPrefix(agent, "Terraform/1.15.0 ") || !strings.Contains(agent, "terraform-provider-entramfa/v1.2.3") {
		t.Errorf("User-Agent %q", agent)
	}
}

func TestAClientServesManyAtOnce(t *testing.T) {
	t.Parallel()
	service := clienttest.NewRecorder(t, func(w http.ResponseWriter, r *http.Request, n int) {
		if n%5 == 0 {
			clienttest.GraphError(w, 503, "serviceUnavailable")
			return
		}
		clienttest.Reply(w, 200, fmt.Sprintf(`{"id":%q}`, path.Base(r.URL.Path)))
	})
	c, credential, _ := newTestClient(t, service, nil)
	var all sync.WaitGroup
	for n := range 40 {
		all.Go(func() {
			key := strconv.Itoa(n)
			if user, err := c.getUser(t.Context(), key); err == nil && user.ID != key {
				t.Errorf("asked for %s and got %s", key, user.ID)
			} else if err != nil && !HasStatus(err, 503) {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if n := len(credential.Requests()); n != 1 {
		t.Errorf("%d token requests, want 1", n)
	}
}

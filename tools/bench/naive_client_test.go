package main

import (
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/mfa-as-code/terraform-provider-entramfa/tools/internal/sandbox"
)

// graphStub answers sign-ins, and reads as it is told.
type graphStub struct {
	mutex sync.Mutex
	reads map[string]int
	token map[string]bool
	// refuse is the end of the path of a read to refuse.
	refuse string
}

func (g *graphStub) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/tenant/oauth2/v2.0/token" {
		if r.FormValue("client_id") != "client" || r.FormValue("client_secret") != "s3cr3t" || !strings.HasSuffix(r.FormValue("scope"), "/.default") {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		_, _ = w.Write([]byte(`{"access_token":"t0k3n"}`))
		return
	}
	g.mutex.Lock()
	defer g.mutex.Unlock()
	g.reads[r.URL.Path]++
	g.token[r.Header.Get("Authorization")] = true
	if g.refuse != "" && strings.HasSuffix(r.URL.Path, g.refuse) {
		w.WriteHeader(http.StatusNotFound)
	}
}

func naiveAgainst(t *testing.T, stub *graphStub, secret string) *naiveClient {
	t.Helper()
	stub.reads, stub.token = map[string]int{}, map[string]bool{}
	server := httptest.NewTLSServer(stub)
	t.Cleanup(server.Close)
	ca := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	client, err := newNaiveClient([]sandbox.Variable{
		{Name: "ENTRAMFA_CA_BUNDLE_PATH", Value: ca},
		{Name: "ENTRAMFA_GRAPH_ENDPOINT", Value: server.URL},
		{Name: "ENTRAMFA_AUTHORITY_HOST", Value: server.URL + "/"},
		{Name: "ARM_TENANT_ID", Value: "tenant"},
		{Name: "ARM_CLIENT_ID", Value: "client"},
		{Name: "ARM_CLIENT_SECRET", Value: secret},
	})
	if err != nil {
		t.Fatal(err)
	}
	return client
}

func TestTheNaiveClientReadsEachUserOnce(t *testing.T) {
	stub := &graphStub{}
	users := tenantUsers(25)
	got, err := naiveAgainst(t, stub, "s3cr3t").read(t.Context(), users)
	if err != nil || got.wall <= 0 {
		t.Fatalf("%v, %v", got, err)
	}
	for i := range users {
		if reads := stub.reads[requirements(users[i].ID)]; reads != 1 {
			t.Errorf("%s was read %d times", users[i].ID, reads)
		}
	}
	if len(stub.reads) != len(users) || len(stub.token) != 1 || !stub.token["Bearer t0k3n"] {
		t.Errorf("%d users were read, with %v", len(stub.reads), stub.token)
	}
}

func TestTheNaiveClientReportsWhatItCannotRead(t *testing.T) {
	users := tenantUsers(25)
	_, err := naiveAgainst(t, &graphStub{refuse: requirements(users[7].ID)}, "s3cr3t").read(t.Context(), users)
	wantError(t, err, users[7].ID, "404")
}

func TestTheNaiveClientReportsASignInThatFails(t *testing.T) {
	_, err := naiveAgainst(t, &graphStub{}, "wrong").read(t.Context(), tenantUsers(1))
	wantError(t, err, "signing in", "401")
}

package client

import (
	"net/http"
	"testing"
)

func TestATokenThatGraphDoesNotAcceptIsReplacedOnce(t *testing.T) {
	t.Parallel()
	refuse := func(w http.ResponseWriter) {
		w.Header().Set("WWW-Authenticate", `Bearer realm="", authorization_uri="https://login.example/authorize", client_id="x"`)
		graphError(w, 401, "InvalidAuthenticationToken")
	}
	for name, accepted := range map[string]int{"the second one is accepted": 1, "none is accepted": 100} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			graph := newRecorder(t, func(w http.ResponseWriter, _ *http.Request, n int) {
				if n < accepted {
					refuse(w)
					return
				}
				w.WriteHeader(http.StatusNoContent)
			})
			c, credential, _ := newTestClient(t, graph, nil)
			err := c.putUserMFAState(t.Context(), adele, MFAEnabled)
			if (err == nil) != (accepted == 1) || (err != nil && !hasStatus(err, 401)) {
				t.Errorf("error %v", err)
			}
			sent := graph.all()
			if len(sent) != 2 || sent[0].Body != sent[1].Body || sent[1].Header.Get("Authorization") != "Bearer secret-token-2" {
				t.Errorf("requests %+v", sent)
			}
			for _, asked := range credential.requests() {
				if asked.Claims != "" {
					t.Errorf("asked with claims %q that nobody demanded", asked.Claims)
				}
			}
		})
	}
}

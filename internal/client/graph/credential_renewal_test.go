package graph

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/clienttest"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/graph/signin"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/mfa"
)

func TestATokenThatGraphDoesNotAcceptIsReplacedOnce(t *testing.T) {
	t.Parallel()
	refuse := func(w http.ResponseWriter) {
		w.Header().Set("WWW-Authenticate", `Bearer realm="", authorization_uri="https://login.example/authorize", client_id="x"`)
		clienttest.GraphError(w, 401, "InvalidAuthenticationToken")
	}
	for name, accepted := range map[string]int{"the second one is accepted": 1, "none is accepted": 100} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			service := clienttest.NewRecorder(t, func(w http.ResponseWriter, _ *http.Request, n int) {
				if n < accepted {
					refuse(w)
					return
				}
				w.WriteHeader(http.StatusNoContent)
			})
			c, credential, _ := newTestClient(t, service, nil)
			err := c.putState(t.Context(), adele, mfa.Enabled)
			if (err == nil) != (accepted == 1) || (err != nil && !HasStatus(err, 401)) {
				t.Errorf("error %v", err)
			}
			sent := service.All()
			if len(sent) != 2 || sent[0].Body != sent[1].Body || sent[1].Header.Get("Authorization") != "Bearer secret-token-2" {
				t.Errorf("requests %+v", sent)
			}
			for _, asked := range credential.Requests() {
				if asked.Claims != "" {
					t.Errorf("asked with claims %q that nobody demanded", asked.Claims)
				}
			}
		})
	}
}

// slowCredential says when it is asked, and answers when it is told to.
type slowCredential struct {
	asked  chan struct{}
	answer chan struct{}
}

func (c slowCredential) GetToken(ctx context.Context, _ policy.TokenRequestOptions) (azcore.AccessToken, error) {
	c.asked <- struct{}{}
	select {
	case <-c.answer:
		return azcore.AccessToken{Token: "secret-token", ExpiresOn: time.Now().Add(time.Hour)}, nil
	case <-ctx.Done():
		return azcore.AccessToken{}, ctx.Err()
	}
}

func TestARequestLeavesTheWaitForATokenWithItsContext(t *testing.T) {
	t.Parallel()
	service := clienttest.NewRecorder(t, func(w http.ResponseWriter, r *http.Request, _ int) {
		if r.Method == http.MethodGet {
			clienttest.Reply(w, 200, clienttest.AdeleJSON)
			return
		}
		w.WriteHeader(http.StatusNoContent)
	})
	credential := slowCredential{asked: make(chan struct{}, 2), answer: make(chan struct{})}
	cloud, err := signin.Public.WithEndpoints(service.URL, "")
	if err != nil {
		t.Fatal(err)
	}
	c, err := New(cloud, credential, Options{HTTPClient: clienttest.Trust(t, service.Server), Retry: clienttest.QuickRetry, Clock: clienttest.NewFakeClock(), Rates: map[RateClass]Rate{}})
	if err != nil {
		t.Fatal(err)
	}
	renewed := make(chan error, 1)
	go func() {
		_, err := c.getUser(t.Context(), clienttest.AdeleID)
		renewed <- err
	}()
	<-credential.asked

	// Others wait for the answer to the first one, which does not come, and their contexts end.
	for _, method := range []string{http.MethodGet, http.MethodPatch} {
		ctx, cancel := context.WithCancel(t.Context())
		progress, left := &requestProgress{}, make(chan error, 1)
		go func() {
			call := Call{Operation: "try", Method: method, Version: V1, Path: "/users"}
			_, err := c.exchangeWith(ctx, progress, c.Address(call), call)
			left <- err
		}()
		clienttest.Eventually(t, method+" waits for a token", func() bool {
			progress.mutex.Lock()
			defer progress.mutex.Unlock()
			return progress.doing == doingSignIn
		})
		cancel()
		select {
		case err := <-left:
			var ended *InterruptedError
			if !errors.As(err, &ended) || !errors.Is(err, context.Canceled) || ended.Unknown || ended.Doing != doingSignIn {
				t.Errorf("%s: error %v", method, err)
			}
		case <-time.After(30 * time.Second):
			close(credential.answer)
			t.Fatalf("%s still waits for a token although its context has ended", method)
		}
	}
	if n := len(service.All()); n != 0 {
		t.Errorf("%d requests left without a token", n)
	}
	// The control: who stays gets the token, and so does everybody after that, from one answer.
	close(credential.answer)
	if err := <-renewed; err != nil {
		t.Error(err)
	}
	if err := c.putState(t.Context(), adele, mfa.Enabled); err != nil {
		t.Error(err)
	}
	for _, request := range service.All() {
		if !strings.HasPrefix(request.Header.Get("Authorization"), "Bearer secret-token") {
			t.Errorf("%s %s has no token", request.Method, request.Target)
		}
	}
	if n := len(credential.asked); n != 0 {
		t.Errorf("the credential was asked %d times more", n)
	}
}

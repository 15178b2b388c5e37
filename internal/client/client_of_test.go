package client

import (
	"testing"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/clienttest"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/graph"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/graph/signin"
)

var adele = User{ID: clienttest.AdeleID, UserPrincipalName: clienttest.AdeleUPN}

// newTestClient makes a client whose Graph is the server and whose time is not the real one. It is not held back.
func newTestClient(tb testing.TB, service *clienttest.Recorder, change func(*graph.Options)) (*Client, *clienttest.FakeCredential, *clienttest.FakeClock) {
	tb.Helper()
	credential, clock := &clienttest.FakeCredential{}, clienttest.NewFakeClock()
	options := graph.Options{HTTPClient: clienttest.Trust(tb, service.Server), Retry: clienttest.QuickRetry, Clock: clock, Rates: map[graph.RateClass]graph.Rate{}}
	if change != nil {
		change(&options)
	}
	cloud, err := signin.Public.WithEndpoints(service.URL, "")
	if err != nil {
		tb.Fatal(err)
	}
	made, err := New(cloud, credential, options)
	if err != nil {
		tb.Fatal(err)
	}
	return made, credential, clock
}

// numbered is a user whose id is a number, and whose state is the number too.
func numbered(n int) User { return User{ID: clienttest.NumberedID(n)} }

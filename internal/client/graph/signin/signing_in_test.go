package signin_test

import (
	"context"
	"fmt"
	"net/http"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/clienttest"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/graph"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/graph/signin"
)

// signingInAt makes a client that signs in with real credentials at an address. What it needs of the rest of the
// options is like in production, repetition but for its speed.
func signingInAt(t *testing.T, authority string, credentials signin.Credentials, options graph.Options) *graph.Client {
	t.Helper()
	service := clienttest.NewRecorder(t, func(w http.ResponseWriter, _ *http.Request, _ int) { clienttest.Reply(w, 200, clienttest.AdeleJSON) })
	cloud, err := signin.Public.WithEndpoints(service.URL, authority)
	if err != nil {
		t.Fatal(err)
	}
	if options.HTTPClient == nil {
		options.HTTPClient = clienttest.Trust(t, service.Server)
	}
	if options.Retry.MaxRetries == 0 {
		options.Retry = clienttest.QuickRetry
	}
	credential := newCredential(t, credentials, cloud, options)
	made, err := graph.New(cloud, credential, options)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

func newCredential(t *testing.T, credentials signin.Credentials, cloud signin.Cloud, options graph.Options) azcore.TokenCredential {
	t.Helper()
	credential, _, err := credentials.NewCredential(cloud, options.Transport())
	if err != nil {
		t.Fatal(err)
	}
	return credential
}

type user struct {
	ID string `json:"id"`
}

// getUser reads a user, as an area of the client library does.
func getUser(ctx context.Context, c *graph.Client, key string) (user, error) {
	var found user
	err := c.Send(ctx, graph.Call{
		Operation: fmt.Sprintf("read user %q", key), Method: http.MethodGet, Version: graph.V1, Path: "/users/" + key, Gather: true,
	}, &found)
	return found, err
}

// Package client speaks Microsoft Graph about multifactor authentication: users and their per-user MFA state, and the
// rules by which that state may be changed. It knows nothing of Terraform.
//
// Requests go through an azcore pipeline (retry, telemetry, bearer token with claims challenge), credentials are those
// of azidentity. Every call takes a context and stops when it ends, waits included.
package client

import (
	"context"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/graph"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/graph/signin"
)

// Client reads and changes what a tenant has of multifactor authentication. It is safe for use by many goroutines.
type Client struct {
	graph *graph.Client
	// userLookUps gathers users that are looked up by id, and readAhead is what was read of users before their turn.
	userLookUps *userLookUps
	readAhead   *readAhead
	// ownStates are the per-user states that this process has written.
	ownStates ownStates
	campaign  campaignRun
	// seenLocations tells named locations apart that nothing else does.
	seenLocations graph.Seen
	seenPolicies  graph.Seen
	seenStrengths graph.Seen
	rangeChanges  rangeChanges
}

// New makes a client. It sends nothing yet.
func New(cloud signin.Cloud, credential azcore.TokenCredential, options graph.Options) (*Client, error) {
	core, err := graph.New(cloud, credential, options)
	if err != nil {
		return nil, err
	}
	client := &Client{graph: core, campaign: campaignRun{lock: graph.NewContextLock()}}
	client.userLookUps, client.readAhead = &userLookUps{client: client}, newReadAhead(client)
	return client, nil
}

// Cloud returns the cloud that the client speaks to.
func (c *Client) Cloud() signin.Cloud { return c.graph.Cloud() }

// SignIn gets an access token, so that a mistake in the credentials shows once and at the start. The token is kept and
// used by the requests that follow. A refusal is an *AuthError.
func (c *Client) SignIn(ctx context.Context) error { return c.graph.SignIn(ctx) }

// Tenant names the tenant that the client is signed in to, as far as it is known: from the first access token on, or after
// IdentifyTenant. It sends nothing.
func (c *Client) Tenant() signin.Tenant { return c.graph.Tenant() }

// Consistency returns the bounds of the waits for replicas that are in force.
func (c *Client) Consistency() graph.Consistency { return c.graph.Consistency() }

// DelegatedScopes returns the scopes of a signed-in user's access token; false is the token of an app, or one that cannot
// be read. They decide nothing, Graph does, but they tell what it is going to refuse before anything is written.
func (c *Client) DelegatedScopes(ctx context.Context) ([]string, bool) {
	return c.graph.DelegatedScopes(ctx)
}

// Identity returns who the client is signed in as; false where the access token does not say.
func (c *Client) Identity(ctx context.Context) (graph.Identity, bool) { return c.graph.Identity(ctx) }

// Package graph talks to Microsoft Graph: requests, pages, errors, retries, rate limits, batches, reads after writes. It knows no
// entity of Graph; what a request is about is the caller's.
package graph

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/graph/signin"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/graph/transport"
)

// Client carries out requests in one tenant of one cloud. It is safe for use by many goroutines.
type Client struct {
	cloud       signin.Cloud
	credential  azcore.TokenCredential
	signedIn    *signin.SignedIn
	azure       *azcore.Client
	Clock       Clock
	consistency Consistency
	Retry       policy.RetryOptions
	Logger      *slog.Logger
	paces       pacePolicy
	// gatherers carry out the calls that may travel in one request with others.
	gatherers   map[gathererKey]*gatherer
	answerGrace time.Duration
	// permissions are those that the identity is known to have.
	permissions *permissionsHeld
}

// Options are what a caller may choose. The zero value is right for production.
type Options struct {
	// Version is the caller's version, for the User-Agent.
	Version string
	// ApplicationID begins the User-Agent: the calling program and its version, at most 24 characters.
	ApplicationID string
	// HTTPClient sends the requests; NewHTTPClient makes one. Default: one that trusts the system's authorities.
	HTTPClient *http.Client
	// Logger receives a record for each request. Default: none.
	Logger *slog.Logger
	// Retry bounds the repetitions of a request. Default: 6 repetitions, waits of at most 3 minutes: the longest
	// window that Graph documents a limit over for one app is 150 seconds.
	Retry policy.RetryOptions
	// Rates are how fast requests of a class may follow one another; a class that is not named is not held back.
	// Default: DefaultRates.
	Rates map[RateClass]Rate
	// Consistency bounds the waits for replicas.
	Consistency Consistency
	// AnswerGrace is how long the answer to a write that has left is waited for beyond the end of its context. Default 20 s.
	AnswerGrace time.Duration
	// Clock is the time to wait by.
	Clock Clock
}

// defaultAnswerGrace is more than enough: Microsoft Graph answers a write within a few seconds.
const defaultAnswerGrace = 20 * time.Second

func (o Options) withDefaults() (Options, error) {
	if o.Version == "" {
		o.Version = "dev"
	}
	shared, err := o.Transport().WithDefaults()
	if err != nil {
		return o, err
	}
	o.HTTPClient, o.Retry = shared.HTTPClient, shared.Retry
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Clock == nil {
		o.Clock = systemClock{}
	}
	if o.Rates == nil {
		o.Rates = DefaultRates()
	}
	o.Consistency = o.Consistency.withDefaults()
	if o.AnswerGrace == 0 {
		o.AnswerGrace = defaultAnswerGrace
	}
	return o, nil
}

// Transport are the options that the requests to Microsoft Graph and those of a sign-in share.
func (o Options) Transport() transport.Options {
	return transport.Options{HTTPClient: o.HTTPClient, Retry: o.Retry, ApplicationID: o.ApplicationID}
}

// New makes a client. It sends nothing yet.
func New(cloud signin.Cloud, credential azcore.TokenCredential, options Options) (*Client, error) {
	if credential == nil {
		return nil, fmt.Errorf("a client needs a credential")
	}
	options, err := options.withDefaults()
	if err != nil {
		return nil, err
	}
	tenant, permissions := &signin.SignedIn{}, &permissionsHeld{}
	credential = signin.OneTenant(credential, tenant, permissions.learnToken)
	settings := options.Transport().AzureOptions()
	settings.PerCallPolicies = []policy.Policy{clientRequestIDPolicy{}}
	paces := newPacePolicy(options.Rates, options.Clock, options.Logger)
	azure, err := azcore.NewClient("terraform-provider-entramfa", transport.ModuleVersion(options.Version), runtime.PipelineOptions{
		PerRetry: []policy.Policy{
			retryAfterPolicy{},
			itemPacePolicy{paces},
			signin.NewSignInPolicy(credential, cloud.Scope()),
			logPolicy{logger: options.Logger, clock: options.Clock},
			progressPolicy{},
			transport.BrokenBodyPolicy{},
		},
	}, &settings)
	if err != nil {
		return nil, fmt.Errorf("unable to set up the request pipeline: %w", err)
	}
	client := &Client{
		cloud: cloud, credential: credential, signedIn: tenant, azure: azure, Clock: options.Clock, consistency: options.Consistency,
		Retry: options.Retry, Logger: options.Logger, paces: paces, answerGrace: options.AnswerGrace, permissions: permissions,
	}
	client.gatherers = newGatherers(client)
	return client, nil
}

// Cloud returns the cloud that the client speaks to.
func (c *Client) Cloud() signin.Cloud { return c.cloud }

// SignIn gets an access token, so that a mistake in the credentials shows once and at the start. The token is kept and
// used by the requests that follow. A refusal is an *AuthError.
func (c *Client) SignIn(ctx context.Context) error {
	// The same options as the pipeline's, or the token would not be found in the credential's cache.
	_, err := c.credential.GetToken(ctx, policy.TokenRequestOptions{Scopes: []string{c.cloud.Scope()}, EnableCAE: true})
	return err
}

// Tenant names the tenant that the client is signed in to, as far as it is known: from the first access token on. It sends nothing.
func (c *Client) Tenant() signin.Tenant { return c.signedIn.Get() }

// NoteTenant takes over a tenant's id and name, where there is one, and returns the tenant as it was known before.
func (c *Client) NoteTenant(id, name string) (before signin.Tenant) { return c.signedIn.Note(id, name) }

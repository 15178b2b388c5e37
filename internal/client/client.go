// Package client speaks Microsoft Graph about multifactor authentication: users and their per-user MFA state, and the
// rules by which that state may be changed. It knows nothing of Terraform.
//
// Requests go through an azcore pipeline (retry, telemetry, bearer token with claims challenge), credentials are those
// of azidentity. Every call takes a context and stops when it ends, waits included.
package client

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"regexp"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
)

// Client carries out requests in one tenant of one cloud. It is safe for use by many goroutines.
type Client struct {
	cloud       Cloud
	credential  azcore.TokenCredential
	signedIn    *signedIn
	azure       *azcore.Client
	clock       Clock
	consistency Consistency
	retry       policy.RetryOptions
	logger      *slog.Logger
	// gatherers carry out the calls that may travel in one request with others.
	gatherers map[gathererKey]*gatherer
	// userLookUps gathers users that are looked up by id, and readAhead is what was read of users before their turn.
	userLookUps *userLookUps
	readAhead   *readAhead
	// ownStates are the per-user states that this process has written.
	ownStates ownStates
	// policyLock orders the writes of the authentication methods policy.
	policyLock contextLock
	// writtenCampaign is the campaign that was written last, under policyLock.
	writtenCampaign *RegistrationCampaign
	// campaignWrite is that write.
	campaignWrite CampaignWrite
	// createdLocations tells apart named locations that nothing else does.
	createdLocations createdLocations
	answerGrace      time.Duration
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

// Standard bounds of repetition.
const (
	defaultMaxRetries    = 6
	defaultMaxRetryDelay = 3 * time.Minute
	// defaultRetryDelay is azcore's.
	defaultRetryDelay = 800 * time.Millisecond
	// Microsoft Graph answers a write within a few seconds.
	defaultAnswerGrace = 20 * time.Second
)

func (o Options) withDefaults() (Options, error) {
	if o.Version == "" {
		o.Version = "dev"
	}
	if o.HTTPClient == nil {
		standard, err := NewHTTPClient(nil)
		if err != nil {
			return o, err
		}
		o.HTTPClient = standard
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Clock == nil {
		o.Clock = systemClock{}
	}
	if o.Retry.MaxRetries == 0 {
		o.Retry.MaxRetries = defaultMaxRetries
	}
	if o.Retry.MaxRetryDelay == 0 {
		o.Retry.MaxRetryDelay = defaultMaxRetryDelay
	}
	if o.Retry.ShouldRetry == nil {
		o.Retry.ShouldRetry = shouldRetry
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

// azureOptions are the options that the Graph pipeline and the credentials share: one transport, one rule of repetition.
func (o Options) azureOptions() policy.ClientOptions {
	return policy.ClientOptions{
		Retry:     o.Retry,
		Telemetry: policy.TelemetryOptions{ApplicationID: o.ApplicationID},
		Transport: transport{o.HTTPClient},
	}
}

// New makes a client. It sends nothing yet.
func New(cloud Cloud, credential azcore.TokenCredential, options Options) (*Client, error) {
	if credential == nil {
		return nil, fmt.Errorf("a client needs a credential")
	}
	options, err := options.withDefaults()
	if err != nil {
		return nil, err
	}
	tenant, permissions := &signedIn{}, &permissionsHeld{}
	credential = oneTenantCredential{newDescribedCredential(credential, permissions), tenant}
	settings := options.azureOptions()
	settings.PerCallPolicies = []policy.Policy{clientRequestIDPolicy{}}
	paces := newPacePolicy(options.Rates, options.Clock, options.Logger)
	azure, err := azcore.NewClient("terraform-provider-entramfa", moduleVersion(options.Version), runtime.PipelineOptions{
		PerRetry: []policy.Policy{
			retryAfterPolicy{},
			itemPacePolicy{paces},
			newSignInPolicy(credential, scope(cloud)),
			logPolicy{logger: options.Logger, clock: options.Clock},
			progressPolicy{},
			brokenBodyPolicy{},
		},
	}, &settings)
	if err != nil {
		return nil, fmt.Errorf("unable to set up the request pipeline: %w", err)
	}
	client := &Client{
		cloud: cloud, credential: credential, signedIn: tenant, azure: azure, clock: options.Clock, consistency: options.Consistency,
		retry: options.Retry, logger: options.Logger, policyLock: newContextLock(),
		answerGrace: options.AnswerGrace, permissions: permissions,
	}
	client.gatherers = newGatherers(client, paces, options.Logger)
	client.userLookUps, client.readAhead = &userLookUps{client: client, paces: paces}, newReadAhead(client)
	return client, nil
}

// Cloud returns the cloud that the client speaks to.
func (c *Client) Cloud() Cloud { return c.cloud }

// SignIn gets an access token, so that a mistake in the credentials shows once and at the start. The token is kept and
// used by the requests that follow. A refusal is an *AuthError.
func (c *Client) SignIn(ctx context.Context) error {
	// The same options as the pipeline's, or the token would not be found in the credential's cache.
	_, err := c.credential.GetToken(ctx, policy.TokenRequestOptions{Scopes: []string{scope(c.cloud)}, EnableCAE: true})
	return err
}

func scope(cloud Cloud) string { return cloud.GraphEndpoint + "/.default" }

var (
	moduleVersionPattern = regexp.MustCompile(`^\d+\.\d+\.\d+(-[a-zA-Z0-9_.-]+)?$`)
	notInModuleVersion   = regexp.MustCompile(`[^a-zA-Z0-9_.-]`)
)

// moduleVersion gives azcore the form it insists on, vN.N.N or vN.N.N-text, whatever the build was called.
func moduleVersion(version string) string {
	version = strings.TrimPrefix(version, "v")
	if moduleVersionPattern.MatchString(version) {
		return "v" + version
	}
	return "v0.0.0-" + notInModuleVersion.ReplaceAllString(version, "-")
}

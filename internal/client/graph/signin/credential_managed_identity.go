package signin

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/graph/transport"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/redact"
)

// metadataHost is where the Azure Instance Metadata Service (IMDS) answers inside of a machine in Azure, and nobody
// anywhere else.
//
// Source: https://learn.microsoft.com/azure/virtual-machines/instance-metadata-service
const metadataHost = "169.254.169.254"

// IdentityEndpointExample is how the address of an identity endpoint looks.
const IdentityEndpointExample = "http://" + metadataHost + "/metadata/identity/oauth2/token"

const (
	// identityTimeout bounds one try to get an answer of an identity endpoint. Off Azure, nothing answers: packets to the
	// address of IMDS get lost, and each try lasts as long as it may.
	identityTimeout = 25 * time.Second
	// identityUnanswered is how many tries may break off without an answer. A time-out is not tried again at all.
	identityUnanswered = 3
	// identityMaxRetryDelay is azidentity's own for IMDS.
	identityMaxRetryDelay = 25 * time.Second
)

// managedIdentity makes the credential of the machine's identity. azidentity finds out which kind of machine this is.
func (c Credentials) managedIdentity(settings policy.ClientOptions, httpClient *http.Client) (azcore.TokenCredential, error) {
	sender := identityTransport{next: settings.Transport}
	if c.ManagedIdentityEndpoint != "" {
		endpoint, err := parseIdentityEndpoint(c.ManagedIdentityEndpoint)
		if err != nil {
			return nil, err
		}
		sender.endpoint = endpoint
	}
	settings.Transport = sender
	settings.Retry.TryTimeout = identityTimeout
	settings.Retry.MaxRetryDelay = min(settings.Retry.MaxRetryDelay, identityMaxRetryDelay)
	settings.Retry.ShouldRetry = sender.shouldRetry

	identity := azidentity.ManagedIdentityCredentialOptions{ClientOptions: settings}
	if c.ClientID != "" {
		identity.ID = azidentity.ClientID(c.ClientID)
	}
	credential, err := azidentity.NewManagedIdentityCredential(&identity)
	if err != nil && sender.endpoint == nil {
		// In Service Fabric azidentity takes nothing but an http.Client, whose TLS it pins to the cluster's certificate.
		identity.Transport = httpClient
		credential, err = azidentity.NewManagedIdentityCredential(&identity)
	}
	if err != nil {
		return nil, err
	}
	return managedIdentityCredential{TokenCredential: credential, userAssigned: c.ClientID}, nil
}

// parseIdentityEndpoint reads an address of an identity endpoint. Plain HTTP is how such endpoints answer within a machine.
func parseIdentityEndpoint(text string) (*url.URL, error) {
	endpoint, err := url.Parse(text)
	if err != nil || endpoint.Host == "" || (endpoint.Scheme != "http" && endpoint.Scheme != "https") {
		return nil, &CredentialError{Problem: IdentityEndpointInvalid, Method: MethodManagedIdentity, Value: text}
	}
	if endpoint.User != nil || strings.ContainsAny(text, "?#") {
		return nil, &CredentialError{Problem: IdentityEndpointNotBare, Method: MethodManagedIdentity, Value: endpoint.Redacted()}
	}
	return endpoint, nil
}

// identityTransport sends the requests to the identity endpoint, bounds those that get no answer, and keeps why.
type identityTransport struct {
	next policy.Transporter
	// endpoint takes the place of IMDS's address; nil leaves it.
	endpoint *url.URL
}

func (t identityTransport) Do(request *http.Request) (*http.Response, error) {
	outcome, ok := request.Context().Value(identityOutcomeKey{}).(*identityOutcome)
	if !ok {
		outcome = &identityOutcome{}
	}
	if t.endpoint != nil {
		if request.URL.Hostname() != metadataHost {
			return nil, outcome.misplacedAt(request.URL)
		}
		request = request.Clone(request.Context())
		query := request.URL.RawQuery
		address := *t.endpoint
		request.URL, request.Host = &address, ""
		request.URL.RawQuery = query
	}
	response, err := t.next.Do(request)
	if err != nil {
		return nil, outcome.unansweredBy(request.URL, err)
	}
	var body []byte
	if response.StatusCode >= http.StatusBadRequest {
		if body, err = runtime.Payload(response); err != nil {
			return nil, outcome.unansweredBy(request.URL, err)
		}
	}
	outcome.answeredBy(request.URL, response.StatusCode, body)
	return response, nil
}

// shouldRetry repeats what the documentation of IMDS wants repeated beside what passes anywhere: 404 and 410 while it is
// updated, and every 5xx.
//
// Source: https://learn.microsoft.com/entra/identity/managed-identities-azure-resources/how-to-use-vm-token#error-handling
func (t identityTransport) shouldRetry(response *http.Response, err error) bool {
	if err != nil || transport.ShouldRetry(response, nil) {
		return transport.ShouldRetry(response, err)
	}
	if response.Request == nil || (t.endpoint == nil && response.Request.URL.Hostname() != metadataHost) {
		return false
	}
	return response.StatusCode == http.StatusNotFound || response.StatusCode == http.StatusGone || response.StatusCode >= http.StatusInternalServerError
}

type identityOutcomeKey struct{}

// identityOutcome is how the requests of one sign-in by managed identity ended.
type identityOutcome struct {
	mutex sync.Mutex
	// address is the last one that was asked, without its query.
	address    string
	status     int
	body       []byte
	err        error
	unanswered int
	// misplaced is set where nothing was sent, because address is not the one that the settings replace.
	misplaced bool
}

// misplacedAt refuses a request to an endpoint that this machine's own environment names, beside one in the settings: the
// token would be another identity's.
func (o *identityOutcome) misplacedAt(address *url.URL) error {
	o.mutex.Lock()
	defer o.mutex.Unlock()
	o.address, o.misplaced = withoutQuery(address), true
	return &unansweredError{errors.New("two managed identity endpoints")}
}

func (o *identityOutcome) answeredBy(address *url.URL, status int, body []byte) {
	o.mutex.Lock()
	defer o.mutex.Unlock()
	o.address, o.status, o.body, o.err = withoutQuery(address), status, body, nil
}

// unansweredBy returns the error so that it is not repeated where that would only take time.
func (o *identityOutcome) unansweredBy(address *url.URL, err error) error {
	o.mutex.Lock()
	defer o.mutex.Unlock()
	o.address, o.status, o.body, o.err = withoutQuery(address), 0, nil, transport.WithoutAddress(err)
	o.unanswered++
	var timeout net.Error
	if o.unanswered >= identityUnanswered || errors.Is(err, context.DeadlineExceeded) || (errors.As(err, &timeout) && timeout.Timeout()) {
		return &unansweredError{err}
	}
	return err
}

func withoutQuery(address *url.URL) string {
	return address.Scheme + "://" + address.Host + address.EscapedPath()
}

// unansweredError is a request that got no answer and is not repeated.
type unansweredError struct{ error }

// NonRetriable keeps azcore from repeating it.
func (*unansweredError) NonRetriable() {}

func (e *unansweredError) Unwrap() error { return e.error }

// managedIdentityCredential tells why a managed identity gives no token.
type managedIdentityCredential struct {
	azcore.TokenCredential
	userAssigned string
}

func (c managedIdentityCredential) GetToken(ctx context.Context, options policy.TokenRequestOptions) (azcore.AccessToken, error) {
	outcome := &identityOutcome{}
	token, err := c.TokenCredential.GetToken(context.WithValue(ctx, identityOutcomeKey{}, outcome), options)
	if err == nil || ctx.Err() != nil {
		return token, err
	}
	return token, c.describe(outcome, err)
}

func (c managedIdentityCredential) describe(outcome *identityOutcome, err error) *AuthError {
	outcome.mutex.Lock()
	defer outcome.mutex.Unlock()
	failed := &AuthError{Address: outcome.address, Status: outcome.status, IdentityClientID: c.userAssigned}
	switch {
	case outcome.misplaced:
		failed.Failure = AuthTwoIdentityEndpoints
		failed.Message = "the settings name an identity endpoint, and the environment of this machine names another one, " + outcome.address
	case outcome.err != nil:
		why := redact.ForeignText(outcome.err.Error())
		if errors.Is(outcome.err, context.DeadlineExceeded) {
			why = fmt.Sprintf("nothing came within %v", identityTimeout)
		}
		failed.Failure = AuthIdentityUnanswered
		failed.Message = fmt.Sprintf("no answer from %s, where a machine gets the tokens of its managed identity: %s", outcome.address, why)
	case outcome.status >= http.StatusBadRequest:
		failed.Failure = AuthIdentityRefused
		failed.readRefusal(outcome)
	case outcome.status != 0:
		failed.Failure = AuthIdentityForeignAnswer
		failed.Message = fmt.Sprintf("the identity endpoint %s answered HTTP %d with something other than a token", outcome.address, outcome.status)
	default:
		failed.Failure, failed.Message = AuthNoIdentityToken, firstLine(err.Error())
	}
	return failed
}

// readRefusal reads the forms in which identity endpoints refuse: OAuth's code and description of an error, or App Service's
// statusCode and message.
//
// Source: https://learn.microsoft.com/entra/identity/managed-identities-azure-resources/how-to-use-vm-token#error-handling
func (e *AuthError) readRefusal(outcome *identityOutcome) {
	said, ok := parseAuthError(outcome.body)
	if !ok {
		var other struct {
			Message string `json:"message"`
		}
		if json.Unmarshal(outcome.body, &other) == nil {
			said.Message = firstLine(other.Message)
		}
	}
	e.Code, e.TraceID, e.CorrelationID = said.Code, said.TraceID, said.CorrelationID
	e.Message = fmt.Sprintf("the identity endpoint %s answered HTTP %d", outcome.address, outcome.status)
	if said.Message != "" {
		e.Message += ": " + said.Message
	}
}

package control

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
)

// Client speaks to the control API of one emulator. It is safe for concurrent use.
type Client struct {
	base string
	http *http.Client
}

// Error is a refusal by the control API.
type Error struct {
	Status  int
	Message string
}

func (e *Error) Error() string {
	return fmt.Sprintf("emulator control API: %d: %s", e.Status, e.Message)
}

// IsNotFound tells whether err says that the addressed object does not exist.
func IsNotFound(err error) bool {
	var refusal *Error
	return errors.As(err, &refusal) && refusal.Status == http.StatusNotFound
}

// New returns a client for the emulator at baseURL, such as https://127.0.0.1:8443. The HTTP client must trust the
// emulator's certificate authority; nil is [http.DefaultClient].
func New(baseURL string, httpClient *http.Client) *Client {
	if httpClient == nil {
		httpClient = http.DefaultClient
	}
	return &Client{base: strings.TrimSuffix(baseURL, "/") + "/_emulator/", http: httpClient}
}

// NewWithCA returns a client that trusts the given certificate authority, PEM, and nothing else.
func NewWithCA(baseURL string, caPEM []byte) (*Client, error) {
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(caPEM) {
		return nil, errors.New("the CA bundle holds no certificate in PEM")
	}
	return New(baseURL, &http.Client{Transport: &http.Transport{
		TLSClientConfig:   &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12},
		ForceAttemptHTTP2: true,
	}}), nil
}

// CloseIdleConnections closes connections that are not in use.
func (c *Client) CloseIdleConnections() { c.http.CloseIdleConnections() }

func (c *Client) do(ctx context.Context, method, path string, body, answer any) error {
	var reader io.Reader
	if body != nil {
		data, err := json.Marshal(body)
		if err != nil {
			return err
		}
		reader = bytes.NewReader(data)
	}
	request, err := http.NewRequestWithContext(ctx, method, c.base+path, reader)
	if err != nil {
		return err
	}
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	response, err := c.http.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	data, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	if response.StatusCode >= 300 {
		var refusal struct {
			Error string `json:"error"`
		}
		if json.Unmarshal(data, &refusal) != nil || refusal.Error == "" {
			refusal.Error = strings.TrimSpace(string(data))
		}
		return &Error{Status: response.StatusCode, Message: refusal.Error}
	}
	if answer == nil {
		return nil
	}
	return json.Unmarshal(data, answer)
}

func key(idOrName string) string { return url.PathEscape(idOrName) }

// Info says where the emulator is and which apps its tenant has.
func (c *Client) Info(ctx context.Context) (*Info, error) {
	info := &Info{}
	return info, c.do(ctx, http.MethodGet, "info", nil, info)
}

// Snapshot returns the whole tenant as it is now, credentials included; it can be given to Seed.
func (c *Client) Snapshot(ctx context.Context) (*Tenant, error) {
	tenant := &Tenant{}
	return tenant, c.do(ctx, http.MethodGet, "tenant", nil, tenant)
}

// Seed replaces the whole tenant. Behaviour, faults and the request log stay.
func (c *Client) Seed(ctx context.Context, tenant *Tenant) error {
	return c.do(ctx, http.MethodPut, "tenant", tenant.quick(), nil)
}

// CreateUser adds a user and returns it with its id.
func (c *Client) CreateUser(ctx context.Context, user User) (*User, error) {
	created := &User{}
	return created, c.do(ctx, http.MethodPost, "users", user, created)
}

// GetUser returns a user as it really is, whatever a lagging replica says.
func (c *Client) GetUser(ctx context.Context, idOrUPN string) (*User, error) {
	user := &User{}
	return user, c.do(ctx, http.MethodGet, "users/"+key(idOrUPN), nil, user)
}

// PatchUser changes a user.
func (c *Client) PatchUser(ctx context.Context, idOrUPN string, changes UserPatch) (*User, error) {
	user := &User{}
	return user, c.do(ctx, http.MethodPatch, "users/"+key(idOrUPN), changes, user)
}

// DeleteUser removes a user, also from every group.
func (c *Client) DeleteUser(ctx context.Context, idOrUPN string) error {
	return c.do(ctx, http.MethodDelete, "users/"+key(idOrUPN), nil, nil)
}

// RegisterMethod registers an authentication method for a user and returns its id, which may promote the user to enforced.
func (c *Client) RegisterMethod(ctx context.Context, idOrUPN string, method Method) (string, error) {
	var registered Method
	err := c.do(ctx, http.MethodPost, "users/"+key(idOrUPN)+"/methods", method, &registered)
	return registered.ID, err
}

// RemoveMethod removes an authentication method. It never changes the user's state.
func (c *Client) RemoveMethod(ctx context.Context, idOrUPN, methodID string) error {
	return c.do(ctx, http.MethodDelete, "users/"+key(idOrUPN)+"/methods/"+key(methodID), nil, nil)
}

// SetPerUserMFAState changes a user's state as an administrator in the portal does: at once, with the service's promotion
// of enabled to enforced. It returns the state that was stored.
func (c *Client) SetPerUserMFAState(ctx context.Context, idOrUPN, state string) (string, error) {
	var stored StateChange
	err := c.do(ctx, http.MethodPut, "users/"+key(idOrUPN)+"/state", StateChange{PerUserMFAState: state}, &stored)
	return stored.PerUserMFAState, err
}

// CreateGroup adds a group and returns it with its id.
func (c *Client) CreateGroup(ctx context.Context, group Group) (*Group, error) {
	created := &Group{}
	return created, c.do(ctx, http.MethodPost, "groups", group, created)
}

// GetGroup returns a group by its id.
func (c *Client) GetGroup(ctx context.Context, id string) (*Group, error) {
	group := &Group{}
	return group, c.do(ctx, http.MethodGet, "groups/"+key(id), nil, group)
}

// PatchGroup changes a group.
func (c *Client) PatchGroup(ctx context.Context, id string, changes GroupPatch) (*Group, error) {
	group := &Group{}
	return group, c.do(ctx, http.MethodPatch, "groups/"+key(id), changes, group)
}

// DeleteGroup removes a group, also from every group that it is a member of.
func (c *Client) DeleteGroup(ctx context.Context, id string) error {
	return c.do(ctx, http.MethodDelete, "groups/"+key(id), nil, nil)
}

// GetAuthenticationMethodsPolicy returns the policy as it really is, whatever a lagging replica says.
func (c *Client) GetAuthenticationMethodsPolicy(ctx context.Context) (*AuthenticationMethodsPolicy, error) {
	policy := &AuthenticationMethodsPolicy{}
	return policy, c.do(ctx, http.MethodGet, "authentication-methods-policy", nil, policy)
}

// PatchAuthenticationMethodsPolicy changes the policy behind Terraform's back, as an administrator in the portal or
// Microsoft itself does. changes is anything that marshals to the body of a Graph PATCH with the properties of beta,
// such as a [json.RawMessage]. Objects are merged, lists are replaced, and values are stored as they are given, also
// those that Microsoft manages while the campaign is in its default state.
func (c *Client) PatchAuthenticationMethodsPolicy(ctx context.Context, changes any) (*AuthenticationMethodsPolicy, error) {
	policy := &AuthenticationMethodsPolicy{}
	return policy, c.do(ctx, http.MethodPatch, "authentication-methods-policy", changes, policy)
}

// ListNamedLocations returns the named locations as they really are, without those in the bin.
func (c *Client) ListNamedLocations(ctx context.Context) ([]NamedLocation, error) {
	var locations []NamedLocation
	return locations, c.do(ctx, http.MethodGet, "named-locations", nil, &locations)
}

// CreateNamedLocation adds a named location, visible at once, and returns it with its id.
func (c *Client) CreateNamedLocation(ctx context.Context, location NamedLocation) (*NamedLocation, error) {
	created := &NamedLocation{}
	return created, c.do(ctx, http.MethodPost, "named-locations", location, created)
}

// GetNamedLocation returns a named location as it really is.
func (c *Client) GetNamedLocation(ctx context.Context, id string) (*NamedLocation, error) {
	location := &NamedLocation{}
	return location, c.do(ctx, http.MethodGet, "named-locations/"+key(id), nil, location)
}

// PatchNamedLocation changes a named location.
func (c *Client) PatchNamedLocation(ctx context.Context, id string, changes NamedLocationPatch) (*NamedLocation, error) {
	location := &NamedLocation{}
	return location, c.do(ctx, http.MethodPatch, "named-locations/"+key(id), changes, location)
}

// DeleteNamedLocation moves a named location into the bin, trusted or not. One that a policy names is refused.
func (c *Client) DeleteNamedLocation(ctx context.Context, id string) error {
	return c.do(ctx, http.MethodDelete, "named-locations/"+key(id), nil, nil)
}

// ListConditionalAccessPolicies returns the Conditional Access policies as they really are, without those in the bin.
func (c *Client) ListConditionalAccessPolicies(ctx context.Context) ([]ConditionalAccessPolicy, error) {
	var policies []ConditionalAccessPolicy
	return policies, c.do(ctx, http.MethodGet, "conditional-access-policies", nil, &policies)
}

// CreateConditionalAccessPolicy adds a Conditional Access policy, visible at once, and returns it with its id.
func (c *Client) CreateConditionalAccessPolicy(ctx context.Context, policy ConditionalAccessPolicy) (*ConditionalAccessPolicy, error) {
	created := &ConditionalAccessPolicy{}
	return created, c.do(ctx, http.MethodPost, "conditional-access-policies", policy, created)
}

// GetConditionalAccessPolicy returns a Conditional Access policy as it really is.
func (c *Client) GetConditionalAccessPolicy(ctx context.Context, id string) (*ConditionalAccessPolicy, error) {
	policy := &ConditionalAccessPolicy{}
	return policy, c.do(ctx, http.MethodGet, "conditional-access-policies/"+key(id), nil, policy)
}

// DeleteConditionalAccessPolicy moves a Conditional Access policy into the bin.
func (c *Client) DeleteConditionalAccessPolicy(ctx context.Context, id string) error {
	return c.do(ctx, http.MethodDelete, "conditional-access-policies/"+key(id), nil, nil)
}

// CreateApp adds an app.
func (c *Client) CreateApp(ctx context.Context, app App) (*App, error) {
	created := &App{}
	return created, c.do(ctx, http.MethodPost, "apps", app, created)
}

// GetApp returns an app with its credentials.
func (c *Client) GetApp(ctx context.Context, clientID string) (*App, error) {
	app := &App{}
	return app, c.do(ctx, http.MethodGet, "apps/"+key(clientID), nil, app)
}

// PatchApp changes an app. Tokens that were issued before keep the permissions they were issued with.
func (c *Client) PatchApp(ctx context.Context, clientID string, changes AppPatch) (*App, error) {
	app := &App{}
	return app, c.do(ctx, http.MethodPatch, "apps/"+key(clientID), changes, app)
}

// DeleteApp removes an app.
func (c *Client) DeleteApp(ctx context.Context, clientID string) error {
	return c.do(ctx, http.MethodDelete, "apps/"+key(clientID), nil, nil)
}

// GetBehavior returns the behaviour in force.
func (c *Client) GetBehavior(ctx context.Context) (*Behavior, error) {
	behavior := &Behavior{}
	return behavior, c.do(ctx, http.MethodGet, "behavior", nil, behavior)
}

// SetBehavior replaces the behaviour as a whole and fills every throttling bucket.
func (c *Client) SetBehavior(ctx context.Context, behavior Behavior) error {
	return c.do(ctx, http.MethodPut, "behavior", behavior, nil)
}

// AddFault adds a fault and returns its id. Where several faults fit a request, the one added first hits it.
func (c *Client) AddFault(ctx context.Context, fault Fault) (string, error) {
	var status FaultStatus
	err := c.do(ctx, http.MethodPost, "faults", fault, &status)
	return status.ID, err
}

// ListFaults returns the faults with what they have done, in the order in which they were added; used up ones stay in the list.
func (c *Client) ListFaults(ctx context.Context) ([]FaultStatus, error) {
	var faults []FaultStatus
	return faults, c.do(ctx, http.MethodGet, "faults", nil, &faults)
}

// DeleteFault removes one fault.
func (c *Client) DeleteFault(ctx context.Context, id string) error {
	return c.do(ctx, http.MethodDelete, "faults/"+key(id), nil, nil)
}

// ClearFaults removes every fault.
func (c *Client) ClearFaults(ctx context.Context) error {
	return c.do(ctx, http.MethodDelete, "faults", nil, nil)
}

// Requests returns the Graph requests in order of arrival, items of a $batch after the $batch.
func (c *Client) Requests(ctx context.Context) ([]Request, error) {
	var requests []Request
	return requests, c.do(ctx, http.MethodGet, "requests", nil, &requests)
}

// LoginRequests returns the sign-in requests in order of arrival.
func (c *Client) LoginRequests(ctx context.Context) ([]Request, error) {
	var requests []Request
	return requests, c.do(ctx, http.MethodGet, "requests?service=login", nil, &requests)
}

// ClearRequests empties the request log and sets the counters to zero.
func (c *Client) ClearRequests(ctx context.Context) error {
	return c.do(ctx, http.MethodDelete, "requests", nil, nil)
}

// Counters returns the counters.
func (c *Client) Counters(ctx context.Context) (*Counters, error) {
	counters := &Counters{}
	return counters, c.do(ctx, http.MethodGet, "counters", nil, counters)
}

// IssueAssertion returns a signed JWT that can be used as a federated client assertion.
func (c *Client) IssueAssertion(ctx context.Context, request AssertionRequest) (string, error) {
	var assertion Assertion
	err := c.do(ctx, http.MethodPost, "assertions", request, &assertion)
	return assertion.Assertion, err
}

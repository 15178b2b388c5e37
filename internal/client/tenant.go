package client

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
)

// Tenant names the tenant that a client is signed in to.
type Tenant struct {
	// ID is the tenant id, a GUID in lower case; empty where nothing has told it.
	ID string
	// Name is how people call the tenant: its display name where it was read, or the domain that the caller has named it by.
	Name string
}

// String is `tenant 6f1f5a3c-... ("Contoso")`, and "this tenant" where the id is not known.
func (t Tenant) String() string {
	switch {
	case t.ID == "":
		return "this tenant"
	case t.Name == "":
		return "tenant " + t.ID
	}
	return fmt.Sprintf("tenant %s (%s)", t.ID, NameInQuotes(t.Name))
}

// guidPattern is a GUID as Microsoft writes them.
var guidPattern = regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)

// tokenClaims reads the claims of an access token without verifying it: it is the client's own, and Graph verifies it. False is a
// token that cannot be read. Microsoft reserves the right to issue such tokens, so nothing may depend on one that can.
//
// Source: https://learn.microsoft.com/entra/identity-platform/access-token-claims-reference#payload-claims
func tokenClaims(token string, claims any) bool {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return false
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	return err == nil && json.Unmarshal(payload, claims) == nil
}

// tokenTenant is the tenant id of an access token, in lower case; empty where the token does not tell.
func tokenTenant(token string) string {
	var claims struct {
		TenantID string `json:"tid"`
	}
	if !tokenClaims(token, &claims) || !guidPattern.MatchString(claims.TenantID) {
		return ""
	}
	return strings.ToLower(claims.TenantID)
}

// signedIn knows the tenant of the tokens that a client has got.
type signedIn struct {
	mutex  sync.Mutex
	tenant Tenant
}

func (s *signedIn) get() Tenant {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return s.tenant
}

// note takes over an id and a name, where there is one. It returns the tenant as it was known before.
func (s *signedIn) note(id, name string) (before Tenant) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	before = s.tenant
	if s.tenant.ID == "" {
		s.tenant.ID = strings.ToLower(id)
	}
	if name != "" {
		s.tenant.Name = name
	}
	return before
}

// oneTenantCredential refuses a token of another tenant than the first one. In a long run the Azure CLI may be signed in to another
// tenant meanwhile, and the rest of the run would then change the wrong one.
type oneTenantCredential struct {
	azcore.TokenCredential
	signedIn *signedIn
}

func (c oneTenantCredential) GetToken(ctx context.Context, options policy.TokenRequestOptions) (azcore.AccessToken, error) {
	token, err := c.TokenCredential.GetToken(ctx, options)
	if err != nil {
		return token, err
	}
	id := tokenTenant(token.Token)
	if id == "" {
		return token, nil
	}
	if before := c.signedIn.note(id, ""); before.ID != "" && before.ID != id {
		return azcore.AccessToken{}, &AuthError{
			Reason:  "another tenant than before",
			Message: fmt.Sprintf("the run began in %s, and the new access token is one of tenant %s", before, id),
			Remedy: "Nothing was sent with it. Sign in to the tenant that is meant, set tenant_id (ARM_TENANT_ID) so that no other account is taken, " +
				"and run the command again.",
		}
	}
	return token, nil
}

// Tenant names the tenant that the client is signed in to, as far as it is known: from the first access token on, or after
// IdentifyTenant. It sends nothing.
func (c *Client) Tenant() Tenant { return c.signedIn.get() }

// IdentifyTenant finds out the tenant that the client is signed in to. configured is what the caller has chosen it by, an id or a
// domain; empty is the credential's own. atAuthority says that the credential signs in at exactly that tenant.
//
// The access token tells. Where it cannot be read, it is the configured id, or Microsoft Graph is asked, which takes
// Organization.Read.All. Where the app may not ask, the tenant stays unknown, and that is not an error.
func (c *Client) IdentifyTenant(ctx context.Context, configured string, atAuthority bool) error {
	known := c.signedIn.get().ID != ""
	isID := guidPattern.MatchString(configured)
	switch {
	case atAuthority && isID && !known:
		c.signedIn.note(configured, "")
	case atAuthority && !isID && known:
		c.signedIn.note("", configured)
	case !known:
		if _, err := c.GetOrganization(ctx); err != nil && !IsForbidden(err) {
			return err
		}
	}
	return nil
}

// Organization is what Microsoft Graph says of the tenant.
//
// Source: https://learn.microsoft.com/graph/api/resources/organization
type Organization struct {
	ID          string `json:"id"`
	DisplayName string `json:"displayName"`
	// TenantType is AAD, AAD B2C or another kind; empty where the app may read basic properties only.
	TenantType      string           `json:"tenantType"`
	VerifiedDomains []VerifiedDomain `json:"verifiedDomains"`
}

// VerifiedDomain is a domain of a tenant.
//
// Source: https://learn.microsoft.com/graph/api/resources/verifieddomain
type VerifiedDomain struct {
	Name string `json:"name"`
	// IsDefault marks the domain that new users get, IsInitial the one that the tenant began with.
	IsDefault bool `json:"isDefault"`
	IsInitial bool `json:"isInitial"`
	// Type is Managed or Federated.
	Type string `json:"type"`
}

// organizationPermissions are in the order of the page, the least first.
var organizationPermissions = []string{"Organization.Read.All", "Directory.Read.All"}

// GetOrganization reads the tenant. It needs Organization.Read.All; a signed-in user needs User.Read.
//
// Source: https://learn.microsoft.com/graph/api/organization-list
func (c *Client) GetOrganization(ctx context.Context) (Organization, error) {
	const operation = "read the tenant (organization)"
	all, err := list[Organization](ctx, c, call{
		operation: operation, permissions: organizationPermissions, method: http.MethodGet, version: v1, path: "/organization",
		query: url.Values{"$select": {"id,displayName,tenantType,verifiedDomains"}},
	})
	if err != nil {
		return Organization{}, err
	}
	if len(all) != 1 || !guidPattern.MatchString(all[0].ID) {
		return Organization{}, &Error{
			Operation: operation, Status: http.StatusOK,
			Message: fmt.Sprintf("the answer should hold one organization with an id, and holds %d", len(all)),
		}
	}
	found := all[0]
	if before := c.signedIn.note(found.ID, found.DisplayName); before.ID != "" && !strings.EqualFold(before.ID, found.ID) {
		return Organization{}, &Error{
			Operation: operation, Status: http.StatusOK,
			Message: fmt.Sprintf("the access token is one of %s, and the answer is about tenant %s", before, found.ID),
		}
	}
	return found, nil
}

// AtAuthority reports whether a way to sign in does so at the tenant that the settings name, and nowhere else. A managed identity
// has a tenant of its own.
func (m Method) AtAuthority() bool { return m != MethodManagedIdentity }

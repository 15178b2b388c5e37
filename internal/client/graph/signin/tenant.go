package signin

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"sync"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/guid"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/redact"
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
	return fmt.Sprintf("tenant %s (%s)", t.ID, redact.NameInQuotes(t.Name))
}

// TokenClaims reads the claims of an access token without verifying it: it is the client's own, and Graph verifies it. False is a
// token that cannot be read. Microsoft reserves the right to issue such tokens, so nothing may depend on one that can.
//
// Source: https://learn.microsoft.com/entra/identity-platform/access-token-claims-reference#payload-claims
func TokenClaims(token string, claims any) bool {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return false
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	return err == nil && json.Unmarshal(payload, claims) == nil
}

// TokenTenant is the tenant id of an access token, in lower case; empty where the token does not tell.
func TokenTenant(token string) string {
	var claims struct {
		TenantID string `json:"tid"`
	}
	if !TokenClaims(token, &claims) || !guid.Is(claims.TenantID) {
		return ""
	}
	return strings.ToLower(claims.TenantID)
}

// SignedIn knows the tenant of the tokens that a client has got.
type SignedIn struct {
	mutex  sync.Mutex
	tenant Tenant
}

// Get returns the tenant as far as it is known.
func (s *SignedIn) Get() Tenant {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return s.tenant
}

// Note takes over an id and a name, where there is one. It returns the tenant as it was known before.
func (s *SignedIn) Note(id, name string) (before Tenant) {
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

// OneTenant returns a credential whose failures are described, whose tokens learn is told, and that refuses a token of another tenant
// than the first one. In a long run the Azure CLI may be signed in to another tenant meanwhile, and the rest of the run would then
// change the wrong one.
func OneTenant(credential azcore.TokenCredential, tenant *SignedIn, learn func(token string)) azcore.TokenCredential {
	return oneTenantCredential{newDescribedCredential(credential, learn), tenant}
}

type oneTenantCredential struct {
	azcore.TokenCredential
	signedIn *SignedIn
}

func (c oneTenantCredential) GetToken(ctx context.Context, options policy.TokenRequestOptions) (azcore.AccessToken, error) {
	token, err := c.TokenCredential.GetToken(ctx, options)
	if err != nil {
		return token, err
	}
	id := TokenTenant(token.Token)
	if id == "" {
		return token, nil
	}
	if before := c.signedIn.Note(id, ""); before.ID != "" && before.ID != id {
		return azcore.AccessToken{}, &AuthError{
			Failure: AuthOtherTenant,
			Message: fmt.Sprintf("the run began in %s, and the new access token is one of tenant %s", before, id),
		}
	}
	return token, nil
}

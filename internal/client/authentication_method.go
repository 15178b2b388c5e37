package client

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/graph"
)

// AuthenticationMethod is a method that a user has registered.
//
// Source: https://learn.microsoft.com/graph/api/resources/authenticationmethod
type AuthenticationMethod struct {
	ID string `json:"id"`
	// ODataType is the kind: #microsoft.graph.phoneAuthenticationMethod.
	ODataType string `json:"@odata.type"`
}

// mfaMethodTypes are the kinds that count as registered for MFA: a second factor that the user can use on any device.
// A password is the first factor, email serves password reset only, a Temporary Access Pass expires, and Windows Hello
// or a platform credential is bound to one device. A kind that this version does not know does not count, because a
// mistake in that direction refuses a change and a mistake in the other breaks a person's apps.
//
// Source: https://learn.microsoft.com/entra/identity/authentication/concept-authentication-methods
var mfaMethodTypes = map[string]bool{
	"microsoftauthenticatorauthenticationmethod":             true,
	"passwordlessmicrosoftauthenticatorauthenticationmethod": true,
	"phoneauthenticationmethod":                              true,
	"softwareoathauthenticationmethod":                       true,
	"hardwareoathauthenticationmethod":                       true,
	"fido2authenticationmethod":                              true,
}

// CountsForMFA reports whether the method makes its user one who has registered for MFA.
func (m AuthenticationMethod) CountsForMFA() bool {
	return mfaMethodTypes[strings.ToLower(strings.TrimPrefix(m.ODataType, "#microsoft.graph."))]
}

// ListAuthenticationMethods reads the methods that a user has registered. It needs UserAuthenticationMethod.Read.All.
//
// Source: https://learn.microsoft.com/graph/api/authentication-list-methods
func (c *Client) ListAuthenticationMethods(ctx context.Context, user User) ([]AuthenticationMethod, error) {
	return graph.List[AuthenticationMethod](ctx, c.graph, graph.Call{
		Operation:   fmt.Sprintf("list the authentication methods of user %q", user.Name()),
		Permissions: []string{"UserAuthenticationMethod.Read.All", "UserAuthenticationMethod.ReadWrite.All"},
		Method:      http.MethodGet,
		// Beta, as the per-user state itself: Microsoft documents hardware OATH tokens on beta only.
		Version: graph.Beta,
		Path:    UserPath(user.ID) + "/authentication/methods",
		Gather:  true,
	})
}

// IsRegisteredForMFA reports whether a user has registered a method that serves MFA.
func (c *Client) IsRegisteredForMFA(ctx context.Context, user User) (bool, error) {
	methods, err := c.ListAuthenticationMethods(ctx, user)
	if err != nil {
		return false, err
	}
	for _, method := range methods {
		if method.CountsForMFA() {
			return true, nil
		}
	}
	return false, nil
}

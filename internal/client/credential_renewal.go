package client

import (
	"net/http"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
)

// renewing asks the credential once more where Graph does not accept a token and says so without a claims challenge: it
// has expired by Graph's clock and not yet by this machine's. azcore asks ahead of the end that it knows, and answers
// claims challenges by itself.
func renewing(scope string) *policy.BearerTokenOptions {
	return &policy.BearerTokenOptions{AuthorizationHandler: policy.AuthorizationHandler{
		OnChallenge: func(_ *policy.Request, _ *http.Response, authorize func(policy.TokenRequestOptions) error) error {
			return authorize(policy.TokenRequestOptions{Scopes: []string{scope}})
		},
	}}
}

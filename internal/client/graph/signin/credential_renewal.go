package signin

import (
	"context"
	"net/http"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
)

// signInPolicy is azcore's policy for access tokens with two differences.
//
// It asks the credential once more where Graph does not accept a token and says so without a claims challenge: it has
// expired by Graph's clock and not yet by this machine's. azcore asks ahead of the end that it knows, and answers claims
// challenges by itself.
//
// And a request leaves the wait for a token when its context ends. azcore has one request ask for the token; the others wait
// for it without a look at their own contexts (sync.Cond, as of v1.24), as long as the sign-in service takes.
type signInPolicy struct{ bearer *runtime.BearerTokenPolicy }

// NewSignInPolicy makes the policy for access tokens of a credential.
func NewSignInPolicy(credential azcore.TokenCredential, scope string) policy.Policy {
	return signInPolicy{runtime.NewBearerTokenPolicy(credential, []string{scope}, &policy.BearerTokenOptions{
		AuthorizationHandler: policy.AuthorizationHandler{
			OnRequest: func(request *policy.Request, authorize func(policy.TokenRequestOptions) error) error {
				return authorizeWhileWanted(request.Raw().Context(), scope, authorize)
			},
			OnChallenge: func(request *policy.Request, _ *http.Response, authorize func(policy.TokenRequestOptions) error) error {
				return authorizeWhileWanted(request.Raw().Context(), scope, authorize)
			},
		},
	})}
}

// Do hands on a copy of the request: one that has left the wait may still be given its token.
func (p signInPolicy) Do(request *policy.Request) (*http.Response, error) {
	return p.bearer.Do(request.Clone(request.Raw().Context()))
}

func authorizeWhileWanted(ctx context.Context, scope string, authorize func(policy.TokenRequestOptions) error) error {
	done := make(chan error, 1)
	go func() { done <- authorize(policy.TokenRequestOptions{Scopes: []string{scope}}) }()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

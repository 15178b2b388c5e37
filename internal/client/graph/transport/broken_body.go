package transport

import (
	"errors"
	"net/http"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
)

// BrokenBodyPolicy lets an answer whose body breaks off be treated as a connection that breaks: the rule of repetition
// decides. azcore repeats such a request only for some methods, and neither a PATCH, of which each one here may be repeated, nor a
// $batch, which is a POST.
type BrokenBodyPolicy struct{}

// Do sends a request.
func (BrokenBodyPolicy) Do(request *policy.Request) (*http.Response, error) {
	response, err := request.Next()
	var marked interface {
		error
		NonRetriable()
		Unwrap() error
	}
	if err != nil && response != nil && errors.As(err, &marked) {
		// What breaks off for a reason that stays says so itself.
		return response, marked.Unwrap()
	}
	return response, err
}

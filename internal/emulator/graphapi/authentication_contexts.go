package graphapi

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/store"
)

// AuthenticationContext is an authentication context, which apps ask for and policies can be about.
//
// https://learn.microsoft.com/graph/api/resources/authenticationcontextclassreference
type AuthenticationContext struct {
	ID          string `json:"id" doc:"The id, c1 to c99." pattern:"^c[1-9][0-9]?$"`
	DisplayName string `json:"displayName" doc:"The name."`
	Description string `json:"description,omitempty" doc:"What it is for, in at most 1,500 characters."`
	IsAvailable bool   `json:"isAvailable,omitempty" doc:"Whether apps can ask for it. One that is available cannot be deleted."`
}

const maxContextDescription = 1500

var contextID = regexp.MustCompile(`^c[1-9][0-9]?$`)

var authenticationContexts = &store.Collection[AuthenticationContext]{
	ID: func(c AuthenticationContext) string { return c.ID },
}

// https://learn.microsoft.com/graph/api/conditionalaccessroot-list-authenticationcontextclassreferences
// https://learn.microsoft.com/graph/api/authenticationcontextclassreference-update
// https://learn.microsoft.com/graph/api/authenticationcontextclassreference-delete
func init() {
	nameType[AuthenticationContext]("microsoft.graph.authenticationContextClassReference")
	addCollection(conditionalAccess(collection[AuthenticationContext]{
		data: authenticationContexts, one: "authentication context", many: "authentication contexts",
		write:     allOf("Policy.Read.All", "Policy.ReadWrite.ConditionalAccess"),
		validate:  (*AuthenticationContext).validate,
		body:      bodyRules{readOnly: []string{}, nullable: []string{"description"}},
		ownID:     func(c *AuthenticationContext, id string) { c.ID = id },
		removable: removableContext,
		file:      fileOf[AuthenticationContext]{member: "authenticationContexts"},
	}, "authenticationContextClassReferences"))
}

func (c *AuthenticationContext) validate() error {
	var problems []error
	if !contextID.MatchString(c.ID) {
		problems = append(problems, fmt.Errorf("id: %q is not one of c1 to c99", c.ID))
	}
	if strings.TrimSpace(c.DisplayName) == "" {
		problems = append(problems, errors.New("displayName: must not be empty"))
	}
	if length := len([]rune(c.Description)); length > maxContextDescription {
		problems = append(problems, fmt.Errorf("description: %d characters; there can be %d", length, maxContextDescription))
	}
	return errors.Join(problems...)
}

// removableContext refuses to delete a context that apps can ask for, or that a policy is about. That the service refuses it has
// been observed; how it does so is not documented.
func removableContext(tx *store.Tx, record *store.Record[AuthenticationContext]) *refusal {
	context := record.Value()
	if context.IsAvailable {
		return badRequest("The authentication context '" + context.ID + "' is available. Set isAvailable to false first.")
	}
	for _, policy := range accessPolicies.Values(tx, false) {
		if namesContext(policy, context.ID) {
			return badRequest("The authentication context is referenced by the conditional access policy '" + policy.DisplayName +
				"' (" + policy.ID + ") and cannot be deleted.")
		}
	}
	return nil
}

func namesContext(policy control.ConditionalAccessPolicy, id string) bool {
	return policy.Conditions.Applications != nil &&
		slices.Contains(policy.Conditions.Applications.IncludeAuthenticationContextClassReferences, id)
}

package graphapi

import (
	"slices"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/store"
)

// AuthenticationContext is an authentication context, which apps ask for and policies can be about.
//
// https://learn.microsoft.com/graph/api/resources/authenticationcontextclassreference
type AuthenticationContext struct {
	ID          string `json:"id" doc:"The id, c1 to c99." pattern:"^c[1-9][0-9]?$"`
	DisplayName string `json:"displayName" doc:"The name." least:"1"`
	Description string `json:"description,omitempty" doc:"What it is for, in at most 1,500 characters." most:"1500"`
	IsAvailable bool   `json:"isAvailable,omitempty" doc:"Whether apps can ask for it. One that is available cannot be deleted."`
}

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
		body:      bodyRules{readOnly: []string{}, nullable: []string{"description"}},
		ownID:     func(c *AuthenticationContext, id string) { c.ID = id },
		removable: removableContext,
		file:      fileOf[AuthenticationContext]{member: "authenticationContexts"},
	}, "authenticationContextClassReferences"))
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

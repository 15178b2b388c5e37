package client

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/conditionalaccess"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/graph"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/redact"
)

// ConditionalAccessPolicy is a Conditional Access policy.
type ConditionalAccessPolicy = conditionalaccess.Policy

// AllTrusted stands for all trusted locations in a policy.
const AllTrusted = conditionalaccess.AllTrusted

// permissionWritePolicy is what writes of policies need, all of it.
//
// Source: https://learn.microsoft.com/graph/api/conditionalaccessroot-post-policies
const permissionWritePolicy = "Policy.ReadWrite.ConditionalAccess (with Policy.Read.All and Application.Read.All)"

const accessPoliciesPath = "/identity/conditionalAccess/policies"

func accessPolicyPath(id string) string { return accessPoliciesPath + "/" + url.PathEscape(id) }

// allMembers asks the service to name members of enums that are newer than the client's schema, such as riskRemediation.
//
// Source: https://learn.microsoft.com/graph/best-practices-concept#handling-future-members-in-evolvable-enumerations
func allMembers() http.Header { return http.Header{"Prefer": {"include-unknown-enum-members"}} }

// ListConditionalAccessPolicies reads all Conditional Access policies, every page. It needs Policy.Read.All.
//
// Source: https://learn.microsoft.com/graph/api/conditionalaccessroot-list-policies
func (c *Client) ListConditionalAccessPolicies(ctx context.Context) ([]ConditionalAccessPolicy, error) {
	policies, err := graph.List[ConditionalAccessPolicy](ctx, c.graph, graph.Call{
		Operation:   "list the Conditional Access policies",
		Permissions: []string{permissionReadState},
		Method:      http.MethodGet,
		Version:     graph.V1,
		Path:        accessPoliciesPath,
		Query:       wholeList(),
		Header:      allMembers(),
	})
	ids := make([]string, len(policies))
	for i, policy := range policies {
		ids[i] = policy.ID
	}
	c.seenPolicies.Listed(ids)
	return policies, err
}

// GetConditionalAccessPolicy reads a policy once. IsNotFound is true of the error where there is none, and where a replica does not know it
// yet.
//
// Source: https://learn.microsoft.com/graph/api/conditionalaccesspolicy-get
func (c *Client) GetConditionalAccessPolicy(ctx context.Context, id string) (ConditionalAccessPolicy, error) {
	var found ConditionalAccessPolicy
	operation := "read Conditional Access policy " + id
	err := c.graph.Send(ctx, graph.Call{
		Operation:   operation,
		Permissions: []string{permissionReadState},
		Method:      http.MethodGet,
		Version:     graph.V1,
		Path:        accessPolicyPath(id),
		Header:      allMembers(),
	}, &found)
	if err == nil && found.ID == "" {
		err = &graph.Error{Operation: operation, Status: http.StatusOK, Message: "the answer names no id"}
	}
	return found, err
}

// CreateConditionalAccessPolicy makes a policy and returns it as the service says that it has stored it, as soon as it has accepted it and
// before any replica shows it. A request whose answer was lost is looked for by what it would have made. A policy that names a location, an
// authentication strength or another object that the service does not know yet is sent again for a while.
//
// Source: https://learn.microsoft.com/graph/api/conditionalaccessroot-post-policies
func (c *Client) CreateConditionalAccessPolicy(ctx context.Context, wanted ConditionalAccessPolicy) (ConditionalAccessPolicy, graph.Acceptance, error) {
	name := "Conditional Access policy " + redact.NameInQuotes(wanted.DisplayName)
	creation := graph.Call{
		Operation:   "create " + name,
		Permissions: []string{permissionWritePolicy},
		Method:      http.MethodPost,
		Version:     graph.V1,
		Path:        accessPoliciesPath,
		Header:      allMembers(),
		Body:        wanted.CreateBody(),
		Creates:     true,
	}
	var made ConditionalAccessPolicy
	var accepted graph.Acceptance
	err := c.untilReferencesKnown(ctx, wanted, func() (err error) {
		made, accepted, err = graph.CreateOnce(ctx, c.graph, graph.Creation[ConditionalAccessPolicy]{
			Name: name,
			Post: func(ctx context.Context) (ConditionalAccessPolicy, graph.Acceptance, error) {
				var made ConditionalAccessPolicy
				accepted, err := c.graph.Write(ctx, creation, &made)
				if err == nil && made.ID == "" {
					err = &graph.Error{Operation: creation.Operation, Status: http.StatusCreated, Message: "the answer names no id"}
				}
				return made, accepted, err
			},
			List:  c.ListConditionalAccessPolicies,
			Seen:  &c.seenPolicies,
			Shows: func(policy ConditionalAccessPolicy) bool { return policy.Shows(wanted) },
		})
		return err
	})
	return made, accepted, err
}

// UpdateConditionalAccessPolicy makes a policy what is wanted, over what it was read as last. It returns when the service has accepted that,
// before any replica shows it. Properties of a preview are carried over, so that it does not matter how deep the service merges. Where the
// service refuses them, they are left out: by Microsoft's examples the service keeps what a request does not name.
//
// Source: https://learn.microsoft.com/graph/api/conditionalaccesspolicy-update
func (c *Client) UpdateConditionalAccessPolicy(ctx context.Context, current, wanted ConditionalAccessPolicy) (graph.Acceptance, error) {
	accepted, err := c.updatePolicy(ctx, current, wanted)
	var refused *graph.Error
	if errors.As(err, &refused) && (refused.Number() == previewFeature || refused.Number() == unknownSchema) && current.HasUnknown() {
		return c.updatePolicy(ctx, current.WithoutUnknown(), wanted)
	}
	return accepted, err
}

// The numbers with which the service refuses a property of a preview, and one that it does not know.
const (
	previewFeature = "1038"
	unknownSchema  = "1007"
)

func (c *Client) updatePolicy(ctx context.Context, current, wanted ConditionalAccessPolicy) (accepted graph.Acceptance, err error) {
	call := graph.Call{
		Operation:   describeChange("change", wanted),
		Permissions: []string{permissionWritePolicy},
		Method:      http.MethodPatch,
		Version:     graph.V1,
		Path:        accessPolicyPath(wanted.ID),
		Header:      allMembers(),
		Body:        wanted.UpdateBody(current),
	}
	err = c.untilReferencesKnown(ctx, wanted, func() error {
		return c.graph.UntilKnown(ctx, c.graph.Consistency().Missing, func() (err error) {
			accepted, err = c.graph.Write(ctx, call, nil)
			return err
		})
	})
	return accepted, err
}

// SetConditionalAccessPolicyState changes the state of a policy and nothing else.
//
// Source: https://learn.microsoft.com/graph/api/conditionalaccesspolicy-update
func (c *Client) SetConditionalAccessPolicyState(ctx context.Context, policy ConditionalAccessPolicy, state conditionalaccess.State) (accepted graph.Acceptance, err error) {
	call := graph.Call{
		Operation:   describeChange("change the state of", policy),
		Permissions: []string{permissionWritePolicy},
		Method:      http.MethodPatch,
		Version:     graph.V1,
		Path:        accessPolicyPath(policy.ID),
		Body:        map[string]any{"state": state},
	}
	err = c.graph.UntilKnown(ctx, c.graph.Consistency().Missing, func() (err error) {
		accepted, err = c.graph.Write(ctx, call, nil)
		return err
	})
	return accepted, err
}

// DeleteConditionalAccessPolicy deletes a policy. The service keeps it for 30 days. That it is gone already is no error.
//
// Source: https://learn.microsoft.com/graph/api/conditionalaccesspolicy-delete
func (c *Client) DeleteConditionalAccessPolicy(ctx context.Context, policy ConditionalAccessPolicy) error {
	return c.graph.Until(ctx, c.graph.Consistency().NewObject, func() (bool, error) {
		err := c.graph.Send(ctx, graph.Call{
			Operation:   describeChange("delete", policy),
			Permissions: []string{permissionWritePolicy},
			Method:      http.MethodDelete,
			Version:     graph.V1,
			Path:        accessPolicyPath(policy.ID),
		}, nil)
		if !graph.IsNotFound(err) {
			return true, err
		}
		gone, goneErr := c.ConditionalAccessPolicyGone(ctx, policy.ID)
		if gone || goneErr != nil {
			return true, goneErr
		}
		return false, err
	})
}

// ConditionalAccessPolicyGone reports whether a policy does not exist any more: Graph's own 404, and one that lasts.
func (c *Client) ConditionalAccessPolicyGone(ctx context.Context, id string) (bool, error) {
	err := c.graph.UntilKnown(ctx, c.graph.Consistency().Missing, func() error {
		_, err := c.GetConditionalAccessPolicy(ctx, id)
		return err
	})
	if graph.IsNotFound(err) {
		return true, nil
	}
	return false, err
}

func describeChange(verb string, policy ConditionalAccessPolicy) string {
	return fmt.Sprintf("%s Conditional Access policy %s (id %s)", verb, redact.NameInQuotes(policy.DisplayName), policy.ID)
}

// unknownLocation is the number with which the service refuses a named location that it does not know.
const unknownLocation = "1040"

// untilReferencesKnown repeats a write that the service refuses because it does not know an object that the policy names: one that was made a
// moment ago may not be known everywhere. Only the number for a location was observed; of other objects, the refusal that names the id counts.
func (c *Client) untilReferencesKnown(ctx context.Context, policy ConditionalAccessPolicy, write func() error) error {
	named := policy.References()
	return c.graph.Until(ctx, c.graph.Consistency().Timeout, func() (bool, error) {
		err := write()
		var refused *graph.Error
		if !errors.As(err, &refused) || refused.Status != http.StatusBadRequest {
			return true, err
		}
		text := strings.ToLower(refused.Message)
		known := refused.Number() != unknownLocation
		for _, object := range named {
			known = known && !strings.Contains(text, object.ID)
		}
		return known, err
	})
}

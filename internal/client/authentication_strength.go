package client

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/conditionalaccess"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/graph"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/redact"
)

// AuthenticationStrength is an authentication strength.
type AuthenticationStrength = conditionalaccess.Strength

// AuthenticationStrengths is what one run knows of the tenant's authentication strengths, the built-in ones included.
type AuthenticationStrengths = graph.Collection[AuthenticationStrength]

// ExpectedStrength is what a read of a strength expects to find.
type ExpectedStrength = graph.Expectation[AuthenticationStrength]

const (
	strengthsPath          = "/policies/authenticationStrengthPolicies"
	permissionReadStrength = "Policy.Read.All"
)

// permissionsWriteStrength are the permissions of which a write needs one.
//
// Source: https://learn.microsoft.com/graph/api/authenticationstrengthroot-post-policies
var permissionsWriteStrength = []string{"Policy.ReadWrite.ConditionalAccess", "Policy.ReadWrite.AuthenticationMethod"}

func strengthPath(id string) string { return strengthsPath + "/" + url.PathEscape(id) }

// NewAuthenticationStrengths makes the collection of a run, which reads nothing yet.
func (c *Client) NewAuthenticationStrengths() *AuthenticationStrengths {
	return graph.NewCollection(c.graph, graph.Source[AuthenticationStrength]{
		Name: "authentication strengths", List: c.ListAuthenticationStrengths, Get: c.GetAuthenticationStrength,
	})
}

// ListAuthenticationStrengths reads all authentication strengths, the built-in ones included. It needs Policy.Read.All.
//
// Source: https://learn.microsoft.com/graph/api/authenticationstrengthroot-list-policies
func (c *Client) ListAuthenticationStrengths(ctx context.Context) ([]AuthenticationStrength, error) {
	strengths, err := graph.List[AuthenticationStrength](ctx, c.graph, graph.Call{
		Operation:   "list the authentication strengths",
		Permissions: []string{permissionReadStrength},
		Method:      http.MethodGet,
		Version:     graph.V1,
		Path:        strengthsPath,
		Header:      allMembers(),
	})
	ids := make([]string, len(strengths))
	for i, strength := range strengths {
		ids[i] = strength.ID
	}
	c.seenStrengths.Listed(ids)
	return strengths, err
}

// GetAuthenticationStrength reads a strength once. IsNotFound is true of the error where there is none, and where a replica does not know it
// yet.
//
// Source: https://learn.microsoft.com/graph/api/authenticationstrengthpolicy-get
func (c *Client) GetAuthenticationStrength(ctx context.Context, id string) (AuthenticationStrength, error) {
	var found AuthenticationStrength
	operation := "read authentication strength " + id
	err := c.graph.Send(ctx, graph.Call{
		Operation:   operation,
		Permissions: []string{permissionReadStrength},
		Method:      http.MethodGet,
		Version:     graph.V1,
		Path:        strengthPath(id),
		Header:      allMembers(),
	}, &found)
	if err == nil && found.ID == "" {
		err = &graph.Error{Operation: operation, Status: http.StatusOK, Message: "the answer names no id"}
	}
	return found, err
}

// ListStrengthCombinations reads the combinations that a strength can allow, as the service spells them. It needs Policy.Read.All.
//
// Source: https://learn.microsoft.com/graph/api/authenticationstrengthroot-list-combinations
func (c *Client) ListStrengthCombinations(ctx context.Context) ([]string, error) {
	return graph.List[string](ctx, c.graph, graph.Call{
		Operation:   "list the combinations of authentication methods",
		Permissions: []string{permissionReadStrength},
		Method:      http.MethodGet,
		Version:     graph.V1,
		Path:        "/identity/conditionalAccess/authenticationStrength/combinations",
		Header:      allMembers(),
	})
}

// ReadSatisfied reads what a strength satisfies, once it shows what was written; empty where it does not within the bounds of consistency.
func (c *Client) ReadSatisfied(ctx context.Context, written AuthenticationStrength) (satisfied string, err error) {
	err = c.graph.Until(ctx, c.graph.Consistency().Timeout, func() (bool, error) {
		found, err := c.GetAuthenticationStrength(ctx, written.ID)
		if err == nil && found.Shows(written) {
			satisfied = found.RequirementsSatisfied
			return true, nil
		}
		return err != nil && !graph.IsNotFound(err), err
	})
	return satisfied, err
}

// strengthBody is what a creation says of a strength.
type strengthBody struct {
	DisplayName         string                                    `json:"displayName"`
	Description         string                                    `json:"description"`
	AllowedCombinations []string                                  `json:"allowedCombinations"`
	Configurations      []conditionalaccess.StrengthConfiguration `json:"combinationConfigurations,omitempty"`
}

// CreateAuthenticationStrength makes a custom strength with its configurations, and returns it as soon as the service has accepted it. A
// request whose answer was lost is looked for by what it would have made.
//
// Source: https://learn.microsoft.com/graph/api/authenticationstrengthroot-post-policies
func (c *Client) CreateAuthenticationStrength(ctx context.Context, wanted AuthenticationStrength) (AuthenticationStrength, graph.Acceptance, error) {
	name := "authentication strength " + redact.NameInQuotes(wanted.DisplayName)
	creation := graph.Call{
		Operation:   "create " + name,
		Permissions: permissionsWriteStrength,
		Method:      http.MethodPost,
		Version:     graph.V1,
		Path:        strengthsPath,
		Header:      allMembers(),
		Body:        strengthBody{wanted.DisplayName, wanted.Description, wanted.AllowedCombinations, wanted.Configurations},
		Creates:     true,
	}
	return graph.CreateOnce(ctx, c.graph, graph.Creation[AuthenticationStrength]{
		Name: name,
		Post: func(ctx context.Context) (AuthenticationStrength, graph.Acceptance, error) {
			var made AuthenticationStrength
			accepted, err := c.graph.Write(ctx, creation, &made)
			if err == nil && made.ID == "" {
				err = &graph.Error{Operation: creation.Operation, Status: http.StatusCreated, Message: "the answer names no id"}
			}
			return made, accepted, err
		},
		List:  c.ListAuthenticationStrengths,
		Seen:  &c.seenStrengths,
		Shows: func(strength AuthenticationStrength) bool { return strength.Shows(wanted) },
	})
}

// UpdatedStrength is what became of an update of a strength.
type UpdatedStrength struct {
	// Reached is the strength with what was written of it, after an error as well.
	Reached AuthenticationStrength
	// Accepted is the last write.
	Accepted graph.Acceptance
	// Note is what the service says about policies that ask for the strength; empty where it says nothing.
	Note string
}

// UpdateAuthenticationStrength makes a strength what is wanted, over what it was read as last: name and description, combinations and each
// configuration have requests of their own, of which those are sent that change something. The combinations are written between the
// configurations that are taken away and those that are added, because a configuration is about combinations. IsNotFound is true of the error
// where the strength is gone, or a configuration that was to be changed.
//
// Sources: https://learn.microsoft.com/graph/api/authenticationstrengthpolicy-update,
// https://learn.microsoft.com/graph/api/authenticationstrengthpolicy-updateallowedcombinations,
// https://learn.microsoft.com/graph/api/authenticationcombinationconfiguration-update
func (c *Client) UpdateAuthenticationStrength(ctx context.Context, current, wanted AuthenticationStrength) (result UpdatedStrength, err error) {
	result.Reached = current
	reached := &result.Reached
	name := fmt.Sprintf("authentication strength %s (id %s)", redact.NameInQuotes(wanted.DisplayName), wanted.ID)
	path := strengthPath(wanted.ID)
	configurations := path + "/combinationConfigurations"
	updated, removed, added := current.ChangedConfigurations(wanted)
	write := func(ctx context.Context, method, path, operation string, body, answer any, creates bool) {
		if err != nil {
			return
		}
		// The strength may have been made a moment ago.
		err = c.graph.UntilKnown(ctx, c.graph.Consistency().NewObject, func() error {
			accepted, err := c.graph.Write(ctx, graph.Call{
				Operation: operation, Permissions: permissionsWriteStrength, Method: method, Version: graph.V1, Path: path, Header: allMembers(), Body: body, Creates: creates,
			}, answer)
			if err == nil {
				result.Accepted = accepted
			}
			return err
		})
	}
	without := func(old conditionalaccess.StrengthConfiguration) []conditionalaccess.StrengthConfiguration {
		return slices.DeleteFunc(slices.Clone(reached.Configurations), func(c conditionalaccess.StrengthConfiguration) bool { return c.ID == old.ID })
	}
	if current.DisplayName != wanted.DisplayName || current.Description != wanted.Description {
		write(ctx, http.MethodPatch, path, "change "+name, map[string]string{"displayName": wanted.DisplayName, "description": wanted.Description}, nil, false)
		if err == nil {
			reached.DisplayName, reached.Description = wanted.DisplayName, wanted.Description
		}
	}
	for _, next := range updated {
		body := next
		body.ID = ""
		write(ctx, http.MethodPatch, configurations+"/"+url.PathEscape(next.ID), "change a configuration of "+name, body, nil, false)
		if err == nil {
			reached.Configurations = append(without(next), next)
		}
	}
	for _, old := range removed {
		write(ctx, http.MethodDelete, configurations+"/"+url.PathEscape(old.ID), "remove a configuration of "+name, nil, nil, false)
		if graph.IsNotFound(err) {
			// Somebody has removed it, or the strength.
			_, err = c.GetAuthenticationStrength(ctx, wanted.ID)
		}
		if err == nil {
			reached.Configurations = without(old)
		}
	}
	if !conditionalaccess.SameCombinations(current.AllowedCombinations, wanted.AllowedCombinations) {
		var answer struct {
			Note string `json:"additionalInformation"`
		}
		write(ctx, http.MethodPost, path+"/updateAllowedCombinations", "change the combinations of "+name, map[string][]string{"allowedCombinations": wanted.AllowedCombinations}, &answer, false)
		if err == nil {
			reached.AllowedCombinations, result.Note = wanted.AllowedCombinations, redact.ForeignText(answer.Note)
		}
	}
	for _, next := range added {
		const tries = 3
		for try := 1; err == nil; try++ {
			write(c.graph.Once(ctx), http.MethodPost, configurations, "add a configuration to "+name, next, nil, true)
			if err == nil || !graph.Uncertain(err) || try == tries || ctx.Err() != nil {
				break
			}
			// The answer was lost: a second one of the same is not wanted.
			lost := err
			if err = c.findConfiguration(ctx, wanted.ID, next); err == nil {
				break
			}
			if err = nil; ctx.Err() != nil {
				err = lost
			}
		}
		if err == nil {
			reached.Configurations = append(reached.Configurations, next)
		}
	}
	return result, err
}

// findConfiguration looks for a configuration that a request whose answer was lost may have made. It fails where there is none.
func (c *Client) findConfiguration(ctx context.Context, id string, wanted conditionalaccess.StrengthConfiguration) error {
	return c.graph.Until(ctx, c.graph.Consistency().NewObject, func() (bool, error) {
		found, err := c.GetAuthenticationStrength(ctx, id)
		if err == nil && !slices.ContainsFunc(found.Configurations, wanted.Same) {
			err = fmt.Errorf("the configuration is not there")
		}
		return err == nil, err
	})
}

// DeleteAuthenticationStrength deletes a custom strength. That it is gone already is no error. The service refuses to delete one that a policy
// uses; used says whether one does as far as is known. Where none does, the request is repeated for a while: the service may not know yet that
// the last policy is gone.
//
// Source: https://learn.microsoft.com/graph/api/authenticationstrengthpolicy-delete
func (c *Client) DeleteAuthenticationStrength(ctx context.Context, strength AuthenticationStrength, used func() bool) error {
	return c.graph.Until(ctx, c.graph.Consistency().NewObject, func() (bool, error) {
		err := c.graph.Send(ctx, graph.Call{
			Operation:   fmt.Sprintf("delete authentication strength %s (id %s)", redact.NameInQuotes(strength.DisplayName), strength.ID),
			Permissions: permissionsWriteStrength,
			Method:      http.MethodDelete,
			Version:     graph.V1,
			Path:        strengthPath(strength.ID),
		}, nil)
		if !graph.IsNotFound(err) {
			return !graph.HasStatus(err, http.StatusBadRequest) || used(), err
		}
		goneErr := c.graph.UntilKnown(ctx, c.graph.Consistency().Missing, func() error {
			_, err := c.GetAuthenticationStrength(ctx, strength.ID)
			return err
		})
		switch {
		case graph.IsNotFound(goneErr):
			return true, nil
		case goneErr != nil:
			return true, goneErr
		}
		return false, err
	})
}

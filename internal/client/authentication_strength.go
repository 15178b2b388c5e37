package client

import (
	"context"
	"fmt"
	"net/http"
	"net/url"

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

// UpdateAuthenticationStrength makes a strength what is wanted, over what it was read as last: name and description, combinations and each
// configuration have requests of their own, of which those are sent that change something. The combinations are written between the
// configurations that are taken away and those that are added, because a configuration is about combinations. note is what the service says
// about policies that use the strength; empty where it says nothing. After an error, a part of the requests may have been carried out.
//
// Sources: https://learn.microsoft.com/graph/api/authenticationstrengthpolicy-update,
// https://learn.microsoft.com/graph/api/authenticationstrengthpolicy-updateallowedcombinations,
// https://learn.microsoft.com/graph/api/authenticationcombinationconfiguration-update
func (c *Client) UpdateAuthenticationStrength(ctx context.Context, current, wanted AuthenticationStrength) (accepted graph.Acceptance, note string, err error) {
	name := fmt.Sprintf("authentication strength %s (id %s)", redact.NameInQuotes(wanted.DisplayName), wanted.ID)
	path := strengthPath(wanted.ID)
	write := func(method, path, operation string, body, answer any) {
		if err != nil {
			return
		}
		err = c.graph.UntilKnown(ctx, c.graph.Consistency().Missing, func() (err error) {
			accepted, err = c.graph.Write(ctx, graph.Call{
				Operation: operation, Permissions: permissionsWriteStrength, Method: method, Version: graph.V1, Path: path, Header: allMembers(), Body: body,
			}, answer)
			return err
		})
	}
	updated, removed, added := current.ChangedConfigurations(wanted)
	configurations := path + "/combinationConfigurations"
	if current.DisplayName != wanted.DisplayName || current.Description != wanted.Description {
		write(http.MethodPatch, path, "change "+name, map[string]string{"displayName": wanted.DisplayName, "description": wanted.Description}, nil)
	}
	for _, next := range updated {
		id := next.ID
		next.ID = ""
		write(http.MethodPatch, configurations+"/"+url.PathEscape(id), "change a configuration of "+name, next, nil)
	}
	for _, old := range removed {
		write(http.MethodDelete, configurations+"/"+url.PathEscape(old.ID), "remove a configuration of "+name, nil, nil)
	}
	if !conditionalaccess.SameCombinations(current.AllowedCombinations, wanted.AllowedCombinations) {
		var answer struct {
			Note string `json:"additionalInformation"`
		}
		write(http.MethodPost, path+"/updateAllowedCombinations", "change the combinations of "+name, map[string][]string{"allowedCombinations": wanted.AllowedCombinations}, &answer)
		note = redact.ForeignText(answer.Note)
	}
	for _, next := range added {
		write(http.MethodPost, configurations, "add a configuration to "+name, next, nil)
	}
	return accepted, note, err
}

// DeleteAuthenticationStrength deletes a custom strength. That it is gone already is no error. The service refuses to delete one that a policy
// uses; used says whether one does as far as is known. Where none does, the request is repeated for a while: the service may not know yet that
// the last policy is gone.
//
// Source: https://learn.microsoft.com/graph/api/authenticationstrengthpolicy-delete
func (c *Client) DeleteAuthenticationStrength(ctx context.Context, strength AuthenticationStrength, used func() bool) error {
	err := c.graph.Until(ctx, c.graph.Consistency().NewObject, func() (bool, error) {
		err := c.graph.Send(ctx, graph.Call{
			Operation:   fmt.Sprintf("delete authentication strength %s (id %s)", redact.NameInQuotes(strength.DisplayName), strength.ID),
			Permissions: permissionsWriteStrength,
			Method:      http.MethodDelete,
			Version:     graph.V1,
			Path:        strengthPath(strength.ID),
		}, nil)
		return !graph.HasStatus(err, http.StatusBadRequest) || used(), err
	})
	if !graph.IsNotFound(err) {
		return err
	}
	err = c.graph.UntilKnown(ctx, c.graph.Consistency().Missing, func() error {
		_, err := c.GetAuthenticationStrength(ctx, strength.ID)
		return err
	})
	if graph.IsNotFound(err) {
		return nil
	}
	if err == nil {
		err = fmt.Errorf("authentication strength %s was not found by its deletion, and is there", strength.ID)
	}
	return err
}

package client

import (
	"context"
	"net/http"
	"net/url"
	"slices"

	policyscope "github.com/mfa-as-code/terraform-provider-entramfa/internal/client/scope"
)

// MFAPolicy is a Conditional Access policy that is in force and asks for MFA, under whichever conditions.
type MFAPolicy struct {
	ID, DisplayName  string
	Include, Exclude policyscope.Scope
}

// policyUsers is whom a Conditional Access policy is about.
//
// Source: https://learn.microsoft.com/graph/api/resources/conditionalaccessusers
type policyUsers struct {
	IncludeUsers  []string `json:"includeUsers"`
	ExcludeUsers  []string `json:"excludeUsers"`
	IncludeGroups []string `json:"includeGroups"`
	ExcludeGroups []string `json:"excludeGroups"`
	IncludeRoles  []string `json:"includeRoles"`
	ExcludeRoles  []string `json:"excludeRoles"`
	IncludeGuests any      `json:"includeGuestsOrExternalUsers"`
	ExcludeGuests any      `json:"excludeGuestsOrExternalUsers"`
}

// Names that stand for many users in a Conditional Access policy.
const (
	policyAllUsers = "All"
	policyGuests   = "GuestsOrExternalUsers"
)

func policyScope(users, groups, roles []string, guests any) policyscope.Scope {
	return policyscope.Scope{
		Everybody: slices.Contains(users, policyAllUsers), Users: users, Groups: groups, Roles: roles,
		Guests: guests != nil || slices.Contains(users, policyGuests),
	}
}

// ListMFAPolicies reads the Conditional Access policies and returns those that are enabled and grant access by MFA or by an
// authentication strength, alone or among other controls. It needs Policy.Read.All.
//
// Source: https://learn.microsoft.com/graph/api/conditionalaccessroot-list-policies
func (c *Client) ListMFAPolicies(ctx context.Context) ([]MFAPolicy, error) {
	type policy struct {
		ID          string `json:"id"`
		DisplayName string `json:"displayName"`
		State       string `json:"state"`
		Conditions  struct {
			Users *policyUsers `json:"users"`
		} `json:"conditions"`
		GrantControls *struct {
			BuiltInControls        []string `json:"builtInControls"`
			AuthenticationStrength any      `json:"authenticationStrength"`
		} `json:"grantControls"`
	}
	policies, err := list[policy](ctx, c, call{
		operation:   "list the Conditional Access policies",
		permissions: []string{permissionReadState},
		method:      http.MethodGet,
		version:     v1,
		path:        "/identity/conditionalAccess/policies",
		query:       url.Values{"$top": wholeList()["$top"]},
	})
	if err != nil {
		return nil, err
	}
	var asking []MFAPolicy
	for _, p := range policies {
		grant, users := p.GrantControls, p.Conditions.Users
		if p.State != "enabled" || users == nil || grant == nil || !slices.Contains(grant.BuiltInControls, "mfa") && grant.AuthenticationStrength == nil {
			continue
		}
		asking = append(asking, MFAPolicy{
			ID: p.ID, DisplayName: p.DisplayName,
			Include: policyScope(users.IncludeUsers, users.IncludeGroups, users.IncludeRoles, users.IncludeGuests),
			Exclude: policyScope(users.ExcludeUsers, users.ExcludeGroups, users.ExcludeRoles, users.ExcludeGuests),
		})
	}
	return asking, nil
}

package client

import (
	"context"
	"net/http"
	"net/url"
	"slices"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/graph"
	policyscope "github.com/mfa-as-code/terraform-provider-entramfa/internal/client/scope"
)

// ConditionalAccessPolicy is what this client knows of a Conditional Access policy: which locations and users it is about, and whether
// it asks for MFA.
//
// Source: https://learn.microsoft.com/graph/api/resources/conditionalaccesspolicy
type ConditionalAccessPolicy struct {
	ID          string `json:"id"`
	DisplayName string `json:"displayName"`
	// State is enabled, disabled or enabledForReportingButNotEnforced.
	State      string `json:"state"`
	Conditions struct {
		Locations *struct {
			Include []string `json:"includeLocations"`
			Exclude []string `json:"excludeLocations"`
		} `json:"locations"`
		Users *policyUsers `json:"users"`
	} `json:"conditions"`
	GrantControls *struct {
		BuiltInControls        []string `json:"builtInControls"`
		AuthenticationStrength any      `json:"authenticationStrength"`
	} `json:"grantControls"`
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

// AsksForMFA reports whether the policy is enabled and grants access by MFA or by an authentication strength, alone or among other
// controls.
func (p ConditionalAccessPolicy) AsksForMFA() bool {
	grant := p.GrantControls
	return p.State == "enabled" && grant != nil && (slices.Contains(grant.BuiltInControls, "mfa") || grant.AuthenticationStrength != nil)
}

// Users are the include and the exclude of the policy. Of a policy that is about workload identities both are empty.
func (p ConditionalAccessPolicy) Users() (include, exclude policyscope.Scope) {
	users := p.Conditions.Users
	if users == nil {
		return policyscope.Scope{}, policyscope.Scope{}
	}
	return policyScope(users.IncludeUsers, users.IncludeGroups, users.IncludeRoles, users.IncludeGuests),
		policyScope(users.ExcludeUsers, users.ExcludeGroups, users.ExcludeRoles, users.ExcludeGuests)
}

func policyScope(users, groups, roles []string, guests any) policyscope.Scope {
	return policyscope.Scope{
		Everybody: slices.Contains(users, policyAllUsers), Users: users, Groups: groups, Roles: roles,
		Guests: guests != nil || slices.Contains(users, policyGuests),
	}
}

// AllTrusted stands for all trusted locations in a policy.
const AllTrusted = "AllTrusted"

// RefersTo reports whether the policy names a location by its id.
func (p ConditionalAccessPolicy) RefersTo(id string) bool { return p.Includes(id) || p.Excludes(id) }

// RefersToAllTrusted reports whether the policy is about all trusted locations.
func (p ConditionalAccessPolicy) RefersToAllTrusted() bool { return p.RefersTo(AllTrusted) }

// Includes reports whether the policy is for sign-ins from a location, by its id or as AllTrusted.
func (p ConditionalAccessPolicy) Includes(location string) bool {
	return p.Conditions.Locations != nil && containsFold(p.Conditions.Locations.Include, location)
}

// Excludes reports whether the policy leaves out sign-ins from a location, by its id or as AllTrusted.
func (p ConditionalAccessPolicy) Excludes(location string) bool {
	return p.Conditions.Locations != nil && containsFold(p.Conditions.Locations.Exclude, location)
}

// ListConditionalAccessPolicies reads all Conditional Access policies, every page. It needs Policy.Read.All.
//
// Source: https://learn.microsoft.com/graph/api/conditionalaccessroot-list-policies
func (c *Client) ListConditionalAccessPolicies(ctx context.Context) ([]ConditionalAccessPolicy, error) {
	return graph.List[ConditionalAccessPolicy](ctx, c.graph, graph.Call{
		Operation:   "list the Conditional Access policies",
		Permissions: []string{permissionReadState},
		Method:      http.MethodGet,
		Version:     graph.V1,
		Path:        "/identity/conditionalAccess/policies",
		Query:       url.Values{"$select": {"id,displayName,state,conditions,grantControls"}, "$top": wholeList()["$top"]},
	})
}

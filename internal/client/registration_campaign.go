package client

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"sort"
	"strings"
)

// Campaign states, as Graph has them.
const (
	CampaignEnabled          = "enabled"
	CampaignDisabled         = "disabled"
	CampaignMicrosoftManaged = "default"
)

// AllUsers is the id by which a campaign targets everybody.
const AllUsers = "all_users"

// CampaignTarget is a user or a group in a campaign's scope.
//
// Source: https://learn.microsoft.com/graph/api/resources/authenticationmethodsregistrationcampaignincludetarget
type CampaignTarget struct {
	// ID is a GUID, or AllUsers with TargetType "group".
	ID string `json:"id"`
	// TargetType is "user" or "group".
	TargetType string `json:"targetType"`
	// AuthenticationMethod is what included users are asked to register; empty for excluded ones. Compared without case.
	AuthenticationMethod string `json:"targetedAuthenticationMethod,omitempty"`
}

// RegistrationCampaign asks people to register an authentication method when they sign in.
//
// Source: https://learn.microsoft.com/graph/api/resources/authenticationmethodsregistrationcampaign
type RegistrationCampaign struct {
	// State is CampaignEnabled, CampaignDisabled, CampaignMicrosoftManaged, or one that this version does not know.
	State string `json:"state"`
	// SnoozeDays is after how many days a person who put it off is asked again, 0 to 14; 0 is at every sign-in with MFA.
	SnoozeDays int32 `json:"snoozeDurationInDays"`
	// RequireAfterSnoozes says that after three times nobody may put it off any more. Nil where Graph does not say.
	RequireAfterSnoozes *bool            `json:"enforceRegistrationAfterAllowedSnoozes,omitempty"`
	Include             []CampaignTarget `json:"includeTargets"`
	Exclude             []CampaignTarget `json:"excludeTargets"`
}

// AuthenticationMethod is the one method that the campaign is about, or empty where it includes nobody. The service has
// one for the whole tenant.
func (r RegistrationCampaign) AuthenticationMethod() string {
	for _, target := range r.Include {
		if target.AuthenticationMethod != "" {
			return target.AuthenticationMethod
		}
	}
	return ""
}

// Equal compares what a campaign says: targets in any order, methods without case. What Microsoft manages in the state
// CampaignMicrosoftManaged does not count, and a limit that either side does not know neither.
func (r RegistrationCampaign) Equal(other RegistrationCampaign) bool {
	if r.State != other.State {
		return false
	}
	managed := r.State == CampaignMicrosoftManaged
	if !managed && r.SnoozeDays != other.SnoozeDays {
		return false
	}
	if !managed && r.RequireAfterSnoozes != nil && other.RequireAfterSnoozes != nil && *r.RequireAfterSnoozes != *other.RequireAfterSnoozes {
		return false
	}
	return sameTargets(r.Include, other.Include, !managed) && sameTargets(r.Exclude, other.Exclude, false)
}

func sameTargets(some, others []CampaignTarget, withMethod bool) bool {
	key := func(targets []CampaignTarget) string {
		keys := make([]string, 0, len(targets))
		for _, target := range targets {
			text := strings.ToLower(target.TargetType + " " + target.ID)
			if withMethod {
				text += " " + strings.ToLower(target.AuthenticationMethod)
			}
			keys = append(keys, text)
		}
		sort.Strings(keys)
		return strings.Join(keys, "\n")
	}
	return key(some) == key(others)
}

// campaignVersion is the API version of the campaign. Its limit of snoozes is in the schema of beta only, and a campaign is
// written as a whole: a write by v1.0 could not say what is to become of the limit. Beta has the policy in all four
// documented clouds, China's among them, where v1.0 has not.
//
// Source: https://learn.microsoft.com/graph/api/resources/authenticationmethodspolicy?view=graph-rest-beta
const campaignVersion = beta

const campaignPath = "/policies/authenticationMethodsPolicy"

// authenticationMethodsPolicy is the part of the policy that holds the campaign, whose members are kept as they are.
type authenticationMethodsPolicy struct {
	RegistrationEnforcement struct {
		Campaign map[string]json.RawMessage `json:"authenticationMethodsRegistrationCampaign"`
	} `json:"registrationEnforcement"`
}

// GetRegistrationCampaign reads the campaign. It needs Policy.Read.All.
//
// Source: https://learn.microsoft.com/graph/api/authenticationmethodspolicy-get?view=graph-rest-beta
func (c *Client) GetRegistrationCampaign(ctx context.Context) (RegistrationCampaign, error) {
	campaign, _, err := c.getRegistrationCampaign(ctx)
	return campaign, err
}

func (c *Client) getRegistrationCampaign(ctx context.Context) (RegistrationCampaign, map[string]json.RawMessage, error) {
	const operation = "read the registration campaign"
	var policy authenticationMethodsPolicy
	err := c.send(ctx, call{
		operation:   operation,
		permissions: []string{permissionReadState, permissionWriteState},
		method:      http.MethodGet,
		version:     campaignVersion,
		path:        campaignPath,
	}, &policy)
	if err != nil {
		return RegistrationCampaign{}, nil, err
	}
	members := policy.RegistrationEnforcement.Campaign
	if members == nil {
		return RegistrationCampaign{}, nil, &Error{Operation: operation, Status: http.StatusOK, Message: "the authentication methods policy holds no registration campaign"}
	}
	text, err := json.Marshal(members)
	if err != nil {
		return RegistrationCampaign{}, nil, fmt.Errorf("unable to %s: %w", operation, err)
	}
	var campaign RegistrationCampaign
	if err := json.Unmarshal(text, &campaign); err != nil {
		return RegistrationCampaign{}, nil, &Error{Operation: operation, Status: http.StatusOK, Message: "the campaign cannot be read: " + err.Error()}
	}
	return campaign, members, nil
}

// SetRegistrationCampaign makes the campaign what is wanted: it reads the campaign there is, lays the wanted members over
// it, writes the whole campaign and nothing else of the policy, and reads back until it shows. Where the campaign is as
// wanted already nothing is written. The answer is what the service has then; unconfirmed says why it could not be read
// back, after a write that the service accepted.
//
// The policy is one object for the tenant without protection against concurrent writes, so within one process writes wait
// for each other.
//
// Source: https://learn.microsoft.com/graph/api/authenticationmethodspolicy-update?view=graph-rest-beta
func (c *Client) SetRegistrationCampaign(ctx context.Context, wanted RegistrationCampaign) (now RegistrationCampaign, unconfirmed, err error) {
	if err := c.policyLock.lock(ctx); err != nil {
		return RegistrationCampaign{}, nil, fmt.Errorf("unable to write the registration campaign: %w", err)
	}
	defer c.policyLock.unlock()

	present, members, err := c.getRegistrationCampaign(ctx)
	if err != nil {
		return RegistrationCampaign{}, nil, err
	}
	if present.Equal(wanted) {
		return present, nil, nil
	}
	if wanted.Include == nil {
		wanted.Include = []CampaignTarget{}
	}
	if wanted.Exclude == nil {
		wanted.Exclude = []CampaignTarget{}
	}
	text, err := json.Marshal(wanted)
	if err != nil {
		return RegistrationCampaign{}, nil, fmt.Errorf("unable to write the registration campaign: %w", err)
	}
	if err := json.Unmarshal(text, &members); err != nil {
		return RegistrationCampaign{}, nil, fmt.Errorf("unable to write the registration campaign: %w", err)
	}
	var policy authenticationMethodsPolicy
	policy.RegistrationEnforcement.Campaign = members
	err = c.send(ctx, call{
		operation:   "write the registration campaign",
		permissions: []string{permissionWriteState},
		method:      http.MethodPatch,
		version:     campaignVersion,
		path:        campaignPath,
		body:        policy,
	}, nil)
	if err != nil {
		return RegistrationCampaign{}, nil, err
	}

	now = wanted
	unconfirmed = c.until(ctx, c.consistency.Timeout, func() (bool, error) {
		read, err := c.GetRegistrationCampaign(ctx)
		if err != nil {
			return true, err
		}
		if !read.Equal(wanted) {
			return false, fmt.Errorf("the service accepted the registration campaign but does not show it after %s", c.consistency.Timeout)
		}
		now = read
		return true, nil
	})
	return now, unconfirmed, nil
}

// ObserveRegistrationCampaign reads the campaign and believes one that differs from the expected one only once it has
// lasted, as ObserveUserMFAState does.
func (c *Client) ObserveRegistrationCampaign(ctx context.Context, expected RegistrationCampaign) (RegistrationCampaign, error) {
	var campaign RegistrationCampaign
	err := c.until(ctx, c.consistency.Drift, func() (bool, error) {
		var err error
		campaign, err = c.GetRegistrationCampaign(ctx)
		return err != nil || campaign.Equal(expected), err
	})
	return campaign, err
}

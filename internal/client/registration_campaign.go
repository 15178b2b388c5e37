package client

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/graph"
)

// Campaign states, as Graph has them.
const (
	CampaignEnabled          = "enabled"
	CampaignDisabled         = "disabled"
	CampaignMicrosoftManaged = "default"
)

// Methods that a campaign can be about, as Microsoft's how-to spells them. They are compared without case: the reference
// prints Fido2.
//
// Source: https://learn.microsoft.com/entra/identity/authentication/how-to-mfa-registration-campaign
const (
	CampaignMicrosoftAuthenticator = "microsoftAuthenticator"
	CampaignFIDO2                  = "fido2"
)

// AllUsers is the id by which a campaign targets everybody.
const AllUsers = "all_users"

// Kinds of targets.
const (
	TargetUser  = "user"
	TargetGroup = "group"
)

// CampaignTarget is a user or a group in a campaign's scope.
//
// Source: https://learn.microsoft.com/graph/api/resources/authenticationmethodsregistrationcampaignincludetarget
type CampaignTarget struct {
	// ID is a GUID, or AllUsers with TargetType "group".
	ID string `json:"id"`
	// TargetType is TargetUser, TargetGroup, or one that this version does not know.
	TargetType string `json:"targetType"`
	// AuthenticationMethod is what included users are asked to register; empty for excluded ones. Compared without case.
	AuthenticationMethod string `json:"targetedAuthenticationMethod,omitempty"`
}

func (t CampaignTarget) known() bool {
	return t.TargetType == TargetUser || t.TargetType == TargetGroup
}

// key tells targets apart. Everybody is everybody, whatever kind of target that is said to be.
func (t CampaignTarget) key() string {
	if t.ID == AllUsers {
		return AllUsers
	}
	return strings.ToLower(t.TargetType + " " + t.ID)
}

// RegistrationCampaign asks people to register an authentication method when they sign in.
//
// Source: https://learn.microsoft.com/graph/api/resources/authenticationmethodsregistrationcampaign?view=graph-rest-beta
type RegistrationCampaign struct {
	// State is CampaignEnabled, CampaignDisabled, CampaignMicrosoftManaged, or one that this version does not know.
	State string `json:"state"`
	// SnoozeDays is after how many days a person who put it off is asked again, 0 to 14; 0 is at every sign-in with MFA.
	// Nil in an answer that does not say, and in a wish that leaves it as it is.
	SnoozeDays *int32 `json:"snoozeDurationInDays,omitempty"`
	// RequireAfterSnoozes says that after three times nobody may put it off any more. Nil as with SnoozeDays.
	RequireAfterSnoozes *bool            `json:"enforceRegistrationAfterAllowedSnoozes,omitempty"`
	Include             []CampaignTarget `json:"includeTargets"`
	Exclude             []CampaignTarget `json:"excludeTargets"`
}

// AuthenticationMethod is the one method that the campaign is about, or empty where it includes nobody or a wish leaves
// the method as it is. The service has one for the whole tenant.
func (r RegistrationCampaign) AuthenticationMethod() string {
	for _, target := range r.Include {
		if target.AuthenticationMethod != "" {
			return target.AuthenticationMethod
		}
	}
	return ""
}

// Satisfies reports whether the campaign is as wanted: targets in any order, methods without case. What the wish leaves
// open does not count, nor what the service does not say, nor what belongs to Microsoft in CampaignMicrosoftManaged.
func (r RegistrationCampaign) Satisfies(wanted RegistrationCampaign) bool {
	if r.State != wanted.State || !sameTargets(r.Include, wanted.Include) || !sameTargets(r.Exclude, wanted.Exclude) {
		return false
	}
	if r.State == CampaignMicrosoftManaged {
		return true
	}
	if wanted.SnoozeDays != nil && r.SnoozeDays != nil && *wanted.SnoozeDays != *r.SnoozeDays {
		return false
	}
	if wanted.RequireAfterSnoozes != nil && r.RequireAfterSnoozes != nil && *wanted.RequireAfterSnoozes != *r.RequireAfterSnoozes {
		return false
	}
	method := wanted.AuthenticationMethod()
	return method == "" || !slices.ContainsFunc(r.Include, func(target CampaignTarget) bool {
		return target.known() && !strings.EqualFold(target.AuthenticationMethod, method)
	})
}

// sameTargets compares what is known of two lists. Targets of a kind that this version does not know are never written
// and never taken away, so they make no difference.
func sameTargets(some, others []CampaignTarget) bool {
	keys := func(targets []CampaignTarget) []string {
		all := make([]string, 0, len(targets))
		for _, target := range targets {
			if target.known() {
				all = append(all, target.key())
			}
		}
		slices.Sort(all)
		return slices.Compact(all)
	}
	return slices.Equal(keys(some), keys(others))
}

// completed fills in what a wish leaves open from the campaign that is there.
func (r RegistrationCampaign) completed(present RegistrationCampaign) RegistrationCampaign {
	if r.SnoozeDays == nil {
		r.SnoozeDays = present.SnoozeDays
	}
	if r.RequireAfterSnoozes == nil {
		r.RequireAfterSnoozes = present.RequireAfterSnoozes
	}
	method := cmp.Or(r.AuthenticationMethod(), present.AuthenticationMethod(), CampaignMicrosoftAuthenticator)
	r.Include = append(knownKinds(r.Include), unknownKinds(present.Include)...)
	for i := range r.Include {
		r.Include[i].AuthenticationMethod = cmp.Or(r.Include[i].AuthenticationMethod, method)
	}
	r.Exclude = append(knownKinds(r.Exclude), unknownKinds(present.Exclude)...)
	return r
}

func knownKinds(targets []CampaignTarget) []CampaignTarget {
	return slices.DeleteFunc(slices.Clone(targets), func(target CampaignTarget) bool { return !target.known() })
}

func unknownKinds(targets []CampaignTarget) []CampaignTarget {
	return slices.DeleteFunc(slices.Clone(targets), CampaignTarget.known)
}

// Encode makes a text of the campaign, for whoever has to remember it; DecodeRegistrationCampaign reads it.
func (r RegistrationCampaign) Encode() ([]byte, error) { return json.Marshal(r) }

// DecodeRegistrationCampaign reads what Encode has written.
func DecodeRegistrationCampaign(text []byte) (RegistrationCampaign, error) {
	var campaign RegistrationCampaign
	err := json.Unmarshal(text, &campaign)
	if err == nil && campaign.State == "" {
		err = errors.New("it has no state")
	}
	if err != nil {
		return RegistrationCampaign{}, fmt.Errorf("the text is not a registration campaign: %w", err)
	}
	return campaign, nil
}

// NoCampaignError says that the Graph of a cloud does not have the authentication methods policy, or none with a campaign.
type NoCampaignError struct {
	// Host is the Graph that was asked.
	Host string
	// Err is Graph's answer.
	Err *graph.Error
}

func (e *NoCampaignError) Error() string {
	return fmt.Sprintf("%s has no registration campaign: %v", e.Host, e.Err)
}

func (e *NoCampaignError) Unwrap() error { return e.Err }

// campaignVersion is the API version of the campaign. Its limit of snoozes is in the schema of beta only, and a campaign is
// written as a whole: a write by v1.0 could not say what is to become of the limit. Beta has the policy in all four
// documented clouds, China's among them, where v1.0 has not.
//
// Source: https://learn.microsoft.com/graph/api/resources/authenticationmethodspolicy?view=graph-rest-beta
const campaignVersion = graph.Beta

const campaignPath = "/policies/authenticationMethodsPolicy"

// campaignMembers are a campaign's members as they stand in an answer, those that this version does not know included.
type campaignMembers map[string]json.RawMessage

// authenticationMethodsPolicy is the part of the policy that holds the campaign.
//
// Source: https://learn.microsoft.com/graph/api/resources/authenticationmethodspolicy?view=graph-rest-beta
type authenticationMethodsPolicy struct {
	// LastModified is read only, and empty in what is written.
	LastModified            string `json:"lastModifiedDateTime,omitempty"`
	RegistrationEnforcement struct {
		Campaign campaignMembers `json:"authenticationMethodsRegistrationCampaign"`
	} `json:"registrationEnforcement"`
}

// foundCampaign is a campaign as it was read, with all its members and the time of the last change of its policy, the zero time
// where the service does not say.
type foundCampaign struct {
	RegistrationCampaign
	members  campaignMembers
	modified time.Time
}

func (c *Client) readCampaign(ctx context.Context) (foundCampaign, error) {
	const operation = "read the registration campaign"
	var policy authenticationMethodsPolicy
	err := c.graph.Send(ctx, graph.Call{
		Operation:   operation,
		Permissions: []string{permissionReadState, permissionWriteState},
		Method:      http.MethodGet,
		Version:     campaignVersion,
		Path:        campaignPath,
	}, &policy)
	var answer *graph.Error
	if errors.As(err, &answer) && answer.FromGraph && (answer.Status == http.StatusNotFound || answer.Status == http.StatusBadRequest) {
		// The path is the same for everybody and nothing can be wrong with it, except that this Graph does not have it.
		return foundCampaign{}, &NoCampaignError{Host: c.graph.Cloud().GraphEndpoint, Err: answer}
	}
	if err != nil {
		return foundCampaign{}, err
	}
	members := policy.RegistrationEnforcement.Campaign
	unreadable := func(message string) error {
		return &graph.Error{Operation: operation, Status: http.StatusOK, Message: message}
	}
	if members == nil {
		return foundCampaign{}, &NoCampaignError{Host: c.graph.Cloud().GraphEndpoint, Err: &graph.Error{
			Operation: operation, Status: http.StatusOK, Message: "the authentication methods policy holds no registration campaign",
		}}
	}
	text, err := json.Marshal(members)
	if err != nil {
		return foundCampaign{}, fmt.Errorf("unable to %s: %w", operation, err)
	}
	found := foundCampaign{members: members}
	if err := json.Unmarshal(text, &found.RegistrationCampaign); err != nil {
		return foundCampaign{}, unreadable("the campaign cannot be read: " + err.Error())
	}
	if found.State == "" {
		return foundCampaign{}, unreadable("the campaign has no state")
	}
	// A time in another form is none to go by.
	found.modified, _ = time.Parse(time.RFC3339, policy.LastModified)
	return found, nil
}

// with lays a campaign over the members, and keeps what this version knows nothing of, in the campaign and in each target.
func (m campaignMembers) with(campaign RegistrationCampaign) (campaignMembers, error) {
	merged, err := overlaid(m, campaign)
	if err != nil {
		return nil, err
	}
	// What an answer says about itself is no part of what is written.
	maps.DeleteFunc(merged, func(name string, _ json.RawMessage) bool {
		return strings.Contains(name, "@odata.") && name != "@odata.type"
	})
	for name, targets := range map[string][]CampaignTarget{"includeTargets": campaign.Include, "excludeTargets": campaign.Exclude} {
		var present []campaignMembers
		if text, ok := m[name]; ok {
			if err := json.Unmarshal(text, &present); err != nil {
				return nil, err
			}
		}
		written := make([]campaignMembers, 0, len(targets))
		for _, target := range targets {
			var before campaignMembers
			for _, members := range present {
				var same CampaignTarget
				if text, err := json.Marshal(members); err == nil && json.Unmarshal(text, &same) == nil && same.key() == target.key() {
					before = members
				}
			}
			members, err := overlaid(before, target)
			if err != nil {
				return nil, err
			}
			written = append(written, members)
		}
		if merged[name], err = json.Marshal(written); err != nil {
			return nil, err
		}
	}
	return merged, nil
}

func overlaid(members campaignMembers, value any) (campaignMembers, error) {
	text, err := json.Marshal(value)
	if err != nil {
		return nil, err
	}
	merged := maps.Clone(members)
	return merged, json.Unmarshal(text, &merged)
}

// CampaignResult is what came of a change of the campaign.
type CampaignResult struct {
	// Before is the campaign that was found.
	Before RegistrationCampaign
	// Now is the campaign that the tenant has, as far as it is known: see Unconfirmed.
	Now RegistrationCampaign
	// Write is the write; the zero value where nothing was written.
	Write CampaignWrite
	// Unconfirmed is why the write could not be read back. The service accepted it all the same, and Now is what was written.
	Unconfirmed error
}

// CampaignOptions are what a change of the campaign goes by.
type CampaignOptions struct {
	// Known is the campaign that the tenant was last known to have, nil where nobody knows: a replica that answers otherwise may
	// not know of the write that made it so.
	Known *RegistrationCampaign
	// Written is the write that made it so, of whichever run; the zero value is none.
	Written CampaignWrite
	// Check, if any, is asked about the campaign that is there before a write. Its error stops the change.
	Check func(present RegistrationCampaign) error
}

// campaignRun is what one run knows of the campaign.
type campaignRun struct {
	// lock orders the writes of the authentication methods policy.
	lock graph.ContextLock
	// written is the campaign that was written last, and write is that write; both under the lock.
	written *RegistrationCampaign
	write   CampaignWrite
}

// SetRegistrationCampaign makes the campaign what is wanted: it reads the campaign there is, lays the wanted members over
// it, writes the whole campaign and nothing else of the policy, and reads back until it shows. Where the campaign is as
// wanted already nothing is written.
//
// A write whose answer is lost counts as accepted where the campaign then shows what it did not show before.
//
// The policy is one object for the tenant without protection against concurrent writes, so within one process writes wait
// for each other.
//
// Source: https://learn.microsoft.com/graph/api/authenticationmethodspolicy-update?view=graph-rest-beta
func (c *Client) SetRegistrationCampaign(ctx context.Context, wanted RegistrationCampaign, options CampaignOptions) (CampaignResult, error) {
	const operation = "write the registration campaign"
	if err := c.campaign.lock.Lock(ctx, "waiting for another write of the authentication methods policy"); err != nil {
		return CampaignResult{}, fmt.Errorf("unable to %s: %w", operation, err)
	}
	defer c.campaign.lock.Unlock()

	found, err := c.presentCampaign(ctx, options)
	if err != nil {
		return CampaignResult{}, err
	}
	present := found.RegistrationCampaign
	result := CampaignResult{Before: present, Now: present}
	limitUnsaid := wanted.RequireAfterSnoozes != nil && present.RequireAfterSnoozes == nil && wanted.State != CampaignMicrosoftManaged
	if present.Satisfies(wanted) && !limitUnsaid {
		return result, nil
	}
	if options.Check != nil {
		if err := options.Check(present); err != nil {
			return result, err
		}
	}
	wanted = wanted.completed(present)
	var policy authenticationMethodsPolicy
	if policy.RegistrationEnforcement.Campaign, err = found.members.with(wanted); err != nil {
		return result, fmt.Errorf("unable to %s: %w", operation, err)
	}
	result.Write.Acceptance, err = c.graph.Write(ctx, graph.Call{
		Operation:   operation,
		Permissions: []string{permissionWriteState},
		Method:      http.MethodPatch,
		Version:     campaignVersion,
		Path:        campaignPath,
		Body:        policy,
	}, nil)
	if err != nil {
		if !graph.Uncertain(err) || present.Satisfies(wanted) || !c.showsCampaign(ctx, wanted) {
			return result, err
		}
		result.Write.At = c.graph.Clock.Now().UTC()
	}

	result.Now = wanted
	began := c.graph.Clock.Now()
	result.Unconfirmed = c.graph.Until(ctx, c.graph.Consistency().Timeout, func() (bool, error) {
		read, err := c.readCampaign(ctx)
		if err != nil {
			return true, err
		}
		if !read.Satisfies(wanted) {
			return false, fmt.Errorf("the service accepted the registration campaign but does not show it after %s", c.graph.Since(began))
		}
		result.Now, result.Write.Modified = read.RegistrationCampaign, read.modified
		return true, nil
	})
	c.campaign.written, c.campaign.write = &wanted, result.Write
	return result, nil
}

// showsCampaign reports whether the campaign is as wanted, after a write of which nobody knows whether it was carried out.
func (c *Client) showsCampaign(ctx context.Context, wanted RegistrationCampaign) bool {
	shown := false
	_ = c.graph.Until(ctx, c.graph.Consistency().Missing, func() (bool, error) {
		read, err := c.readCampaign(ctx)
		shown = err == nil && read.Satisfies(wanted)
		return shown || err != nil, err
	})
	return shown
}

package campaign

import (
	"context"
	"slices"
	"strings"
	"sync"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/redact"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/diagnose"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/value"
)

// A policy names people and groups by ids, which tell a reader nothing. So its state holds their names beside them. These
// explain and are never compared: where nobody is added or taken away, a plan has the names of the state.

// foundTargets are the users and groups that a refresh has looked up. The plan that follows in the same run takes them, and looks
// up the others only. What was taken is not there for another plan, which may come later.
type foundTargets struct {
	mutex   sync.Mutex
	objects directory
}

func (f *foundTargets) put(objects directory) {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	f.objects = objects
}

func (f *foundTargets) take() directory {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	objects := f.objects
	f.objects = nil
	if objects == nil {
		objects = directory{}
	}
	return objects
}

// nameRead gives a policy that was read its names. They are looked up in one request. Where that fails, the names of before stay:
// who cannot be looked up is not a reason to fail a refresh, and the plan, which has to look them up as well, says what is wrong.
func (d *run) nameRead(ctx context.Context, m *registrationPolicyModel) {
	campaign := m.campaign()
	ids := campaignIDs(campaign)
	found := directory{}
	if len(ids) > 0 {
		if objects, err := d.Client.GetDirectoryObjects(ctx, ids, 0); err == nil {
			found = objects
			d.foundTargets.put(objects)
		}
	}
	names := value.Elements(m.TargetNames)
	for id, object := range found {
		names[id] = label(object)
	}
	m.setNames(campaign, names)
}

// namePlanned gives a plan its names: those of the state for whoever is in it, because a person or group may be renamed between
// the plan and its apply, in which Terraform plans again and wants the same; and for others those that were found. found is nil
// where nobody could be looked up.
func (m *registrationPolicyModel) namePlanned(prior *registrationPolicyModel, found directory) {
	before := map[string]string{}
	if prior != nil {
		if m.Include.Equal(prior.Include) && m.Exclude.Equal(prior.Exclude) && m.State.Equal(prior.State) {
			m.TargetNames, m.Asked = prior.TargetNames, prior.Asked
			return
		}
		before = value.Elements(prior.TargetNames)
	}
	if found == nil || !scopeOf(m.Include).known() || !scopeOf(m.Exclude).known() {
		m.TargetNames, m.Asked = types.MapUnknown(types.StringType), types.StringUnknown()
		return
	}
	names := map[string]string{}
	for id, object := range found {
		names[id] = label(object)
	}
	for id, name := range before {
		names[id] = name
	}
	m.setNames(m.campaign(), names)
	if m.State.IsUnknown() {
		m.Asked = types.StringUnknown()
	}
}

// nameApplied gives a policy that was written those names that its plan could not know.
func (m *registrationPolicyModel) nameApplied(campaign client.RegistrationCampaign, found directory) {
	planned := *m
	names := value.Elements(m.TargetNames)
	for id, object := range found {
		if _, known := names[id]; !known {
			names[id] = label(object)
		}
	}
	m.setNames(campaign, names)
	if !planned.TargetNames.IsUnknown() {
		m.TargetNames = planned.TargetNames
	}
	if !planned.Asked.IsUnknown() {
		m.Asked = planned.Asked
	}
}

// setNames takes over the names of those who are in a campaign, by id in lower case. Who has none, such as somebody who was
// deleted, is left out.
func (m *registrationPolicyModel) setNames(campaign client.RegistrationCampaign, names map[string]string) {
	known := map[string]attr.Value{}
	for _, id := range campaignIDs(campaign) {
		if name := names[strings.ToLower(id)]; name != "" {
			known[strings.ToLower(id)] = types.StringValue(name)
		}
	}
	m.TargetNames = types.MapValueMust(types.StringType, known)
	m.Asked = types.StringValue(asked(campaign, names))
}

// label is the kind and name of a user or group for a reader, empty where the app may not read the name. A user's has both names.
func label(o client.DirectoryObject) string {
	switch {
	case o.IsUser() && o.UserPrincipalName != "":
		return "user " + diagnose.Person(client.User{ID: o.ID, UserPrincipalName: o.UserPrincipalName, DisplayName: o.DisplayName})
	case o.Name() == o.ID:
		return ""
	}
	return redact.ShownName(o.Kind()) + " " + redact.QuotedName(o.Name())
}

// asked says in words who is asked to register.
func asked(campaign client.RegistrationCampaign, names map[string]string) string {
	// target_names has them all.
	list := func(targets []client.CampaignTarget) string {
		var texts []string
		for _, target := range targets {
			text := target.TargetType + " " + target.ID
			if target.ID == client.AllUsers {
				text = "all users"
			} else if name := names[strings.ToLower(target.ID)]; name != "" {
				text = name
			}
			texts = append(texts, text)
		}
		slices.Sort(texts)
		return diagnose.Names(texts, namedInALine)
	}
	switch {
	case campaign.State == client.CampaignDisabled:
		return "nobody, because the campaign is disabled"
	case len(campaign.Include) == 0:
		return "nobody, because nobody is included"
	case everybody(campaign.Exclude):
		return "nobody, because all users are excluded"
	case len(campaign.Exclude) == 0:
		return list(campaign.Include)
	}
	return list(campaign.Include) + ", except " + list(campaign.Exclude)
}

package peruser

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/mfa"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/diagnose"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/resourcekit"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/value"
)

// userMFAStatesModel is the resource's schema. Its maps have the same keys, but for Names, which has some of them. What is computed for each
// user is unknown as a whole in the plan of a create, one line instead of a thousand, and for each user in the plan of an update, where an
// unknown map would show the old value of everybody (adr/0008-plans-of-many-users.md).
type userMFAStatesModel struct {
	ID              types.String `tfsdk:"id"`
	Users           types.Map    `tfsdk:"users"`
	AllowPromotion  types.Bool   `tfsdk:"allow_promotion"`
	OnDestroy       types.String `tfsdk:"on_destroy"`
	EffectiveStates types.Map    `tfsdk:"effective_states"`
	UserIDs         types.Map    `tfsdk:"user_ids"`
	Names           types.Map    `tfsdk:"names"`
	CreatedFor      types.String `tfsdk:"created_for_sha256"`

	Timeouts timeouts.Value `tfsdk:"timeouts"`
}

// nobody stands in the identity of a resource without users.
const nobody = "00000000-0000-0000-0000-000000000000"

// userMFAStatesIdentity is the users of a state, by object id. Unlike other identities it changes.
type userMFAStatesIdentity struct {
	UserIDs []string `tfsdk:"user_ids"`
}

func (m *userMFAStatesModel) TimeoutsBlock() types.Object { return m.Timeouts.Object }

// KeepsOnDestroy reports whether a destroy leaves the users as they are, and an update those who are taken out of the map.
func (m *userMFAStatesModel) KeepsOnDestroy() bool {
	return m.OnDestroy.ValueString() == resourcekit.OnDestroyKeep
}

// Identity is in an order of its own: the users' keys may be names, which change.
func (m *userMFAStatesModel) Identity() any {
	ids := slices.Sorted(maps.Values(value.Elements(m.UserIDs)))
	if len(ids) == 0 {
		// The framework takes an empty list for no identity, and refuses that.
		ids = []string{nobody}
	}
	return userMFAStatesIdentity{UserIDs: ids}
}

// HasIDs refuses a state that does not have the id of each user, or has another one where the key is the id.
func (m *userMFAStatesModel) HasIDs(diags *diag.Diagnostics) bool {
	ids := value.Elements(m.UserIDs)
	for _, key := range slices.Sorted(maps.Keys(m.Users.Elements())) {
		if !resourcekit.HasID(fmt.Sprintf("user_ids[%q]", key), types.StringValue(ids[key]), diags) {
			return false
		}
		if value.IsGUID(key) && !strings.EqualFold(key, ids[key]) {
			diags.AddError(summaryOtherUser, fmt.Sprintf("user_ids[%q] is %s in the state, where it should be the key itself. %s", key, ids[key], resourcekit.AdviceEdited))
			return false
		}
	}
	return true
}

// managedUser is one user of a state.
type managedUser struct {
	// key is what the configuration calls the user.
	key string
	id  string
	// wanted is the state in users. After a refresh that is the service's, where that does not satisfy the wanted one.
	wanted mfa.State
	// effective is the service's; empty where the last apply could not find out.
	effective mfa.State
	// name is what a reader knows the user by whose key is an id; empty where the key is a name, or nobody could look it up.
	name string
}

// user is the user as far as the state knows them.
func (u managedUser) user() client.User {
	if value.IsGUID(u.key) {
		return client.User{ID: u.id, UserPrincipalName: diagnose.PrincipalName(u.name)}
	}
	return client.User{ID: u.id, UserPrincipalName: u.key}
}

// leaving are what is known of a user whom nobody wants any more.
func (u managedUser) leaving(keep, elsewhere bool) facts {
	return facts{leaves: true, keep: keep, elsewhere: elsewhere, managed: true, was: u.wanted, current: u.effective}
}

// losing are those who lose per-user MFA when nobody wants them any more, or may, because nobody knows their state.
func (u managedUsers) losing(keep bool) managedUsers {
	var losing managedUsers
	for _, user := range u {
		if d := decide(user.leaving(keep, false)); d.loses || d.mayLose {
			losing = append(losing, user)
		}
	}
	return losing
}

// label is how messages call the user, as [wantedUser.name] does.
func (u managedUser) label() string { return (&wantedUser{key: u.key, user: u.user()}).name() }

// managedUsers are the users of a state, in the order of their keys.
type managedUsers []managedUser

// managed reads the users out of a state, or out of a plan, where what is not known yet is empty.
func (m *userMFAStatesModel) managed() managedUsers {
	if m == nil {
		return nil
	}
	wanted, effective, ids, names := value.Elements(m.Users), value.Elements(m.EffectiveStates), value.Elements(m.UserIDs), value.Elements(m.Names)
	users := make(managedUsers, 0, len(wanted))
	for _, key := range slices.Sorted(maps.Keys(wanted)) {
		users = append(users, managedUser{
			key: key, id: ids[key], wanted: mfa.State(wanted[key]), effective: mfa.State(effective[key]), name: names[key],
		})
	}
	return users
}

// setManaged writes users into a state.
func (m *userMFAStatesModel) setManaged(users managedUsers) {
	wanted, effective, ids := make(map[string]attr.Value, len(users)), make(map[string]attr.Value, len(users)), make(map[string]attr.Value, len(users))
	names := map[string]attr.Value{}
	for _, user := range users {
		wanted[user.key] = value.NullIfEmpty(string(user.wanted))
		effective[user.key] = value.NullIfEmpty(string(user.effective))
		ids[user.key] = types.StringValue(user.id)
		if user.name != "" {
			names[user.key] = types.StringValue(user.name)
		}
	}
	m.Users = types.MapValueMust(types.StringType, wanted)
	m.EffectiveStates = types.MapValueMust(types.StringType, effective)
	m.UserIDs = types.MapValueMust(types.StringType, ids)
	m.setNames(names)
}

// setNames leaves an attribute that says nothing out of plans.
func (m *userMFAStatesModel) setNames(names map[string]attr.Value) {
	m.Names = types.MapNull(types.StringType)
	if len(names) > 0 {
		m.Names = types.MapValueMust(types.StringType, names)
	}
}

// observe takes over the service's state.
func (u *managedUser) observe(current mfa.State) {
	u.effective, u.wanted = current, observed(u.wanted, current)
}

// wantedUser is one user of a configuration.
type wantedUser struct {
	key string
	// wanted is empty while it is not known.
	wanted mfa.State
	// user has no id until the user is found.
	user client.User
	// current is the state that the user has; empty while it is not known.
	current mfa.State
	// prior is the entry of the state that is the same user.
	prior *managedUser
	// planned is the name that the plan has of the user, or is to have.
	planned string
	// knownDisabled says that the plan has found a new user disabled, as is wanted.
	knownDisabled bool
}

// name is how messages call the user: as the configuration does, and by name where that is an id.
func (u *wantedUser) name() string {
	if value.IsGUID(u.key) && u.user.UserPrincipalName != "" {
		return u.key + " (" + u.user.UserPrincipalName + ")"
	}
	return u.key
}

// person is what a reader knows the user by, where the key does not tell. A name that is known stays, because a person may be
// renamed between a plan and its apply; the next refresh takes over the new one.
func (u *wantedUser) person() string {
	switch {
	case !value.IsGUID(u.key):
		return ""
	case u.planned != "":
		return u.planned
	case u.prior != nil:
		// What the state has as the user's name otherwise may be a name of before.
		return u.prior.name
	case u.user.UserPrincipalName != "":
		return diagnose.Person(u.user)
	}
	return ""
}

// managed is the user in the new state, with the state that the service has.
func (u *wantedUser) managed(effective mfa.State) managedUser {
	return managedUser{key: u.key, id: u.user.ID, wanted: u.wanted, effective: effective, name: u.person()}
}

// facts are what is known of the user. A map does not say which of its users were imported.
func (u *wantedUser) facts() facts {
	f := facts{wanted: u.wanted, current: u.current, imported: true}
	if u.prior != nil {
		f.managed, f.was = true, u.prior.wanted
	}
	return f
}

// settled reports whether the user has what is wanted already, so that nothing is written.
func (u *wantedUser) settled() bool {
	return u.wanted != "" && u.current != "" && decide(u.facts()).write == ""
}

func (u *wantedUser) found() bool { return u.user.ID != "" }

// take makes the user the same as one of the state.
func (u *wantedUser) take(prior *managedUser) {
	name, accountEnabled := u.user.UserPrincipalName, u.user.AccountEnabled
	u.prior, u.user, u.current = prior, prior.user(), prior.effective
	u.user.AccountEnabled = accountEnabled
	if name != "" {
		u.user.UserPrincipalName = name
	}
}

// priorUsers finds the users of a state by key and by id, both without case.
type priorUsers struct {
	byKey, byID map[string]*managedUser
}

func newPriorUsers(users managedUsers) priorUsers {
	p := priorUsers{byKey: make(map[string]*managedUser, len(users)), byID: make(map[string]*managedUser, len(users))}
	for i := range users {
		p.byKey[strings.ToLower(users[i].key)] = &users[i]
		p.byID[strings.ToLower(users[i].id)] = &users[i]
	}
	return p
}

// wantedUsers reads the wanted users out of a plan, in the order of their keys, and finds those that the state
// knows. A name that the state knows stands for the user whom it was found for, also when the user is called otherwise by
// now: that is what keeps a refresh at one request for each user, and a rename from being a difference.
func (m *userMFAStatesModel) wantedUsers(prior managedUsers) []*wantedUser {
	wanted, ids, names, known := value.Elements(m.Users), value.Elements(m.UserIDs), value.Elements(m.Names), newPriorUsers(prior)
	effective := value.Elements(m.EffectiveStates)
	users := make([]*wantedUser, 0, len(wanted))
	for _, key := range slices.Sorted(maps.Keys(wanted)) {
		user := &wantedUser{
			key: key, wanted: mfa.State(wanted[key]), planned: names[key],
			knownDisabled: mfa.State(effective[key]) == mfa.Disabled && mfa.State(wanted[key]) == mfa.Disabled,
		}
		if same, ok := known.byKey[strings.ToLower(key)]; ok {
			user.take(same)
		} else if same, ok := known.byID[strings.ToLower(key)]; ok {
			user.take(same)
		} else if same, ok := known.byID[strings.ToLower(ids[key])]; ok {
			user.take(same)
		} else if ids[key] != "" {
			// The plan has found the user.
			user.user = managedUser{key: key, id: ids[key]}.user()
		}
		users = append(users, user)
	}
	return users
}

// removedUsers are the users of the state who are not among the wanted ones.
func removedUsers(prior managedUsers, wanted []*wantedUser) managedUsers {
	stays := make(map[string]bool, len(wanted))
	for _, user := range wanted {
		if user.found() {
			stays[strings.ToLower(user.user.ID)] = true
		}
	}
	var removed managedUsers
	for _, user := range prior {
		if !stays[strings.ToLower(user.id)] {
			removed = append(removed, user)
		}
	}
	return removed
}

// claimedOf is whom a configuration wants, as far as they are found.
func claimedOf(users []*wantedUser) []claimedPerson {
	persons := make([]claimedPerson, 0, len(users))
	for _, user := range users {
		if user.found() {
			persons = append(persons, claimedPerson{id: user.user.ID, name: user.name(), wanted: user.wanted})
		}
	}
	return persons
}

func (u managedUsers) ids() []string {
	ids := make([]string, len(u))
	for i, user := range u {
		ids[i] = user.id
	}
	return ids
}

// persons are the users as a run knows them.
func (u managedUsers) persons() []claimedPerson {
	persons := make([]claimedPerson, len(u))
	for i, user := range u {
		persons[i] = claimedPerson{id: user.id, name: user.label()}
	}
	return persons
}

// samePeople groups the wanted users who are one and the same person.
func samePeople(users []*wantedUser) [][]*wantedUser {
	byID := make(map[string][]*wantedUser, len(users))
	for _, user := range users {
		if user.found() {
			id := strings.ToLower(user.user.ID)
			byID[id] = append(byID[id], user)
		}
	}
	var same [][]*wantedUser
	for _, user := range users {
		if group := byID[strings.ToLower(user.user.ID)]; user.found() && len(group) > 1 && group[0] == user {
			same = append(same, group)
		}
	}
	return same
}

// unchanged reports whether the wanted users are those of the state, however they are spelled, and have what is wanted.
func unchanged(wanted []*wantedUser, prior managedUsers) bool {
	if len(wanted) != len(prior) {
		return false
	}
	for _, user := range wanted {
		if user.prior == nil || !strings.EqualFold(user.key, user.prior.key) || !decide(user.facts()).keepsWanted {
			return false
		}
	}
	return true
}

// planManaged writes the planned users into the plan of an update, each of them as far as it is known, and their names into any plan.
func (m *userMFAStatesModel) planManaged(users []*wantedUser, create bool) {
	effective, ids := make(map[string]attr.Value, len(users)), make(map[string]attr.Value, len(users))
	names, namesKnown := map[string]attr.Value{}, true
	for _, user := range users {
		if name := user.person(); name != "" {
			names[user.key] = types.StringValue(name)
		}
		namesKnown = namesKnown && (user.found() || !value.IsGUID(user.key))
		state := decide(user.facts()).planned()
		effective[user.key], ids[user.key] = state, types.StringUnknown()
		if user.found() {
			ids[user.key] = types.StringValue(user.user.ID)
		}
	}
	m.EffectiveStates, m.UserIDs = types.MapUnknown(types.StringType), types.MapUnknown(types.StringType)
	if !create || len(users) == 0 {
		m.EffectiveStates, m.UserIDs = types.MapValueMust(types.StringType, effective), types.MapValueMust(types.StringType, ids)
	}
	m.setNames(names)
	if !namesKnown {
		m.Names = types.MapUnknown(types.StringType)
	}
}

// planUnknown is a plan in which the users are not known yet.
func (m *userMFAStatesModel) planUnknown() {
	m.EffectiveStates, m.UserIDs, m.Names = types.MapUnknown(types.StringType), types.MapUnknown(types.StringType), types.MapUnknown(types.StringType)
}

// after is what the state has of a user after a change. Where the change failed, a user of the state stays as they were,
// with what was written, under the key that they had; a new one is in the state if something was written for them. A
// create has all users of its plan.
func (u *wantedUser) after(outcome client.Outcome[client.SetResult], create bool) managedUsers {
	now := u.managed(outcome.Value.Effective)
	switch wrote := len(outcome.Value.Written) > 0; {
	case outcome.Err == nil, create:
	case u.prior != nil:
		now = *u.prior
		if wrote {
			now.observe(outcome.Value.Effective)
		}
	case wrote:
		now.observe(outcome.Value.Effective)
	default:
		return nil
	}
	return managedUsers{now}
}

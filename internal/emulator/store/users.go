package store

import (
	"maps"
	"slices"
	"strings"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
)

// User is a user with what lagging replicas still show of it.
type User struct {
	control.User
	position  int    // in the tenant's users
	stateLag  *lag   // while set, some reads see stateLag's old state
	oldState  string // the state those reads see
	createLag *lag   // while set, some reads do not see the user at all
}

// Unseen counts a read and tells whether it is too early to see a user that has been created.
func (u *User) Unseen(tx *Tx) bool { return u.createLag.stale(tx.now) }

// Listed tells whether lists show the user, without counting a read.
func (u *User) Listed(tx *Tx) bool { return !u.createLag.running(tx.now) }

// ReadState counts a read of the per-user state and returns what it sees.
func (u *User) ReadState(tx *Tx) string {
	if u.stateLag.stale(tx.now) {
		return u.oldState
	}
	return u.PerUserMFAState
}

// SetState stores a per-user state. Reads within the lag, if there is one, see the state before.
func (u *User) SetState(tx *Tx, state string) {
	_ = tx.change()
	if u.PerUserMFAState != state {
		u.oldState, u.PerUserMFAState, u.stateLag = u.PerUserMFAState, state, tx.updateLag()
	}
}

// SetStateAtOnce stores a per-user state that every read sees.
func (u *User) SetStateAtOnce(tx *Tx, state string) {
	_ = tx.change()
	u.PerUserMFAState, u.stateLag = state, nil
}

// Users are the users in the order in which they were made.
func (tx *Tx) Users() []*User { return tx.data().users }

// User finds a user by object id or by user principal name, whatever the case of the letters.
func (tx *Tx) User(key string) *User {
	key = strings.ToLower(key)
	if user := tx.data().byID[key]; user != nil {
		return user
	}
	return tx.data().byUPN[key]
}

// UserNamed finds a user by user principal name.
func (tx *Tx) UserNamed(upn string) *User { return tx.data().byUPN[strings.ToLower(upn)] }

// UserPosition is where the user with the id stands in Users, or -1.
func (tx *Tx) UserPosition(id string) int {
	if user := tx.data().byID[id]; user != nil {
		return user.position
	}
	return -1
}

// CreateUser adds a user whom lagging replicas do not see yet.
func (tx *Tx) CreateUser(user control.User) *User {
	added := tx.addUser(user)
	added.createLag = tx.createLag()
	return added
}

func (tx *Tx) addUser(user control.User) *User {
	data, added := tx.change(), &User{User: user}
	added.Normalize(tx.now)
	added.position = len(data.users)
	data.users = append(data.users, added)
	data.byID[added.ID] = added
	data.byUPN[strings.ToLower(added.UserPrincipalName)] = added
	return added
}

// SetUser replaces what is known of a user, whose id stays.
func (tx *Tx) SetUser(user *User, changed control.User) {
	data := tx.change()
	delete(data.byUPN, strings.ToLower(user.UserPrincipalName))
	changed.Normalize(tx.now)
	user.User = changed
	data.byUPN[strings.ToLower(changed.UserPrincipalName)] = user
}

// RemoveUser removes a user, also from every group.
func (tx *Tx) RemoveUser(user *User) {
	data := tx.change()
	delete(data.byID, user.ID)
	delete(data.byUPN, strings.ToLower(user.UserPrincipalName))
	data.users = slices.Delete(data.users, user.position, user.position+1)
	for i, after := range data.users[user.position:] {
		after.position = user.position + i
	}
	data.removeFromGroups(user.ID)
}

// ExportUsers returns the users as they really are.
func (tx *Tx) ExportUsers() []control.User {
	users := make([]control.User, len(tx.data().users))
	for i, user := range tx.data().users {
		users[i] = copyOfUser(&user.User)
	}
	return users
}

// copyOfUser is control.Clone for what there are many of.
func copyOfUser(user *control.User) control.User {
	copied := *user
	if user.AccountEnabled != nil {
		copied.AccountEnabled = new(*user.AccountEnabled)
	}
	copied.AssignedLicenses = slices.Clone(user.AssignedLicenses)
	for i := range copied.AssignedLicenses {
		copied.AssignedLicenses[i].DisabledPlans = slices.Clone(copied.AssignedLicenses[i].DisabledPlans)
	}
	copied.Methods, copied.Properties = slices.Clone(user.Methods), maps.Clone(user.Properties)
	for i := range copied.Methods {
		if created := copied.Methods[i].CreatedDateTime; created != nil {
			copied.Methods[i].CreatedDateTime = new(*created)
		}
	}
	return copied
}

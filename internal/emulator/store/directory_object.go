package store

import "github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"

// Principal is the service principal of an app.
type Principal struct {
	ID  string
	App *control.App
}

// DirectoryObject is a user, a group or the service principal of an app; exactly one is set.
type DirectoryObject struct {
	User      *User
	Group     *Group
	Principal *Principal
}

// ID is the object id.
func (o DirectoryObject) ID() string {
	switch {
	case o.User != nil:
		return o.User.ID
	case o.Group != nil:
		return o.Group.ID
	}
	return o.Principal.ID
}

// Object finds a user, a group or a service principal by its object id, lower case.
func (tx *Tx) Object(id string) (DirectoryObject, bool) {
	data := tx.data()
	if user := data.byID[id]; user != nil {
		return DirectoryObject{User: user}, true
	}
	if group := data.groupsByID[id]; group != nil {
		return DirectoryObject{Group: group}, true
	}
	for _, principal := range tx.Principals() {
		if principal.ID == id {
			return DirectoryObject{Principal: principal}, true
		}
	}
	return DirectoryObject{}, false
}

package graphapi

import (
	"net/http"
	"slices"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/store"
)

// on makes an endpoint of a handler that wants the data.
func on(data *store.Store, method, path, description string, handle func(*store.Store, http.ResponseWriter, *http.Request)) control.Endpoint {
	return control.On(method, path, description, func(w http.ResponseWriter, r *http.Request) { handle(data, w, r) })
}

// userEndpoints are what the control API has of users.
func userEndpoints(data *store.Store) []control.Endpoint {
	return []control.Endpoint{
		on(data, "GET", "users", "all users", serveUsers),
		on(data, "POST", "users", "add a user", serveCreateUser),
		on(data, "GET", "users/{key}", "a user by object id or user principal name", serveUser),
		on(data, "PATCH", "users/{key}", "change a user", servePatchUser),
		on(data, "DELETE", "users/{key}", "remove a user", serveDeleteUser),
		on(data, "PUT", "users/{key}/state", "change a user's state as an administrator does", serveState),
		on(data, "POST", "users/{key}/methods", "register an authentication method as a user does", serveRegisterMethod),
		on(data, "DELETE", "users/{key}/methods/{method}", "remove an authentication method", serveRemoveMethod),
	}
}

func serveUsers(data *store.Store, w http.ResponseWriter, _ *http.Request) {
	inUpdate(data, w, http.StatusOK, func(tx *store.Tx) (any, *control.Refusal) {
		return tx.ExportUsers(), nil
	})
}

func serveCreateUser(data *store.Store, w http.ResponseWriter, r *http.Request) {
	var user control.User
	if !control.ReadBody(w, r, &user) {
		return
	}
	inUpdate(data, w, http.StatusCreated, func(tx *store.Tx) (any, *control.Refusal) {
		if err := user.Validate(); err != nil {
			return nil, control.Invalid(err)
		}
		if refused := taken(tx, user.ID); refused != nil {
			return nil, refused
		}
		if refused := nameTaken(tx, user.UserPrincipalName, nil); refused != nil {
			return nil, refused
		}
		return control.Clone(&tx.CreateUser(user).User), nil
	})
}

// nameTaken refuses a user principal name that another user has.
func nameTaken(tx *store.Tx, upn string, except *store.User) *control.Refusal {
	if other := tx.UserNamed(upn); other != nil && other != except {
		return control.Conflict("userPrincipalName: " + upn + " is already in use")
	}
	return nil
}

func serveUser(data *store.Store, w http.ResponseWriter, r *http.Request) {
	withUser(data, w, r, http.StatusOK, func(_ *store.Tx, user *store.User) (any, *control.Refusal) {
		return control.Clone(&user.User), nil
	})
}

func withUser(data *store.Store, w http.ResponseWriter, r *http.Request, status int, change func(*store.Tx, *store.User) (any, *control.Refusal)) {
	inUpdate(data, w, status, func(tx *store.Tx) (any, *control.Refusal) {
		user := tx.User(r.PathValue("key"))
		if user == nil {
			return nil, control.NotThere("user", r.PathValue("key"))
		}
		return change(tx, user)
	})
}

func servePatchUser(data *store.Store, w http.ResponseWriter, r *http.Request) {
	var changes control.UserPatch
	if !control.ReadBody(w, r, &changes) {
		return
	}
	withUser(data, w, r, http.StatusOK, func(tx *store.Tx, user *store.User) (any, *control.Refusal) {
		changed := *control.Clone(&user.User)
		set(&changed.UserPrincipalName, changes.UserPrincipalName)
		set(&changed.DisplayName, changes.DisplayName)
		set(&changed.Mail, changes.Mail)
		set(&changed.UserType, changes.UserType)
		set(&changed.PerUserMFAState, changes.PerUserMFAState)
		set(&changed.AssignedLicenses, changes.AssignedLicenses)
		set(&changed.Methods, changes.Methods)
		set(&changed.Properties, changes.Properties)
		if changes.AccountEnabled != nil {
			changed.AccountEnabled = changes.AccountEnabled
		}
		if err := changed.Validate(); err != nil {
			return nil, control.Invalid(err)
		}
		if refused := nameTaken(tx, changed.UserPrincipalName, user); refused != nil {
			return nil, refused
		}
		tx.SetUser(user, changed)
		if changes.PerUserMFAState != nil {
			user.SetStateAtOnce(tx, user.PerUserMFAState)
		}
		return control.Clone(&user.User), nil
	})
}

func serveDeleteUser(data *store.Store, w http.ResponseWriter, r *http.Request) {
	withUser(data, w, r, http.StatusNoContent, func(tx *store.Tx, user *store.User) (any, *control.Refusal) {
		tx.RemoveUser(user)
		return nil, nil
	})
}

func serveState(data *store.Store, w http.ResponseWriter, r *http.Request) {
	var change control.StateChange
	if !control.ReadBody(w, r, &change) {
		return
	}
	withUser(data, w, r, http.StatusOK, func(tx *store.Tx, user *store.User) (any, *control.Refusal) {
		if err := control.ValidateState(change.PerUserMFAState); err != nil {
			return nil, control.Bad("perUserMfaState: " + err.Error())
		}
		user.SetStateAtOnce(tx, promoted(tx, user, change.PerUserMFAState))
		return control.StateChange{PerUserMFAState: user.PerUserMFAState}, nil
	})
}

func serveRegisterMethod(data *store.Store, w http.ResponseWriter, r *http.Request) {
	var method control.Method
	if !control.ReadBody(w, r, &method) {
		return
	}
	withUser(data, w, r, http.StatusCreated, func(tx *store.Tx, user *store.User) (any, *control.Refusal) {
		changed := *control.Clone(&user.User)
		changed.Methods = append(changed.Methods, method)
		if err := changed.Validate(); err != nil {
			return nil, control.Invalid(err)
		}
		tx.SetUser(user, changed)
		if method.CountsAsMFA() {
			user.SetStateAtOnce(tx, promoted(tx, user, user.PerUserMFAState))
		}
		return user.Methods[len(user.Methods)-1], nil
	})
}

func serveRemoveMethod(data *store.Store, w http.ResponseWriter, r *http.Request) {
	withUser(data, w, r, http.StatusNoContent, func(tx *store.Tx, user *store.User) (any, *control.Refusal) {
		changed := *control.Clone(&user.User)
		changed.Methods = slices.DeleteFunc(changed.Methods, func(method control.Method) bool { return method.ID == r.PathValue("method") })
		if len(changed.Methods) == len(user.Methods) {
			return nil, control.NotThere("method", r.PathValue("method"))
		}
		tx.SetUser(user, changed)
		return nil, nil
	})
}

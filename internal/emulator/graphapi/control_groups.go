package graphapi

import (
	"net/http"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/store"
)

// groupEndpoints are what the control API has of groups.
func groupEndpoints(data *store.Store) []control.Endpoint {
	return []control.Endpoint{
		on(data, "GET", "groups", "all groups", serveGroups),
		on(data, "POST", "groups", "add a group", serveCreateGroup),
		on(data, "GET", "groups/{key}", "a group by object id", serveGroup),
		on(data, "PATCH", "groups/{key}", "change a group", servePatchGroup),
		on(data, "DELETE", "groups/{key}", "remove a group", serveDeleteGroup),
	}
}

func serveGroups(data *store.Store, w http.ResponseWriter, _ *http.Request) {
	inUpdate(data, w, http.StatusOK, func(tx *store.Tx) (any, *control.Refusal) {
		groups := []control.Group{}
		for _, group := range tx.Groups() {
			groups = append(groups, group.Export())
		}
		return groups, nil
	})
}

func serveCreateGroup(data *store.Store, w http.ResponseWriter, r *http.Request) {
	var group control.Group
	if !control.ReadBody(w, r, &group) {
		return
	}
	inUpdate(data, w, http.StatusCreated, func(tx *store.Tx) (any, *control.Refusal) {
		if err := group.Validate(); err != nil {
			return nil, control.Invalid(err)
		}
		if refused := taken(tx, group.ID); refused != nil {
			return nil, refused
		}
		members, unknown := tx.MemberIDs(group.Members)
		if unknown != "" {
			return nil, control.Bad("members: there is no user and no group " + unknown)
		}
		record := tx.AddGroup(&group)
		tx.SetMembers(record, members)
		return record.Export(), nil
	})
}

func withGroup(data *store.Store, w http.ResponseWriter, r *http.Request, change func(*store.Tx, *store.Group) (any, *control.Refusal)) {
	inUpdate(data, w, http.StatusOK, func(tx *store.Tx) (any, *control.Refusal) {
		group := tx.Group(r.PathValue("key"))
		if group == nil {
			return nil, control.NotThere("group", r.PathValue("key"))
		}
		return change(tx, group)
	})
}

func serveGroup(data *store.Store, w http.ResponseWriter, r *http.Request) {
	withGroup(data, w, r, func(_ *store.Tx, group *store.Group) (any, *control.Refusal) { return group.Export(), nil })
}

func servePatchGroup(data *store.Store, w http.ResponseWriter, r *http.Request) {
	var changes control.GroupPatch
	if !control.ReadBody(w, r, &changes) {
		return
	}
	withGroup(data, w, r, func(tx *store.Tx, group *store.Group) (any, *control.Refusal) {
		changed := group.Export()
		set(&changed.DisplayName, changes.DisplayName)
		set(&changed.Members, changes.Members)
		set(&changed.Properties, changes.Properties)
		if err := changed.Validate(); err != nil {
			return nil, control.Invalid(err)
		}
		members, unknown := tx.MemberIDs(changed.Members)
		if unknown != "" {
			return nil, control.Bad("members: there is no user and no group " + unknown)
		}
		group.DisplayName, group.Properties = changed.DisplayName, changed.Properties
		tx.SetMembers(group, members)
		return group.Export(), nil
	})
}

func serveDeleteGroup(data *store.Store, w http.ResponseWriter, r *http.Request) {
	withGroup(data, w, r, func(tx *store.Tx, group *store.Group) (any, *control.Refusal) {
		tx.RemoveGroup(group)
		return nil, nil
	})
}

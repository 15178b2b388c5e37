package store

import (
	"maps"
	"slices"
	"strings"

	"github.com/google/uuid"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
)

// Group is a group.
type Group struct {
	ID          string
	DisplayName string
	Members     []string // object ids, lower case
	Properties  map[string]any
	nested      []string // those of the members that were groups when they were set
}

// Export returns the group in the shape of a tenant file.
func (g *Group) Export() control.Group {
	return control.Group{ID: g.ID, DisplayName: g.DisplayName, Members: slices.Clone(g.Members), Properties: maps.Clone(g.Properties)}
}

// Groups are the groups in the order in which they were made.
func (tx *Tx) Groups() []*Group { return tx.data().groups }

// Group is the group with the object id, or nil.
func (tx *Tx) Group(id string) *Group { return tx.data().groupsByID[strings.ToLower(id)] }

// AddGroup adds a group without members; one without an id gets one.
func (tx *Tx) AddGroup(added *control.Group) *Group {
	data := tx.change()
	group := &Group{ID: strings.ToLower(added.ID), DisplayName: added.DisplayName, Properties: added.Properties}
	if group.ID == "" {
		group.ID = uuid.NewString()
	}
	data.groups = append(data.groups, group)
	data.groupsByID[group.ID] = group
	return group
}

// RemoveGroup removes a group, also from every group that it is a member of.
func (tx *Tx) RemoveGroup(group *Group) {
	data := tx.change()
	delete(data.groupsByID, group.ID)
	data.groups = slices.DeleteFunc(data.groups, func(other *Group) bool { return other == group })
	data.removeFromGroups(group.ID)
}

func (t *tenant) removeFromGroups(id string) {
	for _, group := range t.groups {
		gone := func(member string) bool { return member == id }
		group.Members, group.nested = slices.DeleteFunc(group.Members, gone), slices.DeleteFunc(group.nested, gone)
	}
}

// MemberIDs turns the members of a group into object ids; unknown is the first that does not exist.
func (tx *Tx) MemberIDs(members []string) (ids []string, unknown string) {
	seen := map[string]bool{}
	for _, member := range members {
		var id string
		if user := tx.User(member); user != nil {
			id = user.ID
		} else if group := tx.Group(member); group != nil {
			id = group.ID
		} else {
			return nil, member
		}
		if !seen[id] {
			seen[id] = true
			ids = append(ids, id)
		}
	}
	return ids, ""
}

// SetMembers replaces the members of a group.
func (tx *Tx) SetMembers(group *Group, ids []string) {
	data := tx.change()
	group.Members, group.nested = ids, nil
	for _, id := range ids {
		if data.groupsByID[id] != nil {
			group.nested = append(group.nested, id)
		}
	}
}

// TransitiveMembers lists the members of a group and of the groups in it, each once, in the order of a walk.
func (tx *Tx) TransitiveMembers(group *Group) []string {
	if len(group.nested) == 0 {
		return group.Members // all there is, which may be a whole tenant
	}
	var found []string
	seen := map[string]bool{}
	var walk func(*Group)
	walk = func(group *Group) {
		for _, id := range group.Members {
			if seen[id] {
				continue
			}
			seen[id] = true
			found = append(found, id)
			if nested := tx.data().groupsByID[id]; nested != nil {
				walk(nested)
			}
		}
	}
	walk(group)
	return found
}

// Within tells whether a user or a group is a member of the group or of a group in it.
func (tx *Tx) Within(group *Group, id string) bool {
	seen := map[*Group]bool{}
	var walk func(*Group) bool
	walk = func(group *Group) bool {
		if group == nil || seen[group] {
			return false
		}
		seen[group] = true
		return slices.Contains(group.Members, id) ||
			slices.ContainsFunc(group.nested, func(nested string) bool { return walk(tx.data().groupsByID[nested]) })
	}
	return walk(group)
}

// GroupsOf lists the groups in which an object is, directly or by way of other groups as well.
func (tx *Tx) GroupsOf(id string, transitive bool) []string {
	var ids []string
	for _, group := range tx.data().groups {
		if group.ID == id {
			continue
		}
		if transitive && tx.Within(group, id) || !transitive && slices.Contains(group.Members, id) {
			ids = append(ids, group.ID)
		}
	}
	return ids
}

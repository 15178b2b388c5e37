package graphapi

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/store"
)

// Endpoints are what the control API has of users, groups and all entities.
func Endpoints(data *store.Store) []control.Endpoint {
	endpoints := append(userEndpoints(data), groupEndpoints(data)...)
	for _, entity := range tenantEntities() {
		endpoints = append(endpoints, entity.endpoints(data)...)
	}
	return endpoints
}

// inUpdate runs a change in a transaction and answers with what it returns; nil answers without a body.
func inUpdate(data *store.Store, w http.ResponseWriter, status int, change func(*store.Tx) (any, *control.Refusal)) {
	var value any
	var refused *control.Refusal
	data.Update(func(tx *store.Tx) { value, refused = change(tx) })
	control.Reply(w, status, value, refused)
}

func set[T any](target *T, value *T) {
	if value != nil {
		*target = *value
	}
}

// controlName is the name of a member of a tenant file in the control API: named-locations for namedLocations.
func controlName(member string) string {
	var name strings.Builder
	for _, letter := range member {
		if letter >= 'A' && letter <= 'Z' {
			name.WriteByte('-')
			letter += 'a' - 'A'
		}
		name.WriteRune(letter)
	}
	return name.String()
}

// article puts a or an in front of a name.
func article(name string) string {
	if strings.ContainsRune("aeiouAEIOU", rune(name[0])) {
		return "an " + name
	}
	return "a " + name
}

// endpoints are the collection's part of the control API.
func (c *collection[T]) endpoints(data *store.Store) []control.Endpoint {
	if c.file.member == "" {
		return nil
	}
	path, one := controlName(c.file.member), article(c.one)
	remove := "remove " + one
	if c.data.HasBin() {
		remove = "move " + one + " into the bin"
	}
	// one object, found by the key in the path
	with := func(change func(*store.Tx, *store.Record[T]) (any, *control.Refusal)) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			inUpdate(data, w, http.StatusOK, func(tx *store.Tx) (any, *control.Refusal) {
				record := c.data.Find(tx, r.PathValue("key"))
				if record == nil {
					return nil, control.NotThere(c.one, r.PathValue("key"))
				}
				return change(tx, record)
			})
		}
	}
	return []control.Endpoint{
		control.On("GET", path, "all "+c.many, func(w http.ResponseWriter, _ *http.Request) {
			control.Answer(w, http.StatusOK, orEmpty(store.Read(data, func(tx *store.Tx) []T { return c.data.Values(tx, false) })))
		}),
		control.On("POST", path, "add "+one, func(w http.ResponseWriter, r *http.Request) { c.controlCreate(data, w, r) }),
		control.On("GET", path+"/{key}", one+" by id", with(func(_ *store.Tx, record *store.Record[T]) (any, *control.Refusal) {
			return record.Value(), nil
		})),
		control.On("PATCH", path+"/{key}", "change "+one, func(w http.ResponseWriter, r *http.Request) {
			if body, ok := control.RawBody(w, r); ok {
				with(func(tx *store.Tx, record *store.Record[T]) (any, *control.Refusal) {
					return c.controlPatch(tx, record, body)
				})(w, r)
			}
		}),
		control.On("DELETE", path+"/{key}", remove, with(func(tx *store.Tx, record *store.Record[T]) (any, *control.Refusal) {
			if c.pinned != nil {
				if why := c.pinned(tx, record.Value()); why != "" {
					return nil, control.Conflict(why)
				}
			}
			c.data.DeleteAtOnce(tx, record)
			return nil, nil
		})),
	}
}

func (c *collection[T]) controlCreate(data *store.Store, w http.ResponseWriter, r *http.Request) {
	var value T
	if !control.ReadBody(w, r, &value) {
		return
	}
	inUpdate(data, w, http.StatusCreated, func(tx *store.Tx) (any, *control.Refusal) {
		if err := c.validate(&value); err != nil {
			return nil, control.Invalid(err)
		}
		if refused := taken(tx, c.data.ID(value)); refused != nil {
			return nil, refused
		}
		if err := c.unresolved(tx, &value); err != nil {
			return nil, control.Invalid(err)
		}
		c.complete(&value, tx.Now())
		if refused := c.room(tx, value); refused != nil {
			return nil, control.Conflict(refused.message)
		}
		return c.data.Add(tx, value).Value(), nil
	})
}

// unresolved tells which objects a value names that the tenant does not have.
func (c *collection[T]) unresolved(tx *store.Tx, value *T) error {
	if c.references == nil {
		return nil
	}
	return errors.Join(c.references(value, func(member, id string) bool { return inTenant(tx, member, id) })...)
}

// controlPatch lays changes over an object, which every read sees at once. Lists are replaced; null leaves things as they are.
func (c *collection[T]) controlPatch(tx *store.Tx, record *store.Record[T], body []byte) (any, *control.Refusal) {
	if err := control.DecodeStrict(body, new(T)); err != nil {
		return nil, control.Invalid(err)
	}
	changes := *recoded[map[string]any](json.RawMessage(body))
	for name, change := range changes {
		if change == nil {
			delete(changes, name)
		}
	}
	before := record.Value()
	changed := *control.Clone(&before)
	if c.overwrite != nil {
		c.overwrite(&changed, changes)
	}
	changed = *recoded[T](overlay(properties(changed), changes, c.depth))
	if !strings.EqualFold(c.data.ID(changed), c.data.ID(before)) {
		return nil, control.Invalid(errNoID)
	}
	if err := c.validate(&changed); err != nil {
		return nil, control.Invalid(err)
	}
	if err := c.unresolved(tx, &changed); err != nil {
		return nil, control.Invalid(err)
	}
	if c.data.Counts != nil && !c.data.Counts(before) {
		if refused := c.room(tx, changed); refused != nil {
			return nil, control.Conflict(refused.message)
		}
	}
	if c.modified != nil {
		*c.modified(&changed) = new(tx.Now().UTC())
	}
	c.complete(&changed, tx.Now())
	record.ChangeAtOnce(tx, changed)
	return changed, nil
}

package graphapi

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/store"
)

// tenantEntity is an entity that a tenant file has, and with it a seed, a snapshot and the control API.
type tenantEntity interface {
	entity
	// members are its members of a tenant file, as far as they are not written by hand.
	members() []member
	// problems checks its part of a tenant file.
	problems(file *control.Tenant, unique func(place, what, value string)) []error
	// seed takes its part of a tenant file over, and snapshot writes it.
	seed(tx *store.Tx, file *control.Tenant)
	snapshot(tx *store.Tx, file *control.Tenant)
	// has tells whether one of its objects, in the bin or not, has the id.
	has(tx *store.Tx, id string) bool
	// endpoints are its part of the control API.
	endpoints(data *store.Store) []control.Endpoint
}

// member is a member of a tenant file.
type member struct {
	name        string
	shape       reflect.Type
	description string
	limit       int // of a list; 0 is without limit
	// field marks a member that [control.Tenant] has a field for. It is here for the definitions of its type.
	field bool
}

func tenantEntities() []tenantEntity {
	var found []tenantEntity
	for _, entity := range entities {
		if inFile, ok := entity.(tenantEntity); ok {
			found = append(found, inFile)
		}
	}
	return found
}

// DecodeTenant reads a seed, strictly and without checking what it means.
func DecodeTenant(data []byte) (*control.Tenant, error) {
	return control.DecodeTenant(data, fileMembers())
}

// LoadTenant reads a tenant file and checks it as a whole. Errors name the line and the place, such as "line 12: users[3].id".
func LoadTenant(r io.Reader) (*control.Tenant, error) {
	return control.ReadTenant(r, fileMembers(), Validate)
}

// fileMembers are the members of a tenant file that [control.Tenant] has no field for.
func fileMembers() map[string]reflect.Type {
	members := map[string]reflect.Type{}
	for _, entity := range tenantEntities() {
		for _, member := range entity.members() {
			if !member.field {
				members[member.name] = member.shape
			}
		}
	}
	return members
}

// Validate reports everything that no tenant could be like. Each error names its place.
func Validate(tenant *control.Tenant) error {
	return tenant.Validate(func(unique func(place, what, value string)) []error {
		var problems []error
		for _, entity := range tenantEntities() {
			problems = append(problems, entity.problems(tenant, unique)...)
		}
		return problems
	})
}

// Seed replaces the tenant by one that has been validated.
func Seed(tx *store.Tx, tenant *control.Tenant) {
	tx.Replace(tenant)
	for _, entity := range tenantEntities() {
		entity.seed(tx, tenant)
	}
}

// Snapshot returns the tenant as it really is.
func Snapshot(tx *store.Tx) *control.Tenant {
	tenant := tx.Export()
	for _, entity := range tenantEntities() {
		entity.snapshot(tx, tenant)
	}
	return tenant
}

// taken refuses an id that another object has.
func taken(tx *store.Tx, id string) *control.Refusal {
	_, exists := tx.Object(strings.ToLower(id))
	if id == "" || !exists && !slices.ContainsFunc(tenantEntities(), func(entity tenantEntity) bool { return entity.has(tx, id) }) {
		return nil
	}
	return control.Conflict("id: " + id + " is already in use")
}

// fileOf is where a collection stands in a tenant file. The name there gives its name in the control API as well.
type fileOf[T any] struct {
	member string // such as namedLocations; the bin is deletedNamedLocations
	// field and binField are where [control.Tenant] has a field for it. Without them the objects are in its Objects.
	field, binField func(*control.Tenant) *[]T
	// described says that the tags of the type describe it, although there is a field: its definition in the schema is not written by hand.
	described bool
}

func (f fileOf[T]) name(bin bool) string {
	if bin {
		return "deleted" + strings.ToUpper(f.member[:1]) + f.member[1:]
	}
	return f.member
}

// get returns the objects of a tenant file that has been decoded strictly; what somebody else put there is checked.
func (f fileOf[T]) get(file *control.Tenant, bin bool) ([]T, error) {
	field := f.field
	if bin {
		field = f.binField
	}
	if field != nil {
		return slices.Clone(*field(file)), nil
	}
	switch objects := file.Objects[f.name(bin)].(type) {
	case nil:
		return nil, nil
	case []T:
		return slices.Clone(objects), nil
	default:
		data, err := json.Marshal(objects)
		if err != nil {
			return nil, err
		}
		var decoded []T
		return decoded, control.DecodeStrict(data, &decoded)
	}
}

func (f fileOf[T]) set(file *control.Tenant, bin bool, values []T) {
	field := f.field
	if bin {
		field = f.binField
	}
	switch {
	case field != nil:
		*field(file) = values
	case len(values) > 0:
		if file.Objects == nil {
			file.Objects = map[string]any{}
		}
		file.Objects[f.name(bin)] = values
	}
}

func (c *collection[T]) members() []member {
	if c.file.member == "" || c.file.field != nil && !c.file.described {
		return nil
	}
	shape := reflect.TypeFor[[]T]()
	if c.file.described {
		return []member{{name: c.file.member, shape: shape, field: true}}
	}
	limit := c.data.Limit
	if c.data.Counts != nil {
		limit = 0
	}
	members := []member{{name: c.file.member, shape: shape, description: "The " + c.many + ".", limit: limit}}
	if c.data.HasBin() {
		members = append(members, member{name: c.file.name(true), shape: shape, description: "The " + c.many + " in the bin."})
	}
	return members
}

// bins are the two halves of a collection: false is what there is, true is the bin.
func (c *collection[T]) bins() []bool {
	switch {
	case c.file.member == "":
		return nil
	case c.data.HasBin():
		return []bool{false, true}
	}
	return []bool{false}
}

func (c *collection[T]) problems(file *control.Tenant, unique func(place, what, value string)) []error {
	var problems []error
	for _, bin := range c.bins() {
		name := c.file.name(bin)
		values, err := c.file.get(file, bin)
		if err != nil {
			problems = append(problems, control.Prefixed(name, err)...)
			continue
		}
		counted := 0
		for i := range values {
			value, place := &values[i], fmt.Sprintf("%s[%d]", name, i)
			if err := c.validate(value); err != nil {
				problems = append(problems, control.Prefixed(place, err)...)
			}
			if id := c.data.ID(*value); id != "" {
				unique(place+".id", "id", id)
			}
			if c.references != nil && !bin {
				for _, problem := range c.references(value, func(member, id string) bool { return inFile(file, member, id) }) {
					problems = append(problems, control.Prefixed(place, problem)...)
				}
			}
			if c.data.Counts == nil || c.data.Counts(*value) {
				counted++
			}
		}
		if !bin && c.data.Limit > 0 && counted > c.data.Limit {
			problems = append(problems, fmt.Errorf("%s: %d %s; a tenant can have %d", name, counted, c.limited.inFile, c.data.Limit))
		}
	}
	return problems
}

// inFile tells whether a tenant file has an object with the id in a collection, by the name of the collection there.
func inFile(file *control.Tenant, member, id string) bool {
	return slices.ContainsFunc(entities, func(entity entity) bool {
		named, ok := entity.(interface {
			hasInFile(file *control.Tenant, member, id string) bool
		})
		return ok && named.hasInFile(file, member, id)
	})
}

func (c *collection[T]) hasInFile(file *control.Tenant, member, id string) bool {
	if c.file.member != member {
		return false
	}
	values, err := c.file.get(file, false)
	return err == nil && slices.ContainsFunc(slices.Concat(c.builtIn, values), func(value T) bool { return strings.EqualFold(c.data.ID(value), id) })
}

// inTenant tells whether the tenant has an object with the id in a collection, by the name of the collection in a tenant file.
func inTenant(tx *store.Tx, member, id string) bool {
	return slices.ContainsFunc(entities, func(entity entity) bool {
		named, ok := entity.(interface {
			hasInTenant(tx *store.Tx, member, id string) bool
		})
		return ok && named.hasInTenant(tx, member, id)
	})
}

func (c *collection[T]) hasInTenant(tx *store.Tx, member, id string) bool {
	return c.file.member == member && c.data.Find(tx, id) != nil
}

func (c *collection[T]) seed(tx *store.Tx, file *control.Tenant) {
	for _, value := range c.builtIn {
		c.data.Add(tx, value)
	}
	for _, bin := range c.bins() {
		values, _ := c.file.get(file, bin) // checked by problems
		if values == nil && !bin {
			values = c.usual
		}
		for i := range values {
			value := control.Clone(&values[i])
			if c.data.HasBin() {
				deleted := c.data.DeletedAt(value)
				switch {
				case !bin:
					*deleted = nil
				case *deleted == nil:
					*deleted = new(tx.Now().UTC())
				}
			}
			c.complete(value, tx.Now())
			c.data.Add(tx, *value)
		}
	}
}

func (c *collection[T]) snapshot(tx *store.Tx, file *control.Tenant) {
	for _, bin := range c.bins() {
		var values []T
		for _, value := range c.data.Values(tx, bin) {
			if !c.isBuiltIn(value) {
				values = append(values, *control.Clone(&value))
			}
		}
		if bin || len(c.usual) == 0 || !reflect.DeepEqual(values, c.usual) {
			c.file.set(file, bin, values)
		}
	}
}

func (c *collection[T]) isBuiltIn(value T) bool {
	return slices.ContainsFunc(c.builtIn, func(own T) bool { return c.data.ID(own) == c.data.ID(value) })
}

func (c *collection[T]) has(tx *store.Tx, id string) bool { return c.data.Has(tx, id) }

// joined are the problems that there are, each by itself.
func joined(problems []error) error {
	var all []error
	for _, problem := range problems {
		if several, ok := problem.(interface{ Unwrap() []error }); ok {
			all = append(all, several.Unwrap()...)
		} else if problem != nil {
			all = append(all, problem)
		}
	}
	return errors.Join(all...)
}

var errNoID = errors.New("id: cannot be changed")

package graphapi

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/odata"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/store"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/wire"
)

// collection is an entity that is a list of objects of type T. From it follow its rows of the table (list, get, create, patch,
// delete, and of the bin list, get, restore, purge), its part of the control API, of the tenant file, of a snapshot and of the
// schema of tenant files. A field that is empty means the usual thing; T, data, path, one, many, class and the permissions
// are what there has to be.
type collection[T any] struct {
	// data is where the objects are, with their id, their limit and their bin.
	data *store.Collection[T]
	// one and many are what an object and several are called, such as "named location" and "named locations".
	one, many string

	// path and binPath are where the collection and its bin lie, without the version.
	path, binPath string
	// aliases are further paths of the collection, with their classes of throttling.
	aliases []alias
	class   string
	read    [][]string
	write   [][]string // empty: Graph only reads it
	options []string   // query options of a list
	// advanced lists take advanced filters.
	advanced bool

	absent, binAbsent []absence
	// lacks are properties, at any depth, that the type does not have everywhere.
	lacks []lack

	// entity is how objects are queried: by every property, unless it says which. Without defaults, an answer without $select
	// has every property.
	entity odata.Type[T]
	// selects are what can be selected besides the entity's properties; nothing is filtered by it.
	selects []string
	// object is the object with all its properties as Graph writes it, without annotations about the answer.
	object func(T) map[string]any
	// dress adds to an object in an answer what follows from the request, or from the rest of the tenant.
	dress func(tx *store.Tx, req *request, value T, object map[string]any)
	// pageSize is how many objects a page has that no $top asks for.
	pageSize func(*control.Behavior) int

	// setID sets the id of an object that has none, or has it in capital letters. created and modified are where an object says
	// when it was made and changed. normalize fills in what else may be left out, or everything where setID is nil.
	setID func(*T, string)
	// ownID marks objects whose id is chosen by whoever creates them, with a POST or with a PATCH of the id.
	ownID             func(*T, string)
	created, modified func(*T) **time.Time
	normalize         func(*T, time.Time)
	// validate checks of an object by itself what the tags of its type do not say. Its errors name the place, such as
	// "ipRanges[0].cidrAddress: ...".
	validate func(*T) error
	// invalid is the refusal of a body or an object that makes no sense.
	invalid func(message string) *refusal
	// unknown is the refusal of an id that no object has.
	unknown func(id string) *refusal

	body bodyRules
	// checkBody checks what of a body cannot be seen in the object any more.
	checkBody func(tx *store.Tx, body map[string]any) *refusal
	// gate refuses every write of a tenant, such as one without a licence, and binGate every one to the bin.
	gate    func(tx *store.Tx) *refusal
	binGate func(tx *store.Tx, req *request) *refusal
	// check checks an object against the tenant when it is created, changed or restored. before is the object before that, nil
	// for a new one.
	check func(tx *store.Tx, req *request, before, value *T) *refusal
	// changeable tells whether a PATCH may change an object, and removable whether it may be deleted.
	changeable func(value T, body map[string]any) *refusal
	removable  func(tx *store.Tx, record *store.Record[T]) *refusal
	// depth is how deep a PATCH merges objects: 0 replaces every property that it names. merge merges in another way.
	depth int
	merge func(tx *store.Tx, object, body map[string]any) map[string]any
	// limited is what the objects are called that a limit counts, in Graph and in a tenant file, and the Case of the refusal.
	limited limited

	// builtIn are objects that every tenant has. A snapshot does not name them.
	builtIn []T
	// usual are the objects of a tenant whose file has none. A snapshot does not name them either.
	usual []T

	file fileOf[T]
	// references tells which objects a value names that a tenant file, or the control API, has to have; the errors name the place.
	references func(value *T, known func(member, id string) bool) []error
	// overwrite changes an object before the control API lays changes over it.
	overwrite func(value *T, changes map[string]any)
	// pinned tells why the control API may not delete an object, if it may not.
	pinned func(tx *store.Tx, value T) string
}

// alias is a further path of a collection.
type alias struct {
	path, class string
	absent      []absence
}

// lack is a property that a type does not have in some places.
type lack struct {
	property string
	in       []place
}

// limited is how one object too many is refused.
type limited struct{ inGraph, inFile, name string }

// Query options of a collection.
var listOptions = []string{"$select", "$top", "$skip", "$filter", "$count", "$skiptoken"}

// addCollection registers a collection with the usual things filled in.
func addCollection[T any](c collection[T]) *collection[T] {
	if c.entity.Properties == nil {
		c.entity.Properties = propertiesOf(&c)
	}
	if c.entity.Name == "" {
		c.entity.Name = graphType(reflect.TypeFor[T]())
	}
	if c.options == nil {
		c.options = listOptions
	}
	if c.object == nil {
		c.object = objectOf[T]
	}
	if c.gate == nil {
		c.gate = func(*store.Tx) *refusal { return nil }
	}
	if c.merge == nil {
		c.merge = func(_ *store.Tx, object, body map[string]any) map[string]any { return overlay(object, body, c.depth) }
	}
	c.validate = withTags(c.validate)
	if c.invalid == nil {
		c.invalid = badRequest
	}
	if c.unknown == nil {
		c.unknown = resourceNotFound
	}
	if c.body.readOnly == nil {
		c.body.readOnly = []string{"id", "createdDateTime", "modifiedDateTime", "deletedDateTime"}
	}
	if c.limited.inGraph == "" {
		c.limited.inGraph = c.many
	}
	if c.limited.inFile == "" {
		c.limited.inFile = c.many
	}
	registered := &c
	register(registered)
	return registered
}

// rows are the lines of the table.
func (c *collection[T]) rows() []row {
	lines := c.rowsAt(c.path, c.class, c.absent)
	for _, alias := range c.aliases {
		lines = append(lines, c.rowsAt(alias.path, alias.class, alias.absent)...)
	}
	if c.binPath == "" {
		return lines
	}
	absent := slices.Concat(c.absent, c.binAbsent)
	line := func(method, below string, permissions [][]string, options []string, handle handler) {
		lines = append(lines, row{
			method: method, path: c.binPath + below, class: c.class, permissions: permissions, options: options, absent: absent, handle: handle,
		})
	}
	line(http.MethodGet, "", c.read, c.options, c.list(c.binPath, true))
	line(http.MethodGet, "/{id}", c.read, []string{"$select"}, c.get(c.binPath, true))
	line(http.MethodDelete, "/{id}", c.write, nil, c.purge)
	line(http.MethodPost, "/{id}/restore", c.write, nil, c.restore)
	return lines
}

func (c *collection[T]) rowsAt(path, class string, absent []absence) []row {
	lines := []row{
		{method: http.MethodGet, path: path, permissions: c.read, options: c.options, handle: c.list(path, false)},
		{method: http.MethodGet, path: path + "/{id}", permissions: c.read, options: []string{"$select"}, handle: c.get(path, false)},
	}
	if c.write != nil {
		lines = append(lines,
			row{method: http.MethodPost, path: path, permissions: c.write, handle: c.create(path)},
			row{method: http.MethodPatch, path: path + "/{id}", permissions: c.write, handle: c.patch},
			row{method: http.MethodDelete, path: path + "/{id}", permissions: c.write, handle: c.remove},
		)
	}
	for i := range lines {
		lines[i].class, lines[i].absent = class, absent
	}
	return lines
}

// lacking are the properties that the type lacks in the version and the tenant's cloud.
func (c *collection[T]) lacking(tx *store.Tx, version string) []string {
	var names []string
	for _, lack := range c.lacks {
		if isAnyOf(lack.in, tx.Cloud(), version) {
			names = append(names, lack.property)
		}
	}
	return names
}

// entityWithout is the type without the properties that a version lacks.
func (c *collection[T]) entityWithout(lacking []string) odata.Type[T] {
	entity := c.entity
	entity.Properties = map[string]func(T) any{}
	for name, property := range c.entity.Properties {
		if !slices.Contains(lacking, name) {
			entity.Properties[name] = property
		}
	}
	return entity
}

// checkSelect refuses a property that the type does not have, be it in the version and cloud only.
func (c *collection[T]) checkSelect(query odata.Query, lacking []string) error {
	query.Selected = slices.DeleteFunc(slices.Clone(query.Selected), func(name string) bool {
		short, alias := strings.CutPrefix(name, "graph.")
		return slices.Contains(c.selects, name) || alias && slices.Contains(c.selects, "microsoft.graph."+short)
	})
	_, err := c.entityWithout(lacking).Projection(query)
	return err
}

// seen lists what reads see, each of which counts as one, after the object of the token.
func (c *collection[T]) seen(tx *store.Tx, bin bool, token string) ([]T, error) {
	c.data.EmptyBin(tx)
	records := c.data.Records(tx)
	if token != "" {
		last, err := base64.RawURLEncoding.DecodeString(token)
		position := -1
		if err == nil {
			position = slices.IndexFunc(records, func(record *store.Record[T]) bool { return c.data.ID(record.Value()) == string(last) })
		}
		if position < 0 {
			return nil, odata.ExpiredPageToken()
		}
		records = records[position+1:]
	}
	var values []T
	for _, record := range records {
		if bin {
			if record.Deleted() {
				values = append(values, record.Value())
			}
			continue
		}
		if value, found := record.Read(tx); found {
			values = append(values, value)
		}
	}
	return values, nil
}

// list answers GET of the collection, or of its bin.
func (c *collection[T]) list(path string, bin bool) handler {
	return func(tx *store.Tx, req *request, query odata.Query) (*wire.Response, error) {
		lacking := c.lacking(tx, req.version)
		if err := c.checkSelect(query, lacking); err != nil {
			return nil, err
		}
		matches, err := odata.ParseFilter(query.Filter, c.entityWithout(lacking), c.advanced)
		if err != nil {
			return nil, err
		}
		all, err := c.seen(tx, bin, query.SkipToken)
		if err != nil {
			return nil, err
		}
		var found []T
		for _, value := range all {
			if matches(value) {
				found = append(found, value)
			}
		}
		rest := query
		rest.SkipToken = "" // what the token skips is gone already
		rest.Values = odata.WithoutSkip(query.Values)
		if rest.Top == 0 && c.pageSize != nil {
			rest.Top = c.pageSize(tx.Behavior())
		}
		page, err := odata.Paginate(rest, req.address(), found[min(query.Skip, len(found)):], c.data.ID)
		if err != nil {
			return nil, err
		}
		values := []map[string]any{}
		for _, value := range page.Items {
			values = append(values, c.shown(tx, req, value, query, bin, lacking))
		}
		return wire.JSON(http.StatusOK, odata.List(query, req.contextURL(path[1:]+query.Fragment()), len(found), values, page.NextLink)), nil
	}
}

// get answers GET of one object, or of one in the bin.
func (c *collection[T]) get(path string, bin bool) handler {
	return func(tx *store.Tx, req *request, query odata.Query) (*wire.Response, error) {
		id, lacking := req.keys[0], c.lacking(tx, req.version)
		if err := c.checkSelect(query, lacking); err != nil {
			return nil, err
		}
		c.data.EmptyBin(tx)
		record := c.data.FindDeleted(tx, id)
		if !bin {
			if live := c.data.Find(tx, id); live != nil {
				record = live // otherwise a lagging replica may still have the deleted one
			}
		}
		if record == nil {
			return nil, c.unknown(id)
		}
		value, found := record.Value(), bin
		if !bin {
			value, found = record.Read(tx)
		}
		if !found {
			return nil, c.unknown(id)
		}
		object := c.shown(tx, req, value, query, bin, lacking)
		object["@odata.context"] = req.contextURL(path[1:] + query.Fragment() + "/$entity")
		return wire.JSON(http.StatusOK, object), nil
	}
}

// shown is an object with the selected properties.
func (c *collection[T]) shown(tx *store.Tx, req *request, value T, query odata.Query, bin bool, lacking []string) map[string]any {
	object := c.object(value)
	if c.dress != nil {
		c.dress(tx, req, value, object)
	}
	if c.data.HasBin() && !bin {
		object["deletedDateTime"] = nil // what a lagging replica shows was not deleted yet
	}
	strip(object, lacking)
	if query.Selected == nil || slices.Contains(query.Selected, "*") {
		return object
	}
	selected := map[string]any{}
	for name, property := range object {
		// A derived type's property is selected with the type in front of it.
		if strings.HasPrefix(name, "@odata.") || slices.ContainsFunc(query.Selected, func(wanted string) bool {
			return wanted == name || strings.HasSuffix(wanted, "/"+name)
		}) {
			selected[name] = property
		}
	}
	return selected
}

// strip takes properties out of an object, at any depth.
func strip(object map[string]any, names []string) {
	for _, name := range names {
		delete(object, name)
	}
	for _, value := range object {
		if below, isObject := value.(map[string]any); isObject && len(names) > 0 {
			strip(below, names)
		}
	}
}

// readBody reads the body of a create or a patch.
func (c *collection[T]) readBody(tx *store.Tx, req *request) (map[string]any, *refusal) {
	rules := c.body
	rules.unknown = slices.Concat(rules.unknown, c.lacking(tx, req.version))
	body, refused := entityBody[T](req, rules)
	if refused != nil && refused.number != 0 {
		return nil, refused
	}
	if refused != nil {
		return nil, c.invalid(refused.message)
	}
	if c.checkBody != nil {
		refused = c.checkBody(tx, body)
	}
	return body, refused
}

// checked checks an object by itself and against the tenant.
func (c *collection[T]) checked(tx *store.Tx, req *request, before, value *T) *refusal {
	if err := c.validate(value); err != nil {
		return c.invalid(err.Error())
	}
	if c.check != nil {
		return c.check(tx, req, before, value)
	}
	return nil
}

// room refuses one object too many.
func (c *collection[T]) room(tx *store.Tx, value T) *refusal {
	count, full := c.data.Full(tx, value)
	if !full {
		return nil
	}
	return badRequest(fmt.Sprintf("The tenant has %d %s already, which is the limit.", count, c.limited.inGraph)).as(c.limited.name)
}

// complete fills in what an object may leave out.
func (c *collection[T]) complete(value *T, now time.Time) {
	if c.setID != nil {
		id := c.data.ID(*value)
		if id == "" {
			id = uuid.NewString()
		}
		c.setID(value, strings.ToLower(id))
	}
	if c.created != nil && *c.created(value) == nil {
		*c.created(value) = new(now.UTC())
	}
	if c.normalize != nil {
		c.normalize(value, now)
	}
}

// create answers POST of the collection.
func (c *collection[T]) create(path string) handler {
	return func(tx *store.Tx, req *request, _ odata.Query) (*wire.Response, error) {
		if refused := c.gate(tx); refused != nil {
			return nil, refused
		}
		body, refused := c.readBody(tx, req)
		if refused != nil {
			return nil, refused
		}
		value := recoded[T](body)
		if c.ownID != nil && c.data.Find(tx, c.data.ID(*value)) != nil {
			return nil, &refusal{
				status: http.StatusConflict, code: "Request_MultipleObjectsWithSameKeyValue",
				message: "Another object with the same value for property id already exists.",
			}
		}
		if refused := c.add(tx, req, value); refused != nil {
			return nil, refused
		}
		object := c.shown(tx, req, *value, odata.Query{}, false, c.lacking(tx, req.version))
		object["@odata.context"] = req.contextURL(path[1:] + "/$entity")
		response := wire.JSON(http.StatusCreated, object)
		response.Set("Location", req.origin+"/"+req.version+path+"/"+c.data.ID(*value))
		return response, nil
	}
}

// add checks an object and adds it.
func (c *collection[T]) add(tx *store.Tx, req *request, value *T) *refusal {
	if refused := c.checked(tx, req, nil, value); refused != nil {
		return refused
	}
	if refused := c.room(tx, *value); refused != nil {
		return refused
	}
	c.complete(value, tx.Now())
	c.data.Create(tx, *value)
	return nil
}

// patch answers PATCH of an object. A write goes to the primary, which knows an object from the moment of its creation.
func (c *collection[T]) patch(tx *store.Tx, req *request, _ odata.Query) (*wire.Response, error) {
	if refused := c.gate(tx); refused != nil {
		return nil, refused
	}
	body, refused := c.readBody(tx, req)
	if refused != nil {
		return nil, refused
	}
	record := c.data.Find(tx, req.keys[0])
	switch {
	case record == nil && c.ownID != nil:
		value := recoded[T](body)
		c.ownID(value, req.keys[0])
		if refused := c.add(tx, req, value); refused != nil {
			return nil, refused
		}
		return wire.JSON(http.StatusNoContent, nil), nil
	case record == nil:
		return nil, c.unknown(req.keys[0])
	}
	if c.changeable != nil {
		if refused := c.changeable(record.Value(), body); refused != nil {
			return nil, refused
		}
	}
	before := record.Value()
	changed := recoded[T](c.merge(tx, properties(before), body))
	if c.ownID != nil {
		c.ownID(changed, c.data.ID(record.Value()))
	}
	if refused := c.checked(tx, req, &before, changed); refused != nil {
		return nil, refused
	}
	c.complete(changed, tx.Now())
	if c.modified != nil {
		*c.modified(changed) = new(tx.Now().UTC())
	}
	record.Change(tx, *changed)
	return wire.JSON(http.StatusNoContent, nil), nil
}

// remove answers DELETE of an object, which goes into the bin where there is one.
func (c *collection[T]) remove(tx *store.Tx, req *request, _ odata.Query) (*wire.Response, error) {
	record := c.data.Find(tx, req.keys[0])
	if record == nil {
		return nil, c.unknown(req.keys[0])
	}
	if c.removable != nil {
		if refused := c.removable(tx, record); refused != nil {
			return nil, refused
		}
	}
	c.data.Delete(tx, record)
	return wire.JSON(http.StatusNoContent, nil), nil
}

// restore answers POST of a deleted object's restore action: it is back as it was.
//
// https://learn.microsoft.com/graph/api/policydeletableitem-restore
func (c *collection[T]) restore(tx *store.Tx, req *request, _ odata.Query) (*wire.Response, error) {
	if refused := c.refusedBin(tx, req); refused != nil {
		return nil, refused
	}
	c.data.EmptyBin(tx)
	record := c.data.FindDeleted(tx, req.keys[0])
	if record == nil {
		return nil, c.unknown(req.keys[0])
	}
	value := record.Value()
	if refused := c.gate(tx); refused != nil {
		return nil, refused
	}
	if refused := c.checked(tx, req, new(value), &value); refused != nil {
		return nil, refused
	}
	if refused := c.room(tx, value); refused != nil {
		return nil, refused
	}
	c.data.Restore(tx, record)
	object := c.shown(tx, req, record.Value(), odata.Query{}, false, c.lacking(tx, req.version))
	object["@odata.context"] = req.contextURL(c.path[1:] + "/$entity")
	return wire.JSON(http.StatusOK, object), nil
}

// purge answers DELETE of an object in the bin: it is gone for good.
func (c *collection[T]) purge(tx *store.Tx, req *request, _ odata.Query) (*wire.Response, error) {
	if refused := c.refusedBin(tx, req); refused != nil {
		return nil, refused
	}
	c.data.EmptyBin(tx)
	record := c.data.FindDeleted(tx, req.keys[0])
	if record == nil {
		return nil, c.unknown(req.keys[0])
	}
	c.data.Purge(tx, record)
	return wire.JSON(http.StatusNoContent, nil), nil
}

// propertiesOf are the properties that the type has in JSON.
func propertiesOf[T any](c *collection[T]) map[string]func(T) any {
	found := map[string]func(T) any{}
	for name := range jsonFields(reflect.TypeFor[T]()) {
		found[name] = func(value T) any { return c.object(value)[name] }
	}
	return found
}

func (c *collection[T]) refusedBin(tx *store.Tx, req *request) *refusal {
	if c.binGate == nil {
		return nil
	}
	return c.binGate(tx, req)
}

// objectOf is a value with all properties that its type has in JSON, at any depth: absent lists are empty, what else is absent is null.
func objectOf[T any](value T) map[string]any {
	object, _ := written(reflect.ValueOf(value)).(map[string]any)
	return object
}

// written is a value as Graph writes it.
func written(value reflect.Value) any {
	switch value.Kind() {
	case reflect.Pointer:
		if value.IsNil() {
			return nil
		}
		return written(value.Elem())
	case reflect.String:
		return nullIfEmpty(value.String())
	case reflect.Slice:
		items := []any{}
		for i := range value.Len() {
			items = append(items, written(value.Index(i)))
		}
		return items
	case reflect.Struct:
		if moment, isTime := value.Interface().(time.Time); isTime {
			return dateTime(&moment)
		}
		object := map[string]any{}
		for i := range value.NumField() {
			name, _, _ := strings.Cut(value.Type().Field(i).Tag.Get("json"), ",")
			object[name] = written(value.Field(i))
		}
		return object
	}
	return value.Interface()
}

// jsonFields are the types of a struct's fields by their names in JSON.
func jsonFields(structure reflect.Type) map[string]reflect.Type {
	fields := map[string]reflect.Type{}
	for i := range structure.NumField() {
		name, _, _ := strings.Cut(structure.Field(i).Tag.Get("json"), ",")
		fields[name] = structure.Field(i).Type
	}
	return fields
}

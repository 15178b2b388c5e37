package graphapi

import (
	"net/http"
	"slices"
	"strings"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/odata"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/store"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/wire"
)

// derived is a list of objects that follow from other data of the tenant, and that Graph only reads.
type derived[T any] struct {
	path   string // without the version
	read   [][]string
	entity odata.Type[T]
	id     func(T) string
	values func(*store.Tx) []T
}

// rows are the list and one object of it, by its id or by a property: path/{id} and path(property='value').
func (d *derived[T]) rows() rows {
	if d.entity.Defaults == nil {
		for name := range d.entity.Properties {
			d.entity.Defaults = append(d.entity.Defaults, name)
		}
	}
	return rows{
		{method: http.MethodGet, path: d.path, permissions: d.read, options: listOptions, handle: d.list},
		{method: http.MethodGet, path: d.path + "/{id}", permissions: d.read, options: []string{"$select"}, handle: d.get},
	}.of(control.ClassDirectory)
}

func (d derived[T]) list(tx *store.Tx, req *request, query odata.Query) (*wire.Response, error) {
	names, err := d.entity.Projection(query)
	if err != nil {
		return nil, err
	}
	matches, err := odata.ParseFilter(query.Filter, d.entity, query.Eventual && query.Count)
	if err != nil {
		return nil, err
	}
	found := slices.DeleteFunc(slices.Clone(d.values(tx)), func(value T) bool { return !matches(value) })
	page, err := odata.Paginate(query, req.address(), found, d.id)
	if err != nil {
		return nil, err
	}
	objects := []map[string]any{}
	for _, value := range page.Items {
		objects = append(objects, d.entity.Object(value, names))
	}
	return wire.JSON(http.StatusOK, odata.List(query, req.contextURL(d.path[1:]+query.Fragment()), len(found), objects, page.NextLink)), nil
}

func (d derived[T]) get(tx *store.Tx, req *request, query odata.Query) (*wire.Response, error) {
	names, err := d.entity.Projection(query)
	if err != nil {
		return nil, err
	}
	value, found := d.find(tx, req.keys[0])
	if !found {
		return nil, resourceNotFound(req.keys[0])
	}
	object := d.entity.Object(value, names)
	object["@odata.context"] = req.contextURL(d.path[1:] + query.Fragment() + "/$entity")
	return wire.JSON(http.StatusOK, object), nil
}

// find finds the object that a key names: its id, or property=value.
func (d derived[T]) find(tx *store.Tx, key string) (found T, exists bool) {
	is := func(value T) any { return d.id(value) }
	if name, wanted, alternate := strings.Cut(key, "="); alternate && d.entity.Properties[name] != nil {
		key, is = wanted, d.entity.Properties[name]
	}
	for _, value := range d.values(tx) {
		if text, isText := is(value).(string); isText && strings.EqualFold(text, key) {
			return value, true
		}
	}
	return found, false
}

package graphapi

import (
	"encoding/json"
	"net/http"
	"reflect"
	"strings"
	"time"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/odata"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/store"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/wire"
)

// singleton is an entity that exists once in a tenant: a policy. Like a [collection], it is data from which everything else
// follows: get and patch, its part of the control API, of the tenant file, of a snapshot and of the schema.
type singleton[T any] struct {
	data *store.Singleton[T]
	name string // what it is called, such as "authentication methods policy"

	path        string // without the version
	class       string
	read, write [][]string
	absent      []absence

	// object is the object with all its properties as Graph writes it for the request.
	object func(tx *store.Tx, req *request, value T) map[string]any
	// fragment is its place in @odata.context; the last segment of the path when empty.
	fragment string

	normalize func(*T, time.Time)
	validate  func(*T) error
	modified  func(*T) **time.Time

	// body are the rules for the body of a PATCH, and invalid the refusal of one that makes no sense.
	body    func(tx *store.Tx, req *request) bodyRules
	invalid func(message string) *refusal
	// change is the object after a PATCH with a checked body.
	change func(tx *store.Tx, value T, changes map[string]any) (*T, *refusal)
	// status is that of a successful PATCH; 204 has no body.
	status func(*control.Behavior) int
	// depth is how deep the control API merges objects.
	depth int

	file fileOfOne[T]
}

// fileOfOne is where a singleton stands in a tenant file. The name there gives its name in the control API as well.
type fileOfOne[T any] struct {
	member string
	// field is where [control.Tenant] has a field for it. Without it the object is in its Objects.
	field func(*control.Tenant) **T
}

// addSingleton registers a singleton.
func addSingleton[T any](s singleton[T]) *singleton[T] {
	if s.fragment == "" {
		s.fragment = s.path[strings.LastIndex(s.path, "/")+1:]
	}
	if s.object == nil {
		s.object = func(_ *store.Tx, _ *request, value T) map[string]any { return objectOf(value) }
	}
	s.validate = withTags(s.validate)
	if s.normalize == nil {
		s.normalize = func(*T, time.Time) {}
	}
	if s.invalid == nil {
		s.invalid = badRequest
	}
	if s.body == nil {
		s.body = func(*store.Tx, *request) bodyRules { return bodyRules{readOnly: []string{"id"}} }
	}
	if s.change == nil {
		s.change = func(_ *store.Tx, value T, changes map[string]any) (*T, *refusal) {
			return recoded[T](overlay(properties(value), changes, s.depth)), nil
		}
	}
	if s.status == nil {
		s.status = func(*control.Behavior) int { return http.StatusNoContent }
	}
	registered := &s
	register(registered)
	return registered
}

func (s *singleton[T]) rows() []row {
	lines := []row{{method: http.MethodGet, path: s.path, class: s.class, permissions: s.read, options: []string{"$select"}, absent: s.absent, handle: s.get}}
	if s.write != nil {
		lines = append(lines, row{method: http.MethodPatch, path: s.path, class: s.class, permissions: s.write, absent: s.absent, handle: s.patch})
	}
	return lines
}

// get answers GET.
func (s *singleton[T]) get(tx *store.Tx, req *request, query odata.Query) (*wire.Response, error) {
	value, _ := s.data.Record(tx).Read(tx) // it always exists
	object := s.object(tx, req, value)
	object["@odata.context"] = req.contextURL(s.fragment + query.Fragment())
	if query.Selected == nil {
		return wire.JSON(http.StatusOK, object), nil
	}
	selected := map[string]any{"@odata.context": object["@odata.context"]}
	for _, name := range query.Selected {
		property, known := object[name]
		if !known || strings.Contains(name, "@") {
			return nil, odata.UnknownProperty(name, graphType(reflect.TypeFor[T]()))
		}
		selected[name] = property
	}
	return wire.JSON(http.StatusOK, selected), nil
}

// patch answers PATCH.
func (s *singleton[T]) patch(tx *store.Tx, req *request, _ odata.Query) (*wire.Response, error) {
	changes, refused := entityBody[T](req, s.body(tx, req))
	if refused != nil {
		return nil, s.invalid(refused.message)
	}
	record := s.data.Record(tx)
	changed, refused := s.change(tx, record.Value(), changes)
	if refused != nil {
		return nil, refused
	}
	if err := s.validate(changed); err != nil {
		return nil, s.invalid(err.Error())
	}
	s.normalize(changed, tx.Now())
	if s.modified != nil {
		*s.modified(changed) = new(tx.Now().UTC())
	}
	record.Change(tx, *changed)
	status := s.status(tx.Behavior())
	if status == http.StatusNoContent {
		return wire.JSON(status, nil), nil
	}
	object := s.object(tx, req, *changed)
	object["@odata.context"] = req.contextURL(s.fragment)
	return wire.JSON(status, object), nil
}

// get returns the object of a tenant file, or nil.
func (f fileOfOne[T]) get(file *control.Tenant) (*T, error) {
	if f.field != nil {
		return *f.field(file), nil
	}
	switch object := file.Objects[f.member].(type) {
	case nil:
		return nil, nil
	case *T:
		return object, nil
	default:
		data, err := json.Marshal(object)
		if err != nil {
			return nil, err
		}
		decoded := new(T)
		return decoded, control.DecodeStrict(data, decoded)
	}
}

func (s *singleton[T]) members() []member {
	if s.file.field != nil {
		return nil
	}
	return []member{{name: s.file.member, shape: reflect.TypeFor[T](), description: "The " + s.name + "."}}
}

func (s *singleton[T]) problems(file *control.Tenant, _ func(place, what, value string)) []error {
	value, err := s.file.get(file)
	if err == nil && value != nil {
		err = s.validate(value)
	}
	if err != nil {
		return control.Prefixed(s.file.member, err)
	}
	return nil
}

func (s *singleton[T]) seed(tx *store.Tx, file *control.Tenant) {
	value, _ := s.file.get(file) // checked by problems
	if value == nil {
		value = new(T)
	}
	value = control.Clone(value)
	s.normalize(value, tx.Now())
	s.data.Record(tx).ChangeAtOnce(tx, *value)
}

func (s *singleton[T]) snapshot(tx *store.Tx, file *control.Tenant) {
	value := s.data.Record(tx).Value()
	if s.file.field != nil {
		*s.file.field(file) = control.Clone(&value)
		return
	}
	usual := new(T)
	s.normalize(usual, tx.Now())
	if reflect.DeepEqual(value, *usual) {
		return // as in a new tenant
	}
	if file.Objects == nil {
		file.Objects = map[string]any{}
	}
	file.Objects[s.file.member] = control.Clone(&value)
}

func (s *singleton[T]) has(*store.Tx, string) bool { return false }

// endpoints are the singleton's part of the control API.
func (s *singleton[T]) endpoints(data *store.Store) []control.Endpoint {
	path := controlName(s.file.member)
	return []control.Endpoint{
		control.On("GET", path, "the "+s.name, func(w http.ResponseWriter, _ *http.Request) {
			control.Answer(w, http.StatusOK, store.Read(data, func(tx *store.Tx) T { return s.data.Record(tx).Value() }))
		}),
		control.On("PATCH", path, "change it as an administrator or Microsoft does; objects are merged", func(w http.ResponseWriter, r *http.Request) {
			if body, ok := control.RawBody(w, r); ok {
				inUpdate(data, w, http.StatusOK, func(tx *store.Tx) (any, *control.Refusal) { return s.controlPatch(tx, body) })
			}
		}),
	}
}

// controlPatch lays changes over the object, which every read sees at once.
func (s *singleton[T]) controlPatch(tx *store.Tx, body []byte) (any, *control.Refusal) {
	if err := control.DecodeStrict(body, new(T)); err != nil {
		return nil, control.Invalid(err)
	}
	changes := *recoded[map[string]any](json.RawMessage(body))
	record := s.data.Record(tx)
	changed := recoded[T](overlay(properties(record.Value()), changes, s.depth))
	if err := s.validate(changed); err != nil {
		return nil, control.Invalid(err)
	}
	before := record.Value()
	if s.modified != nil {
		// The time can be set as well.
		if given := *s.modified(changed); given == nil || *s.modified(&before) != nil && given.Equal(**s.modified(&before)) {
			*s.modified(changed) = new(tx.Now().UTC())
		}
	}
	s.normalize(changed, tx.Now())
	record.ChangeAtOnce(tx, *changed)
	return changed, nil
}

package emulator

import (
	"encoding/base64"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/odata"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/wire"
)

// binLifetime is how long the bin keeps what was deleted.
const binLifetime = 30 * 24 * time.Hour

// accessKind is what named locations and Conditional Access policies have not in common.
type accessKind[T any] struct {
	segment   string // in the path
	entity    odata.Type[T]
	selects   []string // what can be selected besides the entity's properties; nothing is filtered by it
	records   func(*directory) *[]*versioned[T]
	id        func(T) string
	deletedAt func(*T) **time.Time
	// object is the entity with all its properties as Graph writes it, without annotations about the answer.
	object func(T) map[string]any
	write  [][]string // permissions to write
}

// addConditionalAccessRoutes adds what lies under /identity.
func (s *Server) addConditionalAccessRoutes(root *routeNode) {
	addAccessRoutes(s, root, &namedLocations, s.checkRestoredLocation, accessWrites{
		create: s.createNamedLocation, patch: s.patchNamedLocation, remove: s.deleteNamedLocation,
	})
	addAccessRoutes(s, root, &accessPolicies, s.checkRestoredPolicy, accessWrites{
		create: s.createAccessPolicy, patch: s.patchAccessPolicy, remove: s.deleteAccessPolicy,
	})
}

// accessWrites are the handlers of one kind of object that are not the same for all kinds.
type accessWrites struct {
	create        handler
	patch, remove func(*graphRequest, string) (*wire.Response, error)
}

var accessQueryOptions = []string{"$select", "$top", "$skip", "$filter", "$count", "$skiptoken"}

// addAccessRoutes adds a collection and its bin. check says whether an object can come back.
//
// https://learn.microsoft.com/graph/api/resources/policydeletableitem
func addAccessRoutes[T any](s *Server, root *routeNode, kind *accessKind[T], check func(T) *graphError, writes accessWrites) {
	add := func(path string, endpoints ...endpoint) {
		root.add(&route{path, control.ClassConditionalAccess, endpoints})
	}
	list := func(bin bool) endpoint {
		return endpoint{
			http.MethodGet, readConditionalAccess, accessQueryOptions,
			func(req *graphRequest, query odata.Query) (*wire.Response, error) {
				return listAccess(s, req, query, kind, bin)
			},
		}
	}
	get := func(bin bool) endpoint {
		return endpoint{
			http.MethodGet, readConditionalAccess,
			[]string{"$select"},
			func(req *graphRequest, query odata.Query) (*wire.Response, error) {
				return getAccess(s, req, query, kind, req.keys[0], bin)
			},
		}
	}
	path := "/identity/conditionalAccess/" + kind.segment
	add(path, list(false), endpoint{http.MethodPost, kind.write, nil, writes.create})
	add(path+"/{id}", get(false),
		endpoint{http.MethodPatch, kind.write, nil, onBody(writes.patch)},
		endpoint{http.MethodDelete, kind.write, nil, onBody(writes.remove)},
	)
	bin := binPath + "/" + kind.segment
	add(bin, list(true))
	add(bin+"/{id}", get(true), endpoint{
		http.MethodDelete, kind.write, nil,
		func(req *graphRequest, _ odata.Query) (*wire.Response, error) { return purge(s, kind, req.keys[0]) },
	})
	add(bin+"/{id}/restore", endpoint{
		http.MethodPost, kind.write, nil,
		func(req *graphRequest, _ odata.Query) (*wire.Response, error) {
			return restore(s, req, kind, req.keys[0], check)
		},
	})
}

func unknownAccessObject(id string) *graphError {
	refusal := resourceNotFound(id)
	refusal.code = "ResourceNotFound"
	return refusal.as(control.CaseUnknownPolicyObject)
}

// checkSelect refuses a property that the kind does not have, be it in the version and cloud only.
func (k *accessKind[T]) checkSelect(query odata.Query, without []string) error {
	query.Selected = slices.DeleteFunc(slices.Clone(query.Selected), func(name string) bool {
		short, alias := strings.CutPrefix(name, "graph.")
		return slices.Contains(k.selects, name) || alias && slices.Contains(k.selects, "microsoft.graph."+short)
	})
	_, err := k.entityWithout(without).Projection(query)
	return err
}

// entityWithout is the type without the properties that a version lacks.
func (k *accessKind[T]) entityWithout(without []string) odata.Type[T] {
	entity := k.entity
	entity.Properties = maps.Clone(entity.Properties)
	for _, name := range without {
		delete(entity.Properties, name)
	}
	return entity
}

// find returns the object with the id, in the bin or not; nil where there is none. It wants the server's lock.
func (k *accessKind[T]) find(d *directory, id string, bin bool) *versioned[T] {
	for _, record := range *k.records(d) {
		if record.gone == bin && strings.EqualFold(k.id(record.value), id) {
			return record
		}
	}
	return nil
}

// emptyBin forgets what has been in the bin for long enough. It wants the server's lock.
func (k *accessKind[T]) emptyBin(d *directory, now time.Time) {
	records := k.records(d)
	*records = slices.DeleteFunc(*records, func(record *versioned[T]) bool {
		return record.gone && !now.Before((*k.deletedAt(&record.value)).Add(binLifetime))
	})
}

// discard moves an object into the bin. It wants the server's lock.
func (k *accessKind[T]) discard(record *versioned[T], lag *lag, now time.Time) {
	value := record.value
	*k.deletedAt(&value) = new(now.UTC())
	record.value, record.gone, record.deleted = value, true, lag
	record.created, record.updated = nil, nil
}

// seen lists what reads see, each of which counts as one, after the object of the token. It wants the server's lock.
func (k *accessKind[T]) seen(d *directory, now time.Time, bin bool, token string) ([]T, error) {
	records := *k.records(d)
	if token != "" {
		last, err := base64.RawURLEncoding.DecodeString(token)
		position := -1
		if err == nil {
			position = slices.IndexFunc(records, func(record *versioned[T]) bool { return k.id(record.value) == string(last) })
		}
		if position < 0 {
			return nil, odata.ExpiredPageToken()
		}
		records = records[position+1:]
	}
	var values []T
	for _, record := range records {
		if bin {
			if record.gone {
				values = append(values, record.value)
			}
			continue
		}
		if value, found := record.read(now); found {
			values = append(values, value)
		}
	}
	return values, nil
}

// fragment is the place of the collection in @odata.context.
func (k *accessKind[T]) fragment(bin bool) string {
	if bin {
		return "identity/conditionalAccess/deletedItems/" + k.segment
	}
	return "identity/conditionalAccess/" + k.segment
}

// listAccess answers GET of a collection, or of its bin.
//
// https://learn.microsoft.com/graph/api/conditionalaccessroot-list-namedlocations
// https://learn.microsoft.com/graph/api/conditionalaccessroot-list-policies
func listAccess[T any](s *Server, req *graphRequest, query odata.Query, kind *accessKind[T], bin bool) (*wire.Response, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	without := s.accessWithout(req.version)
	if err := kind.checkSelect(query, without); err != nil {
		return nil, err
	}
	matches, err := odata.ParseFilter(query.Filter, kind.entityWithout(without), false)
	if err != nil {
		return nil, err
	}
	kind.emptyBin(s.directory, s.now())
	all, err := kind.seen(s.directory, s.now(), bin, query.SkipToken)
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
	if rest.Top == 0 {
		rest.Top = s.behavior.ConditionalAccess.PageSize
	}
	page, err := odata.Paginate(rest, req.address(), found[min(query.Skip, len(found)):], kind.id)
	if err != nil {
		return nil, err
	}
	values := []map[string]any{}
	for _, value := range page.Items {
		values = append(values, kind.shown(value, query, bin, without))
	}
	return wire.JSON(http.StatusOK, odata.List(query, req.contextURL(kind.fragment(bin)+query.Fragment()), len(found), values, page.NextLink)), nil
}

// getAccess answers GET of one object, or of one in the bin.
//
// https://learn.microsoft.com/graph/api/namedlocation-get
// https://learn.microsoft.com/graph/api/conditionalaccesspolicy-get
func getAccess[T any](s *Server, req *graphRequest, query odata.Query, kind *accessKind[T], id string, bin bool) (*wire.Response, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	without := s.accessWithout(req.version)
	if err := kind.checkSelect(query, without); err != nil {
		return nil, err
	}
	kind.emptyBin(s.directory, s.now())
	record := kind.find(s.directory, id, bin)
	if record == nil && !bin {
		record = kind.find(s.directory, id, true) // a lagging replica may still have it
	}
	if record == nil {
		return nil, unknownAccessObject(id)
	}
	value, found := record.value, bin
	if !bin {
		value, found = record.read(s.now())
	}
	if !found {
		return nil, unknownAccessObject(id)
	}
	object := kind.shown(value, query, bin, without)
	object["@odata.context"] = req.contextURL(kind.fragment(bin) + query.Fragment() + "/$entity")
	return wire.JSON(http.StatusOK, object), nil
}

// shown is an object with the selected properties.
func (k *accessKind[T]) shown(value T, query odata.Query, bin bool, without []string) map[string]any {
	object := k.object(value)
	if !bin {
		object["deletedDateTime"] = nil // what a lagging replica shows was not deleted yet
	}
	strip(object, without)
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

// created answers a POST that made the object. It wants the server's lock.
func (k *accessKind[T]) created(s *Server, req *graphRequest, value T) *wire.Response {
	object := k.shown(value, odata.Query{}, false, s.accessWithout(req.version))
	object["@odata.context"] = req.contextURL(k.fragment(false) + "/$entity")
	response := wire.JSON(http.StatusCreated, object)
	response.Set("Location", req.origin+"/"+req.version+"/"+k.fragment(false)+"/"+k.id(value))
	return response
}

// restore answers POST of a deleted object's restore action: it comes back as it was.
//
// https://learn.microsoft.com/graph/api/policydeletableitem-restore
func restore[T any](s *Server, req *graphRequest, kind *accessKind[T], id string, check func(T) *graphError) (*wire.Response, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	kind.emptyBin(s.directory, s.now())
	record := kind.find(s.directory, id, true)
	if record == nil {
		return nil, unknownAccessObject(id)
	}
	if err := check(record.value); err != nil {
		return nil, err
	}
	value := record.value
	*kind.deletedAt(&value) = nil
	*record = versioned[T]{value: value, created: s.creationLag()}
	object := kind.shown(value, odata.Query{}, false, s.accessWithout(req.version))
	object["@odata.context"] = req.contextURL(kind.fragment(false) + "/$entity")
	return wire.JSON(http.StatusOK, object), nil
}

// purge answers DELETE of an object in the bin: it is gone for good.
func purge[T any](s *Server, kind *accessKind[T], id string) (*wire.Response, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	kind.emptyBin(s.directory, s.now())
	record := kind.find(s.directory, id, true)
	if record == nil {
		return nil, unknownAccessObject(id)
	}
	records := kind.records(s.directory)
	*records = slices.DeleteFunc(*records, func(other *versioned[T]) bool { return other == record })
	return wire.JSON(http.StatusNoContent, nil), nil
}

// creationLag is the lag of an object created now, or nil. It wants the server's lock.
func (s *Server) creationLag() *lag {
	if !s.behavior.ReplicaLag.LagCreates {
		return nil
	}
	return newLag(s.behavior.ReplicaLag, s.now())
}

// deletionLag is the lag of an object deleted now, or nil. It wants the server's lock.
func (s *Server) deletionLag() *lag {
	if !s.behavior.ReplicaLag.LagDeletes {
		return nil
	}
	return newLag(s.behavior.ReplicaLag, s.now())
}

func dateTime(moment *time.Time) any {
	if moment == nil {
		return nil
	}
	return moment.UTC().Format(time.RFC3339Nano)
}

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

// row is a line of the table: something that can be done with a resource.
type row struct {
	method      string // empty: the resource is there, and nothing can be done with it
	path        string // without the version; {id} stands for a key
	class       string // of throttling
	permissions [][]string
	options     []string // query options that it understands, with $
	absent      []absence
	// units are the resource units when they are not 1, and those with $select when the general rule does not give them.
	units, selectedUnits int
	// asks marks a POST that changes nothing.
	asks   bool
	handle handler
}

// handler answers a request within a transaction; the keys in the request's path are in it.
type handler func(*store.Tx, *request, odata.Query) (*wire.Response, error)

func (r *row) writes() bool {
	return r.method != http.MethodGet && !r.asks
}

// place is where something can be absent: a version of Graph in a cloud. An empty field is any.
type place struct{ cloud, version string }

func (p place) is(cloud, version string) bool {
	return (p.cloud == "" || p.cloud == cloud) && (p.version == "" || p.version == version)
}

const (
	v1   = "v1.0"
	beta = "beta"
)

// absence says where a resource is absent, and which segment of its path is not found there.
type absence struct {
	segment string
	in      []place
	as      string // the Case of the refusal, if it has one; the log still has the resource then
}

func isAnyOf(places []place, cloud, version string) bool {
	return slices.ContainsFunc(places, func(place place) bool { return place.is(cloud, version) })
}

// oneOf wants any of the permissions.
func oneOf(permissions ...string) [][]string { return [][]string{permissions} }

// allOf wants every one of the permissions.
func allOf(permissions ...string) [][]string {
	var lists [][]string
	for _, permission := range permissions {
		lists = append(lists, []string{permission})
	}
	return lists
}

// entities are what files of this package have registered, each in its init function.
var entities []entity

// entity is what a file of this package brings with it.
type entity interface {
	// rows are its lines of the table.
	rows() []row
}

// rows is an entity that is nothing but lines of the table.
type rows []row

func (r rows) rows() []row { return r }

func register(added entity) { entities = append(entities, added) }

// table is the whole table.
func table() []row {
	all := []row{{method: http.MethodPost, path: "/$batch", class: control.ClassBatch}}
	for _, entity := range entities {
		all = append(all, entity.rows()...)
	}
	return all
}

// resource is a path with what can be done with it.
type resource struct {
	path   string
	class  string
	absent []absence
	list   []row
}

func unknownResource() *resource {
	return &resource{path: "/unknown", class: control.ClassUnknown}
}

// row is the line for a method, or nil.
func (r *resource) row(method string) *row {
	for i := range r.list {
		if r.list[i].method == method {
			return &r.list[i]
		}
	}
	return nil
}

// node is a part of the paths that there are.
type node struct {
	name     string           // as Graph spells the segment
	segments map[string]*node // by the segment in lower case
	key      *node            // what lies under a key
	resource *resource        // nil where the path is only a part of others
}

func newTree(table []row) *node {
	root := &node{}
	for _, row := range table {
		root.add(row)
	}
	return root
}

func (n *node) add(added row) {
	for segment := range strings.SplitSeq(strings.TrimPrefix(added.path, "/"), "/") {
		if segment == "{id}" {
			if n.key == nil {
				n.key = &node{name: segment}
			}
			n = n.key
			continue
		}
		lower := strings.ToLower(segment)
		if n.segments == nil {
			n.segments = map[string]*node{}
		}
		if n.segments[lower] == nil {
			n.segments[lower] = &node{name: segment}
		}
		n = n.segments[lower]
	}
	if n.resource == nil {
		n.resource = &resource{path: added.path, class: added.class, absent: added.absent}
	}
	switch {
	case n.resource.path != added.path || n.resource.class != added.class:
		panic("emulator: two rows of one resource differ: " + added.path)
	case added.method == "":
		return
	case n.resource.row(added.method) != nil:
		panic("emulator: two rows for " + added.method + " " + added.path)
	}
	n.resource.list = append(n.resource.list, added)
}

// boundOperations can be called by their qualified names as well, microsoft.graph.restore for restore.
var boundOperations = map[string]bool{
	"restore": true, "getByIds": true, "checkMemberGroups": true, "checkMemberObjects": true, "getMemberGroups": true, "getMemberObjects": true,
}

// unservedOperations are operations of Graph that stand where a key can stand, and that are not served here.
var unservedOperations = map[string]bool{
	"delta": true, "delta()": true, "validateProperties": true, "getAvailableExtensionProperties": true, "getUserOwnedObjects": true,
}

// child finds what lies under a node by the name of a segment: in any case, unless it is told to be exact. The metadata
// gives the namespace microsoft.graph the alias graph.
//
// https://learn.microsoft.com/graph/api/overview
func (n *node) child(segment string, exact bool) *node {
	names := []string{segment}
	if short, found := strings.CutPrefix(segment, "graph."); found {
		names = append(names, "microsoft.graph."+short)
	}
	for _, name := range names {
		if found := n.segments[strings.ToLower(name)]; found != nil && (!exact || found.name == name) {
			return found
		}
		operation, qualified := strings.CutPrefix(name, "microsoft.graph.")
		if found := n.segments[strings.ToLower(operation)]; qualified && found != nil && boundOperations[found.name] &&
			(!exact || found.name == operation) {
			return found
		}
	}
	return nil
}

package graphapi

import (
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/odata"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/store"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/wire"
)

// objectFinder finds the object that a key in a path names, as a read does.
type objectFinder func(tx *store.Tx, key string) (store.DirectoryObject, error)

func findUser(tx *store.Tx, key string) (store.DirectoryObject, error) {
	user, err := readUser(tx, key)
	return store.DirectoryObject{User: user}, err
}

func findGroup(tx *store.Tx, id string) (store.DirectoryObject, error) {
	if err := checkObjectID(id); err != nil {
		return store.DirectoryObject{}, err
	}
	if group := tx.Group(id); group != nil {
		return store.DirectoryObject{Group: group}, nil
	}
	return store.DirectoryObject{}, resourceNotFound(id)
}

func findObject(tx *store.Tx, id string) (store.DirectoryObject, error) {
	if err := checkObjectID(id); err != nil {
		return store.DirectoryObject{}, err
	}
	found, exists := tx.Object(strings.ToLower(id))
	if !exists || found.User != nil && found.User.Unseen(tx) {
		return store.DirectoryObject{}, resourceNotFound(id)
	}
	return found, nil
}

// relatedIDs are the ids of the objects in a relation to an object.
func relatedIDs(tx *store.Tx, object store.DirectoryObject, relation string) []string {
	switch relation {
	case "members":
		return object.Group.Members
	case "transitiveMembers":
		return tx.TransitiveMembers(object.Group)
	case "memberOf":
		return tx.GroupsOf(object.ID(), false)
	case "transitiveMemberOf":
		return tx.GroupsOf(object.ID(), true)
	}
	return nil // owners: no group of a tenant file has any
}

// answerForm is what the answer to a list of related objects holds.
type answerForm int

const (
	asObjects answerForm = iota
	asReferences
	asCount
)

// objectEntities are directory objects of any type, and of one type after a cast: a property that the type of an object
// does not have is null.
var objectEntities = map[string]odata.Type[store.DirectoryObject]{
	"":        objectEntity("microsoft.graph.directoryObject", true, true, true),
	userType:  objectEntity(userType, true, false, false),
	groupType: objectEntity(groupType, false, true, false),
}

func objectEntity(name string, users, groups, principals bool) odata.Type[store.DirectoryObject] {
	properties := map[string]func(store.DirectoryObject) any{}
	add := func(included bool, names []string) {
		for _, name := range names {
			if included {
				properties[name] = func(object store.DirectoryObject) any { return objectProperty(object, name) }
			}
		}
	}
	add(users, slices.Collect(maps.Keys(userEntity.Properties)))
	add(groups, slices.Collect(maps.Keys(groupEntity.Properties)))
	add(principals, slices.Collect(maps.Keys(servicePrincipalEntity.Properties)))
	return odata.Type[store.DirectoryObject]{Name: name, Properties: properties}
}

func objectProperty(o store.DirectoryObject, name string) any {
	switch {
	case o.User != nil:
		if property := userEntity.Properties[name]; property != nil {
			return property(o.User)
		}
	case o.Group != nil:
		if property := groupEntity.Properties[name]; property != nil {
			return property(o.Group)
		}
	case o.Principal != nil:
		if property := servicePrincipalEntity.Properties[name]; property != nil {
			return property(o.Principal)
		}
	}
	return nil
}

// related answers the list of the objects in a relation to another object, their references, or their number.
//
// https://learn.microsoft.com/graph/api/group-list-members
// https://learn.microsoft.com/graph/api/group-list-transitivemembers
// https://learn.microsoft.com/graph/api/user-list-memberof
// https://learn.microsoft.com/graph/api/group-list-owners
func related(find objectFinder, relation, cast string, form answerForm) handler {
	entity, known := objectEntities[cast]
	if !known {
		entity = objectEntities[""]
	}
	return func(tx *store.Tx, req *request, query odata.Query) (*wire.Response, error) {
		if err := checkSelected(query, cast); err != nil {
			return nil, err
		}
		if err := checkListing(&query, form); err != nil {
			return nil, err
		}
		if err := entity.CheckOrder(query); err != nil {
			return nil, err
		}
		matches, err := odata.Matcher(query, entity)
		if err != nil {
			return nil, err
		}
		owner, err := find(tx, req.keys[0])
		if err != nil {
			return nil, err
		}
		ids := relatedIDs(tx, owner, relation)
		objects := odata.Source[store.DirectoryObject]{
			Size: len(ids),
			At: func(i int) (store.DirectoryObject, bool) {
				object, exists := tx.Object(ids[i])
				return object, exists && (cast == "" || cast == typeName(object)) && matches(object)
			},
			Find: func(id string) int { return slices.Index(ids, id) },
			ID:   store.DirectoryObject.ID,
		}
		if form == asCount {
			return counted(objects.All()), nil
		}
		if query.OrderBy != nil {
			objects = odata.Sorted(objects.All(), entity, query.OrderBy, store.DirectoryObject.ID)
		}
		page, err := objects.Page(query, req.address())
		if err != nil {
			return nil, err
		}
		return relatedPage(req, query, cast, form, page), nil
	}
}

func relatedPage(req *request, query odata.Query, cast string, form answerForm, page odata.Page[store.DirectoryObject]) *wire.Response {
	body := make([]byte, 0, 512+256*len(page.Items))
	if form == asReferences {
		body = odata.AppendCollection(body, query, req.contextURL("Collection($ref)"), page.Total, page.NextLink)
		for _, object := range page.Items {
			body = append(odata.AppendText(odata.AppendElement(body), "@odata.id", req.objectURL(object)), '}')
		}
		return wire.Written(http.StatusOK, append(body, "]}"...))
	}
	fragment := "directoryObjects"
	if cast != "" {
		fragment = strings.TrimPrefix(cast, "microsoft.graph.") + "s" // the set of such objects
	}
	// With a cast the context says the type.
	describer := newDescriber(req.caller, query, cast == "")
	body = odata.AppendCollection(body, query, req.contextURL(fragment+query.Fragment()), page.Total, page.NextLink)
	for _, object := range page.Items {
		body = describer.append(body, object)
	}
	return wire.Written(http.StatusOK, append(body, "]}"...))
}

// objectURL is the reference to an object: its address among the directory objects, with its type.
func (r *request) objectURL(object store.DirectoryObject) string {
	return r.origin + "/" + r.version + "/directoryObjects/" + object.ID() + "/" + typeName(object)
}

// checkListing checks the options of a list of directory objects. To count them, the header has to be there.
func checkListing(query *odata.Query, form answerForm) error {
	if form == asCount {
		if !query.Eventual {
			return odata.WantsEventual("$count segment")
		}
		query.Counting = true
	}
	return odata.CheckAdvanced(*query)
}

// counted is the answer to /$count: a number in plain text.
func counted[T any](items []T) *wire.Response {
	return &wire.Response{Status: http.StatusOK, Body: []byte(strconv.Itoa(len(items))), ContentType: "text/plain"}
}

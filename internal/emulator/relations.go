package emulator

import (
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/odata"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/wire"
)

// objectFinder finds the object that a key in a path names, as a read does. It wants the server's lock.
type objectFinder func(key string) (directoryObject, error)

func (s *Server) readUser(key string) (directoryObject, error) {
	if record := s.visibleUser(key); record != nil {
		return directoryObject{user: record}, nil
	}
	return directoryObject{}, resourceNotFound(key).as(control.CaseUnknownUser)
}

func (s *Server) readGroup(id string) (directoryObject, error) {
	if err := checkObjectID(id); err != nil {
		return directoryObject{}, err
	}
	if group := s.directory.group(id); group != nil {
		return directoryObject{group: group}, nil
	}
	return directoryObject{}, resourceNotFound(id)
}

func (s *Server) readObject(id string) (directoryObject, error) {
	if err := checkObjectID(id); err != nil {
		return directoryObject{}, err
	}
	found, exists := s.directory.object(strings.ToLower(id))
	if !exists || found.user != nil && found.user.createLag.stale(s.now()) {
		return directoryObject{}, resourceNotFound(id)
	}
	return found, nil
}

// relatedIDs are the ids of the objects in a relation to an object.
func (d *directory) relatedIDs(object directoryObject, relation string) []string {
	switch relation {
	case "members":
		return object.group.members
	case "transitiveMembers":
		return d.transitiveMembers(object.group)
	case "memberOf":
		return d.groupsOf(object.id(), false)
	case "transitiveMemberOf":
		return d.groupsOf(object.id(), true)
	}
	return nil // owners: no group of a tenant file has any
}

// groupsOf lists the groups in which an object is, directly or by way of other groups as well.
func (d *directory) groupsOf(id string, transitive bool) []string {
	var ids []string
	for _, group := range d.groups {
		if group.id == id {
			continue
		}
		if transitive && d.within(group, id) || !transitive && slices.Contains(group.members, id) {
			ids = append(ids, group.id)
		}
	}
	return ids
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
var objectEntities = map[string]odata.Type[directoryObject]{
	"":        objectEntity("microsoft.graph.directoryObject", true, true, true),
	userType:  objectEntity(userType, true, false, false),
	groupType: objectEntity(groupType, false, true, false),
}

func objectEntity(name string, users, groups, principals bool) odata.Type[directoryObject] {
	properties := map[string]func(directoryObject) any{}
	add := func(included bool, names []string) {
		for _, name := range names {
			if included {
				properties[name] = func(object directoryObject) any { return object.property(name) }
			}
		}
	}
	add(users, slices.Collect(maps.Keys(userEntity.Properties)))
	add(groups, slices.Collect(maps.Keys(groupEntity.Properties)))
	add(principals, slices.Collect(maps.Keys(servicePrincipalEntity.Properties)))
	return odata.Type[directoryObject]{Name: name, Properties: properties}
}

func (o directoryObject) property(name string) any {
	switch {
	case o.user != nil:
		if property := userEntity.Properties[name]; property != nil {
			return property(o.user)
		}
	case o.group != nil:
		if property := groupEntity.Properties[name]; property != nil {
			return property(o.group)
		}
	case o.principal != nil:
		if property := servicePrincipalEntity.Properties[name]; property != nil {
			return property(o.principal)
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
func (s *Server) related(find objectFinder, relation, cast string, form answerForm) handler {
	entity, known := objectEntities[cast]
	if !known {
		entity = objectEntities[""]
	}
	return func(req *graphRequest, query odata.Query) (*wire.Response, error) {
		if err := checkSelected(query, cast); err != nil {
			return nil, err
		}
		if err := checkListing(req, &query, form); err != nil {
			return nil, err
		}
		if err := entity.CheckOrder(query); err != nil {
			return nil, err
		}
		matches, err := odata.Matcher(query, entity)
		if err != nil {
			return nil, err
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		owner, err := find(req.keys[0])
		if err != nil {
			return nil, err
		}
		ids := s.directory.relatedIDs(owner, relation)
		objects := odata.Source[directoryObject]{
			Size: len(ids),
			At: func(i int) (directoryObject, bool) {
				object, exists := s.directory.object(ids[i])
				return object, exists && (cast == "" || cast == object.typeName()) && matches(object)
			},
			Find: func(id string) int { return slices.Index(ids, id) },
			ID:   directoryObject.id,
		}
		if form == asCount {
			return counted(objects.All()), nil
		}
		if query.OrderBy != nil {
			objects = odata.Sorted(objects.All(), entity, query.OrderBy, directoryObject.id)
		}
		page, err := objects.Page(query, req.address())
		if err != nil {
			return nil, err
		}
		return s.relatedPage(req, query, cast, form, page), nil
	}
}

func (s *Server) relatedPage(req *graphRequest, query odata.Query, cast string, form answerForm, page odata.Page[directoryObject]) *wire.Response {
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
func (r *graphRequest) objectURL(object directoryObject) string {
	return r.origin + "/" + r.version + "/directoryObjects/" + object.id() + "/" + object.typeName()
}

// checkListing checks the options of a list of directory objects. To count them, the header has to be there.
func checkListing(req *graphRequest, query *odata.Query, form answerForm) error {
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

// getDirectoryObject answers GET /directoryObjects/{id}.
//
// https://learn.microsoft.com/graph/api/directoryobject-get
func (s *Server) getDirectoryObject(req *graphRequest, query odata.Query, id string) (*wire.Response, error) {
	if err := checkSelected(query, ""); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	object, err := s.readObject(id)
	if err != nil {
		return nil, err
	}
	body := odata.AppendText([]byte("{"), "@odata.context", req.contextURL("directoryObjects"+query.Fragment()+"/$entity"))
	return wire.Written(http.StatusOK, newDescriber(req.caller, query, true).appendMembers(body, object)), nil
}

// addMember answers POST /groups/{id}/members/$ref.
//
// https://learn.microsoft.com/graph/api/group-post-members
func (s *Server) addMember(req *graphRequest, id string) (*wire.Response, error) {
	body, refusal := jsonBody(req)
	if refusal != nil {
		return nil, refusal
	}
	var reference string
	for name, value := range body {
		if name != "@odata.id" || json.Unmarshal(value, &reference) != nil {
			return nil, badRequest("A reference is an object with the annotation '@odata.id' and nothing else.")
		}
	}
	member, ok := referencedID(reference)
	if !ok {
		return nil, &graphError{
			status: http.StatusBadRequest, code: "Request_BadRequest",
			message: "Invalid URL format specified in @odata.id for members: '" + reference + "'.",
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	group, err := s.readGroup(id)
	if err != nil {
		return nil, err
	}
	object, err := s.readObject(member)
	if err != nil {
		return nil, err
	}
	if slices.Contains(group.group.members, object.id()) {
		return nil, &graphError{
			status: http.StatusBadRequest, code: "Request_BadRequest",
			message: "One or more added object references already exist for the following modified properties: 'members'.",
		}
	}
	if object.principal != nil {
		// A tenant file, and with it a snapshot, names users and groups only.
		return nil, &graphError{
			status: http.StatusNotImplemented, code: "NotImplemented",
			message: "The emulator keeps no service principals in groups.",
		}
	}
	s.directory.setMembers(group.group, append(slices.Clone(group.group.members), object.id()))
	return wire.JSON(http.StatusNoContent, nil), nil
}

// referencedID is the id in the address of a directory object: https://host/v1.0/directoryObjects/{id}, users/{id} or
// groups/{id}.
func referencedID(reference string) (string, bool) {
	address, err := url.Parse(reference)
	if err != nil || reference == "" {
		return "", false
	}
	segments, err := wire.PathSegments(address.EscapedPath())
	if err != nil || len(segments) < 2 {
		return "", false
	}
	for i, segment := range segments {
		name, key, keyed := cutKey(segment)
		switch strings.ToLower(name) {
		case "directoryobjects", "users", "groups":
			if keyed {
				return key, control.IsGUID(key)
			}
			return segments[min(i+1, len(segments)-1)], control.IsGUID(segments[min(i+1, len(segments)-1)])
		}
	}
	return "", false
}

// removeMember answers DELETE /groups/{id}/members/{id}/$ref.
//
// https://learn.microsoft.com/graph/api/group-delete-members
func (s *Server) removeMember(id, member string) (*wire.Response, error) {
	if err := checkObjectID(member); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	group, err := s.readGroup(id)
	if err != nil {
		return nil, err
	}
	position := slices.Index(group.group.members, strings.ToLower(member))
	if position < 0 {
		return nil, resourceNotFound(member)
	}
	members := slices.Clone(group.group.members)
	s.directory.setMembers(group.group, slices.Delete(members, position, position+1))
	return wire.JSON(http.StatusNoContent, nil), nil
}

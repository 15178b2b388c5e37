package conditionalaccess

import (
	"reflect"
	"slices"
	"strings"
)

// RequiresMFA reports whether every sign-in to which the policy applies needs MFA or an authentication strength, whatever the policy's state. A
// policy that grants access by another control in its place does not.
func (p Policy) RequiresMFA() bool {
	return p.NamesMFA() && (p.GrantControls.Count() == 1 || strings.EqualFold(p.GrantControls.Operator, "AND"))
}

// Narrow reports whether the policy applies to some sign-ins of a user only: to certain apps, places, platforms, devices, clients or risks.
func (p Policy) Narrow() bool {
	conditions := p.normalized().Conditions
	apps := conditions.Applications
	if apps == nil || !slices.Equal(apps.IncludeApplications, []string{"all"}) || len(apps.ExcludeApplications) > 0 || apps.Filter != nil {
		return true
	}
	rest := conditions
	rest.Users, rest.ClientApplications, rest.Applications, rest.ClientAppTypes = nil, nil, nil, nil
	all := slices.Equal(conditions.ClientAppTypes, []string{"all"})
	everywhere := rest.Locations != nil && slices.Equal(rest.Locations.Include, []string{"all"}) && len(rest.Locations.Exclude) == 0
	if everywhere {
		rest.Locations = nil
	}
	return !all || !reflect.ValueOf(rest).IsZero()
}

// ListNames are the lists of a policy that say whom, what and where it is about, by their places on the wire, in the order in which people read
// them.
var ListNames = []string{
	"conditions.users.includeUsers", "conditions.users.includeGroups", "conditions.users.includeRoles",
	"conditions.users.excludeUsers", "conditions.users.excludeGroups", "conditions.users.excludeRoles",
	"conditions.clientApplications.includeServicePrincipals", "conditions.clientApplications.excludeServicePrincipals",
	"conditions.applications.includeApplications", "conditions.applications.excludeApplications", "conditions.applications.includeUserActions",
	"conditions.locations.includeLocations", "conditions.locations.excludeLocations",
	"conditions.platforms.includePlatforms", "conditions.platforms.excludePlatforms", "conditions.clientAppTypes",
}

// Lists are the lists of ListNames.
func (p Policy) Lists() map[string][]string {
	lists := map[string][]string{}
	document := p.wire()
	for _, name := range ListNames {
		object := document
		steps := strings.Split(name, ".")
		for _, step := range steps[:len(steps)-1] {
			object, _ = object[step].(map[string]any)
		}
		lists[name] = texts(object[steps[len(steps)-1]])
	}
	return lists
}

// Unknown are the places of conditions that say something that this package does not know, sorted: whom or what the policy is about may be
// narrower than it seems.
func (p Policy) Unknown() []string {
	var places []string
	conditions, _ := p.document["conditions"].(map[string]any)
	unknownPlaces("conditions", reflect.TypeFor[Conditions](), conditions, &places)
	slices.Sort(places)
	return places
}

func unknownPlaces(at string, kind reflect.Type, object map[string]any, places *[]string) {
	known := map[string]reflect.Type{}
	for i := range kind.NumField() {
		known[wireName(kind.Field(i))] = kind.Field(i).Type
	}
	for name, value := range object {
		inner, isKnown := known[name]
		nested, isObject := value.(map[string]any)
		switch {
		case strings.Contains(name, "@") || isEmpty(value):
		case !isKnown:
			*places = append(*places, at+"."+name)
		case isObject && inner.Kind() == reflect.Pointer && inner.Elem().Kind() == reflect.Struct:
			unknownPlaces(at+"."+name, inner.Elem(), nested, places)
		}
	}
}

// ChangedUsers are the places at which two policies are about other users, or about workload identities.
func ChangedUsers(prior, next Policy) []string {
	return slices.DeleteFunc(prior.Differences(next), func(place string) bool { return !strings.HasPrefix(place, "conditions.users") })
}

// UnknownMembers are the members of enums that the policy has and that this package does not know, by their place on the wire.
func (p Policy) UnknownMembers() map[string][]string {
	found := map[string][]string{}
	document := p.wire()
	for place, known := range enumLists {
		object := document
		steps := strings.Split(place, ".")
		for _, step := range steps[:len(steps)-1] {
			object, _ = object[step].(map[string]any)
		}
		value := object[steps[len(steps)-1]]
		for _, member := range append(texts(value), split(value)...) {
			if !ContainsFold(known, member) {
				found[place] = append(found[place], member)
			}
		}
	}
	return found
}

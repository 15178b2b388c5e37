package emulator

import (
	"maps"
	"net/http"
	"slices"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/odata"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/wire"
)

// Permissions for reading the organization: any of the first shows all of it. With the other, which a signed-in user grants, all but a few
// properties are null.
//
// https://learn.microsoft.com/graph/api/organization-list
var (
	readOrganizationPermissions   = []string{"Organization.Read.All", "Directory.Read.All", "Organization.ReadWrite.All", "Directory.ReadWrite.All"}
	glanceOrganizationPermissions = []string{"User.Read"}
	glancedOrganization           = []string{"id", "displayName", "verifiedDomains"}
)

// organizationEntity has the properties that the emulator knows of its tenant; the others are empty, as nobody has filled them in.
//
// https://learn.microsoft.com/graph/api/resources/organization
var organizationEntity = func() odata.Type[*directory] {
	properties := map[string]func(*directory) any{
		"id":          func(d *directory) any { return d.tenantID },
		"displayName": func(d *directory) any { return d.displayName },
		"tenantType":  func(*directory) any { return "AAD" },
		"verifiedDomains": func(d *directory) any {
			if d.defaultDomain == "" {
				return []any{}
			}
			return []any{map[string]any{
				"capabilities": "Email, OfficeCommunicationsOnline", "isDefault": true, "isInitial": true, "name": d.defaultDomain, "type": "Managed",
			}}
		},
	}
	for _, name := range []string{
		"assignedPlans", "businessPhones", "marketingNotificationEmails", "provisionedPlans", "securityComplianceNotificationMails",
		"securityComplianceNotificationPhones", "technicalNotificationMails",
	} {
		properties[name] = func(*directory) any { return []any{} }
	}
	for _, name := range []string{
		"city", "country", "countryLetterCode", "createdDateTime", "defaultUsageLocation",
		"deletedDateTime", "isMultipleDataLocationsForServicesEnabled", "onPremisesLastSyncDateTime", "onPremisesSyncEnabled", "partnerTenantType",
		"postalCode", "preferredLanguage", "privacyProfile", "state", "street",
	} {
		properties[name] = func(*directory) any { return nil }
	}
	return odata.Type[*directory]{
		Name: "microsoft.graph.organization", Properties: properties, Defaults: slices.Sorted(maps.Keys(properties)),
	}
}()

func (s *Server) addOrganizationRoutes(root *routeNode) {
	permissions := oneOf(slices.Concat(readOrganizationPermissions, glanceOrganizationPermissions))
	root.add(&route{"/organization", control.ClassDirectory, []endpoint{
		{http.MethodGet, permissions, []string{"$select"}, s.listOrganizations},
	}})
	root.add(&route{"/organization/{id}", control.ClassDirectory, []endpoint{
		{http.MethodGet, permissions, []string{"$select"}, onKey(s.getOrganization)},
	}})
}

// organization is the one that there is, as the caller may see it. It wants the server's lock.
func (s *Server) organization(req *graphRequest, names []string) map[string]any {
	object := organizationEntity.Object(s.directory, names)
	if !req.caller.hasAny(readOrganizationPermissions) {
		for name := range object {
			if !slices.Contains(glancedOrganization, name) {
				object[name] = nil
			}
		}
	}
	return object
}

// listOrganizations answers GET /organization: there is only one.
//
// https://learn.microsoft.com/graph/api/organization-list
func (s *Server) listOrganizations(req *graphRequest, query odata.Query) (*wire.Response, error) {
	names, err := organizationEntity.Projection(query)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return wire.JSON(http.StatusOK, odata.List(query, req.contextURL("organization"+query.Fragment()), 1, []map[string]any{s.organization(req, names)}, "")), nil
}

// getOrganization answers GET /organization/{id}.
//
// https://learn.microsoft.com/graph/api/organization-get
func (s *Server) getOrganization(req *graphRequest, query odata.Query, id string) (*wire.Response, error) {
	if err := checkObjectID(id); err != nil {
		return nil, err
	}
	names, err := organizationEntity.Projection(query)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.directory.matchesTenant(id) {
		return nil, resourceNotFound(id)
	}
	object := s.organization(req, names)
	object["@odata.context"] = req.contextURL("organization" + query.Fragment() + "/$entity")
	return wire.JSON(http.StatusOK, object), nil
}

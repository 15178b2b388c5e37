package graphapi

import (
	"maps"
	"net/http"
	"slices"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/odata"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/store"
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
var organizationEntity = func() odata.Type[*store.Tx] {
	properties := map[string]func(*store.Tx) any{
		"id":          func(tx *store.Tx) any { return tx.TenantID() },
		"displayName": func(tx *store.Tx) any { return tx.DisplayName() },
		"tenantType":  func(*store.Tx) any { return "AAD" },
		"verifiedDomains": func(tx *store.Tx) any {
			if tx.DefaultDomain() == "" {
				return []any{}
			}
			return []any{map[string]any{
				"capabilities": "Email, OfficeCommunicationsOnline", "isDefault": true, "isInitial": true, "name": tx.DefaultDomain(), "type": "Managed",
			}}
		},
	}
	for _, name := range []string{
		"assignedPlans", "businessPhones", "marketingNotificationEmails", "provisionedPlans", "securityComplianceNotificationMails",
		"securityComplianceNotificationPhones", "technicalNotificationMails",
	} {
		properties[name] = func(*store.Tx) any { return []any{} }
	}
	for _, name := range []string{
		"city", "country", "countryLetterCode", "createdDateTime", "defaultUsageLocation",
		"deletedDateTime", "isMultipleDataLocationsForServicesEnabled", "onPremisesLastSyncDateTime", "onPremisesSyncEnabled", "partnerTenantType",
		"postalCode", "preferredLanguage", "privacyProfile", "state", "street",
	} {
		properties[name] = func(*store.Tx) any { return nil }
	}
	return odata.Type[*store.Tx]{
		Name: "microsoft.graph.organization", Properties: properties, Defaults: slices.Sorted(maps.Keys(properties)),
	}
}()

func init() {
	permissions := oneOf(slices.Concat(readOrganizationPermissions, glanceOrganizationPermissions)...)
	register(rows{
		{method: http.MethodGet, path: "/organization", permissions: permissions, options: []string{"$select"}, handle: listOrganizations},
		{method: http.MethodGet, path: "/organization/{id}", permissions: permissions, options: []string{"$select"}, handle: getOrganization},
	}.of(control.ClassDirectory))
}

// organization is the one that there is, as the caller may see it.
func organization(tx *store.Tx, req *request, names []string) map[string]any {
	object := organizationEntity.Object(tx, names)
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
func listOrganizations(tx *store.Tx, req *request, query odata.Query) (*wire.Response, error) {
	names, err := organizationEntity.Projection(query)
	if err != nil {
		return nil, err
	}
	return wire.JSON(http.StatusOK, odata.List(query, req.contextURL("organization"+query.Fragment()), 1, []map[string]any{organization(tx, req, names)}, "")), nil
}

// getOrganization answers GET /organization/{id}.
//
// https://learn.microsoft.com/graph/api/organization-get
func getOrganization(tx *store.Tx, req *request, query odata.Query) (*wire.Response, error) {
	id := req.keys[0]
	if err := checkObjectID(id); err != nil {
		return nil, err
	}
	names, err := organizationEntity.Projection(query)
	if err != nil {
		return nil, err
	}
	if !tx.MatchesTenant(id) {
		return nil, resourceNotFound(id)
	}
	object := organization(tx, req, names)
	object["@odata.context"] = req.contextURL("organization" + query.Fragment() + "/$entity")
	return wire.JSON(http.StatusOK, object), nil
}

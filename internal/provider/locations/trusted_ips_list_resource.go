package locations

import (
	"github.com/hashicorp/terraform-plugin-framework/list"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client"
)

func newTrustedIPsListResource() list.ListResource {
	return &locationListResource{
		typeName: "trusted_ips",
		description: "Finds the [named locations](https://learn.microsoft.com/entra/identity/conditional-access/concept-assignment-network) of IP ranges " +
			"that Conditional Access trusts, to import them as `entramfa_trusted_ips`. Locations of countries, and those that are not trusted, are not among them: " +
			"the resource manages neither.",
		lists: func(location client.NamedLocation) bool { return location.IsIP() && location.IsTrusted },
		result: func(location client.NamedLocation) (string, any) {
			return client.Cover(client.ReadIPRanges(location.Ranges)).Count().String(), newTrustedIPsModel(location)
		},
	}
}

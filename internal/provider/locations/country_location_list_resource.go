package locations

import (
	"github.com/hashicorp/terraform-plugin-framework/list"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/diagnose"
)

func newCountryLocationListResource() list.ListResource {
	return &locationListResource{
		typeName: "country_location",
		description: "Finds the [named locations](https://learn.microsoft.com/entra/identity/conditional-access/concept-assignment-network) of countries, to import them as " +
			"`entramfa_country_location`. Locations of IP ranges are not among them: `entramfa_trusted_ips` manages these.",
		lists: client.NamedLocation.IsCountry,
		result: func(location client.NamedLocation) (string, any) {
			listed := &countryLocationModel{}
			listed.refresh(location)
			return diagnose.Names(location.Countries, diagnose.NamedInWarnings), listed
		},
	}
}

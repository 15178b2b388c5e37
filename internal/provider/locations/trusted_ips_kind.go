package locations

import (
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/redact"
)

// ipLocations are the locations of IP ranges that Conditional Access trusts.
var ipLocations = locationKind{
	is: client.NamedLocation.IsIP, ranges: true, of: "IP ranges (ipNamedLocation)", one: "a trusted location",
	contents: "IP ranges", otherType: "entramfa_country_location",
	move: func(source azureADLocation) (location client.NamedLocation, wrong string) {
		switch {
		case len(source.IP) > 0:
			return client.NamedLocation{Kind: client.KindIPNamedLocation, IsTrusted: source.IP[0].Trusted.ValueBool(), Ranges: source.IP[0].IPRanges}, ""
		case len(source.Country) > 0:
			return location, fmt.Sprintf("is one of countries (%s)", strings.Join(source.Country[0].CountriesAndRegions, ", "))
		}
		return location, "has no IP ranges"
	},
	checkImport: func(location client.NamedLocation, diags *diag.Diagnostics) {
		if !location.IsTrusted {
			diags.AddError(fmt.Sprintf("Named location %s is not trusted", redact.NameInQuotes(location.DisplayName)),
				fmt.Sprintf("The location %s has IP ranges and is not marked as trusted, and the first apply after an import would trust it. "+
					"If that is what you want, mark it as trusted in Microsoft Entra and import it then.", location.ID))
		}
	},
	addWrongKind: func(location client.NamedLocation, at path.Path, diags *diag.Diagnostics) {
		diags.AddAttributeError(at, fmt.Sprintf("Named location %s has no IP ranges", redact.NameInQuotes(location.DisplayName)),
			fmt.Sprintf("The location %s is a %s. A location of countries cannot be trusted, and has no ranges.", location.ID, kindOf(location)))
	},
	warnStoredDifferently: warnStoredDifferently,
}

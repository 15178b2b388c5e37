package locations

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/resource"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/resourcekit"
)

// MoveState takes over azuread_named_location, so that a location changes its provider without being deleted or written.
func (r *countryLocationResource) MoveState(context.Context) []resource.StateMover {
	return []resource.StateMover{{SourceSchema: azureADLocationSchema(), StateMover: moveAzureADCountries}}
}

func moveAzureADCountries(ctx context.Context, req resource.MoveStateRequest, resp *resource.MoveStateResponse) {
	source, ok := readAzureADLocation(ctx, "entramfa_country_location", req, resp)
	if !ok {
		return
	}
	if len(source.Country) == 0 {
		addWrongMove(source, "entramfa_country_location", "has no countries", "countries", "entramfa_trusted_ips", &resp.Diagnostics)
		return
	}
	location := client.NamedLocation{
		ID: source.guid(), DisplayName: source.DisplayName.ValueString(), Kind: client.KindCountryNamedLocation,
		Countries: source.Country[0].CountriesAndRegions, IncludeUnknown: source.Country[0].IncludeUnknown.ValueBool(),
		LookupMethod: source.Country[0].LookupMethod.ValueString(),
	}
	var moved countryLocationModel
	moved.refresh(location)
	resourcekit.PublishMove(ctx, resp, &moved)
}

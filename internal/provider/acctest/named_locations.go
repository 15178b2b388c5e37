package acctest

import "github.com/hashicorp/terraform-plugin-go/tftypes"

// The types of the other resources of named locations.
const (
	CountryType = "entramfa_country_location"
	RangeType   = "entramfa_trusted_ip_range"
)

// Countries is a configuration of a location of countries.
func Countries(name string, codes ...string) map[string]any {
	values := make([]tftypes.Value, len(codes))
	for i, code := range codes {
		values[i] = tftypes.NewValue(tftypes.String, code)
	}
	return map[string]any{
		"display_name": name, "countries": tftypes.NewValue(tftypes.Set{ElementType: tftypes.String}, values),
		"include_unknown": false, "lookup": "client_ip_address",
	}
}

// RangeIn is a configuration of one range of a location.
func RangeIn(locationID, ipRange string) map[string]any {
	return map[string]any{"location_id": locationID, "ip_range": ipRange}
}

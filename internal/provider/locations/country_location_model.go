package locations

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"golang.org/x/text/language"
	"golang.org/x/text/language/display"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/value"
)

// Values of lookup: Graph's, in snake case.
const (
	lookupClientIP = "client_ip_address"
	lookupGPS      = "authenticator_app_gps"
)

// countryLocationModel is the resource's schema.
type countryLocationModel struct {
	locationAttributes
	Countries      types.Set    `tfsdk:"countries"`
	CountryNames   types.Map    `tfsdk:"country_names"`
	IncludeUnknown types.Bool   `tfsdk:"include_unknown"`
	Lookup         types.String `tfsdk:"lookup"`
}

// location is what the model asks for, or what was last seen of it.
func (m *countryLocationModel) location() client.NamedLocation {
	return client.NamedLocation{
		ID: m.ID.ValueString(), DisplayName: m.DisplayName.ValueString(), Kind: client.KindCountryNamedLocation,
		Countries: m.countries(), IncludeUnknown: m.IncludeUnknown.ValueBool(), LookupMethod: graphLookup(m.Lookup.ValueString()),
	}
}

// countries are the known codes, sorted.
func (m *countryLocationModel) countries() []string {
	var codes []string
	for _, element := range m.Countries.Elements() {
		if code, ok := element.(types.String); ok && !code.IsUnknown() && !code.IsNull() {
			codes = append(codes, code.ValueString())
		}
	}
	slices.Sort(codes)
	return codes
}

func graphLookup(lookup string) string {
	if lookup == lookupGPS {
		return client.LookupAuthenticatorAppGPS
	}
	return client.LookupClientIPAddress
}

// lookupOf is the value for Graph's; one that this version does not know stays as it is, and shows as a difference.
func lookupOf(method string) string {
	switch method {
	case client.LookupAuthenticatorAppGPS:
		return lookupGPS
	case client.LookupClientIPAddress, "":
		return lookupClientIP
	}
	return method
}

// refresh takes over what the service has.
func (m *countryLocationModel) refresh(location client.NamedLocation) {
	m.refreshName(location)
	codes := make([]attr.Value, 0, len(location.Countries))
	for _, code := range location.Countries {
		codes = append(codes, types.StringValue(strings.ToUpper(code)))
	}
	m.Countries = types.SetValueMust(types.StringType, codes)
	m.CountryNames = m.countryNames()
	m.IncludeUnknown = types.BoolValue(location.IncludeUnknown)
	m.Lookup = types.StringValue(lookupOf(location.LookupMethod))
}

// countryNames are the names of the countries by their codes, unknown while a code is.
func (m *countryLocationModel) countryNames() types.Map {
	if m.Countries.IsUnknown() || len(m.countries()) < len(m.Countries.Elements()) {
		return types.MapUnknown(types.StringType)
	}
	names := map[string]attr.Value{}
	for _, code := range m.countries() {
		names[code] = types.StringValue(countryName(code))
	}
	return types.MapValueMust(types.StringType, names)
}

// plan computes what an apply makes of the configuration.
func (m *countryLocationModel) plan(prior *countryLocationModel) {
	m.CountryNames = m.countryNames()
	if prior != nil && m.Countries.Equal(prior.Countries) {
		m.CountryNames = prior.CountryNames
	}
}

// unchanged reports whether an apply would write nothing.
func (m *countryLocationModel) unchanged(prior *countryLocationModel) bool {
	return prior != nil && m.DisplayName.Equal(prior.DisplayName) && m.Countries.Equal(prior.Countries) &&
		m.IncludeUnknown.Equal(prior.IncludeUnknown) && m.Lookup.Equal(prior.Lookup)
}

// changes is a line for each change of what the location covers.
func (m *countryLocationModel) changes(prior *countryLocationModel) []string {
	var lines []string
	had, has := prior.countries(), m.countries()
	for _, code := range has {
		if !slices.Contains(had, code) {
			lines = append(lines, "added: "+country(code))
		}
	}
	if m.CountryNames.IsUnknown() {
		lines = append(lines, "the countries are not known yet; until now: "+strings.Join(had, ", "))
		had = nil
	}
	for _, code := range had {
		if !slices.Contains(has, code) {
			lines = append(lines, "removed: "+country(code))
		}
	}
	if !m.IncludeUnknown.Equal(prior.IncludeUnknown) {
		lines = append(lines, fmt.Sprintf("include_unknown: %s -> %s", prior.IncludeUnknown, m.IncludeUnknown))
	}
	if !m.Lookup.Equal(prior.Lookup) {
		lines = append(lines, fmt.Sprintf("lookup: %s -> %s", prior.Lookup, m.Lookup))
	}
	return lines
}

// country is "NO (Norway)".
func country(code string) string {
	if name := countryName(code); name != code {
		return code + " (" + name + ")"
	}
	return code
}

// countryName is the English name of a country, or the code where it has none.
func countryName(code string) string {
	region, err := language.ParseRegion(code)
	if err != nil {
		return code
	}
	if name := display.English.Regions().Name(region); name != "" {
		return name
	}
	return code
}

// describeCountries is what a location covers, in one line.
func describeCountries(location client.NamedLocation) string {
	codes := make([]string, len(location.Countries))
	for i, code := range location.Countries {
		codes[i] = country(code)
	}
	text := strings.Join(codes, ", ")
	if location.IncludeUnknown {
		text += " and unknown countries"
	}
	return fmt.Sprintf("%s, found by %s", text, lookupOf(location.LookupMethod))
}

// countryValidator refuses what is not a code of a country.
//
// Source: https://learn.microsoft.com/graph/api/resources/countrynamedlocation (ISO 3166-2 format of two letters)
func countryValidator() validator.String {
	return value.CheckedText("must be a two-letter country code in upper case", "Invalid country", func(text string) error {
		upper := strings.ToUpper(strings.TrimSpace(text))
		region, err := language.ParseRegion(upper)
		switch {
		case len(upper) != 2 || err != nil || !region.IsCountry() || display.English.Regions().Name(region) == "":
			return fmt.Errorf("%q is not a country code of ISO 3166-1; write two letters, such as \"DE\" for Germany", text)
		case region.Canonicalize() != region:
			return fmt.Errorf("%q is not the code of %s; write %q", text, display.English.Regions().Name(region), region.Canonicalize())
		case upper != text:
			return fmt.Errorf("%q is not in upper case; write %q", text, upper)
		}
		return nil
	})
}

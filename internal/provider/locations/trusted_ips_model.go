package locations

import (
	"fmt"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/iprange"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/value"
)

// trustedIPsModel is the resource's schema.
type trustedIPsModel struct {
	locationAttributes
	IPRanges         value.RangeList `tfsdk:"ip_ranges"`
	RangeSizes       types.Map       `tfsdk:"range_sizes"`
	AddressCountIPv4 types.Int64     `tfsdk:"address_count_ipv4"`
	NetworkCountIPv6 types.Int64     `tfsdk:"network_count_ipv6"`
	Trusted          types.Bool      `tfsdk:"trusted"`
}

// id is the location's id; empty where it is not made yet.
func (m *trustedIPsModel) id() string {
	if m == nil {
		return ""
	}
	return m.ID.ValueString()
}

// newTrustedIPsModel is a location as the service has it.
func newTrustedIPsModel(location client.NamedLocation) *trustedIPsModel {
	m := &trustedIPsModel{}
	m.refresh(location)
	return m
}

// location is what the model asks for, or what was last seen of it.
func (m *trustedIPsModel) location() client.NamedLocation {
	texts, _ := m.IPRanges.Texts()
	return client.NamedLocation{
		ID: m.ID.ValueString(), DisplayName: m.DisplayName.ValueString(), Kind: client.KindIPNamedLocation,
		IsTrusted: m.Trusted.ValueBool(), Ranges: texts,
	}
}

// refresh takes over what the service has. A range keeps the spelling that it had.
func (m *trustedIPsModel) refresh(location client.NamedLocation) {
	m.refreshName(location)
	m.Trusted = types.BoolValue(location.IsTrusted)
	had, known := m.IPRanges.Texts()
	if !known || !iprange.Same(had, location.Ranges) {
		// What stays keeps its place, too, or a plan would show all of it as moved.
		there := make(map[string]bool, len(location.Ranges))
		for _, text := range location.Ranges {
			there[iprange.Normalize(text)] = true
		}
		texts := make([]string, 0, len(location.Ranges))
		for _, text := range had {
			if normal := iprange.Normalize(text); there[normal] {
				there[normal] = false
				texts = append(texts, text)
			}
		}
		for _, text := range location.Ranges {
			if there[iprange.Normalize(text)] {
				texts = append(texts, text)
			}
		}
		m.IPRanges = value.NewRangeList(texts)
	}
	m.count()
}

// count adds the ranges up and says how large each is; both are unknown for as long as a range is.
func (m *trustedIPsModel) count() {
	texts, known := m.IPRanges.Texts()
	if !known {
		m.AddressCountIPv4, m.NetworkCountIPv6 = types.Int64Unknown(), types.Int64Unknown()
		m.RangeSizes = types.MapUnknown(types.StringType)
		return
	}
	ranges := iprange.Read(texts)
	counted := iprange.Cover(ranges).Count()
	m.AddressCountIPv4, m.NetworkCountIPv6 = types.Int64Value(counted.IPv4Addresses), types.Int64Value(counted.IPv6Networks)
	m.RangeSizes = rangeSizes(ranges)
}

// rangeSizes has the normal spellings of the ranges for keys, so that only what is really another range is a difference in it.
func rangeSizes(ranges []iprange.Range) types.Map {
	sizes := make(map[string]attr.Value, len(ranges))
	for _, r := range ranges {
		sizes[r.String()] = types.StringValue(r.Size())
	}
	return types.MapValueMust(types.StringType, sizes)
}

// plan computes what an apply makes of the configuration. A prior value that covers the same stays, so that another spelling
// is no change.
func (m *trustedIPsModel) plan(prior *trustedIPsModel) {
	m.Trusted = types.BoolValue(true)
	if prior != nil && m.IPRanges.Same(prior.IPRanges) {
		m.IPRanges = prior.IPRanges
	}
	m.count()
	if prior != nil && m.IPRanges.Equal(prior.IPRanges) {
		m.RangeSizes = prior.RangeSizes
	}
}

// unchanged reports whether an apply would write nothing.
func (m *trustedIPsModel) unchanged(prior *trustedIPsModel) bool {
	return prior != nil && m.DisplayName.Equal(prior.DisplayName) && m.IPRanges.Equal(prior.IPRanges) && m.Trusted.Equal(prior.Trusted)
}

// trustedRanges are the ranges that the location makes trusted: none where it is not trusted, or not there.
func (m *trustedIPsModel) trustedRanges() []iprange.Range {
	if m == nil || !m.Trusted.ValueBool() {
		return nil
	}
	return m.ranges()
}

// ranges are the known ranges, in order.
func (m *trustedIPsModel) ranges() []iprange.Range {
	texts, _ := m.IPRanges.Texts()
	ranges := iprange.Read(texts)
	slices.SortFunc(ranges, iprange.Range.Compare)
	return ranges
}

// respelled are the ranges that were there before in another spelling, in the order of their texts.
func (m *trustedIPsModel) respelled(prior *trustedIPsModel) []string {
	if prior == nil {
		return nil
	}
	before := map[iprange.Range]string{}
	had, _ := prior.IPRanges.Texts()
	for _, text := range had {
		for _, r := range iprange.Read([]string{text}) {
			before[r] = text
		}
	}
	var lines []string
	texts, _ := m.IPRanges.Texts()
	for _, text := range texts {
		for _, r := range iprange.Read([]string{text}) {
			if old, known := before[r]; known && old != text {
				lines = append(lines, fmt.Sprintf("%s for %s", text, old))
			}
		}
	}
	slices.Sort(lines)
	return lines
}

// rangePaths are the elements in which the known ranges stand.
func (m *trustedIPsModel) rangePaths() map[iprange.Range]path.Path {
	return m.IPRanges.Paths(path.Root("ip_ranges"))
}

package locations

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"pgregory.net/rapid"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/iprange"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/value"
)

func hq(trusted bool, ranges ...string) client.NamedLocation {
	return client.NamedLocation{ID: "55555555-eeee-4eee-8eee-000000000001", DisplayName: "HQ", Kind: "ipNamedLocation", IsTrusted: trusted, Ranges: ranges}
}

func spelled(t interface{ Fatalf(string, ...any) }, m *trustedIPsModel) []string {
	texts, known := m.IPRanges.Texts()
	if !known {
		t.Fatalf("the ranges are %s", m.IPRanges)
	}
	return texts
}

func TestARefreshKeepsTheSpellingOfWhatIsTheSame(t *testing.T) {
	for name, c := range map[string]struct{ had, service, want []string }{
		"the same":        {[]string{"203.0.113.7/24", "198.51.100.7"}, []string{"198.51.100.7/32", "203.0.113.0/24"}, []string{"203.0.113.7/24", "198.51.100.7"}},
		"one more":        {[]string{"203.0.113.7/24"}, []string{"203.0.113.0/24", "198.51.100.7/32"}, []string{"203.0.113.7/24", "198.51.100.7/32"}},
		"one less":        {[]string{"203.0.113.7/24", "198.51.100.7"}, []string{"198.51.100.7/32"}, []string{"198.51.100.7"}},
		"other ones":      {[]string{"203.0.113.7/24"}, []string{"192.0.2.1/24"}, []string{"192.0.2.1/24"}},
		"no range of any": {[]string{"203.0.113.7/24"}, []string{"203.0.113.0/24", "what is this"}, []string{"203.0.113.7/24", "what is this"}},
		"repeated":        {[]string{"203.0.113.7/24"}, []string{"192.0.2.0/24", "192.0.2.0/24"}, []string{"192.0.2.0/24"}},
	} {
		m := newTrustedIPsModel(hq(true, c.had...))
		m.refresh(hq(true, c.service...))
		if diff := cmp.Diff(c.want, spelled(t, m)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestAModelSentAndEchoedIsTheSameModel(t *testing.T) {
	texts := rapid.SampledFrom([]string{"203.0.113.7/24", "203.0.113.0/24", "198.51.100.7", "198.51.100.7/32", "2001:DB8::/48", "2001:db8:0::1/48", "11.0.0.0/9"})
	rapid.Check(t, func(t *rapid.T) {
		m := newTrustedIPsModel(hq(rapid.Bool().Draw(t, "trusted"), rapid.SliceOfNDistinct(texts, 1, 4, iprange.Normalize).Draw(t, "ranges")...))
		echo := m.location()
		if rapid.Bool().Draw(t, "normalised") {
			for i, text := range echo.Ranges {
				echo.Ranges[i] = iprange.Normalize(text)
			}
		}
		echo.Ranges = rapid.Permutation(echo.Ranges).Draw(t, "order")
		again := *m
		again.refresh(echo)
		if !again.unchanged(m) || !again.ID.Equal(m.ID) || !again.AddressCountIPv4.Equal(m.AddressCountIPv4) || !again.NetworkCountIPv6.Equal(m.NetworkCountIPv6) {
			t.Fatalf("%v was echoed and read as %v", m, again)
		}
		// And so does a plan of the echoed spelling change nothing.
		planned := &trustedIPsModel{locationAttributes: locationAttributes{DisplayName: m.DisplayName}, IPRanges: value.NewRangeList(echo.Ranges)}
		planned.plan(m)
		if planned.unchanged(m) != m.Trusted.ValueBool() {
			t.Fatalf("a plan of %v over %v is a change: %t", planned, m, !planned.unchanged(m))
		}
	})
}

func TestWhatIsPlannedForALocation(t *testing.T) {
	prior := newTrustedIPsModel(hq(false, "203.0.113.7/24"))
	m := &trustedIPsModel{locationAttributes: locationAttributes{DisplayName: types.StringValue("HQ")}, IPRanges: value.NewRangeList([]string{"203.0.113.0/24"})}
	m.planName(&prior.locationAttributes)
	m.plan(prior)
	if m.ID != prior.ID || !m.IPRanges.Equal(prior.IPRanges) || !m.Trusted.ValueBool() || m.AddressCountIPv4.ValueInt64() != 256 || m.unchanged(prior) {
		t.Errorf("planned is %+v", m)
	}
	if before, after := prior.trustedRanges(), m.trustedRanges(); len(before) != 0 || len(after) != 1 {
		t.Errorf("trusted is %v before and %v after", before, after)
	}
	var none *trustedIPsModel
	if len(none.trustedRanges()) != 0 || m.unchanged(nil) {
		t.Error("what is not there is trusted, or creating it no change")
	}
}

func TestSizesAreToldOfTheRangesAndNotOfTheirSpelling(t *testing.T) {
	sizes := func(pairs ...string) types.Map {
		elements := map[string]attr.Value{}
		for i := 0; i < len(pairs); i += 2 {
			elements[pairs[i]] = types.StringValue(pairs[i+1])
		}
		return types.MapValueMust(types.StringType, elements)
	}
	prior := newTrustedIPsModel(hq(true, "203.0.113.7/24", "2001:DB8::/48", "not a range"))
	if want := sizes("203.0.113.0/24", "256 IPv4 addresses", "2001:db8::/48", "65,536 IPv6 /64 networks"); !prior.RangeSizes.Equal(want) {
		t.Errorf("read is %s, want %s", prior.RangeSizes, want)
	}
	// With one more, the other spelling of the first is planned as well, and only the new one is a difference in the sizes.
	m := &trustedIPsModel{locationAttributes: locationAttributes{DisplayName: types.StringValue("HQ, Rome")}, IPRanges: value.NewRangeList([]string{"203.0.113.0/24", "2001:db8::/48", "192.0.2.9"})}
	m.planName(&prior.locationAttributes)
	m.plan(prior)
	want := sizes("203.0.113.0/24", "256 IPv4 addresses", "2001:db8::/48", "65,536 IPv6 /64 networks", "192.0.2.9/32", "1 IPv4 address")
	if !m.RangeSizes.Equal(want) || !m.Name.Equal(m.DisplayName) {
		t.Errorf("planned is %s, %s; want %s", m.Name, m.RangeSizes, want)
	}
	if have := m.respelled(prior); !slices.Equal(have, []string{"2001:db8::/48 for 2001:DB8::/48", "203.0.113.0/24 for 203.0.113.7/24"}) {
		t.Errorf("respelled are %q", have)
	}
	unknown := &trustedIPsModel{locationAttributes: locationAttributes{DisplayName: types.StringUnknown()}, IPRanges: value.RangeList{ListValue: types.ListUnknown(types.StringType)}}
	unknown.planName(nil)
	if unknown.plan(nil); !unknown.RangeSizes.IsUnknown() || !unknown.Name.IsUnknown() {
		t.Errorf("planned for what is not known is %s, %s", unknown.Name, unknown.RangeSizes)
	}
}

func TestAStateFromBeforeNamesAndSizesIsNoDifference(t *testing.T) {
	old := newTrustedIPsModel(hq(true, "203.0.113.7/24"))
	old.Name, old.RangeSizes = types.StringNull(), types.MapNull(types.StringType)
	m := &trustedIPsModel{locationAttributes: locationAttributes{DisplayName: old.DisplayName}, IPRanges: value.NewRangeList([]string{"203.0.113.0/24"})}
	m.planName(&old.locationAttributes)
	if m.plan(old); !m.Name.IsNull() || !m.RangeSizes.IsNull() {
		t.Errorf("planned without a refresh is %s, %s", m.Name, m.RangeSizes)
	}
	if old.refresh(hq(true, "203.0.113.0/24")); old.Name.ValueString() != old.DisplayName.ValueString() || len(old.RangeSizes.Elements()) != 1 {
		t.Errorf("after a refresh there is %s, %s", old.Name, old.RangeSizes)
	}
}

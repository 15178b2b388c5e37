package client

import (
	"cmp"
	"fmt"
	"math"
	"net/netip"
	"slices"
	"strings"
	"unicode"

	"go4.org/netipx"
)

// IPRange is what a CIDR covers: 203.0.113.7/24 and 203.0.113.0/24 are the same range, and so are two spellings of one
// IPv6 prefix. It is comparable with ==.
type IPRange struct{ prefix netip.Prefix }

// Bounds of a range in a named location.
//
// Source: https://learn.microsoft.com/entra/identity/conditional-access/concept-assignment-network
const (
	// widestPrefix is the length that a prefix has to exceed.
	widestPrefix = 8
	// MaxIPRanges is how many ranges one named location holds.
	MaxIPRanges = 2000
	// MaxIPNamedLocations is how many IP named locations a tenant holds.
	MaxIPNamedLocations = 195
)

// ParseIPRange reads a range in CIDR notation; a bare address is its /32 or /128. Refused are what is no range, IPv6
// addresses that stand for IPv4 ones, zones, and ranges of /8 or wider, which the service does not take.
func ParseIPRange(text string) (IPRange, error) {
	prefix, ok := parsePrefix(text)
	switch {
	case !ok:
		return IPRange{}, fmt.Errorf("%q is not an IP range; write it in CIDR notation, like 203.0.113.0/24, 2001:db8::/48 or a single address", text)
	case prefix.Addr().Is4In6() && prefix.Bits() >= 96:
		return IPRange{}, fmt.Errorf("%q is an IPv4 range in the form of an IPv6 one, which no request comes from; write %s", text,
			netip.PrefixFrom(prefix.Addr().Unmap(), prefix.Bits()-96).Masked())
	case prefix.Addr().Is4In6():
		return IPRange{}, fmt.Errorf("%q is an IPv4 address in the form of an IPv6 one with the prefix length of neither; write it in one of the two forms", text)
	case prefix.Bits() <= widestPrefix:
		return IPRange{}, fmt.Errorf("%q is too wide: Microsoft Entra takes ranges longer than /%d, and a trusted one is to be no wider than the addresses that you own", text, widestPrefix)
	}
	return IPRange{prefix.Masked()}, nil
}

// readIPRange reads a range that the service has, which may be one that a configuration may not hold.
func readIPRange(text string) (r IPRange, ok bool) {
	prefix, ok := parsePrefix(text)
	if !ok {
		return IPRange{}, false
	}
	return IPRange{prefix.Masked()}, true
}

// parsePrefix reads an address or a CIDR. White space around it, of whatever kind, is ignored.
func parsePrefix(text string) (prefix netip.Prefix, ok bool) {
	text = trimInvisible(text)
	if strings.Contains(text, "/") {
		prefix, err := netip.ParsePrefix(text)
		return prefix, err == nil
	}
	address, err := netip.ParseAddr(text)
	if err != nil || address.Zone() != "" {
		return netip.Prefix{}, false
	}
	return netip.PrefixFrom(address, address.BitLen()), true
}

// trimInvisible takes away what nobody sees around a text: spaces, tabs, no-break spaces, and characters without a width, such
// as a byte order mark.
func trimInvisible(text string) string { return strings.TrimFunc(text, invisible) }

func invisible(r rune) bool { return unicode.IsSpace(r) || unicode.Is(unicode.Cf, r) }

// NormalizeIPRange returns the one normal spelling of what a text covers, and the text itself where it is no range.
func NormalizeIPRange(text string) string {
	if r, ok := readIPRange(text); ok {
		return r.String()
	}
	return text
}

// SameIPRanges reports whether two lists cover the same by the same ranges, whatever their order, spelling and repetitions.
// A text that is no range is the same as itself only.
func SameIPRanges(some, others []string) bool {
	a, b := map[string]bool{}, map[string]bool{}
	for _, text := range some {
		a[NormalizeIPRange(text)] = true
	}
	for _, text := range others {
		normal := NormalizeIPRange(text)
		if !a[normal] {
			return false
		}
		b[normal] = true
	}
	return len(a) == len(b)
}

// ReadIPRanges reads the ranges of a list in their order. What is no range is left out.
func ReadIPRanges(texts []string) []IPRange {
	ranges := make([]IPRange, 0, len(texts))
	for _, text := range texts {
		if r, ok := readIPRange(text); ok {
			ranges = append(ranges, r)
		}
	}
	return ranges
}

// String is the range in its one normal spelling.
func (r IPRange) String() string { return r.prefix.String() }

// Is4 tells IPv4 from IPv6.
func (r IPRange) Is4() bool { return r.prefix.Addr().Is4() }

// Overlaps reports whether two ranges share an address.
func (r IPRange) Overlaps(other IPRange) bool { return r.prefix.Overlaps(other.prefix) }

// Compare orders ranges: IPv4 before IPv6, then by address, then the wider before what it contains.
func (r IPRange) Compare(other IPRange) int {
	return cmp.Or(r.prefix.Addr().Compare(other.prefix.Addr()), cmp.Compare(r.prefix.Bits(), other.prefix.Bits()))
}

// Size is how much the range covers, for people: "256 IPv4 addresses", "65,536 IPv6 /64 networks", "a part of one IPv6 /64
// network".
func (r IPRange) Size() string {
	switch bits := r.prefix.Bits(); {
	case !r.Is4() && bits == 128:
		return "1 IPv6 address"
	case !r.Is4() && bits > 64:
		return "a part of one IPv6 /64 network"
	}
	return r.count().String()
}

func (r IPRange) count() IPRangeCount {
	if r.Is4() {
		return IPRangeCount{IPv4Addresses: powerOf2(32 - r.prefix.Bits())}
	}
	return IPRangeCount{IPv6Networks: powerOf2(max(0, 64-r.prefix.Bits()))}
}

// powerOf2 ends at the largest number there is.
func powerOf2(exponent int) int64 {
	if exponent >= 63 {
		return math.MaxInt64
	}
	return 1 << exponent
}

// Wide reports whether the range is wider than an organisation's own block usually is: wider than /16, IPv6 than /32.
func (r IPRange) Wide() bool {
	if r.Is4() {
		return r.prefix.Bits() < 16
	}
	return r.prefix.Bits() < 32
}

// reservedRanges never appear as the source of a request on the internet. The ranges that are set apart for
// documentation are not among them, because examples use them.
//
// Sources: https://www.iana.org/assignments/iana-ipv4-special-registry, https://www.iana.org/assignments/iana-ipv6-special-registry
var reservedRanges = []struct {
	prefix netip.Prefix
	kind   string
}{
	{netip.MustParsePrefix("0.0.0.0/8"), `"this network" (RFC 791)`},
	{netip.MustParsePrefix("10.0.0.0/8"), "private (RFC 1918)"},
	{netip.MustParsePrefix("100.64.0.0/10"), "carrier-grade NAT (RFC 6598)"},
	{netip.MustParsePrefix("127.0.0.0/8"), "loopback (RFC 1122)"},
	{netip.MustParsePrefix("169.254.0.0/16"), "link-local (RFC 3927)"},
	{netip.MustParsePrefix("172.16.0.0/12"), "private (RFC 1918)"},
	{netip.MustParsePrefix("192.168.0.0/16"), "private (RFC 1918)"},
	{netip.MustParsePrefix("198.18.0.0/15"), "benchmarking (RFC 2544)"},
	{netip.MustParsePrefix("224.0.0.0/4"), "multicast (RFC 5771)"},
	{netip.MustParsePrefix("240.0.0.0/4"), "reserved (RFC 1112)"},
	{netip.MustParsePrefix("::/127"), "unspecified and loopback (RFC 4291)"},
	{netip.MustParsePrefix("fc00::/7"), "private (unique local, RFC 4193)"},
	{netip.MustParsePrefix("fe80::/10"), "link-local (RFC 4291)"},
	{netip.MustParsePrefix("fec0::/10"), "private (site-local, RFC 3879)"},
	{netip.MustParsePrefix("ff00::/8"), "multicast (RFC 4291)"},
}

// Reserved says of a range that lies within one that no request on the internet comes from, which one; ok is false for
// any other.
func (r IPRange) Reserved() (kind string, ok bool) {
	for _, reserved := range reservedRanges {
		if reserved.prefix.Bits() <= r.prefix.Bits() && reserved.prefix.Overlaps(r.prefix) {
			return reserved.kind, true
		}
	}
	return "", false
}

// IPRangeCount is how much some ranges cover together; what two of them share counts once. It ends at the largest number
// there is, which only ranges that no location takes would exceed.
type IPRangeCount struct {
	// IPv4Addresses is the number of IPv4 addresses.
	IPv4Addresses int64
	// IPv6Networks is the number of IPv6 /64 networks; one that is covered in part counts.
	IPv6Networks int64
}

// String is the count for people: "256 IPv4 addresses and 1 IPv6 /64 network".
func (c IPRangeCount) String() string {
	var parts []string
	switch {
	case c.IPv4Addresses == 1:
		parts = append(parts, "1 IPv4 address")
	case c.IPv4Addresses > 1:
		parts = append(parts, groupDigits(c.IPv4Addresses)+" IPv4 addresses")
	}
	switch {
	case c.IPv6Networks == 1:
		parts = append(parts, "1 IPv6 /64 network")
	case c.IPv6Networks > 1:
		parts = append(parts, groupDigits(c.IPv6Networks)+" IPv6 /64 networks")
	}
	if len(parts) == 0 {
		return "nothing"
	}
	return strings.Join(parts, " and ")
}

func groupDigits(n int64) string {
	text := fmt.Sprint(n)
	for at := len(text) - 3; at > 0; at -= 3 {
		text = text[:at] + "," + text[at:]
	}
	return text
}

// Coverage is what some ranges cover together.
type Coverage struct{ set *netipx.IPSet }

// Cover adds ranges up.
func Cover(ranges []IPRange) Coverage {
	var builder netipx.IPSetBuilder
	for _, r := range ranges {
		builder.AddPrefix(r.prefix)
	}
	return newCoverage(&builder)
}

func newCoverage(builder *netipx.IPSetBuilder) Coverage {
	// The builder complains of prefixes that are none, and an IPRange always is one.
	set, _ := builder.IPSet()
	return Coverage{set}
}

// Contains reports whether the whole range is covered.
func (c Coverage) Contains(r IPRange) bool { return c.set.ContainsPrefix(r.prefix) }

// Overlaps reports whether a part of the range is covered.
func (c Coverage) Overlaps(r IPRange) bool { return c.set.OverlapsPrefix(r.prefix) }

// Without is what is covered and not covered by another.
func (c Coverage) Without(other Coverage) Coverage {
	var builder netipx.IPSetBuilder
	builder.AddSet(c.set)
	builder.RemoveSet(other.set)
	return newCoverage(&builder)
}

// Ranges are the fewest ranges that cover the same, in order.
func (c Coverage) Ranges() []IPRange {
	var ranges []IPRange
	for _, prefix := range c.set.Prefixes() {
		ranges = append(ranges, IPRange{prefix})
	}
	return ranges
}

// Count counts what is covered.
func (c Coverage) Count() IPRangeCount {
	var (
		count    IPRangeCount
		networks netipx.IPSetBuilder
	)
	for _, prefix := range c.set.Prefixes() {
		if prefix.Addr().Is4() {
			count.IPv4Addresses += IPRange{prefix}.count().IPv4Addresses
			continue
		}
		// Two parts of one /64 are one network.
		networks.AddPrefix(netip.PrefixFrom(prefix.Addr(), min(64, prefix.Bits())).Masked())
	}
	for _, prefix := range newCoverage(&networks).set.Prefixes() {
		count.IPv6Networks += min(IPRange{prefix}.count().IPv6Networks, math.MaxInt64-count.IPv6Networks)
	}
	return count
}

// OverlappingIPRanges returns the pairs of different ranges that share an address, the wider one first.
func OverlappingIPRanges(ranges []IPRange) [][2]IPRange {
	sorted := slices.Clone(ranges)
	slices.SortFunc(sorted, IPRange.Compare)
	var pairs [][2]IPRange
	// Two prefixes overlap only if one contains the other, and in this order the wider one stands before all that it contains.
	var open []IPRange
	for _, r := range slices.Compact(sorted) {
		for len(open) > 0 && !open[len(open)-1].Overlaps(r) {
			open = open[:len(open)-1]
		}
		for _, wider := range open {
			pairs = append(pairs, [2]IPRange{wider, r})
		}
		open = append(open, r)
	}
	return pairs
}

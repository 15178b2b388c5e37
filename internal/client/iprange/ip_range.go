// Package iprange has the rules of IP ranges: what one covers, which are the same, and what Entra ID takes. It is pure.
package iprange

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"net/netip"
	"slices"
	"strings"
	"unicode"

	"go4.org/netipx"
)

// Range is what a CIDR covers: 203.0.113.7/24 and 203.0.113.0/24 are the same range, and so are two spellings of one
// IPv6 prefix. It is comparable with ==.
type Range struct{ prefix netip.Prefix }

// Bounds of a range in a named location.
//
// Source: https://learn.microsoft.com/entra/identity/conditional-access/concept-assignment-network
const (
	// widestPrefix is the length that a prefix has to exceed.
	widestPrefix = 8
	// MaxIPRanges is how many ranges one named location holds.
	MaxIPRanges = 2000
)

// Parse reads a range in CIDR notation; a bare address is its /32 or /128. Refused are what is no range, IPv6
// addresses that stand for IPv4 ones, zones, and ranges of /8 or wider, which the service does not take.
func Parse(text string) (Range, error) {
	prefix, ok := parsePrefix(text)
	switch {
	case !ok:
		return Range{}, fmt.Errorf("%q is not an IP range; write it in CIDR notation, like 203.0.113.0/24, 2001:db8::/48 or a single address", text)
	case prefix.Addr().Is4In6() && prefix.Bits() >= 96:
		return Range{}, fmt.Errorf("%q is an IPv4 range in the form of an IPv6 one, which no request comes from; write %s", text,
			netip.PrefixFrom(prefix.Addr().Unmap(), prefix.Bits()-96).Masked())
	case prefix.Addr().Is4In6():
		return Range{}, fmt.Errorf("%q is an IPv4 address in the form of an IPv6 one with the prefix length of neither; write it in one of the two forms", text)
	case prefix.Bits() <= widestPrefix:
		return Range{}, fmt.Errorf("%q is too wide: Microsoft Entra takes ranges longer than /%d, and a trusted one is to be no wider than the addresses that you own", text, widestPrefix)
	}
	return Range{prefix.Masked()}, nil
}

// ReadIPRange reads a range that the service has, which may be one that a configuration may not hold.
func ReadIPRange(text string) (r Range, ok bool) {
	prefix, ok := parsePrefix(text)
	if !ok {
		return Range{}, false
	}
	return Range{prefix.Masked()}, true
}

// parsePrefix reads an address or a CIDR. White space around it, of whatever kind, is ignored.
func parsePrefix(text string) (prefix netip.Prefix, ok bool) {
	text = TrimInvisible(text)
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

// TrimInvisible takes away what nobody sees around a text: spaces, tabs, no-break spaces, and characters without a width, such
// as a byte order mark.
func TrimInvisible(text string) string { return strings.TrimFunc(text, invisible) }

func invisible(r rune) bool { return unicode.IsSpace(r) || unicode.Is(unicode.Cf, r) }

// Normalize returns the one normal spelling of what a text covers, and the text itself where it is no range.
func Normalize(text string) string {
	if r, ok := ReadIPRange(text); ok {
		return r.String()
	}
	return text
}

// Same reports whether two lists cover the same by the same ranges, whatever their order, spelling and repetitions.
// A text that is no range is the same as itself only.
func Same(some, others []string) bool { return maps.Equal(members(some), members(others)) }

// members are the different ranges of a list, and its different texts that are no ranges.
func members(texts []string) map[any]bool {
	all := make(map[any]bool, len(texts))
	for _, text := range texts {
		if r, ok := ReadIPRange(text); ok {
			all[r] = true
		} else {
			all[text] = true
		}
	}
	return all
}

// Read reads the ranges of a list in their order. What is no range is left out.
func Read(texts []string) []Range {
	ranges := make([]Range, 0, len(texts))
	for _, text := range texts {
		if r, ok := ReadIPRange(text); ok {
			ranges = append(ranges, r)
		}
	}
	return ranges
}

// String is the range in its one normal spelling.
func (r Range) String() string { return r.prefix.String() }

// Is4 tells IPv4 from IPv6.
func (r Range) Is4() bool { return r.prefix.Addr().Is4() }

// Overlaps reports whether two ranges share an address.
func (r Range) Overlaps(other Range) bool { return r.prefix.Overlaps(other.prefix) }

// Compare orders ranges: IPv4 before IPv6, then by address, then the wider before what it contains.
func (r Range) Compare(other Range) int {
	return cmp.Or(r.prefix.Addr().Compare(other.prefix.Addr()), cmp.Compare(r.prefix.Bits(), other.prefix.Bits()))
}

// Size is how much the range covers, for people: "256 IPv4 addresses", "65,536 IPv6 /64 networks", "a part of one IPv6 /64
// network".
func (r Range) Size() string {
	switch bits := r.prefix.Bits(); {
	case !r.Is4() && bits == 128:
		return "1 IPv6 address"
	case !r.Is4() && bits > 64:
		return "a part of one IPv6 /64 network"
	}
	return r.count().String()
}

func (r Range) count() Count {
	if r.Is4() {
		return Count{IPv4Addresses: powerOf2(32 - r.prefix.Bits())}
	}
	return Count{IPv6Networks: powerOf2(max(0, 64-r.prefix.Bits()))}
}

// powerOf2 ends at the largest number there is.
func powerOf2(exponent int) int64 {
	if exponent >= 63 {
		return math.MaxInt64
	}
	return 1 << exponent
}

// Wide reports whether the range is wider than an organisation's own block usually is: wider than /16, IPv6 than /32.
func (r Range) Wide() bool {
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
func (r Range) Reserved() (kind string, ok bool) {
	for _, reserved := range reservedRanges {
		if reserved.prefix.Bits() <= r.prefix.Bits() && reserved.prefix.Overlaps(r.prefix) {
			return reserved.kind, true
		}
	}
	return "", false
}

// Count is how much some ranges cover together; what two of them share counts once. It ends at the largest number
// there is, which only ranges that no location takes would exceed.
type Count struct {
	// IPv4Addresses is the number of IPv4 addresses.
	IPv4Addresses int64
	// IPv6Networks is the number of IPv6 /64 networks; one that is covered in part counts.
	IPv6Networks int64
}

// String is the count for people: "256 IPv4 addresses and 1 IPv6 /64 network".
func (c Count) String() string {
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
func Cover(ranges []Range) Coverage {
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
func (c Coverage) Contains(r Range) bool { return c.set.ContainsPrefix(r.prefix) }

// Overlaps reports whether a part of the range is covered.
func (c Coverage) Overlaps(r Range) bool { return c.set.OverlapsPrefix(r.prefix) }

// Without is what is covered and not covered by another.
func (c Coverage) Without(other Coverage) Coverage {
	var builder netipx.IPSetBuilder
	builder.AddSet(c.set)
	builder.RemoveSet(other.set)
	return newCoverage(&builder)
}

// Ranges are the fewest ranges that cover the same, in order.
func (c Coverage) Ranges() []Range {
	var ranges []Range
	for _, prefix := range c.set.Prefixes() {
		ranges = append(ranges, Range{prefix})
	}
	return ranges
}

// Count counts what is covered.
func (c Coverage) Count() Count {
	var (
		count    Count
		networks netipx.IPSetBuilder
	)
	for _, prefix := range c.set.Prefixes() {
		if prefix.Addr().Is4() {
			count.IPv4Addresses += Range{prefix}.count().IPv4Addresses
			continue
		}
		// Two parts of one /64 are one network.
		networks.AddPrefix(netip.PrefixFrom(prefix.Addr(), min(64, prefix.Bits())).Masked())
	}
	for _, prefix := range newCoverage(&networks).set.Prefixes() {
		count.IPv6Networks += min(Range{prefix}.count().IPv6Networks, math.MaxInt64-count.IPv6Networks)
	}
	return count
}

// Overlapping returns the pairs of different ranges that share an address, the wider one first.
func Overlapping(ranges []Range) [][2]Range {
	sorted := slices.Clone(ranges)
	slices.SortFunc(sorted, Range.Compare)
	var pairs [][2]Range
	// Two prefixes overlap only if one contains the other, and in this order the wider one stands before all that it contains.
	var open []Range
	for _, r := range slices.Compact(sorted) {
		for len(open) > 0 && !open[len(open)-1].Overlaps(r) {
			open = open[:len(open)-1]
		}
		for _, wider := range open {
			pairs = append(pairs, [2]Range{wider, r})
		}
		open = append(open, r)
	}
	return pairs
}

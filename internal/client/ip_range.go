package client

import (
	"fmt"
	"net/netip"
	"sort"
	"strings"

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
	prefix, err := parsePrefix(text)
	if err != nil {
		return IPRange{}, err
	}
	if prefix.Addr().Is4In6() {
		return IPRange{}, fmt.Errorf("%q is an IPv4 address in the form of an IPv6 one; write the IPv4 range, like %s", text, ipv4Of(prefix))
	}
	if prefix.Bits() <= widestPrefix {
		return IPRange{}, fmt.Errorf("%q is too wide: a range has to be longer than /%d, and a trusted one as narrow as the addresses that you own", text, widestPrefix)
	}
	return IPRange{prefix.Masked()}, nil
}

func parsePrefix(text string) (netip.Prefix, error) {
	refusal := fmt.Errorf("%q is not an IP range; write it in CIDR notation, like 203.0.113.0/24, 2001:db8::/48 or a single address", text)
	if strings.Contains(text, "/") {
		prefix, err := netip.ParsePrefix(text)
		if err != nil {
			return netip.Prefix{}, refusal
		}
		return prefix, nil
	}
	address, err := netip.ParseAddr(text)
	if err != nil || address.Zone() != "" {
		return netip.Prefix{}, refusal
	}
	return netip.PrefixFrom(address, address.BitLen()), nil
}

func ipv4Of(prefix netip.Prefix) netip.Prefix {
	return netip.PrefixFrom(prefix.Addr().Unmap(), max(0, prefix.Bits()-96)).Masked()
}

// String is the range in its one normal spelling.
func (r IPRange) String() string { return r.prefix.String() }

// Is4 tells IPv4 from IPv6.
func (r IPRange) Is4() bool { return r.prefix.Addr().Is4() }

// Overlaps reports whether two ranges share an address.
func (r IPRange) Overlaps(other IPRange) bool { return r.prefix.Overlaps(other.prefix) }

// Size is how much the range covers, for people: "256 IPv4 addresses", "65,536 IPv6 /64 networks", "a part of one IPv6 /64
// network".
func (r IPRange) Size() string {
	bits := r.prefix.Bits()
	switch {
	case r.Is4() && bits == 32:
		return "1 IPv4 address"
	case r.Is4():
		return groupDigits(int64(1)<<(32-bits)) + " IPv4 addresses"
	case bits == 128:
		return "1 IPv6 address"
	case bits > 64:
		return "a part of one IPv6 /64 network"
	case bits == 64:
		return "1 IPv6 /64 network"
	}
	return groupDigits(int64(1)<<(64-bits)) + " IPv6 /64 networks"
}

func groupDigits(n int64) string {
	text := fmt.Sprint(n)
	for at := len(text) - 3; at > 0; at -= 3 {
		text = text[:at] + "," + text[at:]
	}
	return text
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
var reservedRanges = []struct {
	prefix netip.Prefix
	kind   string
}{
	{netip.MustParsePrefix("10.0.0.0/8"), "private (RFC 1918)"},
	{netip.MustParsePrefix("172.16.0.0/12"), "private (RFC 1918)"},
	{netip.MustParsePrefix("192.168.0.0/16"), "private (RFC 1918)"},
	{netip.MustParsePrefix("100.64.0.0/10"), "carrier-grade NAT (RFC 6598)"},
	{netip.MustParsePrefix("127.0.0.0/8"), "loopback (RFC 1122)"},
	{netip.MustParsePrefix("169.254.0.0/16"), "link-local (RFC 3927)"},
	{netip.MustParsePrefix("224.0.0.0/4"), "multicast (RFC 5771)"},
	{netip.MustParsePrefix("fc00::/7"), "private (unique local, RFC 4193)"},
	{netip.MustParsePrefix("fe80::/10"), "link-local (RFC 4291)"},
	{netip.MustParsePrefix("ff00::/8"), "multicast (RFC 4291)"},
	{netip.MustParsePrefix("::1/128"), "loopback (RFC 4291)"},
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

// IPRangeCount is how much some ranges cover together; what two of them share counts once.
type IPRangeCount struct {
	// IPv4Addresses is the number of IPv4 addresses.
	IPv4Addresses int64
	// IPv6Networks is the number of IPv6 /64 networks; one that is covered in part counts.
	IPv6Networks int64
}

// CountIPRanges counts what ranges cover together.
func CountIPRanges(ranges []IPRange) (IPRangeCount, error) {
	var builder netipx.IPSetBuilder
	for _, r := range ranges {
		prefix := r.prefix
		if !r.Is4() && prefix.Bits() > 64 {
			// The /64 that it is a part of.
			prefix = netip.PrefixFrom(prefix.Addr(), 64).Masked()
		}
		builder.AddPrefix(prefix)
	}
	set, err := builder.IPSet()
	if err != nil {
		return IPRangeCount{}, fmt.Errorf("the ranges cannot be added up: %w", err)
	}
	var count IPRangeCount
	for _, prefix := range set.Prefixes() {
		if prefix.Addr().Is4() {
			count.IPv4Addresses += 1 << (32 - prefix.Bits())
		} else {
			count.IPv6Networks += 1 << (64 - prefix.Bits())
		}
	}
	return count, nil
}

// Uncovered returns those of the ranges that others do not cover entirely.
func Uncovered(ranges, others []IPRange) ([]IPRange, error) {
	var builder netipx.IPSetBuilder
	for _, other := range others {
		builder.AddPrefix(other.prefix)
	}
	covered, err := builder.IPSet()
	if err != nil {
		return nil, fmt.Errorf("the ranges cannot be compared: %w", err)
	}
	var left []IPRange
	for _, r := range ranges {
		if !covered.ContainsPrefix(r.prefix) {
			left = append(left, r)
		}
	}
	return left, nil
}

// OverlappingIPRanges returns the pairs of ranges that share an address, the wider one first.
func OverlappingIPRanges(ranges []IPRange) [][2]IPRange {
	sorted := append([]IPRange(nil), ranges...)
	sort.Slice(sorted, func(i, j int) bool { return netipx.ComparePrefix(sorted[i].prefix, sorted[j].prefix) < 0 })
	var pairs [][2]IPRange
	// Two prefixes overlap only if one contains the other, and in this order the wider one stands before all that it contains.
	var open []IPRange
	for _, r := range sorted {
		for len(open) > 0 && !open[len(open)-1].Overlaps(r) {
			open = open[:len(open)-1]
		}
		for _, wider := range open {
			if wider != r {
				pairs = append(pairs, [2]IPRange{wider, r})
			}
		}
		open = append(open, r)
	}
	return pairs
}

// SameIPRanges reports whether two lists hold the same ranges, whatever their order and however often.
func SameIPRanges(some, others []IPRange) bool {
	a, b := map[IPRange]bool{}, map[IPRange]bool{}
	for _, r := range some {
		a[r] = true
	}
	for _, r := range others {
		b[r] = true
	}
	if len(a) != len(b) {
		return false
	}
	for r := range a {
		if !b[r] {
			return false
		}
	}
	return true
}

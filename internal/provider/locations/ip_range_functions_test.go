package locations_test

import (
	"fmt"
	"net/netip"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
	"pgregory.net/rapid"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/acctest"
)

func TestRangesAreNormalisedAndMerged(t *testing.T) {
	t.Parallel()
	f := acctest.NewFunctions(t)
	for name, c := range map[string]struct{ of, normal, merged []string }{
		"nothing": {[]string{}, []string{}, []string{}},
		"spellings, order and repetitions": {
			[]string{"2001:DB8:0:0::/48", "203.0.113.7/24", "198.51.100.7", "203.0.113.0/24", "2001:db8::/48"},
			[]string{"198.51.100.7/32", "203.0.113.0/24", "2001:db8::/48"},
			[]string{"198.51.100.7/32", "203.0.113.0/24", "2001:db8::/48"},
		},
		"neighbours and one within another": {
			[]string{"203.0.113.128/25", "203.0.113.0/25", "203.0.113.7", "203.0.112.0/24", "2001:db8:0:1::/64", "2001:db8::/64"},
			[]string{"203.0.112.0/24", "203.0.113.0/25", "203.0.113.7/32", "203.0.113.128/25", "2001:db8::/64", "2001:db8:0:1::/64"},
			[]string{"203.0.112.0/23", "2001:db8::/63"},
		},
		"neighbours that make no range": {
			[]string{"203.0.113.64/26", "203.0.113.128/26"}, []string{"203.0.113.64/26", "203.0.113.128/26"}, []string{"203.0.113.64/26", "203.0.113.128/26"},
		},
		"wider than a location takes": {[]string{"11.0.0.0/9", "11.128.0.0/9", "::/0"}, []string{"11.0.0.0/9", "11.128.0.0/9", "::/0"}, []string{"11.0.0.0/8", "::/0"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if difference := cmp.Diff(c.normal, f.With(t).Ranges("normalize_ip_ranges", c.of...)); difference != "" {
				t.Errorf("normalised (-want +have):\n%s", difference)
			}
			if difference := cmp.Diff(c.merged, f.With(t).Ranges("merge_ip_ranges", c.of...)); difference != "" {
				t.Errorf("merged (-want +have):\n%s", difference)
			}
		})
	}
}

func TestWhiteSpaceAroundARangeIsNoPartOfItInAnyFunction(t *testing.T) {
	t.Parallel()
	f := acctest.NewFunctions(t)
	spaced := []string{"203.0.113.0/25 ", "\t203.0.113.128/25\r\n", "\u00a0203.0.113.7\u200b", "\ufeff203.0.113.0/25"}
	for name, want := range map[string][]string{
		"normalize_ip_ranges": {"203.0.113.0/25", "203.0.113.7/32", "203.0.113.128/25"}, "merge_ip_ranges": {"203.0.113.0/24"},
	} {
		if have := f.Ranges(name, spaced...); !slices.Equal(have, want) {
			t.Errorf("%s makes %q", name, have)
		}
	}
	if !f.Cover(spaced, " 203.0.113.0/24\n") || f.Size(spaced...) != f.Size("203.0.113.0/24") {
		t.Error("white space is a part of a range")
	}
}

func TestRangesOfATextAreWrittenInCIDR(t *testing.T) {
	t.Parallel()
	f := acctest.NewFunctions(t)
	var elements []tftypes.Value
	f.Gives(&elements, "ip_ranges_from_text", acctest.StringValue("2001:DB8::/48 # HQ\n192.0.2.10-192.0.2.12, 192.0.2.0 255.255.255.248\n"))
	if have, want := acctest.StringsOf(t, elements), []string{"192.0.2.0/29", "192.0.2.10/31", "192.0.2.12/32", "2001:db8::/48"}; !slices.Equal(have, want) {
		t.Errorf("read are %q", have)
	}
	f.Fails(0, `line 2: "office" is not an IP range; put what is not a range behind #, and write ranges like 203.0.113.0/24, 203.0.113.10-203.0.113.20 or 203.0.113.0 255.255.255.0`,
		"ip_ranges_from_text", acctest.StringValue("192.0.2.1\noffice"))
	f.Fails(0, "2 ranges cannot be read:\n  - line 1: \"192.0.2.0/33\" is not an IP range; write it in CIDR notation, like 203.0.113.0/24, 2001:db8::/48 or a single address\n"+
		"  - line 3: \"192.0.2.9-192.0.2.1\" ends before it begins; write the lower address first", "ip_ranges_from_text", acctest.StringValue("192.0.2.0/33\n\n192.0.2.9-192.0.2.1"))
	f.Fails(0, "the text holds no range; an export that failed looks like this, and a trusted location cannot be empty", "ip_ranges_from_text", acctest.StringValue("# nothing\n"))
}

func TestRangesCoverWhatIsInThemTogether(t *testing.T) {
	t.Parallel()
	f := acctest.NewFunctions(t)
	halves := []string{"203.0.113.0/25", "203.0.113.128/25", "2001:db8::/48"}
	for wanted, want := range map[string]bool{
		"203.0.113.7": true, "203.0.113.0/24": true, "203.0.113.77/24": true, "203.0.112.0/23": false, "198.51.100.1": false,
		"2001:db8:0:ffff::1": true, "2001:db8:1::/64": false, "2001:db8::/47": false, "::ffff:203.0.113.7": false,
	} {
		if have := f.Cover(halves, wanted); have != want {
			t.Errorf("%v cover %s: %t, want %t", halves, wanted, have, want)
		}
	}
	if f.Cover(nil, "203.0.113.7") {
		t.Error("no range covers something")
	}
}

func TestTheSizeOfRangesCountsWhatTheyShareOnce(t *testing.T) {
	t.Parallel()
	f := acctest.NewFunctions(t)
	for want, ranges := range map[string][]string{
		`[tftypes.Number<"0"> tftypes.Number<"0">]`:          {},
		`[tftypes.Number<"257"> tftypes.Number<"65536">]`:    {"203.0.113.0/24", "203.0.113.7", "198.51.100.7", "2001:db8::/48", "2001:db8::1"},
		`[tftypes.Number<"4294967296"> tftypes.Number<"1">]`: {"0.0.0.0/0", "2001:db8::1", "2001:db8::2"},
	} {
		if have := f.Size(ranges...); have != want {
			t.Errorf("%v have the size %s, want %s", ranges, have, want)
		}
	}
}

func TestAnErrorAboutRangesNamesArgumentElementAndRange(t *testing.T) {
	t.Parallel()
	f := acctest.NewFunctions(t)
	const advice = `is not an IP range; write it in CIDR notation, like 203.0.113.0/24, 2001:db8::/48 or a single address`
	for _, name := range []string{"normalize_ip_ranges", "merge_ip_ranges", "ip_ranges_size"} {
		f.Fails(0, `element 1: "203.0.113.0/33" `+advice, name, acctest.StringList("203.0.113.0/24", "203.0.113.0/33"))
		f.Fails(0, "2 elements are no IP ranges:\n  - element 0: \"office\" "+advice+"\n  - element 2: \"203.0.113.0 /24\" is not in CIDR notation; "+
			"provider::entramfa::ip_ranges_from_text reads it as 203.0.113.0/24", name, acctest.StringList("office", "203.0.113.0/24", "203.0.113.0 /24"))
		null := tftypes.NewValue(tftypes.List{ElementType: tftypes.String}, []tftypes.Value{acctest.StringValue("203.0.113.0/24"), tftypes.NewValue(tftypes.String, nil)})
		f.Fails(0, "element 1 is null; leave it out, or write a range", name, null)
	}
	f.Fails(0, `element 0: "" `+advice, "ip_ranges_cover", acctest.StringList(""), acctest.StringValue("203.0.113.7"))
	f.Fails(1, `"everything" `+advice, "ip_ranges_cover", acctest.StringList("203.0.113.0/24"), acctest.StringValue("everything"))

	many := make([]string, 500)
	for i := range many {
		many[i] = fmt.Sprint("office ", i)
	}
	_, failure := f.Run("merge_ip_ranges", acctest.StringList(many...))
	if failure == nil || !acctest.Says("500 elements are no IP ranges:", `element 19: "office 19"`, "and 480 more").MatchString(failure.Text) ||
		acctest.Says("office 20").MatchString(failure.Text) {
		t.Errorf("500 mistakes are told as %v", failure)
	}
}

// The addresses that the property tests look at: 256 of each family, so that what is covered can be counted one by one.
var smallNetworks = []netip.Prefix{netip.MustParsePrefix("203.0.113.0/24"), netip.MustParsePrefix("2001:db8::7:0/120")}

func addressesOf(network netip.Prefix) []netip.Addr {
	var found []netip.Addr
	for address := network.Masked().Addr(); network.Contains(address); address = address.Next() {
		found = append(found, address)
	}
	return found
}

// covered counts one by one, without the arithmetic of what is tested.
func covered(t acctest.Fatal, ranges []string) map[netip.Addr]bool {
	t.Helper()
	found := map[netip.Addr]bool{}
	for _, text := range ranges {
		prefix, err := netip.ParsePrefix(text)
		if err != nil {
			t.Fatalf("%v", err)
		}
		for _, address := range addressesOf(prefix) {
			found[address] = true
		}
	}
	return found
}

func drawRanges(r *rapid.T) []string {
	return rapid.SliceOfN(rapid.Custom(func(r *rapid.T) string {
		network := rapid.SampledFrom(smallNetworks).Draw(r, "network")
		address := rapid.SampledFrom(addressesOf(network)).Draw(r, "address")
		// Host bits are left in: they are a spelling.
		return netip.PrefixFrom(address, rapid.IntRange(network.Bits(), address.BitLen()).Draw(r, "length")).String()
	}), 0, 24).Draw(r, "ranges")
}

func TestMergedRangesCoverTheSameAndAreTheFewest(t *testing.T) {
	t.Parallel()
	f := acctest.NewFunctions(t)
	rapid.Check(t, func(r *rapid.T) {
		f := f.With(r)
		ranges := drawRanges(r)
		want, merged := covered(r, ranges), f.Ranges("merge_ip_ranges", ranges...)
		if difference := cmp.Diff(want, covered(r, merged), cmp.Comparer(func(a, b netip.Addr) bool { return a == b })); difference != "" {
			r.Fatalf("%v are merged into %v (-want +have):\n%s", ranges, merged, difference)
		}
		// Ranges of which none touches its other half, and none another one, are the fewest.
		parsed := make([]netip.Prefix, len(merged))
		for i, text := range merged {
			parsed[i] = netip.MustParsePrefix(text)
			if parsed[i] != parsed[i].Masked() || i > 0 && !parsed[i-1].Addr().Less(parsed[i].Addr()) {
				r.Fatalf("%v are not in order, or not in their normal spelling", merged)
			}
		}
		for i, one := range parsed {
			whole := netip.PrefixFrom(one.Addr(), max(one.Bits()-1, 0)).Masked()
			for _, other := range parsed[i+1:] {
				if one.Overlaps(other) || other.Bits() == one.Bits() && whole.Contains(other.Addr()) {
					r.Fatalf("%s and %s could be one", one, other)
				}
			}
		}
		if again := f.Ranges("merge_ip_ranges", merged...); !slices.Equal(again, merged) {
			r.Fatalf("%v are merged into %v", merged, again)
		}
	})
}

func TestNormalRangesAreTheSameOnesOnce(t *testing.T) {
	t.Parallel()
	f := acctest.NewFunctions(t)
	rapid.Check(t, func(r *rapid.T) {
		f := f.With(r)
		ranges := drawRanges(r)
		want := map[string]bool{}
		for _, text := range ranges {
			want[netip.MustParsePrefix(text).Masked().String()] = true
		}
		normal := f.Ranges("normalize_ip_ranges", ranges...)
		have := map[string]bool{}
		for _, text := range normal {
			have[text] = true
		}
		if len(have) != len(normal) || !cmp.Equal(want, have) {
			r.Fatalf("%v are normalised to %v", ranges, normal)
		}
		if shuffled := f.Ranges("normalize_ip_ranges", rapid.Permutation(ranges).Draw(r, "another order")...); !slices.Equal(shuffled, normal) {
			r.Fatalf("%v in another order are normalised to %v", normal, shuffled)
		}
		if again := f.Ranges("normalize_ip_ranges", normal...); !slices.Equal(again, normal) {
			r.Fatalf("%v are normalised to %v", normal, again)
		}
	})
}

func TestRangesCoverARangeWhereTheyCoverEachAddressOfIt(t *testing.T) {
	t.Parallel()
	f := acctest.NewFunctions(t)
	rapid.Check(t, func(r *rapid.T) {
		f := f.With(r)
		ranges := drawRanges(r)
		in := covered(r, ranges)
		for _, wanted := range append(drawRanges(r), ranges...) {
			want := true
			for _, address := range addressesOf(netip.MustParsePrefix(wanted)) {
				want = want && in[address]
			}
			if have := f.Cover(ranges, wanted); have != want {
				r.Fatalf("%v cover %s: %t, want %t", ranges, wanted, have, want)
			}
		}
	})
}

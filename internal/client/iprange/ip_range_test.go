package iprange

import (
	"fmt"
	"math"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func mustRanges(t *testing.T, texts ...string) []Range {
	t.Helper()
	ranges := make([]Range, len(texts))
	for i, text := range texts {
		r, err := Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		ranges[i] = r
	}
	return ranges
}

func TestARangeIsWhatItCovers(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"203.0.113.0/24":                            "203.0.113.0/24",
		"203.0.113.7/24":                            "203.0.113.0/24",
		"203.0.113.7":                               "203.0.113.7/32",
		"203.0.113.7/32":                            "203.0.113.7/32",
		"11.255.255.255/9":                          "11.128.0.0/9",
		"2001:db8::/32":                             "2001:db8::/32",
		"2001:DB8:0:0:0:0:0:0/32":                   "2001:db8::/32",
		"2001:0db8:0000:0000:0000:0000:0000:0001":   "2001:db8::1/128",
		"2001:db8::192.0.2.1":                       "2001:db8::c000:201/128",
		"2001:db8:ffff:ffff:ffff:ffff:ffff:ffff/48": "2001:db8:ffff::/48",
		"2000::/9":                                  "2000::/9",
		// What nobody sees around it.
		" 203.0.113.0/24\n":                               "203.0.113.0/24",
		"\t203.0.113.7\u00a0":                             "203.0.113.7/32",
		"\ufeff\u200b2001:db8::/48\u2060\u200e\u3000\r\n": "2001:db8::/48",
	} {
		r, err := Parse(text)
		if err != nil || r.String() != want {
			t.Errorf("%q: %q and error %v, want %q", text, r, err, want)
		}
		if have := Normalize(text); have != want {
			t.Errorf("%q is spelled %q, want %q", text, have, want)
		}
	}
}

func TestWhatIsNoRangeOfATrustedLocationIsRefusedWithTheWayOut(t *testing.T) {
	t.Parallel()
	const no, wide = "is not an IP range; write it in CIDR notation", "is too wide: Microsoft Entra takes ranges longer than /8"
	for text, want := range map[string]string{
		"": no, " ": no, "HQ": no, "203.0.113": no, "203.0.113.0/": no, "/24": no, "203.0.113.0/33": no, "203.0.113.0/-1": no,
		"203.0.113.0/024": no, "203.0.113.256": no, "010.0.0.1": no, "203.0.113.0 /24": no, "203.0.113.0/\u200b24": no,
		"203.0.113.0-203.0.113.255": no, "203.0.113.0/255.255.255.0": no, "203.0.113.*": no,
		"2001:db8::/129": no, "2001:db8:::/48": no, "fe80::1%eth0": no, "fe80::%eth0/64": no, "contoso.example": no,
		"10.0.0.0/8": wide, "0.0.0.0/0": wide, "0.0.0.0/1": wide, "2000::/8": wide, "::/0": wide,
		"::ffff:203.0.113.7":      "write 203.0.113.7/32",
		"::ffff:203.0.113.0/120":  "write 203.0.113.0/24",
		"::ffff:cb00:7107/128":    "write 203.0.113.7/32",
		"::ffff:203.0.113.0/24":   "write it in one of the two forms",
		"::ffff:203.0.113.0/2":    "write it in one of the two forms",
		"::ffff:203.0.113.7%eth0": no,
	} {
		r, err := Parse(text)
		if err == nil || !strings.Contains(err.Error(), want) || (r != Range{}) {
			t.Errorf("%q: %v and error %v, want %q", text, r, err, want)
		}
		if text != "" && err != nil && !strings.Contains(err.Error(), strings.Trim(fmt.Sprintf("%q", strings.TrimSpace(text)), `"`)) {
			t.Errorf("%q: the error does not name it: %v", text, err)
		}
	}
}

func TestWhatTheServiceHasIsReadEvenIfNoConfigurationMayHoldIt(t *testing.T) {
	t.Parallel()
	have := Read([]string{"10.0.0.0/8", "no range", "::/0", "::ffff:203.0.113.7"})
	var texts []string
	for _, r := range have {
		texts = append(texts, r.String())
	}
	if diff := cmp.Diff([]string{"10.0.0.0/8", "::/0", "::ffff:203.0.113.7/128"}, texts); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if have := Normalize("no range"); have != "no range" {
		t.Errorf("a text that is no range is spelled %q", have)
	}
}

func TestWhichListsHoldTheSameRanges(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		some, others []string
		same         bool
	}{
		{nil, nil, true},
		{nil, []string{"203.0.113.0/24"}, false},
		{[]string{"203.0.113.0/24"}, nil, false},
		{[]string{"203.0.113.0/24", "2001:db8::/48"}, []string{"2001:DB8:0::/48", "203.0.113.9/24"}, true},
		{[]string{"203.0.113.0/24", "203.0.113.1/24"}, []string{"203.0.113.0/24"}, true},
		{[]string{"203.0.113.0/24"}, []string{"203.0.113.0/25"}, false},
		// The same addresses in other ranges are another list in the portal.
		{[]string{"203.0.113.0/24"}, []string{"203.0.113.0/25", "203.0.113.128/25"}, false},
		{[]string{"203.0.113.7"}, []string{"203.0.113.7/32"}, true},
		{[]string{"203.0.113.7"}, []string{"::ffff:203.0.113.7"}, false},
		{[]string{"what is this"}, []string{"what is this"}, true},
		{[]string{"what is this"}, []string{"What is this"}, false},
		{[]string{"203.0.113.0/24", "what is this"}, []string{"203.0.113.0/24"}, false},
		{[]string{"203.0.113.0/24"}, []string{"203.0.113.0/24", "what is this"}, false},
	} {
		if Same(c.some, c.others) != c.same || Same(c.others, c.some) != c.same {
			t.Errorf("%q and %q: the same is to be %t", c.some, c.others, c.same)
		}
	}
}

func TestSizesAreToldToPeople(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"203.0.113.7": "1 IPv4 address", "203.0.113.0/31": "2 IPv4 addresses", "203.0.113.0/24": "256 IPv4 addresses",
		"203.0.0.0/16": "65,536 IPv4 addresses", "10.0.0.0/9": "8,388,608 IPv4 addresses",
		"2001:db8::1": "1 IPv6 address", "2001:db8::/65": "a part of one IPv6 /64 network", "2001:db8::/127": "a part of one IPv6 /64 network",
		"2001:db8::/64": "1 IPv6 /64 network", "2001:db8::/63": "2 IPv6 /64 networks", "2001:db8::/48": "65,536 IPv6 /64 networks",
		"2001:db8::/32": "4,294,967,296 IPv6 /64 networks", "2000::/9": "36,028,797,018,963,968 IPv6 /64 networks",
	} {
		if have := mustRanges(t, text)[0].Size(); have != want {
			t.Errorf("%s covers %q, want %q", text, have, want)
		}
	}
	for _, c := range []struct {
		addresses, networks int64
		want                string
	}{
		{0, 0, "nothing"},
		{1, 0, "1 IPv4 address"},
		{0, 1, "1 IPv6 /64 network"},
		{0, 2, "2 IPv6 /64 networks"},
		{999, 0, "999 IPv4 addresses"},
		{1000, 0, "1,000 IPv4 addresses"},
		{256, 1, "256 IPv4 addresses and 1 IPv6 /64 network"},
	} {
		count, want := Count{IPv4Addresses: c.addresses, IPv6Networks: c.networks}, c.want
		if have := count.String(); have != want {
			t.Errorf("%+v is told as %q, want %q", count, have, want)
		}
	}
}

func TestCountsTakeWhatIsSharedOnce(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		ranges []string
		want   Count
	}{
		"nothing":                      {nil, Count{}},
		"one address":                  {[]string{"203.0.113.7"}, Count{1, 0}},
		"two ranges":                   {[]string{"203.0.113.0/24", "198.51.100.0/25"}, Count{384, 0}},
		"one within the other":         {[]string{"203.0.113.0/24", "203.0.113.128/25", "203.0.113.7"}, Count{256, 0}},
		"neighbours":                   {[]string{"203.0.113.0/25", "203.0.113.128/25"}, Count{256, 0}},
		"the first mistake":            {[]string{"11.0.0.0/9"}, Count{8_388_608, 0}},
		"an IPv6 site":                 {[]string{"2001:db8::/48"}, Count{0, 65_536}},
		"a part of a network":          {[]string{"2001:db8::1"}, Count{0, 1}},
		"parts of one network":         {[]string{"2001:db8::1", "2001:db8::2", "2001:db8::8000:0:0:0/65"}, Count{0, 1}},
		"parts of two networks":        {[]string{"2001:db8::1", "2001:db8:0:1::1"}, Count{0, 2}},
		"a part within what is there":  {[]string{"2001:db8::/48", "2001:db8:0:7::1"}, Count{0, 65_536}},
		"both families":                {[]string{"203.0.113.0/30", "2001:db8::/63"}, Count{4, 2}},
		"what only the service can do": {[]string{"::/0", "0.0.0.0/0"}, Count{1 << 32, math.MaxInt64}},
		"half of everything":           {[]string{"::/1", "8000::/2"}, Count{0, math.MaxInt64}},
	} {
		if have := Cover(Read(c.ranges)).Count(); have != c.want {
			t.Errorf("%s: %+v, want %+v", name, have, c.want)
		}
	}
}

func TestWhatACoverageContains(t *testing.T) {
	t.Parallel()
	covered := Cover(mustRanges(t, "203.0.113.0/25", "203.0.113.128/25", "2001:db8::/48"))
	for text, want := range map[string][2]bool{
		"203.0.113.0/24":  {true, true},
		"203.0.113.7":     {true, true},
		"203.0.112.0/23":  {false, true},
		"198.51.100.0/24": {false, false},
		"2001:db8::/47":   {false, true},
		"2001:db8:1::/48": {false, false},
	} {
		r := mustRanges(t, text)[0]
		if have := [2]bool{covered.Contains(r), covered.Overlaps(r)}; have != want {
			t.Errorf("%s is contained and overlapped: %v, want %v", text, have, want)
		}
	}
	left := Cover(mustRanges(t, "203.0.112.0/23", "198.51.100.7")).Without(covered)
	if diff := cmp.Diff("[198.51.100.7/32 203.0.112.0/24]", strings.Join(strings.Fields(sprintRanges(left.Ranges())), " ")); diff != "" {
		t.Errorf("what is left (-want +got):\n%s", diff)
	}
}

func sprintRanges(ranges []Range) string {
	texts := make([]string, len(ranges))
	for i, r := range ranges {
		texts[i] = r.String()
	}
	return "[" + strings.Join(texts, " ") + "]"
}

func TestOverlapsNameTheWiderRangeFirst(t *testing.T) {
	t.Parallel()
	ranges := mustRanges(t, "203.0.113.7", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/48", "203.0.113.0/25", "2001:db8:0:1::/64", "203.0.113.128/25", "203.0.113.0/24")
	var pairs []string
	for _, pair := range Overlapping(ranges) {
		pairs = append(pairs, pair[0].String()+" "+pair[1].String())
	}
	want := []string{
		"203.0.113.0/24 203.0.113.0/25", "203.0.113.0/24 203.0.113.7/32", "203.0.113.0/25 203.0.113.7/32", "203.0.113.0/24 203.0.113.128/25",
		"2001:db8::/48 2001:db8:0:1::/64",
	}
	if diff := cmp.Diff(want, pairs); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestWhatIsWideAndWhatIsReserved(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]struct {
		wide     bool
		reserved string
	}{
		"11.0.0.0/9": {true, ""}, "11.0.0.0/15": {true, ""}, "11.0.0.0/16": {false, ""}, "2400::/31": {true, ""}, "2400::/32": {false, ""},
		"10.1.2.0/24": {false, "private"}, "172.16.0.0/12": {true, "private"}, "172.32.0.0/16": {false, ""}, "172.0.0.0/9": {true, ""},
		"192.168.1.1": {false, "private"}, "192.169.0.0/24": {false, ""}, "100.64.0.0/10": {true, "carrier-grade"}, "100.128.0.0/24": {false, ""},
		"127.0.0.1": {false, "loopback"}, "169.254.1.0/24": {false, "link-local"}, "224.0.0.1": {false, "multicast"}, "239.1.1.1": {false, "multicast"},
		"240.0.0.1": {false, "reserved"}, "255.255.255.255": {false, "reserved"}, "0.1.2.3": {false, "this network"}, "198.18.5.0/24": {false, "benchmarking"},
		"fd00::/16": {true, "unique local"}, "fe80::/64": {false, "link-local"}, "fec0::/64": {false, "site-local"}, "ff02::1": {false, "multicast"},
		"::1": {false, "loopback"}, "::": {false, "unspecified"}, "::2": {false, ""},
		// Documentation ranges pass.
		"192.0.2.0/24": {false, ""}, "198.51.100.0/24": {false, ""}, "203.0.113.0/24": {false, ""}, "2001:db8::/32": {false, ""},
	} {
		r := mustRanges(t, text)[0]
		kind, reserved := r.Reserved()
		if r.Wide() != want.wide || reserved != (want.reserved != "") || !strings.Contains(kind, want.reserved) {
			t.Errorf("%s is wide: %t, reserved: %q, want %+v", text, r.Wide(), kind, want)
		}
	}
}

// prefixes draws from few addresses, so that what is drawn overlaps and repeats.
var prefixes = rapid.Custom(func(t *rapid.T) netip.Prefix {
	octets := rapid.SliceOfN(rapid.SampledFrom([]byte{0, 1, 127, 128, 203, 255}), 16, 16).Draw(t, "octets")
	if rapid.Bool().Draw(t, "IPv6") {
		octets[0] = 0x20
		return netip.PrefixFrom(netip.AddrFrom16([16]byte(octets)), rapid.IntRange(9, 128).Draw(t, "bits"))
	}
	return netip.PrefixFrom(netip.AddrFrom4([4]byte(octets)), rapid.IntRange(9, 32).Draw(t, "bits"))
})

// spell draws a text for what a prefix covers.
func spell(t *rapid.T, prefix netip.Prefix) string {
	address := prefix.Addr()
	if rapid.Bool().Draw(t, "without host bits") {
		address = prefix.Masked().Addr()
	}
	text := address.String()
	if address.Is6() && rapid.Bool().Draw(t, "long form") {
		text = strings.ToUpper(address.StringExpanded())
	}
	if prefix.Bits() == address.BitLen() && rapid.Bool().Draw(t, "bare") {
		return text
	}
	return fmt.Sprintf("%s/%d", text, prefix.Bits())
}

func drawRanges(t *rapid.T, label string) []Range {
	var ranges []Range
	for _, prefix := range rapid.SliceOfN(prefixes, 0, 12).Draw(t, label) {
		ranges = append(ranges, Range{prefix.Masked()})
	}
	return ranges
}

func TestNormalisingIsIdempotentAndKeepsWhatIsCovered(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		prefix := prefixes.Draw(t, "prefix")
		text := spell(t, prefix)
		r, err := Parse(text)
		if err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		if r.String() != prefix.Masked().String() || Normalize(text) != r.String() || Normalize(r.String()) != r.String() {
			t.Fatalf("%q is normalised to %q, and that to %q", text, r, Normalize(r.String()))
		}
		again, err := Parse(r.String())
		if err != nil || again != r {
			t.Fatalf("%q is read as %v, error %v", r, again, err)
		}
	})
}

func TestCountsNeverDoubleAndNeverLose(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		ranges := drawRanges(t, "ranges")
		count := Cover(ranges).Count()
		if again := Cover(append(slices.Clone(ranges), ranges...)).Count(); again != count {
			t.Fatalf("twice the same ranges count %+v, once %+v", again, count)
		}
		more := append(slices.Clone(ranges), drawRanges(t, "more")...)
		added := Cover(more).Count()
		if added.IPv4Addresses < count.IPv4Addresses || added.IPv6Networks < count.IPv6Networks {
			t.Fatalf("more ranges count less: %+v, then %+v", count, added)
		}
		var sum, widest Count
		for _, r := range ranges {
			one := Cover([]Range{r}).Count()
			if one != r.count() {
				t.Fatalf("%s alone counts %+v", r, one)
			}
			sum.IPv4Addresses += one.IPv4Addresses
			sum.IPv6Networks += one.IPv6Networks
			widest.IPv4Addresses = max(widest.IPv4Addresses, one.IPv4Addresses)
			widest.IPv6Networks = max(widest.IPv6Networks, one.IPv6Networks)
		}
		if count.IPv4Addresses > sum.IPv4Addresses || count.IPv6Networks > sum.IPv6Networks ||
			count.IPv4Addresses < widest.IPv4Addresses || count.IPv6Networks < widest.IPv6Networks {
			t.Fatalf("%v count %+v, in sum %+v, the widest %+v", ranges, count, sum, widest)
		}
	})
}

func TestWhatIsGainedAndWhatWasThereMakeTheWhole(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		before, after := drawRanges(t, "before"), drawRanges(t, "after")
		gained := Cover(after).Without(Cover(before))
		together := Cover(append(append([]Range(nil), before...), after...))
		if have, want := Cover(append(gained.Ranges(), before...)).Count(), together.Count(); have != want {
			t.Fatalf("gained and before count %+v, all together %+v", have, want)
		}
		for _, r := range gained.Ranges() {
			if Cover(before).Overlaps(r) {
				t.Fatalf("%s is gained and was there", r)
			}
		}
		if left := Cover(after).Without(Cover(after)).Ranges(); len(left) != 0 {
			t.Fatalf("without itself a coverage is %v", left)
		}
	})
}

func TestEqualityOfListsIsAnEquivalence(t *testing.T) {
	t.Parallel()
	lists := rapid.Custom(func(t *rapid.T) []string {
		return rapid.SliceOfN(rapid.SampledFrom([]string{
			"203.0.113.0/24", "203.0.113.9/24", "203.0.113.0/25", "203.0.113.7", "203.0.113.7/32", "2001:db8::/48", "2001:DB8:0::1/48", "no range", "",
		}), 0, 4).Draw(t, "list")
	})
	rapid.Check(t, func(t *rapid.T) {
		a, b, c := lists.Draw(t, "a"), lists.Draw(t, "b"), lists.Draw(t, "c")
		if !Same(a, a) {
			t.Fatalf("%q is not the same as itself", a)
		}
		if Same(a, b) != Same(b, a) {
			t.Fatalf("%q and %q are the same in one direction", a, b)
		}
		if Same(a, b) && Same(b, c) && !Same(a, c) {
			t.Fatalf("%q, %q and %q: the same is not transitive", a, b, c)
		}
		if shuffled := rapid.Permutation(a).Draw(t, "shuffled"); !Same(a, shuffled) {
			t.Fatalf("%q and %q differ in order only", a, shuffled)
		}
		if Same(a, b) && Cover(Read(a)).Count() != Cover(Read(b)).Count() {
			t.Fatalf("%q and %q are the same and count differently", a, b)
		}
	})
}

func TestOverlapsAreFoundAsByComparingEachWithEach(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		ranges := drawRanges(t, "ranges")
		want := map[[2]Range]bool{}
		for _, a := range ranges {
			for _, b := range ranges {
				if a != b && a.Overlaps(b) && a.prefix.Bits() < b.prefix.Bits() {
					want[[2]Range{a, b}] = true
				}
			}
		}
		have := map[[2]Range]bool{}
		for _, pair := range Overlapping(ranges) {
			if have[pair] {
				t.Fatalf("%v is named twice", pair)
			}
			have[pair] = true
		}
		if len(have) != len(want) {
			t.Fatalf("%v overlap, want %v", have, want)
		}
		for pair := range want {
			if !have[pair] {
				t.Fatalf("%v is not found", pair)
			}
		}
	})
}

func FuzzParseIPRange(f *testing.F) {
	for _, seed := range []string{
		"", "203.0.113.0/24", "203.0.113.7", "203.0.113.7/9", "10.0.0.0/8", "0.0.0.0/0", "203.0.113.0/33", "203.0.113.0/024", "010.0.0.1",
		"2001:db8::/48", "2001:DB8:0:0:0:0:0:1", "2001:db8::192.0.2.1/96", "::ffff:203.0.113.7", "::ffff:203.0.113.0/120", "::/0", "fe80::1%eth0", "::/129",
		"203.0.113.0-203.0.113.255", " 203.0.113.0/24", "/", ":", "1.2.3.4/5/6",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		r, err := Parse(text)
		normal := Normalize(text)
		if Normalize(normal) != normal {
			t.Fatalf("%q is normalised to %q and that to %q", text, normal, Normalize(normal))
		}
		if err != nil {
			if r != (Range{}) {
				t.Fatalf("%q is refused (%v) and read as %s", text, err, r)
			}
			return
		}
		if r.String() != normal || r.prefix != r.prefix.Masked() || r.prefix.Bits() <= widestPrefix || r.prefix.Addr().Is4In6() {
			t.Fatalf("%q is read as %s, normalised %q", text, r, normal)
		}
		again, err := Parse(r.String())
		if err != nil || again != r {
			t.Fatalf("%s is read as %s, error %v", r, again, err)
		}
		if r.Is4() != !strings.Contains(text, ":") {
			t.Fatalf("%q is read as %s", text, r)
		}
		if count := Cover([]Range{r}).Count(); count != r.count() || count.IPv4Addresses+count.IPv6Networks < 1 {
			t.Fatalf("%s counts %+v", r, count)
		}
		if r.Size() == "" || r.Size() == "nothing" {
			t.Fatalf("%s has the size %q", r, r.Size())
		}
	})
}

package iprange

import (
	"fmt"
	"math"
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go4.org/netipx"
	"pgregory.net/rapid"
)

func spellingsOf(ranges []Range) []string {
	var texts []string
	for _, r := range ranges {
		texts = append(texts, r.String())
	}
	return texts
}

func TestRangesAreReadFromTextsAsPeopleWriteThem(t *testing.T) {
	t.Parallel()
	ten := []string{"192.0.2.10/31", "192.0.2.12/30", "192.0.2.16/30", "192.0.2.20/32"}
	for text, want := range map[string][]string{
		"192.0.2.0/24": {"192.0.2.0/24"},
		"192.0.2.7/24\n2001:DB8:0::/48\n192.0.2.9": {"192.0.2.0/24", "192.0.2.9/32", "2001:db8::/48"},
		"192.0.2.1, 192.0.2.3,192.0.2.1,\r\n\r\n":  {"192.0.2.1/32", "192.0.2.3/32"},
		"192.0.2.1\r192.0.2.3":                     {"192.0.2.1/32", "192.0.2.3/32"},
		"\ufeff192.0.2.1\n":                        {"192.0.2.1/32"},
		"\t192.0.2.0 / 24\u00a0\u200b":             {"192.0.2.0/24"},
		"192.0.2.0 /24":                            {"192.0.2.0/24"},
		// Comments.
		"# offices\n192.0.2.1 # HQ, 192.0.2.9\n;192.0.2.2\n192.0.2.3 ; SBL256894\n// 192.0.2.4\n192.0.2.5 // cellar\n192.0.2.6//": nil,
		"# offices\n192.0.2.1#HQ, 192.0.2.9\n;192.0.2.2\n192.0.2.3;SBL256894\n// 192.0.2.4\n192.0.2.5,// cellar":                  {"192.0.2.1/32", "192.0.2.3/32", "192.0.2.5/32"},
		// From one address to another.
		"192.0.2.10-192.0.2.20":             ten,
		"192.0.2.10 - 192.0.2.20":           ten,
		"192.0.2.10\u2013192.0.2.20":        ten,
		"192.0.2.10 \u2014 192.0.2.20 # ok": ten,
		"192.0.2.10- 192.0.2.20":            ten,
		"192.0.2.0-192.0.2.255":             {"192.0.2.0/24"},
		"192.0.2.7-192.0.2.7":               {"192.0.2.7/32"},
		"2001:db8::-2001:db8::ffff":         {"2001:db8::/112"},
		"0.0.0.0-255.255.255.255":           {"0.0.0.0/0"},
		// Masks.
		"192.0.2.0 255.255.255.0":                       {"192.0.2.0/24"},
		"192.0.2.0/255.255.255.0":                       {"192.0.2.0/24"},
		"192.0.2.0\t255.255.255.0":                      {"192.0.2.0/24"},
		"192.0.2.9 / 255.255.255.128":                   {"192.0.2.0/25"},
		"192.0.2.0 0.0.0.255, 198.51.100.7 0.0.0.1":     {"192.0.2.0/24", "198.51.100.6/31"},
		"192.0.2.7 255.255.255.255, 10.0.0.0 128.0.0.0": {"0.0.0.0/1", "192.0.2.7/32"},
		"200.0.0.0 127.255.255.255":                     {"128.0.0.0/1"},
	} {
		have, mistakes := FromText(text)
		if want == nil {
			if len(mistakes) != 1 || mistakes[0].Line != 7 {
				t.Errorf("%q: %v", text, mistakes)
			}
			continue
		}
		if diff := cmp.Diff(want, spellingsOf(have)); diff != "" || len(mistakes) > 0 {
			t.Errorf("%q: %v (-want +have):\n%s", text, mistakes, diff)
		}
	}
	for _, nothing := range []string{"", "\n\n", "# only comments\n; and more", ",,", "\ufeff"} {
		if have, mistakes := FromText(nothing); len(have)+len(mistakes) != 0 {
			t.Errorf("%q: %v, %v", nothing, have, mistakes)
		}
	}
}

func TestWhatCannotBeReadForCertainIsAMistakeOfItsLine(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"office":                            `"office" is not an IP range; put what is not a range behind #`,
		"HQ: 192.0.2.0/24":                  "separate ranges by commas or line ends",
		"192.0.2.0/24 HQ":                   "separate ranges by commas or line ends",
		"192.0.2.1 192.0.2.9":               "192.0.2.9 is neither a netmask nor a wildcard mask",
		"192.0.2.1 192.0.2.2 1.1.1.1":       "separate ranges by commas or line ends",
		"192.0.2.1;192.0.2.2":               `has "192.0.2.2" after a semicolon`,
		"192.0.2.1 ; HQ; 192.0.2.0/24":      `has "192.0.2.0/24" after a semicolon`,
		"192.0.2.0;255.255.255.0":           "after a semicolon",
		"192.0.2.0//24":                     "is not an IP range",
		"192.0.2.0/33":                      "is not an IP range",
		"192.0.2.0/24/8":                    "is not an IP range",
		"192.000.002.001":                   "is not an IP range",
		"192.0.2":                           "is not an IP range",
		"192.0.2.10-20":                     "write both addresses in full",
		"192.0.2.20-192.0.2.10":             "ends before it begins",
		"192.0.2.1-2001:db8::1":             "goes from an IPv4 to an IPv6 address",
		"192.0.2.1-192.0.2.9-192.0.2.12":    "write both addresses in full",
		"192.0.2.0/24-192.0.2.9":            "write both addresses in full",
		"-192.0.2.9":                        "write both addresses in full",
		"192.0.2.0 0.0.0.0":                 "everything as a netmask and one address as a wildcard mask",
		"192.0.2.0 255.0.255.0":             "255.0.255.0 is neither a netmask nor a wildcard mask",
		"192.0.2.0 0.255.0.255":             "neither a netmask nor a wildcard mask",
		"192.0.2.0/0.0.0.0":                 "0.0.0.0 is everything",
		"2001:db8:: 255.255.255.0":          "nor an IPv4 address with its netmask",
		"192.0.2.0 255.255.255":             "nor an IPv4 address with its netmask",
		"::ffff:192.0.2.1":                  "write 192.0.2.1/32",
		"::ffff:192.0.2.1-::ffff:192.0.2.9": "in the form of an IPv6 one",
		"fe80::1%eth0":                      "is not an IP range",
		"192.0.2\u200b.1":                   `"192.0.2 .1"`,
		`"192.0.2.0/24"`:                    "is not an IP range",
		"１９２.0.2.1":                         "is not an IP range",
		strings.Repeat("x", 500):            `xxx"... is not`,
	} {
		have, mistakes := FromText("198.51.100.0/24\n\n" + text + " # here\n203.0.113.7")
		if len(mistakes) != 1 || mistakes[0].Line != 3 || !strings.Contains(mistakes[0].Error(), want) || have != nil {
			t.Errorf("%q: %v, %v, want %q", text, have, mistakes, want)
		}
	}
	if _, mistakes := FromText("a,b\nc"); len(mistakes) != 3 || mistakes[1].Line != 1 || mistakes[2].Line != 2 {
		t.Errorf("three mistakes are told as %v", mistakes)
	}
}

func TestARangeFromFirstToLastCoversExactlyThese(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		first := rapid.Uint32().Draw(t, "first")
		last := first + rapid.Uint32Range(0, min(100_000, math.MaxUint32-first)).Draw(t, "more")
		address := func(n uint32) netip.Addr {
			return netip.AddrFrom4([4]byte{byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)})
		}
		have, mistakes := FromText(fmt.Sprintf("%s-%s", address(first), address(last)))
		var builder netipx.IPSetBuilder
		for _, r := range have {
			builder.AddPrefix(r.prefix)
		}
		set, err := builder.IPSet()
		if err != nil || len(mistakes) > 0 {
			t.Fatal(err, mistakes)
		}
		covered := set.Ranges()
		if len(covered) != 1 || covered[0].From() != address(first) || covered[0].To() != address(last) {
			t.Fatalf("%v", covered)
		}
	})
}

func FuzzIPRangesFromText(f *testing.F) {
	for _, seed := range []string{
		"192.0.2.0/24, 2001:db8::/48 # HQ\n192.0.2.10-192.0.2.20\n192.0.2.0 255.255.255.0", "192.0.2.0/0.0.0.255;x", "\ufeff//\r\n192.0.2.1 \u2013 192.0.2.2", "-", "/", " / ", "1.1.1.1 - ",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		ranges, mistakes := FromText(text)
		if len(mistakes) > 0 {
			if ranges != nil {
				t.Fatalf("%q is read in part", text)
			}
			return
		}
		// What was read is read again as itself.
		spelled := spellingsOf(ranges)
		again, mistakes := FromText(strings.Join(spelled, "\n"))
		if diff := cmp.Diff(spelled, spellingsOf(again)); diff != "" || len(mistakes) > 0 {
			t.Fatalf("%q: %v\n%s", text, mistakes, diff)
		}
		// A comment behind it and another line end change nothing.
		same, mistakes := FromText(strings.ReplaceAll(text, "\n", " # note\r\n"))
		if diff := cmp.Diff(spelled, spellingsOf(same)); diff != "" || len(mistakes) > 0 {
			t.Fatalf("%q with comments: %v\n%s", text, mistakes, diff)
		}
	})
}

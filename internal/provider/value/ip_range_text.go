package value

import (
	"fmt"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/iprange"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/diagnose"
)

// ReadAnyRange reads a range that may be wider than a trusted one.
func ReadAnyRange(text string) (iprange.Range, error) {
	if read := iprange.Read([]string{text}); len(read) == 1 {
		return read[0], nil
	}
	return ParseRange(text)
}

// ParseRange reads a range that a location may hold, and says of one in another notation what makes CIDR of it.
func ParseRange(text string) (iprange.Range, error) {
	r, err := iprange.Parse(text)
	if err == nil {
		return r, nil
	}
	if ranges, mistakes := iprange.FromText(text); len(mistakes) == 0 && len(ranges) > 0 && len(iprange.Read([]string{text})) == 0 {
		err = fmt.Errorf("%q is not in CIDR notation; provider::entramfa::ip_ranges_from_text reads it as %s", text, diagnose.Names(Spellings(ranges), diagnose.NamedInErrors))
	}
	return iprange.Range{}, err
}

// Spellings are the normal spellings of ranges; of none it is an empty list.
func Spellings(ranges []iprange.Range) []string {
	texts := make([]string, len(ranges))
	for i, r := range ranges {
		texts[i] = r.String()
	}
	return texts
}

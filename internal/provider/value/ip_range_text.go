package value

import (
	"fmt"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/diagnose"
)

// ReadAnyRange reads a range that may be wider than a trusted one.
func ReadAnyRange(text string) (client.IPRange, error) {
	if read := client.ReadIPRanges([]string{text}); len(read) == 1 {
		return read[0], nil
	}
	return ParseRange(text)
}

// ParseRange reads a range that a location may hold, and says of one in another notation what makes CIDR of it.
func ParseRange(text string) (client.IPRange, error) {
	r, err := client.ParseIPRange(text)
	if err == nil {
		return r, nil
	}
	if ranges, mistakes := client.IPRangesFromText(text); len(mistakes) == 0 && len(ranges) > 0 && len(client.ReadIPRanges([]string{text})) == 0 {
		err = fmt.Errorf("%q is not in CIDR notation; provider::entramfa::ip_ranges_from_text reads it as %s", text, diagnose.Names(Spellings(ranges), diagnose.NamedInErrors))
	}
	return client.IPRange{}, err
}

// Spellings are the normal spellings of ranges; of none it is an empty list.
func Spellings(ranges []client.IPRange) []string {
	texts := make([]string, len(ranges))
	for i, r := range ranges {
		texts[i] = r.String()
	}
	return texts
}

package iprange

import (
	"errors"
	"fmt"
	"math/bits"
	"net/netip"
	"slices"
	"strings"

	"go4.org/netipx"
)

// TextLineError is a line of a text of which something cannot be read.
type TextLineError struct {
	// Line is its number; the first one is 1.
	Line int
	// Err says what it is and what to write instead.
	Err error
}

// Error names the line.
func (e TextLineError) Error() string { return fmt.Sprintf("line %d: %v", e.Line, e.Err) }

// Unwrap returns what is wrong with the line.
func (e TextLineError) Unwrap() error { return e.Err }

// FromText reads the ranges of a text as people and firewalls write them, separated by commas or line ends: addresses,
// CIDR, a first and a last address ("192.0.2.10-192.0.2.20"), an address with a netmask or a wildcard mask ("192.0.2.0
// 255.255.255.0"). What follows #, ; or // is a comment. The ranges are sorted and each once; from a first to a last address
// they are the fewest that cover exactly these. They may be wider than a trusted location takes.
//
// Anything that cannot be read for certain is a mistake: a list that was read in part would take the trust from the rest.
func FromText(text string) ([]Range, []TextLineError) {
	var (
		ranges   []Range
		mistakes []TextLineError
	)
	text = strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(text)
	for i, line := range strings.Split(text, "\n") {
		found, errs := readRangeLine(line)
		ranges = append(ranges, found...)
		for _, err := range errs {
			mistakes = append(mistakes, TextLineError{i + 1, err})
		}
	}
	if len(mistakes) > 0 {
		return nil, mistakes
	}
	slices.SortFunc(ranges, Range.Compare)
	return slices.Compact(ranges), nil
}

func readRangeLine(line string) (ranges []Range, errs []error) {
	content, comment, semicolon := cutComment(line)
	// Some lists are separated by semicolons, and taking the rest of one for a comment would lose it.
	if semicolon && TrimInvisible(content) != "" {
		for _, word := range strings.FieldsFunc(comment, func(r rune) bool { return invisible(r) || r == ';' || r == ',' }) {
			if _, ok := parsePrefix(word); ok {
				return nil, []error{fmt.Errorf("%s has %q after a semicolon, which begins a comment; separate ranges by commas, or begin the comment with #", quoteLine(line), word)}
			}
		}
	}
	for _, piece := range strings.Split(content, ",") {
		found, err := readRangePiece(piece)
		if err != nil {
			errs = append(errs, err)
		}
		ranges = append(ranges, found...)
	}
	return ranges, errs
}

// cutComment cuts a line where its comment begins. Two slashes begin one only where a range has ended: 192.0.2.0//24 is a
// mistake.
func cutComment(line string) (content, comment string, semicolon bool) {
	ended := true
	for i, r := range line {
		switch {
		case r == '#', r == ';':
			return line[:i], line[i+1:], r == ';'
		case ended && strings.HasPrefix(line[i:], "//"):
			return line[:i], line[i+2:], false
		}
		ended = invisible(r) || r == ','
	}
	return line, "", false
}

const dashes = "-\u2010\u2011\u2012\u2013\u2014\u2015\u2212"

// readRangePiece reads what stands between two separators. Of nothing it makes no range.
func readRangePiece(piece string) ([]Range, error) {
	words := strings.FieldsFunc(piece, invisible)
	if len(words) == 0 {
		return nil, nil
	}
	written := quoteLine(strings.Join(words, " "))
	// Around a dash and a slash, spaces make no difference; between two addresses they do.
	text := strings.Join(words, " ")
	for _, dash := range dashes {
		text = strings.ReplaceAll(text, string(dash), "-")
	}
	for _, sign := range []string{"-", "/"} {
		text = strings.ReplaceAll(strings.ReplaceAll(text, " "+sign, sign), sign+" ", sign)
	}
	if first, last, ok := strings.Cut(text, "-"); ok {
		return readRangeSpan(written, first, last)
	}
	address, mask, masked := strings.Cut(text, " ")
	if !masked {
		if address, mask, masked = strings.Cut(text, "/"); masked && !strings.Contains(mask, ".") {
			masked = false
		}
	}
	if masked {
		return readMaskedRange(written, address, mask)
	}
	prefix, ok := parsePrefix(text)
	if !ok || prefix.Addr().Is4In6() {
		_, err := Parse(text)
		if strings.ContainsFunc(text, isLetterOutsideOfRanges) {
			err = fmt.Errorf("%s is not an IP range; put what is not a range behind #, and write ranges like 203.0.113.0/24, 203.0.113.10-203.0.113.20 or 203.0.113.0 255.255.255.0", written)
		}
		return nil, err
	}
	return []Range{{prefix.Masked()}}, nil
}

func isLetterOutsideOfRanges(r rune) bool {
	return !strings.ContainsRune("0123456789abcdefABCDEF.:/", r)
}

func readRangeSpan(written, first, last string) ([]Range, error) {
	from, fromErr := netip.ParseAddr(first)
	to, toErr := netip.ParseAddr(last)
	switch {
	case fromErr != nil || toErr != nil || from.Zone() != "" || to.Zone() != "":
		return nil, fmt.Errorf("%s is not a range from one address to another; write both addresses in full, like 203.0.113.10-203.0.113.20", written)
	case from.Is4In6() || to.Is4In6():
		return nil, fmt.Errorf("%s has an IPv4 address in the form of an IPv6 one, which no request comes from; write it as an IPv4 address", written)
	case from.Is4() != to.Is4():
		return nil, fmt.Errorf("%s goes from an IPv4 to an IPv6 address, or the other way round; write a range for each of the two", written)
	case to.Less(from):
		return nil, fmt.Errorf("%s ends before it begins; write the lower address first", written)
	}
	var ranges []Range
	for _, prefix := range netipx.IPRangeFrom(from, to).Prefixes() {
		ranges = append(ranges, Range{prefix})
	}
	return ranges, nil
}

func readMaskedRange(written, address, mask string) ([]Range, error) {
	of, err := netip.ParseAddr(address)
	by, maskErr := netip.ParseAddr(mask)
	if err != nil || maskErr != nil || !of.Is4() || !by.Is4() {
		return nil, fmt.Errorf("%s is neither one IP range nor an IPv4 address with its netmask; separate ranges by commas or line ends, and put what is not a range behind #", written)
	}
	length, err := maskLength(by)
	if err != nil {
		return nil, fmt.Errorf("%s cannot be read: %w; write the length of the prefix, like 203.0.113.0/24", written, err)
	}
	return []Range{{netip.PrefixFrom(of, length).Masked()}}, nil
}

// maskLength is the length of the prefix that a netmask stands for, or a wildcard mask, which is its opposite.
func maskLength(mask netip.Addr) (int, error) {
	four := mask.As4()
	value := uint32(four[0])<<24 | uint32(four[1])<<16 | uint32(four[2])<<8 | uint32(four[3])
	switch {
	case value == 0:
		return 0, errors.New("0.0.0.0 is everything as a netmask and one address as a wildcard mask")
	case value&(1<<31) == 0:
		// A wildcard mask begins with a zero, and a netmask with a one.
		value = ^value
	}
	length := bits.LeadingZeros32(^value)
	if bits.OnesCount32(value) != length {
		return 0, fmt.Errorf("%s is neither a netmask nor a wildcard mask", mask)
	}
	return length, nil
}

// quoteLine quotes the beginning of a text that may be long.
func quoteLine(text string) string {
	const longest = 80
	runes := []rune(text)
	if len(runes) > longest {
		return fmt.Sprintf("%q...", string(runes[:longest]))
	}
	return fmt.Sprintf("%q", text)
}

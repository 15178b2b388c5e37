// Package guid has the rule what a GUID is. It is pure.
package guid

import "regexp"

var pattern = regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)

// Is reports whether a text is a GUID as Microsoft writes them: in any case, and without braces.
func Is(text string) bool { return pattern.MatchString(text) }

package value

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
)

var guidPattern = regexp.MustCompile(`^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$`)

// IsGUID reports whether a text is a GUID, in any case and without braces.
func IsGUID(text string) bool { return guidPattern.MatchString(text) }

// GUIDValidator accepts GUIDs, and refuses names of users with the way out.
func GUIDValidator() validator.String {
	return CheckedText("must be a GUID", "Invalid GUID", func(text string) error {
		if IsGUID(text) {
			return nil
		}
		if strings.Contains(text, "@") {
			return fmt.Errorf("%q looks like a user principal name; an id is a GUID like 00000000-0000-0000-0000-000000000000, and names have an attribute of their own", text)
		}
		return fmt.Errorf("%q is not an id; an id is a GUID like 00000000-0000-0000-0000-000000000000", text)
	})
}

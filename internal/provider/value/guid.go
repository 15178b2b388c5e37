package value

import (
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/schema/validator"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/guid"
)

// IsGUID is guid.Is.
func IsGUID(text string) bool { return guid.Is(text) }

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

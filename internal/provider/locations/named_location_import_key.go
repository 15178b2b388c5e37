package locations

import (
	"regexp"
	"strings"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/value"
)

// locationPath is how the id of a location stands in a path: that of azuread's resources from version 3 on, with or without
// what Microsoft Graph's address has before it. somePath is any other path of Microsoft Graph; a name may hold slashes.
var (
	locationPath = regexp.MustCompile(`(?i)^(?:https://[^/]+)?/?(?:(?:v1\.0|beta)/)?(?:identity/conditionalAccess/)?namedLocations(?:/([0-9a-f-]{36})|\('([0-9a-f-]{36})'\))/?$`)
	somePath     = regexp.MustCompile(`(?i)^(?:https://|/?(?:(?:v1\.0|beta)/)?identity/conditionalAccess/|/?(?:(?:v1\.0|beta)/)?namedLocations/)`)
)

// locationImportKey is the id or the name that a text to import by means. ok is false for a path of anything else.
func locationImportKey(text string) (key string, ok bool) {
	text = strings.TrimSpace(text)
	if found := locationPath.FindStringSubmatch(text); found != nil {
		return found[1] + found[2], value.IsGUID(found[1] + found[2])
	}
	return text, !somePath.MatchString(text)
}

package value

import (
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/redact"
)

// Shown is a name for people who read a plan, in which a line break would begin a line that looks like the plan's own. A state
// that was written before has the name as it is, and the next refresh replaces it; that is not a change to an apply.
func Shown(name types.String) types.String {
	if name.IsNull() || name.IsUnknown() {
		return name
	}
	return types.StringValue(redact.ShownName(name.ValueString()))
}

// KeepSpelling keeps a known value that differs from the service's in case only: ids and names have none.
func KeepSpelling(have types.String, service string) types.String {
	if !have.IsNull() && !have.IsUnknown() && strings.EqualFold(have.ValueString(), service) {
		return have
	}
	return types.StringValue(service)
}

// Elements are the texts of a map; those that are null or unknown are empty.
func Elements(m types.Map) map[string]string {
	values := m.Elements()
	found := make(map[string]string, len(values))
	for key, value := range values {
		if text, ok := value.(types.String); ok {
			found[key] = text.ValueString()
		}
	}
	return found
}

// NullIfEmpty is null for an empty text: the service has no value.
func NullIfEmpty(text string) types.String {
	if text == "" {
		return types.StringNull()
	}
	return types.StringValue(text)
}

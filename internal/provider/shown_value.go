package provider

import (
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client"
)

// shownValue is a name for people who read a plan, in which a line break would begin a line that looks like the plan's own. A state
// that was written before has the name as it is, and the next refresh replaces it; that is not a change to an apply.
func shownValue(name types.String) types.String {
	if name.IsNull() || name.IsUnknown() {
		return name
	}
	return types.StringValue(client.ShownName(name.ValueString()))
}

// shownPerson is a personName of a state, which an earlier version may have written with the display name as it was.
func shownPerson(person string) string {
	at := strings.LastIndex(person, " (")
	if at < 0 || strings.HasPrefix(person, `"`) {
		return client.ShownName(person)
	}
	return client.QuotedName(person[:at]) + " " + client.ShownName(person[at:])
}

package diagnose

import (
	"fmt"
	"strings"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/redact"
)

// How many objects a message names. An error names as many as there are diagnostics of one kind.
const (
	NamedInErrors   = 20
	NamedInWarnings = 10
)

// Names lists names, and says how many more there are.
func Names(names []string, most int) string {
	if len(names) <= most {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), len(names)-most)
}

// People is "adele@contoso.com" or "12 users".
func People(names []string) string {
	if len(names) == 1 {
		return names[0]
	}
	return fmt.Sprintf("%d users", len(names))
}

// List is one line for each text, the first of them if there are many.
func List(lines []string) string {
	if more := len(lines) - NamedInErrors; more > 0 {
		lines = append(append([]string(nil), lines[:NamedInErrors]...), fmt.Sprintf("and %d more", more))
	}
	return "  - " + strings.Join(lines, "\n  - ")
}

// Counted is "1 user" or "12 users".
func Counted(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}

// Person is what a reader knows a person by: the display name, which is not unique and which people often choose themselves, with
// the user principal name.
func Person(user client.User) string {
	name := strings.TrimSpace(user.DisplayName)
	if name == "" || strings.EqualFold(name, user.Name()) {
		return redact.ShownName(user.Name())
	}
	return redact.QuotedName(name) + " (" + redact.ShownName(user.Name()) + ")"
}

// PrincipalName takes the user principal name out of what Person returns. A display name may have brackets, the other one has none.
func PrincipalName(person string) string {
	if i := strings.LastIndex(person, " ("); i >= 0 {
		return strings.TrimSuffix(person[i+2:], ")")
	}
	return person
}

// ShownPerson is what Person returned for a state, which an earlier version may have written with the display name as it was.
func ShownPerson(person string) string {
	at := strings.LastIndex(person, " (")
	if at < 0 || strings.HasPrefix(person, `"`) {
		return redact.ShownName(person)
	}
	return redact.QuotedName(person[:at]) + " " + redact.ShownName(person[at:])
}

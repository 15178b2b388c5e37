package provider

import (
	"fmt"
	"strings"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client"
)

// How many objects a message names. An error names as many as there are diagnostics of one kind.
const (
	namedInErrors   = 20
	namedInWarnings = 10
)

// nameSome lists names, and says how many more there are.
func nameSome(names []string, most int) string {
	if len(names) <= most {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), len(names)-most)
}

// peopleCount is "adele@contoso.com" or "12 users".
func peopleCount(names []string) string {
	if len(names) == 1 {
		return names[0]
	}
	return fmt.Sprintf("%d users", len(names))
}

// boundedList is one line for each text, the first of them if there are many.
func boundedList(lines []string) string {
	if more := len(lines) - namedInErrors; more > 0 {
		lines = append(append([]string(nil), lines[:namedInErrors]...), fmt.Sprintf("and %d more", more))
	}
	return "  - " + strings.Join(lines, "\n  - ")
}

func counted(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}

// personName is what a reader knows a person by: the display name, which is not unique and which people often choose themselves, with
// the user principal name.
func personName(user client.User) string {
	name := strings.TrimSpace(user.DisplayName)
	if name == "" || strings.EqualFold(name, user.Name()) {
		return client.ShownName(user.Name())
	}
	return client.QuotedName(name) + " (" + client.ShownName(user.Name()) + ")"
}

// principalName takes the user principal name out of a personName. A display name may have brackets, the other one has none.
func principalName(person string) string {
	if i := strings.LastIndex(person, " ("); i >= 0 {
		return strings.TrimSuffix(person[i+2:], ")")
	}
	return person
}

// shownPerson is a personName of a state, which an earlier version may have written with the display name as it was.
func shownPerson(person string) string {
	at := strings.LastIndex(person, " (")
	if at < 0 || strings.HasPrefix(person, `"`) {
		return client.ShownName(person)
	}
	return client.QuotedName(person[:at]) + " " + client.ShownName(person[at:])
}

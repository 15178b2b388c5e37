package coverage

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	rules "github.com/mfa-as-code/terraform-provider-entramfa/internal/client/coverage"
)

// dimensions are the words for the dimensions of a sign-in, with %s for the values.
var dimensions = map[string]string{
	rules.App: "for the app %s", rules.Platform: "on the platform %s", rules.ClientApp: "by the client type %s", rules.Flow: "by the authentication flow %s",
	rules.SignInRisk: "at a sign-in risk of %s", rules.UserRisk: "at a user risk of %s", rules.InsiderRisk: "at an insider risk of %s",
}

// facts are the words for a fact that holds and for one that does not, with %s for its subject.
var facts = map[rules.Fact][2]string{
	rules.FactLocation:  {"from the location %s", "not from the location %s"},
	rules.FactElsewhere: {"from another trusted location", "not from another trusted location"},
	rules.FactLegacy:    {"from the trusted IPs of the legacy MFA settings", "not from the trusted IPs of the legacy MFA settings"},
	rules.FactAppGroup:  {"for an app of %s", "for no app of %s"},
	rules.FactAppFilter: {"for an app that matches %s", "for an app that does not match %s"},
	rules.FactDevice:    {"on a device that matches %s", "on a device that does not match %s"},
	rules.FactControl:   {"where %s is satisfied", "where %s is not satisfied"},
}

// describe is a class of sign-ins in words.
func describe(signIn rules.SignIn) string {
	var parts []string
	for _, dimension := range slices.Sorted(maps.Keys(signIn.Values)) {
		parts = append(parts, fmt.Sprintf(dimensions[dimension], strings.Join(signIn.Values[dimension], " or ")))
	}
	for _, name := range slices.Sorted(maps.Keys(signIn.Facts)) {
		fact, subject := rules.ReadFact(name)
		words := facts[fact][0]
		if !signIn.Facts[name] {
			words = facts[fact][1]
		}
		parts = append(parts, strings.ReplaceAll(words, "%s", subject))
	}
	if len(parts) == 0 {
		return "every sign-in"
	}
	return strings.Join(parts, ", ")
}

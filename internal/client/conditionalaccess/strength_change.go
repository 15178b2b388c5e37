package conditionalaccess

import (
	"slices"
	"strings"
)

// multiFactors are the methods that are multifactor authentication without a second method.
//
// Source: https://learn.microsoft.com/entra/identity/authentication/concept-authentication-strengths
var multiFactors = []string{
	"windowshelloforbusiness", "fido2", "x509certificatemultifactor", "devicebasedpush", "temporaryaccesspassonetime", "temporaryaccesspassmultiuse", "federatedmultifactor",
}

// IsSingleFactor reports whether a combination is known to be one factor only. Nothing is known of combinations that [Combinations] lacks.
func IsSingleFactor(combination string) bool {
	key := CombinationKey(combination)
	return !strings.Contains(key, ",") && !slices.Contains(multiFactors, key) && IsCombination(combination, Combinations)
}

// IsCombination reports whether a combination is one of those known, in whatever spelling.
func IsCombination(combination string, known []string) bool {
	return slices.Contains(keys(known), CombinationKey(combination))
}

// CanonicalCombinations are combinations in the spelling of [Combinations], each once. What that list lacks stays as it is, without blanks.
func CanonicalCombinations(combinations []string) []string {
	var canonical, seen []string
	for _, combination := range combinations {
		key := CombinationKey(combination)
		if slices.Contains(seen, key) {
			continue
		}
		seen = append(seen, key)
		if at := slices.IndexFunc(Combinations, func(known string) bool { return CombinationKey(known) == key }); at >= 0 {
			combination = Combinations[at]
		}
		canonical = append(canonical, strings.ReplaceAll(combination, " ", ""))
	}
	return canonical
}

// NearestCombination is the known combination that begins with a text, or else the one that takes the fewest changes of letters to become it.
func NearestCombination(text string, known []string) string {
	nearest, least := "", 0
	for _, combination := range known {
		key, wanted := CombinationKey(combination), CombinationKey(text)
		d := distance(key, wanted)
		if wanted != "" && strings.HasPrefix(key, wanted) {
			d = 0
		}
		if nearest == "" || d < least {
			nearest, least = combination, d
		}
	}
	return nearest
}

// distance is the number of letters to insert, remove or replace (Levenshtein).
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			changed := diagonal
			if a[i] != b[j] {
				changed++
			}
			diagonal = row[j+1]
			row[j+1] = min(changed, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}

// known reports whether a configuration is of a kind that this package can write. Others are left as they are.
func (c StrengthConfiguration) known() bool {
	return strings.EqualFold(c.ODataType, FIDO2Configuration) || strings.EqualFold(c.ODataType, CertificateConfiguration)
}

// asStrictAs reports whether a configuration admits nothing that another one does not.
func (c StrengthConfiguration) asStrictAs(old StrengthConfiguration) bool {
	within := func(list, wider []string) bool {
		return len(wider) == 0 || len(list) > 0 && !slices.ContainsFunc(list, func(value string) bool {
			return !slices.ContainsFunc(wider, func(other string) bool { return strings.EqualFold(strings.TrimSpace(value), strings.TrimSpace(other)) })
		})
	}
	return strings.EqualFold(c.ODataType, old.ODataType) && within(keys(old.AppliesTo), keys(c.AppliesTo)) &&
		within(c.AAGUIDs, old.AAGUIDs) && within(c.IssuerSKIs, old.IssuerSKIs) && within(c.PolicyOIDs, old.PolicyOIDs)
}

// Loosened are the configurations of the strength that wanted has neither so nor stricter, although it still allows one of their combinations.
func (s Strength) Loosened(wanted Strength) []StrengthConfiguration {
	return slices.DeleteFunc(s.MissingConfigurations(wanted.Configurations), func(old StrengthConfiguration) bool {
		return !slices.ContainsFunc(old.AppliesTo, func(combination string) bool { return IsCombination(combination, wanted.AllowedCombinations) }) ||
			slices.ContainsFunc(wanted.Configurations, func(c StrengthConfiguration) bool { return c.asStrictAs(old) })
	})
}

// ChangedConfigurations is how the configurations of a strength become those wanted. One that is about a combination of one that is to
// go takes its place, so that there is no moment in which the combinations are allowed without a restriction.
func (s Strength) ChangedConfigurations(wanted Strength) (updated, removed, added []StrengthConfiguration) {
	removed = s.MissingConfigurations(wanted.Configurations)
	for _, next := range wanted.MissingConfigurations(s.Configurations) {
		next.ID = ""
		// Its combinations have to be allowed before the update of the combinations as well as after it.
		isAllowed := func(combination string) bool { return IsCombination(combination, s.AllowedCombinations) }
		at := slices.IndexFunc(removed, func(old StrengthConfiguration) bool {
			return old.ID != "" && strings.EqualFold(next.ODataType, old.ODataType) && !slices.ContainsFunc(next.AppliesTo, func(c string) bool { return !isAllowed(c) }) &&
				slices.ContainsFunc(next.AppliesTo, func(c string) bool { return IsCombination(c, old.AppliesTo) })
		})
		if at >= 0 {
			next.ID = removed[at].ID
			removed = slices.Delete(removed, at, at+1)
			updated = append(updated, next)
			continue
		}
		added = append(added, next)
	}
	return updated, removed, added
}

// AsksForStrength reports whether a policy asks for the authentication strength of an id.
func (p Policy) AsksForStrength(id string) bool {
	return p.GrantControls != nil && p.GrantControls.AuthenticationStrength != nil && strings.EqualFold(p.GrantControls.AuthenticationStrength.ID, id)
}

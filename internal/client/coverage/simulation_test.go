package coverage

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	rules "github.com/mfa-as-code/terraform-provider-entramfa/internal/client/conditionalaccess"
)

// concrete is one sign-in, with everything that the generated policies look at.
type concrete struct {
	app, platform, client, risk, flow                                string
	office, atHQ, atBranch, legacy, compliant, joined, terms, filter bool
}

// every lists all sign-ins that the generated policies can tell apart.
func every() []concrete {
	var all []concrete
	for _, app := range []string{"a", "b", anyOther} {
		for _, platform := range []string{"linux", anyOther} {
			for _, client := range []string{"browser", "mobileAppsAndDesktopClients", "exchangeActiveSync", "other"} {
				for _, risk := range []string{without, "high"} {
					for _, flow := range []string{without, "deviceCodeFlow"} {
						for bits := range 256 {
							bit := func(n int) bool { return bits>>n&1 == 1 }
							all = append(all, concrete{app, platform, client, risk, flow, bit(0), bit(1), bit(2), bit(3), bit(4), bit(5), bit(6), bit(7)})
						}
					}
				}
			}
		}
	}
	return all
}

// simulate says what becomes of a sign-in: "blocked", "mfa", or "single" where it succeeds with a single factor. It is written from the
// documentation, and shares nothing with the evaluator.
func simulate(policies []map[string]any, s concrete) string {
	outcome := "single"
	for _, p := range policies {
		if p["state"] != "enabled" || !matched(object(p["conditions"]), s) {
			continue
		}
		grant := object(p["grantControls"])
		held := map[string]bool{"compliantDevice": s.compliant, "domainJoinedDevice": s.joined}
		var results []bool
		mfa := false
		for _, control := range list(grant["builtInControls"]) {
			switch control {
			case "block":
				return "blocked"
			case "mfa":
				mfa = true
			default:
				results = append(results, held[fmt.Sprint(control)])
			}
		}
		if terms, ok := grant["termsOfUse"].([]any); ok && len(terms) > 0 {
			results = append(results, s.terms)
		}
		if grant["operator"] == "AND" {
			if slices.Contains(results, false) {
				return "blocked"
			}
			if mfa {
				outcome = "mfa"
			}
			continue
		}
		switch {
		case slices.Contains(results, true):
		case mfa:
			outcome = "mfa"
		default:
			return "blocked"
		}
	}
	return outcome
}

// object and list are what a value of JSON is, or empty.
func object(value any) map[string]any {
	fields, _ := value.(map[string]any)
	return fields
}

func list(value any) []any {
	elements, _ := value.([]any)
	return elements
}

func matched(conditions map[string]any, s concrete) bool {
	strings := func(of any, name string) []string {
		var all []string
		for _, element := range list(object(of)[name]) {
			all = append(all, fmt.Sprint(element))
		}
		return all
	}
	app := func(ids []string) bool {
		return slices.Contains(ids, "All") || slices.Contains(ids, s.app) || slices.Contains(ids, "Office365") && s.office
	}
	place := func(ids []string) bool {
		return slices.Contains(ids, "All") || slices.Contains(ids, headOffice) && s.atHQ || slices.Contains(ids, germany) && s.atBranch ||
			slices.Contains(ids, "AllTrusted") && (s.atHQ || s.legacy)
	}
	apps := conditions["applications"]
	if !app(strings(apps, "includeApplications")) || app(strings(apps, "excludeApplications")) {
		return false
	}
	if at := conditions["locations"]; at != nil && (!place(strings(at, "includeLocations")) || place(strings(at, "excludeLocations"))) {
		return false
	}
	if on := conditions["platforms"]; on != nil {
		include := strings(on, "includePlatforms")
		if !slices.Contains(include, "all") && !slices.Contains(include, s.platform) || slices.Contains(strings(on, "excludePlatforms"), s.platform) {
			return false
		}
	}
	if types := strings(conditions, "clientAppTypes"); len(types) > 0 && !slices.Contains(types, "all") && !slices.Contains(types, s.client) {
		return false
	}
	if levels := strings(conditions, "signInRiskLevels"); len(levels) > 0 && !slices.Contains(levels, s.risk) {
		return false
	}
	if flows, ok := conditions["authenticationFlows"].(map[string]any); ok && flows["transferMethods"] != s.flow {
		return false
	}
	if devices, ok := conditions["devices"].(map[string]any); ok {
		filter := object(devices["deviceFilter"])
		return s.filter == (filter["mode"] == "include")
	}
	return true
}

// generate draws a policy in Graph's words.
func generate(t *rapid.T) map[string]any {
	some := func(label string, values ...any) []any {
		return rapid.SliceOfNDistinct(rapid.SampledFrom(values), 0, 2, func(v any) any { return v }).Draw(t, label)
	}
	include := some("apps", "a", "b", "Office365")
	if len(include) == 0 || rapid.IntRange(0, 2).Draw(t, "all apps") > 0 {
		include = []any{"All"}
	}
	conditions := map[string]any{
		"users":        map[string]any{"includeUsers": []any{"All"}},
		"applications": map[string]any{"includeApplications": include, "excludeApplications": some("excluded apps", "a", "Office365")},
	}
	if rapid.IntRange(0, 2).Draw(t, "locations") == 0 {
		at := some("locations", headOffice, germany, "AllTrusted")
		if len(at) == 0 {
			at = []any{"All"}
		}
		conditions["locations"] = map[string]any{"includeLocations": at, "excludeLocations": some("excluded locations", headOffice, germany, "AllTrusted")}
	}
	if rapid.IntRange(0, 3).Draw(t, "platforms") == 0 {
		conditions["platforms"] = map[string]any{"includePlatforms": []any{rapid.SampledFrom([]any{"all", "linux"}).Draw(t, "platform")}, "excludePlatforms": some("excluded platforms", "linux")}
	}
	if rapid.IntRange(0, 3).Draw(t, "clients") == 0 {
		conditions["clientAppTypes"] = rapid.SampledFrom([][]any{{"browser"}, {"browser", "mobileAppsAndDesktopClients"}, {"exchangeActiveSync", "other"}, {"all"}}).Draw(t, "clients")
	}
	if rapid.IntRange(0, 5).Draw(t, "risk") == 0 {
		conditions["signInRiskLevels"] = []any{"high"}
	}
	if rapid.IntRange(0, 5).Draw(t, "flow") == 0 {
		conditions["authenticationFlows"] = map[string]any{"transferMethods": "deviceCodeFlow"}
	}
	if rapid.IntRange(0, 4).Draw(t, "filter") == 0 {
		conditions["devices"] = map[string]any{"deviceFilter": map[string]any{"mode": rapid.SampledFrom([]string{"include", "exclude"}).Draw(t, "mode"), "rule": "r"}}
	}
	controls := rapid.SampledFrom([][]any{{"mfa"}, {"mfa"}, {"mfa"}, {"mfa", "compliantDevice"}, {"compliantDevice"}, {"block"}, {"mfa", "domainJoinedDevice"}, {"compliantDevice", "domainJoinedDevice"}}).Draw(t, "controls")
	grant := map[string]any{"operator": rapid.SampledFrom([]string{"OR", "AND"}).Draw(t, "operator"), "builtInControls": controls}
	if rapid.IntRange(0, 6).Draw(t, "terms") == 0 && controls[0] != "block" {
		grant["termsOfUse"] = []any{"t"}
	}
	return map[string]any{
		"id": "p", "displayName": "P", "conditions": conditions, "grantControls": grant,
		"state": rapid.SampledFrom([]string{"enabled", "enabled", "enabled", "disabled", "enabledForReportingButNotEnforced"}).Draw(t, "state"),
	}
}

// TestVerdictsAgreeWithASimulationOfEverySignIn compares the verdict with what becomes of each sign-in there is, for random policies.
func TestVerdictsAgreeWithASimulationOfEverySignIn(t *testing.T) {
	t.Parallel()
	signIns := every()
	rapid.Check(t, func(t *rapid.T) {
		documents := rapid.SliceOfN(rapid.Custom(generate), 0, 5).Draw(t, "policies")
		tenant := Tenant{
			LegacyTrustedIPs: SomeLegacyTrustedIPs,
			Locations:        map[string]Location{headOffice: {"HQ", true}, germany: {"Germany", false}},
		}
		for _, document := range documents {
			var policy rules.Policy
			text, err := json.Marshal(document)
			if err != nil || json.Unmarshal(text, &policy) != nil {
				t.Fatalf("%v", document)
			}
			tenant.Policies = append(tenant.Policies, policy)
		}
		outcomes := map[string]int{}
		byOutcome := map[concrete]string{}
		askedWithoutRisk := false
		for _, s := range signIns {
			outcome := simulate(documents, s)
			outcomes[outcome]++
			byOutcome[s] = outcome
			askedWithoutRisk = askedWithoutRisk || outcome == "mfa" && s.risk == without
		}
		want := Partly
		switch {
		case outcomes["single"] == 0 && outcomes["mfa"] == 0:
			want = Blocked
		case outcomes["single"] == 0:
			want = Covered
		case !askedWithoutRisk:
			want = NotCovered
		}
		have := New(tenant).Evaluate(Person{ID: user})
		// A policy may ask for MFA where others block: what it asks for then is not seen by the simulation.
		if have.Verdict != want && !(want == NotCovered && have.Verdict == Partly) {
			t.Fatalf("the verdict is %s, want %s (%v); gaps %v", have.Verdict, want, outcomes, have.Gaps)
		}
		if (outcomes["single"] > 0) != (len(have.Gaps) > 0) {
			t.Fatalf("%d sign-ins need one factor only, and the gaps are %v", outcomes["single"], have.Gaps)
		}
		for _, gap := range have.Gaps {
			seen := 0
			for s, outcome := range byOutcome {
				if !gap.contains(s) {
					continue
				}
				seen++
				if outcome != "single" {
					t.Fatalf("%+v belongs to the gap %s, and it is %s", s, gap, outcome)
				}
			}
			if seen == 0 {
				t.Fatalf("no sign-in belongs to the gap %s", gap)
			}
		}
	})
}

// contains reports whether a sign-in belongs to a class.
func (s SignIn) contains(c concrete) bool {
	for dim, have := range map[string]string{dimApp: c.app, dimPlatform: c.platform, dimClient: c.client, dimSignRisk: c.risk, dimFlow: c.flow} {
		if values, limited := s.Values[dim]; limited && !slices.Contains(values, have) {
			return false
		}
	}
	facts := map[string]bool{
		factAppGroup + "Office365": c.office, factLocation + headOffice: c.atHQ, factLocation + germany: c.atBranch, factLegacy: c.legacy,
		factControl + "compliantDevice": c.compliant, factControl + "domainJoinedDevice": c.joined, factControl + "terms of use t": c.terms, factDevice + "r": c.filter,
	}
	for name, want := range s.Facts {
		have, known := facts[name]
		// HQ is trusted by its own fact where a policy names it, and else as another trusted location.
		if name == factElsewhere {
			have, known = c.atHQ, true
		}
		if !known {
			panic(fmt.Sprintf("a fact that the simulation does not have: %s", strings.TrimSpace(name)))
		}
		if have != want {
			return false
		}
	}
	return true
}

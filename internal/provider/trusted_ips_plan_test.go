package provider_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
)

const locationType = "entramfa_trusted_ips"

// locationSession drives entramfa_trusted_ips as the CLI does, without one.
type locationSession struct{ *session }

func (tn *tenant) locationSession(t *testing.T, extra map[string]any) *locationSession {
	t.Helper()
	return &locationSession{tn.sessionOf(t, locationType, extra)}
}

// rangeList makes a list; unknown is the text of an element that is not known.
func rangeList(texts ...string) tftypes.Value {
	values := make([]tftypes.Value, len(texts))
	for i, text := range texts {
		values[i] = tftypes.NewValue(tftypes.String, text)
		if text == "unknown" {
			values[i] = tftypes.NewValue(tftypes.String, tftypes.UnknownValue)
		}
	}
	return tftypes.NewValue(tftypes.List{ElementType: tftypes.String}, values)
}

// location is a configuration, and locationState a state.
func location(name string, ranges ...string) map[string]any {
	return map[string]any{"display_name": name, "ip_ranges": rangeList(ranges...)}
}

func locationState(id, name string, trusted bool, addresses, networks int64, ranges ...string) map[string]any {
	sizes := map[string]tftypes.Value{}
	for _, r := range client.ReadIPRanges(ranges) {
		sizes[r.String()] = tftypes.NewValue(tftypes.String, r.Size())
	}
	return map[string]any{
		"id": id, "name": name, "display_name": name, "ip_ranges": rangeList(ranges...), "trusted": trusted,
		"address_count_ipv4": addresses, "network_count_ipv6": networks, "range_sizes": tftypes.NewValue(tftypes.Map{ElementType: tftypes.String}, sizes),
	}
}

// notKnown is a configuration of which nothing is known yet.
func notKnown() map[string]any {
	return map[string]any{
		"display_name": tftypes.NewValue(tftypes.String, tftypes.UnknownValue),
		"ip_ranges":    tftypes.NewValue(tftypes.List{ElementType: tftypes.String}, tftypes.UnknownValue),
	}
}

// branch is the state of the location that a policy names.
func branch() map[string]any {
	return locationState(branchID, "Branch", true, 128, 65_536, "198.51.100.77/25", "2001:DB8:B:0:0:0:0:0/48")
}

func depot() map[string]any { return locationState(depotID, "Depot", true, 16, 0, "192.0.2.0/28") }

func (s *locationSession) validate(config map[string]any) []*tfprotov6.Diagnostic {
	s.t.Helper()
	validated, err := s.server.ValidateResourceConfig(context.Background(), &tfprotov6.ValidateResourceConfigRequest{
		TypeName: locationType, Config: dynamic(s.t, objectOf(s.t, s.typ, config)),
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return validated.Diagnostics
}

// read refreshes a state.
func (s *locationSession) read(state map[string]any) *tfprotov6.ReadResourceResponse {
	s.t.Helper()
	read, err := s.server.ReadResource(context.Background(), &tfprotov6.ReadResourceRequest{
		TypeName: locationType, CurrentState: dynamic(s.t, objectOf(s.t, s.typ, state)),
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return read
}

func (s *locationSession) unmarshal(value *tfprotov6.DynamicValue) tftypes.Value {
	s.t.Helper()
	unpacked, err := value.Unmarshal(s.typ)
	if err != nil {
		s.t.Fatal(err)
	}
	return unpacked
}

func attributeOf(t *testing.T, value tftypes.Value, name string) tftypes.Value {
	t.Helper()
	var attributes map[string]tftypes.Value
	if err := value.As(&attributes); err != nil {
		t.Fatal(err)
	}
	return attributes[name]
}

// told are the diagnostics of a severity as texts: path, summary and detail.
func told(severity tfprotov6.DiagnosticSeverity, diagnostics []*tfprotov6.Diagnostic) []string {
	var found []string
	for _, diagnostic := range diagnostics {
		if diagnostic.Severity == severity {
			at := ""
			if diagnostic.Attribute != nil {
				at = diagnostic.Attribute.String()
			}
			found = append(found, at+"\n"+diagnostic.Summary+"\n"+diagnostic.Detail)
		}
	}
	return found
}

// wantTold fails the test unless there is exactly one diagnostic for each list of texts, and it says them in that order.
func wantTold(t *testing.T, found []string, want [][]string) {
	t.Helper()
	left := slices.Clone(found)
	for _, texts := range want {
		at := slices.IndexFunc(left, func(have string) bool { return says(texts...).MatchString(have) })
		if at < 0 {
			t.Errorf("nothing says %q; said is %q", texts, found)
			continue
		}
		left = slices.Delete(left, at, at+1)
	}
	if len(left) > 0 {
		t.Errorf("nobody expected %q", left)
	}
}

// element is the path of the range at an index.
func element(index int) string {
	return fmt.Sprintf("AttributeName(%q).ElementKeyInt(%d)", "ip_ranges", index)
}

func TestEachBadRangeIsToldAtItsElement(t *testing.T) {
	t.Parallel()
	s := newLocationTenant(t).locationSession(t, nil)
	const set = `AttributeName("ip_ranges")`
	for name, c := range map[string]struct {
		ranges []string
		want   [][]string
	}{
		"fine":     {[]string{"203.0.113.0/24", "2001:db8::/48", "unknown", "11.0.0.0/9"}, nil},
		"repeated": {[]string{"203.0.113.0/24", "198.51.100.0/24", "203.0.113.0/24"}, nil},
		"spaces":   {[]string{"203.0.113.0/24 ", "\t198.51.100.7\u00a0", "\ufeff2001:db8::/48\u200b"}, nil},
		"spaces in it": {[]string{"203.0.113.0 /24", "198.51.100.10-198.51.100.11", "198.51.100.0 255.255.255.0"}, [][]string{
			{element(0), `"203.0.113.0 /24" is not in CIDR notation; provider::entramfa::ip_ranges_from_text reads it as 203.0.113.0/24`},
			{element(1), "reads it as 198.51.100.10/31"},
			{element(2), "reads it as 198.51.100.0/24"},
		}},
		"the same with spaces": {[]string{"203.0.113.0/24", "203.0.113.0/24 "}, [][]string{{element(1), "Duplicate IP range", `"203.0.113.0/24" and "203.0.113.0/24 " are the same range`}}},
		"not ranges":           {[]string{"HQ", "203.0.113.0/24", "203.0.113.0/33"}, [][]string{{element(0), "Invalid IP range"}, {element(2), "Invalid IP range"}}},
		"too wide":             {[]string{"11.0.0.0/8", "2000::/3"}, [][]string{{element(0), "is too wide"}, {element(1), "is too wide"}}},
		"mapped":               {[]string{"::ffff:203.0.113.7"}, [][]string{{element(0), "write 203.0.113.7/32"}}},
		"duplicates": {
			[]string{"203.0.113.9/24", "203.0.113.0/24", "2001:DB8::/48", "2001:db8:0::/48", "198.51.100.7", "198.51.100.7/32"},
			[][]string{
				{element(1), "Duplicate IP range", `"203.0.113.9/24" and "203.0.113.0/24" are the same range, 203.0.113.0/24 (256 IPv4 addresses)`},
				{element(3), "Duplicate IP range", `"2001:DB8::/48" and "2001:db8:0::/48" are the same range`},
				{element(5), "Duplicate IP range"},
			},
		},
		"none": {nil, [][]string{{set, "No IP ranges"}}},
	} {
		t.Run(name, func(t *testing.T) {
			wantTold(t, told(tfprotov6.DiagnosticSeverityError, s.validate(location("HQ", c.ranges...))), c.want)
		})
	}
	t.Run("empty name", func(t *testing.T) {
		wantTold(t, told(tfprotov6.DiagnosticSeverityError, s.validate(location(" ", "203.0.113.0/24"))), [][]string{{`AttributeName("display_name")`, "Invalid display name", "The name is empty"}})
	})
	t.Run("long name", func(t *testing.T) {
		// Characters, and not bytes.
		if found := s.validate(location(strings.Repeat("é", 256), "203.0.113.0/24")); len(found) != 0 {
			t.Errorf("said is %v", found)
		}
		wantTold(t, told(tfprotov6.DiagnosticSeverityError, s.validate(location(strings.Repeat("é", 257), "203.0.113.0/24"))),
			[][]string{{`AttributeName("display_name")`, "Invalid display name", "has at most 256 characters, and this one has 257", "ééé..."}})
	})
	t.Run("not known yet", func(t *testing.T) {
		unknown := notKnown()
		if found := s.validate(unknown); len(found) != 0 {
			t.Errorf("said is %v", found)
		}
		planned := s.plan(nil, unknown)
		noErrors(t, planned.Diagnostics)
		for _, name := range []string{"id", "name", "range_sizes", "address_count_ipv4", "network_count_ipv6"} {
			if value := attributeOf(t, s.unmarshal(planned.PlannedState), name); value.IsKnown() {
				t.Errorf("%s is planned as %s", name, value)
			}
		}
	})
}

func TestAPlanTellsWhatBecomesTrustedAndWhatMayBeAMistake(t *testing.T) {
	t.Parallel()
	s := newLocationTenant(t).locationSession(t, nil)
	off := depot()
	off["trusted"] = false
	const set = `AttributeName("ip_ranges")`
	for name, c := range map[string]struct {
		prior, config map[string]any
		want          [][]string
	}{
		"created": {
			nil, location("HQ", "203.0.113.7/24", "198.51.100.200", "2001:db8:a::/48"),
			[][]string{{
				set, `"HQ" newly trusts 257 IPv4 addresses and 65,536 IPv6 /64 networks`, "newly trusted: 198.51.100.200/32 (1 IPv4 address)",
				"newly trusted: 203.0.113.0/24 (256 IPv4 addresses)", "newly trusted: 2001:db8:a::/48 (65,536 IPv6 /64 networks)",
				"Whoever signs in from there is in a trusted location then.", "ask them for nothing any more, MFA included",
			}},
		},
		"nothing changes": {depot(), location("Depot", "192.0.2.0/28"), nil},
		"respelled":       {depot(), location("Depot", "192.0.2.9/28"), nil},
		"renamed":         {depot(), location("Store", "192.0.2.0/28"), nil},
		"the same in two": {depot(), location("Depot", "192.0.2.0/29", "192.0.2.8/29"), nil},
		"one more":        {depot(), location("Depot", "192.0.2.0/28", "203.0.113.0/24"), [][]string{{set, `"Depot" newly trusts 256 IPv4 addresses`, "newly trusted: 203.0.113.0/24 (256 IPv4 addresses)", "With that the location trusts 272 IPv4 addresses in all."}}},
		"one more, respelled": {branch(), location("Branch", "198.51.100.0/25", "2001:DB8:B:0:0:0:0:0/48", "203.0.113.0/24"), [][]string{{
			set, `"Branch" newly trusts 256 IPv4 addresses`, "newly trusted: 203.0.113.0/24",
			"Spelled otherwise, and the same range as before:", "- 198.51.100.0/25 for 198.51.100.77/25\n\nWith",
		}}},
		"one that is wider": {depot(), location("Depot", "192.0.2.0/27"), [][]string{{set, `"Depot" newly trusts 16 IPv4 addresses`, "newly trusted: 192.0.2.0/27 (32 IPv4 addresses, of which 16 IPv4 addresses are new)"}}},
		"trusted again":     {off, location("Depot", "192.0.2.0/28"), [][]string{{set, `"Depot" newly trusts 16 IPv4 addresses`, "192.0.2.0/28", `"MFA outside"`, "leaves all trusted locations out", "not trusted at present", "outside of Terraform"}}},
		"widened, in use": {branch(), location("Branch", "198.51.100.0/25", "2001:db8:b::/48", "203.0.113.0/24"), [][]string{{
			set, `"Branch" newly trusts 256`, `"Branch only" (report-only, id ` + branchOnly + `): is for this location`, `"MFA outside" (enabled, id ` + gateID + `): leaves all trusted locations out`,
		}}},
		"a part is not known": {nil, location("HQ", "203.0.113.0/24", "unknown"), [][]string{
			{set, `"HQ" newly trusts 256 IPv4 addresses`}, {set, `"HQ": ranges are not known yet`, "does not tell how much becomes trusted", `"MFA outside"`, "-target"},
		}},
		"nothing is known": {nil, notKnown(), [][]string{
			{set, "A location whose name is not known yet: ranges are not known yet", `"MFA outside"`}, {`AttributeName("display_name")`, "The name of a location is not known yet"},
		}},
		"nothing is known any more": {branch(), notKnown(), [][]string{
			{set, `"Branch": ranges are not known yet`, "It trusts 128 IPv4 addresses and 65,536 IPv6 /64 networks now", "198.51.100.0/25 (128 IPv4 addresses)", "2001:db8:b::/48", `"Branch only"`, "is for this location"},
			{`AttributeName("display_name")`, "The name of a location is not known yet", branchID + ` is called "Branch" now`},
		}},
		"a part is not known any more": {branch(), location("Branch", "198.51.100.0/25", "unknown"), [][]string{
			{set, `"Branch": ranges are not known yet`, "What may stop being trusted:\n  - 2001:db8:b::/48 (65,536 IPv6 /64 networks)\n\n"},
		}},
		"a name with spaces":   {depot(), location("Store ", "192.0.2.0/28"), [][]string{{`AttributeName("display_name")`, `The name "Store " begins or ends with white space`, `Write "Store"`}}},
		"a name that is taken": {nil, location("twin", "203.0.113.7"), [][]string{{set, "newly trusts"}, {`AttributeName("display_name")`, `The name "twin" is taken`, twinID + ` "Twin" (trusted IP ranges)`, otherTwinID, "import it instead"}}},
		"a country's name":     {depot(), location("Italy", "192.0.2.0/28"), [][]string{{`AttributeName("display_name")`, `The name "Italy" is taken`, italyID, "location of countries"}}},
		"reserved": {
			nil, location("HQ", "10.1.0.0/16", "fd00:1::/48", "100.64.1.0/24"),
			[][]string{
				{set, "newly trusts"},
				{element(0), "10.1.0.0/16 can never match", "private (RFC 1918)", "Write the public addresses"},
				{element(1), "fd00:1::/48 can never match", "unique local"},
				{element(2), "100.64.1.0/24 can never match", "carrier-grade NAT"},
			},
		},
		"wide": {
			nil, location("HQ", "11.0.0.9/9", "2400::/31", "12.0.0.0/16"),
			[][]string{
				{set, "newly trusts"},
				{element(0), "11.0.0.0/9 is very wide", "8,388,608 IPv4 addresses"},
				{element(1), "2400::/31 is very wide", "8,589,934,592 IPv6 /64 networks"},
			},
		},
		"overlap within": {
			nil, location("HQ", "203.0.113.0/24", "203.0.113.9/25"),
			[][]string{{set, `"HQ" newly trusts 256 IPv4 addresses`}, {element(1), "203.0.113.0/25 is a part of 203.0.113.0/24", "remove one of them"}},
		},
		"overlap elsewhere": {
			nil, location("HQ", "198.51.100.1/24", "192.0.2.33"),
			[][]string{
				{set, "newly trusts"},
				{element(0), `198.51.100.0/24 overlaps the trusted location "Branch"`, branchID, "198.51.100.0/25"},
				{element(1), `192.0.2.33/32 overlaps the trusted location "Twin"`, twinID, "192.0.2.32/28"},
			},
		},
		"what was so before is not told again": {
			locationState(depotID, "Depot", true, 0, 0, "10.0.0.0/9", "10.1.0.0/16", "192.0.2.32/28"),
			location("Depot", "10.0.0.0/9", "10.1.0.0/16", "192.0.2.32/28", "203.0.113.7"),
			[][]string{{set, `"Depot" newly trusts 1 IPv4 address`, "newly trusted: 203.0.113.7/32 (1 IPv4 address)"}},
		},
		"narrowed": {
			branch(), location("Branch", "198.51.100.0/26", "2001:db8:b::/48"),
			[][]string{{
				set, `"Branch" stops trusting 64 IPv4 addresses, and policies depend on it`, "no longer trusted: 198.51.100.64/26 (64 IPv4 addresses)",
				"that name this location", `"Branch only" (report-only`, "about all trusted locations", `"MFA outside" (enabled`,
			}},
		},
		"moved": {
			depot(), location("Depot", "203.0.113.0/24"),
			[][]string{
				{set, `"Depot" newly trusts 256 IPv4 addresses`},
				{set, `"Depot" stops trusting 16 IPv4 addresses`, "no longer trusted: 192.0.2.0/28", "about all trusted locations", `"MFA outside"`},
			},
		},
		"destroyed": {
			depot(), nil,
			[][]string{{`Sign-ins from "Depot" stop being trusted`, "the trust in 16 IPv4 addresses ends", `"MFA outside" (enabled, id ` + gateID + `)`}},
		},
		"destroyed in use": {
			branch(), nil,
			[][]string{
				{`Named location "Branch" is in use`, "does not delete a location that a Conditional Access policy names", `"Branch only" (report-only, id ` + branchOnly + `)`, "in the right order"},
				{`Sign-ins from "Branch" stop being trusted`, "65,536 IPv6 /64 networks"},
			},
		},
		"destroyed untrusted": {off, nil, [][]string{{`Named location "Depot" is not what the state has`, "it was trusted again"}}},
	} {
		t.Run(name, func(t *testing.T) {
			planned := s.plan(c.prior, c.config)
			noErrors(t, planned.Diagnostics)
			wantTold(t, told(tfprotov6.DiagnosticSeverityWarning, planned.Diagnostics), c.want)
		})
	}
}

func TestAPlanWithoutPoliciesWarnsOfNoPolicy(t *testing.T) {
	t.Parallel()
	people := locationTenant()
	people.ConditionalAccessPolicies = nil
	s := startTenant(t, people, quick()).locationSession(t, nil)
	for _, config := range []map[string]any{nil, location("Branch", "198.51.100.0/26")} {
		if found := s.plan(branch(), config).Diagnostics; len(found) != 0 {
			t.Errorf("the plan says %v", found)
		}
	}
	wantTold(t, told(tfprotov6.DiagnosticSeverityWarning, s.plan(nil, location("HQ", "203.0.113.0/24")).Diagnostics),
		[][]string{{`"HQ" newly trusts 256`, "No Conditional Access policy refers to the location or to all trusted ones at present."}})
}

func TestPoliciesThatCannotBeReadAreAWarning(t *testing.T) {
	t.Parallel()
	tn := newLocationTenant(t)
	forever := 0
	tn.fault(control.Fault{Method: "GET", PathRegexp: "/conditionalAccess/policies", Times: &forever, Status: 403, Code: "AccessDenied", Message: "No."})()
	s := tn.locationSession(t, nil)
	// It is told once, and asked for once: each request costs a second.
	found := told(tfprotov6.DiagnosticSeverityWarning, s.plan(branch(), nil).Diagnostics)
	wantTold(t, found, [][]string{{"The policies that use trusted locations are not known", "Unable to list the Conditional Access policies", "HTTP 403", "Policy.Read.All", "The plan is complete"}})
	created := s.plan(nil, location("HQ", "203.0.113.0/24"))
	noErrors(t, created.Diagnostics)
	wantTold(t, told(tfprotov6.DiagnosticSeverityWarning, created.Diagnostics), [][]string{{`"HQ" newly trusts 256`, "Which Conditional Access policies refer to the location, or to all trusted ones, is not known."}})
	if asked := tn.sentTo("/conditionalAccess/policies"); asked != 1 {
		t.Errorf("the policies were asked for %d times", asked)
	}
}

func TestAllPagesOfThePoliciesAreLookedAt(t *testing.T) {
	t.Parallel()
	tn := newLocationTenant(t)
	if err := tn.SetBehavior(context.Background(), control.Behavior{ConditionalAccess: control.ConditionalAccessBehavior{PageSize: 1}}); err != nil {
		t.Fatal(err)
	}
	s := tn.locationSession(t, nil)
	wantTold(t, told(tfprotov6.DiagnosticSeverityWarning, s.plan(branch(), nil).Diagnostics), [][]string{{`"Branch only"`}, {`"MFA outside"`}})
	wantTold(t, told(tfprotov6.DiagnosticSeverityWarning, s.plan(nil, location("twin", "203.0.113.7")).Diagnostics), [][]string{{"newly trusts"}, {"is taken", otherTwinID}})
}

func TestLongListsAreBounded(t *testing.T) {
	t.Parallel()
	s := newLocationTenant(t).locationSession(t, nil)
	var ranges []string
	for i := range 25 {
		ranges = append(ranges, fmt.Sprintf("10.%d.0.0/24", i))
	}
	found := told(tfprotov6.DiagnosticSeverityWarning, s.plan(nil, location("HQ", ranges...)).Diagnostics)
	want := [][]string{
		{`"HQ" newly trusts 6,400 IPv4 addresses`, "10.0.0.0/24", "10.19.0.0/24 (256 IPv4 addresses)", "and 5 more"},
		{"5 more such ranges (reserved)", "The first 20 are named"},
	}
	for i := range 20 {
		want = append(want, []string{element(i), "can never match"})
	}
	wantTold(t, found, want)
	for _, text := range found {
		if strings.Contains(text, "newly trusted: 10.20.0.0/24") {
			t.Error("more than 20 ranges are named")
		}
	}
}

func TestTheCountsAreKnownAtPlan(t *testing.T) {
	t.Parallel()
	s := newLocationTenant(t).locationSession(t, nil)
	for name, c := range map[string]struct {
		prior, config map[string]any
		want          map[string]any
	}{
		"create":  {nil, location("HQ", "203.0.113.0/24", "2001:db8:a::/48"), locationState("", "HQ", true, 256, 65_536, "203.0.113.0/24", "2001:db8:a::/48")},
		"change":  {depot(), location("Depot", "11.0.0.0/9"), locationState(depotID, "Depot", true, 8_388_608, 0, "11.0.0.0/9")},
		"respell": {depot(), location("Depot", "192.0.2.15/28"), depot()},
		"rename":  {depot(), location("Store", "192.0.2.15/28"), locationState(depotID, "Store", true, 16, 0, "192.0.2.0/28")},
		"repair":  {locationState(depotID, "Depot", false, 16, 0, "192.0.2.0/28"), location("Depot", "192.0.2.0/28"), depot()},
		"overlap": {nil, location("HQ", "203.0.113.0/24", "203.0.113.0/25"), locationState("", "HQ", true, 256, 0, "203.0.113.0/24", "203.0.113.0/25")},
	} {
		t.Run(name, func(t *testing.T) {
			planned := s.plan(c.prior, c.config)
			noErrors(t, planned.Diagnostics)
			if c.want["id"] == "" {
				c.want["id"] = tftypes.NewValue(tftypes.String, tftypes.UnknownValue)
			}
			if have, want := s.unmarshal(planned.PlannedState), objectOf(t, s.typ, c.want); !have.Equal(want) {
				t.Errorf("planned is\n%s\nwant\n%s", have, want)
			}
			if len(planned.RequiresReplace) != 0 {
				t.Errorf("%v replaces the location", planned.RequiresReplace)
			}
		})
	}
}

func TestNoFailureToReadForgetsATrustedLocation(t *testing.T) {
	t.Parallel()
	forever := 0
	// The list does not show it, so that it is read alone after the list.
	state := locationState(nobodyID, "Depot", true, 32, 0, "192.0.2.0/27")
	const list, alone = "/namedLocations$", "/namedLocations/"
	for name, c := range map[string]struct {
		where string
		fault control.Fault
		error []string
	}{
		"400":            {alone, control.Fault{Status: 400, Code: "BadRequest", Message: "1007: Something about the request."}, []string{"Unable to read named location " + nobodyID, "HTTP 400 BadRequest", "1007: Something about the request.", "does not fit the schema"}},
		"401":            {alone, control.Fault{Status: 401, Code: "InvalidAuthenticationToken", Message: "No."}, []string{"HTTP 401 InvalidAuthenticationToken"}},
		"403":            {alone, control.Fault{Status: 403, Code: "AccessDenied", Message: "You cannot perform the requested operation."}, []string{"HTTP 403 AccessDenied", "Policy.Read.All"}},
		"429":            {alone, control.Fault{Status: 429, Code: "TooManyRequests", Message: "Too many requests."}, []string{"HTTP 429 TooManyRequests", "throttles this tenant"}},
		"500":            {alone, control.Fault{Status: 500, Code: "InternalServerError", Message: "Oh."}, []string{"HTTP 500 InternalServerError"}},
		"503":            {alone, control.Fault{Status: 503, Code: "ServiceUnavailable", Message: "Later."}, []string{"HTTP 503"}},
		"404 of a proxy": {alone, control.Fault{Status: 404, Body: "<html>Not here</html>", ContentType: "text/html"}, []string{"HTTP 404", "not Microsoft Graph's JSON"}},
		"list 400":       {list, control.Fault{Status: 400, Code: "BadRequest", Message: "1007: Something about the request."}, []string{"Unable to list the named locations", "HTTP 400"}},
		"list 403":       {list, control.Fault{Status: 403, Code: "AccessDenied", Message: "No."}, []string{"Unable to list the named locations", "Policy.Read.All"}},
		"list 404":       {list, control.Fault{Status: 404, Code: "ResourceNotFound", Message: "Resource not found."}, []string{"Unable to list the named locations", "HTTP 404 ResourceNotFound"}},
		"list 500":       {list, control.Fault{Status: 500, Code: "InternalServerError", Message: "Oh."}, []string{"Unable to list the named locations", "HTTP 500"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tn := newLocationTenant(t)
			fault := c.fault
			fault.Method, fault.PathRegexp, fault.Times = "GET", c.where, &forever
			tn.fault(fault)()
			s := tn.locationSession(t, nil)
			read := s.read(state)
			wantTold(t, told(tfprotov6.DiagnosticSeverityError, read.Diagnostics), [][]string{c.error})
			if have, want := s.unmarshal(read.NewState), objectOf(t, s.typ, state); !have.Equal(want) {
				t.Errorf("the state is\n%s\nwant\n%s", have, want)
			}
			// The controls: healed, the same read forgets what is not there, and another takes over what is.
			tn.heal()()
			read = s.read(state)
			noErrors(t, read.Diagnostics)
			if have := s.unmarshal(read.NewState); !have.IsNull() {
				t.Errorf("the state is\n%s", have)
			}
			read = s.read(locationState(depotID, "Depot", true, 32, 0, "192.0.2.0/27"))
			noErrors(t, read.Diagnostics)
			if have, want := s.unmarshal(read.NewState), objectOf(t, s.typ, depot()); !have.Equal(want) {
				t.Errorf("the state is\n%s\nwant\n%s", have, want)
			}
		})
	}
}

func TestOnlyAMissingLocationLeavesTheStateAndKeepsItsIdentity(t *testing.T) {
	t.Parallel()
	s := newLocationTenant(t).locationSession(t, nil)
	gone := locationState(nobodyID, "HQ", true, 256, 0, "203.0.113.0/24")
	read := s.read(gone)
	noErrors(t, read.Diagnostics)
	if !s.unmarshal(read.NewState).IsNull() {
		t.Error("a location that does not exist stays in the state")
	}
	identity := tftypes.Object{AttributeTypes: map[string]tftypes.Type{"id": tftypes.String}}
	value, err := read.NewIdentity.IdentityData.Unmarshal(identity)
	if err != nil {
		t.Fatal(err)
	}
	if want := objectOf(t, identity, map[string]any{"id": nobodyID}); !value.Equal(want) {
		t.Errorf("the identity is %s", value)
	}
}

func TestImportOfALocationByIdentity(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	s := newLocationTenant(t).locationSession(t, nil)
	identity := tftypes.Object{AttributeTypes: map[string]tftypes.Type{"id": tftypes.String}}
	importOf := func(id string) *tfprotov6.ImportResourceStateResponse {
		imported, err := s.server.ImportResourceState(ctx, &tfprotov6.ImportResourceStateRequest{
			TypeName: locationType, Identity: &tfprotov6.ResourceIdentityData{IdentityData: dynamic(t, objectOf(t, identity, map[string]any{"id": id}))},
		})
		if err != nil {
			t.Fatal(err)
		}
		return imported
	}
	imported := importOf(branchID)
	noErrors(t, imported.Diagnostics)
	read, err := s.server.ReadResource(ctx, &tfprotov6.ReadResourceRequest{
		TypeName: locationType, CurrentState: imported.ImportedResources[0].State,
		CurrentIdentity: imported.ImportedResources[0].Identity, Private: imported.ImportedResources[0].Private,
	})
	if err != nil {
		t.Fatal(err)
	}
	noErrors(t, read.Diagnostics)
	if have, want := s.unmarshal(read.NewState), objectOf(t, s.typ, branch()); !have.Equal(want) {
		t.Errorf("the imported state is\n%s\nwant\n%s", have, want)
	}
	refused := importOf(nobodyID)
	wantTold(t, told(tfprotov6.DiagnosticSeverityError, refused.Diagnostics), [][]string{{"Named location " + nobodyID + " not found"}})
}

func TestAPlanForLocationsWithAProviderThatIsNotKnownYetMakesTheChecksThatItCan(t *testing.T) {
	t.Parallel()
	tn := newLocationTenant(t)
	s := tn.locationSession(t, map[string]any{"client_secret": tftypes.NewValue(tftypes.String, tftypes.UnknownValue)})
	planned := s.plan(nil, location("Twin", "10.0.0.0/24", "192.0.2.32"))
	noErrors(t, planned.Diagnostics)
	wantTold(t, told(tfprotov6.DiagnosticSeverityWarning, planned.Diagnostics), [][]string{{"newly trusts"}, {"can never match"}})
	if found := s.plan(branch(), nil).Diagnostics; len(found) != 0 {
		t.Errorf("a destroy says %v", found)
	}
	read := s.read(depot())
	wantTold(t, told(tfprotov6.DiagnosticSeverityError, read.Diagnostics), [][]string{{"Provider not configured", "client_secret"}})
	if sent := tn.sent("GET", "POST", "PATCH", "DELETE"); sent != 0 {
		t.Errorf("%d requests were sent without a configured provider", sent)
	}
}

// sentTo counts the requests to a path that ends so.
func (tn *tenant) sentTo(suffix string) int {
	tn.t.Helper()
	requests, err := tn.Requests(context.Background())
	if err != nil {
		tn.t.Fatal(err)
	}
	count := 0
	for _, request := range requests {
		if strings.HasSuffix(request.Path, suffix) {
			count++
		}
	}
	return count
}

func TestAReplacementSaysWhatBecomesOfTheOldOne(t *testing.T) {
	t.Parallel()
	s := newLocationTenant(t).locationSession(t, nil)
	const name = `AttributeName("display_name")`
	// Terraform plans the replacement of a tainted location as a creation, after it has refreshed it.
	noErrors(t, s.read(branch()).Diagnostics)
	wantTold(t, told(tfprotov6.DiagnosticSeverityWarning, s.plan(nil, location("Branch", "198.51.100.0/25", "2001:db8:b::/48")).Diagnostics), [][]string{
		{"newly trusts"},
		{
			name, `A location called "Branch" is made a second time`, branchID + ` "Branch" (trusted IP ranges)`, "tainted", "another id", "create_before_destroy",
			"does not delete a location that a policy names", `"Branch only" (report-only, id ` + branchOnly + `)`, "terraform untaint", "two locations have the name",
		},
	})
	// The control: one that the run does not know is somebody else's.
	wantTold(t, told(tfprotov6.DiagnosticSeverityWarning, s.plan(nil, location("Depot", "203.0.113.0/24")).Diagnostics), [][]string{{"newly trusts"}, {name, `The name "Depot" is taken`}})
}

package locations_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/acctest"
)

// notKnown is a configuration of which nothing is known yet.
func notKnown() map[string]any {
	return map[string]any{
		"display_name": tftypes.NewValue(tftypes.String, tftypes.UnknownValue),
		"ip_ranges":    tftypes.NewValue(tftypes.List{ElementType: tftypes.String}, tftypes.UnknownValue),
	}
}

// element is the path of the range at an index.
func element(index int) string {
	return fmt.Sprintf("AttributeName(%q).ElementKeyInt(%d)", "ip_ranges", index)
}

func TestEachBadRangeIsToldAtItsElement(t *testing.T) {
	t.Parallel()
	s := acctest.NewLocationTenant(t).LocationSession(t, nil)
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
			acctest.WantTold(t, acctest.Told(tfprotov6.DiagnosticSeverityError, s.Validate(acctest.Location("HQ", c.ranges...))), c.want)
		})
	}
	t.Run("empty name", func(t *testing.T) {
		acctest.WantTold(t, acctest.Told(tfprotov6.DiagnosticSeverityError, s.Validate(acctest.Location(" ", "203.0.113.0/24"))), [][]string{{`AttributeName("display_name")`, "Invalid display name", "The name is empty"}})
	})
	t.Run("long name", func(t *testing.T) {
		// Characters, and not bytes.
		if found := s.Validate(acctest.Location(strings.Repeat("é", 256), "203.0.113.0/24")); len(found) != 0 {
			t.Errorf("said is %v", found)
		}
		acctest.WantTold(t, acctest.Told(tfprotov6.DiagnosticSeverityError, s.Validate(acctest.Location(strings.Repeat("é", 257), "203.0.113.0/24"))),
			[][]string{{`AttributeName("display_name")`, "Invalid display name", "has at most 256 characters, and this one has 257", "ééé..."}})
	})
	t.Run("not known yet", func(t *testing.T) {
		unknown := notKnown()
		if found := s.Validate(unknown); len(found) != 0 {
			t.Errorf("said is %v", found)
		}
		planned := s.Plan(nil, unknown)
		acctest.NoErrors(t, planned.Diagnostics)
		for _, name := range []string{"id", "name", "range_sizes", "address_count_ipv4", "network_count_ipv6"} {
			if value := acctest.AttributeOf(t, s.Unmarshal(planned.PlannedState), name); value.IsKnown() {
				t.Errorf("%s is planned as %s", name, value)
			}
		}
	})
}

func TestAPlanTellsWhatBecomesTrustedAndWhatMayBeAMistake(t *testing.T) {
	t.Parallel()
	s := acctest.NewLocationTenant(t).LocationSession(t, nil)
	off := acctest.Depot()
	off["trusted"] = false
	const set = `AttributeName("ip_ranges")`
	for name, c := range map[string]struct {
		prior, config map[string]any
		want          [][]string
	}{
		"created": {
			nil, acctest.Location("HQ", "203.0.113.7/24", "198.51.100.200", "2001:db8:a::/48"),
			[][]string{{
				set, `"HQ" newly trusts 257 IPv4 addresses and 65,536 IPv6 /64 networks`, "newly trusted: 198.51.100.200/32 (1 IPv4 address)",
				"newly trusted: 203.0.113.0/24 (256 IPv4 addresses)", "newly trusted: 2001:db8:a::/48 (65,536 IPv6 /64 networks)",
				"Whoever signs in from there is in a trusted location then.", "ask them for nothing any more, MFA included",
			}},
		},
		"nothing changes": {acctest.Depot(), acctest.Location("Depot", "192.0.2.0/28"), nil},
		"respelled":       {acctest.Depot(), acctest.Location("Depot", "192.0.2.9/28"), nil},
		"renamed":         {acctest.Depot(), acctest.Location("Store", "192.0.2.0/28"), nil},
		"the same in two": {acctest.Depot(), acctest.Location("Depot", "192.0.2.0/29", "192.0.2.8/29"), nil},
		"one more":        {acctest.Depot(), acctest.Location("Depot", "192.0.2.0/28", "203.0.113.0/24"), [][]string{{set, `"Depot" newly trusts 256 IPv4 addresses`, "newly trusted: 203.0.113.0/24 (256 IPv4 addresses)", "With that the location trusts 272 IPv4 addresses in all."}}},
		"one more, respelled": {acctest.Branch(), acctest.Location("Branch", "198.51.100.0/25", "2001:DB8:B:0:0:0:0:0/48", "203.0.113.0/24"), [][]string{{
			set, `"Branch" newly trusts 256 IPv4 addresses`, "newly trusted: 203.0.113.0/24",
			"Spelled otherwise, and the same range as before:", "- 198.51.100.0/25 for 198.51.100.77/25\n\nWith",
		}}},
		"one that is wider": {acctest.Depot(), acctest.Location("Depot", "192.0.2.0/27"), [][]string{{set, `"Depot" newly trusts 16 IPv4 addresses`, "newly trusted: 192.0.2.0/27 (32 IPv4 addresses, of which 16 IPv4 addresses are new)"}}},
		"trusted again":     {off, acctest.Location("Depot", "192.0.2.0/28"), [][]string{{set, `"Depot" newly trusts 16 IPv4 addresses`, "192.0.2.0/28", `"MFA outside"`, "leaves all trusted locations out", "not trusted at present", "outside of Terraform"}}},
		"widened, in use": {acctest.Branch(), acctest.Location("Branch", "198.51.100.0/25", "2001:db8:b::/48", "203.0.113.0/24"), [][]string{{
			set, `"Branch" newly trusts 256`, `"Branch only" (report-only, id ` + acctest.BranchOnly + `): is for this location`, `"MFA outside" (enabled, id ` + acctest.GateID + `): leaves all trusted locations out`,
		}}},
		"a part is not known": {nil, acctest.Location("HQ", "203.0.113.0/24", "unknown"), [][]string{
			{set, `"HQ" newly trusts 256 IPv4 addresses`}, {set, `"HQ": ranges are not known yet`, "does not tell how much becomes trusted", `"MFA outside"`, "-target"},
		}},
		"nothing is known": {nil, notKnown(), [][]string{
			{set, "A location whose name is not known yet: ranges are not known yet", `"MFA outside"`}, {`AttributeName("display_name")`, "The name of a location is not known yet"},
		}},
		"nothing is known any more": {acctest.Branch(), notKnown(), [][]string{
			{set, `"Branch": ranges are not known yet`, "It trusts 128 IPv4 addresses and 65,536 IPv6 /64 networks now", "198.51.100.0/25 (128 IPv4 addresses)", "2001:db8:b::/48", `"Branch only"`, "is for this location"},
			{`AttributeName("display_name")`, "The name of a location is not known yet", acctest.BranchID + ` is called "Branch" now`},
		}},
		"a part is not known any more": {acctest.Branch(), acctest.Location("Branch", "198.51.100.0/25", "unknown"), [][]string{
			{set, `"Branch": ranges are not known yet`, "What may stop being trusted:\n  - 2001:db8:b::/48 (65,536 IPv6 /64 networks)\n\n"},
		}},
		"a name with spaces":   {acctest.Depot(), acctest.Location("Store ", "192.0.2.0/28"), [][]string{{`AttributeName("display_name")`, `The name "Store " begins or ends with white space`, `Write "Store"`}}},
		"a name that is taken": {nil, acctest.Location("twin", "203.0.113.7"), [][]string{{set, "newly trusts"}, {`AttributeName("display_name")`, `The name "twin" is taken`, acctest.TwinID + ` "Twin" (trusted IP ranges)`, acctest.OtherTwinID, "import it instead"}}},
		"a country's name":     {acctest.Depot(), acctest.Location("Italy", "192.0.2.0/28"), [][]string{{`AttributeName("display_name")`, `The name "Italy" is taken`, acctest.ItalyID, "location of countries"}}},
		"reserved": {
			nil, acctest.Location("HQ", "10.1.0.0/16", "fd00:1::/48", "100.64.1.0/24"),
			[][]string{
				{set, "newly trusts"},
				{element(0), "10.1.0.0/16 can never match", "private (RFC 1918)", "Write the public addresses"},
				{element(1), "fd00:1::/48 can never match", "unique local"},
				{element(2), "100.64.1.0/24 can never match", "carrier-grade NAT"},
			},
		},
		"wide": {
			nil, acctest.Location("HQ", "11.0.0.9/9", "2400::/31", "12.0.0.0/16"),
			[][]string{
				{set, "newly trusts"},
				{element(0), "11.0.0.0/9 is very wide", "8,388,608 IPv4 addresses"},
				{element(1), "2400::/31 is very wide", "8,589,934,592 IPv6 /64 networks"},
			},
		},
		"overlap within": {
			nil, acctest.Location("HQ", "203.0.113.0/24", "203.0.113.9/25"),
			[][]string{{set, `"HQ" newly trusts 256 IPv4 addresses`}, {element(1), "203.0.113.0/25 is a part of 203.0.113.0/24", "remove one of them"}},
		},
		"overlap elsewhere": {
			nil, acctest.Location("HQ", "198.51.100.1/24", "192.0.2.33"),
			[][]string{
				{set, "newly trusts"},
				{element(0), `198.51.100.0/24 overlaps the trusted location "Branch"`, acctest.BranchID, "198.51.100.0/25"},
				{element(1), `192.0.2.33/32 overlaps the trusted location "Twin"`, acctest.TwinID, "192.0.2.32/28"},
			},
		},
		"what was so before is not told again": {
			acctest.LocationState(acctest.DepotID, "Depot", true, 0, 0, "10.0.0.0/9", "10.1.0.0/16", "192.0.2.32/28"),
			acctest.Location("Depot", "10.0.0.0/9", "10.1.0.0/16", "192.0.2.32/28", "203.0.113.7"),
			[][]string{{set, `"Depot" newly trusts 1 IPv4 address`, "newly trusted: 203.0.113.7/32 (1 IPv4 address)"}},
		},
		"narrowed": {
			acctest.Branch(), acctest.Location("Branch", "198.51.100.0/26", "2001:db8:b::/48"),
			[][]string{{
				set, `"Branch" stops trusting 64 IPv4 addresses, and policies depend on it`, "no longer trusted: 198.51.100.64/26 (64 IPv4 addresses)",
				"that name this location", `"Branch only" (report-only`, "about all trusted locations", `"MFA outside" (enabled`,
			}},
		},
		"moved": {
			acctest.Depot(), acctest.Location("Depot", "203.0.113.0/24"),
			[][]string{
				{set, `"Depot" newly trusts 256 IPv4 addresses`},
				{set, `"Depot" stops trusting 16 IPv4 addresses`, "no longer trusted: 192.0.2.0/28", "about all trusted locations", `"MFA outside"`},
			},
		},
		"destroyed": {
			acctest.Depot(), nil,
			[][]string{{`Sign-ins from "Depot" stop being trusted`, "the trust in 16 IPv4 addresses ends", `"MFA outside" (enabled, id ` + acctest.GateID + `)`}},
		},
		"destroyed in use": {
			acctest.Branch(), nil,
			[][]string{
				{`Named location "Branch" is in use`, "does not delete a location that a Conditional Access policy names", `"Branch only" (report-only, id ` + acctest.BranchOnly + `)`, "in the right order"},
				{`Sign-ins from "Branch" stop being trusted`, "65,536 IPv6 /64 networks"},
			},
		},
		"destroyed untrusted": {off, nil, [][]string{{`Named location "Depot" is not what the state has`, "it was trusted again"}}},
	} {
		t.Run(name, func(t *testing.T) {
			planned := s.Plan(c.prior, c.config)
			acctest.NoErrors(t, planned.Diagnostics)
			acctest.WantTold(t, acctest.Told(tfprotov6.DiagnosticSeverityWarning, planned.Diagnostics), c.want)
		})
	}
}

func TestAPlanWithoutPoliciesWarnsOfNoPolicy(t *testing.T) {
	t.Parallel()
	people := acctest.LocationTenant()
	people.ConditionalAccessPolicies = nil
	s := acctest.StartTenant(t, people, acctest.Quick()).LocationSession(t, nil)
	for _, config := range []map[string]any{nil, acctest.Location("Branch", "198.51.100.0/26")} {
		if found := s.Plan(acctest.Branch(), config).Diagnostics; len(found) != 0 {
			t.Errorf("the plan says %v", found)
		}
	}
	acctest.WantTold(t, acctest.Told(tfprotov6.DiagnosticSeverityWarning, s.Plan(nil, acctest.Location("HQ", "203.0.113.0/24")).Diagnostics),
		[][]string{{`"HQ" newly trusts 256`, "No Conditional Access policy refers to the location or to all trusted ones at present."}})
}

func TestPoliciesThatCannotBeReadAreAWarning(t *testing.T) {
	t.Parallel()
	tn := acctest.NewLocationTenant(t)
	forever := 0
	tn.Fault(control.Fault{Method: "GET", PathRegexp: "/conditionalAccess/policies", Times: &forever, Status: 403, Code: "AccessDenied", Message: "No."})()
	s := tn.LocationSession(t, nil)
	// It is told once, and asked for once: each request costs a second.
	found := acctest.Told(tfprotov6.DiagnosticSeverityWarning, s.Plan(acctest.Branch(), nil).Diagnostics)
	acctest.WantTold(t, found, [][]string{{"The policies that use trusted locations are not known", "Unable to list the Conditional Access policies", "HTTP 403", "Policy.Read.All", "The plan is complete"}})
	created := s.Plan(nil, acctest.Location("HQ", "203.0.113.0/24"))
	acctest.NoErrors(t, created.Diagnostics)
	acctest.WantTold(t, acctest.Told(tfprotov6.DiagnosticSeverityWarning, created.Diagnostics), [][]string{{`"HQ" newly trusts 256`, "Which Conditional Access policies refer to the location, or to all trusted ones, is not known."}})
	if asked := tn.SentTo("/conditionalAccess/policies"); asked != 1 {
		t.Errorf("the policies were asked for %d times", asked)
	}
}

func TestAllPagesOfThePoliciesAreLookedAt(t *testing.T) {
	t.Parallel()
	tn := acctest.NewLocationTenant(t)
	if err := tn.SetBehavior(context.Background(), control.Behavior{ConditionalAccess: control.ConditionalAccessBehavior{PageSize: 1}}); err != nil {
		t.Fatal(err)
	}
	s := tn.LocationSession(t, nil)
	acctest.WantTold(t, acctest.Told(tfprotov6.DiagnosticSeverityWarning, s.Plan(acctest.Branch(), nil).Diagnostics), [][]string{{`"Branch only"`}, {`"MFA outside"`}})
	acctest.WantTold(t, acctest.Told(tfprotov6.DiagnosticSeverityWarning, s.Plan(nil, acctest.Location("twin", "203.0.113.7")).Diagnostics), [][]string{{"newly trusts"}, {"is taken", acctest.OtherTwinID}})
}

func TestLongListsAreBounded(t *testing.T) {
	t.Parallel()
	s := acctest.NewLocationTenant(t).LocationSession(t, nil)
	var ranges []string
	for i := range 25 {
		ranges = append(ranges, fmt.Sprintf("10.%d.0.0/24", i))
	}
	found := acctest.Told(tfprotov6.DiagnosticSeverityWarning, s.Plan(nil, acctest.Location("HQ", ranges...)).Diagnostics)
	want := [][]string{
		{`"HQ" newly trusts 6,400 IPv4 addresses`, "10.0.0.0/24", "10.19.0.0/24 (256 IPv4 addresses)", "and 5 more"},
		{"5 more such ranges (reserved)", "The first 20 are named"},
	}
	for i := range 20 {
		want = append(want, []string{element(i), "can never match"})
	}
	acctest.WantTold(t, found, want)
	for _, text := range found {
		if strings.Contains(text, "newly trusted: 10.20.0.0/24") {
			t.Error("more than 20 ranges are named")
		}
	}
}

func TestTheCountsAreKnownAtPlan(t *testing.T) {
	t.Parallel()
	s := acctest.NewLocationTenant(t).LocationSession(t, nil)
	for name, c := range map[string]struct {
		prior, config map[string]any
		want          map[string]any
	}{
		"create":  {nil, acctest.Location("HQ", "203.0.113.0/24", "2001:db8:a::/48"), acctest.LocationState("", "HQ", true, 256, 65_536, "203.0.113.0/24", "2001:db8:a::/48")},
		"change":  {acctest.Depot(), acctest.Location("Depot", "11.0.0.0/9"), acctest.LocationState(acctest.DepotID, "Depot", true, 8_388_608, 0, "11.0.0.0/9")},
		"respell": {acctest.Depot(), acctest.Location("Depot", "192.0.2.15/28"), acctest.Depot()},
		"rename":  {acctest.Depot(), acctest.Location("Store", "192.0.2.15/28"), acctest.LocationState(acctest.DepotID, "Store", true, 16, 0, "192.0.2.0/28")},
		"repair":  {acctest.LocationState(acctest.DepotID, "Depot", false, 16, 0, "192.0.2.0/28"), acctest.Location("Depot", "192.0.2.0/28"), acctest.Depot()},
		"overlap": {nil, acctest.Location("HQ", "203.0.113.0/24", "203.0.113.0/25"), acctest.LocationState("", "HQ", true, 256, 0, "203.0.113.0/24", "203.0.113.0/25")},
	} {
		t.Run(name, func(t *testing.T) {
			planned := s.Plan(c.prior, c.config)
			acctest.NoErrors(t, planned.Diagnostics)
			if c.want["id"] == "" {
				c.want["id"] = tftypes.NewValue(tftypes.String, tftypes.UnknownValue)
			}
			if have, want := s.Unmarshal(planned.PlannedState), acctest.ObjectOf(t, s.Type, c.want); !have.Equal(want) {
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
	state := acctest.LocationState(acctest.NobodyID, "Depot", true, 32, 0, "192.0.2.0/27")
	const list, alone = "/namedLocations$", "/namedLocations/"
	for name, c := range map[string]struct {
		where string
		fault control.Fault
		error []string
	}{
		"400":            {alone, control.Fault{Status: 400, Code: "BadRequest", Message: "1007: Something about the request."}, []string{"Unable to read named location " + acctest.NobodyID, "HTTP 400 BadRequest", "1007: Something about the request.", "does not fit the schema"}},
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
			tn := acctest.NewLocationTenant(t)
			fault := c.fault
			fault.Method, fault.PathRegexp, fault.Times = "GET", c.where, &forever
			tn.Fault(fault)()
			s := tn.LocationSession(t, nil)
			read := s.Read(state)
			acctest.WantTold(t, acctest.Told(tfprotov6.DiagnosticSeverityError, read.Diagnostics), [][]string{c.error})
			if have, want := s.Unmarshal(read.NewState), acctest.ObjectOf(t, s.Type, state); !have.Equal(want) {
				t.Errorf("the state is\n%s\nwant\n%s", have, want)
			}
			// The controls: healed, the same read forgets what is not there, and another takes over what is.
			tn.Heal()()
			read = s.Read(state)
			acctest.NoErrors(t, read.Diagnostics)
			if have := s.Unmarshal(read.NewState); !have.IsNull() {
				t.Errorf("the state is\n%s", have)
			}
			read = s.Read(acctest.LocationState(acctest.DepotID, "Depot", true, 32, 0, "192.0.2.0/27"))
			acctest.NoErrors(t, read.Diagnostics)
			if have, want := s.Unmarshal(read.NewState), acctest.ObjectOf(t, s.Type, acctest.Depot()); !have.Equal(want) {
				t.Errorf("the state is\n%s\nwant\n%s", have, want)
			}
		})
	}
}

func TestOnlyAMissingLocationLeavesTheStateAndKeepsItsIdentity(t *testing.T) {
	t.Parallel()
	s := acctest.NewLocationTenant(t).LocationSession(t, nil)
	gone := acctest.LocationState(acctest.NobodyID, "HQ", true, 256, 0, "203.0.113.0/24")
	read := s.Read(gone)
	acctest.NoErrors(t, read.Diagnostics)
	if !s.Unmarshal(read.NewState).IsNull() {
		t.Error("a location that does not exist stays in the state")
	}
	identity := tftypes.Object{AttributeTypes: map[string]tftypes.Type{"id": tftypes.String}}
	value, err := read.NewIdentity.IdentityData.Unmarshal(identity)
	if err != nil {
		t.Fatal(err)
	}
	if want := acctest.ObjectOf(t, identity, map[string]any{"id": acctest.NobodyID}); !value.Equal(want) {
		t.Errorf("the identity is %s", value)
	}
}

func TestImportOfALocationByIdentity(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	s := acctest.NewLocationTenant(t).LocationSession(t, nil)
	identity := tftypes.Object{AttributeTypes: map[string]tftypes.Type{"id": tftypes.String}}
	importOf := func(id string) *tfprotov6.ImportResourceStateResponse {
		imported, err := s.Server.ImportResourceState(ctx, &tfprotov6.ImportResourceStateRequest{
			TypeName: acctest.LocationType, Identity: &tfprotov6.ResourceIdentityData{IdentityData: acctest.Dynamic(t, acctest.ObjectOf(t, identity, map[string]any{"id": id}))},
		})
		if err != nil {
			t.Fatal(err)
		}
		return imported
	}
	imported := importOf(acctest.BranchID)
	acctest.NoErrors(t, imported.Diagnostics)
	read, err := s.Server.ReadResource(ctx, &tfprotov6.ReadResourceRequest{
		TypeName: acctest.LocationType, CurrentState: imported.ImportedResources[0].State,
		CurrentIdentity: imported.ImportedResources[0].Identity, Private: imported.ImportedResources[0].Private,
	})
	if err != nil {
		t.Fatal(err)
	}
	acctest.NoErrors(t, read.Diagnostics)
	if have, want := s.Unmarshal(read.NewState), acctest.ObjectOf(t, s.Type, acctest.Branch()); !have.Equal(want) {
		t.Errorf("the imported state is\n%s\nwant\n%s", have, want)
	}
	refused := importOf(acctest.NobodyID)
	acctest.WantTold(t, acctest.Told(tfprotov6.DiagnosticSeverityError, refused.Diagnostics), [][]string{{"Named location " + acctest.NobodyID + " not found"}})
}

func TestAPlanForLocationsWithAProviderThatIsNotKnownYetMakesTheChecksThatItCan(t *testing.T) {
	t.Parallel()
	tn := acctest.NewLocationTenant(t)
	s := tn.LocationSession(t, map[string]any{"client_secret": tftypes.NewValue(tftypes.String, tftypes.UnknownValue)})
	planned := s.Plan(nil, acctest.Location("Twin", "10.0.0.0/24", "192.0.2.32"))
	acctest.NoErrors(t, planned.Diagnostics)
	acctest.WantTold(t, acctest.Told(tfprotov6.DiagnosticSeverityWarning, planned.Diagnostics), [][]string{{"newly trusts"}, {"can never match"}})
	if found := s.Plan(acctest.Branch(), nil).Diagnostics; len(found) != 0 {
		t.Errorf("a destroy says %v", found)
	}
	read := s.Read(acctest.Depot())
	acctest.WantTold(t, acctest.Told(tfprotov6.DiagnosticSeverityError, read.Diagnostics), [][]string{{"Provider not configured", "client_secret"}})
	if sent := tn.Sent("GET", "POST", "PATCH", "DELETE"); sent != 0 {
		t.Errorf("%d requests were sent without a configured provider", sent)
	}
}

func TestAReplacementSaysWhatBecomesOfTheOldOne(t *testing.T) {
	t.Parallel()
	s := acctest.NewLocationTenant(t).LocationSession(t, nil)
	const name = `AttributeName("display_name")`
	// Terraform plans the replacement of a tainted location as a creation, after it has refreshed it.
	acctest.NoErrors(t, s.Read(acctest.Branch()).Diagnostics)
	acctest.WantTold(t, acctest.Told(tfprotov6.DiagnosticSeverityWarning, s.Plan(nil, acctest.Location("Branch", "198.51.100.0/25", "2001:db8:b::/48")).Diagnostics), [][]string{
		{"newly trusts"},
		{
			name, `A location called "Branch" is made a second time`, acctest.BranchID + ` "Branch" (trusted IP ranges)`, "tainted", "another id", "create_before_destroy",
			"does not delete a location that a policy names", `"Branch only" (report-only, id ` + acctest.BranchOnly + `)`, "terraform untaint", "two locations have the name",
		},
	})
	// The control: one that the run does not know is somebody else's.
	acctest.WantTold(t, acctest.Told(tfprotov6.DiagnosticSeverityWarning, s.Plan(nil, acctest.Location("Depot", "203.0.113.0/24")).Diagnostics), [][]string{{"newly trusts"}, {name, `The name "Depot" is taken`}})
}

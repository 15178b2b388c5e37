package provider_test

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
)

const locationAddress = "entramfa_trusted_ips.test"

// What the tenant has before a test makes anything.
const (
	branchID    = "55555555-eeee-4eee-8eee-000000000001" // trusted, and a policy names it
	depotID     = "55555555-eeee-4eee-8eee-000000000002" // trusted
	guestsID    = "55555555-eeee-4eee-8eee-000000000003" // not trusted
	italyID     = "55555555-eeee-4eee-8eee-000000000004" // countries
	twinID      = "55555555-eeee-4eee-8eee-000000000005" // shares its name with the next
	otherTwinID = "55555555-eeee-4eee-8eee-000000000006"
	gateID      = "66666666-ffff-4fff-8fff-000000000001"
	branchOnly  = "66666666-ffff-4fff-8fff-000000000002"
)

func locationTenant() *control.Tenant {
	people := testTenant()
	for i := range people.Apps {
		if people.Apps[i].ClientID == appID {
			people.Apps[i].Permissions = append(people.Apps[i].Permissions, "Policy.ReadWrite.ConditionalAccess")
		}
	}
	with := func(id string, location control.NamedLocation) control.NamedLocation {
		location.ID = id
		return location
	}
	everybody := func(id, name, state string, locations control.PolicyLocations) control.ConditionalAccessPolicy {
		return control.ConditionalAccessPolicy{
			ID: id, DisplayName: name, State: state,
			Conditions: control.PolicyConditions{
				Applications: &control.PolicyApplications{IncludeApplications: []string{"All"}},
				Users:        &control.PolicyUsers{IncludeUsers: []string{"All"}},
				Locations:    &locations,
			},
			GrantControls: &control.ConditionalAccessGrant{Operator: "OR", BuiltInControls: []string{"mfa"}},
		}
	}
	people.NamedLocations = []control.NamedLocation{
		with(branchID, control.NewIPNamedLocation("Branch", true, "198.51.100.77/25", "2001:DB8:B:0:0:0:0:0/48")),
		with(depotID, control.NewIPNamedLocation("Depot", true, "192.0.2.0/28")),
		with(guestsID, control.NewIPNamedLocation("Guests", false, "203.0.113.0/24")),
		with(italyID, control.NewCountryNamedLocation("Italy", "IT")),
		with(twinID, control.NewIPNamedLocation("Twin", true, "192.0.2.32/28")),
		with(otherTwinID, control.NewIPNamedLocation("Twin", true, "192.0.2.64/28")),
	}
	people.ConditionalAccessPolicies = []control.ConditionalAccessPolicy{
		everybody(gateID, "MFA outside", control.PolicyEnabled, control.PolicyLocations{IncludeLocations: []string{"All"}, ExcludeLocations: []string{"AllTrusted"}}),
		everybody(branchOnly, "Branch only", control.PolicyReportOnly, control.PolicyLocations{IncludeLocations: []string{branchID}}),
	}
	return people
}

func newLocationTenant(t *testing.T) *tenant { return startTenant(t, locationTenant(), quick()) }

// trustedIPs is a resource block.
func trustedIPs(name string, ranges ...string) string {
	quoted := make([]string, len(ranges))
	for i, text := range ranges {
		quoted[i] = fmt.Sprintf("%q", text)
	}
	return fmt.Sprintf("resource \"entramfa_trusted_ips\" \"test\" {\n  display_name = %q\n  ip_ranges = [%s]\n}\n", name, strings.Join(quoted, ", "))
}

// named finds a location of the tenant, which has to be the only one of its name.
func (tn *tenant) named(name string) (control.NamedLocation, error) {
	locations, err := tn.ListNamedLocations(context.Background())
	if err != nil {
		return control.NamedLocation{}, err
	}
	var found []control.NamedLocation
	for _, location := range locations {
		if location.DisplayName == name {
			found = append(found, location)
		}
	}
	if len(found) != 1 {
		return control.NamedLocation{}, fmt.Errorf("the tenant has %d locations that are called %q", len(found), name)
	}
	return found[0], nil
}

// hasLocation checks what the tenant really has under a name.
func (tn *tenant) hasLocation(name string, ranges ...string) resource.TestCheckFunc {
	return func(*terraform.State) error {
		location, err := tn.named(name)
		if err != nil {
			return err
		}
		var have []string
		for _, r := range location.IPRanges {
			have = append(have, r.CIDRAddress)
		}
		slices.Sort(have)
		slices.Sort(ranges)
		if !location.IsTrusted || !slices.Equal(have, ranges) {
			return fmt.Errorf("%q is trusted: %t, and has %q, want %q", name, location.IsTrusted, have, ranges)
		}
		return nil
	}
}

// hasNoLocation checks that nothing has the name.
func (tn *tenant) hasNoLocation(name string) error {
	locations, err := tn.ListNamedLocations(context.Background())
	for _, location := range locations {
		if location.DisplayName == name {
			return fmt.Errorf("the tenant still has a location that is called %q", name)
		}
	}
	return err
}

// patched changes the location that has a name, behind Terraform's back.
func (tn *tenant) patched(name string, changes control.NamedLocationPatch) func() {
	return tn.do(func(ctx context.Context) error {
		location, err := tn.named(name)
		if err == nil {
			_, err = tn.PatchNamedLocation(ctx, location.ID, changes)
		}
		return err
	})
}

// removed deletes the location that has a name, behind Terraform's back.
func (tn *tenant) removed(name string) func() {
	return tn.do(func(ctx context.Context) error {
		location, err := tn.named(name)
		if err == nil {
			err = tn.DeleteNamedLocation(ctx, location.ID)
		}
		return err
	})
}

// sent counts the requests about Conditional Access since the log was cleared, by method.
func (tn *tenant) sent(methods ...string) int {
	tn.t.Helper()
	requests, err := tn.Requests(context.Background())
	if err != nil {
		tn.t.Fatal(err)
	}
	count := 0
	for _, request := range requests {
		if request.Class == control.ClassConditionalAccess && slices.Contains(methods, request.Method) {
			count++
		}
	}
	return count
}

// wroteLocations checks how many writes there were since the log was cleared, and clears it.
func (tn *tenant) wroteLocations(want int) resource.TestCheckFunc {
	return func(*terraform.State) error {
		if have := tn.sent(http.MethodPost, http.MethodPatch, http.MethodDelete); have != want {
			return fmt.Errorf("%d writes of named locations were sent, want %d", have, want)
		}
		return tn.ClearRequests(context.Background())
	}
}

func locationAttribute(name string, value knownvalue.Check) statecheck.StateCheck {
	return statecheck.ExpectKnownValue(locationAddress, tfjsonpath.New(name), value)
}

func planned(name string, value knownvalue.Check) plancheck.PlanCheck {
	return plancheck.ExpectKnownValue(locationAddress, tfjsonpath.New(name), value)
}

func texts(values ...string) knownvalue.Check {
	checks := make([]knownvalue.Check, len(values))
	for i, value := range values {
		checks[i] = knownvalue.StringExact(value)
	}
	return knownvalue.SetExact(checks)
}

func before(checks ...plancheck.PlanCheck) resource.ConfigPlanChecks {
	return resource.ConfigPlanChecks{PreApply: checks}
}

var (
	unchanged = before(plancheck.ExpectEmptyPlan())
	update    = plancheck.ExpectResourceAction(locationAddress, plancheck.ResourceActionUpdate)
)

func TestATrustedLocationIsMadeImportedAndDestroyed(t *testing.T) {
	t.Parallel()
	tn := newLocationTenant(t)
	config := tn.provider() + trustedIPs("HQ", "203.0.113.7/24", "198.51.100.200", "2001:DB8:A::/63")
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: tn.factory,
		CheckDestroy: func(*terraform.State) error {
			if err := tn.hasNoLocation("HQ"); err != nil {
				return err
			}
			snapshot, err := tn.Snapshot(context.Background())
			if err == nil && (len(snapshot.DeletedNamedLocations) != 1 || snapshot.DeletedNamedLocations[0].DisplayName != "HQ") {
				err = fmt.Errorf("the bin holds %+v", snapshot.DeletedNamedLocations)
			}
			return err
		},
		Steps: []resource.TestStep{
			{
				Config: config,
				ConfigPlanChecks: before(
					plancheck.ExpectResourceAction(locationAddress, plancheck.ResourceActionCreate),
					plancheck.ExpectUnknownValue(locationAddress, tfjsonpath.New("id")),
					planned("address_count_ipv4", knownvalue.Int64Exact(257)),
					planned("network_count_ipv6", knownvalue.Int64Exact(2)),
					planned("trusted", knownvalue.Bool(true)),
					planned("name", text("HQ")),
					planned("range_sizes", knownvalue.MapExact(map[string]knownvalue.Check{
						"203.0.113.0/24": text("256 IPv4 addresses"), "198.51.100.200/32": text("1 IPv4 address"), "2001:db8:a::/63": text("2 IPv6 /64 networks"),
					})),
				),
				ConfigStateChecks: []statecheck.StateCheck{
					locationAttribute("display_name", text("HQ")),
					locationAttribute("ip_ranges", texts("203.0.113.7/24", "198.51.100.200", "2001:DB8:A::/63")),
					locationAttribute("address_count_ipv4", knownvalue.Int64Exact(257)),
					locationAttribute("trusted", knownvalue.Bool(true)),
				},
				Check: resource.ComposeTestCheckFunc(
					tn.hasLocation("HQ", "203.0.113.7/24", "198.51.100.200/32", "2001:DB8:A::/63"), tn.wroteLocations(1),
					func(state *terraform.State) error {
						location, err := tn.named("HQ")
						if err != nil {
							return err
						}
						return resource.TestCheckResourceAttr(locationAddress, "id", location.ID)(state)
					},
				),
			},
			{Config: config, PlanOnly: true},
			{Config: config, ResourceName: locationAddress, ImportState: true, ImportStateVerify: true, ImportStateVerifyIgnore: []string{"ip_ranges"}},
			{Config: config, ResourceName: locationAddress, ImportState: true, ImportStateId: "hq", ImportStateVerify: true, ImportStateVerifyIgnore: []string{"ip_ranges"}},
			{Config: config, ConfigPlanChecks: unchanged, Check: tn.wroteLocations(0)},
		},
	})
	// The trust is taken away before the deletion.
	if have := tn.sent(http.MethodPatch, http.MethodDelete); have != 2 {
		t.Errorf("the destroy sent %d writes, want 2", have)
	}
}

func TestEachAttributeOfATrustedLocationIsUpdatedInPlace(t *testing.T) {
	t.Parallel()
	tn := newLocationTenant(t)
	tn.run(
		resource.TestStep{Config: tn.provider() + trustedIPs("HQ", "203.0.113.0/24"), Check: tn.wroteLocations(1)},
		resource.TestStep{
			Config:           tn.provider() + trustedIPs("Head office", "203.0.113.0/24"),
			ConfigPlanChecks: before(update, planned("address_count_ipv4", knownvalue.Int64Exact(256)), planned("id", knownvalue.NotNull()), planned("name", text("Head office"))),
			Check:            resource.ComposeTestCheckFunc(tn.hasLocation("Head office", "203.0.113.0/24"), tn.wroteLocations(1)),
		},
		resource.TestStep{
			Config: tn.provider() + trustedIPs("Head office", "203.0.113.0/24", "11.0.0.0/9", "2001:db8:a::/48"),
			ConfigPlanChecks: before(update, planned("id", knownvalue.NotNull()),
				planned("address_count_ipv4", knownvalue.Int64Exact(256+8_388_608)), planned("network_count_ipv6", knownvalue.Int64Exact(65_536))),
			Check: resource.ComposeTestCheckFunc(tn.hasLocation("Head office", "203.0.113.0/24", "11.0.0.0/9", "2001:db8:a::/48"), tn.wroteLocations(1)),
		},
		resource.TestStep{
			Config:           tn.provider() + trustedIPs("Head office", "203.0.113.128/25"),
			ConfigPlanChecks: before(update, planned("address_count_ipv4", knownvalue.Int64Exact(128)), planned("network_count_ipv6", knownvalue.Int64Exact(0))),
			Check:            resource.ComposeTestCheckFunc(tn.hasLocation("Head office", "203.0.113.128/25"), tn.wroteLocations(1)),
		},
	)
}

func TestAnotherSpellingOrOrderOfTheSameRangesIsNoChange(t *testing.T) {
	t.Parallel()
	tn := newLocationTenant(t)
	spelled := locationAttribute("ip_ranges", texts("203.0.113.7/24", "198.51.100.200", "2001:DB8:A:0::/64"))
	tn.run(
		resource.TestStep{Config: tn.provider() + trustedIPs("HQ", "203.0.113.7/24", "198.51.100.200", "2001:DB8:A:0::/64"), ConfigStateChecks: []statecheck.StateCheck{spelled}, Check: tn.wroteLocations(1)},
		resource.TestStep{
			Config:           tn.provider() + trustedIPs("HQ", "2001:db8:a::/64", "203.0.113.0/24", "198.51.100.200/32"),
			ConfigPlanChecks: unchanged, ConfigStateChecks: []statecheck.StateCheck{spelled}, Check: tn.wroteLocations(0),
		},
		// Other ranges that cover the same are a change: the list in the portal is another one.
		resource.TestStep{
			Config:           tn.provider() + trustedIPs("HQ", "2001:db8:a::/64", "203.0.113.0/25", "203.0.113.128/25", "198.51.100.200/32"),
			ConfigPlanChecks: before(update, planned("address_count_ipv4", knownvalue.Int64Exact(257))), Check: tn.wroteLocations(1),
		},
		// An administrator's respelling is none either.
		resource.TestStep{
			PreConfig: tn.patched("HQ", control.NamedLocationPatch{IPRanges: &[]control.IPRange{
				{CIDRAddress: "203.0.113.200/25"}, {CIDRAddress: "198.51.100.200/32"}, {CIDRAddress: "203.0.113.1/25"}, {CIDRAddress: "2001:0DB8:000A::1/64"},
			}}),
			Config:           tn.provider() + trustedIPs("HQ", "2001:db8:a::/64", "203.0.113.0/25", "203.0.113.128/25", "198.51.100.200/32"),
			ConfigPlanChecks: unchanged, Check: tn.wroteLocations(0),
		},
	)
}

func TestAnImportedLocationHasNoDifference(t *testing.T) {
	t.Parallel()
	for name, id := range map[string]string{"by id": branchID, "by id in capitals": strings.ToUpper(branchID), "by the path of azuread": "/identity/conditionalAccess/namedLocations/" + branchID, "by name": "Branch", "by name in another case": "BRANCH"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tn := newLocationTenant(t)
			config := tn.provider() + trustedIPs("Branch", "198.51.100.0/25", "2001:db8:b::/48")
			resource.UnitTest(t, resource.TestCase{
				ProtoV6ProviderFactories: tn.factory,
				Steps: []resource.TestStep{
					{Config: config, ResourceName: locationAddress, ImportState: true, ImportStateId: id, ImportStatePersist: true},
					{Config: config, ConfigPlanChecks: unchanged, Check: tn.wroteLocations(0)},
					// A policy names the location, so it has to leave the state without a destroy.
					{Config: tn.provider() + "removed {\n  from = " + locationAddress + "\n  lifecycle {\n    destroy = false\n  }\n}\n"},
				},
			})
		})
	}
}

func TestImportRefusesWhatIsNoTrustedLocation(t *testing.T) {
	t.Parallel()
	tn := newLocationTenant(t)
	config := tn.provider() + trustedIPs("HQ", "203.0.113.0/24")
	imports := func(id string, texts ...string) resource.TestStep {
		return resource.TestStep{Config: config, ResourceName: locationAddress, ImportState: true, ImportStateId: id, ExpectError: says(texts...)}
	}
	tn.run(
		resource.TestStep{Config: config},
		imports(nobodyID, "Named location "+nobodyID+" not found", "no named location with this id", "tenant_id"),
		imports("/identity/conditionalAccess/policies/"+branchID, `"/identity/conditionalAccess/policies/`+branchID+`" is not a named location`, "Import a location by its id, a GUID, by its display name, or by its path"),
		imports("Nowhere", `Named location "Nowhere" not found`, "Check the spelling"),
		imports("Twin", `2 named locations are called "Twin"`, "Names are not unique", twinID, otherTwinID),
		imports("Italy", `Named location "Italy" has no IP ranges`, italyID, "countryNamedLocation"),
		imports(italyID, `Named location "Italy" has no IP ranges`),
		imports("Guests", `Named location "Guests" is not trusted`, guestsID, "mark it as trusted in Microsoft Entra"),
	)
}

func TestDriftOfATrustedLocationIsSeenAndRepaired(t *testing.T) {
	t.Parallel()
	name, off := "Renamed", false
	drifted := func(ranges ...string) *[]control.IPRange {
		list := make([]control.IPRange, len(ranges))
		for i, text := range ranges {
			list[i] = control.IPRange{CIDRAddress: text}
		}
		return &list
	}
	for what, c := range map[string]struct {
		change control.NamedLocationPatch
		seen   plancheck.PlanCheck
	}{
		"renamed":        {control.NamedLocationPatch{DisplayName: &name}, planned("display_name", text("HQ"))},
		"range added":    {control.NamedLocationPatch{IPRanges: drifted("203.0.113.0/24", "198.51.100.0/24", "192.0.2.128/25")}, planned("address_count_ipv4", knownvalue.Int64Exact(512))},
		"range removed":  {control.NamedLocationPatch{IPRanges: drifted("203.0.113.0/24")}, planned("address_count_ipv4", knownvalue.Int64Exact(512))},
		"ranges changed": {control.NamedLocationPatch{IPRanges: drifted("192.0.2.0/24", "198.51.100.0/24")}, planned("ip_ranges", texts("203.0.113.7/24", "198.51.100.0/24"))},
		"not trusted":    {control.NamedLocationPatch{IsTrusted: &off}, planned("trusted", knownvalue.Bool(true))},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			tn := newLocationTenant(t)
			config := tn.provider() + trustedIPs("HQ", "203.0.113.7/24", "198.51.100.0/24")
			tn.run(
				resource.TestStep{Config: config},
				resource.TestStep{PreConfig: tn.patched("HQ", c.change), Config: config, PlanOnly: true, ExpectNonEmptyPlan: true},
				resource.TestStep{Config: config, ConfigPlanChecks: before(update, c.seen), Check: tn.hasLocation("HQ", "203.0.113.7/24", "198.51.100.0/24")},
				resource.TestStep{Config: config, ConfigPlanChecks: unchanged},
			)
		})
	}
}

func TestALocationOfAnotherKindIsAnErrorThatNamesItAndTheWayOut(t *testing.T) {
	t.Parallel()
	tn := newLocationTenant(t)
	kind, countries := control.TypeCountryNamedLocation, []string{"IT"}
	config := tn.provider() + trustedIPs("HQ", "203.0.113.0/24")
	tn.run(
		resource.TestStep{Config: config},
		resource.TestStep{
			PreConfig: tn.patched("HQ", control.NamedLocationPatch{Type: &kind, CountriesAndRegions: &countries}),
			Config:    config, PlanOnly: true,
			ExpectError: says(`Named location "HQ" is of another kind now`, "is a location of countries (countryNamedLocation)", "terraform state rm", "delete it in Microsoft Entra and apply"),
		},
		resource.TestStep{PreConfig: tn.removed("HQ"), Config: config, ConfigPlanChecks: before(plancheck.ExpectResourceAction(locationAddress, plancheck.ResourceActionCreate)), Check: tn.hasLocation("HQ", "203.0.113.0/24")},
	)
}

func TestALocationDeletedInEntraIsMadeAnew(t *testing.T) {
	t.Parallel()
	tn := newLocationTenant(t)
	config := tn.provider() + trustedIPs("HQ", "203.0.113.0/24")
	tn.run(
		resource.TestStep{Config: config},
		resource.TestStep{PreConfig: tn.removed("HQ"), Config: config, PlanOnly: true, ExpectNonEmptyPlan: true},
		resource.TestStep{
			Config:           config,
			ConfigPlanChecks: before(plancheck.ExpectResourceAction(locationAddress, plancheck.ResourceActionCreate)),
			Check:            tn.hasLocation("HQ", "203.0.113.0/24"),
		},
		// Deleted while the destroy runs, or before it.
		resource.TestStep{PreConfig: tn.removed("HQ"), Config: config, Destroy: true},
	)
}

func TestStaleReplicasOfLocationsDoNotReachTheState(t *testing.T) {
	t.Parallel()
	for name, lag := range map[string]control.ReplicaLag{
		"the first reads are old":    {Reads: 4, LagCreates: true, LagDeletes: true},
		"old for a while":            {DurationMs: 300, LagCreates: true, LagDeletes: true},
		"old and new by turns":       {Reads: 8, Alternate: true, LagCreates: true, LagDeletes: true},
		"by turns, for some time":    {DurationMs: 300, Alternate: true, LagCreates: true, LagDeletes: true},
		"checks are behind, as well": {Reads: 6, Alternate: true, LagCreates: true, LagDeletes: true, LagChecks: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tn := newLocationTenant(t)
			slow := tn.do(func(ctx context.Context) error { return tn.SetBehavior(ctx, control.Behavior{ReplicaLag: lag}) })
			// What the framework plans after an apply may rightly see an old replica that lasts; what counts is what the apply stored.
			settled := tn.do(func(ctx context.Context) error { return tn.SetBehavior(ctx, control.Behavior{}) })
			settle := func(*terraform.State) error { settled(); return nil }
			count := func(n int64) []statecheck.StateCheck {
				return []statecheck.StateCheck{locationAttribute("address_count_ipv4", knownvalue.Int64Exact(n)), locationAttribute("trusted", knownvalue.Bool(true))}
			}
			wide, narrow := trustedIPs("HQ", "203.0.113.0/24"), trustedIPs("HQ", "203.0.113.0/25")
			tn.run(
				resource.TestStep{PreConfig: slow, Config: tn.provider() + wide, ConfigStateChecks: count(256), Check: resource.ComposeTestCheckFunc(tn.wroteLocations(1), settle)},
				resource.TestStep{PreConfig: slow, Config: tn.provider() + narrow, ConfigStateChecks: count(128), Check: resource.ComposeTestCheckFunc(tn.wroteLocations(1), settle)},
				resource.TestStep{Config: tn.provider() + narrow, ConfigPlanChecks: unchanged},
				resource.TestStep{PreConfig: slow, Config: tn.provider() + "# gone", Check: func(*terraform.State) error { return tn.hasNoLocation("HQ") }},
			)
		})
	}
}

func TestReadsByTurnsAreNoDrift(t *testing.T) {
	t.Parallel()
	options := quick()
	options.Consistency.Drift, options.Consistency.Missing = 500*time.Millisecond, 500*time.Millisecond
	tn := startTenant(t, locationTenant(), options)
	byTurns := tn.do(func(ctx context.Context) error {
		return tn.SetBehavior(ctx, control.Behavior{ReplicaLag: control.ReplicaLag{DurationMs: 3_600_000, Alternate: true, LagCreates: true, LagDeletes: true}})
	})
	tn.run(
		resource.TestStep{PreConfig: byTurns, Config: tn.provider() + trustedIPs("HQ", "203.0.113.0/24"), Check: tn.wroteLocations(1)},
		resource.TestStep{Config: tn.provider() + trustedIPs("HQ", "203.0.113.0/24"), ConfigPlanChecks: unchanged},
		resource.TestStep{Config: tn.provider() + trustedIPs("HQ", "203.0.113.0/25"), Check: tn.wroteLocations(1)},
		resource.TestStep{Config: tn.provider() + trustedIPs("HQ", "203.0.113.0/25"), ConfigPlanChecks: unchanged, Check: tn.wroteLocations(0)},
	)
}

func TestAReplicaThatNeverShowsALocationDoesNotTurnSuccessIntoFailure(t *testing.T) {
	t.Parallel()
	options := quick()
	options.Consistency.Timeout = 200 * time.Millisecond
	tn := startTenant(t, locationTenant(), options)
	tn.run(resource.TestStep{
		PreConfig: tn.do(func(ctx context.Context) error {
			return tn.SetBehavior(ctx, control.Behavior{ReplicaLag: control.ReplicaLag{DurationMs: 3_600_000}})
		}),
		Config: tn.provider() + trustedIPs("HQ", "203.0.113.0/24"),
		Check:  tn.wroteLocations(1),
	}, resource.TestStep{
		Config:             tn.provider() + trustedIPs("HQ", "203.0.113.0/25"),
		ConfigStateChecks:  []statecheck.StateCheck{locationAttribute("address_count_ipv4", knownvalue.Int64Exact(128))},
		Check:              tn.hasLocation("HQ", "203.0.113.0/25"),
		ExpectNonEmptyPlan: true,
	})
}

func TestALocationThatCannotBeReadBackIsInTheState(t *testing.T) {
	t.Parallel()
	tn := newLocationTenant(t)
	forever := 0
	config := tn.provider() + trustedIPs("HQ", "203.0.113.0/24")
	tn.run(
		resource.TestStep{
			PreConfig: tn.fault(control.Fault{Method: "GET", PathRegexp: "/namedLocations/", Times: &forever, Status: 403, Code: "AccessDenied", Message: "No."}),
			Config:    config, Check: tn.wroteLocations(1),
		},
		resource.TestStep{PreConfig: tn.heal(), Config: config, ConfigPlanChecks: unchanged},
	)
}

func TestALostAnswerMakesNoSecondLocation(t *testing.T) {
	t.Parallel()
	one := 1
	for name, fault := range map[string]control.Fault{
		"connection cut":    {Reset: control.ResetAfter},
		"502 after it":      {Status: 502, Code: "BadGateway", Processed: true},
		"503 before it":     {Status: 503, Code: "ServiceUnavailable"},
		"cut before it":     {Reset: control.ResetBefore},
		"throttled at once": {Status: 429, Code: "TooManyRequests"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tn := newLocationTenant(t)
			fault.Method, fault.PathRegexp, fault.Times = "POST", "/namedLocations$", &one
			config := tn.provider() + trustedIPs("HQ", "203.0.113.0/24")
			tn.run(
				// named fails where there are two.
				resource.TestStep{PreConfig: tn.fault(fault), Config: config, Check: tn.hasLocation("HQ", "203.0.113.0/24")},
				resource.TestStep{Config: config, ConfigPlanChecks: unchanged},
			)
		})
	}
}

func TestALocationInUseIsNotDestroyed(t *testing.T) {
	t.Parallel()
	tn := newLocationTenant(t)
	config := tn.provider() + trustedIPs("Branch", "198.51.100.0/25", "2001:db8:b::/48")
	tn.run(
		resource.TestStep{Config: config, ResourceName: locationAddress, ImportState: true, ImportStateId: branchID, ImportStatePersist: true},
		resource.TestStep{
			Config: tn.provider() + "# gone",
			ExpectError: says(`Named location "Branch" is in use`, "whatever the policy's state", branchID, `"Branch only" (report-only, id `+branchOnly+`)`,
				"Nothing was changed", "Delete the policies, or take the location out of them"),
		},
		// It is in the state and trusted as before.
		resource.TestStep{Config: config, ConfigPlanChecks: unchanged, Check: tn.wroteLocations(0)},
		resource.TestStep{
			PreConfig: tn.do(func(ctx context.Context) error { return tn.DeleteConditionalAccessPolicy(ctx, branchOnly) }),
			Config:    tn.provider() + "# gone",
			Check:     func(*terraform.State) error { return tn.hasNoLocation("Branch") },
		},
	)
}

func TestADestroyThatTheServiceRefusesSaysThatTheTrustIsGone(t *testing.T) {
	t.Parallel()
	tn := newLocationTenant(t)
	forever := 0
	config := tn.provider() + trustedIPs("HQ", "203.0.113.0/24")
	tn.run(
		resource.TestStep{Config: config},
		resource.TestStep{
			PreConfig:   tn.fault(control.Fault{Method: "DELETE", PathRegexp: "/namedLocations/", Times: &forever, Status: 400, Code: "BadRequest", Message: "1234: Not now."}),
			Config:      tn.provider() + "# gone",
			ExpectError: says(`Unable to delete named location "HQ"`, "which is not trusted any more", "1234: Not now."),
		},
		resource.TestStep{PreConfig: tn.heal(), Config: tn.provider() + "# gone", Check: func(*terraform.State) error { return tn.hasNoLocation("HQ") }},
	)
}

func TestBadInputForATrustedLocationIsRefusedWithTheWayOut(t *testing.T) {
	t.Parallel()
	tn := newLocationTenant(t)
	many := make([]string, client.MaxIPRanges+1)
	for i := range many {
		many[i] = fmt.Sprintf("11.0.%d.%d", i/256, i%256)
	}
	for name, c := range map[string]struct {
		config string
		error  []string
	}{
		"no range":          {trustedIPs("HQ", "203.0.113.0/24", "HQ"), []string{"Invalid IP range", "with entramfa_trusted_ips.test", "ip_ranges", `"HQ" is not an IP range`, "203.0.113.0/24, 2001:db8::/48"}},
		"a span":            {trustedIPs("HQ", "203.0.113.0-203.0.113.9"), []string{"Invalid IP range", "is not in CIDR notation", "ip_ranges_from_text", "reads it as 203.0.113.0/29, 203.0.113.8/31"}},
		"mapped":            {trustedIPs("HQ", "::ffff:203.0.113.0/120"), []string{"Invalid IP range", "write 203.0.113.0/24"}},
		"too wide":          {trustedIPs("HQ", "11.0.0.0/8"), []string{"Invalid IP range", `"11.0.0.0/8" is too wide`, "longer than /8"}},
		"too wide, IPv6":    {trustedIPs("HQ", "2000::/3"), []string{"Invalid IP range", `"2000::/3" is too wide`}},
		"everything":        {trustedIPs("HQ", "0.0.0.0/0"), []string{"Invalid IP range", `"0.0.0.0/0" is too wide`}},
		"twice":             {trustedIPs("HQ", "203.0.113.0/24", "203.0.113.9/24"), []string{"Duplicate IP range", `"203.0.113.0/24" and "203.0.113.9/24" are the same range`, "Remove one of them"}},
		"none":              {trustedIPs("HQ"), []string{"No IP ranges", "remove the resource"}},
		"null":              {strings.Replace(trustedIPs("HQ", "X"), `"X"`, "null", 1), []string{"Invalid IP range", "A range is null"}},
		"too many":          {trustedIPs("HQ", many...), []string{"Too many IP ranges", "There are 2001 ranges, and a named location holds at most 2000"}},
		"no name":           {trustedIPs("", "203.0.113.0/24"), []string{"Invalid display name", "display_name"}},
		"name of nothing":   {trustedIPs("  ", "203.0.113.0/24"), []string{"Invalid display name"}},
		"trusted is no key": {strings.Replace(trustedIPs("HQ", "203.0.113.0/24"), "}", "  trusted = false\n}", 1), []string{"trusted"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			resource.UnitTest(t, resource.TestCase{
				ProtoV6ProviderFactories: tn.factory,
				Steps:                    []resource.TestStep{{Config: tn.provider() + c.config, PlanOnly: true, ExpectError: says(c.error...)}},
			})
		})
	}
}

func TestValuesThatAreKnownLateAreCheckedAtApply(t *testing.T) {
	t.Parallel()
	tn := newLocationTenant(t)
	late := func(text string) string {
		return tn.provider() + fmt.Sprintf("resource \"terraform_data\" \"late\" {\n  input = %q\n}\n", text) +
			strings.Replace(trustedIPs("HQ", "203.0.113.0/24", "LATE"), `"LATE"`, "terraform_data.late.output", 1)
	}
	tn.run(
		resource.TestStep{Config: late("no range"), ExpectError: says("Invalid IP range", `"no range" is not an IP range`)},
		resource.TestStep{
			PreConfig: func() {
				if n := tn.sent(http.MethodPost); n != 0 {
					t.Errorf("%d locations were made of a bad range", n)
				}
			},
			Config: late("198.51.100.200"),
			ConfigPlanChecks: before(plancheck.ExpectUnknownValue(locationAddress, tfjsonpath.New("address_count_ipv4")),
				plancheck.ExpectUnknownValue(locationAddress, tfjsonpath.New("network_count_ipv6")), planned("trusted", knownvalue.Bool(true))),
			ConfigStateChecks: []statecheck.StateCheck{locationAttribute("address_count_ipv4", knownvalue.Int64Exact(257))},
			Check:             tn.hasLocation("HQ", "203.0.113.0/24", "198.51.100.200/32"),
		},
		resource.TestStep{Config: late("198.51.100.200"), ConfigPlanChecks: unchanged},
	)
}

// fullTenant has as many IP locations as a tenant takes.
func fullTenant() *control.Tenant {
	people := locationTenant()
	for i := len(people.NamedLocations) - 1; i < client.MaxIPNamedLocations; i++ {
		people.NamedLocations = append(people.NamedLocations, control.NewIPNamedLocation(fmt.Sprintf("Site %d", i), true, fmt.Sprintf("11.0.%d.0/24", i)))
	}
	return people
}

func TestOneLocationTooManyIsRefusedAtPlan(t *testing.T) {
	t.Parallel()
	tn := startTenant(t, fullTenant(), quick())
	two := func(names ...string) string {
		config := tn.provider()
		for i, name := range names {
			config += strings.Replace(trustedIPs(name, fmt.Sprintf("203.0.113.%d", i)), `"test"`, fmt.Sprintf(`"test%d"`, i), 1)
		}
		return config
	}
	tn.run(
		resource.TestStep{Config: two("HQ"), PlanOnly: true, ExpectError: says("Too many named locations", "would have 196 named locations of IP ranges, and it takes at most 195", "delete one that is not needed")},
		// Two that are planned together are counted together.
		resource.TestStep{PreConfig: tn.removed("Depot"), Config: two("HQ", "HQ 2"), PlanOnly: true, ExpectError: says("Too many named locations", "would have 196")},
		resource.TestStep{Config: two("HQ")},
		resource.TestStep{Config: two("HQ"), ConfigPlanChecks: unchanged},
		// The last two places are given to two that are made one after the other.
		resource.TestStep{Config: tn.provider() + "# gone"},
		resource.TestStep{
			PreConfig: tn.removed("Site 10"),
			Config:    strings.Replace(two("HQ", "HQ 2"), "ip_ranges = [\"203.0.113.1\"]", "ip_ranges = [\"203.0.113.1\"]\n  depends_on = [entramfa_trusted_ips.test0]", 1),
			Check:     resource.ComposeTestCheckFunc(tn.hasLocation("HQ", "203.0.113.0/32"), tn.hasLocation("HQ 2", "203.0.113.1/32")),
		},
	)
}

func TestAMissingPermissionForLocationsIsNamed(t *testing.T) {
	t.Parallel()
	tn := newLocationTenant(t)
	config := trustedIPs("HQ", "203.0.113.0/24")
	permissions := func(list ...string) func() {
		return tn.do(func(ctx context.Context) error {
			_, err := tn.PatchApp(ctx, appID, control.AppPatch{Permissions: &list})
			return err
		})
	}
	tn.run(
		// To plan is to read.
		resource.TestStep{Config: tn.providerAs(planAppID, planSecret) + config, PlanOnly: true, ExpectNonEmptyPlan: true},
		resource.TestStep{
			Config:      tn.providerAs(planAppID, planSecret) + config,
			ExpectError: says(`Unable to create named location "HQ"`, "HTTP 403", "Policy.ReadWrite.ConditionalAccess (with Policy.Read.All)"),
		},
		resource.TestStep{Config: tn.provider() + config},
		resource.TestStep{
			PreConfig: permissions("Policy.Read.All"), Config: tn.provider() + trustedIPs("HQ", "203.0.113.0/25"),
			ExpectError: says(`Unable to change named location "HQ"`, "HTTP 403", "Policy.ReadWrite.ConditionalAccess"),
		},
		resource.TestStep{Config: tn.provider() + "# gone", ExpectError: says(`Unable to take the trust from named location "HQ"`, "HTTP 403", "Policy.ReadWrite.ConditionalAccess")},
		resource.TestStep{PreConfig: permissions("User.Read.All"), Config: tn.provider() + config, ExpectError: says("Unable to list the named locations", "HTTP 403", "Policy.Read.All")},
		resource.TestStep{PreConfig: permissions("Policy.Read.All", "Policy.ReadWrite.ConditionalAccess"), Config: tn.provider() + config, ConfigPlanChecks: unchanged},
	)
}

func TestManyLocationsAreReadByOneRequest(t *testing.T) {
	t.Parallel()
	tn := newLocationTenant(t)
	config := tn.provider()
	const many = 30
	for i := range many {
		config += strings.Replace(trustedIPs(fmt.Sprintf("Site %d", i), fmt.Sprintf("203.0.113.%d", i)), `"test"`, fmt.Sprintf(`"site%d"`, i), 1)
	}
	forget := func() {
		if err := tn.ClearRequests(context.Background()); err != nil {
			t.Fatal(err)
		}
	}
	tn.run(
		resource.TestStep{Config: config, Check: tn.wroteLocations(many)},
		resource.TestStep{
			PreConfig: forget, Config: config, ConfigPlanChecks: unchanged,
			Check: func(*terraform.State) error {
				// The test framework runs a handful of commands for a step, each with a provider of its own.
				if reads := tn.sent(http.MethodGet); reads == 0 || reads > 10 {
					return fmt.Errorf("%d reads for %d locations", reads, many)
				}
				return nil
			},
		},
	)
}

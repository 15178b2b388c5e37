package locations_test

import (
	"context"
	"fmt"
	"net/http"
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
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/iprange"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/acctest"
)

func locationAttribute(name string, value knownvalue.Check) statecheck.StateCheck {
	return statecheck.ExpectKnownValue(acctest.LocationAddress, tfjsonpath.New(name), value)
}

func planned(name string, value knownvalue.Check) plancheck.PlanCheck {
	return plancheck.ExpectKnownValue(acctest.LocationAddress, tfjsonpath.New(name), value)
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
	update    = plancheck.ExpectResourceAction(acctest.LocationAddress, plancheck.ResourceActionUpdate)
)

func TestATrustedLocationIsMadeImportedAndDestroyed(t *testing.T) {
	t.Parallel()
	tn := acctest.NewLocationTenant(t)
	config := tn.Provider() + acctest.TrustedIPs("HQ", "203.0.113.7/24", "198.51.100.200", "2001:DB8:A::/63")
	acctest.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: tn.Factory,
		CheckDestroy: func(*terraform.State) error {
			if err := tn.HasNoLocation("HQ"); err != nil {
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
					plancheck.ExpectResourceAction(acctest.LocationAddress, plancheck.ResourceActionCreate),
					plancheck.ExpectUnknownValue(acctest.LocationAddress, tfjsonpath.New("id")),
					planned("address_count_ipv4", knownvalue.Int64Exact(257)),
					planned("network_count_ipv6", knownvalue.Int64Exact(2)),
					planned("trusted", knownvalue.Bool(true)),
					planned("name", acctest.Text("HQ")),
					planned("range_sizes", knownvalue.MapExact(map[string]knownvalue.Check{
						"203.0.113.0/24": acctest.Text("256 IPv4 addresses"), "198.51.100.200/32": acctest.Text("1 IPv4 address"), "2001:db8:a::/63": acctest.Text("2 IPv6 /64 networks"),
					})),
				),
				ConfigStateChecks: []statecheck.StateCheck{
					locationAttribute("display_name", acctest.Text("HQ")),
					locationAttribute("ip_ranges", texts("203.0.113.7/24", "198.51.100.200", "2001:DB8:A::/63")),
					locationAttribute("address_count_ipv4", knownvalue.Int64Exact(257)),
					locationAttribute("trusted", knownvalue.Bool(true)),
				},
				Check: resource.ComposeTestCheckFunc(
					tn.HasLocation("HQ", "203.0.113.7/24", "198.51.100.200/32", "2001:DB8:A::/63"), tn.WroteLocations(1),
					func(state *terraform.State) error {
						location, err := tn.Named("HQ")
						if err != nil {
							return err
						}
						return resource.TestCheckResourceAttr(acctest.LocationAddress, "id", location.ID)(state)
					},
				),
			},
			{Config: config, PlanOnly: true},
			{Config: config, ResourceName: acctest.LocationAddress, ImportState: true, ImportStateVerify: true, ImportStateVerifyIgnore: []string{"ip_ranges"}},
			{Config: config, ResourceName: acctest.LocationAddress, ImportState: true, ImportStateId: "hq", ImportStateVerify: true, ImportStateVerifyIgnore: []string{"ip_ranges"}},
			{Config: config, ConfigPlanChecks: unchanged, Check: tn.WroteLocations(0)},
		},
	})
	// The trust is taken away before the deletion.
	if have := tn.Sent(http.MethodPatch, http.MethodDelete); have != 2 {
		t.Errorf("the destroy sent %d writes, want 2", have)
	}
}

func TestEachAttributeOfATrustedLocationIsUpdatedInPlace(t *testing.T) {
	t.Parallel()
	tn := acctest.NewLocationTenant(t)
	tn.Run(
		resource.TestStep{Config: tn.Provider() + acctest.TrustedIPs("HQ", "203.0.113.0/24"), Check: tn.WroteLocations(1)},
		resource.TestStep{
			Config:           tn.Provider() + acctest.TrustedIPs("Head office", "203.0.113.0/24"),
			ConfigPlanChecks: before(update, planned("address_count_ipv4", knownvalue.Int64Exact(256)), planned("id", knownvalue.NotNull()), planned("name", acctest.Text("Head office"))),
			Check:            resource.ComposeTestCheckFunc(tn.HasLocation("Head office", "203.0.113.0/24"), tn.WroteLocations(1)),
		},
		resource.TestStep{
			Config: tn.Provider() + acctest.TrustedIPs("Head office", "203.0.113.0/24", "11.0.0.0/9", "2001:db8:a::/48"),
			ConfigPlanChecks: before(update, planned("id", knownvalue.NotNull()),
				planned("address_count_ipv4", knownvalue.Int64Exact(256+8_388_608)), planned("network_count_ipv6", knownvalue.Int64Exact(65_536))),
			Check: resource.ComposeTestCheckFunc(tn.HasLocation("Head office", "203.0.113.0/24", "11.0.0.0/9", "2001:db8:a::/48"), tn.WroteLocations(1)),
		},
		resource.TestStep{
			Config:           tn.Provider() + acctest.TrustedIPs("Head office", "203.0.113.128/25"),
			ConfigPlanChecks: before(update, planned("address_count_ipv4", knownvalue.Int64Exact(128)), planned("network_count_ipv6", knownvalue.Int64Exact(0))),
			Check:            resource.ComposeTestCheckFunc(tn.HasLocation("Head office", "203.0.113.128/25"), tn.WroteLocations(1)),
		},
	)
}

func TestAnotherSpellingOrOrderOfTheSameRangesIsNoChange(t *testing.T) {
	t.Parallel()
	tn := acctest.NewLocationTenant(t)
	spelled := locationAttribute("ip_ranges", texts("203.0.113.7/24", "198.51.100.200", "2001:DB8:A:0::/64"))
	tn.Run(
		resource.TestStep{Config: tn.Provider() + acctest.TrustedIPs("HQ", "203.0.113.7/24", "198.51.100.200", "2001:DB8:A:0::/64"), ConfigStateChecks: []statecheck.StateCheck{spelled}, Check: tn.WroteLocations(1)},
		resource.TestStep{
			Config:           tn.Provider() + acctest.TrustedIPs("HQ", "2001:db8:a::/64", "203.0.113.0/24", "198.51.100.200/32"),
			ConfigPlanChecks: unchanged, ConfigStateChecks: []statecheck.StateCheck{spelled}, Check: tn.WroteLocations(0),
		},
		// Other ranges that cover the same are a change: the list in the portal is another one.
		resource.TestStep{
			Config:           tn.Provider() + acctest.TrustedIPs("HQ", "2001:db8:a::/64", "203.0.113.0/25", "203.0.113.128/25", "198.51.100.200/32"),
			ConfigPlanChecks: before(update, planned("address_count_ipv4", knownvalue.Int64Exact(257))), Check: tn.WroteLocations(1),
		},
		// An administrator's respelling is none either.
		resource.TestStep{
			PreConfig: tn.Patched("HQ", control.NamedLocationPatch{IPRanges: &[]control.IPRange{
				{CIDRAddress: "203.0.113.200/25"}, {CIDRAddress: "198.51.100.200/32"}, {CIDRAddress: "203.0.113.1/25"}, {CIDRAddress: "2001:0DB8:000A::1/64"},
			}}),
			Config:           tn.Provider() + acctest.TrustedIPs("HQ", "2001:db8:a::/64", "203.0.113.0/25", "203.0.113.128/25", "198.51.100.200/32"),
			ConfigPlanChecks: unchanged, Check: tn.WroteLocations(0),
		},
	)
}

func TestAnImportedLocationHasNoDifference(t *testing.T) {
	t.Parallel()
	for name, id := range map[string]string{"by id": acctest.BranchID, "by id in capitals": strings.ToUpper(acctest.BranchID), "by the path of azuread": "/identity/conditionalAccess/namedLocations/" + acctest.BranchID, "by name": "Branch", "by name in another case": "BRANCH"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tn := acctest.NewLocationTenant(t)
			config := tn.Provider() + acctest.TrustedIPs("Branch", "198.51.100.0/25", "2001:db8:b::/48")
			acctest.Test(t, resource.TestCase{
				ProtoV6ProviderFactories: tn.Factory,
				Steps: []resource.TestStep{
					{Config: config, ResourceName: acctest.LocationAddress, ImportState: true, ImportStateId: id, ImportStatePersist: true},
					{Config: config, ConfigPlanChecks: unchanged, Check: tn.WroteLocations(0)},
					// A policy names the location, so it has to leave the state without a destroy.
					{Config: tn.Provider() + "removed {\n  from = " + acctest.LocationAddress + "\n  lifecycle {\n    destroy = false\n  }\n}\n"},
				},
			})
		})
	}
}

func TestImportRefusesWhatIsNoTrustedLocation(t *testing.T) {
	t.Parallel()
	tn := acctest.NewLocationTenant(t)
	config := tn.Provider() + acctest.TrustedIPs("HQ", "203.0.113.0/24")
	imports := func(id string, texts ...string) resource.TestStep {
		return resource.TestStep{Config: config, ResourceName: acctest.LocationAddress, ImportState: true, ImportStateId: id, ExpectError: acctest.Says(texts...)}
	}
	tn.Run(
		resource.TestStep{Config: config},
		imports(acctest.NobodyID, "Named location "+acctest.NobodyID+" not found", "no named location with this id", "tenant_id"),
		imports("/identity/conditionalAccess/policies/"+acctest.BranchID, `"/identity/conditionalAccess/policies/`+acctest.BranchID+`" is not a named location`, "Import a location by its id, a GUID, by its display name, or by its path"),
		imports("Nowhere", `Named location "Nowhere" not found`, "Check the spelling"),
		imports("Twin", `2 named locations are called "Twin"`, "Names are not unique", acctest.TwinID, acctest.OtherTwinID),
		imports("Italy", `Named location "Italy" has no IP ranges`, acctest.ItalyID, "countryNamedLocation"),
		imports(acctest.ItalyID, `Named location "Italy" has no IP ranges`),
		imports("Guests", `Named location "Guests" is not trusted`, acctest.GuestsID, "mark it as trusted in Microsoft Entra"),
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
		"renamed":        {control.NamedLocationPatch{DisplayName: &name}, planned("display_name", acctest.Text("HQ"))},
		"range added":    {control.NamedLocationPatch{IPRanges: drifted("203.0.113.0/24", "198.51.100.0/24", "192.0.2.128/25")}, planned("address_count_ipv4", knownvalue.Int64Exact(512))},
		"range removed":  {control.NamedLocationPatch{IPRanges: drifted("203.0.113.0/24")}, planned("address_count_ipv4", knownvalue.Int64Exact(512))},
		"ranges changed": {control.NamedLocationPatch{IPRanges: drifted("192.0.2.0/24", "198.51.100.0/24")}, planned("ip_ranges", texts("203.0.113.7/24", "198.51.100.0/24"))},
		"not trusted":    {control.NamedLocationPatch{IsTrusted: &off}, planned("trusted", knownvalue.Bool(true))},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			tn := acctest.NewLocationTenant(t)
			config := tn.Provider() + acctest.TrustedIPs("HQ", "203.0.113.7/24", "198.51.100.0/24")
			tn.Run(
				resource.TestStep{Config: config},
				resource.TestStep{PreConfig: tn.Patched("HQ", c.change), Config: config, PlanOnly: true, ExpectNonEmptyPlan: true},
				resource.TestStep{Config: config, ConfigPlanChecks: before(update, c.seen), Check: tn.HasLocation("HQ", "203.0.113.7/24", "198.51.100.0/24")},
				resource.TestStep{Config: config, ConfigPlanChecks: unchanged},
			)
		})
	}
}

func TestALocationOfAnotherKindIsAnErrorThatNamesItAndTheWayOut(t *testing.T) {
	t.Parallel()
	tn := acctest.NewLocationTenant(t)
	kind, countries := control.TypeCountryNamedLocation, []string{"IT"}
	config := tn.Provider() + acctest.TrustedIPs("HQ", "203.0.113.0/24")
	tn.Run(
		resource.TestStep{Config: config},
		resource.TestStep{
			PreConfig: tn.Patched("HQ", control.NamedLocationPatch{Type: &kind, CountriesAndRegions: &countries}),
			Config:    config, PlanOnly: true,
			ExpectError: acctest.Says(`Named location "HQ" is of another kind now`, "is a location of countries (countryNamedLocation)", "terraform state rm", "delete it in Microsoft Entra and apply"),
		},
		resource.TestStep{PreConfig: tn.Removed("HQ"), Config: config, ConfigPlanChecks: before(plancheck.ExpectResourceAction(acctest.LocationAddress, plancheck.ResourceActionCreate)), Check: tn.HasLocation("HQ", "203.0.113.0/24")},
	)
}

func TestALocationDeletedInEntraIsMadeAnew(t *testing.T) {
	t.Parallel()
	tn := acctest.NewLocationTenant(t)
	config := tn.Provider() + acctest.TrustedIPs("HQ", "203.0.113.0/24")
	tn.Run(
		resource.TestStep{Config: config},
		resource.TestStep{PreConfig: tn.Removed("HQ"), Config: config, PlanOnly: true, ExpectNonEmptyPlan: true},
		resource.TestStep{
			Config:           config,
			ConfigPlanChecks: before(plancheck.ExpectResourceAction(acctest.LocationAddress, plancheck.ResourceActionCreate)),
			Check:            tn.HasLocation("HQ", "203.0.113.0/24"),
		},
		// Deleted while the destroy runs, or before it.
		resource.TestStep{PreConfig: tn.Removed("HQ"), Config: config, Destroy: true},
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
			tn := acctest.NewLocationTenant(t)
			slow := tn.Do(func(ctx context.Context) error { return tn.SetBehavior(ctx, control.Behavior{ReplicaLag: lag}) })
			// What the framework plans after an apply may rightly see an old replica that lasts; what counts is what the apply stored.
			settled := tn.Do(func(ctx context.Context) error { return tn.SetBehavior(ctx, control.Behavior{}) })
			settle := func(*terraform.State) error { settled(); return nil }
			count := func(n int64) []statecheck.StateCheck {
				return []statecheck.StateCheck{locationAttribute("address_count_ipv4", knownvalue.Int64Exact(n)), locationAttribute("trusted", knownvalue.Bool(true))}
			}
			wide, narrow := acctest.TrustedIPs("HQ", "203.0.113.0/24"), acctest.TrustedIPs("HQ", "203.0.113.0/25")
			tn.Run(
				resource.TestStep{PreConfig: slow, Config: tn.Provider() + wide, ConfigStateChecks: count(256), Check: resource.ComposeTestCheckFunc(tn.WroteLocations(1), settle)},
				resource.TestStep{PreConfig: slow, Config: tn.Provider() + narrow, ConfigStateChecks: count(128), Check: resource.ComposeTestCheckFunc(tn.WroteLocations(1), settle)},
				resource.TestStep{Config: tn.Provider() + narrow, ConfigPlanChecks: unchanged},
				resource.TestStep{PreConfig: slow, Config: tn.Provider() + "# gone", Check: func(*terraform.State) error { return tn.HasNoLocation("HQ") }},
			)
		})
	}
}

func TestReadsByTurnsAreNoDrift(t *testing.T) {
	t.Parallel()
	options := acctest.Quick()
	// Long enough for a second read on a slow machine; on any other the second read ends the wait.
	options.Consistency.Drift, options.Consistency.Missing = 5*time.Second, 5*time.Second
	tn := acctest.StartTenant(t, acctest.LocationTenant(), options)
	byTurns := tn.Do(func(ctx context.Context) error {
		return tn.SetBehavior(ctx, control.Behavior{ReplicaLag: control.ReplicaLag{DurationMs: 3_600_000, Alternate: true, LagCreates: true, LagDeletes: true}})
	})
	tn.Run(
		resource.TestStep{PreConfig: byTurns, Config: tn.Provider() + acctest.TrustedIPs("HQ", "203.0.113.0/24"), Check: tn.WroteLocations(1)},
		resource.TestStep{Config: tn.Provider() + acctest.TrustedIPs("HQ", "203.0.113.0/24"), ConfigPlanChecks: unchanged},
		resource.TestStep{Config: tn.Provider() + acctest.TrustedIPs("HQ", "203.0.113.0/25"), Check: tn.WroteLocations(1)},
		resource.TestStep{Config: tn.Provider() + acctest.TrustedIPs("HQ", "203.0.113.0/25"), ConfigPlanChecks: unchanged, Check: tn.WroteLocations(0)},
	)
}

func TestAReplicaThatNeverShowsALocationDoesNotTurnSuccessIntoFailure(t *testing.T) {
	t.Parallel()
	options := acctest.Quick()
	options.Consistency.Timeout = 200 * time.Millisecond
	tn := acctest.StartTenant(t, acctest.LocationTenant(), options)
	tn.Run(resource.TestStep{
		PreConfig: tn.Do(func(ctx context.Context) error {
			return tn.SetBehavior(ctx, control.Behavior{ReplicaLag: control.ReplicaLag{DurationMs: 3_600_000}})
		}),
		Config: tn.Provider() + acctest.TrustedIPs("HQ", "203.0.113.0/24"),
		Check:  tn.WroteLocations(1),
	}, resource.TestStep{
		Config:             tn.Provider() + acctest.TrustedIPs("HQ", "203.0.113.0/25"),
		ConfigStateChecks:  []statecheck.StateCheck{locationAttribute("address_count_ipv4", knownvalue.Int64Exact(128))},
		Check:              tn.HasLocation("HQ", "203.0.113.0/25"),
		ExpectNonEmptyPlan: true,
	})
}

func TestALocationThatCannotBeReadBackIsInTheState(t *testing.T) {
	t.Parallel()
	tn := acctest.NewLocationTenant(t)
	forever := 0
	config := tn.Provider() + acctest.TrustedIPs("HQ", "203.0.113.0/24")
	tn.Run(
		resource.TestStep{
			PreConfig: tn.Fault(control.Fault{Method: "GET", PathRegexp: "/namedLocations/", Times: &forever, Status: 403, Code: "AccessDenied", Message: "No."}),
			Config:    config, Check: tn.WroteLocations(1),
		},
		resource.TestStep{PreConfig: tn.Heal(), Config: config, ConfigPlanChecks: unchanged},
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
			tn := acctest.NewLocationTenant(t)
			fault.Method, fault.PathRegexp, fault.Times = "POST", "/namedLocations$", &one
			config := tn.Provider() + acctest.TrustedIPs("HQ", "203.0.113.0/24")
			tn.Run(
				// named fails where there are two.
				resource.TestStep{PreConfig: tn.Fault(fault), Config: config, Check: tn.HasLocation("HQ", "203.0.113.0/24")},
				resource.TestStep{Config: config, ConfigPlanChecks: unchanged},
			)
		})
	}
}

func TestALocationInUseIsNotDestroyed(t *testing.T) {
	t.Parallel()
	tn := acctest.NewLocationTenant(t)
	config := tn.Provider() + acctest.TrustedIPs("Branch", "198.51.100.0/25", "2001:db8:b::/48")
	tn.Run(
		resource.TestStep{Config: config, ResourceName: acctest.LocationAddress, ImportState: true, ImportStateId: acctest.BranchID, ImportStatePersist: true},
		resource.TestStep{
			Config: tn.Provider() + "# gone",
			ExpectError: acctest.Says(`Named location "Branch" is in use`, "whatever the policy's state", acctest.BranchID, `"Branch only" (report-only, id `+acctest.BranchOnly+`)`,
				"Nothing was changed", "Delete the policies, or take the location out of them"),
		},
		// It is in the state and trusted as before.
		resource.TestStep{Config: config, ConfigPlanChecks: unchanged, Check: tn.WroteLocations(0)},
		resource.TestStep{
			PreConfig: tn.Do(func(ctx context.Context) error { return tn.DeleteConditionalAccessPolicy(ctx, acctest.BranchOnly) }),
			Config:    tn.Provider() + "# gone",
			Check:     func(*terraform.State) error { return tn.HasNoLocation("Branch") },
		},
	)
}

func TestADestroyThatTheServiceRefusesSaysThatTheTrustIsGone(t *testing.T) {
	t.Parallel()
	tn := acctest.NewLocationTenant(t)
	forever := 0
	config := tn.Provider() + acctest.TrustedIPs("HQ", "203.0.113.0/24")
	tn.Run(
		resource.TestStep{Config: config},
		resource.TestStep{
			PreConfig:   tn.Fault(control.Fault{Method: "DELETE", PathRegexp: "/namedLocations/", Times: &forever, Status: 400, Code: "BadRequest", Message: "1234: Not now."}),
			Config:      tn.Provider() + "# gone",
			ExpectError: acctest.Says(`Unable to delete named location "HQ"`, "which is not trusted any more", "1234: Not now."),
		},
		resource.TestStep{PreConfig: tn.Heal(), Config: tn.Provider() + "# gone", Check: func(*terraform.State) error { return tn.HasNoLocation("HQ") }},
	)
}

func TestBadInputForATrustedLocationIsRefusedWithTheWayOut(t *testing.T) {
	t.Parallel()
	tn := acctest.NewLocationTenant(t)
	many := make([]string, iprange.MaxIPRanges+1)
	for i := range many {
		many[i] = fmt.Sprintf("11.0.%d.%d", i/256, i%256)
	}
	for name, c := range map[string]struct {
		config string
		error  []string
	}{
		"no range":          {acctest.TrustedIPs("HQ", "203.0.113.0/24", "HQ"), []string{"Invalid IP range", "with entramfa_trusted_ips.test", "ip_ranges", `"HQ" is not an IP range`, "203.0.113.0/24, 2001:db8::/48"}},
		"a span":            {acctest.TrustedIPs("HQ", "203.0.113.0-203.0.113.9"), []string{"Invalid IP range", "is not in CIDR notation", "ip_ranges_from_text", "reads it as 203.0.113.0/29, 203.0.113.8/31"}},
		"mapped":            {acctest.TrustedIPs("HQ", "::ffff:203.0.113.0/120"), []string{"Invalid IP range", "write 203.0.113.0/24"}},
		"too wide":          {acctest.TrustedIPs("HQ", "11.0.0.0/8"), []string{"Invalid IP range", `"11.0.0.0/8" is too wide`, "longer than /8"}},
		"too wide, IPv6":    {acctest.TrustedIPs("HQ", "2000::/3"), []string{"Invalid IP range", `"2000::/3" is too wide`}},
		"everything":        {acctest.TrustedIPs("HQ", "0.0.0.0/0"), []string{"Invalid IP range", `"0.0.0.0/0" is too wide`}},
		"twice":             {acctest.TrustedIPs("HQ", "203.0.113.0/24", "203.0.113.9/24"), []string{"Duplicate IP range", `"203.0.113.0/24" and "203.0.113.9/24" are the same range`, "Remove one of them"}},
		"none":              {acctest.TrustedIPs("HQ"), []string{"No IP ranges", "remove the resource"}},
		"null":              {strings.Replace(acctest.TrustedIPs("HQ", "X"), `"X"`, "null", 1), []string{"Invalid IP range", "A range is null"}},
		"too many":          {acctest.TrustedIPs("HQ", many...), []string{"Too many IP ranges", "There are 2001 ranges, and a named location holds at most 2000"}},
		"no name":           {acctest.TrustedIPs("", "203.0.113.0/24"), []string{"Invalid display name", "display_name"}},
		"name of nothing":   {acctest.TrustedIPs("  ", "203.0.113.0/24"), []string{"Invalid display name"}},
		"trusted is no key": {strings.Replace(acctest.TrustedIPs("HQ", "203.0.113.0/24"), "}", "  trusted = false\n}", 1), []string{"trusted"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			acctest.Test(t, resource.TestCase{
				ProtoV6ProviderFactories: tn.Factory,
				Steps:                    []resource.TestStep{{Config: tn.Provider() + c.config, PlanOnly: true, ExpectError: acctest.Says(c.error...)}},
			})
		})
	}
}

func TestValuesThatAreKnownLateAreCheckedAtApply(t *testing.T) {
	t.Parallel()
	tn := acctest.NewLocationTenant(t)
	late := func(text string) string {
		return tn.Provider() + fmt.Sprintf("resource \"terraform_data\" \"late\" {\n  input = %q\n}\n", text) +
			strings.Replace(acctest.TrustedIPs("HQ", "203.0.113.0/24", "LATE"), `"LATE"`, "terraform_data.late.output", 1)
	}
	tn.Run(
		resource.TestStep{Config: late("no range"), ExpectError: acctest.Says("Invalid IP range", `"no range" is not an IP range`)},
		resource.TestStep{
			PreConfig: func() {
				if n := tn.Sent(http.MethodPost); n != 0 {
					t.Errorf("%d locations were made of a bad range", n)
				}
			},
			Config: late("198.51.100.200"),
			ConfigPlanChecks: before(plancheck.ExpectUnknownValue(acctest.LocationAddress, tfjsonpath.New("address_count_ipv4")),
				plancheck.ExpectUnknownValue(acctest.LocationAddress, tfjsonpath.New("network_count_ipv6")), planned("trusted", knownvalue.Bool(true))),
			ConfigStateChecks: []statecheck.StateCheck{locationAttribute("address_count_ipv4", knownvalue.Int64Exact(257))},
			Check:             tn.HasLocation("HQ", "203.0.113.0/24", "198.51.100.200/32"),
		},
		resource.TestStep{Config: late("198.51.100.200"), ConfigPlanChecks: unchanged},
	)
}

// fullTenant has as many IP locations as a tenant takes.
func fullTenant() *control.Tenant {
	people := acctest.LocationTenant()
	for i := len(people.NamedLocations) - 1; i < client.MaxIPNamedLocations; i++ {
		people.NamedLocations = append(people.NamedLocations, control.NewIPNamedLocation(fmt.Sprintf("Site %d", i), true, fmt.Sprintf("11.0.%d.0/24", i)))
	}
	return people
}

func TestOneLocationTooManyIsRefusedAtPlan(t *testing.T) {
	t.Parallel()
	tn := acctest.StartTenant(t, fullTenant(), acctest.Quick())
	two := func(names ...string) string {
		config := tn.Provider()
		for i, name := range names {
			config += strings.Replace(acctest.TrustedIPs(name, fmt.Sprintf("203.0.113.%d", i)), `"test"`, fmt.Sprintf(`"test%d"`, i), 1)
		}
		return config
	}
	tn.Run(
		resource.TestStep{Config: two("HQ"), PlanOnly: true, ExpectError: acctest.Says("Too many named locations", "would have 196 named locations of IP ranges, and it takes at most 195", "delete one that is not needed")},
		// Two that are planned together are counted together.
		resource.TestStep{PreConfig: tn.Removed("Depot"), Config: two("HQ", "HQ 2"), PlanOnly: true, ExpectError: acctest.Says("Too many named locations", "would have 196")},
		resource.TestStep{Config: two("HQ")},
		resource.TestStep{Config: two("HQ"), ConfigPlanChecks: unchanged},
		// The last two places are given to two that are made one after the other.
		resource.TestStep{Config: tn.Provider() + "# gone"},
		resource.TestStep{
			PreConfig: tn.Removed("Site 10"),
			Config:    strings.Replace(two("HQ", "HQ 2"), "ip_ranges = [\"203.0.113.1\"]", "ip_ranges = [\"203.0.113.1\"]\n  depends_on = [entramfa_trusted_ips.test0]", 1),
			Check:     resource.ComposeTestCheckFunc(tn.HasLocation("HQ", "203.0.113.0/32"), tn.HasLocation("HQ 2", "203.0.113.1/32")),
		},
	)
}

func TestAMissingPermissionForLocationsIsNamed(t *testing.T) {
	t.Parallel()
	tn := acctest.NewLocationTenant(t)
	config := acctest.TrustedIPs("HQ", "203.0.113.0/24")
	permissions := func(list ...string) func() {
		return tn.Do(func(ctx context.Context) error {
			_, err := tn.PatchApp(ctx, acctest.AppID, control.AppPatch{Permissions: &list})
			return err
		})
	}
	tn.Run(
		// To plan is to read.
		resource.TestStep{Config: tn.ProviderAs(acctest.PlanAppID, acctest.PlanSecret) + config, PlanOnly: true, ExpectNonEmptyPlan: true},
		resource.TestStep{
			Config:      tn.ProviderAs(acctest.PlanAppID, acctest.PlanSecret) + config,
			ExpectError: acctest.Says(`Unable to create named location "HQ"`, "HTTP 403", "Policy.ReadWrite.ConditionalAccess (with Policy.Read.All)"),
		},
		resource.TestStep{Config: tn.Provider() + config},
		resource.TestStep{
			PreConfig: permissions("Policy.Read.All"), Config: tn.Provider() + acctest.TrustedIPs("HQ", "203.0.113.0/25"),
			ExpectError: acctest.Says(`Unable to change named location "HQ"`, "HTTP 403", "Policy.ReadWrite.ConditionalAccess"),
		},
		resource.TestStep{Config: tn.Provider() + "# gone", ExpectError: acctest.Says(`Unable to take the trust from named location "HQ"`, "HTTP 403", "Policy.ReadWrite.ConditionalAccess")},
		resource.TestStep{PreConfig: permissions("User.Read.All"), Config: tn.Provider() + config, ExpectError: acctest.Says("Unable to list the named locations", "HTTP 403", "Policy.Read.All")},
		resource.TestStep{PreConfig: permissions("Policy.Read.All", "Policy.ReadWrite.ConditionalAccess"), Config: tn.Provider() + config, ConfigPlanChecks: unchanged},
	)
}

func TestManyLocationsAreReadByOneRequest(t *testing.T) {
	t.Parallel()
	tn := acctest.NewLocationTenant(t)
	config := tn.Provider()
	const many = 30
	for i := range many {
		config += strings.Replace(acctest.TrustedIPs(fmt.Sprintf("Site %d", i), fmt.Sprintf("203.0.113.%d", i)), `"test"`, fmt.Sprintf(`"site%d"`, i), 1)
	}
	forget := func() {
		if err := tn.ClearRequests(context.Background()); err != nil {
			t.Fatal(err)
		}
	}
	tn.Run(
		resource.TestStep{Config: config, Check: tn.WroteLocations(many)},
		resource.TestStep{
			PreConfig: forget, Config: config, ConfigPlanChecks: unchanged,
			Check: func(*terraform.State) error {
				// The test framework runs a handful of commands for a step, each with a provider of its own.
				if reads := tn.Sent(http.MethodGet); reads == 0 || reads > 10 {
					return fmt.Errorf("%d reads for %d locations", reads, many)
				}
				return nil
			},
		},
	)
}

package locations_test

import (
	"fmt"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/acctest"
)

func listOf(values ...string) knownvalue.Check {
	checks := make([]knownvalue.Check, len(values))
	for i, value := range values {
		checks[i] = knownvalue.StringExact(value)
	}
	return knownvalue.ListExact(checks)
}

func TestTheDataSourceReadsALocationByIDAndByName(t *testing.T) {
	t.Parallel()
	tn := acctest.NewLocationTenant(t)
	read := func(key, value string) string {
		return tn.Provider() + fmt.Sprintf("data \"entramfa_trusted_ips\" \"test\" {\n  %s = %q\n}\n", key, value)
	}
	is := func(name string, value knownvalue.Check) statecheck.StateCheck {
		return statecheck.ExpectKnownValue("data.entramfa_trusted_ips.test", tfjsonpath.New(name), value)
	}
	branch := func(name string) []statecheck.StateCheck {
		return []statecheck.StateCheck{
			is("id", acctest.Text(acctest.BranchID)), is("display_name", acctest.Text(name)), is("ip_ranges", listOf("198.51.100.0/25", "2001:db8:b::/48")),
			is("address_count_ipv4", knownvalue.Int64Exact(128)), is("network_count_ipv6", knownvalue.Int64Exact(65_536)), is("trusted", knownvalue.Bool(true)),
		}
	}
	tn.Run(
		resource.TestStep{Config: read("id", acctest.BranchID), ConfigStateChecks: branch("Branch")},
		resource.TestStep{Config: read("display_name", "Branch"), ConfigStateChecks: branch("Branch")},
		resource.TestStep{Config: read("display_name", "Guests"), ConfigStateChecks: []statecheck.StateCheck{is("id", acctest.Text(acctest.GuestsID)), is("trusted", knownvalue.Bool(false))}},
		resource.TestStep{Config: read("display_name", "Nowhere"), ExpectError: acctest.Says(`Named location "Nowhere" not found`, "display_name = ", "Check the spelling")},
		resource.TestStep{Config: read("id", acctest.NobodyID), ExpectError: acctest.Says("Named location "+acctest.NobodyID+" not found", "id = ", "tenant_id")},
		resource.TestStep{Config: read("display_name", "twin"), ExpectError: acctest.Says(`2 named locations are called "twin"`, acctest.TwinID, acctest.OtherTwinID)},
		resource.TestStep{Config: read("id", acctest.ItalyID), ExpectError: acctest.Says(`Named location "Italy" has no IP ranges`, "countryNamedLocation")},
		resource.TestStep{Config: read("id", "Branch"), ExpectError: acctest.Says("Invalid GUID", `"Branch" is not an id`)},
		resource.TestStep{Config: read("display_name", ""), ExpectError: acctest.Says("Invalid display name", "The name is empty")},
		resource.TestStep{Config: tn.Provider() + "data \"entramfa_trusted_ips\" \"test\" {\n}\n", ExpectError: acctest.Says("Missing Attribute Configuration", "display_name")},
		resource.TestStep{
			Config:      tn.Provider() + fmt.Sprintf("data \"entramfa_trusted_ips\" \"test\" {\n  id = %q\n  display_name = \"Branch\"\n}\n", acctest.BranchID),
			ExpectError: acctest.Says("Invalid Attribute Combination"),
		},
		resource.TestStep{Config: read("display_name", "BRANCH"), ConfigStateChecks: branch("BRANCH")},
	)
}

func TestTheDataSourceOfRangesListsEverythingThatIsTrusted(t *testing.T) {
	t.Parallel()
	people := acctest.LocationTenant()
	// A part of what Branch has, spelled otherwise.
	people.NamedLocations = append(people.NamedLocations, control.NewIPNamedLocation("Annex", true, "198.51.100.9/26", "2001:0DB8:000B::5/64", "198.51.100.77/25"))
	tn := acctest.StartTenant(t, people, acctest.Quick())
	const data = "data.entramfa_trusted_ip_ranges.test"
	at := func(path tfjsonpath.Path, value knownvalue.Check) statecheck.StateCheck {
		return statecheck.ExpectKnownValue(data, path, value)
	}
	locations := tfjsonpath.New("locations")
	named := func(i int, name string) statecheck.StateCheck {
		return at(locations.AtSliceIndex(i).AtMapKey("display_name"), acctest.Text(name))
	}
	config := tn.Provider() + "data \"entramfa_trusted_ip_ranges\" \"test\" {}\n"
	tn.Run(
		resource.TestStep{Config: config, ConfigStateChecks: []statecheck.StateCheck{
			at(locations, knownvalue.ListSizeExact(5)),
			named(0, "Annex"), named(1, "Branch"), named(2, "Depot"), named(3, "Twin"), named(4, "Twin"),
			at(locations.AtSliceIndex(3).AtMapKey("id"), acctest.Text(acctest.TwinID)),
			at(locations.AtSliceIndex(4).AtMapKey("id"), acctest.Text(acctest.OtherTwinID)),
			at(locations.AtSliceIndex(0).AtMapKey("ip_ranges"), listOf("198.51.100.0/25", "198.51.100.0/26", "2001:db8:b::/64")),
			at(locations.AtSliceIndex(0).AtMapKey("address_count_ipv4"), knownvalue.Int64Exact(128)),
			at(locations.AtSliceIndex(0).AtMapKey("network_count_ipv6"), knownvalue.Int64Exact(1)),
			at(tfjsonpath.New("ip_ranges"), listOf("192.0.2.0/28", "192.0.2.32/28", "192.0.2.64/28", "198.51.100.0/25", "198.51.100.0/26", "2001:db8:b::/48", "2001:db8:b::/64")),
			at(tfjsonpath.New("address_count_ipv4"), knownvalue.Int64Exact(3*16+128)),
			at(tfjsonpath.New("network_count_ipv6"), knownvalue.Int64Exact(65_536)),
		}},
		resource.TestStep{
			PreConfig: tn.Fault(control.Fault{Method: "GET", PathRegexp: "/namedLocations$", Times: new(int), Status: 403, Code: "AccessDenied", Message: "No."}),
			Config:    config, ExpectError: acctest.Says("Unable to list the named locations", "HTTP 403", "Policy.Read.All"),
		},
	)
}

func TestTheDataSourceOfRangesOfATenantThatTrustsNothing(t *testing.T) {
	t.Parallel()
	tn := acctest.NewTenant(t)
	is := func(name string, value knownvalue.Check) statecheck.StateCheck {
		return statecheck.ExpectKnownValue("data.entramfa_trusted_ip_ranges.test", tfjsonpath.New(name), value)
	}
	tn.Run(resource.TestStep{
		Config: tn.Provider() + "data \"entramfa_trusted_ip_ranges\" \"test\" {}\n",
		ConfigStateChecks: []statecheck.StateCheck{
			is("locations", knownvalue.ListSizeExact(0)), is("ip_ranges", knownvalue.ListSizeExact(0)), is("address_count_ipv4", knownvalue.Int64Exact(0)),
		},
	})
}

func TestADataSourceSeesWhatTheSameRunHasMade(t *testing.T) {
	t.Parallel()
	tn := acctest.NewLocationTenant(t)
	tn.Run(resource.TestStep{
		Config: tn.Provider() + acctest.TrustedIPs("HQ", "203.0.113.0/24") +
			"data \"entramfa_trusted_ip_ranges\" \"before\" {}\n" +
			"data \"entramfa_trusted_ip_ranges\" \"test\" {\n  depends_on = [entramfa_trusted_ips.test]\n}\n" +
			"data \"entramfa_trusted_ips\" \"test\" {\n  display_name = \"HQ\"\n  depends_on = [entramfa_trusted_ips.test]\n}\n",
		ConfigStateChecks: []statecheck.StateCheck{
			statecheck.ExpectKnownValue("data.entramfa_trusted_ip_ranges.before", tfjsonpath.New("locations"), knownvalue.ListSizeExact(4)),
			statecheck.ExpectKnownValue("data.entramfa_trusted_ip_ranges.test", tfjsonpath.New("locations"), knownvalue.ListSizeExact(5)),
			statecheck.ExpectKnownValue("data.entramfa_trusted_ips.test", tfjsonpath.New("ip_ranges"), listOf("203.0.113.0/24")),
		},
		ExpectNonEmptyPlan: false,
	})
}

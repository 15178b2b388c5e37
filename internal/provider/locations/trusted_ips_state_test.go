package locations_test

import (
	"context"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/acctest"
)

// A set and a list are the same in a state, so that one changes to the other without a version, and back in a downgrade.
func TestAStateFromWhenTheRangesWereASetIsReadAndNoDifference(t *testing.T) {
	t.Parallel()
	s := acctest.NewLocationTenant(t).LocationSession(t, nil)
	upgraded, err := s.Server.UpgradeResourceState(context.Background(), &tfprotov6.UpgradeResourceStateRequest{
		TypeName: acctest.LocationType, Version: 0, RawState: &tfprotov6.RawState{JSON: []byte(`{
			"address_count_ipv4": 128, "display_name": "Branch", "id": "` + acctest.BranchID + `", "ip_ranges": ["198.51.100.77/25", "2001:DB8:B:0:0:0:0:0/48"],
			"name": "Branch", "network_count_ipv6": 65536, "range_sizes": {"198.51.100.0/25": "128 IPv4 addresses", "2001:db8:b::/48": "65,536 IPv6 /64 networks"},
			"timeouts": null, "trusted": true}`)},
	})
	if err != nil {
		t.Fatal(err)
	}
	acctest.NoErrors(t, upgraded.Diagnostics)
	state := s.Unmarshal(upgraded.UpgradedState)
	if want := acctest.ObjectOf(t, s.Type, acctest.Branch()); !state.Equal(want) {
		t.Errorf("the state is\n%s\nwant\n%s", state, want)
	}
	// Terraform keeps a set in an order of its own, and a configuration has another one.
	planned := s.Plan(acctest.Branch(), acctest.Location("Branch", "2001:db8:b::/48", "198.51.100.0/25"))
	if have := s.Unmarshal(planned.PlannedState); !have.Equal(state) || len(planned.Diagnostics) > 0 {
		t.Errorf("planned is\n%s\n%v", have, planned.Diagnostics)
	}
}

func TestADriftOfTheRangesLeavesTheOthersInTheirPlaces(t *testing.T) {
	t.Parallel()
	s := acctest.NewLocationTenant(t).LocationSession(t, nil)
	// The tenant has 192.0.2.0/28.
	read := s.Read(acctest.LocationState(acctest.DepotID, "Depot", true, 272, 0, "203.0.113.0/24", "192.0.2.9/28 "))
	acctest.NoErrors(t, read.Diagnostics)
	ranges := acctest.AttributeOf(t, s.Unmarshal(read.NewState), "ip_ranges")
	if want := acctest.RangeList("192.0.2.9/28 "); !ranges.Equal(want) {
		t.Errorf("the ranges are %s, want %s", ranges, want)
	}
	read = s.Read(acctest.LocationState(acctest.BranchID, "Branch ", true, 128, 0, "2001:db8:b::/48", "192.0.2.0/28"))
	acctest.NoErrors(t, read.Diagnostics)
	state := s.Unmarshal(read.NewState)
	if want := acctest.RangeList("2001:db8:b::/48", "198.51.100.77/25"); !acctest.AttributeOf(t, state, "ip_ranges").Equal(want) {
		t.Errorf("the state is %s, want the ranges %s", state, want)
	}
	// White space around a name that the service does not keep is no drift.
	if name := acctest.AttributeOf(t, state, "display_name"); !name.Equal(tftypes.NewValue(tftypes.String, "Branch ")) {
		t.Errorf("the name is %s", name)
	}
}

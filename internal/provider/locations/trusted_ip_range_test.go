package locations_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/acctest"
)

const rangeType = "entramfa_trusted_ip_range"

// rangeBlock is a block of one range.
func rangeBlock(locationID, ipRange string) acctest.ResourceBlock {
	return acctest.ResourceBlock{TypeName: rangeType, Values: map[string]any{"location_id": locationID, "ip_range": ipRange}}
}

func rangesOf(t *testing.T, tn *acctest.Tenant, id string) []string {
	t.Helper()
	location, err := tn.GetNamedLocation(context.Background(), id)
	if err != nil {
		t.Fatal(err)
	}
	var texts []string
	for _, r := range location.IPRanges {
		texts = append(texts, r.CIDRAddress)
	}
	slices.Sort(texts)
	return texts
}

func wantRanges(t *testing.T, tn *acctest.Tenant, id string, want ...string) {
	t.Helper()
	if have := rangesOf(t, tn, id); !slices.Equal(have, want) {
		t.Errorf("the location has %v, want %v", have, want)
	}
}

const depotRange = "192.0.2.0/28"

// TestEveryResourceKeepsItsContract plays the life of a range; this is what its plans say, and how it is written.
func TestWhatAPlanOfATrustedIPRangeSays(t *testing.T) {
	t.Parallel()
	tn := acctest.NewLocationTenant(t)
	played := tn.Plays(t)
	config := acctest.Configuration{"x": rangeBlock(acctest.DepotID, "203.0.113.7/24")}
	report := acctest.Succeeds(t, played.Apply(config))
	if !acctest.Says("An IP range becomes trusted", `"Depot" newly trusts 256 IPv4 addresses`, "newly trusted: 203.0.113.0/24 (256 IPv4 addresses)", `"MFA outside" (enabled`, "leaves all trusted locations out").MatchString(report.Told) {
		t.Errorf("the plan says:\n%s", report.Told)
	}
	wantRanges(t, tn, acctest.DepotID, depotRange, "203.0.113.7/24")
	report = acctest.Succeeds(t, played.Apply(acctest.Configuration{"x": rangeBlock(acctest.DepotID, "203.0.113.0/25")}))
	if !acctest.Says("An IP range stops being trusted, and policies depend on it", `"Depot" stops trusting 256 IPv4 addresses`).MatchString(report.Told) {
		t.Errorf("the replacement says:\n%s", report.Told)
	}
	wantRanges(t, tn, acctest.DepotID, depotRange, "203.0.113.0/25")

	for id, says := range map[string][]string{
		acctest.DepotID + "/198.51.100.0/24":                 {"198.51.100.0/24 is not in named location", depotRange},
		acctest.DepotID:                                      {"is not the id of a location and a range", "joined by a slash"},
		"Depot/203.0.113.0/24":                               {"is not the id of a location and a range"},
		acctest.ItalyID + "/203.0.113.0/24":                  {"has no IP ranges"},
		"44444444-dddd-4ddd-8ddd-000000000001/" + depotRange: {"not found"},
	} {
		if report := tn.Plays(t).ImportOne(config, "x", id); !report.Failed() || !acctest.Says(says...).MatchString(report.String()) {
			t.Errorf("import of %s says:\n%s", id, report)
		}
	}
}

// Two runs and many resources write the same location at the same time.
func TestRangesOfOneLocationDoNotOverwriteOneAnother(t *testing.T) {
	t.Parallel()
	for name, lag := range map[string]control.ReplicaLag{"replicas agree": {}, "replicas lag": {Reads: 5, Alternate: true}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tn := acctest.NewLocationTenant(t)
			behavior, err := tn.GetBehavior(context.Background())
			if err != nil {
				t.Fatal(err)
			}
			behavior.ReplicaLag = lag
			if err := tn.SetBehavior(context.Background(), *behavior); err != nil {
				t.Fatal(err)
			}
			want := []string{depotRange}
			config := acctest.Configuration{}
			for i := range 8 {
				text := fmt.Sprintf("203.0.113.%d/32", i)
				config[fmt.Sprintf("r%d", i)] = rangeBlock(acctest.DepotID, text)
				want = append(want, text)
			}
			played := tn.Plays(t)
			played.Parallel = 8
			acctest.Succeeds(t, played.Apply(config))
			// Another configuration owns one as well.
			second := tn.Plays(t)
			acctest.Succeeds(t, second.Apply(acctest.Configuration{"y": rangeBlock(acctest.DepotID, "198.51.100.0/24")}))
			want = append(want, "198.51.100.0/24")
			slices.Sort(want)
			wantRanges(t, tn, acctest.DepotID, want...)
			if report := acctest.Succeeds(t, played.Plan(config)); len(report.Changed) > 0 {
				t.Errorf("the plan has changes:\n%s", report)
			}
			acctest.Succeeds(t, played.Apply(acctest.Configuration{}))
			wantRanges(t, tn, acctest.DepotID, depotRange, "198.51.100.0/24")
		})
	}
}

func TestWhatCannotBeARangeOfItsOwnIsRefusedAtPlan(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		block acctest.ResourceBlock
		want  []string
	}{
		"no such location":       {rangeBlock("44444444-dddd-4ddd-8ddd-000000000001", "203.0.113.0/24"), []string{"not found", "tenant_id"}},
		"a location not trusted": {rangeBlock(acctest.GuestsID, "198.51.100.0/24"), []string{`Named location "Guests" is not trusted`, "Mark it as trusted"}},
		"countries":              {rangeBlock(acctest.ItalyID, "198.51.100.0/24"), []string{`Named location "Italy" has no IP ranges`}},
	} {
		tn := acctest.NewLocationTenant(t)
		if report := tn.Plays(t).Apply(acctest.Configuration{"x": c.block}); report.Planned || !acctest.Says(c.want...).MatchString(report.String()) {
			t.Errorf("%s is told:\n%s", name, report)
		}
	}
	tn := acctest.NewLocationTenant(t)
	played := tn.Plays(t)
	acctest.Succeeds(t, played.ImportOne(acctest.Configuration{"x": rangeBlock(acctest.DepotID, depotRange)}, "x", acctest.DepotID+"/"+depotRange))
	if report := played.Apply(acctest.Configuration{}); report.Planned || !acctest.Says(depotRange+` is the last range of named location "Depot"`, "Delete the location", "destroy = false").MatchString(report.String()) {
		t.Errorf("the destroy of the last range says:\n%s", report)
	}
	wantRanges(t, tn, acctest.DepotID, depotRange)
	s := tn.SessionOf(t, rangeType, nil)
	for text, want := range map[string]string{"203.0.113.0": "", "10.0.0.0/8": "/8", "203.0.113.0-203.0.113.9": "ip_ranges_from_text", "office": "Invalid IP range"} {
		validated, err := s.Server.ValidateResourceConfig(context.Background(), &tfprotov6.ValidateResourceConfigRequest{
			TypeName: rangeType, Config: acctest.Dynamic(t, acctest.ObjectOf(t, s.Type, map[string]any{"location_id": acctest.DepotID, "ip_range": text})),
		})
		if err != nil {
			t.Fatal(err)
		}
		if told := strings.Join(acctest.Told(tfprotov6.DiagnosticSeverityError, validated.Diagnostics), "\n"); (told == "") != (want == "") || !strings.Contains(told, want) {
			t.Errorf("%q is told %q", text, told)
		}
	}
	unknown := s.Plan(nil, map[string]any{"location_id": tftypes.NewValue(tftypes.String, tftypes.UnknownValue), "ip_range": "203.0.113.0/24"})
	acctest.NoErrors(t, unknown.Diagnostics)
}

func TestALocationIsManagedAsAWholeOrByRanges(t *testing.T) {
	t.Parallel()
	tn := acctest.NewLocationTenant(t)
	played := tn.Plays(t)
	config := acctest.Configuration{
		"whole": {TypeName: acctest.LocationType, Values: map[string]any{"display_name": "Depot", "ip_ranges": []any{depotRange}}},
		"part":  rangeBlock(acctest.DepotID, "203.0.113.0/24"),
	}
	acctest.Succeeds(t, played.ImportOne(config, "whole", acctest.DepotID))
	report := played.Apply(config)
	if report.Planned || !acctest.Says("A location is managed as a whole and by single ranges", acctest.DepotID, "ip_ranges of entramfa_trusted_ips", "destroy = false").MatchString(report.String()) {
		t.Errorf("the plan says:\n%s", report)
	}
	wantRanges(t, tn, acctest.DepotID, depotRange)
	delete(config, "part")
	acctest.Succeeds(t, played.Apply(config))
}

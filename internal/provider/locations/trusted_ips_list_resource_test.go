package locations_test

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/acctest"
)

const (
	branchListed = "Branch (128 IPv4 addresses and 65,536 IPv6 /64 networks)"
	depotListed  = "Depot (16 IPv4 addresses)"
	twinListed   = "Twin (16 IPv4 addresses)"
)

func TestTheListOfTrustedIPsHoldsWhatIsTrusted(t *testing.T) {
	t.Parallel()
	l := acctest.NewLocationTenant(t).Lister(t, acctest.LocationType, nil)
	for name, tc := range map[string]struct {
		config map[string]any
		limit  int64
		want   []string
	}{
		// Guests is not trusted, and Italy a country.
		"all":                     {nil, 100, []string{branchListed, depotListed, twinListed, twinListed}},
		"without a limit":         {nil, 0, []string{branchListed, depotListed, twinListed, twinListed}},
		"a part of a name":        {map[string]any{"display_name_contains": "RAN"}, 100, []string{branchListed}},
		"a name that two have":    {map[string]any{"display_name_contains": "twin"}, 100, []string{twinListed, twinListed}},
		"one of them":             {map[string]any{"display_name_contains": "twin"}, 1, []string{twinListed}},
		"what is not trusted":     {map[string]any{"display_name_contains": "guests"}, 100, nil},
		"countries":               {map[string]any{"display_name_contains": "italy"}, 100, nil},
		"the first":               {nil, 1, []string{branchListed}},
		"as many as there are":    {nil, 4, []string{branchListed, depotListed, twinListed, twinListed}},
		"a name that nothing has": {map[string]any{"display_name_contains": "Headquarters"}, 100, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			have := l.Names(l.List(tc.config, tc.limit, false))
			slices.Sort(have)
			if difference := cmp.Diff(tc.want, have); difference != "" {
				t.Errorf("(-want +got):\n%s", difference)
			}
		})
	}
	if errors := l.ValidateList(map[string]any{"display_name_contains": ""}); len(errors) != 1 || !acctest.Says("at least 1").MatchString(errors[0].Detail) {
		t.Errorf("an empty part of a name is told %v", errors)
	}
}

func TestAListedLocationIsWhatAnImportMakesOfIt(t *testing.T) {
	t.Parallel()
	l := acctest.NewLocationTenant(t).Lister(t, acctest.LocationType, nil)
	results := l.List(nil, 100, true)
	if names := l.Names(results); len(names) != 4 {
		t.Fatalf("listed are %q", names)
	}
	for _, result := range results {
		identity, err := result.Identity.IdentityData.Unmarshal(l.Identity)
		if err != nil {
			t.Fatal(err)
		}
		have, err := result.Resource.Unmarshal(l.Type)
		if err != nil {
			t.Fatal(err)
		}
		if want := l.Imported(identity); !have.Equal(want) {
			t.Errorf("the list has %s as\n%s\nand an import as\n%s", result.DisplayName, have, want)
		}
	}
	for _, result := range l.List(nil, 100, false) {
		if result.Resource != nil {
			t.Errorf("%s comes with a resource that nobody asked for", result.DisplayName)
		}
	}
}

func TestTheListOfTrustedIPsIsOneRequest(t *testing.T) {
	t.Parallel()
	people := acctest.LocationTenant()
	for n := range 150 {
		people.NamedLocations = append(people.NamedLocations, control.NewIPNamedLocation(fmt.Sprintf("Shop %d", n), true, fmt.Sprintf("198.51.100.%d/32", n)))
	}
	tn := acctest.StartTenant(t, people, acctest.Quick())
	for _, limit := range []int64{1, 1000} {
		if err := tn.ClearRequests(context.Background()); err != nil {
			t.Fatal(err)
		}
		l := tn.Lister(t, acctest.LocationType, nil)
		names := l.Names(l.List(nil, limit, true))
		if want := min(int(limit), 154); len(names) != want || tn.Sent("GET") != 1 {
			t.Errorf("%d locations came of %d requests, want %d of 1", len(names), tn.Sent("GET"), want)
		}
	}
}

func TestAListOfTrustedIPsThatFailsSaysSo(t *testing.T) {
	t.Parallel()
	tn := acctest.NewLocationTenant(t)
	l := tn.Lister(t, acctest.LocationType, nil)
	always := 0
	tn.Fault(control.Fault{Path: "/v1.0/identity/conditionalAccess/namedLocations", Status: 403, Code: "AccessDenied", Times: &always})()
	listed, text := l.Failure(l.List(nil, 100, false))
	if len(listed) != 0 || !acctest.Says("Unable to list the named locations", "Policy.Read.All").MatchString(text) {
		t.Errorf("listed are %q, and the error is %s", listed, text)
	}
	tn.Heal()()
	if names := l.Names(l.List(nil, 100, false)); len(names) != 4 {
		t.Errorf("listed are %q", names)
	}
}

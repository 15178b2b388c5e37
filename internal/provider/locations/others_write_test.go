package locations_test

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/acctest"
)

func TestWhatAnAdminChangesInLocationsWhileOneIsWrittenIsKept(t *testing.T) {
	t.Parallel()
	const location = "entramfa_trusted_ips"
	hq := func(texts ...string) map[string]any {
		return map[string]any{"display_name": "HQ", "ip_ranges": acctest.StringList(texts...)}
	}
	for name, c := range map[string]struct {
		method         string
		before, config map[string]any
	}{
		"create":  {http.MethodPost, nil, hq("203.0.113.0/24")},
		"update":  {http.MethodPatch, hq("203.0.113.0/24"), hq("203.0.113.0/25")},
		"destroy": {http.MethodDelete, hq("203.0.113.0/24"), nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := acctest.NewMachine(t, acctest.MatrixTenant())
			var before acctest.Kept
			if c.before != nil {
				before = m.ApplyAll(location, acctest.Kept{}, c.before)
			}
			matches := "/namedLocations"
			if c.method != http.MethodPost {
				// Of the two locations of this name, only the one that is written.
				matches = "/namedLocations/" + idOf(t, before)
			}
			met := m.BeforeWrite(c.method, matches, func(ctx context.Context) error {
				if _, err := m.Tenant.CreateNamedLocation(ctx, control.NewIPNamedLocation("HQ", true, "192.0.2.128/25")); err != nil {
					return err
				}
				if _, err := m.Tenant.PatchNamedLocation(ctx, acctest.DepotID, control.NamedLocationPatch{DisplayName: new("Depot 2")}); err != nil {
					return err
				}
				return m.Tenant.DeleteNamedLocation(ctx, acctest.TwinID)
			})
			if c.config != nil {
				m.Converges(location, before, c.config)
			} else if after := m.ApplyAll(location, before, nil); !after.Nothing() {
				t.Errorf("after the destroy there is\n%s", after)
			}
			if met.Met.Load() != 1 {
				t.Errorf("%d writes", met.Met.Load())
			}
			picture := strings.Split(m.Picture(), "\n")
			want := []string{"location HQ true 192.0.2.128/25", "location Depot 2 true 192.0.2.0/28", "location Twin true 192.0.2.64/28"}
			if c.config != nil {
				want = append(want, "location HQ true "+map[string]string{"create": "203.0.113.0/24", "update": "203.0.113.0/25"}[name])
			}
			for _, line := range want {
				if !slices.Contains(picture, line) {
					t.Errorf("there is no %s in\n%s", line, strings.Join(picture, "\n"))
				}
			}
			if slices.Contains(picture, "location Twin true 192.0.2.32/28") {
				t.Error("what the admin deleted is back")
			}
		})
	}
}

func idOf(t *testing.T, k acctest.Kept) string {
	t.Helper()
	var attributes map[string]tftypes.Value
	var id string
	if err := k.State.As(&attributes); err != nil {
		t.Fatal(err)
	}
	if err := attributes["id"].As(&id); err != nil {
		t.Fatal(err)
	}
	return id
}

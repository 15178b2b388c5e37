package provider_test

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
)

// interceptor lets something happen between the provider's decision to write and the write.
type interceptor struct {
	http.RoundTripper
	matches func(*http.Request) bool
	meddle  func()
	met     atomic.Int64
}

func (i *interceptor) RoundTrip(request *http.Request) (*http.Response, error) {
	if i.matches(request) && i.met.Add(1) == 1 {
		i.meddle()
	}
	return i.RoundTripper.RoundTrip(request)
}

// beforeWrite makes an administrator change something right before the first write to a path that ends so.
func (m *machine) beforeWrite(method, suffix string, change func(ctx context.Context) error) *interceptor {
	i := &interceptor{
		RoundTripper: m.sender.Transport,
		matches: func(request *http.Request) bool {
			return request.Method == method && strings.HasSuffix(request.URL.Path, suffix)
		},
		meddle: m.tn.do(change),
	}
	m.sender.Transport = i
	return i
}

// converges applies, and wants the plan after it to be empty.
func (m *machine) converges(typeName string, before kept, config map[string]any) kept {
	m.t.Helper()
	after := m.applyAll(typeName, before, config)
	process := m.process()
	refreshed := m.refresh(process, typeName, after)
	next, diagnostics := process.plan(typeName, refreshed, config)
	noErrors(m.t, diagnostics)
	if !next.planned.Equal(refreshed.state) {
		m.t.Errorf("the plan after it is %s, and the state\n%s", next.planned, refreshed)
	}
	return refreshed
}

func TestWhatAnAdminChangesInThePolicyWhileTheCampaignIsWrittenIsKept(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ before, config map[string]any }{
		"create": {nil, map[string]any{"state": "enabled", "snooze_days": 3, "include": targetsOf(true, nil, nil)}},
		"update": {
			map[string]any{"state": "enabled", "snooze_days": 5, "include": targetsOf(true, nil, nil)},
			map[string]any{"state": "enabled", "snooze_days": 3, "include": targetsOf(true, nil, nil), "exclude": targetsOf(nil, nil, []string{leaversID})},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := newMachine(t, matrixTenant())
			var before kept
			if c.before != nil {
				before = m.applyAll(policyTypeName, kept{}, c.before)
			}
			const admins = `{"reportSuspiciousActivitySettings":{"state":"enabled","voiceReportingCode":7},"systemCredentialPreferences":{"state":"disabled"}}`
			met := m.beforeWrite(http.MethodPatch, "/policies/authenticationMethodsPolicy", func(ctx context.Context) error {
				_, err := m.tn.PatchAuthenticationMethodsPolicy(ctx, json.RawMessage(admins))
				return err
			})
			m.converges(policyTypeName, before, c.config)
			if met.met.Load() != 1 {
				t.Errorf("%d writes", met.met.Load())
			}
			policy, err := m.tn.GetAuthenticationMethodsPolicy(context.Background())
			if err != nil {
				t.Fatal(err)
			}
			if activity := policy.ReportSuspiciousActivitySettings; activity == nil || activity.State != "enabled" || activity.VoiceReportingCode != 7 ||
				policy.SystemCredentialPreferences == nil || policy.SystemCredentialPreferences.State != "disabled" {
				t.Errorf("what the admin changed is lost: %+v, %+v", policy.ReportSuspiciousActivitySettings, policy.SystemCredentialPreferences)
			}
			if campaign := policy.Campaign(); campaign.State != "enabled" || *campaign.SnoozeDurationInDays != 3 {
				t.Errorf("the campaign is %+v", campaign)
			}
		})
	}
}

func TestWhatAnAdminChangesInLocationsWhileOneIsWrittenIsKept(t *testing.T) {
	t.Parallel()
	const location = "entramfa_trusted_ips"
	hq := func(texts ...string) map[string]any {
		return map[string]any{"display_name": "HQ", "ip_ranges": stringList(texts...)}
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
			m := newMachine(t, matrixTenant())
			var before kept
			if c.before != nil {
				before = m.applyAll(location, kept{}, c.before)
			}
			matches := "/namedLocations"
			if c.method != http.MethodPost {
				// Of the two locations of this name, only the one that is written.
				matches = "/namedLocations/" + idOf(t, before)
			}
			met := m.beforeWrite(c.method, matches, func(ctx context.Context) error {
				if _, err := m.tn.CreateNamedLocation(ctx, control.NewIPNamedLocation("HQ", true, "192.0.2.128/25")); err != nil {
					return err
				}
				if _, err := m.tn.PatchNamedLocation(ctx, depotID, control.NamedLocationPatch{DisplayName: new("Depot 2")}); err != nil {
					return err
				}
				return m.tn.DeleteNamedLocation(ctx, twinID)
			})
			if c.config != nil {
				m.converges(location, before, c.config)
			} else if after := m.applyAll(location, before, nil); !after.nothing() {
				t.Errorf("after the destroy there is\n%s", after)
			}
			if met.met.Load() != 1 {
				t.Errorf("%d writes", met.met.Load())
			}
			picture := strings.Split(m.picture(), "\n")
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

func idOf(t *testing.T, k kept) string {
	t.Helper()
	var attributes map[string]tftypes.Value
	var id string
	if err := k.state.As(&attributes); err != nil {
		t.Fatal(err)
	}
	if err := attributes["id"].As(&id); err != nil {
		t.Fatal(err)
	}
	return id
}

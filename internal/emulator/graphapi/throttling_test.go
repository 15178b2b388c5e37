package graphapi

import (
	"fmt"
	"math"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/store"
)

func TestChargeFor(t *testing.T) {
	tests := []struct {
		method, template, query string
		want                    charge
	}{
		{"GET", "/users/{id}", "", charge{units: 1}},
		{"GET", "/users", "", charge{units: 2}},
		{"GET", "/users", "$select=id", charge{units: 1}},
		{"GET", "/users", "select=id&$expand=memberOf", charge{units: 2}},
		{"GET", "/users", "%24top=19", charge{units: 1}},
		{"GET", "/users", "$top=20", charge{units: 2}},
		{"GET", "/users", "$select=id&$top=1", charge{units: 1}},
		{"GET", "/users/{id}", "$expand=memberOf", charge{units: 2}},
		{"GET", "/groups", "", charge{units: 1}},
		{"GET", "/groups/{id}/members", "", charge{units: 3}},
		{"GET", "/groups/{id}/members/microsoft.graph.user", "$select=id", charge{units: 2}},
		{"GET", "/groups/{id}/transitiveMembers", "$select=id&$top=5", charge{units: 3}},
		{"GET", "/groups/{id}/transitiveMembers/microsoft.graph.group", "", charge{units: 5}},
		{"POST", "/directoryObjects/getByIds", "", charge{units: 5}},
		{"POST", "/directoryObjects/getByIds", "$select=id", charge{units: 2}},
		{"POST", "/users/{id}/checkMemberGroups", "", charge{units: 4}},
		{"GET", "/users/{id}/authentication/requirements", "", charge{units: 1}},
		{"PATCH", "/users/{id}/authentication/requirements", "", charge{units: 1, writes: 1}},
		{"POST", "/groups/{id}", "", charge{units: 1, writes: 1}},
		{"DELETE", "/users/{id}", "", charge{units: 1, writes: 1}},
	}
	for _, test := range tests {
		t.Run(test.method+" "+test.template+"?"+test.query, func(t *testing.T) {
			if got := chargeOf(t, test.method, test.template, test.query); got != test.want {
				t.Errorf("want %+v, got %+v", test.want, got)
			}
		})
	}
}

// chargeOf is the charge of a resource by its path.
func chargeOf(t *testing.T, method, path, query string) charge {
	t.Helper()
	current := newTree(table())
	for segment := range strings.SplitSeq(strings.TrimPrefix(path, "/"), "/") {
		if next := current.child(segment, true); next != nil {
			current = next
		} else if current = current.key; current == nil {
			t.Fatalf("there is no %s", path)
		}
	}
	return current.resource.charge(method, query)
}

// limitedTenant is a tenant with that many users whose throttling is asked directly: the documented limits are too wide to be
// reached one HTTP request after the other.
type limitedTenant struct {
	*testing.T
	data  *store.Store
	graph *Service
	clock time.Time
}

func newLimited(t *testing.T, users int, behavior control.Behavior) *limitedTenant {
	t.Helper()
	l := &limitedTenant{T: t, clock: time.Now()}
	tenant := &control.Tenant{}
	for i := range users {
		tenant.Users = append(tenant.Users, control.User{UserPrincipalName: fmt.Sprintf("user%d@contoso.example", i)})
	}
	l.data = store.New(func() time.Time { return l.clock })
	l.data.Update(func(tx *store.Tx) {
		tx.SetBehavior(behavior)
		Seed(tx, tenant)
	})
	l.graph = New(Config{Store: l.data})
	return l
}

func (l *limitedTenant) tenantID() string { return store.Read(l.data, (*store.Tx).TenantID) }

func (l *limitedTenant) ask(app, method, class string, cost charge) (float64, *refusal) {
	l.Helper()
	return l.graph.throttle(&request{version: "v1.0", path: "/x", method: method, caller: Caller{AppID: app}}, class, cost)
}

// until counts how many requests pass before the first refusal.
func (l *limitedTenant) until(app, method, class string, cost charge) (int, *refusal) {
	l.Helper()
	for passed := range 100_000 {
		if _, refusal := l.ask(app, method, class, cost); refusal != nil {
			return passed, refusal
		}
	}
	l.Fatal("there is no limit")
	return 0, nil
}

func TestDocumentedResourceUnitsGoByTheSizeOfTheTenant(t *testing.T) {
	for users, units := range map[int]int{0: 3500, 49: 3500, 50: 5000, 500: 5000, 501: 8000} {
		t.Run(fmt.Sprint(users, " users"), func(t *testing.T) {
			l := newLimited(t, users, control.Behavior{Throttle: control.DocumentedThrottling()})
			passed, refusal := l.until("app", http.MethodGet, control.ClassDirectory, charge{units: 5})
			if passed*5 != units {
				t.Errorf("%d units pass, want %d", passed*5, units)
			}
			want := http.Header{
				"Retry-After":               {"1"},
				"X-Ms-Throttle-Scope":       {"Tenant_Application/ReadWrite/app/" + l.tenantID()},
				"X-Ms-Throttle-Information": {"ResourceUnitLimitExceeded"},
			}
			if got := fmt.Sprint(refusal.header); got != fmt.Sprint(want) {
				t.Errorf("got %s, want %v", got, want)
			}
			if _, refusal := l.ask("another app", http.MethodGet, control.ClassDirectory, charge{units: 5}); refusal != nil {
				t.Error("another app has a bucket of its own")
			}
			l.clock = l.clock.Add(time.Second)
			if passed, _ := l.until("app", http.MethodGet, control.ClassDirectory, charge{units: 5}); passed != units/10/5-1 {
				t.Errorf("%d pass after a second, in which the refused request was paid for", passed)
			}
		})
	}
}

func TestDocumentedWrites(t *testing.T) {
	l := newLimited(t, 501, control.Behavior{Throttle: control.DocumentedThrottling()})
	cost := charge{units: 1, writes: 1}
	for app := range 6 {
		passed := 0
		for range 3000 {
			if _, refusal := l.ask(fmt.Sprint(app), http.MethodPatch, control.ClassAuthentication, cost); refusal == nil {
				passed++
			}
		}
		if passed != 3000 {
			t.Errorf("app %d: %d writes pass", app, passed)
		}
	}
	_, refusal := l.ask("0", http.MethodPatch, control.ClassAuthentication, cost)
	if refusal == nil || refusal.header.Get("X-Ms-Throttle-Information") != "WriteLimitExceeded" ||
		refusal.header.Get("X-Ms-Throttle-Scope") != "Tenant_Application/Write/0/"+l.tenantID() || refusal.header.Get("Retry-After") != "1" {
		t.Errorf("the limit of the app: %+v", refusal)
	}
	_, refusal = l.ask("6", http.MethodPatch, control.ClassDirectory, cost)
	if refusal == nil || refusal.header.Get("X-Ms-Throttle-Information") != "WriteLimitExceeded" ||
		refusal.header.Get("X-Ms-Throttle-Scope") != "Tenant/Write/6/"+l.tenantID() {
		t.Errorf("the limit of all apps: %+v", refusal)
	}
	if _, refusal := l.ask("6", http.MethodGet, control.ClassDirectory, charge{units: 1}); refusal != nil {
		t.Errorf("reads are not writes: %+v", refusal)
	}
}

func TestDocumentedReports(t *testing.T) {
	l := newLimited(t, 1, control.Behavior{Throttle: control.DocumentedThrottling()})
	passed, refusal := l.until("app", http.MethodGet, control.ClassReports, charge{units: 1})
	if passed != 5 || refusal.header.Get("Retry-After") != "2" || refusal.header.Get("X-Ms-Throttle-Information") != "" {
		t.Errorf("%d pass, then %+v", passed, refusal)
	}
	if passed, _ := l.until("another app", http.MethodGet, control.ClassReports, charge{units: 1}); passed != 5 {
		t.Errorf("%d pass for another app", passed)
	}
}

func TestTheServiceOfAuthenticationIsConfigurable(t *testing.T) {
	tests := []struct {
		service string
		want    int
	}{
		{"", 3500}, {control.ServiceIdentityAndAccess, 3500}, {control.ServiceReports, 5}, {control.ServiceNone, -1},
	}
	for _, test := range tests {
		t.Run(test.service, func(t *testing.T) {
			l := newLimited(t, 1, control.Behavior{Throttle: control.DocumentedThrottling(), AuthenticationService: test.service})
			if test.want < 0 {
				for range 10_000 {
					if _, refusal := l.ask("app", http.MethodGet, control.ClassAuthentication, charge{units: 1}); refusal != nil {
						t.Fatalf("%+v", refusal)
					}
				}
				return
			}
			if passed, _ := l.until("app", http.MethodGet, control.ClassAuthentication, charge{units: 1}); passed != test.want {
				t.Errorf("%d pass, want %d", passed, test.want)
			}
			if _, refusal := l.ask("app", http.MethodGet, control.ClassReports, charge{units: 1}); (refusal != nil) != (test.service == control.ServiceReports) {
				t.Errorf("a report: %+v", refusal)
			}
		})
	}
}

func TestRefusedRequestsAreChargedUpToABound(t *testing.T) {
	rule := control.Throttle{Count: control.CountResourceUnits, RequestsPerSecond: 1, Burst: 10, RetryAfter: "auto"}
	for _, charged := range []bool{false, true} {
		t.Run(fmt.Sprint(charged), func(t *testing.T) {
			rule.ChargeRefused = charged
			l := newLimited(t, 1, control.Behavior{Throttle: []control.Throttle{rule}})
			passed, refusal := l.until("app", http.MethodGet, control.ClassDirectory, charge{units: 2})
			first := map[bool]string{false: "2", true: "4"}[charged]
			if passed != 5 || refusal.header.Get("Retry-After") != first {
				t.Errorf("%d pass, then %+v", passed, refusal)
			}
			var usage float64
			for range 20 {
				usage, refusal = l.ask("app", http.MethodGet, control.ClassDirectory, charge{units: 2})
			}
			last, want := map[bool]string{false: "2", true: "10"}[charged], map[bool]float64{false: 1, true: 1.8}[charged]
			if refusal.header.Get("Retry-After") != last || math.Abs(usage-want) > 1e-9 {
				t.Errorf("Retry-After %s, usage %g", refusal.header.Get("Retry-After"), usage)
			}
			wait := map[bool]time.Duration{false: 2 * time.Second, true: 10 * time.Second}[charged]
			l.clock = l.clock.Add(wait)
			if _, refusal := l.ask("app", http.MethodGet, control.ClassDirectory, charge{units: 2}); refusal != nil {
				t.Errorf("after the wait that was asked for: %+v", refusal)
			}
		})
	}
}

func TestARequestDearerThanTheBucketPassesWhenItIsFull(t *testing.T) {
	l := newLimited(t, 1, control.Behavior{Throttle: []control.Throttle{{Count: control.CountResourceUnits, RequestsPerSecond: 1, Burst: 3}}})
	if passed, _ := l.until("app", http.MethodGet, control.ClassDirectory, charge{units: 5}); passed != 1 {
		t.Errorf("%d pass", passed)
	}
}

package emulator_test

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/emulatortest"
)

func TestStartRefuses(t *testing.T) {
	taken := emulatortest.Start(t)
	address := strings.TrimPrefix(taken.Server.URL(), "https://")
	tests := []struct {
		name    string
		cfg     emulator.Config
		message string
	}{
		{"an address of all interfaces", emulator.Config{Address: "0.0.0.0:0"}, "not a loopback address"},
		{"an address of no interface in particular", emulator.Config{Address: ":0"}, "not a loopback address"},
		{"a remote address", emulator.Config{Address: "192.0.2.1:0"}, "not a loopback address"},
		{"a host name", emulator.Config{Address: "example.com:0"}, "not a loopback address"},
		{"an address without a port", emulator.Config{Address: "127.0.0.1"}, "host:port"},
		{"a port in use", emulator.Config{Address: address}, "in use"},
		{"a bad tenant", emulator.Config{Tenant: &emulator.Tenant{TenantID: "x"}}, "tenantId"},
		{"a bad behaviour", emulator.Config{Behavior: control.Behavior{LatencyMs: -1}}, "latencyMs"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			server, err := emulator.Start(test.cfg)
			if err == nil {
				_ = server.Close(t.Context())
			}
			if err == nil || !strings.Contains(err.Error(), test.message) {
				t.Errorf("%v", err)
			}
		})
	}
}

func TestAllInterfacesWithPermission(t *testing.T) {
	var log strings.Builder
	f := emulatortest.Start(t, func(cfg *emulator.Config) {
		cfg.Address, cfg.AllowRemote, cfg.Logger = "0.0.0.0:0", true, textLogger(&log)
	})
	if parsed, err := url.Parse(f.Server.URL()); err != nil || parsed.Hostname() != "localhost" {
		t.Errorf("URL is %s", f.Server.URL())
	}
	if got := f.State(emulatortest.Adele); got != "disabled" {
		t.Errorf("state is %s", got)
	}
	if !strings.Contains(log.String(), "never use it in production") {
		t.Errorf("no warning in %s", log.String())
	}
}

func TestEmptyTenant(t *testing.T) {
	f := emulatortest.Start(t, func(cfg *emulator.Config) { cfg.Tenant = nil })
	snapshot, err := f.Control.Snapshot(f.Ctx)
	if err != nil || !control.IsGUID(snapshot.TenantID) || len(snapshot.Users)+len(snapshot.Apps)+len(snapshot.Groups) != 0 {
		t.Errorf("%+v, %v", snapshot, err)
	}
	if snapshot.TenantID != f.Server.TenantID() {
		t.Errorf("TenantID is %s", f.Server.TenantID())
	}
}

func TestTenantOfTheConfigIsCopied(t *testing.T) {
	tenant := emulator.SampleTenant()
	f := emulatortest.Start(t, func(cfg *emulator.Config) { cfg.Tenant = tenant })
	f.WriteState(emulatortest.Adele, "enabled")
	if diff := cmp.Diff(emulator.SampleTenant(), tenant); diff != "" {
		t.Error(diff)
	}
}

func TestServesHTTP2AndHTTP1(t *testing.T) {
	f := emulatortest.Start(t)
	response, err := f.HTTP.Get(f.Server.URL() + "/_emulator/")
	if err != nil || response.ProtoMajor != 2 {
		t.Fatalf("%v, %v", response, err)
	}
	_ = response.Body.Close()
	transport := emulatortest.As[*http.Transport](f.HTTP.Transport).Clone()
	transport.ForceAttemptHTTP2 = false
	transport.Protocols = new(http.Protocols)
	transport.Protocols.SetHTTP1(true)
	transport.TLSClientConfig.NextProtos = nil
	defer transport.CloseIdleConnections()
	response, err = (&http.Client{Transport: transport}).Get(f.Server.URL() + "/_emulator/")
	if err != nil || response.ProtoMajor != 1 {
		t.Fatalf("%v, %v", response, err)
	}
	_ = response.Body.Close()
}

func TestCloseWaitsForRequestsUnderWay(t *testing.T) {
	f := emulatortest.Start(t)
	f.AddFault(control.Fault{DelayMs: 200})
	answered := make(chan emulatortest.Reply)
	go func() {
		answer, _ := f.Send(http.MethodGet, "/v1.0/users/"+emulatortest.Adele, http.Header{"Authorization": {"Bearer " + f.Token}}, "")
		answered <- answer
	}()
	waitForFault(f)
	if err := f.Server.Close(t.Context()); err != nil {
		t.Error(err)
	}
	if answer := <-answered; answer.Status != 200 {
		t.Errorf("%d %s", answer.Status, answer.Raw)
	}
	if err := f.Server.Close(t.Context()); err != nil {
		t.Errorf("a second time: %v", err)
	}
}

func TestCloseCutsRequestsWhenItsContextEnds(t *testing.T) {
	f := emulatortest.Start(t)
	f.ClosesBadly = true
	f.AddFault(control.Fault{DelayMs: 60_000})
	failed := make(chan error)
	go func() {
		_, err := f.Send(http.MethodGet, "/v1.0/users/"+emulatortest.Adele, http.Header{"Authorization": {"Bearer " + f.Token}}, "")
		failed <- err
	}()
	waitForFault(f)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := f.Server.Close(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Close: %v", err)
	}
	if err := <-failed; err == nil {
		t.Error("the request was answered")
	}
}

// waitForFault returns when the first fault has been hit.
func waitForFault(f *emulatortest.Fixture) {
	f.T.Helper()
	deadline := time.After(10 * time.Second)
	for {
		faults, err := f.Control.ListFaults(f.Ctx)
		if err != nil {
			f.T.Fatal(err)
		}
		if faults[0].Applied > 0 {
			return
		}
		select {
		case <-deadline:
			f.T.Fatal("the fault was not hit")
		case <-time.After(5 * time.Millisecond):
		}
	}
}

func TestCloseLeavesNoGoroutine(t *testing.T) {
	before := runtime.NumGoroutine()
	for range 3 {
		f := emulatortest.Start(t)
		f.State(emulatortest.Adele)
		f.HTTP.CloseIdleConnections()
		if err := f.Server.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	deadline := time.After(5 * time.Second)
	for runtime.NumGoroutine() > before {
		select {
		case <-deadline:
			stacks := make([]byte, 1<<20)
			t.Fatalf("%d goroutines before, %d after:\n%s", before, runtime.NumGoroutine(), stacks[:runtime.Stack(stacks, true)])
		case <-time.After(10 * time.Millisecond):
		}
	}
}

func TestManyCallersAtOnce(t *testing.T) {
	f := emulatortest.Start(t)
	f.SetBehavior(control.Behavior{
		ReplicaLag: control.ReplicaLag{Reads: 2, Alternate: true},
		Throttle:   []control.Throttle{{RequestsPerSecond: 1e6, Burst: 1e6}},
	})
	var group sync.WaitGroup
	for i := range 8 {
		group.Go(func() {
			for range 10 {
				state := []string{"disabled", "enabled", "enforced"}[i%3]
				_, _ = f.Send(http.MethodPatch, "/beta/users/"+emulatortest.Adele+"/authentication/requirements",
					http.Header{"Authorization": {"Bearer " + f.Token}, "Content-Type": {"application/json"}}, `{"perUserMfaState":"`+state+`"}`)
				_, _ = f.Send(http.MethodGet, "/v1.0/users", http.Header{"Authorization": {"Bearer " + f.Token}}, "")
				_, _ = f.Control.Snapshot(f.Ctx)
				_, _ = f.Control.SetPerUserMFAState(f.Ctx, emulatortest.Adele, state)
			}
		})
	}
	group.Wait()
	counters, err := f.Control.Counters(f.Ctx)
	if err != nil || counters.Total != 160 || counters.ByStatus["204"] != 80 || counters.ByStatus["200"] != 80 {
		t.Errorf("%+v, %v", counters, err)
	}
}

func TestEnv(t *testing.T) {
	f := emulatortest.Start(t)
	app := emulator.SampleTenant().Apps[0]
	past, future := f.Clock.Now().Add(-time.Hour), f.Clock.Now().Add(time.Hour)
	app.Secrets = []emulator.Secret{{Value: "old", Expires: &past}, {Value: "it's $ecret", Expires: &future}}
	variables, err := f.Server.Env(app, "/tmp/some dir/ca.pem")
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, variable := range variables {
		lines = append(lines, variable.Export())
	}
	want := []string{
		"export ARM_TENANT_ID='" + emulator.SampleTenantID + "'",
		"export ARM_CLIENT_ID='" + emulator.SampleAppID + "'",
		`export ARM_CLIENT_SECRET='it'\''s $ecret'`,
		"export ENTRAMFA_GRAPH_ENDPOINT='" + f.Server.URL() + "'",
		"export ENTRAMFA_AUTHORITY_HOST='" + f.Server.URL() + "'",
		"export ENTRAMFA_CA_BUNDLE_PATH='/tmp/some dir/ca.pem'",
	}
	if diff := cmp.Diff(want, lines); diff != "" {
		t.Error(diff)
	}
	app.Secrets = app.Secrets[:1]
	if _, err := f.Server.Env(app, "ca.pem"); !errors.Is(err, emulator.ErrNoSecret) {
		t.Errorf("%v", err)
	}
}

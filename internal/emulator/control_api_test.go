package emulator_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
)

func TestControlListsItself(t *testing.T) {
	f := start(t)
	answer, err := f.send(http.MethodGet, "/_emulator/", nil, "")
	if err != nil || answer.status != 200 {
		t.Fatal(answer.status, err)
	}
	for _, entry := range as[[]any](answer.body["endpoints"]) {
		endpoint := as[map[string]any](entry)
		if endpoint["description"] == "" || !strings.HasPrefix(as[string](endpoint["path"]), "/_emulator/") {
			t.Errorf("%v", endpoint)
		}
	}
	if answer, err := f.send(http.MethodPost, "/_emulator/nonsense", nil, ""); err != nil || answer.status != 404 ||
		!strings.Contains(string(answer.raw), "GET /_emulator/ lists") {
		t.Errorf("%d %s %v", answer.status, answer.raw, err)
	}
}

func TestControlLists(t *testing.T) {
	f := start(t)
	tenant := emulator.SampleTenant()
	for path, want := range map[string]int{"users": len(tenant.Users), "groups": len(tenant.Groups), "apps": len(tenant.Apps)} {
		answer, err := f.send(http.MethodGet, "/_emulator/"+path, nil, "")
		var list []map[string]any
		if err != nil || json.Unmarshal(answer.raw, &list) != nil || len(list) != want {
			t.Errorf("%s: %d %s %v", path, answer.status, answer.raw, err)
		}
	}
}

func TestControlInfo(t *testing.T) {
	f := start(t)
	info, err := f.control.Info(f.ctx)
	if err != nil || info.URL != f.server.URL() || info.TenantID != f.server.TenantID() || info.DefaultDomain != "contoso.example" ||
		info.CAPEM != string(f.server.CAPEM()) || len(info.Apps) != 2 {
		t.Errorf("%+v, %v", info, err)
	}
}

func TestSnapshotCanBeSeeded(t *testing.T) {
	f := start(t)
	f.writeState(adele, "enabled")
	before, err := f.control.Snapshot(f.ctx)
	if err != nil {
		t.Fatal(err)
	}
	if err := f.control.DeleteUser(f.ctx, adele); err != nil {
		t.Fatal(err)
	}
	if between, err := f.control.Snapshot(f.ctx); err != nil || cmp.Equal(before, between) {
		t.Errorf("the deletion is not in the snapshot, %v", err)
	}
	if err := f.control.Seed(f.ctx, before); err != nil {
		t.Fatal(err)
	}
	after, err := f.control.Snapshot(f.ctx)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(before, after); diff != "" {
		t.Error(diff)
	}
	if got := f.state(adele); got != "enabled" {
		t.Errorf("state is %s", got)
	}
}

func TestControlUsers(t *testing.T) {
	f := start(t)
	created, err := f.control.CreateUser(f.ctx, control.User{UserPrincipalName: "new.hire#1@contoso.example"})
	if err != nil || created.ID == "" || created.UserType != "Member" || created.PerUserMFAState != "disabled" || !*created.AccountEnabled {
		t.Fatalf("%+v, %v", created, err)
	}
	if got := f.state(created.UserPrincipalName); got != "disabled" {
		t.Errorf("state is %s", got)
	}
	if _, err := f.control.PatchGroup(f.ctx, emulator.SampleEngineeringID, control.GroupPatch{Members: &[]string{created.UserPrincipalName}}); err != nil {
		t.Fatal(err)
	}
	patched, err := f.control.PatchUser(f.ctx, created.UserPrincipalName, control.UserPatch{
		UserPrincipalName: new("renamed@contoso.example"), AccountEnabled: new(false), PerUserMFAState: new("enforced"),
	})
	if err != nil || patched.ID != created.ID || *patched.AccountEnabled || patched.PerUserMFAState != "enforced" {
		t.Fatalf("%+v, %v", patched, err)
	}
	if answer := f.get("/v1.0/users/new.hire%231@contoso.example"); answer.status != 404 {
		t.Errorf("old name: %d", answer.status)
	}
	if got := f.state("renamed@contoso.example"); got != "enforced" {
		t.Errorf("state is %s", got)
	}
	if err := f.control.DeleteUser(f.ctx, created.ID); err != nil {
		t.Fatal(err)
	}
	if answer := f.get("/v1.0/users/" + created.ID); answer.status != 404 {
		t.Errorf("deleted user: %d", answer.status)
	}
	group, err := f.control.GetGroup(f.ctx, emulator.SampleEngineeringID)
	if err != nil || len(group.Members) != 0 {
		t.Errorf("%+v, %v", group, err)
	}
}

func TestControlRefusals(t *testing.T) {
	f := start(t)
	refused := func(what string, status int, message string, err error) {
		t.Helper()
		var refusal *control.Error
		if !errors.As(err, &refusal) || refusal.Status != status || !strings.Contains(refusal.Message, message) {
			t.Errorf("%s: %v", what, err)
		}
	}
	_, err := f.control.CreateUser(f.ctx, control.User{UserPrincipalName: adele})
	refused("name in use", 409, "already in use", err)
	_, err = f.control.CreateUser(f.ctx, control.User{UserPrincipalName: "x@y", ID: emulator.SampleAllStaffID})
	refused("id in use", 409, "already in use", err)
	_, err = f.control.CreateUser(f.ctx, control.User{UserPrincipalName: "nobody"})
	refused("bad name", 400, "userPrincipalName", err)
	_, err = f.control.PatchUser(f.ctx, alex, control.UserPatch{UserPrincipalName: new(adele)})
	refused("rename to a name in use", 409, "already in use", err)
	_, err = f.control.PatchUser(f.ctx, "nobody@contoso.example", control.UserPatch{})
	refused("unknown user", 404, "nobody@contoso.example", err)
	_, err = f.control.SetPerUserMFAState(f.ctx, adele, "on")
	refused("bad state", 400, `"on" is not a state`, err)
	_, err = f.control.RegisterMethod(f.ctx, adele, control.Method{Type: "carrierPigeon"})
	refused("bad method", 400, "carrierPigeon", err)
	_, err = f.control.RegisterMethod(f.ctx, "diego.siciliani@contoso.example", control.Method{Type: control.MethodPhone})
	refused("second mobile phone", 400, "already has a phone of type mobile", err)
	refused("unknown method", 404, "method x", f.control.RemoveMethod(f.ctx, adele, "x"))
	_, err = f.control.CreateGroup(f.ctx, control.Group{DisplayName: "g", Members: []string{"nobody"}})
	refused("unknown member", 400, "nobody", err)
	_, err = f.control.PatchGroup(f.ctx, emulator.SampleAllStaffID, control.GroupPatch{DisplayName: new("")})
	refused("group without a name", 400, "displayName", err)
	refused("unknown group", 404, "group", f.control.DeleteGroup(f.ctx, "x"))
	_, err = f.control.CreateApp(f.ctx, control.App{ClientID: emulator.SampleAppID})
	refused("client id in use", 409, "already in use", err)
	_, err = f.control.PatchApp(f.ctx, emulator.SampleAppID, control.AppPatch{Certificates: &[]control.Certificate{{PEM: "x"}}})
	refused("bad certificate", 400, "certificates[0].pem", err)
	refused("unknown app", 404, "app", f.control.DeleteApp(f.ctx, "x"))
	refused("bad behaviour", 400, "latencyMs", f.control.SetBehavior(f.ctx, control.Behavior{LatencyMs: -1}))
	refused("bad seed", 400, "users[0].id", f.control.Seed(f.ctx, &control.Tenant{Users: []control.User{{ID: "x", UserPrincipalName: "a@b"}}}))
	_, err = f.control.IssueAssertion(f.ctx, control.AssertionRequest{})
	refused("assertion about nobody", 400, "subject", err)
	for path, body := range map[string]string{
		"users":    `{"userPrincipalName":"a@b","perUserMfaStat":"enabled"}`,
		"behavior": `{"latency":3}`,
		"faults":   `{"status":500,"tims":1}`,
		"tenant":   `{"user":[]}`,
	} {
		method := http.MethodPost
		if path == "behavior" || path == "tenant" {
			method = http.MethodPut
		}
		answer, err := f.send(method, "/_emulator/"+path, http.Header{"Content-Type": {"application/json"}}, body)
		if err != nil || answer.status != 400 || !strings.Contains(string(answer.raw), "unknown field") {
			t.Errorf("%s: %d %s %v", path, answer.status, answer.raw, err)
		}
	}
}

func TestControlGroupsAndApps(t *testing.T) {
	f := start(t)
	group, err := f.control.CreateGroup(f.ctx, control.Group{DisplayName: "pilot", Members: []string{adele, emulator.SampleEngineeringID}})
	if err != nil || group.ID == "" || len(group.Members) != 2 {
		t.Fatalf("%+v, %v", group, err)
	}
	if answer := f.get("/v1.0/groups/" + group.ID + "/transitiveMembers/microsoft.graph.user"); len(answer.values()) != 5 {
		t.Errorf("%s", answer.raw)
	}
	if err := f.control.DeleteGroup(f.ctx, emulator.SampleEngineeringID); err != nil {
		t.Fatal(err)
	}
	if group, err := f.control.GetGroup(f.ctx, group.ID); err != nil || len(group.Members) != 1 {
		t.Errorf("%+v, %v", group, err)
	}
	app, err := f.control.CreateApp(f.ctx, control.App{
		ClientID: "0D4F1B8E-6A53-4C0D-9D8F-4B4F5B0C9E10", Secrets: []control.Secret{{Value: "s"}},
		FederatedCredentials: []control.FederatedCredential{{Issuer: "https://i.example", Subject: "s"}},
	})
	if err != nil || app.ClientID != strings.ToLower(app.ClientID) || app.FederatedCredentials[0].Audience != control.DefaultFederatedAudience {
		t.Fatalf("%+v, %v", app, err)
	}
	f.tokenFor(app.ClientID, "s")
	if _, err := f.control.PatchApp(f.ctx, app.ClientID, control.AppPatch{Secrets: &[]control.Secret{}}); err != nil {
		t.Fatal(err)
	}
	if answer := f.tokenRequest("client_id", app.ClientID, "client_secret", "s"); answer.aadsts() != 7000215 {
		t.Errorf("removed secret: %d %s", answer.status, answer.raw)
	}
	if got, err := f.control.GetApp(f.ctx, app.ClientID); err != nil || len(got.Secrets) != 0 {
		t.Errorf("%+v, %v", got, err)
	}
	if err := f.control.DeleteApp(f.ctx, app.ClientID); err != nil {
		t.Fatal(err)
	}
	if answer := f.tokenRequest("client_id", app.ClientID, "client_secret", "s"); answer.aadsts() != 700016 {
		t.Errorf("removed app: %d %s", answer.status, answer.raw)
	}
}

func TestRequestLog(t *testing.T) {
	f := start(t)
	if requests := f.requests(); len(requests) != 0 {
		t.Fatalf("control and sign-in requests are in the log: %+v", requests)
	}
	f.get("/v1.0/users/nobody%40contoso.example?$select=id", "Client-Request-Id", "11111111-2222-4333-8444-555555555555", "User-Agent", "test/1")
	f.get("/beta/nonsense")
	requests := f.requests()
	if len(requests) != 2 {
		t.Fatalf("%+v", requests)
	}
	if requests[0].RequestID == "" || requests[0].Time.IsZero() {
		t.Errorf("%+v", requests[0])
	}
	requests[0].RequestID, requests[0].Time = "", requests[1].Time
	want := control.Request{
		Time: requests[1].Time, Method: "GET", Path: "/v1.0/users/nobody%40contoso.example", Query: "$select=id",
		Status: 404, Class: control.ClassDirectory, Template: "/v1.0/users/{id}", AppID: emulator.SampleAppID,
		ClientRequestID: "11111111-2222-4333-8444-555555555555", UserAgent: "test/1",
	}
	if diff := cmp.Diff(want, requests[0]); diff != "" {
		t.Error(diff)
	}
	if requests[1].Class != control.ClassUnknown || requests[1].Status != 400 {
		t.Errorf("%+v", requests[1])
	}
	answer, err := f.send(http.MethodGet, "/_emulator/requests", nil, "")
	if err != nil || strings.Contains(string(answer.raw), f.token) || strings.Contains(string(answer.raw), "Bearer") {
		t.Errorf("the log holds the token, or %v", err)
	}
	counters, err := f.control.Counters(f.ctx)
	if err != nil || counters.Total != 2 || counters.Login != 1 || counters.ByStatus["404"] != 1 || counters.ByOperation["GET /v1.0/users/{id}"] != 1 {
		t.Errorf("%+v, %v", counters, err)
	}
	if err := f.control.ClearRequests(f.ctx); err != nil {
		t.Fatal(err)
	}
	if counters, err := f.control.Counters(f.ctx); err != nil || counters.Total != 0 || len(counters.ByStatus) != 0 || len(f.requests()) != 0 {
		t.Errorf("%+v, %v", counters, err)
	}
	if answer, err := f.send(http.MethodGet, "/_emulator/requests?service=x", nil, ""); err != nil || answer.status != 400 {
		t.Errorf("%d %v", answer.status, err)
	}
}

func TestBehaviorRoundTrip(t *testing.T) {
	f := start(t)
	want := control.Behavior{
		LatencyMs: 1, ReplicaLag: control.ReplicaLag{DurationMs: 2, Reads: 3, Alternate: true, LagCreates: true, LagDeletes: true, LagChecks: true},
		Throttle: []control.Throttle{{
			PathPrefix: "/beta", Class: control.ClassDirectory, Service: control.ServiceIdentityAndAccess, Method: "GET", MinUsers: 1, MaxUsers: 2,
			Count: control.CountWrites, Scope: control.ScopeTenant, RequestsPerSecond: 0.5, Burst: 4, RetryAfter: "1", ChargeRefused: true,
		}},
		AuthenticationService: control.ServiceReports,
		Promotion:             new(false), StatusOnStateWrite: 200, TokenLifetimeSeconds: 60, Cloud: control.CloudChina,
		Campaign: control.CampaignBehavior{
			StatusOnWrite: 204, MergeOnWrite: true, ManagedMethod: control.CampaignFIDO2, RefuseEnabledFIDO2: true,
			ReadFIDO2Capitalized: true, AllowEmptyInclude: true, LimitOn: control.LimitOnBoth,
		},
		ConditionalAccess: control.ConditionalAccessBehavior{PageSize: 2, NumberInInnerError: true, AllowDeleteInUse: true},
		TokenRequests:     &control.TokenRequests{GitHub: &control.TokenRequest{RequestToken: "t", Issuer: "i", Subject: "s"}},
		Errors:            map[string]control.ErrorOverride{control.CaseUnknownUser: {Status: 400, Code: "c", Message: "m"}},
	}
	f.setBehavior(want)
	got, err := f.control.GetBehavior(f.ctx)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(&want, got); diff != "" {
		t.Error(diff)
	}
	for _, bad := range []control.Behavior{
		{StatusOnStateWrite: 404},
		{Throttle: []control.Throttle{{}}},
		{Throttle: []control.Throttle{{RequestsPerSecond: 1, Burst: -1}}},
		{Throttle: []control.Throttle{{RequestsPerSecond: 1, Class: "x"}}},
		{Throttle: []control.Throttle{{RequestsPerSecond: 1, Service: control.ServiceNone}}},
		{Throttle: []control.Throttle{{RequestsPerSecond: 1, Count: "x"}}},
		{Throttle: []control.Throttle{{RequestsPerSecond: 1, Scope: "Application"}}},
		{Throttle: []control.Throttle{{RequestsPerSecond: 1, MinUsers: 2, MaxUsers: 1}}},
		{Throttle: []control.Throttle{{RequestsPerSecond: 1, MinUsers: -1}}},
		{AuthenticationService: control.ServiceConditionalAccess},
		{Errors: map[string]control.ErrorOverride{"x": {}}},
		{Errors: map[string]control.ErrorOverride{control.CaseBetaOnly: {Status: 200}}},
		{Cloud: "mars"},
		{Campaign: control.CampaignBehavior{StatusOnWrite: 400}},
		{Campaign: control.CampaignBehavior{ManagedMethod: "sms"}},
		{Campaign: control.CampaignBehavior{LimitOn: "v1.0"}},
		{ConditionalAccess: control.ConditionalAccessBehavior{PageSize: -1}},
		{TokenRequests: &control.TokenRequests{AzureDevOps: &control.TokenRequest{}}},
		{TokenLifetimeSeconds: -1},
	} {
		if err := f.control.SetBehavior(f.ctx, bad); err == nil {
			t.Errorf("%+v is accepted", bad)
		}
	}
}

func TestControlClientTrustsOnlyTheGivenAuthority(t *testing.T) {
	f, other := start(t), start(t)
	client, err := control.NewWithCA(f.server.URL()+"/", f.server.CAPEM())
	if err != nil {
		t.Fatal(err)
	}
	defer client.CloseIdleConnections()
	if _, err := client.Info(f.ctx); err != nil {
		t.Error(err)
	}
	client, err = control.NewWithCA(f.server.URL(), other.server.CAPEM())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.Info(f.ctx); err == nil || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("another authority: %v", err)
	}
	if _, err := control.NewWithCA(f.server.URL(), []byte("x")); err == nil {
		t.Error("a bundle without a certificate is accepted")
	}
}

package control_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/emulatortest"
)

func TestControlListsItself(t *testing.T) {
	f := emulatortest.Start(t)
	answer, err := f.Send(http.MethodGet, "/_emulator/", nil, "")
	if err != nil || answer.Status != 200 {
		t.Fatal(answer.Status, err)
	}
	for _, entry := range emulatortest.As[[]any](answer.Body["endpoints"]) {
		endpoint := emulatortest.As[map[string]any](entry)
		if endpoint["description"] == "" || !strings.HasPrefix(emulatortest.As[string](endpoint["path"]), "/_emulator/") {
			t.Errorf("%v", endpoint)
		}
	}
	if answer, err := f.Send(http.MethodPost, "/_emulator/nonsense", nil, ""); err != nil || answer.Status != 404 ||
		!strings.Contains(string(answer.Raw), "GET /_emulator/ lists") {
		t.Errorf("%d %s %v", answer.Status, answer.Raw, err)
	}
}

func TestControlLists(t *testing.T) {
	f := emulatortest.Start(t)
	tenant := emulator.SampleTenant()
	for path, want := range map[string]int{"users": len(tenant.Users), "groups": len(tenant.Groups), "apps": len(tenant.Apps)} {
		answer, err := f.Send(http.MethodGet, "/_emulator/"+path, nil, "")
		var list []map[string]any
		if err != nil || json.Unmarshal(answer.Raw, &list) != nil || len(list) != want {
			t.Errorf("%s: %d %s %v", path, answer.Status, answer.Raw, err)
		}
	}
}

func TestControlInfo(t *testing.T) {
	f := emulatortest.Start(t)
	info, err := f.Control.Info(f.Ctx)
	if err != nil || info.URL != f.Server.URL() || info.TenantID != f.Server.TenantID() || info.DefaultDomain != "contoso.example" ||
		info.CAPEM != string(f.Server.CAPEM()) || len(info.Apps) != 2 {
		t.Errorf("%+v, %v", info, err)
	}
}

func TestSnapshotCanBeSeeded(t *testing.T) {
	f := emulatortest.Start(t)
	f.WriteState(emulatortest.Adele, "enabled")
	before, err := f.Control.Snapshot(f.Ctx)
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Control.DeleteUser(f.Ctx, emulatortest.Adele); err != nil {
		t.Fatal(err)
	}
	if between, err := f.Control.Snapshot(f.Ctx); err != nil || cmp.Equal(before, between) {
		t.Errorf("the deletion is not in the snapshot, %v", err)
	}
	if err := f.Control.Seed(f.Ctx, before); err != nil {
		t.Fatal(err)
	}
	after, err := f.Control.Snapshot(f.Ctx)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(before, after); diff != "" {
		t.Error(diff)
	}
	if got := f.State(emulatortest.Adele); got != "enabled" {
		t.Errorf("state is %s", got)
	}
}

func TestControlUsers(t *testing.T) {
	f := emulatortest.Start(t)
	created, err := f.Control.CreateUser(f.Ctx, control.User{UserPrincipalName: "new.hire#1@contoso.example"})
	if err != nil || created.ID == "" || created.UserType != "Member" || created.PerUserMFAState != "disabled" || !*created.AccountEnabled {
		t.Fatalf("%+v, %v", created, err)
	}
	if got := f.State(created.UserPrincipalName); got != "disabled" {
		t.Errorf("state is %s", got)
	}
	if _, err := f.Control.PatchGroup(f.Ctx, emulator.SampleEngineeringID, control.GroupPatch{Members: &[]string{created.UserPrincipalName}}); err != nil {
		t.Fatal(err)
	}
	patched, err := f.Control.PatchUser(f.Ctx, created.UserPrincipalName, control.UserPatch{
		UserPrincipalName: new("renamed@contoso.example"), AccountEnabled: new(false), PerUserMFAState: new("enforced"),
	})
	if err != nil || patched.ID != created.ID || *patched.AccountEnabled || patched.PerUserMFAState != "enforced" {
		t.Fatalf("%+v, %v", patched, err)
	}
	if answer := f.Get("/v1.0/users/new.hire%231@contoso.example"); answer.Status != 404 {
		t.Errorf("old name: %d", answer.Status)
	}
	if got := f.State("renamed@contoso.example"); got != "enforced" {
		t.Errorf("state is %s", got)
	}
	if err := f.Control.DeleteUser(f.Ctx, created.ID); err != nil {
		t.Fatal(err)
	}
	if answer := f.Get("/v1.0/users/" + created.ID); answer.Status != 404 {
		t.Errorf("deleted user: %d", answer.Status)
	}
	group, err := f.Control.GetGroup(f.Ctx, emulator.SampleEngineeringID)
	if err != nil || len(group.Members) != 0 {
		t.Errorf("%+v, %v", group, err)
	}
}

func TestControlRefusals(t *testing.T) {
	f := emulatortest.Start(t)
	refused := func(what string, status int, message string, err error) {
		t.Helper()
		var refusal *control.Error
		if !errors.As(err, &refusal) || refusal.Status != status || !strings.Contains(refusal.Message, message) {
			t.Errorf("%s: %v", what, err)
		}
	}
	_, err := f.Control.CreateUser(f.Ctx, control.User{UserPrincipalName: emulatortest.Adele})
	refused("name in use", 409, "already in use", err)
	_, err = f.Control.CreateUser(f.Ctx, control.User{UserPrincipalName: "x@y", ID: emulator.SampleAllStaffID})
	refused("id in use", 409, "already in use", err)
	_, err = f.Control.CreateUser(f.Ctx, control.User{UserPrincipalName: "nobody"})
	refused("bad name", 400, "userPrincipalName", err)
	_, err = f.Control.PatchUser(f.Ctx, emulatortest.Alex, control.UserPatch{UserPrincipalName: new(emulatortest.Adele)})
	refused("rename to a name in use", 409, "already in use", err)
	_, err = f.Control.PatchUser(f.Ctx, "nobody@contoso.example", control.UserPatch{})
	refused("unknown user", 404, "nobody@contoso.example", err)
	_, err = f.Control.SetPerUserMFAState(f.Ctx, emulatortest.Adele, "on")
	refused("bad state", 400, `"on" is not a state`, err)
	_, err = f.Control.RegisterMethod(f.Ctx, emulatortest.Adele, control.Method{Type: "carrierPigeon"})
	refused("bad method", 400, "carrierPigeon", err)
	_, err = f.Control.RegisterMethod(f.Ctx, "diego.siciliani@contoso.example", control.Method{Type: control.MethodPhone})
	refused("second mobile phone", 400, "already has a phone of type mobile", err)
	refused("unknown method", 404, "method x", f.Control.RemoveMethod(f.Ctx, emulatortest.Adele, "x"))
	_, err = f.Control.CreateGroup(f.Ctx, control.Group{DisplayName: "g", Members: []string{"nobody"}})
	refused("unknown member", 400, "nobody", err)
	_, err = f.Control.PatchGroup(f.Ctx, emulator.SampleAllStaffID, control.GroupPatch{DisplayName: new("")})
	refused("group without a name", 400, "displayName", err)
	refused("unknown group", 404, "group", f.Control.DeleteGroup(f.Ctx, "x"))
	_, err = f.Control.CreateApp(f.Ctx, control.App{ClientID: emulator.SampleAppID})
	refused("client id in use", 409, "already in use", err)
	_, err = f.Control.PatchApp(f.Ctx, emulator.SampleAppID, control.AppPatch{Certificates: &[]control.Certificate{{PEM: "x"}}})
	refused("bad certificate", 400, "certificates[0].pem", err)
	refused("unknown app", 404, "app", f.Control.DeleteApp(f.Ctx, "x"))
	refused("bad behaviour", 400, "latencyMs", f.Control.SetBehavior(f.Ctx, control.Behavior{LatencyMs: -1}))
	refused("bad seed", 400, "users[0].id", f.Control.Seed(f.Ctx, &control.Tenant{Users: []control.User{{ID: "x", UserPrincipalName: "a@b"}}}))
	_, err = f.Control.IssueAssertion(f.Ctx, control.AssertionRequest{})
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
		answer, err := f.Send(method, "/_emulator/"+path, http.Header{"Content-Type": {"application/json"}}, body)
		if err != nil || answer.Status != 400 || !strings.Contains(string(answer.Raw), "unknown field") {
			t.Errorf("%s: %d %s %v", path, answer.Status, answer.Raw, err)
		}
	}
}

func TestControlGroupsAndApps(t *testing.T) {
	f := emulatortest.Start(t)
	group, err := f.Control.CreateGroup(f.Ctx, control.Group{DisplayName: "pilot", Members: []string{emulatortest.Adele, emulator.SampleEngineeringID}})
	if err != nil || group.ID == "" || len(group.Members) != 2 {
		t.Fatalf("%+v, %v", group, err)
	}
	if answer := f.Get("/v1.0/groups/" + group.ID + "/transitiveMembers/microsoft.graph.user"); len(answer.Values()) != 5 {
		t.Errorf("%s", answer.Raw)
	}
	if err := f.Control.DeleteGroup(f.Ctx, emulator.SampleEngineeringID); err != nil {
		t.Fatal(err)
	}
	if group, err := f.Control.GetGroup(f.Ctx, group.ID); err != nil || len(group.Members) != 1 {
		t.Errorf("%+v, %v", group, err)
	}
	app, err := f.Control.CreateApp(f.Ctx, control.App{
		ClientID: "0D4F1B8E-6A53-4C0D-9D8F-4B4F5B0C9E10", Secrets: []control.Secret{{Value: "s"}},
		FederatedCredentials: []control.FederatedCredential{{Issuer: "https://i.example", Subject: "s"}},
	})
	if err != nil || app.ClientID != strings.ToLower(app.ClientID) || app.FederatedCredentials[0].Audience != control.DefaultFederatedAudience {
		t.Fatalf("%+v, %v", app, err)
	}
	f.TokenFor(app.ClientID, "s")
	if _, err := f.Control.PatchApp(f.Ctx, app.ClientID, control.AppPatch{Secrets: &[]control.Secret{}}); err != nil {
		t.Fatal(err)
	}
	if answer := f.TokenRequest("client_id", app.ClientID, "client_secret", "s"); answer.AADSTS() != 7000215 {
		t.Errorf("removed secret: %d %s", answer.Status, answer.Raw)
	}
	if got, err := f.Control.GetApp(f.Ctx, app.ClientID); err != nil || len(got.Secrets) != 0 {
		t.Errorf("%+v, %v", got, err)
	}
	if err := f.Control.DeleteApp(f.Ctx, app.ClientID); err != nil {
		t.Fatal(err)
	}
	if answer := f.TokenRequest("client_id", app.ClientID, "client_secret", "s"); answer.AADSTS() != 700016 {
		t.Errorf("removed app: %d %s", answer.Status, answer.Raw)
	}
}

func TestRequestLog(t *testing.T) {
	f := emulatortest.Start(t)
	if requests := f.Requests(); len(requests) != 0 {
		t.Fatalf("control and sign-in requests are in the log: %+v", requests)
	}
	f.Get("/v1.0/users/nobody%40contoso.example?$select=id", "Client-Request-Id", "11111111-2222-4333-8444-555555555555", "User-Agent", "test/1")
	f.Get("/beta/nonsense")
	requests := f.Requests()
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
	answer, err := f.Send(http.MethodGet, "/_emulator/requests", nil, "")
	if err != nil || strings.Contains(string(answer.Raw), f.Token) || strings.Contains(string(answer.Raw), "Bearer") {
		t.Errorf("the log holds the token, or %v", err)
	}
	counters, err := f.Control.Counters(f.Ctx)
	if err != nil || counters.Total != 2 || counters.Login != 1 || counters.ByStatus["404"] != 1 || counters.ByOperation["GET /v1.0/users/{id}"] != 1 {
		t.Errorf("%+v, %v", counters, err)
	}
	if err := f.Control.ClearRequests(f.Ctx); err != nil {
		t.Fatal(err)
	}
	if counters, err := f.Control.Counters(f.Ctx); err != nil || counters.Total != 0 || len(counters.ByStatus) != 0 || len(f.Requests()) != 0 {
		t.Errorf("%+v, %v", counters, err)
	}
	if answer, err := f.Send(http.MethodGet, "/_emulator/requests?service=x", nil, ""); err != nil || answer.Status != 400 {
		t.Errorf("%d %v", answer.Status, err)
	}
}

func TestBehaviorRoundTrip(t *testing.T) {
	f := emulatortest.Start(t)
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
	f.SetBehavior(want)
	got, err := f.Control.GetBehavior(f.Ctx)
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
		if err := f.Control.SetBehavior(f.Ctx, bad); err == nil {
			t.Errorf("%+v is accepted", bad)
		}
	}
}

func TestControlClientTrustsOnlyTheGivenAuthority(t *testing.T) {
	f, other := emulatortest.Start(t), emulatortest.Start(t)
	client, err := control.NewWithCA(f.Server.URL()+"/", f.Server.CAPEM())
	if err != nil {
		t.Fatal(err)
	}
	defer client.CloseIdleConnections()
	if _, err := client.Info(f.Ctx); err != nil {
		t.Error(err)
	}
	client, err = control.NewWithCA(f.Server.URL(), other.Server.CAPEM())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.Info(f.Ctx); err == nil || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("another authority: %v", err)
	}
	if _, err := control.NewWithCA(f.Server.URL(), []byte("x")); err == nil {
		t.Error("a bundle without a certificate is accepted")
	}
}

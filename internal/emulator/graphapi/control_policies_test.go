package graphapi_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/emulatortest"
)

func TestControlLocations(t *testing.T) {
	f := emulatortest.Start(t, func(cfg *emulator.Config) {
		cfg.Behavior.ReplicaLag = control.ReplicaLag{DurationMs: 60_000, LagCreates: true, LagDeletes: true, LagChecks: true}
	})
	created, err := f.Control.CreateNamedLocation(f.Ctx, control.NewIPNamedLocation("Branch", true, "198.51.100.7/24", "2001:db8::/48"))
	if err != nil || created.ID == "" || created.IPRanges[1].Type != control.TypeIPv6CIDRRange || created.ModifiedDateTime == nil {
		t.Fatalf("%+v, %v", created, err)
	}
	path := locationsPath + "/" + created.ID
	if answer := f.Get(path); answer.Status != 200 || answer.Body["isTrusted"] != true {
		t.Errorf("a location made here does not lag: %d %s", answer.Status, answer.Raw)
	}
	patched, err := f.Control.PatchNamedLocation(f.Ctx, created.ID, control.NamedLocationPatch{IsTrusted: new(false)})
	if err != nil || patched.IsTrusted || len(patched.IPRanges) != 2 {
		t.Errorf("%+v, %v", patched, err)
	}
	if answer := f.Get(path); answer.Body["isTrusted"] != false {
		t.Errorf("a change made here does not lag: %s", answer.Raw)
	}
	patched, err = f.Control.PatchNamedLocation(f.Ctx, created.ID, control.NamedLocationPatch{
		Type: new(control.TypeCountryNamedLocation), CountriesAndRegions: &[]string{"DE"},
	})
	if err != nil || patched.Type != control.TypeCountryNamedLocation || patched.IPRanges != nil || patched.CountryLookupMethod == "" {
		t.Errorf("another kind: %+v, %v", patched, err)
	}
	if got, err := f.Control.GetNamedLocation(f.Ctx, created.ID); err != nil || !cmp.Equal(patched, got) {
		t.Errorf("%+v, %v", got, err)
	}
	if err := f.Control.DeleteNamedLocation(f.Ctx, emulator.SampleHeadquartersID); err != nil {
		t.Errorf("trusted or not: %v", err)
	}
	if answer := f.Get(headquarters); answer.Status != 404 {
		t.Errorf("a deletion made here does not lag: %d %s", answer.Status, answer.Raw)
	}
	locations, err := f.Control.ListNamedLocations(f.Ctx)
	if err != nil || len(locations) != 2 || locations[0].ID != emulator.SampleCountriesID {
		t.Errorf("%+v, %v", locations, err)
	}
	snapshot, err := f.Control.Snapshot(f.Ctx)
	if err != nil || len(snapshot.NamedLocations) != 2 || len(snapshot.DeletedNamedLocations) != 1 ||
		snapshot.DeletedNamedLocations[0].ID != emulator.SampleHeadquartersID {
		t.Errorf("%+v, %v", snapshot, err)
	}
}

func TestControlPolicies(t *testing.T) {
	f := emulatortest.Start(t)
	created, err := f.Control.CreateConditionalAccessPolicy(f.Ctx, policyFor(emulator.SampleCountriesID))
	if err != nil || created.ID == "" {
		t.Fatalf("%+v, %v", created, err)
	}
	if got, err := f.Control.GetConditionalAccessPolicy(f.Ctx, created.ID); err != nil || !cmp.Equal(created, got) {
		t.Errorf("%+v, %v", got, err)
	}
	if answer := f.Get(policiesPath + "/" + created.ID); answer.Status != 200 {
		t.Errorf("%d %s", answer.Status, answer.Raw)
	}
	if err := f.Control.DeleteConditionalAccessPolicy(f.Ctx, emulator.SampleMFAPolicyID); err != nil {
		t.Fatal(err)
	}
	policies, err := f.Control.ListConditionalAccessPolicies(f.Ctx)
	if err != nil || len(policies) != 1 || policies[0].ID != created.ID {
		t.Errorf("%+v, %v", policies, err)
	}
}

func TestControlMethodsPolicy(t *testing.T) {
	f := emulatortest.Start(t)
	before, err := f.Control.GetAuthenticationMethodsPolicy(f.Ctx)
	if err != nil || before.Campaign().State != control.ConfigDefault || before.SystemCredentialPreferences == nil {
		t.Fatalf("%+v, %v", before, err)
	}
	// Any value that marshals will do, and objects are merged.
	after, err := f.Control.PatchAuthenticationMethodsPolicy(f.Ctx, map[string]any{
		"policyVersion": "1.6", "registrationEnforcement": map[string]any{
			"authenticationMethodsRegistrationCampaign": map[string]any{"state": "enabled"},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	want := before.Campaign()
	want.State = control.ConfigEnabled
	if diff := cmp.Diff(want, after.Campaign()); diff != "" || after.PolicyVersion != "1.6" {
		t.Errorf("%+v: %s", after, diff)
	}
}

func TestControlRefusesPoliciesAndLocations(t *testing.T) {
	f := emulatortest.Start(t)
	refused := func(what string, status int, message string, err error) {
		t.Helper()
		var refusal *control.Error
		if !errors.As(err, &refusal) || refusal.Status != status || !strings.Contains(refusal.Message, message) {
			t.Errorf("%s: %v", what, err)
		}
	}
	const unknown = "11111111-2222-4333-8444-555555555555"
	good := control.NewIPNamedLocation("x", false, "198.51.100.0/24")
	inUse := good
	inUse.ID = strings.ToUpper(emulator.SampleCountriesID)
	_, err := f.Control.CreateNamedLocation(f.Ctx, inUse)
	refused("id in use", 409, "already in use", err)
	inUse.ID = emulator.SampleAllStaffID
	_, err = f.Control.CreateNamedLocation(f.Ctx, inUse)
	refused("id of a group", 409, "already in use", err)
	inUse.ID = emulator.SampleMFAPolicyID
	_, err = f.Control.CreateNamedLocation(f.Ctx, inUse)
	refused("id of a policy", 409, "already in use", err)
	_, err = f.Control.CreateNamedLocation(f.Ctx, control.NewIPNamedLocation("x", false, "10.0.0.0/8"))
	refused("bad range", 400, "ipRanges[0].cidrAddress", err)
	_, err = f.Control.PatchNamedLocation(f.Ctx, emulator.SampleCountriesID, control.NamedLocationPatch{IsTrusted: new(true)})
	refused("trusted countries", 400, "cannot be trusted", err)
	_, err = f.Control.PatchNamedLocation(f.Ctx, unknown, control.NamedLocationPatch{})
	refused("unknown location", 404, unknown, err)
	refused("unknown location", 404, unknown, f.Control.DeleteNamedLocation(f.Ctx, unknown))
	_, err = f.Control.GetNamedLocation(f.Ctx, unknown)
	refused("unknown location", 404, unknown, err)
	policy, err := f.Control.CreateConditionalAccessPolicy(f.Ctx, policyFor(emulator.SampleCountriesID))
	if err != nil {
		t.Fatal(err)
	}
	refused("location in use", 409, policy.ID, f.Control.DeleteNamedLocation(f.Ctx, emulator.SampleCountriesID))
	_, err = f.Control.CreateConditionalAccessPolicy(f.Ctx, *policy)
	refused("policy with an id in use", 409, "already in use", err)
	_, err = f.Control.CreateConditionalAccessPolicy(f.Ctx, policyFor(unknown))
	refused("policy for an unknown location", 400, unknown, err)
	_, err = f.Control.CreateConditionalAccessPolicy(f.Ctx, control.ConditionalAccessPolicy{DisplayName: "x"})
	refused("bad policy", 400, "state", err)
	refused("unknown policy", 404, unknown, f.Control.DeleteConditionalAccessPolicy(f.Ctx, unknown))
	_, err = f.Control.GetConditionalAccessPolicy(f.Ctx, unknown)
	refused("unknown policy", 404, unknown, err)
	for body, message := range map[string]string{
		campaignBody(`{"state":"on"}`):              "Campaign.state",
		campaignBody(`{"snoozeDurationInDays":15}`): "15 is not within",
		campaignBody(`{"snooze":15}`):               "snooze: unknown field",
		`{"policyVersion":7}`:                       "policyVersion: expected a string",
	} {
		_, err = f.Control.PatchAuthenticationMethodsPolicy(f.Ctx, json.RawMessage(body))
		refused(body, 400, message, err)
	}
}

func TestSnapshotWithPoliciesCanBeSeeded(t *testing.T) {
	f := emulatortest.Start(t)
	writeCampaign(f, `{"state":"enabled","snoozeDurationInDays":0,"includeTargets":[`+everybodyByAuthenticator+`]}`)
	id := createLocation(f, ipLocation(`"displayName":"Branch","ipRanges":[`+v4Range+`]`))
	if err := f.Control.DeleteNamedLocation(f.Ctx, id); err != nil {
		t.Fatal(err)
	}
	if err := f.Control.DeleteConditionalAccessPolicy(f.Ctx, emulator.SampleMFAPolicyID); err != nil {
		t.Fatal(err)
	}
	before, err := f.Control.Snapshot(f.Ctx)
	if err != nil {
		t.Fatal(err)
	}
	other := emulatortest.Start(t)
	if err := other.Control.Seed(f.Ctx, before); err != nil {
		t.Fatal(err)
	}
	after, err := other.Control.Snapshot(f.Ctx)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(before, after); diff != "" {
		t.Error(diff)
	}
	if campaign := readCampaign(other); campaign["state"] != "enabled" || campaign["snoozeDurationInDays"] != 0.0 {
		t.Errorf("%v", campaign)
	}
	if answer := other.Get(locationsBinPath + "/" + id); answer.Status != 200 {
		t.Errorf("%d %s", answer.Status, answer.Raw)
	}
}

func TestEveryTenantHasAMethodsPolicy(t *testing.T) {
	f := emulatortest.Start(t, func(cfg *emulator.Config) {
		cfg.Tenant = &emulator.Tenant{Apps: emulator.SampleTenant().Apps, TenantID: emulator.SampleTenantID}
	})
	want := map[string]any{
		"state": "default", "snoozeDurationInDays": 1.0, "enforceRegistrationAfterAllowedSnoozes": true,
		"includeTargets": includeAll("microsoftAuthenticator"), "excludeTargets": []any{},
	}
	if diff := cmp.Diff(want, readCampaign(f)); diff != "" {
		t.Error(diff)
	}
	for _, path := range []string{locationsPath, policiesPath, locationsBinPath, policiesBinPath} {
		if answer := f.Get(path); answer.Status != 200 || len(answer.Values()) != 0 || answer.Body["value"] == nil {
			t.Errorf("%s: %d %s", path, answer.Status, answer.Raw)
		}
	}
}

func TestManyCallersOfPoliciesAtOnce(t *testing.T) {
	f := emulatortest.Start(t)
	f.SetBehavior(control.Behavior{ReplicaLag: control.ReplicaLag{Reads: 2, Alternate: true, LagCreates: true, LagDeletes: true, LagChecks: true}})
	send := func(method, path, body string) emulatortest.Reply {
		answer, _ := f.Send(method, path, http.Header{"Authorization": {"Bearer " + f.Token}, "Content-Type": {"application/json"}}, body)
		return answer
	}
	var group sync.WaitGroup
	for range 6 {
		group.Go(func() {
			for range 8 {
				created := send(http.MethodPost, locationsPath, ipLocation(`"displayName":"x","ipRanges":[`+v4Range+`]`))
				path := locationsPath + "/" + emulatortest.As[string](created.Body["id"])
				send(http.MethodPatch, path, ipLocation(`"displayName":"y"`))
				send(http.MethodGet, locationsPath, "")
				send(http.MethodGet, path, "")
				send(http.MethodPatch, methodsPolicyBeta, campaignBody(`{"state":"disabled"}`))
				send(http.MethodGet, methodsPolicyV1, "")
				_, _ = f.Control.Snapshot(f.Ctx)
				_, _ = f.Control.PatchAuthenticationMethodsPolicy(f.Ctx, json.RawMessage(`{"reconfirmationInDays":3}`))
				send(http.MethodDelete, path, "")
			}
		})
	}
	group.Wait()
	counters, err := f.Control.Counters(f.Ctx)
	if err != nil || counters.ByStatus["500"] != 0 || counters.ByOperation["DELETE "+locationsPath+"/{id}"] != 48 ||
		counters.ByClass[control.ClassConditionalAccess] != 240 {
		t.Errorf("%+v, %v", counters, err)
	}
	if locations, err := f.Control.ListNamedLocations(f.Ctx); err != nil || len(locations) != 2 {
		t.Errorf("%d locations are left, %v", len(locations), err)
	}
}

package emulator_test

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
)

func TestControlLocations(t *testing.T) {
	f := start(t, func(cfg *emulator.Config) {
		cfg.Behavior.ReplicaLag = control.ReplicaLag{DurationMs: 60_000, LagCreates: true, LagDeletes: true, LagChecks: true}
	})
	created, err := f.control.CreateNamedLocation(f.ctx, control.NewIPNamedLocation("Branch", true, "198.51.100.7/24", "2001:db8::/48"))
	if err != nil || created.ID == "" || created.IPRanges[1].Type != control.TypeIPv6CIDRRange || created.ModifiedDateTime == nil {
		t.Fatalf("%+v, %v", created, err)
	}
	path := locationsPath + "/" + created.ID
	if answer := f.get(path); answer.status != 200 || answer.body["isTrusted"] != true {
		t.Errorf("a location made here does not lag: %d %s", answer.status, answer.raw)
	}
	patched, err := f.control.PatchNamedLocation(f.ctx, created.ID, control.NamedLocationPatch{IsTrusted: new(false)})
	if err != nil || patched.IsTrusted || len(patched.IPRanges) != 2 {
		t.Errorf("%+v, %v", patched, err)
	}
	if answer := f.get(path); answer.body["isTrusted"] != false {
		t.Errorf("a change made here does not lag: %s", answer.raw)
	}
	patched, err = f.control.PatchNamedLocation(f.ctx, created.ID, control.NamedLocationPatch{
		Type: new(control.TypeCountryNamedLocation), CountriesAndRegions: &[]string{"DE"},
	})
	if err != nil || patched.Type != control.TypeCountryNamedLocation || patched.IPRanges != nil || patched.CountryLookupMethod == "" {
		t.Errorf("another kind: %+v, %v", patched, err)
	}
	if got, err := f.control.GetNamedLocation(f.ctx, created.ID); err != nil || !cmp.Equal(patched, got) {
		t.Errorf("%+v, %v", got, err)
	}
	if err := f.control.DeleteNamedLocation(f.ctx, emulator.SampleHeadquartersID); err != nil {
		t.Errorf("trusted or not: %v", err)
	}
	if answer := f.get(headquarters); answer.status != 404 {
		t.Errorf("a deletion made here does not lag: %d %s", answer.status, answer.raw)
	}
	locations, err := f.control.ListNamedLocations(f.ctx)
	if err != nil || len(locations) != 2 || locations[0].ID != emulator.SampleCountriesID {
		t.Errorf("%+v, %v", locations, err)
	}
	snapshot, err := f.control.Snapshot(f.ctx)
	if err != nil || len(snapshot.NamedLocations) != 2 || len(snapshot.DeletedNamedLocations) != 1 ||
		snapshot.DeletedNamedLocations[0].ID != emulator.SampleHeadquartersID {
		t.Errorf("%+v, %v", snapshot, err)
	}
}

func TestControlPolicies(t *testing.T) {
	f := start(t)
	created, err := f.control.CreateConditionalAccessPolicy(f.ctx, policyFor(emulator.SampleCountriesID))
	if err != nil || created.ID == "" {
		t.Fatalf("%+v, %v", created, err)
	}
	if got, err := f.control.GetConditionalAccessPolicy(f.ctx, created.ID); err != nil || !cmp.Equal(created, got) {
		t.Errorf("%+v, %v", got, err)
	}
	if answer := f.get(policiesPath + "/" + created.ID); answer.status != 200 {
		t.Errorf("%d %s", answer.status, answer.raw)
	}
	if err := f.control.DeleteConditionalAccessPolicy(f.ctx, emulator.SampleMFAPolicyID); err != nil {
		t.Fatal(err)
	}
	policies, err := f.control.ListConditionalAccessPolicies(f.ctx)
	if err != nil || len(policies) != 1 || policies[0].ID != created.ID {
		t.Errorf("%+v, %v", policies, err)
	}
}

func TestControlMethodsPolicy(t *testing.T) {
	f := start(t)
	before, err := f.control.GetAuthenticationMethodsPolicy(f.ctx)
	if err != nil || before.Campaign().State != control.ConfigDefault || before.SystemCredentialPreferences == nil {
		t.Fatalf("%+v, %v", before, err)
	}
	// Any value that marshals will do, and objects are merged.
	after, err := f.control.PatchAuthenticationMethodsPolicy(f.ctx, map[string]any{
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
	f := start(t)
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
	_, err := f.control.CreateNamedLocation(f.ctx, inUse)
	refused("id in use", 409, "already in use", err)
	inUse.ID = emulator.SampleAllStaffID
	_, err = f.control.CreateNamedLocation(f.ctx, inUse)
	refused("id of a group", 409, "already in use", err)
	inUse.ID = emulator.SampleMFAPolicyID
	_, err = f.control.CreateNamedLocation(f.ctx, inUse)
	refused("id of a policy", 409, "already in use", err)
	_, err = f.control.CreateNamedLocation(f.ctx, control.NewIPNamedLocation("x", false, "10.0.0.0/8"))
	refused("bad range", 400, "ipRanges[0].cidrAddress", err)
	_, err = f.control.PatchNamedLocation(f.ctx, emulator.SampleCountriesID, control.NamedLocationPatch{IsTrusted: new(true)})
	refused("trusted countries", 400, "cannot be trusted", err)
	_, err = f.control.PatchNamedLocation(f.ctx, unknown, control.NamedLocationPatch{})
	refused("unknown location", 404, unknown, err)
	refused("unknown location", 404, unknown, f.control.DeleteNamedLocation(f.ctx, unknown))
	_, err = f.control.GetNamedLocation(f.ctx, unknown)
	refused("unknown location", 404, unknown, err)
	policy, err := f.control.CreateConditionalAccessPolicy(f.ctx, policyFor(emulator.SampleCountriesID))
	if err != nil {
		t.Fatal(err)
	}
	refused("location in use", 409, policy.ID, f.control.DeleteNamedLocation(f.ctx, emulator.SampleCountriesID))
	_, err = f.control.CreateConditionalAccessPolicy(f.ctx, *policy)
	refused("policy with an id in use", 409, "already in use", err)
	_, err = f.control.CreateConditionalAccessPolicy(f.ctx, policyFor(unknown))
	refused("policy for an unknown location", 400, unknown, err)
	_, err = f.control.CreateConditionalAccessPolicy(f.ctx, control.ConditionalAccessPolicy{DisplayName: "x"})
	refused("bad policy", 400, "state", err)
	refused("unknown policy", 404, unknown, f.control.DeleteConditionalAccessPolicy(f.ctx, unknown))
	_, err = f.control.GetConditionalAccessPolicy(f.ctx, unknown)
	refused("unknown policy", 404, unknown, err)
	for body, message := range map[string]string{
		campaignBody(`{"state":"on"}`):              "Campaign.state",
		campaignBody(`{"snoozeDurationInDays":15}`): "15 is not within",
		campaignBody(`{"snooze":15}`):               "snooze: unknown field",
		`{"policyVersion":7}`:                       "policyVersion: expected a string",
	} {
		_, err = f.control.PatchAuthenticationMethodsPolicy(f.ctx, json.RawMessage(body))
		refused(body, 400, message, err)
	}
}

func TestSnapshotWithPoliciesCanBeSeeded(t *testing.T) {
	f := start(t)
	f.writeCampaign(`{"state":"enabled","snoozeDurationInDays":0,"includeTargets":[` + everybodyByAuthenticator + `]}`)
	id := f.createLocation(ipLocation(`"displayName":"Branch","ipRanges":[` + v4Range + `]`))
	if err := f.control.DeleteNamedLocation(f.ctx, id); err != nil {
		t.Fatal(err)
	}
	if err := f.control.DeleteConditionalAccessPolicy(f.ctx, emulator.SampleMFAPolicyID); err != nil {
		t.Fatal(err)
	}
	before, err := f.control.Snapshot(f.ctx)
	if err != nil {
		t.Fatal(err)
	}
	other := start(t)
	if err := other.control.Seed(f.ctx, before); err != nil {
		t.Fatal(err)
	}
	after, err := other.control.Snapshot(f.ctx)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(before, after); diff != "" {
		t.Error(diff)
	}
	if campaign := other.readCampaign(); campaign["state"] != "enabled" || campaign["snoozeDurationInDays"] != 0.0 {
		t.Errorf("%v", campaign)
	}
	if answer := other.get(locationsBinPath + "/" + id); answer.status != 200 {
		t.Errorf("%d %s", answer.status, answer.raw)
	}
}

func TestEveryTenantHasAMethodsPolicy(t *testing.T) {
	f := start(t, func(cfg *emulator.Config) {
		cfg.Tenant = &emulator.Tenant{Apps: emulator.SampleTenant().Apps, TenantID: emulator.SampleTenantID}
	})
	want := map[string]any{
		"state": "default", "snoozeDurationInDays": 1.0, "enforceRegistrationAfterAllowedSnoozes": true,
		"includeTargets": includeAll("microsoftAuthenticator"), "excludeTargets": []any{},
	}
	if diff := cmp.Diff(want, f.readCampaign()); diff != "" {
		t.Error(diff)
	}
	for _, path := range []string{locationsPath, policiesPath, locationsBinPath, policiesBinPath} {
		if answer := f.get(path); answer.status != 200 || len(answer.values()) != 0 || answer.body["value"] == nil {
			t.Errorf("%s: %d %s", path, answer.status, answer.raw)
		}
	}
}

func TestManyCallersOfPoliciesAtOnce(t *testing.T) {
	f := start(t)
	f.setBehavior(control.Behavior{ReplicaLag: control.ReplicaLag{Reads: 2, Alternate: true, LagCreates: true, LagDeletes: true, LagChecks: true}})
	send := func(method, path, body string) reply {
		answer, _ := f.send(method, path, http.Header{"Authorization": {"Bearer " + f.token}, "Content-Type": {"application/json"}}, body)
		return answer
	}
	var group sync.WaitGroup
	for range 6 {
		group.Go(func() {
			for range 8 {
				created := send(http.MethodPost, locationsPath, ipLocation(`"displayName":"x","ipRanges":[`+v4Range+`]`))
				path := locationsPath + "/" + as[string](created.body["id"])
				send(http.MethodPatch, path, ipLocation(`"displayName":"y"`))
				send(http.MethodGet, locationsPath, "")
				send(http.MethodGet, path, "")
				send(http.MethodPatch, methodsPolicyBeta, campaignBody(`{"state":"disabled"}`))
				send(http.MethodGet, methodsPolicyV1, "")
				_, _ = f.control.Snapshot(f.ctx)
				_, _ = f.control.PatchAuthenticationMethodsPolicy(f.ctx, json.RawMessage(`{"reconfirmationInDays":3}`))
				send(http.MethodDelete, path, "")
			}
		})
	}
	group.Wait()
	counters, err := f.control.Counters(f.ctx)
	if err != nil || counters.ByStatus["500"] != 0 || counters.ByOperation["DELETE "+locationsPath+"/{id}"] != 48 ||
		counters.ByClass[control.ClassConditionalAccess] != 240 {
		t.Errorf("%+v, %v", counters, err)
	}
	if locations, err := f.control.ListNamedLocations(f.ctx); err != nil || len(locations) != 2 {
		t.Errorf("%d locations are left, %v", len(locations), err)
	}
}

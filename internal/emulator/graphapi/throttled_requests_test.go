package graphapi_test

import (
	"fmt"
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/emulatortest"
)

func TestAnswersTellWhatTheyCostAndHowMuchIsUsed(t *testing.T) {
	f := emulatortest.Start(t)
	f.SetBehavior(control.Behavior{Throttle: []control.Throttle{{
		Service: control.ServiceIdentityAndAccess, Count: control.CountResourceUnits,
		RequestsPerSecond: 2, Burst: 10, RetryAfter: "auto", ChargeRefused: true,
	}}})
	other := *f
	other.Token = f.TokenFor(emulator.SamplePlanAppID, emulator.SamplePlanSecret)
	for i, want := range []struct {
		path        string
		status      int
		units, used string
	}{
		{"/v1.0/users", 200, "2", ""},
		{"/v1.0/users?$select=id", 200, "1", ""},
		{"/v1.0/groups/" + emulator.SampleAllStaffID + "/transitiveMembers", 200, "5", ""}, // 8 of 10: not above 0.8
		{"/v1.0/users/nobody@contoso.example", 404, "", "0.90"},
		{"/v1.0/users/" + emulatortest.Adele, 200, "1", "1.00"},
		{"/v1.0/users", 429, "", "1.20"},
	} {
		answer := f.Get(want.path)
		if answer.Status != want.status || answer.Header.Get("x-ms-resource-unit") != want.units ||
			answer.Header.Get("x-ms-throttle-limit-percentage") != want.used {
			t.Errorf("%d, %s: %d %v", i, want.path, answer.Status, answer.Header)
		}
		if want.status != 429 {
			continue
		}
		if answer.Header.Get("Retry-After") != "2" || answer.Header.Get("x-ms-throttle-information") != "ResourceUnitLimitExceeded" ||
			answer.Header.Get("x-ms-throttle-scope") != "Tenant_Application/ReadWrite/"+emulator.SampleAppID+"/"+emulator.SampleTenantID {
			t.Errorf("%v", answer.Header)
		}
		inner := emulatortest.As[map[string]any](emulatortest.At(answer.Body, "error", "innerError"))
		if answer.ErrorCode() != "TooManyRequests" || answer.ErrorMessage() == "" || inner["code"] != "429" || inner["status"] != "429" ||
			inner["request-id"] != answer.Header.Get("request-id") || inner["date"] == "" {
			t.Errorf("%s", answer.Raw)
		}
	}
	if answer := other.Get("/v1.0/users"); answer.Status != 200 {
		t.Errorf("another app: %d %s", answer.Status, answer.Raw)
	}
	if answer := f.Get(locationsPath); answer.Status != 200 {
		t.Errorf("another service: %d %s", answer.Status, answer.Raw)
	}
	f.Clock.Advance(2 * time.Second)
	if answer := f.Get("/v1.0/users"); answer.Status != 200 {
		t.Errorf("after the wait: %d %s", answer.Status, answer.Raw)
	}
}

func TestItemsOfABatchAreChargedAndRefusedOneByOne(t *testing.T) {
	f := emulatortest.Start(t)
	f.SetBehavior(control.Behavior{Throttle: []control.Throttle{
		{Count: control.CountWrites, RequestsPerSecond: 0.5, Burst: 2, RetryAfter: "auto"},
		{Count: control.CountResourceUnits, RequestsPerSecond: 1, Burst: 100},
	}})
	var items []string
	for i := range 4 {
		items = append(items, fmt.Sprintf(`{"id":"w%d","method":"PATCH","url":"/users/%s/authentication/requirements",`+
			`"headers":{"Content-Type":"application/json"},"body":{"perUserMfaState":"enabled"}}`, i, emulatortest.Adele))
		items = append(items, fmt.Sprintf(`{"id":"r%d","method":"GET","url":"/users"}`, i))
	}
	count := map[int]int{}
	for id, answer := range f.Batch("beta", strings.Join(items, ",")) {
		count[answer.Status]++
		switch {
		case id[0] == 'r' && (answer.Status != 200 || answer.Header.Get("x-ms-resource-unit") != "2"):
			t.Errorf("%s: %d %v", id, answer.Status, answer.Header)
		case answer.Status == 429 && (answer.Header.Get("Retry-After") != "2" || answer.ErrorCode() != "TooManyRequests" ||
			answer.Header.Get("x-ms-throttle-information") != "WriteLimitExceeded"):
			t.Errorf("%s: %v %v", id, answer.Header, answer.Body)
		}
	}
	if !maps.Equal(count, map[int]int{200: 4, 204: 2, 429: 2}) {
		t.Errorf("%v", count)
	}
	counters, err := f.Control.Counters(f.Ctx)
	if err != nil {
		t.Fatal(err)
	}
	if !maps.Equal(counters.ResourceUnits, map[string]int{control.ClassDirectory: 8, control.ClassAuthentication: 2}) {
		t.Errorf("resource units: %v", counters.ResourceUnits)
	}
}

func TestCountersByClass(t *testing.T) {
	f := emulatortest.Start(t)
	f.SetBehavior(control.Behavior{Throttle: []control.Throttle{
		{Class: control.ClassAuthentication, RequestsPerSecond: 1, Burst: 2},
		{Class: control.ClassConditionalAccess, RequestsPerSecond: 1},
	}})
	state := `{"id":"%s","method":"GET","url":"/users/` + emulatortest.Adele + `/authentication/requirements"}`
	write := `{"id":"%s","method":"PATCH","url":"/users/` + emulatortest.Adele + `/authentication/requirements",
		"headers":{"Content-Type":"application/json"},"body":{"perUserMfaState":"enabled"}}`
	question := `{"id":"%s","method":"POST","url":"/users/` + emulatortest.Adele + `/checkMemberGroups",
		"headers":{"Content-Type":"application/json"},"body":{"groupIds":["` + emulator.SampleAllStaffID + `"]}}`
	f.Batch("beta", fmt.Sprintf(state, "1")+","+fmt.Sprintf(question, "2"))
	f.Batch("beta", fmt.Sprintf(state, "1")+","+fmt.Sprintf(write, "2")+","+fmt.Sprintf(state, "3"))
	f.Graph(http.MethodPost, "/beta/$batch", `{"requests":[]}`)
	f.Get("/v1.0/users")
	f.Get("/v1.0/users/" + emulatortest.Adele)
	f.Get(locationsPath)
	f.Get(locationsPath)
	counters, err := f.Control.Counters(f.Ctx)
	if err != nil {
		t.Fatal(err)
	}
	want := &control.Counters{
		Total: 7, BatchItems: 5, Login: 1,
		ByOperation: map[string]int{
			"POST /beta/$batch": 3, "GET /v1.0/users": 1, "GET /v1.0/users/{id}": 1, "GET " + locationsPath: 2,
			"GET /beta/users/{id}/authentication/requirements": 3, "PATCH /beta/users/{id}/authentication/requirements": 1,
			"POST /beta/users/{id}/checkMemberGroups": 1,
		},
		ByClass: map[string]int{
			control.ClassBatch: 3, control.ClassDirectory: 3, control.ClassAuthentication: 4, control.ClassConditionalAccess: 2,
		},
		RequestsByOperation: map[string]int{
			"POST /beta/$batch": 3, "GET /v1.0/users": 1, "GET /v1.0/users/{id}": 1, "GET " + locationsPath: 2,
		},
		RequestsByClass:   map[string]int{control.ClassBatch: 3, control.ClassDirectory: 2, control.ClassConditionalAccess: 2},
		ReadBatches:       1,
		WriteBatches:      1,
		ThrottledRequests: map[string]int{control.ClassConditionalAccess: 1},
		ThrottledItems:    map[string]int{control.ClassAuthentication: 2},
		ResourceUnits:     map[string]int{control.ClassDirectory: 2 + 1 + 4, control.ClassAuthentication: 2, control.ClassConditionalAccess: 1},
		PeakConcurrency:   1,
	}
	counters.ByStatus = nil // a write that is throttled is left to chance
	if diff := cmp.Diff(want, counters); diff != "" {
		t.Error(diff)
	}
	if sum := counters.Requests("/users", "/users/{id}", "/$batch"); sum != 5 {
		t.Errorf("%d requests for users and batches", sum)
	}
}

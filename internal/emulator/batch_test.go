package emulator_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
)

func TestBatchAnswersItemByItem(t *testing.T) {
	f := start(t)
	answers := f.batch("beta", `
		{"id":"read","method":"GET","url":"/users/`+adele+`/authentication/requirements"},
		{"id":"write","method":"PATCH","url":"users/`+megan+`/authentication/requirements",
		 "headers":{"content-type":"application/json"},"body":{"perUserMfaState":"disabled"}},
		{"id":"guest","method":"get","url":"/users/nestor.wilke_fabrikam.example%23EXT%23@contoso.example?$select=userType"},
		{"id":"cut guest","method":"GET","url":"/users/nestor.wilke_fabrikam.example#EXT#@contoso.example"},
		{"id":"unknown","method":"GET","url":"/users/nobody@contoso.example"},
		{"id":"bad write","method":"PATCH","url":"/users/`+adele+`/authentication/requirements",
		 "headers":{"Content-Type":"application/json"},"body":{"perUserMfaState":"on"}},
		{"id":"nested","method":"POST","url":"/$batch","headers":{"Content-Type":"application/json"},"body":{"requests":[]}},
		{"id":"address in a filter","method":"GET","url":"users?$filter=mail eq 'https://contoso.example'"},
		{"id":"count","method":"GET","url":"/users?$count=true&$top=1","headers":{"consistencylevel":"eventual"}}`)
	want := map[string]int{"read": 200, "write": 204, "guest": 200, "cut guest": 404, "unknown": 404, "bad write": 400, "nested": 400, "address in a filter": 200, "count": 200}
	for id, status := range want {
		if answers[id].status != status {
			t.Errorf("%s: want %d, got %d %v", id, status, answers[id].status, answers[id].body)
		}
	}
	if answers["write"].body != nil {
		t.Errorf("204 with a body: %v", answers["write"].body)
	}
	if answers["read"].body["perUserMfaState"] != "disabled" || !strings.HasPrefix(answers["read"].header.Get("Content-Type"), "application/json") {
		t.Errorf("read: %+v", answers["read"])
	}
	if answers["guest"].body["userType"] != "Guest" {
		t.Errorf("guest: %v", answers["guest"].body)
	}
	if got := f.state(megan); got != "disabled" {
		t.Errorf("the write left %s", got)
	}
}

func TestBatchObeysTheVersionOfItsURL(t *testing.T) {
	f := start(t)
	item := `{"id":"1","method":"GET","url":"/users/` + adele + `/authentication/requirements"}`
	if answer := f.batch("v1.0", item)["1"]; answer.status != 400 || !strings.Contains(answer.errorMessage(), "requirements") {
		t.Errorf("v1.0: %d %v", answer.status, answer.body)
	}
	if answer := f.batch("beta", item)["1"]; answer.status != 200 {
		t.Errorf("beta: %d %v", answer.status, answer.body)
	}
}

func TestBatchOrderIsNotTheOrderOfTheItems(t *testing.T) {
	f := start(t)
	var items []string
	for i := range 20 {
		items = append(items, fmt.Sprintf(`{"id":"%d","method":"GET","url":"/users/%s"}`, i, adele))
	}
	body := `{"requests":[` + strings.Join(items, ",") + `]}`
	for range 5 {
		answer := f.graph(http.MethodPost, "/v1.0/$batch", body)
		responses := as[[]any](answer.body["responses"])
		if len(responses) != 20 {
			t.Fatalf("%d answers", len(responses))
		}
		for i, response := range responses {
			if as[map[string]any](response)["id"] != fmt.Sprint(i) {
				return
			}
		}
	}
	t.Error("five batches of 20 were answered in order")
}

func TestMalformedBatchesFailAsAWhole(t *testing.T) {
	f := start(t)
	item := func(id string) string { return `{"id":"` + id + `","method":"GET","url":"/users/` + adele + `"}` }
	var tooMany []string
	for i := range 21 {
		tooMany = append(tooMany, item(fmt.Sprint(i)))
	}
	tests := []struct{ name, body, message string }{
		{"no JSON", `x`, "Unable to read JSON"},
		{"no requests", `{}`, "Invalid batch payload"},
		{"empty", `{"requests":[]}`, "Invalid batch payload"},
		{"other member", `{"requests":[` + item("1") + `],"more":1}`, "Invalid batch payload"},
		{"other member of an item", `{"requests":[{"id":"1","method":"GET","uri":"/users"}]}`, "Invalid batch payload"},
		{"number as id", `{"requests":[{"id":1,"method":"GET","url":"/users"}]}`, "Invalid batch payload"},
		{"too many", `{"requests":[` + strings.Join(tooMany, ",") + `]}`, "exceeds the maximum value of 20"},
		{"same id", `{"requests":[` + item("a") + `,` + item("A") + `]}`, "unique"},
		{"no id", `{"requests":[{"method":"GET","url":"/users"}]}`, "id is missing"},
		{"no method", `{"requests":[{"id":"1","url":"/users"}]}`, "method is missing"},
		{"no url", `{"requests":[{"id":"1","method":"GET"}]}`, "url is missing"},
		{"absolute url", `{"requests":[{"id":"1","method":"GET","url":"` + f.server.URL() + `/v1.0/users"}]}`, "must be relative"},
		{"body without content type", `{"requests":[{"id":"1","method":"PATCH","url":"/users/x/authentication/requirements","body":{}}]}`, "Content-Type"},
		{"unknown dependency", `{"requests":[{"id":"1","method":"GET","url":"/users","dependsOn":["2"]}]}`, "Invalid dependsOn"},
		{"circle", `{"requests":[{"id":"1","method":"GET","url":"/users","dependsOn":["2"]},{"id":"2","method":"GET","url":"/users","dependsOn":["1"]}]}`, "dependencies"},
		{"neither serial nor parallel", `{"requests":[` + item("1") + `,` + item("2") + `,{"id":"3","method":"GET","url":"/users","dependsOn":["1"]},` +
			`{"id":"4","method":"GET","url":"/users","dependsOn":["2"]}]}`, "dependencies"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			answer := f.graph(http.MethodPost, "/beta/$batch", test.body)
			if answer.status != 400 || answer.errorCode() != "BadRequest" || !strings.Contains(answer.errorMessage(), test.message) {
				t.Errorf("got %d %s", answer.status, answer.raw)
			}
		})
	}
	full := strings.Join(tooMany[:20], ",")
	if answer := f.graph(http.MethodPost, "/beta/$batch", `{"requests":[`+full+`]}`); answer.status != 200 {
		t.Errorf("20 items: %d %s", answer.status, answer.raw)
	}
	if answer := f.graph(http.MethodPost, "/beta/$batch", `{"requests":[`+full+`]}`, "Authorization", ""); answer.status != 401 {
		t.Errorf("without a token: %d %s", answer.status, answer.raw)
	}
}

func TestBatchDependents(t *testing.T) {
	f := start(t)
	chain := func(first string) map[string]reply {
		return f.batch("v1.0", `{"id":"1","method":"GET","url":"/users/`+first+`"},
			{"id":"2","method":"GET","url":"/users/`+adele+`","dependsOn":["1"]},
			{"id":"3","method":"GET","url":"/users/`+adele+`","dependsOn":["2"]}`)
	}
	answers := chain("nobody@contoso.example")
	if answers["1"].status != 404 || answers["2"].status != 424 || answers["3"].status != 424 {
		t.Errorf("after a failure: %v %v %v", answers["1"], answers["2"], answers["3"])
	}
	answers = chain(alex)
	if answers["1"].status != 200 || answers["2"].status != 200 || answers["3"].status != 200 {
		t.Errorf("after a success: %v %v %v", answers["1"], answers["2"], answers["3"])
	}
}

func TestBatchItemsAreThrottledAndFaultyOneByOne(t *testing.T) {
	f := start(t)
	f.setBehavior(control.Behavior{Throttle: []control.Throttle{{Class: control.ClassDirectory, RequestsPerSecond: 0.5, Burst: 2, RetryAfter: "auto"}}})
	f.addFault(control.Fault{
		PathRegexp: `/users/megan.*/requirements$`, Status: 503, Code: "serviceNotAvailable",
		Headers: map[string]string{"Retry-After": "3"},
	})
	var items []string
	for i := range 5 {
		items = append(items, fmt.Sprintf(`{"id":"%d","method":"GET","url":"/users/%s"}`, i, adele))
	}
	answers := f.batch("beta", strings.Join(items, ",")+`,
		{"id":"faulty","method":"GET","url":"/users/`+megan+`/authentication/requirements"},
		{"id":"fine","method":"GET","url":"/users/`+alex+`/authentication/requirements"}`)
	count := map[int]int{}
	for i := range 5 {
		answer := answers[fmt.Sprint(i)]
		count[answer.status]++
		if answer.status == 429 && (answer.header.Get("Retry-After") != "2" || answer.errorCode() != "TooManyRequests") {
			t.Errorf("429: %+v", answer)
		}
	}
	if count[200] != 2 || count[429] != 3 {
		t.Errorf("statuses: %v", count)
	}
	if answers["faulty"].status != 503 || answers["faulty"].header.Get("Retry-After") != "3" || answers["fine"].status != 200 {
		t.Errorf("faulty: %+v, fine: %+v", answers["faulty"], answers["fine"])
	}
}

func TestBatchItemsAreCheckedForPermission(t *testing.T) {
	f := start(t)
	f.token = f.tokenFor(emulator.SamplePlanAppID, emulator.SamplePlanSecret)
	answers := f.batch("beta", `{"id":"read","method":"GET","url":"/users/`+adele+`/authentication/requirements"},
		{"id":"write","method":"PATCH","url":"/users/`+adele+`/authentication/requirements",
		 "headers":{"Content-Type":"application/json"},"body":{"perUserMfaState":"enabled"}}`)
	if answers["read"].status != 200 || answers["write"].status != 403 || answers["write"].errorCode() != "Authorization_RequestDenied" {
		t.Errorf("read: %+v, write: %+v", answers["read"], answers["write"])
	}
}

func TestBatchInTheRequestLog(t *testing.T) {
	f := start(t)
	f.batch("beta", `{"id":"1","method":"GET","url":"/users/`+adele+`"},{"id":"2","method":"GET","url":"/users/nobody@contoso.example"}`)
	requests := f.requests()
	if len(requests) != 3 || requests[0].Class != control.ClassBatch || requests[0].BatchItem {
		t.Fatalf("log: %+v", requests)
	}
	for _, item := range requests[1:] {
		if !item.BatchItem || item.Parent != requests[0].RequestID || item.Template != "/beta/users/{id}" || item.AppID != emulator.SampleAppID {
			t.Errorf("item: %+v", item)
		}
	}
	counters, err := f.control.Counters(f.ctx)
	if err != nil || counters.Total != 1 || counters.BatchItems != 2 || counters.ByOperation["GET /beta/users/{id}"] != 2 ||
		counters.ByStatus["404"] != 1 || counters.ByClass[control.ClassBatch] != 1 {
		t.Errorf("counters: %+v, %v", counters, err)
	}
}

package graphapi_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/emulatortest"
)

func TestBatchAnswersItemByItem(t *testing.T) {
	f := emulatortest.Start(t)
	answers := f.Batch("beta", `
		{"id":"read","method":"GET","url":"/users/`+emulatortest.Adele+`/authentication/requirements"},
		{"id":"write","method":"PATCH","url":"users/`+emulatortest.Megan+`/authentication/requirements",
		 "headers":{"content-type":"application/json"},"body":{"perUserMfaState":"disabled"}},
		{"id":"guest","method":"get","url":"/users/nestor.wilke_fabrikam.example%23EXT%23@contoso.example?$select=userType"},
		{"id":"cut guest","method":"GET","url":"/users/nestor.wilke_fabrikam.example#EXT#@contoso.example"},
		{"id":"unknown","method":"GET","url":"/users/nobody@contoso.example"},
		{"id":"bad write","method":"PATCH","url":"/users/`+emulatortest.Adele+`/authentication/requirements",
		 "headers":{"Content-Type":"application/json"},"body":{"perUserMfaState":"on"}},
		{"id":"nested","method":"POST","url":"/$batch","headers":{"Content-Type":"application/json"},"body":{"requests":[]}},
		{"id":"address in a filter","method":"GET","url":"users?$filter=mail eq 'https://contoso.example'"},
		{"id":"count","method":"GET","url":"/users?$count=true&$top=1","headers":{"consistencylevel":"eventual"}}`)
	want := map[string]int{"read": 200, "write": 204, "guest": 200, "cut guest": 404, "unknown": 404, "bad write": 400, "nested": 400, "address in a filter": 200, "count": 200}
	for id, status := range want {
		if answers[id].Status != status {
			t.Errorf("%s: want %d, got %d %v", id, status, answers[id].Status, answers[id].Body)
		}
	}
	if answers["write"].Body != nil {
		t.Errorf("204 with a body: %v", answers["write"].Body)
	}
	if answers["read"].Body["perUserMfaState"] != "disabled" || !strings.HasPrefix(answers["read"].Header.Get("Content-Type"), "application/json") {
		t.Errorf("read: %+v", answers["read"])
	}
	if answers["guest"].Body["userType"] != "Guest" {
		t.Errorf("guest: %v", answers["guest"].Body)
	}
	if got := f.State(emulatortest.Megan); got != "disabled" {
		t.Errorf("the write left %s", got)
	}
}

func TestBatchObeysTheVersionOfItsURL(t *testing.T) {
	f := emulatortest.Start(t)
	item := `{"id":"1","method":"GET","url":"/users/` + emulatortest.Adele + `/authentication/requirements"}`
	if answer := f.Batch("v1.0", item)["1"]; answer.Status != 400 || !strings.Contains(answer.ErrorMessage(), "requirements") {
		t.Errorf("v1.0: %d %v", answer.Status, answer.Body)
	}
	if answer := f.Batch("beta", item)["1"]; answer.Status != 200 {
		t.Errorf("beta: %d %v", answer.Status, answer.Body)
	}
}

func TestBatchOrderIsNotTheOrderOfTheItems(t *testing.T) {
	f := emulatortest.Start(t)
	var items []string
	for i := range 20 {
		items = append(items, fmt.Sprintf(`{"id":"%d","method":"GET","url":"/users/%s"}`, i, emulatortest.Adele))
	}
	body := `{"requests":[` + strings.Join(items, ",") + `]}`
	for range 5 {
		answer := f.Graph(http.MethodPost, "/v1.0/$batch", body)
		responses := emulatortest.As[[]any](answer.Body["responses"])
		if len(responses) != 20 {
			t.Fatalf("%d answers", len(responses))
		}
		for i, response := range responses {
			if emulatortest.As[map[string]any](response)["id"] != fmt.Sprint(i) {
				return
			}
		}
	}
	t.Error("five batches of 20 were answered in order")
}

func TestMalformedBatchesFailAsAWhole(t *testing.T) {
	f := emulatortest.Start(t)
	item := func(id string) string {
		return `{"id":"` + id + `","method":"GET","url":"/users/` + emulatortest.Adele + `"}`
	}
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
		{"absolute url", `{"requests":[{"id":"1","method":"GET","url":"` + f.Server.URL() + `/v1.0/users"}]}`, "must be relative"},
		{"body without content type", `{"requests":[{"id":"1","method":"PATCH","url":"/users/x/authentication/requirements","body":{}}]}`, "Content-Type"},
		{"unknown dependency", `{"requests":[{"id":"1","method":"GET","url":"/users","dependsOn":["2"]}]}`, "Invalid dependsOn"},
		{"circle", `{"requests":[{"id":"1","method":"GET","url":"/users","dependsOn":["2"]},{"id":"2","method":"GET","url":"/users","dependsOn":["1"]}]}`, "dependencies"},
		{"neither serial nor parallel", `{"requests":[` + item("1") + `,` + item("2") + `,{"id":"3","method":"GET","url":"/users","dependsOn":["1"]},` +
			`{"id":"4","method":"GET","url":"/users","dependsOn":["2"]}]}`, "dependencies"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			answer := f.Graph(http.MethodPost, "/beta/$batch", test.body)
			if answer.Status != 400 || answer.ErrorCode() != "BadRequest" || !strings.Contains(answer.ErrorMessage(), test.message) {
				t.Errorf("got %d %s", answer.Status, answer.Raw)
			}
		})
	}
	full := strings.Join(tooMany[:20], ",")
	if answer := f.Graph(http.MethodPost, "/beta/$batch", `{"requests":[`+full+`]}`); answer.Status != 200 {
		t.Errorf("20 items: %d %s", answer.Status, answer.Raw)
	}
	if answer := f.Graph(http.MethodPost, "/beta/$batch", `{"requests":[`+full+`]}`, "Authorization", ""); answer.Status != 401 {
		t.Errorf("without a token: %d %s", answer.Status, answer.Raw)
	}
}

func TestBatchDependents(t *testing.T) {
	f := emulatortest.Start(t)
	chain := func(first string) map[string]emulatortest.Reply {
		return f.Batch("v1.0", `{"id":"1","method":"GET","url":"/users/`+first+`"},
			{"id":"2","method":"GET","url":"/users/`+emulatortest.Adele+`","dependsOn":["1"]},
			{"id":"3","method":"GET","url":"/users/`+emulatortest.Adele+`","dependsOn":["2"]}`)
	}
	answers := chain("nobody@contoso.example")
	if answers["1"].Status != 404 || answers["2"].Status != 424 || answers["3"].Status != 424 {
		t.Errorf("after a failure: %v %v %v", answers["1"], answers["2"], answers["3"])
	}
	answers = chain(emulatortest.Alex)
	if answers["1"].Status != 200 || answers["2"].Status != 200 || answers["3"].Status != 200 {
		t.Errorf("after a success: %v %v %v", answers["1"], answers["2"], answers["3"])
	}
}

func TestBatchItemsAreThrottledAndFaultyOneByOne(t *testing.T) {
	f := emulatortest.Start(t)
	f.SetBehavior(control.Behavior{Throttle: []control.Throttle{{Class: control.ClassDirectory, RequestsPerSecond: 0.5, Burst: 2, RetryAfter: "auto"}}})
	f.AddFault(control.Fault{
		PathRegexp: `/users/megan.*/requirements$`, Status: 503, Code: "serviceNotAvailable",
		Headers: map[string]string{"Retry-After": "3"},
	})
	var items []string
	for i := range 5 {
		items = append(items, fmt.Sprintf(`{"id":"%d","method":"GET","url":"/users/%s"}`, i, emulatortest.Adele))
	}
	answers := f.Batch("beta", strings.Join(items, ",")+`,
		{"id":"faulty","method":"GET","url":"/users/`+emulatortest.Megan+`/authentication/requirements"},
		{"id":"fine","method":"GET","url":"/users/`+emulatortest.Alex+`/authentication/requirements"}`)
	count := map[int]int{}
	for i := range 5 {
		answer := answers[fmt.Sprint(i)]
		count[answer.Status]++
		if answer.Status == 429 && (answer.Header.Get("Retry-After") != "2" || answer.ErrorCode() != "TooManyRequests") {
			t.Errorf("429: %+v", answer)
		}
	}
	if count[200] != 2 || count[429] != 3 {
		t.Errorf("statuses: %v", count)
	}
	if answers["faulty"].Status != 503 || answers["faulty"].Header.Get("Retry-After") != "3" || answers["fine"].Status != 200 {
		t.Errorf("faulty: %+v, fine: %+v", answers["faulty"], answers["fine"])
	}
}

func TestBatchItemsAreCheckedForPermission(t *testing.T) {
	f := emulatortest.Start(t)
	f.Token = f.TokenFor(emulator.SamplePlanAppID, emulator.SamplePlanSecret)
	answers := f.Batch("beta", `{"id":"read","method":"GET","url":"/users/`+emulatortest.Adele+`/authentication/requirements"},
		{"id":"write","method":"PATCH","url":"/users/`+emulatortest.Adele+`/authentication/requirements",
		 "headers":{"Content-Type":"application/json"},"body":{"perUserMfaState":"enabled"}}`)
	if answers["read"].Status != 200 || answers["write"].Status != 403 || answers["write"].ErrorCode() != "Authorization_RequestDenied" {
		t.Errorf("read: %+v, write: %+v", answers["read"], answers["write"])
	}
}

func TestBatchInTheRequestLog(t *testing.T) {
	f := emulatortest.Start(t)
	f.Batch("beta", `{"id":"1","method":"GET","url":"/users/`+emulatortest.Adele+`"},{"id":"2","method":"GET","url":"/users/nobody@contoso.example"}`)
	requests := f.Requests()
	if len(requests) != 3 || requests[0].Class != control.ClassBatch || requests[0].BatchItem {
		t.Fatalf("log: %+v", requests)
	}
	for _, item := range requests[1:] {
		if !item.BatchItem || item.Parent != requests[0].RequestID || item.Template != "/beta/users/{id}" || item.AppID != emulator.SampleAppID {
			t.Errorf("item: %+v", item)
		}
	}
	counters, err := f.Control.Counters(f.Ctx)
	if err != nil || counters.Total != 1 || counters.BatchItems != 2 || counters.ByOperation["GET /beta/users/{id}"] != 2 ||
		counters.ByStatus["404"] != 1 || counters.ByClass[control.ClassBatch] != 1 {
		t.Errorf("counters: %+v, %v", counters, err)
	}
}

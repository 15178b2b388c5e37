package emulator_test

import (
	"bytes"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
)

// receive sends a request and returns what arrives of the answer's body, how long it was to be, and why it ends.
func (f *fixture) receive(method, path, body string) (got []byte, announced int64, err error) {
	f.t.Helper()
	request, err := http.NewRequestWithContext(f.ctx, method, f.server.URL()+path, strings.NewReader(body))
	if err != nil {
		f.t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+f.token)
	request.Header.Set("Content-Type", "application/json")
	response, err := f.http.Do(request)
	if err != nil {
		f.t.Fatalf("%s %s: %v", method, path, err)
	}
	defer response.Body.Close()
	got, err = io.ReadAll(response.Body)
	return got, response.ContentLength, err
}

func TestATruncatedAnswerBeginsAndDoesNotEnd(t *testing.T) {
	const user = "/users/" + adele
	batch := `{"requests":[{"id":"1","method":"GET","url":"` + user + `"},{"id":"2","method":"GET","url":"/users/` + megan + `"}]}`
	for name, c := range map[string]struct {
		fault              control.Fault
		method, path, body string
	}{
		"its own answer":  {control.Fault{PathRegexp: "adele"}, http.MethodGet, "/v1.0" + user, ""},
		"another answer":  {control.Fault{PathRegexp: "adele", Status: 500}, http.MethodGet, "/v1.0" + user, ""},
		"an item's":       {control.Fault{PathRegexp: "adele"}, http.MethodPost, "/v1.0/$batch", batch},
		"that of a batch": {control.Fault{PathRegexp: "batch"}, http.MethodPost, "/v1.0/$batch", batch},
	} {
		t.Run(name, func(t *testing.T) {
			f := start(t)
			c.fault.Truncate = true
			id := f.addFault(c.fault)
			got, announced, err := f.receive(c.method, c.path, c.body)
			if err == nil || len(got) == 0 || int64(len(got)) != announced/2 {
				t.Errorf("%d of %d bytes, error %v", len(got), announced, err)
			}
			if requests := f.requests(); !slices.ContainsFunc(requests, func(r control.Request) bool { return r.Fault == id && r.Status != 0 }) {
				t.Errorf("log: %+v", requests)
			}
			whole, _, err := f.receive(c.method, c.path, c.body)
			if err != nil || !bytes.HasSuffix(whole, []byte("}")) {
				t.Errorf("then: %s, %v", whole, err)
			}
		})
	}
}

func TestAnAnswerWithoutABodyIsNotTruncated(t *testing.T) {
	f := start(t)
	f.addFault(control.Fault{Method: http.MethodPatch, Truncate: true, PadToBytes: 100})
	f.writeState(adele, "enabled")
	if got := f.state(adele); got != "enabled" {
		t.Errorf("state is %s", got)
	}
}

func TestAnAnswerIsPaddedAndStaysWhatItIs(t *testing.T) {
	f := start(t)
	plain := f.get("/v1.0/users/" + adele)
	f.addFault(control.Fault{PathRegexp: "adele", PadToBytes: 100_000})
	padded := f.get("/v1.0/users/" + adele)
	if len(padded.raw) != 100_000 || !bytes.Equal(bytes.TrimRight(padded.raw, " "), plain.raw) {
		t.Errorf("%d bytes: %.200s", len(padded.raw), padded.raw)
	}
	f.addFault(control.Fault{PathRegexp: "adele", PadToBytes: 10})
	if again := f.get("/v1.0/users/" + adele); !bytes.Equal(again.raw, plain.raw) {
		t.Errorf("a longer answer: %s", again.raw)
	}
}

func TestAnAnswerOfAnotherTypeAndWithMoreHeadersIsCarriedOut(t *testing.T) {
	f := start(t)
	f.addFault(control.Fault{PathRegexp: "adele", ContentType: "text/html", Headers: map[string]string{"X-Proxy": "yes"}})
	answer := f.get("/v1.0/users/" + adele)
	if answer.status != 200 || answer.header.Get("Content-Type") != "text/html" || answer.header.Get("X-Proxy") != "yes" || answer.body["userPrincipalName"] != adele {
		t.Errorf("%d %v %s", answer.status, answer.header, answer.raw)
	}
	f.addFault(control.Fault{Path: "/" + f.server.TenantID(), ContentType: "text/plain"})
	if answer := f.tokenRequest(); answer.header.Get("Content-Type") != "text/plain" || answer.body["access_token"] == nil {
		t.Errorf("sign-in: %d %v", answer.status, answer.header)
	}
}

func TestTheAnswersOfABatchCanBeSpoiled(t *testing.T) {
	const batch = `{"requests":[{"id":"1","method":"GET","url":"/users/` + adele + `"},{"id":"2","method":"GET","url":"/users/` + megan +
		`"},{"id":"3","method":"GET","url":"/users/` + alex + `"}]}`
	for how, want := range map[string]string{control.BatchMissing: "3 2", control.BatchDuplicate: "3 2 1 1", control.BatchReversed: "3 2 1"} {
		t.Run(how, func(t *testing.T) {
			f := start(t)
			f.addFault(control.Fault{BatchAnswers: how, Times: new(2)})
			// The control: what is no batch is not hit.
			if answer := f.get("/v1.0/users/" + adele); answer.status != 200 {
				t.Errorf("%d %s", answer.status, answer.raw)
			}
			for range 2 {
				var ids []string
				for _, item := range as[[]any](f.graph(http.MethodPost, "/v1.0/$batch", batch).body["responses"]) {
					ids = append(ids, as[string](at(item, "id")))
				}
				if got := strings.Join(ids, " "); got != want {
					t.Errorf("the answers are %s, want %s", got, want)
				}
			}
			if faults, err := f.control.ListFaults(f.ctx); err != nil || faults[0].Applied != 2 {
				t.Errorf("%+v, %v", faults, err)
			}
		})
	}
}

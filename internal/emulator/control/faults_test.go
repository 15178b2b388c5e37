package control_test

import (
	"bytes"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/emulatortest"
)

// receive sends a request and returns what arrives of the answer's body, how long it was to be, and why it ends.
func receive(f *emulatortest.Fixture, method, path, body string) (got []byte, announced int64, err error) {
	f.T.Helper()
	request, err := http.NewRequestWithContext(f.Ctx, method, f.Server.URL()+path, strings.NewReader(body))
	if err != nil {
		f.T.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+f.Token)
	request.Header.Set("Content-Type", "application/json")
	response, err := f.HTTP.Do(request)
	if err != nil {
		f.T.Fatalf("%s %s: %v", method, path, err)
	}
	defer response.Body.Close()
	got, err = io.ReadAll(response.Body)
	return got, response.ContentLength, err
}

func TestATruncatedAnswerBeginsAndDoesNotEnd(t *testing.T) {
	const user = "/users/" + emulatortest.Adele
	batch := `{"requests":[{"id":"1","method":"GET","url":"` + user + `"},{"id":"2","method":"GET","url":"/users/` + emulatortest.Megan + `"}]}`
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
			f := emulatortest.Start(t)
			c.fault.Truncate = true
			id := f.AddFault(c.fault)
			got, announced, err := receive(f, c.method, c.path, c.body)
			if err == nil || len(got) == 0 || int64(len(got)) != announced/2 {
				t.Errorf("%d of %d bytes, error %v", len(got), announced, err)
			}
			if requests := f.Requests(); !slices.ContainsFunc(requests, func(r control.Request) bool { return r.Fault == id && r.Status != 0 }) {
				t.Errorf("log: %+v", requests)
			}
			whole, _, err := receive(f, c.method, c.path, c.body)
			if err != nil || !bytes.HasSuffix(whole, []byte("}")) {
				t.Errorf("then: %s, %v", whole, err)
			}
		})
	}
}

func TestAnAnswerWithoutABodyIsNotTruncated(t *testing.T) {
	f := emulatortest.Start(t)
	f.AddFault(control.Fault{Method: http.MethodPatch, Truncate: true, PadToBytes: 100})
	f.WriteState(emulatortest.Adele, "enabled")
	if got := f.State(emulatortest.Adele); got != "enabled" {
		t.Errorf("state is %s", got)
	}
}

func TestAnAnswerIsPaddedAndStaysWhatItIs(t *testing.T) {
	f := emulatortest.Start(t)
	plain := f.Get("/v1.0/users/" + emulatortest.Adele)
	f.AddFault(control.Fault{PathRegexp: "adele", PadToBytes: 100_000})
	padded := f.Get("/v1.0/users/" + emulatortest.Adele)
	if len(padded.Raw) != 100_000 || !bytes.Equal(bytes.TrimRight(padded.Raw, " "), plain.Raw) {
		t.Errorf("%d bytes: %.200s", len(padded.Raw), padded.Raw)
	}
	f.AddFault(control.Fault{PathRegexp: "adele", PadToBytes: 10})
	if again := f.Get("/v1.0/users/" + emulatortest.Adele); !bytes.Equal(again.Raw, plain.Raw) {
		t.Errorf("a longer answer: %s", again.Raw)
	}
}

func TestAnAnswerOfAnotherTypeAndWithMoreHeadersIsCarriedOut(t *testing.T) {
	f := emulatortest.Start(t)
	f.AddFault(control.Fault{PathRegexp: "adele", ContentType: "text/html", Headers: map[string]string{"X-Proxy": "yes"}})
	answer := f.Get("/v1.0/users/" + emulatortest.Adele)
	if answer.Status != 200 || answer.Header.Get("Content-Type") != "text/html" || answer.Header.Get("X-Proxy") != "yes" || answer.Body["userPrincipalName"] != emulatortest.Adele {
		t.Errorf("%d %v %s", answer.Status, answer.Header, answer.Raw)
	}
	f.AddFault(control.Fault{Path: "/" + f.Server.TenantID(), ContentType: "text/plain"})
	if answer := f.TokenRequest(); answer.Header.Get("Content-Type") != "text/plain" || answer.Body["access_token"] == nil {
		t.Errorf("sign-in: %d %v", answer.Status, answer.Header)
	}
}

func TestTheAnswersOfABatchCanBeSpoiled(t *testing.T) {
	const batch = `{"requests":[{"id":"1","method":"GET","url":"/users/` + emulatortest.Adele + `"},{"id":"2","method":"GET","url":"/users/` + emulatortest.Megan +
		`"},{"id":"3","method":"GET","url":"/users/` + emulatortest.Alex + `"}]}`
	for how, want := range map[string]string{control.BatchMissing: "3 2", control.BatchDuplicate: "3 2 1 1", control.BatchReversed: "3 2 1"} {
		t.Run(how, func(t *testing.T) {
			f := emulatortest.Start(t)
			f.AddFault(control.Fault{BatchAnswers: how, Times: new(2)})
			// The control: what is no batch is not hit.
			if answer := f.Get("/v1.0/users/" + emulatortest.Adele); answer.Status != 200 {
				t.Errorf("%d %s", answer.Status, answer.Raw)
			}
			for range 2 {
				var ids []string
				for _, item := range emulatortest.As[[]any](f.Graph(http.MethodPost, "/v1.0/$batch", batch).Body["responses"]) {
					ids = append(ids, emulatortest.As[string](emulatortest.At(item, "id")))
				}
				if got := strings.Join(ids, " "); got != want {
					t.Errorf("the answers are %s, want %s", got, want)
				}
			}
			if faults, err := f.Control.ListFaults(f.Ctx); err != nil || faults[0].Applied != 2 {
				t.Errorf("%+v, %v", faults, err)
			}
		})
	}
}

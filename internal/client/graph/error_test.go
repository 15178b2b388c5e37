package graph

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

func TestARefusalIsReadWhateverItsForm(t *testing.T) {
	t.Parallel()
	const operation = `read user "adele@contoso.example"`
	const foreign = "the answer is %s and not Microsoft Graph's JSON; a proxy or a wrong endpoint may stand in between. It begins: %s"
	const page = "the answer is %s and not Microsoft Graph's JSON; a proxy or a wrong endpoint may stand in between. It says: %s"
	jsonType := http.Header{"Content-Type": {"application/json"}}
	htmlType := http.Header{"Content-Type": {"text/html; charset=utf-8"}}
	for _, tc := range []struct {
		name   string
		status int
		header http.Header
		body   string
		want   Error
	}{
		{
			"innerError as Graph writes it", 404, jsonType,
			`{"error":{"code":"Request_ResourceNotFound","message":"Resource 'x' does not exist.","innerError":{"date":"2026-01-01","request-id":"r-1","client-request-id":"c-1"}}}`,
			Error{Code: "Request_ResourceNotFound", Message: "Resource 'x' does not exist.", RequestID: "r-1", ClientRequestID: "c-1", FromGraph: true},
		},
		{
			"innererror as other parts of Graph write it", 400, jsonType,
			`{"error":{"code":"BadRequest","message":"No.","innererror":{"request-id":"r-2","client-request-id":"c-2"}}}`,
			Error{Code: "BadRequest", Message: "No.", RequestID: "r-2", ClientRequestID: "c-2", FromGraph: true},
		},
		{
			"ids in the header come before those in the body", 400,
			http.Header{"Content-Type": {"application/json"}, "Request-Id": {"r-header"}, "Client-Request-Id": {"c-header"}},
			`{"error":{"code":"BadRequest","message":"No.","innerError":{"request-id":"r-body","client-request-id":"c-body"}}}`,
			Error{Code: "BadRequest", Message: "No.", RequestID: "r-header", ClientRequestID: "c-header", FromGraph: true},
		},
		{
			"an empty code", 403, jsonType, `{"error":{"code":"","message":"Denied."}}`,
			Error{Message: "Denied.", FromGraph: true, Permissions: []string{"User.Read.All"}},
		},
		{
			"a code without a message", 404, jsonType, `{"error":{"code":"itemNotFound"}}`,
			Error{Code: "itemNotFound", FromGraph: true},
		},
		{
			"the nested message of Conditional Access", 400, jsonType,
			`{"error":{"code":"BadRequest","message":"The request is invalid.","innerError":{"message":"1040: The policy names a location that does not exist.","date":"x"}}}`,
			Error{Code: "BadRequest", Message: "The request is invalid. 1040: The policy names a location that does not exist.", FromGraph: true},
		},
		{
			"a nested message that says the same", 400, jsonType,
			`{"error":{"code":"BadRequest","message":"No.","innerError":{"message":"No."}}}`,
			Error{Code: "BadRequest", Message: "No.", FromGraph: true},
		},
		{
			"an inner error of another form", 409, jsonType, `{"error":{"code":"Conflict","message":"No.","innerError":"text"}}`,
			Error{Code: "Conflict", Message: "No.", FromGraph: true},
		},
		{
			"nested inner errors and details", 400, jsonType,
			`{"error":{"code":"BadRequest","message":"No.","details":[{"code":"x"}],"innerError":{"code":"y","innerError":{"code":"z"},"request-id":"r"}}}`,
			Error{Code: "BadRequest", Message: "No.", RequestID: "r", FromGraph: true},
		},
		{
			"an envelope under the wrong content type", 404,
			http.Header{"Content-Type": {"text/plain"}},
			`{"error":{"code":"Request_ResourceNotFound","message":"Gone."}}`,
			Error{Code: "Request_ResourceNotFound", Message: "Gone.", FromGraph: true},
		},
		{
			"the page of a proxy", 502, htmlType, "<html>\n  <h1>Bad   gateway</h1>\n</html>",
			Error{Message: fmt.Sprintf(page, "text/html", "Bad gateway")},
		},
		{
			"a page with more than text", 403, htmlType,
			"<!DOCTYPE html><html><head><title>Blocked</title><style>h1 { color: red }</style><script>if (a<b) alert('x')</script></head><!-- a > b --><body>Ask&nbsp;the <b\nid='x'>network</b> team &amp; wait.",
			Error{Message: fmt.Sprintf(page, "text/html", "Blocked Ask the network team & wait.")},
		},
		{"a page that is cut short in a script", 502, nil, "<html>Oh.<script>alert('x')", Error{Message: fmt.Sprintf(page, "an unnamed type", "Oh.")}},
		{
			"a page without a content type", 404, nil, "nothing here",
			Error{Message: fmt.Sprintf(foreign, "an unnamed type", "nothing here")},
		},
		{"no body", 404, jsonType, "", Error{Message: "the answer has no body"}},
		{"only white space", 404, jsonType, " \r\n", Error{Message: "the answer has no body"}},
		{
			"JSON cut short", 404, jsonType, `{"error":{"code":"Request_ResourceNotFound","mess`,
			Error{Message: fmt.Sprintf(foreign, "application/json", `{"error":{"code":"Request_ResourceNotFound","mess`)},
		},
		{
			"JSON of somebody else", 404, jsonType, `{"message":"no route"}`,
			Error{Message: fmt.Sprintf(foreign, "application/json", `{"message":"no route"}`)},
		},
		{
			"an error that is a text", 404, jsonType, `{"error":"not_found"}`,
			Error{Message: fmt.Sprintf(foreign, "application/json", `{"error":"not_found"}`)},
		},
		{
			"a numeric code, which is never Graph's", 404, jsonType, `{"error":{"code":404,"message":"no route"}}`,
			Error{Message: fmt.Sprintf(foreign, "application/json", `{"error":{"code":404,"message":"no route"}}`)},
		},
		{
			"an envelope that says nothing", 404, jsonType, `{"error":{}}`,
			Error{Message: fmt.Sprintf(foreign, "application/json", `{"error":{}}`)},
		},
		{
			"bytes that are not text", 500, nil, "caf\xe9 \x00\x1b[31mred",
			Error{Message: fmt.Sprintf(foreign, "an unnamed type", "caf\uFFFD [31mred")},
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			want := tc.want
			want.Operation, want.Status = operation, tc.status
			got := newError(operation, []string{"User.Read.All"}, tc.status, tc.header, []byte(tc.body))
			if diff := cmp.Diff(&want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestALongForeignPageIsCut(t *testing.T) {
	t.Parallel()
	e := newError("x", nil, 502, nil, []byte(strings.Repeat("\u00e9", 5000)))
	if !strings.HasSuffix(e.Message, "\u00e9...") || utf8.RuneCountInString(e.Message) > 400 {
		t.Errorf("the message is %d runes long: %s", utf8.RuneCountInString(e.Message), e.Message)
	}
}

func TestOnlyGraphsOwn404MeansNotFound(t *testing.T) {
	t.Parallel()
	const envelope = `{"error":{"code":"Request_ResourceNotFound","message":"Gone."}}`
	graphs := newError("x", nil, 404, nil, []byte(envelope))
	if !IsNotFound(graphs) || !IsNotFound(fmt.Errorf("wrapped: %w", graphs)) {
		t.Error("Graph's own 404 is not recognised")
	}
	for name, err := range map[string]error{
		"no error":            nil,
		"another error":       errors.New("HTTP 404"),
		"a page's 404":        newError("x", nil, 404, nil, []byte("<html>")),
		"an empty 404":        newError("x", nil, 404, nil, nil),
		"a 400 that says 404": newError("x", nil, 400, nil, []byte(`{"error":{"code":"Request_ResourceNotFound","message":"404"}}`)),
		"a 410":               newError("x", nil, 410, nil, []byte(envelope)),
		"a 403":               newError("x", nil, 403, nil, []byte(envelope)),
	} {
		if IsNotFound(err) {
			t.Errorf("%s counts as not found", name)
		}
	}
}

func TestForbiddenNamesThePermissionsAndOtherRefusalsDoNot(t *testing.T) {
	t.Parallel()
	permissions := []string{"Policy.ReadWrite.AuthenticationMethod"}
	forbidden := newError("x", permissions, 403, nil, []byte(`{"error":{"code":"Authorization_RequestDenied","message":"Insufficient privileges."}}`))
	if !IsForbidden(forbidden) || !IsForbidden(fmt.Errorf("wrapped: %w", forbidden)) {
		t.Error("a 403 is not forbidden")
	}
	if diff := cmp.Diff(permissions, forbidden.Permissions); diff != "" {
		t.Errorf("permissions (-want +got):\n%s", diff)
	}
	if IsLicenseRequired(forbidden) {
		t.Error("a missing permission counts as a missing licence")
	}
	for _, status := range []int{400, 401, 404, 429, 500} {
		other := newError("x", permissions, status, nil, nil)
		if IsForbidden(other) || other.Permissions != nil {
			t.Errorf("HTTP %d: forbidden %t, permissions %v", status, IsForbidden(other), other.Permissions)
		}
	}
	if IsForbidden(nil) || IsForbidden(errors.New("HTTP 403")) {
		t.Error("what is no answer counts as forbidden")
	}
}

func TestAMissingLicenceIsToldFromAMissingPermission(t *testing.T) {
	t.Parallel()
	body := `{"error":{"code":"Authentication_RequestFromNonPremiumTenantOrB2CTenant","message":"Neither tenant is B2C or tenant doesn't have premium license"}}`
	if !IsLicenseRequired(newError("x", nil, 403, nil, []byte(body))) {
		t.Error("the 403 of a tenant without P1 is not recognised")
	}
	if !IsLicenseRequired(newError("x", nil, 403, nil, []byte(strings.ToLower(body)))) {
		t.Error("another case of the code is not recognised")
	}
	if IsLicenseRequired(newError("x", nil, 400, nil, []byte(body))) || IsLicenseRequired(nil) {
		t.Error("what is no 403 counts as a missing licence")
	}
}

func TestThrottledIsA429(t *testing.T) {
	t.Parallel()
	if !IsThrottled(newError("x", nil, 429, nil, nil)) {
		t.Error("a 429 is not throttled")
	}
	if IsThrottled(newError("x", nil, 503, nil, nil)) || IsThrottled(nil) {
		t.Error("what is no 429 counts as throttled")
	}
}

func TestTheTextOfARefusalSaysWhatWasTriedAndHowToFindIt(t *testing.T) {
	t.Parallel()
	full := Error{Operation: `read user "x"`, Status: 404, Code: "Request_ResourceNotFound", Message: "Gone.", RequestID: "r-1", ClientRequestID: "c-1"}
	if got, want := full.Error(), `unable to read user "x": HTTP 404 Request_ResourceNotFound: Gone. (request-id r-1)`; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	bare := Error{Operation: "list things", Status: 502}
	if got, want := bare.Error(), "unable to list things: HTTP 502"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func FuzzNewError(f *testing.F) {
	for _, body := range []string{
		"", "{}", `{"error":{"code":"x","message":"y","innerError":{"message":"z"}}}`, `{"error":{"innererror":[]}}`, "<html>", "\xff\xfe", `{"error":null}`, `{"error":"x"}`,
		`{"error":{"code":"x"}} trailing`,
	} {
		f.Add(404, "application/json", body)
	}
	f.Fuzz(func(t *testing.T, status int, contentType, body string) {
		e := newError("read it", []string{"P"}, status, http.Header{"Content-Type": {contentType}}, []byte(body))
		if e.Status != status || e.Operation != "read it" {
			t.Fatalf("status %d or operation %q was lost", e.Status, e.Operation)
		}
		if !strings.HasPrefix(e.Error(), fmt.Sprintf("unable to read it: HTTP %d", status)) {
			t.Fatalf("the text hides the status: %s", e)
		}
		if e.FromGraph && !json.Valid([]byte(body)) {
			t.Fatalf("%q counts as Graph's", body)
		}
		if !e.FromGraph && e.Message == "" {
			t.Fatalf("nothing is said of %q", body)
		}
		if IsNotFound(e) && (status != 404 || !strings.Contains(strings.ToLower(body), "error")) {
			t.Fatalf("HTTP %d %q counts as not found", status, body)
		}
		if !utf8.ValidString(e.Error()) {
			t.Fatalf("the text is not valid: %q", e.Error())
		}
	})
}

func TestTheNumberOfAConditionalAccessRefusalIsRead(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]string{
		`{"error":{"code":"BadRequest","message":"1040: Unknown location."}}`:                                                  "1040",
		`{"error":{"code":"BadRequest","message":"The request was refused.","innerError":{"message":"1007: Body is wrong."}}}`: "1007",
		`{"error":{"code":"BadRequest","message":"9999: Something new."}}`:                                                     "9999",
		`{"error":{"code":"BadRequest","message":"Port 1040 is not it."}}`:                                                     "",
	} {
		have := newError("try", nil, http.StatusBadRequest, http.Header{}, []byte(body)).Number()
		if have != want {
			t.Errorf("%s has the number %q, want %q", body, have, want)
		}
	}
	// The same number under another status is not Conditional Access's.
	if have := (&Error{Status: http.StatusForbidden, Message: "1040: Unknown location."}).Number(); have != "" {
		t.Errorf("a 403 has the number %q", have)
	}
}

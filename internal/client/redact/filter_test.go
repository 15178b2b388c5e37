package redact

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"html"
	"log"
	"net/url"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

const (
	aSecret = "q8X~Zr3.kT_vB+7/wPc=LmN0-yHs&dFgJ'2aE"
	aToken  = "eyJ0eXAiOiJKV1QiLCJhbGciOiJSUzI1NiJ9.eyJhdWQiOiJodHRwczovL2dyYXBoIn0.c2lnbmF0dXJlLW9mLXRoZS10b2tlbg"
)

// wrap breaks a text into lines of so many bytes.
func wrap(text string, width int, with string) string {
	var lines []string
	for len(text) > width {
		lines, text = append(lines, text[:width]), text[width:]
	}
	return strings.Join(append(lines, text), with)
}

func inJSON(text string) string {
	quoted, _ := json.Marshal(text)
	return string(quoted)
}

// encodings are the forms in which a server repeats what it was sent.
var encodings = map[string]func(string) string{
	"as it is":          func(s string) string { return s },
	"query":             url.QueryEscape,
	"path":              url.PathEscape,
	"every byte":        func(s string) string { return "%" + wrap(hex.EncodeToString([]byte(s)), 2, "%") },
	"query twice":       func(s string) string { return url.QueryEscape(url.QueryEscape(s)) },
	"JSON":              inJSON,
	"JSON in JSON":      func(s string) string { return inJSON(inJSON(s)) },
	"JSON, each a \\u":  func(s string) string { return "\\u00" + wrap(hex.EncodeToString([]byte(s)), 2, "\\u00") },
	"Go":                func(s string) string { return fmt.Sprintf("%q", s) },
	"HTML":              html.EscapeString,
	"HTML of a URL":     func(s string) string { return html.EscapeString(url.QueryEscape(s)) },
	"HTML in JSON":      func(s string) string { return inJSON(html.EscapeString(s)) },
	"base64":            func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) },
	"base64 of a user":  func(s string) string { return base64.StdEncoding.EncodeToString([]byte("an-app:" + s)) },
	"base64 of a form":  func(s string) string { return base64.StdEncoding.EncodeToString([]byte("a=b&s=" + url.QueryEscape(s))) },
	"base64url":         func(s string) string { return base64.RawURLEncoding.EncodeToString([]byte("x" + s)) },
	"hexadecimal":       func(s string) string { return hex.EncodeToString([]byte(s)) },
	"lines":             func(s string) string { return wrap(s, 7, "\r\n") },
	"indented lines":    func(s string) string { return wrap(s, 5, "\n        ") },
	"lines in JSON":     func(s string) string { return inJSON(wrap(s, 5, "\n")) },
	"lines of base64":   func(s string) string { return wrap(base64.StdEncoding.EncodeToString([]byte(s)), 9, "\n  ") },
	"markup":            func(s string) string { return wrap(s, 4, "<wbr>") },
	"without a width":   func(s string) string { return wrap(s, 6, "\u200b") },
	"the first half":    func(s string) string { return s[:len(s)/2] },
	"the last third":    func(s string) string { return s[2*len(s)/3:] },
	"the middle, in %":  func(s string) string { return url.QueryEscape(s[len(s)/3 : 2*len(s)/3]) },
	"cut in the middle": func(s string) string { return s[:12] + "..." + s[len(s)-12:] },
}

func TestASecretIsRemovedInEachFormAndTheTextAroundItStays(t *testing.T) {
	t.Parallel()
	for _, known := range []secret{{"client secret", aSecret}, {"access token", aToken}} {
		filter := New()
		filter.Learn(known.name, known.text)
		for name, encode := range encodings {
			sent := encode(known.text)
			got := filter.Text("Before it: " + sent + " and after it.")
			if !strings.HasPrefix(got, "Before it: ") || !strings.HasSuffix(got, " and after it.") || !strings.Contains(got, " removed]") {
				t.Errorf("%s, %s: %q", known.name, name, got)
			}
			// Quotation marks and the like may stay.
			if left := len(got) - len("Before it:  and after it.") - strings.Count(got, "[")*len("[access token removed]"); left > 12 {
				t.Errorf("%s, %s: %d bytes are left of %q: %q", known.name, name, left, sent, got)
			}
		}
	}
}

// What nobody has thought of above: encodings on top of one another, and lines of any length.
func TestNoPieceOfASecretSurvivesEncodingsOnTopOfOneAnother(t *testing.T) {
	t.Parallel()
	names := []string{"query", "path", "JSON", "HTML", "Go", "lines", "as it is"}
	rapid.Check(t, func(rt *rapid.T) {
		text := rapid.StringMatching(`[A-Za-z0-9~._+/=&'"<%-]{20,60}`).Draw(rt, "secret")
		filter := New()
		filter.Learn("client secret", text)
		sent := text
		for range rapid.IntRange(1, 3).Draw(rt, "layers") {
			sent = encodings[rapid.SampledFrom(names).Draw(rt, "encoding")](sent)
		}
		got := filter.Text("It was " + sent + " there")
		if !strings.HasPrefix(got, "It was ") || !strings.HasSuffix(got, " there") || !strings.Contains(got, "[client secret removed]") {
			rt.Fatalf("%q of %q became %q", sent, text, got)
		}
		for left, more := newView(got), true; more; left, more = left.decoded() {
			for i := 0; i+piece <= len(text); i++ {
				if bytes.Contains(left.stripped().text, []byte(text[i:i+piece])) {
					rt.Fatalf("%q of %q became %q, which has %q", sent, text, got, text[i:i+piece])
				}
			}
		}
	})
}

func TestTheFormsOfSecretsAreKnownWithoutTheSecrets(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"it was Authorization: Bearer abc.def-1 here":                 "it was [authorization removed] here",
		"it was Bearer q8XZr3kTvB7wPcLm here":                         "it was [access token removed] here",
		"it was Basic dXNlcjpwYXNz here":                              "it was [authorization removed] here",
		"a=b&client_secret=abc&c=d":                                   "a=b&[client_secret removed]&c=d",
		`client_certificate_password = "abc"`:                         "[client_certificate_password removed]",
		`{"oidc_request_token":"abc"}`:                                `{[oidc_request_token removed]}`,
		"a=b&amp;client_secret=abc&amp;c=d":                           "a=b&amp;[client_secret removed]&amp;c=d",
		"a%3Db%26client_assertion%3Dabc%26c%3Dd":                      "a%3Db%26[client_assertion removed]%26c%3Dd",
		`{"access_token":"abc","expires_in":1}`:                       `{[access_token removed],"expires_in":1}`,
		`"{\"refresh_token\": \"abc\", \"x\":1}"`:                     `"{[refresh_token removed], \"x\":1}"`,
		"X-IDENTITY-HEADER: abc, and more":                            "[identity header removed], and more",
		"see https://adele:pass@word@proxy.contoso.example:8080/x":    "see https://[credentials removed]@proxy.contoso.example:8080/x",
		"a token " + aToken + " here":                                 "a token [token removed] here",
		"a token " + aToken[:50] + "...":                              "a token [token removed]...",
		"-----BEGIN PRIVATE KEY-----\nMII\n-----END PRIVATE KEY-----": "[private key removed]",
	} {
		if got := New().Text(text); got != want {
			t.Errorf("%q became %q, want %q", text, got, want)
		}
	}
}

func TestWhatIsNoSecretStays(t *testing.T) {
	t.Parallel()
	filter := New()
	filter.Learn("client secret", aSecret)
	filter.Learn("client secret", "short12")
	filter.Learn("certificate password", "password1234")
	for _, text := range []string{
		"", "short12 is a word", "Bearer authentication is needed, and a Basic authorization is not",
		"The request body must contain the following parameter: 'client_assertion' or 'client_secret'.",
		"client_certificate_password does not open it", "the password is wrong: a password of 1234", "Check client_secret (ARM_CLIENT_SECRET).",
		"AADSTS7000215: Invalid client secret provided. Ensure the secret being sent in the request is the client secret value.",
		"https://login.microsoftonline.com/error?x=a@b", "az login --claims-challenge eyJhY2Nlc3NfdG9rZW4iOnsibmJmIjp7ImVzc2VudGlhbCI6dHJ1ZX19fQ==", "100% of <b>them</b> &amp; more %zz \\u12 \\", "/users/a2b30200-0000-4000-8000-000000000001/authentication/requirements",
	} {
		if got := filter.Text(text); got != text {
			t.Errorf("%q became %q", text, got)
		}
	}
	// And behind its name a short one goes.
	if got := filter.Text("client_secret=short12"); got != "[client_secret removed]" {
		t.Errorf("it became %q", got)
	}
	if got := filter.Text("it was password1234"); got != "it was [certificate password removed]" {
		t.Errorf("it became %q", got)
	}
}

func TestOldTokensAreForgottenAndSecretsOfTheConfigurationAreNot(t *testing.T) {
	t.Parallel()
	filter := New()
	filter.Learn("client secret", aSecret)
	token := func(n int) string { return fmt.Sprintf("token-%020d-of-many", n) }
	for n := range 3 * maxRecent {
		filter.LearnRecent("access token", token(n))
		filter.LearnRecent("access token", token(n))
	}
	last := token(3*maxRecent - 1)
	if got := filter.Text(aSecret + " " + last); got != "[client secret removed] [access token removed]" {
		t.Errorf("it became %q", got)
	}
	if n := len(filter.recent); n < maxRecent || n > 2*maxRecent || len(filter.known) != n+1 {
		t.Errorf("%d recent ones, %d known", len(filter.recent), len(filter.known))
	}
}

// A large page of a proxy must not cost a run its time.
func TestALargeTextTakesLittleTime(t *testing.T) {
	t.Parallel()
	filter := New()
	filter.Learn("client secret", aSecret)
	filter.LearnRecent("access token", strings.Repeat(aToken, 20))
	page := strings.Repeat("<p>Zugriff%20verweigert &amp; "+aSecret+" \\u0041</p>\n", 1000)
	began := time.Now()
	if got := filter.Text(page); strings.Contains(got, aSecret) || strings.Count(got, "verweigert") != 1000 {
		t.Error("the page has the secret, or lost its text")
	}
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("%d KB took %v", len(page)>>10, took)
	}
}

func TestAWriterRemovesThemFromEachRecord(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	logger := log.New(&writer{filter: New(), to: &out}, "", 0)
	logger.Print("Unsolicited response starting with \"Bearer abc123def456\"")
	if out.String() != "Unsolicited response starting with \"[access token removed]\"\n" {
		t.Errorf("it wrote %q", out.String())
	}
}

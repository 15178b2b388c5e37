package control

import (
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"strings"
)

// maxBody is the largest body that the control API reads.
const maxBody = 256 << 20

// Endpoint is a line of GET /_emulator/.
type Endpoint struct {
	Method      string           `json:"method"`
	Path        string           `json:"path"` // below /_emulator/
	Description string           `json:"description"`
	Handle      http.HandlerFunc `json:"-"`
}

// On returns an endpoint.
func On(method, path, description string, handle http.HandlerFunc) Endpoint {
	return Endpoint{method, path, description, handle}
}

// Handler serves the endpoints. It is immediate, unlogged, and needs no token; see [Guard].
func Handler(endpoints []Endpoint, info func() Info) http.Handler {
	mux, listed := http.NewServeMux(), make([]Endpoint, len(endpoints))
	for i, endpoint := range endpoints {
		endpoint.Path = "/_emulator/" + endpoint.Path
		mux.HandleFunc(endpoint.Method+" "+endpoint.Path, endpoint.Handle)
		listed[i] = endpoint
	}
	mux.HandleFunc("/_emulator/", func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet || strings.TrimSuffix(r.URL.Path, "/") != "/_emulator" {
			Refuse(w, http.StatusNotFound, "there is no "+r.Method+" "+r.URL.Path+"; GET /_emulator/ lists what there is")
			return
		}
		Answer(w, http.StatusOK, map[string]any{
			"name":      "entra-emulator control API",
			"info":      info(),
			"endpoints": listed,
		})
	})
	return mux
}

// Answer answers with a JSON value.
func Answer(w http.ResponseWriter, status int, value any) {
	if tenant, is := value.(*Tenant); is {
		value = tenant.quick()
	}
	data, err := json.Marshal(value)
	if err != nil {
		panic("emulator: control answers always marshal: " + err.Error())
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(append(data, '\n')) // a caller that has gone away is no concern here
}

// Refuse answers with an error.
func Refuse(w http.ResponseWriter, status int, message string) {
	Answer(w, status, map[string]string{"error": message})
}

// Refusal is a request that cannot be fulfilled.
type Refusal struct {
	Status  int
	Message string
}

// NotThere refuses a request for an object that does not exist.
func NotThere(kind, key string) *Refusal {
	return &Refusal{http.StatusNotFound, "there is no " + kind + " " + key}
}

// Invalid refuses a request whose body makes no sense.
func Invalid(err error) *Refusal { return Bad(err.Error()) }

// Bad refuses a request whose body makes no sense, in words.
func Bad(message string) *Refusal { return &Refusal{http.StatusBadRequest, message} }

// Conflict refuses a request that does not fit what the tenant has.
func Conflict(message string) *Refusal { return &Refusal{http.StatusConflict, message} }

// Reply answers with a value, without a body where it is nil, or with a refusal.
func Reply(w http.ResponseWriter, status int, value any, refused *Refusal) {
	switch {
	case refused != nil:
		Refuse(w, refused.Status, refused.Message)
	case value == nil:
		w.WriteHeader(http.StatusNoContent)
	default:
		Answer(w, status, value)
	}
}

// ReadBody decodes the body strictly; when it returns false, it has answered already.
func ReadBody(w http.ResponseWriter, r *http.Request, target any) bool {
	data, ok := RawBody(w, r)
	if !ok {
		return false
	}
	if err := DecodeStrict(data, target); err != nil {
		Refuse(w, http.StatusBadRequest, err.Error())
		return false
	}
	return true
}

// RawBody reads the body; when it returns false, it has answered already. It refuses a body that is not said to be JSON: forms
// and plain text are what a page can send to another site without asking first.
func RawBody(w http.ResponseWriter, r *http.Request) ([]byte, bool) {
	contentType := r.Header.Get("Content-Type")
	if mediaType, _, err := mime.ParseMediaType(contentType); err != nil || !strings.EqualFold(mediaType, "application/json") {
		Refuse(w, http.StatusUnsupportedMediaType, fmt.Sprintf("Content-Type: %q; a body has to be application/json, "+
			"as curl --json sends it", contentType))
		return nil, false
	}
	data, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		Refuse(w, http.StatusBadRequest, "reading the body: "+err.Error())
		return nil, false
	}
	return data, true
}

// Guard keeps web pages out of the control API, which needs no token: a page that somebody has open while the emulator
// runs on the same machine could otherwise seed the tenant, or read its secrets. Programs such as curl send none of the
// headers that are checked here but Host. isName tells whether a host is a name of the emulator at url.
//
// https://fetch.spec.whatwg.org/#origin-header
// https://www.w3.org/TR/fetch-metadata/#sec-fetch-site-header
func Guard(next http.Handler, url string, isName func(host string) bool) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		site, origins := r.Header.Values("Sec-Fetch-Site"), r.Header.Values("Origin")
		switch {
		case !isName(r.Host):
			// A name of somebody else that leads here is how a page gets around the rule of the same origin.
			Refuse(w, http.StatusForbidden, fmt.Sprintf("Host: %q is not a name of this emulator; use %s, "+
				"or start the emulator with --name %s if that name is yours", r.Host, url, hostname(r.Host)))
		case len(origins) > 1 || len(origins) == 1 && origins[0] != "https://"+r.Host:
			Refuse(w, http.StatusForbidden, fmt.Sprintf("Origin: %q is another site; the control API is not for web pages", origins[0]))
		case len(site) > 1 || len(site) == 1 && site[0] != "same-origin" && site[0] != "none":
			Refuse(w, http.StatusForbidden, fmt.Sprintf("Sec-Fetch-Site: %q: the request comes from a page of another site; "+
				"the control API is not for web pages", site[0]))
		default:
			next.ServeHTTP(w, r)
		}
	})
}

func hostname(host string) string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	return strings.ToLower(strings.Trim(host, "[]"))
}

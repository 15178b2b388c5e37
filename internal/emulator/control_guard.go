package emulator

import (
	"fmt"
	"mime"
	"net"
	"net/http"
	"strings"
)

// guardControl keeps web pages out of the control API, which needs no token: a page that somebody has open while the emulator
// runs on the same machine could otherwise seed the tenant, or read its secrets. Programs such as curl send none of the
// headers that are checked here but Host.
//
// https://fetch.spec.whatwg.org/#origin-header
// https://www.w3.org/TR/fetch-metadata/#sec-fetch-site-header
func (s *Server) guardControl(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		site, origins := r.Header.Values("Sec-Fetch-Site"), r.Header.Values("Origin")
		switch {
		case !s.names[hostname(r.Host)]:
			// A name of somebody else that leads here is how a page gets around the rule of the same origin.
			refuseControl(w, http.StatusForbidden, fmt.Sprintf("Host: %q is not a name of this emulator; use %s, "+
				"or start the emulator with --name %s if that name is yours", r.Host, s.url, hostname(r.Host)))
		case len(origins) > 1 || len(origins) == 1 && origins[0] != "https://"+r.Host:
			refuseControl(w, http.StatusForbidden, fmt.Sprintf("Origin: %q is another site; the control API is not for web pages", origins[0]))
		case len(site) > 1 || len(site) == 1 && site[0] != "same-origin" && site[0] != "none":
			refuseControl(w, http.StatusForbidden, fmt.Sprintf("Sec-Fetch-Site: %q: the request comes from a page of another site; "+
				"the control API is not for web pages", site[0]))
		default:
			next.ServeHTTP(w, r)
		}
	})
}

// hostname is a host without its port and without brackets, in lower case.
func hostname(host string) string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	return strings.ToLower(strings.Trim(host, "[]"))
}

// checkControlBody refuses a body that is not said to be JSON. Forms and plain text are what a page can send to another site
// without asking first.
func checkControlBody(r *http.Request) *refusal {
	contentType := r.Header.Get("Content-Type")
	if mediaType, _, err := mime.ParseMediaType(contentType); err == nil && strings.EqualFold(mediaType, "application/json") {
		return nil
	}
	return &refusal{http.StatusUnsupportedMediaType, fmt.Sprintf("Content-Type: %q; a body has to be application/json, "+
		"as curl --json sends it", contentType)}
}

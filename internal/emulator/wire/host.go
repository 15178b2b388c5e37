package wire

import (
	"net"
	"net/http"
	"strings"
)

// Host is by what the emulator is addressed.
type Host struct {
	// URL is its address, such as https://127.0.0.1:43127.
	URL   string
	hosts map[string]bool // lower-case host:port by which it may be addressed
	names map[string]bool // the same without the port, which a container may map to another one
}

// NewHost returns the host with the address, which can be addressed by the names as well.
func NewHost(url, port string, names []string) *Host {
	h := &Host{URL: url, hosts: map[string]bool{}, names: map[string]bool{}}
	for _, name := range names {
		h.hosts[strings.ToLower(net.JoinHostPort(name, port))] = true
		h.names[strings.ToLower(name)] = true
	}
	return h
}

// Origin is the scheme, host and port by which the caller addressed the server, for links in answers: one of its names, with
// the port as it is outside of a container.
func (h *Host) Origin(r *http.Request) string {
	if h.HasName(r.Host) {
		return "https://" + r.Host
	}
	return h.URL
}

// HasName tells whether a host, with or without a port, is one of the server's names.
func (h *Host) HasName(host string) bool { return h.names[Hostname(host)] }

// Serves tells whether host:port, in lower case, is where the server listens.
func (h *Host) Serves(host string) bool { return h.hosts[host] || "https://"+host == h.URL }

// Hostname is a host without its port and without brackets, in lower case.
func Hostname(host string) string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	return strings.ToLower(strings.Trim(host, "[]"))
}

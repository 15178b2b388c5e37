package server_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/acctest"
)

// flaky stands in front of an address and answers 503 to the first requests.
type flaky struct {
	t        *testing.T
	failures int64
	asked    atomic.Int64
	bundle   string // a CA file for it and what is behind it
}

func newFlaky(t *testing.T, failures int64) *flaky {
	t.Helper()
	return &flaky{t: t, failures: failures}
}

func (f *flaky) inFrontOf(address, caFile string) string {
	f.t.Helper()
	forward := acctest.ForwardTo(f.t, address, caFile)
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if f.asked.Add(1) <= f.failures {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		forward.ServeHTTP(w, r)
	}))
	f.t.Cleanup(server.Close)
	behind, err := os.ReadFile(caFile)
	if err != nil {
		f.t.Fatal(err)
	}
	f.bundle = acctest.WriteBundle(f.t, append(behind, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})...))
	return server.URL + "/token"
}

// serveExpiredCertificate is a TLS server whose certificate, and nothing else about it, is over.
func serveExpiredCertificate(t *testing.T, end time.Time) (address, bundle string) {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "over"}, NotBefore: end.Add(-time.Hour), NotAfter: end,
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewUnstartedServer(http.NotFoundHandler())
	server.TLS = &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}, MinVersion: tls.VersionTLS12}
	server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	server.StartTLS()
	t.Cleanup(server.Close)
	return server.URL, acctest.WriteBundle(t, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}

package emulator

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"slices"
	"time"
)

// certificateLifetime outlives every test run; a program that runs longer is started anew.
const certificateLifetime = 90 * 24 * time.Hour

// newServerCertificate creates a certificate authority that exists for this one server, and the server's certificate.
// host is what the server binds; the certificate is also good for the usual names of the loopback interface and for further ones.
func newServerCertificate(host string, further []string) (leaf tls.Certificate, caPEM []byte, names []string, err error) {
	// The wall clock on purpose, not the configurable one: clients check these dates against their own clock.
	notBefore := time.Now().Add(-time.Hour)
	notAfter := notBefore.Add(certificateLifetime)
	caKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, nil, nil, fmt.Errorf("generating the CA key: %w", err)
	}
	ca := &x509.Certificate{
		SerialNumber:          serialNumber(),
		Subject:               pkix.Name{CommonName: "entra-emulator CA (not for production)"},
		NotBefore:             notBefore,
		NotAfter:              notAfter,
		IsCA:                  true,
		BasicConstraintsValid: true,
		MaxPathLenZero:        true,
		KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
	}
	caDER, err := x509.CreateCertificate(rand.Reader, ca, ca, &caKey.PublicKey, caKey)
	if err != nil {
		return tls.Certificate{}, nil, nil, fmt.Errorf("creating the CA certificate: %w", err)
	}
	names = serverNames(host)
	for _, name := range further {
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, nil, nil, fmt.Errorf("generating the server key: %w", err)
	}
	template := &x509.Certificate{
		SerialNumber: serialNumber(),
		Subject:      pkix.Name{CommonName: "entra-emulator"},
		NotBefore:    notBefore,
		NotAfter:     notAfter,
		KeyUsage:     x509.KeyUsageDigitalSignature,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	for _, name := range names {
		if ip := net.ParseIP(name); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
		} else {
			template.DNSNames = append(template.DNSNames, name)
		}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, ca, &key.PublicKey, caKey)
	if err != nil {
		return tls.Certificate{}, nil, nil, fmt.Errorf("creating the server certificate: %w", err)
	}
	leaf = tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
	return leaf, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: caDER}), names, nil
}

// serverNames are the names and addresses by which clients can address a server that binds host.
func serverNames(host string) []string {
	names := []string{"127.0.0.1", "::1", "localhost"}
	add := func(name string) {
		if name != "" && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	if ip := net.ParseIP(host); host != "" && (ip == nil || !ip.IsUnspecified()) {
		add(host)
		return names
	}
	// All interfaces: every address of the machine, and its name. What cannot be found out is left out.
	if name, err := os.Hostname(); err == nil {
		add(name)
	}
	addresses, _ := net.InterfaceAddrs()
	for _, address := range addresses {
		if network, ok := address.(*net.IPNet); ok && !network.IP.IsLinkLocalUnicast() {
			add(network.IP.String())
		}
	}
	return names
}

func serialNumber() *big.Int {
	bytes := make([]byte, 16)
	_, _ = rand.Read(bytes) // never fails: crypto/rand ends the program instead
	bytes[0] &= 0x7f
	return new(big.Int).SetBytes(bytes)
}

package acctest

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"testing"
	"time"

	"software.sslmate.com/src/go-pkcs12"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
)

// What the identities sign in with.
const (
	PipelineIssuer  = "https://ci.example"
	PipelineSubject = "repo:contoso/identity:ref:refs/heads/main"
	GitHubToken     = "token-of-the-github-job"
	AzureDevToken   = "token-of-the-azure-devops-job"
	ConnectionID    = "55555555-eeee-4eee-8eee-000000000001"
	PFXPassword     = "open sesame"
)

// Identities is a tenant whose full app accepts every kind of credential, and the credentials.
type Identities struct {
	*Tenant
	Dir            string
	PEM, PFX       string
	PFXBytes       []byte
	Assertion      string
	GitHub, DevOps string // addresses
}

// NewIdentities starts it.
func NewIdentities(t *testing.T) *Identities {
	t.Helper()
	ctx := context.Background()
	id := &Identities{Tenant: NewTenant(t), Dir: t.TempDir()}
	key, certificate, text := SelfSigned(t)
	var err error
	if id.PFXBytes, err = pkcs12.Modern.Encode(key, certificate, nil, PFXPassword); err != nil {
		t.Fatal(err)
	}
	id.PEM, id.PFX = text, base64.StdEncoding.EncodeToString(id.PFXBytes)
	if _, err := id.PatchApp(ctx, AppID, control.AppPatch{
		Certificates:         &[]control.Certificate{{PEM: string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate.Raw}))}},
		FederatedCredentials: &[]control.FederatedCredential{{Name: "ci", Issuer: PipelineIssuer, Subject: PipelineSubject}},
	}); err != nil {
		t.Fatal(err)
	}
	if id.Assertion, err = id.IssueAssertion(ctx, control.AssertionRequest{Issuer: PipelineIssuer, Subject: PipelineSubject, LifetimeSeconds: 7200}); err != nil {
		t.Fatal(err)
	}
	if err := id.SetBehavior(ctx, control.Behavior{
		TokenRequests: &control.TokenRequests{
			GitHub:      &control.TokenRequest{RequestToken: GitHubToken, Issuer: PipelineIssuer, Subject: PipelineSubject},
			AzureDevOps: &control.TokenRequest{RequestToken: AzureDevToken, Issuer: PipelineIssuer, Subject: PipelineSubject, ServiceConnectionID: ConnectionID},
		},
		ManagedIdentity: &control.ManagedIdentity{SystemAssigned: AppID, UserAssigned: []string{PlanAppID}, Header: MachineHeader},
	}); err != nil {
		t.Fatal(err)
	}
	id.GitHub, id.DevOps = id.URL+"/_emulator/oidc/github?api-version=2.0", id.URL+"/_emulator/oidc/azure-devops"
	return id
}

// MachineHeader is App Service's IDENTITY_HEADER.
const MachineHeader = "header-of-the-machine"

// File writes a file and returns where it is.
func (id *Identities) File(name, content string) string {
	id.T.Helper()
	place := filepath.Join(id.Dir, name)
	if err := os.WriteFile(place, []byte(content), 0o600); err != nil {
		id.T.Fatal(err)
	}
	return place
}

// SelfSigned is a key with a certificate of its own, both as PEM as well.
func SelfSigned(t *testing.T) (*rsa.PrivateKey, *x509.Certificate, string) {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "terraform"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	text := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER})
	text = append(text, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})...)
	return key, certificate, string(text)
}

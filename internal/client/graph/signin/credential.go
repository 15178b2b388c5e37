package signin

import (
	"context"
	"crypto"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	"software.sslmate.com/src/go-pkcs12"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/graph/transport"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/redact"
)

// Method is a way to sign in.
type Method string

// The ways to sign in, in the order in which they are tried: the first whose setting is on is the one that is used.
// Where it fails, the run ends; no other way is tried, so that a run never has another identity than the intended one.
const (
	MethodClientCertificate Method = "client certificate"
	MethodClientSecret      Method = "client secret"
	MethodOIDC              Method = "workload identity federation (OpenID Connect)"
	MethodManagedIdentity   Method = "managed identity"
	MethodAzureCLI          Method = "Azure CLI"
)

// Credentials are the settings from which a way to sign in is chosen.
type Credentials struct {
	TenantID string
	ClientID string

	// ClientCertificate holds a certificate and its RSA key, as PKCS#12 (raw or in base64) or PEM.
	ClientCertificate []byte
	// ClientCertificatePassword opens a PKCS#12 file.
	ClientCertificatePassword string

	ClientSecret string

	UseOIDC bool
	// OIDCToken is an assertion; OIDCTokenFilePath is a file that holds one and is read for each sign-in,
	// because whoever issues it replaces it there.
	OIDCToken         string
	OIDCTokenFilePath string
	// OIDCRequestURL and OIDCRequestToken get an assertion from GitHub Actions or, with
	// ADOPipelineServiceConnectionID, from Azure DevOps.
	OIDCRequestURL                 string
	OIDCRequestToken               string
	ADOPipelineServiceConnectionID string

	UseManagedIdentity bool
	// ManagedIdentityEndpoint takes the place of the address of the Azure Instance Metadata Service.
	ManagedIdentityEndpoint string

	UseAzureCLI bool

	// Origins say in the caller's words where the credential of a way to sign in was found: "a file". A failed sign-in repeats
	// it, because an old credential is easily forgotten.
	Origins map[Method]string
}

// Method chooses the way to sign in. What it lacks is a *CredentialError.
func (c Credentials) Method() (Method, error) {
	switch {
	case len(c.ClientCertificate) > 0:
		return MethodClientCertificate, c.needApp(MethodClientCertificate)
	case c.ClientSecret != "":
		return MethodClientSecret, c.needApp(MethodClientSecret)
	case c.UseOIDC:
		if err := c.needApp(MethodOIDC); err != nil {
			return MethodOIDC, err
		}
		return MethodOIDC, c.needAssertionSource()
	case c.UseManagedIdentity:
		return MethodManagedIdentity, nil
	case c.UseAzureCLI:
		return MethodAzureCLI, nil
	}
	return "", &CredentialError{Problem: CredentialNone}
}

// needApp wants an app and its tenant named.
func (c Credentials) needApp(method Method) error {
	if c.TenantID != "" && c.ClientID != "" {
		return nil
	}
	return &CredentialError{Problem: CredentialIncomplete, Method: method, NoTenantID: c.TenantID == "", NoClientID: c.ClientID == ""}
}

func (c Credentials) needAssertionSource() error {
	failed := &CredentialError{Problem: AssertionNowhere, Method: MethodOIDC}
	switch {
	case c.OIDCToken != "", c.OIDCTokenFilePath != "":
		return nil
	case c.OIDCRequestURL != "" && c.OIDCRequestToken != "":
		return nil
	case c.OIDCRequestURL != "":
		failed.Problem = AssertionWithoutRequestToken
	case c.OIDCRequestToken != "":
		failed.Problem = AssertionWithoutRequestURL
	}
	return failed
}

// NewCredential makes the credential of the chosen way. It sends nothing yet. A setting that cannot be used is a *CredentialError.
func (c Credentials) NewCredential(where Cloud, options transport.Options) (azcore.TokenCredential, Method, error) {
	c.LearnSecrets()
	method, err := c.Method()
	if err != nil {
		return nil, method, err
	}
	options, err = options.WithDefaults()
	if err != nil {
		return nil, method, err
	}
	settings := options.AzureOptions()
	settings.Cloud = cloud.Configuration{ActiveDirectoryAuthorityHost: where.AuthorityHost}
	// The authority is one that the caller named. Asking the public cloud whether it exists would fail in a closed network.
	const disableDiscovery = true

	var credential azcore.TokenCredential
	switch method {
	case MethodClientCertificate:
		var chain []*x509.Certificate
		var key crypto.PrivateKey
		chain, key, err = ParseCertificate(c.ClientCertificate, c.ClientCertificatePassword)
		if err != nil {
			return nil, method, err
		}
		credential, err = azidentity.NewClientCertificateCredential(c.TenantID, c.ClientID, chain, key,
			&azidentity.ClientCertificateCredentialOptions{ClientOptions: settings, DisableInstanceDiscovery: disableDiscovery, SendCertificateChain: true})
	case MethodClientSecret:
		credential, err = azidentity.NewClientSecretCredential(c.TenantID, c.ClientID, c.ClientSecret,
			&azidentity.ClientSecretCredentialOptions{ClientOptions: settings, DisableInstanceDiscovery: disableDiscovery})
	case MethodOIDC:
		var assertion func(context.Context) (string, error)
		assertion, err = c.AssertionSource(settings)
		if err != nil {
			return nil, method, err
		}
		credential, err = azidentity.NewClientAssertionCredential(c.TenantID, c.ClientID, recordingFailure(assertion),
			&azidentity.ClientAssertionCredentialOptions{ClientOptions: settings, DisableInstanceDiscovery: disableDiscovery})
	case MethodManagedIdentity:
		credential, err = c.managedIdentity(settings, options.HTTPClient)
	case MethodAzureCLI:
		credential, err = c.AzureCLI()
	}
	var unusable *CredentialError
	if err != nil && !errors.As(err, &unusable) {
		err = &CredentialError{Problem: CredentialRefused, Method: method, Err: err}
	}
	if err != nil {
		return nil, method, err
	}
	return foundCredential{TokenCredential: credential, method: method, origin: c.Origins[method], passedOver: c.passedOver(method)}, method, nil
}

// foundCredential knows where it was found.
type foundCredential struct {
	azcore.TokenCredential
	method     Method
	origin     string
	passedOver Method
}

// passedOver is another way to sign in that may be the one that was meant; empty where there is none.
func (c Credentials) passedOver(method Method) Method {
	switch {
	case method == MethodOIDC || c.Origins[method] == "":
	case c.UseOIDC:
		return MethodOIDC
	case c.UseManagedIdentity:
		return MethodManagedIdentity
	case method == MethodClientCertificate && c.ClientSecret != "":
		return MethodClientSecret
	}
	return ""
}

// recordingFailure learns the assertion, or keeps why there is no assertion for describeAuthFailure.
func recordingFailure(source func(context.Context) (string, error)) func(context.Context) (string, error) {
	return func(ctx context.Context) (string, error) {
		assertion, err := source(ctx)
		redact.LearnRecent("assertion", assertion)
		var own *AuthError
		if errors.As(err, &own) {
			transport.RecordFailure(ctx, own)
		}
		return assertion, err
	}
}

// AssertionSource returns where the assertions of a federated identity come from: a given token, then a file, then a
// request to the CI system.
func (c Credentials) AssertionSource(settings policy.ClientOptions) (func(context.Context) (string, error), error) {
	switch {
	case c.OIDCToken != "":
		return func(context.Context) (string, error) { return c.OIDCToken, nil }, nil
	case c.OIDCTokenFilePath != "":
		return func(context.Context) (string, error) {
			text, err := os.ReadFile(c.OIDCTokenFilePath)
			if err != nil {
				return "", &AuthError{Failure: AuthAssertionFile, Message: "the file of the OIDC token cannot be read: " + err.Error()}
			}
			token := strings.TrimSpace(string(text))
			if token == "" {
				return "", &AuthError{Failure: AuthAssertionFile, Message: fmt.Sprintf("the file %q of the OIDC token is empty", c.OIDCTokenFilePath)}
			}
			return token, nil
		}, nil
	}
	address, err := url.Parse(c.OIDCRequestURL)
	if err != nil || address.Host == "" {
		return nil, &CredentialError{Problem: AssertionNoURL, Method: MethodOIDC, Value: c.OIDCRequestURL}
	}
	if address.Scheme != "https" {
		return nil, &CredentialError{Problem: AssertionWithoutTLS, Method: MethodOIDC, Value: c.OIDCRequestURL}
	}
	request := assertionRequest{url: *address, token: c.OIDCRequestToken, serviceConnectionID: c.ADOPipelineServiceConnectionID, settings: settings}
	return request.get, nil
}

// ParseCertificate reads a certificate, its chain and its key: PEM (key not encrypted), or PKCS#12, raw or in base64,
// with or without a password. The certificate of the key comes first. What cannot be read is a *CredentialError.
func ParseCertificate(data []byte, password string) ([]*x509.Certificate, crypto.PrivateKey, error) {
	trimmed := []byte(strings.TrimSpace(string(data)))
	if block, _ := pem.Decode(trimmed); block != nil {
		if strings.Contains(string(trimmed), "ENCRYPTED") {
			return nil, nil, &CredentialError{Problem: CertificateKeyEncrypted, Method: MethodClientCertificate}
		}
		chain, key, err := azidentity.ParseCertificates(trimmed, nil)
		if err != nil {
			return nil, nil, unusableCertificate(fmt.Errorf("it is PEM, but %w", err))
		}
		chain, err = leafFirst(chain, key)
		return chain, key, err
	}
	if decoded, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(string(trimmed)), "")); err == nil && len(decoded) > 0 {
		data = decoded
		if block, _ := pem.Decode(decoded); block != nil {
			return ParseCertificate(decoded, password)
		}
	}
	key, leaf, chain, err := pkcs12.DecodeChain(data, password)
	if errors.Is(err, pkcs12.ErrIncorrectPassword) {
		return nil, nil, &CredentialError{Problem: CertificatePassword, Method: MethodClientCertificate}
	}
	if err != nil {
		return nil, nil, unusableCertificate(fmt.Errorf("it is neither PEM nor PKCS#12: %w", err))
	}
	chain, err = leafFirst(append([]*x509.Certificate{leaf}, chain...), key)
	return chain, key, err
}

func unusableCertificate(err error) error {
	return &CredentialError{Problem: CertificateUnusable, Method: MethodClientCertificate, Err: err}
}

// leafFirst puts the certificate of the key first, wherever the file has it.
func leafFirst(chain []*x509.Certificate, key crypto.PrivateKey) ([]*x509.Certificate, error) {
	signer, ok := key.(crypto.Signer)
	if !ok {
		return nil, unusableCertificate(errors.New("its key cannot sign"))
	}
	for n, certificate := range chain {
		public, ok := certificate.PublicKey.(interface {
			Equal(other crypto.PublicKey) bool
		})
		if ok && public.Equal(signer.Public()) {
			sorted := append([]*x509.Certificate{certificate}, chain[:n]...)
			return append(sorted, chain[n+1:]...), nil
		}
	}
	return nil, unusableCertificate(errors.New("none of its certificates belongs to its key"))
}

// AtAuthority reports whether a way to sign in does so at the tenant that the settings name, and nowhere else. A managed identity
// has a tenant of its own.
func (m Method) AtAuthority() bool { return m != MethodManagedIdentity }

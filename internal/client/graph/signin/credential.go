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

	// Origins say where the credential of a way to sign in was found: "the environment variable ARM_CLIENT_SECRET". A failed
	// sign-in repeats it, because an old variable is easily forgotten.
	Origins map[Method]string
}

// Method chooses the way to sign in, or says which ways there are.
func (c Credentials) Method() (Method, error) {
	switch {
	case len(c.ClientCertificate) > 0:
		return MethodClientCertificate, c.need(MethodClientCertificate, true, true)
	case c.ClientSecret != "":
		return MethodClientSecret, c.need(MethodClientSecret, true, true)
	case c.UseOIDC:
		if err := c.need(MethodOIDC, true, true); err != nil {
			return MethodOIDC, err
		}
		return MethodOIDC, c.needAssertionSource()
	case c.UseManagedIdentity:
		return MethodManagedIdentity, nil
	case c.UseAzureCLI:
		return MethodAzureCLI, nil
	}
	return "", errors.New("no way to sign in is configured: set a client certificate, a client secret, use_oidc, use_msi or use_cli")
}

func (c Credentials) need(method Method, tenant, client bool) error {
	var missing []string
	if tenant && c.TenantID == "" {
		missing = append(missing, "tenant_id")
	}
	if client && c.ClientID == "" {
		missing = append(missing, "client_id")
	}
	if len(missing) > 0 {
		return fmt.Errorf("signing in by %s needs %s", method, strings.Join(missing, " and "))
	}
	return nil
}

func (c Credentials) needAssertionSource() error {
	switch {
	case c.OIDCToken != "", c.OIDCTokenFilePath != "":
		return nil
	case c.OIDCRequestURL != "" && c.OIDCRequestToken != "":
		return nil
	case c.OIDCRequestURL != "":
		return errors.New("use_oidc has a request URL but no request token (oidc_request_token)")
	case c.OIDCRequestToken != "":
		return errors.New("use_oidc has a request token but no request URL (oidc_request_url)")
	}
	return errors.New("use_oidc has no token: set oidc_token, oidc_token_file_path, or oidc_request_url with oidc_request_token " +
		"(in GitHub Actions the job needs the permission id-token: write)")
}

// NewCredential makes the credential of the chosen way. It sends nothing yet.
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
			return nil, method, fmt.Errorf("the client certificate cannot be used: %w", err)
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
	if err != nil {
		return nil, method, fmt.Errorf("signing in by %s: %w", method, err)
	}
	return foundCredential{credential, c.describeOrigin(method)}, method, nil
}

// foundCredential knows where it was found.
type foundCredential struct {
	azcore.TokenCredential
	origin string
}

// describeOrigin says where the credential was found, and which other way to sign in was meant, perhaps.
func (c Credentials) describeOrigin(method Method) string {
	origin := c.Origins[method]
	if origin == "" {
		return ""
	}
	text := fmt.Sprintf("The credential of this sign-in (%s) is from %s.", method, origin)
	passedOver := func(attribute string, other Method) string {
		return text + fmt.Sprintf(" %s is set as well, and was not used, because a %s goes before it. To sign in by %s, remove the %s.", attribute, method, other, method)
	}
	switch {
	case method == MethodOIDC:
	case c.UseOIDC:
		return passedOver("use_oidc", MethodOIDC)
	case c.UseManagedIdentity:
		return passedOver("use_msi", MethodManagedIdentity)
	case method == MethodClientCertificate && c.ClientSecret != "":
		return passedOver("client_secret", MethodClientSecret)
	}
	return text
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
				return "", &AuthError{Message: "the file of the OIDC token cannot be read: " + err.Error(), Remedy: "Check oidc_token_file_path."}
			}
			token := strings.TrimSpace(string(text))
			if token == "" {
				return "", &AuthError{Message: fmt.Sprintf("the file %q of the OIDC token is empty", c.OIDCTokenFilePath), Remedy: "Check oidc_token_file_path."}
			}
			return token, nil
		}, nil
	}
	address, err := url.Parse(c.OIDCRequestURL)
	if err != nil || address.Host == "" {
		return nil, fmt.Errorf("oidc_request_url is not a URL: %q", c.OIDCRequestURL)
	}
	if address.Scheme != "https" {
		return nil, fmt.Errorf("oidc_request_url %q does not start with https://; its token is never sent without TLS", c.OIDCRequestURL)
	}
	request := assertionRequest{url: *address, token: c.OIDCRequestToken, serviceConnectionID: c.ADOPipelineServiceConnectionID, settings: settings}
	return request.get, nil
}

// ParseCertificate reads a certificate, its chain and its key: PEM (key not encrypted), or PKCS#12, raw or in base64,
// with or without a password. The certificate of the key comes first.
func ParseCertificate(data []byte, password string) ([]*x509.Certificate, crypto.PrivateKey, error) {
	trimmed := []byte(strings.TrimSpace(string(data)))
	if block, _ := pem.Decode(trimmed); block != nil {
		if strings.Contains(string(trimmed), "ENCRYPTED") {
			return nil, nil, errors.New("its PEM key is encrypted; use a PKCS#12 (PFX) file with client_certificate_password instead")
		}
		chain, key, err := azidentity.ParseCertificates(trimmed, nil)
		if err != nil {
			return nil, nil, fmt.Errorf("it is PEM, but %w", err)
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
		return nil, nil, errors.New("client_certificate_password does not open it")
	}
	if err != nil {
		return nil, nil, fmt.Errorf("it is neither PEM nor PKCS#12: %w", err)
	}
	chain, err = leafFirst(append([]*x509.Certificate{leaf}, chain...), key)
	return chain, key, err
}

// leafFirst puts the certificate of the key first, wherever the file has it.
func leafFirst(chain []*x509.Certificate, key crypto.PrivateKey) ([]*x509.Certificate, error) {
	signer, ok := key.(crypto.Signer)
	if !ok {
		return nil, errors.New("its key cannot sign")
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
	return nil, errors.New("none of its certificates belongs to its key")
}

// AtAuthority reports whether a way to sign in does so at the tenant that the settings name, and nowhere else. A managed identity
// has a tenant of its own.
func (m Method) AtAuthority() bool { return m != MethodManagedIdentity }

package signin_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/golang-jwt/jwt/v5"
	"github.com/google/go-cmp/cmp"
	"software.sslmate.com/src/go-pkcs12"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/clienttest"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/graph"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/graph/signin"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/graph/transport"
)

func TestTheFirstWayThatIsOnIsTaken(t *testing.T) {
	t.Parallel()
	// All combinations of the five settings. The last of the names that is on wins, which is the order of the design read
	// from its end.
	for bits := range 32 {
		credentials := signin.Credentials{TenantID: clienttest.TenantID, ClientID: clienttest.ClientID, OIDCToken: "assertion"}
		var want signin.Method
		var on []string
		for n, way := range []struct {
			method signin.Method
			set    func()
		}{
			{"Azure CLI", func() { credentials.UseAzureCLI = true }},
			{"managed identity", func() { credentials.UseManagedIdentity = true }},
			{"workload identity federation (OpenID Connect)", func() { credentials.UseOIDC = true }},
			{"client secret", func() { credentials.ClientSecret = theSecret }},
			{"client certificate", func() { credentials.ClientCertificate = []byte("x") }},
		} {
			if bits&(1<<n) != 0 {
				way.set()
				want = way.method
				on = append(on, string(way.method))
			}
		}
		got, err := credentials.Method()
		if got != want || (err != nil) != (bits == 0) {
			t.Errorf("with %v: got %q and error %v, want %q", on, got, err, want)
		}
	}
}

func TestAWayToSignInNamesWhatItLacks(t *testing.T) {
	t.Parallel()
	full := signin.Credentials{TenantID: clienttest.TenantID, ClientID: clienttest.ClientID}
	with := func(change func(*signin.Credentials)) signin.Credentials {
		changed := full
		change(&changed)
		return changed
	}
	for _, tc := range []struct {
		name        string
		credentials signin.Credentials
		method      signin.Method
		want        signin.CredentialError
		says        string
	}{
		{"nothing", full, "", signin.CredentialError{Problem: signin.CredentialNone}, "no way to sign in is set"},
		{
			"a secret alone",
			signin.Credentials{ClientSecret: theSecret},
			signin.MethodClientSecret,
			signin.CredentialError{Problem: signin.CredentialIncomplete, NoTenantID: true, NoClientID: true},
			"signing in by client secret: it needs the id of the tenant and the id of the app",
		},
		{"a secret without tenant", signin.Credentials{ClientID: clienttest.ClientID, ClientSecret: theSecret}, signin.MethodClientSecret, signin.CredentialError{Problem: signin.CredentialIncomplete, NoTenantID: true}, "signing in by client secret: it needs the id of the tenant"},
		{"a secret without client", signin.Credentials{TenantID: clienttest.TenantID, ClientSecret: theSecret}, signin.MethodClientSecret, signin.CredentialError{Problem: signin.CredentialIncomplete, NoClientID: true}, "signing in by client secret: it needs the id of the app"},
		{
			"a certificate alone",
			signin.Credentials{ClientCertificate: []byte("x")},
			signin.MethodClientCertificate,
			signin.CredentialError{Problem: signin.CredentialIncomplete, NoTenantID: true, NoClientID: true},
			"signing in by client certificate: it needs the id of the tenant and the id of the app",
		},
		{
			"OIDC alone",
			signin.Credentials{UseOIDC: true, OIDCToken: theSecret},
			signin.MethodOIDC,
			signin.CredentialError{Problem: signin.CredentialIncomplete, NoTenantID: true, NoClientID: true},
			"signing in by workload identity federation (OpenID Connect): it needs the id of the tenant and the id of the app",
		},
		{
			"OIDC without a token", with(func(c *signin.Credentials) { c.UseOIDC = true }), signin.MethodOIDC,
			signin.CredentialError{Problem: signin.AssertionNowhere},
			"signing in by workload identity federation (OpenID Connect): there is neither a token, nor a file of one, nor an address to request one from",
		},
		{
			"OIDC with a URL only", with(func(c *signin.Credentials) { c.UseOIDC, c.OIDCRequestURL = true, "https://x" }), signin.MethodOIDC,
			signin.CredentialError{Problem: signin.AssertionWithoutRequestToken},
			"signing in by workload identity federation (OpenID Connect): the address to request a token from has no request token",
		},
		{
			"OIDC with a request token only", with(func(c *signin.Credentials) { c.UseOIDC, c.OIDCRequestToken = true, theSecret }), signin.MethodOIDC,
			signin.CredentialError{Problem: signin.AssertionWithoutRequestURL},
			"signing in by workload identity federation (OpenID Connect): the request token has no address to request a token from",
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			method, err := tc.credentials.Method()
			tc.want.Method = tc.method
			if diff := cmp.Diff(&tc.want, wantCredentialError(t, err, tc.want.Problem)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if err == nil || err.Error() != tc.says || method != tc.method {
				t.Errorf("method %q, error %v\nwant %q, %s", method, err, tc.method, tc.says)
			}
			if _, method, newErr := tc.credentials.NewCredential(signin.Public, transport.Options{}); newErr == nil || method != tc.method || newErr.Error() != tc.says {
				t.Errorf("NewCredential: method %q, error %v", method, newErr)
			}
		})
	}
	for name, credentials := range map[string]signin.Credentials{
		"a token":           with(func(c *signin.Credentials) { c.UseOIDC, c.OIDCToken = true, "x" }),
		"a file":            with(func(c *signin.Credentials) { c.UseOIDC, c.OIDCTokenFilePath = true, "x" }),
		"a request":         with(func(c *signin.Credentials) { c.UseOIDC, c.OIDCRequestURL, c.OIDCRequestToken = true, "https://x", "x" }),
		"managed identity":  {UseManagedIdentity: true},
		"the Azure CLI":     {UseAzureCLI: true},
		"a client's secret": with(func(c *signin.Credentials) { c.ClientSecret = "x" }),
	} {
		if method, err := credentials.Method(); err != nil || method == "" {
			t.Errorf("%s: method %q, error %v", name, method, err)
		}
		if credential, _, err := credentials.NewCredential(signin.Public, transport.Options{}); err != nil || credential == nil {
			t.Errorf("%s: credential %v, error %v", name, credential, err)
		}
	}
}

func wantCredentialError(t *testing.T, err error, problem signin.CredentialProblem) *signin.CredentialError {
	t.Helper()
	var failed *signin.CredentialError
	if !errors.As(err, &failed) || failed.Problem != problem {
		t.Fatalf("error %T %v, want a *CredentialError about %q", err, err, problem)
	}
	return failed
}

func TestTheSourcesOfAnAssertionHaveTheirOrder(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "assertion")
	if err := os.WriteFile(file, []byte("from-file"), 0o600); err != nil {
		t.Fatal(err)
	}
	ci := clienttest.NewRecorder(t, func(w http.ResponseWriter, _ *http.Request, _ int) {
		clienttest.Reply(w, 200, `{"value":"from-request"}`)
	})
	credentials := signin.Credentials{OIDCToken: "from-token", OIDCTokenFilePath: file, OIDCRequestURL: ci.URL, OIDCRequestToken: "x"}
	for _, want := range []string{"from-token", "from-file", "from-request"} {
		source, err := credentials.AssertionSource(transport.Options{HTTPClient: clienttest.Trust(t, ci.Server), Retry: clienttest.QuickRetry}.AzureOptions())
		if err != nil {
			t.Fatal(err)
		}
		if got, err := source(t.Context()); err != nil || got != want {
			t.Errorf("got %q and error %v, want %q", got, err, want)
		}
		switch want {
		case "from-token":
			credentials.OIDCToken = ""
		case "from-file":
			if n := len(ci.All()); n != 0 {
				t.Errorf("%d requests although a token is given", n)
			}
			credentials.OIDCTokenFilePath = ""
		}
	}
}

func TestTheFileOfAnAssertionIsReadForEachSignIn(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "assertion")
	entra := clienttest.NewEntra(t, clienttest.GiveToken)
	cloud, err := signin.Public.WithEndpoints("", entra.URL)
	if err != nil {
		t.Fatal(err)
	}
	credential := newCredential(t, signin.Credentials{TenantID: clienttest.TenantID, ClientID: clienttest.ClientID, UseOIDC: true, OIDCTokenFilePath: file}, cloud,
		graph.Options{HTTPClient: clienttest.Trust(t, entra.Server), Retry: clienttest.QuickRetry})
	for n, assertion := range []string{"first", " second\n"} {
		if err := os.WriteFile(file, []byte(assertion), 0o600); err != nil {
			t.Fatal(err)
		}
		// Claims keep the credential from answering out of its cache.
		_, err := credential.GetToken(t.Context(), policy.TokenRequestOptions{Scopes: []string{cloud.Scope()}, EnableCAE: true, Claims: fmt.Sprintf(`{"x":{"y":%d}}`, n)})
		if err != nil {
			t.Fatal(err)
		}
	}
	forms := clienttest.TokenRequests(entra)
	if len(forms) != 2 || forms[0].Get("client_assertion") != "first" || forms[1].Get("client_assertion") != "second" {
		t.Errorf("token requests %v", forms)
	}
	if got := forms[0].Get("client_assertion_type"); got != "urn:ietf:params:oauth:client-assertion-type:jwt-bearer" {
		t.Errorf("client_assertion_type %q", got)
	}
}

func TestAMissingAssertionIsAnAuthErrorThatSaysWhy(t *testing.T) {
	t.Parallel()
	directory := t.TempDir()
	empty := filepath.Join(directory, "empty")
	if err := os.WriteFile(empty, []byte(" \n"), 0o600); err != nil {
		t.Fatal(err)
	}
	base := signin.Credentials{TenantID: clienttest.TenantID, ClientID: clienttest.ClientID, UseOIDC: true}
	for _, tc := range []struct {
		name   string
		change func(t *testing.T, c *signin.Credentials)
		says   string
		failed signin.AuthFailure
	}{
		{
			"no file",
			func(_ *testing.T, c *signin.Credentials) { c.OIDCTokenFilePath = filepath.Join(directory, "missing") },
			"the file of the OIDC token cannot be read: open ", signin.AuthAssertionFile,
		},
		{"an empty file", func(_ *testing.T, c *signin.Credentials) { c.OIDCTokenFilePath = empty }, "of the OIDC token is empty", signin.AuthAssertionFile},
		{
			"a refused request",
			func(t *testing.T, c *signin.Credentials) {
				t.Helper()
				ci := clienttest.NewRecorder(t, func(w http.ResponseWriter, _ *http.Request, _ int) { clienttest.Reply(w, 401, "{}") })
				c.OIDCRequestURL, c.OIDCRequestToken = ci.URL, theSecret
			},
			"GitHub Actions gave no OpenID Connect token: it answered HTTP 401", signin.AuthAssertionRefused,
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			bothWays(t, func(t *testing.T) *graph.Client {
				t.Helper()
				credentials := base
				tc.change(t, &credentials)
				return signingInAt(t, clienttest.NewEntra(t, clienttest.GiveToken).URL, credentials, graph.Options{})
			}, func(t *testing.T, err error) {
				t.Helper()
				failed := wantAuthError(t, err)
				if !strings.Contains(failed.Message, tc.says) || failed.Failure != tc.failed {
					t.Errorf("failure %q, message %q", failed.Failure, failed.Message)
				}
			})
		})
	}
}

func TestASystemThatGivesAssertionsAndCannotBeReachedIsNamed(t *testing.T) {
	t.Parallel()
	bothWays(t, func(t *testing.T) *graph.Client {
		t.Helper()
		return signingInAt(t, clienttest.NewEntra(t, clienttest.GiveToken).URL, signin.Credentials{
			TenantID: clienttest.TenantID, ClientID: clienttest.ClientID, UseOIDC: true, OIDCRequestURL: "https://127.0.0.1:1/token?x", OIDCRequestToken: theSecret,
		}, graph.Options{})
	}, func(t *testing.T, err error) {
		t.Helper()
		var connection *transport.ConnectionError
		if !errors.As(err, &connection) || connection.Host != "https://127.0.0.1:1" || connection.Kind != transport.ConnectionRefused {
			t.Errorf("error %v", err)
		}
	})
}

// identity is a certificate with the authority that signed it.
type identity struct {
	key       *rsa.PrivateKey
	leaf      *x509.Certificate
	authority *x509.Certificate
}

var testIdentity = sync.OnceValues(func() (identity, error) {
	authorityKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return identity{}, err
	}
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return identity{}, err
	}
	from, until := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2099, 1, 1, 0, 0, 0, 0, time.UTC)
	root := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "authority"}, NotBefore: from, NotAfter: until,
		IsCA: true, BasicConstraintsValid: true,
	}
	rootDER, err := x509.CreateCertificate(rand.Reader, root, root, authorityKey.Public(), authorityKey)
	if err != nil {
		return identity{}, err
	}
	leaf := &x509.Certificate{SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "app"}, NotBefore: from, NotAfter: until}
	leafDER, err := x509.CreateCertificate(rand.Reader, leaf, root, key.Public(), authorityKey)
	if err != nil {
		return identity{}, err
	}
	made := identity{key: key}
	if made.authority, err = x509.ParseCertificate(rootDER); err != nil {
		return identity{}, err
	}
	made.leaf, err = x509.ParseCertificate(leafDER)
	return made, err
})

func newIdentity(t *testing.T) identity {
	t.Helper()
	made, err := testIdentity()
	if err != nil {
		t.Fatal(err)
	}
	return made
}

func (i identity) certificatePEM(certificates ...*x509.Certificate) (text []byte) {
	for _, certificate := range certificates {
		text = append(text, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate.Raw})...)
	}
	return text
}

func (i identity) keyPEM(t *testing.T) []byte {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(i.key)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
}

func (i identity) pfx(t *testing.T, encoder *pkcs12.Encoder, password string) []byte {
	t.Helper()
	data, err := encoder.Encode(i.key, i.leaf, []*x509.Certificate{i.authority}, password)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func join(parts ...[]byte) []byte { return bytes.Join(parts, nil) }

// wrapped is base64 as many programs write it, in lines.
func wrapped(data []byte) []byte {
	text := base64.StdEncoding.EncodeToString(data)
	var lines []string
	for len(text) > 76 {
		lines = append(lines, text[:76])
		text = text[76:]
	}
	return []byte(strings.Join(append(lines, text), "\r\n") + "\n")
}

func TestACertificateIsReadInEveryUsualForm(t *testing.T) {
	t.Parallel()
	id := newIdentity(t)
	pkcs1 := pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(id.key)})
	chainAndKey := join(id.certificatePEM(id.leaf, id.authority), id.keyPEM(t))
	for _, tc := range []struct {
		name, password string
		data           []byte
	}{
		{"PEM, certificate first", "", chainAndKey},
		{"PEM, key first", "", join(id.keyPEM(t), id.certificatePEM(id.leaf, id.authority))},
		{"PEM, authority first", "", join(id.certificatePEM(id.authority, id.leaf), id.keyPEM(t))},
		{"PEM, PKCS#1 key", "", join(pkcs1, id.certificatePEM(id.leaf, id.authority))},
		{"PEM with text around", "", join([]byte("\n  Bag Attributes\n"), chainAndKey, []byte("\n\n"))},
		{"PEM with a password that it does not need", "x", chainAndKey},
		{"PEM in base64", "", []byte(base64.StdEncoding.EncodeToString(chainAndKey))},
		{"PEM in base64 in lines", "", wrapped(chainAndKey)},
		{"PFX of 2026", "päss", id.pfx(t, pkcs12.Modern2026, "päss")},
		{"PFX of 2023", "password", id.pfx(t, pkcs12.Modern2023, "password")},
		{"PFX of 2023 without a password", "", id.pfx(t, pkcs12.Modern2023, "")},
		{"PFX with triple DES", "password", id.pfx(t, pkcs12.LegacyDES, "password")},
		{"PFX with RC2", "password", id.pfx(t, pkcs12.LegacyRC2, "password")},
		{"PFX without encryption", "", id.pfx(t, pkcs12.Passwordless, "")},
		{"PFX in base64", "password", []byte(base64.StdEncoding.EncodeToString(id.pfx(t, pkcs12.Modern2023, "password")))},
		{"PFX in base64 in lines", "password", wrapped(id.pfx(t, pkcs12.LegacyRC2, "password"))},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			chain, key, err := signin.ParseCertificate(tc.data, tc.password)
			if err != nil {
				t.Fatal(err)
			}
			if !id.key.Equal(key) {
				t.Error("the key is another one")
			}
			var names []string
			for _, certificate := range chain {
				names = append(names, certificate.Subject.CommonName)
			}
			if diff := cmp.Diff([]string{"app", "authority"}, names); diff != "" {
				t.Errorf("chain (-want +got):\n%s", diff)
			}
		})
	}
}

func TestACertificateThatCannotBeReadSaysWhy(t *testing.T) {
	t.Parallel()
	id := newIdentity(t)
	certificate := id.certificatePEM(id.leaf)
	var other crypto.PrivateKey
	other, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	otherDER, err := x509.MarshalPKCS8PrivateKey(other)
	if err != nil {
		t.Fatal(err)
	}
	const wrongPassword, encrypted = signin.CertificatePassword, signin.CertificateKeyEncrypted
	const unusable = signin.CertificateUnusable
	for _, tc := range []struct {
		name, password string
		data           []byte
		problem        signin.CredentialProblem
		says           string
	}{
		{"a wrong password", theSecret, id.pfx(t, pkcs12.Modern2023, "password"), wrongPassword, "the password does not open the certificate"},
		{"a wrong password for an old file", theSecret, id.pfx(t, pkcs12.LegacyRC2, "password"), wrongPassword, "the password does not open the certificate"},
		{"no password", "", id.pfx(t, pkcs12.Modern2023, "password"), wrongPassword, "the password does not open the certificate"},
		{"a wrong password for base64", theSecret, wrapped(id.pfx(t, pkcs12.Modern2023, "password")), wrongPassword, "the password does not open the certificate"},
		{"an encrypted key", "", join(certificate, pem.EncodeToMemory(&pem.Block{Type: "ENCRYPTED PRIVATE KEY", Bytes: []byte("x")})), encrypted, "the PEM key of the certificate is encrypted"},
		{
			"a key encrypted in the old way", "",
			join(certificate, pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Headers: map[string]string{"Proc-Type": "4,ENCRYPTED", "DEK-Info": "AES-128-CBC,00"}, Bytes: []byte("x")})),
			encrypted, "the PEM key of the certificate is encrypted",
		},
		{"an encrypted key in base64", "", wrapped(pem.EncodeToMemory(&pem.Block{Type: "ENCRYPTED PRIVATE KEY", Bytes: []byte("x")})), encrypted, "the PEM key of the certificate is encrypted"},
		{"a certificate only", "", certificate, unusable, "the certificate cannot be used: it is PEM, but found no private key"},
		{"a key only", "", id.keyPEM(t), unusable, "the certificate cannot be used: it is PEM, but found no certificate"},
		{"two keys", "", join(certificate, id.keyPEM(t), id.keyPEM(t)), unusable, "the certificate cannot be used: it is PEM, but certData contains multiple private keys"},
		{
			"another certificate's key", "", join(certificate, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: otherDER})),
			unusable, "the certificate cannot be used: none of its certificates belongs to its key",
		},
		{"garbage", "", []byte{0x30, 0x82, 0xff, 0x00, 0x01}, unusable, "the certificate cannot be used: it is neither PEM nor PKCS#12"},
		{"text", theSecret, []byte("not a certificate"), unusable, "the certificate cannot be used: it is neither PEM nor PKCS#12"},
		{"base64 of text", "", []byte(base64.StdEncoding.EncodeToString([]byte("not a certificate"))), unusable, "the certificate cannot be used: it is neither PEM nor PKCS#12"},
		{"a PFX cut short", "password", id.pfx(t, pkcs12.Modern2023, "password")[:100], unusable, "the certificate cannot be used: it is neither PEM nor PKCS#12"},
		{"a path", "", []byte("/home/me/app.pfx"), unusable, "the certificate cannot be used: it is neither PEM nor PKCS#12"},
		{"nothing", "", nil, unusable, "the certificate cannot be used: it is neither PEM nor PKCS#12"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			chain, key, err := signin.ParseCertificate(tc.data, tc.password)
			if err == nil {
				t.Fatalf("got %d certificates and key %T", len(chain), key)
			}
			if failed := wantCredentialError(t, err, tc.problem); failed.Method != signin.MethodClientCertificate {
				t.Errorf("the error is about %q", failed.Method)
			}
			if want := "signing in by client certificate: " + tc.says; !strings.HasPrefix(err.Error(), want) {
				t.Errorf("error %v, want %s", err, want)
			}
			if strings.Contains(err.Error(), theSecret) {
				t.Errorf("the error holds the password: %v", err)
			}
		})
	}
}

func TestACertificateThatCannotBeUsedIsSaidSoBeforeAnythingIsSent(t *testing.T) {
	t.Parallel()
	id := newIdentity(t)
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(3), Subject: pkix.Name{CommonName: "curve"}}
	curve, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string][]byte{
		"the certificate cannot be used: it is neither PEM nor PKCS#12": []byte("garbage!"),
		"key must be an RSA key": join(
			pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: curve}), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})),
	} {
		credential, method, err := signin.Credentials{TenantID: clienttest.TenantID, ClientID: clienttest.ClientID, ClientCertificate: data}.NewCredential(signin.Public, transport.Options{})
		if err == nil || credential != nil || method != signin.MethodClientCertificate || !strings.Contains(err.Error(), name) {
			t.Errorf("credential %v, method %q, error %v, want %s", credential, method, err, name)
		}
	}
	credential, _, err := signin.Credentials{TenantID: clienttest.TenantID, ClientID: clienttest.ClientID, ClientCertificate: id.pfx(t, pkcs12.Modern2023, "p"), ClientCertificatePassword: "p"}.
		NewCredential(signin.Public, transport.Options{})
	if err != nil || credential == nil {
		t.Errorf("a good one: %v", err)
	}
}

func TestACertificateSignsTheSignIn(t *testing.T) {
	t.Parallel()
	id := newIdentity(t)
	for name, data := range map[string][]byte{
		"PFX":                  id.pfx(t, pkcs12.Modern2023, "password"),
		"PEM, authority first": join(id.certificatePEM(id.authority, id.leaf), id.keyPEM(t)),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			entra := clienttest.NewEntra(t, clienttest.GiveToken)
			c := signingInAt(t, entra.URL, signin.Credentials{TenantID: clienttest.TenantID, ClientID: clienttest.ClientID, ClientCertificate: data, ClientCertificatePassword: "password"}, graph.Options{})
			if err := c.SignIn(t.Context()); err != nil {
				t.Fatal(err)
			}
			form := clienttest.TokenRequests(entra)[0]
			if form.Get("client_id") != clienttest.ClientID || form.Get("client_secret") != "" {
				t.Errorf("form %v", form)
			}
			token, err := jwt.Parse(form.Get("client_assertion"), func(*jwt.Token) (any, error) { return id.leaf.PublicKey, nil },
				jwt.WithAudience(entra.URL+"/"+clienttest.TenantID+"/oauth2/v2.0/token"), jwt.WithIssuer(clienttest.ClientID), jwt.WithSubject(clienttest.ClientID),
				jwt.WithExpirationRequired(), jwt.WithValidMethods([]string{"RS256", "PS256"}))
			if err != nil {
				t.Fatalf("the assertion is not one of the certificate: %v", err)
			}
			want := []any{base64.StdEncoding.EncodeToString(id.leaf.Raw), base64.StdEncoding.EncodeToString(id.authority.Raw)}
			if diff := cmp.Diff(want, token.Header["x5c"]); diff != "" {
				t.Errorf("x5c (-want +got):\n%s", diff)
			}
			otherKey, err := rsa.GenerateKey(rand.Reader, 2048)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := jwt.Parse(form.Get("client_assertion"), func(*jwt.Token) (any, error) { return &otherKey.PublicKey, nil }); err == nil {
				t.Error("the assertion is one of any key")
			}
		})
	}
}

func TestTheTenantsCloudIsAskedAndNoOther(t *testing.T) {
	t.Parallel()
	entra := clienttest.NewEntra(t, func(w http.ResponseWriter, form url.Values, n int) { clienttest.GiveToken(w, form, n) })
	cloud, err := signin.USGovernment.WithEndpoints("", entra.URL)
	if err != nil {
		t.Fatal(err)
	}
	var hosts []string
	watched := clienttest.Trust(t, entra.Server)
	inner := watched.Transport
	watched.Transport = roundTripper(func(r *http.Request) (*http.Response, error) {
		hosts = append(hosts, "https://"+r.URL.Host)
		return inner.RoundTrip(r)
	})
	credential := newCredential(t, bySecret, cloud, graph.Options{HTTPClient: watched, Retry: clienttest.QuickRetry})
	if _, err := credential.GetToken(t.Context(), policy.TokenRequestOptions{Scopes: []string{cloud.Scope()}}); err != nil {
		t.Fatal(err)
	}
	if len(hosts) == 0 {
		t.Error("nothing was asked")
	}
	for _, host := range hosts {
		if host != entra.URL {
			t.Errorf("%s was asked", host)
		}
	}
	if got := clienttest.TokenRequests(entra)[0].Get("scope"); !strings.HasPrefix(got, "https://graph.microsoft.us/.default") {
		t.Errorf("scope %q", got)
	}
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

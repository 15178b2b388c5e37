package signin

import (
	"crypto"
	"crypto/sha1" //nolint:gosec // x5t is SHA-1 by definition
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/store"
)

// assertionLeeway is how far the clocks of a client and of the authority may differ.
const assertionLeeway = 5 * time.Minute

func invalidClient(number int, message string) *loginError {
	return &loginError{http.StatusUnauthorized, "invalid_client", number, message}
}

// checkAssertion verifies a client assertion: one that the app signed itself, told by its issuer, against the app's
// certificates; any other one against the app's federated credentials.
func (s *Service) checkAssertion(tx *store.Tx, req *loginRequest, app *control.App, assertion string) *loginError {
	claims := &jwt.RegisteredClaims{}
	unverified, _, err := jwt.NewParser().ParseUnverified(assertion, claims)
	if err != nil {
		return invalidClient(50027, "JWT token is invalid or malformed.")
	}
	if strings.EqualFold(claims.Issuer, app.ClientID) {
		return s.checkCertificateAssertion(tx, req, app, assertion, unverified, claims)
	}
	return s.checkFederatedAssertion(app, assertion, claims)
}

// checkCertificateAssertion follows the format that the platform prescribes.
//
// https://learn.microsoft.com/entra/identity-platform/certificate-credentials
func (s *Service) checkCertificateAssertion(tx *store.Tx, req *loginRequest, app *control.App, assertion string, unverified *jwt.Token,
	claims *jwt.RegisteredClaims,
) *loginError {
	if !strings.EqualFold(claims.Subject, app.ClientID) {
		return invalidClient(700021, "Client assertion application identifier doesn't match 'client_id' parameter.")
	}
	certificate, refusal := signingCertificate(app, unverified)
	if refusal != nil {
		return refusal
	}
	if err := verify(assertion, []string{"PS256", "RS256"}, certificate.PublicKey); err != nil {
		return invalidClient(700027, "The certificate with identifier used to sign the client assertion is registered on "+
			"application, but the signature is invalid. [Reason - The key was found, but the signature did not verify.]")
	}
	if refusal := s.checkDates(claims); refusal != nil {
		return refusal
	}
	if !slices.ContainsFunc(claims.Audience, func(audience string) bool { return s.ownAudience(tx, req, audience) }) {
		return invalidClient(700023, "Client assertion audience claim does not match Realm issuer. Review the documentation at "+
			"https://learn.microsoft.com/entra/identity-platform/certificate-credentials .")
	}
	return nil
}

// ownAudience accepts the token endpoint and the issuer of the tenant, by its id or its domain.
func (s *Service) ownAudience(tx *store.Tx, req *loginRequest, audience string) bool {
	for _, origin := range []string{req.origin, s.host.URL} {
		for _, tenant := range []string{tx.TenantID(), req.tenant} {
			base := origin + "/" + tenant
			if slices.Contains([]string{base + "/oauth2/v2.0/token", base + "/v2.0", base + "/"}, audience) {
				return true
			}
		}
	}
	return false
}

// signingCertificate finds the registered certificate that the header of an assertion names by its thumbprint.
func signingCertificate(app *control.App, token *jwt.Token) (*x509.Certificate, *loginError) {
	wantSHA256, has256 := thumbprintHeader(token, "x5t#S256")
	wantSHA1, has1 := thumbprintHeader(token, "x5t")
	if !has256 && !has1 {
		return nil, invalidClient(700027, "The certificate with identifier used to sign the client assertion is not registered on "+
			"application. [Reason - The key was not found, as the header names no thumbprint (x5t or x5t#S256).]")
	}
	for _, registered := range app.Certificates {
		certificate, err := registered.Parse()
		if err != nil {
			continue // validated when it was set
		}
		sum256, sum1 := sha256.Sum256(certificate.Raw), sha1.Sum(certificate.Raw) //nolint:gosec // x5t is SHA-1 by definition
		if has256 && string(sum256[:]) == wantSHA256 || !has256 && string(sum1[:]) == wantSHA1 {
			return certificate, nil
		}
	}
	used := wantSHA256
	if !has256 {
		used = wantSHA1
	}
	return nil, invalidClient(700027, "The certificate with identifier used to sign the client assertion is not registered on "+
		"application. [Reason - The key was not found., Thumbprint of key used by client: '"+
		strings.ToUpper(hex.EncodeToString([]byte(used)))+"', Please visit the Azure Portal, Graph Explorer or directly use MS Graph "+
		"to see configured keys for app Id '"+app.ClientID+"'.]")
}

// thumbprintHeader decodes a thumbprint; libraries disagree about the alphabet and the padding.
func thumbprintHeader(token *jwt.Token, name string) (string, bool) {
	text, ok := token.Header[name].(string)
	if !ok {
		return "", false
	}
	text = strings.NewReplacer("+", "-", "/", "_").Replace(strings.TrimRight(text, "="))
	decoded, err := base64.RawURLEncoding.DecodeString(text)
	return string(decoded), err == nil
}

func verify(assertion string, methods []string, key crypto.PublicKey) error {
	parser := jwt.NewParser(jwt.WithValidMethods(methods), jwt.WithoutClaimsValidation())
	_, err := parser.Parse(assertion, func(*jwt.Token) (any, error) { return key, nil })
	return err
}

func (s *Service) checkDates(claims *jwt.RegisteredClaims) *loginError {
	now := s.now()
	if claims.ExpiresAt != nil && now.Before(claims.ExpiresAt.Add(assertionLeeway)) &&
		(claims.NotBefore == nil || !now.Before(claims.NotBefore.Add(-assertionLeeway))) {
		return nil
	}
	show := func(date *jwt.NumericDate) string {
		if date == nil {
			return "(none)"
		}
		return date.UTC().Format(time.RFC3339)
	}
	return invalidClient(700024, "Client assertion is not within its valid time range. Current time: "+
		now.UTC().Format(time.RFC3339)+", assertion valid from "+show(claims.NotBefore)+", expiry time of assertion "+
		show(claims.ExpiresAt)+". Review the documentation at https://learn.microsoft.com/entra/identity-platform/certificate-credentials .")
}

// checkFederatedAssertion matches a foreign token with the app's federated credentials. The emulator knows one foreign
// key, its own, for whatever issuer it has signed.
//
// https://learn.microsoft.com/entra/workload-id/workload-identity-federation
func (s *Service) checkFederatedAssertion(app *control.App, assertion string, claims *jwt.RegisteredClaims) *loginError {
	const hint = " Please note that the matching is done using a case-sensitive comparison. Check your federated identity " +
		"credential Subject, Audience and Issuer against the presented assertion. " +
		"https://learn.microsoft.com/entra/workload-id/workload-identity-federation"
	candidates := slices.Clone(app.FederatedCredentials)
	keep := func(matches func(control.FederatedCredential) bool) bool {
		candidates = slices.DeleteFunc(candidates, func(credential control.FederatedCredential) bool { return !matches(credential) })
		return len(candidates) > 0
	}
	audience := strings.Join(claims.Audience, ", ")
	switch {
	case !keep(func(c control.FederatedCredential) bool { return c.Issuer == claims.Issuer }):
		return invalidClient(70021, "No matching federated identity record found for presented assertion. Assertion Issuer: '"+
			claims.Issuer+"'. Assertion Subject: '"+claims.Subject+"'. Assertion Audience: '"+audience+"'."+hint)
	case !keep(func(c control.FederatedCredential) bool { return c.Subject == claims.Subject }):
		return invalidClient(700213, "No matching federated identity record found for presented assertion subject '"+
			claims.Subject+"'."+hint)
	case !keep(func(c control.FederatedCredential) bool { return slices.Contains(claims.Audience, c.Audience) }):
		return invalidClient(700212, "No matching federated identity record found for presented assertion audience '"+
			audience+"'."+hint)
	}
	if err := verify(assertion, []string{jwt.SigningMethodES256.Alg()}, &s.keys.federation.PublicKey); err != nil {
		return invalidClient(50013, "Assertion failed signature validation. [Reason - The key was not found.]")
	}
	return s.checkDates(claims)
}

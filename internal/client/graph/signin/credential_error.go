package signin

import (
	"fmt"
	"strings"
)

// CredentialProblem says why no credential can be made of some settings.
type CredentialProblem string

const (
	// CredentialNone is that no way to sign in is set.
	CredentialNone CredentialProblem = "none"
	// CredentialIncomplete is that NoTenantID or NoClientID, and the way needs both.
	CredentialIncomplete CredentialProblem = "incomplete"
	// CredentialRefused is that the credential library does not take the settings. Err is what it says.
	CredentialRefused CredentialProblem = "refused"
	// AssertionNowhere is that nothing says where the assertion of a federated identity is.
	AssertionNowhere CredentialProblem = "no source of an assertion"
	// AssertionWithoutRequestToken is a request URL without the token for it.
	AssertionWithoutRequestToken CredentialProblem = "no request token"
	// AssertionWithoutRequestURL is a request token without the URL for it.
	AssertionWithoutRequestURL CredentialProblem = "no request URL"
	// AssertionNoURL is that the request URL, which is Value, is not a URL.
	AssertionNoURL CredentialProblem = "invalid request URL"
	// AssertionWithoutTLS is that the request URL, which is Value, does not begin with https://.
	AssertionWithoutTLS CredentialProblem = "request URL without TLS"
	// CertificateKeyEncrypted is a PEM file whose key is encrypted.
	CertificateKeyEncrypted CredentialProblem = "encrypted key"
	// CertificatePassword is a password that does not open the PKCS#12 file.
	CertificatePassword CredentialProblem = "wrong password of the certificate"
	// CertificateUnusable is a certificate that cannot be used for the reason that Err says.
	CertificateUnusable CredentialProblem = "unusable certificate"
	// IdentityEndpointInvalid is that the address of the identity endpoint, which is Value, is not one.
	IdentityEndpointInvalid CredentialProblem = "invalid identity endpoint"
	// IdentityEndpointNotBare is that the address of the identity endpoint, which is Value without a password, has user information, a query or a fragment.
	IdentityEndpointNotBare CredentialProblem = "identity endpoint with more than a path"
)

// CredentialError is settings of which no credential can be made. Nothing was sent.
type CredentialError struct {
	Problem CredentialProblem
	// Method is the way to sign in that was chosen; empty for CredentialNone.
	Method Method
	// NoTenantID and NoClientID are what CredentialIncomplete is about.
	NoTenantID, NoClientID bool
	// Value is the setting that cannot be used. It is never a secret.
	Value string
	// Err is why, where somebody else says so.
	Err error
}

// Error says what is wrong with the settings.
func (e *CredentialError) Error() string {
	if e.Problem == CredentialNone {
		return "no way to sign in is set"
	}
	return fmt.Sprintf("signing in by %s: %s", e.Method, e.reason())
}

func (e *CredentialError) reason() string {
	switch e.Problem {
	case CredentialNone:
	case CredentialIncomplete:
		var missing []string
		if e.NoTenantID {
			missing = append(missing, "the id of the tenant")
		}
		if e.NoClientID {
			missing = append(missing, "the id of the app")
		}
		return "it needs " + strings.Join(missing, " and ")
	case AssertionNowhere:
		return "there is neither a token, nor a file of one, nor an address to request one from"
	case AssertionWithoutRequestToken:
		return "the address to request a token from has no request token"
	case AssertionWithoutRequestURL:
		return "the request token has no address to request a token from"
	case AssertionNoURL:
		return fmt.Sprintf("the address to request a token from is not a URL: %q", e.Value)
	case AssertionWithoutTLS:
		return fmt.Sprintf("the address to request a token from, %q, does not start with https://", e.Value)
	case CertificateKeyEncrypted:
		return "the PEM key of the certificate is encrypted"
	case CertificatePassword:
		return "the password does not open the certificate"
	case IdentityEndpointInvalid:
		return fmt.Sprintf("the identity endpoint %q is not an address like %s", e.Value, IdentityEndpointExample)
	case IdentityEndpointNotBare:
		return fmt.Sprintf("the identity endpoint %q must be without user information, query and fragment", e.Value)
	case CertificateUnusable:
		return fmt.Sprintf("the certificate cannot be used: %v", e.Err)
	case CredentialRefused:
	}
	return fmt.Sprint(e.Err)
}

// Unwrap returns what somebody else says.
func (e *CredentialError) Unwrap() error { return e.Err }

package emulator

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
)

// graphAppID is the client id of Microsoft Graph itself, the same in every tenant.
const graphAppID = "00000003-0000-0000-c000-000000000000"

// signingKeys are the keys of one server; nothing signed by another server is worth anything here.
type signingKeys struct {
	token      *ecdsa.PrivateKey // access tokens
	tokenID    string            // the thumbprint by which a token names its key
	federation *ecdsa.PrivateKey // assertions of the built-in foreign issuer
}

const federationKeyID = "entra-emulator-federation-key"

func newSigningKeys() (*signingKeys, error) {
	token, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("generating the token key: %w", err)
	}
	federation, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("generating the federation key: %w", err)
	}
	public, err := x509.MarshalPKIXPublicKey(&token.PublicKey)
	if err != nil {
		return nil, fmt.Errorf("the token key: %w", err)
	}
	thumbprint := sha256.Sum256(public)
	return &signingKeys{
		token: token, tokenID: base64.RawURLEncoding.EncodeToString(thumbprint[:20]), federation: federation,
	}, nil
}

// jwk is the public half of a key as a JSON Web Key.
func jwk(id string, key *ecdsa.PublicKey) map[string]any {
	point, err := key.Bytes() // 4, x, y
	if err != nil {
		panic("emulator: its own keys are valid: " + err.Error())
	}
	size := (len(point) - 1) / 2
	return map[string]any{
		"kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": id,
		"x": base64.RawURLEncoding.EncodeToString(point[1 : 1+size]),
		"y": base64.RawURLEncoding.EncodeToString(point[1+size:]),
	}
}

// caller is who makes a Graph request.
type caller struct {
	appID  string
	userID string // of a signed-in user; empty for an app by itself
	roles  []string
}

// hasAny tells whether the caller has one of the permissions. No permissions at all means that none is needed.
func (c caller) hasAny(permissions []string) bool {
	return len(permissions) == 0 || slices.ContainsFunc(permissions, func(permission string) bool {
		return slices.Contains(c.roles, permission)
	})
}

// tokenLifetime is how long a token that is issued now lives. It wants the server's lock.
func (s *Server) tokenLifetime() time.Duration {
	if seconds := s.behavior.TokenLifetimeSeconds; seconds > 0 {
		return time.Duration(seconds) * time.Second
	}
	return time.Hour
}

// issueAccessToken signs a token for the app, with the app's permissions as they are now. It wants the server's lock.
func (s *Server) issueAccessToken(app *control.App, audience string, client clientAuthentication) (string, time.Duration, error) {
	object := s.directory.servicePrincipalID(app)
	claims, lifetime := s.newAccessClaims(app.ClientID, audience)
	claims.AppName, claims.AppIDACR, claims.Capabilities = app.DisplayName, client.method, client.capabilities
	claims.IDType, claims.ObjectID, claims.Subject = "app", object, object
	claims.Roles, claims.WIDs, claims.Relation = app.Permissions, []string{widsOfApps}, "7 2"
	signed, err := s.signed(claims)
	return signed, lifetime, err
}

// signed is the token of the claims.
func (s *Server) signed(claims *accessClaims) (string, error) {
	token := jwt.NewWithClaims(jwt.SigningMethodES256, claims)
	token.Header["kid"], token.Header["x5t"] = s.keys.tokenID, s.keys.tokenID
	return token.SignedString(s.keys.token)
}

// verifiedTokens remembers the claims of tokens whose signature is good, as verifying costs more than most requests.
// Whether a token may be used at this moment is checked for each request.
type verifiedTokens struct {
	mu     sync.Mutex
	claims map[string]*accessClaims // never changed once they are here
}

const maxVerifiedTokens = 1000

func (v *verifiedTokens) get(token string) *accessClaims {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.claims[token]
}

func (v *verifiedTokens) add(token string, claims *accessClaims) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.claims == nil || len(v.claims) >= maxVerifiedTokens {
		v.claims = map[string]*accessClaims{} // those in use are back after one request each
	}
	v.claims[strings.Clone(token)] = claims // without the rest of the header that it was cut from
}

// authenticate verifies the access token of a request and sets its caller.
func (s *Server) authenticate(req *graphRequest) error {
	authorization := req.header.Get("Authorization")
	scheme, token, _ := strings.Cut(authorization, " ")
	token = strings.TrimSpace(token)
	if !strings.EqualFold(scheme, "Bearer") || token == "" {
		return s.unauthorized(req, "Access token is empty.")
	}
	if strings.Count(token, ".") != 2 {
		return s.unauthorized(req, "IDX14100: JWT is not well formed, there are no dots (.).")
	}
	claims := s.verified.get(token)
	if claims == nil {
		claims = &accessClaims{}
		// Dates and audience are checked below, for answers of their own.
		parser := jwt.NewParser(jwt.WithValidMethods([]string{jwt.SigningMethodES256.Alg()}), jwt.WithoutClaimsValidation())
		_, err := parser.ParseWithClaims(token, claims, func(*jwt.Token) (any, error) { return &s.keys.token.PublicKey, nil })
		if errors.Is(err, jwt.ErrTokenMalformed) {
			return s.unauthorized(req, "IDX14100: JWT is not well formed.")
		} else if err != nil {
			return s.unauthorized(req, "Access token validation failure. Invalid signature.")
		}
		s.verified.add(token, claims)
	}
	req.caller = caller{appID: claims.AppID, roles: claims.granted()}
	if claims.IDType == "user" {
		req.caller.userID = claims.ObjectID
	}
	s.mu.Lock()
	tenantID, cloud := s.directory.tenantID, s.directory.cloudName()
	s.mu.Unlock()
	now := s.now()
	switch {
	case now.Unix() >= claims.ExpiresAt:
		return s.unauthorized(req, "Lifetime validation failed, the token is expired.")
	case now.Unix() < claims.NotBefore-int64(tokenLeeway.Seconds()):
		return s.unauthorized(req, "Lifetime validation failed, the token is not yet valid.")
	case !s.isGraph(claims.Audience, cloud):
		return s.unauthorized(req, "Access token validation failure. Invalid audience.")
	case claims.TenantID != tenantID:
		return s.unauthorized(req, "Access token validation failure. Invalid tenant.")
	}
	return s.checkChallenge(req, claims)
}

// tokenLeeway is how far the clocks of the authority and of Graph may differ.
const tokenLeeway = 5 * time.Minute

func (s *Server) unauthorized(req *graphRequest, message string) *graphError {
	refusal := &graphError{status: http.StatusUnauthorized, code: "InvalidAuthenticationToken", message: message, header: http.Header{}}
	refusal.header.Set("WWW-Authenticate", bearerChallenge(req))
	return refusal
}

func bearerChallenge(req *graphRequest) string {
	return `Bearer realm="", authorization_uri="` + req.origin + `/common/oauth2/authorize", client_id="` + graphAppID + `"`
}

package emulator

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/uuid"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
)

// graphAppID is the client id of Microsoft Graph itself, the same in every tenant.
const graphAppID = "00000003-0000-0000-c000-000000000000"

// signingKeys are the keys of one server; nothing signed by another server is worth anything here.
type signingKeys struct {
	token      *ecdsa.PrivateKey // access tokens
	federation *ecdsa.PrivateKey // assertions of the built-in foreign issuer
}

const (
	tokenKeyID      = "entra-emulator-token-key"
	federationKeyID = "entra-emulator-federation-key"
)

func newSigningKeys() (*signingKeys, error) {
	token, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("generating the token key: %w", err)
	}
	federation, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("generating the federation key: %w", err)
	}
	return &signingKeys{token: token, federation: federation}, nil
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

// accessClaims are the claims of an access token.
//
// https://learn.microsoft.com/entra/identity-platform/access-token-claims-reference
type accessClaims struct {
	jwt.RegisteredClaims
	AppID    string   `json:"appid"`
	AppName  string   `json:"app_displayname,omitempty"`
	TenantID string   `json:"tid"`
	ObjectID string   `json:"oid"`
	IDType   string   `json:"idtyp"`
	Roles    []string `json:"roles,omitempty"`
	Scopes   string   `json:"scp,omitempty"`
	Version  string   `json:"ver"`
	// Challenge is the number of claims challenges before the token was issued.
	Challenge int `json:"emulator_challenge,omitempty"`
}

// caller is who makes a Graph request.
type caller struct {
	appID string
	roles []string
}

// hasAny tells whether the caller has one of the permissions. No permissions at all means that none is needed.
func (c caller) hasAny(permissions []string) bool {
	return len(permissions) == 0 || slices.ContainsFunc(permissions, func(permission string) bool {
		return slices.Contains(c.roles, permission)
	})
}

// issueAccessToken signs a token for the app, with the app's permissions as they are now. It wants the server's lock.
func (s *Server) issueAccessToken(app *control.App, audience string) (string, time.Duration, error) {
	lifetime := time.Hour
	if seconds := s.behavior.TokenLifetimeSeconds; seconds > 0 {
		lifetime = time.Duration(seconds) * time.Second
	}
	now := s.now()
	object := s.directory.servicePrincipalID(app)
	claims := accessClaims{
		RegisteredClaims: jwt.RegisteredClaims{
			Issuer:    s.url + "/" + s.directory.tenantID + "/",
			Subject:   object,
			Audience:  jwt.ClaimStrings{audience},
			IssuedAt:  jwt.NewNumericDate(now),
			NotBefore: jwt.NewNumericDate(now),
			ExpiresAt: jwt.NewNumericDate(now.Add(lifetime)),
			ID:        uuid.NewString(),
		},
		AppID: app.ClientID, AppName: app.DisplayName, TenantID: s.directory.tenantID, ObjectID: object,
		IDType: "app", Roles: app.Permissions, Version: "1.0", Challenge: s.challenge,
	}
	token := jwt.NewWithClaims(jwt.SigningMethodES256, claims)
	token.Header["kid"] = tokenKeyID
	signed, err := token.SignedString(s.keys.token)
	return signed, lifetime, err
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
	now := s.now()
	switch {
	case claims.ExpiresAt == nil || !now.Before(claims.ExpiresAt.Time):
		return s.unauthorized(req, "Lifetime validation failed, the token is expired.")
	case claims.NotBefore != nil && now.Before(claims.NotBefore.Time.Add(-5*time.Minute)):
		return s.unauthorized(req, "Lifetime validation failed, the token is not yet valid.")
	case len(claims.Audience) != 1 || !s.ownResource(claims.Audience[0]):
		return s.unauthorized(req, "Access token validation failure. Invalid audience.")
	case claims.TenantID != s.TenantID():
		return s.unauthorized(req, "Access token validation failure. Invalid tenant.")
	}
	return s.checkChallenge(req, claims)
}

func (s *Server) unauthorized(req *graphRequest, message string) *graphError {
	refusal := &graphError{status: http.StatusUnauthorized, code: "InvalidAuthenticationToken", message: message, header: http.Header{}}
	refusal.header.Set("WWW-Authenticate", bearerChallenge(req))
	return refusal
}

func bearerChallenge(req *graphRequest) string {
	return `Bearer realm="", authorization_uri="` + req.origin + `/common/oauth2/authorize", client_id="` + graphAppID + `"`
}

package signin

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/store"
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

// tokenLifetime is how long a token that is issued now lives.
func tokenLifetime(tx *store.Tx) time.Duration {
	if seconds := tx.Behavior().TokenLifetimeSeconds; seconds > 0 {
		return time.Duration(seconds) * time.Second
	}
	return time.Hour
}

// issueAccessToken signs a token for the app, with the app's permissions as they are now.
func (s *Service) issueAccessToken(tx *store.Tx, app *control.App, audience string, client clientAuthentication) (string, time.Duration, error) {
	object := tx.ServicePrincipalID(app)
	claims, lifetime := newAccessClaims(tx, app.ClientID, audience)
	claims.AppName, claims.AppIDACR, claims.Capabilities = app.DisplayName, client.method, client.capabilities
	claims.IDType, claims.ObjectID, claims.Subject = "app", object, object
	claims.Roles, claims.WIDs, claims.Relation = app.Permissions, []string{widsOfApps}, "7 2"
	signed, err := s.signed(claims)
	return signed, lifetime, err
}

// signed is the token of the claims.
func (s *Service) signed(claims *accessClaims) (string, error) {
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

// Identity is whom an access token is for.
type Identity struct {
	AppID  string
	UserID string   // of a signed-in user; empty for an app by itself
	Roles  []string // what has been granted
}

// Unauthorized is a token that is refused, or none at all.
type Unauthorized struct {
	Message   string
	Challenge string // for WWW-Authenticate
}

// Verify verifies the access token of an Authorization header. Of a token that is refused for its dates or its audience, the
// identity is returned as well.
func (s *Service) Verify(authorization, origin string) (Identity, *Unauthorized) {
	scheme, token, _ := strings.Cut(authorization, " ")
	token = strings.TrimSpace(token)
	if !strings.EqualFold(scheme, "Bearer") || token == "" {
		return Identity{}, unauthorized(origin, "Access token is empty.")
	}
	if strings.Count(token, ".") != 2 {
		return Identity{}, unauthorized(origin, "IDX14100: JWT is not well formed, there are no dots (.).")
	}
	claims := s.verified.get(token)
	if claims == nil {
		claims = &accessClaims{}
		// Dates and audience are checked below, for answers of their own.
		parser := jwt.NewParser(jwt.WithValidMethods([]string{jwt.SigningMethodES256.Alg()}), jwt.WithoutClaimsValidation())
		_, err := parser.ParseWithClaims(token, claims, func(*jwt.Token) (any, error) { return &s.keys.token.PublicKey, nil })
		if errors.Is(err, jwt.ErrTokenMalformed) {
			return Identity{}, unauthorized(origin, "IDX14100: JWT is not well formed.")
		} else if err != nil {
			return Identity{}, unauthorized(origin, "Access token validation failure. Invalid signature.")
		}
		s.verified.add(token, claims)
	}
	identity := Identity{AppID: claims.AppID, Roles: claims.granted()}
	if claims.IDType == "user" {
		identity.UserID = claims.ObjectID
	}
	var refused *Unauthorized
	s.store.Update(func(tx *store.Tx) { refused = s.check(tx, claims, origin) })
	return identity, refused
}

// check checks what of a token can change from one request to the next.
func (s *Service) check(tx *store.Tx, claims *accessClaims, origin string) *Unauthorized {
	now := tx.Now()
	switch {
	case now.Unix() >= claims.ExpiresAt:
		return unauthorized(origin, "Lifetime validation failed, the token is expired.")
	case now.Unix() < claims.NotBefore-int64(tokenLeeway.Seconds()):
		return unauthorized(origin, "Lifetime validation failed, the token is not yet valid.")
	case !s.isGraph(claims.Audience, tx.Cloud()):
		return unauthorized(origin, "Access token validation failure. Invalid audience.")
	case claims.TenantID != tx.TenantID():
		return unauthorized(origin, "Access token validation failure. Invalid tenant.")
	}
	return checkChallenge(tx, claims, origin)
}

// tokenLeeway is how far the clocks of the authority and of Graph may differ.
const tokenLeeway = 5 * time.Minute

func unauthorized(origin, message string) *Unauthorized {
	return &Unauthorized{Message: message, Challenge: bearerChallenge(origin)}
}

func bearerChallenge(origin string) string {
	return `Bearer realm="", authorization_uri="` + origin + `/common/oauth2/authorize", client_id="` + graphAppID + `"`
}

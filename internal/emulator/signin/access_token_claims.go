package signin

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"net"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/uuid"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/store"
)

// accessClaims are the claims of a v1.0 access token, which is what Graph takes, with the names and types that clients
// decode. Those of an app and those of a user differ; what does not apply is left out.
//
// https://learn.microsoft.com/entra/identity-platform/access-token-claims-reference
// https://learn.microsoft.com/entra/identity-platform/optional-claims-reference
type accessClaims struct {
	Audience     string            `json:"aud"`
	Issuer       string            `json:"iss"`
	IssuedAt     int64             `json:"iat"`
	NotBefore    int64             `json:"nbf"`
	ExpiresAt    int64             `json:"exp"`
	AccountType  *int              `json:"acct,omitempty"` // 0 a member, 1 a guest; users only
	ACR          string            `json:"acr,omitempty"`
	AIO          string            `json:"aio"`
	AMR          []string          `json:"amr,omitempty"`
	AppName      string            `json:"app_displayname,omitempty"`
	AppID        string            `json:"appid"`
	AppIDACR     string            `json:"appidacr"`
	Email        string            `json:"email,omitempty"`
	IDP          string            `json:"idp"`
	IDType       string            `json:"idtyp"` // app or user
	IPAddress    string            `json:"ipaddr,omitempty"`
	Name         string            `json:"name,omitempty"`
	ObjectID     string            `json:"oid"`
	PUID         string            `json:"puid,omitempty"`
	RH           string            `json:"rh"`
	Roles        []string          `json:"roles,omitempty"`
	Scopes       string            `json:"scp,omitempty"`
	Subject      string            `json:"sub"`
	RegionScope  string            `json:"tenant_region_scope"`
	TenantID     string            `json:"tid"`
	UniqueName   string            `json:"unique_name,omitempty"`
	UPN          string            `json:"upn,omitempty"`
	UTI          string            `json:"uti"`
	Version      string            `json:"ver"`
	WIDs         []string          `json:"wids"`
	Capabilities []string          `json:"xms_cc,omitempty"`
	Relation     string            `json:"xms_idrel"`
	SubjectToken map[string]string `json:"xms_st,omitempty"`
	TenantBorn   int64             `json:"xms_tcdt"`
}

// How a client proved itself: the values of appidacr.
const (
	publicClient    = "0"
	clientSecret    = "1"
	clientAssertion = "2"
)

// clientAuthentication is what a token says about its client.
type clientAuthentication struct {
	method       string
	capabilities []string
}

// The values of wids of those who have no role in the directory.
const (
	widsOfApps  = "0997a1d0-0d1d-4acb-b408-d5ca73121e90"
	widsOfUsers = "b79fbf4d-3ef9-4689-8143-76b194e85509"
)

// tenantBorn is when every emulated tenant was made.
var tenantBorn = time.Date(2020, time.January, 1, 0, 0, 0, 0, time.UTC)

// newAccessClaims are the claims that do not depend on whom a token is for.
func newAccessClaims(tx *store.Tx, appID, audience string) (*accessClaims, time.Duration) {
	now, lifetime := tx.Now(), tokenLifetime(tx)
	issuer := tokenIssuer(tx.Cloud(), tx.TenantID())
	return &accessClaims{
		Audience: audience, Issuer: issuer, IDP: issuer, TenantID: tx.TenantID(), AppID: strings.ToLower(appID),
		IssuedAt: now.Unix(), NotBefore: now.Unix(), ExpiresAt: now.Add(lifetime).Unix(),
		AIO: opaque(uuid.New(), uuid.New()), RH: revalidation(tx, appID), UTI: opaque(uuid.New()),
		RegionScope: "EU", TenantBorn: tenantBorn.Unix(), Version: "1.0",
	}, lifetime
}

// opaque is a string that only the token service itself can read.
func opaque(ids ...uuid.UUID) string {
	var data []byte
	for _, id := range ids {
		data = append(data, id[:]...)
	}
	return base64.RawURLEncoding.EncodeToString(data)
}

// revalidation is the claim rh, by which the token service knows a token again. It holds how many claims challenges there
// were before the token was issued.
func revalidation(tx *store.Tx, appID string) string {
	id := uuid.NewSHA1(uuid.NameSpaceURL, []byte(tx.TenantID()+"/"+appID))
	data := binary.BigEndian.AppendUint32(id[:], uint32(tx.Challenges())) //nolint:gosec // a count that tests raise one by one
	return "1." + base64.RawURLEncoding.EncodeToString(data) + "."
}

// challenges is how many claims challenges there were before the token was issued.
func (c *accessClaims) challenges() int {
	data, err := base64.RawURLEncoding.DecodeString(strings.Trim(strings.TrimPrefix(c.RH, "1."), "."))
	if err != nil || len(data) < 4 {
		return 0
	}
	return int(binary.BigEndian.Uint32(data[len(data)-4:]))
}

// describeUser adds the claims about a signed-in user. A guest is known by what the own tenant of the guest knows.
func (c *accessClaims) describeUser(user *store.User, address string) {
	pairwise := func(purpose string) string {
		sum := sha256.Sum256([]byte(purpose + "/" + c.AppID + "/" + user.ID))
		return base64.RawURLEncoding.EncodeToString(sum[:])
	}
	puid := sha256.Sum256([]byte(user.ID))
	c.IDType, c.ObjectID, c.Subject, c.Name = "user", user.ID, pairwise("graph"), user.DisplayName
	c.ACR, c.AMR, c.AccountType = "1", []string{"pwd"}, new(int)
	if user.RegisteredForMFA() {
		c.AMR = append(c.AMR, "mfa")
	}
	c.PUID = "1003" + strings.ToUpper(hex.EncodeToString(puid[:6]))
	c.WIDs, c.Relation = []string{widsOfUsers}, "1 2"
	c.SubjectToken = map[string]string{"sub": pairwise("client")}
	if host, _, err := net.SplitHostPort(address); err == nil {
		c.IPAddress = host
	}
	if user.UserType != "Guest" {
		c.UPN, c.UniqueName = user.UserPrincipalName, user.UserPrincipalName
		return
	}
	c.AccountType = new(1)
	home := homeName(user.UserPrincipalName)
	_, domain, _ := strings.Cut(home, "@")
	c.IDP = "https://sts.windows.net/" + uuid.NewSHA1(uuid.NameSpaceDNS, []byte(strings.ToLower(domain))).String() + "/"
	c.UniqueName, c.Email = home, user.Mail
	if c.Email == "" {
		c.Email = home
	}
}

// homeName is the name by which a guest signs in at home: pat@fabrikam.example for
// pat_fabrikam.example#EXT#@contoso.example.
func homeName(upn string) string {
	name, _, found := strings.Cut(upn, "#EXT#")
	at := strings.LastIndex(name, "_")
	if !found || at < 0 {
		return upn
	}
	return name[:at] + "@" + name[at+1:]
}

// requestedCapabilities are those that a client says it has in the parameter claims, as one that handles claims
// challenges does.
//
// https://learn.microsoft.com/entra/identity-platform/claims-challenge
func requestedCapabilities(claims string) []string {
	var requested struct {
		AccessToken struct {
			Capabilities struct {
				Values []string `json:"values"`
			} `json:"xms_cc"`
		} `json:"access_token"`
	}
	if json.Unmarshal([]byte(claims), &requested) != nil {
		return nil // what cannot be read asks for nothing
	}
	return requested.AccessToken.Capabilities.Values
}

// The library wants claims as it names them; none of these is used, as all dates are checked with answers of their own.

// GetExpirationTime implements [jwt.Claims].
func (c *accessClaims) GetExpirationTime() (*jwt.NumericDate, error) {
	return jwt.NewNumericDate(time.Unix(c.ExpiresAt, 0)), nil
}

// GetIssuedAt implements [jwt.Claims].
func (c *accessClaims) GetIssuedAt() (*jwt.NumericDate, error) {
	return jwt.NewNumericDate(time.Unix(c.IssuedAt, 0)), nil
}

// GetNotBefore implements [jwt.Claims].
func (c *accessClaims) GetNotBefore() (*jwt.NumericDate, error) {
	return jwt.NewNumericDate(time.Unix(c.NotBefore, 0)), nil
}

// GetIssuer implements [jwt.Claims].
func (c *accessClaims) GetIssuer() (string, error) { return c.Issuer, nil }

// GetSubject implements [jwt.Claims].
func (c *accessClaims) GetSubject() (string, error) { return c.Subject, nil }

// GetAudience implements [jwt.Claims].
func (c *accessClaims) GetAudience() (jwt.ClaimStrings, error) {
	return jwt.ClaimStrings{c.Audience}, nil
}

package graph

import (
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/graph/signin"
)

// permissionsHeld is what a process knows of the permissions of its identity: those that its access token names, and those by
// which something was done. It decides nothing, Graph does; it tells what a refusal cannot be about.
type permissionsHeld struct {
	mutex sync.Mutex
	roles []string
	// proven are the permissions of calls that were carried out.
	proven map[string]bool
}

// learnToken takes over the application permissions that an access token names. A user's token names none.
//
// Source: https://learn.microsoft.com/entra/identity-platform/access-token-claims-reference#payload-claims (roles)
func (p *permissionsHeld) learnToken(token string) {
	roles := tokenRoles(token)
	p.mutex.Lock()
	defer p.mutex.Unlock()
	p.roles = roles
}

func tokenRoles(token string) []string {
	var claims struct {
		Roles []string `json:"roles"`
	}
	if !signin.TokenClaims(token, &claims) {
		return nil
	}
	return claims.Roles
}

// carriedOut notes that a call was carried out, and so that one of its permissions is there.
func (p *permissionsHeld) carriedOut(call Call) {
	if len(call.Permissions) == 0 {
		return
	}
	p.mutex.Lock()
	defer p.mutex.Unlock()
	if p.proven == nil {
		p.proven = map[string]bool{}
	}
	p.proven[permissionKey(call.Permissions, call.changes())] = true
}

func permissionKey(permissions []string, write bool) string {
	key := strings.Join(permissions, ", ")
	if write {
		key += " (write)"
	}
	return key
}

// permissionNames finds the permissions in a text such as "User.Read.All with GroupMember.Read.All"; all of them are needed.
var permissionNames = regexp.MustCompile(`[A-Za-z]+\.[A-Za-z.]+`)

// holds reports whether one of the permissions is there for certain.
func (p *permissionsHeld) holds(permissions []string, write bool) bool {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	if p.proven[permissionKey(permissions, write)] {
		return true
	}
	return slices.ContainsFunc(permissions, func(needed string) bool {
		return !slices.ContainsFunc(permissionNames.FindAllString(needed, -1), func(one string) bool { return !slices.Contains(p.roles, one) })
	})
}

// Explain adds to a refusal what this process knows about it, and learns from a success.
func (c *Client) Explain(call Call, err error) error {
	if err == nil {
		c.permissions.carriedOut(call)
		return nil
	}
	//nolint:errorlint // An error that wraps another one has been explained.
	if refusal, ok := err.(*Error); ok {
		refusal.RetryLimit = c.Retry.MaxRetryDelay
		refusal.Held = func() bool { return c.permissions.holds(call.Permissions, call.changes()) }
		refusal.AboutUser = strings.HasPrefix(call.Path, "/users/") || strings.HasPrefix(call.Path, "/users(")
	}
	return err
}

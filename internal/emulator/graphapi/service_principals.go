package graphapi

import (
	"strings"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/store"
)

// https://learn.microsoft.com/graph/api/serviceprincipal-list
// https://learn.microsoft.com/graph/api/serviceprincipal-get
func init() {
	register((&derived[*store.Principal]{
		path: "/servicePrincipals", read: oneOf(readApplicationPermissions...), entity: servicePrincipalEntity,
		id:     func(p *store.Principal) string { return p.ID },
		values: func(tx *store.Tx) []*store.Principal { return tx.Principals() },
	}).rows())
}

// principalOf is the service principal of an app, or nil.
func principalOf(tx *store.Tx, clientID string) *store.Principal {
	for _, principal := range tx.Principals() {
		if strings.EqualFold(principal.App.ClientID, clientID) {
			return principal
		}
	}
	return nil
}

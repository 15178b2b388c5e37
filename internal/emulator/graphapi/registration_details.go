package graphapi

import (
	"net/http"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/odata"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/store"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/wire"
)

// registrationDetails are what users have registered, in the report of it. It leaves out disabled users. The emulator's report is never late.
//
// https://learn.microsoft.com/graph/api/resources/userregistrationdetails
var registrationDetails = &derived[*store.User]{
	path: "/reports/authenticationMethods/userRegistrationDetails", read: oneOf("AuditLog.Read.All"),
	id: func(u *store.User) string { return u.ID },
	values: func(tx *store.Tx) []*store.User {
		var enabled []*store.User
		for _, user := range tx.Users() {
			if *user.AccountEnabled {
				enabled = append(enabled, user)
			}
		}
		return enabled
	},
	entity: odata.Type[*store.User]{
		Name: "microsoft.graph.userRegistrationDetails",
		Properties: map[string]func(*store.User) any{
			"id":                func(u *store.User) any { return u.ID },
			"userPrincipalName": func(u *store.User) any { return u.UserPrincipalName },
			"userDisplayName":   func(u *store.User) any { return nullIfEmpty(u.DisplayName) },
			"isMfaRegistered":   func(u *store.User) any { return u.RegisteredForMFA() },
			"isMfaCapable":      func(u *store.User) any { return u.RegisteredForMFA() },
		},
	},
}

// https://learn.microsoft.com/graph/api/authenticationmethodsroot-list-userregistrationdetails
// https://learn.microsoft.com/graph/api/userregistrationdetails-get
func init() {
	lines := registrationDetails.rows()
	for i := range lines {
		read := lines[i].handle
		lines[i].handle = func(tx *store.Tx, req *request, query odata.Query) (*wire.Response, error) {
			if !hasPlan(tx, planP1) && !hasPlan(tx, planP2) {
				return nil, &refusal{
					status: http.StatusForbidden, code: "Authentication_RequestFromNonPremiumTenantOrB2CTenant",
					message: "Neither tenant is B2C or tenant doesn't have premium license",
				}
			}
			return read(tx, req, query)
		}
	}
	register(lines.of(control.ClassReports))
}

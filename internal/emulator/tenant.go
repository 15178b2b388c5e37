package emulator

import (
	"io"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/graphapi"
)

// Tenant is a whole tenant: what a tenant file holds, what [Start] begins with, and what a snapshot returns.
type Tenant = control.Tenant

type (
	// App is an app of a [Tenant].
	App = control.App
	// Secret is a client secret of an [App].
	Secret = control.Secret
	// Certificate is a certificate of an [App].
	Certificate = control.Certificate
	// FederatedCredential says which foreign token an [App] accepts.
	FederatedCredential = control.FederatedCredential
	// User is a user of a [Tenant].
	User = control.User
	// Method is an authentication method of a [User].
	Method = control.Method
	// Group is a group of a [Tenant].
	Group = control.Group
)

// LoadTenant reads a tenant file: one JSON object with the fields of [Tenant]. It refuses unknown fields, identifiers
// that are no GUIDs or stand twice, members that do not exist, and unknown states or types of methods; the error names
// every problem with its place in the file.
func LoadTenant(r io.Reader) (*Tenant, error) {
	return graphapi.LoadTenant(r)
}

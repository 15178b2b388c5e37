package resourcekit

import (
	"strings"
)

// FromProvider reports whether an address is that of a provider, under any host: Terraform and OpenTofu have registries of their own. Of the
// address, OpenTofu up to 1.11 sends the provider's type alone.
func FromProvider(address, namespace, typeName string) bool {
	return address == typeName || strings.HasSuffix(address, "/"+namespace+"/"+typeName)
}

// FromThisProvider reports whether an address is that of this provider.
func FromThisProvider(address string) bool { return FromProvider(address, "mfa-as-code", "entramfa") }

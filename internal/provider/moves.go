package provider

import (
	"strings"
)

// ofProvider reports whether an address is that of a provider, under any host: Terraform and OpenTofu have registries of their own. Of the
// address, OpenTofu up to 1.11 sends the provider's type alone.
func ofProvider(address, namespace, typeName string) bool {
	return address == typeName || strings.HasSuffix(address, "/"+namespace+"/"+typeName)
}

func ofOwnProvider(address string) bool { return ofProvider(address, "mfa-as-code", "entramfa") }

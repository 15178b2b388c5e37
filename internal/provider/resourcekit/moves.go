package resourcekit

import (
	"fmt"
	"path"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/resource"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/value"
)

// FromProvider reports whether an address is that of a provider, under any host: Terraform and OpenTofu have registries of their own. Of the
// address, OpenTofu up to 1.11 sends the provider's type alone.
func FromProvider(address, namespace, typeName string) bool {
	return address == typeName || strings.HasSuffix(address, "/"+namespace+"/"+typeName)
}

// FromThisProvider reports whether an address is that of this provider.
func FromThisProvider(address string) bool { return FromProvider(address, "mfa-as-code", "entramfa") }

// AzureADMove is a move of an object from the azuread provider.
type AzureADMove struct {
	// Source is the resource type that is moved, and Target the one it is moved to.
	Source, Target string
	// Object is what it is, such as policy. Versions says which states of that provider are known, such as "version 3 of "; empty for all.
	Object, Versions string
}

// Applies reports whether a request is for this move.
func (m AzureADMove) Applies(req resource.MoveStateRequest) bool {
	return req.SourceTypeName == m.Source && FromProvider(req.SourceProviderAddress, "hashicorp", "azuread")
}

// AddUnreadable says that the state does not hold what the move needs, and how to take the object over without it.
func (m AzureADMove) AddUnreadable(req resource.MoveStateRequest, resp *resource.MoveStateResponse) {
	resp.Diagnostics.AddError(fmt.Sprintf("Unable to move %s: its state cannot be read", m.Source),
		fmt.Sprintf("The state (schema version %d of %s) does not hold what the states of %sthat provider do: an id with a GUID, and the contents of the %[4]s. Nothing was changed.\n\n"+
			"Remove the moved block, take the %[4]s out of the state with a removed block whose lifecycle has destroy = false, and import it into %[5]s by its id.",
			req.SourceSchemaVersion, req.SourceProviderAddress, m.Versions, m.Object, m.Target))
}

// AzureADID is the GUID in the first of some ids that has one. The id of an object in azuread is the path of the object, as in
// /policies/authenticationStrengthPolicies/{id}; in older versions it is the GUID alone. Without any it is empty.
func AzureADID(ids ...string) string {
	for _, id := range ids {
		if id = path.Base(id); value.IsGUID(id) {
			return id
		}
	}
	return ""
}

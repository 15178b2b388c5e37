package resourcekit

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/value"
)

// Each instance keeps the id of its tenant in its private state. Some ids are the same in every tenant, others do not exist in
// another one, and a 404 there would take what is managed out of the state. So nothing is asked or written before the tenants agree.
// An instance without a tenant, from a state of before or imported, gets the one that it is first read in.

// tenantKey is the key of the tenant id in the private state.
const tenantKey = "tenant"

// InTenant begins an operation on an instance: it reports whether requests can be made, and the state is not another tenant's. An
// instance that has no tenant yet gets that of the run.
func (r *Run) InTenant(ctx context.Context, private PrivateState, diags *diag.Diagnostics) bool {
	if !r.Configured(diags) {
		return false
	}
	kept, ok := r.keptTenant(ctx, private, diags)
	if id := r.Client.Tenant().ID; ok && kept == "" && id != "" {
		KeepText(ctx, private, tenantKey, id, diags)
	}
	return ok
}

// SameTenant is InTenant for a plan and a destroy, which keep nothing. Where the provider block is not known yet, it is left to the
// apply.
func (r *Run) SameTenant(ctx context.Context, private PrivateState, diags *diag.Diagnostics) bool {
	if !r.Ready() {
		return true
	}
	_, ok := r.keptTenant(ctx, private, diags)
	return ok
}

// keptTenant is the tenant of an instance, empty where it has none; ok is false where the instance must not be worked on.
func (r *Run) keptTenant(ctx context.Context, private PrivateState, diags *diag.Diagnostics) (kept string, ok bool) {
	text, problems := private.GetKey(ctx, tenantKey)
	diags.Append(problems...)
	if problems.HasError() {
		return "", false
	}
	if len(text) == 0 {
		return "", true
	}
	kept, err := strconv.Unquote(string(text))
	if err != nil || !value.IsGUID(kept) {
		// Taken for none, it would be replaced by whatever tenant comes next.
		diags.AddError(SummaryDamagedPrivate, "It should hold the id of the tenant that the state was made in, and holds something else. Nothing was planned or changed.\n\n"+
			MendPrivate)
		return "", false
	}
	here := r.Client.Tenant()
	if here.ID == "" || strings.EqualFold(kept, here.ID) {
		return kept, true
	}
	diags.AddError("State of another tenant",
		fmt.Sprintf("This state was made in tenant %s, and the provider is signed in to %s. Nothing was planned or changed, and nothing was looked up.\n\n"+
			"Check the tenant that the provider signs in to (tenant_id, ARM_TENANT_ID, or `az account show`), and whether the backend and the workspace are those of this tenant. "+
			"If the same configuration is to manage this tenant from now on, take the resource out of the state (terraform state rm) and import it here.",
			strings.ToLower(kept), here))
	return "", false
}

// MoveTenant gives an instance that has moved here from another type the tenant that it had.
func MoveTenant(ctx context.Context, from, to PrivateState, diags *diag.Diagnostics) {
	if value := KeptValue(ctx, from, tenantKey, diags); len(value) > 0 {
		KeepValue(ctx, to, tenantKey, value, diags)
	}
}

// What to say of a private state that somebody has changed.
const (
	SummaryDamagedPrivate = "The private part of this resource's state is damaged"
	MendPrivate           = "The provider keeps there what it has to remember of the resource, and nothing else writes it. Restore the state from a backup, or take the resource out of " +
		"the state (terraform state rm) and import it again."
)

// AdviceEdited is what to do about a state that nobody but an editor can have made.
const AdviceEdited = "Was the state edited by hand? Nothing was planned or changed.\n\n" +
	"Restore the state from a backup, or take the resource out of the state (terraform state rm) and import it again."

// HasID refuses a state without the id that the resource is found by, as when it was edited by hand: the object would not be found, and be
// taken for one that is gone.
func HasID(attribute string, id types.String, diags *diag.Diagnostics) bool {
	if value.IsGUID(id.ValueString()) {
		return true
	}
	diags.AddError("The state does not say which object this is",
		fmt.Sprintf("%s is %s in the state, where the id of the object (a GUID) should be. %s", attribute, id, AdviceEdited))
	return false
}

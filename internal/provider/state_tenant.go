package provider

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client"
)

// Each instance keeps the id of its tenant in its private state. Some ids are the same in every tenant, others do not exist in
// another one, and a 404 there would take what is managed out of the state. So nothing is asked or written before the tenants agree.
// An instance without a tenant, from a state of before or imported, gets the one that it is first read in.

// tenantKey is the key of the tenant id in the private state.
const tenantKey = "tenant"

// identifyTenant finds out the tenant of the run. It sends a request only where the access token cannot be read.
func identifyTenant(ctx context.Context, signedIn *client.Client, credentials client.Credentials, diags *diag.Diagnostics) {
	method, _ := credentials.Method()
	if err := signedIn.IdentifyTenant(ctx, credentials.TenantID, method.AtAuthority()); err != nil {
		addError(diags, err)
		return
	}
	tenant := signedIn.Tenant()
	switch {
	case tenant.ID == "":
		// An error would stop all work until somebody grants a permission that nothing else here needs.
		diags.AddWarning("The tenant of this run is not known",
			"The access token does not tell its tenant in a form that can be read, and Microsoft Graph did not let this identity ask (GET /organization). So a state of "+
				"another tenant is not noticed in this run.\n\nSet tenant_id (ARM_TENANT_ID) to the id of the tenant instead of a domain, or grant Organization.Read.All.")
	case isGUID(credentials.TenantID) && !strings.EqualFold(credentials.TenantID, tenant.ID):
		diags.AddAttributeError(path.Root("tenant_id"), "Signed in to another tenant than tenant_id",
			fmt.Sprintf("tenant_id (ARM_TENANT_ID) is %s, and the identity that signs in (%s) is one of %s. Nothing was planned or changed.\n\n"+
				"Correct tenant_id, or sign in with an identity of that tenant.", credentials.TenantID, method, tenant))
	}
}

// inTenant begins an operation on an instance: it reports whether requests can be made, and the state is not another tenant's. An
// instance that has no tenant yet gets that of the run.
func (d *providerData) inTenant(ctx context.Context, private privateState, diags *diag.Diagnostics) bool {
	if !d.configured(diags) {
		return false
	}
	kept, ok := d.keptTenant(ctx, private, diags)
	if id := d.client.Tenant().ID; ok && kept == "" && id != "" {
		keepText(ctx, private, tenantKey, id, diags)
	}
	return ok
}

// sameTenant is inTenant for a plan and a destroy, which keep nothing. Where the provider block is not known yet, it is left to the
// apply.
func (d *providerData) sameTenant(ctx context.Context, private privateState, diags *diag.Diagnostics) bool {
	if !d.planReady() {
		return true
	}
	_, ok := d.keptTenant(ctx, private, diags)
	return ok
}

// keptTenant is the tenant of an instance, empty where it has none; ok is false where the instance must not be worked on.
func (d *providerData) keptTenant(ctx context.Context, private privateState, diags *diag.Diagnostics) (kept string, ok bool) {
	text, problems := private.GetKey(ctx, tenantKey)
	diags.Append(problems...)
	if problems.HasError() {
		return "", false
	}
	if len(text) == 0 {
		return "", true
	}
	kept, err := strconv.Unquote(string(text))
	if err != nil || !isGUID(kept) {
		// Taken for none, it would be replaced by whatever tenant comes next.
		diags.AddError(summaryDamagedPrivate, "It should hold the id of the tenant that the state was made in, and holds something else. Nothing was planned or changed.\n\n"+
			mendPrivate)
		return "", false
	}
	here := d.client.Tenant()
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

// moveTenant gives an instance that has moved here from another type the tenant that it had.
func moveTenant(ctx context.Context, from, to privateState, diags *diag.Diagnostics) {
	if value := keptValue(ctx, from, tenantKey, diags); len(value) > 0 {
		keepValue(ctx, to, tenantKey, value, diags)
	}
}

// What to say of a private state that somebody has changed.
const (
	summaryDamagedPrivate = "The private part of this resource's state is damaged"
	mendPrivate           = "The provider keeps there what it has to remember of the resource, and nothing else writes it. Restore the state from a backup, or take the resource out of " +
		"the state (terraform state rm) and import it again."
)

// hasID refuses a state without the id that the resource is found by, as when it was edited by hand: the object would not be found, and be
// taken for one that is gone.
func hasID(attribute string, id types.String, diags *diag.Diagnostics) bool {
	if isGUID(id.ValueString()) {
		return true
	}
	diags.AddError("The state does not say which object this is",
		fmt.Sprintf("%s is %s in the state, where the id of the object (a GUID) should be. %s", attribute, id, adviceEdited))
	return false
}

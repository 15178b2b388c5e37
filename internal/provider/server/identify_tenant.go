package server

import (
	"context"
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/diagnose"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/value"
)

// identifyTenant finds out the tenant of the run. It sends a request only where the access token cannot be read.
func identifyTenant(ctx context.Context, signedIn *client.Client, credentials client.Credentials, diags *diag.Diagnostics) {
	method, _ := credentials.Method()
	if err := signedIn.IdentifyTenant(ctx, credentials.TenantID, method.AtAuthority()); err != nil {
		diagnose.Error(diags, err)
		return
	}
	tenant := signedIn.Tenant()
	switch {
	case tenant.ID == "":
		// An error would stop all work until somebody grants a permission that nothing else here needs.
		diags.AddWarning("The tenant of this run is not known",
			"The access token does not tell its tenant in a form that can be read, and Microsoft Graph did not let this identity ask (GET /organization). So a state of "+
				"another tenant is not noticed in this run.\n\nSet tenant_id (ARM_TENANT_ID) to the id of the tenant instead of a domain, or grant Organization.Read.All.")
	case value.IsGUID(credentials.TenantID) && !strings.EqualFold(credentials.TenantID, tenant.ID):
		diags.AddAttributeError(path.Root("tenant_id"), "Signed in to another tenant than tenant_id",
			fmt.Sprintf("tenant_id (ARM_TENANT_ID) is %s, and the identity that signs in (%s) is one of %s. Nothing was planned or changed.\n\n"+
				"Correct tenant_id, or sign in with an identity of that tenant.", credentials.TenantID, method, tenant))
	}
}

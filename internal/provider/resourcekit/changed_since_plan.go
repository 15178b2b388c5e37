package resourcekit

import (
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/diagnose"
)

// ChangedSincePlan stops an apply before its first write: what it is about to overwrite or remove is neither what the state
// has nor what is wanted, so the reviewers of the plan have not seen it. Each change says what it is about, what the plan was
// made from and what is there now.
func ChangedSincePlan(diags *diag.Diagnostics, at path.Path, object string, changes ...string) {
	summary := fmt.Sprintf("%s changed since the plan was made", object)
	detail := fmt.Sprintf("The plan was made from other values than the tenant has now:\n\n%s\n\nNobody has reviewed what this apply would do to them, so nothing "+
		"was written. Make a new plan with a refresh (without -refresh=false), review it, and apply that one.", diagnose.List(changes))
	if at.Equal(path.Empty()) {
		diags.AddError(summary, detail)
		return
	}
	diags.AddAttributeError(at, summary, detail)
}

package policies

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/redact"
)

// managedPrefix begins the names of policies that Microsoft manages, as far as they were seen. Graph does not mark them, so a policy of that name
// that was made from a template is taken for one of them.
//
// Source (that there are such policies): https://learn.microsoft.com/entra/identity/conditional-access/managed-policies
const managedPrefix = "Microsoft-managed"

func managedByMicrosoft(policy client.ConditionalAccessPolicy) bool {
	return policy.TemplateID != "" && strings.HasPrefix(policy.DisplayName, managedPrefix)
}

// checkManaged refuses a change of a policy that Microsoft manages, other than of its state and its exclusions; wanted is nil for a destroy.
func (d *run) checkManaged(ctx context.Context, op *operation, id string, wanted *client.ConditionalAccessPolicy) {
	all, err := d.Policies(ctx)
	if err != nil {
		d.cannotCheck("whether Microsoft manages the policy", err, op.Diags)
		return
	}
	at := slices.IndexFunc(all, func(policy client.ConditionalAccessPolicy) bool { return strings.EqualFold(policy.ID, id) })
	if at < 0 || !managedByMicrosoft(all[at]) {
		return
	}
	name := redact.NameInQuotes(all[at].DisplayName)
	if wanted == nil {
		if op.Prior.OnDestroy.ValueString() == onDestroyDelete {
			op.Diags.AddAttributeError(path.Root("on_destroy"), fmt.Sprintf("Microsoft manages %s, and it cannot be deleted", name),
				"Apply on_destroy = \"keep\" or \"disable\" first. Or take the policy out of the state with a removed block whose lifecycle has destroy = false.")
		}
		return
	}
	for _, place := range all[at].Differences(*wanted) {
		if place == "state" || strings.HasPrefix(place, "conditions.users.exclude") {
			continue
		}
		changed := attributePath(place)
		op.Diags.AddAttributeError(changed, fmt.Sprintf("Microsoft manages %s", name),
			fmt.Sprintf("Of a policy that Microsoft manages, only the state and the excluded users, groups, roles and guests can be changed. The configuration changes %s. "+
				"Write there what the policy has, or make a policy of your own and disable this one.", changed))
	}
}

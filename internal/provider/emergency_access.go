package provider

import (
	"context"
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-framework/types/basetypes"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client"
)

// emergencyAccess knows the emergency access accounts of a run.
type emergencyAccess struct {
	// sources says for each object id, in lower case, where in the provider block the account comes from.
	sources map[string]string
}

// source says why an account counts as emergency access; ok is false where it does not.
func (e *emergencyAccess) source(userID string) (source string, ok bool) {
	if e == nil {
		return "", false
	}
	source, ok = e.sources[strings.ToLower(userID)]
	return source, ok
}

func (e *emergencyAccess) add(user client.User, source string) {
	key := strings.ToLower(user.ID)
	if _, known := e.sources[key]; !known {
		e.sources[key] = source
	}
}

// resolveEmergencyAccess looks up the accounts of the provider block, once for the run. One that cannot be found is an
// error. Where the block is not known yet, as in a plan that creates such an account, there is no guard until apply.
func resolveEmergencyAccess(ctx context.Context, c *client.Client, model providerModel, diags *diag.Diagnostics) *emergencyAccess {
	guard := &emergencyAccess{sources: map[string]string{}}
	if model.EmergencyAccess.IsNull() || model.EmergencyAccess.IsUnknown() {
		return guard
	}
	var configured emergencyAccessModel
	diags.Append(model.EmergencyAccess.As(ctx, &configured, basetypes.ObjectAsOptions{})...)
	if diags.HasError() || !configured.known(ctx) {
		return guard
	}

	root := path.Root("emergency_access")
	each := func(attribute string, set types.Set, resolve func(key string, at path.Path) error) {
		for _, element := range set.Elements() {
			key, ok := element.(types.String)
			if !ok {
				continue
			}
			at := root.AtName(attribute).AtSetValue(key)
			if err := resolve(key.ValueString(), at); client.IsNotFound(err) {
				diags.AddAttributeError(at, "Emergency access account not found",
					fmt.Sprintf("%q in emergency_access.%s does not exist in this tenant. Nothing was planned, because a guard that guards nobody "+
						"is worse than none. Correct it, or remove it from emergency_access.", key.ValueString(), attribute))
			} else if err != nil {
				addAttributeError(diags, at, err)
			}
		}
	}
	user := func(attribute string) func(string, path.Path) error {
		return func(key string, _ path.Path) error {
			found, err := c.FindUser(ctx, key, c.Consistency().Missing)
			if err == nil {
				guard.add(found, fmt.Sprintf("it is listed in emergency_access.%s of the provider block", attribute))
			}
			return err
		}
	}
	each("user_ids", configured.UserIDs, user("user_ids"))
	each("user_principal_names", configured.UserPrincipalNames, user("user_principal_names"))
	each("group_ids", configured.GroupIDs, func(key string, at path.Path) error {
		members, err := c.ListTransitiveMemberUsers(ctx, key)
		if err != nil {
			return err
		}
		if len(members) == 0 {
			diags.AddAttributeWarning(at, "Emergency access group without users",
				fmt.Sprintf("The group %q in emergency_access.group_ids has no users, so it guards nobody. Add the accounts to it, or remove it here.", key))
		}
		for _, member := range members {
			guard.add(member, fmt.Sprintf("it is a member of the group %s in emergency_access.group_ids of the provider block", key))
		}
		return nil
	})
	return guard
}

// checkEmergencyAccess refuses a per-user state that asks an emergency access account for MFA.
func (d *providerData) checkEmergencyAccess(user client.User, state client.MFAState, at path.Path, diags *diag.Diagnostics) {
	source, guarded := d.emergencyAccess.source(user.ID)
	if !guarded || state == client.MFADisabled {
		return
	}
	diags.AddAttributeError(at, "Emergency access account would need MFA",
		fmt.Sprintf("%s (object id %s) is an emergency access account: %s. With the state %q it could not sign in when MFA does not work, "+
			"which is what the account is for.\n\nSet its state to \"disabled\", remove this resource, or take the account out of emergency_access.",
			user.Name(), user.ID, source, state))
}

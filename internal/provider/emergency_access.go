package provider

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-framework/types/basetypes"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/diagnose"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/value"
)

// emergencyAccessModel is the emergency_access attribute.
type emergencyAccessModel struct {
	UserIDs            types.Set `tfsdk:"user_ids"`
	UserPrincipalNames types.Set `tfsdk:"user_principal_names"`
	GroupIDs           types.Set `tfsdk:"group_ids"`
}

// emergencyAccess knows the emergency access accounts of a run.
type emergencyAccess struct {
	// accounts by object id, in lower case.
	accounts map[string]*emergencyAccount
	// groupIDs are the groups of emergency_access, in lower case.
	groupIDs []string
}

// emergencyAccount is one account that nothing may ask for MFA.
type emergencyAccount struct {
	client.User
	// source says where in the provider block the account comes from.
	source string
	// groupIDs are those groups of emergency_access of which it is a member, in lower case.
	groupIDs []string
}

// source says why an account counts as emergency access; ok is false where it does not.
func (e *emergencyAccess) source(userID string) (source string, ok bool) {
	if e == nil {
		return "", false
	}
	account, ok := e.accounts[strings.ToLower(userID)]
	if !ok {
		return "", false
	}
	return account.source, true
}

// describe is the lines of a message about an account: who it is, and why it counts as emergency access.
func (e *emergencyAccess) describe(userID string) string {
	account := e.accounts[strings.ToLower(userID)]
	return accountLines(account.User, account.source)
}

// holds reports whether an id is that of an emergency access account or of a group of them.
func (e *emergencyAccess) holds(id string) bool {
	_, account := e.source(id)
	return account || e != nil && slices.Contains(e.groupIDs, strings.ToLower(id))
}

// sorted lists the accounts in the order of their names.
func (e *emergencyAccess) sorted() []*emergencyAccount {
	if e == nil {
		return nil
	}
	var all []*emergencyAccount
	for _, account := range e.accounts {
		all = append(all, account)
	}
	slices.SortFunc(all, func(a, b *emergencyAccount) int { return strings.Compare(a.Name(), b.Name()) })
	return all
}

func (e *emergencyAccess) add(user client.User, source string) *emergencyAccount {
	key := strings.ToLower(user.ID)
	if _, known := e.accounts[key]; !known {
		e.accounts[key] = &emergencyAccount{User: user, source: source}
	}
	return e.accounts[key]
}

// resolveEmergencyAccess looks up the accounts of the provider block, once for the run. One that cannot be found is an
// error. What is not known yet, as in a plan that creates such an account, is guarded from the apply on.
func resolveEmergencyAccess(ctx context.Context, c *client.Client, block types.Object, diags *diag.Diagnostics) *emergencyAccess {
	guard := &emergencyAccess{accounts: map[string]*emergencyAccount{}}
	if block.IsNull() || block.IsUnknown() {
		return guard
	}
	var configured emergencyAccessModel
	diags.Append(block.As(ctx, &configured, basetypes.ObjectAsOptions{})...)
	if diags.HasError() {
		return guard
	}
	configured.refuseEmpty(diags)
	if diags.HasError() {
		return guard
	}
	guard.resolveIDs(ctx, c, value.KnownStrings(configured.UserIDs), diags)
	guard.resolveNames(ctx, c, value.KnownStrings(configured.UserPrincipalNames), diags)
	guard.resolveGroups(ctx, c, value.KnownStrings(configured.GroupIDs), diags)
	return guard
}

// refuseEmpty refuses a guard that is there and names nobody, and each list of it that is there and empty: a variable that came
// empty would switch the guard off without a word. What is not known yet may still name somebody.
func (m emergencyAccessModel) refuseEmpty(diags *diag.Diagnostics) {
	const wayOut = "An empty guard refuses nothing, and nobody would notice. "
	named := false
	for _, list := range []struct {
		name string
		set  types.Set
	}{{"user_ids", m.UserIDs}, {"user_principal_names", m.UserPrincipalNames}, {"group_ids", m.GroupIDs}} {
		named = named || !list.set.IsNull()
		if !list.set.IsNull() && !list.set.IsUnknown() && len(list.set.Elements()) == 0 {
			diags.AddAttributeError(path.Root("emergency_access").AtName(list.name), "emergency_access."+list.name+" is empty",
				fmt.Sprintf("emergency_access.%s of the provider block is there and names nobody. %sName the emergency access accounts. A list that is not used is "+
					"null or left out; a tenant without such accounts leaves emergency_access out as a whole.", list.name, wayOut))
		}
	}
	if !named {
		diags.AddAttributeError(path.Root("emergency_access"), "emergency_access names nobody",
			"emergency_access of the provider block is there and has none of user_ids, user_principal_names and group_ids. "+wayOut+
				"Name the emergency access accounts in one of them, or leave emergency_access out.")
	}
}

// emergencyAccessPath is where an account stands in the provider block.
func emergencyAccessPath(attribute string, key types.String) path.Path {
	return path.Root("emergency_access").AtName(attribute).AtSetValue(key)
}

func addEmergencyAccountMissing(diags *diag.Diagnostics, tenant client.Tenant, attribute string, key types.String) {
	diags.AddAttributeError(emergencyAccessPath(attribute, key), "Emergency access account not found",
		fmt.Sprintf("%q in emergency_access.%s does not exist in %s. Nothing was planned, because a guard that guards nobody "+
			"is worse than none. Correct it, or remove it from emergency_access.", key.ValueString(), attribute, tenant))
}

// resolveIDs looks all user ids up at once.
func (e *emergencyAccess) resolveIDs(ctx context.Context, c *client.Client, keys []types.String, diags *diag.Diagnostics) {
	const attribute = "user_ids"
	ids := make([]string, 0, len(keys))
	for _, key := range keys {
		ids = append(ids, key.ValueString())
	}
	found, err := c.GetDirectoryObjects(ctx, ids, c.Consistency().Missing)
	if err != nil {
		diagnose.AttributeError(diags, path.Root("emergency_access").AtName(attribute), err)
		return
	}
	for _, key := range keys {
		object, here := found[strings.ToLower(key.ValueString())]
		switch {
		case !here:
			addEmergencyAccountMissing(diags, c.Tenant(), attribute, key)
		case object.IsGroup():
			diags.AddAttributeError(emergencyAccessPath(attribute, key), "Emergency access account is a group",
				fmt.Sprintf("%s in emergency_access.%s is the id of the group %q. Write it into emergency_access.group_ids; its members are guarded then.",
					key.ValueString(), attribute, object.Name()))
		case !object.IsUser():
			diags.AddAttributeError(emergencyAccessPath(attribute, key), "Emergency access account is not a user",
				fmt.Sprintf("%s in emergency_access.%s is the id of a %s, %q. Write the id of a user, or remove it from emergency_access.",
					key.ValueString(), attribute, object.Kind(), object.Name()))
		default:
			user := client.User{ID: object.ID, UserPrincipalName: object.UserPrincipalName, DisplayName: object.DisplayName}
			e.add(user, "listed in emergency_access.user_ids")
		}
	}
}

func (e *emergencyAccess) resolveNames(ctx context.Context, c *client.Client, keys []types.String, diags *diag.Diagnostics) {
	const attribute = "user_principal_names"
	for _, key := range keys {
		user, err := c.FindUser(ctx, key.ValueString(), c.Consistency().Missing)
		switch {
		case client.IsNotFound(err):
			addEmergencyAccountMissing(diags, c.Tenant(), attribute, key)
		case err != nil:
			diagnose.AttributeError(diags, emergencyAccessPath(attribute, key), err)
		default:
			e.add(user, "listed in emergency_access.user_principal_names")
		}
	}
}

func (e *emergencyAccess) resolveGroups(ctx context.Context, c *client.Client, keys []types.String, diags *diag.Diagnostics) {
	const attribute = "group_ids"
	for _, key := range keys {
		members, err := c.ListTransitiveMemberUsers(ctx, key.ValueString())
		switch {
		case client.IsNotFound(err):
			e.explainNoGroup(ctx, c, key, diags)
			continue
		case err != nil:
			diagnose.AttributeError(diags, emergencyAccessPath(attribute, key), err)
			continue
		case len(members) == 0:
			diags.AddAttributeError(emergencyAccessPath(attribute, key), "Emergency access group without users",
				fmt.Sprintf("The group %q in emergency_access.group_ids has no users, so it guards nobody. Nothing was planned. Add the accounts to the group, or "+
					"remove it from emergency_access.group_ids.", key.ValueString()))
			continue
		}
		id := strings.ToLower(key.ValueString())
		e.groupIDs = append(e.groupIDs, id)
		for _, member := range members {
			account := e.add(member, fmt.Sprintf("member of the group %s in emergency_access.group_ids", key.ValueString()))
			account.groupIDs = append(account.groupIDs, id)
		}
	}
}

// explainNoGroup says what an id is that is not the id of a group.
func (e *emergencyAccess) explainNoGroup(ctx context.Context, c *client.Client, key types.String, diags *diag.Diagnostics) {
	const attribute = "group_ids"
	found, err := c.GetDirectoryObjects(ctx, []string{key.ValueString()}, 0)
	object, here := found[strings.ToLower(key.ValueString())]
	switch {
	case err != nil || !here || object.IsGroup():
		addEmergencyAccountMissing(diags, c.Tenant(), attribute, key)
	case object.IsUser():
		diags.AddAttributeError(emergencyAccessPath(attribute, key), "Emergency access group is a user",
			fmt.Sprintf("%s in emergency_access.%s is the id of the user %s. Write it into emergency_access.user_ids.", key.ValueString(), attribute, object.Name()))
	default:
		diags.AddAttributeError(emergencyAccessPath(attribute, key), "Emergency access group is not a group",
			fmt.Sprintf("%s in emergency_access.%s is the id of a %s, %s. Write the id of a group, or remove it from emergency_access.",
				key.ValueString(), attribute, object.Kind(), object.Name()))
	}
}

// accountLines are the lines of a message about an account: who it is, and what else is to be said. The CLI does not wrap
// lines that are indented, so each holds one thing.
func accountLines(user client.User, more ...string) string {
	return "  - " + strings.Join(append([]string{diagnose.Person(user), "object id " + user.ID}, more...), "\n    ")
}

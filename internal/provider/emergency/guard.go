// Package emergency guards the emergency access accounts that the provider block names: it looks them up once in a run, remembers whom a resource
// was applied with, and says who would be caught. What a resource then refuses is the resource's own.
package emergency

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

// guardModel is the emergency_access attribute.
type guardModel struct {
	UserIDs            types.Set `tfsdk:"user_ids"`
	UserPrincipalNames types.Set `tfsdk:"user_principal_names"`
	GroupIDs           types.Set `tfsdk:"group_ids"`
}

// Guard knows the emergency access accounts of a run.
type Guard struct {
	// accounts by object id, in lower case.
	accounts map[string]*Account
	// groupIDs are the groups of emergency_access, in lower case.
	groupIDs []string
}

// Account is one account that nothing may ask for MFA.
type Account struct {
	client.User
	// Source says where in the provider block the account comes from.
	Source string
	// GroupIDs are those groups of emergency_access of which it is a member, in lower case.
	GroupIDs []string
}

// Source says why an account counts as emergency access; ok is false where it does not.
func (e *Guard) Source(userID string) (source string, ok bool) {
	if e == nil {
		return "", false
	}
	account, ok := e.accounts[strings.ToLower(userID)]
	if !ok {
		return "", false
	}
	return account.Source, true
}

// Describe is the lines of a message about an account: who it is, and why it counts as emergency access.
func (e *Guard) Describe(userID string) string {
	account := e.accounts[strings.ToLower(userID)]
	return diagnose.List([]string{AccountEntry(account.User, account.Source)})
}

// Empty reports whether nobody is guarded.
func (e *Guard) Empty() bool { return e == nil || len(e.accounts) == 0 }

// Holds reports whether an id is that of an emergency access account or of a group of them.
func (e *Guard) Holds(id string) bool {
	_, account := e.Source(id)
	return account || e != nil && slices.Contains(e.groupIDs, strings.ToLower(id))
}

// sorted lists the accounts in the order of their names.
func (e *Guard) sorted() []*Account {
	if e == nil {
		return nil
	}
	var all []*Account
	for _, account := range e.accounts {
		all = append(all, account)
	}
	slices.SortFunc(all, func(a, b *Account) int { return strings.Compare(a.Name(), b.Name()) })
	return all
}

func (e *Guard) add(user client.User, source string) *Account {
	key := strings.ToLower(user.ID)
	if _, known := e.accounts[key]; !known {
		e.accounts[key] = &Account{User: user, Source: source}
	}
	return e.accounts[key]
}

// resolve looks up the accounts of the provider block, once for the run. One that cannot be found is an
// error. What is not known yet, as in a plan that creates such an account, is guarded from the apply on.
func resolve(ctx context.Context, c *client.Client, block types.Object, diags *diag.Diagnostics) *Guard {
	guard := &Guard{accounts: map[string]*Account{}}
	if block.IsNull() || block.IsUnknown() {
		return guard
	}
	var configured guardModel
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
func (m guardModel) refuseEmpty(diags *diag.Diagnostics) {
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

// accountPath is where an account stands in the provider block.
func accountPath(attribute string, key types.String) path.Path {
	return path.Root("emergency_access").AtName(attribute).AtSetValue(key)
}

func addAccountMissing(diags *diag.Diagnostics, tenant client.Tenant, attribute string, key types.String) {
	diags.AddAttributeError(accountPath(attribute, key), "Emergency access account not found",
		fmt.Sprintf("%q in emergency_access.%s does not exist in %s. Nothing was planned, because a guard that guards nobody "+
			"is worse than none. Correct it, or remove it from emergency_access.", key.ValueString(), attribute, tenant))
}

// resolveIDs looks all user ids up at once.
func (e *Guard) resolveIDs(ctx context.Context, c *client.Client, keys []types.String, diags *diag.Diagnostics) {
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
			addAccountMissing(diags, c.Tenant(), attribute, key)
		case object.IsGroup():
			diags.AddAttributeError(accountPath(attribute, key), "Emergency access account is a group",
				fmt.Sprintf("%s in emergency_access.%s is the id of the group %q. Write it into emergency_access.group_ids; its members are guarded then.",
					key.ValueString(), attribute, object.Name()))
		case !object.IsUser():
			diags.AddAttributeError(accountPath(attribute, key), "Emergency access account is not a user",
				fmt.Sprintf("%s in emergency_access.%s is the id of a %s, %q. Write the id of a user, or remove it from emergency_access.",
					key.ValueString(), attribute, object.Kind(), object.Name()))
		default:
			user := client.User{ID: object.ID, UserPrincipalName: object.UserPrincipalName, DisplayName: object.DisplayName}
			e.add(user, "listed in emergency_access.user_ids")
		}
	}
}

func (e *Guard) resolveNames(ctx context.Context, c *client.Client, keys []types.String, diags *diag.Diagnostics) {
	const attribute = "user_principal_names"
	for _, key := range keys {
		user, err := c.FindUser(ctx, key.ValueString(), c.Consistency().Missing)
		switch {
		case client.IsNotFound(err):
			addAccountMissing(diags, c.Tenant(), attribute, key)
		case err != nil:
			diagnose.AttributeError(diags, accountPath(attribute, key), err)
		default:
			e.add(user, "listed in emergency_access.user_principal_names")
		}
	}
}

func (e *Guard) resolveGroups(ctx context.Context, c *client.Client, keys []types.String, diags *diag.Diagnostics) {
	const attribute = "group_ids"
	for _, key := range keys {
		members, err := c.ListTransitiveMemberUsers(ctx, key.ValueString())
		switch {
		case client.IsNotFound(err):
			e.explainNoGroup(ctx, c, key, diags)
			continue
		case err != nil:
			diagnose.AttributeError(diags, accountPath(attribute, key), err)
			continue
		case len(members) == 0:
			diags.AddAttributeError(accountPath(attribute, key), "Emergency access group without users",
				fmt.Sprintf("The group %q in emergency_access.group_ids has no users, so it guards nobody. Nothing was planned. Add the accounts to the group, or "+
					"remove it from emergency_access.group_ids.", key.ValueString()))
			continue
		}
		id := strings.ToLower(key.ValueString())
		e.groupIDs = append(e.groupIDs, id)
		for _, member := range members {
			account := e.add(member, fmt.Sprintf("member of the group %s in emergency_access.group_ids", key.ValueString()))
			account.GroupIDs = append(account.GroupIDs, id)
		}
	}
}

// explainNoGroup says what an id is that is not the id of a group.
func (e *Guard) explainNoGroup(ctx context.Context, c *client.Client, key types.String, diags *diag.Diagnostics) {
	const attribute = "group_ids"
	found, err := c.GetDirectoryObjects(ctx, []string{key.ValueString()}, 0)
	object, here := found[strings.ToLower(key.ValueString())]
	switch {
	case err != nil || !here || object.IsGroup():
		addAccountMissing(diags, c.Tenant(), attribute, key)
	case object.IsUser():
		diags.AddAttributeError(accountPath(attribute, key), "Emergency access group is a user",
			fmt.Sprintf("%s in emergency_access.%s is the id of the user %s. Write it into emergency_access.user_ids.", key.ValueString(), attribute, object.Name()))
	default:
		diags.AddAttributeError(accountPath(attribute, key), "Emergency access group is not a group",
			fmt.Sprintf("%s in emergency_access.%s is the id of a %s, %s. Write the id of a group, or remove it from emergency_access.",
				key.ValueString(), attribute, object.Kind(), object.Name()))
	}
}

// AccountEntry is the entry of a list about an account: who it is, and what else is to be said. The CLI does not wrap
// lines that are indented, so each holds one thing.
func AccountEntry(user client.User, more ...string) string {
	return strings.Join(append([]string{diagnose.Person(user), "object id " + user.ID}, more...), "\n    ")
}

package peruser

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/datasource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework-validators/datasourcevalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/listvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/mfa"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/diagnose"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/resourcekit"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/value"
)

type userMFAStatesDataSource struct {
	resourcekit.DataSource[run, *run]
}

func newUserMFAStatesDataSource() datasource.DataSource { return &userMFAStatesDataSource{} }

var (
	_ datasource.DataSourceWithConfigure        = (*userMFAStatesDataSource)(nil)
	_ datasource.DataSourceWithConfigValidators = (*userMFAStatesDataSource)(nil)
)

// userMFAStatesDataModel is the data source's schema.
type userMFAStatesDataModel struct {
	AllUsers           types.Bool   `tfsdk:"all_users"`
	GroupID            types.String `tfsdk:"group_id"`
	UserIDs            types.List   `tfsdk:"user_ids"`
	UserPrincipalNames types.List   `tfsdk:"user_principal_names"`
	States             types.List   `tfsdk:"states"`
	UserType           types.String `tfsdk:"user_type"`
	AccountEnabled     types.Bool   `tfsdk:"account_enabled"`
	Licensed           types.Bool   `tfsdk:"licensed"`
	Users              types.Map    `tfsdk:"users"`
	ObjectIDs          types.Map    `tfsdk:"object_ids"`
	UserTypes          types.Map    `tfsdk:"user_types"`
	AccountsEnabled    types.Map    `tfsdk:"accounts_enabled"`
	AccountsLicensed   types.Map    `tfsdk:"accounts_licensed"`
	Awaiting           types.Map    `tfsdk:"awaiting_registration"`
	Count              types.Int64  `tfsdk:"user_count"`

	Timeouts timeouts.Value `tfsdk:"timeouts"`
}

func (d *userMFAStatesDataSource) Metadata(_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_user_mfa_states"
}

func (d *userMFAStatesDataSource) Schema(ctx context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	const oneOf = "Exactly one of `all_users`, `group_id`, `user_ids` and `user_principal_names` must be set. "
	resp.Schema = schema.Schema{
		MarkdownDescription: "Reads the [per-user MFA states](https://learn.microsoft.com/entra/identity/authentication/howto-mfa-userstates) of many users: " +
			"all of the tenant, those of a group, or a list.\n\n" +
			"Microsoft Graph documents no way to read them together, so this asks for each user, in batches of 20. " +
			"A user whose MFA comes from Conditional Access or security defaults only is `disabled` here; this says nothing about those.",
		Attributes: map[string]schema.Attribute{
			"all_users": schema.BoolAttribute{
				Optional: true, MarkdownDescription: oneOf + "`true` reads every user of the tenant, guests included; `false` is refused.",
				Validators: []validator.Bool{onlyTrue{}},
			},
			"group_id": schema.StringAttribute{
				Optional: true,
				MarkdownDescription: oneOf + "The object id of a group, whose users are read, those of nested groups included. " +
					"Needs `GroupMember.Read.All` and `User.Read.All`.",
				Validators: []validator.String{value.GUIDValidator()},
			},
			"user_ids": schema.ListAttribute{
				Optional: true, ElementType: types.StringType, MarkdownDescription: oneOf + "Object ids of users. One that does not exist is an error.",
				Validators: []validator.List{listvalidator.SizeAtLeast(1), listvalidator.ValueStringsAre(value.GUIDValidator())},
			},
			"user_principal_names": schema.ListAttribute{
				Optional: true, ElementType: types.StringType, MarkdownDescription: oneOf + "User principal names. One that does not exist is an error.",
				Validators: []validator.List{listvalidator.SizeAtLeast(1), listvalidator.ValueStringsAre(value.UserPrincipalNameValidator())},
			},
			"states": schema.ListAttribute{
				Optional: true, ElementType: types.StringType,
				MarkdownDescription: "Which users the result holds: those who are `disabled`, `enabled` or `enforced`, as listed. Default: all of them.",
				Validators:          []validator.List{listvalidator.SizeAtLeast(1), listvalidator.ValueStringsAre(mfaStateValidator())},
			},
			"user_type": schema.StringAttribute{
				Optional: true,
				MarkdownDescription: "Which users the result holds: `Member` or `Guest`. Default: both. Graph: `userType`. " +
					"A user of whom Graph does not say it is left out of both, with a warning.",
				Validators: []validator.String{stringvalidator.OneOf(userTypeMember, userTypeGuest)},
			},
			"account_enabled": schema.BoolAttribute{
				Optional: true,
				MarkdownDescription: "Which users the result holds: with `true` those whose account can sign in, with `false` those whose account is blocked. " +
					"Default: both. Graph: `accountEnabled`.",
			},
			"licensed": schema.BoolAttribute{
				Optional: true,
				MarkdownDescription: "Which users the result holds: with `true` those who have a license of any product, directly or by a group, with `false` those who " +
					"have none, as shared mailboxes, rooms, emergency access accounts and many guests. Default: both. Graph: `assignedLicenses`.",
			},
			"users": schema.MapAttribute{
				Computed: true, ElementType: types.StringType, MarkdownDescription: "The per-user MFA state of each user, by user principal name as the service spells it.",
			},
			"object_ids": schema.MapAttribute{
				Computed: true, ElementType: types.StringType, MarkdownDescription: "The object id of each user, by user principal name.",
			},
			"user_types": schema.MapAttribute{
				Computed: true, ElementType: types.StringType, MarkdownDescription: "`Member` or `Guest` for each user, by user principal name; null where Graph does not say it.",
			},
			"accounts_enabled": schema.MapAttribute{
				Computed: true, ElementType: types.BoolType,
				MarkdownDescription: "Whether the account of each user can sign in, by user principal name; null where Graph does not say it.",
			},
			"accounts_licensed": schema.MapAttribute{
				Computed: true, ElementType: types.BoolType,
				MarkdownDescription: "Whether each user has a license of any product, by user principal name; null where Graph does not say it.",
			},
			"awaiting_registration": schema.MapAttribute{
				Computed: true, ElementType: types.StringType,
				MarkdownDescription: "Those of `users` who are `enabled` and not yet `enforced`, by user principal name, with their object ids: they have not registered a " +
					"method, as far as the service knows.",
			},
			"user_count": schema.Int64Attribute{Computed: true, MarkdownDescription: "How many users the result holds. Terraform keeps the name `count` for itself."},
		},
		Blocks: map[string]schema.Block{"timeouts": userMFAStatesLimits.DataSourceBlock(ctx)},
	}
}

// onlyTrue refuses false, which would read like a choice and be none.
type onlyTrue struct{}

func (onlyTrue) Description(context.Context) string         { return "must be true" }
func (onlyTrue) MarkdownDescription(context.Context) string { return "must be `true`" }

func (onlyTrue) ValidateBool(_ context.Context, req validator.BoolRequest, resp *validator.BoolResponse) {
	if req.ConfigValue.IsNull() || req.ConfigValue.IsUnknown() || req.ConfigValue.ValueBool() {
		return
	}
	resp.Diagnostics.AddAttributeError(req.Path, "Invalid all_users", "all_users = false reads nobody. Write true, or leave it out and name a group or users.")
}

func (d *userMFAStatesDataSource) ConfigValidators(context.Context) []datasource.ConfigValidator {
	return []datasource.ConfigValidator{
		datasourcevalidator.ExactlyOneOf(path.MatchRoot("all_users"), path.MatchRoot("group_id"), path.MatchRoot("user_ids"), path.MatchRoot("user_principal_names")),
	}
}

func (d *userMFAStatesDataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	var model userMFAStatesDataModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &model)...)
	if resp.Diagnostics.HasError() || !d.Data.Configured(&resp.Diagnostics) {
		return
	}
	ctx, end := userMFAStatesLimits.Within(ctx, resourcekit.Read, model.Timeouts.Object)
	defer end()
	users := d.users(ctx, model, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	users = model.choose(users, &resp.Diagnostics)
	questions := make([]client.UserAndState, len(users))
	for i, user := range users {
		questions[i] = client.UserAndState{User: user}
	}
	outcomes := d.Data.Client.ObserveUserMFAStates(ctx, questions, logProgress(ctx, "reading per-user MFA states", len(users)))
	if failures := model.fill(users, outcomes); len(failures) > 0 {
		first := firstFailure(failures)
		resp.Diagnostics.AddError(fmt.Sprintf("Unable to read the per-user MFA state of %s", diagnose.People(failedNames(failures))),
			fmt.Sprintf("The users are: %s.\n\nThe first of these failures: %s", diagnose.Names(failedNames(failures), diagnose.NamedInErrors), describeUserError(first)))
		return
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, model)...)
}

// users are those whom the configuration asks for.
func (d *userMFAStatesDataSource) users(ctx context.Context, model userMFAStatesDataModel, diags *diag.Diagnostics) []client.User {
	var users []client.User
	var err error
	switch {
	case !model.AllUsers.IsNull():
		if users, err = d.Data.Client.ListUsers(ctx); err != nil {
			diagnose.AttributeError(diags, path.Root("all_users"), err)
		}
		return users
	case !model.GroupID.IsNull():
		for page, pageErr := range d.Data.Client.MemberUserPages(ctx, model.GroupID.ValueString()) {
			users, err = append(users, page...), pageErr
		}
		switch {
		case client.IsNotFound(err):
			diags.AddAttributeError(path.Root("group_id"), fmt.Sprintf("Group %q not found", model.GroupID.ValueString()),
				"There is no such group in "+diagnose.TenantOf(err).String()+". Check the id, and that tenant_id of the provider block is the tenant of the group.")
		case err != nil:
			diagnose.AttributeError(diags, path.Root("group_id"), err)
		default:
			addUnnamedMembers(diags, model.GroupID.ValueString(), users)
		}
		return users
	case !model.UserIDs.IsNull():
		return d.listed(ctx, "user_ids", texts(model.UserIDs), diags)
	}
	return d.listed(ctx, "user_principal_names", texts(model.UserPrincipalNames), diags)
}

// listed looks up users by id or name. One who is listed twice is read once.
func (d *userMFAStatesDataSource) listed(ctx context.Context, attribute string, keys []string, diags *diag.Diagnostics) []client.User {
	seen := map[string]bool{}
	keys = slices.DeleteFunc(keys, func(key string) bool {
		twice := seen[strings.ToLower(key)]
		seen[strings.ToLower(key)] = true
		return twice
	})
	var users []client.User
	var missing []string
	var failures []userFailure
	outcomes := d.Data.Client.FindLicensedUsers(ctx, keys, d.Data.Client.Consistency().Missing, logProgress(ctx, "looking up users", len(keys)))
	for i, outcome := range outcomes {
		switch {
		case client.IsNotFound(outcome.Err):
			missing = append(missing, keys[i])
		case outcome.Err != nil:
			failures = append(failures, userFailure{key: keys[i], name: keys[i], err: outcome.Err})
		default:
			users = append(users, outcome.Value)
		}
	}
	if len(missing) > 0 {
		diags.AddAttributeError(path.Root(attribute), fmt.Sprintf("%s not found", diagnose.People(missing)),
			fmt.Sprintf("There are no such users in %s (deleted ones do not count): %s.\n\nCheck the spelling, and that tenant_id of the provider "+
				"block is the tenant of the users.", d.Data.Client.Tenant(), diagnose.Names(missing, diagnose.NamedInErrors)))
	}
	if len(failures) > 0 {
		diags.AddAttributeError(path.Root(attribute), "Unable to read "+diagnose.People(failedNames(failures)), describeUserError(firstFailure(failures)))
	}
	return users
}

// texts are the known texts of a list.
func texts(list types.List) []string {
	var found []string
	for _, element := range list.Elements() {
		if text, ok := element.(types.String); ok && !text.IsNull() {
			found = append(found, text.ValueString())
		}
	}
	return found
}

// choose leaves those users whom the filters choose, each once: a page can bring a user again where the directory has changed since the
// page before.
func (m *userMFAStatesDataModel) choose(users []client.User, diags *diag.Diagnostics) []client.User {
	filter := userFilter{userType: m.UserType, accountEnabled: m.AccountEnabled, licensed: m.Licensed}
	unsaid := map[string][]string{}
	seen := map[string]bool{}
	users = slices.DeleteFunc(users, func(user client.User) bool {
		again := seen[user.ID]
		seen[user.ID] = true
		chosen, missing := filter.passes(user)
		if !again {
			for _, attribute := range missing {
				unsaid[attribute] = append(unsaid[attribute], user.Name())
			}
		}
		return again || !chosen
	})
	for _, attribute := range slices.Sorted(maps.Keys(unsaid)) {
		diags.AddAttributeWarning(path.Root(attribute), fmt.Sprintf("Nothing is known about %s of %s", attribute, diagnose.People(unsaid[attribute])),
			fmt.Sprintf("Microsoft Graph does not say it, so they are left out, whatever %s is: %s.\n\nTo have them in the result, remove %s and choose among users by "+
				"the maps of the result.", attribute, diagnose.Names(unsaid[attribute], diagnose.NamedInErrors), attribute))
	}
	return users
}

// fill takes over what was read, and returns what could not be. A user who was deleted meanwhile is left out.
func (m *userMFAStatesDataModel) fill(users []client.User, outcomes []client.Outcome[mfa.State]) []userFailure {
	chosen, awaiting := texts(m.States), map[string]attr.Value{}
	states, ids, userTypes, enabled, licensed := map[string]attr.Value{}, map[string]attr.Value{}, map[string]attr.Value{}, map[string]attr.Value{}, map[string]attr.Value{}
	var failures []userFailure
	for i, user := range users {
		outcome, name := outcomes[i], user.Name()
		switch {
		case errors.Is(outcome.Err, client.ErrUserGone):
		case outcome.Err != nil:
			failures = append(failures, userFailure{key: user.ID, name: name, err: outcome.Err})
		case len(chosen) == 0 || slices.Contains(chosen, string(outcome.Value)):
			states[name], ids[name] = types.StringValue(string(outcome.Value)), types.StringValue(user.ID)
			userTypes[name] = value.NullIfEmpty(user.UserType)
			if outcome.Value == mfa.Enabled {
				awaiting[name] = ids[name]
			}
			enabled[name], licensed[name] = types.BoolPointerValue(user.AccountEnabled), types.BoolPointerValue(user.Licensed())
		}
	}
	m.Users, m.ObjectIDs, m.UserTypes = types.MapValueMust(types.StringType, states), types.MapValueMust(types.StringType, ids), types.MapValueMust(types.StringType, userTypes)
	m.AccountsEnabled, m.AccountsLicensed = types.MapValueMust(types.BoolType, enabled), types.MapValueMust(types.BoolType, licensed)
	m.Awaiting = types.MapValueMust(types.StringType, awaiting)
	m.Count = types.Int64Value(int64(len(states)))
	return failures
}

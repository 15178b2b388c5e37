package peruser

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework-validators/listvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/list"
	"github.com/hashicorp/terraform-plugin-framework/list/schema"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/mfa"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/diagnose"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/resourcekit"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/value"
)

type userMFAStateListResource struct {
	resourcekit.Resource[run, *run]
}

func newUserMFAStateListResource() list.ListResource { return &userMFAStateListResource{} }

var _ list.ListResourceWithConfigure = (*userMFAStateListResource)(nil)

// userMFAStateListModel is the configuration of the list.
type userMFAStateListModel struct {
	GroupID        types.String `tfsdk:"group_id"`
	States         types.List   `tfsdk:"states"`
	UserType       types.String `tfsdk:"user_type"`
	AccountEnabled types.Bool   `tfsdk:"account_enabled"`
	Licensed       types.Bool   `tfsdk:"licensed"`
}

func (l *userMFAStateListResource) Metadata(_ context.Context, req resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_user_mfa_state"
}

func (l *userMFAStateListResource) ListResourceConfigSchema(_ context.Context, _ list.ListResourceSchemaRequest, resp *list.ListResourceSchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Finds users by their [per-user MFA state](https://learn.microsoft.com/entra/identity/authentication/howto-mfa-userstates), " +
			"to import them as `entramfa_user_mfa_state`. Without any argument these are all users of the tenant, guests included: each of them has a state, " +
			"and `disabled` is that of everybody whom nobody has asked for MFA.\n\n" +
			"Microsoft Graph can neither filter by this state nor read several at once, so it is asked of each user, in batches of 20, and only where `states` or " +
			"`include_resource` wants it. No more users are read than the `limit` needs.",
		Attributes: map[string]schema.Attribute{
			"group_id": schema.StringAttribute{
				Optional: true,
				MarkdownDescription: "The object id of a group, to list its users only, those of nested groups included. Needs `GroupMember.Read.All` beside `User.Read.All`. " +
					"Default: all users of the tenant.",
				Validators: []validator.String{value.GUIDValidator()},
			},
			"states": schema.ListAttribute{
				Optional: true, ElementType: types.StringType,
				MarkdownDescription: "Which users to list: those who are `disabled`, `enabled` or `enforced`. Default: all of them.",
				Validators:          []validator.List{listvalidator.SizeAtLeast(1), listvalidator.ValueStringsAre(mfaStateValidator())},
			},
			"user_type": schema.StringAttribute{
				Optional:            true,
				MarkdownDescription: "`Member` or `Guest`, to list those only. Default: both. Graph: `userType`.",
				Validators:          []validator.String{stringvalidator.OneOf(userTypeMember, userTypeGuest)},
			},
			"account_enabled": schema.BoolAttribute{
				Optional: true,
				MarkdownDescription: "`true` lists users whose account can sign in, `false` those whose account is blocked. Default: both. " +
					"Graph: `accountEnabled`.",
			},
			"licensed": schema.BoolAttribute{
				Optional: true,
				MarkdownDescription: "`true` lists users who have a license of any product, directly or by a group, `false` those who have none. Default: both. " +
					"Graph: `assignedLicenses`.",
			},
		},
	}
}

// List streams the users. What fails ends the list with an error: users who are left out of it without a word would be taken
// for users whom nobody has to import.
func (l *userMFAStateListResource) List(ctx context.Context, req list.ListRequest, stream *list.ListResultsStream) {
	var model userMFAStateListModel
	diags := req.Config.Get(ctx, &model)
	if diags.HasError() || !l.Data.Configured(&diags) {
		stream.Results = list.ListResultsStreamDiagnostics(diags)
		return
	}
	stream.Results = func(push func(list.ListResult) bool) {
		listing := &userListing{ctx: ctx, client: l.Data.Client, req: req, model: model, push: push}
		if listing.run(); listing.diags.HasError() {
			push(list.ListResult{Diagnostics: listing.diags})
		}
	}
}

// pages are the users among whom the configuration looks.
func (m *userMFAStateListModel) pages(ctx context.Context, c *client.Client) iter.Seq2[[]client.User, error] {
	if m.GroupID.IsNull() {
		return c.UserPages(ctx)
	}
	return c.MemberUserPages(ctx, m.GroupID.ValueString())
}

// wants reports whether a user passes, as far as that can be said without their state.
func (m *userMFAStateListModel) wants(user client.User) bool {
	chosen, _ := userFilter{userType: m.UserType, accountEnabled: m.AccountEnabled, licensed: m.Licensed}.passes(user)
	return chosen
}

// userListing is a list under way.
type userListing struct {
	ctx    context.Context
	client *client.Client
	req    list.ListRequest
	model  userMFAStateListModel
	push   func(list.ListResult) bool

	// count is how many users were listed, and ahead of how many the states were read last.
	count int64
	ahead int
	diags diag.Diagnostics
}

// statesInABatch is how many states travel together, and mostAhead of how many users they are read in one go.
const (
	statesInABatch = 20
	mostAhead      = 1000
)

// nextStates is of how many users the states are read next: of as many as are missing. Where the states decide who is listed,
// it is full batches, and twice as many each time, because few have one that is wanted.
func (l *userListing) nextStates(decide bool) int {
	missing := int64(mostAhead)
	if l.req.Limit > 0 {
		missing = min(l.req.Limit-l.count, mostAhead)
	}
	if !decide {
		return int(missing)
	}
	batches := (int(missing) + statesInABatch - 1) / statesInABatch
	l.ahead = min(max(2*l.ahead, batches*statesInABatch), mostAhead)
	return l.ahead
}

// run lists until there are no more users, as many as were asked for, or nobody who takes them.
func (l *userListing) run() {
	seen := map[string]bool{}
	for users, err := range l.model.pages(l.ctx, l.client) {
		if err != nil {
			l.addPageError(err)
			return
		}
		if !l.model.GroupID.IsNull() {
			if addUnnamedMembers(&l.diags, l.model.GroupID.ValueString(), users); l.diags.HasError() {
				return
			}
		}
		// A page can bring a user again where the directory has changed since the page before.
		users = slices.DeleteFunc(users, func(user client.User) bool {
			again := seen[user.ID]
			seen[user.ID] = true
			return again || !l.model.wants(user)
		})
		if !l.list(users) {
			return
		}
	}
}

// list lists those of the users who have a wanted state, and reports whether to go on.
func (l *userListing) list(users []client.User) bool {
	states := texts(l.model.States)
	if len(states) == 0 && !l.req.IncludeResource {
		for _, user := range users {
			if !l.add(user, "") {
				return false
			}
		}
		return true
	}
	for len(users) > 0 {
		next := users[:min(l.nextStates(len(states) > 0), len(users))]
		users = users[len(next):]
		outcomes := l.observe(next)
		if l.diags.HasError() {
			return false
		}
		for i, user := range next {
			state := string(outcomes[i].Value)
			if outcomes[i].Err != nil || len(states) > 0 && !slices.Contains(states, state) {
				continue
			}
			if !l.add(user, outcomes[i].Value) {
				return false
			}
		}
	}
	return true
}

// observe reads the states of users. The only error that is left in an outcome is that of a user who was deleted meanwhile.
func (l *userListing) observe(users []client.User) []client.Outcome[mfa.State] {
	questions := make([]client.UserAndState, len(users))
	for i, user := range users {
		questions[i] = client.UserAndState{User: user}
	}
	outcomes := l.client.ObserveUserMFAStates(l.ctx, questions, logProgress(l.ctx, "reading per-user MFA states", len(users)))
	var failures []userFailure
	for i, user := range users {
		if err := outcomes[i].Err; err != nil && !errors.Is(err, client.ErrUserGone) {
			failures = append(failures, userFailure{key: user.ID, name: user.Name(), err: err})
		}
	}
	if len(failures) > 0 {
		l.diags.AddError(fmt.Sprintf("Unable to read the per-user MFA state of %s", diagnose.People(failedNames(failures))),
			fmt.Sprintf("The users are: %s. The list ends here, because it would leave them out.\n\nThe first of these failures: %s",
				diagnose.Names(failedNames(failures), diagnose.NamedInErrors), describeUserError(firstFailure(failures))))
	}
	return outcomes
}

// add lists a user and reports whether to go on.
func (l *userListing) add(user client.User, state mfa.State) bool {
	listed := newUserMFAStateModel(user)
	result := l.req.NewListResult(l.ctx)
	result.DisplayName = diagnose.Person(user)
	result.Diagnostics.Append(result.Identity.Set(l.ctx, listed.Identity())...)
	if l.req.IncludeResource {
		listed.refresh(user, state)
		// A configuration that is generated from this has one of the two names of a user; id holds the other.
		listed.UserID = types.StringNull()
		result.Diagnostics.Append(result.Resource.Set(l.ctx, listed)...)
	}
	l.count++
	return l.push(result) && (l.req.Limit <= 0 || l.count < l.req.Limit)
}

func (l *userListing) addPageError(err error) {
	switch {
	case l.model.GroupID.IsNull():
		diagnose.Error(&l.diags, err)
	case client.IsNotFound(err):
		l.diags.AddAttributeError(path.Root("group_id"), fmt.Sprintf("Group %q not found", l.model.GroupID.ValueString()),
			"There is no such group in "+diagnose.TenantOf(err).String()+". Check the id, and that tenant_id of the provider block is the tenant of the group.")
	default:
		diagnose.AttributeError(&l.diags, path.Root("group_id"), err)
	}
}

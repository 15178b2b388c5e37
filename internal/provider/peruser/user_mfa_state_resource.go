package peruser

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-validators/resourcevalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/identityschema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/booldefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringdefault"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/mfa"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/diagnose"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/emergency"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/resourcekit"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/value"
)

// The names of the resources, as a configuration has them.
const (
	typeUserMFAState  = "entramfa_user_mfa_state"
	typeUserMFAStates = "entramfa_user_mfa_states"
)

var userMFAStateLimits = resourcekit.TimeLimits{TypeName: "entramfa_user_mfa_state", Write: 30 * time.Minute, Read: 5 * time.Minute}

type userMFAStateResource struct {
	resourcekit.Resource[run, *run]
}

func newUserMFAStateResource() resource.Resource { return &userMFAStateResource{} }

var (
	_ resource.ResourceWithConfigure        = (*userMFAStateResource)(nil)
	_ resource.ResourceWithConfigValidators = (*userMFAStateResource)(nil)
	_ resource.ResourceWithValidateConfig   = (*userMFAStateResource)(nil)
	_ resource.ResourceWithModifyPlan       = (*userMFAStateResource)(nil)
	_ resource.ResourceWithImportState      = (*userMFAStateResource)(nil)
	_ resource.ResourceWithIdentity         = (*userMFAStateResource)(nil)
)

func (r *userMFAStateResource) Metadata(_ context.Context, req resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_user_mfa_state"
}

func (r *userMFAStateResource) Schema(ctx context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	resp.Schema = schema.Schema{
		Version: resourcekit.SchemaVersion(userMFAStateUpgrades),
		MarkdownDescription: "Sets the [per-user MFA state](https://learn.microsoft.com/entra/identity/authentication/howto-mfa-userstates) of one user.\n\n" +
			"Every user starts `disabled`. Setting `enabled` asks the user to register a method at the next sign-in; the service then moves the user " +
			"to `enforced` by itself, at once if a method is registered already. `enabled` is satisfied by `enforced`, so that promotion is never drift.\n\n" +
			"Users whose MFA comes from Conditional Access or security defaults only are `disabled` here, and that is right: Microsoft advises against " +
			"combining the two.",
		Attributes: map[string]schema.Attribute{
			"id": schema.StringAttribute{
				Computed:            true,
				MarkdownDescription: "The object id of the user.",
			},
			"name": schema.StringAttribute{
				Computed: true,
				MarkdownDescription: "The display name of the user with the user principal name, `Adele Vance (adele.vance@contoso.com)`, for the reader of a plan: " +
					"Terraform shows `name` also where it does not change. A refresh takes over a new name, and that is no difference. Graph: `displayName`.",
			},
			"user_id": schema.StringAttribute{
				Optional: true, Computed: true,
				MarkdownDescription: "The object id of the user, a GUID. At least one of `user_id` and `user_principal_name` must be set; the other is computed. " +
					"Where both are, `user_id` decides who is managed. Another user replaces the resource.",
				Validators: []validator.String{value.GUIDValidator()},
			},
			"user_principal_name": schema.StringAttribute{
				Optional: true, Computed: true,
				MarkdownDescription: "The user principal name of the user, compared without case. A guest's has the form " +
					"`adele_fabrikam.com#EXT#@contoso.onmicrosoft.com`. At least one of `user_id` and `user_principal_name` must be set; the other is computed. " +
					"Another user replaces the resource; another name of the same user does not. Beside `user_id` it has to be the name of that same user, " +
					"or the plan is refused, also after the user was renamed.",
				Validators: []validator.String{value.UserPrincipalNameValidator()},
			},
			"state": schema.StringAttribute{
				Required: true,
				MarkdownDescription: "The wanted per-user MFA state, in lower case: `disabled`, `enabled` or `enforced`. A user who is `enforced` satisfies `enabled`. " +
					"`enforced` is refused unless `allow_promotion` is set and the user has registered a method. Graph: `perUserMfaState`.",
				Validators: []validator.String{mfaStateValidator()},
			},
			"allow_promotion": schema.BoolAttribute{
				Optional: true, Computed: true, Default: booldefault.StaticBool(false),
				MarkdownDescription: "Whether `enforced` may be written for a user who has registered an MFA method, instead of leaving the promotion to the service. " +
					"Needs `UserAuthenticationMethod.Read.All`. Default `false`.",
			},
			"on_destroy": schema.StringAttribute{
				Optional: true, Computed: true, Default: stringdefault.StaticString(resourcekit.OnDestroyDisable),
				MarkdownDescription: "What destroying the resource does: `disable` sets the user to `disabled`, so that per-user MFA stops applying; " +
					"`keep` leaves the user as they are. It has to be applied before the destroy to count. Default `disable`.",
				Validators: []validator.String{stringvalidator.OneOf(resourcekit.OnDestroyDisable, resourcekit.OnDestroyKeep)},
			},
			"effective_state": schema.StringAttribute{
				Computed: true,
				MarkdownDescription: "The state that the service has. It is `enforced` where `state` is `enabled` and the user has registered a method. " +
					"Where `enabled` is to be written, or the user is new here, it is known after the apply only: whether to promote a user is the service's decision.",
			},
		},
		Blocks: map[string]schema.Block{"timeouts": userMFAStateLimits.Block(ctx)},
	}
}

func (r *userMFAStateResource) IdentitySchema(_ context.Context, _ resource.IdentitySchemaRequest, resp *resource.IdentitySchemaResponse) {
	resp.IdentitySchema = identityschema.Schema{
		Attributes: map[string]identityschema.Attribute{
			"user_id": identityschema.StringAttribute{
				RequiredForImport: true,
				Description:       "The object id of the user, a GUID.",
			},
		},
	}
}

func (r *userMFAStateResource) ConfigValidators(context.Context) []resource.ConfigValidator {
	return []resource.ConfigValidator{
		resourcevalidator.AtLeastOneOf(path.MatchRoot("user_id"), path.MatchRoot("user_principal_name")),
	}
}

// ValidateConfig has nothing to refuse; that it is called is how the people of one run are told from those of another.
func (r *userMFAStateResource) ValidateConfig(_ context.Context, req resource.ValidateConfigRequest, _ *resource.ValidateConfigResponse) {
	r.Data.validatePeople(digestConfig(typeUserMFAState, req.Config.Raw))
}

// ModifyPlan makes the plan tell what the apply will do, and refuses at plan what the apply would refuse.
func (r *userMFAStateResource) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	ctx, op := resourcekit.BeginPlan[userMFAStateModel](ctx, r.Data.Run, userMFAStateLimits, req, resp)
	if op == nil {
		return
	}
	defer op.End()
	prior, plan, config := op.Prior, op.Plan, op.Config
	owner := ""
	if prior != nil {
		owner = userOwner(ctx, op.Private, prior, op.Diags)
		if !prior.sameIdentity(ctx, req.Identity, op.Diags) {
			return
		}
	}
	if plan == nil {
		r.planDestroy(ctx, owner, prior, op.Private, op.Diags)
		return
	}

	digest := digestConfig(typeUserMFAState, req.Config.Raw)
	before := readReplacement(ctx, op.Private, op.Diags)
	people := r.Data.people.begin(owner, before.replaces(prior == nil), "an "+typeUserMFAState, digest)
	defer people.end()
	if prior == nil {
		r.planCreate(ctx, people, plan, config, op.Diags)
		before.keep(ctx, []string{plan.ID.ValueString()}, op.Private, op.Diags)
	} else if at, replace := r.planUser(ctx, prior, plan, config, op.Diags); replace {
		// The plan is made again without a prior state; what is told here is what becomes of the user who is left.
		resp.RequiresReplace.Append(at)
		r.planDestroy(ctx, owner, prior, op.Private, op.Diags)
		prior.managed().told(ctx, owner, op.Private, op.Diags)
	} else if !op.Failed() {
		managedUsers{}.told(ctx, owner, op.Private, op.Diags)
		people.claim(plan.claimed())
		r.planUpdate(ctx, prior, plan, resourcekit.KeptText(ctx, op.Private, resourcekit.InstanceKey, op.Diags) == "", op.Diags)
	}
	if op.Failed() {
		return
	}
	people.checkOthers(ctx, path.Root("state"), plan.claimed(), op.Diags)
	if prior == nil || !plan.EffectiveState.Equal(prior.EffectiveState) {
		r.Data.emergency.WarnGuardLeft(askedForMFA(plan.claimed()), path.Root("state"), op.Diags)
		r.Data.emergency.WarnAskedElsewhere(ctx, op.Diags)
	}
	op.Publish(ctx, plan)
}

// planCreate looks the user up and checks the move from the present state. What the user will have is known of disabled only: on
// the way to enforced a create may come to enabled and no further, see Create.
func (r *userMFAStateResource) planCreate(ctx context.Context, people *peoplePlan, plan, config *userMFAStateModel, diags *diag.Diagnostics) {
	plan.EffectiveState = types.StringUnknown()
	key, at := config.configuredUser()
	if key.IsUnknown() || !r.Data.Ready() {
		return
	}
	user, err := r.Data.Client.FindUser(ctx, key.ValueString(), r.Data.Client.Consistency().Missing)
	if err != nil {
		addUserError(diags, at, key.ValueString(), err, adviceLeft)
		return
	}
	if !r.checkBothNames(ctx, config, user, diags) {
		return
	}
	plan.setUser(user)
	if !config.UserPrincipalName.IsNull() {
		plan.UserPrincipalName = config.UserPrincipalName
	}
	people.claim(plan.claimed())
	// The plan is made once more in the apply, before the create: so the first of a run know of each other.
	r.Data.recentUsers.note(user.ID)
	f := facts{wanted: mfa.State(plan.State.ValueString())}
	if !r.Data.mayHaveMFA(user, f, path.Root("state"), diags) {
		return
	}
	current, err := r.Data.Client.FindUserMFAState(ctx, user, r.Data.Client.Consistency().Missing)
	if err != nil {
		diagnose.AttributeError(diags, at, err)
		return
	}
	f.current = current
	r.decide(ctx, user, f, plan, plan, diags)
}

// decide plans what becomes of the user, and says so; known is the model that knows the user's name.
func (r *userMFAStateResource) decide(ctx context.Context, user client.User, f facts, plan, known *userMFAStateModel, diags *diag.Diagnostics) decision {
	d := r.Data.decide(user, f)
	if d.checked && r.Data.Ready() {
		if _, err := r.Data.Client.CheckUserMFAState(ctx, user, f.current, f.wanted, plan.AllowPromotion.ValueBool(), r.Data.Client.Consistency().Missing); err != nil {
			diagnose.AttributeError(diags, path.Root("state"), err)
			return d
		}
	}
	plan.EffectiveState = d.planned()
	resourcekit.Report(diags, d.findings(f, known, diagnose.Person(user), plan.KeepsOnDestroy())...)
	return d
}

// planUser decides whether the configuration still names the user of the state. Another spelling of the same id or name
// keeps the prior value, so that it is no change.
func (r *userMFAStateResource) planUser(ctx context.Context, prior, plan, config *userMFAStateModel, diags *diag.Diagnostics) (at path.Path, replace bool) {
	key, at := config.configuredUser()
	// Of a replaced user it is planned again.
	plan.Name = prior.Name
	same := false
	switch {
	case key.IsUnknown():
		// It may turn out to be the same user. Terraform then settles it at apply, where a replacement that was not
		// planned is not possible any more: so it is planned, and reviewers see that it may happen.
		return at, true
	case at.Equal(path.Root("user_id")):
		same = strings.EqualFold(key.ValueString(), prior.UserID.ValueString())
	case strings.EqualFold(key.ValueString(), prior.UserPrincipalName.ValueString()):
		same = true
	case r.Data.Ready():
		user, err := r.Data.Client.FindUser(ctx, key.ValueString(), r.Data.Client.Consistency().Missing)
		if client.IsNotFound(err) {
			diags.AddAttributeError(at, fmt.Sprintf("User %q not found", key.ValueString()),
				fmt.Sprintf("No user of %s has this name. The user of this resource (object id %s) is now called %q.\n\n"+
					"If the user was renamed, write the new name here. If the same run renames the user, or another one is meant, "+
					"name them by user_id, or check the spelling.",
					diagnose.TenantOf(err), prior.UserID.ValueString(), prior.UserPrincipalName.ValueString()))
			return at, false
		}
		if err != nil {
			diagnose.AttributeError(diags, at, err)
			return at, false
		}
		if strings.EqualFold(user.ID, prior.UserID.ValueString()) {
			plan.ID, plan.UserID = prior.ID, prior.UserID
			return at, false
		}
	}
	if !same {
		return at, true
	}
	plan.ID, plan.UserID = prior.ID, prior.UserID
	if name := config.UserPrincipalName; name.IsUnknown() || !name.IsNull() && !strings.EqualFold(name.ValueString(), prior.UserPrincipalName.ValueString()) {
		// The state may be behind, so the name is looked up. One that is not known yet is looked up when the apply plans once more.
		plan.UserPrincipalName = name
		if r.Data.Ready() {
			r.checkBothNames(ctx, config, prior.user(), diags)
		}
		return at, false
	}
	plan.UserPrincipalName = prior.UserPrincipalName
	return at, false
}

// checkBothNames refuses a user_principal_name next to user_id that is not the name of that user, and reports whether it is. Where it is the
// name that the user is known by, nothing is asked.
func (r *userMFAStateResource) checkBothNames(ctx context.Context, config *userMFAStateModel, user client.User, diags *diag.Diagnostics) bool {
	name, at := config.UserPrincipalName, path.Root("user_principal_name")
	if config.UserID.IsNull() || name.IsNull() || name.IsUnknown() || strings.EqualFold(name.ValueString(), user.UserPrincipalName) {
		return true
	}
	const advice = "user_id decides who is managed. Remove user_principal_name, or correct it; a user whom the same run renames is named by user_id alone."
	named, err := r.Data.Client.FindUser(ctx, name.ValueString(), r.Data.Client.Consistency().Missing)
	switch {
	case client.IsNotFound(err):
		diags.AddAttributeError(at, fmt.Sprintf("User %s is not called %q", config.UserID.ValueString(), name.ValueString()),
			fmt.Sprintf("The user whom user_id names (object id %s) is called %q, and no user of %s is called %q. Was the user renamed?\n\n%s",
				user.ID, user.UserPrincipalName, diagnose.TenantOf(err), name.ValueString(), advice))
	case err != nil:
		diagnose.AttributeError(diags, at, err)
	case !strings.EqualFold(named.ID, user.ID):
		diags.AddAttributeError(at, "user_id and user_principal_name name different users",
			fmt.Sprintf("user_id names %s (object id %s), and user_principal_name names %s (object id %s).\n\n%s If the other one is meant, remove user_id.",
				user.Name(), user.ID, named.Name(), named.ID, advice))
	default:
		return true
	}
	return false
}

// planUpdate checks the move from the state that the refresh has read; imported says that no create has made the resource.
func (r *userMFAStateResource) planUpdate(ctx context.Context, prior, plan *userMFAStateModel, imported bool, diags *diag.Diagnostics) {
	f := prior.facts(imported)
	f.wanted = mfa.State(plan.State.ValueString())
	if r.Data.mayHaveMFA(prior.user(), f, path.Root("state"), diags) && r.decide(ctx, prior.user(), f, plan, prior, diags).keepsWanted {
		plan.State = prior.State
	}
}

// planDestroy says that a user is disabled, unless nobody is there to be disabled, and refuses it where another resource of the run wants
// the user to have MFA.
func (r *userMFAStateResource) planDestroy(ctx context.Context, owner string, prior *userMFAStateModel, private resourcekit.PrivateState, diags *diag.Diagnostics) {
	people := r.Data.people
	now := prior.managed()
	if !prior.KeepsOnDestroy() {
		now = r.Data.foundNow(ctx, now)
		keepFound(ctx, prior.managed(), now, private, diags)
	}
	current := now[0].effective
	if decide(facts{leaves: true, keep: prior.KeepsOnDestroy(), current: current}).write == "" || r.Data.isUserGone(ctx, prior.UserID.ValueString()) {
		people.release(owner, "", nil)
		return
	}
	const resource = "an " + typeUserMFAState
	if !people.checkRelease(ctx, owner, resource, []claimedPerson{{id: prior.UserID.ValueString(), name: prior.user().Name()}}, diags) {
		return
	}
	resourcekit.Report(diags, weakening(prior, current, "To leave the user as they are, apply on_destroy = \"keep\" first."))
}

// adviceLeft is for a user who has left and is still in the configuration.
const adviceLeft = "If the user has left, remove the resource from the configuration; nothing else is needed. " + adviceDestroy

// adviceDestroy is for errors of a configuration that stop a destroy, for which Terraform plans the configuration as well.
const adviceDestroy = "If this stops `terraform destroy`, which plans the configuration first, run it with -refresh=false."

// addUserError reports a user who cannot be read; more are paragraphs of advice where there is no such user.
func addUserError(diags *diag.Diagnostics, at path.Path, key string, err error, more ...string) {
	if !client.IsNotFound(err) {
		diagnose.AttributeError(diags, at, err)
		return
	}
	advice := "Check the id, and that tenant_id of the provider block is the tenant of the user."
	if !value.IsGUID(key) {
		advice = "Check the spelling, and that tenant_id of the provider block is the tenant of the user. " +
			"The name of a guest has the form adele_fabrikam.com#EXT#@contoso.onmicrosoft.com. " +
			"A user whom the same run creates or renames is named by id instead, as in user_id = azuread_user.adele.object_id."
	}
	paragraphs := append([]string{fmt.Sprintf("There is no such user in %s (a deleted one does not count).", diagnose.TenantOf(err)), advice}, more...)
	diags.AddAttributeError(at, fmt.Sprintf("User %q not found", key), strings.Join(paragraphs, "\n\n"))
}

// Create sets the user. Where it fails on the way to enforced, after enabled was written, it succeeds with a warning all the
// same: an error without a state would leave nothing that knows of the write, and after an error with one Terraform marks the
// resource as tainted, so that the next apply first disables the user who was just given per-user MFA. effective_state, planned
// as unknown, has what the user really has, and from that alone the next plan, even without a refresh, sees what is missing.
func (r *userMFAStateResource) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	ctx, op := resourcekit.BeginCreate[userMFAStateModel](ctx, r.Data.Run, userMFAStateLimits, req, resp)
	if op == nil {
		return
	}
	defer op.End()
	plan := op.Plan
	key, at := plan.userKey()
	user, err := r.Data.Client.FindUser(ctx, key.ValueString(), r.Data.Client.Consistency().NewObject)
	if err != nil {
		addUserError(op.Diags, at, key.ValueString(), err, adviceLeft)
		return
	}
	if !r.checkBothNames(ctx, op.Config, user, op.Diags) {
		return
	}
	plan.complete(user)
	r.Data.people.arrive(ctx, user.ID)
	r.set(ctx, user, plan, nil, op.Diags)
	if op.Failed() {
		return
	}
	r.Data.people.created(digestConfig(typeUserMFAState, req.Config.Raw), newUserOwner(ctx, op.Private, op.Diags))
	r.publish(ctx, op)
}

// publish answers an apply that came to its end.
func (r *userMFAStateResource) publish(ctx context.Context, op *resourcekit.Operation[userMFAStateModel, *userMFAStateModel]) {
	r.Data.recentUsers.keepHints(ctx, op.Plan.UserID.ValueString(), op.Private, op.Diags)
	r.Data.emergency.Guard.Remember(ctx, op.Private, op.Diags)
	op.Publish(ctx, op.Plan)
}

func (r *userMFAStateResource) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	ctx, op := resourcekit.BeginRead[userMFAStateModel](ctx, r.Data.Run, userMFAStateLimits, req, resp)
	if op == nil {
		return
	}
	defer op.End()
	state := op.Prior
	if !state.sameIdentity(ctx, req.Identity, op.Diags) {
		return
	}
	r.Data.emergency.Before.Note(emergency.Recall(ctx, op.Private, op.Diags))
	hints := readHints(ctx, op.Private, op.Diags)
	user, current, err := r.Data.Client.ObserveUser(ctx, state.user(), mfa.State(state.State.ValueString()), hints)
	switch {
	case errors.Is(err, client.ErrUserGone):
		r.Data.recentUsers.forget(state.UserID.ValueString())
		r.Data.Gone.Note(state.UserID.ValueString(), true)
		op.Gone(ctx)
		return
	case err != nil:
		op.Fail(err)
		return
	}
	r.Data.Gone.Note(user.ID, false)
	r.Data.people.noteRead(user.ID, current)
	r.Data.blocked.note(user)
	state.refresh(user, current)
	r.Data.recentUsers.completeHints(ctx, user.ID, hints, op.Private, op.Diags)
	op.Publish(ctx, state)
}

func (r *userMFAStateResource) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	ctx, op := resourcekit.BeginUpdate[userMFAStateModel](ctx, r.Data.Run, userMFAStateLimits, req, resp)
	if op == nil {
		return
	}
	defer op.End()
	plan, prior := op.Plan, op.Prior
	forgetReplacement(ctx, op.Private, op.Diags)
	if !plan.State.Equal(prior.State) || !plan.EffectiveState.Equal(prior.EffectiveState) {
		r.Data.people.arrive(ctx, prior.UserID.ValueString())
		written := r.set(ctx, prior.user(), plan, prior, op.Diags)
		if op.Failed() {
			// A part may have been written. The state says so, and the rest is planned again.
			if written != "" {
				prior.observe(written)
				op.Publish(ctx, prior)
			}
			return
		}
	}
	r.publish(ctx, op)
}

func (r *userMFAStateResource) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	ctx, op := resourcekit.BeginDelete[userMFAStateModel](ctx, r.Data.Run, userMFAStateLimits, req, resp)
	if op == nil {
		return
	}
	defer op.End()
	state := op.Prior
	r.Data.recentUsers.forget(state.UserID.ValueString())
	planned := asPlanned(ctx, state.managed(), op.Private, op.Diags)
	disabled, untold := readReplacement(ctx, op.Private, op.Diags).split(planned)
	warnLeftAsTheyAre(op.Diags, untold)
	if len(disabled) == 0 {
		return
	}
	mine, left := r.Data.people.leave(userOwner(ctx, op.Private, state, op.Diags), []string{state.UserID.ValueString()})
	defer left()
	if len(mine) == 0 {
		// Another resource of this run wants the user.
		return
	}
	result, err := r.Data.Client.SetUserMFAState(ctx, state.user(), mfa.Disabled,
		client.SetOptions{Known: disabled[0].effective})
	switch {
	case errors.Is(err, client.ErrUserGone):
	case err != nil:
		addStateError(op.Diags, path.Empty(), err)
	default:
		warnUnconfirmed(op.Diags, state.user(), result)
	}
}

// ImportState accepts an object id, a user principal name, or the identity.
func (r *userMFAStateResource) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	var identity userMFAStateIdentity
	ctx, op := resourcekit.BeginImport[userMFAStateModel](ctx, r.Data.Run, userMFAStateLimits, req, resp, &identity)
	if op == nil {
		return
	}
	defer op.End()
	key := strings.TrimSpace(cmp.Or(req.ID, identity.UserID.ValueString()))
	if !value.IsGUID(key) && !strings.Contains(key, "@") {
		op.Diags.AddError("Invalid import id",
			fmt.Sprintf("%q is neither the object id of a user (a GUID) nor a user principal name (name@domain).", key))
		return
	}
	user, err := r.Data.Client.FindUser(ctx, key, r.Data.Client.Consistency().Missing)
	if err != nil {
		addUserError(op.Diags, path.Empty(), key, err)
		return
	}
	op.Publish(ctx, newUserMFAStateModel(user))
}

// set moves the user to the planned state and takes over what the service has then. There is no prior one in a create. It
// returns the state that was written last, also where it failed after that.
func (r *userMFAStateResource) set(ctx context.Context, user client.User, plan, prior *userMFAStateModel, diags *diag.Diagnostics) mfa.State {
	wanted := mfa.State(plan.State.ValueString())
	if !r.Data.mayHaveMFA(user, facts{wanted: wanted}, path.Root("state"), diags) {
		return ""
	}
	options := client.SetOptions{AllowPromotion: plan.AllowPromotion.ValueBool(), NewUser: prior == nil}
	switch {
	case prior != nil:
		options.Known = mfa.State(prior.EffectiveState.ValueString())
	case !plan.EffectiveState.IsUnknown():
		// The plan has found the user disabled already.
		options.Known = mfa.State(plan.EffectiveState.ValueString())
	}
	result, err := r.Data.Client.SetUserMFAState(ctx, user, wanted, options)
	var written mfa.State
	if len(result.Written) > 0 {
		written = result.Effective
	}
	if errors.Is(err, client.ErrUserGone) {
		diags.AddAttributeError(path.Root("state"), fmt.Sprintf("User %s does not exist any more", user.Name()),
			fmt.Sprintf("The user (object id %s) was deleted after the plan was made. Plan again: a refresh takes a deleted user out of the state. "+
				"Then take the resource out of the configuration, or restore the user in Microsoft Entra within 30 days.", user.ID))
		return written
	}
	if err != nil && written != "" && prior == nil {
		plan.EffectiveState = types.StringValue(string(written))
		warnBegun(diags, plan, result, wanted, err)
		return written
	}
	if err != nil {
		addStateError(diags, path.Root("state"), err)
		if written != "" {
			diags.AddAttributeWarning(path.Root("state"), fmt.Sprintf("%s was left at %s", user.Name(), written),
				fmt.Sprintf("The way from %s to %s was begun and not finished. Apply again to finish it.", result.Before, wanted))
		}
		return written
	}
	plan.EffectiveState = types.StringValue(string(result.Effective))
	warnUnconfirmed(diags, user, result)
	return written
}

// addStateError reports a change of state that was refused or has failed.
func addStateError(diags *diag.Diagnostics, at path.Path, err error) {
	var changed *mfa.ChangedError
	if errors.As(err, &changed) {
		resourcekit.ChangedSincePlan(diags, at, "The per-user MFA state of "+changed.User, describeChanged(changed))
		return
	}
	diagnose.AttributeError(diags, at, err)
}

// describeChanged is what became of one user since a plan.
func describeChanged(changed *mfa.ChangedError) string {
	return fmt.Sprintf("%s: %s in the plan, %s now, and the apply would set it to %s", changed.User, changed.Known, changed.Found, changed.To)
}

// warnBegun reports a create that has come to a part of the way.
func warnBegun(diags *diag.Diagnostics, user *userMFAStateModel, result client.SetResult, wanted mfa.State, err error) {
	summary, detail := diagnose.Describe(err)
	diags.AddAttributeWarning(path.Root("state"), fmt.Sprintf("%s is %s and not yet %s", user.person(), result.Effective, wanted),
		fmt.Sprintf("The way from %s to %s was begun and not finished. The resource was created with what was written, and this is a warning, because after an error "+
			"Terraform would destroy the resource before it makes it again, and so disable the user. The next plan shows the rest of the way, and the next apply goes it.\n\n"+
			"%s: %s", result.Before, wanted, summary, detail))
}

func warnUnconfirmed(diags *diag.Diagnostics, user client.User, result client.SetResult) {
	if result.Unconfirmed == nil {
		return
	}
	diags.AddWarning(fmt.Sprintf("The new MFA state of %s is not confirmed yet", user.Name()),
		fmt.Sprintf("Microsoft Graph accepted the change to %q, and reading it back did not show it: %s\n\n"+
			"The state is recorded as written. The next plan shows a difference if it did not last.", result.Effective, diagnose.Unconfirmed(result.Unconfirmed)))
}

// userMFAStateUpgrades lead states of earlier versions of the schema to the present one. There is no earlier version yet.
var userMFAStateUpgrades []resourcekit.StateUpgrade

var _ resource.ResourceWithUpgradeState = (*userMFAStateResource)(nil)

func (r *userMFAStateResource) UpgradeState(context.Context) map[int64]resource.StateUpgrader {
	return resourcekit.StateUpgraders(userMFAStateUpgrades)
}

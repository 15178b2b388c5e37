package peruser

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
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

// userMFAStatesResource manages many users at once.
// A read takes one request for each of 10,000 users, and a change three, at the 20 writes a second that Graph documents for an app.
var userMFAStatesLimits = resourcekit.TimeLimits{TypeName: "entramfa_user_mfa_states", Write: 60 * time.Minute, Read: 30 * time.Minute}

type userMFAStatesResource struct {
	resourcekit.Resource[run, *run]
}

func newUserMFAStatesResource() resource.Resource { return &userMFAStatesResource{} }

var (
	_ resource.ResourceWithConfigure      = (*userMFAStatesResource)(nil)
	_ resource.ResourceWithValidateConfig = (*userMFAStatesResource)(nil)
	_ resource.ResourceWithModifyPlan     = (*userMFAStatesResource)(nil)
	_ resource.ResourceWithImportState    = (*userMFAStatesResource)(nil)
	_ resource.ResourceWithIdentity       = (*userMFAStatesResource)(nil)
)

func (r *userMFAStatesResource) Metadata(_ context.Context, req resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_user_mfa_states"
	// The users are the resource, and they come and go.
	resp.ResourceBehavior.MutableIdentity = true
}

func (r *userMFAStatesResource) Schema(ctx context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	resp.Schema = schema.Schema{
		Version: resourcekit.SchemaVersion(userMFAStatesUpgrades),
		MarkdownDescription: "Sets the [per-user MFA state](https://learn.microsoft.com/entra/identity/authentication/howto-mfa-userstates) of many users, " +
			"by the same rules as `entramfa_user_mfa_state` does for one: `enabled` is satisfied by `enforced`, to which the service promotes a user " +
			"who registers a method.\n\n" +
			"The resource manages the users in `users` and nobody else. Made for hundreds to thousands of users: they are read and written in batches, " +
			"a plan shows the users who change, and messages name users together instead of one by one.",
		Attributes: map[string]schema.Attribute{
			"id": schema.StringAttribute{
				Computed:            true,
				MarkdownDescription: "A GUID that is made when the resource is created. It means nothing to Microsoft Entra ID.",
			},
			"users": schema.MapAttribute{
				Required: true, ElementType: types.StringType,
				MarkdownDescription: "The wanted per-user MFA state of each user: `disabled`, `enabled` or `enforced`, in lower case. A key is a user principal name " +
					"or an object id; both are compared without case. At most 10,000 users; an empty map manages nobody. A user who is taken out of the map is treated as `on_destroy` says. " +
					"A refresh writes a state that does not satisfy the wanted one here, and removes a user who was deleted in Microsoft Entra ID. " +
					"Graph: `perUserMfaState`.",
				Validators: []validator.Map{userStatesValidator{}},
			},
			"allow_promotion": schema.BoolAttribute{
				Optional: true, Computed: true, Default: booldefault.StaticBool(false),
				MarkdownDescription: "Whether `enforced` may be written for users who have registered an MFA method, instead of leaving the promotion to the service. " +
					"Needs `UserAuthenticationMethod.Read.All`. Default `false`.",
			},
			"on_destroy": schema.StringAttribute{
				Optional: true, Computed: true, Default: stringdefault.StaticString(resourcekit.OnDestroyDisable),
				MarkdownDescription: "What becomes of users who are taken out of `users`, and of all of them when the resource is destroyed: `disable` sets them to " +
					"`disabled`, so that per-user MFA stops applying; `keep` leaves them as they are. For a destroy it has to be applied before to count. " +
					"Default `disable`.",
				Validators: []validator.String{stringvalidator.OneOf(resourcekit.OnDestroyDisable, resourcekit.OnDestroyKeep)},
			},
			"effective_states": schema.MapAttribute{
				Computed: true, ElementType: types.StringType,
				MarkdownDescription: "The state that the service has of each user, by the keys of `users`. It is `enforced` where `enabled` is wanted and the user has " +
					"registered a method; users who are `enabled` here have yet to register one: `[for user, state in entramfa_user_mfa_states.staff.effective_states : user if state == \"enabled\"]`. " +
					"It is known after the apply: of all users when the resource is created, and otherwise of a user who is new here or is to be written. It is null for a user " +
					"whose state an apply that failed in part could not find out; the next refresh does.",
			},
			"user_ids": schema.MapAttribute{
				Computed: true, ElementType: types.StringType,
				MarkdownDescription: "The object id of each user, by the keys of `users`. A user who is renamed stays the same user. Known after the apply that creates the " +
					"resource; `created_for_sha256` holds that apply to the people of the plan.",
			},
			"names": schema.MapAttribute{
				Computed: true, ElementType: types.StringType,
				MarkdownDescription: "Who the users are whose key is an object id, for the reader of a plan: `Adele Vance (adele.vance@contoso.example)`, by the keys of " +
					"`users`. Null where all keys are user principal names. A new name is taken over by the next refresh and is not a difference.",
			},
			"created_for_sha256": schema.StringAttribute{
				Computed: true,
				MarkdownDescription: "A SHA-256 of who the users were when the resource was created: each key with the object id that the plan found, and which of them were " +
					"`disabled` already, as wanted. The plan of a create does not show the object ids, to stay short, but it has this digest: Terraform refuses the apply " +
					"with an \"inconsistent final plan\" for this attribute if a name belongs to another person by then. Plan again in that case. It does not change " +
					"later, and is null after an import.",
			},
		},
		Blocks: map[string]schema.Block{"timeouts": userMFAStatesLimits.Block(ctx)},
	}
}

// IdentitySchema names what the resource is in the service: the users it manages. Its id is known to Terraform only.
func (r *userMFAStatesResource) IdentitySchema(_ context.Context, _ resource.IdentitySchemaRequest, resp *resource.IdentitySchemaResponse) {
	resp.IdentitySchema = identityschema.Schema{
		Attributes: map[string]identityschema.Attribute{
			"user_ids": identityschema.ListAttribute{
				ElementType: types.StringType, RequiredForImport: true,
				Description: "The object ids of the users, GUIDs, in ascending order. It changes with the users; an import takes any order. Without users it is the " +
					"GUID of zeros.",
			},
		},
	}
}

// ValidateConfig has nothing to refuse beyond the validators; that it is called is how the people of one run are told from those of another.
func (r *userMFAStatesResource) ValidateConfig(_ context.Context, req resource.ValidateConfigRequest, _ *resource.ValidateConfigResponse) {
	r.Data.validatePeople(digestConfig(typeUserMFAStates, req.Config.Raw))
}

// ModifyPlan makes the plan tell what the apply will do, and refuses at plan what the apply would refuse, for all users
// at once. Users who stay as they are cost no request: the refresh has read them.
func (r *userMFAStatesResource) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	ctx, op := resourcekit.BeginPlan[userMFAStatesModel](ctx, r.Data.Run, userMFAStatesLimits, req, resp)
	if op == nil {
		return
	}
	defer op.End()
	prior, plan := op.Prior, op.Plan
	owner := ""
	if prior != nil {
		if !r.Data.samePairs(ctx, op.Private, prior.managed(), op.Diags) {
			return
		}
		owner = prior.ID.ValueString()
	}
	if plan == nil {
		r.planDestroy(ctx, prior, op.Private, op.Diags)
		return
	}
	if prior != nil {
		plan.ID, plan.CreatedFor = prior.ID, prior.CreatedFor
	}
	earlier := readReplacement(ctx, op.Private, op.Diags)
	people := r.Data.people.begin(owner, earlier.replaces(prior == nil), describeMap(len(plan.Users.Elements())), digestConfig(typeUserMFAStates, req.Config.Raw))
	defer people.end()
	var users []*wantedUser
	var dropped managedUsers
	if plan.Users.IsUnknown() {
		plan.planUnknown()
		dropped = prior.managed()
		if !plan.KeepsOnDestroy() {
			resourcekit.Report(op.Diags, plannedUsers{unknown: weakened(dropped), unlisted: true}.findings()...)
		}
	} else {
		users, dropped = r.planUsers(ctx, people, prior, plan, op.Diags)
	}
	if op.Failed() {
		return
	}
	if prior == nil {
		earlier.keep(ctx, idsOf(users), op.Private, op.Diags)
	} else {
		dropped.told(ctx, owner, op.Private, op.Diags)
	}
	op.Publish(ctx, plan)
}

// describeMap is what messages call such a resource, whose address a provider is not told.
func describeMap(users int) string {
	return "an " + typeUserMFAStates + " of " + diagnose.Counted(users, "user")
}

// planDestroy warns of the users who are disabled, and refuses it where another resource of the run wants one of them to have MFA.
func (r *userMFAStatesResource) planDestroy(ctx context.Context, prior *userMFAStatesModel, private resourcekit.PrivateState, diags *diag.Diagnostics) {
	people, owner := r.Data.people, prior.ID.ValueString()
	told := plannedUsers{keep: prior.KeepsOnDestroy(), destroyed: true}
	var losing managedUsers
	if told.keep {
		told.left = withStates(prior.managed())
	} else {
		before := prior.managed()
		now := r.Data.foundNow(ctx, before)
		keepFound(ctx, before, now, private, diags)
		losing = r.Data.withoutGone(ctx, now.losing(false))
		told.lost = weakened(losing)
	}
	resource := describeMap(len(prior.Users.Elements()))
	if !people.checkRelease(ctx, owner, resource, losing.persons(), diags) {
		return
	}
	resourcekit.Report(diags, told.findings()...)
}

// planUsers plans users who are known, and returns them and those who lose per-user MFA because they are in the map no longer.
func (r *userMFAStatesResource) planUsers(
	ctx context.Context, people *peoplePlan, prior, plan *userMFAStatesModel, diags *diag.Diagnostics,
) (users []*wantedUser, dropped managedUsers) {
	before := prior.managed()
	users = plan.wantedUsers(before)
	ready := r.Data.Ready()
	patience := time.Duration(0)
	if ready {
		patience = r.Data.Client.Consistency().Missing
		r.find(ctx, users, before, patience, diags, adviceLeftUsers)
	}
	persons := claimedOf(users)
	people.claim(persons)
	if ready {
		r.readNew(ctx, users, patience, diags)
		if !diags.HasError() {
			r.Data.checkEmergencyAccounts(users, diags)
			r.checkMoves(ctx, users, plan, patience, diags)
		}
	}
	addSamePeople(diags, samePeople(users))
	if diags.HasError() {
		return nil, nil
	}
	removed := removedUsers(before, users)
	if !plan.KeepsOnDestroy() {
		r.Data.people.remove(removed.ids())
	}
	people.checkOthers(ctx, path.Root("users"), persons, diags)
	r.Data.emergency.WarnGuardLeft(askedForMFA(persons), path.Root("users"), diags)
	if prior != nil && unchanged(users, before) {
		plan.Users, plan.EffectiveStates, plan.UserIDs, plan.Names = prior.Users, prior.EffectiveStates, prior.UserIDs, prior.Names
		return users, nil
	}
	if ready {
		r.Data.findNames(ctx, users)
	}
	plan.planManaged(users, prior == nil)
	if prior == nil {
		plan.CreatedFor = r.Data.createdFor.plan(users)
	}
	if ready {
		r.warnRenamed(ctx, users, diags)
		r.Data.emergency.WarnAskedElsewhere(ctx, diags)
	}
	dropped = r.warnPlanned(ctx, people, users, removed, plan, diags)
	if prior != nil && len(users) == 0 {
		resourcekit.Report(diags, nobodyLeft(len(before))...)
	}
	return users, dropped
}

// find looks up the users whom neither the state nor the plan knows; left says what to do about those who have left.
func (r *userMFAStatesResource) find(ctx context.Context, users []*wantedUser, prior managedUsers, patience time.Duration, diags *diag.Diagnostics, left string) {
	var unknown []*wantedUser
	var keys []string
	for _, user := range users {
		if !user.found() {
			unknown, keys = append(unknown, user), append(keys, user.key)
		}
	}
	known := newPriorUsers(prior)
	var missing, failures []userFailure
	for i, outcome := range r.Data.Client.FindUsers(ctx, keys, patience, logProgress(ctx, "looking up users", len(keys))) {
		user := unknown[i]
		failure := userFailure{key: user.key, name: user.key, err: outcome.Err}
		switch {
		case client.IsNotFound(outcome.Err):
			missing = append(missing, failure)
		case outcome.Err != nil:
			failures = append(failures, failure)
		default:
			user.user = outcome.Value
			if same, ok := known.byID[strings.ToLower(user.user.ID)]; ok {
				user.take(same)
			}
		}
	}
	advice := []string{left}
	if hidden := describeHidden(users); hidden != "" {
		advice = append(advice, hidden)
	}
	addMissingUsers(diags, missing, advice...)
	addUserFailures(diags, "find", failures)
}

// readNew reads the states of those users of whom the state of Terraform says nothing.
func (r *userMFAStatesResource) readNew(ctx context.Context, users []*wantedUser, patience time.Duration, diags *diag.Diagnostics) {
	if diags.HasError() {
		return
	}
	var unread []*wantedUser
	var questions []client.User
	for _, user := range users {
		if user.found() && user.current == "" {
			unread, questions = append(unread, user), append(questions, user.user)
		}
	}
	var failures []userFailure
	for i, outcome := range r.Data.Client.FindUserMFAStates(ctx, questions, patience, logProgress(ctx, "reading per-user MFA states", len(questions))) {
		if outcome.Err != nil {
			failures = append(failures, userFailure{key: unread[i].key, name: unread[i].name(), err: outcome.Err})
		}
		unread[i].current = outcome.Value
	}
	addUserFailures(diags, "read the per-user MFA state", failures)
}

// checkMoves refuses the moves to enforced that the rules do not permit.
func (r *userMFAStatesResource) checkMoves(ctx context.Context, users []*wantedUser, plan *userMFAStatesModel, patience time.Duration, diags *diag.Diagnostics) {
	var checked []*wantedUser
	var moves []client.UserMove
	for _, user := range users {
		if user.found() && decide(user.facts()).checked {
			checked, moves = append(checked, user), append(moves, client.UserMove{User: user.user, From: user.current, To: user.wanted})
		}
	}
	var refused, failures []userFailure
	for i, outcome := range r.Data.Client.CheckUserMFAStates(ctx, moves, plan.AllowPromotion.ValueBool(), patience) {
		failure := userFailure{key: checked[i].key, name: checked[i].name(), err: outcome.Err}
		var refusal *mfa.TransitionError
		switch {
		case errors.As(outcome.Err, &refusal):
			refused = append(refused, failure)
		case outcome.Err != nil:
			failures = append(failures, failure)
		}
	}
	addRefusals(diags, refused)
	addUserFailures(diags, "check the registered methods", failures)
}

// weakened are the users who lose per-user MFA when they are disabled, by name and state.
func weakened(users managedUsers) []string { return withStates(users.losing(false)) }

// withStates are users by name and state.
func withStates(users managedUsers) []string {
	var names []string
	for _, user := range users {
		names = append(names, withState(user.label(), user.effective))
	}
	return names
}

// warnPlanned warns of what somebody should look at before the apply, and returns the removed users who lose per-user MFA.
func (r *userMFAStatesResource) warnPlanned(
	ctx context.Context, people *peoplePlan, users []*wantedUser, removed managedUsers, plan *userMFAStatesModel, diags *diag.Diagnostics,
) (lost managedUsers) {
	told := plannedUsers{keep: plan.KeepsOnDestroy()}
	for _, user := range users {
		d := r.Data.decide(user.user, user.facts())
		told.add(d, user.name(), user.current)
		if d.adopted && r.Data.people.comesFromAMap(user.user.ID) {
			told.arriving = append(told.arriving, user.name())
		}
	}
	if told.keep {
		told.left = withStates(removed)
	} else if losing := removed.losing(false); len(losing) > 0 {
		run := r.Data.people
		run.awaitOthers(ctx, r.othersBegin())
		for _, user := range losing {
			if decide(user.leaving(false, run.claimed(people.owner, user.id))).moves {
				told.moving = append(told.moving, withState(user.label(), user.effective))
			} else {
				lost = append(lost, user)
			}
		}
	}
	told.lost = weakened(lost)
	resourcekit.Report(diags, told.findings()...)
	return lost
}

// othersBegin is how long the other resources of a run are given to begin, a quarter of a second where nothing else is set.
func (r *userMFAStatesResource) othersBegin() time.Duration {
	const part = 4
	if !r.Data.Ready() {
		return 0
	}
	return r.Data.Client.Consistency().Drift / part
}

// warnRenamed warns of names that are somebody else's by now: the entry goes on to mean the user for whom it was found. It is looked up where
// the plan has changes, a thousand users in one request.
func (r *userMFAStatesResource) warnRenamed(ctx context.Context, users []*wantedUser, diags *diag.Diagnostics) {
	byID := map[string]*wantedUser{}
	for _, user := range users {
		if user.prior != nil && !value.IsGUID(user.key) {
			byID[strings.ToLower(user.user.ID)] = user
		}
	}
	present, err := r.Data.Client.UsersByID(ctx, slices.Sorted(maps.Keys(byID)))
	if err != nil {
		// It only explains; what matters of it fails elsewhere.
		return
	}
	var renamed []*wantedUser
	var keys []string
	for _, id := range slices.Sorted(maps.Keys(byID)) {
		if now, ok := present[id]; ok && now.UserPrincipalName != "" && !strings.EqualFold(now.UserPrincipalName, byID[id].key) {
			renamed, keys = append(renamed, byID[id]), append(keys, byID[id].key)
		}
	}
	var lines []string
	var at path.Path
	for i, outcome := range r.Data.Client.FindUsers(ctx, keys, 0, nil) {
		if outcome.Err != nil || strings.EqualFold(outcome.Value.ID, renamed[i].user.ID) {
			continue
		}
		if len(lines) == 0 {
			at = userEntryPath(renamed[i].key)
		}
		lines = append(lines, fmt.Sprintf("%s: the entry manages %s (object id %s), who had this name; it belongs to object id %s now", renamed[i].key,
			present[strings.ToLower(renamed[i].user.ID)].UserPrincipalName, renamed[i].user.ID, outcome.Value.ID))
	}
	if len(lines) == 0 {
		return
	}
	diags.AddAttributeWarning(at, renamedSummary(len(lines)),
		fmt.Sprintf("%s\n\nThe person who has the name now is not managed by this resource. Write the present name or the object id of each person.", diagnose.List(lines)))
}

// Create sets the users. Where it fails for some of them after others were written, it must not fail as a whole:
// Terraform would mark the resource as tainted, and the next apply would destroy it first, which takes per-user MFA away
// from everybody who was just given it. It cannot leave the users who failed out of the state either, because Terraform
// refuses a new resource that differs from its plan. So such a create succeeds with a warning that names the users, and
// effective_states, planned as unknown for new users, has what they really have. The next plan sees from that
// alone, even without a refresh, that those users are to be set. A create that has written nothing fails.
func (r *userMFAStatesResource) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	ctx, op := resourcekit.BeginCreate[userMFAStatesModel](ctx, r.Data.Run, userMFAStatesLimits, req, resp)
	if op == nil {
		return
	}
	defer op.End()
	plan := op.Plan
	done, ok := r.apply(ctx, plan, nil, op.Diags)
	if !ok {
		return
	}
	if len(done.failures) > 0 && !done.wrote {
		consequence := "Nothing was written, and the resource was not created."
		if done.unknown() {
			consequence = "The resource was not created. Some of the changes may have been carried out all the same; the next plan shows what there is."
		}
		done.addError(op.Diags, consequence)
		return
	}
	if len(done.failures) > 0 {
		summary, detail := done.describe("The resource was created with the others. This is a warning, because after an error Terraform would destroy the resource " +
			"before it makes it again, and so disable the users who were set. The next plan shows the users who were not, and the next apply sets them.")
		op.Diags.AddAttributeWarning(done.at(), summary, detail)
	}
	plan.ID = types.StringValue(uuid.NewString())
	r.Data.people.created(digestConfig(typeUserMFAStates, req.Config.Raw), plan.ID.ValueString())
	plan.setManaged(done.users)
	if plan.CreatedFor.IsUnknown() {
		plan.CreatedFor = types.StringValue(digestPairs(done.users))
	}
	r.publish(ctx, op, done.users)
}

// publish answers an apply with the users of the new state, which the plan has by then.
func (r *userMFAStatesResource) publish(ctx context.Context, op *resourcekit.Operation[userMFAStatesModel, *userMFAStatesModel], users managedUsers) {
	keepPairs(ctx, op.Private, users, op.Diags)
	r.Data.emergency.Guard.Remember(ctx, op.Private, op.Diags)
	op.Publish(ctx, op.Plan)
}

// Read reads every user by the id that the state has.
func (r *userMFAStatesResource) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	ctx, op := resourcekit.BeginRead[userMFAStatesModel](ctx, r.Data.Run, userMFAStatesLimits, req, resp)
	if op == nil {
		return
	}
	defer op.End()
	state := op.Prior
	r.Data.emergency.Before.Note(emergency.Recall(ctx, op.Private, op.Diags))
	users := state.managed()
	if !r.Data.samePairs(ctx, op.Private, users, op.Diags) {
		return
	}
	questions := make([]client.UserAndState, len(users))
	for i, user := range users {
		questions[i] = client.UserAndState{User: user.user(), State: user.wanted}
	}
	var left managedUsers
	var failures []userFailure
	for i, outcome := range r.Data.Client.ObserveUserMFAStates(ctx, questions, logProgress(ctx, "reading per-user MFA states", len(users))) {
		user := users[i]
		r.Data.Gone.Note(user.id, errors.Is(outcome.Err, client.ErrUserGone))
		switch {
		case errors.Is(outcome.Err, client.ErrUserGone):
			continue
		case outcome.Err != nil:
			failures = append(failures, userFailure{key: user.key, name: user.label(), err: outcome.Err})
		}
		user.observe(outcome.Value)
		r.Data.people.noteRead(user.id, outcome.Value)
		left = append(left, user)
	}
	addUserFailures(op.Diags, "read the per-user MFA state", failures)
	if op.Failed() {
		return
	}
	if len(left) == 0 && len(users) > 0 {
		op.Gone(ctx)
		return
	}
	r.Data.refreshNames(ctx, left)
	state.setManaged(left)
	keepPairs(ctx, op.Private, left, op.Diags)
	op.Publish(ctx, state)
}

// Update sets the users who change and treats those who are taken out as on_destroy says. What fails stays as the state
// has it, and is planned again.
func (r *userMFAStatesResource) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	ctx, op := resourcekit.BeginUpdate[userMFAStatesModel](ctx, r.Data.Run, userMFAStatesLimits, req, resp)
	if op == nil {
		return
	}
	defer op.End()
	plan, prior := op.Plan, op.Prior
	forgetReplacement(ctx, op.Private, op.Diags)
	// Only a setting changes, or the plan has kept the spelling of the state.
	if plan.Users.Equal(prior.Users) && plan.EffectiveStates.Equal(prior.EffectiveStates) {
		r.publish(ctx, op, plan.managed())
		return
	}
	done, ok := r.apply(ctx, plan, prior.managed(), op.Diags)
	if !ok {
		return
	}
	if len(done.failures) > 0 {
		done.addError(op.Diags, "The others are in the state as they were written. Apply again to set the rest.")
	}
	plan.setManaged(done.users)
	r.publish(ctx, op, done.users)
}

// Delete disables the users, or leaves them. Those whom it cannot disable stay in the state.
func (r *userMFAStatesResource) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	ctx, op := resourcekit.BeginDelete[userMFAStatesModel](ctx, r.Data.Run, userMFAStatesLimits, req, resp)
	if op == nil {
		return
	}
	defer op.End()
	state := op.Prior
	planned := asPlanned(ctx, state.managed(), op.Private, op.Diags)
	users, untold := readReplacement(ctx, op.Private, op.Diags).split(planned)
	warnLeftAsTheyAre(op.Diags, untold)
	users, left := r.letGo(state.ID.ValueString(), users)
	defer left()
	if !r.checkSince(ctx, nil, users, op.Diags) {
		return
	}
	done := r.write(ctx, nil, users, state, false, op.Diags)
	if len(done.failures) == 0 {
		return
	}
	done.addError(op.Diags, "The others are disabled, and no longer in the state. Destroy again to disable the rest.")
	state.setManaged(done.users)
	keepPairs(ctx, op.Private, done.users, op.Diags)
	op.Publish(ctx, state)
}

// ImportState accepts object ids and user principal names, separated by commas, spaces or new lines, or the identity.
func (r *userMFAStatesResource) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	var identity userMFAStatesIdentity
	ctx, op := resourcekit.BeginImport[userMFAStatesModel](ctx, r.Data.Run, userMFAStatesLimits, req, resp, &identity)
	if op == nil {
		return
	}
	defer op.End()
	keys := strings.FieldsFunc(req.ID, func(r rune) bool { return strings.ContainsRune(", \t\r\n", r) })
	empty := false
	summary, advice := "Invalid import id", "object ids and user principal names, separated by commas."
	if req.ID == "" {
		keys = identity.UserIDs
		if slices.Equal(keys, []string{nobody}) {
			keys, empty = nil, true
		}
		summary, advice = "Invalid import identity", "object ids to user_ids."
	}
	var users []*wantedUser
	for _, key := range keys {
		if err := checkUserKey(key); err != nil {
			op.Diags.AddError(summary, diagnose.Sentence(err.Error())+" Write "+advice)
			return
		}
		users = append(users, &wantedUser{key: key})
	}
	if len(users) == 0 && !empty || len(users) > maxUsers {
		op.Diags.AddError(summary, fmt.Sprintf("It names %d users. Write 1 to %d %s", len(users), maxUsers, advice))
		return
	}
	r.find(ctx, users, nil, r.Data.Client.Consistency().Missing, op.Diags, adviceLeftImport)
	addSamePeople(op.Diags, samePeople(users))
	if op.Failed() {
		return
	}
	var managed managedUsers
	for _, user := range users {
		managed = append(managed, user.managed(""))
	}
	imported := &userMFAStatesModel{
		ID: types.StringValue(uuid.NewString()), AllowPromotion: types.BoolValue(false), OnDestroy: types.StringValue(resourcekit.OnDestroyDisable),
		Timeouts: resourcekit.NoTimeouts(),
	}
	imported.setManaged(managed)
	op.Publish(ctx, imported)
}

// applied is what came of an apply.
type applied struct {
	// users are those of the new state.
	users managedUsers
	// failures are the users who were not set, of so many who were to be.
	failures []userFailure
	changes  int
	// wrote says that at least one state was written.
	wrote bool
}

func (a applied) describe(consequence string) (summary, detail string) {
	return fmt.Sprintf("Unable to set the per-user MFA state of %d of %d users", len(a.failures), a.changes),
		fmt.Sprintf("Not set: %s.\n\n%s\n\nThe first of these failures: %s",
			diagnose.Names(failedNames(a.failures), diagnose.NamedInErrors), consequence, describeUserError(firstFailure(a.failures)))
}

// unknown reports whether some of those who were not set may have been.
func (a applied) unknown() bool {
	return slices.ContainsFunc(a.failures, func(failure userFailure) bool {
		var ended *client.InterruptedError
		return errors.As(failure.err, &ended) && ended.Unknown
	})
}

func (a applied) addError(diags *diag.Diagnostics, consequence string) {
	summary, detail := a.describe(consequence)
	diags.AddAttributeError(a.at(), summary, detail)
}

// at is the entry of the first who was not set. Of a whole map a CLI quotes all lines.
func (a applied) at() path.Path { return userEntryPath(firstFailure(a.failures).key) }

// apply makes the tenant what the plan says. Everything that can be refused is, before the first write; ok is false then.
func (r *userMFAStatesResource) apply(ctx context.Context, plan *userMFAStatesModel, prior managedUsers, diags *diag.Diagnostics) (done applied, ok bool) {
	users := plan.wantedUsers(prior)
	patience := r.Data.Client.Consistency().NewObject
	if prior == nil {
		r.Data.createdFor.recall(users)
	}
	r.find(ctx, users, prior, patience, diags, adviceLeftUsers)
	addSamePeople(diags, samePeople(users))
	if diags.HasError() || prior == nil && !r.stillPlanned(ctx, plan, users, patience, diags) {
		return applied{}, false
	}
	r.Data.checkEmergencyAccounts(users, diags)
	// Where enforced is wanted, the present state decides whether it may be.
	var promoted []*wantedUser
	for _, user := range users {
		if user.wanted == mfa.Enforced {
			promoted = append(promoted, user)
		}
	}
	r.readNew(ctx, promoted, patience, diags)
	if !diags.HasError() {
		r.checkMoves(ctx, promoted, plan, patience, diags)
	}
	if diags.HasError() {
		return applied{}, false
	}
	removed := removedUsers(prior, users)
	if plan.KeepsOnDestroy() {
		removed = nil
	}
	ids := make([]string, len(users))
	for i, user := range users {
		ids[i] = user.user.ID
	}
	r.Data.people.arrive(ctx, ids...)
	if len(removed) > 0 {
		r.Data.people.awaitOthers(ctx, r.othersBegin())
	}
	removed, left := r.letGo(plan.ID.ValueString(), removed)
	defer left()
	if !r.checkSince(ctx, users, removed, diags) {
		return applied{}, false
	}
	return r.write(ctx, users, removed, plan, prior == nil, diags), true
}

// checkSince stops an apply before its first write where it would take away or give back what somebody has changed since the plan. Only
// those are looked at for whom a change can be undone unseen: who was disabled and would be disabled, and who had per-user MFA on the way
// to enforced.
func (r *userMFAStatesResource) checkSince(ctx context.Context, users []*wantedUser, removed managedUsers, diags *diag.Diagnostics) bool {
	type expected struct {
		name      string
		known, to mfa.State
	}
	var doubtful []expected
	var questions []client.UserAndState
	add := func(user client.User, name string, known, to mfa.State) {
		doubtful = append(doubtful, expected{name, known, to})
		questions = append(questions, client.UserAndState{User: user, State: known})
	}
	for _, user := range users {
		switch {
		case user.prior == nil && user.knownDisabled:
			add(user.user, user.name(), mfa.Disabled, user.wanted)
		case user.prior != nil && user.wanted == mfa.Enforced && !user.settled() && user.current != "" && user.current != mfa.Disabled:
			add(user.user, user.name(), user.current, user.wanted)
		}
	}
	for _, user := range removed {
		if user.effective == mfa.Disabled {
			add(user.user(), user.label(), user.effective, mfa.Disabled)
		}
	}
	var changes []string
	for i, outcome := range r.Data.Client.ObserveUserMFAStates(ctx, questions, logProgress(ctx, "comparing per-user MFA states with the plan", len(questions))) {
		// A user who cannot be read fails where they are to be set.
		if was := doubtful[i]; outcome.Err == nil && mfa.OverwritesAChange(was.known, outcome.Value, was.to) {
			changes = append(changes, describeChanged(&mfa.ChangedError{User: was.name, Known: was.known, Found: outcome.Value, To: was.to}))
		}
	}
	if len(changes) == 0 {
		return true
	}
	resourcekit.ChangedSincePlan(diags, path.Root("users"), "The per-user MFA state of "+diagnose.Counted(len(changes), "user"), changes...)
	return false
}

// letGo leaves out the users whom another resource of the run wants. A resource that wants one of the others later waits until left is called.
func (r *userMFAStatesResource) letGo(owner string, removed managedUsers) (alone managedUsers, left func()) {
	mine, left := r.Data.people.leave(owner, removed.ids())
	for _, user := range removed {
		if mine[strings.ToLower(user.id)] {
			alone = append(alone, user)
		}
	}
	return alone, left
}

// write sets the wanted users who are not settled, disables the removed ones, and says what is so now of all of them.
func (r *userMFAStatesResource) write(ctx context.Context, users []*wantedUser, removed managedUsers, plan *userMFAStatesModel, create bool, diags *diag.Diagnostics) applied {
	var done applied
	var changed []*wantedUser
	var changes []client.UserAndState
	for _, user := range users {
		if user.settled() {
			done.users = append(done.users, user.managed(user.current))
			continue
		}
		changed = append(changed, user)
		changes = append(changes, client.UserAndState{User: user.user, State: user.wanted, New: user.prior == nil, Known: user.current})
	}
	for _, user := range removed {
		changes = append(changes, client.UserAndState{User: user.user(), State: mfa.Disabled, Known: user.effective})
	}
	done.changes = len(changes)

	var unconfirmed []userFailure
	outcomes := r.Data.Client.SetUserMFAStates(ctx, changes, plan.AllowPromotion.ValueBool(), logProgress(ctx, "setting per-user MFA states", len(changes)))
	for i, outcome := range outcomes {
		done.wrote = done.wrote || len(outcome.Value.Written) > 0
		failure := userFailure{err: outcome.Err}
		if i < len(changed) {
			failure.key, failure.name = changed[i].key, changed[i].name()
			done.users = append(done.users, changed[i].after(outcome, create)...)
		} else {
			user := removed[i-len(changed)]
			failure.key, failure.name = user.key, user.label()
			if errors.Is(outcome.Err, client.ErrUserGone) {
				continue
			}
			if outcome.Err != nil {
				done.users = append(done.users, user)
			}
		}
		switch {
		case outcome.Err != nil:
			done.failures = append(done.failures, failure)
		case outcome.Value.Unconfirmed != nil:
			failure.err = outcome.Value.Unconfirmed
			unconfirmed = append(unconfirmed, failure)
		}
	}
	warnUnconfirmedMany(diags, unconfirmed)
	slices.SortFunc(done.users, func(a, b managedUser) int { return strings.Compare(a.key, b.key) })
	return done
}

// userMFAStatesUpgrades lead states of earlier versions of the schema to the present one.
var userMFAStatesUpgrades = []resourcekit.StateUpgrade{
	// Version 0 had the users who are enabled in effective_states once more.
	func(state map[string]any) error {
		delete(state, "awaiting_registration")
		return nil
	},
}

var _ resource.ResourceWithUpgradeState = (*userMFAStatesResource)(nil)

func (r *userMFAStatesResource) UpgradeState(context.Context) map[int64]resource.StateUpgrader {
	return resourcekit.StateUpgraders(userMFAStatesUpgrades)
}

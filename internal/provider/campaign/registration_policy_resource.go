package campaign

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/identityschema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/diagnose"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/resourcekit"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/value"
)

var registrationPolicyLimits = resourcekit.TimeLimits{TypeName: "entramfa_registration_policy", Write: 30 * time.Minute, Read: 5 * time.Minute}

type registrationPolicyResource struct {
	resourcekit.Resource[run, *run]
}

func newRegistrationPolicyResource() resource.Resource { return &registrationPolicyResource{} }

var (
	_ resource.ResourceWithConfigure      = (*registrationPolicyResource)(nil)
	_ resource.ResourceWithValidateConfig = (*registrationPolicyResource)(nil)
	_ resource.ResourceWithModifyPlan     = (*registrationPolicyResource)(nil)
	_ resource.ResourceWithImportState    = (*registrationPolicyResource)(nil)
	_ resource.ResourceWithIdentity       = (*registrationPolicyResource)(nil)
)

func (r *registrationPolicyResource) Metadata(_ context.Context, req resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_registration_policy"
}

func (r *registrationPolicyResource) Schema(ctx context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	scope := func(who string) map[string]schema.Attribute {
		return map[string]schema.Attribute{
			"all_users": schema.BoolAttribute{
				Optional:            true,
				MarkdownDescription: "Whether all users are " + who + ". Leaves no room for `user_ids` and `group_ids`. Graph: the target `all_users`.",
			},
			"user_ids": schema.SetAttribute{
				Optional: true, ElementType: types.StringType,
				MarkdownDescription: "Object ids of users who are " + who + ".",
				Validators:          []validator.Set{value.EachString(value.GUIDValidator())},
			},
			"group_ids": schema.SetAttribute{
				Optional: true, ElementType: types.StringType,
				MarkdownDescription: "Object ids of groups whose members are " + who + ".",
				Validators:          []validator.Set{value.EachString(value.GUIDValidator())},
			},
		}
	}
	resp.Schema = schema.Schema{
		Version: resourcekit.SchemaVersion(registrationPolicyUpgrades),
		MarkdownDescription: "Manages who is asked to register an authentication method when they sign in: the tenant's " +
			"[registration campaign](https://learn.microsoft.com/entra/identity/authentication/how-to-mfa-registration-campaign).\n\n" +
			"A tenant has one campaign. Creating the resource takes over the one there is and remembers it; destroying it gives that back. " +
			"Everything else in the authentication methods policy is left alone.",
		Attributes: map[string]schema.Attribute{
			"id": schema.StringAttribute{
				Computed:            true,
				MarkdownDescription: "The id of the tenant's one authentication methods policy, `" + registrationPolicyID + "`.",
			},
			"state": schema.StringAttribute{
				Required: true,
				MarkdownDescription: "`enabled`: the campaign is as configured here. `disabled`: nobody is asked. `microsoft_managed`: Microsoft chooses " +
					"method, snooze and limit and changes them over time, and only `include` and `exclude` are yours. Graph: `state`, where " +
					"`microsoft_managed` is `default`.",
				Validators: []validator.String{
					stringvalidator.OneOf(client.CampaignEnabled, client.CampaignDisabled, stateMicrosoftManaged),
					value.NotNull(`"enabled"`, `"disabled"`, `"microsoft_managed"`),
				},
			},
			"include": schema.SingleNestedAttribute{
				Optional: true, Computed: true,
				MarkdownDescription: "Who is asked. Somebody has to be with the state `enabled`. Without it the policy keeps whom it has. " +
					"Graph: `includeTargets`.",
				Attributes: scope("asked"),
			},
			"exclude": schema.SingleNestedAttribute{
				Optional: true,
				MarkdownDescription: "Who is not asked although included: the exclusion wins. Without it nobody is excluded. Accounts of " +
					"`emergency_access` of the provider block have to be, directly or by a group. Graph: `excludeTargets`.",
				Attributes: scope("excluded"),
			},
			"authentication_method": schema.StringAttribute{
				Optional: true, Computed: true,
				MarkdownDescription: "The method to register, one for the whole tenant: `microsoftAuthenticator` or `fido2` (passkey), compared without case. " +
					"Without it the policy keeps the one it has. An error with the state `microsoft_managed`. Graph: `targetedAuthenticationMethod` of each include target.",
				Validators: []validator.String{stringvalidator.OneOfCaseInsensitive(campaignMethods...)},
			},
			"snooze_days": schema.NumberAttribute{
				Optional: true, Computed: true,
				MarkdownDescription: "After how many days a person who put it off is asked again: 0 to 14, where 0 is at every sign-in with MFA. " +
					"Without it the policy keeps the number it has. An error with the state `microsoft_managed`. Graph: `snoozeDurationInDays`.",
				Validators: []validator.Number{value.WholeNumberBetween{Least: 0, Most: 14}},
			},
			"require_registration_after_snoozes": schema.BoolAttribute{
				Optional: true, Computed: true,
				MarkdownDescription: "Whether a person who has put it off three times has to register. Without it the policy keeps what it has. " +
					"An error with the state `microsoft_managed`. Graph: `enforceRegistrationAfterAllowedSnoozes`, on beta only.",
			},
			"on_destroy": schema.StringAttribute{
				Optional: true,
				MarkdownDescription: "What destroying the resource does. `give_back` gives back the campaign that was there before the resource took it over, and is refused " +
					"where that campaign asks accounts of `emergency_access`. `give_back_excluding_emergency_access` gives it back with those accounts excluded. `keep` leaves the " +
					"campaign as it is. It has to be applied before the destroy to count. Default `give_back`.",
				Validators: []validator.String{stringvalidator.OneOf(onDestroyGiveBack, onDestroyGiveBackExcluding, resourcekit.OnDestroyKeep)},
			},
			"adoption_loss": schema.StringAttribute{
				Computed: true,
				MarkdownDescription: "What people who were asked to register lost when this resource took the campaign over, in words, or `nothing`. The plan of a new policy says `nothing` " +
					"where it takes nothing away; Terraform then refuses to apply it to a tenant whose campaign has changed so that it would. Where it does take something away, the plan " +
					"has a warning that says what, and the value is known after the apply. It never changes afterwards. Null for a policy that an older version created.",
			},
			"asked": schema.StringAttribute{
				Computed: true,
				MarkdownDescription: "Who is asked to register, in words, for the reader of a plan: `all users, except group break-glass accounts`, or `nobody, because the " +
					"campaign is disabled`. Known at plan. At most five included and five excluded are named.",
			},
			"target_names": schema.MapAttribute{
				Computed: true, ElementType: types.StringType,
				MarkdownDescription: "The names of the users and groups in `include` and `exclude`, by object id in lower case, for the reader of a plan: `user Adele Vance " +
					"(adele.vance@contoso.com)`, `group all-staff`. Known at plan. A refresh takes over a new name, and that is not a difference. Somebody who no longer exists " +
					"has the last known name, or none.",
			},
		},
		Blocks: map[string]schema.Block{"timeouts": registrationPolicyLimits.Block(ctx)},
	}
}

func (r *registrationPolicyResource) IdentitySchema(_ context.Context, _ resource.IdentitySchemaRequest, resp *resource.IdentitySchemaResponse) {
	resp.IdentitySchema = identityschema.Schema{
		Attributes: map[string]identityschema.Attribute{
			"id": identityschema.StringAttribute{
				RequiredForImport: true,
				Description:       "Always " + registrationPolicyID + ".",
			},
		},
	}
}

func (r *registrationPolicyResource) ValidateConfig(ctx context.Context, req resource.ValidateConfigRequest, resp *resource.ValidateConfigResponse) {
	r.Data.policies.validate()
	var config registrationPolicyModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	if !resp.Diagnostics.HasError() {
		config.validate(&resp.Diagnostics)
	}
}

// ModifyPlan makes the plan tell what the apply will do, and refuses at plan what the apply would refuse.
func (r *registrationPolicyResource) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	ctx, op := resourcekit.BeginPlan[registrationPolicyModel](ctx, r.Data.Run, registrationPolicyLimits, req, resp)
	if op == nil {
		return
	}
	defer op.End()
	memory := recall(ctx, op.Private, op.Diags)
	if op.Failed() {
		return
	}
	prior, plan, config := op.Prior, op.Plan, op.Config
	if plan == nil {
		// Terraform plans the destroy of a replaced policy again, after its replacement was created. Delete says what becomes of it.
		if !r.Data.policies.succeeded(memory.instance) {
			r.Data.policies.destroy(memory.instance, op.Diags)
			r.planDestroy(ctx, prior, memory, op.Private, op.Diags)
		}
		return
	}
	var replaces *knownPolicy
	var tainted bool
	if prior != nil {
		r.Data.policies.know(knownPolicy{prior, memory})
		r.Data.policies.keep(memory.instance, req.Config.Raw, op.Diags)
	} else {
		r.Data.policies.create(req.Config.Raw, op.Diags)
		replaces, tainted = r.Data.policies.replacedBy(req.Config.Raw)
	}
	// Terraform validates before each plan, with what is known by then; other programs that drive providers may not.
	config.validate(op.Diags)
	if op.Failed() {
		return
	}

	base := prior
	if prior == nil && r.Data.Ready() {
		if base = r.adopted(ctx, replaces, tainted, op.Diags); base == nil {
			return
		}
	}
	plan.settle(config, base, prior != nil)
	var seen sight
	if r.Data.Ready() {
		r.Data.emergency.Elsewhere.ManageCampaign()
		// A plan without changes is for a drift job, which is not told every day what the tenant is like.
		if prior == nil || !plan.unchanged(prior) {
			r.Data.emergency.WarnAskedElsewhere(ctx, op.Diags)
		}
		seen = r.check(ctx, config, plan, base, prior, memory, op.Diags)
	}
	if op.Failed() {
		return
	}
	if prior == nil {
		plan.AdoptionLoss = types.StringUnknown()
		if replaces == nil && seen.takesNothing {
			plan.AdoptionLoss = types.StringValue(lossNothing)
		}
		plan.leaveOpen(config)
	}
	plan.namePlanned(prior, seen.names)
	op.Publish(ctx, plan)
}

// adopted is the campaign that a new policy takes over: the one there is, or the one that the policy it replaces gives back. It is
// nil with an error.
func (r *registrationPolicyResource) adopted(ctx context.Context, replaces *knownPolicy, tainted bool, diags *diag.Diagnostics) *registrationPolicyModel {
	present, err := r.Data.Client.LatestRegistrationCampaign(ctx)
	if err != nil {
		addCampaignError(diags, err)
		return nil
	}
	switch {
	case tainted:
		warnTainted(replaces.memory.before, diags)
	case replaces != nil:
		replaced := *replaces.model
		replaced.take(present)
		present = r.planDestroy(ctx, &replaced, replaces.memory, nil, diags)
		if diags.HasError() {
			return nil
		}
	}
	base := newRegistrationPolicyModel()
	base.refresh(present)
	return base
}

// sight is what a plan has seen of the tenant.
type sight struct {
	// names are those of all whom the policy is about.
	names directory
	// takesNothing says that nobody who is asked now loses anything.
	takesNothing bool
}

// check looks at a plan as the tenant is: who is included and excluded, and what changes from the campaign there is.
func (r *registrationPolicyResource) check(ctx context.Context, config, plan, base, prior *registrationPolicyModel, memory campaignMemory, diags *diag.Diagnostics) sight {
	patience := r.Data.Client.Consistency().Missing
	present, wanted := base.campaign(), plan.campaign()
	names := r.checkTargets(ctx, config, r.Data.foundTargets.take(), campaignIDs(present), patience, diags)
	if diags.HasError() {
		return sight{}
	}
	r.Data.checkCampaign(ctx, plan, patience, diags)
	if diags.HasError() {
		return sight{}
	}
	warnBoth(wanted, names, diags)
	if prior == nil {
		warnCampaignAdopted(present, plan, names, diags)
	}
	known := !plan.State.IsUnknown() && scopeOf(plan.Include).known() && scopeOf(plan.Exclude).known()
	var weakenings []string
	if known {
		weakenings = names.weakenings(present, wanted, r.Data.emergency.Guard, memory.guarded)
		warnWeakened(weakenings, diags)
	}
	open := plan.warnUnknown(config, present, names, diags)
	if prior == nil || !plan.unchanged(prior) {
		r.warnGuardLeft(ctx, plan, memory.guarded, diags)
	}
	return sight{names: names, takesNothing: known && !open && len(weakenings) == 0}
}

func warnCampaignAdopted(present client.RegistrationCampaign, plan *registrationPolicyModel, names directory, diags *diag.Diagnostics) {
	detail := names.describe(present)
	if present.Satisfies(plan.campaign()) {
		detail += "\n\nIt is as configured already, so the apply writes nothing."
	} else if changes := names.changes(present, plan); len(changes) > 0 {
		detail += "\n\nThe apply changes of it:\n\n  - " + strings.Join(changes, "\n  - ")
	}
	diags.AddWarning("The tenant's registration campaign is taken over",
		"Every tenant has one. It is remembered as it is now, and destroying this resource gives it back:\n\n"+detail)
}

func (r *registrationPolicyResource) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	ctx, op := resourcekit.BeginCreate[registrationPolicyModel](ctx, r.Data.Run, registrationPolicyLimits, req, resp)
	if op == nil {
		return
	}
	defer op.End()
	plan := op.Plan
	instance := uuid.NewString()
	r.Data.policies.makeOne(instance, op.Diags)
	if op.Failed() {
		return
	}
	result, names := r.set(ctx, op.Config, op.Plan, func(names directory) client.CampaignOptions {
		return client.CampaignOptions{Check: plan.takesNothingAway(names, r.Data.emergency.Guard)}
	}, op.Diags)
	if op.Failed() {
		r.Data.policies.forget(instance)
		return
	}
	if plan.AdoptionLoss.IsUnknown() {
		plan.AdoptionLoss = types.StringValue(lossNothing)
		if lost := names.weakenings(result.Before, result.Now, r.Data.emergency.Guard, nil); len(lost) > 0 {
			plan.AdoptionLoss = types.StringValue(strings.Join(lost, "; "))
		}
	}
	remember(ctx, op.Private, campaignMemory{instance: instance, before: &result.Before}, op.Diags)
	rememberApply(ctx, op.Private, result.Write, r.Data.emergency.Guard, op.Diags)
	op.Publish(ctx, op.Plan)
}

func (r *registrationPolicyResource) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	ctx, op := resourcekit.BeginRead[registrationPolicyModel](ctx, r.Data.Run, registrationPolicyLimits, req, resp)
	if op == nil {
		return
	}
	defer op.End()
	state := op.Prior
	memory := recall(ctx, op.Private, op.Diags)
	if op.Failed() {
		return
	}
	r.Data.emergency.Before.Note(memory.guarded)
	var campaign client.RegistrationCampaign
	var err error
	if imported := state.State.IsNull(); imported {
		campaign, err = r.Data.Client.LatestRegistrationCampaign(ctx)
		// An import writes nothing.
		state.AdoptionLoss = types.StringValue(lossNothing)
	} else {
		campaign, err = r.Data.Client.ObserveRegistrationCampaign(ctx, state.campaign(), memory.written)
	}
	if err != nil {
		addCampaignError(op.Diags, err)
		return
	}
	// After an import, what is there is what a destroy gives back.
	if memory.before == nil || memory.instance == "" {
		if memory.before == nil {
			memory.before = &campaign
		}
		if memory.instance == "" {
			memory.instance = uuid.NewString()
		}
		remember(ctx, op.Private, memory, op.Diags)
	}
	state.refresh(campaign)
	r.Data.policies.know(knownPolicy{state, memory})
	r.Data.nameRead(ctx, state)
	op.Publish(ctx, state)
}

func (r *registrationPolicyResource) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	ctx, op := resourcekit.BeginUpdate[registrationPolicyModel](ctx, r.Data.Run, registrationPolicyLimits, req, resp)
	if op == nil {
		return
	}
	defer op.End()
	// Otherwise only the timeouts change.
	if !op.Plan.unchanged(op.Prior) {
		known, wanted := op.Prior.campaign(), op.Plan.campaign()
		memory := recall(ctx, op.Private, op.Diags)
		if op.Failed() {
			return
		}
		result, _ := r.set(ctx, op.Config, op.Plan, func(directory) client.CampaignOptions {
			return client.CampaignOptions{Known: &known, Written: memory.written, Check: undoesNothing(known, wanted)}
		}, op.Diags)
		if op.Failed() {
			return
		}
		rememberApply(ctx, op.Private, result.Write, r.Data.emergency.Guard, op.Diags)
	}
	op.Publish(ctx, op.Plan)
}

func (r *registrationPolicyResource) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	ctx, op := resourcekit.BeginDelete[registrationPolicyModel](ctx, r.Data.Run, registrationPolicyLimits, req, resp)
	if op == nil {
		return
	}
	defer op.End()
	state := op.Prior
	memory := recall(ctx, op.Private, op.Diags)
	if op.Failed() {
		return
	}
	switch {
	case state.OnDestroy.ValueString() == resourcekit.OnDestroyKeep:
		r.Data.policies.forget(memory.instance)
		return
	case memory.before == nil:
		r.Data.policies.forget(memory.instance)
		warnNothingToGiveBack(op.Diags)
		return
	case r.Data.policies.succeeded(memory.instance):
		r.Data.policies.forget(memory.instance)
		warnSucceeded(*memory.before, op.Diags)
		return
	}
	patience := r.Data.Client.Consistency().Missing
	found, err := r.Data.Client.GetDirectoryObjects(ctx, campaignIDs(*memory.before), patience)
	if err != nil {
		op.Fail(err)
		return
	}
	back, err := r.handback(ctx, state, *memory.before, found, patience)
	if err != nil {
		op.Fail(err)
		return
	}
	// They may have joined a group since the plan.
	if len(back.caught) > 0 {
		refuseHandback(back.caught, op.Diags)
		return
	}
	// What the plan has found may have been an answer from before our own last write: as the state has it is fine as well.
	known, planned := state.campaign(), plannedCampaign(ctx, state, op.Private, op.Diags)
	check := func(present client.RegistrationCampaign) error {
		if undoesNothing(known, back.campaign)(present) == nil {
			return nil
		}
		return undoesNothing(planned, back.campaign)(present)
	}
	result, err := r.Data.Client.SetRegistrationCampaign(ctx, back.campaign, client.CampaignOptions{
		Known: &known, Written: memory.written, Check: check,
	})
	if err != nil {
		if !r.addCampaignChanged(ctx, op.Diags, err) {
			addCampaignError(op.Diags, err)
		}
		return
	}
	r.Data.policies.forget(memory.instance)
	warnCampaignUnconfirmed(op.Diags, result)
}

// ImportState accepts the one id there is, or the identity.
func (r *registrationPolicyResource) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	var identity registrationPolicyIdentity
	ctx, op := resourcekit.BeginImport[registrationPolicyModel](ctx, r.Data.Run, registrationPolicyLimits, req, resp, &identity)
	if op == nil {
		return
	}
	defer op.End()
	id := cmp.Or(strings.TrimSpace(req.ID), identity.ID.ValueString())
	if id != registrationPolicyID {
		op.Diags.AddError("Invalid import id",
			fmt.Sprintf("A tenant has one registration policy, and its id is always %q. %q is not it.", registrationPolicyID, id))
		return
	}
	op.Publish(ctx, newRegistrationPolicyModel())
}

// set makes the tenant's campaign the planned one, and takes over what the service has then. options are what the write goes by,
// given the names of those whom the configuration is about, which it returns as well.
func (r *registrationPolicyResource) set(ctx context.Context, config, plan *registrationPolicyModel, options func(names directory) client.CampaignOptions,
	diags *diag.Diagnostics,
) (client.CampaignResult, directory) {
	if plan.Include.IsUnknown() {
		present, err := r.Data.Client.LatestRegistrationCampaign(ctx)
		if err != nil {
			addCampaignError(diags, err)
			return client.CampaignResult{}, nil
		}
		plan.Include = refreshedScope(plan.Include, present.Include)
	}
	patience := r.Data.Client.Consistency().NewObject
	var others []string
	if plan.TargetNames.IsUnknown() {
		others = campaignIDs(plan.campaign())
	}
	names := r.checkTargets(ctx, config, nil, others, patience, diags)
	if !diags.HasError() {
		r.Data.checkCampaign(ctx, plan, patience, diags)
	}
	if diags.HasError() {
		return client.CampaignResult{}, nil
	}
	result, err := r.Data.Client.SetRegistrationCampaign(ctx, plan.campaign(), options(names))
	if err != nil {
		if !r.addCampaignChanged(ctx, diags, err) {
			addCampaignWriteError(diags, err, plan)
		}
		return client.CampaignResult{}, nil
	}
	plan.refresh(result.Now)
	plan.nameApplied(result.Now, names)
	warnCampaignUnconfirmed(diags, result)
	return result, names
}

func warnCampaignUnconfirmed(diags *diag.Diagnostics, result client.CampaignResult) {
	if result.Unconfirmed == nil {
		return
	}
	diags.AddWarning("The new registration campaign is not confirmed yet",
		fmt.Sprintf("Microsoft Graph accepted the change, and reading it back did not show it: %s\n\n"+
			"The campaign is recorded as written. The next plan shows a difference if it did not last.", diagnose.Unconfirmed(result.Unconfirmed)))
}

// addCampaignError reports an error, and of a cloud without campaigns that it is one.
func addCampaignError(diags *diag.Diagnostics, err error) {
	var none *client.NoCampaignError
	if !errors.As(err, &none) {
		diagnose.Error(diags, err)
		return
	}
	_, answer := diagnose.Describe(none.Err)
	diags.AddError("This cloud has no registration campaign",
		fmt.Sprintf("%s does not have the authentication methods policy with a registration campaign on the beta version, which Microsoft documents for the "+
			"public cloud, US Government (L4 and L5) and China. Remove this resource, or check environment and graph_endpoint of the provider block.\n\n%s",
			none.Host, answer))
}

// addCampaignWriteError adds to a refusal what is known of a campaign for passkeys.
func addCampaignWriteError(diags *diag.Diagnostics, err error, plan *registrationPolicyModel) {
	var answer *client.Error
	passkey := strings.EqualFold(plan.AuthenticationMethod.ValueString(), client.CampaignFIDO2)
	if !errors.As(err, &answer) || answer.Status != 400 || !passkey {
		addCampaignError(diags, err)
		return
	}
	summary, detail := diagnose.Describe(err)
	diags.AddAttributeError(path.Root("authentication_method"), summary,
		detail+"\n\nThe state \"enabled\" with fido2 is new: Microsoft's page of 2 September 2026 says that it reaches all tenants by the end of that month, "+
			"and it may not have reached this one. Use microsoftAuthenticator, or the state \"microsoft_managed\".")
}

// registrationPolicyUpgrades lead states of earlier versions of the schema to the present one. There is no earlier version yet.
var registrationPolicyUpgrades []resourcekit.StateUpgrade

var _ resource.ResourceWithUpgradeState = (*registrationPolicyResource)(nil)

func (r *registrationPolicyResource) UpgradeState(context.Context) map[int64]resource.StateUpgrader {
	return resourcekit.StateUpgraders(registrationPolicyUpgrades)
}

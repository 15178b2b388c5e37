package provider

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/google/uuid"
	"github.com/hashicorp/terraform-plugin-framework-validators/int64validator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/identityschema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client"
)

type registrationPolicyResource struct{ resourceData }

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
				Validators:          []validator.Set{eachString(guidValidator())},
			},
			"group_ids": schema.SetAttribute{
				Optional: true, ElementType: types.StringType,
				MarkdownDescription: "Object ids of groups whose members are " + who + ".",
				Validators:          []validator.Set{eachString(guidValidator())},
			},
		}
	}
	resp.Schema = schema.Schema{
		Version: schemaVersion(registrationPolicyUpgrades),
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
				Validators: []validator.String{stringvalidator.OneOf(client.CampaignEnabled, client.CampaignDisabled, stateMicrosoftManaged)},
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
			"snooze_days": schema.Int64Attribute{
				Optional: true, Computed: true,
				MarkdownDescription: "After how many days a person who put it off is asked again: 0 to 14, where 0 is at every sign-in with MFA. " +
					"Without it the policy keeps the number it has. An error with the state `microsoft_managed`. Graph: `snoozeDurationInDays`.",
				Validators: []validator.Int64{int64validator.Between(0, 14)},
			},
			"require_registration_after_snoozes": schema.BoolAttribute{
				Optional: true, Computed: true,
				MarkdownDescription: "Whether a person who has put it off three times has to register. Without it the policy keeps what it has. " +
					"An error with the state `microsoft_managed`. Graph: `enforceRegistrationAfterAllowedSnoozes`, on beta only.",
			},
			"asked": schema.StringAttribute{
				Computed: true,
				MarkdownDescription: "Who is asked to register, in words, for who reads a plan: `all users, except group break-glass accounts`, or `nobody, because the " +
					"campaign is disabled`. Known at plan. At most five included and five excluded are named.",
			},
			"target_names": schema.MapAttribute{
				Computed: true, ElementType: types.StringType,
				MarkdownDescription: "The names of the users and groups in `include` and `exclude`, by object id in lower case, for who reads a plan: `user Adele Vance " +
					"(adele.vance@contoso.com)`, `group all-staff`. Known at plan. A refresh takes over a new name, and that is no difference. Who does not exist any more " +
					"has the last known name, or none.",
			},
		},
		Blocks: map[string]schema.Block{"timeouts": registrationPolicyLimits.block(ctx)},
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
	if r.data != nil {
		r.data.registrationPolicies.validate()
	}
	var config registrationPolicyModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	if !resp.Diagnostics.HasError() {
		config.validate(&resp.Diagnostics)
	}
}

// ModifyPlan makes the plan tell what the apply will do, and refuses at plan what the apply would refuse.
func (r *registrationPolicyResource) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	if !r.data.sameTenant(ctx, req.Private, &resp.Diagnostics) {
		return
	}
	var prior, plan, config *registrationPolicyModel
	if !req.State.Raw.IsNull() {
		prior = &registrationPolicyModel{}
		resp.Diagnostics.Append(req.State.Get(ctx, prior)...)
	}
	memory := recall(ctx, req.Private, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	if req.Plan.Raw.IsNull() {
		ctx, end := registrationPolicyLimits.withinPlan(ctx, prior.Timeouts.Object)
		defer end()
		r.planDestroy(ctx, prior, memory, &resp.Diagnostics)
		return
	}
	plan, config = &registrationPolicyModel{}, &registrationPolicyModel{}
	resp.Diagnostics.Append(req.Plan.Get(ctx, plan)...)
	resp.Diagnostics.Append(req.Config.Get(ctx, config)...)
	if resp.Diagnostics.HasError() {
		return
	}
	if r.data != nil {
		if prior != nil {
			r.data.registrationPolicies.keep(memory.instance, req.Config.Raw, &resp.Diagnostics)
		} else {
			r.data.registrationPolicies.create(req.Config.Raw, &resp.Diagnostics)
		}
	}
	// Terraform validates before each plan, with what is known by then; other programs that drive providers may not.
	config.validate(&resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}

	ctx, end := registrationPolicyLimits.withinPlan(ctx, plan.Timeouts.Object)
	defer end()
	base := prior
	if prior == nil && r.data.planReady() {
		present, err := r.data.client.GetRegistrationCampaign(ctx)
		if err != nil {
			addCampaignError(&resp.Diagnostics, err)
			return
		}
		base = newRegistrationPolicyModel()
		base.refresh(present)
	}
	plan.settle(config, base, prior != nil)
	var names directory
	if r.data.planReady() {
		names = r.check(ctx, config, plan, base, prior == nil, &resp.Diagnostics)
	}
	if resp.Diagnostics.HasError() {
		return
	}
	if prior == nil {
		plan.leaveOpen(config)
	}
	plan.namePlanned(prior, names)
	resp.Diagnostics.Append(resp.Plan.Set(ctx, plan)...)
}

// check looks at a plan as the tenant is: who is included and excluded, and what changes from the campaign there is. It returns the
// names of all of them.
func (r *registrationPolicyResource) check(ctx context.Context, config, plan, base *registrationPolicyModel, create bool, diags *diag.Diagnostics) directory {
	patience := r.data.client.Consistency().Missing
	present, wanted := base.campaign(), plan.campaign()
	names := r.checkTargets(ctx, config, r.data.foundTargets.take(), campaignIDs(present), patience, diags)
	if diags.HasError() {
		return nil
	}
	r.data.checkCampaign(ctx, plan, patience, diags)
	if diags.HasError() {
		return nil
	}
	warnBoth(wanted, names, diags)
	if create {
		warnCampaignAdopted(present, plan, names, diags)
	}
	if !plan.State.IsUnknown() && scopeOf(plan.Include).known() && scopeOf(plan.Exclude).known() {
		warnWeakened(names.weakenings(present, wanted, r.data.emergencyAccess), diags)
	}
	return names
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

// planDestroy says what the destroy gives back.
func (r *registrationPolicyResource) planDestroy(ctx context.Context, prior *registrationPolicyModel, memory campaignMemory, diags *diag.Diagnostics) {
	if r.data != nil {
		r.data.registrationPolicies.destroy(diags)
	}
	if memory.before == nil {
		warnNothingToGiveBack(diags)
		return
	}
	back, present := *memory.before, prior.campaign()
	names := directory{}
	detail := ""
	if r.data.planReady() {
		found, err := r.findTargets(ctx, r.data.foundTargets.take(), append(campaignIDs(back), campaignIDs(present)...))
		if err != nil {
			addError(diags, err)
			return
		}
		names = found
		var gone []client.CampaignTarget
		if back, gone = withoutMissing(back, present, names); len(gone) > 0 {
			detail += "\n\nLeft out, because they do not exist any more: " + names.names(gone) + "."
		}
		caught, err := r.caughtBy(ctx, back)
		if err != nil {
			addError(diags, err)
			return
		}
		if len(caught) > 0 {
			detail += "\n\nIt asks emergency access accounts to register:\n\n" + caughtList(caught)
		}
	}
	if weakenings := names.weakenings(present, back, r.data.guard()); len(weakenings) > 0 {
		detail += "\n\nThat is weaker than what is there now:\n\n  - " + strings.Join(weakenings, "\n  - ")
	}
	diags.AddWarning("Destroying the registration policy gives back the campaign from before",
		fmt.Sprintf("After the destroy the tenant's registration campaign is as it was before this resource took it over:\n\n%s%s", names.describe(back), detail))
}

func warnNothingToGiveBack(diags *diag.Diagnostics) {
	diags.AddWarning("The registration campaign stays as it is",
		"The state does not hold the campaign that was there before this resource, so destroying the resource leaves the tenant's campaign unchanged. "+
			"Terraform drops that part of the state of a resource that is tainted.")
}

// caughtBy lists the emergency access accounts that a campaign asks to register.
func (r *registrationPolicyResource) caughtBy(ctx context.Context, campaign client.RegistrationCampaign) ([]caughtAccount, error) {
	if campaign.State == client.CampaignDisabled {
		return nil, nil
	}
	as := newRegistrationPolicyModel()
	as.refresh(campaign)
	return r.data.emergencyAccess.caughtBy(ctx, r.data.client, scopeOf(as.Include), scopeOf(as.Exclude), 0)
}

func (r *registrationPolicyResource) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	var config, plan registrationPolicyModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	if resp.Diagnostics.HasError() || !r.data.inTenant(ctx, resp.Private, &resp.Diagnostics) {
		return
	}
	ctx, end := registrationPolicyLimits.within(ctx, timeoutCreate, plan.Timeouts.Object)
	defer end()
	instance := uuid.NewString()
	r.data.registrationPolicies.makeOne(instance, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	before := r.set(ctx, &config, &plan, nil, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		r.data.registrationPolicies.forget(instance)
		return
	}
	remember(ctx, resp.Private, campaignMemory{instance: instance, before: &before}, &resp.Diagnostics)
	resp.Diagnostics.Append(resp.State.Set(ctx, plan)...)
	resp.Diagnostics.Append(resp.Identity.Set(ctx, plan.identity())...)
}

func (r *registrationPolicyResource) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	var state registrationPolicyModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	memory := recall(ctx, req.Private, &resp.Diagnostics)
	if resp.Diagnostics.HasError() || !r.data.inTenant(ctx, resp.Private, &resp.Diagnostics) {
		return
	}
	ctx, end := registrationPolicyLimits.within(ctx, timeoutRead, state.Timeouts.Object)
	defer end()
	resp.Diagnostics.Append(resp.Identity.Set(ctx, state.identity())...)
	var campaign client.RegistrationCampaign
	var err error
	if imported := state.State.IsNull(); imported {
		campaign, err = r.data.client.GetRegistrationCampaign(ctx)
	} else {
		campaign, err = r.data.client.ObserveRegistrationCampaign(ctx, state.campaign())
	}
	if err != nil {
		addCampaignError(&resp.Diagnostics, err)
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
		remember(ctx, resp.Private, memory, &resp.Diagnostics)
	}
	state.refresh(campaign)
	r.data.nameRead(ctx, &state)
	resp.Diagnostics.Append(resp.State.Set(ctx, state)...)
}

func (r *registrationPolicyResource) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	var config, plan, prior registrationPolicyModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	resp.Diagnostics.Append(req.State.Get(ctx, &prior)...)
	if resp.Diagnostics.HasError() || !r.data.inTenant(ctx, resp.Private, &resp.Diagnostics) {
		return
	}
	ctx, end := registrationPolicyLimits.within(ctx, timeoutUpdate, plan.Timeouts.Object)
	defer end()
	// Otherwise only the timeouts change.
	if !plan.unchanged(&prior) {
		r.set(ctx, &config, &plan, new(prior.campaign()), &resp.Diagnostics)
	}
	if resp.Diagnostics.HasError() {
		return
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, plan)...)
	resp.Diagnostics.Append(resp.Identity.Set(ctx, plan.identity())...)
}

func (r *registrationPolicyResource) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	var state registrationPolicyModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	memory := recall(ctx, req.Private, &resp.Diagnostics)
	if resp.Diagnostics.HasError() || !r.data.inTenant(ctx, req.Private, &resp.Diagnostics) {
		return
	}
	if memory.before == nil {
		r.data.registrationPolicies.forget(memory.instance)
		warnNothingToGiveBack(&resp.Diagnostics)
		return
	}
	ctx, end := registrationPolicyLimits.within(ctx, timeoutDelete, state.Timeouts.Object)
	defer end()
	found, err := r.data.client.GetDirectoryObjects(ctx, campaignIDs(*memory.before), r.data.client.Consistency().Missing)
	if err != nil {
		addError(&resp.Diagnostics, err)
		return
	}
	back, _ := withoutMissing(*memory.before, state.campaign(), found)
	result, err := r.data.client.SetRegistrationCampaign(ctx, back, new(state.campaign()))
	if err != nil {
		addCampaignError(&resp.Diagnostics, err)
		return
	}
	r.data.registrationPolicies.forget(memory.instance)
	warnCampaignUnconfirmed(&resp.Diagnostics, result)
}

// ImportState accepts the one id there is, or the identity.
func (r *registrationPolicyResource) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	id := strings.TrimSpace(req.ID)
	if id == "" {
		var identity registrationPolicyIdentity
		resp.Diagnostics.Append(req.Identity.Get(ctx, &identity)...)
		if resp.Diagnostics.HasError() {
			return
		}
		id = identity.ID.ValueString()
	}
	if id != registrationPolicyID {
		resp.Diagnostics.AddError("Invalid import id",
			fmt.Sprintf("A tenant has one registration policy, and its id is always %q. %q is not it.", registrationPolicyID, id))
		return
	}
	imported := newRegistrationPolicyModel()
	resp.Diagnostics.Append(resp.State.Set(ctx, imported)...)
	resp.Diagnostics.Append(resp.Identity.Set(ctx, imported.identity())...)
}

// set makes the tenant's campaign the planned one, takes over what the service has then, and returns what was there before. known
// is the campaign of the state; nil in a create.
func (r *registrationPolicyResource) set(ctx context.Context, config, plan *registrationPolicyModel, known *client.RegistrationCampaign, diags *diag.Diagnostics) client.RegistrationCampaign {
	if plan.Include.IsUnknown() {
		present, err := r.data.client.LatestRegistrationCampaign(ctx)
		if err != nil {
			addCampaignError(diags, err)
			return client.RegistrationCampaign{}
		}
		plan.Include = refreshedScope(plan.Include, present.Include)
	}
	patience := r.data.client.Consistency().NewObject
	var others []string
	if plan.TargetNames.IsUnknown() {
		others = campaignIDs(plan.campaign())
	}
	names := r.checkTargets(ctx, config, nil, others, patience, diags)
	if !diags.HasError() {
		r.data.checkCampaign(ctx, plan, patience, diags)
	}
	if diags.HasError() {
		return client.RegistrationCampaign{}
	}
	result, err := r.data.client.SetRegistrationCampaign(ctx, plan.campaign(), known)
	if err != nil {
		addCampaignWriteError(diags, err, plan)
		return client.RegistrationCampaign{}
	}
	plan.refresh(result.Now)
	plan.nameApplied(result.Now, names)
	warnCampaignUnconfirmed(diags, result)
	return result.Before
}

func warnCampaignUnconfirmed(diags *diag.Diagnostics, result client.CampaignResult) {
	if result.Unconfirmed == nil {
		return
	}
	diags.AddWarning("The new registration campaign is not confirmed yet",
		fmt.Sprintf("Microsoft Graph accepted the change, and reading it back did not show it: %s\n\n"+
			"The campaign is recorded as written. The next plan shows a difference if it did not last.", describeUnconfirmed(result.Unconfirmed)))
}

// addCampaignError reports an error, and of a cloud without campaigns that it is one.
func addCampaignError(diags *diag.Diagnostics, err error) {
	var none *client.NoCampaignError
	if !errors.As(err, &none) {
		addError(diags, err)
		return
	}
	_, answer := describeError(none.Err)
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
	summary, detail := describeError(err)
	diags.AddAttributeError(path.Root("authentication_method"), summary,
		detail+"\n\nThe state \"enabled\" with fido2 is new: Microsoft's page of 2 September 2026 says that it reaches all tenants by the end of that month, "+
			"and it may not have reached this one. Use microsoftAuthenticator, or the state \"microsoft_managed\".")
}

// campaignMemory is what the private state holds.
type campaignMemory struct {
	// instance names this resource, see registrationPolicies.
	instance string
	// before is the campaign that a destroy gives back; nil where the state does not say.
	before *client.RegistrationCampaign
}

// Keys of the private state.
const (
	memoryInstance = "instance"
	memoryBefore   = "before"
)

// privateState is the part of the framework's private state that is used here.
type privateState interface {
	GetKey(ctx context.Context, key string) ([]byte, diag.Diagnostics)
	SetKey(ctx context.Context, key string, value []byte) diag.Diagnostics
}

func recall(ctx context.Context, private privateState, diags *diag.Diagnostics) campaignMemory {
	var memory campaignMemory
	read := func(key string) []byte {
		value, problems := private.GetKey(ctx, key)
		diags.Append(problems...)
		return value
	}
	// A value of the private state is JSON.
	if name, err := strconv.Unquote(string(read(memoryInstance))); err == nil {
		memory.instance = name
	}
	if text := read(memoryBefore); len(text) > 0 {
		before, err := client.DecodeRegistrationCampaign(text)
		if err != nil {
			diags.AddError("Unable to read what this resource has remembered",
				sentence(err.Error())+" The private part of the state is damaged. Restore the state from a backup, or remove this resource from it "+
					"(terraform state rm) and import it again.")
			return memory
		}
		memory.before = &before
	}
	return memory
}

func remember(ctx context.Context, private privateState, memory campaignMemory, diags *diag.Diagnostics) {
	text, err := memory.before.Encode()
	if err != nil {
		diags.AddError("Unable to remember the registration campaign", sentence(err.Error()))
		return
	}
	diags.Append(private.SetKey(ctx, memoryInstance, []byte(strconv.Quote(memory.instance)))...)
	diags.Append(private.SetKey(ctx, memoryBefore, text)...)
}

package policies

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	tfpath "github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/identityschema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/booldefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringdefault"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client"
	rules "github.com/mfa-as-code/terraform-provider-entramfa/internal/client/conditionalaccess"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/redact"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/diagnose"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/resourcekit"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/value"
)

const typePolicy = "entramfa_conditional_access_policy"

var policyLimits = resourcekit.TimeLimits{TypeName: typePolicy, Write: 30 * time.Minute, Read: 10 * time.Minute}

type policyResource struct {
	resourcekit.Resource[run, *run]
}

func newPolicyResource() resource.Resource { return &policyResource{} }

var (
	_ resource.ResourceWithConfigure      = (*policyResource)(nil)
	_ resource.ResourceWithValidateConfig = (*policyResource)(nil)
	_ resource.ResourceWithModifyPlan     = (*policyResource)(nil)
	_ resource.ResourceWithImportState    = (*policyResource)(nil)
	_ resource.ResourceWithIdentity       = (*policyResource)(nil)
	_ resource.ResourceWithMoveState      = (*policyResource)(nil)
)

func (r *policyResource) Metadata(_ context.Context, req resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_conditional_access_policy"
}

func (r *policyResource) Schema(ctx context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	attributes := map[string]schema.Attribute{
		"id": schema.StringAttribute{
			Computed:            true,
			MarkdownDescription: "The id of the policy, a GUID.",
		},
		"name": schema.StringAttribute{
			Computed:            true,
			MarkdownDescription: "The same as `display_name`, for people reading a plan: Terraform shows `name` also where it does not change.",
		},
		"display_name": schema.StringAttribute{
			Required:            true,
			MarkdownDescription: "The name of the policy. Names are not unique.",
			Validators:          []validator.String{value.DisplayName("a policy", "people choose a policy by its name")},
		},
		"description": schema.StringAttribute{
			Optional:            true,
			MarkdownDescription: "What the policy is for.",
			Validators:          []validator.String{stringvalidator.LengthAtLeast(1)},
		},
		"state": schema.StringAttribute{
			Required: true,
			MarkdownDescription: "Whether the policy is in force: `enabled`, `disabled`, or `enabledForReportingButNotEnforced` (report-only), in which it is evaluated and logged and asks " +
				"nobody for anything.",
			Validators: []validator.String{stringvalidator.OneOf(string(rules.Enabled), string(rules.Disabled), string(rules.ReportOnly))},
		},
		"allow_emergency_access": schema.BoolAttribute{
			Optional: true, Computed: true, Default: booldefault.StaticBool(false),
			MarkdownDescription: "Whether the policy may apply to accounts of `emergency_access` in the provider block. Without it, such a policy is refused. Set it where these " +
				"accounts are meant to satisfy the policy, for example by security keys. Default `false`.",
		},
		"on_destroy": schema.StringAttribute{
			Optional: true, Computed: true, Default: stringdefault.StaticString(onDestroyDelete),
			MarkdownDescription: "What becomes of the policy when the resource is destroyed: `delete` deletes it, and the service keeps it for 30 days; `disable` leaves it in the tenant, disabled; " +
				"`keep` leaves it as it is. It has to be applied before the destroy to count. Default `delete`.",
			Validators: []validator.String{stringvalidator.OneOf(onDestroyDelete, onDestroyDisable, onDestroyKeep)},
		},
		"reference_names": schema.MapAttribute{
			Computed: true, ElementType: types.StringType,
			MarkdownDescription: "The names of the users, groups, roles, apps, locations and the authentication strength that the policy names, by their ids, for people reading a plan. " +
				"What the identity may not read is missing.",
		},
	}
	for _, top := range tree {
		attributes[top.name] = top.attribute()
	}
	resp.Schema = schema.Schema{
		Version: resourcekit.SchemaVersion(policyUpgrades),
		MarkdownDescription: "Manages a [Conditional Access policy](https://learn.microsoft.com/entra/identity/conditional-access/overview).\n\n" +
			"What the service would refuse is refused at plan, with the attribute. A policy that would catch an account of `emergency_access`, or block the identity that applies it, " +
			"is an error of the plan.",
		Attributes: attributes,
		Blocks:     map[string]schema.Block{"timeouts": policyLimits.Block(ctx)},
	}
}

// policyUpgrades lead from one version of the schema to the next.
var policyUpgrades []resourcekit.StateUpgrade

// UpgradeState leads states of earlier versions of the schema to the present one.
func (r *policyResource) UpgradeState(context.Context) map[int64]resource.StateUpgrader {
	return resourcekit.StateUpgraders(policyUpgrades)
}

func (r *policyResource) IdentitySchema(_ context.Context, _ resource.IdentitySchemaRequest, resp *resource.IdentitySchemaResponse) {
	resp.IdentitySchema = identityschema.Schema{Attributes: map[string]identityschema.Attribute{
		"id": identityschema.StringAttribute{RequiredForImport: true, Description: "The id of the policy, a GUID."},
	}}
}

// ValidateConfig refuses what the service refuses of every policy, without asking anybody. Terraform validates more than once in a plan, so what is a
// warning is left to the plan.
func (r *policyResource) ValidateConfig(ctx context.Context, req resource.ValidateConfigRequest, resp *resource.ValidateConfigResponse) {
	var config policyModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	if resp.Diagnostics.HasError() {
		return
	}
	resourcekit.Report(&resp.Diagnostics, config.findings(false)...)
}

// ModifyPlan makes the plan tell what the apply will do, and refuses at plan what the apply would refuse.
func (r *policyResource) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	ctx, op := resourcekit.BeginPlan[policyModel](ctx, r.Data.Run, policyLimits, req, resp)
	if op == nil {
		return
	}
	defer op.End()
	if op.Plan == nil {
		r.planDestroy(ctx, op)
		return
	}
	plan, prior := op.Plan, op.Prior
	plan.ID, plan.Name, plan.ReferenceNames = types.StringUnknown(), value.Shown(plan.DisplayName), types.MapUnknown(types.StringType)
	var before client.ConditionalAccessPolicy
	if prior != nil {
		plan.ID = prior.ID
		plan.keepSpellings(prior)
		before, _ = prior.policy()
		if plan.DisplayName.Equal(prior.DisplayName) {
			plan.Name = prior.Name
		}
	}
	if plan.unchanged(prior) {
		plan.ReferenceNames = prior.ReferenceNames
		op.Publish(ctx, plan)
		return
	}
	tellUnknown(op, before)
	resourcekit.Report(op.Diags, plan.findings(true)...)
	if r.Data.Ready() {
		policy, unknown := plan.policy()
		if names := r.check(ctx, op, before, policy, unknown); names != nil {
			plan.ReferenceNames = namesMap(names)
		}
	}
	op.Publish(ctx, plan)
}

// check makes the checks of a plan that ask the tenant. It returns the names of what the policy refers to; nil where they are not known yet.
func (r *policyResource) check(ctx context.Context, op *operation, before, policy client.ConditionalAccessPolicy, unknown places) map[string]string {
	r.Data.checkGuard(ctx, op, policy, unknown)
	r.Data.checkOwnAccess(ctx, op, policy, unknown)
	r.Data.checkStrengthInCloud(op, policy)
	if op.Prior == nil && !unknown.has("displayName") {
		r.Data.checkTenant(ctx, op, policy)
	}
	r.Data.checkLicence(ctx, op, policy)
	if op.Prior != nil {
		r.Data.checkManaged(ctx, op, op.Prior.ID.ValueString(), &policy)
	}
	names := r.Data.checkReferences(ctx, op, policy, before.References())
	if len(unknown) > 0 {
		return nil
	}
	all := names
	if op.Prior != nil {
		all = value.Elements(op.Prior.ReferenceNames)
		for id, name := range names {
			all[id] = name
		}
	}
	r.Data.explainChange(ctx, op, before, policy, all)
	return names
}

func namesMap(names map[string]string) types.Map {
	elements := map[string]attr.Value{}
	for id, name := range names {
		elements[id] = types.StringValue(name)
	}
	return types.MapValueMust(types.StringType, elements)
}

// planDestroy says what a destroy does to whom.
func (r *policyResource) planDestroy(ctx context.Context, op *operation) {
	policy, _ := op.Prior.policy()
	if r.Data.Ready() {
		r.Data.checkManaged(ctx, op, policy.ID, nil)
	}
	if op.Prior.KeepsOnDestroy() || policy.State != rules.Enabled || op.Failed() {
		return
	}
	if r.Data.IsGone(policy.ID, func() (bool, error) {
		_, err := r.Data.policies.Find(ctx, policy.ID)
		if client.IsNotFound(err) {
			return true, nil
		}
		return false, err
	}) {
		return
	}
	deed := "deletes it; the service keeps it for 30 days, in which it can be restored"
	if op.Prior.OnDestroy.ValueString() == onDestroyDisable {
		deed = "disables it"
	}
	names := value.Elements(op.Prior.ReferenceNames)
	detail := fmt.Sprintf("The destroy %s. Until now the policy %s %s.", deed, asks(policy), scopeText(policy, names))
	if r.Data.Ready() {
		if lines := r.Data.affected(ctx, policy, client.ConditionalAccessPolicy{}, names); len(lines) > 0 {
			detail += "\n\n" + diagnose.List(lines)
		}
	}
	op.Diags.AddWarning(fmt.Sprintf("Conditional Access policy %s is no longer in force", redact.NameInQuotes(policy.DisplayName)), detail)
}

// Create makes the policy.
func (r *policyResource) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	ctx, op := resourcekit.BeginCreate[policyModel](ctx, r.Data.Run, policyLimits, req, resp)
	if op == nil {
		return
	}
	defer op.End()
	wanted, _ := op.Plan.policy()
	if r.recheck(ctx, op, wanted); op.Failed() {
		return
	}
	created, accepted, err := r.Data.Client.CreateConditionalAccessPolicy(ctx, wanted)
	r.Data.enter(created.ID, &created, err)
	if err != nil {
		op.Fail(err)
		return
	}
	op.Plan.ID = types.StringValue(created.ID)
	op.Publish(ctx, op.Plan)
	if places := created.Differences(wanted); len(places) > 0 {
		op.Diags.AddWarning(fmt.Sprintf("Conditional Access policy %s is not stored as it was requested", redact.NameInQuotes(wanted.DisplayName)),
			fmt.Sprintf("Microsoft Graph accepted the new policy %s and answers with other values of:\n%s\n\nThe next plan shows the difference. If it comes back after an apply, "+
				"the configuration asks for something that the service does not store.", created.ID, listPlaces(places)))
		return
	}
	resourcekit.KeepAccepted(ctx, op.Private, accepted, op.Diags)
}

func listPlaces(places []string) string {
	names := make([]string, len(places))
	for i, place := range places {
		names[i] = attributePath(place).String()
	}
	return diagnose.List(names)
}

// recheck makes before a write the checks that a plan could not make, and those that people rely on most. The names that the plan left open
// become known.
func (r *policyResource) recheck(ctx context.Context, op *operation, wanted client.ConditionalAccessPolicy) {
	r.Data.checkGuard(ctx, op, wanted, nil)
	r.Data.checkOwnAccess(ctx, op, wanted, nil)
	if op.Plan.ReferenceNames.IsUnknown() {
		names, _, _ := r.Data.objects.lookUp(ctx, wanted.References())
		op.Plan.ReferenceNames = namesMap(names)
	}
}

// Read refreshes the state.
func (r *policyResource) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	ctx, op := resourcekit.BeginRead[policyModel](ctx, r.Data.Run, policyLimits, req, resp)
	if op == nil {
		return
	}
	defer op.End()
	expected, _ := op.Prior.policy()
	accepted := resourcekit.Accepted(ctx, op.Private, op.Diags)
	policy, gone, err := r.Data.policies.Observe(ctx, expected, accepted)
	if err != nil {
		op.Fail(err)
		return
	}
	r.Data.Gone.Note(expected.ID, gone)
	if gone {
		op.Gone(ctx)
		return
	}
	op.Prior.refresh(policy)
	r.nameReferences(ctx, op, policy)
	op.Publish(ctx, op.Prior)
}

// nameReferences looks up the names of what a state refers to and has no name of: after an import, or where somebody has changed the policy.
// Names that are known stay, so that a refresh of many policies costs nothing. What cannot be looked up stays without a name.
func (r *policyResource) nameReferences(ctx context.Context, op *operation, policy client.ConditionalAccessPolicy) {
	state := op.Prior
	known := value.Elements(state.ReferenceNames)
	wanted := policy.References()
	if !state.ReferenceNames.IsNull() && !slices.ContainsFunc(wanted, func(reference rules.Reference) bool { return known[reference.ID] == "" }) {
		return
	}
	names, _, failures := r.Data.objects.lookUp(ctx, wanted)
	if len(failures) > 0 && !state.ReferenceNames.IsNull() {
		return
	}
	r.Data.objects.tell(failures, op.Diags)
	state.ReferenceNames = namesMap(names)
}

// Update writes what the configuration says, over the policy as it is now.
func (r *policyResource) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	ctx, op := resourcekit.BeginUpdate[policyModel](ctx, r.Data.Run, policyLimits, req, resp)
	if op == nil {
		return
	}
	defer op.End()
	if op.Plan.unchanged(op.Prior) {
		op.Publish(ctx, op.Plan)
		return
	}
	wanted, _ := op.Plan.policy()
	current, ok := r.latest(ctx, op, wanted)
	if !ok {
		return
	}
	if r.recheck(ctx, op, wanted); op.Failed() {
		return
	}
	accepted, err := r.Data.Client.UpdateConditionalAccessPolicy(ctx, current, wanted)
	r.Data.enter(wanted.ID, &wanted, err)
	if client.IsNotFound(err) {
		reportDeleted(wanted, op.Diags)
		return
	}
	if err != nil {
		op.Fail(err)
		return
	}
	op.Publish(ctx, op.Plan)
	resourcekit.KeepAccepted(ctx, op.Private, accepted, op.Diags)
}

func reportDeleted(policy client.ConditionalAccessPolicy, diags *diag.Diagnostics) {
	diags.AddError(fmt.Sprintf("Conditional Access policy %s does not exist any more", redact.NameInQuotes(policy.DisplayName)),
		fmt.Sprintf("The policy %s was deleted after the plan was made. Plan again: the new plan creates it. To get the deleted one back, restore it in Microsoft Entra within 30 days.", policy.ID))
}

// latest reads the policy before a write, and refuses to overwrite what somebody has changed since the plan was made.
func (r *policyResource) latest(ctx context.Context, op *operation, wanted client.ConditionalAccessPolicy) (client.ConditionalAccessPolicy, bool) {
	before, _ := op.Prior.policy()
	accepted := resourcekit.Accepted(ctx, op.Private, op.Diags)
	current, gone, err := r.Data.policies.Latest(ctx, before, wanted, accepted)
	switch {
	case err != nil:
		op.Fail(err)
		return current, false
	case gone:
		// A replica may not know the latest write yet. If it is really gone, the write says so.
		return before, true
	}
	if changed := current.Differences(before); len(changed) > 0 && len(current.Differences(wanted)) > 0 {
		var lines []string
		for _, place := range changed {
			lines = append(lines, fmt.Sprintf("%s is not what the plan was made from", attributePath(place)))
		}
		resourcekit.ChangedSincePlan(op.Diags, tfpath.Empty(), "Conditional Access policy "+redact.NameInQuotes(before.DisplayName), lines...)
		return current, false
	}
	return current, true
}

// Delete deletes the policy, or disables it.
func (r *policyResource) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	ctx, op := resourcekit.BeginDelete[policyModel](ctx, r.Data.Run, policyLimits, req, resp)
	if op == nil {
		return
	}
	defer op.End()
	policy, _ := op.Prior.policy()
	var err error
	var left *client.ConditionalAccessPolicy
	if op.Prior.OnDestroy.ValueString() == onDestroyDisable {
		_, err = r.Data.Client.SetConditionalAccessPolicyState(ctx, policy, rules.Disabled)
		switch {
		case client.IsNotFound(err):
			err = nil
		case err == nil:
			policy.State, left = rules.Disabled, &policy
		}
	} else {
		err = r.Data.Client.DeleteConditionalAccessPolicy(ctx, policy)
	}
	r.Data.enter(policy.ID, left, err)
	if err != nil {
		op.Fail(err)
	}
}

// ImportState accepts the id of a policy, its display name, or the identity.
func (r *policyResource) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	var identity policyIdentity
	ctx, op := resourcekit.BeginImport[policyModel](ctx, r.Data.Run, policyLimits, req, resp, &identity)
	if op == nil {
		return
	}
	defer op.End()
	key := cmp.Or(req.ID, identity.ID.ValueString())
	policy, ok := r.Data.one(ctx, cmp.Or(resourcekit.AzureADID(key), key), tfpath.Empty(), op.Diags)
	if !ok {
		return
	}
	imported := &policyModel{}
	imported.refresh(policy)
	tellUnknown(op, policy)
	op.Publish(ctx, imported)
}

// tellUnknown says what of a policy this version of the provider does not know, and that an update keeps it.
func tellUnknown(op *operation, policy client.ConditionalAccessPolicy) {
	var lines []string
	for place, members := range policy.UnknownMembers() {
		lines = append(lines, fmt.Sprintf("%s: %s", attributePath(place), strings.Join(members, ", ")))
	}
	if slices.Sort(lines); len(lines) > 0 {
		op.Diags.AddWarning(fmt.Sprintf("Conditional Access policy %s has values that this provider does not know", redact.NameInQuotes(policy.DisplayName)),
			"They are newer than this version, or a preview:\n"+diagnose.List(lines)+"\n\nAn update keeps them. A configuration cannot name them, and does not have to.")
	}
}

// one finds the policy that an id or a name means.
func (d *run) one(ctx context.Context, key string, at tfpath.Path, diags *diag.Diagnostics) (client.ConditionalAccessPolicy, bool) {
	if _, err := d.policies.All(ctx); err != nil {
		diagnose.AttributeError(diags, at, err)
		return client.ConditionalAccessPolicy{}, false
	}
	const advice = "Check that tenant_id of the provider block is the tenant of the policy. A deleted policy does not count."
	found, err := d.find(ctx, key)
	switch {
	case client.IsNotFound(err):
		diags.AddAttributeError(at, fmt.Sprintf("Conditional Access policy %s not found", key), "There is no policy with this id in "+diagnose.TenantOf(err).String()+".\n\n"+advice)
	case err != nil:
		diagnose.AttributeError(diags, at, err)
	case len(found) == 0:
		diags.AddAttributeError(at, fmt.Sprintf("Conditional Access policy %q not found", key),
			"No policy of "+d.Client.Tenant().String()+" has this name (case does not count).\n\nCheck the spelling. "+advice)
	case len(found) > 1:
		var lines []string
		for _, policy := range found {
			lines = append(lines, fmt.Sprintf("%s %s (%s)", policy.ID, redact.NameInQuotes(policy.DisplayName), policy.State))
		}
		diags.AddAttributeError(at, fmt.Sprintf("%d Conditional Access policies are called %q", len(found), key),
			"Names are not unique, so this one does not say which policy is meant. Use one of the ids:\n"+diagnose.List(lines))
	default:
		return found[0], true
	}
	return client.ConditionalAccessPolicy{}, false
}

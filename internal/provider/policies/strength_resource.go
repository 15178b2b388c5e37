package policies

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-validators/setvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	tfpath "github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/identityschema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/redact"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/diagnose"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/resourcekit"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/value"
)

const typeStrength = "entramfa_authentication_strength_policy"

var strengthLimits = resourcekit.TimeLimits{TypeName: typeStrength, Write: 30 * time.Minute, Read: 10 * time.Minute}

// strengthUpgrades lead from one version of the schema to the next.
var strengthUpgrades []resourcekit.StateUpgrade

type strengthResource struct {
	resourcekit.Resource[run, *run]
}

func newStrengthResource() resource.Resource { return &strengthResource{} }

var (
	_ resource.ResourceWithConfigure      = (*strengthResource)(nil)
	_ resource.ResourceWithValidateConfig = (*strengthResource)(nil)
	_ resource.ResourceWithModifyPlan     = (*strengthResource)(nil)
	_ resource.ResourceWithImportState    = (*strengthResource)(nil)
	_ resource.ResourceWithIdentity       = (*strengthResource)(nil)
	_ resource.ResourceWithMoveState      = (*strengthResource)(nil)
	_ resource.ResourceWithUpgradeState   = (*strengthResource)(nil)
)

func (r *strengthResource) Metadata(_ context.Context, req resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_authentication_strength_policy"
}

// Descriptions that the resource and the data sources share.
const (
	describeCombinations   = "The combinations of methods, of which a sign-in needs one: a method, such as `fido2`, or two with a comma between them, such as `password,softwareOath`."
	describeConfigurations = "Limits of combinations to certain security keys, or to certificates of certain issuers and policies."
	describeSatisfied      = "What the strength satisfies, as the service says: `mfa`, or `none` where a single factor is enough for it."
	describeAppliesTo      = "The combinations that are limited. Each is one of `allowed_combinations`."
)

func (r *strengthResource) Schema(ctx context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	kinds := map[string]schema.Attribute{}
	for _, kind := range configurationKinds {
		attributes := map[string]schema.Attribute{
			appliesTo: schema.SetAttribute{
				Required: true, ElementType: types.StringType, Validators: []validator.Set{setvalidator.SizeAtLeast(1)},
				MarkdownDescription: describeAppliesTo,
			},
		}
		for name, list := range kind.lists {
			check := value.CheckedText("must be a value of "+name, "Invalid value of "+name, list.check)
			attributes[name] = schema.SetAttribute{
				Optional: true, ElementType: types.StringType, Validators: []validator.Set{setvalidator.SizeAtLeast(1), value.EachString(check)},
				MarkdownDescription: list.description,
			}
		}
		kinds[kind.name] = schema.SetNestedAttribute{
			Optional: true, MarkdownDescription: kind.description, NestedObject: schema.NestedAttributeObject{Attributes: attributes},
		}
	}
	resp.Schema = schema.Schema{
		Version: resourcekit.SchemaVersion(strengthUpgrades),
		MarkdownDescription: "Manages a custom [authentication strength](https://learn.microsoft.com/entra/identity/authentication/concept-authentication-strengths): the combinations of methods of " +
			"which a sign-in needs one. Conditional Access policies ask for it by its id.\n\n" +
			"A change that makes a strength weaker is a warning of the plan, with the policies that ask for it.",
		Attributes: map[string]schema.Attribute{
			"id": schema.StringAttribute{
				Computed:            true,
				MarkdownDescription: "The id of the strength, a GUID. Policies refer to it in `grant_controls.authentication_strength_policy_id`.",
			},
			"name": schema.StringAttribute{
				Computed:            true,
				MarkdownDescription: "The same as `display_name`, for people reading a plan: Terraform shows `name` also where it does not change.",
			},
			"display_name": schema.StringAttribute{
				Required:            true,
				MarkdownDescription: "The name of the strength, which no other strength of the tenant has, the built-in ones included.",
				Validators: []validator.String{value.CheckedText("must not be empty", "Invalid display name", func(text string) error {
					if strings.TrimSpace(text) == "" {
						return errors.New("the name is empty; people choose a strength by its name")
					}
					return nil
				})},
			},
			"description": schema.StringAttribute{
				Optional:            true,
				MarkdownDescription: "What the strength is for.",
				Validators:          []validator.String{stringvalidator.LengthAtLeast(1)},
			},
			"allowed_combinations": schema.SetAttribute{
				Required: true, ElementType: types.StringType,
				MarkdownDescription: describeCombinations + " The order within a combination, blanks and case have no meaning. A change replaces the whole set.",
				Validators:          []validator.Set{setvalidator.SizeAtLeast(1)},
			},
			"combination_configurations": schema.SingleNestedAttribute{
				Optional: true, MarkdownDescription: describeConfigurations + " Default: no limits. Limits that somebody added outside of Terraform are a difference.", Attributes: kinds,
			},
			"requirements_satisfied": schema.StringAttribute{Computed: true, MarkdownDescription: describeSatisfied},
		},
		Blocks: map[string]schema.Block{"timeouts": strengthLimits.Block(ctx)},
	}
}

func (r *strengthResource) UpgradeState(context.Context) map[int64]resource.StateUpgrader {
	return resourcekit.StateUpgraders(strengthUpgrades)
}

func (r *strengthResource) IdentitySchema(_ context.Context, _ resource.IdentitySchemaRequest, resp *resource.IdentitySchemaResponse) {
	resp.IdentitySchema = identityschema.Schema{Attributes: map[string]identityschema.Attribute{
		"id": identityschema.StringAttribute{RequiredForImport: true, Description: "The id of the strength, a GUID."},
	}}
}

// ValidateConfig checks what needs no request.
func (r *strengthResource) ValidateConfig(ctx context.Context, req resource.ValidateConfigRequest, resp *resource.ValidateConfigResponse) {
	var config strengthModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	if !resp.Diagnostics.HasError() {
		resourcekit.Report(&resp.Diagnostics, config.check()...)
	}
}

// strengthOperation is an operation on a strength.
type strengthOperation = resourcekit.Operation[strengthModel, *strengthModel]

// ModifyPlan makes the plan tell what the apply will do, and refuses at plan what the apply would refuse.
func (r *strengthResource) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	ctx, op := resourcekit.BeginPlan[strengthModel](ctx, r.Data.Run, strengthLimits, req, resp)
	if op == nil {
		return
	}
	defer op.End()
	if op.Plan == nil {
		r.planDestroy(ctx, op)
		return
	}
	plan, prior := op.Plan, op.Prior
	plan.ID, plan.Name, plan.RequirementsSatisfied = types.StringUnknown(), value.Shown(plan.DisplayName), types.StringUnknown()
	var before client.AuthenticationStrength
	if prior != nil {
		plan.ID, before = prior.ID, prior.strength()
		plan.keepSpellings(prior)
		if plan.DisplayName.Equal(prior.DisplayName) {
			plan.Name = prior.Name
		}
		if plan.AllowedCombinations.Equal(prior.AllowedCombinations) {
			plan.RequirementsSatisfied = prior.RequirementsSatisfied
		}
	}
	if r.Data.Ready() {
		r.check(ctx, op, before)
	}
	op.Publish(ctx, plan)
}

// check makes the checks of a plan that ask the tenant, as far as the plan is known.
func (r *strengthResource) check(ctx context.Context, op *strengthOperation, before client.AuthenticationStrength) {
	wanted := op.Plan.strength()
	if !op.Plan.DisplayName.IsUnknown() {
		if r.Data.claim(wanted) {
			resourcekit.Report(op.Diags, nameUsedTwice(wanted.DisplayName))
		}
		if op.Prior == nil || strengthKey(before.DisplayName) != strengthKey(wanted.DisplayName) {
			taken, count, err := r.Data.othersInTenant(ctx, wanted)
			if err != nil {
				op.Fail(err)
				return
			}
			resourcekit.Report(op.Diags, checkTenant(wanted, taken, count)...)
		}
	}
	resourcekit.Report(op.Diags, r.Data.checkCombinations(ctx, op.Prior, op.Plan)...)
	if !op.Plan.known() || op.Plan.unchanged(op.Prior) || op.Failed() {
		return
	}
	var used usage
	if op.Prior != nil {
		used.policies, used.err = r.Data.policiesAsking(ctx, before.ID)
	}
	resourcekit.Report(op.Diags, weakening(before, wanted, used)...)
}

// planDestroy names the policies because of which the service will refuse the deletion.
func (r *strengthResource) planDestroy(ctx context.Context, op *strengthOperation) {
	strength := op.Prior.strength()
	if !r.Data.Ready() || r.Data.IsGone(strength.ID, func() (bool, error) {
		if _, err := r.Data.strengths.All(ctx); err != nil {
			return false, err
		}
		_, err := r.Data.strengths.Find(ctx, strength.ID)
		return client.IsNotFound(err), nil
	}) {
		return
	}
	policies, err := r.Data.policiesAsking(ctx, strength.ID)
	if err == nil && len(policies) == 0 {
		return
	}
	op.Diags.AddWarning(fmt.Sprintf("Authentication strength %s is in use", redact.NameInQuotes(strength.DisplayName)),
		usage{policies, err}.text()+"\n\nMicrosoft Entra does not delete a strength that a policy asks for. The apply fails unless these policies are deleted, or ask for something else, before it.")
}

// Create makes the strength.
func (r *strengthResource) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	ctx, op := resourcekit.BeginCreate[strengthModel](ctx, r.Data.Run, strengthLimits, req, resp)
	if op == nil {
		return
	}
	defer op.End()
	wanted := op.Plan.strength()
	created, accepted, err := r.Data.Client.CreateAuthenticationStrength(ctx, wanted)
	if err != nil {
		r.Data.enterStrength(created.ID, nil, err)
		op.Fail(err)
		return
	}
	if len(created.Configurations) == 0 {
		// Not every answer to a creation has them.
		created.Configurations = wanted.Configurations
	}
	r.Data.enterStrength(created.ID, &created, nil)
	op.Plan.ID, op.Plan.RequirementsSatisfied = types.StringValue(created.ID), value.NullIfEmpty(created.RequirementsSatisfied)
	op.Publish(ctx, op.Plan)
	if !created.Shows(wanted) {
		op.Diags.AddWarning(fmt.Sprintf("Authentication strength %s is not stored as it was requested", redact.NameInQuotes(wanted.DisplayName)),
			fmt.Sprintf("Microsoft Graph accepted the new strength %s and answers with other values. The next plan shows the difference. If it comes back after an apply, "+
				"the configuration asks for something that the service does not store.", created.ID))
		return
	}
	resourcekit.KeepAccepted(ctx, op.Private, accepted, op.Diags)
}

// expect is what a read of a strength expects to find.
func (r *strengthResource) expect(ctx context.Context, op *strengthOperation, satisfied func(client.AuthenticationStrength) bool) client.ExpectedStrength {
	accepted := resourcekit.Accepted(ctx, op.Private, op.Diags)
	return client.ExpectedStrength{ID: op.Prior.ID.ValueString(), Accepted: accepted, Satisfied: satisfied}
}

// Read refreshes the state.
func (r *strengthResource) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	ctx, op := resourcekit.BeginRead[strengthModel](ctx, r.Data.Run, strengthLimits, req, resp)
	if op == nil {
		return
	}
	defer op.End()
	expected := op.Prior.strength()
	strength, gone, err := r.Data.strengths.Observe(ctx, r.expect(ctx, op, func(seen client.AuthenticationStrength) bool { return seen.Shows(expected) }))
	if err != nil {
		op.Fail(err)
		return
	}
	r.Data.Gone.Note(expected.ID, gone)
	if gone {
		r.Data.unmanage(expected.ID)
		op.Gone(ctx)
		return
	}
	if refuseBuiltIn(strength, op.Diags) {
		return
	}
	r.Data.manage(strength.ID)
	op.Prior.refresh(strength)
	op.Publish(ctx, op.Prior)
}

// refuseBuiltIn refuses a strength that every tenant has.
func refuseBuiltIn(strength client.AuthenticationStrength, diags *diag.Diagnostics) bool {
	if strength.IsBuiltIn() {
		diags.AddError(fmt.Sprintf("Authentication strength %s is built in", redact.NameInQuotes(strength.DisplayName)),
			fmt.Sprintf("The strength %s is Microsoft's and cannot be changed or deleted. Read it with the data source %s. If it is in the state, remove it: terraform state rm.", strength.ID, typeStrength))
	}
	return strength.IsBuiltIn()
}

// Update writes what the configuration says, over the strength as it is now.
func (r *strengthResource) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	ctx, op := resourcekit.BeginUpdate[strengthModel](ctx, r.Data.Run, strengthLimits, req, resp)
	if op == nil {
		return
	}
	defer op.End()
	if op.Plan.unchanged(op.Prior) {
		op.Plan.RequirementsSatisfied = op.Prior.RequirementsSatisfied
		op.Publish(ctx, op.Plan)
		return
	}
	wanted := op.Plan.strength()
	current, ok := r.latest(ctx, op, wanted)
	if !ok {
		return
	}
	result, err := r.Data.Client.UpdateAuthenticationStrength(ctx, current, wanted)
	if err != nil {
		r.Data.enterStrength(wanted.ID, nil, err)
		// What was written is in the state.
		op.Prior.refresh(result.Reached)
		op.Publish(ctx, op.Prior)
		if client.IsNotFound(err) {
			reportStrengthDeleted(wanted, op.Diags)
		} else {
			op.Fail(err)
		}
		return
	}
	wanted.PolicyType, wanted.RequirementsSatisfied = current.PolicyType, current.RequirementsSatisfied
	if op.Plan.RequirementsSatisfied.IsUnknown() {
		satisfied, err := r.Data.Client.ReadSatisfied(ctx, wanted)
		if err != nil {
			summary, detail := diagnose.Describe(err)
			op.Diags.AddWarning(fmt.Sprintf("What %s satisfies is not confirmed", redact.NameInQuotes(wanted.DisplayName)), summary+". "+detail+"\n\nThe strength is written. The next plan reads it again.")
		}
		wanted.RequirementsSatisfied = cmp.Or(satisfied, wanted.RequirementsSatisfied)
		op.Plan.RequirementsSatisfied = value.NullIfEmpty(wanted.RequirementsSatisfied)
	}
	r.Data.enterStrength(wanted.ID, &wanted, nil)
	op.Publish(ctx, op.Plan)
	if result.Note != "" {
		op.Diags.AddAttributeWarning(atCombinations, fmt.Sprintf("Microsoft Graph remarks on %s", redact.NameInQuotes(wanted.DisplayName)), result.Note)
	}
	resourcekit.KeepAccepted(ctx, op.Private, result.Accepted, op.Diags)
}

func reportStrengthDeleted(strength client.AuthenticationStrength, diags *diag.Diagnostics) {
	diags.AddError(fmt.Sprintf("Authentication strength %s does not exist any more", redact.NameInQuotes(strength.DisplayName)),
		fmt.Sprintf("The strength %s, or a configuration of it, was deleted after the plan was made. Plan again: the new plan creates it.", strength.ID))
}

// latest reads the strength before a write, and refuses to overwrite what somebody has changed since the plan was made.
func (r *strengthResource) latest(ctx context.Context, op *strengthOperation, wanted client.AuthenticationStrength) (client.AuthenticationStrength, bool) {
	before := op.Prior.strength()
	// A strength that is as wanted already is believed only once that has lasted: a lagging replica shows what was before the last write, and
	// nothing would be written.
	expected := r.expect(ctx, op, func(seen client.AuthenticationStrength) bool { return seen.Shows(before) })
	expected.Fresh, expected.MissingOnce = true, true
	current, gone, err := r.Data.strengths.Observe(ctx, expected)
	switch {
	case err != nil:
		op.Fail(err)
		return current, false
	case gone:
		// A replica may not know the latest write yet. If it is really gone, the write says so.
		return before, true
	case refuseBuiltIn(current, op.Diags):
		return current, false
	}
	if lines := changesOfStrength(before, current); len(lines) > 0 && !current.Shows(wanted) {
		resourcekit.ChangedSincePlan(op.Diags, tfpath.Empty(), "Authentication strength "+redact.NameInQuotes(before.DisplayName), lines...)
		return current, false
	}
	return current, true
}

// changesOfStrength is a line for each attribute in which a strength is not what it was.
func changesOfStrength(before, now client.AuthenticationStrength) (lines []string) {
	if strings.TrimSpace(before.DisplayName) != strings.TrimSpace(now.DisplayName) {
		lines = append(lines, fmt.Sprintf("display_name: %s is %s now", redact.NameInQuotes(before.DisplayName), redact.NameInQuotes(now.DisplayName)))
	}
	if before.Description != now.Description {
		lines = append(lines, "description is another one now")
	}
	for _, combination := range before.Weakened(now) {
		lines = append(lines, fmt.Sprintf("allowed_combinations: %s was added", combination))
	}
	for _, combination := range now.Weakened(before) {
		lines = append(lines, fmt.Sprintf("allowed_combinations: %s was removed", combination))
	}
	if len(before.MissingConfigurations(now.Configurations))+len(now.MissingConfigurations(before.Configurations)) > 0 {
		lines = append(lines, "combination_configurations are others now")
	}
	return lines
}

// Delete deletes the strength. That a policy asks for it is told with the names of the policies.
func (r *strengthResource) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	ctx, op := resourcekit.BeginDelete[strengthModel](ctx, r.Data.Run, strengthLimits, req, resp)
	if op == nil {
		return
	}
	defer op.End()
	strength := op.Prior.strength()
	var policies []client.ConditionalAccessPolicy
	err := r.Data.Client.DeleteAuthenticationStrength(ctx, strength, func() bool {
		// Where they are not known, nothing is waited for.
		var err error
		policies, err = r.Data.policiesAsking(ctx, strength.ID)
		return err != nil || len(policies) > 0
	})
	r.Data.enterStrength(strength.ID, nil, err)
	var answer *client.Error
	switch {
	case err == nil:
	case len(policies) > 0 && errors.As(err, &answer):
		op.Diags.AddError(fmt.Sprintf("Authentication strength %s is in use", redact.NameInQuotes(strength.DisplayName)),
			usage{policies: policies}.text()+"\n\nMicrosoft Entra does not delete a strength that a policy asks for: "+diagnose.Sentence(answer.Message)+
				" Delete these policies, or let them ask for something else, and run the command again.")
	default:
		op.Fail(err)
	}
}

// ImportState accepts the id of a strength, its display name, azuread's path, or the identity.
func (r *strengthResource) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	var identity policyIdentity
	ctx, op := resourcekit.BeginImport[strengthModel](ctx, r.Data.Run, strengthLimits, req, resp, &identity)
	if op == nil {
		return
	}
	defer op.End()
	key := cmp.Or(req.ID, identity.ID.ValueString())
	strength, ok := r.Data.oneStrength(ctx, cmp.Or(resourcekit.AzureADID(key), key), tfpath.Empty(), op.Diags)
	if !ok || refuseBuiltIn(strength, op.Diags) {
		return
	}
	imported := &strengthModel{}
	imported.refresh(strength)
	op.Publish(ctx, imported)
}

// oneStrength finds the strength that an id or a name means.
func (d *run) oneStrength(ctx context.Context, key string, at tfpath.Path, diags *diag.Diagnostics) (client.AuthenticationStrength, bool) {
	const advice = "Check that tenant_id of the provider block is the tenant of the strength."
	// That there is no list says nothing about a strength.
	all, err := d.strengths.All(ctx)
	if err != nil {
		diagnose.AttributeError(diags, at, err)
		return client.AuthenticationStrength{}, false
	}
	if value.IsGUID(key) {
		found, err := d.strengths.Find(ctx, key)
		switch {
		case client.IsNotFound(err):
			diags.AddAttributeError(at, fmt.Sprintf("Authentication strength %s not found", key), "There is no strength with this id in "+diagnose.TenantOf(err).String()+".\n\n"+advice)
		case err != nil:
			diagnose.AttributeError(diags, at, err)
		}
		return found, err == nil
	}
	var names []string
	for _, strength := range all {
		if strengthKey(strength.DisplayName) == strengthKey(key) {
			return strength, true
		}
		names = append(names, redact.NameInQuotes(strength.DisplayName))
	}
	diags.AddAttributeError(at, fmt.Sprintf("Authentication strength %q not found", key), fmt.Sprintf("No strength of %s has this name (case does not count). Its strengths are %s.\n\n%s",
		d.Client.Tenant(), diagnose.Names(names, diagnose.NamedInErrors), advice))
	return client.AuthenticationStrength{}, false
}

package locations

import (
	"context"
	"errors"
	"fmt"
	"time"

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

// Named locations wait for their turn at the one request a second that all apps of the tenant share.
var trustedIPsLimits = resourcekit.TimeLimits{TypeName: "entramfa_trusted_ips", Write: 30 * time.Minute, Read: 10 * time.Minute}

type trustedIPsResource struct {
	resourcekit.Resource[run, *run]
}

// acceptedKey is where the private state keeps when the service accepted the last write.
const acceptedKey = "accepted"

func newTrustedIPsResource() resource.Resource { return &trustedIPsResource{} }

var (
	_ resource.ResourceWithConfigure   = (*trustedIPsResource)(nil)
	_ resource.ResourceWithModifyPlan  = (*trustedIPsResource)(nil)
	_ resource.ResourceWithImportState = (*trustedIPsResource)(nil)
	_ resource.ResourceWithIdentity    = (*trustedIPsResource)(nil)
)

func (r *trustedIPsResource) Metadata(_ context.Context, req resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_trusted_ips"
}

func (r *trustedIPsResource) Schema(ctx context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	resp.Schema = schema.Schema{
		Version: resourcekit.SchemaVersion(trustedIPsUpgrades),
		MarkdownDescription: "Manages a [named location](https://learn.microsoft.com/entra/identity/conditional-access/concept-assignment-network) of IP ranges " +
			"that Conditional Access trusts.\n\n" +
			"Trusting a location changes nothing by itself: it is Conditional Access policies that ask for less where a sign-in comes from a trusted location, " +
			"by its id or by `AllTrusted`.\n\n" +
			"~> This is **not** the trusted IP list of the legacy service settings of per-user MFA. That list has no API, so no Terraform provider can manage it, " +
			"and per-user MFA asks users in these locations as it asks everybody.",
		Attributes: map[string]schema.Attribute{
			"id": schema.StringAttribute{
				Computed:            true,
				MarkdownDescription: "The id of the named location, a GUID; what policies refer to it by.",
			},
			"name": schema.StringAttribute{
				Computed:            true,
				MarkdownDescription: "The same as `display_name`, for who reads a plan: Terraform shows `name` also where it does not change.",
			},
			"display_name": schema.StringAttribute{
				Required: true,
				MarkdownDescription: "The name of the location, at most 256 characters. Names are not unique in Microsoft Entra; a plan warns where another location has the same one. " +
					"Graph: `displayName`.",
				Validators: []validator.String{locationNameValidator()},
			},
			"ip_ranges": schema.ListAttribute{
				Required: true, CustomType: value.NewRangeListType(), ElementType: types.StringType,
				MarkdownDescription: "The public IP ranges to trust, in CIDR notation, IPv4 and IPv6: 1 to 2,000, each longer than /8. A range is what it covers: " +
					"`203.0.113.7/24` is `203.0.113.0/24`, a bare address is its /32 or /128, and another order or spelling is no change, white space around a range included. " +
					"A change replaces the whole list. A list in another notation is read by the function `ip_ranges_from_text`. " +
					"Graph: `ipRanges`.",
				Validators: []validator.List{value.RangesValidator{}},
			},
			"range_sizes": schema.MapAttribute{
				Computed: true, ElementType: types.StringType,
				MarkdownDescription: "How much each range covers, in words, by the range in its normal spelling: `\"203.0.113.0/24\" = \"256 IPv4 addresses\"`. " +
					"Known at plan. A range that is only spelled otherwise is a difference in `ip_ranges` and none here.",
			},
			"address_count_ipv4": schema.Int64Attribute{
				Computed: true,
				MarkdownDescription: "How many IPv4 addresses the ranges cover; what two ranges share counts once. Known at plan, so that `/9` for `/19` shows as " +
					"`8192 -> 8388608`.",
			},
			"network_count_ipv6": schema.Int64Attribute{
				Computed: true,
				MarkdownDescription: "How many IPv6 networks of the size /64 the ranges cover; one that is covered in part counts, and what two ranges share counts once. " +
					"Known at plan.",
			},
			"trusted": schema.BoolAttribute{
				Computed: true,
				MarkdownDescription: "Whether the location is trusted. It always is after an apply; where somebody took the trust away outside of Terraform, " +
					"the plan shows `false -> true`. Graph: `isTrusted`.",
			},
		},
		Blocks: map[string]schema.Block{"timeouts": trustedIPsLimits.Block(ctx)},
	}
}

func (r *trustedIPsResource) IdentitySchema(_ context.Context, _ resource.IdentitySchemaRequest, resp *resource.IdentitySchemaResponse) {
	resp.IdentitySchema = identityschema.Schema{
		Attributes: map[string]identityschema.Attribute{
			"id": identityschema.StringAttribute{
				RequiredForImport: true,
				Description:       "The id of the named location, a GUID.",
			},
		},
	}
}

// ModifyPlan makes the plan tell what the apply will do, and what that does to the tenant.
func (r *trustedIPsResource) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	if !r.Data.SameTenant(ctx, req.Private, &resp.Diagnostics) {
		return
	}
	var prior *trustedIPsModel
	if !req.State.Raw.IsNull() {
		prior = &trustedIPsModel{}
		resp.Diagnostics.Append(req.State.Get(ctx, prior)...)
		resourcekit.HasID("id", prior.ID, &resp.Diagnostics)
	}
	if req.Plan.Raw.IsNull() {
		if !resp.Diagnostics.HasError() {
			ctx, end := trustedIPsLimits.WithinPlan(ctx, prior.Timeouts.Object)
			defer end()
			r.findNow(ctx, prior, req.Private, resp.Private, &resp.Diagnostics)
			r.warnDestroy(ctx, prior, &resp.Diagnostics)
		}
		return
	}
	plan := &trustedIPsModel{}
	resp.Diagnostics.Append(req.Plan.Get(ctx, plan)...)
	if resp.Diagnostics.HasError() {
		return
	}
	plan.plan(prior)
	resp.Diagnostics.Append(resp.Plan.Set(ctx, plan)...)
	if !plan.unchanged(prior) {
		ctx, end := trustedIPsLimits.WithinPlan(ctx, plan.Timeouts.Object)
		defer end()
		warnName(prior, plan, &resp.Diagnostics)
		warnRanges(prior, plan, &resp.Diagnostics)
		r.checkTenant(ctx, prior, plan, &resp.Diagnostics)
	}
}

func (r *trustedIPsResource) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	var plan trustedIPsModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	if resp.Diagnostics.HasError() || !r.Data.InTenant(ctx, resp.Private, &resp.Diagnostics) {
		return
	}
	ctx, end := trustedIPsLimits.Within(ctx, resourcekit.Create, plan.Timeouts.Object)
	defer end()
	created, accepted, err := r.Data.Client.CreateNamedLocation(ctx, plan.location())
	plan.ID = types.StringValue(created.ID)
	r.Data.locations.enter(created.ID, new(plan.location()), err)
	if err != nil {
		diagnose.Error(&resp.Diagnostics, err)
		return
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, plan)...)
	resp.Diagnostics.Append(resp.Identity.Set(ctx, plan.identity())...)
	if !created.Shows(plan.location()) {
		warnStoredDifferently(plan.location(), created, &resp.Diagnostics)
		return
	}
	resourcekit.KeepValue(ctx, resp.Private, acceptedKey, accepted.JSON(), &resp.Diagnostics)
}

func (r *trustedIPsResource) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	var state trustedIPsModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	if resp.Diagnostics.HasError() || !r.Data.InTenant(ctx, resp.Private, &resp.Diagnostics) || !resourcekit.HasID("id", state.ID, &resp.Diagnostics) {
		return
	}
	ctx, end := trustedIPsLimits.Within(ctx, resourcekit.Read, state.Timeouts.Object)
	defer end()
	// The framework wants the identity of a resource that is gone, too.
	resp.Diagnostics.Append(resp.Identity.Set(ctx, state.identity())...)
	kept := resourcekit.KeptValue(ctx, req.Private, acceptedKey, &resp.Diagnostics)
	// What was kept is left as it is, also when it is old: a refresh that changed it would be a new version of the state.
	location, gone, err := r.Data.locations.view.Observe(ctx, state.location(), client.ReadAcceptance(kept))
	if err != nil {
		diagnose.Error(&resp.Diagnostics, err)
		return
	}
	r.Data.Gone.Note(state.ID.ValueString(), gone)
	if gone {
		resp.State.RemoveResource(ctx)
		return
	}
	if !location.IsIP() {
		resp.Diagnostics.AddError(fmt.Sprintf("Named location %s is of another kind now", client.NameInQuotes(location.DisplayName)),
			fmt.Sprintf("The location %s is a %s, and this resource manages locations of IP ranges (ipNamedLocation). Its kind was changed outside of Terraform.\n\n"+
				"To leave it as it is, take it out of the state (terraform state rm, or a removed block) and remove the resource; a destroy goes on after that, too. "+
				"To have a trusted location again, delete it in Microsoft Entra and apply: a new one is made.", location.ID, kindOf(location)))
		return
	}
	state.refresh(location)
	resp.Diagnostics.Append(resp.State.Set(ctx, state)...)
}

func (r *trustedIPsResource) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	var plan, prior trustedIPsModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	resp.Diagnostics.Append(req.State.Get(ctx, &prior)...)
	if resp.Diagnostics.HasError() || !r.Data.InTenant(ctx, resp.Private, &resp.Diagnostics) || !resourcekit.HasID("id", prior.ID, &resp.Diagnostics) {
		return
	}
	// Only the timeouts change.
	if plan.unchanged(&prior) {
		resp.Diagnostics.Append(resp.State.Set(ctx, plan)...)
		resp.Diagnostics.Append(resp.Identity.Set(ctx, plan.identity())...)
		return
	}
	ctx, end := trustedIPsLimits.Within(ctx, resourcekit.Update, plan.Timeouts.Object)
	defer end()
	kept := resourcekit.KeptValue(ctx, req.Private, acceptedKey, &resp.Diagnostics)
	if !r.Data.checkUndone(ctx, prior.location(), new(plan.location()), kept, &resp.Diagnostics) {
		return
	}
	accepted, err := r.Data.Client.UpdateNamedLocation(ctx, plan.location())
	r.Data.locations.enter(plan.ID.ValueString(), new(plan.location()), err)
	if client.IsNotFound(err) {
		resp.Diagnostics.AddError(fmt.Sprintf("Named location %s does not exist any more", client.NameInQuotes(plan.DisplayName.ValueString())),
			fmt.Sprintf("The location %s was deleted after the plan was made. Plan again: the new plan creates it anew. "+
				"To get the deleted one back, restore it in Microsoft Entra within 30 days.", plan.ID.ValueString()))
		return
	}
	if err != nil {
		diagnose.Error(&resp.Diagnostics, err)
		return
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, plan)...)
	resp.Diagnostics.Append(resp.Identity.Set(ctx, plan.identity())...)
	resourcekit.KeepValue(ctx, resp.Private, acceptedKey, accepted.JSON(), &resp.Diagnostics)
}

func (r *trustedIPsResource) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	var state trustedIPsModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	if resp.Diagnostics.HasError() || !r.Data.InTenant(ctx, req.Private, &resp.Diagnostics) || !resourcekit.HasID("id", state.ID, &resp.Diagnostics) {
		return
	}
	ctx, end := trustedIPsLimits.Within(ctx, resourcekit.Delete, state.Timeouts.Object)
	defer end()
	kept := resourcekit.KeptValue(ctx, req.Private, acceptedKey, &resp.Diagnostics)
	planned := plannedLocation(ctx, &state, req.Private, &resp.Diagnostics)
	if !r.Data.checkUndone(ctx, planned, nil, kept, &resp.Diagnostics, state.location()) {
		return
	}
	var untrusted client.Acceptance
	err := r.Data.locations.checkUnused(ctx, state.location())
	if err == nil {
		untrusted, err = r.Data.Client.DeleteNamedLocation(ctx, state.location())
		r.Data.locations.enter(state.ID.ValueString(), nil, err)
	}
	if err != nil && !untrusted.At.IsZero() {
		// The location is there and not trusted any more, and for a while a replica may show otherwise.
		state.Trusted = types.BoolValue(false)
		resp.Diagnostics.Append(resp.State.Set(ctx, state)...)
		resourcekit.KeepValue(ctx, resp.Private, acceptedKey, untrusted.JSON(), &resp.Diagnostics)
	}
	var inUse *client.LocationInUseError
	if errors.As(err, &inUse) {
		resp.Diagnostics.AddError(fmt.Sprintf("Named location %s is in use", client.NameInQuotes(inUse.Location.DisplayName)),
			fmt.Sprintf("Microsoft Entra does not delete a location that a Conditional Access policy names, whatever the policy's state. These name %s:\n%s\n\n"+
				"Nothing was changed. Delete the policies, or take the location out of them, and apply again. To leave the location in the tenant and go on without it, "+
				"take it out of the state: a removed block with destroy = false, or terraform state rm. What does not depend on it is destroyed all the same; "+
				"-target destroys a part.", inUse.Location.ID, listPolicies(inUse.Policies)))
		return
	}
	if err != nil {
		diagnose.Error(&resp.Diagnostics, err)
	}
}

// ImportState accepts the id of a location, its display name, or the identity.
func (r *trustedIPsResource) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	if !r.Data.Configured(&resp.Diagnostics) {
		return
	}
	key := req.ID
	if key == "" {
		var identity trustedIPsIdentity
		resp.Diagnostics.Append(req.Identity.Get(ctx, &identity)...)
		if resp.Diagnostics.HasError() {
			return
		}
		key = identity.ID.ValueString()
	}
	ctx, end := trustedIPsLimits.WithinImport(ctx)
	defer end()
	key, ok := locationImportKey(key)
	if !ok {
		resp.Diagnostics.AddError(fmt.Sprintf("%q is not a named location", key),
			"It looks like the path of something in Microsoft Graph, and does not end in namedLocations and the id of one. "+
				"Import a location by its id, a GUID, by its display name, or by its path, /identity/conditionalAccess/namedLocations/<id>, which is the id in azuread.")
		return
	}
	location := r.Data.findLocation(ctx, key, path.Empty(), &resp.Diagnostics)
	if !resp.Diagnostics.HasError() && !location.IsTrusted {
		resp.Diagnostics.AddError(fmt.Sprintf("Named location %s is not trusted", client.NameInQuotes(location.DisplayName)),
			fmt.Sprintf("The location %s has IP ranges and is not marked as trusted, and the first apply after an import would trust it. "+
				"If that is what you want, mark it as trusted in Microsoft Entra and import it then.", location.ID))
	}
	if resp.Diagnostics.HasError() {
		return
	}
	imported := newTrustedIPsModel(location)
	resp.Diagnostics.Append(resp.State.Set(ctx, imported)...)
	resp.Diagnostics.Append(resp.Identity.Set(ctx, imported.identity())...)
}

// findLocation finds the location of IP ranges that an id or a name means.
func (d *run) findLocation(ctx context.Context, key string, at path.Path, diags *diag.Diagnostics) client.NamedLocation {
	const advice = "Check that tenant_id of the provider block is the tenant of the location. A deleted location does not count."
	var location client.NamedLocation
	if value.IsGUID(key) {
		// A list that is not found says nothing of a location.
		if _, err := d.locations.all(ctx); err != nil {
			diagnose.AttributeError(diags, at, err)
			return location
		}
		found, err := d.locations.view.Find(ctx, key)
		if client.IsNotFound(err) {
			diags.AddAttributeError(at, fmt.Sprintf("Named location %s not found", key), "There is no named location with this id in "+diagnose.TenantOf(err).String()+".\n\n"+advice)
			return location
		}
		if err != nil {
			diagnose.AttributeError(diags, at, err)
			return location
		}
		location = found
	} else {
		found, err := d.locations.named(ctx, key)
		if err != nil {
			diagnose.AttributeError(diags, at, err)
			return location
		}
		switch len(found) {
		case 0:
			diags.AddAttributeError(at, fmt.Sprintf("Named location %q not found", key),
				"No named location of "+d.Client.Tenant().String()+" has this name (case does not count).\n\nCheck the spelling. "+advice)
			return location
		case 1:
			location = found[0]
		default:
			diags.AddAttributeError(at, fmt.Sprintf("%d named locations are called %q", len(found), key),
				"Names are not unique, so this one does not say which location is meant. Use one of the ids:\n"+listLocations(found))
			return location
		}
	}
	if !location.IsIP() {
		diags.AddAttributeError(at, fmt.Sprintf("Named location %s has no IP ranges", client.NameInQuotes(location.DisplayName)),
			fmt.Sprintf("The location %s is a %s. A location of countries cannot be trusted, and has no ranges.", location.ID, kindOf(location)))
	}
	return location
}

// trustedIPsUpgrades lead states of earlier versions of the schema to the present one. There is no earlier version yet.
var trustedIPsUpgrades []resourcekit.StateUpgrade

var _ resource.ResourceWithUpgradeState = (*trustedIPsResource)(nil)

func (r *trustedIPsResource) UpgradeState(context.Context) map[int64]resource.StateUpgrader {
	return resourcekit.StateUpgraders(trustedIPsUpgrades)
}

package locations

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/identityschema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/iprange"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/redact"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/diagnose"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/resourcekit"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/value"
)

var trustedIPRangeLimits = resourcekit.TimeLimits{TypeName: "entramfa_trusted_ip_range", Write: 30 * time.Minute, Read: 10 * time.Minute}

// Summaries that name nothing, so that the CLI shows one such warning for many ranges, and how many more there are.
const (
	summaryRangeTrusted   = "An IP range becomes trusted"
	summaryRangeUntrusted = "An IP range stops being trusted, and policies depend on it"
)

type trustedIPRangeResource struct {
	resourcekit.Resource[run, *run]
}

func newTrustedIPRangeResource() resource.Resource { return &trustedIPRangeResource{} }

var (
	_ resource.ResourceWithConfigure   = (*trustedIPRangeResource)(nil)
	_ resource.ResourceWithModifyPlan  = (*trustedIPRangeResource)(nil)
	_ resource.ResourceWithImportState = (*trustedIPRangeResource)(nil)
	_ resource.ResourceWithIdentity    = (*trustedIPRangeResource)(nil)
)

// trustedIPRangeModel is the resource's schema.
type trustedIPRangeModel struct {
	ID         types.String `tfsdk:"id"`
	LocationID types.String `tfsdk:"location_id"`
	Location   types.String `tfsdk:"location_name"`
	IPRange    types.String `tfsdk:"ip_range"`
	Size       types.String `tfsdk:"size"`

	Timeouts timeouts.Value `tfsdk:"timeouts"`
}

// trustedIPRangeIdentity is the resource's identity; the range is in its normal spelling.
type trustedIPRangeIdentity struct {
	LocationID types.String `tfsdk:"location_id"`
	IPRange    types.String `tfsdk:"ip_range"`
}

// parsed is the range; false where it is not known.
func (m *trustedIPRangeModel) parsed() (iprange.Range, bool) {
	r, err := value.ParseRange(m.IPRange.ValueString())
	return r, err == nil && !m.IPRange.IsUnknown()
}

func (m *trustedIPRangeModel) TimeoutsBlock() types.Object { return m.Timeouts.Object }

func (m *trustedIPRangeModel) HasIDs(diags *diag.Diagnostics) bool {
	// Without a range, the range would be taken for one that is gone.
	if _, ok := m.parsed(); !ok {
		diags.AddError("The state does not say which object this is", fmt.Sprintf("ip_range is %s in the state, where an IP range should be. %s", m.IPRange, resourcekit.AdviceEdited))
		return false
	}
	return resourcekit.HasID("location_id", m.LocationID, diags)
}

func (m *trustedIPRangeModel) Identity() any {
	r, _ := m.parsed()
	return trustedIPRangeIdentity{LocationID: types.StringValue(strings.ToLower(m.LocationID.ValueString())), IPRange: types.StringValue(r.String())}
}

// fill computes what follows from location and range.
func (m *trustedIPRangeModel) fill() {
	r, known := m.parsed()
	m.ID, m.Size = types.StringUnknown(), types.StringUnknown()
	if known {
		m.Size = types.StringValue(r.Size())
	}
	if known && !m.LocationID.IsUnknown() {
		m.ID = types.StringValue(strings.ToLower(m.LocationID.ValueString()) + "/" + r.String())
	}
}

func (r *trustedIPRangeResource) Metadata(_ context.Context, req resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_trusted_ip_range"
}

func (r *trustedIPRangeResource) Schema(ctx context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	resp.Schema = schema.Schema{
		Version: resourcekit.SchemaVersion(trustedIPRangeUpgrades),
		MarkdownDescription: "Manages one IP range of a trusted [named location](https://learn.microsoft.com/entra/identity/conditional-access/concept-assignment-network) " +
			"and leaves the location's other ranges to their owners: other configurations, other teams, or an administrator.\n\n" +
			"To manage all ranges of a location in one place, use `entramfa_trusted_ips`. A location is managed by the one or by the other.",
		Attributes: map[string]schema.Attribute{
			"id": schema.StringAttribute{
				Computed:            true,
				MarkdownDescription: "The id of the location and the range in its normal spelling, joined by a slash.",
			},
			"location_id": schema.StringAttribute{
				Required: true, MarkdownDescription: "The id of a trusted location of IP ranges, a GUID. Another location replaces the resource.",
				Validators: []validator.String{value.GUIDValidator()},
			},
			"location_name": schema.StringAttribute{
				Computed: true, MarkdownDescription: "The name of the location, for people reading a plan.",
			},
			"ip_range": schema.StringAttribute{
				Required: true,
				MarkdownDescription: "The public IP range to trust, in CIDR notation, IPv4 or IPv6, longer than /8. Another spelling of the same range is not a change; another range replaces " +
					"the resource. Graph: an element of `ipRanges`.",
				Validators: []validator.String{value.CheckedText("must be an IP range in CIDR notation, longer than /8", "Invalid IP range", func(text string) error {
					_, err := value.ParseRange(text)
					return err
				})},
			},
			"size": schema.StringAttribute{
				Computed: true, MarkdownDescription: "How much the range covers, in words: `256 IPv4 addresses`. Known at plan.",
			},
		},
		Blocks: map[string]schema.Block{"timeouts": trustedIPRangeLimits.Block(ctx)},
	}
}

func (r *trustedIPRangeResource) IdentitySchema(_ context.Context, _ resource.IdentitySchemaRequest, resp *resource.IdentitySchemaResponse) {
	resp.IdentitySchema = identityschema.Schema{Attributes: map[string]identityschema.Attribute{
		"location_id": identityschema.StringAttribute{RequiredForImport: true, Description: "The id of the location, a GUID."},
		"ip_range":    identityschema.StringAttribute{RequiredForImport: true, Description: "The range in CIDR notation."},
	}}
}

// ModifyPlan makes the plan tell what becomes trusted, and refuses at plan what the apply would refuse.
func (r *trustedIPRangeResource) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	ctx, op := resourcekit.BeginPlan[trustedIPRangeModel](ctx, r.Data.Run, trustedIPRangeLimits, req, resp)
	if op == nil {
		return
	}
	defer op.End()
	plan, prior := op.Plan, op.Prior
	if plan == nil {
		r.planDestroy(ctx, prior, op.Diags)
		return
	}
	r.Data.owners.manage(plan.LocationID.ValueString(), false, path.Root("location_id"), op.Diags)
	if prior != nil {
		wanted, known := plan.parsed()
		if had, _ := prior.parsed(); !known || had != wanted {
			resp.RequiresReplace.Append(path.Root("ip_range"))
		} else {
			plan.IPRange = prior.IPRange
		}
		if !strings.EqualFold(plan.LocationID.ValueString(), prior.LocationID.ValueString()) || plan.LocationID.IsUnknown() {
			resp.RequiresReplace.Append(path.Root("location_id"))
		} else {
			plan.LocationID = prior.LocationID
		}
	}
	plan.fill()
	plan.Location = types.StringUnknown()
	switch {
	case prior == nil:
		r.planCreate(ctx, plan, op.Diags)
	case len(resp.RequiresReplace) == 0:
		plan.Location = prior.Location
	default:
		// The plan is made again without a prior state; this is about the range that goes.
		r.planDestroy(ctx, prior, op.Diags)
	}
	op.Publish(ctx, plan)
}

// planCreate says what becomes trusted, for which policies.
func (r *trustedIPRangeResource) planCreate(ctx context.Context, plan *trustedIPRangeModel, diags *diag.Diagnostics) {
	added, known := plan.parsed()
	if !r.Data.Ready() || plan.LocationID.IsUnknown() {
		return
	}
	location := r.Data.findLocation(ctx, plan.LocationID.ValueString(), ipLocations, path.Root("location_id"), diags)
	if diags.HasError() {
		return
	}
	plan.Location = types.StringValue(redact.ShownName(location.DisplayName))
	if !known {
		return
	}
	if err := location.CheckRange(added, true); err != nil {
		addRangeError(diags, path.Root("location_id"), err)
		return
	}
	covered := iprange.Cover(iprange.Read(location.Ranges))
	name := redact.NameInQuotes(location.DisplayName)
	switch {
	case location.HasRange(added):
		diags.AddAttributeWarning(path.Root("ip_range"), fmt.Sprintf("%s is in %s already", added, name),
			fmt.Sprintf("The apply writes nothing and takes the range over. From then on a destroy removes it from the location %s, also for whoever has added it.", location.ID))
	case covered.Contains(added):
		diags.AddAttributeWarning(path.Root("ip_range"), fmt.Sprintf("%s is a part of what %s trusts already", added, name),
			fmt.Sprintf("A wider range of the location %s covers it. The range changes nothing while the wider one is there.", location.ID))
	default:
		fresh := iprange.Cover([]iprange.Range{added}).Without(covered).Count()
		diags.AddAttributeWarning(path.Root("ip_range"), summaryRangeTrusted,
			fmt.Sprintf("%s newly trusts %s:\n  - newly trusted: %s (%s)\n\nSign-ins from there are in a trusted location then. Conditional Access policies that leave trusted locations out ask them for nothing, "+
				"MFA included.\n\n%s", name, fresh, added, added.Size(), r.Data.policiesAbout(ctx, location.ID, diags).forTrust()))
	}
	if kind, summary, detail := unlikely(added); kind != "" {
		diags.AddAttributeWarning(path.Root("ip_range"), summary, detail)
	}
}

// planDestroy says for which policies the trust ends, and refuses to remove the last range.
func (r *trustedIPRangeResource) planDestroy(ctx context.Context, prior *trustedIPRangeModel, diags *diag.Diagnostics) {
	removed, known := prior.parsed()
	if !r.Data.Ready() || !known {
		return
	}
	location, err := r.Data.locations.view.Find(ctx, prior.LocationID.ValueString())
	switch {
	case client.IsNotFound(err), err == nil && !location.HasRange(removed):
		// What is gone needs no warning.
		return
	case err != nil:
		// Where nobody can tell, the plan warns.
		location = client.NamedLocation{
			ID: prior.LocationID.ValueString(), DisplayName: prior.Location.ValueString(), Kind: client.KindIPNamedLocation, IsTrusted: true,
		}
	}
	if err := location.CheckRange(removed, false); err != nil {
		addRangeError(diags, path.Empty(), err)
		return
	}
	left := iprange.Cover(iprange.Read(location.OtherRanges(removed)))
	lost := iprange.Cover([]iprange.Range{removed}).Without(left).Count()
	if lost == (iprange.Count{}) || !location.IsTrusted {
		return
	}
	policies := r.Data.policiesAbout(ctx, location.ID, diags)
	if policies.none() {
		return
	}
	diags.AddWarning(summaryRangeUntrusted,
		fmt.Sprintf("%s stops trusting %s:\n  - no longer trusted: %s (%s)\n\nConditional Access policies for which that is a change:\n%s\n\nFor these policies, sign-ins from there count as from anywhere.",
			redact.NameInQuotes(location.DisplayName), lost, removed, removed.Size(), listPolicies(slices.Concat(policies.byID, policies.byTrust))))
}

func (r *trustedIPRangeResource) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	ctx, op := resourcekit.BeginCreate[trustedIPRangeModel](ctx, r.Data.Run, trustedIPRangeLimits, req, resp)
	if op == nil {
		return
	}
	defer op.End()
	plan := op.Plan
	// Of a location that this run has made, the plan did not know the id.
	r.Data.owners.manage(plan.LocationID.ValueString(), false, path.Root("location_id"), op.Diags)
	if op.Failed() {
		return
	}
	added, _ := plan.parsed()
	result, err := r.Data.Client.SetNamedLocationRange(ctx, plan.LocationID.ValueString(), added, plan.IPRange.ValueString(), true)
	r.record(result, err)
	if err != nil {
		addRangeError(op.Diags, path.Root("location_id"), err)
		return
	}
	warnRangeUnconfirmed(op.Diags, added, result, "The range is recorded as added. The next plan shows it as to be created if it did not last.")
	plan.fill()
	if plan.Location.IsUnknown() {
		plan.Location = types.StringValue(redact.ShownName(result.Location.DisplayName))
	}
	op.Publish(ctx, plan)
	if !result.Accepted.At.IsZero() {
		resourcekit.KeepAccepted(ctx, op.Private, result.Accepted, op.Diags)
	}
}

// warnRangeUnconfirmed reports a write that was accepted and could not be read back.
func warnRangeUnconfirmed(diags *diag.Diagnostics, changed iprange.Range, result client.RangeResult, recorded string) {
	if result.Unconfirmed == nil {
		return
	}
	diags.AddWarning(fmt.Sprintf("The change of %s in named location %s is not confirmed yet", changed, redact.NameInQuotes(result.Location.DisplayName)),
		fmt.Sprintf("Microsoft Graph accepted the change of the location %s, and reading it back did not show it: %s\n\n%s", result.Location.ID, diagnose.Unconfirmed(result.Unconfirmed), recorded))
}

// record keeps what a write has made of the location, for the other reads of this run.
func (r *trustedIPRangeResource) record(result client.RangeResult, err error) {
	var refused *client.RangeRefusedError
	if result.Location.ID == "" || errors.As(err, &refused) || err == nil && result.Accepted.At.IsZero() {
		return
	}
	r.Data.locations.enter(result.Location.ID, &result.Location, err)
}

func (r *trustedIPRangeResource) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	ctx, op := resourcekit.BeginRead[trustedIPRangeModel](ctx, r.Data.Run, trustedIPRangeLimits, req, resp)
	if op == nil {
		return
	}
	defer op.End()
	accepted := resourcekit.Accepted(ctx, op.Private, op.Diags)
	expected, _ := op.Prior.parsed()
	location, gone, err := r.Data.locations.view.ObserveRange(ctx, op.Prior.LocationID.ValueString(), expected, accepted)
	if err != nil {
		op.Fail(err)
		return
	}
	if gone || !location.IsIP() || !location.HasRange(expected) {
		op.Gone(ctx)
		return
	}
	op.Prior.fill()
	op.Prior.Location = types.StringValue(redact.ShownName(location.DisplayName))
	op.Publish(ctx, op.Prior)
}

// Update takes over timeouts, and another spelling that the plan has kept out: everything else replaces the resource.
func (r *trustedIPRangeResource) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	if ctx, op := resourcekit.BeginUpdate[trustedIPRangeModel](ctx, r.Data.Run, trustedIPRangeLimits, req, resp); op != nil {
		defer op.End()
		op.Publish(ctx, op.Plan)
	}
}

func (r *trustedIPRangeResource) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	ctx, op := resourcekit.BeginDelete[trustedIPRangeModel](ctx, r.Data.Run, trustedIPRangeLimits, req, resp)
	if op == nil {
		return
	}
	defer op.End()
	removed, _ := op.Prior.parsed()
	result, err := r.Data.Client.SetNamedLocationRange(ctx, op.Prior.LocationID.ValueString(), removed, "", false)
	r.record(result, err)
	if err != nil {
		addRangeError(op.Diags, path.Empty(), err)
		return
	}
	warnRangeUnconfirmed(op.Diags, removed, result, "The range is not in the state any more. Look in Microsoft Entra whether the location still has it.")
}

// ImportState accepts the id of a location and a range, joined by a slash, or the identity.
func (r *trustedIPRangeResource) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	var identity trustedIPRangeIdentity
	ctx, op := resourcekit.BeginImport[trustedIPRangeModel](ctx, r.Data.Run, trustedIPRangeLimits, req, resp, &identity)
	if op == nil {
		return
	}
	defer op.End()
	id, text, _ := strings.Cut(strings.TrimSpace(req.ID), "/")
	if req.ID == "" {
		id, text = identity.LocationID.ValueString(), identity.IPRange.ValueString()
	}
	imported := &trustedIPRangeModel{LocationID: types.StringValue(id), IPRange: types.StringValue(text), Timeouts: resourcekit.NoTimeouts()}
	wanted, ok := imported.parsed()
	if !ok || !value.IsGUID(id) {
		op.Diags.AddError("Invalid import id", fmt.Sprintf("%q is not the id of a location and a range. Write both, joined by a slash, such as %s/203.0.113.0/24.",
			req.ID, "e5f9a3c7-4b2d-4e6f-8c80-2b3c4d5e6f01"))
		return
	}
	location := r.Data.findLocation(ctx, id, ipLocations, path.Empty(), op.Diags)
	if op.Failed() {
		return
	}
	if !location.HasRange(wanted) {
		op.Diags.AddError(fmt.Sprintf("%s is not in named location %s", wanted, redact.NameInQuotes(location.DisplayName)),
			fmt.Sprintf("The location %s has these ranges:\n%s\n\nImport one of them, or let an apply add the range.", location.ID, diagnose.List(location.Ranges)))
		return
	}
	imported.fill()
	imported.Location = types.StringValue(redact.ShownName(location.DisplayName))
	op.Publish(ctx, imported)
}

var _ resource.ResourceWithUpgradeState = (*trustedIPRangeResource)(nil)

func (r *trustedIPRangeResource) UpgradeState(context.Context) map[int64]resource.StateUpgrader {
	return resourcekit.StateUpgraders(trustedIPRangeUpgrades)
}

// addRangeError reports a change of a range that was refused or has failed.
func addRangeError(diags *diag.Diagnostics, at path.Path, err error) {
	var refused *client.RangeRefusedError
	if !errors.As(err, &refused) {
		diagnose.AttributeError(diags, at, err)
		return
	}
	name, id, r := redact.NameInQuotes(refused.Location.DisplayName), refused.Location.ID, refused.Range
	switch refused.Reason {
	case client.RangeNotTrusted:
		diags.AddAttributeError(at, fmt.Sprintf("Named location %s is not trusted", name),
			fmt.Sprintf("The location %s has IP ranges and is not marked as trusted, so %s would not be trusted in it. Mark it as trusted in Microsoft Entra, or name another location.", id, r))
	case client.RangeTooMany:
		diags.AddAttributeError(at, fmt.Sprintf("Named location %s is full", name),
			fmt.Sprintf("The location %s has %d ranges, and a named location holds at most %d. Join neighbouring ranges, or use another location.", id, len(refused.Location.Ranges), iprange.MaxIPRanges))
	case client.RangeLast:
		diags.AddAttributeError(at, fmt.Sprintf("%s is the last range of named location %s", r, name),
			fmt.Sprintf("A named location holds at least one range, so the last one of %s cannot be removed. Nothing was changed. Delete the location, or add another range first. To leave the "+
				"range in the tenant, take the resource out of the state: a removed block with destroy = false, or terraform state rm.", id))
	case client.RangeOtherKind:
		ipLocations.addWrongKind(refused.Location, at, diags)
	}
}

package locations

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
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

// locationIdentity is the identity of every resource that is a named location.
type locationIdentity struct {
	ID types.String `tfsdk:"id"`
}

func identityOf(location client.NamedLocation) locationIdentity {
	return locationIdentity{ID: types.StringValue(location.ID)}
}

// locationAttributes are the attributes that every resource that is a named location has, and are embedded by its model.
type locationAttributes struct {
	ID          types.String `tfsdk:"id"`
	Name        types.String `tfsdk:"name"`
	DisplayName types.String `tfsdk:"display_name"`

	Timeouts timeouts.Value `tfsdk:"timeouts"`
}

func (a *locationAttributes) Identity() any { return locationIdentity{ID: a.ID} }

func (a *locationAttributes) TimeoutsBlock() types.Object { return a.Timeouts.Object }

func (a *locationAttributes) HasIDs(diags *diag.Diagnostics) bool {
	return resourcekit.HasID("id", a.ID, diags)
}

func (a *locationAttributes) attributes() *locationAttributes { return a }

// refreshName takes over id and name. The name keeps white space around it.
func (a *locationAttributes) refreshName(location client.NamedLocation) {
	a.ID = types.StringValue(location.ID)
	if !client.SameLocationName(a.DisplayName.ValueString(), location.DisplayName) {
		a.DisplayName = types.StringValue(location.DisplayName)
	}
	a.Name = value.Shown(a.DisplayName)
	if a.Timeouts.IsNull() {
		a.Timeouts = resourcekit.NoTimeouts()
	}
}

// planName computes what an apply makes of id and name; there is no prior state in a create. What only explains something else is no difference by
// itself: a state that was not refreshed may be without it.
func (a *locationAttributes) planName(prior *locationAttributes) {
	a.ID, a.Name = types.StringUnknown(), value.Shown(a.DisplayName)
	if prior == nil {
		return
	}
	a.ID = prior.ID
	if a.DisplayName.Equal(prior.DisplayName) && a.Name.Equal(a.DisplayName) {
		a.Name = prior.Name
	}
}

// displayNameAttribute is the same for every kind.
func displayNameAttribute() schema.StringAttribute {
	return schema.StringAttribute{
		Required: true,
		MarkdownDescription: "The name of the location, at most 256 characters. Names are not unique in Microsoft Entra; a plan warns where another location has the same one. " +
			"Graph: `displayName`.",
		Validators: []validator.String{locationNameValidator()},
	}
}

// locationModel is the model of a resource that is a named location.
type locationModel[M any] interface {
	resourcekit.Model[M]
	attributes() *locationAttributes
	// location is what the model asks for, or what was last seen of it.
	location() client.NamedLocation
	// refresh takes over what the service has, and keeps spellings that mean the same.
	refresh(location client.NamedLocation)
	// plan computes what an apply makes of the contents; there is no prior state in a create.
	plan(prior *M)
	// unchanged reports whether an apply of the model as a plan would write nothing.
	unchanged(prior *M) bool
}

// locationKind is what the operations say and check of a kind of named locations.
type locationKind struct {
	is func(client.NamedLocation) bool
	// ranges says that entramfa_trusted_ip_range may manage such a location, too.
	ranges bool
	// of completes "manages locations of", one is one of them.
	of, one string
	// contents completes "manages locations of ... only", and otherType is the resource type for the others.
	contents, otherType string
	// move is a location that was managed by azuread; wrong says what is the matter with one of another kind.
	move func(azureADLocation) (location client.NamedLocation, wrong string)
	// checkImport refuses what cannot be imported.
	checkImport func(client.NamedLocation, *diag.Diagnostics)
	// addWrongKind reports a location of another kind that was asked for by id or name.
	addWrongKind func(client.NamedLocation, path.Path, *diag.Diagnostics)
	// warnStoredDifferently says what the service has made of a new location.
	warnStoredDifferently func(wanted, stored client.NamedLocation, diags *diag.Diagnostics)
}

// locationResource has the operations of a resource that is a named location, and is embedded by it.
type locationResource[M any, P locationModel[M]] struct {
	resourcekit.Resource[run, *run]
	limits resourcekit.TimeLimits
	kind   locationKind
	// upgrades lead states of earlier versions of the schema to the present one.
	upgrades []resourcekit.StateUpgrade
	// explain adds to a plan what its change means for the tenant, and explainDestroy to that of a destroy.
	explain        func(ctx context.Context, d *run, prior, plan P, diags *diag.Diagnostics)
	explainDestroy func(ctx context.Context, d *run, prior P, diags *diag.Diagnostics)
}

func (r *locationResource[M, P]) IdentitySchema(_ context.Context, _ resource.IdentitySchemaRequest, resp *resource.IdentitySchemaResponse) {
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
func (r *locationResource[M, P]) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	ctx, op := resourcekit.BeginPlan[M, P](ctx, r.Data.Run, r.limits, req, resp)
	if op == nil {
		return
	}
	defer op.End()
	if op.Plan == nil {
		r.Data.findNow(ctx, op.Prior.location(), op.Private, op.Diags)
		r.explainDestroy(ctx, r.Data, op.Prior, op.Diags)
		return
	}
	var before *locationAttributes
	if op.Prior != nil {
		before = op.Prior.attributes()
	}
	op.Plan.attributes().planName(before)
	op.Plan.plan(op.Prior)
	op.Publish(ctx, op.Plan)
	r.manage(op.Plan.location().ID, path.Root("ip_ranges"), op.Diags)
	if !op.Plan.unchanged(op.Prior) {
		if name := op.Plan.attributes().DisplayName; before == nil || !name.Equal(before.DisplayName) {
			resourcekit.Report(op.Diags, checkName(name)...)
		}
		r.explain(ctx, r.Data, op.Prior, op.Plan, op.Diags)
	}
}

// manage records that the resource manages a location whose ranges other resources may manage one by one.
func (r *locationResource[M, P]) manage(id string, at path.Path, diags *diag.Diagnostics) {
	if r.kind.ranges {
		r.Data.owners.manage(id, true, at, diags)
	}
}

// Create makes the location.
func (r *locationResource[M, P]) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	ctx, op := resourcekit.BeginCreate[M, P](ctx, r.Data.Run, r.limits, req, resp)
	if op == nil {
		return
	}
	defer op.End()
	created, accepted, err := r.Data.Client.CreateNamedLocation(ctx, op.Plan.location())
	op.Plan.attributes().ID = types.StringValue(created.ID)
	wanted := op.Plan.location()
	r.Data.locations.enter(created.ID, &wanted, err)
	if err != nil {
		op.Fail(err)
		return
	}
	r.manage(created.ID, path.Empty(), op.Diags)
	op.Publish(ctx, op.Plan)
	if !created.Shows(wanted) {
		r.kind.warnStoredDifferently(wanted, created, op.Diags)
		return
	}
	resourcekit.KeepAccepted(ctx, op.Private, accepted, op.Diags)
}

// Read refreshes the state.
func (r *locationResource[M, P]) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	ctx, op := resourcekit.BeginRead[M, P](ctx, r.Data.Run, r.limits, req, resp)
	if op == nil {
		return
	}
	defer op.End()
	kept := resourcekit.Accepted(ctx, op.Private, op.Diags)
	// What was kept is left as it is, also when it is old: a refresh that changed it would be a new version of the state.
	location, gone, err := r.Data.locations.view.Observe(ctx, op.Prior.location(), kept)
	if err != nil {
		op.Fail(err)
		return
	}
	r.Data.Gone.Note(op.Prior.location().ID, gone)
	if gone {
		op.Gone(ctx)
		return
	}
	if !r.kind.is(location) {
		op.Diags.AddError(fmt.Sprintf("Named location %s is of another kind now", redact.NameInQuotes(location.DisplayName)),
			fmt.Sprintf("The location %s is a %s, and this resource manages locations of %s. Its kind was changed outside of Terraform.\n\n"+
				"To leave it as it is, take it out of the state (terraform state rm, or a removed block) and remove the resource; a destroy goes on after that, too. "+
				"To have %s again, delete it in Microsoft Entra and apply: a new one is made.", location.ID, kindOf(location), r.kind.of, r.kind.one))
		return
	}
	op.Prior.refresh(location)
	op.Publish(ctx, op.Prior)
}

// Update replaces the location as a whole.
func (r *locationResource[M, P]) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	ctx, op := resourcekit.BeginUpdate[M, P](ctx, r.Data.Run, r.limits, req, resp)
	if op == nil {
		return
	}
	defer op.End()
	// Only the timeouts change.
	if op.Plan.unchanged(op.Prior) {
		op.Publish(ctx, op.Plan)
		return
	}
	kept := resourcekit.Accepted(ctx, op.Private, op.Diags)
	wanted := op.Plan.location()
	if !r.Data.checkUndone(ctx, op.Prior.location(), &wanted, kept, op.Diags) {
		return
	}
	accepted, err := r.Data.Client.UpdateNamedLocation(ctx, wanted)
	r.Data.locations.enter(wanted.ID, &wanted, err)
	if client.IsNotFound(err) {
		op.Diags.AddError(fmt.Sprintf("Named location %s does not exist any more", redact.NameInQuotes(wanted.DisplayName)),
			fmt.Sprintf("The location %s was deleted after the plan was made. Plan again: the new plan creates it anew. "+
				"To get the deleted one back, restore it in Microsoft Entra within 30 days.", wanted.ID))
		return
	}
	if err != nil {
		op.Fail(err)
		return
	}
	op.Publish(ctx, op.Plan)
	resourcekit.KeepAccepted(ctx, op.Private, accepted, op.Diags)
}

// Delete deletes the location, unless a policy names it.
func (r *locationResource[M, P]) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	ctx, op := resourcekit.BeginDelete[M, P](ctx, r.Data.Run, r.limits, req, resp)
	if op == nil {
		return
	}
	defer op.End()
	location := op.Prior.location()
	kept := resourcekit.Accepted(ctx, op.Private, op.Diags)
	planned := plannedLocation(ctx, location, op.Private, op.Diags)
	if !r.Data.checkUndone(ctx, planned, nil, kept, op.Diags, location) {
		return
	}
	var untrusted client.Acceptance
	err := r.Data.locations.checkUnused(ctx, location)
	if err == nil {
		untrusted, err = r.Data.Client.DeleteNamedLocation(ctx, location)
		r.Data.locations.enter(location.ID, nil, err)
	}
	if err != nil && !untrusted.At.IsZero() {
		// The location is there and not trusted any more, and for a while a replica may show otherwise.
		location.IsTrusted = false
		op.Prior.refresh(location)
		op.Publish(ctx, op.Prior)
		resourcekit.KeepAccepted(ctx, op.Private, untrusted, op.Diags)
	}
	var inUse *client.LocationInUseError
	if errors.As(err, &inUse) {
		op.Diags.AddError(fmt.Sprintf("Named location %s is in use", redact.NameInQuotes(inUse.Location.DisplayName)),
			fmt.Sprintf("Microsoft Entra does not delete a location that a Conditional Access policy names, whatever the policy's state. These name %s:\n%s\n\n"+
				"Nothing was changed. Delete the policies, or take the location out of them, and apply again. To leave the location in the tenant and go on without it, "+
				"take it out of the state: a removed block with destroy = false, or terraform state rm. What does not depend on it is destroyed all the same; "+
				"-target destroys a part.", inUse.Location.ID, listPolicies(inUse.Policies)))
		return
	}
	if err != nil {
		op.Fail(err)
	}
}

// ImportState accepts the id of a location, its display name, or the identity.
func (r *locationResource[M, P]) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	var identity locationIdentity
	ctx, op := resourcekit.BeginImport[M, P](ctx, r.Data.Run, r.limits, req, resp, &identity)
	if op == nil {
		return
	}
	defer op.End()
	key, ok := locationImportKey(cmp.Or(req.ID, identity.ID.ValueString()))
	if !ok {
		op.Diags.AddError(fmt.Sprintf("%q is not a named location", key),
			"It looks like the path of something in Microsoft Graph, and does not end in namedLocations and the id of one. "+
				"Import a location by its id, a GUID, by its display name, or by its path, /identity/conditionalAccess/namedLocations/<id>, which is the id in azuread.")
		return
	}
	location := r.Data.findLocation(ctx, key, r.kind, path.Empty(), op.Diags)
	if !op.Failed() {
		r.kind.checkImport(location, op.Diags)
	}
	if op.Failed() {
		return
	}
	imported := P(new(M))
	imported.refresh(location)
	op.Publish(ctx, imported)
}

// UpgradeState leads states of earlier versions of the schema to the present one.
func (r *locationResource[M, P]) UpgradeState(context.Context) map[int64]resource.StateUpgrader {
	return resourcekit.StateUpgraders(r.upgrades)
}

// findLocation finds the location of a kind that an id or a name means.
func (d *run) findLocation(ctx context.Context, key string, kind locationKind, at path.Path, diags *diag.Diagnostics) client.NamedLocation {
	const advice = "Check that tenant_id of the provider block is the tenant of the location. A deleted location does not count."
	// A list that is not found says nothing of a location.
	if _, err := d.locations.all(ctx); err != nil {
		diagnose.AttributeError(diags, at, err)
		return client.NamedLocation{}
	}
	found, err := d.locations.find(ctx, key)
	switch {
	case client.IsNotFound(err):
		diags.AddAttributeError(at, fmt.Sprintf("Named location %s not found", key), "There is no named location with this id in "+diagnose.TenantOf(err).String()+".\n\n"+advice)
	case err != nil:
		diagnose.AttributeError(diags, at, err)
	case len(found) == 0:
		diags.AddAttributeError(at, fmt.Sprintf("Named location %q not found", key),
			"No named location of "+d.Client.Tenant().String()+" has this name (case does not count).\n\nCheck the spelling. "+advice)
	case len(found) > 1:
		diags.AddAttributeError(at, fmt.Sprintf("%d named locations are called %q", len(found), key),
			"Names are not unique, so this one does not say which location is meant. Use one of the ids:\n"+listLocations(found))
	case !kind.is(found[0]):
		kind.addWrongKind(found[0], at, diags)
		return found[0]
	default:
		return found[0]
	}
	return client.NamedLocation{}
}

package locations

import (
	"context"
	"errors"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/identityschema"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/redact"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/diagnose"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/resourcekit"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/value"
)

// acceptedKey is where the private state keeps when the service accepted the last write.
const acceptedKey = "accepted"

// locationIdentity is the identity of every resource that is a named location.
type locationIdentity struct {
	ID types.String `tfsdk:"id"`
}

func identityOf(location client.NamedLocation) locationIdentity {
	return locationIdentity{ID: types.StringValue(location.ID)}
}

// locationModel is the model of a resource that is a named location.
type locationModel[M any] interface {
	*M
	// location is what the model asks for, or what was last seen of it.
	location() client.NamedLocation
	locationID() types.String
	setID(id string)
	timeouts() types.Object
	// refresh takes over what the service has, and keeps spellings that mean the same. imported is refresh for a new model.
	refresh(location client.NamedLocation)
	imported(location client.NamedLocation)
	// unchanged reports whether an apply of the model as a plan would write nothing.
	unchanged(prior *M) bool
}

// locationKind is what the operations say and check of a kind of named locations.
type locationKind struct {
	is func(client.NamedLocation) bool
	// of completes "manages locations of", one is one of them.
	of, one string
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

// Create makes the location.
func (r *locationResource[M, P]) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	plan := P(new(M))
	resp.Diagnostics.Append(req.Plan.Get(ctx, plan)...)
	if resp.Diagnostics.HasError() || !r.Data.InTenant(ctx, resp.Private, &resp.Diagnostics) {
		return
	}
	ctx, end := r.limits.Within(ctx, resourcekit.Create, plan.timeouts())
	defer end()
	created, accepted, err := r.Data.Client.CreateNamedLocation(ctx, plan.location())
	plan.setID(created.ID)
	r.Data.locations.enter(created.ID, new(plan.location()), err)
	if err != nil {
		diagnose.Error(&resp.Diagnostics, err)
		return
	}
	r.Data.owners.manage(created.ID, true, path.Empty(), &resp.Diagnostics)
	resp.Diagnostics.Append(resp.State.Set(ctx, plan)...)
	resp.Diagnostics.Append(resp.Identity.Set(ctx, identityOf(plan.location()))...)
	if !created.Shows(plan.location()) {
		r.kind.warnStoredDifferently(plan.location(), created, &resp.Diagnostics)
		return
	}
	resourcekit.KeepValue(ctx, resp.Private, acceptedKey, accepted.JSON(), &resp.Diagnostics)
}

// Read refreshes the state.
func (r *locationResource[M, P]) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	state := P(new(M))
	resp.Diagnostics.Append(req.State.Get(ctx, state)...)
	if resp.Diagnostics.HasError() || !r.Data.InTenant(ctx, resp.Private, &resp.Diagnostics) || !resourcekit.HasID("id", state.locationID(), &resp.Diagnostics) {
		return
	}
	ctx, end := r.limits.Within(ctx, resourcekit.Read, state.timeouts())
	defer end()
	// The framework wants the identity of a resource that is gone, too.
	resp.Diagnostics.Append(resp.Identity.Set(ctx, identityOf(state.location()))...)
	kept := resourcekit.KeptValue(ctx, req.Private, acceptedKey, &resp.Diagnostics)
	// What was kept is left as it is, also when it is old: a refresh that changed it would be a new version of the state.
	location, gone, err := r.Data.locations.view.Observe(ctx, state.location(), client.ReadAcceptance(kept))
	if err != nil {
		diagnose.Error(&resp.Diagnostics, err)
		return
	}
	r.Data.Gone.Note(state.location().ID, gone)
	if gone {
		resp.State.RemoveResource(ctx)
		return
	}
	if !r.kind.is(location) {
		resp.Diagnostics.AddError(fmt.Sprintf("Named location %s is of another kind now", redact.NameInQuotes(location.DisplayName)),
			fmt.Sprintf("The location %s is a %s, and this resource manages locations of %s. Its kind was changed outside of Terraform.\n\n"+
				"To leave it as it is, take it out of the state (terraform state rm, or a removed block) and remove the resource; a destroy goes on after that, too. "+
				"To have %s again, delete it in Microsoft Entra and apply: a new one is made.", location.ID, kindOf(location), r.kind.of, r.kind.one))
		return
	}
	state.refresh(location)
	resp.Diagnostics.Append(resp.State.Set(ctx, state)...)
}

// Update replaces the location as a whole.
func (r *locationResource[M, P]) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	plan, prior := P(new(M)), P(new(M))
	resp.Diagnostics.Append(req.Plan.Get(ctx, plan)...)
	resp.Diagnostics.Append(req.State.Get(ctx, prior)...)
	if resp.Diagnostics.HasError() || !r.Data.InTenant(ctx, resp.Private, &resp.Diagnostics) || !resourcekit.HasID("id", prior.locationID(), &resp.Diagnostics) {
		return
	}
	// Only the timeouts change.
	if plan.unchanged(prior) {
		resp.Diagnostics.Append(resp.State.Set(ctx, plan)...)
		resp.Diagnostics.Append(resp.Identity.Set(ctx, identityOf(plan.location()))...)
		return
	}
	ctx, end := r.limits.Within(ctx, resourcekit.Update, plan.timeouts())
	defer end()
	kept := resourcekit.KeptValue(ctx, req.Private, acceptedKey, &resp.Diagnostics)
	if !r.Data.checkUndone(ctx, prior.location(), new(plan.location()), kept, &resp.Diagnostics) {
		return
	}
	accepted, err := r.Data.Client.UpdateNamedLocation(ctx, plan.location())
	r.Data.locations.enter(plan.location().ID, new(plan.location()), err)
	if client.IsNotFound(err) {
		resp.Diagnostics.AddError(fmt.Sprintf("Named location %s does not exist any more", redact.NameInQuotes(plan.location().DisplayName)),
			fmt.Sprintf("The location %s was deleted after the plan was made. Plan again: the new plan creates it anew. "+
				"To get the deleted one back, restore it in Microsoft Entra within 30 days.", plan.location().ID))
		return
	}
	if err != nil {
		diagnose.Error(&resp.Diagnostics, err)
		return
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, plan)...)
	resp.Diagnostics.Append(resp.Identity.Set(ctx, identityOf(plan.location()))...)
	resourcekit.KeepValue(ctx, resp.Private, acceptedKey, accepted.JSON(), &resp.Diagnostics)
}

// Delete deletes the location, unless a policy names it.
func (r *locationResource[M, P]) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	state := P(new(M))
	resp.Diagnostics.Append(req.State.Get(ctx, state)...)
	if resp.Diagnostics.HasError() || !r.Data.InTenant(ctx, req.Private, &resp.Diagnostics) || !resourcekit.HasID("id", state.locationID(), &resp.Diagnostics) {
		return
	}
	ctx, end := r.limits.Within(ctx, resourcekit.Delete, state.timeouts())
	defer end()
	kept := resourcekit.KeptValue(ctx, req.Private, acceptedKey, &resp.Diagnostics)
	planned := plannedLocation(ctx, state.location(), req.Private, &resp.Diagnostics)
	if !r.Data.checkUndone(ctx, planned, nil, kept, &resp.Diagnostics, state.location()) {
		return
	}
	var untrusted client.Acceptance
	err := r.Data.locations.checkUnused(ctx, state.location())
	if err == nil {
		untrusted, err = r.Data.Client.DeleteNamedLocation(ctx, state.location())
		r.Data.locations.enter(state.location().ID, nil, err)
	}
	if err != nil && !untrusted.At.IsZero() {
		// The location is there and not trusted any more, and for a while a replica may show otherwise.
		location := state.location()
		location.IsTrusted = false
		state.refresh(location)
		resp.Diagnostics.Append(resp.State.Set(ctx, state)...)
		resourcekit.KeepValue(ctx, resp.Private, acceptedKey, untrusted.JSON(), &resp.Diagnostics)
	}
	var inUse *client.LocationInUseError
	if errors.As(err, &inUse) {
		resp.Diagnostics.AddError(fmt.Sprintf("Named location %s is in use", redact.NameInQuotes(inUse.Location.DisplayName)),
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
func (r *locationResource[M, P]) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	if !r.Data.Configured(&resp.Diagnostics) {
		return
	}
	key := req.ID
	if key == "" {
		var identity locationIdentity
		resp.Diagnostics.Append(req.Identity.Get(ctx, &identity)...)
		if resp.Diagnostics.HasError() {
			return
		}
		key = identity.ID.ValueString()
	}
	ctx, end := r.limits.WithinImport(ctx)
	defer end()
	key, ok := locationImportKey(key)
	if !ok {
		resp.Diagnostics.AddError(fmt.Sprintf("%q is not a named location", key),
			"It looks like the path of something in Microsoft Graph, and does not end in namedLocations and the id of one. "+
				"Import a location by its id, a GUID, by its display name, or by its path, /identity/conditionalAccess/namedLocations/<id>, which is the id in azuread.")
		return
	}
	location := r.Data.findLocation(ctx, key, r.kind, path.Empty(), &resp.Diagnostics)
	if !resp.Diagnostics.HasError() {
		r.kind.checkImport(location, &resp.Diagnostics)
	}
	if resp.Diagnostics.HasError() {
		return
	}
	imported := P(new(M))
	imported.imported(location)
	resp.Diagnostics.Append(resp.State.Set(ctx, imported)...)
	resp.Diagnostics.Append(resp.Identity.Set(ctx, identityOf(location))...)
}

// findLocation finds the location of a kind that an id or a name means.
func (d *run) findLocation(ctx context.Context, key string, kind locationKind, at path.Path, diags *diag.Diagnostics) client.NamedLocation {
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
	if !kind.is(location) {
		kind.addWrongKind(location, at, diags)
	}
	return location
}

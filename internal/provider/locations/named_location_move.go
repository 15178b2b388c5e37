package locations

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/redact"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/resourcekit"
)

// azureADNamedLocation is the resource from which a location can be moved here, of any of the types of locations.
const azureADNamedLocation = "azuread_named_location"

// MoveState takes over azuread_named_location, so that a location changes its provider without being deleted or written.
func (r *locationResource[M, P]) MoveState(context.Context) []resource.StateMover {
	move := func(ctx context.Context, req resource.MoveStateRequest, resp *resource.MoveStateResponse) {
		source, ok := readAzureADLocation(ctx, r.limits.TypeName, req, resp)
		if !ok {
			return
		}
		location, wrong := r.kind.move(source)
		if wrong != "" {
			resp.Diagnostics.AddError(fmt.Sprintf("Named location %s cannot be moved to %s", redact.NameInQuotes(source.DisplayName.ValueString()), r.limits.TypeName),
				fmt.Sprintf("The location %s %s, and %s manages locations of %s only. Nothing was changed.\n\n"+
					"Remove the moved block of this location and leave it with %s, or move it to %s.",
					source.guid(), wrong, r.limits.TypeName, r.kind.contents, azureADNamedLocation, r.kind.otherType))
			return
		}
		location.ID, location.DisplayName = source.guid(), source.DisplayName.ValueString()
		moved := P(new(M))
		moved.refresh(location)
		resourcekit.PublishMove(ctx, resp, moved)
	}
	return []resource.StateMover{{SourceSchema: azureADLocationSchema(), StateMover: move}}
}

// azureADLocationSchema is what a move needs of the schema of azuread_named_location. Attributes that are not named here are
// left out of what is read, and those that older versions do not have are null.
//
// Source: https://registry.terraform.io/providers/hashicorp/azuread/latest/docs/resources/named_location
func azureADLocationSchema() *schema.Schema {
	return &schema.Schema{
		Attributes: map[string]schema.Attribute{
			"id":           schema.StringAttribute{Computed: true},
			"object_id":    schema.StringAttribute{Computed: true},
			"display_name": schema.StringAttribute{Required: true},
		},
		Blocks: map[string]schema.Block{
			"ip": schema.ListNestedBlock{NestedObject: schema.NestedBlockObject{Attributes: map[string]schema.Attribute{
				"ip_ranges": schema.ListAttribute{Required: true, ElementType: types.StringType},
				"trusted":   schema.BoolAttribute{Optional: true},
			}}},
			"country": schema.ListNestedBlock{NestedObject: schema.NestedBlockObject{Attributes: map[string]schema.Attribute{
				"countries_and_regions":                 schema.ListAttribute{Required: true, ElementType: types.StringType},
				"include_unknown_countries_and_regions": schema.BoolAttribute{Optional: true},
				"country_lookup_method":                 schema.StringAttribute{Optional: true},
			}}},
		},
	}
}

// azureADLocation is a state of azuread_named_location.
type azureADLocation struct {
	ID          types.String `tfsdk:"id"`
	ObjectID    types.String `tfsdk:"object_id"`
	DisplayName types.String `tfsdk:"display_name"`
	IP          []struct {
		IPRanges []string   `tfsdk:"ip_ranges"`
		Trusted  types.Bool `tfsdk:"trusted"`
	} `tfsdk:"ip"`
	Country []struct {
		CountriesAndRegions []string     `tfsdk:"countries_and_regions"`
		IncludeUnknown      types.Bool   `tfsdk:"include_unknown_countries_and_regions"`
		LookupMethod        types.String `tfsdk:"country_lookup_method"`
	} `tfsdk:"country"`
}

// guid is the id of the location; empty where the state has none.
func (l azureADLocation) guid() string {
	return resourcekit.AzureADID(l.ObjectID.ValueString(), l.ID.ValueString())
}

// readAzureADLocation reads the state that is moved to a type. ok is false for another source, and where the state cannot be read.
func readAzureADLocation(ctx context.Context, typeName string, req resource.MoveStateRequest, resp *resource.MoveStateResponse) (source azureADLocation, ok bool) {
	move := resourcekit.AzureADMove{Source: azureADNamedLocation, Target: typeName, Object: "location", Versions: "versions 2 and 3 of "}
	if !move.Applies(req) {
		return source, false
	}
	if req.SourceState != nil {
		resp.Diagnostics.Append(req.SourceState.Get(ctx, &source)...)
	}
	if resp.Diagnostics.HasError() || req.SourceState == nil || source.guid() == "" {
		move.AddUnreadable(req, resp)
		return source, false
	}
	return source, true
}

package locations

import (
	"context"
	"fmt"
	"path"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/redact"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/resourcekit"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/value"
)

var _ resource.ResourceWithMoveState = (*trustedIPsResource)(nil)

// azureADNamedLocation is the resource from which a location can be moved here.
const azureADNamedLocation = "azuread_named_location"

// MoveState takes over azuread_named_location, so that a location changes its provider without being deleted or written.
func (r *trustedIPsResource) MoveState(context.Context) []resource.StateMover {
	return []resource.StateMover{{SourceSchema: azureADLocationSchema(), StateMover: moveAzureADLocation}}
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

// guid is the id of the location. From version 3 on azuread's own id is a path, of which it is the end; before, it is bare.
func (l azureADLocation) guid() string {
	for _, id := range []string{l.ObjectID.ValueString(), path.Base(l.ID.ValueString())} {
		if value.IsGUID(id) {
			return id
		}
	}
	return ""
}

// readAzureADLocation reads the state that is moved to a type. ok is false for another source, and where the state cannot be read.
func readAzureADLocation(ctx context.Context, typeName string, req resource.MoveStateRequest, resp *resource.MoveStateResponse) (source azureADLocation, ok bool) {
	ofAzureAD := resourcekit.FromProvider(req.SourceProviderAddress, "hashicorp", "azuread")
	if req.SourceTypeName != azureADNamedLocation || !ofAzureAD {
		return source, false
	}
	if req.SourceState != nil {
		resp.Diagnostics.Append(req.SourceState.Get(ctx, &source)...)
	}
	if resp.Diagnostics.HasError() || req.SourceState == nil || source.guid() == "" {
		resp.Diagnostics.AddError(fmt.Sprintf("Unable to move %s: its state cannot be read", azureADNamedLocation),
			fmt.Sprintf("The state (schema version %d of %s) does not hold what the states of versions 2 and 3 of that provider do: an id with a GUID, and the contents of the location. "+
				"Nothing was changed.\n\nRemove the moved block, take the location out of the state with a removed block whose lifecycle has destroy = false, "+
				"and import it into %s by its id.", req.SourceSchemaVersion, req.SourceProviderAddress, typeName))
		return source, false
	}
	return source, true
}

// addWrongMove reports a location that another type manages.
func addWrongMove(source azureADLocation, typeName, kind, manages, other string, diags *diag.Diagnostics) {
	diags.AddError(fmt.Sprintf("Named location %s cannot be moved to %s", redact.NameInQuotes(source.DisplayName.ValueString()), typeName),
		fmt.Sprintf("The location %s %s, and %s manages locations of %s only. Nothing was changed.\n\n"+
			"Remove the moved block of this location and leave it with %s, or move it to %s.", source.guid(), kind, typeName, manages, azureADNamedLocation, other))
}

func moveAzureADLocation(ctx context.Context, req resource.MoveStateRequest, resp *resource.MoveStateResponse) {
	source, ok := readAzureADLocation(ctx, "entramfa_trusted_ips", req, resp)
	if !ok {
		return
	}
	if len(source.IP) == 0 {
		kind := "has no IP ranges"
		if len(source.Country) > 0 {
			kind = fmt.Sprintf("is one of countries (%s)", strings.Join(source.Country[0].CountriesAndRegions, ", "))
		}
		addWrongMove(source, "entramfa_trusted_ips", kind, "IP ranges", "entramfa_country_location", &resp.Diagnostics)
		return
	}
	moved := newTrustedIPsModel(client.NamedLocation{
		ID: source.guid(), DisplayName: source.DisplayName.ValueString(), Kind: client.KindIPNamedLocation,
		IsTrusted: source.IP[0].Trusted.ValueBool(), Ranges: source.IP[0].IPRanges,
	})
	resourcekit.PublishMove(ctx, resp, moved)
}

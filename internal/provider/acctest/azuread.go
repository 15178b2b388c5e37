package acctest

import (
	"context"
	"sync/atomic"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
)

// AzureAD stands in for the provider azuread, of which it has the schema of azuread_named_location. It makes locations behind
// Graph's back, so that the request log holds what entramfa has sent, and nothing else.
//
// Source: https://registry.terraform.io/providers/hashicorp/azuread/latest/docs/resources/named_location
type AzureAD struct {
	tn *Tenant
	// version is the major version whose ids it writes: a bare GUID, or from 3 on a path.
	version int64
	// Writes counts what it was asked to change or to delete.
	Writes atomic.Int64
}

// WithAzureAD serves entramfa and azuread.
func (tn *Tenant) WithAzureAD(version int64) (*AzureAD, map[string]func() (tfprotov6.ProviderServer, error)) {
	stub := &AzureAD{tn: tn, version: version}
	return stub, map[string]func() (tfprotov6.ProviderServer, error){
		"entramfa": tn.Factory["entramfa"],
		"azuread":  func() (tfprotov6.ProviderServer, error) { return providerserver.NewProtocol6(stub)(), nil },
	}
}

func (p *AzureAD) Metadata(_ context.Context, _ provider.MetadataRequest, resp *provider.MetadataResponse) {
	resp.TypeName = "azuread"
}

func (p *AzureAD) Schema(context.Context, provider.SchemaRequest, *provider.SchemaResponse) {}

func (p *AzureAD) Configure(context.Context, provider.ConfigureRequest, *provider.ConfigureResponse) {
}

func (p *AzureAD) DataSources(context.Context) []func() datasource.DataSource { return nil }

func (p *AzureAD) Resources(context.Context) []func() resource.Resource {
	return []func() resource.Resource{func() resource.Resource { return &azureADLocation{p} }}
}

type azureADLocation struct{ *AzureAD }

type azureADIP struct {
	IPRanges []string   `tfsdk:"ip_ranges"`
	Trusted  types.Bool `tfsdk:"trusted"`
}

type azureADCountry struct {
	CountriesAndRegions []string     `tfsdk:"countries_and_regions"`
	IncludeUnknown      types.Bool   `tfsdk:"include_unknown_countries_and_regions"`
	LookupMethod        types.String `tfsdk:"country_lookup_method"`
}

type azureADState struct {
	ID          types.String     `tfsdk:"id"`
	ObjectID    types.String     `tfsdk:"object_id"`
	DisplayName types.String     `tfsdk:"display_name"`
	IP          []azureADIP      `tfsdk:"ip"`
	Country     []azureADCountry `tfsdk:"country"`
}

func (r *azureADLocation) Metadata(_ context.Context, _ resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = "azuread_named_location"
}

func (r *azureADLocation) Schema(_ context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	stays := []planmodifier.String{stringplanmodifier.UseStateForUnknown()}
	resp.Schema = schema.Schema{
		Version: 1,
		Attributes: map[string]schema.Attribute{
			"id":           schema.StringAttribute{Computed: true, PlanModifiers: stays},
			"object_id":    schema.StringAttribute{Computed: true, PlanModifiers: stays},
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
	if r.version < 3 {
		resp.Schema.Version = 0
	}
}

func (r *azureADLocation) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	var plan azureADState
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	if resp.Diagnostics.HasError() {
		return
	}
	var wanted control.NamedLocation
	if len(plan.IP) > 0 {
		wanted = control.NewIPNamedLocation(plan.DisplayName.ValueString(), plan.IP[0].Trusted.ValueBool(), plan.IP[0].IPRanges...)
	} else {
		wanted = control.NewCountryNamedLocation(plan.DisplayName.ValueString(), plan.Country[0].CountriesAndRegions...)
	}
	made, err := r.tn.CreateNamedLocation(ctx, wanted)
	if err != nil {
		resp.Diagnostics.AddError("Unable to make the location", err.Error())
		return
	}
	plan.ID, plan.ObjectID = types.StringValue(made.ID), types.StringValue(made.ID)
	if r.version >= 3 {
		plan.ID = types.StringValue("/identity/conditionalAccess/namedLocations/" + made.ID)
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, plan)...)
}

// Read leaves the state as it is.
func (r *azureADLocation) Read(context.Context, resource.ReadRequest, *resource.ReadResponse) {}

func (r *azureADLocation) Update(_ context.Context, _ resource.UpdateRequest, resp *resource.UpdateResponse) {
	r.Writes.Add(1)
	resp.Diagnostics.AddError("No test changes a location by azuread", "")
}

func (r *azureADLocation) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	r.Writes.Add(1)
	var state azureADState
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	if err := r.tn.DeleteNamedLocation(ctx, state.ObjectID.ValueString()); err != nil {
		resp.Diagnostics.AddError("Unable to delete the location", err.Error())
	}
}

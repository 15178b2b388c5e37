package tenant

import (
	"context"
	"fmt"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/datasource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/diagnose"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/resourcekit"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/value"
)

var tenantLimits = resourcekit.TimeLimits{TypeName: "entramfa_tenant", Read: 5 * time.Minute}

type tenantDataSource struct{ run *resourcekit.Run }

func (d *tenantDataSource) Configure(_ context.Context, req datasource.ConfigureRequest, _ *datasource.ConfigureResponse) {
	d.run, _ = req.ProviderData.(*resourcekit.Run)
}

func newTenantDataSource() datasource.DataSource { return &tenantDataSource{} }

var _ datasource.DataSourceWithConfigure = (*tenantDataSource)(nil)

// tenantDataModel is the data source's schema.
type tenantDataModel struct {
	ID              types.String           `tfsdk:"id"`
	DisplayName     types.String           `tfsdk:"display_name"`
	TenantType      types.String           `tfsdk:"tenant_type"`
	DefaultDomain   types.String           `tfsdk:"default_domain"`
	InitialDomain   types.String           `tfsdk:"initial_domain"`
	VerifiedDomains map[string]domainModel `tfsdk:"verified_domains"`

	Timeouts timeouts.Value `tfsdk:"timeouts"`
}

// domainModel is a verified domain.
type domainModel struct {
	Default types.Bool   `tfsdk:"default"`
	Initial types.Bool   `tfsdk:"initial"`
	Type    types.String `tfsdk:"type"`
}

func (d *tenantDataSource) Metadata(_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_tenant"
}

func (d *tenantDataSource) Schema(ctx context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Reads which tenant the provider is signed in to, so that a plan shows it and a `check` or `precondition` can insist on it.",
		Attributes: map[string]schema.Attribute{
			"id": schema.StringAttribute{
				Computed: true, MarkdownDescription: "The id of the tenant, a GUID in lower case, also where `tenant_id` of the provider block is a domain or is not set.",
			},
			"display_name": schema.StringAttribute{
				Computed: true, MarkdownDescription: "The name of the tenant. Null without the permission. Graph: `displayName` of `organization`.",
			},
			"tenant_type": schema.StringAttribute{
				Computed: true,
				MarkdownDescription: "What kind of tenant it is: `AAD` (workforce), `AAD B2C`, or one that Microsoft has added since. Null without the permission, and where " +
					"a signed-in user has only `User.Read`. Graph: `tenantType`.",
			},
			"default_domain": schema.StringAttribute{
				Computed: true, MarkdownDescription: "The verified domain that new users get. Null without the permission.",
			},
			"initial_domain": schema.StringAttribute{
				Computed: true, MarkdownDescription: "The domain that the tenant was made with, such as `contoso.onmicrosoft.com`. Null without the permission.",
			},
			"verified_domains": schema.MapNestedAttribute{
				Computed: true, MarkdownDescription: "The verified domains, by name. Null without the permission. Graph: `verifiedDomains`.",
				NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
					"default": schema.BoolAttribute{Computed: true, MarkdownDescription: "Whether new users get it. Graph: `isDefault`."},
					"initial": schema.BoolAttribute{Computed: true, MarkdownDescription: "Whether the tenant was made with it. Graph: `isInitial`."},
					"type":    schema.StringAttribute{Computed: true, MarkdownDescription: "How its users sign in, such as `Managed`. Graph: `type`."},
				}},
			},
		},
		Blocks: map[string]schema.Block{"timeouts": tenantLimits.DataSourceBlock(ctx)},
	}
}

func (d *tenantDataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	var model tenantDataModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &model)...)
	if resp.Diagnostics.HasError() || !d.run.Configured(&resp.Diagnostics) {
		return
	}
	ctx, end := tenantLimits.Within(ctx, resourcekit.Read, model.Timeouts.Object)
	defer end()
	found, err := d.run.Client.GetOrganization(ctx)
	tenant := d.run.Client.Tenant()
	switch {
	case client.IsForbidden(err) && tenant.ID != "":
		_, why := diagnose.Describe(err)
		resp.Diagnostics.AddWarning(fmt.Sprintf("Only the id of %s is known", tenant),
			"Its name, type and domains are null, because Microsoft Graph does not let this identity read them. Nothing else needs that.\n\n"+why)
		model.ID = types.StringValue(tenant.ID)
	case err != nil:
		diagnose.Error(&resp.Diagnostics, err)
		return
	default:
		model.fill(found)
		model.ID = types.StringValue(tenant.ID)
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, model)...)
}

// fill takes over what was read.
func (m *tenantDataModel) fill(found client.Organization) {
	m.DisplayName, m.TenantType = value.NullIfEmpty(found.DisplayName), value.NullIfEmpty(found.TenantType)
	m.VerifiedDomains = make(map[string]domainModel, len(found.VerifiedDomains))
	for _, domain := range found.VerifiedDomains {
		m.VerifiedDomains[domain.Name] = domainModel{
			Default: types.BoolValue(domain.IsDefault), Initial: types.BoolValue(domain.IsInitial), Type: value.NullIfEmpty(domain.Type),
		}
		if domain.IsDefault {
			m.DefaultDomain = types.StringValue(domain.Name)
		}
		if domain.IsInitial {
			m.InitialDomain = types.StringValue(domain.Name)
		}
	}
}

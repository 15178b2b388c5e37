package locations

import (
	"context"
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/list"
	"github.com/hashicorp/terraform-plugin-framework/list/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/diagnose"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/resourcekit"
)

type trustedIPsListResource struct {
	resourcekit.Resource[run, *run]
}

func newTrustedIPsListResource() list.ListResource { return &trustedIPsListResource{} }

var _ list.ListResourceWithConfigure = (*trustedIPsListResource)(nil)

// trustedIPsListModel is the configuration of the list.
type trustedIPsListModel struct {
	NameContains types.String `tfsdk:"display_name_contains"`
}

func (l *trustedIPsListResource) Metadata(_ context.Context, req resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_trusted_ips"
}

func (l *trustedIPsListResource) ListResourceConfigSchema(_ context.Context, _ list.ListResourceSchemaRequest, resp *list.ListResourceSchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Finds the [named locations](https://learn.microsoft.com/entra/identity/conditional-access/concept-assignment-network) of IP ranges " +
			"that Conditional Access trusts, to import them as `entramfa_trusted_ips`. Locations of countries, and those that are not trusted, are not among them: " +
			"the resource manages neither.",
		Attributes: map[string]schema.Attribute{
			"display_name_contains": schema.StringAttribute{
				Optional:            true,
				MarkdownDescription: "A part of the names of the locations to list, compared without case. Default: all names.",
				Validators:          []validator.String{stringvalidator.LengthAtLeast(1)},
			},
		},
	}
}

// List streams the locations. All of them come in one request: a tenant has fewer than one page holds.
func (l *trustedIPsListResource) List(ctx context.Context, req list.ListRequest, stream *list.ListResultsStream) {
	var model trustedIPsListModel
	diags := req.Config.Get(ctx, &model)
	if diags.HasError() || !l.Data.Configured(&diags) {
		stream.Results = list.ListResultsStreamDiagnostics(diags)
		return
	}
	stream.Results = func(push func(list.ListResult) bool) {
		locations, err := l.Data.locations.all(ctx)
		if err != nil {
			var result list.ListResult
			diagnose.Error(&result.Diagnostics, err)
			push(result)
			return
		}
		var count int64
		for _, location := range locations {
			if !model.wants(location) {
				continue
			}
			if count++; !push(newTrustedIPsResult(ctx, req, location)) || count == req.Limit {
				return
			}
		}
	}
}

func (m *trustedIPsListModel) wants(location client.NamedLocation) bool {
	return location.IsIP() && location.IsTrusted &&
		strings.Contains(strings.ToLower(location.DisplayName), strings.ToLower(m.NameContains.ValueString()))
}

func newTrustedIPsResult(ctx context.Context, req list.ListRequest, location client.NamedLocation) list.ListResult {
	listed := newTrustedIPsModel(location)
	result := req.NewListResult(ctx)
	result.DisplayName = fmt.Sprintf("%s (%s)", client.QuotedName(location.DisplayName), client.Cover(client.ReadIPRanges(location.Ranges)).Count())
	result.Diagnostics.Append(result.Identity.Set(ctx, identityOf(location))...)
	if req.IncludeResource {
		result.Diagnostics.Append(result.Resource.Set(ctx, listed)...)
	}
	return result
}

package locations

import (
	"context"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/list"
	"github.com/hashicorp/terraform-plugin-framework/list/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/diagnose"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/resourcekit"
)

// locationListResource lists the named locations that a resource type manages.
type locationListResource struct {
	resourcekit.Resource[run, *run]
	// typeName is the type without the provider's name, and description is what the list is about.
	typeName, description string
	// lists reports whether a location is among them.
	lists func(client.NamedLocation) bool
	// result is the name of a location in the list, and its state.
	result func(client.NamedLocation) (shown string, state any)
}

var _ list.ListResourceWithConfigure = (*locationListResource)(nil)

// locationListModel is the configuration of the list.
type locationListModel struct {
	NameContains types.String `tfsdk:"display_name_contains"`
}

func (l *locationListResource) Metadata(_ context.Context, req resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_" + l.typeName
}

func (l *locationListResource) ListResourceConfigSchema(_ context.Context, _ list.ListResourceSchemaRequest, resp *list.ListResourceSchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: l.description,
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
func (l *locationListResource) List(ctx context.Context, req list.ListRequest, stream *list.ListResultsStream) {
	var model locationListModel
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
			if !l.lists(location) || !model.wants(location) {
				continue
			}
			if count++; !push(l.newResult(ctx, req, location)) || count == req.Limit {
				return
			}
		}
	}
}

func (m *locationListModel) wants(location client.NamedLocation) bool {
	return strings.Contains(strings.ToLower(location.DisplayName), strings.ToLower(m.NameContains.ValueString()))
}

func (l *locationListResource) newResult(ctx context.Context, req list.ListRequest, location client.NamedLocation) list.ListResult {
	shown, state := l.result(location)
	result := req.NewListResult(ctx)
	result.DisplayName = client.QuotedName(location.DisplayName) + " (" + shown + ")"
	result.Diagnostics.Append(result.Identity.Set(ctx, identityOf(location))...)
	if req.IncludeResource {
		result.Diagnostics.Append(result.Resource.Set(ctx, state)...)
	}
	return result
}

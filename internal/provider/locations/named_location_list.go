package locations

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/list"
	"github.com/hashicorp/terraform-plugin-framework/list/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/redact"
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
	resourcekit.StreamList(ctx, req, stream, l.Data.locations.all, func(location client.NamedLocation) (resourcekit.Listed, bool) {
		if !l.lists(location) || !resourcekit.NameContains(location.DisplayName, model.NameContains) {
			return resourcekit.Listed{}, false
		}
		shown, state := l.result(location)
		return resourcekit.Listed{
			DisplayName: redact.QuotedName(location.DisplayName) + " (" + shown + ")", Identity: identityOf(location), State: state,
		}, true
	})
}

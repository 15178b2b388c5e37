package policies

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/list"
	"github.com/hashicorp/terraform-plugin-framework/list/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/redact"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/diagnose"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/resourcekit"
)

type strengthListResource struct {
	resourcekit.Resource[run, *run]
}

func newStrengthListResource() list.ListResource { return &strengthListResource{} }

var _ list.ListResourceWithConfigure = (*strengthListResource)(nil)

func (l *strengthListResource) Metadata(_ context.Context, req resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_authentication_strength_policy"
}

func (l *strengthListResource) ListResourceConfigSchema(_ context.Context, _ list.ListResourceSchemaRequest, resp *list.ListResourceSchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Finds the custom authentication strengths of the tenant, to import them as `entramfa_authentication_strength_policy`. The built-in ones are not among them.",
		Attributes: map[string]schema.Attribute{
			"display_name_contains": schema.StringAttribute{
				Optional: true, MarkdownDescription: "A part of the names of the strengths, compared without case. Default: all names.",
				Validators: []validator.String{stringvalidator.LengthAtLeast(1)},
			},
		},
	}
}

// List streams the strengths. All of them come in one request.
func (l *strengthListResource) List(ctx context.Context, req list.ListRequest, stream *list.ListResultsStream) {
	var filter struct {
		NameContains types.String `tfsdk:"display_name_contains"`
	}
	diags := req.Config.Get(ctx, &filter)
	if diags.HasError() || !l.Data.Configured(&diags) {
		stream.Results = list.ListResultsStreamDiagnostics(diags)
		return
	}
	resourcekit.StreamList(ctx, req, stream, l.Data.strengths.All, func(strength client.AuthenticationStrength) (resourcekit.Listed, bool) {
		listed := &strengthModel{}
		listed.refresh(strength)
		return resourcekit.Listed{
			DisplayName: fmt.Sprintf("%s (%s)", redact.QuotedName(strength.DisplayName), diagnose.Names(strength.AllowedCombinations, diagnose.NamedInWarnings)),
			Identity:    listed.Identity(), State: listed,
		}, !strength.IsBuiltIn() && resourcekit.NameContains(strength.DisplayName, filter.NameContains)
	})
}

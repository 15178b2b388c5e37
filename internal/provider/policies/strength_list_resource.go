package policies

import (
	"context"
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/list"
	"github.com/hashicorp/terraform-plugin-framework/list/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

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
	stream.Results = func(push func(list.ListResult) bool) {
		strengths, err := l.Data.strengths.All(ctx)
		if err != nil {
			var result list.ListResult
			diagnose.Error(&result.Diagnostics, err)
			push(result)
			return
		}
		var count int64
		for _, strength := range strengths {
			if strength.IsBuiltIn() || !strings.Contains(strings.ToLower(strength.DisplayName), strings.ToLower(filter.NameContains.ValueString())) {
				continue
			}
			listed := &strengthModel{}
			listed.refresh(strength)
			result := req.NewListResult(ctx)
			result.DisplayName = fmt.Sprintf("%s (%s)", redact.QuotedName(strength.DisplayName), diagnose.Names(strength.AllowedCombinations, diagnose.NamedInWarnings))
			result.Diagnostics.Append(result.Identity.Set(ctx, listed.Identity())...)
			if req.IncludeResource {
				result.Diagnostics.Append(result.Resource.Set(ctx, listed)...)
			}
			if count++; !push(result) || count == req.Limit {
				return
			}
		}
	}
}

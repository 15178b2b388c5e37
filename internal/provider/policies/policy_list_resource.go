package policies

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/list"
	"github.com/hashicorp/terraform-plugin-framework/list/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client"
	rules "github.com/mfa-as-code/terraform-provider-entramfa/internal/client/conditionalaccess"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/redact"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/resourcekit"
)

type policyListResource struct {
	resourcekit.Resource[run, *run]
}

func newPolicyListResource() list.ListResource { return &policyListResource{} }

var _ list.ListResourceWithConfigure = (*policyListResource)(nil)

// policyFilter says which policies are meant.
type policyFilter struct {
	NameContains types.String `tfsdk:"display_name_contains"`
	State        types.String `tfsdk:"state"`
	RequiresMFA  types.Bool   `tfsdk:"requires_mfa"`
}

func (f policyFilter) wants(policy client.ConditionalAccessPolicy) bool {
	return resourcekit.NameContains(policy.DisplayName, f.NameContains) &&
		(f.State.IsNull() || f.State.ValueString() == string(policy.State)) &&
		(f.RequiresMFA.IsNull() || f.RequiresMFA.ValueBool() == policy.RequiresMFA())
}

// Descriptions of the filters.
const (
	describeNameContains = "A part of the names of the policies, compared without case. Default: all names."
	describeState        = "The state of the policies. Default: all states."
	describeRequiresMFA  = "Whether the policies require MFA or an authentication strength, without another control in its place. Default: all policies."
)

func stateValidators() []validator.String {
	return []validator.String{stringvalidator.OneOf(string(rules.Enabled), string(rules.Disabled), string(rules.ReportOnly))}
}

func (l *policyListResource) Metadata(_ context.Context, req resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_conditional_access_policy"
}

func (l *policyListResource) ListResourceConfigSchema(_ context.Context, _ list.ListResourceSchemaRequest, resp *list.ListResourceSchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Finds the Conditional Access policies of the tenant, to import them as `entramfa_conditional_access_policy`.",
		Attributes: map[string]schema.Attribute{
			"display_name_contains": schema.StringAttribute{Optional: true, MarkdownDescription: describeNameContains, Validators: []validator.String{stringvalidator.LengthAtLeast(1)}},
			"state":                 schema.StringAttribute{Optional: true, MarkdownDescription: describeState, Validators: stateValidators()},
			"requires_mfa":          schema.BoolAttribute{Optional: true, MarkdownDescription: describeRequiresMFA},
		},
	}
}

// List streams the policies. All of them come in one request.
func (l *policyListResource) List(ctx context.Context, req list.ListRequest, stream *list.ListResultsStream) {
	var filter policyFilter
	diags := req.Config.Get(ctx, &filter)
	if diags.HasError() || !l.Data.Configured(&diags) {
		stream.Results = list.ListResultsStreamDiagnostics(diags)
		return
	}
	resourcekit.StreamList(ctx, req, stream, l.Data.policies.All, func(policy client.ConditionalAccessPolicy) (resourcekit.Listed, bool) {
		listed := &policyModel{}
		listed.refresh(policy)
		return resourcekit.Listed{
			DisplayName: redact.QuotedName(policy.DisplayName) + " (" + string(policy.State) + ")", Identity: listed.Identity(), State: listed,
		}, filter.wants(policy)
	})
}

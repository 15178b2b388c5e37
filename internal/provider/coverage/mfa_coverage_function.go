package coverage

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/function"
	"github.com/hashicorp/terraform-plugin-framework/types"

	access "github.com/mfa-as-code/terraform-provider-entramfa/internal/client/conditionalaccess"
	rules "github.com/mfa-as-code/terraform-provider-entramfa/internal/client/coverage"
)

type mfaCoverageFunction struct{}

func newMFACoverageFunction() function.Function { return mfaCoverageFunction{} }

// mfaCoverage is the function's result.
type mfaCoverage struct {
	Verdict      string            `tfsdk:"verdict"`
	Gaps         []string          `tfsdk:"gaps"`
	Policies     map[string]string `tfsdk:"policies"`
	Almost       map[string]string `tfsdk:"almost"`
	Registration string            `tfsdk:"registration"`
}

func (mfaCoverageFunction) Metadata(_ context.Context, _ function.MetadataRequest, resp *function.MetadataResponse) {
	resp.Name = "mfa_coverage"
}

func (mfaCoverageFunction) Definition(_ context.Context, _ function.DefinitionRequest, resp *function.DefinitionResponse) {
	resp.Definition = function.Definition{
		Summary: "Proves whether Conditional Access policies ask a user for MFA at every sign-in.",
		MarkdownDescription: "Proves whether Conditional Access policies ask a user for MFA at every sign-in. It asks no tenant: for tests of modules, and for policies that do not exist yet. " +
			"Only enabled policies count. The answer covers all sign-ins that the policies tell apart, not samples of them. A condition or control that the function does not understand never counts as covered.\n\n" +
			"The result has\n\n" +
			"- `verdict`: `covered`, `partly`, `not_covered`, `blocked`, or `unknown` where the answer rests on something that nobody can read, such as the trusted IPs of the legacy MFA settings,\n" +
			"- `gaps`: sign-ins that succeed with a single factor, in words; a few of them at most,\n" +
			"- `policies`: the names of the policies that ask the user for MFA or block, with the reason why they apply,\n" +
			"- `almost`: the names of those that would, with the reason why they do not: report-only, disabled, or the list that excludes the user,\n" +
			"- `registration`: the same verdict about the registration of security information.",
		Parameters: []function.Parameter{
			function.StringParameter{
				Name:                "policies",
				MarkdownDescription: "Policies in Microsoft Graph's JSON: a list, one policy, or an answer of `GET /identity/conditionalAccess/policies`.",
			},
			function.DynamicParameter{
				Name: "user",
				MarkdownDescription: "An object with `id`, `group_ids` (at any depth), `role_ids` (templates of active roles), `guest_kind` (such as `b2bCollaborationGuest`), `home_tenant_id`, " +
					"`trusted_location_ids` (the named locations that are trusted), `location_ids` (all others) and `legacy_trusted_ips` (whether there are any). Each may be left out.",
			},
		},
		Return: function.ObjectReturn{AttributeTypes: map[string]attr.Type{
			"verdict": types.StringType, "gaps": types.ListType{ElemType: types.StringType}, "policies": types.MapType{ElemType: types.StringType},
			"almost": types.MapType{ElemType: types.StringType}, "registration": types.StringType,
		}},
	}
}

func (mfaCoverageFunction) Run(ctx context.Context, req function.RunRequest, resp *function.RunResponse) {
	var (
		text string
		user types.Dynamic
	)
	if resp.Error = req.Arguments.Get(ctx, &text, &user); resp.Error != nil {
		return
	}
	policies, err := access.ParsePolicies(text)
	if err != nil {
		resp.Error = function.NewArgumentFuncError(0, fmt.Sprintf("the policies are not JSON as Microsoft Graph writes it: %v. Use jsonencode, or an export of GET /identity/conditionalAccess/policies.", err))
		return
	}
	tenant, person, err := readUser(user)
	if err != nil {
		resp.Error = function.NewArgumentFuncError(1, err.Error())
		return
	}
	tenant.Policies = policies
	evaluator := rules.New(tenant)
	verdict := evaluator.Evaluate(person)
	result := mfaCoverage{Verdict: string(verdict.Verdict), Gaps: []string{}, Policies: map[string]string{}, Almost: map[string]string{}, Registration: string(verdict.Registration)}
	for _, gap := range verdict.Gaps {
		result.Gaps = append(result.Gaps, describe(gap))
	}
	by, almost := evaluator.Explain(person)
	for to, reasons := range map[*map[string]string][]rules.Reason{&result.Policies: by, &result.Almost: almost} {
		for _, reason := range reasons {
			(*to)[reason.Name] = reason.How
		}
	}
	resp.Error = resp.Result.Set(ctx, result)
}

// userAttributes are the attributes of the object that says who the user is.
var userAttributes = []string{"group_ids", "guest_kind", "home_tenant_id", "id", "legacy_trusted_ips", "location_ids", "role_ids", "trusted_location_ids"}

// readUser reads who the user is, and what is known of the tenant's locations.
func readUser(value types.Dynamic) (tenant rules.Tenant, person rules.Person, err error) {
	object, ok := value.UnderlyingValue().(types.Object)
	if !ok {
		return tenant, person, fmt.Errorf("the user is not an object. Write { id = \"…\" }")
	}
	attributes := object.Attributes()
	for _, name := range slices.Sorted(maps.Keys(attributes)) {
		if !slices.Contains(userAttributes, name) {
			return tenant, person, fmt.Errorf("the user has no attribute %q; it has %s", name, strings.Join(userAttributes, ", "))
		}
	}
	text := func(name string) string {
		value, _ := attributes[name].(types.String)
		return value.ValueString()
	}
	person = rules.Person{ID: text("id"), GuestKind: text("guest_kind"), HomeTenant: text("home_tenant_id")}
	lists := map[string][]string{}
	for _, name := range []string{"group_ids", "role_ids", "trusted_location_ids", "location_ids"} {
		if lists[name], err = texts(name, attributes[name]); err != nil {
			return tenant, person, err
		}
	}
	person.Groups, person.Roles = lists["group_ids"], lists["role_ids"]
	if _, given := attributes["trusted_location_ids"]; given {
		tenant.Locations = map[string]rules.Location{}
		for _, id := range lists["location_ids"] {
			tenant.Locations[id] = rules.Location{}
		}
		for _, id := range lists["trusted_location_ids"] {
			tenant.Locations[id] = rules.Location{Trusted: true}
		}
	}
	if declared, given := attributes["legacy_trusted_ips"].(types.Bool); given && !declared.IsNull() {
		tenant.LegacyTrustedIPs = rules.NoLegacyTrustedIPs
		if declared.ValueBool() {
			tenant.LegacyTrustedIPs = rules.SomeLegacyTrustedIPs
		}
	}
	return tenant, person, nil
}

// texts are the texts of a list, a set or a tuple.
func texts(name string, value attr.Value) ([]string, error) {
	if value == nil || value.IsNull() {
		return nil, nil
	}
	collection, ok := value.(interface{ Elements() []attr.Value })
	if !ok {
		return nil, fmt.Errorf("%s is not a list of ids", name)
	}
	var all []string
	for _, element := range collection.Elements() {
		text, ok := element.(types.String)
		if !ok {
			return nil, fmt.Errorf("%s is not a list of ids", name)
		}
		all = append(all, text.ValueString())
	}
	return all, nil
}

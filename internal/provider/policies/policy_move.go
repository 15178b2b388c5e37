package policies

import (
	"cmp"
	"context"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	tfpath "github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"

	rules "github.com/mfa-as-code/terraform-provider-entramfa/internal/client/conditionalaccess"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/resourcekit"
)

// azureADPolicy is the move of a policy from another provider.
var azureADPolicy = resourcekit.AzureADMove{Source: "azuread_conditional_access_policy", Target: typePolicy, Object: "policy", Versions: "version 3 of "}

// MoveState takes over azuread_conditional_access_policy, so that a policy changes its provider without being deleted or written.
func (r *policyResource) MoveState(context.Context) []resource.StateMover {
	return []resource.StateMover{{SourceSchema: azureADPolicySchema(), StateMover: moveAzureADPolicy}}
}

// azureADPolicySchema is what a move needs of the schema of azuread_conditional_access_policy: the same names, with a block where there is a
// nested attribute here, and one text for the insider risk levels.
//
// Source: https://registry.terraform.io/providers/hashicorp/azuread/latest/docs/resources/conditional_access_policy
func azureADPolicySchema() *schema.Schema {
	blocks := map[string]schema.Block{}
	for _, top := range tree {
		blocks[top.name] = azureADBlock(top)
	}
	return &schema.Schema{
		Attributes: map[string]schema.Attribute{
			"id": schema.StringAttribute{Computed: true}, "object_id": schema.StringAttribute{Computed: true},
			"display_name": schema.StringAttribute{Required: true}, "state": schema.StringAttribute{Required: true},
		},
		Blocks: blocks,
	}
}

const insiderRisks = "insider_risk_levels"

func azureADBlock(n node) schema.Block {
	attributes, blocks := map[string]schema.Attribute{}, map[string]schema.Block{}
	for _, child := range n.children {
		switch {
		case child.kind == object:
			blocks[child.name] = azureADBlock(child)
		case child.name == insiderRisks:
			attributes[child.name] = schema.StringAttribute{Optional: true}
		case child.kind == set, child.kind == flags:
			attributes[child.name] = schema.ListAttribute{Optional: true, ElementType: types.StringType}
		default:
			attributes[child.name] = child.attribute()
		}
	}
	return schema.ListNestedBlock{NestedObject: schema.NestedBlockObject{Attributes: attributes, Blocks: blocks}}
}

func moveAzureADPolicy(ctx context.Context, req resource.MoveStateRequest, resp *resource.MoveStateResponse) {
	if !azureADPolicy.Applies(req) {
		return
	}
	var id, objectID, name, state types.String
	lists := map[string]*types.List{}
	if req.SourceState != nil {
		for attribute, target := range map[string]*types.String{"id": &id, "object_id": &objectID, "display_name": &name, "state": &state} {
			resp.Diagnostics.Append(req.SourceState.GetAttribute(ctx, tfpath.Root(attribute), target)...)
		}
		for _, top := range tree {
			lists[top.name] = &types.List{}
			resp.Diagnostics.Append(req.SourceState.GetAttribute(ctx, tfpath.Root(top.name), lists[top.name])...)
		}
	}
	guid := resourcekit.AzureADID(objectID.ValueString(), id.ValueString())
	if resp.Diagnostics.HasError() || guid == "" {
		azureADPolicy.AddUnreadable(req, resp)
		return
	}
	document := map[string]any{}
	var unknown places
	for _, top := range tree {
		top.writeBlock(lists[top.name], "", document, &unknown)
	}
	switchControls(document)
	if session, ok := document[sessionNode.wire].(map[string]any); ok {
		// That provider has the defaults of a frequency also where there is none.
		if frequency, ok := session["signInFrequency"].(map[string]any); ok && frequency["value"] == nil && frequency["frequencyInterval"] != rules.EveryTime {
			delete(session, "signInFrequency")
		}
	}
	moved := &policyModel{}
	policy := rules.FromMap(document)
	policy.ID, policy.DisplayName, policy.State = guid, name.ValueString(), rules.State(state.ValueString())
	moved.refresh(policy)
	resourcekit.PublishMove(ctx, resp, moved)
}

// writeBlock is write for a block of azuread: a list of at most one object.
func (n node) writeBlock(list *types.List, at string, parent map[string]any, unknown *places) {
	if len(list.Elements()) != 1 {
		return
	}
	block, ok := list.Elements()[0].(types.Object)
	if !ok {
		return
	}
	inner := map[string]any{}
	for _, child := range n.children {
		have := block.Attributes()[child.name]
		switch have := have.(type) {
		case types.List:
			if child.kind == object {
				child.writeBlock(&have, join(at, n.wire), inner, unknown)
			} else {
				child.write(listAsSet(have), join(at, n.wire), inner, unknown)
			}
		case types.String:
			if child.name == insiderRisks && have.ValueString() != "" {
				child.write(types.SetValueMust(types.StringType, []attr.Value{have}), join(at, n.wire), inner, unknown)
			} else if have.ValueString() != "" {
				child.write(types.StringValue(bareID(have.ValueString())), join(at, n.wire), inner, unknown)
			}
		case types.Int64:
			// Numbers of azuread are 0 where they are not set.
			if have.ValueInt64() != 0 {
				child.write(have, join(at, n.wire), inner, unknown)
			}
		default:
			child.write(have, join(at, n.wire), inner, unknown)
		}
	}
	put(parent, n.wire, inner)
}

// bareID is the GUID of an id that is the path of an object. Other texts stay.
func bareID(text string) string {
	if strings.HasPrefix(text, "/") {
		return cmp.Or(resourcekit.AzureADID(text), text)
	}
	return text
}

func listAsSet(list types.List) types.Set {
	var texts []any
	for _, element := range list.Elements() {
		if text, ok := element.(types.String); ok && !text.IsNull() {
			texts = append(texts, bareID(text.ValueString()))
		}
	}
	if len(texts) == 0 {
		return types.SetNull(types.StringType)
	}
	return setOf(texts)
}

package policies

import (
	"context"

	tfpath "github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/resourcekit"
)

// azureADStrength is the move of a strength from another provider.
var azureADStrength = resourcekit.AzureADMove{Source: "azuread_authentication_strength_policy", Target: typeStrength, Object: "strength"}

// MoveState takes over azuread_authentication_strength_policy, so that a strength changes its provider without being deleted or written.
//
// Source: https://registry.terraform.io/providers/hashicorp/azuread/latest/docs/resources/authentication_strength_policy
func (r *strengthResource) MoveState(context.Context) []resource.StateMover {
	return []resource.StateMover{{
		SourceSchema: &schema.Schema{Attributes: map[string]schema.Attribute{
			"id": schema.StringAttribute{Computed: true}, "display_name": schema.StringAttribute{Required: true}, "description": schema.StringAttribute{Optional: true},
			"allowed_combinations": schema.SetAttribute{Required: true, ElementType: types.StringType},
		}},
		StateMover: moveAzureADStrength,
	}}
}

func moveAzureADStrength(ctx context.Context, req resource.MoveStateRequest, resp *resource.MoveStateResponse) {
	if !azureADStrength.Applies(req) {
		return
	}
	var id, name, description types.String
	var combinations types.Set
	if req.SourceState != nil {
		for attribute, target := range map[string]any{"id": &id, "display_name": &name, "description": &description, "allowed_combinations": &combinations} {
			resp.Diagnostics.Append(req.SourceState.GetAttribute(ctx, tfpath.Root(attribute), target)...)
		}
	}
	guid := resourcekit.AzureADID(id.ValueString())
	if resp.Diagnostics.HasError() || guid == "" {
		azureADStrength.AddUnreadable(req, resp)
		return
	}
	moved := &strengthModel{}
	moved.refresh(client.AuthenticationStrength{
		ID: guid, DisplayName: name.ValueString(), Description: description.ValueString(), AllowedCombinations: knownTexts(combinations),
	})
	resourcekit.PublishMove(ctx, resp, moved)
}

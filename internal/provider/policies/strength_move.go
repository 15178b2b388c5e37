package policies

import (
	"context"
	"fmt"
	"path"

	tfpath "github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/resourcekit"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/value"
)

// azureADStrength is the resource from which a strength can be moved here.
const azureADStrength = "azuread_authentication_strength_policy"

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
	if req.SourceTypeName != azureADStrength || !resourcekit.FromProvider(req.SourceProviderAddress, "hashicorp", "azuread") {
		return
	}
	var id, name, description types.String
	var combinations types.Set
	if req.SourceState != nil {
		for attribute, target := range map[string]any{"id": &id, "display_name": &name, "description": &description, "allowed_combinations": &combinations} {
			resp.Diagnostics.Append(req.SourceState.GetAttribute(ctx, tfpath.Root(attribute), target)...)
		}
	}
	// The id is a GUID or, in later versions, a path that ends with it.
	guid := path.Base(id.ValueString())
	if resp.Diagnostics.HasError() || !value.IsGUID(guid) {
		resp.Diagnostics.AddError(fmt.Sprintf("Unable to move %s: its state cannot be read", azureADStrength),
			fmt.Sprintf("The state (schema version %d of %s) does not hold what the states of that provider do: an id with a GUID, and the contents of the strength. Nothing was changed.\n\n"+
				"Remove the moved block, take the strength out of the state with a removed block whose lifecycle has destroy = false, and import it into %s by its id.",
				req.SourceSchemaVersion, req.SourceProviderAddress, typeStrength))
		return
	}
	moved := &strengthModel{}
	moved.refresh(client.AuthenticationStrength{
		ID: guid, DisplayName: name.ValueString(), Description: description.ValueString(), AllowedCombinations: knownTexts(combinations),
	})
	resourcekit.PublishMove(ctx, resp, moved)
}

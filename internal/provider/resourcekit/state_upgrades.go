package resourcekit

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/diagnose"
)

// StateUpgrade brings a state, as the JSON that Terraform keeps, from one schema version to the next. Numbers are json.Number.
//
// Each resource has a list of them: the first leads from version 0 to version 1, and so on. How many there are is the version of the
// resource's schema. A change of shape that a state of before does not fit adds one, and the states of that version to
// testdata/states. What is only new needs none: it is null in an old state, and the next refresh fills it in.
type StateUpgrade func(state map[string]any) error

// SchemaVersion is the version that upgrades lead to.
func SchemaVersion(upgrades []StateUpgrade) int64 { return int64(len(upgrades)) }

// StateUpgraders are the upgraders of each version before the present one. The framework wants one that leads to the present version at
// once, so each takes all steps from its own on. Attributes that the schema does not have are dropped, as the framework does where
// the version is the same.
func StateUpgraders(upgrades []StateUpgrade) map[int64]resource.StateUpgrader {
	upgraders := map[int64]resource.StateUpgrader{}
	for version := range upgrades {
		steps := upgrades[version:]
		upgraders[int64(version)] = resource.StateUpgrader{
			StateUpgrader: func(ctx context.Context, req resource.UpgradeStateRequest, resp *resource.UpgradeStateResponse) {
				value, err := upgradeState(req.RawState.JSON, steps, resp.State.Schema.Type().TerraformType(ctx))
				if err != nil {
					resp.Diagnostics.AddError("Unable to upgrade the state of this resource",
						fmt.Sprintf("The state has schema version %d, and the provider %d: %s\n\nNothing was changed. Restore the state from a backup if it was edited by hand, or take "+
							"the resource out of the state (terraform state rm) and import it again.", version, len(upgrades), diagnose.Sentence(err.Error())))
					return
				}
				resp.State.Raw = value
			},
		}
	}
	return upgraders
}

func upgradeState(text []byte, steps []StateUpgrade, typ tftypes.Type) (tftypes.Value, error) {
	decoder := json.NewDecoder(bytes.NewReader(text))
	// A number of the state must not become a rounded one.
	decoder.UseNumber()
	var state map[string]any
	if err := decoder.Decode(&state); err != nil {
		return tftypes.Value{}, fmt.Errorf("it cannot be read: %w", err)
	}
	for _, step := range steps {
		if err := step(state); err != nil {
			return tftypes.Value{}, err
		}
	}
	upgraded, err := json.Marshal(state)
	if err != nil {
		return tftypes.Value{}, err
	}
	return (&tfprotov6.RawState{JSON: upgraded}).UnmarshalWithOpts(typ, tfprotov6.UnmarshalOpts{
		ValueFromJSONOpts: tftypes.ValueFromJSONOpts{IgnoreUndefinedAttributes: true},
	})
}

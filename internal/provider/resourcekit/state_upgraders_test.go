package resourcekit

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
)

// TestAStateTakesEachStepFromItsVersionOn upgrades a resource that has been through two changes of shape.
func TestAStateTakesEachStepFromItsVersionOn(t *testing.T) {
	t.Parallel()
	upgrades := []StateUpgrade{
		func(state map[string]any) error {
			if state["label"] == nil {
				return errors.New("it has no label")
			}
			state["name"] = state["label"]
			delete(state, "label")
			return nil
		},
		func(state map[string]any) error {
			state["names"] = []any{state["name"]}
			delete(state, "name")
			return nil
		},
	}
	present := schema.Schema{
		Version: SchemaVersion(upgrades),
		Attributes: map[string]schema.Attribute{
			"names": schema.ListAttribute{Computed: true, ElementType: types.StringType},
			"count": schema.NumberAttribute{Computed: true},
			"new":   schema.StringAttribute{Computed: true},
		},
	}
	if present.Version != 2 {
		t.Fatalf("the version of the schema is %d", present.Version)
	}
	upgraders := StateUpgraders(upgrades)
	if len(upgraders) != 2 {
		t.Fatalf("there are upgraders of %d versions", len(upgraders))
	}
	typ := present.Type().TerraformType(context.Background())
	upgrade := func(version int64, text string) *resource.UpgradeStateResponse {
		resp := &resource.UpgradeStateResponse{State: tfsdk.State{Schema: present}}
		upgraders[version].StateUpgrader(context.Background(), resource.UpgradeStateRequest{RawState: &tfprotov6.RawState{JSON: []byte(text)}}, resp)
		return resp
	}
	// More digits than a float has, and an attribute that is not there any more.
	const number = "12345678901234567890123"
	want, err := (&tfprotov6.RawState{JSON: []byte(`{"names":["x"],"count":` + number + `,"new":null}`)}).Unmarshal(typ)
	if err != nil {
		t.Fatal(err)
	}
	for version, text := range map[int64]string{
		0: `{"label":"x","count":` + number + `,"old":[1]}`,
		1: `{"name":"x","count":` + number + `}`,
	} {
		resp := upgrade(version, text)
		if resp.Diagnostics.HasError() || !resp.State.Raw.Equal(want) {
			t.Errorf("version %d: %s, %v", version, resp.State.Raw, resp.Diagnostics)
		}
	}
	for text, says := range map[string]string{
		`{"count":1}`:                  "schema version 0, and the provider 2: It has no label.",
		`garbage`:                      "It cannot be read",
		`{"label":{"of":1}}`:           "schema version 0",
		`{"label":"x","count":"many"}`: "schema version 0",
	} {
		resp := upgrade(0, text)
		if !resp.Diagnostics.HasError() || !strings.Contains(resp.Diagnostics[0].Detail(), says) || !strings.Contains(resp.Diagnostics[0].Detail(), "terraform state rm") {
			t.Errorf("%s: %v", text, resp.Diagnostics)
		}
	}
}

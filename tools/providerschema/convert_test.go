package main

import (
	"bytes"
	"context"
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	tfjson "github.com/hashicorp/terraform-json"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// fakeServer answers the calls that describe a provider, and the few that a CLI makes before it asks for them.
type fakeServer struct {
	tfprotov6.ProviderServer

	schemas    *tfprotov6.GetProviderSchemaResponse
	identities *tfprotov6.GetResourceIdentitySchemasResponse
}

func (s *fakeServer) GetMetadata(context.Context, *tfprotov6.GetMetadataRequest) (*tfprotov6.GetMetadataResponse, error) {
	return &tfprotov6.GetMetadataResponse{}, nil
}

func (s *fakeServer) GetProviderSchema(context.Context, *tfprotov6.GetProviderSchemaRequest) (*tfprotov6.GetProviderSchemaResponse, error) {
	return s.schemas, nil
}

func (s *fakeServer) GetResourceIdentitySchemas(context.Context, *tfprotov6.GetResourceIdentitySchemasRequest) (*tfprotov6.GetResourceIdentitySchemasResponse, error) {
	return s.identities, nil
}

func (s *fakeServer) StopProvider(context.Context, *tfprotov6.StopProviderRequest) (*tfprotov6.StopProviderResponse, error) {
	return &tfprotov6.StopProviderResponse{}, nil
}

// everything has one of each thing that a schema can say.
func everything() *fakeServer {
	object := tftypes.Object{AttributeTypes: map[string]tftypes.Type{"since": tftypes.String, "count": tftypes.Number}}
	block := &tfprotov6.SchemaBlock{Attributes: []*tfprotov6.SchemaAttribute{{Name: "name", Type: tftypes.String, Required: true}}}

	return &fakeServer{
		schemas: &tfprotov6.GetProviderSchemaResponse{
			Provider: &tfprotov6.Schema{Block: &tfprotov6.SchemaBlock{
				Description:     "A *provider*.",
				DescriptionKind: tfprotov6.StringKindMarkdown,
				Attributes: []*tfprotov6.SchemaAttribute{
					{Name: "secret", Type: tftypes.String, Optional: true, Sensitive: true, Description: "Plain."},
					{Name: "exempt", Optional: true, NestedType: &tfprotov6.SchemaObject{
						Nesting:    tfprotov6.SchemaObjectNestingModeSingle,
						Attributes: []*tfprotov6.SchemaAttribute{{Name: "ids", Type: tftypes.Set{ElementType: tftypes.String}, Optional: true}},
					}},
				},
			}},
			ResourceSchemas: map[string]*tfprotov6.Schema{
				"sample_thing": {Version: 2, Block: &tfprotov6.SchemaBlock{
					Deprecated: true,
					Attributes: []*tfprotov6.SchemaAttribute{
						{Name: "id", Type: tftypes.String, Computed: true},
						{Name: "flag", Type: tftypes.Bool, Optional: true, Computed: true, Deprecated: true},
						{Name: "anything", Type: tftypes.DynamicPseudoType, Optional: true},
						{Name: "tags", Type: tftypes.Map{ElementType: tftypes.String}, Optional: true},
						{Name: "history", Type: tftypes.List{ElementType: object}, Computed: true},
						{Name: "pair", Type: tftypes.Tuple{ElementTypes: []tftypes.Type{tftypes.String, tftypes.Bool}}, Optional: true},
						{Name: "password", Type: tftypes.String, Optional: true, WriteOnly: true, Sensitive: true},
						{Name: "by_list", Optional: true, NestedType: &tfprotov6.SchemaObject{
							Nesting: tfprotov6.SchemaObjectNestingModeList,
							Attributes: []*tfprotov6.SchemaAttribute{
								{Name: "by_map", Required: true, NestedType: &tfprotov6.SchemaObject{
									Nesting:    tfprotov6.SchemaObjectNestingModeMap,
									Attributes: []*tfprotov6.SchemaAttribute{{Name: "n", Type: tftypes.Number, Required: true}},
								}},
							},
						}},
						{Name: "by_set", Optional: true, NestedType: &tfprotov6.SchemaObject{
							Nesting:    tfprotov6.SchemaObjectNestingModeSet,
							Attributes: []*tfprotov6.SchemaAttribute{{Name: "n", Type: tftypes.Number, Required: true}},
						}},
					},
					BlockTypes: []*tfprotov6.SchemaNestedBlock{
						{TypeName: "single", Nesting: tfprotov6.SchemaNestedBlockNestingModeSingle, Block: block},
						{TypeName: "group", Nesting: tfprotov6.SchemaNestedBlockNestingModeGroup, Block: block},
						{TypeName: "list", Nesting: tfprotov6.SchemaNestedBlockNestingModeList, Block: block, MinItems: 1, MaxItems: 3},
						{TypeName: "set", Nesting: tfprotov6.SchemaNestedBlockNestingModeSet, Block: block},
						{TypeName: "map", Nesting: tfprotov6.SchemaNestedBlockNestingModeMap, Block: &tfprotov6.SchemaBlock{
							BlockTypes: []*tfprotov6.SchemaNestedBlock{{TypeName: "inner", Nesting: tfprotov6.SchemaNestedBlockNestingModeList, Block: block}},
						}},
					},
				}},
			},
			DataSourceSchemas: map[string]*tfprotov6.Schema{
				"sample_thing": {Block: block},
				"sample_empty": {Block: &tfprotov6.SchemaBlock{}},
			},
			EphemeralResourceSchemas: map[string]*tfprotov6.Schema{"sample_pass": {Block: block}},
			ListResourceSchemas:      map[string]*tfprotov6.Schema{"sample_thing": {Block: block}},
			ActionSchemas:            map[string]*tfprotov6.ActionSchema{"sample_revoke": {Schema: &tfprotov6.Schema{Block: block}}},
			Functions: map[string]*tfprotov6.Function{
				"join": {
					Summary:         "Joins.",
					Description:     "Joins *things*.",
					DescriptionKind: tfprotov6.StringKindMarkdown,
					Parameters: []*tfprotov6.FunctionParameter{
						{Name: "first", Type: tftypes.String, Description: "The first.", AllowNullValue: true},
						{Name: "objects", Type: tftypes.List{ElementType: object}},
					},
					VariadicParameter: &tfprotov6.FunctionParameter{Name: "rest", Type: tftypes.DynamicPseudoType},
					Return:            &tfprotov6.FunctionReturn{Type: object},
				},
				"now": {Summary: "Tells the time.", Return: &tfprotov6.FunctionReturn{Type: tftypes.String}},
			},
		},
		identities: &tfprotov6.GetResourceIdentitySchemasResponse{
			IdentitySchemas: map[string]*tfprotov6.ResourceIdentitySchema{
				"sample_thing": {Version: 1, IdentityAttributes: []*tfprotov6.ResourceIdentitySchemaAttribute{
					{Name: "id", Type: tftypes.String, RequiredForImport: true, Description: "The id."},
					{Name: "tenant_id", Type: tftypes.String, OptionalForImport: true},
				}},
			},
		},
	}
}

const blockJSON = `{"attributes": {"name": {"type": "string", "description_kind": "plain", "required": true}}, "description_kind": "plain"}`

var everythingJSON = strings.ReplaceAll(`{
  "provider": {"version": 0, "block": {
    "attributes": {
      "secret": {"type": "string", "description": "Plain.", "description_kind": "plain", "optional": true, "sensitive": true},
      "exempt": {"description_kind": "plain", "optional": true, "nested_type": {"nesting_mode": "single", "attributes": {
        "ids": {"type": ["set", "string"], "description_kind": "plain", "optional": true}}}}
    },
    "description": "A *provider*.", "description_kind": "markdown"}},
  "resource_schemas": {"sample_thing": {"version": 2, "block": {
    "attributes": {
      "id": {"type": "string", "description_kind": "plain", "computed": true},
      "flag": {"type": "bool", "description_kind": "plain", "deprecated": true, "optional": true, "computed": true},
      "anything": {"type": "dynamic", "description_kind": "plain", "optional": true},
      "tags": {"type": ["map", "string"], "description_kind": "plain", "optional": true},
      "history": {"type": ["list", ["object", {"count": "number", "since": "string"}]], "description_kind": "plain", "computed": true},
      "pair": {"type": ["tuple", ["string", "bool"]], "description_kind": "plain", "optional": true},
      "password": {"type": "string", "description_kind": "plain", "optional": true, "sensitive": true, "write_only": true},
      "by_list": {"description_kind": "plain", "optional": true, "nested_type": {"nesting_mode": "list", "attributes": {
        "by_map": {"description_kind": "plain", "required": true, "nested_type": {"nesting_mode": "map", "attributes": {
          "n": {"type": "number", "description_kind": "plain", "required": true}}}}}}},
      "by_set": {"description_kind": "plain", "optional": true, "nested_type": {"nesting_mode": "set", "attributes": {
        "n": {"type": "number", "description_kind": "plain", "required": true}}}}
    },
    "block_types": {
      "single": {"nesting_mode": "single", "block": BLOCK},
      "group": {"nesting_mode": "group", "block": BLOCK},
      "list": {"nesting_mode": "list", "block": BLOCK, "min_items": 1, "max_items": 3},
      "set": {"nesting_mode": "set", "block": BLOCK},
      "map": {"nesting_mode": "map", "block": {"description_kind": "plain", "block_types": {"inner": {"nesting_mode": "list", "block": BLOCK}}}}
    },
    "description_kind": "plain", "deprecated": true}}},
  "data_source_schemas": {
    "sample_thing": {"version": 0, "block": BLOCK},
    "sample_empty": {"version": 0, "block": {"description_kind": "plain"}}},
  "ephemeral_resource_schemas": {"sample_pass": {"version": 0, "block": BLOCK}},
  "list_resource_schemas": {"sample_thing": {"version": 0, "block": BLOCK}},
  "action_schemas": {"sample_revoke": {"block": BLOCK}},
  "functions": {"join": {
    "description": "Joins *things*.", "summary": "Joins.",
    "return_type": ["object", {"count": "number", "since": "string"}],
    "parameters": [
      {"name": "first", "description": "The first.", "is_nullable": true, "type": "string"},
      {"name": "objects", "type": ["list", ["object", {"count": "number", "since": "string"}]]}],
    "variadic_parameter": {"name": "rest", "type": "dynamic"}},
    "now": {"summary": "Tells the time.", "return_type": "string"}},
  "resource_identity_schemas": {"sample_thing": {"version": 1, "attributes": {
    "id": {"type": "string", "description": "The id.", "required_for_import": true},
    "tenant_id": {"type": "string", "optional_for_import": true}}}}
}`, "BLOCK", blockJSON)

func TestSchemaJSONHasTheShapeOfTheCLI(t *testing.T) {
	schemas, err := providerSchemas(context.Background(), everything())
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(schemas)
	if err != nil {
		t.Fatal(err)
	}

	got := decode(t, text)
	want := decode(t, []byte(`{"format_version": "1.0", "provider_schemas": {
		"registry.terraform.io/mfa-as-code/entramfa": `+everythingJSON+`,
		"entramfa": `+everythingJSON+`}}`))
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("schema JSON (-want +got):\n%s", diff)
	}
}

func TestSchemaJSONIsReadByTerraformJSON(t *testing.T) {
	schemas, err := providerSchemas(context.Background(), everything())
	if err != nil {
		t.Fatal(err)
	}
	first, err := json.Marshal(schemas)
	if err != nil {
		t.Fatal(err)
	}

	var decoded tfjson.ProviderSchemas
	if err := decoded.UnmarshalJSON(first); err != nil {
		t.Fatalf("terraform-json refuses the schema: %s", err)
	}
	second, err := json.Marshal(&decoded)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(first, second) {
		t.Errorf("decoding and encoding again changes the schema:\n%s\n%s", first, second)
	}
}

func TestSchemaJSONOfAnEmptyProviderStillHasAProviderBlock(t *testing.T) {
	schema, err := providerSchema(context.Background(), &fakeServer{
		schemas:    &tfprotov6.GetProviderSchemaResponse{},
		identities: &tfprotov6.GetResourceIdentitySchemasResponse{},
	})
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(schema)
	if err != nil {
		t.Fatal(err)
	}
	if want := `{"provider":{"version":0,"block":{"description_kind":"plain"}}}`; string(text) != want {
		t.Errorf("got %s, want %s", text, want)
	}
}

func TestSchemaErrorsNameThePlace(t *testing.T) {
	resource := func(attribute *tfprotov6.SchemaAttribute) *tfprotov6.GetProviderSchemaResponse {
		return &tfprotov6.GetProviderSchemaResponse{ResourceSchemas: map[string]*tfprotov6.Schema{
			"sample_thing": {Block: &tfprotov6.SchemaBlock{Attributes: []*tfprotov6.SchemaAttribute{attribute}}},
		}}
	}
	function := func(lost *tfprotov6.Function) *tfprotov6.GetProviderSchemaResponse {
		return &tfprotov6.GetProviderSchemaResponse{Functions: map[string]*tfprotov6.Function{"lost": lost}}
	}
	tests := map[string]struct {
		schemas *tfprotov6.GetProviderSchemaResponse
		want    string
	}{
		"error diagnostic": {
			&tfprotov6.GetProviderSchemaResponse{Diagnostics: []*tfprotov6.Diagnostic{
				{Severity: tfprotov6.DiagnosticSeverityError, Summary: "Bad schema", Detail: "two attributes of one name"},
			}},
			"reading the provider's schema: Bad schema: two attributes of one name",
		},
		"attribute without a type": {
			resource(&tfprotov6.SchemaAttribute{Name: "lost"}),
			"resource sample_thing: attribute lost: no type",
		},
		"nested attribute without a mode": {
			resource(&tfprotov6.SchemaAttribute{Name: "lost", NestedType: &tfprotov6.SchemaObject{}}),
			"resource sample_thing: attribute lost: nesting mode INVALID of a nested attribute",
		},
		"block without a mode": {
			&tfprotov6.GetProviderSchemaResponse{Provider: &tfprotov6.Schema{Block: &tfprotov6.SchemaBlock{
				BlockTypes: []*tfprotov6.SchemaNestedBlock{{TypeName: "lost"}},
			}}},
			"provider: block lost: nesting mode INVALID of a block",
		},
		"negative version": {
			&tfprotov6.GetProviderSchemaResponse{Provider: &tfprotov6.Schema{Version: -1}},
			"provider: version: -1 is negative",
		},
		"function without a return type": {
			function(&tfprotov6.Function{}),
			"function lost: no return type",
		},
		"function whose return has no type": {
			function(&tfprotov6.Function{Return: &tfprotov6.FunctionReturn{}}),
			"function lost: return type: no type",
		},
		"parameter without a type": {
			function(&tfprotov6.Function{
				Return:     &tfprotov6.FunctionReturn{Type: tftypes.String},
				Parameters: []*tfprotov6.FunctionParameter{{Name: "known", Type: tftypes.Bool}, {Name: "unknown"}},
			}),
			"function lost: parameter unknown: no type",
		},
		"variadic parameter without a type": {
			function(&tfprotov6.Function{
				Return:            &tfprotov6.FunctionReturn{Type: tftypes.String},
				VariadicParameter: &tfprotov6.FunctionParameter{Name: "rest"},
			}),
			"function lost: parameter rest: no type",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := providerSchema(context.Background(), &fakeServer{
				schemas:    test.schemas,
				identities: &tfprotov6.GetResourceIdentitySchemasResponse{},
			})
			if err == nil || err.Error() != test.want {
				t.Errorf("got error %v, want %s", err, test.want)
			}
		})
	}
}

// OpenTofu does not print this, so it is no part of what is compared with a CLI.
func TestADeprecatedFunctionSaysSo(t *testing.T) {
	schema, err := providerSchema(context.Background(), &fakeServer{
		schemas: &tfprotov6.GetProviderSchemaResponse{Functions: map[string]*tfprotov6.Function{
			"join": {Return: &tfprotov6.FunctionReturn{Type: tftypes.String}, DeprecationMessage: "Use concat."},
		}},
		identities: &tfprotov6.GetResourceIdentitySchemasResponse{},
	})
	if err != nil {
		t.Fatal(err)
	}
	if have := schema.Functions["join"].DeprecationMessage; have != "Use concat." {
		t.Errorf("got the deprecation message %q", have)
	}
}

func TestSchemaWarningsAreNotErrors(t *testing.T) {
	_, err := providerSchema(context.Background(), &fakeServer{
		schemas: &tfprotov6.GetProviderSchemaResponse{Diagnostics: []*tfprotov6.Diagnostic{
			{Severity: tfprotov6.DiagnosticSeverityWarning, Summary: "Old"},
		}},
		identities: &tfprotov6.GetResourceIdentitySchemasResponse{},
	})
	if err != nil {
		t.Errorf("got error %v for a warning", err)
	}
}

func decode(t *testing.T, text []byte) any {
	t.Helper()
	var value any
	if err := json.Unmarshal(text, &value); err != nil {
		t.Fatalf("not JSON: %s\n%s", err, text)
	}
	return value
}

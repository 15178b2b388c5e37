package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	tfjson "github.com/hashicorp/terraform-json"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
	"github.com/zclconf/go-cty/cty"
)

const (
	formatVersion = "1.0"

	providerAddress = "registry.terraform.io/mfa-as-code/entramfa"

	// tfplugindocs looks a provider up by its bare name or in the hashicorp namespace, never by its own address.
	providerName = "entramfa"
)

// schemaServer is the part of a protocol 6 server that describes it.
type schemaServer interface {
	GetProviderSchema(context.Context, *tfprotov6.GetProviderSchemaRequest) (*tfprotov6.GetProviderSchemaResponse, error)
	GetResourceIdentitySchemas(context.Context, *tfprotov6.GetResourceIdentitySchemasRequest) (*tfprotov6.GetResourceIdentitySchemasResponse, error)
}

// providerSchemas asks server for everything it has and returns it under the provider's address and its bare name.
func providerSchemas(ctx context.Context, server schemaServer) (*tfjson.ProviderSchemas, error) {
	schema, err := providerSchema(ctx, server)
	if err != nil {
		return nil, err
	}

	return &tfjson.ProviderSchemas{
		FormatVersion: formatVersion,
		Schemas: map[string]*tfjson.ProviderSchema{
			providerAddress: schema,
			providerName:    schema,
		},
	}, nil
}

func providerSchema(ctx context.Context, server schemaServer) (*tfjson.ProviderSchema, error) {
	schemas, err := server.GetProviderSchema(ctx, &tfprotov6.GetProviderSchemaRequest{})
	if err != nil {
		return nil, fmt.Errorf("reading the provider's schema: %w", err)
	}
	if err := diagnosticsError(schemas.Diagnostics); err != nil {
		return nil, fmt.Errorf("reading the provider's schema: %w", err)
	}

	identities, err := server.GetResourceIdentitySchemas(ctx, &tfprotov6.GetResourceIdentitySchemasRequest{})
	if err != nil {
		return nil, fmt.Errorf("reading the resource identities: %w", err)
	}
	if err := diagnosticsError(identities.Diagnostics); err != nil {
		return nil, fmt.Errorf("reading the resource identities: %w", err)
	}

	result := &tfjson.ProviderSchema{}
	if result.ConfigSchema, err = convertSchema(schemas.Provider); err != nil {
		return nil, fmt.Errorf("provider: %w", err)
	}
	if result.ResourceSchemas, err = convertEach(schemas.ResourceSchemas, convertSchema); err != nil {
		return nil, fmt.Errorf("resource %w", err)
	}
	if result.DataSourceSchemas, err = convertEach(schemas.DataSourceSchemas, convertSchema); err != nil {
		return nil, fmt.Errorf("data source %w", err)
	}
	if result.EphemeralResourceSchemas, err = convertEach(schemas.EphemeralResourceSchemas, convertSchema); err != nil {
		return nil, fmt.Errorf("ephemeral resource %w", err)
	}
	if result.ListResourceSchemas, err = convertEach(schemas.ListResourceSchemas, convertSchema); err != nil {
		return nil, fmt.Errorf("list resource %w", err)
	}
	if result.ActionSchemas, err = convertEach(schemas.ActionSchemas, convertAction); err != nil {
		return nil, fmt.Errorf("action %w", err)
	}
	if result.Functions, err = convertEach(schemas.Functions, convertFunction); err != nil {
		return nil, fmt.Errorf("function %w", err)
	}
	if result.ResourceIdentitySchemas, err = convertEach(identities.IdentitySchemas, convertIdentity); err != nil {
		return nil, fmt.Errorf("resource identity %w", err)
	}
	return result, nil
}

func diagnosticsError(diagnostics []*tfprotov6.Diagnostic) error {
	var errs []error
	for _, d := range diagnostics {
		if d.Severity == tfprotov6.DiagnosticSeverityError {
			errs = append(errs, fmt.Errorf("%s: %s", d.Summary, d.Detail))
		}
	}
	return errors.Join(errs...)
}

func convertEach[From, To any](from map[string]*From, convert func(*From) (*To, error)) (map[string]*To, error) {
	if len(from) == 0 {
		return nil, nil
	}
	to := make(map[string]*To, len(from))
	for name, value := range from {
		converted, err := convert(value)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		to[name] = converted
	}
	return to, nil
}

func convertSchema(schema *tfprotov6.Schema) (*tfjson.Schema, error) {
	if schema == nil {
		return &tfjson.Schema{Block: &tfjson.SchemaBlock{DescriptionKind: tfjson.SchemaDescriptionKindPlain}}, nil
	}
	version, err := unsigned(schema.Version)
	if err != nil {
		return nil, fmt.Errorf("version: %w", err)
	}
	block, err := convertBlock(schema.Block)
	if err != nil {
		return nil, err
	}
	return &tfjson.Schema{Version: version, Block: block}, nil
}

func convertAction(action *tfprotov6.ActionSchema) (*tfjson.ActionSchema, error) {
	schema, err := convertSchema(action.Schema)
	if err != nil {
		return nil, err
	}
	return &tfjson.ActionSchema{Block: schema.Block}, nil
}

func convertBlock(block *tfprotov6.SchemaBlock) (*tfjson.SchemaBlock, error) {
	if block == nil {
		return &tfjson.SchemaBlock{DescriptionKind: tfjson.SchemaDescriptionKindPlain}, nil
	}

	attributes, err := convertAttributes(block.Attributes)
	if err != nil {
		return nil, err
	}
	result := &tfjson.SchemaBlock{
		Attributes:      attributes,
		Description:     block.Description,
		DescriptionKind: convertKind(block.DescriptionKind),
		Deprecated:      block.Deprecated,
	}

	for _, nested := range block.BlockTypes {
		converted, err := convertNestedBlock(nested)
		if err != nil {
			return nil, fmt.Errorf("block %s: %w", nested.TypeName, err)
		}
		if result.NestedBlocks == nil {
			result.NestedBlocks = make(map[string]*tfjson.SchemaBlockType, len(block.BlockTypes))
		}
		result.NestedBlocks[nested.TypeName] = converted
	}
	return result, nil
}

func convertNestedBlock(nested *tfprotov6.SchemaNestedBlock) (*tfjson.SchemaBlockType, error) {
	mode, err := convertBlockNesting(nested.Nesting)
	if err != nil {
		return nil, err
	}
	minItems, err := unsigned(nested.MinItems)
	if err != nil {
		return nil, fmt.Errorf("minimum of items: %w", err)
	}
	maxItems, err := unsigned(nested.MaxItems)
	if err != nil {
		return nil, fmt.Errorf("maximum of items: %w", err)
	}
	block, err := convertBlock(nested.Block)
	if err != nil {
		return nil, err
	}
	return &tfjson.SchemaBlockType{NestingMode: mode, Block: block, MinItems: minItems, MaxItems: maxItems}, nil
}

func convertAttributes(attributes []*tfprotov6.SchemaAttribute) (map[string]*tfjson.SchemaAttribute, error) {
	if len(attributes) == 0 {
		return nil, nil
	}
	result := make(map[string]*tfjson.SchemaAttribute, len(attributes))
	for _, attribute := range attributes {
		converted, err := convertAttribute(attribute)
		if err != nil {
			return nil, fmt.Errorf("attribute %s: %w", attribute.Name, err)
		}
		result[attribute.Name] = converted
	}
	return result, nil
}

func convertAttribute(attribute *tfprotov6.SchemaAttribute) (*tfjson.SchemaAttribute, error) {
	result := &tfjson.SchemaAttribute{
		Description:     attribute.Description,
		DescriptionKind: convertKind(attribute.DescriptionKind),
		Deprecated:      attribute.Deprecated,
		Required:        attribute.Required,
		Optional:        attribute.Optional,
		Computed:        attribute.Computed,
		Sensitive:       attribute.Sensitive,
		WriteOnly:       attribute.WriteOnly,
	}

	if attribute.NestedType == nil {
		var err error
		result.AttributeType, err = convertType(attribute.Type)
		return result, err
	}

	mode, err := convertObjectNesting(attribute.NestedType.Nesting)
	if err != nil {
		return nil, err
	}
	attributes, err := convertAttributes(attribute.NestedType.Attributes)
	if err != nil {
		return nil, err
	}
	result.AttributeNestedType = &tfjson.SchemaNestedAttributeType{Attributes: attributes, NestingMode: mode}
	return result, nil
}

func convertIdentity(identity *tfprotov6.ResourceIdentitySchema) (*tfjson.IdentitySchema, error) {
	version, err := unsigned(identity.Version)
	if err != nil {
		return nil, fmt.Errorf("version: %w", err)
	}
	result := &tfjson.IdentitySchema{
		Version:    version,
		Attributes: make(map[string]*tfjson.IdentityAttribute, len(identity.IdentityAttributes)),
	}
	for _, attribute := range identity.IdentityAttributes {
		attributeType, err := convertType(attribute.Type)
		if err != nil {
			return nil, fmt.Errorf("attribute %s: %w", attribute.Name, err)
		}
		result.Attributes[attribute.Name] = &tfjson.IdentityAttribute{
			IdentityType:      attributeType,
			Description:       attribute.Description,
			RequiredForImport: attribute.RequiredForImport,
			OptionalForImport: attribute.OptionalForImport,
		}
	}
	return result, nil
}

func convertFunction(function *tfprotov6.Function) (*tfjson.FunctionSignature, error) {
	if function.Return == nil {
		return nil, errors.New("no return type")
	}
	returnType, err := convertType(function.Return.Type)
	if err != nil {
		return nil, fmt.Errorf("return type: %w", err)
	}
	result := &tfjson.FunctionSignature{
		Description:        function.Description,
		Summary:            function.Summary,
		DeprecationMessage: function.DeprecationMessage,
		ReturnType:         returnType,
	}
	for _, parameter := range function.Parameters {
		converted, err := convertParameter(parameter)
		if err != nil {
			return nil, err
		}
		result.Parameters = append(result.Parameters, converted)
	}
	if function.VariadicParameter != nil {
		if result.VariadicParameter, err = convertParameter(function.VariadicParameter); err != nil {
			return nil, err
		}
	}
	return result, nil
}

func convertParameter(parameter *tfprotov6.FunctionParameter) (*tfjson.FunctionParameter, error) {
	parameterType, err := convertType(parameter.Type)
	if err != nil {
		return nil, fmt.Errorf("parameter %s: %w", parameter.Name, err)
	}
	return &tfjson.FunctionParameter{
		Name:        parameter.Name,
		Description: parameter.Description,
		IsNullable:  parameter.AllowNullValue,
		Type:        parameterType,
	}, nil
}

// convertType goes through the JSON spelling of a type, which both libraries share.
func convertType(from tftypes.Type) (cty.Type, error) {
	if from == nil {
		return cty.NilType, errors.New("no type")
	}
	text, err := json.Marshal(from)
	if err != nil {
		return cty.NilType, fmt.Errorf("encoding type %s: %w", from, err)
	}
	var to cty.Type
	if err := json.Unmarshal(text, &to); err != nil {
		return cty.NilType, fmt.Errorf("decoding type %s: %w", text, err)
	}
	return to, nil
}

func convertKind(kind tfprotov6.StringKind) tfjson.SchemaDescriptionKind {
	if kind == tfprotov6.StringKindMarkdown {
		return tfjson.SchemaDescriptionKindMarkdown
	}
	return tfjson.SchemaDescriptionKindPlain
}

func convertObjectNesting(mode tfprotov6.SchemaObjectNestingMode) (tfjson.SchemaNestingMode, error) {
	switch mode {
	case tfprotov6.SchemaObjectNestingModeSingle:
		return tfjson.SchemaNestingModeSingle, nil
	case tfprotov6.SchemaObjectNestingModeList:
		return tfjson.SchemaNestingModeList, nil
	case tfprotov6.SchemaObjectNestingModeSet:
		return tfjson.SchemaNestingModeSet, nil
	case tfprotov6.SchemaObjectNestingModeMap:
		return tfjson.SchemaNestingModeMap, nil
	default:
		return "", fmt.Errorf("nesting mode %s of a nested attribute", mode)
	}
}

func convertBlockNesting(mode tfprotov6.SchemaNestedBlockNestingMode) (tfjson.SchemaNestingMode, error) {
	switch mode {
	case tfprotov6.SchemaNestedBlockNestingModeSingle:
		return tfjson.SchemaNestingModeSingle, nil
	case tfprotov6.SchemaNestedBlockNestingModeList:
		return tfjson.SchemaNestingModeList, nil
	case tfprotov6.SchemaNestedBlockNestingModeSet:
		return tfjson.SchemaNestingModeSet, nil
	case tfprotov6.SchemaNestedBlockNestingModeMap:
		return tfjson.SchemaNestingModeMap, nil
	case tfprotov6.SchemaNestedBlockNestingModeGroup:
		return tfjson.SchemaNestingModeGroup, nil
	default:
		return "", fmt.Errorf("nesting mode %s of a block", mode)
	}
}

// unsigned guards the counts and versions that the protocol carries signed and the JSON does not.
func unsigned(n int64) (uint64, error) {
	if n < 0 {
		return 0, fmt.Errorf("%d is negative", n)
	}
	return uint64(n), nil
}

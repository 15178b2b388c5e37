package control

import (
	_ "embed"
	"slices"
)

// TenantSchemaID is the schema's $id, at which it can be found.
const TenantSchemaID = "https://raw.githubusercontent.com/mfa-as-code/terraform-provider-entramfa/main/internal/emulator/control/tenant.schema.json"

//go:embed tenant.schema.json
var tenantSchema []byte

// TenantSchema is the JSON Schema (2020-12) of a tenant file. What fits it is refused only for what a schema cannot say:
// identifiers and names that stand twice, members, locations, strengths and roles that do not exist, ranges that are none, methods of a
// campaign that differ.
func TenantSchema() []byte { return slices.Clone(tenantSchema) }

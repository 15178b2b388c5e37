package locations

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework-validators/datasourcevalidator"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/resourcekit"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/value"
)

// locationDataSource finds a named location of a kind by id or name, and is embedded by the data source of that kind.
type locationDataSource struct {
	resourcekit.DataSource[run, *run]
	kind locationKind
}

// withKeys adds the attributes by which a location is found to those of its kind.
func (d *locationDataSource) withKeys(attributes map[string]schema.Attribute) map[string]schema.Attribute {
	attributes["id"] = schema.StringAttribute{
		Optional: true, Computed: true,
		MarkdownDescription: "The id of the location, a GUID. Exactly one of `id` and `display_name` must be set; the other is computed.",
		Validators:          []validator.String{value.GUIDValidator()},
	}
	attributes["display_name"] = schema.StringAttribute{
		Optional: true, Computed: true,
		MarkdownDescription: "The name of the location, compared without case. Exactly one of `id` and `display_name` must be set; the other is computed. " +
			"Names are not unique: one that several locations have is an error that lists their ids.",
		Validators: []validator.String{locationNameValidator()},
	}
	return attributes
}

func (d *locationDataSource) ConfigValidators(context.Context) []datasource.ConfigValidator {
	return []datasource.ConfigValidator{datasourcevalidator.ExactlyOneOf(path.MatchRoot("id"), path.MatchRoot("display_name"))}
}

// find finds the location by the one of id and name that is set.
func (d *locationDataSource) find(ctx context.Context, id, name types.String, diags *diag.Diagnostics) client.NamedLocation {
	key, at := id, path.Root("id")
	if key.IsNull() {
		key, at = name, path.Root("display_name")
	}
	return d.Data.findLocation(ctx, key.ValueString(), d.kind, at, diags)
}

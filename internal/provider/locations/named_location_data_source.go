package locations

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/datasource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/resourcekit"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/value"
)

// locationKeys are the attributes that every data source of a named location has, and are embedded by its model.
type locationKeys struct {
	ID          types.String `tfsdk:"id"`
	DisplayName types.String `tfsdk:"display_name"`

	Timeouts timeouts.Value `tfsdk:"timeouts"`
}

func (k *locationKeys) keys() *locationKeys { return k }

// locationDataModel is the model of a data source of a named location.
type locationDataModel[M any] interface {
	*M
	keys() *locationKeys
	// fill takes over the contents that were read.
	fill(location client.NamedLocation)
}

// locationDataSource finds a named location of a kind by id or name, and is embedded by the data source of that kind.
type locationDataSource[M any, P locationDataModel[M]] struct {
	resourcekit.DataSource[run, *run]
	limits resourcekit.TimeLimits
	kind   locationKind
}

// withKeys adds the attributes by which a location is found to those of its kind.
func (d *locationDataSource[M, P]) withKeys(attributes map[string]schema.Attribute) map[string]schema.Attribute {
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

func (d *locationDataSource[M, P]) ConfigValidators(context.Context) []datasource.ConfigValidator {
	return resourcekit.IDOrDisplayName()
}

// Read finds the location by the one of id and name that is set.
func (d *locationDataSource[M, P]) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	model := P(new(M))
	resp.Diagnostics.Append(req.Config.Get(ctx, model)...)
	if resp.Diagnostics.HasError() || !d.Data.Configured(&resp.Diagnostics) {
		return
	}
	keys := model.keys()
	ctx, end := d.limits.Within(ctx, resourcekit.Read, keys.Timeouts.Object)
	defer end()
	key, at := resourcekit.ChosenKey(keys.ID, keys.DisplayName)
	location := d.Data.findLocation(ctx, key, d.kind, at, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	keys.ID, keys.DisplayName = value.KeepSpelling(keys.ID, location.ID), value.KeepSpelling(keys.DisplayName, location.DisplayName)
	model.fill(location)
	resp.Diagnostics.Append(resp.State.Set(ctx, model)...)
}

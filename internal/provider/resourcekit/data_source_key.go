package resourcekit

import (
	"github.com/hashicorp/terraform-plugin-framework-validators/datasourcevalidator"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// IDOrDisplayName are the validators of a data source that finds an object by exactly one of id and display_name.
func IDOrDisplayName() []datasource.ConfigValidator {
	return []datasource.ConfigValidator{datasourcevalidator.ExactlyOneOf(path.MatchRoot("id"), path.MatchRoot("display_name"))}
}

// ChosenKey is the one of id and display_name that is set, and where it stands.
func ChosenKey(id, displayName types.String) (key string, at path.Path) {
	if id.IsNull() {
		return displayName.ValueString(), path.Root("display_name")
	}
	return id.ValueString(), path.Root("id")
}

// Package peruser manages the per-user MFA states of users, one by one and many at a time, and has the functions that read such states from
// files and judge their transitions.
package peruser

import (
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/function"
	"github.com/hashicorp/terraform-plugin-framework/list"
	"github.com/hashicorp/terraform-plugin-framework/resource"
)

// Resources are the resources of this area.
func Resources() []func() resource.Resource {
	return []func() resource.Resource{newUserMFAStateResource, newUserMFAStatesResource}
}

// DataSources are the data sources of this area.
func DataSources() []func() datasource.DataSource {
	return []func() datasource.DataSource{newUserMFAStateDataSource, newUserMFAStatesDataSource}
}

// ListResources are the list resources of this area.
func ListResources() []func() list.ListResource {
	return []func() list.ListResource{newUserMFAStateListResource}
}

// Functions are the functions of this area.
func Functions() []func() function.Function {
	return []func() function.Function{newUsersFromCSVFunction, newMFATransitionFunction}
}

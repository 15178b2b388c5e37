// Package tenant reads which tenant the provider is signed in to.
package tenant

import "github.com/hashicorp/terraform-plugin-framework/datasource"

// DataSources are the data sources of this area.
func DataSources() []func() datasource.DataSource {
	return []func() datasource.DataSource{newTenantDataSource}
}

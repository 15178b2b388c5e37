// Package campaign manages the registration campaign of the tenant: who is asked to register a method, and until when.
package campaign

import (
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/resource"
)

// Resources are the resources of this area.
func Resources() []func() resource.Resource {
	return []func() resource.Resource{newRegistrationPolicyResource}
}

// DataSources are the data sources of this area.
func DataSources() []func() datasource.DataSource {
	return []func() datasource.DataSource{newRegistrationPolicyDataSource}
}

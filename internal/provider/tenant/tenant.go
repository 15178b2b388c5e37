// Package tenant reads which tenant the provider is signed in to.
package tenant

import (
	"github.com/hashicorp/terraform-plugin-framework/datasource"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/resourcekit"
)

// Area is what the provider offers of it.
func Area() resourcekit.Area {
	return resourcekit.Area{
		DataSources: []func() datasource.DataSource{newTenantDataSource},
	}
}

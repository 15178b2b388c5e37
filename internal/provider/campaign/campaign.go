// Package campaign manages the registration campaign of the tenant: who is asked to register a method, and until when.
package campaign

import (
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/resource"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/resourcekit"
)

// Area is what the provider offers of it.
func Area() resourcekit.Area {
	return resourcekit.Area{
		Resources:   []func() resource.Resource{newRegistrationPolicyResource},
		DataSources: []func() datasource.DataSource{newRegistrationPolicyDataSource},
	}
}

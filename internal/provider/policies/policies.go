// Package policies manages Conditional Access policies and the authentication strengths that they ask for.
package policies

import (
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/list"
	"github.com/hashicorp/terraform-plugin-framework/resource"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/resourcekit"
)

// Area is what the provider offers of it.
func Area() resourcekit.Area {
	return resourcekit.Area{
		Resources:     []func() resource.Resource{newPolicyResource, newStrengthResource},
		DataSources:   []func() datasource.DataSource{newPolicyDataSource, newPoliciesDataSource, newStrengthDataSource, newStrengthsDataSource, newTemplateDataSource},
		ListResources: []func() list.ListResource{newPolicyListResource, newStrengthListResource},
	}
}

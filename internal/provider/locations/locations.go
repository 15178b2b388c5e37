// Package locations manages named locations: the ranges that Conditional Access trusts, what the tenant trusts altogether, and the functions
// that calculate with ranges.
package locations

import (
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/function"
	"github.com/hashicorp/terraform-plugin-framework/list"
	"github.com/hashicorp/terraform-plugin-framework/resource"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/resourcekit"
)

// Area is what the provider offers of it.
func Area() resourcekit.Area {
	return resourcekit.Area{
		Resources:     []func() resource.Resource{newTrustedIPsResource, newTrustedIPRangeResource, newCountryLocationResource},
		DataSources:   []func() datasource.DataSource{newTrustedIPsDataSource, newTrustedIPRangesDataSource, newCountryLocationDataSource},
		ListResources: []func() list.ListResource{newTrustedIPsListResource, newCountryLocationListResource},
		Functions:     []func() function.Function{newNormalizeIPRangesFunction, newMergeIPRangesFunction, newIPRangesCoverFunction, newIPRangesSizeFunction, newIPRangesFromTextFunction},
	}
}

// Package locations manages named locations: the ranges that Conditional Access trusts, what the tenant trusts altogether, and the functions
// that calculate with ranges.
package locations

import (
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/function"
	"github.com/hashicorp/terraform-plugin-framework/list"
	"github.com/hashicorp/terraform-plugin-framework/resource"
)

// Resources are the resources of this area.
func Resources() []func() resource.Resource {
	return []func() resource.Resource{newTrustedIPsResource}
}

// DataSources are the data sources of this area.
func DataSources() []func() datasource.DataSource {
	return []func() datasource.DataSource{newTrustedIPsDataSource, newTrustedIPRangesDataSource}
}

// ListResources are the list resources of this area.
func ListResources() []func() list.ListResource {
	return []func() list.ListResource{newTrustedIPsListResource}
}

// Functions are the functions of this area.
func Functions() []func() function.Function {
	return []func() function.Function{newNormalizeIPRangesFunction, newMergeIPRangesFunction, newIPRangesCoverFunction, newIPRangesSizeFunction, newIPRangesFromTextFunction}
}

package resourcekit

import (
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/function"
	"github.com/hashicorp/terraform-plugin-framework/list"
	"github.com/hashicorp/terraform-plugin-framework/resource"
)

// Area is what one area adds to the provider. A provider is made of areas, and a test of an area makes one of that area alone.
type Area struct {
	Resources     []func() resource.Resource
	DataSources   []func() datasource.DataSource
	ListResources []func() list.ListResource
	Functions     []func() function.Function
}

// Package provider puts the provider together: the areas, and the server that serves them.
package provider

import (
	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/campaign"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/coverage"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/locations"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/peruser"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/policies"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/resourcekit"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/server"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/tenant"
)

// areas are all that the provider has. A new area is a line here.
func areas() []resourcekit.Area {
	return []resourcekit.Area{peruser.Area(), campaign.Area(), locations.Area(), policies.Area(), coverage.Area(), tenant.Area()}
}

// New returns the constructor of the provider.
func New(version string, options ...server.Option) func() provider.Provider {
	return server.New(version, areas(), options...)
}

// NewServer returns the constructor of what main serves.
func NewServer(version string, options ...server.Option) func() tfprotov6.ProviderServer {
	return server.NewServer(version, areas(), options...)
}

// Serve serves the provider to a CLI until that ends it.
func Serve(version, address string, debug bool) error {
	return server.Serve(server.NewServer(version, areas()), address, debug)
}

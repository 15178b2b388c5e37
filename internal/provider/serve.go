package provider

import (
	"os"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6/tf6server"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client"
)

// serve serves a provider to a CLI until that ends it.
func serve(constructor func() tfprotov6.ProviderServer, address string, debug bool) error {
	client.FilterLibraryLogs(os.Stderr, os.Getenv)
	var options []tf6server.ServeOpt
	if debug {
		options = append(options, tf6server.WithManagedDebug())
	}
	return tf6server.Serve(address, constructor, options...)
}

package provider

import (
	"os"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6/tf6server"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client"
)

// Serve serves the provider to a CLI until that ends it.
func Serve(version, address string, debug bool) error {
	client.FilterLibraryLogs(os.Stderr, os.Getenv)
	var options []tf6server.ServeOpt
	if debug {
		options = append(options, tf6server.WithManagedDebug())
	}
	return tf6server.Serve(address, NewServer(version), options...)
}

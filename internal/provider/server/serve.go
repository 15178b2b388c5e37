package server

import (
	"os"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6/tf6server"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client"
)

// Serve serves a provider to a CLI until that ends it.
func Serve(constructor func() tfprotov6.ProviderServer, address string, debug bool) error {
	// With -debug the log goes to where the provider was started, whatever Terraform shows of it.
	if level := FrameworkLogLevel(os.Getenv); level != "" && !debug {
		if err := os.Setenv(FrameworkLogVariable, level); err != nil {
			return err
		}
	}
	client.FilterLibraryLogs(os.Stderr, os.Getenv)
	var options []tf6server.ServeOpt
	if debug {
		options = append(options, tf6server.WithManagedDebug())
	}
	return tf6server.Serve(address, constructor, options...)
}

// Command terraform-provider-entramfa is the Terraform provider for multifactor authentication in Microsoft Entra ID.
package main

import (
	"context"
	"flag"
	"log"
	"os"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider"
)

// version is set by the release build.
var version = "dev"

func main() {
	debug := flag.Bool("debug", false, "serve for a debugger such as delve, and print how to attach Terraform")
	flag.Parse()
	// With -debug the log goes to where the provider was started, whatever Terraform shows of it.
	if level := provider.FrameworkLogLevel(os.Getenv); level != "" && !*debug {
		if err := os.Setenv(provider.FrameworkLogVariable, level); err != nil {
			log.Fatal(err)
		}
	}
	err := providerserver.Serve(context.Background(), provider.New(version), providerserver.ServeOpts{
		Address:         "registry.terraform.io/mfa-as-code/entramfa",
		Debug:           *debug,
		ProtocolVersion: 6,
	})
	if err != nil {
		log.Fatal(err)
	}
}

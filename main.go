// Command terraform-provider-entramfa is the Terraform provider for multifactor authentication in Microsoft Entra ID.
package main

import (
	"flag"
	"log"
	"os"
	"os/signal"
	"syscall"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider"
)

// version is set by the release build.
var version = "dev"

func main() {
	debug := flag.Bool("debug", false, "serve for a debugger such as delve, and print how to attach Terraform")
	flag.Parse()
	if !*debug {
		outliveSIGTERM()
	}
	if err := provider.Serve(version, "registry.terraform.io/mfa-as-code/entramfa", *debug); err != nil {
		log.Fatal(err)
	}
}

// outliveSIGTERM leaves it to the CLI to end the provider. What stops a whole process group, such as timeout(1) or the
// cancel button of a CI system, reaches both: the CLI then lets what is under way come to its end and records it, which
// takes a provider that is still there. go-plugin does the same for SIGINT only. Once the CLI is gone nothing is left to
// wait for.
func outliveSIGTERM() {
	cli := os.Getppid()
	terminations := make(chan os.Signal, 1)
	signal.Notify(terminations, syscall.SIGTERM)
	go func() {
		for range terminations {
			if os.Getppid() != cli {
				os.Exit(1)
			}
		}
	}()
}

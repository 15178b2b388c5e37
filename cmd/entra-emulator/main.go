// Command entra-emulator runs an in-memory Microsoft Entra tenant for trying out Terraform modules without a tenant.
// "entra-emulator --help" explains it.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

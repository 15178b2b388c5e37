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
	ctx, stop := context.WithCancelCause(context.Background())
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() { stop(signalError{<-signals}) }()
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// signalError is why the program stops.
type signalError struct{ os.Signal }

func (s signalError) Error() string { return "stopped by " + s.String() }

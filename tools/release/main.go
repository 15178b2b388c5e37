// Command release does what GoReleaser does not do for a release of this provider, and checks what it did.
//
//	release notes --tag v1.2.3       prints what CHANGELOG.md says of the version, and refuses a tag that is not its newest one
//	release sums --version 1.2.3     writes the checksums of all files that the registries do not ask for
//	release check --version 1.2.3    checks every file of a release, installs it with a real CLI and builds it again
//
// It is run in the root of the repository.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"

	"github.com/mfa-as-code/terraform-provider-entramfa/tools/internal/sandbox"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), sandbox.StopSignals()...)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// command is one of the things that the program does. It defines its flags and returns what to do once they are parsed.
type command func(flags *flag.FlagSet) func(ctx context.Context, stdout io.Writer) error

var commands = map[string]command{"notes": notesCommand, "sums": sumsCommand, "check": checkCommand}

// run is the program; it returns the exit code.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	if len(args) == 0 || commands[args[0]] == nil {
		fmt.Fprintln(stderr, "release: the first argument must be notes, sums or check; each has --help")
		return 2
	}
	flags := flag.NewFlagSet("release "+args[0], flag.ContinueOnError)
	flags.SetOutput(stderr)
	do := commands[args[0]](flags)
	switch err := flags.Parse(args[1:]); {
	case errors.Is(err, flag.ErrHelp):
		return 0
	case err != nil:
		return 2
	case flags.NArg() > 0:
		fmt.Fprintf(stderr, "%s: unexpected argument %q; --help lists the flags\n", flags.Name(), flags.Arg(0))
		return 2
	}
	err := do(ctx, stdout)
	if err == nil {
		return 0
	}
	fmt.Fprintf(stderr, "%s: %s\n", flags.Name(), err)
	var unexpected *sandbox.DeviationError
	if errors.As(err, &unexpected) && unexpected.Output != "" {
		fmt.Fprintf(stderr, "\nThe whole output of `%s`:\n%s\n", unexpected.Command, strings.TrimSpace(sandbox.StripColor(unexpected.Output)))
	}
	return 1
}

// Command demo walks through the main jobs of the provider, with explanations between the steps: it starts the emulator
// with the sample tenant and drives a real Terraform or OpenTofu CLI through init, plan, apply, drift and repair, a range
// that is far too wide, changes that a plan refuses, the registration policy, a Conditional Access policy, and a destroy that gives everything back.
//
// It is a test as much as a tour. Every claim that it prints is checked, by exit codes, by the JSON of `show -json` and
// by what the emulator's control API says about the tenant; the first that does not hold stops it with exit code 1.
// It needs no network, writes nothing outside its work folder, and leaves nothing running.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"

	"github.com/mfa-as-code/terraform-provider-entramfa/tools/internal/sandbox"
)

func main() {
	// A closed pipe, as in `make demo | head`, has to be caught as well: it would end this program on the spot and leave
	// the emulator running.
	ctx, stop := signal.NotifyContext(context.Background(), sandbox.StopSignals()...)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

func parseOptions(args []string, stderr io.Writer) (sandbox.Programs, error) {
	var opts sandbox.Programs
	flags := flag.NewFlagSet("demo", flag.ContinueOnError)
	flags.SetOutput(stderr)
	opts.Define(flags)
	if err := opts.Parse(flags, args); err != nil {
		return opts, err
	}
	return opts, nil
}

// run is the program; it returns the exit code.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	opts, err := parseOptions(args, stderr)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return 0
	case err != nil:
		fmt.Fprintln(stderr, "demo:", err)
		return 2
	}
	screen := newScreen(stdout, wantsColor(stdout, os.LookupEnv))
	summary, err := demonstrate(ctx, opts, screen)
	if err == nil {
		screen.summary("demo: " + summary)
		err = screen.err
	}
	if err == nil {
		return 0
	}

	fmt.Fprintln(stderr)
	if ctx.Err() != nil {
		fmt.Fprintf(stderr, "demo: stopped from outside; nothing is left running (%s)\n", firstLine(err.Error()))
		return 1
	}
	fmt.Fprintf(stderr, "demo: %s\n", err)
	var unexpected *sandbox.DeviationError
	if errors.As(err, &unexpected) && unexpected.Output != "" {
		fmt.Fprintf(stderr, "\nThe whole output of `%s`:\n%s", unexpected.Command, indent(sandbox.StripColor(unexpected.Output)))
	}
	fmt.Fprintln(stderr, "\nNothing is left running."+hint(opts.Work))
	return 1
}

// demonstrate prepares the work folder and makes the steps. Whatever becomes of them, it stops what it has started.
func demonstrate(ctx context.Context, opts sandbox.Programs, screen *screen) (summary string, err error) {
	work, err := sandbox.Prepare(opts.Work, owner, opts.Provider, opts.ProviderVersion)
	if err != nil {
		return "", err
	}
	terraform, err := sandbox.NewCLI(ctx, opts.CLI, work, screen.color)
	if err != nil {
		return "", err
	}
	program := sandbox.NewEmulator(opts.Emulator, work)
	tour := &tour{screen: screen, work: workspace{work}, cli: terraform, emulator: program}
	steps := tour.steps()

	err = tour.walk(ctx, steps)
	if stopErr := program.Stop(); err == nil && stopErr != nil {
		err = stopErr
	}
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%d steps as expected with %s; nothing is left running", len(steps), terraform.Product), nil
}

// hint says what is left of a run that failed.
func hint(dir string) string {
	work, err := sandbox.At(dir, owner)
	if err != nil {
		return ""
	}
	return work.Hint()
}

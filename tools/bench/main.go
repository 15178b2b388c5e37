// Command bench measures what the provider costs: it runs a real Terraform or OpenTofu CLI against the emulator, which
// answers each request as late as Microsoft Graph does and has the documented limits on, and compares the figures with
// bounds. It prints a table, writes the same as JSON, and ends with exit code 1 unless every bound holds.
//
// Runs that are compared are taken in turn (A B A B A B), so that other work on the machine hits both, and their medians
// are compared. Nothing is measured anew because it does not fit. It needs no network, writes nothing outside its work
// folder and the file of --out, and leaves nothing running.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"regexp"
	"time"

	"github.com/mfa-as-code/terraform-provider-entramfa/tools/internal/sandbox"
)

// owner is whom the work folder belongs to.
const owner = "bench"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), sandbox.StopSignals()...)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

type options struct {
	sandbox.Programs
	out     string
	latency time.Duration
	repeat  int
	only    *regexp.Regexp
	quick   bool
}

func parseOptions(args []string, stderr io.Writer) (options, error) {
	var opts options
	var only string
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.SetOutput(stderr)
	opts.Define(flags)
	flags.StringVar(&opts.out, "out", "", "`file` for the figures as JSON (default: none)")
	flags.DurationVar(&opts.latency, "latency", 80*time.Millisecond, "how long Graph takes for an HTTP request")
	flags.IntVar(&opts.repeat, "repeat", 3, "how `often` each thing is measured")
	flags.StringVar(&only, "only", "", "measure the scenarios whose name matches this regular `expression`")
	flags.BoolVar(&opts.quick, "quick", false, "small numbers, to see that everything runs; times and memory are not judged")
	if err := opts.Parse(flags, args); err != nil {
		return opts, err
	}
	switch {
	case opts.latency < 0 || opts.latency%time.Millisecond != 0:
		return opts, fmt.Errorf("--latency %s is not a number of milliseconds", opts.latency)
	case opts.repeat < 1:
		return opts, errors.New("--repeat must be at least 1")
	}
	expression, err := regexp.Compile(only)
	if err != nil {
		return opts, fmt.Errorf("--only: %w", err)
	}
	opts.only = expression
	if !selectsAny(allGroups(), expression) {
		return opts, fmt.Errorf("--only %q matches no scenario; the scenarios are %s", only, scenarioNames(allGroups()))
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
		fmt.Fprintln(stderr, "bench:", err)
		return 2
	}
	found, err := measure(ctx, opts, stderr)
	if err == nil {
		err = publish(found, opts, stdout)
	}
	switch {
	case ctx.Err() != nil:
		fmt.Fprintln(stderr, "\nbench: stopped from outside; nothing is left running")
		return 1
	case err != nil:
		tell(stderr, err)
		if work, workErr := sandbox.At(opts.Work, owner); workErr == nil {
			fmt.Fprintln(stderr, "\nNothing is left running."+work.Hint())
		}
		return 1
	case !found.Holds:
		return 1
	}
	return 0
}

// publish prints the table and writes the file.
func publish(found *report, opts options, stdout io.Writer) error {
	if _, err := io.WriteString(stdout, found.table()); err != nil {
		return fmt.Errorf("printing: %w", err)
	}
	if opts.out == "" {
		return nil
	}
	return found.save(opts.out)
}

// tell prints an error, with the end of the output of the command that is to blame, if one is.
func tell(stderr io.Writer, err error) {
	fmt.Fprintf(stderr, "\nbench: %s\n", err)
	var unexpected *sandbox.DeviationError
	if errors.As(err, &unexpected) && unexpected.Output != "" {
		fmt.Fprintf(stderr, "\nThe end of the output of `%s`:\n%s\n", unexpected.Command, lastLines(sandbox.StripColor(unexpected.Output), 40))
	}
}

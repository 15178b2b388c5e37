package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/pflag"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
)

// version is set by the linker in releases.
var version = ""

// Exit codes.
const (
	exitOK    = 0
	exitError = 1 // could not start, or did not stop cleanly
	exitUsage = 2 // the command line makes no sense
)

// gracePeriod is how long requests under way may take after a signal to stop.
const gracePeriod = 5 * time.Second

const introduction = `entra-emulator is an in-memory Microsoft Entra tenant behind HTTPS: sign-in and the parts of
Microsoft Graph that the entramfa Terraform provider uses, with users, groups, registered
authentication methods, per-user MFA states, the authentication methods policy with its
registration campaign, named locations and Conditional Access policies. It lets you try a
module, or test one in a pipeline, without a tenant. Everything is lost when it stops.

It is a stand-in for tests, never for production: whoever can reach it can change everything
in it. It therefore listens on the loopback interface only, unless told otherwise.

Usage:
  entra-emulator [flags]

Examples:
  # The sample tenant contoso.example, with the provider's variables in a file
  entra-emulator --sample-tenant --env-file emulator.env &
  . ./emulator.env
  terraform plan

  # A tenant of your own, slow and inconsistent like the real one
  entra-emulator --tenant-file tenant.json --latency 200ms --replica-lag 3s --documented-throttling

  # What can be changed while it runs: users, states, faults, the request log ...
  curl --cacert entra-emulator-ca.pem https://127.0.0.1:8443/_emulator/

Flags:
`

const outro = `
Environment variables for the provider (--env-file, --print-env):
  ARM_TENANT_ID, ARM_CLIENT_ID, ARM_CLIENT_SECRET, ENTRAMFA_GRAPH_ENDPOINT,
  ENTRAMFA_AUTHORITY_HOST, ENTRAMFA_CA_BUNDLE_PATH
`

type options struct {
	listen       string
	tenantFile   string
	sampleTenant bool
	caFile       string
	envFile      string
	printEnv     bool
	app          string
	latency      time.Duration
	replicaLag   time.Duration
	throttle     float64
	documented   bool
	logRequests  bool
	allowRemote  bool
	version      bool
	help         bool
}

func flagSet(opts *options) *pflag.FlagSet {
	flags := pflag.NewFlagSet("entra-emulator", pflag.ContinueOnError)
	flags.SortFlags = false
	flags.Usage = func() {}
	flags.StringVar(&opts.listen, "listen", "127.0.0.1:8443", "`host:port` to listen on; port 0 takes a free one")
	flags.StringVar(&opts.tenantFile, "tenant-file", "", "begin with the tenant in this JSON `file` (default: an empty tenant)")
	flags.BoolVar(&opts.sampleTenant, "sample-tenant", false, "begin with the built-in tenant contoso.example")
	flags.StringVar(&opts.caFile, "ca-file", "entra-emulator-ca.pem", "`file` to write the CA certificate to, for clients to trust")
	flags.StringVar(&opts.envFile, "env-file", "", "`file` to write the provider's variables to, once listening")
	flags.BoolVar(&opts.printEnv, "print-env", false, "print the provider's variables to standard output, once listening")
	flags.StringVar(&opts.app, "app", "", "app that the variables sign in as, by client `id or name` (default: the tenant's first)")
	flags.DurationVar(&opts.latency, "latency", 0, "delay of every Graph request, such as 200ms")
	flags.DurationVar(&opts.replicaLag, "replica-lag", 0, "how long reads still see what was before a write, such as 3s")
	flags.Float64Var(&opts.throttle, "throttle", 0, "Graph requests per `second` before 429 (0 is without limit)")
	flags.BoolVar(&opts.documented, "documented-throttling", false,
		"the documented limits, by app and by tenant: 1 Conditional Access request per second for all apps together, refused\n"+
			"without Retry-After; 5 reports in 10 seconds; resource units by the number of users, and writes, for the rest.\n"+
			"How authentication methods and requirements count is not documented; here they count with the rest")
	flags.BoolVar(&opts.logRequests, "log-requests", false, "log every request to standard error")
	flags.BoolVar(&opts.allowRemote, "allow-remote", false, "permit --listen with an address that other machines can reach")
	flags.BoolVar(&opts.version, "version", false, "print the version and exit")
	flags.BoolVarP(&opts.help, "help", "h", false, "print this text and exit")
	return flags
}

// run is the program: it serves until ctx ends and returns the exit code. Only what was asked for goes to stdout.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	opts := &options{}
	flags := flagSet(opts)
	fail := func(code int, err error) int {
		fmt.Fprintln(stderr, "entra-emulator: "+err.Error())
		return code
	}
	if err := flags.Parse(args); err != nil {
		return fail(exitUsage, fmt.Errorf("%w; --help lists the flags", err))
	}
	switch {
	case opts.help:
		fmt.Fprint(stdout, introduction+flags.FlagUsages()+outro)
		return exitOK
	case opts.version:
		fmt.Fprintln(stdout, "entra-emulator "+buildVersion())
		return exitOK
	}
	if err := opts.check(flags); err != nil {
		return fail(exitUsage, err)
	}
	if err := serve(ctx, opts, stdout, stderr); err != nil {
		return fail(exitError, err)
	}
	return exitOK
}

func (o *options) check(flags *pflag.FlagSet) error {
	switch {
	case flags.NArg() > 0:
		return fmt.Errorf("unexpected argument %q; --help lists the flags", flags.Arg(0))
	case o.tenantFile != "" && o.sampleTenant:
		return errors.New("--tenant-file and --sample-tenant exclude each other; leave one out")
	case o.latency < 0 || o.replicaLag < 0 || o.throttle < 0:
		return errors.New("--latency, --replica-lag and --throttle must not be negative")
	case o.caFile == "":
		return errors.New("--ca-file must name a file, as clients need the CA certificate")
	}
	return nil
}

func buildVersion() string {
	if version != "" {
		return version
	}
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "(devel)"
}

func serve(ctx context.Context, opts *options, stdout, stderr io.Writer) (err error) {
	tenant, err := opts.tenant()
	if err != nil {
		return err
	}
	app, err := opts.chosenApp(tenant)
	if err != nil {
		return err
	}
	level := slog.LevelInfo
	if opts.logRequests {
		level = slog.LevelDebug
	}
	server, err := emulator.Start(emulator.Config{
		Address:     opts.listen,
		AllowRemote: opts.allowRemote,
		Tenant:      tenant,
		Behavior:    opts.behavior(),
		Logger:      slog.New(slog.NewTextHandler(stderr, &slog.HandlerOptions{Level: level})),
	})
	if err != nil {
		return opts.explain(err)
	}
	defer func() {
		grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), gracePeriod)
		defer cancel()
		if closeErr := server.Close(grace); err == nil && closeErr != nil {
			err = fmt.Errorf("stopping: %w", closeErr)
		}
	}()
	caPath, err := filepath.Abs(opts.caFile)
	if err != nil {
		return fmt.Errorf("--ca-file: %w", err)
	}
	if err := replaceFile(caPath, server.CAPEM(), 0o644); err != nil {
		return fmt.Errorf("--ca-file: %w", err)
	}
	if opts.envFile != "" || opts.printEnv {
		lines, err := environment(server, *app, caPath)
		if err != nil {
			return err
		}
		if opts.envFile != "" {
			if err := replaceFile(opts.envFile, lines, 0o600); err != nil {
				return fmt.Errorf("--env-file: %w", err)
			}
		}
		if opts.printEnv {
			if _, err := stdout.Write(lines); err != nil {
				return fmt.Errorf("--print-env: %w", err)
			}
		}
	}
	fmt.Fprintf(stderr, "entra-emulator: serving %s, CA certificate in %s; stop with Ctrl-C\n", server.URL(), caPath)
	<-ctx.Done()
	return nil
}

func (o *options) tenant() (*emulator.Tenant, error) {
	switch {
	case o.sampleTenant:
		return emulator.SampleTenant(), nil
	case o.tenantFile == "":
		return &emulator.Tenant{}, nil
	}
	file, err := os.Open(o.tenantFile)
	if err != nil {
		return nil, fmt.Errorf("--tenant-file: %w", err)
	}
	defer file.Close()
	tenant, err := emulator.LoadTenant(file)
	if err != nil {
		return nil, fmt.Errorf("--tenant-file %s: %w", o.tenantFile, err)
	}
	return tenant, nil
}

// chosenApp is the app of the variables, or nil when none are asked for.
func (o *options) chosenApp(tenant *emulator.Tenant) (*emulator.App, error) {
	for i := range tenant.Apps {
		app := &tenant.Apps[i]
		if o.app == "" || strings.EqualFold(o.app, app.ClientID) || o.app == app.DisplayName {
			return app, nil
		}
	}
	switch {
	case o.app != "":
		var names []string
		for _, app := range tenant.Apps {
			names = append(names, fmt.Sprintf("%s (%s)", app.ClientID, app.DisplayName))
		}
		return nil, fmt.Errorf("--app: the tenant has no app %q; its apps: %s", o.app, strings.Join(append(names, "and no other"), ", "))
	case o.envFile != "" || o.printEnv:
		return nil, errors.New("--env-file and --print-env need a tenant with an app to sign in as; " +
			"use --sample-tenant or a --tenant-file with apps")
	}
	return nil, nil
}

func (o *options) behavior() control.Behavior {
	behavior := control.Behavior{
		LatencyMs: int(o.latency.Milliseconds()),
		ReplicaLag: control.ReplicaLag{
			DurationMs: int(o.replicaLag.Milliseconds()), LagCreates: true, LagDeletes: true, LagChecks: true,
		},
	}
	if o.documented {
		behavior.Throttle = control.DocumentedThrottling()
	}
	if o.throttle > 0 {
		behavior.Throttle = append(behavior.Throttle, control.Throttle{
			Scope: control.ScopeTenant, RequestsPerSecond: o.throttle, Burst: max(1, int(o.throttle)), RetryAfter: "auto",
		})
	}
	return behavior
}

// explain adds the way out to a failure to start.
func (o *options) explain(err error) error {
	var address *net.AddrError
	switch {
	case errors.Is(err, emulator.ErrRemoteAddress):
		return fmt.Errorf("--listen %s is not a loopback address: whoever reaches it could read and change the tenant; "+
			"use 127.0.0.1, or add --allow-remote if that is what you want", o.listen)
	case errors.Is(err, syscall.EADDRINUSE):
		return fmt.Errorf("--listen %s: the port is in use by another program; choose another one, or port 0 for a free one", o.listen)
	case errors.Is(err, syscall.EACCES):
		return fmt.Errorf("--listen %s: not permitted; choose a port above 1023, or port 0 for a free one", o.listen)
	case errors.As(err, &address):
		return fmt.Errorf("--listen %s: %w; it must be host:port, such as 127.0.0.1:8443", o.listen, err)
	}
	return err
}

func environment(server *emulator.Server, app emulator.App, caPath string) ([]byte, error) {
	variables, err := server.Env(app, caPath)
	if err != nil {
		return nil, fmt.Errorf("--env-file, --print-env: %w; choose another app with --app", err)
	}
	var lines bytes.Buffer
	for _, variable := range variables {
		lines.WriteString(variable.Export() + "\n")
	}
	return lines.Bytes(), nil
}

// replaceFile writes a file in one step, so that nobody reads half of it, and with the mode whatever was there before.
func replaceFile(path string, content []byte, mode os.FileMode) error {
	file, err := os.CreateTemp(filepath.Dir(path), ".entra-emulator-*")
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(file.Name()) }() // gone already after the rename
	if _, err := file.Write(content); err != nil {
		_ = file.Close()
		return err
	}
	if err := file.Chmod(mode); err != nil {
		_ = file.Close()
		return err
	}
	if err := file.Close(); err != nil {
		return err
	}
	return os.Rename(file.Name(), path)
}

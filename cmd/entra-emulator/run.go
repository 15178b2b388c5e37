package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"slices"
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

// commandGracePeriod is how long a command may take to end after a signal to stop: Terraform finishes what is under way.
const commandGracePeriod = time.Minute

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
  entra-emulator [flags]                         serve until stopped
  entra-emulator [flags] -- command [argument]   run a command against the tenant, and stop with it

A command is run only once the tenant is served, on a free port of its own. It does not see what the
shell says about tenants and identities (ARM_*, AZURE_*, ENTRAMFA_* and the like), and neither the
Azure CLI nor a managed or federated identity stands in for the emulator's, so that it does not
reach a real tenant, unless the configuration itself names the address of one.

Examples:
  # The tests of a module, on the sample tenant contoso.example
  entra-emulator --sample-tenant -- terraform test

  # A configuration, planned and applied; or a shell, to look around
  entra-emulator --sample-tenant -- terraform apply
  entra-emulator --sample-tenant -- sh

  # A tenant of your own: begin with the sample, and check what you wrote
  entra-emulator --print-sample-tenant > tenant.json
  entra-emulator --tenant-file tenant.json --check

  # Serve it, slow and inconsistent like a real one, with the provider's variables in a file
  entra-emulator --tenant-file tenant.json --latency 200ms --replica-lag 3s --documented-throttling --env-file emulator.env

  # What can be changed while it runs: users, states, faults, the request log ...
  curl --cacert entra-emulator-ca.pem https://127.0.0.1:8443/_emulator/

Flags:
`

const outro = `
Environment variables for the provider (--env-file, --print-env, and those of a command):
  ARM_TENANT_ID, ARM_CLIENT_ID, ARM_CLIENT_SECRET, ENTRAMFA_GRAPH_ENDPOINT,
  ENTRAMFA_AUTHORITY_HOST, ENTRAMFA_CA_BUNDLE_PATH, and false for ARM_USE_CLI, ARM_USE_MSI,
  ARM_USE_OIDC and ARM_USE_AKS_WORKLOAD_IDENTITY. Others that the shell has are unset.

Exit codes: 0 after a signal to stop, that of the command if there is one, 1 if it could not start
or stop, 2 if the command line makes no sense.
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
	names        []string
	check        bool
	printSample  bool
	printSchema  bool
	version      bool
	help         bool

	// command is what stands after --; temporaryCA says that its CA file is nobody else's.
	command     []string
	temporaryCA bool
	// scratch is a folder for as long as the command runs.
	scratch string
}

func flagSet(opts *options) *pflag.FlagSet {
	flags := pflag.NewFlagSet("entra-emulator", pflag.ContinueOnError)
	flags.SortFlags = false
	flags.Usage = func() {}
	flags.StringVar(&opts.listen, "listen", "127.0.0.1:8443", "`host:port` to listen on; port 0 takes a free one,\nas does a command without this flag")
	flags.StringVar(&opts.tenantFile, "tenant-file", "", "begin with the tenant in this JSON `file` (default: an empty tenant)")
	flags.BoolVar(&opts.sampleTenant, "sample-tenant", false, "begin with the built-in tenant contoso.example")
	flags.StringVar(&opts.caFile, "ca-file", "entra-emulator-ca.pem", "`file` to write the CA certificate to, for clients to trust;\na command without this flag gets a temporary one")
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
	flags.StringSliceVar(&opts.names, "name", nil, "further `name` by which clients address the emulator, such as that of a container;\nits certificate is good for it, and the control API accepts it; can be repeated")
	flags.BoolVar(&opts.check, "check", false, "check the flags and the tenant file, and exit without serving")
	flags.BoolVar(&opts.printSample, "print-sample-tenant", false, "print the sample tenant as a tenant file, and exit")
	flags.BoolVar(&opts.printSchema, "print-tenant-schema", false, "print the JSON Schema of a tenant file, and exit")
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
	case opts.printSchema:
		_, _ = stdout.Write(control.TenantSchema())
		return exitOK
	case opts.printSample:
		if err := printSample(stdout); err != nil {
			return fail(exitError, err)
		}
		return exitOK
	}
	if err := opts.takeArguments(flags); err != nil {
		return fail(exitUsage, err)
	}
	if err := opts.validate(); err != nil {
		return fail(exitUsage, err)
	}
	code, err := serve(ctx, opts, stdout, stderr)
	if err != nil {
		return fail(exitError, err)
	}
	return code
}

func printSample(w io.Writer) error {
	sample := emulator.SampleTenant()
	sample.Schema = control.TenantSchemaID
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false) // a ' in a name would be hard to read
	encoder.SetIndent("", "  ")
	return encoder.Encode(sample)
}

// takeArguments takes the command, which stands after --, and nothing else.
func (o *options) takeArguments(flags *pflag.FlagSet) error {
	arguments, dash := flags.Args(), flags.ArgsLenAtDash()
	switch {
	case len(arguments) > 0 && dash != 0:
		return fmt.Errorf("unexpected argument %q; a command stands after --, and --help lists the flags", arguments[0])
	case dash == 0 && len(arguments) == 0:
		return errors.New("there is no command after --; leave it out to serve until stopped")
	}
	o.command = arguments
	// Nobody but the command needs to know where the emulator is, so that several can run beside each other.
	if len(arguments) > 0 {
		if !flags.Changed("listen") {
			o.listen = "127.0.0.1:0"
		}
		o.temporaryCA = !flags.Changed("ca-file")
	}
	return nil
}

func (o *options) validate() error {
	switch {
	case o.check && len(o.command) > 0:
		return errors.New("--check runs no command; leave one of them out")
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

// serve returns the exit code, where there is no error.
func serve(ctx context.Context, opts *options, stdout, stderr io.Writer) (code int, err error) {
	tenant, err := opts.tenant()
	if err != nil {
		return exitError, err
	}
	app, err := opts.chosenApp(tenant)
	if err != nil {
		return exitError, err
	}
	if opts.check {
		fmt.Fprintf(stderr, "entra-emulator: %s is fine: %s\n", opts.source(), summary(tenant))
		return exitOK, nil
	}
	level := slog.LevelInfo
	if opts.logRequests {
		level = slog.LevelDebug
	}
	fmt.Fprintf(stderr, "entra-emulator %s: an EMULATED Microsoft Entra tenant, for tests only. No real tenant is read or changed.\n", buildVersion())
	server, err := emulator.Start(emulator.Config{
		Address:     opts.listen,
		AllowRemote: opts.allowRemote,
		Names:       opts.names,
		Tenant:      tenant,
		Behavior:    opts.behavior(),
		Logger:      slog.New(slog.NewTextHandler(stderr, &slog.HandlerOptions{Level: level})),
	})
	if err != nil {
		return exitError, opts.explain(err)
	}
	defer func() {
		grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), gracePeriod)
		defer cancel()
		if closeErr := server.Close(grace); err == nil && closeErr != nil {
			err = fmt.Errorf("stopping: %w", closeErr)
		}
	}()
	if len(opts.command) > 0 {
		if opts.scratch, err = os.MkdirTemp("", "entra-emulator-*"); err != nil {
			return exitError, fmt.Errorf("a command needs a temporary folder: %w; name one that can be written to with TMPDIR", err)
		}
		defer func() { _ = os.RemoveAll(opts.scratch) }()
	}
	if opts.temporaryCA {
		opts.caFile = filepath.Join(opts.scratch, filepath.Base(opts.caFile))
	}
	caPath, err := filepath.Abs(opts.caFile)
	if err != nil {
		return exitError, fmt.Errorf("--ca-file: %w", err)
	}
	if err := replaceFile(caPath, server.CAPEM(), 0o644); err != nil {
		return exitError, fmt.Errorf("--ca-file: %w; name a file in a folder that can be written to", err)
	}
	var variables []emulator.EnvVar
	if app != nil && opts.needsVariables() {
		if variables, err = server.Env(*app, caPath); err != nil {
			return exitError, fmt.Errorf("the provider's variables: %w; choose another app with --app", err)
		}
		variables = append(variables, switchedOff...)
	}
	if err := opts.tell(variables, stdout); err != nil {
		return exitError, err
	}
	fmt.Fprintf(stderr, "entra-emulator: %s: %s; everything in it is lost at the end\n", opts.source(), summary(tenant))
	if len(opts.command) > 0 {
		return opts.runCommand(ctx, variables, stdout, stderr)
	}
	fmt.Fprintf(stderr, "entra-emulator: serving %s, CA certificate in %s; stop with Ctrl-C\n", server.URL(), caPath)
	<-ctx.Done()
	return exitOK, nil
}

// tell writes the variables to where they were asked for.
func (o *options) tell(variables []emulator.EnvVar, stdout io.Writer) error {
	var lines bytes.Buffer
	if _, hidden := withoutIdentities(os.Environ()); len(variables) > 0 {
		for _, name := range hidden {
			if !slices.ContainsFunc(variables, func(variable emulator.EnvVar) bool { return variable.Name == name }) {
				lines.WriteString("unset " + name + "\n")
			}
		}
	}
	for _, variable := range variables {
		lines.WriteString(variable.Export() + "\n")
	}
	if o.envFile != "" {
		if err := replaceFile(o.envFile, lines.Bytes(), 0o600); err != nil {
			return fmt.Errorf("--env-file: %w", err)
		}
	}
	if o.printEnv {
		if _, err := stdout.Write(lines.Bytes()); err != nil {
			return fmt.Errorf("--print-env: %w", err)
		}
	}
	return nil
}

// runCommand runs the command with the provider's variables and returns its exit code. A signal to stop is passed on; the
// command decides what to do with it, and is killed only when it takes too long. Ctrl-C is not passed on: a terminal sends it
// to the command as well, and a second one makes Terraform drop everything at once.
func (o *options) runCommand(ctx context.Context, variables []emulator.EnvVar, stdout, stderr io.Writer) (int, error) {
	command := exec.CommandContext(ctx, o.command[0], o.command[1:]...)
	command.Stdin, command.Stdout, command.Stderr = os.Stdin, stdout, stderr
	var hidden []string
	command.Env, hidden = withoutIdentities(os.Environ())
	for _, variable := range variables {
		command.Env = append(command.Env, variable.Name+"="+variable.Value)
	}
	// The Azure CLI is signed in nowhere in a folder that is new.
	command.Env = append(command.Env, "AZURE_CONFIG_DIR="+filepath.Join(o.scratch, "azure"))
	if len(hidden) > 0 {
		fmt.Fprintf(stderr, "entra-emulator: the command does not see these variables of the environment: %s\n", strings.Join(hidden, ", "))
	}
	command.Cancel = func() error {
		var by signalError
		switch {
		case !errors.As(context.Cause(ctx), &by):
			return command.Process.Signal(os.Interrupt)
		case by.Signal == os.Interrupt:
			return nil
		}
		return command.Process.Signal(by.Signal)
	}
	command.WaitDelay = commandGracePeriod
	err := command.Run()
	if command.ProcessState == nil {
		if errors.Is(err, exec.ErrNotFound) {
			return exitError, fmt.Errorf("the command cannot be run: %w; install it, or name another one, such as tofu in place of terraform", err)
		}
		return exitError, fmt.Errorf("the command cannot be run: %w", err)
	}
	if code := command.ProcessState.ExitCode(); code >= 0 {
		return code, nil
	}
	return exitError, fmt.Errorf("the command %s ended without an exit code: %s", o.command[0], command.ProcessState)
}

// source is where the tenant comes from.
func (o *options) source() string {
	switch {
	case o.sampleTenant:
		return "the sample tenant"
	case o.tenantFile != "":
		return o.tenantFile
	}
	return "an empty tenant"
}

// summary counts what a tenant has.
func summary(tenant *emulator.Tenant) string {
	return fmt.Sprintf("%d apps, %d users, %d groups, %d named locations, %d Conditional Access policies",
		len(tenant.Apps), len(tenant.Users), len(tenant.Groups), len(tenant.NamedLocations), len(tenant.ConditionalAccessPolicies))
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
		return nil, fmt.Errorf("--tenant-file %s:\n%w\n--print-tenant-schema and --print-sample-tenant show what a tenant file looks like", o.tenantFile, err)
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
	case o.needsVariables():
		return nil, errors.New("--env-file, --print-env and a command need a tenant with an app to sign in as; " +
			"use --sample-tenant or a --tenant-file with apps")
	}
	return nil, nil
}

func (o *options) needsVariables() bool { return o.envFile != "" || o.printEnv || len(o.command) > 0 }

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

package main

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
)

// asProgram makes the test binary behave as the program itself.
const asProgram = "ENTRA_EMULATOR_TEST_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		main()
		return
	}
	if os.Getenv(asCommand) != "" && os.Getenv("ENTRAMFA_CA_BUNDLE_PATH") != "" {
		os.Exit(command())
	}
	os.Exit(m.Run())
}

func TestSignalsStopTheProgram(t *testing.T) {
	for _, signal := range []os.Signal{syscall.SIGINT, syscall.SIGTERM} {
		t.Run(signal.String(), func(t *testing.T) {
			stderr := &output{}
			command := exec.CommandContext(t.Context(), os.Args[0], "--sample-tenant", "--listen", "127.0.0.1:0",
				"--ca-file", filepath.Join(t.TempDir(), "ca.pem"))
			command.Env = append(os.Environ(), asProgram+"=1")
			command.Stderr = stderr
			if err := command.Start(); err != nil {
				t.Fatal(err)
			}
			deadline := time.Now().Add(20 * time.Second)
			for !strings.Contains(stderr.String(), "entra-emulator: serving ") && time.Now().Before(deadline) {
				<-time.After(5 * time.Millisecond)
			}
			if err := command.Process.Signal(signal); err != nil {
				t.Fatal(err)
			}
			if err := command.Wait(); err != nil {
				t.Errorf("%v: %s", err, stderr)
			}
		})
	}
}

// output is a buffer that can be read while the program writes to it.
type output struct {
	mu     sync.Mutex
	buffer bytes.Buffer
}

func (o *output) Write(data []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buffer.Write(data)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buffer.String()
}

// program is a running program.
type program struct {
	t              *testing.T
	stdout, stderr *output
	stop           context.CancelFunc
	code           chan int
}

// launch runs the program until its last line says that it serves.
func launch(t *testing.T, args ...string) *program {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	p := &program{t: t, stdout: &output{}, stderr: &output{}, stop: stop, code: make(chan int, 1)}
	go func() { p.code <- run(ctx, args, p.stdout, p.stderr) }()
	t.Cleanup(stop)
	deadline := time.After(20 * time.Second)
	for !strings.Contains(p.stderr.String(), "entra-emulator: serving ") {
		select {
		case code := <-p.code:
			t.Fatalf("ended with %d: %s", code, p.stderr)
		case <-deadline:
			t.Fatalf("does not serve: %s", p.stderr)
		case <-time.After(5 * time.Millisecond):
		}
	}
	return p
}

// end sends the stop signal and returns the exit code.
func (p *program) end() int {
	p.t.Helper()
	p.stop()
	select {
	case code := <-p.code:
		return code
	case <-time.After(20 * time.Second):
		p.t.Fatal("does not stop")
		return -1
	}
}

// variables reads the lines of --print-env and --env-file.
func variables(t *testing.T, lines string) map[string]string {
	t.Helper()
	found := map[string]string{}
	for line := range strings.Lines(lines) {
		name, value, ok := strings.Cut(strings.TrimSuffix(strings.TrimPrefix(line, "export "), "\n"), "=")
		if !ok || !strings.HasPrefix(line, "export ") {
			t.Fatalf("not a variable: %q", line)
		}
		found[name] = strings.Trim(value, "'")
	}
	return found
}

func TestHelpExplainsEveryFlag(t *testing.T) {
	var stdout, stderr bytes.Buffer
	if code := run(t.Context(), []string{"--help"}, &stdout, &stderr); code != 0 || stderr.Len() != 0 {
		t.Fatalf("%d %s", code, stderr.String())
	}
	for _, want := range []string{
		"--listen", "--tenant-file", "--sample-tenant", "--ca-file", "--env-file", "--print-env", "--app",
		"--latency", "--replica-lag", "--throttle", "--documented-throttling", "--log-requests", "--allow-remote", "--name", "--version", "127.0.0.1:8443",
		"--check", "--print-sample-tenant", "--print-tenant-schema", "-- terraform test", "Exit codes:",
		"entra-emulator-ca.pem", "1 Conditional Access request per second", "5 reports in 10 seconds", "resource units", "writes",
		"never for production", "Examples:", "ENTRAMFA_CA_BUNDLE_PATH",
	} {
		if !strings.Contains(stdout.String(), want) {
			t.Errorf("%q is not in the help", want)
		}
	}
}

func TestVersion(t *testing.T) {
	const released = "1.2.3-beta.1"
	defer func(before string) { version = before }(version)
	for set, want := range map[string]string{released: "entra-emulator " + released + "\n", "": "entra-emulator " + buildVersion() + "\n"} {
		version = set
		var stdout, stderr bytes.Buffer
		if code := run(t.Context(), []string{"--version"}, &stdout, &stderr); code != 0 || stdout.String() != want || stderr.Len() > 0 {
			t.Errorf("%q: %d %s%s", set, code, stdout.String(), stderr.String())
		}
	}
}

func TestServesUntilStopped(t *testing.T) {
	dir := t.TempDir()
	caFile, envFile := filepath.Join(dir, "ca.pem"), filepath.Join(dir, "it's.env")
	p := launch(t, "--sample-tenant", "--listen", "127.0.0.1:0", "--ca-file", caFile, "--env-file", envFile, "--print-env",
		"--app", "terraform-plan", "--latency", "1ms", "--replica-lag", "2s", "--throttle", "5", "--documented-throttling", "--log-requests")
	lines, err := os.ReadFile(envFile)
	if err != nil || string(lines) != p.stdout.String() {
		t.Errorf("file:\n%s\nstandard output:\n%s\n%v", lines, p.stdout, err)
	}
	for path, mode := range map[string]os.FileMode{caFile: 0o644, envFile: 0o600} {
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != mode {
			t.Errorf("%s: %v, %v", path, info, err)
		}
	}
	found := variables(t, p.stdout.String())
	if found["ARM_TENANT_ID"] != emulator.SampleTenantID || found["ARM_CLIENT_ID"] != emulator.SamplePlanAppID ||
		found["ARM_CLIENT_SECRET"] != emulator.SamplePlanSecret || found["ENTRAMFA_CA_BUNDLE_PATH"] != caFile ||
		found["ENTRAMFA_AUTHORITY_HOST"] != found["ENTRAMFA_GRAPH_ENDPOINT"] || len(found) != 10 || found["ARM_USE_CLI"] != "false" || found["ARM_USE_MSI"] != "false" || found["ARM_USE_OIDC"] != "false" {
		t.Errorf("%v", found)
	}
	ca, err := os.ReadFile(found["ENTRAMFA_CA_BUNDLE_PATH"])
	if err != nil {
		t.Fatal(err)
	}
	client, err := control.NewWithCA(found["ENTRAMFA_GRAPH_ENDPOINT"], ca)
	if err != nil {
		t.Fatal(err)
	}
	defer client.CloseIdleConnections()
	behavior, err := client.GetBehavior(t.Context())
	if err != nil || behavior.LatencyMs != 1 || behavior.ReplicaLag.DurationMs != 2000 || !behavior.ReplicaLag.LagDeletes ||
		!slices.Equal(behavior.Throttle, append(control.DocumentedThrottling(), control.Throttle{
			Scope: control.ScopeTenant, RequestsPerSecond: 5, Burst: 5, RetryAfter: "auto",
		})) {
		t.Errorf("%+v, %v", behavior, err)
	}
	if code := p.end(); code != 0 {
		t.Errorf("ended with %d: %s", code, p.stderr)
	}
	if _, err := client.Info(t.Context()); err == nil {
		t.Error("serves after the end")
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 2 {
		t.Errorf("files left behind: %v, %v", entries, err)
	}
}

func TestTheStartSaysLoudlyWhatItIs(t *testing.T) {
	p := launch(t, "--sample-tenant", "--listen", "127.0.0.1:0", "--ca-file", filepath.Join(t.TempDir(), "ca.pem"))
	first, _, _ := strings.Cut(p.stderr.String(), "\n")
	if !strings.Contains(first, "an EMULATED Microsoft Entra tenant, for tests only. No real tenant is read or changed.") {
		t.Errorf("the first line is %q", first)
	}
	if want := "the sample tenant: 2 apps, 14 users, 4 groups, 2 named locations, 1 Conditional Access policies; everything in it is lost at the end"; !strings.Contains(p.stderr.String(), want) {
		t.Errorf("%q is not in %s", want, p.stderr)
	}
	if code := p.end(); code != 0 {
		t.Errorf("ended with %d", code)
	}
}

func TestTheSampleTenantThatIsPrintedIsATenantFile(t *testing.T) {
	var stdout, stderr bytes.Buffer
	if code := run(t.Context(), []string{"--print-sample-tenant"}, &stdout, &stderr); code != 0 || stderr.Len() > 0 {
		t.Fatalf("%d %s", code, stderr.String())
	}
	if !strings.Contains(stdout.String(), "miriam.o'hara@contoso.example") {
		t.Error("a name is escaped")
	}
	loaded, err := emulator.LoadTenant(bytes.NewReader(stdout.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	if loaded.Schema != control.TenantSchemaID {
		t.Errorf("its schema is %q", loaded.Schema)
	}
	loaded.Schema = ""
	if diff := cmp.Diff(emulator.SampleTenant(), loaded); diff != "" {
		t.Error(diff)
	}
	file := filepath.Join(t.TempDir(), "tenant.json")
	if err := os.WriteFile(file, stdout.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	stdout.Reset()
	code := run(t.Context(), []string{"--tenant-file", file, "--check"}, &stdout, &stderr)
	if code != 0 || stdout.Len() > 0 || !strings.Contains(stderr.String(), file+" is fine: 2 apps, 14 users") {
		t.Errorf("%d %s%s", code, stdout.String(), stderr.String())
	}
}

func TestTheSchemaIsPrinted(t *testing.T) {
	var stdout, stderr bytes.Buffer
	code := run(t.Context(), []string{"--print-tenant-schema"}, &stdout, &stderr)
	if code != 0 || stderr.Len() > 0 || !bytes.Equal(stdout.Bytes(), control.TenantSchema()) || !strings.Contains(stdout.String(), `"$defs"`) {
		t.Errorf("%d %s%s", code, stdout.String(), stderr.String())
	}
}

// asCommand makes the test binary behave as a command that the program runs: it asks the tenant for its name, says it, and
// ends with the code that stands in the variable, or waits for a signal.
const asCommand = "ENTRA_EMULATOR_TEST_AS_COMMAND"

func command() int {
	ca, err := os.ReadFile(os.Getenv("ENTRAMFA_CA_BUNDLE_PATH"))
	if err != nil {
		fmt.Println(err)
		return 90
	}
	client, err := control.NewWithCA(os.Getenv("ENTRAMFA_GRAPH_ENDPOINT"), ca)
	if err != nil {
		fmt.Println(err)
		return 91
	}
	stopped := make(chan os.Signal, 2)
	signal.Notify(stopped, os.Interrupt, syscall.SIGTERM)
	info, err := client.Info(context.Background())
	if err != nil {
		fmt.Println(err)
		return 92
	}
	fmt.Println("the tenant is", info.DisplayName, "and the app", os.Getenv("ARM_CLIENT_ID"), "and the argument", os.Args[len(os.Args)-1])
	if os.Getenv(asCommand) == "wait" {
		by := <-stopped
		// Whoever sends another one has done so until this is answered.
		if _, err := client.Info(context.Background()); err != nil {
			fmt.Println(err)
		}
		fmt.Println("stopped by", by, "and then by", len(stopped), "more")
		return 7
	}
	code, _ := strconv.Atoi(os.Getenv(asCommand))
	return code
}

func TestACommandRunsAgainstTheTenantAndDecidesTheExitCode(t *testing.T) {
	for _, code := range []int{0, 1, 3} {
		t.Setenv(asCommand, strconv.Itoa(code))
		var stdout, stderr bytes.Buffer
		temporary := t.TempDir()
		t.Setenv("TMPDIR", temporary)
		args := []string{"--sample-tenant", "--app", "terraform-plan", "--", os.Args[0], "--help"}
		if have := run(t.Context(), args, &stdout, &stderr); have != code {
			t.Errorf("ended with %d, want %d: %s", have, code, stderr.String())
		}
		if want := "the tenant is Contoso and the app " + emulator.SamplePlanAppID + " and the argument --help\n"; stdout.String() != want {
			t.Errorf("the command says %q, want %q", stdout.String(), want)
		}
		if left, err := os.ReadDir(temporary); err != nil || len(left) > 0 {
			t.Errorf("left behind: %v, %v", left, err)
		}
	}
}

func TestASignalReachesTheCommand(t *testing.T) {
	t.Setenv(asCommand, "wait")
	ctx, stop := context.WithCancel(t.Context())
	stdout, stderr, code := &output{}, &output{}, make(chan int, 1)
	go func() {
		code <- run(ctx, []string{"--sample-tenant", "--listen", "127.0.0.1:0", "--ca-file", filepath.Join(t.TempDir(), "ca.pem"), "--", os.Args[0]}, stdout, stderr)
	}()
	deadline := time.After(20 * time.Second)
	for !strings.Contains(stdout.String(), "the tenant is") {
		select {
		case <-deadline:
			t.Fatalf("the command does not begin: %s", stderr)
		case <-time.After(5 * time.Millisecond):
		}
	}
	stop()
	select {
	case have := <-code:
		if have != 7 || !strings.Contains(stdout.String(), "stopped by interrupt and then by 0 more") {
			t.Errorf("ended with %d: %s%s", have, stdout, stderr)
		}
	case <-time.After(20 * time.Second):
		t.Fatal("does not stop")
	}
}

func TestTenantFile(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "tenant.json")
	const tenant = `{"tenantId":"11111111-2222-4333-8444-555555555555","users":[{"userPrincipalName":"a@b"}]}`
	if err := os.WriteFile(file, []byte(tenant), 0o600); err != nil {
		t.Fatal(err)
	}
	p := launch(t, "--tenant-file", file, "--listen", "127.0.0.1:0", "--ca-file", filepath.Join(dir, "ca.pem"))
	if !strings.Contains(p.stderr.String(), "11111111-2222-4333-8444-555555555555") || p.stdout.String() != "" {
		t.Errorf("standard error: %s, standard output: %s", p.stderr, p.stdout)
	}
	if code := p.end(); code != 0 {
		t.Errorf("ended with %d", code)
	}
}

func TestRemoteAddressIsAnnounced(t *testing.T) {
	p := launch(t, "--listen", "0.0.0.0:0", "--allow-remote", "--ca-file", filepath.Join(t.TempDir(), "ca.pem"))
	if !strings.Contains(p.stderr.String(), "never use it in production") {
		t.Errorf("%s", p.stderr)
	}
	if code := p.end(); code != 0 {
		t.Errorf("ended with %d", code)
	}
}

func TestFailuresNameTheReasonAndTheWayOut(t *testing.T) {
	dir := t.TempDir()
	write := func(name, content string) string {
		t.Helper()
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	noSecret := write("no-secret.json", `{"apps":[{"clientId":"11111111-2222-4333-8444-555555555555","displayName":"bare"}]}`)
	ca := filepath.Join(dir, "ca.pem")
	tests := []struct {
		name string
		args []string
		code int
		want []string
	}{
		{"unknown flag", []string{"--prot", "1"}, 2, []string{"unknown flag: --prot", "--help"}},
		{"argument", []string{"start"}, 2, []string{`"start"`, "--help"}},
		{"argument before the command", []string{"--sample-tenant", "start", "--", "true"}, 2, []string{`"start"`, "a command stands after --"}},
		{"no command", []string{"--sample-tenant", "--"}, 2, []string{"no command after --"}},
		{"check and command", []string{"--check", "--", "true"}, 2, []string{"--check runs no command"}},
		{"command without an app", []string{"--listen", "127.0.0.1:0", "--", "true"}, 1, []string{"a command need a tenant with an app", "--sample-tenant"}},
		{
			"command that is not there",
			[]string{"--sample-tenant", "--listen", "127.0.0.1:0", "--ca-file", ca, "--", filepath.Join(dir, "no-such-program")},
			1,
			[]string{"EMULATED", "the command cannot be run", "no-such-program"},
		},
		{"command that is not installed", []string{"--sample-tenant", "--", "no-such-program-anywhere"}, 1, []string{"executable file not found", "such as tofu in place of terraform"}},
		{"two tenants", []string{"--sample-tenant", "--tenant-file", "x"}, 2, []string{"exclude each other"}},
		{"negative latency", []string{"--latency", "-1s"}, 2, []string{"--latency"}},
		{"no CA file", []string{"--ca-file", ""}, 2, []string{"--ca-file"}},
		{"port in use", []string{"--listen", listener.Addr().String()}, 1, []string{"in use", "port 0"}},
		{"remote address", []string{"--listen", "0.0.0.0:0"}, 1, []string{"not a loopback address", "--allow-remote"}},
		{"name with a port", []string{"--name", "emulator:8443"}, 1, []string{`name "emulator:8443"`, "no port"}},
		{"address without a port", []string{"--listen", "127.0.0.1"}, 1, []string{"host:port"}},
		{"missing tenant file", []string{"--tenant-file", filepath.Join(dir, "none.json")}, 1, []string{"--tenant-file", "none.json"}},
		{
			"bad tenant file",
			[]string{"--tenant-file", write("bad.json", "{\"users\":[\n{\"userPrincipalName\":\"a@b\",\n\"state\":\"on\"}]}")},
			1,
			[]string{"bad.json", "line 3: users[0].state: unknown field", "--print-tenant-schema", "--print-sample-tenant"},
		},
		{
			"bad tenant file, checked",
			[]string{"--check", "--tenant-file", write("worse.json", `{"users":[{"userPrincipalName":"a","perUserMfaState":"on"}]}`)},
			1,
			[]string{"worse.json", "line 1: users[0].userPrincipalName", `line 1: users[0].perUserMfaState: "on" is not a state`},
		},
		{"unknown app", []string{"--sample-tenant", "--app", "nobody"}, 1, []string{`"nobody"`, "(terraform-plan)"}},
		{"variables without an app", []string{"--print-env"}, 1, []string{"--sample-tenant"}},
		{
			"variables without a secret",
			[]string{"--print-env", "--listen", "127.0.0.1:0", "--tenant-file", noSecret, "--ca-file", ca},
			1,
			[]string{"no client secret", "--app"},
		},
		{"CA file in no directory", []string{"--listen", "127.0.0.1:0", "--ca-file", filepath.Join(dir, "none", "ca.pem")}, 1, []string{"--ca-file"}},
		{
			"variables in no directory",
			[]string{"--sample-tenant", "--listen", "127.0.0.1:0", "--ca-file", ca, "--env-file", filepath.Join(dir, "none", "env")},
			1,
			[]string{"--env-file"},
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
			defer cancel()
			var stdout, stderr bytes.Buffer
			if code := run(ctx, test.args, &stdout, &stderr); code != test.code {
				t.Errorf("ended with %d", code)
			}
			if ctx.Err() != nil {
				t.Error("served instead of failing")
			}
			for _, want := range test.want {
				if !strings.Contains(stderr.String(), want) {
					t.Errorf("%q is not in %s", want, stderr.String())
				}
			}
			if stdout.Len() > 0 {
				t.Errorf("standard output: %s", stdout.String())
			}
		})
	}
}

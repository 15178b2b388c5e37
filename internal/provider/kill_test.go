//go:build unix

package provider_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/acctest"
)

// killSeedVariable chooses the seed of the kill tests; without it there is a new one each time.
const killSeedVariable = "KILLSEED"

// The 200 changes of a run that is interrupted: users with a resource each, users of one resource, and locations.
const (
	killedSingles   = 99
	killedOfMany    = 99
	killedLocations = 2
)

// interruption is a way to end a run.
type interruption struct {
	name string
	// stop ends a run whose CLI is the leader of its process group, with the provider as its child.
	stop func(cli, provider int) error
	// graceful says that the run records everything that it did: nobody can lose anything.
	graceful bool
	// cliLives says that the CLI comes to its end by itself.
	cliLives bool
}

// interruptions are those that happen to people: a crash, Ctrl-C, and what stops a job.
func interruptions() []interruption {
	return []interruption{
		{name: "SIGKILL of the provider", cliLives: true, stop: func(_, provider int) error { return syscall.Kill(provider, syscall.SIGKILL) }},
		{name: "SIGTERM of the provider", cliLives: true, graceful: true, stop: func(_, provider int) error { return syscall.Kill(provider, syscall.SIGTERM) }},
		{name: "SIGINT of the CLI", cliLives: true, graceful: true, stop: func(cli, _ int) error { return syscall.Kill(cli, syscall.SIGINT) }},
		{name: "SIGINT of the group", cliLives: true, graceful: true, stop: func(cli, _ int) error { return syscall.Kill(-cli, syscall.SIGINT) }},
		{name: "SIGTERM of the group", cliLives: true, graceful: true, stop: func(cli, _ int) error { return syscall.Kill(-cli, syscall.SIGTERM) }},
		{name: "SIGKILL of the CLI", stop: func(cli, _ int) error { return syscall.Kill(cli, syscall.SIGKILL) }},
		{name: "SIGKILL of the group", stop: func(cli, _ int) error { return syscall.Kill(-cli, syscall.SIGKILL) }},
	}
}

func killTenant() *control.Tenant {
	people := acctest.LocationTenant()
	people.Users, people.NamedLocations, people.ConditionalAccessPolicies = nil, nil, nil
	for i := range killedSingles + killedOfMany {
		people.Users = append(people.Users, control.User{ID: modelID(i), UserPrincipalName: fmt.Sprintf("user%d%s", i, modelDomain), DisplayName: "User"})
	}
	people.Groups = nil
	return people
}

func killConfiguration() acctest.Configuration {
	config, many := acctest.Configuration{}, map[string]any{}
	for i := range killedSingles {
		config[fmt.Sprintf("user%d", i)] = acctest.ResourceBlock{TypeName: typeUser, Values: map[string]any{"user_id": modelID(i), "state": "enabled"}}
	}
	for i := range killedOfMany {
		many[modelID(killedSingles+i)] = "enabled"
	}
	config["users"] = acctest.ResourceBlock{TypeName: typeUsers, Values: map[string]any{"users": many}}
	for i := range killedLocations {
		config[fmt.Sprintf("location%d", i)] = acctest.ResourceBlock{TypeName: typeLocations, Values: map[string]any{
			"display_name": fmt.Sprintf("Plant %d", i), "ip_ranges": []any{fmt.Sprintf("192.0.2.%d/32", i)},
		}}
	}
	return config
}

// processes are the process ids that have a parent, without those that have ended and are not buried yet.
func processes(t *testing.T, parent int) []int {
	t.Helper()
	output, err := exec.Command("ps", "-A", "-o", "pid=,ppid=,stat=").Output()
	if err != nil {
		t.Fatal(err)
	}
	var children []int
	for line := range strings.Lines(string(output)) {
		fields := strings.Fields(line)
		if len(fields) < 3 || strings.HasPrefix(fields[2], "Z") {
			continue
		}
		if pid, err := strconv.Atoi(fields[0]); err == nil && fields[1] == strconv.Itoa(parent) {
			children = append(children, pid)
		}
	}
	return children
}

// lives reports whether there is such a process that has not ended.
func lives(t *testing.T, pid int) bool {
	t.Helper()
	output, _ := exec.Command("ps", "-o", "stat=", "-p", strconv.Itoa(pid)).Output()
	state := strings.TrimSpace(string(output))
	return state != "" && !strings.HasPrefix(state, "Z")
}

// eventually waits for a condition.
func eventually(t *testing.T, within time.Duration, what string, condition func() bool) {
	t.Helper()
	deadline, ticker := time.After(within), time.NewTicker(2*time.Millisecond)
	defer ticker.Stop()
	for !condition() {
		select {
		case <-deadline:
			t.Fatalf("after %s: not yet: %s", within, what)
		case <-ticker.C:
		}
	}
}

// killings are the interruptions of one workspace.
type killings struct {
	t      *testing.T
	scene  *scene
	random *rand.Rand
	cli    *realCLI
	config acctest.Configuration
}

// TestAnInterruptedApplyLosesNothingThroughTheRealCLI ends an apply of 200 changes at a random request, by each of the ways there are; a plan
// and an apply then come to what is configured, and nothing is left over.
//
// One thing nobody can prevent: where the provider or the CLI is killed with SIGKILL while the service makes a location, the
// location is there and its id is not known to anybody. It is counted, and is at most one for each creation under way.
func TestAnInterruptedApplyLosesNothingThroughTheRealCLI(t *testing.T) {
	t.Parallel()
	seed := rand.Uint64()
	if text := os.Getenv(killSeedVariable); text != "" {
		var err error
		if seed, err = strconv.ParseUint(text, 10, 64); err != nil {
			t.Fatalf("%s is a number: %v", killSeedVariable, err)
		}
	}
	t.Logf("%s=%d go test -run %s repeats this choice of requests", killSeedVariable, seed, t.Name())
	s := newScene(t)
	tn := &acctest.Tenant{Client: s.remote, T: t, URL: s.url, CAFile: s.caFile}
	k := &killings{t: t, scene: s, random: rand.New(rand.NewPCG(seed, 0)), config: killConfiguration()}
	k.cli = &realCLI{Workspace: tn.Workspace(t, map[string]string{}), provider: map[string]any{
		"tenant_id": acctest.TenantID, "client_id": acctest.AppID, "client_secret": acctest.AppSecret, "use_cli": false,
	}}
	ways := interruptions()
	if soak(t) == 0 {
		// One of each kind is enough for every day; a soak has them all.
		ways = []interruption{ways[0], ways[2], ways[4]}
	}
	rounds(t, 0.25, func() {
		for _, way := range ways {
			k.once(way)
		}
	})
}

// once starts anew, interrupts an apply, and repairs.
func (k *killings) once(way interruption) {
	t, ctx := k.t, context.Background()
	t.Helper()
	remote := k.scene.remote
	for _, err := range []error{
		remote.Seed(ctx, killTenant()), remote.SetBehavior(ctx, control.Behavior{LatencyMs: 20}), remote.ClearRequests(ctx),
		os.RemoveAll(k.cli.Dir + "/terraform.tfstate"), os.RemoveAll(k.cli.Dir + "/terraform.tfstate.backup"),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	k.cli.Write("main.tf.json", k.config.JSON(k.cli.provider))
	v := k.cli.Begin("apply", "-auto-approve", "-input=false", "-no-color")
	// Of a plan that is interrupted there is nothing to tell: the first write begins what counts.
	writes := 1 + k.random.IntN(killedSingles+killedOfMany)
	eventually(t, time.Minute, "the apply writes", func() bool { return v.Over() || k.written() >= writes })
	var provider int
	if children := processes(t, v.Command.Process.Pid); len(children) > 0 {
		provider = children[0]
	}
	if !v.Over() && provider != 0 {
		counted.sequences.Add(1)
		if err := way.stop(v.Command.Process.Pid, provider); err != nil {
			t.Fatalf("%s: %v", way.name, err)
		}
		counted.kills.Add(1)
	}
	eventually(t, 2*time.Minute, "the CLI ends after "+way.name, v.Over)
	if provider != 0 {
		if !way.cliLives && lives(t, provider) {
			k.bury(provider)
		}
		eventually(t, 20*time.Second, "the provider ends after "+way.name, func() bool { return !lives(t, provider) })
	}
	if said := v.Output.String(); way.graceful && strings.Contains(said, "Plugin did not respond") {
		t.Fatalf("%s has ended the provider before the CLI was done with it:\n%s", way.name, said)
	}
	k.repair(way, v)
}

// written counts the writes of states and of locations that have come to the service.
func (k *killings) written() int {
	k.t.Helper()
	counters, err := k.scene.remote.Counters(context.Background())
	if err != nil {
		k.t.Fatal(err)
	}
	return counters.ByOperation["PATCH /beta/users/{id}/authentication/requirements"] + counters.ByOperation["POST /v1.0/identity/conditionalAccess/namedLocations"]
}

// bury ends a provider whose CLI is gone. go-plugin does not: such a provider ends when it next writes to its log, whose reader
// is gone, and SIGTERM ends one that has nothing to say.
func (k *killings) bury(provider int) {
	k.t.Helper()
	if err := syscall.Kill(provider, syscall.SIGTERM); err != nil && err != syscall.ESRCH {
		k.t.Fatal(err)
	}
}

// repair applies once more and checks that nothing is missing and nothing is too much.
func (k *killings) repair(way interruption, v *acctest.Victim) {
	t := k.t
	t.Helper()
	after := k.snapshot()
	k.orphans(way, after, v)
	if report := k.cli.Apply(k.config); report.Failed() {
		t.Fatalf("after %s an apply fails:\n%s\nThe interrupted run said:\n%s", way.name, report, v.Output.String())
	}
	tenant := k.snapshot()
	for _, user := range tenant.Users {
		if stateOf(user) != control.StateEnabled {
			t.Fatalf("after %s and one more apply %s is %s", way.name, user.UserPrincipalName, stateOf(user))
		}
	}
	state := k.cli.State()
	if len(state) != len(k.config) || len(state["users"].Texts("user_ids")) != killedOfMany {
		t.Fatalf("after %s and one more apply %d of %d resources are in the state", way.name, len(state), len(k.config))
	}
	owned := map[string]bool{}
	for name, object := range state {
		if object.TypeName != typeLocations {
			continue
		}
		location := locationBy(tenant, object.Text("id", ""))
		if location == nil || !shows(location, k.config[name]) {
			t.Fatalf("after %s and one more apply %s is %v", way.name, name, location)
		}
		owned[location.ID] = true
	}
	if len(owned) != killedLocations || len(tenant.NamedLocations) != killedLocations {
		counted.lost.Add(1)
		t.Fatalf("lost or duplicated: after %s and one more apply there are %d locations, of which %d are in the state", way.name, len(tenant.NamedLocations), len(owned))
	}
	if next := k.cli.Plan(k.config); next.Failed() || len(next.Changed) > 0 {
		t.Fatalf("after %s and one more apply a plan changes %q and says:\n%s", way.name, next.Changed, next)
	}
	counted.applies.Add(2)
	counted.steps.Add(1)
}

func (k *killings) snapshot() *control.Tenant {
	k.t.Helper()
	tenant, err := k.scene.remote.Snapshot(context.Background())
	if err != nil {
		k.t.Fatal(err)
	}
	return tenant
}

// orphans looks for locations that the interrupted run has made and not recorded.
func (k *killings) orphans(way interruption, tenant *control.Tenant, v *acctest.Victim) {
	t := k.t
	t.Helper()
	var owned []string
	for _, object := range k.cli.State() {
		if object.TypeName == typeLocations {
			owned = append(owned, object.Text("id", ""))
		}
	}
	for _, location := range tenant.NamedLocations {
		if slices.Contains(owned, location.ID) {
			continue
		}
		if way.graceful {
			counted.lost.Add(1)
			t.Fatalf("lost or duplicated: after %s location %s is not in the state; the run said:\n%s", way.name, location.ID, v.Output.String())
		}
		counted.unknowable.Add(1)
		t.Logf("%s: the run was killed while location %s was made, and nobody knows its id", way.name, location.ID)
		if err := k.scene.remote.DeleteNamedLocation(context.Background(), location.ID); err != nil {
			t.Fatal(err)
		}
	}
}

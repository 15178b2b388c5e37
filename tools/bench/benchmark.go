package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"runtime"
	"strings"
	"time"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
	"github.com/mfa-as-code/terraform-provider-entramfa/tools/internal/sandbox"
)

const (
	// commandPatience bounds one command; the slowest waits two minutes for the limit of Conditional Access.
	commandPatience = 15 * time.Minute
	stateFile       = "terraform.tfstate"
)

// benchmark is one run of the program.
type benchmark struct {
	opts     options
	sizes    sizes
	progress io.Writer
	work     sandbox.Workspace
	cli      *sandbox.CLI
	emulator *sandbox.Emulator
	// base is the tenant as the emulator brings it: the apps, and the emergency access accounts.
	base *control.Tenant
}

// measure prepares the work folder, measures what was asked for, and stops what it has started. A scenario that cannot be
// measured is a finding, and the others are measured all the same.
func measure(ctx context.Context, opts options, progress io.Writer) (found *report, err error) {
	work, err := sandbox.Prepare(opts.Work, owner, opts.Provider, opts.ProviderVersion)
	if err != nil {
		return nil, err
	}
	cli, err := sandbox.NewCLI(ctx, opts.CLI, work, false)
	if err != nil {
		return nil, err
	}
	cli.Patience = commandPatience
	b := &benchmark{opts: opts, sizes: sizesOf(opts.quick), progress: progress, work: work, cli: cli, emulator: sandbox.NewEmulator(opts.Emulator, work)}
	defer func() {
		if stopErr := b.emulator.Stop(); err == nil {
			err = stopErr
		}
	}()
	if err := b.emulator.Start(ctx); err != nil {
		return nil, err
	}
	if b.base, err = b.emulator.Tenant.Snapshot(ctx); err != nil {
		return nil, err
	}
	version := strings.TrimPrefix(cli.Product, cli.Brand+" v")
	found = &report{
		Date: time.Now().UTC().Truncate(time.Second), CLI: product{cli.Brand, version}, Provider: opts.ProviderVersion, Go: runtime.Version(),
		Platform: runtime.GOOS + "/" + runtime.GOARCH, CPUs: runtime.NumCPU(),
		Emulator:    settings{int(opts.latency.Milliseconds()), control.DocumentedThrottling()},
		Repetitions: opts.repeat, Quick: opts.quick,
	}
	for _, group := range allGroups() {
		if err := b.measureGroup(ctx, group, found); err != nil {
			return nil, err
		}
	}
	found.judge()
	return found, nil
}

// measureGroup adds the findings of a group, in the order of its scenarios. An error is the end of the whole run.
func (b *benchmark) measureGroup(ctx context.Context, g group, found *report) error {
	if !selectsAny([]group{g}, b.opts.only) {
		return nil
	}
	findings, err := g.measure(ctx, b, b.opts.only.MatchString)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil {
		tell(b.progress, err)
	}
	measured := map[string]finding{}
	for _, f := range findings {
		measured[f.Scenario] = f
	}
	for _, name := range g.scenarios {
		if !b.opts.only.MatchString(name) {
			continue
		}
		f, ok := measured[name]
		if !ok && err == nil {
			return fmt.Errorf("%s was not measured", name)
		}
		if !ok {
			f = finding{Scenario: name, Title: name, Bounds: []bound{}, Failure: firstLine(err.Error()), withoutProvider: true}
		}
		found.Scenarios = append(found.Scenarios, f)
	}
	return nil
}

// say tells a person who waits how far it is.
func (b *benchmark) say(format string, args ...any) {
	fmt.Fprintf(b.progress, "bench: "+format+"\n", args...)
}

// seed sets the tenant to its beginning with these users besides.
func (b *benchmark) seed(ctx context.Context, users []control.User) error {
	tenant := *b.base
	tenant.Users = append(append([]control.User(nil), tenant.Users...), users...)
	return b.emulator.Tenant.Seed(ctx, &tenant)
}

// behave sets the latency and the documented limits, all of them unused.
func (b *benchmark) behave(ctx context.Context, latency time.Duration) error {
	return b.emulator.Tenant.SetBehavior(ctx, control.Behavior{LatencyMs: int(latency.Milliseconds()), Throttle: control.DocumentedThrottling()})
}

// atOnce takes latency and limits away, for what is prepared and not measured.
func (b *benchmark) atOnce(ctx context.Context) error {
	return b.emulator.Tenant.SetBehavior(ctx, control.Behavior{})
}

// place is a folder with a configuration and its state.
type place struct {
	bench *benchmark
	work  sandbox.Workspace
	cli   *sandbox.CLI
}

// place makes a folder with a configuration, ready for plan and apply.
func (b *benchmark) place(ctx context.Context, name, configuration string) (*place, error) {
	work, err := b.work.Within(name)
	if err != nil {
		return nil, err
	}
	p := &place{bench: b, work: work, cli: b.cli.In(work, b.emulator.Variables)}
	if err := p.configure(configuration); err != nil {
		return nil, err
	}
	_, err = p.run(ctx, 0, "init")
	return p, err
}

func (p *place) configure(configuration string) error {
	return p.work.Write("main.tf", providerConfiguration+configuration)
}

// run runs a command that has to end with the exit code.
func (p *place) run(ctx context.Context, exitCode int, args ...string) (sample, error) {
	var memory *memoryWatch
	p.cli.Started = func(pid int, done <-chan struct{}) {
		memory = watchMemory(sandbox.ProviderFile(p.bench.opts.ProviderVersion), pid, done)
	}
	got, err := p.cli.Run(ctx, args...)
	var peak *int64
	if memory != nil {
		peak = memory.bytes()
	}
	if err != nil {
		return sample{}, err
	}
	if got.ExitCode != exitCode {
		return sample{}, got.Deviates("it ended with exit code %d, expected %d: %s", got.ExitCode, exitCode, complaint(got.Plain()))
	}
	return sample{wall: got.Elapsed, memory: peak}, nil
}

// plan is a plan that has to find nothing to do.
func (p *place) plan(ctx context.Context) (sample, error) {
	return p.run(ctx, 0, "plan", "-detailed-exitcode")
}

func (p *place) apply(ctx context.Context) (sample, error) {
	return p.run(ctx, 0, "apply", "-auto-approve")
}

func (p *place) state() (string, error) {
	text, err := os.ReadFile(p.work.Path(stateFile))
	return string(text), err
}

// forget removes the state, so that the next apply creates.
func (p *place) forget() error {
	for _, name := range []string{stateFile, stateFile + ".backup"} {
		if err := os.Remove(p.work.Path(name)); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	return nil
}

// sample is one run.
type sample struct {
	wall time.Duration
	// memory is the peak of the provider, nil where it cannot be read.
	memory   *int64
	requests requests
}

// series is something to measure, and what was measured of it.
type series struct {
	// label is for the progress.
	label   string
	latency time.Duration
	// prepare comes before each run and is not measured; it may be nil.
	prepare func(ctx context.Context) error
	run     func(ctx context.Context) (sample, error)
	// sameUser is for count; it may be nil.
	sameUser func(key string) string
	samples  []sample
}

// alternate takes each series in turn, again and again: A B A B A B.
func (b *benchmark) alternate(ctx context.Context, all ...*series) error {
	for round := range b.opts.repeat {
		for _, s := range all {
			if err := b.take(ctx, s); err != nil {
				return err
			}
			last := s.samples[len(s.samples)-1]
			b.say("%s, %d of %d: %s s, %s", s.label, round+1, b.opts.repeat, significant(last.wall.Seconds()), plural(last.requests.HTTP, "request"))
		}
	}
	return nil
}

func (b *benchmark) take(ctx context.Context, s *series) error {
	if s.prepare != nil {
		if err := s.prepare(ctx); err != nil {
			return err
		}
	}
	tenant := b.emulator.Tenant
	if err := errors.Join(b.behave(ctx, s.latency), tenant.ClearRequests(ctx)); err != nil {
		return err
	}
	got, err := s.run(ctx)
	if err != nil {
		return err
	}
	counters, err := tenant.Counters(ctx)
	if err != nil {
		return err
	}
	log, err := tenant.Requests(ctx)
	if err != nil {
		return err
	}
	sameUser := s.sameUser
	if sameUser == nil {
		sameUser = func(key string) string { return key }
	}
	if got.requests, err = count(counters, log, sameUser); err != nil {
		return err
	}
	s.samples = append(s.samples, got)
	return nil
}

func (s *series) spread() *spread {
	if s == nil {
		return nil
	}
	var walls []time.Duration
	for _, one := range s.samples {
		walls = append(walls, one.wall)
	}
	return spreadOf(walls)
}

// worst has the highest figures of the runs.
func (s *series) worst() requests {
	var all requests
	for _, one := range s.samples {
		all = worst(all, one.requests)
	}
	return all
}

func (s *series) memory() *int64 {
	var all []*int64
	for _, one := range s.samples {
		all = append(all, one.memory)
	}
	return highest(all...)
}

// highest leaves out what is not known.
func highest(values ...*int64) *int64 {
	var found *int64
	for _, value := range values {
		if value != nil && (found == nil || *value > *found) {
			found = value
		}
	}
	return found
}

// find makes a finding of a series and, unless it is nil, the same with latency 0.
func find(scenario, title string, n int, slow, floor *series) finding {
	requests := slow.worst()
	f := finding{
		Scenario: scenario, Title: title, N: n, WallSeconds: slow.spread(), FloorSeconds: floor.spread(), Requests: &requests,
		PeakMemoryBytes: slow.memory(),
	}
	f.Ratio = ratioOf(f.WallSeconds, f.FloorSeconds)
	return f
}

// complaint is the first error in the output of a CLI.
func complaint(output string) string {
	for text := range strings.SplitSeq(output, "\n") {
		if _, message, found := strings.Cut(text, "Error: "); found {
			return strings.TrimSpace(message)
		}
	}
	return "it names no error"
}

func firstLine(text string) string {
	first, _, _ := strings.Cut(text, "\n")
	return first
}

// selectsAny says whether a scenario of the groups matches.
func selectsAny(groups []group, only *regexp.Regexp) bool {
	for _, group := range groups {
		for _, name := range group.scenarios {
			if only.MatchString(name) {
				return true
			}
		}
	}
	return false
}

func scenarioNames(groups []group) string {
	var names []string
	for _, group := range groups {
		names = append(names, group.scenarios...)
	}
	return strings.Join(names, ", ")
}

package provider_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/server"
)

// processWith is a run of the provider with options of its own.
func (tn *tenant) processWith(t *testing.T, options client.Options) *process {
	t.Helper()
	constructor := newServer("test", server.WithClientOptions(options),
		server.WithEnvironment(func(string) (string, bool) { return "", false }))
	server := constructor()
	schemas, diagnostics := configure(t, server, map[string]any{
		"tenant_id": tenantID, "client_id": appID, "client_secret": appSecret, "use_cli": false,
		"graph_endpoint": tn.url, "authority_host": tn.url, "ca_bundle_path": tn.caFile,
	})
	noErrors(t, diagnostics)
	return &process{t: t, server: server, schemas: schemas}
}

// haltingClock is the machine's time, in which a wait does not end but with its context. It tells of the first one.
type haltingClock struct{ reached chan struct{} }

func newHaltingClock() haltingClock { return haltingClock{reached: make(chan struct{}, 1)} }

func (haltingClock) Now() time.Time { return time.Now() }

func (c haltingClock) Wait(ctx context.Context, d time.Duration) error {
	if d > 0 {
		select {
		case c.reached <- struct{}{}:
		default:
		}
		<-ctx.Done()
	}
	return ctx.Err()
}

// timeoutsBlock is a timeouts block of a resource: pairs of an operation and its time.
func timeoutsBlock(pairs ...string) tftypes.Value {
	values := map[string]tftypes.Value{}
	typ := tftypes.Object{AttributeTypes: map[string]tftypes.Type{}}
	for _, name := range []string{"create", "read", "update", "delete"} {
		typ.AttributeTypes[name] = tftypes.String
		values[name] = tftypes.NewValue(tftypes.String, nil)
	}
	for i := 0; i < len(pairs); i += 2 {
		values[pairs[i]] = tftypes.NewValue(tftypes.String, pairs[i+1])
	}
	return tftypes.NewValue(typ, values)
}

// having is a configuration with one more attribute or block.
func having(config map[string]any, name string, value any) map[string]any {
	all := map[string]any{name: value}
	for other, value := range config {
		if other != name {
			all[other] = value
		}
	}
	return all
}

// eachResource has a configuration of each resource, and another one that is a change of it.
func eachResource() map[string]struct{ config, changed map[string]any } {
	user := func(state string) map[string]any {
		return map[string]any{"user_principal_name": adeleUPN, "state": state, "allow_promotion": false, "on_destroy": "disable"}
	}
	users := func(state string) map[string]any {
		return having(having(wants(adeleUPN, state, obrienUPN, state), "allow_promotion", false), "on_destroy", "disable")
	}
	policy := func(days int) map[string]any {
		return map[string]any{"state": "enabled", "snooze_days": days, "include": targetsOf(nil, []string{adeleID}, nil)}
	}
	return map[string]struct{ config, changed map[string]any }{
		typeName:       {user("enabled"), user("disabled")},
		statesTypeName: {users("enabled"), users("disabled")},
		policyTypeName: {policy(3), policy(7)},
		locationType:   {location("HQ", "203.0.113.0/24"), location("HQ", "203.0.113.0/25")},
	}
}

// created makes a resource in a process of its own.
func (tn *tenant) created(t *testing.T, typeName string, config map[string]any) kept {
	t.Helper()
	p := tn.processWith(t, quick())
	c, diagnostics := p.plan(typeName, kept{}, config)
	noErrors(t, diagnostics)
	made, diagnostics := p.apply(typeName, kept{}, c)
	noErrors(t, diagnostics)
	return made
}

func TestOnlyTheTimeoutsAreAnUpdateInPlaceThatAsksNothing(t *testing.T) {
	t.Parallel()
	for typeName, c := range eachResource() {
		t.Run(typeName, func(t *testing.T) {
			t.Parallel()
			ctx := context.Background()
			tn := startTenant(t, locationTenant(), quick())
			made := tn.created(t, typeName, c.config)
			block := timeoutsBlock("create", "40m", "read", "90s")
			for _, step := range []struct {
				name   string
				config map[string]any
				want   tftypes.Value
			}{
				{"added", having(c.config, "timeouts", block), block},
				{"changed", having(c.config, "timeouts", timeoutsBlock("update", "1h")), timeoutsBlock("update", "1h")},
				{"taken out", c.config, tftypes.NewValue(block.Type(), nil)},
			} {
				p := tn.processWith(t, quick())
				planned, diagnostics := p.plan(typeName, made, step.config)
				if len(diagnostics) != 0 {
					t.Errorf("%s: the plan says %q", step.name, append(problems(diagnostics), warnings(diagnostics)...))
				}
				if planned.replaces || planned.planned.Equal(made.state) {
					t.Errorf("%s: the plan is no update in place", step.name)
				}
				if !planned.planned.IsFullyKnown() {
					t.Errorf("%s: the plan leaves something open: %s", step.name, planned.planned)
				}
				if err := tn.ClearRequests(ctx); err != nil {
					t.Fatal(err)
				}
				before := made
				made, diagnostics = p.apply(typeName, made, planned)
				if len(diagnostics) != 0 {
					t.Errorf("%s: the apply says %q", step.name, append(problems(diagnostics), warnings(diagnostics)...))
				}
				if requests, err := tn.Requests(ctx); err != nil || len(requests) != 0 {
					t.Errorf("%s: the apply sent %v, %v", step.name, requests, err)
				}
				if have := attributeOf(t, made.state, "timeouts"); !have.Equal(step.want) {
					t.Errorf("%s: the state has %s, want %s", step.name, have, step.want)
				}
				if string(made.private) != string(before.private) {
					t.Errorf("%s: the private state is %q and was %q", step.name, made.private, before.private)
				}
				if again, _ := p.plan(typeName, made, step.config); !again.planned.Equal(made.state) {
					t.Errorf("%s: the next plan is\n%s\nand not\n%s", step.name, again.planned, made.state)
				}
			}
			// The control: a change of something else asks.
			p := tn.processWith(t, quick())
			planned, diagnostics := p.plan(typeName, made, c.changed)
			noErrors(t, diagnostics)
			if err := tn.ClearRequests(ctx); err != nil {
				t.Fatal(err)
			}
			_, diagnostics = p.apply(typeName, made, planned)
			noErrors(t, diagnostics)
			if requests, err := tn.Requests(ctx); err != nil || len(requests) == 0 {
				t.Errorf("a change sent nothing, %v", err)
			}
		})
	}
}

func TestAnImportHasNoTimeoutsAndNoDifferenceAfterIt(t *testing.T) {
	t.Parallel()
	tn := startTenant(t, locationTenant(), quick())
	for typeName, c := range map[string]struct {
		id     string
		config map[string]any
	}{
		typeName:       {meganID, map[string]any{"user_id": meganID, "state": "enabled", "allow_promotion": false, "on_destroy": "disable"}},
		statesTypeName: {meganUPN, having(having(wants(meganUPN, "enabled"), "allow_promotion", false), "on_destroy", "disable")},
		policyTypeName: {policyID, map[string]any{"state": "microsoft_managed"}},
		locationType:   {depotID, location("Depot", "192.0.2.0/28")},
	} {
		p := tn.processWith(t, quick())
		imported, diagnostics := p.importID(typeName, c.id)
		noErrors(t, diagnostics)
		if have := attributeOf(t, imported.state, "timeouts"); !have.IsNull() {
			t.Errorf("%s is imported with the timeouts %s", typeName, have)
		}
		if planned, diagnostics := p.plan(typeName, imported, c.config); !planned.planned.Equal(imported.state) {
			t.Errorf("%s: the plan after the import is\n%s\nand not\n%s\n%v", typeName, planned.planned, imported.state, problems(diagnostics))
		}
	}
}

func TestATimeoutThatIsNoneIsRefusedWhereItStands(t *testing.T) {
	t.Parallel()
	tn := startTenant(t, locationTenant(), quick())
	p := tn.processWith(t, quick())
	for typeName, c := range eachResource() {
		for _, bad := range []struct{ name, text, want string }{
			{"create", "half an hour", `"half an hour" is not a duration`},
			{"read", "30", `"30" is not a duration`},
			{"update", "0s", `"0s" leaves no time at all`},
			{"delete", "-5m", `"-5m" leaves no time at all`},
		} {
			_, typ := p.schemaOf(typeName)
			config := objectOf(t, typ, having(c.config, "timeouts", timeoutsBlock(bad.name, bad.text)))
			validated, err := p.server.ValidateResourceConfig(context.Background(), &tfprotov6.ValidateResourceConfigRequest{TypeName: typeName, Config: dynamic(t, config)})
			if err != nil {
				t.Fatal(err)
			}
			wantTold(t, told(tfprotov6.DiagnosticSeverityError, validated.Diagnostics), [][]string{{`AttributeName("timeouts").AttributeName("` + bad.name + `")`, "Invalid timeout", bad.want}})
		}
	}
	for _, typeName := range []string{typeName, statesTypeName, policyTypeName, locationType, "entramfa_trusted_ip_ranges"} {
		typ, ok := p.schemas.DataSourceSchemas[typeName].ValueType().(tftypes.Object)
		if !ok {
			t.Fatalf("%s has no object type", typeName)
		}
		block := tftypes.NewValue(typ.AttributeTypes["timeouts"], map[string]tftypes.Value{"read": tftypes.NewValue(tftypes.String, "soon")})
		validated, err := p.server.ValidateDataResourceConfig(context.Background(), &tfprotov6.ValidateDataResourceConfigRequest{
			TypeName: typeName, Config: dynamic(t, objectOf(t, typ, map[string]any{"timeouts": block})),
		})
		if err != nil {
			t.Fatal(err)
		}
		found := strings.Join(told(tfprotov6.DiagnosticSeverityError, validated.Diagnostics), "\n")
		if !says(`AttributeName("timeouts").AttributeName("read")`, "Invalid timeout", `"soon" is not a duration`).MatchString(found) {
			t.Errorf("%s: refused is %q", typeName, found)
		}
	}
}

// haltedApply is an apply that waits for something that does not come.
type haltedApply struct {
	typeName string
	// begin is what there is before, if anything, and config what is wanted.
	begin, config map[string]any
	options       func(*client.Options)
	behavior      control.Behavior
	fault         *control.Fault
	// writes is how many requests the fault has to hit before the apply is ended; 0 is 1.
	writes int
	// says is what the diagnostic tells, and warns that it is no error.
	says  []string
	warns bool
	// partly says that a part was carried out, and that the state has it.
	partly bool
	// wrote checks what the tenant has then; nil for no check.
	wrote func(tn *tenant) error
}

// haltedApplies are waits of every kind, in each resource.
func haltedApplies() map[string]haltedApply {
	all := eachResource()
	forever := 0
	// The clock halts at the first wait for it, so that it need not last.
	never := control.Behavior{ReplicaLag: control.ReplicaLag{Reads: 10, LagChecks: true}}
	refused := func(method, path string) *control.Fault {
		return &control.Fault{Method: method, PathRegexp: path, Times: &forever, Status: 429, Code: "TooManyRequests", Headers: map[string]string{"Retry-After": "100"}}
	}
	limited := func(class client.RateClass) func(*client.Options) {
		return func(o *client.Options) {
			o.Rates = map[client.RateClass]client.Rate{class: {PerSecond: 0.01, Burst: 1, StartsEmpty: true}}
		}
	}
	patient := func(o *client.Options) { o.Retry.MaxRetryDelay = time.Hour }
	noLocation := func(tn *tenant) error { return tn.hasNoLocation("HQ") }
	adeleIs := func(state string) func(tn *tenant) error {
		return func(tn *tenant) error { return tn.stateIs(adeleID, state) }
	}
	const replicas = "while waiting for the replicas of Microsoft Graph to agree"
	return map[string]haltedApply{
		"a location, at the rate limit": {
			typeName: locationType, config: all[locationType].config, options: limited(client.ClassConditionalAccess), wrote: noLocation,
			says: []string{`Unable to create named location "HQ"`, "while waiting for the rate limit of Microsoft Graph: 1 request a second for Conditional Access", "That was not carried out"},
		},
		"a location, after a refusal": {
			typeName: locationType, config: all[locationType].config, options: patient, fault: refused("POST", "/namedLocations$"), wrote: noLocation,
			says: []string{`Unable to create named location "HQ"`, "waiting to repeat a request that Microsoft Graph answered with HTTP 429 (Retry-After: 100)", "That was not carried out"},
		},
		"the change of a location, after a failure": {
			typeName: locationType, begin: all[locationType].config, config: all[locationType].changed, options: patient,
			fault: &control.Fault{Method: "PATCH", PathRegexp: "/namedLocations/", Times: &forever, Status: 503, Headers: map[string]string{"Retry-After": "100"}},
			says:  []string{`Unable to change named location "HQ"`, "answered with HTTP 503 (Retry-After: 100)", "Nobody knows whether that was carried out"},
		},
		"the deletion of a location that a replica refuses": {
			typeName: locationType, begin: all[locationType].config, behavior: never, partly: true,
			says: []string{`Unable to delete named location "HQ"`, "which is not trusted any more", replicas},
		},
		"a user, at the rate limit": {
			typeName: typeName, config: all[typeName].config, options: limited(client.ClassAuthentication), wrote: adeleIs("disabled"),
			says: []string{`Unable to read the per-user MFA state of "` + adeleUPN + `"`, "while waiting for the rate limit of Microsoft Graph for authentication"},
		},
		"a user, after a refusal": {
			typeName: typeName, config: all[typeName].config, options: patient, fault: refused("PATCH", "/requirements$"), wrote: adeleIs("disabled"),
			says: []string{`Unable to set the per-user MFA state of "` + adeleUPN + `" to "enabled"`, "HTTP 429 (Retry-After: 100)", "That was not carried out"},
		},
		"a user, read back": {
			typeName: typeName, config: all[typeName].config, behavior: never, warns: true, wrote: adeleIs("enabled"),
			says: []string{"The new MFA state of " + adeleUPN + " is not confirmed yet", replicas, `the service accepted "enabled" but still answers "disabled"`},
		},
		"many users, after a refusal": {
			typeName: statesTypeName, config: all[statesTypeName].config, options: patient, fault: refused("PATCH", "/requirements$"), wrote: adeleIs("disabled"),
			// The first to be refused holds the class back, and with it the other one.
			says: []string{"Unable to set the per-user MFA state of 2 of 2 users", "Nothing was written", "while waiting", "That was not carried out"},
		},
		"many users, read back": {
			// One of the two waits, and the other one may still have to be read.
			typeName: statesTypeName, config: all[statesTypeName].config, behavior: never, warns: true, wrote: adeleIs("enabled"),
			says: []string{"The new MFA state of 2 users is not confirmed yet", "The states are recorded as written"},
		},
		"the campaign, after a refusal": {
			typeName: policyTypeName, config: all[policyTypeName].config, options: patient, fault: refused("PATCH", "/authenticationMethodsPolicy$"),
			says: []string{"Unable to write the registration campaign", "HTTP 429 (Retry-After: 100)", "That was not carried out"},
		},
		"the campaign, read back": {
			typeName: policyTypeName, config: all[policyTypeName].config, behavior: never, warns: true,
			says: []string{"The new registration campaign is not confirmed yet", replicas},
		},
	}
}

// interrupted makes an operation wait, and returns what was kept before and after it, and what it says. Once it waits, end is
// called.
func (c haltedApply) interrupted(t *testing.T, tn *tenant, timeouts tftypes.Value, end func(p *process)) (before, after kept, diagnostics []*tfprotov6.Diagnostic) {
	t.Helper()
	ctx := context.Background()
	config := c.config
	if config != nil {
		config = having(config, "timeouts", timeouts)
	}
	if c.begin != nil {
		before = tn.created(t, c.typeName, having(c.begin, "timeouts", timeouts))
	}
	planned, found := tn.processWith(t, quick()).plan(c.typeName, before, config)
	noErrors(t, found)
	if err := tn.SetBehavior(ctx, c.behavior); err != nil {
		t.Fatal(err)
	}
	if c.fault != nil {
		tn.fault(*c.fault)()
	}
	clock, options := newHaltingClock(), quick()
	options.Clock = clock
	if c.options != nil {
		c.options(&options)
	}
	p := tn.processWith(t, options)
	type outcome struct {
		after       kept
		diagnostics []*tfprotov6.Diagnostic
	}
	done := make(chan outcome, 1)
	go func() {
		made, told := p.apply(c.typeName, before, planned)
		done <- outcome{made, told}
	}()
	if end != nil {
		tn.awaitWait(t, clock, c.hits())
		end(p)
	}
	made := <-done
	if err := tn.SetBehavior(ctx, control.Behavior{}); err != nil {
		t.Fatal(err)
	}
	if err := tn.ClearFaults(ctx); err != nil {
		t.Fatal(err)
	}
	return before, made.after, made.diagnostics
}

// hits is how many requests a fault has to hit before what is to be ended has begun; none where there is no fault.
func (c haltedApply) hits() int {
	if c.fault == nil {
		return 0
	}
	return max(1, c.writes)
}

// awaitWait returns when something waits: by the clock, or after as many requests as are said that a fault has hit.
func (tn *tenant) awaitWait(t *testing.T, clock haltingClock, hits int) {
	t.Helper()
	for {
		select {
		case <-clock.reached:
			return
		default:
		}
		if hits == 0 {
			<-clock.reached
			return
		}
		faults, err := tn.ListFaults(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		for _, fault := range faults {
			if fault.Applied >= hits {
				return
			}
		}
	}
}

// check looks at the outcome, and applies once more without anything in the way.
func (c haltedApply) check(t *testing.T, tn *tenant, before, after kept, diagnostics []*tfprotov6.Diagnostic, ended ...string) {
	t.Helper()
	severity, other := tfprotov6.DiagnosticSeverityError, tfprotov6.DiagnosticSeverityWarning
	if c.warns {
		severity, other = other, severity
	}
	found := told(severity, diagnostics)
	if len(found) != 1 || len(told(other, diagnostics)) != 0 {
		t.Fatalf("the apply says %q", append(found, told(other, diagnostics)...))
	}
	for _, text := range append(append([]string(nil), c.says...), ended...) {
		if !says(text).MatchString(found[0]) {
			t.Errorf("it says\n%s\nand not %q", found[0], text)
		}
	}
	switch {
	case c.warns && after.nothing():
		t.Error("what was written is not in the state")
	case c.partly:
		if after.nothing() || after.same(before) {
			t.Errorf("a part was carried out, and the state is\n%s", after)
		}
	case !c.warns && !after.same(before):
		t.Errorf("the state is\n%s\nand was\n%s", after, before)
	}
	if c.wrote != nil {
		if err := c.wrote(tn); err != nil {
			t.Error(err)
		}
	}
	p := tn.processWith(t, quick())
	if !after.nothing() {
		after, diagnostics = p.read(c.typeName, after)
		noErrors(t, diagnostics)
	}
	planned, diagnostics := p.plan(c.typeName, after, c.config)
	noErrors(t, diagnostics)
	after, diagnostics = p.apply(c.typeName, after, planned)
	noErrors(t, diagnostics)
	if after.nothing() != (c.config == nil) {
		t.Errorf("the next apply ends with %s", after)
	}
}

func TestAnOperationEndsWithItsTimeoutAndSaysWhatItWaitedFor(t *testing.T) {
	t.Parallel()
	for name, c := range haltedApplies() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tn := startTenant(t, locationTenant(), quick())
			deed := "create"
			switch {
			case c.config == nil:
				deed = "delete"
			case c.begin != nil:
				deed = "update"
			}
			before, after, diagnostics := c.interrupted(t, tn, timeoutsBlock(deed, "2s"), nil)
			ended := []string{"timeouts." + deed + " is 2s"}
			if !c.warns {
				ended = append(ended, "timeouts {", deed+` = "4s"`)
			}
			c.check(t, tn, before, after, diagnostics, ended...)
		})
	}
}

func TestStoppingEndsEveryWaitAndKeepsTheState(t *testing.T) {
	t.Parallel()
	for name, c := range haltedApplies() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tn := startTenant(t, locationTenant(), quick())
			before, after, diagnostics := c.interrupted(t, tn, timeoutsBlock(), stop(t))
			c.check(t, tn, before, after, diagnostics, "stopped")
		})
	}
}

// stop is what Ctrl-C does to a run of the provider.
func stop(t *testing.T) func(p *process) {
	t.Helper()
	return func(p *process) {
		if _, err := p.server.StopProvider(context.Background(), &tfprotov6.StopProviderRequest{}); err != nil {
			t.Error(err)
		}
	}
}

func TestWhatWasSentBeforeTheStopIsInTheState(t *testing.T) {
	t.Parallel()
	for typeName, path := range map[string]string{
		locationType: "/namedLocations$", policyTypeName: "/authenticationMethodsPolicy$",
		typeName: "/requirements$", statesTypeName: "/requirements$",
	} {
		t.Run(typeName, func(t *testing.T) {
			t.Parallel()
			tn := startTenant(t, locationTenant(), quick())
			config := eachResource()[typeName].config
			method := http.MethodPatch
			if typeName == locationType {
				method = http.MethodPost
			}
			c := haltedApply{typeName: typeName, config: config, fault: &control.Fault{Method: method, PathRegexp: path, DelayMs: 500}}
			if typeName == statesTypeName {
				// On a busy machine the two users' writes need not leave together.
				c.writes, c.fault.Times = 2, new(2)
			}
			_, after, diagnostics := c.interrupted(t, tn, timeoutsBlock(), stop(t))
			noErrors(t, diagnostics)
			if after.nothing() {
				t.Fatal("nothing is in the state")
			}
			p := tn.processWith(t, quick())
			read, diagnostics := p.read(typeName, after)
			noErrors(t, diagnostics)
			if planned, _ := p.plan(typeName, read, having(config, "timeouts", timeoutsBlock())); !planned.planned.Equal(read.state) {
				t.Errorf("the next plan is\n%s\nand not\n%s", planned.planned, read.state)
			}
		})
	}
}

func TestALocationThatWasPerhapsMadeIsToBeLookedFor(t *testing.T) {
	t.Parallel()
	tn := startTenant(t, locationTenant(), quick())
	c := haltedApply{
		typeName: locationType, config: location("HQ", "203.0.113.0/24"), fault: &control.Fault{Method: http.MethodPost, PathRegexp: "/namedLocations$", DelayMs: 600_000},
		options: func(o *client.Options) { o.AnswerGrace = time.Millisecond },
	}
	_, after, diagnostics := c.interrupted(t, tn, timeoutsBlock(), stop(t))
	wantTold(t, told(tfprotov6.DiagnosticSeverityError, diagnostics), [][]string{{
		`Unable to create named location "HQ": the run was stopped`, "while waiting for the answer of Microsoft Graph", "Nobody knows whether it was made",
		"It is not in the state", `a named location "HQ" that was made at`, "import it if it is there",
	}})
	if !after.nothing() {
		t.Errorf("the state is %s", after)
	}
}

func TestOnlyWhoseTimeIsOverFailsAmongThoseWhoShareARead(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		path string
		do   func(p *process, have kept) []*tfprotov6.Diagnostic
		// hurried and patient are what the two are told.
		hurried, patient []string
	}{
		"the list of the locations": {
			"/namedLocations$", func(p *process, have kept) []*tfprotov6.Diagnostic {
				read, diagnostics := p.read(locationType, have)
				if !read.same(have) {
					p.t.Errorf("the read makes\n%s\nof\n%s", read, have)
				}
				return diagnostics
			},
			[]string{"timeouts.read is 1s", "terraform apply -refresh=false"},
			nil,
		},
		"the policies": {
			"/policies$", func(p *process, have kept) []*tfprotov6.Diagnostic {
				_, diagnostics := p.plan(locationType, have, nil)
				return diagnostics
			},
			[]string{`The policies that use trusted locations are not known`, "The time for the plan", "timeouts.read is 1s"},
			[]string{`Named location "Branch" is in use`},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tn := startTenant(t, locationTenant(), quick())
			p := tn.processWith(t, quick())
			_, typ := p.schemaOf(locationType)
			patient, hurried := kept{state: objectOf(t, typ, branch())}, kept{state: objectOf(t, typ, having(branch(), "timeouts", timeoutsBlock("read", "1s")))}
			// Only the first one that asks gets no answer.
			tn.fault(control.Fault{Method: http.MethodGet, PathRegexp: c.path, DelayMs: 600_000})()
			ended, waited := make(chan []*tfprotov6.Diagnostic, 1), make(chan []*tfprotov6.Diagnostic, 1)
			go func() { ended <- c.do(p, hurried) }()
			tn.awaitWait(t, newHaltingClock(), 1)
			go func() { waited <- c.do(p, patient) }()
			all := func(diagnostics []*tfprotov6.Diagnostic) string {
				return strings.Join(append(problems(diagnostics), warnings(diagnostics)...), "\n")
			}
			for _, found := range []struct {
				said string
				want []string
			}{{all(<-ended), c.hurried}, {all(<-waited), c.patient}} {
				if (found.said == "") != (found.want == nil) || !says(found.want...).MatchString(found.said) {
					t.Errorf("it says %q, want %q", found.said, found.want)
				}
			}
		})
	}
}

func TestTheReadOfADataSourceEndsWithItsTimeout(t *testing.T) {
	t.Parallel()
	tn := startTenant(t, locationTenant(), quick())
	forever := 0
	p := tn.processWith(t, quick())
	tn.fault(control.Fault{Method: http.MethodGet, Path: "/", Times: &forever, DelayMs: 600_000})()
	for typeName, config := range map[string]map[string]any{
		typeName:                     {"user_id": meganID},
		statesTypeName:               {"all_users": true},
		policyTypeName:               {},
		locationType:                 {"id": depotID},
		"entramfa_trusted_ip_ranges": {},
	} {
		typ, ok := p.schemas.DataSourceSchemas[typeName].ValueType().(tftypes.Object)
		if !ok {
			t.Fatalf("%s has no object type", typeName)
		}
		config["timeouts"] = tftypes.NewValue(typ.AttributeTypes["timeouts"], map[string]tftypes.Value{"read": tftypes.NewValue(tftypes.String, "100ms")})
		_, diagnostics := p.data(typeName, config)
		found := strings.Join(problems(diagnostics), "\n")
		if !says("The time for the read of this "+typeName+" is over: timeouts.read is 100ms", `read = "200ms"`).MatchString(found) {
			t.Errorf("%s says %q", typeName, found)
		}
	}
}

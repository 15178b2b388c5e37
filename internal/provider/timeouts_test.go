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
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/acctest"
)

func newHaltingClock() acctest.HaltingClock {
	return acctest.HaltingClock{Reached: make(chan struct{}, 1)}
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

// eachResource has a configuration of each resource, and another one that is a change of it. Of one range there is none but its
// removal: another range replaces the resource.
func eachResource() map[string]struct{ config, changed map[string]any } {
	user := func(state string) map[string]any {
		return map[string]any{"user_principal_name": acctest.AdeleUPN, "state": state, "allow_promotion": false, "on_destroy": "disable"}
	}
	users := func(state string) map[string]any {
		return acctest.Having(acctest.Having(acctest.WantedUsers(acctest.AdeleUPN, state, acctest.ObrienUPN, state), "allow_promotion", false), "on_destroy", "disable")
	}
	policy := func(days int) map[string]any {
		return map[string]any{"state": "enabled", "snooze_days": days, "include": acctest.Targets(nil, []string{acctest.AdeleID}, nil)}
	}
	return map[string]struct{ config, changed map[string]any }{
		typeStrength:           {strengthOf("Keys", "fido2"), strengthOf("Keys", "fido2", "windowsHelloForBusiness")},
		acctest.TypeName:       {user("enabled"), user("disabled")},
		acctest.StatesTypeName: {users("enabled"), users("disabled")},
		acctest.PolicyTypeName: {policy(3), policy(7)},
		acctest.LocationType:   {acctest.Location("HQ", "203.0.113.0/24"), acctest.Location("HQ", "203.0.113.0/25")},
		acctest.CountryType:    {acctest.Countries("Nordics", "DK", "NO"), acctest.Countries("Nordics", "DK", "NO", "SE")},
		acctest.RangeType:      {acctest.RangeIn(acctest.DepotID, "203.0.113.0/24"), nil},
		typeAccessPolicy:       {acctest.AccessPolicy("MFA", "enabledForReportingButNotEnforced"), acctest.AccessPolicy("MFA", "disabled")},
	}
}

func TestOnlyTheTimeoutsAreAnUpdateInPlaceThatAsksNothing(t *testing.T) {
	t.Parallel()
	for typeName, c := range eachResource() {
		t.Run(typeName, func(t *testing.T) {
			t.Parallel()
			ctx := context.Background()
			tn := acctest.StartTenant(t, acctest.LocationTenant(), acctest.Quick())
			made := tn.Created(t, typeName, c.config)
			block := timeoutsBlock("create", "40m", "read", "90s")
			for _, step := range []struct {
				name   string
				config map[string]any
				want   tftypes.Value
			}{
				{"added", acctest.Having(c.config, "timeouts", block), block},
				{"changed", acctest.Having(c.config, "timeouts", timeoutsBlock("update", "1h")), timeoutsBlock("update", "1h")},
				{"taken out", c.config, tftypes.NewValue(block.Type(), nil)},
			} {
				p := tn.ProcessWith(t, acctest.Quick())
				planned, diagnostics := p.Plan(typeName, made, step.config)
				if len(diagnostics) != 0 {
					t.Errorf("%s: the plan says %q", step.name, append(acctest.Problems(diagnostics), acctest.Warnings(diagnostics)...))
				}
				if planned.Replaces || planned.Planned.Equal(made.State) {
					t.Errorf("%s: the plan is no update in place", step.name)
				}
				if !planned.Planned.IsFullyKnown() {
					t.Errorf("%s: the plan leaves something open: %s", step.name, planned.Planned)
				}
				if err := tn.ClearRequests(ctx); err != nil {
					t.Fatal(err)
				}
				before := made
				made, diagnostics = p.Apply(typeName, made, planned)
				if len(diagnostics) != 0 {
					t.Errorf("%s: the apply says %q", step.name, append(acctest.Problems(diagnostics), acctest.Warnings(diagnostics)...))
				}
				if requests, err := tn.Requests(ctx); err != nil || len(requests) != 0 {
					t.Errorf("%s: the apply sent %v, %v", step.name, requests, err)
				}
				if have := acctest.AttributeOf(t, made.State, "timeouts"); !have.Equal(step.want) {
					t.Errorf("%s: the state has %s, want %s", step.name, have, step.want)
				}
				if string(made.Private) != string(before.Private) {
					t.Errorf("%s: the private state is %q and was %q", step.name, made.Private, before.Private)
				}
				if again, _ := p.Plan(typeName, made, step.config); !again.Planned.Equal(made.State) {
					t.Errorf("%s: the next plan is\n%s\nand not\n%s", step.name, again.Planned, made.State)
				}
			}
			// The control: a change of something else asks.
			p := tn.ProcessWith(t, acctest.Quick())
			planned, diagnostics := p.Plan(typeName, made, c.changed)
			acctest.NoErrors(t, diagnostics)
			if err := tn.ClearRequests(ctx); err != nil {
				t.Fatal(err)
			}
			_, diagnostics = p.Apply(typeName, made, planned)
			acctest.NoErrors(t, diagnostics)
			if requests, err := tn.Requests(ctx); err != nil || len(requests) == 0 {
				t.Errorf("a change sent nothing, %v", err)
			}
		})
	}
}

func TestAnImportHasNoTimeoutsAndNoDifferenceAfterIt(t *testing.T) {
	t.Parallel()
	tn := acctest.StartTenant(t, acctest.LocationTenant(), acctest.Quick())
	var tried []string
	for typeName, c := range map[string]struct {
		id     string
		config map[string]any
	}{
		acctest.TypeName:       {acctest.MeganID, map[string]any{"user_id": acctest.MeganID, "state": "enabled", "allow_promotion": false, "on_destroy": "disable"}},
		acctest.StatesTypeName: {acctest.MeganUPN, acctest.Having(acctest.Having(acctest.WantedUsers(acctest.MeganUPN, "enabled"), "allow_promotion", false), "on_destroy", "disable")},
		acctest.PolicyTypeName: {acctest.PolicyID, map[string]any{"state": "microsoft_managed"}},
		acctest.LocationType:   {acctest.DepotID, acctest.Location("Depot", "192.0.2.0/28")},
		acctest.CountryType:    {acctest.ItalyID, acctest.Countries("Italy", "IT")},
		acctest.RangeType:      {acctest.DepotID + "/192.0.2.0/28", acctest.RangeIn(acctest.DepotID, "192.0.2.0/28")},
		typeAccessPolicy:       {acctest.BranchOnly, acctest.BranchPolicy()},
		typeStrength:           {acctest.StrengthID, strengthOf("Passkeys", "fido2")},
	} {
		tried = append(tried, typeName)
		p := tn.ProcessWith(t, acctest.Quick())
		imported, diagnostics := p.ImportID(typeName, c.id)
		acctest.NoErrors(t, diagnostics)
		if have := acctest.AttributeOf(t, imported.State, "timeouts"); !have.IsNull() {
			t.Errorf("%s is imported with the timeouts %s", typeName, have)
		}
		if planned, diagnostics := p.Plan(typeName, imported, c.config); !planned.Planned.Equal(imported.State) {
			t.Errorf("%s: the plan after the import is\n%s\nand not\n%s\n%v", typeName, planned.Planned, imported.State, acctest.Problems(diagnostics))
		}
	}
	resources, _ := acctest.EveryType(t)
	acctest.WantRows(t, "resource", "this test", resources, tried)
}

func TestATimeoutThatIsNoneIsRefusedWhereItStands(t *testing.T) {
	t.Parallel()
	tn := acctest.StartTenant(t, acctest.LocationTenant(), acctest.Quick())
	p := tn.ProcessWith(t, acctest.Quick())
	for typeName, c := range eachResource() {
		for _, bad := range []struct{ name, text, want string }{
			{"create", "half an hour", `"half an hour" is not a duration`},
			{"read", "30", `"30" is not a duration`},
			{"update", "0s", `"0s" leaves no time at all`},
			{"delete", "-5m", `"-5m" leaves no time at all`},
		} {
			_, typ := p.SchemaOf(typeName)
			config := acctest.ObjectOf(t, typ, acctest.Having(c.config, "timeouts", timeoutsBlock(bad.name, bad.text)))
			validated, err := p.Server.ValidateResourceConfig(context.Background(), &tfprotov6.ValidateResourceConfigRequest{TypeName: typeName, Config: acctest.Dynamic(t, config)})
			if err != nil {
				t.Fatal(err)
			}
			acctest.WantTold(t, acctest.Told(tfprotov6.DiagnosticSeverityError, validated.Diagnostics), [][]string{{`AttributeName("timeouts").AttributeName("` + bad.name + `")`, "Invalid timeout", bad.want}})
		}
	}
	_, dataSources := acctest.EveryType(t)
	for _, typeName := range dataSources {
		typ, ok := p.Schemas.DataSourceSchemas[typeName].ValueType().(tftypes.Object)
		if !ok {
			t.Fatalf("%s has no object type", typeName)
		}
		block := tftypes.NewValue(typ.AttributeTypes["timeouts"], map[string]tftypes.Value{"read": tftypes.NewValue(tftypes.String, "soon")})
		validated, err := p.Server.ValidateDataResourceConfig(context.Background(), &tfprotov6.ValidateDataResourceConfigRequest{
			TypeName: typeName, Config: acctest.Dynamic(t, acctest.ObjectOf(t, typ, map[string]any{"timeouts": block})),
		})
		if err != nil {
			t.Fatal(err)
		}
		found := strings.Join(acctest.Told(tfprotov6.DiagnosticSeverityError, validated.Diagnostics), "\n")
		if !acctest.Says(`AttributeName("timeouts").AttributeName("read")`, "Invalid timeout", `"soon" is not a duration`).MatchString(found) {
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
	wrote func(tn *acctest.Tenant) error
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
	noLocation := func(tn *acctest.Tenant) error { return tn.HasNoLocation("HQ") }
	depotHas := func(ranges ...string) func(tn *acctest.Tenant) error {
		return func(tn *acctest.Tenant) error { return tn.HasLocation("Depot", ranges...)(nil) }
	}
	adeleIs := func(state string) func(tn *acctest.Tenant) error {
		return func(tn *acctest.Tenant) error { return tn.StateIs(acctest.AdeleID, state) }
	}
	const replicas = "while waiting for the replicas of Microsoft Graph to agree"
	return map[string]haltedApply{
		"a location, at the rate limit": {
			typeName: acctest.LocationType, config: all[acctest.LocationType].config, options: limited(client.ClassConditionalAccess), wrote: noLocation,
			says: []string{`Unable to create named location "HQ"`, "while waiting for the rate limit of Microsoft Graph: 1 request a second for Conditional Access", "That was not carried out"},
		},
		"a location, after a refusal": {
			typeName: acctest.LocationType, config: all[acctest.LocationType].config, options: patient, fault: refused("POST", "/namedLocations$"), wrote: noLocation,
			says: []string{`Unable to create named location "HQ"`, "waiting to repeat a request that Microsoft Graph answered with HTTP 429 (Retry-After: 100)", "That was not carried out"},
		},
		"the change of a location, after a failure": {
			typeName: acctest.LocationType, begin: all[acctest.LocationType].config, config: all[acctest.LocationType].changed, options: patient,
			fault: &control.Fault{Method: "PATCH", PathRegexp: "/namedLocations/", Times: &forever, Status: 503, Headers: map[string]string{"Retry-After": "100"}},
			says:  []string{`Unable to change named location "HQ"`, "answered with HTTP 503 (Retry-After: 100)", "Nobody knows whether that was carried out"},
		},
		"a location of countries, after a refusal": {
			typeName: acctest.CountryType, config: all[acctest.CountryType].config, options: patient, fault: refused("POST", "/namedLocations$"),
			wrote: func(tn *acctest.Tenant) error { return tn.HasNoLocation("Nordics") },
			says:  []string{`Unable to create named location "Nordics"`, "answered with HTTP 429 (Retry-After: 100)", "That was not carried out"},
		},
		"the change of a location of countries, after a failure": {
			typeName: acctest.CountryType, begin: all[acctest.CountryType].config, config: all[acctest.CountryType].changed, options: patient,
			fault: &control.Fault{Method: "PATCH", PathRegexp: "/namedLocations/", Times: &forever, Status: 503, Headers: map[string]string{"Retry-After": "100"}},
			says:  []string{`Unable to change named location "Nordics"`, "answered with HTTP 503 (Retry-After: 100)", "Nobody knows whether that was carried out"},
		},
		"one range, at the rate limit": {
			typeName: acctest.RangeType, config: all[acctest.RangeType].config, options: limited(client.ClassConditionalAccess), wrote: depotHas("192.0.2.0/28"),
			says: []string{"Unable to read named location " + acctest.DepotID, "while waiting for the rate limit of Microsoft Graph: 1 request a second for Conditional Access"},
		},
		"one range, after a refusal": {
			typeName: acctest.RangeType, config: all[acctest.RangeType].config, options: patient, fault: refused("PATCH", "/namedLocations/"), wrote: depotHas("192.0.2.0/28"),
			says: []string{`Unable to change named location "Depot"`, "HTTP 429 (Retry-After: 100)", "That was not carried out"},
		},
		"one range, read back": {
			typeName: acctest.RangeType, config: all[acctest.RangeType].config, behavior: never, warns: true, wrote: depotHas("192.0.2.0/28", "203.0.113.0/24"),
			says: []string{`The change of 203.0.113.0/24 in named location "Depot" is not confirmed yet`, replicas, "The range is recorded as added"},
		},
		"the deletion of a location that a replica refuses": {
			typeName: acctest.LocationType, begin: all[acctest.LocationType].config, behavior: never, partly: true,
			says: []string{`Unable to delete named location "HQ"`, "which is not trusted any more", replicas},
		},
		"a user, at the rate limit": {
			typeName: acctest.TypeName, config: all[acctest.TypeName].config, options: limited(client.ClassAuthentication), wrote: adeleIs("disabled"),
			says: []string{`Unable to read the per-user MFA state of "` + acctest.AdeleUPN + `"`, "while waiting for the rate limit of Microsoft Graph for authentication"},
		},
		"a user, after a refusal": {
			typeName: acctest.TypeName, config: all[acctest.TypeName].config, options: patient, fault: refused("PATCH", "/requirements$"), wrote: adeleIs("disabled"),
			says: []string{`Unable to set the per-user MFA state of "` + acctest.AdeleUPN + `" to "enabled"`, "HTTP 429 (Retry-After: 100)", "That was not carried out"},
		},
		"a user, read back": {
			typeName: acctest.TypeName, config: all[acctest.TypeName].config, behavior: never, warns: true, wrote: adeleIs("enabled"),
			says: []string{"The new MFA state of " + acctest.AdeleUPN + " is not confirmed yet", replicas, `the service accepted "enabled" but still answers "disabled"`},
		},
		"many users, after a refusal": {
			typeName: acctest.StatesTypeName, config: all[acctest.StatesTypeName].config, options: patient, fault: refused("PATCH", "/requirements$"), wrote: adeleIs("disabled"),
			// The first to be refused holds the class back, and with it the other one.
			says: []string{"Unable to set the per-user MFA state of 2 of 2 users", "Nothing was written", "while waiting", "That was not carried out"},
		},
		"many users, read back": {
			// One of the two waits, and the other one may still have to be read.
			typeName: acctest.StatesTypeName, config: all[acctest.StatesTypeName].config, behavior: never, warns: true, wrote: adeleIs("enabled"),
			says: []string{"The new MFA state of 2 users is not confirmed yet", "The states are recorded as written"},
		},
		"the campaign, after a refusal": {
			typeName: acctest.PolicyTypeName, config: all[acctest.PolicyTypeName].config, options: patient, fault: refused("PATCH", "/authenticationMethodsPolicy$"),
			says: []string{"Unable to write the registration campaign", "HTTP 429 (Retry-After: 100)", "That was not carried out"},
		},
		"the campaign, read back": {
			typeName: acctest.PolicyTypeName, config: all[acctest.PolicyTypeName].config, behavior: never, warns: true,
			says: []string{"The new registration campaign is not confirmed yet", replicas},
		},
	}
}

// interrupted makes an operation wait, and returns what was kept before and after it, and what it says. Once it waits, end is
// called.
func (c haltedApply) interrupted(t *testing.T, tn *acctest.Tenant, timeouts tftypes.Value, end func(p *acctest.Process)) (before, after acctest.Kept, diagnostics []*tfprotov6.Diagnostic) {
	t.Helper()
	ctx := context.Background()
	config := c.config
	if config != nil {
		config = acctest.Having(config, "timeouts", timeouts)
	}
	if c.begin != nil {
		before = tn.Created(t, c.typeName, acctest.Having(c.begin, "timeouts", timeouts))
	}
	planned, found := tn.ProcessWith(t, acctest.Quick()).Plan(c.typeName, before, config)
	acctest.NoErrors(t, found)
	if err := tn.SetBehavior(ctx, c.behavior); err != nil {
		t.Fatal(err)
	}
	if c.fault != nil {
		tn.Fault(*c.fault)()
	}
	clock, options := newHaltingClock(), acctest.Quick()
	options.Clock = clock
	if c.options != nil {
		c.options(&options)
	}
	p := tn.ProcessWith(t, options)
	type outcome struct {
		after       acctest.Kept
		diagnostics []*tfprotov6.Diagnostic
	}
	done := make(chan outcome, 1)
	go func() {
		made, told := p.Apply(c.typeName, before, planned)
		done <- outcome{made, told}
	}()
	if end != nil {
		tn.AwaitWait(t, clock, c.hits())
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

// check looks at the outcome, and applies once more without anything in the way.
func (c haltedApply) check(t *testing.T, tn *acctest.Tenant, before, after acctest.Kept, diagnostics []*tfprotov6.Diagnostic, ended ...string) {
	t.Helper()
	severity, other := tfprotov6.DiagnosticSeverityError, tfprotov6.DiagnosticSeverityWarning
	if c.warns {
		severity, other = other, severity
	}
	found := acctest.Told(severity, diagnostics)
	if len(found) != 1 || len(acctest.Told(other, diagnostics)) != 0 {
		t.Fatalf("the apply says %q", append(found, acctest.Told(other, diagnostics)...))
	}
	for _, text := range append(append([]string(nil), c.says...), ended...) {
		if !acctest.Says(text).MatchString(found[0]) {
			t.Errorf("it says\n%s\nand not %q", found[0], text)
		}
	}
	switch {
	case c.warns && after.Nothing():
		t.Error("what was written is not in the state")
	case c.partly:
		if after.Nothing() || after.Same(before) {
			t.Errorf("a part was carried out, and the state is\n%s", after)
		}
	case !c.warns && !after.Same(before):
		t.Errorf("the state is\n%s\nand was\n%s", after, before)
	}
	if c.wrote != nil {
		if err := c.wrote(tn); err != nil {
			t.Error(err)
		}
	}
	p := tn.ProcessWith(t, acctest.Quick())
	if !after.Nothing() {
		after, diagnostics = p.Read(c.typeName, after)
		acctest.NoErrors(t, diagnostics)
	}
	planned, diagnostics := p.Plan(c.typeName, after, c.config)
	acctest.NoErrors(t, diagnostics)
	after, diagnostics = p.Apply(c.typeName, after, planned)
	acctest.NoErrors(t, diagnostics)
	if after.Nothing() != (c.config == nil) {
		t.Errorf("the next apply ends with %s", after)
	}
}

func TestAnOperationEndsWithItsTimeoutAndSaysWhatItWaitedFor(t *testing.T) {
	t.Parallel()
	for name, c := range haltedApplies() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tn := acctest.StartTenant(t, acctest.LocationTenant(), acctest.Quick())
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
			tn := acctest.StartTenant(t, acctest.LocationTenant(), acctest.Quick())
			before, after, diagnostics := c.interrupted(t, tn, timeoutsBlock(), stop(t))
			c.check(t, tn, before, after, diagnostics, "stopped")
		})
	}
}

// stop is what Ctrl-C does to a run of the provider.
func stop(t *testing.T) func(p *acctest.Process) {
	t.Helper()
	return func(p *acctest.Process) {
		if _, err := p.Server.StopProvider(context.Background(), &tfprotov6.StopProviderRequest{}); err != nil {
			t.Error(err)
		}
	}
}

func TestWhatWasSentBeforeTheStopIsInTheState(t *testing.T) {
	t.Parallel()
	var sent []string
	for typeName, path := range map[string]string{
		acctest.LocationType: "/namedLocations$", acctest.PolicyTypeName: "/authenticationMethodsPolicy$",
		acctest.TypeName: "/requirements$", acctest.StatesTypeName: "/requirements$",
		acctest.CountryType: "/namedLocations$", acctest.RangeType: "/namedLocations/", typeStrength: "/authenticationStrengthPolicies$", typeAccessPolicy: "/policies$",
	} {
		sent = append(sent, typeName)
		t.Run(typeName, func(t *testing.T) {
			t.Parallel()
			tn := acctest.StartTenant(t, acctest.LocationTenant(), acctest.Quick())
			config := eachResource()[typeName].config
			method := http.MethodPatch
			if typeName == acctest.LocationType || typeName == acctest.CountryType || typeName == typeAccessPolicy || typeName == typeStrength {
				method = http.MethodPost
			}
			c := haltedApply{typeName: typeName, config: config, fault: &control.Fault{Method: method, PathRegexp: path, DelayMs: 500}}
			if typeName == acctest.StatesTypeName {
				// On a busy machine the two users' writes need not leave together.
				c.writes, c.fault.Times = 2, new(2)
			}
			_, after, diagnostics := c.interrupted(t, tn, timeoutsBlock(), stop(t))
			acctest.NoErrors(t, diagnostics)
			if after.Nothing() {
				t.Fatal("nothing is in the state")
			}
			p := tn.ProcessWith(t, acctest.Quick())
			read, diagnostics := p.Read(typeName, after)
			acctest.NoErrors(t, diagnostics)
			if planned, _ := p.Plan(typeName, read, acctest.Having(config, "timeouts", timeoutsBlock())); !planned.Planned.Equal(read.State) {
				t.Errorf("the next plan is\n%s\nand not\n%s", planned.Planned, read.State)
			}
		})
	}
	resources, _ := acctest.EveryType(t)
	acctest.WantRows(t, "resource", "this test", resources, sent)
}

func TestALocationThatWasPerhapsMadeIsToBeLookedFor(t *testing.T) {
	t.Parallel()
	tn := acctest.StartTenant(t, acctest.LocationTenant(), acctest.Quick())
	c := haltedApply{
		typeName: acctest.LocationType, config: acctest.Location("HQ", "203.0.113.0/24"), fault: &control.Fault{Method: http.MethodPost, PathRegexp: "/namedLocations$", DelayMs: 600_000},
		options: func(o *client.Options) { o.AnswerGrace = time.Millisecond },
	}
	_, after, diagnostics := c.interrupted(t, tn, timeoutsBlock(), stop(t))
	acctest.WantTold(t, acctest.Told(tfprotov6.DiagnosticSeverityError, diagnostics), [][]string{{
		`Unable to create named location "HQ": the run was stopped`, "while waiting for the answer of Microsoft Graph", "Nobody knows whether it was made",
		"It is not in the state", `a named location "HQ" that was made at`, "import it if it is there",
	}})
	if !after.Nothing() {
		t.Errorf("the state is %s", after)
	}
}

func TestOnlyWhoseTimeIsOverFailsAmongThoseWhoShareARead(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		path string
		do   func(p *acctest.Process, have acctest.Kept) []*tfprotov6.Diagnostic
		// hurried and patient are what the two are told.
		hurried, patient []string
	}{
		"the list of the locations": {
			"/namedLocations$", func(p *acctest.Process, have acctest.Kept) []*tfprotov6.Diagnostic {
				read, diagnostics := p.Read(acctest.LocationType, have)
				if !read.Same(have) {
					p.T.Errorf("the read makes\n%s\nof\n%s", read, have)
				}
				return diagnostics
			},
			[]string{"timeouts.read is 1s", "terraform apply -refresh=false"},
			nil,
		},
		"the policies": {
			"/policies$", func(p *acctest.Process, have acctest.Kept) []*tfprotov6.Diagnostic {
				_, diagnostics := p.Plan(acctest.LocationType, have, nil)
				return diagnostics
			},
			[]string{`The policies that use trusted locations are not known`, "The time for the plan", "timeouts.read is 1s"},
			[]string{`Named location "Branch" is in use`},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tn := acctest.StartTenant(t, acctest.LocationTenant(), acctest.Quick())
			p := tn.ProcessWith(t, acctest.Quick())
			_, typ := p.SchemaOf(acctest.LocationType)
			patient, hurried := acctest.Kept{State: acctest.ObjectOf(t, typ, acctest.Branch())}, acctest.Kept{State: acctest.ObjectOf(t, typ, acctest.Having(acctest.Branch(), "timeouts", timeoutsBlock("read", "1s")))}
			// Only the first one that asks gets no answer.
			tn.Fault(control.Fault{Method: http.MethodGet, PathRegexp: c.path, DelayMs: 600_000})()
			ended, waited := make(chan []*tfprotov6.Diagnostic, 1), make(chan []*tfprotov6.Diagnostic, 1)
			go func() { ended <- c.do(p, hurried) }()
			tn.AwaitWait(t, newHaltingClock(), 1)
			go func() { waited <- c.do(p, patient) }()
			all := func(diagnostics []*tfprotov6.Diagnostic) string {
				return strings.Join(append(acctest.Problems(diagnostics), acctest.Warnings(diagnostics)...), "\n")
			}
			for _, found := range []struct {
				said string
				want []string
			}{{all(<-ended), c.hurried}, {all(<-waited), c.patient}} {
				if (found.said == "") != (found.want == nil) || !acctest.Says(found.want...).MatchString(found.said) {
					t.Errorf("it says %q, want %q", found.said, found.want)
				}
			}
		})
	}
}

func TestTheReadOfADataSourceEndsWithItsTimeout(t *testing.T) {
	t.Parallel()
	tn := acctest.StartTenant(t, acctest.LocationTenant(), acctest.Quick())
	forever := 0
	p := tn.ProcessWith(t, acctest.Quick())
	tn.Fault(control.Fault{Method: http.MethodGet, Path: "/", Times: &forever, DelayMs: 600_000})()
	for typeName, config := range map[string]map[string]any{
		acctest.TypeName:             {"user_id": acctest.MeganID},
		acctest.StatesTypeName:       {"all_users": true},
		acctest.PolicyTypeName:       {},
		acctest.LocationType:         {"id": acctest.DepotID},
		"entramfa_trusted_ip_ranges": {},
	} {
		typ, ok := p.Schemas.DataSourceSchemas[typeName].ValueType().(tftypes.Object)
		if !ok {
			t.Fatalf("%s has no object type", typeName)
		}
		config["timeouts"] = tftypes.NewValue(typ.AttributeTypes["timeouts"], map[string]tftypes.Value{"read": tftypes.NewValue(tftypes.String, "100ms")})
		_, diagnostics := p.Data(typeName, config)
		found := strings.Join(acctest.Problems(diagnostics), "\n")
		if !acctest.Says("The time for the read of this "+typeName+" is over: timeouts.read is 100ms", `read = "200ms"`).MatchString(found) {
			t.Errorf("%s says %q", typeName, found)
		}
	}
}

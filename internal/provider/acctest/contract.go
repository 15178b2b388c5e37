package acctest

import (
	"context"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
)

// Contract is what every resource does for its users, with the values of one resource: what is configured is what the tenant has, the
// plan after an apply is empty, another spelling is no change, drift is shown and repaired, what has vanished leaves the state, every
// import id means the same object, and a destroy leaves nothing of it.
type Contract struct {
	TypeName string
	// Create is the first configuration, as JSON has it, and State some of what the state has then.
	Create, State map[string]any
	// Updates are applied in their order.
	Updates []Update
	// Respellings are the last configuration in other words.
	Respellings map[string]map[string]any
	// Drifts change what is managed behind Terraform's back, Others what is not: that is no change. Attributes are those of the state.
	Drifts, Others map[string]Deed
	// Vanish removes the object behind Terraform's back. NeverVanishes is why it cannot be.
	Vanish        Deed
	NeverVanishes string
	// Gone is a part of what a plan says that cannot make the object again; empty where an apply makes it again.
	Gone string
	// SameID says that the id is made of the configuration, so that an object that is made again has the same one. OtherID says that an
	// import makes an id of its own.
	SameID, OtherID bool
	// ImportIDs are the ids of an import, made of the state, and Identity the one of an import block.
	ImportIDs func(attributes map[string]any) []string
	Identity  func(attributes map[string]any) map[string]any
	// ByIdentity is the configuration that an import by identity fits; nil is the last one.
	ByIdentity map[string]any
	// Configured says in what the tenant is not as configured.
	Configured func(tn *Tenant, config, attributes map[string]any) error
	// Destroyed says what a destroy has left.
	Destroyed func(tn *Tenant, attributes map[string]any) error
	// CreateWrites, UpdateWrites and DestroyWrites are the writes, such as "PATCH /v1.0/users/{id}".
	CreateWrites, UpdateWrites, DestroyWrites []string
}

// Update is a change of a configuration.
type Update struct {
	Name   string
	Config map[string]any
	// Replaces says that the object is another one then.
	Replaces bool
	// Writes are the writes where they are not those of every update.
	Writes []string
}

// Deed is something that others do to the tenant.
type Deed func(ctx context.Context, tn *Tenant, attributes map[string]any) error

// Run holds the resource to its contract.
func (c Contract) Run(t *testing.T) {
	t.Parallel()
	if (c.Vanish == nil) != (c.NeverVanishes != "") {
		t.Error("the contract says how the object vanishes, or why it cannot")
	}
	if len(c.Drifts) == 0 || len(c.Updates) == 0 || len(c.Respellings) == 0 || len(c.Others) == 0 || len(c.CreateWrites) == 0 || len(c.DestroyWrites) == 0 {
		t.Error("the contract has no drift, no update, no other spelling, nothing of others or no writes")
	}
	last := c.Create
	for _, update := range c.Updates {
		last = update.Config
	}
	t.Run("life", func(t *testing.T) { c.begin(t).life(last) })
	t.Run("import", func(t *testing.T) { c.begin(t).imports(last) })
	if c.Vanish != nil {
		t.Run("vanished", func(t *testing.T) { c.begin(t).vanishes() })
	}
}

// fulfilment is a contract that is being kept.
type fulfilment struct {
	Contract
	*testing.T
	tenant *Tenant
	core   *Core
}

func (c Contract) begin(t *testing.T) *fulfilment {
	t.Helper()
	t.Parallel()
	tn := NewLocationTenant(t)
	return &fulfilment{Contract: c, T: t, tenant: tn, core: tn.Plays(t)}
}

func (f *fulfilment) block(config map[string]any) Configuration {
	return Configuration{"x": {TypeName: f.TypeName, Values: config}}
}

func (f *fulfilment) attributes() map[string]any { return f.core.State()["x"].Values }

func (f *fulfilment) does(what string, deed Deed) {
	f.Helper()
	if err := deed(context.Background(), f.tenant, f.attributes()); err != nil {
		f.Fatalf("%s: %v", what, err)
	}
}

// applies applies, and wants these writes, what is configured, and an empty plan after it.
func (f *fulfilment) applies(what string, config map[string]any, writes []string) {
	f.Helper()
	f.tenant.ForgetRequests(f.T)
	if report := f.core.Apply(f.block(config)); report.Failed() {
		f.Fatalf("%s: the apply fails:\n%s", what, report)
	}
	f.wrote(what, writes)
	if err := f.Configured(f.tenant, config, f.attributes()); err != nil {
		f.Errorf("%s: %v", what, err)
	}
	f.empty("after "+what, f.core, config)
}

func (f *fulfilment) wrote(what string, want []string) {
	f.Helper()
	var have []string
	for _, request := range f.tenant.RequestLog() {
		step := FaultStep{Method: request.Method, Template: request.Template, Batch: strings.HasSuffix(request.Path, "/$batch")}
		if step.Write() && !strings.HasSuffix(request.Path, "/token") {
			have = append(have, request.Method+" "+request.Template)
		}
	}
	slices.Sort(have)
	if want = slices.Sorted(slices.Values(want)); !slices.Equal(have, want) {
		f.Errorf("%s: written was %q, want %q", what, have, want)
	}
}

func (f *fulfilment) empty(what string, core *Core, config map[string]any) {
	f.Helper()
	if report := core.Plan(f.block(config)); report.Failed() || len(report.Changed) > 0 || len(report.Warnings) > 0 {
		f.Errorf("%s: the plan has changes in %v and says:\n%s", what, report.Changed, report)
	}
}

func (f *fulfilment) life(last map[string]any) {
	f.applies("create", f.Create, f.CreateWrites)
	attributes := f.attributes()
	for name, want := range f.State {
		if have := Encoded(attributes[name]); have != Encoded(want) {
			f.Errorf("the state has %s = %s, want %s", name, have, Encoded(want))
		}
	}
	for _, update := range f.Updates {
		writes := f.UpdateWrites
		if update.Replaces {
			writes = slices.Concat(f.DestroyWrites, f.CreateWrites)
		} else if update.Writes != nil {
			writes = update.Writes
		}
		id := f.attributes()["id"]
		f.applies("update of "+update.Name, update.Config, writes)
		if now := f.attributes()["id"]; (now != id) != update.Replaces {
			f.Errorf("update of %s: the id was %v and is %v", update.Name, id, now)
		}
	}
	for name, config := range f.Respellings {
		f.empty(name, f.core, config)
	}
	for name, other := range f.Others {
		f.does(name, other)
		f.empty(name, f.core, last)
	}
	for name, drift := range f.Drifts {
		f.does(name, drift)
		if report := f.core.Plan(f.block(last)); report.Failed() || !slices.Contains(report.Changed, "x") {
			f.Errorf("%s: the drift is not shown:\n%s", name, report)
		}
		if report := f.core.Apply(f.block(last)); report.Failed() {
			f.Fatalf("%s: the repair fails:\n%s", name, report)
		}
		if err := f.Configured(f.tenant, last, f.attributes()); err != nil {
			f.Errorf("%s, repaired: %v", name, err)
		}
		f.empty("after the repair of "+name, f.core, last)
	}
	attributes = f.attributes()
	f.tenant.ForgetRequests(f.T)
	if report := f.core.Apply(Configuration{}); report.Failed() || len(f.core.State()) > 0 {
		f.Fatalf("the destroy leaves %v:\n%s", f.core.State(), report)
	}
	f.wrote("destroy", f.DestroyWrites)
	if err := f.Destroyed(f.tenant, attributes); err != nil {
		f.Errorf("destroyed: %v", err)
	}
}

func (f *fulfilment) imports(last map[string]any) {
	if report := f.core.Apply(f.block(last)); report.Failed() {
		f.Fatal(report)
	}
	attributes := f.attributes()
	requests := map[string]*tfprotov6.ImportResourceStateRequest{}
	for _, id := range f.ImportIDs(attributes) {
		requests["import by "+id] = &tfprotov6.ImportResourceStateRequest{TypeName: f.TypeName, ID: id}
	}
	requests["import by identity"] = &tfprotov6.ImportResourceStateRequest{TypeName: f.TypeName, Identity: f.identity(attributes)}
	for _, what := range slices.Sorted(maps.Keys(requests)) {
		other := f.tenant.Plays(f.T)
		f.tenant.ForgetRequests(f.T)
		if report := other.Imports("x", requests[what]); report.Failed() {
			f.Errorf("%s:\n%s", what, report)
			continue
		}
		f.wrote(what, nil)
		config := last
		if f.ByIdentity != nil && requests[what].Identity != nil {
			config = f.ByIdentity
		}
		f.empty("after an "+what, other, config)
		if have := other.State()["x"].Values["id"]; !f.OtherID && have != attributes["id"] {
			f.Errorf("%s: the id is %v, want %v", what, have, attributes["id"])
		}
	}
}

// identity is the identity as the schema has it.
func (f *fulfilment) identity(attributes map[string]any) *tfprotov6.ResourceIdentityData {
	f.Helper()
	server := f.core.Provider(NewOutcome())
	schemas, err := server.GetResourceIdentitySchemas(context.Background(), &tfprotov6.GetResourceIdentitySchemasRequest{})
	if err != nil {
		f.Fatal(err)
	}
	typ := schemas.IdentitySchemas[f.TypeName].ValueType()
	return &tfprotov6.ResourceIdentityData{IdentityData: Packed(ValueOf(typ, f.Identity(attributes)))}
}

func (f *fulfilment) vanishes() {
	f.applies("create", f.Create, f.CreateWrites)
	id := f.attributes()["id"]
	f.does("vanish", f.Vanish)
	if report := f.core.Refresh(nil); report.Failed() || len(f.core.State()) > 0 {
		f.Fatalf("what has vanished stays in the state: %v\n%s", f.core.State(), report)
	}
	if f.Gone != "" {
		if report := f.core.Apply(f.block(f.Create)); report.Planned || !Says(f.Gone).MatchString(report.String()) {
			f.Errorf("the plan is not refused with %q:\n%s", f.Gone, report)
		}
		return
	}
	f.applies("create again", f.Create, f.CreateWrites)
	if again := f.attributes()["id"]; !f.SameID && again == id {
		f.Errorf("what has vanished is back: %v", again)
	}
}

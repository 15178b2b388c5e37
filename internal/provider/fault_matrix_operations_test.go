package provider_test

import (
	"context"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/acctest"
)

// deed is what an operation asks of the provider.
type deed string

const (
	deedPlan      deed = "plan"
	deedApply     deed = "apply"
	deedRead      deed = "read"
	deedImport    deed = "import"
	deedData      deed = "data"
	deedConfigure deed = "configure"
)

// faultyOperation is a row of the matrix.
type faultyOperation struct {
	name, typeName string
	deed           deed
	// begin is the configuration that was applied before; nil is none.
	begin map[string]any
	// config is what is planned, applied or read; nil removes the resource.
	config map[string]any
	// importID is what is imported, of an object that adopts is the configuration of.
	importID string
	// block is added to the provider block.
	block map[string]any
	// objects are what a message may call that which is worked on.
	objects []string
	// focus restricts the faults to paths that hold it.
	focus string
}

// faultyOperations are the rows of the matrix.
func faultyOperations() []faultyOperation {
	const (
		oneUser   = "entramfa_user_mfa_state"
		manyUsers = "entramfa_user_mfa_states"
		campaign  = "entramfa_registration_policy"
	)
	people := func(state string) map[string]any {
		var pairs []string
		for _, name := range []string{acctest.AdeleUPN, acctest.GuestUPN, acctest.DollarUPN, acctest.ObrienUPN, acctest.RescueUPN, acctest.Rescue2UPN} {
			pairs = append(pairs, name, state)
		}
		return acctest.WantedUsers(pairs...)
	}
	all := []string{acctest.AdeleUPN, acctest.GuestUPN, acctest.DollarUPN, acctest.ObrienUPN, acctest.RescueUPN, acctest.Rescue2UPN, acctest.AdeleID, "6 users", "users and groups by id"}
	adele := func(state string) map[string]any {
		return map[string]any{"user_principal_name": acctest.AdeleUPN, "state": state}
	}
	alex := func(state string, promotion bool) map[string]any {
		return map[string]any{"user_principal_name": acctest.AlexUPN, "state": state, "allow_promotion": promotion}
	}
	policy := func(snooze int) map[string]any {
		return map[string]any{
			"state": "enabled", "snooze_days": snooze, "include": acctest.Targets(nil, []string{acctest.AdeleID}, []string{acctest.StaffID}), "exclude": acctest.Targets(nil, nil, []string{acctest.LeaversID}),
		}
	}
	campaigns := []string{"registration campaign", "users and groups by id"}
	set := tftypes.Set{ElementType: tftypes.String}
	guard := tftypes.NewValue(
		tftypes.Object{AttributeTypes: map[string]tftypes.Type{"user_ids": set, "user_principal_names": set, "group_ids": set}},
		map[string]tftypes.Value{"user_ids": acctest.StringSet(acctest.RescueID), "user_principal_names": acctest.StringSet(acctest.AdeleUPN), "group_ids": acctest.StringSet(acctest.RescueGroupID)},
	)
	user, users := []string{acctest.AdeleUPN, acctest.AdeleID}, []string{acctest.AlexUPN, acctest.AlexID}
	return append(slices.Concat(locationOperations(), strengthOperations(), accessPolicyOperations()), []faultyOperation{
		{name: "one user: plan of create", typeName: oneUser, deed: deedPlan, config: adele("enabled"), objects: user},
		{name: "one user: create", typeName: oneUser, deed: deedApply, config: adele("enabled"), objects: user},
		{name: "one user: read", typeName: oneUser, deed: deedRead, begin: adele("enabled"), config: adele("enabled"), objects: user},
		{name: "one user: plan of promotion", typeName: oneUser, deed: deedPlan, begin: alex("disabled", true), config: alex("enforced", true), objects: users},
		{name: "one user: promotion", typeName: oneUser, deed: deedApply, begin: alex("disabled", true), config: alex("enforced", true), objects: users},
		{name: "one user: update", typeName: oneUser, deed: deedApply, begin: adele("enabled"), config: adele("disabled"), objects: user},
		{name: "one user: delete", typeName: oneUser, deed: deedApply, begin: adele("enabled"), objects: user},
		{name: "one user: import", typeName: oneUser, deed: deedImport, importID: acctest.MeganUPN, config: map[string]any{"user_principal_name": acctest.MeganUPN, "state": "enabled"}, objects: []string{acctest.MeganUPN, acctest.MeganID}},

		{name: "many users: plan of create", typeName: manyUsers, deed: deedPlan, config: people("enabled"), objects: all},
		{name: "many users: create", typeName: manyUsers, deed: deedApply, config: people("enabled"), objects: all},
		{name: "many users: create, one fails", typeName: manyUsers, deed: deedApply, config: people("enabled"), objects: all, focus: acctest.ObrienID},
		{name: "many users: read", typeName: manyUsers, deed: deedRead, begin: people("enabled"), config: people("enabled"), objects: all},
		{name: "many users: read, one fails", typeName: manyUsers, deed: deedRead, begin: people("enabled"), config: people("enabled"), objects: all, focus: acctest.ObrienID},
		{name: "many users: update", typeName: manyUsers, deed: deedApply, begin: people("enabled"), config: people("disabled"), objects: all},
		{name: "many users: update, one fails", typeName: manyUsers, deed: deedApply, begin: people("enabled"), config: people("disabled"), objects: all, focus: acctest.ObrienID},
		{name: "many users: delete", typeName: manyUsers, deed: deedApply, begin: people("enabled"), objects: all},
		{name: "many users: delete, one fails", typeName: manyUsers, deed: deedApply, begin: people("enabled"), objects: all, focus: acctest.ObrienID},
		{name: "many users: import", typeName: manyUsers, deed: deedImport, importID: acctest.MeganUPN + "," + acctest.DiegoID, config: acctest.WantedUsers(acctest.MeganUPN, "enabled", acctest.DiegoID, "enforced"), objects: []string{acctest.MeganUPN, acctest.MeganID, acctest.DiegoUPN, acctest.DiegoID, "2 users"}},

		{name: "campaign: plan of create", typeName: campaign, deed: deedPlan, config: policy(3), objects: campaigns},
		{name: "campaign: create", typeName: campaign, deed: deedApply, config: policy(3), objects: campaigns},
		{name: "campaign: read", typeName: campaign, deed: deedRead, begin: policy(3), config: policy(3), objects: campaigns},
		{name: "campaign: plan of update", typeName: campaign, deed: deedPlan, begin: policy(3), config: policy(7), objects: campaigns},
		{name: "campaign: update", typeName: campaign, deed: deedApply, begin: policy(3), config: policy(7), objects: campaigns},
		{name: "campaign: plan of delete", typeName: campaign, deed: deedPlan, begin: policy(3), objects: campaigns},
		{name: "campaign: delete", typeName: campaign, deed: deedApply, begin: policy(3), objects: campaigns},
		{name: "campaign: import", typeName: campaign, deed: deedImport, importID: acctest.PolicyID, config: map[string]any{"state": "microsoft_managed"}, objects: campaigns},

		{name: "data: one user", typeName: oneUser, deed: deedData, config: map[string]any{"user_principal_name": acctest.MeganUPN}, objects: []string{acctest.MeganUPN, acctest.MeganID}},
		{name: "data: all users", typeName: manyUsers, deed: deedData, config: map[string]any{"all_users": true}, objects: []string{"users"}},
		{name: "data: users of a group", typeName: manyUsers, deed: deedData, config: map[string]any{"group_id": acctest.StaffID}, objects: []string{acctest.StaffID, "2 users", acctest.AdeleUPN, acctest.MeganUPN}},
		{name: "data: tenant", typeName: "entramfa_tenant", deed: deedData, config: map[string]any{}, objects: []string{"tenant", "organization"}},
		{name: "data: campaign", typeName: campaign, deed: deedData, config: map[string]any{}, objects: campaigns},

		{name: "provider: emergency access", deed: deedConfigure, block: map[string]any{"emergency_access": guard}, objects: []string{acctest.RescueID, "users and groups by id", acctest.AdeleUPN, acctest.RescueGroupID}},
	}...)
}

// performance is an operation on a machine: where it begins, and what comes of it.
type performance struct {
	*acctest.Machine
	op faultyOperation
	// tenant and before are where it begins.
	tenant *control.Tenant
	before acctest.Kept
	steps  []acctest.FaultStep
}

// result is what came of an operation.
type result struct {
	after       acctest.Kept
	diagnostics []*tfprotov6.Diagnostic
	// requests are those of a performance without a fault.
	requests []control.Request
	// picture is what the tenant has then.
	picture string
	// hits is how many requests the fault hit.
	hits int
}

// stageFaults brings a tenant to where the operation begins, and finds out which requests it makes.
func stageFaults(m *acctest.Machine, op faultyOperation) *performance {
	m.T.Helper()
	m.Block = op.block
	p := &performance{Machine: m, op: op}
	if op.begin != nil {
		p.before = m.ApplyAll(op.typeName, acctest.Kept{}, op.begin)
	}
	var err error
	if p.tenant, err = m.Tenant.Snapshot(context.Background()); err != nil {
		m.T.Fatal(err)
	}
	return p
}

func (p *performance) must(err error) {
	p.T.Helper()
	if err != nil {
		p.T.Fatal(err)
	}
}

// perform carries the operation out under a fault; nil is none.
func (p *performance) perform(fault *control.Fault) result {
	p.T.Helper()
	ctx := context.Background()
	p.must(p.Tenant.Seed(ctx, p.tenant))
	begin := func() {
		if fault == nil {
			p.must(p.Tenant.ClearRequests(ctx))
			return
		}
		_, err := p.Tenant.AddFault(ctx, *fault)
		p.must(err)
	}
	r := result{after: p.before}
	op := p.op
	var running *acctest.Process
	var planned acctest.PlannedChange
	if op.deed != deedConfigure {
		running = p.Process()
	}
	if op.deed == deedApply {
		var diagnostics []*tfprotov6.Diagnostic
		planned, diagnostics = running.Plan(op.typeName, p.before, op.config)
		acctest.NoErrors(p.T, diagnostics)
	}
	begin()
	switch op.deed {
	case deedConfigure:
		_, r.diagnostics = p.Start()
	case deedPlan:
		_, r.diagnostics = running.Plan(op.typeName, p.before, op.config)
	case deedApply:
		r.after, r.diagnostics = running.Apply(op.typeName, p.before, planned)
	case deedRead:
		r.after, r.diagnostics = running.Read(op.typeName, p.before)
	case deedImport:
		r.after, r.diagnostics = running.ImportID(op.typeName, op.importID)
	case deedData:
		r.after.State, r.diagnostics = running.Data(op.typeName, op.config)
	}
	if (op.deed == deedImport || op.deed == deedData) && len(acctest.Problems(r.diagnostics)) > 0 {
		r.after = acctest.Kept{}
	}
	r.picture = p.Picture()
	if fault == nil {
		var err error
		r.requests, err = p.Tenant.Requests(ctx)
		p.must(err)
		return r
	}
	faults, err := p.Tenant.ListFaults(ctx)
	p.must(err)
	r.hits = faults[0].Applied
	p.must(p.Tenant.ClearFaults(ctx))
	return r
}

var templateKey = regexp.MustCompile(`\\\{[^}]*\\\}`)

// findSteps tells the kinds of requests in a log of the operation without a fault.
func (p *performance) findSteps(requests []control.Request) {
	written, seen := map[string]bool{}, map[string]int{}
	for _, request := range requests {
		if p.op.focus != "" && !strings.Contains(request.Path, p.op.focus) {
			continue
		}
		step := acctest.FaultStep{
			Method: request.Method, Template: request.Template, Sample: request.Path,
			Path:     "^" + templateKey.ReplaceAllString(regexp.QuoteMeta(request.Template), `[^/]+`) + "$",
			Batch:    strings.HasSuffix(request.Path, "/$batch"),
			Confirm:  request.Method == http.MethodGet && written[request.Path],
			Answered: request.Status == http.StatusOK || request.Status == http.StatusCreated,
		}
		if p.op.focus != "" {
			step.Path = "^" + regexp.QuoteMeta(request.Path) + "$"
		}
		switch last := request.Template[strings.LastIndex(request.Template, "/")+1:]; last {
		case "users", "namedLocations", "policies", "methods", "microsoft.graph.user":
			step.Paged = step.Method == http.MethodGet
		}
		if step.Write() {
			written[request.Path] = true
		}
		kind := step.Method + " " + step.Template
		before := seen[kind]
		seen[kind]++
		same := func(other acctest.FaultStep) bool {
			return other.Method == step.Method && other.Template == step.Template && other.Confirm == step.Confirm
		}
		if slices.ContainsFunc(p.steps, same) {
			continue
		}
		if step.Confirm {
			// Of many users, the reads that confirm and those before the writes are not in an order.
			if strings.HasPrefix(p.op.name, "many users") && p.op.focus == "" {
				continue
			}
			step.After = before
		}
		step.First = len(p.steps) == 0
		p.steps = append(p.steps, step)
	}
}

// place is where an operation has come to: what Terraform keeps and what the tenant has.
func (r result) place() string {
	var identity string
	if r.after.Identity != nil {
		identity = string(r.after.Identity.IdentityData.MsgPack)
	}
	return strings.Join([]string{r.after.String(), string(r.after.Private), identity, r.picture}, "\n\n")
}

// settle makes the tenant and the state what the configuration says, and returns both when the plan after it is empty.
func (p *performance) settle(t *testing.T, before acctest.Kept) (after acctest.Kept, picture string) {
	t.Helper()
	op := p.op
	if op.deed == deedConfigure {
		p.Process()
		return acctest.Kept{}, p.Picture()
	}
	if op.deed == deedData {
		got, diagnostics := p.Process().Data(op.typeName, op.config)
		acctest.NoErrors(t, diagnostics)
		return acctest.Kept{State: got}, p.Picture()
	}
	if op.deed == deedImport && before.Nothing() {
		var diagnostics []*tfprotov6.Diagnostic
		before, diagnostics = p.Process().ImportID(op.typeName, op.importID)
		acctest.NoErrors(t, diagnostics)
	}
	after = p.ApplyAll(op.typeName, before, op.config)
	process := p.Process()
	refreshed := p.Refresh(process, op.typeName, after)
	if !refreshed.Same(after) {
		t.Errorf("after an apply a refresh has\n%s\nand not\n%s", refreshed, after)
	}
	if op.config != nil {
		next, diagnostics := process.Plan(op.typeName, refreshed, op.config)
		acctest.NoErrors(t, diagnostics)
		if !next.Planned.Equal(refreshed.State) {
			t.Errorf("the plan after an apply is not empty: %s", next.Planned)
		}
	} else if !after.Nothing() {
		t.Errorf("after a destroy there is\n%s", after)
	}
	return after, p.Picture()
}

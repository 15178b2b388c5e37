package provider_test

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"text/tabwriter"

	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/acctest"
)

// expectation is what has to come of a cell.
type expectation struct {
	// fails says that there is an error; otherwise what comes out is what comes out without the fault.
	fails bool
	// warns is a text that a warning must hold, of an operation that does not fail.
	warns string
	// gone says that the service itself says, for long enough, that what is managed does not exist.
	gone bool
	// partial says that a part was carried out: the state is what the tenant has then, and an error or a warning says what is missing.
	partial bool
	// texts are what the error says instead of reason and advice of the fault.
	texts []string
}

// cell is one fault at one kind of request of one operation.
type faultCell struct {
	op     faultyOperation
	step   acctest.FaultStep
	kind   faultKind
	always bool
}

func (c faultCell) String() string {
	times := "twice"
	if c.always {
		times = "always"
	}
	return fmt.Sprintf("%s | %s | %s, %s", c.op.name, c.step, c.kind.name, times)
}

// expected is the rule: what passes by itself is not noticed, a write that was accepted is not undone by a read that fails,
// and everything else is an error.
func (c faultCell) expected() expectation {
	for _, exception := range faultExceptions {
		if exception.pattern.MatchString(c.String()) {
			return exception.expectation
		}
	}
	switch {
	case c.kind.harmless, c.kind.passes && !c.always:
		return expectation{}
	case c.step.Batch && !c.kind.passes && c.kind.fault.Status != 429 && c.kind.fault.PadToBytes == 0:
		// A refusal of the batch says nothing about what is in it, which is sent one by one.
		return expectation{}
	case c.step.Confirm:
		return expectation{warns: "not confirmed"}
	case c.op.deed == deedApply && strings.HasPrefix(c.op.name, "many users"):
		return expectation{partial: true}
	}
	return expectation{fails: true}
}

// unclear says that nobody knows whether the fault let something be carried out: also of others, where all share a connection.
func (c faultCell) unclear() bool {
	return c.kind.hidden || c.kind.fault.Reset != "" && strings.HasPrefix(c.op.name, "many users")
}

// faultException is a cell that is not as the rule says, and why.
type faultException struct {
	pattern *regexp.Regexp
	expectation
}

// exceptWhere makes an exception of the cells whose names match.
func exceptWhere(pattern string, expected expectation) faultException {
	return faultException{regexp.MustCompile(pattern), expected}
}

var faultExceptions = append(strengthExceptions(), []faultException{
	// Graph's own 404 of an object is an answer, and told as one.
	exceptWhere(`^(one user: (plan of create|create|import)|data: one user) \| GET /v1.0/users/\{id\} \| 404`,
		expectation{fails: true, texts: []string{"User", "not found", "There is no such user", "Check"}}),
	exceptWhere(`^one user: read \| GET /v1.0/users/\{id\} \| 404`, expectation{gone: true}),
	exceptWhere(`^many users: (plan of create|import) \| GET /v1.0/users/\{id\} \| 404`,
		expectation{fails: true, texts: []string{"users not found", "There are no such users", "Check the spelling", "users who have left"}}),
	exceptWhere(`^provider: emergency access \| GET /v1.0/(users|groups)/.* \| 404`,
		expectation{fails: true, texts: []string{"Emergency access account not found", "does not exist in tenant " + acctest.TenantID, "Correct it"}}),
	exceptWhere(`^data: users of a group \| GET /v1.0/groups/.* \| 404`,
		expectation{fails: true, texts: []string{"Group", acctest.StaffID, "not found", "There is no such group", "Check"}}),
	exceptWhere(`^location: update \| PATCH .* \| 404`, expectation{fails: true, texts: []string{"HQ", "does not exist any more", "Plan again"}}),
	exceptWhere(`^countries: update \| PATCH .* \| 404`, expectation{fails: true, texts: []string{"Nordics", "does not exist any more", "Plan again"}}),
	// Which tenant it is, everybody may know; the rest of it is null without the permission.
	exceptWhere(`^data: tenant \| GET /v1.0/organization \| (403|a proxy's 403), always`, expectation{partial: true, texts: []string{"Only the id of tenant", "are null", "403"}}),
	// A step on the way to enforced that cannot be seen ends there; the service has accepted it.
	exceptWhere(`^one user: promotion \| .*confirming.*always`, expectation{partial: true}),
	// Policies only explain a plan, and the service itself keeps what they name from being deleted.
	exceptWhere(`^(location|countries|range): plan of (create|update|delete) \| GET .*/policies \| .*always`, expectation{warns: "are not known"}),
	// A refresh looks users and groups up for their names only, and keeps the names that it knew.
	exceptWhere(`^(campaign: read|many users: import) \| POST .*/getByIds \| .*always`, expectation{}),
	// Before a plan warns of a destruction it looks whether there is anything to destroy. Where nobody can tell, it warns.
	exceptWhere(`^(location|countries|range): plan of delete \| GET .*/namedLocations \| .*always`, expectation{}),
	// What a lost answer was about is looked for.
	exceptWhere(`^(location|countries): create \| POST .* \| (502 after it was carried out|reset after|truncated|huge), always`, expectation{}),
	// A campaign is looked at where the answer to its write was lost.
	exceptWhere(`^campaign: (create|update|delete) \| PATCH .* \| (502 after it was carried out|reset after|truncated|huge), always`, expectation{}),
	// What a plan of a policy only explains or checks beforehand, the service checks when the policy is written.
	exceptWhere(`^policy: plan of (create|enabling) \| GET .*/(subscribedSkus|identitySecurityDefaultsEnforcementPolicy) \| .*always`, expectation{warns: "Nobody could check"}),
	exceptWhere(`^policy: plan of (enabling|delete) \| GET .*/policies \| .*always`, expectation{warns: "Nobody could check whether Microsoft manages"}),
	exceptWhere(`^policy: plan of (create|enabling) \| POST .*/getByIds \| .*always`, expectation{warns: "Not everything that policies name could be looked up"}),
	exceptWhere(`^policy: plan of (enabling|delete) \| GET .*/(users|userRegistrationDetails) \| .*always`, expectation{warns: "because it could not be looked up"}),
	exceptWhere(`^policy: import.* \| GET .*/namedLocations \| .*always`, expectation{partial: true, texts: []string{"Not everything that policies name could be looked up", "each named location"}}),
	exceptWhere(`^policy: create \| POST .*/policies \| (502 after it was carried out|reset after|truncated|huge), always`, expectation{}),
	exceptWhere(`^policy: update \| PATCH .* \| 404`, expectation{fails: true, texts: []string{"MFA", "does not exist any more", "Plan again"}}),
	// The trust is taken away before, and the state says so.
	exceptWhere(`^location: delete \| DELETE .*always`, expectation{partial: true}),
}...)

func TestFaultMatrix(t *testing.T) {
	t.Parallel()
	other := newElsewhere(t)
	counts := make(chan map[string]int, 1)
	counts <- map[string]int{}
	t.Run("operations", func(t *testing.T) {
		for _, op := range faultyOperations() {
			t.Run(op.name, func(t *testing.T) {
				t.Parallel()
				had := runFaults(t, op, other)
				sum := <-counts
				for name, count := range had {
					sum[name] += count
				}
				counts <- sum
			})
		}
	})
	if asked := other.asked.Load(); asked != 0 {
		t.Errorf("%d requests were sent to other servers", asked)
	}
	t.Logf("cells by outcome: %v", <-counts)
	// The control: the other servers can be asked.
	response, err := http.Get(other.plain.URL)
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	if other.asked.Load() != 1 {
		t.Error("the other servers count nothing")
	}
}

// runFaults runs a row of the matrix and counts its cells by their outcome.
func runFaults(t *testing.T, op faultyOperation, other *elsewhere) map[string]int {
	p := stageFaults(acctest.NewMachine(t, acctest.MatrixTenant(), other.secure.Certificate()), op)
	// With answers that take their time, requests meet in a batch.
	p.must(p.Tenant.SetBehavior(context.Background(), control.Behavior{LatencyMs: 5}))
	clean := p.perform(nil)
	p.must(p.Tenant.SetBehavior(context.Background(), control.Behavior{}))
	if found := acctest.Problems(clean.diagnostics); len(found) > 0 {
		t.Fatalf("without a fault: %s", found)
	}
	p.findSteps(clean.requests)
	cleanKept, cleanPicture := clean.after, clean.picture
	finalKept, finalPicture := p.settle(t, clean.after)
	p.must(p.Tenant.Seed(context.Background(), p.tenant))
	begin := p.Picture()

	counts, settled := map[string]int{}, map[string]bool{}
	var table bytes.Buffer
	rows := tabwriter.NewWriter(&table, 0, 0, 2, ' ', 0)
	defer func() {
		_ = rows.Flush()
		if table.Len() > 0 {
			t.Errorf("these cells are not as they should be:\n%s", &table)
		}
	}()
	for _, cell := range cellsOf(p, other) {
		failed := t.Failed()
		wrong := []string(nil)
		wrongIf := func(is bool, format string, values ...any) {
			if is {
				wrong = append(wrong, fmt.Sprintf(format, values...))
			}
		}
		fault := cell.kind.fault
		fault.Method, fault.PathRegexp, fault.After, fault.Times = cell.step.Method, cell.step.Path, cell.step.After, new(2)
		if cell.always {
			fault.Times = new(0)
		}
		fault.Body = strings.ReplaceAll(fault.Body, samePath, cell.step.Sample)
		want := cell.expected()
		got := p.perform(&fault)
		if got.hits == 0 && cell.step.Batch {
			// Whether requests meet in a batch is a matter of time.
			got.hits, want = 1, expectation{}
		}
		errors, warned := acctest.Problems(got.diagnostics), acctest.Warnings(got.diagnostics)
		wrongIf(got.hits == 0, "the fault hit nothing")
		wrongIf(want.fails && len(errors) == 0, "no error, want one")
		wrongIf(!want.fails && !want.partial && len(errors) > 0, "error: %.300s", errors)
		for _, text := range append(errors, warned...) {
			wrongIf(leaks.MatchString(text), "it dumps or leaks: %.400s", text)
		}
		switch {
		case want.partial:
			counts["in part"]++
			wrongIf(!slices.ContainsFunc(append(errors, warned...), func(text string) bool { return tells(text, cell, want) }),
				"neither an error nor a warning tells object, reason and way out: %s %s", errors, warned)
			wrongIf(got.after.Nothing() && !(p.before.Nothing() && len(errors) > 0), "nothing is in the state")
			wrongIf(got.after.Nothing() && !cell.unclear() && got.picture != begin, "the tenant has changed, and the state does not say so: %s", got.picture)
		case want.fails:
			counts["error, all kept"]++
			for _, text := range errors {
				wrongIf(!tells(text, cell, want), "the error does not tell object, reason and way out: %s", text)
			}
			wrongIf(!got.after.Same(p.before), "the state is %s", got.after)
			wrongIf(!cell.unclear() && got.picture != begin, "the tenant has changed: %s", got.picture)
		case want.gone:
			counts["gone"]++
			wrongIf(!got.after.Nothing(), "it stays in the state: %s", got.after)
		default:
			counts["as without the fault"]++
			wrongIf(want.warns == "" && len(warned) > len(acctest.Warnings(clean.diagnostics)), "warnings: %s", warned)
			wrongIf(want.warns != "" && !slices.ContainsFunc(warned, func(text string) bool { return acctest.Says(want.warns).MatchString(text) }), "warnings: %s", warned)
			wrongIf(!sameButIDs(got.after, cleanKept), "the state is %s and not %s", got.after, cleanKept)
			wrongIf(got.picture != cleanPicture, "the tenant is %s and not %s", got.picture, cleanPicture)
		}
		if !cell.unclear() && !cell.step.Confirm && op.deed == deedApply && !got.after.Nothing() {
			refreshed := p.Refresh(p.Process(), op.typeName, got.after)
			wrongIf(!isTrue(got.after, refreshed, want.partial && p.before.Nothing()), "the state is not what the tenant has: %s", got.after)
		}
		// From where others have been already, the way on is theirs.
		if place := got.place(); !settled[place] {
			settled[place] = true
			after, picture := p.settle(t, got.after)
			wrongIf(!sameButIDs(after, finalKept), "in the end the state is %s and not %s", after, finalKept)
			wrongIf(picture != finalPicture, "in the end the tenant is %s and not %s", picture, finalPicture)
		}
		if t.Failed() && !failed {
			wrong = append(wrong, "see above")
		}
		for _, text := range wrong {
			fmt.Fprintf(rows, "%s\t%s\n", strings.ReplaceAll(cell.String(), " | ", "\t"), strings.ReplaceAll(text, "\n", " "))
		}
	}
	return counts
}

// cellsOf are the cells of a row.
func cellsOf(p *performance, other *elsewhere) []faultCell {
	var cells []faultCell
	for _, step := range p.steps {
		for _, kind := range faultKinds(p.Tenant.URL, other) {
			switch {
			case kind.only != nil && !kind.only(step), kind.variant && !step.First && !step.Write():
				continue
			case kind.slow && !step.Paged && !step.Batch && !step.Write(), kind.slow && p.op.deed == deedPlan:
				continue
			}
			if kind.passes || kind.harmless {
				cells = append(cells, faultCell{p.op, step, kind, false})
			}
			if !kind.harmless {
				cells = append(cells, faultCell{p.op, step, kind, true})
			}
		}
	}
	if !raceDetector {
		return cells
	}
	// The run without the detector has all of them; the code is the same for the likes of a cell.
	var some []faultCell
	for n, cell := range cells {
		if n%4 == 0 {
			some = append(some, cell)
		}
	}
	return some
}

// leaks finds what no message may hold: secrets, tokens and pages.
var leaks = regexp.MustCompile(`(?i)<html|<body|<script|alert\(|eyJ[A-Za-z0-9_-]{10}|` + regexp.QuoteMeta(acctest.AppSecret))

// tells reports whether an error names the object, the reason and the way out.
func tells(text string, cell faultCell, want expectation) bool {
	one := func(texts []string) bool {
		return slices.ContainsFunc(texts, func(part string) bool { return acctest.Says(strings.Split(part, "…")...).MatchString(text) })
	}
	if want.texts != nil {
		return acctest.Says(want.texts...).MatchString(text)
	}
	return one(cell.op.objects) && one(cell.kind.reason) && one(cell.kind.advice)
}

// isTrue reports whether a state says what a refresh finds. A new resource of many users has to be in the state with what was
// planned, whatever has failed; of whom it says what they really have, that has to be true.
func isTrue(state, refreshed acctest.Kept, partlyMade bool) bool {
	if !partlyMade {
		return state.Same(refreshed)
	}
	effective := func(k acctest.Kept) map[string]tftypes.Value {
		var attributes, states map[string]tftypes.Value
		if k.State.As(&attributes) != nil || attributes["effective_states"].As(&states) != nil {
			return nil
		}
		return states
	}
	had, has := effective(state), effective(refreshed)
	for user, value := range had {
		if !value.IsNull() && !value.Equal(has[user]) {
			return false
		}
	}
	return len(had) > 0
}

// sameButIDs compares states, except for ids that are made anew each time.
func sameButIDs(some, others acctest.Kept) bool {
	attributes := func(k acctest.Kept) map[string]tftypes.Value {
		var all map[string]tftypes.Value
		if !k.Nothing() {
			_ = k.State.As(&all)
			// The map is the value's own.
			all = maps.Clone(all)
			delete(all, "id")
		}
		return all
	}
	had, has := attributes(some), attributes(others)
	if some.Nothing() != others.Nothing() || len(had) != len(has) {
		return false
	}
	for name, value := range had {
		if !value.Equal(has[name]) {
			return false
		}
	}
	return true
}

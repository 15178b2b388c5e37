package workflows

import (
	"encoding/json"
	"flag"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
)

// forgeWorld is a world with the pipelines of a forge.
type forgeWorld interface {
	base() *world
	// pullRequest runs the pipeline of a pull request, push that of main with its approval, schedule the one at night.
	pullRequest(fork bool) run
	push() run
	schedule() run
}

var forges = map[string]func(*testing.T) forgeWorld{"GitHub Actions": newGitHub, "GitLab CI": newGitLab, "Azure Pipelines": newAzure}

func (w *world) tenantID() string { return emulator.SampleTenantID }

// onEveryForge runs a test on each of the forges.
func onEveryForge(t *testing.T, test func(t *testing.T, w forgeWorld)) {
	t.Parallel()
	for name, begin := range forges {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, begin(t))
		})
	}
}

// succeeds fails the test unless every job has succeeded or was skipped, and the logs show no token and command no runner.
func (w *world) succeeds(r run) {
	w.t.Helper()
	if r.failed() {
		w.t.Fatalf("the run has failed:\n%s", r.log())
	}
	w.showsNoToken(r)
	w.commandsNoRunner(r)
}

// fails fails the test unless a job has failed.
func (w *world) fails(r run) {
	w.t.Helper()
	if !r.failed() {
		w.t.Fatalf("the run has not failed:\n%s", r.log())
	}
	w.showsNoToken(r)
	w.commandsNoRunner(r)
}

var (
	// What a runner of any of the three takes for a command, wherever it looks for one, and what a terminal does.
	command = regexp.MustCompile(`(?mi)^.*(?:##vso\[|##\[|^\s*::|[\x00-\x08\x0b-\x1f\x7f]).*$`)
	// What the pipeline of Azure says itself.
	ourCommand = regexp.MustCompile(`^##vso\[task\.(?:prependpath\]\S+|setvariable variable=result;isOutput=true\](?:unchanged|changes|failed))$`)
)

func (w *world) commandsNoRunner(r run) {
	w.t.Helper()
	for _, line := range command.FindAllString(r.log(), -1) {
		if !ourCommand.MatchString(line) {
			w.t.Errorf("a log commands the runner or the terminal: %q", line)
		}
	}
}

func (w *world) showsNoToken(r run) {
	w.t.Helper()
	for _, token := range w.tokens {
		if strings.Contains(r.log(), token) {
			w.t.Errorf("a log shows %q:\n%s", token, r.log())
		}
	}
}

// did fails the test unless exactly this app has come to Graph since it was asked last, and has written or not.
func (w *world) did(app string, writes bool) {
	w.t.Helper()
	apps, written := w.requests()
	if !slices.Equal(apps, []string{app}) || writes != (len(written) > 0) {
		w.t.Errorf("Graph was asked by %v, which wrote %v; want %s, writing: %t", apps, written, app, writes)
	}
}

func (w *world) quiet() {
	w.t.Helper()
	if written := w.forge.written(); len(written) > 0 {
		w.t.Errorf("the forge was asked to %v", written)
	}
}

// shown is how the forge shows the plan of the pull request.
func shown(t *testing.T, w forgeWorld) string {
	t.Helper()
	if gitLab, ok := w.(*gitLabWorld); ok {
		return gitLab.report
	}
	plans := w.base().forge.plans()
	if len(plans) != 1 {
		t.Fatalf("the pull request has %d plans, want 1: %q", len(plans), plans)
	}
	return plans[0]
}

// tells fails the test unless a text holds all of these.
func tells(t *testing.T, text string, wanted ...string) {
	t.Helper()
	for _, one := range wanted {
		if !strings.Contains(text, one) {
			t.Errorf("%q is not in\n%s", one, text)
		}
	}
}

func TestAPullRequestShowsItsPlanAndMainAppliesIt(t *testing.T) {
	onEveryForge(t, func(t *testing.T, w forgeWorld) {
		b := w.base()
		_, isGitLab := w.(*gitLabWorld)
		// What others say is left alone, however many they are.
		for id := range 120 {
			b.forge.comments = append(b.forge.comments, &comment{id: id, by: "User", body: "Looks good"})
		}

		b.succeeds(w.pullRequest(false))
		b.did(planApp, false)
		first := shown(t, w)
		if isGitLab {
			tells(t, first, `{"create":2,"update":0,"delete":0}`)
		} else {
			tells(t, first, "### Plan: 2 to add, 0 to change, 0 to destroy.", "entramfa_user_mfa_states.staff will be created", adele)
			before(t, first, "+2 asked for MFA: "+cash+", "+adele, "Warning: The tenant's registration campaign is taken over", "<details>", "entramfa_user_mfa_states.staff will be created")
		}

		// A second push to the same pull request.
		b.commit(strings.Replace(configuration, `, "`+cash+`" = "enabled"`, "", 1))
		b.succeeds(w.pullRequest(false))
		b.did(planApp, false)
		if second := shown(t, w); !isGitLab && (second == first || strings.Contains(second, cash)) {
			t.Errorf("the plan is still shown as\n%s", second)
		}
		b.has(adele, control.StateDisabled)

		b.commit(configuration)
		pushed := w.push()
		b.succeeds(pushed)
		if pushed["apply"].status != "success" {
			t.Fatalf("nothing was applied:\n%s", pushed.log())
		}
		b.has(adele, control.StateEnabled)
		b.has(cash, control.StateEnabled)
		apps, written := b.requests()
		if !slices.Equal(apps, []string{planApp, applyApp}) || len(written) != 3 {
			t.Errorf("Graph was asked by %v, which wrote %v", apps, written)
		}

		b.forge.written()
		b.succeeds(w.pullRequest(false))
		if isGitLab {
			tells(t, shown(t, w), `{"create":0,"update":0,"delete":0}`)
		} else {
			tells(t, shown(t, w), "### No changes", "Nobody gains or loses MFA")
			if status := w.push()["apply"].status; status != "skipped" {
				t.Errorf("a plan without changes is applied: %s", status)
			}
		}
		b.requests()

		// A plan that fails is shown, too, and the run has failed.
		b.commit(strings.Replace(configuration, adele, "nobody@contoso.example", 1))
		failed := w.pullRequest(false)
		b.fails(failed)
		tells(t, failed["plan"].log, "nobody@contoso.example")
		if !isGitLab {
			tells(t, shown(t, w), "### The plan failed", "nobody@contoso.example")
		}
		b.did(planApp, false)
	})
}

func TestAForkGetsNoPlan(t *testing.T) {
	onEveryForge(t, func(t *testing.T, w forgeWorld) {
		b := w.base()
		b.commit(configuration + "\nlocals {\n  a_forks = 1\n}\n")
		b.succeeds(w.pullRequest(true))
		if apps, _ := b.requests(); len(apps) > 0 {
			t.Errorf("Graph was asked by %v", apps)
		}
		b.quiet()
		// The control: what comes from the repository itself does.
		b.succeeds(w.pullRequest(false))
		b.did(planApp, false)
	})
}

func TestTheReadOnlyIdentityCannotApply(t *testing.T) {
	onEveryForge(t, func(t *testing.T, w forgeWorld) {
		b := w.base()
		// As if somebody had given the plan's permissions to the other identity.
		var reading []string
		plan, err := b.tenant.GetApp(t.Context(), planApp)
		b.must(err)
		reading = plan.Permissions
		_, err = b.tenant.PatchApp(t.Context(), applyApp, control.AppPatch{Permissions: &reading})
		b.must(err)
		refused := w.push()
		b.fails(refused)
		if refused["plan"].status != "success" || refused["apply"].status != "failure" {
			t.Errorf("the run is\n%s", refused.log())
		}
		tells(t, refused["apply"].log, "HTTP 403", "Policy.ReadWrite.AuthenticationMethod")
		b.has(adele, control.StateDisabled)
	})
}

func TestAPlanThatWasOvertakenIsNotApplied(t *testing.T) {
	onEveryForge(t, func(t *testing.T, w forgeWorld) {
		b := w.base()
		b.succeeds(w.push())
		b.requests()
		b.commit(strings.Replace(configuration, `"`+cash+`" = "enabled"`, `"`+cash+`" = "disabled"`, 1))
		b.beforeApply = func() { b.overtake(b.state) }
		refused := w.push()
		b.fails(refused)
		tells(t, refused["apply"].log, "Saved plan is stale")
		b.has(cash, control.StateEnabled)
	})
}

// theIssue is the only issue there is.
func (w *world) theIssue() *issue {
	w.t.Helper()
	if len(w.forge.issues) != 1 {
		w.t.Fatalf("there are %d issues", len(w.forge.issues))
	}
	return w.forge.issues[0]
}

func TestDriftIsOneIssueUntilItIsGone(t *testing.T) {
	onEveryForge(t, func(t *testing.T, w forgeWorld) {
		b := w.base()
		b.succeeds(w.push())
		b.requests()

		b.succeeds(w.schedule())
		b.did(planApp, false)
		b.quiet()

		// An error is no drift.
		fault := control.Fault{Method: "GET", PathRegexp: "authenticationMethodsPolicy", Status: 403, Code: "Authorization_RequestDenied", Times: new(int)}
		_, err := b.tenant.AddFault(t.Context(), fault)
		b.must(err)
		broken := w.schedule()
		b.fails(broken)
		tells(t, broken.log(), "HTTP 403")
		b.quiet()
		b.must(b.tenant.ClearFaults(t.Context()))
		b.requests()

		b.set(adele, control.StateDisabled)
		b.succeeds(w.schedule())
		b.did(planApp, false)
		b.has(adele, control.StateDisabled)
		found := b.theIssue()
		if !found.open || len(found.labels) != 1 {
			t.Errorf("the issue is %+v", found)
		}
		tells(t, found.body, "differ", "entramfa_user_mfa_states.staff will be updated in-place", adele, "4711")

		// The second run writes the same issue anew, and leaves what people did to it.
		found.title, found.labels = "Who did this?", append(found.labels, "mine")
		b.set(cash, control.StateDisabled)
		b.succeeds(w.schedule())
		again := b.theIssue()
		tells(t, again.body, cash)
		if again.title != "Who did this?" || len(again.labels) != 2 || !again.open {
			t.Errorf("the issue is %+v", again)
		}

		// An error closes nothing, and changes nothing.
		b.forge.written()
		_, err = b.tenant.AddFault(t.Context(), fault)
		b.must(err)
		b.fails(w.schedule())
		b.quiet()
		b.must(b.tenant.ClearFaults(t.Context()))

		b.set(adele, control.StateEnabled)
		b.set(cash, control.StateEnabled)
		b.succeeds(w.schedule())
		if gone := b.theIssue(); gone.open || len(gone.said) != 1 {
			t.Errorf("the issue is %+v", gone)
		}
		b.forge.written()
		b.succeeds(w.schedule())
		b.quiet()

		// What comes back is an issue of its own.
		b.set(adele, control.StateDisabled)
		b.succeeds(w.schedule())
		if open := b.forge.open(); len(b.forge.issues) != 2 || len(open) != 1 || open[0] == b.forge.issues[0] {
			t.Errorf("there are %d issues, %d open", len(b.forge.issues), len(open))
		}

		// A forge that does not answer fails the run, and is not asked to create anything twice.
		b.set(adele, control.StateEnabled)
		b.forge.broken = true
		b.fails(w.schedule())
	})
}

// A check that fails is a finding although every object is as configured and plan ends with 0, and keeps the issue open.
func TestAFailingCheckIsAFindingUntilItPasses(t *testing.T) {
	onEveryForge(t, func(t *testing.T, w forgeWorld) {
		b := w.base()
		const check = `
data "entramfa_user_mfa_state" "megan" {
  user_principal_name = "megan.bowen@contoso.example"
}

check "megan" {
  assert {
    condition     = data.entramfa_user_mfa_state.megan.state != "disabled"
    error_message = "Megan is ${data.entramfa_user_mfa_state.megan.state}."
  }
}

check "fine" {
  assert {
    condition     = data.entramfa_user_mfa_state.megan.user_principal_name != ""
    error_message = "She has no name."
  }
}
`
		const megan = "megan.bowen@contoso.example"
		b.set(megan, control.StateEnabled)
		b.commit(configuration + check)
		b.succeeds(w.push())
		b.forge.written()
		b.succeeds(w.schedule())
		b.quiet()

		b.set(megan, control.StateDisabled)
		failing := w.schedule()
		b.succeeds(failing)
		tells(t, failing.log(), "drift.sh: checks-fail", "No changes.")
		found := b.theIssue()
		tells(t, found.title, "Checks")
		tells(t, found.body, "check.megan: failed", "Megan is disabled.")
		if strings.Contains(found.body, "check.fine") {
			t.Errorf("a check that passes is named:\n%s", found.body)
		}

		// Drift beside it comes and goes in the same issue.
		b.set(cash, control.StateDisabled)
		b.succeeds(w.schedule())
		tells(t, b.theIssue().body, "The tenant and the configuration differ", cash, "check.megan: failed")
		b.set(cash, control.StateEnabled)
		b.succeeds(w.schedule())
		if still := b.theIssue(); !still.open || strings.Contains(still.body, cash) {
			t.Errorf("the issue is %+v", still)
		}

		// No plan, no verdict.
		_, err := b.tenant.AddFault(t.Context(), control.Fault{Method: "GET", PathRegexp: "authenticationMethodsPolicy", Status: 403, Code: "Authorization_RequestDenied", Times: new(int)})
		b.must(err)
		b.set(megan, control.StateEnabled)
		b.fails(w.schedule())
		if still := b.theIssue(); !still.open {
			t.Errorf("an error closes the issue: %+v", still)
		}
		b.must(b.tenant.ClearFaults(t.Context()))
		b.succeeds(w.schedule())
		if gone := b.theIssue(); gone.open || len(gone.said) != 1 {
			t.Errorf("the issue is %+v", gone)
		}
	})
}

// A check that nobody can judge before an apply has not passed.
func TestACheckThatIsNotKnownIsAFinding(t *testing.T) {
	t.Parallel()
	w := newGitHub(t)
	b := w.base()
	b.commit(configuration + `
check "later" {
  assert {
    condition     = timestamp() != entramfa_registration_policy.everybody.state
    error_message = "It is late."
  }
}
`)
	b.succeeds(w.push())
	b.forge.written()
	b.succeeds(w.schedule())
	tells(t, b.theIssue().body, "check.later: not known before an apply")
}

// Somebody who begins a comment as the pipeline does neither gets its plan nor keeps it from showing one.
func TestAForeignCommentIsNotWrittenAnew(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"GitHub Actions", "Azure Pipelines"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := forges[name](t)
			b := w.base()
			foreign := &comment{id: 3, by: "User", body: "<!-- plan of the MFA configuration -->\n### No changes"}
			b.forge.comments = append(b.forge.comments, foreign)
			for range 2 {
				b.succeeds(w.pullRequest(false))
				tells(t, shown(t, w), "### Plan: 2 to add")
			}
			if strings.Contains(foreign.body, "2 to add") {
				t.Errorf("the foreign comment is\n%s", foreign.body)
			}
		})
	}
}

// What the service does by itself, an output with another value, and a data source inside of a check block are no drift, although
// plan -detailed-exitcode ends with 2.
func TestWhatIsNoDriftIsNotReported(t *testing.T) {
	t.Parallel()
	w := newGitHub(t)
	b := w.base()
	b.succeeds(w.push())
	// She registers, and the service promotes her.
	_, err := b.tenant.RegisterMethod(t.Context(), adele, control.Method{Type: control.MethodMicrosoftAuthenticator})
	b.must(err)
	b.has(adele, control.StateEnforced)
	registered := w.schedule()
	b.succeeds(registered)
	tells(t, registered.log(), "Changes to Outputs", "drift.sh: in-sync")

	const check = `
check "campaign" {
  data "entramfa_registration_policy" "this" {}
  assert {
    condition     = data.entramfa_registration_policy.this.state == "enabled"
    error_message = "The campaign does not run."
  }
}
`
	b.commit(configuration + check)
	checked := w.schedule()
	b.succeeds(checked)
	tells(t, checked.log(), "data.entramfa_registration_policy.this will be read during apply", "drift.sh: in-sync")
	b.quiet()

	// The control: with a difference beside them there is drift.
	b.set(cash, control.StateDisabled)
	b.succeeds(w.schedule())
	tells(t, b.theIssue().body, cash)
}

func TestAConfigurationThatWasNotAppliedIsReported(t *testing.T) {
	t.Parallel()
	w := newGitHub(t)
	b := w.base()
	b.succeeds(w.push())
	b.quiet()
	b.commit(configuration + "\nimport {\n  to = entramfa_user_mfa_state.megan\n  id = \"megan.bowen@contoso.example\"\n}\n" +
		"resource \"entramfa_user_mfa_state\" \"megan\" {\n  user_principal_name = \"megan.bowen@contoso.example\"\n  state = \"enabled\"\n}\n")
	imported := w.schedule()
	b.succeeds(imported)
	tells(t, b.theIssue().body, "1 to import")
}

// before fails the test unless a text holds all of these, one after the other.
func before(t *testing.T, text string, wanted ...string) {
	t.Helper()
	rest := text
	for _, one := range wanted {
		_, after, found := strings.Cut(rest, one)
		if !found {
			t.Errorf("%q is not in this order in\n%s", one, text)
			return
		}
		rest = after
	}
}

// digested is what stands on top of the plan of a pull request: in its comment, and for GitLab in the job's log, which has the CLI's start before it.
func digested(t *testing.T, w forgeWorld, r run) string {
	t.Helper()
	text := r["plan"].log
	if _, isGitLab := w.(*gitLabWorld); !isGitLab {
		text = strings.ReplaceAll(render(shown(t, w)).blocks[0], "\n  ", "\n")
	}
	from, to := strings.Index(text, "lose"), strings.Index(text, "\n\nWarning: ")
	if from < 0 || to < from {
		t.Fatalf("there is no digest in\n%s", text)
	}
	return text[strings.LastIndexAny(text[:from], "\n")+1:to] + "\n"
}

const digestFolder = "../../examples/guides/plan-review/digest"

// The guide's digest is what each of the three shows, of a plan by the real CLI.
func TestTheDigestOfTheGuideIsWhatAPullRequestShows(t *testing.T) {
	onEveryForge(t, func(t *testing.T, w forgeWorld) {
		b := w.base()
		head, _, _ := strings.Cut(configuration, "resource ")
		b.commit(head + b.read(filepath.Join(digestFolder, "before.tf")))
		b.succeeds(w.push())
		b.commit(head + b.read(filepath.Join(digestFolder, "after.tf")))
		planned := w.pullRequest(false)
		b.succeeds(planned)
		have := strings.TrimPrefix(digested(t, w, planned), "  ")
		place := filepath.Join(digestFolder, "digest.txt")
		if *rewrite {
			b.write(place, have)
		}
		if difference := cmp.Diff(b.read(place), have); difference != "" {
			t.Errorf("the guide's digest (-) and the comment's (+):\n%s", difference)
		}
	})
}

var rewrite = flag.Bool("update", false, "write the digest that the guide about reviews shows")

// What is cut is the end of the plan: the warnings come first.
func TestALongPlanIsCutWhereAForgeWouldRefuseIt(t *testing.T) {
	t.Parallel()
	for name, most := range map[string]int{"GitHub Actions": 65_536, "Azure Pipelines": 150_000} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := forges[name](t)
			b := w.base()
			b.commit(configuration + `
output "long" {
  value = [for i in setproduct(range(500), range(5)) : "line ${i[0]} ${i[1]} of a text that is longer than any forge lets a comment be, and longer still"]
}

check "late" {
  assert {
    condition     = entramfa_registration_policy.everybody.state == "disabled"
    error_message = "The check that must be seen."
  }
}
`)
			b.succeeds(w.pullRequest(false))
			body := shown(t, w)
			if len(body) > most || len(body) < most*9/10 {
				t.Errorf("the comment has %d characters", len(body))
			}
			tells(t, body, "The text is too long", "Warning: Check block assertion failed", "The check that must be seen.", ", 1 check fails", "</details>")
		})
	}
}

// The search for tokens finds them.
func TestATokenInALogIsFound(t *testing.T) {
	t.Parallel()
	w := newGitHub(t).base()
	output, ok := w.shell(w.dir, `echo "$GITHUB_TOKEN"`, map[string]string{"GITHUB_TOKEN": "ghs_issues.write"}, "bash", "-e", "-c")
	if !ok || !slices.ContainsFunc(w.tokens, func(token string) bool { return strings.Contains(output, token) }) {
		t.Errorf("%q is not found among %q", w.tokens, output)
	}
}

// overtake writes the state as an apply would.
func (w *world) overtake(file string) {
	w.t.Helper()
	var state map[string]any
	w.must(json.Unmarshal([]byte(w.read(file)), &state))
	serial, ok := state["serial"].(float64)
	if !ok {
		w.t.Fatalf("the state has the serial %v", state["serial"])
	}
	state["serial"] = serial + 1
	content, err := json.Marshal(state)
	w.must(err)
	w.write(file, string(content))
}

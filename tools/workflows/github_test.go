package workflows

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
)

// gitHubWorkflow is as much of a workflow as the examples use. Whatever else stands in a file is refused.
type gitHubWorkflow struct {
	Name        string
	On          map[string]any
	Permissions map[string]string
	Concurrency struct {
		Group            string
		CancelInProgress string `yaml:"cancel-in-progress"`
	}
	Env  map[string]string
	Jobs map[string]gitHubJob
}

type gitHubJob struct {
	If             string
	Needs          string
	RunsOn         string `yaml:"runs-on"`
	TimeoutMinutes int    `yaml:"timeout-minutes"`
	Environment    string
	Permissions    map[string]string
	Env            map[string]string
	Outputs        map[string]string
	Steps          []gitHubStep
}

type gitHubStep struct {
	Name, ID, If, Uses, Run string
	With, Env               map[string]string
}

// parse reads a file strictly.
func parse[T any](t *testing.T, path string) T {
	t.Helper()
	var parsed T
	content, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer content.Close()
	decoder := yaml.NewDecoder(content)
	decoder.KnownFields(true)
	if err := decoder.Decode(&parsed); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return parsed
}

const (
	gitHubIssuer = "https://token.actions.githubusercontent.com"
	gitHubJobKey = "key-of-a-job-to-ask-for-identities"
)

// gitHubWorld is a repository on GitHub.
type gitHubWorld struct{ *world }

func newGitHub(t *testing.T) forgeWorld {
	w := &gitHubWorld{newWorld(t, "github-actions", ".github/workflows", gitHub)}
	w.trusts(planApp, gitHubIssuer, "repo:contoso/mfa:pull_request", "repo:contoso/mfa:ref:refs/heads/main")
	w.trusts(applyApp, gitHubIssuer, "repo:contoso/mfa:environment:production")
	// The token of a job says what the job may do, and a job gets nothing that it does not ask for.
	w.forge.allows = func(token string) map[string]string {
		text, found := strings.CutPrefix(token, "ghs_")
		if !found {
			return nil
		}
		may := map[string]string{}
		for _, one := range strings.Split(text, "_") {
			what, how, _ := strings.Cut(one, ".")
			may[what] = how
		}
		return may
	}
	w.tokens = []string{gitHubJobKey, "ghs_", "eyJ"}
	return w
}

func (w *gitHubWorld) base() *world { return w.world }

func (w *gitHubWorld) pullRequest(fork bool) run {
	head := "contoso/mfa"
	if fork {
		head = "somebody/mfa"
	}
	return w.run("plan-and-apply.yml", map[string]string{
		"github.event_name": "pull_request", "github.ref": "refs/pull/7/merge", "github.event.pull_request.head.repo.full_name": head,
		"github.event.pull_request.number": fmt.Sprint(pullRequest),
	}, "repo:contoso/mfa:pull_request")
}

func (w *gitHubWorld) push() run {
	return w.run("plan-and-apply.yml", map[string]string{
		"github.event_name": "push", "github.ref": "refs/heads/main", "github.event.pull_request.head.repo.full_name": "",
		"github.event.pull_request.number": "",
	}, "repo:contoso/mfa:ref:refs/heads/main")
}

func (w *gitHubWorld) schedule() run {
	return w.run("drift.yml", map[string]string{"github.event_name": "schedule", "github.ref": "refs/heads/main"}, "repo:contoso/mfa:ref:refs/heads/main")
}

var (
	interpolation  = regexp.MustCompile(`\$\{\{(.*?)\}\}`)
	statusFunction = regexp.MustCompile(`\b(always|success|failure|cancelled)\(\)`)
)

// gitHubRun is a run of a workflow.
type gitHubRun struct {
	*gitHubWorld
	workflow  gitHubWorkflow
	context   map[string]string
	subject   string
	jobs      run
	outputs   map[string]string
	artifacts string
}

func (w *gitHubWorld) run(file string, context map[string]string, subject string) run {
	w.t.Helper()
	workflow := parse[gitHubWorkflow](w.t, filepath.Join(w.repository, ".github/workflows", file))
	if _, listens := workflow.On[context["github.event_name"]]; !listens {
		w.t.Fatalf("%s does not listen to %s", file, context["github.event_name"])
	}
	maps.Copy(context, map[string]string{
		"github.repository": "contoso/mfa", "github.workflow": workflow.Name, "vars.ARM_TENANT_ID": w.tenantID(),
		"vars.ARM_PLAN_CLIENT_ID": planApp, "vars.ARM_APPLY_CLIENT_ID": applyApp,
	})
	w.world.jobs++
	r := &gitHubRun{w, workflow, context, subject, run{}, map[string]string{}, filepath.Join(w.dir, fmt.Sprintf("artifacts-%d", w.world.jobs))}
	for len(r.jobs) < len(workflow.Jobs) {
		before := len(r.jobs)
		for _, name := range slices.Sorted(maps.Keys(workflow.Jobs)) {
			needed := workflow.Jobs[name].Needs
			if r.jobs[name] == nil && (needed == "" || r.jobs[needed] != nil) {
				r.jobs[name] = r.job(name, workflow.Jobs[name])
			}
		}
		if len(r.jobs) == before {
			w.t.Fatalf("%s: the jobs wait for one another", file)
		}
	}
	return r.jobs
}

// value evaluates an expression where nothing has failed yet, or something has.
func (r *gitHubRun) value(text string, more map[string]string, failed bool) string {
	r.t.Helper()
	value, err := evaluate(text, func(name string) (string, bool) {
		if value, ok := more[name]; ok {
			return value, true
		}
		value, ok := r.context[name]
		return value, ok
	}, map[string]func(...string) string{
		"always": func(...string) string { return truth }, "cancelled": func(...string) string { return "" },
		"success": func(...string) string { return truthOf(!failed) }, "failure": func(...string) string { return truthOf(failed) },
	})
	r.must(err)
	return value
}

// goes evaluates a condition. Without a function of the status, it holds where nothing has failed.
func (r *gitHubRun) goes(condition string, more map[string]string, failed bool) bool {
	r.t.Helper()
	condition = strings.TrimSpace(condition)
	if inner, wrapped := strings.CutPrefix(condition, "${{"); wrapped {
		condition = strings.TrimSuffix(inner, "}}")
	}
	if condition == "" {
		return !failed
	}
	if !statusFunction.MatchString(condition) && failed {
		return false
	}
	return r.value(condition, more, failed) != ""
}

func (r *gitHubRun) filled(text string, more map[string]string) string {
	r.t.Helper()
	return interpolation.ReplaceAllStringFunc(text, func(found string) string {
		return r.value(interpolation.FindStringSubmatch(found)[1], more, false)
	})
}

func (r *gitHubRun) job(name string, j gitHubJob) *job {
	r.t.Helper()
	needs := map[string]string{}
	held := false
	if j.Needs != "" {
		needs["needs."+j.Needs+".result"] = r.jobs[j.Needs].status
		for output := range r.workflow.Jobs[j.Needs].Outputs {
			needs["needs."+j.Needs+".outputs."+output] = r.outputs[j.Needs+"."+output]
		}
		held = r.jobs[j.Needs].status != "success"
	}
	if !r.goes(j.If, needs, held) {
		return &job{status: "skipped"}
	}

	// What the job may do, it has to say; nothing is inherited here.
	if len(r.workflow.Permissions) > 0 || j.Permissions == nil {
		r.t.Fatalf("the job %s does not say what it may do", name)
	}
	var may []string
	for what, how := range j.Permissions {
		may = append(may, what+"."+how)
	}
	slices.Sort(may)
	known := maps.Clone(needs)
	known["github.token"] = "ghs_" + strings.Join(may, "_")
	for _, step := range j.Steps {
		if step.ID != "" {
			known["steps."+step.ID+".outputs.result"] = ""
		}
	}

	machine := r.machine()
	place, temp := filepath.Join(machine["HOME"], "mfa"), filepath.Join(machine["HOME"], "temp")
	r.must(os.MkdirAll(place, 0o750))
	r.must(os.MkdirAll(temp, 0o750))
	maps.Copy(machine, map[string]string{
		"CI": truth, "GITHUB_ACTIONS": truth, "GITHUB_API_URL": r.forge.url, "GITHUB_SERVER_URL": "https://github.example", "GITHUB_REPOSITORY": "contoso/mfa",
		"GITHUB_RUN_ID": "4711", "GITHUB_OUTPUT": filepath.Join(temp, "output"), "GITHUB_PATH": filepath.Join(temp, "path"), "RUNNER_TEMP": temp,
	})
	if j.Permissions["id-token"] == "write" {
		subject := r.subject
		if j.Environment != "" {
			subject = "repo:contoso/mfa:environment:" + j.Environment
		}
		r.must(r.tenant.SetBehavior(r.t.Context(), control.Behavior{TokenRequests: &control.TokenRequests{
			GitHub: &control.TokenRequest{RequestToken: gitHubJobKey, Issuer: gitHubIssuer, Subject: subject},
		}}))
		machine["ACTIONS_ID_TOKEN_REQUEST_URL"] = r.graph["ENTRAMFA_GRAPH_ENDPOINT"] + "/_emulator/oidc/github?api-version=2.0"
		machine["ACTIONS_ID_TOKEN_REQUEST_TOKEN"] = gitHubJobKey
	}
	done := &job{status: "success"}
	for _, step := range j.Steps {
		failed := done.status == "failure"
		if !r.goes(step.If, known, failed) {
			continue
		}
		if step.Uses != "" {
			if problem := r.action(step, place, known); problem != "" {
				done.log += problem + "\n"
				done.status = "failure"
			}
			continue
		}
		environment := maps.Clone(machine)
		for _, set := range []map[string]string{r.workflow.Env, j.Env, step.Env} {
			for variable, value := range set {
				environment[variable] = r.filled(value, known)
			}
		}
		environment["TF_CLI"] = r.cli
		if added, err := os.ReadFile(machine["GITHUB_PATH"]); err == nil {
			for line := range strings.Lines(string(added)) {
				environment["PATH"] = strings.TrimSpace(line) + string(os.PathListSeparator) + environment["PATH"]
			}
		}
		output, ok := r.shell(place, r.filled(step.Run, known), environment, "bash", "-e", "-c")
		done.log += output
		if !ok {
			done.status = "failure"
		}
		if written, err := os.ReadFile(machine["GITHUB_OUTPUT"]); err == nil && step.ID != "" {
			for line := range strings.Lines(string(written)) {
				key, value, _ := strings.Cut(strings.TrimSpace(line), "=")
				known["steps."+step.ID+".outputs."+key] = value
			}
		}
	}
	for output, text := range j.Outputs {
		r.outputs[name+"."+output] = r.filled(text, known)
	}
	return done
}

// action does what the actions do that the examples use, and returns why it fails.
func (r *gitHubRun) action(step gitHubStep, place string, known map[string]string) string {
	r.t.Helper()
	with := map[string]string{}
	for name, value := range step.With {
		with[name] = r.filled(value, known)
	}
	name, _, _ := strings.Cut(step.Uses, "@")
	switch name {
	case "actions/checkout":
		if with["persist-credentials"] != "false" {
			r.t.Error("a checkout leaves the token on the disk")
		}
		r.checkOut(place)
	case "actions/upload-artifact":
		var files []string
		for line := range strings.Lines(with["path"]) {
			if file := strings.TrimSpace(line); file != "" {
				if _, err := os.Stat(filepath.Join(place, file)); err == nil {
					files = append(files, file)
				}
			}
		}
		for _, file := range files {
			// The artifact begins at the folder that they have in common; all are in one.
			content, err := os.ReadFile(filepath.Join(place, file))
			r.must(err)
			r.write(filepath.Join(r.artifacts, with["name"], filepath.Base(file)), string(content))
		}
	case "actions/download-artifact":
		source := filepath.Join(r.artifacts, with["name"])
		if _, err := os.Stat(source); err != nil {
			return "Error: Unable to download artifact(s): Artifact not found for name: " + with["name"]
		}
		r.must(os.MkdirAll(filepath.Join(place, with["path"]), 0o750))
		r.must(os.CopyFS(filepath.Join(place, with["path"]), os.DirFS(source)))
	default:
		r.t.Fatalf("this test does not know what %s does", step.Uses)
	}
	return ""
}

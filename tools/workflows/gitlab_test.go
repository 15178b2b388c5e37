package workflows

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
)

// gitLabPipeline is as much of a pipeline as the example uses. Whatever else stands in the file is refused.
type gitLabPipeline struct {
	Workflow  struct{ Rules []gitLabRule }
	Variables map[string]string
	Default   struct {
		Image        string
		BeforeScript []string `yaml:"before_script"`
	}
	Stages []string
	Plan   gitLabJob
	Apply  gitLabJob
	Drift  gitLabJob
	Report gitLabJob
}

type gitLabRule struct {
	If, When  string
	Variables map[string]string
}

type gitLabJob struct {
	Stage, Timeout string
	Rules          []gitLabRule
	Interruptible  bool
	ResourceGroup  string `yaml:"resource_group"`
	Environment    struct {
		Name, Action   string
		DeploymentTier string `yaml:"deployment_tier"`
	}
	Needs []struct {
		Job       string
		Artifacts bool
	}
	Variables map[string]string
	IDTokens  map[string]struct{ Aud string } `yaml:"id_tokens"`
	// BeforeScript takes the place of the default one.
	BeforeScript []string `yaml:"before_script"`
	Script       []string
	Artifacts    struct {
		When, Access string
		ExpireIn     string `yaml:"expire_in"`
		Paths        []string
		Reports      struct{ Terraform string }
	}
}

const (
	gitLabIssuer = "https://gitlab.com"
	driftToken   = "glpat-token-of-the-project"
)

type gitLabWorld struct {
	*world
	// report is what the last merge request has shown.
	report string
	// protected are the environments that are protected.
	protected []string
}

// subject is that of a token, with the components that README.md says. A job without an environment has no values for two of them.
func (w *gitLabWorld) subject(ref string, one gitLabJob) string {
	protected := ""
	if one.Environment.Name != "" {
		protected = fmt.Sprint(slices.Contains(w.protected, one.Environment.Name))
	}
	return fmt.Sprintf("project_path:contoso/mfa:ref_type:branch:ref:%s:environment_protected:%s:deployment_tier:%s", ref, protected, one.Environment.DeploymentTier)
}

func newGitLab(t *testing.T) forgeWorld {
	w := &gitLabWorld{world: newWorld(t, "gitlab-ci", ".", gitLab), protected: []string{"production"}}
	w.trusts(planApp, gitLabIssuer, w.subject("main", gitLabJob{}), w.subject("widen", gitLabJob{}))
	w.trusts(applyApp, gitLabIssuer, "project_path:contoso/mfa:ref_type:branch:ref:main:environment_protected:true:deployment_tier:production")
	w.forge.allows = func(token string) map[string]string {
		if token != driftToken {
			return nil
		}
		return map[string]string{"api": "write"}
	}
	w.tokens = []string{driftToken, "eyJ"}
	return w
}

func (w *gitLabWorld) base() *world { return w.world }

func (w *gitLabWorld) pullRequest(fork bool) run {
	project := "42"
	if fork {
		project = "43"
	}
	return w.run("widen", map[string]string{
		"CI_PIPELINE_SOURCE": "merge_request_event", "CI_MERGE_REQUEST_SOURCE_PROJECT_ID": project, "CI_COMMIT_REF_PROTECTED": "false",
	})
}

func (w *gitLabWorld) push() run {
	return w.run("main", map[string]string{"CI_PIPELINE_SOURCE": "push", "CI_COMMIT_BRANCH": "main", "CI_COMMIT_REF_PROTECTED": "true"})
}

func (w *gitLabWorld) schedule() run {
	return w.run("main", map[string]string{"CI_PIPELINE_SOURCE": "schedule", "CI_COMMIT_BRANCH": "main", "CI_COMMIT_REF_PROTECTED": "true"})
}

// matching is the first rule that fits.
func (w *gitLabWorld) matching(rules []gitLabRule, variables map[string]string) (gitLabRule, bool) {
	w.t.Helper()
	for _, rule := range rules {
		if rule.If == "" {
			return rule, rule.When != "never"
		}
		value, err := evaluate(rule.If, func(name string) (string, bool) { return variables[strings.TrimPrefix(name, "$")], true }, nil)
		w.must(err)
		if value != "" {
			return rule, rule.When != "never"
		}
	}
	return gitLabRule{}, false
}

func (w *gitLabWorld) run(ref string, variables map[string]string) run {
	w.t.Helper()
	pipeline := parse[gitLabPipeline](w.t, filepath.Join(w.repository, ".gitlab-ci.yml"))
	maps.Copy(variables, map[string]string{
		"CI_DEFAULT_BRANCH": "main", "CI_PROJECT_ID": "42", "CI_COMMIT_REF_NAME": ref, "GITLAB_CI": truth, "CI": truth, "CI_API_V4_URL": w.forge.url + "/api/v4",
		"CI_JOB_URL": "https://gitlab.example/contoso/mfa/-/jobs/4711", "ARM_TENANT_ID": w.tenantID(), "ARM_PLAN_CLIENT_ID": planApp,
		"ARM_APPLY_CLIENT_ID": applyApp,
	})
	if _, ok := w.matching(pipeline.Workflow.Rules, variables); !ok {
		w.t.Fatal("there is no pipeline")
	}
	jobs := run{}
	artifacts := map[string]string{}
	w.report = ""
	for _, one := range []struct {
		name string
		gitLabJob
	}{{"plan", pipeline.Plan}, {"apply", pipeline.Apply}, {"drift", pipeline.Drift}, {"report", pipeline.Report}} {
		rule, goes := w.matching(one.Rules, variables)
		for _, needed := range one.Needs {
			goes = goes && jobs[needed.Job] != nil && jobs[needed.Job].status == "success"
		}
		if !goes {
			jobs[one.name] = &job{status: "skipped"}
			continue
		}
		environment := w.machine()
		place := filepath.Join(environment["HOME"], "mfa")
		w.checkOut(place)
		// An artifact is unpacked over the clone.
		for _, needed := range one.Needs {
			w.must(os.CopyFS(place, os.DirFS(artifacts[needed.Job])))
		}
		for _, set := range []map[string]string{variables, pipeline.Variables, one.Variables, rule.Variables} {
			for name, value := range set {
				environment[name] = os.Expand(value, func(name string) string { return variables[name] })
			}
		}
		environment["CI_PROJECT_DIR"], environment["TF_CLI"] = place, w.cli
		// A protected variable of that environment.
		if variables["CI_COMMIT_REF_PROTECTED"] == truth && one.Environment.Name == "mfa-report" {
			environment["DRIFT_TOKEN"] = driftToken
		}
		for name, wanted := range one.IDTokens {
			token, err := w.tenant.IssueAssertion(w.t.Context(), control.AssertionRequest{
				Issuer: gitLabIssuer, Subject: w.subject(ref, one.gitLabJob), Audience: wanted.Aud,
			})
			w.must(err)
			environment[name] = token
		}
		before := pipeline.Default.BeforeScript
		if one.BeforeScript != nil {
			before = one.BeforeScript
		}
		script := strings.Join(slices.Concat([]string{"set -e"}, before, one.Script), "\n")
		output, ok := w.shell(place, script, environment, "sh", "-c")
		jobs[one.name] = &job{status: "success", log: output}
		if !ok {
			jobs[one.name].status = "failure"
		}
		if ok || one.Artifacts.When == "always" {
			artifacts[one.name] = w.artifact(one.name, place, one.Artifacts.Paths)
			if report, err := os.ReadFile(filepath.Join(place, one.Artifacts.Reports.Terraform)); err == nil {
				w.report = string(report)
			}
		}
	}
	return jobs
}

// artifact keeps the folders of a job, and returns where.
func (w *gitLabWorld) artifact(name, place string, folders []string) string {
	w.t.Helper()
	w.jobs++
	kept := filepath.Join(w.dir, fmt.Sprintf("artifact-%s-%d", name, w.jobs))
	for _, folder := range folders {
		if _, err := os.Stat(filepath.Join(place, folder)); err == nil {
			w.must(os.CopyFS(filepath.Join(kept, folder), os.DirFS(filepath.Join(place, folder))))
		}
	}
	return kept
}

// The identity that applies is tied to the protected environment: another job of the same branch is not taken for it, and the one that is does
// not go on where nothing protects it.
func TestInGitLabOnlyTheProtectedEnvironmentApplies(t *testing.T) {
	t.Parallel()
	w := newGitLab(t)
	gitLab, ok := w.(*gitLabWorld)
	if !ok {
		t.Fatal("it is no world of GitLab")
	}
	b := w.base()
	file := filepath.Join(b.repository, ".gitlab-ci.yml")
	pipeline := b.read(file)

	gitLab.protected = nil
	refused := w.push()
	b.fails(refused)
	tells(t, refused["apply"].log, "tells of no protected environment", "environment_protected:false")
	b.has(adele, control.StateDisabled)
	gitLab.protected = []string{"production"}

	// Somebody who may change the file takes the environment, and what looks after it, away.
	const environment = "  environment:\n    name: production\n    deployment_tier: production\n"
	const guard = "    - ci/require-protected.sh\n"
	if strings.Count(pipeline, environment) != 1 || strings.Count(pipeline, guard) != 1 {
		t.Fatal("the pipeline is not what this test knows")
	}
	b.write(file, strings.NewReplacer(environment, "", guard, "").Replace(pipeline))
	refused = w.push()
	b.fails(refused)
	tells(t, refused["apply"].log, "AADSTS7002")
	b.has(adele, control.StateDisabled)

	// And a job that reads, with the id of the app that applies.
	b.write(file, strings.ReplaceAll(pipeline, "ARM_CLIENT_ID: $ARM_PLAN_CLIENT_ID", "ARM_CLIENT_ID: $ARM_APPLY_CLIENT_ID"))
	b.requests()
	refused = w.push()
	b.fails(refused)
	tells(t, refused["plan"].log, "AADSTS7002")
	if apps, _ := b.requests(); slices.Contains(apps, applyApp) {
		t.Errorf("Graph was asked by %v", apps)
	}

	// The control.
	b.write(file, pipeline)
	b.succeeds(w.push())
	b.has(adele, control.StateEnabled)
}

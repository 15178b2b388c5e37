package workflows

import (
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestNoFileOfTheWorkflowsIsWithoutATest(t *testing.T) {
	t.Parallel()
	var found []string
	err := filepath.WalkDir(examples, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		name, err := filepath.Rel(examples, path)
		found = append(found, filepath.ToSlash(name))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"README.md", "azure-pipelines/drift.yml", "azure-pipelines/plan-and-apply.yml", "github-actions/drift.yml", "github-actions/plan-and-apply.yml",
		"gitlab-ci/.gitlab-ci.yml", "scripts/apply.sh", "scripts/cli-checksums.txt", "scripts/comment.sh", "scripts/drift.sh", "scripts/effects.jq", "scripts/forge.sh",
		"scripts/install-cli.sh", "scripts/log.sh", "scripts/plan.sh", "scripts/report-issue.sh", "scripts/report.jq", "scripts/require-protected.sh",
	}
	if difference := cmp.Diff(want, slices.Sorted(slices.Values(found))); difference != "" {
		t.Errorf("files with a test (-) and those there are (+):\n%s", difference)
	}
}

// chosenByOthers are the values that whoever opens a pull request writes: in a script they would be commands.
var chosenByOthers = regexp.MustCompile(`\$\{\{[^}]*github\.(event\.|head_ref|ref_name)`)

func TestTheWorkflowsOfGitHubGiveNoMoreThanIsNeeded(t *testing.T) {
	t.Parallel()
	for file, jobs := range map[string]map[string]map[string]string{
		"plan-and-apply.yml": {
			"plan":    {"contents": "read", "id-token": "write"},
			"comment": {"contents": "read", "pull-requests": "write"},
			"apply":   {"contents": "read", "id-token": "write"},
		},
		"drift.yml": {
			"drift":  {"contents": "read", "id-token": "write"},
			"report": {"contents": "read", "issues": "write"},
		},
	} {
		path := filepath.Join(examples, "github-actions", file)
		workflow := parse[gitHubWorkflow](t, path)
		given := map[string]map[string]string{}
		for name, job := range workflow.Jobs {
			given[name] = job.Permissions
			if job.TimeoutMinutes == 0 {
				t.Errorf("%s: the job %s has no limit of time", file, name)
			}
			if (job.Environment != "") != (name == "apply") {
				t.Errorf("%s: the job %s has the environment %q", file, name, job.Environment)
			}
			for _, step := range job.Steps {
				if chosenByOthers.MatchString(step.Run) {
					t.Errorf("%s: a script holds what others choose: %s", file, step.Run)
				}
			}
		}
		if difference := cmp.Diff(jobs, given); difference != "" {
			t.Errorf("%s: permissions that the jobs should have (-) and have (+):\n%s", file, difference)
		}
		if workflow.Permissions == nil || len(workflow.Permissions) > 0 || workflow.Concurrency.Group == "" {
			t.Errorf("%s: permissions %v, concurrency %v", file, workflow.Permissions, workflow.Concurrency)
		}
		// It would run foreign code with the rights of main.
		if _, dangerous := workflow.On["pull_request_target"]; dangerous {
			t.Errorf("%s listens to pull_request_target", file)
		}
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(content), "secrets.") {
			t.Errorf("%s uses a secret; nothing here needs one", file)
		}
	}
	if !chosenByOthers.MatchString("echo ${{ github.event.pull_request.title }}") {
		t.Error("what others choose is not found")
	}
}

func TestWhatAppliesWaitsForSomebodyAndForEachOther(t *testing.T) {
	t.Parallel()
	gitLab := parse[gitLabPipeline](t, filepath.Join(examples, "gitlab-ci", ".gitlab-ci.yml"))
	last := gitLab.Apply.Rules[len(gitLab.Apply.Rules)-1]
	if last.When != "manual" || gitLab.Apply.Environment.Name != "production" ||
		gitLab.Apply.Environment.DeploymentTier != "production" || gitLab.Apply.ResourceGroup == "" || gitLab.Apply.ResourceGroup != gitLab.Drift.ResourceGroup {
		t.Errorf("GitLab's job is %+v", gitLab.Apply)
	}
	for name, job := range map[string]gitLabJob{"plan": gitLab.Plan, "apply": gitLab.Apply, "drift": gitLab.Drift} {
		wanted := "$ARM_PLAN_CLIENT_ID"
		if name == "apply" {
			wanted = "$ARM_APPLY_CLIENT_ID"
		}
		if job.Variables["ARM_CLIENT_ID"] != wanted || job.Timeout == "" || job.Interruptible && name != "plan" {
			t.Errorf("GitLab's job %s is %+v", name, job)
		}
	}

	azure := parse[azurePipeline](t, filepath.Join(examples, "azure-pipelines", "plan-and-apply.yml"))
	connections := map[string]string{}
	for _, stage := range azure.Stages {
		for _, job := range stage.Jobs {
			for _, step := range slices.Concat(job.Steps, job.Strategy.RunOnce.Deploy.Steps) {
				if step.Task != "" {
					connections[stage.Stage] = step.Inputs["azureSubscription"]
				}
			}
			if (job.Environment != "") != (stage.Stage == "apply") || job.TimeoutInMinutes == 0 {
				t.Errorf("Azure's stage %s has the job %+v", stage.Stage, job)
			}
		}
	}
	if !maps.Equal(connections, map[string]string{"plan": "mfa-plan", "apply": "mfa-apply"}) || azure.Stages[1].LockBehavior != "sequential" {
		t.Errorf("Azure's stages sign in with %v; the lock is %q", connections, azure.Stages[1].LockBehavior)
	}
}

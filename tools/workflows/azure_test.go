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

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
)

// azurePipeline is as much of a pipeline as the examples use. Whatever else stands in a file is refused.
type azurePipeline struct {
	Trigger   any
	PR        string
	Schedules []struct {
		Cron        string
		DisplayName string `yaml:"displayName"`
		Branches    map[string][]string
		Always      bool
	}
	Variables map[string]string
	Pool      map[string]string
	Stages    []azureStage
	Jobs      []azureJob
}

type azureStage struct {
	Stage, Condition string
	DependsOn        string `yaml:"dependsOn"`
	LockBehavior     string `yaml:"lockBehavior"`
	Jobs             []azureJob
}

type azureJob struct {
	Job, Deployment  string
	TimeoutInMinutes int `yaml:"timeoutInMinutes"`
	Environment      string
	Steps            []azureStep
	Strategy         struct {
		RunOnce struct {
			Deploy struct{ Steps []azureStep }
		} `yaml:"runOnce"`
	}
}

type azureStep struct {
	Checkout           string
	PersistCredentials *bool  `yaml:"persistCredentials"`
	DisplayName        string `yaml:"displayName"`
	Script, Task       string
	Name, Condition    string
	Inputs             map[string]string
	Env                map[string]string
	Publish, Download  string
	Artifact           string
}

const (
	azureIssuer   = "https://login.microsoftonline.com/contoso/v2.0"
	azureJobToken = "token-of-the-job-of-azure-pipelines"
)

// serviceConnections are those of the project, by their names: their ids and identities.
var serviceConnections = map[string]struct{ id, app string }{
	"mfa-plan":  {"77777777-0000-4000-8000-000000000001", planApp},
	"mfa-apply": {"77777777-0000-4000-8000-000000000002", applyApp},
}

type azureWorld struct{ *world }

func newAzure(t *testing.T) forgeWorld {
	w := &azureWorld{newWorld(t, "azure-pipelines", ".", azureDevOps)}
	for name, connection := range serviceConnections {
		w.trusts(connection.app, azureIssuer, "sc://contoso/mfa/"+name)
	}
	w.forge.allows = func(token string) map[string]string {
		if token != azureJobToken {
			return nil
		}
		return map[string]string{"work items": "write", "pull requests": "write"}
	}
	w.tokens = []string{azureJobToken, "eyJ"}
	return w
}

func (w *azureWorld) base() *world { return w.world }

func (w *azureWorld) pullRequest(fork bool) run {
	variables := map[string]string{
		"Build.Reason": "PullRequest", "Build.SourceBranch": "refs/pull/7/merge", "System.PullRequest.IsFork": "False",
		"System.PullRequest.PullRequestId": fmt.Sprint(pullRequest),
	}
	if fork {
		variables["System.PullRequest.IsFork"] = "True"
	}
	return w.run("plan-and-apply.yml", variables)
}

func (w *azureWorld) push() run {
	return w.run("plan-and-apply.yml", map[string]string{
		"Build.Reason": "IndividualCI", "Build.SourceBranch": "refs/heads/main", "System.PullRequest.IsFork": "",
	})
}

func (w *azureWorld) schedule() run {
	return w.run("drift.yml", map[string]string{"Build.Reason": "Schedule", "Build.SourceBranch": "refs/heads/main"})
}

var (
	macro = regexp.MustCompile(`\$\(([A-Za-z.]+)\)`)
	// Wherever it stands in a line.
	loggingCommand = regexp.MustCompile(`(?im)##vso\[([\w.]+)\s?([^\]]*)\](.*)$`)
)

type azureRun struct {
	*azureWorld
	variables map[string]string
	outputs   map[string]string
	artifacts string
}

func (w *azureWorld) run(file string, variables map[string]string) run {
	w.t.Helper()
	pipeline := parse[azurePipeline](w.t, filepath.Join(w.repository, file))
	maps.Copy(variables, map[string]string{
		"System.CollectionUri": w.forge.url + "/contoso/", "System.TeamProjectId": "mfa-project", "Build.BuildId": "4711", "Build.Repository.ID": "mfa-repository",
		"System.AccessToken": azureJobToken, "System.OidcRequestUri": w.graph["ENTRAMFA_GRAPH_ENDPOINT"] + "/_emulator/oidc/azure-devops",
	})
	w.world.jobs++
	r := &azureRun{w, variables, map[string]string{}, filepath.Join(w.dir, fmt.Sprintf("artifacts-%d", w.world.jobs))}
	stages := pipeline.Stages
	if len(stages) == 0 {
		stages = []azureStage{{Stage: "only", Jobs: pipeline.Jobs}}
	}
	jobs := run{}
	for _, stage := range stages {
		held := stage.DependsOn != "" && jobs[stage.DependsOn].status != "success"
		if !r.goes(stage.Condition, held) {
			jobs[stage.Stage] = &job{status: "skipped"}
			continue
		}
		if len(stage.Jobs) != 1 {
			w.t.Fatalf("the stage %s has %d jobs; this test knows 1", stage.Stage, len(stage.Jobs))
		}
		jobs[stage.Stage] = r.job(stage.Stage, stage.Jobs[0])
	}
	return jobs
}

// goes evaluates a condition; without one it is succeeded().
func (r *azureRun) goes(condition string, failed bool) bool {
	r.t.Helper()
	if condition == "" {
		condition = "succeeded()"
	}
	value, err := evaluate(condition, func(name string) (string, bool) {
		if variable, ok := strings.CutPrefix(name, "variables."); ok {
			value, ok := r.variables[variable]
			return value, ok
		}
		if output, ok := strings.CutPrefix(name, "dependencies."); ok {
			// Without the run of the stage there is no value; that is no mistake of the condition.
			return r.outputs[output], strings.Contains(output, ".outputs.")
		}
		return "", false
	}, map[string]func(...string) string{
		"succeeded": func(...string) string { return truthOf(!failed) }, "succeededOrFailed": func(...string) string { return truth },
		"eq": func(pair ...string) string { return truthOf(strings.EqualFold(pair[0], pair[1])) },
		"ne": func(pair ...string) string { return truthOf(!strings.EqualFold(pair[0], pair[1])) },
		"and": func(all ...string) string {
			for _, one := range all {
				if one == "" {
					return ""
				}
			}
			return truth
		},
	})
	r.must(err)
	return value != ""
}

func (r *azureRun) job(stage string, j azureJob) *job {
	r.t.Helper()
	name := j.Job + j.Deployment
	machine := r.machine()
	workspace := filepath.Join(machine["HOME"], "1")
	place, temp := filepath.Join(workspace, "s"), filepath.Join(machine["HOME"], "temp")
	r.must(os.MkdirAll(place, 0o750))
	r.must(os.MkdirAll(temp, 0o750))
	variables := maps.Clone(r.variables)
	variables["Agent.TempDirectory"], variables["Pipeline.Workspace"] = temp, workspace
	machine["TF_BUILD"], machine["TF_CLI"] = "True", r.cli
	// Variables are in the environment, except for the job's token.
	for variable, value := range variables {
		if variable != "System.AccessToken" {
			machine[strings.ToUpper(strings.ReplaceAll(variable, ".", "_"))] = value
		}
	}
	filled := func(text string) string {
		return macro.ReplaceAllStringFunc(text, func(found string) string {
			// What is no variable stays: it is the shell's.
			if value, ok := variables[macro.FindStringSubmatch(found)[1]]; ok {
				return value
			}
			return found
		})
	}
	done := &job{status: "success"}
	for _, step := range slices.Concat(j.Steps, j.Strategy.RunOnce.Deploy.Steps) {
		if !r.goes(step.Condition, done.status == "failure") {
			continue
		}
		environment := maps.Clone(machine)
		script := step.Script
		switch {
		case step.Checkout == "self":
			if step.PersistCredentials == nil || *step.PersistCredentials {
				r.t.Error("a checkout leaves the token on the disk")
			}
			r.checkOut(place)
			continue
		case step.Publish != "":
			r.must(os.CopyFS(filepath.Join(r.artifacts, step.Artifact), os.DirFS(filepath.Join(place, step.Publish))))
			continue
		case step.Download == "current":
			r.must(os.CopyFS(filepath.Join(workspace, step.Artifact), os.DirFS(filepath.Join(r.artifacts, step.Artifact))))
			continue
		case step.Task == "AzureCLI@2":
			connection, ok := serviceConnections[step.Inputs["azureSubscription"]]
			if !ok || step.Inputs["scriptType"] != "bash" || step.Inputs["scriptLocation"] != "inlineScript" {
				r.t.Fatalf("the task has the inputs %v", step.Inputs)
			}
			r.must(r.tenant.SetBehavior(r.t.Context(), control.Behavior{TokenRequests: &control.TokenRequests{
				AzureDevOps: &control.TokenRequest{
					RequestToken: azureJobToken, Issuer: azureIssuer, Subject: "sc://contoso/mfa/" + step.Inputs["azureSubscription"], ServiceConnectionID: connection.id,
				},
			}}))
			maps.Copy(environment, map[string]string{
				"AZURESUBSCRIPTION_SERVICE_CONNECTION_ID": connection.id, "AZURESUBSCRIPTION_CLIENT_ID": connection.app, "AZURESUBSCRIPTION_TENANT_ID": r.tenantID(),
			})
			script = step.Inputs["inlineScript"]
		case script == "":
			r.t.Fatalf("this test does not know the step %+v", step)
		}
		for variable, value := range step.Env {
			environment[variable] = filled(value)
		}
		// Azure's shells do not end at the first command that fails.
		output, ok := r.shell(place, filled(script), environment, "bash", "--noprofile", "--norc", "-c")
		done.log += output
		if !ok {
			done.status = "failure"
		}
		for _, command := range loggingCommand.FindAllStringSubmatch(output, -1) {
			switch command[1] {
			case "task.prependpath":
				machine["PATH"] = command[3] + string(os.PathListSeparator) + machine["PATH"]
			case "task.setvariable":
				variable, isOutput := strings.CutSuffix(strings.TrimPrefix(command[2], "variable="), ";isOutput=true")
				if !isOutput {
					r.t.Fatalf("this test does not know the logging command %q", command[0])
				}
				r.outputs[fmt.Sprintf("%s.outputs.%s.%s.%s", stage, name, step.Name, variable)] = command[3]
			default:
				r.t.Fatalf("this test does not know the logging command %q", command[0])
			}
		}
	}
	return done
}

package provider_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"os/exec"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/acctest"
)

// realCLI is a real CLI with the built provider as the model's driver.
type realCLI struct {
	*acctest.Workspace
	// provider is the provider block, in JSON's syntax.
	provider map[string]any
}

// line is a line of the CLI's output in JSON, as far as it is read here.
type line struct {
	Type       string `json:"type"`
	Diagnostic struct {
		Severity, Summary, Detail, Address string
	} `json:"diagnostic"`
	Change struct {
		Resource struct {
			Name string `json:"resource_name"`
		} `json:"resource"`
		Action string `json:"action"`
	} `json:"change"`
}

// outcomeOf makes an outcome of the CLI's output in JSON.
func outcomeOf(output []byte) *acctest.Outcome {
	report := acctest.NewOutcome()
	scanner := bufio.NewScanner(bytes.NewReader(output))
	scanner.Buffer(nil, 1<<24)
	for scanner.Scan() {
		var said line
		if json.Unmarshal(scanner.Bytes(), &said) != nil {
			report.Failures[""] = append(report.Failures[""], scanner.Text())
			continue
		}
		switch said.Type {
		case "diagnostic":
			_, name, _ := strings.Cut(said.Diagnostic.Address, ".")
			to := report.Warnings
			if said.Diagnostic.Severity == "error" {
				to = report.Failures
			}
			to[name] = append(to[name], said.Diagnostic.Summary+": "+said.Diagnostic.Detail)
		case "planned_change":
			report.Changed = append(report.Changed, said.Change.Resource.Name)
		case "resource_drift":
			report.Moved = append(report.Moved, said.Change.Resource.Name)
		}
	}
	return report
}

// run runs a command of the CLI that speaks JSON.
func (c *realCLI) run(config acctest.Configuration, arguments ...string) *acctest.Outcome {
	c.T.Helper()
	c.Write("main.tf.json", config.JSON(c.provider))
	command := exec.Command(acctest.CLI(c.T), append(arguments, "-json", "-input=false", "-no-color")...)
	command.Dir, command.Env = c.Dir, c.Env
	output, err := command.Output()
	report := outcomeOf(output)
	var exit *exec.ExitError
	switch {
	case err != nil && !errors.As(err, &exit):
		c.T.Fatal(err)
	case err != nil && !report.Failed():
		report.Failures[""] = append(report.Failures[""], err.Error()+": "+string(output)+string(exit.Stderr))
	}
	return report
}

func (c *realCLI) Apply(config acctest.Configuration) *acctest.Outcome {
	return c.run(config, "apply", "-auto-approve")
}

func (c *realCLI) Plan(config acctest.Configuration) *acctest.Outcome { return c.run(config, "plan") }

func (c *realCLI) Refresh(config acctest.Configuration) *acctest.Outcome {
	return c.run(config, "apply", "-refresh-only", "-auto-approve")
}

func (c *realCLI) ImportOne(config acctest.Configuration, name, id string) *acctest.Outcome {
	c.T.Helper()
	c.Write("main.tf.json", config.JSON(c.provider))
	report := acctest.NewOutcome()
	command := exec.Command(acctest.CLI(c.T), "import", "-input=false", "-no-color", config.AddressOf(name), id)
	command.Dir, command.Env = c.Dir, c.Env
	if output, err := command.CombinedOutput(); err != nil {
		report.Failures[name] = append(report.Failures[name], string(output))
	}
	return report
}

func (c *realCLI) State() map[string]acctest.ResourceBlock {
	c.T.Helper()
	command := exec.Command(acctest.CLI(c.T), "state", "pull")
	command.Dir, command.Env = c.Dir, c.Env
	output, err := command.Output()
	if err != nil {
		c.T.Fatal(err)
	}
	var whole struct {
		Resources []struct {
			Type, Name string
			Instances  []struct{ Attributes map[string]any }
		}
	}
	blocks := map[string]acctest.ResourceBlock{}
	if len(bytes.TrimSpace(output)) == 0 {
		return blocks
	}
	if err := json.Unmarshal(output, &whole); err != nil {
		c.T.Fatal(err)
	}
	for _, resource := range whole.Resources {
		for _, instance := range resource.Instances {
			blocks[resource.Name] = acctest.ResourceBlock{TypeName: resource.Type, Values: instance.Attributes}
		}
	}
	return blocks
}

// TestTheTenantIsWhatIsConfiguredThroughTheRealCLI does with few steps what the test through the protocol does with many: a
// step takes seconds here.
func TestTheTenantIsWhatIsConfiguredThroughTheRealCLI(t *testing.T) {
	withChecks(t, 1)
	s := newScene(t)
	rounds(t, 0.15, func() {
		rapid.Check(t, func(r *rapid.T) {
			q := s.newSequence(r)
			q.slow = true
			tn := &acctest.Tenant{Client: s.remote, T: t, URL: s.url, CAFile: s.caFile}
			q.driver = &realCLI{Workspace: tn.Workspace(t, map[string]string{}), provider: s.providerBlock(q)}
			q.run(rapid.IntRange(2, 5).Draw(r, "steps"))
		})
	})
}

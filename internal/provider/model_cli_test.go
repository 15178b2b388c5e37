package provider_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// realCLI is a real CLI with the built provider as the model's driver.
type realCLI struct {
	*workspace
	// provider is the provider block, in JSON's syntax.
	provider map[string]any
}

// addressOf is the address of a block.
func (c configuration) addressOf(name string) string { return c[name].typeName + "." + name }

// json is a configuration in JSON's syntax.
func (c configuration) json(provider map[string]any) string {
	resources := map[string]map[string]any{}
	for name, wanted := range c {
		if resources[wanted.typeName] == nil {
			resources[wanted.typeName] = map[string]any{}
		}
		resources[wanted.typeName][name] = wanted.values
	}
	whole := map[string]any{"provider": map[string]any{"entramfa": provider}}
	if len(resources) > 0 {
		whole["resource"] = resources
	}
	return encoded(whole)
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
func outcomeOf(output []byte) *outcome {
	report := newOutcome()
	scanner := bufio.NewScanner(bytes.NewReader(output))
	scanner.Buffer(nil, 1<<24)
	for scanner.Scan() {
		var said line
		if json.Unmarshal(scanner.Bytes(), &said) != nil {
			report.failures[""] = append(report.failures[""], scanner.Text())
			continue
		}
		switch said.Type {
		case "diagnostic":
			_, name, _ := strings.Cut(said.Diagnostic.Address, ".")
			to := report.warnings
			if said.Diagnostic.Severity == "error" {
				to = report.failures
			}
			to[name] = append(to[name], said.Diagnostic.Summary+": "+said.Diagnostic.Detail)
		case "planned_change":
			report.changed = append(report.changed, said.Change.Resource.Name)
		case "resource_drift":
			report.moved = append(report.moved, said.Change.Resource.Name)
		}
	}
	return report
}

// run runs a command of the CLI that speaks JSON.
func (c *realCLI) run(config configuration, arguments ...string) *outcome {
	c.t.Helper()
	c.write("main.tf.json", config.json(c.provider))
	command := exec.Command(os.Getenv("TF_ACC_TERRAFORM_PATH"), append(arguments, "-json", "-input=false", "-no-color")...)
	command.Dir, command.Env = c.dir, c.env
	output, err := command.Output()
	report := outcomeOf(output)
	var exit *exec.ExitError
	switch {
	case err != nil && !errors.As(err, &exit):
		c.t.Fatal(err)
	case err != nil && !report.failed():
		report.failures[""] = append(report.failures[""], err.Error()+": "+string(output)+string(exit.Stderr))
	}
	return report
}

func (c *realCLI) apply(config configuration) *outcome {
	return c.run(config, "apply", "-auto-approve")
}
func (c *realCLI) plan(config configuration) *outcome { return c.run(config, "plan") }
func (c *realCLI) refresh(config configuration) *outcome {
	return c.run(config, "apply", "-refresh-only", "-auto-approve")
}

func (c *realCLI) importOne(config configuration, name, id string) *outcome {
	c.t.Helper()
	c.write("main.tf.json", config.json(c.provider))
	report := newOutcome()
	command := exec.Command(os.Getenv("TF_ACC_TERRAFORM_PATH"), "import", "-input=false", "-no-color", config.addressOf(name), id)
	command.Dir, command.Env = c.dir, c.env
	if output, err := command.CombinedOutput(); err != nil {
		report.failures[name] = append(report.failures[name], string(output))
	}
	return report
}

func (c *realCLI) state() map[string]resourceBlock {
	c.t.Helper()
	command := exec.Command(os.Getenv("TF_ACC_TERRAFORM_PATH"), "state", "pull")
	command.Dir, command.Env = c.dir, c.env
	output, err := command.Output()
	if err != nil {
		c.t.Fatal(err)
	}
	var whole struct {
		Resources []struct {
			Type, Name string
			Instances  []struct{ Attributes map[string]any }
		}
	}
	blocks := map[string]resourceBlock{}
	if len(bytes.TrimSpace(output)) == 0 {
		return blocks
	}
	if err := json.Unmarshal(output, &whole); err != nil {
		c.t.Fatal(err)
	}
	for _, resource := range whole.Resources {
		for _, instance := range resource.Instances {
			blocks[resource.Name] = resourceBlock{typeName: resource.Type, values: instance.Attributes}
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
			tn := &tenant{Client: s.remote, t: t, url: s.url, caFile: s.caFile}
			q.driver = &realCLI{workspace: tn.workspace(t, map[string]string{}), provider: s.providerBlock(q)}
			q.run(rapid.IntRange(2, 5).Draw(r, "steps"))
		})
	})
}

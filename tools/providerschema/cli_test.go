package main

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/go-plugin"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6/tf6server"
)

const sampleAddress = "registry.terraform.io/mfa-as-code/sample"

// findCLI looks for a CLI as the Makefile does.
func findCLI(t *testing.T) string {
	t.Helper()
	search := exec.CommandContext(t.Context(), "sh", "../../scripts/with-cli.sh", "any", "sh", "-c", `printf %s "$TF_ACC_TERRAFORM_PATH"`)
	search.Stderr = os.Stderr
	path, err := search.Output()
	if err != nil {
		t.Fatalf("this test needs a Terraform or OpenTofu CLI: %v", err)
	}
	return string(path)
}

// A real CLI describes the same server: every section that it knows must equal ours.
// Sections that it is too old for are covered by TestSchemaJSONHasTheShapeOfTheCLI.
func TestSchemaJSONEqualsWhatOldAndNewCLIPrint(t *testing.T) {
	cli := os.Getenv("TF_ACC_TERRAFORM_PATH")
	if cli == "" {
		cli = findCLI(t)
	}

	server := everything()
	known := []string{"provider", "resource_schemas", "data_source_schemas", "functions"}
	if exec.CommandContext(t.Context(), cli, "query", "-help").Run() == nil {
		known = append(known, "list_resource_schemas", "action_schemas")
	} else {
		// An older CLI refuses what it does not know how to handle, so the comparison leaves it out.
		server.schemas.ListResourceSchemas = nil
		server.schemas.ActionSchemas = nil
	}

	env := append(os.Environ(), "TF_REATTACH_PROVIDERS="+serve(t, server), "TF_IN_AUTOMATION=1")
	dir := t.TempDir()
	config := "terraform {\n  required_providers {\n    sample = { source = \"" + sampleAddress + "\" }\n  }\n}\n"
	if err := os.WriteFile(filepath.Join(dir, "main.tf"), []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	runCLI(t, dir, env, cli, "init", "-input=false", "-no-color")
	printed := runCLI(t, dir, env, cli, "providers", "schema", "-json")

	var theirs struct {
		Schemas map[string]map[string]any `json:"provider_schemas"`
	}
	if err := json.Unmarshal(printed, &theirs); err != nil {
		t.Fatalf("the CLI's schema is not JSON: %s\n%s", err, printed)
	}
	schema, err := providerSchema(context.Background(), server)
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(schema)
	if err != nil {
		t.Fatal(err)
	}
	ours, ok := decode(t, text).(map[string]any)
	if !ok {
		t.Fatal("our schema is not an object")
	}

	sections := theirs.Schemas[sampleAddress]
	for _, name := range known {
		if _, ok := sections[name]; !ok {
			t.Errorf("the CLI prints no section %s: the comparison would be empty", name)
		}
	}
	for name, section := range sections {
		if diff := cmp.Diff(section, ours[name], cmp.FilterPath(emptyText, cmp.Ignore())); diff != "" {
			t.Errorf("section %s (-CLI +ours):\n%s", name, diff)
		}
	}
}

// emptyText matches what the CLIs print and terraform-json leaves out, both meaning "none": a function's empty
// description; and what OpenTofu alone prints and terraform-json does not know, the reason of a deprecation.
func emptyText(path cmp.Path) bool {
	index, ok := path.Last().(cmp.MapIndex)
	if !ok {
		return false
	}
	theirs, ours := index.Values()
	key := index.Key().String()
	return key == "description" && !ours.IsValid() && theirs.IsValid() && theirs.Interface() == "" ||
		key == "deprecation_message" && !ours.IsValid()
}

// serve runs server inside this process and returns the value of TF_REATTACH_PROVIDERS that leads a CLI to it.
func serve(t *testing.T, server tfprotov6.ProviderServer) string {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	configs := make(chan *plugin.ReattachConfig)
	closed := make(chan struct{})
	failed := make(chan error, 1)
	go func() {
		failed <- tf6server.Serve(sampleAddress, func() tfprotov6.ProviderServer { return server },
			tf6server.WithDebug(ctx, configs, closed), tf6server.WithoutLogStderrOverride(),
			tf6server.WithGoPluginLogger(hclog.NewNullLogger()))
	}()
	t.Cleanup(func() {
		cancel()
		<-closed
	})

	select {
	case config := <-configs:
		text, err := json.Marshal(map[string]any{sampleAddress: map[string]any{
			"Protocol": string(config.Protocol), "ProtocolVersion": config.ProtocolVersion, "Pid": config.Pid, "Test": true,
			"Addr": map[string]string{"Network": config.Addr.Network(), "String": config.Addr.String()},
		}})
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	case err := <-failed:
		t.Fatalf("the provider server ended: %v", err)
	case <-time.After(30 * time.Second):
		t.Fatal("the provider server did not start")
	}
	return ""
}

func runCLI(t *testing.T, dir string, env []string, cli string, args ...string) []byte {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), cli, args...)
	cmd.Dir = dir
	cmd.Env = env
	out, err := cmd.Output()
	if err != nil {
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			t.Fatalf("%v: %s\n%s%s", args, err, out, exit.Stderr)
		}
		t.Fatalf("%v: %s", args, err)
	}
	return out
}

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/mfa-as-code/terraform-provider-entramfa/tools/internal/sandbox"
)

// owner is whom the work folder belongs to.
const owner = "release-check"

// The registries whose provider an address without a host means, of Terraform and of OpenTofu.
var hosts = []string{"registry.terraform.io", "registry.opentofu.org"}

const configuration = `terraform {
  required_providers {
    entramfa = {
      source  = "mfa-as-code/entramfa"
      version = "= %s"
    }
  }
}

resource "entramfa_user_mfa_state" "adele" {
  user_principal_name = "adele.vance@contoso.example"
  state               = "enabled"
}
`

// host is the platform of this machine.
func host() platform { return platform{runtime.GOOS, runtime.GOARCH} }

// install lets a real CLI install the provider from its archive, as from a mirror, and plan with it against the emulator
// from its own. It returns the product that did.
func (r release) install(ctx context.Context, dir, cliPath string) (product string, err error) {
	work, err := sandbox.At(dir, owner)
	if err != nil {
		return "", err
	}
	for _, name := range hosts {
		archive := filepath.Join(work.Path(sandbox.MirrorFolder), name, "mfa-as-code", "entramfa", r.providerArchive(host()))
		if err := copyFile(filepath.Join(r.dist, r.providerArchive(host())), archive); err != nil {
			return "", fmt.Errorf("filling the mirror: %w", err)
		}
	}
	if err := os.MkdirAll(work.Path("home"), 0o750); err != nil {
		return "", err
	}
	settings := fmt.Sprintf("provider_installation {\n  filesystem_mirror {\n    path = %q\n  }\n}\n", sandbox.MirrorFolder)
	if err := work.Write(work.CLIConfigFile(), settings); err != nil {
		return "", err
	}
	if err := work.Write("main.tf", fmt.Sprintf(configuration, r.version)); err != nil {
		return "", err
	}
	program, err := r.unpackEmulator(ctx, work)
	if err != nil {
		return "", err
	}
	cli, err := sandbox.NewCLI(ctx, cliPath, work, false)
	if err != nil {
		return "", err
	}
	emulator := sandbox.NewEmulator(program, work)
	defer func() {
		if stopErr := emulator.Stop(); err == nil {
			err = stopErr
		}
	}()
	if err := emulator.Start(ctx); err != nil {
		return "", err
	}
	cli.SignIn(emulator.Variables)
	return cli.Product, r.plan(ctx, cli, emulator, work)
}

// unpackEmulator unpacks the emulator and asks it for its version.
func (r release) unpackEmulator(ctx context.Context, work sandbox.Workspace) (string, error) {
	members, err := readArchive(filepath.Join(r.dist, r.emulatorArchive(host())))
	if err != nil {
		return "", err
	}
	name := host().program(emulatorName)
	program := work.Path(name)
	if err := os.WriteFile(program, members[name].content, 0o755); err != nil { //nolint:gosec // G306: a program has to be executable
		return "", err
	}
	said, err := exec.CommandContext(ctx, program, "--version").Output()
	if err != nil {
		return "", fmt.Errorf("%s --version: %w", name, err)
	}
	if want := emulatorName + " " + r.version + "\n"; string(said) != want {
		return "", fmt.Errorf("%s --version says %q, not %q", name, said, want)
	}
	return program, nil
}

// plan installs the provider, plans, and reads in the emulator's log who asked.
func (r release) plan(ctx context.Context, cli *sandbox.CLI, emulator *sandbox.Emulator, work sandbox.Workspace) error {
	got, err := cli.Run(ctx, "init")
	if err != nil {
		return err
	}
	if got.ExitCode != 0 {
		return got.Deviates("it ended with exit code %d, not 0", got.ExitCode)
	}
	lock, err := os.ReadFile(work.Path(sandbox.LockFile))
	if err != nil {
		return err
	}
	if !strings.Contains(string(lock), fmt.Sprintf("= %q", r.version)) {
		return fmt.Errorf("%s does not name the version %s:\n%s", sandbox.LockFile, r.version, lock)
	}
	got, err = cli.Run(ctx, "plan", "-detailed-exitcode")
	if err != nil {
		return err
	}
	if got.ExitCode != 2 || !strings.Contains(got.Plain(), "1 to add, 0 to change, 0 to destroy") {
		return got.Deviates("it ended with exit code %d; it should end with 2 and plan to add one resource", got.ExitCode)
	}
	requests, err := emulator.Tenant.Requests(ctx)
	if err != nil {
		return err
	}
	var agents []string
	for _, request := range requests {
		agents = append(agents, request.UserAgent)
	}
	if err := r.checkAgents(agents); err != nil {
		return got.Deviates("%s", err)
	}
	return nil
}

// checkAgents fails unless all requests to Microsoft Graph named the provider with the version, and there were some.
func (r release) checkAgents(agents []string) error {
	if len(agents) == 0 {
		return errors.New("it asked Microsoft Graph for nothing")
	}
	want := "azsdk-go-" + providerName + "/v" + r.version // azcore's prefix
	for _, agent := range agents {
		if !slices.Contains(strings.Fields(agent), want) {
			return fmt.Errorf("a request to Microsoft Graph came from %q, where %s is missing", agent, want)
		}
	}
	return nil
}

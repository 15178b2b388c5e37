package main

import (
	"embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
)

//go:embed configuration/*.tf
var configurations embed.FS

// Names of files in the work folder. The programs run in it, so that the commands on the screen are the real ones.
const (
	markerFile    = ".entramfa-demo"
	cliConfigFile = "demo.tfrc"
	homeFolder    = "home"
	mirrorFolder  = "mirror"
	lockFile      = ".terraform.lock.hcl"

	mainConfig     = "main.tf"
	officeConfig   = "office.tf"
	mistakesConfig = "mistakes.tf"
	policyConfig   = "policy.tf"

	// Other versions of these, which take their place in the work folder.
	officeRespelled = "office_respelled.tf"
	officeTypo      = "office_typo.tf"
	policyCareless  = "policy_careless.tf"
)

// cliConfig allows the mirror and, as nothing else is named, no network. The path is relative to the work folder.
const cliConfig = `provider_installation {
  filesystem_mirror {
    path = "mirror"
  }
}
`

// providerHosts are the registries whose provider an address without a host means, of Terraform and of OpenTofu.
var providerHosts = []string{"registry.terraform.io", "registry.opentofu.org"}

// workspace is the folder that the demo works in, an absolute path.
type workspace string

func (w workspace) path(name string) string { return filepath.Join(string(w), name) }

// display is the path as a reader would write it.
func (w workspace) display() string {
	current, err := os.Getwd()
	if err != nil {
		return string(w)
	}
	relative, err := filepath.Rel(current, string(w))
	if err != nil || !filepath.IsLocal(relative) {
		return string(w)
	}
	return relative
}

// hint says what is left to look at, if anything is.
func (w workspace) hint() string {
	if _, err := os.Stat(w.path(markerFile)); err != nil {
		return ""
	}
	text := " What was used is in " + w.display()
	if _, err := os.Stat(w.path(emulatorLog)); err == nil {
		text += ", the emulator's log in " + emulatorLog + " there"
	}
	return text + "."
}

// prepareWorkspace empties the folder and puts a mirror with the provider and the CLI's configuration into it.
func prepareWorkspace(opts options) (workspace, error) {
	root, err := filepath.Abs(opts.work)
	if err != nil {
		return "", fmt.Errorf("--work: %w", err)
	}
	work := workspace(root)
	if err := work.empty(); err != nil {
		return "", err
	}
	if err := os.MkdirAll(work.path(homeFolder), 0o750); err != nil {
		return "", fmt.Errorf("--work: %w", err)
	}
	if err := errors.Join(work.write(markerFile, "The demo empties this folder.\n"), work.write(cliConfigFile, cliConfig)); err != nil {
		return "", err
	}
	for _, host := range providerHosts {
		if err := work.mirror(host, opts.provider, opts.providerVersion); err != nil {
			return "", err
		}
	}
	return work, nil
}

// empty removes what an earlier run has left. A folder that is not a demo's is left alone: a slip in --work must not
// cost anybody their files.
func (w workspace) empty() error {
	entries, err := os.ReadDir(string(w))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return fmt.Errorf("--work: %w", err)
	case len(entries) == 0:
		return nil
	}
	if _, err := os.Stat(w.path(markerFile)); err != nil {
		return fmt.Errorf("--work %s holds files that no earlier run has made; name another folder, or empty this one", w)
	}
	if err := os.RemoveAll(string(w)); err != nil {
		return fmt.Errorf("--work: %w", err)
	}
	return nil
}

func (w workspace) write(name, content string) error {
	if err := os.WriteFile(w.path(name), []byte(content), 0o600); err != nil {
		return fmt.Errorf("writing into the work folder: %w", err)
	}
	return nil
}

// configure writes one of the demo's configurations, a version of it where one is named, and returns it, for showing.
func (w workspace) configure(name string, version ...string) (string, error) {
	source := name
	if len(version) > 0 {
		source = version[0]
	}
	content, err := configurations.ReadFile("configuration/" + source)
	if err != nil {
		return "", err
	}
	return string(content), w.write(name, string(content))
}

func (w workspace) remove(name string) error {
	if err := os.Remove(w.path(name)); err != nil {
		return fmt.Errorf("removing from the work folder: %w", err)
	}
	return nil
}

// mirror copies the provider to where a CLI looks for it in a filesystem mirror.
func (w workspace) mirror(host, provider, version string) error {
	dir := filepath.Join(w.path(mirrorFolder), host, "mfa-as-code", "entramfa", version, runtime.GOOS+"_"+runtime.GOARCH)
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return fmt.Errorf("filling the mirror: %w", err)
	}
	name := "terraform-provider-entramfa_v" + version
	if runtime.GOOS == "windows" {
		name += ".exe"
	}
	if err := copyProgram(filepath.Join(dir, name), provider); err != nil {
		return fmt.Errorf("filling the mirror with the provider: %w; `make build` builds it", err)
	}
	return nil
}

func copyProgram(to, from string) (err error) {
	source, err := os.Open(from)
	if err != nil {
		return err
	}
	defer source.Close()
	target, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o755) //nolint:gosec // G302: a program has to be executable
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, target.Close()) }()
	_, err = io.Copy(target, source)
	return err
}

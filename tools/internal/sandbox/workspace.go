package sandbox

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
)

// Names of files in the work folder. The programs run in it, so that commands that are shown are the real ones.
const (
	homeFolder = "home"
	// MirrorFolder is the filesystem mirror that holds the provider.
	MirrorFolder = "mirror"
	// LockFile is what init writes.
	LockFile = ".terraform.lock.hcl"
)

// providerHosts are the registries whose provider an address without a host means, of Terraform and of OpenTofu.
var providerHosts = []string{"registry.terraform.io", "registry.opentofu.org"}

// Workspace is a folder to work in.
type Workspace struct {
	// Dir is an absolute path.
	Dir string
	// Owner is the program that the folder belongs to, such as demo.
	Owner string
}

// Path is the path of a file in the folder.
func (w Workspace) Path(name string) string { return filepath.Join(w.Dir, name) }

// CLIConfigFile is the name of the CLI's configuration.
func (w Workspace) CLIConfigFile() string { return w.Owner + ".tfrc" }

func (w Workspace) markerFile() string { return ".entramfa-" + w.Owner }

// Display is the path as a reader would write it.
func (w Workspace) Display() string {
	current, err := os.Getwd()
	if err != nil {
		return w.Dir
	}
	relative, err := filepath.Rel(current, w.Dir)
	if err != nil || !filepath.IsLocal(relative) {
		return w.Dir
	}
	return relative
}

// Hint says what is left to look at, if anything is.
func (w Workspace) Hint() string {
	if _, err := os.Stat(w.Path(w.markerFile())); err != nil {
		return ""
	}
	text := " What was used is in " + w.Display()
	if _, err := os.Stat(w.Path(emulatorLog)); err == nil {
		text += ", the emulator's log in " + emulatorLog + " there"
	}
	return text + "."
}

// Prepare empties the folder and puts a mirror with the provider and the CLI's configuration into it.
func Prepare(dir, owner, provider, version string) (Workspace, error) {
	w, err := At(dir, owner)
	if err != nil {
		return Workspace{}, err
	}
	if err := w.empty(); err != nil {
		return Workspace{}, err
	}
	if err := w.furnish(MirrorFolder); err != nil {
		return Workspace{}, err
	}
	if err := w.Write(w.markerFile(), "The "+owner+" empties this folder.\n"); err != nil {
		return Workspace{}, err
	}
	for _, host := range providerHosts {
		if err := w.mirror(host, provider, version); err != nil {
			return Workspace{}, err
		}
	}
	return w, nil
}

// At is the workspace in a folder, which is left as it is.
func At(dir, owner string) (Workspace, error) {
	root, err := filepath.Abs(dir)
	if err != nil {
		return Workspace{}, fmt.Errorf("--work: %w", err)
	}
	return Workspace{Dir: root, Owner: owner}, nil
}

// Within makes a workspace of its own, with its own state, in a folder of this one, whose mirror it uses.
func (w Workspace) Within(name string) (Workspace, error) {
	inner := Workspace{Dir: w.Path(name), Owner: w.Owner}
	return inner, inner.furnish("../" + MirrorFolder)
}

// furnish makes the folder, with what a CLI needs. The configuration allows the mirror and, as nothing else is named, no
// network. The mirror's path is relative to the folder that the CLI runs in.
func (w Workspace) furnish(mirror string) error {
	if err := os.MkdirAll(w.Path(homeFolder), 0o750); err != nil {
		return fmt.Errorf("--work: %w", err)
	}
	return w.Write(w.CLIConfigFile(), fmt.Sprintf("provider_installation {\n  filesystem_mirror {\n    path = %q\n  }\n}\n", mirror))
}

// empty removes what an earlier run has left. A folder that is not the owner's is left alone: a slip in --work must not
// cost anybody their files.
func (w Workspace) empty() error {
	entries, err := os.ReadDir(w.Dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return fmt.Errorf("--work: %w", err)
	case len(entries) == 0:
		return nil
	}
	if _, err := os.Stat(w.Path(w.markerFile())); err != nil {
		return fmt.Errorf("--work %s holds files that no earlier run has made; name another folder, or empty this one", w.Dir)
	}
	if err := os.RemoveAll(w.Dir); err != nil {
		return fmt.Errorf("--work: %w", err)
	}
	return nil
}

// Write writes a file into the folder.
func (w Workspace) Write(name, content string) error {
	if err := os.WriteFile(w.Path(name), []byte(content), 0o600); err != nil { //nolint:gosec // G703: where to work is the caller's choice
		return fmt.Errorf("writing into the work folder: %w", err)
	}
	return nil
}

// Remove removes a file from the folder.
func (w Workspace) Remove(name string) error {
	if err := os.Remove(w.Path(name)); err != nil {
		return fmt.Errorf("removing from the work folder: %w", err)
	}
	return nil
}

// mirror copies the provider to where a CLI looks for it in a filesystem mirror.
func (w Workspace) mirror(host, provider, version string) error {
	dir := filepath.Join(w.Path(MirrorFolder), host, "mfa-as-code", "entramfa", version, runtime.GOOS+"_"+runtime.GOARCH)
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return fmt.Errorf("filling the mirror: %w", err)
	}
	if err := copyProgram(filepath.Join(dir, ProviderFile(version)), provider); err != nil {
		return fmt.Errorf("filling the mirror with the provider: %w; `make build` builds it", err)
	}
	return nil
}

// ProviderFile is the name of the provider's program in a mirror.
func ProviderFile(version string) string {
	name := "terraform-provider-entramfa_v" + version
	if runtime.GOOS == "windows" {
		name += ".exe"
	}
	return name
}

func copyProgram(to, from string) (err error) {
	source, err := os.Open(from) //nolint:gosec // G703: which provider to install is the caller's choice
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

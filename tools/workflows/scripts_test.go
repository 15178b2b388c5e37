package workflows

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

func checksum(content []byte) string {
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:])
}

// script runs one of the scripts with nothing else in its environment.
func script(t *testing.T, name string, environment []string, arguments ...string) (output string, ok bool) {
	t.Helper()
	path, err := filepath.Abs(filepath.Join(examples, "scripts", name))
	if err != nil {
		t.Fatal(err)
	}
	command := exec.CommandContext(t.Context(), "sh", append([]string{path}, arguments...)...)
	command.Env = slices.Concat(environment, []string{"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir(), "TMPDIR=" + os.TempDir()})
	text, err := command.CombinedOutput()
	return string(text), err == nil
}

// pinned is a line of cli-checksums.txt.
type pinned struct{ checksum, archive string }

var pinnedLine = regexp.MustCompile(`^([0-9a-f]{64})  ((?:terraform|tofu)_[0-9.]+_linux_(?:amd64|arm64)\.zip)$`)

func pinnedChecksums(t *testing.T) []pinned {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(examples, "scripts", "cli-checksums.txt"))
	if err != nil {
		t.Fatal(err)
	}
	var lines []pinned
	for line := range strings.Lines(string(content)) {
		parts := pinnedLine.FindStringSubmatch(strings.TrimSuffix(line, "\n"))
		if parts == nil {
			t.Fatalf("cli-checksums.txt has the line %q", line)
		}
		lines = append(lines, pinned{parts[1], parts[2]})
	}
	return lines
}

// The version that is installed by itself has a checksum on either machine.
func TestTheDefaultVersionsHaveAChecksum(t *testing.T) {
	t.Parallel()
	content, err := os.ReadFile(filepath.Join(examples, "scripts", "install-cli.sh"))
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile(`(?m)^(terraform|tofu)\)\n\tversion=\$\{TF_CLI_VERSION:-([0-9.]+)\}`).FindAllStringSubmatch(string(content), -1)
	var wanted, have []string
	for _, one := range found {
		for _, machine := range []string{"amd64", "arm64"} {
			wanted = append(wanted, one[1]+"_"+one[2]+"_linux_"+machine+".zip")
		}
	}
	for _, one := range pinnedChecksums(t) {
		have = append(have, one.archive)
	}
	if len(found) != 2 || !slices.Equal(have, wanted) {
		t.Errorf("there are checksums of %v, want %v", have, wanted)
	}
}

func TestTheCLIIsInstalledByItsChecksum(t *testing.T) {
	t.Parallel()
	from := releases(t)
	for name, product := range map[string]string{"terraform": "/1.2.3/terraform_1.2.3_linux_", "tofu": "/v1.2.3/tofu_1.2.3_linux_"} {
		var asked []string
		front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			asked = append(asked, r.URL.Path)
			http.Redirect(w, r, from+r.URL.Path, http.StatusFound)
		}))
		t.Cleanup(front.Close)
		folder := filepath.Join(t.TempDir(), "cli")
		output, ok := script(t, "install-cli.sh", []string{
			"TF_CLI=" + name, "TF_CLI_VERSION=1.2.3", "TF_CLI_RELEASES=" + front.URL, "TF_CLI_SHA256=" + checksum(archive(t, name)),
		}, folder)
		if !ok || len(asked) != 1 || !strings.HasPrefix(asked[0], product) {
			t.Fatalf("%s asked for %v:\n%s", name, asked, output)
		}
		files, err := os.ReadDir(folder)
		if err != nil || len(files) != 1 || files[0].Name() != name {
			t.Errorf("the folder holds %v, %v", files, err)
		}
	}

	nothing := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(nothing.Close)
	for why, environment := range map[string][]string{
		"another checksum": {"TF_CLI_SHA256=" + strings.Repeat("0", 64), "TF_CLI_RELEASES=" + from},
		// The archive of releases is not that of HashiCorp and of OpenTofu.
		"a tampered terraform":         {"TF_CLI_RELEASES=" + from},
		"a tampered tofu":              {"TF_CLI=tofu", "TF_CLI_RELEASES=" + from},
		"tampered, with sums to match": {"TF_CLI_RELEASES=" + withSums(t, from)},
		"a version that nobody knows":  {"TF_CLI_VERSION=9.9.9", "TF_CLI_RELEASES=" + withSums(t, from)},
		"half of a checksum":           {"TF_CLI_SHA256=" + checksum(archive(t, "terraform"))[:32], "TF_CLI_RELEASES=" + from},
		"no such release":              {"TF_CLI_RELEASES=" + nothing.URL},
		"no such product":              {"TF_CLI=pulumi", "TF_CLI_RELEASES=" + from},
		"nobody is there":              {"TF_CLI_RELEASES=http://127.0.0.1:1"},
	} {
		folder := t.TempDir()
		output, ok := script(t, "install-cli.sh", environment, folder)
		if ok {
			t.Errorf("%s: it succeeds:\n%s", why, output)
		}
		if files, err := os.ReadDir(folder); err != nil || len(files) > 0 && why != "no such release" && why != "nobody is there" {
			t.Errorf("%s: the folder holds %v, %v", why, files, err)
		}
		for _, name := range []string{"terraform", "tofu", "pulumi"} {
			if _, err := os.Stat(filepath.Join(folder, name)); err == nil {
				t.Errorf("%s: %s was installed", why, name)
			}
		}
	}
}

// withSums serves releases with a list of checksums that fits them, as somebody does who can exchange what is published.
func withSums(t *testing.T, from string) string {
	t.Helper()
	sums := checksums(t)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "SHA256SUMS") {
			_, _ = w.Write([]byte(sums))
			return
		}
		http.Redirect(w, r, from+r.URL.Path, http.StatusFound)
	}))
	t.Cleanup(server.Close)
	return server.URL
}

func TestAReportNeedsAnAnswerOfDriftAndAToken(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	for _, name := range []string{"result", "plan.txt"} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte("failed\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	gitHub := []string{
		"GITHUB_ACTIONS=true", "GITHUB_API_URL=http://127.0.0.1:1", "GITHUB_REPOSITORY=contoso/mfa", "GITHUB_SERVER_URL=https://github.example", "GITHUB_RUN_ID=1",
	}
	for want, environment := range map[string][]string{
		`"failed", which is no answer of drift.sh`: slices.Concat(gitHub, []string{"GITHUB_TOKEN=x"}),
		"needs the token of the job":               gitHub,
		"neither GitHub Actions nor GitLab CI":     nil,
	} {
		if output, ok := script(t, "report-issue.sh", environment, folder); ok || !strings.Contains(output, want) {
			t.Errorf("it succeeds: %t, and does not say %q:\n%s", ok, want, output)
		}
	}
}

// The linter of shells is no part of Go; where there is none, the shell itself reads the scripts.
func TestTheScriptsAreWithoutFindings(t *testing.T) {
	t.Parallel()
	scripts, err := filepath.Glob(filepath.Join(examples, "scripts", "*.sh"))
	if err != nil || len(scripts) != 9 {
		t.Fatalf("there are the scripts %v, %v; this test knows 9", scripts, err)
	}
	check := func(script string) (string, error) {
		linter := []string{"sh", "-n", filepath.Base(script)}
		if path, err := exec.LookPath("shellcheck"); err == nil {
			linter = []string{path, "--external-sources", filepath.Base(script)}
		}
		command := exec.CommandContext(t.Context(), linter[0], linter[1:]...)
		command.Dir = filepath.Dir(script)
		output, err := command.CombinedOutput()
		return string(output), err
	}
	for _, script := range scripts {
		if output, err := check(script); err != nil {
			t.Errorf("%s: %v\n%s", script, err, output)
		}
		info, err := os.Stat(script)
		if err != nil {
			t.Fatal(err)
		}
		if sourced := strings.HasSuffix(script, "forge.sh") || strings.HasSuffix(script, "log.sh"); sourced == (info.Mode()&0o100 != 0) {
			t.Errorf("%s has the mode %s", script, info.Mode())
		}
	}
	crooked := filepath.Join(t.TempDir(), "crooked.sh")
	if err := os.WriteFile(crooked, []byte("#!/bin/sh\nif true; then\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if output, err := check(crooked); err == nil {
		t.Errorf("the check finds nothing in a script that cannot run:\n%s", output)
	}
}

// What an apply prints goes through a filter, which must neither hide that it failed nor end it.
func TestAnApplyKeepsItsExitCodeAndItsOutput(t *testing.T) {
	t.Parallel()
	bin := t.TempDir()
	cli := filepath.Join(bin, "terraform")
	write := func(path, content string) {
		if err := os.WriteFile(path, []byte(content), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	environment := []string{"TF_CLI=" + cli}
	for code, want := range map[string]bool{"0": true, "1": false, "3": false} {
		write(cli, "#!/bin/sh\n[ $1 = apply ] || exit 0\nprintf '::error::x\\033[1m\\n'\necho to standard error >&2\nexit "+code+"\n")
		output, ok := script(t, "apply.sh", environment, "tfplan")
		if ok != want || !strings.Contains(output, `\x3a:error::x\x1b[1m`) || !strings.Contains(output, "to standard error") {
			t.Errorf("%s: it succeeds: %t, and prints\n%s", code, ok, output)
		}
	}

	// A filter that cannot go on does not end what it listens to.
	done := filepath.Join(bin, "done")
	write(cli, "#!/bin/sh\n[ $1 = apply ] || exit 0\ni=0\nwhile [ $i -lt 20000 ]; do echo a line of output; i=$((i + 1)); done\necho applied >'"+done+"'\n")
	write(filepath.Join(bin, "jq"), "#!/bin/sh\nhead -n 1\nexit 5\n")
	path, err := filepath.Abs(filepath.Join(examples, "scripts", "apply.sh"))
	if err != nil {
		t.Fatal(err)
	}
	command := exec.CommandContext(t.Context(), "sh", path, "tfplan")
	command.Env = slices.Concat(environment, []string{"PATH=" + bin + string(os.PathListSeparator) + os.Getenv("PATH"), "HOME=" + t.TempDir(), "TMPDIR=" + os.TempDir()})
	output, err := command.CombinedOutput()
	if err != nil || !strings.Contains(string(output), "cannot be shown") {
		t.Errorf("it ends with %v:\n%s", err, output)
	}
	if _, err := os.Stat(done); err != nil {
		t.Errorf("the apply was ended: %v", err)
	}
}

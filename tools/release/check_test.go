package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

func TestASignatureInTextIsRefused(t *testing.T) {
	file := filepath.Join(t.TempDir(), "sums")
	writeFile(t, signature(file), "-----BEGIN PGP SIGNATURE-----\n")
	if err := verifySignature(t.Context(), file); err == nil || !strings.Contains(err.Error(), "only a binary signature") {
		t.Error(err)
	}
	if err := verifySignature(t.Context(), file+"x"); err == nil {
		t.Error("a file without a signature is accepted")
	}
}

// newKeyring makes an empty folder for gpg, and returns a function that runs gpg with it.
func newKeyring(t *testing.T) (gpg func(args ...string) string) {
	t.Helper()
	if _, err := exec.LookPath("gpg"); err != nil {
		t.Skip("gpg is not installed; the release workflow, which signs with it, verifies with it too")
	}
	// A short path: gpg's agent makes a socket in it.
	home, err := os.MkdirTemp("/tmp", "gpg") //nolint:usetesting // T.TempDir has a long path
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = exec.Command("gpgconf", "--homedir", home, "--kill", "all").Run() // or it runs on
		_ = os.RemoveAll(home)
	})
	t.Setenv("GNUPGHOME", home)
	return func(args ...string) string {
		t.Helper()
		command := exec.Command("gpg", append([]string{"--batch", "--passphrase", "", "--pinentry-mode", "loopback"}, args...)...)
		command.Env = append(os.Environ(), "GNUPGHOME="+home)
		var problem strings.Builder
		command.Stderr = &problem
		output, err := command.Output()
		if err != nil {
			t.Fatalf("%s: %s", err, problem.String())
		}
		return string(output)
	}
}

func TestTheSignatureIsOfTheFile(t *testing.T) {
	gpg := newKeyring(t)
	gpg("--quick-generate-key", "release@example.com", "rsa2048", "sign", "never")
	file := filepath.Join(t.TempDir(), "sums")
	writeFile(t, file, "the sums\n")
	gpg("--output", signature(file), "--detach-sign", file)
	if err := verifySignature(t.Context(), file); err != nil {
		t.Error(err)
	}
	writeFile(t, file, "other sums\n")
	if err := verifySignature(t.Context(), file); err == nil || !strings.Contains(err.Error(), "not a good signature of sums") {
		t.Error(err)
	}
}

func TestTheKeyOfAReleaseIsImported(t *testing.T) {
	maker := newKeyring(t)
	maker("--quick-generate-key", "release@example.com", "rsa2048", "sign", "never")
	maker("--quick-generate-key", "curve@example.com", "ed25519", "sign", "never")
	secret := func(who string) string { return maker("--armor", "--export-secret-keys", who) }
	fingerprint := regexp.MustCompile(`(?m)^fpr:+([0-9A-F]{40}):`).FindStringSubmatch(maker("--with-colons", "--fingerprint", "release@example.com"))
	if fingerprint == nil {
		t.Fatal("gpg prints no fingerprint")
	}
	for name, test := range map[string]struct{ key, want string }{
		"an RSA key":  {secret("release@example.com"), ""},
		"another one": {secret("curve@example.com"), "RSA and DSA keys only"},
		"two":         {secret("release@example.com") + secret("curve@example.com"), "not exactly one secret key"},
		"no key":      {"-----BEGIN", "does not take the text"},
		"nothing":     {"", "GPG_PRIVATE_KEY is not set"},
	} {
		t.Run(name, func(t *testing.T) {
			newKeyring(t)
			var stdout, stderr strings.Builder
			command := exec.Command("sh", filepath.Join(repository, "scripts/release-key.sh"))
			command.Env = append(os.Environ(), "GPG_PRIVATE_KEY="+test.key)
			command.Stdout, command.Stderr = &stdout, &stderr
			err := command.Run()
			if test.want == "" {
				if err != nil || stdout.String() != fingerprint[1]+"\n" {
					t.Errorf("%v: %s%s", err, stdout.String(), stderr.String())
				}
				return
			}
			if err == nil || stdout.Len() > 0 || !strings.Contains(stderr.String(), test.want) {
				t.Errorf("%v: %s%s", err, stdout.String(), stderr.String())
			}
		})
	}
}

func TestACheckNeedsAVersionAndACLI(t *testing.T) {
	t.Setenv("TF_ACC_TERRAFORM_PATH", "")
	for want, args := range map[string][]string{
		"--version":                   {"check", "--cli", "x"},
		"--cli is missing":            {"check", "--version", "1.2.3"},
		"no-such-folder":              {"check", "--version", "1.2.3", "--cli", "x", "--dist", "no-such-folder"},
		"--version \"1.2\"":           {"sums", "--version", "1.2"},
		"the release is not complete": {"sums", "--version", "1.2.3", "--dist", t.TempDir()},
	} {
		var stdout, stderr strings.Builder
		if code := run(t.Context(), args, &stdout, &stderr); code != 1 || !strings.Contains(stderr.String(), want) {
			t.Errorf("%q: exit code %d, %s", args, code, stderr.String())
		}
	}
}

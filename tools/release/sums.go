package main

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

func sumsCommand(flags *flag.FlagSet) func(context.Context, io.Writer) error {
	release := releaseFlags(flags)
	return func(_ context.Context, stdout io.Writer) error {
		if err := release.valid(); err != nil {
			return err
		}
		if err := release.writeOtherSums(); err != nil {
			return err
		}
		_, err := fmt.Fprintln(stdout, filepath.Join(release.dist, release.otherSums()))
		return err
	}
}

func (r release) writeOtherSums() error {
	files, err := r.otherFiles()
	if err != nil {
		return err
	}
	var lines strings.Builder
	for _, name := range files {
		sum, err := sha256Of(filepath.Join(r.dist, name))
		if err != nil {
			return err
		}
		fmt.Fprintf(&lines, "%s  %s\n", sum, name)
	}
	return os.WriteFile(filepath.Join(r.dist, r.otherSums()), []byte(lines.String()), 0o644) //nolint:gosec // G306: it is going to be published
}

func releaseFlags(flags *flag.FlagSet) *release {
	r := release{platforms: allPlatforms}
	flags.StringVar(&r.version, "version", "", "`version` of the release, without v")
	flags.StringVar(&r.dist, "dist", "build/dist", "`folder` with its files")
	return &r
}

func (r release) valid() error {
	if !versionPattern.MatchString(r.version) {
		return fmt.Errorf("--version %q is not a semantic version, such as 1.2.3 or 1.3.0-beta.1", r.version)
	}
	return nil
}

// otherFiles are the names of the files that are published and that the registries do not ask for, except checksums and
// signatures: the archives of the emulator, and the bills of materials of all archives, where they were made.
func (r release) otherFiles() ([]string, error) {
	var names []string
	for _, archive := range r.archiveNames() {
		for _, name := range []string{archive, archive + sbomSuffix} {
			if name == archive && strings.HasPrefix(name, providerName) {
				continue
			}
			switch _, err := os.Stat(filepath.Join(r.dist, name)); {
			case err == nil:
				names = append(names, name)
			case !errors.Is(err, os.ErrNotExist) || name == archive:
				return nil, fmt.Errorf("the release is not complete: %w", err)
			}
		}
	}
	slices.Sort(names)
	return names, nil
}

func sha256Of(path string) (string, error) {
	file, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer file.Close()
	hash := sha256.New()
	if _, err := io.Copy(hash, file); err != nil {
		return "", err
	}
	return hex.EncodeToString(hash.Sum(nil)), nil
}

// sumPattern is a line of sha256sum, with nothing but a plain name: the registries fetch the files by them.
var sumPattern = regexp.MustCompile(`^([0-9a-f]{64})  ([A-Za-z0-9][A-Za-z0-9._+-]*)$`)

// readSums reads a file of checksums, by name.
func readSums(path string) (map[string]string, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	sums := map[string]string{}
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		parts := sumPattern.FindStringSubmatch(lines.Text())
		if parts == nil {
			return nil, fmt.Errorf("%s: %q is not a checksum, two spaces and a name", filepath.Base(path), lines.Text())
		}
		if sums[parts[2]] != "" {
			return nil, fmt.Errorf("%s lists %s twice", filepath.Base(path), parts[2])
		}
		sums[parts[2]] = parts[1]
	}
	return sums, lines.Err()
}

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// What anybody needs to build the same programs; scripts/reproducible-build.sh and .goreleaser.yml have the same.
const (
	armVersion = "6"
	linkFlags  = "-s -w -X main.version="
)

var buildFlags = []string{"-trimpath", "-buildvcs=false"}

// rebuild builds the programs of a platform from a copy of the source in another folder, and fails unless they are those
// of the archives to the byte.
func (r release) rebuild(ctx context.Context, copied string, p platform) error {
	out, err := os.MkdirTemp(filepath.Dir(copied), "built")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(out) }()
	arguments := append([]string{"build"}, buildFlags...)
	build := exec.CommandContext(ctx, "go", append(arguments, "-ldflags", linkFlags+r.version, "-o", out+"/", ".", "./cmd/entra-emulator")...)
	build.Dir = copied
	build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS="+p.os, "GOARCH="+p.arch, "GOARM="+armVersion)
	if output, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("building for %s: %w: %s", p, err, output)
	}
	for _, pair := range []struct{ built, archive, program string }{
		{p.program(providerName), r.providerArchive(p), r.providerProgram(p)},
		{p.program(emulatorName), r.emulatorArchive(p), p.program(emulatorName)},
	} {
		members, err := readArchive(filepath.Join(r.dist, pair.archive))
		if err != nil {
			return err
		}
		built, err := os.ReadFile(filepath.Join(out, pair.built))
		if err != nil {
			return err
		}
		if !bytes.Equal(built, members[pair.program].content) {
			return fmt.Errorf("%s of %s is not what its source gives: something of the place or of the way it was built got in, "+
				"or the source has changed since", pair.program, pair.archive)
		}
	}
	return nil
}

// copySource copies what git does not ignore, as it is in the work tree.
func copySource(ctx context.Context, from, to string) error {
	list := exec.CommandContext(ctx, "git", "-C", from, "ls-files", "-z", "--cached", "--others", "--exclude-standard")
	names, err := list.Output()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return fmt.Errorf("listing the source: %w: %s", err, exit.Stderr)
	}
	if err != nil {
		return fmt.Errorf("listing the source: %w", err)
	}
	for _, name := range strings.Split(strings.TrimSuffix(string(names), "\x00"), "\x00") {
		err := copyFile(filepath.Join(from, name), filepath.Join(to, name))
		if err != nil && !errors.Is(err, fs.ErrNotExist) { // removed, and not committed yet
			return fmt.Errorf("copying the source: %w", err)
		}
	}
	return nil
}

func copyFile(from, to string) (err error) {
	source, err := os.Open(from)
	if err != nil {
		return err
	}
	defer source.Close()
	if err := os.MkdirAll(filepath.Dir(to), 0o750); err != nil {
		return err
	}
	target, err := os.Create(to)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, target.Close()) }()
	_, err = io.Copy(target, source)
	return err
}

package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
)

func checkCommand(flags *flag.FlagSet) func(context.Context, io.Writer) error {
	release := releaseFlags(flags)
	var check checking
	flags.StringVar(&check.cli, "cli", os.Getenv("TF_ACC_TERRAFORM_PATH"), "`path` of the Terraform or OpenTofu CLI")
	flags.BoolVar(&check.withSBOMs, "sboms", false, "each archive must have a bill of materials")
	flags.BoolVar(&check.signed, "signed", false, "both files of checksums must be signed; gpg must know the key")
	return func(ctx context.Context, stdout io.Writer) error {
		check.release, check.stdout = *release, stdout
		if err := check.valid(); err != nil {
			return err
		}
		if check.cli == "" {
			return errors.New("--cli is missing; `make release-check` sets it")
		}
		return check.run(ctx)
	}
}

// checking is one check of a release, in the root of the repository that it was made from.
type checking struct {
	release
	cli       string
	withSBOMs bool
	signed    bool
	stdout    io.Writer
}

func (c checking) run(ctx context.Context) error {
	if err := c.checkFiles(".", c.withSBOMs); err != nil {
		return err
	}
	fmt.Fprintf(c.stdout, "%d archives are named, filled and summed up as they should be\n", len(c.archives()))
	if c.signed {
		for _, file := range []string{c.registrySums(), c.otherSums()} {
			if err := verifySignature(ctx, filepath.Join(c.dist, file)); err != nil {
				return err
			}
		}
		fmt.Fprintln(c.stdout, "the checksums are signed")
	}

	work, err := os.MkdirTemp("", owner)
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(work) }()
	product, err := c.install(ctx, filepath.Join(work, "install"), c.cli)
	if err != nil {
		return err
	}
	fmt.Fprintf(c.stdout, "%s installs and runs the provider %s from its archive, against the emulator from its own\n", product, c.version)

	source := filepath.Join(work, "source")
	if err := copySource(ctx, ".", source); err != nil {
		return err
	}
	// Two that have little in common, as in scripts/reproducible-build.sh.
	for _, p := range slices.Compact([]platform{host(), {"windows", "arm64"}}) {
		if err := c.rebuild(ctx, source, p); err != nil {
			return err
		}
		fmt.Fprintf(c.stdout, "the programs for %s are the same to the byte when they are built elsewhere\n", p)
	}
	return nil
}

// armored is how a signature in text begins, which the registries do not take.
var armored = []byte("-----BEGIN")

func verifySignature(ctx context.Context, file string) error {
	content, err := os.ReadFile(signature(file))
	if err != nil {
		return err
	}
	if bytes.HasPrefix(content, armored) {
		return fmt.Errorf("%s is text; the registries take only a binary signature", signature(file))
	}
	verify := exec.CommandContext(ctx, "gpg", "--batch", "--verify", signature(file), file)
	if output, err := verify.CombinedOutput(); err != nil {
		return fmt.Errorf("%s is not a good signature of %s: %w: %s", signature(file), filepath.Base(file), err, output)
	}
	return nil
}

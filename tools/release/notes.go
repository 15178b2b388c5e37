package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"
	"time"
)

func notesCommand(flags *flag.FlagSet) func(context.Context, io.Writer) error {
	tag := flags.String("tag", "", "`tag` of the release; it must be that of the newest version, and the version must have a date")
	file := flags.String("changelog", "CHANGELOG.md", "`file` to read")
	return func(_ context.Context, stdout io.Writer) error {
		text, err := os.ReadFile(*file) //nolint:gosec // G703: which changelog to read is the caller's choice
		if err != nil {
			return fmt.Errorf("--changelog: %w", err)
		}
		newest, err := newestEntry(string(text))
		if err != nil {
			return fmt.Errorf("%s: %w", *file, err)
		}
		if err := newest.isReleasedBy(*tag); err != nil {
			return fmt.Errorf("%s: %w", *file, err)
		}
		_, err = fmt.Fprintln(stdout, newest.text)
		return err
	}
}

// entry is what a changelog says of one version.
type entry struct {
	version string
	// date is as it is written, such as 2026-11-30 or unreleased.
	date string
	text string
}

var (
	headingPattern = regexp.MustCompile(`(?m)^## (.*)$`)
	// versionPattern is a semantic version without build metadata, which neither the registries nor file names have.
	versionPattern = regexp.MustCompile(`^(?:0|[1-9]\d*)\.(?:0|[1-9]\d*)\.(?:0|[1-9]\d*)(?:-[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?$`)
	titlePattern   = regexp.MustCompile(`^(\S+) \(([^)]+)\)$`)
)

// newestEntry is the first entry of a changelog.
func newestEntry(changelog string) (entry, error) {
	headings := headingPattern.FindAllStringSubmatchIndex(changelog, 2)
	if len(headings) == 0 {
		return entry{}, errors.New("it has no heading of a version, such as ## 1.2.3 (unreleased)")
	}
	end := len(changelog)
	if len(headings) > 1 {
		end = headings[1][0]
	}
	title := strings.TrimSpace(changelog[headings[0][2]:headings[0][3]])
	parts := titlePattern.FindStringSubmatch(title)
	if parts == nil || !versionPattern.MatchString(parts[1]) {
		return entry{}, fmt.Errorf("the heading %q must be a version and its date, such as 1.2.3 (2026-11-30) or 1.2.3 (unreleased)", title)
	}
	newest := entry{version: parts[1], date: parts[2], text: strings.TrimSpace(changelog[headings[0][1]:end])}
	if newest.text == "" {
		return entry{}, fmt.Errorf("it says nothing of %s; a release needs notes", newest.version)
	}
	return newest, nil
}

// isReleasedBy is an error unless a tag may release the version.
func (e entry) isReleasedBy(tag string) error {
	if tag != "v"+e.version {
		return fmt.Errorf("its newest version is %s, which the tag v%s releases, and not %q; write the entry of the version, or correct the tag",
			e.version, e.version, tag)
	}
	if _, err := time.Parse(time.DateOnly, e.date); err != nil {
		return fmt.Errorf("the date of %s is %q; write the day of the release there, such as 2026-11-30, and set the tag on that commit", e.version, e.date)
	}
	return nil
}

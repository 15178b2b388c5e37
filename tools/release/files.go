package main

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"debug/buildinfo"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
)

// member is a file of an archive.
type member struct {
	mode    os.FileMode
	content []byte
}

// memberLimit is far above any of our programs.
const memberLimit = 512 << 20

func readArchive(path string) (map[string]member, error) {
	read := readTarball
	if strings.HasSuffix(path, ".zip") {
		read = readZip
	}
	members, err := read(path)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", filepath.Base(path), err)
	}
	return members, nil
}

func readZip(path string) (map[string]member, error) {
	archive, err := zip.OpenReader(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = archive.Close() }()
	members := map[string]member{}
	for _, file := range archive.File {
		opened, err := file.Open()
		if err != nil {
			return nil, err
		}
		content, err := io.ReadAll(io.LimitReader(opened, memberLimit))
		if err := errors.Join(err, opened.Close()); err != nil {
			return nil, err
		}
		members[file.Name] = member{mode: file.Mode(), content: content}
	}
	return members, nil
}

func readTarball(path string) (map[string]member, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	unpacked, err := gzip.NewReader(file)
	if err != nil {
		return nil, err
	}
	members := map[string]member{}
	for archive := tar.NewReader(unpacked); ; {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return members, nil
		}
		if err != nil {
			return nil, err
		}
		content, err := io.ReadAll(io.LimitReader(archive, memberLimit))
		if err != nil {
			return nil, err
		}
		members[header.Name] = member{mode: header.FileInfo().Mode(), content: content}
	}
}

// checkFiles checks all files of a release by themselves, without running any. source is the repository.
func (r release) checkFiles(source string, withSBOMs bool) error {
	if err := r.checkNames(withSBOMs); err != nil {
		return err
	}
	if err := checkManifest(filepath.Join(source, manifestFile)); err != nil {
		return err
	}
	registry := map[string]string{r.manifest(): filepath.Join(source, manifestFile)}
	for _, p := range r.platforms {
		registry[r.providerArchive(p)] = filepath.Join(r.dist, r.providerArchive(p))
	}
	if err := r.checkSums(r.registrySums(), registry); err != nil {
		return err
	}
	others, err := r.otherFiles()
	if err != nil {
		return err
	}
	rest := map[string]string{}
	for _, name := range others {
		rest[name] = filepath.Join(r.dist, name)
	}
	if err := r.checkSums(r.otherSums(), rest); err != nil {
		return err
	}
	for name, want := range r.archives() {
		members, err := readArchive(filepath.Join(r.dist, name))
		if err != nil {
			return err
		}
		if err := checkMembers(members, want, source); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

// checkNames looks for archives that are missing, and for those that a registry or a person could take for one of ours.
func (r release) checkNames(withSBOMs bool) error {
	entries, err := os.ReadDir(r.dist)
	if err != nil {
		return fmt.Errorf("--dist: %w", err)
	}
	var found []string
	for _, entry := range entries {
		name := entry.Name()
		if strings.HasSuffix(name, ".zip") || strings.HasSuffix(name, ".tar.gz") || (withSBOMs && strings.HasSuffix(name, sbomSuffix)) {
			found = append(found, name)
		}
	}
	want := r.archiveNames()
	if withSBOMs {
		for _, name := range r.archiveNames() {
			want = append(want, name+sbomSuffix)
		}
	}
	return sameNames(r.dist, found, want)
}

func sameNames(where string, found, want []string) error {
	var problems []string
	for _, name := range want {
		if !slices.Contains(found, name) {
			problems = append(problems, name+" is missing")
		}
	}
	for _, name := range found {
		if !slices.Contains(want, name) {
			problems = append(problems, name+" should not be there")
		}
	}
	if len(problems) > 0 {
		return fmt.Errorf("%s: %s", where, strings.Join(problems, ", "))
	}
	return nil
}

// checkSums compares a file of checksums with the files it has to list, and only them: a registry refuses a release whose
// SHA256SUMS lists anything else.
func (r release) checkSums(file string, paths map[string]string) error {
	sums, err := readSums(filepath.Join(r.dist, file))
	if err != nil {
		return err
	}
	if err := sameNames(file, slices.Sorted(maps.Keys(sums)), slices.Sorted(maps.Keys(paths))); err != nil {
		return err
	}
	for name, path := range paths {
		sum, err := sha256Of(path)
		if err != nil {
			return err
		}
		if sum != sums[name] {
			return fmt.Errorf("%s has %s for %s, whose SHA-256 is %s", file, sums[name], name, sum)
		}
	}
	return nil
}

// checkManifest checks what tells the registries which protocol the provider speaks.
func checkManifest(path string) error {
	content, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	var manifest struct {
		Version  int `json:"version"`
		Metadata struct {
			ProtocolVersions []string `json:"protocol_versions"`
		} `json:"metadata"`
	}
	decoder := json.NewDecoder(bytes.NewReader(content))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&manifest); err != nil {
		return fmt.Errorf("%s: %w", manifestFile, err)
	}
	if manifest.Version != 1 || !slices.Equal(manifest.Metadata.ProtocolVersions, []string{"6.0"}) {
		return fmt.Errorf("%s is %s; it must be of version 1 and say protocol_versions [\"6.0\"]", manifestFile, content)
	}
	return nil
}

// checkMembers checks what is in an archive, and what the program says of how it was built.
func checkMembers(members map[string]member, want contents, source string) error {
	if err := sameNames("the archive", slices.Sorted(maps.Keys(members)), append(slices.Clone(companions), want.program)); err != nil {
		return err
	}
	for _, name := range companions {
		content, err := os.ReadFile(filepath.Join(source, name))
		if err != nil {
			return err
		}
		if !bytes.Equal(content, members[name].content) {
			return fmt.Errorf("%s is not the repository's", name)
		}
	}
	program := members[want.program]
	if program.mode.Perm() != 0o755 {
		return fmt.Errorf("%s has the mode %s, not 755", want.program, program.mode)
	}
	info, err := buildinfo.Read(bytes.NewReader(program.content))
	if err != nil {
		return fmt.Errorf("%s: %w", want.program, err)
	}
	if err := checkBuild(info, want); err != nil {
		return fmt.Errorf("%s %w", want.program, err)
	}
	return nil
}

// checkBuild checks how a program was built.
func checkBuild(info *debug.BuildInfo, want contents) error {
	settings := map[string]string{}
	for _, setting := range info.Settings {
		settings[setting.Key] = setting.Value
		if strings.HasPrefix(setting.Key, "vcs") {
			return fmt.Errorf("has %s in it: it has to be built with -buildvcs=false, or a source without git's folder gives another program", setting.Key)
		}
	}
	if info.Path != want.path {
		return fmt.Errorf("is the program %s, not %s", info.Path, want.path)
	}
	expected := map[string]string{"GOOS": want.platform.os, "GOARCH": want.platform.arch, "CGO_ENABLED": "0", "-trimpath": "true"}
	if want.platform.arch == "arm" {
		expected["GOARM"] = armVersion
	}
	for _, key := range slices.Sorted(maps.Keys(expected)) {
		if settings[key] != expected[key] {
			return fmt.Errorf("was built with %s=%s, not %s", key, settings[key], expected[key])
		}
	}
	return nil
}

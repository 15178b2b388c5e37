package main

import (
	"fmt"
	"maps"
	"slices"
)

const (
	providerName = "terraform-provider-entramfa"
	emulatorName = "entra-emulator"
	manifestFile = "terraform-registry-manifest.json"
	sbomSuffix   = ".sbom.json"
)

// files that stand beside the program in each archive, as they are in the repository.
var companions = []string{"CHANGELOG.md", "LICENSE", "README.md"}

type platform struct{ os, arch string }

func (p platform) String() string { return p.os + "_" + p.arch }

// program is the name of a program's file.
func (p platform) program(name string) string {
	if p.os == "windows" {
		return name + ".exe"
	}
	return name
}

// allPlatforms are those of HashiCorp's own providers, as far as Go has them.
var allPlatforms = []platform{
	{"darwin", "amd64"},
	{"darwin", "arm64"},
	{"freebsd", "386"},
	{"freebsd", "amd64"},
	{"freebsd", "arm"},
	{"freebsd", "arm64"},
	{"linux", "386"},
	{"linux", "amd64"},
	{"linux", "arm"},
	{"linux", "arm64"},
	{"windows", "386"},
	{"windows", "amd64"},
	{"windows", "arm64"},
}

// release is the files of a version in a folder.
type release struct {
	dist      string
	version   string
	platforms []platform
}

// The names that the registries insist on.

func (r release) providerArchive(p platform) string {
	return fmt.Sprintf("%s_%s_%s.zip", providerName, r.version, p)
}

func (r release) providerProgram(p platform) string {
	return p.program(providerName + "_v" + r.version)
}

func (r release) manifest() string {
	return fmt.Sprintf("%s_%s_manifest.json", providerName, r.version)
}

func (r release) registrySums() string {
	return fmt.Sprintf("%s_%s_SHA256SUMS", providerName, r.version)
}

// Ours.

func (r release) emulatorArchive(p platform) string {
	return fmt.Sprintf("%s_%s_%s.tar.gz", emulatorName, r.version, p)
}

func (r release) otherSums() string { return fmt.Sprintf("other-files_%s_checksums.txt", r.version) }

func signature(file string) string { return file + ".sig" }

// archives are the names of all archives, each with what is in it.
func (r release) archives() map[string]contents {
	all := map[string]contents{}
	for _, p := range r.platforms {
		all[r.providerArchive(p)] = contents{platform: p, program: r.providerProgram(p), path: "github.com/mfa-as-code/terraform-provider-entramfa"}
		all[r.emulatorArchive(p)] = contents{
			platform: p, program: p.program(emulatorName), path: "github.com/mfa-as-code/terraform-provider-entramfa/cmd/entra-emulator",
		}
	}
	return all
}

func (r release) archiveNames() []string { return slices.Sorted(maps.Keys(r.archives())) }

// contents is what an archive has to hold beside the companions.
type contents struct {
	platform platform
	program  string
	// path is that of the main package.
	path string
}

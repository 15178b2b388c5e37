#!/bin/sh
# Makes everything that a release consists of, without publishing or signing it, and checks it: names, contents and
# checksums of all files, the provider from its archive with a real CLI, and the same programs once more from the source.
# The first time it takes ten minutes on two cores: GoReleaser itself, and 13 platforms.
#
#   scripts/with-cli.sh any scripts/release-check.sh VERSION
set -eu

version=$1
root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
cd "$root"

go -C tools build -o "$root/build/tools/release" ./release
scripts/release-build.sh check
# A real release has the version from its tag, and a signature.
VERSION=$version GPG_FINGERPRINT=none scripts/release-build.sh release --snapshot --clean --skip=sign,sbom,publish
build/tools/release sums --version "$version"
build/tools/release check --version "$version"

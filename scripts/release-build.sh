#!/bin/sh
# Runs GoReleaser, built from tools/goreleaser, in the root of the repository.
#
#   scripts/release-build.sh check
#   scripts/release-build.sh release --clean --release-notes build/release-notes.md
set -eu

root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
cd "$root"
[ -x build/tools/goreleaser ] || echo "release-build: building GoReleaser from tools/goreleaser; the first time takes minutes" >&2
CGO_ENABLED=0 go -C tools/goreleaser build -ldflags '-s -w' -o "$root/build/tools/goreleaser" github.com/goreleaser/goreleaser/v2
exec build/tools/goreleaser "$@"

#!/bin/sh
# Builds the provider and the emulator twice as a release does, in two folders, one with Go's cache and one with an empty
# one, and fails unless both come out the same to the byte.
#
#   scripts/reproducible-build.sh VERSION [GOOS/GOARCH...]     (default: this machine's platform and windows/arm64)
set -eu

version=$1
shift
root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
[ $# -gt 0 ] || set -- "$(go env GOOS)/$(go env GOARCH)" windows/arm64

work=$(mktemp -d)
trap 'chmod -R u+w "$work"; rm -rf "$work"' EXIT

# What is committed, so that nothing that lies about gets in.
for copy in first second/elsewhere; do
	mkdir -p "$work/$copy"
	git -C "$root" archive HEAD | tar -x -C "$work/$copy"
done

build() {
	(
		cd "$1"
		CGO_ENABLED=0 GOOS=${platform%/*} GOARCH=${platform#*/} go build -trimpath -buildvcs=false \
			-ldflags "-s -w -X main.version=$version" -o "$2/" . ./cmd/entra-emulator
	)
}

for platform in "$@"; do
	rm -rf "$work/one" "$work/two"
	mkdir "$work/one" "$work/two"
	build "$work/first" "$work/one"
	GOCACHE=$work/cache build "$work/second/elsewhere" "$work/two"
	for binary in "$work/one"/*; do
		cmp "$binary" "$work/two/$(basename "$binary")"
		echo "$platform: $(basename "$binary") is the same twice ($(wc -c <"$binary") bytes)"
	done
done

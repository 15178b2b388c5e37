#!/bin/sh
# Runs a command with a working Terraform or OpenTofu CLI, whose path the command finds in TF_ACC_TERRAFORM_PATH.
#
#   scripts/with-cli.sh any|tofu|terraform command [argument...]
#
# any:       $TERRAFORM when it is set, else terraform on PATH, else tofu on PATH, else OpenTofu built from tools/opentofu
# tofu:      the same without the first two
# terraform: $TERRAFORM or terraform on PATH if it has `terraform query` (1.14), else Terraform built from tools/terraform
#
# The settings of the user's own CLI are taken out of the command's environment: they would decide which provider is
# installed, or print warnings into output that tests parse.
set -eu

kind=$1
shift
root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
mkdir -p "$root/build/home" "$root/build/tmp" "$root/build/tools"

# A module of its own, or `go build ./...` in another window takes what a test compiles in build/tmp for packages of ours.
[ -f "$root/build/go.mod" ] || echo 'module build' >"$root/build/go.mod"

# An empty file rather than no variable: without one the CLI reads the user's ~/.terraformrc.
: >"$root/build/empty.tfrc"
export TF_CLI_CONFIG_FILE="$root/build/empty.tfrc" CHECKPOINT_DISABLE=1
unset TF_DATA_DIR TF_INPUT TF_LOG TF_LOG_PATH TF_PLUGIN_CACHE_DIR TF_REATTACH_PROVIDERS TF_WORKSPACE
for name in $(env | sed -n 's/^\(TF_CLI_ARGS[A-Za-z0-9_]*\)=.*/\1/p; s/^\(TF_VAR_[A-Za-z0-9_]*\)=.*/\1/p'); do
	unset "$name"
done

# Only a live run may see the user's credentials and home; everything else talks to the emulator. A CLI makes a
# directory in the home it finds, and installs providers from there; Go's caches stay where they are.
if [ -z "${TF_ACC:-}" ]; then
	unset TF_ACC
	GOENV=$(go env GOENV) GOPATH=$(go env GOPATH) GOCACHE=$(go env GOCACHE) GOMODCACHE=$(go env GOMODCACHE)
	HOME=$root/build/home
	export GOENV GOPATH GOCACHE GOMODCACHE HOME
	unset XDG_CONFIG_HOME XDG_DATA_HOME XDG_CACHE_HOME XDG_DATA_DIRS
	for name in $(env | sed -n 's/^\(ARM_[A-Z0-9_]*\)=.*/\1/p; s/^\(AZURE_[A-Z0-9_]*\)=.*/\1/p; s/^\(ENTRAMFA_[A-Z0-9_]*\)=.*/\1/p'); do
		unset "$name"
	done
fi

# Unix sockets live in the temporary directory and their paths end at about 100 characters.
if [ "${#root}" -le 60 ]; then
	export TMPDIR="$root/build/tmp"
fi

# product prints Terraform or OpenTofu for a CLI that runs, and nothing for any other file.
product() {
	"$1" version </dev/null 2>/dev/null | sed -n 's/^\(Terraform\) v[0-9].*/\1/p; s/^\(OpenTofu\) v[0-9].*/\1/p'
}

# candidate sets cli and brand if the named program is on PATH and works.
candidate() {
	cli=$(command -v "$1" || true)
	[ -n "$cli" ] || return 1
	brand=$(product "$cli")
	[ -n "$brand" ] && return 0
	echo "with-cli: skipping $cli: it does not run" >&2
	return 1
}

# queries is candidate for a CLI that has `terraform query`.
queries() {
	candidate "$1" || return 1
	"$cli" query -help </dev/null >/dev/null 2>&1 && return 0
	echo "with-cli: skipping $cli: it has no query" >&2
	return 1
}

# build builds the CLI of a folder in tools: its brand, folder, main package, and the package that knows its version.
build() {
	cli=$root/build/tools/${3##*/}
	[ -x "$cli" ] || echo "with-cli: building $1 from tools/$2; the first time takes minutes" >&2
	# Without the linker flag a build calls itself a development version.
	CGO_ENABLED=0 go -C "$root/tools/$2" build -ldflags "-s -w -X $4.dev=no" -o "$cli" "$3"
	brand=$(product "$cli")
	[ "$brand" = "$1" ] || { echo "with-cli: the $1 built into $cli does not run" >&2; exit 1; }
}

if [ "$kind" = terraform ]; then
	queries "${TERRAFORM:-terraform}" ||
		build Terraform terraform github.com/hashicorp/terraform github.com/hashicorp/terraform/version
elif [ "$kind" = any ] && [ -n "${TERRAFORM:-}" ]; then
	candidate "$TERRAFORM" || { echo "with-cli: TERRAFORM=$TERRAFORM is not a CLI that runs" >&2; exit 1; }
elif [ "$kind" = any ] && candidate terraform; then
	:
elif candidate tofu; then
	:
else
	build OpenTofu opentofu github.com/opentofu/opentofu/cmd/tofu github.com/opentofu/opentofu/version
fi

case $cli in
/*) ;;
*) cli=$(pwd)/$cli ;;
esac
export TF_ACC_TERRAFORM_PATH="$cli"
# The host that a provider address without one means, which is the host that tests register the provider under.
if [ "$brand" = OpenTofu ]; then
	export TF_ACC_PROVIDER_HOST=registry.opentofu.org
else
	export TF_ACC_PROVIDER_HOST=registry.terraform.io
fi
echo "with-cli: $("$cli" version | sed -n 1p) ($cli)" >&2

exec "$@"

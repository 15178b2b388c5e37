#!/bin/sh
# Applies a plan that plan.sh has saved, and nothing else: apply.sh [FILE]
#
# A plan that somebody else's apply has overtaken is refused by the CLI: plan again.
set -eu

# shellcheck source-path=SCRIPTDIR source=log.sh
. "$(dirname -- "$0")/log.sh"
cli=${TF_CLI:-terraform}
logged "$cli" init -input=false -lockfile=readonly -no-color
logged "$cli" apply -input=false -no-color "${1:-plan/tfplan}"

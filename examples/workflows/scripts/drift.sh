#!/bin/sh
# Compares the tenant with the configuration, and leaves in the folder drift/ what came of it:
#
# result       drift: an object differs. checks-fail: none does, but a check does not pass. in-sync: neither
# digest.json  the objects that differ, what comes of them, and the checks that do not pass
# plan.txt     the plan that would put the tenant back, after what it does, warnings and the checks that do not pass
#
# It changes nothing, and takes no lock: a state that may only be read is enough. It fails where there is no plan: that is an error,
# and says nothing about drift.
set -eu

# shellcheck source-path=SCRIPTDIR source=log.sh
. "$(dirname -- "$0")/log.sh"
dir=${DRIFT_DIR:-drift}
PLAN_DIR=$dir "$here/plan.sh" -lock=false
rm -f "$dir/tfplan" "$dir/report.json"

# Not by the exit code of plan. 2 also stands for outputs with another value, and for a data source inside of a check block, which is read
# again in every plan; neither is a difference between the tenant and the configuration. And with checks that fail it is 0.
echo failed >"$dir/result"
result=$(jq -r 'if .objects != [] then "drift" elif .checks != [] then "checks-fail" else "in-sync" end' "$dir/digest.json")
echo "$result" >"$dir/result"
echo "drift.sh: $result"

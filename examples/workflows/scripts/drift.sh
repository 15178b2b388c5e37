#!/bin/sh
# Compares the tenant with the configuration, and leaves in the folder drift/ what came of it:
#
# result    in-sync or drift
# plan.txt  the plan that would put the tenant back
#
# It changes nothing, and takes no lock: a state that may only be read is enough. It fails where there is no plan: that is an error,
# and says nothing about drift.
set -eu

cli=${TF_CLI:-terraform}
dir=${DRIFT_DIR:-drift}
here=$(dirname -- "$0")
PLAN_DIR=$dir "$here/plan.sh" -lock=false
made=$(cat "$dir/result")

result=in-sync
if [ "$made" = changes ]; then
	# Exit code 2 also stands for outputs with another value, and for a data source inside of a check block, which is read anew in every
	# plan. Neither is a difference between the tenant and the configuration.
	"$cli" show -json "$dir/tfplan" >"$dir/tfplan.json"
	jq -r '.resource_changes[]? | select(.mode == "managed" and (.change.actions != ["no-op"] or .change.importing != null)) | .address' \
		"$dir/tfplan.json" >"$dir/addresses"
	rm "$dir/tfplan.json"
	[ ! -s "$dir/addresses" ] || result=drift
fi
rm -f "$dir/tfplan" "$dir/report.json" "$dir/addresses"
echo "$result" >"$dir/result"
echo "drift.sh: $result"

#!/bin/sh
# Plans, and leaves in the folder plan/ what came of it: plan.sh [option of plan...]
#
# tfplan       the saved plan, for apply.sh
# plan.txt     what a reviewer reads: what the plan does to people and to trust, errors and warnings, checks that do not pass, changes
# digest.json  the same for programs: the numbers, the objects that differ, what comes of them, the checks that do not pass; report.jq says more
# result       unchanged, changes or failed
# report.json  how many objects are created, updated and deleted, as GitLab's merge requests show it
#
# It fails where the plan does, and only there. PLAN_DIR is another folder, TF_CLI another CLI than terraform.
#
# The text is put together from the CLI's JSON and from the saved plan. Nothing is taken out of it by how it looks: a name could look the same.
set -eu

# shellcheck source-path=SCRIPTDIR source=log.sh
. "$(dirname -- "$0")/log.sh"
cli=${TF_CLI:-terraform}
dir=${PLAN_DIR:-plan}
mkdir -p "$dir"
echo failed >"$dir/result"
rm -f "$dir/tfplan" "$dir/report.json" "$dir/digest.json"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# failed: what has gone wrong is all there is to read, and there is nothing to apply.
failed() {
	rm -f "$dir/tfplan"
	report harmless -R -r <"$work/text" >"$dir/plan.txt"
	cat "$dir/plan.txt"
	exit 1
}

code=0
"$cli" init -input=false -lockfile=readonly -no-color >"$work/text" 2>&1 || code=$?
[ "$code" -eq 0 ] || failed
report harmless -R -r <"$work/text"

# 0: no difference, 2: a difference, anything else: no plan.
"$cli" plan -json -input=false -detailed-exitcode -out="$dir/tfplan" "$@" >"$work/events" 2>"$work/text" || code=$?
report '[inputs] | diagnostics' -n -R -r <"$work/events" >>"$work/text"
case $code in
0) result=unchanged ;;
2) result=changes ;;
*) failed ;;
esac

# shown OPTION...: the saved plan; what the CLI says besides has been said by plan.
shown() {
	"$cli" show "$@" "$dir/tfplan" 2>"$work/besides" || {
		cat "$work/besides" >>"$work/text"
		failed
	}
}
shown -json >"$work/plan.json"
shown -no-color >"$work/plan.txt"
report 'summed($events; $text)' --rawfile events "$work/events" --rawfile text "$work/text" <"$work/plan.json" >"$dir/digest.json"
{
	report above -j <"$dir/digest.json"
	cat "$work/plan.txt"
} | report harmless -R -r >"$dir/plan.txt"
cat "$dir/plan.txt"

jq -c '[.resource_changes[]?.change.actions[]] as $actions
	| {create: "create", update: "update", delete: "delete"} | map_values(. as $one | $actions | map(select(. == $one)) | length)' \
	"$work/plan.json" >"$dir/report.json"
echo "$result" >"$dir/result"

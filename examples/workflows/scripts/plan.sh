#!/bin/sh
# Plans, and leaves in the folder plan/ what came of it: plan.sh [option of plan...]
#
# tfplan       the saved plan, for apply.sh
# plan.txt     what a reviewer reads: changes, warnings, errors
# result       unchanged, changes or failed
# report.json  how many objects are created, updated and deleted, as GitLab's merge requests show it
#
# It fails where the plan does, and only there. PLAN_DIR is another folder, TF_CLI another CLI than terraform.
set -eu

cli=${TF_CLI:-terraform}
dir=${PLAN_DIR:-plan}
mkdir -p "$dir"
echo failed >"$dir/result"
rm -f "$dir/tfplan" "$dir/report.json"

# Both to the log and to a file; a pipe would hide the exit code.
run() {
	code=0
	"$cli" "$@" >"$dir/output" 2>&1 || code=$?
	cat "$dir/output"
}

run init -input=false -lockfile=readonly -no-color
if [ "$code" -ne 0 ]; then
	mv "$dir/output" "$dir/plan.txt"
	exit 1
fi

run plan -input=false -no-color -detailed-exitcode -out="$dir/tfplan" "$@"
# With a thousand users, the lines on reading them would be most of a comment.
sed -e '/^[a-z].*: Refreshing state\.\.\./d' -e '/^[a-z].*: Reading\.\.\./d' -e '/^[a-z].*: Still reading\.\.\./d' \
	-e '/^[a-z].*: Read complete after /d' -e '/^Saved the plan to: /,$d' "$dir/output" >"$dir/plan.txt"
rm "$dir/output"

# 0: no difference, 2: a difference, anything else: no plan.
case $code in
0) result=unchanged ;;
2) result=changes ;;
*) exit 1 ;;
esac

"$cli" show -json "$dir/tfplan" >"$dir/tfplan.json"
jq -c '[.resource_changes[]?.change.actions[]] as $actions
	| {create: "create", update: "update", delete: "delete"} | map_values(. as $one | $actions | map(select(. == $one)) | length)' \
	"$dir/tfplan.json" >"$dir/report.json"
rm "$dir/tfplan.json"
echo "$result" >"$dir/result"

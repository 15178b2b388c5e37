#!/bin/sh
# Keeps one issue about drift and about checks that do not pass: opens it, rewrites it while there are any, and closes it once there are
# none. Where there are none and no issue is open, it does nothing: report-issue.sh [FOLDER]
#
# GitHub: GITHUB_TOKEN with issues: write. GitLab: DRIFT_TOKEN, a project access token with the scope api. Azure DevOps: SYSTEM_ACCESSTOKEN,
# and the build service may edit work items.
#
# DRIFT_LABEL          the label or tag by which the issue is found; one for each configuration (mfa-drift)
# DRIFT_WORK_ITEM      Azure Boards: the type of work item (Issue)
# DRIFT_CLOSED_STATE   Azure Boards: its state once it is closed (Done)
set -eu

dir=${1:-drift}
label=${DRIFT_LABEL:-mfa-drift}
type=${DRIFT_WORK_ITEM:-Issue}
closed=${DRIFT_CLOSED_STATE:-Done}
# shellcheck source-path=SCRIPTDIR source=forge.sh
. "$(dirname -- "$0")/forge.sh"

result=$(cat "$dir/result")
case $result in
drift)
	title='The MFA configuration of the tenant has drifted'
	begin='The tenant and the configuration differ. This plan would put the tenant back:'
	end='Apply it, or change the configuration to what the tenant has.'
	;;
checks-fail)
	title='Checks of the MFA configuration do not pass'
	begin='Every object is as configured, but these checks of the configuration do not pass:'
	end='An apply does not help: put right what the check found, or the check.'
	;;
in-sync) ;;
*) fail "$dir/result says \"$result\", which is no answer of drift.sh" ;;
esac
if [ "$result" != in-sync ]; then
	report 'whole($plan; $room)' -j --rawfile plan "$dir/plan.txt" --argjson room "$room" <"$dir/digest.json" >"$work/plan.txt"
	{
		printf '%s\n\n' "$begin"
		block "$work/plan.txt"
		printf '\n%s Found by [this run](%s).\n' "$end" "$run_url"
	} >"$work/issue.md"
fi
gone="The tenant is what the configuration says again. Found by $run_url"

github() {
	api GET "/issues?state=open&labels=$label&sort=created&direction=asc&per_page=100" >"$work/issues.json"
	# Pull requests are issues, too.
	number=$(jq '[.[] | select(.pull_request == null) | .number][0] // empty' "$work/issues.json")
	if [ "$result" != in-sync ]; then
		if [ -n "$number" ]; then
			jq -n --rawfile body "$work/issue.md" '{body: $body}' | api PATCH "/issues/$number" >/dev/null
			return
		fi
		# Without its label, the issue would not be found again.
		api GET "/labels/$label" >/dev/null 2>&1 || jq -n --arg tag "$label" '{name: $tag}' | api POST /labels >/dev/null
		jq -n --arg title "$title" --arg tag "$label" --rawfile body "$work/issue.md" '{title: $title, body: $body, labels: [$tag]}' |
			api POST /issues >/dev/null
	elif [ -n "$number" ]; then
		jq -n --arg body "$gone" '{body: $body}' | api POST "/issues/$number/comments" >/dev/null
		jq -n '{state: "closed", state_reason: "completed"}' | api PATCH "/issues/$number" >/dev/null
	fi
}

gitlab() {
	api GET "/issues?state=opened&labels=$label&order_by=created_at&sort=asc&per_page=1" >"$work/issues.json"
	number=$(jq '.[0].iid // empty' "$work/issues.json")
	if [ "$result" != in-sync ]; then
		if [ -n "$number" ]; then
			jq -n --rawfile body "$work/issue.md" '{description: $body}' | api PUT "/issues/$number" >/dev/null
			return
		fi
		jq -n --arg title "$title" --arg tag "$label" --rawfile body "$work/issue.md" '{title: $title, description: $body, labels: $tag}' |
			api POST /issues >/dev/null
	elif [ -n "$number" ]; then
		jq -n --arg body "$gone" '{body: $body}' | api POST "/issues/$number/notes" >/dev/null
		jq -n '{state_event: "close"}' | api PUT "/issues/$number" >/dev/null
	fi
}

azure() {
	query="SELECT [System.Id] FROM WorkItems WHERE [System.TeamProject] = @project AND [System.Tags] CONTAINS '$label'"
	query="$query AND [System.State] <> '$closed' ORDER BY [System.Id]"
	jq -n --arg query "$query" '{query: $query}' | api POST '/wit/wiql?api-version=7.1' >"$work/items.json"
	id=$(jq '.workItems[0].id // empty' "$work/items.json")
	if [ "$result" != in-sync ]; then
		# A description is HTML. Title and tags are people's once the work item is there.
		report '
			def field(name; value): {op: "add", path: "/fields/System.\(name)", value: value};
			cut($room; harmless) as $plan
			| [field("Description"; "<p>\($before)</p>"
				+ (if $plan.cut then "<p>These are lines 1 to \($plan.shown) of \($plan.lines); the run has all of them.</p>" else "" end)
				+ "<pre>\($plan.text | @html)</pre><p>\($after) Found by <a href=\"\($run | @html)\">this run</a>.</p>")]
			+ if $id == "" then [field("Title"; $title), field("Tags"; $tag)] else [] end' -R -s --argjson room "$room" --arg before "$begin" \
			--arg after "$end" --arg title "$title" --arg tag "$label" --arg run "$run_url" --arg id "$id" <"$work/plan.txt" >"$work/fields.json"
		if [ -n "$id" ]; then
			api PATCH "/wit/workitems/$id?api-version=7.1" application/json-patch+json <"$work/fields.json" >/dev/null
		else
			name=$(jq -rn --arg type "$type" '$type | @uri')
			api POST "/wit/workitems/\$$name?api-version=7.1" application/json-patch+json <"$work/fields.json" >/dev/null
		fi
	elif [ -n "$id" ]; then
		jq -n --arg text "$gone" --arg closed "$closed" '[{op: "add", path: "/fields/System.History", value: $text},
			{op: "add", path: "/fields/System.State", value: $closed}]' |
			api PATCH "/wit/workitems/$id?api-version=7.1" application/json-patch+json >/dev/null
	fi
}

"$forge"

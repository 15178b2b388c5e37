#!/bin/sh
# Shows the plan of plan.sh as a comment of the pull request, one that it writes anew at each run: comment.sh [FOLDER]
#
# GitHub: GITHUB_TOKEN with pull-requests: write, and PULL_REQUEST, the number.
# Azure DevOps: SYSTEM_ACCESSTOKEN, and the build service may contribute to pull requests.
# GitLab shows report.json of plan.sh in the merge request by itself.
set -eu

dir=${1:-plan}
# shellcheck source-path=SCRIPTDIR source=forge.sh
. "$(dirname -- "$0")/forge.sh"

marker='<!-- plan of the MFA configuration -->'
result=$(cat "$dir/result")
case $result in
unchanged | changes) title=$(report 'title($result)' -r --arg result "$result" <"$dir/digest.json") ;;
*) title='The plan failed' ;;
esac
{
	printf '%s\n### %s\n\n' "$marker" "$title"
	case $result in
	unchanged | changes)
		report 'comment($plan; $room; $references)' -j --rawfile plan "$dir/plan.txt" --argjson room "$room" --argjson references "$references" \
			<"$dir/digest.json"
		;;
	*) block "$dir/plan.txt" ;;
	esac
	printf '\n[Run](%s)\n' "$run_url"
} >"$work/comment.md"

github() {
	number=${PULL_REQUEST:?needs the number of the pull request}
	page=1
	while :; do
		api GET "/issues/$number/comments?per_page=100&page=$page" >"$work/page.json"
		# Of a bot: whoever quotes the comment begins theirs in the same way.
		id=$(jq --arg marker "$marker" '[.[] | select(.user.type == "Bot" and (.body | startswith($marker))) | .id][0] // empty' "$work/page.json")
		if [ -n "$id" ] || [ "$(jq length "$work/page.json")" -lt 100 ]; then
			break
		fi
		page=$((page + 1))
	done
	jq -n --rawfile body "$work/comment.md" '{body: $body}' >"$work/body.json"
	if [ -n "$id" ]; then
		api PATCH "/issues/comments/$id" <"$work/body.json" >/dev/null
	else
		api POST "/issues/$number/comments" <"$work/body.json" >/dev/null
	fi
}

azure() {
	threads=/git/repositories/$BUILD_REPOSITORY_ID/pullRequests/$SYSTEM_PULLREQUEST_PULLREQUESTID/threads
	api GET "$threads?api-version=7.1" >"$work/threads.json"
	found=$(jq -r --arg marker "$marker" '.value[] | . as $thread | .comments[]? | select(.isDeleted != true and ((.content // "") | startswith($marker)))
		| "\($thread.id)/comments/\(.id)"' "$work/threads.json")
	jq -n --rawfile text "$work/comment.md" '{content: $text}' >"$work/content.json"
	for one in $found; do
		# Somebody else may have begun a comment in the same way; this identity cannot rewrite it.
		if api PATCH "$threads/$one?api-version=7.1" <"$work/content.json" >/dev/null; then
			return
		fi
	done
	# Closed, as an open one may keep the pull request from being completed.
	jq -n --rawfile text "$work/comment.md" '{comments: [{parentCommentId: 0, content: $text, commentType: "text"}], status: "closed"}' |
		api POST "$threads?api-version=7.1" >/dev/null
}

case $forge in
github) github ;;
azure) azure ;;
*) fail "a merge request of GitLab shows plan/report.json by itself" ;;
esac

# shellcheck shell=sh
# Sourced by comment.sh and report-issue.sh: where they run, and how to call what is there.

# fail TEXT
fail() {
	echo "$(basename -- "$0"): $1" >&2
	exit 1
}

# shellcheck source-path=SCRIPTDIR source=log.sh
. "$(dirname -- "$0")/log.sh"

# forge, run_url, room and references are for those who source this. room is how many characters a text has in a comment or an issue: what the
# forge takes, less what is written around it. The three say how much that is in their refusals or on a page:
# GitHub: "Body is too long (maximum is 65536 characters)", https://github.com/telia-oss/github-pr-resource/issues/259
# GitLab: 1,000,000 characters, https://docs.gitlab.com/administration/instance_limits/
# Azure DevOps: "A discussion comment cannot be longer than 150000 characters", https://github.com/runatlantis/atlantis/pull/1585
references=false
# shellcheck disable=SC2034
if [ "${GITHUB_ACTIONS:-}" = true ]; then
	forge=github
	room=$((65536 - 2000))
	root=$GITHUB_API_URL/repos/$GITHUB_REPOSITORY
	run_url=$GITHUB_SERVER_URL/$GITHUB_REPOSITORY/actions/runs/$GITHUB_RUN_ID
	credential="Authorization: Bearer ${GITHUB_TOKEN:?needs the token of the job}"
elif [ "${GITLAB_CI:-}" = true ]; then
	forge=gitlab
	room=$((1000000 - 2000))
	root=$CI_API_V4_URL/projects/$CI_PROJECT_ID
	run_url=$CI_JOB_URL
	credential="PRIVATE-TOKEN: ${DRIFT_TOKEN:?needs a project access token with the scope api}"
elif [ "${TF_BUILD:-}" = True ]; then
	forge=azure
	room=$((150000 - 2000))
	references=true
	root=${SYSTEM_COLLECTIONURI}${SYSTEM_TEAMPROJECTID}/_apis
	run_url="${SYSTEM_COLLECTIONURI}${SYSTEM_TEAMPROJECTID}/_build/results?buildId=$BUILD_BUILDID"
	credential="Authorization: Bearer ${SYSTEM_ACCESSTOKEN:?needs \$(System.AccessToken) in the environment of the step}"
else
	fail "this is neither GitHub Actions nor GitLab CI nor Azure Pipelines"
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# api METHOD PATH [TYPE]: sends what is on standard input as JSON, nothing with GET, and prints the answer.
api() {
	: >"$work/answer.json"
	[ "$1" = GET ] || cat >"$work/request.json"
	# By a file rather than an argument: arguments are in the list of processes.
	printf '%s\n' "$credential" >"$work/header"
	if [ "$1" = GET ]; then
		set -- "$1" "$2" --retry 3
	elif [ ! -s "$work/request.json" ]; then
		echo "$(basename -- "$0"): there is nothing to send to $2" >&2
		return 1
	else
		# A creation that is repeated may create twice.
		set -- "$1" "$2" --header "Content-Type: ${3:-application/json}" --data-binary "@$work/request.json"
	fi
	method=$1 path=$2
	shift 2
	if ! curl --silent --show-error --fail-with-body --max-time 60 --request "$method" --header "@$work/header" "$@" \
		--output "$work/answer.json" "$root$path"; then
		echo "$(basename -- "$0"): $method $root$path was refused:" >&2
		printable <"$work/answer.json" >&2
		return 1
	fi
	cat "$work/answer.json"
}

# block FILE: the text as one block of Markdown, as much of it as there is room for. In Azure DevOps, references in it are none either.
block() {
	report 'block($room; $references)' -R -s -r --argjson room "$room" --argjson references "$references" <"$1"
}

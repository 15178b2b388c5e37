# shellcheck shell=sh
# Sourced by the scripts that print what others have written: names of the tenant, messages of the service and of providers.

here=$(dirname -- "$0")

# report FILTER [OPTION...]: standard input through jq with the functions of report.jq.
report() {
	filter=$1
	shift
	jq -L "$here" "$@" "include \"report\"; $filter"
}

# printable: standard input for a log, line by line: what is invisible is shown, and no line is a command to the runner. It outlives a signal
# and reads on after a mistake of its own, because a command that cannot print any more would be ended in the middle of its work.
printable() (
	trap '' HUP INT TERM
	report harmless -R -r --unbuffered || {
		echo "$(basename -- "$0"): the rest of this output cannot be shown"
		cat >/dev/null
	}
)

# logged COMMAND [ARGUMENT...]: runs it with what it prints made printable, and has its exit code, which a pipe would hide.
logged() {
	exit_code=$(mktemp)
	{
		code=0
		"$@" 2>&1 || code=$?
		echo "$code" >"$exit_code"
	} | printable
	read -r code <"$exit_code" || code=1
	rm -f "$exit_code"
	return "$code"
}

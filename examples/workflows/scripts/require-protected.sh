#!/bin/sh
# GitLab: fails unless the subject of this job's token tells of a protected environment: require-protected.sh
#
# Microsoft Entra ID compares the subject and nothing else. With the one that GitLab writes by itself, which names the branch, every job of
# main could sign in as the app that applies, a plan with code of providers in it as well. It is a mistake of the set-up that is found here;
# what keeps others out is the federated credential, which has to have the same subject. ARM_OIDC_TOKEN is the token.
set -eu

subject=$(printf '%s' "${ARM_OIDC_TOKEN:?needs the token of the job}" |
	jq -R -r 'split(".")[1] // "" | gsub("-"; "+") | gsub("_"; "/") | @base64d | fromjson | .sub')
case $subject: in
*:environment_protected:true:*) ;;
*)
	echo "require-protected.sh: the subject of the token is \"$subject\", which tells of no protected environment." >&2
	echo 'Protect the environment, and put environment_protected into the subject of the project; README.md of the workflows says how.' >&2
	exit 1
	;;
esac

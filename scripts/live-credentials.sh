#!/bin/sh
# Refuses a run against a real tenant that could not sign in, and says which variables are missing.
set -eu

missing=
# need <what it is for> <variable>...: one of the variables must be set.
need() {
	what=$1
	shift
	for name in "$@"; do
		eval "value=\${$name:-}"
		[ -z "$value" ] || return 0
	done
	missing="$missing
  $what: $(echo "$*" | sed 's/ / or /g')"
}

need 'the tenant' ARM_TENANT_ID AZURE_TENANT_ID
# The Azure CLI is the one way to sign in that needs no application.
if [ "${ARM_USE_CLI:-}" != true ]; then
	need 'the application' ARM_CLIENT_ID ARM_CLIENT_ID_FILE_PATH AZURE_CLIENT_ID ARM_USE_MSI
	need 'its credential' ARM_CLIENT_SECRET ARM_CLIENT_SECRET_FILE_PATH AZURE_CLIENT_SECRET \
		ARM_CLIENT_CERTIFICATE ARM_CLIENT_CERTIFICATE_PATH AZURE_CLIENT_CERTIFICATE_PATH \
		ARM_USE_OIDC ARM_USE_AKS_WORKLOAD_IDENTITY AZURE_FEDERATED_TOKEN_FILE ARM_USE_MSI
fi
[ -n "$missing" ] || exit 0

cat >&2 <<TEXT
testacc-live changes a REAL Microsoft Entra tenant. Use one that was made for tests.
It does not start, because these environment variables are not set:
$missing

or ARM_USE_CLI=true with ARM_TENANT_ID, to act as the account that \`az login\` signed in.
CONTRIBUTING.md lists the permissions that the application needs.
TEXT
exit 1

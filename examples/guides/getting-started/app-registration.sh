#!/bin/sh
# One app registration with what `plan` and `apply` need, by the Azure CLI. Sign in before as an administrator who may
# consent to application permissions: az login --tenant <tenant id> --allow-no-subscriptions
set -eu

graph=00000003-0000-0000-c000-000000000000 # Microsoft Graph, in every tenant

app=$(az ad app create --display-name "MFA as code" --query appId --output tsv)
az ad sp create --id "$app" --output none

for permission in \
	User.Read.All \
	Policy.Read.All \
	GroupMember.Read.All \
	Policy.ReadWrite.AuthenticationMethod \
	Policy.ReadWrite.ConditionalAccess; do
	role=$(az ad sp show --id "$graph" --query "appRoles[?value=='$permission'].id" --output tsv)
	az ad app permission add --id "$app" --api "$graph" --api-permissions "$role=Role" --only-show-errors
done
az ad app permission admin-consent --id "$app"

echo "export ARM_TENANT_ID=$(az account show --query tenantId --output tsv)"
echo "export ARM_CLIENT_ID=$app"

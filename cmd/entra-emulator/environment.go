package main

import (
	"slices"
	"strings"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator"
)

// What the environment says about tenants and identities in this way or another. A command gets the emulator's in their place: with a
// certificate or an endpoint left over it would sign in elsewhere, or reach a real tenant.
var (
	identityPrefixes  = []string{"ARM_", "AZURE_", "ENTRAMFA_"}
	identityVariables = []string{
		// Managed identities of App Service, Functions, Azure Arc and Service Fabric.
		"IDENTITY_ENDPOINT", "IDENTITY_HEADER", "IDENTITY_SERVER_THUMBPRINT", "IMDS_ENDPOINT", "MSI_ENDPOINT", "MSI_SECRET",
		// Federated tokens of GitHub Actions and Azure Pipelines.
		"ACTIONS_ID_TOKEN_REQUEST_TOKEN", "ACTIONS_ID_TOKEN_REQUEST_URL", "SYSTEM_ACCESSTOKEN", "SYSTEM_OIDCREQUESTURI",
	}
)

// switchedOff are the ways to sign in that are tried where no secret is set.
var switchedOff = []emulator.EnvVar{
	{Name: "ARM_USE_CLI", Value: "false"},
	{Name: "ARM_USE_MSI", Value: "false"},
	{Name: "ARM_USE_OIDC", Value: "false"},
	{Name: "ARM_USE_AKS_WORKLOAD_IDENTITY", Value: "false"},
}

func isIdentityVariable(name string) bool {
	name = strings.ToUpper(name) // as Windows compares them
	return slices.Contains(identityVariables, name) ||
		slices.ContainsFunc(identityPrefixes, func(prefix string) bool { return strings.HasPrefix(name, prefix) })
}

// withoutIdentities is an environment without those variables, whose names are hidden.
func withoutIdentities(environment []string) (kept, hidden []string) {
	for _, variable := range environment {
		// On Windows names may begin with =.
		if name, _, ok := strings.Cut(variable, "="); ok && isIdentityVariable(name) {
			hidden = append(hidden, name)
			continue
		}
		kept = append(kept, variable)
	}
	slices.Sort(hidden)
	return kept, slices.Compact(hidden)
}

package server

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client"
)

// scopeNeeds are what this provider does, and the scopes of which a signed-in user's token needs one for it, the least first.
//
// Source: https://learn.microsoft.com/graph/permissions-reference and the pages of the requests
var scopeNeeds = []struct {
	purpose string
	scopes  []string
}{
	{"reading users", []string{"User.Read.All", "User.ReadWrite.All", "Directory.Read.All", "Directory.ReadWrite.All", "Directory.AccessAsUser.All"}},
	{"reading per-user MFA states and the registration campaign", []string{"Policy.Read.All", "Policy.ReadWrite.AuthenticationMethod"}},
	{"reading named locations and Conditional Access policies", []string{"Policy.Read.All"}},
	{"writing per-user MFA states and the registration campaign", []string{"Policy.ReadWrite.AuthenticationMethod"}},
	{"writing trusted IPs", []string{"Policy.ReadWrite.ConditionalAccess"}},
	{"allow_promotion", []string{"UserAuthenticationMethod.Read.All", "UserAuthenticationMethod.ReadWrite.All"}},
	{"reading the members of groups", []string{
		"GroupMember.Read.All", "GroupMember.ReadWrite.All", "Group.Read.All", "Group.ReadWrite.All", "Directory.Read.All", "Directory.ReadWrite.All",
		"Directory.AccessAsUser.All",
	}},
}

// missingScopes lists what a token with these scopes is not good for, each with the scope that it lacks.
func missingScopes(scopes []string) []string {
	var missing []string
	for _, need := range scopeNeeds {
		if !slices.ContainsFunc(need.scopes, func(scope string) bool { return slices.Contains(scopes, scope) }) {
			missing = append(missing, need.scopes[0]+": "+need.purpose)
		}
	}
	return missing
}

// warnOfMissingScopes says at the start what Microsoft Graph is going to refuse to a signed-in user. An app's permissions can
// be extended where they are refused; the scopes of the Azure CLI's token cannot.
func warnOfMissingScopes(ctx context.Context, signedIn *client.Client, diags *diag.Diagnostics) {
	scopes, delegated := signedIn.DelegatedScopes(ctx)
	if !delegated {
		return
	}
	if missing := missingScopes(scopes); len(missing) > 0 {
		diags.AddWarning("The signed-in user's token lacks scopes",
			fmt.Sprintf("Signed in as a user (Azure CLI). Whatever the user's roles are, Microsoft Graph refuses what needs one of these scopes, because the "+
				"token does not have them:\n\n- %s\n\nWhere one is needed, sign in as an app registration that has it as an application permission.",
				strings.Join(missing, "\n- ")))
	}
}

package provider

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client"
)

// A guard that grows or shrinks in the same change that it judges judges nothing: staff who become emergency access accounts may
// be excluded, and an account that leaves the guard may be asked. So a resource remembers whom the guard held when it was applied.

// memoryGuarded is the key of a guardMemory in the private state.
const memoryGuarded = "guarded"

// guardMemory are the accounts of a guard by object id in lower case, with their names; nil where nobody remembers any guard.
type guardMemory map[string]string

// recallGuard reads whom the guard held when a resource was applied last. What cannot be read is not remembered.
func recallGuard(ctx context.Context, private privateState, diags *diag.Diagnostics) guardMemory {
	text, problems := private.GetKey(ctx, memoryGuarded)
	diags.Append(problems...)
	return client.DecodeNames(text)
}

// remember keeps whom the guard holds, in the private state of a resource that was applied.
func (e *emergencyAccess) remember(ctx context.Context, private privateState, diags *diag.Diagnostics) {
	now := guardMemory{}
	for _, account := range e.sorted() {
		now[strings.ToLower(account.ID)] = personName(account.User)
	}
	diags.Append(private.SetKey(ctx, memoryGuarded, client.EncodeNames(now))...)
}

// left are the remembered accounts that the guard does not hold any more, as a guard of their own.
func (m guardMemory) left(guard *emergencyAccess) *emergencyAccess {
	gone := &emergencyAccess{accounts: map[string]*emergencyAccount{}}
	for id, name := range m {
		if _, still := guard.source(id); !still {
			gone.add(client.User{ID: id, UserPrincipalName: name}, "an emergency access account when this was applied last")
		}
	}
	return gone
}

// fewAccounts is how many emergency access accounts somebody may have. Microsoft recommends two or more; a group with more people
// than this is not one of such accounts only.
//
// Source: https://learn.microsoft.com/entra/identity/role-based-access-control/security-emergency-access
const fewAccounts = 5

// newcomers are the accounts that an excluded target holds and that were no emergency access accounts before. Where nobody
// remembers who was, few of them count as known.
func (e *emergencyAccess) newcomers(target client.CampaignTarget, then guardMemory) []string {
	var names []string
	id := strings.ToLower(target.ID)
	for _, account := range e.sorted() {
		_, known := then[strings.ToLower(account.ID)]
		if !known && (strings.EqualFold(account.ID, id) || slices.Contains(account.groupIDs, id)) {
			names = append(names, personName(account.User))
		}
	}
	if then == nil && len(names) <= fewAccounts {
		return nil
	}
	return names
}

// warnGuardLeft warns of a per-user state that asks for MFA an account that was an emergency access account when the resource was
// applied last, and that the guard does not hold any more.
func (d *providerData) warnGuardLeft(then guardMemory, user client.User, state client.MFAState, at path.Path, diags *diag.Diagnostics) {
	if _, was := then[strings.ToLower(user.ID)]; !was || state == client.MFADisabled {
		return
	}
	if _, still := d.guard().source(user.ID); still {
		return
	}
	diags.AddAttributeWarning(at, "An account leaves emergency_access and is asked for MFA",
		fmt.Sprintf("This was an emergency access account of the provider block when the resource was applied last, and is none any more:\n\n%s\n\nWith the state %q the account cannot sign "+
			"in when MFA does not work. If it is still one, put it back into emergency_access.", accountLines(user), state))
}

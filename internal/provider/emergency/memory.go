package emergency

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/diagnose"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/resourcekit"
)

// A guard that grows or shrinks in the same change that it judges judges nothing: staff who become emergency access accounts may
// be excluded, and an account that leaves the guard may be asked. So a resource remembers whom the guard held when it was applied.

// memoryGuarded is the key of a Memory in the private state.
const memoryGuarded = "guarded"

// Memory are the accounts of a guard by object id in lower case, with their names; nil where nobody remembers any guard.
type Memory map[string]string

// Recall reads whom the guard held when a resource was applied last. What cannot be read is not remembered.
func Recall(ctx context.Context, private resourcekit.PrivateState, diags *diag.Diagnostics) Memory {
	return client.DecodeNames(resourcekit.KeptValue(ctx, private, memoryGuarded, diags))
}

// Remember keeps whom the guard holds, in the private state of a resource that was applied.
func (e *Guard) Remember(ctx context.Context, private resourcekit.PrivateState, diags *diag.Diagnostics) {
	now := Memory{}
	for _, account := range e.sorted() {
		now[strings.ToLower(account.ID)] = diagnose.Person(account.User)
	}
	resourcekit.KeepValue(ctx, private, memoryGuarded, client.EncodeNames(now), diags)
}

// Left are the remembered accounts that the guard does not hold any more, as a guard of their own.
func (m Memory) Left(guard *Guard) *Guard {
	gone := &Guard{accounts: map[string]*Account{}}
	for id, name := range m {
		if _, still := guard.Source(id); !still {
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

// Newcomers are the accounts that an excluded target holds and that were no emergency access accounts before. Where nobody
// remembers who was, few of them count as known.
func (e *Guard) Newcomers(target client.CampaignTarget, then Memory) []string {
	var names []string
	id := strings.ToLower(target.ID)
	for _, account := range e.sorted() {
		_, known := then[strings.ToLower(account.ID)]
		if !known && (strings.EqualFold(account.ID, id) || slices.Contains(account.GroupIDs, id)) {
			names = append(names, diagnose.Person(account.User))
		}
	}
	if then == nil && len(names) <= fewAccounts {
		return nil
	}
	return names
}

// guardsBefore are the accounts of the guards that resources of this run were applied with last: a resource that is new has no memory of
// its own.
type guardsBefore struct {
	mutex sync.Mutex
	names Memory
}

// Note takes note of whom a resource was applied with.
func (g *guardsBefore) Note(then Memory) {
	g.mutex.Lock()
	defer g.mutex.Unlock()
	if g.names == nil {
		g.names = Memory{}
	}
	maps.Copy(g.names, then)
}

func (g *guardsBefore) has(id string) bool {
	g.mutex.Lock()
	defer g.mutex.Unlock()
	_, was := g.names[strings.ToLower(id)]
	return was
}

// AskedUser is a user whom a plan asks for MFA.
type AskedUser struct{ ID, Name string }

// WarnGuardLeft warns of users who are asked for MFA, were emergency access accounts when a resource of this run was applied last, and that
// the guard does not hold any more.
func (s *State) WarnGuardLeft(users []AskedUser, at path.Path, diags *diag.Diagnostics) {
	var lines []string
	for _, user := range users {
		if _, still := s.Guard.Source(user.ID); still || !s.Before.has(user.ID) {
			continue
		}
		lines = append(lines, fmt.Sprintf("%s (object id %s)", user.Name, user.ID))
	}
	if len(lines) == 0 {
		return
	}
	diags.AddAttributeWarning(at, fmt.Sprintf("%s no longer in emergency_access and asked for MFA", sentenceSubject(len(lines))),
		fmt.Sprintf("The provider block named them as emergency access accounts when it was applied last, and does not any more:\n\n%s\n\nAn account that is asked for MFA "+
			"cannot sign in when MFA does not work. If they are still emergency access accounts, put them back into emergency_access.", diagnose.List(lines)))
}

func sentenceSubject(n int) string {
	if n == 1 {
		return "An account is"
	}
	return fmt.Sprintf("%d accounts are", n)
}

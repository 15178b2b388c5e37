package peruser

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-log/tflog"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/mfa"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/diagnose"
)

// userEntryPath is where a user stands in the configuration.
func userEntryPath(key string) path.Path { return path.Root("users").AtMapKey(key) }

// userFailure is a user for whom something did not work.
type userFailure struct {
	key, name string
	err       error
}

func failedNames(failures []userFailure) []string {
	names := make([]string, len(failures))
	for i, failure := range failures {
		names[i] = failure.name
	}
	return names
}

// firstFailure is the first one that was tried, if any was: it says why the others were not.
func firstFailure(failures []userFailure) userFailure {
	for _, failure := range failures {
		if !errors.Is(failure.err, client.ErrNotTried) {
			return failure
		}
	}
	return failures[0]
}

// describeUserError is diagnose.Describe with what only work on many users knows.
func describeUserError(failure userFailure) string {
	if errors.Is(failure.err, client.ErrUserGone) {
		return fmt.Sprintf("%s does not exist any more.", failure.name)
	}
	summary, detail := diagnose.Describe(failure.err)
	return diagnose.Sentence(summary) + " " + detail
}

// What to do about users who have left: in a configuration, and in an import.
const (
	adviceLeftUsers  = "Remove users who have left from users; nothing else is needed. " + adviceDestroy
	adviceLeftImport = "Leave users who have left out of the import."
)

// addMissingUsers names the users who do not exist, all of them at once; more are paragraphs of advice.
func addMissingUsers(diags *diag.Diagnostics, failures []userFailure, more ...string) {
	if len(failures) == 0 {
		return
	}
	first := failures[0]
	if len(failures) == 1 {
		addUserError(diags, userEntryPath(first.key), first.key, first.err, more...)
		return
	}
	paragraphs := append([]string{
		fmt.Sprintf("There are no such users in %s (deleted ones do not count): %s.", diagnose.TenantOf(first.err), diagnose.Names(failedNames(failures), diagnose.NamedInErrors)),
		"Check the spelling, and that tenant_id of the provider block is the tenant of the users. " +
			"The name of a guest has the form adele_fabrikam.com#EXT#@contoso.onmicrosoft.com. " +
			"A user who was renamed is written with the new name.",
	}, more...)
	diags.AddAttributeError(userEntryPath(first.key), fmt.Sprintf("%d users not found", len(failures)), strings.Join(paragraphs, "\n\n"))
}

// describeHidden names the users of the state whose changes an error keeps out of the plan; empty where there are none.
func describeHidden(users []*wantedUser) string {
	var hidden []string
	for _, user := range users {
		if user.prior != nil && user.current != "" && user.wanted != "" && !user.settled() {
			hidden = append(hidden, fmt.Sprintf("%s, %s instead of %s", user.name(), user.current, user.wanted))
		}
	}
	if len(hidden) == 0 {
		return ""
	}
	return "Until then the plan shows no other change of this resource. These users do not have the state that is wanted:\n" + diagnose.List(hidden)
}

// addUnnamedMembers refuses members of a group of whom Graph tells the ids only, as it does where an app may read the group and not
// its users. What is by name would be by id then, and a user who is chosen by a property would be chosen by none.
//
// Source: https://learn.microsoft.com/graph/api/group-list-transitivemembers
func addUnnamedMembers(diags *diag.Diagnostics, groupID string, members []client.User) {
	var unnamed []string
	for _, member := range members {
		if member.UserPrincipalName == "" {
			unnamed = append(unnamed, member.ID)
		}
	}
	if len(unnamed) == 0 {
		return
	}
	diags.AddAttributeError(path.Root("group_id"), fmt.Sprintf("The members of group %q have no names", groupID),
		fmt.Sprintf("Microsoft Graph lists these users of the group by object id and leaves out their names, as it does for an app that may read the group and not "+
			"its users: %s.\n\nGrant the app the application permission User.Read.All of Microsoft Graph, with admin consent. A signed-in user needs a role that "+
			"allows it as well, and a token with that scope, which the Azure CLI's may lack.", diagnose.Names(unnamed, diagnose.NamedInErrors)))
}

// addUserFailures reports users who cannot be read; deed completes "Unable to ... 12 users".
func addUserFailures(diags *diag.Diagnostics, deed string, failures []userFailure) {
	switch {
	case len(failures) == 0:
	case len(failures) == 1:
		diagnose.AttributeError(diags, userEntryPath(failures[0].key), failures[0].err)
	default:
		first := firstFailure(failures)
		diags.AddAttributeError(userEntryPath(first.key), fmt.Sprintf("Unable to %s of %d users", deed, len(failures)),
			fmt.Sprintf("The users are: %s.\n\nThe first of these failures: %s", diagnose.Names(failedNames(failures), diagnose.NamedInErrors), describeUserError(first)))
	}
}

// addSamePeople refuses entries that are one user.
func addSamePeople(diags *diag.Diagnostics, same [][]*wantedUser) {
	if len(same) == 0 {
		return
	}
	var pairs []string
	for _, group := range same {
		keys := make([]string, len(group))
		for i, user := range group {
			keys[i] = fmt.Sprintf("%q", user.key)
		}
		pairs = append(pairs, fmt.Sprintf("%s (object id %s)", strings.Join(keys, " and "), group[0].user.ID))
	}
	diags.AddAttributeError(userEntryPath(same[0][1].key), "The same user twice",
		fmt.Sprintf("These keys name one and the same user: %s. Keep one key for each user: two could want different states.", diagnose.Names(pairs, diagnose.NamedInErrors)))
}

// addRefusals reports the moves that the rules do not permit, all of them in one error, a paragraph for each reason.
func addRefusals(diags *diag.Diagnostics, failures []userFailure) {
	var reasons []mfa.TransitionReason
	names, examples := map[mfa.TransitionReason][]string{}, map[mfa.TransitionReason]*mfa.TransitionError{}
	for _, failure := range failures {
		var refusal *mfa.TransitionError
		if !errors.As(failure.err, &refusal) {
			continue
		}
		if examples[refusal.Reason] == nil {
			reasons = append(reasons, refusal.Reason)
			examples[refusal.Reason] = refusal
		}
		names[refusal.Reason] = append(names[refusal.Reason], fmt.Sprintf("%s (%s)", failure.name, refusal.From))
	}
	if len(failures) == 0 {
		return
	}
	if len(failures) == 1 {
		diagnose.AttributeError(diags, userEntryPath(failures[0].key), failures[0].err)
		return
	}
	var paragraphs []string
	for _, reason := range reasons {
		_, explanation, remedy := diagnose.Transition(examples[reason])
		paragraphs = append(paragraphs, fmt.Sprintf("%s\n\n%s %s", diagnose.Names(names[reason], diagnose.NamedInErrors), explanation, remedy))
	}
	diags.AddAttributeError(userEntryPath(failures[0].key),
		fmt.Sprintf("The per-user MFA state of %d users cannot move to enforced", len(failures)), strings.Join(paragraphs, "\n\n"))
}

// bare cuts the state off names like "adele@contoso.com (enforced)".
func bare(names []string) []string {
	if len(names) != 1 {
		return names
	}
	if at := strings.LastIndex(names[0], " ("); at > 0 {
		return []string{names[0][:at]}
	}
	return names
}

func withState(name string, state mfa.State) string {
	return fmt.Sprintf("%s (%s)", name, cmp.Or(state, "not known"))
}

// warnUnconfirmedMany says which changes could not be read back.
func warnUnconfirmedMany(diags *diag.Diagnostics, failures []userFailure) {
	if len(failures) == 0 {
		return
	}
	diags.AddWarning(fmt.Sprintf("The new MFA state of %s is not confirmed yet", diagnose.People(failedNames(failures))),
		fmt.Sprintf("Microsoft Graph accepted the changes of %s, and reading them back did not show them. The first: %s\n\n"+
			"The states are recorded as written. The next plan shows a difference for those that did not last.",
			diagnose.Names(failedNames(failures), diagnose.NamedInWarnings), diagnose.Unconfirmed(failures[0].err)))
}

// Long work is told about this often.
const (
	progressUsers    = 500
	progressInterval = 10 * time.Second
)

// logProgress makes a function that tells Terraform's log how far work on many users is.
func logProgress(ctx context.Context, deed string, total int) func(done int) {
	var mutex sync.Mutex
	told := time.Now()
	return func(done int) {
		mutex.Lock()
		defer mutex.Unlock()
		if done%progressUsers != 0 && time.Since(told) < progressInterval {
			return
		}
		told = time.Now()
		tflog.Info(ctx, deed, map[string]any{"done": done, "total": total})
	}
}

func renamedSummary(n int) string {
	if n == 1 {
		return "A name in users belongs to somebody else now"
	}
	return fmt.Sprintf("%d names in users belong to somebody else now", n)
}

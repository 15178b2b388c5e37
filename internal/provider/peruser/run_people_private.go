package peruser

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/google/uuid"
	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/mfa"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/diagnose"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/resourcekit"
)

// replacementKey is a key of the private state that is in plans only: what the destroy of a replaced resource may do. A resource that is
// tainted, or replaced by -replace, Terraform plans like a new one, and gives the destroy what that plan has kept.
const replacementKey = "replacement"

// replacement is what a plan tells the destroy of the resource that it replaces. Ids are object ids in lower case.
type replacement struct {
	// Kept are the users whom the new resource has as well. They stay as they are.
	Kept []string `json:"kept"`
	// Told are the users of whom the plan has said that they lose per-user MFA. Of a tainted resource it can say that of nobody, because
	// Terraform does not show the old one.
	Told []string `json:"told"`
	// Planned says that the new resource was planned.
	Planned bool `json:"planned"`
	// Owner is the instance that is planned, in the plan that may be followed by one of the new resource.
	Owner string `json:"owner,omitempty"`
}

func readReplacement(ctx context.Context, private resourcekit.PrivateState, diags *diag.Diagnostics) replacement {
	return resourcekit.KeptJSON[replacement](ctx, private, replacementKey, diags)
}

// replaces is the instance that a new one replaces; empty where it replaces none, or a tainted one.
func (r replacement) replaces(create bool) string {
	if !create {
		return ""
	}
	return r.Owner
}

// write keeps a replacement in a plan.
func (r replacement) write(ctx context.Context, private resourcekit.PrivateState, diags *diag.Diagnostics) {
	slices.Sort(r.Kept)
	resourcekit.KeepJSON(ctx, private, replacementKey, r, diags)
}

// forgetReplacement keeps what is for plans out of the state.
func forgetReplacement(ctx context.Context, private resourcekit.PrivateState, diags *diag.Diagnostics) {
	resourcekit.KeepValue(ctx, private, replacementKey, nil, diags)
}

// told notes in the plan of an instance who loses per-user MFA, in case that the instance is replaced: Terraform hands it on to the plan of
// the new one.
func (u managedUsers) told(ctx context.Context, owner string, private resourcekit.PrivateState, diags *diag.Diagnostics) {
	replacement{Told: lowered(u.ids()), Owner: owner}.write(ctx, private, diags)
}

// keep notes in the plan of a new resource whom it has, in case that it replaces another one.
func (r replacement) keep(ctx context.Context, ids []string, private resourcekit.PrivateState, diags *diag.Diagnostics) {
	replacement{Kept: lowered(ids), Told: r.Told, Planned: true}.write(ctx, private, diags)
}

func lowered(ids []string) []string {
	low := make([]string, 0, len(ids))
	for _, id := range ids {
		if id != "" {
			low = append(low, strings.ToLower(id))
		}
	}
	return low
}

// split says which users a destroy disables, and who would be disabled without the plan having told.
func (r replacement) split(users managedUsers) (disabled, untold managedUsers) {
	if !r.Planned {
		return users, nil
	}
	told := map[string]bool{}
	for _, id := range r.Told {
		told[id] = true
	}
	for _, user := range users {
		id := strings.ToLower(user.id)
		_, kept := slices.BinarySearch(r.Kept, id)
		switch {
		case kept:
		case told[id]:
			disabled = append(disabled, user)
		case decide(user.leaving(false, false)).loses:
			untold = append(untold, user)
		}
	}
	return disabled, untold
}

// warnLeftAsTheyAre says whom a destroy has left as they are because the plan could not tell of them.
func warnLeftAsTheyAre(diags *diag.Diagnostics, users managedUsers) {
	if len(users) == 0 {
		return
	}
	names := weakened(users)
	diags.AddWarning(fmt.Sprintf("%s left with per-user MFA", peopleAre(bare(names))),
		fmt.Sprintf("The resource was replaced, and the new one does not have them: %s. The plan has not said that they lose per-user MFA, as Terraform shows no plan "+
			"for what a tainted resource was, so they stay as they are. No resource of this run manages them any more. To disable them, add them to a resource "+
			"with the state \"disabled\".", diagnose.Names(names, diagnose.NamedInWarnings)))
}

// foundNow gives users who are about to be destroyed the states that they have now. Terraform, unlike OpenTofu, plans the destruction of what
// stands in the configuration no longer from the state of before the refresh. Who has per-user MFA by the state loses it as the plan says;
// only the others are looked at, where the run has not read them already.
func (d *run) foundNow(ctx context.Context, users managedUsers) managedUsers {
	if !d.Ready() {
		return users
	}
	users = slices.Clone(users)
	var unread []int
	var questions []client.User
	for i, user := range users {
		if decide(user.leaving(false, false)).loses {
			continue
		}
		if state, known := d.people.found(user.id); known {
			users[i].effective = state
			continue
		}
		unread, questions = append(unread, i), append(questions, user.user())
	}
	for n, outcome := range d.Client.FindUserMFAStates(ctx, questions, 0, nil) {
		// Who cannot be read is as the state says, and the destroy looks again.
		if outcome.Err == nil {
			users[unread[n]].effective = outcome.Value
		}
	}
	return users
}

// keepFound notes in the plan of a destroy what was found, by object id in lower case, where it is not what the state has.
func keepFound(ctx context.Context, before, now managedUsers, private resourcekit.PrivateState, diags *diag.Diagnostics) {
	found := map[string]mfa.State{}
	for i, user := range now {
		if user.effective != before[i].effective {
			found[strings.ToLower(user.id)] = user.effective
		}
	}
	if len(found) > 0 {
		resourcekit.KeepJSON(ctx, private, resourcekit.FoundKey, found, diags)
	}
}

// asPlanned gives the users of a destroy the states that its plan has found.
func asPlanned(ctx context.Context, users managedUsers, private resourcekit.PrivateState, diags *diag.Diagnostics) managedUsers {
	found := resourcekit.KeptJSON[map[string]mfa.State](ctx, private, resourcekit.FoundKey, diags)
	if len(found) == 0 {
		return users
	}
	users = slices.Clone(users)
	for i, user := range users {
		if state, ok := found[strings.ToLower(user.id)]; ok {
			users[i].effective = state
		}
	}
	return users
}

// newUserOwner names a new instance.
func newUserOwner(ctx context.Context, private resourcekit.PrivateState, diags *diag.Diagnostics) string {
	name := uuid.NewString()
	resourcekit.KeepText(ctx, private, resourcekit.InstanceKey, name, diags)
	return name
}

// userOwner names an instance of the state. One that an earlier version has made is called by its user.
func userOwner(ctx context.Context, private resourcekit.PrivateState, state *userMFAStateModel, diags *diag.Diagnostics) string {
	if name := resourcekit.KeptText(ctx, private, resourcekit.InstanceKey, diags); name != "" {
		return name
	}
	return "user " + strings.ToLower(state.ID.ValueString())
}

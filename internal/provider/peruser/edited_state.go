package peruser

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/diagnose"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/resourcekit"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/value"
)

// A state that was edited by hand may have the object id of one user where it names another. A plan from it would be about other people
// than the configuration names: empty where two ids are swapped, or a loss for somebody who was never managed. Such a state is refused.
// A user who is renamed keeps the object id, so a rename alone is not such a case.

const summaryOtherUser = "The state has the object id of another user"

// sameIdentity refuses a state of one user whose object id is not that of the identity, which Terraform keeps beside the attributes. Older
// versions of Terraform and OpenTofu keep none.
func (m *userMFAStateModel) sameIdentity(ctx context.Context, kept *tfsdk.ResourceIdentity, diags *diag.Diagnostics) bool {
	if kept == nil || kept.Raw.IsNull() {
		return true
	}
	var identity userMFAStateIdentity
	diags.Append(kept.Get(ctx, &identity)...)
	if diags.HasError() {
		return false
	}
	if id := identity.UserID.ValueString(); id != "" && !strings.EqualFold(id, m.ID.ValueString()) {
		diags.AddError(summaryOtherUser, fmt.Sprintf("id is %s in the state, and the identity of the resource has user_id %s. %s", m.ID.ValueString(), id, resourcekit.AdviceEdited))
		return false
	}
	return true
}

// pairsKey is the key of the digest of keys and object ids in the private state. With it a refresh of users by name needs no look-up.
const pairsKey = "user_ids"

// digestPairs is which object id belongs to which key, both without case, in any order.
func digestPairs(users managedUsers) string {
	pairs := make([]string, len(users))
	for i, user := range users {
		pairs[i] = strings.ToLower(user.key + "\n" + user.id)
	}
	slices.Sort(pairs)
	digest := sha256.Sum256([]byte(strings.Join(pairs, "\n")))
	return hex.EncodeToString(digest[:])
}

// keepPairs notes the object ids of a state that is written.
func keepPairs(ctx context.Context, private resourcekit.PrivateState, users managedUsers, diags *diag.Diagnostics) {
	resourcekit.KeepText(ctx, private, pairsKey, digestPairs(users), diags)
}

// samePairs refuses a state of many users in which somebody has changed user_ids so that a name has the id of another user. Only where the
// ids are not those that were written, the users are looked up: entries that were moved from one state to another are right as they are.
func (d *run) samePairs(ctx context.Context, private resourcekit.PrivateState, users managedUsers, diags *diag.Diagnostics) bool {
	kept := resourcekit.KeptText(ctx, private, pairsKey, diags)
	if kept == "" || kept == digestPairs(users) || !d.Ready() {
		return true
	}
	byID := map[string]managedUser{}
	for _, user := range users {
		if !value.IsGUID(user.key) {
			byID[strings.ToLower(user.id)] = user
		}
	}
	present, err := d.Client.UsersByID(ctx, slices.Sorted(maps.Keys(byID)))
	if err != nil {
		diagnose.Error(diags, err)
		return false
	}
	var others []managedUser
	var keys []string
	for _, user := range users {
		now, ok := present[strings.ToLower(user.id)]
		if ok && !value.IsGUID(user.key) && !strings.EqualFold(now.UserPrincipalName, user.key) {
			others, keys = append(others, user), append(keys, user.key)
		}
	}
	var lines []string
	for i, outcome := range d.Client.FindUsers(ctx, keys, 0, nil) {
		switch {
		case client.IsNotFound(outcome.Err):
			// A rename, as far as anybody can tell.
		case outcome.Err != nil:
			diagnose.Error(diags, outcome.Err)
			return false
		case !strings.EqualFold(outcome.Value.ID, others[i].id):
			lines = append(lines, fmt.Sprintf("%s: user_ids has %s, the object id of %s; the user with this name has %s", keys[i], others[i].id,
				present[strings.ToLower(others[i].id)].UserPrincipalName, outcome.Value.ID))
		}
	}
	if len(lines) == 0 {
		return true
	}
	diags.AddError(summaryOtherUser, fmt.Sprintf("user_ids is not what the provider has written, and has other users than users names:\n\n%s\n\n%s", diagnose.List(lines), resourcekit.AdviceEdited))
	return false
}

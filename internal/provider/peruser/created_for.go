package peruser

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/mfa"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/resourcekit"
)

// The plan of a create has one digest in place of the object id of each user. Terraform plans once more in the apply and refuses a digest that
// differs, so a name that belongs to another person by then changes nobody. The framework gives a create nothing of the private state of its
// plan, so whom that second plan has found is remembered for the run.

// createdFor is whom the plans of creates have found, by key in lower case.
type createdFor struct {
	mutex sync.Mutex
	found map[string]plannedUser
}

type plannedUser struct {
	id string
	// disabled says that the user was disabled, as is wanted.
	disabled bool
}

// plan remembers the users of a plan and returns their digest; it is unknown while a user or a wanted state is not known.
func (c *createdFor) plan(users []*wantedUser) types.String {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if c.found == nil {
		c.found = map[string]plannedUser{}
	}
	known := true
	for _, user := range users {
		disabled := user.wanted == mfa.Disabled && user.current == mfa.Disabled
		known = known && user.found() && user.wanted != "" && user.current != ""
		delete(c.found, strings.ToLower(user.key))
		if user.found() {
			c.found[strings.ToLower(user.key)] = plannedUser{user.user.ID, disabled}
		}
	}
	if !known {
		return types.StringUnknown()
	}
	return types.StringValue(digestCreated(users))
}

// recall gives the users of a create what its plan has found.
func (c *createdFor) recall(users []*wantedUser) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	for _, user := range users {
		if found, ok := c.found[strings.ToLower(user.key)]; ok && !user.found() {
			user.user = managedUser{key: user.key, id: found.id}.user()
			user.knownDisabled = user.wanted == mfa.Disabled && found.disabled
		}
	}
}

// digestCreated is which key stands for which object id, both without case, and who is disabled as wanted, in any order.
func digestCreated(users []*wantedUser) string {
	lines := make([]string, len(users))
	for i, user := range users {
		lines[i] = strings.ToLower(user.key + "\n" + user.user.ID)
		if user.wanted == mfa.Disabled && (user.knownDisabled || user.current == mfa.Disabled) {
			lines[i] += "\ndisabled"
		}
	}
	slices.Sort(lines)
	digest := sha256.Sum256([]byte(strings.Join(lines, "\n\n")))
	return hex.EncodeToString(digest[:])
}

// stillPlanned refuses a create whose users are not those that its plan was made for. Terraform has compared the plans already; this is for
// a create that was planned by another process.
func (r *userMFAStatesResource) stillPlanned(
	ctx context.Context, plan *userMFAStatesModel, users []*wantedUser, patience time.Duration, diags *diag.Diagnostics,
) bool {
	if plan.CreatedFor.IsUnknown() {
		return true
	}
	if plan.CreatedFor.ValueString() == digestCreated(users) {
		return true
	}
	var disabled []*wantedUser
	var questions []client.User
	for _, user := range users {
		if user.wanted == mfa.Disabled && !user.knownDisabled {
			disabled, questions = append(disabled, user), append(questions, user.user)
		}
	}
	for i, outcome := range r.Data.Client.FindUserMFAStates(ctx, questions, patience, nil) {
		disabled[i].knownDisabled = outcome.Err == nil && outcome.Value == mfa.Disabled
	}
	if plan.CreatedFor.ValueString() == digestCreated(users) {
		return true
	}
	resourcekit.ChangedSincePlan(diags, path.Root("users"), "Who the users are",
		"created_for_sha256 of the plan is not that of these users: a name belongs to another person, or a user who was disabled, as wanted, is not any more")
	return false
}

// idsOf are the object ids of users, as far as they are found.
func idsOf(users []*wantedUser) []string {
	var ids []string
	for _, user := range users {
		if user.found() {
			ids = append(ids, user.user.ID)
		}
	}
	return ids
}

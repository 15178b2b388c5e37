package provider

import (
	"context"
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"github.com/google/uuid"
	"github.com/hashicorp/terraform-plugin-framework/diag"
)

// Keys of the private state of a single user.
const (
	// instanceKey tells one instance from another one of the same user.
	instanceKey = "instance"
	// keptUserKey is in plans only: whom the destroy of a replaced resource leaves as they are.
	keptUserKey = "kept_user"
)

// keptUsersKey is the same for many users, a JSON list.
const keptUsersKey = "kept_users"

// runPeople are the people of the run; before the provider is configured nobody.
func (d *providerData) runPeople() *runPeople {
	if d == nil {
		return &runPeople{}
	}
	return &d.people
}

// newUserOwner names a new instance.
func newUserOwner(ctx context.Context, private privateState, diags *diag.Diagnostics) string {
	name := uuid.NewString()
	diags.Append(private.SetKey(ctx, instanceKey, []byte(strconv.Quote(name)))...)
	return name
}

// userOwner names an instance of the state. One that an earlier version has made is called by its user.
func userOwner(ctx context.Context, private privateState, state *userMFAStateModel, diags *diag.Diagnostics) string {
	if name := privateText(ctx, private, instanceKey, diags); name != "" {
		return name
	}
	return "user " + strings.ToLower(state.ID.ValueString())
}

// keptUser is the object id, in lower case, of the user whom a destroy leaves as they are; empty where there is none.
func keptUser(ctx context.Context, private privateState, diags *diag.Diagnostics) string {
	return strings.ToLower(privateText(ctx, private, keptUserKey, diags))
}

// privateText reads a text of the private state. What is no text counts as not there: nothing is lost by that.
func privateText(ctx context.Context, private privateState, key string, diags *diag.Diagnostics) string {
	value, problems := private.GetKey(ctx, key)
	diags.Append(problems...)
	text, err := strconv.Unquote(string(value))
	if err != nil {
		return ""
	}
	return text
}

// keptUsers are the object ids, in lower case, of the users whom a destroy leaves as they are.
func keptUsers(ctx context.Context, private privateState, diags *diag.Diagnostics) []string {
	value, problems := private.GetKey(ctx, keptUsersKey)
	diags.Append(problems...)
	var ids []string
	if len(value) > 0 && json.Unmarshal(value, &ids) != nil {
		return nil
	}
	return ids
}

// withoutKept leaves out users who stay as they are.
func withoutKept(users managedUsers, kept []string) managedUsers {
	slices.Sort(kept)
	return slices.DeleteFunc(users, func(user managedUser) bool {
		_, stays := slices.BinarySearch(kept, strings.ToLower(user.id))
		return stays
	})
}

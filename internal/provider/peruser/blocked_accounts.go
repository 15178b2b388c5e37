package peruser

import (
	"strings"
	"sync"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client"
)

// An account whose sign-in is blocked can be given a state, and nothing comes of it until the account is unblocked. That is harmless and
// often not meant, so a plan tells it where it writes such a state. No request is sent for it: a new user is looked up anyway, and a
// refresh of a single user reads the account. Of the other users nothing is known, and nothing is told.

// blockedAccounts are the accounts that a refresh of this run has found blocked, by object id in lower case.
type blockedAccounts struct {
	mutex sync.Mutex
	ids   map[string]bool
}

// note takes over what a user was found with. A user without the property says nothing.
func (b *blockedAccounts) note(user client.User) {
	if user.AccountEnabled == nil {
		return
	}
	b.mutex.Lock()
	defer b.mutex.Unlock()
	if b.ids == nil {
		b.ids = map[string]bool{}
	}
	b.ids[strings.ToLower(user.ID)] = !*user.AccountEnabled
}

// has reports whether a user is known to be blocked: by the user itself, or else by the refresh of this run.
func (b *blockedAccounts) has(user client.User) bool {
	if user.AccountEnabled != nil {
		return !*user.AccountEnabled
	}
	b.mutex.Lock()
	defer b.mutex.Unlock()
	return b.ids[strings.ToLower(user.ID)]
}

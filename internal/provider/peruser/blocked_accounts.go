package peruser

import (
	"fmt"
	"strings"
	"sync"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/diagnose"
)

// An account whose sign-in is blocked can be given a state, and nothing comes of it until the account is unblocked. That is harmless and
// often not meant, so a plan tells it where it writes such a state. No request is sent for it: a new user is looked up anyway, and a
// refresh of a single user reads the account. Of the other users nothing is known, and nothing is told.

// summaryBlocked names nobody, so that Terraform folds such warnings of many resources.
const summaryBlocked = "A blocked account gets per-user MFA"

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

// warnBlocked warns of blocked accounts to which the plan gives enabled or enforced, in one warning.
func warnBlocked(diags *diag.Diagnostics, at path.Path, names []string) {
	if len(names) == 0 {
		return
	}
	summary, who := summaryBlocked, "This account"
	if len(names) > 1 {
		summary, who = fmt.Sprintf("%d blocked accounts get per-user MFA", len(names)), "These accounts"
	}
	diags.AddAttributeWarning(at, summary, fmt.Sprintf("Sign-in is blocked (accountEnabled is false): %s. %s cannot sign in, and so cannot register a method. "+
		"The state is written all the same and takes effect once the account is unblocked, so it does no harm.\n\n"+
		"A blocked account is often a shared mailbox, which is usually left out. The data source entramfa_user_mfa_states leaves such accounts out with account_enabled = true.",
		diagnose.Names(names, diagnose.NamedInWarnings), who))
}

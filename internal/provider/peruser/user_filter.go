package peruser

import (
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client"
)

// Types of users.
//
// Source: https://learn.microsoft.com/graph/api/resources/user
const (
	userTypeMember = "Member"
	userTypeGuest  = "Guest"
)

// userFilter chooses users by what the directory knows of them. What is null chooses nobody and excludes nobody.
type userFilter struct {
	userType                 types.String
	accountEnabled, licensed types.Bool
}

// passes reports whether a user is chosen. unsaid names the attributes that Graph says nothing about for a user who passes otherwise: such
// a user is not chosen, neither by a value nor by its opposite.
func (f userFilter) passes(user client.User) (chosen bool, unsaid []string) {
	chosen = true
	compare := func(attribute string, asked, said, equal bool) {
		switch {
		case !asked:
		case !said:
			unsaid = append(unsaid, attribute)
		case !equal:
			chosen = false
		}
	}
	compare("user_type", !f.userType.IsNull(), user.UserType != "", strings.EqualFold(f.userType.ValueString(), user.UserType))
	is := func(attribute string, asked types.Bool, said *bool) {
		compare(attribute, !asked.IsNull(), said != nil, said != nil && *said == asked.ValueBool())
	}
	is("account_enabled", f.accountEnabled, user.AccountEnabled)
	is("licensed", f.licensed, user.Licensed())
	if !chosen {
		return false, nil
	}
	return len(unsaid) == 0, unsaid
}

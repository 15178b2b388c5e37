package main

import (
	"fmt"
	"strings"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
)

// providerConfiguration protects emergency access accounts, as every real one should: their look-up is part of the cost.
const providerConfiguration = `terraform {
  required_providers {
    entramfa = {
      source = "mfa-as-code/entramfa"
    }
  }
}

provider "entramfa" {
  emergency_access = {
    group_ids = ["d4e8f2b6-3a1c-4d5e-9b7f-1a2b3c4d5e03"] # of the emulator's sample tenant
  }
}
`

// tenantUsers are users with fixed ids, all disabled and without a method.
func tenantUsers(n int) []control.User {
	users := make([]control.User, n)
	for i := range users {
		name := fmt.Sprintf("user%05d", i+1)
		users[i] = control.User{
			ID: fmt.Sprintf("0b5e7c11-4d2a-4f3b-8c6d-%012x", i+1), UserPrincipalName: name + "@contoso.example", DisplayName: name,
			PerUserMFAState: control.StateDisabled,
		}
	}
	return users
}

// sameUsers gives the two names of each user one form.
func sameUsers(users []control.User) func(key string) string {
	ids := map[string]string{}
	for i := range users {
		ids[strings.ToLower(users[i].UserPrincipalName)] = users[i].ID
	}
	return func(key string) string {
		if id, found := ids[key]; found {
			return id
		}
		return key
	}
}

// singleResources has a block for each user: count and for_each have costs of their own in the CLI.
func singleResources(users []control.User) string {
	var text strings.Builder
	for i := range users {
		fmt.Fprintf(&text, "\nresource \"entramfa_user_mfa_state\" %q {\n  user_principal_name = %q\n  state               = %q\n}\n",
			users[i].DisplayName, users[i].UserPrincipalName, control.StateEnabled)
	}
	return text.String()
}

// usersResource enables the first of the users and has the others disabled.
func usersResource(users []control.User, enabled int) string {
	var text strings.Builder
	text.WriteString("\nresource \"entramfa_user_mfa_states\" \"staff\" {\n  users = {\n")
	for i := range users {
		state := control.StateEnabled
		if i >= enabled {
			state = control.StateDisabled
		}
		fmt.Fprintf(&text, "    %q = %q\n", users[i].UserPrincipalName, state)
	}
	text.WriteString("  }\n}\n")
	return text.String()
}

// locationResources are locations of a range each.
func locationResources(n int) string {
	var text strings.Builder
	for i := range n {
		fmt.Fprintf(&text, "\nresource \"entramfa_trusted_ips\" \"site%03d\" {\n  display_name = \"Site %d\"\n  ip_ranges    = [%q]\n}\n", i+1, i+1, publicRange(i))
	}
	return text.String()
}

// rangesResource is one location of n ranges, beginning with a certain one.
func rangesResource(first, n int) string {
	var text strings.Builder
	fmt.Fprintf(&text, "\nresource \"entramfa_trusted_ips\" \"sites\" {\n  display_name = \"Sites %d\"\n  ip_ranges = [\n", n)
	for i := range n {
		fmt.Fprintf(&text, "    %q,\n", publicRange(first+i))
	}
	text.WriteString("  ]\n}\n")
	return text.String()
}

// publicRange is a range that is neither private nor reserved, and no two of them touch.
func publicRange(i int) string { return fmt.Sprintf("20.%d.%d.0/25", i/256, i%256) }

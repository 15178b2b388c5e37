package provider

import (
	"testing"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client"
)

// Microsoft Graph answers ids in lower case, and nobody promises that it always will.
func TestTheGuardComparesIDsWithoutCase(t *testing.T) {
	t.Parallel()
	for _, given := range []string{"ABCDEF00-0000-4000-8000-000000000001", "abcdef00-0000-4000-8000-000000000001"} {
		guard := &emergencyAccess{accounts: map[string]*emergencyAccount{}, groupIDs: []string{"abcdef00-0000-4000-8000-0000000000aa"}}
		guard.add(client.User{ID: given}, "listed")
		for _, asked := range []string{"ABCDEF00-0000-4000-8000-000000000001", "abcdef00-0000-4000-8000-000000000001"} {
			if _, held := guard.source(asked); !held || !guard.holds(asked) {
				t.Errorf("a guard of %s does not hold %s", given, asked)
			}
		}
		if !guard.holds("ABCDEF00-0000-4000-8000-0000000000AA") || guard.holds("abcdef00-0000-4000-8000-000000000002") {
			t.Error("the guard holds others than its groups")
		}
	}
}

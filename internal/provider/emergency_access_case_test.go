package provider

import (
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

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

func TestAnAccountThatLeavesTheGuardAndIsAskedIsTold(t *testing.T) {
	t.Parallel()
	const id = "abcdef00-0000-4000-8000-000000000001"
	user := client.User{ID: "ABCDEF00-0000-4000-8000-000000000001", UserPrincipalName: "rescue@contoso.example"}
	still := &emergencyAccess{accounts: map[string]*emergencyAccount{}}
	still.add(user, "listed")
	for name, c := range map[string]struct {
		then guardMemory
		now  *emergencyAccess
		told bool
	}{
		"left":               {guardMemory{id: "rescue"}, nil, true},
		"still guarded":      {guardMemory{id: "rescue"}, still, false},
		"never was":          {guardMemory{}, nil, false},
		"nobody knows of it": {nil, nil, false},
	} {
		var diags diag.Diagnostics
		state := &emergencyState{guard: c.now}
		state.guardsBefore.note(c.then)
		state.warnGuardLeft([]askedUser{{ID: user.ID, Name: user.Name()}}, path.Root("state"), &diags)
		if (diags.WarningsCount() == 1) != c.told || diags.HasError() {
			t.Errorf("%s: %v", name, diags)
		}
	}
}

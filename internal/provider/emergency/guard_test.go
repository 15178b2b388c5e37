package emergency

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
		guard := &Guard{accounts: map[string]*Account{}, groupIDs: []string{"abcdef00-0000-4000-8000-0000000000aa"}}
		guard.add(client.User{ID: given}, "listed")
		for _, asked := range []string{"ABCDEF00-0000-4000-8000-000000000001", "abcdef00-0000-4000-8000-000000000001"} {
			if _, held := guard.Source(asked); !held || !guard.Holds(asked) {
				t.Errorf("a guard of %s does not hold %s", given, asked)
			}
		}
		if !guard.Holds("ABCDEF00-0000-4000-8000-0000000000AA") || guard.Holds("abcdef00-0000-4000-8000-000000000002") {
			t.Error("the guard holds others than its groups")
		}
	}
}

func TestAnAccountThatLeavesTheGuardAndIsAskedIsTold(t *testing.T) {
	t.Parallel()
	const id = "abcdef00-0000-4000-8000-000000000001"
	user := client.User{ID: "ABCDEF00-0000-4000-8000-000000000001", UserPrincipalName: "rescue@contoso.example"}
	still := &Guard{accounts: map[string]*Account{}}
	still.add(user, "listed")
	for name, c := range map[string]struct {
		then Memory
		now  *Guard
		told bool
	}{
		"left":               {Memory{id: "rescue"}, nil, true},
		"still guarded":      {Memory{id: "rescue"}, still, false},
		"never was":          {Memory{}, nil, false},
		"nobody knows of it": {nil, nil, false},
	} {
		var diags diag.Diagnostics
		state := &State{Guard: c.now}
		state.Before.Note(c.then)
		state.WarnGuardLeft([]AskedUser{{ID: user.ID, Name: user.Name()}}, path.Root("state"), &diags)
		if (diags.WarningsCount() == 1) != c.told || diags.HasError() {
			t.Errorf("%s: %v", name, diags)
		}
	}
	// Several are one warning, and their number is said.
	var diags diag.Diagnostics
	state := &State{}
	state.Before.Note(Memory{id: "rescue", "abcdef00-0000-4000-8000-000000000002": "rescue 2"})
	state.WarnGuardLeft([]AskedUser{{ID: id, Name: "rescue"}, {ID: "abcdef00-0000-4000-8000-000000000002", Name: "rescue 2"}}, path.Root("state"), &diags)
	if len(diags) != 1 || diags[0].Summary() != "2 accounts are no longer in emergency_access and asked for MFA" {
		t.Errorf("two who leave are told as %v", diags)
	}
}

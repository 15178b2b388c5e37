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
		then  guardMemory
		now   *emergencyAccess
		state client.MFAState
		told  bool
	}{
		"left and enabled":   {guardMemory{id: "rescue"}, nil, client.MFAEnabled, true},
		"left and enforced":  {guardMemory{id: "rescue"}, nil, client.MFAEnforced, true},
		"left and disabled":  {guardMemory{id: "rescue"}, nil, client.MFADisabled, false},
		"still guarded":      {guardMemory{id: "rescue"}, still, client.MFAEnabled, false},
		"never was":          {guardMemory{}, nil, client.MFAEnabled, false},
		"nobody knows of it": {nil, nil, client.MFAEnabled, false},
	} {
		var diags diag.Diagnostics
		data := &providerData{emergencyAccess: c.now}
		data.guardsBefore.note(c.then)
		data.warnGuardLeft([]claimedPerson{{id: user.ID, name: user.Name(), wanted: c.state}}, path.Root("state"), &diags)
		if (diags.WarningsCount() == 1) != c.told || diags.HasError() {
			t.Errorf("%s: %v", name, diags)
		}
	}
	// Several are one warning, and their number is said.
	var diags diag.Diagnostics
	data := &providerData{}
	data.guardsBefore.note(guardMemory{id: "rescue", "abcdef00-0000-4000-8000-000000000002": "rescue 2"})
	data.warnGuardLeft([]claimedPerson{
		{id: id, name: "rescue", wanted: client.MFAEnabled}, {id: "abcdef00-0000-4000-8000-000000000002", name: "rescue 2", wanted: client.MFAEnabled},
	}, path.Root("state"), &diags)
	if len(diags) != 1 || diags[0].Summary() != "2 accounts are no longer in emergency_access and asked for MFA" {
		t.Errorf("two who leave are told as %v", diags)
	}
}

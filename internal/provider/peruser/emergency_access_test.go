package peruser

import (
	"testing"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/mfa"
)

func TestOnlyADisabledUserIsNotAskedForMFA(t *testing.T) {
	t.Parallel()
	for state, asked := range map[mfa.State]bool{mfa.Disabled: false, mfa.Enabled: true, mfa.Enforced: true, "": true} {
		users := askedForMFA([]claimedPerson{{id: "1", name: "Adele", wanted: state}})
		if (len(users) == 1) != asked || asked && (users[0].ID != "1" || users[0].Name != "Adele") {
			t.Errorf("with the state %q these are asked: %v", state, users)
		}
	}
}

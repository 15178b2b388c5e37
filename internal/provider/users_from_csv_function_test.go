package provider_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

func TestUsersFromCSVTurnsEnforcedIntoWhatIsAskedFor(t *testing.T) {
	t.Parallel()
	f := newFunctions(t)
	csv := stringValue("Username,MFA Status\r\nadele@contoso.example,Disabled\r\nMegan@contoso.example,Enabled\r\ndiego@contoso.example,Enforced\r\n")
	for name, c := range map[string]struct {
		options []tftypes.Value
		diego   string
	}{
		"by default": {nil, "enabled"},
		"enabled":    {[]tftypes.Value{stringValue("enabled")}, "enabled"},
		"enforced":   {[]tftypes.Value{stringValue("enforced")}, "enforced"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var result map[string]tftypes.Value
			f.with(t).gives(&result, "users_from_csv", append([]tftypes.Value{csv}, c.options...)...)
			states := map[string]string{}
			for user, value := range result {
				states[user] = stringsOf(t, []tftypes.Value{value})[0]
			}
			want := map[string]string{"adele@contoso.example": "disabled", "Megan@contoso.example": "enabled", "diego@contoso.example": c.diego}
			if difference := cmp.Diff(want, states); difference != "" {
				t.Errorf("the users (-want +have):\n%s", difference)
			}
		})
	}
}

func TestUsersFromCSVTellsTheArgumentThatIsWrong(t *testing.T) {
	t.Parallel()
	f := newFunctions(t)
	good := stringValue("Username,MFA Status\nadele@contoso.example,Enabled\n")
	f.fails(0, `2 lines cannot be read:
  - line 2: "on" of "adele@contoso.example" is no per-user MFA state; write Disabled, Enabled or Enforced
  - line 4: "Adele@contoso.example" is in line 2 already; keep one of the two
No user is taken from a list with mistakes`, "users_from_csv", stringValue("Username,MFA Status\nadele@contoso.example,on\n\nAdele@contoso.example,Enabled\n"))
	f.fails(0, "there is nothing in it: the first line has to name the columns, as in Username,MFA Status", "users_from_csv", stringValue(""))
	f.fails(1, `"Enforced" is not what Enforced can become; write "enabled" or "enforced"`, "users_from_csv", good, stringValue("Enforced"))
	f.fails(1, `"disabled" is not what Enforced can become; write "enabled" or "enforced"`, "users_from_csv", good, stringValue("disabled"))
	f.fails(2, `there is one option, what Enforced becomes: "enabled" or "enforced"`, "users_from_csv", good, stringValue("enabled"), stringValue("enforced"))
}

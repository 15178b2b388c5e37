package peruser_test

import (
	"encoding/base64"
	"encoding/binary"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/acctest"
)

func TestUsersFromCSVTurnsEnforcedIntoWhatIsAskedFor(t *testing.T) {
	t.Parallel()
	f := acctest.NewFunctions(t)
	csv := acctest.StringValue("Username,MFA Status\r\nadele@contoso.example,Disabled\r\nMegan@contoso.example,Enabled\r\ndiego@contoso.example,Enforced\r\n")
	for name, c := range map[string]struct {
		options []tftypes.Value
		diego   string
	}{
		"by default": {nil, "enabled"},
		"enabled":    {[]tftypes.Value{acctest.StringValue("enabled")}, "enabled"},
		"enforced":   {[]tftypes.Value{acctest.StringValue("enforced")}, "enforced"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var result map[string]tftypes.Value
			f.With(t).Gives(&result, "users_from_csv", append([]tftypes.Value{csv}, c.options...)...)
			states := map[string]string{}
			for user, value := range result {
				states[user] = acctest.StringsOf(t, []tftypes.Value{value})[0]
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
	f := acctest.NewFunctions(t)
	good := acctest.StringValue("Username,MFA Status\nadele@contoso.example,Enabled\n")
	f.Fails(0, `2 lines cannot be read:
  - line 2: "on" of "adele@contoso.example" in column "MFA Status" is not a per-user MFA state, which is Disabled, Enabled or Enforced
  - line 4: "Adele@contoso.example" is "Enabled" here and "on" in line 2; keep the one that is right
No user is taken from a list with mistakes
Correct the file, or say in a second argument what its values mean, each of them: users_from_csv(file("users.csv"), { states = { "Yes" = "enabled", "No" = "disabled", "" = null } }), where null leaves a row out`, "users_from_csv", acctest.StringValue("Username,MFA Status\nadele@contoso.example,on\n\nAdele@contoso.example,Enabled\n"))
	f.Fails(0, "there is nothing in it: the first line has to name the columns, as in Username,MFA Status", "users_from_csv", acctest.StringValue(""))
	f.Fails(1, `"Enforced" is not what Enforced can become; write "enabled" or "enforced"`, "users_from_csv", good, acctest.StringValue("Enforced"))
	f.Fails(1, `"disabled" is not what Enforced can become; write "enabled" or "enforced"`, "users_from_csv", good, acctest.StringValue("disabled"))
	f.Fails(2, "there is one argument beside the file, an object with any of user_column, state_column, states and enforced_as", "users_from_csv", good, acctest.StringValue("enabled"), acctest.StringValue("enforced"))
}

// objectValue is an object of the options, whose nil is null.
func objectValue(members map[string]tftypes.Value) tftypes.Value {
	types := map[string]tftypes.Type{}
	for name, member := range members {
		types[name] = member.Type()
	}
	return tftypes.NewValue(tftypes.Object{AttributeTypes: types}, members)
}

func TestUsersFromCSVTakesWhatTheColumnsAreCalledAndWhatTheirValuesMean(t *testing.T) {
	t.Parallel()
	f := acctest.NewFunctions(t)
	null := tftypes.NewValue(tftypes.String, nil)
	german := "Benutzer;E-Mail;MFA\r\nAdele;adele@contoso.example;Aktiviert\r\nMegan;megan@contoso.example;Erzwungen\r\nDiego;diego@contoso.example;\r\nAlex;alex@contoso.example;unbekannt\r\n"
	columns := map[string]tftypes.Value{"user_column": acctest.StringValue("e-mail"), "state_column": acctest.StringValue("MFA")}
	states := map[string]tftypes.Value{"aktiviert": acctest.StringValue("enabled"), "Erzwungen": acctest.StringValue("enforced"), "": acctest.StringValue("disabled"), "Unbekannt": null}
	with := func(more map[string]tftypes.Value) tftypes.Value {
		all := map[string]tftypes.Value{}
		for name, value := range columns {
			all[name] = value
		}
		for name, value := range more {
			all[name] = value
		}
		return objectValue(all)
	}
	want := map[string]string{"adele@contoso.example": "enabled", "megan@contoso.example": "enabled", "diego@contoso.example": "disabled"}
	kept := map[string]string{"adele@contoso.example": "enabled", "megan@contoso.example": "enforced", "diego@contoso.example": "disabled"}
	for name, c := range map[string]struct {
		text   string
		option tftypes.Value
		want   map[string]string
	}{
		"an object":                      {german, with(map[string]tftypes.Value{"states": objectValue(states)}), want},
		"a map":                          {german, with(map[string]tftypes.Value{"states": tftypes.NewValue(tftypes.Map{ElementType: tftypes.String}, states)}), want},
		"enforced kept":                  {german, with(map[string]tftypes.Value{"states": objectValue(states), "enforced_as": acctest.StringValue("enforced")}), kept},
		"nothing said":                   {"UPN,PerUser\nadele@contoso.example,Enforced\n", objectValue(nil), map[string]string{"adele@contoso.example": "enabled"}},
		"everything null":                {"UPN,PerUser\nadele@contoso.example,Enforced\n", objectValue(map[string]tftypes.Value{"user_column": null, "state_column": null, "states": null, "enforced_as": null}), map[string]string{"adele@contoso.example": "enabled"}},
		"the right one of two":           {"Username,UserPrincipalName,State,PerUserMfaState\na,adele@contoso.example,WA,enabled\n", objectValue(map[string]tftypes.Value{"user_column": acctest.StringValue("UserPrincipalName"), "state_column": acctest.StringValue("PerUserMfaState")}), map[string]string{"adele@contoso.example": "enabled"}},
		"spelled as another one is, too": {"M F A,MFA,UPN\ndisabled,enabled,adele@contoso.example\n", objectValue(map[string]tftypes.Value{"state_column": acctest.StringValue("mfa")}), map[string]string{"adele@contoso.example": "enabled"}},
		"true and false":                 {"UPN,MFA enabled\nadele@contoso.example,True\nmegan@contoso.example,False\n", objectValue(map[string]tftypes.Value{"state_column": acctest.StringValue("MFA enabled"), "states": objectValue(map[string]tftypes.Value{"true": acctest.StringValue("enabled"), "false": acctest.StringValue("disabled")})}), map[string]string{"adele@contoso.example": "enabled", "megan@contoso.example": "disabled"}},
		"whoever has not registered is to be asked": {
			"UPN,MFA Status,Authentication Methods\nadele@contoso.example,Disabled,\nmegan@contoso.example,Strong,Fido2\n",
			objectValue(map[string]tftypes.Value{"states": objectValue(map[string]tftypes.Value{"Disabled": acctest.StringValue("enabled"), "Strong": null})}),
			map[string]string{"adele@contoso.example": "enabled"},
		},
		"the words of Windows-1252": {
			base64.StdEncoding.EncodeToString([]byte("Nom;UPN;MFA\r\nAd\xe8le;adele@contoso.example;Activ\xe9\r\n")),
			objectValue(map[string]tftypes.Value{"state_column": acctest.StringValue("MFA"), "states": objectValue(map[string]tftypes.Value{"Activé": acctest.StringValue("enabled")})}),
			map[string]string{"adele@contoso.example": "enabled"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var result map[string]tftypes.Value
			f.With(t).Gives(&result, "users_from_csv", acctest.StringValue(c.text), c.option)
			have := map[string]string{}
			for user, value := range result {
				have[user] = acctest.StringsOf(t, []tftypes.Value{value})[0]
			}
			if difference := cmp.Diff(c.want, have); difference != "" {
				t.Errorf("the users (-want +have):\n%s", difference)
			}
		})
	}

	good := acctest.StringValue("Username,MFA Status\nadele@contoso.example,Enabled\n")
	one := func(name string, value tftypes.Value) tftypes.Value {
		return objectValue(map[string]tftypes.Value{name: value})
	}
	const names = "user_column, state_column, states and enforced_as"
	f.Fails(1, "the second argument is neither a text nor an object with "+names, "users_from_csv", good, acctest.BoolValue(true))
	f.Fails(1, `there is no option "column"; the options are `+names, "users_from_csv", good, one("column", acctest.StringValue("UPN")))
	f.Fails(1, "user_column is empty; name a column, or leave it out", "users_from_csv", good, one("user_column", acctest.StringValue(" ")))
	f.Fails(1, "state_column is not a text", "users_from_csv", good, one("state_column", acctest.BoolValue(true)))
	f.Fails(1, `"off" is not what Enforced can become; write "enabled" or "enforced"`, "users_from_csv", good, one("enforced_as", acctest.StringValue("off")))
	for _, states := range []tftypes.Value{acctest.StringValue("enabled"), objectValue(nil)} {
		f.Fails(1, `states has to say what the values of the column mean, as in { "Yes" = "enabled", "No" = "disabled" }`, "users_from_csv", good, one("states", states))
	}
	f.Fails(1, `states: "Yes" is to mean "on", which is not a per-user MFA state; write "disabled", "enabled" or "enforced", or null to leave such rows out`,
		"users_from_csv", good, one("states", one("Yes", acctest.StringValue("on"))))
	f.Fails(1, `states: what "Yes" means is not a text`, "users_from_csv", good, one("states", one("Yes", acctest.BoolValue(true))))
	f.Fails(1, `states names "yes" twice, in different cases`, "users_from_csv", good,
		one("states", objectValue(map[string]tftypes.Value{"Yes": acctest.StringValue("enabled"), "yes": acctest.StringValue("disabled")})))
	f.Fails(0, `line 1: no column is called "Mail"; the first line has to name the columns, and here it is "Username", "MFA Status"; correct user_column`,
		"users_from_csv", good, one("user_column", acctest.StringValue("Mail")))
	f.Fails(0, `line 1: user_column and state_column are both "Username"`, "users_from_csv", good, one("state_column", acctest.StringValue("username")))
	f.Fails(0, `line 2: "Enabled" of "adele@contoso.example" in column "MFA Status" is not among states
Correct the file, or add the value to states, where null leaves a row out`, "users_from_csv", good, one("states", one("Yes", acctest.StringValue("enabled"))))
	f.Fails(0, "there is no user in it, only the names of the columns; an export that failed looks like this, and an empty list would take per-user MFA away from those "+
		"who were in it before", "users_from_csv", good, one("states", one("enabled", null)))

	unknown, failure := f.Run("users_from_csv", good, one("states", one("Enabled", tftypes.NewValue(tftypes.String, tftypes.UnknownValue))))
	if failure != nil || unknown.IsKnown() {
		t.Errorf("with a meaning that is not known yet: %s, %v", unknown, failure)
	}
}

func TestUsersFromCSVReadsTheEncodingsOfWindows(t *testing.T) {
	t.Parallel()
	f := acctest.NewFunctions(t)
	const text = "Name\tUPN\tMFA Status\r\nMüller\tadele@contoso.example\tEnabled\r\n"
	utf16 := func(order binary.AppendByteOrder, mark bool) []byte {
		var encoded []byte
		if mark {
			encoded = order.AppendUint16(encoded, 0xfeff)
		}
		for _, r := range text {
			encoded = order.AppendUint16(encoded, uint16(r))
		}
		return encoded
	}
	latin := []byte(strings.ReplaceAll(text, "ü", "\xfc"))
	for name, content := range map[string][]byte{
		"UTF-8": []byte(text), "UTF-8 with a mark": []byte("\ufeff" + text), "Windows-1252": latin,
		"UTF-16LE": utf16(binary.LittleEndian, true), "UTF-16BE": utf16(binary.BigEndian, true),
		"UTF-16LE without a mark": utf16(binary.LittleEndian, false), "UTF-16BE without a mark": utf16(binary.BigEndian, false),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var result map[string]tftypes.Value
			f.With(t).Gives(&result, "users_from_csv", acctest.StringValue(base64.StdEncoding.EncodeToString(content)))
			if len(result) != 1 || !result["adele@contoso.example"].Equal(acctest.StringValue("enabled")) {
				t.Errorf("%v", result)
			}
		})
	}
	// Which character it is decides who is meant.
	f.Fails(0, `line 2: "adèle@contoso.example": which characters these are is not certain, because the file is in neither UTF-8 nor UTF-16; save it as "CSV UTF-8", or name its encoding: `+
		`textdecodebase64(filebase64("users.csv"), "windows-1252")`,
		"users_from_csv", acctest.StringValue(base64.StdEncoding.EncodeToString([]byte("UPN,MFA Status\nad\xe8le@contoso.example,Enabled\n"))))
}

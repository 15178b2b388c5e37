package peruser

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/mfa"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/diagnose"
)

func TestAListOfUsersIsReadHoweverItIsWritten(t *testing.T) {
	t.Parallel()
	want := map[string]mfa.State{
		"adele.vance@contoso.example": mfa.Disabled, "Megan.Bowen@contoso.example": mfa.Enabled, "diego.siciliani@contoso.example": mfa.Enforced,
	}
	for name, text := range map[string]string{
		"the portal's": "Username,MFA Status\r\nadele.vance@contoso.example,Disabled\r\nMegan.Bowen@contoso.example,Enabled\r\ndiego.siciliani@contoso.example,Enforced\r\n",
		"one by hand":  "user_principal_name,state\nadele.vance@contoso.example,disabled\nMegan.Bowen@contoso.example,enabled\ndiego.siciliani@contoso.example,enforced",
		"Microsoft Entra PowerShell's": `"Id","DisplayName","UserPrincipalName","PerUserMFAState"
"aaaaaaaa-bbbb-cccc-1111-222222222222","Vance, Adele","adele.vance@contoso.example","disabled"
"bbbbbbbb-1111-2222-3333-cccccccccccc","Megan ""Meg"" Bowen","Megan.Bowen@contoso.example","enabled"
"cccccccc-2222-3333-4444-dddddddddddd","Diego
Siciliani","diego.siciliani@contoso.example","enforced"
`,
		"the MSOnline module's, by Windows PowerShell": "\ufeff#TYPE Selected.Microsoft.Online.Administration.User\r\n\"UserPrincipalName\",\"MFA Status\",\"MFA Methods\"\r\n" +
			"\"adele.vance@contoso.example\",\"Disabled\",\r\n\"Megan.Bowen@contoso.example\",\"Enabled\",\"\"\r\n\"diego.siciliani@contoso.example\",\"Enforced\",\"OneWaySMS TwoWayVoiceMobile\"\r\n",
		"Excel's with semicolons": "\ufeffsep=;\r\nMFA Status;Username\r\nDisabled;adele.vance@contoso.example\r\nEnabled;Megan.Bowen@contoso.example\r\nEnforced;diego.siciliani@contoso.example\r\n;\r\n",
		"with tabs":               "Username\t\tMFA Status\nadele.vance@contoso.example\t\tDisabled\nMegan.Bowen@contoso.example\tMeg, of course; \tEnabled\ndiego.siciliani@contoso.example\t\tEnforced\t\n",
		"AdminDroid's": `"Name","UPN","Per-user MFA Status","Department","License Status","SignIn Status","Registered Authentication Methods","MFA Phone","Is 3rd-Party Authenticator Used"
"Adele Vance","adele.vance@contoso.example","disabled","","Licensed","Allowed","PasswordAuthentication","","False"
"Megan Bowen","Megan.Bowen@contoso.example","enabled","","Licensed","Allowed","PasswordAuthentication","","False"
"Diego Siciliani","diego.siciliani@contoso.example","enforced","","Unlicensed","Allowed","PasswordAuthentication,Fido2","","False"
`,
		"CIPP's": `"UPN","AccountEnabled","isLicensed","MFARegistration","PerUser","CoveredBySD","CoveredByCA","MFAMethods","CAPolicies"
"adele.vance@contoso.example","True","True","False","Disabled","False","Not Enforced","",""
"Megan.Bowen@contoso.example","True","True","False","Enabled","False","Not Enforced","",""
"diego.siciliani@contoso.example","True","False","True","Enforced","False","Not Enforced","fido2",""
`,
		"of the MSOnline module, by O365Reports": `"DisplayName","UserPrincipalName","MFAStatus","ActivationStatus","DefaultMFAMethod","AllMFAMethods","MFAPhone","MFAEmail","LicenseStatus","IsAdmin","AdminRoles","SignInStatus"
"Adele Vance","adele.vance@contoso.example","Disabled","No","-","-","-","-","Licensed","False","No roles","Allowed"
"Megan Bowen","Megan.Bowen@contoso.example","Enabled","No","-","-","-","-","Licensed","False","No roles","Allowed"
"Diego Siciliani","diego.siciliani@contoso.example","Enforced","Yes","OneWaySMS","OneWaySMS","+1 2025550143","-","Licensed","False","No roles","Allowed"
`,
		"the portal's page, copied into a table": "DISPLAY NAME\tUSER NAME\tMULTI-FACTOR AUTH STATUS\nAdele Vance\tadele.vance@contoso.example\tDisabled\nMegan Bowen\tMegan.Bowen@contoso.example\tEnabled\nDiego Siciliani\tdiego.siciliani@contoso.example\tEnforced\n",
		"lines that end with a carriage return":  "Username;MFA Status\radele.vance@contoso.example;Disabled\rMegan.Bowen@contoso.example;Enabled\rdiego.siciliani@contoso.example;Enforced\r",
		"other cases, spaces and empty lines": "\n  \n USERNAME , mfa-status \n\n adele.vance@contoso.example , DISABLED \n\r\n , \n   \n" +
			"\"Megan.Bowen@contoso.example\", \"enabled\"\n\u00a0diego.siciliani@contoso.example\u00a0,Enforced,,\n\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			have, err := readUsersCSV(text, csvOptions{})
			if err != nil {
				t.Fatal(err)
			}
			if difference := cmp.Diff(want, have); difference != "" {
				t.Errorf("the users (-want +have):\n%s", difference)
			}
		})
	}
}

func TestAListOfUsersHasGuestsAndObjectIDs(t *testing.T) {
	t.Parallel()
	have, err := readUsersCSV("Username,MFA Status\nnestor.wilke_fabrikam.example#EXT#@contoso.example,Enabled\nmiriam.o'hara@contoso.example,Enabled\n"+
		"$cash.desk@contoso.example,Disabled\nC3D7E1A5-8b2f-4c6d-a0e4-7f8091a2b301,Enabled\n", csvOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if difference := cmp.Diff(map[string]mfa.State{
		"nestor.wilke_fabrikam.example#EXT#@contoso.example": mfa.Enabled, "miriam.o'hara@contoso.example": mfa.Enabled,
		"$cash.desk@contoso.example": mfa.Disabled, "C3D7E1A5-8b2f-4c6d-a0e4-7f8091a2b301": mfa.Enabled,
	}, have); difference != "" {
		t.Errorf("the users (-want +have):\n%s", difference)
	}
}

func TestAMistakeInAListOfUsersIsToldByLineAndNothingIsRead(t *testing.T) {
	t.Parallel()
	const (
		heading = "Username,MFA Status\n"
		meaning = "\n" + statesWayOut
		naming  = `; name the column of the users in a second argument: users_from_csv(file("users.csv"), { user_column = "..." })`
	)
	for name, c := range map[string]struct{ text, want string }{
		"nothing":             {"", "there is nothing in it: the first line has to name the columns, as in Username,MFA Status"},
		"only empty lines":    {"\ufeff\n\r\n  \n#TYPE x\n", "there is nothing in it: the first line has to name the columns, as in Username,MFA Status"},
		"no user":             {heading + "\n,\n", "there is no user in it, only the names of the columns; an export that failed looks like this, and an empty list would take per-user MFA away from those who were in it before"},
		"no heading":          {"adele@contoso.example,Enabled\n", `line 1: no column is called Username, UserPrincipalName or UPN; the first line has to name the columns, and here it is "adele@contoso.example", "Enabled"` + naming},
		"no column of states": {"\n#TYPE x\nUsername;Account\nadele@contoso.example;Enabled\n", `line 3: no column is called MFA Status, Per-user MFA Status, PerUserMFAState, PerUser, Multi-Factor Auth Status or state; the first line has to name the columns, and here it is "Username", "Account"; name the column of the states in a second argument: users_from_csv(file("users.csv"), { state_column = "..." })`},
		"another separator":   {"Username|MFA Status\n", `line 1: no column is called Username, UserPrincipalName or UPN; the first line has to name the columns, and here it is "Username|MFA Status"` + naming},
		"separator not as it says": {
			"sep=;\n" + heading + "adele@contoso.example,Enabled\n",
			`line 2: no column is called Username, UserPrincipalName or UPN; the first line has to name the columns, and here it is "Username,MFA Status"` + naming,
		},
		"two columns of users": {
			"Username,UserPrincipalName,MFA Status\na,b@contoso.example,Enabled\n",
			`line 1: two columns could be the users, "Username" and "UserPrincipalName"; remove or rename one of them, or name the right one with user_column`,
		},
		"two columns of states": {
			"UserPrincipalName,State,PerUserMfaState\nadele@contoso.example,WA,enabled\n",
			`line 1: two columns could be the states, "State" and "PerUserMfaState"; remove or rename one of them, or name the right one with state_column`,
		},
		"broken heading": {`"Username,MFA Status` + "\n", "line 1: the names of the columns cannot be read: a quotation mark is not closed"},
		"UTF-16": {
			"\ufeffU\x00s\x00e\x00r\x00",
			`the text holds NUL characters: it is probably in UTF-16 and was read as another encoding; read the file with filebase64("users.csv")`,
		},
		"no name":       {heading + ",Enabled\n", `line 2: no user in column "Username"`},
		"no such state": {heading + "adele@contoso.example,Enabeld\n", `line 2: "Enabeld" of "adele@contoso.example" in column "MFA Status" is not a per-user MFA state, which is Disabled, Enabled or Enforced` + meaning},
		"registration":  {heading + "adele@contoso.example,Not Enabled\n", `line 2: "Not Enabled" of "adele@contoso.example" in column "MFA Status" is not a per-user MFA state, which is Disabled, Enabled or Enforced` + meaning},
		"no state":      {heading + "adele@contoso.example,\n", `line 2: no state for "adele@contoso.example" in column "MFA Status"; write Disabled or Enabled, or leave the user out` + meaning},
		"only a user":   {heading + "adele@contoso.example\n", `line 2: no state for "adele@contoso.example" in column "MFA Status"; write Disabled or Enabled, or leave the user out` + meaning},
		"no UPN":        {heading + "Adele Vance,Enabled\n", `line 2: "Adele Vance" is neither the object id of a user (a GUID) nor a user principal name (name@domain), in column "Username"`},
		"more fields": {
			"DisplayName,UserPrincipalName,State\nVance, Adele,adele@contoso.example,Enabled\n",
			"line 2: 4 fields where there are 3 columns; put a field that holds the separator in quotation marks",
		},
		"a report of registrations, of O365Reports": {
			`"Name","UPN","Department","License Status","SignIn Status","Authentication Methods","MFA Status","MFA Phone"` + "\n" + `"Adele","adele@contoso.example","","Licensed","Allowed","","Disabled",""` + "\n",
			`line 1: "MFA Status" beside "Authentication Methods" says who has registered a method, and not the per-user MFA state; use a report of the latter, or say what the values are to mean: users_from_csv(file("users.csv"), { states = { ... } })`,
		},
		"a report of registrations, with a column for each method": {
			"UserPrincipalName,DisplayName,MFAstatus,Email,Fido2,MicrosoftAuthenticatorApp,Password,Phone\nadele@contoso.example,Adele,Disabled,-,-,-,True,-\n",
			`line 1: "MFAstatus" beside "Fido2" says who has registered a method, and not the per-user MFA state; use a report of the latter, or say what the values are to mean: users_from_csv(file("users.csv"), { states = { ... } })`,
		},
		"twice alike": {
			heading + "adele@contoso.example,Enabled\nADELE@contoso.example,ENABLED\n",
			`line 3: "ADELE@contoso.example" is in line 2 already; keep one of the two`,
		},
		"twice": {
			heading + "adele@contoso.example,Enabled\n\nADELE@contoso.example,Disabled\n",
			`line 4: "ADELE@contoso.example" is "Disabled" here and "Enabled" in line 2; keep the one that is right`,
		},
		"a quotation mark": {
			heading + "adele@contoso.example,\"Enabled\n",
			`line 2: a quotation mark is not closed, or stands inside of a field; a field that holds one is quoted as a whole, with the mark doubled: "say ""hello"""`,
		},
		"all of them": {
			"#TYPE x\r\n" + heading + "adele@contoso.example,on\r\n\r\nmegan,Enabled\r\ndiego@contoso.example,Enabled\r\nDiego@contoso.example,Enabled\r\n\"Two\nlines\",Enabled\r\n x\"y,Enabled\r\nalex@contoso.example,\r\n",
			`6 lines cannot be read:
  - line 3: "on" of "adele@contoso.example" in column "MFA Status" is not a per-user MFA state, which is Disabled, Enabled or Enforced
  - line 5: "megan" is neither the object id of a user (a GUID) nor a user principal name (name@domain), in column "Username"
  - line 7: "Diego@contoso.example" is in line 6 already; keep one of the two
  - line 8: "Two\nlines" is neither the object id of a user (a GUID) nor a user principal name (name@domain), in column "Username"
  - line 10: a quotation mark is not closed, or stands inside of a field; a field that holds one is quoted as a whole, with the mark doubled: "say ""hello"""
  - line 11: no state for "alex@contoso.example" in column "MFA Status"; write Disabled or Enabled, or leave the user out
No user is taken from a list with mistakes` + meaning,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			have, err := readUsersCSV(c.text, csvOptions{})
			if err == nil {
				t.Fatalf("the users %v are read", have)
			}
			if have != nil {
				t.Errorf("there is an error, and users as well: %v", have)
			}
			if difference := cmp.Diff(c.want, err.Error()); difference != "" {
				t.Errorf("the error (-want +have):\n%s", difference)
			}
		})
	}
}

func TestTheMistakesInAListOfUsersAreBounded(t *testing.T) {
	t.Parallel()
	var text strings.Builder
	text.WriteString("Username,MFA Status\n")
	for range 5000 {
		text.WriteString(strings.Repeat("nobody", 1000) + ",Enabled\n")
	}
	_, err := readUsersCSV(text.String(), csvOptions{})
	if err == nil {
		t.Fatal("the list is read")
	}
	lines := strings.Split(err.Error(), "\n")
	if len(lines) != diagnose.NamedInErrors+3 || lines[0] != "5000 lines cannot be read:" || lines[diagnose.NamedInErrors+1] != fmt.Sprintf("  - and %d more", 5000-diagnose.NamedInErrors) || len(err.Error()) > diagnose.NamedInErrors*(longestCSVMistake+20) {
		t.Errorf("%d characters: %s", len(err.Error()), err)
	}
	if _, err := readUsersCSV(strings.Repeat("x", 1_000_001), csvOptions{}); err == nil || len(err.Error()) > longestCSVMistake+20 {
		t.Errorf("a text that is no list: %d characters", len(fmt.Sprint(err)))
	}
}

// drawUsers makes users of whom no two are the same without case.
func drawUsers(r *rapid.T) map[string]mfa.State {
	users := map[string]mfa.State{}
	name := rapid.StringMatching(`[A-Za-z0-9.'_$#-]{1,20}@[a-z]{1,10}\.example`)
	for _, user := range rapid.SliceOfNDistinct(name, 1, 20, strings.ToLower).Draw(r, "users") {
		users[user] = rapid.SampledFrom(mfa.States()).Draw(r, "state")
	}
	return users
}

func TestAListOfUsersComesBackFromAnyColumnsSeparatorAndOrder(t *testing.T) {
	t.Parallel()
	other := rapid.StringMatching(`[a-z ,;"\n]{0,8}x`)
	rapid.Check(t, func(r *rapid.T) {
		users := drawUsers(r)
		var written bytes.Buffer
		writer := csv.NewWriter(&written)
		writer.Comma = rapid.SampledFrom([]rune{',', ';', '\t'}).Draw(r, "separator")
		writer.UseCRLF = rapid.Bool().Draw(r, "CRLF")
		if rapid.Bool().Draw(r, "byte order mark") {
			written.WriteString("\ufeff")
		}
		columns := rapid.Permutation([]string{"user", "state", "note", "name"}).Draw(r, "columns")
		row := func(user, state string, text func() string) {
			record := make([]string, len(columns))
			for i, column := range columns {
				switch column {
				case "user":
					record[i] = user
				case "state":
					record[i] = state
				default:
					record[i] = text()
				}
			}
			if err := writer.Write(record); err != nil {
				r.Fatal(err)
			}
		}
		row(rapid.SampledFrom([]string{"Username", "UserPrincipalName", "user_principal_name", "USERNAME"}).Draw(r, "user"),
			rapid.SampledFrom([]string{"MFA Status", "MFAStatus", "PerUserMFAState", "state"}).Draw(r, "state"),
			func() string { return rapid.StringMatching(`[a-z]{0,3}x`).Draw(r, "column") })
		for _, user := range rapid.Permutation(slices.Sorted(maps.Keys(users))).Draw(r, "rows") {
			state := string(users[user])
			if rapid.Bool().Draw(r, "as the portal writes it") {
				state = strings.ToUpper(state[:1]) + state[1:]
			}
			row(user, state, func() string { return other.Draw(r, "text") })
		}
		writer.Flush()
		have, err := readUsersCSV(written.String(), csvOptions{})
		if err != nil {
			r.Fatalf("%v\n%s", err, written.String())
		}
		if difference := cmp.Diff(users, have); difference != "" {
			r.Fatalf("the users (-written +read):\n%s\n%s", difference, written.String())
		}
	})
}

func FuzzReadUsersCSV(f *testing.F) {
	for _, seed := range []string{
		"", "\ufeff", "Username,MFA Status\r\nadele@contoso.example,Enabled\r\n", "user_principal_name;state\na@b;disabled\n;;\n",
		"sep=\t\n#TYPE x\nPerUserMFAState\tUserPrincipalName\nenforced\ta@b\nENFORCED\tA@B\n", "\"Username\",\"MFA Status\"\n\"a@b\",\"Ena\nbled\"\n",
		"Username,MFA Status\n\"a@b,Enabled\nc@d,Enabled", "Username,MFA Status\na\"@b,Enabled\nc@d,\"x\"y\n", "Username,Username,state\n", "U\x00s\x00",
		"Username,MFA Status\na@b,Enabled,,\n,\nc@d\n", "state,username\nenabled,c3d7e1a5-8b2f-4c6d-a0e4-7f8091a2b301\n",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		users, err := readUsersCSV(text, csvOptions{})
		if err != nil {
			if users != nil || err.Error() == "" || len(err.Error()) > (diagnose.NamedInErrors+2)*(4*longestCSVMistake+20) {
				t.Fatalf("%d users and the error %q", len(users), err)
			}
			return
		}
		if len(users) == 0 {
			t.Fatal("no user and no error")
		}
		seen := map[string]bool{}
		var written bytes.Buffer
		writer := csv.NewWriter(&written)
		rows := [][]string{{"Username", "MFA Status"}}
		for user, state := range users {
			if err := checkUserKey(user); err != nil {
				t.Fatal(err)
			}
			if seen[strings.ToLower(user)] || !slices.Contains(mfa.States(), state) {
				t.Fatalf("%q is %q, and %d users", user, state, len(users))
			}
			seen[strings.ToLower(user)] = true
			rows = append(rows, []string{user, string(state)})
		}
		if err := writer.WriteAll(rows); err != nil {
			t.Fatal(err)
		}
		again, err := readUsersCSV(written.String(), csvOptions{})
		if err != nil {
			t.Fatalf("%v\n%s", err, written.String())
		}
		if difference := cmp.Diff(users, again); difference != "" {
			t.Fatalf("read again (-first +second):\n%s", difference)
		}
	})
}

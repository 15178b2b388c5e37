package provider_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/acctest"
)

// functionExamples are the files of examples/functions/ and the outputs that they have for the sample tenant.
var functionExamples = map[string]map[string]any{
	"users_from_csv/function.tf":         {},
	"users_from_csv/without_disabled.tf": {},
	"users_from_csv/enforced.tf":         {},
	"users_from_csv/report.tf":           {},
	"mfa_transition/function.tf": {
		"steps_to_enforced": []any{"enabled", "enforced"},
		"why_not_enforced": map[string]any{
			"$cash.desk@contoso.example": "not_registered", "adele.vance@contoso.example": "not_registered", "alex.wilber@contoso.example": "not_registered",
			"diego.siciliani@contoso.example": nil, "grady.archie@contoso.example": nil, "isaiah.langer@contoso.example": "not_registered",
			"johanna.lorenz@contoso.example": "not_registered", "megan.bowen@contoso.example": "not_registered", "miriam.o'hara@contoso.example": "not_registered",
			"patti.fernandez@contoso.example": "not_registered",
		},
	},
	"mfa_coverage/function.tf": {
		"employee": map[string]any{
			"verdict": "partly", "gaps": []any{"from another trusted location"}, "policies": map[string]any{"MFA outside of trusted places": "included by all users"},
			"almost": map[string]any{}, "registration": "partly",
		},
		"excluded": "not_covered",
	},
	"normalize_ip_ranges/function.tf": {"not_trusted_yet": []any{"198.51.100.17/32"}},
	"merge_ip_ranges/function.tf":     {},
	"ip_ranges_cover/function.tf":     {"a_partner_is_trusted": false},
	"ip_ranges_size/function.tf":      {},
	"ip_ranges_from_text/function.tf": {},
}

func TestTheFunctionExamplesApplyThroughTheRealCLI(t *testing.T) {
	t.Parallel()
	for name, outputs := range functionExamples {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			files := map[string]string{"example.tf": acctest.Example(t, "functions/"+name)}
			if strings.HasPrefix(name, "users_from_csv/") {
				for _, csv := range []string{"per-user-mfa.csv", "report.csv"} {
					files[csv] = acctest.Example(t, "functions/users_from_csv/"+csv)
				}
			}
			if strings.HasPrefix(name, "ip_ranges_from_text/") {
				files["ranges.txt"] = acctest.Example(t, "functions/ip_ranges_from_text/ranges.txt")
			}
			w := newSampleTenant(t).Workspace(t, files, bySecret()...)
			w.Sees(w.Apply(), "Apply complete")
			if difference := cmp.Diff(outputs, w.Outputs()); difference != "" {
				t.Errorf("the outputs (-want +have):\n%s", difference)
			}
			w.StaysEmpty()
			w.Expect(0, "destroy", "-input=false", "-auto-approve")
		})
	}
}

func TestEveryFunctionHasAnExample(t *testing.T) {
	t.Parallel()
	places, err := filepath.Glob(filepath.Join(acctest.Examples, "functions", "*", "*.tf"))
	if err != nil || len(places) != len(functionExamples) {
		t.Errorf("there are %d examples of functions, %d are applied: %v", len(places), len(functionExamples), err)
	}
	for name := range acctest.NewFunctions(t).Known {
		if !strings.Contains(acctest.Example(t, filepath.Join("functions", name, "function.tf")), "provider::entramfa::"+name+"(") {
			t.Errorf("the example of %s does not call it", name)
		}
	}
}

func TestTheRangesOfTheExamplesAreMergedAndCountedThroughTheRealCLI(t *testing.T) {
	t.Parallel()
	w := newSampleTenant(t).Workspace(t, map[string]string{"example.tf": acctest.Example(t, "functions/merge_ip_ranges/function.tf")}, bySecret()...)
	w.Sees(w.Expect(2, "plan", "-input=false", "-detailed-exitcode"), `+ ip_ranges = [`, `+ "198.51.100.0/24",`, `+ "2001:db8:a11:100::/56",`, "]")

	w = newSampleTenant(t).Workspace(t, map[string]string{"example.tf": acctest.Example(t, "functions/ip_ranges_size/function.tf")}, bySecret()...)
	w.Sees(w.Expect(1, "plan", "-input=false", `-var=office_ip_ranges=["198.51.0.0/16"]`), "An office has at most 1,024 IPv4 addresses.")

	w = newSampleTenant(t).Workspace(t, map[string]string{
		"example.tf": acctest.Example(t, "functions/ip_ranges_from_text/function.tf"), "ranges.txt": acctest.Example(t, "functions/ip_ranges_from_text/ranges.txt"),
	}, bySecret()...)
	w.Sees(w.Expect(2, "plan", "-input=false", "-detailed-exitcode"),
		`"198.51.100.0/25"`, `"198.51.100.130/31"`, `"198.51.100.132/31"`, `"198.51.100.134/32"`, `"203.0.113.0/26"`, `"203.0.113.77/32"`, `"2001:db8:a11:100::/56"`)

	tn := newSampleTenant(t)
	content := acctest.Example(t, "functions/ip_ranges_cover/function.tf")
	w = tn.Workspace(t, map[string]string{"example.tf": strings.Replace(content, `"203.0.113.18"`, `"198.51.100.18"`, 1)}, bySecret()...)
	w.Sees(w.Apply(), "Warning: Check block assertion failed", "Sign-ins through the VPN count as from anywhere")
}

func TestFunctionsThroughTheRealCLI(t *testing.T) {
	t.Parallel()
	tn := newSampleTenant(t)
	output := func(expression string) string {
		return fmt.Sprintf("output \"result\" {\n  value = %s\n}\n", expression)
	}
	w := tn.Workspace(t, map[string]string{"main.tf": `
resource "terraform_data" "one" {
  input = "203.0.113.128/25"
}

resource "terraform_data" "csv" {
  input = "Username,MFA Status\nadele@contoso.example,Enforced\n"
}

output "merged" {
  value = provider::entramfa::merge_ip_ranges(["203.0.113.0/25", terraform_data.one.output])
}

output "covered" {
  value = provider::entramfa::ip_ranges_cover(toset(["203.0.113.0/25", terraform_data.one.output]), "203.0.113.200")
}

output "users" {
  value = provider::entramfa::users_from_csv(terraform_data.csv.output)
}
`}, bySecret()...)
	w.Sees(w.Expect(2, "plan", "-input=false", "-detailed-exitcode"),
		"+ covered = (known after apply)", "+ merged = (known after apply)", "+ users = (known after apply)")
	w.Apply()
	want := map[string]any{"merged": []any{"203.0.113.0/24"}, "covered": true, "users": map[string]any{"adele@contoso.example": "enabled"}}
	if difference := cmp.Diff(want, w.Outputs()); difference != "" {
		t.Errorf("the outputs (-want +have):\n%s", difference)
	}
	w.StaysEmpty()

	for _, c := range []struct {
		expression string
		want       []string
	}{
		{`provider::entramfa::merge_ip_ranges(null)`, []string{"ranges", "null"}},
		{`provider::entramfa::users_from_csv(null)`, []string{"csv", "null"}},
		{`provider::entramfa::merge_ip_ranges(["203.0.113.0/24", "office"])`, []string{`"ranges"`, `element 1: "office" is not an IP range; write it in CIDR notation`}},
		{`provider::entramfa::ip_ranges_cover(["203.0.113.0/24"], "everything")`, []string{`"address_or_range"`, `"everything" is not an IP range`}},
		{`provider::entramfa::mfa_transition("enabled", "Enforced", true, true)`, []string{`"to"`, `the state "Enforced" is spelled "enforced"`}},
		{`provider::entramfa::users_from_csv("Username;MFA Status\nadele@contoso.example;on\nmegan;Enabled\n")`, []string{
			`"csv"`, "2 lines cannot be read:", `- line 2: "on" of "adele@contoso.example" in column "MFA Status" is not a per-user MFA state`, `- line 3: "megan" is neither`,
		}},
		{`provider::entramfa::users_from_csv("Username,MFA Status\na@b.example,Enabled\n", "disabled")`, []string{`"options"`, `"disabled" is not what Enforced can become`}},
	} {
		w.Write("main.tf", output(c.expression))
		w.Sees(w.Expect(1, "plan", "-input=false"), c.want...)
	}
	// Files as they come from elsewhere.
	w.Write("main.tf", output(`provider::entramfa::users_from_csv(file("users.csv"))`))
	w.Write("users.csv", "\ufeffMFA Status;Username\r\nENFORCED;Adele@contoso.example\r\n")
	w.Apply()
	if difference := cmp.Diff(map[string]any{"result": map[string]any{"Adele@contoso.example": "enabled"}}, w.Outputs()); difference != "" {
		t.Errorf("the outputs (-want +have):\n%s", difference)
	}
	w.Write("main.tf", output(`provider::entramfa::users_from_csv(textdecodebase64(filebase64("users.csv"), "UTF-16LE"))`))
	var utf16 strings.Builder
	for _, r := range "\ufeffUsername,MFA Status\r\nmegan@contoso.example,Disabled\r\n" {
		utf16.WriteByte(byte(r))
		utf16.WriteByte(byte(r >> 8))
	}
	w.Write("users.csv", utf16.String())
	w.Apply()
	for _, read := range []string{`filebase64("users.csv")`, `filebase64("users.csv"), "enforced"`, `filebase64("users.csv"), { states = { "Disabled" = "disabled", "Left" = null } }`} {
		w.Write("main.tf", output("provider::entramfa::users_from_csv("+read+")"))
		w.StaysEmpty()
	}
	if difference := cmp.Diff(map[string]any{"result": map[string]any{"megan@contoso.example": "disabled"}}, w.Outputs()); difference != "" {
		t.Errorf("the outputs (-want +have):\n%s", difference)
	}
}

func TestThePortalsFileBecomesTheConfigurationThroughTheRealCLI(t *testing.T) {
	t.Parallel()
	const folder = "adoption/users-from-csv"
	tn := newSampleTenant(t)
	before := tn.Picture()
	w := tn.Workspace(t, configurationFiles(t, folder), tn.ByPermissionsOf(folder)...)

	// The file says what the tenant has: those who are enforced stay so, and nobody is written.
	w.Sees(w.Expect(2, "plan", "-input=false", "-detailed-exitcode"), `"diego.siciliani@contoso.example" = "enabled"`, "1 to add, 0 to change, 0 to destroy",
		"adopted as they are")
	w.Sees(w.Apply(), "1 added, 0 changed, 0 destroyed")
	if writes := tn.Writes(); writes != 0 {
		t.Errorf("taking over wrote %d states", writes)
	}
	tn.IsAsBefore(before)
	w.StaysEmpty()
	want := map[string]any{
		"awaiting_registration": []any{"megan.bowen@contoso.example", "patti.fernandez@contoso.example"},
		"users_by_state":        map[string]any{"disabled": 3.0, "enabled": 2.0, "enforced": 2.0},
	}
	if difference := cmp.Diff(want, w.Outputs()); difference != "" {
		t.Errorf("the outputs (-want +have):\n%s", difference)
	}

	// The same without the function, and back.
	function := acctest.Example(t, folder+"/staff.tf")
	w.Write("staff.tf", acctest.Example(t, folder+"/csvdecode/staff.tf"))
	w.StaysEmpty()
	w.Write("staff.tf", function)

	// A change is a line of the file, and so is a mistake.
	file := acctest.Example(t, folder+"/per-user-mfa.csv")
	w.Write("per-user-mfa.csv", replaced(t, file, "adele.vance@contoso.example,Disabled", "adele.vance@contoso.example,Enabled"))
	w.Sees(w.Expect(2, "plan", "-input=false", "-detailed-exitcode"), `~ "adele.vance@contoso.example" = "disabled" -> "enabled"`, "0 to add, 1 to change, 0 to destroy")
	w.Apply()
	if writes := tn.Writes(); writes != 1 {
		t.Errorf("one change wrote %d states", writes)
	}
	w.Write("per-user-mfa.csv", file+"Adele.Vance@contoso.example,Disabled\n")
	w.Sees(w.Expect(1, "plan", "-input=false"), `line 9: "Adele.Vance@contoso.example" is in line 2 already`)
	w.Write("per-user-mfa.csv", file+"break.glass.1@contoso.example,Enabled\n")
	w.Sees(w.Expect(1, "plan", "-input=false"), "break.glass.1@contoso.example", "mergency access")

	// What somebody changes in the portal is a difference; who registers is none.
	w.Write("per-user-mfa.csv", file)
	tn.Register("c3d7e1a5-8b2f-4c6d-a0e4-7f8091a2b303", control.MethodMicrosoftAuthenticator)()
	w.Apply()
	w.StaysEmpty()
	tn.SetState("c3d7e1a5-8b2f-4c6d-a0e4-7f8091a2b305", "disabled")()
	w.Sees(w.Expect(2, "plan", "-input=false", "-detailed-exitcode"), `~ "grady.archie@contoso.example" = "disabled" -> "enabled"`)
	w.Apply()
	if err := tn.StateIs("grady.archie@contoso.example", "enforced"); err != nil {
		t.Error(err)
	}

	// Whoever leaves the file keeps MFA.
	w.Write("per-user-mfa.csv", replaced(t, file, "diego.siciliani@contoso.example,Enforced\n", ""))
	w.Apply()
	if err := tn.StateIs("diego.siciliani@contoso.example", "enforced"); err != nil {
		t.Error(err)
	}
	// And whoever is Disabled in it does not.
	w.Write("per-user-mfa.csv", replaced(t, file, "diego.siciliani@contoso.example,Enforced", "diego.siciliani@contoso.example,Disabled"))
	w.Sees(w.Apply(), "Per-user MFA stops applying to diego.siciliani@contoso.example")
	if err := tn.StateIs("diego.siciliani@contoso.example", "disabled"); err != nil {
		t.Error(err)
	}
}

// replaced replaces what is in a text once.
func replaced(t *testing.T, text, old, by string) string {
	t.Helper()
	if strings.Count(text, old) != 1 {
		t.Fatalf("%q is not once in\n%s", old, text)
	}
	return strings.Replace(text, old, by, 1)
}

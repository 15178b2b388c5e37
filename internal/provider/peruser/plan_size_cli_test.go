package peruser_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/acctest"
)

// The lines that people read of plans of many users: of all of the plan of a create, and of the block of the resource in the plan of an update.
const (
	firstPlanLines = 1100
	updateLines    = 20
)

// crowd is a tenant of many people, every second one enforced, and their names.
func crowd(people int) (tenant *control.Tenant, names []string) {
	tenant = acctest.Contoso()
	for i := range people {
		user := control.User{ID: acctest.MemberID(i), UserPrincipalName: fmt.Sprintf("person%04d@contoso.example", i), DisplayName: fmt.Sprintf("Person %d", i)}
		if i%2 == 1 {
			user.PerUserMFAState, user.Methods = "enforced", []control.Method{{Type: control.MethodMicrosoftAuthenticator}}
		}
		tenant.Users, names = append(tenant.Users, user), append(names, user.UserPrincipalName)
	}
	return tenant, names
}

func allEnabled(names []string) string {
	var pairs users
	for _, name := range names {
		pairs = append(pairs, name, "enabled")
	}
	return manyStates(pairs)
}

// blockOf is the block of the resource in a plan.
func blockOf(t *testing.T, plan string) string {
	t.Helper()
	_, block, found := strings.Cut(plan, "\n  # "+statesAddress)
	block, _, closed := strings.Cut(block, "\n    }\n")
	if !found || !closed {
		t.Fatalf("there is no block of the resource in\n%s", plan)
	}
	return "  # " + statesAddress + block + "\n    }\n"
}

var shownName = regexp.MustCompile(`person[0-9]+@contoso\.example`)

// shows asks that the block of an update is short and is about one person only.
func shows(t *testing.T, plan, name string) {
	t.Helper()
	block := blockOf(t, plan)
	if lines := strings.Count(block, "\n"); lines > updateLines {
		t.Errorf("the block has %d lines, at most %d are promised:\n%.3000s", lines, updateLines, block)
	}
	found := shownName.FindAllString(block, -1)
	for _, shown := range found {
		if shown != name {
			t.Errorf("the block shows %s, and %s is the only one who changes:\n%.3000s", shown, name, block)
		}
	}
	if len(found) == 0 {
		t.Errorf("the block does not show %s:\n%.3000s", name, block)
	}
}

func TestPlansOfAThousandUsersAreShortThroughTheRealCLI(t *testing.T) {
	t.Parallel()
	const managed = 1000
	people, names := crowd(managed + 1)
	tn := acctest.StartTenant(t, people, acctest.Quick())
	w := tn.Workspace(t, map[string]string{"main.tf": acctest.Block() + allEnabled(names[:managed])}, acctest.AppEnvironment()...)

	first := w.Expect(2, "plan", "-input=false", "-detailed-exitcode")
	if lines := strings.Count(first, "\n"); lines > firstPlanLines || lines < managed {
		t.Errorf("the first plan has %d lines, at most %d are promised, and %d users are in it", lines, firstPlanLines, managed)
	}
	w.Sees(first, "Warning: Per-user MFA: 500 gain it, 500 are adopted", "person0000@contoso.example (disabled), person0002@contoso.example (disabled)", "and 490 more")
	w.Apply()

	w.Write("main.tf", acctest.Block()+allEnabled(names))
	joins := w.Expect(2, "plan", "-input=false", "-detailed-exitcode")
	shows(t, joins, names[managed])
	w.Sees(joins, "Warning: Per-user MFA: 1 gains it ("+names[managed]+")")

	w.Write("main.tf", acctest.Block()+allEnabled(names[1:managed]))
	leaves := w.Expect(2, "plan", "-input=false", "-detailed-exitcode")
	shows(t, leaves, names[0])
	w.Sees(leaves, "Warning: Per-user MFA: 1 loses it ("+names[0]+")")
}

func TestOfAHundredImportedUsersAPlanShowsTheOneWhoChangesThroughTheRealCLI(t *testing.T) {
	t.Parallel()
	people, all := crowd(200)
	var names []string
	for i := 1; i < len(all); i += 2 {
		names = append(names, all[i])
	}
	tn := acctest.StartTenant(t, people, acctest.Quick())
	w := tn.Workspace(t, map[string]string{"main.tf": acctest.Block() + allEnabled(names)}, acctest.AppEnvironment()...)
	w.Expect(0, "import", "-input=false", statesAddress, strings.Join(names, ","))
	w.StaysEmpty()
	tn.SetState(acctest.MemberID(1), "disabled")()
	repairs := w.Expect(2, "plan", "-input=false", "-detailed-exitcode")
	shows(t, repairs, names[0])
	w.Sees(repairs, "Warning: Per-user MFA: 1 gains it ("+names[0]+")")
	w.Apply()
	w.StaysEmpty()

	// What an import cannot know: the configuration says enforced. Nothing is written.
	tn.ForgetRequests(t)
	w.Write("main.tf", acctest.Block()+strings.Replace(allEnabled(names), `"enabled"`, `"enforced"`, 1))
	w.Expect(0, "apply", "-input=false", "-auto-approve")
	w.StaysEmpty()
	if writes := tn.Writes(); writes != 0 {
		t.Errorf("enforced for a user who is enforced has written %d states", writes)
	}
}

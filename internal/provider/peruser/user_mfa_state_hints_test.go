package peruser_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/acctest"
)

// newTenantWithMembers is a tenant with many users, all disabled.
func newTenantWithMembers(t *testing.T, members int) *acctest.Tenant {
	t.Helper()
	people := acctest.Contoso()
	for n := range members {
		people.Users = append(people.Users, control.User{ID: acctest.MemberID(n), UserPrincipalName: acctest.MemberUPN(n), DisplayName: fmt.Sprintf("Member %d", n)})
	}
	return acctest.StartTenant(t, people, acctest.Quick())
}

func TestInstancesThatWereCreatedInOneRunAreReadTogetherInTheNext(t *testing.T) {
	t.Parallel()
	const members = 15
	tn := newTenantWithMembers(t, members)
	apply := tn.Session(t, nil)
	private := make([][]byte, members)
	for n := range members {
		private[n] = apply.Create(n)
	}
	tn.UserRequests()

	next := tn.Session(t, nil)
	for n := members - 1; n >= 0; n-- {
		if after := next.Read(n, private[n]); string(after) != string(private[n]) {
			t.Errorf("the read of member %d makes the private state\n%s of\n%s", n, after, private[n])
		}
	}
	if lookUps, requests, states := tn.UserRequests(); lookUps != 1 || requests != 1 || states != members {
		t.Errorf("%d members took %d look-ups and %d requests, and %d reads of a state; want 1, 1 and one for each", members, lookUps, requests, states)
	}
	// In the same run, each further read asks the service.
	next.Read(3, private[3])
	if lookUps, requests, states := tn.UserRequests(); lookUps != 0 || requests != 2 || states != 1 {
		t.Errorf("a second read took %d look-ups and %d requests, and %d reads of a state", lookUps, requests, states)
	}
	// The control: without hints each takes two requests, and a damaged hint is none.
	next = tn.Session(t, nil)
	for n := range members {
		next.Read(n, [][]byte{nil, []byte(`{"read_ahead":"IjEi"}`)}[n%2])
	}
	if lookUps, requests, states := tn.UserRequests(); lookUps != 0 || requests != 2*members || states != members {
		t.Errorf("without hints, %d members took %d look-ups and %d requests, and %d reads of a state", members, lookUps, requests, states)
	}
}

func TestImportedInstancesGetHintsOnce(t *testing.T) {
	t.Parallel()
	const members = 40
	tn := newTenantWithMembers(t, members)
	private := make([][]byte, members)
	// rewritten counts the private states that a run changes at all: each is a new version of the state.
	rewritten := 0
	run := func(backwards bool) (changed, none int) {
		s := tn.Session(t, nil)
		rewritten = 0
		for i := range members {
			n := i
			if backwards {
				n = members - 1 - i
			}
			after := s.Read(n, private[n])
			before, hints := acctest.PrivateOf(t, private[n])["read_ahead"], acctest.PrivateOf(t, after)["read_ahead"]
			if hints != before {
				changed++
			}
			if hints == "" {
				none++
			}
			if string(after) != string(private[n]) {
				rewritten++
			}
			private[n] = after
		}
		return changed, none
	}
	// The first fifteen of a run know too few others.
	if changed, none := run(false); changed != members-15 || none != 15 {
		t.Errorf("the first run gives hints to %d instances and leaves %d without", changed, none)
	}
	tn.UserRequests()
	if changed, none := run(true); changed != 15 || none != 0 {
		t.Errorf("the second run gives hints to %d instances and leaves %d without", changed, none)
	}
	if lookUps, requests, states := tn.UserRequests(); lookUps > 8 || requests > 8 || states != members {
		t.Errorf("the second run took %d look-ups and %d requests, and %d reads of a state", lookUps, requests, states)
	}
	for _, backwards := range []bool{false, true} {
		if changed, none := run(backwards); changed != 0 || none != 0 || rewritten != 0 {
			t.Errorf("a later run gives hints to %d instances, leaves %d without, and rewrites %d", changed, none, rewritten)
		}
	}
}

func TestManySingleResourcesTakeFewRequestsThroughTheRealCLI(t *testing.T) {
	t.Parallel()
	const members = 200
	tn := newTenantWithMembers(t, members)
	var config strings.Builder
	config.WriteString(acctest.Block())
	for n := range members {
		fmt.Fprintf(&config, "resource \"entramfa_user_mfa_state\" \"m%d\" {\n  user_id = %q\n  state   = \"disabled\"\n}\n", n, acctest.MemberID(n))
	}
	w := tn.Workspace(t, map[string]string{"main.tf": config.String()},
		"ARM_TENANT_ID="+acctest.TenantID, "ARM_CLIENT_ID="+acctest.AppID, "ARM_CLIENT_SECRET="+acctest.AppSecret)
	w.Expect(0, "apply", "-input=false", "-auto-approve")
	tn.UserRequests()

	w.Expect(0, "plan", "-input=false", "-detailed-exitcode")
	lookUps, ahead, states := tn.UserRequests()
	if lookUps > 40 || ahead > 40 || states != members {
		t.Errorf("%d resources took %d look-ups and %d requests, and %d reads of a state", members, lookUps, ahead, states)
	}

	// What is read ahead is believed no more and no less than what is read.
	tn.SetState(acctest.MemberID(17), "enabled")()
	tn.Do(func(ctx context.Context) error { return tn.DeleteUser(ctx, acctest.MemberID(42)) })()
	renamed := "renamed@contoso.example"
	tn.Do(func(ctx context.Context) error {
		_, err := tn.PatchUser(ctx, acctest.MemberID(99), control.UserPatch{UserPrincipalName: &renamed})
		return err
	})()
	w.Sees(w.Expect(1, "plan", "-input=false"), acctest.MemberID(42), "not found")
	w.Write("main.tf", strings.Replace(config.String(), acctest.MemberID(42), acctest.AdeleID, 1))
	output := w.Expect(2, "plan", "-input=false", "-detailed-exitcode")
	w.Sees(output, "entramfa_user_mfa_state.m17 will be updated in-place")
	w.Sees(output, "entramfa_user_mfa_state.m42 will be created")
	w.Sees(output, "1 to add, 1 to change, 0 to destroy")
	w.Expect(0, "apply", "-input=false", "-auto-approve")
	w.Sees(w.Expect(0, "state", "show", "entramfa_user_mfa_state.m99"), renamed)
	if err := tn.StateIs(acctest.MemberID(17), "disabled"); err != nil {
		t.Error(err)
	}

	// The control: the same without hints.
	w.WithoutPrivateState()
	tn.UserRequests()
	w.Expect(0, "plan", "-input=false", "-detailed-exitcode")
	lookUps, requests, states := tn.UserRequests()
	if lookUps != 0 || requests <= 2*ahead || states != members {
		t.Errorf("without hints, %d resources took %d look-ups and %d requests, and %d reads of a state; with hints %d requests",
			members, lookUps, requests, states, ahead)
	}
}

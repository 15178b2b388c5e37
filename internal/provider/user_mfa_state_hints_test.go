package provider_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
)

func memberID(n int) string  { return fmt.Sprintf("55555555-eeee-4eee-8eee-%012d", n) }
func memberUPN(n int) string { return fmt.Sprintf("member%03d@contoso.example", n) }

// newCrowd is a tenant with many users, all disabled.
func newCrowd(t *testing.T, members int) *tenant {
	t.Helper()
	people := testTenant()
	for n := range members {
		people.Users = append(people.Users, control.User{ID: memberID(n), UserPrincipalName: memberUPN(n), DisplayName: fmt.Sprintf("Member %d", n)})
	}
	return startTenant(t, people, quick())
}

// userRequests counts the requests since the log was cleared: look-ups by id, other requests that are about users, batches among
// them, and how often a state was read, in a batch or not. It clears the log.
func (tn *tenant) userRequests() (lookUps, requests, states int) {
	tn.t.Helper()
	all, err := tn.Requests(context.Background())
	if err != nil {
		tn.t.Fatal(err)
	}
	for _, request := range all {
		if strings.HasSuffix(request.Path, "/authentication/requirements") {
			states++
		}
		switch {
		case request.BatchItem:
		case strings.HasSuffix(request.Path, "/directoryObjects/getByIds"):
			lookUps++
		case strings.Contains(request.Path, "/users/"), strings.HasSuffix(request.Path, "/$batch"):
			requests++
		}
	}
	if err := tn.ClearRequests(context.Background()); err != nil {
		tn.t.Fatal(err)
	}
	return lookUps, requests, states
}

// create applies the resource of a member who is to be disabled, and returns its private state.
func (s *session) create(n int) []byte {
	s.t.Helper()
	config := map[string]any{"user_id": memberID(n), "state": "disabled"}
	planned := s.plan(nil, config)
	noErrors(s.t, planned.Diagnostics)
	applied, err := s.server.ApplyResourceChange(context.Background(), &tfprotov6.ApplyResourceChangeRequest{
		TypeName: s.typeName, PriorState: dynamic(s.t, tftypes.NewValue(s.typ, nil)), Config: dynamic(s.t, objectOf(s.t, s.typ, config)),
		PlannedState: planned.PlannedState, PlannedPrivate: planned.PlannedPrivate,
	})
	if err != nil {
		s.t.Fatal(err)
	}
	noErrors(s.t, applied.Diagnostics)
	return applied.Private
}

// read reads a member's resource, which must not have changed, and returns its private state.
func (s *session) read(n int, private []byte) []byte {
	s.t.Helper()
	want := objectOf(s.t, s.typ, withName(state(memberID(n), memberUPN(n), "disabled", "disabled"), fmt.Sprintf("Member %d (%s)", n, memberUPN(n))))
	read, err := s.server.ReadResource(context.Background(), &tfprotov6.ReadResourceRequest{
		TypeName: s.typeName, CurrentState: dynamic(s.t, want), Private: private,
	})
	if err != nil {
		s.t.Fatal(err)
	}
	noErrors(s.t, read.Diagnostics)
	if have, err := read.NewState.Unmarshal(s.typ); err != nil || !have.Equal(want) {
		s.t.Errorf("member %d reads as %s, %v", n, have, err)
	}
	return read.Private
}

func TestInstancesThatWereCreatedInOneRunAreReadTogetherInTheNext(t *testing.T) {
	t.Parallel()
	const members = 15
	tn := newCrowd(t, members)
	apply := tn.session(t, nil)
	private := make([][]byte, members)
	for n := range members {
		private[n] = apply.create(n)
	}
	tn.userRequests()

	next := tn.session(t, nil)
	for n := members - 1; n >= 0; n-- {
		if after := next.read(n, private[n]); string(after) != string(private[n]) {
			t.Errorf("the read of member %d makes the private state\n%s of\n%s", n, after, private[n])
		}
	}
	if lookUps, requests, states := tn.userRequests(); lookUps != 1 || requests != 1 || states != members {
		t.Errorf("%d members took %d look-ups and %d requests, and %d reads of a state; want 1, 1 and one for each", members, lookUps, requests, states)
	}
	// In the same run, each further read asks the service.
	next.read(3, private[3])
	if lookUps, requests, states := tn.userRequests(); lookUps != 0 || requests != 2 || states != 1 {
		t.Errorf("a second read took %d look-ups and %d requests, and %d reads of a state", lookUps, requests, states)
	}
	// The control: without hints each takes two requests, and a damaged hint is none.
	next = tn.session(t, nil)
	for n := range members {
		next.read(n, [][]byte{nil, []byte(`{"read_ahead":"IjEi"}`)}[n%2])
	}
	if lookUps, requests, states := tn.userRequests(); lookUps != 0 || requests != 2*members || states != members {
		t.Errorf("without hints, %d members took %d look-ups and %d requests, and %d reads of a state", members, lookUps, requests, states)
	}
}

func TestImportedInstancesGetHintsOnce(t *testing.T) {
	t.Parallel()
	const members = 40
	tn := newCrowd(t, members)
	private := make([][]byte, members)
	// rewritten counts the private states that a run changes at all: each is a new version of the state.
	rewritten := 0
	run := func(backwards bool) (changed, none int) {
		s := tn.session(t, nil)
		rewritten = 0
		for i := range members {
			n := i
			if backwards {
				n = members - 1 - i
			}
			after := s.read(n, private[n])
			before, hints := privateOf(t, private[n])["read_ahead"], privateOf(t, after)["read_ahead"]
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
	tn.userRequests()
	if changed, none := run(true); changed != 15 || none != 0 {
		t.Errorf("the second run gives hints to %d instances and leaves %d without", changed, none)
	}
	if lookUps, requests, states := tn.userRequests(); lookUps > 8 || requests > 8 || states != members {
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
	tn := newCrowd(t, members)
	var config strings.Builder
	config.WriteString(block())
	for n := range members {
		fmt.Fprintf(&config, "resource \"entramfa_user_mfa_state\" \"m%d\" {\n  user_id = %q\n  state   = \"disabled\"\n}\n", n, memberID(n))
	}
	w := tn.workspace(t, map[string]string{"main.tf": config.String()},
		"ARM_TENANT_ID="+tenantID, "ARM_CLIENT_ID="+appID, "ARM_CLIENT_SECRET="+appSecret)
	w.expect(0, "apply", "-input=false", "-auto-approve")
	tn.userRequests()

	w.expect(0, "plan", "-input=false", "-detailed-exitcode")
	lookUps, ahead, states := tn.userRequests()
	if lookUps > 40 || ahead > 40 || states != members {
		t.Errorf("%d resources took %d look-ups and %d requests, and %d reads of a state", members, lookUps, ahead, states)
	}

	// What is read ahead is believed no more and no less than what is read.
	tn.setState(memberID(17), "enabled")()
	tn.do(func(ctx context.Context) error { return tn.DeleteUser(ctx, memberID(42)) })()
	renamed := "renamed@contoso.example"
	tn.do(func(ctx context.Context) error {
		_, err := tn.PatchUser(ctx, memberID(99), control.UserPatch{UserPrincipalName: &renamed})
		return err
	})()
	w.sees(w.expect(1, "plan", "-input=false"), memberID(42), "not found")
	w.write("main.tf", strings.Replace(config.String(), memberID(42), adeleID, 1))
	output := w.expect(2, "plan", "-input=false", "-detailed-exitcode")
	w.sees(output, "entramfa_user_mfa_state.m17 will be updated in-place")
	w.sees(output, "entramfa_user_mfa_state.m42 will be created")
	w.sees(output, "1 to add, 1 to change, 0 to destroy")
	w.expect(0, "apply", "-input=false", "-auto-approve")
	w.sees(w.expect(0, "state", "show", "entramfa_user_mfa_state.m99"), renamed)
	if err := tn.stateIs(memberID(17), "disabled"); err != nil {
		t.Error(err)
	}

	// The control: the same without hints.
	w.withoutPrivateState()
	tn.userRequests()
	w.expect(0, "plan", "-input=false", "-detailed-exitcode")
	lookUps, requests, states := tn.userRequests()
	if lookUps != 0 || requests <= 2*ahead || states != members {
		t.Errorf("without hints, %d resources took %d look-ups and %d requests, and %d reads of a state; with hints %d requests",
			members, lookUps, requests, states, ahead)
	}
}

// withoutPrivateState takes the private state out of the state file, as of a state from before there was any.
func (w *workspace) withoutPrivateState() {
	w.t.Helper()
	path := filepath.Join(w.dir, "terraform.tfstate")
	text, err := os.ReadFile(path)
	if err != nil {
		w.t.Fatal(err)
	}
	var file map[string]any
	if err := json.Unmarshal(text, &file); err != nil {
		w.t.Fatal(err)
	}
	resources, _ := file["resources"].([]any)
	for _, resource := range resources {
		described, _ := resource.(map[string]any)
		instances, _ := described["instances"].([]any)
		for _, instance := range instances {
			if values, ok := instance.(map[string]any); ok {
				delete(values, "private")
			}
		}
	}
	if text, err = json.Marshal(file); err != nil {
		w.t.Fatal(err)
	}
	w.write("terraform.tfstate", string(text))
}

package acctest

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
)

// Succeeds fails the test unless a run went well.
func Succeeds(t *testing.T, report *Outcome) *Outcome {
	t.Helper()
	if report.Failed() {
		t.Fatalf("the run fails:\n%s", report)
	}
	return report
}

// RefusesPlan fails the test unless the plan is refused by one of the blocks with a text, and nothing is written.
func (tn *Tenant) RefusesPlan(t *testing.T, report *Outcome, texts ...string) {
	t.Helper()
	if report.Planned || !Says(texts...).MatchString(report.String()) {
		t.Errorf("the plan is not refused with %q:\n%s", texts, report)
	}
	if n := tn.Writes(); n != 0 {
		t.Errorf("a refused plan has written %d states", n)
	}
}

func (tn *Tenant) ForgetRequests(t *testing.T) {
	t.Helper()
	if err := tn.ClearRequests(context.Background()); err != nil {
		t.Fatal(err)
	}
}

// Plays is Terraform core on the tenant.
func (tn *Tenant) Plays(t *testing.T) *Core {
	t.Helper()
	played, err := NewCore(tn.Factory["entramfa"], map[string]any{
		"tenant_id": TenantID, "client_id": AppID, "client_secret": AppSecret, "use_cli": false,
		"graph_endpoint": tn.URL, "authority_host": tn.URL, "ca_bundle_path": tn.CAFile,
	})
	if err != nil {
		t.Fatal(err)
	}
	return played
}

// RefuseWrites refuses the writes of per-user states but for the first ones.
func (tn *Tenant) RefuseWrites(but int) func() {
	return tn.Fault(control.Fault{
		Method: http.MethodPatch, PathRegexp: "/authentication/requirements$", After: but, Times: new(0),
		Status: http.StatusForbidden, Code: "Authorization_RequestDenied", Message: "Insufficient privileges to complete the operation.",
	})
}

// MemberID is the object id of one of many members.
func MemberID(n int) string { return fmt.Sprintf("55555555-eeee-4eee-8eee-%012d", n) }

// MemberUPN is the user principal name of one of many members.
func MemberUPN(n int) string { return fmt.Sprintf("member%03d@contoso.example", n) }

// UserRequests counts the requests since the log was cleared: look-ups by id, other requests that are about users, batches among
// them, and how often a state was read, in a batch or not. It clears the log.
func (tn *Tenant) UserRequests() (lookUps, requests, states int) {
	tn.T.Helper()
	for _, request := range tn.RequestLog() {
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
		tn.T.Fatal(err)
	}
	return lookUps, requests, states
}

// Create applies the resource of a member who is to be disabled, and returns its private state.
func (s *Session) Create(n int) []byte {
	s.t.Helper()
	config := map[string]any{"user_id": MemberID(n), "state": "disabled"}
	planned := s.Plan(nil, config)
	NoErrors(s.t, planned.Diagnostics)
	applied, err := s.Server.ApplyResourceChange(context.Background(), &tfprotov6.ApplyResourceChangeRequest{
		TypeName: s.TypeName, PriorState: Dynamic(s.t, tftypes.NewValue(s.Type, nil)), Config: Dynamic(s.t, ObjectOf(s.t, s.Type, config)),
		PlannedState: planned.PlannedState, PlannedPrivate: planned.PlannedPrivate,
	})
	if err != nil {
		s.t.Fatal(err)
	}
	NoErrors(s.t, applied.Diagnostics)
	return applied.Private
}

// Read reads a member's resource, which must not have changed, and returns its private state.
func (s *Session) Read(n int, private []byte) []byte {
	s.t.Helper()
	want := ObjectOf(s.t, s.Type, WithName(State(MemberID(n), MemberUPN(n), "disabled", "disabled"), fmt.Sprintf("Member %d (%s)", n, MemberUPN(n))))
	read, err := s.Server.ReadResource(context.Background(), &tfprotov6.ReadResourceRequest{
		TypeName: s.TypeName, CurrentState: Dynamic(s.t, want), Private: private,
	})
	if err != nil {
		s.t.Fatal(err)
	}
	NoErrors(s.t, read.Diagnostics)
	if have, err := read.NewState.Unmarshal(s.Type); err != nil || !have.Equal(want) {
		s.t.Errorf("member %d reads as %s, %v", n, have, err)
	}
	return read.Private
}

// WithoutPrivateState takes the private state out of the state file, as of a state from before there was any.
func (w *Workspace) WithoutPrivateState() {
	w.T.Helper()
	path := filepath.Join(w.Dir, "terraform.tfstate")
	text, err := os.ReadFile(path)
	if err != nil {
		w.T.Fatal(err)
	}
	var file map[string]any
	if err := json.Unmarshal(text, &file); err != nil {
		w.T.Fatal(err)
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
		w.T.Fatal(err)
	}
	w.Write("terraform.tfstate", string(text))
}

func (tn *Tenant) Renamed(user, displayName string) func() {
	return tn.Do(func(ctx context.Context) error {
		_, err := tn.PatchUser(ctx, user, control.UserPatch{DisplayName: &displayName})
		return err
	})
}

// RequestsTo counts what was sent to Graph since the log was cleared, but for the envelopes of batches.
func (tn *Tenant) RequestsTo() (count int, list string) {
	tn.T.Helper()
	var lines []string
	for _, request := range tn.RequestLog() {
		if !strings.HasSuffix(request.Path, "/$batch") {
			lines = append(lines, request.Method+" "+request.Path)
		}
	}
	return len(lines), strings.Join(lines, "\n")
}

// WithName is a state with another name of the user.
func WithName(state map[string]any, name string) map[string]any {
	state["name"] = name
	return state
}

// Text is a check for a text.
func Text(value string) knownvalue.Check { return knownvalue.StringExact(value) }

// KeepsWhatCannotBeRead applies a configuration of the block x, has its refresh fail, and checks that the state is what it was. The control
// is the same refresh without the fault of a user who was deleted.
func (tn *Tenant) KeepsWhatCannotBeRead(t *testing.T, config Configuration, fault control.Fault, gone string, texts ...string) {
	t.Helper()
	played := tn.Plays(t)
	Succeeds(t, played.Apply(config))
	was := played.Instances["x"]
	refresh := func() (*tfprotov6.ReadResourceResponse, tftypes.Value) {
		read, err := played.Provider(NewOutcome()).ReadResource(context.Background(), &tfprotov6.ReadResourceRequest{
			TypeName: was.TypeName, CurrentState: Packed(was.Value), Private: was.Private, CurrentIdentity: was.Identity,
		})
		if err != nil {
			t.Fatal(err)
		}
		return read, Unpacked(read.NewState, played.TypeOf(was.TypeName))
	}
	tn.Fault(fault)()
	read, value := refresh()
	WantTold(t, Told(tfprotov6.DiagnosticSeverityError, read.Diagnostics), [][]string{texts})
	if !value.Equal(was.Value) {
		t.Errorf("a refresh that fails makes\n%s\nof\n%s", value, was.Value)
	}
	tn.Heal()()
	tn.Do(func(ctx context.Context) error { return tn.DeleteUser(ctx, gone) })()
	read, value = refresh()
	NoErrors(t, read.Diagnostics)
	if value.Equal(was.Value) {
		t.Errorf("the control, a refresh after %s was deleted, changes nothing", gone)
	}
}

// StatesTypeName is the type of the states of many users.
const StatesTypeName = "entramfa_user_mfa_states"

// StatesSession drives the resource of many users as the CLI does.
type StatesSession struct{ *Session }

func (tn *Tenant) StatesSession(t *testing.T, extra map[string]any) *StatesSession {
	t.Helper()
	return &StatesSession{tn.SessionOf(t, StatesTypeName, extra)}
}

// RefuseWritesTo makes the writes of a user fail.
func (tn *Tenant) RefuseWritesTo(id string) func() {
	forever := 0
	return tn.Fault(control.Fault{
		Method: "PATCH", PathRegexp: "/users/" + id + "/authentication/requirements$", Times: &forever,
		Status: 400, Code: "BadRequest", Message: "This user is odd.",
	})
}

// AdelesNewUPN is what Adele signs in with after a rename.
const AdelesNewUPN = "adele.miller@contoso.example"

// AdeleName is how Adele is shown.
const AdeleName = "Adele Vance (" + AdeleUPN + ")"

// PriorUsers is a state of many users after an apply; of each user the key, the id, the wanted and the effective state.
func PriorUsers(onDestroy string, entries ...[4]string) map[string]any {
	var wanted, effective, ids []string
	for _, entry := range entries {
		ids = append(ids, entry[0], entry[1])
		wanted, effective = append(wanted, entry[0], entry[2]), append(effective, entry[0], entry[3])
	}
	return map[string]any{
		"id": "66666666-ffff-4fff-8fff-000000000001", "allow_promotion": false, "on_destroy": onDestroy,
		"users": StringMap(wanted...), "effective_states": StringMap(effective...), "user_ids": StringMap(ids...),
	}
}

// WantedUsers is a configuration of many users, key and state by turns.
func WantedUsers(pairs ...string) map[string]any { return map[string]any{"users": StringMap(pairs...)} }

// UserByName is the resource block entramfa_user_mfa_state.test of a user, with more lines.
func UserByName(upn, state string, extra ...string) string {
	return userBlock("user_principal_name", upn, state, extra...)
}

// UserByID is the same with an object id.
func UserByID(id, state string, extra ...string) string {
	return userBlock("user_id", id, state, extra...)
}

func userBlock(key, value, state string, extra ...string) string {
	lines := ""
	for _, line := range extra {
		lines += "  " + line + "\n"
	}
	return fmt.Sprintf("resource \"entramfa_user_mfa_state\" \"test\" {\n  %s = %q\n  state = %q\n%s}\n", key, value, state, lines)
}

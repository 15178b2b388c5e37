package provider_test

import (
	"context"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/acctest"
)

// A 403 for one user where the app has the permission is not advised to be about the permission; one without it is.
func TestA403DespiteThePermissionSpeaksOfTheUser(t *testing.T) {
	t.Parallel()
	refused := control.Fault{Method: "PATCH", Times: new(int), Status: 403, Code: "Authorization_RequestDenied", Message: "Insufficient privileges to complete the operation."}
	const grant = "Grant the app one of these application permissions"
	t.Run("a write that the token permits", func(t *testing.T) {
		t.Parallel()
		tn := acctest.NewTenant(t)
		tn.Fault(refused)()
		s := tn.Session(t, nil)
		config := map[string]any{"user_id": acctest.AdeleID, "state": "enabled"}
		said := acctest.AllOf(s.CarryOut(config, s.Plan(nil, config)))
		if !acctest.Says("HTTP 403", "The permission is not what is missing", "Policy.ReadWrite.AuthenticationMethod", "administrator role",
			"restricted management administrative unit", "take this user out").MatchString(said) || strings.Contains(said, grant) {
			t.Errorf("it says %s", said)
		}
	})
	t.Run("a read that the token permits", func(t *testing.T) {
		t.Parallel()
		tn := acctest.NewTenant(t)
		reads := refused
		reads.Method, reads.PathRegexp = "GET", "/requirements$"
		tn.Fault(reads)()
		said := acctest.AllOf(tn.Session(t, nil).Plan(nil, map[string]any{"user_id": acctest.AdeleID, "state": "enabled"}).Diagnostics)
		if !acctest.Says("HTTP 403", "The permission is not what is missing", "refuses this user").MatchString(said) || strings.Contains(said, grant) {
			t.Errorf("it says %s", said)
		}
	})
	t.Run("a write without the permission", func(t *testing.T) {
		t.Parallel()
		tn := acctest.NewTenant(t)
		s := tn.Session(t, map[string]any{"client_id": acctest.PlanAppID, "client_secret": acctest.PlanSecret})
		config := map[string]any{"user_id": acctest.AdeleID, "state": "enabled"}
		planned := s.Plan(nil, config)
		acctest.NoErrors(t, planned.Diagnostics)
		said := acctest.AllOf(s.CarryOut(config, planned))
		if !acctest.Says("HTTP 403", grant, "Policy.ReadWrite.AuthenticationMethod").MatchString(said) || strings.Contains(said, "not what is missing") {
			t.Errorf("it says %s", said)
		}
	})
	t.Run("what is no user", func(t *testing.T) {
		t.Parallel()
		tn := acctest.NewTenant(t)
		tn.Fault(refused)()
		s := tn.SessionOf(t, "entramfa_registration_policy", nil)
		config := map[string]any{"state": "disabled"}
		said := acctest.AllOf(s.CarryOut(config, s.Plan(nil, config)))
		if !acctest.Says("HTTP 403", "The permission is not what is missing", "Something else forbids it").MatchString(said) || strings.Contains(said, "administrative unit") {
			t.Errorf("it says %s", said)
		}
	})
}

// A Retry-After beyond the limit is not waited for, and both times are said.
func TestARetryAfterBeyondTheLimitIsSaid(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]control.Fault{
		"throttled":   {Status: 429, Headers: retryAfter("300")},
		"unavailable": {Status: 503, Headers: retryAfter("300")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tn := acctest.NewTenant(t)
			fault.PathRegexp, fault.Times = "/requirements$", new(int)
			one, many := tn.Session(t, nil), tn.SessionOf(t, "entramfa_user_mfa_states", nil)
			tn.Fault(fault)()
			said := acctest.AllOf(one.Plan(nil, map[string]any{"user_id": acctest.AdeleID, "state": "enabled"}).Diagnostics)
			// In a batch.
			both := tftypes.NewValue(tftypes.Map{ElementType: tftypes.String}, map[string]tftypes.Value{acctest.AdeleUPN: acctest.StringValue("enabled"), acctest.AlexUPN: acctest.StringValue("enabled")})
			inBatch := acctest.AllOf(many.Plan(nil, map[string]any{"users": both}).Diagnostics)
			if !acctest.Says("of 2 users", "asks for 300 s until the next request").MatchString(inBatch) {
				t.Errorf("in a batch it says %s", inBatch)
			}
			if !acctest.Says("asks for 300 s until the next request", "the limit of this provider is 2 s", "run the command again after that time").MatchString(said) {
				t.Errorf("it says %s", said)
			}
		})
	}
}

// hostileNames are what a person may choose to be called, each with what the reader of a plan gets to see.
var hostileNames = map[string]string{
	"Diego\ndiego: Reading...":    `"Diego\ndiego: Reading..."`,
	"Diego\r\n  - Adele":          `"Diego\r\n  - Adele"`,
	"diego: Reading...":           `"diego: Reading..."`,
	"\x1b[2K\x1b[1ADiego":         `"\u001b[2K\u001b[1ADiego"`,
	"Die\u200bgo \u202eadmin":     `"Die\u200bgo \u202eadmin"`,
	"```\n## Approved":            `"\u0060\u0060\u0060\n## Approved"`,
	"~~~ # Approved":              `"\u007e\u007e\u007e # Approved"`,
	"محمد 👩\u200d💻 می\u200cخواهم": "محمد 👩\u200d💻 می\u200cخواهم",
}

// Whatever people call themselves, no message and no computed name of a plan has a line of theirs or a character that is not seen.
func TestNoDisplayNameForgesALine(t *testing.T) {
	t.Parallel()
	for name, shown := range hostileNames {
		t.Run(shown, func(t *testing.T) {
			t.Parallel()
			people := acctest.Contoso()
			for i := range people.Users {
				people.Users[i].DisplayName = name
			}
			tn := acctest.StartTenant(t, people, acctest.Quick())
			want := shown + " (" + acctest.DiegoUPN + ")"
			s := tn.Session(t, nil)
			planned := s.Plan(nil, map[string]any{"user_id": acctest.DiegoID, "state": "enforced"})
			acctest.NoErrors(t, planned.Diagnostics)
			if have := s.TextOf(planned.PlannedState, "name"); have != want {
				t.Errorf("the name is %q, want %q", have, want)
			}
			// Disabling somebody is warned of, and the warning names them.
			before := acctest.State(acctest.DiegoID, acctest.DiegoUPN, "enforced", "enforced")
			before["name"] = name + " (" + acctest.DiegoUPN + ")" // as states of earlier versions have it
			said := acctest.AllOf(s.Plan(before, map[string]any{"user_id": acctest.DiegoID, "state": "disabled"}).Diagnostics)
			if said == "" || !strings.Contains(said, want) || strings.ContainsAny(said, "\x1b\r\u200b\u202e`") || strings.Contains(said, "\n## ") {
				t.Errorf("it says %q", said)
			}
			campaign := tn.SessionOf(t, "entramfa_registration_policy", nil)
			asked := campaign.Plan(nil, map[string]any{"state": "enabled", "include": acctest.Targets(nil, []string{acctest.DiegoID}, nil)})
			acctest.NoErrors(t, asked.Diagnostics)
			if have := campaign.TextOf(asked.PlannedState, "asked"); have != "user "+want {
				t.Errorf("asked is %q, want %q", have, "user "+want)
			}
		})
	}
}

// What has no name of its own is quoted all the same: every diagnostic passes the server's filter.
func TestEveryDiagnosticShowsWhatIsNotSeen(t *testing.T) {
	t.Parallel()
	tn := acctest.NewTenant(t)
	s := tn.Session(t, nil)
	said := acctest.AllOf(s.Plan(nil, map[string]any{"user_principal_name": "ade\u200ble\u202e@contoso.example", "state": "enabled"}).Diagnostics)
	if !strings.Contains(said, `ade\u200ble\u202e@contoso.example`) || strings.ContainsAny(said, "\u200b\u202e") {
		t.Errorf("it says %q", said)
	}
	called, err := tn.Server(t, nil).CallFunction(context.Background(), &tfprotov6.CallFunctionRequest{
		Name: "normalize_ip_ranges", Arguments: []*tfprotov6.DynamicValue{acctest.Dynamic(t, tftypes.NewValue(tftypes.List{ElementType: tftypes.String}, []tftypes.Value{acctest.StringValue("203.0.113.0/24\x1b[1m\u200b")}))},
	})
	if err != nil || called.Error == nil || strings.ContainsAny(called.Error.Text, "\x1b\u200b") {
		t.Errorf("the function says %v, error %v", called.Error, err)
	}
}

package peruser_test

import (
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/acctest"
)

// Between the plan that Terraform makes in an apply and the change itself.
func TestAUserWhoIsRenamedDuringACreateIsWhoWasPlanned(t *testing.T) {
	t.Parallel()
	many := func(key string) map[string]any {
		return acctest.Having(acctest.Having(acctest.WantedUsers(key, "enabled"), "allow_promotion", false), "on_destroy", "disable")
	}
	one := func(attribute, key string) map[string]any {
		return map[string]any{attribute: key, "state": "enabled", "allow_promotion": false, "on_destroy": "disable"}
	}
	newUPN := map[string]tftypes.Value{"user_principal_name": tftypes.NewValue(tftypes.String, acctest.AdelesNewUPN)}
	for name, c := range map[string]struct {
		typeName string
		config   map[string]any
		// moved is what the refresh after it finds otherwise: the name.
		moved map[string]tftypes.Value
	}{
		"one by id":    {acctest.TypeName, one("user_id", acctest.AdeleID), newUPN},
		"one by name":  {acctest.TypeName, one("user_principal_name", acctest.AdeleUPN), newUPN},
		"many by id":   {acctest.StatesTypeName, many(acctest.AdeleID), map[string]tftypes.Value{"names": acctest.StringMap(acctest.AdeleID, "Adele Vance ("+acctest.AdelesNewUPN+")")}},
		"many by name": {acctest.StatesTypeName, many(acctest.AdeleUPN), nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := acctest.NewMachine(t, acctest.Contoso())
			running := m.Process()
			planned, diagnostics := running.Plan(c.typeName, acctest.Kept{}, c.config)
			acctest.NoErrors(t, diagnostics)
			m.Tenant.Called(acctest.AdeleID, acctest.AdelesNewUPN)()
			// The name of before belongs to somebody else now, who is not the one who was planned.
			m.Tenant.Called(acctest.ObrienID, acctest.AdeleUPN)()
			// It checks that what is known of the plan is so.
			made, diagnostics := running.Apply(c.typeName, acctest.Kept{}, planned)
			acctest.NoErrors(t, diagnostics)
			for user, state := range map[string]string{acctest.AdeleID: "enabled", acctest.ObrienID: "disabled"} {
				if err := m.Tenant.StateIs(user, state); err != nil {
					t.Error(err)
				}
			}
			read := m.Refresh(m.Process(), c.typeName, made)
			if read.Same(made) != (c.moved == nil) {
				t.Errorf("the refresh makes\n%s\nof\n%s", read, made)
			}
			for attribute, want := range c.moved {
				if !acctest.AttributesOf(read.State)[attribute].Equal(want) {
					t.Errorf("after the refresh the state is\n%s", read)
				}
			}
		})
	}
}

// Between a plan and the apply of its file, where Terraform makes the plan once more.
func TestAPlanFromBeforeARenameIsRefusedOrCarriedOutAndNeverForSomebodyElse(t *testing.T) {
	t.Parallel()
	one := func(attribute, key string) acctest.Configuration {
		return acctest.Configuration{"x": {TypeName: acctest.TypeName, Values: map[string]any{attribute: key, "state": "enabled"}}}
	}
	many := func(key string) acctest.Configuration {
		return acctest.Configuration{"x": {TypeName: acctest.StatesTypeName, Values: map[string]any{"users": map[string]any{key: "enabled"}}}}
	}
	for name, c := range map[string]struct {
		config acctest.Configuration
		// taken says that the name is somebody else's then.
		taken bool
		// says is what the error says; nil is a success.
		says []string
	}{
		"one by name":                    {one("user_principal_name", acctest.AdeleUPN), false, []string{`User "` + acctest.AdeleUPN + `" not found`, "renames"}},
		"one by a name of somebody else": {one("user_principal_name", acctest.AdeleUPN), true, []string{"inconsistent final plan"}},
		// The plan has told its reader a name, and Terraform refuses one that gives another.
		"many by id":                       {many(acctest.AdeleID), false, []string{"inconsistent final plan", "names"}},
		"many by name":                     {many(acctest.AdeleUPN), false, []string{`"` + acctest.AdeleUPN + `" not found`}},
		"many by a name of somebody else":  {many(acctest.AdeleUPN), true, []string{"inconsistent final plan"}},
		"many by the id of a name's owner": {many(acctest.AdeleID), true, []string{"inconsistent final plan", "names"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tn := acctest.NewTenant(t)
			played := tn.Plays(t)
			played.Between = func() {
				tn.Called(acctest.AdeleID, acctest.AdelesNewUPN)()
				if c.taken {
					tn.Called(acctest.ObrienID, acctest.AdeleUPN)()
				}
			}
			report := played.Apply(c.config)
			want := map[string]string{acctest.AdeleID: "enabled", acctest.ObrienID: "disabled"}
			if c.says != nil {
				want[acctest.AdeleID] = "disabled"
			}
			if report.Failed() != (c.says != nil) || !acctest.Says(c.says...).MatchString(report.String()) {
				t.Errorf("the apply says:\n%s", report)
			}
			for user, state := range want {
				if err := tn.StateIs(user, state); err != nil {
					t.Error(err)
				}
			}
			if (played.Instances["x"] == nil) != report.Failed() {
				t.Errorf("the state is %v", played.State())
			}
		})
	}
}

// TestACreateThatAnotherProcessHasPlannedIsForWhoWasPlanned leaves out the second plan of Terraform, which remembers whom it has found.
func TestACreateThatAnotherProcessHasPlannedIsForWhoWasPlanned(t *testing.T) {
	t.Parallel()
	config := acctest.Having(acctest.Having(acctest.WantedUsers(acctest.AdeleUPN, "enabled", acctest.AlexUPN, "disabled"), "allow_promotion", false), "on_destroy", "disable")
	for name, c := range map[string]struct {
		between func(tn *acctest.Tenant)
		refused bool
	}{
		"nothing has changed": {between: func(*acctest.Tenant) {}},
		"the name belongs to somebody else": {refused: true, between: func(tn *acctest.Tenant) {
			tn.Called(acctest.AdeleID, acctest.AdelesNewUPN)()
			tn.Called(acctest.ObrienID, acctest.AdeleUPN)()
		}},
		"who was disabled is enabled": {refused: true, between: func(tn *acctest.Tenant) { tn.SetState(acctest.AlexID, "enabled")() }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := acctest.NewMachine(t, acctest.Contoso())
			planned, diagnostics := m.Process().Plan(acctest.StatesTypeName, acctest.Kept{}, config)
			acctest.NoErrors(t, diagnostics)
			c.between(m.Tenant)
			m.Tenant.ForgetRequests(t)
			_, diagnostics = m.Process().Apply(acctest.StatesTypeName, acctest.Kept{}, planned)
			said := false
			for _, d := range diagnostics {
				said = said || d.Severity == tfprotov6.DiagnosticSeverityError && strings.Contains(d.Summary, "changed since the plan was made")
			}
			if said != c.refused {
				t.Errorf("the apply says %v", diagnostics)
			}
			if writes := m.Tenant.Writes(); (writes == 0) != c.refused {
				t.Errorf("%d states were written", writes)
			}
		})
	}
}

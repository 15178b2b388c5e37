package policies_test

import (
	"strings"
	"testing"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/acctest"
)

// registration is a policy about the registration of security information, or another user action.
func registration(state, action string) acctest.Configuration {
	return acctest.Configuration{"x": {TypeName: "entramfa_conditional_access_policy", Values: map[string]any{
		"display_name": "Registration", "state": state, "grant_controls": map[string]any{"built_in_controls": []any{"mfa"}},
		"conditions": map[string]any{
			"users":        map[string]any{"included_users": []any{"All"}, "excluded_groups": []any{acctest.RescueGroupID}},
			"applications": map[string]any{"included_user_actions": []any{action}},
		},
	}}}
}

// A warning of a plan comes once, where something changes, and not with each plan that changes nothing.
func TestAUserActionInReportOnlyIsWarnedOfOnceWhereItChanges(t *testing.T) {
	t.Parallel()
	const action, summary = "urn:user:registersecurityinfo", "User actions are not evaluated in report-only: "
	tn := newTenant(t, nil)
	played := tn.Plays(t)
	told := func(report *acctest.Outcome) (count int) {
		for _, warning := range report.Warnings["x"] {
			if strings.HasPrefix(warning, summary) && strings.Contains(warning, action) {
				count++
			}
		}
		return count
	}
	if count := told(acctest.Succeeds(t, played.Plan(registration(control.PolicyReportOnly, action)))); count != 1 {
		t.Errorf("the plan of the new policy warns %d times", count)
	}
	acctest.Succeeds(t, played.Apply(registration(control.PolicyReportOnly, action)))
	if report := acctest.Succeeds(t, played.Plan(registration(control.PolicyReportOnly, action))); len(report.Warnings) > 0 || len(report.Changed) > 0 {
		t.Errorf("a plan that changes nothing says:\n%s", report)
	}
	if count := told(acctest.Succeeds(t, played.Plan(registration(control.PolicyEnabled, action)))); count != 0 {
		t.Errorf("a policy that is enabled is warned of %d times", count)
	}
}

// What the service refuses is refused by the validation alone, without a tenant.
func TestAPolicyThatEndsInAWarningIsStillRefusedForTheRest(t *testing.T) {
	t.Parallel()
	tn := newTenant(t, nil)
	played := tn.Plays(t)
	wrong := registration(control.PolicyReportOnly, "urn:user:registerdevice")
	wrong["x"].Values["grant_controls"] = map[string]any{"built_in_controls": []any{"block"}}
	if report := played.Plan(wrong); !report.Failed() || !strings.Contains(report.String(), "The registration of devices does not have this grant_controls") {
		t.Errorf("the plan says:\n%s", report)
	}
}

package provider_test

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/terraform"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/acctest"
)

// officeAndPolicy are a location and a policy that names it.
func officeAndPolicy(names bool, more string) string {
	excluded := `["AllTrusted"]`
	if names {
		excluded = `[entramfa_trusted_ips.office.id]`
	}
	return `
resource "entramfa_trusted_ips" "office" {
  display_name = "Office"
  ip_ranges    = ["203.0.113.0/24"]
}
resource "entramfa_conditional_access_policy" "outside" {
  display_name = "MFA outside the office"
  state        = "enabledForReportingButNotEnforced"
  conditions = {
    users        = { included_users = ["All"] }
    applications = { included_applications = ["All"] }
    locations    = { included_locations = ["All"], excluded_locations = ` + excluded + ` }
  }
  grant_controls = { built_in_controls = ["mfa"] }
` + more + `
}
`
}

// The service does not know a new location everywhere at once: the policy that names it waits, in both envelopes of the refusal.
func TestAPolicyNamesALocationOfTheSameApply(t *testing.T) {
	t.Parallel()
	for _, older := range []bool{false, true} {
		t.Run(fmt.Sprintf("older envelope %t", older), func(t *testing.T) {
			t.Parallel()
			tn := acctest.NewLocationTenant(t)
			if err := tn.SetBehavior(context.Background(), control.Behavior{
				ReplicaLag:        control.ReplicaLag{Reads: 2, LagCreates: true, LagChecks: true},
				ConditionalAccess: control.ConditionalAccessBehavior{NumberInInnerError: older},
			}); err != nil {
				t.Fatal(err)
			}
			named := func(*terraform.State) error {
				tenant, err := tn.Snapshot(context.Background())
				if err != nil {
					return err
				}
				for _, policy := range tenant.ConditionalAccessPolicies {
					if policy.DisplayName == "MFA outside the office" && locationBy(tenant, policy.Conditions.Locations.ExcludeLocations[0]).DisplayName == "Office" {
						return nil
					}
				}
				return fmt.Errorf("no policy names the new location: %+v", tenant.ConditionalAccessPolicies)
			}
			tn.Run(
				resource.TestStep{Config: tn.Provider() + officeAndPolicy(true, ""), Check: resource.ComposeTestCheckFunc(named,
					resource.TestCheckResourceAttr("entramfa_conditional_access_policy.outside", "reference_names.%", "1"))},
			)
		})
	}
}

// A refresh and the warnings of a run read one list of the policies and one of the locations, and what the run has written is known to the destroy
// of a location that a policy has named until then.
func TestPoliciesAndLocationsOfARunShareTheirLists(t *testing.T) {
	t.Parallel()
	tn := acctest.NewLocationTenant(t)
	forget := func() { tn.ForgetRequests(t) }
	lists := func(*terraform.State) error {
		counts := map[string]int{}
		for _, request := range tn.RequestLog() {
			if request.Class == control.ClassConditionalAccess {
				counts[request.Method+" "+request.Template]++
			}
		}
		// Two runs: the apply with its plan, and the plan after it.
		for template, most := range map[string]int{"GET /v1.0/identity/conditionalAccess/policies": 3, "GET /v1.0/identity/conditionalAccess/namedLocations": 3} {
			if counts[template] == 0 || counts[template] > most {
				return fmt.Errorf("%d of %s: %v", counts[template], template, counts)
			}
		}
		return nil
	}
	tn.Run(
		resource.TestStep{Config: tn.Provider() + officeAndPolicy(true, "")},
		resource.TestStep{PreConfig: forget, Config: tn.Provider() + officeAndPolicy(false, ""), Check: lists},
		resource.TestStep{Config: tn.Provider() + officeAndPolicy(true, "")},
		// Destroyed together: the policy first.
		resource.TestStep{Config: tn.Provider()},
	)
	tenant, err := tn.Snapshot(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	if slices.ContainsFunc(tenant.NamedLocations, func(l control.NamedLocation) bool { return l.DisplayName == "Office" }) || len(tenant.ConditionalAccessPolicies) != 2 {
		t.Errorf("left are %+v and %d policies", tenant.NamedLocations, len(tenant.ConditionalAccessPolicies))
	}
}

// A policy that a destroy leaves disabled still names the location, and the destroy of the location says so before anything is deleted.
func TestAPolicyThatIsLeftDisabledKeepsItsLocation(t *testing.T) {
	t.Parallel()
	tn := acctest.NewLocationTenant(t)
	left := officeAndPolicy(true, `  on_destroy = "disable"`)
	tn.Run(
		resource.TestStep{Config: tn.Provider() + left},
		resource.TestStep{Config: tn.Provider(), ExpectError: acctest.Says(`"Office"`, "is in use", "MFA outside the office")},
		resource.TestStep{PreConfig: tn.Do(func(ctx context.Context) error {
			policies, err := tn.ListConditionalAccessPolicies(ctx)
			for _, policy := range policies {
				if err == nil && policy.DisplayName == "MFA outside the office" {
					if policy.State != control.PolicyDisabled {
						return fmt.Errorf("the policy is %s", policy.State)
					}
					err = tn.DeleteConditionalAccessPolicy(ctx, policy.ID)
				}
			}
			return err
		}), Config: tn.Provider()},
	)
}

// One life of a policy with a real CLI.
func TestTheLifeOfAPolicyThroughTheRealCLI(t *testing.T) {
	t.Parallel()
	tn := acctest.NewLocationTenant(t)
	w := tn.Workspace(t, map[string]string{"main.tf": tn.Provider() + officeAndPolicy(true, "")})
	w.Sees(w.Expect(2, "plan", "-input=false", "-detailed-exitcode"), "MFA outside the office", "2 to add")
	w.Apply()
	w.StaysEmpty()
	w.Write("main.tf", tn.Provider()+officeAndPolicy(false, "  description = \"Since today.\"\n"))
	w.Sees(w.Expect(0, "apply", "-input=false", "-auto-approve"), "0 added, 1 changed, 0 destroyed")
	w.StaysEmpty()
	w.Sees(w.Expect(0, "destroy", "-input=false", "-auto-approve"), "2 destroyed")
}

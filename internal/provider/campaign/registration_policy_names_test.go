package campaign_test

import (
	"context"
	"fmt"
	"net/http"
	"reflect"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/acctest"
)

// targets expects target_names.
func targets(pairs ...string) knownvalue.Check {
	wanted := map[string]knownvalue.Check{}
	for i := 0; i < len(pairs); i += 2 {
		wanted[pairs[i]] = acctest.Text(pairs[i+1])
	}
	return knownvalue.MapExact(wanted)
}

// beforeChange expects what a planned change starts from.
type beforeChange struct {
	name string
	want any
}

func (b beforeChange) CheckPlan(_ context.Context, req plancheck.CheckPlanRequest, resp *plancheck.CheckPlanResponse) {
	for _, planned := range req.Plan.ResourceChanges {
		if before, ok := planned.Change.Before.(map[string]any); !ok || !reflect.DeepEqual(before[b.name], b.want) {
			resp.Error = fmt.Errorf("%s of %s is %v before the change, want %v", b.name, planned.Address, planned.Change.Before, b.want)
		}
	}
}

func TestAPlanOfAPolicyNamesWhomItIsAbout(t *testing.T) {
	t.Parallel()
	tn := acctest.NewCampaignTenant(t)
	adele := "user " + acctest.AdeleName
	plans := func(asked string, named knownvalue.Check) resource.ConfigPlanChecks {
		return resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{
			plancheck.ExpectKnownValue(acctest.PolicyAddress, tfjsonpath.New("asked"), acctest.Text(asked)),
			plancheck.ExpectKnownValue(acctest.PolicyAddress, tfjsonpath.New("target_names"), named),
		}}
	}
	staff := tn.Provider() + registration(enabled, includes("group_ids", acctest.StaffID), excludes("user_ids", acctest.AdeleID))
	tn.Run(
		resource.TestStep{
			Config: staff, ConfigPlanChecks: plans("group Staff, except "+adele, targets(acctest.StaffID, "group Staff", acctest.AdeleID, adele)),
			ConfigStateChecks: []statecheck.StateCheck{policyAttribute(acctest.Text(adele), "target_names", acctest.AdeleID)},
		},
		resource.TestStep{PreConfig: tn.RenamedGroup(acctest.StaffID, "Everybody"), Config: staff, ConfigPlanChecks: noPlan},
		resource.TestStep{RefreshState: true, Check: resource.ComposeTestCheckFunc(
			resource.TestCheckResourceAttr(acctest.PolicyAddress, "target_names."+acctest.StaffID, "group Everybody"),
			resource.TestCheckResourceAttr(acctest.PolicyAddress, "asked", "group Everybody, except "+adele),
		)},
		resource.TestStep{
			Config:           tn.Provider() + registration(enabled, everyone, excludes("group_ids", acctest.LeaversID)),
			ConfigPlanChecks: plans("all users, except group Leavers", targets(acctest.LeaversID, "group Leavers")),
		},
		// Whom somebody else has added is named where the next plan takes them out.
		resource.TestStep{
			PreConfig: tn.PatchCampaign(`{"state":"disabled","excludeTargets":[{"id":"` + acctest.LeaversID + `","targetType":"group"},{"id":"` + acctest.ManagersID + `","targetType":"group"}]}`),
			Config:    tn.Provider() + registration(enabled, everyone, excludes("group_ids", acctest.LeaversID)),
			ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: append(plans("all users, except group Leavers", targets(acctest.LeaversID, "group Leavers")).PreApply,
				beforeChange{"asked", "nobody, because the campaign is disabled"},
				beforeChange{"target_names", map[string]any{acctest.LeaversID: "group Leavers", acctest.ManagersID: "group Managers"}})},
		},
		// A disabled policy that names nobody keeps whom it has.
		resource.TestStep{
			Config:           tn.Provider() + registration(disabled),
			ConfigPlanChecks: plans("nobody, because the campaign is disabled", targets()),
		},
		resource.TestStep{Config: tn.Provider() + registration(disabled), ConfigPlanChecks: noPlan},
	)
}

func TestNamesOfAPolicyCostNoRequest(t *testing.T) {
	t.Parallel()
	tn := acctest.NewCampaignTenant(t)
	config := acctest.Configuration{"policy": acctest.ResourceBlock{TypeName: acctest.PolicyTypeName, Values: map[string]any{
		"state": "enabled", "include": map[string]any{"group_ids": []any{acctest.StaffID}}, "exclude": map[string]any{"user_ids": []any{acctest.AdeleID}},
	}}}
	played := tn.Plays(t)
	if report := played.Apply(config); report.Failed() {
		t.Fatal(report)
	}
	// A plan refreshes first, and looks everybody up once: the plan of the policy takes whom the refresh has found.
	if err := tn.ClearRequests(context.Background()); err != nil {
		t.Fatal(err)
	}
	if next := played.Plan(config); next.Failed() || len(next.Changed) > 0 {
		t.Fatal(next)
	}
	if have := tn.PolicyRequests(http.MethodPost, "/getByIds"); have != 1 {
		t.Errorf("a plan without a change sends %d look-ups, want 1", have)
	}
	// A new user is looked up in addition.
	config["policy"].Values["exclude"] = map[string]any{"user_ids": []any{acctest.AdeleID, acctest.AlexID}}
	if next := played.Plan(config); next.Failed() || len(next.Changed) != 1 {
		t.Fatal(next)
	}
	if have := tn.PolicyRequests(http.MethodPost, "/getByIds"); have != 3 {
		t.Errorf("a plan without and one with somebody new have sent %d look-ups, want 3", have)
	}
}

func TestARefreshOfAPolicyDoesNotFailForWantOfNames(t *testing.T) {
	t.Parallel()
	tn := acctest.NewCampaignTenant(t)
	config := acctest.Configuration{"policy": acctest.ResourceBlock{TypeName: acctest.PolicyTypeName, Values: map[string]any{"state": "enabled", "include": map[string]any{"group_ids": []any{acctest.StaffID}}}}}
	played := tn.Plays(t)
	if report := played.Apply(config); report.Failed() {
		t.Fatal(report)
	}
	tn.Fault(control.Fault{PathRegexp: "getByIds", Times: new(0), Status: http.StatusForbidden})()
	refreshed := played.Plan(config)
	// The plan has to look them up to check them, and says that it cannot.
	if !refreshed.Failed() || !acctest.Says(`Unable to look up user or group "`+acctest.StaffID+`"`, "HTTP 403").MatchString(refreshed.String()) {
		t.Errorf("without the permission the plan says:\n%s", refreshed)
	}
	tn.Heal()()
	if next := played.Plan(config); next.Failed() || len(next.Changed) > 0 {
		t.Errorf("the next plan changes %v:\n%s", next.Changed, next)
	}
}

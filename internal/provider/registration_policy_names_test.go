package provider_test

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
)

func (tn *tenant) renamedGroup(group, name string) func() {
	return tn.do(func(ctx context.Context) error {
		_, err := tn.PatchGroup(ctx, group, control.GroupPatch{DisplayName: &name})
		return err
	})
}

// targets expects target_names.
func targets(pairs ...string) knownvalue.Check {
	wanted := map[string]knownvalue.Check{}
	for i := 0; i < len(pairs); i += 2 {
		wanted[pairs[i]] = text(pairs[i+1])
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
	tn := newCampaignTenant(t)
	adele := "user " + adeleName
	plans := func(asked string, named knownvalue.Check) resource.ConfigPlanChecks {
		return resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{
			plancheck.ExpectKnownValue(policyAddress, tfjsonpath.New("asked"), text(asked)),
			plancheck.ExpectKnownValue(policyAddress, tfjsonpath.New("target_names"), named),
		}}
	}
	staff := tn.provider() + registration(enabled, includes("group_ids", staffID), excludes("user_ids", adeleID))
	tn.run(
		resource.TestStep{
			Config: staff, ConfigPlanChecks: plans("group Staff, except "+adele, targets(staffID, "group Staff", adeleID, adele)),
			ConfigStateChecks: []statecheck.StateCheck{policyAttribute(text(adele), "target_names", adeleID)},
		},
		resource.TestStep{PreConfig: tn.renamedGroup(staffID, "Everybody"), Config: staff, ConfigPlanChecks: noPlan},
		resource.TestStep{RefreshState: true, Check: resource.ComposeTestCheckFunc(
			resource.TestCheckResourceAttr(policyAddress, "target_names."+staffID, "group Everybody"),
			resource.TestCheckResourceAttr(policyAddress, "asked", "group Everybody, except "+adele),
		)},
		resource.TestStep{
			Config:           tn.provider() + registration(enabled, everyone, excludes("group_ids", leaversID)),
			ConfigPlanChecks: plans("all users, except group Leavers", targets(leaversID, "group Leavers")),
		},
		// Whom somebody else has added is named where the next plan takes them out.
		resource.TestStep{
			PreConfig: tn.patchCampaign(`{"state":"disabled","excludeTargets":[{"id":"` + leaversID + `","targetType":"group"},{"id":"` + managersID + `","targetType":"group"}]}`),
			Config:    tn.provider() + registration(enabled, everyone, excludes("group_ids", leaversID)),
			ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: append(plans("all users, except group Leavers", targets(leaversID, "group Leavers")).PreApply,
				beforeChange{"asked", "nobody, because the campaign is disabled"},
				beforeChange{"target_names", map[string]any{leaversID: "group Leavers", managersID: "group Managers"}})},
		},
		// A disabled policy that names nobody keeps whom it has.
		resource.TestStep{
			Config:           tn.provider() + registration(disabled),
			ConfigPlanChecks: plans("nobody, because the campaign is disabled", targets()),
		},
		resource.TestStep{Config: tn.provider() + registration(disabled), ConfigPlanChecks: noPlan},
	)
}

func TestNamesOfAPolicyCostNoRequest(t *testing.T) {
	t.Parallel()
	tn := newCampaignTenant(t)
	config := configuration{"policy": resourceBlock{typePolicy, map[string]any{
		"state": "enabled", "include": map[string]any{"group_ids": []any{staffID}}, "exclude": map[string]any{"user_ids": []any{adeleID}},
	}}}
	played := tn.plays(t)
	if report := played.apply(config); report.failed() {
		t.Fatal(report)
	}
	// A plan refreshes first, and looks everybody up once: the plan of the policy takes whom the refresh has found.
	if err := tn.ClearRequests(context.Background()); err != nil {
		t.Fatal(err)
	}
	if next := played.plan(config); next.failed() || len(next.changed) > 0 {
		t.Fatal(next)
	}
	if have := tn.policyRequests(http.MethodPost, "/getByIds"); have != 1 {
		t.Errorf("a plan without a change sends %d look-ups, want 1", have)
	}
	// Whoever is new is looked up besides.
	config["policy"].values["exclude"] = map[string]any{"user_ids": []any{adeleID, alexID}}
	if next := played.plan(config); next.failed() || len(next.changed) != 1 {
		t.Fatal(next)
	}
	if have := tn.policyRequests(http.MethodPost, "/getByIds"); have != 3 {
		t.Errorf("a plan without and one with somebody new have sent %d look-ups, want 3", have)
	}
}

func TestARefreshOfAPolicyDoesNotFailForWantOfNames(t *testing.T) {
	t.Parallel()
	tn := newCampaignTenant(t)
	config := configuration{"policy": resourceBlock{typePolicy, map[string]any{"state": "enabled", "include": map[string]any{"group_ids": []any{staffID}}}}}
	played := tn.plays(t)
	if report := played.apply(config); report.failed() {
		t.Fatal(report)
	}
	tn.fault(control.Fault{PathRegexp: "getByIds", Times: new(0), Status: http.StatusForbidden})()
	refreshed := played.plan(config)
	// The plan has to look them up to check them, and says that it cannot.
	if !refreshed.failed() || !says(`Unable to look up user or group "`+staffID+`"`, "HTTP 403").MatchString(refreshed.String()) {
		t.Errorf("without the permission the plan says:\n%s", refreshed)
	}
	tn.heal()()
	if next := played.plan(config); next.failed() || len(next.changed) > 0 {
		t.Errorf("the next plan changes %v:\n%s", next.changed, next)
	}
}

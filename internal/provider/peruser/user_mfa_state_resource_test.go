package peruser_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/acctest"
)

const address = "entramfa_user_mfa_state.test"

// Resource blocks, of the address above.
var byName, byID = acctest.UserByName, acctest.UserByID

func attribute(name string, value knownvalue.Check) statecheck.StateCheck {
	return statecheck.ExpectKnownValue(address, tfjsonpath.New(name), value)
}

func TestAUserIsEnabledPromotedAdoptedByImportAndDisabledAtTheEnd(t *testing.T) {
	t.Parallel()
	tn := acctest.NewTenant(t)
	config := tn.Provider() + byName(acctest.AdeleUPN, "enabled")
	acctest.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: tn.Factory,
		CheckDestroy: func(*terraform.State) error {
			return tn.StateIs(acctest.AdeleID, "disabled")
		},
		Steps: []resource.TestStep{
			{
				Config: config,
				ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{
					plancheck.ExpectResourceAction(address, plancheck.ResourceActionCreate),
					// The plan knows the user; whether the service promotes them, only the service does.
					plancheck.ExpectKnownValue(address, tfjsonpath.New("id"), acctest.Text(acctest.AdeleID)),
					plancheck.ExpectKnownValue(address, tfjsonpath.New("user_id"), acctest.Text(acctest.AdeleID)),
					plancheck.ExpectUnknownValue(address, tfjsonpath.New("effective_state")),
				}},
				ConfigStateChecks: []statecheck.StateCheck{
					attribute("id", acctest.Text(acctest.AdeleID)),
					attribute("user_id", acctest.Text(acctest.AdeleID)),
					attribute("user_principal_name", acctest.Text(acctest.AdeleUPN)),
					attribute("state", acctest.Text("enabled")),
					attribute("effective_state", acctest.Text("enabled")),
					attribute("allow_promotion", knownvalue.Bool(false)),
					attribute("on_destroy", acctest.Text("disable")),
				},
				Check: resource.ComposeTestCheckFunc(tn.HasState(acctest.AdeleID, "enabled"), tn.Wrote(1)),
			},
			{Config: config, PlanOnly: true},
			{
				PreConfig: tn.Register(acctest.AdeleID, control.MethodMicrosoftAuthenticator),
				Config:    config,
				ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{
					plancheck.ExpectEmptyPlan(),
				}},
				Check: resource.ComposeTestCheckFunc(tn.HasState(acctest.AdeleID, "enforced"), tn.Wrote(0)),
			},
			{
				RefreshState: true,
				Check: resource.ComposeTestCheckFunc(
					resource.TestCheckResourceAttr(address, "effective_state", "enforced"),
					resource.TestCheckResourceAttr(address, "state", "enabled"),
				),
			},
			{Config: config, ResourceName: address, ImportState: true, ImportStateId: acctest.AdeleID, ImportStateVerify: true, ImportStateVerifyIgnore: []string{"state"}},
			{Config: config, ResourceName: address, ImportState: true, ImportStateId: acctest.AdeleUPN, ImportStateVerify: true, ImportStateVerifyIgnore: []string{"state"}},
			{Config: config, PlanOnly: true},
		},
	})
}

func TestEachAttributeIsUpdatedInPlaceAndOnlyTheStateIsWritten(t *testing.T) {
	t.Parallel()
	tn := acctest.NewTenant(t)
	updated := resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{plancheck.ExpectResourceAction(address, plancheck.ResourceActionUpdate)}}
	tn.Run(
		resource.TestStep{Config: tn.Provider() + byName(acctest.AdeleUPN, "enabled"), Check: tn.Wrote(1)},
		resource.TestStep{
			Config: tn.Provider() + byName(acctest.AdeleUPN, "enabled", "allow_promotion = true"), ConfigPlanChecks: updated,
			ConfigStateChecks: []statecheck.StateCheck{attribute("allow_promotion", knownvalue.Bool(true))}, Check: tn.Wrote(0),
		},
		resource.TestStep{
			Config: tn.Provider() + byName(acctest.AdeleUPN, "enabled", `on_destroy = "keep"`), ConfigPlanChecks: updated,
			ConfigStateChecks: []statecheck.StateCheck{attribute("on_destroy", acctest.Text("keep"))}, Check: tn.Wrote(0),
		},
		resource.TestStep{
			Config: tn.Provider() + byName(acctest.AdeleUPN, "disabled"),
			ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{
				plancheck.ExpectResourceAction(address, plancheck.ResourceActionUpdate),
				plancheck.ExpectKnownValue(address, tfjsonpath.New("effective_state"), acctest.Text("disabled")),
				plancheck.ExpectKnownValue(address, tfjsonpath.New("id"), acctest.Text(acctest.AdeleID)),
			}},
			Check: resource.ComposeTestCheckFunc(tn.HasState(acctest.AdeleID, "disabled"), tn.Wrote(1)),
		},
		resource.TestStep{
			Config: tn.Provider() + byName(acctest.AdeleUPN, "enabled"), ConfigPlanChecks: updated,
			Check: resource.ComposeTestCheckFunc(tn.HasState(acctest.AdeleID, "enabled"), tn.Wrote(1)),
		},
	)
}

func TestTheSameUserUnderAnotherSpellingOrKeyIsNoChange(t *testing.T) {
	t.Parallel()
	tn := acctest.NewTenant(t)
	none := resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()}}
	tn.Run(
		resource.TestStep{Config: tn.Provider() + byName(acctest.AdeleUPN, "enabled")},
		resource.TestStep{Config: tn.Provider() + byName("Adele.Vance@CONTOSO.example", "enabled"), ConfigPlanChecks: none},
		resource.TestStep{Config: tn.Provider() + byID(acctest.AdeleID, "enabled"), ConfigPlanChecks: none},
		resource.TestStep{Config: tn.Provider() + byID("22222222-BBBB-4BBB-8BBB-000000000001", "enabled"), ConfigPlanChecks: none},
		// Written so from the start, the spelling stays as well.
		resource.TestStep{Config: tn.Provider(), Check: tn.HasState(acctest.AdeleID, "disabled")},
		resource.TestStep{Config: tn.Provider() + byID("22222222-BBBB-4BBB-8BBB-000000000001", "enabled")},
		resource.TestStep{Config: tn.Provider() + byID("22222222-BBBB-4BBB-8BBB-000000000001", "enabled"), PlanOnly: true},
	)
}

func TestAnotherUserReplacesTheResource(t *testing.T) {
	t.Parallel()
	tn := acctest.NewTenant(t)
	tn.Run(
		resource.TestStep{Config: tn.Provider() + byName(acctest.AdeleUPN, "enabled")},
		resource.TestStep{
			Config: tn.Provider() + byName(acctest.ObrienUPN, "enabled"),
			ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{
				plancheck.ExpectResourceAction(address, plancheck.ResourceActionDestroyBeforeCreate),
				plancheck.ExpectKnownValue(address, tfjsonpath.New("id"), acctest.Text(acctest.ObrienID)),
			}},
			Check: resource.ComposeTestCheckFunc(tn.HasState(acctest.AdeleID, "disabled"), tn.HasState(acctest.ObrienID, "enabled")),
		},
		resource.TestStep{
			Config: tn.Provider() + byID(acctest.MeganID, "enabled"),
			ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{
				plancheck.ExpectResourceAction(address, plancheck.ResourceActionDestroyBeforeCreate),
			}},
			Check: resource.ComposeTestCheckFunc(tn.HasState(acctest.ObrienID, "disabled"), tn.HasState(acctest.MeganID, "enabled")),
		},
	)
}

func TestARenamedUserIsTheSameUser(t *testing.T) {
	t.Parallel()
	tn := acctest.NewTenant(t)
	renamed := "adele.smith@contoso.example"
	rename := tn.Do(func(ctx context.Context) error {
		_, err := tn.PatchUser(ctx, acctest.AdeleID, control.UserPatch{UserPrincipalName: &renamed})
		return err
	})
	tn.Run(
		resource.TestStep{Config: tn.Provider() + byName(acctest.AdeleUPN, "enabled"), Check: tn.Wrote(1)},
		resource.TestStep{
			PreConfig: rename, Config: tn.Provider() + byName(acctest.AdeleUPN, "enabled"),
			ExpectError: acctest.Says(`User "adele.vance@contoso.example" not found`, `is now called "adele.smith@contoso.example"`, "write the new name here"),
		},
		resource.TestStep{
			Config:           tn.Provider() + byName(renamed, "enabled"),
			ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()}},
			Check:            tn.Wrote(0),
		},
	)
}

func TestARegisteredUserIsPromotedAtOnceAndStaysWithoutDifference(t *testing.T) {
	t.Parallel()
	tn := acctest.NewTenant(t)
	config := tn.Provider() + byName(acctest.AlexUPN, "enabled")
	tn.Run(
		resource.TestStep{
			Config:            config,
			ConfigStateChecks: []statecheck.StateCheck{attribute("state", acctest.Text("enabled")), attribute("effective_state", acctest.Text("enforced"))},
			Check:             resource.ComposeTestCheckFunc(tn.HasState(acctest.AlexID, "enforced"), tn.Wrote(1)),
		},
		resource.TestStep{Config: config, PlanOnly: true},
	)
}

func TestAUserWhoSatisfiesTheStateIsAdoptedWithoutAWrite(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ config, effective string }{
		"enabled as enabled":   {byName(acctest.MeganUPN, "enabled"), "enabled"},
		"enforced as enabled":  {byName(acctest.DiegoUPN, "enabled"), "enforced"},
		"enforced as enforced": {byName(acctest.DiegoUPN, "enforced"), "enforced"},
		"disabled as disabled": {byName(acctest.AdeleUPN, "disabled"), "disabled"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tn := acctest.NewTenant(t)
			tn.Run(
				resource.TestStep{
					Config:            tn.Provider() + c.config,
					ConfigStateChecks: []statecheck.StateCheck{attribute("effective_state", acctest.Text(c.effective))},
					Check:             tn.Wrote(0),
				},
				resource.TestStep{Config: tn.Provider() + c.config, PlanOnly: true},
			)
		})
	}
}

func TestAnAdministratorsChangeIsDriftAndIsRepaired(t *testing.T) {
	t.Parallel()
	tn := acctest.NewTenant(t)
	config := tn.Provider() + byName(acctest.AdeleUPN, "enabled")
	tn.Run(
		resource.TestStep{Config: config},
		resource.TestStep{PreConfig: tn.SetState(acctest.AdeleID, "disabled"), Config: config, PlanOnly: true, ExpectNonEmptyPlan: true},
		resource.TestStep{
			Config: config,
			ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{
				plancheck.ExpectResourceAction(address, plancheck.ResourceActionUpdate),
			}},
			Check: tn.HasState(acctest.AdeleID, "enabled"),
		},
		// The other way: somebody enabled a user who is to be disabled.
		resource.TestStep{Config: tn.Provider() + byName(acctest.AdeleUPN, "disabled")},
		resource.TestStep{PreConfig: tn.SetState(acctest.AdeleID, "enabled"), Config: tn.Provider() + byName(acctest.AdeleUPN, "disabled"), PlanOnly: true, ExpectNonEmptyPlan: true},
		resource.TestStep{Config: tn.Provider() + byName(acctest.AdeleUPN, "disabled"), Check: tn.HasState(acctest.AdeleID, "disabled")},
	)
}

func TestEnforcedIsWrittenOnlyWithTheOptInAndARegisteredMethod(t *testing.T) {
	t.Parallel()
	tn := acctest.NewTenant(t)
	enforced := func(upn string, extra ...string) string { return tn.Provider() + byName(upn, "enforced", extra...) }
	const optIn = "allow_promotion = true"
	tn.Run(
		resource.TestStep{
			Config:      enforced(acctest.AdeleUPN),
			ExpectError: acctest.Says("adele.vance@contoso.example cannot move from disabled to enforced", "A direct move from disabled to enforced is refused", `Set the state to "enabled"`),
		},
		resource.TestStep{
			Config:      enforced(acctest.MeganUPN),
			ExpectError: acctest.Says("megan.bowen@contoso.example cannot move from enabled to enforced", "The service itself promotes an enabled user", "set allow_promotion = true"),
		},
		resource.TestStep{
			Config:      enforced(acctest.AdeleUPN, optIn),
			ExpectError: acctest.Says("adele.vance@contoso.example cannot move from disabled to enforced", "The user has no MFA method registered", "let the user register a method"),
		},
		resource.TestStep{
			Config:      enforced(acctest.MeganUPN, optIn),
			ExpectError: acctest.Says("megan.bowen@contoso.example cannot move from enabled to enforced", "The user has no MFA method registered"),
		},
		// The positive control of the refusals: none of them wrote, and this one does.
		resource.TestStep{
			PreConfig: func() {
				if n := tn.Writes(); n != 0 {
					t.Errorf("%d states were written by refused plans", n)
				}
			},
			Config:            enforced(acctest.AlexUPN, optIn),
			ConfigStateChecks: []statecheck.StateCheck{attribute("state", acctest.Text("enforced")), attribute("effective_state", acctest.Text("enforced"))},
			// By way of enabled, after which the service has promoted the user by itself.
			Check: resource.ComposeTestCheckFunc(tn.HasState(acctest.AlexID, "enforced"), tn.Wrote(1)),
		},
		resource.TestStep{Config: enforced(acctest.AlexUPN, optIn), PlanOnly: true},
		// An administrator takes the user back to enabled; enforced is asked for, so this is drift.
		resource.TestStep{
			PreConfig: tn.Do(func(ctx context.Context) error {
				off := false
				if err := tn.SetBehavior(ctx, control.Behavior{Promotion: &off}); err != nil {
					return err
				}
				_, err := tn.SetPerUserMFAState(ctx, acctest.AlexID, "enabled")
				return err
			}),
			Config: enforced(acctest.AlexUPN, optIn), PlanOnly: true, ExpectNonEmptyPlan: true,
		},
		resource.TestStep{Config: enforced(acctest.AlexUPN, optIn), Check: resource.ComposeTestCheckFunc(tn.HasState(acctest.AlexID, "enforced"), tn.Wrote(1))},
		// A service that does not promote by itself takes both writes.
		resource.TestStep{PreConfig: tn.SetState(acctest.AlexID, "disabled"), Config: enforced(acctest.AlexUPN, optIn), Check: resource.ComposeTestCheckFunc(tn.HasState(acctest.AlexID, "enforced"), tn.Wrote(2))},
		// Enforced satisfies enabled: going back to enabled in the configuration changes nothing.
		resource.TestStep{
			Config:           tn.Provider() + byName(acctest.AlexUPN, "enabled", optIn),
			ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()}},
			Check:            tn.Wrote(0),
		},
	)
}

// Microsoft does not say whether Windows Hello promotes. Here it does not count as registered; both answers of the service
// have to do for enabled, and enforced is refused where the service has not promoted.
func TestAUserWhoHasWindowsHelloOnly(t *testing.T) {
	t.Parallel()
	for want, without := range map[string][]string{"enforced": nil, "enabled": {control.MethodWindowsHelloForBusiness}} {
		t.Run(want, func(t *testing.T) {
			t.Parallel()
			tn := acctest.NewTenant(t)
			tn.Do(func(ctx context.Context) error {
				return tn.SetBehavior(ctx, control.Behavior{MethodsWithoutPromotion: without})
			})()
			tn.Register(acctest.AdeleID, control.MethodWindowsHelloForBusiness)()
			tn.Run(
				resource.TestStep{
					Config:      tn.Provider() + byName(acctest.AdeleUPN, "enforced", "allow_promotion = true"),
					ExpectError: acctest.Says("cannot move from disabled to enforced"),
				},
				resource.TestStep{
					Config:            tn.Provider() + byName(acctest.AdeleUPN, "enabled"),
					ConfigStateChecks: []statecheck.StateCheck{attribute("effective_state", acctest.Text(want))},
					Check:             resource.ComposeTestCheckFunc(tn.HasState(acctest.AdeleID, want), tn.Wrote(1)),
				},
				resource.TestStep{Config: tn.Provider() + byName(acctest.AdeleUPN, "enabled"), PlanOnly: true},
			)
		})
	}
}

func TestEnforcedIsRefusedAgainAtApply(t *testing.T) {
	t.Parallel()
	tn := acctest.NewTenant(t)
	// The user is not known at plan, so nothing can be checked there.
	late := func(state string, extra string) string {
		return tn.Provider() + fmt.Sprintf(`
resource "terraform_data" "late" {
  input = %q
}
resource "entramfa_user_mfa_state" "test" {
  user_id = terraform_data.late.output
  state   = %q
  %s
}
`, acctest.AdeleID, state, extra)
	}
	tn.Run(
		resource.TestStep{
			Config:      late("enforced", "allow_promotion = true"),
			ExpectError: acctest.Says("adele.vance@contoso.example cannot move from disabled to enforced", "The user has no MFA method registered"),
		},
		resource.TestStep{
			PreConfig: func() {
				if n := tn.Writes(); n != 0 {
					t.Errorf("%d states were written by a refused apply", n)
				}
			},
			Config: late("enabled", ""),
			Check:  resource.ComposeTestCheckFunc(tn.HasState(acctest.AdeleID, "enabled"), tn.Wrote(1)),
		},
	)
}

func TestOnDestroyKeepLeavesTheUser(t *testing.T) {
	t.Parallel()
	tn := acctest.NewTenant(t)
	tn.Run(
		resource.TestStep{Config: tn.Provider() + byName(acctest.AdeleUPN, "enabled", `on_destroy = "keep"`), Check: tn.Wrote(1)},
		resource.TestStep{Config: tn.Provider() + "# gone", Check: resource.ComposeTestCheckFunc(tn.HasState(acctest.AdeleID, "enabled"), tn.Wrote(0))},
		// The control: without keep the same destroy disables.
		resource.TestStep{Config: tn.Provider() + byName(acctest.AdeleUPN, "enabled")},
		resource.TestStep{Config: tn.Provider() + "# gone", Check: resource.ComposeTestCheckFunc(tn.HasState(acctest.AdeleID, "disabled"), tn.Wrote(1))},
	)
}

func TestAUserDeletedInEntraLeavesTheState(t *testing.T) {
	t.Parallel()
	tn := acctest.NewTenant(t)
	remove := tn.Do(func(ctx context.Context) error { return tn.DeleteUser(ctx, acctest.AdeleID) })
	tn.Run(
		resource.TestStep{Config: tn.Provider() + byName(acctest.AdeleUPN, "enabled"), Check: tn.Wrote(1)},
		resource.TestStep{
			PreConfig: remove, Config: tn.Provider() + byName(acctest.AdeleUPN, "enabled"),
			ExpectError: acctest.Says(`User "adele.vance@contoso.example" not found`, "There is no such user in tenant "+acctest.TenantID),
		},
		resource.TestStep{
			Config:           tn.Provider() + "# gone",
			ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()}},
			Check:            tn.Wrote(0),
		},
	)
}

func TestAUserDeletedWhileTheDestroyRunsIsDestroyed(t *testing.T) {
	t.Parallel()
	tn := acctest.NewTenant(t)
	acctest.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: tn.Factory,
		Steps: []resource.TestStep{
			{Config: tn.Provider() + byName(acctest.AdeleUPN, "enabled")},
			{
				// The refresh of the plan still sees the user, the apply does not.
				PreConfig: tn.Do(func(ctx context.Context) error { return tn.DeleteUser(ctx, acctest.AdeleID) }),
				Config:    tn.Provider(), Destroy: true,
			},
		},
	})
}

func TestNoFailureToReadForgetsTheUser(t *testing.T) {
	t.Parallel()
	forever := 0
	for name, c := range map[string]struct {
		fault control.Fault
		error []string
	}{
		"400": {control.Fault{Status: 400, Code: "BadRequest", Message: "Something about the request."}, []string{"HTTP 400 BadRequest", "Something about the request."}},
		"401": {control.Fault{Status: 401, Code: "InvalidAuthenticationToken", Message: "No."}, []string{"HTTP 401 InvalidAuthenticationToken"}},
		"403": {
			control.Fault{Status: 403, Code: "Authorization_RequestDenied", Message: "Insufficient privileges to complete the operation."},
			[]string{"HTTP 403 Authorization_RequestDenied", "Policy.Read.All"},
		},
		"429":             {control.Fault{Status: 429, Code: "TooManyRequests", Message: "Too many requests."}, []string{"HTTP 429 TooManyRequests", "throttles this tenant"}},
		"500":             {control.Fault{Status: 500, Code: "InternalServerError", Message: "Oh."}, []string{"HTTP 500 InternalServerError", "a failure of its own"}},
		"503":             {control.Fault{Status: 503, Code: "ServiceUnavailable", Message: "Later."}, []string{"HTTP 503"}},
		"404 of a proxy":  {control.Fault{Status: 404, Body: "<html>Not here</html>", ContentType: "text/html"}, []string{"HTTP 404", "not Microsoft Graph's JSON", "Not here"}},
		"404 of one part": {control.Fault{Status: 404, Code: "ResourceNotFound", Message: "Resource not found."}, []string{"HTTP 404 ResourceNotFound"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tn := acctest.NewTenant(t)
			fault := c.fault
			fault.Method, fault.PathRegexp, fault.Times = "GET", "/authentication/requirements$", &forever
			tn.KeepsWhatCannotBeRead(t, acctest.Configuration{"x": singleOf(acctest.AdeleUPN, "enabled")}, fault, acctest.AdeleID,
				append([]string{"Unable to read the per-user MFA state of", "adele.vance@contoso.example"}, c.error...)...)
		})
	}
}

func TestStaleReplicasDoNotReachTheState(t *testing.T) {
	t.Parallel()
	for name, lag := range map[string]control.ReplicaLag{
		"the first reads are old":  {Reads: 4},
		"old for a while":          {DurationMs: 300},
		"old and new by turns":     {Reads: 6, Alternate: true},
		"by turns, for some time ": {DurationMs: 300, Alternate: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tn := acctest.NewTenant(t)
			slow := tn.Do(func(ctx context.Context) error { return tn.SetBehavior(ctx, control.Behavior{ReplicaLag: lag}) })
			effective := func(state string) []statecheck.StateCheck {
				return []statecheck.StateCheck{attribute("effective_state", acctest.Text(state))}
			}
			// The framework plans again after each apply; what is checked is what the apply stored, so the tenant is let settle then.
			settled := tn.Do(func(ctx context.Context) error { return tn.SetBehavior(ctx, control.Behavior{}) })
			settle := func(*terraform.State) error { settled(); return nil }
			tn.Run(
				resource.TestStep{PreConfig: slow, Config: tn.Provider() + byName(acctest.AlexUPN, "enabled"), ConfigStateChecks: effective("enforced"), Check: settle},
				resource.TestStep{PreConfig: slow, Config: tn.Provider() + byName(acctest.AlexUPN, "disabled"), ConfigStateChecks: effective("disabled"), Check: settle},
				resource.TestStep{PreConfig: slow, Config: tn.Provider() + byName(acctest.AlexUPN, "enforced", "allow_promotion = true"), ConfigStateChecks: effective("enforced"), Check: settle},
			)
		})
	}
}

func TestAReplicaThatNeverCatchesUpDoesNotTurnSuccessIntoFailure(t *testing.T) {
	t.Parallel()
	options := acctest.Quick()
	options.Consistency.Timeout = 200 * time.Millisecond
	tn := acctest.NewTenantWith(t, options)
	tn.Run(resource.TestStep{
		PreConfig: tn.Do(func(ctx context.Context) error {
			return tn.SetBehavior(ctx, control.Behavior{ReplicaLag: control.ReplicaLag{DurationMs: 3_600_000}})
		}),
		Config:             tn.Provider() + byName(acctest.AdeleUPN, "enabled"),
		ConfigStateChecks:  []statecheck.StateCheck{attribute("state", acctest.Text("enabled")), attribute("effective_state", acctest.Text("enabled"))},
		ExpectNonEmptyPlan: true,
	})
}

func TestAUserMadeAMomentAgoIsWaitedFor(t *testing.T) {
	t.Parallel()
	options := acctest.Quick()
	options.Consistency.Missing = 5 * time.Second
	tn := acctest.NewTenantWith(t, options)
	const freshID = "22222222-bbbb-4bbb-8bbb-0000000000ff"
	tn.Run(resource.TestStep{
		PreConfig: tn.Do(func(ctx context.Context) error {
			if err := tn.SetBehavior(ctx, control.Behavior{ReplicaLag: control.ReplicaLag{Reads: 3, LagCreates: true}}); err != nil {
				return err
			}
			_, err := tn.CreateUser(ctx, control.User{ID: freshID, UserPrincipalName: "fresh@contoso.example", DisplayName: "Fresh"})
			return err
		}),
		Config: tn.Provider() + byID(freshID, "disabled"),
		Check:  resource.TestCheckResourceAttr(address, "user_principal_name", "fresh@contoso.example"),
	})
}

func TestThrottlingAndServerErrorsThatPassAreSurvived(t *testing.T) {
	t.Parallel()
	tn := acctest.NewTenant(t)
	one := 1
	tn.Run(
		resource.TestStep{
			PreConfig: func() {
				tn.Fault(control.Fault{Method: "PATCH", PathRegexp: "/requirements$", Times: &one, Status: 429, Code: "TooManyRequests", Headers: map[string]string{"Retry-After": "1"}})()
				tn.Fault(control.Fault{Method: "GET", PathRegexp: "/requirements$", Times: &one, Status: 503, Code: "ServiceUnavailable"})()
				tn.Fault(control.Fault{Method: "GET", PathRegexp: "/users/[^/]+$", Times: &one, Reset: control.ResetBefore})()
			},
			Config: tn.Provider() + byName(acctest.AdeleUPN, "enabled"),
			Check:  tn.HasState(acctest.AdeleID, "enabled"),
		},
		// A write whose answer was lost is repeated, and is the same write.
		resource.TestStep{
			PreConfig: tn.Fault(control.Fault{Method: "PATCH", PathRegexp: "/requirements$", Times: &one, Reset: control.ResetAfter}),
			Config:    tn.Provider() + byName(acctest.AdeleUPN, "disabled"),
			Check:     tn.HasState(acctest.AdeleID, "disabled"),
		},
	)
}

func TestAFailedChangeKeepsTheStateAndTheNextApplyFinishesIt(t *testing.T) {
	t.Parallel()
	tn := acctest.NewTenant(t)
	forever := 0
	off := false
	second := control.Fault{Method: "PATCH", PathRegexp: "/requirements$", After: 1, Times: &forever, Status: 403, Code: "Authorization_RequestDenied", Message: "Insufficient privileges to complete the operation."}
	config := tn.Provider() + byName(acctest.AlexUPN, "enforced", "allow_promotion = true")
	tn.Run(
		resource.TestStep{Config: tn.Provider() + byName(acctest.AlexUPN, "disabled")},
		resource.TestStep{
			PreConfig: func() {
				tn.Do(func(ctx context.Context) error { return tn.SetBehavior(ctx, control.Behavior{Promotion: &off}) })()
				tn.Fault(second)()
			},
			Config:      config,
			ExpectError: acctest.Says("Unable to set the per-user MFA state of", "alex.wilber@contoso.example", "HTTP 403", "Policy.ReadWrite.AuthenticationMethod"),
		},
		resource.TestStep{
			PreConfig: func() {
				tn.Heal()()
				if err := tn.StateIs(acctest.AlexID, "enabled"); err != nil {
					t.Error(err)
				}
			},
			Config: config, Check: tn.HasState(acctest.AlexID, "enforced"),
		},
	)
}

func TestNamesThatNeedCareInAnAddress(t *testing.T) {
	t.Parallel()
	for upn, id := range map[string]string{acctest.GuestUPN: acctest.GuestID, acctest.DollarUPN: acctest.DollarID, acctest.ObrienUPN: acctest.ObrienID} {
		t.Run(upn, func(t *testing.T) {
			t.Parallel()
			tn := acctest.NewTenant(t)
			tn.Run(
				resource.TestStep{
					Config:            tn.Provider() + byName(upn, "enabled"),
					ConfigStateChecks: []statecheck.StateCheck{attribute("user_id", acctest.Text(id))},
					Check:             tn.HasState(id, "enabled"),
				},
				resource.TestStep{Config: tn.Provider() + byName(upn, "enabled"), PlanOnly: true},
				resource.TestStep{Config: tn.Provider() + byName(upn, "enabled"), ResourceName: address, ImportState: true, ImportStateId: upn, ImportStateVerify: true},
			)
		})
	}
}

func TestImportRefusesWhatIsNoUser(t *testing.T) {
	t.Parallel()
	tn := acctest.NewTenant(t)
	config := tn.Provider() + byName(acctest.AdeleUPN, "enabled")
	imports := func(id string, texts ...string) resource.TestStep {
		return resource.TestStep{Config: config, ResourceName: address, ImportState: true, ImportStateId: id, ExpectError: acctest.Says(texts...)}
	}
	tn.Run(
		resource.TestStep{Config: config},
		imports("adele", "Invalid import id", `"adele" is neither the object id of a user`),
		imports(acctest.NobodyID, fmt.Sprintf("User %q not found", acctest.NobodyID), "tenant_id"),
		imports("nobody@contoso.example", `User "nobody@contoso.example" not found`, "Check the spelling"),
	)
}

func TestAnImportedUserOfEitherConfigurationHasNoDifference(t *testing.T) {
	t.Parallel()
	for _, state := range []string{"enabled", "enforced"} {
		t.Run(state, func(t *testing.T) {
			t.Parallel()
			tn := acctest.NewTenant(t)
			config := tn.Provider() + byName(acctest.DiegoUPN, state)
			tn.Run(
				resource.TestStep{Config: config, ResourceName: address, ImportState: true, ImportStateId: acctest.DiegoUPN, ImportStatePersist: true},
				resource.TestStep{
					Config:           config,
					ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()}},
					Check:            tn.Wrote(0),
				},
			)
		})
	}
}

func TestEmergencyAccessAccountsAreLeftAlone(t *testing.T) {
	t.Parallel()
	guard := fmt.Sprintf("emergency_access = {\n user_principal_names = [%q]\n group_ids = [%q]\n}", acctest.RescueUPN, acctest.RescueGroupID)
	byGuardID := fmt.Sprintf("emergency_access = { user_ids = [%q] }", "22222222-BBBB-4BBB-8BBB-000000000001")
	tn := acctest.NewTenant(t)
	tn.Run(
		resource.TestStep{
			Config:      tn.Provider(guard) + byName(acctest.RescueUPN, "enabled"),
			ExpectError: acctest.Says("Emergency access account", "would need MFA", acctest.RescueUPN, acctest.RescueID, "emergency_access.user_principal_names", `Set its state to "disabled"`),
		},
		resource.TestStep{
			Config:      tn.Provider(guard) + byID(acctest.Rescue2ID, "enabled"),
			ExpectError: acctest.Says("Emergency access account", "would need MFA", "Emergency 2 ("+acctest.Rescue2UPN+")", "object id "+acctest.Rescue2ID, "member of the group "+acctest.RescueGroupID+" in emergency_access.group_ids"),
		},
		resource.TestStep{Config: tn.Provider(guard) + byID(acctest.Rescue2ID, "disabled")},
		resource.TestStep{Config: tn.Provider(guard) + byID(acctest.Rescue2ID, "enabled"), ExpectError: acctest.Says("Emergency access account", "would need MFA")},
		// The guard binds what is managed already, and it does not bind others.
		resource.TestStep{Config: tn.Provider(guard) + byName(acctest.AdeleUPN, "enabled"), Check: tn.Wrote(1)},
		resource.TestStep{Config: tn.Provider(byGuardID) + byName(acctest.AdeleUPN, "enabled"), ExpectError: acctest.Says("Emergency access account", "would need MFA", acctest.AdeleUPN, "emergency_access.user_ids")},
	)
}

func TestBadInputIsRefusedWithTheWayOut(t *testing.T) {
	t.Parallel()
	tn := acctest.NewTenant(t)
	for name, c := range map[string]struct {
		config string
		error  []string
	}{
		"unknown id": {byID(acctest.NobodyID, "enabled"), []string{fmt.Sprintf("User %q not found", acctest.NobodyID), "with entramfa_user_mfa_state.test", "user_id = ", "tenant_id of the provider block"}},
		"name with a typo": {
			byName("adele.vanec@contoso.example", "enabled"),
			[]string{`User "adele.vanec@contoso.example" not found`, "There is no such user in tenant " + acctest.TenantID, "Check the spelling", "#EXT#"},
		},
		"neither": {"resource \"entramfa_user_mfa_state\" \"test\" {\n  state = \"enabled\"\n}\n", []string{"Missing Attribute Configuration", "user_id", "user_principal_name"}},
		"not a GUID": {
			byID("adele", "enabled"), []string{"Invalid GUID", `"adele" is not an id`},
		},
		"name as id":        {byID(acctest.AdeleUPN, "enabled"), []string{"Invalid GUID", "looks like a user principal name"}},
		"id as name":        {byName(acctest.AdeleID, "enabled"), []string{"Invalid user principal name", "is an object id"}},
		"name without at":   {byName("adele.vance", "enabled"), []string{"Invalid user principal name", `"adele.vance" is not name@domain`}},
		"name with space":   {byName("adele vance@contoso.example", "enabled"), []string{"Invalid user principal name", "holds a space or a slash"}},
		"state in capitals": {byName(acctest.AdeleUPN, "Enabled"), []string{"Invalid per-user MFA state", `The state "Enabled" is spelled "enabled"`}},
		"unknown state":     {byName(acctest.AdeleUPN, "on"), []string{"Invalid per-user MFA state", `There is no per-user MFA state "on"`, `"disabled", "enabled" or "enforced"`}},
		"unknown on_destroy": {
			byName(acctest.AdeleUPN, "enabled", `on_destroy = "delete"`), []string{"on_destroy", `"disable"`, `"keep"`},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			acctest.Test(t, resource.TestCase{
				ProtoV6ProviderFactories: tn.Factory,
				Steps:                    []resource.TestStep{{Config: tn.Provider() + c.config, PlanOnly: true, ExpectError: acctest.Says(c.error...)}},
			})
		})
	}
}

func TestAMissingPermissionIsNamed(t *testing.T) {
	t.Parallel()
	tn := acctest.NewTenant(t)
	tn.Run(
		// To plan is to read.
		resource.TestStep{Config: tn.ProviderAs(acctest.PlanAppID, acctest.PlanSecret) + byName(acctest.AdeleUPN, "enabled"), PlanOnly: true, ExpectNonEmptyPlan: true},
		resource.TestStep{
			Config:      tn.ProviderAs(acctest.PlanAppID, acctest.PlanSecret) + byName(acctest.AdeleUPN, "enabled"),
			ExpectError: acctest.Says(`Unable to set the per-user MFA state of "adele.vance@contoso.example" to "enabled"`, "HTTP 403 Authorization_RequestDenied", "Policy.ReadWrite.AuthenticationMethod", "request-id"),
		},
		resource.TestStep{
			Config:      tn.ProviderAs(acctest.BlindAppID, acctest.BlindSecret) + byName(acctest.AdeleUPN, "enforced", "allow_promotion = true"),
			ExpectError: acctest.Says(`Unable to list the authentication methods of user "adele.vance@contoso.example"`, "HTTP 403", "UserAuthenticationMethod.Read.All"),
		},
		resource.TestStep{
			PreConfig: tn.Do(func(ctx context.Context) error {
				none := []string{}
				_, err := tn.PatchApp(ctx, acctest.AppID, control.AppPatch{Permissions: &none})
				return err
			}),
			Config:      tn.Provider() + byName(acctest.AdeleUPN, "enabled"),
			ExpectError: acctest.Says(`Unable to read user "adele.vance@contoso.example"`, "HTTP 403", "User.Read.All"),
		},
		resource.TestStep{
			Config:      tn.Provider(fmt.Sprintf("emergency_access = { group_ids = [%q] }", acctest.RescueGroupID)) + byName(acctest.AdeleUPN, "enabled"),
			ExpectError: acctest.Says("Unable to list the members of group", "HTTP 403", "GroupMember.Read.All"),
		},
	)
}

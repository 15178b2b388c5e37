package provider_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
)

const address = "entramfa_user_mfa_state.test"

// userState is a resource block.
func userState(key, value, state string, extra ...string) string {
	lines := ""
	for _, line := range extra {
		lines += "  " + line + "\n"
	}
	return fmt.Sprintf("resource \"entramfa_user_mfa_state\" \"test\" {\n  %s = %q\n  state = %q\n%s}\n", key, value, state, lines)
}

func byName(upn, state string, extra ...string) string {
	return userState("user_principal_name", upn, state, extra...)
}

func byID(id, state string, extra ...string) string { return userState("user_id", id, state, extra...) }

func attribute(name string, value knownvalue.Check) statecheck.StateCheck {
	return statecheck.ExpectKnownValue(address, tfjsonpath.New(name), value)
}

func text(value string) knownvalue.Check { return knownvalue.StringExact(value) }

func TestAUserIsEnabledPromotedAdoptedByImportAndDisabledAtTheEnd(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	config := tn.provider() + byName(adeleUPN, "enabled")
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: tn.factory,
		CheckDestroy: func(*terraform.State) error {
			return tn.stateIs(adeleID, "disabled")
		},
		Steps: []resource.TestStep{
			{
				Config: config,
				ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{
					plancheck.ExpectResourceAction(address, plancheck.ResourceActionCreate),
					// The plan knows the user; whether the service promotes them, only the service does.
					plancheck.ExpectKnownValue(address, tfjsonpath.New("id"), text(adeleID)),
					plancheck.ExpectKnownValue(address, tfjsonpath.New("user_id"), text(adeleID)),
					plancheck.ExpectUnknownValue(address, tfjsonpath.New("effective_state")),
				}},
				ConfigStateChecks: []statecheck.StateCheck{
					attribute("id", text(adeleID)),
					attribute("user_id", text(adeleID)),
					attribute("user_principal_name", text(adeleUPN)),
					attribute("state", text("enabled")),
					attribute("effective_state", text("enabled")),
					attribute("allow_promotion", knownvalue.Bool(false)),
					attribute("on_destroy", text("disable")),
				},
				Check: resource.ComposeTestCheckFunc(tn.hasState(adeleID, "enabled"), tn.wrote(1)),
			},
			{Config: config, PlanOnly: true},
			{
				PreConfig: tn.register(adeleID, control.MethodMicrosoftAuthenticator),
				Config:    config,
				ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{
					plancheck.ExpectEmptyPlan(),
				}},
				Check: resource.ComposeTestCheckFunc(tn.hasState(adeleID, "enforced"), tn.wrote(0)),
			},
			{
				RefreshState: true,
				Check: resource.ComposeTestCheckFunc(
					resource.TestCheckResourceAttr(address, "effective_state", "enforced"),
					resource.TestCheckResourceAttr(address, "state", "enabled"),
				),
			},
			{Config: config, ResourceName: address, ImportState: true, ImportStateId: adeleID, ImportStateVerify: true, ImportStateVerifyIgnore: []string{"state"}},
			{Config: config, ResourceName: address, ImportState: true, ImportStateId: adeleUPN, ImportStateVerify: true, ImportStateVerifyIgnore: []string{"state"}},
			{Config: config, PlanOnly: true},
		},
	})
}

func TestEachAttributeIsUpdatedInPlaceAndOnlyTheStateIsWritten(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	updated := resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{plancheck.ExpectResourceAction(address, plancheck.ResourceActionUpdate)}}
	tn.run(
		resource.TestStep{Config: tn.provider() + byName(adeleUPN, "enabled"), Check: tn.wrote(1)},
		resource.TestStep{
			Config: tn.provider() + byName(adeleUPN, "enabled", "allow_promotion = true"), ConfigPlanChecks: updated,
			ConfigStateChecks: []statecheck.StateCheck{attribute("allow_promotion", knownvalue.Bool(true))}, Check: tn.wrote(0),
		},
		resource.TestStep{
			Config: tn.provider() + byName(adeleUPN, "enabled", `on_destroy = "keep"`), ConfigPlanChecks: updated,
			ConfigStateChecks: []statecheck.StateCheck{attribute("on_destroy", text("keep"))}, Check: tn.wrote(0),
		},
		resource.TestStep{
			Config: tn.provider() + byName(adeleUPN, "disabled"),
			ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{
				plancheck.ExpectResourceAction(address, plancheck.ResourceActionUpdate),
				plancheck.ExpectKnownValue(address, tfjsonpath.New("effective_state"), text("disabled")),
				plancheck.ExpectKnownValue(address, tfjsonpath.New("id"), text(adeleID)),
			}},
			Check: resource.ComposeTestCheckFunc(tn.hasState(adeleID, "disabled"), tn.wrote(1)),
		},
		resource.TestStep{
			Config: tn.provider() + byName(adeleUPN, "enabled"), ConfigPlanChecks: updated,
			Check: resource.ComposeTestCheckFunc(tn.hasState(adeleID, "enabled"), tn.wrote(1)),
		},
	)
}

func TestTheSameUserUnderAnotherSpellingOrKeyIsNoChange(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	none := resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()}}
	tn.run(
		resource.TestStep{Config: tn.provider() + byName(adeleUPN, "enabled")},
		resource.TestStep{Config: tn.provider() + byName("Adele.Vance@CONTOSO.example", "enabled"), ConfigPlanChecks: none},
		resource.TestStep{Config: tn.provider() + byID(adeleID, "enabled"), ConfigPlanChecks: none},
		resource.TestStep{Config: tn.provider() + byID("22222222-BBBB-4BBB-8BBB-000000000001", "enabled"), ConfigPlanChecks: none},
		// Written so from the start, the spelling stays as well.
		resource.TestStep{Config: tn.provider(), Check: tn.hasState(adeleID, "disabled")},
		resource.TestStep{Config: tn.provider() + byID("22222222-BBBB-4BBB-8BBB-000000000001", "enabled")},
		resource.TestStep{Config: tn.provider() + byID("22222222-BBBB-4BBB-8BBB-000000000001", "enabled"), PlanOnly: true},
	)
}

func TestAnotherUserReplacesTheResource(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	tn.run(
		resource.TestStep{Config: tn.provider() + byName(adeleUPN, "enabled")},
		resource.TestStep{
			Config: tn.provider() + byName(obrienUPN, "enabled"),
			ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{
				plancheck.ExpectResourceAction(address, plancheck.ResourceActionDestroyBeforeCreate),
				plancheck.ExpectKnownValue(address, tfjsonpath.New("id"), text(obrienID)),
			}},
			Check: resource.ComposeTestCheckFunc(tn.hasState(adeleID, "disabled"), tn.hasState(obrienID, "enabled")),
		},
		resource.TestStep{
			Config: tn.provider() + byID(meganID, "enabled"),
			ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{
				plancheck.ExpectResourceAction(address, plancheck.ResourceActionDestroyBeforeCreate),
			}},
			Check: resource.ComposeTestCheckFunc(tn.hasState(obrienID, "disabled"), tn.hasState(meganID, "enabled")),
		},
	)
}

func TestARenamedUserIsTheSameUser(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	renamed := "adele.smith@contoso.example"
	rename := tn.do(func(ctx context.Context) error {
		_, err := tn.PatchUser(ctx, adeleID, control.UserPatch{UserPrincipalName: &renamed})
		return err
	})
	tn.run(
		resource.TestStep{Config: tn.provider() + byName(adeleUPN, "enabled"), Check: tn.wrote(1)},
		resource.TestStep{
			PreConfig: rename, Config: tn.provider() + byName(adeleUPN, "enabled"),
			ExpectError: says(`User "adele.vance@contoso.example" not found`, `is now called "adele.smith@contoso.example"`, "write the new name here"),
		},
		resource.TestStep{
			Config:           tn.provider() + byName(renamed, "enabled"),
			ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()}},
			Check:            tn.wrote(0),
		},
	)
}

func TestARegisteredUserIsPromotedAtOnceAndStaysWithoutDifference(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	config := tn.provider() + byName(alexUPN, "enabled")
	tn.run(
		resource.TestStep{
			Config:            config,
			ConfigStateChecks: []statecheck.StateCheck{attribute("state", text("enabled")), attribute("effective_state", text("enforced"))},
			Check:             resource.ComposeTestCheckFunc(tn.hasState(alexID, "enforced"), tn.wrote(1)),
		},
		resource.TestStep{Config: config, PlanOnly: true},
	)
}

func TestAUserWhoSatisfiesTheStateIsAdoptedWithoutAWrite(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ config, effective string }{
		"enabled as enabled":   {byName(meganUPN, "enabled"), "enabled"},
		"enforced as enabled":  {byName(diegoUPN, "enabled"), "enforced"},
		"enforced as enforced": {byName(diegoUPN, "enforced"), "enforced"},
		"disabled as disabled": {byName(adeleUPN, "disabled"), "disabled"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tn := newTenant(t)
			tn.run(
				resource.TestStep{
					Config:            tn.provider() + c.config,
					ConfigStateChecks: []statecheck.StateCheck{attribute("effective_state", text(c.effective))},
					Check:             tn.wrote(0),
				},
				resource.TestStep{Config: tn.provider() + c.config, PlanOnly: true},
			)
		})
	}
}

func TestAnAdministratorsChangeIsDriftAndIsRepaired(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	config := tn.provider() + byName(adeleUPN, "enabled")
	tn.run(
		resource.TestStep{Config: config},
		resource.TestStep{PreConfig: tn.setState(adeleID, "disabled"), Config: config, PlanOnly: true, ExpectNonEmptyPlan: true},
		resource.TestStep{
			Config: config,
			ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{
				plancheck.ExpectResourceAction(address, plancheck.ResourceActionUpdate),
			}},
			Check: tn.hasState(adeleID, "enabled"),
		},
		// The other way: somebody enabled a user who is to be disabled.
		resource.TestStep{Config: tn.provider() + byName(adeleUPN, "disabled")},
		resource.TestStep{PreConfig: tn.setState(adeleID, "enabled"), Config: tn.provider() + byName(adeleUPN, "disabled"), PlanOnly: true, ExpectNonEmptyPlan: true},
		resource.TestStep{Config: tn.provider() + byName(adeleUPN, "disabled"), Check: tn.hasState(adeleID, "disabled")},
	)
}

func TestEnforcedIsWrittenOnlyWithTheOptInAndARegisteredMethod(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	enforced := func(upn string, extra ...string) string { return tn.provider() + byName(upn, "enforced", extra...) }
	const optIn = "allow_promotion = true"
	tn.run(
		resource.TestStep{
			Config:      enforced(adeleUPN),
			ExpectError: says("adele.vance@contoso.example cannot move from disabled to enforced", "A direct move from disabled to enforced is refused", `Set the state to "enabled"`),
		},
		resource.TestStep{
			Config:      enforced(meganUPN),
			ExpectError: says("megan.bowen@contoso.example cannot move from enabled to enforced", "The service itself promotes an enabled user", "set allow_promotion = true"),
		},
		resource.TestStep{
			Config:      enforced(adeleUPN, optIn),
			ExpectError: says("adele.vance@contoso.example cannot move from disabled to enforced", "The user has no MFA method registered", "let the user register a method"),
		},
		resource.TestStep{
			Config:      enforced(meganUPN, optIn),
			ExpectError: says("megan.bowen@contoso.example cannot move from enabled to enforced", "The user has no MFA method registered"),
		},
		// The positive control of the refusals: none of them wrote, and this one does.
		resource.TestStep{
			PreConfig: func() {
				if n := tn.writes(); n != 0 {
					t.Errorf("%d states were written by refused plans", n)
				}
			},
			Config:            enforced(alexUPN, optIn),
			ConfigStateChecks: []statecheck.StateCheck{attribute("state", text("enforced")), attribute("effective_state", text("enforced"))},
			// By way of enabled, after which the service has promoted the user by itself.
			Check: resource.ComposeTestCheckFunc(tn.hasState(alexID, "enforced"), tn.wrote(1)),
		},
		resource.TestStep{Config: enforced(alexUPN, optIn), PlanOnly: true},
		// An administrator takes the user back to enabled; enforced is asked for, so this is drift.
		resource.TestStep{
			PreConfig: tn.do(func(ctx context.Context) error {
				off := false
				if err := tn.SetBehavior(ctx, control.Behavior{Promotion: &off}); err != nil {
					return err
				}
				_, err := tn.SetPerUserMFAState(ctx, alexID, "enabled")
				return err
			}),
			Config: enforced(alexUPN, optIn), PlanOnly: true, ExpectNonEmptyPlan: true,
		},
		resource.TestStep{Config: enforced(alexUPN, optIn), Check: resource.ComposeTestCheckFunc(tn.hasState(alexID, "enforced"), tn.wrote(1))},
		// A service that does not promote by itself takes both writes.
		resource.TestStep{PreConfig: tn.setState(alexID, "disabled"), Config: enforced(alexUPN, optIn), Check: resource.ComposeTestCheckFunc(tn.hasState(alexID, "enforced"), tn.wrote(2))},
		// Enforced satisfies enabled: going back to enabled in the configuration changes nothing.
		resource.TestStep{
			Config:           tn.provider() + byName(alexUPN, "enabled", optIn),
			ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()}},
			Check:            tn.wrote(0),
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
			tn := newTenant(t)
			tn.do(func(ctx context.Context) error {
				return tn.SetBehavior(ctx, control.Behavior{MethodsWithoutPromotion: without})
			})()
			tn.register(adeleID, control.MethodWindowsHelloForBusiness)()
			tn.run(
				resource.TestStep{
					Config:      tn.provider() + byName(adeleUPN, "enforced", "allow_promotion = true"),
					ExpectError: says("cannot move from disabled to enforced"),
				},
				resource.TestStep{
					Config:            tn.provider() + byName(adeleUPN, "enabled"),
					ConfigStateChecks: []statecheck.StateCheck{attribute("effective_state", text(want))},
					Check:             resource.ComposeTestCheckFunc(tn.hasState(adeleID, want), tn.wrote(1)),
				},
				resource.TestStep{Config: tn.provider() + byName(adeleUPN, "enabled"), PlanOnly: true},
			)
		})
	}
}

func TestEnforcedIsRefusedAgainAtApply(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	// The user is not known at plan, so nothing can be checked there.
	late := func(state string, extra string) string {
		return tn.provider() + fmt.Sprintf(`
resource "terraform_data" "late" {
  input = %q
}
resource "entramfa_user_mfa_state" "test" {
  user_id = terraform_data.late.output
  state   = %q
  %s
}
`, adeleID, state, extra)
	}
	tn.run(
		resource.TestStep{
			Config:      late("enforced", "allow_promotion = true"),
			ExpectError: says("adele.vance@contoso.example cannot move from disabled to enforced", "The user has no MFA method registered"),
		},
		resource.TestStep{
			PreConfig: func() {
				if n := tn.writes(); n != 0 {
					t.Errorf("%d states were written by a refused apply", n)
				}
			},
			Config: late("enabled", ""),
			Check:  resource.ComposeTestCheckFunc(tn.hasState(adeleID, "enabled"), tn.wrote(1)),
		},
	)
}

func TestOnDestroyKeepLeavesTheUser(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	tn.run(
		resource.TestStep{Config: tn.provider() + byName(adeleUPN, "enabled", `on_destroy = "keep"`), Check: tn.wrote(1)},
		resource.TestStep{Config: tn.provider() + "# gone", Check: resource.ComposeTestCheckFunc(tn.hasState(adeleID, "enabled"), tn.wrote(0))},
		// The control: without keep the same destroy disables.
		resource.TestStep{Config: tn.provider() + byName(adeleUPN, "enabled")},
		resource.TestStep{Config: tn.provider() + "# gone", Check: resource.ComposeTestCheckFunc(tn.hasState(adeleID, "disabled"), tn.wrote(1))},
	)
}

func TestAUserDeletedInEntraLeavesTheState(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	remove := tn.do(func(ctx context.Context) error { return tn.DeleteUser(ctx, adeleID) })
	tn.run(
		resource.TestStep{Config: tn.provider() + byName(adeleUPN, "enabled"), Check: tn.wrote(1)},
		resource.TestStep{
			PreConfig: remove, Config: tn.provider() + byName(adeleUPN, "enabled"),
			ExpectError: says(`User "adele.vance@contoso.example" not found`, "There is no such user in tenant "+tenantID),
		},
		resource.TestStep{
			Config:           tn.provider() + "# gone",
			ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()}},
			Check:            tn.wrote(0),
		},
	)
}

func TestAUserDeletedWhileTheDestroyRunsIsDestroyed(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: tn.factory,
		Steps: []resource.TestStep{
			{Config: tn.provider() + byName(adeleUPN, "enabled")},
			{
				// The refresh of the plan still sees the user, the apply does not.
				PreConfig: tn.do(func(ctx context.Context) error { return tn.DeleteUser(ctx, adeleID) }),
				Config:    tn.provider(), Destroy: true,
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
			tn := newTenant(t)
			fault := c.fault
			fault.Method, fault.PathRegexp, fault.Times = "GET", "/authentication/requirements$", &forever
			tn.keepsWhatCannotBeRead(t, configuration{"x": singleOf(adeleUPN, "enabled")}, fault, adeleID,
				append([]string{"Unable to read the per-user MFA state of", "adele.vance@contoso.example"}, c.error...)...)
		})
	}
}

// keepsWhatCannotBeRead applies a configuration of the block x, has its refresh fail, and checks that the state is what it was. The control
// is the same refresh without the fault of a user who was deleted.
func (tn *tenant) keepsWhatCannotBeRead(t *testing.T, config configuration, fault control.Fault, gone string, texts ...string) {
	t.Helper()
	played := tn.plays(t)
	succeeds(t, played.apply(config))
	was := played.instances["x"]
	refresh := func() (*tfprotov6.ReadResourceResponse, tftypes.Value) {
		read, err := played.provider(newOutcome()).ReadResource(context.Background(), &tfprotov6.ReadResourceRequest{
			TypeName: was.typeName, CurrentState: packed(was.value), Private: was.private, CurrentIdentity: was.identity,
		})
		if err != nil {
			t.Fatal(err)
		}
		return read, unpacked(read.NewState, played.typeOf(was.typeName))
	}
	tn.fault(fault)()
	read, value := refresh()
	wantTold(t, told(tfprotov6.DiagnosticSeverityError, read.Diagnostics), [][]string{texts})
	if !value.Equal(was.value) {
		t.Errorf("a refresh that fails makes\n%s\nof\n%s", value, was.value)
	}
	tn.heal()()
	tn.do(func(ctx context.Context) error { return tn.DeleteUser(ctx, gone) })()
	read, value = refresh()
	noErrors(t, read.Diagnostics)
	if value.Equal(was.value) {
		t.Errorf("the control, a refresh after %s was deleted, changes nothing", gone)
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
			tn := newTenant(t)
			slow := tn.do(func(ctx context.Context) error { return tn.SetBehavior(ctx, control.Behavior{ReplicaLag: lag}) })
			effective := func(state string) []statecheck.StateCheck {
				return []statecheck.StateCheck{attribute("effective_state", text(state))}
			}
			// The framework plans again after each apply; what is checked is what the apply stored, so the tenant is let settle then.
			settled := tn.do(func(ctx context.Context) error { return tn.SetBehavior(ctx, control.Behavior{}) })
			settle := func(*terraform.State) error { settled(); return nil }
			tn.run(
				resource.TestStep{PreConfig: slow, Config: tn.provider() + byName(alexUPN, "enabled"), ConfigStateChecks: effective("enforced"), Check: settle},
				resource.TestStep{PreConfig: slow, Config: tn.provider() + byName(alexUPN, "disabled"), ConfigStateChecks: effective("disabled"), Check: settle},
				resource.TestStep{PreConfig: slow, Config: tn.provider() + byName(alexUPN, "enforced", "allow_promotion = true"), ConfigStateChecks: effective("enforced"), Check: settle},
			)
		})
	}
}

func TestAReplicaThatNeverCatchesUpDoesNotTurnSuccessIntoFailure(t *testing.T) {
	t.Parallel()
	options := quick()
	options.Consistency.Timeout = 200 * time.Millisecond
	tn := newTenantWith(t, options)
	tn.run(resource.TestStep{
		PreConfig: tn.do(func(ctx context.Context) error {
			return tn.SetBehavior(ctx, control.Behavior{ReplicaLag: control.ReplicaLag{DurationMs: 3_600_000}})
		}),
		Config:             tn.provider() + byName(adeleUPN, "enabled"),
		ConfigStateChecks:  []statecheck.StateCheck{attribute("state", text("enabled")), attribute("effective_state", text("enabled"))},
		ExpectNonEmptyPlan: true,
	})
}

func TestAUserMadeAMomentAgoIsWaitedFor(t *testing.T) {
	t.Parallel()
	options := quick()
	options.Consistency.Missing = 5 * time.Second
	tn := newTenantWith(t, options)
	const freshID = "22222222-bbbb-4bbb-8bbb-0000000000ff"
	tn.run(resource.TestStep{
		PreConfig: tn.do(func(ctx context.Context) error {
			if err := tn.SetBehavior(ctx, control.Behavior{ReplicaLag: control.ReplicaLag{Reads: 3, LagCreates: true}}); err != nil {
				return err
			}
			_, err := tn.CreateUser(ctx, control.User{ID: freshID, UserPrincipalName: "fresh@contoso.example", DisplayName: "Fresh"})
			return err
		}),
		Config: tn.provider() + byID(freshID, "disabled"),
		Check:  resource.TestCheckResourceAttr(address, "user_principal_name", "fresh@contoso.example"),
	})
}

func TestThrottlingAndServerErrorsThatPassAreSurvived(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	one := 1
	tn.run(
		resource.TestStep{
			PreConfig: func() {
				tn.fault(control.Fault{Method: "PATCH", PathRegexp: "/requirements$", Times: &one, Status: 429, Code: "TooManyRequests", Headers: map[string]string{"Retry-After": "1"}})()
				tn.fault(control.Fault{Method: "GET", PathRegexp: "/requirements$", Times: &one, Status: 503, Code: "ServiceUnavailable"})()
				tn.fault(control.Fault{Method: "GET", PathRegexp: "/users/[^/]+$", Times: &one, Reset: control.ResetBefore})()
			},
			Config: tn.provider() + byName(adeleUPN, "enabled"),
			Check:  tn.hasState(adeleID, "enabled"),
		},
		// A write whose answer was lost is repeated, and is the same write.
		resource.TestStep{
			PreConfig: tn.fault(control.Fault{Method: "PATCH", PathRegexp: "/requirements$", Times: &one, Reset: control.ResetAfter}),
			Config:    tn.provider() + byName(adeleUPN, "disabled"),
			Check:     tn.hasState(adeleID, "disabled"),
		},
	)
}

func TestAFailedChangeKeepsTheStateAndTheNextApplyFinishesIt(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	forever := 0
	off := false
	second := control.Fault{Method: "PATCH", PathRegexp: "/requirements$", After: 1, Times: &forever, Status: 403, Code: "Authorization_RequestDenied", Message: "Insufficient privileges to complete the operation."}
	config := tn.provider() + byName(alexUPN, "enforced", "allow_promotion = true")
	tn.run(
		resource.TestStep{Config: tn.provider() + byName(alexUPN, "disabled")},
		resource.TestStep{
			PreConfig: func() {
				tn.do(func(ctx context.Context) error { return tn.SetBehavior(ctx, control.Behavior{Promotion: &off}) })()
				tn.fault(second)()
			},
			Config:      config,
			ExpectError: says("Unable to set the per-user MFA state of", "alex.wilber@contoso.example", "HTTP 403", "Policy.ReadWrite.AuthenticationMethod"),
		},
		resource.TestStep{
			PreConfig: func() {
				tn.heal()()
				if err := tn.stateIs(alexID, "enabled"); err != nil {
					t.Error(err)
				}
			},
			Config: config, Check: tn.hasState(alexID, "enforced"),
		},
	)
}

func TestNamesThatNeedCareInAnAddress(t *testing.T) {
	t.Parallel()
	for upn, id := range map[string]string{guestUPN: guestID, dollarUPN: dollarID, obrienUPN: obrienID} {
		t.Run(upn, func(t *testing.T) {
			t.Parallel()
			tn := newTenant(t)
			tn.run(
				resource.TestStep{
					Config:            tn.provider() + byName(upn, "enabled"),
					ConfigStateChecks: []statecheck.StateCheck{attribute("user_id", text(id))},
					Check:             tn.hasState(id, "enabled"),
				},
				resource.TestStep{Config: tn.provider() + byName(upn, "enabled"), PlanOnly: true},
				resource.TestStep{Config: tn.provider() + byName(upn, "enabled"), ResourceName: address, ImportState: true, ImportStateId: upn, ImportStateVerify: true},
			)
		})
	}
}

func TestImportRefusesWhatIsNoUser(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	config := tn.provider() + byName(adeleUPN, "enabled")
	imports := func(id string, texts ...string) resource.TestStep {
		return resource.TestStep{Config: config, ResourceName: address, ImportState: true, ImportStateId: id, ExpectError: says(texts...)}
	}
	tn.run(
		resource.TestStep{Config: config},
		imports("adele", "Invalid import id", `"adele" is neither the object id of a user`),
		imports(nobodyID, fmt.Sprintf("User %q not found", nobodyID), "tenant_id"),
		imports("nobody@contoso.example", `User "nobody@contoso.example" not found`, "Check the spelling"),
	)
}

func TestAnImportedUserOfEitherConfigurationHasNoDifference(t *testing.T) {
	t.Parallel()
	for _, state := range []string{"enabled", "enforced"} {
		t.Run(state, func(t *testing.T) {
			t.Parallel()
			tn := newTenant(t)
			config := tn.provider() + byName(diegoUPN, state)
			tn.run(
				resource.TestStep{Config: config, ResourceName: address, ImportState: true, ImportStateId: diegoUPN, ImportStatePersist: true},
				resource.TestStep{
					Config:           config,
					ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()}},
					Check:            tn.wrote(0),
				},
			)
		})
	}
}

func TestEmergencyAccessAccountsAreLeftAlone(t *testing.T) {
	t.Parallel()
	guard := fmt.Sprintf("emergency_access = {\n user_principal_names = [%q]\n group_ids = [%q]\n}", rescueUPN, rescueGroupID)
	byGuardID := fmt.Sprintf("emergency_access = { user_ids = [%q] }", "22222222-BBBB-4BBB-8BBB-000000000001")
	tn := newTenant(t)
	tn.run(
		resource.TestStep{
			Config:      tn.provider(guard) + byName(rescueUPN, "enabled"),
			ExpectError: says("Emergency access account", "would need MFA", rescueUPN, rescueID, "emergency_access.user_principal_names", `Set its state to "disabled"`),
		},
		resource.TestStep{
			Config:      tn.provider(guard) + byID(rescue2ID, "enabled"),
			ExpectError: says("Emergency access account", "would need MFA", "Emergency 2 ("+rescue2UPN+")", "object id "+rescue2ID, "member of the group "+rescueGroupID+" in emergency_access.group_ids"),
		},
		resource.TestStep{Config: tn.provider(guard) + byID(rescue2ID, "disabled")},
		resource.TestStep{Config: tn.provider(guard) + byID(rescue2ID, "enabled"), ExpectError: says("Emergency access account", "would need MFA")},
		// The guard binds what is managed already, and it does not bind others.
		resource.TestStep{Config: tn.provider(guard) + byName(adeleUPN, "enabled"), Check: tn.wrote(1)},
		resource.TestStep{Config: tn.provider(byGuardID) + byName(adeleUPN, "enabled"), ExpectError: says("Emergency access account", "would need MFA", adeleUPN, "emergency_access.user_ids")},
	)
}

func TestBadInputIsRefusedWithTheWayOut(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	for name, c := range map[string]struct {
		config string
		error  []string
	}{
		"unknown id": {byID(nobodyID, "enabled"), []string{fmt.Sprintf("User %q not found", nobodyID), "with entramfa_user_mfa_state.test", "user_id = ", "tenant_id of the provider block"}},
		"name with a typo": {
			byName("adele.vanec@contoso.example", "enabled"),
			[]string{`User "adele.vanec@contoso.example" not found`, "There is no such user in tenant " + tenantID, "Check the spelling", "#EXT#"},
		},
		"neither": {"resource \"entramfa_user_mfa_state\" \"test\" {\n  state = \"enabled\"\n}\n", []string{"Missing Attribute Configuration", "user_id", "user_principal_name"}},
		"not a GUID": {
			byID("adele", "enabled"), []string{"Invalid GUID", `"adele" is not an id`},
		},
		"name as id":        {byID(adeleUPN, "enabled"), []string{"Invalid GUID", "looks like a user principal name"}},
		"id as name":        {byName(adeleID, "enabled"), []string{"Invalid user principal name", "is an object id"}},
		"name without at":   {byName("adele.vance", "enabled"), []string{"Invalid user principal name", `"adele.vance" is not name@domain`}},
		"name with space":   {byName("adele vance@contoso.example", "enabled"), []string{"Invalid user principal name", "holds a space or a slash"}},
		"state in capitals": {byName(adeleUPN, "Enabled"), []string{"Invalid per-user MFA state", `The state "Enabled" is spelled "enabled"`}},
		"unknown state":     {byName(adeleUPN, "on"), []string{"Invalid per-user MFA state", `There is no per-user MFA state "on"`, `"disabled", "enabled" or "enforced"`}},
		"unknown on_destroy": {
			byName(adeleUPN, "enabled", `on_destroy = "delete"`), []string{"on_destroy", `"disable"`, `"keep"`},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			resource.UnitTest(t, resource.TestCase{
				ProtoV6ProviderFactories: tn.factory,
				Steps:                    []resource.TestStep{{Config: tn.provider() + c.config, PlanOnly: true, ExpectError: says(c.error...)}},
			})
		})
	}
}

func TestAMissingPermissionIsNamed(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	tn.run(
		// To plan is to read.
		resource.TestStep{Config: tn.providerAs(planAppID, planSecret) + byName(adeleUPN, "enabled"), PlanOnly: true, ExpectNonEmptyPlan: true},
		resource.TestStep{
			Config:      tn.providerAs(planAppID, planSecret) + byName(adeleUPN, "enabled"),
			ExpectError: says(`Unable to set the per-user MFA state of "adele.vance@contoso.example" to "enabled"`, "HTTP 403 Authorization_RequestDenied", "Policy.ReadWrite.AuthenticationMethod", "request-id"),
		},
		resource.TestStep{
			Config:      tn.providerAs(blindAppID, blindSecret) + byName(adeleUPN, "enforced", "allow_promotion = true"),
			ExpectError: says(`Unable to list the authentication methods of user "adele.vance@contoso.example"`, "HTTP 403", "UserAuthenticationMethod.Read.All"),
		},
		resource.TestStep{
			PreConfig: tn.do(func(ctx context.Context) error {
				none := []string{}
				_, err := tn.PatchApp(ctx, appID, control.AppPatch{Permissions: &none})
				return err
			}),
			Config:      tn.provider() + byName(adeleUPN, "enabled"),
			ExpectError: says(`Unable to read user "adele.vance@contoso.example"`, "HTTP 403", "User.Read.All"),
		},
		resource.TestStep{
			Config:      tn.provider(fmt.Sprintf("emergency_access = { group_ids = [%q] }", rescueGroupID)) + byName(adeleUPN, "enabled"),
			ExpectError: says("Unable to list the members of group", "HTTP 403", "GroupMember.Read.All"),
		},
	)
}

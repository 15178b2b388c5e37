package main

import (
	"context"
	"fmt"
	"os"
	"strings"

	tfjson "github.com/hashicorp/terraform-json"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
)

// The people of the tour. They are users of the emulator's sample tenant.
const (
	adele      = "adele.vance@contoso.example"   // disabled, nothing registered
	alex       = "alex.wilber@contoso.example"   // disabled, Microsoft Authenticator registered
	miriam     = "miriam.o'hara@contoso.example" // disabled, nothing registered
	breakGlass = "break.glass.1@contoso.example" // an emergency access account

	adeleAddress = "entramfa_user_mfa_state.adele"
	alexAddress  = "entramfa_user_mfa_state.alex"

	planFile    = "demo.tfplan"
	repairFile  = "repair.tfplan"
	destroyFile = "destroy.tfplan"
)

// tour is the walk from an empty folder to a destroyed configuration.
type tour struct {
	screen   *screen
	work     workspace
	cli      *cli
	emulator *emulator
	// before is the tenant as it was given.
	before *control.Tenant
	// writes is how many requests should have been made so far that change something.
	writes int
}

type step struct {
	title string
	do    func(ctx context.Context) error
}

func (t *tour) steps() []step {
	return []step{
		{"A tenant to work on", t.startTenant},
		{"A configuration, and init", t.initialize},
		{"The plan", t.plan},
		{"The apply", t.apply},
		{"The same again: nothing to do", t.planAgain},
		{"A user registers, the service promotes her, and the plan stays empty", t.register},
		{"An admin switches a user off in the portal: drift", t.drift},
		{"The repair", t.repair},
		{"A direct move to enforced is refused", t.refuseDirectMove},
		{"An emergency access account is refused", t.refuseEmergencyAccess},
		{"The destroy, and what it warns of", t.destroy},
	}
}

func (t *tour) walk(ctx context.Context, steps []step) error {
	t.screen.say("A tour of the entramfa provider with %s, against a sample tenant on this machine: no subscription, no network, "+
		"and everything happens in %s. Each command stands behind a $, its output below, without lines of progress and with %s "+
		"where more is left out. Every statement is checked, and the tour stops at the first that does not hold.",
		t.cli.product, t.work.display(), omission)
	for i, step := range steps {
		t.screen.heading(i+1, len(steps), step.title)
		err := step.do(ctx)
		if err == nil {
			err = t.screen.err
		}
		if err != nil {
			return fmt.Errorf("step %d of %d (%s): %w", i+1, len(steps), step.title, err)
		}
	}
	return nil
}

// run shows a command, runs it, shows a part of its output, and checks the exit code and texts in the output.
func (t *tour) run(ctx context.Context, args []string, part excerpt, exitCode int, texts ...string) (*result, error) {
	t.screen.command(t.cli.name + " " + strings.Join(args, " "))
	got, err := t.cli.run(ctx, args...)
	if err != nil {
		return nil, err
	}
	t.screen.output(got.output, part)
	if exitCode != 0 || strings.Contains(got.command, "-detailed-exitcode") {
		t.screen.note(fmt.Sprintf("exit code %d", got.exitCode))
	}
	return got, got.expect(exitCode, texts...)
}

// check compares the tenant with what the tour has said, and what the provider has written with what it should have.
// Failing, it blames the command.
func (t *tour) check(ctx context.Context, after *result, states map[string]string) (*control.Tenant, error) {
	now, err := t.emulator.tenant.Snapshot(ctx)
	if err != nil {
		return nil, err
	}
	if err := checkTenant(t.before, now, states); err != nil {
		return nil, after.deviates("%s", err)
	}
	counters, err := t.emulator.tenant.Counters(ctx)
	if err != nil {
		return nil, err
	}
	if made := writes(counters); made != t.writes {
		return nil, after.deviates("since the start there have been %d requests that change something, expected %d", made, t.writes)
	}
	return now, nil
}

func (t *tour) showUsers(tenant *control.Tenant, upns ...string) error {
	rows, err := userRows(tenant, upns...)
	if err != nil {
		return err
	}
	t.screen.table(rows)
	return nil
}

func (t *tour) startTenant(ctx context.Context) error {
	t.screen.say("The emulator is a small Entra tenant, contoso.example, behind HTTPS. Into a file it writes the environment variables that " +
		"lead the provider to it, a client secret among them. For a real tenant, set the same ARM_* variables for an app registration of yours.")
	t.screen.command(t.emulator.command())
	if err := t.emulator.start(ctx); err != nil {
		return err
	}
	t.screen.command(". ./" + envFile)
	names := make([]string, 0, len(t.emulator.variables))
	for _, v := range t.emulator.variables {
		names = append(names, v.name)
	}
	t.screen.note("sets " + strings.Join(names, ", "))
	t.cli.signIn(t.emulator.variables)

	var err error
	if t.before, err = t.emulator.tenant.Snapshot(ctx); err != nil {
		return err
	}
	for _, upn := range []string{adele, alex, miriam, breakGlass} {
		user, err := findUser(t.before, upn)
		if err != nil {
			return err
		}
		if user.PerUserMFAState != control.StateDisabled || (len(user.Methods) > 0) != (upn == alex || upn == breakGlass) {
			return fmt.Errorf("the sample tenant has %s at %q with %d methods, which is not what the tour tells; "+
				"internal/emulator/sample_tenant.go and this program have to agree", upn, user.PerUserMFAState, len(user.Methods))
		}
	}
	t.screen.say("Of its %d users the tour needs four. None of them has per-user MFA yet:", len(t.before.Users))
	return t.showUsers(t.before, adele, alex, miriam, breakGlass)
}

func (t *tour) initialize(ctx context.Context) error {
	t.screen.say("Two people are to use MFA, and two emergency access accounts must never depend on it:")
	config, err := t.work.configure(mainConfig)
	if err != nil {
		return err
	}
	t.screen.file(mainConfig, config)
	t.screen.say("%s tells %s to install providers from the folder %s and from nowhere else, so nothing is downloaded:",
		cliConfigFile, t.cli.brand, mirrorFolder)
	t.screen.command(fmt.Sprintf("export TF_CLI_CONFIG_FILE=$PWD/%s", cliConfigFile))
	got, err := t.run(ctx, []string{"init"}, excerpt{only: []string{"- Installed", "successfully initialized", "Error"}}, 0,
		"Installed mfa-as-code/entramfa", "has been successfully initialized!")
	if err != nil {
		return err
	}
	lock, err := os.ReadFile(t.work.path(lockFile))
	if err != nil {
		return got.deviates("%s", err)
	}
	if address := `provider "` + t.cli.host + `/mfa-as-code/entramfa"`; !strings.Contains(string(lock), address) {
		return got.deviates("%s does not hold %s", lockFile, address)
	}
	return nil
}

func (t *tour) plan(ctx context.Context) error {
	t.screen.say("The plan asks the tenant already: a user who does not exist, a missing permission or a move that is not allowed is an error now, " +
		"not halfway through the apply. The effective_state is what the service will have made of it, and only the service knows that.")
	got, err := t.run(ctx, []string{"plan", "-out=" + planFile}, excerpt{from: "# " + adeleAddress, through: "Plan:"}, 0, "Plan: 2 to add, 0 to change, 0 to destroy.")
	if err != nil {
		return err
	}
	plan, err := t.cli.plan(ctx, planFile)
	if err != nil {
		return err
	}
	want := map[string]change{}
	for address, upn := range map[string]string{adeleAddress: adele, alexAddress: alex} {
		user, err := findUser(t.before, upn)
		if err != nil {
			return err
		}
		want[address] = change{
			actions: tfjson.Actions{tfjson.ActionCreate},
			after:   map[string]any{"state": "enabled", "user_id": user.ID, "user_principal_name": upn},
			unknown: []string{"effective_state"},
		}
	}
	if err := checkPlan(plan, want); err != nil {
		return got.deviates("%s", err)
	}
	_, err = t.check(ctx, got, map[string]string{adele: "disabled", alex: "disabled"})
	return err
}

func (t *tour) apply(ctx context.Context) error {
	t.screen.say("The provider writes enabled for both, and reads back what came of it.")
	got, err := t.run(ctx, []string{"apply", planFile}, excerpt{}, 0, "Resources: 2 added, 0 changed, 0 destroyed.")
	if err != nil {
		return err
	}
	t.writes += 2
	now, err := t.check(ctx, got, map[string]string{adele: "enabled", alex: "enforced"})
	if err != nil {
		return err
	}
	if err := t.checkState(ctx, got, "enabled", "enforced"); err != nil {
		return err
	}
	t.screen.say("In the tenant, Adele will now be asked to register a method at her next sign-in. Alex has one already, so the service has " +
		"moved him on to enforced at once:")
	return t.showUsers(now, adele, alex)
}

// checkState checks the state file: both users wanted at enabled, with these effective states.
func (t *tour) checkState(ctx context.Context, after *result, adeleState, alexState string) error {
	state, err := t.cli.state(ctx)
	if err != nil {
		return err
	}
	err = checkState(state, map[string]map[string]any{
		adeleAddress: {"user_principal_name": adele, "state": "enabled", "effective_state": adeleState},
		alexAddress:  {"user_principal_name": alex, "state": "enabled", "effective_state": alexState},
	})
	if err != nil {
		return after.deviates("%s", err)
	}
	return nil
}

func (t *tour) planAgain(ctx context.Context) error {
	t.screen.say("Alex is enforced where the configuration says enabled. That is no difference, because enforced is what the service makes of enabled. " +
		"-detailed-exitcode is for a scheduled job that looks for drift: 0 is none, 2 is some, 1 is an error.")
	return t.planIsEmpty(ctx, excerpt{}, map[string]string{adele: "enabled", alex: "enforced"})
}

func (t *tour) planIsEmpty(ctx context.Context, part excerpt, states map[string]string) error {
	got, err := t.run(ctx, []string{"plan", "-detailed-exitcode"}, part, 0, "No changes. Your infrastructure matches the configuration.")
	if err != nil {
		return err
	}
	_, err = t.check(ctx, got, states)
	return err
}

func (t *tour) register(ctx context.Context) error {
	t.screen.say("Adele sets up Microsoft Authenticator at her next sign-in, and the service promotes her. Nobody has to touch the configuration.")
	if _, err := t.emulator.tenant.RegisterMethod(ctx, adele, control.Method{Type: control.MethodMicrosoftAuthenticator}); err != nil {
		return err
	}
	states := map[string]string{adele: "enforced", alex: "enforced"}
	now, err := t.emulator.tenant.Snapshot(ctx)
	if err != nil {
		return err
	}
	if err := checkTenant(t.before, now, states); err != nil {
		return err
	}
	t.screen.event("Adele registers; the service sets enforced (played by the emulator's control API)")
	if err := t.planIsEmpty(ctx, excerpt{through: "No changes."}, states); err != nil {
		return err
	}
	t.screen.say("The next apply records the new effective_state; so does a refresh, which changes nothing in the tenant:")
	got, err := t.run(ctx, []string{"apply", "-refresh-only", "-auto-approve"}, excerpt{from: "# " + adeleAddress, through: "}"}, 0,
		adeleAddress+" has changed", `effective_state = "enabled" -> "enforced"`, "Resources: 0 added, 0 changed, 0 destroyed.")
	if err != nil {
		return err
	}
	if err := t.checkState(ctx, got, "enforced", "enforced"); err != nil {
		return err
	}
	_, err = t.check(ctx, got, states)
	return err
}

func (t *tour) drift(ctx context.Context) error {
	t.screen.say("Somebody disables Adele in the portal and tells nobody. The next plan finds it and exits with 2.")
	stored, err := t.emulator.tenant.SetPerUserMFAState(ctx, adele, control.StateDisabled)
	if err != nil {
		return err
	}
	if stored != control.StateDisabled {
		return fmt.Errorf("the tenant has %s at %q after an admin has disabled her", adele, stored)
	}
	t.screen.event("an admin sets Adele to disabled (played by the emulator's control API)")
	got, err := t.run(ctx, []string{"plan", "-detailed-exitcode", "-out=" + repairFile}, excerpt{from: "# " + adeleAddress, through: "Plan:"}, 2,
		adeleAddress+" will be updated in-place", `state = "disabled" -> "enabled"`, "Plan: 0 to add, 1 to change, 0 to destroy.")
	if err != nil {
		return err
	}
	plan, err := t.cli.plan(ctx, repairFile)
	if err != nil {
		return err
	}
	err = checkPlan(plan, map[string]change{adeleAddress: {
		actions: tfjson.Actions{tfjson.ActionUpdate},
		before:  map[string]any{"state": "disabled", "effective_state": "disabled"},
		after:   map[string]any{"state": "enabled", "user_principal_name": adele},
	}})
	if err != nil {
		return got.deviates("%s", err)
	}
	_, err = t.check(ctx, got, map[string]string{adele: "disabled", alex: "enforced"})
	return err
}

func (t *tour) repair(ctx context.Context) error {
	t.screen.say("Applying that plan sets her to enabled again. Her method is still registered, so the service promotes her at once.")
	got, err := t.run(ctx, []string{"apply", repairFile}, excerpt{}, 0, "Resources: 0 added, 1 changed, 0 destroyed.")
	if err != nil {
		return err
	}
	t.writes++
	states := map[string]string{adele: "enforced", alex: "enforced"}
	now, err := t.check(ctx, got, states)
	if err != nil {
		return err
	}
	if err := t.checkState(ctx, got, "enforced", "enforced"); err != nil {
		return err
	}
	if err := t.showUsers(now, adele); err != nil {
		return err
	}
	return t.planIsEmpty(ctx, excerpt{through: "No changes."}, states)
}

// refuse adds a configuration, shows that the plan refuses it, and takes it away.
func (t *tour) refuse(ctx context.Context, name string, texts ...string) error {
	config, err := t.work.configure(name)
	if err != nil {
		return err
	}
	t.screen.file(name, config)
	got, err := t.run(ctx, []string{"plan"}, excerpt{from: "Error: "}, 1, texts...)
	if err != nil {
		return err
	}
	if _, err := t.check(ctx, got, map[string]string{adele: "enforced", alex: "enforced"}); err != nil {
		return err
	}
	return t.work.remove(name)
}

func (t *tour) refuseDirectMove(ctx context.Context) error {
	t.screen.say("Miriam has registered nothing. Enforced would break her apps before she has had a chance to register, so the plan refuses it " +
		"and says what to write instead:")
	return t.refuse(ctx, miriamConfig,
		"Error: The per-user MFA state of "+miriam+" cannot move from disabled to enforced",
		"A direct move from disabled to enforced is refused",
		`Set the state to "enabled"`)
}

func (t *tour) refuseEmergencyAccess(ctx context.Context) error {
	t.screen.say("The provider block lists the accounts that have to work when MFA does not. No resource may catch them, by mistake or by for_each:")
	return t.refuse(ctx, breakGlassConfig,
		"Error: ", breakGlass, "is an emergency access account", "emergency_access.user_principal_names")
}

func (t *tour) destroy(ctx context.Context) error {
	t.screen.say("Destroying the resources takes per-user MFA away from both users, and the plan warns of it, by name. " +
		"(on_destroy = \"keep\" would leave them as they are.)")
	got, err := t.run(ctx, []string{"plan", "-destroy", "-out=" + destroyFile}, excerpt{from: "Plan:", through: "Warning: "}, 0,
		"Plan: 0 to add, 0 to change, 2 to destroy.",
		"Warning: Per-user MFA stops applying to "+adele,
		"Warning: Per-user MFA stops applying to "+alex)
	if err != nil {
		return err
	}
	plan, err := t.cli.plan(ctx, destroyFile)
	if err != nil {
		return err
	}
	deletion := change{actions: tfjson.Actions{tfjson.ActionDelete}, before: map[string]any{"effective_state": "enforced"}}
	if err := checkPlan(plan, map[string]change{adeleAddress: deletion, alexAddress: deletion}); err != nil {
		return got.deviates("%s", err)
	}
	if _, err := t.check(ctx, got, map[string]string{adele: "enforced", alex: "enforced"}); err != nil {
		return err
	}

	got, err = t.run(ctx, []string{"apply", destroyFile}, excerpt{}, 0, "Resources: 0 added, 0 changed, 2 destroyed.")
	if err != nil {
		return err
	}
	t.writes += 2
	now, err := t.check(ctx, got, map[string]string{adele: "disabled", alex: "disabled"})
	if err != nil {
		return err
	}
	state, err := t.cli.state(ctx)
	if err != nil {
		return err
	}
	if err := checkState(state, nil); err != nil {
		return got.deviates("%s", err)
	}
	t.screen.say("Both are disabled again and keep what they have registered. The other %d users were never touched, and the whole tour has "+
		"changed the tenant by %d requests: as many as the plans had announced.", len(now.Users)-2, t.writes)
	return t.showUsers(now, adele, alex)
}

package main

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"

	tfjson "github.com/hashicorp/terraform-json"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
	"github.com/mfa-as-code/terraform-provider-entramfa/tools/internal/sandbox"
)

// The people and the group of the tour. They are of the emulator's sample tenant.
const (
	adele      = "adele.vance@contoso.example"   // disabled, nothing registered
	alex       = "alex.wilber@contoso.example"   // disabled, Microsoft Authenticator registered
	miriam     = "miriam.o'hara@contoso.example" // disabled, nothing registered
	breakGlass = "break.glass.1@contoso.example" // an emergency access account
	// breakGlassGroup holds it, and another one by way of a group within.
	breakGlassGroup = "d4e8f2b6-3a1c-4d5e-9b7f-1a2b3c4d5e03"

	adeleAddress  = "entramfa_user_mfa_state.adele"
	alexAddress   = "entramfa_user_mfa_state.alex"
	officeAddress = "entramfa_trusted_ips.office"
	policyAddress = "entramfa_registration_policy.everybody"
	accessAddress = "entramfa_conditional_access_policy.mfa"

	officeName = "Branch office"
	accessName = "MFA for everybody, everywhere"

	planFile    = "demo.tfplan"
	repairFile  = "repair.tfplan"
	typoFile    = "typo.tfplan"
	policyFile  = "policy.tfplan"
	accessFile  = "access.tfplan"
	destroyFile = "destroy.tfplan"
)

// whereItStands is in the paragraph of a diagnostic that names the resource and quotes its line.
const whereItStands = "with entramfa_"

// officeRanges are the ranges of office.tf.
var officeRanges = []string{"198.51.100.0/24", "2001:db8:b0::/48"}

// tour is the walk from an empty folder to a destroyed configuration.
type tour struct {
	screen   *screen
	work     workspace
	cli      *sandbox.CLI
	emulator *sandbox.Emulator
	// before is the tenant as it was given.
	before *control.Tenant
	// want is what should have become of it so far.
	want expectation
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
		{"The plan, and the apply", t.planAndApply},
		{"Ranges in another spelling, users promoted by the service: nothing to do", t.nothingToDo},
		{"An admin switches a user off in the portal: drift, and its repair", t.drift},
		{"A slip in an IP range shows as a number", t.widen},
		{"Two users for whom the plan says no", t.refuseUsers},
		{"A policy for all users, and the guard refuses it", t.refusePolicy},
		{"The corrected policy takes over the existing campaign", t.adopt},
		{"A Conditional Access policy that would lock everybody out", t.refuseAccess},
		{"The same policy with the exclusion, in report-only", t.reportOnly},
		{"The destroy restores everything", t.destroy},
	}
}

func (t *tour) walk(ctx context.Context, steps []step) error {
	t.screen.say("A tour of the entramfa provider with %s, against a sample tenant on this machine: no subscription, no network, "+
		"and everything happens in %s. Each command follows a $, with its output below, without lines of progress and with %s "+
		"where more is omitted. Every statement is checked, and the tour stops at the first that does not hold.",
		t.cli.Product, t.work.Display(), omission)
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
func (t *tour) run(ctx context.Context, args []string, part excerpt, exitCode int, texts ...string) (*sandbox.Result, error) {
	t.screen.command(t.cli.Name + " " + strings.Join(args, " "))
	got, err := t.cli.Run(ctx, args...)
	if err != nil {
		return nil, err
	}
	t.screen.output(got.Output, part)
	if exitCode != 0 || strings.Contains(got.Command, "-detailed-exitcode") {
		t.screen.note(fmt.Sprintf("exit code %d", got.ExitCode))
	}
	return got, expect(got, exitCode, texts...)
}

// check compares the tenant with what the tour has said, and what the provider has written with what it should have.
// Failing, it blames the command.
func (t *tour) check(ctx context.Context, after *sandbox.Result) (*control.Tenant, error) {
	now, err := t.emulator.Tenant.Snapshot(ctx)
	if err != nil {
		return nil, err
	}
	if err := checkTenant(t.before, now, t.want); err != nil {
		return nil, after.Deviates("%s", err)
	}
	counters, err := t.emulator.Tenant.Counters(ctx)
	if err != nil {
		return nil, err
	}
	if made, list := writes(counters); made != t.writes {
		return nil, after.Deviates("since the start there have been %d requests that change something, expected %d: %s", made, t.writes, list)
	}
	return now, nil
}

// planned shows a plan that goes into a file, and checks what it is going to do and that it has done nothing yet.
func (t *tour) planned(ctx context.Context, file string, args []string, part excerpt, exitCode int, want map[string]change, texts ...string) error {
	got, err := t.run(ctx, append(append([]string{"plan"}, args...), "-out="+file), part, exitCode, texts...)
	if err != nil {
		return err
	}
	plan := &tfjson.Plan{}
	if err := t.cli.ShowJSON(ctx, plan, file); err != nil {
		return err
	}
	if err := checkPlan(plan, want); err != nil {
		return got.Deviates("%s", err)
	}
	_, err = t.check(ctx, got)
	return err
}

// applied applies a plan file, shows the results, and checks what has become of the tenant and of the state.
func (t *tour) applied(ctx context.Context, file, resources string, states map[string]map[string]any) (*control.Tenant, error) {
	got, err := t.run(ctx, []string{"apply", file}, excerpt{only: []string{"Apply complete!"}}, 0, "Resources: "+resources+".")
	if err != nil {
		return nil, err
	}
	now, err := t.check(ctx, got)
	if err != nil {
		return nil, err
	}
	state := &tfjson.State{}
	if err := t.cli.ShowJSON(ctx, state); err != nil {
		return nil, err
	}
	if err := checkState(state, states); err != nil {
		return nil, got.Deviates("%s", err)
	}
	return now, nil
}

// show writes a configuration, or another version of it, and shows it.
func (t *tour) show(name string, version ...string) error {
	config, err := t.work.configure(name, version...)
	if err != nil {
		return err
	}
	t.screen.file(name, config)
	return nil
}

// refuse shows a configuration and that the plan refuses it.
func (t *tour) refuse(ctx context.Context, part excerpt, texts ...string) error {
	got, err := t.run(ctx, []string{"plan"}, part, 1, texts...)
	if err != nil {
		return err
	}
	_, err = t.check(ctx, got)
	return err
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
	t.screen.say("The emulator is a small Entra tenant, contoso.example, behind HTTPS. It writes the environment variables that point the provider to " +
		"it into a file. For a real tenant, set the same ARM_* variables for an app registration of yours.")
	t.screen.command(t.emulator.Command())
	if err := t.emulator.Start(ctx); err != nil {
		return err
	}
	t.screen.command(". ./" + sandbox.EnvFile)
	names := make([]string, 0, len(t.emulator.Variables))
	for _, v := range t.emulator.Variables {
		names = append(names, v.Name)
	}
	t.screen.note("sets " + strings.Join(names, ", "))
	t.cli.SignIn(t.emulator.Variables)

	var err error
	if t.before, err = t.emulator.Tenant.Snapshot(ctx); err != nil {
		return err
	}
	t.want.states = map[string]string{adele: "disabled", alex: "disabled"}
	if err := checkSampleTenant(t.before); err != nil {
		return fmt.Errorf("%w, which is not what the tour tells; internal/emulator/sample_tenant.go and this program have to agree", err)
	}
	t.screen.say("Of its %d users the tour needs four. None of them has per-user MFA yet, and the registration campaign is Microsoft's own:", len(t.before.Users))
	rows, err := userRows(t.before, adele, alex, miriam, breakGlass)
	if err != nil {
		return err
	}
	t.screen.table(append(rows, campaignRow(t.before)))
	return nil
}

// checkSampleTenant checks what the tour says about the tenant as it is given.
func checkSampleTenant(tenant *control.Tenant) error {
	for upn, registered := range map[string]bool{adele: false, alex: true, miriam: false, breakGlass: true} {
		user, err := findUser(tenant, upn)
		if err != nil {
			return err
		}
		if user.PerUserMFAState != control.StateDisabled || (len(user.Methods) > 0) != registered {
			return fmt.Errorf("the sample tenant has %s at %q with %d methods", upn, user.PerUserMFAState, len(user.Methods))
		}
	}
	campaign := campaignOf(tenant)
	if campaign == nil || campaign.State != control.ConfigDefault || len(campaign.ExcludeTargets) > 0 {
		return fmt.Errorf("the sample tenant has the registration campaign %s", campaignText(campaign))
	}
	return nil
}

func (t *tour) initialize(ctx context.Context) error {
	t.screen.say("Two people will use MFA, a branch office becomes trusted, and the emergency access accounts must never depend on MFA:")
	if err := t.show(mainConfig); err != nil {
		return err
	}
	if err := t.show(officeConfig); err != nil {
		return err
	}
	t.screen.say("%s tells %s to install providers from the folder %s and from nowhere else, so nothing is downloaded:",
		t.work.CLIConfigFile(), t.cli.Brand, sandbox.MirrorFolder)
	t.screen.command(fmt.Sprintf("export TF_CLI_CONFIG_FILE=$PWD/%s", t.work.CLIConfigFile()))
	got, err := t.run(ctx, []string{"init"}, excerpt{only: []string{"successfully initialized", "Error"}}, 0,
		"Installed mfa-as-code/entramfa", "has been successfully initialized!")
	if err != nil {
		return err
	}
	lock, err := os.ReadFile(t.work.Path(sandbox.LockFile))
	if err != nil {
		return got.Deviates("%s", err)
	}
	if address := `provider "` + t.cli.Host + `/mfa-as-code/entramfa"`; !strings.Contains(string(lock), address) {
		return got.Deviates("%s does not hold %s", sandbox.LockFile, address)
	}
	return nil
}

func (t *tour) planAndApply(ctx context.Context) error {
	t.screen.say("The plan asks the tenant already: a user who does not exist, a missing permission or a move that is not allowed is an error now, " +
		"not halfway through the apply. The effective_state is the state that the service chooses after enabled, so it is not known yet. " +
		"Names are next to the ids, and the number of trusted addresses is next to the ranges and in a warning.")
	want := map[string]change{officeAddress: {
		actions: tfjson.Actions{tfjson.ActionCreate},
		after: map[string]any{
			"display_name": officeName, "address_count_ipv4": 256.0, "network_count_ipv6": 65536.0, "trusted": true,
			"range_sizes": map[string]any{"198.51.100.0/24": "256 IPv4 addresses", "2001:db8:b0::/48": "65,536 IPv6 /64 networks"},
		},
		unknown: []string{"id"},
	}}
	for address, upn := range map[string]string{adeleAddress: adele, alexAddress: alex} {
		user, err := findUser(t.before, upn)
		if err != nil {
			return err
		}
		want[address] = change{
			actions: tfjson.Actions{tfjson.ActionCreate},
			after: map[string]any{
				"state": "enabled", "name": user.DisplayName + " (" + upn + ")", "user_id": user.ID, "user_principal_name": upn,
			},
			unknown: []string{"effective_state"},
		}
	}
	part := excerpt{from: "# " + adeleAddress, through: "newly trusted: ", without: []string{"# " + alexAddress, whereItStands}}
	err := t.planned(ctx, planFile, nil, part, 0, want, "Plan: 3 to add, 0 to change, 0 to destroy.",
		`Warning: "Branch office" newly trusts 256 IPv4 addresses and 65,536 IPv6 /64 networks`)
	if err != nil {
		return err
	}
	return t.apply(ctx)
}

// appliedState is the state file before the registration policy: the office, and both users wanted at enabled. Adele has this effective state, and
// Alex is enforced.
func appliedState(adeleState string) map[string]map[string]any {
	return map[string]map[string]any{
		adeleAddress:  {"user_principal_name": adele, "state": "enabled", "effective_state": adeleState},
		alexAddress:   {"user_principal_name": alex, "state": "enabled", "effective_state": "enforced"},
		officeAddress: {"display_name": officeName, "trusted": true, "address_count_ipv4": 256.0},
	}
}

func (t *tour) apply(ctx context.Context) error {
	t.writes += 3
	t.want.states = map[string]string{adele: "enabled", alex: "enforced"}
	t.want.locations = map[string][]string{officeName: officeRanges}
	now, err := t.applied(ctx, planFile, "3 added, 0 changed, 0 destroyed", appliedState("enabled"))
	if err != nil {
		return err
	}
	t.screen.say("In the tenant, Adele will now be asked to register a method at her next sign-in. Alex has one already, so the service has " +
		"moved him on to enforced at once:")
	return t.showUsers(now, adele, alex)
}

func (t *tour) nothingToDo(ctx context.Context) error {
	t.screen.say("Somebody writes the same ranges in another order and spelling. Adele sets up Microsoft Authenticator at her next sign-in, and the " +
		"service promotes her, too. Enforced satisfies enabled, so neither is a difference. " +
		"-detailed-exitcode is for a scheduled job that looks for drift: 0 means no drift, 2 drift, 1 an error.")
	if err := t.show(officeConfig, officeRespelled); err != nil {
		return err
	}
	if _, err := t.emulator.Tenant.RegisterMethod(ctx, adele, control.Method{Type: control.MethodMicrosoftAuthenticator}); err != nil {
		return err
	}
	t.want.states = map[string]string{adele: "enforced", alex: "enforced"}
	t.want.registered = map[string]int{adele: 1}
	now, err := t.emulator.Tenant.Snapshot(ctx)
	if err != nil {
		return err
	}
	if err := checkTenant(t.before, now, t.want); err != nil {
		return err
	}
	t.screen.event("Adele registers; the service sets enforced (played by the emulator's control API)")
	got, err := t.run(ctx, []string{"plan", "-detailed-exitcode"}, excerpt{through: "No changes."}, 0,
		"No changes. Your infrastructure matches the configuration.")
	if err != nil {
		return err
	}
	_, err = t.check(ctx, got)
	return err
}

func (t *tour) drift(ctx context.Context) error {
	t.screen.say("Somebody disables Adele in the portal. The next plan reports it and exits with 2.")
	stored, err := t.emulator.Tenant.SetPerUserMFAState(ctx, adele, control.StateDisabled)
	if err != nil {
		return err
	}
	if stored != control.StateDisabled {
		return fmt.Errorf("the tenant has %s at %q after an admin has disabled her", adele, stored)
	}
	t.want.states[adele] = "disabled"
	t.screen.event("an admin sets Adele to disabled (played by the emulator's control API)")
	err = t.planned(ctx, repairFile, []string{"-detailed-exitcode"}, excerpt{from: "# " + adeleAddress, through: "Plan:"}, 2,
		map[string]change{adeleAddress: {
			actions: tfjson.Actions{tfjson.ActionUpdate},
			before:  map[string]any{"state": "disabled", "effective_state": "disabled"},
			after:   map[string]any{"state": "enabled", "user_principal_name": adele},
		}},
		adeleAddress+" will be updated in-place", `name = "Adele Vance (`+adele+`)"`, `state = "disabled" -> "enabled"`, "Plan: 0 to add, 1 to change, 0 to destroy.")
	if err != nil {
		return err
	}
	t.screen.say("Applying that plan sets her to enabled again. Her method is still registered, so the service promotes her at once.")
	t.writes++
	t.want.states[adele] = "enforced"
	_, err = t.applied(ctx, repairFile, "0 added, 1 changed, 0 destroyed", appliedState("enforced"))
	return err
}

func (t *tour) widen(ctx context.Context) error {
	t.screen.say("/17 instead of /24 is easy to write, easy to overlook in a review, and valid. The plan shows it as a number in the diff and in a warning.")
	if _, err := t.work.configure(officeConfig, officeTypo); err != nil {
		return err
	}
	t.screen.event("somebody writes 198.51.100.0/17 into " + officeConfig)
	err := t.planned(ctx, typoFile, nil, excerpt{from: "# " + officeAddress, through: "newly trusted: ", without: []string{whereItStands}}, 0,
		map[string]change{officeAddress: {
			actions: tfjson.Actions{tfjson.ActionUpdate},
			before:  map[string]any{"address_count_ipv4": 256.0},
			after:   map[string]any{"address_count_ipv4": 32768.0, "network_count_ipv6": 65536.0},
		}},
		"address_count_ipv4 = 256 -> 32768", `+ "198.51.0.0/17" = "32,768 IPv4 addresses"`, `Warning: "Branch office" newly trusts 32,512 IPv4 addresses`, "newly trusted: 198.51.0.0/17")
	if err != nil {
		return err
	}
	// Nobody applies that.
	_, err = t.work.configure(officeConfig)
	return err
}

func (t *tour) refuseUsers(ctx context.Context) error {
	t.screen.say("Miriam has registered nothing: enforced would break her apps before she has had a chance to. And the provider block names the accounts " +
		"that have to work when MFA does not. No resource may ask them, by mistake or by for_each.")
	if err := t.show(mistakesConfig); err != nil {
		return err
	}
	err := t.refuse(ctx, excerpt{from: "Error: ", without: []string{whereItStands}},
		"Error: The per-user MFA state of "+miriam+" cannot move from disabled to enforced",
		"A direct move from disabled to enforced is refused", `Set the state to "enabled"`,
		"Error: Emergency access account "+breakGlass+" would need MFA", "one of the emergency access accounts", "Break glass 1 ("+breakGlass+")", "emergency_access.group_ids")
	if err != nil {
		return err
	}
	return t.work.Remove(mistakesConfig)
}

func (t *tour) refusePolicy(ctx context.Context) error {
	t.screen.say("The registration policy says who is asked to set up a method when they sign in. All users would include the emergency access accounts. " +
		"The plan names them and the line to add:")
	if err := t.show(policyConfig, policyCareless); err != nil {
		return err
	}
	return t.refuse(ctx, excerpt{from: "Error: "},
		"Error: Emergency access accounts would be asked to register", breakGlass, "break.glass.2@contoso.example",
		`exclude = { group_ids = ["`+breakGlassGroup+`"] }`)
}

func (t *tour) adopt(ctx context.Context) error {
	t.screen.say("Every tenant has one campaign. The resource takes it over and remembers it. The plan shows by name who will be asked, which campaign it " +
		"remembers, and what changes.")
	if _, err := t.work.configure(policyConfig); err != nil {
		return err
	}
	t.screen.event("the line is added to " + policyConfig)
	err := t.planned(ctx, policyFile, nil, excerpt{from: "# " + policyAddress, through: "excludes: nobody -> ", without: []string{whereItStands}}, 0,
		map[string]change{policyAddress: {
			actions: tfjson.Actions{tfjson.ActionCreate},
			after: map[string]any{
				"state": "enabled", "snooze_days": 3.0, "asked": "all users, except group break-glass accounts",
				"target_names": map[string]any{breakGlassGroup: "group break-glass accounts"},
			},
			unknown: []string{"authentication_method", "require_registration_after_snoozes"},
		}},
		"Plan: 1 to add, 0 to change, 0 to destroy.", "Warning: The tenant's registration campaign is taken over", "destroying this resource gives it back",
		"state: microsoft_managed", "includes: all users", "excludes: nobody", "The apply changes of it:", "state: microsoft_managed -> enabled",
		"asks again: up to Microsoft -> after 3 days", "excludes: nobody -> group break-glass accounts")
	if err != nil {
		return err
	}
	t.writes++
	t.want.campaign = &control.RegistrationCampaign{
		State: control.ConfigEnabled, SnoozeDurationInDays: new(3), EnforceRegistrationAfterAllowedSnoozes: new(true),
		IncludeTargets: []control.CampaignIncludeTarget{{
			ID: control.AllUsers, TargetType: control.TargetGroup, TargetedAuthenticationMethod: control.CampaignMicrosoftAuthenticator,
		}},
		ExcludeTargets: []control.PolicyTarget{{ID: breakGlassGroup, TargetType: control.TargetGroup}},
	}
	states := appliedState("enforced")
	states[policyAddress] = map[string]any{
		"state": "enabled", "snooze_days": 3.0, "authentication_method": "microsoftAuthenticator", "require_registration_after_snoozes": true,
	}
	now, err := t.applied(ctx, policyFile, "1 added, 0 changed, 0 destroyed", states)
	if err != nil {
		return err
	}
	t.screen.table([][]string{campaignRow(now)})
	return nil
}

func (t *tour) refuseAccess(ctx context.Context) error {
	t.screen.say("Conditional Access can require MFA of everybody for every app. A policy like this one also applies to the emergency access accounts. Should MFA ever fail, " +
		"nobody could sign in to switch it off. The plan refuses it, says why each account is included, and has the line to add:")
	if err := t.show(accessConfig, accessCareless); err != nil {
		return err
	}
	return t.refuse(ctx, excerpt{from: "Error: ", without: []string{whereItStands}},
		`Error: Emergency access accounts would be caught by "`+accessName+`"`, "The policy applies to 2 emergency access accounts", breakGlass, "break.glass.2@contoso.example",
		`included by conditions.users.included_users = ["All"]`, `excluded_groups = ["`+breakGlassGroup+`"]`, "allow_emergency_access = true")
}

func (t *tour) reportOnly(ctx context.Context) error {
	t.screen.say("The line is added, and the policy begins in report-only: Microsoft Entra logs what it would do at each sign-in, and asks nobody for anything. " +
		"The plan has no warning, because nothing changes for anybody yet.")
	if err := t.show(accessConfig); err != nil {
		return err
	}
	err := t.planned(ctx, accessFile, nil, excerpt{from: "# " + accessAddress, through: "Plan:"}, 0,
		map[string]change{accessAddress: {
			actions: tfjson.Actions{tfjson.ActionCreate},
			after: map[string]any{
				"display_name": accessName, "state": control.PolicyReportOnly, "allow_emergency_access": false,
				"reference_names": map[string]any{breakGlassGroup: "group break-glass accounts"},
			},
			unknown: []string{"id"},
		}},
		"Plan: 1 to add, 0 to change, 0 to destroy.", `= "group break-glass accounts"`)
	if err != nil {
		return err
	}
	t.writes++
	t.want.policies = map[string]string{accessName: control.PolicyReportOnly}
	states := appliedState("enforced")
	states[policyAddress] = map[string]any{"state": "enabled"}
	states[accessAddress] = map[string]any{"display_name": accessName, "state": control.PolicyReportOnly, "on_destroy": "delete"}
	_, err = t.applied(ctx, accessFile, "1 added, 0 changed, 0 destroyed", states)
	return err
}

func (t *tour) destroy(ctx context.Context) error {
	t.screen.say("The plan of a destroy warns of what people lose: two users their per-user MFA (on_destroy = \"keep\" would keep it; %s shows one "+
		"of the two warnings, and the plan names both users), and the office its trust, with the policies that depend on it. It also says which campaign is restored.",
		t.cli.Brand)
	deletion := change{actions: tfjson.Actions{tfjson.ActionDelete}, before: map[string]any{"effective_state": "enforced"}}
	err := t.planned(ctx, destroyFile, []string{"-destroy"}, excerpt{
		from: "Plan:", through: "excludes:", without: []string{whereItStands},
	}, 0,
		map[string]change{
			adeleAddress: deletion, alexAddress: deletion,
			officeAddress: {actions: tfjson.Actions{tfjson.ActionDelete}, before: map[string]any{"display_name": officeName}},
			policyAddress: {actions: tfjson.Actions{tfjson.ActionDelete}, before: map[string]any{"state": "enabled"}},
			accessAddress: {actions: tfjson.Actions{tfjson.ActionDelete}, before: map[string]any{"state": control.PolicyReportOnly}},
		},
		"Plan: 0 to add, 0 to change, 5 to destroy.",
		`name = "Adele Vance (`+adele+`)" -> null`, `name = "Alex Wilber (`+alex+`)" -> null`,
		"Warning: Per-user MFA stops applying to a user", "Adele Vance ("+adele+"), object id ", "(and one more similar warning elsewhere)",
		`Warning: Sign-ins from "Branch office" stop being trusted`, `"MFA for everybody outside trusted locations" (enabled`,
		"Warning: Destroying the registration policy gives back the campaign from before", "state: microsoft_managed", "Excluded in addition")
	if err != nil {
		return err
	}

	// The location takes two: one takes the trust from it, one deletes it.
	t.writes += 6
	t.want = expectation{
		states: map[string]string{adele: "disabled", alex: "disabled"}, registered: map[string]int{adele: 1}, binned: []string{officeName}, binnedPolicies: []string{accessName},
	}
	// Given back, and with the emergency access accounts left out of it.
	given := *campaignOf(t.before)
	given.ExcludeTargets = append(slices.Clone(given.ExcludeTargets), control.PolicyTarget{ID: breakGlassGroup, TargetType: control.TargetGroup})
	t.want.campaign = &given
	now, err := t.applied(ctx, destroyFile, "0 added, 0 changed, 5 destroyed", nil)
	if err != nil {
		return err
	}
	t.screen.say("The tenant is as before, except for three things: Adele keeps her registered method, the location and the policy are in the recycle bin, and the campaign excludes the emergency access accounts. The other %d users, "+
		"the groups, the other locations and the other policies were never changed. The whole tour has sent %d requests that change something: one for "+
		"each planned change, and one more to remove the trust from the location, because the service deletes no trusted location.",
		len(now.Users)-2, t.writes)
	rows, err := userRows(now, adele, alex)
	if err != nil {
		return err
	}
	t.screen.table(append(rows, campaignRow(now)))
	return nil
}

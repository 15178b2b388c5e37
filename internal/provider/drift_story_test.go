package provider_test

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/acctest"
)

// driftStory is a team that manages a tenant with an app that may write, and a job that looks for drift once a day with one
// that may only read.
type driftStory struct {
	*acctest.Tenant
	team, job *acctest.Workspace
	// ahead is how far the tenant's clock is ahead of this machine's: the days that have passed. On each of them the tokens of
	// the day before have ended, and every replica knows what was written then.
	ahead atomic.Int64
}

// Exit codes of `plan -detailed-exitcode`.
const (
	noDrift   = 0
	noVerdict = 1
	drift     = 2
)

// driftDay is what happens in the tenant until the job runs, and what the job says of it.
type driftDay struct {
	what    string
	happens []func()
	code    int
	// says is in what the job prints, in that order.
	says []string
	// notYet says that nobody repairs the drift on this day.
	notYet bool
	// over is done before the repair, or before the next day.
	over []func()
}

// newDriftStory takes a configuration to the tenant.
func newDriftStory(t *testing.T, people *control.Tenant, config string) *driftStory {
	t.Helper()
	s := &driftStory{}
	s.Tenant = acctest.StartEmulator(t, people, func() time.Time { return time.Now().Add(time.Duration(s.ahead.Load())) })

	s.team = s.Workspace(t, map[string]string{"main.tf": config}, acctest.AppEnvironment()...)
	job := *s.team
	job.Env = append(slices.Clone(s.team.Env), "ARM_CLIENT_ID="+acctest.PlanAppID, "ARM_CLIENT_SECRET="+acctest.PlanSecret)
	s.job = &job
	s.team.Apply()
	return s
}

// runs is the job, once. Whatever it finds, it changes nothing: neither the tenant nor the state.
func (s *driftStory) runs(code int) string {
	s.T.Helper()
	tenantBefore, stateBefore := s.Picture(), s.stateFile()
	output := s.job.Expect(code, "plan", "-detailed-exitcode", "-lock=false", "-input=false")
	s.IsAsBefore(tenantBefore)
	if s.stateFile() != stateBefore {
		s.T.Error("the job has changed the state")
	}
	if code == noDrift {
		s.job.Sees(output, "No changes.")
	}
	return output
}

func (s *driftStory) stateFile() string {
	s.T.Helper()
	content, err := os.ReadFile(filepath.Join(s.job.Dir, "terraform.tfstate"))
	if err != nil {
		s.T.Fatal(err)
	}
	return string(content)
}

// settings is what the tenant has, however it is spelled, and whatever the ids, dates and places in a list of its locations are,
// without what is Microsoft's to decide.
func (s *driftStory) settings() *control.Tenant {
	s.T.Helper()
	now := s.Picture()
	for i := range now.NamedLocations {
		location := &now.NamedLocations[i]
		location.ID, location.CreatedDateTime, location.ModifiedDateTime = "", nil, nil
		for j := range location.IPRanges {
			location.IPRanges[j].CIDRAddress = netip.MustParsePrefix(location.IPRanges[j].CIDRAddress).Masked().String()
		}
		slices.SortFunc(location.IPRanges, func(a, b control.IPRange) int { return strings.Compare(a.CIDRAddress, b.CIDRAddress) })
	}
	campaign := now.AuthenticationMethodsPolicy.Campaign()
	microsofts := campaign.State == control.ConfigDefault
	if microsofts {
		campaign.SnoozeDurationInDays, campaign.EnforceRegistrationAfterAllowedSnoozes = nil, nil
	}
	for i := range campaign.IncludeTargets {
		target := &campaign.IncludeTargets[i]
		target.ID, target.TargetedAuthenticationMethod = strings.ToLower(target.ID), strings.ToLower(target.TargetedAuthenticationMethod)
		if microsofts {
			target.TargetedAuthenticationMethod = ""
		}
	}
	slices.SortFunc(now.NamedLocations, func(a, b control.NamedLocation) int { return strings.Compare(a.DisplayName, b.DisplayName) })
	return now
}

// repaired is what the team does about drift: an apply, after which the tenant is what it was, and the next day is quiet.
func (s *driftStory) repaired(before *control.Tenant) {
	s.T.Helper()
	s.team.Apply()
	if difference := cmp.Diff(before, s.settings()); difference != "" {
		s.T.Errorf("the apply does not bring back what there was before (-):\n%s", difference)
	}
	s.passes()
	s.quiet()
}

// quiet is the job on a day on which there is nothing to say, not even a warning.
func (s *driftStory) quiet() {
	s.T.Helper()
	if output := s.runs(noDrift); strings.Contains(output, "Warning:") {
		s.T.Errorf("the job warns on a day without drift:\n%s", output)
	}
}

func (s *driftStory) passes() { s.ahead.Add(int64(24 * time.Hour)) }

// lives plays the days one after the other.
func (s *driftStory) lives(days []driftDay) {
	s.T.Helper()
	t := s.T
	defer func() { s.T, s.team.T, s.job.T = t, t, t }()
	for i, day := range days {
		ok := t.Run(fmt.Sprintf("day %02d, %s", i+1, day.what), func(t *testing.T) {
			s.T, s.team.T, s.job.T = t, t, t
			before := s.settings()
			s.passes()
			for _, happens := range day.happens {
				happens()
			}
			if day.code == noDrift {
				s.quiet()
			} else {
				s.job.Sees(s.runs(day.code), append([]string{""}, day.says...)...)
			}
			for _, over := range day.over {
				over()
			}
			if day.code == drift && !day.notYet {
				s.repaired(before)
			}
		})
		if !ok {
			t.Fatalf("the days after %q would begin with what is wrong there", day.what)
		}
	}
}

// The parts of a story.

func (s *driftStory) patchUser(user string, changes control.UserPatch) func() {
	return s.Do(func(ctx context.Context) error {
		_, err := s.PatchUser(ctx, user, changes)
		return err
	})
}

// trusts replaces the ranges of a location.
func (s *driftStory) trusts(name string, ranges ...string) func() {
	location := control.NewIPNamedLocation(name, true, ranges...)
	return s.Patched(name, control.NamedLocationPatch{IPRanges: &location.IPRanges})
}

// leaves deletes a user, and returns comes, which restores them with the id and the state they had.
func (s *driftStory) leaves(user string) (leaves, comes func()) {
	var was *control.User
	leaves = s.Do(func(ctx context.Context) (err error) {
		if was, err = s.GetUser(ctx, user); err != nil {
			return err
		}
		return s.DeleteUser(ctx, user)
	})
	comes = s.Do(func(ctx context.Context) error {
		_, err := s.CreateUser(ctx, *was)
		return err
	})
	return leaves, comes
}

// app changes the app of the job.
func (s *driftStory) app(changes control.AppPatch) func() {
	return s.Do(func(ctx context.Context) error {
		_, err := s.PatchApp(ctx, acctest.PlanAppID, changes)
		return err
	})
}

func (s *driftStory) behaves(behavior control.Behavior) func() {
	return s.Do(func(ctx context.Context) error { return s.SetBehavior(ctx, behavior) })
}

// healthy takes away all faults, each of which has to have hit a request, and every behaviour.
func (s *driftStory) healthy() func() {
	return s.Do(func(ctx context.Context) error {
		faults, err := s.ListFaults(ctx)
		if err != nil {
			return err
		}
		for _, fault := range faults {
			if fault.Applied == 0 {
				return fmt.Errorf("%s hit nothing, so that it means nothing what the job says: %+v", fault.ID, fault.Fault)
			}
		}
		return errors.Join(s.ClearFaults(ctx), s.SetBehavior(ctx, control.Behavior{}))
	})
}

// throttled fails unless requests were refused since the log was cleared.
func (s *driftStory) throttled() func() {
	return s.Do(func(ctx context.Context) error {
		counters, err := s.Counters(ctx)
		if err == nil && len(counters.ThrottledRequests)+len(counters.ThrottledItems) == 0 {
			err = errors.New("no request was throttled")
		}
		return err
	})
}

// certainly fails unless a user really has a state: where the job is to be quiet, there has to be something to be quiet about.
func (s *driftStory) certainly(user, state string) func() {
	return s.Do(func(context.Context) error { return s.StateIs(user, state) })
}

const offices, depotName = "Offices", "Depot"

// driftTenant is a tenant in use.
func driftTenant() *control.Tenant {
	people := acctest.LocationTenant()
	people.Groups = acctest.CampaignTenant().Groups
	return people
}

// driftConfiguration is what a team has written for it. policy is the registration policy.
func driftConfiguration(policy string) string {
	return acctest.Block(fmt.Sprintf("emergency_access = { user_principal_names = [%q], group_ids = [%q] }", acctest.RescueUPN, acctest.RescueGroupID)) + fmt.Sprintf(`
resource "entramfa_user_mfa_state" "desk" {
  for_each = toset([%[1]q, %[2]q])

  user_principal_name = each.key
  state               = "enabled"
}

resource "entramfa_user_mfa_state" "finance" {
  user_id         = %[3]q
  state           = "enforced"
  allow_promotion = true
}

resource "entramfa_user_mfa_states" "staff" {
  users = {
    %[4]q = "enabled"
    %[5]q = "enabled"
    %[6]q = "enabled"
    %[7]q = "disabled"
  }
}

resource "entramfa_trusted_ips" "offices" {
  display_name = "Offices"
  ip_ranges    = ["203.0.113.0/25", "198.51.100.128/26", "2001:db8:a:100::/56"]
}

# There before Terraform was.
import {
  to = entramfa_trusted_ips.depot
  id = %[8]q
}

resource "entramfa_trusted_ips" "depot" {
  display_name = "Depot"
  ip_ranges    = ["192.0.2.0/28"]
}
`, acctest.AdeleUPN, acctest.ObrienUPN, acctest.DiegoID, acctest.AlexUPN, acctest.MeganUPN, acctest.GuestID, acctest.DollarUPN, acctest.DepotID) + policy
}

// configurationWithout is a configuration without some of its text.
func configurationWithout(t *testing.T, config string, texts ...string) string {
	t.Helper()
	for _, text := range texts {
		if strings.Count(config, text) != 1 {
			t.Fatalf("%q does not stand once in the configuration", text)
		}
		config = strings.Replace(config, text, "", 1)
	}
	return config
}

// ourCampaign says everything of the campaign that can be said.
func ourCampaign() string {
	return acctest.Registration(
		`state = "enabled"`, fmt.Sprintf("include = { group_ids = [%q] }", acctest.StaffID), fmt.Sprintf("exclude = { group_ids = [%q] }", acctest.RescueGroupID),
		`authentication_method = "microsoftAuthenticator"`, "snooze_days = 3", "require_registration_after_snoozes = true",
	)
}

// TestAYearOfADriftJobThroughTheRealCLI is the promise to a scheduled job: exit code 2 for what somebody has changed, 1 for what keeps it from a
// verdict, and 0 for everything that the service does by itself, with not one false alarm.
func TestAYearOfADriftJobThroughTheRealCLI(t *testing.T) {
	t.Parallel()
	config := driftConfiguration(ourCampaign())
	s := newDriftStory(t, driftTenant(), config)
	const one = "Plan: 0 to add, 1 to change, 0 to destroy."
	adeleLeaves, adeleComes := s.leaves(acctest.AdeleID)
	meganLeaves, meganComes := s.leaves(acctest.MeganID)
	diegoLeaves, diegoComes := s.leaves(acctest.DiegoID)
	off := false
	s.lives([]driftDay{
		{what: "nothing happens"},
		{
			what: "people register, and the service promotes them",
			happens: []func(){
				s.certainly(acctest.AdeleID, "enabled"), s.certainly(acctest.GuestID, "enabled"),
				s.Register(acctest.AdeleID, control.MethodMicrosoftAuthenticator), s.Register(acctest.GuestID, control.MethodFIDO2),
				s.certainly(acctest.AdeleID, "enforced"), s.certainly(acctest.GuestID, "enforced"),
			},
		},
		{
			what: "the rest of the tenant lives",
			happens: []func(){
				s.SetState(acctest.Rescue2ID, "enabled"), s.SetState(acctest.Rescue2ID, "disabled"),
				s.patchUser(acctest.AdeleID, control.UserPatch{DisplayName: new("Adele Smith"), Mail: new("adele@contoso.example")}),
				s.Register(acctest.DiegoID, control.MethodFIDO2),
				s.Do(func(ctx context.Context) error {
					_, user := s.CreateUser(ctx, control.User{UserPrincipalName: "new.hire@contoso.example", PerUserMFAState: control.StateEnabled})
					_, location := s.CreateNamedLocation(ctx, control.NewIPNamedLocation("Made in the portal", true, "203.0.113.0/26"))
					_, group := s.PatchGroup(ctx, acctest.ManagersID, control.GroupPatch{Members: &[]string{acctest.MeganID, acctest.DiegoID}})
					_, policy := s.PatchAuthenticationMethodsPolicy(ctx, map[string]any{"reconfirmationInDays": 90})
					return errors.Join(user, location, group, policy)
				}),
			},
		},
		{
			what:    "an administrator disables one",
			happens: []func(){s.SetState(acctest.ObrienID, "disabled")},
			code:    drift,
			says: []string{
				`entramfa_user_mfa_state.desk["` + acctest.ObrienUPN + `"] will be updated in-place`, `~ state = "disabled" -> "enabled"`, one,
			},
		},
		{
			what:    "an administrator disables one who has registered",
			happens: []func(){s.SetState(acctest.AdeleID, "disabled"), s.SetState(acctest.DiegoID, "disabled")},
			code:    drift,
			says: []string{
				`entramfa_user_mfa_state.desk["` + acctest.AdeleUPN + `"] will be updated in-place`, `~ state = "disabled" -> "enabled"`,
				`entramfa_user_mfa_state.finance will be updated in-place`, `~ state = "disabled" -> "enforced"`,
				"Plan: 0 to add, 2 to change, 0 to destroy.",
			},
		},
		{
			what:    "an administrator changes two of the map",
			happens: []func(){s.SetState(acctest.MeganID, "disabled"), s.SetState(acctest.DollarID, "enabled")},
			code:    drift,
			says: []string{
				"entramfa_user_mfa_states.staff will be updated in-place", `~ "` + acctest.DollarUPN + `" = "enabled" -> "disabled"`,
				`~ "` + acctest.MeganUPN + `" = "disabled" -> "enabled"`, one, "Per-user MFA stops applying to", acctest.DollarUPN,
			},
		},
		{
			what:    "the weekend: somebody disables one on Saturday",
			happens: []func(){s.SetState(acctest.MeganID, "disabled"), s.PatchCampaign(`{"state":"disabled"}`)},
			code:    drift,
			says:    []string{acctest.PolicyAddress, acctest.MeganUPN, "Plan: 0 to add, 2 to change, 0 to destroy."},
			notYet:  true,
		},
		{
			what:    "the weekend: and takes it back on Sunday",
			happens: []func(){s.SetState(acctest.MeganID, "enabled"), s.PatchCampaign(`{"state":"enabled"}`)},
		},
		{
			what: "Microsoft takes the campaign over",
			happens: []func(){s.PatchCampaign(`{"state":"default","snoozeDurationInDays":1,"enforceRegistrationAfterAllowedSnoozes":false,` +
				`"includeTargets":[{"id":"` + acctest.StaffID + `","targetType":"group","targetedAuthenticationMethod":"fido2"}]}`)},
			code: drift,
			says: []string{
				acctest.PolicyAddress + " will be updated in-place", `~ authentication_method = "fido2" -> "microsoftAuthenticator"`,
				"~ require_registration_after_snoozes = false -> true", "~ snooze_days = 1 -> 3", `~ state = "microsoft_managed" -> "enabled"`, one,
			},
		},
		{
			what: "the service spells the campaign otherwise",
			happens: []func(){s.PatchCampaign(`{"includeTargets":[{"id":"` + strings.ToUpper(acctest.StaffID) +
				`","targetType":"group","targetedAuthenticationMethod":"MicrosoftAuthenticator"}]}`)},
		},
		{
			what:    "somebody takes the exclusion of the emergency access accounts away",
			happens: []func(){s.PatchCampaign(`{"excludeTargets":[]}`)},
			code:    drift,
			says:    []string{acctest.PolicyAddress + " will be updated in-place", "exclude", "+ group_ids", acctest.RescueGroupID, one},
		},
		{
			what:    "somebody widens a range",
			happens: []func(){s.trusts(offices, "203.0.113.0/25", "198.51.0.0/16", "2001:db8:a:100::/56")},
			code:    drift,
			says: []string{
				"entramfa_trusted_ips.offices will be updated in-place", "~ address_count_ipv4 = 65664 -> 192", "198.51.0.0/16", one,
			},
		},
		{
			what:    "somebody adds a range",
			happens: []func(){s.trusts(offices, "203.0.113.0/25", "198.51.100.128/26", "2001:db8:a:100::/56", "192.0.2.128/25")},
			code:    drift,
			says:    []string{"entramfa_trusted_ips.offices will be updated in-place", "~ address_count_ipv4 = 320 -> 192", `- "192.0.2.128/25"`, one},
		},
		{
			what:    "somebody removes a range",
			happens: []func(){s.trusts(offices, "203.0.113.0/25", "198.51.100.128/26")},
			code:    drift,
			says: []string{
				"entramfa_trusted_ips.offices will be updated in-place", `+ "2001:db8:a:100::/56"`, "~ network_count_ipv6 = 0 -> 256", one,
			},
		},
		{
			what:    "somebody takes the trust away, and renames the location",
			happens: []func(){s.Patched(offices, control.NamedLocationPatch{IsTrusted: &off, DisplayName: new("Offices (old)")})},
			code:    drift,
			says: []string{
				"entramfa_trusted_ips.offices will be updated in-place", `~ display_name = "Offices (old)" -> "Offices"`, "~ trusted = false -> true", one,
			},
		},
		{
			what:    "the ranges are spelled otherwise, in another order",
			happens: []func(){s.trusts(offices, "2001:0DB8:000A:0100:0:0:0:1/56", "198.51.100.130/26", "203.0.113.127/25")},
		},
		{
			what:    "somebody deletes a location",
			happens: []func(){s.Removed(depotName)},
			code:    drift,
			says:    []string{"entramfa_trusted_ips.depot will be created", "+ address_count_ipv4 = 16", "Plan: 1 to add, 0 to change, 0 to destroy."},
		},
		{
			what: "people are renamed",
			happens: []func(){
				s.patchUser(acctest.MeganID, control.UserPatch{UserPrincipalName: new("megan.smith@contoso.example")}),
				s.patchUser(acctest.DiegoID, control.UserPatch{UserPrincipalName: new("diego.smith@contoso.example")}),
			},
		},
		{
			what:    "one is renamed whom a resource of one user names by name",
			happens: []func(){s.patchUser(acctest.AdeleID, control.UserPatch{UserPrincipalName: new("adele.smith@contoso.example")})},
			code:    noVerdict,
			says:    []string{`User "` + acctest.AdeleUPN + `" not found`, `is now called "adele.smith@contoso.example"`, "write the new name"},
			over:    []func(){s.patchUser(acctest.AdeleID, control.UserPatch{UserPrincipalName: new(acctest.AdeleUPN)})},
		},
		{
			what:    "one of the single users leaves, and somebody is disabled",
			happens: []func(){adeleLeaves, s.SetState(acctest.ObrienID, "disabled")},
			code:    noVerdict,
			says: []string{
				`entramfa_user_mfa_state.desk["` + acctest.ObrienUPN + `"] will be updated in-place`, `~ state = "disabled" -> "enabled"`,
				`User "` + acctest.AdeleUPN + `" not found`, "If the user has left, remove the resource from the configuration; nothing else is needed.",
			},
			over: []func(){adeleComes, s.SetState(acctest.ObrienID, "enabled")},
		},
		{
			what:    "one leaves who is named by id",
			happens: []func(){diegoLeaves},
			code:    noVerdict,
			says:    []string{`User "` + acctest.DiegoID + `" not found`, "If the user has left, remove the resource from the configuration"},
			over:    []func(){diegoComes},
		},
		{
			what:    "one of the map leaves, and another one is disabled",
			happens: []func(){meganLeaves, s.SetState(acctest.AlexID, "disabled")},
			code:    noVerdict,
			says: []string{
				`User "` + acctest.MeganUPN + `" not found`, "Remove users who have left from users; nothing else is needed.",
				"the plan shows no other change of this resource", acctest.AlexUPN + ", disabled instead of enabled",
			},
			over: []func(){meganComes, s.SetState(acctest.AlexID, "enabled")},
		},
		{what: "all are back"},
		{
			what: "two leave, and the team has taken them out of the configuration",
			happens: []func(){adeleLeaves, meganLeaves, func() {
				s.team.Write("main.tf", configurationWithout(t, config, fmt.Sprintf("%q, ", acctest.AdeleUPN), fmt.Sprintf("    %q = \"enabled\"\n", acctest.MeganUPN)))
			}},
			over: []func(){adeleComes, meganComes, func() { s.team.Write("main.tf", config) }},
		},
		{what: "they are restored, and stand in the configuration again"},
		{
			what:    "a group of the policy is deleted",
			happens: []func(){s.Do(func(ctx context.Context) error { return s.DeleteGroup(ctx, acctest.StaffID) })},
			code:    noVerdict,
			says:    []string{acctest.PolicyAddress, acctest.StaffID},
		},
	})
}

// Where Microsoft manages the campaign, what it changes is no drift, and what somebody else changes is.
func TestADriftJobWhereMicrosoftManagesTheCampaignThroughTheRealCLI(t *testing.T) {
	t.Parallel()
	s := newDriftStory(t, driftTenant(), driftConfiguration(acctest.Registration(
		`state = "microsoft_managed"`, "include = { all_users = true }", fmt.Sprintf("exclude = { user_ids = [%q], group_ids = [%q] }", acctest.RescueID, acctest.RescueGroupID),
	)))
	rewritten := func(snooze int, limit bool, method string) func() {
		return s.PatchCampaign(fmt.Sprintf(`{"state":"default","snoozeDurationInDays":%d,"enforceRegistrationAfterAllowedSnoozes":%t,`+
			`"includeTargets":[{"id":"all_users","targetType":"group","targetedAuthenticationMethod":%q}]}`, snooze, limit, method))
	}
	const one = "Plan: 0 to add, 1 to change, 0 to destroy."
	s.lives([]driftDay{
		{what: "nothing happens"},
		{what: "Microsoft changes the method, the snooze and the limit", happens: []func(){rewritten(0, false, "Fido2")}},
		{what: "and back", happens: []func(){rewritten(1, true, "microsoftAuthenticator")}},
		{what: "and the method alone, for good", happens: []func(){rewritten(1, true, "fido2")}},
		{
			what:    "somebody takes the campaign over",
			happens: []func(){s.PatchCampaign(`{"state":"enabled"}`)},
			code:    drift,
			says:    []string{acctest.PolicyAddress + " will be updated in-place", `~ state = "enabled" -> "microsoft_managed"`, one},
		},
		{
			what: "somebody narrows it to a group",
			happens: []func(){s.PatchCampaign(`{"includeTargets":[{"id":"` + acctest.StaffID +
				`","targetType":"group","targetedAuthenticationMethod":"fido2"}]}`)},
			code: drift,
			says: []string{acctest.PolicyAddress + " will be updated in-place", "include", "+ all_users = true", `- "` + acctest.StaffID + `"`, one},
		},
	})
}

// graphRequests are the requests to Graph, without those to sign in.
const graphRequests = `^/(beta|v1\.0)/`

// fails makes requests fail, of Graph unless the fault says which: as many as times says, or all of them for 0.
func (s *driftStory) fails(times int, fault control.Fault) func() {
	fault.Times = &times
	if fault.PathRegexp == "" {
		fault.PathRegexp = graphRequests
	}
	return s.Fault(fault)
}

func retryAfter(seconds string) map[string]string { return map[string]string{"Retry-After": seconds} }

// changesThings is drift in everything that there is.
func (s *driftStory) changesThings() []func() {
	return []func(){
		s.SetState(acctest.ObrienID, "disabled"), s.SetState(acctest.MeganID, "disabled"), s.trusts(offices, "203.0.113.0/25"), s.PatchCampaign(`{"snoozeDurationInDays":14}`),
	}
}

const changedThings = "Plan: 0 to add, 4 to change, 0 to destroy."

// A service that is unwell makes the job slower, and says nothing about drift: where it gets well in time, the code is what it
// would have been.
func TestADriftJobOfAServiceThatIsUnwellThroughTheRealCLI(t *testing.T) {
	t.Parallel()
	s := newDriftStory(t, driftTenant(), driftConfiguration(ourCampaign()))
	limits := append(control.DocumentedThrottling(), control.Throttle{RequestsPerSecond: 10, Burst: 2, RetryAfter: "1"})
	const ofBatch = "/authentication/requirements$"
	troubles := []struct {
		what    string
		happens []func()
		over    []func()
	}{
		{"requests are throttled, with Retry-After", []func(){s.fails(3, control.Fault{Status: 429, Headers: retryAfter("1")})}, nil},
		{"requests are throttled, without Retry-After", []func(){s.fails(2, control.Fault{Status: 429})}, nil},
		{
			"the limits are exhausted",
			[]func(){s.Do(s.ClearRequests), s.behaves(control.Behavior{Throttle: limits})},
			[]func(){s.throttled()},
		},
		{"the service answers slowly", []func(){s.behaves(control.Behavior{LatencyMs: 500})}, nil},
		{
			"the service fails now and then",
			[]func(){
				s.fails(1, control.Fault{Status: 503, Headers: retryAfter("1")}), s.fails(1, control.Fault{Status: 502, Body: "<html>", ContentType: "text/html", After: 1}),
				s.fails(1, control.Fault{Status: 504, After: 2}), s.fails(1, control.Fault{Reset: control.ResetBefore, After: 3}),
				s.fails(1, control.Fault{Truncate: true, After: 4}),
			},
			nil,
		},
		{
			"single answers of a batch fail",
			[]func(){
				s.fails(3, control.Fault{Status: 429, PathRegexp: ofBatch, Headers: retryAfter("1")}), s.fails(2, control.Fault{Status: 503, PathRegexp: ofBatch}),
			},
			nil,
		},
		{"the sign-in fails now and then", []func(){s.fails(2, control.Fault{Status: 503, PathRegexp: `/oauth2/v2\.0/token$`})}, nil},
	}
	var quiet, drifted []driftDay
	for _, trouble := range troubles {
		over := slices.Concat(trouble.over, []func(){s.healthy()})
		quiet = append(quiet, driftDay{what: trouble.what, happens: trouble.happens, over: over})
		drifted = append(drifted, driftDay{
			what: trouble.what + ", after somebody has changed things", happens: trouble.happens,
			code: drift, says: []string{changedThings}, notYet: true, over: over,
		})
	}
	s.lives(slices.Concat(
		quiet,
		[]driftDay{{what: "somebody changes things", happens: s.changesThings(), code: drift, says: []string{changedThings}, notYet: true}},
		drifted,
		[]driftDay{
			{what: "somebody takes it all back", happens: []func(){
				s.SetState(acctest.ObrienID, "enabled"), s.SetState(acctest.MeganID, "enabled"), s.PatchCampaign(`{"snoozeDurationInDays":3}`),
				s.trusts(offices, "203.0.113.0/25", "198.51.100.128/26", "2001:db8:a:100::/56"),
			}},
			{
				what: "replicas differ after the repair",
				happens: append(s.changesThings(), s.behaves(control.Behavior{
					ReplicaLag: control.ReplicaLag{DurationMs: 60_000, Alternate: true, LagCreates: true, LagDeletes: true, LagChecks: true},
				})),
				code: drift, says: []string{changedThings},
				// The job right after the repair, among the replicas.
				over: []func(){func() { s.team.Apply() }, s.quiet, s.healthy()},
			},
		},
	))
}

// What keeps the job from a verdict is neither drift nor its absence.
func TestADriftJobThatCannotTellThroughTheRealCLI(t *testing.T) {
	t.Parallel()
	s := newDriftStory(t, driftTenant(), driftConfiguration(ourCampaign()))
	secret := func(secret control.Secret) func() { return s.app(control.AppPatch{Secrets: &[]control.Secret{secret}}) }
	permissions := func(list ...string) func() { return s.app(control.AppPatch{Permissions: &list}) }
	app, err := s.GetApp(t.Context(), acctest.PlanAppID)
	if err != nil {
		t.Fatal(err)
	}
	without := func(taken string) func() {
		return permissions(slices.DeleteFunc(slices.Clone(app.Permissions), func(permission string) bool { return permission == taken })...)
	}
	asBefore := []func(){secret(control.Secret{Value: acctest.PlanSecret}), permissions(app.Permissions...), s.healthy()}
	causes := []driftDay{
		{
			what:    "a proxy answers in Graph's place",
			happens: []func(){s.fails(0, control.Fault{Status: 403, Body: "<html>Please sign in</html>", ContentType: "text/html"})},
			says:    []string{"HTTP 403", "whether a proxy answers in Microsoft Graph's place"},
		},
		{
			what: "the service cannot do it today", happens: []func(){s.fails(0, control.Fault{Status: 501, Code: "notImplemented", Message: "Not today."})},
			says: []string{"HTTP 501", "Not today."},
		},
		{
			what: "the secret has expired", happens: []func(){secret(control.Secret{Value: acctest.PlanSecret, Expires: new(time.Now().Add(-24 * time.Hour))})},
			says: []string{"Unable to sign in to Microsoft Entra ID", "AADSTS7000222"},
		},
		{
			what: "somebody has replaced the secret", happens: []func(){secret(control.Secret{Value: "another"})},
			says: []string{"Unable to sign in to Microsoft Entra ID", "AADSTS7000215"},
		},
		{
			what: "the permission to read policies is taken away", happens: []func(){without("Policy.Read.All")},
			says: []string{"HTTP 403", "Policy.Read.All"},
		},
		{
			what: "the permission to read users is taken away", happens: []func(){without("User.Read.All")},
			says: []string{"HTTP 403", "User.Read.All"},
		},
	}
	var days []driftDay
	for _, changed := range []bool{false, true} {
		if changed {
			days = append(days, driftDay{what: "somebody changes things", happens: s.changesThings(), code: drift, says: []string{changedThings}, notYet: true})
		}
		for _, cause := range causes {
			cause.code, cause.over = noVerdict, asBefore
			days = append(days, cause)
		}
	}
	s.lives(append(days, driftDay{what: "all is well again, and the drift is still there", code: drift, says: []string{changedThings}, notYet: true}))
}

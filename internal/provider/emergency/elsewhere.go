package emergency

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/mfa"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/scope"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/diagnose"
)

// Bounds of the look at what asks the accounts of the guard outside of this configuration: one batch of users, and as many
// look-ups of memberships, of 20 groups each.
const (
	accountsLookedAt    = 20
	membershipsLookedAt = 5
)

// askedElsewhere is the look at what asks emergency access accounts for MFA although nothing of this configuration does. A run
// takes it once.
type askedElsewhere struct {
	once sync.Once
	// mutex guards managed, which says that this run manages the campaign.
	mutex   sync.Mutex
	managed bool
}

// ManageCampaign says that this run manages the registration campaign, so that what the campaign asks is no matter of elsewhere.
func (a *askedElsewhere) ManageCampaign() {
	a.mutex.Lock()
	defer a.mutex.Unlock()
	a.managed = true
}

func (a *askedElsewhere) campaignManaged() bool {
	a.mutex.Lock()
	defer a.mutex.Unlock()
	return a.managed
}

// WarnAskedElsewhere warns, once in a run and at most in a few requests, of accounts of the guard that the tenant asks for MFA now:
// by their per-user state, by its registration campaign unless this run manages it, and by Conditional Access policies. Nothing
// fails for it; what could not be looked at is said.
func (s *State) WarnAskedElsewhere(ctx context.Context, diags *diag.Diagnostics) {
	if !s.run.Ready() || s.Guard.Empty() {
		return
	}
	s.Elsewhere.once.Do(func() {
		look := elsewhereLook{state: s, accounts: s.Guard.sorted(), members: map[string]map[string]bool{}}
		if more := len(look.accounts) - accountsLookedAt; more > 0 {
			look.accounts = look.accounts[:accountsLookedAt]
			look.unseen = append(look.unseen, fmt.Sprintf("%s beyond the first %d: such a number is looked at no further", diagnose.Counted(more, "account"), accountsLookedAt))
		}
		look.perUserStates(ctx)
		look.campaign(ctx)
		look.policies(ctx)
		look.warn(diags)
	})
}

type elsewhereLook struct {
	state    *State
	accounts []*Account
	// members says of an account by its id in which other groups it is, as far as that was looked up.
	members map[string]map[string]bool
	// lookUps counts the look-ups of memberships.
	lookUps int
	// asked is what asks accounts, a line each, and unseen what could not be looked at.
	asked, unseen []string
}

// person is what is known of an account by now.
func (l *elsewhereLook) person(account *Account) scope.Person {
	person := account.person()
	maps.Copy(person.Groups, l.members[account.ID])
	return person
}

func (l *elsewhereLook) add(account *Account, what string) {
	l.asked = append(l.asked, AccountEntry(account.User, account.Source, what))
}

func (l *elsewhereLook) cannotSee(what string, err error) {
	reason := diagnose.Line(err)
	if client.IsForbidden(err) {
		reason = "the app has no permission for it (Policy.Read.All)"
	}
	l.unseen = append(l.unseen, what+": "+reason)
}

func (l *elsewhereLook) perUserStates(ctx context.Context) {
	users := make([]client.User, 0, len(l.accounts))
	for _, account := range l.accounts {
		users = append(users, account.User)
	}
	var failure error
	for i, outcome := range l.state.run.Client.FindUserMFAStates(ctx, users, 0, nil) {
		switch {
		case outcome.Err != nil:
			failure = outcome.Err
		case outcome.Value != mfa.Disabled:
			l.add(l.accounts[i], fmt.Sprintf("its per-user MFA state is %q: set it to disabled", outcome.Value))
		}
	}
	if failure != nil {
		l.cannotSee("per-user MFA states", failure)
	}
}

func (l *elsewhereLook) campaign(ctx context.Context) {
	if l.state.Elsewhere.campaignManaged() {
		return
	}
	present, err := l.state.run.Client.GetRegistrationCampaign(ctx)
	if err != nil {
		l.cannotSee("the registration campaign", err)
		return
	}
	if present.State == client.CampaignDisabled {
		return
	}
	l.judge(ctx, "the registration campaign", scopeOfTargets(present.Include), scopeOfTargets(present.Exclude),
		"the tenant's registration campaign asks it to register: exclude it there, or by entramfa_registration_policy")
}

// scopeOfTargets is whom targets of the campaign hold. Targets of other kinds than users and groups are none that the rules know.
func scopeOfTargets(targets []client.CampaignTarget) scope.Scope {
	var held scope.Scope
	for _, target := range targets {
		switch {
		case target.ID == client.AllUsers:
			held.Everybody = true
		case target.TargetType == client.TargetUser:
			held.Users = append(held.Users, strings.ToLower(target.ID))
		case target.TargetType == client.TargetGroup:
			held.Groups = append(held.Groups, strings.ToLower(target.ID))
		}
	}
	return held
}

func (l *elsewhereLook) policies(ctx context.Context) {
	all, err := l.state.run.Policies(ctx)
	if err != nil {
		l.cannotSee("Conditional Access policies", err)
		return
	}
	var groups []string
	policies := slices.DeleteFunc(slices.Clone(all), func(policy client.ConditionalAccessPolicy) bool { return !policy.AsksForMFA() })
	for _, policy := range policies {
		include, exclude := policy.Users()
		groups = append(append(groups, include.Groups...), exclude.Groups...)
	}
	// All groups of all policies are asked about at once, for each account.
	l.ask(ctx, scope.Scope{Groups: groups})
	for _, policy := range policies {
		include, exclude := policy.Users()
		l.judge(ctx, fmt.Sprintf("the Conditional Access policy %q", policy.DisplayName), include, exclude,
			fmt.Sprintf("the Conditional Access policy %q (id %s) can ask it for MFA: exclude it there, unless it is meant to have a method", policy.DisplayName, policy.ID))
	}
}

// ask finds out in which of the groups the accounts are, within the bound.
func (l *elsewhereLook) ask(ctx context.Context, of scope.Scope) {
	for _, account := range l.accounts {
		open := of.Open(l.person(account))
		slices.Sort(open)
		open = slices.Compact(open)
		if len(open) == 0 {
			continue
		}
		// One request has room for 20 groups.
		if l.lookUps += (len(open) + 19) / 20; l.lookUps > membershipsLookedAt {
			return
		}
		member, err := l.state.run.Client.MemberGroups(ctx, account.ID, open, 0)
		if err != nil {
			return
		}
		if l.members[account.ID] == nil {
			l.members[account.ID] = map[string]bool{}
		}
		for _, id := range open {
			l.members[account.ID][strings.ToLower(id)] = slices.Contains(member, strings.ToLower(id))
		}
	}
}

// judge adds the accounts whom an include and an exclude catch.
func (l *elsewhereLook) judge(ctx context.Context, what string, include, exclude scope.Scope, asks string) {
	l.ask(ctx, scope.Scope{Groups: append(slices.Clone(include.Groups), exclude.Groups...)})
	unknown := 0
	for _, account := range l.accounts {
		switch answer, _ := scope.Catches(include, exclude, l.person(account)); answer {
		case scope.Yes:
			l.add(account, asks)
		case scope.Unknown:
			unknown++
		case scope.No:
		}
	}
	if unknown > 0 {
		l.unseen = append(l.unseen, fmt.Sprintf("whether %s catches %s: it goes by roles, kinds of guests or more groups than are looked up", what, diagnose.Counted(unknown, "account")))
	}
}

func (l *elsewhereLook) warn(diags *diag.Diagnostics) {
	unseen := ""
	if len(l.unseen) > 0 {
		unseen = "\n\nThis could not be looked at:\n\n  - " + strings.Join(l.unseen, "\n  - ")
	}
	if len(l.asked) == 0 {
		if unseen != "" {
			diags.AddAttributeWarning(path.Root("emergency_access"), "Not all that may ask emergency access accounts for MFA could be looked at",
				"This configuration does not ask them. Whether the tenant does is looked at once in a run."+unseen)
		}
		return
	}
	diags.AddAttributeWarning(path.Root("emergency_access"), "Emergency access accounts are asked for MFA in the tenant",
		"Nothing of this configuration asks these accounts of emergency_access for MFA, and the tenant does now:\n\n"+
			"  - "+strings.Join(l.asked, "\n  - ")+"\n\nSuch an account has to sign in when MFA does not work."+unseen)
}

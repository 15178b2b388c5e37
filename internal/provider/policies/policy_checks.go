package policies

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client"
	rules "github.com/mfa-as-code/terraform-provider-entramfa/internal/client/conditionalaccess"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/redact"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/scope"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/diagnose"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/emergency"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/resourcekit"
)

// How many policies a tenant has. Microsoft documents the first number, and accepted the second one in 2026.
//
// Source: https://learn.microsoft.com/entra/identity/conditional-access/plan-conditional-access
const (
	documentedPolicies = 240
	observedPolicies   = 244
)

// operation is an operation on a policy.
type operation = resourcekit.Operation[policyModel, *policyModel]

// checkGuard refuses a policy that catches an emergency access account, whether it is in force or in report-only: report-only is the step before.
// Where it is not known yet whom the policy includes or excludes, the same check is made at apply.
func (d *run) checkGuard(ctx context.Context, op *operation, policy client.ConditionalAccessPolicy, unknown places) {
	if policy.State == rules.Disabled || unknown.has("conditions.users") || unknown.has("state") || op.Plan.AllowEmergencyAccess.ValueBool() {
		return
	}
	include, exclude := policy.Users()
	at := attributePath("conditions.users")
	caught, err := d.emergency.Guard.CaughtBy(ctx, d.Client, include, exclude, d.Client.Consistency().Missing)
	if err != nil {
		op.FailAt(at, err)
		return
	}
	if len(caught) == 0 {
		return
	}
	op.Diags.AddAttributeError(at, fmt.Sprintf("Emergency access accounts would be caught by %s", redact.NameInQuotes(policy.DisplayName)),
		fmt.Sprintf("The policy applies to %s:\n\n%s\n\nSuch an account has to sign in when everything else fails. %s\n\n"+
			"If the accounts are meant to satisfy the policy, for example by security keys, say so where a reviewer sees it: allow_emergency_access = true.",
			diagnose.Counted(len(caught), "emergency access account"), emergency.Entries(caught, includedBy), howToExclude(caught, exclude)))
}

func includedBy(because scope.Reason) string {
	switch because.Kind {
	case scope.KindEverybody:
		return "included by conditions.users.included_users = [\"All\"]"
	case scope.KindUser:
		return "included by conditions.users.included_users"
	case scope.KindRole:
		return fmt.Sprintf("included by its role %s in conditions.users.included_roles", because.ID)
	case scope.KindGuests:
		return "included as a guest"
	case scope.KindGroup:
	}
	return fmt.Sprintf("included by the group %s in conditions.users.included_groups", because.ID)
}

// howToExclude is the line to write: the groups of emergency_access that hold the accounts, or else the accounts.
func howToExclude(caught []emergency.Caught, exclude scope.Scope) string {
	users, groups := emergency.ExclusionOf(caught)
	var lines []string
	if len(groups) > 0 {
		lines = append(lines, fmt.Sprintf("  excluded_groups = [%s]", quoted(slices.Concat(exclude.Groups, groups))))
	}
	if len(users) > 0 {
		lines = append(lines, fmt.Sprintf("  excluded_users  = [%s]", quoted(slices.Concat(exclude.Users, users))))
	}
	return "Write in conditions.users:\n\n" + strings.Join(lines, "\n")
}

func quoted(ids []string) string {
	all := make([]string, len(ids))
	for i, id := range ids {
		all[i] = fmt.Sprintf("%q", id)
	}
	return strings.Join(all, ", ")
}

// checkOwnAccess refuses a policy that blocks the identity that applies it: the next apply could not sign in to repair it.
func (d *run) checkOwnAccess(ctx context.Context, op *operation, policy client.ConditionalAccessPolicy, unknown places) {
	if policy.State != rules.Enabled || !policy.Blocks() || unknown.has("conditions") || unknown.has("grantControls") || policy.Narrow() {
		return
	}
	self, known := d.Client.Identity(ctx)
	if !known {
		return
	}
	caught, at, who := false, attributePath("conditions.users"), "the signed-in user "+self.ObjectID
	if self.User {
		include, exclude := policy.Users()
		answer, err := emergency.Catches(ctx, d.Client, self.ObjectID, include, exclude)
		if err != nil {
			op.FailAt(at, err)
			return
		}
		caught = answer == scope.Yes
	} else if workloads := policy.Conditions.ClientApplications; workloads != nil {
		at, who = attributePath("conditions.clientApplications"), fmt.Sprintf("the service principal %s of the app %s", self.ObjectID, self.AppID)
		caught = (rules.ContainsFold(workloads.IncludeServicePrincipals, rules.OwnedPrincipals) || rules.ContainsFold(workloads.IncludeServicePrincipals, self.ObjectID)) &&
			!rules.ContainsFold(workloads.ExcludeServicePrincipals, self.ObjectID)
	}
	if caught {
		op.Diags.AddAttributeError(at, fmt.Sprintf("%s would block the identity that applies it", redact.NameInQuotes(policy.DisplayName)),
			fmt.Sprintf("The policy is enabled, blocks, and applies to %s, by which Terraform is signed in. After the apply it could not sign in to take it back. "+
				"Exclude it, or keep the policy in report-only.", who))
	}
}

// checkReferences refuses what does not exist, and returns the names of what does. What cannot be looked up is told once in a run.
func (d *run) checkReferences(ctx context.Context, op *operation, policy client.ConditionalAccessPolicy, known []rules.Reference) map[string]string {
	wanted := policy.References()
	names, missing, failures := d.objects.lookUp(ctx, wanted)
	for _, r := range missing {
		// An object that was there when the policy was applied last may have been deleted since: it matches nobody, and is no error of this plan.
		if slices.Contains(known, r) {
			names[r.ID] = string(r.Kind) + " that does not exist any more"
			continue
		}
		at := attributePath(r.At)
		op.Diags.AddAttributeError(at, fmt.Sprintf("There is no %s %s", r.Kind, r.ID),
			fmt.Sprintf("%s names the %s %s, which does not exist in %s. The service refuses such a policy, or applies it to nobody. Correct the id, or remove it.",
				at, r.Kind, r.ID, d.Client.Tenant()))
	}
	d.objects.tell(failures, op.Diags)
	return names
}

// checkTenant refuses a new policy for which the tenant has no room, and one in a tenant with security defaults.
func (d *run) checkTenant(ctx context.Context, op *operation, policy client.ConditionalAccessPolicy) {
	count, err := d.plan(ctx, policy.DisplayName)
	at := path.Root("display_name")
	switch {
	case err != nil:
		op.Fail(err)
		return
	case count > observedPolicies:
		op.Diags.AddAttributeError(at, "Too many Conditional Access policies",
			fmt.Sprintf("With this one the tenant would have %d policies. Microsoft documents %d and has accepted %d. Policies in every state count. Delete one, or join two.",
				count, documentedPolicies, observedPolicies))
	case count > documentedPolicies:
		op.Diags.AddAttributeWarning(at, "More Conditional Access policies than Microsoft documents",
			fmt.Sprintf("With this one the tenant would have %d policies, and Microsoft documents %d. The service may refuse it.", count, documentedPolicies))
	}
	enabled, err := d.securityDefaults(ctx)
	if err != nil {
		d.cannotCheck("whether the tenant has security defaults", err, op.Diags)
	}
	if enabled {
		op.Diags.AddAttributeError(at, "Security defaults are on",
			fmt.Sprintf("%s has security defaults, and the service refuses Conditional Access policies beside them. Turn them off first, in Microsoft Entra under Properties: "+
				"then nothing asks for MFA until a policy is enabled.", d.Client.Tenant()))
	}
	all, err := d.policies.All(ctx)
	var same []string
	for _, other := range all {
		if err == nil && strings.EqualFold(strings.TrimSpace(other.DisplayName), strings.TrimSpace(policy.DisplayName)) {
			same = append(same, fmt.Sprintf("%s (%s)", other.ID, other.State))
		}
	}
	if len(same) > 0 {
		op.Diags.AddAttributeWarning(at, fmt.Sprintf("The name %s is taken", redact.NameInQuotes(policy.DisplayName)),
			"Microsoft Entra permits it, and people will not know which policy is which. The name is that of:\n"+diagnose.List(same)+
				"\n\nIf one of them is meant, import it instead. Otherwise choose another name.")
	}
}

// checkLicence refuses a policy for which the tenant has no licence.
//
// Sources: https://learn.microsoft.com/entra/identity/conditional-access/overview#license-requirements,
// https://learn.microsoft.com/entra/id-protection/overview-identity-protection#license-requirements
func (d *run) checkLicence(ctx context.Context, op *operation, policy client.ConditionalAccessPolicy) {
	has, err := d.plans(ctx)
	if err != nil {
		d.cannotCheck("the licences of the tenant", err, op.Diags)
		return
	}
	if !has.P1 {
		op.Diags.AddAttributeError(path.Root("state"), "The tenant has no licence for Conditional Access",
			fmt.Sprintf("No subscription in force of %s has Microsoft Entra ID P1 or P2, and the service refuses Conditional Access policies without. Get a licence, or use security defaults.", d.Client.Tenant()))
		return
	}
	if has.P2 {
		return
	}
	for _, place := range policy.NeedsP2() {
		at := attributePath(place)
		op.Diags.AddAttributeError(at, fmt.Sprintf("%s needs Microsoft Entra ID P2", lastStep(place)),
			fmt.Sprintf("No subscription in force of %s has Microsoft Entra ID P2. The service refuses %s without, with the number 1039. Get a licence, or remove it.", d.Client.Tenant(), at))
	}
}

// explainChange says in one warning what the change of a policy does: to whom it begins to apply, and for whom it stops.
func (d *run) explainChange(ctx context.Context, op *operation, prior, policy client.ConditionalAccessPolicy, names map[string]string) {
	var lines []string
	on := policy.State == rules.Enabled
	was := prior.ID != "" && prior.State == rules.Enabled
	switch {
	case on && !was:
		lines = append(lines, fmt.Sprintf("It comes into force and %s %s.", asks(policy), scopeText(policy, names)))
	case was && !on:
		lines = append(lines, fmt.Sprintf("It is no longer in force (%s). Until now it %s %s. People whom no other policy covers lose that.", policy.State, asks(prior), scopeText(prior, names)))
	case on && asks(prior) != asks(policy):
		lines = append(lines, fmt.Sprintf("Until now it %s, and then it %s.", asks(prior), asks(policy)))
	}
	if on && was {
		lines = append(lines, changesOfScope(prior, policy, names)...)
	}
	lines = append(lines, d.affected(ctx, prior, policy, names)...)
	if len(lines) == 0 {
		return
	}
	op.Diags.AddAttributeWarning(path.Root("state"), fmt.Sprintf("What %s does changes", redact.NameInQuotes(policy.DisplayName)), diagnose.List(lines))
}

// asks completes "the policy ...".
func asks(policy client.ConditionalAccessPolicy) string {
	switch {
	case policy.Blocks():
		return "blocks"
	case policy.NamesMFA() && policy.RequiresMFA():
		return "requires MFA of"
	case policy.NamesMFA():
		return "requires MFA, or another control in its place, of"
	case policy.GrantControls != nil:
		return "requires " + strings.Join(policy.GrantControls.BuiltInControls, " and ") + " of"
	}
	return "limits the sessions of"
}

// scopeText is whom a policy applies to, by names.
func scopeText(policy client.ConditionalAccessPolicy, names map[string]string) string {
	include, exclude := policy.Users()
	if workloads := policy.Conditions.ClientApplications; workloads != nil {
		return "workload identities: " + named(workloads.IncludeServicePrincipals, names) + circumstances(policy, names)
	}
	text := describeScope(include, names)
	if without := describeScope(exclude, names); without != "nobody" {
		text += ", except " + without
	}
	return text + circumstances(policy, names)
}

func describeScope(s scope.Scope, names map[string]string) string {
	var parts []string
	if s.Everybody {
		parts = append(parts, "all users")
	}
	for _, ids := range [][]string{s.Users, s.Groups, s.Roles} {
		ids = slices.DeleteFunc(slices.Clone(ids), func(id string) bool {
			return rules.ContainsFold([]string{rules.All, rules.None, rules.GuestsOrExternal}, id)
		})
		if len(ids) > 0 {
			parts = append(parts, named(ids, names))
		}
	}
	if s.Guests {
		parts = append(parts, "guests and external users")
	}
	if len(parts) == 0 {
		return "nobody"
	}
	return strings.Join(parts, ", ")
}

func named(ids []string, names map[string]string) string {
	all := make([]string, len(ids))
	for i, id := range ids {
		all[i] = id
		if name := names[strings.ToLower(id)]; name != "" {
			all[i] = name
		}
	}
	return diagnose.Names(all, diagnose.NamedInWarnings)
}

// changesOfScope is a line for each list of users, apps and places that changes in a policy that stays in force.
func changesOfScope(prior, policy client.ConditionalAccessPolicy, names map[string]string) []string {
	var lines []string
	had, has := prior.Lists(), policy.Lists()
	for _, list := range rules.ListNames {
		added, removed := without(has[list], had[list]), without(had[list], has[list])
		attribute := attributePath(list)
		if len(added) > 0 {
			lines = append(lines, fmt.Sprintf("%s gains %s", attribute, named(added, names)))
		}
		if len(removed) > 0 {
			lines = append(lines, fmt.Sprintf("%s loses %s", attribute, named(removed, names)))
		}
	}
	return lines
}

func without(list, others []string) []string {
	return slices.DeleteFunc(slices.Clone(list), func(value string) bool { return rules.ContainsFold(others, value) })
}

package policies

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client"
	rules "github.com/mfa-as-code/terraform-provider-entramfa/internal/client/conditionalaccess"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/redact"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/scope"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/diagnose"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/resourcekit"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/value"
)

// groupsCounted is how many groups the explanation of one change counts, each by one request: those of the policy, and those of other policies.
const groupsCounted = 8

// directory is what a run has read of people to explain changes: each request is made once, and a failure is not tried again.
type directory struct {
	client *client.Client
	// everybody are the first users of the tenant, and without is who has no method for MFA.
	everybody resourcekit.Once[client.People]
	without   resourcekit.Once[client.UsersWithoutMFA]
	roles     resourcekit.Once[[]client.RoleAssignment]
	// mutex guards groups: the first members of each group that was counted, by its id in lower case.
	mutex  sync.Mutex
	groups map[string]*resourcekit.Once[client.People]
}

func newDirectory(c *client.Client) *directory {
	return &directory{client: c, groups: map[string]*resourcekit.Once[client.People]{}}
}

// has reports whether a group was counted before.
func (d *directory) has(group string) bool {
	d.mutex.Lock()
	defer d.mutex.Unlock()
	return d.groups[strings.ToLower(group)] != nil
}

func (d *directory) members(ctx context.Context, group string) (client.People, error) {
	group = strings.ToLower(group)
	d.mutex.Lock()
	members := d.groups[group]
	if members == nil {
		members = &resourcekit.Once[client.People]{}
		d.groups[group] = members
	}
	d.mutex.Unlock()
	return members.Get(ctx, func(ctx context.Context) (client.People, error) { return d.client.FirstMembers(ctx, group) })
}

// crowd are the people of a scope: those who are named, by their ids in lower case, and how many there are besides.
type crowd struct {
	named   map[string]string
	unnamed int
}

func (c crowd) size() int { return len(c.named) + max(0, c.unnamed) }

// less is a crowd without the people of another one.
func (c crowd) less(other crowd) crowd {
	rest := crowd{named: maps.Clone(c.named), unnamed: c.unnamed - other.unnamed}
	for id := range other.named {
		if _, here := rest.named[id]; !here {
			// It may be one of those who are not named.
			rest.unnamed--
			continue
		}
		delete(rest.named, id)
	}
	rest.unnamed = max(0, rest.unnamed)
	return rest
}

func (c crowd) names() string {
	names := slices.Sorted(maps.Values(c.named))
	if more := c.size() - len(names); more > 0 && len(names) < diagnose.NamedInWarnings {
		return strings.Join(append(names, fmt.Sprintf("and %d more", more)), ", ")
	}
	if len(names) > diagnose.NamedInWarnings {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:diagnose.NamedInWarnings], ", "), c.size()-diagnose.NamedInWarnings)
	}
	return strings.Join(names, ", ")
}

// counting counts the people of scopes for one explanation, within the bound of requests.
type counting struct {
	*directory
	// names are the names of users by their ids, as far as they are known.
	names map[string]string
	left  int
	// problems are what could not be counted, in the order in which it was found.
	problems []string
}

func (c *counting) problem(text string) {
	if !slices.Contains(c.problems, text) {
		c.problems = append(c.problems, text)
	}
}

// of returns the people whom a policy is about.
func (c *counting) of(ctx context.Context, policy client.ConditionalAccessPolicy) crowd {
	include, exclude := policy.Users()
	return c.in(ctx, include).less(c.in(ctx, exclude))
}

func (c *counting) in(ctx context.Context, s scope.Scope) crowd {
	found := crowd{named: map[string]string{}}
	add := func(users ...client.User) {
		for _, user := range users {
			found.named[strings.ToLower(user.ID)] = redact.QuotedName(user.Name())
		}
	}
	if s.Everybody || s.Guests {
		all, err := c.everybody.Get(ctx, c.client.FirstUsers)
		if err != nil {
			c.problem("the users of the tenant: " + reason(err))
		} else if all.Open() {
			c.problem("the users of the tenant after the first page")
		}
		for _, user := range all.Users {
			if s.Everybody || strings.EqualFold(user.UserType, "Guest") {
				add(user)
			}
		}
		switch more := all.Total - len(all.Users); {
		case s.Everybody:
			found.unnamed += more
		case more > 0:
			c.problem(fmt.Sprintf("guests among %d of %d users", more, all.Total))
		}
	}
	if s.Everybody {
		return found
	}
	for _, id := range s.Users {
		if id = strings.ToLower(id); value.IsGUID(id) {
			add(client.User{ID: id, UserPrincipalName: strings.TrimPrefix(c.names[id], "user ")})
		}
	}
	groups := slices.Clone(s.Groups)
	if len(s.Roles) > 0 {
		users, more := c.holders(ctx, s.Roles)
		add(users...)
		groups = append(groups, more...)
	}
	for _, id := range groups {
		if !c.has(id) {
			if c.left == 0 {
				c.problem(fmt.Sprintf("more than %d groups", groupsCounted))
				continue
			}
			c.left--
		}
		members, err := c.members(ctx, id)
		if err != nil && !client.IsNotFound(err) {
			c.problem(fmt.Sprintf("the members of the group %s: %s", id, reason(err)))
		} else if members.Open() {
			c.problem(fmt.Sprintf("the members of the group %s after the first page", id))
		}
		add(members.Users...)
		found.unnamed += members.Total - len(members.Users)
	}
	return found
}

// holders are the users and the groups that have one of the roles actively and for the whole tenant.
func (c *counting) holders(ctx context.Context, roles []string) (users []client.User, groups []string) {
	assignments, err := c.roles.Get(ctx, c.client.ListRoleAssignments)
	var ids []string
	for _, a := range assignments {
		if a.Scope == "/" && rules.ContainsFold(roles, a.RoleID) {
			ids = append(ids, a.PrincipalID)
		}
	}
	var objects map[string]client.DirectoryObject
	if err == nil && len(ids) > 0 {
		objects, err = c.client.GetDirectoryObjects(ctx, ids, 0)
	}
	if err != nil {
		c.problem("who has which role: " + reason(err))
	}
	for id, object := range objects {
		switch {
		case object.IsUser():
			users = append(users, client.User{ID: id, UserPrincipalName: object.Name()})
		case object.IsGroup():
			groups = append(groups, id)
		}
	}
	slices.Sort(groups)
	return users, groups
}

// reason is why something cannot be read, in a few words, with the permission that is missing.
func reason(err error) string {
	summary, _ := diagnose.Describe(err)
	var answer *client.Error
	switch {
	case client.IsLicenseRequired(err):
		return summary + " (it needs Microsoft Entra ID P1)"
	case client.IsForbidden(err) && errors.As(err, &answer) && len(answer.Permissions) > 0:
		return summary + " (it needs the application permission " + answer.Permissions[0] + ")"
	}
	return summary
}

// affected says who comes into the scope of a policy that is in force, and who leaves it. prior has no id where the policy is new, and after has
// none where it is destroyed.
func (d *run) affected(ctx context.Context, prior, after client.ConditionalAccessPolicy, names map[string]string) []string {
	had, has := prior.ID != "" && prior.State == rules.Enabled, after.State == rules.Enabled
	if !had && !has {
		return nil
	}
	count := &counting{directory: d.people, names: names, left: groupsCounted}
	var before, now crowd
	switch {
	case !had:
		now = count.of(ctx, after)
	case !has:
		before = count.of(ctx, prior)
	case len(rules.ChangedUsers(prior, after)) > 0:
		before, now = count.of(ctx, prior), count.of(ctx, after)
	default:
		return nil
	}
	var lines []string
	if come := now.less(before); come.size() > 0 {
		lines = append(lines, fmt.Sprintf("%s into its scope: %s", comes(come.size()), come.names()))
		if after.NamesMFA() {
			lines = append(lines, d.unregistered(ctx, count, come)...)
		}
	}
	if leave := before.less(now); leave.size() > 0 && prior.NamesMFA() {
		lines = append(lines, d.unprotected(ctx, count, leave, prior.ID))
	} else if leave.size() > 0 {
		lines = append(lines, fmt.Sprintf("%s out of its scope: %s", comes(leave.size()), leave.names()))
	}
	if len(count.problems) > 0 {
		lines = append(lines, "Not counted, because it could not be looked up: "+strings.Join(count.problems, "; "))
	}
	return lines
}

func comes(n int) string {
	if n == 1 {
		return "1 user comes"
	}
	return fmt.Sprintf("%d users come", n)
}

// unregistered says how many of the people have no method for MFA.
func (d *run) unregistered(ctx context.Context, count *counting, people crowd) []string {
	without, err := count.without.Get(ctx, count.client.ReadUsersWithoutMFA)
	if err != nil {
		count.problem("how many of them have no MFA method registered: " + reason(err))
		return nil
	}
	missing := crowd{named: map[string]string{}}
	for id, name := range people.named {
		if without.IDs[id] {
			missing.named[id] = name
		}
	}
	if !without.Whole || people.unnamed > 0 {
		count.problem("everybody of a tenant of more than a thousand users")
	}
	if missing.size() == 0 {
		return nil
	}
	return []string{fmt.Sprintf("%d of them have no MFA method registered, says the report of Microsoft Entra, which is some hours old: %s. They have to register one before they can sign in", missing.size(), missing.names())}
}

// unprotected says how many of the people are in the scope of no other policy that is in force and requires MFA.
func (d *run) unprotected(ctx context.Context, count *counting, leave crowd, id string) string {
	text := fmt.Sprintf("%s out of its scope: %s", comes(leave.size()), leave.names())
	all, err := d.Policies(ctx)
	if err != nil {
		count.problem("other policies: " + reason(err))
		return text
	}
	rest, others := leave, 0
	for _, other := range all {
		if strings.EqualFold(other.ID, id) || !other.AsksForMFA() || !other.RequiresMFA() {
			continue
		}
		others++
		if rest.size() > 0 {
			rest = rest.less(count.of(ctx, other))
		}
	}
	switch {
	case others == 0:
		return text + ". No other policy that is in force requires MFA"
	case rest.size() == 0:
		return text + ". All of them are users of another policy that is in force and requires MFA; for which apps and sign-ins, was not compared"
	}
	return fmt.Sprintf("%s. %d of them are users of no other policy that is in force and requires MFA: %s", text, rest.size(), rest.names())
}

package provider_test

import (
	"maps"
	"slices"
	"strings"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/acctest"
)

const notFound = "not found"

// refusal is why a user may not be moved to a state; empty where they may.
func (m *model) refusal(user *control.User, wanted string, allow bool) string {
	switch {
	case user == nil:
		return notFound
	case m.emergency[user.ID] && wanted != control.StateDisabled:
		return "mergency access account"
	case wanted == control.StateEnforced && stateOf(*user) != wanted && (!allow || !user.RegisteredForMFA()):
		return "cannot move"
	}
	return ""
}

// wish is what a block wants of a person, and loss what it does to one whom it wants no longer.
type wish struct {
	block  string
	user   *control.User
	wanted string
}

type loss struct {
	block string
	// destroyed says that the block, or its object, is destroyed; otherwise the person is taken out of many.
	destroyed bool
}

const (
	twiceManaged = "managed by two resources"
	lostOnTheWay = "would lose per-user MFA on the way"
)

func (m *model) expectUsers(e *forecast, before *control.Tenant, state map[string]acctest.ResourceBlock) {
	var wishes []wish
	losses := map[string][]loss{}
	lose := func(id string, l loss) { losses[strings.ToLower(id)] = append(losses[strings.ToLower(id)], l) }
	for _, name := range slices.Sorted(maps.Keys(m.config)) {
		wanted := m.config[name]
		allow := wanted.Yes("allow_promotion")
		switch wanted.TypeName {
		case typeUser:
			user := userBy(before, wanted.UserKey())
			if problem := m.refusal(user, wanted.Text("state", ""), allow); problem != "" {
				e.refused[name] = problem
				continue
			}
			wishes = append(wishes, wish{name, user, wanted.Text("state", "")})
			if prior, ok := state[name]; ok && !strings.EqualFold(prior.Text("user_id", ""), user.ID) && prior.Text("on_destroy", "disable") == "disable" {
				lose(prior.Text("user_id", ""), loss{name, true})
			}
		case typeUsers:
			ids := state[name].Texts("user_ids")
			stays := map[string]bool{}
			for _, key := range slices.Sorted(maps.Keys(wanted.Texts("users"))) {
				wantedState := wanted.Texts("users")[key]
				// A name that the state knows stands for the user for whom it was found, for as long as they exist.
				user := userBy(before, key)
				for known, id := range ids {
					if there := userBy(before, id); strings.EqualFold(known, key) && there != nil {
						user = there
					}
				}
				if problem := m.refusal(user, wantedState, allow); problem != "" {
					// Who is not there is told before anything else.
					if e.refused[name] != notFound {
						e.refused[name] = problem
					}
					continue
				}
				if stays[user.ID] {
					e.refused[name] = "The same user twice"
					continue
				}
				wishes, stays[user.ID] = append(wishes, wish{name, user, wantedState}), true
			}
			for _, id := range ids {
				if !stays[id] && wanted.Text("on_destroy", "disable") == "disable" {
					lose(id, loss{name, false})
				}
			}
		}
	}
	for name, prior := range state {
		if _, ok := m.config[name]; ok || prior.Text("on_destroy", "disable") != "disable" {
			continue
		}
		switch prior.TypeName {
		case typeUser:
			lose(prior.Text("user_id", ""), loss{name, true})
		case typeUsers:
			for _, id := range prior.Texts("user_ids") {
				lose(id, loss{name, true})
			}
		}
	}
	m.meet(e, before, wishes, losses)
}

// meet brings together who wants a person and who lets go of one.
func (m *model) meet(e *forecast, before *control.Tenant, wishes []wish, losses map[string][]loss) {
	wanted := map[string]wish{}
	for _, w := range wishes {
		if other, twice := wanted[w.user.ID]; twice {
			e.either = append(e.either, conflict{[2]string{other.block, w.block}, twiceManaged})
		}
		wanted[w.user.ID] = w
	}
	for id, all := range losses {
		if _, there := e.users[id]; !there {
			continue
		}
		w, claimed := wanted[id]
		for _, l := range all {
			switch {
			case !claimed:
				e.users[id] = control.StateDisabled
			case l.block == w.block:
			case l.destroyed && e.users[id] != control.StateDisabled && w.wanted != control.StateDisabled:
				e.either = append(e.either, conflict{[2]string{l.block, w.block}, lostOnTheWay})
			default:
				e.moved[id] = true
			}
		}
	}
	for _, w := range wishes {
		if !satisfies(stateOf(*w.user), w.wanted) {
			e.users[w.user.ID] = w.wanted
			if w.wanted == control.StateEnabled && w.user.RegisteredForMFA() {
				e.users[w.user.ID] = control.StateEnforced
			}
		}
	}
}

// nobodyUnprotected checks that nobody has lost per-user MFA without a word.
func (m *model) nobodyUnprotected(before, after *control.Tenant, report *acctest.Outcome) {
	m.t.Helper()
	said := strings.ToLower(report.Told + report.String())
	for _, user := range before.Users {
		now := userBy(after, user.ID)
		if now == nil || stateOf(user) == control.StateDisabled || stateOf(*now) != control.StateDisabled {
			continue
		}
		if !strings.Contains(said, strings.ToLower(user.UserPrincipalName)) && !strings.Contains(said, user.ID) {
			m.tally.unprotected.Add(1)
			m.t.Fatalf("%s has lost per-user MFA without a word; the run says:\n%s\nthe configuration is:\n%s", user.UserPrincipalName, said, m.config)
		}
	}
}

package provider

import (
	"context"
	"strings"
	"sync"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client"
)

// goneObjects are the users and locations that a run has looked at, and whether they are gone. Terraform, unlike OpenTofu, plans the
// destruction of what stands in the configuration no longer before it refreshes it. Where the refresh then finds it gone the plan shows
// no change, but what the plan of the destruction has warned of all the same: so such a plan looks for itself before it warns.
type goneObjects struct {
	mutex sync.Mutex
	// gone is by id in lower case.
	gone map[string]bool
}

// note takes note of what was found, gone or there.
func (g *goneObjects) note(id string, gone bool) {
	g.mutex.Lock()
	defer g.mutex.Unlock()
	if g.gone == nil {
		g.gone = map[string]bool{}
	}
	g.gone[strings.ToLower(id)] = gone
}

func (g *goneObjects) find(id string) (gone, known bool) {
	g.mutex.Lock()
	defer g.mutex.Unlock()
	gone, known = g.gone[strings.ToLower(id)]
	return gone, known
}

// isGone reports whether an object is gone, and looks where the run has not yet. Where nobody can tell it is not.
func (d *providerData) isGone(id string, look func() (gone bool, err error)) bool {
	if !d.planReady() {
		return false
	}
	gone, known := d.goneObjects.find(id)
	if known {
		return gone
	}
	gone, err := look()
	if err != nil {
		return false
	}
	d.goneObjects.note(id, gone)
	return gone
}

// isUserGone is isGone for a user.
func (d *providerData) isUserGone(ctx context.Context, id string) bool {
	return d.isGone(id, func() (bool, error) {
		_, err := d.client.FindUser(ctx, id, d.client.Consistency().Missing)
		if client.IsNotFound(err) {
			return true, nil
		}
		return false, err
	})
}

// withoutGone leaves out the users who are gone. Those at whom the run has not looked are looked up together.
func (d *providerData) withoutGone(ctx context.Context, users managedUsers) managedUsers {
	if !d.planReady() {
		return users
	}
	var unknown []string
	for _, user := range users {
		if _, known := d.goneObjects.find(user.id); !known {
			unknown = append(unknown, user.id)
		}
	}
	if len(unknown) > 0 {
		if found, err := d.client.GetDirectoryObjects(ctx, unknown, d.client.Consistency().Missing); err == nil {
			for _, id := range unknown {
				_, there := found[strings.ToLower(id)]
				d.goneObjects.note(id, !there)
			}
		}
	}
	var left managedUsers
	for _, user := range users {
		if gone, _ := d.goneObjects.find(user.id); !gone {
			left = append(left, user)
		}
	}
	return left
}

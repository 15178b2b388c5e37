package resourcekit

import (
	"strings"
	"sync"
)

// goneObjects are the users and locations that a run has looked at, and whether they are gone. Terraform, unlike OpenTofu, plans the
// destruction of what stands in the configuration no longer before it refreshes it. Where the refresh then finds it gone the plan shows
// no change, but what the plan of the destruction has warned of all the same: so such a plan looks for itself before it warns.
type goneObjects struct {
	mutex sync.Mutex
	// gone is by id in lower case.
	gone map[string]bool
}

// Note takes note of what was found, gone or there.
func (g *goneObjects) Note(id string, gone bool) {
	g.mutex.Lock()
	defer g.mutex.Unlock()
	if g.gone == nil {
		g.gone = map[string]bool{}
	}
	g.gone[strings.ToLower(id)] = gone
}

// Find says what was found of an object, if the run has looked at it.
func (g *goneObjects) Find(id string) (gone, known bool) {
	g.mutex.Lock()
	defer g.mutex.Unlock()
	gone, known = g.gone[strings.ToLower(id)]
	return gone, known
}

// IsGone reports whether an object is gone, and looks where the run has not yet. Where nobody can tell it is not.
func (r *Run) IsGone(id string, look func() (gone bool, err error)) bool {
	if !r.Ready() {
		return false
	}
	gone, known := r.Gone.Find(id)
	if known {
		return gone
	}
	gone, err := look()
	if err != nil {
		return false
	}
	r.Gone.Note(id, gone)
	return gone
}

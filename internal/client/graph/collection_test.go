package graph

import (
	"testing"
	"time"
)

// timed is an object with nothing but its times.
type timed struct{ created, modified *time.Time }

func (timed) ObjectID() string                        { return "1" }
func (o timed) Times() (created, modified *time.Time) { return o.created, o.modified }
func (o timed) Same(other timed) bool                 { return o == other }

func TestOfTwoSnapshotsTheNewerIsKnownOnlyWhereBothHaveATime(t *testing.T) {
	t.Parallel()
	early, late := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		mine, theirs timed
		newer        bool
	}{
		"changed later":            {timed{&early, &late}, timed{&early, &early}, true},
		"changed after a creation": {timed{&early, &late}, timed{&early, nil}, true},
		"at the same time":         {timed{nil, &late}, timed{nil, &late}, false},
		"changed before":           {timed{nil, &early}, timed{nil, &late}, false},
		"without a time":           {timed{}, timed{nil, &early}, false},
		"than one without a time":  {timed{nil, &late}, timed{}, false},
		"both without":             {timed{}, timed{}, false},
	} {
		if got := newer(c.mine, c.theirs); got != c.newer {
			t.Errorf("%s: newer is %t", name, got)
		}
	}
}

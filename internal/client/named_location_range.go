package client

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/graph"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/iprange"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/redact"
)

// RangeRefusal says why a single range of a location cannot be changed.
type RangeRefusal string

const (
	// RangeOtherKind is a location that has no IP ranges.
	RangeOtherKind RangeRefusal = "it has no IP ranges"
	// RangeNotTrusted is a location that is not trusted.
	RangeNotTrusted RangeRefusal = "it is not trusted"
	// RangeTooMany is a location that has as many ranges as the service takes.
	RangeTooMany RangeRefusal = "it has as many ranges as it can hold"
	// RangeLast is a location whose last range it is: the service wants at least one.
	RangeLast RangeRefusal = "it would have no range left"
)

// RangeRefusedError is a change of a single range that the rules do not permit. Nothing was written.
type RangeRefusedError struct {
	Location NamedLocation
	Range    iprange.Range
	Reason   RangeRefusal
}

// Error names location, range and reason.
func (e *RangeRefusedError) Error() string {
	return fmt.Sprintf("unable to change %s of named location %s (id %s): %s", e.Range, redact.NameInQuotes(e.Location.DisplayName), e.Location.ID, e.Reason)
}

// CheckRange returns a *RangeRefusedError where a range cannot be added to a location, or removed from it.
func (l NamedLocation) CheckRange(r iprange.Range, present bool) error {
	refused := &RangeRefusedError{Location: l, Range: r}
	switch others := len(l.OtherRanges(r)); {
	case !l.IsIP():
		refused.Reason = RangeOtherKind
	case !present && l.HasRange(r) && others == 0:
		refused.Reason = RangeLast
	case present && !l.IsTrusted:
		refused.Reason = RangeNotTrusted
	case present && !l.HasRange(r) && others >= iprange.MaxIPRanges:
		refused.Reason = RangeTooMany
	default:
		return nil
	}
	return refused
}

// HasRange reports whether one of the location's ranges is the same range, in any spelling. A wider one that covers it is another.
func (l NamedLocation) HasRange(r iprange.Range) bool {
	return slices.Contains(iprange.Read(l.Ranges), r)
}

// OtherRanges are the texts of the location's other ranges. What cannot be read is one of them.
func (l NamedLocation) OtherRanges(r iprange.Range) []string {
	var others []string
	for _, text := range l.Ranges {
		if read := iprange.Read([]string{text}); len(read) != 1 || read[0] != r {
			others = append(others, text)
		}
	}
	return others
}

// rangeChanges are the changes of single ranges that this process has made, by location.
type rangeChanges struct {
	mutex     sync.Mutex
	locations map[string]*rangeLedger
}

// rangeLedger orders the changes of one location, because each of them writes all of its ranges.
type rangeLedger struct {
	lock graph.ContextLock
	// made are the ranges that were added (true) and removed (false), under the lock.
	made map[iprange.Range]bool
}

func (r *rangeChanges) of(id string) *rangeLedger {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	id = strings.ToLower(id)
	if r.locations == nil {
		r.locations = map[string]*rangeLedger{}
	}
	if r.locations[id] == nil {
		r.locations[id] = &rangeLedger{lock: graph.NewContextLock(), made: map[iprange.Range]bool{}}
	}
	return r.locations[id]
}

// shownBy reports whether a location shows every change of this process.
func (l *rangeLedger) shownBy(location NamedLocation) bool {
	for r, present := range l.made {
		if location.HasRange(r) != present {
			return false
		}
	}
	return true
}

// RangeResult is what became of a change of one range.
type RangeResult struct {
	// Location is the location as it was written, or as it was read where nothing was written.
	Location NamedLocation
	// Accepted is the last write; the zero value where there was nothing to write.
	Accepted graph.Acceptance
	// Unconfirmed is why the write could not be read back, or that another writer undid it each time. The service accepted it all the same.
	Unconfirmed error
}

// SetNamedLocationRange adds one range to a location, or removes it, and leaves the others as they are. The service has no request for
// one range and no conditional write, so the location is read twice, changed and written as a whole. Changes of this process to one location
// wait for each other, and each reads until the location shows those before it. After the write the location is read until it shows the
// change; if another writer undid it, the change is made again, three times at most. Text is how an added range is spelled.
//
// A change that the rules do not permit is a *RangeRefusedError. IsNotFound is true of the error for a location that does not exist, unless
// a range is removed: a location that no list shows either has no range.
//
// Source: https://learn.microsoft.com/graph/api/ipnamedlocation-update
func (c *Client) SetNamedLocationRange(ctx context.Context, id string, r iprange.Range, text string, present bool) (RangeResult, error) {
	ledger := c.rangeChanges.of(id)
	if err := ledger.lock.Lock(ctx, "waiting for another change of the same named location"); err != nil {
		return RangeResult{}, err
	}
	defer ledger.lock.Unlock()
	result, err := c.setRange(ctx, ledger, id, r, text, present)
	if !present && graph.IsNotFound(err) {
		return result, c.unlisted(ctx, id, err)
	}
	return result, err
}

// setRange changes a range under the lock of its location.
func (c *Client) setRange(ctx context.Context, ledger *rangeLedger, id string, r iprange.Range, text string, present bool) (result RangeResult, err error) {
	const tries = 3
	for try := 1; ; try++ {
		if result.Location, err = c.locationShowing(ctx, id, c.latestLocation, ledger.shownBy); err != nil {
			return result, err
		}
		location := &result.Location
		if err := location.CheckRange(r, present); err != nil || location.HasRange(r) == present {
			return result, err
		}
		location.Ranges = location.OtherRanges(r)
		if present {
			location.Ranges = append(location.Ranges, text)
		}
		if result.Accepted, err = c.UpdateNamedLocation(ctx, *location); err != nil {
			return result, err
		}
		ledger.made[r] = present
		began := c.graph.Clock.Now()
		seen, err := c.locationShowing(ctx, id, c.FindNamedLocation, func(seen NamedLocation) bool { return seen.HasRange(r) == present })
		switch {
		case err != nil:
			// The write was accepted: that it cannot be read back is no failure of it.
			result.Unconfirmed = err
			return result, nil //nolint:nilerr // see above
		case seen.HasRange(r) == present:
			return result, nil
		case try == tries:
			result.Unconfirmed = fmt.Errorf("the service accepted the change %d times and does not show it %s after the last one, as if another writer undid it each time", tries, c.graph.Since(began))
			return result, nil
		}
		delete(ledger.made, r)
	}
}

// unlisted returns nil once no list shows a location that was not found, and the error while one does: to believe it then would leave
// the range trusted and nobody's.
func (c *Client) unlisted(ctx context.Context, id string, notFound error) error {
	return c.graph.Until(ctx, c.graph.Consistency().NewObject, func() (bool, error) {
		all, err := c.ListNamedLocations(ctx)
		switch {
		case err != nil:
			return true, err
		case slices.ContainsFunc(all, func(location NamedLocation) bool { return strings.EqualFold(location.ID, id) }):
			return false, notFound
		}
		return true, nil
	})
}

// latestLocation reads a location twice and returns the answer that was changed last, because the whole location is written from it: a
// lagging replica would undo the last change of another process. What neither answer shows cannot be known.
func (c *Client) latestLocation(ctx context.Context, id string) (NamedLocation, error) {
	location, err := c.FindNamedLocation(ctx, id)
	if err != nil {
		return location, err
	}
	again, err := c.GetNamedLocation(ctx, id)
	switch {
	case graph.IsNotFound(err):
		return location, nil
	case err != nil:
		return location, err
	case location.Modified == nil || again.Modified == nil || !again.Modified.Before(*location.Modified):
		return again, nil
	}
	return location, nil
}

// locationShowing reads a location until it is as expected, for as long as replicas may lag.
func (c *Client) locationShowing(ctx context.Context, id string, read func(ctx context.Context, id string) (NamedLocation, error), shows func(NamedLocation) bool) (NamedLocation, error) {
	var location NamedLocation
	err := c.graph.Until(ctx, c.graph.Consistency().Timeout, func() (bool, error) {
		var err error
		location, err = read(ctx, id)
		return err != nil || shows(location), err
	})
	return location, err
}

// ObserveRange returns the location of a range that is expected to be in it, and believes something else only once it has lasted.
// accepted is the last write of the range.
func (l *NamedLocations) ObserveRange(ctx context.Context, id string, r iprange.Range, accepted graph.Acceptance) (location NamedLocation, gone bool, err error) {
	return l.Collection.Observe(ctx, graph.Expectation[NamedLocation]{
		ID: id, Accepted: accepted, Satisfied: func(seen NamedLocation) bool { return seen.HasRange(r) },
	})
}

package store

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
)

// BinLifetime is how long a bin keeps what was deleted.
const BinLifetime = 30 * 24 * time.Hour

// Collection is where an entity keeps its objects. It holds no data itself: each of its methods reaches that of the
// transaction's tenant.
type Collection[T any] struct {
	// ID is the id of an object.
	ID func(T) string
	// DeletedAt is where an object says when it was deleted. With nil there is no bin: what is deleted is gone for good.
	DeletedAt func(*T) **time.Time
	// Limit is how many objects there can be; 0 is without limit. LimitOf is the limit of a behaviour that has one of its own,
	// and Counts tells which objects count, nil for all.
	Limit   int
	LimitOf func(*control.Behavior) int
	Counts  func(T) bool
}

func (c *Collection[T]) records(data *tenant) *[]*Record[T] {
	if records, ok := data.collections[c].(*[]*Record[T]); ok {
		return records
	}
	records := &[]*Record[T]{}
	data.collections[c] = records
	return records
}

// HasBin tells whether deleted objects go into a bin.
func (c *Collection[T]) HasBin() bool { return c.DeletedAt != nil }

// Records are the objects in the order in which they were made, those that are deleted included.
func (c *Collection[T]) Records(tx *Tx) []*Record[T] { return *c.records(tx.data()) }

// Values are the objects, or those in the bin.
func (c *Collection[T]) Values(tx *Tx, bin bool) []T {
	var values []T
	for _, record := range c.Records(tx) {
		if record.gone == bin {
			values = append(values, record.value)
		}
	}
	return values
}

// Find returns the object with the id, or nil.
func (c *Collection[T]) Find(tx *Tx, id string) *Record[T] { return c.find(tx, id, false) }

// FindDeleted returns the object in the bin with the id, or nil.
func (c *Collection[T]) FindDeleted(tx *Tx, id string) *Record[T] { return c.find(tx, id, true) }

func (c *Collection[T]) find(tx *Tx, id string, bin bool) *Record[T] {
	for _, record := range c.Records(tx) {
		if record.gone == bin && strings.EqualFold(c.ID(record.value), id) {
			return record
		}
	}
	return nil
}

// Has tells whether an object has the id, in the bin or not.
func (c *Collection[T]) Has(tx *Tx, id string) bool {
	return c.Find(tx, id) != nil || c.FindDeleted(tx, id) != nil
}

// Add adds an object that every read sees at once. One with the time of its deletion goes into the bin.
func (c *Collection[T]) Add(tx *Tx, value T) *Record[T] {
	record := &Record[T]{value: value, gone: c.HasBin() && *c.DeletedAt(&value) != nil}
	records := c.records(tx.change())
	*records = append(*records, record)
	return record
}

// Create adds an object that lagging replicas do not see yet.
func (c *Collection[T]) Create(tx *Tx, value T) *Record[T] {
	record := c.Add(tx, value)
	record.created = tx.createLag()
	return record
}

// Delete deletes an object that lagging replicas still see.
func (c *Collection[T]) Delete(tx *Tx, record *Record[T]) { c.discard(tx, record, tx.deleteLag()) }

// DeleteAtOnce deletes an object that no read sees any more.
func (c *Collection[T]) DeleteAtOnce(tx *Tx, record *Record[T]) { c.discard(tx, record, nil) }

func (c *Collection[T]) discard(tx *Tx, record *Record[T], lag *lag) {
	_ = tx.change()
	if c.HasBin() {
		value := record.value
		*c.DeletedAt(&value) = new(tx.now.UTC())
		record.value = value
	}
	record.gone, record.deleted = true, lag
	record.created, record.updated = nil, nil
	if !c.HasBin() && lag == nil {
		c.Purge(tx, record)
	}
}

// Restore takes an object out of the bin.
func (c *Collection[T]) Restore(tx *Tx, record *Record[T]) {
	_ = tx.change()
	value := record.value
	*c.DeletedAt(&value) = nil
	*record = Record[T]{value: value, created: tx.createLag()}
}

// Purge removes an object for good.
func (c *Collection[T]) Purge(tx *Tx, record *Record[T]) {
	records := c.records(tx.change())
	*records = slices.DeleteFunc(*records, func(other *Record[T]) bool { return other == record })
}

// EmptyBin forgets what has been in the bin for long enough. It is no change that anybody made, and happens in a View as well.
func (c *Collection[T]) EmptyBin(tx *Tx) {
	records := c.records(tx.data())
	*records = slices.DeleteFunc(*records, func(record *Record[T]) bool {
		if !record.gone {
			return false
		}
		if !c.HasBin() {
			return !record.deleted.running(tx.now)
		}
		return !tx.now.Before((*c.DeletedAt(&record.value)).Add(BinLifetime))
	})
}

// Full tells whether the limit leaves no room for the object, and how many objects count already.
func (c *Collection[T]) Full(tx *Tx, value T) (count int, full bool) {
	counts := func(value T) bool { return c.Counts == nil || c.Counts(value) }
	for _, record := range c.Records(tx) {
		if !record.gone && counts(record.value) {
			count++
		}
	}
	limit := c.Limit
	if c.LimitOf != nil {
		limit = cmp.Or(c.LimitOf(tx.Behavior()), limit)
	}
	return count, limit > 0 && counts(value) && count >= limit
}

// Singleton is where an entity that exists once in a tenant keeps its object.
type Singleton[T any] struct {
	// Name makes the value not empty, so that two singletons are two: pointers to empty values may be equal.
	Name string
}

// Record is the object. It is the zero value until it is set.
func (s *Singleton[T]) Record(tx *Tx) *Record[T] {
	data := tx.data()
	if record, ok := data.collections[s].(*Record[T]); ok {
		return record
	}
	record := &Record[T]{}
	data.collections[s] = record
	return record
}

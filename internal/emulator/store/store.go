package store

import (
	"sync"
	"time"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
)

// Store holds a tenant and the behaviour in force.
type Store struct {
	now func() time.Time

	mu       sync.Mutex // guards everything below
	tenant   *tenant
	behavior control.Behavior
	changes  int // how often the behaviour has been set
	// challenges is how often a claims challenge has been asked for.
	challenges int
}

// New returns a store with an empty tenant. now is the clock for replica lag and dates.
func New(now func() time.Time) *Store {
	s := &Store{now: now}
	s.tenant = newTenant(&control.Tenant{})
	return s
}

// Tx is a transaction: while it runs, nobody else reads or writes. It must not be kept after its end.
//
// A change is made after everything about it has been checked. Nothing is rolled back.
type Tx struct {
	store    *Store // nil after the end
	now      time.Time
	writable bool
}

// View runs a transaction that changes nothing. A read can end a replica's lag, and that is why two of them exclude each other.
func (s *Store) View(do func(*Tx)) { s.run(do, false) }

// Update runs a transaction that may change data.
func (s *Store) Update(do func(*Tx)) { s.run(do, true) }

func (s *Store) run(do func(*Tx), writable bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	tx := &Tx{store: s, now: s.now(), writable: writable}
	defer func() { tx.store = nil }()
	do(tx)
}

// Read returns what a View returns.
func Read[T any](s *Store, do func(*Tx) T) T {
	var value T
	s.View(func(tx *Tx) { value = do(tx) })
	return value
}

// data is the tenant, for reading.
func (tx *Tx) data() *tenant { return tx.store.tenant }

// change is the tenant, for writing. Changing it in a View is a mistake in the emulator.
func (tx *Tx) change() *tenant {
	if !tx.writable {
		panic("emulator: a change outside of Update")
	}
	return tx.store.tenant
}

// Now is the time of the transaction.
func (tx *Tx) Now() time.Time { return tx.now }

// Behavior is the behaviour in force, which is not to be changed through the pointer.
func (tx *Tx) Behavior() *control.Behavior { return &tx.store.behavior }

// BehaviorChanges is how often the behaviour has been set.
func (tx *Tx) BehaviorChanges() int { return tx.store.changes }

// SetBehavior replaces the behaviour.
func (tx *Tx) SetBehavior(behavior control.Behavior) {
	_ = tx.change()
	behavior = *control.Clone(&behavior)
	if behavior.ClaimsChallenge && !tx.store.behavior.ClaimsChallenge {
		tx.store.challenges++
	}
	tx.store.behavior = behavior
	tx.store.changes++
}

// Challenges is how often a claims challenge has been asked for.
func (tx *Tx) Challenges() int { return tx.store.challenges }

// EndChallenge records that a token of after the last claims challenge has been accepted.
func (tx *Tx) EndChallenge() { tx.store.behavior.ClaimsChallenge = false }

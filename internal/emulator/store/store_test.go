package store_test

import (
	"testing"
	"time"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/store"
)

type thing struct {
	id      string
	deleted *time.Time
}

func things() *store.Collection[thing] {
	return &store.Collection[thing]{
		ID: func(t thing) string { return t.id }, DeletedAt: func(t *thing) **time.Time { return &t.deleted }, Limit: 2,
	}
}

// panics tells whether a function panics.
func panics(do func()) (did bool) {
	defer func() { did = recover() != nil }()
	do()
	return false
}

func TestDataIsReachedInATransactionOnly(t *testing.T) {
	data, all := store.New(time.Now), things()
	var kept *store.Tx
	data.Update(func(tx *store.Tx) {
		kept = tx
		all.Add(tx, thing{id: "a"})
	})
	if !panics(func() { all.Find(kept, "a") }) {
		t.Error("a transaction can be used after its end")
	}
	if !panics(func() { data.View(func(tx *store.Tx) { all.Add(tx, thing{id: "b"}) }) }) {
		t.Error("a View can change data")
	}
	// The lock is free again.
	if found := store.Read(data, func(tx *store.Tx) bool { return all.Find(tx, "A") != nil && all.Find(tx, "b") == nil }); !found {
		t.Error("the first change is lost, or the second is there")
	}
}

func TestEachTenantHasItsOwnCollections(t *testing.T) {
	data, all, others := store.New(time.Now), things(), things()
	data.Update(func(tx *store.Tx) {
		all.Add(tx, thing{id: "a"})
		if len(others.Records(tx)) > 0 {
			t.Error("two collections share their objects")
		}
		tx.Replace(&control.Tenant{})
		if len(all.Records(tx)) > 0 {
			t.Error("the objects of the tenant before are still there")
		}
	})
}

func TestABinKeepsWhatWasDeletedForThirtyDays(t *testing.T) {
	now := time.Now()
	data, all := store.New(func() time.Time { return now }), things()
	data.Update(func(tx *store.Tx) { all.Delete(tx, all.Add(tx, thing{id: "a"})) })
	now = now.Add(store.BinLifetime - time.Second)
	data.Update(func(tx *store.Tx) {
		all.EmptyBin(tx)
		if all.Find(tx, "a") != nil || all.FindDeleted(tx, "a") == nil {
			t.Fatal("it is not in the bin")
		}
		all.Restore(tx, all.FindDeleted(tx, "a"))
		if found := all.Find(tx, "a"); found == nil || found.Value().deleted != nil {
			t.Fatal("it is not back")
		}
		all.Delete(tx, all.Find(tx, "a"))
	})
	now = now.Add(store.BinLifetime)
	data.View(func(tx *store.Tx) {
		if all.EmptyBin(tx); all.Has(tx, "a") {
			t.Error("it is still in the bin")
		}
	})
}

func TestALimitCountsWhatIsNotDeleted(t *testing.T) {
	data, all := store.New(time.Now), things()
	data.Update(func(tx *store.Tx) {
		first := all.Add(tx, thing{id: "a"})
		all.Add(tx, thing{id: "b"})
		if count, full := all.Full(tx, thing{}); count != 2 || !full {
			t.Errorf("%d, %t", count, full)
		}
		all.Delete(tx, first)
		if count, full := all.Full(tx, thing{}); count != 1 || full {
			t.Errorf("%d, %t", count, full)
		}
		all.Counts = func(t thing) bool { return t.id == "b" }
		all.Add(tx, thing{id: "c"})
		if count, full := all.Full(tx, thing{id: "d"}); count != 1 || full {
			t.Errorf("%d, %t", count, full)
		}
	})
}

func TestReplicasLagBehindEveryKindOfChange(t *testing.T) {
	data, all := store.New(time.Now), things()
	sees := func() (seen bool) {
		data.View(func(tx *store.Tx) {
			for _, record := range all.Records(tx) {
				_, seen = record.Read(tx)
			}
		})
		return seen
	}
	data.Update(func(tx *store.Tx) {
		tx.SetBehavior(control.Behavior{ReplicaLag: control.ReplicaLag{Reads: 1, LagCreates: true, LagDeletes: true}})
		all.Create(tx, thing{id: "a"})
	})
	if sees() || !sees() {
		t.Error("the first read after a creation is not the only one that sees nothing")
	}
	data.Update(func(tx *store.Tx) { all.Find(tx, "a").Change(tx, thing{id: "b"}) })
	data.View(func(tx *store.Tx) {
		record := all.Records(tx)[0]
		if old, _ := record.Read(tx); old.id != "a" {
			t.Errorf("the first read sees %s", old.id)
		}
		if now, _ := record.Read(tx); now.id != "b" {
			t.Errorf("the second read sees %s", now.id)
		}
	})
	data.Update(func(tx *store.Tx) { all.Delete(tx, all.Find(tx, "b")) })
	if !sees() || sees() {
		t.Error("the first read after a deletion is not the only one that sees it")
	}
}

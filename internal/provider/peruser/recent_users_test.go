package peruser

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client"
)

// memory is a private state.
type memory map[string][]byte

func (m memory) GetKey(_ context.Context, key string) ([]byte, diag.Diagnostics) { return m[key], nil }

func (m memory) SetKey(_ context.Context, key string, value []byte) diag.Diagnostics {
	m[key] = value
	return nil
}

func (m memory) hints() []string { return client.DecodeUserHints(m[hintsKey]) }

func crowd(first, count int) []string {
	var ids []string
	for n := range count {
		ids = append(ids, fmt.Sprintf("abcdef00-0000-4000-8000-%012d", first+n))
	}
	return ids
}

func TestHintsAreTheUsersThatWereSeenLast(t *testing.T) {
	t.Parallel()
	var recent recentUsers
	ids := crowd(0, 50)
	for _, id := range ids {
		recent.note(strings.ToUpper(id))
	}
	want := slices.Clone(ids[18:49])
	slices.Reverse(want)
	if diff := cmp.Diff(want, recent.hints(ids[49], nil)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	// Of somebody who was not seen lately, the last ones.
	want = slices.Clone(ids[19:50])
	slices.Reverse(want)
	if diff := cmp.Diff(want, recent.hints(ids[0], crowd(100, 3))); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	recent.note(ids[30])
	recent.forget(ids[49])
	if first := recent.hints(ids[0], nil)[:2]; first[0] != ids[30] || first[1] != ids[48] {
		t.Errorf("the first hints are %v", first)
	}
	if n := len(recent.hints(ids[0], nil)); n != 31 {
		t.Errorf("%d hints without one who is forgotten", n)
	}
}

func TestWhoIsWrittenKeepsOlderHintsWhereThereIsRoom(t *testing.T) {
	t.Parallel()
	var recent recentUsers
	var diags diag.Diagnostics
	ids := crowd(0, 40)
	private := memory{hintsKey: client.EncodeUserHints(ids[1:31])}
	recent.note(ids[35])
	recent.note(ids[5])
	recent.keepHints(t.Context(), ids[0], private, &diags)
	want := append([]string{ids[5], ids[35]}, slices.DeleteFunc(slices.Clone(ids[1:31]), func(id string) bool { return id == ids[5] })...)
	if diff := cmp.Diff(want, private.hints()); diff != "" || diags.HasError() {
		t.Errorf("%v (-want +got):\n%s", diags, diff)
	}
	// Whoever is alone keeps nothing.
	alone := memory{}
	(&recentUsers{}).keepHints(t.Context(), ids[0], alone, &diags)
	if len(alone[hintsKey]) != 0 {
		t.Errorf("one user alone keeps %s", alone[hintsKey])
	}
}

func TestAReadWritesHintsOnlyWhereThereAreNearlyNoneAndManyAreKnown(t *testing.T) {
	t.Parallel()
	ids := crowd(0, 100)
	for _, c := range []struct {
		have, known int
		written     bool
	}{
		{0, manyHints - 1, false},
		{0, manyHints, true},
		{0, 31, true},
		{fewHints - 1, 40, true},
		{fewHints, 40, false},
		{31, 40, false},
	} {
		var recent recentUsers
		var diags diag.Diagnostics
		have := ids[50 : 50+c.have]
		private := memory{hintsKey: client.EncodeUserHints(have)}
		before := string(private[hintsKey])
		for _, id := range ids[1 : 1+c.known] {
			recent.note(id)
		}
		if c.known < manyHints {
			have = nil
		}
		recent.completeHints(t.Context(), ids[0], have, private, &diags)
		after := string(private[hintsKey])
		if (after != before) != c.written || diags.HasError() {
			t.Errorf("%d hints there and %d users known: written is %v, %v", c.have, c.known, after != before, diags)
		}
		recent.completeHints(t.Context(), ids[0], private.hints(), private, &diags)
		if string(private[hintsKey]) != after {
			t.Errorf("%d hints there and %d users known: a second read writes again", c.have, c.known)
		}
	}
}

package client

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"pgregory.net/rapid"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/clienttest"
)

func TestHintsComeBackAsTheyWereWritten(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		var ids []string
		for range rapid.IntRange(0, MaxUserHints+5).Draw(rt, "ids") {
			ids = append(ids, uuid.UUID(rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(rt, "id")).String())
		}
		text := EncodeUserHints(ids)
		if len(text) > 1000 || len(ids) > 0 && !json.Valid(text) || len(ids) == 0 && text != nil {
			rt.Fatalf("written as %q", text)
		}
		if diff := cmp.Diff(ids[:min(len(ids), MaxUserHints)], DecodeUserHints(text)); diff != "" {
			rt.Fatalf("(-written +read):\n%s", diff)
		}
	})
}

func TestHintsThatCannotBeReadAreNone(t *testing.T) {
	t.Parallel()
	good := string(EncodeUserHints([]string{strings.ToUpper(clienttest.AdeleID), "nobody", clienttest.AdeleID}))
	if diff := cmp.Diff([]string{clienttest.AdeleID, clienttest.AdeleID}, DecodeUserHints([]byte(good))); diff != "" {
		t.Error(diff)
	}
	if text := EncodeUserHints([]string{"nobody"}); text != nil {
		t.Errorf("no hint is written as %q", text)
	}
	for _, text := range []string{
		"", "null", "[]", "{", `"x"`, strings.Replace(good, `"v":1`, `"v":2`, 1), strings.Replace(good, `"ids":"`, `"ids":"A`, 1),
		strings.Replace(good, `"ids":"`, `"ids":"?`, 1), `{"v":1,"ids":"` + strings.Repeat("AAAA", 200) + `"}`, `{"v":1,"ids":7}`,
	} {
		if ids := DecodeUserHints([]byte(text)); len(ids) != 0 {
			t.Errorf("%q gives %v", text, ids)
		}
	}
}

func FuzzDecodeUserHints(f *testing.F) {
	f.Add([]byte(`{"v":1,"ids":"EREREREREREREREREREREQ"}`))
	f.Add([]byte(`{"v":1,"ids":""}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		ids := DecodeUserHints(text)
		if len(ids) > MaxUserHints {
			t.Fatalf("%d hints", len(ids))
		}
		if diff := cmp.Diff(ids, DecodeUserHints(EncodeUserHints(ids))); diff != "" {
			t.Fatal(diff)
		}
	})
}

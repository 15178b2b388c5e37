package value

import (
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/types"
)

func TestListsOfRangesAreEqualBySpellingAndSemanticallyByWhatTheyCover(t *testing.T) {
	unknownElement, diags := types.ListValue(types.StringType, append(NewRangeList([]string{"203.0.113.0/24"}).Elements(), types.StringUnknown()))
	if diags.HasError() {
		t.Fatal(diags)
	}
	for name, c := range map[string]struct {
		a, b        RangeList
		equal, same bool
	}{
		"the same":              {NewRangeList([]string{"203.0.113.0/24", "::/9"}), NewRangeList([]string{"203.0.113.0/24", "::/9"}), true, true},
		"another order":         {NewRangeList([]string{"203.0.113.0/24", "::/9"}), NewRangeList([]string{"::/9", "203.0.113.0/24"}), false, true},
		"another spelling":      {NewRangeList([]string{"203.0.113.0/24"}), NewRangeList([]string{"203.0.113.1/24"}), false, true},
		"another range":         {NewRangeList([]string{"203.0.113.0/24"}), NewRangeList([]string{"203.0.113.0/25"}), false, false},
		"one more":              {NewRangeList([]string{"203.0.113.0/24"}), NewRangeList([]string{"203.0.113.0/24", "::/9"}), false, false},
		"null":                  {RangeList{types.ListNull(types.StringType)}, RangeList{types.ListNull(types.StringType)}, true, false},
		"null and nothing":      {RangeList{types.ListNull(types.StringType)}, NewRangeList(nil), false, false},
		"unknown":               {RangeList{types.ListUnknown(types.StringType)}, RangeList{types.ListUnknown(types.StringType)}, true, false},
		"an unknown element":    {RangeList{unknownElement}, RangeList{unknownElement}, true, false},
		"unknown and the text":  {RangeList{unknownElement}, NewRangeList([]string{"203.0.113.0/24", types.StringUnknown().String()}), false, false},
		"nothing":               {NewRangeList(nil), NewRangeList(nil), true, true},
		"texts that are no use": {NewRangeList([]string{"a"}), NewRangeList([]string{"A"}), false, false},
	} {
		for _, pair := range [][2]RangeList{{c.a, c.b}, {c.b, c.a}} {
			same, _ := pair[0].ListSemanticEquals(t.Context(), pair[1])
			if pair[0].Equal(pair[1]) != c.equal || same != c.same {
				t.Errorf("%s: %s and %s are equal: %t, semantically: %t", name, pair[0], pair[1], pair[0].Equal(pair[1]), same)
			}
		}
	}
	if NewRangeList(nil).Equal(types.ListNull(types.StringType)) {
		t.Error("a list of another type is equal")
	}
}

func TestAListOfRangesGoesToTerraformAndBack(t *testing.T) {
	typ := NewRangeListType()
	unknown := RangeList{types.ListUnknown(types.StringType)}
	for _, list := range []RangeList{NewRangeList([]string{"203.0.113.0/24", "2001:db8::/48"}), NewRangeList(nil), unknown, {types.ListNull(types.StringType)}} {
		raw, err := list.ToTerraformValue(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		back, err := typ.ValueFromTerraform(t.Context(), raw)
		if err != nil || !list.Equal(back) || !back.Type(t.Context()).Equal(typ) {
			t.Errorf("%s came back as %s, error %v", list, back, err)
		}
	}
	if typ.Equal(typ.ListType) || !typ.Equal(NewRangeListType()) {
		t.Error("the type does not know itself")
	}
}

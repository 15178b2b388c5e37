package odata_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/odata"
)

type person struct {
	name, city string
	adult      bool
	tags       []string
}

var people = []person{
	{"Ann O'Hara", "Rome", true, []string{"staff", "admin"}},
	{"bob", "", false, nil},
	{"Cyd Lee2", "Oslo", true, []string{"staff"}},
}

var personType = odata.Type[person]{
	Name: "test.person",
	Properties: map[string]func(person) any{
		"displayName": func(p person) any { return p.name },
		"city": func(p person) any {
			if p.city == "" {
				return nil
			}
			return p.city
		},
		"adult": func(p person) any { return p.adult },
		"tags":  func(p person) any { return p.tags },
	},
	Defaults: []string{"displayName"}, Sortable: []string{"displayName"},
	Derived: []string{"test.adult"},
	TypeOf: func(p person) string {
		if p.adult {
			return "test.adult"
		}
		return "test.person"
	},
}

// found are the first letters of the people that match.
func found(matches func(person) bool) string {
	var letters strings.Builder
	for _, person := range people {
		if matches(person) {
			letters.WriteByte(person.name[0])
		}
	}
	return letters.String()
}

func TestFilters(t *testing.T) {
	for _, test := range []struct {
		filter   string
		advanced bool
		want     string // letters, or what the error says
	}{
		{"", false, "AbC"},
		{"displayName eq 'ann o''hara'", false, "A"},
		{"city eq null or startsWith(displayName,'CY')", false, "bC"},
		{"adult eq true and (city in ('Rome','Paris'))", false, "A"},
		{"tags/any(x:x eq 'staff') and not tags/any(x:startsWith(x,'ad'))", true, "C"},
		{"city ne 'Rome'", true, "bC"},
		{"endsWith(displayName,'lee2')", true, "C"},
		{"isof('test.adult')", false, "AC"},
		{"city ne 'Rome'", false, "Unsupported Query"},
		{"endsWith(displayName,'x')", false, "Unsupported Query"},
		{"age eq 3", false, "'age' on type 'test.person'"},
		{"displayName eq 'x", false, "unterminated"},
		{"displayName eq", false, "Expression expected"},
		{"displayName eq 'x' x", false, "Syntax error near 'x'"},
		{"isof('test.robot')", false, "derived from 'test.person'"},
	} {
		matches, err := odata.ParseFilter(test.filter, personType, test.advanced)
		var refused *odata.Error
		switch {
		case err == nil && found(matches) != test.want:
			t.Errorf("%s finds %s, want %s", test.filter, found(matches), test.want)
		case err != nil && (!errors.As(err, &refused) || refused.Status != 400 || !strings.Contains(refused.Message, test.want)):
			t.Errorf("%s: %v", test.filter, err)
		}
	}
}

func TestSearches(t *testing.T) {
	for search, want := range map[string]string{
		`"displayName:hara"`: "A", `"displayName:lee" OR "displayName:bob"`: "bC", `("displayName:cyd" AND "displayName:2")`: "C",
		`"city:ro"`: "A", `"city:ome"`: "",
	} {
		query := odata.Query{Search: search, Count: true, Eventual: true}
		matches, err := odata.Matcher(query, personType)
		if err != nil || found(matches) != want {
			t.Errorf("%s: %v", search, err)
		}
	}
	for _, search := range []string{`displayName:x`, `"x"`, `"age:x"`, `"displayName:x`, `("displayName:x"`} {
		if _, err := odata.Matcher(odata.Query{Search: search, Count: true, Eventual: true}, personType); err == nil {
			t.Errorf("%s is accepted", search)
		}
	}
}

func TestPagesFollowOneAnotherAlsoWhereItemsAreAddedBetweenThem(t *testing.T) {
	items := []string{"b", "c", "d"}
	query, err := odata.Parse("$top=2&$count=true&other=1", []string{"$top", "$count", "$skiptoken"})
	if err != nil {
		t.Fatal(err)
	}
	id := func(item string) string { return item }
	first, err := odata.Paginate(query, "https://x/items", items, id)
	if err != nil || !slices.Equal(first.Items, []string{"b", "c"}) || first.Total != 3 {
		t.Fatalf("%+v, %v", first, err)
	}
	_, rawQuery, _ := strings.Cut(first.NextLink, "?")
	query, err = odata.Parse(rawQuery, []string{"$top", "$count", "$skiptoken"})
	if err != nil {
		t.Fatal(err)
	}
	second, err := odata.Paginate(query, "https://x/items", append([]string{"a"}, items...), id)
	if err != nil || !slices.Equal(second.Items, []string{"d"}) || second.NextLink != "" {
		t.Errorf("%+v, %v", second, err)
	}
	if _, err := odata.Paginate(query, "https://x/items", []string{"d"}, id); err == nil {
		t.Error("the token of an item that is gone is accepted")
	}
}

func FuzzFilter(f *testing.F) {
	f.Add("displayName eq 'x' and (city ne null or not tags/any(x:x eq 'y'))")
	f.Add("isof('test.adult') or adult in (true,false)")
	f.Fuzz(func(_ *testing.T, filter string) {
		if matches, err := odata.ParseFilter(filter, personType, true); err == nil {
			found(matches)
		}
	})
}

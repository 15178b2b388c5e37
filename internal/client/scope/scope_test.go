package scope

import (
	"slices"
	"testing"
)

func TestWhomAPolicyCatches(t *testing.T) {
	t.Parallel()
	yes, no := true, false
	ada := Person{ID: "ADA", Groups: map[string]bool{"staff": true, "pilot": false}, Roles: map[string]bool{"admin": true, "reader": false}, Guest: &no}
	guest := Person{ID: "pat", Guest: &yes}
	stranger := Person{ID: "ada"}
	everybody := Scope{Everybody: true}
	for name, c := range map[string]struct {
		include, exclude Scope
		person           Person
		want             Answer
		because          Reason
	}{
		"nobody":                           {Scope{}, Scope{}, ada, No, Reason{}},
		"everybody":                        {everybody, Scope{}, ada, Yes, Reason{Kind: KindEverybody}},
		"everybody, unknown person":        {everybody, Scope{}, stranger, Yes, Reason{Kind: KindEverybody}},
		"everybody excluded":               {everybody, everybody, ada, No, Reason{}},
		"by id in another case":            {Scope{Users: []string{"Ada"}}, Scope{}, ada, Yes, Reason{KindUser, "ada"}},
		"another user":                     {Scope{Users: []string{"alex"}}, Scope{}, ada, No, Reason{}},
		"excluded by id":                   {everybody, Scope{Users: []string{"ada"}}, ada, No, Reason{}},
		"by a group":                       {Scope{Groups: []string{"pilot", "Staff"}}, Scope{}, ada, Yes, Reason{KindGroup, "staff"}},
		"by another group":                 {Scope{Groups: []string{"pilot"}}, Scope{}, ada, No, Reason{}},
		"by a group that nobody asked for": {Scope{Groups: []string{"pilot", "other"}}, Scope{}, ada, Unknown, Reason{}},
		"known beats unknown":              {Scope{Groups: []string{"other", "staff"}}, Scope{}, ada, Yes, Reason{KindGroup, "staff"}},
		"excluded by a group":              {everybody, Scope{Groups: []string{"STAFF"}}, ada, No, Reason{}},
		"perhaps excluded":                 {everybody, Scope{Groups: []string{"other"}}, ada, Unknown, Reason{Kind: KindEverybody}},
		"not included, perhaps excluded":   {Scope{Groups: []string{"pilot"}}, Scope{Groups: []string{"other"}}, ada, No, Reason{}},
		"excluded, perhaps included":       {Scope{Groups: []string{"other"}}, Scope{Users: []string{"ada"}}, ada, No, Reason{}},
		"by a role":                        {Scope{Roles: []string{"Admin"}}, Scope{}, ada, Yes, Reason{KindRole, "admin"}},
		"by another role":                  {Scope{Roles: []string{"reader"}}, Scope{}, ada, No, Reason{}},
		"by a role, nobody knows":          {Scope{Roles: []string{"admin"}}, Scope{}, stranger, Unknown, Reason{}},
		"excluded by a role":               {everybody, Scope{Roles: []string{"admin"}}, ada, No, Reason{}},
		"a group's id is not a role's":     {Scope{Roles: []string{"staff"}}, Scope{}, Person{Groups: map[string]bool{"staff": true}, Roles: map[string]bool{"staff": false}}, No, Reason{}},
		"guests":                           {Scope{Guests: true}, Scope{}, guest, Yes, Reason{Kind: KindGuests}},
		"guests, a member":                 {Scope{Guests: true}, Scope{}, ada, No, Reason{}},
		"guests, nobody knows":             {Scope{Guests: true}, Scope{}, stranger, Unknown, Reason{}},
		"guests excluded":                  {everybody, Scope{Guests: true}, guest, No, Reason{}},
		"guests excluded, nobody knows":    {everybody, Scope{Guests: true}, stranger, Unknown, Reason{Kind: KindEverybody}},
	} {
		if have, because := Catches(c.include, c.exclude, c.person); have != c.want || because != c.because {
			t.Errorf("%s: %d because of %+v, want %d because of %+v", name, have, because, c.want, c.because)
		}
	}
	if open := (Scope{Groups: []string{"staff", "other", "Pilot"}}).Open(ada); !slices.Equal(open, []string{"other"}) {
		t.Errorf("open are %q", open)
	}
}

package peruser

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client"
)

func TestAUserOfWhomNothingIsSaidPassesNeitherAValueNorItsOpposite(t *testing.T) {
	t.Parallel()
	user := func(text string) client.User {
		var user client.User
		if err := json.Unmarshal([]byte(text), &user); err != nil {
			t.Fatal(err)
		}
		return user
	}
	member := user(`{"id":"a","userType":"Member","accountEnabled":true,"assignedLicenses":[{"skuId":"x","disabledPlans":[]}]}`)
	old := user(`{"id":"b","userType":null,"accountEnabled":null,"assignedLicenses":null}`)
	bare := user(`{"id":"c","userType":"member","accountEnabled":false,"assignedLicenses":[]}`)
	text, is := types.StringValue, types.BoolValue
	for name, c := range map[string]struct {
		filter userFilter
		user   client.User
		chosen bool
		unsaid []string
	}{
		"no filter":                      {userFilter{}, old, true, nil},
		"a member":                       {userFilter{userType: text("Member"), accountEnabled: is(true), licensed: is(true)}, member, true, nil},
		"another case of the type":       {userFilter{userType: text("Member")}, bare, true, nil},
		"no guest":                       {userFilter{userType: text("Guest")}, member, false, nil},
		"not blocked":                    {userFilter{accountEnabled: is(false)}, member, false, nil},
		"blocked":                        {userFilter{accountEnabled: is(false), licensed: is(false)}, bare, true, nil},
		"without a license":              {userFilter{licensed: is(true)}, bare, false, nil},
		"a type that is not said":        {userFilter{userType: text("Member")}, old, false, []string{"user_type"}},
		"nothing said, the opposite":     {userFilter{userType: text("Guest"), accountEnabled: is(false), licensed: is(false)}, old, false, []string{"user_type", "account_enabled", "licensed"}},
		"left out for something else":    {userFilter{userType: text("Guest"), licensed: is(false)}, client.User{UserType: "Member"}, false, nil},
		"licenses that nobody asked for": {userFilter{licensed: is(true)}, client.User{UserType: "Member"}, false, []string{"licensed"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if chosen, unsaid := c.filter.passes(c.user); chosen != c.chosen || !slices.Equal(unsaid, c.unsaid) {
				t.Errorf("%v, %q; want %v, %q", chosen, unsaid, c.chosen, c.unsaid)
			}
		})
	}

	var diags diag.Diagnostics
	model := userMFAStatesDataModel{UserType: text("Member")}
	if left := model.choose([]client.User{member, old, bare, member}, &diags); len(left) != 2 || left[0].ID != "a" || left[1].ID != "c" {
		t.Errorf("left are %v", left)
	}
	if diags.WarningsCount() != 1 || diags.HasError() || diags[0].Summary() != "Nothing is known about user_type of b" || !strings.Contains(diags[0].Detail(), "left out, whatever user_type is: b.") {
		t.Errorf("%v", diags)
	}
}

package peruser_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/acctest"
)

const (
	listedGroupID = "33333333-cccc-4ccc-8ccc-000000000004"

	meganListed = "Megan Bowen (" + acctest.MeganUPN + ")"
	diegoListed = "Diego Siciliani (" + acctest.DiegoUPN + ")"
)

// newListedTenant has a blocked account, a user without a display name, and a group of four users, one of them by way of another group.
func newListedTenant(t *testing.T) *acctest.Tenant {
	t.Helper()
	people := acctest.Contoso()
	blocked := false
	for i := range people.Users {
		switch people.Users[i].ID {
		case acctest.AdeleID, acctest.MeganID, acctest.DollarID:
			people.Users[i].AssignedLicenses = []control.AssignedLicense{{SkuID: "05e9a617-0261-4cee-bb44-138d3ef5d965"}}
		}
		switch people.Users[i].ID {
		case acctest.DollarID:
			people.Users[i].AccountEnabled, people.Users[i].PerUserMFAState = &blocked, control.StateEnabled
		case acctest.ObrienID:
			people.Users[i].DisplayName = ""
		}
	}
	people.Groups = append(people.Groups, control.Group{
		ID: listedGroupID, DisplayName: "Listed", Members: []string{acctest.AdeleID, acctest.MeganID, acctest.GuestID, "33333333-cccc-4ccc-8ccc-000000000002"},
	})
	return acctest.StartTenant(t, people, acctest.Quick())
}

func TestTheListOfUsersHoldsWhoIsAskedFor(t *testing.T) {
	t.Parallel()
	l := newListedTenant(t).Lister(t, acctest.TypeName, nil)
	const (
		blocked = "Service (" + acctest.DollarUPN + ")"
		guest   = "Pat (guest) (" + acctest.GuestUPN + ")"
		rescue2 = "Emergency 2 (" + acctest.Rescue2UPN + ")"
	)
	everybody := []string{
		acctest.AdeleName, "Alex Wilber (" + acctest.AlexUPN + ")", meganListed, diegoListed, guest, blocked, acctest.ObrienUPN, "Emergency 1 (" + acctest.RescueUPN + ")", rescue2,
	}
	for name, tc := range map[string]struct {
		config map[string]any
		want   []string
	}{
		"everybody":                 {nil, everybody},
		"enabled":                   {map[string]any{"states": acctest.StringList("enabled")}, []string{meganListed, blocked}},
		"enabled or enforced":       {map[string]any{"states": acctest.StringList("enforced", "enabled")}, []string{meganListed, diegoListed, blocked}},
		"all states":                {map[string]any{"states": acctest.StringList("disabled", "enabled", "enforced")}, everybody},
		"a group":                   {map[string]any{"group_id": listedGroupID}, []string{acctest.AdeleName, meganListed, guest, rescue2}},
		"enabled in a group":        {map[string]any{"group_id": strings.ToUpper(listedGroupID), "states": acctest.StringList("enabled")}, []string{meganListed}},
		"nobody in a group":         {map[string]any{"group_id": acctest.EmptyGroupID}, nil},
		"guests":                    {map[string]any{"user_type": "Guest"}, []string{guest}},
		"guests of a group":         {map[string]any{"user_type": "Guest", "group_id": listedGroupID}, []string{guest}},
		"members of a group":        {map[string]any{"user_type": "Member", "group_id": listedGroupID}, []string{acctest.AdeleName, meganListed, rescue2}},
		"blocked":                   {map[string]any{"account_enabled": false}, []string{blocked}},
		"enabled and not blocked":   {map[string]any{"account_enabled": true, "states": acctest.StringList("enabled")}, []string{meganListed}},
		"licensed":                  {map[string]any{"licensed": true}, []string{acctest.AdeleName, meganListed, blocked}},
		"licensed, not blocked":     {map[string]any{"licensed": true, "account_enabled": true, "group_id": listedGroupID}, []string{acctest.AdeleName, meganListed}},
		"without a license":         {map[string]any{"licensed": false, "group_id": listedGroupID}, []string{guest, rescue2}},
		"blocked guests":            {map[string]any{"account_enabled": false, "user_type": "Guest"}, nil},
		"not blocked, of the group": {map[string]any{"account_enabled": true, "group_id": listedGroupID}, []string{acctest.AdeleName, meganListed, guest, rescue2}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			have := l.Names(l.List(tc.config, 100, false))
			slices.Sort(have)
			if difference := cmp.Diff(slices.Sorted(slices.Values(tc.want)), have); difference != "" {
				t.Errorf("(-want +got):\n%s", difference)
			}
		})
	}
}

func TestAListedUserIsWhatAnImportMakesOfThem(t *testing.T) {
	t.Parallel()
	l := newListedTenant(t).Lister(t, acctest.TypeName, nil)
	for _, include := range []bool{true, false} {
		results := l.List(map[string]any{"states": acctest.StringList("enabled", "enforced")}, 100, include)
		if names := l.Names(results); len(names) != 3 {
			t.Fatalf("listed are %q", names)
		}
		for _, result := range results {
			identity, err := result.Identity.IdentityData.Unmarshal(l.Identity)
			if err != nil {
				t.Fatal(err)
			}
			imported := l.Imported(identity)
			if id := acctest.AttributeOf(t, identity, "user_id"); !id.Equal(acctest.AttributeOf(t, imported, "id")) {
				t.Errorf("the identity of %s is %s", result.DisplayName, id)
			}
			if !include {
				if result.Resource != nil {
					t.Errorf("%s comes with a resource that nobody asked for", result.DisplayName)
				}
				continue
			}
			have, err := result.Resource.Unmarshal(l.Type)
			if err != nil {
				t.Fatal(err)
			}
			// The one exception, or the configuration that is generated from it would name the user twice.
			var attributes map[string]tftypes.Value
			if err := imported.As(&attributes); err != nil {
				t.Fatal(err)
			}
			attributes["user_id"] = tftypes.NewValue(tftypes.String, nil)
			if want := tftypes.NewValue(l.Type, attributes); !have.Equal(want) {
				t.Errorf("the list has %s as\n%s\nand an import as\n%s", result.DisplayName, have, want)
			}
		}
	}
}

// The configuration that Terraform generates is made of the listed resource by this provider.
func TestTheConfigurationGeneratedOfAListedUserIsValid(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	l := newListedTenant(t).Lister(t, acctest.TypeName, nil)
	results := l.List(map[string]any{"states": acctest.StringList("enabled", "enforced")}, 100, true)
	if names := l.Names(results); len(names) != 3 {
		t.Fatalf("listed are %q", names)
	}
	generator, ok := l.Server.(interface {
		GenerateResourceConfig(context.Context, *tfprotov6.GenerateResourceConfigRequest) (*tfprotov6.GenerateResourceConfigResponse, error)
	})
	if !ok {
		t.Fatal("the provider generates no configuration")
	}
	validate := func(state *tfprotov6.DynamicValue) (tftypes.Value, []*tfprotov6.Diagnostic) {
		t.Helper()
		generated, err := generator.GenerateResourceConfig(ctx, &tfprotov6.GenerateResourceConfigRequest{TypeName: acctest.TypeName, State: state})
		if err != nil {
			t.Fatal(err)
		}
		acctest.NoErrors(t, generated.Diagnostics)
		validated, err := l.Server.ValidateResourceConfig(ctx, &tfprotov6.ValidateResourceConfigRequest{TypeName: acctest.TypeName, Config: generated.Config})
		if err != nil {
			t.Fatal(err)
		}
		config, err := generated.Config.Unmarshal(l.Type)
		if err != nil {
			t.Fatal(err)
		}
		return config, validated.Diagnostics
	}
	for _, result := range results {
		config, diagnostics := validate(result.Resource)
		acctest.NoErrors(t, diagnostics)
		if name := acctest.AttributeOf(t, config, "user_principal_name"); name.IsNull() || !acctest.AttributeOf(t, config, "user_id").IsNull() {
			t.Errorf("the configuration generated of %s does not name them once:\n%s", result.DisplayName, config)
		}
		// It plans no change of what is imported.
		identity, err := result.Identity.IdentityData.Unmarshal(l.Identity)
		if err != nil {
			t.Fatal(err)
		}
		prior := l.Imported(identity)
		var proposed map[string]tftypes.Value
		if err := prior.As(&proposed); err != nil {
			t.Fatal(err)
		}
		planned, err := l.Server.PlanResourceChange(ctx, &tfprotov6.PlanResourceChangeRequest{
			TypeName: acctest.TypeName, PriorState: acctest.Dynamic(t, prior), Config: acctest.Dynamic(t, config), ProposedNewState: acctest.Dynamic(t, tftypes.NewValue(l.Type, proposed)),
		})
		if err != nil {
			t.Fatal(err)
		}
		acctest.NoErrors(t, planned.Diagnostics)
		if after, err := planned.PlannedState.Unmarshal(l.Type); err != nil || !after.Equal(prior) {
			t.Errorf("the plan after an import of %s is (%v)\n%s\nand the state\n%s", result.DisplayName, err, after, prior)
		}
	}
	// The control: made of a state, which has both names, it has both, and is valid too.
	config, diagnostics := validate(acctest.Dynamic(t, l.Imported(l.IdentityOf("user_id", acctest.MeganID))))
	acctest.NoErrors(t, diagnostics)
	if acctest.AttributeOf(t, config, "user_principal_name").IsNull() || acctest.AttributeOf(t, config, "user_id").IsNull() {
		t.Errorf("the configuration generated of an import is\n%s", config)
	}
}

func TestAListReadsNoMoreThanItIsAskedFor(t *testing.T) {
	t.Parallel()
	const members = 2500
	// Nobody but these three has a state that is looked for: on the first page, the second and the third.
	people := acctest.Contoso()
	people.Users, people.Groups = nil, nil
	for n := range members {
		user := control.User{ID: acctest.MemberID(n), UserPrincipalName: acctest.MemberUPN(n)}
		if n == 5 || n == 1200 || n == 2400 {
			user.PerUserMFAState = control.StateEnabled
		}
		people.Users = append(people.Users, user)
	}
	tn := acctest.StartTenant(t, people, acctest.Quick())
	l := tn.Lister(t, acctest.TypeName, nil)
	enabled := map[string]any{"states": acctest.StringList("enabled")}
	for _, tc := range []struct {
		name    string
		config  map[string]any
		limit   int64
		include bool
		results int
		pages   int
		// states is how many states are read at least and at most.
		states [2]int
	}{
		{"one", nil, 1, false, 1, 1, [2]int{0, 0}},
		{"a page", nil, 999, false, 999, 1, [2]int{0, 0}},
		{"one more than a page", nil, 1000, false, 1000, 2, [2]int{0, 0}},
		{"all", nil, members, false, members, 3, [2]int{0, 0}},
		{"more than there are", nil, members + 1, false, members, 3, [2]int{0, 0}},
		{"without a limit", nil, 0, false, members, 3, [2]int{0, 0}},
		{"one, with their state", nil, 1, true, 1, 1, [2]int{1, 1}},
		{"some, with their state", nil, 37, true, 37, 1, [2]int{37, 37}},
		{"more than a page, with their state", nil, 1000, true, 1000, 2, [2]int{1000, 1000}},
		{"the first of a state", enabled, 1, false, 1, 1, [2]int{20, 20}},
		{"the second of a state", enabled, 2, false, 2, 2, [2]int{1201, 2 * 1201}},
		{"all of a state", enabled, 3, true, 3, 3, [2]int{2401, members}},
		{"all of a state, and nobody knows that there are no more", enabled, 4, false, 3, 3, [2]int{members, members}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			tn.Asked()
			names := l.Names(l.List(tc.config, tc.limit, tc.include))
			pages, states, requests := tn.Asked()
			if len(names) != tc.results || pages != tc.pages || states < tc.states[0] || states > tc.states[1] {
				t.Errorf("%d results of %d pages and %d states, want %d of %d and %d to %d", len(names), pages, states, tc.results, tc.pages, tc.states[0], tc.states[1])
			}
			// Twenty travel together where there are many; of a few, the first may leave before the others have come.
			if states >= 1000 && requests > pages+states/4 {
				t.Errorf("%d requests for %d pages and %d states", requests, pages, states)
			}
		})
	}
	t.Run("whoever stops asking", func(t *testing.T) {
		for results, want := range map[int]int{3: 1, 999: 1, 1000: 2, members: 3} {
			tn.Asked()
			read := 0
			for range l.Stream(nil, 0, false).Results {
				if read++; read == results {
					break
				}
			}
			if pages, _, _ := tn.Asked(); read != results || pages != want {
				t.Errorf("%d results of %d pages, want %d of %d", read, pages, results, want)
			}
		}
	})
}

func TestAUserWhoIsOnTwoPagesIsListedOnce(t *testing.T) {
	t.Parallel()
	people := acctest.Contoso()
	for n := range 1500 {
		people.Users = append(people.Users, control.User{ID: acctest.MemberID(n), UserPrincipalName: acctest.MemberUPN(n)})
	}
	tn := acctest.StartTenant(t, people, acctest.Quick())
	l := tn.Lister(t, acctest.TypeName, nil)
	tn.Fault(control.Fault{Path: "/v1.0/users", After: 1, Status: 200, Body: fmt.Sprintf(
		`{"value":[{"id":%q,"userPrincipalName":%q},{"id":%q,"userPrincipalName":%q}]}`, acctest.AdeleID, acctest.AdeleUPN, acctest.MemberID(1499), acctest.MemberUPN(1499))})()
	names := l.Names(l.List(nil, 5000, false))
	if len(names) != 1000 || names[999] != acctest.MemberUPN(1499) {
		t.Errorf("%d users are listed, the last one is %s", len(names), names[len(names)-1])
	}
}

func TestAListOfUsersThatFailsSaysSo(t *testing.T) {
	t.Parallel()
	always := 0
	for name, tc := range map[string]struct {
		fault  control.Fault
		config map[string]any
		app    map[string]any
		want   []string
	}{
		"no such group": {
			config: map[string]any{"group_id": acctest.NobodyID},
			want:   []string{"group_id", `Group "` + acctest.NobodyID + `" not found`, "There is no such group in tenant " + acctest.TenantID + ". Check the id"},
		},
		"a group that cannot be read": {
			fault:  control.Fault{Path: "/v1.0/groups/", Status: 403, Code: "Authorization_RequestDenied", Times: &always},
			config: map[string]any{"group_id": listedGroupID},
			want:   []string{"group_id", `Unable to list the members of group "` + listedGroupID + `"`, "GroupMember.Read.All"},
		},
		"a group whose users cannot be read": {
			fault: control.Fault{
				Path: "/v1.0/groups/", Status: 200, Times: &always,
				Body: fmt.Sprintf(`{"value":[{"id":%q,"userPrincipalName":%q,"userType":"Member"},{"id":%q,"userPrincipalName":null}]}`, acctest.AdeleID, acctest.AdeleUPN, acctest.MeganID),
			},
			config: map[string]any{"group_id": listedGroupID, "user_type": "Member"},
			want:   []string{"group_id", `The members of group "` + listedGroupID + `" have no names`, "not its users: " + acctest.MeganID + ". ", "User.Read.All"},
		},
		"users that cannot be read": {
			fault: control.Fault{Path: "/v1.0/users", Status: 403, Code: "Authorization_RequestDenied", Times: &always},
			want:  []string{"Unable to list the users of the tenant", "User.Read.All"},
		},
		"the state of one user": {
			fault:  control.Fault{PathRegexp: acctest.MeganID + "/authentication/requirements$", Status: 500, Code: "generalException", Times: &always},
			config: map[string]any{"states": acctest.StringList("enforced")},
			want:   []string{"Unable to read the per-user MFA state of " + acctest.MeganUPN, "The list ends here, because it would leave them out", "HTTP 500 generalException"},
		},
		"no permission for states": {
			fault:  control.Fault{PathRegexp: "/authentication/requirements$", Status: 403, Code: "Authorization_RequestDenied", Times: &always},
			config: map[string]any{"states": acctest.StringList("enforced")},
			want:   []string{"Unable to read the per-user MFA state of 9 users", acctest.AdeleUPN, acctest.MeganUPN, "Policy.Read.All"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tn := newListedTenant(t)
			l := tn.Lister(t, acctest.TypeName, tc.app)
			if tc.fault.Status != 0 {
				tn.Fault(tc.fault)()
			}
			listed, text := l.Failure(l.List(tc.config, 100, false))
			if len(listed) != 0 || !acctest.Says(tc.want...).MatchString(text) {
				t.Errorf("listed are %q, and the error is\n%s\nwant it to say %q", listed, text, tc.want)
			}
		})
	}
}

func TestWhatWasListedBeforeAFailureIsThere(t *testing.T) {
	t.Parallel()
	people := acctest.Contoso()
	for n := range 1500 {
		people.Users = append(people.Users, control.User{ID: acctest.MemberID(n), UserPrincipalName: acctest.MemberUPN(n)})
	}
	tn := acctest.StartTenant(t, people, acctest.Quick())
	l := tn.Lister(t, acctest.TypeName, nil)
	always := 0
	tn.Fault(control.Fault{Path: "/v1.0/users", After: 2, Status: 503, Code: "serviceNotAvailable", Times: &always})()
	// A list that is content with the first page meets no failure.
	if names := l.Names(l.List(nil, 999, false)); len(names) != 999 {
		t.Errorf("%d users are listed", len(names))
	}
	listed, text := l.Failure(l.List(nil, 5000, false))
	if len(listed) != 999 || !acctest.Says("Unable to list the users of the tenant", "HTTP 503 serviceNotAvailable").MatchString(text) {
		t.Errorf("%d users are listed, and the error is %s", len(listed), text)
	}
}

func TestAUserWhoIsDeletedDuringTheListIsNotInIt(t *testing.T) {
	t.Parallel()
	tn := newListedTenant(t)
	l := tn.Lister(t, acctest.TypeName, nil)
	always := 0
	// Deleted between the page and the read of the state.
	tn.Fault(control.Fault{PathRegexp: "/users/" + acctest.MeganID, Status: 404, Code: "Request_ResourceNotFound", Message: "no such user", Times: &always})()
	if names := l.Names(l.List(map[string]any{"states": acctest.StringList("enabled", "enforced")}, 100, false)); !slices.Contains(names, diegoListed) || slices.Contains(names, meganListed) {
		t.Errorf("listed are %q", names)
	}
	tn.Heal()()
	if names := l.Names(l.List(map[string]any{"states": acctest.StringList("enabled", "enforced")}, 100, false)); !slices.Contains(names, meganListed) {
		t.Errorf("listed are %q", names)
	}
}

func TestAConfigurationOfTheListOfUsersThatMeansNothingIsRefused(t *testing.T) {
	t.Parallel()
	l := newListedTenant(t).Lister(t, acctest.TypeName, nil)
	for name, tc := range map[string]struct {
		config map[string]any
		want   []string
	}{
		"a state that there is not": {map[string]any{"states": acctest.StringList("Enabled")}, []string{"states", "Invalid per-user MFA state", `"Enabled"`}},
		"no states":                 {map[string]any{"states": acctest.StringList()}, []string{"states", "at least 1"}},
		"a group by name":           {map[string]any{"group_id": "Sales"}, []string{"group_id", "Invalid GUID", `"Sales" is not an id`}},
		"a type that there is not":  {map[string]any{"user_type": "guest"}, []string{"user_type", `"Member" "Guest"`}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			errors := acctest.Told(tfprotov6.DiagnosticSeverityError, l.ValidateList(tc.config))
			if len(errors) != 1 || !acctest.Says(tc.want...).MatchString(errors[0]) {
				t.Errorf("the errors are %q, want one that says %q", errors, tc.want)
			}
		})
	}
}

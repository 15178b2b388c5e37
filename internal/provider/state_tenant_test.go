package provider_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/acctest"
)

const fabrikamTenantID = "9a1f4a6e-2c51-4f0b-9f0e-0d7b6f5c1a99"

// fabrikam is another tenant that knows the same app, and nobody and nothing else of the first one. Only the campaign has the same id.
func fabrikam() *control.Tenant {
	people := acctest.LocationTenant()
	people.TenantID, people.DisplayName, people.DefaultDomain = fabrikamTenantID, "Fabrikam", "fabrikam.example"
	people.Users = []control.User{{ID: acctest.NobodyID, UserPrincipalName: "pat@fabrikam.example", DisplayName: "Pat", PerUserMFAState: control.StateEnabled}}
	people.Groups, people.NamedLocations, people.ConditionalAccessPolicies, people.Objects = nil, nil, nil, nil
	people.AuthenticationMethodsPolicy = &control.AuthenticationMethodsPolicy{}
	return people
}

// inFabrikam is a machine whose shell has the variables of the other tenant.
func inFabrikam(t *testing.T) *acctest.Machine {
	t.Helper()
	m := acctest.NewMachine(t, fabrikam())
	m.Block = map[string]any{"tenant_id": fabrikamTenantID}
	return m
}

// withPrivate changes a value of a private state; an empty one is removed.
func withPrivate(t *testing.T, private []byte, key, value string) []byte {
	t.Helper()
	raw := map[string][]byte{}
	for name, text := range acctest.PrivateOf(t, private) {
		raw[name] = []byte(text)
	}
	raw[key] = []byte(value)
	if value == "" {
		delete(raw, key)
	}
	text, err := json.Marshal(raw)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// managedThings are a resource of each type: what it is made from, a change of it, and what it is imported by.
var managedThings = map[string]struct {
	typeName         string
	config, changed  map[string]any
	importID         string
	onlyInOneTenant  bool
	keepsWithoutTask bool
}{
	"a strength": {
		typeName: typeStrength, config: strengthOf("Keys", "fido2"), changed: strengthOf("Keys", "windowsHelloForBusiness"), importID: acctest.StrengthID, onlyInOneTenant: true,
	},
	"a user": {
		typeName: acctest.TypeName, config: map[string]any{"user_id": acctest.AdeleID, "state": "enabled", "allow_promotion": false, "on_destroy": "disable"},
		changed:  map[string]any{"user_id": acctest.AdeleID, "state": "disabled", "allow_promotion": false, "on_destroy": "disable"},
		importID: acctest.MeganID, onlyInOneTenant: true,
	},
	"a user who is kept": {
		typeName: acctest.TypeName, config: map[string]any{"user_id": acctest.AdeleID, "state": "enabled", "allow_promotion": false, "on_destroy": "keep"},
		changed:  map[string]any{"user_id": acctest.AdeleID, "state": "disabled", "allow_promotion": false, "on_destroy": "keep"},
		importID: acctest.MeganUPN, onlyInOneTenant: true,
	},
	"many users": {
		typeName: acctest.StatesTypeName, config: acctest.Having(acctest.Having(acctest.WantedUsers(acctest.AdeleUPN, "enabled", acctest.AlexID, "disabled"), "allow_promotion", false), "on_destroy", "disable"),
		changed:  acctest.Having(acctest.Having(acctest.WantedUsers(acctest.AdeleUPN, "disabled", acctest.AlexID, "disabled"), "allow_promotion", false), "on_destroy", "disable"),
		importID: acctest.MeganID + "," + acctest.DiegoUPN, onlyInOneTenant: true,
	},
	"many users who are kept": {
		typeName: acctest.StatesTypeName, config: acctest.Having(acctest.Having(acctest.WantedUsers(acctest.AdeleUPN, "enabled"), "allow_promotion", false), "on_destroy", "keep"),
		changed:  acctest.Having(acctest.Having(acctest.WantedUsers(acctest.AdeleUPN, "disabled"), "allow_promotion", false), "on_destroy", "keep"),
		importID: acctest.MeganID, onlyInOneTenant: true,
	},
	"the campaign": {
		typeName: acctest.PolicyTypeName, config: map[string]any{"state": "disabled"}, changed: map[string]any{"state": "microsoft_managed"},
		importID: acctest.PolicyID,
	},
	"a location": {
		typeName: acctest.LocationType, config: acctest.Location("Office", "203.0.113.0/24"), changed: acctest.Location("Office", "203.0.113.0/25"),
		importID: acctest.BranchID, onlyInOneTenant: true,
	},
	"a location of countries": {
		typeName: acctest.CountryType, config: acctest.Countries("Nordics", "DK", "NO"), changed: acctest.Countries("Nordics", "DK"),
		importID: acctest.ItalyID, onlyInOneTenant: true,
	},
	"a policy": {
		typeName: typeAccessPolicy, config: acctest.AccessPolicy("MFA", "enabledForReportingButNotEnforced"), changed: acctest.AccessPolicy("MFA", "disabled"),
		importID: acctest.BranchOnly, onlyInOneTenant: true,
	},
	// Another range replaces the resource; what changes in place is how long an operation may take.
	"one range": {
		typeName: acctest.RangeType, config: acctest.RangeIn(acctest.DepotID, "203.0.113.0/24"),
		changed:  acctest.Having(acctest.RangeIn(acctest.DepotID, "203.0.113.0/24"), "timeouts", timeoutsBlock("read", "90s")),
		importID: acctest.DepotID + "/192.0.2.0/28", onlyInOneTenant: true,
	},
}

// refusedIn fails the test unless an operation was refused for the tenants' sake and by nothing else.
func refusedIn(t *testing.T, operation string, diagnostics []*tfprotov6.Diagnostic) {
	t.Helper()
	found := acctest.Problems(diagnostics)
	if len(found) != 1 || !acctest.Says("State of another tenant: This state was made in tenant "+acctest.TenantID+", and the provider is signed in to tenant "+fabrikamTenantID,
		"Nothing was planned or changed", "terraform state rm").MatchString(found[0]) {
		t.Errorf("%s says %q", operation, found)
	}
}

func TestAStateOfAnotherTenantIsRefusedBeforeAnythingIsAsked(t *testing.T) {
	t.Parallel()
	for name, thing := range managedThings {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			here, there := acctest.NewMachine(t, acctest.LocationTenant()), inFabrikam(t)
			made := here.ApplyAll(thing.typeName, acctest.Kept{}, thing.config)
			if have := acctest.PrivateOf(t, made.Private)["tenant"]; have != `"`+acctest.TenantID+`"` {
				t.Errorf("the private state of what was made has the tenant %q", have)
			}
			imported, diagnostics := here.Process().ImportID(thing.typeName, thing.importID)
			acctest.NoErrors(t, diagnostics)

			// A plan of each kind that is right, and was saved.
			planning := here.Process()
			update, diagnostics := planning.Plan(thing.typeName, made, thing.changed)
			acctest.NoErrors(t, diagnostics)
			destroy, diagnostics := planning.Plan(thing.typeName, made, nil)
			acctest.NoErrors(t, diagnostics)

			before := there.Picture()
			for which, have := range map[string]acctest.Kept{"made": made, "imported": imported} {
				process := there.Process()
				if err := there.Tenant.ClearRequests(context.Background()); err != nil {
					t.Fatal(err)
				}
				after, diagnostics := process.Read(thing.typeName, have)
				refusedIn(t, "the refresh of what was "+which, diagnostics)
				if !after.Same(have) {
					t.Errorf("the refresh of what was %s leaves %s", which, after)
				}
				_, diagnostics = process.Plan(thing.typeName, have, thing.changed)
				refusedIn(t, "the plan of what was "+which, diagnostics)
				_, diagnostics = process.Plan(thing.typeName, have, thing.config)
				refusedIn(t, "the plan without a change of what was "+which, diagnostics)
				_, diagnostics = process.Plan(thing.typeName, have, nil)
				refusedIn(t, "the plan of a destroy of what was "+which, diagnostics)
			}
			process := there.Process()
			after, diagnostics := process.Apply(thing.typeName, made, update)
			refusedIn(t, "the apply of a saved plan", diagnostics)
			if !after.Same(made) {
				t.Errorf("the apply of a saved plan leaves %s", after)
			}
			after, diagnostics = process.Apply(thing.typeName, made, destroy)
			refusedIn(t, "the apply of a saved destroy", diagnostics)
			if !after.Same(made) {
				t.Errorf("the apply of a saved destroy leaves %s", after)
			}
			if sent := there.Tenant.Sent(http.MethodGet, http.MethodPost, http.MethodPatch, http.MethodDelete); sent != 0 {
				t.Errorf("the other tenant was sent %d requests", sent)
			}
			if after := there.Picture(); after != before {
				t.Errorf("the other tenant was\n%s\nand is\n%s", before, after)
			}

			if thing.onlyInOneTenant {
				_, diagnostics = process.ImportID(thing.typeName, thing.importID)
				if found := acctest.Problems(diagnostics); len(found) != 1 || !acctest.Says("not found", "tenant "+fabrikamTenantID).MatchString(found[0]) {
					t.Errorf("the import of what the other tenant does not have says %q", found)
				}
			}

			// The control: the same in the right tenant.
			process = here.Process()
			if after := here.Refresh(process, thing.typeName, made); !after.Same(made) || string(after.Private) != string(made.Private) {
				t.Errorf("the right tenant's refresh makes\n%s\nof\n%s", after, made)
			}
			here.Refresh(process, thing.typeName, imported)
			made, diagnostics = process.Apply(thing.typeName, made, update)
			acctest.NoErrors(t, diagnostics)
			destroy, diagnostics = process.Plan(thing.typeName, made, nil)
			acctest.NoErrors(t, diagnostics)
			gone, diagnostics := process.Apply(thing.typeName, made, destroy)
			acctest.NoErrors(t, diagnostics)
			if !gone.Nothing() {
				t.Errorf("the destroy leaves %s", gone)
			}
		})
	}
}

func TestAStateWithoutATenantGetsTheOneThatItIsFirstReadIn(t *testing.T) {
	t.Parallel()
	for name, thing := range managedThings {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			here, there := acctest.NewMachine(t, acctest.LocationTenant()), inFabrikam(t)
			old := here.ApplyAll(thing.typeName, acctest.Kept{}, thing.config)
			old.Private = withPrivate(t, old.Private, "tenant", "")

			// A plan without a refresh, of the time between the upgrade and the first refresh.
			update, diagnostics := here.Process().Plan(thing.typeName, old, thing.changed)
			acctest.NoErrors(t, diagnostics)
			written, diagnostics := here.Process().Apply(thing.typeName, old, update)
			acctest.NoErrors(t, diagnostics)
			read := here.Refresh(here.Process(), thing.typeName, old)
			for which, have := range map[string]acctest.Kept{"written": written, "read": read} {
				if have := acctest.PrivateOf(t, have.Private)["tenant"]; have != `"`+acctest.TenantID+`"` {
					t.Errorf("what was %s has the tenant %q", which, have)
				}
				_, diagnostics := there.Process().Read(thing.typeName, have)
				refusedIn(t, "the refresh of what was "+which, diagnostics)
			}
			// What else it has remembered is as it was.
			want := acctest.PrivateOf(t, old.Private)
			want["tenant"] = `"` + acctest.TenantID + `"`
			if have := acctest.PrivateOf(t, read.Private); !maps.Equal(have, want) {
				t.Errorf("the private state is %v, want %v", have, want)
			}
			if again := here.Refresh(here.Process(), thing.typeName, read); string(again.Private) != string(read.Private) {
				t.Errorf("a second refresh makes %s of the private state %s", again.Private, read.Private)
			}
		})
	}
}

func TestATenantIsTheSameWhateverItIsNamedBy(t *testing.T) {
	t.Parallel()
	thing := managedThings["the campaign"]
	m := acctest.NewMachine(t, acctest.LocationTenant())
	var private []string
	for _, name := range []string{acctest.TenantID, strings.ToUpper(acctest.TenantID), "contoso.example"} {
		m.Block = map[string]any{"tenant_id": name}
		read, diagnostics := m.Process().ImportID(thing.typeName, thing.importID)
		acctest.NoErrors(t, diagnostics)
		private = append(private, acctest.PrivateOf(t, read.Private)["tenant"])
		// In what another spelling has imported.
		read.Private = withPrivate(t, read.Private, "tenant", `"`+strings.ToUpper(acctest.TenantID)+`"`)
		m.Refresh(m.Process(), thing.typeName, read)
	}
	if want := fmt.Sprint([]string{`"` + acctest.TenantID + `"`, `"` + acctest.TenantID + `"`, `"` + acctest.TenantID + `"`}); fmt.Sprint(private) != want {
		t.Errorf("the tenants are %s", private)
	}

	// A message calls it by the domain as well.
	other := acctest.NewMachine(t, fabrikam())
	other.Block = map[string]any{"tenant_id": "fabrikam.example"}
	m.Block = nil
	made := m.ApplyAll(thing.typeName, acctest.Kept{}, thing.config)
	_, diagnostics := other.Process().Read(thing.typeName, made)
	if found := acctest.Problems(diagnostics); len(found) != 1 || !acctest.Says("signed in to tenant "+fabrikamTenantID+` ("fabrikam.example")`).MatchString(found[0]) {
		t.Errorf("it says %q", found)
	}
}

func TestAProviderThatIsNotKnownYetLeavesTheTenantToTheApply(t *testing.T) {
	t.Parallel()
	thing := managedThings["the campaign"]
	here, there := acctest.NewMachine(t, acctest.LocationTenant()), inFabrikam(t)
	made := here.ApplyAll(thing.typeName, acctest.Kept{}, thing.config)
	there.Block["client_secret"] = tftypes.NewValue(tftypes.String, tftypes.UnknownValue)
	update, diagnostics := there.Process().Plan(thing.typeName, made, thing.changed)
	acctest.NoErrors(t, diagnostics)
	delete(there.Block, "client_secret")
	_, diagnostics = there.Process().Apply(thing.typeName, made, update)
	refusedIn(t, "the apply", diagnostics)
}

func TestADamagedPrivateStateSaysHowToMendIt(t *testing.T) {
	t.Parallel()
	for name, thing := range managedThings {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := acctest.NewMachine(t, acctest.LocationTenant())
			made := m.ApplyAll(thing.typeName, acctest.Kept{}, thing.config)
			process := m.Process()
			update, diagnostics := process.Plan(thing.typeName, made, thing.changed)
			acctest.NoErrors(t, diagnostics)
			for which, private := range map[string][]byte{
				"no JSON":            []byte("garbage"),
				"a list":             []byte("[1]"),
				"texts":              []byte(`{"tenant":"` + acctest.TenantID + `"}`),
				"numbers":            []byte(`{"tenant":5}`),
				"a value of no JSON": []byte(`{"tenant":"` + "Z2FyYmFnZQ==" + `"}`),
				"another kind":       withPrivate(t, made.Private, "tenant", `{"id":5}`),
				"no id":              withPrivate(t, made.Private, "tenant", `"contoso.example"`),
				"empty":              withPrivate(t, made.Private, "tenant", `""`),
			} {
				damaged := made
				damaged.Private = private
				check := func(operation string, after acctest.Kept, diagnostics []*tfprotov6.Diagnostic) {
					t.Helper()
					found := acctest.Problems(diagnostics)
					if len(found) != 1 || !acctest.Says("The private part of this resource's state is damaged", "Nothing was planned or changed", "Restore the state from a backup", "import it again").MatchString(found[0]) {
						t.Errorf("%s: %s says %q", which, operation, found)
					}
					if !after.Nothing() && !after.Same(made) {
						t.Errorf("%s: %s leaves %s", which, operation, after)
					}
				}
				after, diagnostics := process.Read(thing.typeName, damaged)
				check("the refresh", after, diagnostics)
				_, diagnostics = process.Plan(thing.typeName, damaged, thing.changed)
				check("the plan", acctest.Kept{}, diagnostics)
				_, diagnostics = process.Plan(thing.typeName, damaged, nil)
				check("the plan of a destroy", acctest.Kept{}, diagnostics)
				change := update
				change.Private = private
				after, diagnostics = process.Apply(thing.typeName, damaged, change)
				check("the apply", after, diagnostics)
			}
		})
	}
}

// opaqueTokens makes access tokens ones that only the other side can read, which Microsoft reserves the right to issue.
type opaqueTokens struct {
	http.RoundTripper
	tokens sync.Map
}

func (o *opaqueTokens) RoundTrip(request *http.Request) (*http.Response, error) {
	if handle, ok := strings.CutPrefix(request.Header.Get("Authorization"), "Bearer "); ok {
		if token, known := o.tokens.Load(handle); known {
			request = request.Clone(request.Context())
			request.Header.Set("Authorization", fmt.Sprint("Bearer ", token))
		}
	}
	response, err := o.RoundTripper.RoundTrip(request)
	if err != nil || !strings.HasSuffix(request.URL.Path, "/token") {
		return response, err
	}
	defer func() { _ = response.Body.Close() }()
	var body map[string]any
	if err := json.NewDecoder(response.Body).Decode(&body); err != nil {
		return nil, err
	}
	handle := uuid.NewString()
	o.tokens.Store(handle, body["access_token"])
	body["access_token"] = handle
	text, err := json.Marshal(body)
	if err != nil {
		return nil, err
	}
	response.Body, response.ContentLength = io.NopCloser(bytes.NewReader(text)), int64(len(text))
	return response, nil
}

func TestATokenThatCannotBeReadIsNoReasonToForgetTheTenant(t *testing.T) {
	t.Parallel()
	needed := []string{"Policy.Read.All", "Policy.ReadWrite.AuthenticationMethod", "User.Read.All", "GroupMember.Read.All"}
	thing := managedThings["the campaign"]
	for name, c := range map[string]struct {
		tenant      string
		permissions []string
		asked       int
		unknown     bool
	}{
		"named by its id":                   {acctest.TenantID, needed, 0, false},
		"named by a domain, may ask":        {"contoso.example", append([]string{"Organization.Read.All"}, needed...), 1, false},
		"named by a domain and may not ask": {"contoso.example", needed, 1, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := acctest.NewMachine(t, chooses())
			m.Sender.Transport = &opaqueTokens{RoundTripper: m.Sender.Transport}
			m.ActsWith(c.permissions...)
			m.Block["tenant_id"] = c.tenant
			process, diagnostics := m.Start()
			acctest.NoErrors(t, diagnostics)
			if told := acctest.Warnings(diagnostics); (len(told) == 1 && acctest.Says("The tenant of this run is not known", "Organization.Read.All").MatchString(told[0])) != c.unknown || len(told) > 1 {
				t.Errorf("it warns of %q", told)
			}
			requests := m.Tenant.RequestLog()
			asked := 0
			for _, request := range requests {
				if strings.HasSuffix(request.Template, "/organization") {
					asked++
				}
			}
			if asked != c.asked {
				t.Errorf("the organization was read %d times, want %d", asked, c.asked)
			}
			read, diagnostics := process.ImportID(thing.typeName, thing.importID)
			acctest.NoErrors(t, diagnostics)
			want := `"` + acctest.TenantID + `"`
			if c.unknown {
				want = ""
			}
			if have := acctest.PrivateOf(t, read.Private)["tenant"]; have != want {
				t.Errorf("the private state has the tenant %q, want %q", have, want)
			}
			// One that is known already is kept, and one of another tenant is refused, unless nobody can tell.
			read.Private = withPrivate(t, read.Private, "tenant", `"`+fabrikamTenantID+`"`)
			again, diagnostics := process.Read(thing.typeName, read)
			if refused := len(acctest.Problems(diagnostics)) == 1; refused == c.unknown {
				t.Errorf("a state of another tenant: %q", acctest.Problems(diagnostics))
			}
			if have := acctest.PrivateOf(t, again.Private)["tenant"]; have != `"`+fabrikamTenantID+`"` {
				t.Errorf("the tenant of the state has become %s", have)
			}
		})
	}
}

func TestAStateWithoutIDsSaysSoInsteadOfForgetting(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		thing, attribute string
		value            any
		says             string
	}{
		"a user's id":                {"a user", "id", nil, "id is <null> in the state"},
		"a user's user_id":           {"a user", "user_id", nil, "user_id is <null> in the state"},
		"a user_id of another form":  {"a user", "user_id", "adele", `user_id is "adele" in the state`},
		"a location's id":            {"a location", "id", nil, "id is <null> in the state"},
		"an id that azuread has":     {"a location", "id", acctest.AzureADPath + acctest.BranchID, "id is \"" + acctest.AzureADPath + acctest.BranchID},
		"a country location's id":    {"a location of countries", "id", nil, "id is <null> in the state"},
		"a range's location_id":      {"one range", "location_id", nil, "location_id is <null> in the state"},
		"a range that is none":       {"one range", "ip_range", "office", `ip_range is "office" in the state`},
		"a range without one":        {"one range", "ip_range", nil, "ip_range is <null> in the state"},
		"no ids of many":             {"many users", "user_ids", nil, `user_ids["` + acctest.AlexID + `"] is`},
		"one id of many is missing":  {"many users", "user_ids", acctest.StringMap(acctest.AdeleUPN, acctest.AdeleID), `user_ids["` + acctest.AlexID + `"] is "" in the state`},
		"an id of many is no id":     {"many users", "user_ids", acctest.StringMap(acctest.AdeleUPN, acctest.AdeleID, acctest.AlexID, "alex"), `user_ids["` + acctest.AlexID + `"] is "alex" in the state`},
		"the id that many have":      {"many users", "id", nil, ""},
		"the id of the one campaign": {"the campaign", "id", nil, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			thing := managedThings[c.thing]
			m := acctest.NewMachine(t, acctest.LocationTenant())
			made := m.ApplyAll(thing.typeName, acctest.Kept{}, thing.config)
			process := m.Process()
			update, diagnostics := process.Plan(thing.typeName, made, thing.changed)
			acctest.NoErrors(t, diagnostics)

			attributes := maps.Clone(acctest.AttributesOf(made.State))
			value, ok := c.value.(tftypes.Value)
			if !ok {
				value = tftypes.NewValue(attributes[c.attribute].Type(), c.value)
			}
			attributes[c.attribute] = value
			edited := made
			edited.State = tftypes.NewValue(made.State.Type(), attributes)
			check := func(operation string, after acctest.Kept, diagnostics []*tfprotov6.Diagnostic) {
				t.Helper()
				found := acctest.Problems(diagnostics)
				if c.says == "" {
					if len(found) > 0 {
						t.Errorf("%s says %q", operation, found)
					}
					return
				}
				if len(found) != 1 || !acctest.Says("The state does not say which object this is", c.says, "Restore the state from a backup").MatchString(found[0]) {
					t.Errorf("%s says %q", operation, found)
				}
				if !after.Nothing() && !after.Same(edited) {
					t.Errorf("%s leaves %s", operation, after)
				}
			}
			after, diagnostics := process.Read(thing.typeName, edited)
			check("the refresh", after, diagnostics)
			if after.Nothing() {
				t.Error("the refresh takes it out of the state")
			}
			_, diagnostics = process.Plan(thing.typeName, edited, thing.changed)
			check("the plan", acctest.Kept{}, diagnostics)
			_, diagnostics = process.Plan(thing.typeName, edited, nil)
			check("the plan of a destroy", acctest.Kept{}, diagnostics)
			if c.says != "" {
				after, diagnostics = process.Apply(thing.typeName, edited, update)
				check("the apply", after, diagnostics)
			}
		})
	}
}

func TestAManagedIdentityOfAnotherTenantThanTenantIDIsRefused(t *testing.T) {
	t.Parallel()
	m := acctest.NewMachine(t, acctest.Contoso())
	if err := m.Tenant.SetBehavior(context.Background(), control.Behavior{ManagedIdentity: &control.ManagedIdentity{SystemAssigned: acctest.AppID}}); err != nil {
		t.Fatal(err)
	}
	m.Block = map[string]any{"client_id": nil, "client_secret": nil, "use_msi": true, "msi_endpoint": m.Tenant.URL + "/_emulator/identity/metadata"}
	for configured, refused := range map[any]bool{fabrikamTenantID: true, acctest.TenantID: false, strings.ToUpper(acctest.TenantID): false, "fabrikam.example": false, nil: false} {
		m.Block["tenant_id"] = configured
		_, diagnostics := m.Start()
		found := acctest.Problems(diagnostics)
		if (len(found) == 1 && acctest.Says("Signed in to another tenant than tenant_id", fabrikamTenantID, "managed identity", acctest.TenantID, "Nothing was planned").MatchString(found[0])) != refused || len(found) > 1 {
			t.Errorf("tenant_id %v: it says %q", configured, found)
		}
	}
}

func TestAResourceThatGoesToTheProviderBlockOfAnotherTenantIsRefusedByTheRealCLI(t *testing.T) {
	t.Parallel()
	here, there := acctest.StartTenant(t, acctest.LocationTenant(), acctest.Quick()), acctest.StartTenant(t, fabrikam(), acctest.Quick())
	blocks := here.Provider(`alias = "here"`) + strings.ReplaceAll(there.Provider(`alias = "there"`), acctest.TenantID, fabrikamTenantID)
	with := func(alias string) string {
		return blocks + "resource \"entramfa_registration_policy\" \"this\" {\n  provider = entramfa." + alias + "\n  state = \"disabled\"\n}\n" +
			"resource \"entramfa_trusted_ips\" \"this\" {\n  provider = entramfa." + alias + "\n  display_name = \"Office\"\n  ip_ranges = [\"203.0.113.0/24\"]\n}\n"
	}
	w := here.Workspace(t, map[string]string{"main.tf": with("here")})
	w.Expect(0, "apply", "-input=false", "-auto-approve")
	w.Expect(0, "plan", "-input=false", "-detailed-exitcode")
	w.Write("main.tf", with("there"))
	output := w.Expect(1, "plan", "-input=false")
	w.Sees(output, "State of another tenant", acctest.TenantID, fabrikamTenantID)
	if have := strings.Count(output, "State of another tenant"); have != 2 {
		t.Errorf("%d of 2 resources are refused", have)
	}
	w.Expect(1, "apply", "-input=false", "-auto-approve")
	w.Write("main.tf", with("here"))
	w.Expect(0, "plan", "-input=false", "-detailed-exitcode")
}

func TestAMoveFromTypeToTypeKeepsTheTenant(t *testing.T) {
	t.Parallel()
	here, there := acctest.NewMachine(t, acctest.LocationTenant()), inFabrikam(t)
	raw := map[string]string{
		acctest.TypeName: `{"id":"` + acctest.AdeleID + `","user_id":"` + acctest.AdeleID + `","user_principal_name":"` + acctest.AdeleUPN + `","name":"Adele Vance","state":"enabled","effective_state":"enabled",` +
			`"allow_promotion":false,"on_destroy":"disable"}`,
		acctest.StatesTypeName: `{"id":"` + acctest.NobodyID + `","users":{"` + acctest.AdeleUPN + `":"enabled"},"effective_states":{"` + acctest.AdeleUPN + `":"enabled"},"user_ids":{"` + acctest.AdeleUPN + `":"` + acctest.AdeleID +
			`"},"awaiting_registration":{},"names":null,"allow_promotion":false,"on_destroy":"disable"}`,
	}
	here.Tenant.SetState(acctest.AdeleID, "enabled")()
	for from, to := range map[string]string{acctest.TypeName: acctest.StatesTypeName, acctest.StatesTypeName: acctest.TypeName} {
		t.Run(from, func(t *testing.T) {
			process := here.Process()
			_, typ := process.SchemaOf(to)
			move := func(private []byte) (acctest.Kept, []*tfprotov6.Diagnostic) {
				moved, err := process.Server.MoveResourceState(context.Background(), &tfprotov6.MoveResourceStateRequest{
					SourceProviderAddress: "registry.terraform.io/mfa-as-code/entramfa", SourceTypeName: from, SourceState: &tfprotov6.RawState{JSON: []byte(raw[from])},
					SourcePrivate: private, TargetTypeName: to,
				})
				if err != nil {
					t.Fatal(err)
				}
				if moved.TargetState == nil {
					return acctest.Kept{}, moved.Diagnostics
				}
				return acctest.Kept{State: process.Unpack(typ, moved.TargetState), Private: moved.TargetPrivate, Identity: moved.TargetIdentity}, moved.Diagnostics
			}
			moved, diagnostics := move(withPrivate(t, nil, "tenant", `"`+acctest.TenantID+`"`))
			acctest.NoErrors(t, diagnostics)
			_, diagnostics = there.Process().Read(to, moved)
			refusedIn(t, "the refresh", diagnostics)
			if read := here.Refresh(here.Process(), to, moved); read.Nothing() {
				t.Error("the right tenant has lost it")
			}
			// One of before has none.
			moved, diagnostics = move(nil)
			acctest.NoErrors(t, diagnostics)
			if have := acctest.PrivateOf(t, moved.Private)["tenant"]; have != "" {
				t.Errorf("it has the tenant %s", have)
			}
			_, diagnostics = move([]byte(`{"tenant":5}`))
			if found := acctest.Problems(diagnostics); len(found) != 1 || !acctest.Says("is damaged", "Restore the state").MatchString(found[0]) {
				t.Errorf("a damaged one: %q", found)
			}
		})
	}
}

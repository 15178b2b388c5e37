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
)

const fabrikamTenantID = "9a1f4a6e-2c51-4f0b-9f0e-0d7b6f5c1a99"

// fabrikam is another tenant that knows the same app, and nobody and nothing else of the first one. Only the campaign has the same id.
func fabrikam() *control.Tenant {
	people := locationTenant()
	people.TenantID, people.DisplayName, people.DefaultDomain = fabrikamTenantID, "Fabrikam", "fabrikam.example"
	people.Users = []control.User{{ID: nobodyID, UserPrincipalName: "pat@fabrikam.example", DisplayName: "Pat", PerUserMFAState: control.StateEnabled}}
	people.Groups, people.NamedLocations, people.ConditionalAccessPolicies = nil, nil, nil
	people.AuthenticationMethodsPolicy = &control.AuthenticationMethodsPolicy{}
	return people
}

// inFabrikam is a machine whose shell has the variables of the other tenant.
func inFabrikam(t *testing.T) *machine {
	t.Helper()
	m := newMachine(t, fabrikam())
	m.block = map[string]any{"tenant_id": fabrikamTenantID}
	return m
}

// privateOf are the values of a private state.
func privateOf(t *testing.T, private []byte) map[string]string {
	t.Helper()
	if len(private) == 0 {
		return map[string]string{}
	}
	var raw map[string][]byte
	if err := json.Unmarshal(private, &raw); err != nil {
		t.Fatal(err)
	}
	values := map[string]string{}
	for key, value := range raw {
		values[key] = string(value)
	}
	return values
}

// withPrivate changes a value of a private state; an empty one is removed.
func withPrivate(t *testing.T, private []byte, key, value string) []byte {
	t.Helper()
	raw := map[string][]byte{}
	for name, text := range privateOf(t, private) {
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
	"a user": {
		typeName: typeName, config: map[string]any{"user_id": adeleID, "state": "enabled", "allow_promotion": false, "on_destroy": "disable"},
		changed:  map[string]any{"user_id": adeleID, "state": "disabled", "allow_promotion": false, "on_destroy": "disable"},
		importID: meganID, onlyInOneTenant: true,
	},
	"a user who is kept": {
		typeName: typeName, config: map[string]any{"user_id": adeleID, "state": "enabled", "allow_promotion": false, "on_destroy": "keep"},
		changed:  map[string]any{"user_id": adeleID, "state": "disabled", "allow_promotion": false, "on_destroy": "keep"},
		importID: meganUPN, onlyInOneTenant: true,
	},
	"many users": {
		typeName: statesTypeName, config: having(having(wants(adeleUPN, "enabled", alexID, "disabled"), "allow_promotion", false), "on_destroy", "disable"),
		changed:  having(having(wants(adeleUPN, "disabled", alexID, "disabled"), "allow_promotion", false), "on_destroy", "disable"),
		importID: meganID + "," + diegoUPN, onlyInOneTenant: true,
	},
	"many users who are kept": {
		typeName: statesTypeName, config: having(having(wants(adeleUPN, "enabled"), "allow_promotion", false), "on_destroy", "keep"),
		changed:  having(having(wants(adeleUPN, "disabled"), "allow_promotion", false), "on_destroy", "keep"),
		importID: meganID, onlyInOneTenant: true,
	},
	"the campaign": {
		typeName: policyTypeName, config: map[string]any{"state": "disabled"}, changed: map[string]any{"state": "microsoft_managed"},
		importID: policyID,
	},
	"a location": {
		typeName: locationType, config: location("Office", "203.0.113.0/24"), changed: location("Office", "203.0.113.0/25"),
		importID: branchID, onlyInOneTenant: true,
	},
}

// refusedIn fails the test unless an operation was refused for the tenants' sake and by nothing else.
func refusedIn(t *testing.T, operation string, diagnostics []*tfprotov6.Diagnostic) {
	t.Helper()
	found := problems(diagnostics)
	if len(found) != 1 || !says("State of another tenant: This state was made in tenant "+tenantID+", and the provider is signed in to tenant "+fabrikamTenantID,
		"Nothing was planned or changed", "terraform state rm").MatchString(found[0]) {
		t.Errorf("%s says %q", operation, found)
	}
}

func TestAStateOfAnotherTenantIsRefusedBeforeAnythingIsAsked(t *testing.T) {
	t.Parallel()
	for name, thing := range managedThings {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			here, there := newMachine(t, locationTenant()), inFabrikam(t)
			made := here.applyAll(thing.typeName, kept{}, thing.config)
			if have := privateOf(t, made.private)["tenant"]; have != `"`+tenantID+`"` {
				t.Errorf("the private state of what was made has the tenant %q", have)
			}
			imported, diagnostics := here.process().importID(thing.typeName, thing.importID)
			noErrors(t, diagnostics)

			// A plan of each kind that is right, and was saved.
			planning := here.process()
			update, diagnostics := planning.plan(thing.typeName, made, thing.changed)
			noErrors(t, diagnostics)
			destroy, diagnostics := planning.plan(thing.typeName, made, nil)
			noErrors(t, diagnostics)

			before := there.picture()
			for which, have := range map[string]kept{"made": made, "imported": imported} {
				process := there.process()
				if err := there.tn.ClearRequests(context.Background()); err != nil {
					t.Fatal(err)
				}
				after, diagnostics := process.read(thing.typeName, have)
				refusedIn(t, "the refresh of what was "+which, diagnostics)
				if !after.same(have) {
					t.Errorf("the refresh of what was %s leaves %s", which, after)
				}
				_, diagnostics = process.plan(thing.typeName, have, thing.changed)
				refusedIn(t, "the plan of what was "+which, diagnostics)
				_, diagnostics = process.plan(thing.typeName, have, thing.config)
				refusedIn(t, "the plan without a change of what was "+which, diagnostics)
				_, diagnostics = process.plan(thing.typeName, have, nil)
				refusedIn(t, "the plan of a destroy of what was "+which, diagnostics)
			}
			process := there.process()
			after, diagnostics := process.apply(thing.typeName, made, update)
			refusedIn(t, "the apply of a saved plan", diagnostics)
			if !after.same(made) {
				t.Errorf("the apply of a saved plan leaves %s", after)
			}
			after, diagnostics = process.apply(thing.typeName, made, destroy)
			refusedIn(t, "the apply of a saved destroy", diagnostics)
			if !after.same(made) {
				t.Errorf("the apply of a saved destroy leaves %s", after)
			}
			if sent := there.tn.sent(http.MethodGet, http.MethodPost, http.MethodPatch, http.MethodDelete); sent != 0 {
				t.Errorf("the other tenant was sent %d requests", sent)
			}
			if after := there.picture(); after != before {
				t.Errorf("the other tenant was\n%s\nand is\n%s", before, after)
			}

			if thing.onlyInOneTenant {
				_, diagnostics = process.importID(thing.typeName, thing.importID)
				if found := problems(diagnostics); len(found) != 1 || !says("not found", "tenant "+fabrikamTenantID).MatchString(found[0]) {
					t.Errorf("the import of what the other tenant does not have says %q", found)
				}
			}

			// The control: the same in the right tenant.
			process = here.process()
			if after := here.refresh(process, thing.typeName, made); !after.same(made) || string(after.private) != string(made.private) {
				t.Errorf("the right tenant's refresh makes\n%s\nof\n%s", after, made)
			}
			here.refresh(process, thing.typeName, imported)
			made, diagnostics = process.apply(thing.typeName, made, update)
			noErrors(t, diagnostics)
			destroy, diagnostics = process.plan(thing.typeName, made, nil)
			noErrors(t, diagnostics)
			gone, diagnostics := process.apply(thing.typeName, made, destroy)
			noErrors(t, diagnostics)
			if !gone.nothing() {
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
			here, there := newMachine(t, locationTenant()), inFabrikam(t)
			old := here.applyAll(thing.typeName, kept{}, thing.config)
			old.private = withPrivate(t, old.private, "tenant", "")

			// A plan without a refresh, of the time between the upgrade and the first refresh.
			update, diagnostics := here.process().plan(thing.typeName, old, thing.changed)
			noErrors(t, diagnostics)
			written, diagnostics := here.process().apply(thing.typeName, old, update)
			noErrors(t, diagnostics)
			read := here.refresh(here.process(), thing.typeName, old)
			for which, have := range map[string]kept{"written": written, "read": read} {
				if have := privateOf(t, have.private)["tenant"]; have != `"`+tenantID+`"` {
					t.Errorf("what was %s has the tenant %q", which, have)
				}
				_, diagnostics := there.process().read(thing.typeName, have)
				refusedIn(t, "the refresh of what was "+which, diagnostics)
			}
			// What else it has remembered is as it was.
			want := privateOf(t, old.private)
			want["tenant"] = `"` + tenantID + `"`
			if have := privateOf(t, read.private); !maps.Equal(have, want) {
				t.Errorf("the private state is %v, want %v", have, want)
			}
			if again := here.refresh(here.process(), thing.typeName, read); string(again.private) != string(read.private) {
				t.Errorf("a second refresh makes %s of the private state %s", again.private, read.private)
			}
		})
	}
}

func TestATenantIsTheSameWhateverItIsNamedBy(t *testing.T) {
	t.Parallel()
	thing := managedThings["the campaign"]
	m := newMachine(t, locationTenant())
	var private []string
	for _, name := range []string{tenantID, strings.ToUpper(tenantID), "contoso.example"} {
		m.block = map[string]any{"tenant_id": name}
		read, diagnostics := m.process().importID(thing.typeName, thing.importID)
		noErrors(t, diagnostics)
		private = append(private, privateOf(t, read.private)["tenant"])
		// In what another spelling has imported.
		read.private = withPrivate(t, read.private, "tenant", `"`+strings.ToUpper(tenantID)+`"`)
		m.refresh(m.process(), thing.typeName, read)
	}
	if want := fmt.Sprint([]string{`"` + tenantID + `"`, `"` + tenantID + `"`, `"` + tenantID + `"`}); fmt.Sprint(private) != want {
		t.Errorf("the tenants are %s", private)
	}

	// A message calls it by the domain as well.
	other := newMachine(t, fabrikam())
	other.block = map[string]any{"tenant_id": "fabrikam.example"}
	m.block = nil
	made := m.applyAll(thing.typeName, kept{}, thing.config)
	_, diagnostics := other.process().read(thing.typeName, made)
	if found := problems(diagnostics); len(found) != 1 || !says("signed in to tenant "+fabrikamTenantID+` ("fabrikam.example")`).MatchString(found[0]) {
		t.Errorf("it says %q", found)
	}
}

func TestAProviderThatIsNotKnownYetLeavesTheTenantToTheApply(t *testing.T) {
	t.Parallel()
	thing := managedThings["the campaign"]
	here, there := newMachine(t, locationTenant()), inFabrikam(t)
	made := here.applyAll(thing.typeName, kept{}, thing.config)
	there.block["client_secret"] = tftypes.NewValue(tftypes.String, tftypes.UnknownValue)
	update, diagnostics := there.process().plan(thing.typeName, made, thing.changed)
	noErrors(t, diagnostics)
	delete(there.block, "client_secret")
	_, diagnostics = there.process().apply(thing.typeName, made, update)
	refusedIn(t, "the apply", diagnostics)
}

func TestADamagedPrivateStateSaysHowToMendIt(t *testing.T) {
	t.Parallel()
	for name, thing := range managedThings {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := newMachine(t, locationTenant())
			made := m.applyAll(thing.typeName, kept{}, thing.config)
			process := m.process()
			update, diagnostics := process.plan(thing.typeName, made, thing.changed)
			noErrors(t, diagnostics)
			for which, private := range map[string][]byte{
				"no JSON":            []byte("garbage"),
				"a list":             []byte("[1]"),
				"texts":              []byte(`{"tenant":"` + tenantID + `"}`),
				"numbers":            []byte(`{"tenant":5}`),
				"a value of no JSON": []byte(`{"tenant":"` + "Z2FyYmFnZQ==" + `"}`),
				"another kind":       withPrivate(t, made.private, "tenant", `{"id":5}`),
				"no id":              withPrivate(t, made.private, "tenant", `"contoso.example"`),
				"empty":              withPrivate(t, made.private, "tenant", `""`),
			} {
				damaged := made
				damaged.private = private
				check := func(operation string, after kept, diagnostics []*tfprotov6.Diagnostic) {
					t.Helper()
					found := problems(diagnostics)
					if len(found) != 1 || !says("The private part of this resource's state is damaged", "Nothing was planned or changed", "Restore the state from a backup", "import it again").MatchString(found[0]) {
						t.Errorf("%s: %s says %q", which, operation, found)
					}
					if !after.nothing() && !after.same(made) {
						t.Errorf("%s: %s leaves %s", which, operation, after)
					}
				}
				after, diagnostics := process.read(thing.typeName, damaged)
				check("the refresh", after, diagnostics)
				_, diagnostics = process.plan(thing.typeName, damaged, thing.changed)
				check("the plan", kept{}, diagnostics)
				_, diagnostics = process.plan(thing.typeName, damaged, nil)
				check("the plan of a destroy", kept{}, diagnostics)
				change := update
				change.private = private
				after, diagnostics = process.apply(thing.typeName, damaged, change)
				check("the apply", after, diagnostics)
			}
		})
	}
}

func TestTheTenantIsReadAsFarAsThePermissionsGo(t *testing.T) {
	t.Parallel()
	people := chooses()
	people.TenantID = tenantID
	m := newMachine(t, people)
	domain := tftypes.Object{AttributeTypes: map[string]tftypes.Type{"default": tftypes.Bool, "initial": tftypes.Bool, "type": tftypes.String}}
	for name, c := range map[string]struct {
		permissions []string
		want        map[string]any
		warns       []string
	}{
		"with the permission": {
			permissions: []string{"Organization.Read.All"},
			want: map[string]any{
				"id": tenantID, "display_name": "Contoso", "tenant_type": "AAD", "default_domain": "contoso.example", "initial_domain": "contoso.example",
				"verified_domains": tftypes.NewValue(tftypes.Map{ElementType: domain}, map[string]tftypes.Value{
					"contoso.example": tftypes.NewValue(domain, map[string]tftypes.Value{
						"default": tftypes.NewValue(tftypes.Bool, true), "initial": tftypes.NewValue(tftypes.Bool, true), "type": tftypes.NewValue(tftypes.String, "Managed"),
					}),
				}),
			},
		},
		"without": {
			permissions: []string{"User.Read.All"},
			want:        map[string]any{"id": tenantID},
			warns:       []string{"Only the id of tenant " + tenantID + " is known", "Its name, type and domains are null", "Organization.Read.All"},
		},
	} {
		m.actsWith(c.permissions...)
		process := m.process()
		typ := process.schemas.DataSourceSchemas["entramfa_tenant"].ValueType()
		object, ok := typ.(tftypes.Object)
		if !ok {
			t.Fatal("the data source is no object")
		}
		read, diagnostics := process.data("entramfa_tenant", map[string]any{})
		noErrors(t, diagnostics)
		if want := objectOf(t, object, c.want); !read.Equal(want) {
			t.Errorf("%s: it is\n%s\nwant\n%s", name, read, want)
		}
		told := warnings(diagnostics)
		if len(told) != min(len(c.warns), 1) || len(told) == 1 && !says(c.warns...).MatchString(told[0]) {
			t.Errorf("%s: it warns of %q", name, told)
		}
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
		"named by its id":                   {tenantID, needed, 0, false},
		"named by a domain, may ask":        {"contoso.example", append([]string{"Organization.Read.All"}, needed...), 1, false},
		"named by a domain and may not ask": {"contoso.example", needed, 1, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := newMachine(t, chooses())
			m.sender.Transport = &opaqueTokens{RoundTripper: m.sender.Transport}
			m.actsWith(c.permissions...)
			m.block["tenant_id"] = c.tenant
			process, diagnostics := m.start()
			noErrors(t, diagnostics)
			if told := warnings(diagnostics); (len(told) == 1 && says("The tenant of this run is not known", "Organization.Read.All").MatchString(told[0])) != c.unknown || len(told) > 1 {
				t.Errorf("it warns of %q", told)
			}
			requests, err := m.tn.Requests(context.Background())
			if err != nil {
				t.Fatal(err)
			}
			asked := 0
			for _, request := range requests {
				if strings.HasSuffix(request.Template, "/organization") {
					asked++
				}
			}
			if asked != c.asked {
				t.Errorf("the organization was read %d times, want %d", asked, c.asked)
			}
			read, diagnostics := process.importID(thing.typeName, thing.importID)
			noErrors(t, diagnostics)
			want := `"` + tenantID + `"`
			if c.unknown {
				want = ""
			}
			if have := privateOf(t, read.private)["tenant"]; have != want {
				t.Errorf("the private state has the tenant %q, want %q", have, want)
			}
			// One that is known already is kept, and one of another tenant is refused, unless nobody can tell.
			read.private = withPrivate(t, read.private, "tenant", `"`+fabrikamTenantID+`"`)
			again, diagnostics := process.read(thing.typeName, read)
			if refused := len(problems(diagnostics)) == 1; refused == c.unknown {
				t.Errorf("a state of another tenant: %q", problems(diagnostics))
			}
			if have := privateOf(t, again.private)["tenant"]; have != `"`+fabrikamTenantID+`"` {
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
		"an id that azuread has":     {"a location", "id", azureADPath + branchID, "id is \"" + azureADPath + branchID},
		"no ids of many":             {"many users", "user_ids", nil, `user_ids["` + alexID + `"] is`},
		"one id of many is missing":  {"many users", "user_ids", textMapValue(adeleUPN, adeleID), `user_ids["` + alexID + `"] is "" in the state`},
		"an id of many is no id":     {"many users", "user_ids", textMapValue(adeleUPN, adeleID, alexID, "alex"), `user_ids["` + alexID + `"] is "alex" in the state`},
		"the id that many have":      {"many users", "id", nil, ""},
		"the id of the one campaign": {"the campaign", "id", nil, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			thing := managedThings[c.thing]
			m := newMachine(t, locationTenant())
			made := m.applyAll(thing.typeName, kept{}, thing.config)
			process := m.process()
			update, diagnostics := process.plan(thing.typeName, made, thing.changed)
			noErrors(t, diagnostics)

			attributes := maps.Clone(attributesOf(made.state))
			value, ok := c.value.(tftypes.Value)
			if !ok {
				value = tftypes.NewValue(attributes[c.attribute].Type(), c.value)
			}
			attributes[c.attribute] = value
			edited := made
			edited.state = tftypes.NewValue(made.state.Type(), attributes)
			check := func(operation string, after kept, diagnostics []*tfprotov6.Diagnostic) {
				t.Helper()
				found := problems(diagnostics)
				if c.says == "" {
					if len(found) > 0 {
						t.Errorf("%s says %q", operation, found)
					}
					return
				}
				if len(found) != 1 || !says("The state does not say which object this is", c.says, "Restore the state from a backup").MatchString(found[0]) {
					t.Errorf("%s says %q", operation, found)
				}
				if !after.nothing() && !after.same(edited) {
					t.Errorf("%s leaves %s", operation, after)
				}
			}
			after, diagnostics := process.read(thing.typeName, edited)
			check("the refresh", after, diagnostics)
			if after.nothing() {
				t.Error("the refresh takes it out of the state")
			}
			_, diagnostics = process.plan(thing.typeName, edited, thing.changed)
			check("the plan", kept{}, diagnostics)
			_, diagnostics = process.plan(thing.typeName, edited, nil)
			check("the plan of a destroy", kept{}, diagnostics)
			if c.says != "" {
				after, diagnostics = process.apply(thing.typeName, edited, update)
				check("the apply", after, diagnostics)
			}
		})
	}
}

func TestAManagedIdentityOfAnotherTenantThanTenantIDIsRefused(t *testing.T) {
	t.Parallel()
	m := newMachine(t, testTenant())
	if err := m.tn.SetBehavior(context.Background(), control.Behavior{ManagedIdentity: &control.ManagedIdentity{SystemAssigned: appID}}); err != nil {
		t.Fatal(err)
	}
	m.block = map[string]any{"client_id": nil, "client_secret": nil, "use_msi": true, "msi_endpoint": m.tn.url + "/_emulator/identity/metadata"}
	for configured, refused := range map[any]bool{fabrikamTenantID: true, tenantID: false, strings.ToUpper(tenantID): false, "fabrikam.example": false, nil: false} {
		m.block["tenant_id"] = configured
		_, diagnostics := m.start()
		found := problems(diagnostics)
		if (len(found) == 1 && says("Signed in to another tenant than tenant_id", fabrikamTenantID, "managed identity", tenantID, "Nothing was planned").MatchString(found[0])) != refused || len(found) > 1 {
			t.Errorf("tenant_id %v: it says %q", configured, found)
		}
	}
}

func TestAResourceThatGoesToTheProviderBlockOfAnotherTenantIsRefusedByTheRealCLI(t *testing.T) {
	t.Parallel()
	here, there := startTenant(t, locationTenant(), quick()), startTenant(t, fabrikam(), quick())
	blocks := here.provider(`alias = "here"`) + strings.ReplaceAll(there.provider(`alias = "there"`), tenantID, fabrikamTenantID)
	with := func(alias string) string {
		return blocks + "resource \"entramfa_registration_policy\" \"this\" {\n  provider = entramfa." + alias + "\n  state = \"disabled\"\n}\n" +
			"resource \"entramfa_trusted_ips\" \"this\" {\n  provider = entramfa." + alias + "\n  display_name = \"Office\"\n  ip_ranges = [\"203.0.113.0/24\"]\n}\n"
	}
	w := here.workspace(t, map[string]string{"main.tf": with("here")})
	w.expect(0, "apply", "-input=false", "-auto-approve")
	w.expect(0, "plan", "-input=false", "-detailed-exitcode")
	w.write("main.tf", with("there"))
	output := w.expect(1, "plan", "-input=false")
	w.sees(output, "State of another tenant", tenantID, fabrikamTenantID)
	if have := strings.Count(output, "State of another tenant"); have != 2 {
		t.Errorf("%d of 2 resources are refused", have)
	}
	w.expect(1, "apply", "-input=false", "-auto-approve")
	w.write("main.tf", with("here"))
	w.expect(0, "plan", "-input=false", "-detailed-exitcode")
}

func TestAMoveFromTypeToTypeKeepsTheTenant(t *testing.T) {
	t.Parallel()
	here, there := newMachine(t, locationTenant()), inFabrikam(t)
	raw := map[string]string{
		typeName: `{"id":"` + adeleID + `","user_id":"` + adeleID + `","user_principal_name":"` + adeleUPN + `","name":"Adele Vance","state":"enabled","effective_state":"enabled",` +
			`"allow_promotion":false,"on_destroy":"disable"}`,
		statesTypeName: `{"id":"` + nobodyID + `","users":{"` + adeleUPN + `":"enabled"},"effective_states":{"` + adeleUPN + `":"enabled"},"user_ids":{"` + adeleUPN + `":"` + adeleID +
			`"},"awaiting_registration":{},"names":null,"allow_promotion":false,"on_destroy":"disable"}`,
	}
	here.tn.setState(adeleID, "enabled")()
	for from, to := range map[string]string{typeName: statesTypeName, statesTypeName: typeName} {
		t.Run(from, func(t *testing.T) {
			process := here.process()
			_, typ := process.schemaOf(to)
			move := func(private []byte) (kept, []*tfprotov6.Diagnostic) {
				moved, err := process.server.MoveResourceState(context.Background(), &tfprotov6.MoveResourceStateRequest{
					SourceProviderAddress: "registry.terraform.io/mfa-as-code/entramfa", SourceTypeName: from, SourceState: &tfprotov6.RawState{JSON: []byte(raw[from])},
					SourcePrivate: private, TargetTypeName: to,
				})
				if err != nil {
					t.Fatal(err)
				}
				if moved.TargetState == nil {
					return kept{}, moved.Diagnostics
				}
				return kept{state: process.unpack(typ, moved.TargetState), private: moved.TargetPrivate, identity: moved.TargetIdentity}, moved.Diagnostics
			}
			moved, diagnostics := move(withPrivate(t, nil, "tenant", `"`+tenantID+`"`))
			noErrors(t, diagnostics)
			_, diagnostics = there.process().read(to, moved)
			refusedIn(t, "the refresh", diagnostics)
			if read := here.refresh(here.process(), to, moved); read.nothing() {
				t.Error("the right tenant has lost it")
			}
			// One of before has none.
			moved, diagnostics = move(nil)
			noErrors(t, diagnostics)
			if have := privateOf(t, moved.private)["tenant"]; have != "" {
				t.Errorf("it has the tenant %s", have)
			}
			_, diagnostics = move([]byte(`{"tenant":5}`))
			if found := problems(diagnostics); len(found) != 1 || !says("is damaged", "Restore the state").MatchString(found[0]) {
				t.Errorf("a damaged one: %q", found)
			}
		})
	}
}

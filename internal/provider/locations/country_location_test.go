package locations_test

import (
	"context"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/acctest"
)

const countryType = "entramfa_country_location"

// countryBlock is a acctest.Configuration of one location of countries, "x"; more are further attributes.
func countryBlock(name string, more map[string]any, countries ...string) acctest.Configuration {
	codes := make([]any, len(countries))
	for i, code := range countries {
		codes[i] = code
	}
	values := map[string]any{"display_name": name, "countries": codes, "include_unknown": false, "lookup": "client_ip_address"}
	for attribute, value := range more {
		values[attribute] = value
	}
	return acctest.Configuration{"x": {TypeName: countryType, Values: values}}
}

// country is the location of a name in the tenant.
func countryOf(t *testing.T, tn *acctest.Tenant, name string) control.NamedLocation {
	t.Helper()
	location, err := tn.Named(name)
	if err != nil {
		t.Fatal(err)
	}
	return location
}

func TestACountryLocationThatIsNotValidIsRefusedAtPlan(t *testing.T) {
	t.Parallel()
	s := acctest.NewLocationTenant(t).SessionOf(t, countryType, nil)
	set := func(codes ...string) tftypes.Value {
		values := make([]tftypes.Value, len(codes))
		for i, code := range codes {
			values[i] = tftypes.NewValue(tftypes.String, code)
		}
		return tftypes.NewValue(tftypes.Set{ElementType: tftypes.String}, values)
	}
	for name, c := range map[string]struct {
		config map[string]any
		want   []string
	}{
		"no country":          {map[string]any{"countries": set()}, []string{"at least 1"}},
		"a name":              {map[string]any{"countries": set("Norway")}, []string{"Invalid country", `"Norway" is not a country code of ISO 3166-1`, `such as "DE"`}},
		"no code":             {map[string]any{"countries": set("ZZ")}, []string{`"ZZ" is not a country code`}},
		"a continent":         {map[string]any{"countries": set("EU")}, []string{`"EU" is not a country code`}},
		"a number":            {map[string]any{"countries": set("578")}, []string{`"578" is not a country code`}},
		"a former country":    {map[string]any{"countries": set("AN")}, []string{`"AN" is not a country code`}},
		"lower case":          {map[string]any{"countries": set("no")}, []string{`"no" is not in upper case; write "NO"`}},
		"white space":         {map[string]any{"countries": set(" NO")}, []string{`" NO" is not in upper case; write "NO"`}},
		"a code by habit":     {map[string]any{"countries": set("UK")}, []string{`"UK" is not the code of United Kingdom; write "GB"`}},
		"another look-up":     {map[string]any{"countries": set("NO"), "lookup": "gps"}, []string{"client_ip_address", "authenticator_app_gps"}},
		"an empty name":       {map[string]any{"countries": set("NO"), "display_name": " "}, []string{"The name is empty"}},
		"nothing wrong":       {map[string]any{"countries": set("NO", "XK", "GB")}, nil},
		"nothing wrong (GPS)": {map[string]any{"countries": set("NO"), "lookup": "authenticator_app_gps"}, nil},
	} {
		if _, given := c.config["display_name"]; !given {
			c.config["display_name"] = "Nordics"
		}
		validated, err := s.Server.ValidateResourceConfig(context.Background(), &tfprotov6.ValidateResourceConfigRequest{
			TypeName: countryType, Config: acctest.Dynamic(t, acctest.ObjectOf(t, s.Type, c.config)),
		})
		if err != nil {
			t.Fatal(err)
		}
		errors := acctest.Told(tfprotov6.DiagnosticSeverityError, validated.Diagnostics)
		if (len(errors) > 0) != (c.want != nil) || c.want != nil && !acctest.Says(c.want...).MatchString(strings.Join(errors, "\n")) {
			t.Errorf("%s is told %q", name, errors)
		}
	}
}

func TestAPlanSaysForWhichPoliciesACountryLocationChanges(t *testing.T) {
	t.Parallel()
	people := acctest.LocationTenant()
	people.ConditionalAccessPolicies = append(people.ConditionalAccessPolicies, control.ConditionalAccessPolicy{
		ID: "66666666-ffff-4fff-8fff-000000000009", DisplayName: "MFA outside of Italy", State: control.PolicyEnabled,
		Conditions: control.PolicyConditions{
			Applications: &control.PolicyApplications{IncludeApplications: []string{"All"}},
			Users:        &control.PolicyUsers{IncludeUsers: []string{"All"}},
			Locations:    &control.PolicyLocations{IncludeLocations: []string{"All"}, ExcludeLocations: []string{acctest.ItalyID}},
		},
		GrantControls: &control.ConditionalAccessGrant{Operator: "OR", BuiltInControls: []string{"mfa"}},
	})
	tn := acctest.StartTenant(t, people, acctest.Quick())
	played := tn.Plays(t)
	italy := countryBlock("Italy", nil, "IT")
	acctest.Succeeds(t, played.ImportOne(italy, "x", acctest.ItalyID))
	wider := acctest.Succeeds(t, played.Plan(countryBlock("Italy", map[string]any{"include_unknown": true}, "SM", "VA")))
	if !acctest.Says(`What "Italy" covers changes, and a policy names it`, "added: SM (San Marino)", "added: VA (Vatican City)", "removed: IT (Italy)", "include_unknown: false -> true",
		`"MFA outside of Italy" (enabled`, "leaves this location out").MatchString(wider.String()) {
		t.Errorf("the plan says:\n%s", wider)
	}
	if renamed := acctest.Succeeds(t, played.Plan(countryBlock("Italia", nil, "IT"))); len(renamed.Warnings["x"]) > 0 {
		t.Errorf("a new name is a change for policies:\n%s", renamed)
	}
	if destroyed := played.Apply(acctest.Configuration{}); !acctest.Says(`Named location "Italy" is in use`, "MFA outside of Italy").MatchString(destroyed.String()) || !destroyed.Failed() {
		t.Errorf("a destroy of what a policy names says:\n%s", destroyed)
	}
	if twin := acctest.Succeeds(t, played.Plan(acctest.Configuration{"x": italy["x"], "y": countryBlock("Branch", nil, "SM")["x"]})); !acctest.Says(`The name "Branch" is taken`).MatchString(twin.String()) {
		t.Errorf("a second location of a name is told:\n%s", twin)
	}
}

func TestAChangeOfACountryLocationSinceThePlanStopsTheApply(t *testing.T) {
	t.Parallel()
	for name, wanted := range map[string]acctest.Configuration{"update": countryBlock("Nordics", nil, "DK", "NO", "SE"), "destroy": {}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tn := acctest.NewLocationTenant(t)
			played := tn.Plays(t)
			acctest.Succeeds(t, played.Apply(countryBlock("Nordics", nil, "DK", "NO")))
			made := countryOf(t, tn, "Nordics")
			played.Between = func() {
				if _, err := tn.PatchNamedLocation(context.Background(), made.ID, control.NamedLocationPatch{CountriesAndRegions: new([]string{"DK", "NO", "FI"})}); err != nil {
					t.Error(err)
				}
			}
			report := played.Apply(wanted)
			if !report.Failed() || !acctest.Says("changed since the plan was made", "countries: FI (Finland) was added, and the apply would remove it").MatchString(report.String()) {
				t.Errorf("the apply says:\n%s", report)
			}
			if now := countryOf(t, tn, "Nordics"); len(now.CountriesAndRegions) != 3 {
				t.Errorf("now it is %+v", now)
			}
		})
	}
}

func TestACountryLocationIsFoundMovedAndListed(t *testing.T) {
	t.Parallel()
	tn := acctest.NewLocationTenant(t)
	l := tn.Lister(t, countryType, nil)
	if have := l.Names(l.List(nil, 100, false)); len(have) != 1 || have[0] != "Italy (IT)" {
		t.Errorf("listed are %q", have)
	}
	imported := l.Imported(l.IdentityOf("id", acctest.ItalyID))
	moved := l.Move(acctest.AzureADAddress, acctest.AzureADType, 1, `{"id":"`+acctest.AzureADPath+acctest.ItalyID+`","object_id":"`+acctest.ItalyID+`","display_name":"Italy","ip":[],
		"country":[{"countries_and_regions":["IT"],"include_unknown_countries_and_regions":false,"country_lookup_method":"clientIpAddress"}]}`)
	acctest.NoErrors(t, moved.Diagnostics)
	if state, err := moved.TargetState.Unmarshal(l.Type); err != nil || !state.Equal(imported) {
		t.Errorf("moved it is\n%s\nand imported\n%s (%v)", state, imported, err)
	}
	wrong := l.Move(acctest.AzureADAddress, acctest.AzureADType, 1, branchOfVersion3)
	if errors := acctest.Told(tfprotov6.DiagnosticSeverityError, wrong.Diagnostics); len(errors) != 1 ||
		!acctest.Says(`Named location "Branch" cannot be moved to entramfa_country_location`, "has no countries", "move it to entramfa_trusted_ips").MatchString(errors[0]) {
		t.Errorf("a location of IP ranges is told %q", errors)
	}
	played := tn.Plays(t)
	if report := played.ImportOne(countryBlock("Branch", nil, "IT"), "x", acctest.BranchID); !acctest.Says(`Named location "Branch" has no countries`, "entramfa_trusted_ips").MatchString(report.String()) {
		t.Errorf("an import of IP ranges says:\n%s", report)
	}
}

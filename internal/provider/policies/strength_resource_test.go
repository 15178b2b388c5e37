package policies_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/acctest"
)

const (
	strengthType    = "entramfa_authentication_strength_policy"
	strengthAddress = strengthType + ".test"
	strengthsEntity = "authentication-strengths"
	strengthsPath   = "/v1.0/policies/authenticationStrengthPolicies"
	yubiKey         = "2fc0579f-8113-47ea-b116-bb5a8db9202a"
	otherKey        = "fa2b99dc-9e39-4257-8f92-4a30d23c4118"
)

// strengthBlock is a strength with the given attributes in the place of the usual ones.
func strengthBlock(changes map[string]string) string {
	attributes := map[string]string{"display_name": `"Keys"`, "allowed_combinations": `["fido2", "windowsHelloForBusiness"]`}
	for name, value := range changes {
		attributes[name] = value
	}
	var lines []string
	for name, value := range attributes {
		lines = append(lines, fmt.Sprintf("  %s = %s", name, value))
	}
	slices.Sort(lines)
	return "resource \"" + strengthType + "\" \"test\" {\n" + strings.Join(lines, "\n") + "\n}\n"
}

// strengthNamed is the strength of a name in the tenant.
func strengthNamed(tn *acctest.Tenant, name string) (found control.AuthenticationStrength, err error) {
	strengths, err := control.List[control.AuthenticationStrength](context.Background(), tn.Client, strengthsEntity)
	for _, strength := range strengths {
		if strength.DisplayName == name {
			return strength, nil
		}
	}
	return found, errors.Join(err, fmt.Errorf("the tenant has no strength %q", name))
}

// hasStrength checks the strength of a name in the tenant: its combinations, and what its configurations allow.
func hasStrength(tn *acctest.Tenant, name, description, combinations, allowed string) resource.TestCheckFunc {
	return func(*terraform.State) error {
		strength, err := strengthNamed(tn, name)
		if err != nil {
			return err
		}
		var values []string
		for _, c := range strength.CombinationConfigurations {
			values = slices.Concat(values, c.AllowedAAGUIDs, c.AllowedIssuerSkis, c.AllowedPolicyOIDs)
		}
		slices.Sort(values)
		have := strings.Join(slices.Sorted(slices.Values(strength.AllowedCombinations)), " ")
		if strength.Description != description || have != combinations || strings.Join(values, " ") != allowed {
			return fmt.Errorf("the strength is %+v", strength)
		}
		return nil
	}
}

// change changes a strength behind Terraform's back.
func changeStrength(tn *acctest.Tenant, name string, changes map[string]any) func() {
	return tn.Do(func(ctx context.Context) error {
		strength, err := strengthNamed(tn, name)
		if err == nil {
			_, err = control.Patch[control.AuthenticationStrength](ctx, tn.Client, strengthsEntity, strength.ID, changes)
		}
		return err
	})
}

func strengthAction(kind plancheck.ResourceActionType) resource.ConfigPlanChecks {
	return resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{plancheck.ExpectResourceAction(strengthAddress, kind)}}
}

var emptyPlan = resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()}}

// strengthLife is the life of a strength.
func strengthLife(tn *acctest.Tenant) []resource.TestStep {
	keys := func(aaguids string) map[string]string {
		return map[string]string{
			"description":                `"Our security keys."`,
			"combination_configurations": `{ fido2 = [{ applies_to_combinations = ["fido2"], allowed_aaguids = [` + aaguids + `] }] }`,
		}
	}
	both := keys(fmt.Sprintf("%q", otherKey))
	both["display_name"], both["allowed_combinations"] = `"Keys and cards"`, `["fido2", "x509CertificateMultiFactor"]`
	both["combination_configurations"] = `{
    fido2            = [{ applies_to_combinations = ["fido2"], allowed_aaguids = ["` + otherKey + `"] }]
    x509_certificate = [{ applies_to_combinations = ["x509CertificateMultiFactor"], allowed_issuer_skis = ["9a4248c6ac8c2931ab2a86537818e92e7b6c97b6"], allowed_policy_oids = ["1.2.3.4"] }]
  }`
	config := func(changes map[string]string) string { return tn.Provider() + strengthBlock(changes) }
	var id string
	return []resource.TestStep{
		{Config: config(keys(fmt.Sprintf("%q", yubiKey))), Check: resource.ComposeTestCheckFunc(
			hasStrength(tn, "Keys", "Our security keys.", "fido2 windowsHelloForBusiness", yubiKey),
			resource.TestCheckResourceAttr(strengthAddress, "requirements_satisfied", "mfa"),
			resource.TestCheckResourceAttrWith(strengthAddress, "id", func(value string) error { id = value; return nil }),
		)},
		{Config: config(keys(fmt.Sprintf("%q, %q", yubiKey, otherKey))), Check: hasStrength(tn, "Keys", "Our security keys.", "fido2 windowsHelloForBusiness", yubiKey+" "+otherKey)},
		{
			Config: config(both), ConfigPlanChecks: strengthAction(plancheck.ResourceActionUpdate),
			Check: hasStrength(tn, "Keys and cards", "Our security keys.", "fido2 x509CertificateMultiFactor", "1.2.3.4 9a4248c6ac8c2931ab2a86537818e92e7b6c97b6 "+otherKey),
		},
		{Config: config(both), ResourceName: strengthAddress, ImportState: true, ImportStateVerify: true},
		{Config: config(both), ResourceName: strengthAddress, ImportState: true, ImportStateVerify: true, ImportStateId: "keys AND cards"},
		{Config: config(map[string]string{"allowed_combinations": `["password"]`}), Check: resource.ComposeTestCheckFunc(
			hasStrength(tn, "Keys", "", "password", ""),
			resource.TestCheckResourceAttr(strengthAddress, "requirements_satisfied", "none"),
			resource.TestCheckResourceAttrWith(strengthAddress, "id", func(value string) error {
				if value != id {
					return fmt.Errorf("the id was %s and is %s", id, value)
				}
				return nil
			}),
		)},
	}
}

func TestTheLifeOfAStrength(t *testing.T) {
	t.Parallel()
	tn := newTenant(t, nil)
	tn.Run(strengthLife(tn)...)
	if _, err := strengthNamed(tn, "Keys"); err == nil {
		t.Error("the strength is still there after the destroy")
	}
}

func TestTheLifeOfAStrengthThroughTheRealCLI(t *testing.T) {
	t.Parallel()
	tn := newTenant(t, nil)
	tn.RunCLI(strengthLife(tn)...)
	if _, err := strengthNamed(tn, "Keys"); err == nil {
		t.Error("the strength is still there after the destroy")
	}
}

// What was limited stays limited at every moment: one request changes the configuration.
func TestOtherKeysTakeThePlaceOfTheOldOnes(t *testing.T) {
	t.Parallel()
	tn := newTenant(t, nil)
	life := strengthLife(tn)
	tn.Run(life[0], resource.TestStep{PreConfig: tn.Do(tn.ClearRequests), Config: life[1].Config, Check: func(*terraform.State) error {
		if tn.Sent("PATCH") != 1 || tn.Sent("POST", "DELETE") != 0 {
			return fmt.Errorf("%d PATCH, %d POST and DELETE", tn.Sent("PATCH"), tn.Sent("POST", "DELETE"))
		}
		return nil
	}})
}

func TestAnotherSpellingOfAStrengthIsNoChange(t *testing.T) {
	t.Parallel()
	tn := newTenant(t, nil)
	if err := tn.SetBehavior(t.Context(), control.Behavior{ConditionalAccess: control.ConditionalAccessBehavior{SpacedCombinations: true}}); err != nil {
		t.Fatal(err)
	}
	spelled := func(combinations, aaguid string) string {
		return tn.Provider() + strengthBlock(map[string]string{
			"allowed_combinations": combinations, "combination_configurations": `{ fido2 = [{ applies_to_combinations = ["fido2"], allowed_aaguids = ["` + aaguid + `"] }] }`,
		})
	}
	tn.Run(
		resource.TestStep{Config: spelled(`["softwareOath, password", "fido2"]`, strings.ToUpper(yubiKey)), Check: hasStrength(tn, "Keys", "", "fido2 password,softwareOath", strings.ToUpper(yubiKey))},
		resource.TestStep{Config: spelled(`["FIDO2", "password,softwareOath"]`, yubiKey), ConfigPlanChecks: emptyPlan},
		resource.TestStep{Config: spelled(`["password , softwareoath", "fido2", "softwareOath,password"]`, yubiKey), ConfigPlanChecks: emptyPlan},
	)
}

func TestWhatAnAdministratorChangesInAStrengthIsDrift(t *testing.T) {
	t.Parallel()
	tn := newTenant(t, nil)
	config := tn.Provider() + strengthBlock(nil)
	limited := map[string]any{"combinationConfigurations": []control.CombinationConfiguration{{Type: control.TypeFIDO2Configuration, AppliesToCombinations: []string{"fido2"}, AllowedAAGUIDs: []string{yubiKey}}}}
	drifts := func(change func()) resource.TestStep {
		return resource.TestStep{
			PreConfig: change, Config: config, ConfigPlanChecks: strengthAction(plancheck.ResourceActionUpdate), Check: hasStrength(tn, "Keys", "", "fido2 windowsHelloForBusiness", ""),
		}
	}
	tn.Run(
		resource.TestStep{Config: config},
		drifts(changeStrength(tn, "Keys", map[string]any{"allowedCombinations": []string{"fido2", "password,sms"}})),
		drifts(changeStrength(tn, "Keys", map[string]any{"displayName": "Kex"})),
		drifts(changeStrength(tn, "Keys", limited)),
		resource.TestStep{
			PreConfig: tn.Do(func(ctx context.Context) error {
				strength, err := strengthNamed(tn, "Keys")
				return errors.Join(err, control.Delete(ctx, tn.Client, strengthsEntity, strength.ID))
			}),
			Config: config, ConfigPlanChecks: strengthAction(plancheck.ResourceActionCreate),
		},
	)
}

func TestAStrengthThatTheServiceWouldRefuseIsRefusedAtPlan(t *testing.T) {
	t.Parallel()
	tn := newTenant(t, nil)
	configured := func(text string) map[string]string {
		return map[string]string{"allowed_combinations": `["fido2", "x509CertificateMultiFactor"]`, "combination_configurations": `{ ` + text + ` }`}
	}
	var steps []resource.TestStep
	for _, c := range []struct {
		changes map[string]string
		says    []string
	}{
		{map[string]string{"allowed_combinations": `["fido"]`}, []string{`"fido" is not a combination of authentication methods`, `The nearest one is "fido2"`}},
		{map[string]string{"allowed_combinations": `["fido2", "sms,voice"]`}, []string{`"sms,voice" is not a combination`}},
		{map[string]string{"allowed_combinations": `[]`}, []string{"at least 1"}},
		{map[string]string{"display_name": `" "`}, []string{"The name is empty"}},
		{map[string]string{"display_name": `"multifactor Authentication"`}, []string{`The name "multifactor Authentication" is taken`, control.StrengthMFA, "It is built in"}},
		{configured(``), []string{"combination_configurations has no configuration"}},
		{configured(`fido2 = [{ applies_to_combinations = ["fido2"] }]`), []string{"A configuration limits nothing", "allowed_aaguids"}},
		{configured(`fido2 = [{ applies_to_combinations = ["x509CertificateMultiFactor"], allowed_aaguids = ["` + yubiKey + `"] }]`), []string{`"x509CertificateMultiFactor" has no method of fido2`}},
		{configured(`x509_certificate = [{ applies_to_combinations = ["x509CertificateSingleFactor"], allowed_policy_oids = ["1.2.3"] }]`), []string{`applies to "x509CertificateSingleFactor", which is not allowed`}},
		{configured(`fido2 = [{ applies_to_combinations = ["fido2"], allowed_aaguids = ["YubiKey 5"] }]`), []string{`"YubiKey 5" is not an AAGUID`}},
		{configured(`x509_certificate = [{ applies_to_combinations = ["x509CertificateMultiFactor"], allowed_policy_oids = ["1.2..3"] }]`), []string{`"1.2..3" is not an OID`}},
		{configured(`x509_certificate = [{ applies_to_combinations = ["x509CertificateMultiFactor"], allowed_issuer_skis = ["9a:42"] }]`), []string{`"9a:42" is not a subject key identifier`}},
	} {
		steps = append(steps, resource.TestStep{Config: tn.Provider() + strengthBlock(c.changes), ExpectError: acctest.Says(c.says...)})
	}
	twice := strings.Replace(strengthBlock(map[string]string{"display_name": `"KEYS"`, "description": `"The others."`}), `"test"`, `"other"`, 1)
	steps = append(steps, resource.TestStep{Config: tn.Provider() + strengthBlock(nil) + twice, ExpectError: acctest.Says("Two authentication strengths would be called")})
	tn.Run(steps...)
	if writes := tn.Sent("POST"); writes > 0 {
		t.Errorf("%d strengths were sent", writes)
	}
}

// The service has combinations that the provider does not know, and the provider neither refuses nor drops them.
func TestACombinationThatOnlyTheServiceKnowsIsKept(t *testing.T) {
	t.Parallel()
	tn := newTenant(t, nil)
	times := 0
	answer := func(path, body string) control.Fault {
		return control.Fault{Method: http.MethodGet, PathRegexp: path, Times: &times, Body: body, Status: http.StatusOK, ContentType: "application/json"}
	}
	config := tn.Provider() + strengthBlock(map[string]string{"allowed_combinations": `["fido2", "brandNew, password"]`})
	tn.Run(
		resource.TestStep{
			PreConfig: tn.Fault(answer("authenticationStrength/combinations$", `{"value":["fido2","brandNew,password"]}`)),
			// The plan lets it pass, and the emulator's service refuses it.
			Config: config, ExpectError: acctest.Says("Unable to create authentication strength", "brandNew,password"),
		},
		resource.TestStep{
			PreConfig: func() {
				tn.Heal()()
				tn.Fault(answer("authenticationStrengthPolicies$", `{"value":[{"id":"`+acctest.BranchID+`","displayName":"Keys","policyType":"custom","requirementsSatisfied":"mfa","allowedCombinations":["fido2","password, brandNew"]}]}`))()
			},
			Config: config, ResourceName: strengthAddress, ImportState: true, ImportStatePersist: true, ImportStateId: "Keys",
		},
		resource.TestStep{Config: config, PlanOnly: true},
		resource.TestStep{PreConfig: tn.Heal(), Config: tn.Provider() + strengthBlock(nil)},
	)
}

// playedStrength is a strength of the protocol driver.
func playedStrength(name string, combinations ...any) acctest.ResourceBlock {
	return acctest.ResourceBlock{TypeName: strengthType, Values: map[string]any{"display_name": name, "allowed_combinations": combinations}}
}

// asking is an enabled policy that asks for a strength.
func asking(t *testing.T, tn *acctest.Tenant, id string) *control.ConditionalAccessPolicy {
	t.Helper()
	policy, err := control.Create(t.Context(), tn.Client, policiesEntity, control.ConditionalAccessPolicy{
		DisplayName: "Keys for administrators", State: control.PolicyEnabled,
		Conditions: control.PolicyConditions{
			Applications: &control.PolicyApplications{IncludeApplications: []string{"All"}}, Users: &control.PolicyUsers{IncludeRoles: []string{globalAdministrator}},
		},
		GrantControls: &control.ConditionalAccessGrant{Operator: "OR", AuthenticationStrength: &control.PolicyStrength{ID: id}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return policy
}

func TestAPlanSaysWhatAWeakerStrengthIsForPolicies(t *testing.T) {
	t.Parallel()
	tn := newTenant(t, nil)
	played := tn.Plays(t)
	quiet := func(what string, report *acctest.Outcome) {
		t.Helper()
		if acctest.Succeeds(t, report); len(report.Warnings) > 0 {
			t.Errorf("%s says:\n%s", what, report)
		}
	}
	says := func(what string, report *acctest.Outcome, texts ...string) {
		t.Helper()
		if acctest.Succeeds(t, report); !acctest.Says(texts...).MatchString(report.String()) {
			t.Errorf("%s says:\n%s", what, report)
		}
	}
	config := func(combinations ...any) acctest.Configuration {
		return acctest.Configuration{"x": playedStrength("Keys", combinations...)}
	}
	says("a new strength with a single factor", played.Plan(config("fido2", "sms")), `"Keys" accepts a single factor`, "sms, a single factor", "That is not MFA")
	quiet("a new strength", played.Apply(config("fido2")))
	quiet("a weaker one that nobody asks for", played.Plan(config("fido2", "password,sms")))
	says("a single factor that nobody asks for", played.Plan(config("fido2", "password")), `"Keys" becomes weaker`, "password, a single factor", "No Conditional Access policy asks for it")
	strength, err := strengthNamed(tn, "Keys")
	if err != nil {
		t.Fatal(err)
	}
	policy := asking(t, tn, strength.ID)
	says("a weaker one", played.Plan(config("fido2", "password,sms")), `Authentication strength "Keys" becomes weaker`, "will be enough: password,sms", `"Keys for administrators" (enabled, id `+policy.ID)
	// The service says the same, in its own words.
	says("the apply", played.Apply(config("fido2", "password,sms")), `Microsoft Graph remarks on "Keys"`, "lowers the security")
	quiet("fewer combinations", played.Apply(config("fido2")))

	destroyed := played.Apply(acctest.Configuration{})
	if !destroyed.Failed() || !acctest.Says(`Authentication strength "Keys" is in use`, "Keys for administrators").MatchString(destroyed.String()) || strings.Count(destroyed.String(), "is in use") < 2 {
		t.Errorf("a destroy of what a policy asks for says:\n%s", destroyed)
	}
	if err := tn.DeleteConditionalAccessPolicy(t.Context(), policy.ID); err != nil {
		t.Fatal(err)
	}
	quiet("a destroy of what no policy asks for", played.Apply(acctest.Configuration{}))
}

func TestATenantHasRoomForFifteenStrengths(t *testing.T) {
	t.Parallel()
	tn := newTenant(t, nil)
	for i := range 13 {
		strength := control.AuthenticationStrength{DisplayName: fmt.Sprintf("Strength %d", i), AllowedCombinations: []string{"fido2"}}
		if _, err := control.Create(t.Context(), tn.Client, strengthsEntity, strength); err != nil {
			t.Fatal(err)
		}
	}
	played := tn.Plays(t)
	two := acctest.Configuration{"x": playedStrength("One more", "fido2"), "y": playedStrength("And another", "fido2")}
	if report := played.Plan(two); !report.Failed() || !acctest.Says("Too many authentication strengths", "would have 16", "can have 15").MatchString(report.String()) {
		t.Errorf("a plan of a sixteenth strength says:\n%s", report)
	}
	one := acctest.Configuration{"x": two["x"]}
	acctest.Succeeds(t, played.Apply(one))
	// Where all places are taken, a strength can still be replaced and changed.
	played.Instances["x"].Tainted = true
	acctest.Succeeds(t, played.Plan(one))
	played.Instances["x"].Tainted = false
	acctest.Succeeds(t, played.Apply(acctest.Configuration{"x": playedStrength("The last one", "fido2")}))
}

func TestABuiltInStrengthIsNotManaged(t *testing.T) {
	t.Parallel()
	tn := newTenant(t, nil)
	played := tn.Plays(t)
	config := acctest.Configuration{"x": playedStrength("Multifactor authentication", "fido2")}
	for _, id := range []string{control.StrengthMFA, "multifactor authentication", "/policies/authenticationStrengthPolicies/" + control.StrengthMFA} {
		if report := played.ImportOne(config, "x", id); !report.Failed() || !acctest.Says(`"Multifactor authentication" is built in`, "data source").MatchString(report.String()) {
			t.Errorf("an import of %s says:\n%s", id, report)
		}
	}
	if report := played.ImportOne(config, "x", "no such"); !acctest.Says(`Authentication strength "no such" not found`, `"Phishing resistant MFA"`).MatchString(report.String()) {
		t.Errorf("an import of nothing says:\n%s", report)
	}
	if report := played.ImportOne(config, "x", acctest.BranchID); !acctest.Says("Authentication strength "+acctest.BranchID+" not found", "tenant_id").MatchString(report.String()) {
		t.Errorf("an import of nothing says:\n%s", report)
	}
}

func TestAStrengthIsFoundMovedAndListed(t *testing.T) {
	t.Parallel()
	tn := newTenant(t, nil)
	made, err := control.Create(t.Context(), tn.Client, strengthsEntity, control.AuthenticationStrength{DisplayName: "Keys", Description: "Ours.", AllowedCombinations: []string{"password,softwareOath", "fido2"}})
	if err != nil {
		t.Fatal(err)
	}
	l := tn.Lister(t, strengthType, nil)
	if have := l.Names(l.List(nil, 100, false)); len(have) != 2 || have[1] != `Keys (password,softwareOath, fido2)` {
		t.Errorf("listed are %q", have)
	}
	l.Imported(l.IdentityOf("id", made.ID))
	const azureAD = "azuread_authentication_strength_policy"
	for _, id := range []string{made.ID, "/policies/authenticationStrengthPolicies/" + made.ID} {
		moved := l.Move(acctest.AzureADAddress, azureAD, 0, `{"id":"`+id+`","display_name":"Keys","description":"Ours.","allowed_combinations":["fido2","password,softwareOath"]}`)
		acctest.NoErrors(t, moved.Diagnostics)
		state, err := moved.TargetState.Unmarshal(l.Type)
		if err != nil {
			t.Fatal(err)
		}
		values, _ := acctest.PlainOf(state).(map[string]any)
		if values["id"] != made.ID || values["description"] != "Ours." || len(acctest.List(values["allowed_combinations"])) != 2 {
			t.Errorf("moved it is %v", values)
		}
	}
	if wrong := l.Move(acctest.AzureADAddress, azureAD, 0, `{"id":"keys","display_name":"Keys","description":"","allowed_combinations":["fido2"]}`); !acctest.Says("cannot be read", "removed block").MatchString(acctest.AllOf(wrong.Diagnostics)) {
		t.Errorf("a state without an id is told %s", acctest.AllOf(wrong.Diagnostics))
	}
}

func TestACreationOfAStrengthWhoseAnswerIsLostIsFound(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]control.Fault{
		"cut off": {Method: http.MethodPost, Path: strengthsPath, Reset: control.ResetAfter},
		"502":     {Method: http.MethodPost, Path: strengthsPath, Processed: true, Status: http.StatusBadGateway},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tn := newTenant(t, nil)
			tn.Run(
				resource.TestStep{PreConfig: tn.Fault(fault), Config: tn.Provider() + strengthBlock(nil), Check: hasStrength(tn, "Keys", "", "fido2 windowsHelloForBusiness", "")},
				resource.TestStep{Config: tn.Provider() + strengthBlock(nil), ConfigPlanChecks: emptyPlan},
			)
		})
	}
}

// An update has several requests. What the first ones did is found by the next plan, and the next apply completes it.
func TestAnUpdateOfAStrengthThatFailsHalfWayIsCompleted(t *testing.T) {
	t.Parallel()
	tn := newTenant(t, nil)
	after := tn.Provider() + strengthBlock(map[string]string{"display_name": `"Cards"`, "allowed_combinations": `["x509CertificateMultiFactor"]`})
	tn.Run(
		resource.TestStep{Config: tn.Provider() + strengthBlock(nil)},
		resource.TestStep{
			PreConfig: tn.Fault(control.Fault{Method: http.MethodPost, PathRegexp: "updateAllowedCombinations$", Times: new(3), Status: http.StatusBadRequest, Code: "BadRequest", Message: "Not now."}),
			Config:    after, ExpectError: acctest.Says(`Unable to change the combinations of authentication strength "Cards"`, "Not now."),
		},
		resource.TestStep{PreConfig: tn.Heal(), Config: after, Check: hasStrength(tn, "Cards", "", "x509CertificateMultiFactor", "")},
	)
}

func TestMissingPermissionsForStrengthsAreNamed(t *testing.T) {
	t.Parallel()
	for missing, texts := range map[string][]string{
		"Policy.ReadWrite.": {`Unable to create authentication strength "Keys"`, "Policy.ReadWrite.ConditionalAccess, Policy.ReadWrite.AuthenticationMethod"},
		"Policy.":           {"Unable to list the authentication strengths", "Policy.Read.All"},
	} {
		tn := newTenant(t, func(people *control.Tenant) {
			for i := range people.Apps {
				people.Apps[i].Permissions = slices.DeleteFunc(people.Apps[i].Permissions, func(p string) bool { return strings.HasPrefix(p, missing) })
			}
		})
		tn.Run(resource.TestStep{Config: tn.Provider() + strengthBlock(nil), ExpectError: acctest.Says(texts...)})
	}
}

// A policy names a strength of the same apply, while replicas do not show the strength yet. Both are destroyed in one run as well.
func TestAPolicyAsksForAStrengthOfTheSameApply(t *testing.T) {
	t.Parallel()
	tn := newTenant(t, nil)
	lag := control.ReplicaLag{Reads: 2, LagCreates: true, LagDeletes: true}
	if err := tn.SetBehavior(t.Context(), control.Behavior{ReplicaLag: lag}); err != nil {
		t.Fatal(err)
	}
	both := strengthBlock(nil) + block(map[string]string{"grant_controls": `{ authentication_strength_policy_id = ` + strengthAddress + `.id }`})
	tn.Run(resource.TestStep{Config: tn.Provider() + both, Check: has(tn, "MFA for everybody", func(p control.ConditionalAccessPolicy) error {
		strength, err := strengthNamed(tn, "Keys")
		if err == nil && p.StrengthID() != strength.ID {
			err = fmt.Errorf("the policy asks for %q", p.StrengthID())
		}
		return err
	})})
	if _, err := strengthNamed(tn, "Keys"); err == nil {
		t.Error("the strength is still there after the destroy")
	}
}

func TestPoliciesAskForNoStrengthWhereTheCloudHasNone(t *testing.T) {
	t.Parallel()
	const graphChina, loginChina = "https://microsoftgraph.chinacloudapi.cn", "https://login.chinacloudapi.cn"
	for name, c := range map[string]struct {
		cloud, environment string
		says               []string
	}{
		"china":  {control.CloudChina, "china", []string{"This cloud has no authentication strengths in policies", graphChina, `built_in_controls = ["mfa"]`}},
		"public": {control.CloudPublic, "public", nil},
	} {
		people := acctest.LocationTenant()
		people.Cloud = c.cloud
		graph, login := "https://graph.microsoft.com", "https://login.microsoftonline.com"
		if c.says != nil {
			graph, login = graphChina, loginChina
		}
		network := acctest.StartTenant(t, people, acctest.Quick()).CloudNetwork(graph, login)
		played, err := acctest.NewCore(func() (tfprotov6.ProviderServer, error) { return network.Server(), nil }, map[string]any{
			"tenant_id": acctest.TenantID, "client_id": acctest.AppID, "client_secret": acctest.AppSecret, "use_cli": false, "environment": c.environment,
		})
		if err != nil {
			t.Fatal(err)
		}
		report := played.Plan(acctest.Configuration{"x": {TypeName: "entramfa_conditional_access_policy", Values: map[string]any{
			"display_name": "Strong", "state": "disabled", "grant_controls": map[string]any{"authentication_strength_policy_id": control.StrengthMFA},
			"conditions": map[string]any{"users": map[string]any{"included_users": []any{"All"}}, "applications": map[string]any{"included_applications": []any{"All"}}},
		}}})
		if report.Failed() != (c.says != nil) || !acctest.Says(c.says...).MatchString(report.String()) {
			t.Errorf("%s: the plan says %s", name, report)
		}
	}
}

func TestStrengthsAndTemplatesAreReadByDataSources(t *testing.T) {
	t.Parallel()
	tn := newTenant(t, nil)
	tn.Run(resource.TestStep{
		Config: tn.Provider() + strengthBlock(nil) + `
data "entramfa_authentication_strength_policy" "strong" {
  display_name = "phishing RESISTANT mfa"
}
data "entramfa_authentication_strength_policy" "own" {
  id = entramfa_authentication_strength_policy.test.id
}
data "entramfa_authentication_strength_policies" "all" {
  depends_on = [entramfa_authentication_strength_policy.test]
}
data "entramfa_authentication_strength_policies" "custom" {
  policy_type = "custom"
  depends_on  = [entramfa_authentication_strength_policy.test]
}
data "entramfa_conditional_access_template" "phishing_resistant" {
  id = "76c03f19-ea37-4656-a772-a183b4ddb81d"
}
data "entramfa_conditional_access_template" "session" {
  id = "62e51ccc-c9c3-4554-ac70-066172c81007"
}
data "entramfa_conditional_access_template" "recovery" {
  id = "6acdf4c3-6815-485c-a57d-2c349d517ba0"
}
`,
		Check: resource.ComposeTestCheckFunc(
			resource.TestCheckResourceAttr("data.entramfa_authentication_strength_policy.strong", "id", phishingResistant),
			resource.TestCheckResourceAttr("data.entramfa_authentication_strength_policy.strong", "policy_type", "builtIn"),
			resource.TestCheckResourceAttr("data.entramfa_authentication_strength_policy.strong", "allowed_combinations.#", "3"),
			resource.TestCheckResourceAttr("data.entramfa_authentication_strength_policy.own", "display_name", "Keys"),
			resource.TestCheckResourceAttr("data.entramfa_authentication_strength_policies.all", "policies.%", "5"),
			resource.TestCheckResourceAttr("data.entramfa_authentication_strength_policies.custom", "policies.%", "2"),
			resource.TestCheckResourceAttr("data.entramfa_conditional_access_template.phishing_resistant", "grant_controls.authentication_strength_policy_id", phishingResistant),
			resource.TestCheckResourceAttr("data.entramfa_conditional_access_template.phishing_resistant", "conditions.users.included_roles.#", "19"),
			resource.TestCheckNoResourceAttr("data.entramfa_conditional_access_template.phishing_resistant", "conditions.users.excluded_users.#"),
			resource.TestCheckResourceAttr("data.entramfa_conditional_access_template.phishing_resistant", "scenarios.#", "3"),
			resource.TestCheckResourceAttr("data.entramfa_conditional_access_template.session", "session_controls.sign_in_frequency", "1"),
			resource.TestCheckResourceAttr("data.entramfa_conditional_access_template.recovery", "grant_controls.built_in_controls.0", "verifiedID"),
		),
	}, resource.TestStep{
		Config:      tn.Provider() + `data "entramfa_conditional_access_template" "none" { id = "` + acctest.BranchID + `" }`,
		ExpectError: regexp.MustCompile(`Conditional Access template ` + acctest.BranchID + ` not found`),
	}, resource.TestStep{
		Config:      tn.Provider() + `data "entramfa_authentication_strength_policy" "none" { display_name = "none" }`,
		ExpectError: acctest.Says(`Authentication strength "none" not found`, `"Passwordless MFA"`),
	})
}

func TestAChangeOfAStrengthSinceThePlanStopsTheApply(t *testing.T) {
	t.Parallel()
	tn := newTenant(t, nil)
	played := tn.Plays(t)
	acctest.Succeeds(t, played.Apply(acctest.Configuration{"x": playedStrength("Keys", "fido2")}))
	played.Between = changeStrength(tn, "Keys", map[string]any{"allowedCombinations": []string{"fido2", "deviceBasedPush"}})
	report := played.Apply(acctest.Configuration{"x": playedStrength("Keys", "fido2", "windowsHelloForBusiness")})
	if !report.Failed() || !acctest.Says("changed since the plan was made", "allowed_combinations: deviceBasedPush was added").MatchString(report.String()) {
		t.Errorf("the apply says:\n%s", report)
	}
}

package provider_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"
	"github.com/hashicorp/terraform-plugin-testing/tfversion"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
)

const (
	azureADAddress = "registry.terraform.io/hashicorp/azuread"
	azureADType    = "azuread_named_location"
	azureADPath    = "/identity/conditionalAccess/namedLocations/"
)

// move asks for a state of another resource to be taken over, as a moved block does.
func (l *lister) move(provider, typeName string, version int64, state string) *tfprotov6.MoveResourceStateResponse {
	l.t.Helper()
	moved, err := l.server.MoveResourceState(context.Background(), &tfprotov6.MoveResourceStateRequest{
		SourceProviderAddress: provider, SourceTypeName: typeName, SourceSchemaVersion: version,
		SourceState: &tfprotov6.RawState{JSON: []byte(state)}, TargetTypeName: l.typeName,
	})
	if err != nil {
		l.t.Fatal(err)
	}
	return moved
}

// Branch as versions 2 and 3 of azuread have it in their states.
const (
	branchOfVersion2 = `{"id":"` + branchID + `","display_name":"Branch","country":[],"timeouts":null,
		"ip":[{"ip_ranges":["198.51.100.77/25","2001:DB8:B:0:0:0:0:0/48"],"trusted":true}]}`
	branchOfVersion3 = `{"id":"` + azureADPath + branchID + `","object_id":"` + branchID + `","display_name":"Branch","country":[],"timeouts":{"read":null},
		"ip":[{"ip_ranges":["198.51.100.77/25","2001:DB8:B:0:0:0:0:0/48"],"trusted":true}]}`
)

func TestALocationMovesHereFromAzureAD(t *testing.T) {
	t.Parallel()
	tn := newLocationTenant(t)
	l := tn.lister(t, locationType, nil)
	imported := l.imported(l.identityOf("id", branchID))
	if err := tn.ClearRequests(context.Background()); err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		provider string
		version  int64
		state    string
	}{
		"version 3":            {azureADAddress, 1, branchOfVersion3},
		"version 2":            {azureADAddress, 0, branchOfVersion2},
		"OpenTofu's registry":  {"registry.opentofu.org/hashicorp/azuread", 1, branchOfVersion3},
		"OpenTofu 1.11":        {"azuread", 1, branchOfVersion3},
		"a mirror":             {"terraform.contoso.example:8443/hashicorp/azuread", 1, branchOfVersion3},
		"without an object id": {azureADAddress, 1, strings.Replace(branchOfVersion3, `"object_id":"`+branchID+`",`, "", 1)},
		"a version to come":    {azureADAddress, 7, strings.Replace(branchOfVersion3, `{"id"`, `{"kind":{"ip":true},"id"`, 1)},
	} {
		t.Run(name, func(t *testing.T) {
			moved := l.move(tc.provider, azureADType, tc.version, tc.state)
			noErrors(t, moved.Diagnostics)
			state, err := moved.TargetState.Unmarshal(l.typ)
			if err != nil {
				t.Fatal(err)
			}
			if !state.Equal(imported) {
				t.Errorf("moved it is\n%s\nand imported\n%s", state, imported)
			}
			identity, err := moved.TargetIdentity.IdentityData.Unmarshal(l.identity)
			if err != nil {
				t.Fatal(err)
			}
			if want := l.identityOf("id", branchID); !identity.Equal(want) {
				t.Errorf("the identity is %s, want %s", identity, want)
			}
		})
	}
	if sent := tn.sent(http.MethodGet, http.MethodPost, http.MethodPatch, http.MethodDelete); sent != 0 {
		t.Errorf("the moves sent %d requests", sent)
	}
}

func TestALocationThatIsNotTrustedMovesHereAndThePlanTellsWhatIsTrustedNew(t *testing.T) {
	t.Parallel()
	tn := newLocationTenant(t)
	l := tn.lister(t, locationType, nil)
	const guests = `{"id":"` + azureADPath + guestsID + `","object_id":"` + guestsID + `","display_name":"Guests","ip":[{"ip_ranges":["203.0.113.0/24"]%s}]}`
	for _, trusted := range []string{`,"trusted":false`, `,"trusted":null`, ``} {
		moved := l.move(azureADAddress, azureADType, 1, fmt.Sprintf(guests, trusted))
		noErrors(t, moved.Diagnostics)
		read, err := l.server.ReadResource(context.Background(), &tfprotov6.ReadResourceRequest{
			TypeName: locationType, CurrentState: moved.TargetState, CurrentIdentity: moved.TargetIdentity, Private: moved.TargetPrivate,
		})
		if err != nil {
			t.Fatal(err)
		}
		noErrors(t, read.Diagnostics)
		prior, err := read.NewState.Unmarshal(l.typ)
		if err != nil {
			t.Fatal(err)
		}
		var attributes map[string]tftypes.Value
		if err := prior.As(&attributes); err != nil {
			t.Fatal(err)
		}
		values := map[string]any{}
		for name, value := range attributes {
			values[name] = value
		}
		planned := l.plan(values, location("Guests", "203.0.113.0/24"))
		noErrors(t, planned.Diagnostics)
		after, err := planned.PlannedState.Unmarshal(l.typ)
		if err != nil {
			t.Fatal(err)
		}
		if !attributeOf(t, prior, "trusted").Equal(tftypes.NewValue(tftypes.Bool, false)) || !attributeOf(t, after, "trusted").Equal(tftypes.NewValue(tftypes.Bool, true)) ||
			!attributeOf(t, after, "id").Equal(attributeOf(t, prior, "id")) || len(planned.RequiresReplace) != 0 {
			t.Errorf("the plan goes from\n%s\nto\n%s", prior, after)
		}
		told := warnings(planned.Diagnostics)
		if len(told) != 1 || !says(`"Guests" newly trusts 256 IPv4 addresses`, "newly trusted: 203.0.113.0/24 (256 IPv4 addresses)").MatchString(told[0]) {
			t.Errorf("the plan warns of %q", told)
		}
	}
}

func TestWhatCannotMoveHereSaysWhyAndWhatToDo(t *testing.T) {
	t.Parallel()
	l := newLocationTenant(t).lister(t, locationType, nil)
	const notSupported = "does not include support for the given source resource"
	for name, tc := range map[string]struct {
		provider, typeName, state string
		want                      []string
	}{
		"countries": {
			azureADAddress, azureADType,
			`{"id":"` + azureADPath + italyID + `","object_id":"` + italyID + `","display_name":"Italy","ip":[],"country":[{"countries_and_regions":["IT","SM"],"country_lookup_method":"clientIpAddress"}]}`,
			[]string{`Named location "Italy" cannot be moved to entramfa_trusted_ips`, italyID + " is one of countries (IT, SM)", "Nothing was changed", "Remove the moved block", "leave it with azuread_named_location"},
		},
		"neither ranges nor countries": {
			azureADAddress, azureADType, `{"id":"` + italyID + `","display_name":"Italy"}`,
			[]string{`Named location "Italy" cannot be moved`, "has no IP ranges"},
		},
		"an id of another form": {
			azureADAddress, azureADType, `{"id":"Branch","display_name":"Branch","ip":[{"ip_ranges":["198.51.100.77/25"],"trusted":true}]}`,
			[]string{"Unable to move azuread_named_location: its state cannot be read", "schema version 1 of " + azureADAddress, "destroy = false", "import it into entramfa_trusted_ips by its id"},
		},
		"ranges of another form": {
			azureADAddress, azureADType, `{"id":"` + branchID + `","display_name":"Branch","ip":"198.51.100.77/25"}`,
			[]string{"its state cannot be read"},
		},
		"another type of azuread":              {azureADAddress, "azuread_conditional_access_policy", branchOfVersion3, []string{notSupported}},
		"another provider's type of that name": {"registry.terraform.io/contoso/azuread", azureADType, branchOfVersion3, []string{notSupported}},
		"another provider of that namespace":   {"registry.terraform.io/hashicorp/azurerm", azureADType, branchOfVersion3, []string{notSupported}},
		"another type by a bare name":          {"azuread", "azuread_conditional_access_policy", branchOfVersion3, []string{notSupported}},
		"another provider by a bare name":      {"azurerm", azureADType, branchOfVersion3, []string{notSupported}},
		"a namespace that ends alike":          {"registry.terraform.io/nothashicorp/azuread", azureADType, branchOfVersion3, []string{notSupported}},
		"the resource of one user":             {"registry.terraform.io/mfa-as-code/entramfa", "entramfa_user_mfa_state", `{"id":"` + branchID + `"}`, []string{notSupported}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			moved := l.move(tc.provider, tc.typeName, 1, tc.state)
			errors := told(tfprotov6.DiagnosticSeverityError, moved.Diagnostics)
			if len(errors) != 1 || !says(tc.want...).MatchString(errors[0]) || moved.TargetState != nil {
				t.Errorf("the move says %q, want one error that says %q", errors, tc.want)
			}
		})
	}
}

// azureADConfig is a location of azuread that is called Harbour.
func azureADConfig(block string) string {
	return "resource \"azuread_named_location\" \"test\" {\n  display_name = \"Harbour\"\n  " + block + "\n}\n"
}

const (
	movedFromAzureAD = "moved {\n  from = azuread_named_location.test\n  to   = entramfa_trusted_ips.test\n}\n"

	harbourTrusted = "ip {\n    ip_ranges = [\"192.0.2.128/26\", \"2001:DB8:C::/48\"]\n    trusted   = true\n  }"
	harbour        = "ip {\n    ip_ranges = [\"192.0.2.128/26\", \"2001:DB8:C::/48\"]\n  }"
	harbourCountry = "country {\n    countries_and_regions = [\"IT\"]\n  }"
)

// harbourHere is the same location as a resource of this provider, with its ranges in another order and spelling.
func (tn *tenant) harbourHere(extra ...string) string {
	return tn.provider() + trustedIPs("Harbour", "2001:db8:c::/48", "192.0.2.128/26") + strings.Join(extra, "")
}

// movesFromAzureAD applies a location by azuread and then takes the given steps.
func (tn *tenant) movesFromAzureAD(t *testing.T, version int64, block string, steps ...resource.TestStep) *azureAD {
	t.Helper()
	stub, factories := tn.withAzureAD(version)
	first := resource.TestStep{Config: azureADConfig(block), Check: func(*terraform.State) error { return tn.ClearRequests(context.Background()) }}
	resource.UnitTest(t, resource.TestCase{
		// The tests over the protocol show the same without such a CLI.
		TerraformVersionChecks:   []tfversion.TerraformVersionCheck{tfversion.SkipBelow(tfversion.Version1_8_0)},
		ProtoV6ProviderFactories: factories, Steps: append([]resource.TestStep{first}, steps...),
	})
	return stub
}

// isHarbour checks that the state has the id of the one location there is.
func (tn *tenant) isHarbour(s *terraform.State) error {
	location, err := tn.named("Harbour")
	if err != nil {
		return err
	}
	return resource.TestCheckResourceAttr(locationAddress, "id", location.ID)(s)
}

func TestAMoveFromAzureADThroughTheRealCLIWritesNothing(t *testing.T) {
	t.Parallel()
	empty := resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{
		plancheck.ExpectEmptyPlan(), plancheck.ExpectResourceAction(locationAddress, plancheck.ResourceActionNoop),
	}}
	for name, version := range map[string]int64{"version 2": 2, "version 3": 3} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tn := newLocationTenant(t)
			read := func(*terraform.State) error {
				if tn.sent(http.MethodGet) == 0 {
					return errors.New("the log shows no read of a location, so that it shows nothing")
				}
				return tn.wroteLocations(0)(nil)
			}
			stub := tn.movesFromAzureAD(t, version, harbourTrusted,
				resource.TestStep{
					Config: tn.harbourHere(movedFromAzureAD), ConfigPlanChecks: empty,
					Check: resource.ComposeAggregateTestCheckFunc(tn.isHarbour, tn.hasLocation("Harbour", "192.0.2.128/26", "2001:DB8:C::/48"), read),
				},
				// The moved block has done its work.
				resource.TestStep{Config: tn.harbourHere(), ConfigPlanChecks: empty, Check: resource.ComposeAggregateTestCheckFunc(tn.isHarbour, read)},
				resource.TestStep{
					PreConfig: tn.patched("Harbour", control.NamedLocationPatch{IsTrusted: new(false)}), Config: tn.harbourHere(),
					ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{plancheck.ExpectResourceAction(locationAddress, plancheck.ResourceActionUpdate)}},
					Check:            tn.wroteLocations(1),
				},
			)
			if writes := stub.writes.Load(); writes != 0 {
				t.Errorf("azuread was asked for %d writes", writes)
			}
		})
	}
}

// The control of the test before this one.
func TestWithoutAMoveTheLocationOfAzureADIsDeleted(t *testing.T) {
	t.Parallel()
	tn := newLocationTenant(t)
	stub := tn.movesFromAzureAD(t, 3, harbourTrusted, resource.TestStep{
		Config: tn.harbourHere(),
		ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{
			plancheck.ExpectResourceAction("azuread_named_location.test", plancheck.ResourceActionDestroy),
			plancheck.ExpectResourceAction(locationAddress, plancheck.ResourceActionCreate),
		}},
		Check: tn.wroteLocations(1),
	})
	if writes := stub.writes.Load(); writes != 1 {
		t.Errorf("azuread was asked for %d writes, want 1", writes)
	}
}

func TestAMoveFromAzureADThroughTheRealCLITrustsWhatWasNotTrusted(t *testing.T) {
	t.Parallel()
	tn := newLocationTenant(t)
	stub := tn.movesFromAzureAD(t, 3, harbour, resource.TestStep{
		Config: tn.harbourHere(movedFromAzureAD),
		ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{
			plancheck.ExpectResourceAction(locationAddress, plancheck.ResourceActionUpdate),
			plancheck.ExpectKnownValue(locationAddress, tfjsonpath.New("trusted"), knownvalue.Bool(true)),
		}},
		Check: resource.ComposeAggregateTestCheckFunc(tn.isHarbour, tn.hasLocation("Harbour", "192.0.2.128/26", "2001:DB8:C::/48"),
			func(*terraform.State) error {
				if patches, others := tn.sent(http.MethodPatch), tn.sent(http.MethodPost, http.MethodDelete); patches != 1 || others != 0 {
					return fmt.Errorf("%d changes and %d other writes were sent, want 1 and none", patches, others)
				}
				return nil
			}),
	})
	if writes := stub.writes.Load(); writes != 0 {
		t.Errorf("azuread was asked for %d writes", writes)
	}
}

func TestAMoveOfCountriesThroughTheRealCLIIsRefused(t *testing.T) {
	t.Parallel()
	tn := newLocationTenant(t)
	tn.movesFromAzureAD(t, 3, harbourCountry,
		resource.TestStep{Config: tn.harbourHere(movedFromAzureAD), ExpectError: says(`Named location "Harbour" cannot be moved to entramfa_trusted_ips`, "is one of countries (IT)")},
		resource.TestStep{Config: azureADConfig(harbourCountry), Check: tn.wroteLocations(0)},
	)
}

package locations_test

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

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/acctest"
)

// Branch as versions 2 and 3 of azuread have it in their states.
const (
	branchOfVersion2 = `{"id":"` + acctest.BranchID + `","display_name":"Branch","country":[],"timeouts":null,
		"ip":[{"ip_ranges":["198.51.100.77/25","2001:DB8:B:0:0:0:0:0/48"],"trusted":true}]}`
	branchOfVersion3 = `{"id":"` + acctest.AzureADPath + acctest.BranchID + `","object_id":"` + acctest.BranchID + `","display_name":"Branch","country":[],"timeouts":{"read":null},
		"ip":[{"ip_ranges":["198.51.100.77/25","2001:DB8:B:0:0:0:0:0/48"],"trusted":true}]}`
)

func TestALocationMovesHereFromAzureAD(t *testing.T) {
	t.Parallel()
	tn := acctest.NewLocationTenant(t)
	l := tn.Lister(t, acctest.LocationType, nil)
	imported := l.Imported(l.IdentityOf("id", acctest.BranchID))
	if err := tn.ClearRequests(context.Background()); err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		provider string
		version  int64
		state    string
	}{
		"version 3":            {acctest.AzureADAddress, 1, branchOfVersion3},
		"version 2":            {acctest.AzureADAddress, 0, branchOfVersion2},
		"OpenTofu's registry":  {"registry.opentofu.org/hashicorp/azuread", 1, branchOfVersion3},
		"OpenTofu 1.11":        {"azuread", 1, branchOfVersion3},
		"a mirror":             {"terraform.contoso.example:8443/hashicorp/azuread", 1, branchOfVersion3},
		"without an object id": {acctest.AzureADAddress, 1, strings.Replace(branchOfVersion3, `"object_id":"`+acctest.BranchID+`",`, "", 1)},
		"a version to come":    {acctest.AzureADAddress, 7, strings.Replace(branchOfVersion3, `{"id"`, `{"kind":{"ip":true},"id"`, 1)},
	} {
		t.Run(name, func(t *testing.T) {
			moved := l.Move(tc.provider, acctest.AzureADType, tc.version, tc.state)
			acctest.NoErrors(t, moved.Diagnostics)
			state, err := moved.TargetState.Unmarshal(l.Type)
			if err != nil {
				t.Fatal(err)
			}
			if !state.Equal(imported) {
				t.Errorf("moved it is\n%s\nand imported\n%s", state, imported)
			}
			identity, err := moved.TargetIdentity.IdentityData.Unmarshal(l.Identity)
			if err != nil {
				t.Fatal(err)
			}
			if want := l.IdentityOf("id", acctest.BranchID); !identity.Equal(want) {
				t.Errorf("the identity is %s, want %s", identity, want)
			}
		})
	}
	if sent := tn.Sent(http.MethodGet, http.MethodPost, http.MethodPatch, http.MethodDelete); sent != 0 {
		t.Errorf("the moves sent %d requests", sent)
	}
}

func TestALocationThatIsNotTrustedMovesHereAndThePlanTellsWhatIsTrustedNew(t *testing.T) {
	t.Parallel()
	tn := acctest.NewLocationTenant(t)
	l := tn.Lister(t, acctest.LocationType, nil)
	const guests = `{"id":"` + acctest.AzureADPath + acctest.GuestsID + `","object_id":"` + acctest.GuestsID + `","display_name":"Guests","ip":[{"ip_ranges":["203.0.113.0/24"]%s}]}`
	for _, trusted := range []string{`,"trusted":false`, `,"trusted":null`, ``} {
		moved := l.Move(acctest.AzureADAddress, acctest.AzureADType, 1, fmt.Sprintf(guests, trusted))
		acctest.NoErrors(t, moved.Diagnostics)
		read, err := l.Server.ReadResource(context.Background(), &tfprotov6.ReadResourceRequest{
			TypeName: acctest.LocationType, CurrentState: moved.TargetState, CurrentIdentity: moved.TargetIdentity, Private: moved.TargetPrivate,
		})
		if err != nil {
			t.Fatal(err)
		}
		acctest.NoErrors(t, read.Diagnostics)
		prior, err := read.NewState.Unmarshal(l.Type)
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
		planned := l.Plan(values, acctest.Location("Guests", "203.0.113.0/24"))
		acctest.NoErrors(t, planned.Diagnostics)
		after, err := planned.PlannedState.Unmarshal(l.Type)
		if err != nil {
			t.Fatal(err)
		}
		if !acctest.AttributeOf(t, prior, "trusted").Equal(tftypes.NewValue(tftypes.Bool, false)) || !acctest.AttributeOf(t, after, "trusted").Equal(tftypes.NewValue(tftypes.Bool, true)) ||
			!acctest.AttributeOf(t, after, "id").Equal(acctest.AttributeOf(t, prior, "id")) || len(planned.RequiresReplace) != 0 {
			t.Errorf("the plan goes from\n%s\nto\n%s", prior, after)
		}
		told := acctest.Warnings(planned.Diagnostics)
		if len(told) != 1 || !acctest.Says(`"Guests" newly trusts 256 IPv4 addresses`, "newly trusted: 203.0.113.0/24 (256 IPv4 addresses)").MatchString(told[0]) {
			t.Errorf("the plan warns of %q", told)
		}
	}
}

func TestWhatCannotMoveHereSaysWhyAndWhatToDo(t *testing.T) {
	t.Parallel()
	l := acctest.NewLocationTenant(t).Lister(t, acctest.LocationType, nil)
	const notSupported = "does not include support for the given source resource"
	for name, tc := range map[string]struct {
		provider, typeName, state string
		want                      []string
	}{
		"countries": {
			acctest.AzureADAddress, acctest.AzureADType,
			`{"id":"` + acctest.AzureADPath + acctest.ItalyID + `","object_id":"` + acctest.ItalyID + `","display_name":"Italy","ip":[],"country":[{"countries_and_regions":["IT","SM"],"country_lookup_method":"clientIpAddress"}]}`,
			[]string{`Named location "Italy" cannot be moved to entramfa_trusted_ips`, acctest.ItalyID + " is one of countries (IT, SM)", "Nothing was changed", "Remove the moved block", "leave it with azuread_named_location"},
		},
		"neither ranges nor countries": {
			acctest.AzureADAddress, acctest.AzureADType, `{"id":"` + acctest.ItalyID + `","display_name":"Italy"}`,
			[]string{`Named location "Italy" cannot be moved`, "has no IP ranges"},
		},
		"an id of another form": {
			acctest.AzureADAddress, acctest.AzureADType, `{"id":"Branch","display_name":"Branch","ip":[{"ip_ranges":["198.51.100.77/25"],"trusted":true}]}`,
			[]string{"Unable to move azuread_named_location: its state cannot be read", "schema version 1 of " + acctest.AzureADAddress, "destroy = false", "import it into entramfa_trusted_ips by its id"},
		},
		"ranges of another form": {
			acctest.AzureADAddress, acctest.AzureADType, `{"id":"` + acctest.BranchID + `","display_name":"Branch","ip":"198.51.100.77/25"}`,
			[]string{"its state cannot be read"},
		},
		"another type of azuread":              {acctest.AzureADAddress, "azuread_conditional_access_policy", branchOfVersion3, []string{notSupported}},
		"another provider's type of that name": {"registry.terraform.io/contoso/azuread", acctest.AzureADType, branchOfVersion3, []string{notSupported}},
		"another provider of that namespace":   {"registry.terraform.io/hashicorp/azurerm", acctest.AzureADType, branchOfVersion3, []string{notSupported}},
		"another type by a bare name":          {"azuread", "azuread_conditional_access_policy", branchOfVersion3, []string{notSupported}},
		"another provider by a bare name":      {"azurerm", acctest.AzureADType, branchOfVersion3, []string{notSupported}},
		"a namespace that ends alike":          {"registry.terraform.io/nothashicorp/azuread", acctest.AzureADType, branchOfVersion3, []string{notSupported}},
		"the resource of one user":             {"registry.terraform.io/mfa-as-code/entramfa", "entramfa_user_mfa_state", `{"id":"` + acctest.BranchID + `"}`, []string{notSupported}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			moved := l.Move(tc.provider, tc.typeName, 1, tc.state)
			errors := acctest.Told(tfprotov6.DiagnosticSeverityError, moved.Diagnostics)
			if len(errors) != 1 || !acctest.Says(tc.want...).MatchString(errors[0]) || moved.TargetState != nil {
				t.Errorf("the move says %q, want one error that says %q", errors, tc.want)
			}
		})
	}
}

const (
	movedFromAzureAD = "moved {\n  from = azuread_named_location.test\n  to   = entramfa_trusted_ips.test\n}\n"

	harbourTrusted = "ip {\n    ip_ranges = [\"192.0.2.128/26\", \"2001:DB8:C::/48\"]\n    trusted   = true\n  }"
	harbour        = "ip {\n    ip_ranges = [\"192.0.2.128/26\", \"2001:DB8:C::/48\"]\n  }"
	harbourCountry = "country {\n    countries_and_regions = [\"IT\"]\n  }"
)

func TestAMoveFromAzureADThroughTheRealCLIWritesNothing(t *testing.T) {
	t.Parallel()
	empty := resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{
		plancheck.ExpectEmptyPlan(), plancheck.ExpectResourceAction(acctest.LocationAddress, plancheck.ResourceActionNoop),
	}}
	for name, version := range map[string]int64{"version 2": 2, "version 3": 3} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tn := acctest.NewLocationTenant(t)
			read := func(*terraform.State) error {
				if tn.Sent(http.MethodGet) == 0 {
					return errors.New("the log shows no read of a location, so that it shows nothing")
				}
				return tn.WroteLocations(0)(nil)
			}
			stub := tn.MovesFromAzureAD(t, version, harbourTrusted,
				resource.TestStep{
					Config: tn.HarbourHere(movedFromAzureAD), ConfigPlanChecks: empty,
					Check: resource.ComposeAggregateTestCheckFunc(tn.IsHarbour, tn.HasLocation("Harbour", "192.0.2.128/26", "2001:DB8:C::/48"), read),
				},
				// The moved block has done its work.
				resource.TestStep{Config: tn.HarbourHere(), ConfigPlanChecks: empty, Check: resource.ComposeAggregateTestCheckFunc(tn.IsHarbour, read)},
				resource.TestStep{
					PreConfig: tn.Patched("Harbour", control.NamedLocationPatch{IsTrusted: new(false)}), Config: tn.HarbourHere(),
					ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{plancheck.ExpectResourceAction(acctest.LocationAddress, plancheck.ResourceActionUpdate)}},
					Check:            tn.WroteLocations(1),
				},
			)
			if writes := stub.Writes.Load(); writes != 0 {
				t.Errorf("azuread was asked for %d writes", writes)
			}
		})
	}
}

// The control of the test before this one.
func TestWithoutAMoveTheLocationOfAzureADIsDeletedThroughTheRealCLI(t *testing.T) {
	t.Parallel()
	tn := acctest.NewLocationTenant(t)
	stub := tn.MovesFromAzureAD(t, 3, harbourTrusted, resource.TestStep{
		Config: tn.HarbourHere(),
		ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{
			plancheck.ExpectResourceAction("azuread_named_location.test", plancheck.ResourceActionDestroy),
			plancheck.ExpectResourceAction(acctest.LocationAddress, plancheck.ResourceActionCreate),
		}},
		Check: tn.WroteLocations(1),
	})
	if writes := stub.Writes.Load(); writes != 1 {
		t.Errorf("azuread was asked for %d writes, want 1", writes)
	}
}

func TestAMoveFromAzureADThroughTheRealCLITrustsWhatWasNotTrusted(t *testing.T) {
	t.Parallel()
	tn := acctest.NewLocationTenant(t)
	stub := tn.MovesFromAzureAD(t, 3, harbour, resource.TestStep{
		Config: tn.HarbourHere(movedFromAzureAD),
		ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{
			plancheck.ExpectResourceAction(acctest.LocationAddress, plancheck.ResourceActionUpdate),
			plancheck.ExpectKnownValue(acctest.LocationAddress, tfjsonpath.New("trusted"), knownvalue.Bool(true)),
		}},
		Check: resource.ComposeAggregateTestCheckFunc(tn.IsHarbour, tn.HasLocation("Harbour", "192.0.2.128/26", "2001:DB8:C::/48"),
			func(*terraform.State) error {
				if patches, others := tn.Sent(http.MethodPatch), tn.Sent(http.MethodPost, http.MethodDelete); patches != 1 || others != 0 {
					return fmt.Errorf("%d changes and %d other writes were sent, want 1 and none", patches, others)
				}
				return nil
			}),
	})
	if writes := stub.Writes.Load(); writes != 0 {
		t.Errorf("azuread was asked for %d writes", writes)
	}
}

func TestAMoveOfCountriesThroughTheRealCLIIsRefused(t *testing.T) {
	t.Parallel()
	tn := acctest.NewLocationTenant(t)
	tn.MovesFromAzureAD(t, 3, harbourCountry,
		resource.TestStep{Config: tn.HarbourHere(movedFromAzureAD), ExpectError: acctest.Says(`Named location "Harbour" cannot be moved to entramfa_trusted_ips`, "is one of countries (IT)")},
		resource.TestStep{Config: acctest.AzureADConfig(harbourCountry), Check: tn.WroteLocations(0)},
	)
}

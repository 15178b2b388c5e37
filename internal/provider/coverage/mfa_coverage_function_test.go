package coverage_test

import (
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/acctest"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/coverage"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/resourcekit"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/server"
)

// TestMain runs the tests of this area, with a provider that has nothing else.
func TestMain(m *testing.M) {
	os.Exit(acctest.Run(func(version string, options ...server.Option) func() tfprotov6.ProviderServer {
		return server.NewServer(version, []resourcekit.Area{coverage.Area()}, options...)
	}, m.Run))
}

const everybody = `[{"id":"1","displayName":"MFA outside","state":"enabled",
	"conditions":{"users":{"includeUsers":["All"],"excludeGroups":["33333333-cccc-4ccc-8ccc-000000000001"]},"applications":{"includeApplications":["All"]},
		"locations":{"includeLocations":["All"],"excludeLocations":["AllTrusted"]}},
	"grantControls":{"operator":"OR","builtInControls":["mfa"]}},
	{"id":"2","displayName":"Soon","state":"enabledForReportingButNotEnforced","conditions":{"users":{"includeUsers":["All"]},"applications":{"includeApplications":["All"]}},
	"grantControls":{"operator":"OR","builtInControls":["mfa"]}}]`

// object is a value of an object.
func object(attributes map[string]tftypes.Value) tftypes.Value {
	kinds := map[string]tftypes.Type{}
	for name, value := range attributes {
		kinds[name] = value.Type()
	}
	return tftypes.NewValue(tftypes.Object{AttributeTypes: kinds}, attributes)
}

func TestTheFunctionProvesCoverageOfPoliciesThatNeedNotExist(t *testing.T) {
	t.Parallel()
	functions := acctest.NewFunctions(t)
	answer := func(user map[string]tftypes.Value) map[string]any {
		t.Helper()
		result, failure := functions.Run("mfa_coverage", acctest.StringValue(everybody), object(user))
		if failure != nil {
			t.Fatal(failure.Text)
		}
		return acctest.Object(acctest.PlainOf(result))
	}
	id := acctest.StringValue("22222222-bbbb-4bbb-8bbb-000000000001")
	have := answer(map[string]tftypes.Value{
		"id": id, "trusted_location_ids": acctest.StringList("55555555-eeee-4eee-8eee-000000000001"), "legacy_trusted_ips": acctest.BoolValue(false),
	})
	want := map[string]any{
		"verdict": "partly", "gaps": []any{"from another trusted location"}, "policies": map[string]any{"MFA outside": "included by all users"},
		"almost": map[string]any{"Soon": "report-only; included by all users"}, "registration": "partly",
	}
	if difference := cmp.Diff(want, have); difference != "" {
		t.Error(difference)
	}
	have = answer(map[string]tftypes.Value{"id": id, "group_ids": acctest.StringList("33333333-cccc-4ccc-8ccc-000000000001")})
	if have["verdict"] != "not_covered" || acctest.Object(have["almost"])["MFA outside"] != "excluded by the group 33333333-cccc-4ccc-8ccc-000000000001" {
		t.Errorf("who is excluded is %+v", have)
	}
	for text, arguments := range map[string][]tftypes.Value{
		"not JSON as Microsoft Graph writes it": {acctest.StringValue("nonsense"), object(map[string]tftypes.Value{"id": id})},
		`has no attribute "groups"`:             {acctest.StringValue(everybody), object(map[string]tftypes.Value{"id": id, "groups": acctest.StringList("g")})},
		"is not an object":                      {acctest.StringValue(everybody), id},
		"group_ids is not a list of ids":        {acctest.StringValue(everybody), object(map[string]tftypes.Value{"id": id, "group_ids": id})},
	} {
		if _, failure := functions.Run("mfa_coverage", arguments...); failure == nil || !strings.Contains(failure.Text, text) {
			t.Errorf("%v fails with %v, want %q", arguments, failure, text)
		}
	}
}

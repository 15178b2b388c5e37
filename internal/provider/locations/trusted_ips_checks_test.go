package locations

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/resourcekit"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/value"
)

// TestWhatAReviewerIsToldOfAChangeOfTrust goes through the checks without a tenant and without a CLI.
func TestWhatAReviewerIsToldOfAChangeOfTrust(t *testing.T) {
	t.Parallel()
	wanted := func(name string, ranges ...string) *trustedIPsModel {
		return &trustedIPsModel{
			locationAttributes: locationAttributes{DisplayName: types.StringValue(name)}, IPRanges: value.NewRangeList(ranges), Trusted: types.BoolValue(true),
		}
	}
	policies := locationPolicies{known: true, byTrust: []client.ConditionalAccessPolicy{{ID: "1", DisplayName: "MFA", State: "enabled"}}}
	other := client.NamedLocation{ID: "2", DisplayName: "HQ", Kind: client.KindIPNamedLocation, IsTrusted: true, Ranges: []string{"203.0.113.0/24"}}
	for name, c := range map[string]struct {
		prior, plan *trustedIPsModel
		tenant      trustedIPsChange
		want        []string
	}{
		"new":                        {nil, wanted("Lab", "198.51.100.0/24"), trustedIPsChange{ready: true}, []string{`"Lab" newly trusts 256 IPv4 addresses`}},
		"nothing is known of others": {nil, wanted("HQ", "203.0.113.0/25"), trustedIPsChange{others: []client.NamedLocation{other}}, []string{`"HQ" newly trusts 128 IPv4 addresses`}},
		"name and ranges are another's": {nil, wanted("hq", "203.0.113.0/25"), trustedIPsChange{ready: true, others: []client.NamedLocation{other}}, []string{
			`"hq" newly trusts 128 IPv4 addresses`, `The name "hq" is taken`, `203.0.113.0/25 overlaps the trusted location "HQ"`,
		}},
		"replaces": {nil, wanted("HQ", "198.51.100.0/24"), trustedIPsChange{ready: true, twins: []client.NamedLocation{other}}, []string{
			`"HQ" newly trusts 256 IPv4 addresses`, `A location called "HQ" is made a second time`,
		}},
		"never matches": {nil, wanted("Lab", "10.0.0.0/16", "10.0.0.0/24"), trustedIPsChange{}, []string{
			"10.0.0.0/16 can never match", "10.0.0.0/24 can never match", "10.0.0.0/24 is a part of 10.0.0.0/16", `"Lab" newly trusts 65,536 IPv4 addresses`,
		}},
		"loses, and a policy depends on it": {wanted("Lab", "198.51.100.0/24"), wanted("Lab", "198.51.100.0/25"), trustedIPsChange{ready: true, policies: policies}, []string{
			`"Lab" stops trusting 128 IPv4 addresses, and policies depend on it`,
		}},
		"loses, and nobody depends on it": {wanted("Lab", "198.51.100.0/24"), wanted("Lab", "198.51.100.0/25"), trustedIPsChange{ready: true}, nil},
		"is spelled otherwise":            {wanted("Lab", "198.51.100.7/24"), wanted("Lab", "198.51.100.0/24"), trustedIPsChange{ready: true, policies: policies}, nil},
		"ranges are not known": {
			wanted("Lab", "198.51.100.0/24"), &trustedIPsModel{locationAttributes: locationAttributes{DisplayName: types.StringUnknown()}, IPRanges: value.RangeList{ListValue: types.ListUnknown(types.StringType)}},
			trustedIPsChange{},
			[]string{`"Lab": ranges are not known yet`, "The name of a location is not known yet"},
		},
	} {
		change := newTrustedIPsChange(c.prior, c.plan)
		change.ready, change.policies, change.twins, change.others = c.tenant.ready, c.tenant.policies, c.tenant.twins, c.tenant.others
		change.count = client.MaxIPNamedLocations
		if found := change.findings(); slices.ContainsFunc(found, func(f resourcekit.Finding) bool { return f.Refuses }) {
			t.Errorf("%s: as many locations as there may be are refused: %v", name, found)
		}
		change.count++
		if found := change.findings(); slices.ContainsFunc(found, func(f resourcekit.Finding) bool { return f.Refuses }) != change.ready {
			t.Errorf("%s: one location too many: %v", name, found)
		}
		change.count = 0
		var have []string
		for _, found := range change.findings() {
			have = append(have, found.Summary)
			if found.Refuses || len(found.At.Steps()) == 0 || strings.Contains(found.Detail, "%!") {
				t.Errorf("%s: %+v", name, found)
			}
		}
		if diff := cmp.Diff(c.want, have); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

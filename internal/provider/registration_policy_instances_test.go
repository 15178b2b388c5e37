package provider

import (
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

func TestASecondPolicyIsToldFromTheFirstPlannedAgain(t *testing.T) {
	type call struct{ kind, instance, config string }
	keep := func(instance, config string) call { return call{"keep", instance, config} }
	create := func(config string) call { return call{"create", "", config} }
	destroy := call{kind: "destroy"}
	for name, c := range map[string]struct {
		calls  []call
		second bool
	}{
		"one":                                  {[]call{create("a")}, false},
		"one that stays":                       {[]call{keep("x", "a")}, false},
		"one that stays, planned twice":        {[]call{keep("x", "a"), keep("x", "a")}, false},
		"one that is replaced":                 {[]call{keep("x", "a"), create("a")}, false},
		"one that goes":                        {[]call{destroy}, false},
		"a left over of an older run":          {[]call{keep("x", "a"), destroy}, false},
		"a left over, the other way round":     {[]call{destroy, keep("x", "a")}, false},
		"all that went wrong goes":             {[]call{destroy, destroy}, false},
		"two new ones":                         {[]call{create("a"), create("b")}, true},
		"two new ones that are the same":       {[]call{create("a"), create("a")}, true},
		"a new one beside one that stays":      {[]call{keep("x", "a"), create("b")}, true},
		"the same, the other way round":        {[]call{create("b"), keep("x", "a")}, true},
		"a new one beside one that's replaced": {[]call{keep("x", "a"), create("a"), create("a")}, true},
		"two that stay":                        {[]call{keep("x", "a"), keep("y", "a")}, true},
		"a new address":                        {[]call{destroy, create("a")}, true},
		"a new address, the other way round":   {[]call{create("a"), destroy}, true},
	} {
		var policies registrationPolicies
		var diags diag.Diagnostics
		for _, call := range c.calls {
			config := tftypes.NewValue(tftypes.String, call.config)
			switch call.kind {
			case "keep":
				policies.keep(call.instance, config, &diags)
			case "create":
				policies.create(config, &diags)
			default:
				policies.destroy(&diags)
			}
		}
		if diags.HasError() != c.second {
			t.Errorf("%s: %v", name, diags)
		}
	}
}

package campaign

import (
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

func TestASecondPolicyIsToldFromTheFirstPlannedAgain(t *testing.T) {
	type call struct{ kind, instance, config string }
	keep := func(instance, config string) call { return call{"keep", instance, config} }
	create := func(config string) call { return call{"create", "", config} }
	destroy, validate := call{kind: "destroy"}, call{kind: "validate"}
	made := func(instance string) call { return call{"make", instance, ""} }
	forget := func(instance string) call { return call{"forget", instance, ""} }
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
		// As the CLI validates: each instance right before its plan, and several at a time.
		"one, validated":                          {[]call{validate, create("a")}, false},
		"one that is replaced, validated":         {[]call{validate, keep("x", "a"), create("a")}, false},
		"two new ones, validated":                 {[]call{validate, create("a"), validate, create("b")}, true},
		"two new ones, validated at a time":       {[]call{validate, validate, create("a"), create("b")}, true},
		"three new ones, validated at a time":     {[]call{validate, validate, validate, create("a"), create("b"), create("c")}, true},
		"a new one beside one that stays, alike":  {[]call{validate, validate, create("b"), keep("x", "a")}, true},
		"two that stay, validated at a time":      {[]call{validate, validate, keep("x", "a"), keep("y", "a")}, true},
		"a new address, validated":                {[]call{destroy, validate, create("a")}, true},
		"a replacement and a new one, validated":  {[]call{validate, keep("x", "a"), create("a"), validate, create("a")}, true},
		"two made in one apply":                   {[]call{validate, validate, create("a"), made("x"), create("b"), made("y")}, true},
		"two made in one apply, one by one":       {[]call{validate, create("a"), made("x"), validate, create("a"), made("y")}, true},
		"one made after another could not be":     {[]call{validate, create("a"), made("x"), forget("x"), made("y")}, false},
		"one destroyed and made again, one apply": {[]call{validate, keep("x", "a"), create("a"), forget("x"), validate, made("y")}, false},
		// As a file of terraform test does with one provider: the whole module is validated at the start of each run block.
		"two run blocks that plan":             {[]call{validate, validate, create("a"), validate, validate, create("b")}, false},
		"a run block that plans and applies":   {[]call{validate, validate, create("a"), validate, create("a"), made("x")}, false},
		"two that apply, the second a change":  {[]call{validate, validate, create("a"), validate, create("a"), made("x"), validate, validate, keep("x", "a"), validate, keep("x", "b")}, false},
		"two plans that import":                {[]call{validate, validate, keep("x", "a"), validate, validate, keep("y", "a")}, false},
		"one that applies and the cleanup":     {[]call{validate, validate, create("a"), validate, create("a"), made("x"), destroy, forget("x")}, false},
		"a set-up that the next takes over":    {[]call{validate, validate, create("a"), validate, create("a"), made("x"), validate, validate, create("b"), validate, create("b"), made("y")}, false},
		"a replacement of an earlier run":      {[]call{validate, validate, keep("x", "a"), create("a"), validate, validate, keep("x", "a"), create("a")}, false},
		"two blocks in a run block that apply": {[]call{validate, validate, validate, validate, create("a"), create("b"), validate, create("a"), validate, made("x"), create("b"), made("y")}, true},
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
			case "validate":
				policies.validate()
			case "make":
				policies.makeOne(call.instance, &diags)
			case "forget":
				policies.forget(call.instance)
			default:
				policies.destroy("gone", &diags)
			}
		}
		if diags.HasError() != c.second {
			t.Errorf("%s: %v", name, diags)
		}
	}
}

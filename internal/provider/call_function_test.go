package provider_test

import (
	"slices"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/acctest"
)

func TestEveryFunctionSaysWhatItIsAndTakes(t *testing.T) {
	t.Parallel()
	f := acctest.NewFunctions(t)
	var names []string
	for name, function := range f.Known {
		names = append(names, name)
		if function.Summary == "" || function.Description == "" || function.DescriptionKind != tfprotov6.StringKindMarkdown {
			t.Errorf("%s is not described", name)
		}
		parameters := function.Parameters
		if function.VariadicParameter != nil {
			parameters = append(slices.Clone(parameters), function.VariadicParameter)
		}
		for _, parameter := range parameters {
			if parameter.Name == "" || parameter.Description == "" || parameter.AllowNullValue || parameter.AllowUnknownValues {
				t.Errorf("%s: parameter %q is not described, or takes null or unknown values", name, parameter.Name)
			}
		}
	}
	slices.Sort(names)
	want := []string{"ip_ranges_cover", "ip_ranges_from_text", "ip_ranges_size", "merge_ip_ranges", "mfa_coverage", "mfa_transition", "normalize_ip_ranges", "users_from_csv"}
	if !slices.Equal(names, want) {
		t.Errorf("the functions are %v, want %v", names, want)
	}
}

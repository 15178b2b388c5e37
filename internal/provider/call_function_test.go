package provider_test

import (
	"context"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// functions are the provider's functions, called as a CLI calls them: of a provider that nobody has configured.
type functions struct {
	t      fatal
	server tfprotov6.ProviderServer
	known  map[string]*tfprotov6.Function
}

func newFunctions(t fatal) *functions {
	t.Helper()
	server := newServer("test")()
	answer, err := server.GetFunctions(context.Background(), &tfprotov6.GetFunctionsRequest{})
	if err != nil || len(answer.Diagnostics) > 0 {
		t.Fatalf("the functions are not told: %v, %v", err, answer.Diagnostics)
	}
	return &functions{t: t, server: server, known: answer.Functions}
}

// with is the same in another test.
func (f *functions) with(t fatal) *functions {
	return &functions{t: t, server: f.server, known: f.known}
}

// run calls a function and returns its result, or its error.
func (f *functions) run(name string, arguments ...tftypes.Value) (tftypes.Value, *tfprotov6.FunctionError) {
	f.t.Helper()
	function, ok := f.known[name]
	if !ok {
		f.t.Fatalf("there is no function %s", name)
	}
	request := &tfprotov6.CallFunctionRequest{Name: name}
	for i, argument := range arguments {
		typ := argument.Type()
		if i >= len(function.Parameters) && function.VariadicParameter != nil && function.VariadicParameter.Type.Is(tftypes.DynamicPseudoType) {
			typ = tftypes.DynamicPseudoType
		}
		packed, err := tfprotov6.NewDynamicValue(typ, argument)
		if err != nil {
			f.t.Fatalf("%v", err)
		}
		request.Arguments = append(request.Arguments, &packed)
	}
	answer, err := f.server.CallFunction(context.Background(), request)
	if err != nil {
		f.t.Fatalf("%v", err)
	}
	if answer.Error != nil {
		return tftypes.Value{}, answer.Error
	}
	result, err := answer.Result.Unmarshal(function.Return.Type)
	if err != nil {
		f.t.Fatalf("%v", err)
	}
	return result, nil
}

// gives calls a function that has to succeed, and writes its result into what target points to.
func (f *functions) gives(target any, name string, arguments ...tftypes.Value) {
	f.t.Helper()
	result, failure := f.run(name, arguments...)
	if failure != nil {
		f.t.Fatalf("%s(%v) fails: %s", name, arguments, failure.Text)
	}
	if err := result.As(target); err != nil {
		f.t.Fatalf("%s(%v) gives %s: %v", name, arguments, result, err)
	}
}

// fails fails the test unless a call fails with exactly this error about an argument.
func (f *functions) fails(argument int64, text, name string, arguments ...tftypes.Value) {
	f.t.Helper()
	result, failure := f.run(name, arguments...)
	if failure == nil {
		f.t.Fatalf("%s(%v) gives %s", name, arguments, result)
	}
	if difference := cmp.Diff(&tfprotov6.FunctionError{Text: text, FunctionArgument: &argument}, failure); difference != "" {
		f.t.Fatalf("%s(%v) fails (-want +have):\n%s", name, arguments, difference)
	}
}

func stringValue(value string) tftypes.Value { return tftypes.NewValue(tftypes.String, value) }

func boolValue(value bool) tftypes.Value { return tftypes.NewValue(tftypes.Bool, value) }

// stringList is a list of strings.
func stringList(values ...string) tftypes.Value {
	elements := make([]tftypes.Value, len(values))
	for i, value := range values {
		elements[i] = stringValue(value)
	}
	return tftypes.NewValue(tftypes.List{ElementType: tftypes.String}, elements)
}

// stringsOf are the elements of a list or the values of a map or object.
func stringsOf(t fatal, values []tftypes.Value) []string {
	t.Helper()
	found := make([]string, len(values))
	for i, value := range values {
		if err := value.As(&found[i]); err != nil {
			t.Fatalf("%s: %v", value, err)
		}
	}
	return found
}

func TestEveryFunctionSaysWhatItIsAndTakes(t *testing.T) {
	t.Parallel()
	f := newFunctions(t)
	var names []string
	for name, function := range f.known {
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
	want := []string{"ip_ranges_cover", "ip_ranges_from_text", "ip_ranges_size", "merge_ip_ranges", "mfa_transition", "normalize_ip_ranges", "users_from_csv"}
	if !slices.Equal(names, want) {
		t.Errorf("the functions are %v, want %v", names, want)
	}
}

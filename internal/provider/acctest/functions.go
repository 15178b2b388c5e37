package acctest

import (
	"context"
	"fmt"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// Functions are the provider's functions, called as a CLI calls them: of a provider that nobody has configured.
type Functions struct {
	t      Fatal
	server tfprotov6.ProviderServer
	Known  map[string]*tfprotov6.Function
}

// NewFunctions calls the functions of the provider, which needs no tenant.
func NewFunctions(t Fatal) *Functions {
	t.Helper()
	server := newServer("test")()
	answer, err := server.GetFunctions(context.Background(), &tfprotov6.GetFunctionsRequest{})
	if err != nil || len(answer.Diagnostics) > 0 {
		t.Fatalf("the functions are not told: %v, %v", err, answer.Diagnostics)
	}
	return &Functions{t: t, server: server, Known: answer.Functions}
}

// With is the same in another test.
func (f *Functions) With(t Fatal) *Functions {
	return &Functions{t: t, server: f.server, Known: f.Known}
}

// Run calls a function and returns its result, or its error.
func (f *Functions) Run(name string, arguments ...tftypes.Value) (tftypes.Value, *tfprotov6.FunctionError) {
	f.t.Helper()
	function, ok := f.Known[name]
	if !ok {
		f.t.Fatalf("there is no function %s", name)
	}
	request := &tfprotov6.CallFunctionRequest{Name: name}
	for i, argument := range arguments {
		typ := argument.Type()
		if i < len(function.Parameters) && function.Parameters[i].Type.Is(tftypes.DynamicPseudoType) ||
			i >= len(function.Parameters) && function.VariadicParameter != nil && function.VariadicParameter.Type.Is(tftypes.DynamicPseudoType) {
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

// Gives calls a function that has to succeed, and writes its result into what target points to.
func (f *Functions) Gives(target any, name string, arguments ...tftypes.Value) {
	f.t.Helper()
	result, failure := f.Run(name, arguments...)
	if failure != nil {
		f.t.Fatalf("%s(%v) fails: %s", name, arguments, failure.Text)
	}
	if err := result.As(target); err != nil {
		f.t.Fatalf("%s(%v) gives %s: %v", name, arguments, result, err)
	}
}

// Fails fails the test unless a call fails with exactly this error about an argument.
func (f *Functions) Fails(argument int64, text, name string, arguments ...tftypes.Value) {
	f.t.Helper()
	result, failure := f.Run(name, arguments...)
	if failure == nil {
		f.t.Fatalf("%s(%v) gives %s", name, arguments, result)
	}
	if difference := cmp.Diff(&tfprotov6.FunctionError{Text: text, FunctionArgument: &argument}, failure); difference != "" {
		f.t.Fatalf("%s(%v) fails (-want +have):\n%s", name, arguments, difference)
	}
}

// StringValue is a text as an argument or an attribute.
func StringValue(value string) tftypes.Value { return tftypes.NewValue(tftypes.String, value) }

// BoolValue is a truth value as an argument or an attribute.
func BoolValue(value bool) tftypes.Value { return tftypes.NewValue(tftypes.Bool, value) }

// StringList is a list of strings.
func StringList(values ...string) tftypes.Value {
	elements := make([]tftypes.Value, len(values))
	for i, value := range values {
		elements[i] = StringValue(value)
	}
	return tftypes.NewValue(tftypes.List{ElementType: tftypes.String}, elements)
}

// StringsOf are the elements of a list or the values of a map or object.
func StringsOf(t Fatal, values []tftypes.Value) []string {
	t.Helper()
	found := make([]string, len(values))
	for i, value := range values {
		if err := value.As(&found[i]); err != nil {
			t.Fatalf("%s: %v", value, err)
		}
	}
	return found
}

func (f *Functions) Ranges(name string, of ...string) []string {
	f.t.Helper()
	var elements []tftypes.Value
	f.Gives(&elements, name, StringList(of...))
	return StringsOf(f.t, elements)
}

func (f *Functions) Cover(ranges []string, wanted string) bool {
	f.t.Helper()
	var covers bool
	f.Gives(&covers, "ip_ranges_cover", StringList(ranges...), StringValue(wanted))
	return covers
}

func (f *Functions) Size(ranges ...string) string {
	f.t.Helper()
	var attributes map[string]tftypes.Value
	f.Gives(&attributes, "ip_ranges_size", StringList(ranges...))
	counts := make([]string, 0, 2)
	for _, name := range []string{"address_count_ipv4", "network_count_ipv6"} {
		counts = append(counts, attributes[name].String())
	}
	return fmt.Sprint(counts)
}

// Transition is the function's result, with <null> for what is null.
type Transition struct {
	Allowed, Weakens            bool
	Writes                      []string
	Reason, Explanation, Remedy string
}

func (f *Functions) Transition(from, to string, registered, allowPromotion bool) Transition {
	f.t.Helper()
	var attributes map[string]tftypes.Value
	f.Gives(&attributes, "mfa_transition", StringValue(from), StringValue(to), BoolValue(registered), BoolValue(allowPromotion))
	var (
		result Transition
		writes []tftypes.Value
	)
	for name, target := range map[string]any{"allowed": &result.Allowed, "weakens": &result.Weakens, "writes": &writes} {
		if err := attributes[name].As(target); err != nil {
			f.t.Fatalf("%s: %v", name, err)
		}
	}
	result.Writes = StringsOf(f.t, writes)
	for name, target := range map[string]*string{"reason": &result.Reason, "explanation": &result.Explanation, "remedy": &result.Remedy} {
		var value *string
		if err := attributes[name].As(&value); err != nil {
			f.t.Fatalf("%s: %v", name, err)
		}
		if *target = "<null>"; value != nil {
			*target = *value
		}
	}
	return result
}

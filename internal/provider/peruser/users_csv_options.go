package peruser

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/mfa"
)

// csvOptions are what the second argument of users_from_csv says.
type csvOptions struct {
	// userColumn and stateColumn name the columns; empty are those with a name that is known.
	userColumn, stateColumn string
	// states are what the values of the column mean, by stateKey. A value that is nil leaves its row out. A map that is nil leaves it at
	// the words of Microsoft.
	states map[string]*mfa.State
	// enforcedAs is what Enforced becomes.
	enforcedAs mfa.State
	// unknown is set where a part is not known yet.
	unknown bool
}

const csvOptionNames = "user_column, state_column, states and enforced_as"

// stateKey is what of a value counts: the text without case and without spaces around it.
func stateKey(value string) string { return strings.ToLower(strings.TrimSpace(value)) }

// newCSVOptions reads the second argument: a text, which is enforced_as, or an object.
func newCSVOptions(argument attr.Value) (csvOptions, error) {
	options := csvOptions{enforcedAs: mfa.Enabled}
	if text, ok := argument.(types.String); ok {
		return options, options.setEnforcedAs(text.ValueString())
	}
	members, ok := elementsOf(argument)
	if !ok {
		return options, errors.New("the second argument is neither a text nor an object with " + csvOptionNames)
	}
	for _, name := range slices.Sorted(maps.Keys(members)) {
		if err := options.set(name, members[name]); err != nil {
			return options, err
		}
	}
	return options, nil
}

// elementsOf are the members of an object or of a map.
func elementsOf(value attr.Value) (map[string]attr.Value, bool) {
	switch value := value.(type) {
	case types.Object:
		return value.Attributes(), true
	case types.Map:
		return value.Elements(), true
	}
	return nil, false
}

// set takes over an option. One that is null is left as it is.
func (o *csvOptions) set(name string, value attr.Value) error {
	if dynamic, ok := value.(types.Dynamic); ok {
		value = dynamic.UnderlyingValue()
	}
	switch {
	case !slices.Contains([]string{"user_column", "state_column", "states", "enforced_as"}, name):
		return fmt.Errorf("there is no option %q; the options are %s", name, csvOptionNames)
	case value == nil || value.IsNull():
		return nil
	case value.IsUnknown():
		o.unknown = true
		return nil
	case name == "states":
		return o.setStates(value)
	}
	text, ok := value.(types.String)
	if !ok {
		return fmt.Errorf("%s is not a text", name)
	}
	switch name {
	case "enforced_as":
		return o.setEnforcedAs(text.ValueString())
	case "user_column":
		o.userColumn = text.ValueString()
	case "state_column":
		o.stateColumn = text.ValueString()
	}
	if strings.TrimSpace(text.ValueString()) == "" {
		return fmt.Errorf("%s is empty; name a column, or leave it out", name)
	}
	return nil
}

func (o *csvOptions) setEnforcedAs(text string) error {
	if text != string(mfa.Enabled) && text != string(mfa.Enforced) {
		return fmt.Errorf(`%q is not what Enforced can become; write "enabled" or "enforced"`, text)
	}
	o.enforcedAs = mfa.State(text)
	return nil
}

func (o *csvOptions) setStates(value attr.Value) error {
	members, ok := elementsOf(value)
	if !ok || len(members) == 0 {
		return errors.New(`states has to say what the values of the column mean, as in { "Yes" = "enabled", "No" = "disabled" }`)
	}
	o.states = map[string]*mfa.State{}
	for _, meant := range slices.Sorted(maps.Keys(members)) {
		key, member := stateKey(meant), members[meant]
		if _, twice := o.states[key]; twice {
			return fmt.Errorf("states names %q twice, in different cases", meant)
		}
		text, ok := member.(types.String)
		switch {
		case member.IsNull():
			o.states[key] = nil
			continue
		case member.IsUnknown():
			o.unknown = true
			continue
		case !ok:
			return fmt.Errorf("states: what %q means is not a text", meant)
		}
		state, err := mfa.ParseState(text.ValueString())
		if err != nil {
			return fmt.Errorf(`states: %q is to mean %q, which is not a per-user MFA state; write "disabled", "enabled" or "enforced", or null to leave such rows out`,
				meant, text.ValueString())
		}
		o.states[key] = &state
	}
	return nil
}

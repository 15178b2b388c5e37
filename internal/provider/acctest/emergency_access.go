package acctest

import (
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
)

// MFAPolicy is a Conditional Access policy that asks these users for MFA everywhere.
func MFAPolicy(name string, users control.PolicyUsers) control.ConditionalAccessPolicy {
	return control.ConditionalAccessPolicy{
		DisplayName: name, State: control.PolicyEnabled,
		Conditions: control.PolicyConditions{
			ClientAppTypes: []string{"all"}, Applications: &control.PolicyApplications{IncludeApplications: []string{"All"}}, Users: &users,
		},
		GrantControls: &control.ConditionalAccessGrant{Operator: "OR", BuiltInControls: []string{"mfa"}},
	}
}

// Guard is a provider block with the ids or names of emergency access accounts in one attribute of emergency_access.
func Guard(attribute string, ids ...string) map[string]any {
	set := tftypes.Set{ElementType: tftypes.String}
	typ := tftypes.Object{AttributeTypes: map[string]tftypes.Type{"user_ids": set, "user_principal_names": set, "group_ids": set}}
	values := map[string]tftypes.Value{}
	for name := range typ.AttributeTypes {
		values[name] = tftypes.NewValue(set, nil)
	}
	var elements []tftypes.Value
	for _, id := range ids {
		if id == UnknownID {
			elements = append(elements, tftypes.NewValue(tftypes.String, tftypes.UnknownValue))
		} else {
			elements = append(elements, tftypes.NewValue(tftypes.String, id))
		}
	}
	values[attribute] = tftypes.NewValue(set, elements)
	return map[string]any{"emergency_access": tftypes.NewValue(typ, values)}
}

// UnknownID is an id that is not known yet.
const UnknownID = "(known after apply)"

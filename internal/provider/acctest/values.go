package acctest

import (
	"encoding/json"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// StringSet is a set of texts.
func StringSet(texts ...string) tftypes.Value {
	values := make([]tftypes.Value, 0, len(texts))
	for _, text := range texts {
		values = append(values, tftypes.NewValue(tftypes.String, text))
	}
	return tftypes.NewValue(tftypes.Set{ElementType: tftypes.String}, values)
}

// Targets is an include or an exclude of the registration policy; nil is null.
func Targets(all any, users, groups []string) tftypes.Value {
	set := tftypes.Set{ElementType: tftypes.String}
	ids := func(texts []string) tftypes.Value {
		if texts == nil {
			return tftypes.NewValue(set, nil)
		}
		return StringSet(texts...)
	}
	return tftypes.NewValue(
		tftypes.Object{AttributeTypes: map[string]tftypes.Type{"all_users": tftypes.Bool, "user_ids": set, "group_ids": set}},
		map[string]tftypes.Value{"all_users": tftypes.NewValue(tftypes.Bool, all), "user_ids": ids(users), "group_ids": ids(groups)},
	)
}

// PrivateOf returns the values of a private state, as JSON.
func PrivateOf(t *testing.T, private []byte) map[string]string {
	t.Helper()
	if len(private) == 0 {
		return map[string]string{}
	}
	var raw map[string][]byte
	if err := json.Unmarshal(private, &raw); err != nil {
		t.Fatal(err)
	}
	values := map[string]string{}
	for key, value := range raw {
		values[key] = string(value)
	}
	return values
}

// Having is a copy of a configuration in which an attribute or a block has this value.
func Having(config map[string]any, name string, value any) map[string]any {
	all := map[string]any{name: value}
	for other, value := range config {
		if other != name {
			all[other] = value
		}
	}
	return all
}

// StringMap is a map of texts, key and value by turns.
func StringMap(pairs ...string) tftypes.Value {
	values := map[string]tftypes.Value{}
	for i := 0; i < len(pairs); i += 2 {
		values[pairs[i]] = tftypes.NewValue(tftypes.String, pairs[i+1])
	}
	return tftypes.NewValue(tftypes.Map{ElementType: tftypes.String}, values)
}

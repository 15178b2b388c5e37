package peruser

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/mfa"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/diagnose"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/value"
)

// maxUsers is how many users one resource manages.
const maxUsers = 10_000

// checkUserKey says what is wrong with a key that is neither an object id nor a user principal name.
func checkUserKey(key string) error {
	if value.IsGUID(key) {
		return nil
	}
	name, domain, found := strings.Cut(key, "@")
	if !found || name == "" || domain == "" || strings.ContainsAny(key, ", \t\r\n/\\") || strings.Contains(domain, "@") {
		return fmt.Errorf("%q is neither the object id of a user (a GUID) nor a user principal name (name@domain)", key)
	}
	return nil
}

// userStatesValidator checks keys and states in one pass: a validator for each of thousands of elements costs more than
// the plan.
type userStatesValidator struct{}

func (userStatesValidator) Description(context.Context) string {
	return fmt.Sprintf("must be at most %d users, by object id or user principal name, with a per-user MFA state each", maxUsers)
}

func (v userStatesValidator) MarkdownDescription(ctx context.Context) string {
	return v.Description(ctx)
}

func (userStatesValidator) ValidateMap(_ context.Context, req validator.MapRequest, resp *validator.MapResponse) {
	if req.ConfigValue.IsNull() || req.ConfigValue.IsUnknown() {
		return
	}
	users := req.ConfigValue.Elements()
	if len(users) > maxUsers {
		resp.Diagnostics.AddAttributeError(req.Path, "Invalid number of users",
			fmt.Sprintf("users has %d entries; one resource manages at most %d users. Divide the users among several resources.", len(users), maxUsers))
		return
	}
	spelled := make(map[string]string, len(users))
	for _, key := range slices.Sorted(maps.Keys(users)) {
		if resp.Diagnostics.ErrorsCount() >= diagnose.NamedInErrors {
			resp.Diagnostics.AddAttributeError(req.Path, "More invalid users", "Only the first mistakes are shown.")
			return
		}
		at := req.Path.AtMapKey(key)
		if err := checkUserKey(key); err != nil {
			resp.Diagnostics.AddAttributeError(at, "Invalid user", diagnose.Sentence(err.Error()))
		}
		if other, twice := spelled[strings.ToLower(key)]; twice {
			resp.Diagnostics.AddAttributeError(at, "The same user twice",
				fmt.Sprintf("%q and %q name one and the same user: names and ids are compared without case. Keep one of them.", other, key))
		}
		spelled[strings.ToLower(key)] = key
		state, ok := users[key].(types.String)
		switch {
		case !ok || state.IsUnknown():
		case state.IsNull():
			resp.Diagnostics.AddAttributeError(at, "Invalid per-user MFA state", fmt.Sprintf("The state of %q is null. Leave the user out, or write a state.", key))
		default:
			if _, err := mfa.ParseState(state.ValueString()); err != nil {
				resp.Diagnostics.AddAttributeError(at, "Invalid per-user MFA state", diagnose.Sentence(fmt.Sprintf("%v (%s)", err, key)))
			}
		}
	}
}

func mfaStateValidator() validator.String {
	return value.CheckedText(`must be "disabled", "enabled" or "enforced"`, "Invalid per-user MFA state", func(text string) error {
		_, err := mfa.ParseState(text)
		return err
	})
}

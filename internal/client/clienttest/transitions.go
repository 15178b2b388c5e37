package clienttest

import "github.com/mfa-as-code/terraform-provider-entramfa/internal/client/mfa"

// Transitions is the table of the design, written out by hand: every pair of states, with and without a registered
// method, with and without the opt-in.
var Transitions = []struct {
	From, To          mfa.State
	Registered, OptIn bool
	Writes            []mfa.State
	Refused           mfa.TransitionReason
}{
	{mfa.Disabled, mfa.Disabled, false, false, nil, ""},
	{mfa.Disabled, mfa.Disabled, false, true, nil, ""},
	{mfa.Disabled, mfa.Disabled, true, false, nil, ""},
	{mfa.Disabled, mfa.Disabled, true, true, nil, ""},

	{mfa.Disabled, mfa.Enabled, false, false, []mfa.State{"enabled"}, ""},
	{mfa.Disabled, mfa.Enabled, false, true, []mfa.State{"enabled"}, ""},
	{mfa.Disabled, mfa.Enabled, true, false, []mfa.State{"enabled"}, ""},
	{mfa.Disabled, mfa.Enabled, true, true, []mfa.State{"enabled"}, ""},

	{mfa.Disabled, mfa.Enforced, false, false, nil, mfa.ReasonDirectMove},
	{mfa.Disabled, mfa.Enforced, false, true, nil, mfa.ReasonNotRegistered},
	{mfa.Disabled, mfa.Enforced, true, false, nil, mfa.ReasonDirectMove},
	{mfa.Disabled, mfa.Enforced, true, true, []mfa.State{"enabled", "enforced"}, ""},

	{mfa.Enabled, mfa.Disabled, false, false, []mfa.State{"disabled"}, ""},
	{mfa.Enabled, mfa.Disabled, false, true, []mfa.State{"disabled"}, ""},
	{mfa.Enabled, mfa.Disabled, true, false, []mfa.State{"disabled"}, ""},
	{mfa.Enabled, mfa.Disabled, true, true, []mfa.State{"disabled"}, ""},

	{mfa.Enabled, mfa.Enabled, false, false, nil, ""},
	{mfa.Enabled, mfa.Enabled, false, true, nil, ""},
	{mfa.Enabled, mfa.Enabled, true, false, nil, ""},
	{mfa.Enabled, mfa.Enabled, true, true, nil, ""},

	{mfa.Enabled, mfa.Enforced, false, false, nil, mfa.ReasonNotOptedIn},
	{mfa.Enabled, mfa.Enforced, false, true, nil, mfa.ReasonNotRegistered},
	{mfa.Enabled, mfa.Enforced, true, false, nil, mfa.ReasonNotOptedIn},
	{mfa.Enabled, mfa.Enforced, true, true, []mfa.State{"enforced"}, ""},

	{mfa.Enforced, mfa.Disabled, false, false, []mfa.State{"disabled"}, ""},
	{mfa.Enforced, mfa.Disabled, false, true, []mfa.State{"disabled"}, ""},
	{mfa.Enforced, mfa.Disabled, true, false, []mfa.State{"disabled"}, ""},
	{mfa.Enforced, mfa.Disabled, true, true, []mfa.State{"disabled"}, ""},

	{mfa.Enforced, mfa.Enabled, false, false, nil, ""},
	{mfa.Enforced, mfa.Enabled, false, true, nil, ""},
	{mfa.Enforced, mfa.Enabled, true, false, nil, ""},
	{mfa.Enforced, mfa.Enabled, true, true, nil, ""},

	{mfa.Enforced, mfa.Enforced, false, false, nil, ""},
	{mfa.Enforced, mfa.Enforced, false, true, nil, ""},
	{mfa.Enforced, mfa.Enforced, true, false, nil, ""},
	{mfa.Enforced, mfa.Enforced, true, true, nil, ""},
}

package peruser

import (
	"testing"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/mfa"
)

func TestWhatIsDecidedAboutAUser(t *testing.T) {
	t.Parallel()
	const disabled, enabled, enforced = mfa.Disabled, mfa.Enabled, mfa.Enforced
	for name, c := range map[string]struct {
		facts facts
		want  decision
	}{
		// Users who are new.
		"new, disabled as wanted":           {facts{wanted: disabled, current: disabled}, decision{effective: disabled}},
		"new, enabled":                      {facts{wanted: enabled, current: disabled}, decision{write: enabled}},
		"new, on the way to enforced":       {facts{wanted: enforced, current: disabled}, decision{write: enforced, checked: true}},
		"new, from enabled to enforced":     {facts{wanted: enforced, current: enabled}, decision{write: enforced, checked: true}},
		"new, enabled as wanted":            {facts{wanted: enabled, current: enabled}, decision{adopted: true}},
		"new, promoted already":             {facts{wanted: enabled, current: enforced}, decision{adopted: true}},
		"new, enforced as wanted":           {facts{wanted: enforced, current: enforced}, decision{adopted: true}},
		"new, loses":                        {facts{wanted: disabled, current: enforced}, decision{write: disabled, loses: true}},
		"new, not read yet":                 {facts{wanted: disabled}, decision{write: disabled}},
		"new, not known what is wanted":     {facts{current: enabled}, decision{mayLose: true}},
		"new, nobody knows anything":        {facts{}, decision{}},
		"new, disabled, wanted not known":   {facts{current: disabled}, decision{}},
		"new, blocked, enabled":             {facts{wanted: enabled, current: disabled, blocked: true}, decision{write: enabled, blocked: true}},
		"new, blocked, as wanted":           {facts{wanted: enabled, current: enabled, blocked: true}, decision{adopted: true}},
		"new, blocked, loses":               {facts{wanted: disabled, current: enabled, blocked: true}, decision{write: disabled, loses: true}},
		"guarded, enabled":                  {facts{wanted: enabled, current: disabled, guarded: true}, decision{refused: true}},
		"guarded, enforced already":         {facts{wanted: enforced, current: enforced, guarded: true}, decision{refused: true}},
		"guarded, not read yet":             {facts{wanted: enabled, guarded: true}, decision{refused: true}},
		"guarded, disabled":                 {facts{wanted: disabled, current: enabled, guarded: true}, decision{write: disabled, loses: true}},
		"guarded, wanted not known":         {facts{current: enabled, guarded: true}, decision{mayLose: true}},
		"guarded, managed, asked for again": {facts{managed: true, was: disabled, wanted: enabled, current: disabled, guarded: true}, decision{refused: true}},

		// Users of the state.
		"the same":                          {facts{managed: true, was: enabled, wanted: enabled, current: enabled}, decision{effective: enabled, keepsWanted: true}},
		"promoted":                          {facts{managed: true, was: enabled, wanted: enabled, current: enforced}, decision{effective: enforced, keepsWanted: true}},
		"enabled where it says enforced":    {facts{managed: true, was: enforced, wanted: enabled, current: enforced}, decision{effective: enforced, keepsWanted: true}},
		"enforced after an import":          {facts{managed: true, imported: true, was: enabled, wanted: enforced, current: enforced}, decision{effective: enforced, keepsWanted: true}},
		"enforced, made by a create":        {facts{managed: true, was: enabled, wanted: enforced, current: enforced}, decision{effective: enforced}},
		"disabled as wanted":                {facts{managed: true, was: disabled, wanted: disabled, current: disabled}, decision{effective: disabled, keepsWanted: true}},
		"the state says more than is true":  {facts{managed: true, was: enforced, wanted: enabled, current: enabled}, decision{effective: enabled}},
		"the same, after an import":         {facts{managed: true, imported: true, was: enforced, wanted: enabled, current: enabled}, decision{effective: enabled}},
		"drifted":                           {facts{managed: true, was: disabled, wanted: enabled, current: disabled}, decision{write: enabled}},
		"drifted, blocked":                  {facts{managed: true, was: disabled, wanted: enabled, current: disabled, blocked: true}, decision{write: enabled, blocked: true}},
		"asks for more":                     {facts{managed: true, was: enabled, wanted: enforced, current: enabled}, decision{write: enforced, effective: enforced, checked: true}},
		"loses":                             {facts{managed: true, was: enabled, wanted: disabled, current: enabled}, decision{write: disabled, effective: disabled, loses: true}},
		"loses enforced":                    {facts{managed: true, was: enabled, wanted: disabled, current: enforced}, decision{write: disabled, effective: disabled, loses: true}},
		"unknown after the last apply":      {facts{managed: true, was: enabled, wanted: enabled}, decision{write: enabled}},
		"unknown, to be disabled":           {facts{managed: true, was: enabled, wanted: disabled}, decision{write: disabled, effective: disabled}},
		"managed, not known what is wanted": {facts{managed: true, was: enabled, current: enforced}, decision{mayLose: true}},

		// Users whom nobody wants any more.
		"leaves":                         {facts{leaves: true, managed: true, was: enabled, current: enforced}, decision{write: disabled, effective: disabled, loses: true}},
		"leaves, kept":                   {facts{leaves: true, keep: true, current: enforced}, decision{effective: enforced}},
		"leaves, wanted elsewhere":       {facts{leaves: true, elsewhere: true, current: enabled}, decision{moves: true}},
		"leaves, kept, wanted elsewhere": {facts{leaves: true, keep: true, elsewhere: true, current: enabled}, decision{effective: enabled}},
		"leaves, disabled already":       {facts{leaves: true, current: disabled}, decision{effective: disabled}},
		"leaves, nobody knows":           {facts{leaves: true}, decision{write: disabled, effective: disabled, mayLose: true}},
		"leaves, guarded":                {facts{leaves: true, guarded: true, current: enabled}, decision{write: disabled, effective: disabled, loses: true}},
		"leaves, blocked":                {facts{leaves: true, blocked: true, current: enabled}, decision{write: disabled, effective: disabled, loses: true}},
	} {
		if have := decide(c.facts); have != c.want {
			t.Errorf("%s: decided %+v, want %+v", name, have, c.want)
		}
	}
}

// TestNoDecisionTakesOrGivesMFAUnseen goes through all combinations of facts and holds what must be true of every one of them.
func TestNoDecisionTakesOrGivesMFAUnseen(t *testing.T) {
	t.Parallel()
	states := append(mfa.States(), "")
	count := 0
	for _, wanted := range states {
		for _, current := range states {
			for _, was := range states {
				for bits := range 1 << 7 {
					bit := func(n int) bool { return bits&(1<<n) != 0 }
					f := facts{
						wanted: wanted, current: current, was: was, managed: bit(0), imported: bit(1), leaves: bit(2), keep: bit(3), elsewhere: bit(4),
						guarded: bit(5), blocked: bit(6),
					}
					d := decide(f)
					count++
					hasMFA := current == mfa.Enabled || current == mfa.Enforced
					switch {
					case d.loses != (d.write == mfa.Disabled && hasMFA):
						t.Errorf("%+v: %+v does not tell of a loss as it is", f, d)
					case f.guarded && (d.write == mfa.Enabled || d.write == mfa.Enforced || d.adopted):
						t.Errorf("%+v: %+v asks an emergency access account for MFA", f, d)
					case d.write != "" && !f.leaves && current != "" && current.Satisfies(wanted):
						t.Errorf("%+v: %+v writes what is there", f, d)
					case d.write == mfa.Enforced && !d.checked:
						t.Errorf("%+v: %+v writes enforced unchecked", f, d)
					case d.write != "" && f.leaves && f.keep:
						t.Errorf("%+v: %+v touches who is to be kept", f, d)
					case d.effective != "" && d.effective != current && d.effective != d.write:
						t.Errorf("%+v: %+v promises what nobody writes", f, d)
					case d.effective == mfa.Enabled && d.write == mfa.Enabled:
						t.Errorf("%+v: %+v promises that the service does not promote", f, d)
					case d.keepsWanted && !current.Satisfies(was):
						t.Errorf("%+v: %+v keeps what is not true", f, d)
					}
				}
			}
		}
	}
	if count != 4*4*4*128 {
		t.Errorf("%d combinations", count)
	}
}

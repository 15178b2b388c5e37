package campaign

import (
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client"
)

// warnUnknown warns of what may be lost because the plan does not know it yet: who may not be asked any more, who may be excluded
// or lose their exclusion, and what may become laxer. What is known is
// not its business: warnWeakened says that. It reports whether there is any.
func (m *registrationPolicyModel) warnUnknown(config *registrationPolicyModel, present client.RegistrationCampaign, names directory, diags *diag.Diagnostics) (found bool) {
	if present.State == client.CampaignDisabled {
		return false
	}
	wanted := m.campaign()
	var open []string
	if m.State.IsUnknown() {
		open = append(open, fmt.Sprintf("state: unless it turns out to ask people, none of those who are asked now is asked any more: %s", names.numbered(present.Include)))
	}
	if asked := without(present.Include, wanted.Include); config.Include.IsUnknown() || !scopeOf(config.Include).known() {
		if everybody(wanted.Include) {
			asked = nil
		}
		if len(asked) > 0 {
			open = append(open, "include: these may not be asked any more: "+names.numbered(asked))
		}
	}
	if !scopeOf(m.Exclude).known() {
		open = append(open, "exclude: more people may be excluded")
		if excluded := without(present.Exclude, wanted.Exclude); len(excluded) > 0 {
			open = append(open, "exclude: these are excluded and may not be any more: "+names.numbered(excluded))
		}
	}
	if present.State == client.CampaignEnabled {
		if method := present.AuthenticationMethod(); config.AuthenticationMethod.IsUnknown() && method != "" {
			open = append(open, "authentication_method: it is "+method+" so far")
		}
		if config.SnoozeDays.IsUnknown() && present.SnoozeDays != nil {
			open = append(open, "snooze_days: people who put it off may be asked again later than now, which is "+snoozeWords(*present.SnoozeDays))
		}
		if config.RequireRegistrationAfterSnoozes.IsUnknown() && present.RequireAfterSnoozes != nil && *present.RequireAfterSnoozes {
			open = append(open, "require_registration_after_snoozes: registering may be put off without end; so far it cannot be put off more than three times")
		}
	}
	if len(open) > 0 {
		diags.AddAttributeWarning(path.Root("state"), "The registration policy may become weaker",
			fmt.Sprintf("The plan depends on values that are known in the apply only, so it cannot say who loses what:\n\n  - %s\n\n"+
				"To see it before, apply what these values come from first (-target), or write them into the configuration.", strings.Join(open, "\n  - ")))
	}
	return len(open) > 0
}

// numbered lists targets with their number where there are several.
func (d directory) numbered(targets []client.CampaignTarget) string {
	if len(targets) < 2 {
		return orNobody(d.names(targets))
	}
	return fmt.Sprintf("%d users and groups: %s", len(targets), d.names(targets))
}

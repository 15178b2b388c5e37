package locations

import (
	"context"
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/redact"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/diagnose"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/resourcekit"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/value"
)

func locationNameValidator() validator.String {
	return value.DisplayName("a named location", "a named location has a name, because policies and people choose it by that")
}

// checkName tells of a new name with something around it that nobody sees.
func checkName(displayName types.String) []resourcekit.Finding {
	name := displayName.ValueString()
	trimmed := strings.TrimSpace(name)
	if trimmed == name {
		return nil
	}
	return []resourcekit.Finding{{
		At: path.Root("display_name"), Summary: fmt.Sprintf("The name %q begins or ends with white space", name),
		Detail: fmt.Sprintf("People who choose the location for a policy do not see that, and it is no difference if the service or an administrator leaves it out. Write %q.", trimmed),
	}}
}

// checkSameName names the locations that a location cannot be told from by its name.
func checkSameName(displayName types.String, others []client.NamedLocation) []resourcekit.Finding {
	same := client.NamedLocationsNamed(others, displayName.ValueString())
	if displayName.IsUnknown() || len(same) == 0 {
		return nil
	}
	return []resourcekit.Finding{{
		At: path.Root("display_name"), Summary: fmt.Sprintf("The name %s is taken", redact.NameInQuotes(displayName.ValueString())),
		Detail: "Microsoft Entra permits it, and people who choose the location for a policy will not know which is which. The name is that of:\n" +
			listLocations(same) + "\n\nIf one of them is meant, import it instead. Otherwise choose another name.",
	}}
}

// withoutID are the locations other than one.
func withoutID(locations []client.NamedLocation, id string) []client.NamedLocation {
	others := make([]client.NamedLocation, 0, len(locations))
	for _, location := range locations {
		if location.ID != id {
			others = append(others, location)
		}
	}
	return others
}

// warnInUse names the policies that keep a location from being deleted, and returns all that it is about. A location that is gone has
// none.
func (d *run) warnInUse(ctx context.Context, location client.NamedLocation, diags *diag.Diagnostics) locationPolicies {
	if !d.Ready() || d.IsGone(location.ID, func() (bool, error) {
		_, gone, err := d.locations.view.Observe(ctx, location, client.Acceptance{})
		return gone, err
	}) {
		return locationPolicies{}
	}
	policies := d.policiesAbout(ctx, location.ID, diags)
	// No error: the run may delete the policies before it comes to the location.
	if len(policies.byID) > 0 {
		diags.AddWarning(fmt.Sprintf("Named location %s is in use", redact.NameInQuotes(location.DisplayName)),
			fmt.Sprintf("Microsoft Entra does not delete a location that a Conditional Access policy names, whatever the policy's state. These name %s:\n%s\n\n"+
				"The destroy fails unless they are deleted, or stop naming it, before. Terraform does that in the right order where the same configuration "+
				"manages the policies and takes the id from this resource.", location.ID, listPolicies(policies.byID)))
	}
	return policies
}

func listLocations(locations []client.NamedLocation) string {
	lines := make([]string, len(locations))
	for i, location := range locations {
		lines[i] = fmt.Sprintf("%s %s (%s)", location.ID, redact.NameInQuotes(location.DisplayName), kindOf(location))
	}
	return diagnose.List(lines)
}

func kindOf(location client.NamedLocation) string {
	switch {
	case location.IsIP() && location.IsTrusted:
		return "trusted IP ranges"
	case location.IsIP():
		return "IP ranges, not trusted"
	case location.IsCountry():
		return "location of countries (countryNamedLocation)"
	}
	return location.Kind
}

package policies

import (
	"cmp"
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client"
	rules "github.com/mfa-as-code/terraform-provider-entramfa/internal/client/conditionalaccess"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/redact"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/diagnose"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/resourcekit"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/value"
)

var (
	atCombinations   = path.Root("allowed_combinations")
	atConfigurations = path.Root("combination_configurations")
)

var (
	keyIdentifier = regexp.MustCompile(`^([0-9A-Fa-f]{2}){4,}$`)
	objectID      = regexp.MustCompile(`^[0-2](\.(0|[1-9][0-9]*))+$`)
)

func checkAAGUID(text string) error {
	if !value.IsGUID(text) {
		return fmt.Errorf("%q is not an AAGUID. An AAGUID is a GUID, such as 2fc0579f-8113-47ea-b116-bb5a8db9202a", text)
	}
	return nil
}

func checkSKI(text string) error {
	if !keyIdentifier.MatchString(text) {
		return fmt.Errorf("%q is not a subject key identifier. Write its bytes in hexadecimal without separators", text)
	}
	return nil
}

func checkOID(text string) error {
	if !objectID.MatchString(text) {
		return fmt.Errorf("%q is not an OID. An OID is numbers with dots between them, such as 1.3.6.1.4.1.311.21.8.1.1", text)
	}
	return nil
}

// checkStrength checks what needs no request: that each configuration says something, and is about combinations that the strength allows.
//
// Source: https://learn.microsoft.com/graph/api/resources/authenticationcombinationconfiguration
func (m *strengthModel) check() (findings []resourcekit.Finding) {
	refuse := func(summary, detail string) {
		findings = append(findings, resourcekit.Finding{Refuses: true, At: atConfigurations, Summary: summary, Detail: detail})
	}
	if !isKnown(m.Configurations) || m.Configurations.IsNull() {
		return nil
	}
	strength := m.strength()
	if len(strength.Configurations) == 0 {
		refuse("combination_configurations has no configuration", "Set fido2 or x509_certificate, or leave combination_configurations out.")
	}
	for _, c := range strength.Configurations {
		method, attribute, lists := "x509Certificate", "x509_certificate", "allowed_issuer_skis or allowed_policy_oids"
		if c.ODataType == rules.FIDO2Configuration {
			method, attribute, lists = "fido2", "fido2", "allowed_aaguids"
		}
		if len(c.AAGUIDs)+len(c.IssuerSKIs)+len(c.PolicyOIDs) == 0 {
			refuse("A configuration limits nothing", fmt.Sprintf("A configuration of %s for %s has an empty list. Set %s, or remove the configuration.", attribute, strings.Join(c.AppliesTo, " and "), lists))
		}
		for _, combination := range c.AppliesTo {
			switch {
			case !strings.Contains(strings.ToLower(combination), strings.ToLower(method)):
				refuse(fmt.Sprintf("%q has no method of %s", combination, attribute),
					fmt.Sprintf("A configuration of %s applies to combinations with %s. Correct applies_to_combinations.", attribute, method))
			case value.AllKnown(m.AllowedCombinations) && !rules.IsCombination(combination, strength.AllowedCombinations):
				refuse(fmt.Sprintf("A configuration applies to %q, which is not allowed", combination),
					fmt.Sprintf("A configuration of %s applies to combinations of allowed_combinations, and %q is not one of them. Allow it, or remove it from applies_to_combinations.", attribute, combination))
			}
		}
	}
	return findings
}

// checkCombinations refuses combinations that nobody knows: neither this provider, nor the state, nor the service.
func (d *run) checkCombinations(ctx context.Context, prior, plan *strengthModel) (findings []resourcekit.Finding) {
	known := slices.Clone(rules.Combinations)
	if prior != nil {
		known = append(known, knownTexts(prior.AllowedCombinations)...)
	}
	isNew := func(combination string) bool { return !rules.IsCombination(combination, known) }
	if !slices.ContainsFunc(knownTexts(plan.AllowedCombinations), isNew) {
		return nil
	}
	more, err := d.knownCombinations(ctx)
	known = append(known, more...)
	for _, combination := range knownTexts(plan.AllowedCombinations) {
		if !isNew(combination) {
			continue
		}
		finding := resourcekit.Finding{
			Refuses: err == nil, At: atCombinations.AtSetValue(types.StringValue(combination)), Summary: fmt.Sprintf("%q is not a combination of authentication methods", combination),
			Detail: fmt.Sprintf("Microsoft Graph does not know it. The nearest one is %q. A combination is one method, or two with a comma between them, such as \"password,softwareOath\".",
				rules.NearestCombination(combination, known)),
		}
		if err != nil {
			summary, _ := diagnose.Describe(err)
			finding.Summary = fmt.Sprintf("%q may not be a combination of authentication methods", combination)
			finding.Detail = fmt.Sprintf("This provider does not know it, and Microsoft Graph could not be asked (%s). The nearest known one is %q. The service checks it when the strength is written.",
				summary, rules.NearestCombination(combination, known))
		}
		findings = append(findings, finding)
	}
	return findings
}

// nameUsedTwice is a name that two resources of a configuration give to a strength.
func nameUsedTwice(name string) resourcekit.Finding {
	return resourcekit.Finding{
		Refuses: true, At: path.Root("display_name"), Summary: fmt.Sprintf("Two authentication strengths would be called %s", redact.NameInQuotes(name)),
		Detail: "Two resources of this configuration have this display_name (case does not count), and Microsoft Entra takes a name only once. Rename one of them, or remove it.",
	}
}

// checkTenant checks what depends on the other strengths of the tenant: whether the name is free, and whether there is room for one more.
func checkTenant(wanted client.AuthenticationStrength, taken *client.AuthenticationStrength, count int) (findings []resourcekit.Finding) {
	if taken != nil {
		finding := resourcekit.Finding{
			Refuses: true, At: path.Root("display_name"), Summary: fmt.Sprintf("The name %s is taken", redact.NameInQuotes(wanted.DisplayName)),
			Detail: fmt.Sprintf("The authentication strength %s has this name (case does not count), and Microsoft Entra takes a name only once. ", taken.ID),
		}
		if taken.IsBuiltIn() {
			finding.Detail += "It is built in: choose another name, or read it with the data source entramfa_authentication_strength_policy."
		} else {
			finding.Detail += "If it is the one that is meant, import it. Otherwise choose another name."
		}
		findings = append(findings, finding)
	}
	if wanted.ID == "" && count > rules.MaxCustomStrengths {
		findings = append(findings, resourcekit.Finding{
			Refuses: true, At: path.Root("display_name"), Summary: "Too many authentication strengths",
			Detail: fmt.Sprintf("With this plan the tenant would have %d custom authentication strengths, and it can have %d. Destroy one first, in an apply of its own, or join two.",
				count, rules.MaxCustomStrengths),
		})
	}
	return findings
}

// usage are the policies that ask for a strength; err is why they are not known.
type usage struct {
	policies []client.ConditionalAccessPolicy
	err      error
}

func (u usage) text() string {
	switch {
	case u.err != nil:
		summary, _ := diagnose.Describe(u.err)
		return fmt.Sprintf("Which Conditional Access policies ask for it is not known (%s).", summary)
	case len(u.policies) == 0:
		return "No Conditional Access policy asks for it at present."
	}
	return "Conditional Access policies that ask for it:\n" + diagnose.List(describePolicies(u.policies))
}

// weakening says what a plan makes easier for somebody who signs in: more combinations, or combinations with fewer limits. A new strength, and one
// that no policy asks for, is told only where a single factor is enough for it.
func weakening(prior, wanted client.AuthenticationStrength, used usage) (findings []resourcekit.Finding) {
	var lines []string
	single := false
	for _, combination := range prior.Weakened(wanted) {
		line := "will be enough: " + combination
		if rules.IsSingleFactor(combination) {
			line, single = line+", a single factor", true
		} else if prior.ID == "" {
			continue
		}
		lines = append(lines, line)
	}
	for _, c := range prior.Loosened(wanted) {
		lines = append(lines, fmt.Sprintf("will no longer be limited as it was: %s (to %s)", strings.Join(c.AppliesTo, " and "),
			diagnose.Names(slices.Concat(c.AAGUIDs, c.IssuerSKIs, c.PolicyOIDs), diagnose.NamedInWarnings)))
	}
	if len(lines) == 0 || !single && used.err == nil && len(used.policies) == 0 {
		return nil
	}
	name, consequence := redact.NameInQuotes(cmp.Or(prior.DisplayName, wanted.DisplayName)), ""
	if single {
		consequence = "A sign-in with a single factor satisfies the strength then, and with it a policy that asks for nothing else. That is not MFA.\n\n"
	}
	summary := fmt.Sprintf("Authentication strength %s becomes weaker", name)
	if prior.ID == "" {
		summary = fmt.Sprintf("Authentication strength %s accepts a single factor", name)
	}
	return []resourcekit.Finding{{At: atCombinations, Summary: summary, Detail: diagnose.List(lines) + "\n\n" + consequence + used.text()}}
}

// delos is Microsoft Graph of the German sovereign cloud.
const delos = "https://graph.svc.sovcloud.de"

// checkStrengthInCloud refuses a policy with a strength in a cloud whose policies have none: the service would ignore or refuse it.
func (d *run) checkStrengthInCloud(op *operation, policy client.ConditionalAccessPolicy) {
	if hasStrengthsInPolicies(d.Client.Cloud()) || policy.GrantControls == nil || policy.GrantControls.AuthenticationStrength == nil {
		return
	}
	op.Diags.AddAttributeError(attributePath("grantControls.authenticationStrength.id"), "This cloud has no authentication strengths in policies",
		fmt.Sprintf("Conditional Access policies at %s have no authentication strength. Ask for MFA in its place: built_in_controls = [\"mfa\"].", d.Client.Cloud().GraphEndpoint))
}

// hasStrengthsInPolicies reports whether the policies of a cloud can ask for a strength, by the published metadata of its Microsoft Graph v1.0.
func hasStrengthsInPolicies(cloud client.Cloud) bool {
	return cloud.GraphEndpoint != delos && !client.China.HasGraph(cloud.GraphEndpoint)
}

package policies

import (
	"context"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client"
	rules "github.com/mfa-as-code/terraform-provider-entramfa/internal/client/conditionalaccess"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/resourcekit"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/value"
)

// strengthModel is the resource's schema.
type strengthModel struct {
	ID                    types.String `tfsdk:"id"`
	Name                  types.String `tfsdk:"name"`
	DisplayName           types.String `tfsdk:"display_name"`
	Description           types.String `tfsdk:"description"`
	AllowedCombinations   types.Set    `tfsdk:"allowed_combinations"`
	Configurations        types.Object `tfsdk:"combination_configurations"`
	RequirementsSatisfied types.String `tfsdk:"requirements_satisfied"`

	Timeouts timeouts.Value `tfsdk:"timeouts"`
}

func (m *strengthModel) Identity() any { return policyIdentity{ID: m.ID} }

func (m *strengthModel) TimeoutsBlock() types.Object { return m.Timeouts.Object }

func (m *strengthModel) HasIDs(diags *diag.Diagnostics) bool {
	return resourcekit.HasID("id", m.ID, diags)
}

// configurationKind is a kind of combination configurations: its attribute, its type on the wire, and the attributes of its lists.
type configurationKind struct {
	name, odataType, description string
	lists                        map[string]configurationList
}

// configurationList is a list of a configuration.
type configurationList struct {
	description string
	check       func(text string) error
	of          func(*rules.StrengthConfiguration) *[]string
}

// appliesTo is the attribute that every kind has.
const appliesTo = "applies_to_combinations"

var configurationKinds = []configurationKind{
	{name: "fido2", odataType: rules.FIDO2Configuration, description: "Limits of `fido2` to models of security keys and passkeys.", lists: map[string]configurationList{
		"allowed_aaguids": {"The AAGUIDs of the models of security keys and passkeys that are allowed.", checkAAGUID, func(c *rules.StrengthConfiguration) *[]string { return &c.AAGUIDs }},
	}},
	{name: "x509_certificate", odataType: rules.CertificateConfiguration, description: "Limits of certificates to issuers and policies. Where both lists are set, a certificate has to match one value of each.", lists: map[string]configurationList{
		"allowed_issuer_skis": {"The subject key identifiers of the certification authorities whose certificates are allowed, in hexadecimal.", checkSKI, func(c *rules.StrengthConfiguration) *[]string { return &c.IssuerSKIs }},
		"allowed_policy_oids": {"The OIDs of the certificate policies that are allowed.", checkOID, func(c *rules.StrengthConfiguration) *[]string { return &c.PolicyOIDs }},
	}},
}

// typ is the type of one configuration.
func (k configurationKind) typ() types.ObjectType {
	all := map[string]attr.Type{appliesTo: types.SetType{ElemType: types.StringType}}
	for name := range k.lists {
		all[name] = types.SetType{ElemType: types.StringType}
	}
	return types.ObjectType{AttrTypes: all}
}

// configurationTypes are the types of all kinds.
func configurationTypes() map[string]attr.Type {
	all := map[string]attr.Type{}
	for _, kind := range configurationKinds {
		all[kind.name] = types.SetType{ElemType: kind.typ()}
	}
	return all
}

// isKnown reports whether a value and all in it are known.
func isKnown(value attr.Value) bool {
	wire, err := value.ToTerraformValue(context.Background())
	return err == nil && wire.IsFullyKnown()
}

func textsOf(value attr.Value) (texts []string) {
	set, ok := value.(types.Set)
	if !ok {
		return nil
	}
	for _, text := range knownTexts(set) {
		texts = append(texts, strings.TrimSpace(text))
	}
	return texts
}

func knownTexts(set types.Set) (texts []string) {
	for _, text := range value.KnownStrings(set) {
		texts = append(texts, text.ValueString())
	}
	return texts
}

// strength is what the model asks for, or what was last seen of it, as far as it is known.
func (m *strengthModel) strength() client.AuthenticationStrength {
	strength := client.AuthenticationStrength{
		ID: m.ID.ValueString(), DisplayName: m.DisplayName.ValueString(), Description: m.Description.ValueString(),
		RequirementsSatisfied: m.RequirementsSatisfied.ValueString(), AllowedCombinations: rules.CanonicalCombinations(knownTexts(m.AllowedCombinations)),
	}
	for _, kind := range configurationKinds {
		set, _ := m.Configurations.Attributes()[kind.name].(types.Set)
		for _, element := range set.Elements() {
			object, ok := element.(types.Object)
			if !ok {
				continue
			}
			configuration := rules.StrengthConfiguration{ODataType: kind.odataType, AppliesTo: rules.CanonicalCombinations(textsOf(object.Attributes()[appliesTo]))}
			for name, list := range kind.lists {
				*list.of(&configuration) = textsOf(object.Attributes()[name])
			}
			strength.Configurations = append(strength.Configurations, configuration)
		}
	}
	return strength
}

// configurationsOf is the attribute for the configurations of a strength; null where it has none of a kind that is known here.
func configurationsOf(strength client.AuthenticationStrength) types.Object {
	attributes, used := map[string]attr.Value{}, false
	for _, kind := range configurationKinds {
		var elements []attr.Value
		for _, configuration := range strength.Configurations {
			if !strings.EqualFold(configuration.ODataType, kind.odataType) {
				continue
			}
			lists := map[string]attr.Value{appliesTo: setOfTexts(configuration.AppliesTo)}
			for name, list := range kind.lists {
				lists[name] = setOfTexts(*list.of(&configuration))
			}
			elements = append(elements, types.ObjectValueMust(kind.typ().AttrTypes, lists))
		}
		attributes[kind.name] = types.SetNull(kind.typ())
		if len(elements) > 0 {
			attributes[kind.name], used = types.SetValueMust(kind.typ(), elements), true
		}
	}
	if !used {
		return types.ObjectNull(configurationTypes())
	}
	return types.ObjectValueMust(configurationTypes(), attributes)
}

// setOfTexts is a set; null where it is empty.
func setOfTexts(texts []string) types.Set {
	if len(texts) == 0 {
		return types.SetNull(types.StringType)
	}
	all := make([]any, len(texts))
	for i, text := range texts {
		all[i] = text
	}
	return setOf(all)
}

// refresh takes over what the service has, and keeps spellings that mean the same.
func (m *strengthModel) refresh(strength client.AuthenticationStrength) {
	known, imported := m.strength(), m.ID.IsNull()
	m.ID = types.StringValue(strength.ID)
	if imported || strings.TrimSpace(m.DisplayName.ValueString()) != strings.TrimSpace(strength.DisplayName) {
		m.DisplayName = types.StringValue(strength.DisplayName)
	}
	m.Name = value.Shown(m.DisplayName)
	if imported || known.Description != strength.Description {
		m.Description = value.NullIfEmpty(strength.Description)
	}
	if imported || !rules.SameCombinations(known.AllowedCombinations, strength.AllowedCombinations) {
		// A combination that was there stays as it was written.
		spelled := rules.CanonicalCombinations(strength.AllowedCombinations)
		for i, combination := range spelled {
			for _, before := range knownTexts(m.AllowedCombinations) {
				if rules.CombinationKey(before) == rules.CombinationKey(combination) {
					spelled[i] = before
				}
			}
		}
		m.AllowedCombinations = setOfTexts(spelled)
	}
	if imported || len(known.MissingConfigurations(strength.Configurations))+len(strength.MissingConfigurations(known.Configurations)) > 0 {
		m.Configurations = configurationsOf(strength)
	}
	m.RequirementsSatisfied = value.NullIfEmpty(strength.RequirementsSatisfied)
	if imported {
		m.Timeouts = resourcekit.NoTimeouts()
	}
}

// keepSpellings takes over from the prior state what means the same as in the configuration, so that another spelling is no difference.
func (m *strengthModel) keepSpellings(prior *strengthModel) {
	wanted, had := m.strength(), prior.strength()
	if !m.DisplayName.IsUnknown() && strings.TrimSpace(m.DisplayName.ValueString()) == strings.TrimSpace(prior.DisplayName.ValueString()) {
		m.DisplayName = prior.DisplayName
	}
	if value.AllKnown(m.AllowedCombinations) && rules.SameCombinations(wanted.AllowedCombinations, had.AllowedCombinations) {
		m.AllowedCombinations = prior.AllowedCombinations
	}
	if isKnown(m.Configurations) && len(wanted.MissingConfigurations(had.Configurations))+len(had.MissingConfigurations(wanted.Configurations)) == 0 {
		m.Configurations = prior.Configurations
	}
}

// known reports whether everything is known that a strength is written with.
func (m *strengthModel) known() bool {
	return !m.DisplayName.IsUnknown() && !m.Description.IsUnknown() && value.AllKnown(m.AllowedCombinations) && isKnown(m.Configurations)
}

// unchanged reports whether an apply would write nothing.
func (m *strengthModel) unchanged(prior *strengthModel) bool {
	return prior != nil && m.known() && prior.strength().Shows(m.strength())
}

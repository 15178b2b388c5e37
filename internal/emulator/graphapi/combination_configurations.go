package graphapi

import (
	"net/http"
	"reflect"
	"slices"
	"strings"

	"github.com/google/uuid"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/odata"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/store"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/wire"
)

// The configurations of a strength's combinations are in the strength.
//
// https://learn.microsoft.com/graph/api/authenticationstrengthpolicy-list-combinationconfigurations
// https://learn.microsoft.com/graph/api/authenticationstrengthpolicy-post-combinationconfigurations
// https://learn.microsoft.com/graph/api/authenticationcombinationconfiguration-update
// https://learn.microsoft.com/graph/api/authenticationstrengthpolicy-delete-combinationconfigurations

// configurationObject is a configuration as Graph writes it, with the properties of its type.
func configurationObject(configuration control.CombinationConfiguration) map[string]any {
	object := objectOf(configuration)
	for _, name := range foreignProperties(configuration.Type) {
		delete(object, name)
	}
	return object
}

// foreignProperties are those of the other type of configuration.
func foreignProperties(kind string) []string {
	if kind == control.TypeFIDO2Configuration {
		return []string{"allowedIssuerSkis", "allowedPolicyOIDs"}
	}
	return []string{"allowedAAGUIDs"}
}

// checkConfiguration refuses combinations of another method than the type's, and properties of the other type.
func checkConfiguration(configuration *control.CombinationConfiguration) *refusal {
	if problems := tagProblems(reflect.ValueOf(configuration), ""); problems != nil {
		return badRequest(joined(problems).Error())
	}
	method := "x509Certificate"
	if configuration.Type == control.TypeFIDO2Configuration {
		method = "fido2"
	}
	for _, combination := range configuration.AppliesToCombinations {
		known, exists := knownCombination(combination)
		if !exists || !strings.Contains(known, method) {
			return badRequest("appliesToCombinations: '" + combination + "' is not a combination that the configuration can apply to.")
		}
	}
	if fido := configuration.Type == control.TypeFIDO2Configuration; fido && len(configuration.AllowedIssuerSkis)+len(configuration.AllowedPolicyOIDs) > 0 ||
		!fido && len(configuration.AllowedAAGUIDs) > 0 {
		return badRequest("The configuration has a property that its type does not have.")
	}
	if len(configuration.AllowedAAGUIDs)+len(configuration.AllowedIssuerSkis)+len(configuration.AllowedPolicyOIDs) == 0 {
		return badRequest("The configuration allows nothing.")
	}
	return nil
}

// configurationIndex is where the configuration is whose id is in the path.
func configurationIndex(strength control.AuthenticationStrength, req *request) (int, error) {
	at := slices.IndexFunc(strength.CombinationConfigurations, func(configuration control.CombinationConfiguration) bool {
		return strings.EqualFold(configuration.ID, req.keys[1])
	})
	if at < 0 {
		return at, unknownPolicyObject(req.keys[1])
	}
	return at, nil
}

func configurationsContext(req *request) string {
	return req.contextURL("policies/authenticationStrengthPolicies('" + req.keys[0] + "')/combinationConfigurations")
}

func listConfigurations(tx *store.Tx, req *request, _ odata.Query) (*wire.Response, error) {
	record, err := strengthOf(tx, req, false)
	if err != nil {
		return nil, err
	}
	values := []any{}
	for _, configuration := range record.Value().CombinationConfigurations {
		values = append(values, configurationObject(configuration))
	}
	return wire.JSON(http.StatusOK, map[string]any{"@odata.context": configurationsContext(req), "value": values}), nil
}

func getConfiguration(tx *store.Tx, req *request, _ odata.Query) (*wire.Response, error) {
	record, err := strengthOf(tx, req, false)
	if err != nil {
		return nil, err
	}
	at, err := configurationIndex(record.Value(), req)
	if err != nil {
		return nil, err
	}
	object := configurationObject(record.Value().CombinationConfigurations[at])
	object["@odata.context"] = configurationsContext(req) + "/$entity"
	return wire.JSON(http.StatusOK, object), nil
}

// writeConfiguration answers POST of the configurations of a strength, and PATCH of one.
func writeConfiguration(tx *store.Tx, req *request, _ odata.Query) (*wire.Response, error) {
	body, refused := entityBody[control.CombinationConfiguration](req, bodyRules{readOnly: []string{"id"}})
	if refused != nil {
		return nil, refused
	}
	record, err := strengthOf(tx, req, true)
	if err != nil {
		return nil, err
	}
	before := record.Value()
	strength := *control.Clone(&before)
	var configuration *control.CombinationConfiguration
	if req.method == http.MethodPatch {
		at, err := configurationIndex(strength, req)
		if err != nil {
			return nil, err
		}
		configuration = recoded[control.CombinationConfiguration](overlay(properties(strength.CombinationConfigurations[at]), body, 0))
		if configuration.Type != strength.CombinationConfigurations[at].Type {
			return nil, badRequest("The type of a combination configuration cannot be changed.")
		}
		strength.CombinationConfigurations[at] = *configuration
	} else {
		configuration = recoded[control.CombinationConfiguration](body)
		configuration.ID = uuid.NewString()
		strength.CombinationConfigurations = append(strength.CombinationConfigurations, *configuration)
	}
	if refused := checkConfiguration(configuration); refused != nil {
		return nil, refused
	}
	strength.ModifiedDateTime = new(tx.Now().UTC())
	record.Change(tx, strength)
	if req.method == http.MethodPatch {
		return wire.JSON(http.StatusNoContent, nil), nil
	}
	object := configurationObject(*configuration)
	object["@odata.context"] = configurationsContext(req) + "/$entity"
	return wire.JSON(http.StatusCreated, object), nil
}

func deleteConfiguration(tx *store.Tx, req *request, _ odata.Query) (*wire.Response, error) {
	record, err := strengthOf(tx, req, true)
	if err != nil {
		return nil, err
	}
	before := record.Value()
	at, err := configurationIndex(before, req)
	if err != nil {
		return nil, err
	}
	strength := *control.Clone(&before)
	strength.CombinationConfigurations = slices.Delete(strength.CombinationConfigurations, at, at+1)
	record.Change(tx, strength)
	return wire.JSON(http.StatusNoContent, nil), nil
}

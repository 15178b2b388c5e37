package signin

import (
	"net/http"
	"strings"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/store"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/wire"
)

// metadataPath is where Azure Resource Manager tells clients which endpoints a cloud has. Clients that are given nothing but
// a host, as `metadata_host` of azuread, ask there; no token is needed.
const metadataPath = "/metadata/endpoints"

// azureNames are the names of clouds in Azure; an emulated cloud that has none goes by the emulator's own.
//
// https://learn.microsoft.com/cli/azure/manage-clouds-azure-cli
var azureNames = map[string]string{
	control.CloudPublic:         "AzureCloud",
	control.CloudUSGovernment:   "AzureUSGovernment",
	control.CloudUSGovernmentL5: "AzureUSGovernment",
	control.CloudDoD:            "AzureUSGovernment",
	control.CloudChina:          "AzureChinaCloud",
}

// cloudMetadata answers GET /metadata/endpoints in the shape of api-version 2022-09-01: sign-in and Graph are here, and so
// would be Azure Resource Manager, of which there is nothing else.
func (s *Service) cloudMetadata(req *loginRequest) (*wire.Response, *loginError) {
	version := req.URL.Query().Get("api-version")
	if version == "" {
		return nil, &loginError{
			status: http.StatusBadRequest, name: "MissingApiVersionParameter",
			message: "The api-version query parameter (?api-version=) is required for all requests.",
		}
	}
	name := azureNames[store.Read(s.store, (*store.Tx).Cloud)]
	if name == "" {
		name = "EntraEmulator"
	}
	endpoints := map[string]any{
		"name":                     name,
		"portal":                   req.origin,
		"resourceManager":          req.origin + "/",
		"microsoftGraphResourceId": req.origin + "/",
		"authentication": map[string]any{
			"loginEndpoint": req.origin, "audiences": []string{req.origin}, "tenant": "common", "identityProvider": "AAD",
		},
		"suffixes": map[string]any{},
	}
	if strings.Compare(version, "2022-09-01") < 0 {
		return wire.JSON(http.StatusOK, []any{endpoints}), nil // older versions list all clouds
	}
	return wire.JSON(http.StatusOK, endpoints), nil
}

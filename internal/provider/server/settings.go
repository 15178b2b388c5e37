package server

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/diagnose"
)

// variables are the environment variables that stand in for attributes of the provider block that are not set, the first one before
// the others. They are read here and named in the schema.
var variables = map[string][]string{
	"tenant_id":                          {"ARM_TENANT_ID", "AZURE_TENANT_ID"},
	"client_id":                          {"ARM_CLIENT_ID", "AZURE_CLIENT_ID"},
	"client_id_file_path":                {"ARM_CLIENT_ID_FILE_PATH"},
	"client_certificate":                 {"ARM_CLIENT_CERTIFICATE"},
	"client_certificate_path":            {"ARM_CLIENT_CERTIFICATE_PATH", "AZURE_CLIENT_CERTIFICATE_PATH"},
	"client_certificate_password":        {"ARM_CLIENT_CERTIFICATE_PASSWORD", "AZURE_CLIENT_CERTIFICATE_PASSWORD"},
	"client_secret":                      {"ARM_CLIENT_SECRET", "AZURE_CLIENT_SECRET"},
	"client_secret_file_path":            {"ARM_CLIENT_SECRET_FILE_PATH"},
	"use_oidc":                           {"ARM_USE_OIDC"},
	"oidc_token":                         {"ARM_OIDC_TOKEN"},
	"oidc_token_file_path":               {"ARM_OIDC_TOKEN_FILE_PATH", "AZURE_FEDERATED_TOKEN_FILE"},
	"oidc_request_url":                   {"ARM_OIDC_REQUEST_URL", "ACTIONS_ID_TOKEN_REQUEST_URL", azureDevOpsRequestURL},
	"oidc_request_token":                 {"ARM_OIDC_REQUEST_TOKEN", "ACTIONS_ID_TOKEN_REQUEST_TOKEN", "SYSTEM_ACCESSTOKEN"},
	"ado_pipeline_service_connection_id": {"ARM_ADO_PIPELINE_SERVICE_CONNECTION_ID", "ARM_OIDC_AZURE_SERVICE_CONNECTION_ID"},
	"use_aks_workload_identity":          {"ARM_USE_AKS_WORKLOAD_IDENTITY"},
	"use_msi":                            {"ARM_USE_MSI"},
	"msi_endpoint":                       {"ARM_MSI_ENDPOINT"},
	"use_cli":                            {"ARM_USE_CLI"},
	"environment":                        {"ARM_ENVIRONMENT"},
	"graph_endpoint":                     {"ENTRAMFA_GRAPH_ENDPOINT"},
	"authority_host":                     {"ENTRAMFA_AUTHORITY_HOST", "AZURE_AUTHORITY_HOST"},
	"ca_bundle_path":                     {"ENTRAMFA_CA_BUNDLE_PATH"},
}

// providerBlock is the provider block by attribute.
type providerBlock map[string]attr.Value

// text is what an attribute has; null where it is not set.
func (b providerBlock) text(attribute string) types.String {
	text, _ := b[attribute].(types.String)
	return text
}

func (b providerBlock) set(attribute string) bool { return b.text(attribute).ValueString() != "" }

// unknown names the attributes that are not known yet, as in a plan that creates what they come from.
// emergency_access is not among them: the client works without it.
func (b providerBlock) unknown() []string {
	var names []string
	for name := range variables {
		if b[name].IsUnknown() {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// settings is the provider block with the environment filled in.
type settings struct {
	cloud       client.Cloud
	credentials client.Credentials
	caBundle    []byte
}

// settingsReader fills unset attributes from the environment. A mistake is reported at the attribute, and names the
// variable where the value came from one.
type settingsReader struct {
	block     providerBlock
	lookupEnv func(string) (string, bool)
	diags     *diag.Diagnostics
}

// text is an attribute's value, or that of the first variable that is set and not empty.
func (r settingsReader) text(attribute string) (text, variable string) {
	return r.textOr(attribute, variables[attribute])
}

func (r settingsReader) textOr(attribute string, names []string) (text, variable string) {
	if value := r.block.text(attribute); !value.IsNull() {
		return value.ValueString(), ""
	}
	for _, name := range names {
		if text, ok := r.lookupEnv(name); ok && text != "" {
			return text, name
		}
	}
	return "", ""
}

func (r settingsReader) value(attribute string) string {
	text, _ := r.text(attribute)
	return text
}

func (r settingsReader) switchedOn(attribute string, standard bool) bool {
	if value, ok := r.block[attribute].(types.Bool); ok && !value.IsNull() {
		return value.ValueBool()
	}
	text, variable := r.text(attribute)
	if text == "" {
		return standard
	}
	on, err := strconv.ParseBool(strings.ToLower(text))
	if err != nil {
		r.diags.AddAttributeError(path.Root(attribute), "Invalid environment variable",
			fmt.Sprintf("%s is %q; write true or false.", variable, text))
	}
	return on
}

// file is the content of the file that an attribute or variable names; empty where neither is set.
func (r settingsReader) file(attribute string) (content []byte, variable string) {
	name, variable := r.text(attribute)
	if name == "" {
		return nil, ""
	}
	content, err := os.ReadFile(name)
	switch {
	case err != nil:
		r.diags.AddAttributeError(path.Root(attribute), "Unable to read "+attribute, diagnose.Sentence(fmt.Sprintf("%v%s", err, fromVariable(variable))))
	case len(strings.TrimSpace(string(content))) == 0:
		r.diags.AddAttributeError(path.Root(attribute), "Unable to read "+attribute, fmt.Sprintf("The file %q is empty%s.", name, fromVariable(variable)))
	}
	return content, variable
}

// origin is what a reader calls the place of a value: the variable, or without one the attribute.
func origin(attribute, variable string) string {
	if variable != "" {
		return "the environment variable " + variable
	}
	return attribute + " of the provider block"
}

// valueOrFile is a setting that can stand in the configuration itself or in a file: the attributes go before the variables,
// and of these the first one of the value before those of the file, and the others after them. Both attributes at once are a mistake. The
// place says which of them it was.
func (r settingsReader) valueOrFile(value, file string) (content []byte, place string) {
	switch {
	case r.block.set(value) && r.block.set(file):
		r.diags.AddAttributeError(path.Root(value), "Conflicting settings", fmt.Sprintf("%s and %s are both set. Set one of them.", value, file))
		return nil, ""
	case r.block.set(value):
		return []byte(r.value(value)), origin(value, "")
	case r.block.set(file):
		content, _ := r.file(file)
		return content, "the file of " + origin(file, "")
	}
	if text, variable := r.textOr(value, variables[value][:1]); text != "" {
		return []byte(text), origin(value, variable)
	}
	if content, variable := r.file(file); content != nil {
		return content, "the file of " + origin(file, variable)
	}
	text, variable := r.textOr(value, variables[value][1:])
	return []byte(text), origin(value, variable)
}

// assertionSource reads where the assertion of a federated identity comes from: a token, a file or a request. A source that
// an attribute names goes before those of the environment.
func (r settingsReader) assertionSource(c *client.Credentials) {
	request := r.block.set("oidc_request_url") || r.block.set("oidc_request_token")
	named := r.block.set("oidc_token") || r.block.set("oidc_token_file_path") || request
	var variable, place string
	if !named || r.block.set("oidc_token_file_path") {
		if c.OIDCTokenFilePath, variable = r.text("oidc_token_file_path"); c.OIDCTokenFilePath != "" {
			place = "the file of " + origin("oidc_token_file_path", variable)
		}
	}
	if !named || r.block.set("oidc_token") {
		if c.OIDCToken, variable = r.text("oidc_token"); c.OIDCToken != "" {
			place = origin("oidc_token", variable)
		}
	}
	c.Origins[client.MethodOIDC] = place
	c.ADOPipelineServiceConnectionID = r.value("ado_pipeline_service_connection_id")
	if named && !request {
		return
	}
	c.OIDCRequestURL, variable = r.text("oidc_request_url")
	c.OIDCRequestToken = r.value("oidc_request_token")
	if place == "" {
		c.Origins[client.MethodOIDC] = "the token service of " + origin("oidc_request_url", variable)
	}
	if c.UseOIDC && c.OIDCToken == "" && c.OIDCTokenFilePath == "" && variable == azureDevOpsRequestURL && c.ADOPipelineServiceConnectionID == "" {
		r.diags.AddAttributeError(path.Root("ado_pipeline_service_connection_id"), "Missing service connection",
			"In Azure DevOps ("+azureDevOpsRequestURL+" is set) a token is given for a service connection. Set ado_pipeline_service_connection_id "+
				"(ARM_ADO_PIPELINE_SERVICE_CONNECTION_ID) to its id.")
	}
}

// azureDevOpsRequestURL is set in every job of Azure Pipelines.
//
// Source: https://learn.microsoft.com/azure/devops/pipelines/build/variables
const azureDevOpsRequestURL = "SYSTEM_OIDCREQUESTURI"

func fromVariable(variable string) string {
	if variable == "" {
		return ""
	}
	return " (from the environment variable " + variable + ")"
}

// resolve reads the provider block and the environment.
func (r settingsReader) resolve() settings {
	var s settings

	name, variable := r.text("environment")
	if name == "" {
		name = client.Public.Name
	}
	// Of the variable, unlike of the attribute, other tools accept any case.
	if variable != "" {
		name = strings.ToLower(name)
	}
	named, err := client.NamedCloud(name)
	if err != nil {
		r.diags.AddAttributeError(path.Root("environment"), "Invalid environment", diagnose.Sentence(err.Error()+fromVariable(variable)))
		return s
	}
	s.cloud = r.cloud(named, variable)
	s.caBundle, _ = r.file("ca_bundle_path")

	c := &s.credentials
	c.TenantID, variable = r.text("tenant_id")
	if c.TenantID != "" {
		if err := client.CheckTenantID(c.TenantID); err != nil {
			r.diags.AddAttributeError(path.Root("tenant_id"), "Invalid tenant id", diagnose.Sentence(err.Error()+fromVariable(variable)))
		}
	}
	clientID, _ := r.valueOrFile("client_id", "client_id_file_path")
	c.ClientID = strings.TrimSpace(string(clientID))
	c.Origins = map[client.Method]string{}
	c.ClientCertificate, c.Origins[client.MethodClientCertificate] = r.valueOrFile("client_certificate", "client_certificate_path")
	c.ClientCertificatePassword = r.value("client_certificate_password")
	secret, place := r.valueOrFile("client_secret", "client_secret_file_path")
	c.ClientSecret, c.Origins[client.MethodClientSecret] = strings.TrimSpace(string(secret)), place

	aks := r.switchedOn("use_aks_workload_identity", false)
	c.UseOIDC = r.switchedOn("use_oidc", false) || aks
	r.assertionSource(c)
	c.UseManagedIdentity = r.switchedOn("use_msi", false)
	c.ManagedIdentityEndpoint = r.value("msi_endpoint")
	c.UseAzureCLI = r.switchedOn("use_cli", true)
	return s
}

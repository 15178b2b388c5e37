package server

import (
	"fmt"
	"os"
	"sort"
	"strconv"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/diagnose"
)

// providerModel is the provider block.
type providerModel struct {
	TenantID                       types.String `tfsdk:"tenant_id"`
	ClientID                       types.String `tfsdk:"client_id"`
	ClientIDFilePath               types.String `tfsdk:"client_id_file_path"`
	ClientCertificate              types.String `tfsdk:"client_certificate"`
	ClientCertificatePath          types.String `tfsdk:"client_certificate_path"`
	ClientCertificatePassword      types.String `tfsdk:"client_certificate_password"`
	ClientSecret                   types.String `tfsdk:"client_secret"`
	ClientSecretFilePath           types.String `tfsdk:"client_secret_file_path"`
	UseOIDC                        types.Bool   `tfsdk:"use_oidc"`
	OIDCToken                      types.String `tfsdk:"oidc_token"`
	OIDCTokenFilePath              types.String `tfsdk:"oidc_token_file_path"`
	OIDCRequestURL                 types.String `tfsdk:"oidc_request_url"`
	OIDCRequestToken               types.String `tfsdk:"oidc_request_token"`
	ADOPipelineServiceConnectionID types.String `tfsdk:"ado_pipeline_service_connection_id"`
	UseAKSWorkloadIdentity         types.Bool   `tfsdk:"use_aks_workload_identity"`
	UseMSI                         types.Bool   `tfsdk:"use_msi"`
	MSIEndpoint                    types.String `tfsdk:"msi_endpoint"`
	UseCLI                         types.Bool   `tfsdk:"use_cli"`
	Environment                    types.String `tfsdk:"environment"`
	GraphEndpoint                  types.String `tfsdk:"graph_endpoint"`
	AuthorityHost                  types.String `tfsdk:"authority_host"`
	CABundlePath                   types.String `tfsdk:"ca_bundle_path"`
	EmergencyAccess                types.Object `tfsdk:"emergency_access"`
}

// unknownSettings names the attributes that are not known yet, as in a plan that creates what they come from.
// emergency_access is not among them: the client works without it.
func (m providerModel) unknownSettings() []string {
	var names []string
	for name, value := range map[string]attr.Value{
		"tenant_id": m.TenantID, "client_id": m.ClientID, "client_id_file_path": m.ClientIDFilePath,
		"client_certificate": m.ClientCertificate, "client_certificate_path": m.ClientCertificatePath,
		"client_certificate_password": m.ClientCertificatePassword, "client_secret": m.ClientSecret,
		"client_secret_file_path": m.ClientSecretFilePath, "use_oidc": m.UseOIDC, "oidc_token": m.OIDCToken,
		"oidc_token_file_path": m.OIDCTokenFilePath, "oidc_request_url": m.OIDCRequestURL,
		"oidc_request_token": m.OIDCRequestToken, "ado_pipeline_service_connection_id": m.ADOPipelineServiceConnectionID,
		"use_aks_workload_identity": m.UseAKSWorkloadIdentity, "use_msi": m.UseMSI, "msi_endpoint": m.MSIEndpoint, "use_cli": m.UseCLI,
		"environment": m.Environment, "graph_endpoint": m.GraphEndpoint, "authority_host": m.AuthorityHost,
		"ca_bundle_path": m.CABundlePath,
	} {
		if value.IsUnknown() {
			names = append(names, name)
		}
	}
	sort.Strings(names)
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
	lookupEnv func(string) (string, bool)
	diags     *diag.Diagnostics
}

// text is an attribute's value, or that of the first variable that is set and not empty.
func (r settingsReader) text(value types.String, variables ...string) (text, variable string) {
	if !value.IsNull() {
		return value.ValueString(), ""
	}
	for _, name := range variables {
		if text, ok := r.lookupEnv(name); ok && text != "" {
			return text, name
		}
	}
	return "", ""
}

func (r settingsReader) value(value types.String, variables ...string) string {
	text, _ := r.text(value, variables...)
	return text
}

func (r settingsReader) switchedOn(attribute string, value types.Bool, standard bool, variable string) bool {
	if !value.IsNull() {
		return value.ValueBool()
	}
	text, ok := r.lookupEnv(variable)
	if !ok || text == "" {
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
func (r settingsReader) file(attribute string, value types.String, variables ...string) []byte {
	name, variable := r.text(value, variables...)
	if name == "" {
		return nil
	}
	content, err := os.ReadFile(name)
	switch {
	case err != nil:
		r.diags.AddAttributeError(path.Root(attribute), "Unable to read "+attribute, diagnose.Sentence(fmt.Sprintf("%v%s", err, fromVariable(variable))))
	case len(strings.TrimSpace(string(content))) == 0:
		r.diags.AddAttributeError(path.Root(attribute), "Unable to read "+attribute, fmt.Sprintf("The file %q is empty%s.", name, fromVariable(variable)))
	}
	return content
}

// given is an attribute with the variables that stand in for it.
type given struct {
	attribute string
	value     types.String
	variables []string
}

func (g given) set() bool { return g.value.ValueString() != "" }

// origin is what a reader calls the place of a value: the variable, or without one the attribute.
func (g given) origin(variable string) string {
	if variable != "" {
		return "the environment variable " + variable
	}
	return g.attribute + " of the provider block"
}

// valueOrFile is a setting that can stand in the configuration itself or in a file: the attributes go before the variables,
// and of these the value before the file. Both attributes at once are a mistake. The last variables are for where neither
// is set. The origin says which of them it was.
func (r settingsReader) valueOrFile(value, file given, last ...string) (content []byte, origin string) {
	switch {
	case value.set() && file.set():
		r.diags.AddAttributeError(path.Root(value.attribute), "Conflicting settings",
			fmt.Sprintf("%s and %s are both set. Set one of them.", value.attribute, file.attribute))
		return nil, ""
	case value.set():
		return []byte(value.value.ValueString()), value.origin("")
	case file.set():
		return r.file(file.attribute, file.value), "the file of " + file.origin("")
	}
	if text, variable := r.text(value.value, value.variables...); text != "" {
		return []byte(text), value.origin(variable)
	}
	if content := r.file(file.attribute, file.value, file.variables...); content != nil {
		_, variable := r.text(file.value, file.variables...)
		return content, "the file of " + file.origin(variable)
	}
	text, variable := r.text(value.value, last...)
	return []byte(text), value.origin(variable)
}

// assertionSource reads where the assertion of a federated identity comes from: a token, a file or a request. A source that
// an attribute names goes before those of the environment.
func (r settingsReader) assertionSource(m providerModel, c *client.Credentials) {
	token := given{"oidc_token", m.OIDCToken, []string{"ARM_OIDC_TOKEN"}}
	file := given{"oidc_token_file_path", m.OIDCTokenFilePath, []string{"ARM_OIDC_TOKEN_FILE_PATH", "AZURE_FEDERATED_TOKEN_FILE"}}
	request := m.OIDCRequestURL.ValueString() != "" || m.OIDCRequestToken.ValueString() != ""
	named := token.set() || file.set() || request
	var variable, origin string
	if !named || file.set() {
		if c.OIDCTokenFilePath, variable = r.text(file.value, file.variables...); c.OIDCTokenFilePath != "" {
			origin = "the file of " + file.origin(variable)
		}
	}
	if !named || token.set() {
		if c.OIDCToken, variable = r.text(token.value, token.variables...); c.OIDCToken != "" {
			origin = token.origin(variable)
		}
	}
	c.Origins[client.MethodOIDC] = origin
	c.ADOPipelineServiceConnectionID = r.value(m.ADOPipelineServiceConnectionID,
		"ARM_ADO_PIPELINE_SERVICE_CONNECTION_ID", "ARM_OIDC_AZURE_SERVICE_CONNECTION_ID")
	if named && !request {
		return
	}
	c.OIDCRequestURL, variable = r.text(m.OIDCRequestURL, "ARM_OIDC_REQUEST_URL", "ACTIONS_ID_TOKEN_REQUEST_URL", azureDevOpsRequestURL)
	c.OIDCRequestToken = r.value(m.OIDCRequestToken, "ARM_OIDC_REQUEST_TOKEN", "ACTIONS_ID_TOKEN_REQUEST_TOKEN", "SYSTEM_ACCESSTOKEN")
	if origin == "" {
		c.Origins[client.MethodOIDC] = "the token service of " + given{attribute: "oidc_request_url"}.origin(variable)
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
func (r settingsReader) resolve(m providerModel) settings {
	var s settings

	name, variable := r.text(m.Environment, "ARM_ENVIRONMENT")
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
	s.cloud = r.cloud(m, named, variable)
	s.caBundle = r.file("ca_bundle_path", m.CABundlePath, "ENTRAMFA_CA_BUNDLE_PATH")

	c := &s.credentials
	c.TenantID, variable = r.text(m.TenantID, "ARM_TENANT_ID", "AZURE_TENANT_ID")
	if c.TenantID != "" {
		if err := client.CheckTenantID(c.TenantID); err != nil {
			r.diags.AddAttributeError(path.Root("tenant_id"), "Invalid tenant id", diagnose.Sentence(err.Error()+fromVariable(variable)))
		}
	}
	clientID, _ := r.valueOrFile(
		given{"client_id", m.ClientID, []string{"ARM_CLIENT_ID"}},
		given{"client_id_file_path", m.ClientIDFilePath, []string{"ARM_CLIENT_ID_FILE_PATH"}}, "AZURE_CLIENT_ID")
	c.ClientID = strings.TrimSpace(string(clientID))
	c.Origins = map[client.Method]string{}
	c.ClientCertificate, c.Origins[client.MethodClientCertificate] = r.valueOrFile(
		given{"client_certificate", m.ClientCertificate, []string{"ARM_CLIENT_CERTIFICATE"}},
		given{"client_certificate_path", m.ClientCertificatePath, []string{"ARM_CLIENT_CERTIFICATE_PATH", "AZURE_CLIENT_CERTIFICATE_PATH"}})
	c.ClientCertificatePassword = r.value(m.ClientCertificatePassword, "ARM_CLIENT_CERTIFICATE_PASSWORD", "AZURE_CLIENT_CERTIFICATE_PASSWORD")
	secret, origin := r.valueOrFile(
		given{"client_secret", m.ClientSecret, []string{"ARM_CLIENT_SECRET"}},
		given{"client_secret_file_path", m.ClientSecretFilePath, []string{"ARM_CLIENT_SECRET_FILE_PATH"}}, "AZURE_CLIENT_SECRET")
	c.ClientSecret, c.Origins[client.MethodClientSecret] = strings.TrimSpace(string(secret)), origin

	aks := r.switchedOn("use_aks_workload_identity", m.UseAKSWorkloadIdentity, false, "ARM_USE_AKS_WORKLOAD_IDENTITY")
	c.UseOIDC = r.switchedOn("use_oidc", m.UseOIDC, false, "ARM_USE_OIDC") || aks
	r.assertionSource(m, c)
	c.UseManagedIdentity = r.switchedOn("use_msi", m.UseMSI, false, "ARM_USE_MSI")
	c.ManagedIdentityEndpoint = r.value(m.MSIEndpoint, "ARM_MSI_ENDPOINT")
	c.UseAzureCLI = r.switchedOn("use_cli", m.UseCLI, true, "ARM_USE_CLI")
	return s
}

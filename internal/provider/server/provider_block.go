// Package server is the provider without its areas: the provider block and the environment, how a run is configured, and the protocol
// server that checks private states and filters what leaves the process. It speaks no HTTP of its own.
package server

import (
	"context"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/function"
	"github.com/hashicorp/terraform-plugin-framework/list"
	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/provider/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/resourcekit"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/value"
)

// New returns the constructor of a provider of some areas. The version goes into the User-Agent. Options replace what the client is
// made of; production passes none.
func New(version string, areas []resourcekit.Area, options ...Option) func() provider.Provider {
	return func() provider.Provider {
		p := &entramfaProvider{version: version, areas: areas}
		for _, option := range options {
			option(p)
		}
		return p
	}
}

// Option replaces a part of the provider.
type Option func(*entramfaProvider)

// WithClientOptions sets the bounds by which the client waits and retries.
func WithClientOptions(options client.Options) Option {
	return func(p *entramfaProvider) { p.clientOptions = options }
}

// WithEnvironment replaces the environment variables that stand in for unset attributes.
func WithEnvironment(lookup func(name string) (string, bool)) Option {
	return func(p *entramfaProvider) { p.lookupEnv = lookup }
}

type entramfaProvider struct {
	version       string
	areas         []resourcekit.Area
	clientOptions client.Options
	lookupEnv     func(string) (string, bool)
}

var (
	_ provider.ProviderWithFunctions     = (*entramfaProvider)(nil)
	_ provider.ProviderWithListResources = (*entramfaProvider)(nil)
)

func (p *entramfaProvider) Metadata(_ context.Context, _ provider.MetadataRequest, resp *provider.MetadataResponse) {
	resp.TypeName = "entramfa"
	resp.Version = p.version
}

func (p *entramfaProvider) Schema(_ context.Context, _ provider.SchemaRequest, resp *provider.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Manages what an organisation decides about multifactor authentication (MFA) in Microsoft Entra ID " +
			"(formerly Azure Active Directory), through documented Microsoft Graph APIs only.",
		Attributes: withVariables(map[string]schema.Attribute{
			"tenant_id": schema.StringAttribute{
				Optional:            true,
				MarkdownDescription: "The tenant to manage: its id (a GUID) or one of its verified domains.",
				Validators:          []validator.String{stringvalidator.LengthAtLeast(1)},
			},
			"client_id": schema.StringAttribute{
				Optional:            true,
				MarkdownDescription: "The application (client) id of the app registration, or of a user-assigned managed identity.",
				Validators:          []validator.String{value.GUIDValidator()},
			},
			"client_id_file_path": schema.StringAttribute{Optional: true, MarkdownDescription: "A file that holds the client id."},
			"client_certificate": schema.StringAttribute{
				Optional: true, Sensitive: true,
				MarkdownDescription: "A certificate with its RSA key for signing in: PKCS#12 (PFX) in base64, or PEM.",
			},
			"client_certificate_path":     schema.StringAttribute{Optional: true, MarkdownDescription: "A file that holds such a certificate, PKCS#12 (PFX) or PEM."},
			"client_certificate_password": schema.StringAttribute{Optional: true, Sensitive: true, MarkdownDescription: "The password of the PKCS#12 certificate."},
			"client_secret":               schema.StringAttribute{Optional: true, Sensitive: true, MarkdownDescription: "A client secret of the app registration."},
			"client_secret_file_path":     schema.StringAttribute{Optional: true, MarkdownDescription: "A file that holds the client secret."},
			"use_oidc":                    schema.BoolAttribute{Optional: true, MarkdownDescription: "Whether to sign in by workload identity federation (OpenID Connect). Default `false`."},
			"oidc_token":                  schema.StringAttribute{Optional: true, Sensitive: true, MarkdownDescription: "The OpenID Connect token to exchange."},
			"oidc_token_file_path":        schema.StringAttribute{Optional: true, MarkdownDescription: "A file that holds the OpenID Connect token; it is read at every sign-in."},
			"oidc_request_url": schema.StringAttribute{
				Optional:            true,
				MarkdownDescription: "The address that gives GitHub Actions or Azure DevOps jobs their OpenID Connect token.",
				Validators:          []validator.String{httpsURLValidator()},
			},
			"oidc_request_token": schema.StringAttribute{Optional: true, Sensitive: true, MarkdownDescription: "The token that authorises the request to `oidc_request_url`."},
			"ado_pipeline_service_connection_id": schema.StringAttribute{
				Optional:            true,
				MarkdownDescription: "The id of the Azure DevOps service connection whose identity signs in.",
			},
			"use_aks_workload_identity": schema.BoolAttribute{
				Optional: true,
				MarkdownDescription: "Whether to sign in by the workload identity of a pod in Azure Kubernetes Service: `use_oidc` with the " +
					"token file, client and tenant that AKS puts into the environment. Default `false`.",
			},
			"use_msi": schema.BoolAttribute{
				Optional:            true,
				MarkdownDescription: "Whether to sign in by managed identity; `client_id` chooses a user-assigned one. Default `false`.",
			},
			"msi_endpoint": schema.StringAttribute{
				Optional: true,
				MarkdownDescription: "The address of a machine's identity endpoint in place of the Azure Instance Metadata Service's. It is found " +
					"without this in Azure and on machines connected by Azure Arc.",
			},
			"use_cli": schema.BoolAttribute{
				Optional:            true,
				MarkdownDescription: "Whether to sign in as the user of the Azure CLI where nothing else is configured. Default `true`.",
			},
			"environment": schema.StringAttribute{
				Optional: true,
				MarkdownDescription: "The Microsoft cloud of the tenant: `public` (or `global`), `usgovernment` (or `usgovernmentl4`, GCC High), " +
					"`usgovernmentl5` (or `dod`), `china`. Default `public`.",
				Validators: []validator.String{stringvalidator.OneOf(client.CloudNames()...)},
			},
			"graph_endpoint": schema.StringAttribute{
				Optional: true,
				MarkdownDescription: "The root of Microsoft Graph in a cloud that `environment` does not name, such as a sovereign or air-gapped " +
					"one: `https://` and a host, no path. Goes with `authority_host` and in place of `environment`.",
				Validators: []validator.String{endpointValidator()},
			},
			"authority_host": schema.StringAttribute{
				Optional:            true,
				MarkdownDescription: "The root of the sign-in service in such a cloud: `https://` and a host, no path. Goes with `graph_endpoint`.",
				Validators:          []validator.String{endpointValidator()},
			},
			"ca_bundle_path": schema.StringAttribute{
				Optional:            true,
				MarkdownDescription: "A PEM file of certificate authorities to trust in addition to the system's, for networks that re-sign TLS.",
			},
			"emergency_access": schema.SingleNestedAttribute{
				Optional: true,
				MarkdownDescription: "The emergency access (break-glass) accounts: no resource of this provider may ask them for MFA, and a plan " +
					"that would is refused. They are looked up at the start of each run, and one that cannot be found stops it: a guard that " +
					"guards nobody is worse than none. So does a list that is there and empty, or a group without users; `null` is no guard.",
				Attributes: map[string]schema.Attribute{
					"user_ids": schema.SetAttribute{
						Optional: true, ElementType: types.StringType,
						MarkdownDescription: "Object ids of such accounts.",
						Validators:          []validator.Set{value.EachString(value.GUIDValidator())},
					},
					"user_principal_names": schema.SetAttribute{
						Optional: true, ElementType: types.StringType,
						MarkdownDescription: "User principal names of such accounts.",
						Validators:          []validator.Set{value.EachString(value.UserPrincipalNameValidator())},
					},
					"group_ids": schema.SetAttribute{
						Optional: true, ElementType: types.StringType,
						MarkdownDescription: "Object ids of groups of such accounts; members of nested groups count. Needs `GroupMember.Read.All`.",
						Validators:          []validator.Set{value.EachString(value.GUIDValidator())},
					},
				},
			},
		}),
	}
}

// withVariables adds to the description of each attribute the environment variables that stand in for it.
func withVariables(attributes map[string]schema.Attribute) map[string]schema.Attribute {
	for name, names := range variables {
		environment := " Environment: `" + strings.Join(names, "`, `") + "`."
		switch attribute := attributes[name].(type) {
		case schema.StringAttribute:
			attribute.MarkdownDescription += environment
			attributes[name] = attribute
		case schema.BoolAttribute:
			attribute.MarkdownDescription += environment
			attributes[name] = attribute
		}
	}
	return attributes
}

func (p *entramfaProvider) Resources(context.Context) []func() resource.Resource {
	return ofAll(p.areas, func(area resourcekit.Area) []func() resource.Resource { return area.Resources })
}

func (p *entramfaProvider) DataSources(context.Context) []func() datasource.DataSource {
	return ofAll(p.areas, func(area resourcekit.Area) []func() datasource.DataSource { return area.DataSources })
}

func (p *entramfaProvider) Functions(context.Context) []func() function.Function {
	return ofAll(p.areas, func(area resourcekit.Area) []func() function.Function { return area.Functions })
}

func (p *entramfaProvider) ListResources(context.Context) []func() list.ListResource {
	return ofAll(p.areas, func(area resourcekit.Area) []func() list.ListResource { return area.ListResources })
}

// ofAll joins what the areas have of one kind.
func ofAll[T any](areas []resourcekit.Area, have func(area resourcekit.Area) []T) []T {
	var all []T
	for _, area := range areas {
		all = append(all, have(area)...)
	}
	return all
}

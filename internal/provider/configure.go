package provider

import (
	"context"
	"fmt"
	"os"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/resource"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client"
)

// providerData is what resources and data sources get of the provider.
type providerData struct {
	// client is nil while a part of the provider block is not known yet.
	client *client.Client
	// unknown names those parts.
	unknown []string
	// emergencyAccess guards the emergency access accounts.
	emergencyAccess *emergencyAccess
	// elsewhere is the look at what asks these accounts outside of the configuration.
	elsewhere askedElsewhere
	// registrationPolicies tells a second registration policy from the first.
	registrationPolicies registrationPolicies
	// foundTargets are whom a refresh of the registration policy has looked up.
	foundTargets foundTargets
	// recentUsers are whom the resource of one user hints at.
	recentUsers recentUsers
	// guardsBefore are the accounts that were guarded when the resources of this run were applied last.
	guardsBefore guardsBefore
	// people are whom the resources of a run want and let go of.
	people runPeople
	// blocked are the accounts that a refresh has found blocked.
	blocked blockedAccounts
	// goneObjects are what a run has looked at, gone or there.
	goneObjects goneObjects
	// locations are the tenant's named locations; nil where client is.
	locations *tenantLocations
}

// resourceData is embedded by each resource and takes what the provider gives it: nothing before the provider is configured.
type resourceData struct{ data *providerData }

func (r *resourceData) Configure(_ context.Context, req resource.ConfigureRequest, _ *resource.ConfigureResponse) {
	r.data, _ = req.ProviderData.(*providerData)
}

// dataSourceData is the same for data sources.
type dataSourceData struct{ data *providerData }

func (d *dataSourceData) Configure(_ context.Context, req datasource.ConfigureRequest, _ *datasource.ConfigureResponse) {
	d.data, _ = req.ProviderData.(*providerData)
}

// configured reports whether requests can be made, and explains in the diagnostics where they cannot.
func (d *providerData) configured(diags *diag.Diagnostics) bool {
	switch {
	case d == nil:
		diags.AddError("Provider not configured",
			"The provider was asked for something before it was configured. This is a defect of the provider or of the program that drives it; please report it.")
		return false
	case d.client == nil:
		diags.AddError("Provider not configured",
			fmt.Sprintf("The provider block depends on values that are not known yet: %s. Apply what they come from first (-target), "+
				"or set them from variables or the environment.", strings.Join(d.unknown, ", ")))
		return false
	}
	return true
}

// planReady reports whether a plan can ask Graph. Where it cannot, its checks are made at apply.
func (d *providerData) planReady() bool { return d != nil && d.client != nil }

func (p *entramfaProvider) Configure(ctx context.Context, req provider.ConfigureRequest, resp *provider.ConfigureResponse) {
	var model providerModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &model)...)
	if resp.Diagnostics.HasError() {
		return
	}
	data := &providerData{unknown: model.unknownSettings()}
	publish := func() {
		resp.ResourceData, resp.DataSourceData, resp.EphemeralResourceData = data, data, data
		resp.ListResourceData, resp.ActionData = data, data
	}
	if len(data.unknown) > 0 {
		publish()
		return
	}

	lookupEnv := p.lookupEnv
	if lookupEnv == nil {
		lookupEnv = os.LookupEnv
	}
	found := settingsReader{lookupEnv: lookupEnv, diags: &resp.Diagnostics}.resolve(model)
	found.credentials.LearnSecrets()
	if resp.Diagnostics.HasError() {
		return
	}
	made := p.newClient(found, req.TerraformVersion, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	// A mistake in the credentials is told once and here, instead of once for each resource.
	if err := made.SignIn(ctx); err != nil {
		addError(&resp.Diagnostics, err)
		return
	}
	identifyTenant(ctx, made, found.credentials, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	warnOfMissingScopes(ctx, made, &resp.Diagnostics)
	data.client, data.locations = made, newTenantLocations(made)
	data.emergencyAccess = resolveEmergencyAccess(ctx, made, model, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	publish()
}

func (p *entramfaProvider) newClient(found settings, terraformVersion string, diags *diag.Diagnostics) *client.Client {
	options := p.clientOptions
	options.Version = p.version
	options.ApplicationID = "Terraform/" + terraformVersion
	options.Logger = newLogger()
	if options.HTTPClient == nil {
		httpClient, err := client.NewHTTPClient(found.caBundle)
		if err != nil {
			diags.AddAttributeError(path.Root("ca_bundle_path"), "Unable to use ca_bundle_path", sentence(err.Error()))
			return nil
		}
		options.HTTPClient = httpClient
	}
	credential, method, err := found.credentials.NewCredential(found.cloud, options.Transport())
	if err != nil {
		diags.AddAttributeError(credentialPath(method), "Unable to sign in to Microsoft Entra ID",
			sentence(err.Error())+"\n\nThe ways to sign in, in the order in which they are tried, are described in the provider's documentation.")
		return nil
	}
	made, err := client.New(found.cloud, credential, options)
	if err != nil {
		diags.AddError("Unable to set up the Microsoft Graph client", sentence(err.Error()))
		return nil
	}
	return made
}

// credentialPath is the attribute that switches a way to sign in.
func credentialPath(method client.Method) path.Path {
	switch method {
	case client.MethodClientCertificate:
		return path.Root("client_certificate")
	case client.MethodClientSecret:
		return path.Root("client_secret")
	case client.MethodOIDC:
		return path.Root("use_oidc")
	case client.MethodManagedIdentity:
		return path.Root("use_msi")
	case client.MethodAzureCLI:
		return path.Root("use_cli")
	}
	return path.Empty()
}

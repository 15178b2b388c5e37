package server

import (
	"context"
	"os"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/diagnose"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/emergency"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/resourcekit"
)

func (p *entramfaProvider) Configure(ctx context.Context, req provider.ConfigureRequest, resp *provider.ConfigureResponse) {
	var config types.Object
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	if resp.Diagnostics.HasError() {
		return
	}
	block := providerBlock(config.Attributes())
	run := &resourcekit.Run{Unknown: block.unknown()}
	publish := func() {
		resp.ResourceData, resp.DataSourceData, resp.EphemeralResourceData = run, run, run
		resp.ListResourceData, resp.ActionData = run, run
	}
	if len(run.Unknown) > 0 {
		publish()
		return
	}

	lookupEnv := p.lookupEnv
	if lookupEnv == nil {
		lookupEnv = os.LookupEnv
	}
	found := settingsReader{block: block, lookupEnv: lookupEnv, diags: &resp.Diagnostics}.resolve()
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
		diagnose.Error(&resp.Diagnostics, err)
		return
	}
	identifyTenant(ctx, made, found.credentials, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	warnOfMissingScopes(ctx, made, &resp.Diagnostics)
	run.Client = made
	accounts, _ := block["emergency_access"].(types.Object)
	emergency.Configure(ctx, run, accounts, &resp.Diagnostics)
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
			diags.AddAttributeError(path.Root("ca_bundle_path"), "Unable to use ca_bundle_path", diagnose.Sentence(err.Error()))
			return nil
		}
		options.HTTPClient = httpClient
	}
	credential, method, err := found.credentials.NewCredential(found.cloud, options.Transport())
	if err != nil {
		diagnose.AttributeError(diags, methodPath(method), err)
		return nil
	}
	made, err := client.New(found.cloud, credential, options)
	if err != nil {
		diags.AddError("Unable to set up the Microsoft Graph client", diagnose.Sentence(err.Error()))
		return nil
	}
	return made
}

// methodPath is the attribute that switches a way to sign in; empty where none was chosen.
func methodPath(method client.Method) path.Path {
	if attribute := diagnose.MethodAttribute(method); attribute != "" {
		return path.Root(attribute)
	}
	return path.Empty()
}

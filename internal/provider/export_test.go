package provider

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client"
)

// ClientFromEnvironment makes the client that an empty provider block would get, for tests that act beside Terraform as the
// same identity.
func ClientFromEnvironment(ctx context.Context, lookupEnv func(string) (string, bool)) (*client.Client, error) {
	var diags diag.Diagnostics
	p := &entramfaProvider{version: "dev"}
	found := settingsReader{lookupEnv: lookupEnv, diags: &diags}.resolve(providerModel{})
	if !diags.HasError() {
		if made := p.newClient(found, "", &diags); !diags.HasError() {
			return made, made.SignIn(ctx)
		}
	}
	problem := diags.Errors()[0]
	return nil, fmt.Errorf("%s: %s", problem.Summary(), problem.Detail())
}

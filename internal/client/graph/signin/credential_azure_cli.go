package signin

import (
	"context"
	"strings"
	"sync"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/redact"
)

// AzureCLI makes the credential of whoever is signed in to the Azure CLI.
func (c Credentials) AzureCLI() (azcore.TokenCredential, error) {
	credential, err := azidentity.NewAzureCLICredential(&azidentity.AzureCLICredentialOptions{TenantID: c.TenantID})
	if err != nil {
		return nil, err
	}
	return &AzureCLICredential{Credential: credential, Tenant: c.TenantID}, nil
}

// AzureCLICredential keeps the CLI's token, because each call of the CLI starts a program, and tells why there is none.
type AzureCLICredential struct {
	Credential azcore.TokenCredential
	// Tenant is the one that the CLI is asked for; empty leaves it to the CLI.
	Tenant string

	mutex sync.Mutex
	scope string
	token azcore.AccessToken
}

// cliTokenMargin is how long a kept token has to be good for. The pipeline asks for the next one within the same time of its
// end, and must not get the old one.
const cliTokenMargin = 5*time.Minute + 10*time.Second

// GetToken returns the kept token, or asks the Azure CLI.
func (c *AzureCLICredential) GetToken(ctx context.Context, options policy.TokenRequestOptions) (azcore.AccessToken, error) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	scope := strings.Join(options.Scopes, " ")
	if options.Claims == "" && scope == c.scope && time.Until(c.token.ExpiresOn) > cliTokenMargin {
		return c.token, nil
	}
	c.scope, c.token = "", azcore.AccessToken{}
	token, err := c.Credential.GetToken(ctx, options)
	switch {
	case err == nil:
		c.scope, c.token = scope, token
		return token, nil
	case ctx.Err() != nil:
		return token, err
	case options.Claims != "":
		return token, c.challenged(err)
	}
	return token, c.describe(err.Error())
}

// challenged is the failure that azidentity makes of every claims challenge: the CLI cannot answer one without its user.
func (c *AzureCLICredential) challenged(err error) *AuthError {
	_, command, found := strings.Cut(firstLine(err.Error()), "az login")
	if !found {
		return c.describe(err.Error())
	}
	return &AuthError{
		Failure: AuthCLIChallenged,
		Message: "Microsoft Graph does not accept the Azure CLI's token any more and wants a new sign-in (continuous access evaluation)",
		Command: "az login" + command,
	}
}

func (c *AzureCLICredential) describe(text string) *AuthError {
	return &AuthError{
		Failure: AuthNoCLIToken, Code: CodePattern.FindString(text), Message: "the Azure CLI gave no token: " + cliMessage(text), CLITenant: c.Tenant,
	}
}

// cliMessage is the line with which the CLI says what is wrong: warnings may come first, and advice after it.
func cliMessage(text string) string {
	text = strings.TrimSpace(redact.Text(text))
	for line := range strings.SplitSeq(text, "\n") {
		if CodePattern.MatchString(line) || strings.Contains(line, "ERROR:") {
			return redact.ForeignText(line)
		}
	}
	return firstLine(text)
}

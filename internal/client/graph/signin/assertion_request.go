package signin

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/graph/transport"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/redact"
)

// assertionAudience is the audience that a federated credential expects unless somebody changed it.
const assertionAudience = "api://AzureADTokenExchange"

// assertionRequest asks the CI system that runs this process for an assertion.
//
// Sources: https://docs.github.com/actions/reference/security/oidc (GET, answer in "value") and
// https://learn.microsoft.com/rest/api/azure/devops/distributedtask/oidctoken/create (POST, answer in "oidcToken").
type assertionRequest struct {
	url   url.URL
	token string
	// serviceConnectionID makes it a request to Azure DevOps.
	serviceConnectionID string
	// settings are the credentials' transport and their rule of repetition: a 5xx passes, a refused token does not.
	settings policy.ClientOptions
}

func (r assertionRequest) get(ctx context.Context) (string, error) {
	address, method, place := r.url, http.MethodGet, "GitHub Actions"
	query := address.Query()
	if r.serviceConnectionID != "" {
		method, place = http.MethodPost, "Azure DevOps"
		query.Set("api-version", "7.1")
		query.Set("serviceConnectionId", r.serviceConnectionID)
	} else if query.Get("audience") == "" {
		query.Set("audience", assertionAudience)
	}
	address.RawQuery = query.Encode()

	request, err := runtime.NewRequest(ctx, method, address.String())
	if err != nil {
		return "", r.failure(place, redact.ForeignText(err.Error()))
	}
	header := request.Raw().Header
	header.Set("Authorization", "Bearer "+r.token)
	header.Set("Accept", "application/json")
	// Azure DevOps would answer a wrong token with a redirect to its sign-in page.
	header.Set("X-TFS-FedAuthRedirect", "Suppress")
	runtime.SkipBodyDownload(request)
	pipeline := runtime.NewPipeline("terraform-provider-entramfa", transport.ModuleVersion("dev"), runtime.PipelineOptions{}, &r.settings)
	response, err := pipeline.Do(request)
	if err != nil {
		return "", err
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(response.Body, 1<<20))
	if err != nil {
		return "", r.failure(place, redact.ForeignText(err.Error()))
	}
	if response.StatusCode != http.StatusOK {
		return "", r.failure(place, fmt.Sprintf("it answered HTTP %d", response.StatusCode))
	}
	var answer struct {
		Value     string `json:"value"`
		OIDCToken string `json:"oidcToken"`
	}
	// The answer holds the assertion, so nothing of it goes into an error.
	if err := json.Unmarshal(body, &answer); err != nil {
		return "", r.failure(place, "its answer is not JSON")
	}
	if token := cmp.Or(answer.Value, answer.OIDCToken); token != "" {
		return token, nil
	}
	return "", r.failure(place, "its answer holds no token")
}

func (r assertionRequest) failure(place, reason string) error {
	return &AuthError{
		Failure: AuthAssertionRefused,
		Message: fmt.Sprintf("%s gave no OpenID Connect token: %s", place, reason),
	}
}

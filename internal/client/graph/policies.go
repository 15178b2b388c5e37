package graph

import (
	"log/slog"
	"net/http"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/google/uuid"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/graph/transport"
)

const headerClientRequestID = "client-request-id"

// clientRequestIDPolicy names each call by a GUID, the same for all its repetitions, and asks Graph to return it.
type clientRequestIDPolicy struct{}

func (clientRequestIDPolicy) Do(request *policy.Request) (*http.Response, error) {
	header := request.Raw().Header
	header.Set(headerClientRequestID, uuid.NewString())
	header.Set("return-client-request-id", "true")
	response, err := request.Next()
	// The id belongs into every error, whether or not what answered has returned it.
	if err == nil && response.Header.Get(headerClientRequestID) == "" {
		response.Header.Set(headerClientRequestID, header.Get(headerClientRequestID))
	}
	return response, err
}

// logPolicy writes a record for each try: method, path, status, ids and duration. Headers, queries and bodies stay out:
// a token, a secret or a person's data could be in them.
type logPolicy struct {
	logger *slog.Logger
	clock  Clock
}

func (p logPolicy) Do(request *policy.Request) (*http.Response, error) {
	raw := request.Raw()
	began := p.clock.Now()
	response, err := request.Next()
	fields := []any{
		slog.String("method", raw.Method),
		slog.String("host", raw.URL.Host),
		slog.String("path", raw.URL.Path),
		slog.String("client_request_id", raw.Header.Get(headerClientRequestID)),
		slog.Int64("duration_ms", p.clock.Now().Sub(began).Milliseconds()),
	}
	switch {
	case err != nil:
		p.logger.WarnContext(raw.Context(), "Microsoft Graph gave no answer", append(fields, slog.String("error", transport.WithoutAddress(err).Error()))...)
	default:
		fields = append(fields, slog.Int("status", response.StatusCode), slog.String("request_id", response.Header.Get("request-id")))
		if response.StatusCode == http.StatusTooManyRequests {
			fields = append(fields, slog.String("retry_after", response.Header.Get("Retry-After")))
			p.logger.InfoContext(raw.Context(), "Microsoft Graph throttles", fields...)
		} else {
			p.logger.DebugContext(raw.Context(), "Microsoft Graph answered", fields...)
		}
	}
	return response, err
}

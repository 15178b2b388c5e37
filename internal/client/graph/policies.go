package graph

import (
	"log/slog"
	"math"
	"net/http"
	"strconv"

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

// retryAfterPolicy writes a Retry-After in the form in which azcore reads it exactly: in milliseconds where it is a number,
// because Graph's own sample asks for 2.128, or where it is a date, which goes by the clock of the server and not by this
// machine's.
//
// Source: https://learn.microsoft.com/graph/throttling
type retryAfterPolicy struct{}

func (retryAfterPolicy) Do(request *policy.Request) (*http.Response, error) {
	response, err := request.Next()
	if err != nil {
		return response, err
	}
	// A wait of more than a day is beyond every bound and only has to stay a number.
	const longest = 24 * 60 * 60
	text := response.Header.Get("Retry-After")
	seconds, parseErr := strconv.ParseFloat(text, 64)
	if _, dateErr := http.ParseTime(text); dateErr == nil && response.Header.Get("Date") != "" {
		seconds, parseErr = retryAfterOf(response.Header).Seconds(), nil
		if seconds == 0 {
			response.Header.Set("Retry-After", "0")
		}
	}
	if parseErr == nil && seconds > 0 {
		milliseconds := int(math.Ceil(1000 * min(seconds, longest)))
		response.Header.Set("Retry-After-Ms", strconv.Itoa(milliseconds))
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

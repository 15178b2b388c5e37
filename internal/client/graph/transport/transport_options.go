package transport

import (
	"net/http"
	"regexp"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
)

// Options are how requests leave, those to Microsoft Graph and those of a sign-in. The zero value is right for production.
type Options struct {
	// HTTPClient sends the requests; NewHTTPClient makes one. Default: one that trusts the system's authorities.
	HTTPClient *http.Client
	// Retry bounds the repetitions of a request. Default: 6 repetitions, waits of at most 3 minutes: the longest
	// window that Graph documents a limit over for one app is 150 seconds.
	Retry policy.RetryOptions
	// ApplicationID begins the User-Agent: the calling program and its version, at most 24 characters.
	ApplicationID string
}

// Standard bounds of repetition.
const (
	defaultMaxRetries    = 6
	defaultMaxRetryDelay = 3 * time.Minute
)

// WithDefaults returns the options with all that is left open filled in.
func (o Options) WithDefaults() (Options, error) {
	if o.HTTPClient == nil {
		standard, err := NewHTTPClient(nil)
		if err != nil {
			return o, err
		}
		o.HTTPClient = standard
	}
	if o.Retry.MaxRetries == 0 {
		o.Retry.MaxRetries = defaultMaxRetries
	}
	if o.Retry.MaxRetryDelay == 0 {
		o.Retry.MaxRetryDelay = defaultMaxRetryDelay
	}
	if o.Retry.ShouldRetry == nil {
		o.Retry.ShouldRetry = ShouldRetry
	}
	return o, nil
}

// AzureOptions are the options as azcore and azidentity take them: one transport, one rule of repetition.
func (o Options) AzureOptions() policy.ClientOptions {
	return policy.ClientOptions{
		Retry:     o.Retry,
		Telemetry: policy.TelemetryOptions{ApplicationID: o.ApplicationID},
		Transport: Transporter{o.HTTPClient},
	}
}

var (
	moduleVersionPattern = regexp.MustCompile(`^\d+\.\d+\.\d+(-[a-zA-Z0-9_.-]+)?$`)
	notInModuleVersion   = regexp.MustCompile(`[^a-zA-Z0-9_.-]`)
)

// ModuleVersion gives azcore the form it insists on, vN.N.N or vN.N.N-text, whatever the build was called.
func ModuleVersion(version string) string {
	version = strings.TrimPrefix(version, "v")
	if moduleVersionPattern.MatchString(version) {
		return "v" + version
	}
	return "v0.0.0-" + notInModuleVersion.ReplaceAllString(version, "-")
}

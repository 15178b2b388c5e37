package client

import (
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/graph"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/graph/signin"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/graph/transport"
)

// What callers of this package need of the rooms below it.
type (
	// Acceptance is when the service accepted a write.
	Acceptance = graph.Acceptance
	// Consistency bounds the waits for replicas.
	Consistency = graph.Consistency
	// Error is a refusal of Microsoft Graph.
	Error = graph.Error
	// UnknownCreationError is a creation of which nobody knows whether it was carried out.
	UnknownCreationError = graph.UnknownCreationError
	// InterruptedError is work that has ended with its context.
	InterruptedError = graph.InterruptedError
	// Options are what a caller may choose of a client.
	Options = graph.Options
	// Rate is how fast requests of a class may follow one another.
	Rate = graph.Rate
	// RateClass is a family of requests that Graph limits together.
	RateClass = graph.RateClass
	// AuthError is a failed sign-in.
	AuthError = signin.AuthError
	// Cloud is a Microsoft cloud.
	Cloud = signin.Cloud
	// Credentials are what an identity signs in with.
	Credentials = signin.Credentials
	// Method is a way to sign in.
	Method = signin.Method
	// Tenant names a tenant.
	Tenant = signin.Tenant
	// ConnectionError is a request that got no answer.
	ConnectionError = transport.ConnectionError
	// ConnectionKind says why a request got no answer.
	ConnectionKind = transport.ConnectionKind
)

// What callers of this package need of the rooms below it.
const (
	ClassAuthentication     = graph.ClassAuthentication
	ClassConditionalAccess  = graph.ClassConditionalAccess
	MethodAzureCLI          = signin.MethodAzureCLI
	MethodClientCertificate = signin.MethodClientCertificate
	MethodClientSecret      = signin.MethodClientSecret
	MethodManagedIdentity   = signin.MethodManagedIdentity
	MethodOIDC              = signin.MethodOIDC
	ConnectionBroken        = transport.ConnectionBroken
	ConnectionNoHost        = transport.ConnectionNoHost
	ConnectionNoTLS         = transport.ConnectionNoTLS
	ConnectionOversized     = transport.ConnectionOversized
	ConnectionProxy         = transport.ConnectionProxy
	ConnectionRefused       = transport.ConnectionRefused
	ConnectionUntrusted     = transport.ConnectionUntrusted
)

// What callers of this package need of the rooms below it.
var (
	// Interrupted is graph.Interrupted.
	Interrupted = graph.Interrupted
	// IsForbidden is graph.IsForbidden.
	IsForbidden = graph.IsForbidden
	// IsLicenseRequired is graph.IsLicenseRequired.
	IsLicenseRequired = graph.IsLicenseRequired
	// IsNotFound is graph.IsNotFound.
	IsNotFound = graph.IsNotFound
	// IsThrottled is graph.IsThrottled.
	IsThrottled = graph.IsThrottled
	// ReadAcceptance is graph.ReadAcceptance.
	ReadAcceptance = graph.ReadAcceptance
	// CheckTenantID is signin.CheckTenantID.
	CheckTenantID = signin.CheckTenantID
	// CloudNames is signin.CloudNames.
	CloudNames = signin.CloudNames
	// NamedCloud is signin.NamedCloud.
	NamedCloud = signin.NamedCloud
	// ParseEndpoint is signin.ParseEndpoint.
	ParseEndpoint = signin.ParseEndpoint
	// China is signin.China.
	China = signin.China
	// Public is signin.Public.
	Public = signin.Public
	// FilterLibraryLogs is transport.FilterLibraryLogs.
	FilterLibraryLogs = transport.FilterLibraryLogs
	// NewHTTPClient is transport.NewHTTPClient.
	NewHTTPClient = transport.NewHTTPClient
)

package control

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

var headerName = regexp.MustCompile(`^[A-Za-z0-9-]+$`)

var errorCases = []string{
	CaseUnknownUser, CaseInsufficientPrivileges, CaseInvalidRequirements, CaseBetaOnly, CaseDollarUPN, CaseMethodNotAllowed,
	CaseInvalidPolicy, CaseEmptyCampaign, CaseEnabledFIDO2, CaseUnknownPolicyObject, CaseInvalidLocation, CaseLocationKind,
	CaseLocationLimit, CaseTrustedLocation, CaseLocationInUse, CaseConditionalAccessPolicyLimit, CaseUnlicensed, CaseSecurityDefaults,
	CaseManagedPolicy, CaseUnknownReference, CaseBinNotSupported, CaseStrengthInUse, CaseStrengthLimit, CaseStrengthName, CaseBuiltInStrength,
}

// Validate reports settings that mean nothing. Each error names its place.
func (b *Behavior) Validate() error {
	var problems []error
	report := func(place, format string, args ...any) {
		problems = append(problems, fmt.Errorf("%s: %s", place, fmt.Sprintf(format, args...)))
	}
	for _, number := range []struct {
		place string
		value int
	}{
		{"latencyMs", b.LatencyMs},
		{"replicaLag.durationMs", b.ReplicaLag.DurationMs},
		{"replicaLag.reads", b.ReplicaLag.Reads},
		{"tokenLifetimeSeconds", b.TokenLifetimeSeconds},
		{"conditionalAccess.pageSize", b.ConditionalAccess.PageSize},
		{"conditionalAccess.maxPolicies", b.ConditionalAccess.MaxPolicies},
	} {
		if number.value < 0 {
			report(number.place, "must not be negative")
		}
	}
	for place, status := range map[string]int{
		"statusOnStateWrite": b.StatusOnStateWrite, "campaign.statusOnWrite": b.Campaign.StatusOnWrite,
	} {
		if status != 0 && (status < 200 || status > 299) {
			report(place, "%d is not a status of success (200 to 299)", status)
		}
	}
	if b.Cloud != "" && !slices.Contains(clouds, b.Cloud) {
		report("cloud", "%q is not a cloud; the clouds are %s", b.Cloud, strings.Join(clouds, ", "))
	}
	for i, method := range b.MethodsWithoutPromotion {
		if !slices.Contains(methodTypes, method) {
			report(fmt.Sprintf("methodsWithoutPromotion[%d]", i), "%q is not a type of method; the types are %s", method, strings.Join(methodTypes, ", "))
		}
	}
	switch b.Campaign.ManagedMethod {
	case "", CampaignMicrosoftAuthenticator, CampaignFIDO2:
	default:
		report("campaign.managedMethod", "%q is neither %s nor %s", b.Campaign.ManagedMethod, CampaignMicrosoftAuthenticator, CampaignFIDO2)
	}
	switch b.Campaign.LimitOn {
	case "", LimitOnBeta, LimitOnBoth, LimitNowhere:
	default:
		report("campaign.limitOn", "%q is none of %s, %s, %s", b.Campaign.LimitOn, LimitOnBeta, LimitOnBoth, LimitNowhere)
	}
	switch b.AuthenticationService {
	case "", ServiceIdentityAndAccess, ServiceReports, ServiceNone:
	default:
		report("authenticationService", "%q is none of %s, %s, %s",
			b.AuthenticationService, ServiceIdentityAndAccess, ServiceReports, ServiceNone)
	}
	for i := range b.Throttle {
		if err := b.Throttle[i].Validate(); err != nil {
			problems = append(problems, Prefixed(fmt.Sprintf("throttle[%d]", i), err)...)
		}
	}
	for name, override := range b.Errors {
		if !slices.Contains(errorCases, name) {
			report("errors."+name, "unknown case; the cases are %s", strings.Join(errorCases, ", "))
		}
		if override.Status != 0 && (override.Status < 400 || override.Status > 599) {
			report("errors."+name+".status", "%d is not a status of failure (400 to 599)", override.Status)
		}
	}
	if b.TokenRequests != nil {
		for place, request := range map[string]*TokenRequest{
			"tokenRequests.gitHub":      b.TokenRequests.GitHub,
			"tokenRequests.azureDevOps": b.TokenRequests.AzureDevOps,
		} {
			if request != nil && (request.RequestToken == "" || request.Issuer == "" || request.Subject == "") {
				report(place, "needs requestToken, issuer and subject")
			}
		}
	}
	return errors.Join(problems...)
}

// Validate reports a limit that means nothing. Each error names its place.
func (t *Throttle) Validate() error {
	var problems []error
	report := func(place, format string, args ...any) {
		problems = append(problems, fmt.Errorf("%s: %s", place, fmt.Sprintf(format, args...)))
	}
	if t.RequestsPerSecond <= 0 {
		report("requestsPerSecond", "must be greater than 0")
	}
	if t.Burst < 0 {
		report("burst", "must not be negative")
	}
	if t.MinUsers < 0 || t.MaxUsers < 0 || t.MaxUsers > 0 && t.MaxUsers < t.MinUsers {
		report("maxUsers", "%d to %d users is no size of a tenant", t.MinUsers, t.MaxUsers)
	}
	switch t.Class {
	case "", ClassDirectory, ClassAuthentication, ClassConditionalAccess, ClassReports, ClassBatch, ClassUnknown:
	default:
		report("class", "%q is no class of Graph requests", t.Class)
	}
	switch t.Service {
	case "", ServiceIdentityAndAccess, ServiceReports, ServiceConditionalAccess:
	default:
		report("service", "%q is none of %s, %s, %s", t.Service, ServiceIdentityAndAccess, ServiceReports, ServiceConditionalAccess)
	}
	switch t.Count {
	case "", CountRequests, CountResourceUnits, CountWrites:
	default:
		report("count", "%q is none of %s, %s, %s", t.Count, CountRequests, CountResourceUnits, CountWrites)
	}
	switch t.Scope {
	case "", ScopeTenantApplication, ScopeTenant:
	default:
		report("scope", "%q is neither %s nor %s", t.Scope, ScopeTenantApplication, ScopeTenant)
	}
	return errors.Join(problems...)
}

// Validate reports a fault that can never do anything.
func (f *Fault) Validate() error {
	if f.PathRegexp != "" {
		if _, err := regexp.Compile(f.PathRegexp); err != nil {
			return fmt.Errorf("pathRegexp: %w", err)
		}
	}
	if f.Path != "" && !strings.HasPrefix(f.Path, "/") {
		return fmt.Errorf("path: %q does not begin with /", f.Path)
	}
	switch f.Reset {
	case "", ResetBefore, ResetAfter:
	default:
		return fmt.Errorf("reset: %q is neither %s nor %s", f.Reset, ResetBefore, ResetAfter)
	}
	switch f.BatchAnswers {
	case "", BatchMissing, BatchDuplicate, BatchReversed:
	default:
		return fmt.Errorf("batchAnswers: %q is none of %s, %s and %s", f.BatchAnswers, BatchMissing, BatchDuplicate, BatchReversed)
	}
	changes := f.Truncate || f.PadToBytes > 0 || f.BatchAnswers != "" || f.ContentType != "" || len(f.Headers) > 0
	switch {
	case f.After < 0:
		return errors.New("after: must not be negative")
	case f.Times != nil && *f.Times < 0:
		return errors.New("times: must not be negative; 0 is without end")
	case f.DelayMs < 0:
		return errors.New("delayMs: must not be negative")
	case f.Status != 0 && (f.Status < 200 || f.Status > 599):
		return fmt.Errorf("status: %d is not a status of an answer (200 to 599)", f.Status)
	case f.PadToBytes < 0:
		return errors.New("padToBytes: must not be negative")
	case f.Status == 0 && f.Reset == "" && f.DelayMs == 0 && !changes:
		return errors.New("status: a fault needs at least one of status, reset, delayMs, truncate, padToBytes, batchAnswers, contentType and headers")
	case f.Status == 0 && (f.Code != "" || f.Message != "" || f.Body != "" || f.Processed):
		return errors.New("status: code, message, body and processed need a status to answer with")
	case f.Reset != "" && changes:
		return errors.New("reset: there is no answer that truncate, padToBytes, batchAnswers, contentType or headers could change")
	}
	for name := range f.Headers {
		if headerName.MatchString(name) {
			continue
		}
		return fmt.Errorf("headers.%s: not the name of a header", name)
	}
	return nil
}

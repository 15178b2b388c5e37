package control

import (
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
)

// PasswordMethodID is the id of the password method, the same for every user.
const PasswordMethodID = "28c10230-6103-485e-b985-444c60001490"

// PhoneMethodIDs are the ids of phone methods by phone type, the same for every user.
//
// https://learn.microsoft.com/graph/api/resources/phoneauthenticationmethod
var PhoneMethodIDs = map[string]string{
	"mobile":          "3179e48a-750b-4051-897c-87b9720928f7",
	"alternateMobile": "b6332ec1-7057-4abe-9331-3d72feddfe41",
	"office":          "e37fc753-ff3b-4958-9484-eaa9425c82bc",
}

var methodTypes = []string{
	MethodMicrosoftAuthenticator, MethodPhone, MethodFIDO2, MethodSoftwareOath, MethodHardwareOath,
	MethodWindowsHelloForBusiness, MethodTemporaryAccessPass, MethodEmail,
	MethodPasswordlessMicrosoftAuthenticator, MethodPlatformCredential,
}

var states = []string{StateDisabled, StateEnabled, StateEnforced}

var clouds = []string{
	CloudPublic, CloudUSGovernment, CloudUSGovernmentL5, CloudDoD, CloudChina, CloudUSNat, CloudUSSec,
}

// IsGUID tells whether text is a GUID in the form that Graph writes, in either case of letters.
func IsGUID(text string) bool {
	return len(text) == 36 && uuid.Validate(text) == nil
}

// Validate reports everything that no tenant could be like: identifiers that are no GUIDs or stand twice, members that
// do not exist, unknown states and method types. Each error names its place. Missing ids are no error. The policies of the
// tenant, and whatever else it has, are checked by further; unique reports an id that something else has as well.
func (t *Tenant) Validate(further func(unique func(place, what, value string)) []error) error {
	var problems []error
	report := func(place, format string, args ...any) {
		problems = append(problems, fmt.Errorf("%s: %s", place, fmt.Sprintf(format, args...)))
	}
	if t.TenantID != "" && !IsGUID(t.TenantID) {
		report("tenantId", "%q is not a GUID", t.TenantID)
	}
	if t.Cloud != "" && !slices.Contains(clouds, t.Cloud) {
		report("cloud", "%q is not a cloud; the clouds are %s", t.Cloud, strings.Join(clouds, ", "))
	}
	seen := map[string]string{}
	unique := func(place, what, value string) {
		key := strings.ToLower(value)
		if first, taken := seen[key]; taken {
			report(place, "%s %q is already used at %s", what, value, first)
			return
		}
		seen[key] = place
	}
	for i := range t.Apps {
		place := fmt.Sprintf("apps[%d]", i)
		if err := t.Apps[i].Validate(); err != nil {
			problems = append(problems, Prefixed(place, err)...)
		}
		unique(place+".clientId", "id", t.Apps[i].ClientID)
	}
	for i := range t.Users {
		place := fmt.Sprintf("users[%d]", i)
		user := &t.Users[i]
		if err := user.Validate(); err != nil {
			problems = append(problems, Prefixed(place, err)...)
		}
		if user.ID != "" {
			unique(place+".id", "id", user.ID)
		}
		if user.UserPrincipalName != "" {
			unique(place+".userPrincipalName", "user principal name", user.UserPrincipalName)
		}
	}
	for i := range t.Groups {
		place := fmt.Sprintf("groups[%d]", i)
		if err := t.Groups[i].Validate(); err != nil {
			problems = append(problems, Prefixed(place, err)...)
		}
		if t.Groups[i].ID != "" {
			unique(place+".id", "id", t.Groups[i].ID)
		}
	}
	for i, group := range t.Groups {
		for j, member := range group.Members {
			place := fmt.Sprintf("groups[%d].members[%d]", i, j)
			if where, found := seen[strings.ToLower(member)]; !found || strings.HasPrefix(where, "apps[") {
				report(place, "there is no user and no group %q in this tenant", member)
			}
		}
	}
	problems = append(problems, further(unique)...)
	return errors.Join(problems...)
}

// Prefixed puts a place in front of each problem in err.
func Prefixed(place string, err error) []error {
	var problems []error
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		for _, problem := range joined.Unwrap() {
			problems = append(problems, fmt.Errorf("%s.%w", place, problem))
		}
		return problems
	}
	return []error{fmt.Errorf("%s.%w", place, err)}
}

// Validate checks one app by itself.
func (a *App) Validate() error {
	var problems []error
	report := func(place, format string, args ...any) {
		problems = append(problems, fmt.Errorf("%s: %s", place, fmt.Sprintf(format, args...)))
	}
	if !IsGUID(a.ClientID) {
		report("clientId", "%q is not a GUID", a.ClientID)
	}
	for i, secret := range a.Secrets {
		if secret.Value == "" {
			report(fmt.Sprintf("secrets[%d].value", i), "must not be empty")
		}
	}
	for i, certificate := range a.Certificates {
		if _, err := certificate.Parse(); err != nil {
			report(fmt.Sprintf("certificates[%d].pem", i), "%v", err)
		}
	}
	for i, credential := range a.FederatedCredentials {
		if credential.Issuer == "" {
			report(fmt.Sprintf("federatedCredentials[%d].issuer", i), "must not be empty")
		}
		if credential.Subject == "" {
			report(fmt.Sprintf("federatedCredentials[%d].subject", i), "must not be empty")
		}
	}
	for i, permission := range a.Permissions {
		if permission == "" {
			report(fmt.Sprintf("permissions[%d]", i), "must not be empty")
		}
	}
	return errors.Join(problems...)
}

// Parse returns the certificate.
func (c Certificate) Parse() (*x509.Certificate, error) {
	block, _ := pem.Decode([]byte(c.PEM))
	if block == nil || block.Type != "CERTIFICATE" {
		return nil, errors.New("is not a PEM block of type CERTIFICATE")
	}
	certificate, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("is not an X.509 certificate: %w", err)
	}
	return certificate, nil
}

// Validate checks one user by itself.
func (u *User) Validate() error {
	var problems []error
	report := func(place, format string, args ...any) {
		problems = append(problems, fmt.Errorf("%s: %s", place, fmt.Sprintf(format, args...)))
	}
	if u.ID != "" && !IsGUID(u.ID) {
		report("id", "%q is not a GUID", u.ID)
	}
	if local, domain, found := strings.Cut(u.UserPrincipalName, "@"); !found || local == "" || domain == "" {
		report("userPrincipalName", "%q is not of the form name@domain", u.UserPrincipalName)
	}
	if u.UserType != "" && u.UserType != "Member" && u.UserType != "Guest" {
		report("userType", "%q is neither Member nor Guest", u.UserType)
	}
	if err := ValidateState(u.PerUserMFAState); u.PerUserMFAState != "" && err != nil {
		report("perUserMfaState", "%v", err)
	}
	for i, license := range u.AssignedLicenses {
		if !IsGUID(license.SkuID) {
			report(fmt.Sprintf("assignedLicenses[%d].skuId", i), "%q is not a GUID", license.SkuID)
		}
		for j, plan := range license.DisabledPlans {
			if !IsGUID(plan) {
				report(fmt.Sprintf("assignedLicenses[%d].disabledPlans[%d]", i, j), "%q is not a GUID", plan)
			}
		}
	}
	ids := map[string]bool{}
	phoneTypes := map[string]bool{}
	for i := range u.Methods {
		method := &u.Methods[i]
		place := fmt.Sprintf("methods[%d]", i)
		if err := method.Validate(); err != nil {
			problems = append(problems, Prefixed(place, err)...)
		}
		if method.ID != "" {
			if ids[method.ID] {
				report(place+".id", "%q stands twice", method.ID)
			}
			ids[method.ID] = true
		}
		if method.Type == MethodPhone {
			if phoneTypes[method.phoneType()] {
				report(place+".phoneType", "the user already has a phone of type %s", method.phoneType())
			}
			phoneTypes[method.phoneType()] = true
		}
	}
	problems = append(problems, propertyProblems(u.Properties, UserProperties)...)
	return errors.Join(problems...)
}

// ValidateState reports a string that is no per-user MFA state.
func ValidateState(state string) error {
	if !slices.Contains(states, state) {
		return fmt.Errorf("%q is not a state; the states are %s", state, strings.Join(states, ", "))
	}
	return nil
}

// Validate checks one method by itself.
func (m *Method) Validate() error {
	var problems []error
	report := func(place, format string, args ...any) {
		problems = append(problems, fmt.Errorf("%s: %s", place, fmt.Sprintf(format, args...)))
	}
	switch {
	case m.Type == MethodPassword:
		report("type", "every user has a password already; leave it out")
	case !slices.Contains(methodTypes, m.Type):
		report("type", "%q is not a type of method; the types are %s", m.Type, strings.Join(methodTypes, ", "))
	}
	if m.Type == MethodPhone {
		fixed, known := PhoneMethodIDs[m.phoneType()]
		if !known {
			report("phoneType", "%q is none of mobile, alternateMobile, office", m.PhoneType)
		} else if m.ID != "" && m.ID != fixed {
			report("id", "a phone of type %s always has the id %s; leave it out", m.phoneType(), fixed)
		}
	} else if m.PhoneNumber != "" || m.PhoneType != "" {
		report("phoneNumber", "only a method of type phone has a number")
	}
	if m.EmailAddress != "" && m.Type != MethodEmail {
		report("emailAddress", "only a method of type email has an address")
	}
	return errors.Join(problems...)
}

func (m *Method) phoneType() string {
	if m.PhoneType == "" {
		return "mobile"
	}
	return m.PhoneType
}

// CountsAsMFA tells whether having the method makes a user registered for multifactor authentication. A password, an
// e-mail address (password reset only) and a temporary access pass do not count; that is an assumption, as Microsoft
// documents the promotion but not the list.
func (m Method) CountsAsMFA() bool {
	switch m.Type {
	case MethodPassword, MethodEmail, MethodTemporaryAccessPass:
		return false
	}
	return true
}

// RegisteredForMFA tells whether the user has a method that counts.
func (u *User) RegisteredForMFA() bool {
	return slices.ContainsFunc(u.Methods, Method.CountsAsMFA)
}

// Normalize fills in what a user may leave out: the id, the type, the state, and the ids and dates of the methods.
func (u *User) Normalize(now time.Time) {
	if u.ID == "" {
		u.ID = uuid.NewString()
	}
	u.ID = strings.ToLower(u.ID)
	if u.UserType == "" {
		u.UserType = "Member"
	}
	if u.AccountEnabled == nil {
		u.AccountEnabled = new(true)
	}
	if u.PerUserMFAState == "" {
		u.PerUserMFAState = StateDisabled
	}
	for i := range u.Methods {
		u.Methods[i].Normalize(now)
	}
}

// Normalize fills in what a method may leave out.
func (m *Method) Normalize(now time.Time) {
	if m.Type == MethodPhone {
		m.PhoneType = m.phoneType()
		m.ID = PhoneMethodIDs[m.PhoneType]
	}
	if m.ID == "" {
		m.ID = uuid.NewString()
	}
	if m.CreatedDateTime == nil {
		m.CreatedDateTime = new(now.UTC().Truncate(time.Second))
	}
}

// Validate checks one group by itself; whether its members exist is a matter of the tenant.
func (g *Group) Validate() error {
	var problems []error
	report := func(place, format string, args ...any) {
		problems = append(problems, fmt.Errorf("%s: %s", place, fmt.Sprintf(format, args...)))
	}
	if g.ID != "" && !IsGUID(g.ID) {
		report("id", "%q is not a GUID", g.ID)
	}
	if g.DisplayName == "" {
		report("displayName", "must not be empty")
	}
	seen := map[string]bool{}
	for i, member := range g.Members {
		if seen[strings.ToLower(member)] {
			report(fmt.Sprintf("members[%d]", i), "%q stands twice", member)
		}
		seen[strings.ToLower(member)] = true
	}
	problems = append(problems, propertyProblems(g.Properties, GroupProperties)...)
	return errors.Join(problems...)
}

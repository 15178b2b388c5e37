package emulator

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/wire"
)

// methodSegment is a collection under /users/{id}/authentication.
type methodSegment struct {
	kind string // the type of method it holds; "" holds all
}

// methodSegments are the collections of authentication methods.
//
// https://learn.microsoft.com/graph/api/resources/authentication
var methodSegments = map[string]methodSegment{
	"methods":                        {},
	"passwordMethods":                {kind: control.MethodPassword},
	"microsoftAuthenticatorMethods":  {kind: control.MethodMicrosoftAuthenticator},
	"phoneMethods":                   {kind: control.MethodPhone},
	"fido2Methods":                   {kind: control.MethodFIDO2},
	"softwareOathMethods":            {kind: control.MethodSoftwareOath},
	"windowsHelloForBusinessMethods": {kind: control.MethodWindowsHelloForBusiness},
	"temporaryAccessPassMethods":     {kind: control.MethodTemporaryAccessPass},
	"emailMethods":                   {kind: control.MethodEmail},
	"platformCredentialMethods":      {kind: control.MethodPlatformCredential},
	"hardwareOathMethods":            {kind: control.MethodHardwareOath},
	"passwordlessMicrosoftAuthenticatorMethods": {
		kind: control.MethodPasswordlessMicrosoftAuthenticator,
	},
}

// methodTypeNames are the values of @odata.type; what is not in them is the type with "AuthenticationMethod".
var methodTypeNames = map[string]string{
	control.MethodPasswordlessMicrosoftAuthenticator: "passwordlessMicrosoftAuthenticatorAuthenticationMethod",
}

// absentMethods are the types of methods that a version lacks in the tenant's cloud, as it lacks the collections of them.
// It wants the server's lock.
func (s *Server) absentMethods(version string) []string {
	var kinds []string
	for _, path := range cloudProfiles[s.directory.cloudName()].absent(version) {
		if segment, found := strings.CutPrefix(path, methodsTemplate); found && methodSegments[segment].kind != "" {
			kinds = append(kinds, methodSegments[segment].kind)
		}
	}
	return kinds
}

// methodObjects are the methods of one segment as Graph writes them. It wants the server's lock.
func (s *Server) methodObjects(req *graphRequest, record *userRecord, segment string) []map[string]any {
	want, absent := methodSegments[segment].kind, s.absentMethods(req.version)
	objects := []map[string]any{}
	password := control.Method{ID: control.PasswordMethodID, Type: control.MethodPassword}
	for _, method := range append([]control.Method{password}, record.Methods...) {
		if want != "" && method.Type != want || slices.Contains(absent, method.Type) {
			continue
		}
		objects = append(objects, methodObject(method))
	}
	return objects
}

func methodObject(method control.Method) map[string]any {
	name := methodTypeNames[method.Type]
	if name == "" {
		name = method.Type + "AuthenticationMethod"
	}
	object := map[string]any{"@odata.type": "#microsoft.graph." + name, "id": method.ID}
	var created any
	if method.CreatedDateTime != nil {
		created = method.CreatedDateTime.UTC().Format(time.RFC3339)
	}
	add := func(properties map[string]any) {
		for name, value := range properties {
			object[name] = value
		}
	}
	switch method.Type {
	case control.MethodPassword:
		add(map[string]any{"password": nil, "createdDateTime": created})
	case control.MethodMicrosoftAuthenticator:
		add(map[string]any{
			"displayName": nullIfEmpty(method.DisplayName), "deviceTag": "SoftwareTokenActivated",
			"phoneAppVersion": nil, "createdDateTime": created,
		})
	case control.MethodPhone:
		add(map[string]any{
			"phoneNumber": nullIfEmpty(method.PhoneNumber), "phoneType": method.PhoneType,
			"smsSignInState": "notAllowedByPolicy", "createdDateTime": created,
		})
	case control.MethodFIDO2:
		add(map[string]any{
			"displayName": nullIfEmpty(method.DisplayName), "createdDateTime": created, "aaGuid": nil,
			"model": nil, "attestationCertificates": []string{}, "attestationLevel": nil,
		})
	case control.MethodSoftwareOath:
		add(map[string]any{"secretKey": nil, "createdDateTime": created})
	case control.MethodHardwareOath:
		add(map[string]any{"createdDateTime": created})
	case control.MethodWindowsHelloForBusiness:
		add(map[string]any{"displayName": nullIfEmpty(method.DisplayName), "createdDateTime": created, "keyStrength": "normal"})
	case control.MethodTemporaryAccessPass:
		add(map[string]any{
			"temporaryAccessPass": nil, "createdDateTime": created, "startDateTime": created,
			"lifetimeInMinutes": 60, "isUsableOnce": false, "isUsable": true, "methodUsabilityReason": "EnabledByPolicy",
		})
	case control.MethodEmail:
		add(map[string]any{"emailAddress": nullIfEmpty(method.EmailAddress), "createdDateTime": created})
	case control.MethodPasswordlessMicrosoftAuthenticator:
		add(map[string]any{"displayName": nullIfEmpty(method.DisplayName), "creationDateTime": created})
	case control.MethodPlatformCredential:
		add(map[string]any{
			"displayName": nullIfEmpty(method.DisplayName), "createdDateTime": created,
			"keyStrength": "unknown", "platform": "macOS",
		})
	}
	return object
}

// listMethods answers GET /users/{id}/authentication/methods and the collections of single types.
//
// https://learn.microsoft.com/graph/api/authentication-list-methods
func (s *Server) listMethods(req *graphRequest, key, segment string) (*wire.Response, error) {
	s.mu.Lock()
	record := s.visibleUser(key)
	var objects []map[string]any
	var id string
	if record != nil {
		objects, id = s.methodObjects(req, record, segment), record.ID
	}
	s.mu.Unlock()
	if record == nil {
		return nil, s.unknownUser(key)
	}
	return wire.JSON(http.StatusOK, map[string]any{
		"@odata.context": req.contextURL("users('" + id + "')/authentication/" + segment),
		"value":          objects,
	}), nil
}

// getMethod answers GET /users/{id}/authentication/methods/{id} and the same in the collections of single types.
func (s *Server) getMethod(req *graphRequest, key, segment, methodID string) (*wire.Response, error) {
	s.mu.Lock()
	record := s.visibleUser(key)
	var objects []map[string]any
	var id string
	if record != nil {
		objects, id = s.methodObjects(req, record, segment), record.ID
	}
	s.mu.Unlock()
	if record == nil {
		return nil, s.unknownUser(key)
	}
	for _, object := range objects {
		if object["id"] == methodID {
			object["@odata.context"] = req.contextURL("users('" + id + "')/authentication/" + segment + "/$entity")
			return wire.JSON(http.StatusOK, object), nil
		}
	}
	return nil, resourceNotFound(methodID)
}

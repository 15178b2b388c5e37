package graphapi

import (
	"net/http"
	"slices"
	"time"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/odata"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/store"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/wire"
)

const methodsPath = "/users/{id}/authentication/"

// methodSegment is a collection under /users/{id}/authentication.
type methodSegment struct {
	name   string
	kind   string // the type of method it holds; "" holds all
	absent []place
}

// methodSegments are the collections of authentication methods. Of the methods of users, v1.0 in China has the Authenticator app,
// phones and platform credentials.
//
// https://learn.microsoft.com/graph/api/resources/authentication
var methodSegments = []methodSegment{
	{"methods", "", []place{{control.CloudChina, v1}}},
	{"passwordMethods", control.MethodPassword, []place{{control.CloudChina, v1}}},
	{"microsoftAuthenticatorMethods", control.MethodMicrosoftAuthenticator, nil},
	{"phoneMethods", control.MethodPhone, nil},
	{"fido2Methods", control.MethodFIDO2, []place{{control.CloudChina, v1}}},
	{"softwareOathMethods", control.MethodSoftwareOath, []place{{control.CloudChina, v1}}},
	{"windowsHelloForBusinessMethods", control.MethodWindowsHelloForBusiness, []place{{control.CloudChina, v1}}},
	{"temporaryAccessPassMethods", control.MethodTemporaryAccessPass, []place{{control.CloudChina, v1}}},
	{"emailMethods", control.MethodEmail, []place{{control.CloudChina, v1}}},
	{"platformCredentialMethods", control.MethodPlatformCredential, nil},
	{"hardwareOathMethods", control.MethodHardwareOath, []place{{"", v1}, {control.CloudUSNat, beta}, {control.CloudUSSec, beta}}},
	{"passwordlessMicrosoftAuthenticatorMethods", control.MethodPasswordlessMicrosoftAuthenticator, []place{{"", v1}}},
}

// https://learn.microsoft.com/graph/api/authentication-list-methods
func init() {
	read := oneOf("UserAuthenticationMethod.Read.All", "UserAuthenticationMethod.ReadWrite.All")
	lines := rows{{path: "/users/{id}/authentication"}}
	for _, segment := range methodSegments {
		absent := []absence{{segment: segment.name, in: segment.absent}}
		lines = append(lines,
			row{
				method: http.MethodGet, path: methodsPath + segment.name, permissions: read, options: []string{"$select", "$top"},
				absent: absent, handle: segment.list,
			},
			row{
				method: http.MethodGet, path: methodsPath + segment.name + "/{id}", permissions: read, options: []string{"$select"},
				absent: absent, handle: segment.get,
			},
		)
	}
	register(lines.of(control.ClassAuthentication))
}

// methodTypeNames are the values of @odata.type; what is not in them is the type with "AuthenticationMethod".
var methodTypeNames = map[string]string{
	control.MethodPasswordlessMicrosoftAuthenticator: "passwordlessMicrosoftAuthenticatorAuthenticationMethod",
}

// objects are the methods of a user that the segment holds, as Graph writes them. A version that lacks the collection of a
// type in the tenant's cloud lacks the type as well.
func (m methodSegment) objects(tx *store.Tx, req *request, user *store.User) []map[string]any {
	objects := []map[string]any{}
	password := control.Method{ID: control.PasswordMethodID, Type: control.MethodPassword}
	for _, method := range append([]control.Method{password}, user.Methods...) {
		absent := slices.ContainsFunc(methodSegments, func(other methodSegment) bool {
			return other.kind == method.Type && isAnyOf(other.absent, tx.Cloud(), req.version)
		})
		if !absent && (m.kind == "" || method.Type == m.kind) {
			objects = append(objects, methodObject(method))
		}
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

// list answers GET /users/{id}/authentication/methods and the collections of single types.
func (m methodSegment) list(tx *store.Tx, req *request, _ odata.Query) (*wire.Response, error) {
	user, err := readUser(tx, req.keys[0])
	if err != nil {
		return nil, err
	}
	return wire.JSON(http.StatusOK, map[string]any{
		"@odata.context": req.contextURL("users('" + user.ID + "')/authentication/" + m.name),
		"value":          m.objects(tx, req, user),
	}), nil
}

// get answers GET /users/{id}/authentication/methods/{id} and the same in the collections of single types.
func (m methodSegment) get(tx *store.Tx, req *request, _ odata.Query) (*wire.Response, error) {
	user, err := readUser(tx, req.keys[0])
	if err != nil {
		return nil, err
	}
	for _, object := range m.objects(tx, req, user) {
		if object["id"] == req.keys[1] {
			object["@odata.context"] = req.contextURL("users('" + user.ID + "')/authentication/" + m.name + "/$entity")
			return wire.JSON(http.StatusOK, object), nil
		}
	}
	return nil, resourceNotFound(req.keys[1])
}

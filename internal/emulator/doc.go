// Package emulator is an in-memory Microsoft Entra tenant behind real HTTPS, for tests and for trying out modules
// without a tenant.
//
// One listener serves three things on one host and port, told apart by path: sign-in (the authority: OpenID Connect
// discovery and the token endpoint), Microsoft Graph (/v1.0 and /beta), and the control API (/_emulator/, package
// control). Sign-in checks secrets, certificates and federated assertions as the real one does and issues signed
// tokens; Graph verifies them, and checks permissions from the roles in the token.
//
// This package is the listener, and joins its rooms: control (the control API), graphapi (Microsoft Graph), signin (the
// authority), store (the tenant's data), odata (queries) and wire (answers).
//
// It is written from Microsoft's documentation, independently of this module's Graph client, so that a mistake in one
// does not hide in the other. Where Microsoft documents no answer, [control.Behavior] lets a test choose one.
//
// It is no service for anybody else: whoever can reach it can read and change everything in it through the control
// API. It therefore binds a loopback address unless told otherwise.
package emulator

// Package signin is the authority: OpenID Connect discovery and the token endpoint, which checks secrets, certificates and
// federated assertions as the real one does and issues signed tokens; the verification of these tokens; and the endpoints that
// stand in for a pipeline's issuer and for a machine's identity.
package signin

package emulator

import (
	"encoding/base64"
	"fmt"
)

// checkChallenge refuses a token that was issued before the last claims challenge was asked for through the behaviour.
// A client is to come back with a token that it requested with the claims in the answer; a client that ignores them
// gets the old token from its cache, and the same answer again.
//
// https://learn.microsoft.com/entra/identity-platform/claims-challenge
func (s *Server) checkChallenge(req *graphRequest, claims *accessClaims) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if claims.challenges() >= s.challenge {
		s.behavior.ClaimsChallenge = false
		return nil
	}
	wanted := fmt.Sprintf(`{"access_token":{"nbf":{"essential":true,"value":"%d"}}}`, s.now().Unix())
	refusal := s.unauthorized(req,
		"Continuous access evaluation resulted in challenge with result: InteractionRequired and code: TokenIssuedBeforeRevocationTimestamp")
	refusal.header.Set("WWW-Authenticate", bearerChallenge(req)+`, error="insufficient_claims", claims="`+
		base64.StdEncoding.EncodeToString([]byte(wanted))+`"`)
	return refusal
}

package signin

import (
	"encoding/base64"
	"fmt"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/store"
)

// checkChallenge refuses a token that was issued before the last claims challenge was asked for through the behaviour.
// A client is to come back with a token that it requested with the claims in the answer; a client that ignores them
// gets the old token from its cache, and the same answer again.
//
// https://learn.microsoft.com/entra/identity-platform/claims-challenge
func checkChallenge(tx *store.Tx, claims *accessClaims, origin string) *Unauthorized {
	if claims.challenges() >= tx.Challenges() {
		tx.EndChallenge()
		return nil
	}
	wanted := fmt.Sprintf(`{"access_token":{"nbf":{"essential":true,"value":"%d"}}}`, tx.Now().Unix())
	refusal := unauthorized(origin,
		"Continuous access evaluation resulted in challenge with result: InteractionRequired and code: TokenIssuedBeforeRevocationTimestamp")
	refusal.Challenge += `, error="insufficient_claims", claims="` + base64.StdEncoding.EncodeToString([]byte(wanted)) + `"`
	return refusal
}

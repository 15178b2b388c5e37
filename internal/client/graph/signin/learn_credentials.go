package signin

import (
	"bytes"
	"encoding/base64"
	"encoding/pem"
	"strings"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/redact"
)

// LearnSecrets has every text that leaves this process go without the secrets of these credentials. NewCredential does it
// as well; a caller that shows anything before calls it first.
func (c Credentials) LearnSecrets() {
	redact.Learn("client secret", c.ClientSecret)
	redact.Learn("certificate password", c.ClientCertificatePassword)
	redact.Learn("OIDC token", c.OIDCToken)
	redact.Learn("OIDC request token", c.OIDCRequestToken)
	learnCertificate(c.ClientCertificate)
}

// learnCertificate learns the keys of PEM, and all of a PKCS#12 file. Certificates are no secret.
func learnCertificate(data []byte) {
	text := bytes.TrimSpace(data)
	if decoded, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(string(text)), "")); err == nil && len(decoded) > 0 {
		data = decoded
	}
	block, rest := pem.Decode(bytes.TrimSpace(data))
	if block == nil {
		redact.Learn("client certificate", base64.StdEncoding.EncodeToString(data))
		return
	}
	for ; block != nil; block, rest = pem.Decode(rest) {
		if strings.Contains(block.Type, "PRIVATE KEY") {
			redact.Learn("private key", base64.StdEncoding.EncodeToString(block.Bytes))
		}
	}
}

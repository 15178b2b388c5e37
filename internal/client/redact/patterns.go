package redact

import (
	"encoding/base64"
	"regexp"
	"strings"
)

// secretNames are what secrets are called in requests, answers and settings: parameters of OAuth, members of JSON, headers.
const secretNames = `client_secret|client_assertion|assertion|access_token|accesstoken|refresh_token|id_token|oidc_?token|` +
	`(?:[a-z]+_)*(?:request_token|password)|passwd|pwd|secret|x-identity-header`

// pattern is a form that secrets have, known or not. Of a match the group is removed, where it is a secret.
type pattern struct {
	form *regexp.Regexp
	// name is the group that names the secret, or 0 where always is its name.
	name   int
	always string
	// value is the group that is looked at; nil counts each match.
	value int
	is    func(value string) bool
}

var patterns = []pattern{
	// As a parameter of a form or a URL.
	{form: regexp.MustCompile(`(?i)\b(` + secretNames + `)\s?=\s?("[^"]*"?|'[^']*'?|[^\s&"'<>;,]+)`), name: 1},
	// As a member of JSON, which may be cut anywhere.
	{form: regexp.MustCompile(`(?i)["'](` + secretNames + `)["']\s*:\s*("(?:[^"\\]|\\.)*"?|'[^']*'?|[^\s"',}]+)`), name: 1},
	// As a header.
	{form: regexp.MustCompile(`(?i)\b(?:proxy-)?authorization\b["']?\s*[:=]\s*["']?(?:bearer|basic|negotiate|ntlm|digest)\s+[^\s"'<>,;]+`), always: "authorization"},
	{form: regexp.MustCompile(`(?i)\bx-identity-header\b["']?\s*[:=]\s*["']?[^\s"'<>,;]+`), always: "identity header"},
	{form: regexp.MustCompile(`(?i)\bbearer[\s:]+([a-z0-9._~+/-]{12,}=*)`), always: "access token", value: 1, is: looksRandom},
	{form: regexp.MustCompile(`(?i)\b(?:basic|negotiate|ntlm)[\s:]+([a-z0-9._~+/-]{8,}=*)`), always: "authorization", value: 1, is: looksBasic},
	// A JSON Web Token begins with {" in base64, and has parts; a claims challenge, which people have to see, has none.
	{form: regexp.MustCompile(`\beyJ[A-Za-z0-9_-]{7,}(?:\.[A-Za-z0-9_-]+){1,4}`), always: "token"},
	{form: regexp.MustCompile(`(?s)-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*-----|$)`), always: "private key"},
}

// userInformation is the user and password of a URL: only they go.
var userInformation = regexp.MustCompile(`[a-zA-Z][a-zA-Z0-9+.-]*://([^\s/?#"'<>@]+(?:@[^\s/?#"'<>@]+)*)@`)

// looksRandom tells a token from a word of a sentence such as "Bearer authentication".
func looksRandom(value string) bool {
	return strings.ContainsAny(value, "0123456789") || len(value) >= 32
}

// looksBasic knows a user and password in base64.
func looksBasic(value string) bool {
	decoded, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(value, "="))
	return (err == nil && strings.Contains(string(decoded), ":")) || (len(value) >= 16 && looksRandom(value))
}

// addPatterns marks what has the form of a secret.
func (m *marks) addPatterns(in view) {
	for _, p := range patterns {
		for _, at := range p.form.FindAllSubmatchIndex(in.text, -1) {
			if p.is != nil && !p.is(string(in.text[at[2*p.value]:at[2*p.value+1]])) {
				continue
			}
			name := p.always
			if p.name > 0 {
				name = strings.ToLower(string(in.text[at[2*p.name]:at[2*p.name+1]]))
			}
			m.add(in, at[0], at[1], name)
		}
	}
	for _, at := range userInformation.FindAllSubmatchIndex(in.text, -1) {
		m.add(in, at[2], at[3], "credentials")
	}
}

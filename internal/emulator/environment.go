package emulator

import (
	"errors"
	"fmt"
	"strings"
)

// EnvVar is an environment variable.
type EnvVar struct {
	Name  string
	Value string
}

// Export is the variable as a line for a POSIX shell: export NAME='value'.
func (v EnvVar) Export() string {
	return "export " + v.Name + "='" + strings.ReplaceAll(v.Value, "'", `'\''`) + "'"
}

// ErrNoSecret is returned by [Server.Env] for an app without a client secret that is still valid.
var ErrNoSecret = errors.New("the app has no client secret that is still valid")

// Env returns the environment variables that point the provider at this server and sign it in as app. caPath is where
// the caller has stored [Server.CAPEM].
func (s *Server) Env(app App, caPath string) ([]EnvVar, error) {
	secret := ""
	for _, candidate := range app.Secrets {
		if candidate.Expires == nil || candidate.Expires.After(s.now()) {
			secret = candidate.Value
			break
		}
	}
	if secret == "" {
		return nil, fmt.Errorf("app %s (%s): %w", app.ClientID, app.DisplayName, ErrNoSecret)
	}
	return []EnvVar{
		{"ARM_TENANT_ID", s.TenantID()},
		{"ARM_CLIENT_ID", app.ClientID},
		{"ARM_CLIENT_SECRET", secret},
		{"ENTRAMFA_GRAPH_ENDPOINT", s.host.URL},
		{"ENTRAMFA_AUTHORITY_HOST", s.host.URL},
		{"ENTRAMFA_CA_BUNDLE_PATH", caPath},
	}, nil
}

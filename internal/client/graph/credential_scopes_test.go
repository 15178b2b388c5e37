package graph

import (
	"encoding/base64"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestTheScopesOfAUsersTokenAreRead(t *testing.T) {
	t.Parallel()
	token := func(claims string) string {
		return "eyJhbGciOiJub25lIn0." + base64.RawURLEncoding.EncodeToString([]byte(claims)) + ".x"
	}
	for name, c := range map[string]struct {
		token     string
		want      []string
		delegated bool
	}{
		"a user's":            {token(`{"scp":"User.Read.All Policy.Read.All","roles":["x"]}`), []string{"User.Read.All", "Policy.Read.All"}, true},
		"an app's":            {token(`{"roles":["Policy.Read.All"]}`), nil, false},
		"no scopes":           {token(`{"scp":""}`), nil, false},
		"scopes in a list":    {token(`{"scp":["User.Read"]}`), nil, false},
		"no JSON":             {token(`scp`), nil, false},
		"no base64":           {"a.%%%.c", nil, false},
		"no token":            {"", nil, false},
		"an opaque token":     {"EwBgA8l6BAAU", nil, false},
		"an encrypted one":    {"a.b.c.d.e", nil, false},
		"with spaces in rows": {token(`{"scp":" a  b "}`), []string{"a", "b"}, true},
	} {
		got, delegated := delegatedScopes(c.token)
		if diff := cmp.Diff(c.want, got); diff != "" || delegated != c.delegated {
			t.Errorf("%s: delegated %t, (-want +got):\n%s", name, delegated, diff)
		}
	}
}

package peruser_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/acctest"
)

func TestAQueryWithVariablesLimitAndResourcesThroughANewCLI(t *testing.T) {
	t.Parallel()
	tn := newListedTenant(t)
	w := tn.Workspace(t, map[string]string{"main.tf": acctest.Block()}, acctest.AppEnvironment()...)
	w.Write("users.tfquery.hcl", `
variable "states" {
  type = list(string)
}

variable "limit" {
  type = number
}

list "entramfa_user_mfa_state" "users" {
  provider         = entramfa
  limit            = var.limit
  include_resource = true

  config {
    states = var.states
  }
}
`)
	if !w.Queries() {
		// TestTheListOfUsersHoldsWhoIsAskedFor, TestAListReadsNoMoreThanItIsAskedFor and TestAListedUserIsWhatAnImportMakesOfThem show the
		// same without a CLI.
		w.Sees(w.Expect(1, "query"), "has no command named")
		return
	}
	for _, c := range []struct {
		states string
		limit  int
		want   []string
	}{
		{`["enabled", "enforced"]`, 1000, []string{meganListed, diegoListed, "Service (" + acctest.DollarUPN + ")"}},
		{`["enabled", "enforced"]`, 2, []string{meganListed, diegoListed}},
		{`["enforced"]`, 1000, []string{diegoListed}},
	} {
		var names []string
		for _, found := range w.Query("-var=states="+c.states, fmt.Sprintf("-var=limit=%d", c.limit)) {
			names = append(names, found.DisplayName)
			if name := found.Resource["user_principal_name"]; name == nil || !strings.Contains(found.DisplayName, fmt.Sprint(name)) || found.Resource["id"] != found.Identity["user_id"] {
				t.Errorf("%s has the identity %v and is %v", found.DisplayName, found.Identity, found.Resource)
			}
		}
		if difference := cmp.Diff(c.want, names); difference != "" {
			t.Errorf("%d of %s (-want +got):\n%s", c.limit, c.states, difference)
		}
	}
}

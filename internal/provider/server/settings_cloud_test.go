package server_test

import (
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/acctest"
)

// Graph and sign-in of different clouds, or a name beside hosts that are not the name's: said before anything is sent.
func TestACloudThatIsNamedByHalvesOrTwiceIsSaidToBe(t *testing.T) {
	t.Parallel()
	const graph, login = "https://graph.closed.example", "https://login.closed.example"
	network := acctest.NewTenant(t).CloudNetwork(graph, login)
	for name, c := range map[string]struct {
		attributes  map[string]any
		environment map[string]string
		severity    tfprotov6.DiagnosticSeverity
		at          string
		says        []string
	}{
		"Graph only": {
			map[string]any{"graph_endpoint": graph},
			nil, tfprotov6.DiagnosticSeverityError, "graph_endpoint",
			[]string{"graph_endpoint without authority_host", graph, `not of the cloud "public"`, "Set authority_host as well, or remove graph_endpoint"},
		},
		"sign-in only": {
			map[string]any{"authority_host": login},
			nil, tfprotov6.DiagnosticSeverityError, "authority_host",
			[]string{"authority_host without graph_endpoint", login, "Set graph_endpoint as well, or remove authority_host"},
		},
		"Graph only, from the environment": {
			nil,
			map[string]string{"ENTRAMFA_GRAPH_ENDPOINT": graph},
			tfprotov6.DiagnosticSeverityError, "graph_endpoint",
			[]string{"graph_endpoint without authority_host", "The environment variable ENTRAMFA_GRAPH_ENDPOINT names " + graph},
		},
		"Graph only, in a pod of Azure": {
			map[string]any{"graph_endpoint": graph},
			map[string]string{"AZURE_AUTHORITY_HOST": "https://login.microsoftonline.com/"},
			tfprotov6.DiagnosticSeverityError, "graph_endpoint",
			[]string{"graph_endpoint without authority_host"},
		},
		"a name and one host": {
			map[string]any{"environment": "china", "graph_endpoint": graph},
			nil, tfprotov6.DiagnosticSeverityError, "graph_endpoint",
			[]string{"graph_endpoint without authority_host", `"china"`},
		},
		"a name and both hosts": {
			map[string]any{"environment": "china", "graph_endpoint": graph, "authority_host": login},
			nil, tfprotov6.DiagnosticSeverityError, "environment",
			[]string{"Two clouds are named", `"china"`, graph, login, "Remove environment, or remove graph_endpoint and authority_host"},
		},
		"a name in the block and hosts in the environment": {
			map[string]any{"environment": "china"},
			map[string]string{"ENTRAMFA_GRAPH_ENDPOINT": graph, "ENTRAMFA_AUTHORITY_HOST": login},
			tfprotov6.DiagnosticSeverityWarning, "environment",
			[]string{`The cloud "china" is not used`, "the environment variable ENTRAMFA_GRAPH_ENDPOINT", graph, "Unset the one that is not meant"},
		},
		"a name in the environment and hosts in the block": {
			map[string]any{"graph_endpoint": graph, "authority_host": login},
			map[string]string{"ARM_ENVIRONMENT": "usgovernment"},
			tfprotov6.DiagnosticSeverityWarning, "environment",
			[]string{`The cloud "usgovernment" is not used`, "The environment variable ARM_ENVIRONMENT names the cloud"},
		},
		"both hosts":   {map[string]any{"graph_endpoint": graph, "authority_host": login}, nil, 0, "", nil},
		"many tenants": {map[string]any{"tenant_id": "organizations"}, nil, tfprotov6.DiagnosticSeverityError, "tenant_id", []string{"Invalid tenant id", "stands for many tenants"}},
		"no tenant at all": {
			map[string]any{"tenant_id": "Contoso Ltd"},
			nil, tfprotov6.DiagnosticSeverityError, "tenant_id",
			[]string{"Invalid tenant id", `"Contoso Ltd" is neither the id of a tenant`, "nor a domain, such as contoso.onmicrosoft.com"},
		},
		"no tenant at all, from the environment": {
			map[string]any{"tenant_id": nil},
			map[string]string{"ARM_TENANT_ID": "6f1f5a3c52f74f0e9a530d1f2b7c9a10"},
			tfprotov6.DiagnosticSeverityError, "tenant_id",
			[]string{"Invalid tenant id", "ARM_TENANT_ID"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			attributes := map[string]any{"tenant_id": acctest.TenantID, "client_id": acctest.AppID, "client_secret": acctest.AppSecret, "use_cli": false}
			for name, value := range c.attributes {
				attributes[name] = value
			}
			_, diagnostics := acctest.Configure(t, network.ServerIn(c.environment), attributes)
			if c.severity == 0 {
				if len(diagnostics) > 0 {
					t.Errorf("it says %s", acctest.AllOf(diagnostics))
				}
				return
			}
			if len(diagnostics) != 1 || diagnostics[0].Severity != c.severity || diagnostics[0].Attribute.String() != `AttributeName("`+c.at+`")` ||
				!acctest.Says(c.says...).MatchString(acctest.AllOf(diagnostics)) {
				t.Errorf("%d diagnostics: %s, want %q at %s", len(diagnostics), acctest.AllOf(diagnostics), c.says, c.at)
			}
		})
	}
}

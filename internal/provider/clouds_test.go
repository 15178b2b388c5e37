package provider_test

import (
	"context"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/acctest"
)

// read reads a data source.
func read(t *testing.T, server tfprotov6.ProviderServer, name string, config map[string]any) []*tfprotov6.Diagnostic {
	t.Helper()
	schemas, err := server.GetProviderSchema(context.Background(), &tfprotov6.GetProviderSchemaRequest{})
	if err != nil {
		t.Fatal(err)
	}
	typ, ok := schemas.DataSourceSchemas[name].ValueType().(tftypes.Object)
	if !ok {
		t.Fatalf("%s has no object type", name)
	}
	answer, err := server.ReadDataSource(context.Background(), &tfprotov6.ReadDataSourceRequest{TypeName: name, Config: acctest.Dynamic(t, acctest.ObjectOf(t, typ, config))})
	if err != nil {
		t.Fatal(err)
	}
	return answer.Diagnostics
}

// Hosts: https://learn.microsoft.com/graph/deployments. What each cloud has: its published metadata, as the emulator plays it.
func TestEachCloudIsAskedAtItsOwnHostsForWhatItHas(t *testing.T) {
	t.Parallel()
	const (
		graphPublic, loginPublic = "https://graph.microsoft.com", "https://login.microsoftonline.com"
		graphL4, graphL5         = "https://graph.microsoft.us", "https://dod-graph.microsoft.us"
		loginUS                  = "https://login.microsoftonline.us"
		graphChina, loginChina   = "https://microsoftgraph.chinacloudapi.cn", "https://login.chinacloudapi.cn"
	)
	byName := func(name string) map[string]any {
		if name == "" {
			return nil
		}
		return map[string]any{"environment": name}
	}
	for name, c := range map[string]struct {
		cloud        string // of the tenant
		attributes   map[string]any
		graph, login string
	}{
		"no name":        {control.CloudPublic, byName(""), graphPublic, loginPublic},
		"public":         {control.CloudPublic, byName("public"), graphPublic, loginPublic},
		"global":         {control.CloudPublic, byName("global"), graphPublic, loginPublic},
		"usgovernment":   {control.CloudUSGovernment, byName("usgovernment"), graphL4, loginUS},
		"usgovernmentl4": {control.CloudUSGovernment, byName("usgovernmentl4"), graphL4, loginUS},
		"usgovernmentl5": {control.CloudUSGovernmentL5, byName("usgovernmentl5"), graphL5, loginUS},
		"dod":            {control.CloudDoD, byName("dod"), graphL5, loginUS},
		"china":          {control.CloudChina, byName("china"), graphChina, loginChina},
		"by its hosts": {
			control.CloudUSSec,
			map[string]any{"graph_endpoint": "https://graph.closed.example", "authority_host": "https://login.closed.example"},
			"https://graph.closed.example", "https://login.closed.example",
		},
		"another Graph with the sign-in of a named cloud": {
			control.CloudUSGovernment, map[string]any{"graph_endpoint": "https://graph.closed.example", "authority_host": loginUS}, "https://graph.closed.example", loginUS,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			people := acctest.LocationTenant()
			people.Cloud = c.cloud
			airGapped := c.cloud == control.CloudUSSec
			network := acctest.StartTenant(t, people, acctest.Quick()).CloudNetwork(c.graph, c.login)
			server := network.Server()
			attributes := map[string]any{"tenant_id": acctest.TenantID, "client_id": acctest.AppID, "client_secret": acctest.AppSecret, "use_cli": false}
			maps.Copy(attributes, c.attributes)
			_, diagnostics := acctest.Configure(t, server, attributes)
			for source, config := range map[string]map[string]any{
				"entramfa_user_mfa_state":      {"user_id": acctest.AdeleID},
				"entramfa_registration_policy": {},
				"entramfa_trusted_ips":         {"id": acctest.BranchID},
			} {
				diagnostics = append(diagnostics, read(t, server, source, config)...)
			}
			// In the air-gapped clouds v1.0 has no /identity, and named locations are asked of v1.0.
			if said := acctest.AllOf(diagnostics); airGapped != strings.Contains(said, "This Microsoft Graph does not have that part of the API") || !airGapped && said != "" {
				t.Errorf("the diagnostics say: %s", said)
			}
			if want := map[string]bool{c.graph: true, c.login: true}; !maps.Equal(network.Sent, want) {
				t.Errorf("asked %v, want %v", network.Sent, want)
			}
			if want := map[string]bool{c.graph + "/.default": true}; !maps.Equal(network.Scopes, want) {
				t.Errorf("scopes %v, want %v", network.Scopes, want)
			}
			have := slices.Sorted(maps.Keys(network.Versions))
			// The campaign is read from beta, where China has it, too.
			if want := []string{"beta authenticationMethodsPolicy", "beta requirements", "beta users", "v1.0 namedLocations", "v1.0 users"}; !slices.Equal(have, want) {
				t.Errorf("versions %v, want %v", have, want)
			}
		})
	}
}

func TestWhatACloudLacksIsSaidAtPlan(t *testing.T) {
	t.Parallel()
	tn := acctest.NewLocationTenant(t)
	without := func(t *testing.T, pattern, segment string) {
		t.Helper()
		fault := control.Fault{PathRegexp: pattern, Times: new(int), Status: 400, Code: "BadRequest", Message: "Resource not found for the segment '" + segment + "'."}
		if _, err := tn.AddFault(context.Background(), fault); err != nil {
			t.Fatal(err)
		}
	}
	without(t, "/requirements$", "requirements")
	without(t, "/authenticationMethodsPolicy$", "authenticationMethodsPolicy")
	without(t, "/namedLocations", "namedLocations")
	const advice = "This Microsoft Graph does not have that part of the API: not every cloud has all of it. Check environment and graph_endpoint"
	for resourceType, c := range map[string]struct {
		config map[string]any
		says   []string
	}{
		acctest.TypeName: {map[string]any{"user_id": acctest.AdeleID, "state": "enabled"}, []string{"Unable to read", "HTTP 400 BadRequest", advice}},
		"entramfa_registration_policy": {
			map[string]any{"state": "disabled"},
			[]string{"This cloud has no registration campaign", "public cloud, US Government (L4 and L5) and China", "Remove this resource, or check environment and graph_endpoint"},
		},
		"entramfa_trusted_ips": {
			map[string]any{"display_name": "Office", "ip_ranges": acctest.StringList("203.0.113.0/24")},
			[]string{"HTTP 400 BadRequest", advice},
		},
	} {
		t.Run(resourceType, func(t *testing.T) {
			planned := tn.SessionOf(t, resourceType, nil).Plan(nil, c.config)
			if said := acctest.AllOf(planned.Diagnostics); !acctest.Says(c.says...).MatchString(said) {
				t.Errorf("the plan says %s\nwant %q", said, c.says)
			}
		})
	}
	if writes := tn.Writes(); writes != 0 {
		t.Errorf("%d writes", writes)
	}
}

func TestATenantOfAnotherCloudIsSaidToBe(t *testing.T) {
	t.Parallel()
	tn := acctest.NewTenant(t)
	if err := tn.SetBehavior(context.Background(), control.Behavior{Cloud: control.CloudUSGovernment}); err != nil {
		t.Fatal(err)
	}
	_, diagnostics := acctest.Configure(t, tn.Server(t, tn.Where()), map[string]any{"tenant_id": acctest.TenantID, "client_id": acctest.AppID, "client_secret": acctest.AppSecret})
	if said := acctest.AllOf(diagnostics); !acctest.Says("Unable to sign in to Microsoft Entra ID: the tenant lives in another cloud", "AADSTS900382", "Check environment").MatchString(said) {
		t.Errorf("the diagnostics say: %s", said)
	}
	// Graph of one cloud and sign-in of another: the sign-in service does not know the Graph.
	other := acctest.NewTenant(t)
	_, diagnostics = acctest.Configure(t, tn.Server(t, nil), map[string]any{
		"tenant_id": acctest.TenantID, "client_id": acctest.AppID, "client_secret": acctest.AppSecret, "use_cli": false,
		"graph_endpoint": tn.URL, "authority_host": other.URL, "ca_bundle_path": other.CAFile,
	})
	if said := acctest.AllOf(diagnostics); !acctest.Says("Microsoft Graph is of another cloud", "AADSTS500011", "name the same cloud as the tenant's").MatchString(said) {
		t.Errorf("the diagnostics say: %s", said)
	}
}

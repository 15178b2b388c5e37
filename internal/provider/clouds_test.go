package provider_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/server"
)

// cloudNetwork carries requests for the hosts of a cloud to a tenant, and keeps where they were meant to go. To the tenant
// the hosts of the cloud are its own, so their names are exchanged on the way, in both directions.
type cloudNetwork struct {
	tenant       *tenant
	graph, login string
	inner        http.RoundTripper

	mutex    sync.Mutex
	sent     map[string]bool // host and the first segment of the path
	scopes   map[string]bool
	versions map[string]bool // version and the last named segment
}

func (tn *tenant) cloudNetwork(graph, login string) *cloudNetwork {
	tn.t.Helper()
	authority, err := os.ReadFile(tn.caFile)
	if err != nil {
		tn.t.Fatal(err)
	}
	authorities := x509.NewCertPool()
	authorities.AppendCertsFromPEM(authority)
	inner := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: authorities, MinVersion: tls.VersionTLS12}}
	tn.t.Cleanup(inner.CloseIdleConnections)
	return &cloudNetwork{tenant: tn, graph: graph, login: login, inner: inner, sent: map[string]bool{}, scopes: map[string]bool{}, versions: map[string]bool{}}
}

func (n *cloudNetwork) RoundTrip(r *http.Request) (*http.Response, error) {
	host := r.URL.Scheme + "://" + r.URL.Host
	if host != n.graph && host != n.login {
		return nil, fmt.Errorf("%s is no host of this cloud", host)
	}
	var body []byte
	if r.Body != nil {
		var err error
		if body, err = io.ReadAll(r.Body); err != nil {
			return nil, err
		}
	}
	n.record(r, host, body)
	body = bytes.ReplaceAll(body, []byte(url.QueryEscape(n.graph)), []byte(url.QueryEscape(n.tenant.url)))
	request := r.Clone(r.Context())
	there, err := url.Parse(n.tenant.url)
	if err != nil {
		return nil, err
	}
	request.URL.Host, request.Host = there.Host, there.Host
	request.Body, request.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	response, err := n.inner.RoundTrip(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, err
	}
	answer = bytes.ReplaceAll(answer, []byte(n.tenant.url), []byte(host))
	response.Body, response.ContentLength = io.NopCloser(bytes.NewReader(answer)), int64(len(answer))
	response.Header.Del("Content-Length")
	return response, nil
}

func (n *cloudNetwork) record(r *http.Request, host string, body []byte) {
	n.mutex.Lock()
	defer n.mutex.Unlock()
	n.sent[host] = true
	if form, err := url.ParseQuery(string(body)); err == nil && form.Get("scope") != "" {
		n.scopes[strings.Fields(form.Get("scope"))[0]] = true
	}
	if host == n.graph {
		for _, version := range []string{"v1.0", "beta"} {
			for _, part := range []string{"authenticationMethodsPolicy", "namedLocations", "requirements", "users"} {
				if strings.HasPrefix(r.URL.Path, "/"+version+"/") && (strings.Contains(r.URL.Path, "/"+part) || bytes.Contains(body, []byte("/"+part))) {
					n.versions[version+" "+part] = true
				}
			}
		}
	}
}

func (n *cloudNetwork) server() tfprotov6.ProviderServer { return n.serverIn(nil) }

// serverIn is a provider with an environment.
func (n *cloudNetwork) serverIn(environment map[string]string) tfprotov6.ProviderServer {
	options := quick()
	options.HTTPClient = &http.Client{Transport: n, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	return newServer("test", server.WithClientOptions(options), server.WithEnvironment(func(name string) (string, bool) {
		value, set := environment[name]
		return value, set
	}))()
}

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
	answer, err := server.ReadDataSource(context.Background(), &tfprotov6.ReadDataSourceRequest{TypeName: name, Config: dynamic(t, objectOf(t, typ, config))})
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
			people := locationTenant()
			people.Cloud = c.cloud
			airGapped := c.cloud == control.CloudUSSec
			network := startTenant(t, people, quick()).cloudNetwork(c.graph, c.login)
			server := network.server()
			attributes := map[string]any{"tenant_id": tenantID, "client_id": appID, "client_secret": appSecret, "use_cli": false}
			maps.Copy(attributes, c.attributes)
			_, diagnostics := configure(t, server, attributes)
			for source, config := range map[string]map[string]any{
				"entramfa_user_mfa_state":      {"user_id": adeleID},
				"entramfa_registration_policy": {},
				"entramfa_trusted_ips":         {"id": branchID},
			} {
				diagnostics = append(diagnostics, read(t, server, source, config)...)
			}
			// In the air-gapped clouds v1.0 has no /identity, and named locations are asked of v1.0.
			if said := allOf(diagnostics); airGapped != strings.Contains(said, "This Microsoft Graph does not have that part of the API") || !airGapped && said != "" {
				t.Errorf("the diagnostics say: %s", said)
			}
			if want := map[string]bool{c.graph: true, c.login: true}; !maps.Equal(network.sent, want) {
				t.Errorf("asked %v, want %v", network.sent, want)
			}
			if want := map[string]bool{c.graph + "/.default": true}; !maps.Equal(network.scopes, want) {
				t.Errorf("scopes %v, want %v", network.scopes, want)
			}
			have := slices.Sorted(maps.Keys(network.versions))
			// The campaign is read from beta, where China has it, too.
			if want := []string{"beta authenticationMethodsPolicy", "beta requirements", "beta users", "v1.0 namedLocations", "v1.0 users"}; !slices.Equal(have, want) {
				t.Errorf("versions %v, want %v", have, want)
			}
		})
	}
}

func TestWhatACloudLacksIsSaidAtPlan(t *testing.T) {
	t.Parallel()
	tn := newLocationTenant(t)
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
		typeName: {map[string]any{"user_id": adeleID, "state": "enabled"}, []string{"Unable to read", "HTTP 400 BadRequest", advice}},
		"entramfa_registration_policy": {
			map[string]any{"state": "disabled"},
			[]string{"This cloud has no registration campaign", "public cloud, US Government (L4 and L5) and China", "Remove this resource, or check environment and graph_endpoint"},
		},
		"entramfa_trusted_ips": {
			map[string]any{"display_name": "Office", "ip_ranges": stringList("203.0.113.0/24")},
			[]string{"HTTP 400 BadRequest", advice},
		},
	} {
		t.Run(resourceType, func(t *testing.T) {
			planned := tn.sessionOf(t, resourceType, nil).plan(nil, c.config)
			if said := allOf(planned.Diagnostics); !says(c.says...).MatchString(said) {
				t.Errorf("the plan says %s\nwant %q", said, c.says)
			}
		})
	}
	if writes := tn.writes(); writes != 0 {
		t.Errorf("%d writes", writes)
	}
}

func TestATenantOfAnotherCloudIsSaidToBe(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	if err := tn.SetBehavior(context.Background(), control.Behavior{Cloud: control.CloudUSGovernment}); err != nil {
		t.Fatal(err)
	}
	_, diagnostics := configure(t, tn.server(t, tn.where()), map[string]any{"tenant_id": tenantID, "client_id": appID, "client_secret": appSecret})
	if said := allOf(diagnostics); !says("Unable to sign in to Microsoft Entra ID: the tenant lives in another cloud", "AADSTS900382", "Check environment").MatchString(said) {
		t.Errorf("the diagnostics say: %s", said)
	}
	// Graph of one cloud and sign-in of another: the sign-in service does not know the Graph.
	other := newTenant(t)
	_, diagnostics = configure(t, tn.server(t, nil), map[string]any{
		"tenant_id": tenantID, "client_id": appID, "client_secret": appSecret, "use_cli": false,
		"graph_endpoint": tn.url, "authority_host": other.url, "ca_bundle_path": other.caFile,
	})
	if said := allOf(diagnostics); !says("Microsoft Graph is of another cloud", "AADSTS500011", "name the same cloud as the tenant's").MatchString(said) {
		t.Errorf("the diagnostics say: %s", said)
	}
}

// Package signin knows the Microsoft clouds, the ways to sign in to one, and what a failed sign-in says.
package signin

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"sort"
	"strconv"
	"strings"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/guid"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/redact"
)

// Cloud is one Microsoft cloud: where its Microsoft Graph answers and where its tokens come from.
//
// Source: https://learn.microsoft.com/graph/deployments
type Cloud struct {
	// Name is one of CloudNames, or "custom".
	Name string
	// GraphEndpoint is the root of Microsoft Graph, without version and trailing slash: https://graph.microsoft.com.
	GraphEndpoint string
	// AuthorityHost is the root of the sign-in service with a trailing slash: https://login.microsoftonline.com/.
	AuthorityHost string
}

// Scope is what an access token for the cloud's Microsoft Graph is asked for: all that the identity was granted.
func (c Cloud) Scope() string { return c.GraphEndpoint + "/.default" }

// The clouds that have a name. Tokens of one are worth nothing in another.
var (
	Public = Cloud{
		Name: "public", GraphEndpoint: "https://graph.microsoft.com", AuthorityHost: "https://login.microsoftonline.com/",
	}
	USGovernment = Cloud{
		Name: "usgovernment", GraphEndpoint: "https://graph.microsoft.us", AuthorityHost: "https://login.microsoftonline.us/",
	}
	USGovernmentL5 = Cloud{
		Name: "usgovernmentl5", GraphEndpoint: "https://dod-graph.microsoft.us", AuthorityHost: "https://login.microsoftonline.us/",
	}
	China = Cloud{
		Name: "china", GraphEndpoint: "https://microsoftgraph.chinacloudapi.cn", AuthorityHost: "https://login.chinacloudapi.cn/",
	}
)

// cloudNames also has the aliases that the azuread provider knows, so that one configuration serves both.
var cloudNames = map[string]Cloud{
	"public":         Public,
	"global":         Public,
	"usgovernment":   USGovernment,
	"usgovernmentl4": USGovernment,
	"usgovernmentl5": USGovernmentL5,
	"dod":            USGovernmentL5,
	"china":          China,
}

// CloudNames lists the names that NamedCloud knows, sorted.
func CloudNames() []string {
	names := make([]string, 0, len(cloudNames))
	for name := range cloudNames {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}

// NamedCloud finds a cloud by its name. The error lists the names there are.
func NamedCloud(name string) (Cloud, error) {
	if cloud, ok := cloudNames[name]; ok {
		return cloud, nil
	}
	return Cloud{}, fmt.Errorf("there is no cloud %q: use one of %s, or name the hosts of another cloud yourself", name, strings.Join(CloudNames(), ", "))
}

// WithEndpoints returns the cloud with its hosts replaced; an empty string leaves one as it is.
// An air-gapped or sovereign cloud is described so. Both hosts have to be HTTPS roots.
func (c Cloud) WithEndpoints(graphEndpoint, authorityHost string) (Cloud, error) {
	if graphEndpoint != "" {
		root, err := ParseEndpoint(graphEndpoint)
		if err != nil {
			return Cloud{}, fmt.Errorf("graph endpoint: %w", err)
		}
		c.Name, c.GraphEndpoint = "custom", root
	}
	if authorityHost != "" {
		root, err := ParseEndpoint(authorityHost)
		if err != nil {
			return Cloud{}, fmt.Errorf("authority host: %w", err)
		}
		c.Name, c.AuthorityHost = "custom", root+"/"
	}
	return c, nil
}

// hostPattern is a host name, an IPv4 address or an IPv6 address, perhaps with a port. Names of other scripts have to be
// written in their ASCII form (xn--), in which one cannot be taken for another.
var hostPattern = regexp.MustCompile(`^([a-z0-9._-]+|\[[0-9a-f:.]+\])(:[0-9]{1,5})?$`)

// ParseEndpoint checks that a text is the HTTPS root of a service and returns it without a trailing slash, in lower case
// and without the standard port: the scope of a token and the links of Graph are compared with it.
// A path, a query, a fragment and user information are refused: tokens and secrets are sent to this address,
// so it must not be possible to misread where it leads.
func ParseEndpoint(text string) (string, error) {
	u, err := url.Parse(text)
	if err != nil {
		return "", fmt.Errorf("%q is not a URL; write it like https://graph.microsoft.com", text)
	}
	host := strings.ToLower(u.Host)
	switch {
	case u.User != nil:
		return "", fmt.Errorf("%q must not hold user information; credentials have settings of their own", u.Redacted())
	case u.Scheme != "https":
		return "", fmt.Errorf("%q does not start with https://; tokens and secrets are never sent without TLS", text)
	case !hostPattern.MatchString(host):
		return "", fmt.Errorf("%q names no host, or not in plain letters and digits; write it like https://graph.microsoft.com", text)
	case strings.TrimPrefix(u.EscapedPath(), "/") != "" || strings.ContainsAny(text, "?#"):
		return "", fmt.Errorf("%q must be only scheme and host (and a port), like https://graph.microsoft.com; version and path are added", text)
	}
	return "https://" + strings.TrimSuffix(host, ":443"), nil
}

// authorityAliases are other names of the sign-in services of the clouds that have a name.
//
// Source: https://learn.microsoft.com/entra/identity-platform/authentication-national-cloud, and the instance discovery of
// the clouds (aliases)
var authorityAliases = map[string][]string{
	Public.AuthorityHost:       {"https://login.microsoft.com/", "https://login.windows.net/", "https://sts.windows.net/"},
	USGovernment.AuthorityHost: {"https://login.usgovcloudapi.net/"},
	China.AuthorityHost:        {"https://login.partner.microsoftonline.cn/"},
}

// HasAuthority reports whether an address is the cloud's own sign-in service, by any of its names.
func (c Cloud) HasAuthority(address string) bool {
	root, err := ParseEndpoint(address)
	return err == nil && (root+"/" == c.AuthorityHost || slices.Contains(authorityAliases[c.AuthorityHost], root+"/"))
}

// HasGraph reports whether an address is the cloud's own Microsoft Graph.
func (c Cloud) HasGraph(address string) bool {
	root, err := ParseEndpoint(address)
	return err == nil && root == c.GraphEndpoint
}

var tenantDomain = regexp.MustCompile(`^([a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?\.)+[a-zA-Z][a-zA-Z0-9-]*[a-zA-Z0-9]$`)

// CheckTenantID says why a text cannot name one tenant; nil where it can.
//
// Source: https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow (tenant)
func CheckTenantID(text string) error {
	switch strings.ToLower(text) {
	case "common", "organizations", "consumers":
		return fmt.Errorf("%q stands for many tenants, and this is about one: write the tenant's id (a GUID) or one of its verified domains, such as contoso.onmicrosoft.com", text)
	}
	if guid.Is(text) || (len(text) <= 253 && tenantDomain.MatchString(text)) {
		return nil
	}
	return fmt.Errorf("%s is neither the id of a tenant (a GUID, such as 00000000-0000-0000-0000-000000000000) nor a domain, such as contoso.onmicrosoft.com. "+
		"Both are on the overview page of the Microsoft Entra admin center", strconv.Quote(redact.ShownName(text)))
}

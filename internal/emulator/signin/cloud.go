package signin

import "github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"

// cloud is what tokens say of a cloud.
type cloud struct {
	// graphHost is the public name of Graph there; empty where Microsoft does not publish it.
	graphHost string
	// issuer is the token service that v1.0 tokens name, without the tenant; that of the public cloud when empty.
	issuer string
}

// https://learn.microsoft.com/graph/deployments
var clouds = map[string]cloud{
	control.CloudPublic:         {graphHost: "graph.microsoft.com"},
	control.CloudUSGovernment:   {graphHost: "graph.microsoft.us"},
	control.CloudUSGovernmentL5: {graphHost: "dod-graph.microsoft.us"},
	control.CloudDoD:            {graphHost: "dod-graph.microsoft.us"},
	control.CloudChina:          {graphHost: "microsoftgraph.chinacloudapi.cn", issuer: "https://sts.chinacloudapi.cn/"},
}

func tokenIssuer(cloud, tenantID string) string {
	issuer := clouds[cloud].issuer
	if issuer == "" {
		issuer = "https://sts.windows.net/"
	}
	return issuer + tenantID + "/"
}

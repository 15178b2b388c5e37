package server

import (
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/redact"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/diagnose"
)

// cloud puts the hosts that are named in the place of a named cloud's. Microsoft Graph and the sign-in service belong together: tokens
// of one cloud are worth nothing in another, and a secret is sent to the sign-in service. So where the two, or the name and the hosts,
// do not fit, that is said, and nothing is sent. environmentVariable is where the name is from; empty is the attribute, or nothing.
func (r settingsReader) cloud(named client.Cloud, environmentVariable string) client.Cloud {
	graph := endpointSetting{attribute: "graph_endpoint", isOfCloud: named.HasGraph}
	graph.text, graph.variable = r.text(graph.attribute)
	authority := endpointSetting{attribute: "authority_host", isOfCloud: named.HasAuthority}
	authority.text, authority.variable = r.text(authority.attribute)

	made, err := named.WithEndpoints(graph.text, "")
	if err != nil {
		r.diags.AddAttributeError(path.Root(graph.attribute), "Invalid endpoint", diagnose.Sentence(err.Error()+fromVariable(graph.variable)))
		return named
	}
	if made, err = made.WithEndpoints("", authority.text); err != nil {
		r.diags.AddAttributeError(path.Root(authority.attribute), "Invalid endpoint", diagnose.Sentence(err.Error()+fromVariable(authority.variable)))
		return named
	}
	switch {
	case !graph.foreign() && !authority.foreign():
		return made
	case !authority.meant():
		r.addHalfACloud(graph, authority, named)
	case !graph.meant():
		r.addHalfACloud(authority, graph, named)
	case r.block.set("environment") && graph.variable == "" && authority.variable == "":
		r.diags.AddAttributeError(path.Root("environment"), "Two clouds are named",
			fmt.Sprintf("environment names the cloud %q, and graph_endpoint and authority_host name %s and %s, which are not the two hosts of that cloud. "+
				"Remove environment, or remove graph_endpoint and authority_host.", named.Name, made.GraphEndpoint, made.AuthorityHost))
	case r.block.set("environment") || environmentVariable != "":
		r.diags.AddAttributeWarning(path.Root("environment"), fmt.Sprintf("The cloud %q is not used", named.Name),
			fmt.Sprintf("%s names the cloud %q, and %s and %s name %s and %s, which are not the two hosts of that cloud. The two hosts are used, and the name is not.\n\n"+
				"Unset the one that is not meant.", settingName("The", "environment", environmentVariable), named.Name,
				graph.name("the"), authority.name("the"), made.GraphEndpoint, made.AuthorityHost))
	}
	return made
}

// endpointSetting is one of the two hosts of a cloud as it is set, empty where it is not.
type endpointSetting struct {
	attribute, variable, text string
	isOfCloud                 func(address string) bool
}

// foreign reports whether it is set to a host of another cloud than the named one.
func (e endpointSetting) foreign() bool { return e.text != "" && !e.isOfCloud(e.text) }

// meant reports whether somebody has chosen it. Azure itself sets AZURE_AUTHORITY_HOST in the pods of its clouds.
func (e endpointSetting) meant() bool {
	return e.text != "" && (e.foreign() || e.variable != "AZURE_AUTHORITY_HOST")
}

func (e endpointSetting) name(the string) string { return settingName(the, e.attribute, e.variable) }

// settingName is the variable that a setting is from, or without one the attribute. "The" begins a sentence; the name of an attribute is
// written as it is.
func settingName(the, attribute, variable string) string {
	if variable != "" {
		return the + " environment variable " + variable
	}
	return attribute
}

func (r settingsReader) addHalfACloud(set, other endpointSetting, named client.Cloud) {
	r.diags.AddAttributeError(path.Root(set.attribute), fmt.Sprintf("%s without %s", set.attribute, other.attribute),
		fmt.Sprintf("%s names %s, which is not of the cloud %q, and %s is not set to a host of the same cloud. Microsoft Graph and the sign-in service belong together: "+
			"tokens of one cloud are not accepted in another.\n\nSet %s as well, or remove %s and name the cloud by environment.",
			set.name("The"), redact.ShownName(set.text), named.Name, other.attribute, other.attribute, set.name("the")))
}

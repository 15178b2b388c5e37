package provider_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
)

// lister asks for a list of resources as `terraform query` does, without a CLI.
type lister struct {
	*session
	lists  tfprotov6.ListResourceServer
	config tftypes.Object
}

// lister lists resources of a type, signed in with the full app; extra attributes are added to the provider block.
func (tn *tenant) lister(t *testing.T, typeName string, extra map[string]any) *lister {
	t.Helper()
	s := tn.sessionOf(t, typeName, extra)
	lists, ok := s.server.(tfprotov6.ListResourceServer)
	if !ok {
		t.Fatal("the provider lists nothing")
	}
	schemas, err := s.server.GetProviderSchema(context.Background(), &tfprotov6.GetProviderSchemaRequest{})
	if err != nil {
		t.Fatal(err)
	}
	config, ok := schemas.ListResourceSchemas[typeName].ValueType().(tftypes.Object)
	if !ok {
		t.Fatalf("the list of %s has no object type", typeName)
	}
	identities, err := s.server.GetResourceIdentitySchemas(context.Background(), &tfprotov6.GetResourceIdentitySchemasRequest{})
	if err != nil {
		t.Fatal(err)
	}
	identity := map[string]tftypes.Type{}
	for _, attribute := range identities.IdentitySchemas[typeName].IdentityAttributes {
		identity[attribute.Name] = attribute.Type
	}
	s.identity = tftypes.Object{AttributeTypes: identity}
	return &lister{session: s, lists: lists, config: config}
}

// stream begins a list. What the CLI would refuse before it asks fails the test.
func (l *lister) stream(config map[string]any, limit int64, include bool) *tfprotov6.ListResourceServerStream {
	l.t.Helper()
	noErrors(l.t, l.validateList(config))
	stream, err := l.lists.ListResource(context.Background(), &tfprotov6.ListResourceRequest{
		TypeName: l.typeName, Config: dynamic(l.t, objectOf(l.t, l.config, config)), Limit: limit, IncludeResource: include,
	})
	if err != nil {
		l.t.Fatal(err)
	}
	return stream
}

func (l *lister) validateList(config map[string]any) []*tfprotov6.Diagnostic {
	l.t.Helper()
	validated, err := l.lists.ValidateListResourceConfig(context.Background(), &tfprotov6.ValidateListResourceConfigRequest{
		TypeName: l.typeName, Config: dynamic(l.t, objectOf(l.t, l.config, config)),
	})
	if err != nil {
		l.t.Fatal(err)
	}
	return validated.Diagnostics
}

// list is all that comes for a configuration.
func (l *lister) list(config map[string]any, limit int64, include bool) []tfprotov6.ListResourceResult {
	l.t.Helper()
	return slices.Collect(l.stream(config, limit, include).Results)
}

// names are what results are called; an error among them fails the test.
func (l *lister) names(results []tfprotov6.ListResourceResult) []string {
	l.t.Helper()
	var names []string
	for _, result := range results {
		noErrors(l.t, result.Diagnostics)
		names = append(names, result.DisplayName)
	}
	return names
}

// failure is the error with which a list ends, and what was listed before it. Everything else fails the test.
func (l *lister) failure(results []tfprotov6.ListResourceResult) (listed []string, text string) {
	l.t.Helper()
	if len(results) == 0 {
		l.t.Fatal("the list is empty, and not an error")
	}
	last := results[len(results)-1]
	errors := told(tfprotov6.DiagnosticSeverityError, last.Diagnostics)
	if len(errors) != 1 || last.Identity != nil && last.Identity.IdentityData != nil {
		l.t.Fatalf("the list ends with %q (%v)", last.DisplayName, last.Diagnostics)
	}
	return l.names(results[:len(results)-1]), errors[0]
}

// identityOf is an identity of the resource that the list is of.
func (l *lister) identityOf(attribute, value string) tftypes.Value {
	return tftypes.NewValue(l.identity, map[string]tftypes.Value{attribute: tftypes.NewValue(tftypes.String, value)})
}

// imported is the state of a resource after an import and the read that follows it.
func (l *lister) imported(identity tftypes.Value) tftypes.Value {
	l.t.Helper()
	ctx := context.Background()
	imported, err := l.server.ImportResourceState(ctx, &tfprotov6.ImportResourceStateRequest{
		TypeName: l.typeName, Identity: &tfprotov6.ResourceIdentityData{IdentityData: dynamic(l.t, identity)},
	})
	if err != nil {
		l.t.Fatal(err)
	}
	noErrors(l.t, imported.Diagnostics)
	read, err := l.server.ReadResource(ctx, &tfprotov6.ReadResourceRequest{
		TypeName: l.typeName, CurrentState: imported.ImportedResources[0].State,
		CurrentIdentity: imported.ImportedResources[0].Identity, Private: imported.ImportedResources[0].Private,
	})
	if err != nil {
		l.t.Fatal(err)
	}
	noErrors(l.t, read.Diagnostics)
	state, err := read.NewState.Unmarshal(l.typ)
	if err != nil {
		l.t.Fatal(err)
	}
	return state
}

// asked counts the requests since the log was cleared, and clears it: pages of users, reads of states, and whole requests, where
// the items of a batch do not count.
func (tn *tenant) asked() (pages, states, requests int) {
	tn.t.Helper()
	all, err := tn.Requests(context.Background())
	if err != nil {
		tn.t.Fatal(err)
	}
	for _, request := range all {
		switch {
		case request.Class == control.ClassLogin:
			continue
		case strings.HasSuffix(request.Path, "/users"), strings.HasSuffix(request.Path, "/transitiveMembers/microsoft.graph.user"):
			pages++
		case strings.HasSuffix(request.Path, "/authentication/requirements"):
			states++
		}
		if !request.BatchItem {
			requests++
		}
	}
	if err := tn.ClearRequests(context.Background()); err != nil {
		tn.t.Fatal(err)
	}
	return pages, states, requests
}

func TestTheProviderListsWhatItImports(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	server := newTenant(t).server(t, nil)
	metadata, err := server.GetMetadata(ctx, &tfprotov6.GetMetadataRequest{})
	if err != nil {
		t.Fatal(err)
	}
	noErrors(t, metadata.Diagnostics)
	var listed []string
	for _, resource := range metadata.ListResources {
		listed = append(listed, resource.TypeName)
	}
	slices.Sort(listed)
	if difference := cmp.Diff([]string{locationType, typeName}, listed); difference != "" {
		t.Errorf("the lists (-want +got):\n%s", difference)
	}
}

func TestAListWithAProviderThatIsNotKnownYetSaysSo(t *testing.T) {
	t.Parallel()
	tn := newLocationTenant(t)
	for _, resource := range []string{typeName, locationType} {
		l := tn.lister(t, resource, map[string]any{"client_secret": tftypes.NewValue(tftypes.String, tftypes.UnknownValue)})
		listed, text := l.failure(l.list(nil, 100, false))
		if len(listed) != 0 || !says("Provider not configured", "not known yet: client_secret").MatchString(text) {
			t.Errorf("the list of %s gives %q and says %s", resource, listed, text)
		}
		if control := tn.lister(t, resource, nil); len(control.names(control.list(nil, 100, false))) == 0 {
			t.Errorf("a configured provider lists no %s", resource)
		}
	}
}

package acctest

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
)

// Lister asks for a list of resources as `terraform query` does, without a CLI.
type Lister struct {
	*Session
	lists  tfprotov6.ListResourceServer
	config tftypes.Object
}

// Lister lists resources of a type, signed in with the full app; extra attributes are added to the provider block.
func (tn *Tenant) Lister(t *testing.T, typeName string, extra map[string]any) *Lister {
	t.Helper()
	s := tn.SessionOf(t, typeName, extra)
	lists, ok := s.Server.(tfprotov6.ListResourceServer)
	if !ok {
		t.Fatal("the provider lists nothing")
	}
	schemas, err := s.Server.GetProviderSchema(context.Background(), &tfprotov6.GetProviderSchemaRequest{})
	if err != nil {
		t.Fatal(err)
	}
	config, ok := schemas.ListResourceSchemas[typeName].ValueType().(tftypes.Object)
	if !ok {
		t.Fatalf("the list of %s has no object type", typeName)
	}
	identities, err := s.Server.GetResourceIdentitySchemas(context.Background(), &tfprotov6.GetResourceIdentitySchemasRequest{})
	if err != nil {
		t.Fatal(err)
	}
	identity := map[string]tftypes.Type{}
	for _, attribute := range identities.IdentitySchemas[typeName].IdentityAttributes {
		identity[attribute.Name] = attribute.Type
	}
	s.Identity = tftypes.Object{AttributeTypes: identity}
	return &Lister{Session: s, lists: lists, config: config}
}

// Stream begins a list. What the CLI would refuse before it asks fails the test.
func (l *Lister) Stream(config map[string]any, limit int64, include bool) *tfprotov6.ListResourceServerStream {
	l.t.Helper()
	NoErrors(l.t, l.ValidateList(config))
	stream, err := l.lists.ListResource(context.Background(), &tfprotov6.ListResourceRequest{
		TypeName: l.TypeName, Config: Dynamic(l.t, ObjectOf(l.t, l.config, config)), Limit: limit, IncludeResource: include,
	})
	if err != nil {
		l.t.Fatal(err)
	}
	return stream
}

func (l *Lister) ValidateList(config map[string]any) []*tfprotov6.Diagnostic {
	l.t.Helper()
	validated, err := l.lists.ValidateListResourceConfig(context.Background(), &tfprotov6.ValidateListResourceConfigRequest{
		TypeName: l.TypeName, Config: Dynamic(l.t, ObjectOf(l.t, l.config, config)),
	})
	if err != nil {
		l.t.Fatal(err)
	}
	return validated.Diagnostics
}

// List is all that comes for a configuration.
func (l *Lister) List(config map[string]any, limit int64, include bool) []tfprotov6.ListResourceResult {
	l.t.Helper()
	return slices.Collect(l.Stream(config, limit, include).Results)
}

// Names are what results are called; an error among them fails the test.
func (l *Lister) Names(results []tfprotov6.ListResourceResult) []string {
	l.t.Helper()
	var names []string
	for _, result := range results {
		NoErrors(l.t, result.Diagnostics)
		names = append(names, result.DisplayName)
	}
	return names
}

// Failure is the error with which a list ends, and what was listed before it. Everything else fails the test.
func (l *Lister) Failure(results []tfprotov6.ListResourceResult) (listed []string, text string) {
	l.t.Helper()
	if len(results) == 0 {
		l.t.Fatal("the list is empty, and not an error")
	}
	last := results[len(results)-1]
	errors := Told(tfprotov6.DiagnosticSeverityError, last.Diagnostics)
	if len(errors) != 1 || last.Identity != nil && last.Identity.IdentityData != nil {
		l.t.Fatalf("the list ends with %q (%v)", last.DisplayName, last.Diagnostics)
	}
	return l.Names(results[:len(results)-1]), errors[0]
}

// IdentityOf is an identity of the resource that the list is of.
func (l *Lister) IdentityOf(attribute, value string) tftypes.Value {
	return tftypes.NewValue(l.Identity, map[string]tftypes.Value{attribute: tftypes.NewValue(tftypes.String, value)})
}

// Imported is the state of a resource after an import and the read that follows it.
func (l *Lister) Imported(identity tftypes.Value) tftypes.Value {
	l.t.Helper()
	ctx := context.Background()
	imported, err := l.Server.ImportResourceState(ctx, &tfprotov6.ImportResourceStateRequest{
		TypeName: l.TypeName, Identity: &tfprotov6.ResourceIdentityData{IdentityData: Dynamic(l.t, identity)},
	})
	if err != nil {
		l.t.Fatal(err)
	}
	NoErrors(l.t, imported.Diagnostics)
	read, err := l.Server.ReadResource(ctx, &tfprotov6.ReadResourceRequest{
		TypeName: l.TypeName, CurrentState: imported.ImportedResources[0].State,
		CurrentIdentity: imported.ImportedResources[0].Identity, Private: imported.ImportedResources[0].Private,
	})
	if err != nil {
		l.t.Fatal(err)
	}
	NoErrors(l.t, read.Diagnostics)
	state, err := read.NewState.Unmarshal(l.Type)
	if err != nil {
		l.t.Fatal(err)
	}
	return state
}

// Asked counts the requests since the log was cleared, and clears it: pages of users, reads of states, and whole requests, where
// the items of a batch do not count.
func (tn *Tenant) Asked() (pages, states, requests int) {
	tn.T.Helper()
	for _, request := range tn.RequestLog() {
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
		tn.T.Fatal(err)
	}
	return pages, states, requests
}

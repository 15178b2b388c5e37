package provider_test

import (
	"context"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/acctest"
)

func TestTheProviderListsWhatItImports(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	server := acctest.NewTenant(t).Server(t, nil)
	metadata, err := server.GetMetadata(ctx, &tfprotov6.GetMetadataRequest{})
	if err != nil {
		t.Fatal(err)
	}
	acctest.NoErrors(t, metadata.Diagnostics)
	var listed []string
	for _, resource := range metadata.ListResources {
		listed = append(listed, resource.TypeName)
	}
	slices.Sort(listed)
	if difference := cmp.Diff([]string{typeStrength, "entramfa_conditional_access_policy", "entramfa_country_location", acctest.LocationType, acctest.TypeName}, listed); difference != "" {
		t.Errorf("the lists (-want +got):\n%s", difference)
	}
}

func TestAListWithAProviderThatIsNotKnownYetSaysSo(t *testing.T) {
	t.Parallel()
	tn := acctest.NewLocationTenant(t)
	for _, resource := range []string{acctest.TypeName, acctest.LocationType} {
		l := tn.Lister(t, resource, map[string]any{"client_secret": tftypes.NewValue(tftypes.String, tftypes.UnknownValue)})
		listed, text := l.Failure(l.List(nil, 100, false))
		if len(listed) != 0 || !acctest.Says("Provider not configured", "not known yet: client_secret").MatchString(text) {
			t.Errorf("the list of %s gives %q and says %s", resource, listed, text)
		}
		if control := tn.Lister(t, resource, nil); len(control.Names(control.List(nil, 100, false))) == 0 {
			t.Errorf("a configured provider lists no %s", resource)
		}
	}
}

package provider_test

import (
	"context"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/resource"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider"
)

func TestEachResourceHasAnUpgraderForEachVersionBeforeItsOwn(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	for _, made := range provider.New("test")().Resources(ctx) {
		r := made()
		var described resource.SchemaResponse
		r.Schema(ctx, resource.SchemaRequest{}, &described)
		upgradable, ok := r.(resource.ResourceWithUpgradeState)
		if !ok {
			t.Fatalf("%T has no upgrade path", r)
		}
		if have := len(upgradable.UpgradeState(ctx)); int64(have) != described.Schema.Version {
			t.Errorf("%T is of version %d and upgrades %d versions", r, described.Schema.Version, have)
		}
	}
}

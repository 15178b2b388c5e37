package policies_test

import (
	"os"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/acctest"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/policies"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/resourcekit"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/server"
)

// TestMain runs the tests of this area, with a provider that has nothing else.
func TestMain(m *testing.M) {
	os.Exit(acctest.Run(func(version string, options ...server.Option) func() tfprotov6.ProviderServer {
		return server.NewServer(version, []resourcekit.Area{policies.Area()}, options...)
	}, m.Run))
}

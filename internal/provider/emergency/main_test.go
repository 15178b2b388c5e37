package emergency_test

import (
	"os"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/acctest"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/server"
)

// TestMain runs the tests of the guard with a provider that has no area: the accounts are looked up as soon as it is configured.
func TestMain(m *testing.M) {
	os.Exit(acctest.Run(func(version string, options ...server.Option) func() tfprotov6.ProviderServer {
		return server.NewServer(version, nil, options...)
	}, m.Run))
}

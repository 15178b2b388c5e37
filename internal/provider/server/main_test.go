package server_test

import (
	"os"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/acctest"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/peruser"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/resourcekit"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/server"
)

// TestMain runs the tests of the provider block with the area of per-user states alone: what they read when somebody is signed in is the state of a user.
func TestMain(m *testing.M) {
	os.Exit(acctest.Run(func(version string, options ...server.Option) func() tfprotov6.ProviderServer {
		return server.NewServer(version, []resourcekit.Area{peruser.Area()}, options...)
	}, m.Run))
}

package provider_test

import (
	"os"
	"testing"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/acctest"
)

// TestMain runs the tests of the whole provider.
func TestMain(m *testing.M) {
	os.Exit(acctest.Run(provider.NewServer, func() int { return reported(m) }))
}

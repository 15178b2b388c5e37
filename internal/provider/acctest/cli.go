package acctest

import (
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
)

// TestCLI takes the steps of a test case through the CLI at hand.
func TestCLI(t *testing.T, c resource.TestCase) {
	t.Helper()
	resource.UnitTest(t, c)
}

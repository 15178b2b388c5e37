// Package coverage tells who has to use MFA by Conditional Access.
package coverage

import (
	"github.com/hashicorp/terraform-plugin-framework/function"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/resourcekit"
)

// Area is what the provider offers of it.
func Area() resourcekit.Area {
	return resourcekit.Area{Functions: []func() function.Function{newMFACoverageFunction}}
}

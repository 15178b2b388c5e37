package provider_test

import "github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/acctest"

// driver runs Terraform, or what plays it.
type driver interface {
	// Apply plans and, where that succeeds, applies.
	Apply(config acctest.Configuration) *acctest.Outcome
	// Plan plans only.
	Plan(config acctest.Configuration) *acctest.Outcome
	// Refresh is apply -refresh-only.
	Refresh(config acctest.Configuration) *acctest.Outcome
	// ImportOne imports an object under the name of a block.
	ImportOne(config acctest.Configuration, name, id string) *acctest.Outcome
	// State is what the state has, by the name of the block.
	State() map[string]acctest.ResourceBlock
}

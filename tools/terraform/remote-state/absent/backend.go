// Package absent is a state backend that refuses every configuration.
package absent

import (
	"fmt"

	"github.com/zclconf/go-cty/cty"

	"github.com/hashicorp/terraform/internal/backend"
	"github.com/hashicorp/terraform/internal/backend/backendbase"
	"github.com/hashicorp/terraform/internal/configs/configschema"
	"github.com/hashicorp/terraform/internal/states/statemgr"
	"github.com/hashicorp/terraform/internal/tfdiags"
)

// Backend refuses every configuration, so that nothing else of it is called.
type Backend struct {
	backendbase.Base
	err error
}

// New returns the backend that stands for the named one.
func New(name string) backend.Backend {
	return &Backend{
		Base: backendbase.Base{Schema: &configschema.Block{}},
		err:  fmt.Errorf("this Terraform was built for tests, without the backend %q", name),
	}
}

func (b *Backend) refused() tfdiags.Diagnostics {
	return tfdiags.Diagnostics{}.Append(b.err)
}

// Configure refuses the configuration.
func (b *Backend) Configure(cty.Value) tfdiags.Diagnostics { return b.refused() }

// StateMgr returns no state.
func (b *Backend) StateMgr(string) (statemgr.Full, tfdiags.Diagnostics) { return nil, b.refused() }

// DeleteWorkspace deletes nothing.
func (b *Backend) DeleteWorkspace(string, bool) tfdiags.Diagnostics { return b.refused() }

// Workspaces returns no names.
func (b *Backend) Workspaces() ([]string, tfdiags.Diagnostics) { return nil, b.refused() }

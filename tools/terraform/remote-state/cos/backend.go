// Package cos stands for Terraform's package of the same path.
package cos

import (
	"github.com/hashicorp/terraform/internal/backend"

	"github.com/hashicorp/terraform/internal/backend/remote-state/absent"
)

// New returns a backend that refuses every configuration.
func New() backend.Backend { return absent.New("cos") }

package provider

import (
	"sync"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// registrationPolicies notices a second registration policy in what one provider block is asked to plan. Terraform does not
// tell a provider the addresses of resources, so each instance has a random name in its private state from its creation or
// import on, and what has none yet is told apart by its configuration.
//
// A false alarm would be worse than none, so these count as one policy: an instance and its replacement, which is planned
// right after it with the same configuration and without a state. What is planned in another run, or through another
// provider block, is not seen.
type registrationPolicies struct {
	mutex sync.Mutex
	// kept are the configurations of instances that stay, by name.
	kept map[string]tftypes.Value
	// replaced are the names of those whose replacement has been planned.
	replaced map[string]bool
	// created and destroyed count the instances that come and go.
	created, destroyed int
}

// keep notes an instance that is in the state and in the configuration.
func (p *registrationPolicies) keep(instance string, config tftypes.Value, diags *diag.Diagnostics) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	if p.kept == nil {
		p.kept = map[string]tftypes.Value{}
	}
	p.kept[instance] = config
	if len(p.kept) > 1 || p.created > 0 {
		addSecondPolicy(diags)
	}
}

// create notes an instance that is in the configuration only.
func (p *registrationPolicies) create(config tftypes.Value, diags *diag.Diagnostics) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	for instance, same := range p.kept {
		if same.Equal(config) && !p.replaced[instance] {
			if p.replaced == nil {
				p.replaced = map[string]bool{}
			}
			p.replaced[instance] = true
			return
		}
	}
	p.created++
	if len(p.kept) > 0 || p.created > 1 || p.destroyed > 0 {
		addSecondPolicy(diags)
	}
}

// destroy notes an instance that is in the state only. By itself it is none too many: it is how a second one is got rid of.
func (p *registrationPolicies) destroy(diags *diag.Diagnostics) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	p.destroyed++
	if p.created > 0 {
		addSecondPolicy(diags)
	}
}

func addSecondPolicy(diags *diag.Diagnostics) {
	diags.AddError("A second registration policy for the same tenant",
		"This run has another entramfa_registration_policy for this tenant, which has one registration campaign. The two would overwrite each other "+
			"in every apply, and destroying either would take the campaign away from the other.\n\n"+
			"Keep one of them. If this is the same policy under a new address, say so with a moved block. One that is in the state and shall stay as it is "+
			"in the tenant leaves the state with a removed block (lifecycle { destroy = false }) or `terraform state rm`. "+
			"The policy of another tenant needs a provider block of its own, with an alias.")
}

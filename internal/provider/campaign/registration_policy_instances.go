package campaign

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
//
// A provider that is configured is asked for one plan or one apply, and validates each instance once, right before its plan.
// `terraform test` of newer versions (1.14 is one) configures it once for a file instead: for the plans and applies of all run
// blocks, each of which begins with a validation of the whole module. So a validation that no plan has followed says that what
// is planned may belong to different runs, and then a plan proves nothing; see makeOne for what does.
type registrationPolicies struct {
	mutex sync.Mutex
	// kept are the configurations of instances that stay, by name.
	kept map[string]tftypes.Value
	// replaced are the names of those whose replacement has been planned.
	replaced map[string]bool
	// created and destroyed count the instances that come and go.
	created, destroyed int
	// validated counts the validations, and planned the plans that have one of their own.
	validated, planned int
	// known are the instances that are in the state, as far as this run has come across them, and gone those of them that go.
	known map[string]knownPolicy
	gone  map[string]bool
	// made are the instances that this provider has created and not destroyed, by name, and how many validations there had been.
	made map[string]int
}

// knownPolicy is what the state has of an instance.
type knownPolicy struct {
	model  *registrationPolicyModel
	memory campaignMemory
}

// know notes what the state has of an instance.
func (p *registrationPolicies) know(policy knownPolicy) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	if p.known == nil {
		p.known = map[string]knownPolicy{}
	}
	p.known[policy.memory.instance] = policy
}

// replacedBy is the instance whose replacement has just been planned; nil where the plan is about one that replaces nothing. Of one
// that is tainted Terraform plans the replacement only, so it is the one that is in the state and neither stays nor goes.
func (p *registrationPolicies) replacedBy(config tftypes.Value) (policy *knownPolicy, tainted bool) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	for instance, same := range p.kept {
		if known, here := p.known[instance]; here && p.replaced[instance] && same.Equal(config) {
			return &known, false
		}
	}
	for instance, known := range p.known {
		if _, kept := p.kept[instance]; !kept && !p.gone[instance] {
			return &known, true
		}
	}
	return nil, false
}

// succeeded reports whether this provider has created another instance, and did not create this one: then this one is destroyed
// after its replacement was created, and what it would give back is not what the replacement has made of the campaign.
func (p *registrationPolicies) succeeded(instance string) bool {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	_, own := p.made[instance]
	return !own && len(p.made) > 0
}

// validationsOfARun is how often a run block that creates an instance validates it: on its own, for the plan and for the apply.
const validationsOfARun = 3

// validate notes a validation of a provider that is configured.
func (p *registrationPolicies) validate() {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	p.validated++
}

// keep notes an instance that is in the state and in the configuration.
func (p *registrationPolicies) keep(instance string, config tftypes.Value, diags *diag.Diagnostics) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	if p.kept == nil {
		p.kept = map[string]tftypes.Value{}
	}
	p.planned++
	p.kept[instance] = config
	// A replacement that an earlier run has planned is not this one's.
	delete(p.replaced, instance)
	if len(p.kept) > 1 || p.created > 0 {
		p.addSecond(diags)
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
			// It is planned without another validation.
			p.replaced[instance] = true
			return
		}
	}
	p.planned++
	p.created++
	if len(p.kept) > 0 || p.created > 1 || p.destroyed > 0 {
		p.addSecond(diags)
	}
}

// destroy notes an instance that is in the state only. By itself it is none too many: it is how a second one is got rid of.
func (p *registrationPolicies) destroy(instance string, diags *diag.Diagnostics) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	if p.gone == nil {
		p.gone = map[string]bool{}
	}
	p.gone[instance] = true
	p.destroyed++
	if p.created > 0 {
		p.addSecond(diags)
	}
}

// addSecond reports a second policy where all that was planned belongs to one run. Of several instances of one run that are
// validated at a time, the last one to be planned is reported.
func (p *registrationPolicies) addSecond(diags *diag.Diagnostics) {
	if p.validated <= p.planned {
		addSecondPolicy(diags)
	}
}

// makeOne notes that an instance is about to be created, and refuses it beside one that was created in the same apply. An apply
// of another run, as when one run block sets up what the next one takes over, has all validations of its run after that.
func (p *registrationPolicies) makeOne(instance string, diags *diag.Diagnostics) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	for _, then := range p.made {
		if p.validated-then < validationsOfARun {
			addSecondPolicy(diags)
			return
		}
	}
	if p.made == nil {
		p.made = map[string]int{}
	}
	p.made[instance] = p.validated
}

// forget notes that an instance was destroyed, or not created after all.
func (p *registrationPolicies) forget(instance string) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	delete(p.kept, instance)
	delete(p.replaced, instance)
	delete(p.made, instance)
	delete(p.known, instance)
	delete(p.gone, instance)
}

func addSecondPolicy(diags *diag.Diagnostics) {
	diags.AddError("A second registration policy for the same tenant",
		"This run has another entramfa_registration_policy for this tenant, which has one registration campaign. The two would overwrite each other "+
			"in every apply, and destroying either would take the campaign away from the other.\n\n"+
			"Keep one of them. If this is the same policy under a new address, say so with a moved block. One that is in the state and shall stay as it is "+
			"in the tenant leaves the state with a removed block (lifecycle { destroy = false }) or `terraform state rm`. "+
			"The policy of another tenant needs a provider block of its own, with an alias.")
}

package peruser

import (
	"context"
	"crypto/sha256"
	"strings"
	"sync"
	"time"

	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/mfa"
)

// How long a resource waits for the others of its run.
const (
	// othersKnown bounds the wait for those that have begun to know whom they want.
	othersKnown = 10 * time.Second
	// validationsPlanned is how long validations may stay without the plan that follows each of them in one run, before two wishes for one
	// person count as those of two runs. On a busy machine that is more than a moment.
	validationsPlanned = 10 * time.Second
	// othersPlanned bounds the same wait where it only decides whether a person is disabled for a moment.
	othersPlanned = time.Second
)

// runPeople knows which resources of a run want a person and which let go of one, because a person who is handed from one address to
// another is disabled by the one and adopted by the other, in whatever order Terraform comes to them.
//
// Terraform does not tell a provider the addresses of resources, nor that a plan begins. A provider that is configured is asked for one
// plan or one apply, and validates each instance once, right before its plan. `terraform test` of newer versions (1.14 is one) shares
// one provider between run blocks, and validates whole modules: see oneRun. What another provider block does is not seen.
type runPeople struct {
	mutex sync.Mutex
	// changed is closed and replaced at each change.
	changed chan struct{}
	// validated and planned count the instances; unsettled counts those whose plan has begun and does not know its users yet.
	validated, planned, unsettled int
	// validatedConfigs and plannedConfigs count the instances of one configuration: two resources may be spelled the same.
	validatedConfigs, plannedConfigs map[configDigest]int
	// claims are who wants a person, by object id in lower case and by owner, and wanted are the ids by owner: each plan and each create looks
	// at its own claims only.
	claims map[string]map[string]*personClaim
	wanted map[string][]string
	// destroyed are the persons whom a destroy of this run disables, by object id in lower case.
	destroyed map[string]personRelease
	// removed are those whom an update takes out of a map.
	removed map[string]bool
	// read are the states that a refresh of this run has found, by object id in lower case.
	read map[string]mfa.State
	// leaving are the persons who are being disabled; each channel is closed when that is over.
	leaving map[string]chan struct{}
}

type configDigest [sha256.Size]byte

// digestConfig is a configuration as a key.
func digestConfig(typeName string, config tftypes.Value) configDigest {
	return sha256.Sum256([]byte(typeName + "\n" + config.String()))
}

// personClaim is what one resource wants of a person.
type personClaim struct {
	// resource describes the one that wants it, for messages.
	resource string
	// wanted is empty while it is not known.
	wanted mfa.State
	// plan tells the plans of instances apart.
	plan *peoplePlan
}

// personRelease is who disables a person by a destroy.
type personRelease struct {
	owner, resource string
}

// claimedPerson is a person whom a plan wants in a state.
type claimedPerson struct {
	id, name string
	wanted   mfa.State
}

// peoplePlan is the plan of one instance.
type peoplePlan struct {
	people   *runPeople
	owner    string
	resource string
	config   configDigest
	settled  bool
}

// update changes what is known and wakes up those who wait for it.
func (p *runPeople) update(change func()) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	change()
	if p.changed != nil {
		close(p.changed)
	}
	p.changed = make(chan struct{})
}

// await waits until a condition holds, the time is over or the context ends, and reports whether it holds.
func (p *runPeople) await(ctx context.Context, most time.Duration, condition func() bool) bool {
	timer := time.NewTimer(most)
	defer timer.Stop()
	for {
		p.mutex.Lock()
		holds := condition()
		if p.changed == nil {
			p.changed = make(chan struct{})
		}
		changed := p.changed
		p.mutex.Unlock()
		if holds {
			return true
		}
		select {
		case <-changed:
		case <-timer.C:
			return false
		case <-ctx.Done():
			return false
		}
	}
}

// validatePeople notes a validation by a provider that is configured.
func (d *run) validatePeople(config configDigest) {
	p := d.people
	p.update(func() {
		p.validated++
		if p.validatedConfigs == nil {
			p.validatedConfigs = map[configDigest]int{}
		}
		p.validatedConfigs[config]++
	})
}

// begin notes the plan of an instance that is in the configuration. owner names the instance where it has a state; in a create it is
// made of the configuration. replaces names the instance that a new one replaces: it was planned right before, and does not count any more.
func (p *runPeople) begin(owner, replaces, resource string, config configDigest) *peoplePlan {
	if owner == "" {
		owner = string(config[:])
	}
	plan := &peoplePlan{people: p, owner: owner, resource: resource, config: config}
	p.update(func() {
		p.unsettled++
		if replaces != "" {
			p.dropClaims(replaces)
			return
		}
		p.planned++
		if p.plannedConfigs == nil {
			p.plannedConfigs = map[configDigest]int{}
		}
		p.plannedConfigs[config]++
	})
	return plan
}

// claim notes whom the instance wants.
func (l *peoplePlan) claim(persons []claimedPerson) {
	p := l.people
	p.update(func() {
		if p.claims == nil {
			p.claims, p.wanted = map[string]map[string]*personClaim{}, map[string][]string{}
		}
		// What the same instance wanted in an earlier plan does not count any more. A second new resource that is spelled the same has
		// a validation of its own.
		second := l.owner == string(l.config[:]) && p.plannedConfigs[l.config] > 1 && p.validatedConfigs[l.config] >= p.plannedConfigs[l.config]
		owner := l.owner
		if second {
			owner += secondOwner
		} else {
			p.dropClaims(owner)
		}
		for _, person := range persons {
			id := strings.ToLower(person.id)
			if p.claims[id] == nil {
				p.claims[id] = map[string]*personClaim{}
			}
			p.claims[id][owner] = &personClaim{resource: l.resource, wanted: person.wanted, plan: l}
			p.wanted[owner] = append(p.wanted[owner], id)
		}
		l.settle()
	})
}

// settle is called with the mutex held.
func (l *peoplePlan) settle() {
	if !l.settled {
		l.settled = true
		l.people.unsettled--
	}
}

// end notes that the plan is over, also where it has failed before it knew whom it wants.
func (l *peoplePlan) end() { l.people.update(l.settle) }

// secondOwner tells the second of two new resources with the same configuration from the first.
const secondOwner = "+"

// dropClaims is called with the mutex held.
func (p *runPeople) dropClaims(owner string) {
	for _, name := range []string{owner, owner + secondOwner} {
		for _, id := range p.wanted[name] {
			delete(p.claims[id], name)
		}
		delete(p.wanted, name)
	}
}

// release notes the persons whom a destroy disables, and forgets what their resource wanted.
func (p *runPeople) release(owner, resource string, persons []claimedPerson) {
	p.update(func() {
		p.dropClaims(owner)
		if p.destroyed == nil {
			p.destroyed = map[string]personRelease{}
		}
		for _, person := range persons {
			p.destroyed[strings.ToLower(person.id)] = personRelease{owner: owner, resource: resource}
		}
	})
}

// remove notes the persons whom an update takes out of a map.
func (p *runPeople) remove(ids []string) {
	p.update(func() {
		if p.removed == nil {
			p.removed = map[string]bool{}
		}
		for _, id := range ids {
			p.removed[strings.ToLower(id)] = true
		}
	})
}

// comesFromAMap reports whether an update of this run takes a person out of a map.
func (p *runPeople) comesFromAMap(id string) bool {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	return p.removed[strings.ToLower(id)]
}

// created renames the claims of a new resource, which are known by its configuration, to the name that its state has.
func (p *runPeople) created(config configDigest, owner string) {
	planned := string(config[:])
	p.update(func() {
		for _, id := range p.wanted[planned] {
			p.claims[id][owner] = p.claims[id][planned]
			p.wanted[owner] = append(p.wanted[owner], id)
		}
		p.dropClaims(planned)
	})
}

// noteRead notes a state that a refresh has found.
func (p *runPeople) noteRead(id string, state mfa.State) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	if p.read == nil {
		p.read = map[string]mfa.State{}
	}
	p.read[strings.ToLower(id)] = state
}

// found is the state that a refresh of this run has found.
func (p *runPeople) found(id string) (state mfa.State, known bool) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	state, known = p.read[strings.ToLower(id)]
	return state, known
}

// oneRun reports whether everything that was planned so far belongs to one run, so that what two plans want contradicts each other. In
// one run a plan follows each validation at once. Other programs than Terraform may not validate; nothing is known of them.
func (p *runPeople) oneRun(ctx context.Context) bool {
	p.mutex.Lock()
	validated := p.validated
	p.mutex.Unlock()
	foreign := false
	planned := p.await(ctx, validationsPlanned, func() bool {
		foreign = p.planned > p.validated
		return foreign || p.planned >= validated
	})
	return planned && !foreign
}

// awaitOthers waits until the other plans of the run know whom they want. Terraform starts many together, so they are given a moment to
// begin.
func (p *runPeople) awaitOthers(ctx context.Context, moment time.Duration) {
	p.await(ctx, moment, func() bool { return false })
	// Who was validated is planned next, see oneRun.
	p.await(ctx, othersPlanned, func() bool { return p.planned >= p.validated })
	p.await(ctx, othersKnown, func() bool { return p.unsettled == 0 })
}

// claimedTwice is a person whom two resources want.
type claimedTwice struct {
	person claimedPerson
	other  personClaim
}

// conflicts lists those of the persons whom another resource of the run wants as well.
func (l *peoplePlan) conflicts(persons []claimedPerson) []claimedTwice {
	p := l.people
	p.mutex.Lock()
	defer p.mutex.Unlock()
	var found []claimedTwice
	for _, person := range persons {
		for _, claim := range p.claims[strings.ToLower(person.id)] {
			if claim.plan != l {
				found = append(found, claimedTwice{person: person, other: *claim})
				break
			}
		}
	}
	return found
}

// handedOver is a person whom a destroy disables and another resource wants to have MFA.
type handedOver struct {
	name string
	// from and to describe the resources.
	from, to string
}

// arrivals lists those of the persons whom a destroy of the run disables.
func (l *peoplePlan) arrivals(persons []claimedPerson) []handedOver {
	p := l.people
	p.mutex.Lock()
	defer p.mutex.Unlock()
	var found []handedOver
	for _, person := range persons {
		release, ok := p.destroyed[strings.ToLower(person.id)]
		if ok && release.owner != l.owner && person.wanted != mfa.Disabled {
			found = append(found, handedOver{name: person.name, from: release.resource, to: l.resource})
		}
	}
	return found
}

// departures lists those of the persons, whom a destroy disables, whom another resource of the run wants to have MFA.
func (p *runPeople) departures(owner, resource string, persons []claimedPerson) []handedOver {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	var found []handedOver
	for _, person := range persons {
		for other, claim := range p.claims[strings.ToLower(person.id)] {
			if other != owner && claim.wanted != mfa.Disabled {
				found = append(found, handedOver{name: person.name, from: resource, to: claim.resource})
				break
			}
		}
	}
	return found
}

// claimed reports whether another resource of the run than the owner wants a person.
func (p *runPeople) claimed(owner, id string) bool {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	return p.claimedLocked(owner, id)
}

// claimedLocked does not go by claims of a program that plans without a validation, which may be of other runs. Where claims of other
// runs count by mistake, as in `terraform test`, somebody keeps per-user MFA.
func (p *runPeople) claimedLocked(owner, id string) bool {
	if p.planned > p.validated {
		return false
	}
	for other := range p.claims[strings.ToLower(id)] {
		if other != owner {
			return true
		}
	}
	return false
}

// leave asks for the persons whom a resource may disable: those whom no other resource of the run wants. A resource that wants one of them
// later waits until done is called.
func (p *runPeople) leave(owner string, ids []string) (mine map[string]bool, done func()) {
	mine = map[string]bool{}
	over := make(chan struct{})
	p.update(func() {
		if p.leaving == nil {
			p.leaving = map[string]chan struct{}{}
		}
		for _, id := range ids {
			id = strings.ToLower(id)
			if !p.claimedLocked(owner, id) {
				mine[id], p.leaving[id] = true, over
			}
		}
	})
	return mine, func() {
		p.update(func() {
			for id := range mine {
				if p.leaving[id] == over {
					delete(p.leaving, id)
				}
			}
		})
		close(over)
	}
}

// arrive waits until nobody is about to disable the persons. The client then knows that they were disabled, whatever a replica says.
func (p *runPeople) arrive(ctx context.Context, ids ...string) {
	for _, id := range ids {
		p.mutex.Lock()
		over := p.leaving[strings.ToLower(id)]
		p.mutex.Unlock()
		if over == nil {
			continue
		}
		select {
		case <-over:
		case <-ctx.Done():
			return
		}
	}
}

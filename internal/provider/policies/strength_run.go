package policies

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client"
	rules "github.com/mfa-as-code/terraform-provider-entramfa/internal/client/conditionalaccess"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/redact"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/resourcekit"
)

// strengthRun is what a run knows of authentication strengths.
type strengthRun struct {
	// strengths are the tenant's strengths, with the run's own writes; nil where the run cannot ask for them.
	strengths *client.AuthenticationStrengths

	// combinations are those that the service knows, asked for only where the list in this provider lacks one.
	combinations resourcekit.Once[[]string]

	// strengthMutex guards what follows.
	strengthMutex sync.Mutex
	// managed are the strengths that resources of this run have read, by id.
	managed map[string]bool
	// claims are what plans of this run make of a strength, by its name.
	claims map[string]strengthClaim
}

// strengthClaim is a strength that a plan makes or keeps. The id of a new one is empty.
type strengthClaim struct{ id, content string }

func (d *run) beginStrengths() {
	d.managed, d.claims = map[string]bool{}, map[string]strengthClaim{}
	if d.Ready() {
		d.strengths = d.Client.NewAuthenticationStrengths()
		// Policies name strengths that the same run has just made.
		d.objects.listStrengths = d.strengths.All
	}
}

// strengthKey is the form in which the names of two strengths are compared.
func strengthKey(name string) string { return strings.ToLower(strings.TrimSpace(name)) }

// manage records a strength that a resource of this run is about.
func (d *run) manage(id string) {
	d.strengthMutex.Lock()
	defer d.strengthMutex.Unlock()
	d.managed[strings.ToLower(id)] = true
}

// unmanage records that a strength is gone.
func (d *run) unmanage(id string) {
	d.strengthMutex.Lock()
	defer d.strengthMutex.Unlock()
	delete(d.managed, strings.ToLower(id))
	d.forget(id)
}

// claim records the name that a plan gives to a strength, and reports whether another plan of this run gives it to another strength.
func (d *run) claim(wanted client.AuthenticationStrength) (twice bool) {
	d.strengthMutex.Lock()
	defer d.strengthMutex.Unlock()
	claim := strengthClaim{id: strings.ToLower(wanted.ID)}
	if claim.id == "" {
		claim.content = fmt.Sprint(wanted.Description, wanted.AllowedCombinations, wanted.Configurations)
	}
	d.forget(claim.id)
	key := strengthKey(wanted.DisplayName)
	other, claimed := d.claims[key]
	d.claims[key] = claim
	return claimed && other != claim
}

// forget drops the claims of a strength. The mutex is held.
func (d *run) forget(id string) {
	maps.DeleteFunc(d.claims, func(_ string, claim strengthClaim) bool { return id != "" && claim.id == strings.ToLower(id) })
}

// othersInTenant returns the strength of the tenant that has the name of a planned one, and how many custom strengths the tenant will have with
// all that this run plans. A strength that a resource of the run is about does not count as the owner of its name: another plan of the run may
// rename, replace or destroy it.
func (d *run) othersInTenant(ctx context.Context, wanted client.AuthenticationStrength) (taken *client.AuthenticationStrength, count int, err error) {
	all, err := d.strengths.All(ctx)
	if err != nil {
		return nil, 0, err
	}
	d.strengthMutex.Lock()
	defer d.strengthMutex.Unlock()
	custom := map[string]bool{}
	for name, claim := range d.claims {
		if claim.id == "" {
			custom[name] = true
		}
	}
	for _, strength := range all {
		if !strength.IsBuiltIn() {
			custom[strengthKey(strength.DisplayName)] = true
		}
		if strengthKey(strength.DisplayName) == strengthKey(wanted.DisplayName) && !strings.EqualFold(strength.ID, wanted.ID) && !d.managed[strings.ToLower(strength.ID)] {
			taken = &strength
		}
	}
	return taken, len(custom), nil
}

// knownCombinations are the combinations that the service knows.
func (d *run) knownCombinations(ctx context.Context) ([]string, error) {
	return d.combinations.Get(ctx, d.Client.ListStrengthCombinations)
}

// enterStrength takes over what became of a strength by a write: nil where it was deleted, err where nobody knows.
func (d *run) enterStrength(id string, strength *client.AuthenticationStrength, err error) {
	d.strengths.Record(id, strength, err)
	d.strengthMutex.Lock()
	defer d.strengthMutex.Unlock()
	switch {
	case err != nil:
	case strength == nil:
		d.forget(id)
	default:
		d.managed[strings.ToLower(id)] = true
		d.claims[strengthKey(strength.DisplayName)] = strengthClaim{id: strings.ToLower(id)}
	}
}

// policiesAsking are the policies that ask for a strength.
func (d *run) policiesAsking(ctx context.Context, id string) ([]client.ConditionalAccessPolicy, error) {
	all, err := d.policies.All(ctx)
	return slices.DeleteFunc(slices.Clone(all), func(policy client.ConditionalAccessPolicy) bool { return !policy.AsksForStrength(id) }), err
}

// describePolicies is a line for each policy.
func describePolicies(policies []client.ConditionalAccessPolicy) []string {
	lines := make([]string, len(policies))
	for i, policy := range policies {
		state := string(policy.State)
		if policy.State == rules.ReportOnly {
			state = "report-only"
		}
		lines[i] = fmt.Sprintf("%s (%s, id %s)", redact.NameInQuotes(policy.DisplayName), state, policy.ID)
	}
	return lines
}

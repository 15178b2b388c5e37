package policies

import (
	"context"
	"fmt"
	"strings"
	"sync"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/emergency"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/resourcekit"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/value"
)

// run is what a run knows of Conditional Access policies.
type run struct {
	*resourcekit.Run
	emergency *emergency.State
	// policies are the tenant's policies, with the run's own writes; nil where the run cannot ask for them.
	policies *client.ConditionalAccessPolicies
	// objects are the names of what policies refer to.
	objects *objectNames
	strengthRun

	// people are the people whom changes are about.
	people *directory

	// defaults is whether the tenant has security defaults, and licences are the plans of Microsoft Entra ID that it has.
	defaults resourcekit.Once[bool]
	licences resourcekit.Once[client.Licences]

	// mutex guards planned, the names of policies that plans of this run create.
	mutex   sync.Mutex
	planned map[string]bool
	// told are the checks of which a plan has said that they cannot be made.
	told map[string]bool
}

// Begin makes it a part of a run.
func (d *run) Begin(run *resourcekit.Run) {
	d.Run, d.emergency, d.planned = run, emergency.Of(run), map[string]bool{}
	d.told = map[string]bool{}
	if run.Ready() {
		d.policies = run.AccessPolicies()
		d.objects, d.people = newObjectNames(run), newDirectory(run.Client)
	}
	d.beginStrengths()
}

// securityDefaults reports whether the tenant has security defaults.
func (d *run) securityDefaults(ctx context.Context) (bool, error) {
	return d.defaults.Get(ctx, d.Client.SecurityDefaultsEnabled)
}

// plans are the plans of Microsoft Entra ID that the tenant has.
func (d *run) plans(ctx context.Context) (client.Licences, error) {
	return d.licences.Get(ctx, d.Client.GetLicences)
}

// cannotCheck says once in a run that a check cannot be made. A plan goes on without: the service decides.
func (d *run) cannotCheck(what string, err error, diags *diag.Diagnostics) {
	d.mutex.Lock()
	defer d.mutex.Unlock()
	if d.told[what] {
		return
	}
	d.told[what] = true
	diags.AddWarning(fmt.Sprintf("Nobody could check %s", what), fmt.Sprintf("%s.\n\nThe plan goes on without: the service decides when the policy is written.", reason(err)))
}

// find finds the policies that have an id or a name; names are compared without case. An id that does not exist is an error.
func (d *run) find(ctx context.Context, key string) ([]client.ConditionalAccessPolicy, error) {
	if value.IsGUID(key) {
		found, err := d.policies.Find(ctx, key)
		return []client.ConditionalAccessPolicy{found}, err
	}
	all, err := d.policies.All(ctx)
	var named []client.ConditionalAccessPolicy
	for _, policy := range all {
		if strings.EqualFold(strings.TrimSpace(policy.DisplayName), strings.TrimSpace(key)) {
			named = append(named, policy)
		}
	}
	return named, err
}

// plan records a policy that is to be made, and returns how many policies the tenant will have with all that were recorded.
func (d *run) plan(ctx context.Context, name string) (int, error) {
	all, err := d.policies.All(ctx)
	d.mutex.Lock()
	defer d.mutex.Unlock()
	d.planned[name] = true
	return len(all) + len(d.planned), err
}

// enter takes over what became of a policy by a write: nil where it was deleted, err where nobody knows.
func (d *run) enter(id string, policy *client.ConditionalAccessPolicy, err error) {
	d.policies.Record(id, policy, err)
	if err == nil && policy != nil {
		d.mutex.Lock()
		defer d.mutex.Unlock()
		delete(d.planned, policy.DisplayName)
	}
}

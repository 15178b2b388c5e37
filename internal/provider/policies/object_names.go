package policies

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client"
	rules "github.com/mfa-as-code/terraform-provider-entramfa/internal/client/conditionalaccess"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/redact"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/diagnose"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/resourcekit"
)

// objectNames are the names of the objects that the policies of a run refer to. Each kind is looked up with as few requests as there are pages
// or chunks of ids, and nothing is looked up twice.
type objectNames struct {
	*resourcekit.Run
	// mutex is held while names are looked up, so that callers that wait for it find them.
	mutex sync.Mutex
	// known has the name of each id that was looked up; empty where there is no such object.
	known map[rules.ReferenceKind]map[string]string
	// failures are the kinds that cannot be looked up. A permission does not come within a run.
	failures map[rules.ReferenceKind]error
	// told are the kinds of which a plan has said that they cannot be looked up.
	told map[rules.ReferenceKind]bool
	// listStrengths is the run's list of authentication strengths, with those that the run has made.
	listStrengths func(ctx context.Context) ([]client.AuthenticationStrength, error)

	// queue is what callers that wait for mutex are going to look up: the next one that gets it looks it up for all of them.
	queueMutex sync.Mutex
	queue      []rules.Reference
}

func newObjectNames(run *resourcekit.Run) *objectNames {
	return &objectNames{Run: run, known: map[rules.ReferenceKind]map[string]string{}, failures: map[rules.ReferenceKind]error{}, told: map[rules.ReferenceKind]bool{}}
}

// enqueue adds references to what is looked up next, and taken returns that.
func (o *objectNames) enqueue(wanted []rules.Reference) {
	o.queueMutex.Lock()
	defer o.queueMutex.Unlock()
	o.queue = append(o.queue, wanted...)
}

func (o *objectNames) taken() []rules.Reference {
	o.queueMutex.Lock()
	defer o.queueMutex.Unlock()
	all := o.queue
	o.queue = nil
	return all
}

// lookUp returns the names of references by id, and those of objects that do not exist. A kind that cannot be looked up is in failures.
func (o *objectNames) lookUp(ctx context.Context, wanted []rules.Reference) (names map[string]string, missing []rules.Reference, failures map[rules.ReferenceKind]error) {
	o.enqueue(wanted)
	o.mutex.Lock()
	defer o.mutex.Unlock()
	open := map[rules.ReferenceKind][]string{}
	// Of a caller whose context has ended meanwhile nothing is known: what this one wants is added again.
	for _, r := range append(o.taken(), wanted...) {
		if _, known := o.known[r.Kind][r.ID]; !known && o.failures[r.Kind] == nil && !slices.Contains(open[r.Kind], r.ID) {
			open[r.Kind] = append(open[r.Kind], r.ID)
		}
	}
	// Users, groups and service principals are found by one request.
	if ids := slices.Concat(open[rules.ReferenceUser], open[rules.ReferenceGroup], open[rules.ReferenceServicePrincipal]); len(ids) > 0 {
		o.directory(ctx, open)
	}
	for kind, list := range map[rules.ReferenceKind]func(context.Context, []string) (map[string]string, error){rules.ReferenceRole: o.roles, rules.ReferenceApp: o.apps, rules.ReferenceLocation: o.locations, rules.ReferenceStrength: o.strengths} {
		if len(open[kind]) == 0 {
			continue
		}
		found, err := list(ctx, open[kind])
		o.enter(ctx, kind, open[kind], found, err)
	}
	names, failures = map[string]string{}, map[rules.ReferenceKind]error{}
	for _, r := range wanted {
		name, known := o.known[r.Kind][r.ID]
		switch {
		case !known && o.failures[r.Kind] != nil:
			failures[r.Kind] = o.failures[r.Kind]
		case !known:
			// The context has ended.
			failures[r.Kind] = client.Interrupted(ctx, "looking up what policies name")
		case name == "":
			missing = append(missing, r)
		default:
			names[r.ID] = name
		}
	}
	return names, missing, failures
}

func (o *objectNames) enter(ctx context.Context, kind rules.ReferenceKind, ids []string, found map[string]string, err error) {
	if err != nil {
		if ctx.Err() == nil {
			o.failures[kind] = err
		}
		return
	}
	if o.known[kind] == nil {
		o.known[kind] = map[string]string{}
	}
	for _, id := range ids {
		o.known[kind][id] = found[id]
	}
	// A list has all objects of its kind.
	for id, name := range found {
		o.known[kind][id] = name
	}
}

func (o *objectNames) directory(ctx context.Context, open map[rules.ReferenceKind][]string) {
	objects, err := o.Client.GetDirectoryObjects(ctx, slices.Concat(open[rules.ReferenceUser], open[rules.ReferenceGroup], open[rules.ReferenceServicePrincipal]), o.Client.Consistency().Missing)
	found := map[rules.ReferenceKind]map[string]string{rules.ReferenceUser: {}, rules.ReferenceGroup: {}, rules.ReferenceServicePrincipal: {}}
	for id, object := range objects {
		var kind rules.ReferenceKind
		switch {
		case object.IsUser():
			kind = rules.ReferenceUser
		case object.IsGroup():
			kind = rules.ReferenceGroup
		case object.Kind() == "servicePrincipal":
			kind = rules.ReferenceServicePrincipal
		}
		if found[kind] != nil {
			found[kind][id] = shown(string(kind), object.Name())
		}
	}
	for kind, names := range found {
		if len(open[kind]) > 0 {
			o.enter(ctx, kind, open[kind], names, err)
		}
	}
}

// shown is a name for people who read a plan.
func shown(kind, name string) string { return fmt.Sprintf("%s %s", kind, redact.QuotedName(name)) }

func (o *objectNames) roles(ctx context.Context, _ []string) (map[string]string, error) {
	all, err := o.Client.ListRoleTemplates(ctx)
	names := map[string]string{}
	for _, role := range all {
		names[strings.ToLower(role.ID)] = shown("role", role.DisplayName)
	}
	return names, err
}

func (o *objectNames) apps(ctx context.Context, ids []string) (map[string]string, error) {
	found, err := o.Client.ServicePrincipalsByAppID(ctx, ids)
	names := map[string]string{}
	for id, app := range found {
		names[id] = shown("app", app.DisplayName)
	}
	return names, err
}

func (o *objectNames) locations(ctx context.Context, _ []string) (map[string]string, error) {
	all, err := o.NamedLocations().All(ctx)
	names := map[string]string{}
	for _, location := range all {
		names[strings.ToLower(location.ID)] = shown("location", location.DisplayName)
	}
	return names, err
}

func (o *objectNames) strengths(ctx context.Context, _ []string) (map[string]string, error) {
	all, err := o.listStrengths(ctx)
	names := map[string]string{}
	for _, strength := range all {
		names[strings.ToLower(strength.ID)] = shown("authentication strength", strength.DisplayName)
	}
	return names, err
}

// tell says, once in a run, which objects cannot be looked up. A plan goes on without: the service decides.
func (o *objectNames) tell(failures map[rules.ReferenceKind]error, diags *diag.Diagnostics) {
	o.mutex.Lock()
	defer o.mutex.Unlock()
	var lines []string
	for _, kind := range slices.Sorted(maps.Keys(failures)) {
		if o.told[kind] {
			continue
		}
		o.told[kind] = true
		lines = append(lines, fmt.Sprintf("each %s: %s", kind, reason(failures[kind])))
	}
	if len(lines) > 0 {
		diags.AddWarning("Not everything that policies name could be looked up",
			"Whether these exist is not known, and their names are missing from the plan:\n"+diagnose.List(lines)+"\n\nThe service checks them when the policy is written.")
	}
}

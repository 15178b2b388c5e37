// Package resourcekit is what the operations of every resource share: how they begin and end, what a run knows, timeouts, the private state with the tenant that a
// state was made in, upgrades and moves of states, and changes that nobody has reviewed. It knows no resource.
package resourcekit

import (
	"context"
	"fmt"
	"reflect"
	"strings"
	"sync"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client"
)

// Run is what the resources and data sources of one configured provider share. Terraform configures a provider once for a plan or an
// apply. What only one area needs to know of a run is a Part of it.
type Run struct {
	// Client is nil while a part of the provider block is not known yet.
	Client *client.Client
	// Unknown names those parts.
	Unknown []string
	// Gone are the objects that the run has looked at, gone or there.
	Gone goneObjects

	mutex sync.Mutex
	// parts are what each area knows of the run, by its type.
	parts map[reflect.Type]any
}

// Configured reports whether requests can be made, and explains in the diagnostics where they cannot.
func (r *Run) Configured(diags *diag.Diagnostics) bool {
	switch {
	case r == nil:
		diags.AddError("Provider not configured",
			"The provider was asked for something before it was configured. This is a defect of the provider or of the program that drives it; please report it.")
		return false
	case r.Client == nil:
		diags.AddError("Provider not configured",
			fmt.Sprintf("The provider block depends on values that are not known yet: %s. Apply what they come from first (-target), "+
				"or set them from variables or the environment.", strings.Join(r.Unknown, ", ")))
		return false
	}
	return true
}

// Ready reports whether a plan can ask Graph. Where it cannot, its checks are made at apply.
func (r *Run) Ready() bool { return r != nil && r.Client != nil }

// Part is what one area knows of a run.
type Part[T any] interface {
	*T
	// Begin is called before anybody uses the part. It sends no request. The run is nil before the provider is configured.
	Begin(run *Run)
}

// Of returns what an area knows of a run, which is the same for every caller. Before the provider is configured there is no run, and
// each caller gets a part of its own.
func Of[T any, P Part[T]](run *Run) *T {
	if run == nil {
		part := new(T)
		P(part).Begin(nil)
		return part
	}
	if known, ok := run.part(reflect.TypeFor[T](), nil).(*T); ok {
		return known
	}
	// A part may begin with other parts of the run, so the lock is not held here. Where two begin at the same time, the first one stays.
	part := new(T)
	P(part).Begin(run)
	if first, ok := run.part(reflect.TypeFor[T](), part).(*T); ok {
		return first
	}
	return part
}

// part returns the part of a type, and sets it where there is none yet.
func (r *Run) part(of reflect.Type, made any) any {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	if r.parts[of] == nil && made != nil {
		if r.parts == nil {
			r.parts = map[reflect.Type]any{}
		}
		r.parts[of] = made
	}
	return r.parts[of]
}

// Resource is embedded by each resource and list resource, and gives it what its area knows of the run.
type Resource[T any, P Part[T]] struct{ Data *T }

func (r *Resource[T, P]) Configure(_ context.Context, req resource.ConfigureRequest, _ *resource.ConfigureResponse) {
	run, _ := req.ProviderData.(*Run)
	r.Data = Of[T, P](run)
}

// DataSource is the same for data sources.
type DataSource[T any, P Part[T]] struct{ Data *T }

func (d *DataSource[T, P]) Configure(_ context.Context, req datasource.ConfigureRequest, _ *datasource.ConfigureResponse) {
	run, _ := req.ProviderData.(*Run)
	d.Data = Of[T, P](run)
}

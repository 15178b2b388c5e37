package resourcekit

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/diagnose"
)

// Model is the model of a resource with what every operation asks of it. M is the struct of its attributes.
type Model[M any] interface {
	*M
	// Identity is what Terraform keeps beside the state: a struct of the attributes of the identity schema.
	Identity() any
	// TimeoutsBlock is the timeouts block.
	TimeoutsBlock() types.Object
	// HasIDs reports whether a state says which object it is about, and explains in the diagnostics where it does not.
	HasIDs(diags *diag.Diagnostics) bool
}

// Operation is one operation on a resource. A Begin function makes it and checks what every operation has to check first; where the operation
// must not go on, the function has said why, and returns nil. End is called when the operation is over.
type Operation[M any, P Model[M]] struct {
	// Config, Plan and Prior are what the request has. Prior is the state. Each is nil where there is none: Prior in a create, Plan
	// in a read, a destroy and the plan of one, Config there and in an import.
	Config, Plan, Prior P
	// Diags are those of the answer.
	Diags *diag.Diagnostics
	// Private is the private state, as it was and as it is to be.
	Private PrivateState

	state    *tfsdk.State
	identity *tfsdk.ResourceIdentity
	plan     *tfsdk.Plan
	end      context.CancelFunc
}

// BeginPlan begins ModifyPlan. Requests cannot be made yet where the provider block is not known, see [Run.Ready].
func BeginPlan[M any, P Model[M]](
	ctx context.Context, run *Run, limits TimeLimits, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse,
) (context.Context, *Operation[M, P]) {
	o := &Operation[M, P]{Diags: &resp.Diagnostics, Private: resp.Private, plan: &resp.Plan}
	if !run.SameTenant(ctx, req.Private, o.Diags) {
		return ctx, nil
	}
	if !req.State.Raw.IsNull() {
		o.Prior = read[M, P](ctx, req.State, o.Diags)
	}
	if !req.Plan.Raw.IsNull() {
		o.Plan, o.Config = read[M, P](ctx, req.Plan, o.Diags), read[M, P](ctx, req.Config, o.Diags)
	}
	if o.Failed() || o.Prior != nil && !o.Prior.HasIDs(o.Diags) {
		return ctx, nil
	}
	if o.Plan != nil {
		ctx, o.end = limits.WithinPlan(ctx, o.Plan.TimeoutsBlock())
	} else {
		ctx, o.end = limits.WithinPlan(ctx, o.Prior.TimeoutsBlock())
	}
	return ctx, o
}

// BeginCreate begins Create.
func BeginCreate[M any, P Model[M]](
	ctx context.Context, run *Run, limits TimeLimits, req resource.CreateRequest, resp *resource.CreateResponse,
) (context.Context, *Operation[M, P]) {
	o := &Operation[M, P]{Diags: &resp.Diagnostics, Private: resp.Private, state: &resp.State, identity: resp.Identity}
	o.Config, o.Plan = read[M, P](ctx, req.Config, o.Diags), read[M, P](ctx, req.Plan, o.Diags)
	if o.Failed() || !run.InTenant(ctx, o.Private, o.Diags) {
		return ctx, nil
	}
	ctx, o.end = limits.Within(ctx, Create, o.Plan.TimeoutsBlock())
	return ctx, o
}

// BeginRead begins Read.
func BeginRead[M any, P Model[M]](
	ctx context.Context, run *Run, limits TimeLimits, req resource.ReadRequest, resp *resource.ReadResponse,
) (context.Context, *Operation[M, P]) {
	o := &Operation[M, P]{Diags: &resp.Diagnostics, Private: resp.Private, state: &resp.State, identity: resp.Identity}
	o.Prior = read[M, P](ctx, req.State, o.Diags)
	if o.Failed() || !run.InTenant(ctx, o.Private, o.Diags) || !o.Prior.HasIDs(o.Diags) {
		return ctx, nil
	}
	ctx, o.end = limits.Within(ctx, Read, o.Prior.TimeoutsBlock())
	return ctx, o
}

// BeginUpdate begins Update.
func BeginUpdate[M any, P Model[M]](
	ctx context.Context, run *Run, limits TimeLimits, req resource.UpdateRequest, resp *resource.UpdateResponse,
) (context.Context, *Operation[M, P]) {
	o := &Operation[M, P]{Diags: &resp.Diagnostics, Private: resp.Private, state: &resp.State, identity: resp.Identity}
	o.Config, o.Plan, o.Prior = read[M, P](ctx, req.Config, o.Diags), read[M, P](ctx, req.Plan, o.Diags), read[M, P](ctx, req.State, o.Diags)
	if o.Failed() || !run.InTenant(ctx, o.Private, o.Diags) || !o.Prior.HasIDs(o.Diags) {
		return ctx, nil
	}
	ctx, o.end = limits.Within(ctx, Update, o.Plan.TimeoutsBlock())
	return ctx, o
}

// BeginDelete begins Delete. Where the model has a method KeepsOnDestroy and it says so, there is nothing to do: that needs neither a
// client nor an id, so that a destroy also works where the provider cannot sign in.
func BeginDelete[M any, P Model[M]](
	ctx context.Context, run *Run, limits TimeLimits, req resource.DeleteRequest, resp *resource.DeleteResponse,
) (context.Context, *Operation[M, P]) {
	o := &Operation[M, P]{Diags: &resp.Diagnostics, Private: resp.Private, state: &resp.State, identity: resp.Identity}
	o.Prior = read[M, P](ctx, req.State, o.Diags)
	if o.Failed() || !run.SameTenant(ctx, req.Private, o.Diags) {
		return ctx, nil
	}
	if keeper, ok := any(o.Prior).(interface{ KeepsOnDestroy() bool }); ok && keeper.KeepsOnDestroy() {
		return ctx, nil
	}
	if !o.Prior.HasIDs(o.Diags) || !run.Configured(o.Diags) {
		return ctx, nil
	}
	ctx, o.end = limits.Within(ctx, Delete, o.Prior.TimeoutsBlock())
	return ctx, o
}

// BeginImport begins ImportState. Where the request has no id, it has an identity, which is read into the struct that identity points to.
func BeginImport[M any, P Model[M]](
	ctx context.Context, run *Run, limits TimeLimits, req resource.ImportStateRequest, resp *resource.ImportStateResponse, identity any,
) (context.Context, *Operation[M, P]) {
	o := &Operation[M, P]{Diags: &resp.Diagnostics, state: &resp.State, identity: resp.Identity}
	if !run.Configured(o.Diags) {
		return ctx, nil
	}
	if req.ID == "" {
		o.Diags.Append(req.Identity.Get(ctx, identity)...)
	}
	if o.Failed() {
		return ctx, nil
	}
	ctx, o.end = limits.WithinImport(ctx)
	return ctx, o
}

// readable is a configuration, a plan or a state.
type readable interface {
	Get(ctx context.Context, target any) diag.Diagnostics
}

func read[M any, P Model[M]](ctx context.Context, from readable, diags *diag.Diagnostics) P {
	model := P(new(M))
	diags.Append(from.Get(ctx, model)...)
	return model
}

// End lets go of what the operation holds.
func (o *Operation[M, P]) End() { o.end() }

// Failed reports whether an error was found.
func (o *Operation[M, P]) Failed() bool { return o.Diags.HasError() }

// Fail reports an error of the client.
func (o *Operation[M, P]) Fail(err error) { diagnose.Error(o.Diags, err) }

// FailAt reports an error of the client that is about an attribute.
func (o *Operation[M, P]) FailAt(at path.Path, err error) { diagnose.AttributeError(o.Diags, at, err) }

// Publish answers with a model: state and identity together, or in a plan the plan. It is called after errors as well where a part was
// written, because Terraform must know of everything that exists.
func (o *Operation[M, P]) Publish(ctx context.Context, model P) {
	if o.plan != nil {
		o.Diags.Append(o.plan.Set(ctx, model)...)
		return
	}
	o.Diags.Append(o.state.Set(ctx, model)...)
	o.Diags.Append(o.identity.Set(ctx, model.Identity())...)
}

// Gone takes the object out of the state. The framework wants the identity of a resource that is gone, too.
func (o *Operation[M, P]) Gone(ctx context.Context) {
	o.Diags.Append(o.identity.Set(ctx, o.Prior.Identity())...)
	o.state.RemoveResource(ctx)
}

// PublishMove answers a move of a state from another type.
func PublishMove[M any, P Model[M]](ctx context.Context, resp *resource.MoveStateResponse, moved P) {
	resp.Diagnostics.Append(resp.TargetState.Set(ctx, moved)...)
	resp.Diagnostics.Append(resp.TargetIdentity.Set(ctx, moved.Identity())...)
}

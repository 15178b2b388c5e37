package resourcekit

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/identityschema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/clienttest"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/graph"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/graph/signin"
)

// thing is a resource of the tests.
type thing struct {
	ID   types.String `tfsdk:"id"`
	Keep types.Bool   `tfsdk:"keep"`
}

type thingIdentity struct {
	ID types.String `tfsdk:"id"`
}

func (t *thing) Identity() any                       { return thingIdentity{ID: t.ID} }
func (t *thing) HasIDs(diags *diag.Diagnostics) bool { return HasID("id", t.ID, diags) }
func (t *thing) KeepsOnDestroy() bool                { return t.Keep.ValueBool() }
func (t *thing) TimeoutsBlock() types.Object {
	return types.ObjectValueMust(timeoutTypes, map[string]attr.Value{
		Create: types.StringValue("1h"), Read: types.StringValue("2h"), Update: types.StringValue("3h"), Delete: types.StringValue("4h"),
	})
}

var (
	thingSchema = schema.Schema{Attributes: map[string]schema.Attribute{
		"id": schema.StringAttribute{Computed: true}, "keep": schema.BoolAttribute{Optional: true},
	}}
	thingIdentitySchema = identityschema.Schema{Attributes: map[string]identityschema.Attribute{"id": identityschema.StringAttribute{RequiredForImport: true}}}
)

const thingID = "11111111-aaaa-4aaa-8aaa-000000000001"

// answer is a state and an identity as an operation finds them.
func answer(t *testing.T, of *thing) (tfsdk.State, *tfsdk.ResourceIdentity) {
	t.Helper()
	ctx := context.Background()
	state := tfsdk.State{Schema: thingSchema, Raw: tftypes.NewValue(thingSchema.Type().TerraformType(ctx), nil)}
	if of != nil {
		if diags := state.Set(ctx, of); diags.HasError() {
			t.Fatal(diags)
		}
	}
	return state, &tfsdk.ResourceIdentity{Schema: thingIdentitySchema, Raw: tftypes.NewValue(thingIdentitySchema.Type().TerraformType(ctx), nil)}
}

// configured is a run that can make requests, and makes none.
func configured(t *testing.T) *Run {
	t.Helper()
	made, err := client.New(signin.Cloud{GraphEndpoint: "https://graph.invalid"}, &clienttest.FakeCredential{}, graph.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return &Run{Client: made}
}

// begun is what is common to the operations of a test.
type begun struct {
	ctx      context.Context
	op       *Operation[thing, *thing]
	diags    *diag.Diagnostics
	state    *tfsdk.State
	identity *tfsdk.ResourceIdentity
}

// operations begin each operation on a resource of the state.
func operations(t *testing.T) map[string]func(run *Run, of *thing) begun {
	t.Helper()
	limits := TimeLimits{TypeName: "entramfa_thing", Write: time.Minute, Read: time.Minute}
	ctx := context.Background()
	plan := func(of *thing) tfsdk.Plan {
		state, _ := answer(t, of)
		return tfsdk.Plan{Schema: thingSchema, Raw: state.Raw}
	}
	config := func(of *thing) tfsdk.Config {
		state, _ := answer(t, of)
		return tfsdk.Config{Schema: thingSchema, Raw: state.Raw}
	}
	return map[string]func(run *Run, of *thing) begun{
		Create: func(run *Run, of *thing) begun {
			var resp resource.CreateResponse
			resp.State, resp.Identity = answer(t, nil)
			ctx, op := BeginCreate[thing](ctx, run, limits, resource.CreateRequest{Config: config(of), Plan: plan(of)}, &resp)
			return begun{ctx, op, &resp.Diagnostics, &resp.State, resp.Identity}
		},
		Read: func(run *Run, of *thing) begun {
			var resp resource.ReadResponse
			resp.State, resp.Identity = answer(t, of)
			ctx, op := BeginRead[thing](ctx, run, limits, resource.ReadRequest{State: resp.State}, &resp)
			return begun{ctx, op, &resp.Diagnostics, &resp.State, resp.Identity}
		},
		Update: func(run *Run, of *thing) begun {
			var resp resource.UpdateResponse
			resp.State, resp.Identity = answer(t, of)
			ctx, op := BeginUpdate[thing](ctx, run, limits, resource.UpdateRequest{Config: config(of), Plan: plan(of), State: resp.State}, &resp)
			return begun{ctx, op, &resp.Diagnostics, &resp.State, resp.Identity}
		},
		Delete: func(run *Run, of *thing) begun {
			var resp resource.DeleteResponse
			resp.State, resp.Identity = answer(t, of)
			ctx, op := BeginDelete[thing](ctx, run, limits, resource.DeleteRequest{State: resp.State}, &resp)
			return begun{ctx, op, &resp.Diagnostics, &resp.State, resp.Identity}
		},
	}
}

func TestAnOperationBeginsOnlyWhereItCanGoOn(t *testing.T) {
	t.Parallel()
	ready := configured(t)
	for name, begin := range operations(t) {
		for what, c := range map[string]struct {
			run  *Run
			of   *thing
			says string
		}{
			"no provider":           {nil, &thing{ID: types.StringValue(thingID)}, "Provider not configured"},
			"provider not known":    {&Run{Unknown: []string{"tenant_id"}}, &thing{ID: types.StringValue(thingID)}, "Provider not configured"},
			"a state without an id": {ready, &thing{ID: types.StringNull()}, "The state does not say which object this is"},
		} {
			if name == Create && c.run == ready {
				continue
			}
			b := begin(c.run, c.of)
			if b.op != nil || len(*b.diags) != 1 || (*b.diags)[0].Summary() != c.says {
				t.Errorf("%s, %s: goes on: %v, %v", name, what, b.op != nil, *b.diags)
			}
		}
		b := begin(ready, &thing{ID: types.StringValue(thingID)})
		if b.op == nil || len(*b.diags) > 0 {
			t.Fatalf("%s does not begin: %v", name, *b.diags)
		}
		hours := map[string]time.Duration{Create: time.Hour, Read: 2 * time.Hour, Update: 3 * time.Hour, Delete: 4 * time.Hour}
		if ends, ok := b.ctx.Deadline(); !ok || time.Until(ends).Round(time.Hour) != hours[name] {
			t.Errorf("%s ends at %v, %v", name, ends, ok)
		}
		if b.op.End(); b.ctx.Err() == nil {
			t.Errorf("the context of %s goes on after its end", name)
		}
	}
}

func TestADestroyThatKeepsNeedsNoClientAndNoID(t *testing.T) {
	t.Parallel()
	b := operations(t)[Delete](&Run{}, &thing{ID: types.StringNull(), Keep: types.BoolValue(true)})
	if b.op != nil || len(*b.diags) > 0 {
		t.Errorf("goes on: %v, %v", b.op != nil, *b.diags)
	}
}

func TestStateAndIdentityArePublishedTogether(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	for name, begin := range operations(t) {
		b := begin(configured(t), &thing{ID: types.StringValue(thingID)})
		defer b.op.End()
		// Also after an error: a part of it exists.
		b.op.Fail(errors.New("half of it failed"))
		b.op.Publish(ctx, &thing{ID: types.StringValue(thingID), Keep: types.BoolValue(true)})
		var state thing
		var identity thingIdentity
		if diags := append(b.state.Get(ctx, &state), b.identity.Get(ctx, &identity)...); diags.HasError() {
			t.Fatal(diags)
		}
		if !state.Keep.ValueBool() || state.ID.ValueString() != thingID || identity.ID.ValueString() != thingID || !b.op.Failed() {
			t.Errorf("%s: state %+v, identity %+v, failed: %v", name, state, identity, b.op.Failed())
		}
		if len(*b.diags) != 1 || !strings.Contains(strings.ToLower((*b.diags)[0].Summary()+(*b.diags)[0].Detail()), "half of it failed") {
			t.Errorf("%s: %v", name, *b.diags)
		}
	}
}

func TestWhatIsGoneLeavesTheStateAndKeepsItsIdentity(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	b := operations(t)[Read](configured(t), &thing{ID: types.StringValue(thingID)})
	defer b.op.End()
	b.op.Gone(ctx)
	var identity thingIdentity
	if diags := b.identity.Get(ctx, &identity); diags.HasError() || identity.ID.ValueString() != thingID || !b.state.Raw.IsNull() || len(*b.diags) > 0 {
		t.Errorf("the state is gone: %v, identity %+v, %v, %v", b.state.Raw.IsNull(), identity, diags, *b.diags)
	}
}

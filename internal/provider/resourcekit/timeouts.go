package resourcekit

import (
	"context"
	"fmt"
	"time"

	datasourcetimeouts "github.com/hashicorp/terraform-plugin-framework-timeouts/datasource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	datasourceschema "github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/diagnose"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/value"
)

// The operations, by their names in a timeouts block.
const (
	Create = "create"
	Read   = "read"
	Update = "update"
	Delete = "delete"
)

// TimeLimits are how long the operations of a resource or data source may take where its timeouts block does not say: what azurerm
// gives them, and more where Graph's own limits need more.
//
// Source: https://learn.microsoft.com/graph/throttling-limits
type TimeLimits struct {
	// TypeName is that of the resource or data source, as a configuration has it.
	TypeName string
	// Write is the limit of create, update and delete.
	Write, Read time.Duration
}

var timeoutTypes = map[string]attr.Type{
	Create: types.StringType, Read: types.StringType, Update: types.StringType, Delete: types.StringType,
}

// NoTimeouts is a timeouts block that is not there.
func NoTimeouts() timeouts.Value { return timeouts.Value{Object: types.ObjectNull(timeoutTypes)} }

const timeoutsDescription = "How long the operations may take, waits for rate limits, for throttling and for replicas included."

// Block is the timeouts block of a resource. The library's own texts do not know the defaults, and its validator lets
// durations pass that are over before they begin.
func (l TimeLimits) Block(ctx context.Context) schema.Block {
	all := timeouts.BlockAll(ctx)
	block, ok := all.(schema.SingleNestedBlock)
	if !ok {
		return all
	}
	block.MarkdownDescription = timeoutsDescription
	attribute := func(text string, limit time.Duration) schema.StringAttribute {
		return schema.StringAttribute{
			Optional: true, MarkdownDescription: durationDescription(text, limit), Validators: []validator.String{durationValidator()},
		}
	}
	block.Attributes = map[string]schema.Attribute{
		Create: attribute("How long a create may take.", l.Write),
		Read: attribute("How long a refresh may take, and in a plan the checks that ask Microsoft Graph. A refresh uses the value that was applied last.",
			l.Read),
		Update: attribute("How long an update may take.", l.Write),
		Delete: attribute("How long a delete may take. It has to be applied before the destroy to count.", l.Write),
	}
	return block
}

// DataSourceBlock is the timeouts block of a data source.
func (l TimeLimits) DataSourceBlock(ctx context.Context) datasourceschema.Block {
	all := datasourcetimeouts.Block(ctx)
	block, ok := all.(datasourceschema.SingleNestedBlock)
	if !ok {
		return all
	}
	block.MarkdownDescription = "How long the read may take, waits for rate limits, for throttling and for replicas included."
	block.Attributes = map[string]datasourceschema.Attribute{
		Read: datasourceschema.StringAttribute{
			Optional: true, MarkdownDescription: durationDescription("How long the read may take.", l.Read), Validators: []validator.String{durationValidator()},
		},
	}
	return block
}

func durationDescription(text string, limit time.Duration) string {
	return fmt.Sprintf("%s A number with a unit, `s`, `m` or `h`, or several of them: `90s`, `1h30m`. Default `%s`.", text, diagnose.ShortDuration(limit))
}

func durationValidator() validator.String {
	return value.CheckedText("must be a duration of more than nothing, such as 30m or 1h30m", "Invalid timeout", func(text string) error {
		switch limit, err := time.ParseDuration(text); {
		case err != nil:
			return fmt.Errorf("%q is not a duration; write a number with a unit (s, m, h), or several of them: \"90s\", \"30m\", \"1h30m\"", text)
		case limit <= 0:
			return fmt.Errorf("%q leaves no time at all; write a longer duration, or leave it out for the default", text)
		}
		return nil
	})
}

// Within bounds an operation: everything that it waits for ends with the returned context.
func (l TimeLimits) Within(ctx context.Context, name string, configured types.Object) (context.Context, context.CancelFunc) {
	return l.withinFor(ctx, name, name, configured)
}

// WithinPlan bounds the checks of a plan. The protocol knows no timeout of a plan; they are reads, and have the time of one.
func (l TimeLimits) WithinPlan(ctx context.Context, configured types.Object) (context.Context, context.CancelFunc) {
	return l.withinFor(ctx, "plan", Read, configured)
}

// WithinImport bounds an import, of which the configuration is not known.
func (l TimeLimits) WithinImport(ctx context.Context) (context.Context, context.CancelFunc) {
	return l.withinFor(ctx, "import", Read, types.ObjectNull(timeoutTypes))
}

func (l TimeLimits) withinFor(ctx context.Context, deed, name string, configured types.Object) (context.Context, context.CancelFunc) {
	over := &diagnose.TimeoutError{TypeName: l.TypeName, Deed: deed, Name: name, Limit: l.Write}
	if name == Read {
		over.Limit = l.Read
	}
	if text, ok := configured.Attributes()[name].(types.String); ok {
		// What is in a state or a plan was validated. Null and unknown are no durations.
		if limit, err := time.ParseDuration(text.ValueString()); err == nil {
			over.Limit, over.Text = limit, text.ValueString()
		}
	}
	return context.WithTimeoutCause(ctx, over.Limit, over)
}

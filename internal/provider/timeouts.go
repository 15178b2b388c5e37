package provider

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	datasourcetimeouts "github.com/hashicorp/terraform-plugin-framework-timeouts/datasource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	datasourceschema "github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client"
)

// Names in a timeouts block.
const (
	timeoutCreate = "create"
	timeoutRead   = "read"
	timeoutUpdate = "update"
	timeoutDelete = "delete"
)

// timeLimits are how long the operations of a resource or data source may take where its timeouts block does not say.
type timeLimits struct {
	typeName string
	// write is the limit of create, update and delete.
	write, read time.Duration
}

// The limits are those that azurerm has, but where Graph's own need more: a read takes one request for each of 10,000
// users, and a change three, at the 20 writes a second that Graph documents for an app; and named locations wait for their
// turn at the one request a second that all apps of the tenant share.
//
// Source: https://learn.microsoft.com/graph/throttling-limits
var (
	userMFAStateLimits       = timeLimits{"entramfa_user_mfa_state", 30 * time.Minute, 5 * time.Minute}
	userMFAStatesLimits      = timeLimits{"entramfa_user_mfa_states", 60 * time.Minute, 30 * time.Minute}
	registrationPolicyLimits = timeLimits{"entramfa_registration_policy", 30 * time.Minute, 5 * time.Minute}
	trustedIPsLimits         = timeLimits{"entramfa_trusted_ips", 30 * time.Minute, 10 * time.Minute}
	tenantLimits             = timeLimits{"entramfa_tenant", 0, 5 * time.Minute}
	trustedIPRangesLimits    = timeLimits{"entramfa_trusted_ip_ranges", 0, 10 * time.Minute}
)

var timeoutTypes = map[string]attr.Type{
	timeoutCreate: types.StringType, timeoutRead: types.StringType, timeoutUpdate: types.StringType, timeoutDelete: types.StringType,
}

// noTimeouts is a timeouts block that is not there.
func noTimeouts() timeouts.Value { return timeouts.Value{Object: types.ObjectNull(timeoutTypes)} }

const timeoutsDescription = "How long the operations may take, waits for rate limits, for throttling and for replicas included."

// block is the timeouts block of a resource. The library's own texts do not know the defaults, and its validator lets
// durations pass that are over before they begin.
func (l timeLimits) block(ctx context.Context) schema.Block {
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
		timeoutCreate: attribute("How long a create may take.", l.write),
		timeoutRead: attribute("How long a refresh may take, and in a plan the checks that ask Microsoft Graph. A refresh goes by what was applied last.",
			l.read),
		timeoutUpdate: attribute("How long an update may take.", l.write),
		timeoutDelete: attribute("How long a delete may take. It has to be applied before the destroy to count.", l.write),
	}
	return block
}

// dataSourceBlock is the timeouts block of a data source.
func (l timeLimits) dataSourceBlock(ctx context.Context) datasourceschema.Block {
	all := datasourcetimeouts.Block(ctx)
	block, ok := all.(datasourceschema.SingleNestedBlock)
	if !ok {
		return all
	}
	block.MarkdownDescription = "How long the read may take, waits for rate limits, for throttling and for replicas included."
	block.Attributes = map[string]datasourceschema.Attribute{
		timeoutRead: datasourceschema.StringAttribute{
			Optional: true, MarkdownDescription: durationDescription("How long the read may take.", l.read), Validators: []validator.String{durationValidator()},
		},
	}
	return block
}

func durationDescription(text string, limit time.Duration) string {
	return fmt.Sprintf("%s A number with a unit, `s`, `m` or `h`, or several of them: `90s`, `1h30m`. Default `%s`.", text, shortDuration(limit))
}

func durationValidator() validator.String {
	return stringCheck{
		description: "must be a duration of more than nothing, such as 30m or 1h30m",
		summary:     "Invalid timeout",
		check: func(text string) error {
			switch limit, err := time.ParseDuration(text); {
			case err != nil:
				return fmt.Errorf("%q is not a duration; write a number with a unit (s, m, h), or several of them: \"90s\", \"30m\", \"1h30m\"", text)
			case limit <= 0:
				return fmt.Errorf("%q leaves no time at all; write a longer duration, or leave it out for the default", text)
			}
			return nil
		},
	}
}

// shortDuration writes 30m for 30m0s, and 1h for 1h0m0s.
func shortDuration(d time.Duration) string {
	text := d.String()
	for _, zero := range []string{"m0s", "h0m"} {
		if strings.HasSuffix(text, zero) {
			text = strings.TrimSuffix(text, zero[1:])
		}
	}
	return text
}

// timeoutError is the end of the time that an operation has. It is the cause of the end of the operation's context, and so of
// whatever error comes of that.
type timeoutError struct {
	typeName string
	// deed is what has run out of time, and name which time that is: a plan has that of the reads.
	deed, name string
	limit      time.Duration
	// text is the limit as it is configured, or empty where it is the default.
	text string
}

// Error says which time is over.
func (e *timeoutError) Error() string { return "the time is over that it has (" + e.setting() + ")" }

// Unwrap makes it the end that it is the cause of.
func (e *timeoutError) Unwrap() error { return context.DeadlineExceeded }

func (e *timeoutError) setting() string {
	if e.text == "" {
		return fmt.Sprintf("timeouts.%s is %s by default", e.name, shortDuration(e.limit))
	}
	return fmt.Sprintf("timeouts.%s is %s", e.name, e.text)
}

// within bounds an operation: everything that it waits for ends with the returned context.
func (l timeLimits) within(ctx context.Context, name string, configured types.Object) (context.Context, context.CancelFunc) {
	return l.withinFor(ctx, name, name, configured)
}

// withinPlan bounds the checks of a plan. The protocol knows no timeout of a plan; they are reads, and have the time of one.
func (l timeLimits) withinPlan(ctx context.Context, configured types.Object) (context.Context, context.CancelFunc) {
	return l.withinFor(ctx, "plan", timeoutRead, configured)
}

// withinImport bounds an import, of which the configuration is not known.
func (l timeLimits) withinImport(ctx context.Context) (context.Context, context.CancelFunc) {
	return l.withinFor(ctx, "import", timeoutRead, types.ObjectNull(timeoutTypes))
}

func (l timeLimits) withinFor(ctx context.Context, deed, name string, configured types.Object) (context.Context, context.CancelFunc) {
	over := &timeoutError{typeName: l.typeName, deed: deed, name: name, limit: l.write}
	if name == timeoutRead {
		over.limit = l.read
	}
	if text, ok := configured.Attributes()[name].(types.String); ok {
		// What is in a state or a plan was validated. Null and unknown are no durations.
		if limit, err := time.ParseDuration(text.ValueString()); err == nil {
			over.limit, over.text = limit, text.ValueString()
		}
	}
	return context.WithTimeoutCause(ctx, over.limit, over)
}

// describeTimeout says which time is over, what was being done, what is known of it, and the way out.
func describeTimeout(over *timeoutError, err error) (summary, detail string) {
	operation, doing, outcome := describeInterruption(err)
	if operation == "" {
		operation = over.deed + " this " + over.typeName
	}
	began := fmt.Sprintf("The time for the %s of this %s is over: %s.", over.deed, over.typeName, over.setting())
	if doing != "" {
		began += " It ended while " + doing + "."
	}
	return fmt.Sprintf("Unable to %s: the time is over (%s)", operation, shortDuration(over.limit)), joinParagraphs(began, outcome, over.remedy())
}

func (e *timeoutError) remedy() string {
	more := fmt.Sprintf("timeouts {\n    %s = %q\n  }", e.name, shortDuration(2*e.limit))
	switch e.deed {
	case "import":
		return "Import again; nothing was imported."
	case timeoutRead:
		return "Run the command again, or give it more time:\n\n  " + more + "\n\nA refresh of a resource goes by what was applied last: terraform apply -refresh=false " +
			"applies it without a refresh before."
	case timeoutDelete:
		return "Destroy again, or give it more time, which has to be applied before the destroy:\n\n  " + more
	case "plan":
		return "Plan again, or give it more time:\n\n  " + more
	}
	return "Apply again, or give it more time:\n\n  " + more
}

// describeStop is describeTimeout for a run that was stopped.
func describeStop(err error) (summary, detail string) {
	operation, doing, outcome := describeInterruption(err)
	summary = "The run was stopped"
	if operation != "" {
		summary = fmt.Sprintf("Unable to %s: the run was stopped", operation)
	}
	ended := "It was stopped."
	if doing != "" {
		ended = "It was stopped while " + doing + "."
	}
	return summary, joinParagraphs(ended, outcome)
}

// describeUnconfirmed says why a write that was accepted was not read back.
func describeUnconfirmed(err error) string {
	var over *timeoutError
	var ended *client.InterruptedError
	var why string
	switch {
	case errors.As(err, &over):
		why = "the time for the " + over.deed + " was over (" + over.setting() + ")"
	case errors.Is(err, context.Canceled):
		why = "the run was stopped"
	default:
		return sentence(err.Error())
	}
	if errors.As(err, &ended) && ended.Doing != "" {
		why += " while " + ended.Doing
	}
	return sentence(why)
}

// describeInterruption takes an error apart that comes of the end of a context.
func describeInterruption(err error) (operation, doing, outcome string) {
	var ended *client.InterruptedError
	if !errors.As(err, &ended) {
		return "", "", ""
	}
	var creation *client.UnknownCreationError
	switch {
	case errors.As(err, &creation):
		return "create " + creation.Name, ended.Doing, describeUnknownCreation(creation)
	case ended.Write && ended.Unknown:
		outcome = "Nobody knows whether that was carried out: the request had left, and no answer said so. The next plan shows what there is."
	case ended.Write:
		outcome = "That was not carried out. What was done before it is not lost: the next plan begins with what there is."
	}
	return ended.Operation, ended.Doing, outcome
}

// describeUnknownCreation says how to find out whether a location was made. A second one of the same name would be no error.
func describeUnknownCreation(e *client.UnknownCreationError) string {
	return fmt.Sprintf("Nobody knows whether it was made: the request had left, and no answer said so. It is not in the state. Before the next apply, "+
		"look in Microsoft Entra for a %s that was made at %s or after it, and import it if it is there; otherwise the next apply makes a second one.",
		e.Name, e.At.UTC().Format(time.RFC3339))
}

// joinParagraphs leaves out what is empty.
func joinParagraphs(paragraphs ...string) string {
	var all []string
	for _, paragraph := range paragraphs {
		if paragraph != "" {
			all = append(all, paragraph)
		}
	}
	return strings.Join(all, "\n\n")
}

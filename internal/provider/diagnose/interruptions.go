package diagnose

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client"
)

// TimeoutError is the end of the time that an operation has. It is the cause of the end of the operation's context, and so of
// whatever error comes of that.
type TimeoutError struct {
	TypeName string
	// Deed is what has run out of time, and name which time that is: a plan has that of the reads.
	Deed, Name string
	Limit      time.Duration
	// Text is the limit as it is configured, or empty where it is the default.
	Text string
}

// Error says which time is over.
func (e *TimeoutError) Error() string { return "the time is over that it has (" + e.setting() + ")" }

// Unwrap makes it the end that it is the cause of.
func (e *TimeoutError) Unwrap() error { return context.DeadlineExceeded }

func (e *TimeoutError) setting() string {
	if e.Text == "" {
		return fmt.Sprintf("timeouts.%s is %s by default", e.Name, ShortDuration(e.Limit))
	}
	return fmt.Sprintf("timeouts.%s is %s", e.Name, e.Text)
}

// describeTimeout says which time is over, what was being done, what is known of it, and the way out.
func describeTimeout(over *TimeoutError, err error) (summary, detail string) {
	operation, doing, outcome := describeInterruption(err)
	if operation == "" {
		operation = over.Deed + " this " + over.TypeName
	}
	began := fmt.Sprintf("The time for the %s of this %s is over: %s.", over.Deed, over.TypeName, over.setting())
	if doing != "" {
		began += " It ended while " + doing + "."
	}
	return fmt.Sprintf("Unable to %s: the time is over (%s)", operation, ShortDuration(over.Limit)), joinParagraphs(began, outcome, over.remedy())
}

func (e *TimeoutError) remedy() string {
	more := fmt.Sprintf("timeouts {\n    %s = %q\n  }", e.Name, ShortDuration(2*e.Limit))
	switch e.Deed {
	case "import":
		return "Import again; nothing was imported."
	case "read":
		return "Run the command again, or give it more time:\n\n  " + more + "\n\nA refresh of a resource goes by what was applied last: terraform apply -refresh=false " +
			"applies it without a refresh before."
	case "delete":
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

// Unconfirmed says why a write that was accepted was not read back.
func Unconfirmed(err error) string {
	var over *TimeoutError
	var ended *client.InterruptedError
	var why string
	switch {
	case errors.As(err, &over):
		why = "the time for the " + over.Deed + " was over (" + over.setting() + ")"
	case errors.Is(err, context.Canceled):
		why = "the run was stopped"
	default:
		return Sentence(Line(err))
	}
	if errors.As(err, &ended) && ended.Doing != "" {
		why += " while " + ended.Doing
	}
	return Sentence(why)
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

// describeUnknownCreation says how to find out whether an object was made. A second one of the same name would be no error.
func describeUnknownCreation(e *client.UnknownCreationError) string {
	return fmt.Sprintf("Nobody knows whether it was made: the request had left, and no answer said so. It is not in the state. Before the next apply, "+
		"look in Microsoft Entra for a %s that was made at %s or after it, and import it if it is there; otherwise the next apply makes a second one.",
		e.Name, e.At.UTC().Format(time.RFC3339))
}

// ShortDuration writes 30m for 30m0s, and 1h for 1h0m0s.
func ShortDuration(d time.Duration) string {
	text := d.String()
	for _, zero := range []string{"m0s", "h0m"} {
		if strings.HasSuffix(text, zero) {
			text = strings.TrimSuffix(text, zero[1:])
		}
	}
	return text
}

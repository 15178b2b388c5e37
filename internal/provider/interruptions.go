package provider

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client"
)

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
		return "create named location " + client.NameInQuotes(creation.Location.DisplayName), ended.Doing, describeUnknownCreation(creation)
	case ended.Write && ended.Unknown:
		outcome = "Nobody knows whether that was carried out: the request had left, and no answer said so. The next plan shows what there is."
	case ended.Write:
		outcome = "That was not carried out. What was done before it is not lost: the next plan begins with what there is."
	}
	return ended.Operation, ended.Doing, outcome
}

// describeUnknownCreation says how to find out whether a location was made. A second one of the same name would be no error.
func describeUnknownCreation(e *client.UnknownCreationError) string {
	return fmt.Sprintf("Nobody knows whether the location was made: the request had left, and no answer said so. It is not in the state. Before the next apply, "+
		"look in Microsoft Entra for a named location %s that was made at %s or after it, and import it if it is there; otherwise the next apply makes a second one.",
		client.NameInQuotes(e.Location.DisplayName), e.At.UTC().Format(time.RFC3339))
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

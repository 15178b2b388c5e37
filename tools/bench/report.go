package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
)

// report is what a run has found, and the content of the file. It names no machine and no path.
type report struct {
	Date time.Time `json:"date"`
	CLI  product   `json:"cli"`
	// Provider is the version as which it was installed.
	Provider    string    `json:"provider"`
	Go          string    `json:"go"`
	Platform    string    `json:"platform"`
	CPUs        int       `json:"cpus"`
	Emulator    settings  `json:"emulator"`
	Repetitions int       `json:"repetitions"`
	Quick       bool      `json:"quick"`
	Scenarios   []finding `json:"scenarios"`
	// Holds says whether every scenario could be measured and none of its bounds is exceeded.
	Holds bool `json:"holds"`
}

// product is a CLI, such as OpenTofu 1.12.6.
type product struct {
	Name    string `json:"name"`
	Version string `json:"version"`
}

// settings are those of the emulator while it is measured. A floor has the same without the latency.
type settings struct {
	LatencyMs int                `json:"latencyMs"`
	Throttle  []control.Throttle `json:"throttle"`
}

// finding is what was found of one scenario: a row of the table.
type finding struct {
	Scenario string `json:"scenario"`
	Title    string `json:"title"`
	N        int    `json:"n"`
	// WallSeconds is nil for a row about something else.
	WallSeconds *spread `json:"wallSeconds,omitempty"`
	// FloorSeconds is the same with latency 0, nil where none was measured.
	FloorSeconds *spread `json:"floorSeconds,omitempty"`
	// Ratio is wall to floor.
	Ratio *float64 `json:"ratio,omitempty"`
	// Requests has the highest figures of the runs with latency.
	Requests *requests `json:"requests,omitempty"`
	// PeakMemoryBytes is the provider's, nil where it cannot be read or there is no provider.
	PeakMemoryBytes *int64 `json:"providerPeakMemoryBytes"`
	// withoutProvider says that no provider took part.
	withoutProvider bool
	Bounds          []bound  `json:"bounds"`
	Notes           []string `json:"notes,omitempty"`
	// Failure says why the scenario could not be measured.
	Failure string `json:"failure,omitempty"`
}

// unit is how a figure is written.
type unit string

const (
	plain unit = "count"
	times unit = "times"
	mb    unit = "MB"
)

// verdict is what became of a bound.
type verdict string

const (
	holds       verdict = "holds"
	doesNotHold verdict = "does not hold"
	notJudged   verdict = "not judged"
)

// bound is something that must not be more than a limit.
type bound struct {
	What string `json:"what"`
	// Value is nil where it could not be found out.
	Value   *float64 `json:"value"`
	Limit   float64  `json:"limit"`
	Unit    unit     `json:"unit"`
	Verdict verdict  `json:"verdict"`
	// Reason is why a bound is not judged.
	Reason string `json:"reason,omitempty"`
}

// atMost judges a figure.
func atMost(what string, value *float64, limit float64, in unit) bound {
	b := bound{What: what, Value: value, Limit: limit, Unit: in, Verdict: holds}
	switch {
	case value == nil:
		b.Verdict, b.Reason = notJudged, "it could not be measured here"
	case *value > limit:
		b.Verdict = doesNotHold
	}
	return b
}

// requestsAtMost judges a number.
func requestsAtMost(what string, value, limit int) bound {
	return atMost(what, new(float64(value)), float64(limit), plain)
}

// forLargeNumbersOnly takes the verdict back where the numbers are too small for times and memory to mean anything.
func (b bound) forLargeNumbersOnly(quick bool) bound {
	if quick && b.Value != nil {
		b.Verdict, b.Reason = notJudged, "the numbers are too small"
	}
	return b
}

// failed says whether the scenario was not measured, or not within its bounds.
func (f *finding) failed() bool {
	return f.Failure != "" || slices.ContainsFunc(f.Bounds, func(b bound) bool { return b.Verdict == doesNotHold })
}

// judge sums up.
func (r *report) judge() {
	r.Holds = len(r.Scenarios) > 0
	for i := range r.Scenarios {
		r.Holds = r.Holds && !r.Scenarios[i].failed()
	}
}

// save writes the report in one step, so that nobody reads half of it.
func (r *report) save(path string) error {
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	fail := func(err error) error { return fmt.Errorf("--out: %w", err) }
	file, err := os.CreateTemp(filepath.Dir(path), ".bench-*")
	if err != nil {
		return fail(err)
	}
	defer func() { _ = os.Remove(file.Name()) }() // gone already after the rename
	_, err = file.Write(append(text, '\n'))
	if closeErr := file.Close(); err == nil {
		err = closeErr
	}
	if err == nil {
		err = os.Rename(file.Name(), path)
	}
	if err != nil {
		return fail(err)
	}
	return nil
}

package main

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// tableWidth is that of the terminal that the table is made for.
const tableWidth = 120

// line is the measurements of a scenario; its columns have room for what occurs within tableWidth.
const line = "%-38s %6s  %-18s  %-18s %6s  %6s  %4s  %8s"

// table is the report for a person: for each scenario a line of measurements, and below it each bound, the verdict first.
func (r *report) table() string {
	var text strings.Builder
	say := func(format string, args ...any) {
		text.WriteString(strings.TrimRight(fmt.Sprintf(format, args...), " ") + "\n")
	}
	say("\nentramfa %s with %s %s, built with %s, on %d CPUs (%s)", r.Provider, r.CLI.Name, r.CLI.Version, r.Go, r.CPUs, r.Platform)
	say("Graph answers an HTTP request after %d ms and has the documented limits. Times are in seconds: median (min to max)", r.Emulator.LatencyMs)
	say("of %s. Floor: the same with latency 0, taken in turn. HTTP: requests to Graph, a $batch is one; 429: how many of", plural(r.Repetitions, "run"))
	say("them and of what batches held were throttled; both, and the provider's peak memory, are the highest of the runs.")
	if r.Quick {
		say("Quick: the numbers are small; times and memory are not judged.")
	}
	say("")
	say(line, "SCENARIO", "N", "WALL", "FLOOR", "RATIO", "HTTP", "429", "MEMORY")
	for i := range r.Scenarios {
		text.WriteString(r.Scenarios[i].rows())
	}
	say("")
	for _, sentence := range r.conclusion() {
		say("%s", sentence)
	}
	return text.String()
}

// rows are the lines of one scenario.
func (f *finding) rows() string {
	var text strings.Builder
	http, throttled := "-", "-"
	if f.Requests != nil {
		http, throttled = number(float64(f.Requests.HTTP)), number(float64(f.Requests.Throttled))
	}
	ratio := "-"
	if f.Ratio != nil {
		ratio = fmt.Sprintf("%.2f", *f.Ratio)
	}
	text.WriteString(strings.Repeat("-", tableWidth) + "\n")
	text.WriteString(strings.TrimRight(fmt.Sprintf(line, f.Title, number(float64(f.N)), f.WallSeconds, f.FloorSeconds, ratio, http, throttled, f.memory()), " ") + "\n")
	if f.Requests != nil && f.Requests.HTTP > 0 {
		text.WriteString("    HTTP by class: " + f.Requests.byClass() + "\n")
	}
	for _, note := range f.Notes {
		text.WriteString("    " + note + "\n")
	}
	if f.Failure != "" {
		text.WriteString("    FAILED         " + f.Failure + "\n")
	}
	for _, b := range f.Bounds {
		text.WriteString("    " + b.String() + "\n")
	}
	return text.String()
}

func (f *finding) memory() string {
	switch {
	case f.PeakMemoryBytes != nil:
		return megabytes(*f.PeakMemoryBytes)
	case f.withoutProvider:
		return "-"
	}
	return "n/a"
}

func (b bound) String() string {
	word := map[verdict]string{holds: "holds", doesNotHold: "DOES NOT HOLD", notJudged: "not judged"}[b.Verdict]
	value := "n/a"
	if b.Value != nil {
		value = b.Unit.format(*b.Value)
	}
	text := fmt.Sprintf("%-13s  %8s  at most %-8s  %s", word, value, b.Unit.format(b.Limit), b.What)
	if b.Reason != "" {
		text += " (" + b.Reason + ")"
	}
	return text
}

func (u unit) format(value float64) string {
	switch u {
	case times:
		if value == float64(int(value)) {
			return number(value) + "x"
		}
		return significant(value) + "x"
	case mb:
		return number(value) + " MB"
	default:
		return number(value)
	}
}

// String leaves no doubt about what was not measured.
func (s *spread) String() string {
	switch {
	case s == nil:
		return "-"
	case len(s.Samples) == 1:
		return significant(s.Median)
	}
	return fmt.Sprintf("%s (%s-%s)", significant(s.Median), significant(s.Min), significant(s.Max))
}

// byClass is the requests by class, the most frequent first.
func (r *requests) byClass() string {
	classes := slices.SortedFunc(maps.Keys(r.ByClass), func(a, b string) int {
		if r.ByClass[a] != r.ByClass[b] {
			return r.ByClass[b] - r.ByClass[a]
		}
		return strings.Compare(a, b)
	})
	var parts []string
	for _, class := range classes {
		part := number(float64(r.ByClass[class])) + " " + class
		if class == "batch" {
			part += " (" + number(float64(r.BatchItems)) + " items)"
		}
		parts = append(parts, part)
	}
	return strings.Join(parts, ", ") + "; at most " + number(float64(r.PeakConcurrency)) + " at once"
}

// conclusion says what a person has to know who reads nothing else.
func (r *report) conclusion() []string {
	count := map[verdict]int{}
	var failed []string
	for i := range r.Scenarios {
		f := &r.Scenarios[i]
		for _, b := range f.Bounds {
			count[b.Verdict]++
		}
		if f.failed() {
			failed = append(failed, f.Scenario)
		}
	}
	sentence := fmt.Sprintf("bench: %d of %s", count[holds], plural(count[holds]+count[doesNotHold], "bound"))
	if count[holds]+count[doesNotHold] == 1 {
		sentence += " holds"
	} else {
		sentence += " hold"
	}
	if count[notJudged] > 0 {
		sentence += fmt.Sprintf(", %d not judged", count[notJudged])
	}
	sentences := []string{sentence + "."}
	if len(failed) > 0 {
		sentences = append(sentences, "bench: NOT as it should be: "+strings.Join(failed, ", "))
	}
	return sentences
}

func plural(n int, what string) string {
	if n != 1 {
		what += "s"
	}
	return number(float64(n)) + " " + what
}

func megabytes(bytes int64) string { return mb.format(float64(bytes) / 1e6) }

// significant writes three digits, and all of a number that has more before the point.
func significant(value float64) string {
	switch {
	case value < 9.995:
		return strconv.FormatFloat(value, 'f', 2, 64)
	case value < 99.95:
		return strconv.FormatFloat(value, 'f', 1, 64)
	}
	return strconv.FormatFloat(value, 'f', 0, 64)
}

// number writes a whole number with commas between thousands.
func number(value float64) string {
	digits := strconv.FormatFloat(value, 'f', 0, 64)
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}

func lastLines(text string, n int) string {
	lines := strings.Split(strings.TrimRight(text, "\n"), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], "\n")
}

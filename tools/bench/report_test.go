package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
)

// sampleReport has a row of each kind.
func sampleReport() *report {
	r := &report{
		Date: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC), CLI: product{"OpenTofu", "1.12.6"}, Provider: "0.1.0", Go: "go1.26.8",
		Platform: "linux/amd64", CPUs: 2, Emulator: settings{80, control.DocumentedThrottling()}, Repetitions: 3,
		Scenarios: []finding{
			{
				Scenario: singlePlan, Title: "no-op plan, single resources", N: 1000,
				WallSeconds:  spreadOf([]time.Duration{4210 * time.Millisecond, 4100 * time.Millisecond, 14400 * time.Millisecond}),
				FloorSeconds: spreadOf([]time.Duration{4 * time.Second, 4 * time.Second, 4 * time.Second}), Ratio: new(1.0525),
				Requests: &requests{
					HTTP: 1052, ByClass: map[string]int{"directory": 2, "batch": 1050}, BatchItems: 21000, Throttled: 3, PeakConcurrency: 8,
				},
				PeakMemoryBytes: new(int64(87_600_000)),
				Bounds: []bound{
					atMost(toFloor, new(1.0525), singleRatio, times), requestsAtMost(toUsers, 1050, 60), requestsAtMost(throttledCalls, 3, 0),
				},
			},
			{
				Scenario: singleNaive, Title: "naive client, 1 GET each, 10 at a time", N: 1000, withoutProvider: true, Bounds: []bound{},
				WallSeconds: spreadOf([]time.Duration{8 * time.Second}), Requests: &requests{}, Notes: []string{"for comparison"},
			},
			{
				Scenario: manyMemory, Title: "peak memory of the provider", N: 10_000,
				Bounds: []bound{atMost("peak memory of the provider", nil, memoryLimit, mb)},
			},
			{Scenario: rangesPlan, Title: rangesPlan, Failure: "`tofu apply`: it ended with exit code 1", withoutProvider: true},
		},
	}
	r.judge()
	return r
}

func wantText(t *testing.T, text string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(text, part) {
			t.Errorf("%q is not in\n%s", part, text)
		}
	}
}

func wantError(t *testing.T, err error, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("got error %v, want one with %q", err, part)
		}
	}
}

func TestTableSaysWhatWasMeasuredAndWhatHolds(t *testing.T) {
	text := sampleReport().table()
	wantText(t, text,
		"entramfa 0.1.0 with OpenTofu 1.12.6, built with go1.26.8, on 2 CPUs (linux/amd64)",
		"after 80 ms", "of 3 runs.",
		"no-op plan, single resources            1,000  4.21 (4.10-14.4)    4.00 (4.00-4.00)     1.05   1,052     3     88 MB\n",
		"    HTTP by class: 1,050 batch (21,000 items), 2 directory; at most 8 at once\n",
		"    holds             1.05x  at most 1.50x     wall clock to floor\n",
		"    DOES NOT HOLD     1,050  at most 60        HTTP requests to /users... and $batch\n",
		"    DOES NOT HOLD         3  at most 0         requests throttled (429)\n",
		"naive client, 1 GET each, 10 at a time  1,000  8.00                -                       -       0     0         -\n",
		"peak memory of the provider            10,000  -                   -                       -       -     -       n/a\n",
		"    not judged          n/a  at most 200 MB    peak memory of the provider (it could not be measured here)\n",
		"    FAILED         `tofu apply`: it ended with exit code 1\n",
		"bench: 1 of 3 bounds hold, 1 not judged.\nbench: NOT as it should be: single-plan, trusted-ips-ranges\n",
	)
	for row := range strings.Lines(text) {
		if width := len([]rune(strings.TrimRight(row, "\n"))); width > tableWidth {
			t.Errorf("%d columns: %s", width, row)
		}
		if strings.TrimRight(row, " \n")+"\n" != row {
			t.Errorf("white space at the end: %q", row)
		}
	}
}

func TestTableOfAQuickRunSaysSo(t *testing.T) {
	r := sampleReport()
	wantText(t, strings.ReplaceAll(r.table(), "Quick:", ""), "\n\nSCENARIO")
	r.Quick = true
	wantText(t, r.table(), "Quick: the numbers are small; times and memory are not judged.")
}

func TestABoundIsJudged(t *testing.T) {
	tests := map[string]struct {
		bound bound
		want  verdict
	}{
		"below":              {atMost("x", new(1.0), 2, times), holds},
		"on it":              {atMost("x", new(2.0), 2, times), holds},
		"above":              {atMost("x", new(2.001), 2, times), doesNotHold},
		"none":               {requestsAtMost("x", 0, 0), holds},
		"one":                {requestsAtMost("x", 1, 0), doesNotHold},
		"unknown":            {atMost("x", nil, 2, mb), notJudged},
		"quick":              {atMost("x", new(9.0), 2, times).forLargeNumbersOnly(true), notJudged},
		"quick and unknown":  {atMost("x", nil, 2, times).forLargeNumbersOnly(true), notJudged},
		"large numbers":      {atMost("x", new(9.0), 2, times).forLargeNumbersOnly(false), doesNotHold},
		"large and no value": {atMost("x", nil, 2, times).forLargeNumbersOnly(false), notJudged},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if test.bound.Verdict != test.want {
				t.Errorf("got %q, want %q", test.bound.Verdict, test.want)
			}
			if (test.bound.Reason != "") != (test.want == notJudged) {
				t.Errorf("got reason %q", test.bound.Reason)
			}
		})
	}
}

func TestAReportHoldsWhenNothingFails(t *testing.T) {
	good := finding{Bounds: []bound{requestsAtMost("x", 1, 1), atMost("x", nil, 1, mb)}}
	tests := map[string]struct {
		scenarios []finding
		want      bool
	}{
		"all hold":         {[]finding{good, good}, true},
		"nothing measured": {nil, false},
		"one bound":        {[]finding{good, {Bounds: []bound{requestsAtMost("x", 1, 1), requestsAtMost("x", 2, 1)}}, good}, false},
		"a failure":        {[]finding{good, {Failure: "no"}}, false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			r := &report{Scenarios: test.scenarios}
			if r.judge(); r.Holds != test.want {
				t.Errorf("got %t", r.Holds)
			}
		})
	}
}

func TestTheFileHoldsWhatTheTableShows(t *testing.T) {
	path := filepath.Join(t.TempDir(), "bench.json")
	if err := sampleReport().save(path); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var got map[string]any
	if err := json.Unmarshal(text, &got); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"date", "cli", "provider", "go", "platform", "cpus", "emulator", "repetitions", "quick", "scenarios", "holds"} {
		if _, found := got[name]; !found {
			t.Errorf("%s is missing in %s", name, text)
		}
	}
	wantText(t, string(text),
		`"name": "OpenTofu"`, `"version": "1.12.6"`, `"latencyMs": 80`, `"scenario": "single-plan"`, `"n": 1000`, `"median": 4.21`, `"min": 4.1`, `"max": 14.4`,
		`"ratio": 1.0525`, `"http": 1052`, `"byClass": {`, `"throttled": 3`, `"providerPeakMemoryBytes": 87600000`, `"providerPeakMemoryBytes": null`,
		`"verdict": "does not hold"`, `"verdict": "not judged"`, `"value": null`, `"failure":`, `"holds": false`)
	if entries, err := os.ReadDir(filepath.Dir(path)); err != nil || len(entries) != 1 {
		t.Errorf("left besides the file: %v, %v", entries, err)
	}
}

func TestAFileThatCannotBeWrittenIsAnError(t *testing.T) {
	wantError(t, sampleReport().save(filepath.Join(t.TempDir(), "nowhere", "bench.json")), "--out")
}

func TestNumbersAreReadable(t *testing.T) {
	for value, want := range map[float64]string{0: "0", 999: "999", 1000: "1,000", 1234567: "1,234,567"} {
		if got := number(value); got != want {
			t.Errorf("%v: got %s", value, got)
		}
	}
	for value, want := range map[float64]string{0.004: "0.00", 1.005: "1.00", 9.994: "9.99", 9.996: "10.0", 42.04: "42.0", 104.4: "104"} {
		if got := significant(value); got != want {
			t.Errorf("%v: got %s, want %s", value, got, want)
		}
	}
}

package main

import (
	"slices"
	"testing"
	"time"
)

func TestMedian(t *testing.T) {
	tests := map[string]struct {
		values []float64
		want   float64
	}{
		"one":           {[]float64{3}, 3},
		"odd, unsorted": {[]float64{9, 1, 5}, 5},
		"even":          {[]float64{4, 1, 3, 2}, 2.5},
		"an outlier":    {[]float64{1, 1, 100}, 1},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			before := slices.Clone(test.values)
			if got := median(test.values); got != test.want {
				t.Errorf("got %v, want %v", got, test.want)
			}
			if !slices.Equal(before, test.values) {
				t.Errorf("the values were moved: %v", test.values)
			}
		})
	}
}

func TestSpreadKeepsTheOrderOfTheSamples(t *testing.T) {
	got := spreadOf([]time.Duration{3 * time.Second, time.Second, 2 * time.Second})
	if got.Median != 2 || got.Min != 1 || got.Max != 3 || !slices.Equal(got.Samples, []float64{3, 1, 2}) {
		t.Errorf("got %+v", got)
	}
	if spreadOf(nil) != nil {
		t.Error("no samples have a spread")
	}
}

func TestRatioComparesMedians(t *testing.T) {
	of, to := &spread{Median: 3, Min: 1, Max: 100}, &spread{Median: 2, Min: 1, Max: 1}
	if got := ratioOf(of, to); got == nil || *got != 1.5 {
		t.Errorf("got %v", got)
	}
	for name, missing := range map[string]*float64{"of": ratioOf(nil, to), "to": ratioOf(of, nil), "nothing": ratioOf(of, &spread{})} {
		if missing != nil {
			t.Errorf("without %s: got %v", name, *missing)
		}
	}
}

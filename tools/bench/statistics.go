package main

import (
	"slices"
	"time"
)

// spread sums up repetitions, in seconds.
type spread struct {
	Median float64 `json:"median"`
	Min    float64 `json:"min"`
	Max    float64 `json:"max"`
	// Samples are in the order in which they were taken.
	Samples []float64 `json:"samples"`
}

// spreadOf is nil for no samples.
func spreadOf(times []time.Duration) *spread {
	if len(times) == 0 {
		return nil
	}
	s := &spread{}
	for _, elapsed := range times {
		s.Samples = append(s.Samples, elapsed.Round(time.Millisecond).Seconds())
	}
	s.Median, s.Min, s.Max = median(s.Samples), slices.Min(s.Samples), slices.Max(s.Samples)
	return s
}

// median is the mean of the two in the middle where there is no middle.
func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	middle := len(sorted) / 2
	if len(sorted)%2 == 1 {
		return sorted[middle]
	}
	return (sorted[middle-1] + sorted[middle]) / 2
}

// ratioOf compares medians. It is nil where one of them is missing.
func ratioOf(of, to *spread) *float64 {
	if of == nil || to == nil || to.Median <= 0 {
		return nil
	}
	return new(of.Median / to.Median)
}

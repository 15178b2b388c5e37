//go:build race

package provider_test

// raceDetector says that the tests are compiled with the race detector, which makes what computes several times as slow.
const raceDetector = true

package main

import (
	"bufio"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
)

func TestParentOfReadsBehindTheName(t *testing.T) {
	for stat, want := range map[string]int{
		"17 (terraform) S 5 17 17 0": 5,
		"17 (odd ) name) S 6 17":     6,
		"17 (zombie) Z":              0,
		"":                           0,
	} {
		if got := parentOf([]byte(stat)); got != want {
			t.Errorf("%q: got %d, want %d", stat, got, want)
		}
	}
}

func TestPeakOfReadsTheHighWaterMark(t *testing.T) {
	for status, want := range map[string]int64{
		"Name:\tx\nVmPeak:\t  900 kB\nVmHWM:\t  123 kB\nVmRSS:\t  100 kB\n": 123 * 1024,
		"Name:\tx\nVmRSS:\t  100 kB\n":                                      0,
		"VmHWM:\t  123 MB\n":                                                0,
		"VmHWM:\t  many kB\n":                                               0,
	} {
		if got := peakOf(status); got != want {
			t.Errorf("%q: got %d, want %d", status, got, want)
		}
	}
}

// fakeProc writes what the kernel would show of a process.
func fakeProc(t *testing.T, proc string, pid, parent int, program, status string) {
	t.Helper()
	dir := filepath.Join(proc, strconv.Itoa(pid))
	if err := os.MkdirAll(dir, 0o750); err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string]string{"stat": strconv.Itoa(pid) + " (x) S " + strconv.Itoa(parent) + " 1", "status": status} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(program, filepath.Join(dir, "exe")); err != nil {
		t.Fatal(err)
	}
}

func TestOnlyTheProvidersOfTheCLICount(t *testing.T) {
	proc := t.TempDir()
	fakeProc(t, proc, 11, 10, "/mirror/provider_v1", "VmHWM: 200 kB")
	fakeProc(t, proc, 12, 10, "/mirror/provider_v1", "VmHWM: 300 kB") // a CLI starts several, one after the other
	fakeProc(t, proc, 13, 10, "/bin/sh", "VmHWM: 400 kB")
	fakeProc(t, proc, 14, 99, "/mirror/provider_v1", "VmHWM: 500 kB") // somebody else's
	w := newMemoryWatch("provider_v1", 10)
	w.look(proc)
	if w.peak != 300*1024 {
		t.Errorf("got %d", w.peak)
	}
	w.look(filepath.Join(proc, "nowhere"))
	if w.peak != 300*1024 {
		t.Errorf("the peak is gone: %d", w.peak)
	}
}

func TestAChildThatBecomesTheProviderCounts(t *testing.T) {
	proc := t.TempDir()
	fakeProc(t, proc, 11, 10, "/bin/terraform", "VmHWM: 900 kB")
	w := newMemoryWatch("provider_v1", 10)
	w.look(proc)
	if w.peak != 0 {
		t.Errorf("the CLI itself counts: %d", w.peak)
	}
	if err := os.RemoveAll(filepath.Join(proc, "11")); err != nil {
		t.Fatal(err)
	}
	fakeProc(t, proc, 11, 10, "/mirror/provider_v1", "VmHWM: 200 kB")
	w.look(proc)
	if w.peak != 200*1024 {
		t.Errorf("got %d", w.peak)
	}
}

// The watch is the real one; the child is this test binary in the role of a provider.
func TestWatchMemoryLooksAtLeastOnce(t *testing.T) {
	child := exec.CommandContext(t.Context(), os.Args[0])
	child.Env = append(os.Environ(), roleVariable+"=waits-for-input")
	input, err := child.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	output, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := bufio.NewReader(output).ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	close(ended)
	got := watchMemory(filepath.Base(os.Args[0]), os.Getpid(), ended).bytes()
	if _, err := os.Stat("/proc/self/status"); (got != nil) != (err == nil) {
		t.Errorf("got %v, and /proc says %v", got, err)
	}
	if got := watchMemory("another-program", os.Getpid(), ended).bytes(); got != nil {
		t.Errorf("a program that is not the provider has %d bytes", *got)
	}
	if err := input.Close(); err != nil {
		t.Error(err)
	}
	if err := child.Wait(); err != nil {
		t.Error(err)
	}
}

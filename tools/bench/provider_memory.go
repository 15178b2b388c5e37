package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// memoryInterval is how often the provider is asked for its memory. The kernel keeps the highest value, so that only what
// a process allocates in its last moments is missed.
const memoryInterval = 50 * time.Millisecond

// memoryWatch finds out the peak memory of the providers that a CLI starts. It reads /proc and finds nothing where there
// is none, as outside of Linux.
type memoryWatch struct {
	// program is the file name of the provider.
	program string
	cli     int
	// strangers are processes that are not the CLI's. They are not looked at again: on a busy machine the looking would
	// take time from what is measured.
	strangers map[string]bool
	providers map[string]bool
	peak      int64
	ended     chan struct{}
}

func newMemoryWatch(program string, cli int) *memoryWatch {
	return &memoryWatch{program: program, cli: cli, strangers: map[string]bool{}, providers: map[string]bool{}, ended: make(chan struct{})}
}

// watchMemory begins with a CLI and ends with it.
func watchMemory(program string, cli int, done <-chan struct{}) *memoryWatch {
	w := newMemoryWatch(program, cli)
	go func() {
		defer close(w.ended)
		ticker := time.NewTicker(memoryInterval)
		defer ticker.Stop()
		for {
			w.look("/proc")
			select {
			case <-done:
				return
			case <-ticker.C:
			}
		}
	}()
	return w
}

// bytes is the peak, nil where it could not be read.
func (w *memoryWatch) bytes() *int64 {
	<-w.ended
	if w.peak == 0 {
		return nil
	}
	return &w.peak
}

// look reads the peak of each child of the CLI that is the provider. What goes away meanwhile is passed over.
func (w *memoryWatch) look(proc string) {
	dir, err := os.Open(proc)
	if err != nil {
		return
	}
	defer dir.Close()
	names, err := dir.Readdirnames(-1)
	if err != nil {
		return
	}
	for _, pid := range names {
		if pid[0] < '0' || pid[0] > '9' || w.strangers[pid] {
			continue
		}
		path := filepath.Join(proc, pid)
		if !w.providers[pid] && !w.recognize(path, pid) {
			continue
		}
		if status, err := os.ReadFile(filepath.Join(path, "status")); err == nil {
			w.peak = max(w.peak, peakOf(string(status)))
		}
	}
}

// recognize says whether a process is a provider of the CLI. A child that is not may become one: it is the CLI itself
// until it runs its program.
func (w *memoryWatch) recognize(path, pid string) bool {
	stat, err := os.ReadFile(filepath.Join(path, "stat"))
	if err != nil {
		return false
	}
	if parentOf(stat) != w.cli {
		w.strangers[pid] = true
		return false
	}
	program, err := os.Readlink(filepath.Join(path, "exe"))
	w.providers[pid] = err == nil && filepath.Base(program) == w.program
	return w.providers[pid]
}

// parentOf reads the second field after the name, which is in parentheses and may hold anything.
func parentOf(stat []byte) int {
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
	if len(fields) < 2 {
		return 0
	}
	parent, err := strconv.Atoi(fields[1])
	if err != nil {
		return 0
	}
	return parent
}

// peakOf reads VmHWM, which is in kB, meaning KiB.
func peakOf(status string) int64 {
	_, rest, found := strings.Cut("\n"+status, "\nVmHWM:")
	fields := strings.Fields(rest)
	if !found || len(fields) < 2 || fields[1] != "kB" {
		return 0
	}
	kib, err := strconv.ParseInt(fields[0], 10, 64)
	if err != nil {
		return 0
	}
	return kib * 1024
}

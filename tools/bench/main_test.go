package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// roleVariable makes this test binary play a provider.
const roleVariable = "BENCH_TEST_ROLE"

func TestMain(m *testing.M) {
	if os.Getenv(roleVariable) == "waits-for-input" {
		fmt.Println("waiting")
		_, _ = io.Copy(io.Discard, os.Stdin)
		os.Exit(0)
	}
	os.Exit(m.Run())
}

var completeArgs = []string{"--cli", "a", "--provider", "b", "--emulator", "c", "--work", "d"}

func TestOptionsHaveTheValuesOfTheBenchmark(t *testing.T) {
	opts, err := parseOptions(completeArgs, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	if opts.latency != 80*time.Millisecond || opts.repeat != 3 || opts.quick || !opts.only.MatchString(manyMemory) {
		t.Errorf("got %+v", opts)
	}
}

func TestOptionsAreRequired(t *testing.T) {
	for i := 0; i < len(completeArgs); i += 2 {
		_, err := parseOptions(slices.Delete(slices.Clone(completeArgs), i, i+2), io.Discard)
		wantError(t, err, completeArgs[i]+" is missing")
	}
}

func TestOptionsThatMeanNothingAreRefused(t *testing.T) {
	for want, args := range map[string][]string{
		`unexpected argument "more"`: {"more"},
		"--repeat must be":           {"--repeat", "0"},
		"--latency 1.5ms":            {"--latency", "1500us"},
		"--latency -1s":              {"--latency", "-1s"},
		"--only: error parsing":      {"--only", "("},
		"the scenarios are single-plan, single-naive, many-plan": {"--only", "everything"},
	} {
		_, err := parseOptions(append(slices.Clone(completeArgs), args...), io.Discard)
		wantError(t, err, want)
	}
}

func TestOnlyChoosesScenariosByName(t *testing.T) {
	for expression, want := range map[string]bool{"": true, "naive": true, "^many-.*y$": true, "^naive": false} {
		if got := selectsAny(allGroups(), regexp.MustCompile(expression)); got != want {
			t.Errorf("%q: got %t", expression, got)
		}
	}
}

func TestHelpIsNoFailure(t *testing.T) {
	var stderr bytes.Buffer
	if code := run(t.Context(), []string{"--help"}, io.Discard, &stderr); code != 0 {
		t.Errorf("exit code %d", code)
	}
	wantText(t, stderr.String(), "-only", "-latency", "-repeat", "-quick", "-out")
}

func TestARunThatCannotBeginSaysWhyAndExitsWith1(t *testing.T) {
	var stderr bytes.Buffer
	args := []string{"--cli", "a", "--provider", "no-such-provider", "--emulator", "c", "--work", t.TempDir()}
	if code := run(t.Context(), args, io.Discard, &stderr); code != 1 {
		t.Errorf("exit code %d", code)
	}
	wantText(t, stderr.String(), "no-such-provider", "make build", "Nothing is left running.")
}

func TestARunThatIsStoppedSaysSoAndExitsWith1(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var stderr bytes.Buffer
	args := []string{"--cli", os.Args[0], "--provider", os.Args[0], "--emulator", "c", "--work", t.TempDir()}
	if code := run(ctx, args, io.Discard, &stderr); code != 1 {
		t.Errorf("exit code %d", code)
	}
	wantText(t, stderr.String(), "stopped from outside; nothing is left running")
}

// findCLI looks for a CLI as the Makefile does.
func findCLI(t *testing.T) string {
	t.Helper()
	if path := os.Getenv("TF_ACC_TERRAFORM_PATH"); path != "" {
		return path
	}
	search := exec.CommandContext(t.Context(), "sh", "../../scripts/with-cli.sh", "any", "sh", "-c", `printf %s "$TF_ACC_TERRAFORM_PATH"`)
	search.Stderr = os.Stderr
	path, err := search.Output()
	if err != nil {
		t.Fatalf("this test needs a Terraform or OpenTofu CLI: %v", err)
	}
	return string(path)
}

func buildProgram(t *testing.T, dir, folder string) string {
	t.Helper()
	path := filepath.Join(dir, "program-"+filepath.Base(folder))
	build := exec.CommandContext(t.Context(), "go", "build", "-o", path, folder)
	build.Dir = "../.."
	if output, err := build.CombinedOutput(); err != nil {
		t.Fatalf("building %s: %v\n%s", folder, err, output)
	}
	return path
}

// Small numbers show that every scenario runs, and that the exit code, the table and the file say the same. Whether the
// provider is within the bounds is what the benchmark is for, and not this test.
func TestAQuickRunMeasuresEveryScenario(t *testing.T) {
	dir := t.TempDir()
	out := filepath.Join(dir, "bench.json")
	var stdout, stderr bytes.Buffer
	code := run(t.Context(), []string{
		"--cli", findCLI(t), "--provider", buildProgram(t, dir, "."), "--emulator", buildProgram(t, dir, "./cmd/entra-emulator"),
		"--work", filepath.Join(dir, "work"), "--out", out, "--latency", "1ms", "--repeat", "1", "--quick",
	}, &stdout, &stderr)
	text, err := os.ReadFile(out)
	if err != nil {
		t.Fatalf("exit code %d, %v\n%s", code, err, &stderr)
	}
	var got report
	if err := json.Unmarshal(text, &got); err != nil {
		t.Fatal(err)
	}
	var names []string
	for i := range got.Scenarios {
		f := &got.Scenarios[i]
		names = append(names, f.Scenario)
		if f.Failure != "" {
			t.Errorf("%s: %s\n%s", f.Scenario, f.Failure, &stderr)
		}
		if f.Scenario == manyMemory {
			continue
		}
		if f.WallSeconds == nil || f.WallSeconds.Median <= 0 || f.Requests == nil || f.Requests.HTTP == 0 {
			t.Errorf("%s: nothing was measured: %+v", f.Scenario, f)
		}
		_, err := os.Stat("/proc/self/status")
		if readable := err == nil; (f.PeakMemoryBytes != nil) != (readable && f.Scenario != singleNaive) {
			t.Errorf("%s: memory %v", f.Scenario, f.PeakMemoryBytes)
		}
	}
	if all := scenarioNames(allGroups()); strings.Join(names, ", ") != all {
		t.Errorf("got %v, want %s", names, all)
	}
	if (code == 0) != got.Holds {
		t.Errorf("exit code %d, and the file says %t", code, got.Holds)
	}
	wantText(t, stdout.String(), "no-op plan, single resources", "bench: ")
	if strings.Contains(string(text), dir) {
		t.Errorf("the file names a folder of this machine:\n%s", text)
	}
	changes := 0
	for i := range got.Scenarios {
		if f := &got.Scenarios[i]; f.Scenario == manyApply && f.Requests != nil {
			changes = f.Requests.Writes + f.Requests.Confirmations
		}
	}
	if changes < 2 {
		t.Errorf("the apply shows %d writes and confirmations", changes)
	}
}

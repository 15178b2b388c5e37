package main

import (
	"bytes"
	"errors"
	"os"
	"strings"
	"testing"
)

const planOutput = `entramfa_user_mfa_state.adele: Refreshing state... [id=1]
entramfa_user_mfa_state.alex: Refreshing state... [id=2]

Terraform will perform the following actions:

  # entramfa_user_mfa_state.adele will be updated in-place
  ~ state = "disabled" -> "enabled"


Plan: 0 to add, 1 to change, 0 to destroy.

Saved the plan to: demo.tfplan
`

func TestExcerpt(t *testing.T) {
	everything := []string{
		"Terraform will perform the following actions:", "",
		"  # entramfa_user_mfa_state.adele will be updated in-place",
		`  ~ state = "disabled" -> "enabled"`, "",
		"Plan: 0 to add, 1 to change, 0 to destroy.", "",
		"Saved the plan to: demo.tfplan",
	}
	tests := map[string]struct {
		part excerpt
		want []string
	}{
		"everything but progress": {excerpt{}, everything},
		"from and through": {excerpt{from: "# entramfa", through: "Plan:"}, []string{
			omission, everything[2], everything[3], "", everything[5], omission,
		}},
		"only": {excerpt{only: []string{"Terraform will", "Saved"}}, []string{everything[0], omission, everything[7]}},
		"without a paragraph": {excerpt{without: []string{"~ state"}}, []string{
			everything[0], omission, everything[5], "", everything[7],
		}},
		"without the last paragraph":          {excerpt{from: "Plan:", without: []string{"Saved"}}, []string{omission, everything[5], omission}},
		"texts that are missing hide nothing": {excerpt{from: "Error:", through: "Warning:"}, everything},
		"texts in the wrong order neither":    {excerpt{from: "Saved", through: "Plan:"}, everything},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got := test.part.of(strings.Split(planOutput, "\n"))
			if strings.Join(got, "\n") != strings.Join(test.want, "\n") {
				t.Errorf("got:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(test.want, "\n"))
			}
		})
	}
	if got := (excerpt{}).of(strings.Split("\n\n", "\n")); len(got) != 0 {
		t.Errorf("of nothing: %q", got)
	}
}

func TestExcerptSeesThroughColours(t *testing.T) {
	got := (excerpt{from: "Plan: 1"}).of([]string{"before", "\x1b[1mPlan:\x1b[0m 1 to add"})
	if len(got) != 2 || got[0] != omission || got[1] != "\x1b[1mPlan:\x1b[0m 1 to add" {
		t.Errorf("got %q", got)
	}
}

func TestColoursEndWithTheirLine(t *testing.T) {
	var out bytes.Buffer
	newScreen(&out, true).output("\x1b[31mred\nstill red", excerpt{})
	if want := "    \x1b[31mred\x1b[0m\n    still red\x1b[0m\n"; out.String() != want {
		t.Errorf("got %q, want %q", &out, want)
	}
}

func TestFlattenFindsTextsAcrossLines(t *testing.T) {
	diagnostic := "╷\n│ \x1b[31mError:\x1b[0m a user\n│ \n│   cannot   move\n╵\n"
	if got := flatten(diagnostic); got != "Error: a user cannot move" {
		t.Errorf("got %q", got)
	}
}

func TestWrap(t *testing.T) {
	if got, want := wrap("one  two\nthree a-rather-long-word é é", 9), "one two\nthree\na-rather-long-word\né é"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestTableAndIndent(t *testing.T) {
	got := indent(table([][]string{{"a", "long one", "x"}, {"bcd", "é", ""}}))
	if want := "    a    long one  x\n    bcd  é\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got, want := indent("a\n\n  b\n\n"), "    a\n\n      b\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestBlocksAreSetApartByOneBlankLine(t *testing.T) {
	var out bytes.Buffer
	s := newScreen(&out, false)
	s.say("First %d.", 1)
	s.command("terraform plan")
	s.output("text\n\n", excerpt{})
	s.output("", excerpt{})
	s.note("exit code 0")
	s.file("main.tf", "a = 1\n")
	s.summary("demo: done")
	want := "First 1.\n\n  $ terraform plan\n    text\n    (exit code 0)\n\n  main.tf:\n    a = 1\n\ndemo: done\n"
	if out.String() != want {
		t.Errorf("got:\n%s\nwant:\n%s", &out, want)
	}
}

type closedPipe struct{}

func (closedPipe) Write([]byte) (int, error) { return 0, errors.New("broken pipe") }

func TestAScreenThatNobodyReadsIsAFailure(t *testing.T) {
	s := newScreen(closedPipe{}, false)
	s.say("Hello.")
	wantError(t, s.err, "broken pipe")
}

func TestColourIsForTerminalsOnly(t *testing.T) {
	terminal, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer terminal.Close()
	file, err := os.Create(t.TempDir() + "/file")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	env := func(name, value string) func(string) (string, bool) {
		return func(asked string) (string, bool) {
			if asked == name {
				return value, true
			}
			return "", false
		}
	}
	// A character device is as near to a terminal as a test gets.
	if !wantsColor(terminal, env("", "")) || !wantsColor(terminal, env("NO_COLOR", "")) {
		t.Error("a terminal gets no colour")
	}
	if wantsColor(terminal, env("NO_COLOR", "1")) || wantsColor(terminal, env("TERM", "dumb")) {
		t.Error("NO_COLOR and TERM=dumb are not respected")
	}
	if wantsColor(file, env("", "")) || wantsColor(&bytes.Buffer{}, env("", "")) {
		t.Error("a file gets colour")
	}
}

package workflows

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"unicode"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"
)

// reported is what a filter makes of a text with the functions of report.jq.
func reported(t *testing.T, input, filter string, options ...string) string {
	t.Helper()
	command := exec.CommandContext(t.Context(), "jq", append(append([]string{"-L", filepath.Join(examples, "scripts")}, options...), `include "report"; `+filter)...)
	command.Stdin = strings.NewReader(input)
	var problems bytes.Buffer
	command.Stderr = &problems
	output, err := command.Output()
	if err != nil {
		t.Fatalf("%s: %v\n%s", filter, err, problems.String())
	}
	return strings.TrimSuffix(string(output), "\n")
}

// harmless is a text as a log or a comment shows it.
func harmless(t *testing.T, text string) string {
	t.Helper()
	return reported(t, text, "harmless", "-R", "-s", "-r")
}

// hidden says whether a character shows nothing by itself, by Go's tables.
func hidden(r rune) bool {
	return r != '\n' && r != '\t' && r != ' ' &&
		(r >= 0x13430 && r <= 0x1345f || unicode.In(r, unicode.Cc, unicode.Cf, unicode.Co, unicode.Z, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector) ||
			r == '\u2800' || r == '\U0001d159')
}

// Every character that is hidden, and enough of the others.
func TestWhatIsInvisibleIsShown(t *testing.T) {
	t.Parallel()
	var text strings.Builder
	for r := rune(0); r <= unicode.MaxRune; r++ {
		// Those that are assigned; of private use only the ends, there are 137,000.
		if r >= 0xd800 && r < 0xe000 || r > 0xe000 && r < 0xf8ff || r > 0xf0000 && r < 0xffffd || r > 0x100000 && r < 0x10fffd {
			continue
		}
		if hidden(r) || unicode.IsPrint(r) && (r < 0x600 || r%61 == 0) {
			fmt.Fprintf(&text, "%x %c|\n", r, r)
		}
	}
	lines := strings.Split(harmless(t, text.String()), "\n")
	var shown, kept int
	for at, line := range strings.Split(strings.TrimSuffix(text.String(), "\n"), "\n") {
		var r rune
		if _, err := fmt.Sscanf(line, "%x", &r); err != nil {
			t.Fatal(err)
		}
		want := line
		if hidden(r) {
			escape := fmt.Sprintf(`\U%08x`, r)
			if r < 0x100 {
				escape = fmt.Sprintf(`\x%02x`, r)
			} else if r < 0x10000 {
				escape = fmt.Sprintf(`\u%04x`, r)
			}
			want = fmt.Sprintf("%x %s|", r, escape)
			shown++
		} else {
			kept++
		}
		if lines[at] != want {
			t.Errorf("%U is shown as %q, want %q", r, lines[at], want)
		}
	}
	if shown < 400 || kept < 2_000 {
		t.Errorf("%d characters were shown by an escape, %d kept", shown, kept)
	}
}

func TestNoLineOfALogIsACommand(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"::set-output name=result::changes":            `\x3a:set-output name=result::changes`,
		" \t::add-mask::a":                             " \t" + `\x3a:add-mask::a`,
		"fine\n::stop-commands::x":                     "fine\n" + `\x3a:stop-commands::x`,
		"std::string":                                  "std::string",
		"name ##vso[task.setvariable variable=a]b":     `name #\x23vso[task.setvariable variable=a]b`,
		"##VSO[task.complete]":                         `#\x23VSO[task.complete]`,
		"###[error]":                                   `#\x23#[error]`,
		"####[section]":                                `#\x23#\x23[section]`,
		"\x1b[0Ksection_start:1:a\r\x1b[0KApproved":    `\x1b[0Ksection_start:1:a\x0d\x1b[0KApproved`,
		"\u2028::warning::x":                           `\u2028::warning::x`,
		"a\u202egnp.exe":                               `a\u202egnp.exe`,
		"Jürgen Müller \U0001f600 日本 # 1":              "Jürgen Müller \U0001f600 日本 # 1",
		"\u00a0::x":                                    `\xa0::x`,
		"megan_gmail.com#EXT#@contoso.onmicrosoft.com": "megan_gmail.com#EXT#@contoso.onmicrosoft.com",
	} {
		if got := harmless(t, text); got != want {
			t.Errorf("%q is shown as\n%s, want\n%s", text, got, want)
		}
		if again := harmless(t, want); again != want {
			t.Errorf("%q is shown the second time as %q", want, again)
		}
	}
}

func TestABlockIsCutAtALine(t *testing.T) {
	t.Parallel()
	units := func(text string) int { return len(utf16.Encode([]rune(text))) }
	emoji := strings.Repeat("\U0001f600", 10)
	for name, one := range map[string]struct {
		text  string
		limit int
		// first and last are the lines that are shown.
		last string
		says string
	}{
		"all of it":             {"a\nb\n\n", 100, "  b", ""},
		"to the character":      {"1234\n5678", 14, "  5678", ""},
		"one less":              {"1234\n5678", 13, "  1234", "lines 1 to 1 of 2"},
		"far too long":          {"first\n" + strings.Repeat("line\n", 100_000), 1000, "  line", "of 100001"},
		"one line":              {strings.Repeat("x", 5000), 1000, "  " + strings.Repeat("x", 498), "lines 1 to 1 of 1"},
		"outside of the plane":  {emoji + "\n" + emoji, 40, "  " + emoji, "lines 1 to 1 of 2"},
		"nothing":               {"", 100, "", ""},
		"escapes count, too":    {strings.Repeat("\u200b\n", 30), 45, `  \u200b`, "lines 1 to 5 of 30"},
		"backticks count, too":  {strings.Repeat("`", 3) + "\nb", 16, `  \x60\x60\x60`, "lines 1 to 1 of 2"},
		"as long as it may get": {strings.Repeat(strings.Repeat("`", 3000)+"\n", 3000), 60_000, "", "of 3000"},
	} {
		got := reported(t, one.text, "block($limit; false)", "-R", "-s", "-r", "--argjson", "limit", fmt.Sprint(one.limit))
		before, rest, found := strings.Cut(got, "```text\n")
		inside, after, closed := strings.Cut(rest, "\n```\n")
		if !found || !closed || after != "" || strings.Contains(inside, "```") {
			t.Errorf("%s: the block is\n%.300s", name, got)
		}
		lines := strings.Split(inside, "\n")
		if last := lines[len(lines)-1]; one.last != "" && last != one.last || units(inside) > one.limit {
			t.Errorf("%s: it has %d characters and ends with %.100q", name, units(inside), last)
		}
		if (one.says == "") != (before == "") || !strings.Contains(before, one.says) {
			t.Errorf("%s: it says %q", name, before)
		}
	}
}

func TestADigestOfAPlan(t *testing.T) {
	t.Parallel()
	type check struct {
		Address, Status string
		Problems        []string
	}
	type digest struct {
		Counts  map[string]int
		Objects []string
		Checks  []check
	}
	const plan = `{"format_version": "1.2", "resource_changes": [
		{"address": "a.kept", "mode": "managed", "change": {"actions": ["no-op"]}},
		{"address": "a.new", "mode": "managed", "change": {"actions": ["create"]}},
		{"address": "a.other", "mode": "managed", "change": {"actions": ["update"]}},
		{"address": "a.again", "mode": "managed", "change": {"actions": ["delete", "create"]}},
		{"address": "a.taken", "mode": "managed", "change": {"actions": ["no-op"], "importing": {"id": "1"}}},
		{"address": "a.left", "mode": "managed", "change": {"actions": ["forget"]}},
		{"address": "data.b", "mode": "data", "change": {"actions": ["read"]}}],
		"checks": [
		{"address": {"kind": "check", "to_display": "check.fine"}, "status": "pass", "instances": [{"address": {"to_display": "check.fine"}, "status": "pass"}]},
		{"address": {"kind": "check", "to_display": "check.bad"}, "status": "fail", "instances": [
			{"address": {"to_display": "check.bad"}, "status": "fail", "problems": [{"message": "one"}, {"message": "two\nlines"}]}]},
		{"address": {"kind": "resource", "to_display": "a.some"}, "status": "error", "instances": [
			{"address": {"to_display": "a.some[0]"}, "status": "pass"}, {"address": {"to_display": "a.some[1]"}, "status": "error"}]},
		{"address": {"kind": "check", "to_display": "check.later"}, "status": "unknown"}]}`
	var got digest
	text := reported(t, plan, "digest")
	if err := json.Unmarshal([]byte(text), &got); err != nil {
		t.Fatal(err)
	}
	want := digest{
		Counts:  map[string]int{"import": 1, "add": 2, "change": 1, "destroy": 1, "forget": 1},
		Objects: []string{"a.new", "a.other", "a.again", "a.taken", "a.left"},
		Checks: []check{
			{"check.bad", "fail", []string{"one", "two\nlines"}}, {"a.some[1]", "error", []string{}}, {"check.later", "unknown", []string{}},
		},
	}
	if difference := cmp.Diff(want, got); difference != "" {
		t.Errorf("a digest as it should be (-) and is (+):\n%s", difference)
	}
	if title := reported(t, text, `title("changes")`, "-r"); title != "Plan: 1 to import, 2 to add, 1 to change, 1 to destroy, 1 to forget, 2 checks fail" {
		t.Errorf("the title is %q", title)
	}
	findings := "Checks that do not pass:\n  check.bad: failed\n    one\n    two\n    lines\n  a.some[1]: could not be evaluated\n" +
		"  check.later: not known before an apply\n"
	if got := reported(t, text, "findings", "-r"); got != findings {
		t.Errorf("the findings are\n%s", got)
	}
	empty := reported(t, `{"format_version": "1.2"}`, "digest")
	for result, want := range map[string]string{"unchanged": "No changes", "changes": "Only outputs or data sources change"} {
		if title := reported(t, empty, fmt.Sprintf("title(%q)", result), "-r"); title != want {
			t.Errorf("the title is %q, want %q", title, want)
		}
	}
	if got := reported(t, empty, "findings", "-r"); got != "" {
		t.Errorf("the findings of nothing are %q", got)
	}
}

func TestDiagnosticsAreToldByTheirEvents(t *testing.T) {
	t.Parallel()
	event := func(severity, summary, detail, address string) string {
		text, err := json.Marshal(object{"@level": "warn", "@message": "Warning: " + summary, "type": "diagnostic", "diagnostic": object{
			"severity": severity, "summary": summary, "detail": detail, "address": address,
		}})
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	events := strings.Join([]string{
		`{"@level":"info","@message":"Terraform 1.11.4","type":"version"}`,
		`{"@level":"info","@message":"entramfa_a.a: Refreshing state...","type":"refresh_start"}`,
		event("warning", "Weaker", "diego: Reading...\n{\"@level\":\"error\"}", "a.one"),
		event("warning", "Weaker", "diego: Reading...\n{\"@level\":\"error\"}", "a.two"),
		event("error", "Broken", "Because", "a.three"),
		`{"@level":"warn","@message":"no diagnostic","type":"log"}`,
		"panic: not JSON", `"text"`, "17",
	}, "\n")
	want := "panic: not JSON\n\"text\"\n17\n\n" +
		"Error: Broken\n  with a.three\n\n  Because\n\n" +
		"Warning: Weaker\n  with a.one\n  with a.two\n\n  diego: Reading...\n  {\"@level\":\"error\"}\n\n" +
		"Warning: no diagnostic\n"
	if difference := cmp.Diff(want, reported(t, events, "[inputs] | diagnostics", "-n", "-R", "-r")); difference != "" {
		t.Errorf("what should be told (-) and is (+):\n%s", difference)
	}
}

// commented is a comment about a digest and a plan, as comment.sh has it made.
func commented(t *testing.T, lines []string, warnings, summaries, plan string, room int) string {
	t.Helper()
	digest, err := json.Marshal(object{"effects": object{"lines": lines}, "warnings": warnings, "summaries": summaries})
	if err != nil {
		t.Fatal(err)
	}
	above := reported(t, string(digest), "above", "-j")
	file := filepath.Join(t.TempDir(), "plan.txt")
	if err := os.WriteFile(file, []byte(harmless(t, above+plan)+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return reported(t, string(digest), "comment($plan; $room; false)", "-j", "--rawfile", "plan", file, "--argjson", "room", fmt.Sprint(room))
}

// What is cut is the end of the plan. Warnings lose their details before one of them is cut.
func TestAWarningOutlastsThePlan(t *testing.T) {
	t.Parallel()
	lines := []string{"1 loses MFA: adele@x.example", "::warning::x"}
	plan := strings.TrimSuffix(strings.Repeat("a line of the plan\n", 2000), "\n")
	many := func(n int) (warnings, summaries string) {
		var full, short strings.Builder
		for i := range n {
			fmt.Fprintf(&full, "Warning: number %d\n\n  %s\n\n", i, strings.Repeat("detail ", 20))
			fmt.Fprintf(&short, "Warning: number %d\n", i)
		}
		return full.String(), short.String()
	}
	for name, one := range map[string]struct {
		warnings int
		has, not []string
	}{
		"the end of the plan": {20, []string{"detail", "Warning: number 19\n", "too long", "a line of the plan"}, []string{"do not fit", "more warnings"}},
		"the details":         {100, []string{"do not fit", "Warning: number 99\n", "a line of the plan"}, []string{"detail ", "more warnings"}},
		"what no room is for": {2000, []string{"There are more warnings than there is room for", "Warning: number 100\n"}, []string{"detail "}},
		"nothing":             {0, []string{"a line of the plan"}, []string{"Warning"}},
	} {
		warnings, summaries := many(one.warnings)
		body := commented(t, lines, warnings, summaries, plan, 12_000)
		if len(body) > 12_000 {
			t.Errorf("%s: it has %d characters", name, len(body))
		}
		blocks := render(body).blocks
		if len(blocks) != 2 || !strings.HasPrefix(blocks[0], "  1 loses MFA: adele@x.example\n  \\x3a:warning::x\n") || strings.Contains(blocks[1], "Warning") || strings.Contains(blocks[0], "a line of") {
			t.Errorf("%s: the blocks are %.200q", name, blocks)
		}
		tells(t, body, one.has...)
		for _, text := range one.not {
			if strings.Contains(body, text) {
				t.Errorf("%s: it says %q", name, text)
			}
		}
	}
}

func TestSummariesOfWarningsNameEachOnce(t *testing.T) {
	t.Parallel()
	var events strings.Builder
	for i := range 1000 {
		events.WriteString(adoption(fmt.Sprintf("entramfa_user_mfa_state.all[%d]", i), "A user is adopted as they are"))
	}
	events.WriteString(`{"@level": "error", "type": "diagnostic", "diagnostic": {"severity": "error", "summary": "Broken", "detail": "Because"}}`)
	want := "Error: Broken\n" +
		"Warning: A user is adopted as they are\n  with entramfa_user_mfa_state.all[0], with entramfa_user_mfa_state.all[100], with entramfa_user_mfa_state.all[101] and 997 more"
	if difference := cmp.Diff(want, reported(t, events.String(), "[inputs] | summaries", "-n", "-R", "-j")); difference != "" {
		t.Errorf("what should be told (-) and is (+):\n%s", difference)
	}
}

// An issue has all in one block; there, too, warnings lose their details before they are cut.
func TestAnIssueKeepsItsWarnings(t *testing.T) {
	t.Parallel()
	digest := `{"effects": {"lines": ["1 loses MFA: a"]}, "warnings": "Warning: W\n\n  detail\n\n", "summaries": "Warning: W\n"}`
	const plan = "1 loses MFA: a\n\nWarning: W\n\n  detail\n\nthe plan\n"
	for room, want := range map[string]string{
		"1000": plan,
		"20":   "The details of the warnings do not fit here; the run has them.\n\n1 loses MFA: a\n\nWarning: W\nthe plan\n",
	} {
		if got := reported(t, digest, "whole($plan; $room)", "-j", "--arg", "plan", plan, "--argjson", "room", room); got+"\n" != want && got != want {
			t.Errorf("with room for %s it is %q", room, got)
		}
	}
}

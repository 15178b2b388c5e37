package main

import (
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"
	"strings"

	"github.com/mfa-as-code/terraform-provider-entramfa/tools/internal/sandbox"
)

const (
	// proseWidth is that of the CLI's own text, with the indentation.
	proseWidth  = 82
	indentation = "    "
	// omission stands for lines of an output that are left out.
	omission = "[...]"
)

// screen prints the tour.
type screen struct {
	out   io.Writer
	color bool
	begun bool
	// err is the first failure to print, such as a closed pipe.
	err error
}

func newScreen(out io.Writer, color bool) *screen { return &screen{out: out, color: color} }

// wantsColor follows https://no-color.org.
func wantsColor(out io.Writer, lookupEnv func(string) (string, bool)) bool {
	if value, _ := lookupEnv("NO_COLOR"); value != "" {
		return false
	}
	if value, _ := lookupEnv("TERM"); value == "dumb" {
		return false
	}
	file, ok := out.(*os.File)
	if !ok {
		return false
	}
	info, err := file.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

func (s *screen) print(text string) {
	if _, err := io.WriteString(s.out, text); err != nil && s.err == nil {
		s.err = fmt.Errorf("printing: %w", err)
	}
	s.begun = true
}

// block prints something with a blank line before it.
func (s *screen) block(text string) {
	if s.begun {
		s.print("\n")
	}
	s.print(strings.TrimRight(text, "\n") + "\n")
}

func (s *screen) bold(text string) string {
	if !s.color {
		return text
	}
	return "\x1b[1m" + text + "\x1b[0m"
}

func (s *screen) heading(number, of int, title string) {
	s.block(s.bold(fmt.Sprintf("[%d/%d] %s", number, of, title)))
}

func (s *screen) summary(text string) { s.block(s.bold(text)) }

// say prints a paragraph.
func (s *screen) say(format string, args ...any) {
	s.block(wrap(fmt.Sprintf(format, args...), proseWidth))
}

// event prints what somebody other than the CLI does.
func (s *screen) event(text string) { s.block("  > " + text) }

func (s *screen) command(text string) { s.block("  " + s.bold("$ "+text)) }

// note follows a command.
func (s *screen) note(text string) { s.print(indent(wrap("("+text+")", proseWidth-len(indentation)))) }

func (s *screen) file(name, content string) { s.block("  " + name + ":\n" + indent(content)) }

// output prints a part of a command's output.
func (s *screen) output(text string, part excerpt) {
	lines := part.of(strings.Split(text, "\n"))
	if len(lines) == 0 {
		return
	}
	if s.color {
		// A colour may be switched off in a line that is left out.
		for i := range lines {
			lines[i] += "\x1b[0m"
		}
	}
	s.print(indent(strings.Join(lines, "\n")))
}

func (s *screen) table(rows [][]string) { s.block(indent(table(rows))) }

// excerpt is the part of an output that is worth reading. The zero value is all of it.
type excerpt struct {
	// from and through are texts in the first and the last line to show. An output without them is shown as a whole:
	// rather too much than an error left out.
	from    string
	through string
	// only are texts of which each shown line holds one, unless there are none.
	only []string
	// without are texts of which no shown paragraph holds one.
	without []string
}

// progress matches lines that say nothing new, such as "Refreshing state..."; they are left out without a trace.
var progress = regexp.MustCompile(`: (Refreshing state|Creating|Modifying|Destroying|Still [a-z]+)\.\.\.`)

// of applies the excerpt. Blank lines around it go, and several become one.
func (e excerpt) of(lines []string) []string {
	first, last := e.bounds(lines)
	unwanted := e.unwanted(lines)
	var shown []string
	omitted, blank := false, false
	for i, line := range lines {
		text := sandbox.StripColor(line)
		switch {
		case strings.TrimSpace(text) == "":
			blank = true
			continue
		case progress.MatchString(text):
			continue
		case i < first || i > last || unwanted[i] || !e.wants(text):
			omitted = true
			continue
		}
		if omitted {
			shown = append(shown, omission)
		} else if blank && len(shown) > 0 {
			shown = append(shown, "")
		}
		shown = append(shown, line)
		omitted, blank = false, false
	}
	if omitted {
		shown = append(shown, omission)
	}
	return shown
}

func (e excerpt) bounds(lines []string) (first, last int) {
	first, last = 0, len(lines)-1
	for i, line := range lines {
		text := sandbox.StripColor(line)
		if e.from != "" && first == 0 && strings.Contains(text, e.from) {
			first = i
		}
		if e.through != "" && strings.Contains(text, e.through) {
			last = i
		}
	}
	if last < first {
		return 0, len(lines) - 1
	}
	return first, last
}

// unwanted are the numbers of the lines whose paragraph is left out.
func (e excerpt) unwanted(lines []string) map[int]bool {
	numbers := map[int]bool{}
	begin, drop := 0, false
	for i := range len(lines) + 1 {
		text := ""
		if i < len(lines) {
			text = sandbox.StripColor(lines[i])
		}
		if strings.TrimSpace(text) != "" {
			drop = drop || slices.ContainsFunc(e.without, func(part string) bool { return strings.Contains(text, part) })
			continue
		}
		for number := begin; drop && number < i; number++ {
			numbers[number] = true
		}
		begin, drop = i+1, false
	}
	return numbers
}

func (e excerpt) wants(text string) bool {
	if len(e.only) == 0 {
		return true
	}
	for _, part := range e.only {
		if strings.Contains(text, part) {
			return true
		}
	}
	return false
}

// flatten undoes the CLI's layout, so that a text is found wherever its lines are broken: colours, the frame beside a
// diagnostic, and white space.
func flatten(text string) string {
	return strings.Join(strings.Fields(strings.NewReplacer("│", " ", "╷", " ", "╵", " ").Replace(sandbox.StripColor(text))), " ")
}

// indent indents every line that is not blank, and ends the last.
func indent(text string) string {
	var indented strings.Builder
	for line := range strings.SplitSeq(strings.TrimRight(text, "\n"), "\n") {
		if strings.TrimSpace(line) != "" {
			indented.WriteString(indentation + line)
		}
		indented.WriteByte('\n')
	}
	return indented.String()
}

// wrap breaks a paragraph into lines of at most so many characters, a longer word excepted.
func wrap(text string, width int) string {
	var wrapped strings.Builder
	column := 0
	for _, word := range strings.Fields(text) {
		length := len([]rune(word))
		switch {
		case column == 0:
		case column+1+length > width:
			wrapped.WriteByte('\n')
			column = 0
		default:
			wrapped.WriteByte(' ')
			column++
		}
		wrapped.WriteString(word)
		column += length
	}
	return wrapped.String()
}

// table aligns columns.
func table(rows [][]string) string {
	var widths []int
	for _, row := range rows {
		for i, cell := range row {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], len([]rune(cell)))
		}
	}
	var text strings.Builder
	for _, row := range rows {
		var line strings.Builder
		for i, cell := range row {
			fmt.Fprintf(&line, "%-*s  ", widths[i], cell)
		}
		text.WriteString(strings.TrimRight(line.String(), " ") + "\n")
	}
	return text.String()
}

func firstLine(text string) string {
	line, _, _ := strings.Cut(text, "\n")
	return line
}

// pictures draws the pictures of the documentation: diagrams from Graphviz's DOT language, and a plan from its text.
//
//	pictures <folder of *.dot, where the SVG files go> <text of a plan>
//
// The first comment of an SVG file has the hash of its source and of this program, so that a test finds one that is stale without drawing it.
package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	_ "embed"
	"fmt"
	"html"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/goccy/go-graphviz"
)

//go:embed main.go
var program []byte

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: pictures <folder> <plan>")
		os.Exit(2)
	}
	if err := run(context.Background(), os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, "pictures:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, folder, plan string) error {
	diagrams, err := filepath.Glob(filepath.Join(folder, "*.dot"))
	if err != nil {
		return err
	}
	for _, place := range diagrams {
		if err := convert(place, strings.TrimSuffix(place, ".dot")+".svg", func(source []byte) (string, error) { return diagram(ctx, source) }); err != nil {
			return err
		}
	}
	return convert(plan, filepath.Join(folder, "plan.svg"), func(source []byte) (string, error) { return terminal(string(source)), nil })
}

func convert(from, to string, draw func([]byte) (string, error)) error {
	source, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	picture, err := draw(source)
	if err != nil {
		return fmt.Errorf("%s: %w", from, err)
	}
	stamp := fmt.Sprintf("<!-- source %x -->\n", sha256.Sum256(append(source, program...)))
	return os.WriteFile(to, []byte(stamp+picture), 0o644) //nolint:gosec // A picture is for everybody to read.
}

// diagram is the SVG that Graphviz draws, without the prologue, which has a version of Graphviz that says nothing about the picture.
func diagram(ctx context.Context, source []byte) (string, error) {
	engine, err := graphviz.New(ctx)
	if err != nil {
		return "", err
	}
	defer engine.Close()
	graph, err := graphviz.ParseBytes(source)
	if err != nil {
		return "", err
	}
	defer graph.Close()
	var picture bytes.Buffer
	if err := engine.Render(ctx, graph, graphviz.SVG, &picture); err != nil {
		return "", err
	}
	_, svg, found := strings.Cut(picture.String(), "<svg")
	if !found {
		return "", fmt.Errorf("no SVG: %q", picture.String())
	}
	return "<svg" + fonts.Replace(title.ReplaceAllString(svg, `$1 font-weight="bold"$2`)), nil
}

// title is the first line of the text of a node of the class "titled".
var title = regexp.MustCompile(`(class="node titled">\n<title>[^<]*</title>\n<path [^>]*/>\n<text)( [^>]*>[^<]*</text>\n<text)`)

// fonts has the families of a browser for the two whose widths Graphviz knows, and an edge for the picture, which is white on white otherwise.
var fonts = strings.NewReplacer(
	`font-family="Helvetica,sans-Serif"`, `font-family="system-ui,-apple-system,'Segoe UI',Helvetica,Arial,sans-serif"`,
	`font-family="Courier,monospace"`, `font-family="`+monospace+`"`,
	`<polygon fill="#ffffff" stroke="none"`, `<polygon fill="#ffffff" stroke="#d0d7de"`,
)

const monospace = `ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace`

// Colours of a terminal, readable on their own dark background.
const (
	background, border, plain = "#0d1117", "#30363d", "#c9d1d9"
	green, red, yellow        = "#3fb950", "#ff7b72", "#e3b341"
)

const (
	charWidth, lineHeight, margin = 7.9, 18, 20
	fontSize                      = 13
)

var (
	marked   = regexp.MustCompile(`^( *)([~+-]|-/\+)( .*)$`)
	headline = regexp.MustCompile(`^(Warning|Error): `)
)

// terminal is a plan up to the end of its first warning or error, in the colours that the CLI gives it.
func terminal(plan string) string {
	heads := regexp.MustCompile(`(?m)^(?:Warning|Error): `).FindAllStringIndex(plan, 2)
	if len(heads) == 2 {
		plan = plan[:heads[1][0]]
	}
	lines := strings.Split(strings.TrimRight(plan, "\n"), "\n")
	longest := 0
	var text strings.Builder
	for number, line := range lines {
		longest = max(longest, len([]rune(line)))
		x, y := margin, margin+lineHeight*(number+1)-5
		content := html.EscapeString(line)
		if m := marked.FindStringSubmatch(line); m != nil && !afterHeadline(lines[:number]) {
			colour := map[string]string{"+": green, "-": red, "~": yellow, "-/+": red}[m[2]]
			content = html.EscapeString(m[1]) + fmt.Sprintf(`<tspan fill="%s">%s</tspan>`, colour, html.EscapeString(m[2])) + html.EscapeString(m[3])
		}
		if m := headline.FindString(line); m != "" {
			content = fmt.Sprintf(`<tspan fill="%s" font-weight="bold">%s</tspan><tspan font-weight="bold">%s</tspan>`, yellow, m, html.EscapeString(line[len(m):]))
		}
		fmt.Fprintf(&text, `<text x="%d" y="%d" xml:space="preserve">%s</text>`+"\n", x, y, content)
	}
	width, height := int(2*margin+charWidth*float64(longest)), 2*margin+lineHeight*len(lines)
	return fmt.Sprintf(`<svg xmlns="http://www.w3.org/2000/svg" width="%[1]d" height="%[2]d" viewBox="0 0 %[1]d %[2]d">
<rect x="0.5" y="0.5" width="%[3]d" height="%[4]d" rx="8" fill="%[5]s" stroke="%[6]s"/>
<g font-family="%[10]s" font-size="%[7]d" fill="%[8]s">
%[9]s</g>
</svg>
`, width, height, width-1, height-1, background, border, fontSize, plain, text.String(), monospace)
}

// afterHeadline says whether the plan itself has ended, and what follows is prose.
func afterHeadline(lines []string) bool {
	for _, line := range lines {
		if headline.MatchString(line) {
			return true
		}
	}
	return false
}

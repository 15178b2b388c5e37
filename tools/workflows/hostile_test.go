package workflows

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/text"
	"golang.org/x/net/html"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
)

// hostile is what somebody writes who may choose a name or a message, and who wants to approve a change in the pipeline's name, to hide a
// warning or to command a runner. "seen" stands after everything, so that nothing before it can have swallowed the rest.
var hostile = []string{
	"~~~~~~~~~~", "~~~~~~~~~~~~~~~~~~~~", "```", "`````````````", "   ```", "> ```",
	"</details>", "</pre></p>", "<!-- ", "-->", `<img src="https://attacker.example/pixel.png">`,
	"# Approved by the security team", "Approved", "========", "- [x] reviewed",
	"[Approve](https://attacker.example/approve)", "![](https://attacker.example/pixel.png)", "https://attacker.example/plain",
	"@security-team", "@<11111111-2222-3333-4444-555555555555>", "closes #1", "!2", "contoso/mfa#3",
	"/approve", "/merge", "/close", "/label ~approved",
	"diego: Reading...", "diego: Refreshing state... [id=1]", "diego: Read complete after 0s", "Saved the plan to: nowhere", "Plan: 0 to add, 0 to change, 0 to destroy.", "No changes.",
	"::set-output name=result::unchanged", "::add-mask::entramfa", "::stop-commands::x", " ::warning::x",
	"##vso[task.setvariable variable=result;isOutput=true]unchanged", "##vso[task.complete result=Succeeded]", "x ##vso[task.prependpath]/tmp", "##[error]x", "###[group]x",
	"\x1b[2J\x1b[31mred\x1b[0m", "section_start:1:a\r\x1b[0Ksection", "over\rwritten", "\x07\b\b\b",
	"zero\u200bwidth", "\u202etxet", "\u2066isolated\u2069", "\U000e0041\U000e0042", "line\u2028separator", "\ufeff", "\u3164",
	"seen",
}

// quoted is a text as a string of the configuration.
func quoted(value string) string {
	var literal strings.Builder
	for _, r := range value {
		switch {
		case r == '"' || r == '\\':
			literal.WriteString(`\` + string(r))
		case r > 0xffff:
			fmt.Fprintf(&literal, `\U%08x`, r)
		case r < ' ' || r > '~':
			fmt.Fprintf(&literal, `\u%04x`, r)
		default:
			literal.WriteRune(r)
		}
	}
	return `"` + literal.String() + `"`
}

// hostileConfiguration has the text wherever text comes into a plan: in an output of one and of many lines, in a key, in the message of a
// check, in the name of a location.
func hostileConfiguration() string {
	all := quoted(strings.Join(hostile, "\n"))
	return configuration + `
output "hostile" {
  value = { (` + quoted(strings.Join(hostile, " ")) + `) = ` + all + `, list = [` + all + `] }
}

check "hostile" {
  assert {
    condition     = entramfa_registration_policy.everybody.state == "disabled"
    error_message = ` + all + `
  }
}

resource "entramfa_trusted_ips" "hostile" {
  display_name = ` + quoted(strings.Join(hostile[:4], " ")) + `
  ip_ranges    = ["203.0.113.0/24"]
}
`
}

// rendered is what a forge makes of a text of Markdown, as far as it matters here.
type rendered struct {
	blocks   []string
	headings []string
	links    []string
	// html is raw HTML, prose all the other text.
	html, prose []string
}

func render(source string) rendered {
	var r rendered
	content := []byte(source)
	linesOf := func(node ast.Node) string {
		var all strings.Builder
		for i := range node.Lines().Len() {
			segment := node.Lines().At(i)
			all.Write(segment.Value(content))
		}
		return all.String()
	}
	document := goldmark.New(goldmark.WithExtensions(extension.GFM)).Parser().Parse(text.NewReader(content))
	_ = ast.Walk(document, func(node ast.Node, entering bool) (ast.WalkStatus, error) {
		if !entering {
			return ast.WalkContinue, nil
		}
		switch one := node.(type) {
		case *ast.FencedCodeBlock, *ast.CodeBlock, *ast.CodeSpan:
			if node.Kind() == ast.KindFencedCodeBlock {
				r.blocks = append(r.blocks, linesOf(node))
			} else {
				r.prose = append(r.prose, "code of another kind")
			}
			return ast.WalkSkipChildren, nil
		case *ast.Heading:
			r.headings = append(r.headings, linesOf(node))
		case *ast.Link:
			r.links = append(r.links, string(one.Destination))
		case *ast.AutoLink:
			r.links = append(r.links, string(one.URL(content)))
		case *ast.Image:
			r.links = append(r.links, string(one.Destination))
		case *ast.HTMLBlock:
			r.html = append(r.html, strings.TrimSpace(linesOf(node)))
		case *ast.RawHTML:
			r.html = append(r.html, "in a line")
		case *ast.Text:
			r.prose = append(r.prose, string(one.Segment.Value(content)))
		}
		return ast.WalkContinue, nil
	})
	return r
}

var (
	// A quick action of GitLab's; older versions look into blocks that are not of backticks, too.
	quickAction = regexp.MustCompile(`(?m)^/\w`)
	mention     = regexp.MustCompile(`[@#!]\w`)
	// What Azure DevOps takes for a mention or a reference; whether it looks into blocks is documented nowhere.
	azureMention = regexp.MustCompile(`@<|[#!]\d`)
)

// safe fails the test unless a text of Markdown has so many blocks with all that is foreign in them, and nothing else than what the scripts say.
func safe(t *testing.T, body string, blocks int, headings, html []string, links int) string {
	t.Helper()
	got := render(body)
	if len(got.blocks) != blocks || !slices.Equal(got.headings, headings) || !slices.Equal(got.html, html) || len(got.links) != links {
		t.Fatalf("it has %d blocks, the headings %q, the HTML %q, the links %q:\n%s", len(got.blocks), got.headings, got.html, got.links, body)
	}
	for _, link := range got.links {
		if strings.Contains(link, "attacker") {
			t.Errorf("there is a link to %s", link)
		}
	}
	for _, prose := range got.prose {
		if mention.MatchString(prose) || strings.Contains(prose, "pproved") {
			t.Errorf("outside of the block it says %q", prose)
		}
	}
	if quickAction.MatchString(body) {
		t.Errorf("there is a quick action: %q", quickAction.FindAllString(body, -1))
	}
	all := strings.Join(got.blocks, "")
	showsAllOf(t, all)
	return all
}

// showsAllOf fails the test unless a text shows every line of what is hostile, with what cannot be seen as escapes.
func showsAllOf(t *testing.T, block string) {
	t.Helper()
	for r := range strings.SplitSeq(block, "") {
		if hidden([]rune(r)[0]) {
			t.Errorf("it has a character that cannot be seen: %q", r)
		}
	}
	plain := strings.NewReplacer(`\x60`, "`", `#\x23`, "##", `\x3a:`, "::", `\x40`, "@", `\x23`, "#", `\x21`, "!").Replace(block)
	for _, one := range hostile {
		if !strings.Contains(plain, strings.Trim(harmlessInGo(one), " ")) {
			t.Errorf("it does not show %q", one)
		}
	}
}

// harmlessInGo shows what cannot be seen, and leaves everything else.
func harmlessInGo(value string) string {
	var shown strings.Builder
	for _, r := range value {
		switch {
		case !hidden(r):
			shown.WriteRune(r)
		case r < 0x100:
			fmt.Fprintf(&shown, `\x%02x`, r)
		case r < 0x10000:
			fmt.Fprintf(&shown, `\u%04x`, r)
		default:
			fmt.Fprintf(&shown, `\U%08x`, r)
		}
	}
	return shown.String()
}

var commentHTML = []string{"<!-- plan of the MFA configuration -->", "<details><summary>Plan</summary>", "</details>"}

// Whoever may choose a name, or the text of a check, says nothing in the pipeline's name, and hides nothing.
func TestWhatOthersWriteStaysInTheBlock(t *testing.T) {
	onEveryForge(t, func(t *testing.T, w forgeWorld) {
		b := w.base()
		_, isGitLab := w.(*gitLabWorld)
		_, isAzure := w.(*azureWorld)
		b.commit(hostileConfiguration())

		planned := w.pullRequest(false)
		b.succeeds(planned)
		showsAllOf(t, planned["plan"].log)
		if !isGitLab {
			block := safe(t, shown(t, w), 2, []string{"Plan: 3 to add, 0 to change, 0 to destroy, 1 check fails"}, commentHTML, 1)
			tells(t, block, "Warning: Check block assertion failed", "entramfa_user_mfa_states.staff will be created",
				`+256 trusted IPv4 addresses: entramfa_trusted_ips.hostile "~~~~~~~~~~ ~~~~~~~~~~~~~~~~~~~~ \x60\x60\x60 `)
			if isAzure && azureMention.MatchString(block) {
				t.Errorf("there is a mention: %q", azureMention.FindAllString(block, -1))
			}
		}

		b.succeeds(w.push())
		b.has(adele, control.StateEnabled)

		// The check fails, and nothing differs.
		b.forge.written()
		b.succeeds(w.schedule())
		found := b.theIssue()
		b.onlyTheText(found.body, isAzure)
		if !found.open || !strings.Contains(found.title, "Checks") {
			t.Errorf("the issue is %+v", found)
		}
		// A name with which a filter would take the warning for a line about reading.
		_, err := b.tenant.PatchUser(t.Context(), adele, control.UserPatch{DisplayName: new("diego: Reading...\n~~~~~~~~~~\n# Approved")})
		b.must(err)
		b.set(adele, control.StateDisabled)
		b.succeeds(w.schedule())
		b.onlyTheText(b.theIssue().body, isAzure)
		tells(t, b.theIssue().body, adele, "check.hostile")
	})
}

// onlyTheText fails the test unless a body of an issue shows the hostile text and nothing comes of it.
func (w *world) onlyTheText(body string, isAzure bool) {
	w.t.Helper()
	if !isAzure {
		safe(w.t, body, 1, nil, nil, 1)
		return
	}
	// A description of a work item is HTML.
	document, err := html.Parse(strings.NewReader(body))
	w.must(err)
	var elements []string
	var block strings.Builder
	for node := range document.Descendants() {
		switch {
		case node.Type == html.ElementNode:
			elements = append(elements, node.Data)
		case node.Type == html.TextNode && node.Parent.Data == "pre":
			block.WriteString(node.Data)
		case node.Type == html.CommentNode:
			w.t.Errorf("there is a comment: %q", node.Data)
		}
	}
	if !slices.Equal(elements, []string{"html", "head", "body", "p", "pre", "p", "a"}) {
		w.t.Errorf("the description has the elements %q", elements)
	}
	showsAllOf(w.t, block.String())
}

// The renderer finds what the blocks of before let through.
func TestTheRendererFindsWhatBreaksOut(t *testing.T) {
	t.Parallel()
	got := render("~~~~~~~~~~text\n~~~~~~~~~~\n# Approved\n\n[a](https://attacker.example) @team https://attacker.example/plain <b>\n~~~~~~~~~~\n")
	if len(got.blocks) != 2 || len(got.headings) != 1 || len(got.links) != 2 || len(got.html) != 1 || !mention.MatchString(strings.Join(got.prose, "")) {
		t.Errorf("it finds %+v", got)
	}
	if !quickAction.MatchString("a\n/approve") || !azureMention.MatchString("@<1>") || !command.MatchString("x ##vso[task.a]") || !command.MatchString(" ::a::") {
		t.Error("an expression finds nothing")
	}
}

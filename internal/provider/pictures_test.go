package provider_test

import (
	"crypto/sha256"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider"
)

// TestEveryPictureIsDrawnFromItsSourceOfToday compares hashes, so that nothing has to draw.
func TestEveryPictureIsDrawnFromItsSourceOfToday(t *testing.T) {
	t.Parallel()
	const folder = "../../pictures/"
	read := func(place string) []byte {
		t.Helper()
		content, err := os.ReadFile(place)
		if err != nil {
			t.Fatal(err)
		}
		return content
	}
	program := read("../../tools/pictures/main.go")
	sources := map[string]string{folder + "plan.svg": "../../examples/guides/plan-review/typo/plan.txt"}
	diagrams, _ := filepath.Glob(folder + "*.dot")
	for _, diagram := range diagrams {
		sources[strings.TrimSuffix(diagram, ".dot")+".svg"] = diagram
	}
	if len(sources) < 4 {
		t.Fatalf("only %d pictures", len(sources))
	}
	for picture, source := range sources {
		content := read(picture)
		if want := fmt.Sprintf("<!-- source %x -->\n", sha256.Sum256(append(read(source), program...))); !strings.HasPrefix(string(content), want) {
			t.Errorf("%s is not drawn from the present %s: run `make pictures`", picture, source)
		}
		for decoder := xml.NewDecoder(strings.NewReader(string(content))); ; {
			if _, err := decoder.Token(); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				t.Errorf("%s is not XML: %v", picture, err)
				break
			}
		}
	}
	drawn, _ := filepath.Glob(folder + "*.svg")
	for _, picture := range drawn {
		if sources[picture] == "" {
			t.Errorf("%s has no source", picture)
		}
	}
}

// TestEveryLinkOfTheREADMELeadsSomewhere follows the links of the pages that are not generated, and those to pictures, which registries show from the repository. A page
// of docs/ is there where its template or its resource is.
func TestEveryLinkOfTheREADMELeadsSomewhere(t *testing.T) {
	t.Parallel()
	schemas, err := provider.NewServer("test")().GetProviderSchema(t.Context(), &tfprotov6.GetProviderSchemaRequest{})
	if err != nil {
		t.Fatal(err)
	}
	isThere := func(target string) bool {
		for _, place := range []string{target, strings.Replace(target, "docs/", "templates/", 1) + ".tmpl"} {
			if _, err := os.Stat("../../" + place); err == nil {
				return true
			}
		}
		name, generated := strings.CutPrefix(strings.TrimSuffix(target, ".md"), "docs/resources/")
		return generated && schemas.ResourceSchemas["entramfa_"+name] != nil
	}
	const pictures = "https://raw.githubusercontent.com/mfa-as-code/terraform-provider-entramfa/main/"
	followed := 0
	pages, _ := filepath.Glob("../../templates/*/*.md.tmpl")
	for _, page := range append(pages, "../../README.md", "../../CONTRIBUTING.md", "../../SECURITY.md") {
		content, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, link := range linkPattern.FindAllStringSubmatch(string(content), -1) {
			target, shown := strings.CutPrefix(link[1], pictures)
			if !shown && (strings.Contains(target, "://") || target == "" || strings.HasPrefix(page, "../../templates/")) {
				continue
			}
			followed++
			if !isThere(target) {
				t.Errorf("%s: %q leads nowhere", page, link[0])
			}
		}
	}
	if followed < 30 {
		t.Errorf("only %d links were followed", followed)
	}
}

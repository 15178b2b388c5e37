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

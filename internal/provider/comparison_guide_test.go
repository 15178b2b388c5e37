package provider_test

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// TestEveryClaimOfTheComparisonHasItsTest looks for the tests that the page links to.
func TestEveryClaimOfTheComparisonHasItsTest(t *testing.T) {
	t.Parallel()
	_, claims, found := strings.Cut(guide(t, "comparison"), "| question | this provider | test |\n|---|---|---|\n")
	rows := strings.Split(strings.TrimSpace(claims), "\n")
	if !found || len(rows) < 10 {
		t.Fatalf("the page has %d claims", len(rows))
	}
	link := regexp.MustCompile("^\\| [^|]+ \\| [^|]+ \\| \\[`(Test\\w+)`\\]\\(https://github.com/mfa-as-code/terraform-provider-entramfa/blob/main/(internal/[^)]+_test.go)\\) \\|$")
	for _, row := range rows {
		parts := link.FindStringSubmatch(row)
		if parts == nil {
			t.Errorf("a claim without a test: %s", row)
			continue
		}
		if content, err := os.ReadFile("../../" + parts[2]); err != nil || !strings.Contains(string(content), "\nfunc "+parts[1]+"(t *testing.T) {\n") {
			t.Errorf("%s has no %s (%v)", parts[2], parts[1], err)
		}
	}
}

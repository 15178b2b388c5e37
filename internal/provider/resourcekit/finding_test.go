package resourcekit

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/diagnose"
)

func TestFindingsAreSortedAndFolded(t *testing.T) {
	t.Parallel()
	ranges := path.Root("ranges")
	findings := []Finding{{Summary: "a warning", Detail: "of the whole"}}
	for i := range diagnose.NamedInErrors + 3 {
		findings = append(findings, Finding{At: ranges.AtListIndex(i), Summary: fmt.Sprintf("range %d", i), Fold: "%d more ranges"})
	}
	// As many as are shown: nothing is left out.
	for i := range diagnose.NamedInErrors {
		findings = append(findings, Finding{At: ranges.AtListIndex(i), Summary: fmt.Sprintf("name %d", i), Fold: "%d more names"})
	}
	findings = append(findings, Finding{Refuses: true, At: path.Root("state"), Summary: "an error"})

	var diags diag.Diagnostics
	Report(&diags, findings...)
	var have []string
	for _, found := range diags {
		at := ""
		if with, ok := found.(diag.DiagnosticWithPath); ok {
			at = with.Path().String()
		}
		have = append(have, fmt.Sprintf("%s %s: %s", found.Severity(), at, found.Summary()))
	}
	want := []string{"Error state: an error", "Warning : a warning"}
	for i := range diagnose.NamedInErrors {
		want = append(want, fmt.Sprintf("Warning ranges[%d]: range %d", i, i))
	}
	for i := range diagnose.NamedInErrors {
		want = append(want, fmt.Sprintf("Warning ranges[%d]: name %d", i, i))
	}
	want = append(want, "Warning ranges: 3 more ranges")
	if diff := cmp.Diff(want, have); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

package resourcekit

import (
	"fmt"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/diagnose"
)

// Finding is what a check of a plan has found. Checks are pure functions of the state, the plan and what is known of the tenant, and return
// findings; [Report] is the only one that writes diagnostics from them.
type Finding struct {
	// Refuses makes it an error. Otherwise it is a warning.
	Refuses bool
	// At is the attribute; the zero value is none.
	At path.Path
	// Summary says what is wrong with which object, Detail why and what to do.
	Summary, Detail string
	// Fold is set where there may be many findings of a kind. A few are shown, and Fold is the summary of the others, with %d for their number.
	Fold string
}

// Report adds findings to the diagnostics, errors first. Of the findings with the same Fold it shows as many as a message names.
func Report(diags *diag.Diagnostics, findings ...Finding) {
	slices.SortStableFunc(findings, func(a, b Finding) int {
		switch {
		case a.Refuses == b.Refuses:
			return 0
		case a.Refuses:
			return -1
		}
		return 1
	})
	shown := map[string]int{}
	var folded []Finding
	for _, finding := range findings {
		if finding.Fold != "" {
			if shown[finding.Fold]++; shown[finding.Fold] > diagnose.NamedInErrors {
				if shown[finding.Fold] == diagnose.NamedInErrors+1 {
					folded = append(folded, finding)
				}
				continue
			}
		}
		finding.add(diags)
	}
	for _, finding := range folded {
		finding.At = finding.At.ParentPath()
		finding.Summary = fmt.Sprintf(finding.Fold, shown[finding.Fold]-diagnose.NamedInErrors)
		finding.Detail = fmt.Sprintf("The first %d are named in the warnings before this one.", diagnose.NamedInErrors)
		finding.add(diags)
	}
}

func (f Finding) add(diags *diag.Diagnostics) {
	var found diag.Diagnostic = diag.NewWarningDiagnostic(f.Summary, f.Detail)
	if f.Refuses {
		found = diag.NewErrorDiagnostic(f.Summary, f.Detail)
	}
	if len(f.At.Steps()) > 0 {
		found = diag.WithPath(f.At, found)
	}
	diags.Append(found)
}

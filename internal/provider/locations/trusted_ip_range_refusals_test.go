package locations

import (
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/clienttest"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/iprange"
)

func TestEveryRefusalOfARangeHasItsWords(t *testing.T) {
	t.Parallel()
	single, err := iprange.Parse("203.0.113.0/24")
	if err != nil {
		t.Fatal(err)
	}
	refusals := clienttest.Constants[client.RangeRefusal](t)
	summaries := map[string]bool{}
	for _, reason := range refusals {
		var diags diag.Diagnostics
		addRangeError(&diags, path.Root("ip_range"), &client.RangeRefusedError{Location: client.NamedLocation{ID: "1", DisplayName: "HQ"}, Range: single, Reason: reason})
		if len(diags) != 1 || diags[0].Summary() == "" || diags[0].Detail() == "" {
			t.Errorf("%q is reported by %v", reason, diags)
			continue
		}
		summaries[diags[0].Summary()] = true
	}
	if len(summaries) != len(refusals) {
		t.Errorf("%d refusals have the summaries %v", len(refusals), summaries)
	}
}

package provider_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
)

func TestTheLifeOfATrustedLocationThroughTheRealCLI(t *testing.T) {
	t.Parallel()
	tn := newLocationTenant(t)
	w := tn.workspace(t, map[string]string{"main.tf": block() + trustedIPs("HQ", "203.0.113.0/24")},
		"ARM_TENANT_ID="+tenantID, "ARM_CLIENT_ID="+appID, "ARM_CLIENT_SECRET="+appSecret)

	w.sees(w.expect(2, "plan", "-input=false", "-detailed-exitcode"),
		"+ address_count_ipv4 = 256", `+ display_name = "HQ"`, "+ network_count_ipv6 = 0", "+ trusted = true",
		`Warning: "HQ" newly trusts 256 IPv4 addresses`, "newly trusted: 203.0.113.0/24 (256 IPv4 addresses)")
	w.sees(w.expect(0, "apply", "-input=false", "-auto-approve"), "Apply complete")
	w.expect(0, "plan", "-input=false", "-detailed-exitcode")

	// The mistake that the counts are for.
	w.write("main.tf", block()+trustedIPs("HQ", "203.0.0.0/9"))
	w.sees(w.expect(2, "plan", "-input=false", "-detailed-exitcode"), "~ address_count_ipv4 = 256 -> 8388608",
		"203.0.0.0/9 is very wide", `"HQ" newly trusts 8,388,352 IPv4 addresses`)
	w.write("main.tf", block()+trustedIPs("HQ", "203.0.113.0/24"))

	off := false
	tn.patched("HQ", control.NamedLocationPatch{IsTrusted: &off})()
	w.sees(w.expect(2, "plan", "-input=false", "-detailed-exitcode"), "will be updated in-place", "~ trusted = false -> true", `"HQ" newly trusts 256`)
	w.expect(0, "apply", "-input=false", "-auto-approve")
	w.expect(0, "plan", "-input=false", "-detailed-exitcode")

	// Deleted between the plan and the apply.
	w.write("main.tf", block()+trustedIPs("HQ", "203.0.113.0/25"))
	w.expect(0, "plan", "-input=false", "-out=plan.bin")
	tn.removed("HQ")()
	w.sees(w.expect(1, "apply", "-input=false", "plan.bin"), `Named location "HQ" does not exist any more`, "was deleted after the plan was made")
	w.sees(w.expect(0, "apply", "-input=false", "-auto-approve"), "1 added")

	w.sees(w.expect(2, "plan", "-input=false", "-detailed-exitcode", "-destroy"), `Warning: Sign-ins from "HQ" stop being trusted`, `"MFA outside" (enabled`)
	w.expect(0, "destroy", "-input=false", "-auto-approve")
	if err := tn.hasNoLocation("HQ"); err != nil {
		t.Error(err)
	}
}

func TestALocationOfTheGreatestSizeIsPlannedInSeconds(t *testing.T) {
	t.Parallel()
	ranges := make([]string, client.MaxIPRanges)
	for i := range ranges {
		ranges[i] = fmt.Sprintf("11.%d.%d.0/25", i/256, i%256)
	}
	people := locationTenant()
	people.NamedLocations = append(people.NamedLocations, control.NewIPNamedLocation("HQ", true, ranges...))
	tn := startTenant(t, people, quick())
	w := tn.workspace(t, map[string]string{"main.tf": block() + trustedIPs("HQ 2", ranges...)},
		"ARM_TENANT_ID="+tenantID, "ARM_CLIENT_ID="+appID, "ARM_CLIENT_SECRET="+appSecret)
	measured := func(what string, do func()) {
		began := time.Now()
		do()
		t.Logf("%d ranges, %s: %s", len(ranges), what, time.Since(began).Round(10*time.Millisecond))
	}
	measured("plan of a creation", func() {
		w.sees(w.expect(2, "plan", "-input=false", "-detailed-exitcode"), "+ address_count_ipv4 = 256000", "and 1980 more")
	})
	for i := range ranges {
		ranges[i] = strings.Replace(ranges[i], ".0/25", ".9/25", 1)
	}
	w.write("main.tf", block()+trustedIPs("HQ", ranges...))
	measured("import", func() { w.expect(0, "import", "-input=false", locationAddress, "HQ") })
	measured("plan without a change but in the spelling of each", func() { w.expect(0, "plan", "-input=false", "-detailed-exitcode") })
	ranges[0] = "203.0.113.0/24"
	w.write("main.tf", block()+trustedIPs("HQ", ranges...))
	measured("plan with one of them changed", func() {
		w.sees(w.expect(2, "plan", "-input=false", "-detailed-exitcode"), "~ address_count_ipv4 = 256000 -> 256128", "newly trusted: 203.0.113.0/24")
	})
	tn.patched("HQ", control.NamedLocationPatch{IPRanges: &[]control.IPRange{{CIDRAddress: "192.0.2.128/25"}}})()
	measured("plan with all of them removed outside of Terraform", func() {
		w.sees(w.expect(2, "plan", "-input=false", "-detailed-exitcode"), "~ address_count_ipv4 = 128 -> 256128")
	})
}

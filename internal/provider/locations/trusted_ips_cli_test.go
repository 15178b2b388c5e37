package locations_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/iprange"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/acctest"
)

func TestTheLifeOfATrustedLocationThroughTheRealCLI(t *testing.T) {
	t.Parallel()
	tn := acctest.NewLocationTenant(t)
	w := tn.Workspace(t, map[string]string{"main.tf": acctest.Block() + acctest.TrustedIPs("HQ", "203.0.113.0/24")},
		"ARM_TENANT_ID="+acctest.TenantID, "ARM_CLIENT_ID="+acctest.AppID, "ARM_CLIENT_SECRET="+acctest.AppSecret)

	w.Sees(w.Expect(2, "plan", "-input=false", "-detailed-exitcode"),
		"+ address_count_ipv4 = 256", `+ display_name = "HQ"`, "+ network_count_ipv6 = 0", "+ trusted = true",
		`Warning: "HQ" newly trusts 256 IPv4 addresses`, "newly trusted: 203.0.113.0/24 (256 IPv4 addresses)")
	w.Sees(w.Expect(0, "apply", "-input=false", "-auto-approve"), "Apply complete")
	w.Expect(0, "plan", "-input=false", "-detailed-exitcode")

	// The mistake that the counts are for.
	w.Write("main.tf", acctest.Block()+acctest.TrustedIPs("HQ", "203.0.0.0/9"))
	w.Sees(w.Expect(2, "plan", "-input=false", "-detailed-exitcode"), "~ address_count_ipv4 = 256 -> 8388608",
		`"HQ" newly trusts 8,388,352 IPv4 addresses`, "203.0.0.0/9 is very wide")
	w.Write("main.tf", acctest.Block()+acctest.TrustedIPs("HQ", "203.0.113.0/24"))

	off := false
	tn.Patched("HQ", control.NamedLocationPatch{IsTrusted: &off})()
	w.Sees(w.Expect(2, "plan", "-input=false", "-detailed-exitcode"), "will be updated in-place", "~ trusted = false -> true", `"HQ" newly trusts 256`)
	w.Expect(0, "apply", "-input=false", "-auto-approve")
	w.Expect(0, "plan", "-input=false", "-detailed-exitcode")

	// Changed between the plan and the apply.
	w.Write("main.tf", acctest.Block()+acctest.TrustedIPs("HQ", "203.0.113.0/24", "198.51.100.200"))
	w.Expect(0, "plan", "-input=false", "-out=plan.bin")
	tn.Patched("HQ", control.NamedLocationPatch{IPRanges: cidrs("203.0.113.0/25")})()
	w.Sees(w.Expect(1, "apply", "-input=false", "plan.bin"), `Named location "HQ" (id`, "changed since the plan was made",
		"203.0.113.128/25 (128 IPv4 addresses) was removed, and the apply would add it again", "nothing was written", "Make a new plan with a refresh")
	w.Sees(w.Expect(0, "apply", "-input=false", "-auto-approve"), "1 changed")

	// Deleted between the plan and the apply.
	w.Write("main.tf", acctest.Block()+acctest.TrustedIPs("HQ", "203.0.113.0/25"))
	w.Expect(0, "plan", "-input=false", "-out=plan.bin")
	tn.Removed("HQ")()
	w.Sees(w.Expect(1, "apply", "-input=false", "plan.bin"), `Named location "HQ" does not exist any more`, "was deleted after the plan was made")
	w.Sees(w.Expect(0, "apply", "-input=false", "-auto-approve"), "1 added")

	w.Sees(w.Expect(2, "plan", "-input=false", "-detailed-exitcode", "-destroy"), `Warning: Sign-ins from "HQ" stop being trusted`, `"MFA outside" (enabled`)
	w.Expect(0, "destroy", "-input=false", "-auto-approve")
	if err := tn.HasNoLocation("HQ"); err != nil {
		t.Error(err)
	}
}

func TestALocationOfTheGreatestSizeIsPlannedInSecondsThroughTheRealCLI(t *testing.T) {
	t.Parallel()
	ranges := make([]string, iprange.MaxIPRanges)
	for i := range ranges {
		ranges[i] = fmt.Sprintf("11.%d.%d.0/25", i/256, i%256)
	}
	people := acctest.LocationTenant()
	people.NamedLocations = append(people.NamedLocations, control.NewIPNamedLocation("HQ", true, ranges...))
	tn := acctest.StartTenant(t, people, acctest.Quick())
	w := tn.Workspace(t, map[string]string{"main.tf": acctest.Block() + acctest.TrustedIPs("HQ 2", ranges...)},
		"ARM_TENANT_ID="+acctest.TenantID, "ARM_CLIENT_ID="+acctest.AppID, "ARM_CLIENT_SECRET="+acctest.AppSecret)
	measured := func(what string, do func()) {
		began := time.Now()
		do()
		t.Logf("%d ranges, %s: %s", len(ranges), what, time.Since(began).Round(10*time.Millisecond))
	}
	measured("plan of a creation", func() {
		w.Sees(w.Expect(2, "plan", "-input=false", "-detailed-exitcode"), "+ address_count_ipv4 = 256000", "and 1980 more")
	})
	for i := range ranges {
		ranges[i] = strings.Replace(ranges[i], ".0/25", ".9/25", 1)
	}
	w.Write("main.tf", acctest.Block()+acctest.TrustedIPs("HQ", ranges...))
	measured("import", func() { w.Expect(0, "import", "-input=false", acctest.LocationAddress, "HQ") })
	measured("plan without a change but in the spelling of each", func() { w.Expect(0, "plan", "-input=false", "-detailed-exitcode") })
	ranges[0] = "203.0.113.0/24"
	w.Write("main.tf", acctest.Block()+acctest.TrustedIPs("HQ", ranges...))
	measured("plan with one of them changed", func() {
		w.Sees(w.Expect(2, "plan", "-input=false", "-detailed-exitcode"), "~ address_count_ipv4 = 256000 -> 256128", "newly trusted: 203.0.113.0/24")
	})
	tn.Patched("HQ", control.NamedLocationPatch{IPRanges: &[]control.IPRange{{CIDRAddress: "192.0.2.128/25"}}})()
	measured("plan with all of them removed outside of Terraform", func() {
		w.Sees(w.Expect(2, "plan", "-input=false", "-detailed-exitcode"), "~ address_count_ipv4 = 128 -> 256128")
	})
}

func TestLocationsKeepToTheLimitOfConditionalAccessThroughTheRealCLI(t *testing.T) {
	t.Parallel()
	tn := acctest.NewLocationTenant(t)
	ctx := context.Background()
	if err := tn.SetBehavior(ctx, control.Behavior{Throttle: control.DocumentedThrottling()}); err != nil {
		t.Fatal(err)
	}
	const many = 4
	config := func(length int) string {
		return acctest.Block() + fmt.Sprintf("resource \"entramfa_trusted_ips\" \"site\" {\n  count = %d\n  display_name = \"Site ${count.index}\"\n  ip_ranges = [\"203.0.${count.index}.0/%d\"]\n}\n", many, length)
	}
	w := tn.Workspace(t, map[string]string{"main.tf": config(24)}, "ARM_TENANT_ID="+acctest.TenantID, "ARM_CLIENT_ID="+acctest.AppID, "ARM_CLIENT_SECRET="+acctest.AppSecret)
	for _, step := range []struct {
		what, config string
		arguments    []string
		// What is sent: reads, which are of the locations or the policies of the whole tenant, and writes.
		reads, writes int
	}{
		// A plan and an apply are processes of their own, and each of them reads the locations and the policies once.
		{"create", config(24), []string{"apply", "-input=false", "-auto-approve"}, 4, many},
		{"refresh", config(24), []string{"plan", "-input=false", "-detailed-exitcode"}, 1, 0},
		// Narrowing is explained by the policies, again to each process.
		{"update", config(25), []string{"apply", "-input=false", "-auto-approve"}, 4, many},
		// The locations are read by the refresh, by the plan of the destroy, which is a process of its own, and before the first
		// deletion; the policies by the last two.
		{"destroy", config(25), []string{"destroy", "-input=false", "-auto-approve"}, 5, 2 * many},
	} {
		w.Write("main.tf", step.config)
		if err := tn.ClearRequests(ctx); err != nil {
			t.Fatal(err)
		}
		w.Expect(0, step.arguments...)
		if reads, writes := tn.Sent(http.MethodGet), tn.Sent(http.MethodPost, http.MethodPatch, http.MethodDelete); reads != step.reads || writes != step.writes {
			t.Errorf("%s: %d reads and %d writes, want %d and %d", step.what, reads, writes, step.reads, step.writes)
		}
		if refused := tn.RefusedAccess(); refused != 0 {
			t.Errorf("%s: %d requests were throttled", step.what, refused)
		}
	}
	// The control: who does not keep to the limit is refused. These sessions do not.
	if err := tn.ClearRequests(ctx); err != nil {
		t.Fatal(err)
	}
	tn.AnotherRun(t).Plan(acctest.Depot(), acctest.Location("Depot", "192.0.2.0/29"))
	if tn.RefusedAccess() == 0 {
		t.Error("two requests at once are not refused, so that it means nothing that the others were not")
	}
}

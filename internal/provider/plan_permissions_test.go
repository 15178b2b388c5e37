package provider_test

import (
	"context"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/acctest"
)

var permissionRow = regexp.MustCompile("(?m)^\\| .* \\| (`[A-Za-z.]+`.*) \\|$")

// documentedPermissions are the permissions for reading and for writing of the table in the documentation.
func documentedPermissions(t *testing.T) (reading, writing []string) {
	t.Helper()
	content, err := os.ReadFile("../../templates/index.md.tmpl")
	if err != nil {
		t.Fatal(err)
	}
	_, section, found := strings.Cut(string(content), "\n## Permissions\n")
	section, _, ended := strings.Cut(section, "\n## ")
	if !found || !ended || !strings.Contains(section, "A plan needs only those for reading") {
		t.Fatal("the documentation has no section on permissions that says what a plan needs")
	}
	for _, row := range permissionRow.FindAllStringSubmatch(section, -1) {
		for _, match := range acctest.PermissionPattern.FindAllStringSubmatch(row[1], -1) {
			list := &reading
			if strings.Contains(match[1], ".ReadWrite.") {
				list = &writing
			}
			if !slices.Contains(*list, match[1]) {
				*list = append(*list, match[1])
			}
		}
	}
	return reading, writing
}

// without is a list less one of its elements.
func without(list []string, one string) []string {
	return slices.DeleteFunc(slices.Clone(list), func(other string) bool { return other == one })
}

// chooses is the matrix's tenant with an app whose permissions are yet to be chosen.
func chooses() *control.Tenant {
	people := acctest.MatrixTenant()
	people.Apps = append(people.Apps, control.App{ClientID: acctest.ChosenAppID, DisplayName: "chosen", Secrets: []control.Secret{{Value: acctest.ChosenSecret}}})
	return people
}

// looks carries out the part of an operation that only looks: all of it, or the plan of what is to be applied.
func (p *performance) looks() (planned acctest.PlannedChange, diagnostics []*tfprotov6.Diagnostic) {
	p.T.Helper()
	running, diagnostics := p.Start()
	if len(acctest.Problems(diagnostics)) > 0 || p.op.deed == deedConfigure {
		return planned, diagnostics
	}
	switch p.op.deed {
	case deedRead:
		_, diagnostics = running.Read(p.op.typeName, p.before)
	case deedImport:
		_, diagnostics = running.ImportID(p.op.typeName, p.op.importID)
	case deedData:
		_, diagnostics = running.Data(p.op.typeName, p.op.config)
	default:
		// As the CLI does: a plan begins with a refresh.
		before := p.before
		if !before.Nothing() {
			if before, diagnostics = running.Read(p.op.typeName, p.before); len(acctest.Problems(diagnostics)) > 0 {
				return planned, diagnostics
			}
		}
		planned, diagnostics = running.Plan(p.op.typeName, before, p.op.config)
	}
	return planned, diagnostics
}

// permissionOperations are the rows of the fault matrix, and one that only permissions tell from them.
func permissionOperations() []faultyOperation {
	set := tftypes.Set{ElementType: tftypes.String}
	guard := tftypes.NewValue(
		tftypes.Object{AttributeTypes: map[string]tftypes.Type{"user_ids": set, "user_principal_names": set, "group_ids": set}},
		map[string]tftypes.Value{"user_ids": acctest.StringSet(acctest.RescueID), "user_principal_names": tftypes.NewValue(set, nil), "group_ids": tftypes.NewValue(set, nil)},
	)
	return append(faultyOperations(), faultyOperation{
		name: "guard: campaign of a group beside an emergency access account", typeName: "entramfa_registration_policy", deed: deedApply,
		config: map[string]any{"state": "enabled", "include": acctest.Targets(nil, nil, []string{acctest.StaffID})},
		block:  map[string]any{"emergency_access": guard},
	})
}

// writePermissions are what an operation on a resource needs in addition to carry its plan out.
var writePermissions = map[string]string{
	typeStrength:           "Policy.ReadWrite.ConditionalAccess",
	acctest.TypeName:       "Policy.ReadWrite.AuthenticationMethod",
	acctest.StatesTypeName: "Policy.ReadWrite.AuthenticationMethod",
	acctest.PolicyTypeName: "Policy.ReadWrite.AuthenticationMethod",
	acctest.LocationType:   "Policy.ReadWrite.ConditionalAccess",
	acctest.CountryType:    "Policy.ReadWrite.ConditionalAccess",
	acctest.RangeType:      "Policy.ReadWrite.ConditionalAccess",
	typeAccessPolicy:       "Policy.ReadWrite.ConditionalAccess",
}

func TestAPlanNeedsOnlyTheReadPermissionsAndItsApplyOneMore(t *testing.T) {
	t.Parallel()
	reading, writing := documentedPermissions(t)
	if len(reading) == 0 || len(writing) == 0 {
		t.Fatalf("the documentation names %v for reading and %v for writing", reading, writing)
	}
	for _, op := range permissionOperations() {
		t.Run(op.name, func(t *testing.T) {
			t.Parallel()
			ctx := context.Background()
			m := acctest.NewMachine(t, chooses())
			p := stageFaults(m, op)
			begin := p.Picture()

			p.ActsWith(reading...)
			p.must(p.Tenant.ClearRequests(ctx))
			planned, diagnostics := p.looks()
			if found := acctest.Problems(diagnostics); len(found) > 0 {
				t.Fatalf("with %v: %s", reading, found)
			}
			if written, others := p.Tenant.SentWrites(); len(written) > 0 || others == 0 {
				t.Errorf("it read %d times and wrote %v", others, written)
			}
			if apps := p.Tenant.GraphApps(); len(apps) != 1 || !apps[acctest.ChosenAppID] {
				t.Errorf("Graph was asked by %v", apps)
			}
			if now := p.Picture(); now != begin {
				t.Errorf("the tenant has changed from\n%s\nto\n%s", begin, now)
			}
			if op.deed != deedApply {
				return
			}

			needs := writePermissions[op.typeName]
			if !slices.Contains(writing, needs) {
				t.Fatalf("the documentation does not name %s", needs)
			}
			p.must(p.Tenant.ClearRequests(ctx))
			_, diagnostics = p.Process().Apply(op.typeName, p.before, planned)
			refused := acctest.Problems(diagnostics)
			if len(refused) == 0 || !slices.ContainsFunc(refused, func(text string) bool { return acctest.Says("HTTP 403", needs).MatchString(text) }) {
				t.Errorf("the apply with %v does not say that it needs %s: %s", reading, needs, refused)
			}
			if now := p.Picture(); now != begin {
				t.Errorf("the refused apply has changed the tenant from\n%s\nto\n%s", begin, now)
			}
			// The control: what counts no writes of a plan counts those of an apply, the refused one's too.
			if written, _ := p.Tenant.SentWrites(); len(written) == 0 {
				t.Error("the refused apply has sent nothing")
			}

			p.ActsWith(append(slices.Clone(reading), needs)...)
			if _, diagnostics = p.Process().Apply(op.typeName, p.before, planned); len(acctest.Problems(diagnostics)) > 0 {
				t.Errorf("the apply with %v and %s: %s", reading, needs, acctest.Problems(diagnostics))
			}
			if now := p.Picture(); now == begin {
				t.Error("the apply has changed nothing")
			}
		})
	}
}

// neededFor says, of each permission for reading, which operations fail where the app does not have it. What matches none of them
// succeeds without it.
var neededFor = map[string]*regexp.Regexp{
	"Policy.Read.All": regexp.MustCompile(`^(one user|many users|campaign|location|countries|range|policy|strength|guard): |^data: (one user|all users|users of a group|campaign|location|countries|trusted ranges|policy|policies|strength|strengths|template)$`),
	// Users of many are read by the ids in the state. Ids of a campaign can be looked up with one of the two permissions.
	"User.Read.All":                     regexp.MustCompile(`^one user: |^many users: (plan of create|create|import)|^data: (one user|all users|users of a group)$|^(provider|guard): `),
	"UserAuthenticationMethod.Read.All": regexp.MustCompile(`^one user: (plan of )?promotion$`),
	// Of policies they only explain and check what the service checks at apply.
	"Application.Read.All": regexp.MustCompile(`^$`), "RoleManagement.Read.Directory": regexp.MustCompile(`^$`),
	"Organization.Read.All": regexp.MustCompile(`^$`), "AuditLog.Read.All": regexp.MustCompile(`^$`),
	"GroupMember.Read.All": regexp.MustCompile(`^data: users of a group$|^(provider|guard): `),
}

func TestAPlanWithoutOneOfTheReadPermissionsSaysWhichItIs(t *testing.T) {
	t.Parallel()
	reading, _ := documentedPermissions(t)
	for _, taken := range reading {
		if neededFor[taken] == nil {
			t.Errorf("the documentation names %s; this test does not know what for", taken)
		}
	}
	if len(neededFor) != len(reading) {
		t.Errorf("the documentation names %v; this test knows %d", reading, len(neededFor))
	}
	for _, op := range permissionOperations() {
		t.Run(op.name, func(t *testing.T) {
			t.Parallel()
			p := stageFaults(acctest.NewMachine(t, chooses()), op)
			for _, taken := range reading {
				p.ActsWith(without(reading, taken)...)
				_, diagnostics := p.looks()
				found := acctest.Problems(diagnostics)
				if needed := neededFor[taken].MatchString(op.name); needed != (len(found) > 0) {
					t.Errorf("without %s it fails: %t, want %t: %s", taken, len(found) > 0, needed, found)
				}
				for _, text := range found {
					if !strings.Contains(text, taken) {
						t.Errorf("without %s it says: %s", taken, text)
					}
				}
			}
		})
	}
}

// The same through the real CLI, where a refresh, a plan of everything and a destroy's plan are commands.
func TestARealPlanOfEverythingNeedsOnlyTheReadPermissionsThroughTheRealCLI(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	reading, _ := documentedPermissions(t)
	tn := acctest.StartTenant(t, chooses(), acctest.Quick())
	w := tn.Workspace(t, map[string]string{"main.tf": acctest.Block(`emergency_access = { group_ids = ["`+acctest.RescueGroupID+`"] }`) + strings.Replace(everything,
		`user_ids = ["`+acctest.RescueID+`"]`, `group_ids = ["`+acctest.RescueGroupID+`"]`, 1)})
	environment := slices.Clone(w.Env)
	as := func(id, secret string) {
		w.Env = append(slices.Clone(environment), "ARM_TENANT_ID="+acctest.TenantID, "ARM_CLIENT_ID="+id, "ARM_CLIENT_SECRET="+secret)
	}
	if _, err := tn.PatchApp(ctx, acctest.ChosenAppID, control.AppPatch{Permissions: &reading}); err != nil {
		t.Fatal(err)
	}
	looks := func() {
		t.Helper()
		written, others := tn.SentWrites()
		if len(written) > 0 || others == 0 {
			t.Errorf("it read %d times and wrote %v", others, written)
		}
		if err := tn.ClearRequests(ctx); err != nil {
			t.Fatal(err)
		}
	}

	as(acctest.ChosenAppID, acctest.ChosenSecret)
	w.Sees(w.Expect(2, "plan", "-input=false", "-detailed-exitcode"), "8 to add")
	looks()
	as(acctest.AppID, acctest.AppSecret)
	w.Apply()
	if written, _ := tn.SentWrites(); len(written) < 8 {
		t.Errorf("an apply of 8 resources has written %v", written)
	}
	if err := tn.ClearRequests(ctx); err != nil {
		t.Fatal(err)
	}

	as(acctest.ChosenAppID, acctest.ChosenSecret)
	w.StaysEmpty()
	looks()
	w.Sees(w.Expect(2, "plan", "-input=false", "-detailed-exitcode", "-lock=false", "-var=state=disabled", "-var=range=198.51.100.0/25", `-var=countries=["SE"]`, "-out=plan.bin"), "4 to change")
	looks()
	w.Sees(w.Expect(2, "plan", "-input=false", "-detailed-exitcode", "-destroy"), "8 to destroy")
	looks()
	w.Expect(0, "plan", "-input=false", "-refresh-only")
	looks()
	w.Sees(w.Expect(1, "apply", "-input=false", "plan.bin"), "HTTP 403", "Policy.ReadWrite.")
}

var identityRow = regexp.MustCompile("(?m)^ *\\| `([A-Za-z.]+)` \\| (yes|no) \\| yes \\|")

// Whoever sets the pipelines of examples/workflows up gives their identities what the README says.
func TestTheIdentitiesOfTheWorkflowsHaveTheDocumentedPermissions(t *testing.T) {
	t.Parallel()
	reading, writing := documentedPermissions(t)
	given := map[string][]string{}
	for _, row := range identityRow.FindAllStringSubmatch(acctest.Example(t, "workflows/README.md"), -1) {
		given[row[2]] = append(given[row[2]], row[1])
	}
	for answer, want := range map[string][]string{"yes": reading, "no": writing} {
		slices.Sort(given[answer])
		if want = slices.Sorted(slices.Values(want)); !slices.Equal(given[answer], want) {
			t.Errorf("the identity for plans has, by the answer %q, %v; the documentation says %v", answer, given[answer], want)
		}
	}
}

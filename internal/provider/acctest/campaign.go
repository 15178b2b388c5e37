package acctest

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/terraform"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
)

// AppliedLate plans, changes the tenant, and applies the plan in another process without a refresh, as a saved plan or
// -refresh=false does.
func (m *Machine) AppliedLate(before Kept, config map[string]any, change func()) (Kept, []*tfprotov6.Diagnostic) {
	m.T.Helper()
	planned, diagnostics := m.Process().Plan(PolicyTypeName, before, config)
	NoErrors(m.T, diagnostics)
	change()
	if err := m.Tenant.ClearRequests(context.Background()); err != nil {
		m.T.Fatal(err)
	}
	applying := m.Process()
	if config != nil {
		// Terraform plans once more in the apply, except of a destroy.
		again, diagnostics := applying.Plan(PolicyTypeName, before, config)
		if len(Problems(diagnostics)) > 0 {
			return before, diagnostics
		}
		planned = again
	}
	return applying.Apply(PolicyTypeName, before, planned)
}

func (tn *Tenant) RenamedGroup(group, name string) func() {
	return tn.Do(func(ctx context.Context) error {
		_, err := tn.PatchGroup(ctx, group, control.GroupPatch{DisplayName: &name})
		return err
	})
}

// PolicyTypeName is the type of the registration policy.
const PolicyTypeName = "entramfa_registration_policy"

// PolicySession drives the policy as the CLI does, without one. It carries the private state from call to call.
type PolicySession struct{ *Session }

func (tn *Tenant) PolicySession(t *testing.T, extra map[string]any) *PolicySession {
	t.Helper()
	return &PolicySession{tn.SessionOf(t, PolicyTypeName, extra)}
}

// Scope is an include or exclude; ids are a list of texts, or a value.
func (s *PolicySession) Scope(all any, users, groups any) tftypes.Value {
	s.t.Helper()
	set := tftypes.Set{ElementType: tftypes.String}
	ids := func(given any) tftypes.Value {
		texts, ok := given.([]string)
		if !ok {
			return tftypes.NewValue(set, given)
		}
		var values []tftypes.Value
		for _, text := range texts {
			values = append(values, tftypes.NewValue(tftypes.String, text))
		}
		return tftypes.NewValue(set, values)
	}
	typ, ok := s.Type.AttributeTypes["include"].(tftypes.Object)
	if !ok {
		s.t.Fatal("include is no object")
	}
	return tftypes.NewValue(typ, map[string]tftypes.Value{
		"all_users": tftypes.NewValue(tftypes.Bool, all), "user_ids": ids(users), "group_ids": ids(groups),
	})
}

// Plan plans from a prior state (nil: create) to a configuration (nil: destroy).
func (s *PolicySession) Plan(prior, config map[string]any, private []byte) *tfprotov6.PlanResourceChangeResponse {
	s.t.Helper()
	value := func(values map[string]any) tftypes.Value {
		if values == nil {
			return tftypes.NewValue(s.Type, nil)
		}
		return ObjectOf(s.t, s.Type, values)
	}
	var proposed map[string]any
	if config != nil {
		proposed = map[string]any{}
		for name := range s.Type.AttributeTypes {
			proposed[name] = prior[name]
			if given, ok := config[name]; ok {
				proposed[name] = given
			} else if name == "exclude" {
				proposed[name] = nil
			}
		}
	}
	planned, err := s.Server.PlanResourceChange(context.Background(), &tfprotov6.PlanResourceChangeRequest{
		TypeName: PolicyTypeName, PriorState: Dynamic(s.t, value(prior)), Config: Dynamic(s.t, value(config)),
		ProposedNewState: Dynamic(s.t, value(proposed)), PriorPrivate: private,
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return planned
}

// The policy of tests that have one, and the groups of the tenant of the campaign: staff holds Adele and, by way of managers, Megan.
const (
	PolicyAddress = "entramfa_registration_policy.test"
	PolicyID      = "authenticationMethodsPolicy"

	StaffID    = "33333333-cccc-4ccc-8ccc-00000000000a"
	ManagersID = "33333333-cccc-4ccc-8ccc-00000000000b"
	LeaversID  = "33333333-cccc-4ccc-8ccc-00000000000c"
)

// CampaignNow is the campaign that the tenant really has.
func (tn *Tenant) CampaignNow() *control.RegistrationCampaign {
	tn.T.Helper()
	policy, err := tn.GetAuthenticationMethodsPolicy(context.Background())
	if err != nil {
		tn.T.Fatal(err)
	}
	return policy.Campaign()
}

func (tn *Tenant) CampaignIs(want *control.RegistrationCampaign) error {
	tn.T.Helper()
	have := tn.CampaignNow()
	if len(have.ExcludeTargets) == 0 {
		have.ExcludeTargets = nil
	}
	if diff := cmp.Diff(want, have); diff != "" {
		return fmt.Errorf("the tenant's campaign (-want +got):\n%s", diff)
	}
	return nil
}

func (tn *Tenant) HasCampaign(want *control.RegistrationCampaign) resource.TestCheckFunc {
	return func(*terraform.State) error { return tn.CampaignIs(want) }
}

// PatchCampaign changes members of the campaign behind Terraform's back.
func (tn *Tenant) PatchCampaign(members string) func() {
	return tn.Do(func(ctx context.Context) error {
		_, err := tn.PatchAuthenticationMethodsPolicy(ctx, json.RawMessage(
			`{"registrationEnforcement":{"authenticationMethodsRegistrationCampaign":`+members+`}}`))
		return err
	})
}

// PolicyRequests counts the requests since the log was cleared by method and end of the path.
func (tn *Tenant) PolicyRequests(method, suffix string) int {
	tn.T.Helper()
	return tn.count(func(request control.Request) bool {
		return request.Method == method && strings.HasSuffix(request.Path, suffix)
	})
}

// WroteCampaign checks how often the policy was written since the log was cleared, and clears it.
func (tn *Tenant) WroteCampaign(want int) resource.TestCheckFunc {
	return func(*terraform.State) error {
		if have := tn.PolicyRequests(http.MethodPatch, "/policies/authenticationMethodsPolicy"); have != want {
			return fmt.Errorf("the policy was written %d times, want %d", have, want)
		}
		return tn.ClearRequests(context.Background())
	}
}

// NewCampaignTenant is the test tenant with groups to include and exclude.
func NewCampaignTenant(t *testing.T) *Tenant {
	t.Helper()
	return StartTenant(t, CampaignTenant(), Quick())
}

// CampaignTenant is what it is made of.
func CampaignTenant() *control.Tenant {
	people := Contoso()
	people.Groups = append(
		people.Groups,
		control.Group{ID: StaffID, DisplayName: "Staff", Members: []string{AdeleID, ManagersID}},
		control.Group{ID: ManagersID, DisplayName: "Managers", Members: []string{MeganID}},
		control.Group{ID: LeaversID, DisplayName: "Leavers"},
	)
	return people
}

// Registration is the resource block entramfa_registration_policy.test with these lines.
func Registration(lines ...string) string {
	return "resource \"entramfa_registration_policy\" \"test\" {\n  " + strings.Join(lines, "\n  ") + "\n}\n"
}

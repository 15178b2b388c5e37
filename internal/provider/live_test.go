package provider_test

import (
	"context"
	"fmt"
	"os"
	"testing"

	frameworkprovider "github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/mfa"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/acctest"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/resourcekit"
)

// stage is a tenant on which a test can run that asks nothing of it but what any tenant can do: the emulated one, or a
// real one where TF_ACC=1. Tests that need more (faults, lag, deletions) always use the emulator.
type stage struct {
	factory map[string]func() (tfprotov6.ProviderServer, error)
	// block is the provider block.
	block string
	// id and upn are those of a user who has registered no method and may be changed.
	id, upn string
	// state and setState look at the user and change them behind Terraform's back.
	state    func() (string, error)
	setState func(state string) error
}

// userVariable names the user of a real tenant whom the tests may change.
const userVariable = "ENTRAMFA_TEST_USER"

func newStage(t *testing.T) *stage {
	t.Helper()
	if os.Getenv("TF_ACC") == "" {
		tn := acctest.NewTenant(t)
		return &stage{
			factory: tn.Factory, block: tn.Provider(), id: acctest.AdeleID, upn: acctest.AdeleUPN,
			state: func() (string, error) {
				user, err := tn.GetUser(context.Background(), acctest.AdeleID)
				if err != nil {
					return "", err
				}
				return user.PerUserMFAState, nil
			},
			setState: func(state string) error {
				_, err := tn.SetPerUserMFAState(context.Background(), acctest.AdeleID, state)
				return err
			},
		}
	}
	return newLiveStage(t)
}

// newLiveStage uses a client of its own for what an administrator would do, signed in as the ARM variables say.
func newLiveStage(t *testing.T) *stage {
	t.Helper()
	name := os.Getenv(userVariable)
	if name == "" {
		t.Fatalf("TF_ACC is set, so %s has to name a user of the real tenant, by user principal name, who has no method registered and whose "+
			"per-user MFA state the tests may change", userVariable)
	}
	ctx := context.Background()
	administrator, err := clientFromEnvironment(ctx)
	if err != nil {
		t.Fatal(err)
	}
	user, err := administrator.GetUser(ctx, name)
	if err != nil {
		t.Fatal(err)
	}
	move := func(state string) error {
		_, err := administrator.SetUserMFAState(ctx, user, mfa.State(state), client.SetOptions{})
		return err
	}
	before, err := administrator.GetUserMFAState(ctx, user)
	if err != nil {
		t.Fatal(err)
	}
	if before != mfa.Disabled {
		t.Fatalf("the test user %s is %s; the tests begin and end with disabled, so set that or name another user", user.Name(), before)
	}
	return &stage{
		factory: map[string]func() (tfprotov6.ProviderServer, error){
			"entramfa": func() (tfprotov6.ProviderServer, error) {
				return providerserver.NewProtocol6(provider.New("acceptance-test")())(), nil
			},
		},
		block: acctest.Block(), id: user.ID, upn: user.UserPrincipalName,
		state: func() (string, error) {
			state, err := administrator.GetUserMFAState(ctx, user)
			return string(state), err
		},
		setState: move,
	}
}

func (s *stage) is(want string) resource.TestCheckFunc {
	return func(*terraform.State) error {
		have, err := s.state()
		if err != nil {
			return err
		}
		if have != want {
			return fmt.Errorf("the tenant has %s at %q, want %q", s.upn, have, want)
		}
		return nil
	}
}

func TestTheWholeLifeOfAStateOnAnyTenant(t *testing.T) {
	s := newStage(t)
	enabled := s.block + byName(s.upn, "enabled")
	none := resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()}}
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: s.factory,
		CheckDestroy:             s.is("disabled"),
		Steps: []resource.TestStep{
			{Config: s.block + byName(s.upn, "enforced"), ExpectError: acctest.Says("cannot move from disabled to enforced")},
			{Config: enabled, Check: s.is("enabled")},
			{Config: enabled, ConfigPlanChecks: none},
			{Config: s.block + byID(s.id, "enabled"), ConfigPlanChecks: none},
			{Config: enabled, ResourceName: address, ImportState: true, ImportStateId: s.upn, ImportStateVerify: true},
			{
				PreConfig: func() {
					if err := s.setState("disabled"); err != nil {
						t.Fatal(err)
					}
				},
				Config: enabled, PlanOnly: true, ExpectNonEmptyPlan: true,
			},
			{Config: enabled, Check: s.is("enabled")},
			{
				Config: enabled + fmt.Sprintf("data \"entramfa_user_mfa_state\" \"test\" {\n  user_id = %q\n}\n", s.id),
				Check:  resource.TestCheckResourceAttr("data.entramfa_user_mfa_state.test", "satisfied", "true"),
			},
			{Config: s.block + byName(s.upn, "disabled"), Check: s.is("disabled")},
		},
	})
}

// clientFromEnvironment is the client of an empty provider block, for what tests do beside Terraform as the same identity.
func clientFromEnvironment(ctx context.Context) (*client.Client, error) {
	p := provider.New("dev")()
	var described frameworkprovider.SchemaResponse
	p.Schema(ctx, frameworkprovider.SchemaRequest{}, &described)
	typ := described.Schema.Type().TerraformType(ctx)
	object, ok := typ.(tftypes.Object)
	if !ok {
		return nil, fmt.Errorf("the provider block is a %s", typ)
	}
	unset := map[string]tftypes.Value{}
	for name, of := range object.AttributeTypes {
		unset[name] = tftypes.NewValue(of, nil)
	}
	var configured frameworkprovider.ConfigureResponse
	p.Configure(ctx, frameworkprovider.ConfigureRequest{Config: tfsdk.Config{Schema: described.Schema, Raw: tftypes.NewValue(typ, unset)}}, &configured)
	for _, problem := range configured.Diagnostics.Errors() {
		return nil, fmt.Errorf("%s: %s", problem.Summary(), problem.Detail())
	}
	run, ok := configured.ResourceData.(*resourcekit.Run)
	if !ok {
		return nil, fmt.Errorf("resources get a %T", configured.ResourceData)
	}
	return run.Client, nil
}

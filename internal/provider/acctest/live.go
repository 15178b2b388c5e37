package acctest

import (
	"context"
	"fmt"
	"os"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/terraform"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/mfa"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/resourcekit"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/server"
)

// Stage is a tenant on which a test can run that asks nothing of it but what any tenant can do: the emulated one, or a
// real one where TF_ACC=1. Tests that need more (faults, lag, deletions) always use the emulator.
type Stage struct {
	Factory map[string]func() (tfprotov6.ProviderServer, error)
	// Block is the provider block.
	Block string
	// ID and UPN are those of a user who has registered no method and may be changed.
	ID, UPN string
	// State and SetState look at the user and change them behind Terraform's back.
	State    func() (string, error)
	SetState func(state string) error
}

// userVariable names the user of a real tenant whom the tests may change.
const userVariable = "ENTRAMFA_TEST_USER"

// NewStage starts an emulated tenant, or signs in to a real one.
func NewStage(t *testing.T) *Stage {
	t.Helper()
	if os.Getenv("TF_ACC") == "" {
		tn := NewTenant(t)
		return &Stage{
			Factory: tn.Factory, Block: tn.Provider(), ID: AdeleID, UPN: AdeleUPN,
			State: func() (string, error) {
				user, err := tn.GetUser(context.Background(), AdeleID)
				if err != nil {
					return "", err
				}
				return user.PerUserMFAState, nil
			},
			SetState: func(state string) error {
				_, err := tn.SetPerUserMFAState(context.Background(), AdeleID, state)
				return err
			},
		}
	}
	return newLiveStage(t)
}

// newLiveStage uses a client of its own for what an administrator would do, signed in as the ARM variables say.
func newLiveStage(t *testing.T) *Stage {
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
	return &Stage{
		Factory: map[string]func() (tfprotov6.ProviderServer, error){
			"entramfa": func() (tfprotov6.ProviderServer, error) {
				return newServer("acceptance-test")(), nil
			},
		},
		Block: Block(), ID: user.ID, UPN: user.UserPrincipalName,
		State: func() (string, error) {
			state, err := administrator.GetUserMFAState(ctx, user)
			return string(state), err
		},
		SetState: move,
	}
}

// Is checks the state of the user.
func (s *Stage) Is(want string) resource.TestCheckFunc {
	return func(*terraform.State) error {
		have, err := s.State()
		if err != nil {
			return err
		}
		if have != want {
			return fmt.Errorf("the tenant has %s at %q, want %q", s.UPN, have, want)
		}
		return nil
	}
}

// clientFromEnvironment is the client of an empty provider block, for what tests do beside Terraform as the same identity.
func clientFromEnvironment(ctx context.Context) (*client.Client, error) {
	p := server.New("dev", nil)()
	var described provider.SchemaResponse
	p.Schema(ctx, provider.SchemaRequest{}, &described)
	typ := described.Schema.Type().TerraformType(ctx)
	object, ok := typ.(tftypes.Object)
	if !ok {
		return nil, fmt.Errorf("the provider block is a %s", typ)
	}
	unset := map[string]tftypes.Value{}
	for name, of := range object.AttributeTypes {
		unset[name] = tftypes.NewValue(of, nil)
	}
	var configured provider.ConfigureResponse
	p.Configure(ctx, provider.ConfigureRequest{Config: tfsdk.Config{Schema: described.Schema, Raw: tftypes.NewValue(typ, unset)}}, &configured)
	for _, problem := range configured.Diagnostics.Errors() {
		return nil, fmt.Errorf("%s: %s", problem.Summary(), problem.Detail())
	}
	run, ok := configured.ResourceData.(*resourcekit.Run)
	if !ok {
		return nil, fmt.Errorf("resources get a %T", configured.ResourceData)
	}
	return run.Client, nil
}

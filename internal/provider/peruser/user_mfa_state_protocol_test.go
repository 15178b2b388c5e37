package peruser_test

import (
	"context"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/acctest"
)

func TestAPlanWarnsOfWhatTakesProtectionAwayAndOfNothingElse(t *testing.T) {
	t.Parallel()
	s := acctest.NewTenant(t).Session(t, nil)
	keep := acctest.State(acctest.AdeleID, acctest.AdeleUPN, "enabled", "enabled")
	keep["on_destroy"] = "keep"
	// No name in the summary, or Terraform would not fold what it says of many users.
	const stops = "Per-user MFA stops applying to a user: "
	megan := acctest.WithName(acctest.State(acctest.MeganID, acctest.MeganUPN, "enabled", "enabled"), "Megan Bowen ("+acctest.MeganUPN+")")
	for name, c := range map[string]struct {
		prior, config map[string]any
		want          []string
	}{
		"enabled to disabled": {
			megan,
			map[string]any{"user_principal_name": acctest.MeganUPN, "state": "disabled"},
			[]string{stops + "Megan Bowen (" + acctest.MeganUPN + "), object id " + acctest.MeganID + ", goes from enabled to disabled.", "a password is then enough"},
		},
		"enforced to disabled": {
			acctest.State(acctest.DiegoID, acctest.DiegoUPN, "enabled", "enforced"),
			map[string]any{"user_id": acctest.DiegoID, "state": "disabled"},
			[]string{stops + acctest.DiegoUPN, "from enforced to disabled"},
		},
		"adopted to disable":           {nil, map[string]any{"user_principal_name": acctest.DiegoUPN, "state": "disabled"}, []string{stops + "Diego Siciliani (" + acctest.DiegoUPN}},
		"destroy":                      {acctest.State(acctest.MeganID, acctest.MeganUPN, "enabled", "enabled"), nil, []string{stops + acctest.MeganUPN}},
		"destroy of a promoted user":   {acctest.State(acctest.DiegoID, acctest.DiegoUPN, "enabled", "enforced"), nil, []string{stops + acctest.DiegoUPN, "from enforced"}},
		"replaced by another user":     {acctest.State(acctest.MeganID, acctest.MeganUPN, "enabled", "enabled"), map[string]any{"user_id": acctest.AdeleID, "state": "enabled"}, []string{stops + acctest.MeganUPN}},
		"destroy with keep":            {keep, nil, nil},
		"destroy of a disabled user":   {acctest.State(acctest.AdeleID, acctest.AdeleUPN, "disabled", "disabled"), nil, nil},
		"no change":                    {acctest.State(acctest.MeganID, acctest.MeganUPN, "enabled", "enabled"), map[string]any{"user_id": acctest.MeganID, "state": "enabled"}, nil},
		"disabled to enabled":          {acctest.State(acctest.AdeleID, acctest.AdeleUPN, "disabled", "disabled"), map[string]any{"user_id": acctest.AdeleID, "state": "enabled"}, nil},
		"created, nothing there":       {nil, map[string]any{"user_id": acctest.AdeleID, "state": "enabled"}, nil},
		"created disabled, is so":      {nil, map[string]any{"user_id": acctest.AdeleID, "state": "disabled"}, nil},
		"adopted, enabled already":     {nil, map[string]any{"user_id": acctest.MeganID, "state": "enabled"}, []string{"A user is adopted as they are: The per-user MFA state of Megan Bowen (" + acctest.MeganUPN + ")", `is "enabled" already`, "writes nothing", "sets it to disabled"}},
		"adopted, promoted, with keep": {nil, map[string]any{"user_id": acctest.DiegoID, "state": "enabled", "on_destroy": "keep"}, []string{`is "enforced" already, which satisfies "enabled"`, "leaves it as it is"}},
	} {
		t.Run(name, func(t *testing.T) {
			planned := s.Plan(c.prior, c.config)
			acctest.NoErrors(t, planned.Diagnostics)
			found := acctest.Warnings(planned.Diagnostics)
			if len(c.want) == 0 {
				if len(found) != 0 {
					t.Errorf("the plan warns of %q", found)
				}
				return
			}
			if len(found) != 1 {
				t.Fatalf("the plan gives the warnings %q, want one", found)
			}
			if !acctest.Says(c.want...).MatchString(found[0]) {
				t.Errorf("the warning is %q, want it to say %q", found[0], c.want)
			}
		})
	}
}

func TestImportByIdentity(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	s := acctest.NewTenant(t).Session(t, nil)
	identityOf := func(id string) *tfprotov6.ResourceIdentityData {
		value := tftypes.NewValue(s.Identity, map[string]tftypes.Value{"user_id": tftypes.NewValue(tftypes.String, id)})
		return &tfprotov6.ResourceIdentityData{IdentityData: acctest.Dynamic(t, value)}
	}
	imported, err := s.Server.ImportResourceState(ctx, &tfprotov6.ImportResourceStateRequest{TypeName: acctest.TypeName, Identity: identityOf(acctest.DiegoID)})
	if err != nil {
		t.Fatal(err)
	}
	acctest.NoErrors(t, imported.Diagnostics)
	read, err := s.Server.ReadResource(ctx, &tfprotov6.ReadResourceRequest{
		TypeName: acctest.TypeName, CurrentState: imported.ImportedResources[0].State,
		CurrentIdentity: imported.ImportedResources[0].Identity, Private: imported.ImportedResources[0].Private,
	})
	if err != nil {
		t.Fatal(err)
	}
	acctest.NoErrors(t, read.Diagnostics)
	have, err := read.NewState.Unmarshal(s.Type)
	if err != nil {
		t.Fatal(err)
	}
	imports := acctest.WithName(acctest.State(acctest.DiegoID, acctest.DiegoUPN, "enabled", "enforced"), "Diego Siciliani ("+acctest.DiegoUPN+")")
	if want := acctest.ObjectOf(t, s.Type, imports); !have.Equal(want) {
		t.Errorf("the imported state is\n%s\nwant\n%s", have, want)
	}
	identity, err := read.NewIdentity.IdentityData.Unmarshal(s.Identity)
	if err != nil {
		t.Fatal(err)
	}
	want, err := identityOf(acctest.DiegoID).IdentityData.Unmarshal(s.Identity)
	if err != nil {
		t.Fatal(err)
	}
	if !identity.Equal(want) {
		t.Errorf("the identity is %s, want %s", identity, want)
	}

	refused, err := s.Server.ImportResourceState(ctx, &tfprotov6.ImportResourceStateRequest{TypeName: acctest.TypeName, Identity: identityOf(acctest.NobodyID)})
	if err != nil {
		t.Fatal(err)
	}
	if len(refused.Diagnostics) == 0 || !acctest.Says("not found").MatchString(refused.Diagnostics[0].Summary) {
		t.Errorf("the import of a user who is not there says %v", refused.Diagnostics)
	}
}

func TestAPlanWithAProviderThatIsNotKnownYetChecksNothingAndSaysSoWhenItMust(t *testing.T) {
	t.Parallel()
	tn := acctest.NewTenant(t)
	s := tn.Session(t, map[string]any{"client_secret": tftypes.NewValue(tftypes.String, tftypes.UnknownValue)})

	planned := s.Plan(nil, map[string]any{"user_id": acctest.NobodyID, "state": "enforced"})
	if len(planned.Diagnostics) != 0 {
		t.Errorf("the plan says %v", planned.Diagnostics)
	}
	acctest.NoErrors(t, s.Plan(acctest.State(acctest.MeganID, acctest.MeganUPN, "enabled", "enabled"), map[string]any{"user_id": acctest.MeganID, "state": "disabled"}).Diagnostics)

	read, err := s.Server.ReadResource(context.Background(), &tfprotov6.ReadResourceRequest{
		TypeName: acctest.TypeName, CurrentState: acctest.Dynamic(t, acctest.ObjectOf(t, s.Type, acctest.State(acctest.MeganID, acctest.MeganUPN, "enabled", "enabled"))),
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(read.Diagnostics) != 1 || !acctest.Says("The provider block depends on values that are not known yet: client_secret").MatchString(read.Diagnostics[0].Detail) {
		t.Errorf("a read without a configured provider says %v", read.Diagnostics)
	}
	if requests := tn.RequestLog(); len(requests) != 0 {
		t.Errorf("%d requests were sent without a configured provider", len(requests))
	}
	// The control: the same plan, configured, is refused.
	refused := tn.Session(t, nil).Plan(nil, map[string]any{"user_id": acctest.NobodyID, "state": "enforced"})
	if len(refused.Diagnostics) == 0 {
		t.Error("a configured provider plans an unknown user")
	}
}

package tenant_test

import (
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/acctest"
)

func TestTheTenantIsReadAsFarAsThePermissionsGo(t *testing.T) {
	t.Parallel()
	people := acctest.MatrixTenant()
	people.Apps = append(people.Apps, control.App{ClientID: acctest.ChosenAppID, DisplayName: "chosen", Secrets: []control.Secret{{Value: acctest.ChosenSecret}}})
	people.TenantID = acctest.TenantID
	m := acctest.NewMachine(t, people)
	domain := tftypes.Object{AttributeTypes: map[string]tftypes.Type{"default": tftypes.Bool, "initial": tftypes.Bool, "type": tftypes.String}}
	for name, c := range map[string]struct {
		permissions []string
		want        map[string]any
		warns       []string
	}{
		"with the permission": {
			permissions: []string{"Organization.Read.All"},
			want: map[string]any{
				"id": acctest.TenantID, "display_name": "Contoso", "tenant_type": "AAD", "default_domain": "contoso.example", "initial_domain": "contoso.example",
				"verified_domains": tftypes.NewValue(tftypes.Map{ElementType: domain}, map[string]tftypes.Value{
					"contoso.example": tftypes.NewValue(domain, map[string]tftypes.Value{
						"default": tftypes.NewValue(tftypes.Bool, true), "initial": tftypes.NewValue(tftypes.Bool, true), "type": tftypes.NewValue(tftypes.String, "Managed"),
					}),
				}),
			},
		},
		"without": {
			permissions: []string{"User.Read.All"},
			want:        map[string]any{"id": acctest.TenantID},
			warns:       []string{"Only the id of tenant " + acctest.TenantID + " is known", "Its name, type and domains are null", "Organization.Read.All"},
		},
	} {
		m.ActsWith(c.permissions...)
		process := m.Process()
		typ := process.Schemas.DataSourceSchemas["entramfa_tenant"].ValueType()
		object, ok := typ.(tftypes.Object)
		if !ok {
			t.Fatal("the data source is no object")
		}
		read, diagnostics := process.Data("entramfa_tenant", map[string]any{})
		acctest.NoErrors(t, diagnostics)
		if want := acctest.ObjectOf(t, object, c.want); !read.Equal(want) {
			t.Errorf("%s: it is\n%s\nwant\n%s", name, read, want)
		}
		told := acctest.Warnings(diagnostics)
		if len(told) != min(len(c.warns), 1) || len(told) == 1 && !acctest.Says(c.warns...).MatchString(told[0]) {
			t.Errorf("%s: it warns of %q", name, told)
		}
	}
}

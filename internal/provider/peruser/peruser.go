// Package peruser manages the per-user MFA states of users, one by one and many at a time, and has the functions that read such states from
// files and judge their transitions.
package peruser

import (
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/function"
	"github.com/hashicorp/terraform-plugin-framework/list"
	"github.com/hashicorp/terraform-plugin-framework/resource"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/resourcekit"
)

// Area is what the provider offers of it.
func Area() resourcekit.Area {
	return resourcekit.Area{
		Resources:     []func() resource.Resource{newUserMFAStateResource, newUserMFAStatesResource},
		DataSources:   []func() datasource.DataSource{newUserMFAStateDataSource, newUserMFAStatesDataSource},
		ListResources: []func() list.ListResource{newUserMFAStateListResource},
		Functions:     []func() function.Function{newUsersFromCSVFunction, newMFATransitionFunction},
	}
}

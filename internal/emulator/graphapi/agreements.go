package graphapi

import (
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/store"
)

// Agreement is terms of use, which a policy can ask people to accept.
//
// https://learn.microsoft.com/graph/api/resources/agreement
type Agreement struct {
	ID                                string `json:"id,omitempty" doc:"The id. One is made when it is left out."`
	DisplayName                       string `json:"displayName" doc:"The name." least:"1"`
	IsPerDeviceAcceptanceRequired     bool   `json:"isPerDeviceAcceptanceRequired,omitempty" doc:"Whether they are accepted on each device."`
	IsViewingBeforeAcceptanceRequired bool   `json:"isViewingBeforeAcceptanceRequired,omitempty" doc:"Whether they are opened before they are accepted."`
	UserReacceptRequiredFrequency     string `json:"userReacceptRequiredFrequency,omitempty" doc:"How often they are accepted again, such as P90D."`
}

var agreements = &store.Collection[Agreement]{ID: func(a Agreement) string { return a.ID }}

// https://learn.microsoft.com/graph/api/termsofusecontainer-list-agreements
// https://learn.microsoft.com/graph/api/agreement-get
func init() {
	addCollection(collection[Agreement]{
		data: agreements, one: "terms of use", many: "terms of use",
		path: "/identityGovernance/termsOfUse/agreements", class: control.ClassDirectory,
		read:  oneOf("Agreement.Read.All", "Agreement.ReadWrite.All"),
		setID: func(a *Agreement, id string) { a.ID = id },
		file:  fileOf[Agreement]{member: "agreements"},
	})
}

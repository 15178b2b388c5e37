package graphapi

import (
	"slices"
	"strings"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/store"
)

// Plans of services, by their ids.
//
// https://learn.microsoft.com/entra/identity/users/licensing-service-plan-reference
const (
	planP1  = "41781fb2-bc02-4b7c-bd55-b576c07bb09d" // AAD_PREMIUM
	planP2  = "eec0eb4f-6444-4f95-aba0-50c24d67f998" // AAD_PREMIUM_P2
	planMFA = "8a256a2b-b617-496d-b51b-e76466e88db0" // MFA_PREMIUM
)

// SubscribedSku is a subscription of the tenant. A tenant file without any is a tenant with Enterprise Mobility + Security E5.
//
// https://learn.microsoft.com/graph/api/resources/subscribedsku
type SubscribedSku struct {
	ID               string        `json:"id,omitempty" doc:"The id, which follows from the tenant and the SKU."`
	SkuID            string        `json:"skuId" doc:"The id of the SKU." least:"1"`
	SkuPartNumber    string        `json:"skuPartNumber" doc:"The name of the SKU, such as AAD_PREMIUM." least:"1"`
	AppliesTo        string        `json:"appliesTo,omitempty" doc:"Whether it is for users or for the company; User when empty." values:"User,Company"`
	CapabilityStatus string        `json:"capabilityStatus,omitempty" doc:"Whether it is in force; Enabled when empty." values:"Enabled,Warning,Suspended,Deleted,LockedOut"`
	ConsumedUnits    int           `json:"consumedUnits,omitempty" doc:"How many licences are assigned."`
	PrepaidUnits     PrepaidUnits  `json:"prepaidUnits,omitzero" doc:"How many licences there are."`
	ServicePlans     []ServicePlan `json:"servicePlans,omitempty" doc:"The plans of services that it has."`
}

// PrepaidUnits are how many licences there are, by what became of them.
type PrepaidUnits struct {
	Enabled   int `json:"enabled,omitempty" doc:"Those in force."`
	LockedOut int `json:"lockedOut,omitempty" doc:"Those that are locked."`
	Suspended int `json:"suspended,omitempty" doc:"Those that are suspended."`
	Warning   int `json:"warning,omitempty" doc:"Those that run out."`
}

// ServicePlan is a plan of a service.
type ServicePlan struct {
	ServicePlanID      string `json:"servicePlanId" doc:"The id of the plan." least:"1"`
	ServicePlanName    string `json:"servicePlanName,omitempty" doc:"The name of the plan."`
	ProvisioningStatus string `json:"provisioningStatus,omitempty" doc:"Whether it is in force; Success when empty." values:"Success,Disabled,PendingInput,PendingActivation,PendingProvisioning,Error"`
	AppliesTo          string `json:"appliesTo,omitempty" doc:"Whether it is for users or for the company; User when empty." values:"User,Company"`
}

var subscribedSkus = &store.Collection[SubscribedSku]{ID: func(s SubscribedSku) string { return s.ID }}

// https://learn.microsoft.com/graph/api/subscribedsku-list
// https://learn.microsoft.com/graph/api/subscribedsku-get
func init() {
	nameType[PrepaidUnits]("microsoft.graph.licenseUnitsDetail")
	nameType[ServicePlan]("microsoft.graph.servicePlanInfo")
	addCollection(collection[SubscribedSku]{
		data: subscribedSkus, one: "subscription", many: "subscriptions",
		path: "/subscribedSkus", class: control.ClassDirectory,
		read:    oneOf("LicenseAssignment.Read.All", "Organization.Read.All", "Directory.Read.All", "Organization.ReadWrite.All", "Directory.ReadWrite.All"),
		options: []string{"$select"},
		setID:   func(s *SubscribedSku, id string) { s.ID = id },
		usual: []SubscribedSku{{
			ID: "b05e124f-c7cc-45a0-a6aa-8cf78c946968", SkuID: "b05e124f-c7cc-45a0-a6aa-8cf78c946968", SkuPartNumber: "EMSPREMIUM",
			AppliesTo: "User", CapabilityStatus: "Enabled", PrepaidUnits: PrepaidUnits{Enabled: 25},
			ServicePlans: []ServicePlan{plan(planP1, "AAD_PREMIUM"), plan(planP2, "AAD_PREMIUM_P2"), plan(planMFA, "MFA_PREMIUM")},
		}},
		file: fileOf[SubscribedSku]{member: "subscribedSkus"},
		object: func(sku SubscribedSku) map[string]any {
			sku.AppliesTo, sku.CapabilityStatus = orDefault(sku.AppliesTo, "User"), orDefault(sku.CapabilityStatus, "Enabled")
			sku.ServicePlans = slices.Clone(sku.ServicePlans)
			for i := range sku.ServicePlans {
				one := &sku.ServicePlans[i]
				one.AppliesTo, one.ProvisioningStatus = orDefault(one.AppliesTo, "User"), orDefault(one.ProvisioningStatus, "Success")
			}
			return objectOf(sku)
		},
	})
}

func plan(id, name string) ServicePlan {
	return ServicePlan{ServicePlanID: id, ServicePlanName: name, ProvisioningStatus: "Success", AppliesTo: "User"}
}

func orDefault(text, otherwise string) string {
	if text == "" {
		return otherwise
	}
	return text
}

// hasPlan tells whether a subscription that is in force has the plan.
func hasPlan(tx *store.Tx, id string) bool {
	for _, sku := range subscribedSkus.Values(tx, false) {
		if status := orDefault(sku.CapabilityStatus, "Enabled"); status != "Enabled" && status != "Warning" {
			continue
		}
		for _, plan := range sku.ServicePlans {
			if strings.EqualFold(plan.ServicePlanID, id) && orDefault(plan.ProvisioningStatus, "Success") == "Success" {
				return true
			}
		}
	}
	return false
}

package graphapi

import (
	"net/http"
	"strings"
	"time"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/store"
)

// Where Conditional Access lies, and its bin.
const (
	conditionalAccessPath = "/identity/conditionalAccess"
	binPath               = conditionalAccessPath + "/deletedItems"
)

// Permissions of Conditional Access, all of which are needed.
//
// https://learn.microsoft.com/graph/api/conditionalaccessroot-post-namedlocations
// https://learn.microsoft.com/graph/api/conditionalaccessroot-post-policies
var (
	readConditionalAccess = allOf("Policy.Read.All")
	writeNamedLocations   = allOf("Policy.Read.All", "Policy.ReadWrite.ConditionalAccess")
	writeAccessPolicies   = allOf("Policy.Read.All", "Policy.ReadWrite.ConditionalAccess", "Application.Read.All")
)

// Conditional Access is on beta only in the clouds that are cut off from the internet, and v1.0 has no bin in most clouds.
var (
	withoutConditionalAccess = absence{segment: "identity", in: []place{{control.CloudUSNat, v1}, {control.CloudUSSec, v1}}}
	withoutBin               = absence{segment: "deletedItems", in: []place{
		{control.CloudUSGovernment, v1}, {control.CloudUSGovernmentL5, v1}, {control.CloudDoD, v1}, {control.CloudChina, ""},
	}}
)

// conditionalAccess makes a collection one of Conditional Access, with a bin.
//
// https://learn.microsoft.com/graph/api/resources/policydeletableitem
func conditionalAccess[T any](c collection[T], segment string) collection[T] {
	c.path, c.class = conditionalAccessPath+"/"+segment, control.ClassConditionalAccess
	c.read = readConditionalAccess
	c.absent = []absence{withoutConditionalAccess}
	if c.unknown == nil {
		c.unknown = unknownPolicyObject
	}
	c.gate = licensed
	c.pageSize = func(behavior *control.Behavior) int { return behavior.ConditionalAccess.PageSize }
	if c.data.HasBin() {
		c.binPath, c.binAbsent = binPath+"/"+segment, []absence{withoutBin}
		c.binGate = delegatedBin
		c.lacks = append(c.lacks, lack{"deletedDateTime", []place{
			{control.CloudUSGovernment, v1}, {control.CloudUSGovernmentL5, v1}, {control.CloudDoD, v1}, {control.CloudChina, v1},
		}})
	}
	return c
}

func unknownPolicyObject(id string) *refusal {
	refused := resourceNotFound(id)
	refused.code = "ResourceNotFound"
	return refused.as(control.CaseUnknownPolicyObject)
}

// licensed refuses a write of Conditional Access in a tenant without the plan for it. That the plan is needed is documented; what the
// service answers is not.
//
// https://learn.microsoft.com/entra/identity/conditional-access/overview#license-requirements
func licensed(tx *store.Tx) *refusal {
	if hasPlan(tx, planP1) || hasPlan(tx, planP2) {
		return nil
	}
	return (&refusal{
		status: http.StatusForbidden, code: "AccessDenied", message: "The tenant is not licensed for this feature.",
	}).as(control.CaseUnlicensed)
}

// delegatedBin refuses what the permission tables of the bin do not offer to apps, where the behaviour says so.
//
// https://learn.microsoft.com/graph/api/policydeletableitem-restore
func delegatedBin(tx *store.Tx, req *request) *refusal {
	if !tx.Behavior().ConditionalAccess.DelegatedBin || req.caller.UserID != "" {
		return nil
	}
	return (&refusal{
		status: http.StatusForbidden, code: "AccessDenied",
		message: "You cannot perform the requested operation, required scopes are missing in the token.",
	}).as(control.CaseBinNotSupported)
}

// numbered is a refusal by Conditional Access with its number.
func numbered(number int, message string) *refusal {
	refused := badRequest(message)
	refused.number = number
	return refused
}

func dateTime(moment *time.Time) any {
	if moment == nil {
		return nil
	}
	return moment.UTC().Format(time.RFC3339Nano)
}

func orEmpty[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

// withoutHash is a type as @odata.type spells it, as isof does.
func withoutHash(name string) string { return strings.TrimPrefix(name, "#") }

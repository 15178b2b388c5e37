package graphapi

import (
	"strings"
	"time"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
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
	c.unknown = unknownPolicyObject
	c.pageSize = func(behavior *control.Behavior) int { return behavior.ConditionalAccess.PageSize }
	if c.data.HasBin() {
		c.binPath, c.binAbsent = binPath+"/"+segment, []absence{withoutBin}
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

package provider_test

import (
	"maps"
	"regexp"
	"slices"
	"testing"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/acctest"
)

// A resource that the tables of these tests do not know is not tested under faults, lags, timeouts and in another tenant: the
// provider's schema says which there are.
func TestEveryResourceHasARowInEachTable(t *testing.T) {
	t.Parallel()
	resources, dataSources := acctest.EveryType(t)
	deeds := map[deed][]string{}
	for _, op := range faultyOperations() {
		deeds[op.deed] = append(deeds[op.deed], op.typeName)
	}
	for _, kind := range []deed{deedPlan, deedApply, deedRead, deedImport} {
		acctest.WantRows(t, "resource", "the fault matrix ("+string(kind)+")", resources, deeds[kind])
	}
	acctest.WantRows(t, "data source", "the fault matrix", dataSources, deeds[deedData])
	acctest.WantRows(t, "resource", "eachResource", resources, slices.Collect(maps.Keys(eachResource())))
	acctest.WantRows(t, "resource", "writePermissions", resources, slices.Collect(maps.Keys(writePermissions)))
	acctest.WantRows(t, "resource", "the model", resources, slices.Collect(maps.Keys((&sequence{}).configures())))
	uses := func(kind string) (types []string) {
		for _, block := range regexp.MustCompile(`(?m)^`+kind+` "(\w+)"`).FindAllStringSubmatch(everything, -1) {
			types = append(types, block[1])
		}
		return types
	}
	acctest.WantRows(t, "resource", "everything", resources, uses("resource"))
	acctest.WantRows(t, "data source", "everything", dataSources, uses("data"))
	var managed []string
	for _, thing := range managedThings {
		managed = append(managed, thing.typeName)
	}
	acctest.WantRows(t, "resource", "managedThings", resources, managed)
}

package acctest

import (
	"context"
	"maps"
	"slices"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
)

// EveryType returns the types of resources and of data sources that the tested provider's schema has, in order.
func EveryType(t *testing.T) (resources, dataSources []string) {
	t.Helper()
	schemas, err := newServer("test")().GetProviderSchema(context.Background(), &tfprotov6.GetProviderSchemaRequest{})
	if err != nil {
		t.Fatal(err)
	}
	return slices.Sorted(maps.Keys(schemas.ResourceSchemas)), slices.Sorted(maps.Keys(schemas.DataSourceSchemas))
}

// WantRows fails the test for each type without a row in a table, and for each row of a type that does not exist. kind is what
// the types are: a resource or a data source.
func WantRows(t *testing.T, kind, table string, types, rows []string) {
	t.Helper()
	for _, typeName := range types {
		if !slices.Contains(rows, typeName) {
			t.Errorf("%s %s has no row in %s", kind, typeName, table)
		}
	}
	for _, row := range rows {
		if !slices.Contains(types, row) {
			t.Errorf("%s has a row for %s, and the provider has no such %s", table, row, kind)
		}
	}
}

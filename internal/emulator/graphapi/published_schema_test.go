package graphapi

import (
	"bytes"
	"flag"
	"os"
	"testing"
)

var update = flag.Bool("update", false, "write what entities bring with them into the schema of tenant files and the guide")

const published = "../control/tenant.schema.json"

// What entities bring with them is in the schema that editors read, and in the guide. To put it there:
//
//	go test ./internal/emulator/graphapi -run 'Schema|Guide' -update && make docs
func TestThePublishedSchemaHasEveryEntity(t *testing.T) {
	have, err := os.ReadFile(published)
	if err != nil {
		t.Fatal(err)
	}
	want := []byte(schemaWith(string(have)))
	if bytes.Equal(have, want) {
		return
	}
	if !*update {
		t.Fatal("control/tenant.schema.json lacks what an entity brings with it, or has it otherwise; -update writes it")
	}
	if err := os.WriteFile(published, want, 0o644); err != nil {
		t.Fatal(err)
	}
}

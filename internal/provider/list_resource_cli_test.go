package provider_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
)

// What the examples of the lists find in the sample tenant, by the address of the list.
var foundByExamples = map[string][]string{
	"list.entramfa_user_mfa_state.asked": {
		"Diego Siciliani (diego.siciliani@contoso.example)", "Grady Archie (grady.archie@contoso.example)",
		"Megan Bowen (megan.bowen@contoso.example)", "Patti Fernandez (patti.fernandez@contoso.example)",
	},
	"list.entramfa_user_mfa_state.engineering": {
		"Diego Siciliani (diego.siciliani@contoso.example)", "Grady Archie (grady.archie@contoso.example)",
		"Isaiah Langer (isaiah.langer@contoso.example)", "Johanna Lorenz (johanna.lorenz@contoso.example)",
	},
	"list.entramfa_user_mfa_state.existing": {
		"Diego Siciliani (diego.siciliani@contoso.example)", "Grady Archie (grady.archie@contoso.example)",
		"Megan Bowen (megan.bowen@contoso.example)", "Patti Fernandez (patti.fernandez@contoso.example)",
	},
	"list.entramfa_trusted_ips.existing":     {"Headquarters (256 IPv4 addresses and 65,536 IPv6 /64 networks)"},
	"list.entramfa_trusted_ips.all":          {"Headquarters (256 IPv4 addresses and 65,536 IPv6 /64 networks)"},
	"list.entramfa_trusted_ips.headquarters": {"Headquarters (256 IPv4 addresses and 65,536 IPv6 /64 networks)"},
}

const adoptQuery = "guides/adoption/adopt.tfquery.hcl"

// listExamples are the example files that hold lists.
var listExamples = []string{
	"list-resources/entramfa_user_mfa_state/list-resource.tfquery.hcl", "list-resources/entramfa_trusted_ips/list-resource.tfquery.hcl", adoptQuery,
}

// listBlock is a list block of an example.
type listBlock struct {
	typeName, name string
	limit          int64
	include        bool
	config         map[string]any
}

var (
	listHeader   = regexp.MustCompile(`^list "(\w+)" "(\w+)" \{$`)
	listArgument = regexp.MustCompile(`^(\w+) += (.+)$`)
)

// listBlocks reads the list blocks of an example. Their arguments are literals, which JSON spells in the same way.
func listBlocks(t *testing.T, text string) []listBlock {
	t.Helper()
	var blocks []listBlock
	inConfig := false
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if header := listHeader.FindStringSubmatch(line); header != nil {
			blocks = append(blocks, listBlock{typeName: header[1], name: header[2], limit: 100, config: map[string]any{}})
			continue
		}
		argument := listArgument.FindStringSubmatch(line)
		switch {
		case line == "config {":
			inConfig = true
		case line == "}":
			inConfig = false
		case argument == nil || argument[1] == "provider":
		default:
			block := &blocks[len(blocks)-1]
			var value any
			if err := json.Unmarshal([]byte(argument[2]), &value); err != nil {
				t.Fatalf("%s: %v", line, err)
			}
			switch number, isNumber := value.(float64); {
			case !inConfig && argument[1] == "limit" && isNumber:
				block.limit = int64(number)
			case !inConfig && argument[1] == "include_resource":
				block.include = value == true
			case inConfig:
				block.config[argument[1]] = value
			default:
				t.Fatalf("this test does not know %s", line)
			}
		}
	}
	return blocks
}

// The same as TestTheExamplesOfTheListsThroughTheRealCLI, for CLIs that have no lists.
func TestTheExamplesOfTheListsFindWhatTheySay(t *testing.T) {
	t.Parallel()
	tn := newSampleTenant(t)
	found := map[string][]string{}
	for _, file := range listExamples {
		for _, block := range listBlocks(t, example(t, file)) {
			l := tn.lister(t, block.typeName, map[string]any{"tenant_id": emulator.SampleTenantID, "client_id": emulator.SampleAppID, "client_secret": emulator.SampleSecret})
			for name, value := range block.config {
				if many, isList := value.([]any); isList {
					texts := make([]string, len(many))
					for i, element := range many {
						texts[i], _ = element.(string)
					}
					block.config[name] = filterList(texts...)
				}
			}
			results := l.list(block.config, block.limit, block.include)
			names := l.names(results)
			slices.Sort(names)
			found["list."+block.typeName+"."+block.name] = names
			for _, result := range results {
				if (result.Resource != nil) != block.include {
					t.Errorf("%s of %s has a resource: %t", result.DisplayName, block.name, result.Resource != nil)
				}
			}
		}
	}
	if difference := cmp.Diff(foundByExamples, found); difference != "" {
		t.Errorf("(-want +got):\n%s", difference)
	}
}

var terraformVersion = regexp.MustCompile(`^Terraform v1\.(\d+)`)

// queries reports whether the CLI at hand has `terraform query`.
func (w *workspace) queries() bool {
	w.t.Helper()
	version := terraformVersion.FindStringSubmatch(w.expect(0, "version"))
	return version != nil && (len(version[1]) > 2 || version[1] >= "14" && len(version[1]) == 2)
}

// query runs `terraform query` and returns what was found, by the address of the list.
func (w *workspace) query() map[string][]string {
	w.t.Helper()
	found := map[string][]string{}
	for line := range strings.Lines(w.expect(0, "query", "-json")) {
		var message struct {
			Type  string `json:"type"`
			Found struct {
				Address     string         `json:"address"`
				DisplayName string         `json:"display_name"`
				Identity    map[string]any `json:"identity"`
			} `json:"list_resource_found"`
		}
		if err := json.Unmarshal([]byte(line), &message); err != nil {
			w.t.Fatalf("%v: %s", err, line)
		}
		if message.Type == "list_resource_found" {
			found[message.Found.Address] = append(found[message.Found.Address], message.Found.DisplayName)
			if len(message.Found.Identity) != 1 {
				w.t.Errorf("%s has the identity %v", message.Found.DisplayName, message.Found.Identity)
			}
		}
	}
	for _, names := range found {
		slices.Sort(names)
	}
	return found
}

func TestTheExamplesOfTheListsThroughTheRealCLI(t *testing.T) {
	t.Parallel()
	tn := newSampleTenant(t)
	w := tn.workspace(t, map[string]string{"main.tf": block()}, bySecret()...)
	for i, file := range listExamples {
		w.write(fmt.Sprintf("%d.tfquery.hcl", i), example(t, file))
	}
	if !w.queries() {
		// TestTheExamplesOfTheListsFindWhatTheySay shows the same without a CLI. An older one has to say that it cannot.
		w.sees(w.expect(1, "query"), "has no command named")
		return
	}
	if difference := cmp.Diff(foundByExamples, w.query()); difference != "" {
		t.Errorf("(-want +got):\n%s", difference)
	}
}

func TestAnAdoptionByAQueryThroughTheRealCLI(t *testing.T) {
	t.Parallel()
	tn := newSampleTenant(t)
	before := tn.snapshot()
	w := tn.workspace(t, map[string]string{"main.tf": block()}, bySecret()...)
	w.write("adopt.tfquery.hcl", example(t, adoptQuery))
	if !w.queries() {
		// TestTheConfigurationGeneratedOfAListedUserIsValid shows the same without a CLI.
		w.sees(w.expect(1, "query", "-generate-config-out=generated.tf"), "has no command named")
		return
	}
	w.sees(w.runScript("guides/adoption/query.sh"), "Headquarters (256 IPv4 addresses", "5 to import, 0 to add, 0 to change, 0 to destroy")
	generated, err := os.ReadFile(filepath.Join(w.dir, "generated.tf"))
	if err != nil {
		t.Fatal(err)
	}
	if strings.Count(string(generated), "\nimport {") != 5 || strings.Contains(string(generated), "\n  user_id") || !strings.Contains(string(generated), "megan.bowen@contoso.example") {
		t.Errorf("generated was\n%s", generated)
	}
	if err := tn.ClearRequests(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.sees(w.apply(), "5 imported, 0 added, 0 changed, 0 destroyed")
	w.staysEmpty()
	if tn.writes() != 0 || tn.sent("POST", "PATCH", "DELETE") != 0 {
		t.Error("the adoption wrote something")
	}
	tn.isAsBefore(before)

	// What was adopted is managed.
	tn.setState("megan.bowen@contoso.example", control.StateDisabled)()
	w.sees(w.expect(2, "plan", "-input=false", "-detailed-exitcode"), `"disabled" -> "enabled"`, "0 to add, 1 to change, 0 to destroy")
}

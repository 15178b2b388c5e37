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
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/acctest"
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
	"list.entramfa_trusted_ips.existing":          {"Headquarters (256 IPv4 addresses and 65,536 IPv6 /64 networks)"},
	"list.entramfa_trusted_ips.all":               {"Headquarters (256 IPv4 addresses and 65,536 IPv6 /64 networks)"},
	"list.entramfa_trusted_ips.headquarters":      {"Headquarters (256 IPv4 addresses and 65,536 IPv6 /64 networks)"},
	"list.entramfa_conditional_access_policy.all": {"MFA for everybody outside trusted locations (enabled)"},
	"list.entramfa_conditional_access_policy.mfa": {"MFA for everybody outside trusted locations (enabled)"},
	"list.entramfa_country_location.all":          {"Countries we work in (DE, IT, CH)"},
	"list.entramfa_country_location.work":         {"Countries we work in (DE, IT, CH)"},
}

const adoptQuery = "guides/adoption/adopt.tfquery.hcl"

// listExamples are the example files that hold lists.
var listExamples = []string{
	"list-resources/entramfa_user_mfa_state/list-resource.tfquery.hcl", "list-resources/entramfa_trusted_ips/list-resource.tfquery.hcl",
	"list-resources/entramfa_country_location/list-resource.tfquery.hcl", "list-resources/entramfa_conditional_access_policy/list-resource.tfquery.hcl", adoptQuery,
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

// The same as TestTheExamplesOfTheListsThroughANewCLI, for CLIs that have no lists.
func TestTheExamplesOfTheListsFindWhatTheySay(t *testing.T) {
	t.Parallel()
	tn := newSampleTenant(t)
	found := map[string][]string{}
	for _, file := range listExamples {
		for _, block := range listBlocks(t, acctest.Example(t, file)) {
			l := tn.Lister(t, block.typeName, map[string]any{"tenant_id": emulator.SampleTenantID, "client_id": emulator.SampleAppID, "client_secret": emulator.SampleSecret})
			for name, value := range block.config {
				if many, isList := value.([]any); isList {
					texts := make([]string, len(many))
					for i, element := range many {
						texts[i], _ = element.(string)
					}
					block.config[name] = acctest.StringList(texts...)
				}
			}
			results := l.List(block.config, block.limit, block.include)
			names := l.Names(results)
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

func TestTheExamplesOfTheListsThroughANewCLI(t *testing.T) {
	t.Parallel()
	tn := newSampleTenant(t)
	w := tn.Workspace(t, map[string]string{"main.tf": acctest.Block()}, bySecret()...)
	for i, file := range listExamples {
		w.Write(fmt.Sprintf("%d.tfquery.hcl", i), acctest.Example(t, file))
	}
	if !w.Queries() {
		// TestTheExamplesOfTheListsFindWhatTheySay shows the same without a CLI. An older one has to say that it cannot.
		w.Sees(w.Expect(1, "query"), "has no command named")
		return
	}
	found := map[string][]string{}
	for _, resource := range w.Query() {
		found[resource.Address] = append(found[resource.Address], resource.DisplayName)
	}
	for _, names := range found {
		slices.Sort(names)
	}
	if difference := cmp.Diff(foundByExamples, found); difference != "" {
		t.Errorf("(-want +got):\n%s", difference)
	}
}

func TestAQueryThatFailsSaysWhyThroughANewCLI(t *testing.T) {
	t.Parallel()
	always := 0
	for name, c := range map[string]struct {
		list, config string
		fault        control.Fault
		want         []string
	}{
		"no such group": {
			list: acctest.TypeName, config: fmt.Sprintf("group_id = %q", acctest.NobodyID),
			want: []string{`Group "` + acctest.NobodyID + `" not found`, "Check the id"},
		},
		"users that cannot be read": {
			list: acctest.TypeName, fault: control.Fault{Path: "/v1.0/users", Status: 403, Code: "Authorization_RequestDenied", Times: &always},
			want: []string{"Unable to list the users of the tenant", "User.Read.All"},
		},
		"the state of one user": {
			list: acctest.TypeName, config: `states = ["enforced"]`,
			// A server error would be repeated for minutes.
			fault: control.Fault{PathRegexp: acctest.MeganID + "/authentication/requirements$", Status: 400, Code: "badRequest", Times: &always},
			want:  []string{"Unable to read the per-user MFA state of " + acctest.MeganUPN, "HTTP 400 badRequest"},
		},
		"locations that cannot be read": {
			list: acctest.LocationType, fault: control.Fault{Path: "/v1.0/identity/conditionalAccess/namedLocations", Status: 403, Code: "AccessDenied", Times: &always},
			want: []string{"Unable to list the named locations", "Policy.Read.All"},
		},
		"a state that there is not": {
			list: acctest.TypeName, config: `states = ["Enabled"]`,
			want: []string{"Invalid per-user MFA state", "states", `"Enabled"`},
		},
		"an empty part of a name": {
			list: acctest.LocationType, config: `display_name_contains = ""`,
			want: []string{"display_name_contains", "at least 1"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tn := acctest.NewTenant(t)
			w := tn.Workspace(t, map[string]string{"main.tf": acctest.Block()}, acctest.AppEnvironment()...)
			w.Write("all.tfquery.hcl", fmt.Sprintf("list %q \"all\" {\n  provider = entramfa\n\n  config {\n    %s\n  }\n}\n", c.list, c.config))
			if !w.Queries() {
				// TestAListOfUsersThatFailsSaysSo, TestAListOfTrustedIPsThatFailsSaysSo, TestTheListOfTrustedIPsHoldsWhatIsTrusted and
				// TestAConfigurationOfTheListOfUsersThatMeansNothingIsRefused show the same without a CLI.
				w.Sees(w.Expect(1, "query"), "has no command named")
				return
			}
			if c.fault.Status != 0 {
				tn.Fault(c.fault)()
			}
			w.Sees(w.Expect(1, "query"), c.want...)
		})
	}
}

func TestAnAdoptionByAQueryThroughANewCLI(t *testing.T) {
	t.Parallel()
	tn := newSampleTenant(t)
	before := tn.Picture()
	w := tn.Workspace(t, map[string]string{"main.tf": acctest.Block()}, bySecret()...)
	w.Write("adopt.tfquery.hcl", acctest.Example(t, adoptQuery))
	if !w.Queries() {
		// TestTheConfigurationGeneratedOfAListedUserIsValid shows the same without a CLI.
		w.Sees(w.Expect(1, "query", "-generate-config-out=generated.tf"), "has no command named")
		return
	}
	w.Sees(w.RunScript("guides/adoption/query.sh"), "Headquarters (256 IPv4 addresses", "5 to import, 0 to add, 0 to change, 0 to destroy")
	generated, err := os.ReadFile(filepath.Join(w.Dir, "generated.tf"))
	if err != nil {
		t.Fatal(err)
	}
	if strings.Count(string(generated), "\nimport {") != 5 || strings.Contains(string(generated), "\n  user_id") || !strings.Contains(string(generated), "megan.bowen@contoso.example") {
		t.Errorf("generated was\n%s", generated)
	}
	if err := tn.ClearRequests(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.Sees(w.Apply(), "5 imported, 0 added, 0 changed, 0 destroyed")
	w.StaysEmpty()
	if tn.Writes() != 0 || tn.Sent("POST", "PATCH", "DELETE") != 0 {
		t.Error("the adoption wrote something")
	}
	tn.IsAsBefore(before)

	// What was adopted is managed.
	tn.SetState("megan.bowen@contoso.example", control.StateDisabled)()
	w.Sees(w.Expect(2, "plan", "-input=false", "-detailed-exitcode"), `"disabled" -> "enabled"`, "0 to add, 1 to change, 0 to destroy")
}

// Package policies tests examples/policies with the real engine: the rules on small inputs with `opa test`, and on plans that
// a real Terraform or OpenTofu makes of the configurations in testdata, by the commands of the README.
package policies

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mfa-as-code/terraform-provider-entramfa/tools/internal/sandbox"
)

const (
	// root is the root of the repository.
	root = "../.."
	// examples is where the policies are.
	examples = root + "/examples/policies"
	readme   = examples + "/README.md"
	guide    = root + "/templates/guides/policy-as-code.md.tmpl"
)

var update = flag.Bool("update", false, "write what the policies say of the plans into testdata")

// The programs that the tests run.
var (
	work sandbox.Workspace
	cli  *sandbox.CLI
	// emulator and opa are paths.
	emulator, opa string
)

func TestMain(m *testing.M) {
	flag.Parse()
	dir, err := os.MkdirTemp("", "policies")
	code := 1
	if err == nil {
		err = prepare(dir)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "policies:", err)
	} else {
		code = m.Run()
	}
	_ = os.RemoveAll(dir)
	os.Exit(code)
}

// build is a program of a module, and where to put it.
type build struct{ module, program, path string }

// prepare builds the programs and finds the CLI. An engine that is built already, as `make policies-test` does, is named by OPA.
func prepare(dir string) error {
	provider := filepath.Join(dir, "provider")
	emulator = filepath.Join(dir, "entra-emulator")
	builds := []build{{root, ".", provider}, {root, "./cmd/entra-emulator", emulator}}
	if opa = os.Getenv("OPA"); opa == "" {
		opa = filepath.Join(dir, "bin", "opa")
		builds = append(builds, build{root + "/tools/opa", "github.com/open-policy-agent/opa", opa})
	}
	for _, build := range builds {
		command := exec.Command("go", "build", "-ldflags", "-s -w", "-o", build.path, build.program)
		command.Dir, command.Env = build.module, append(os.Environ(), "CGO_ENABLED=0")
		if output, err := command.CombinedOutput(); err != nil {
			return fmt.Errorf("building %s: %w\n%s", build.program, err, output)
		}
	}
	path, err := findCLI()
	if err != nil {
		return err
	}
	if work, err = sandbox.Prepare(filepath.Join(dir, "work"), "policies", provider, "0.1.0"); err != nil {
		return err
	}
	if err := publishAs("somebody-else"); err != nil {
		return err
	}
	cli, err = sandbox.NewCLI(context.Background(), path, work, false)
	return err
}

// publishAs puts the provider into the mirror under the name of another publisher as well.
func publishAs(publisher string) error {
	own := filepath.Join(work.Path(sandbox.MirrorFolder), "registry.terraform.io", "mfa-as-code")
	return filepath.WalkDir(own, func(place string, entry os.DirEntry, err error) error {
		path, relErr := filepath.Rel(own, place)
		if err = errors.Join(err, relErr); err != nil {
			return err
		}
		target := filepath.Join(filepath.Dir(own), publisher, path)
		if entry.IsDir() {
			return os.MkdirAll(target, 0o750)
		}
		return os.Link(place, target)
	})
}

// findCLI looks for a CLI as the Makefile does.
func findCLI() (string, error) {
	if path := os.Getenv("TF_ACC_TERRAFORM_PATH"); path != "" {
		return path, nil
	}
	search := exec.Command("sh", root+"/scripts/with-cli.sh", "any", "sh", "-c", `printf %s "$TF_ACC_TERRAFORM_PATH"`)
	search.Stderr = os.Stderr
	path, err := search.Output()
	if err != nil {
		return "", fmt.Errorf("these tests need a Terraform or OpenTofu CLI: %w", err)
	}
	return string(path), nil
}

// planned is a plan in the folder that it was made in, beside a copy of the policies.
type planned struct {
	folder sandbox.Workspace
	json   []byte
}

// verdict is what the last command of the README says of a plan.
type verdict struct {
	exitCode         int
	passed, messages string
}

// commands are the three commands of the README.
func commands(t *testing.T) (plan, show, judge string) {
	t.Helper()
	blocks := codeBlocks(t, readme, "shell")
	lines := strings.Split(strings.TrimSpace(blocks[0]), "\n")
	if len(lines) != 3 {
		t.Fatalf("the README begins with %d commands; this test knows 3", len(lines))
	}
	return lines[0], lines[1], lines[2]
}

// options are further options of the plan of a configuration, from a comment in it.
var options = regexp.MustCompile(`(?m)^# plan: (.*)$`)

// makePlan plans the configuration of testdata/<file>.tf, after it has applied the one of the same folder that first names, if any.
// The modules of the folder are beside it.
func makePlan(t *testing.T, file, first string) planned {
	t.Helper()
	folder, err := work.Within(strings.NewReplacer("/", "-", " ", "-").Replace(t.Name()))
	if err != nil {
		t.Fatal(err)
	}
	source := filepath.Join("testdata", filepath.Dir(file))
	copyTree(t, source, folder.Dir, func(path string) bool { return strings.Contains(path, "/") })
	copyTree(t, examples, folder.Path("policies"), func(path string) bool { return !strings.HasPrefix(path, "tests") })

	tenant := sandbox.NewEmulator(emulator, folder)
	if err := tenant.Start(t.Context()); err != nil {
		t.Fatal(told(err))
	}
	t.Cleanup(func() {
		if err := tenant.Stop(); err != nil {
			t.Error(told(err))
		}
	})
	here := cli.In(folder, tenant.Variables)
	run := func(wanted int, args ...string) {
		t.Helper()
		got, err := here.Run(t.Context(), args...)
		if err != nil {
			t.Fatal(told(err))
		}
		if got.ExitCode != wanted {
			t.Fatalf("`%s` ended with exit code %d, not %d:\n%s", got.Command, got.ExitCode, wanted, got.Plain())
		}
	}
	configure := func(name string) {
		t.Helper()
		if err := folder.Write("main.tf", read(t, filepath.Join(source, name+".tf"))); err != nil {
			t.Fatal(err)
		}
	}
	if first != "" {
		configure(first)
		run(0, "init", "-input=false")
		run(0, "apply", "-input=false", "-auto-approve")
	}
	configure(filepath.Base(file))
	run(0, "init", "-input=false")

	plan, show, _ := commands(t)
	exitCode := 0
	if file == "plan_complete/fail" {
		exitCode = 1
	}
	args := strings.Fields(plan)[1:]
	if found := options.FindStringSubmatch(read(t, filepath.Join(source, filepath.Base(file)+".tf"))); found != nil {
		args = append(args, strings.Fields(found[1])...)
	}
	run(exitCode, args...)
	if show != "terraform show -json tfplan >plan.json" {
		t.Fatalf("the README shows a plan by %q, and this test knows how it did before", show)
	}
	var text json.RawMessage
	if err := here.ShowJSON(t.Context(), &text, "tfplan"); err != nil {
		t.Fatal(told(err))
	}
	if err := folder.Write("plan.json", string(text)); err != nil {
		t.Fatal(err)
	}
	return planned{folder, text}
}

// without writes a copy of the plan that lacks a member, as without.json.
func (p planned) without(t *testing.T, member string) planned {
	t.Helper()
	var members map[string]json.RawMessage
	if err := json.Unmarshal(p.json, &members); err != nil {
		t.Fatal(err)
	}
	delete(members, member)
	text, err := json.Marshal(members)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.folder.Write("without.json", string(text)); err != nil {
		t.Fatal(err)
	}
	return p
}

// judge runs the last command of the README, which a replacer may have changed.
func (p planned) judge(t *testing.T, changes ...string) verdict {
	t.Helper()
	_, _, line := commands(t)
	changed := strings.NewReplacer(changes...).Replace(line)
	if len(changes) > 0 && changed == line {
		t.Fatalf("nothing of %q is in the README's command", changes)
	}
	command := exec.CommandContext(t.Context(), "sh", "-c", changed)
	command.Dir = p.folder.Dir
	command.Env = append(os.Environ(), "PATH="+filepath.Dir(opa)+string(os.PathListSeparator)+os.Getenv("PATH"))
	var stdout, stderr bytes.Buffer
	command.Stdout, command.Stderr = &stdout, &stderr
	err := command.Run()
	var failed *exec.ExitError
	if err != nil && !errors.As(err, &failed) {
		t.Fatal(err)
	}
	return verdict{command.ProcessState.ExitCode(), stdout.String(), stderr.String()}
}

// passes fails the test unless the plan is within the rules.
func (v verdict) passes(t *testing.T) {
	t.Helper()
	if v.exitCode != 0 || v.passed != fmt.Sprintf("All %d rules passed\n", len(ruleNames(t))) || v.messages != "" {
		t.Errorf("exit code %d, standard output %q, standard error:\n%s", v.exitCode, v.passed, v.messages)
	}
}

// fails fails the test unless the messages are those of testdata/<file>.txt.
func (v verdict) fails(t *testing.T, file string) {
	t.Helper()
	golden := filepath.Join("testdata", file+".txt")
	if *update {
		if err := os.WriteFile(golden, []byte(v.messages), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if v.exitCode != 1 || v.passed != "" {
		t.Errorf("exit code %d, standard output %q", v.exitCode, v.passed)
	}
	if difference := cmp.Diff(read(t, golden), v.messages); difference != "" {
		t.Errorf("the messages (+) are not those of %s (-):\n%s", golden, difference)
	}
}

// appliedBefore names the configuration of a rule's folder that is applied before another one is planned: its own, or that of
// the folder, or none.
func appliedBefore(t *testing.T, rule, name string) string {
	t.Helper()
	for _, candidate := range []string{name + "_before", "before"} {
		if _, err := os.Stat(filepath.Join("testdata", rule, candidate+".tf")); err == nil {
			return candidate
		}
	}
	return ""
}

func TestEachRuleJudgesPlansOfARealCLI(t *testing.T) {
	t.Parallel()
	for _, rule := range ruleNames(t) {
		places, err := filepath.Glob(filepath.Join("testdata", rule, "*.tf"))
		if err != nil {
			t.Fatal(err)
		}
		var passing, failing int
		for _, place := range places {
			name := strings.TrimSuffix(filepath.Base(place), ".tf")
			if strings.HasSuffix(name, "before") {
				continue
			}
			file := rule + "/" + name
			passes := strings.HasPrefix(name, "pass")
			if passes {
				passing++
			} else {
				failing++
			}
			t.Run(rule+" "+name, func(t *testing.T) {
				t.Parallel()
				plan := makePlan(t, file, appliedBefore(t, rule, name))
				got := plan.judge(t)
				// The plans of OpenTofu, and of Terraform before 1.8, do not say whether they are complete.
				undeclared := plan.without(t, "complete").judge(t, "plan.json", "without.json")
				if difference := cmp.Diff(got.messages, undeclared.messages); difference != "" || undeclared.exitCode != got.exitCode {
					t.Errorf("without `complete` the exit code is %d, not %d, and the messages differ (+):\n%s",
						undeclared.exitCode, got.exitCode, difference)
				}
				if passes {
					if rule == "mass_disabling" {
						// Who is taken out has the default of on_destroy there, to which another rule objects.
						if strings.Contains(got.messages, "("+rule+")") || got.messages == "" {
							t.Errorf("got\n%s", got.messages)
						}
						return
					}
					got.passes(t)
					return
				}
				got.fails(t, file)
				if !strings.Contains(got.messages, "("+rule+")") {
					t.Errorf("%s does not object:\n%s", rule, got.messages)
				}
			})
		}
		if passing == 0 || failing == 0 {
			t.Errorf("%s has %d plans that pass and %d that fail", rule, passing, failing)
		}
	}
}

func TestWhatIsNotKnownOrImportedOrSensitiveIsJudged(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"not_known", "imported", "sensitive"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			plan := makePlan(t, "other/"+name, "")
			got := plan.judge(t)
			got.fails(t, "other/"+name)
			if name != "sensitive" {
				return
			}
			for _, secret := range []string{"diego", "Diego", "grady", "198.51.100"} {
				if strings.Contains(got.messages, secret) {
					t.Errorf("the messages show %s:\n%s", secret, got.messages)
				}
				if !bytes.Contains(plan.json, []byte(secret)) {
					t.Errorf("the plan does not hold %s, so that nothing shows it is left out", secret)
				}
			}
		})
	}
}

func TestUsersWhoAreForgottenPassAndThoseWhoAreDestroyedDoNot(t *testing.T) {
	t.Parallel()
	t.Run("forgotten", func(t *testing.T) {
		t.Parallel()
		makePlan(t, "other/six_users_forgotten", "six_users").judge(t).passes(t)
	})
	t.Run("destroyed", func(t *testing.T) {
		t.Parallel()
		makePlan(t, "other/nothing", "six_users").judge(t).fails(t, "other/nothing")
	})
}

func TestTheEnvironmentDecides(t *testing.T) {
	t.Parallel()
	plan := makePlan(t, "keep_on_destroy/fail", "")
	if got := plan.judge(t); got.exitCode != 1 {
		t.Errorf("in production: exit code %d", got.exitCode)
	}
	plan.judge(t, "production.yaml", "test.yaml").passes(t)
}

func TestNothingPassesByOmission(t *testing.T) {
	t.Parallel()
	plan := makePlan(t, "plan_complete/pass", "")
	plan.judge(t).passes(t)
	for name, content := range map[string]string{"empty.json": "{}", "state.json": `{"format_version": "1.0", "values": {}}`} {
		if err := plan.folder.Write(name, content); err != nil {
			t.Fatal(err)
		}
	}
	for name, change := range map[string][]string{
		"no rules":             {"--data policies/rules ", ""},
		"no parameters":        {"--data policies/production.yaml ", ""},
		"no input":             {"--input plan.json ", ""},
		"an empty input":       {"plan.json", "empty.json"},
		"a state":              {"plan.json", "state.json"},
		"a file of no JSON":    {"plan.json", "main.tf"},
		"another decision":     {"data.entramfa.passed", "data.entramfa.pass"},
		"a folder not there":   {"policies/rules", "policies/rule"},
		"parameters not there": {"production.yaml", "live.yaml"},
	} {
		if got := plan.judge(t, change...); got.exitCode == 0 {
			t.Errorf("%s: exit code 0, and %q", name, got.passed)
		}
	}
}

// The exceptions of the README let pass what they name, until the day that they name, and nothing wider.
func TestAnExceptionIsForWhatItNames(t *testing.T) {
	t.Parallel()
	blocks := codeBlocks(t, readme, "yaml")
	if len(blocks) != 1 {
		t.Fatalf("the README has %d blocks of YAML; this test knows 1", len(blocks))
	}
	excepting := func(plan planned, today string) verdict {
		t.Helper()
		parameters := read(t, examples+"/production.yaml")
		block := strings.TrimSpace(blocks[0]) + "\nnow: \"" + today + "\"\n"
		changed := strings.Replace(parameters, "  exceptions: []\n", "  "+strings.ReplaceAll(strings.TrimSpace(block), "\n", "\n  ")+"\n", 1)
		if changed == parameters {
			t.Fatal("production.yaml has no exceptions where this test looks for them")
		}
		if err := plan.folder.Write("policies/production.yaml", changed); err != nil {
			t.Fatal(err)
		}
		return plan.judge(t)
	}
	t.Run("a range", func(t *testing.T) {
		t.Parallel()
		plan := makePlan(t, "other/campus", "")
		if got := plan.judge(t); got.exitCode != 1 {
			t.Errorf("without an exception: exit code %d", got.exitCode)
		}
		excepting(plan, "2027-06-30").passes(t)
		excepting(plan, "2027-07-01").fails(t, "other/campus_ended")
	})
	t.Run("a wider range", func(t *testing.T) {
		t.Parallel()
		excepting(makePlan(t, "other/campus_wider", ""), "2026-12-01").fails(t, "other/campus_wider")
	})
}

// What ranges cover is counted in Rego here and in Go by the provider.
func TestRangesAreCountedAsTheProviderCounts(t *testing.T) {
	t.Parallel()
	plan := makePlan(t, "other/counted", "")
	const query = `[[counted, told] |
		some location in data.entramfa.plan.instances("entramfa_trusted_ips")
		planned := location.change.after
		counted := [data.entramfa.ranges.ipv4_addresses(planned.ip_ranges), data.entramfa.ranges.ipv6_networks(planned.ip_ranges)]
		told := [planned.address_count_ipv4, planned.network_count_ipv6]
	]`
	output := runOPA(t, "eval", "--strict-builtin-errors", "--format", "raw", "--data", examples+"/rules", "--input", plan.folder.Path("plan.json"), query)
	var pairs [][2][2]int64
	if err := json.Unmarshal(output, &pairs); err != nil {
		t.Fatalf("%v: %s", err, output)
	}
	if len(pairs) != 2 {
		t.Fatalf("got %v, want two locations", pairs)
	}
	for _, pair := range pairs {
		if pair[0] != pair[1] || pair[0][0] == 0 || pair[0][1] == 0 {
			t.Errorf("counted %v, and the provider says %v", pair[0], pair[1])
		}
	}
}

func TestTheRulesPassTheirOwnTests(t *testing.T) {
	t.Parallel()
	runOPA(t, "check", "--strict", examples+"/rules", examples+"/tests")
	output := runOPA(t, "test", "--timeout", "5m", "--coverage", "--threshold", "99", "--format", "json", examples+"/rules", examples+"/tests")
	if !bytes.Contains(output, []byte(`"coverage"`)) {
		t.Errorf("got %s", output)
	}
	if output := runOPA(t, "fmt", "--list", examples); len(output) > 0 {
		t.Errorf("run `opa fmt --write examples/policies`; not formatted:\n%s", output)
	}
	for _, rule := range ruleNames(t) {
		read(t, filepath.Join(examples, "tests", rule+"_test.rego"))
	}
}

// ruleNames are the packages below entramfa.rules.
func ruleNames(t *testing.T) []string {
	t.Helper()
	return slices.Sorted(maps.Keys(ruleParameters(t)))
}

// ruleParameters are the rules and the parameters that their annotations name. The title and the description are not optional.
func ruleParameters(t *testing.T) map[string][]string {
	t.Helper()
	var inspected struct {
		Annotations []struct {
			Path        []struct{ Value string }
			Annotations struct {
				Scope, Title, Description string
				Custom                    struct{ Parameters []string }
			}
		}
	}
	output := runOPA(t, "inspect", "--annotations", "--format", "json", examples+"/rules")
	if err := json.Unmarshal(output, &inspected); err != nil {
		t.Fatal(err)
	}
	rules := map[string][]string{}
	for _, found := range inspected.Annotations {
		if len(found.Path) != 4 || found.Path[2].Value != "rules" || found.Annotations.Scope != "package" {
			continue
		}
		name := found.Path[3].Value
		if found.Annotations.Title == "" || found.Annotations.Description == "" {
			t.Errorf("%s has no title or no description", name)
		}
		rules[name] = found.Annotations.Custom.Parameters
	}
	files, err := filepath.Glob(examples + "/rules/*.rego")
	if err != nil {
		t.Fatal(err)
	}
	// The others are the verdict, its exceptions, and what rules share.
	shared := []string{"main", "exceptions", "plan", "providers", "accounts", "locations", "conditional_access", "ranges", "writes"}
	if len(rules) != len(files)-len(shared) {
		t.Fatalf("%d files hold %d rules with annotations", len(files), len(rules))
	}
	return rules
}

func TestTheTableOfTheREADMEIsThatOfTheRules(t *testing.T) {
	t.Parallel()
	var told []string
	rows := map[string][]string{}
	parameter := regexp.MustCompile("`([a-z0-9_.]+)`")
	for _, line := range strings.Split(read(t, readme), "\n") {
		cells := strings.Split(line, "|")
		if len(cells) != 5 || !strings.HasPrefix(line, "| `") {
			continue
		}
		rule := strings.Trim(cells[1], " `")
		told = append(told, rule)
		rows[rule] = nil
		for _, name := range parameter.FindAllStringSubmatch(cells[3], -1) {
			if !strings.Contains(name[1], ".") {
				name[1] = rule + "." + name[1]
			}
			rows[rule] = append(rows[rule], name[1])
		}
	}
	if difference := cmp.Diff(ruleParameters(t), rows); difference != "" {
		t.Errorf("the rules (-) and the table of the README (+):\n%s", difference)
	}
	if len(told) != len(rows) {
		t.Errorf("a rule is told twice: %v", told)
	}
}

// Each number of the parameter files is one that a rule reads.
func TestTheParametersAreThoseOfTheRules(t *testing.T) {
	t.Parallel()
	var want []string
	for _, parameters := range ruleParameters(t) {
		want = append(want, parameters...)
	}
	slices.Sort(want)
	// Who the emergency access accounts are is for several rules.
	want = slices.Compact(want)
	for _, file := range []string{"production.yaml", "test.yaml"} {
		const query = `sort([concat(".", [rule, name]) | some rule, values in data.parameters; is_object(values); some name, _ in values])`
		output := runOPA(t, "eval", "--format", "raw", "--data", filepath.Join(examples, file), query)
		var got []string
		if err := json.Unmarshal(output, &got); err != nil {
			t.Fatalf("%v: %s", err, output)
		}
		if difference := cmp.Diff(want, got); difference != "" {
			t.Errorf("the parameters of the rules (-) and of %s (+):\n%s", file, difference)
		}
	}
}

func TestTheREADMEAndTheGuideShowWhatTheCommandsPrint(t *testing.T) {
	t.Parallel()
	plan := makePlan(t, "other/readme", "")
	got := plan.judge(t)
	for _, file := range []string{readme, guide} {
		if blocks := codeBlocks(t, file, "text"); len(blocks) != 1 || blocks[0] != got.messages {
			t.Errorf("%s shows %q, and what is printed is:\n%s", file, blocks, got.messages)
		}
		if blocks := codeBlocks(t, file, "shell"); len(blocks) == 0 || blocks[0] != codeBlocks(t, readme, "shell")[0] {
			t.Errorf("%s does not begin with the commands of the README: %q", file, blocks)
		}
	}
	if blocks := codeBlocks(t, guide, "terraform"); len(blocks) != 1 || !strings.HasSuffix(read(t, "testdata/other/readme.tf"), blocks[0]) {
		t.Errorf("the guide shows another configuration than the one that is planned: %q", blocks)
	}

	var violations []struct{ Rule, Address, Reason, Remedy string }
	output := runOPA(t, "eval", "--format", "raw", "--data", plan.folder.Path("policies/rules"), "--data", plan.folder.Path("policies/production.yaml"),
		"--input", plan.folder.Path("plan.json"), "data.entramfa.violations")
	if err := json.Unmarshal(output, &violations); err != nil {
		t.Fatalf("%v: %s", err, output)
	}
	for _, v := range violations {
		if message := fmt.Sprintf("%s: %s\n    %s (%s)\n", v.Address, v.Reason, v.Remedy, v.Rule); !strings.Contains(got.messages, message) {
			t.Errorf("not printed: %s", message)
		}
	}
	if want := strings.Count(got.messages, "\n") / 2; len(violations) != want || want == 0 {
		t.Errorf("%d violations and %d messages", len(violations), want)
	}
}

// runOPA runs the engine and returns its standard output. It has to end with exit code 0.
func runOPA(t *testing.T, args ...string) []byte {
	t.Helper()
	var stderr bytes.Buffer
	command := exec.CommandContext(t.Context(), opa, args...)
	command.Stderr = &stderr
	output, err := command.Output()
	if err != nil {
		t.Fatalf("opa %s: %v\n%s%s", strings.Join(args, " "), err, output, &stderr)
	}
	return output
}

// codeBlocks are the blocks of a language in a Markdown file.
func codeBlocks(t *testing.T, file, language string) []string {
	t.Helper()
	var blocks []string
	inside := false
	for line := range strings.Lines(read(t, file)) {
		switch fence := strings.TrimSpace(line); {
		case !inside && fence == "```"+language:
			blocks, inside = append(blocks, ""), true
		case inside && fence == "```":
			inside = false
		case inside:
			blocks[len(blocks)-1] += line
		}
	}
	if len(blocks) == 0 {
		t.Fatalf("%s has no block of %s", file, language)
	}
	return blocks
}

func read(t *testing.T, file string) string {
	t.Helper()
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

// copyTree copies those files of a folder whose path in it is wanted.
func copyTree(t *testing.T, from, to string, wanted func(path string) bool) {
	t.Helper()
	err := filepath.WalkDir(from, func(place string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		path, err := filepath.Rel(from, place)
		if err != nil || !wanted(filepath.ToSlash(path)) {
			return err
		}
		target := filepath.Join(to, path)
		if err := os.MkdirAll(filepath.Dir(target), 0o750); err != nil {
			return err
		}
		return os.WriteFile(target, []byte(read(t, place)), 0o600)
	})
	if err != nil {
		t.Fatal(err)
	}
}

// told is an error with all that the command has printed.
func told(err error) string {
	var unexpected *sandbox.DeviationError
	if errors.As(err, &unexpected) {
		return err.Error() + "\n" + unexpected.Output
	}
	return err.Error()
}

package provider_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-log/tfsdklogtest"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/acctest"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/server"
)

// lookUps is a context that counts how often a value is looked for all the way to where the request came in. The context
// of the request grows with each element of a map, so that such look-ups must not do the same.
type lookUps struct {
	context.Context
	count int
}

func (l *lookUps) Value(key any) any {
	l.count++
	return l.Context.Value(key)
}

// The level keeps the framework from looking for its logger, for each element. That it does is not promised by anybody:
// this fails when a version of the framework or of its log does otherwise. It is not parallel because of the environment.
func TestTheFrameworkDoesNotLookForItsLoggerForEachUser(t *testing.T) {
	s := acctest.NewTenant(t).StatesSession(t, nil)
	// The requests have no logger, as then a look-up goes all the way; what the framework does is decided by the level
	// that the last one with a logger has left.
	planned := func(level string, count int) int {
		t.Setenv(server.FrameworkLogVariable, level)
		if _, err := s.Server.GetMetadata(tfsdklogtest.RootLogger(t.Context(), io.Discard), &tfprotov6.GetMetadataRequest{}); err != nil {
			t.Fatal(err)
		}
		var entries [][4]string
		var config []string
		for i := range count {
			upn := fmt.Sprintf("person%03d@contoso.example", i)
			entries = append(entries, [4]string{upn, fmt.Sprintf("55555555-eeee-4eee-8eee-%012d", i), "enabled", "enforced"})
			config = append(config, upn, "enabled")
		}
		prior := acctest.Dynamic(t, acctest.ObjectOf(t, s.Type, acctest.PriorUsers("disable", entries...)))
		proposed := acctest.PriorUsers("disable", entries...)
		proposed["allow_promotion"] = true
		written := acctest.Dynamic(t, acctest.ObjectOf(t, s.Type, map[string]any{"users": acctest.StringMap(config...), "allow_promotion": true}))
		ctx := &lookUps{Context: t.Context()}
		valid, err := s.Server.ValidateResourceConfig(ctx, &tfprotov6.ValidateResourceConfigRequest{TypeName: s.TypeName, Config: written})
		if err != nil {
			t.Fatal(err)
		}
		acctest.NoErrors(t, valid.Diagnostics)
		change, err := s.Server.PlanResourceChange(ctx, &tfprotov6.PlanResourceChangeRequest{
			TypeName: s.TypeName, PriorState: prior, ProposedNewState: acctest.Dynamic(t, acctest.ObjectOf(t, s.Type, proposed)), Config: written,
		})
		if err != nil {
			t.Fatal(err)
		}
		acctest.NoErrors(t, change.Diagnostics)
		return ctx.count
	}
	few, many := planned("off", 10), planned("off", 300)
	if few != many {
		t.Errorf("10 users cost %d look-ups and 300 users %d, want no more", few, many)
	}
	// The control: with the log they are counted.
	if logged := planned("trace", 300); logged < many+300 {
		t.Errorf("300 users cost %d look-ups with a log and %d without: the test counts nothing", logged, many)
	}
}

// The real process has the level, and the log is there for those who ask Terraform for it.
func TestTheProviderProcessLogsOfTheFrameworkWhatTerraformShowsThroughTheRealCLI(t *testing.T) {
	t.Parallel()
	tn := acctest.NewTenant(t)
	w := tn.Workspace(t, map[string]string{"main.tf": acctest.Block() + fmt.Sprintf("resource \"entramfa_user_mfa_states\" \"test\" {\n  users = { %q = \"enabled\", %q = \"enabled\" }\n}\n", acctest.AdeleUPN, acctest.MeganUPN)},
		"ARM_TENANT_ID="+acctest.TenantID, "ARM_CLIENT_ID="+acctest.AppID, "ARM_CLIENT_SECRET="+acctest.AppSecret)
	const line = "is a non-schema attribute, not nullifying"
	read := func(name string) []byte {
		text, err := os.ReadFile(filepath.Join(w.Dir, name))
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	quiet := w.Env
	w.Env = slices.Concat(quiet, []string{"TF_LOG=TRACE", "TF_LOG_PATH=trace.log"})
	w.Expect(0, "plan", "-input=false")
	if !bytes.Contains(read("trace.log"), []byte(line)) {
		t.Error("the log of Terraform at TRACE holds nothing of the framework")
	}

	// What the provider writes and Terraform drops is seen on the way only.
	providers, err := acctest.Mirror()
	if err != nil {
		t.Fatal(err)
	}
	address := acctest.ProviderHost(t) + "/mfa-as-code/entramfa"
	built := filepath.Join(providers, address, acctest.CLIVersion, runtime.GOOS+"_"+runtime.GOARCH, "terraform-provider-entramfa_v"+acctest.CLIVersion)
	if err := os.Mkdir(filepath.Join(w.Dir, "listening"), 0o700); err != nil {
		t.Fatal(err)
	}
	script := fmt.Sprintf("#!/bin/sh\nexec '%s' \"$@\" 2>>'%s'\n", built, filepath.Join(w.Dir, "written.log"))
	if err := os.WriteFile(filepath.Join(w.Dir, "listening", "terraform-provider-entramfa"), []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	w.Write("cli.tfrc", fmt.Sprintf("provider_installation {\n  dev_overrides {\n    %q = %q\n  }\n  direct {}\n}\n", address, filepath.Join(w.Dir, "listening")))
	for _, c := range []struct {
		environment  string
		lines, other bool
	}{
		{"TF_LOG_PROVIDER=TRACE", true, true},
		{"TF_LOG_PROVIDER=DEBUG", false, true},
		{"TF_LOG_CORE=ERROR", false, false},
	} {
		w.Write("written.log", "")
		w.Env = slices.Concat(quiet, []string{c.environment, "TF_LOG_PATH=other.log"})
		w.Expect(0, "plan", "-input=false")
		written := read("written.log")
		if lines, other := bytes.Contains(written, []byte(line)), bytes.Contains(written, []byte("sdk.framework")); lines != c.lines || other != c.other {
			t.Errorf("%s: the process writes lines for each element: %v, and others: %v", c.environment, lines, other)
		}
		if !bytes.Contains(written, []byte("Microsoft Graph answered")) {
			t.Errorf("%s: the provider's own log is gone", c.environment)
		}
	}
}

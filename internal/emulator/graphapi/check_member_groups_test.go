package graphapi_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/emulatortest"
)

const (
	checkGroups   = "/v1.0/users/break.glass.2@contoso.example/checkMemberGroups"
	unknownObject = "11111111-2222-4333-8444-555555555555"
)

func groupIDs(ids ...string) string { return `{"groupIds":["` + strings.Join(ids, `","`) + `"]}` }

func TestMembershipIsCheckedThroughNestedGroups(t *testing.T) {
	f := emulatortest.Start(t)
	answer := f.Graph(http.MethodPost, checkGroups,
		groupIDs(emulator.SampleAllStaffID, strings.ToUpper(emulator.SampleBreakGlassID), unknownObject, emulator.SampleBreakGlassNestedID))
	want := []any{emulator.SampleBreakGlassID, emulator.SampleBreakGlassNestedID}
	if diff := cmp.Diff(want, answer.Body["value"]); diff != "" || answer.Status != 200 {
		t.Errorf("%d %s: %s", answer.Status, answer.Raw, diff)
	}
	answer = f.Graph(http.MethodPost, strings.Replace(checkGroups, ".2@", ".1@", 1), groupIDs(emulator.SampleBreakGlassNestedID))
	if diff := cmp.Diff([]any{}, answer.Body["value"]); diff != "" || answer.Status != 200 {
		t.Errorf("no member: %d %s", answer.Status, answer.Raw)
	}
}

func TestMembershipChecksRefuseWhatGraphRefuses(t *testing.T) {
	f := emulatortest.Start(t)
	many := make([]string, 21)
	for i := range many {
		many[i] = fmt.Sprintf("11111111-2222-4333-8444-5555555555%02d", i)
	}
	for name, c := range map[string]struct {
		path, body string
		status     int
	}{
		"20 groups":       {checkGroups, groupIDs(many[:20]...), 200},
		"21 groups":       {checkGroups, groupIDs(many...), 400},
		"no groups":       {checkGroups, `{"groupIds":[]}`, 400},
		"not a GUID":      {checkGroups, groupIDs("all-staff"), 400},
		"not a list":      {checkGroups, `{"groupIds":"x"}`, 400},
		"other parameter": {checkGroups, `{"ids":["` + unknownObject + `"]}`, 400},
		"no JSON":         {checkGroups, `[`, 400},
		"unknown user":    {"/v1.0/users/nobody@contoso.example/checkMemberGroups", groupIDs(many[0]), 404},
		"more segments":   {checkGroups + "/x", groupIDs(many[0]), 400},
	} {
		if answer := f.Graph(http.MethodPost, c.path, c.body); answer.Status != c.status {
			t.Errorf("%s: %d %s", name, answer.Status, answer.Raw)
		}
	}
	if answer := f.Get(checkGroups); answer.Status != 405 {
		t.Errorf("GET: %d %s", answer.Status, answer.Raw)
	}
}

func TestMembershipChecksNeedBothPermissions(t *testing.T) {
	f := emulatortest.Start(t)
	for _, c := range []struct {
		permissions []string
		status      int
	}{
		{[]string{"GroupMember.Read.All"}, 403},
		{[]string{"User.Read.All"}, 403},
		{[]string{"User.Read.All", "GroupMember.Read.All"}, 200},
		{[]string{"Directory.Read.All"}, 200},
	} {
		if _, err := f.Control.PatchApp(f.Ctx, emulator.SampleAppID, control.AppPatch{Permissions: &c.permissions}); err != nil {
			t.Fatal(err)
		}
		f.Token = f.TokenFor(emulator.SampleAppID, emulator.SampleSecret)
		if answer := f.Graph(http.MethodPost, checkGroups, groupIDs(unknownObject)); answer.Status != c.status {
			t.Errorf("%v: %d %s", c.permissions, answer.Status, answer.Raw)
		}
	}
}

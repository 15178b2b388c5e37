package client

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/clienttest"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/graph"
)

func TestWhatAChangeOfTheCampaignUndoes(t *testing.T) {
	t.Parallel()
	edit := func(edits ...func(*RegistrationCampaign)) RegistrationCampaign {
		campaign := enabledFor("microsoftAuthenticator", staff)
		campaign.RequireAfterSnoozes = new(true)
		campaign.Exclude = []CampaignTarget{one}
		for _, edit := range edits {
			edit(&campaign)
		}
		return campaign
	}
	snooze := func(days int32) func(*RegistrationCampaign) {
		return func(c *RegistrationCampaign) { c.SnoozeDays = &days }
	}
	limit := func(limit *bool) func(*RegistrationCampaign) {
		return func(c *RegistrationCampaign) { c.RequireAfterSnoozes = limit }
	}
	state := func(state string) func(*RegistrationCampaign) {
		return func(c *RegistrationCampaign) { c.State = state }
	}
	include := func(method string, targets ...CampaignTarget) func(*RegistrationCampaign) {
		return func(c *RegistrationCampaign) {
			c.Include = nil
			for _, target := range targets {
				target.AuthenticationMethod = method
				c.Include = append(c.Include, target)
			}
		}
	}
	exclude := func(targets ...CampaignTarget) func(*RegistrationCampaign) {
		return func(c *RegistrationCampaign) { c.Exclude = targets }
	}
	const authenticator = "microsoftAuthenticator"
	device := CampaignTarget{ID: "d", TargetType: "device"}
	shouted := CampaignTarget{ID: strings.ToUpper(staff.ID), TargetType: "group"}
	for name, c := range map[string]struct {
		planned, wanted, present RegistrationCampaign
		want                     string
	}{
		"nothing changed":             {edit(), edit(snooze(7)), edit(), ""},
		"as wanted already":           {edit(), edit(snooze(7), exclude()), edit(snooze(7), exclude()), ""},
		"state":                       {edit(), edit(snooze(7)), edit(state("disabled")), "state"},
		"state, as wanted":            {edit(), edit(state("disabled")), edit(state("disabled")), ""},
		"state, a third":              {edit(), edit(state("disabled")), edit(state("default")), "state"},
		"method":                      {edit(), edit(snooze(7)), edit(include("fido2", staff)), "method"},
		"method, another case":        {edit(), edit(snooze(7)), edit(include("MICROSOFTauthenticator", staff)), ""},
		"method, as wanted":           {edit(), edit(include("fido2", staff)), edit(include("Fido2", staff)), ""},
		"method, left open":           {edit(), edit(include("", staff), snooze(7)), edit(include("fido2", staff)), ""},
		"snooze":                      {edit(), edit(limit(new(false))), edit(snooze(9)), "snooze"},
		"snooze, left open":           {edit(), edit(func(c *RegistrationCampaign) { c.SnoozeDays = nil; c.State = "disabled" }), edit(snooze(9)), ""},
		"limit":                       {edit(), edit(snooze(7)), edit(limit(new(false))), "limit"},
		"limit, not said any more":    {edit(), edit(snooze(7)), edit(limit(nil)), ""},
		"limit, said for once":        {edit(limit(nil)), edit(limit(new(false))), edit(limit(new(true))), "limit"},
		"added to include":            {edit(), edit(snooze(7)), edit(include(authenticator, staff, one)), "include +" + one.ID},
		"added to include, as wanted": {edit(), edit(include(authenticator, staff, one)), edit(include(authenticator, staff, one)), ""},
		"taken out of include":        {edit(), edit(snooze(7)), edit(include("")), "include -" + staff.ID},
		"taken out, as wanted":        {edit(), edit(include(authenticator, one)), edit(include(authenticator, one)), ""},
		"neither is to be added":      {edit(), edit(include(authenticator, staff, one)), edit(), ""},
		"another spelling":            {edit(), edit(snooze(7)), edit(include(authenticator, shouted)), ""},
		"a kind of the future":        {edit(), edit(snooze(7)), edit(include(authenticator, staff, device), exclude(one, device)), ""},
		"added to exclude":            {edit(), edit(snooze(7)), edit(exclude(one, staff)), "exclude +" + staff.ID},
		"taken out of exclude":        {edit(), edit(snooze(7)), edit(exclude()), "exclude -" + one.ID},
		"what is Microsoft's":         {edit(state("default")), edit(state("default"), exclude()), edit(state("default"), snooze(9), limit(new(false)), include("fido2", staff)), ""},
		"Microsoft's, taken over":     {edit(state("default")), edit(snooze(3)), edit(state("default"), snooze(9)), ""},
		"enabled by somebody else":    {edit(state("default")), edit(snooze(7)), edit(snooze(9)), "snooze"},
		"all, everybody is everybody": {edit(include(authenticator, everyone)), edit(include(authenticator, everyone), snooze(7)), edit(include(authenticator, CampaignTarget{ID: AllUsers, TargetType: "user"})), ""},
		"more than one thing at once": {edit(), edit(snooze(7)), edit(state("disabled"), limit(new(false)), exclude()), "state limit exclude -" + one.ID},
	} {
		var found []string
		for _, change := range c.present.Undoes(c.planned, c.wanted) {
			text := string(change.Property)
			if change.Target.ID != "" {
				text += map[bool]string{true: " +", false: " -"}[change.Added] + change.Target.ID
			}
			found = append(found, text)
		}
		if have := strings.Join(found, " "); have != c.want {
			t.Errorf("%s: it undoes %q, want %q", name, have, c.want)
		}
	}
}

// policyAt is the policy with a campaign and the time of its last change.
func policyAt(campaign, modified string) string {
	return `{"lastModifiedDateTime":"` + modified + `","registrationEnforcement":{"authenticationMethodsRegistrationCampaign":` + campaign + `}}`
}

func TestBeforeAChangeOldAndNewAnswersAreToldApart(t *testing.T) {
	t.Parallel()
	known := enabledFor("microsoftAuthenticator", everyone)
	text, err := known.Encode()
	if err != nil {
		t.Fatal(err)
	}
	ours := string(text)
	older, theirs := strings.Replace(ours, `"snoozeDurationInDays":3`, `"snoozeDurationInDays":1`, 1), strings.Replace(ours, `"snoozeDurationInDays":3`, `"snoozeDurationInDays":9`, 1)
	if older == ours || theirs == ours {
		t.Fatalf("%s has other days", ours)
	}
	const before, then, after = "2026-01-02T03:04:05.1Z", "2026-01-02T03:04:05.2Z", "2026-01-02T03:04:05.3Z"
	wrote, err := time.Parse(time.RFC3339, then)
	if err != nil {
		t.Fatal(err)
	}
	wanted := known
	wanted.SnoozeDays = new(int32(12))
	changed := errors.New("changed")
	for name, c := range map[string]struct {
		// Answer is what a read says, by its number.
		Answer  func(read int) string
		written bool
		stops   bool
	}{
		"as it was": {func(int) string { return policyAt(ours, then) }, true, false},
		"our older write, for a while": {func(read int) string {
			return map[bool]string{true: policyAt(older, before), false: policyAt(ours, then)}[read < 8]
		}, true, false},
		"the same, and nobody knows of a write": {func(read int) string {
			return map[bool]string{true: policyAt(older, before), false: policyAt(ours, then)}[read < 8]
		}, false, true},
		"a change": {func(int) string { return policyAt(theirs, after) }, true, true},
		"a change that shows later": {func(read int) string {
			return map[bool]string{true: policyAt(ours, then), false: policyAt(theirs, after)}[read < 1]
		}, true, true},
		"a change that only one replica shows": {func(read int) string {
			return map[bool]string{true: policyAt(theirs, after), false: policyAt(ours, then)}[read == 0]
		}, true, true},
		"older in the second read": {func(read int) string {
			return map[bool]string{true: policyAt(older, before), false: policyAt(ours, then)}[read > 0 && read < 2]
		}, true, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := &scriptedPolicy{onRead: func(w http.ResponseWriter, read, writes int) bool {
				if writes == 0 {
					clienttest.Reply(w, 200, c.Answer(read))
				}
				return writes == 0
			}}
			p.start(t)
			client, _, clock := newTestClient(t, p.Recorder, nil)
			options := CampaignOptions{Known: &known, Check: func(present RegistrationCampaign) error {
				if len(present.Undoes(known, wanted)) > 0 {
					return changed
				}
				return nil
			}}
			if c.written {
				options.Written = CampaignWrite{Acceptance: graph.Acceptance{At: clock.Now().Add(-time.Second)}, Modified: wrote}
			}
			_, err := client.SetRegistrationCampaign(t.Context(), wanted, options)
			if errors.Is(err, changed) != c.stops || (p.writes == 0) != c.stops {
				t.Errorf("error %v, %d writes", err, p.writes)
			}
		})
	}
}

func TestAWriteOfTheCampaignIsReadBackFromItsText(t *testing.T) {
	t.Parallel()
	write := CampaignWrite{Acceptance: graph.Acceptance{At: time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC)}, Modified: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}
	if read := ReadCampaignWrite(write.JSON()); read != write {
		t.Errorf("%+v", read)
	}
	for _, text := range []string{"", "null", "x", `"x"`, `[]`, `{"at":1}`} {
		if read := ReadCampaignWrite([]byte(text)); read != (CampaignWrite{}) {
			t.Errorf("%q is taken for %+v", text, read)
		}
	}
	names := map[string]string{"a": "adele \"Vance\"", "b": ""}
	if read := DecodeNames(EncodeNames(names)); fmt.Sprint(read) != fmt.Sprint(names) {
		t.Errorf("%q", read)
	}
	for _, text := range []string{"", "null", "x", `{"a":1}`} {
		if read := DecodeNames([]byte(text)); read != nil {
			t.Errorf("%q is taken for %q", text, read)
		}
	}
}

package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/clienttest"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/graph"
)

const staffID = "22222222-2222-2222-2222-222222222222"

func enabledFor(method string, targets ...CampaignTarget) RegistrationCampaign {
	days, limit := int32(3), true
	campaign := RegistrationCampaign{State: CampaignEnabled, SnoozeDays: &days, RequireAfterSnoozes: &limit}
	for _, target := range targets {
		target.AuthenticationMethod = method
		campaign.Include = append(campaign.Include, target)
	}
	return campaign
}

var (
	everyone = CampaignTarget{ID: AllUsers, TargetType: TargetGroup}
	staff    = CampaignTarget{ID: staffID, TargetType: TargetGroup}
	one      = CampaignTarget{ID: clienttest.AdeleID, TargetType: TargetUser}
)

// scriptedPolicy is the policy of a Graph that behaves as a test says.
type scriptedPolicy struct {
	// campaign is what the service holds, as JSON.
	campaign string
	// onRead answers instead of the service where it returns true. It gets the number of the read since the last write, and
	// the number of writes.
	onRead func(w http.ResponseWriter, read, writes int) bool
	// onWrite answers instead of the service where it returns true.
	onWrite func(w http.ResponseWriter) bool

	mutex         sync.Mutex
	reads, writes int
	before        string
	*clienttest.Recorder
}

const newTenantsCampaign = `{"state":"default","snoozeDurationInDays":1,"enforceRegistrationAfterAllowedSnoozes":true,` +
	`"includeTargets":[{"id":"all_users","targetType":"group","targetedAuthenticationMethod":"microsoftAuthenticator"}],"excludeTargets":[]}`

func (p *scriptedPolicy) start(t *testing.T) *scriptedPolicy {
	t.Helper()
	if p.campaign == "" {
		p.campaign = newTenantsCampaign
	}
	p.Recorder = clienttest.NewRecorder(t, func(w http.ResponseWriter, r *http.Request, _ int) {
		p.mutex.Lock()
		defer p.mutex.Unlock()
		if r.URL.Path != "/beta/policies/authenticationMethodsPolicy" {
			t.Errorf("unexpected request %s %s", r.Method, r.URL.Path)
			clienttest.GraphError(w, 400, "BadRequest")
			return
		}
		if r.Method == http.MethodGet {
			p.reads++
			if p.onRead == nil || !p.onRead(w, p.reads-1, p.writes) {
				methodsPolicyJSON(w, p.campaign)
			}
			return
		}
		if p.onWrite != nil && p.onWrite(w) {
			return
		}
		var body authenticationMethodsPolicy
		_ = json.NewDecoder(r.Body).Decode(&body)
		text, _ := json.Marshal(body.RegistrationEnforcement.Campaign)
		p.before, p.campaign, p.reads = p.campaign, string(text), 0
		p.writes++
		w.WriteHeader(http.StatusNoContent)
	})
	return p
}

func methodsPolicyJSON(w http.ResponseWriter, campaign string) {
	clienttest.Reply(w, 200, `{"@odata.context":"x","id":"authenticationMethodsPolicy","policyVersion":"1.5","reconfirmationInDays":7,`+
		`"registrationEnforcement":{"authenticationMethodsRegistrationCampaign":`+campaign+`},`+
		`"systemCredentialPreferences":{"state":"default"},"authenticationMethodConfigurations":[]}`)
}

// patched are the bodies of the writes.
func (p *scriptedPolicy) patched(t *testing.T) []map[string]any {
	t.Helper()
	var all []map[string]any
	for _, request := range p.All() {
		if request.Method == http.MethodPatch {
			var body map[string]any
			if err := json.Unmarshal([]byte(request.Body), &body); err != nil {
				t.Fatal(err)
			}
			all = append(all, body)
		}
	}
	return all
}

func TestAWriteKeepsWhatItKnowsNothingOfAndTouchesNothingElse(t *testing.T) {
	t.Parallel()
	p := (&scriptedPolicy{campaign: `{"@odata.type":"#x","includeTargets@odata.context":"y","state":"disabled","snoozeDurationInDays":1,"colour":{"a":[1,null]},` +
		`"includeTargets":[{"id":"` + strings.ToUpper(staffID) + `","targetType":"group","targetedAuthenticationMethod":"microsoftAuthenticator","weight":7},` +
		`{"id":"gone","targetType":"group","targetedAuthenticationMethod":"microsoftAuthenticator","weight":8},{"id":"r","targetType":"role","targetedAuthenticationMethod":"x"}],` +
		`"excludeTargets":[{"id":"r","targetType":"role","reason":"z"}]}`}).start(t)
	c, _, _ := newTestClient(t, p.Recorder, nil)
	wanted := enabledFor("fido2", staff, one)
	wanted.Exclude = []CampaignTarget{{ID: "e", TargetType: TargetUser}}
	result, err := c.SetRegistrationCampaign(t.Context(), wanted, CampaignOptions{})
	if err != nil || result.Unconfirmed != nil {
		t.Fatal(err, result.Unconfirmed)
	}
	want := []map[string]any{{"registrationEnforcement": map[string]any{"authenticationMethodsRegistrationCampaign": map[string]any{
		"@odata.type": "#x", "state": "enabled", "snoozeDurationInDays": 3.0, "enforceRegistrationAfterAllowedSnoozes": true,
		"colour": map[string]any{"a": []any{1.0, nil}},
		"includeTargets": []any{
			map[string]any{"id": staffID, "targetType": "group", "targetedAuthenticationMethod": "fido2", "weight": 7.0},
			map[string]any{"id": clienttest.AdeleID, "targetType": "user", "targetedAuthenticationMethod": "fido2"},
			map[string]any{"id": "r", "targetType": "role", "targetedAuthenticationMethod": "x"},
		},
		"excludeTargets": []any{map[string]any{"id": "e", "targetType": "user"}, map[string]any{"id": "r", "targetType": "role", "reason": "z"}},
	}}}}
	if diff := cmp.Diff(want, p.patched(t)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if result.Before.State != CampaignDisabled || !result.Now.Satisfies(wanted) {
		t.Errorf("before %+v, now %+v", result.Before, result.Now)
	}
}

func TestEmptyListsAreWrittenAsLists(t *testing.T) {
	t.Parallel()
	p := (&scriptedPolicy{campaign: `{"state":"enabled","includeTargets":null}`}).start(t)
	c, _, _ := newTestClient(t, p.Recorder, nil)
	if _, err := c.SetRegistrationCampaign(t.Context(), RegistrationCampaign{State: CampaignDisabled}, CampaignOptions{}); err != nil {
		t.Fatal(err)
	}
	want := []map[string]any{{"registrationEnforcement": map[string]any{"authenticationMethodsRegistrationCampaign": map[string]any{
		"state": "disabled", "includeTargets": []any{}, "excludeTargets": []any{},
	}}}}
	if diff := cmp.Diff(want, p.patched(t)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestWhatAWishLeavesOpenIsWrittenAsItIs(t *testing.T) {
	t.Parallel()
	p := (&scriptedPolicy{campaign: `{"state":"enabled","snoozeDurationInDays":9,"enforceRegistrationAfterAllowedSnoozes":false,` +
		`"includeTargets":[{"id":"all_users","targetType":"group","targetedAuthenticationMethod":"Fido2"}],"excludeTargets":[]}`}).start(t)
	c, _, _ := newTestClient(t, p.Recorder, nil)
	result, err := c.SetRegistrationCampaign(t.Context(), RegistrationCampaign{State: CampaignMicrosoftManaged, Include: []CampaignTarget{staff}}, CampaignOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if now := result.Now; *now.SnoozeDays != 9 || *now.RequireAfterSnoozes || now.AuthenticationMethod() != "Fido2" {
		t.Errorf("written: %+v", now)
	}
}

func TestNothingIsWrittenWhereTheCampaignIsAsWanted(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		campaign string
		wanted   RegistrationCampaign
		writes   int
	}{
		"managed as managed": {newTenantsCampaign, RegistrationCampaign{State: CampaignMicrosoftManaged, Include: []CampaignTarget{everyone}}, 0},
		"other method":       {strings.Replace(newTenantsCampaign, "default", "enabled", 1), enabledFor("fido2", everyone), 1},
		"as it is, unsaid":   {strings.Replace(newTenantsCampaign, "default", "enabled", 1), RegistrationCampaign{State: CampaignEnabled, Include: []CampaignTarget{everyone}}, 0},
		"other case": {
			`{"state":"enabled","snoozeDurationInDays":3,"enforceRegistrationAfterAllowedSnoozes":true,"includeTargets":[{"id":"` + strings.ToUpper(staffID) + `","targetType":"group","targetedAuthenticationMethod":"Fido2"}]}`,
			enabledFor("fido2", staff), 0,
		},
		// Whether the service has the limit it does not say, so only a write makes sure.
		"limit unsaid": {
			`{"state":"enabled","snoozeDurationInDays":3,"includeTargets":[{"id":"` + staffID + `","targetType":"group","targetedAuthenticationMethod":"fido2"}]}`,
			enabledFor("fido2", staff), 1,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := (&scriptedPolicy{campaign: c.campaign}).start(t)
			client, _, _ := newTestClient(t, p.Recorder, nil)
			if _, err := client.SetRegistrationCampaign(t.Context(), c.wanted, CampaignOptions{}); err != nil {
				t.Fatal(err)
			}
			if p.writes != c.writes {
				t.Errorf("%d writes, want %d", p.writes, c.writes)
			}
		})
	}
}

func TestACampaignIsWaitedForUntilItShows(t *testing.T) {
	t.Parallel()
	for name, stale := range map[string]func(read int) bool{
		"old at first":     func(read int) bool { return read < 5 },
		"old and new":      func(read int) bool { return read%2 == 0 },
		"new at once":      func(int) bool { return false },
		"old a long while": func(read int) bool { return read < 15 },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := &scriptedPolicy{}
			p.onRead = func(w http.ResponseWriter, read, writes int) bool {
				if writes > 0 && stale(read) {
					methodsPolicyJSON(w, p.before)
					return true
				}
				return false
			}
			p.start(t)
			c, _, _ := newTestClient(t, p.Recorder, nil)
			wanted := enabledFor("microsoftAuthenticator", everyone)
			result, err := c.SetRegistrationCampaign(t.Context(), wanted, CampaignOptions{})
			if err != nil || result.Unconfirmed != nil {
				t.Fatal(err, result.Unconfirmed)
			}
			if !result.Now.Satisfies(wanted) || result.Before.State != CampaignMicrosoftManaged {
				t.Errorf("before %+v, now %+v", result.Before, result.Now)
			}
		})
	}
}

func TestACampaignThatNeverShowsIsUnconfirmedAndNoFailure(t *testing.T) {
	t.Parallel()
	p := &scriptedPolicy{onRead: func(w http.ResponseWriter, _, _ int) bool { methodsPolicyJSON(w, newTenantsCampaign); return true }}
	p.start(t)
	c, _, clock := newTestClient(t, p.Recorder, nil)
	wanted := enabledFor("microsoftAuthenticator", everyone)
	result, err := c.SetRegistrationCampaign(t.Context(), wanted, CampaignOptions{})
	if err != nil || result.Unconfirmed == nil || !result.Now.Satisfies(wanted) {
		t.Fatalf("%+v, %v", result, err)
	}
	if _, sum := clock.Waited(); sum != c.Consistency().Timeout {
		t.Errorf("waited %s, want %s", sum, c.Consistency().Timeout)
	}
}

// One after the other, as when a resource is replaced: the second change must not take an old replica for the tenant.
func TestAStaleReadAfterAnOwnWriteIsNotTakenForTheTenant(t *testing.T) {
	t.Parallel()
	p := &scriptedPolicy{}
	p.onRead = func(w http.ResponseWriter, read, writes int) bool {
		// After a write, every second read is old.
		if writes > 0 && read%2 == 1 {
			methodsPolicyJSON(w, p.before)
			return true
		}
		return false
	}
	p.start(t)
	c, _, _ := newTestClient(t, p.Recorder, nil)
	wanted := enabledFor("microsoftAuthenticator", everyone)
	if _, err := c.SetRegistrationCampaign(t.Context(), wanted, CampaignOptions{}); err != nil {
		t.Fatal(err)
	}
	back := RegistrationCampaign{State: CampaignMicrosoftManaged, Include: []CampaignTarget{everyone}}
	result, err := c.SetRegistrationCampaign(t.Context(), back, CampaignOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if p.writes != 2 || !result.Before.Satisfies(wanted) {
		t.Errorf("%d writes, and before the second: %+v", p.writes, result.Before)
	}
	// The control: what an administrator changed since is believed once it has lasted.
	p.mutex.Lock()
	p.campaign, p.onRead = strings.Replace(newTenantsCampaign, "default", "disabled", 1), nil
	p.mutex.Unlock()
	if result, err = c.SetRegistrationCampaign(t.Context(), back, CampaignOptions{}); err != nil || result.Before.State != CampaignDisabled || p.writes != 3 {
		t.Errorf("%+v, %v, %d writes", result, err, p.writes)
	}
}

func TestWritesOfTheCampaignWaitForEachOther(t *testing.T) {
	t.Parallel()
	p := (&scriptedPolicy{}).start(t)
	c, _, _ := newTestClient(t, p.Recorder, nil)
	var changes sync.WaitGroup
	for n := range 8 {
		changes.Go(func() {
			wanted := enabledFor("microsoftAuthenticator", everyone)
			*wanted.SnoozeDays = int32(n)
			// What confirms a change is the change itself: nobody else has written before it was read back.
			result, err := c.SetRegistrationCampaign(t.Context(), wanted, CampaignOptions{})
			if err != nil || result.Unconfirmed != nil || *result.Now.SnoozeDays != int32(n) {
				t.Errorf("%+v, %v", result, err)
			}
		})
	}
	changes.Wait()
	var order []string
	for _, request := range p.All() {
		order = append(order, request.Method)
	}
	// Read, write, read back.
	if want := strings.Repeat("GET PATCH GET ", 8); strings.Join(order, " ")+" " != want {
		t.Errorf("the requests were %v", order)
	}
}

func TestWaitingForTheLockEndsWithTheContext(t *testing.T) {
	t.Parallel()
	p := (&scriptedPolicy{}).start(t)
	c, _, _ := newTestClient(t, p.Recorder, nil)
	if err := c.campaign.lock.Lock(t.Context(), "waiting"); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := c.SetRegistrationCampaign(ctx, RegistrationCampaign{State: CampaignDisabled}, CampaignOptions{}); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	if n := len(p.All()); n != 0 {
		t.Errorf("%d requests", n)
	}
}

func TestADifferenceIsBelievedOnceItHasLasted(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		old  func(read int) bool
		want string
	}{
		"by turns": {func(read int) bool { return read%2 == 0 }, CampaignMicrosoftManaged},
		"for good": {func(int) bool { return true }, CampaignDisabled},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := (&scriptedPolicy{onRead: func(w http.ResponseWriter, read, _ int) bool {
				if c.old(read) {
					methodsPolicyJSON(w, `{"state":"disabled"}`)
				}
				return c.old(read)
			}}).start(t)
			client, _, clock := newTestClient(t, p.Recorder, nil)
			campaign, err := client.ObserveRegistrationCampaign(t.Context(), RegistrationCampaign{State: CampaignMicrosoftManaged, Include: []CampaignTarget{everyone}}, CampaignWrite{})
			if err != nil || campaign.State != c.want {
				t.Errorf("%+v, %v", campaign, err)
			}
			if _, sum := clock.Waited(); sum > client.Consistency().Drift {
				t.Errorf("waited %s", sum)
			}
		})
	}
}

func TestACloudWithoutTheCampaignIsToldFromAFailure(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		Answer func(w http.ResponseWriter)
		none   bool
	}{
		"segment unknown":   {func(w http.ResponseWriter) { clienttest.GraphError(w, 400, "BadRequest") }, true},
		"not found":         {func(w http.ResponseWriter) { clienttest.GraphError(w, 404, "Request_ResourceNotFound") }, true},
		"no campaign":       {func(w http.ResponseWriter) { clienttest.Reply(w, 200, `{"registrationEnforcement":null}`) }, true},
		"a proxy's 404":     {func(w http.ResponseWriter) { w.WriteHeader(http.StatusNotFound) }, false},
		"forbidden":         {func(w http.ResponseWriter) { clienttest.GraphError(w, 403, "Authorization_RequestDenied") }, false},
		"no state":          {func(w http.ResponseWriter) { methodsPolicyJSON(w, `{}`) }, false},
		"unreadable number": {func(w http.ResponseWriter) { methodsPolicyJSON(w, `{"state":"enabled","snoozeDurationInDays":"x"}`) }, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := (&scriptedPolicy{onRead: func(w http.ResponseWriter, _, _ int) bool { c.Answer(w); return true }}).start(t)
			client, _, _ := newTestClient(t, p.Recorder, nil)
			_, err := client.GetRegistrationCampaign(t.Context())
			var none *NoCampaignError
			if err == nil || errors.As(err, &none) != c.none {
				t.Errorf("error %v", err)
			}
			var answer *graph.Error
			if !errors.As(err, &answer) || answer.Operation != "read the registration campaign" {
				t.Errorf("error %v", err)
			}
			if _, err := client.SetRegistrationCampaign(t.Context(), RegistrationCampaign{State: CampaignDisabled}, CampaignOptions{}); err == nil || p.writes != 0 {
				t.Errorf("error %v, %d writes", err, p.writes)
			}
		})
	}
}

func TestARefusedWriteNamesThePermissionAndIsNotRemembered(t *testing.T) {
	t.Parallel()
	p := (&scriptedPolicy{onWrite: func(w http.ResponseWriter) bool {
		clienttest.GraphError(w, 403, "Authorization_RequestDenied")
		return true
	}}).start(t)
	c, _, _ := newTestClient(t, p.Recorder, nil)
	_, err := c.SetRegistrationCampaign(t.Context(), RegistrationCampaign{State: CampaignDisabled}, CampaignOptions{})
	var refusal *graph.Error
	if !errors.As(err, &refusal) {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"Policy.ReadWrite.AuthenticationMethod"}, refusal.Permissions); diff != "" {
		t.Error(diff)
	}
	if c.campaign.written != nil {
		t.Error("a refused write is taken for written")
	}
}

func TestATextOfACampaignIsReadBack(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		campaign := anyCampaign(t)
		text, err := campaign.Encode()
		if err != nil {
			t.Fatal(err)
		}
		read, err := DecodeRegistrationCampaign(text)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(campaign, read); diff != "" {
			t.Fatal(diff)
		}
	})
	for _, text := range []string{"", "null", "{}", "[]", `"x"`, `{"state":1}`} {
		if _, err := DecodeRegistrationCampaign([]byte(text)); err == nil {
			t.Errorf("%q is taken for a campaign", text)
		}
	}
}

func anyCampaign(t *rapid.T) RegistrationCampaign {
	targets := func(method, name string) []CampaignTarget {
		var targets []CampaignTarget
		for _, n := range rapid.SliceOfDistinct(rapid.IntRange(0, 5), rapid.ID[int]).Draw(t, name) {
			kind := rapid.SampledFrom([]string{TargetUser, TargetGroup}).Draw(t, "kind")
			targets = append(targets, CampaignTarget{ID: fmt.Sprintf("abcdef00-0000-4000-8000-00000000000%d", n), TargetType: kind, AuthenticationMethod: method})
		}
		return targets
	}
	campaign := RegistrationCampaign{State: rapid.SampledFrom([]string{CampaignEnabled, CampaignDisabled, CampaignMicrosoftManaged}).Draw(t, "state")}
	if rapid.Bool().Draw(t, "says snooze") {
		campaign.SnoozeDays = new(rapid.Int32Range(0, 14).Draw(t, "snooze"))
	}
	if rapid.Bool().Draw(t, "says limit") {
		campaign.RequireAfterSnoozes = new(rapid.Bool().Draw(t, "limit"))
	}
	campaign.Include = targets(rapid.SampledFrom([]string{CampaignMicrosoftAuthenticator, CampaignFIDO2}).Draw(t, "method"), "include")
	campaign.Exclude = targets("", "exclude")
	return campaign
}

func TestSatisfiesIgnoresOrderAndCaseAndWhatNobodySays(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		campaign := anyCampaign(t)
		echo := campaign
		echo.Include = rapid.Permutation(campaign.Include).Draw(t, "order")
		for i := range echo.Include {
			echo.Include[i].ID = strings.ToUpper(echo.Include[i].ID)
			echo.Include[i].AuthenticationMethod = strings.ToUpper(echo.Include[i].AuthenticationMethod)
		}
		if !echo.Satisfies(campaign) || !campaign.Satisfies(echo) {
			t.Fatalf("%+v is not %+v", echo, campaign)
		}
		open := campaign
		open.SnoozeDays, open.RequireAfterSnoozes = nil, nil
		if !campaign.Satisfies(open) {
			t.Fatalf("%+v does not satisfy what it leaves open", campaign)
		}
		if completed := open.completed(campaign); !campaign.Satisfies(completed) || !completed.Satisfies(campaign) {
			t.Fatalf("%+v completed by %+v", completed, campaign)
		}
	})
	base := enabledFor("fido2", staff)
	managed := base
	managed.State = CampaignMicrosoftManaged
	change := func(edit func(*RegistrationCampaign)) RegistrationCampaign {
		text, _ := base.Encode()
		changed, _ := DecodeRegistrationCampaign(text)
		edit(&changed)
		return changed
	}
	for name, other := range map[string]RegistrationCampaign{
		"state":   managed,
		"snooze":  change(func(c *RegistrationCampaign) { *c.SnoozeDays = 4 }),
		"limit":   change(func(c *RegistrationCampaign) { *c.RequireAfterSnoozes = false }),
		"method":  enabledFor("microsoftAuthenticator", staff),
		"include": enabledFor("fido2", staff, one),
		"kind":    enabledFor("fido2", CampaignTarget{ID: staffID, TargetType: TargetUser}),
		"exclude": change(func(c *RegistrationCampaign) { c.Exclude = []CampaignTarget{one} }),
	} {
		if base.Satisfies(other) || other.Satisfies(base) {
			t.Errorf("%s makes no difference", name)
		}
	}
	for name, other := range map[string]RegistrationCampaign{
		"snooze": change(func(c *RegistrationCampaign) { c.State = CampaignMicrosoftManaged; *c.SnoozeDays = 4 }),
		"limit":  change(func(c *RegistrationCampaign) { c.State = CampaignMicrosoftManaged; *c.RequireAfterSnoozes = false }),
		"method": func() RegistrationCampaign {
			c := enabledFor("microsoftAuthenticator", staff)
			c.State = CampaignMicrosoftManaged
			return c
		}(),
	} {
		if !managed.Satisfies(other) {
			t.Errorf("%s makes a difference although it is Microsoft's", name)
		}
	}
}

func TestThePolicyIsReadFromBeta(t *testing.T) {
	t.Parallel()
	p := (&scriptedPolicy{}).start(t)
	c, _, _ := newTestClient(t, p.Recorder, func(o *graph.Options) { o.Consistency.Drift = time.Minute })
	campaign, err := c.GetRegistrationCampaign(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want := RegistrationCampaign{
		State: CampaignMicrosoftManaged, SnoozeDays: new(int32(1)), RequireAfterSnoozes: new(true), Exclude: []CampaignTarget{},
		Include: []CampaignTarget{{ID: AllUsers, TargetType: TargetGroup, AuthenticationMethod: CampaignMicrosoftAuthenticator}},
	}
	if diff := cmp.Diff(want, campaign); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if target := p.All()[0].Target; target != "/beta/policies/authenticationMethodsPolicy" {
		t.Errorf("target %s", target)
	}
}

func TestAWriteWhoseAnswerIsLostCountsWhereItShows(t *testing.T) {
	t.Parallel()
	wanted := enabledFor("microsoftAuthenticator", everyone)
	text, err := wanted.Encode()
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		status  int
		carried bool
		// lag is how many reads after the write are old.
		lag      int
		accepted bool
	}{
		"carried out":              {502, true, 0, true},
		"carried out, shown later": {502, true, 3, true},
		"carried out, never shown": {502, true, always, false},
		"not carried out":          {502, false, 0, false},
		"refused":                  {403, true, 0, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := &scriptedPolicy{}
			p.onWrite = func(w http.ResponseWriter) bool {
				if c.carried && p.writes == 0 {
					p.before, p.campaign, p.reads = p.campaign, string(text), 0
					p.writes++
				}
				clienttest.GraphError(w, c.status, "x")
				return true
			}
			p.onRead = func(w http.ResponseWriter, read, writes int) bool {
				if writes > 0 && read < c.lag {
					methodsPolicyJSON(w, p.before)
					return true
				}
				return false
			}
			p.start(t)
			made, _, _ := newTestClient(t, p.Recorder, nil)
			result, err := made.SetRegistrationCampaign(t.Context(), wanted, CampaignOptions{})
			if c.accepted != (err == nil) || result.Before.State != CampaignMicrosoftManaged {
				t.Errorf("before %+v, error %v", result.Before, err)
			}
			if c.accepted && (result.Unconfirmed != nil || !result.Now.Satisfies(wanted)) {
				t.Errorf("now %+v, unconfirmed %v", result.Now, result.Unconfirmed)
			}
		})
	}
}

// Somebody else has written a moment ago.
func TestTheCampaignThatIsKeptIsTheOneThatWasChangedLast(t *testing.T) {
	t.Parallel()
	policyJSON := func(campaign, modified string) string {
		return `{"lastModifiedDateTime":"` + modified + `","registrationEnforcement":{"authenticationMethodsRegistrationCampaign":` + campaign + `}}`
	}
	const older, newer = "2026-01-02T03:04:05Z", "2026-01-02T03:04:05.5Z"
	changed := strings.Replace(newTenantsCampaign, "default", "enabled", 1)
	for name, stale := range map[string]func(read int) bool{
		"old at first":  func(read int) bool { return read == 0 },
		"old then":      func(read int) bool { return read > 0 },
		"old and new":   func(read int) bool { return read%2 == 0 },
		"new and older": func(read int) bool { return read%2 == 1 },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := &scriptedPolicy{onRead: func(w http.ResponseWriter, read, writes int) bool {
				switch {
				case writes > 0:
					return false
				case stale(read):
					clienttest.Reply(w, 200, policyJSON(newTenantsCampaign, older))
				default:
					clienttest.Reply(w, 200, policyJSON(changed, newer))
				}
				return true
			}}
			p.start(t)
			c, _, clock := newTestClient(t, p.Recorder, nil)
			result, err := c.SetRegistrationCampaign(t.Context(), RegistrationCampaign{State: CampaignDisabled}, CampaignOptions{})
			if err != nil || result.Before.State != CampaignEnabled {
				t.Errorf("before it was %+v, error %v", result.Before, err)
			}
			if waits, _ := clock.Waited(); len(waits) != 0 {
				t.Errorf("waited %s", waits)
			}
		})
	}
}

func TestAnOldAnswerIsNotTakenForACampaignThatIsAsWanted(t *testing.T) {
	t.Parallel()
	// What another run has written, and what was there before it, by turns.
	known := enabledFor("microsoftAuthenticator", everyone)
	text, err := known.Encode()
	if err != nil {
		t.Fatal(err)
	}
	back := RegistrationCampaign{State: CampaignMicrosoftManaged, Include: []CampaignTarget{everyone}}
	for name, c := range map[string]struct {
		known  *RegistrationCampaign
		writes int
	}{"known": {&known, 1}, "the control, not known": {nil, 0}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := &scriptedPolicy{campaign: string(text), onRead: func(w http.ResponseWriter, read, writes int) bool {
				if writes == 0 && read%2 == 0 {
					methodsPolicyJSON(w, newTenantsCampaign)
					return true
				}
				return false
			}}
			p.start(t)
			made, _, _ := newTestClient(t, p.Recorder, nil)
			if _, err := made.SetRegistrationCampaign(t.Context(), back, CampaignOptions{Known: c.known}); err != nil || p.writes != c.writes {
				t.Errorf("%d writes, error %v", p.writes, err)
			}
		})
	}
}

package provider_test

import (
	"context"
	"flag"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"pgregory.net/rapid"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/iprange"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/acctest"
)

// The model's people: two for each resource of one user, and those of the resource of many.
const (
	singles      = 4
	modelUsers   = 14
	firstOfMany  = 2 * singles
	modelDomain  = "@contoso.example"
	strangerUser = "77777777-0000-4000-8000-0000000000ff"
)

func modelID(i int) string { return fmt.Sprintf("77777777-0000-4000-8000-%012x", i) }

// modelTenant has people in every state, and locations and policies that are nobody's.
func modelTenant() *control.Tenant {
	people := acctest.LocationTenant()
	people.Users = append(people.Users, control.User{ID: strangerUser, UserPrincipalName: "stranger" + modelDomain, DisplayName: "Nobody's", PerUserMFAState: control.StateEnabled})
	for i := range modelUsers {
		user := control.User{ID: modelID(i), UserPrincipalName: fmt.Sprintf("user%d%s", i, modelDomain), DisplayName: fmt.Sprintf("User %d", i)}
		switch i % 4 {
		case 1:
			user.PerUserMFAState = control.StateEnabled
		case 2:
			user.PerUserMFAState = control.StateEnforced
			user.Methods = []control.Method{{Type: control.MethodMicrosoftAuthenticator}}
		case 3:
			user.Methods = []control.Method{{Type: control.MethodPhone, PhoneNumber: "+1 2025550143"}}
		}
		people.Users = append(people.Users, user)
	}
	return people
}

// scene is an emulator that many sequences use one after the other.
type scene struct {
	remote     *control.Client
	url        string
	caFile     string
	httpClient *http.Client
}

func newScene(t *testing.T) *scene {
	t.Helper()
	server, err := emulator.Start(emulator.Config{Tenant: modelTenant(), Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	caFile := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(caFile, server.CAPEM(), 0o600); err != nil {
		t.Fatal(err)
	}
	remote, err := control.NewWithCA(server.URL(), server.CAPEM())
	if err != nil {
		t.Fatal(err)
	}
	// Sequences make thousands of providers; with a connection of its own for each there would be as many sockets.
	httpClient, err := client.NewHTTPClient(server.CAPEM())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		remote.CloseIdleConnections()
		httpClient.CloseIdleConnections()
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		_ = server.Close(ctx)
	})
	return &scene{remote: remote, url: server.URL(), caFile: caFile, httpClient: httpClient}
}

// modelOptions wait as short as the lag of replicas permits.
func (s *scene) modelOptions(lags bool) client.Options {
	patience, timeout := 4*time.Millisecond, 10*time.Millisecond
	if lags {
		patience, timeout = 150*time.Millisecond, 300*time.Millisecond
	}
	return client.Options{
		HTTPClient: s.httpClient,
		Rates:      map[client.RateClass]client.Rate{},
		Retry:      policy.RetryOptions{MaxRetries: 2, RetryDelay: time.Millisecond, MaxRetryDelay: 5 * time.Millisecond},
		Consistency: client.Consistency{
			Interval: time.Millisecond, MaxInterval: 4 * time.Millisecond, Timeout: timeout, NewObject: patience, Missing: patience, Drift: patience,
		},
	}
}

// sequence is a model and what draws its steps.
type sequence struct {
	*model
	r *rapid.T
	// serial makes names that were not there before.
	serial int
	lags   bool
	// slow says that the provider waits as long as it does for people: without what it waits out for minutes.
	slow bool
}

// behaviors are what a tenant may be like.
func drawBehavior(r *rapid.T) (behavior control.Behavior, lags bool) {
	if rapid.Float64Range(0, 1).Draw(r, "lag") < 0.3 {
		lags = true
		behavior.ReplicaLag = control.ReplicaLag{
			Reads: rapid.IntRange(1, 3).Draw(r, "stale reads"), Alternate: rapid.Bool().Draw(r, "alternate"),
			LagCreates: rapid.Bool().Draw(r, "lag of creates"), LagDeletes: rapid.Bool().Draw(r, "lag of deletes"), LagChecks: rapid.Bool().Draw(r, "lag of checks"),
		}
	}
	behavior.Campaign.MergeOnWrite = rapid.Bool().Draw(r, "campaign is merged")
	behavior.Campaign.ReadFIDO2Capitalized = rapid.Bool().Draw(r, "Fido2")
	if rapid.Bool().Draw(r, "no content") {
		behavior.Campaign.StatusOnWrite = http.StatusNoContent
	}
	if rapid.Bool().Draw(r, "state with content") {
		behavior.StatusOnStateWrite = http.StatusOK
	}
	behavior.ConditionalAccess.NumberInInnerError = rapid.Bool().Draw(r, "older envelope")
	return behavior, lags
}

// newSequence puts the scene into its first state.
func (s *scene) newSequence(r *rapid.T) *sequence {
	ctx := context.Background()
	q := &sequence{r: r, model: &model{t: r, tenant: s.remote, config: acctest.Configuration{}, emergency: map[string]bool{}, tally: &counted}}
	behavior, lags := drawBehavior(r)
	q.lags = lags
	q.do(s.remote.ClearFaults(ctx))
	q.do(s.remote.SetBehavior(ctx, behavior))
	q.do(s.remote.Seed(ctx, modelTenant()))
	q.do(s.remote.ClearRequests(ctx))
	atOnce := lags && rapid.Bool().Draw(r, "the next run comes at once")
	q.settle = func() {
		if lags && !atOnce {
			q.agree()
		}
	}
	counted.sequences.Add(1)
	return q
}

// providerBlock signs in as the full app.
func (s *scene) providerBlock(q *sequence) map[string]any {
	attributes := map[string]any{
		"tenant_id": acctest.TenantID, "client_id": acctest.AppID, "client_secret": acctest.AppSecret, "use_cli": false,
		"graph_endpoint": s.url, "authority_host": s.url, "ca_bundle_path": s.caFile,
	}
	if rapid.Bool().Draw(q.r, "emergency access") {
		q.emergency = map[string]bool{acctest.RescueID: true, modelID(7): true}
		attributes["emergency_access"] = map[string]any{"user_ids": []any{acctest.RescueID, modelID(7)}}
	}
	return attributes
}

// spelled is an id or a name as somebody may write it.
func (q *sequence) spelled(text string) string {
	if rapid.IntRange(0, 3).Draw(q.r, "spelling") == 0 {
		return strings.ToUpper(text)
	}
	return text
}

func (q *sequence) drawState() string {
	return rapid.SampledFrom([]string{"enabled", "enabled", "disabled", "enforced"}).Draw(q.r, "state")
}

// person is a user by their place: the id that they had at first, or has who took their name.
func (q *sequence) person(i int) *control.User {
	tenant := q.snapshot()
	if user := userBy(tenant, modelID(i)); user != nil {
		return user
	}
	return userBy(tenant, fmt.Sprintf("user%d%s", i, modelDomain))
}

// key is what a configuration calls a user. Who does not exist any more is called as they were.
func (q *sequence) key(i int) (attribute, key string) {
	id, name := modelID(i), fmt.Sprintf("user%d%s", i, modelDomain)
	if user := q.person(i); user != nil {
		id, name = user.ID, user.UserPrincipalName
	}
	if rapid.Bool().Draw(q.r, "by id") {
		return "user_id", q.spelled(id)
	}
	return "user_principal_name", q.spelled(name)
}

// settings are the attributes that the resources of users have in common.
func (q *sequence) settings(values map[string]any) map[string]any {
	if rapid.Bool().Draw(q.r, "promotion is said") {
		values["allow_promotion"] = rapid.Bool().Draw(q.r, "allow promotion")
	}
	if rapid.Bool().Draw(q.r, "destroy is said") {
		values["on_destroy"] = rapid.SampledFrom([]string{"disable", "keep"}).Draw(q.r, "on destroy")
	}
	return values
}

func (q *sequence) configureUser() {
	i := rapid.IntRange(0, singles-1).Draw(q.r, "resource")
	attribute, key := q.key(2*i + rapid.IntRange(0, 1).Draw(q.r, "which"))
	q.config[fmt.Sprintf("user%d", i)] = acctest.ResourceBlock{TypeName: typeUser, Values: q.settings(map[string]any{attribute: key, "state": q.drawState()})}
}

// manyBlocks are the blocks of many users. They have the same people to choose from, so that two may want the same person, and
// people go from one to the other.
var manyBlocks = []string{"users", "team"}

func (q *sequence) configureUsers() {
	name := rapid.SampledFrom(manyBlocks).Draw(q.r, "block")
	users := map[string]any{}
	for i := firstOfMany; i < modelUsers; i++ {
		// As a rule nobody is in both.
		mine := (i%2 == 0) == (name == manyBlocks[0])
		if mine && rapid.IntRange(0, 2).Draw(q.r, "in it") > 0 || !mine && rapid.IntRange(0, 15).Draw(q.r, "in it too") == 0 {
			_, key := q.key(i)
			users[key] = q.drawState()
		}
	}
	if rapid.IntRange(0, 7).Draw(q.r, "of a single resource") == 0 {
		_, key := q.key(rapid.IntRange(0, firstOfMany-1).Draw(q.r, "which"))
		users[key] = q.drawState()
	}
	q.config[name] = acctest.ResourceBlock{TypeName: typeUsers, Values: q.settings(map[string]any{"users": users})}
}

// many is a block of many users with people in it; empty where there is none.
func (q *sequence) many() string {
	var names []string
	for _, name := range manyBlocks {
		if len(q.config[name].Texts("users")) > 0 {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		return ""
	}
	return rapid.SampledFrom(names).Draw(q.r, "block")
}

func (q *sequence) setUsers(name string, users map[string]any) {
	values := maps.Clone(q.config[name].Values)
	values["users"] = users
	q.config[name] = acctest.ResourceBlock{TypeName: typeUsers, Values: values}
}

func (q *sequence) configureOneOfMany() {
	name := q.many()
	if name == "" {
		q.configureUsers()
		return
	}
	users := maps.Clone(acctest.Object(q.config[name].Values["users"]))
	key := rapid.SampledFrom(slices.Sorted(maps.Keys(users))).Draw(q.r, "key")
	users[key] = q.drawState()
	if rapid.Bool().Draw(q.r, "taken out") {
		delete(users, key)
	}
	q.setUsers(name, users)
}

// moveOne hands a person from one block of many to the other, or a single resource to another name or to a block of many.
func (q *sequence) moveOne() {
	from := q.many()
	if from == "" || rapid.IntRange(0, 3).Draw(q.r, "a single one") == 0 {
		q.moveSingle()
		return
	}
	to := manyBlocks[0]
	if from == to {
		to = manyBlocks[1]
	}
	if _, ok := q.config[to]; !ok {
		q.config[to] = acctest.ResourceBlock{TypeName: typeUsers, Values: q.settings(map[string]any{"users": map[string]any{}})}
	}
	users, others := maps.Clone(acctest.Object(q.config[from].Values["users"])), maps.Clone(acctest.Object(q.config[to].Values["users"]))
	key := rapid.SampledFrom(slices.Sorted(maps.Keys(users))).Draw(q.r, "key")
	others[key] = users[key]
	delete(users, key)
	q.setUsers(from, users)
	q.setUsers(to, others)
}

func (q *sequence) moveSingle() {
	var names []string
	for name, block := range q.config {
		if block.TypeName == typeUser {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		return
	}
	slices.Sort(names)
	name := rapid.SampledFrom(names).Draw(q.r, "single")
	block := q.config[name]
	delete(q.config, name)
	if rapid.Bool().Draw(q.r, "renamed") {
		q.config[name+"x"] = block
		return
	}
	to := rapid.SampledFrom(manyBlocks).Draw(q.r, "block")
	if _, ok := q.config[to]; !ok {
		q.config[to] = acctest.ResourceBlock{TypeName: typeUsers, Values: q.settings(map[string]any{"users": map[string]any{}})}
	}
	others := maps.Clone(acctest.Object(q.config[to].Values["users"]))
	others[block.UserKey()] = block.Values["state"]
	q.setUsers(to, others)
}

// modelRanges are ranges in several spellings; those of one line are the same range.
var modelRanges = [][]string{
	{"203.0.113.0/26", "203.0.113.7/26"},
	{"203.0.113.64/26"},
	{"198.51.100.7", "198.51.100.7/32"},
	{"2001:db8:1::/48", "2001:DB8:1::/48", "2001:db8:1:0:0:0:0:0/48"},
	{"192.0.2.0/28", "192.0.2.9/28"},
}

func (q *sequence) drawRanges() []any {
	var ranges []any
	for _, spellings := range modelRanges {
		if rapid.Bool().Draw(q.r, "range") {
			ranges = append(ranges, rapid.SampledFrom(spellings).Draw(q.r, "spelling"))
		}
	}
	if len(ranges) == 0 {
		ranges = append(ranges, modelRanges[0][0])
	}
	return ranges
}

func (q *sequence) drawLocationName() string {
	return rapid.SampledFrom([]string{"HQ", "hq", "Branch", "Twin", "Plant 7"}).Draw(q.r, "name")
}

func (q *sequence) configureLocation() {
	name := fmt.Sprintf("location%d", rapid.IntRange(0, 3).Draw(q.r, "resource"))
	q.config[name] = acctest.ResourceBlock{TypeName: typeLocations, Values: map[string]any{"display_name": q.drawLocationName(), "ip_ranges": q.drawRanges()}}
}

// drawScope draws targets of a campaign among those who are there.
func (q *sequence) drawScope(everybody bool) map[string]any {
	if everybody && rapid.Bool().Draw(q.r, "everybody") {
		return map[string]any{"all_users": true}
	}
	var users []any
	for _, i := range []int{0, 3, 8, 11} {
		if user := q.person(i); user != nil && rapid.Bool().Draw(q.r, "target") {
			users = append(users, q.spelled(user.ID))
		}
	}
	drawn := map[string]any{}
	if len(users) > 0 {
		drawn["user_ids"] = users
	}
	if len(users) == 0 || rapid.Bool().Draw(q.r, "group") {
		drawn["group_ids"] = []any{q.spelled(acctest.EmptyGroupID)}
	}
	return drawn
}

func (q *sequence) configurePolicy() {
	values := map[string]any{"state": rapid.SampledFrom([]string{"enabled", "disabled", "microsoft_managed"}).Draw(q.r, "state")}
	if values["state"] != "disabled" || rapid.Bool().Draw(q.r, "include") {
		values["include"] = q.drawScope(true)
	}
	if rapid.Bool().Draw(q.r, "exclude") {
		values["exclude"] = q.drawScope(false)
	}
	if len(q.emergency) > 0 && rapid.Bool().Draw(q.r, "spared") {
		values["exclude"] = map[string]any{"user_ids": []any{acctest.RescueID, modelID(7)}}
	}
	if values["state"] != "microsoft_managed" {
		if rapid.Bool().Draw(q.r, "method is said") {
			values["authentication_method"] = rapid.SampledFrom([]string{"microsoftAuthenticator", "fido2", "Fido2"}).Draw(q.r, "method")
		}
		if rapid.Bool().Draw(q.r, "days are said") {
			values["snooze_days"] = rapid.IntRange(0, 14).Draw(q.r, "days")
		}
		if rapid.Bool().Draw(q.r, "limit is said") {
			values["require_registration_after_snoozes"] = rapid.Bool().Draw(q.r, "limit")
		}
	}
	if len(q.emergency) > 0 {
		// Without it a destroy may be refused, see refusedDestroy.
		values["on_destroy"] = onDestroySparing
	}
	q.config["policy"] = acctest.ResourceBlock{TypeName: typePolicy, Values: values}
}

func (q *sequence) unconfigure() {
	if len(q.config) > 0 {
		delete(q.config, rapid.SampledFrom(slices.Sorted(maps.Keys(q.config))).Draw(q.r, "block"))
	}
}

// change is something that others do to the tenant.
func (q *sequence) change() {
	ctx := context.Background()
	tenant := q.snapshot()
	i := rapid.IntRange(0, modelUsers-1).Draw(q.r, "user")
	user := q.person(i)
	deeds := []string{"edit location", "delete location", "make location", "edit campaign", "edit policy"}
	if !q.slow {
		deeds = append(deeds, "name location", "free location")
	}
	if user != nil {
		deeds = append(deeds, "register", "register", "deregister", "set state", "set state", "rename", "delete", "replace")
	}
	switch rapid.SampledFrom(deeds).Draw(q.r, "deed") {
	case "register":
		method := rapid.SampledFrom([]string{control.MethodMicrosoftAuthenticator, control.MethodSoftwareOath, control.MethodEmail}).Draw(q.r, "method")
		if !slices.ContainsFunc(user.Methods, func(m control.Method) bool { return m.Type == method }) {
			registered := control.Method{Type: method}
			if method == control.MethodEmail {
				registered.EmailAddress = "somebody@example.com"
			}
			_, err := q.tenant.RegisterMethod(ctx, user.ID, registered)
			q.do(err)
		}
	case "deregister":
		for _, method := range user.Methods {
			q.do(q.tenant.RemoveMethod(ctx, user.ID, method.ID))
		}
	case "set state":
		_, err := q.tenant.SetPerUserMFAState(ctx, user.ID, rapid.SampledFrom([]string{"disabled", "enabled", "enforced"}).Draw(q.r, "state"))
		q.do(err)
	case "rename":
		if q.emergency[user.ID] {
			return
		}
		q.serial++
		name := fmt.Sprintf("renamed%d%s", q.serial, modelDomain)
		_, err := q.tenant.PatchUser(ctx, user.ID, control.UserPatch{UserPrincipalName: &name})
		q.do(err)
	case "delete", "replace":
		if q.emergency[user.ID] {
			return
		}
		again := rapid.Bool().Draw(q.r, "comes back")
		q.do(q.tenant.DeleteUser(ctx, user.ID))
		if again {
			// Somebody else with the same name.
			_, err := q.tenant.CreateUser(ctx, control.User{UserPrincipalName: user.UserPrincipalName, DisplayName: user.DisplayName})
			q.do(err)
			// A plan waits for users that are found nowhere, not for one whom one replica knows and the next does not.
			q.agree()
		}
	case "edit location":
		q.editLocation(tenant)
	case "delete location":
		location := rapid.SampledFrom(tenant.NamedLocations).Draw(q.r, "location")
		if !named(tenant, location.ID) {
			q.do(q.tenant.DeleteNamedLocation(ctx, location.ID))
		}
	case "make location":
		var ranges []string
		for _, text := range listed(q.drawRanges()) {
			if strings.Contains(text, "/") {
				ranges = append(ranges, text)
			}
		}
		if len(ranges) > 0 {
			_, err := q.tenant.CreateNamedLocation(ctx, control.NewIPNamedLocation(q.drawLocationName(), rapid.Bool().Draw(q.r, "trusted"), ranges...))
			q.do(err)
		}
	case "edit policy":
		q.editAccessPolicy(tenant)
	case "edit campaign":
		q.editCampaign()
	case "name location":
		location := rapid.SampledFrom(tenant.NamedLocations).Draw(q.r, "location")
		made := acctest.LocationTenant().ConditionalAccessPolicies[1]
		made.ID, made.Conditions.Locations = "", &control.PolicyLocations{IncludeLocations: []string{location.ID}}
		_, err := q.tenant.CreateConditionalAccessPolicy(ctx, made)
		q.do(err)
	case "free location":
		for _, policy := range tenant.ConditionalAccessPolicies {
			if policy.ID != acctest.GateID && policy.ID != acctest.BranchOnly {
				q.do(q.tenant.DeleteConditionalAccessPolicy(ctx, policy.ID))
			}
		}
	}
}

func (q *sequence) editLocation(tenant *control.Tenant) {
	changeable := tenant.NamedLocations
	if len(changeable) == 0 {
		return
	}
	location := rapid.SampledFrom(changeable).Draw(q.r, "location")
	var changes control.NamedLocationPatch
	switch what := rapid.IntRange(0, 2).Draw(q.r, "what"); {
	case what == 0:
		changes.DisplayName = new(q.drawLocationName())
	case location.Type == control.TypeCountryNamedLocation:
		codes := listed(q.drawCountries())
		changes.CountriesAndRegions = &codes
	case what == 1:
		changes.IsTrusted = new(!location.IsTrusted)
	default:
		changes.IPRanges = &[]control.IPRange{{CIDRAddress: "192.0.2.128/25"}}
	}
	_, err := q.tenant.PatchNamedLocation(context.Background(), location.ID, changes)
	q.do(err)
}

func (q *sequence) editCampaign() {
	campaign := map[string]any{
		"state":                                  rapid.SampledFrom([]string{"default", "enabled", "disabled"}).Draw(q.r, "state"),
		"snoozeDurationInDays":                   rapid.IntRange(0, 14).Draw(q.r, "days"),
		"enforceRegistrationAfterAllowedSnoozes": rapid.Bool().Draw(q.r, "limit"),
	}
	if rapid.Bool().Draw(q.r, "targets") {
		method := rapid.SampledFrom([]string{control.CampaignMicrosoftAuthenticator, control.CampaignFIDO2}).Draw(q.r, "method")
		var targets []any
		for _, target := range scope(q.drawScope(true)) {
			kind, id, _ := strings.Cut(target, " ")
			targets = append(targets, map[string]any{"id": id, "targetType": kind, "targetedAuthenticationMethod": method})
		}
		campaign["includeTargets"] = targets
	}
	_, err := q.tenant.PatchAuthenticationMethodsPolicy(context.Background(), map[string]any{
		"registrationEnforcement": map[string]any{"authenticationMethodsRegistrationCampaign": campaign},
	})
	q.do(err)
}

// drawFault draws what goes wrong in an apply.
func (q *sequence) drawFault() func() control.Fault {
	places := map[string]control.Fault{
		"anything":              {PathRegexp: "^/(v1.0|beta)/"},
		"writes of states":      {Method: http.MethodPatch, PathRegexp: "/authentication/requirements$"},
		"reads of states":       {Method: http.MethodGet, PathRegexp: "/authentication/requirements$"},
		"registered methods":    {Method: http.MethodGet, PathRegexp: "/authentication/methods$"},
		"users":                 {Method: http.MethodGet, PathRegexp: "^/v1.0/users"},
		"batches":               {PathRegexp: `/\$batch$`},
		"lists of locations":    {Method: http.MethodGet, PathRegexp: "/namedLocations"},
		"creations":             {Method: http.MethodPost, PathRegexp: "/namedLocations$"},
		"updates of locations":  {Method: http.MethodPatch, PathRegexp: "/namedLocations/"},
		"deletions":             {Method: http.MethodDelete, PathRegexp: "/namedLocations/"},
		"reads of the campaign": {Method: http.MethodGet, PathRegexp: "/authenticationMethodsPolicy$"},
		"writes of a campaign":  {Method: http.MethodPatch, PathRegexp: "/authenticationMethodsPolicy$"},
		"lists of policies":     {Method: http.MethodGet, PathRegexp: "/conditionalAccess/policies"},
		"directory objects":     {PathRegexp: "getByIds|checkMemberGroups"},
		"signing in":            {PathRegexp: "/oauth2/v2.0/token$"},
	}
	most := 6
	if q.slow {
		delete(places, "creations")
		delete(places, "anything")
		delete(places, "batches")
		most = 2
	}
	all := slices.Sorted(maps.Keys(places))
	if _, ok := places["creations"]; ok {
		// The one request that cannot be repeated without harm.
		all = append(all, "creations", "creations", "creations")
	}
	fault := places[rapid.SampledFrom(all).Draw(q.r, "place")]
	switch rapid.SampledFrom([]string{"429", "429 with a time", "500", "503", "500 done", "cut before", "cut after"}).Draw(q.r, "fault") {
	case "429":
		fault.Status, fault.Code = http.StatusTooManyRequests, "TooManyRequests"
	case "429 with a time":
		fault.Status, fault.Code, fault.Headers = http.StatusTooManyRequests, "TooManyRequests", map[string]string{"Retry-After": "0.002"}
	case "500":
		fault.Status, fault.Code = http.StatusInternalServerError, "InternalServerError"
	case "503":
		fault.Status, fault.Code = http.StatusServiceUnavailable, "ServiceUnavailable"
	case "500 done":
		fault.Status, fault.Code, fault.Processed = http.StatusInternalServerError, "InternalServerError", true
	case "cut before":
		fault.Reset = control.ResetBefore
	default:
		fault.Reset = control.ResetAfter
	}
	after := 8
	if fault.Method == http.MethodPost {
		after = 1
	}
	fault.After, fault.Times = rapid.IntRange(0, after).Draw(q.r, "after"), new(rapid.IntRange(1, most).Draw(q.r, "times"))
	if !q.slow && rapid.IntRange(0, 3).Draw(q.r, "without end") == 0 {
		fault.Times = new(0)
	}
	return func() control.Fault { return fault }
}

func (q *sequence) failing() {
	// Faults show where something is to be done.
	for range rapid.IntRange(1, 3).Draw(q.r, "changes") {
		rapid.SampledFrom([]func(){q.configureLocation, q.configureCountries, q.configureRange, q.configureUser, q.configureUsers, q.configurePolicy, q.configureAccessPolicy, q.configureStrength, q.unconfigure}).Draw(q.r, "change")()
	}
	faults := []func() control.Fault{q.drawFault()}
	for range rapid.IntRange(0, 2).Draw(q.r, "more") {
		faults = append(faults, q.drawFault())
	}
	q.faulty(faults)
}

// registering applies, and somebody registers a method after the plan was made.
func (q *sequence) registering() {
	played, ok := q.driver.(*acctest.Core)
	user := q.person(rapid.IntRange(0, modelUsers-1).Draw(q.r, "user"))
	if !ok || user == nil || user.RegisteredForMFA() {
		q.Apply()
		return
	}
	before, state := q.snapshot(), q.driver.State()
	e := q.expect(before, state)
	played.Between = func() {
		_, err := q.tenant.RegisterMethod(context.Background(), user.ID, control.Method{Type: control.MethodMicrosoftAuthenticator})
		q.do(err)
		if e.late = true; e.users[user.ID] == control.StateEnabled {
			e.users[user.ID] = control.StateEnforced
		}
	}
	q.applied(before, e, state)
	played.Between = nil
}

// stale applies a plan to a tenant that others have changed since. Nobody loses per-user MFA whom the plan has not named.
func (q *sequence) stale() {
	played, ok := q.driver.(*acctest.Core)
	if e := q.expect(q.snapshot(), q.driver.State()); !ok || len(e.refused)+len(e.either) > 0 {
		q.Apply()
		return
	}
	if rapid.Bool().Draw(q.r, "something to do") {
		rapid.SampledFrom([]func(){q.configureUser, q.configureUsers, q.configureOneOfMany, q.configureLocation, q.configureCountries, q.configureRange, q.unconfigure}).Draw(q.r, "what")()
	}
	var since *control.Tenant
	played.Between = func() {
		for range rapid.IntRange(1, 4).Draw(q.r, "changes") {
			if user := q.person(rapid.IntRange(0, modelUsers-1).Draw(q.r, "user")); user != nil {
				_, err := q.tenant.SetPerUserMFAState(context.Background(), user.ID, rapid.SampledFrom([]string{"disabled", "enabled", "enforced"}).Draw(q.r, "state"))
				q.do(err)
			}
		}
		if rapid.Bool().Draw(q.r, "a location, too") {
			q.editLocation(q.snapshot())
		}
		q.agree()
		since = q.snapshot()
	}
	before, state := q.snapshot(), q.driver.State()
	q.adopting()
	q.tally.applies.Add(1)
	report := q.driver.Apply(q.config)
	played.Between = nil
	if since == nil {
		since = before
	}
	after := q.snapshot()
	q.nobodyUnprotected(since, after, report)
	q.nothingUndone(before, since, after, state, report)
	q.othersRangesStay(before, since, after, state, report)
	q.remember(before, state)
	q.agree()
	q.Apply()
}

// planned checks that a plan writes nothing, whatever it says.
func (q *sequence) planned() {
	before := q.snapshot()
	q.driver.Plan(q.config)
	if acctest.Encoded(q.snapshot()) != acctest.Encoded(before) {
		q.t.Fatalf("a plan has changed the tenant")
	}
}

func (q *sequence) refreshed() {
	before := q.snapshot()
	if report := q.driver.Refresh(q.config); report.Failed() {
		q.t.Fatalf("a refresh fails:\n%s", report)
	}
	if acctest.Encoded(q.snapshot()) != acctest.Encoded(before) {
		q.t.Fatalf("a refresh has changed the tenant")
	}
	for name, object := range q.driver.State() {
		if object.TypeName == typeUser && userBy(q.snapshot(), object.Text("user_id", "")) == nil {
			q.t.Fatalf("%s is about a user who is gone", name)
		}
	}
}

// respelled writes everything that has more than one spelling in another one: that is no change.
func (q *sequence) respelled() {
	q.Apply()
	state := q.driver.State()
	other := acctest.Configuration{}
	for name, wanted := range q.config {
		values := maps.Clone(wanted.Values)
		for _, attribute := range []string{"user_id", "user_principal_name", "location_id"} {
			if text, ok := values[attribute].(string); ok {
				values[attribute] = q.turned(text)
			}
		}
		if users, ok := values["users"].(map[string]any); ok {
			turned := map[string]any{}
			for _, key := range slices.Sorted(maps.Keys(users)) {
				turned[q.turned(key)] = users[key]
			}
			values["users"] = turned
		}
		for _, attribute := range []string{"include", "exclude"} {
			if targets, ok := values[attribute].(map[string]any); ok {
				targets = maps.Clone(targets)
				for _, kind := range []string{"user_ids", "group_ids"} {
					if ids := listed(targets[kind]); len(ids) > 0 {
						var turned []any
						for _, id := range ids {
							turned = append(turned, q.turned(id))
						}
						targets[kind] = turned
					}
				}
				values[attribute] = targets
			}
		}
		if ranges := listed(values["ip_ranges"]); len(ranges) > 0 {
			var turned []any
			for _, text := range ranges {
				for _, spellings := range modelRanges {
					if slices.Contains(spellings, text) {
						text = rapid.SampledFrom(spellings).Draw(q.r, "spelling")
						break
					}
				}
				turned = append([]any{text}, turned...)
			}
			values["ip_ranges"] = turned
		}
		if text, ok := values["ip_range"].(string); ok {
			for _, spellings := range modelRanges {
				if slices.Contains(spellings, text) {
					values["ip_range"] = rapid.SampledFrom(spellings).Draw(q.r, "spelling")
				}
			}
		}
		if codes := listed(values["countries"]); len(codes) > 0 {
			var turned []any
			for _, code := range codes {
				turned = append([]any{code}, turned...)
			}
			values["countries"] = turned
		}
		if _, there := state[name]; there {
			wanted.Values = values
		}
		other[name] = wanted
	}
	// What is not in the state, or is in it and not in the configuration, is to be changed anyhow.
	was, now := q.driver.Plan(q.config), q.driver.Plan(other)
	if !slices.Equal(was.Changed, now.Changed) {
		q.t.Fatalf("another spelling is a change: %q and before %q, of\n%s\nand before\n%s\nthe plan says:\n%s", now.Changed, was.Changed, other, q.config, now)
	}
	q.config = other
}

// turned is a text in the other case.
func (q *sequence) turned(text string) string {
	if rapid.Bool().Draw(q.r, "turned") && text == strings.ToLower(text) {
		return strings.ToUpper(text)
	}
	return strings.ToLower(text)
}

// imported takes something into the state that is there already, under the name of a block that is not.
func (q *sequence) imported() {
	before, state := q.snapshot(), q.driver.State()
	var id, name string
	switch rapid.SampledFrom([]string{typeUser, typeUsers, typePolicy, typeLocations, typeCountries, typeRange}).Draw(q.r, "type") {
	case typeUser:
		i := rapid.IntRange(0, singles-1).Draw(q.r, "resource")
		name = fmt.Sprintf("user%d", i)
		user := q.person(2 * i)
		if _, taken := state[name]; taken || user == nil {
			return
		}
		id = user.ID
		q.config[name] = acctest.ResourceBlock{TypeName: typeUser, Values: map[string]any{"user_id": user.ID, "state": stateOf(*user)}}
	case typeUsers:
		name = "users"
		user, other := q.person(firstOfMany), q.person(firstOfMany+1)
		if _, taken := state[name]; taken || user == nil || other == nil {
			return
		}
		id = user.ID + ", " + other.UserPrincipalName
		q.config[name] = acctest.ResourceBlock{TypeName: typeUsers, Values: map[string]any{"users": map[string]any{user.ID: stateOf(*user), other.UserPrincipalName: stateOf(*other)}}}
	case typePolicy:
		name, id = "policy", "authenticationMethodsPolicy"
		if _, taken := state[name]; taken {
			return
		}
		q.agree()
		q.config[name] = acctest.ResourceBlock{TypeName: typePolicy, Values: map[string]any{"state": "disabled"}}
	case typeCountries:
		name, id = "country0", acctest.ItalyID
		italy := locationBy(before, id)
		_, taken := state[name]
		for _, object := range state {
			taken = taken || object.Text("id", "") == id
		}
		if taken || italy == nil {
			return
		}
		q.config[name] = acctest.ResourceBlock{TypeName: typeCountries, Values: map[string]any{
			"display_name": italy.DisplayName, "countries": q.drawCountries(), "include_unknown": false, "lookup": "client_ip_address",
		}}
	case typeRange:
		i := rapid.IntRange(0, rangeBlocks-1).Draw(q.r, "range")
		name = fmt.Sprintf("range%d", i)
		shared := rapid.SampledFrom(sharedLocations).Draw(q.r, "location")
		location := locationBy(before, shared)
		if _, taken := state[name]; taken || location == nil || wholly(state, shared) != "" || !slices.Contains(covered(location), iprange.Normalize(modelRanges[i][0])) {
			return
		}
		id = shared + "/" + modelRanges[i][0]
		q.wantRange(i, shared)
	default:
		name = fmt.Sprintf("location%d", rapid.IntRange(0, 3).Draw(q.r, "resource"))
		if _, taken := state[name]; taken {
			return
		}
		owned := map[string]bool{}
		for _, object := range state {
			owned[object.Text("id", "")] = true
		}
		for _, location := range before.NamedLocations {
			if location.IsTrusted && !owned[location.ID] && !partly(state, location.ID) && !partly(q.config, location.ID) {
				id = location.ID
				var ranges []any
				for _, r := range location.IPRanges {
					ranges = append(ranges, r.CIDRAddress)
				}
				q.config[name] = acctest.ResourceBlock{TypeName: typeLocations, Values: map[string]any{"display_name": location.DisplayName, "ip_ranges": ranges}}
			}
		}
		if id == "" {
			return
		}
	}
	report := q.driver.ImportOne(q.config, name, id)
	if report.Failed() {
		q.t.Fatalf("the import of %s fails:\n%s", id, report)
	}
	if name == "policy" {
		q.remembered = campaignOf(before)
	}
	if acctest.Encoded(q.snapshot()) != acctest.Encoded(before) {
		q.t.Fatalf("an import has changed the tenant")
	}
}

// configures are the steps that change a block, by its type: each resource has one.
func (q *sequence) configures() map[string]func() {
	return map[string]func(){
		typeUser: q.configureUser, typeUsers: q.configureUsers, typePolicy: q.configurePolicy,
		typeLocations: q.configureLocation, typeCountries: q.configureCountries, typeRange: q.configureRange, typeAccessPolicy: q.configureAccessPolicy,
		typeStrength: q.configureStrength,
	}
}

// run draws steps and carries them out. What is applied most is what is changed most.
func (q *sequence) run(steps int) {
	deeds := map[string]func(){
		"configure one of many": q.configureOneOfMany,
		"move a person":         q.moveOne,
		"apply a stale plan":    q.stale,
		"a range of a whole":    q.wholeAndPartly,
		"take a block out":      q.unconfigure,
		"others change":         q.change,
		"plan":                  q.planned,
		"refresh":               q.refreshed,
		"import":                q.imported,
		"respell":               q.respelled,
		"register in between":   q.registering,
		"apply":                 q.Apply,
		"apply with faults":     q.failing,
	}
	for typeName, configure := range q.configures() {
		deeds["configure "+typeName] = configure
	}
	all := append(slices.Sorted(maps.Keys(deeds)),
		"configure "+typeUser, "configure "+typeUser, "move a person", "move a person", "apply a stale plan", "configure "+typeLocations, "configure "+typeLocations, "configure "+typeRange, "configure "+typeRange, "others change", "others change", "apply", "apply", "apply", "apply with faults")
	for range steps {
		name := rapid.SampledFrom(all).Draw(q.r, "step")
		q.r.Logf("step: %s", name)
		q.tally.steps.Add(1)
		deeds[name]()
	}
	q.Apply()
	// In the end all of it is destroyed.
	q.config = acctest.Configuration{}
	q.Apply()
}

// checksSaid reports whether whoever runs the tests has said how many sequences there are. It is asked before a test says it.
var checksSaid = sync.OnceValue(func() bool {
	said := os.Getenv("RAPID_CHECKS") != ""
	flag.Visit(func(f *flag.Flag) { said = said || f.Name == "rapid.checks" })
	return said
})

// withChecks sets how many sequences one round of rapid has, unless whoever runs the tests has said it, and keeps rapid from
// writing files: a seed is enough.
func withChecks(t *testing.T, checks int) {
	t.Helper()
	set := func(name, value string) {
		had := flag.Lookup(name).Value.String()
		if err := flag.Set(name, value); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = flag.Set(name, had) })
	}
	if !checksSaid() {
		set("rapid.checks", strconv.Itoa(checks))
	}
	set("rapid.nofailfile", "true")
}

// TestTheTenantIsWhatIsConfiguredWhateverHappens runs random sequences of changes of a configuration, changes behind
// Terraform's back, faults and applies, and compares the tenant with a model after each of them.
func TestTheTenantIsWhatIsConfiguredWhateverHappens(t *testing.T) {
	withChecks(t, 12)
	s := newScene(t)
	rounds(t, 0.6, func() {
		rapid.Check(t, func(r *rapid.T) {
			q := s.newSequence(r)
			start := acctest.FactoryOf(s.modelOptions(q.lags))["entramfa"]
			played, err := acctest.NewCore(func() (tfprotov6.ProviderServer, error) { return start() }, s.providerBlock(q))
			if err != nil {
				r.Fatal(err)
			}
			if rapid.IntRange(0, 3).Draw(r, "parallel") == 0 {
				played.Parallel = 10
			}
			q.driver = played
			q.run(rapid.IntRange(5, 40).Draw(r, "steps"))
		})
	})
}

package graphapi_test

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/emulatortest"
)

const (
	locationsPath    = "/v1.0/identity/conditionalAccess/namedLocations"
	locationsBinPath = "/v1.0/identity/conditionalAccess/deletedItems/namedLocations"
	headquarters     = locationsPath + "/" + emulator.SampleHeadquartersID

	v4Range = `{"@odata.type":"#microsoft.graph.iPv4CidrRange","cidrAddress":"198.51.100.0/24"}`
)

func ipLocation(properties string) string {
	return `{"@odata.type":"#microsoft.graph.ipNamedLocation",` + properties + `}`
}

func createLocation(f *emulatortest.Fixture, body string) string {
	f.T.Helper()
	answer := f.Graph(http.MethodPost, locationsPath, body)
	if answer.Status != http.StatusCreated {
		f.T.Fatalf("%d %s", answer.Status, answer.Raw)
	}
	return emulatortest.As[string](answer.Body["id"])
}

// permit signs in with the given permissions and no others.
func permit(f *emulatortest.Fixture, permissions ...string) {
	f.T.Helper()
	if _, err := f.Control.PatchApp(f.Ctx, emulator.SampleAppID, control.AppPatch{Permissions: &permissions}); err != nil {
		f.T.Fatal(err)
	}
	f.Token = f.TokenFor(emulator.SampleAppID, emulator.SampleSecret)
}

// checkAllowed wants an answer other than a lack of permissions, or exactly that.
func checkAllowed(f *emulatortest.Fixture, what string, answer emulatortest.Reply, allowed bool) {
	f.T.Helper()
	refused := answer.Status == http.StatusForbidden && answer.ErrorCode() == "Authorization_RequestDenied"
	if allowed && answer.Status >= 300 || !allowed && !refused {
		f.T.Errorf("%s: allowed should be %v, got %d %s", what, allowed, answer.Status, answer.Raw)
	}
}

func names(values []map[string]any) []string {
	var found []string
	for _, value := range values {
		found = append(found, emulatortest.As[string](value["displayName"]))
	}
	return found
}

func TestLocationsAreCreatedChangedAndDeleted(t *testing.T) {
	for _, version := range []string{"v1.0", "beta"} {
		t.Run(version, func(t *testing.T) {
			f := emulatortest.Start(t)
			path := "/" + version + "/identity/conditionalAccess/namedLocations"
			// Host bits and long spellings are echoed as they were sent.
			ranges := []any{
				map[string]any{"@odata.type": control.TypeIPv4CIDRRange, "cidrAddress": "12.34.221.11/22"},
				map[string]any{"@odata.type": control.TypeIPv6CIDRRange, "cidrAddress": "2001:0:9d38:90d6:0:0:0:0/63"},
			}
			answer := f.Graph(http.MethodPost, path, ipLocation(`"displayName":"Branch","isTrusted":true,"ipRanges":[
				{"@odata.type":"#microsoft.graph.iPv4CidrRange","cidrAddress":"12.34.221.11/22"},
				{"@odata.type":"#microsoft.graph.iPv6CidrRange","cidrAddress":"2001:0:9d38:90d6:0:0:0:0/63"}]`))
			id := emulatortest.As[string](answer.Body["id"])
			now := f.Clock.Now().UTC().Format(time.RFC3339)
			want := map[string]any{
				"@odata.context": f.Server.URL() + "/" + version + "/$metadata#identity/conditionalAccess/namedLocations/$entity",
				"@odata.type":    control.TypeIPNamedLocation, "id": id, "displayName": "Branch", "isTrusted": true, "ipRanges": ranges,
				"createdDateTime": now, "modifiedDateTime": now, "deletedDateTime": nil,
			}
			if diff := cmp.Diff(want, answer.Body); diff != "" || answer.Status != http.StatusCreated || !control.IsGUID(id) {
				t.Fatalf("POST: %d %s", answer.Status, diff)
			}
			if answer := f.Get(path + "/" + strings.ToUpper(id)); !cmp.Equal(want, answer.Body) {
				t.Errorf("GET: %d %s", answer.Status, cmp.Diff(want, answer.Body))
			}
			f.Clock.Advance(time.Minute)
			answer = f.Graph(http.MethodPatch, path+"/"+id, ipLocation(`"isTrusted":false,"ipRanges":[`+v4Range+`]`))
			if answer.Status != http.StatusNoContent || len(answer.Raw) != 0 {
				t.Errorf("PATCH: %d %s", answer.Status, answer.Raw)
			}
			want["isTrusted"], want["modifiedDateTime"] = false, f.Clock.Now().UTC().Format(time.RFC3339)
			want["ipRanges"] = []any{map[string]any{"@odata.type": control.TypeIPv4CIDRRange, "cidrAddress": "198.51.100.0/24"}}
			if answer := f.Get(path + "/" + id); !cmp.Equal(want, answer.Body) {
				t.Errorf("after PATCH: %s", cmp.Diff(want, answer.Body))
			}
			if answer := f.Graph(http.MethodDelete, path+"/"+id, ""); answer.Status != http.StatusNoContent || len(answer.Raw) != 0 {
				t.Errorf("DELETE: %d %s", answer.Status, answer.Raw)
			}
			for _, method := range []string{http.MethodGet, http.MethodDelete} {
				if answer := f.Graph(method, path+"/"+id, ""); answer.Status != http.StatusNotFound || answer.ErrorCode() != "ResourceNotFound" {
					t.Errorf("%s afterwards: %d %s", method, answer.Status, answer.Raw)
				}
			}
			if answer := f.Graph(http.MethodPatch, path+"/"+id, ipLocation(`"isTrusted":true`)); answer.Status != http.StatusNotFound {
				t.Errorf("PATCH afterwards: %d %s", answer.Status, answer.Raw)
			}
		})
	}
}

func TestCountryLocations(t *testing.T) {
	f := emulatortest.Start(t)
	answer := f.Graph(http.MethodPost, locationsPath,
		`{"@odata.type":"#microsoft.graph.countryNamedLocation","displayName":"DACH","countriesAndRegions":["DE","AT"]}`)
	if answer.Status != http.StatusCreated || answer.Body["countryLookupMethod"] != "clientIpAddress" ||
		answer.Body["includeUnknownCountriesAndRegions"] != false || answer.Body["isTrusted"] != nil {
		t.Fatalf("%d %s", answer.Status, answer.Raw)
	}
	path := locationsPath + "/" + emulatortest.As[string](answer.Body["id"])
	if answer := f.Graph(http.MethodPatch, path, `{"@odata.type":"#microsoft.graph.countryNamedLocation",
		"countriesAndRegions":["DE","AT","CH"],"includeUnknownCountriesAndRegions":true,"countryLookupMethod":"authenticatorAppGps"}`); answer.Status != 204 {
		t.Errorf("%d %s", answer.Status, answer.Raw)
	}
	answer = f.Get(path)
	if countries := emulatortest.As[[]any](answer.Body["countriesAndRegions"]); len(countries) != 3 || answer.Body["countryLookupMethod"] != "authenticatorAppGps" ||
		answer.Body["displayName"] != "DACH" {
		t.Errorf("%s", answer.Raw)
	}
}

func TestBadWritesOfLocationsAreRefused(t *testing.T) {
	f := emulatortest.Start(t)
	many := strings.TrimSuffix(strings.Repeat(v4Range+",", control.MaxIPRanges+1), ",")
	withRange := func(kind, cidr string) string {
		return ipLocation(`"displayName":"x","ipRanges":[{"@odata.type":"#microsoft.graph.` + kind + `","cidrAddress":"` + cidr + `"}]`)
	}
	country := func(properties string) string {
		return `{"@odata.type":"#microsoft.graph.countryNamedLocation","displayName":"x",` + properties + `}`
	}
	tests := []struct{ name, body, message string }{
		{"no type", `{"displayName":"x","ipRanges":[` + v4Range + `]}`, "'@odata.type' is missing"},
		{"unknown type", `{"@odata.type":"#microsoft.graph.gpsNamedLocation","displayName":"x"}`, "'#microsoft.graph.gpsNamedLocation' is not a type"},
		{"the abstract type", `{"@odata.type":"#microsoft.graph.namedLocation","displayName":"x"}`, "is not a type"},
		{"range without a type", ipLocation(`"displayName":"x","ipRanges":[` + v4Range + `,{"cidrAddress":"198.51.100.0/24"}]`), "'@odata.type' is missing at ipRanges[1]"},
		{"range of an unknown type", withRange("cidr", "198.51.100.0/24"), `ipRanges[0].@odata.type: "#microsoft.graph.cidr"`},
		{"range from and to", ipLocation(`"displayName":"x","ipRanges":[{"@odata.type":"#microsoft.graph.iPv4Range","lowerAddress":"1.2.3.4"}]`), "'lowerAddress' does not exist"},
		{"no address", ipLocation(`"displayName":"x","ipRanges":[{"@odata.type":"#microsoft.graph.iPv4CidrRange"}]`), "is not an IPv4 range"},
		{"no mask", withRange("iPv4CidrRange", "198.51.100.7"), "is not an IPv4 range in CIDR notation"},
		{"bad address", withRange("iPv4CidrRange", "198.51.100.256/24"), "is not an IPv4 range"},
		{"bad mask", withRange("iPv6CidrRange", "2001:db8::/129"), "is not an IPv6 range"},
		{"IPv6 as IPv4", withRange("iPv4CidrRange", "2001:db8::/48"), "is not an IPv4 range"},
		{"IPv4 as IPv6", withRange("iPv6CidrRange", "198.51.100.0/24"), "is not an IPv6 range"},
		{"/8", withRange("iPv4CidrRange", "10.0.0.0/8"), "must be longer than /8"},
		{"/0", withRange("iPv4CidrRange", "0.0.0.0/0"), "must be longer than /8"},
		{"IPv6 /8", withRange("iPv6CidrRange", "2000::/8"), "must be longer than /8"},
		{"too many ranges", ipLocation(`"displayName":"x","ipRanges":[` + many + `]`), "2001 ranges; a location can have 2000"},
		{"no ranges", ipLocation(`"displayName":"x"`), "ipRanges: must not be empty"},
		{"empty ranges", ipLocation(`"displayName":"x","ipRanges":[]`), "ipRanges: must not be empty"},
		{"null ranges", ipLocation(`"displayName":"x","ipRanges":null`), "literal 'null'"},
		{"no name", ipLocation(`"ipRanges":[` + v4Range + `]`), "displayName: must not be empty"},
		{"empty name", ipLocation(`"displayName":" ","ipRanges":[` + v4Range + `]`), "displayName: must not be empty"},
		{"unknown property", ipLocation(`"name":"x"`), "'name' does not exist"},
		{"property of the other kind", ipLocation(`"displayName":"x","countriesAndRegions":["DE"]`), "'countriesAndRegions' does not exist on type 'microsoft.graph.ipNamedLocation'"},
		{"trusted countries", country(`"countriesAndRegions":["DE"],"isTrusted":true`), "'isTrusted' does not exist on type 'microsoft.graph.countryNamedLocation'"},
		{"no countries", country(`"countriesAndRegions":[]`), "countriesAndRegions: must not be empty"},
		{"country by name", country(`"countriesAndRegions":["Germany"]`), "countriesAndRegions[0]"},
		{"lookup method", country(`"countriesAndRegions":["DE"],"countryLookupMethod":"guess"`), "countryLookupMethod"},
		{"wrong type", ipLocation(`"displayName":7`), "literal '7' to the expected type 'Edm.String'"},
		{"id", ipLocation(`"id":"` + emulator.SampleCountriesID + `"`), "'id' is read-only"},
		{"no JSON", `x`, "Unable to read JSON"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			answer := f.Graph(http.MethodPost, locationsPath, test.body)
			if answer.Status != http.StatusBadRequest || answer.ErrorCode() != "BadRequest" || !strings.Contains(answer.ErrorMessage(), test.message) {
				t.Errorf("%d %s", answer.Status, answer.Raw)
			}
		})
	}
	changes := []struct{ name, body, message string }{
		{"no type", `{"isTrusted":false}`, "'@odata.type' is missing"},
		{"another kind", country(`"countriesAndRegions":["DE"]`), "cannot be changed"},
		{"range without a type", ipLocation(`"ipRanges":[{"cidrAddress":"198.51.100.0/24"}]`), "'@odata.type' is missing at ipRanges[0]"},
		{"empty ranges", ipLocation(`"ipRanges":[]`), "ipRanges: must not be empty"},
		{"empty name", ipLocation(`"displayName":""`), "displayName"},
	}
	for _, test := range changes {
		t.Run("PATCH "+test.name, func(t *testing.T) {
			answer := f.Graph(http.MethodPatch, headquarters, test.body)
			if answer.Status != http.StatusBadRequest || !strings.Contains(answer.ErrorMessage(), test.message) {
				t.Errorf("%d %s", answer.Status, answer.Raw)
			}
		})
	}
	locations, err := f.Control.ListNamedLocations(f.Ctx)
	if err != nil || len(locations) != 2 || len(locations[0].IPRanges) != 2 {
		t.Errorf("a refused write changed something: %+v, %v", locations, err)
	}
	// The positive control: the widest range, private addresses, as many ranges as can be, a name that another one has.
	for _, body := range []string{
		withRange("iPv4CidrRange", "198.0.0.0/9"), withRange("iPv4CidrRange", "192.168.0.0/16"), withRange("iPv6CidrRange", "2001:db8::1/128"),
		ipLocation(`"displayName":"x","ipRanges":[` + strings.TrimSuffix(strings.Repeat(v4Range+",", control.MaxIPRanges), ",") + `]`),
	} {
		createLocation(f, body)
	}
}

func TestAtMost195IPLocations(t *testing.T) {
	f := emulatortest.Start(t)
	for range control.MaxIPNamedLocations - 1 { // the sample tenant has one
		createLocation(f, ipLocation(`"displayName":"x","ipRanges":[`+v4Range+`]`))
	}
	last := ipLocation(`"displayName":"one too many","ipRanges":[` + v4Range + `]`)
	if answer := f.Graph(http.MethodPost, locationsPath, last); answer.Status != 400 || !strings.Contains(answer.ErrorMessage(), "limit") {
		t.Errorf("%d %s", answer.Status, answer.Raw)
	}
	if answer := f.Graph(http.MethodPost, locationsPath,
		`{"@odata.type":"#microsoft.graph.countryNamedLocation","displayName":"x","countriesAndRegions":["DE"]}`); answer.Status != 201 {
		t.Errorf("countries do not count: %d %s", answer.Status, answer.Raw)
	}
	list := f.Get(locationsPath + "?$filter=displayName+eq+'x'&$top=1&$select=id")
	id := emulatortest.As[string](list.Values()[0]["id"])
	if answer := f.Graph(http.MethodDelete, locationsPath+"/"+id, ""); answer.Status != 204 {
		t.Fatalf("%d %s", answer.Status, answer.Raw)
	}
	createLocation(f, last)
	if answer := f.Graph(http.MethodPost, locationsBinPath+"/"+id+"/restore", ""); answer.Status != 400 {
		t.Errorf("restoring one too many: %d %s", answer.Status, answer.Raw)
	}
}

func TestListsOfLocations(t *testing.T) {
	f := emulatortest.Start(t)
	for i := range 5 {
		createLocation(f, ipLocation(fmt.Sprintf(`"displayName":"branch %d","ipRanges":[%s]`, i, v4Range)))
	}
	all := []string{"Headquarters", "Countries we work in", "branch 0", "branch 1", "branch 2", "branch 3", "branch 4"}
	tests := []struct {
		query string
		want  []string
	}{
		{"", all},
		{"$top=2", all[:2]},
		{"$skip=5", all[5:]},
		{"$skip=1&$top=2", all[1:3]},
		{"$skip=99", nil},
		{"$filter=displayName eq 'BRANCH 3'", all[5:6]},
		{"$filter=isof('microsoft.graph.countryNamedLocation')", all[1:2]},
		{"$filter=isof('microsoft.graph.ipNamedLocation') and startsWith(displayName,'h')", all[:1]},
	}
	for _, test := range tests {
		answer := f.Get(locationsPath + "?" + strings.ReplaceAll(test.query, " ", "+"))
		if diff := cmp.Diff(test.want, names(answer.Values())); diff != "" || answer.Status != 200 {
			t.Errorf("%s: %d %s", test.query, answer.Status, diff)
		}
	}
	answer := f.Get(locationsPath + "?$count=true&$top=1&$select=id,microsoft.graph.ipNamedLocation/isTrusted")
	want := []map[string]any{{"@odata.type": control.TypeIPNamedLocation, "id": emulator.SampleHeadquartersID, "isTrusted": true}}
	if diff := cmp.Diff(want, answer.Values()); diff != "" || answer.Body["@odata.count"] != 7.0 {
		t.Errorf("$select and $count: %d %s", answer.Status, answer.Raw)
	}
	for _, query := range []string{
		"$expand=x", "$orderby=displayName", "$search=x", "$top=0", "$skip=-1", "$select=nonsense", "$select=isTrusted",
		"$filter=isTrusted+eq+true", "$filter=isof('microsoft.graph.user')", "$filter=isof(displayName)", "$filter=x",
		"$skiptoken=nonsense",
	} {
		if answer := f.Get(locationsPath + "?" + query); answer.Status != 400 {
			t.Errorf("%s: %d %s", query, answer.Status, answer.Raw)
		}
	}
}

func TestPagesOfLocations(t *testing.T) {
	f := emulatortest.Start(t, func(cfg *emulator.Config) { cfg.Behavior.ConditionalAccess.PageSize = 2 })
	for i := range 5 {
		createLocation(f, ipLocation(fmt.Sprintf(`"displayName":"branch %d","ipRanges":[%s]`, i, v4Range)))
	}
	walk := func(path string) (found []string, pages int) {
		t.Helper()
		for path != "" {
			answer := f.Get(path)
			if answer.Status != 200 {
				t.Fatalf("%d %s", answer.Status, answer.Raw)
			}
			found, pages = append(found, names(answer.Values())...), pages+1
			path = emulatortest.As[string](answer.Body["@odata.nextLink"])
		}
		return found, pages
	}
	if found, pages := walk(locationsPath); len(found) != 7 || pages != 4 || len(slices.Compact(slices.Sorted(slices.Values(found)))) != 7 {
		t.Errorf("%d pages with %v", pages, found)
	}
	if found, pages := walk(locationsPath + "?$top=3&$skip=1&$filter=" + url.QueryEscape("isof('microsoft.graph.ipNamedLocation')")); len(found) != 5 || pages != 2 {
		t.Errorf("%d pages with %v", pages, found)
	}
	// Replicas that alternate must not break the pages, only make them incomplete.
	f.SetBehavior(control.Behavior{
		ConditionalAccess: control.ConditionalAccessBehavior{PageSize: 2},
		ReplicaLag:        control.ReplicaLag{DurationMs: 60_000, Alternate: true, LagCreates: true, LagDeletes: true},
	})
	for i := range 4 {
		createLocation(f, ipLocation(fmt.Sprintf(`"displayName":"late %d","ipRanges":[%s]`, i, v4Range)))
	}
	for range 3 {
		walk(locationsPath)
	}
}

func TestTrustedLocationsAndThoseInUseCannotBeDeleted(t *testing.T) {
	f := emulatortest.Start(t)
	remove := func(path string) emulatortest.Reply { t.Helper(); return f.Graph(http.MethodDelete, path, "") }
	if answer := remove(headquarters); answer.Status != 400 || answer.ErrorCode() != "BadRequest" || !strings.Contains(answer.ErrorMessage(), "isTrusted") {
		t.Errorf("trusted: %d %s", answer.Status, answer.Raw)
	}
	if answer := f.Graph(http.MethodPatch, headquarters, ipLocation(`"isTrusted":false`)); answer.Status != 204 {
		t.Fatalf("%d %s", answer.Status, answer.Raw)
	}
	policy, err := f.Control.CreateConditionalAccessPolicy(f.Ctx, policyFor(strings.ToUpper(emulator.SampleHeadquartersID)))
	if err != nil {
		t.Fatal(err)
	}
	if answer := remove(headquarters); answer.Status != 400 || !strings.Contains(answer.ErrorMessage(), policy.ID) {
		t.Errorf("in use: %d %s", answer.Status, answer.Raw)
	}
	f.SetBehavior(control.Behavior{Errors: map[string]control.ErrorOverride{control.CaseLocationInUse: {Status: 409, Code: "Conflict"}}})
	if answer := remove(headquarters); answer.Status != 409 || answer.ErrorCode() != "Conflict" {
		t.Errorf("in use, replaced: %d %s", answer.Status, answer.Raw)
	}
	if err := f.Control.DeleteConditionalAccessPolicy(f.Ctx, policy.ID); err != nil {
		t.Fatal(err)
	}
	if answer := remove(headquarters); answer.Status != 204 {
		t.Errorf("neither: %d %s", answer.Status, answer.Raw)
	}
	if _, err := f.Control.CreateConditionalAccessPolicy(f.Ctx, policyFor(emulator.SampleCountriesID)); err != nil {
		t.Fatal(err)
	}
	f.SetBehavior(control.Behavior{ConditionalAccess: control.ConditionalAccessBehavior{AllowDeleteInUse: true}})
	if answer := remove(locationsPath + "/" + emulator.SampleCountriesID); answer.Status != 204 {
		t.Errorf("in use, allowed: %d %s", answer.Status, answer.Raw)
	}
}

func TestBinOfLocations(t *testing.T) {
	f := emulatortest.Start(t)
	id := createLocation(f, ipLocation(`"displayName":"Branch","ipRanges":[`+v4Range+`]`))
	other := createLocation(f, ipLocation(`"displayName":"Other","ipRanges":[`+v4Range+`]`))
	if answer := f.Get(locationsBinPath + "/" + id); answer.Status != 404 {
		t.Errorf("not deleted yet: %d %s", answer.Status, answer.Raw)
	}
	before := f.Get(locationsPath + "/" + id)
	for _, key := range []string{id, other} {
		if answer := f.Graph(http.MethodDelete, locationsPath+"/"+key, ""); answer.Status != 204 {
			t.Fatalf("%d %s", answer.Status, answer.Raw)
		}
	}
	answer := f.Get(locationsBinPath + "/" + id)
	if answer.Status != 200 || answer.Body["deletedDateTime"] != f.Clock.Now().UTC().Format(time.RFC3339) {
		t.Errorf("%d %s", answer.Status, answer.Raw)
	}
	if answer := f.Get(locationsBinPath); !cmp.Equal(names(answer.Values()), []string{"Branch", "Other"}) {
		t.Errorf("%d %s", answer.Status, answer.Raw)
	}
	if answer := f.Graph(http.MethodPost, locationsBinPath+"/"+id+"/restore", ""); answer.Status != 200 || answer.Body["id"] != id {
		t.Errorf("restore: %d %s", answer.Status, answer.Raw)
	}
	if after := f.Get(locationsPath + "/" + id); !cmp.Equal(before.Body, after.Body) {
		t.Errorf("came back otherwise: %s", cmp.Diff(before.Body, after.Body))
	}
	if answer := f.Graph(http.MethodDelete, locationsBinPath+"/"+other, ""); answer.Status != 204 {
		t.Errorf("for good: %d %s", answer.Status, answer.Raw)
	}
	for _, path := range []string{locationsBinPath + "/" + other, locationsBinPath + "/" + id} {
		for method, path := range map[string]string{http.MethodGet: path, http.MethodDelete: path, http.MethodPost: path + "/restore"} {
			if answer := f.Graph(method, path, ""); answer.Status != 404 {
				t.Errorf("%s %s: %d %s", method, path, answer.Status, answer.Raw)
			}
		}
	}
	// After 30 days nothing is left.
	if answer := f.Graph(http.MethodDelete, locationsPath+"/"+id, ""); answer.Status != 204 {
		t.Fatalf("%d %s", answer.Status, answer.Raw)
	}
	f.Clock.Advance(30*24*time.Hour - time.Second)
	f.Token = f.TokenFor(emulator.SampleAppID, emulator.SampleSecret)
	if answer := f.Get(locationsBinPath); len(answer.Values()) != 1 {
		t.Errorf("%d %s", answer.Status, answer.Raw)
	}
	f.Clock.Advance(time.Second)
	if answer := f.Get(locationsBinPath); answer.Status != 200 || len(answer.Values()) != 0 {
		t.Errorf("%d %s", answer.Status, answer.Raw)
	}
	for _, path := range []string{
		"/v1.0/identity", "/v1.0/identity/conditionalAccess", "/v1.0/identity/conditionalAccess/deletedItems",
		"/v1.0/identity/protection", locationsBinPath + "/" + id + "/restore/x", headquarters + "/x", "/v1.0/identity/conditionalAccess/x",
	} {
		if answer := f.Get(path); answer.Status != 400 {
			t.Errorf("%s: %d %s", path, answer.Status, answer.Raw)
		}
	}
}

func TestBinInOtherClouds(t *testing.T) {
	for cloud, want := range map[string][2]int{
		control.CloudPublic: {200, 200}, control.CloudUSGovernment: {400, 200}, control.CloudChina: {400, 400},
	} {
		f := emulatortest.Start(t, func(cfg *emulator.Config) { cfg.Tenant.Cloud = cloud })
		got := [2]int{f.Get(locationsBinPath).Status, f.Get(strings.Replace(locationsBinPath, "v1.0", "beta", 1)).Status}
		if got != want {
			t.Errorf("%s: %v, want %v", cloud, got, want)
		}
		if answer := f.Get(locationsPath); answer.Status != 200 {
			t.Errorf("%s: %d %s", cloud, answer.Status, answer.Raw)
		}
	}
}

func TestReplicaLagOfLocations(t *testing.T) {
	path := func(id string) string { return locationsPath + "/" + id }
	body := ipLocation(`"displayName":"Branch","ipRanges":[` + v4Range + `]`)
	statuses := func(f *emulatortest.Fixture, id string, count int) []int {
		var got []int
		for range count {
			got = append(got, f.Get(path(id)).Status)
		}
		return got
	}
	t.Run("creation", func(t *testing.T) {
		f := emulatortest.Start(t, func(cfg *emulator.Config) { cfg.Behavior.ReplicaLag = control.ReplicaLag{Reads: 2, LagCreates: true} })
		if diff := cmp.Diff([]int{404, 404, 200}, statuses(f, createLocation(f, body), 3)); diff != "" {
			t.Error(diff)
		}
		createLocation(f, body)
		for i, want := range []int{3, 3, 4} {
			if answer := f.Get(locationsPath); len(answer.Values()) != want {
				t.Errorf("list %d: %s", i, answer.Raw)
			}
		}
	})
	t.Run("creation without lag", func(t *testing.T) {
		f := emulatortest.Start(t, func(cfg *emulator.Config) { cfg.Behavior.ReplicaLag = control.ReplicaLag{Reads: 2} })
		if diff := cmp.Diff([]int{200}, statuses(f, createLocation(f, body), 1)); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("update", func(t *testing.T) {
		f := emulatortest.Start(t, func(cfg *emulator.Config) { cfg.Behavior.ReplicaLag = control.ReplicaLag{Reads: 4, Alternate: true} })
		if answer := f.Graph(http.MethodPatch, headquarters, ipLocation(`"isTrusted":false`)); answer.Status != 204 {
			t.Fatalf("%d %s", answer.Status, answer.Raw)
		}
		var got []any
		for range 6 {
			got = append(got, f.Get(headquarters).Body["isTrusted"])
		}
		if diff := cmp.Diff([]any{true, false, true, false, false, false}, got); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("deletion", func(t *testing.T) {
		f := emulatortest.Start(t, func(cfg *emulator.Config) {
			cfg.Behavior.ReplicaLag = control.ReplicaLag{Reads: 4, Alternate: true, LagDeletes: true}
		})
		if answer := f.Graph(http.MethodDelete, path(emulator.SampleCountriesID), ""); answer.Status != 204 {
			t.Fatalf("%d %s", answer.Status, answer.Raw)
		}
		if answer := f.Graph(http.MethodDelete, path(emulator.SampleCountriesID), ""); answer.Status != 404 {
			t.Errorf("the primary knows: %d %s", answer.Status, answer.Raw)
		}
		if diff := cmp.Diff([]int{200, 404, 200, 404, 404}, statuses(f, emulator.SampleCountriesID, 5)); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("the service's own checks", func(t *testing.T) {
		f := emulatortest.Start(t, func(cfg *emulator.Config) {
			cfg.Behavior.ReplicaLag = control.ReplicaLag{DurationMs: 5000, LagCreates: true, LagChecks: true}
		})
		permit(f, "Policy.Read.All", "Policy.ReadWrite.ConditionalAccess", "Application.Read.All")
		if answer := f.Graph(http.MethodPatch, headquarters, ipLocation(`"isTrusted":false`)); answer.Status != 204 {
			t.Fatalf("%d %s", answer.Status, answer.Raw)
		}
		fresh := createLocation(f, body)
		for _, want := range []struct{ remove, create int }{{400, 400}, {204, 201}} {
			answer := f.Graph(http.MethodPost, policiesPath, policyBody(`"includeLocations":["`+fresh+`"]`))
			if answer.Status != want.create || want.create == 400 && !strings.HasPrefix(answer.ErrorMessage(), "1040: ") {
				t.Errorf("policy: %d %s", answer.Status, answer.Raw)
			}
			if answer := f.Graph(http.MethodDelete, headquarters, ""); answer.Status != want.remove {
				t.Errorf("deletion: %d %s", answer.Status, answer.Raw)
			}
			f.Clock.Advance(5 * time.Second)
		}
	})
}

func TestPermissionsForLocations(t *testing.T) {
	tests := []struct {
		permissions []string
		read, write bool
	}{
		{[]string{"Policy.Read.All"}, true, false},
		{[]string{"Policy.ReadWrite.ConditionalAccess"}, false, false},
		{[]string{"Policy.Read.All", "Policy.ReadWrite.ConditionalAccess"}, true, true},
		{[]string{"Policy.ReadWrite.AuthenticationMethod", "Directory.ReadWrite.All"}, false, false},
	}
	for _, test := range tests {
		t.Run(strings.Join(test.permissions, " and "), func(t *testing.T) {
			f := emulatortest.Start(t)
			other, err := f.Control.CreateNamedLocation(f.Ctx, control.NewIPNamedLocation("Branch", false, "198.51.100.0/24"))
			if err != nil {
				t.Fatal(err)
			}
			permit(f, test.permissions...)
			path := locationsPath + "/" + other.ID
			checkAllowed(f, "list", f.Get(locationsPath), test.read)
			checkAllowed(f, "get", f.Get(path), test.read)
			checkAllowed(f, "list the bin", f.Get(locationsBinPath), test.read)
			checkAllowed(f, "create", f.Graph(http.MethodPost, locationsPath, ipLocation(`"displayName":"x","ipRanges":[`+v4Range+`]`)), test.write)
			checkAllowed(f, "change", f.Graph(http.MethodPatch, path, ipLocation(`"displayName":"y"`)), test.write)
			checkAllowed(f, "delete", f.Graph(http.MethodDelete, path, ""), test.write)
			checkAllowed(f, "restore", f.Graph(http.MethodPost, locationsBinPath+"/"+other.ID+"/restore", ""), test.write)
		})
	}
}

func TestUndocumentedAnswersAboutLocationsCanBeReplaced(t *testing.T) {
	f := emulatortest.Start(t)
	cases := []string{control.CaseUnknownPolicyObject, control.CaseInvalidLocation, control.CaseLocationKind, control.CaseTrustedLocation}
	overrides := map[string]control.ErrorOverride{}
	for _, name := range cases {
		overrides[name] = control.ErrorOverride{Status: 418, Code: name, Message: "replaced"}
	}
	f.SetBehavior(control.Behavior{Errors: overrides})
	for name, answer := range map[string]emulatortest.Reply{
		control.CaseUnknownPolicyObject: f.Get(locationsPath + "/x"),
		control.CaseInvalidLocation:     f.Graph(http.MethodPost, locationsPath, `{}`),
		control.CaseLocationKind: f.Graph(http.MethodPatch, headquarters,
			`{"@odata.type":"#microsoft.graph.countryNamedLocation","displayName":"x"}`),
		control.CaseTrustedLocation: f.Graph(http.MethodDelete, headquarters, ""),
	} {
		if answer.Status != 418 || answer.ErrorCode() != name || answer.ErrorMessage() != "replaced" {
			t.Errorf("%s: %d %s", name, answer.Status, answer.Raw)
		}
	}
}

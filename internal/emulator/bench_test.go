//go:build linux || darwin

package emulator

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/odata"
)

// The benchmarks state what the emulator costs with 100,000 users, so that a client's measurement can be told from it:
//
//	go test ./internal/emulator -run '^$' -bench . -benchmem -benchtime 2s
//
// "handler" is the emulator alone; "https" adds HTTP/2, TLS and Go's client in the same process, one request at a time.
// cpu-µs/op is the processor time of the whole process, its garbage collection included: on a busy machine it says more
// than the clock does.

const benchUsers = 100_000

// Graph takes that many items in a $batch, and that many ids in a getByIds.
const (
	maxBatchItems = 20
	maxGetByIDs   = 1000
)

func benchUserID(i int) string  { return fmt.Sprintf("c3d7e1a5-8b2f-4c6d-a0e4-%012x", i) }
func benchUserUPN(i int) string { return fmt.Sprintf("user%06d@contoso.example", i) }

func benchTenant() *Tenant {
	tenant := SampleTenant()
	tenant.Users = make([]User, benchUsers)
	tenant.Groups, tenant.ConditionalAccessPolicies = nil, nil
	members := make([]string, benchUsers)
	for i := range tenant.Users {
		tenant.Users[i] = User{ID: benchUserID(i), UserPrincipalName: benchUserUPN(i), DisplayName: fmt.Sprintf("User %d", i)}
		if i%3 == 0 {
			tenant.Users[i].Methods = []Method{{Type: control.MethodMicrosoftAuthenticator, DisplayName: "Phone"}}
		}
		members[i] = tenant.Users[i].ID
	}
	tenant.Groups = []Group{{ID: SampleAllStaffID, DisplayName: "all-staff", Members: members}}
	return tenant
}

// bench is one emulator with 100,000 users for all benchmarks.
type bench struct {
	server *Server
	client *http.Client
	token  string
}

var sharedBench = sync.OnceValues(func() (*bench, error) {
	server, err := Start(Config{Tenant: benchTenant()})
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(server.CAPEM())
	b := &bench{server: server, client: &http.Client{Transport: &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: roots}, ForceAttemptHTTP2: true,
	}}}
	answer, err := b.client.PostForm(server.URL()+"/"+SampleTenantID+"/oauth2/v2.0/token", url.Values{
		"grant_type": {"client_credentials"}, "client_id": {SampleAppID},
		"client_secret": {SampleSecret}, "scope": {server.URL() + "/.default"},
	})
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	var token struct {
		AccessToken string `json:"access_token"`
	}
	if err := json.NewDecoder(answer.Body).Decode(&token); err != nil {
		return nil, err
	}
	b.token = token.AccessToken
	return b, nil
})

func (b *bench) request(method, path, body string) *http.Request {
	request, err := http.NewRequestWithContext(context.Background(), method, b.server.URL()+path, strings.NewReader(body))
	if err != nil {
		panic(err)
	}
	request.Header.Set("Authorization", "Bearer "+b.token)
	if body != "" {
		request.Header.Set("Content-Type", "application/json")
	}
	return request
}

// measure sends the requests that next makes, in each of the two ways; per is how many users one of them is about.
func measure(b *testing.B, per int, next func(shared *bench, i int) *http.Request) {
	b.Helper()
	shared, err := sharedBench()
	if err != nil {
		b.Fatal(err)
	}
	report := func(b *testing.B, before time.Duration) {
		b.Helper()
		b.ReportMetric(float64((cpu(b)-before).Microseconds())/float64(b.N), "cpu-µs/op")
		b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "requests/s")
		if per > 1 {
			b.ReportMetric(float64(per*b.N)/b.Elapsed().Seconds(), "users/s")
		}
	}
	b.Run("handler", func(b *testing.B) {
		b.ReportAllocs()
		before := cpu(b)
		for i := 0; b.Loop(); i++ {
			request, recorder := next(shared, i), httptest.NewRecorder()
			shared.server.http.Handler.ServeHTTP(recorder, request)
			if recorder.Code != http.StatusOK {
				b.Fatal(recorder.Code, recorder.Body)
			}
		}
		report(b, before)
	})
	b.Run("https", func(b *testing.B) {
		b.ReportAllocs()
		before := cpu(b)
		for i := 0; b.Loop(); i++ {
			answer, err := shared.client.Do(next(shared, i))
			if err != nil {
				b.Fatal(err)
			}
			if _, err := io.Copy(io.Discard, answer.Body); err != nil || answer.StatusCode != http.StatusOK {
				b.Fatal(answer.StatusCode, err)
			}
			answer.Body.Close()
		}
		report(b, before)
	})
}

// benchItems is a $batch of one item for each of 20 users.
func benchItems(i int, item func(id int, user string) string) string {
	items := make([]string, maxBatchItems)
	for j := range items {
		items[j] = item(j, benchUserID((i*maxBatchItems+j)%benchUsers))
	}
	return `{"requests":[` + strings.Join(items, ",") + `]}`
}

func BenchmarkBatchOf20Reads(b *testing.B) {
	measure(b, maxBatchItems, func(shared *bench, i int) *http.Request {
		return shared.request(http.MethodPost, "/beta/$batch", benchItems(i, func(id int, user string) string {
			return fmt.Sprintf(`{"id":"%d","method":"GET","url":"/users/%s/authentication/requirements"}`, id, user)
		}))
	})
}

func BenchmarkBatchOf20Writes(b *testing.B) {
	measure(b, maxBatchItems, func(shared *bench, i int) *http.Request {
		return shared.request(http.MethodPost, "/beta/$batch", benchItems(i, func(id int, user string) string {
			return fmt.Sprintf(`{"id":"%d","method":"PATCH","url":"/users/%s/authentication/requirements",`+
				`"headers":{"Content-Type":"application/json"},"body":{"perUserMfaState":"enabled"}}`, id, user)
		}))
	})
}

func BenchmarkUserByName(b *testing.B) {
	measure(b, 1, func(shared *bench, i int) *http.Request {
		return shared.request(http.MethodGet, "/v1.0/users/"+benchUserUPN(i*31%benchUsers)+"?$select=id,userPrincipalName", "")
	})
}

func BenchmarkPageOf999Users(b *testing.B) {
	path := "/v1.0/users?$top=999&$select=id,userPrincipalName,accountEnabled"
	measure(b, 999, func(shared *bench, i int) *http.Request {
		last := benchUserID(i * 999 % (benchUsers - 999))
		return shared.request(http.MethodGet, path+"&$skiptoken="+odata.SkipToken(last), "")
	})
}

func BenchmarkPageOf999Members(b *testing.B) {
	path := "/v1.0/groups/" + SampleAllStaffID + "/members?$top=999&$select=id,userPrincipalName"
	measure(b, 999, func(shared *bench, i int) *http.Request {
		last := benchUserID(i * 999 % (benchUsers - 999))
		return shared.request(http.MethodGet, path+"&$skiptoken="+odata.SkipToken(last), "")
	})
}

func BenchmarkGetByIDsOf1000(b *testing.B) {
	measure(b, maxGetByIDs, func(shared *bench, i int) *http.Request {
		ids := make([]string, maxGetByIDs)
		for j := range ids {
			ids[j] = benchUserID((i*maxGetByIDs + j) % benchUsers)
		}
		body := `{"ids":["` + strings.Join(ids, `","`) + `"],"types":["user"]}`
		return shared.request(http.MethodPost, "/v1.0/directoryObjects/getByIds?$select=id,userPrincipalName", body)
	})
}

// BenchmarkStart reads a tenant file with 100,000 users and starts, and reports the memory that such a tenant takes.
func BenchmarkStart(b *testing.B) {
	file, err := json.Marshal(benchTenant())
	if err != nil {
		b.Fatal(err)
	}
	spent := time.Duration(0)
	for b.Loop() {
		before, begin := heap(), cpu(b)
		server := startFrom(b, file)
		spent += cpu(b) - begin
		b.StopTimer()
		b.ReportMetric(float64(heap()-before)/1e6, "MB")
		closeBench(b, server)
		b.StartTimer()
	}
	b.ReportMetric(spent.Seconds()/float64(b.N), "cpu-s/op")
}

func startFrom(b *testing.B, file []byte) *Server {
	b.Helper()
	tenant, err := LoadTenant(bytes.NewReader(file))
	if err != nil {
		b.Fatal(err)
	}
	server, err := Start(Config{Tenant: tenant})
	if err != nil {
		b.Fatal(err)
	}
	return server
}

// BenchmarkSeed replaces the tenant by one with 100,000 users through the control API.
func BenchmarkSeed(b *testing.B) {
	server, err := Start(Config{})
	if err != nil {
		b.Fatal(err)
	}
	defer closeBench(b, server)
	client, err := control.NewWithCA(server.URL(), server.CAPEM())
	if err != nil {
		b.Fatal(err)
	}
	defer client.CloseIdleConnections()
	tenant := benchTenant()
	begin := cpu(b)
	for b.Loop() {
		if err := client.Seed(b.Context(), tenant); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric((cpu(b)-begin).Seconds()/float64(b.N), "cpu-s/op")
}

func closeBench(b *testing.B, server *Server) {
	b.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := server.Close(ctx); err != nil {
		b.Error(err)
	}
}

// cpu is the processor time that the process has used.
func cpu(b *testing.B) time.Duration {
	b.Helper()
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		b.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

func heap() int64 {
	// What lies in a sync.Pool outlives a collection.
	runtime.GC()
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return int64(stats.HeapAlloc)
}

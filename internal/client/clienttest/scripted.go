package clienttest

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/graph/transport"
)

// BatchItem is a request within a batch.
type BatchItem struct {
	ID      string            `json:"id"`
	Method  string            `json:"method"`
	URL     string            `json:"url"`
	Headers map[string]string `json:"headers"`
	Body    json.RawMessage   `json:"body"`
}

// ScriptedAnswer is what a scripted Graph says to one request, within a batch or on its own.
type ScriptedAnswer struct {
	Status int
	Header map[string]string
	Body   string
	// Lost leaves the answer out of the answer to a batch.
	Lost bool
}

// ScriptedGraph answers requests of their own and those within a batch by the same script.
type ScriptedGraph struct {
	*Recorder
	Mutex   sync.Mutex
	times   map[string]int
	batches [][]BatchItem
	Alone   []string
	// Versions are those of the batches.
	Versions []string
}

// NewScriptedGraph starts a server. The script gets a request (its URL is relative to the version) and how often the same
// was asked for before. Where outer is not nil and returns true, it has answered a whole batch, whose number it gets.
func NewScriptedGraph(tb testing.TB, script func(r BatchItem, n int) ScriptedAnswer, outer func(w http.ResponseWriter, r *http.Request, items []BatchItem, n int) bool) *ScriptedGraph {
	tb.Helper()
	g := &ScriptedGraph{times: map[string]int{}}
	g.Recorder = NewRecorder(tb, func(w http.ResponseWriter, r *http.Request, _ int) {
		version, rest, _ := strings.Cut(strings.TrimPrefix(r.RequestURI, "/"), "/")
		body, _ := io.ReadAll(r.Body)
		if rest != "$batch" {
			item := BatchItem{Method: r.Method, URL: "/" + rest, Body: body}
			g.Mutex.Lock()
			g.Alone = append(g.Alone, item.Method+" "+item.URL)
			g.Mutex.Unlock()
			got := script(item, g.count(item))
			for name, value := range got.Header {
				w.Header().Set(name, value)
			}
			Reply(w, got.Status, got.Body)
			return
		}
		var batch struct {
			Requests []BatchItem `json:"requests"`
		}
		if err := json.Unmarshal(body, &batch); err != nil || r.Method != http.MethodPost {
			GraphError(w, 400, "BadRequest")
			return
		}
		g.Mutex.Lock()
		g.batches = append(g.batches, batch.Requests)
		g.Versions = append(g.Versions, version)
		n := len(g.batches) - 1
		g.Mutex.Unlock()
		if outer != nil && outer(w, r, batch.Requests, n) {
			return
		}
		var answers []string
		for _, item := range batch.Requests {
			got := script(item, g.count(item))
			if !got.Lost {
				answers = append(answers, got.In(item.ID))
			}
		}
		rand.Shuffle(len(answers), func(i, j int) { answers[i], answers[j] = answers[j], answers[i] })
		Reply(w, 200, `{"responses":[`+strings.Join(answers, ",")+`]}`)
	})
	return g
}

// In is the answer as it stands in the answer to a batch.
func (a ScriptedAnswer) In(id string) string {
	header, _ := json.Marshal(a.Header)
	if a.Header == nil {
		header = []byte(`{}`)
	}
	text := fmt.Sprintf(`{"id":%q,"status":%d,"headers":%s`, id, a.Status, header)
	if a.Body != "" {
		text += `,"body":` + a.Body
	}
	return text + "}"
}

func (g *ScriptedGraph) count(item BatchItem) int {
	g.Mutex.Lock()
	defer g.Mutex.Unlock()
	key := item.Method + " " + item.URL
	g.times[key]++
	return g.times[key] - 1
}

// Sent are the batches and the requests of their own so far.
func (g *ScriptedGraph) Sent() (batches [][]BatchItem, alone []string) {
	g.Mutex.Lock()
	defer g.Mutex.Unlock()
	return slices.Clone(g.batches), slices.Clone(g.Alone)
}

// Eventually waits until something is so.
func Eventually(tb testing.TB, what string, is func() bool) {
	tb.Helper()
	tick, end := time.NewTicker(time.Millisecond), time.After(30*time.Second)
	defer tick.Stop()
	for !is() {
		select {
		case <-tick.C:
		case <-end:
			tb.Fatalf("%s: not within 30 seconds", what)
		}
	}
}

// HangUp writes some bytes and closes the connection.
func HangUp(w http.ResponseWriter, text string) {
	connection, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(err)
	}
	_, _ = buffered.WriteString(text)
	_ = buffered.Flush()
	_ = connection.Close()
}

// Paged answers the first page with a link, and what follows the link with the second page.
func Paged(link func(self string) string) func(w http.ResponseWriter, r *http.Request, _ int) {
	return func(w http.ResponseWriter, r *http.Request, _ int) {
		if strings.Contains(r.URL.RawQuery, "skiptoken") {
			Reply(w, 200, `{"value":[{"id":"b","@odata.type":"#microsoft.graph.fido2AuthenticationMethod"}]}`)
			return
		}
		Reply(w, 200, fmt.Sprintf(`{"value":[{"id":"a","@odata.type":"#microsoft.graph.passwordAuthenticationMethod"}],"@odata.nextLink":%q}`, link("https://"+r.Host)))
	}
}

// Refused is a refusal by Graph's envelope.
func Refused(status int, code string) ScriptedAnswer {
	return ScriptedAnswer{
		Status: status, Header: map[string]string{"Content-Type": "application/json"},
		Body: fmt.Sprintf(`{"error":{"code":%q,"message":"The service says %s.","innerError":{"request-id":"item-request-id"}}}`, code, code),
	}
}

// Urls lists method and URL of each item of a batch, sorted.
func Urls(batch []BatchItem) []string {
	all := make([]string, 0, len(batch))
	for _, item := range batch {
		all = append(all, item.Method+" "+item.URL)
	}
	slices.Sort(all)
	return all
}

// NumberedID is the id of a user, and the name of their state.
func NumberedID(n int) string { return fmt.Sprintf("user-%03d", n) }

// NumberedURL is where the state of a numbered user is, relative to the version.
func NumberedURL(n int) string { return "/users/" + NumberedID(n) + "/authentication/requirements" }

// OwnState answers a read of a state with one that names the user.
func OwnState(r BatchItem) ScriptedAnswer {
	if r.Method == http.MethodPatch {
		return ScriptedAnswer{Status: 204}
	}
	name, _, _ := strings.Cut(strings.TrimPrefix(r.URL, "/users/"), "/")
	return ScriptedAnswer{Status: 200, Body: fmt.Sprintf(`{"perUserMfaState":%q}`, "state of "+name)}
}

// NextPage is where a second page is, as path and query.
const NextPage = "/beta/users/" + AdeleID + "/authentication/methods?$skiptoken=p2"

// LookUpURL is where users are looked up by id, relative to the version.
const LookUpURL = "/directoryObjects/getByIds"

// Requests counts the requests so far: look-ups by id, batches, and everything else.
func (g *ScriptedGraph) Requests() (lookUps, batches, others int) {
	all, alone := g.Sent()
	for _, request := range alone {
		if strings.HasSuffix(request, LookUpURL) {
			lookUps++
		}
	}
	return lookUps, len(all), len(alone) - lookUps
}

// WantRequests fails the test unless so many requests were sent so far.
func (g *ScriptedGraph) WantRequests(t *testing.T, lookUps, batches, others int) {
	t.Helper()
	if l, b, o := g.Requests(); l != lookUps || b != batches || o != others {
		t.Errorf("%d look-ups by id, %d batches and %d other requests so far, want %d, %d and %d", l, b, o, lookUps, batches, others)
	}
}

// Asked is how often a request was asked for.
func (g *ScriptedGraph) Asked(method, url string) int {
	g.Mutex.Lock()
	defer g.Mutex.Unlock()
	return g.times[method+" "+url]
}

// TrustNobodyElse makes the production HTTP client.
func TrustNobodyElse(t *testing.T) *http.Client {
	t.Helper()
	httpClient, err := transport.NewHTTPClient(nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(httpClient.CloseIdleConnections)
	return httpClient
}

// CapturedLog keeps every record of every level.
type CapturedLog struct {
	mutex   sync.Mutex
	records []map[string]string
}

// Enabled is true of every level.
func (l *CapturedLog) Enabled(context.Context, slog.Level) bool { return true }

// WithAttrs returns the same log.
func (l *CapturedLog) WithAttrs([]slog.Attr) slog.Handler { return l }

// WithGroup returns the same log.
func (l *CapturedLog) WithGroup(string) slog.Handler { return l }

// Handle keeps a record.
func (l *CapturedLog) Handle(_ context.Context, record slog.Record) error {
	fields := map[string]string{"level": record.Level.String(), "message": record.Message}
	record.Attrs(func(a slog.Attr) bool {
		fields[a.Key] = a.Value.String()
		return true
	})
	l.mutex.Lock()
	defer l.mutex.Unlock()
	l.records = append(l.records, fields)
	return nil
}

// All returns the records so far, each by its attributes, with level and message.
func (l *CapturedLog) All() []map[string]string {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	return append([]map[string]string(nil), l.records...)
}

// LeavesNoGoroutine makes a client by connect, has callers do something with it at once, a third of whom leave, while one request is refused at first, and waits
// until no goroutine of theirs is left. A test that calls it is not parallel, so that no other test's come and go meanwhile.
func LeavesNoGoroutine(t *testing.T, callers int, script func(r BatchItem, n int) ScriptedAnswer, connect func(service *Recorder, httpClient *http.Client), do func(ctx context.Context, n int)) {
	t.Helper()
	g := NewScriptedGraph(t, func(r BatchItem, n int) ScriptedAnswer {
		if n == 0 && strings.HasSuffix(r.URL, "7/authentication/requirements") {
			return Refused(503, "serviceUnavailable")
		}
		return script(r, n)
	}, nil)
	httpClient := Trust(t, g.Server)
	connect(g.Recorder, httpClient)
	quiet := func() int {
		httpClient.CloseIdleConnections()
		return runtime.NumGoroutine()
	}
	before := quiet()
	var all sync.WaitGroup
	for n := range callers {
		all.Go(func() {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			if n%3 == 0 {
				go func() { runtime.Gosched(); cancel() }()
			}
			do(ctx, n)
		})
	}
	all.Wait()
	Eventually(t, "all goroutines gone", func() bool { return quiet() <= before })
}

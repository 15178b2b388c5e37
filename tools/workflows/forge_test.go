package workflows

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
)

// issue is an issue or a work item.
type issue struct {
	number int
	title  string
	body   string
	labels []string
	open   bool
	// said are the comments on it.
	said []string
}

// comment is one of a pull request. by is who wrote it, as the forge says.
type comment struct {
	id   int
	by   string
	body string
}

// forge stands for the REST API of GitHub, GitLab or Azure DevOps: as much of it as the scripts use, and nothing else.
//
// https://docs.github.com/rest/issues
// https://docs.gitlab.com/api/issues/
// https://learn.microsoft.com/rest/api/azure/devops/git/pull-request-threads
// https://learn.microsoft.com/rest/api/azure/devops/wit/work-items
type forge struct {
	url string
	// allows says what a token may do, such as issues: write. Nothing is a token that is none.
	allows func(token string) map[string]string

	mutex    sync.Mutex
	issues   []*issue
	comments []*comment
	labels   []string
	// writes are the requests that were to change something.
	writes []string
	// broken makes it answer every request with 500.
	broken bool
}

// The pull request, and the project, of which everything is.
const (
	pullRequest = 7
	closedState = "Done"
)

type answer struct {
	status int
	body   any
}

// handler answers the calls whose path fits.
type handler struct {
	method string
	path   *regexp.Regexp
	// needs is the permission that the token has to have.
	needs  string
	answer func(r *http.Request, key string, body json.RawMessage) answer
}

func on(method, path, needs string, does func(*http.Request, string, json.RawMessage) answer) handler {
	return handler{method, regexp.MustCompile("^" + path + "$"), needs, does}
}

func newForge(t *testing.T, handlers func(*forge) []handler) *forge {
	t.Helper()
	f := &forge{}
	all := handlers(f)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var body json.RawMessage
		_ = json.NewDecoder(r.Body).Decode(&body)
		f.mutex.Lock()
		defer f.mutex.Unlock()
		got := f.serve(r, all, body)
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(got.status)
		_ = json.NewEncoder(w).Encode(got.body)
	}))
	t.Cleanup(server.Close)
	f.url = server.URL
	return f
}

func (f *forge) serve(r *http.Request, handlers []handler, body json.RawMessage) answer {
	if f.broken {
		return answer{http.StatusInternalServerError, object{"message": "The forge has a bad day"}}
	}
	token := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
	if token == "" {
		token = r.Header.Get("Private-Token")
	}
	may := f.allows(token)
	if may == nil {
		return answer{http.StatusUnauthorized, object{"message": "Bad credentials"}}
	}
	for _, h := range handlers {
		key := h.path.FindStringSubmatch(r.URL.Path)
		if key == nil || h.method != r.Method {
			continue
		}
		// Who may write may read.
		what, how, _ := strings.Cut(h.needs, ": ")
		if may[what] != how && may[what] != "write" {
			return answer{http.StatusForbidden, object{"message": "Resource not accessible by integration"}}
		}
		if r.Method != http.MethodGet && !strings.HasSuffix(r.URL.Path, "/wiql") {
			f.writes = append(f.writes, r.Method+" "+r.URL.Path)
		}
		return h.answer(r, key[len(key)-1], body)
	}
	return answer{http.StatusNotFound, object{"message": "There is no " + r.Method + " " + r.URL.Path}}
}

// object is a JSON object.
type object map[string]any

// decoded reads a request. What it does not have stays as it is.
func decoded[T any](body json.RawMessage, into T) T {
	if err := json.Unmarshal(body, &into); err != nil {
		panic(fmt.Sprintf("%v: %s", err, body))
	}
	return into
}

func (f *forge) find(number string) *issue {
	at := slices.IndexFunc(f.issues, func(one *issue) bool { return fmt.Sprint(one.number) == number })
	if at < 0 {
		return nil
	}
	return f.issues[at]
}

func (f *forge) open() []*issue {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	return slices.DeleteFunc(slices.Clone(f.issues), func(one *issue) bool { return !one.open })
}

func (f *forge) add(one *issue) *issue {
	one.number, one.open = 100+len(f.issues), true
	f.issues = append(f.issues, one)
	return one
}

// plans are the comments that show a plan.
func (f *forge) plans() []string {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	var bodies []string
	for _, one := range f.comments {
		if one.by == "Bot" {
			bodies = append(bodies, one.body)
		}
	}
	return bodies
}

// written are the writes since it was asked last.
func (f *forge) written() []string {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	writes := f.writes
	f.writes = nil
	return writes
}

// gitHub is GitHub's.
func gitHub(f *forge) []handler {
	const root = `/repos/contoso/mfa`
	issues, pulls := "issues: ", "pull-requests: "
	said := func(one *comment) object {
		return object{"id": one.id, "body": one.body, "user": object{"login": "somebody", "type": one.by}}
	}
	return []handler{
		on("GET", root+`/issues`, issues+"read", func(r *http.Request, _ string, _ json.RawMessage) answer {
			// A pull request with the label is an issue, too.
			found := []object{{"number": pullRequest, "pull_request": object{}}}
			for _, one := range f.issues {
				if one.open && r.URL.Query().Get("state") == "open" && slices.Contains(one.labels, r.URL.Query().Get("labels")) {
					found = append(found, object{"number": one.number})
				}
			}
			return answer{200, found}
		}),
		on("GET", root+`/labels/(.*)`, issues+"read", func(_ *http.Request, name string, _ json.RawMessage) answer {
			if !slices.Contains(f.labels, name) {
				return answer{404, object{"message": "Not Found"}}
			}
			return answer{200, object{"name": name}}
		}),
		on("POST", root+`/labels`, issues+"write", func(_ *http.Request, _ string, body json.RawMessage) answer {
			f.labels = append(f.labels, decoded(body, struct{ Name string }{}).Name)
			return answer{201, object{}}
		}),
		on("POST", root+`/issues`, issues+"write", func(_ *http.Request, _ string, body json.RawMessage) answer {
			made := decoded(body, struct {
				Title, Body string
				Labels      []string
			}{})
			one := f.add(&issue{title: made.Title, body: made.Body, labels: made.Labels})
			return answer{201, object{"number": one.number}}
		}),
		on("PATCH", root+`/issues/(\d+)`, issues+"write", func(_ *http.Request, number string, body json.RawMessage) answer {
			one := f.find(number)
			if one == nil {
				return answer{404, object{"message": "Not Found"}}
			}
			changed := decoded(body, struct {
				Body, State string
				Labels      []string
			}{one.body, "open", one.labels})
			one.body, one.open, one.labels = changed.Body, changed.State == "open", changed.Labels
			return answer{200, object{}}
		}),
		// Comments of pull requests and those of issues have one path. They differ in the permission.
		on("POST", root+`/issues/(1\d\d)/comments`, issues+"write", func(_ *http.Request, number string, body json.RawMessage) answer {
			one := f.find(number)
			one.said = append(one.said, decoded(body, struct{ Body string }{}).Body)
			return answer{201, object{}}
		}),
		on("GET", fmt.Sprintf(`%s/issues/%d/comments`, root, pullRequest), pulls+"read", func(r *http.Request, _ string, _ json.RawMessage) answer {
			const page = 100
			from := 0
			if r.URL.Query().Get("page") == "2" {
				from = page
			}
			found := []object{}
			for _, one := range f.comments[min(from, len(f.comments)):min(from+page, len(f.comments))] {
				found = append(found, said(one))
			}
			return answer{200, found}
		}),
		on("POST", fmt.Sprintf(`%s/issues/%d/comments`, root, pullRequest), pulls+"write", func(_ *http.Request, _ string, body json.RawMessage) answer {
			f.comments = append(f.comments, &comment{id: 1000 + len(f.comments), by: "Bot", body: decoded(body, struct{ Body string }{}).Body})
			return answer{201, object{}}
		}),
		on("PATCH", root+`/issues/comments/(\d+)`, pulls+"write", func(_ *http.Request, id string, body json.RawMessage) answer {
			return f.rewrite(id, decoded(body, struct{ Body string }{}).Body)
		}),
	}
}

func (f *forge) rewrite(id, body string) answer {
	for _, one := range f.comments {
		if fmt.Sprint(one.id) != id {
			continue
		}
		// A comment is its author's.
		if one.by != "Bot" {
			return answer{http.StatusForbidden, object{"message": "The comment is somebody else's"}}
		}
		one.body = body
		return answer{200, object{}}
	}
	return answer{404, object{"message": "Not Found"}}
}

// gitLab is GitLab's.
func gitLab(f *forge) []handler {
	const root = `/api/v4/projects/42`
	return []handler{
		on("GET", root+`/issues`, "api: read", func(r *http.Request, _ string, _ json.RawMessage) answer {
			found := []object{}
			for _, one := range f.issues {
				if one.open && r.URL.Query().Get("state") == "opened" && slices.Contains(one.labels, r.URL.Query().Get("labels")) {
					found = append(found, object{"iid": one.number})
				}
			}
			return answer{200, found}
		}),
		on("POST", root+`/issues`, "api: write", func(_ *http.Request, _ string, body json.RawMessage) answer {
			made := decoded(body, struct{ Title, Description, Labels string }{})
			one := f.add(&issue{title: made.Title, body: made.Description, labels: strings.Split(made.Labels, ",")})
			return answer{201, object{"iid": one.number}}
		}),
		on("PUT", root+`/issues/(\d+)`, "api: write", func(_ *http.Request, number string, body json.RawMessage) answer {
			one := f.find(number)
			if one == nil {
				return answer{404, object{"message": "404 Not found"}}
			}
			changed := decoded(body, struct {
				Description string
				StateEvent  string `json:"state_event"`
			}{Description: one.body})
			one.body, one.open = changed.Description, changed.StateEvent != "close"
			return answer{200, object{}}
		}),
		on("POST", root+`/issues/(\d+)/notes`, "api: write", func(_ *http.Request, number string, body json.RawMessage) answer {
			one := f.find(number)
			one.said = append(one.said, decoded(body, struct{ Body string }{}).Body)
			return answer{201, object{}}
		}),
	}
}

// azureDevOps is Azure DevOps'.
func azureDevOps(f *forge) []handler {
	const (
		root    = `/contoso/mfa-project/_apis`
		threads = root + `/git/repositories/mfa-repository/pullRequests/7/threads`
	)
	type field struct{ Op, Path, Value string }
	set := func(one *issue, body json.RawMessage) answer {
		for _, change := range decoded(body, []field{}) {
			switch change.Path {
			case "/fields/System.Title":
				one.title = change.Value
			case "/fields/System.Description":
				one.body = change.Value
			case "/fields/System.Tags":
				one.labels = strings.Split(change.Value, "; ")
			case "/fields/System.State":
				one.open = change.Value != closedState
			case "/fields/System.History":
				one.said = append(one.said, change.Value)
			default:
				return answer{400, object{"message": "TF51535: Cannot find field " + change.Path}}
			}
		}
		return answer{200, object{"id": one.number}}
	}
	tag, state := regexp.MustCompile(`\[System\.Tags\] CONTAINS '([^']*)'`), regexp.MustCompile(`\[System\.State\] <> '([^']*)'`)
	return []handler{
		on("POST", root+`/wit/wiql`, "work items: read", func(_ *http.Request, _ string, body json.RawMessage) answer {
			query := decoded(body, struct{ Query string }{}).Query
			wanted, unless := tag.FindStringSubmatch(query), state.FindStringSubmatch(query)
			if wanted == nil || unless == nil || unless[1] != closedState {
				return answer{400, object{"message": "TF51005: The query is not understood: " + query}}
			}
			found := []object{}
			for _, one := range f.issues {
				if one.open && slices.Contains(one.labels, wanted[1]) {
					found = append(found, object{"id": one.number})
				}
			}
			return answer{200, object{"workItems": found}}
		}),
		on("POST", root+`/wit/workitems/\$Issue`, "work items: write", func(r *http.Request, _ string, body json.RawMessage) answer {
			if r.Header.Get("Content-Type") != "application/json-patch+json" {
				return answer{415, object{"message": "TF400898: " + r.Header.Get("Content-Type")}}
			}
			return set(f.add(&issue{}), body)
		}),
		on("PATCH", root+`/wit/workitems/(\d+)`, "work items: write", func(_ *http.Request, number string, body json.RawMessage) answer {
			one := f.find(number)
			if one == nil {
				return answer{404, object{"message": "TF401232: Work item " + number + " does not exist"}}
			}
			return set(one, body)
		}),
		on("GET", threads, "pull requests: read", func(*http.Request, string, json.RawMessage) answer {
			found := []object{}
			for _, one := range f.comments {
				// A thread about the state of the pull request has a comment without content.
				found = append(found, object{"id": one.id, "comments": []object{{"id": 1, "content": one.body}, {"id": 2}}})
			}
			return answer{200, object{"value": found}}
		}),
		on("POST", threads, "pull requests: write", func(_ *http.Request, _ string, body json.RawMessage) answer {
			made := decoded(body, struct {
				Status   string
				Comments []struct{ Content string }
			}{})
			if made.Status != "closed" || len(made.Comments) != 1 {
				return answer{400, object{"message": "TF400813"}}
			}
			f.comments = append(f.comments, &comment{id: 1000 + len(f.comments), by: "Bot", body: made.Comments[0].Content})
			return answer{200, object{}}
		}),
		on("PATCH", threads+`/(\d+)/comments/1`, "pull requests: write", func(_ *http.Request, id string, body json.RawMessage) answer {
			return f.rewrite(id, decoded(body, struct{ Content string }{}).Content)
		}),
	}
}

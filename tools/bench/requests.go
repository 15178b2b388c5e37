package main

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"strings"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
)

// requests counts what one run has sent to Graph. Unless it says otherwise, a $batch is one request.
type requests struct {
	// HTTP is all of them.
	HTTP int `json:"http"`
	// ByClass has the batches in a class of their own.
	ByClass map[string]int `json:"byClass"`
	// BatchItems is what the batches held.
	BatchItems   int `json:"batchItems"`
	ReadBatches  int `json:"readBatches"`
	WriteBatches int `json:"writeBatches"`
	// Throttled counts requests and items that were answered with 429.
	Throttled int `json:"throttled"`
	SignIns   int `json:"signIns"`
	// PeakConcurrency is how many were under way at once.
	PeakConcurrency int `json:"peakConcurrency"`
	// UsersAndBatches are those to /users... and $batch.
	UsersAndBatches int `json:"usersAndBatches"`
	// ConditionalAccess counts requests and items, as the limit does.
	ConditionalAccess int `json:"conditionalAccess"`
	// Reads, Writes and Confirmations are those that hold a request to a user: a read of somebody not written yet, a
	// write, and a read of somebody who was written before. A batch that holds two kinds counts as both.
	Reads         int `json:"reads"`
	Writes        int `json:"writes"`
	Confirmations int `json:"confirmations"`
}

// count counts a run by the counters and the log of the emulator. sameUser gives the names of a user, such as object id and
// user principal name, one form.
func count(counters *control.Counters, log []control.Request, sameUser func(key string) string) (requests, error) {
	counted := requests{
		HTTP: counters.Total, ByClass: counters.RequestsByClass, BatchItems: counters.BatchItems,
		ReadBatches: counters.ReadBatches, WriteBatches: counters.WriteBatches, SignIns: counters.Login, PeakConcurrency: counters.PeakConcurrency,
		ConditionalAccess: counters.ByClass[control.ClassConditionalAccess],
	}
	kinds := map[string]*userRequest{} // by the id of the HTTP request
	written := map[string]bool{}
	logged := 0
	for i := range log {
		entry := &log[i]
		if entry.Status == http.StatusTooManyRequests {
			counted.Throttled++
		}
		id := entry.Parent
		if !entry.BatchItem {
			id = entry.RequestID
			logged++
			if toUsersOrBatch(entry.Path) {
				counted.UsersAndBatches++
			}
		}
		key, found := userKey(entry.Path)
		if !found {
			continue
		}
		kind := kinds[id]
		if kind == nil {
			kind = &userRequest{}
			kinds[id] = kind
		}
		switch user := sameUser(key); {
		case entry.Method == http.MethodPatch:
			kind.writes, written[user] = true, true
		case entry.Method != http.MethodGet:
		case written[user]:
			kind.confirms = true
		default:
			kind.reads = true
		}
	}
	if logged != counters.Total {
		return counted, fmt.Errorf("the emulator's log holds %d requests, and its counters say %d", logged, counters.Total)
	}
	for _, kind := range kinds {
		counted.Reads += one(kind.reads)
		counted.Writes += one(kind.writes)
		counted.Confirmations += one(kind.confirms)
	}
	return counted, nil
}

// userRequest says what an HTTP request holds.
type userRequest struct{ reads, writes, confirms bool }

func one(is bool) int {
	if is {
		return 1
	}
	return 0
}

// resource is a path without its version.
func resource(path string) string {
	_, rest, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	return rest
}

func toUsersOrBatch(path string) bool {
	rest := resource(path)
	return rest == "$batch" || rest == "users" || strings.HasPrefix(rest, "users/") || strings.HasPrefix(rest, "users(")
}

// userKey is what stands for the user in users/key... and users('key')...
func userKey(path string) (string, bool) {
	rest, isUser := strings.CutPrefix(resource(path), "users")
	if !isUser || len(rest) < 2 {
		return "", false
	}
	text, _, _ := strings.Cut(rest[1:], "/")
	key, err := url.PathUnescape(text)
	if err != nil {
		return "", false
	}
	switch rest[0] {
	case '/':
		return strings.ToLower(key), true
	case '(':
		key = strings.TrimSuffix(strings.TrimPrefix(key, "'"), "')")
		return strings.ToLower(strings.ReplaceAll(key, "''", "'")), true
	}
	return "", false
}

// worst has the higher of each figure: a bound is to hold in every repetition.
func worst(a, b requests) requests {
	classes := maps.Clone(a.ByClass)
	if classes == nil {
		classes = map[string]int{}
	}
	for class, n := range b.ByClass {
		classes[class] = max(classes[class], n)
	}
	return requests{
		HTTP: max(a.HTTP, b.HTTP), ByClass: classes, BatchItems: max(a.BatchItems, b.BatchItems),
		ReadBatches: max(a.ReadBatches, b.ReadBatches), WriteBatches: max(a.WriteBatches, b.WriteBatches),
		Throttled: max(a.Throttled, b.Throttled), SignIns: max(a.SignIns, b.SignIns), PeakConcurrency: max(a.PeakConcurrency, b.PeakConcurrency),
		UsersAndBatches: max(a.UsersAndBatches, b.UsersAndBatches), ConditionalAccess: max(a.ConditionalAccess, b.ConditionalAccess),
		Reads: max(a.Reads, b.Reads), Writes: max(a.Writes, b.Writes), Confirmations: max(a.Confirmations, b.Confirmations),
	}
}

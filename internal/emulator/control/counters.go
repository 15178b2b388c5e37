package control

import "strings"

// Counters count requests since the start or the last ClearRequests. "Requests" are HTTP requests to Graph, of which a
// $batch is one; "items" are what $batch requests hold.
type Counters struct {
	// Total is the number of Graph HTTP requests: a $batch is one, its items are not in it.
	Total int `json:"total"`
	// BatchItems is the number of items within $batch requests.
	BatchItems int `json:"batchItems"`
	// Login is the number of sign-in requests, discovery included.
	Login int `json:"login"`
	// ByOperation counts Graph requests and items by method and template, such as "PATCH /beta/users/{id}/authentication/requirements".
	ByOperation map[string]int `json:"byOperation"`
	// ByClass counts Graph requests and items by class.
	ByClass map[string]int `json:"byClass"`
	// ByStatus counts Graph requests and items by status; "0" is a connection that was cut.
	ByStatus map[string]int `json:"byStatus"`

	// RequestsByOperation is ByOperation without the items: "POST /beta/$batch" is there, what the batch held is not.
	RequestsByOperation map[string]int `json:"requestsByOperation"`
	// RequestsByClass counts Graph HTTP requests by class; a $batch is one of [ClassBatch], whatever its items are.
	RequestsByClass map[string]int `json:"requestsByClass"`
	// ReadBatches are the $batch requests that held only reads. The POSTs that only ask (getByIds, checkMemberGroups) are reads.
	ReadBatches int `json:"readBatches"`
	// WriteBatches are the $batch requests that held at least one write. Batches that were refused as a whole are in neither.
	WriteBatches int `json:"writeBatches"`
	// ThrottledRequests counts the HTTP requests that were answered with 429, by class, those answered so by a fault included.
	ThrottledRequests map[string]int `json:"throttledRequests"`
	// ThrottledItems counts the items that were answered with 429, by class.
	ThrottledItems map[string]int `json:"throttledItems"`
	// ResourceUnits is what requests and items cost that were not throttled, by class.
	//
	// https://learn.microsoft.com/graph/throttling-limits#identity-and-access-service-limits
	ResourceUnits map[string]int `json:"resourceUnits"`
	// PeakConcurrency is the largest number of Graph HTTP requests that were under way at once.
	PeakConcurrency int `json:"peakConcurrency"`
}

// Requests is the number of HTTP requests, whatever their method and version, for resources with one of the templates:
// Requests("/users", "/users/{id}", "/$batch") are the requests for users and the batches, each batch once.
func (c *Counters) Requests(templates ...string) int {
	wanted := map[string]bool{}
	for _, template := range templates {
		wanted[template] = true
	}
	sum := 0
	for operation, count := range c.RequestsByOperation {
		_, path, _ := strings.Cut(operation, " /")
		if _, template, _ := strings.Cut(path, "/"); wanted["/"+template] {
			sum += count
		}
	}
	return sum
}

package graph

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/graph/transport"
)

// Write carries out a call that changes something, and returns when the service accepted it. out may be nil.
func (c *Client) Write(ctx context.Context, call Call, out any) (Acceptance, error) {
	got, err := c.Exchange(ctx, c.Address(call), call)
	if err == nil {
		err = c.Explain(call, got.Decode(call, out))
	}
	if err != nil {
		return Acceptance{}, err
	}
	return c.Accepted(got.Header), nil
}

// Uncertain reports an error after which nobody knows whether the request was carried out.
func Uncertain(err error) bool {
	var ended *InterruptedError
	if errors.As(err, &ended) {
		return ended.Unknown
	}
	var answer *Error
	if errors.As(err, &answer) {
		return answer.Status >= http.StatusInternalServerError || answer.Status < http.StatusMultipleChoices || answer.Status == http.StatusRequestTimeout
	}
	var connection *transport.ConnectionError
	return errors.As(err, &connection) && (connection.Kind == transport.ConnectionBroken || connection.Kind == transport.ConnectionOversized)
}

// Seen has the ids of the objects of one type that this process has made, and of those that its lists have shown. It tells an object
// that a lost request has made from one that somebody else has. The zero value is empty.
type Seen struct {
	mutex sync.Mutex
	made  map[string]bool
	// listed says which list has shown an object first, and lists how many there were.
	listed map[string]int
	lists  int
}

// Listed records what a list shows.
func (s *Seen) Listed(ids []string) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if s.listed == nil {
		s.listed = map[string]int{}
	}
	s.lists++
	for _, id := range ids {
		if _, known := s.listed[id]; !known {
			s.listed[id] = s.lists
		}
	}
}

// now is the number of the last list.
func (s *Seen) now() int {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return s.lists
}

// listedBy reports whether one of the lists up to that number has shown an object.
func (s *Seen) listedBy(id string, list int) bool {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	first, known := s.listed[id]
	return known && first <= list
}

// claim records an object as made by this process, and reports whether it was not recorded already.
func (s *Seen) claim(id string) bool {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if s.made[id] {
		return false
	}
	if s.made == nil {
		s.made = map[string]bool{}
	}
	s.made[id] = true
	return true
}

// Creation is an object to be made where the service does not tell two alike apart, such as two of one name.
type Creation[T Object[T]] struct {
	// Name is what the object is called in messages: `named location "HQ"`.
	Name string
	// Post sends the request once. An answer without an id is an error of it.
	Post func(ctx context.Context) (T, Acceptance, error)
	// List reads all objects of the type, and reports them to Seen.
	List func(ctx context.Context) ([]T, error)
	Seen *Seen
	// Shows reports whether an object is what the request would have made.
	Shows func(T) bool
}

// UnknownCreationError is a creation of which nobody knows whether the service has carried it out: the answer was lost, and the tenant
// could not be searched for what it would have made.
type UnknownCreationError struct {
	// Name is what the object is called.
	Name string
	// At is when it was asked for.
	At time.Time
	// Err is what became of the request, and SearchErr of the search.
	Err, SearchErr error
}

// Error says what became of the request and of the search.
func (e *UnknownCreationError) Error() string {
	return fmt.Sprintf("%v; whether it was made could not be found out: %v", e.Err, e.SearchErr)
}

// Unwrap returns both errors.
func (e *UnknownCreationError) Unwrap() []error { return []error{e.Err, e.SearchErr} }

// Once is a context in which a request is repeated only where it was throttled: only throttling is certain to have made nothing.
func (c *Client) Once(ctx context.Context) context.Context {
	once := c.Retry
	once.ShouldRetry = func(response *http.Response, err error) bool {
		return err == nil && response.StatusCode == http.StatusTooManyRequests
	}
	return policy.WithRetryOptions(ctx, once)
}

// CreateOnce makes an object and returns it as soon as the service has accepted it, before any replica shows it. A request whose
// answer was lost is not simply sent again: CreateOnce searches for what it would have made, and sends it again only where there is
// none. It gives up after three requests.
func CreateOnce[T Object[T]](ctx context.Context, c *Client, creation Creation[T]) (T, Acceptance, error) {
	var none T
	began, listed := c.Clock.Now(), creation.Seen.now()
	const tries = 3
	for try := 1; ; try++ {
		made, accepted, err := creation.Post(c.Once(ctx))
		if err == nil {
			creation.Seen.claim(made.ObjectID())
			return made, accepted, nil
		}
		if !Uncertain(err) {
			return none, Acceptance{}, err
		}
		found, ok, searchErr := creation.search(ctx, c, began, listed)
		if searchErr != nil {
			return none, Acceptance{}, &UnknownCreationError{Name: creation.Name, At: began, Err: err, SearchErr: searchErr}
		}
		if ok {
			created, _ := found.Times()
			return found, Acceptance{At: c.Clock.Now().UTC(), ServiceTime: created.UTC()}, nil
		}
		if try == tries {
			return none, Acceptance{}, err
		}
	}
}

// search looks for the object that a lost request has made, for as long as replicas may hide it. One that another request of this
// process has made, or that one of the lists before the request has shown, is somebody else's, however alike: it may be that of a
// resource of the same configuration, from the run before.
func (creation Creation[T]) search(ctx context.Context, c *Client, began time.Time, listed int) (found T, ok bool, err error) {
	// Clocks differ between here and there.
	const clockSkew = 5 * time.Minute
	err = c.Until(ctx, c.consistency.NewObject, func() (bool, error) {
		objects, err := creation.List(ctx)
		if err != nil {
			return true, err
		}
		for _, object := range objects {
			created, _ := object.Times()
			if creation.Shows(object) && created != nil && created.After(began.Add(-clockSkew)) &&
				!creation.Seen.listedBy(object.ObjectID(), listed) && creation.Seen.claim(object.ObjectID()) {
				found, ok = object, true
				break
			}
		}
		return ok, nil
	})
	return found, ok, err
}

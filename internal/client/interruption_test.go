package client

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/clienttest"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/graph"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/mfa"
)

// errTimeIsOver is the cause that whoever bounds an operation gives.
var errTimeIsOver = errors.New("the time is over")

func wantInterrupted(t *testing.T, err error, want graph.InterruptedError) {
	t.Helper()
	var ended *graph.InterruptedError
	if !errors.As(err, &ended) {
		t.Fatalf("the error is %v", err)
	}
	if !strings.HasPrefix(ended.Operation, want.Operation) || !strings.HasPrefix(ended.Doing, want.Doing) || ended.Write != want.Write || ended.Unknown != want.Unknown {
		t.Errorf("interrupted was %+v, want %+v", *ended, want)
	}
	if !errors.Is(err, errTimeIsOver) {
		t.Errorf("the error %v does not say why", err)
	}
}

// hanging is a server that answers when it is released, and tells of each request.
func hanging(t *testing.T, answer func(w http.ResponseWriter)) (service *clienttest.Recorder, came <-chan struct{}, release func()) {
	t.Helper()
	arrived, released := make(chan struct{}, 10), make(chan struct{})
	service = clienttest.NewRecorder(t, func(w http.ResponseWriter, r *http.Request, _ int) {
		arrived <- struct{}{}
		select {
		case <-released:
			answer(w)
		case <-r.Context().Done():
		}
	})
	release = sync.OnceFunc(func() { close(released) })
	t.Cleanup(release)
	return service, arrived, release
}

func TestTheAnswerToAWriteThatHasLeftIsWaitedFor(t *testing.T) {
	t.Parallel()
	service, came, release := hanging(t, func(w http.ResponseWriter) { clienttest.Reply(w, 201, locationJSON(office)) })
	c, _, _ := newTestClient(t, service, nil)
	ctx, end := context.WithCancelCause(t.Context())
	done := make(chan error, 1)
	go func() {
		made, _, err := c.CreateNamedLocation(ctx, office)
		if err == nil && made.ID != office.ID {
			err = errors.New("made is " + made.ID)
		}
		done <- err
	}()
	<-came
	end(errTimeIsOver)
	release()
	if err := <-done; err != nil {
		t.Errorf("what was made is lost: %v", err)
	}

	// The controls: a read ends at once, and what has not left does not leave any more.
	service, came, _ = hanging(t, nil)
	c, _, _ = newTestClient(t, service, nil)
	ctx, end = context.WithCancelCause(t.Context())
	go func() {
		_, err := c.GetNamedLocation(ctx, office.ID)
		done <- err
	}()
	<-came
	end(errTimeIsOver)
	wantInterrupted(t, <-done, graph.InterruptedError{Operation: "read named location", Doing: graph.DoingAnswer})
	_, _, err := c.CreateNamedLocation(ctx, office)
	wantInterrupted(t, err, graph.InterruptedError{Operation: "create named location", Write: true})
	if n := len(service.All()); n != 1 {
		t.Errorf("%d requests, want 1", n)
	}
}

func TestTheAnswerToAWriteIsNotWaitedForWithoutEnd(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		do   func(ctx context.Context, c *Client) error
		want graph.InterruptedError
	}{
		"a new location": {
			func(ctx context.Context, c *Client) error {
				_, _, err := c.CreateNamedLocation(ctx, office)
				return err
			},
			graph.InterruptedError{Operation: "create named location", Doing: graph.DoingAnswer, Write: true, Unknown: true},
		},
		"a state": {
			func(ctx context.Context, c *Client) error { return c.putUserMFAState(ctx, adele, mfa.Enabled) },
			graph.InterruptedError{Operation: "set the per-user MFA state", Doing: graph.DoingAnswer, Write: true, Unknown: true},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			service, came, _ := hanging(t, nil)
			client, _, _ := newTestClient(t, service, func(o *graph.Options) { o.AnswerGrace = time.Millisecond })
			ctx, end := context.WithCancelCause(t.Context())
			done := make(chan error, 1)
			go func() { done <- c.do(ctx, client) }()
			<-came
			end(errTimeIsOver)
			err := <-done
			wantInterrupted(t, err, c.want)
			var creation *graph.UnknownCreationError
			if errors.As(err, &creation) != (name == "a new location") {
				t.Errorf("the error is %#v", err)
			}
		})
	}
}

func TestARefusedWriteIsNotRepeatedAfterTheEnd(t *testing.T) {
	t.Parallel()
	for status, unknown := range map[int]bool{http.StatusTooManyRequests: false, http.StatusServiceUnavailable: true} {
		service, came, release := hanging(t, func(w http.ResponseWriter) { clienttest.GraphError(w, status, "busy") })
		c, _, _ := newTestClient(t, service, func(o *graph.Options) { o.Retry.RetryDelay, o.Retry.MaxRetryDelay = time.Hour, time.Hour })
		ctx, end := context.WithCancelCause(t.Context())
		done := make(chan error, 1)
		go func() {
			_, err := c.patchNamedLocation(ctx, office.ID, "change it", office.wire())
			done <- err
		}()
		<-came
		end(errTimeIsOver)
		release()
		wantInterrupted(t, <-done, graph.InterruptedError{Operation: "change it", Doing: "waiting to repeat a request that Microsoft Graph answered with HTTP", Write: true, Unknown: unknown})
		if n := len(service.All()); n != 1 {
			t.Errorf("HTTP %d: %d requests, want 1", status, n)
		}
	}
}

func TestTheAnswersToABatchOfWritesAreWaitedFor(t *testing.T) {
	t.Parallel()
	const writes, refusedOne = graph.EagerFlights + graph.MaxBatchItems, 5
	came, released := make(chan struct{}), make(chan struct{})
	g := clienttest.NewScriptedGraph(t, func(r clienttest.BatchItem, _ int) clienttest.ScriptedAnswer {
		// The first ones leave alone, and are answered after the batch.
		<-released
		if r.URL == clienttest.NumberedURL(refusedOne) {
			return clienttest.Refused(http.StatusTooManyRequests, "busy")
		}
		return clienttest.OwnState(r)
	}, func(http.ResponseWriter, *http.Request, []clienttest.BatchItem, int) bool {
		close(came)
		<-released
		return false
	})
	c, _, _ := newTestClient(t, g.Recorder, nil)
	ctx, end := context.WithCancelCause(t.Context())
	outcomes := make([]error, writes)
	var all sync.WaitGroup
	for n := range writes {
		all.Go(func() { outcomes[n] = c.putUserMFAState(ctx, numbered(n), mfa.Enabled) })
	}
	<-came
	end(errTimeIsOver)
	close(released)
	all.Wait()
	for n, err := range outcomes {
		if n == refusedOne {
			wantInterrupted(t, err, graph.InterruptedError{Operation: "set the per-user MFA state", Doing: "waiting to repeat", Write: true})
		} else if err != nil {
			t.Errorf("write %d was answered, and its error is %v", n, err)
		}
	}
}

func TestNobodyWaitsForAListToEnterAWrite(t *testing.T) {
	t.Parallel()
	list := listOf(office)
	service, came, release := hanging(t, func(w http.ResponseWriter) { list(w) })
	c, _, _ := newTestClient(t, service, nil)
	view := c.NewNamedLocations()
	done := make(chan error, 1)
	go func() {
		found, err := view.All(t.Context())
		if err == nil && len(found) != 2 {
			err = errors.New("the list does not have the new location")
		}
		done <- err
	}()
	<-came
	branch := office
	branch.ID = "22222222-2222-4222-8222-222222222222"
	view.Record(branch.ID, &branch, nil)
	// Nobody knows what became of this one, so a list that was asked for before is none to go by.
	view.Record("33333333-3333-4333-8333-333333333333", nil, errors.New("the connection broke"))
	release()
	if err := <-done; err != nil {
		t.Error(err)
	}
	if n := len(service.All()); n != 2 {
		t.Errorf("%d lists were read, want 2", n)
	}
}

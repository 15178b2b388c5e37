package client

import (
	"strings"
	"sync"
	"time"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/mfa"
)

// ownStates remembers which per-user states this process has written, because replicas answer with the state of before for a
// while: a person whom one resource has let go of is given back by another one of the same run whatever a replica says.
type ownStates struct {
	mutex sync.Mutex
	// written is by object id in lower case.
	written map[string]writtenState
}

type writtenState struct {
	state mfa.State
	at    time.Time
}

// note takes note of a write that is about to leave.
func (o *ownStates) note(userID string, state mfa.State, now time.Time) {
	o.mutex.Lock()
	defer o.mutex.Unlock()
	if o.written == nil {
		o.written = map[string]writtenState{}
	}
	o.written[strings.ToLower(userID)] = writtenState{state: state, at: now}
}

// disabled reports whether the last write of this process to a user was disabled, no longer ago than replicas may lag.
func (o *ownStates) disabled(userID string, now time.Time, lag time.Duration) bool {
	o.mutex.Lock()
	defer o.mutex.Unlock()
	last, ok := o.written[strings.ToLower(userID)]
	return ok && last.state == mfa.Disabled && now.Sub(last.at) < lag
}

// forget leaves out a write that was refused.
func (o *ownStates) forget(userID string) {
	o.mutex.Lock()
	defer o.mutex.Unlock()
	delete(o.written, strings.ToLower(userID))
}

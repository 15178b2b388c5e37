package peruser

import (
	"context"
	"slices"
	"strings"
	"sync"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/resourcekit"
)

// Terraform has ten resources read at a time and does not say which come next. So each instance keeps the ids of a few
// other users in its private state, and the user who is read first names those to read ahead. adr/0001-read-ahead.md says why.

// hintsKey is the key of the hints in the private state.
const hintsKey = "read_ahead"

// Bounds for writing hints in a read, which makes a new version of the state although nothing has changed: an instance that
// is imported, or was the first of its run, gets hints once, from a run that knows many users.
const (
	fewHints  = client.MaxUserHints / 4
	manyHints = client.MaxUserHints / 2
)

// recentUsers are the users of this resource that the run has come across last.
type recentUsers struct {
	mutex sync.Mutex
	// ids are in lower case, the last one at the end.
	ids []string
}

// note takes note of a user.
func (r *recentUsers) note(id string) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	r.remove(id)
	r.ids = append(r.ids, strings.ToLower(id))
	// One more than an instance keeps, because it does not keep its own.
	if len(r.ids) > client.MaxUserHints+1 {
		r.ids = slices.Delete(r.ids, 0, 1)
	}
}

// forget leaves out a user who is not managed any more.
func (r *recentUsers) forget(id string) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	r.remove(id)
}

func (r *recentUsers) remove(id string) {
	r.ids = slices.DeleteFunc(r.ids, func(known string) bool { return strings.EqualFold(known, id) })
}

// hints are all but one, the last one first, and after them those of the older hints that are not among them.
func (r *recentUsers) hints(id string, older []string) []string {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	all := slices.Clone(r.ids)
	slices.Reverse(all)
	for _, hint := range older {
		if !slices.Contains(all, hint) {
			all = append(all, hint)
		}
	}
	all = slices.DeleteFunc(all, func(hint string) bool { return strings.EqualFold(hint, id) })
	return all[:min(len(all), client.MaxUserHints)]
}

// readHints returns the hints of an instance.
func readHints(ctx context.Context, private resourcekit.PrivateState, diags *diag.Diagnostics) []string {
	return client.DecodeUserHints(resourcekit.KeptValue(ctx, private, hintsKey, diags))
}

// keepHints gives an instance that is written the users of its run, and keeps as many of its older hints as there is room.
func (r *recentUsers) keepHints(ctx context.Context, id string, private resourcekit.PrivateState, diags *diag.Diagnostics) {
	r.note(id)
	hints := r.hints(id, readHints(ctx, private, diags))
	resourcekit.KeepValue(ctx, private, hintsKey, client.EncodeUserHints(hints), diags)
}

// completeHints gives an instance that is read hints where it has nearly none.
func (r *recentUsers) completeHints(ctx context.Context, id string, have []string, private resourcekit.PrivateState, diags *diag.Diagnostics) {
	r.note(id)
	if len(have) >= fewHints {
		return
	}
	if hints := r.hints(id, have); len(hints) >= manyHints {
		resourcekit.KeepValue(ctx, private, hintsKey, client.EncodeUserHints(hints), diags)
	}
}

package locations

import (
	"fmt"
	"strings"
	"sync"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
)

// owners are the locations that resources of a run manage: as a whole, or a range at a time. The resource that is planned second learns of the
// conflict, because Terraform plans resources in any order.
type owners struct {
	mutex sync.Mutex
	// whole and part are by the id of the location, in lower case.
	whole, part map[string]bool
}

// manage records what a resource manages, and refuses a location that is managed both as a whole and by ranges.
func (o *owners) manage(id string, whole bool, at path.Path, diags *diag.Diagnostics) {
	if id == "" {
		return
	}
	o.mutex.Lock()
	defer o.mutex.Unlock()
	if o.whole == nil {
		o.whole, o.part = map[string]bool{}, map[string]bool{}
	}
	key := strings.ToLower(id)
	mine, theirs := o.whole, o.part
	if !whole {
		mine, theirs = o.part, o.whole
	}
	mine[key] = true
	if theirs[key] {
		diags.AddAttributeError(at, "A location is managed as a whole and by single ranges",
			fmt.Sprintf("An entramfa_trusted_ips of this run manages all ranges of the location %s, and an entramfa_trusted_ip_range one of them. Each would undo what the other "+
				"writes.\n\nPut the range into ip_ranges of entramfa_trusted_ips. Or manage every range by an entramfa_trusted_ip_range, and take entramfa_trusted_ips "+
				"out of the state by a removed block with destroy = false.", id))
	}
}

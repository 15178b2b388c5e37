package peruser

import (
	"context"
	"strings"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client"
)

// isUserGone is IsGone for a user.
func (d *run) isUserGone(ctx context.Context, id string) bool {
	return d.IsGone(id, func() (bool, error) {
		_, err := d.Client.FindUser(ctx, id, d.Client.Consistency().Missing)
		if client.IsNotFound(err) {
			return true, nil
		}
		return false, err
	})
}

// withoutGone leaves out the users who are gone. Those at whom the run has not looked are looked up together.
func (d *run) withoutGone(ctx context.Context, users managedUsers) managedUsers {
	if !d.Ready() {
		return users
	}
	var unknown []string
	for _, user := range users {
		if _, known := d.Gone.Find(user.id); !known {
			unknown = append(unknown, user.id)
		}
	}
	if len(unknown) > 0 {
		if found, err := d.Client.GetDirectoryObjects(ctx, unknown, d.Client.Consistency().Missing); err == nil {
			for _, id := range unknown {
				_, there := found[strings.ToLower(id)]
				d.Gone.Note(id, !there)
			}
		}
	}
	var left managedUsers
	for _, user := range users {
		if gone, _ := d.Gone.Find(user.id); !gone {
			left = append(left, user)
		}
	}
	return left
}

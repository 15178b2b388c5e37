package client

import (
	"context"
	"encoding/json"
	"time"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/graph"
)

// CampaignWrite is a write of the campaign. A run keeps it for a later one, as an Acceptance.
type CampaignWrite struct {
	graph.Acceptance
	// Modified is when the policy was changed by it, as the service says; the zero time where it did not say.
	Modified time.Time `json:"modified"`
}

// JSON is the write as it is kept.
func (w CampaignWrite) JSON() []byte {
	text, err := json.Marshal(w)
	if err != nil {
		// A year beyond 9999; nobody waits for such a write.
		return []byte("{}")
	}
	return text
}

// ReadCampaignWrite reads what was kept. What cannot be read counts as no write.
func ReadCampaignWrite(text []byte) CampaignWrite {
	var w CampaignWrite
	if json.Unmarshal(text, &w) != nil {
		return CampaignWrite{}
	}
	return w
}

// mayHide reports whether an answer may come from before the write: it is older, or does not say how old it is.
func (w CampaignWrite) mayHide(found foundCampaign) bool {
	if w.Modified.IsZero() || found.modified.IsZero() {
		return !w.Before(&found.modified)
	}
	return found.modified.Before(w.Modified)
}

// GetRegistrationCampaign reads the campaign. It needs Policy.Read.All. Where the cloud has none the error is a
// *NoCampaignError.
//
// Source: https://learn.microsoft.com/graph/api/authenticationmethodspolicy-get?view=graph-rest-beta
func (c *Client) GetRegistrationCampaign(ctx context.Context) (RegistrationCampaign, error) {
	read, err := c.readCampaign(ctx)
	return read.RegistrationCampaign, err
}

// LatestRegistrationCampaign is GetRegistrationCampaign for a caller who keeps or writes what it reads: it asks twice, and of
// different answers takes the one that was changed last. What neither answer shows cannot be known.
func (c *Client) LatestRegistrationCampaign(ctx context.Context) (RegistrationCampaign, error) {
	read, err := c.latestCampaign(ctx)
	return read.RegistrationCampaign, err
}

// ObserveRegistrationCampaign reads the campaign and believes one that differs from the expected one only once it has
// lasted, as ObserveUserMFAState does. Written is the write that made the campaign the expected one; the zero value is none.
func (c *Client) ObserveRegistrationCampaign(ctx context.Context, expected RegistrationCampaign, written CampaignWrite) (RegistrationCampaign, error) {
	found, err := c.settledCampaign(ctx, expected, written)
	return found.RegistrationCampaign, err
}

// latestCampaign reads twice and returns the answer that was changed last. An answer without a time is taken as it is.
func (c *Client) latestCampaign(ctx context.Context) (foundCampaign, error) {
	found, err := c.readCampaign(ctx)
	if err != nil {
		return found, err
	}
	return c.orNewer(ctx, found)
}

// orNewer returns the answer of another read where that is newer.
func (c *Client) orNewer(ctx context.Context, found foundCampaign) (foundCampaign, error) {
	if found.modified.IsZero() {
		return found, nil
	}
	again, err := c.readCampaign(ctx)
	if err != nil || again.modified.Before(found.modified) {
		return found, err
	}
	return again, nil
}

// settledCampaign reads the campaign. One that differs from the expected one is believed once it has lasted; one that may come
// from before the write that made the campaign the expected one, once no replica is expected to answer so.
func (c *Client) settledCampaign(ctx context.Context, expected RegistrationCampaign, written CampaignWrite) (found foundCampaign, err error) {
	read := func() (bool, error) {
		next, err := c.readCampaign(ctx)
		if err != nil {
			return true, err
		}
		// An answer that is older than one before it says nothing new.
		if next.modified.IsZero() || !next.modified.Before(found.modified) {
			found = next
		}
		return found.Satisfies(expected), nil
	}
	if err := c.graph.Until(ctx, c.graph.Consistency().Drift, read); err != nil || found.Satisfies(expected) {
		return found, err
	}
	now := c.graph.Clock.Now()
	settled := written.SettledAt(now, c.graph.Consistency().Timeout)
	if settled.IsZero() || !written.mayHide(found) {
		return found, nil
	}
	err = c.graph.Until(ctx, settled.Sub(now), func() (bool, error) {
		done, err := read()
		return done || !written.mayHide(found), err
	})
	return found, err
}

// presentCampaign reads the campaign before a change of it. An answer that is as expected is compared with a second one, because
// it could come from before a change that another replica shows already.
func (c *Client) presentCampaign(ctx context.Context, options CampaignOptions) (foundCampaign, error) {
	known, written := options.Known, options.Written
	if c.campaign.written != nil {
		known, written = c.campaign.written, c.campaign.write
	}
	if known == nil {
		return c.latestCampaign(ctx)
	}
	found, err := c.settledCampaign(ctx, *known, written)
	if err != nil || !found.Satisfies(*known) {
		return found, err
	}
	return c.orNewer(ctx, found)
}

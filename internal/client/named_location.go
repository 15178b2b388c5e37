package client

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
)

// Kinds of named locations and of their ranges. They have to be said in every request.
const (
	typeIPNamedLocation = "#microsoft.graph.ipNamedLocation"
	typeIPv4Range       = "#microsoft.graph.iPv4CidrRange"
	typeIPv6Range       = "#microsoft.graph.iPv6CidrRange"
)

// Conditional Access objects take two permissions to write.
//
// Source: https://learn.microsoft.com/graph/api/conditionalaccessroot-post-namedlocations
const permissionWriteConditionalAccess = "Policy.ReadWrite.ConditionalAccess (with Policy.Read.All)"

// NamedLocation is a named location of Conditional Access.
//
// Source: https://learn.microsoft.com/graph/api/resources/ipnamedlocation
type NamedLocation struct {
	ID          string
	DisplayName string
	// IsIP tells a location of IP ranges from one of countries; what follows is set for the former only.
	IsIP bool
	// IsTrusted says that Conditional Access may treat requests from here as coming from a trusted network.
	IsTrusted bool
	// Ranges are the CIDRs as the service has them: it echoes what was sent, host bits and long IPv6 forms included.
	Ranges []string
	// Created and Modified are nil where the service does not say.
	Created, Modified *time.Time
}

// IPRanges are the ranges as what they cover. A range that cannot be read is left out.
func (l NamedLocation) IPRanges() []IPRange {
	ranges := make([]IPRange, 0, len(l.Ranges))
	for _, text := range l.Ranges {
		if prefix, err := parsePrefix(text); err == nil {
			ranges = append(ranges, IPRange{prefix.Masked()})
		}
	}
	return ranges
}

type cidrRange struct {
	ODataType string `json:"@odata.type"`
	CIDR      string `json:"cidrAddress"`
}

type namedLocation struct {
	ODataType   string      `json:"@odata.type"`
	ID          string      `json:"id,omitempty"`
	DisplayName string      `json:"displayName,omitempty"`
	IsTrusted   *bool       `json:"isTrusted,omitempty"`
	IPRanges    []cidrRange `json:"ipRanges,omitempty"`
	Created     *time.Time  `json:"createdDateTime,omitempty"`
	Modified    *time.Time  `json:"modifiedDateTime,omitempty"`
}

func (l namedLocation) location() NamedLocation {
	location := NamedLocation{
		ID: l.ID, DisplayName: l.DisplayName, IsIP: strings.EqualFold(l.ODataType, typeIPNamedLocation),
		IsTrusted: l.IsTrusted != nil && *l.IsTrusted, Created: l.Created, Modified: l.Modified,
	}
	for _, r := range l.IPRanges {
		location.Ranges = append(location.Ranges, r.CIDR)
	}
	return location
}

func (l NamedLocation) wire() namedLocation {
	wire := namedLocation{ODataType: typeIPNamedLocation, DisplayName: l.DisplayName, IsTrusted: &l.IsTrusted}
	for _, text := range l.Ranges {
		kind := typeIPv4Range
		if strings.Contains(text, ":") {
			kind = typeIPv6Range
		}
		// The service wants a prefix length, also of a single address.
		if !strings.Contains(text, "/") {
			if prefix, err := parsePrefix(text); err == nil {
				text = prefix.String()
			}
		}
		wire.IPRanges = append(wire.IPRanges, cidrRange{kind, text})
	}
	return wire
}

// shows reports whether the location is an IP location with the same name, trust and ranges.
func (l NamedLocation) shows(wanted NamedLocation) bool {
	return l.IsIP && l.DisplayName == wanted.DisplayName && l.IsTrusted == wanted.IsTrusted && SameIPRanges(l.IPRanges(), wanted.IPRanges())
}

const namedLocationsPath = "/identity/conditionalAccess/namedLocations"

func namedLocationPath(id string) string { return namedLocationsPath + "/" + url.PathEscape(id) }

// ListNamedLocations reads all named locations of the tenant, those of countries included. It needs Policy.Read.All.
//
// Source: https://learn.microsoft.com/graph/api/conditionalaccessroot-list-namedlocations
func (c *Client) ListNamedLocations(ctx context.Context) ([]NamedLocation, error) {
	found, err := list[namedLocation](ctx, c, call{
		operation:   "list the named locations",
		permissions: []string{permissionReadState},
		method:      http.MethodGet,
		version:     v1,
		path:        namedLocationsPath,
	})
	locations := make([]NamedLocation, 0, len(found))
	for _, location := range found {
		locations = append(locations, location.location())
	}
	return locations, err
}

// GetNamedLocation reads a named location. IsNotFound is true of the error where there is none.
//
// Source: https://learn.microsoft.com/graph/api/namedlocation-get
func (c *Client) GetNamedLocation(ctx context.Context, id string) (NamedLocation, error) {
	var found namedLocation
	operation := fmt.Sprintf("read named location %q", id)
	err := c.send(ctx, call{
		operation:   operation,
		permissions: []string{permissionReadState},
		method:      http.MethodGet,
		version:     v1,
		path:        namedLocationPath(id),
	}, &found)
	if err == nil && found.ID == "" {
		return NamedLocation{}, &Error{Operation: operation, Status: http.StatusOK, Message: "the answer names no id"}
	}
	return found.location(), err
}

// ObserveNamedLocation reads a named location and believes a 404, or content that differs from the expected one, only once
// it has lasted: for some time after a write, replicas answer with old and new by turns.
func (c *Client) ObserveNamedLocation(ctx context.Context, expected NamedLocation) (NamedLocation, error) {
	var location NamedLocation
	began := c.clock.Now()
	err := c.until(ctx, c.consistency.Missing, func() (bool, error) {
		var err error
		location, err = c.GetNamedLocation(ctx, expected.ID)
		if IsNotFound(err) {
			return false, err
		}
		// A difference is believed sooner than that everything is gone.
		return err != nil || location.shows(expected) || c.clock.Now().Sub(began) >= c.consistency.Drift, err
	})
	return location, err
}

// CreateNamedLocation makes an IP named location and returns it with its id as soon as the service has accepted it, before
// any replica shows it. Names are not unique: a request whose answer was lost is not simply sent again, but looked for by
// what it would have made.
//
// Source: https://learn.microsoft.com/graph/api/conditionalaccessroot-post-namedlocations
func (c *Client) CreateNamedLocation(ctx context.Context, wanted NamedLocation) (NamedLocation, error) {
	began := c.clock.Now()
	// Only throttling is certain to have made nothing.
	once := c.retry
	once.ShouldRetry = func(response *http.Response, err error) bool {
		return err == nil && response.StatusCode == http.StatusTooManyRequests
	}
	operation := fmt.Sprintf("create named location %q", wanted.DisplayName)
	const tries = 3
	for try := 1; ; try++ {
		var made namedLocation
		err := c.send(policy.WithRetryOptions(ctx, once), call{
			operation:   operation,
			permissions: []string{permissionWriteConditionalAccess},
			method:      http.MethodPost,
			version:     v1,
			path:        namedLocationsPath,
			body:        wanted.wire(),
		}, &made)
		if err == nil && made.ID != "" {
			return made.location(), nil
		}
		if err == nil {
			err = &Error{Operation: operation, Status: http.StatusCreated, Message: "the answer names no id"}
		}
		if !uncertain(err) || ctx.Err() != nil {
			return NamedLocation{}, err
		}
		if found, ok, searchErr := c.findCreated(ctx, wanted, began); searchErr != nil {
			return NamedLocation{}, fmt.Errorf("%w; whether it was made could not be found out: %w", err, searchErr)
		} else if ok {
			return found, nil
		}
		if try == tries {
			return NamedLocation{}, err
		}
	}
}

// uncertain reports an error after which nobody knows whether the request was carried out.
func uncertain(err error) bool {
	var answer *Error
	if errors.As(err, &answer) {
		return answer.Status >= http.StatusInternalServerError || answer.Status < http.StatusMultipleChoices || answer.Status == http.StatusRequestTimeout
	}
	var connection *ConnectionError
	return errors.As(err, &connection) && connection.Kind == ConnectionBroken
}

// findCreated looks for a location that a lost request has made, for as long as replicas may hide it.
func (c *Client) findCreated(ctx context.Context, wanted NamedLocation, began time.Time) (NamedLocation, bool, error) {
	// Clocks differ between here and there.
	const clockSkew = 5 * time.Minute
	var found NamedLocation
	ok := false
	err := c.until(ctx, c.consistency.Missing, func() (bool, error) {
		locations, err := c.ListNamedLocations(ctx)
		if err != nil {
			return true, err
		}
		for _, location := range locations {
			if location.shows(wanted) && location.Created != nil && location.Created.After(began.Add(-clockSkew)) {
				found, ok = location, true
			}
		}
		return ok, nil
	})
	return found, ok, err
}

// AwaitNamedLocation reads until a location shows what was written. What it returns as an error is why that could not be
// seen; the write itself was accepted.
func (c *Client) AwaitNamedLocation(ctx context.Context, wanted NamedLocation) (NamedLocation, error) {
	location := wanted
	err := c.until(ctx, c.consistency.Timeout, func() (bool, error) {
		read, err := c.GetNamedLocation(ctx, wanted.ID)
		switch {
		case IsNotFound(err):
			return false, err
		case err != nil:
			return true, err
		case !read.shows(wanted):
			return false, fmt.Errorf("the service accepted named location %q but does not show it after %s", wanted.DisplayName, c.consistency.Timeout)
		}
		location = read
		return true, nil
	})
	return location, err
}

// UpdateNamedLocation replaces name, trust and the whole list of ranges. It returns when the service has accepted that,
// before any replica shows it.
//
// Source: https://learn.microsoft.com/graph/api/ipnamedlocation-update
func (c *Client) UpdateNamedLocation(ctx context.Context, wanted NamedLocation) error {
	return c.send(ctx, call{
		operation:   fmt.Sprintf("change named location %q (id %s)", wanted.DisplayName, wanted.ID),
		permissions: []string{permissionWriteConditionalAccess},
		method:      http.MethodPatch,
		version:     v1,
		path:        namedLocationPath(wanted.ID),
		body:        wanted.wire(),
	}, nil)
}

// DeleteNamedLocation deletes a location. A trusted one cannot be deleted, so its trust is taken away first, and the
// replicas are given time to see that. The service keeps a deleted location for 30 days. That it is gone already is no
// error.
//
// Source: https://learn.microsoft.com/graph/api/namedlocation-delete
func (c *Client) DeleteNamedLocation(ctx context.Context, location NamedLocation) error {
	present, err := c.GetNamedLocation(ctx, location.ID)
	if IsNotFound(err) {
		return nil
	}
	if err != nil {
		return err
	}
	if present.IsIP && present.IsTrusted {
		present.IsTrusted = false
		if err := c.UpdateNamedLocation(ctx, present); err != nil && !IsNotFound(err) {
			return err
		}
		// A replica that still shows trust may be the one that refuses the deletion.
		if _, err := c.AwaitNamedLocation(ctx, present); err != nil && ctx.Err() != nil {
			return err
		}
	}
	operation := fmt.Sprintf("delete named location %q (id %s)", present.DisplayName, location.ID)
	err = c.send(ctx, call{
		operation:   operation,
		permissions: []string{permissionWriteConditionalAccess},
		method:      http.MethodDelete,
		version:     v1,
		path:        namedLocationPath(location.ID),
	}, nil)
	if IsNotFound(err) {
		return nil
	}
	return err
}

// NamedLocationGone reports whether a location does not exist any more: Graph's own 404, and one that lasts.
func (c *Client) NamedLocationGone(ctx context.Context, id string) (bool, error) {
	err := c.until(ctx, c.consistency.Missing, func() (bool, error) {
		_, err := c.GetNamedLocation(ctx, id)
		return !IsNotFound(err), err
	})
	if IsNotFound(err) {
		return true, nil
	}
	return false, err
}

// ConditionalAccessPolicy is what this client knows of a Conditional Access policy: which locations it is about.
//
// Source: https://learn.microsoft.com/graph/api/resources/conditionalaccesspolicy
type ConditionalAccessPolicy struct {
	ID          string `json:"id"`
	DisplayName string `json:"displayName"`
	// State is enabled, disabled or enabledForReportingButNotEnforced.
	State      string `json:"state"`
	Conditions struct {
		Locations *struct {
			Include []string `json:"includeLocations"`
			Exclude []string `json:"excludeLocations"`
		} `json:"locations"`
	} `json:"conditions"`
}

// AllTrusted stands for all trusted locations in a policy.
const AllTrusted = "AllTrusted"

// RefersTo reports whether the policy names a location by its id.
func (p ConditionalAccessPolicy) RefersTo(id string) bool { return p.names(id) }

// RefersToAllTrusted reports whether the policy is about all trusted locations.
func (p ConditionalAccessPolicy) RefersToAllTrusted() bool { return p.names(AllTrusted) }

func (p ConditionalAccessPolicy) names(location string) bool {
	if p.Conditions.Locations == nil {
		return false
	}
	for _, list := range [][]string{p.Conditions.Locations.Include, p.Conditions.Locations.Exclude} {
		for _, id := range list {
			if strings.EqualFold(id, location) {
				return true
			}
		}
	}
	return false
}

// ListConditionalAccessPolicies reads all Conditional Access policies, every page. It needs Policy.Read.All.
//
// Source: https://learn.microsoft.com/graph/api/conditionalaccessroot-list-policies
func (c *Client) ListConditionalAccessPolicies(ctx context.Context) ([]ConditionalAccessPolicy, error) {
	return list[ConditionalAccessPolicy](ctx, c, call{
		operation:   "list the Conditional Access policies",
		permissions: []string{permissionReadState},
		method:      http.MethodGet,
		version:     v1,
		path:        "/identity/conditionalAccess/policies",
		query:       url.Values{"$select": {"id,displayName,state,conditions"}},
	})
}

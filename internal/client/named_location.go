package client

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"go4.org/netipx"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/conditionalaccess"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/graph"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/iprange"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/redact"
)

// MaxIPNamedLocations is how many IP named locations a tenant holds.
//
// Source: https://learn.microsoft.com/entra/identity/conditional-access/concept-assignment-network
const MaxIPNamedLocations = 195

// Kinds of named locations and of their ranges. They have to be said in every request.
const (
	typeIPNamedLocation      = "#microsoft.graph.ipNamedLocation"
	typeCountryNamedLocation = "#microsoft.graph.countryNamedLocation"
	typeIPv4Range            = "#microsoft.graph.iPv4CidrRange"
	typeIPv6Range            = "#microsoft.graph.iPv6CidrRange"
)

// Conditional Access objects take two permissions to write.
//
// Source: https://learn.microsoft.com/graph/api/conditionalaccessroot-post-namedlocations
const permissionWriteConditionalAccess = "Policy.ReadWrite.ConditionalAccess (with Policy.Read.All)"

// NamedLocation is a named location of Conditional Access.
//
// Sources: https://learn.microsoft.com/graph/api/resources/ipnamedlocation,
// https://learn.microsoft.com/graph/api/resources/countrynamedlocation
type NamedLocation struct {
	ID          string
	DisplayName string
	// Kind is the type without Graph's prefix, KindIPNamedLocation or KindCountryNamedLocation; empty is the former.
	Kind string
	// IsTrusted, of IP ranges, says that Conditional Access may treat requests from here as coming from a trusted network.
	IsTrusted bool
	// Ranges are the CIDRs as the service has them: it echoes what was sent, host bits and long IPv6 forms included.
	Ranges []string
	// Countries are those of a country location, ISO 3166-1 alpha-2 codes in upper case. IncludeUnknown says that addresses of no known
	// country belong to it, and LookupMethod how a country is found: LookupClientIPAddress or LookupAuthenticatorAppGPS.
	Countries      []string
	IncludeUnknown bool
	LookupMethod   string
	// Created and Modified are nil where the service does not say.
	Created, Modified *time.Time
}

// Kinds of named locations.
const (
	KindIPNamedLocation      = "ipNamedLocation"
	KindCountryNamedLocation = "countryNamedLocation"
)

// How the country of a sign-in is found: by the IP address, or by the position that the Authenticator app shares.
//
// Source: https://learn.microsoft.com/graph/api/resources/countrynamedlocation
const (
	LookupClientIPAddress     = "clientIpAddress"
	LookupAuthenticatorAppGPS = "authenticatorAppGps"
)

// IsIP reports a location of IP ranges, and IsCountry one of countries.
func (l NamedLocation) IsIP() bool { return strings.EqualFold(l.Kind, KindIPNamedLocation) }

// IsCountry reports a location of countries.
func (l NamedLocation) IsCountry() bool { return strings.EqualFold(l.Kind, KindCountryNamedLocation) }

// Shows reports whether the location has the kind and the name that are wanted, and covers the same: by trust and ranges, or by
// countries.
func (l NamedLocation) Shows(wanted NamedLocation) bool {
	if wanted.IsCountry() {
		return l.IsCountry() && SameLocationName(l.DisplayName, wanted.DisplayName) && l.IncludeUnknown == wanted.IncludeUnknown &&
			l.LookupMethod == wanted.LookupMethod && len(missingCountries(l.Countries, wanted.Countries)) == 0 && len(missingCountries(wanted.Countries, l.Countries)) == 0
	}
	return l.IsIP() && SameLocationName(l.DisplayName, wanted.DisplayName) && l.IsTrusted == wanted.IsTrusted && iprange.Same(l.Ranges, wanted.Ranges)
}

// ObjectID is the location's id.
func (l NamedLocation) ObjectID() string { return l.ID }

// Times are when the location was created and when it was last changed.
func (l NamedLocation) Times() (created, modified *time.Time) { return l.Created, l.Modified }

// Same reports whether two reads of a location say the same.
func (l NamedLocation) Same(other NamedLocation) bool {
	sameTime := func(a, b *time.Time) bool { return (a == nil) == (b == nil) && (a == nil || a.Equal(*b)) }
	return l.DisplayName == other.DisplayName && l.Kind == other.Kind && l.IsTrusted == other.IsTrusted &&
		l.IncludeUnknown == other.IncludeUnknown && l.LookupMethod == other.LookupMethod && slices.Equal(l.Countries, other.Countries) &&
		sameTime(l.Created, other.Created) && sameTime(l.Modified, other.Modified) && slices.Equal(l.Ranges, other.Ranges)
}

// ipRange is a range on the wire. Besides CIDRs, which the documentation knows, the schema has ranges from one address to
// another.
type ipRange struct {
	ODataType string `json:"@odata.type"`
	CIDR      string `json:"cidrAddress,omitempty"`
	Lower     string `json:"lowerAddress,omitempty"`
	Upper     string `json:"upperAddress,omitempty"`
}

// texts are the CIDRs that cover the range, or a text that is none where it cannot be read.
func (r ipRange) texts() []string {
	if r.CIDR != "" {
		return []string{r.CIDR}
	}
	lower, lowerErr := netip.ParseAddr(r.Lower)
	upper, upperErr := netip.ParseAddr(r.Upper)
	if span := netipx.IPRangeFrom(lower, upper); lowerErr == nil && upperErr == nil && span.IsValid() {
		var texts []string
		for _, prefix := range span.Prefixes() {
			texts = append(texts, prefix.String())
		}
		return texts
	}
	return []string{fmt.Sprintf("%s %s-%s", r.ODataType, r.Lower, r.Upper)}
}

type namedLocation struct {
	ODataType   string    `json:"@odata.type"`
	ID          string    `json:"id,omitempty"`
	DisplayName string    `json:"displayName,omitempty"`
	IsTrusted   *bool     `json:"isTrusted,omitempty"`
	IPRanges    []ipRange `json:"ipRanges,omitempty"`

	Countries      []string `json:"countriesAndRegions,omitempty"`
	IncludeUnknown *bool    `json:"includeUnknownCountriesAndRegions,omitempty"`
	LookupMethod   string   `json:"countryLookupMethod,omitempty"`

	Created  *time.Time `json:"createdDateTime,omitempty"`
	Modified *time.Time `json:"modifiedDateTime,omitempty"`
}

func (l namedLocation) location() NamedLocation {
	location := NamedLocation{
		ID: l.ID, DisplayName: l.DisplayName, Kind: strings.TrimPrefix(l.ODataType, "#microsoft.graph."),
		IsTrusted: l.IsTrusted != nil && *l.IsTrusted, Created: l.Created, Modified: l.Modified,
		Countries: l.Countries, IncludeUnknown: l.IncludeUnknown != nil && *l.IncludeUnknown, LookupMethod: l.LookupMethod,
	}
	for _, r := range l.IPRanges {
		location.Ranges = append(location.Ranges, r.texts()...)
	}
	return location
}

// wire is the body that makes the location, or replaces it as a whole.
func (l NamedLocation) wire() namedLocation {
	if l.IsCountry() {
		return namedLocation{
			ODataType: typeCountryNamedLocation, DisplayName: l.DisplayName,
			Countries: l.Countries, IncludeUnknown: &l.IncludeUnknown, LookupMethod: l.LookupMethod,
		}
	}
	wire := namedLocation{ODataType: typeIPNamedLocation, DisplayName: l.DisplayName, IsTrusted: &l.IsTrusted}
	for _, text := range l.Ranges {
		kind := typeIPv4Range
		if strings.Contains(text, ":") {
			kind = typeIPv6Range
		}
		text = iprange.TrimInvisible(text)
		// The service wants a prefix length, also of a single address.
		if !strings.Contains(text, "/") {
			text = iprange.Normalize(text)
		}
		wire.IPRanges = append(wire.IPRanges, ipRange{ODataType: kind, CIDR: text})
	}
	return wire
}

const namedLocationsPath = "/identity/conditionalAccess/namedLocations"

func namedLocationPath(id string) string { return namedLocationsPath + "/" + url.PathEscape(id) }

// wholeList asks for as much in one page as Graph gives: each page is a request, and there is one in a second.
func wholeList() url.Values { return url.Values{"$top": {"999"}} }

// ListNamedLocations reads all named locations of the tenant, those of countries included. It needs Policy.Read.All.
//
// Source: https://learn.microsoft.com/graph/api/conditionalaccessroot-list-namedlocations
func (c *Client) ListNamedLocations(ctx context.Context) ([]NamedLocation, error) {
	found, err := graph.List[namedLocation](ctx, c.graph, graph.Call{
		Operation:   "list the named locations",
		Permissions: []string{permissionReadState},
		Method:      http.MethodGet,
		Version:     graph.V1,
		Path:        namedLocationsPath,
		Query:       wholeList(),
	})
	ids := make([]string, 0, len(found))
	locations := make([]NamedLocation, 0, len(found))
	for _, location := range found {
		ids = append(ids, location.ID)
		locations = append(locations, location.location())
	}
	c.seenLocations.Listed(ids)
	return locations, err
}

// GetNamedLocation reads a named location once. IsNotFound is true of the error where there is none, and where a replica
// does not know it yet.
//
// Source: https://learn.microsoft.com/graph/api/namedlocation-get
func (c *Client) GetNamedLocation(ctx context.Context, id string) (NamedLocation, error) {
	var found namedLocation
	operation := fmt.Sprintf("read named location %s", id)
	err := c.graph.Send(ctx, graph.Call{
		Operation:   operation,
		Permissions: []string{permissionReadState},
		Method:      http.MethodGet,
		Version:     graph.V1,
		Path:        namedLocationPath(id),
	}, &found)
	if err == nil && found.ID == "" {
		err = &graph.Error{Operation: operation, Status: http.StatusOK, Message: "the answer names no id"}
	}
	return found.location(), err
}

// FindNamedLocation reads a named location and believes a 404 only once it has lasted.
func (c *Client) FindNamedLocation(ctx context.Context, id string) (NamedLocation, error) {
	var found NamedLocation
	err := c.graph.UntilKnown(ctx, c.graph.Consistency().Missing, func() (err error) {
		found, err = c.GetNamedLocation(ctx, id)
		return err
	})
	return found, err
}

// FindNamedLocationsByName returns the locations of any kind that have a name, compared without case: names are not unique.
// That there is none is believed only once it has lasted.
func (c *Client) FindNamedLocationsByName(ctx context.Context, name string) ([]NamedLocation, error) {
	var found []NamedLocation
	err := c.graph.Until(ctx, c.graph.Consistency().Missing, func() (bool, error) {
		all, err := c.ListNamedLocations(ctx)
		found = NamedLocationsNamed(all, name)
		return err != nil || len(found) > 0, err
	})
	return found, err
}

// NamedLocationsNamed returns those of the locations that have a name, compared without case and without white space around it.
func NamedLocationsNamed(locations []NamedLocation, name string) []NamedLocation {
	var named []NamedLocation
	for _, location := range locations {
		if strings.EqualFold(strings.TrimSpace(location.DisplayName), strings.TrimSpace(name)) {
			named = append(named, location)
		}
	}
	return named
}

// CreateNamedLocation makes a named location and returns it as the service says that it has stored it, with its id, as
// soon as it has accepted it and before any replica shows it. Names are not unique: a request whose answer was lost is not
// simply sent again, but looked for by what it would have made.
//
// Source: https://learn.microsoft.com/graph/api/conditionalaccessroot-post-namedlocations
func (c *Client) CreateNamedLocation(ctx context.Context, wanted NamedLocation) (NamedLocation, graph.Acceptance, error) {
	name := "named location " + redact.NameInQuotes(wanted.DisplayName)
	creation := graph.Call{
		Operation:   "create " + name,
		Permissions: []string{permissionWriteConditionalAccess},
		Method:      http.MethodPost,
		Version:     graph.V1,
		Path:        namedLocationsPath,
		Body:        wanted.wire(),
		Creates:     true,
	}
	return graph.CreateOnce(ctx, c.graph, graph.Creation[NamedLocation]{
		Name: name,
		Post: func(ctx context.Context) (NamedLocation, graph.Acceptance, error) {
			var made namedLocation
			accepted, err := c.graph.Write(ctx, creation, &made)
			if err == nil && made.ID == "" {
				err = &graph.Error{Operation: creation.Operation, Status: http.StatusCreated, Message: "the answer names no id"}
			}
			return made.location(), accepted, err
		},
		List:  c.ListNamedLocations,
		Seen:  &c.seenLocations,
		Shows: func(location NamedLocation) bool { return location.Shows(wanted) },
	})
}

// UpdateNamedLocation replaces name and contents as a whole. It returns when the service has accepted that,
// before any replica shows it.
//
// Source: https://learn.microsoft.com/graph/api/ipnamedlocation-update
func (c *Client) UpdateNamedLocation(ctx context.Context, wanted NamedLocation) (accepted graph.Acceptance, err error) {
	operation := fmt.Sprintf("change named location %s (id %s)", redact.NameInQuotes(wanted.DisplayName), wanted.ID)
	err = c.graph.UntilKnown(ctx, c.graph.Consistency().Missing, func() (err error) {
		accepted, err = c.patchNamedLocation(ctx, wanted.ID, operation, wanted.wire())
		return err
	})
	return accepted, err
}

func (c *Client) patchNamedLocation(ctx context.Context, id, operation string, body namedLocation) (graph.Acceptance, error) {
	return c.graph.Write(ctx, graph.Call{
		Operation:   operation,
		Permissions: []string{permissionWriteConditionalAccess},
		Method:      http.MethodPatch,
		Version:     graph.V1,
		Path:        namedLocationPath(id),
		Body:        body,
	}, nil)
}

// LocationInUseError is the deletion of a location that Conditional Access policies name.
type LocationInUseError struct {
	Location NamedLocation
	Policies []ConditionalAccessPolicy
}

// Error names the policies.
func (e *LocationInUseError) Error() string {
	names := make([]string, len(e.Policies))
	for i, using := range e.Policies {
		names[i] = redact.NameInQuotes(using.DisplayName)
	}
	return fmt.Sprintf("unable to delete named location %s (id %s): Conditional Access policies name it: %s",
		redact.NameInQuotes(e.Location.DisplayName), e.Location.ID, strings.Join(names, ", "))
}

// AwaitUnused returns nil when no policy names a location, and a *LocationInUseError when one still does after a while: a
// policy that was deleted a moment ago may still be listed. It is to be asked before a deletion writes anything.
func (c *Client) AwaitUnused(ctx context.Context, location NamedLocation) error {
	return c.graph.Until(ctx, c.graph.Consistency().NewObject, func() (bool, error) {
		policies, err := c.ListConditionalAccessPolicies(ctx)
		if err != nil {
			// Only the service's own refusal counts, and it comes with the deletion.
			var ended *graph.InterruptedError
			if errors.As(err, &ended) {
				return true, err
			}
			return true, nil
		}
		using := &LocationInUseError{Location: location}
		for _, p := range policies {
			if p.RefersTo(location.ID) {
				using.Policies = append(using.Policies, p)
			}
		}
		if len(using.Policies) == 0 {
			return true, nil
		}
		return false, using
	})
}

// DeleteNamedLocation deletes a location as it was last seen. The service does not delete a trusted one, so the trust is taken
// away first; where the deletion fails after that, untrusted is when the service accepted it, and otherwise the zero value. The
// service keeps a deleted location for 30 days. That it is gone already is no error.
//
// Source: https://learn.microsoft.com/graph/api/namedlocation-delete
func (c *Client) DeleteNamedLocation(ctx context.Context, location NamedLocation) (untrusted graph.Acceptance, err error) {
	operation := fmt.Sprintf("delete named location %s (id %s)", redact.NameInQuotes(location.DisplayName), location.ID)
	patience := c.graph.Consistency().NewObject
	if location.IsTrusted {
		accepted, gone, err := c.untrust(ctx, location)
		if gone || err != nil {
			return graph.Acceptance{}, err
		}
		untrusted = accepted
		operation += ", which is not trusted any more"
		patience = max(patience, c.graph.Consistency().Timeout)
	}
	return untrusted, c.deleteUntrusted(ctx, location.ID, operation, patience)
}

// untrust takes the trust away. It does not wait for replicas to show that: a read would tell nothing of the one that
// decides, and costs as much as the deletion, which tells.
func (c *Client) untrust(ctx context.Context, location NamedLocation) (accepted graph.Acceptance, gone bool, err error) {
	location.IsTrusted = false
	operation := fmt.Sprintf("take the trust from named location %s (id %s)", redact.NameInQuotes(location.DisplayName), location.ID)
	err = c.graph.UntilKnown(ctx, c.graph.Consistency().Missing, func() (err error) {
		accepted, err = c.patchNamedLocation(ctx, location.ID, operation, location.wire())
		return err
	})
	if graph.IsNotFound(err) {
		if gone, goneErr := c.NamedLocationGone(ctx, location.ID); gone || goneErr != nil {
			return graph.Acceptance{}, gone, goneErr
		}
	}
	return accepted, false, err
}

// deleteUntrusted deletes, and repeats what a replica may have refused that still sees the trust.
func (c *Client) deleteUntrusted(ctx context.Context, id, operation string, patience time.Duration) error {
	return c.graph.Until(ctx, patience, func() (bool, error) {
		err := c.graph.Send(ctx, graph.Call{
			Operation:   operation,
			Permissions: []string{permissionWriteConditionalAccess},
			Method:      http.MethodDelete,
			Version:     graph.V1,
			Path:        namedLocationPath(id),
		}, nil)
		if graph.IsNotFound(err) {
			gone, goneErr := c.NamedLocationGone(ctx, id)
			if gone || goneErr != nil {
				return true, goneErr
			}
			return false, err
		}
		return !graph.HasStatus(err, http.StatusBadRequest) && !graph.HasStatus(err, http.StatusConflict), err
	})
}

// NamedLocationGone reports whether a location does not exist any more: Graph's own 404, and one that lasts.
func (c *Client) NamedLocationGone(ctx context.Context, id string) (bool, error) {
	_, err := c.FindNamedLocation(ctx, id)
	if graph.IsNotFound(err) {
		return true, nil
	}
	return false, err
}

// missingCountries are the countries of one list that another one lacks, compared without case.
func missingCountries(list, from []string) []string {
	var missing []string
	for _, country := range list {
		if !conditionalaccess.ContainsFold(from, country) {
			missing = append(missing, country)
		}
	}
	return missing
}

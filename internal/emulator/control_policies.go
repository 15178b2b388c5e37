package emulator

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/wire"
)

func (s *Server) serveMethodsPolicy(w http.ResponseWriter, _ *http.Request) {
	s.withDirectory(w, http.StatusOK, func(d *directory) (any, *control.Refusal) { return clone(&d.methodsPolicy.value), nil })
}

func (s *Server) servePatchMethodsPolicy(w http.ResponseWriter, r *http.Request) {
	data, err := io.ReadAll(http.MaxBytesReader(w, r.Body, wire.MaxBodyBytes))
	if err != nil {
		control.Refuse(w, http.StatusBadRequest, "reading the body: "+err.Error())
		return
	}
	if err := control.DecodeStrict(data, &control.AuthenticationMethodsPolicy{}); err != nil {
		control.Refuse(w, http.StatusBadRequest, err.Error())
		return
	}
	changes := *recoded[map[string]any](json.RawMessage(data))
	s.withDirectory(w, http.StatusOK, func(d *directory) (any, *control.Refusal) {
		policy := recoded[control.AuthenticationMethodsPolicy](overlay(properties(d.methodsPolicy.value), changes, 2))
		if err := policy.Validate(); err != nil {
			return nil, control.Invalid(err)
		}
		if _, given := changes["lastModifiedDateTime"]; !given {
			policy.LastModifiedDateTime = new(s.now().UTC())
		}
		policy.Normalize(s.now())
		d.methodsPolicy.update(*policy, nil) // a change from here is immediate
		return clone(policy), nil
	})
}

func (s *Server) serveNamedLocations(w http.ResponseWriter, _ *http.Request) {
	s.withDirectory(w, http.StatusOK, func(d *directory) (any, *control.Refusal) { return orEmpty(d.exportLocations(false)), nil })
}

// takenByPolicy refuses an id that another object has.
func (d *directory) takenByPolicy(id string) *control.Refusal {
	if id == "" {
		return nil
	}
	for _, location := range d.locations {
		if strings.EqualFold(location.value.ID, id) {
			return control.Conflict("id: " + id + " is already in use")
		}
	}
	for _, policy := range d.accessPolicies {
		if strings.EqualFold(policy.value.ID, id) {
			return control.Conflict("id: " + id + " is already in use")
		}
	}
	return d.taken(id, "", nil)
}

func (s *Server) serveCreateNamedLocation(w http.ResponseWriter, r *http.Request) {
	var location control.NamedLocation
	if !control.ReadBody(w, r, &location) {
		return
	}
	s.withDirectory(w, http.StatusCreated, func(d *directory) (any, *control.Refusal) {
		if err := location.Validate(); err != nil {
			return nil, control.Invalid(err)
		}
		if taken := d.takenByPolicy(location.ID); taken != nil {
			return nil, taken
		}
		location.Normalize(s.now())
		if err := s.checkLocationLimit(location); err != nil {
			return nil, control.Conflict(err.message)
		}
		return clone(&d.addLocation(location, s.now()).value), nil
	})
}

func (s *Server) withNamedLocation(w http.ResponseWriter, r *http.Request, change func(*directory, *versioned[control.NamedLocation]) (any, *control.Refusal)) {
	s.withDirectory(w, http.StatusOK, func(d *directory) (any, *control.Refusal) {
		record := namedLocations.find(d, r.PathValue("key"), false)
		if record == nil {
			return nil, control.NotThere("named location", r.PathValue("key"))
		}
		return change(d, record)
	})
}

func (s *Server) serveNamedLocation(w http.ResponseWriter, r *http.Request) {
	s.withNamedLocation(w, r, func(_ *directory, record *versioned[control.NamedLocation]) (any, *control.Refusal) {
		return clone(&record.value), nil
	})
}

func (s *Server) servePatchNamedLocation(w http.ResponseWriter, r *http.Request) {
	var changes control.NamedLocationPatch
	if !control.ReadBody(w, r, &changes) {
		return
	}
	s.withNamedLocation(w, r, func(_ *directory, record *versioned[control.NamedLocation]) (any, *control.Refusal) {
		changed := *clone(&record.value)
		if changes.Type != nil && *changes.Type != changed.Type {
			changed.Type, changed.IsTrusted, changed.IPRanges = *changes.Type, false, nil
			changed.CountriesAndRegions, changed.IncludeUnknownCountriesAndRegions, changed.CountryLookupMethod = nil, false, ""
		}
		set(&changed.DisplayName, changes.DisplayName)
		set(&changed.IsTrusted, changes.IsTrusted)
		set(&changed.IPRanges, changes.IPRanges)
		set(&changed.CountriesAndRegions, changes.CountriesAndRegions)
		set(&changed.IncludeUnknownCountriesAndRegions, changes.IncludeUnknownCountriesAndRegions)
		set(&changed.CountryLookupMethod, changes.CountryLookupMethod)
		if err := changed.Validate(); err != nil {
			return nil, control.Invalid(err)
		}
		if changed.Type != record.value.Type {
			if err := s.checkLocationLimit(changed); err != nil {
				return nil, control.Conflict(err.message)
			}
		}
		changed.ModifiedDateTime = new(s.now().UTC())
		changed.Normalize(s.now())
		record.update(changed, nil)
		record.created = nil
		return clone(&record.value), nil
	})
}

func (s *Server) serveDeleteNamedLocation(w http.ResponseWriter, r *http.Request) {
	s.withNamedLocation(w, r, func(d *directory, record *versioned[control.NamedLocation]) (any, *control.Refusal) {
		if policy := d.policyNaming(record.value.ID); policy != nil {
			return nil, control.Conflict("the policy " + policy.DisplayName + " (" + policy.ID + ") names the location; delete it first")
		}
		namedLocations.discard(record, nil, s.now())
		return nil, nil
	})
}

func (s *Server) serveAccessPolicies(w http.ResponseWriter, _ *http.Request) {
	s.withDirectory(w, http.StatusOK, func(d *directory) (any, *control.Refusal) { return orEmpty(d.exportAccessPolicies(false)), nil })
}

func (s *Server) serveCreateAccessPolicy(w http.ResponseWriter, r *http.Request) {
	var policy control.ConditionalAccessPolicy
	if !control.ReadBody(w, r, &policy) {
		return
	}
	s.withDirectory(w, http.StatusCreated, func(d *directory) (any, *control.Refusal) {
		if err := policy.Validate(); err != nil {
			return nil, control.Invalid(err)
		}
		if taken := d.takenByPolicy(policy.ID); taken != nil {
			return nil, taken
		}
		for _, id := range policy.LocationIDs() {
			if namedLocations.find(d, id, false) == nil {
				return nil, control.Bad("conditions.locations: there is no named location " + id)
			}
		}
		if err := s.checkAccessPolicyLimit(); err != nil {
			return nil, control.Conflict(err.message)
		}
		return clone(&d.addAccessPolicy(policy, s.now()).value), nil
	})
}

func (s *Server) withAccessPolicy(w http.ResponseWriter, r *http.Request, change func(*versioned[control.ConditionalAccessPolicy]) (any, *control.Refusal)) {
	s.withDirectory(w, http.StatusOK, func(d *directory) (any, *control.Refusal) {
		record := accessPolicies.find(d, r.PathValue("key"), false)
		if record == nil {
			return nil, control.NotThere("Conditional Access policy", r.PathValue("key"))
		}
		return change(record)
	})
}

func (s *Server) serveAccessPolicy(w http.ResponseWriter, r *http.Request) {
	s.withAccessPolicy(w, r, func(record *versioned[control.ConditionalAccessPolicy]) (any, *control.Refusal) {
		return clone(&record.value), nil
	})
}

func (s *Server) serveDeleteAccessPolicy(w http.ResponseWriter, r *http.Request) {
	s.withAccessPolicy(w, r, func(record *versioned[control.ConditionalAccessPolicy]) (any, *control.Refusal) {
		accessPolicies.discard(record, nil, s.now())
		return nil, nil
	})
}

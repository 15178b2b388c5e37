package provider_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/acctest"
)

// contracts are those of all resources.
func contracts() []acctest.Contract {
	return []acctest.Contract{oneUserContract(), manyUsersContract(), campaignContract(), trustedIPsContract(), countryContract(), rangeContract(), strengthContract(), accessPolicyContract()}
}

func TestEveryResourceKeepsItsContract(t *testing.T) {
	t.Parallel()
	var rows []string
	for _, c := range contracts() {
		rows = append(rows, c.TypeName)
		t.Run(c.TypeName, c.Run)
	}
	resources, _ := acctest.EveryType(t)
	acctest.WantRows(t, "resource", "the contracts", resources, rows)
}

const (
	writeState     = "PATCH /beta/users/{id}/authentication/requirements"
	writeCampaign  = "PATCH /beta/policies/authenticationMethodsPolicy"
	makeLocation   = "POST /v1.0/identity/conditionalAccess/namedLocations"
	writeLocation  = "PATCH /v1.0/identity/conditionalAccess/namedLocations/{id}"
	deleteLocation = "DELETE /v1.0/identity/conditionalAccess/namedLocations/{id}"
)

// with is a configuration with other values of some attributes; nil takes one out.
func with(config map[string]any, pairs ...any) map[string]any {
	changed := maps.Clone(config)
	for i := 0; i < len(pairs); i += 2 {
		name, _ := pairs[i].(string)
		if changed[name] = pairs[i+1]; pairs[i+1] == nil {
			delete(changed, name)
		}
	}
	return changed
}

func idIdentity(name string) func(map[string]any) map[string]any {
	return func(attributes map[string]any) map[string]any { return map[string]any{name: attributes["id"]} }
}

func textOf(attributes map[string]any, name string) string {
	text, _ := attributes[name].(string)
	return text
}

func sets(user, state string) acctest.Deed {
	return func(ctx context.Context, tn *acctest.Tenant, _ map[string]any) error {
		_, err := tn.SetPerUserMFAState(ctx, user, state)
		return err
	}
}

func registers(user string) acctest.Deed {
	return func(ctx context.Context, tn *acctest.Tenant, _ map[string]any) error {
		_, err := tn.RegisterMethod(ctx, user, control.Method{Type: control.MethodMicrosoftAuthenticator})
		return err
	}
}

// usersAre checks states; enforced satisfies enabled.
func usersAre(tn *acctest.Tenant, states map[string]any) error {
	tenant, err := tn.Snapshot(context.Background())
	for key, want := range states {
		text, _ := want.(string)
		if user := userBy(tenant, key); user == nil || !satisfies(stateOf(*user), text) {
			err = errors.Join(err, fmt.Errorf("%s is %v, want %s", key, user, text))
		}
	}
	return err
}

func oneUserContract() acctest.Contract {
	adele := map[string]any{"user_principal_name": acctest.AdeleUPN, "state": "enabled"}
	return acctest.Contract{
		TypeName: acctest.TypeName, Create: adele,
		State: map[string]any{"id": acctest.AdeleID, "user_id": acctest.AdeleID, "effective_state": "enabled", "allow_promotion": false, "on_destroy": "disable"},
		Updates: []acctest.Update{
			{Name: "state", Config: with(adele, "state", "disabled")},
			{Name: "state, back", Config: adele},
			{Name: "on_destroy", Config: with(adele, "on_destroy", "keep"), Writes: []string{}},
			{Name: "allow_promotion", Config: with(adele, "allow_promotion", true), Writes: []string{}},
			{Name: "allow_promotion, back", Config: adele, Writes: []string{}},
		},
		Respellings: map[string]map[string]any{
			"another case": with(adele, "user_principal_name", strings.ToUpper(acctest.AdeleUPN)),
			"by id":        with(adele, "user_principal_name", nil, "user_id", acctest.AdeleID),
			"by both":      with(adele, "user_id", strings.ToUpper(acctest.AdeleID)),
		},
		Drifts: map[string]acctest.Deed{"disabled": sets(acctest.AdeleID, "disabled")},
		Others: map[string]acctest.Deed{"the service promotes": registers(acctest.AdeleID), "another user": sets(acctest.ObrienID, "enabled")},
		Vanish: func(ctx context.Context, tn *acctest.Tenant, _ map[string]any) error {
			return tn.DeleteUser(ctx, acctest.AdeleID)
		},
		Gone: "not found",
		ImportIDs: func(map[string]any) []string {
			return []string{acctest.AdeleID, strings.ToUpper(acctest.AdeleID), acctest.AdeleUPN}
		},
		Identity: idIdentity("user_id"),
		Configured: func(tn *acctest.Tenant, config, _ map[string]any) error {
			return usersAre(tn, map[string]any{acctest.AdeleID: config["state"]})
		},
		Destroyed:    func(tn *acctest.Tenant, _ map[string]any) error { return tn.StateIs(acctest.AdeleID, "disabled") },
		CreateWrites: []string{writeState}, UpdateWrites: []string{writeState}, DestroyWrites: []string{writeState},
	}
}

func manyUsersContract() acctest.Contract {
	of := func(pairs ...any) map[string]any { return map[string]any{"users": with(map[string]any{}, pairs...)} }
	last := of(acctest.AdeleUPN, "enabled", acctest.AlexID, "enabled")
	return acctest.Contract{
		TypeName: acctest.StatesTypeName, Create: of(acctest.AdeleUPN, "enabled", acctest.ObrienUPN, "enabled"), OtherID: true,
		State: map[string]any{
			"user_ids":         map[string]any{acctest.AdeleUPN: acctest.AdeleID, acctest.ObrienUPN: acctest.ObrienID},
			"effective_states": map[string]any{acctest.AdeleUPN: "enabled", acctest.ObrienUPN: "enabled"},
		},
		Updates: []acctest.Update{
			{Name: "one state", Config: of(acctest.AdeleUPN, "disabled", acctest.ObrienUPN, "enabled")},
			{Name: "one more", Config: of(acctest.AdeleUPN, "disabled", acctest.ObrienUPN, "enabled", acctest.AlexID, "enabled")},
			{Name: "one less", Config: of(acctest.AdeleUPN, "disabled", acctest.AlexID, "enabled")},
			{Name: "one state, back", Config: last},
		},
		Respellings: map[string]map[string]any{
			"another case": of(strings.ToUpper(acctest.AdeleUPN), "enabled", strings.ToUpper(acctest.AlexID), "enabled"),
			"the defaults": with(last, "allow_promotion", false, "on_destroy", "disable"),
		},
		Drifts:    map[string]acctest.Deed{"disabled": sets(acctest.AlexID, "disabled")},
		Others:    map[string]acctest.Deed{"the service promotes": registers(acctest.AdeleID), "one who was taken out": sets(acctest.ObrienID, "enabled")},
		ImportIDs: func(map[string]any) []string { return []string{acctest.AdeleUPN + "," + acctest.AlexID} },
		Identity: func(map[string]any) map[string]any {
			ids := []string{acctest.AdeleID, acctest.AlexID}
			slices.Sort(ids)
			return map[string]any{"user_ids": []any{ids[0], ids[1]}}
		},
		ByIdentity: of(acctest.AdeleID, "enabled", acctest.AlexID, "enabled"),
		Vanish: func(ctx context.Context, tn *acctest.Tenant, _ map[string]any) error {
			return errors.Join(tn.DeleteUser(ctx, acctest.AdeleID), tn.DeleteUser(ctx, acctest.ObrienID))
		},
		Gone: "not found",
		Configured: func(tn *acctest.Tenant, config, _ map[string]any) error {
			return usersAre(tn, acctest.Object(config["users"]))
		},
		Destroyed: func(tn *acctest.Tenant, _ map[string]any) error {
			return errors.Join(tn.StateIs(acctest.AdeleID, "disabled"), tn.StateIs(acctest.AlexID, "disabled"))
		},
		CreateWrites: []string{writeState, writeState}, UpdateWrites: []string{writeState}, DestroyWrites: []string{writeState, writeState},
	}
}

func campaignContract() acctest.Contract {
	people := func(ids ...any) map[string]any { return map[string]any{"user_ids": ids} }
	campaign := map[string]any{"state": "enabled", "snooze_days": 3, "include": people(acctest.AdeleID), "exclude": people(acctest.MeganID)}
	last := with(campaign, "snooze_days", 7, "require_registration_after_snoozes", false, "exclude", people(acctest.MeganID, acctest.DiegoID))
	return acctest.Contract{
		TypeName: acctest.PolicyTypeName, Create: campaign, State: map[string]any{"id": acctest.PolicyID, "snooze_days": 3},
		Updates: []acctest.Update{
			{Name: "state", Config: with(campaign, "state", "disabled")},
			{Name: "state, back", Config: campaign},
			{Name: "include", Config: with(campaign, "include", map[string]any{"all_users": true})},
			{Name: "all others", Config: last},
		},
		Respellings: map[string]map[string]any{
			"another case":  with(last, "include", people(strings.ToUpper(acctest.AdeleID))),
			"another order": with(last, "exclude", people(acctest.DiegoID, acctest.MeganID)),
		},
		Drifts: map[string]acctest.Deed{"days": func(_ context.Context, tn *acctest.Tenant, _ map[string]any) error {
			tn.PatchCampaign(`{"snoozeDurationInDays":9}`)()
			return nil
		}},
		Others: map[string]acctest.Deed{"the rest of the policy": func(ctx context.Context, tn *acctest.Tenant, _ map[string]any) error {
			_, err := tn.PatchAuthenticationMethodsPolicy(ctx, map[string]any{"systemCredentialPreferences": map[string]any{"state": "disabled"}})
			return err
		}},
		NeverVanishes: "every tenant has one campaign",
		ImportIDs:     func(map[string]any) []string { return []string{acctest.PolicyID} },
		Identity:      idIdentity("id"),
		Configured: func(tn *acctest.Tenant, config, _ map[string]any) error {
			have := tn.CampaignNow()
			if problem := campaignProblem(acctest.ResourceBlock{TypeName: typePolicy, Values: config}, have, have); problem != "" {
				return errors.New(problem)
			}
			return nil
		},
		Destroyed: func(tn *acctest.Tenant, _ map[string]any) error {
			return tn.CampaignIs(acctest.NewTenant(tn.T).CampaignNow())
		},
		CreateWrites: []string{writeCampaign}, UpdateWrites: []string{writeCampaign}, DestroyWrites: []string{writeCampaign},
	}
}

// locationContract has what the contracts of locations as a whole have in common.
func locationContract(typeName, name string) acctest.Contract {
	return acctest.Contract{
		TypeName: typeName,
		Others: map[string]acctest.Deed{"another location": func(ctx context.Context, tn *acctest.Tenant, _ map[string]any) error {
			return tn.DeleteNamedLocation(ctx, acctest.TwinID)
		}},
		Vanish: func(ctx context.Context, tn *acctest.Tenant, attributes map[string]any) error {
			return tn.DeleteNamedLocation(ctx, textOf(attributes, "id"))
		},
		ImportIDs: func(attributes map[string]any) []string {
			id := textOf(attributes, "id")
			return []string{id, strings.ToUpper(id), strings.ToUpper(name), acctest.AzureADPath + id}
		},
		Identity: idIdentity("id"),
		Configured: func(tn *acctest.Tenant, config, attributes map[string]any) error {
			tenant, err := tn.Snapshot(context.Background())
			if err != nil {
				return err
			}
			if location := locationBy(tenant, textOf(attributes, "id")); location == nil || !shows(location, acctest.ResourceBlock{TypeName: typeName, Values: config}) {
				return fmt.Errorf("the location is %+v, want %v", location, config)
			}
			return nil
		},
		Destroyed:    func(tn *acctest.Tenant, _ map[string]any) error { return tn.HasNoLocation(name) },
		CreateWrites: []string{makeLocation}, UpdateWrites: []string{writeLocation}, DestroyWrites: []string{deleteLocation},
	}
}

// changes patches the location that is managed.
func changes(patch control.NamedLocationPatch) acctest.Deed {
	return func(ctx context.Context, tn *acctest.Tenant, attributes map[string]any) error {
		_, err := tn.PatchNamedLocation(ctx, textOf(attributes, "id"), patch)
		return err
	}
}

func trustedIPsContract() acctest.Contract {
	c := locationContract(acctest.LocationType, "Offices")
	c.Create = map[string]any{"display_name": "HQ", "ip_ranges": []any{"203.0.113.7/24", "2001:db8:1::/48"}}
	last := map[string]any{"display_name": "Offices", "ip_ranges": []any{"203.0.113.0/25", "2001:db8:1::/48"}}
	c.State = map[string]any{"trusted": true, "address_count_ipv4": 256, "network_count_ipv6": 65536}
	c.Updates = []acctest.Update{{Name: "display_name", Config: with(c.Create, "display_name", "Offices")}, {Name: "ip_ranges", Config: last}}
	c.Respellings = map[string]map[string]any{
		"another order":    with(last, "ip_ranges", []any{"2001:db8:1::/48", "203.0.113.0/25"}),
		"another spelling": with(last, "ip_ranges", []any{"203.0.113.77/25", "2001:DB8:1:0:0:0:0:0/48"}),
	}
	c.Drifts = map[string]acctest.Deed{
		"a name": changes(control.NamedLocationPatch{DisplayName: new("Old")}), "trust": changes(control.NamedLocationPatch{IsTrusted: new(false)}),
		"ranges": changes(control.NamedLocationPatch{IPRanges: &[]control.IPRange{{CIDRAddress: "198.51.100.0/24"}}}),
	}
	// The service does not delete a trusted location.
	c.DestroyWrites = []string{writeLocation, deleteLocation}
	return c
}

func countryContract() acctest.Contract {
	c := locationContract(acctest.CountryType, "Norden")
	c.Create = map[string]any{"display_name": "Nordics", "countries": []any{"NO", "DK"}, "include_unknown": false, "lookup": "client_ip_address"}
	c.State = map[string]any{"country_names": map[string]any{"DK": "Denmark", "NO": "Norway"}}
	wider := with(c.Create, "countries", []any{"DK", "NO", "SE"})
	renamed := with(wider, "display_name", "Norden")
	unknown := with(renamed, "include_unknown", true)
	last := with(unknown, "lookup", "authenticator_app_gps")
	c.Updates = []acctest.Update{
		{Name: "countries", Config: wider}, {Name: "display_name", Config: renamed}, {Name: "include_unknown", Config: unknown}, {Name: "lookup", Config: last},
	}
	c.Respellings = map[string]map[string]any{"another order": with(last, "countries", []any{"SE", "NO", "DK"})}
	c.Drifts = map[string]acctest.Deed{
		"countries": changes(control.NamedLocationPatch{CountriesAndRegions: new([]string{"DK", "IR"})}),
		"a name":    changes(control.NamedLocationPatch{DisplayName: new("Old")}),
	}
	return c
}

func rangeContract() acctest.Contract {
	depot := map[string]any{"location_id": acctest.DepotID, "ip_range": "203.0.113.7/24"}
	last := with(depot, "ip_range", "198.51.100.7")
	rangesNow := func(tn *acctest.Tenant) ([]string, error) {
		location, err := tn.GetNamedLocation(context.Background(), acctest.DepotID)
		if err != nil {
			return nil, err
		}
		return covered(location), nil
	}
	only := func(ranges ...control.IPRange) acctest.Deed {
		return func(ctx context.Context, tn *acctest.Tenant, _ map[string]any) error {
			_, err := tn.PatchNamedLocation(ctx, acctest.DepotID, control.NamedLocationPatch{IPRanges: &ranges})
			return err
		}
	}
	foreign := control.IPRange{CIDRAddress: "192.0.2.128/25"}
	return acctest.Contract{
		TypeName: acctest.RangeType, Create: depot, SameID: true,
		State:   map[string]any{"id": acctest.DepotID + "/203.0.113.0/24", "size": "256 IPv4 addresses", "location_name": "Depot"},
		Updates: []acctest.Update{{Name: "ip_range", Config: last, Replaces: true}},
		Respellings: map[string]map[string]any{
			"a network": with(last, "ip_range", "198.51.100.7/32"), "white space": with(last, "ip_range", " 198.51.100.7"),
			"another case": with(last, "location_id", strings.ToUpper(acctest.DepotID)),
		},
		Others: map[string]acctest.Deed{"ranges of others": only(control.IPRange{CIDRAddress: "198.51.100.7/32"}, foreign)},
		Drifts: map[string]acctest.Deed{"it is taken out": only(foreign)},
		Vanish: only(foreign),
		ImportIDs: func(attributes map[string]any) []string {
			return []string{textOf(attributes, "id"), acctest.DepotID + "/198.51.100.7", strings.ToUpper(acctest.DepotID) + "/198.51.100.7/32"}
		},
		Identity: func(attributes map[string]any) map[string]any {
			return map[string]any{"location_id": attributes["location_id"], "ip_range": "198.51.100.7/32"}
		},
		Configured: func(tn *acctest.Tenant, config, _ map[string]any) error {
			_, want := part(acctest.ResourceBlock{Values: config})
			if have, err := rangesNow(tn); err != nil || !slices.Contains(have, want) || len(have) != 2 {
				return fmt.Errorf("the location has %v, want %s and one of others: %w", have, want, err)
			}
			return nil
		},
		Destroyed: func(tn *acctest.Tenant, _ map[string]any) error {
			if have, err := rangesNow(tn); err != nil || !slices.Equal(have, []string{foreign.CIDRAddress}) {
				return fmt.Errorf("the location has %v: %w", have, err)
			}
			return nil
		},
		CreateWrites: []string{writeLocation}, UpdateWrites: []string{writeLocation}, DestroyWrites: []string{writeLocation},
	}
}

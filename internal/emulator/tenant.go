package emulator

import (
	"encoding/json"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
)

// Tenant is a whole tenant: what a tenant file holds, what [Start] begins with, and what a snapshot returns.
type Tenant = control.Tenant

type (
	// App is an app of a [Tenant].
	App = control.App
	// Secret is a client secret of an [App].
	Secret = control.Secret
	// Certificate is a certificate of an [App].
	Certificate = control.Certificate
	// FederatedCredential says which foreign token an [App] accepts.
	FederatedCredential = control.FederatedCredential
	// User is a user of a [Tenant].
	User = control.User
	// Method is an authentication method of a [User].
	Method = control.Method
	// Group is a group of a [Tenant].
	Group = control.Group
)

// LoadTenant reads a tenant file: one JSON object with the fields of [Tenant]. It refuses unknown fields, identifiers
// that are no GUIDs or stand twice, members that do not exist, and unknown states or types of methods; the error names
// every problem with its place in the file.
func LoadTenant(r io.Reader) (*Tenant, error) {
	return control.DecodeTenant(r)
}

// directory is the tenant's content. Its methods want the caller to hold the server's lock.
type directory struct {
	tenantID      string
	displayName   string
	defaultDomain string
	cloud         string

	apps   []*control.App
	users  []*userRecord
	groups []*groupRecord

	methodsPolicy  versioned[control.AuthenticationMethodsPolicy]
	locations      []*versioned[control.NamedLocation] // those in the bin as well
	accessPolicies []*versioned[control.ConditionalAccessPolicy]

	byID  map[string]*userRecord // by lower-case object id
	byUPN map[string]*userRecord // by lower-case user principal name

	groupsByID map[string]*groupRecord // by lower-case object id
}

// userRecord is a user with what lagging replicas still show of it.
type userRecord struct {
	control.User
	position  int    // in the directory's users
	stateLag  *lag   // while set, some reads see stateLag's old state
	oldState  string // the state those reads see
	createLag *lag   // while set, some reads do not see the user at all
}

// groupRecord is a group whose members are object ids, lower case.
type groupRecord struct {
	id          string
	displayName string
	members     []string
	nested      []string // those of the members that were groups when they were set
	properties  map[string]any
}

// newDirectory takes over a tenant that has been validated.
func newDirectory(tenant *control.Tenant, now time.Time) *directory {
	d := &directory{
		tenantID:      strings.ToLower(tenant.TenantID),
		displayName:   tenant.DisplayName,
		defaultDomain: tenant.DefaultDomain,
		cloud:         tenant.Cloud,
		byID:          make(map[string]*userRecord, len(tenant.Users)),
		byUPN:         make(map[string]*userRecord, len(tenant.Users)),
		groupsByID:    map[string]*groupRecord{},
	}
	if d.tenantID == "" {
		d.tenantID = uuid.NewString()
	}
	if d.displayName == "" {
		d.displayName = "Emulated tenant"
	}
	users := tenant.Users
	tenant = new(*tenant)
	tenant.Users = nil
	tenant = clone(tenant)
	for i := range tenant.Apps {
		d.apps = append(d.apps, normalizedApp(tenant.Apps[i]))
	}
	d.users = make([]*userRecord, 0, len(users))
	for i := range users {
		d.addUser(copyOfUser(&users[i]), now)
	}
	for i := range tenant.Groups {
		d.addGroup(&tenant.Groups[i])
	}
	for i := range tenant.Groups {
		members, _ := d.memberIDs(tenant.Groups[i].Members)
		d.setMembers(d.groups[i], members)
	}
	d.takePolicies(tenant, now)
	return d
}

// takePolicies takes over the policies and the locations of a tenant.
func (d *directory) takePolicies(tenant *control.Tenant, now time.Time) {
	if tenant.AuthenticationMethodsPolicy != nil {
		d.methodsPolicy.value = *tenant.AuthenticationMethodsPolicy
	}
	d.methodsPolicy.value.Normalize(now)
	for _, location := range tenant.NamedLocations {
		location.DeletedDateTime = nil
		d.addLocation(location, now)
	}
	for _, location := range tenant.DeletedNamedLocations {
		if location.DeletedDateTime == nil {
			location.DeletedDateTime = new(now.UTC())
		}
		d.addLocation(location, now)
	}
	for _, policy := range tenant.ConditionalAccessPolicies {
		policy.DeletedDateTime = nil
		d.addAccessPolicy(policy, now)
	}
	for _, policy := range tenant.DeletedConditionalAccessPolicies {
		if policy.DeletedDateTime == nil {
			policy.DeletedDateTime = new(now.UTC())
		}
		d.addAccessPolicy(policy, now)
	}
}

func normalizedApp(app control.App) *control.App {
	app.ClientID = strings.ToLower(app.ClientID)
	for i := range app.FederatedCredentials {
		if app.FederatedCredentials[i].Audience == "" {
			app.FederatedCredentials[i].Audience = control.DefaultFederatedAudience
		}
	}
	return &app
}

// clone copies a value of the control types in depth, so that nobody outside the lock shares memory with the directory.
func clone[T any](value *T) *T {
	data, err := json.Marshal(value)
	if err != nil {
		panic("emulator: control types always marshal: " + err.Error())
	}
	copied := new(T)
	if err := json.Unmarshal(data, copied); err != nil {
		panic("emulator: control types always unmarshal: " + err.Error())
	}
	return copied
}

// copyOfUser is clone for what there are many of.
func copyOfUser(user *control.User) control.User {
	copied := *user
	if user.AccountEnabled != nil {
		copied.AccountEnabled = new(*user.AccountEnabled)
	}
	copied.AssignedLicenses = slices.Clone(user.AssignedLicenses)
	for i := range copied.AssignedLicenses {
		copied.AssignedLicenses[i].DisabledPlans = slices.Clone(copied.AssignedLicenses[i].DisabledPlans)
	}
	copied.Methods, copied.Properties = slices.Clone(user.Methods), maps.Clone(user.Properties)
	for i := range copied.Methods {
		if created := copied.Methods[i].CreatedDateTime; created != nil {
			copied.Methods[i].CreatedDateTime = new(*created)
		}
	}
	return copied
}

// exportUsers returns the users as they really are.
func (d *directory) exportUsers() []control.User {
	users := make([]control.User, len(d.users))
	for i, user := range d.users {
		users[i] = copyOfUser(&user.User)
	}
	return users
}

func (d *directory) addUser(user control.User, now time.Time) *userRecord {
	record := &userRecord{User: user}
	record.Normalize(now)
	record.position = len(d.users)
	d.users = append(d.users, record)
	d.byID[record.ID] = record
	d.byUPN[strings.ToLower(record.UserPrincipalName)] = record
	return record
}

// user finds a user by object id or by user principal name, whatever the case of the letters.
func (d *directory) user(key string) *userRecord {
	key = strings.ToLower(key)
	if record := d.byID[key]; record != nil {
		return record
	}
	return d.byUPN[key]
}

// userPosition is where the user with the id stands in users, or -1.
func (d *directory) userPosition(id string) int {
	if record := d.byID[id]; record != nil {
		return record.position
	}
	return -1
}

func (d *directory) removeUser(record *userRecord) {
	delete(d.byID, record.ID)
	delete(d.byUPN, strings.ToLower(record.UserPrincipalName))
	d.users = slices.Delete(d.users, record.position, record.position+1)
	for i, after := range d.users[record.position:] {
		after.position = record.position + i
	}
	d.removeFromGroups(record.ID)
}

func (d *directory) removeFromGroups(id string) {
	for _, group := range d.groups {
		gone := func(member string) bool { return member == id }
		group.members, group.nested = slices.DeleteFunc(group.members, gone), slices.DeleteFunc(group.nested, gone)
	}
}

// addGroup adds a group without members; one without an id gets one.
func (d *directory) addGroup(added *control.Group) *groupRecord {
	group := &groupRecord{id: strings.ToLower(added.ID), displayName: added.DisplayName, properties: added.Properties}
	if group.id == "" {
		group.id = uuid.NewString()
	}
	d.groups = append(d.groups, group)
	d.groupsByID[group.id] = group
	return group
}

func (d *directory) group(id string) *groupRecord {
	return d.groupsByID[strings.ToLower(id)]
}

func (d *directory) removeGroup(group *groupRecord) {
	delete(d.groupsByID, group.id)
	d.groups = slices.DeleteFunc(d.groups, func(other *groupRecord) bool { return other == group })
	d.removeFromGroups(group.id)
}

// memberIDs turns the members of a group into object ids; unknown is the first that does not exist.
func (d *directory) memberIDs(members []string) (ids []string, unknown string) {
	seen := map[string]bool{}
	for _, member := range members {
		var id string
		if user := d.user(member); user != nil {
			id = user.ID
		} else if group := d.group(member); group != nil {
			id = group.id
		} else {
			return nil, member
		}
		if !seen[id] {
			seen[id] = true
			ids = append(ids, id)
		}
	}
	return ids, ""
}

// setMembers replaces the members of a group.
func (d *directory) setMembers(group *groupRecord, ids []string) {
	group.members, group.nested = ids, nil
	for _, id := range ids {
		if d.groupsByID[id] != nil {
			group.nested = append(group.nested, id)
		}
	}
}

// transitiveMembers lists the members of a group and of the groups in it, each once, in the order in which a walk meets them.
func (d *directory) transitiveMembers(group *groupRecord) []string {
	if len(group.nested) == 0 {
		return group.members // all there is, which may be a whole tenant
	}
	var found []string
	seen := map[string]bool{}
	var walk func(*groupRecord)
	walk = func(group *groupRecord) {
		for _, id := range group.members {
			if seen[id] {
				continue
			}
			seen[id] = true
			found = append(found, id)
			if nested := d.groupsByID[id]; nested != nil {
				walk(nested)
			}
		}
	}
	walk(group)
	return found
}

// within tells whether a user or a group is a member of the group or of a group in it.
func (d *directory) within(group *groupRecord, id string) bool {
	seen := map[*groupRecord]bool{}
	var walk func(*groupRecord) bool
	walk = func(group *groupRecord) bool {
		if group == nil || seen[group] {
			return false
		}
		seen[group] = true
		return slices.Contains(group.members, id) ||
			slices.ContainsFunc(group.nested, func(nested string) bool { return walk(d.groupsByID[nested]) })
	}
	return walk(group)
}

func (d *directory) app(clientID string) *control.App {
	for _, app := range d.apps {
		if strings.EqualFold(app.ClientID, clientID) {
			return app
		}
	}
	return nil
}

// matchesTenant tells whether name, from a sign-in path, is this tenant.
func (d *directory) matchesTenant(name string) bool {
	return strings.EqualFold(name, d.tenantID) || d.defaultDomain != "" && strings.EqualFold(name, d.defaultDomain)
}

// snapshot returns the tenant as it really is.
func (d *directory) snapshot() *control.Tenant {
	tenant := &control.Tenant{
		TenantID: d.tenantID, DisplayName: d.displayName, DefaultDomain: d.defaultDomain, Cloud: d.cloud,
	}
	for _, app := range d.apps {
		tenant.Apps = append(tenant.Apps, *clone(app))
	}
	tenant.Users = d.exportUsers()
	for _, group := range d.groups {
		tenant.Groups = append(tenant.Groups, group.export())
	}
	tenant.AuthenticationMethodsPolicy = clone(&d.methodsPolicy.value)
	tenant.NamedLocations, tenant.DeletedNamedLocations = d.exportLocations(false), d.exportLocations(true)
	tenant.ConditionalAccessPolicies, tenant.DeletedConditionalAccessPolicies = d.exportAccessPolicies(false), d.exportAccessPolicies(true)
	return tenant
}

// exportLocations returns the named locations, or those in the bin.
func (d *directory) exportLocations(bin bool) []control.NamedLocation {
	return exported(d.locations, bin)
}

// exportAccessPolicies returns the Conditional Access policies, or those in the bin.
func (d *directory) exportAccessPolicies(bin bool) []control.ConditionalAccessPolicy {
	return exported(d.accessPolicies, bin)
}

func exported[T any](records []*versioned[T], gone bool) []T {
	var values []T
	for _, record := range records {
		if record.gone == gone {
			values = append(values, *clone(&record.value))
		}
	}
	return values
}

func (g *groupRecord) export() control.Group {
	return control.Group{ID: g.id, DisplayName: g.displayName, Members: slices.Clone(g.members), Properties: maps.Clone(g.properties)}
}

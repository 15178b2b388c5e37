package store

import (
	"slices"
	"strings"

	"github.com/google/uuid"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
)

// tenant is the data.
type tenant struct {
	id            string
	displayName   string
	defaultDomain string
	cloud         string // public when none was given
	cloudGiven    bool

	apps   []*control.App
	users  []*User
	groups []*Group

	byID       map[string]*User  // by lower-case object id
	byUPN      map[string]*User  // by lower-case user principal name
	groupsByID map[string]*Group // by lower-case object id

	collections map[any]any // by *Collection or *Singleton
}

func newTenant(described *control.Tenant) *tenant {
	t := &tenant{
		id:            strings.ToLower(described.TenantID),
		displayName:   described.DisplayName,
		defaultDomain: described.DefaultDomain,
		cloud:         described.Cloud,
		cloudGiven:    described.Cloud != "",
		byID:          make(map[string]*User, len(described.Users)),
		byUPN:         make(map[string]*User, len(described.Users)),
		groupsByID:    map[string]*Group{},
		collections:   map[any]any{},
	}
	if t.id == "" {
		t.id = uuid.NewString()
	}
	if t.displayName == "" {
		t.displayName = "Emulated tenant"
	}
	if t.cloud == "" {
		t.cloud = control.CloudPublic
	}
	return t
}

// Replace replaces the tenant by one that has been validated: its apps, users and groups. Collections are empty after it.
func (tx *Tx) Replace(described *control.Tenant) {
	_ = tx.change()
	data := newTenant(described)
	tx.store.tenant = data
	for i := range described.Apps {
		data.apps = append(data.apps, normalizedApp(*control.Clone(&described.Apps[i])))
	}
	data.users = make([]*User, 0, len(described.Users))
	for i := range described.Users {
		tx.addUser(copyOfUser(&described.Users[i]))
	}
	for i := range described.Groups {
		tx.AddGroup(control.Clone(&described.Groups[i]))
	}
	for i := range described.Groups {
		members, _ := tx.MemberIDs(described.Groups[i].Members)
		tx.SetMembers(data.groups[i], members)
	}
}

// Export returns the tenant as it really is, without what is in collections.
func (tx *Tx) Export() *control.Tenant {
	data := tx.data()
	described := &control.Tenant{
		TenantID: data.id, DisplayName: data.displayName, DefaultDomain: data.defaultDomain,
	}
	if data.cloudGiven {
		described.Cloud = data.cloud
	}
	for _, app := range data.apps {
		described.Apps = append(described.Apps, *control.Clone(app))
	}
	described.Users = tx.ExportUsers()
	for _, group := range data.groups {
		described.Groups = append(described.Groups, group.Export())
	}
	return described
}

// TenantID is the tenant's GUID.
func (tx *Tx) TenantID() string { return tx.data().id }

// DisplayName is the organisation's name.
func (tx *Tx) DisplayName() string { return tx.data().displayName }

// DefaultDomain is a verified domain, or empty.
func (tx *Tx) DefaultDomain() string { return tx.data().defaultDomain }

// Cloud is the cloud that the tenant lives in.
func (tx *Tx) Cloud() string { return tx.data().cloud }

// MatchesTenant tells whether name, from a sign-in path, is this tenant.
func (tx *Tx) MatchesTenant(name string) bool {
	data := tx.data()
	return strings.EqualFold(name, data.id) || data.defaultDomain != "" && strings.EqualFold(name, data.defaultDomain)
}

// Apps are the apps.
func (tx *Tx) Apps() []*control.App { return tx.data().apps }

// App is the app with the client id, or nil.
func (tx *Tx) App(clientID string) *control.App {
	for _, app := range tx.data().apps {
		if strings.EqualFold(app.ClientID, clientID) {
			return app
		}
	}
	return nil
}

// AddApp adds an app.
func (tx *Tx) AddApp(app control.App) *control.App {
	data, added := tx.change(), normalizedApp(app)
	data.apps = append(data.apps, added)
	return added
}

// SetApp replaces an app.
func (tx *Tx) SetApp(app *control.App, changed control.App) {
	_ = tx.change()
	*app = *normalizedApp(changed)
}

// RemoveApp removes an app.
func (tx *Tx) RemoveApp(app *control.App) {
	data := tx.change()
	data.apps = slices.DeleteFunc(data.apps, func(other *control.App) bool { return other == app })
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

// ServicePrincipalID is the object id of an app in the tenant; an app always has the same.
func (tx *Tx) ServicePrincipalID(app *control.App) string {
	return uuid.NewSHA1(uuid.NameSpaceURL, []byte(tx.data().id+"/"+app.ClientID)).String()
}

package emulator

import (
	"net/http"
	"slices"
	"strings"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
)

func (s *Server) controlEndpoints() []control.Endpoint {
	return []control.Endpoint{
		control.On("GET", "info", "where the emulator is and which apps its tenant has", s.serveInfo),
		control.On("GET", "tenant", "the whole tenant as it is now, secrets included", s.serveSnapshot),
		control.On("PUT", "tenant", "replace the whole tenant", s.serveSeed),
		control.On("GET", "users", "all users", s.serveUsers),
		control.On("POST", "users", "add a user", s.serveCreateUser),
		control.On("GET", "users/{key}", "a user by object id or user principal name", s.serveUser),
		control.On("PATCH", "users/{key}", "change a user", s.servePatchUser),
		control.On("DELETE", "users/{key}", "remove a user", s.serveDeleteUser),
		control.On("PUT", "users/{key}/state", "change a user's state as an administrator does", s.serveState),
		control.On("POST", "users/{key}/methods", "register an authentication method as a user does", s.serveRegisterMethod),
		control.On("DELETE", "users/{key}/methods/{method}", "remove an authentication method", s.serveRemoveMethod),
		control.On("GET", "groups", "all groups", s.serveGroups),
		control.On("POST", "groups", "add a group", s.serveCreateGroup),
		control.On("GET", "groups/{key}", "a group by object id", s.serveGroup),
		control.On("PATCH", "groups/{key}", "change a group", s.servePatchGroup),
		control.On("DELETE", "groups/{key}", "remove a group", s.serveDeleteGroup),
		control.On("GET", "authentication-methods-policy", "the authentication methods policy", s.serveMethodsPolicy),
		control.On("PATCH", "authentication-methods-policy", "change it as an administrator or Microsoft does; objects are merged", s.servePatchMethodsPolicy),
		control.On("GET", "named-locations", "all named locations", s.serveNamedLocations),
		control.On("POST", "named-locations", "add a named location", s.serveCreateNamedLocation),
		control.On("GET", "named-locations/{key}", "a named location by id", s.serveNamedLocation),
		control.On("PATCH", "named-locations/{key}", "change a named location", s.servePatchNamedLocation),
		control.On("DELETE", "named-locations/{key}", "move a named location into the bin", s.serveDeleteNamedLocation),
		control.On("GET", "conditional-access-policies", "all Conditional Access policies", s.serveAccessPolicies),
		control.On("POST", "conditional-access-policies", "add a Conditional Access policy", s.serveCreateAccessPolicy),
		control.On("GET", "conditional-access-policies/{key}", "a Conditional Access policy by id", s.serveAccessPolicy),
		control.On("DELETE", "conditional-access-policies/{key}", "move a Conditional Access policy into the bin", s.serveDeleteAccessPolicy),
		control.On("GET", "apps", "all apps, secrets included", s.serveApps),
		control.On("POST", "apps", "add an app", s.serveCreateApp),
		control.On("GET", "apps/{key}", "an app by client id", s.serveApp),
		control.On("PATCH", "apps/{key}", "change an app", s.servePatchApp),
		control.On("DELETE", "apps/{key}", "remove an app", s.serveDeleteApp),
		control.On("GET", "behavior", "the behaviour in force", s.serveBehavior),
		control.On("PUT", "behavior", "replace the behaviour", s.serveSetBehavior),
		control.On("GET", "faults", "the faults with what they have done", s.serveFaults),
		control.On("POST", "faults", "add a fault", s.serveAddFault),
		control.On("DELETE", "faults", "remove every fault", s.serveClearFaults),
		control.On("DELETE", "faults/{key}", "remove a fault", s.serveDeleteFault),
		control.On("GET", "requests", "the Graph requests so far; ?service=login for the sign-in requests", s.serveRequests),
		control.On("DELETE", "requests", "empty the request log and set the counters to zero", s.serveClearRequests),
		control.On("GET", "counters", "how many requests came in, by operation, class and status, and what they cost", s.serveCounters),
		control.On("POST", "assertions", "a signed assertion for federated sign-in", s.serveAssertion),
		control.On("GET", "oidc/github", "a pipeline's assertion as GitHub Actions hands it out", s.serveGitHubToken),
		control.On("POST", "oidc/azure-devops", "a pipeline's assertion as Azure Pipelines hands it out", s.serveAzureDevOpsToken),
		control.On("GET", "identity/metadata", "a machine's token as the Azure Instance Metadata Service hands it out", s.serveMetadataToken),
		control.On("GET", "identity/app-service", "a machine's token as App Service hands it out", s.serveAppServiceToken),
		control.On("POST", "identity/cloud-shell", "a machine's token as Azure Cloud Shell hands it out", s.serveCloudShellToken),
		control.On("POST", "user-tokens", "an access token of a signed-in user, as of the Azure CLI", s.serveUserToken),
	}
}

func (s *Server) info() control.Info {
	s.mu.Lock()
	defer s.mu.Unlock()
	info := control.Info{
		URL: s.url, TenantID: s.directory.tenantID, DisplayName: s.directory.displayName,
		DefaultDomain: s.directory.defaultDomain, CAPEM: string(s.caPEM), Apps: []control.AppInfo{},
	}
	for _, app := range s.directory.apps {
		info.Apps = append(info.Apps, control.AppInfo{
			ClientID: app.ClientID, ServicePrincipalID: s.directory.servicePrincipalID(app),
			DisplayName: app.DisplayName, Permissions: slices.Clone(app.Permissions),
		})
	}
	return info
}

func (s *Server) serveInfo(w http.ResponseWriter, _ *http.Request) {
	control.Answer(w, http.StatusOK, s.info())
}

func (s *Server) serveSnapshot(w http.ResponseWriter, _ *http.Request) {
	s.mu.Lock()
	snapshot := s.directory.snapshot()
	s.mu.Unlock()
	control.Answer(w, http.StatusOK, snapshot)
}

func (s *Server) serveSeed(w http.ResponseWriter, r *http.Request) {
	tenant := &control.Tenant{}
	if !control.ReadBody(w, r, tenant) {
		return
	}
	if err := tenant.Validate(); err != nil {
		control.Refuse(w, http.StatusBadRequest, err.Error())
		return
	}
	s.mu.Lock()
	s.directory = newDirectory(tenant, s.now())
	snapshot := s.directory.snapshot()
	s.mu.Unlock()
	control.Answer(w, http.StatusOK, snapshot)
}

// withDirectory runs a change under the server's lock and answers with what it returns; nil answers without a body.
func (s *Server) withDirectory(w http.ResponseWriter, status int, change func(*directory) (any, *control.Refusal)) {
	s.mu.Lock()
	value, refused := change(s.directory)
	s.mu.Unlock()
	control.Reply(w, status, value, refused)
}

func (s *Server) serveUsers(w http.ResponseWriter, _ *http.Request) {
	s.withDirectory(w, http.StatusOK, func(d *directory) (any, *control.Refusal) {
		return d.exportUsers(), nil
	})
}

func (s *Server) serveCreateUser(w http.ResponseWriter, r *http.Request) {
	var user control.User
	if !control.ReadBody(w, r, &user) {
		return
	}
	s.withDirectory(w, http.StatusCreated, func(d *directory) (any, *control.Refusal) {
		if err := user.Validate(); err != nil {
			return nil, control.Invalid(err)
		}
		if taken := d.taken(user.ID, user.UserPrincipalName, nil); taken != nil {
			return nil, taken
		}
		record := d.addUser(user, s.now())
		if s.behavior.ReplicaLag.LagCreates {
			record.createLag = newLag(s.behavior.ReplicaLag, s.now())
		}
		return clone(&record.User), nil
	})
}

// taken refuses an id or a user principal name that another object has.
func (d *directory) taken(id, upn string, except *userRecord) *control.Refusal {
	if _, exists := d.object(strings.ToLower(id)); id != "" && exists {
		return control.Conflict("id: " + id + " is already in use")
	}
	if other := d.byUPN[strings.ToLower(upn)]; other != nil && other != except {
		return control.Conflict("userPrincipalName: " + upn + " is already in use")
	}
	return nil
}

func (s *Server) serveUser(w http.ResponseWriter, r *http.Request) {
	s.withUser(w, r, http.StatusOK, func(_ *directory, record *userRecord) (any, *control.Refusal) {
		return clone(&record.User), nil
	})
}

func (s *Server) withUser(w http.ResponseWriter, r *http.Request, status int, change func(*directory, *userRecord) (any, *control.Refusal)) {
	s.withDirectory(w, status, func(d *directory) (any, *control.Refusal) {
		record := d.user(r.PathValue("key"))
		if record == nil {
			return nil, control.NotThere("user", r.PathValue("key"))
		}
		return change(d, record)
	})
}

func (s *Server) servePatchUser(w http.ResponseWriter, r *http.Request) {
	var changes control.UserPatch
	if !control.ReadBody(w, r, &changes) {
		return
	}
	s.withUser(w, r, http.StatusOK, func(d *directory, record *userRecord) (any, *control.Refusal) {
		changed := *clone(&record.User)
		set(&changed.UserPrincipalName, changes.UserPrincipalName)
		set(&changed.DisplayName, changes.DisplayName)
		set(&changed.Mail, changes.Mail)
		set(&changed.UserType, changes.UserType)
		set(&changed.PerUserMFAState, changes.PerUserMFAState)
		set(&changed.AssignedLicenses, changes.AssignedLicenses)
		set(&changed.Methods, changes.Methods)
		set(&changed.Properties, changes.Properties)
		if changes.AccountEnabled != nil {
			changed.AccountEnabled = changes.AccountEnabled
		}
		if err := changed.Validate(); err != nil {
			return nil, control.Invalid(err)
		}
		if taken := d.taken("", changed.UserPrincipalName, record); taken != nil {
			return nil, taken
		}
		delete(d.byUPN, strings.ToLower(record.UserPrincipalName))
		changed.Normalize(s.now())
		record.User = changed
		d.byUPN[strings.ToLower(changed.UserPrincipalName)] = record
		if changes.PerUserMFAState != nil {
			record.stateLag = nil // a change from here is immediate
		}
		return clone(&record.User), nil
	})
}

func set[T any](target *T, value *T) {
	if value != nil {
		*target = *value
	}
}

func (s *Server) serveDeleteUser(w http.ResponseWriter, r *http.Request) {
	s.withUser(w, r, http.StatusNoContent, func(d *directory, record *userRecord) (any, *control.Refusal) {
		d.removeUser(record)
		return nil, nil
	})
}

func (s *Server) serveState(w http.ResponseWriter, r *http.Request) {
	var change control.StateChange
	if !control.ReadBody(w, r, &change) {
		return
	}
	s.withUser(w, r, http.StatusOK, func(_ *directory, record *userRecord) (any, *control.Refusal) {
		if err := control.ValidateState(change.PerUserMFAState); err != nil {
			return nil, control.Bad("perUserMfaState: " + err.Error())
		}
		s.writeState(record, change.PerUserMFAState)
		record.stateLag = nil
		return control.StateChange{PerUserMFAState: record.PerUserMFAState}, nil
	})
}

func (s *Server) serveRegisterMethod(w http.ResponseWriter, r *http.Request) {
	var method control.Method
	if !control.ReadBody(w, r, &method) {
		return
	}
	s.withUser(w, r, http.StatusCreated, func(_ *directory, record *userRecord) (any, *control.Refusal) {
		changed := *clone(&record.User)
		changed.Methods = append(changed.Methods, method)
		if err := changed.Validate(); err != nil {
			return nil, control.Invalid(err)
		}
		changed.Normalize(s.now())
		record.User = changed
		if method.CountsAsMFA() {
			s.promote(record)
			record.stateLag = nil
		}
		return changed.Methods[len(changed.Methods)-1], nil
	})
}

func (s *Server) serveRemoveMethod(w http.ResponseWriter, r *http.Request) {
	s.withUser(w, r, http.StatusNoContent, func(_ *directory, record *userRecord) (any, *control.Refusal) {
		before := len(record.Methods)
		record.Methods = slices.DeleteFunc(record.Methods, func(method control.Method) bool { return method.ID == r.PathValue("method") })
		if len(record.Methods) == before {
			return nil, control.NotThere("method", r.PathValue("method"))
		}
		return nil, nil
	})
}

func (s *Server) serveGroups(w http.ResponseWriter, _ *http.Request) {
	s.withDirectory(w, http.StatusOK, func(d *directory) (any, *control.Refusal) {
		groups := []control.Group{}
		for _, group := range d.groups {
			groups = append(groups, group.export())
		}
		return groups, nil
	})
}

func (s *Server) serveCreateGroup(w http.ResponseWriter, r *http.Request) {
	var group control.Group
	if !control.ReadBody(w, r, &group) {
		return
	}
	s.withDirectory(w, http.StatusCreated, func(d *directory) (any, *control.Refusal) {
		if err := group.Validate(); err != nil {
			return nil, control.Invalid(err)
		}
		if taken := d.taken(group.ID, "", nil); taken != nil {
			return nil, taken
		}
		members, unknown := d.memberIDs(group.Members)
		if unknown != "" {
			return nil, control.Bad("members: there is no user and no group " + unknown)
		}
		record := d.addGroup(&group)
		d.setMembers(record, members)
		return record.export(), nil
	})
}

func (s *Server) withGroup(w http.ResponseWriter, r *http.Request, change func(*directory, *groupRecord) (any, *control.Refusal)) {
	s.withDirectory(w, http.StatusOK, func(d *directory) (any, *control.Refusal) {
		group := d.group(r.PathValue("key"))
		if group == nil {
			return nil, control.NotThere("group", r.PathValue("key"))
		}
		return change(d, group)
	})
}

func (s *Server) serveGroup(w http.ResponseWriter, r *http.Request) {
	s.withGroup(w, r, func(_ *directory, group *groupRecord) (any, *control.Refusal) { return group.export(), nil })
}

func (s *Server) servePatchGroup(w http.ResponseWriter, r *http.Request) {
	var changes control.GroupPatch
	if !control.ReadBody(w, r, &changes) {
		return
	}
	s.withGroup(w, r, func(d *directory, group *groupRecord) (any, *control.Refusal) {
		changed := group.export()
		set(&changed.DisplayName, changes.DisplayName)
		set(&changed.Members, changes.Members)
		set(&changed.Properties, changes.Properties)
		if err := changed.Validate(); err != nil {
			return nil, control.Invalid(err)
		}
		members, unknown := d.memberIDs(changed.Members)
		if unknown != "" {
			return nil, control.Bad("members: there is no user and no group " + unknown)
		}
		group.displayName, group.properties = changed.DisplayName, changed.Properties
		d.setMembers(group, members)
		return group.export(), nil
	})
}

func (s *Server) serveDeleteGroup(w http.ResponseWriter, r *http.Request) {
	s.withGroup(w, r, func(d *directory, group *groupRecord) (any, *control.Refusal) {
		d.removeGroup(group)
		return nil, nil
	})
}

func (s *Server) serveApps(w http.ResponseWriter, _ *http.Request) {
	s.withDirectory(w, http.StatusOK, func(d *directory) (any, *control.Refusal) {
		apps := []control.App{}
		for _, app := range d.apps {
			apps = append(apps, *clone(app))
		}
		return apps, nil
	})
}

func (s *Server) serveCreateApp(w http.ResponseWriter, r *http.Request) {
	var app control.App
	if !control.ReadBody(w, r, &app) {
		return
	}
	s.withDirectory(w, http.StatusCreated, func(d *directory) (any, *control.Refusal) {
		if err := app.Validate(); err != nil {
			return nil, control.Invalid(err)
		}
		if d.app(app.ClientID) != nil {
			return nil, control.Conflict("clientId: " + app.ClientID + " is already in use")
		}
		added := normalizedApp(app)
		d.apps = append(d.apps, added)
		return clone(added), nil
	})
}

func (s *Server) withApp(w http.ResponseWriter, r *http.Request, change func(*directory, *control.App) (any, *control.Refusal)) {
	s.withDirectory(w, http.StatusOK, func(d *directory) (any, *control.Refusal) {
		app := d.app(r.PathValue("key"))
		if app == nil {
			return nil, control.NotThere("app", r.PathValue("key"))
		}
		return change(d, app)
	})
}

func (s *Server) serveApp(w http.ResponseWriter, r *http.Request) {
	s.withApp(w, r, func(_ *directory, app *control.App) (any, *control.Refusal) { return clone(app), nil })
}

func (s *Server) servePatchApp(w http.ResponseWriter, r *http.Request) {
	var changes control.AppPatch
	if !control.ReadBody(w, r, &changes) {
		return
	}
	s.withApp(w, r, func(_ *directory, app *control.App) (any, *control.Refusal) {
		changed := *clone(app)
		set(&changed.DisplayName, changes.DisplayName)
		set(&changed.Secrets, changes.Secrets)
		set(&changed.Certificates, changes.Certificates)
		set(&changed.FederatedCredentials, changes.FederatedCredentials)
		set(&changed.Permissions, changes.Permissions)
		if err := changed.Validate(); err != nil {
			return nil, control.Invalid(err)
		}
		*app = *normalizedApp(changed)
		return clone(app), nil
	})
}

func (s *Server) serveDeleteApp(w http.ResponseWriter, r *http.Request) {
	s.withApp(w, r, func(d *directory, app *control.App) (any, *control.Refusal) {
		d.apps = slices.DeleteFunc(d.apps, func(other *control.App) bool { return other == app })
		return nil, nil
	})
}

func (s *Server) serveBehavior(w http.ResponseWriter, _ *http.Request) {
	control.Answer(w, http.StatusOK, s.currentBehavior())
}

func (s *Server) serveSetBehavior(w http.ResponseWriter, r *http.Request) {
	var behavior control.Behavior
	if !control.ReadBody(w, r, &behavior) {
		return
	}
	if err := behavior.Validate(); err != nil {
		control.Refuse(w, http.StatusBadRequest, err.Error())
		return
	}
	s.setBehavior(behavior)
	control.Answer(w, http.StatusOK, s.currentBehavior())
}

func (s *Server) serveFaults(w http.ResponseWriter, _ *http.Request) {
	control.Answer(w, http.StatusOK, s.faults.List())
}

func (s *Server) serveAddFault(w http.ResponseWriter, r *http.Request) {
	var fault control.Fault
	if !control.ReadBody(w, r, &fault) {
		return
	}
	status, err := s.faults.Add(fault)
	if err != nil {
		control.Refuse(w, http.StatusBadRequest, err.Error())
		return
	}
	control.Answer(w, http.StatusCreated, status)
}

func (s *Server) serveClearFaults(w http.ResponseWriter, _ *http.Request) {
	s.faults.Clear()
	w.WriteHeader(http.StatusNoContent)
}

func (s *Server) serveDeleteFault(w http.ResponseWriter, r *http.Request) {
	if !s.faults.Remove(r.PathValue("key")) {
		control.Refuse(w, http.StatusNotFound, "there is no fault "+r.PathValue("key"))
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

func (s *Server) serveRequests(w http.ResponseWriter, r *http.Request) {
	switch service := r.URL.Query().Get("service"); service {
	case "", "graph", "login":
		control.Answer(w, http.StatusOK, s.requests.List(service == "login"))
	default:
		control.Refuse(w, http.StatusBadRequest, "service: "+service+" is neither graph nor login")
	}
}

func (s *Server) serveClearRequests(w http.ResponseWriter, _ *http.Request) {
	s.requests.Clear()
	w.WriteHeader(http.StatusNoContent)
}

func (s *Server) serveCounters(w http.ResponseWriter, _ *http.Request) {
	control.Answer(w, http.StatusOK, s.requests.Count())
}

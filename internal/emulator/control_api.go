package emulator

import (
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
)

// controlEndpoint is one line of GET /_emulator/.
type controlEndpoint struct {
	Method      string `json:"method"`
	Path        string `json:"path"`
	Description string `json:"description"`
	handle      http.HandlerFunc
}

func (s *Server) controlEndpoints() []controlEndpoint {
	return []controlEndpoint{
		{"GET", "info", "where the emulator is and which apps its tenant has", s.serveInfo},
		{"GET", "tenant", "the whole tenant as it is now, secrets included", s.serveSnapshot},
		{"PUT", "tenant", "replace the whole tenant", s.serveSeed},
		{"GET", "users", "all users", s.serveUsers},
		{"POST", "users", "add a user", s.serveCreateUser},
		{"GET", "users/{key}", "a user by object id or user principal name", s.serveUser},
		{"PATCH", "users/{key}", "change a user", s.servePatchUser},
		{"DELETE", "users/{key}", "remove a user", s.serveDeleteUser},
		{"PUT", "users/{key}/state", "change a user's state as an administrator does", s.serveState},
		{"POST", "users/{key}/methods", "register an authentication method as a user does", s.serveRegisterMethod},
		{"DELETE", "users/{key}/methods/{method}", "remove an authentication method", s.serveRemoveMethod},
		{"GET", "groups", "all groups", s.serveGroups},
		{"POST", "groups", "add a group", s.serveCreateGroup},
		{"GET", "groups/{key}", "a group by object id", s.serveGroup},
		{"PATCH", "groups/{key}", "change a group", s.servePatchGroup},
		{"DELETE", "groups/{key}", "remove a group", s.serveDeleteGroup},
		{"GET", "authentication-methods-policy", "the authentication methods policy", s.serveMethodsPolicy},
		{"PATCH", "authentication-methods-policy", "change it as an administrator or Microsoft does; objects are merged", s.servePatchMethodsPolicy},
		{"GET", "named-locations", "all named locations", s.serveNamedLocations},
		{"POST", "named-locations", "add a named location", s.serveCreateNamedLocation},
		{"GET", "named-locations/{key}", "a named location by id", s.serveNamedLocation},
		{"PATCH", "named-locations/{key}", "change a named location", s.servePatchNamedLocation},
		{"DELETE", "named-locations/{key}", "move a named location into the bin", s.serveDeleteNamedLocation},
		{"GET", "conditional-access-policies", "all Conditional Access policies", s.serveAccessPolicies},
		{"POST", "conditional-access-policies", "add a Conditional Access policy", s.serveCreateAccessPolicy},
		{"GET", "conditional-access-policies/{key}", "a Conditional Access policy by id", s.serveAccessPolicy},
		{"DELETE", "conditional-access-policies/{key}", "move a Conditional Access policy into the bin", s.serveDeleteAccessPolicy},
		{"GET", "apps", "all apps, secrets included", s.serveApps},
		{"POST", "apps", "add an app", s.serveCreateApp},
		{"GET", "apps/{key}", "an app by client id", s.serveApp},
		{"PATCH", "apps/{key}", "change an app", s.servePatchApp},
		{"DELETE", "apps/{key}", "remove an app", s.serveDeleteApp},
		{"GET", "behavior", "the behaviour in force", s.serveBehavior},
		{"PUT", "behavior", "replace the behaviour", s.serveSetBehavior},
		{"GET", "faults", "the faults with what they have done", s.serveFaults},
		{"POST", "faults", "add a fault", s.serveAddFault},
		{"DELETE", "faults", "remove every fault", s.serveClearFaults},
		{"DELETE", "faults/{key}", "remove a fault", s.serveDeleteFault},
		{"GET", "requests", "the Graph requests so far; ?service=login for the sign-in requests", s.serveRequests},
		{"DELETE", "requests", "empty the request log and set the counters to zero", s.serveClearRequests},
		{"GET", "counters", "how many requests came in, by operation, class and status, and what they cost", s.serveCounters},
		{"POST", "assertions", "a signed assertion for federated sign-in", s.serveAssertion},
		{"GET", "oidc/github", "a pipeline's assertion as GitHub Actions hands it out", s.serveGitHubToken},
		{"POST", "oidc/azure-devops", "a pipeline's assertion as Azure Pipelines hands it out", s.serveAzureDevOpsToken},
		{"GET", "identity/metadata", "a machine's token as the Azure Instance Metadata Service hands it out", s.serveMetadataToken},
		{"GET", "identity/app-service", "a machine's token as App Service hands it out", s.serveAppServiceToken},
		{"POST", "identity/cloud-shell", "a machine's token as Azure Cloud Shell hands it out", s.serveCloudShellToken},
		{"POST", "user-tokens", "an access token of a signed-in user, as of the Azure CLI", s.serveUserToken},
	}
}

// controlHandler serves the control API. It is immediate, unlogged, and needs no token; see guardControl.
func (s *Server) controlHandler() http.Handler {
	mux := http.NewServeMux()
	endpoints := s.controlEndpoints()
	for i := range endpoints {
		endpoints[i].Path = "/_emulator/" + endpoints[i].Path
		mux.HandleFunc(endpoints[i].Method+" "+endpoints[i].Path, endpoints[i].handle)
	}
	mux.HandleFunc("/_emulator/", func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet || strings.TrimSuffix(r.URL.Path, "/") != "/_emulator" {
			refuseControl(w, http.StatusNotFound, "there is no "+r.Method+" "+r.URL.Path+"; GET /_emulator/ lists what there is")
			return
		}
		answerControl(w, http.StatusOK, map[string]any{
			"name":      "entra-emulator control API",
			"info":      s.info(),
			"endpoints": endpoints,
		})
	})
	return s.guardControl(mux)
}

func answerControl(w http.ResponseWriter, status int, value any) {
	data, err := json.Marshal(value)
	if err != nil {
		panic("emulator: control answers always marshal: " + err.Error())
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(append(data, '\n')) // a caller that has gone away is no concern here
}

func refuseControl(w http.ResponseWriter, status int, message string) {
	answerControl(w, status, map[string]string{"error": message})
}

// readControlBody decodes the body strictly; when it returns false, it has answered already.
func readControlBody(w http.ResponseWriter, r *http.Request, target any) bool {
	if refused := checkControlBody(r); refused != nil {
		refuseControl(w, refused.status, refused.message)
		return false
	}
	data, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 256<<20))
	if err != nil {
		refuseControl(w, http.StatusBadRequest, "reading the body: "+err.Error())
		return false
	}
	if err := control.DecodeStrict(data, target); err != nil {
		refuseControl(w, http.StatusBadRequest, err.Error())
		return false
	}
	return true
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
	answerControl(w, http.StatusOK, s.info())
}

func (s *Server) serveSnapshot(w http.ResponseWriter, _ *http.Request) {
	s.mu.Lock()
	snapshot := s.directory.snapshot()
	s.mu.Unlock()
	answerControl(w, http.StatusOK, snapshot)
}

func (s *Server) serveSeed(w http.ResponseWriter, r *http.Request) {
	tenant := &control.Tenant{}
	if !readControlBody(w, r, tenant) {
		return
	}
	if err := tenant.Validate(); err != nil {
		refuseControl(w, http.StatusBadRequest, err.Error())
		return
	}
	s.mu.Lock()
	s.directory = newDirectory(tenant, s.now())
	snapshot := s.directory.snapshot()
	s.mu.Unlock()
	answerControl(w, http.StatusOK, snapshot)
}

// refusal is a control request that cannot be fulfilled.
type refusal struct {
	status  int
	message string
}

func notThere(kind, key string) *refusal {
	return &refusal{http.StatusNotFound, "there is no " + kind + " " + key}
}

func invalid(err error) *refusal { return &refusal{http.StatusBadRequest, err.Error()} }

// withDirectory runs a change under the server's lock and answers with what it returns; nil answers without a body.
func (s *Server) withDirectory(w http.ResponseWriter, status int, change func(*directory) (any, *refusal)) {
	s.mu.Lock()
	value, refused := change(s.directory)
	s.mu.Unlock()
	switch {
	case refused != nil:
		refuseControl(w, refused.status, refused.message)
	case value == nil:
		w.WriteHeader(http.StatusNoContent)
	default:
		answerControl(w, status, value)
	}
}

func (s *Server) serveUsers(w http.ResponseWriter, _ *http.Request) {
	s.withDirectory(w, http.StatusOK, func(d *directory) (any, *refusal) {
		return d.exportUsers(), nil
	})
}

func (s *Server) serveCreateUser(w http.ResponseWriter, r *http.Request) {
	var user control.User
	if !readControlBody(w, r, &user) {
		return
	}
	s.withDirectory(w, http.StatusCreated, func(d *directory) (any, *refusal) {
		if err := user.Validate(); err != nil {
			return nil, invalid(err)
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
func (d *directory) taken(id, upn string, except *userRecord) *refusal {
	if _, exists := d.object(strings.ToLower(id)); id != "" && exists {
		return &refusal{http.StatusConflict, "id: " + id + " is already in use"}
	}
	if other := d.byUPN[strings.ToLower(upn)]; other != nil && other != except {
		return &refusal{http.StatusConflict, "userPrincipalName: " + upn + " is already in use"}
	}
	return nil
}

func (s *Server) serveUser(w http.ResponseWriter, r *http.Request) {
	s.withUser(w, r, http.StatusOK, func(_ *directory, record *userRecord) (any, *refusal) {
		return clone(&record.User), nil
	})
}

func (s *Server) withUser(w http.ResponseWriter, r *http.Request, status int, change func(*directory, *userRecord) (any, *refusal)) {
	s.withDirectory(w, status, func(d *directory) (any, *refusal) {
		record := d.user(r.PathValue("key"))
		if record == nil {
			return nil, notThere("user", r.PathValue("key"))
		}
		return change(d, record)
	})
}

func (s *Server) servePatchUser(w http.ResponseWriter, r *http.Request) {
	var changes control.UserPatch
	if !readControlBody(w, r, &changes) {
		return
	}
	s.withUser(w, r, http.StatusOK, func(d *directory, record *userRecord) (any, *refusal) {
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
			return nil, invalid(err)
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
	s.withUser(w, r, http.StatusNoContent, func(d *directory, record *userRecord) (any, *refusal) {
		d.removeUser(record)
		return nil, nil
	})
}

func (s *Server) serveState(w http.ResponseWriter, r *http.Request) {
	var change control.StateChange
	if !readControlBody(w, r, &change) {
		return
	}
	s.withUser(w, r, http.StatusOK, func(_ *directory, record *userRecord) (any, *refusal) {
		if err := control.ValidateState(change.PerUserMFAState); err != nil {
			return nil, &refusal{http.StatusBadRequest, "perUserMfaState: " + err.Error()}
		}
		s.writeState(record, change.PerUserMFAState)
		record.stateLag = nil
		return control.StateChange{PerUserMFAState: record.PerUserMFAState}, nil
	})
}

func (s *Server) serveRegisterMethod(w http.ResponseWriter, r *http.Request) {
	var method control.Method
	if !readControlBody(w, r, &method) {
		return
	}
	s.withUser(w, r, http.StatusCreated, func(_ *directory, record *userRecord) (any, *refusal) {
		changed := *clone(&record.User)
		changed.Methods = append(changed.Methods, method)
		if err := changed.Validate(); err != nil {
			return nil, invalid(err)
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
	s.withUser(w, r, http.StatusNoContent, func(_ *directory, record *userRecord) (any, *refusal) {
		before := len(record.Methods)
		record.Methods = slices.DeleteFunc(record.Methods, func(method control.Method) bool { return method.ID == r.PathValue("method") })
		if len(record.Methods) == before {
			return nil, notThere("method", r.PathValue("method"))
		}
		return nil, nil
	})
}

func (s *Server) serveGroups(w http.ResponseWriter, _ *http.Request) {
	s.withDirectory(w, http.StatusOK, func(d *directory) (any, *refusal) {
		groups := []control.Group{}
		for _, group := range d.groups {
			groups = append(groups, group.export())
		}
		return groups, nil
	})
}

func (s *Server) serveCreateGroup(w http.ResponseWriter, r *http.Request) {
	var group control.Group
	if !readControlBody(w, r, &group) {
		return
	}
	s.withDirectory(w, http.StatusCreated, func(d *directory) (any, *refusal) {
		if err := group.Validate(); err != nil {
			return nil, invalid(err)
		}
		if taken := d.taken(group.ID, "", nil); taken != nil {
			return nil, taken
		}
		members, unknown := d.memberIDs(group.Members)
		if unknown != "" {
			return nil, &refusal{http.StatusBadRequest, "members: there is no user and no group " + unknown}
		}
		record := d.addGroup(&group)
		d.setMembers(record, members)
		return record.export(), nil
	})
}

func (s *Server) withGroup(w http.ResponseWriter, r *http.Request, change func(*directory, *groupRecord) (any, *refusal)) {
	s.withDirectory(w, http.StatusOK, func(d *directory) (any, *refusal) {
		group := d.group(r.PathValue("key"))
		if group == nil {
			return nil, notThere("group", r.PathValue("key"))
		}
		return change(d, group)
	})
}

func (s *Server) serveGroup(w http.ResponseWriter, r *http.Request) {
	s.withGroup(w, r, func(_ *directory, group *groupRecord) (any, *refusal) { return group.export(), nil })
}

func (s *Server) servePatchGroup(w http.ResponseWriter, r *http.Request) {
	var changes control.GroupPatch
	if !readControlBody(w, r, &changes) {
		return
	}
	s.withGroup(w, r, func(d *directory, group *groupRecord) (any, *refusal) {
		changed := group.export()
		set(&changed.DisplayName, changes.DisplayName)
		set(&changed.Members, changes.Members)
		set(&changed.Properties, changes.Properties)
		if err := changed.Validate(); err != nil {
			return nil, invalid(err)
		}
		members, unknown := d.memberIDs(changed.Members)
		if unknown != "" {
			return nil, &refusal{http.StatusBadRequest, "members: there is no user and no group " + unknown}
		}
		group.displayName, group.properties = changed.DisplayName, changed.Properties
		d.setMembers(group, members)
		return group.export(), nil
	})
}

func (s *Server) serveDeleteGroup(w http.ResponseWriter, r *http.Request) {
	s.withGroup(w, r, func(d *directory, group *groupRecord) (any, *refusal) {
		d.removeGroup(group)
		return nil, nil
	})
}

func (s *Server) serveApps(w http.ResponseWriter, _ *http.Request) {
	s.withDirectory(w, http.StatusOK, func(d *directory) (any, *refusal) {
		apps := []control.App{}
		for _, app := range d.apps {
			apps = append(apps, *clone(app))
		}
		return apps, nil
	})
}

func (s *Server) serveCreateApp(w http.ResponseWriter, r *http.Request) {
	var app control.App
	if !readControlBody(w, r, &app) {
		return
	}
	s.withDirectory(w, http.StatusCreated, func(d *directory) (any, *refusal) {
		if err := app.Validate(); err != nil {
			return nil, invalid(err)
		}
		if d.app(app.ClientID) != nil {
			return nil, &refusal{http.StatusConflict, "clientId: " + app.ClientID + " is already in use"}
		}
		added := normalizedApp(app)
		d.apps = append(d.apps, added)
		return clone(added), nil
	})
}

func (s *Server) withApp(w http.ResponseWriter, r *http.Request, change func(*directory, *control.App) (any, *refusal)) {
	s.withDirectory(w, http.StatusOK, func(d *directory) (any, *refusal) {
		app := d.app(r.PathValue("key"))
		if app == nil {
			return nil, notThere("app", r.PathValue("key"))
		}
		return change(d, app)
	})
}

func (s *Server) serveApp(w http.ResponseWriter, r *http.Request) {
	s.withApp(w, r, func(_ *directory, app *control.App) (any, *refusal) { return clone(app), nil })
}

func (s *Server) servePatchApp(w http.ResponseWriter, r *http.Request) {
	var changes control.AppPatch
	if !readControlBody(w, r, &changes) {
		return
	}
	s.withApp(w, r, func(_ *directory, app *control.App) (any, *refusal) {
		changed := *clone(app)
		set(&changed.DisplayName, changes.DisplayName)
		set(&changed.Secrets, changes.Secrets)
		set(&changed.Certificates, changes.Certificates)
		set(&changed.FederatedCredentials, changes.FederatedCredentials)
		set(&changed.Permissions, changes.Permissions)
		if err := changed.Validate(); err != nil {
			return nil, invalid(err)
		}
		*app = *normalizedApp(changed)
		return clone(app), nil
	})
}

func (s *Server) serveDeleteApp(w http.ResponseWriter, r *http.Request) {
	s.withApp(w, r, func(d *directory, app *control.App) (any, *refusal) {
		d.apps = slices.DeleteFunc(d.apps, func(other *control.App) bool { return other == app })
		return nil, nil
	})
}

func (s *Server) serveBehavior(w http.ResponseWriter, _ *http.Request) {
	answerControl(w, http.StatusOK, s.currentBehavior())
}

func (s *Server) serveSetBehavior(w http.ResponseWriter, r *http.Request) {
	var behavior control.Behavior
	if !readControlBody(w, r, &behavior) {
		return
	}
	if err := behavior.Validate(); err != nil {
		refuseControl(w, http.StatusBadRequest, err.Error())
		return
	}
	s.setBehavior(behavior)
	answerControl(w, http.StatusOK, s.currentBehavior())
}

func (s *Server) serveFaults(w http.ResponseWriter, _ *http.Request) {
	answerControl(w, http.StatusOK, s.faults.list())
}

func (s *Server) serveAddFault(w http.ResponseWriter, r *http.Request) {
	var fault control.Fault
	if !readControlBody(w, r, &fault) {
		return
	}
	status, err := s.faults.add(fault)
	if err != nil {
		refuseControl(w, http.StatusBadRequest, err.Error())
		return
	}
	answerControl(w, http.StatusCreated, status)
}

func (s *Server) serveClearFaults(w http.ResponseWriter, _ *http.Request) {
	s.faults.clear()
	w.WriteHeader(http.StatusNoContent)
}

func (s *Server) serveDeleteFault(w http.ResponseWriter, r *http.Request) {
	if !s.faults.remove(r.PathValue("key")) {
		refuseControl(w, http.StatusNotFound, "there is no fault "+r.PathValue("key"))
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

func (s *Server) serveRequests(w http.ResponseWriter, r *http.Request) {
	switch service := r.URL.Query().Get("service"); service {
	case "", "graph", "login":
		answerControl(w, http.StatusOK, s.requests.list(service == "login"))
	default:
		refuseControl(w, http.StatusBadRequest, "service: "+service+" is neither graph nor login")
	}
}

func (s *Server) serveClearRequests(w http.ResponseWriter, _ *http.Request) {
	s.requests.clear()
	w.WriteHeader(http.StatusNoContent)
}

func (s *Server) serveCounters(w http.ResponseWriter, _ *http.Request) {
	answerControl(w, http.StatusOK, s.requests.count())
}

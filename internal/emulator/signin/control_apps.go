package signin

import (
	"net/http"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/store"
)

// Endpoints are what the control API has of apps, assertions and tokens.
func (s *Service) Endpoints() []control.Endpoint {
	return []control.Endpoint{
		control.On("GET", "apps", "all apps, secrets included", s.serveApps),
		control.On("POST", "apps", "add an app", s.serveCreateApp),
		control.On("GET", "apps/{key}", "an app by client id", s.serveApp),
		control.On("PATCH", "apps/{key}", "change an app", s.servePatchApp),
		control.On("DELETE", "apps/{key}", "remove an app", s.serveDeleteApp),
		control.On("POST", "assertions", "a signed assertion for federated sign-in", s.serveAssertion),
		control.On("GET", "oidc/github", "a pipeline's assertion as GitHub Actions hands it out", s.serveGitHubToken),
		control.On("POST", "oidc/azure-devops", "a pipeline's assertion as Azure Pipelines hands it out", s.serveAzureDevOpsToken),
		control.On("GET", "identity/metadata", "a machine's token as the Azure Instance Metadata Service hands it out", s.serveMetadataToken),
		control.On("GET", "identity/app-service", "a machine's token as App Service hands it out", s.serveAppServiceToken),
		control.On("POST", "identity/cloud-shell", "a machine's token as Azure Cloud Shell hands it out", s.serveCloudShellToken),
		control.On("POST", "user-tokens", "an access token of a signed-in user, as of the Azure CLI", s.serveUserToken),
	}
}

// inUpdate runs a change in a transaction and answers with what it returns; nil answers without a body.
func (s *Service) inUpdate(w http.ResponseWriter, status int, change func(*store.Tx) (any, *control.Refusal)) {
	var value any
	var refused *control.Refusal
	s.store.Update(func(tx *store.Tx) { value, refused = change(tx) })
	control.Reply(w, status, value, refused)
}

func set[T any](target *T, value *T) {
	if value != nil {
		*target = *value
	}
}

func (s *Service) serveApps(w http.ResponseWriter, _ *http.Request) {
	s.inUpdate(w, http.StatusOK, func(tx *store.Tx) (any, *control.Refusal) {
		apps := []control.App{}
		for _, app := range tx.Apps() {
			apps = append(apps, *control.Clone(app))
		}
		return apps, nil
	})
}

func (s *Service) serveCreateApp(w http.ResponseWriter, r *http.Request) {
	var app control.App
	if !control.ReadBody(w, r, &app) {
		return
	}
	s.inUpdate(w, http.StatusCreated, func(tx *store.Tx) (any, *control.Refusal) {
		if err := app.Validate(); err != nil {
			return nil, control.Invalid(err)
		}
		if tx.App(app.ClientID) != nil {
			return nil, control.Conflict("clientId: " + app.ClientID + " is already in use")
		}
		return control.Clone(tx.AddApp(app)), nil
	})
}

func (s *Service) withApp(w http.ResponseWriter, r *http.Request, change func(*store.Tx, *control.App) (any, *control.Refusal)) {
	s.inUpdate(w, http.StatusOK, func(tx *store.Tx) (any, *control.Refusal) {
		app := tx.App(r.PathValue("key"))
		if app == nil {
			return nil, control.NotThere("app", r.PathValue("key"))
		}
		return change(tx, app)
	})
}

func (s *Service) serveApp(w http.ResponseWriter, r *http.Request) {
	s.withApp(w, r, func(_ *store.Tx, app *control.App) (any, *control.Refusal) { return control.Clone(app), nil })
}

func (s *Service) servePatchApp(w http.ResponseWriter, r *http.Request) {
	var changes control.AppPatch
	if !control.ReadBody(w, r, &changes) {
		return
	}
	s.withApp(w, r, func(tx *store.Tx, app *control.App) (any, *control.Refusal) {
		changed := *control.Clone(app)
		set(&changed.DisplayName, changes.DisplayName)
		set(&changed.Secrets, changes.Secrets)
		set(&changed.Certificates, changes.Certificates)
		set(&changed.FederatedCredentials, changes.FederatedCredentials)
		set(&changed.Permissions, changes.Permissions)
		if err := changed.Validate(); err != nil {
			return nil, control.Invalid(err)
		}
		tx.SetApp(app, changed)
		return control.Clone(app), nil
	})
}

func (s *Service) serveDeleteApp(w http.ResponseWriter, r *http.Request) {
	s.withApp(w, r, func(tx *store.Tx, app *control.App) (any, *control.Refusal) {
		tx.RemoveApp(app)
		return nil, nil
	})
}

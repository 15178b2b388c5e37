package emulator

import (
	"net/http"
	"slices"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/graphapi"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/store"
)

// controlEndpoints are the endpoints of the control API: those of the server itself, and what Graph and sign-in bring.
func (s *Server) controlEndpoints() []control.Endpoint {
	return slices.Concat([]control.Endpoint{
		control.On("GET", "info", "where the emulator is and which apps its tenant has", s.serveInfo),
		control.On("GET", "tenant", "the whole tenant as it is now, secrets included", s.serveSnapshot),
		control.On("PUT", "tenant", "replace the whole tenant", s.serveSeed),
	}, graphapi.Endpoints(s.store), s.signIn.Endpoints(), []control.Endpoint{
		control.On("GET", "behavior", "the behaviour in force", s.serveBehavior),
		control.On("PUT", "behavior", "replace the behaviour", s.serveSetBehavior),
	}, s.faults.Endpoints(), s.requests.Endpoints())
}

func (s *Server) info() control.Info {
	return store.Read(s.store, func(tx *store.Tx) control.Info {
		info := control.Info{
			URL: s.host.URL, TenantID: tx.TenantID(), DisplayName: tx.DisplayName(),
			DefaultDomain: tx.DefaultDomain(), CAPEM: string(s.caPEM), Apps: []control.AppInfo{},
		}
		for _, app := range tx.Apps() {
			info.Apps = append(info.Apps, control.AppInfo{
				ClientID: app.ClientID, ServicePrincipalID: tx.ServicePrincipalID(app),
				DisplayName: app.DisplayName, Permissions: slices.Clone(app.Permissions),
			})
		}
		return info
	})
}

func (s *Server) serveInfo(w http.ResponseWriter, _ *http.Request) {
	control.Answer(w, http.StatusOK, s.info())
}

func (s *Server) serveSnapshot(w http.ResponseWriter, _ *http.Request) {
	control.Answer(w, http.StatusOK, store.Read(s.store, graphapi.Snapshot))
}

func (s *Server) serveSeed(w http.ResponseWriter, r *http.Request) {
	data, ok := control.RawBody(w, r)
	if !ok {
		return
	}
	tenant, err := graphapi.DecodeTenant(data)
	if err == nil {
		err = graphapi.Validate(tenant)
	}
	if err != nil {
		control.Refuse(w, http.StatusBadRequest, err.Error())
		return
	}
	var snapshot *control.Tenant
	s.store.Update(func(tx *store.Tx) {
		graphapi.Seed(tx, tenant)
		snapshot = graphapi.Snapshot(tx)
	})
	control.Answer(w, http.StatusOK, snapshot)
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

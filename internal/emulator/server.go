package emulator

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/graphapi"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/signin"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/store"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/wire"
)

// Config says what to start.
type Config struct {
	// Address is the host and port to listen on: "127.0.0.1:0" when empty, that is a free port on the loopback interface.
	Address string
	// Names are further names by which clients address the server, in addition to those of the loopback interface and that of
	// Address: its certificate is good for them, and the control API accepts them.
	Names []string
	// AllowRemote permits an address that is not a loopback address.
	AllowRemote bool
	// Tenant is the tenant to begin with; nil is an empty one with a generated id and no app. It is copied.
	Tenant *Tenant
	// Behavior is the behaviour to begin with; the zero value is quick, consistent and patient.
	Behavior control.Behavior
	// Logger receives a warning per oddity and, at debug level, a line per request; nil discards.
	Logger *slog.Logger
	// Now is the clock for tokens, replica lag and throttling; nil is the wall clock.
	Now func() time.Time
}

// Server is a running emulator.
type Server struct {
	caPEM  []byte
	host   *wire.Host
	logger *slog.Logger
	now    func() time.Time
	http   *http.Server
	done   chan struct{}  // closed when the accept loop has ended
	active sync.WaitGroup // requests being handled

	store    *store.Store
	requests *control.RequestLog
	faults   *control.FaultList
	graph    *graphapi.Service
	signIn   *signin.Service

	closing   sync.Mutex // guards closed and additions to active against Close
	closed    bool
	closeOnce sync.Once
	closeErr  error
}

// ErrRemoteAddress is returned by [Start] for an address that others could reach, unless Config.AllowRemote permits it.
var ErrRemoteAddress = errors.New("not a loopback address")

// Start listens and serves in the background until [Server.Close]. It fails for an address that cannot be bound or that
// others could reach without permission, and for a tenant or a behaviour that makes no sense.
func Start(cfg Config) (*Server, error) {
	if cfg.Address == "" {
		cfg.Address = "127.0.0.1:0"
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Tenant == nil {
		cfg.Tenant = &Tenant{}
	}
	if err := graphapi.Validate(cfg.Tenant); err != nil {
		return nil, fmt.Errorf("tenant: %w", err)
	}
	if err := cfg.Behavior.Validate(); err != nil {
		return nil, fmt.Errorf("behavior: %w", err)
	}
	for _, name := range cfg.Names {
		if name == "" || strings.ContainsAny(name, " /@?#%") || strings.Contains(name, ":") && net.ParseIP(name) == nil {
			return nil, fmt.Errorf("name %q is neither the name of a host nor an IP address; it has no scheme and no port", name)
		}
	}
	host, _, err := net.SplitHostPort(cfg.Address)
	if err != nil {
		return nil, fmt.Errorf("address %q is not of the form host:port: %w", cfg.Address, err)
	}
	if !cfg.AllowRemote && !isLoopback(host) {
		return nil, fmt.Errorf("address %q: %w", cfg.Address, ErrRemoteAddress)
	}
	leaf, caPEM, names, err := newServerCertificate(host, cfg.Names)
	if err != nil {
		return nil, err
	}
	listener, err := net.Listen("tcp", cfg.Address)
	if err != nil {
		return nil, err
	}
	boundHost, port, err := net.SplitHostPort(listener.Addr().String())
	if err != nil {
		_ = listener.Close()
		return nil, fmt.Errorf("address %s: %w", listener.Addr(), err)
	}
	unspecified := net.ParseIP(boundHost).IsUnspecified()
	if host == "" || unspecified {
		host = "localhost" // an unspecified address cannot be dialled by its name
	}
	s := &Server{
		caPEM:    caPEM,
		host:     wire.NewHost("https://"+net.JoinHostPort(host, port), port, names),
		logger:   cfg.Logger,
		now:      cfg.Now,
		done:     make(chan struct{}),
		store:    store.New(cfg.Now),
		requests: control.NewRequestLog(),
		faults:   &control.FaultList{},
	}
	s.store.Update(func(tx *store.Tx) {
		tx.SetBehavior(cfg.Behavior)
		graphapi.Seed(tx, cfg.Tenant)
	})
	s.signIn, err = signin.New(signin.Config{
		Store: s.store, Host: s.host, Requests: s.requests, Faults: s.faults, Logger: s.logger, Now: s.now,
	})
	if err != nil {
		_ = listener.Close()
		return nil, err
	}
	s.graph = graphapi.New(graphapi.Config{
		Store: s.store, Host: s.host, Authenticate: s.authenticate, Requests: s.requests, Faults: s.faults, Logger: s.logger, Now: s.now,
	})
	s.http = &http.Server{
		Handler:           s.track(s.handler()),
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       2 * time.Minute,
		TLSConfig:         &tls.Config{Certificates: []tls.Certificate{leaf}, MinVersion: tls.VersionTLS12},
		// Clients that give up or do not trust the certificate are everyday life in tests.
		ErrorLog:    log.New(logWriter{s.logger}, "", 0),
		ConnContext: wire.WithConnection,
	}
	if cfg.AllowRemote && !isLoopback(host) || unspecified {
		s.logger.Warn("the emulator listens on an address that others may reach; whoever can reach it can read and change " +
			"everything in the emulated tenant, its secrets included; never put anything real into it, never use it in production")
	}
	go func() {
		defer close(s.done)
		if err := s.http.ServeTLS(listener, "", ""); !errors.Is(err, http.ErrServerClosed) && !errors.Is(err, net.ErrClosed) {
			s.logger.Error("the emulator stopped serving", "error", err)
		}
	}()
	s.logger.Info("the emulator is listening", "url", s.host.URL, "tenant", s.TenantID())
	return s, nil
}

func isLoopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}

// URL is the address of the server, such as https://127.0.0.1:43127: the Graph endpoint, the authority host and the
// base of the control API in one.
func (s *Server) URL() string { return s.host.URL }

// CAPEM is the certificate of the authority that signed the server's certificate, in PEM.
func (s *Server) CAPEM() []byte { return append([]byte(nil), s.caPEM...) }

// TenantID is the GUID of the tenant as it is now; a seed can change it.
func (s *Server) TenantID() string { return store.Read(s.store, (*store.Tx).TenantID) }

// Close stops accepting requests, waits for those under way, and frees everything. When ctx ends first, requests under
// way are cut off and the context's error is returned. Further calls return what the first one did.
func (s *Server) Close(ctx context.Context) error {
	s.closeOnce.Do(func() { s.closeErr = s.close(ctx) })
	return s.closeErr
}

func (s *Server) close(ctx context.Context) error {
	s.closing.Lock()
	s.closed = true
	s.closing.Unlock()
	err := s.http.Shutdown(ctx)
	if err != nil {
		// Ends every connection, and with the connections the contexts of requests still under way.
		_ = s.http.Close()
	}
	s.active.Wait()
	<-s.done
	return err
}

// track counts requests under way, and refuses those that arrive after Close began.
func (s *Server) track(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.closing.Lock()
		if s.closed {
			s.closing.Unlock()
			panic(http.ErrAbortHandler)
		}
		s.active.Add(1)
		s.closing.Unlock()
		defer s.active.Done()
		next.ServeHTTP(w, r)
	})
}

// handler tells the three services apart by path. It works on the path as it was sent: http.ServeMux would clean it,
// and a path that Graph refuses must arrive here as the client sent it.
func (s *Server) handler() http.Handler {
	controlAPI := control.Guard(control.Handler(s.controlEndpoints(), s.info), s.host.URL, s.host.HasName)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		path := r.URL.EscapedPath()
		switch {
		case path == "/_emulator" || strings.HasPrefix(path, "/_emulator/"):
			controlAPI.ServeHTTP(w, r)
		case graphapi.IsGraph(path):
			s.graph.ServeHTTP(w, r)
		default:
			s.signIn.ServeHTTP(w, r)
		}
	})
}

// authenticate finds the caller of a Graph request by its token.
func (s *Server) authenticate(authorization, origin string) (graphapi.Caller, error) {
	identity, refused := s.signIn.Verify(authorization, origin)
	if refused != nil {
		return graphapi.Caller(identity), &graphapi.UnauthorizedError{Message: refused.Message, Challenge: refused.Challenge}
	}
	return graphapi.Caller(identity), nil
}

func (s *Server) setBehavior(behavior control.Behavior) {
	s.store.Update(func(tx *store.Tx) { tx.SetBehavior(behavior) })
}

func (s *Server) currentBehavior() control.Behavior {
	return store.Read(s.store, func(tx *store.Tx) control.Behavior { return *control.Clone(tx.Behavior()) })
}

// logWriter turns the lines of net/http into debug messages.
type logWriter struct{ logger *slog.Logger }

func (w logWriter) Write(line []byte) (int, error) {
	w.logger.Debug(strings.TrimSpace(string(line)))
	return len(line), nil
}

package signin

import (
	"log/slog"
	"strings"
	"time"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/store"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/wire"
)

// Config is what the authority works with.
type Config struct {
	Store *store.Store
	// Host is by what the emulator is addressed: tokens for Graph under one of its names are good.
	Host     *wire.Host
	Requests *control.RequestLog
	Faults   *control.FaultList
	Logger   *slog.Logger
	Now      func() time.Time
}

// Service is the authority.
type Service struct {
	store    *store.Store
	host     *wire.Host
	requests *control.RequestLog
	faults   *control.FaultList
	logger   *slog.Logger
	now      func() time.Time
	keys     *signingKeys
	verified verifiedTokens
}

// New returns an authority with keys of its own.
func New(cfg Config) (*Service, error) {
	keys, err := newSigningKeys()
	if err != nil {
		return nil, err
	}
	return &Service{
		store: cfg.Store, host: cfg.Host, requests: cfg.Requests, faults: cfg.Faults, logger: cfg.Logger, now: cfg.Now, keys: keys,
	}, nil
}

func (s *Service) behavior() control.Behavior {
	return store.Read(s.store, func(tx *store.Tx) control.Behavior { return *control.Clone(tx.Behavior()) })
}

// isGraph tells whether a resource, as scopes and audiences name it, is the emulator's Microsoft Graph: under one of the
// server's own names, under the name that Graph has in the cloud, or by its client id. A slash may follow.
func (s *Service) isGraph(resource, cloud string) bool {
	resource = strings.TrimSuffix(strings.ToLower(resource), "/")
	host, found := strings.CutPrefix(resource, "https://")
	return resource == graphAppID || found && (s.host.Serves(host) || host == clouds[cloud].graphHost)
}

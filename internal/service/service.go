package service

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"csbackup/internal/admin"
	"csbackup/internal/certificate"
	"csbackup/internal/exchange"
	"csbackup/internal/failure"
	"csbackup/internal/filestore"
	"csbackup/internal/index"
	"csbackup/internal/manager"
	"csbackup/internal/module"
	"csbackup/internal/replica"
	"csbackup/internal/settings"
	"csbackup/internal/topology"

	"golang.org/x/net/netutil"
)

// Version is the program's version as the two sides tell each other.
var version = "1.0.0"

// Options say which pool is served and with what.
type Options struct {
	Topology     *topology.Topology
	Pool         *topology.Pool
	Listen       string // "" takes the port of the topology's service
	StateDir     string
	RuntimeDir   string
	Certificates certificate.Files
	Log          *slog.Logger
}

// service is one running Backup Service.
type service struct {
	Options
	partner  *topology.Pool
	settings *settings.Keeper
	keys     *certificate.Keeper
	name     string // of the state folder
	dial     func(context.Context) (io.ReadWriteCloser, error)
	started  time.Time
	closers  []io.Closer
	indexes  map[string]*index.Index
	// abandoned: the disk did not answer in time at the end, and nothing is closed under what still uses it.
	abandoned bool

	open func(path string) (filestore.Store, error)

	callers callers

	mu     sync.Mutex
	work   *work          // nil until the file store could be opened
	away   error          // why it could not be opened yet
	silent error          // why it does not answer, nil while it does
	taken  filestore.Info // the root of the store that was taken for the pool's last, by an order
	// answering ends, with the partner's sessions, when the file store falls silent: the partner is not to
	// wait for what waits for the store.
	answering    context.Context
	endAnswering context.CancelFunc
}

// Run serves the pool until the context ends. A file store that cannot be used yet is waited for.
func Run(ctx context.Context, o Options) error {
	partner, err := o.Topology.Partner(o.Pool)
	if err != nil {
		return err
	}
	keys, err := certificate.Load(o.Certificates)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(o.StateDir, 0o700); err != nil {
		return failure.Wrap(failure.StateUnusable, o.StateDir, "The state folder cannot be made", "Give --state-dir a folder that this account may write.", err)
	}
	release, err := claim(o.StateDir, o.Pool)
	if err != nil {
		return err
	}
	defer release()
	name, err := stateName(o.StateDir)
	if err != nil {
		return failure.Wrap(failure.StateUnusable, o.StateDir, "The state folder cannot be used", "Give --state-dir a folder that this account may write.", err)
	}
	kept, err := settings.Open(filepath.Join(o.StateDir, "settings.json"))
	if err != nil {
		o.Log.Warn("the settings could not be read; the defaults hold", "error", err)
	}
	if kept == nil {
		return failure.Wrap(failure.StateUnusable, o.StateDir, "The settings cannot be kept", "Give --state-dir a folder that this account may write.", err)
	}
	s := &service{Options: o, partner: partner, settings: kept, keys: keys, name: name, started: time.Now(), indexes: map[string]*index.Index{},
		dial: tlsDial(partner.Service, func() *tls.Config { return keys.ClientConfig(partner.Names()) })}
	s.open = func(path string) (filestore.Store, error) { return filestore.OpenAdmitted(path, s.admits) }
	s.answering, s.endAnswering = context.WithCancel(context.Background())
	defer s.close()
	for _, m := range module.All() {
		if !m.Held {
			continue
		}
		if err := s.openIndex(m); err != nil {
			return err
		}
	}
	return s.begin(ctx)
}

// begin opens the file store and serves; a store that does not answer is no reason to wait with that.
func (s *service) begin(ctx context.Context) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	opened, silence := make(chan error, 1), make(chan struct{})
	go s.attend(ctx, s.ask, silence)
	go func() { opened <- s.openStore(ctx) }()
	select {
	case err := <-opened:
		if failure.IsID(err, failure.InstanceRunning) || ctx.Err() != nil {
			return err
		}
		opened <- err
	case <-silence:
	case <-ctx.Done():
		select {
		case err := <-opened:
			return err
		case <-time.After(stopWithin / 2):
			s.abandoned = true
			return nil
		}
	}
	return s.serve(ctx, opened)
}

func (s *service) close() {
	if s.abandoned {
		return
	}
	if w, _, _ := s.stands(); w != nil {
		s.letGo(w.closers)
	}
	s.letGo(s.closers)
}

func (s *service) letGo(of []io.Closer) {
	for _, c := range slices.Backward(of) {
		if err := c.Close(); err != nil {
			s.Log.Warn("the service could not let go of everything", "error", err)
		}
	}
}

// openIndex opens one module's index; a damaged one is set aside and built again by comparing.
func (s *service) openIndex(m module.Module) error {
	path := filepath.Join(s.StateDir, m.Short+".index")
	x, err := index.Open(path, countedIndex())
	if errors.Is(err, index.ErrDamaged) {
		aside, asideErr := index.SetAside(path)
		if asideErr != nil {
			return errors.Join(err, asideErr)
		}
		s.Log.Warn("the index was damaged; it is built again by comparing, and nothing is deleted for it", "module", m.Identity, "aside", aside)
		x, err = index.Open(path, countedIndex())
	}
	if err != nil {
		return failure.Wrap(failure.StateUnusable, path, "The index cannot be used", "Start the newer version of csbackup again, or give --state-dir an empty folder.", err)
	}
	s.closers = append(s.closers, x)
	s.indexes[m.Identity] = x
	return nil
}

// serve answers callers, and works once what opens the file store says that it is there.
func (s *service) serve(ctx context.Context, opened <-chan error) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	local, err := admin.ListenLocal(s.RuntimeDir, s.Pool.FQDN)
	if err != nil {
		return err
	}
	address := s.Listen
	if address == "" {
		address = s.Pool.ListenAddress()
	}
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return errors.Join(failure.Wrap(failure.InstanceRunning, address, "The service cannot listen on "+address,
			"Stop the program that holds the address, or choose another with --listen.", err), local.Close())
	}
	remote := http.NewServeMux()
	var running sync.WaitGroup
	remote.Handle("/exchange/", exchange.Handler(func(_ context.Context, conn io.ReadWriteCloser, names []string) {
		running.Add(1) // while the server still runs, so that its end waits for sessions, too
		defer running.Done()
		defer conn.Close()
		s.accept(ctx, conn, names)
	}))
	remote.Handle("/", admin.Handler(s, s.authorize))
	servers := []*http.Server{
		{Handler: admin.Handler(s, func(*http.Request) error { return nil }), ReadHeaderTimeout: 10 * time.Second, ErrorLog: slog.NewLogLogger(s.Log.Handler(), slog.LevelDebug)},
		{Handler: remote, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: time.Minute, MaxHeaderBytes: 32 << 10, ErrorLog: slog.NewLogLogger(s.Log.Handler(), slog.LevelDebug)},
	}
	config := s.keys.ServerConfig()
	config.NextProtos = []string{"http/1.1"}
	listener = netutil.LimitListener(listener, mostConnections)
	listeners := []net.Listener{local, tls.NewListener(listener, config)}
	failed := make(chan error, len(servers))
	for i := range servers {
		running.Go(func() {
			if err := servers[i].Serve(listeners[i]); !errors.Is(err, http.ErrServerClosed) {
				failed <- err
			}
		})
	}
	running.Go(func() { s.run(ctx, opened) })
	running.Go(func() { manager.Watch(ctx, s.healthy) })
	s.Log.Info("serving", "pool", s.Pool.FQDN, "partner", s.partner.FQDN, "address", listener.Addr().String())
	if trouble, _ := s.keys.Trouble(time.Now()); trouble != nil {
		s.Log.Warn("the service's certificate needs somebody", "error", trouble, "advice", failure.Of(trouble).Hint)
	}
	s.tell(manager.Ready)
	select {
	case <-ctx.Done():
		err = nil
	case err = <-failed:
		err = fmt.Errorf("the listener failed: %w", err)
	}
	s.tell(manager.Stopping)
	stop()
	ending, done := context.WithTimeout(context.Background(), stopWithin/2)
	defer done()
	for _, server := range servers {
		if shutdownErr := server.Shutdown(ending); shutdownErr != nil {
			server.Close()
		}
	}
	ended := make(chan struct{})
	go func() { running.Wait(); close(ended) }()
	select {
	case <-ended:
		s.Log.Info("stopped", "pool", s.Pool.FQDN)
	case <-time.After(stopWithin - stopWithin/2 - time.Second):
		// What is under way is as safe as in a loss of power.
		s.Log.Warn("stopped while the disk still works", "pool", s.Pool.FQDN)
		s.abandoned = true
	}
	return err
}

// stopWithin is how long a service that is told to stop takes at most.
const stopWithin = 10 * time.Second

// tell lets the program that manages this process know how it stands; nothing depends on it.
func (s *service) tell(state string) {
	if err := manager.Tell(state); err != nil {
		s.Log.Warn("the service manager could not be told", "state", state, "error", err)
	}
}

// healthy tells whether the service still answers: it asks what a status asks.
func (s *service) healthy() bool {
	_, err := s.Status(context.Background(), nil)
	return err == nil
}

// cycles runs an engine while its module is enabled.
func (s *service) cycles(ctx context.Context, e *engine) {
	for ctx.Err() == nil {
		changed := s.settings.Changed()
		if s.enabled(e.module) {
			e.run(ctx, func() bool { return s.enabled(e.module) })
			continue
		}
		select {
		case <-ctx.Done():
		case <-changed:
		}
	}
}

func (s *service) enabled(m module.Module) bool {
	return m.Identity != module.RGSFileStore.Identity || s.settings.Get().EnableRgsBackupService
}

// accept serves one session of the partner; anybody else is turned away before a byte is read.
func (s *service) accept(ctx context.Context, conn io.ReadWriteCloser, names []string) {
	if !slices.ContainsFunc(s.partner.Names(), func(n string) bool { return slices.Contains(names, n) }) {
		s.Log.Warn("a caller that is not the partner was turned away", "names", strings.Join(names, ","))
		return
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	defer context.AfterFunc(s.answers(), stop)()
	c := &caller{end: stop}
	defer s.callers.enter(c)()
	r := &router{caller: c, open: func() (map[string]*engine, error) {
		w, err := s.working()
		if err != nil {
			return nil, err
		}
		enabled := map[string]*engine{}
		for id, e := range w.engines {
			if s.enabled(e.module) {
				enabled[id] = e
			}
		}
		return enabled, nil
	}}
	err := exchange.Import(ctx, conn, r, exchange.Options{Explain: s.explain})
	if errors.Is(err, replica.ErrReplaced) {
		s.Log.Info("a session of the partner ended for a newer one", "module", r.chosen.module.Identity)
		return // how the newer one ends is what counts
	}
	if err == nil && r.target != nil {
		var nowhere int64
		if nowhere, err = r.target.Ended(); nowhere > 0 {
			s.Log.Warn("files that were lost are on neither side; the loss brake lets go of them", "module", r.chosen.module.Identity, "files", nowhere)
		}
	}
	err = s.brokenOff(err)
	if err != nil && ctx.Err() == nil {
		s.Log.Warn("an import failed", "error", err, "advice", failure.Of(err).Hint)
	}
	if r.chosen != nil {
		r.chosen.accepted(err)
	}
}

// authorize lets administrators' certificates in and nobody else, telling nothing.
func (s *service) authorize(r *http.Request) error {
	now := s.settings.Get()
	if r.TLS != nil {
		if _, ok := certificate.Administrator(*r.TLS, now.AuthorizedUniversalGroups, now.AuthorizedLocalAccounts); ok {
			return nil
		}
	}
	return failure.New(failure.AccessDenied, s.Pool.FQDN, "The caller's certificate has no rights here",
		"Use an administrator's certificate: csbackup certificate create --client NAME, or add its group to AuthorizedUniversalGroups.")
}

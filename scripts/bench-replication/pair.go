package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"csbackup/internal/admin"
	"csbackup/internal/certificate"
	"csbackup/internal/settings"
	"csbackup/internal/topology"
)

var pools = []string{"pool1.contoso.com", "pool2.contoso.com"}

const dataConf = "ConfServices.DataConf"

// pair is csbackup itself: two services on this machine, over TLS.
type pair struct {
	executable string
	topology   string
	runtime    string
	own        string
	services   [2]*server
	clients    [2]*admin.Client
	intervals  int
}

func (p *pair) name() string { return "csbackup" }

func (p *pair) begin(ctx context.Context, at places) error {
	if err := os.MkdirAll(filepath.Join(at.target, roots[0]), 0o755); err != nil {
		return err
	}
	ports, err := freePorts(2)
	if err != nil {
		return err
	}
	text := "pools:\n"
	for i, tree := range []string{at.source, at.target} {
		text += fmt.Sprintf("  - {fqdn: %s, backupPool: %s, service: \"https://127.0.0.1:%d\", fileStore: %q,\n     serviceIds: {WebServices: %s, BackupService: 1-BackupService-%d, ApplicationServer: 1-ApplicationServer-%d}}\n",
			pools[i], pools[1-i], ports[i], filepath.Dir(tree), filepath.Base(tree), i+3, i+1)
	}
	p.own = at.own
	p.topology, p.runtime = filepath.Join(at.own, "pools.yaml"), filepath.Join(at.own, "run")
	if err := os.WriteFile(p.topology, []byte(text), 0o644); err != nil {
		return err
	}
	certificates := filepath.Join(at.own, "certificates")
	for _, pool := range pools {
		if err := command(ctx, p.executable, "certificate", "create", "--topology", p.topology, "--dir", certificates, "--pool-fqdn", pool); err != nil {
			return err
		}
	}
	return p.serve(ctx, 1)
}

// serve starts the service of one pool and waits until it answers.
func (p *pair) serve(ctx context.Context, i int) error {
	certificates := filepath.Join(p.own, "certificates")
	s, err := startServer(p.own, nil, p.executable, "serve", "--topology", p.topology, "--pool-fqdn", pools[i], "--runtime-dir", p.runtime,
		"--state-dir", filepath.Join(p.own, "state", pools[i]), "--certificate", filepath.Join(certificates, pools[i]+".pem"),
		"--private-key", filepath.Join(certificates, pools[i]+".key"), "--ca", filepath.Join(certificates, "ca.pem"))
	if err != nil {
		return err
	}
	p.services[i] = s
	if err := p.dial(ctx, i); err != nil {
		return fmt.Errorf("the service of %s: %w; its log is in %s", pools[i], err, p.own)
	}
	return nil
}

// dial waits for a service and sets an interval in which nothing happens by itself.
func (p *pair) dial(ctx context.Context, i int) error {
	return until(ctx, 30*time.Second, 10*time.Millisecond, func() (bool, error) {
		client, err := admin.Dial(nil, &topology.Pool{FQDN: pools[i]}, certificate.Files{}, p.runtime)
		if err != nil {
			return false, nil // its socket is not there yet
		}
		interval := settings.Interval(3 * time.Hour)
		if err := client.SetSettings(ctx, settings.Change{SyncInterval: &interval}); err != nil {
			client.Close()
			return false, nil
		}
		p.clients[i] = client
		return true, nil
	})
}

func (p *pair) module(ctx context.Context, i int) (admin.ModuleStatus, error) {
	status, err := p.clients[i].Status(ctx, []string{dataConf}, false)
	if err != nil || len(status.BackupModules) != 1 {
		return admin.ModuleStatus{}, errors.Join(err, fmt.Errorf("%d modules are in the status", len(status.BackupModules)))
	}
	return status.BackupModules[0], nil
}

// seed starts the service that has the content, so that its first look is within the time, and fills
// the partner.
func (p *pair) seed(ctx context.Context) (time.Duration, error) {
	began := time.Now()
	if err := p.serve(ctx, 0); err != nil {
		return 0, err
	}
	if _, err := p.restore(ctx); err != nil {
		return 0, err
	}
	return time.Since(began), nil
}

// restore is the published procedure: a sync from the pool that has the content, and its status until
// it is in the final state.
func (p *pair) restore(ctx context.Context) (time.Duration, error) {
	began := time.Now()
	if err := command(ctx, p.executable, "sync", "--topology", p.topology, "--runtime-dir", p.runtime, "--pool-fqdn", pools[0], "--backup-module", dataConf); err != nil {
		return 0, err
	}
	var last admin.ModuleStatus
	err := until(ctx, time.Hour, 50*time.Millisecond, func() (bool, error) {
		var err error
		last, err = p.module(ctx, 0)
		return last.ExportStatus == "FinalState", err
	})
	if err != nil {
		return 0, fmt.Errorf("%w; the last status is %+v", err, last)
	}
	return time.Since(began), nil
}

// catchUp makes a cycle begin at once, by a change of the interval, and takes the time until its end
// as the service tells it.
func (p *pair) catchUp(ctx context.Context) (time.Duration, error) {
	p.intervals++
	interval := settings.Interval(2*time.Hour + time.Duration(p.intervals)*time.Second)
	began := time.Now()
	if err := p.clients[0].SetSettings(ctx, settings.Change{SyncInterval: &interval}); err != nil {
		return 0, err
	}
	var ended time.Time
	err := until(ctx, 10*time.Minute, 20*time.Millisecond, func() (bool, error) {
		m, err := p.module(ctx, 0)
		if err != nil || m.LastAcknowledgedTime == nil || m.ExportStatus != "FinalState" {
			return false, err
		}
		ended = *m.LastAcknowledgedTime
		return ended.After(began), nil
	})
	return ended.Sub(began), err
}

func (p *pair) processorTime() (time.Duration, error) {
	var sum time.Duration
	for _, s := range p.services {
		if s == nil {
			continue // it starts with the seed
		}
		used, err := s.processorTime()
		if err != nil {
			return 0, err
		}
		sum += used
	}
	return sum, nil
}

// peaks is the most memory that each service ever held, in bytes.
func (p *pair) peaks() ([]int64, error) {
	var all []int64
	for _, s := range p.services {
		peak, err := s.peak()
		if err != nil {
			return nil, err
		}
		all = append(all, peak)
	}
	return all, nil
}

func (p *pair) end() error {
	for _, c := range p.clients {
		if c != nil {
			c.Close()
		}
	}
	var problem error
	for _, s := range p.services {
		problem = errors.Join(problem, s.stop())
	}
	return problem
}

// statusBeyond is how much longer "csbackup status" takes than the service's answer.
func statusBeyond(ctx context.Context, p *pair, samples int) (time.Duration, error) {
	var shell, service []time.Duration
	for range samples {
		began := time.Now()
		cmd := exec.CommandContext(ctx, p.executable, "status", "--topology", p.topology, "--runtime-dir", p.runtime, "--pool-fqdn", pools[0])
		if err := cmd.Run(); err != nil {
			return 0, fmt.Errorf("csbackup status: %w", err)
		}
		shell = append(shell, time.Since(began))
		began = time.Now()
		if _, err := p.clients[0].Status(ctx, nil, false); err != nil {
			return 0, err
		}
		service = append(service, time.Since(began))
	}
	return middle(shell) - middle(service), nil
}

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// peer is what the tools have in common that are run anew for each work.
type peer struct {
	places
	port   int
	server *server
	used   time.Duration // by the programs that came to their end
}

func (p *peer) prepare(at places) error {
	p.places = at
	ports, err := freePorts(1)
	if err != nil {
		return err
	}
	p.port = ports[0]
	return os.MkdirAll(at.target, 0o755)
}

func (p *peer) processorTime() (time.Duration, error) {
	if p.server == nil {
		return p.used, nil
	}
	served, err := p.server.processorTime()
	return p.used + served, err
}

func (p *peer) end() error { return p.server.stop() }

// copying is the floor: cp on the same machine, without a network.
type copying struct{ peer }

func (c *copying) name() string { return "cp" }

func (c *copying) begin(_ context.Context, at places) error { return c.prepare(at) }

func (c *copying) seed(ctx context.Context) (time.Duration, error) {
	return durably(ctx, c.target, &c.used, "cp", "-a", c.source+"/.", c.target)
}

func (c *copying) catchUp(context.Context) (time.Duration, error) { return 0, errNotOffered }

func (c *copying) restore(ctx context.Context) (time.Duration, error) { return c.seed(ctx) }

// rsync goes through its daemon.
type rsync struct{ peer }

func (r *rsync) name() string { return "rsync" }

func (r *rsync) begin(ctx context.Context, at places) error {
	if err := r.prepare(at); err != nil {
		return err
	}
	config := filepath.Join(at.own, "rsyncd.conf")
	text := fmt.Sprintf("use chroot = no\nuid = %d\ngid = %d\n[target]\npath = %s\nread only = no\n", os.Getuid(), os.Getgid(), at.target)
	if err := os.WriteFile(config, []byte(text), 0o644); err != nil {
		return err
	}
	var err error
	r.server, err = startServer(at.own, nil, "rsync", "--daemon", "--no-detach", "--config="+config, "--address=127.0.0.1", fmt.Sprintf("--port=%d", r.port))
	if err != nil {
		return err
	}
	return answers(ctx, r.port)
}

func (r *rsync) seed(ctx context.Context) (time.Duration, error) {
	return durably(ctx, r.target, &r.used, "rsync", "-a", "--delete", r.source+"/", fmt.Sprintf("rsync://127.0.0.1:%d/target/", r.port))
}

func (r *rsync) catchUp(ctx context.Context) (time.Duration, error) { return r.seed(ctx) }

func (r *rsync) restore(ctx context.Context) (time.Duration, error) { return r.seed(ctx) }

// rclone goes through its own SFTP server, the one of its servers that keeps times.
type rclone struct {
	peer
	password string
}

func (r *rclone) name() string { return "rclone" }

func (r *rclone) begin(ctx context.Context, at places) error {
	if err := r.prepare(at); err != nil {
		return err
	}
	printed, err := exec.CommandContext(ctx, "rclone", "obscure", "bench").Output()
	if err != nil {
		return err
	}
	r.password = string(bytes.TrimSpace(printed))
	return r.serve(ctx)
}

func (r *rclone) serve(ctx context.Context) error {
	var err error
	environment := []string{"RCLONE_CONFIG=" + filepath.Join(r.own, "rclone.conf")}
	r.server, err = startServer(r.own, environment, "rclone", "serve", "sftp", r.target, "--addr", fmt.Sprintf("127.0.0.1:%d", r.port), "--user", "bench", "--pass", "bench")
	if err != nil {
		return err
	}
	return answers(ctx, r.port)
}

func (r *rclone) seed(ctx context.Context) (time.Duration, error) {
	return durably(ctx, r.target, &r.used, "rclone", "--config", filepath.Join(r.own, "rclone.conf"), "sync", r.source, ":sftp:/",
		"--sftp-host", "127.0.0.1", "--sftp-port", fmt.Sprint(r.port), "--sftp-user", "bench", "--sftp-pass", r.password)
}

func (r *rclone) catchUp(ctx context.Context) (time.Duration, error) { return r.seed(ctx) }

// restore starts the server anew before: it remembers for minutes what was in the folders.
func (r *rclone) restore(ctx context.Context) (time.Duration, error) {
	if err := errors.Join(r.server.stop(), r.serve(ctx)); err != nil {
		return 0, err
	}
	return r.seed(ctx)
}

// unison goes through its socket server. A lost target is a deletion to it, so it is not asked to
// restore.
type unison struct{ peer }

func (u *unison) name() string { return "unison" }

func (u *unison) begin(ctx context.Context, at places) error {
	if err := u.prepare(at); err != nil {
		return err
	}
	var err error
	u.server, err = startServer(at.own, []string{"UNISON=" + filepath.Join(at.own, "server")}, "unison", "-listen", "127.0.0.1", "-socket", fmt.Sprint(u.port))
	if err != nil {
		return err
	}
	return answers(ctx, u.port)
}

func (u *unison) seed(ctx context.Context) (time.Duration, error) {
	args := []string{"UNISON=" + filepath.Join(u.own, "client"), "unison", u.source, fmt.Sprintf("socket://127.0.0.1:%d/%s", u.port, u.target), "-ui", "text", "-batch", "-auto", "-times", "-silent"}
	return durably(ctx, u.target, &u.used, "env", args...)
}

func (u *unison) catchUp(ctx context.Context) (time.Duration, error) { return u.seed(ctx) }

func (u *unison) restore(context.Context) (time.Duration, error) { return 0, errNotOffered }

package demo

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"csbackup/internal/failure"
	"csbackup/internal/loopback"
)

// Options say where the demo works and what it runs.
type Options struct {
	Dir        string // kept when named; otherwise a temporary folder that is removed
	Executable string // csbackup itself
	Out        io.Writer
}

const (
	pool1 = "pool1.contoso.com"
	pool2 = "pool2.contoso.com"
	conf  = "ConfServices.DataConf"
)

// trees are the replicated folders of each pool, below its store.
var trees = map[string]string{pool1: "1-WebServices-1", pool2: "1-WebServices-2"}

type demo struct {
	Options
	keep     bool // the folder was named, and stays
	topology string
	services []*exec.Cmd
}

// Run carries out the demo: two pools, a loss, a restore, and the proof that both are alike again; then a chat
// database, its archive, and the proof that a database made from it is the same.
func Run(ctx context.Context, o Options) (err error) {
	d := &demo{Options: o, keep: o.Dir != ""}
	if d.Dir == "" {
		if d.Dir, err = os.MkdirTemp("", "csbackup-demo-"); err != nil {
			return fmt.Errorf("make a folder for the demo: %w", err)
		}
		defer func() { err = errors.Join(err, os.RemoveAll(d.Dir)) }()
	}
	defer func() { err = errors.Join(err, d.stop()) }()
	for _, step := range []func(context.Context) error{d.prepare, d.start, d.seed, d.lose, d.restore, d.chat} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	d.say("Every comparison held.")
	return nil
}

func (d *demo) say(format string, values ...any) { fmt.Fprintf(d.Out, "\n"+format+"\n", values...) }

func (d *demo) store(pool string) string { return filepath.Join(d.Dir, strings.Split(pool, ".")[0]) }

// prepare writes content, the topology and certificates.
func (d *demo) prepare(ctx context.Context) error {
	d.say("1. Two paired pools with conference content, in %s", d.Dir)
	random := rand.NewChaCha8([32]byte{1})
	source := rand.New(random)
	for pool, tree := range trees {
		for _, folder := range []string{"CollabContent", "CollabMetadata"} {
			for meeting := range 40 {
				at := filepath.Join(d.store(pool), tree, folder, fmt.Sprintf("%s-organizer-%d", strings.Split(pool, ".")[0], meeting%7), fmt.Sprintf("MEETING%02d", meeting))
				if err := os.MkdirAll(at, 0o755); err != nil {
					return err
				}
				for slide := range 5 {
					content := make([]byte, 100+source.IntN(40_000))
					random.Read(content) // never fails
					if err := os.WriteFile(filepath.Join(at, fmt.Sprintf("slide-%d.BIN", slide)), content, 0o644); err != nil {
						return err
					}
				}
			}
		}
	}
	var text strings.Builder
	text.WriteString("pools:\n")
	for i, pool := range []string{pool1, pool2} {
		address, err := loopback.FreeAddress()
		if err != nil {
			return err
		}
		fmt.Fprintf(&text, "  - fqdn: %s\n    backupPool: %s\n    service: https://%s\n    fileStore: %s\n    serviceIds: {WebServices: %s, BackupService: 1-BackupService-%d, ApplicationServer: 1-ApplicationServer-%d}\n",
			pool, []string{pool2, pool1}[i], address, d.store(pool), trees[pool], i+3, i+1)
	}
	d.topology = filepath.Join(d.Dir, "pools.yaml")
	if err := os.WriteFile(d.topology, []byte(text.String()), 0o644); err != nil {
		return err
	}
	for _, pool := range []string{pool1, pool2} {
		if _, err := d.run(ctx, true, "certificate", "create", "--dir", filepath.Join(d.Dir, "certificates"), "--pool-fqdn", pool); err != nil {
			return err
		}
	}
	return nil
}

func (d *demo) environment() []string {
	return append(os.Environ(), "CSBACKUP_TOPOLOGY="+d.topology, "CSBACKUP_RUNTIME_DIR="+filepath.Join(d.Dir, "run"))
}

// run runs a command as a person would type it and gives its standard output.
func (d *demo) run(ctx context.Context, show bool, args ...string) (string, error) {
	if show {
		fmt.Fprintf(d.Out, "$ csbackup %s\n", strings.Join(args, " "))
	}
	cmd := exec.CommandContext(ctx, d.Executable, args...)
	cmd.Env = d.environment()
	var out, problem bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &problem
	if err := cmd.Run(); err != nil {
		return "", failure.Wrap(failure.DemoFailed, args[0], "csbackup "+args[0]+" failed: "+strings.TrimSpace(problem.String()), "Run the demo with --dir and look into that folder.", err)
	}
	return out.String(), nil
}

func (d *demo) start(ctx context.Context) error {
	d.say("2. Both Backup Services start")
	for _, pool := range []string{pool1, pool2} {
		certificates := filepath.Join(d.Dir, "certificates")
		args := []string{"serve", "--pool-fqdn", pool, "--state-dir", filepath.Join(d.Dir, "state", pool), "--certificate", filepath.Join(certificates, pool+".pem"),
			"--private-key", filepath.Join(certificates, pool+".key"), "--ca", filepath.Join(certificates, "ca.pem")}
		fmt.Fprintf(d.Out, "$ csbackup %s &\n", strings.Join(args, " "))
		log, err := os.Create(filepath.Join(d.Dir, pool+".log"))
		if err != nil {
			return err
		}
		defer log.Close()
		cmd := exec.Command(d.Executable, args...)
		cmd.Env, cmd.Stderr, cmd.Stdout = d.environment(), log, log
		if err := cmd.Start(); err != nil {
			return err
		}
		d.services = append(d.services, cmd)
	}
	for _, pool := range []string{pool1, pool2} {
		if err := d.until(ctx, pool, "answers", func(status) bool { return true }); err != nil {
			return err
		}
	}
	return nil
}

// stop ends the services, kindly first.
func (d *demo) stop() error {
	var problem error
	for _, cmd := range d.services {
		if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
			problem = errors.Join(problem, cmd.Process.Kill())
		}
		timer := time.AfterFunc(10*time.Second, func() { _ = cmd.Process.Kill() })
		_ = cmd.Wait() // how a service that was told to stop ends is not part of the demo
		timer.Stop()
	}
	return problem
}

type status struct {
	OverallExportStatus string
	BackupModules       []struct{ Identity, ExportStatus, ImportStatus, Reason string }
}

func (s status) export() (state, reason string) {
	for _, m := range s.BackupModules {
		if m.Identity == conf {
			return m.ExportStatus, m.Reason
		}
	}
	return "", ""
}

// until polls a pool's status, as the published procedure does, until it is what is waited for.
func (d *demo) until(ctx context.Context, pool, what string, done func(status) bool) error {
	var last error
	for range 300 {
		text, err := d.run(ctx, false, "status", "--pool-fqdn", pool, "--output", "json")
		if err == nil {
			var s status
			if err = json.Unmarshal([]byte(text), &s); err != nil {
				return err
			}
			if done(s) {
				state, reason := s.export()
				fmt.Fprintf(d.Out, "$ csbackup status --pool-fqdn %s\n  %s %s %s\n", pool, conf, state, reason)
				return nil
			}
			state, reason := s.export()
			err = fmt.Errorf("the state is %s %s", state, reason)
		}
		last = err
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(200 * time.Millisecond):
		}
	}
	return failure.Wrap(failure.DemoFailed, pool, "The status of "+pool+" did not become what was waited for ("+what+")", "Run the demo with --dir and read the log in that folder.", last)
}

func final(s status) bool { state, _ := s.export(); return state == "FinalState" }

func (d *demo) seed(ctx context.Context) error {
	d.say("3. After pairing, both pools are seeded")
	for _, pool := range []string{pool1, pool2} {
		if _, err := d.run(ctx, true, "sync", "--pool-fqdn", pool, "--backup-module", conf); err != nil {
			return err
		}
	}
	for _, pool := range []string{pool1, pool2} {
		if err := d.until(ctx, pool, "FinalState", final); err != nil {
			return err
		}
	}
	return d.compare()
}

func (d *demo) lose(ctx context.Context) error {
	d.say("4. Pool 1 loses its conference content")
	for _, folder := range []string{"CollabContent", "CollabMetadata"} {
		lost := filepath.Join(d.store(pool1), trees[pool1], folder)
		fmt.Fprintf(d.Out, "$ rm -rf %s\n", lost)
		if err := os.RemoveAll(lost); err != nil {
			return err
		}
	}
	if _, err := d.run(ctx, true, "sync", "--pool-fqdn", pool1, "--backup-module", conf); err != nil {
		return err
	}
	return d.until(ctx, pool1, "ErrorState with a reason", func(s status) bool {
		state, reason := s.export()
		return state == "ErrorState" && reason != ""
	})
}

func (d *demo) restore(ctx context.Context) error {
	d.say("5. The published restore procedure, from pool 2")
	started := time.Now()
	if _, err := d.run(ctx, true, "sync", "--pool-fqdn", pool2, "--backup-module", conf); err != nil {
		return err
	}
	if err := d.until(ctx, pool2, "FinalState", final); err != nil {
		return err
	}
	fmt.Fprintf(d.Out, "restored in %.1f s\n", time.Since(started).Seconds())
	if err := d.compare(); err != nil {
		return err
	}
	table, err := d.run(ctx, true, "status", "--pool-fqdn", pool2, "--output", "table")
	fmt.Fprint(d.Out, table)
	return err
}

// compare holds both trees against each other: names, contents and modification times.
func (d *demo) compare() error {
	one, err := snapshot(filepath.Join(d.store(pool1), trees[pool1]))
	if err != nil {
		return err
	}
	two, err := snapshot(filepath.Join(d.store(pool2), trees[pool2]))
	if err != nil {
		return err
	}
	if !maps.Equal(one, two) {
		var differing []string
		for name := range one {
			if one[name] != two[name] {
				differing = append(differing, name)
			}
		}
		for name := range two {
			if _, ok := one[name]; !ok {
				differing = append(differing, name)
			}
		}
		slices.Sort(differing)
		return failure.New(failure.DemoFailed, pool1, fmt.Sprintf("The two trees differ in %d names, the first is %q", len(differing), differing[0]), "Run the demo with --dir and compare the two folders.")
	}
	fmt.Fprintf(d.Out, "both trees are equal: %d names, contents and times\n", len(one))
	return nil
}

func snapshot(root string) (map[string]string, error) {
	tree := map[string]string{}
	err := filepath.WalkDir(root, func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		relative, err := filepath.Rel(root, name)
		if err != nil || entry.IsDir() {
			tree[relative] = "folder"
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		content, err := os.ReadFile(name)
		tree[relative] = fmt.Sprintf("%x %d", sha256.Sum256(content), info.ModTime().UnixNano())
		return err
	})
	return tree, err
}

package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
)

type options struct {
	dir                  string
	only                 string
	files, manyFiles     int
	bytes, manyBytes     int64
	idles, statusSamples int
	keep                 bool
}

func main() {
	var o options
	flag.StringVar(&o.dir, "dir", "", "where to work; a temporary folder by default")
	flag.StringVar(&o.only, "only", "", "measure only these, separated by commas: cp,rsync,rclone,unison,syncthing; csbackup always")
	flag.IntVar(&o.files, "files", 100_000, "files of the main part")
	flag.Int64Var(&o.bytes, "bytes", 2_000_000_000, "their bytes in all")
	flag.IntVar(&o.manyFiles, "many-files", 1_000_000, "files of the part about memory and the idle cycle; 0 leaves it out")
	flag.Int64Var(&o.manyBytes, "many-bytes", 1_000_000_000, "their bytes in all")
	flag.IntVar(&o.idles, "idles", 5, "how often an idle cycle is measured; the middle one counts")
	flag.IntVar(&o.statusSamples, "status-samples", 41, "how often the status is asked for; the middle one counts")
	flag.BoolVar(&o.keep, "keep", false, "leave the files in --dir")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, o); err != nil {
		fmt.Fprintln(os.Stderr, "bench-replication:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, o options) (err error) {
	if o.dir == "" {
		if o.dir, err = os.MkdirTemp("", "bench-replication-"); err != nil {
			return err
		}
	}
	if o.dir, err = filepath.Abs(o.dir); err != nil {
		return err
	}
	if !o.keep {
		defer func() { err = errors.Join(err, os.RemoveAll(o.dir)) }()
	}
	executable := filepath.Join(o.dir, "csbackup")
	if err := command(ctx, "go", "build", "-o", executable, "./cmd/csbackup"); err != nil {
		return err
	}
	var t table
	if err := mainPart(ctx, o, executable, &t); err != nil {
		return err
	}
	if o.manyFiles > 0 {
		if err := manyPart(ctx, o, executable, &t); err != nil {
			return err
		}
	}
	t.print(os.Stdout)
	return nil
}

// installed gives the contenders that can be measured here, and names the others.
func installed(o options, executable string, t *table) []contender {
	all := []contender{&pair{executable: executable}, &copying{}, &rsync{}, &rclone{}, &unison{}, &syncthing{}}
	var found []contender
	for i, c := range all {
		program := c.name()
		if i > 0 && o.only != "" && !strings.Contains(","+o.only+",", ","+program+",") {
			continue
		}
		if _, err := exec.LookPath(program); i > 0 && err != nil {
			t.note("%s is missing: it is not installed here", program)
			continue
		}
		found = append(found, c)
	}
	return found
}

// mainPart seeds, idles, changes and restores a store of the main size.
func mainPart(ctx context.Context, o options, executable string, t *table) error {
	work := filepath.Join(o.dir, "main")
	b, err := newBench(ctx, work, o.files, o.bytes, installed(o, executable, t))
	if err != nil {
		return err
	}
	defer b.end()
	name := fmt.Sprintf("%d files, %d MB", o.files, o.bytes/1_000_000)
	seeds, err := b.measure(ctx, "seed", contender.seed)
	if err != nil {
		return err
	}
	t.add(row{work: "seed an empty partner, " + name, took: seeds, aims: []aim{{against: "the best peer", most: 0.8}, {against: "cp", most: 1.5}}})
	idle, processor, err := b.idle(ctx, o.idles)
	if err != nil {
		return err
	}
	t.idle(o.files, idle, processor)
	status, err := statusBeyond(ctx, b.contenders[0].(*pair), o.statusSamples)
	if err != nil {
		return err
	}
	if err := b.data.change(100); err != nil {
		return err
	}
	changed, err := b.measure(ctx, "catch up", contender.catchUp)
	if err != nil {
		return err
	}
	t.add(row{work: "1 % of the files changed", took: changed, aims: []aim{{against: "the best peer", most: 0.3}}})
	if err := b.lose(); err != nil {
		return err
	}
	restored, err := b.measure(ctx, "restore", contender.restore)
	if err != nil {
		return err
	}
	t.add(row{work: "restore after loss", took: restored, aims: []aim{{against: "the best peer", most: 0.8}, {against: "cp", most: 1.5}}})
	t.status(status)
	return b.proveEqual()
}

// manyPart seeds a store of very many small files and looks at what they cost.
func manyPart(ctx context.Context, o options, executable string, t *table) error {
	o.only = "rsync"
	b, err := newBench(ctx, filepath.Join(o.dir, "many"), o.manyFiles, o.manyBytes, installed(o, executable, &table{}))
	if err != nil {
		return err
	}
	defer b.end()
	seeds, err := b.measure(ctx, "seed", contender.seed)
	if err != nil {
		return err
	}
	t.add(row{work: fmt.Sprintf("seed an empty partner, %d files, %d MB", o.manyFiles, o.manyBytes/1_000_000), took: seeds})
	idle, processor, err := b.idle(ctx, o.idles)
	if err != nil {
		return err
	}
	t.idle(o.manyFiles, idle, processor)
	peaks, err := b.contenders[0].(*pair).peaks()
	if err != nil {
		return err
	}
	t.memory(o.manyFiles, peaks)
	return b.proveEqual()
}

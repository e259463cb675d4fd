package service_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"csbackup/internal/certificate"
	"csbackup/internal/exchange"
	"csbackup/internal/index"
)

// greedy is an exporter that offers as much as frames take: many items with the longest names.
type greedy struct {
	hello exchange.Hello
	items []index.Item
}

func (g *greedy) Hello(context.Context) (exchange.Hello, error) { return g.hello, nil }
func (g *greedy) Welcomed(context.Context, exchange.Welcome) (uint64, error) {
	return 0, nil
}
func (g *greedy) Window(_ context.Context, after uint64, _ int64) ([]index.Item, uint64, error) {
	if after > 0 {
		return nil, after, nil
	}
	return g.items, 1, nil
}
func (g *greedy) Paths(context.Context, []string) ([]index.Item, error) { return nil, nil }
func (g *greedy) Open(context.Context, index.Item) (exchange.Content, error) {
	return nil, exchange.ErrWithdrawn
}
func (g *greedy) Sending(exchange.Batch) {}

func (g *greedy) Acknowledged(context.Context, exchange.Batch, exchange.Ack) error { return nil }

var highWater = regexp.MustCompile(`VmHWM:\s+(\d+) kB`)

// peak is the most memory that a service has held so far, in MiB.
func (l *lab) peak(p *process) int {
	l.t.Helper()
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.Process.Pid))
	l.check(err)
	kib, err := strconv.Atoi(highWater.FindStringSubmatch(string(raw))[1])
	l.check(err)
	return kib >> 10
}

// Whatever a partner with a valid certificate sends, a service holds no more than 512 MiB and goes on working: 600
// connections that begin frames and do not end them, and sessions that offer the longest names.
func TestP28_P19_AGreedyPartner(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	l.write(one, "CollabContent/m/s", "content")
	p := l.serve(two)
	certs := filepath.Join(l.dir, "certs")
	keys, err := certificate.Load(certificate.Files{Certificate: filepath.Join(certs, one+".pem"), PrivateKey: filepath.Join(certs, one+".key"), CA: filepath.Join(certs, "ca.pem")})
	l.check(err)
	raw, err := os.ReadFile(filepath.Join(l.dir, "pools.yaml"))
	l.check(err)
	address := regexp.MustCompile(`backupPool: ` + one + `, service: (https://[0-9.:]+)`).FindStringSubmatch(string(raw))[1]
	dial := func() (io.ReadWriteCloser, error) {
		ctx, stop := context.WithTimeout(t.Context(), patience)
		defer stop()
		return exchange.Dial(ctx, address, keys.ClientConfig([]string{two}))
	}
	before := l.peak(p)
	var open []io.Closer
	answered := 0
	for i := range 600 {
		conn, err := dial()
		if err != nil {
			continue // turned away
		}
		answered++
		open = append(open, conn)
		head := binary.BigEndian.AppendUint32(nil, []uint32{100 << 10, 1 << 20}[i%2])
		_, _ = conn.Write(append(append(head, 1), make([]byte, 64)...)) // a greeting that never comes
	}
	unfinished := l.peak(p)
	var greed sync.WaitGroup
	name := strings.Repeat("n", 200)
	for _, offer := range []struct{ items, long int }{{8191, 32 << 10}, {8191, 4000}, {2000, 4000}} {
		g := &greedy{hello: exchange.Hello{Protocol: exchange.Protocol, FromPool: one, ToPool: two, Module: conf, Replica: 99, Head: 1 << 40}}
		for i := range offer.items {
			path := fmt.Sprintf("CollabContent/%d/", i)
			path += strings.Repeat(name+"/", (offer.long-len(path))/(len(name)+1)) + "s"
			g.items = append(g.items, index.Item{Path: path, Kind: index.File, Size: 1, Sequence: uint64(i + 1), Vector: index.Vector{{Replica: 99, Counter: 1}}})
		}
		for range 4 {
			conn, err := dial()
			if err != nil {
				continue
			}
			greed.Go(func() { _, _ = exchange.Export(t.Context(), conn, g, exchange.Options{IdleTimeout: 20 * time.Second}) })
		}
		greed.Wait()
	}
	most := l.peak(p)
	t.Logf("%d of 600 connections answered; %d MiB at first, %d with unfinished frames, %d with offers", answered, before, unfinished, most)
	if answered == 0 || most > 512 {
		t.Errorf("the service held %d MiB", most)
	}
	for _, c := range open {
		c.Close()
	}
	l.serve(one)
	l.synced(one)
	l.wantAlike()
}

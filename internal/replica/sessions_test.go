package replica_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"math/rand/v2"
	"net"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"csbackup/internal/exchange"
	"csbackup/internal/failure"
	"csbackup/internal/filestore"
	"csbackup/internal/index"
	"csbackup/internal/replica"
)

// gated is an exporter of which each read of a content is asked for first.
type gated struct {
	*replica.Exporter
	read func()
}

func (g gated) Open(ctx context.Context, it index.Item) (exchange.Content, error) {
	c, err := g.Exporter.Open(ctx, it)
	return gatedContent{c, g.read}, err
}

type gatedContent struct {
	exchange.Content
	read func()
}

func (g gatedContent) Read(p []byte) (int, error) {
	g.read()
	return g.Content.Read(p)
}

// begin starts a session and gives how it ends on either side.
func begin(from exchange.Source, to exchange.Target) (exported, imported <-chan error) {
	a, b := net.Pipe()
	out, in := make(chan error, 1), make(chan error, 1)
	go func() { in <- exchange.Import(context.Background(), b, to, exchange.Options{}) }()
	go func() {
		_, err := exchange.Export(context.Background(), a, from, exchange.Options{})
		out <- err
	}()
	return out, in
}

// An exporter that restarts on a stalled line leaves a session whose bytes still arrive when the next one has
// resumed the file. They never reach it, and what is put in its place is what its hash says.
func TestP1_LateBytesOfAnEarlierSession(t *testing.T) {
	a, b := pair(t)
	real, err := filestore.OpenReal(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer real.Close()
	options := b.Options
	options.Store = real
	to, err := replica.Open(options)
	if err != nil {
		t.Fatal(err)
	}
	content := make([]byte, 8<<20)
	rand.NewChaCha8([32]byte{1}).Read(content)
	a.write(t, "m/recording", string(content), 1000)
	a.look(t)

	stalled, release, late := make(chan struct{}), make(chan struct{}), make(chan struct{})
	var once sync.Once
	over := func() { once.Do(func() { close(late) }) }
	reads := 0
	first, firstImport := begin(gated{a.Exporter(false), func() {
		switch reads++; reads {
		case 10: // more than 2 MiB are on their way
			close(stalled)
			<-release
		case 14:
			over()
		}
	}}, to.Importer())
	<-stalled
	firstEnded := make(chan error, 1)
	go func() {
		firstEnded <- <-first
		over()
	}()
	again := 0
	second, secondImport := begin(gated{a.Exporter(false), func() {
		if again++; again == 6 {
			close(release)
			<-late
		}
	}}, to.Importer())
	if err := errors.Join(<-second, <-secondImport); err != nil {
		t.Error(err)
	}
	if again == 0 || again > 30 {
		t.Errorf("the second session read %d times: it did not go on where the first was", again)
	}
	if err := <-firstImport; !errors.Is(err, replica.ErrReplaced) {
		t.Errorf("the first session ended with %v", err)
	}
	if <-firstEnded == nil {
		t.Error("the first session's exporter was told that all is well")
	}
	place := b.root + "/CollabContent/m/recording"
	f, err := real.Open(place)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var got bytes.Buffer
	if _, err := got.ReadFrom(f); err != nil || !bytes.Equal(got.Bytes(), content) {
		t.Errorf("%d bytes stand there that are not what was sent (%v)", got.Len(), err)
	}
	it, ok, err := to.Index.Get("CollabContent/m/recording")
	if err != nil || !ok || it.Hash != sha256.Sum256(content) {
		t.Errorf("the index has %v, %v, %v", it.Hash, ok, err)
	}
	if look, err := to.Look(t.Context()); err != nil || look.Changed != 0 {
		t.Errorf("the next look takes %d changes for this side's own (%v)", look.Changed, err)
	}
}

// What was cut is read again as it is on the disk, whoever changed it meanwhile.
func TestP1_P14_APartThatChangedOnTheDiskIsNotTaken(t *testing.T) {
	a, b := pair(t)
	a.write(t, "m/recording", strings.Repeat("0123456789abcdef", 1<<19), 1000)
	a.look(t)
	if _, err := a.sendInWindows(t, b, false, exchange.Options{Budget: 5 << 20}); err != nil {
		t.Fatal(err)
	}
	parts := 0
	for name, content := range b.store.Files() {
		if strings.Contains(name, "/Temp/part-") {
			parts++
			b.store.WriteFile(name, []byte("X"+content[1:]), 1000)
		}
	}
	if parts != 1 {
		t.Fatalf("%d parts were left", parts)
	}
	result, err := a.send(t, b, false)
	if err != nil || len(b.tree()) != 0 || result.Pending != 1 {
		t.Errorf("after the rest came: %d files, %+v, %v", len(b.tree()), result, err)
	}
	if _, err := a.send(t, b, false); err != nil {
		t.Fatal(err)
	}
	wantAlike(t, a, b)
}

// While an earlier session waits for a store that does not answer, a new one is refused with the reason; once the
// store answers, all goes on.
func TestP12_P24_ANewSessionIsRefusedWhileTheOldOneHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := pair(t)
		a.write(t, "m/s", "content", 1000)
		a.look(t)
		b.look(t)
		hangs, answers := make(chan struct{}), make(chan struct{})
		hung := false
		options := b.Options
		options.Where = "/srv/pool2"
		options.Store = filestore.NewFaulty(b.store, func(op, _ string) error {
			if op == "write" && !hung {
				hung = true
				close(hangs)
				<-answers
			}
			return nil
		})
		to, err := replica.Open(options)
		if err != nil {
			t.Fatal(err)
		}
		first, firstImport := begin(a.Exporter(false), to.Importer())
		<-hangs
		began := time.Now()
		second, secondImport := begin(a.Exporter(false), to.Importer())
		err = <-second
		if !failure.IsID(err, failure.StoreUnavailable) || !strings.Contains(err.Error(), "An earlier session of pool1 still waits for the file store /srv/pool2 of pool2") {
			t.Errorf("the second session is refused with %v", err)
		}
		if took := time.Since(began); took > 2*time.Minute {
			t.Errorf("that took %s", took)
		}
		if <-secondImport == nil || <-first == nil {
			t.Error("a session that did nothing ended well")
		}
		third, thirdImport := begin(a.Exporter(false), to.Importer())
		close(answers)
		if err := errors.Join(<-third, <-thirdImport); err != nil {
			t.Error(err)
		}
		if err := <-firstImport; !errors.Is(err, replica.ErrReplaced) {
			t.Errorf("the first session ended with %v", err)
		}
		wantAlike(t, a, b)
	})
}

package liar_test

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"net"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"csbackup/internal/exchange"
	"csbackup/internal/index"
	"csbackup/internal/simulation/liar"
)

func knowledge(claimed func(path, content string, holds bool)) liar.Knowledge {
	number := 0
	k := liar.Knowledge{Hello: exchange.Hello{Protocol: exchange.Protocol, FromPool: "pool2", ToPool: "pool1", Replica: 2, Head: 90},
		Victim: 1, Store: "a store", Offered: 80, Roots: []string{"CollabContent"}, Orders: true, Claimed: claimed,
		Content: func() string { number++; return fmt.Sprint("content ", number) }}
	for i := range 5 {
		k.Items = append(k.Items, index.Item{Path: fmt.Sprintf("CollabContent/m/f%d", i), Kind: index.File, Size: 9,
			Vector: index.Vector{{Replica: 1, Counter: 1}}, Sequence: uint64(i) + 1})
	}
	return k
}

// session lets a liar call another one, and gives what both said.
func session(t *testing.T, seed uint64) (told map[string]int, claims []string) {
	synctest.Test(t, func(t *testing.T) {
		claimed := func(path, content string, holds bool) {
			claims = append(claims, fmt.Sprintf("%q %q %v", path, content, holds))
		}
		calls := liar.New(rand.New(rand.NewPCG(seed, 1)), knowledge(claimed))
		answers := liar.New(rand.New(rand.NewPCG(seed, 2)), knowledge(func(string, string, bool) {}))
		a, b := net.Pipe()
		done := make(chan struct{})
		go func() {
			defer close(done)
			_ = exchange.Import(context.Background(), answers.Line(b), answers.Target(func(string) {}), exchange.Options{})
			b.Close()
		}()
		_, _ = exchange.Export(context.Background(), calls.Line(a), calls.Source(), exchange.Options{})
		a.Close()
		<-done
		told = calls.Told()
		for name, n := range answers.Told() {
			told[name] += n
		}
	})
	return told, claims
}

// Each session of liars comes to its end, each kind of lie is told, and a seed is one course of lies.
func TestLiars(t *testing.T) {
	told := map[string]int{}
	for seed := range uint64(400) {
		one, claims := session(t, seed)
		for name, n := range one {
			told[name] += n
		}
		if seed%40 == 0 {
			if _, again := session(t, seed); !slices.Equal(claims, again) {
				t.Errorf("seed %d took two courses", seed)
			}
		}
	}
	for _, of := range []string{"hello:", "batch:", "item:", "kind:", "content:", "size:", "time:", "rights:", "vector:", "name:", "answer:", "frame:"} {
		if !slices.ContainsFunc(slices.Collect(maps.Keys(told)), func(name string) bool { return strings.HasPrefix(name, of) }) {
			t.Errorf("nobody lied about %s %v", of, told)
		}
	}
	if len(told) < 65 {
		t.Errorf("%d kinds of lies were told: %v", len(told), slices.Sorted(maps.Keys(told)))
	}
	t.Logf("%d kinds of lies", len(told))
}

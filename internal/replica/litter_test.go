package replica_test

import (
	"errors"
	"strings"
	"testing"

	"csbackup/internal/exchange"
	"csbackup/internal/filestore"
	"csbackup/internal/replica"
)

// What a session left on a store that went away under it is removed once the store is back, without a restart; a transfer
// that may go on stays.
func TestLeftoversAreSweptWhenTheStoreComesBack(t *testing.T) {
	a, b := pair(t)
	for _, name := range []string{"m/a", "m/b", "m/c"} {
		a.write(t, name, name, 1000)
	}
	a.look(t)
	away := false
	options := b.Options
	options.Store = filestore.NewFaulty(b.store, func(op, name string) error {
		if op == "flush" && strings.Contains(name, "/Temp/incoming-") {
			away = true
		}
		if away && !strings.Contains(name, "/Lease/") {
			return errors.New("the share does not answer")
		}
		return nil
	})
	to, err := replica.Open(options)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := to.Look(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := a.sendInWindows(t, &side{Replica: to}, false, exchange.Options{}); err == nil {
		t.Fatal("a session on a store that went away ended well")
	}
	const part = "own/DataConf/Temp/part-00"
	left := func() (names []string) {
		for name := range b.store.Files() {
			if strings.Contains(name, "/Temp/incoming-") {
				names = append(names, name)
			}
		}
		return names
	}
	if len(left()) == 0 {
		t.Fatal("nothing was left")
	}
	away = false
	b.store.WriteFile(part, []byte("of another file"), options.Now().UnixNano())
	if _, err := to.CatchUp(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, there := b.store.Files()[part]; len(left()) > 0 || !there {
		t.Errorf("%v are left, and the part: %v", left(), there)
	}
}

package replica_test

import (
	"strings"
	"testing"
	"time"

	"csbackup/internal/failure"
)

// An order is for the store that the partner had when it was accepted. Another one is taken over only for an order that was
// accepted after that was found out; nothing is written to it before, and nothing has to be ordered anew where the store
// comes back.
func TestP8_AnOrderIsForTheStoreOfThen(t *testing.T) {
	a, b := seeded(t, 6)
	empty := func() {
		for name := range b.store.Files() {
			b.store.RemoveAll(name)
		}
		b.store.RemoveAll("own")
		b.store.RemoveAll(b.root)
	}
	order := func() {
		t.Helper()
		if err := a.AcceptOrder(); err != nil {
			t.Fatal(err)
		}
	}
	refused := func(what string) {
		t.Helper()
		_, err := a.send(t, b, true)
		if !failure.IsID(err, failure.StoreHeld) || !strings.Contains(err.Error(), "was accepted for another file store of pool2") {
			t.Errorf("%s: it ends with %v", what, err)
		}
		if left, err := b.store.ReadDir("."); err != nil || len(left) != 0 {
			t.Errorf("%s: %v stand there (%v)", what, left, err)
		}
	}
	order()
	a.elapsed += time.Second
	b.elapsed += time.Second
	empty()
	refused("before it was welcomed, and the loss was not noticed")
	b.elapsed += time.Second
	a.elapsed += time.Second
	refused("again")
	b.elapsed += time.Hour
	refused("after the machine on which it was ordered was paused for an hour")

	order() // the loss is known now
	if _, err := a.send(t, b, true); err != nil {
		t.Fatal(err)
	}
	wantAlike(t, a, b)
	empty()
	b.elapsed += time.Second
	a.elapsed += time.Second
	refused("after it was welcomed")
	if err := a.FinishOrder(0); err != nil { // another order's end is none of this one's
		t.Fatal(err)
	}
	if o, wanted, err := a.Order(); !wanted || err != nil || o.Partner == "" {
		t.Errorf("the order is %+v, %v, %v", o, wanted, err)
	} else if err := a.FinishOrder(o.ID); err != nil {
		t.Fatal(err)
	}
	if _, wanted, _ := a.Order(); wanted {
		t.Error("an order that is done is still wanted")
	}
}

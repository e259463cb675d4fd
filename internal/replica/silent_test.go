package replica_test

import (
	"fmt"
	"testing"
	"time"

	"csbackup/internal/filestore"
)

// A store may cease to answer at any operation. What the service tells of a module comes from memory and the
// index, so it is told all the same.
func TestP24_AStoreThatNeverAnswersKeepsNobodyWaiting(t *testing.T) {
	a, b := seeded(t, 8)
	reached, goOn := make(chan string), make(chan struct{})
	asked := false // else the store answers
	for _, s := range []*side{a, b} {
		s.Store = filestore.NewFaulty(s.Store, func(op, name string) error {
			if asked {
				reached <- op + " " + name
				<-goOn
			}
			return nil
		})
	}
	for i, s := range []*side{a, b} {
		s.write(t, fmt.Sprintf("m/new%d", i), "new", 2000)
		s.write(t, fmt.Sprintf("m/s%d", i), "changed", 2000)
		s.store.RemoveAll(fmt.Sprintf("%s/CollabContent/m/s%d", s.root, 3+i))
		s.store.Publish(fmt.Sprintf("%s/CollabContent/m/s%d", s.root, 5+i), fmt.Sprintf("%s/CollabContent/n%d", s.root, i))
	}
	asked = true
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for range 3 {
			cycle(t, a, b)
		}
	}()
	operations := map[string]int{}
	for {
		select {
		case <-ended:
			t.Logf("%d kinds of operation: %v", len(operations), operations)
			wantAlike(t, a, b)
			return
		case at := <-reached:
			var op string
			fmt.Sscan(at, &op)
			operations[op]++
			told := make(chan struct{})
			go func() {
				defer close(told)
				for _, s := range []*side{a, b} {
					s.Index.Counts()
					s.Left()
					s.Held()
					s.HeldBack()
					s.Conflicts()
					if _, err := s.Index.Meta("store"); err != nil {
						t.Error(err)
					}
					if _, err := s.Index.Pending("", 10); err != nil {
						t.Error(err)
					}
				}
			}()
			select {
			case <-told:
			case <-time.After(time.Minute):
				close(goOn) // it answers again, so that the test comes to its end
				go func() {
					for range reached {
					}
				}()
				t.Fatalf("nothing is told while the store does not answer: %s", at)
			}
			goOn <- struct{}{}
		}
	}
}

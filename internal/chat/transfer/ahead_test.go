package transfer

import (
	"errors"
	"iter"
	"testing"
)

// numbersUpTo gives the numbers below n, and then the error, where there is one.
func numbersUpTo(n int, last error, ended *bool) iter.Seq2[int, error] {
	return func(yield func(int, error) bool) {
		defer func() { *ended = true }()
		for i := range n {
			if !yield(i, nil) {
				return
			}
		}
		if last != nil {
			yield(0, last)
		}
	}
}

func TestAheadGivesTheSameInTheSameOrder(t *testing.T) {
	broken := errors.New("broken")
	for _, n := range []int{0, 1, aheadValues - 1, aheadValues, 3*aheadValues + 1} {
		for _, size := range []int{0, aheadBytes / 3, 2 * aheadBytes} {
			for _, last := range []error{nil, broken} {
				ended, count := false, 0
				var got error
				for value, err := range ahead(numbersUpTo(n, last, &ended), func(int) int { return size }) {
					if got != nil {
						t.Fatalf("%d of %d came behind the error", value, n)
					}
					if got = err; err != nil {
						continue
					}
					if value != count {
						t.Fatalf("%d came in the place of %d", value, count)
					}
					count++
				}
				if count != n || got != last || !ended {
					t.Fatalf("%d of %d came, then %v; ended: %v", count, n, got, ended)
				}
			}
		}
	}
}

func TestAheadEndsWithItsReceiver(t *testing.T) {
	for _, after := range []int{0, 1, aheadValues, 2*aheadValues + 5} {
		ended, count := false, 0
		for range ahead(numbersUpTo(100*aheadValues, nil, &ended), func(int) int { return 1 }) {
			if count++; count > after {
				break
			}
		}
		if !ended {
			t.Fatalf("after %d values the goroutine is still at work", after)
		}
	}
}

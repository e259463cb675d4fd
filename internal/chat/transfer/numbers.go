package transfer

import (
	"math"

	"csbackup/internal/chat/schema"
)

// numbers gives out the numbers of new rows.
type numbers struct {
	used      map[int64]bool
	low, high int64
	next      int64 // where the search goes on
}

// newNumbers knows what is used up; of two types occur: int and smallint.
func newNumbers(t schema.Type) *numbers {
	n := &numbers{used: map[int64]bool{}, low: 1, high: math.MaxInt32, next: 1}
	if t == schema.SmallInt {
		n.high = math.MaxInt16
	}
	return n
}

// use marks a number as taken; the search begins behind the highest one.
func (n *numbers) use(number int64) {
	n.used[number] = true
	if number >= n.next && number < n.high {
		n.next = number + 1
	}
}

// free gives a number that nothing uses, and marks it; not ok where there is none left.
func (n *numbers) free() (number int64, ok bool) {
	for range int64(len(n.used)) + 1 {
		if n.next > n.high {
			n.next = n.low
		}
		if number = n.next; !n.used[number] {
			n.use(number)
			return number, true
		}
		n.next++
	}
	return 0, false
}

package archive

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
)

// known is what is said of the numbers of nodes, or of principals. While it is open, numbers that are
// referred to may be explained later.
type known struct {
	numbers numbers
	waiting numbers // referred to and not explained yet
	order   []int64 // numbers with a GUID, as they came
	guids   [][16]byte
	second  int  // where in order the numbers of the references begin, when they begin anew
	many    bool // there are too many to remember their GUIDs
	closed  bool
}

// mostGUIDs is how many GUIDs are remembered.
const mostGUIDs = 2 << 20

// define says that a number is explained; guid is nil where it stands for nothing.
func (k *known) define(n int64, guid any) error {
	if !k.numbers.add(n) {
		return errors.New("a number is explained twice")
	}
	text, ok := guid.(string)
	if !ok || k.many {
		return nil
	}
	if len(k.guids) == mostGUIDs {
		k.many, k.guids, k.order = true, nil, nil
		return nil
	}
	if len(k.order) > 0 && n < k.order[len(k.order)-1] {
		k.second = len(k.order)
	}
	k.guids, k.order = append(k.guids, parseGUID(text)), append(k.order, n)
	return nil
}

// parseGUID reads a GUID whose form is right already.
func parseGUID(text string) (guid [16]byte) {
	var digits [32]byte
	at := 0
	for i := range len(text) {
		if text[i] != '-' && at < len(digits) {
			digits[at] = text[i]
			at++
		}
	}
	_, _ = hex.Decode(guid[:], digits[:])
	return guid
}

// refer tells whether a number is explained; while the list is open it may still be.
func (k *known) refer(n int64) bool {
	if k.numbers.has(n) {
		return true
	}
	if !k.closed {
		k.waiting.add(n)
	}
	return !k.closed
}

// close ends the time of explanations. It gives a number that has none, or whose GUID another has, too.
func (k *known) close() (problem int64, ok bool) {
	k.closed = true
	if n, missing := k.waiting.missingFrom(&k.numbers); missing {
		return n, false
	}
	k.waiting = numbers{}
	places := make([]int32, len(k.guids))
	for i := range places {
		places[i] = int32(i)
	}
	slices.SortFunc(places, func(a, b int32) int { return bytes.Compare(k.guids[a][:], k.guids[b][:]) })
	for i := 1; i < len(places); i++ {
		if k.guids[places[i]] == k.guids[places[i-1]] {
			return k.order[places[i]], false
		}
	}
	return 0, true
}

// names tells what is wrong with what a room says of itself.
func (k *known) names(r Room) error {
	if !k.numbers.has(r.ID) {
		return fmt.Errorf("nothing says what node %d is", r.ID)
	}
	if k.many {
		return nil
	}
	guid, ok := k.guid(r.ID)
	if ok != r.Known || (ok && guid != parseGUID(r.GUID)) {
		return fmt.Errorf("room %d has another GUID than its node", r.ID)
	}
	return nil
}

// guid gives the GUID of a number. Numbers came in their order, once from the table and once from the
// references.
func (k *known) guid(n int64) (guid [16]byte, ok bool) {
	for _, run := range [][2]int{{0, k.second}, {k.second, len(k.order)}} {
		if at, found := slices.BinarySearch(k.order[run[0]:run[1]], n); found {
			return k.guids[run[0]+at], true
		}
	}
	return guid, false
}

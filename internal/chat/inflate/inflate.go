package inflate

import (
	"encoding/binary"
	"errors"
	"io"
)

// ErrDamaged is the error for bytes that are not deflate's.
var ErrDamaged = errors.New("the compressed data is damaged")

const (
	inputSize  = 64 << 10
	window     = 32 << 10 // how far back a distance reaches
	outputSize = 96 << 10 // how much is unpacked at a time behind the window

	word  = 8
	block = 16 // that is copied at a time
	// turnIn and turnOut are what one turn of the loop in codes may take and write, rounded up.
	turnIn  = 2 * word
	turnOut = 3 + 258 + block
	behind  = turnIn + word // zeros behind the end of the input
	// longestHeader is more than a block's header has, in bytes.
	longestHeader = 1 << 10
)

// Reader unpacks. It reads more from its source than it needs.
type Reader struct {
	from   io.Reader
	ended  error // what the source said last
	failed error

	size  int    // of what was read into in; once the source has ended, zeros stand behind it
	at    int    // the next byte of in
	bits  uint64 // what stands before at and is not used up, from the lowest bit; above that perhaps what stands at it
	count uint   // how many bits of that are not used up

	end   int // of what is in out
	given int // how much of that Read gave

	phase  phase
	last   bool // the block is the last
	stored int  // what is left of a block without compression

	fixed bool // the codes are the fixed ones

	in        [inputSize + behind]byte
	out       [window + outputSize + turnOut]byte
	literals  [literalEntries]entry
	distances [distanceEntries]entry
}

type phase byte

const (
	atHeader phase = iota
	inStored
	inCodes
	atEnd
)

// NewReader makes a reader.
func NewReader(from io.Reader) *Reader {
	return &Reader{from: from}
}

// Read gives what was packed; io.EOF behind the last block.
func (r *Reader) Read(b []byte) (int, error) {
	for r.given == r.end && len(b) > 0 {
		if r.failed != nil {
			return 0, r.failed
		}
		r.failed = r.more()
	}
	n := copy(b, r.out[r.given:r.end])
	r.given += n
	return n, nil
}

// Behind tells whether the source has more bytes behind the last block, once Read gave io.EOF.
func (r *Reader) Behind() bool {
	r.load(1)
	return r.at-int(r.count/8) < r.size
}

// more unpacks until there is no room, all of which was given before.
func (r *Reader) more() error {
	if r.end > window {
		copy(r.out[:], r.out[r.end-window:r.end])
		r.end, r.given = window, window
	}
	for r.end <= len(r.out)-turnOut {
		r.load(longestHeader)
		var err error
		switch r.phase {
		case atHeader:
			err = r.header()
		case inStored:
			err = r.copyStored()
		case inCodes:
			err = r.codes()
		case atEnd:
			return io.EOF
		}
		if r.at-int(r.count/8) > r.size { // what was read from there was none
			err = r.short()
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// load makes so many bytes ready, or all that there are.
func (r *Reader) load(wanted int) {
	if r.size-r.at >= wanted || r.ended != nil {
		return
	}
	unused := int(r.count / 8) // whole bytes: a block without compression begins there
	n := copy(r.in[:], r.in[r.at-unused:r.size])
	r.at, r.size = unused, n
	for r.size-r.at < wanted && r.ended == nil {
		n, r.ended = r.from.Read(r.in[r.size:inputSize])
		r.size += n
	}
	if r.ended != nil {
		clear(r.in[r.size : r.size+behind])
	}
}

// most is up to where a word can be read.
func (r *Reader) most() int {
	if r.ended != nil {
		return r.size + behind - word
	}
	return r.size - word
}

// short is the error for a source that ends too early.
func (r *Reader) short() error {
	if r.ended == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return r.ended
}

// peek gives the next bits, of which there are zeros behind the end, without using them up.
func (r *Reader) peek(n uint) uint {
	if r.count < n && r.at <= r.most() {
		r.bits |= binary.LittleEndian.Uint64(r.in[r.at:]) << r.count
		r.at += int(63-r.count) >> 3
		r.count |= 56
	}
	return uint(r.bits & (1<<n - 1))
}

// take uses the next bits up, which are 16 at most.
func (r *Reader) take(n uint) uint {
	bits := r.peek(n)
	r.bits >>= n
	r.count -= min(n, r.count)
	return bits
}

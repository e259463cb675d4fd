package inflate

import "encoding/binary"

// lengthOrder is the order in which a header gives the lengths of the codes' lengths' codes.
var lengthOrder = [19]byte{16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15}

// header reads how a block is packed.
func (r *Reader) header() error {
	if r.last {
		r.phase = atEnd
		return nil
	}
	r.last = r.take(1) == 1
	switch r.take(2) {
	case 0:
		return r.beginStored()
	case 1:
		if !r.fixed {
			r.literals, r.distances, r.fixed = fixedLiterals, fixedDistances, true
		}
		r.phase = inCodes
		return nil
	case 2:
		r.fixed, r.phase = false, inCodes
		return r.readCodes()
	}
	return ErrDamaged
}

// beginStored finds the next whole byte, where the size stands, twice.
func (r *Reader) beginStored() error {
	r.at -= int(r.count / 8)
	r.bits, r.count = 0, 0
	if r.at+4 > r.size {
		return r.short()
	}
	size, inverted := binary.LittleEndian.Uint16(r.in[r.at:]), binary.LittleEndian.Uint16(r.in[r.at+2:])
	if size != ^inverted {
		return ErrDamaged
	}
	r.at += 4
	r.stored, r.phase = int(size), inStored
	return nil
}

func (r *Reader) copyStored() error {
	if r.stored == 0 {
		r.phase = atHeader
		return nil
	}
	size := min(r.stored, r.size-r.at)
	if size == 0 {
		return r.short()
	}
	n := copy(r.out[r.end:len(r.out)-turnOut+1], r.in[r.at:r.at+size])
	r.at, r.end, r.stored = r.at+n, r.end+n, r.stored-n
	return nil
}

// readCodes reads the codes of a block's own.
func (r *Reader) readCodes() error {
	literals, distances, sizes := r.take(5)+257, r.take(5)+1, r.take(4)+4
	if literals > mostSymbols || distances > mostDistances {
		return ErrDamaged
	}
	var lengths [mostSymbols + mostDistances]byte
	for _, symbol := range lengthOrder[:sizes] {
		lengths[symbol] = byte(r.take(3))
	}
	var table [1 << lengthBits]entry
	if !build(table[:], lengthBits, lengthMeanings[:], lengths[:len(lengthMeanings)]) {
		return ErrDamaged
	}
	clear(lengths[:])
	all := lengths[:literals+distances]
	for i := 0; i < len(all); {
		e := table[r.peek(lengthBits)]
		if e&isSpecial != 0 {
			return ErrDamaged
		}
		r.take(e.size())
		symbol := byte(e >> 16)
		if symbol < 16 {
			all[i] = symbol
			i++
			continue
		}
		repeated, times := byte(0), 0
		switch symbol {
		case 16:
			if i == 0 {
				return ErrDamaged
			}
			repeated, times = all[i-1], 3+int(r.take(2))
		case 17:
			times = 3 + int(r.take(3))
		default:
			times = 11 + int(r.take(7))
		}
		if times > len(all)-i {
			return ErrDamaged
		}
		for range times {
			all[i] = repeated
			i++
		}
	}
	if !build(r.literals[:], literalBits, literalMeanings[:], all[:literals]) ||
		!build(r.distances[:], distanceBits, distanceMeanings[:], all[literals:]) {
		return ErrDamaged
	}
	return nil
}

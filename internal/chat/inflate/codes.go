package inflate

import "encoding/binary"

// codes unpacks a block with codes until it ends, or the input or the room for the output does.
func (r *Reader) codes() error {
	const firstLiteral, firstDistance = 1<<literalBits - 1, 1<<distanceBits - 1
	at, bits, count, end := r.at, r.bits, r.count, r.end
	mostIn := r.most() - turnIn + word
	var err error
loop:
	for at <= mostIn && end <= len(r.out)-turnOut {
		bits |= binary.LittleEndian.Uint64(r.in[at:]) << (count & 63)
		at += int(63-count) >> 3
		count |= 56
		e := r.literals[bits&firstLiteral]
		if e&isLiteral != 0 { // three literals of the first table fit into what was read
			bits >>= e & 63
			count -= e.size()
			r.out[end] = byte(e >> 16)
			end++
			e = r.literals[bits&firstLiteral]
			if e&isLiteral != 0 {
				bits >>= e & 63
				count -= e.size()
				r.out[end] = byte(e >> 16)
				end++
				e = r.literals[bits&firstLiteral]
				if e&isLiteral != 0 {
					bits >>= e & 63
					count -= e.size()
					r.out[end] = byte(e >> 16)
					end++
					continue
				}
			}
			bits |= binary.LittleEndian.Uint64(r.in[at:]) << (count & 63)
			at += int(63-count) >> 3
			count |= 56
		}
		if e&isSpecial != 0 {
			if e&isSecond != 0 {
				bits >>= literalBits
				count -= literalBits
				e = r.literals[uint(e>>16)+uint(bits)&(1<<(longestCode-literalBits)-1)]
			}
			switch {
			case e&isLiteral != 0:
				bits >>= e & 63
				count -= e.size()
				r.out[end] = byte(e >> 16)
				end++
				continue
			case e&isEnd != 0:
				bits >>= e & 63
				count -= e.size()
				r.phase = atHeader
				break loop
			case e&isSpecial != 0:
				err = ErrDamaged
				break loop
			}
		}
		length := e.with(bits)
		bits >>= e & 63
		count -= e.size()
		e = r.distances[bits&firstDistance]
		if e&isSpecial != 0 {
			if e&isSecond != 0 {
				bits >>= distanceBits
				count -= distanceBits
				e = r.distances[uint(e>>16)+uint(bits)&(1<<(longestCode-distanceBits)-1)]
			}
			if e&isSpecial != 0 {
				err = ErrDamaged
				break loop
			}
		}
		distance := e.with(bits)
		bits >>= e & 63
		count -= e.size()
		if distance > end {
			err = ErrDamaged
			break loop
		}
		repeat(r.out[end-distance:], distance, length)
		end += length
	}
	r.at, r.bits, r.count, r.end = at, bits, count, end
	if err == nil && r.phase == inCodes && at > mostIn && r.ended != nil {
		err = r.short()
	}
	return err
}

// repeat writes so many bytes at a distance behind the start, each a copy of the one the distance before it. It
// may write a block more.
func repeat(b []byte, distance, length int) {
	if distance < block {
		for i := range length {
			b[distance+i] = b[i]
		}
		return
	}
	to := b[distance:]
	for i := 0; i < length; i += block {
		*(*[block]byte)(to[i:]) = *(*[block]byte)(b[i:])
	}
}
